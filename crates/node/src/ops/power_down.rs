//! `ncPowerDown`: says yes, then has this host put to sleep (node-controller.md §5.10, Q-32). That needs root: the
//! privileged helper knows the program. Refuses while it is not known which guests run.

use euca_observe::chain;
use euca_wire::nc;

use crate::Inner;
use crate::error::Error;

pub(crate) fn run<H, S>(
    node: &Inner<H, S>,
    request: &nc::NcPowerDown,
) -> Result<nc::NcPowerDownResponse, Error> {
    node.recovered()?;
    let (helper, stop) = (node.context.helper.clone(), node.context.stop.clone());
    node.context.tasks.spawn(async move {
        // Whether this daemon is stopped meanwhile does not matter to the helper.
        match stop.run_until_cancelled(helper.power_down()).await {
            Some(Ok(())) => tracing::info!("powered down"),
            Some(Err(error)) => tracing::warn!(error = %chain(&error), "not powered down"),
            None => tracing::info!("power down goes on without this daemon"),
        }
    });
    Ok(nc::NcPowerDownResponse { status_message: Some(0), ..request.answer(true) })
}
