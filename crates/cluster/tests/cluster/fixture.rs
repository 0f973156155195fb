//! The situation of cluster-controller.md §13.1, in SYSTEM mode and in MANAGED mode: three nodes that are up, an
//! instance that runs, one that no node has reported yet, and one that is gone.

use std::time::Duration;

use euca_cluster::ClusterSettings;
use euca_cluster::schedule::Policy;
use euca_vnet::{ManagedSettings, Plan, Pool, PublicAddresses, Settings, StaticSettings};
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

/// Settings of the fixture in MANAGED mode.
pub fn managed() -> ClusterSettings {
    managed_in("192.168.0.0/16", [[10, 1, 1, 1], [10, 1, 1, 2]], true)
}

/// Settings of a managed mode with networks of 32 addresses in `subnet` and a range of public ones; with VLANs and
/// tunnels, or without.
pub fn managed_in(subnet: &str, [first, last]: [[u8; 4]; 2], vlans: bool) -> ClusterSettings {
    let mut public = Pool::default();
    public.apply(PublicAddresses::Range(first.into(), last.into())).unwrap();
    let network = ManagedSettings {
        vlans,
        plan: Plan::new(subnet.parse().unwrap(), 32).unwrap(),
        dns: [10, 0, 0, 53].into(),
        public,
        local: vec![[10, 0, 0, 2].into()],
        tunnels: vlans,
    };
    ClusterSettings { network: Settings::Managed(network), ..round_robin() }
}

/// Settings of STATIC mode with these pairs of MAC and IP address.
pub fn fixed(hosts: &[(&str, &str)]) -> ClusterSettings {
    let network = StaticSettings {
        subnet: "192.168.5.0/24".parse().unwrap(),
        broadcast: [192, 168, 5, 255].into(),
        router: [192, 168, 5, 1].into(),
        dns: [192, 168, 5, 1].into(),
        hosts: hosts.iter().map(|(mac, ip)| (mac.parse().unwrap(), ip.parse().unwrap())).collect(),
    };
    ClusterSettings { network: Settings::Static(network), ..round_robin() }
}

/// What a node reports of a guest of VLAN 10, at this index.
pub fn guest(id: &str, state: &str, index: u8) -> nc::Instance {
    let mut guest = instance(id, state);
    let net = guest.net_params.as_mut().unwrap();
    net.private_ip = format!("192.168.1.{index}");
    (net.vlan, net.network_index) = (10, index.into());
    guest
}

/// A RunInstances as the CLC sends it in MANAGED mode.
pub fn run_managed(ids: &[&str], indices: &[i32]) -> cc::RunInstances {
    cc::RunInstances { vlan: 10, network_index_list: indices.to_vec(), ..run(ids) }
}

/// The fixture in MANAGED mode: VLAN 10 is active for alice/default; A, B and C have their addresses. C is still
/// alive: with the report that it is gone its address is freed.
pub async fn managed_world() -> World {
    managed_world_with(managed()).await
}

/// Has VLAN 10 active for alice/default.
pub async fn start_default(world: &World) {
    let start = cc::StartNetwork {
        user_id: Some("alice".into()),
        net_name: Some("default".into()),
        vlan: Some(10),
        ..Default::default()
    };
    assert_eq!(world.cluster.start_network(start).await.unwrap().return_, Some(true));
}

pub async fn managed_world_with(settings: ClusterSettings) -> World {
    let world = World::start(settings, Fleet::new(), &NODES);
    sleep(seconds(0.1)).await;
    start_default(&world).await;
    // One to each node: the round is complete, and the next one goes to N0 again.
    for (id, index) in [(C, 4), (A, 2), (B, 3)] {
        let placed = world.cluster.run_instances(run_managed(&[id], &[index])).await.unwrap();
        assert_eq!(placed.instances.len(), 1);
    }
    world.fleet.script("n0", |script| script.instances = vec![guest(C, "Extant", 4)]);
    world.fleet.script("n1", |script| script.instances = vec![guest(A, "Extant", 2)]);
    world.poll().await;
    world.fleet.forget_calls();
    world.fleet.host().take();
    world
}

/// The indices of VLAN 10 that DescribeNetworks shows as flagged, but for those of no guest; `None` when the
/// network is not active.
pub async fn active(world: &World) -> Option<Vec<i32>> {
    let told = world.cluster.describe_networks(cc::DescribeNetworks::default()).await.unwrap();
    let network = told.active_networks.into_iter().find(|network| network.vlan == 10)?;
    Some(network.active_addrs.into_iter().filter(|index| ![0, 1, 31].contains(index)).collect())
}
