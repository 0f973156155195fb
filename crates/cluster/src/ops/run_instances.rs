//! RunInstances (cluster-controller.md §8).

use std::time::SystemTime;

use euca_wire::{DateTime, Shared, cc, nc};

use crate::cluster::Cluster;
use crate::error::Error;
use crate::instances::PENDING;
use crate::launch::launch;
use crate::network::system_parameters;
use crate::nodes::{Connector, Node};
use crate::schedule::{self, Capacity, NodeState, NodeView};
use crate::translation::{MAX_LIST, machine_for_node, network_for_node};

/// Places each instance on a node and starts its launch; answers before any node is called.
///
/// An id that cannot be placed is left out of the answer, which is a success even when nothing is left
/// . `macAddresses` has no effect, `minCount` none beyond its validation.
pub(super) fn run_instances<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::RunInstances,
) -> Result<cc::RunInstancesResponse, Error> {
    let machine = request.instance_type.as_ref().ok_or(Error::Missing("instanceType"))?;
    let need = Capacity::of(machine);
    if need.floored() != need {
        return Err(Error::size(machine));
    }
    let counts = Error::Counts {
        minimum: request.min_count,
        maximum: request.max_count,
        ids: request.instance_ids.len(),
    };
    let wanted = usize::try_from(request.max_count).map_err(|_| counts.clone())?;
    if request.min_count <= 0 || wanted == 0 || request.instance_ids.len() < wanted {
        return Err(counts);
    }
    cluster.require_system_mode()?;

    let mut instances = Vec::new();
    for id in request.instance_ids.iter().take(wanted) {
        match place(cluster, request, machine, need, id) {
            Ok(instance) => instances.push(instance),
            Err(error) => tracing::warn!(instance = id, %error, "instance is not launched"),
        }
    }
    Ok(cc::RunInstancesResponse { instances, ..request.answer(true) })
}

fn place<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::RunInstances,
    machine: &cc::VirtualMachine,
    need: Capacity,
    id: &str,
) -> Result<Shared<cc::CcInstance>, Error> {
    let net = system_parameters(id, request.vlan).ok_or(Error::MalformedId)?;
    // Ends when the instance is terminated or reported, and when the cluster is shut down.
    let ended = cluster.tasks.stopping().child_token();
    let (node, instance, asleep) = {
        let mut cursor = cluster.placement.lock();
        let list = cluster.nodes.list();
        let views: Vec<NodeView> = list.all().iter().map(|node| node.view()).collect();
        let mut moved = *cursor;
        let chosen = schedule::choose(cluster.settings.policy, &mut moved, &views, need);
        let index = chosen.ok_or(Error::NoRoom)?;
        let node = list.all().get(index).ok_or(Error::NoRoom)?;
        let instance = Shared::from(pending(request, machine, net.clone(), id, node));
        cluster.instances.add(id, instance.clone(), ended.clone())?;
        node.reserve(id, need);
        *cursor = moved;
        (node.clone(), instance, views[index].state == NodeState::Asleep)
    };
    tracing::info!(instance = id, node = node.url(), "instance is launched");
    if asleep {
        let (power, node) = (cluster.power.clone(), node.clone());
        cluster.tasks.spawn(async move { power.rouse(&node).await });
    }
    let order = order(request, machine, net, id);
    let launch = launch(node, order, cluster.settings.wake_threshold, ended);
    let (instances, id) = (cluster.instances.clone(), id.to_owned());
    cluster.tasks.spawn(async move {
        launch.await;
        instances.launch_is_over(&id);
    });
    Ok(instance)
}

/// What is told of the instance until its node reports it: no groups, mappings, volumes or bundle state.
fn pending<N>(
    request: &cc::RunInstances,
    machine: &cc::VirtualMachine,
    net: cc::NetConfig,
    id: &str,
    node: &Node<N>,
) -> cc::CcInstance {
    let text = |value: &Option<String>| Some(value.clone().unwrap_or_default());
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    cc::CcInstance {
        image_id: text(&request.image_id),
        kernel_id: text(&request.kernel_id),
        ramdisk_id: text(&request.ramdisk_id),
        instance_id: Some(id.to_owned()),
        instance_type: Some(cc::VirtualMachine {
            name: text(&machine.name),
            memory: Some(machine.memory.unwrap_or_default()),
            cores: Some(machine.cores.unwrap_or_default()),
            disk: Some(machine.disk.unwrap_or_default()),
            device_mapping: Vec::new(),
        }),
        key_name: text(&request.key_name),
        launch_time: Some(DateTime::from_unix(i64::try_from(now).unwrap_or(i64::MAX))),
        state_name: Some(PENDING.to_owned()),
        net_params: Some(net),
        owner_id: text(&request.user_id),
        reservation_id: Some(request.reservation_id.clone()),
        service_tag: Some(node.url().to_owned()),
        user_data: Some(request.user_data.clone()),
        launch_index: Some(request.launch_index.clone()),
        platform: request.platform.clone().filter(|platform| !platform.is_empty()),
        bundle_task_state_name: None,
        group_names: Vec::new(),
        volumes: Vec::new(),
    }
}

/// What the node is asked. Absent elements the node's schema requires are sent empty (wire.md §3.6), and so is
/// an absent platform. A node takes at most 64 groups.
fn order(
    request: &cc::RunInstances,
    machine: &cc::VirtualMachine,
    net: cc::NetConfig,
    id: &str,
) -> nc::NcRunInstance {
    nc::NcRunInstance {
        user_id: request.user_id.clone(),
        image_id: request.image_id.clone().unwrap_or_default(),
        kernel_id: request.kernel_id.clone(),
        ramdisk_id: request.ramdisk_id.clone(),
        image_url: request.image_url.clone().unwrap_or_default(),
        kernel_url: request.kernel_url.clone(),
        ramdisk_url: request.ramdisk_url.clone(),
        reservation_id: request.reservation_id.clone(),
        instance_id: id.to_owned(),
        instance_type: machine_for_node(machine.clone()),
        key_name: request.key_name.clone().unwrap_or_default(),
        net_params: network_for_node(net),
        user_data: Some(request.user_data.clone()),
        launch_index: Some(request.launch_index.clone()),
        platform: Some(request.platform.clone().unwrap_or_default()),
        group_names: request.net_names.iter().take(MAX_LIST).cloned().collect(),
        ..Default::default()
    }
}
