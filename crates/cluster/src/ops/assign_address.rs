//! AssignAddress (cluster-controller.md §7.16).

use std::net::Ipv4Addr;

use euca_wire::cc;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::network::NO_ADDRESS;
use crate::nodes::Connector;

/// Makes the public address `source` stand for the private address `dest`, and notes it for the instance that has
/// it. That no instance has it is no failure.
pub(super) async fn assign_address<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::AssignAddress,
) -> Result<cc::AssignAddressResponse, Error> {
    address_pair(&request.source, &request.dest)?;
    let mut turn = None;
    if cluster.network.is_managed() {
        let (public, private) = (address("source", &request.source)?, address("dest", &request.dest)?);
        let mut mine = cluster.network.turn().await?;
        turn = mine.assign(public, private).await?.then_some((mine, public));
    }
    let before = cluster.instances.set_public_address(&request.source, |net| net.private_ip == request.dest);
    if let Err(error) = cluster.durable().await {
        cluster.instances.reset_public_address(&request.source, before);
        if let Some((mut turn, public)) = turn {
            turn.unassign(public).await?;
        }
        return Err(error);
    }
    Ok(request.answer(true))
}

/// Neither of the two may be `0.0.0.0`.
pub(super) fn address_pair(source: &str, dest: &str) -> Result<(), Error> {
    for (element, address) in [("source", source), ("dest", dest)] {
        if address == NO_ADDRESS {
            return Err(Error::NoAddress(element));
        }
    }
    Ok(())
}

pub(super) fn address(element: &'static str, text: &str) -> Result<Ipv4Addr, Error> {
    text.parse().map_err(|_| Error::Address(element, text.chars().take(64).collect()))
}
