//! ConfigureNetwork (cluster-controller.md §7.15).

use euca_wire::cc;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::Connector;

/// Without virtual networks every rule succeeds, and so does a request without rules.
pub(super) fn configure_network<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::ConfigureNetwork,
) -> Result<cc::ConfigureNetworkResponse, Error> {
    cluster.require_system_mode()?;
    Ok(request.answer(true))
}
