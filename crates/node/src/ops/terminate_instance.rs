//! `ncTerminateInstance`: the end of an instance, in whatever state and on anybody's word (node-controller.md §5.4,
//! Answers when the end is certain, not when it is over.

use euca_wire::nc;

use crate::Inner;
use crate::error::Error;

pub(crate) async fn run<H, S>(
    node: &Inner<H, S>,
    request: &nc::NcTerminateInstance,
) -> Result<nc::NcTerminateInstanceResponse, Error> {
    let instance = node.context.instances.get(&request.instance_id)?;
    let state = instance.terminate().await?;
    // Both are the code after the change.
    let code = Some(state.code().to_string());
    Ok(nc::NcTerminateInstanceResponse {
        instance_id: request.instance_id.clone(),
        shutdown_state: code.clone(),
        previous_state: code,
        ..request.answer(true)
    })
}
