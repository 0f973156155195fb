//! DescribeBundleTasks (cluster-controller.md §7.5).

use euca_wire::cc;

use crate::cluster::Cluster;
use crate::nodes::Connector;

/// The bundle state of every instance, bundled or not, from memory; the id list is ignored. An instance
/// that no node has reported yet has an empty state.
pub(super) fn describe_bundle_tasks<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::DescribeBundleTasks,
) -> cc::DescribeBundleTasksResponse {
    cc::DescribeBundleTasksResponse { bundle_tasks: cluster.instances.bundle_tasks(), ..request.answer(true) }
}
