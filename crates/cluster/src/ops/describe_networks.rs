//! DescribeNetworks (cluster-controller.md §7.14).

use euca_vnet::Tables;
use euca_wire::cc;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::Connector;

/// The active networks; mode 0 tells the CLC that there are none. The name server is kept in every mode, and
/// the tunnels follow when the answer is on its way: no describe waits for the host.
pub(super) async fn describe_networks<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::DescribeNetworks,
) -> Result<cc::DescribeNetworksResponse, Error> {
    let network = &cluster.network;
    network.follow(request.nameserver.as_deref(), &request.cluster_controllers).await;
    network.join_clusters();
    let (active_networks, addresses) =
        network.read(|tables| (active(tables), tables.addresses_per_network()));
    Ok(cc::DescribeNetworksResponse {
        mode: Some(network.is_managed().into()),
        addrs_per_net: i32::try_from(addresses).ok(),
        active_networks,
        ..request.answer(true)
    })
}

fn active(tables: &Tables) -> Vec<cc::Network> {
    let told = |(vlan, group, indices): (u16, &euca_vnet::Group, Vec<u16>)| cc::Network {
        vlan: vlan.into(),
        net_name: group.name.clone(),
        user_name: group.user.clone(),
        active_addrs: indices.into_iter().map(i32::from).collect(),
    };
    tables.active().map(told).collect()
}
