//! BundleInstance (cluster-controller.md §7.3).

use euca_wire::{Request, cc, nc};
use tokio::time::Instant;

use super::required;
use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::{Connector, Until, search};

/// Starts bundling on the host node, or on the first node that knows the instance. Only the instance id is
/// required; everything else is forwarded as it came, the identity too (§4.2). Progress shows in polling.
pub(super) async fn bundle_instance<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::BundleInstance,
) -> Result<cc::BundleInstanceResponse, Error> {
    let start = Instant::now();
    let id = required("instanceId", &request.instance_id)?;
    let bundle = nc::NcBundleInstance {
        correlation_id: request.correlation_id.clone(),
        user_id: request.user_id.clone(),
        instance_id: request.instance_id.clone(),
        bucket_name: request.bucket_name.clone(),
        file_prefix: request.file_prefix.clone(),
        walrus_url: request.walrus_url.clone(),
        user_public_key: request.user_public_key.clone(),
        s3_policy: request.s3_policy.clone(),
        s3_policy_sig: request.s3_policy_sig.clone(),
        ..Default::default()
    };
    let found = search(cluster.candidates(id), bundle, start, Until::FirstSuccess).await;
    if !found.status(cluster.settings.late_calls_succeed) {
        return Err(Error::no_node(nc::NcBundleInstance::OPERATION, id));
    }
    Ok(request.answer(true))
}
