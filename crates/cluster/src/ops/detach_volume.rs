//! DetachVolume (cluster-controller.md §7.2).

use euca_wire::{Request, cc, nc};
use tokio::time::Instant;

use super::required;
use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::{Connector, Until, search};

/// Detaches a volume on the host node, or tries on every node; then the node with the highest index decides
/// . `force` is forwarded as it was given.
pub(super) async fn detach_volume<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::DetachVolume,
) -> Result<cc::DetachVolumeResponse, Error> {
    let start = Instant::now();
    let id = required("instanceId", &request.instance_id)?;
    required("volumeId", &request.volume_id)?;
    required("remoteDev", &request.remote_dev)?;
    required("localDev", &request.local_dev)?;
    let detach = nc::NcDetachVolume {
        user_id: request.user_id.clone(),
        instance_id: request.instance_id.clone(),
        volume_id: request.volume_id.clone(),
        remote_dev: request.remote_dev.clone(),
        local_dev: request.local_dev.clone(),
        force: Some(request.force.unwrap_or(false)),
        ..Default::default()
    };
    let found = search(cluster.candidates(id), detach, start, Until::AllCalled).await;
    if !found.last_status(cluster.settings.late_calls_succeed) {
        return Err(Error::no_node(nc::NcDetachVolume::OPERATION, id));
    }
    Ok(request.answer(true))
}
