//! `ncStartNetwork`: makes a VLAN's bridge ready (node-controller.md §5.9).

use euca_wire::nc;

use crate::Inner;
use crate::error::Error;

pub(crate) async fn run<H, S>(
    node: &Inner<H, S>,
    request: &nc::NcStartNetwork,
) -> Result<nc::NcStartNetworkResponse, Error> {
    node.context.networks.start(request.vlan.unwrap_or_default()).await?;
    Ok(nc::NcStartNetworkResponse {
        status_message: Some(0),
        network_status: Some("SUCCESS".to_owned()),
        ..request.answer(true)
    })
}

/// What a failure looks like: it echoes nothing (node-controller.md §4.2).
pub(crate) fn refusal() -> nc::NcStartNetworkResponse {
    nc::NcStartNetworkResponse {
        return_: Some(false),
        status_message: Some(2),
        network_status: Some("FAIL".to_owned()),
        ..nc::NcStartNetworkResponse::default()
    }
}
