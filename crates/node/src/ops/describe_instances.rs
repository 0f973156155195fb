//! `ncDescribeInstances`: the instances as they were last published (node-controller.md §5.2). Waits for nothing; refuses
//! while they are not known yet.

use euca_wire::nc;

use super::{ADMINISTRATOR, required};
use crate::error::Error;
use crate::{Inner, stats, unix_time};

pub(crate) fn run<H, S>(
    node: &Inner<H, S>,
    request: &nc::NcDescribeInstances,
) -> Result<nc::NcDescribeInstancesResponse, Error> {
    let user = required(request.user_id.as_deref(), "userId")?;
    node.recovered()?;
    let mut records = node.context.instances.records();
    records.retain(|record| {
        let visible = user == ADMINISTRATOR || user == record.user_id;
        let asked_for = request.instance_ids.is_empty()
            || request.instance_ids.iter().any(|id| id == record.instance_id.as_str());
        visible && asked_for
    });
    if user == ADMINISTRATOR {
        node.stats.send_replace(stats::text(&node.context.settings, unix_time(), node.offered(), &records));
    }
    Ok(nc::NcDescribeInstancesResponse {
        instances: records.iter().map(|record| record.to_wire()).collect(),
        ..request.answer(true)
    })
}
