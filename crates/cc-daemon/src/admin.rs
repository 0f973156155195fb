//! What the cluster controller shows at the admin port.

use std::sync::Arc;

use euca_cluster::{Cluster, Connector};
use euca_daemon::{Admin, Health, Log, json};
use euca_soap::Server;
use euca_wsse::Credentials;

/// How the daemon is.
pub fn health<C: Connector>(
    cluster: &Arc<Cluster<C>>,
    server: &Server,
    credentials: &Arc<Credentials>,
) -> Health {
    let (state, instances) = (Arc::clone(cluster), Arc::clone(cluster));
    Health::default()
        .with_loop("accept loop", server.pulse())
        .with_loop("monitor", cluster.monitor_pulse())
        .with("state", true, move |patience| Arc::clone(&state).locks_are_free(patience))
        .with_keys(Arc::clone(credentials))
        .with("instances", false, move |_| std::future::ready(instances.instances_are_known()))
}

/// Everything that is shown.
pub fn admin<C: Connector>(
    log: &Arc<Log>,
    health: &Arc<Health>,
    server: &Server,
    cluster: &Arc<Cluster<C>>,
) -> Admin {
    let mut admin = Admin::new("cc-daemon", log, Arc::clone(health));
    admin.register(&cluster.metrics());
    let (http, soap) = server.metrics();
    admin.register(&http);
    admin.register(&soap);
    let (gauges, inside) = (Arc::clone(cluster), Arc::clone(cluster));
    admin.refreshed(move || gauges.refresh_metrics()).with_documents(move |path| match path {
        "/nodes" => Some(json(&inside.node_reports())),
        _ => inside.explain(path.strip_prefix("/instances/")?).as_ref().map(json),
    })
}
