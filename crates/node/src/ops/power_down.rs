//! `ncPowerDown`: says yes, then has this host put to sleep (node-controller.md §5.10, Q-32). That needs root: the
//! privileged helper knows the program.

use euca_observe::chain;
use euca_wire::nc;

use crate::Inner;

pub(crate) fn run<H, S>(node: &Inner<H, S>, request: &nc::NcPowerDown) -> nc::NcPowerDownResponse {
    let (helper, stop) = (node.context.helper.clone(), node.context.stop.clone());
    node.context.tasks.spawn(async move {
        // Whether this daemon is stopped meanwhile does not matter to the helper.
        match stop.run_until_cancelled(helper.power_down()).await {
            Some(Ok(())) => tracing::info!("powered down"),
            Some(Err(error)) => tracing::warn!(error = %chain(&error), "not powered down"),
            None => tracing::info!("power down goes on without this daemon"),
        }
    });
    nc::NcPowerDownResponse { status_message: Some(0), ..request.answer(true) }
}
