//! AssignAddress (cluster-controller.md §7.16).

use euca_wire::cc;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::network::NO_ADDRESS;
use crate::nodes::Connector;

/// Notes `source` as the public address of the instance with the private address `dest`. That no instance has
/// it is no failure.
pub(super) async fn assign_address<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::AssignAddress,
) -> Result<cc::AssignAddressResponse, Error> {
    address_pair(&request.source, &request.dest)?;
    cluster.require_system_mode()?;
    let before = cluster.instances.set_public_address(&request.source, |net| net.private_ip == request.dest);
    if let Err(error) = cluster.durable().await {
        cluster.instances.reset_public_address(&request.source, before);
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
