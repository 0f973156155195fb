//! AttachVolume (cluster-controller.md §7.1).

use euca_wire::{Request, cc, nc};
use tokio::time::Instant;

use super::required;
use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::{Connector, Until, search};

/// Attaches a volume on the host node, or on the first node that knows the instance. A node that takes longer
/// than its budget is taken at its word to come.
pub(super) async fn attach_volume<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::AttachVolume,
) -> Result<cc::AttachVolumeResponse, Error> {
    let start = Instant::now();
    let id = required("instanceId", &request.instance_id)?;
    required("volumeId", &request.volume_id)?;
    required("remoteDev", &request.remote_dev)?;
    required("localDev", &request.local_dev)?;
    let attach = nc::NcAttachVolume {
        user_id: request.user_id.clone(),
        instance_id: request.instance_id.clone(),
        volume_id: request.volume_id.clone(),
        remote_dev: request.remote_dev.clone(),
        local_dev: request.local_dev.clone(),
        ..Default::default()
    };
    let found = search(cluster.candidates(id), attach, start, Until::FirstSuccess).await;
    if !found.status(cluster.settings.late_calls_succeed) {
        return Err(Error::no_node(nc::NcAttachVolume::OPERATION, id));
    }
    Ok(request.answer(true))
}
