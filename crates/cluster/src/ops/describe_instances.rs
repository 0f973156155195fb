//! DescribeInstances (cluster-controller.md §7.10).

use euca_wire::{CLC_BODY_LIMIT, Message as _, cc};

use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::Connector;

/// Every instance of every owner; the id list is ignored.
///
/// From the start until each configured node has been polled, with whatever result, the answer is a fault:
/// clc.md §3.3 forbids a partial list, wire.md W20 an answer that looks like one. It comes at once, so nothing
/// is blocked, and the time is bounded by one poll (40 s). The other describe operations answer from
/// the empty memory, as the CLC keeps its former values for what they miss.
///
/// A reply too long for a CLC is abridged: see `reply_limit.rs`.
pub(super) fn describe_instances<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::DescribeInstances,
) -> Result<cc::DescribeInstancesResponse, Error> {
    cluster.require_all_instances()?;
    let answer = request.answer(true);
    let (instances, abridged, bytes) = cluster.instances.snapshot(answer.short_length());
    let count = instances.len();
    cluster.nodes.observed().describes_instances(bytes, abridged.left_out().len());
    let before = std::mem::replace(&mut *cluster.abridged.lock(), abridged);
    if before != abridged {
        let left_out = abridged.left_out().join(", ");
        tracing::warn!(instances = count, bytes, left_out, "replies to DescribeInstances are abridged anew");
    }
    if bytes > CLC_BODY_LIMIT {
        tracing::error!(instances = count, bytes, limit = CLC_BODY_LIMIT, "reply is too long for a CLC");
    }
    Ok(cc::DescribeInstancesResponse { instances, ..answer })
}
