//! GetConsoleOutput (cluster-controller.md §7.6).

use euca_wire::{Request, cc, nc};
use tokio::time::Instant;

use super::required;
use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::{Connector, Until, search};

/// The console text of an instance as its node sends it, base64 and all; empty text is text.
///
/// An absent id is refused here: every node would refuse it, since the node's schema requires it. No
/// candidate at all is a failure.
pub(super) async fn get_console_output<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::GetConsoleOutput,
) -> Result<cc::GetConsoleOutputResponse, Error> {
    let start = Instant::now();
    let id = required("instanceId", &request.instance_id)?;
    let console = nc::NcGetConsoleOutput {
        user_id: request.user_id.clone(),
        instance_id: id.to_owned(),
        ..Default::default()
    };
    let found = search(cluster.candidates(id), console, start, Until::FirstSuccess).await;
    let text = found.payload().ok_or_else(|| Error::no_node(nc::NcGetConsoleOutput::OPERATION, id))?;
    Ok(cc::GetConsoleOutputResponse { console_output: Some(text), ..request.answer(true) })
}
