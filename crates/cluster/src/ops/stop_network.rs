//! StopNetwork (cluster-controller.md §7.13).

use euca_wire::cc;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::Connector;

/// Ends the network of a VLAN. Without virtual networks there is nothing to stop; bad input does not matter
///
pub(super) async fn stop_network<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::StopNetwork,
) -> Result<cc::StopNetworkResponse, Error> {
    if cluster.network.is_managed() {
        let stopped = cluster.network.turn().await?.stop(request.vlan.unwrap_or_default()).await;
        cluster.durable().await?;
        stopped?;
    }
    Ok(request.answer(true))
}
