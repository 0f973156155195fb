//! `ncBundleInstance`: the guest is asked to shut down, and then its disk is uploaded (node-controller.md §5.11, §10).
//! Answers when the instance has accepted that; what comes of it shows in `bundleTaskStateName`.

use euca_wire::nc;

use super::required;
use crate::Inner;
use crate::bundle::destination;
use crate::error::Error;

pub(crate) async fn run<H, S>(
    node: &Inner<H, S>,
    request: &nc::NcBundleInstance,
) -> Result<nc::NcBundleInstanceResponse, Error> {
    let id = required(request.instance_id.as_deref(), "instanceId")?;
    let to = destination(request)?;
    node.context.instances.get(id)?.bundle(to).await?;
    Ok(request.answer(true))
}
