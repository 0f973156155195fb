//! StopNetwork (cluster-controller.md §7.13).

use euca_wire::cc;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::Connector;

/// Without virtual networks there is nothing to stop; bad input does not matter.
pub(super) fn stop_network<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::StopNetwork,
) -> Result<cc::StopNetworkResponse, Error> {
    cluster.require_system_mode()?;
    Ok(request.answer(true))
}
