//! DescribePublicAddresses (cluster-controller.md §7.18).

use euca_wire::cc;

use crate::cluster::Cluster;
use crate::nodes::Connector;

/// The public addresses, and beside each the private one it stands for, empty for none. `NOTSUPPORTED` is what
/// tells the CLC that this cluster assigns no public addresses.
pub(super) fn describe_public_addresses<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::DescribePublicAddresses,
) -> cc::DescribePublicAddressesResponse {
    if !cluster.network.is_managed() {
        let status_message = Some("NOTSUPPORTED".to_owned());
        return cc::DescribePublicAddressesResponse { status_message, ..request.answer(false) };
    }
    let mut response = request.answer(true);
    cluster.network.read(|tables| {
        for (public, private) in tables.public_addresses() {
            response.source_addresses.push(public.to_string());
            response.dest_addresses.push(private.map_or_else(String::new, |private| private.to_string()));
        }
    });
    response
}
