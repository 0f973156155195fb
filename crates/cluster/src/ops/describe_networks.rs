//! DescribeNetworks (cluster-controller.md §7.14).

use euca_wire::cc;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::Connector;

/// Mode 0, which tells the CLC that there are no virtual networks. The nameserver is kept in every mode.
pub(super) fn describe_networks<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::DescribeNetworks,
) -> Result<cc::DescribeNetworksResponse, Error> {
    cluster.set_nameserver(request.nameserver.as_deref());
    cluster.require_system_mode()?;
    Ok(cc::DescribeNetworksResponse { mode: Some(0), addrs_per_net: Some(0), ..request.answer(true) })
}
