//! DescribeInstances (cluster-controller.md §7.10).

use euca_wire::cc;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::Connector;

/// Every instance of every owner; the id list is ignored.
///
/// From the start until each configured node has been polled, with whatever result, the answer is a fault:
/// clc.md §3.3 forbids a partial list, wire.md W20 an answer that looks like one. It comes at once, so nothing
/// is blocked, and the time is bounded by one poll (40 s). The other describe operations answer from
/// the empty memory, as the CLC keeps its former values for what they miss.
pub(super) fn describe_instances<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::DescribeInstances,
) -> Result<cc::DescribeInstancesResponse, Error> {
    let instances = cluster.all_instances()?;
    Ok(cc::DescribeInstancesResponse {
        instances: instances.iter().map(|instance| cc::CcInstance::clone(instance)).collect(),
        ..request.answer(true)
    })
}
