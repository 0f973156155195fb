//! A whole cluster in one process, under faults: the real [`Cluster`] over simulated nodes, driven by a simulated
//! CLC, in simulated time. What happens follows from a seed alone, so that a run can be repeated; after every step
//! it is judged by rules that must hold whatever happens ([`Violation`]).
//!
//! ```text
//!   seed ──► plan: settings, troubles of each node, node lists, wishes, kills
//!              │
//!              ▼                       ┌───────────── world ─────────────┐
//!            driver (CLC) ──► Cluster ─► peer ─► line, node      ledger   │
//!              │  asks           │     └──── what is on its way ─────────┘
//!              └── told ─────────┴────────────────────────────► judged
//! ```
//! Each life of the cluster has a runtime of its own: a kill drops it with all that is under way, and the next life
//! finds what was on the disk.
//!
//! No HTTP, no XML and no signatures: those have tests of their own.

mod clc;
mod cloud;
mod ledger;
mod line;
mod networks;
mod node;
mod peer;
mod plan;
mod promises;
mod sabotage;
mod surroundings;
mod trace;
mod violation;
mod world;

use std::fmt;
use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use euca_cluster::{Cluster, Environment, State};
use euca_store::Journal;
use fastrand::Rng;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

pub use sabotage::Sabotage;
pub use trace::Event;
pub use violation::Violation;

use clc::Driver;
use plan::Plan;
use world::{Surroundings, World};

/// Simulated time since the start of a run.
type Time = Duration;

/// Events shown of a run that has failed.
const SHOWN: usize = 80;

/// What came of a run.
#[derive(Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// The first rule that was broken.
    pub violation: Option<Violation>,
    /// All that has happened.
    pub events: Vec<Event>,
    /// The same for two runs in which the same has happened.
    pub hash: u64,
}

impl fmt::Display for Outcome {
    /// Of a run that has failed: why, what came before, and how to see it again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, violation, events, .. } = self;
        let Some(violation) = violation else { return write!(f, "seed {seed}: no rule was broken") };
        writeln!(f, "seed {seed}: {violation}")?;
        let concerned = events.iter().filter(|event| violation.concerns(event));
        let concerned: Vec<_> = concerned.collect();
        for event in concerned.iter().skip(concerned.len().saturating_sub(SHOWN)) {
            writeln!(f, "{event}")?;
        }
        write!(f, "to see all of it: euca-sim simulate --seed {seed} --trace")
    }
}

/// Runs one seed: ten simulated minutes.
///
/// # Errors
/// The runtime cannot be built.
pub fn run(seed: u64, sabotage: Option<Sabotage>) -> std::io::Result<Outcome> {
    let mut rng = Rng::with_seed(seed);
    let plan = Plan::draw(&mut rng);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let mut life = runtime()?;
    let world = {
        let _clock = life.enter();
        Arc::new(Mutex::new(World::new(plan, sabotage, rng)))
    };
    loop {
        life.block_on(live(Surroundings(world.clone())));
        world.lock().over = true;
        // All that the cluster was doing ends here, wherever it was.
        drop(life);
        if world.lock().killed.is_none() {
            break;
        }
        life = runtime()?;
    }
    let mut world = world.lock();
    let trace = std::mem::take(&mut world.trace);
    Ok(Outcome { seed, violation: world.violation.take(), hash: trace.hash(), events: trace.into_events() })
}

/// One life of the cluster: it knows what is on the disk.
async fn live(world: Surroundings) {
    let (settings, nodes, disk, host) = {
        let mut world = world.0.lock();
        world.revive();
        let list = world.node_list();
        world.disk.set_latency(world.plan.commit);
        (world.plan.settings.clone(), world.configure(&list), world.disk.clone(), world.host.clone())
    };
    let (journal, writer) = Journal::new(disk.open());
    tokio::spawn(writer);
    let state = match State::read(&disk) {
        Ok(state) => state,
        Err(_) => return world.0.lock().judge(Err(Violation::Failed { operation: "restart" })),
    };
    let environment = Environment {
        connector: world.clone(),
        addresses: Arc::new(world.clone()),
        commands: Arc::new(world.clone()),
        network: Arc::new(host),
        clock: Arc::new(world.clone()),
        state,
        journal,
    };
    let cluster = Cluster::new(settings, nodes, environment);
    let monitored = cluster.clone();
    tokio::spawn(async move { monitored.run_monitor(CancellationToken::new()).await });
    Driver::new(world, cluster).run().await;
}

/// Runs many seeds, on all processors. Returns how many were run and the first that failed.
///
/// # Errors
/// A runtime cannot be built.
pub fn run_all(seeds: Range<u64>) -> std::io::Result<(u64, Option<Outcome>)> {
    let next = AtomicU64::new(seeds.start);
    let failed = Mutex::new(None::<Outcome>);
    let work = || -> std::io::Result<u64> {
        let mut count = 0;
        while failed.lock().is_none() {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            let outcome = run(seed, None)?;
            count += 1;
            if outcome.violation.is_some() {
                failed.lock().get_or_insert(outcome);
            }
        }
        Ok(count)
    };
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let count = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..processors).map(|_| scope.spawn(work)).collect();
        let counts = threads.into_iter().map(|it| match it.join() {
            Ok(count) => count,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        counts.sum::<std::io::Result<u64>>()
    })?;
    Ok((count, failed.into_inner()))
}
