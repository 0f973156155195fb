//! `ncDescribeResource`: how much of this host is left (node-controller.md §5.1). Asks nobody; refuses while it is
//! not known what is used.

use euca_wire::nc;

use crate::Inner;
use crate::error::Error;
use crate::resources::Amounts;

pub(crate) fn run<H, S>(
    node: &Inner<H, S>,
    request: &nc::NcDescribeResource,
) -> Result<nc::NcDescribeResourceResponse, Error> {
    node.recovered()?;
    let records = node.context.instances.records();
    let used = Amounts::used(records.iter().map(AsRef::as_ref), node.context.settings.disk_unit);
    let all = node.offered();
    let [memory_size_max, disk_size_max, number_of_cores_max] = all.to_wire()?;
    let [memory_size_available, disk_size_available, number_of_cores_available] =
        all.without(used).to_wire()?;
    Ok(nc::NcDescribeResourceResponse {
        node_status: "OK".to_owned(),
        memory_size_max,
        memory_size_available,
        disk_size_max,
        disk_size_available,
        number_of_cores_max,
        number_of_cores_available,
        public_subnets: "none".to_owned(),
        ..request.answer(true)
    })
}
