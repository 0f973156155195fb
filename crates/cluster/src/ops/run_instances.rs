//! RunInstances (cluster-controller.md §8).

use std::sync::Arc;

use euca_wire::{DateTime, Shared, cc, nc};

use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::cluster::Cluster;
use crate::durable::{self, ONLY};
use crate::error::Error;
use crate::instances::PENDING;
use crate::nodes::{Connector, Node};
use crate::schedule::{self, Capacity, NodeView};
use crate::translation::{MAX_LIST, machine_for_node, network_for_node};

/// Places each instance on a node and starts its launch; answers before any node is called, but not before the
/// instances and their launches are durable. When they cannot be made so, none of them was ever there.
///
/// An id that cannot be placed is left out of the answer, which is a success even when nothing is left
/// . `macAddresses` has no effect, `minCount` none beyond its validation.
pub(super) async fn run_instances<C: Connector>(
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
    let indices = chosen_indices(cluster, request, wanted)?;

    let mut placements = Vec::new();
    for (at, id) in request.instance_ids.iter().take(wanted).enumerate() {
        let index = match indices {
            [] => Ok(None),
            chosen => chosen.get(at).map(|index| Some(*index)).ok_or(Error::NoIndex),
        };
        match index.and_then(|index| place(cluster, request, machine, need, id, index)) {
            Ok(placement) => placements.push(placement),
            Err(error) => tracing::warn!(instance = id, %error, "instance is not launched"),
        }
    }
    let instances = placements.iter().map(|placement| placement.instance.clone()).collect();
    begin(cluster, placements).await?;
    Ok(cc::RunInstancesResponse { instances, ..request.answer(true) })
}

/// Indexes the CLC has chosen for the first instances; none where there are no networks (§8.2).
fn chosen_indices<'a, C: Connector>(
    cluster: &Cluster<C>,
    request: &'a cc::RunInstances,
    wanted: usize,
) -> Result<&'a [i32], Error> {
    let chosen = request.network_index_list.as_slice();
    if !cluster.network.is_managed() || chosen.is_empty() {
        return Ok(&[]);
    }
    let size = cluster.network.read(euca_vnet::Tables::addresses_per_network);
    let possible = |index: &i32| u32::try_from(*index).is_ok_and(|index| index < size);
    let enough = usize::try_from(request.min_count).is_ok_and(|minimum| minimum <= chosen.len());
    if !enough || chosen.len() > wanted || !chosen.iter().all(possible) {
        return Err(Error::Indexes(chosen.iter().take(8).copied().collect()));
    }
    Ok(chosen)
}

/// An instance that has a node.
struct Placement<N> {
    node: Arc<Node<N>>,
    instance: Shared<cc::CcInstance>,
    launch: durable::Launch,
    ended: CancellationToken,
}

/// Begins the launches once they are durable, also when whoever asked for them is gone by then.
async fn begin<C: Connector>(cluster: &Cluster<C>, placements: Vec<Placement<C::Node>>) -> Result<(), Error> {
    if placements.is_empty() {
        return Ok(());
    }
    let (ticket, launcher) = (cluster.journal.so_far(), cluster.launcher.clone());
    let (report, outcome) = oneshot::channel();
    cluster.tasks.spawn(async move {
        let durable = ticket.durable().await.is_ok();
        for Placement { node, launch, ended, .. } in placements {
            let id = &launch.order.instance_id;
            if durable {
                tracing::info!(instance = id, node = node.url(), "instance is launched");
                launcher.network.kick_dhcp();
                launcher.begin(node, launch, ended, false);
            } else {
                node.release(id);
                launcher.instances.withdraw(id);
                launcher.network.release_order(&launch.order);
            }
        }
        // Who does not wait any more does not need to know.
        let _ = report.send(durable);
    });
    // Only a task that is dropped at shutdown reports nothing.
    if outcome.await.unwrap_or(false) { Ok(()) } else { Err(Error::NotDurable) }
}

fn place<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::RunInstances,
    machine: &cc::VirtualMachine,
    need: Capacity,
    id: &str,
    index: Option<i32>,
) -> Result<Placement<C::Node>, Error> {
    if cluster.instances.find(id).is_some() {
        return Err(Error::Known);
    }
    let net = cluster.network.allocate(id, request.vlan, index)?;
    let placed = place_with(cluster, request, machine, need, id, &net);
    if placed.is_err() {
        cluster.network.release(id, &net.private_mac_address, net.vlan);
    }
    placed
}

fn place_with<C: Connector>(
    cluster: &Cluster<C>,
    request: &cc::RunInstances,
    machine: &cc::VirtualMachine,
    need: Capacity,
    id: &str,
    net: &cc::NetConfig,
) -> Result<Placement<C::Node>, Error> {
    let ended = cluster.launcher.end();
    let order = order(request, machine, net.clone(), id);
    let begun = cluster.launcher.clock.now();
    let mut cursor = cluster.placement.lock();
    let list = cluster.nodes.list();
    let views: Vec<NodeView> = list.all().iter().map(|node| node.view()).collect();
    let mut moved = *cursor;
    let chosen = schedule::choose(cluster.settings.policy, &mut moved, &views, need);
    let node = chosen.and_then(|index| list.all().get(index)).ok_or(Error::NoRoom)?;
    let instance = Shared::from(pending(request, machine, net.clone(), id, node, begun));
    let launch = durable::Launch { node: node.url().to_owned(), begun, size: need, order };
    cluster.instances.add(id, instance.clone(), launch.clone(), ended.clone())?;
    node.reserve(id, need);
    if moved != *cursor {
        *cursor = moved;
        drop(cluster.journal.put(ONLY, durable::Scheduler { cursor: moved }));
    }
    Ok(Placement { node: node.clone(), instance, launch, ended })
}

/// What is told of the instance until its node reports it: no groups, mappings, volumes or bundle state.
fn pending<N>(
    request: &cc::RunInstances,
    machine: &cc::VirtualMachine,
    net: cc::NetConfig,
    id: &str,
    node: &Node<N>,
    now: DateTime,
) -> cc::CcInstance {
    let text = |value: &Option<String>| Some(value.clone().unwrap_or_default());
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
        launch_time: Some(now),
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
