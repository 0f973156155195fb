//! The CLC: what it asks of the cluster, when, and what it makes of the answers (clc.md §2, §3). What it asks for
//! networks and addresses is in `networks.rs`.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use euca_cluster::Cluster;
use euca_cluster::schedule::Capacity;
use euca_wire::{ClusterApi, Fault, cc};
use tokio::sync::Semaphore;
use tokio::time::{sleep, sleep_until, timeout};

use super::ledger::{Place, Told};
use super::plan::{Task, Work};
use super::trace::InstanceNumber;
use super::violation::Violation;
use super::world::{Surroundings, instance_number, node_number};
use super::{Sabotage, Time};

/// The CLC asks for everything this often (clc.md §2).
pub(super) const POLLING: Duration = Duration::from_secs(20);
/// How long it waits for the answer to a poll, and to anything else.
const PATIENCE: [Duration; 2] = [Duration::from_secs(30), Duration::from_secs(60)];
/// Every operation is answered within this time (P-15).
const ANSWERED: Duration = Duration::from_secs(45);
/// How often the cluster is inspected, beside the CLC's own polls.
const INSPECTION: Duration = Duration::from_secs(2);
/// Longest time until every node was polled once.
const FIRST_POLLS: Duration = Duration::from_secs(60);
/// Commands under way at a time.
const WORKERS: usize = 8;
/// An instance that was never launched.
const STRAY: InstanceNumber = 0xFFFF_FFF0;
const UNIT: Capacity = Capacity { memory: 512, disk: 10, cores: 1 };

/// The CLC at work on one life of the cluster.
#[derive(Clone)]
pub(super) struct Driver {
    pub(super) world: Surroundings,
    pub(super) cluster: Arc<Cluster<Surroundings>>,
    workers: Arc<Semaphore>,
    alive_since: Time,
}

impl Driver {
    pub(super) fn new(world: Surroundings, cluster: Arc<Cluster<Surroundings>>) -> Self {
        let alive_since = world.0.lock().now();
        Self { world, cluster, workers: Arc::new(Semaphore::new(WORKERS)), alive_since }
    }

    /// Everything the CLC and the operator do, until the time is over or a rule was broken.
    pub(super) async fn run(self) {
        let (ended, length) = {
            let world = self.world.0.lock();
            (world.ended.clone(), world.plan.length)
        };
        for part in [Part::Upsets, Part::Polls, Part::Work, Part::Inspection, Part::NodeLists] {
            let driver = self.clone();
            tokio::spawn(async move {
                match part {
                    Part::Upsets => driver.upset().await,
                    Part::Polls => driver.poll().await,
                    Part::Work => driver.work().await,
                    Part::Inspection => driver.inspect().await,
                    Part::NodeLists => driver.change_node_lists().await,
                }
            });
        }
        tokio::select! {
            biased;
            () = ended.cancelled() => {}
            () = self.until(length) => self.look_back().await,
        }
    }

    pub(super) fn now(&self) -> Time {
        self.world.0.lock().now()
    }

    async fn until(&self, at: Time) {
        let instant = self.world.0.lock().instant(at);
        sleep_until(instant).await;
    }

    /// Carries out one operation. The answer is `None` when there is none worth looking at.
    pub(super) async fn ask<T>(
        &self,
        (operation, instance): (&'static str, Option<InstanceNumber>),
        call: impl Future<Output = Result<T, Fault>>,
    ) -> Option<T> {
        let begun = self.now();
        self.world.0.lock().note(operation, None, instance, "asked");
        let [_, patience] = PATIENCE;
        let sabotage = self.world.0.lock().sabotage;
        let reply = timeout(patience, async {
            if sabotage == Some(Sabotage::AnswersLate) {
                sleep(ANSWERED + Duration::from_secs(1)).await;
            }
            call.await
        });
        let reply = reply.await;
        let mut world = self.world.0.lock();
        if world.killed.is_some() {
            return None;
        }
        let took = world.now() - begun;
        if took > ANSWERED + Duration::from_millis(5) {
            world.judge(Err(Violation::Late { operation, took }));
        }
        let stage = match &reply {
            Ok(Ok(_)) => "answered",
            Ok(Err(_)) => "fault",
            Err(_) => "no answer",
        };
        world.note(operation, None, instance, stage);
        reply.ok()?.ok()
    }

    /// The polls, all at the same instant.
    async fn poll(&self) {
        loop {
            let next = POLLING * (u32::try_from(self.now().as_secs() / POLLING.as_secs()).unwrap_or(0) + 1);
            self.until(next).await;
            self.poll_networks().await;
            self.check_capacity().await;
            self.poll_addresses().await;
            let Some(told) = self.told().await else { continue };
            let unwanted = {
                let mut world = self.world.0.lock();
                let now = world.now();
                world.clc.learn(&told, now)
            };
            for instance in unwanted {
                let driver = self.clone();
                tokio::spawn(async move { driver.terminate(instance).await });
            }
        }
    }

    /// What the cluster tells of its instances now; judged.
    async fn told(&self) -> Option<Vec<Told>> {
        let reply = self.cluster.describe_instances(Default::default()).await.ok();
        let fails = self.world.0.lock().sabotage == Some(Sabotage::Fails);
        if self.world.0.lock().killed.is_some() {
            return None;
        }
        let Some(reply) = reply.filter(|_| !fails) else {
            let mut world = self.world.0.lock();
            let late = world.now() > self.alive_since + FIRST_POLLS;
            if late {
                world.judge(Err(Violation::Failed { operation: "DescribeInstances" }));
            }
            return None;
        };
        let mut told: Vec<_> = reply.instances.iter().map(|it| told(it)).collect();
        let mut world = self.world.0.lock();
        if let Some(sabotage) = world.sabotage {
            let now = world.now();
            sabotage.distort(&mut told, now);
        }
        world.judge_told(&told, self.alive_since);
        Some(told)
    }

    async fn check_capacity(&self) -> Option<i64> {
        let request = cc::DescribeResources { instance_types: vec![machine(1)], ..Default::default() };
        let reply = self.ask(("DescribeResources", None), self.cluster.describe_resources(request)).await?;
        let count = |value: Option<i32>| i64::from(value.unwrap_or(-1));
        let resource = reply.resources.first()?;
        let mut available = count(resource.available_instances);
        let maximum = count(resource.max_instances);
        let mut world = self.world.0.lock();
        match world.sabotage {
            Some(Sabotage::NegativeCapacity) => available = -1,
            Some(Sabotage::KeepsReservations) => available -= 1,
            _ => {}
        }
        if available < 0 && world.sabotage != Some(Sabotage::KeepsReservations) || available > maximum {
            world.judge(Err(Violation::Capacity { available, maximum }));
        }
        Some(available)
    }

    async fn inspect(&self) {
        loop {
            sleep(INSPECTION).await;
            self.told().await;
        }
    }

    async fn upset(&self) {
        loop {
            let next = {
                let world = self.world.0.lock();
                world.plan.host.get(world.upsets).map(|(at, _)| *at)
            };
            let Some(at) = next else { return };
            self.until(at).await;
            self.world.0.lock().upset();
        }
    }

    async fn change_node_lists(&self) {
        let lists = self.world.0.lock().plan.lists.clone();
        for (at, list) in lists.into_iter().filter(|(at, _)| *at > self.alive_since) {
            self.until(at).await;
            let addresses = self.world.0.lock().configure(&list);
            self.cluster.set_nodes(addresses);
        }
    }

    /// The end: all has been well for long.
    async fn look_back(&self) {
        self.told().await;
        let available = self.check_capacity().await;
        let mut world = self.world.0.lock();
        let real = world.real_room(UNIT);
        if let Some(told) = available.filter(|told| !real.contains(told)) {
            world.judge(Err(Violation::Reserved { told, real: real.into_inner() }));
        }
        world.judge_end();
    }

    async fn work(&self) {
        loop {
            let next = {
                let world = self.world.0.lock();
                world.plan.work.get(world.clc.begun).copied()
            };
            let Some((at, work)) = next else { return };
            self.until(at).await;
            self.world.0.lock().clc.begun += 1;
            let driver = self.clone();
            tokio::spawn(async move { driver.carry_out(work).await });
        }
    }

    async fn carry_out(&self, Work { task, lot }: Work) {
        let Ok(_worker) = self.workers.acquire().await else { return };
        let picked = self.world.0.lock().clc.pick(lot);
        match (task, picked) {
            (Task::Run { count, cores }, _) => self.launch(count, cores, lot).await,
            (Task::Stray, _) => self.stray(lot).await,
            (Task::Rules, _) => self.change_rules(lot).await,
            (Task::Unassign, _) => self.unassign_some(lot).await,
            (_, None) => {}
            (Task::Assign, Some(instance)) => self.assign(instance).await,
            (Task::Terminate, Some(instance)) => self.terminate(instance).await,
            (Task::Reboot { count }, Some(_)) => self.reboot(count, lot).await,
            (Task::Console, Some(instance)) => {
                self.world.0.lock().want("ncGetConsoleOutput", instance);
                let request = cc::GetConsoleOutput { instance_id: Some(id(instance)), ..Default::default() };
                let call = self.cluster.get_console_output(request);
                self.ask(("GetConsoleOutput", Some(instance)), call).await;
            }
            (Task::Attach, Some(instance)) => {
                self.world.0.lock().want("ncAttachVolume", instance);
                let call = self.cluster.attach_volume(attach(instance, lot));
                self.ask(("AttachVolume", Some(instance)), call).await;
            }
            (Task::Detach, Some(instance)) => {
                self.world.0.lock().want("ncDetachVolume", instance);
                let request = cc::DetachVolume {
                    instance_id: Some(id(instance)),
                    volume_id: Some(format!("vol-{:08X}", lot % 3)),
                    remote_dev: Some("/dev/etherd/e0.1".to_owned()),
                    local_dev: Some("/dev/sdb".to_owned()),
                    ..Default::default()
                };
                self.ask(("DetachVolume", Some(instance)), self.cluster.detach_volume(request)).await;
            }
            (Task::Bundle, Some(instance)) => {
                self.world.0.lock().want("ncBundleInstance", instance);
                let request = cc::BundleInstance { instance_id: Some(id(instance)), ..Default::default() };
                self.ask(("BundleInstance", Some(instance)), self.cluster.bundle_instance(request)).await;
            }
            (Task::CancelBundle, Some(instance)) => {
                self.world.0.lock().want("ncCancelBundleTask", instance);
                let request = cc::CancelBundleTask { instance_id: Some(id(instance)), ..Default::default() };
                let call = self.cluster.cancel_bundle_task(request);
                self.ask(("CancelBundleTask", Some(instance)), call).await;
            }
        }
    }

    async fn launch(&self, count: usize, cores: i32, lot: usize) {
        if self.world.0.lock().plan.managed().is_some() {
            return self.launch_in_network(count, cores, lot).await;
        }
        let numbers: Vec<_> = (0..count).map(|_| self.world.0.lock().want_launch(None)).collect();
        self.run_instances(&numbers, cores, None).await;
    }

    /// Has instances launched, one only where it has a place. Returns whether it was answered, and which of them
    /// were accepted.
    pub(super) async fn run_instances(
        &self,
        numbers: &[InstanceNumber],
        cores: i32,
        place: Option<Place>,
    ) -> Option<Vec<InstanceNumber>> {
        let asked = self.now();
        let call = self.cluster.run_instances(run(numbers, cores, place));
        let reply = self.ask(("RunInstances", numbers.first().copied()), call).await?;
        let mut world = self.world.0.lock();
        let now = world.now();
        let told: Vec<_> = reply.instances.iter().map(|it| told(it)).collect();
        if !told.is_empty() {
            world.judge_promise("RunInstances", asked);
        }
        // An index that no network has is refused; others that are no guest's are only left out.
        let size = world.plan.managed().map_or(0, |managed| managed.plan.addresses());
        if reply.return_ != Some(true) && place.is_none_or(|place| u32::from(place.index) < size) {
            world.judge_failure("RunInstances", asked);
        }
        let mut accepted = Vec::new();
        for &number in numbers {
            let Some(it) = told.iter().find(|it| it.instance == number) else {
                world.ledger.refused(number);
                continue;
            };
            if it.place != place {
                let due = (place.map(|it| it.private), None);
                let told = it.addresses.clone();
                world.judge(Err(Violation::Misaddressed { instance: number, told, due }));
            }
            world.ledger.accepted(number, it.node, now);
            world.note("launch", Some(it.node), Some(number), "accepted");
            world.clc.accepted(number, place, now);
            accepted.push(number);
        }
        Some(accepted)
    }

    async fn terminate(&self, instance: InstanceNumber) {
        let asked = self.now();
        let known = {
            let mut world = self.world.0.lock();
            let now = world.now();
            world.clc.terminates(instance, now);
            world.ledger.released(instance);
            // What the cluster does not know any more it does not terminate.
            world.ledger.host(instance, now).is_some_and(|(_, certain)| certain)
        };
        let request = cc::TerminateInstances { instance_ids: vec![id(instance)], ..Default::default() };
        let call = self.cluster.terminate_instances(request);
        let reply = self.ask(("TerminateInstances", Some(instance)), call).await;
        if reply.is_some_and(|reply| reply.return_ == Some(true)) {
            let mut world = self.world.0.lock();
            let now = world.now();
            match known {
                true => world.ledger.terminated(instance, now),
                false => world.ledger.freed(instance, (asked, now)),
            }
        }
        self.clean_up(instance).await;
    }

    async fn reboot(&self, count: usize, lot: usize) {
        let instances: Vec<_> = {
            let mut world = self.world.0.lock();
            let picked: Vec<_> = (0..count).filter_map(|at| world.clc.pick(lot.wrapping_add(at))).collect();
            picked.iter().for_each(|&it| world.want("ncRebootInstance", it));
            picked
        };
        let instance_ids = instances.iter().map(|&it| id(it)).collect();
        let request = cc::RebootInstances { instance_ids, ..Default::default() };
        let call = self.cluster.reboot_instances(request);
        self.ask(("RebootInstances", instances.first().copied()), call).await;
    }

    /// Something about an instance nobody knows: every node is asked.
    async fn stray(&self, lot: usize) {
        let stray = Some(STRAY);
        if lot.is_multiple_of(2) {
            let call = self.cluster.attach_volume(attach(STRAY, lot));
            self.ask(("AttachVolume", stray), call).await;
        } else {
            let request = cc::RebootInstances { instance_ids: vec![id(STRAY)], ..Default::default() };
            self.ask(("RebootInstances", stray), self.cluster.reboot_instances(request)).await;
        }
    }
}

#[derive(Clone, Copy)]
enum Part {
    Upsets,
    Polls,
    Work,
    Inspection,
    NodeLists,
}

fn id(instance: InstanceNumber) -> String {
    format!("i-{instance:08X}")
}

fn told(instance: &cc::CcInstance) -> Told {
    let address = |address: &String| if address == "0.0.0.0" { String::new() } else { address.clone() };
    let addresses =
        instance.net_params.as_ref().map(|net| [address(&net.private_ip), address(&net.public_ip)]);
    let place = instance.net_params.as_ref().and_then(|net| {
        let (vlan, index) = (u16::try_from(net.vlan).ok()?, u16::try_from(net.network_index).ok()?);
        Some(Place { vlan, index, private: net.private_ip.parse().ok()? })
    });
    Told {
        instance: instance.instance_id.as_deref().and_then(instance_number).unwrap_or_default(),
        state: instance.state_name.clone().unwrap_or_default(),
        node: node_number(instance.service_tag.as_deref().unwrap_or_default()),
        addresses: addresses.unwrap_or_default(),
        mac: instance.net_params.as_ref().map(|net| net.private_mac_address.clone()).unwrap_or_default(),
        place,
    }
}

fn machine(cores: i32) -> cc::VirtualMachine {
    let number = |value: i64| i32::try_from(value).ok().map(|value| value * cores);
    cc::VirtualMachine {
        name: Some("m1.small".to_owned()),
        memory: number(UNIT.memory),
        disk: number(UNIT.disk),
        cores: number(UNIT.cores),
        device_mapping: Vec::new(),
    }
}

fn run(numbers: &[InstanceNumber], cores: i32, place: Option<Place>) -> cc::RunInstances {
    let count = i32::try_from(numbers.len()).unwrap_or_default();
    cc::RunInstances {
        user_id: Some("alice".to_owned()),
        image_id: Some("emi-1".to_owned()),
        image_url: Some("http://walrus:8773/services/Walrus/b/m.xml".to_owned()),
        instance_type: Some(machine(cores)),
        max_count: count,
        min_count: count,
        reservation_id: "r-00000001".to_owned(),
        instance_ids: numbers.iter().map(|&number| id(number)).collect(),
        net_names: vec!["default".to_owned()],
        network_index_list: vec![place.map_or(-1, |place| place.index.into()); numbers.len()],
        vlan: place.map_or(-1, |place| place.vlan.into()),
        launch_index: "0".to_owned(),
        ..Default::default()
    }
}

fn attach(instance: InstanceNumber, lot: usize) -> cc::AttachVolume {
    cc::AttachVolume {
        instance_id: Some(id(instance)),
        volume_id: Some(format!("vol-{:08X}", lot % 3)),
        remote_dev: Some("/dev/etherd/e0.1".to_owned()),
        local_dev: Some("/dev/sdb".to_owned()),
        ..Default::default()
    }
}
