//! CancelBundleTask (cluster-controller.md §7.4).

use euca_wire::{Request, cc, nc};
use tokio::time::Instant;

use super::required;
use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::{Connector, Until, search};

/// Cancels bundling on the host node, or on the first node that knows the instance. The identity is forwarded
/// as it came (§4.2).
pub(super) async fn cancel_bundle_task<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::CancelBundleTask,
) -> Result<cc::CancelBundleTaskResponse, Error> {
    let start = Instant::now();
    let id = required("instanceId", &request.instance_id)?;
    let cancel = nc::NcCancelBundleTask {
        correlation_id: request.correlation_id.clone(),
        user_id: request.user_id.clone(),
        instance_id: request.instance_id.clone(),
        ..Default::default()
    };
    let found = search(cluster.candidates(id), cancel, start, Until::FirstSuccess).await;
    if !found.status(cluster.settings.late_calls_succeed) {
        return Err(Error::no_node(nc::NcCancelBundleTask::OPERATION, id));
    }
    Ok(request.answer(true))
}
