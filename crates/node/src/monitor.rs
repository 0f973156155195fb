//! The monitor: asks the hypervisor for all domains in one call, over and over, and shows the answer to all
//! instances (node-controller.md §7). It decides nothing: each instance draws its own conclusions.

use std::collections::HashMap;
use std::sync::Arc;

use euca_hypervisor::{DomainName, DomainState, Hypervisor, Observation};
use euca_observe::{Pulse, chain};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::instance::Context;
use crate::network::Neighbours;

/// What one pass saw.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// When the question was asked: what happened later is not in the answer.
    pub taken: Instant,
    /// When the last question was asked that was answered, or the node started.
    pub answered: Instant,
    /// All domains, or why the hypervisor could not be asked.
    pub domains: Result<HashMap<String, DomainState>, String>,
    /// Addresses the host has seen.
    pub neighbours: Neighbours,
}

impl Snapshot {
    /// Before the first pass: nothing is known.
    pub fn nothing() -> Self {
        let domains = Err("the hypervisor was not asked yet".to_owned());
        let now = Instant::now();
        Self { taken: now, answered: now, domains, neighbours: Neighbours::default() }
    }

    /// What is known about one domain.
    pub fn of(&self, name: &DomainName) -> Observation {
        match &self.domains {
            Err(_) => Observation::Unknown,
            Ok(domains) => domains.get(name.as_str()).copied().into(),
        }
    }
}

/// Looks until the node stops. An outage of the hypervisor is told when it begins and when it ends.
pub(crate) async fn run<H: Hypervisor, S>(context: Arc<Context<H, S>>, sight: watch::Sender<Arc<Snapshot>>) {
    let (pulse, metrics) = (&context.pulse, &context.metrics);
    let (mut reachable, mut answered) = (true, sight.borrow().answered);
    loop {
        let taken = Instant::now();
        let answer = beating(pulse, context.hypervisor.domains()).await;
        match &answer {
            Ok(_) => {
                metrics.monitor_pass_seconds.observe(taken.elapsed());
                answered = taken;
            }
            Err(error) if reachable => {
                tracing::warn!(error = %chain(error), "the hypervisor cannot be asked; instances stay as they are");
            }
            Err(_) => {}
        }
        if answer.is_ok() && !reachable {
            tracing::info!("the hypervisor answers again");
        }
        reachable = answer.is_ok();
        let domains = answer.map(|domains| domains.into_iter().collect()).map_err(|error| chain(&error));
        let table = tokio::fs::read_to_string(&context.settings.arp_table).await.unwrap_or_default();
        let mut neighbours = Neighbours::parse(&table);
        if let Some(sightings) = &context.settings.sightings {
            let guests = context.instances.records();
            neighbours.add(sightings.of(guests.iter().map(|guest| guest.net.mac.to_ascii_lowercase())));
        }
        sight.send_replace(Arc::new(Snapshot { taken, answered, domains, neighbours }));
        beating(pulse, sleep(context.settings.monitor_period)).await;
    }
}

/// Waits for what may rightly take long: a hypervisor that hangs is no fault of the loop.
pub(crate) async fn beating<T>(pulse: &Pulse, wait: impl Future<Output = T>) -> T {
    let mut wait = std::pin::pin!(wait);
    loop {
        tokio::select! {
            () = pulse.answer() => {}
            done = &mut wait => return done,
        }
    }
}
