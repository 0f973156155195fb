//! What the cluster controller shows at the admin port.

use std::sync::Arc;

use euca_cluster::{Cluster, Connector};
use euca_daemon::{Admin, Health, Log};
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
pub fn admin(log: &Arc<Log>, health: &Arc<Health>, server: &Server) -> Admin {
    let mut admin = Admin::new("cc-daemon", log, Arc::clone(health));
    let (http, soap) = server.metrics();
    admin.register(&http);
    admin.register(&soap);
    admin
}
