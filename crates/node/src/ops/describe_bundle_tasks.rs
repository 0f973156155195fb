//! `ncDescribeBundleTasks`: the bundling state of instances (node-controller.md §5.13).

use euca_wire::nc;

use crate::Inner;
use crate::error::Error;

pub(crate) fn run<H, S>(
    node: &Inner<H, S>,
    request: &nc::NcDescribeBundleTasks,
) -> Result<nc::NcDescribeBundleTasksResponse, Error> {
    if request.instance_ids.is_empty() {
        return Err(Error::Missing("instanceIds"));
    }
    // Unknown ids are left out; nobody's are hidden.
    let known = request.instance_ids.iter().filter_map(|id| node.context.instances.get(id).ok());
    let bundle_tasks = known.map(|instance| nc::BundleTask {
        instance_id: Some(instance.id().to_string()),
        state: Some(instance.record().bundling.wire_name().to_owned()),
        manifest: None,
    });
    Ok(nc::NcDescribeBundleTasksResponse { bundle_tasks: bundle_tasks.collect(), ..request.answer(true) })
}
