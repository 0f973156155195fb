//! RebootInstances (cluster-controller.md §7.7).

use euca_wire::{cc, nc};
use futures_util::future::join_all;
use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::nodes::{Connector, Until, search};

/// Reboots each instance on its host node, or on the first node that knows it. The answer is a success
/// whatever happened.
///
/// The ids are handled side by side, so that one node in trouble delays no other (P-15); calls to one node
/// stand in line in the order of the ids, because the searches are begun in that order (P-14).
pub(super) async fn reboot_instances<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::RebootInstances,
) -> cc::RebootInstancesResponse {
    let start = Instant::now();
    let reboot = |id: &String| {
        let reboot = nc::NcRebootInstance {
            user_id: request.user_id.clone(),
            instance_id: id.clone(),
            ..Default::default()
        };
        search(cluster.candidates(id), reboot, start, Until::FirstSuccess)
    };
    let searches: Vec<_> = request.instance_ids.iter().map(reboot).collect();
    for (id, found) in request.instance_ids.iter().zip(join_all(searches).await) {
        if !found.status(cluster.settings.late_calls_succeed) {
            tracing::warn!(instance = id, "instance was rebooted by no node");
        }
    }
    request.answer(true)
}
