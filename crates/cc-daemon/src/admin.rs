//! What the cluster controller shows at the admin port.

use std::sync::Arc;
use std::time::Duration;

use euca_cluster::{Cluster, Connector};
use euca_daemon::{Admin, Health, Log, json};
use euca_observe::metrics;
use euca_soap::Server;
use euca_store::Journal;
use euca_vnet_host::Host;
use euca_wsse::Credentials;

/// How the daemon is.
pub fn health<C: Connector>(
    cluster: &Arc<Cluster<C>>,
    journal: &Journal,
    server: &Server,
    credentials: &Arc<Credentials>,
    host: Option<Arc<Host>>,
) -> Health {
    let (state, instances, journal) = (Arc::clone(cluster), Arc::clone(cluster), journal.clone());
    let health = Health::default()
        .with_loop("accept loop", server.pulse())
        .with_loop("monitor", cluster.monitor_pulse())
        .with("state", true, move |patience| Arc::clone(&state).locks_are_free(patience))
        .with("store", false, move |patience| writes(journal.clone(), patience))
        .with_keys(Arc::clone(credentials))
        .with("instances", false, move |_| std::future::ready(instances.instances_are_known()));
    match host {
        Some(host) => health.with("network", false, move |_| std::future::ready(host.is_kept())),
        None => health,
    }
}

/// Whether what has happened so far becomes durable within `patience`.
async fn writes(journal: Journal, patience: Duration) -> Result<(), String> {
    let flushed = tokio::time::timeout(patience, journal.flush()).await;
    let flushed = flushed.map_err(|_| format!("what has happened is not durable within {patience:?}"))?;
    flushed.map_err(|error| euca_observe::chain(&error))
}

/// Everything that is shown of the cluster and its server.
pub fn admin<C: Connector>(
    log: &Arc<Log>,
    health: &Arc<Health>,
    server: &Server,
    cluster: &Arc<Cluster<C>>,
) -> Admin {
    let mut admin = Admin::new("cc-daemon", log, server, Arc::clone(health));
    admin.register(&cluster.metrics());
    let (gauges, inside) = (Arc::clone(cluster), Arc::clone(cluster));
    admin.refreshed(move || gauges.refresh_metrics()).with_documents(move |path| match path {
        "/nodes" => Some(json(&inside.node_reports())),
        _ => inside.explain(path.strip_prefix("/instances/")?).as_ref().map(json),
    })
}

/// With the transactions of durable state.
pub fn with_store(mut admin: Admin, transactions: metrics::Store, journal: Journal) -> Admin {
    admin.register(&transactions);
    admin.refreshed(move || {
        let pending = i64::try_from(journal.pending()).unwrap_or(i64::MAX);
        transactions.pending_changes.set(pending);
    })
}
