//! DescribeResources (cluster-controller.md §7.11).

use euca_wire::cc;

use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::Connector;
use crate::schedule::{Capacity, NodeView};
use crate::translation::complete;

/// How many instances of each type fit into the cluster, free and in all, and the URL of every configured
/// node whatever its state. One type that is not positive throughout refuses the whole request.
pub(super) fn describe_resources<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::DescribeResources,
) -> Result<cc::DescribeResourcesResponse, Error> {
    let needs = request.instance_types.iter().map(positive).collect::<Result<Vec<_>, _>>()?;
    let list = cluster.nodes.list();
    let nodes: Vec<NodeView> = list.all().iter().map(|node| node.view()).collect();
    let resources = request.instance_types.iter().zip(needs).map(|(machine, need)| {
        let count = |of: fn(&NodeView) -> Capacity| {
            let sum: i64 = nodes.iter().map(|node| of(node).fits(need)).sum();
            Some(i32::try_from(sum).unwrap_or(i32::MAX))
        };
        cc::CcResource {
            instance_type: Some(complete(machine.clone())),
            max_instances: count(|node| node.maximum),
            available_instances: count(|node| node.available),
        }
    });
    Ok(cc::DescribeResourcesResponse {
        resources: resources.collect(),
        service_tags: list.all().iter().map(|node| node.url().to_owned()).collect(),
        ..request.answer(true)
    })
}

fn positive(machine: &cc::VirtualMachine) -> Result<Capacity, Error> {
    let need = Capacity::of(machine);
    if need.memory <= 0 || need.cores <= 0 || need.disk <= 0 {
        return Err(Error::size(machine));
    }
    Ok(need)
}
