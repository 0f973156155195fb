//! What the node controller shows at the admin port.

use std::future::ready;
use std::sync::Arc;

use euca_daemon::{Admin, Health, Log, json};
use euca_hypervisor::Hypervisor;
use euca_image::ImageSource;
use euca_node::Node;
use euca_observe::metrics;
use euca_soap::Server;
use euca_wsse::Credentials;

/// How the daemon is.
pub fn health<H: Hypervisor, S: ImageSource>(
    node: &Node<H, S>,
    server: &Server,
    credentials: &Arc<Credentials>,
) -> Health {
    let (asked, adopted) = (node.clone(), node.clone());
    Health::default()
        .with_loop("accept loop", server.pulse())
        .with_loop("monitor", node.monitor_pulse())
        .with("hypervisor", false, move |_| ready(asked.hypervisor_answers()))
        .with("instances", false, move |_| ready(adopted.instances_are_known()))
        .with_keys(Arc::clone(credentials))
}

/// Everything that is shown of the node and its server.
pub fn admin<H: Hypervisor, S: ImageSource>(
    log: &Arc<Log>,
    health: &Arc<Health>,
    server: &Server,
    node: &Node<H, S>,
    hypervisor: &metrics::Hypervisor,
) -> Admin {
    let mut admin = Admin::new("nc-daemon", log, server, Arc::clone(health));
    admin.register(&node.metrics());
    admin.register(&node.cache_metrics());
    admin.register(hypervisor);
    let (gauges, inside) = (node.clone(), node.clone());
    admin.refreshed(move || gauges.refresh_metrics()).with_documents(move |path| match path {
        "/instances" => Some(json(&inside.instance_reports())),
        _ => inside.explain(path.strip_prefix("/instances/")?).as_ref().map(json),
    })
}
