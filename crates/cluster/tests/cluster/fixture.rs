//! The situation of cluster-controller.md §13.1 in SYSTEM mode: three nodes that are up, an instance that runs,
//! one that no node has reported yet, and one that is gone.

use std::time::Duration;

use euca_cluster::ClusterSettings;
use euca_cluster::schedule::Policy;
use euca_wire::{ClusterApi, cc, nc};
use tokio::time::sleep;

use crate::fleet::{Fleet, World};

/// Runs on N1.
pub const A: &str = "i-0000000A";
/// Placed on N2, never reported.
pub const B: &str = "i-0000000B";
/// Gone from N0, which still reports it.
pub const C: &str = "i-0000000C";
/// Known to nobody.
pub const X: &str = "i-0000000F";

pub const NODES: [&str; 3] = ["n0", "n1", "n2"];

pub fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

pub fn round_robin() -> ClusterSettings {
    ClusterSettings { policy: Policy::RoundRobin, ..Default::default() }
}

/// The type S.
pub fn small() -> cc::VirtualMachine {
    cc::VirtualMachine {
        name: Some("m1.small".into()),
        memory: Some(1024),
        cores: Some(1),
        disk: Some(10),
        device_mapping: Vec::new(),
    }
}

/// What a node reports of an instance with this id and state.
pub fn instance(id: &str, state: &str) -> nc::Instance {
    let digits = &id[2..];
    nc::Instance {
        reservation_id: "r-00000001".into(),
        instance_id: id.into(),
        image_id: "emi-1".into(),
        user_id: "alice".into(),
        key_name: "ssh-rsa AAAA alice@eucalyptus".into(),
        instance_type: nc::VirtualMachine {
            name: Some("m1.small".into()),
            memory: Some(1024),
            cores: Some(1),
            disk: Some(10),
            device_mapping: Vec::new(),
        },
        net_params: Some(nc::NetConfig {
            private_mac_address: format!(
                "D0:0D:{}:{}:{}:{}",
                &digits[..2],
                &digits[2..4],
                &digits[4..6],
                &digits[6..]
            ),
            private_ip: "0.0.0.0".into(),
            public_ip: "0.0.0.0".into(),
            vlan: -1,
            network_index: -1,
        }),
        state_name: state.into(),
        bundle_task_state_name: Some("none".into()),
        launch_time: Some(euca_wire::DateTime::from_unix(1_290_000_000)),
        user_data: Some(String::new()),
        launch_index: Some("0".into()),
        platform: Some("linux".into()),
        group_names: vec!["default".into()],
        ..Default::default()
    }
}

/// A RunInstances as the CLC sends it in SYSTEM mode.
pub fn run(ids: &[&str]) -> cc::RunInstances {
    let count = i32::try_from(ids.len()).unwrap();
    cc::RunInstances {
        correlation_id: Some("c-1".into()),
        user_id: Some("alice".into()),
        image_id: Some("emi-1".into()),
        image_url: Some("http://walrus:8773/services/Walrus/b/m.xml".into()),
        instance_type: Some(small()),
        key_name: Some("ssh-rsa AAAA alice@eucalyptus".into()),
        max_count: count,
        min_count: count,
        reservation_id: "r-00000001".into(),
        instance_ids: ids.iter().map(|&id| id.into()).collect(),
        net_names: vec!["default".into()],
        mac_addresses: vec!["02:00:00:00:00:01".into(); ids.len()],
        network_index_list: vec![-1],
        vlan: -1,
        user_data: String::new(),
        launch_index: "0".into(),
        platform: Some("linux".into()),
        ..Default::default()
    }
}

/// The fixture: all polled, nothing under way, no calls recorded.
pub async fn world() -> World {
    world_with(round_robin()).await
}

pub async fn world_with(settings: ClusterSettings) -> World {
    let fleet = Fleet::new();
    // Only N2 has room, so that B goes there.
    for node in ["n0", "n1"] {
        fleet.script(node, |script| script.resources[1] = (0, 0, 0));
    }
    fleet.script("n0", |script| script.instances = vec![instance(C, "Teardown")]);
    fleet.script("n1", |script| script.instances = vec![instance(A, "Extant")]);
    let world = World::start(settings, fleet, &NODES);
    sleep(seconds(0.1)).await;
    let placed = world.cluster.run_instances(run(&[B])).await.unwrap();
    assert_eq!(placed.instances.len(), 1);
    for node in ["n0", "n1"] {
        world.fleet.script(node, |script| script.resources[1] = script.resources[0]);
    }
    world.poll().await;
    world.fleet.forget_calls();
    world
}

/// State and host node name of what DescribeInstances tells of an instance.
pub async fn described(world: &World, id: &str) -> Option<cc::CcInstance> {
    let all = world.cluster.describe_instances(cc::DescribeInstances::default()).await.unwrap();
    let told = all.instances.iter().find(|told| told.instance_id.as_deref() == Some(id));
    told.map(|told| cc::CcInstance::clone(told))
}

/// Free and maximum number of S in the cluster.
pub async fn free_and_max(world: &World) -> (i32, i32) {
    let request = cc::DescribeResources { instance_types: vec![small()], ..Default::default() };
    let answer = world.cluster.describe_resources(request).await.unwrap();
    let resource = &answer.resources[0];
    (resource.available_instances.unwrap(), resource.max_instances.unwrap())
}
