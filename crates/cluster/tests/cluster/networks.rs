//! The network operations in SYSTEM mode, and their refusal in the modes that are not built.

use euca_cluster::{ClusterSettings, NetworkMode};
use euca_wire::{ClusterApi, cc};

use crate::fixture::{A, NODES, described, instance, round_robin, world};
use crate::fleet::{Fleet, World};

/// The fixture, with addresses for A.
async fn with_address() -> World {
    let world = world().await;
    world.fleet.script("n1", |script| {
        let mut a = instance(A, "Extant");
        a.net_params.as_mut().unwrap().private_ip = "192.168.1.2".into();
        script.instances = vec![a];
    });
    world.poll().await;
    world.fleet.forget_calls();
    world
}

async fn public_ip(world: &World) -> String {
    described(world, A).await.unwrap().net_params.unwrap().public_ip
}

async fn assigned(world: &World, source: &str, dest: &str) -> Option<bool> {
    let request = cc::AssignAddress { source: source.into(), dest: dest.into(), ..Default::default() };
    world.cluster.assign_address(request).await.unwrap().return_
}

async fn unassigned(world: &World, source: &str, dest: &str) -> Option<bool> {
    let request = cc::UnassignAddress { source: source.into(), dest: dest.into(), ..Default::default() };
    world.cluster.unassign_address(request).await.unwrap().return_
}

#[tokio::test(start_paused = true)]
async fn cc_t136_an_assigned_address_is_told_at_once_and_survives_polls() {
    let world = with_address().await;
    assert_eq!(assigned(&world, "10.1.1.1", "192.168.1.2").await, Some(true));
    assert_eq!(public_ip(&world).await, "10.1.1.1");
    world.poll().await;
    assert_eq!(public_ip(&world).await, "10.1.1.1");
    assert_eq!(unassigned(&world, "10.1.1.1", "192.168.1.2").await, Some(true));
    assert_eq!(public_ip(&world).await, "0.0.0.0");
    assert!(world.fleet.foreground().is_empty());
}

#[tokio::test(start_paused = true)]
async fn cc_t142_an_address_assigned_during_a_poll_survives_it() {
    let world = with_address().await;
    world.fleet.plan("n1", "ncDescribeInstances", [crate::fleet::slow(5.0)]);
    tokio::time::sleep(crate::fixture::seconds(7.0)).await;
    let under_way = world.fleet.calls("ncDescribeInstances", |call| (call.node.clone(), call.end.is_none()));
    assert!(under_way.contains(&("n1".to_owned(), true)), "N1 is being polled");
    assert_eq!(assigned(&world, "10.1.1.1", "192.168.1.2").await, Some(true));
    tokio::time::sleep(crate::fixture::seconds(5.0)).await;
    assert_eq!(public_ip(&world).await, "10.1.1.1");
}

#[tokio::test(start_paused = true)]
async fn addresses_that_are_none_are_refused_and_unknown_ones_are_not() {
    let world = with_address().await;
    assert_eq!(assigned(&world, "0.0.0.0", "192.168.1.2").await, Some(false), "cc_t129");
    assert_eq!(assigned(&world, "10.1.1.1", "0.0.0.0").await, Some(false));
    assert_eq!(assigned(&world, "10.1.1.1", "192.168.1.9").await, Some(true), "as row 137");
    assert_eq!(unassigned(&world, "0.0.0.0", "192.168.1.2").await, Some(false));
    assert_eq!(unassigned(&world, "10.1.1.1", "0.0.0.0").await, Some(false));
    assert_eq!(unassigned(&world, "10.9.9.9", "192.168.1.2").await, Some(true));
    assert_eq!(public_ip(&world).await, "0.0.0.0");
}

#[tokio::test(start_paused = true)]
async fn cc_t126_cc_t127_public_addresses_are_not_supported() {
    for network_mode in [NetworkMode::System, NetworkMode::Static] {
        let world = World::start(ClusterSettings { network_mode, ..round_robin() }, Fleet::new(), &NODES);
        let answer = world.cluster.describe_public_addresses(Default::default()).await.unwrap();
        let expected = cc::DescribePublicAddressesResponse {
            status_message: Some("NOTSUPPORTED".into()),
            return_: Some(false),
            ..Default::default()
        };
        assert_eq!(answer, expected, "{network_mode:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_virtual_networks_there_is_nothing_to_start_stop_or_configure() {
    let world = world().await;
    let rules = vec![cc::NetworkRule::default(); 2];
    let configure = cc::ConfigureNetwork { rules, ..Default::default() };
    assert_eq!(world.cluster.configure_network(configure).await.unwrap().return_, Some(true), "cc_t147");
    let no_rules = cc::ConfigureNetwork::default();
    assert_eq!(world.cluster.configure_network(no_rules).await.unwrap().return_, Some(true), "cc_t146");
    let start =
        cc::StartNetwork { vlan: Some(10), nameserver: Some("10.0.0.9".into()), ..Default::default() };
    assert_eq!(world.cluster.start_network(start).await.unwrap().return_, Some(true), "cc_t153");
    assert_eq!(world.cluster.nameserver(), None, "not kept here");
    let stop = cc::StopNetwork { net_name: None, vlan: Some(-3), ..Default::default() };
    assert_eq!(world.cluster.stop_network(stop).await.unwrap().return_, Some(true), "cc_t157");
    let describe = cc::DescribeNetworks { nameserver: Some("10.0.0.1".into()), ..Default::default() };
    let answer = world.cluster.describe_networks(describe).await.unwrap();
    assert_eq!(
        (answer.return_, answer.mode, answer.addrs_per_net),
        (Some(true), Some(0), Some(0)),
        "cc_t159"
    );
    assert!(answer.active_networks.is_empty());
    assert_eq!(world.cluster.nameserver().as_deref(), Some("10.0.0.1"), "cc_t159");
    world.cluster.describe_networks(cc::DescribeNetworks::default()).await.unwrap();
    assert_eq!(world.cluster.nameserver().as_deref(), Some("10.0.0.1"), "kept until another comes");
    assert!(world.fleet.foreground().is_empty());
}

#[tokio::test(start_paused = true)]
async fn modes_that_are_not_built_refuse() {
    for network_mode in [NetworkMode::Managed, NetworkMode::ManagedNoVlan, NetworkMode::Static] {
        let settings = ClusterSettings { network_mode, ..round_robin() };
        let World { cluster, .. } = &World::start(settings, Fleet::new(), &NODES);
        let refused = (Some(false), Some("ERROR".to_owned()));
        let answer = cluster.start_network(Default::default()).await.unwrap();
        assert_eq!((answer.return_, answer.status_message), refused);
        let answer = cluster.stop_network(Default::default()).await.unwrap();
        assert_eq!((answer.return_, answer.status_message), refused);
        let answer = cluster.configure_network(Default::default()).await.unwrap();
        assert_eq!((answer.return_, answer.status_message), refused);
        let answer = cluster.describe_networks(Default::default()).await.unwrap();
        assert_eq!(
            (answer.return_, answer.status_message, answer.mode),
            (refused.0, refused.1.clone(), None)
        );
        let answer = cluster.assign_address(Default::default()).await.unwrap();
        assert_eq!((answer.return_, answer.status_message), refused);
        let answer = cluster.unassign_address(Default::default()).await.unwrap();
        assert_eq!((answer.return_, answer.status_message), refused);
        if network_mode != NetworkMode::Static {
            let answer = cluster.describe_public_addresses(Default::default()).await.unwrap();
            assert_eq!((answer.return_, answer.status_message), refused);
        }
    }
}
