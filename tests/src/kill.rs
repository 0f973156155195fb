//! kill -9 of a real cluster controller under load, again and again: what it has promised before is kept after.
//!
//! ```text
//!   round: start ──► compare ──► load: launches, terminations, addresses, describes ──► kill -9
//!            ▲                                                                            │
//!            └────────────────────────────────────────────────────────────────────────────┘
//! ```
//! An answer that came is a promise; a question without an answer promises nothing, and both of its outcomes are
//! right. In the end every launch that was accepted and not terminated runs on one node, exactly once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use euca_sim::clc::Clc;
use euca_sim::fleet::Fleet;
use euca_sim::keys::Role;
use euca_sim::node::{Behaviour, Capacity, Plan, sample_instance};
use euca_wire::cc;
use fastrand::Rng;
use nix::sys::signal::Signal;
use tokio::sync::Mutex;

use crate::daemon::{Daemon, free_address};
use crate::home::Home;

const NODES: u32 = 4;
/// One address each, on an instance with a private one.
const ADDRESSES: u32 = 4;

/// What came of it.
#[derive(Debug, Default)]
pub struct Summary {
    /// Kills.
    pub rounds: usize,
    /// Launches accepted.
    pub launched: usize,
    /// Terminations answered.
    pub terminated: usize,
    /// Addresses assigned and unassigned.
    pub assigned: usize,
    /// Lists of instances compared.
    pub described: usize,
    /// Longest time from start to READY.
    pub slowest_start: Duration,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} kills: {} launches accepted, {} terminations, {} addresses changed, {} lists compared; READY within \
             {:.0?} at most; nothing lost, nothing twice",
            self.rounds, self.launched, self.terminated, self.assigned, self.described, self.slowest_start
        )
    }
}

/// What was promised and told.
#[derive(Debug, Default)]
struct Promises {
    next: u32,
    /// Accepted and not terminated.
    accepted: BTreeSet<String>,
    terminated: BTreeSet<String>,
    /// Every id in a list that came.
    told: BTreeSet<String>,
    /// Public address by instance; none while a question about it has no answer.
    addresses: BTreeMap<String, Option<String>>,
    summary: Summary,
}

/// Kills the cluster controller `rounds` times.
///
/// # Errors
/// A promise was broken, or something else went wrong.
pub async fn run(rounds: usize, seed: u64) -> Result<Summary> {
    let mut rng = Rng::with_seed(seed);
    let home = Home::new()?;
    let first = free_address([127, 7, 10, 1].into())?;
    let fleet = Fleet::start(&home.keys(), first, NODES, Capacity::default())?;
    let address = free_address([127, 7, 11, 1].into())?;
    let nodes: Vec<_> = fleet.nodes().iter().map(|(address, _)| *address).collect();
    // Every instance of the run stays in the list, and the list has to be told in full.
    let conf = Home::cluster_conf(address, &nodes) + "DAEMON_MAX_INSTANCES=\"20000\"\nLOGLEVEL=\"INFO\"\n";
    home.configure(&conf)?;
    let clc = Arc::new(Clc::new(&home.keys(), Role::Cloud, address)?);
    let mut promises = Promises { next: 100, ..Promises::default() };
    for number in 1..=ADDRESSES {
        let mut instance = sample_instance(number);
        instance.net_params.get_or_insert_default().private_ip = private(number);
        promises.addresses.insert(instance.instance_id.clone(), Some("0.0.0.0".to_owned()));
        let (_, node) = &fleet.nodes()[rng.usize(..fleet.nodes().len())];
        node.adopt(instance);
    }

    let promises = Arc::new(Mutex::new(promises));
    for round in 0..=rounds {
        let daemon = Daemon::start("cc-daemon", &home)?;
        let compared = async {
            if round == 0 {
                let known =
                    async || Ok(describe(&clc).await?.is_some_and(|told| told.len() >= ADDRESSES as usize));
                crate::until("all nodes to be polled", known).await?;
            }
            let told = describe(&clc).await?.context("the list is not told at once")?;
            let mut promises = promises.lock().await;
            promises.summary.slowest_start = promises.summary.slowest_start.max(daemon.ready_after());
            promises.compare(&told)
        };
        compared.await.with_context(|| format!("round {round}, seed {seed}"))?;
        if round == rounds {
            settle(&clc, &fleet, &promises)
                .await
                .with_context(|| format!("after {rounds} rounds, seed {seed}"))?;
            daemon.stop()?;
            break;
        }
        // One node in two rounds accepts nothing: launches are under way when the kill comes.
        let stubborn = rng.usize(..fleet.nodes().len() * 2);
        for (index, (_, node)) in fleet.nodes().iter().enumerate() {
            let behaviour = if index == stubborn { Behaviour::Refuse } else { Behaviour::Healthy };
            node.set_plan(Plan { behaviour, ..Plan::default() });
        }
        let load: Vec<_> = (0..3).map(|_| rng.fork()).collect();
        let load: Vec<_> =
            load.into_iter().map(|rng| tokio::spawn(load_with(clc.clone(), promises.clone(), rng))).collect();
        let before = promises.lock().await.summary.launched;
        tokio::time::sleep(Duration::from_millis(rng.u64(20..500))).await;
        // However slow the machine is, there is something to lose.
        crate::until("two launches", async || Ok(promises.lock().await.summary.launched >= before + 2))
            .await?;
        daemon.signal(Signal::SIGKILL)?;
        for load in load {
            load.await?.with_context(|| format!("round {round}, seed {seed}"))?;
        }
        promises.lock().await.summary.rounds += 1;
    }
    fleet.stop().await;
    Ok(std::mem::take(&mut promises.lock().await.summary))
}

/// Asks until the cluster controller is gone.
async fn load_with(clc: Arc<Clc>, promises: Arc<Mutex<Promises>>, mut rng: Rng) -> Result<()> {
    loop {
        let alive = match rng.u8(..8) {
            0..4 => launch(&clc, &promises).await?,
            4 => terminate(&clc, &promises, &mut rng).await?,
            5..7 => readdress(&clc, &promises, &mut rng).await?,
            _ => compare_now(&clc, &promises).await?,
        };
        if !alive {
            return Ok(());
        }
    }
}

async fn launch(clc: &Clc, promises: &Mutex<Promises>) -> Result<bool> {
    let id = {
        let mut promises = promises.lock().await;
        promises.next += 1;
        format!("i-{:08X}", promises.next)
    };
    let Ok(reply) = clc.send(&crate::run_instances(&id)).await else { return Ok(false) };
    if reply.text().contains(&format!("<n:instanceId>{id}<")) {
        let mut promises = promises.lock().await;
        promises.accepted.insert(id);
        promises.summary.launched += 1;
    }
    Ok(true)
}

async fn terminate(clc: &Clc, promises: &Mutex<Promises>, rng: &mut Rng) -> Result<bool> {
    let id = {
        let mut promises = promises.lock().await;
        let ids: Vec<_> = promises.accepted.iter().cloned().collect();
        let Some(id) = rng.choice(ids) else { return Ok(true) };
        // Whether it runs is open from now on.
        promises.accepted.remove(&id);
        id
    };
    let request = cc::TerminateInstances { instance_ids: vec![id.clone()], ..Default::default() };
    let Ok(reply) = clc.send(&request).await else { return Ok(false) };
    ensure!(reply.text().contains("<n:return>true<"), "termination of {id}: {}", reply.text());
    let mut promises = promises.lock().await;
    promises.terminated.insert(id);
    promises.summary.terminated += 1;
    Ok(true)
}

async fn readdress(clc: &Clc, promises: &Mutex<Promises>, rng: &mut Rng) -> Result<bool> {
    let number = rng.u32(1..=ADDRESSES);
    let id = sample_instance(number).instance_id;
    let before = {
        let mut promises = promises.lock().await;
        match promises.addresses.get_mut(&id).and_then(Option::take) {
            Some(before) => before,
            // Somebody else asks about it, or it has to be seen what it is.
            None => return Ok(true),
        }
    };
    let (source, dest) = (format!("10.1.1.{number}"), private(number));
    let (reply, after) = if before == "0.0.0.0" {
        let request = cc::AssignAddress { source: source.clone(), dest, ..Default::default() };
        (clc.send(&request).await, source)
    } else {
        let request = cc::UnassignAddress { source, dest, ..Default::default() };
        (clc.send(&request).await, "0.0.0.0".to_owned())
    };
    let Ok(reply) = reply else { return Ok(false) };
    ensure!(reply.text().contains("<n:return>true<"), "address of {id}: {}", reply.text());
    let mut promises = promises.lock().await;
    promises.addresses.insert(id, Some(after));
    promises.summary.assigned += 1;
    Ok(true)
}

/// What was promised before the question has to be in the answer.
async fn compare_now(clc: &Clc, promises: &Mutex<Promises>) -> Result<bool> {
    let before: Vec<String> = {
        let promises = promises.lock().await;
        promises.accepted.iter().chain(&promises.told).cloned().collect()
    };
    let Ok(told) = describe(clc).await else { return Ok(false) };
    let told = told.context("the list is a fault under load")?;
    if let Some(missing) = before.iter().find(|id| !told.contains_key(*id)) {
        bail!("{missing} is missing under load");
    }
    let mut promises = promises.lock().await;
    promises.told.extend(told.into_keys());
    promises.summary.described += 1;
    Ok(true)
}

impl Promises {
    /// Holds a new start against everything before it.
    fn compare(&mut self, told: &BTreeMap<String, String>) -> Result<()> {
        for id in self.accepted.iter().chain(&self.terminated).chain(&self.told) {
            ensure!(told.contains_key(id), "{id} is lost");
        }
        for (id, address) in &mut self.addresses {
            let now = told.get(id).with_context(|| format!("{id} is lost"))?;
            match address {
                Some(before) => ensure!(before == now, "{id} had the address {before} and has {now}"),
                None => *address = Some(now.clone()),
            }
        }
        let public: Vec<_> = told.values().filter(|address| *address != "0.0.0.0").collect();
        let distinct: BTreeSet<_> = public.iter().collect();
        ensure!(public.len() == distinct.len(), "an address is assigned twice: {public:?}");
        self.told.extend(told.keys().cloned());
        self.summary.described += 1;
        Ok(())
    }
}

/// With all nodes willing, every launch comes to its end; what was terminated ends as well, as the CLC repeats it.
async fn settle(clc: &Clc, fleet: &Fleet, promises: &Mutex<Promises>) -> Result<()> {
    for (_, node) in fleet.nodes() {
        node.set_plan(Plan::default());
    }
    let promises = promises.lock().await;
    let runs_on = |id: &String| fleet.nodes().iter().filter(|(_, node)| node.boots(id).is_some()).count();
    let started = Instant::now();
    while let Some(id) = promises.accepted.iter().find(|id| runs_on(id) == 0) {
        ensure!(started.elapsed() < Duration::from_secs(30), "{id} was accepted and is not launched");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let known: Vec<_> = promises.accepted.union(&promises.told).collect();
    for id in &known {
        ensure!(runs_on(id) <= 1, "{id} runs twice");
    }
    // Launched again after its termination, it would run now, or within the second between two rounds.
    let ended: Vec<_> = promises.terminated.iter().filter(|id| runs_on(id) == 0).collect();
    tokio::time::sleep(Duration::from_secs(3)).await;
    for id in ended {
        ensure!(runs_on(id) == 0, "{id} came back after its termination");
    }
    ensure!(
        describe(clc).await?.is_some_and(|told| told.len() >= known.len()),
        "the list has become shorter"
    );
    Ok(())
}

/// Public address by instance id; nothing if the answer is a fault.
async fn describe(clc: &Clc) -> Result<Option<BTreeMap<String, String>>> {
    let text = clc.send(&cc::DescribeInstances::default()).await?.text();
    if text.contains("<soapenv:Fault>") {
        return Ok(None);
    }
    let document = roxmltree::Document::parse(&text)?;
    let of = |node: roxmltree::Node<'_, '_>, name: &str| {
        let found = node.descendants().find(|node| node.tag_name().name() == name);
        found.and_then(|node| node.text()).unwrap_or_default().to_owned()
    };
    let instances = document.descendants().filter(|node| node.tag_name().name() == "instances");
    Ok(Some(instances.map(|node| (of(node, "instanceId"), of(node, "publicIp"))).collect()))
}

fn private(number: u32) -> String {
    format!("172.16.0.{number}")
}
