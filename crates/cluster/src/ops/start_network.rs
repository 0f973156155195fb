//! StartNetwork (cluster-controller.md §7.12).

use euca_wire::cc;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::Connector;

/// Without virtual networks there is nothing to start.
pub(super) fn start_network<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::StartNetwork,
) -> Result<cc::StartNetworkResponse, Error> {
    cluster.require_system_mode()?;
    Ok(request.answer(true))
}
