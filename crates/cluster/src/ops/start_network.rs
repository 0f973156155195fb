//! StartNetwork (cluster-controller.md §7.12).

use euca_vnet::Group;
use euca_wire::cc;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::Connector;

/// Makes the network of a group active, and hears of name server and other clusters before. Without virtual
/// networks there is nothing to start; VLAN 0 is none either.
pub(super) async fn start_network<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::StartNetwork,
) -> Result<cc::StartNetworkResponse, Error> {
    let network = &cluster.network;
    if network.is_managed() {
        network.follow(request.nameserver.as_deref(), &request.cluster_controllers).await;
        let mut turn = network.turn().await?;
        turn.join_clusters().await;
        match request.vlan.unwrap_or_default() {
            0 => tracing::info!(name = request.net_name, "network without a VLAN is not started"),
            vlan => turn.start(vlan, group(request)).await?,
        }
        cluster.durable().await?;
    }
    Ok(request.answer(true))
}

fn group(request: &cc::StartNetwork) -> Group {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    Group { user: text(&request.user_id), name: text(&request.net_name) }
}
