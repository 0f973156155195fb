//! The monitor: asks the hypervisor for all domains in one call, over and over, and shows the answer to all
//! instances (node-controller.md §7). It decides nothing: each instance draws its own conclusions.

use std::collections::HashMap;
use std::sync::Arc;

use euca_hypervisor::{DomainName, DomainState, Hypervisor, Observation};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::error::Chain;
use crate::instance::Context;
use crate::network::Neighbours;

/// What one pass saw.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// When the question was asked: what happened later is not in the answer.
    pub taken: Instant,
    /// All domains; `None` when the hypervisor could not be asked.
    pub domains: Option<HashMap<String, DomainState>>,
    /// Addresses the host has seen.
    pub neighbours: Neighbours,
}

impl Snapshot {
    /// Before the first pass: nothing is known.
    pub fn nothing() -> Self {
        Self { taken: Instant::now(), domains: None, neighbours: Neighbours::default() }
    }

    /// What is known about one domain.
    pub fn of(&self, name: &DomainName) -> Observation {
        match &self.domains {
            None => Observation::Unknown,
            Some(domains) => domains.get(name.as_str()).copied().into(),
        }
    }
}

/// Looks until the node stops. An outage of the hypervisor is told when it begins and when it ends.
pub(crate) async fn run<H: Hypervisor, S>(context: Arc<Context<H, S>>, sight: watch::Sender<Arc<Snapshot>>) {
    let mut reachable = true;
    loop {
        let taken = Instant::now();
        let answer = context.hypervisor.domains().await;
        match &answer {
            Ok(_) if !reachable => tracing::info!("the hypervisor answers again"),
            Err(error) if reachable => {
                tracing::warn!(error = %Chain(error), "the hypervisor cannot be asked; instances stay as they are");
            }
            _ => {}
        }
        reachable = answer.is_ok();
        let domains = answer.ok().map(|domains| domains.into_iter().collect());
        let table = tokio::fs::read_to_string(&context.settings.arp_table).await.unwrap_or_default();
        sight.send_replace(Arc::new(Snapshot { taken, domains, neighbours: Neighbours::parse(&table) }));
        sleep(context.settings.monitor_period).await;
    }
}
