//! `ncRebootInstance`: queues a hard reboot and answers (node-controller.md §5.5, §11.2). What comes of it shows in
//! the instance's state and on its console only: nothing, while there is no domain yet.

use euca_wire::nc;

use crate::Inner;
use crate::error::Error;
use crate::instance::{Order, State};

pub(crate) fn run<H, S>(
    node: &Inner<H, S>,
    request: &nc::NcRebootInstance,
) -> Result<nc::NcRebootInstanceResponse, Error> {
    let instance = node.context.instances.get(&request.instance_id)?;
    // What waited would reboot the guest that comes of it.
    if !matches!(instance.record().state, State::Staging | State::Canceled) {
        instance.order(Order::Reboot)?;
    }
    // `status` is the C CC's return code: false is success.
    Ok(nc::NcRebootInstanceResponse { status: false, ..request.answer(true) })
}
