//! `ncCancelBundleTask`: true for every known instance, whether or not there is a task (node-controller.md §5.12).

use euca_wire::nc;

use super::required;
use crate::Inner;
use crate::error::Error;

pub(crate) async fn run<H, S>(
    node: &Inner<H, S>,
    request: &nc::NcCancelBundleTask,
) -> Result<nc::NcCancelBundleTaskResponse, Error> {
    let id = required(request.instance_id.as_deref(), "instanceId")?;
    node.context.instances.get(id)?.cancel_bundle().await;
    Ok(request.answer(true))
}
