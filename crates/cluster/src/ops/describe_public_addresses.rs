//! DescribePublicAddresses (cluster-controller.md §7.18).

use euca_wire::cc;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::Connector;
use crate::settings::NetworkMode;

/// `return=false` and `NOTSUPPORTED`: what tells the CLC that this cluster assigns no public addresses.
pub(super) fn describe_public_addresses<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::DescribePublicAddresses,
) -> Result<cc::DescribePublicAddressesResponse, Error> {
    match cluster.settings.network_mode {
        NetworkMode::System | NetworkMode::Static => Ok(cc::DescribePublicAddressesResponse {
            status_message: Some("NOTSUPPORTED".to_owned()),
            ..request.answer(false)
        }),
        mode => Err(Error::NotBuilt(mode)),
    }
}
