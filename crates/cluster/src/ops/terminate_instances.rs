//! TerminateInstances (cluster-controller.md §7.8).

use euca_wire::{cc, nc};

use crate::cluster::Cluster;
use crate::error::Error;
use crate::instances::{EXTANT, PENDING, UNKNOWN, host_of, state_of};
use crate::nodes::Connector;
use crate::schedule::NodeState;

/// Tells the host node of each instance to terminate it, without waiting for the node. Ids that are not known
/// are not searched for, nodes that are not up are not called, and a launch still under way ends
/// first, for good. Its address is free before its node hears of it. `isTerminated` is true for every id.
pub(super) async fn terminate_instances<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::TerminateInstances,
) -> Result<cc::TerminateInstancesResponse, Error> {
    for id in &request.instance_ids {
        terminate(cluster, id, &request.user_id);
    }
    // A launch that came back after a restart would run what the CLC no longer knows.
    cluster.durable().await?;
    Ok(cc::TerminateInstancesResponse {
        is_terminated: vec![true; request.instance_ids.len()],
        ..request.answer(true)
    })
}

fn terminate<C: Connector>(cluster: &Cluster<C>, id: &str, user_id: &Option<String>) {
    cluster.instances.cancel_launch(id);
    // At once, whatever its node does: the CLC uses the index again at once too, also of an instance that was
    // out of sight for so long that it was forgotten.
    cluster.network.release_terminated(id);
    let Some(instance) = cluster.instances.find(id) else {
        tracing::info!(instance = id, "instance to terminate is not known");
        return;
    };
    let (state, url) = (state_of(&instance), host_of(&instance));
    let up = cluster.nodes.list().at(url).filter(|(_, node)| node.state() == NodeState::Up);
    match up {
        Some((_, node)) if [PENDING, EXTANT, UNKNOWN].contains(&state) => {
            node.forget(nc::NcTerminateInstance {
                user_id: user_id.clone(),
                instance_id: id.to_owned(),
                ..Default::default()
            })
        }
        _ => tracing::info!(instance = id, state, node = url, "no node is told to terminate the instance"),
    }
}
