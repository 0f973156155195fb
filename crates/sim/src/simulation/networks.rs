//! What the CLC asks for networks and public addresses (clc.md §3.2, §3.4, §7.2 to §7.4).

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use euca_wire::{ClusterApi, cc};
use futures_util::future::join_all;

use super::Sabotage;
use super::clc::Driver;
use super::ledger::Place;
use super::trace::InstanceNumber;
use super::violation::Violation;

const OWNER: &str = "alice";

fn group_name(group: usize) -> String {
    format!("group{group}")
}

/// The clusters of the cloud, this one among them.
fn clusters() -> Vec<String> {
    vec!["10.0.0.254".to_owned(), "10.0.1.254".to_owned()]
}

impl Driver {
    /// Launches instances in the network of a group: the network, its rules, the instances one by one, and a public
    /// address for those that get one. Any failure ends it.
    pub(super) async fn launch_in_network(&self, count: usize, cores: i32, lot: usize) {
        let Some((group, vlan)) = self.world.0.lock().clc.begin_launch(lot) else { return };
        let ready = self.start_network(group, vlan).await
            && (!lot.is_multiple_of(2) || self.configure_network(group, lot).await);
        if ready {
            join_all((0..count).map(|_| self.launch_one(group, vlan, cores, lot))).await;
        }
        self.world.0.lock().clc.end_launch(group);
        self.stop_idle_networks().await;
    }

    async fn launch_one(&self, group: usize, vlan: u16, cores: i32, lot: usize) {
        let (number, place) = {
            let mut world = self.world.0.lock();
            let Some(indices) = world.plan.managed().map(|managed| managed.plan.indices()) else { return };
            let last = *indices.end();
            // Once in a while one that no guest can have.
            let index = match lot % 16 {
                15 => Some([0, 1, last + 1, last + 2][lot / 16 % 4]),
                _ => world.clc.take_index(group, indices),
            };
            let place = index.and_then(|index| Some((index, world.plan.guest(vlan, index)?)));
            let Some((index, private)) = place else { return };
            let place = Place { vlan, index, private };
            (world.want_launch(Some(place)), place)
        };
        let accepted = self.run_instances(&[number], cores, Some(place)).await;
        {
            let mut world = self.world.0.lock();
            let now = world.now();
            match accepted.as_deref() {
                None => return world.clc.doubt(group, place, now),
                Some([]) => return world.clc.give_back(place),
                Some(_) => {}
            }
        }
        if !lot.is_multiple_of(3) {
            self.assign(number).await;
        }
    }

    async fn start_network(&self, group: usize, vlan: u16) -> bool {
        let asked = self.now();
        let new = self.world.0.lock().promises.networks.asked(vlan, Some(group));
        let request = cc::StartNetwork {
            user_id: Some(OWNER.to_owned()),
            vlan: Some(vlan.into()),
            net_name: Some(group_name(group)),
            nameserver: Some("10.0.0.53".to_owned()),
            cluster_controllers: clusters(),
            ..Default::default()
        };
        let reply = self.ask(("StartNetwork", None), self.cluster.start_network(request)).await;
        let started = reply.is_some_and(|reply| reply.return_ == Some(true));
        let mut world = self.world.0.lock();
        if !started {
            world.judge_failure("StartNetwork", asked);
            return false;
        }
        if new {
            world.judge_promise("StartNetwork", asked);
        }
        // Where it takes the place of another group's, which the CLC did not manage to stop, that one's guests keep
        // their addresses.
        world.promises.networks.answered(vlan, Some(group));
        true
    }

    async fn configure_network(&self, group: usize, lot: usize) -> bool {
        let asked = self.now();
        let rule = |port: usize| cc::NetworkRule {
            type_: "firewall-open".to_owned(),
            source_nets: vec!["0.0.0.0/0".to_owned()],
            dest_user_name: Some(OWNER.to_owned()),
            dest_name: group_name(group),
            protocol: "tcp".to_owned(),
            port_range_min: i32::try_from(port).unwrap_or_default(),
            port_range_max: i32::try_from(port).unwrap_or_default(),
            ..Default::default()
        };
        let rules = (0..=lot % 3).map(|port| rule(22 + port)).collect();
        let request = cc::ConfigureNetwork { user_id: Some(OWNER.to_owned()), rules, ..Default::default() };
        let reply = self.ask(("ConfigureNetwork", None), self.cluster.configure_network(request)).await;
        let configured = reply.is_some_and(|reply| reply.return_ == Some(true));
        if !configured {
            self.world.0.lock().judge_failure("ConfigureNetwork", asked);
        }
        configured
    }

    pub(super) async fn change_rules(&self, lot: usize) {
        let group = self.world.0.lock().clc.active_group(lot);
        if let Some(group) = group {
            self.configure_network(group, lot).await;
        }
    }

    /// The instance was asked to be terminated: what it had is free (clc.md §3.3).
    pub(super) async fn clean_up(&self, instance: InstanceNumber) {
        let public = self.world.0.lock().clc.clean_up(instance);
        if let Some(public) = public {
            self.unassign(public).await;
        }
        self.stop_idle_networks().await;
    }

    async fn stop_idle_networks(&self) {
        loop {
            let (group, vlan) = {
                let mut world = self.world.0.lock();
                let now = world.now();
                let Some(idle) = world.clc.idle_group(now) else { return };
                idle
            };
            self.stop_network(group, vlan).await;
        }
    }

    async fn stop_network(&self, group: usize, vlan: u16) {
        let asked = self.now();
        let new = {
            let mut world = self.world.0.lock();
            world.ledger.stopped(vlan, false);
            world.promises.networks.asked(vlan, None)
        };
        let request = cc::StopNetwork {
            user_id: Some(OWNER.to_owned()),
            vlan: Some(vlan.into()),
            net_name: Some(group_name(group)),
            ..Default::default()
        };
        let reply = self.ask(("StopNetwork", None), self.cluster.stop_network(request)).await;
        let mut world = self.world.0.lock();
        world.clc.stopped(group);
        if reply.is_none_or(|reply| reply.return_ != Some(true)) {
            return world.judge_failure("StopNetwork", asked);
        }
        if new {
            world.judge_promise("StopNetwork", asked);
        }
        world.promises.networks.answered(vlan, None);
        world.ledger.stopped(vlan, true);
    }

    /// Gives the instance a public address, if one is free.
    pub(super) async fn assign(&self, instance: InstanceNumber) {
        let asked = self.now();
        let Some((public, private)) = self.world.0.lock().clc.begin_assign(instance) else { return };
        let new = self.world.0.lock().promises.addresses.asked(public, Some(private));
        let request =
            cc::AssignAddress { source: public.to_string(), dest: private.to_string(), ..Default::default() };
        let call = self.cluster.assign_address(request);
        let reply = self.ask(("AssignAddress", Some(instance)), call).await;
        let assigned = reply.is_some_and(|reply| reply.return_ == Some(true));
        let mut world = self.world.0.lock();
        world.clc.is_asked(public, Some(private), assigned);
        if !assigned {
            return world.judge_failure("AssignAddress", asked);
        }
        if new {
            world.judge_promise("AssignAddress", asked);
        }
        let now = world.now();
        world.promises.addresses.answered(public, Some(private));
        world.ledger.assigned(public, private, (asked, now));
    }

    pub(super) async fn unassign_some(&self, lot: usize) {
        let picked = self.world.0.lock().clc.pick_address(lot);
        if let Some(public) = picked {
            self.unassign(public).await;
        }
    }

    async fn unassign(&self, public: Ipv4Addr) {
        let asked = self.now();
        let (private, new) = {
            let mut world = self.world.0.lock();
            let Some(private) = world.clc.begin_unassign(public) else { return };
            world.ledger.unassigned(public);
            (private, world.promises.addresses.asked(public, None))
        };
        let request = cc::UnassignAddress {
            source: public.to_string(),
            dest: private.to_string(),
            ..Default::default()
        };
        let reply = self.ask(("UnassignAddress", None), self.cluster.unassign_address(request)).await;
        let unassigned = reply.is_some_and(|reply| reply.return_ == Some(true));
        let mut world = self.world.0.lock();
        world.clc.is_asked(public, Some(private).filter(|_| !unassigned), unassigned);
        if !unassigned {
            return world.judge_failure("UnassignAddress", asked);
        }
        if new {
            world.judge_promise("UnassignAddress", asked);
        }
        world.promises.addresses.answered(public, None);
    }

    /// What the cluster tells of its networks; judged.
    pub(super) async fn poll_networks(&self) {
        let request = cc::DescribeNetworks {
            user_id: Some("eucalyptus".to_owned()),
            nameserver: Some("10.0.0.53".to_owned()),
            cluster_controllers: clusters(),
            ..Default::default()
        };
        let reply = self.ask(("DescribeNetworks", None), self.cluster.describe_networks(request)).await;
        let Some(mut reply) = reply else { return };
        let mut world = self.world.0.lock();
        let Some(plan) = world.plan.managed().map(|managed| managed.plan.clone()) else { return };
        if let Some(sabotage) = world.sabotage {
            sabotage.distort_networks(&mut reply.active_networks);
        }
        let now = world.now();
        let mut told = BTreeMap::new();
        for network in &reply.active_networks {
            let vlan = u16::try_from(network.vlan).unwrap_or_default();
            let group = network.net_name.strip_prefix("group").and_then(|number| number.parse().ok());
            told.insert(vlan, group.filter(|_| network.user_name == OWNER).unwrap_or(usize::MAX));
            let guests = |index: &u16| *index > 1 && u32::from(*index) + 1 != plan.addresses();
            let used = network.active_addrs.iter().filter_map(|index| u16::try_from(*index).ok());
            let used: BTreeSet<u16> = used.filter(guests).collect();
            let verdict = world.ledger.judge_indices(vlan, &used, plan.indices(), now);
            world.judge(verdict);
        }
        let verdict = world.promises.judge_networks(&told);
        world.judge(verdict);
    }

    /// What the cluster tells of its public addresses; judged.
    pub(super) async fn poll_addresses(&self) {
        let call = self.cluster.describe_public_addresses(Default::default());
        let Some(reply) = self.ask(("DescribePublicAddresses", None), call).await else { return };
        let orphans = {
            let mut world = self.world.0.lock();
            if world.plan.managed().is_none() {
                return;
            }
            if reply.return_ != Some(true) {
                return world.judge(Err(Violation::Failed { operation: "DescribePublicAddresses" }));
            }
            let pairs = reply.source_addresses.iter().zip(&reply.dest_addresses);
            let pairs =
                pairs.filter_map(|(public, private)| Some((public.parse().ok()?, private.parse().ok())));
            let mut told: BTreeMap<Ipv4Addr, Option<Ipv4Addr>> = pairs.collect();
            if world.sabotage == Some(Sabotage::ForgetsMapping) {
                told.values_mut().for_each(|private| *private = None);
            }
            let verdict = world.promises.judge_addresses(&told);
            world.judge(verdict);
            world.clc.learn_addresses(&told)
        };
        for public in orphans {
            let driver = self.clone();
            tokio::spawn(async move { driver.unassign(public).await });
        }
    }
}
