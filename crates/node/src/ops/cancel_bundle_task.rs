//! `ncCancelBundleTask`: true for every known instance, whether or not there is a task (node-controller.md §5.12).
//! There never is one yet.

use euca_wire::nc;

use super::required;
use crate::Inner;
use crate::error::Error;

pub(crate) fn run<H, S>(
    node: &Inner<H, S>,
    request: &nc::NcCancelBundleTask,
) -> Result<nc::NcCancelBundleTaskResponse, Error> {
    node.context.instances.get(required(request.instance_id.as_deref(), "instanceId")?)?;
    Ok(request.answer(true))
}
