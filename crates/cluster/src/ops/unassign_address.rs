//! UnassignAddress (cluster-controller.md §7.17).

use euca_wire::cc;

use super::assign_address::{address, address_pair};
use crate::cluster::Cluster;
use crate::error::Error;
use crate::network::NO_ADDRESS;
use crate::nodes::Connector;

/// Takes the public address `source` from whatever has it; `dest` only has to be one.
pub(super) async fn unassign_address<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::UnassignAddress,
) -> Result<cc::UnassignAddressResponse, Error> {
    address_pair(&request.source, &request.dest)?;
    let mut turn = None;
    if cluster.network.is_managed() {
        let public = address("source", &request.source)?;
        let mut mine = cluster.network.turn().await?;
        turn = mine.unassign(public).await?.map(|private| (mine, public, private));
    }
    let before = cluster.instances.set_public_address(NO_ADDRESS, |net| net.public_ip == request.source);
    if let Err(error) = cluster.durable().await {
        cluster.instances.reset_public_address(NO_ADDRESS, before);
        if let Some((mut turn, public, private)) = turn {
            turn.assign(public, private).await?;
        }
        return Err(error);
    }
    Ok(request.answer(true))
}
