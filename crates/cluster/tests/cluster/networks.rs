//! The network operations, without virtual networks and with them.

use std::net::Ipv4Addr;

use euca_store::testing::Fault;
use euca_vnet::testing::{Act, exit};
use euca_vnet::{Effect, Network, Ports, Rule, State, Traffic, Tunnels};
use euca_wire::{ClusterApi, cc};
use tokio::time::{Instant, sleep};

use crate::fixture::{
    A, B, C, NODES, active, described, fixed, instance, managed, managed_world, round_robin, run_managed,
    seconds, world,
};
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
    for world in [with_address().await, managed_world().await] {
        world.fleet.plan("n1", "ncDescribeInstances", [crate::fleet::slow(5.0)]);
        sleep(seconds(7.0)).await;
        let under_way =
            world.fleet.calls("ncDescribeInstances", |call| (call.node.clone(), call.end.is_none()));
        assert!(under_way.contains(&("n1".to_owned(), true)), "N1 is being polled");
        assert_eq!(assigned(&world, "10.1.1.1", "192.168.1.2").await, Some(true));
        sleep(seconds(5.0)).await;
        assert_eq!(public_ip(&world).await, "10.1.1.1");
    }
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
async fn without_virtual_networks_there_is_nothing_to_start_stop_or_configure() {
    for (settings, addresses) in [(round_robin(), 0), (fixed(&[]), 255)] {
        let world = World::start(settings, Fleet::new(), &NODES);
        let rules = vec![cc::NetworkRule::default(); 2];
        let configure = cc::ConfigureNetwork { rules, ..Default::default() };
        assert_eq!(
            world.cluster.configure_network(configure).await.unwrap().return_,
            Some(true),
            "cc_t147 net_t150"
        );
        let no_rules = cc::ConfigureNetwork::default();
        assert_eq!(world.cluster.configure_network(no_rules).await.unwrap().return_, Some(true), "cc_t146");
        let start =
            cc::StartNetwork { vlan: Some(10), nameserver: Some("10.0.0.9".into()), ..Default::default() };
        assert_eq!(world.cluster.start_network(start).await.unwrap().return_, Some(true), "cc_t153 net_t114");
        assert_eq!(world.cluster.nameserver(), None, "not kept here");
        let stop = cc::StopNetwork { net_name: None, vlan: Some(-3), ..Default::default() };
        assert_eq!(world.cluster.stop_network(stop).await.unwrap().return_, Some(true), "cc_t157 net_t114");
        let describe = cc::DescribeNetworks {
            nameserver: Some("10.0.0.1".into()),
            cluster_controllers: vec!["10.0.0.2".into()],
            ..Default::default()
        };
        let answer = world.cluster.describe_networks(describe).await.unwrap();
        assert_eq!(
            (answer.return_, answer.mode, answer.addrs_per_net),
            (Some(true), Some(0), Some(addresses)),
            "cc_t159"
        );
        assert!(answer.active_networks.is_empty());
        assert_eq!(world.cluster.nameserver(), Some([10, 0, 0, 1].into()), "cc_t159");
        let none = cc::DescribeNetworks { nameserver: Some("none".into()), ..Default::default() };
        for kept in [cc::DescribeNetworks::default(), none] {
            world.cluster.describe_networks(kept).await.unwrap();
            assert_eq!(world.cluster.nameserver(), Some([10, 0, 0, 1].into()), "kept until another comes");
        }
        let answer = world.cluster.describe_public_addresses(Default::default()).await.unwrap();
        let expected = cc::DescribePublicAddressesResponse {
            status_message: Some("NOTSUPPORTED".into()),
            return_: Some(false),
            ..Default::default()
        };
        assert_eq!(answer, expected, "cc_t126 cc_t127 net_t190");
        sleep(seconds(10.0)).await;
        assert_eq!(world.fleet.host().take(), []);
        assert!(world.fleet.foreground().is_empty());
    }
}

fn ip(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

/// The network the fixture has on VLAN 10, with these rules.
fn default_of_alice(rules: &[Rule]) -> Network {
    Network {
        vlan: 10,
        subnet: "192.168.1.0/27".parse().unwrap(),
        group: ("alice", "default").into(),
        rules: rules.to_vec(),
    }
}

async fn started(world: &World, vlan: Option<i32>, name: &str, clusters: &[&str]) -> Option<bool> {
    let request = cc::StartNetwork {
        user_id: Some("alice".into()),
        vlan,
        net_name: Some(name.into()),
        nameserver: Some("10.0.0.1".into()),
        cluster_controllers: clusters.iter().map(|&name| name.into()).collect(),
        ..Default::default()
    };
    let answer = world.cluster.start_network(request).await.unwrap();
    assert_eq!(answer.status_message.as_deref(), (answer.return_ != Some(true)).then_some("ERROR"));
    answer.return_
}

async fn public_addresses(world: &World) -> Vec<(String, String)> {
    let answer = world.cluster.describe_public_addresses(Default::default()).await.unwrap();
    assert_eq!((answer.return_, answer.status_message), (Some(true), None));
    assert_eq!(answer.source_addresses.len(), answer.dest_addresses.len());
    answer.source_addresses.into_iter().zip(answer.dest_addresses).collect()
}

fn pool(first: &str) -> Vec<(String, String)> {
    [("10.1.1.1", first), ("10.1.1.2", "")].map(|(public, private)| (public.into(), private.into())).into()
}

const MAP: Effect =
    Effect::MapAddress { public: Ipv4Addr::new(10, 1, 1, 1), private: Ipv4Addr::new(192, 168, 1, 2) };
const UNMAP: Effect =
    Effect::UnmapAddress { public: Ipv4Addr::new(10, 1, 1, 1), private: Ipv4Addr::new(192, 168, 1, 2) };
const ADD: Effect = Effect::AddPublicAddress(Ipv4Addr::new(10, 1, 1, 1));
const REMOVE: Effect = Effect::RemovePublicAddress(Ipv4Addr::new(10, 1, 1, 1));

#[tokio::test(start_paused = true)]
async fn a_public_address_is_assigned_when_the_host_has_done_its_part() {
    // Source, dest; what the host does; reply, orders, private address of 10.1.1.1 and public one of A.
    for (row, source, dest, plan, success, orders, mapped, told) in [
        (
            "cc_t128 net_t189",
            "10.1.1.1",
            "192.168.1.2",
            None,
            true,
            &[ADD, MAP][..],
            "192.168.1.2",
            "10.1.1.1",
        ),
        (
            "cc_t133 net_t182",
            "10.1.1.1",
            "192.168.1.2",
            Some(("add public address", exit(2))),
            true,
            &[ADD, MAP],
            "192.168.1.2",
            "10.1.1.1",
        ),
        (
            "cc_t134",
            "10.1.1.1",
            "192.168.1.2",
            Some(("add public address", exit(1))),
            false,
            &[ADD],
            "",
            "0.0.0.0",
        ),
        (
            "cc_t135, and half of it undone: Q-52",
            "10.1.1.1",
            "192.168.1.2",
            Some(("map address", exit(1))),
            false,
            &[ADD, MAP, REMOVE],
            "",
            "0.0.0.0",
        ),
        (
            "only adding may find it done",
            "10.1.1.1",
            "192.168.1.2",
            Some(("map address", exit(2))),
            false,
            &[ADD, MAP, REMOVE],
            "",
            "0.0.0.0",
        ),
        ("cc_t131 net_t183", "10.9.9.9", "192.168.1.2", None, false, &[], "", "0.0.0.0"),
        ("net_t185", "0.0.0.0", "192.168.1.2", None, false, &[], "", "0.0.0.0"),
        ("net_t185", "10.1.1.1", "0.0.0.0", None, false, &[], "", "0.0.0.0"),
        ("an empty dest", "10.1.1.1", "", None, false, &[], "", "0.0.0.0"),
        ("no address", "10.1.1.1", "192.168.1.2; reboot", None, false, &[], "", "0.0.0.0"),
    ] {
        let world = managed_world().await;
        if let Some((order, act)) = plan {
            world.fleet.host().plan(order, [act]);
        }
        assert_eq!(assigned(&world, source, dest).await, Some(success), "{row}");
        assert_eq!(world.fleet.host().take(), orders, "{row}");
        assert_eq!(public_ip(&world).await, told, "{row}");
        assert_eq!(public_addresses(&world).await, pool(mapped), "{row} cc_t125");
        assert!(world.fleet.foreground().is_empty(), "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_can_be_assigned_to_nobody_and_only_once() {
    let world = managed_world().await;
    let nobody = Effect::MapAddress { public: ip("10.1.1.1"), private: ip("192.168.1.9") };
    assert_eq!(assigned(&world, "10.1.1.1", "192.168.1.9").await, Some(true), "cc_t137");
    assert_eq!(world.fleet.host().take(), [ADD, nobody]);
    assert_eq!(public_ip(&world).await, "0.0.0.0");
    assert_eq!(assigned(&world, "10.1.1.1", "192.168.1.2").await, Some(true), "cc_t132");
    assert_eq!(world.fleet.host().take(), [], "cc_t132");
    assert_eq!(public_ip(&world).await, "10.1.1.1", "cc_t132");
    assert_eq!(public_addresses(&world).await, pool("192.168.1.9"), "cc_t132");
}

#[tokio::test(start_paused = true)]
async fn a_public_address_is_taken_back_whatever_the_host_says() {
    for (row, failing) in
        [("cc_t138 net_t181", &[][..]), ("cc_t141", &["unmap address", "remove public address"])]
    {
        let world = managed_world().await;
        assert_eq!(assigned(&world, "10.1.1.1", "192.168.1.2").await, Some(true));
        world.fleet.host().take();
        for order in failing {
            world.fleet.host().plan(order, [exit(1)]);
        }
        assert_eq!(unassigned(&world, "10.1.1.1", "192.168.1.2").await, Some(true), "{row}");
        assert_eq!(world.fleet.host().take(), [UNMAP, REMOVE], "{row}");
        assert_eq!(public_ip(&world).await, "0.0.0.0", "{row}");
        assert_eq!(public_addresses(&world).await, pool(""), "{row}");
    }
    let world = managed_world().await;
    assert_eq!(unassigned(&world, "10.1.1.2", "192.168.1.2").await, Some(true), "cc_t139");
    assert_eq!(world.fleet.host().take(), [Effect::RemovePublicAddress(ip("10.1.1.2"))], "cc_t139");
    assert_eq!(unassigned(&world, "10.9.9.9", "192.168.1.2").await, Some(false), "cc_t140");
    assert_eq!(world.fleet.host().take(), [], "cc_t140");
}

fn rule(dest: &str, port: i32, nets: &[&str]) -> cc::NetworkRule {
    cc::NetworkRule {
        type_: "firewall-open".into(),
        source_nets: nets.iter().map(|&net| net.into()).collect(),
        dest_user_name: Some("alice".into()),
        dest_name: dest.into(),
        protocol: "tcp".into(),
        port_range_min: port,
        port_range_max: port,
        ..Default::default()
    }
}

async fn configured(world: &World, rules: Vec<cc::NetworkRule>) -> Option<bool> {
    let request = cc::ConfigureNetwork { user_id: Some("alice".into()), rules, ..Default::default() };
    world.cluster.configure_network(request).await.unwrap().return_
}

fn permit(source: &str, port: u16) -> Rule {
    let ports = Ports { first: port, last: port };
    Rule { source: source.parse().unwrap(), traffic: Traffic::Tcp(Some(ports)) }
}

/// The host sees the outcome of flushes and rules, all at once.
#[tokio::test(start_paused = true)]
async fn rules_replace_those_of_their_group() {
    let any = &["0.0.0.0/0"];
    let ssh = || rule("default", 22, any);
    let named = |names: &[&str], users: &[&str], nets: &[&str]| cc::NetworkRule {
        source_names: names.iter().map(|&name| name.into()).collect(),
        user_names: users.iter().map(|&user| user.into()).collect(),
        ..rule("default", 80, nets)
    };
    let owner = |user: Option<&str>| cc::NetworkRule { dest_user_name: user.map(str::to_owned), ..ssh() };
    let own = "192.168.1.0/27";
    for (row, rules, success, expected) in [
        (
            "cc_t143",
            vec![ssh(), rule("default", 80, any)],
            true,
            Some(vec![permit(any[0], 22), permit(any[0], 80)]),
        ),
        (
            "cc_t144",
            vec![rule("default", 22, &["10.0.0.0/33"]), rule("default", 80, any)],
            false,
            Some(vec![]),
        ),
        (
            "cc_t145 Q-48",
            vec![ssh(), rule("web", 80, any), rule("default", 443, any)],
            true,
            Some(vec![permit(any[0], 443)]),
        ),
        ("cc_t148", vec![owner(None)], true, Some(vec![permit(any[0], 22)])),
        ("net_t147", vec![ssh(), rule("x", 22, any), rule("web", 80, any)], false, None),
        ("net_t147: meant for bob", vec![ssh(), owner(Some("bob"))], false, None),
        (
            "flushed for alice, nothing for bob",
            vec![cc::NetworkRule { source_nets: vec![], ..owner(Some("bob")) }],
            true,
            Some(vec![]),
        ),
        // Nothing but a missing owner makes a source fail alone.
        (
            "cc_t149",
            vec![named(&["default", "web"], &["alice"], any)],
            false,
            Some(vec![permit(own, 80), permit(any[0], 80)]),
        ),
        ("cc_t150", vec![rule("default", 22, &[])], true, Some(vec![])),
        ("no owners at all", vec![named(&["default"], &[], any)], true, Some(vec![permit(any[0], 80)])),
        ("unknown source", vec![named(&["x"], &["bob"], &[])], true, Some(vec![])),
        ("net_t137", vec![rule("x", 22, any)], false, None),
        ("cc_t146", vec![], true, None),
    ] {
        let world = managed_world().await;
        assert_eq!(started(&world, Some(11), "web", &[]).await, Some(true));
        assert_eq!(configured(&world, vec![rule("default", 1, any)]).await, Some(true));
        world.fleet.host().take();
        assert_eq!(configured(&world, rules).await, Some(success), "{row}");
        let of_default = |networks: Vec<Network>| networks.into_iter().find(|network| network.vlan == 10);
        let orders: Vec<_> = world
            .fleet
            .host()
            .take()
            .into_iter()
            .map(|order| match order {
                Effect::SetRules(networks) => of_default(networks).unwrap(),
                other => panic!("{row}: {other}"),
            })
            .collect();
        assert_eq!(orders, expected.iter().map(|rules| default_of_alice(rules)).collect::<Vec<_>>(), "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn net_t152_groups_of_one_name_get_their_rules_anew_each() {
    let world = managed_world().await;
    let start = cc::StartNetwork {
        user_id: Some("bob".into()),
        vlan: Some(11),
        net_name: Some("default".into()),
        ..Default::default()
    };
    assert_eq!(world.cluster.start_network(start).await.unwrap().return_, Some(true));
    let of = |user: &str, port| {
        let dest_user_name = Some(user.to_owned());
        cc::NetworkRule { dest_user_name, ..rule("default", port, &["0.0.0.0/0"]) }
    };
    // Ports opened for whom in this order; what the two groups have then.
    for (rules, alices, bobs) in [
        ([("alice", 1), ("bob", 2), ("alice", 3)], vec![1, 3], vec![2]),
        ([("alice", 22), ("bob", 80), ("bob", 443)], vec![22], vec![80, 443]),
        ([("bob", 22), ("alice", 80), ("bob", 443)], vec![80], vec![22, 443]),
    ] {
        world.fleet.host().take();
        let rules = rules.map(|(user, port)| of(user, port)).to_vec();
        assert_eq!(configured(&world, rules).await, Some(true));
        let orders = world.fleet.host().take();
        let [Effect::SetRules(networks)] = &orders[..] else { panic!("{orders:?}") };
        let told: Vec<_> = networks.iter().map(|it| (it.group.user.as_str(), it.rules.clone())).collect();
        let open =
            |ports: Vec<u16>| ports.into_iter().map(|port| permit("0.0.0.0/0", port)).collect::<Vec<_>>();
        assert_eq!(told, [("alice", open(alices)), ("bob", open(bobs))]);
    }
}

#[tokio::test(start_paused = true)]
async fn rules_the_host_refuses_are_not_in_force_after_a_restart_of_their_network() {
    let world = managed_world().await;
    let ssh = vec![rule("default", 22, &["0.0.0.0/0"])];
    assert_eq!(configured(&world, ssh).await, Some(true));
    world.fleet.host().plan("set rules", [exit(1)]);
    assert_eq!(configured(&world, vec![rule("default", 80, &["0.0.0.0/0"])]).await, Some(false));
    world.fleet.host().take();
    assert_eq!(started(&world, Some(10), "default", &[]).await, Some(true));
    let expected = default_of_alice(&[permit("0.0.0.0/0", 22)]);
    let state = State { networks: vec![expected.clone()], ..State::default() };
    assert_eq!(world.fleet.host().take(), [Effect::Restore(state), Effect::StartNetwork(expected)]);
}

/// Nothing is taken away only in the tables.
#[tokio::test(start_paused = true)]
async fn what_the_host_has_not_taken_away_is_taken_away_later() {
    let (default, mapped) = ([default_of_alice(&[])], [(ip("10.1.1.1"), ip("192.168.1.2"))]);
    let web = [Network { group: ("alice", "web").into(), ..default_of_alice(&[]) }];
    // The order that fails, and whatever else is asked; what there is to be.
    for (row, failing, networks, public) in [
        ("stop", "stop network", &[][..], &mapped[..]),
        ("start in place of another", "stop network", &web, &mapped),
        ("unassign", "unmap address", &default, &[]),
        ("unassign", "remove public address", &default, &[]),
        ("half of it", "remove public address", &default, &mapped),
    ] {
        for act in [exit(1), Act::Hang] {
            let world = managed_world().await;
            let host = world.fleet.host();
            assert_eq!(assigned(&world, "10.1.1.1", "192.168.1.2").await, Some(true), "{row}");
            host.plan(failing, [act, exit(0)]);
            host.plan("restore", [exit(1), exit(0)]);
            match row {
                "stop" => {
                    let request = cc::StopNetwork { vlan: Some(10), ..Default::default() };
                    assert_eq!(world.cluster.stop_network(request).await.unwrap().return_, Some(false));
                }
                "start in place of another" => {
                    assert_eq!(started(&world, Some(10), "web", &[]).await, Some(true));
                }
                "unassign" => {
                    assert_eq!(unassigned(&world, "10.1.1.1", "192.168.1.2").await, Some(true));
                }
                _ => {
                    host.plan("map address", [exit(1), exit(0)]);
                    assert_eq!(assigned(&world, "10.1.1.2", "192.168.1.3").await, Some(false));
                }
            }
            assert!(host.take().iter().all(|order| order.name() != "restore"), "{row}: not in the same turn");
            sleep(seconds(60.0)).await;
            let restored = State { networks: networks.to_vec(), public: public.to_vec(), tunnels: None };
            let orders: Vec<_> = host.take().into_iter().filter(|it| it.name() == "restore").collect();
            assert_eq!(orders, vec![Effect::Restore(restored); 2], "{row}: until it works");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_network_is_started_after_the_tunnels_are_set_up() {
    let two = &["10.0.0.2", "other"][..];
    let nine: Vec<_> = (1..10).map(|last| format!("10.0.0.{last}")).collect();
    let nine: Vec<_> = nine.iter().map(String::as_str).collect();
    let join = Effect::JoinClusters(Tunnels {
        clusters: vec![ip("10.0.0.2"), ip("10.0.0.3")],
        own: Some(0),
        vlans: vec![10],
    });
    let web = Network {
        vlan: 11,
        subnet: "192.168.1.32/27".parse().unwrap(),
        group: ("alice", "web").into(),
        rules: vec![],
    };
    let start = Effect::StartNetwork(web);
    for (row, vlan, clusters, failing, success, orders, is_active) in [
        ("cc_t151", Some(11), two, None, true, vec![join.clone(), start.clone()], true),
        ("cc_t152", Some(11), two, Some("start network"), false, vec![join.clone(), start.clone()], false),
        ("Q-57", Some(11), two, Some("join clusters"), true, vec![join.clone(), start.clone()], true),
        ("cc_t154", Some(11), &nine, None, true, vec![start.clone()], true),
        ("cc_t155", None, two, None, true, vec![join.clone()], false),
        ("Q-84", Some(0), two, None, true, vec![join.clone()], false),
        ("negative", Some(-1), two, None, false, vec![join.clone()], false),
        ("net_t104", Some(1), &[], None, false, vec![], false),
        ("net_t104", Some(2047), &[], None, false, vec![], false),
        ("net_t105", Some(2048), &[], None, false, vec![], false),
    ] {
        let world = managed_world().await;
        world.fleet.name("other", [10, 0, 0, 3]);
        if let Some(order) = failing {
            world.fleet.host().plan(order, [exit(1)]);
        }
        assert_eq!(started(&world, vlan, "web", clusters).await, Some(success), "{row}");
        assert_eq!(world.fleet.host().take(), orders, "{row}");
        assert_eq!(world.cluster.nameserver(), Some(ip("10.0.0.1")), "{row}");
        let told = world.cluster.describe_networks(Default::default()).await.unwrap();
        let vlans: Vec<_> = told.active_networks.iter().map(|network| network.vlan).collect();
        assert_eq!(vlans, if is_active { vec![10, 11] } else { vec![10] }, "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_without_an_address_is_no_cluster() {
    let world = managed_world().await;
    assert_eq!(started(&world, None, "web", &["badhost", "10.0.0.2"]).await, Some(true));
    let join = Tunnels { clusters: vec![ip("10.0.0.2")], own: Some(0), vlans: vec![10] };
    assert_eq!(world.fleet.host().take(), [Effect::JoinClusters(join)], "net_t226");
}

#[tokio::test(start_paused = true)]
async fn a_network_is_stopped_whatever_the_host_says() {
    for (row, vlan, name, failing, success, orders) in [
        ("cc_t156", Some(10), Some("default"), false, true, 1),
        ("cc_t156", Some(10), Some("default"), true, false, 1),
        ("Q-56", Some(10), None, false, true, 1),
        ("not active", Some(11), Some("web"), false, true, 0),
        ("net_t107", Some(2048), Some("x"), false, true, 0),
        ("negative", Some(-1), Some("x"), false, true, 0),
        ("absent", None, None, false, true, 0),
    ] {
        let world = managed_world().await;
        if failing {
            world.fleet.host().plan("stop network", [exit(1)]);
        }
        let net_name = name.map(str::to_owned);
        let request = cc::StopNetwork { vlan, net_name, user_id: Some("alice".into()), ..Default::default() };
        assert_eq!(world.cluster.stop_network(request).await.unwrap().return_, Some(success), "{row}");
        let expected = vec![Effect::StopNetwork(default_of_alice(&[])); orders];
        assert_eq!(world.fleet.host().take(), expected, "{row}");
        assert_eq!(active(&world).await.is_some(), orders == 0, "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_groups_network_on_the_same_vlan_makes_way() {
    let world = managed_world().await;
    assert_eq!(started(&world, Some(10), "web", &[]).await, Some(true));
    let web = Network { group: ("alice", "web").into(), ..default_of_alice(&[]) };
    let expected = [Effect::StopNetwork(default_of_alice(&[])), Effect::StartNetwork(web)];
    assert_eq!(world.fleet.host().take(), expected);
    assert_eq!(active(&world).await, Some(vec![2, 3, 4]), "guests keep their addresses");
}

/// Of several clusters only one is told that a network is over (clc.md §7.3).
#[tokio::test(start_paused = true)]
async fn a_group_has_one_network_as_soon_as_its_guests_have_left_the_others() {
    let world = managed_world().await;
    let on = |vlan: u16, rules: &[Rule]| {
        let subnet = format!("192.168.1.{}/27", (vlan - 10) * 32).parse().unwrap();
        Network { vlan, subnet, ..default_of_alice(rules) }
    };
    assert_eq!(started(&world, Some(12), "default", &[]).await, Some(true));
    assert_eq!(world.fleet.host().take(), [Effect::StartNetwork(on(12, &[]))], "A, B and C are on VLAN 10");
    assert_eq!(configured(&world, vec![rule("default", 22, &["0.0.0.0/0"])]).await, Some(true));
    let ssh = [permit("0.0.0.0/0", 22)];
    assert_eq!(world.fleet.host().take(), [Effect::SetRules(vec![on(10, &ssh), on(12, &ssh)])], "Q-08");
    assert_eq!(started(&world, Some(13), "default", &[]).await, Some(true));
    let expected = [Effect::StopNetwork(on(12, &ssh)), Effect::StartNetwork(on(13, &[]))];
    assert_eq!(world.fleet.host().take(), expected);
    let all =
        cc::TerminateInstances { instance_ids: [A, B, C].map(String::from).into(), ..Default::default() };
    world.cluster.terminate_instances(all).await.unwrap();
    assert_eq!(started(&world, Some(13), "default", &[]).await, Some(true));
    let expected = [Effect::StopNetwork(on(10, &ssh)), Effect::StartNetwork(on(13, &[]))];
    assert_eq!(world.fleet.host().take(), expected);
    assert_eq!(active(&world).await, None);
}

/// The CLC gives the VLAN to the next group that needs one.
#[tokio::test(start_paused = true)]
async fn what_admits_a_group_ends_with_its_network() {
    let started_by_bob = |world: &World| {
        let cluster = world.cluster.clone();
        async move {
            let request = cc::StartNetwork {
                user_id: Some("bob".into()),
                vlan: Some(11),
                net_name: Some("web".into()),
                ..Default::default()
            };
            cluster.start_network(request).await.unwrap().return_
        }
    };
    let web = |user: &str| Network {
        vlan: 11,
        subnet: "192.168.1.32/27".parse().unwrap(),
        group: (user, "web").into(),
        rules: vec![],
    };
    let ssh = || rule("default", 22, &["0.0.0.0/0"]);
    let from_web = || cc::NetworkRule {
        source_names: vec!["web".into()],
        user_names: vec!["alice".into()],
        ..rule("default", 3306, &[])
    };
    let closed = || Effect::SetRules(vec![default_of_alice(&[permit("0.0.0.0/0", 22)])]);
    let (stop, start) = (Effect::StopNetwork(web("alice")), Effect::StartNetwork(web("bob")));
    for stopped in [true, false] {
        let world = managed_world().await;
        assert_eq!(started(&world, Some(11), "web", &[]).await, Some(true));
        assert_eq!(configured(&world, vec![ssh(), from_web()]).await, Some(true));
        world.fleet.host().take();
        if stopped {
            let request = cc::StopNetwork { vlan: Some(11), ..Default::default() };
            assert_eq!(world.cluster.stop_network(request).await.unwrap().return_, Some(true));
            assert_eq!(world.fleet.host().take(), [closed(), stop.clone()]);
        } else {
            // The host cannot: then there is no new network, nor is there the former one.
            world.fleet.host().plan("set rules", [exit(1), exit(0)]);
            assert_eq!(started_by_bob(&world).await, Some(false));
            assert_eq!(world.fleet.host().take()[0], closed());
        }
        assert_eq!(started_by_bob(&world).await, Some(true));
        assert_eq!(world.fleet.host().take().last(), Some(&start));
        sleep(seconds(1.0)).await;
        let (fleet, disk) = world.crash().await;
        fleet.host().take();
        let world = World::restart(managed(), fleet, &NODES, &disk);
        sleep(seconds(0.1)).await;
        let networks = vec![default_of_alice(&[permit("0.0.0.0/0", 22)]), web("bob")];
        assert_eq!(world.fleet.host().take()[0], Effect::Restore(State { networks, ..State::default() }));
    }
}

#[tokio::test(start_paused = true)]
async fn cc_t158_active_networks_are_told_and_the_tunnels_follow() {
    let world = managed_world().await;
    let request = cc::DescribeNetworks {
        nameserver: Some("10.0.0.1".into()),
        cluster_controllers: vec!["10.0.0.2".into()],
        ..Default::default()
    };
    let answer = world.cluster.describe_networks(request).await.unwrap();
    let expected = cc::DescribeNetworksResponse {
        return_: Some(true),
        mode: Some(1),
        addrs_per_net: Some(32),
        active_networks: vec![cc::Network {
            vlan: 10,
            net_name: "default".into(),
            user_name: "alice".into(),
            active_addrs: vec![0, 1, 2, 3, 4, 31], // net_t061, net_t062
        }],
        ..Default::default()
    };
    assert_eq!(answer, expected);
    assert_eq!(world.fleet.host().take(), [], "the answer does not wait for the host");
    sleep(seconds(0.1)).await;
    let join = Tunnels { clusters: vec![ip("10.0.0.2")], own: Some(0), vlans: vec![10] };
    assert_eq!(world.fleet.host().take(), [Effect::JoinClusters(join.clone())]);
    // Looked after once a period (§3.1), until there is nobody to be joined with.
    sleep(seconds(13.0)).await;
    let mut orders = world.fleet.host().take();
    orders.retain(|order| order.name() != "serve DHCP"); // Guests are told of the name server.
    assert_eq!(orders, vec![Effect::JoinClusters(join); 2]);
    let alone = cc::DescribeNetworks { cluster_controllers: vec!["10.0.0.9".into()], ..Default::default() };
    world.cluster.describe_networks(alone).await.unwrap();
    sleep(seconds(30.0)).await;
    let none = Tunnels { vlans: vec![10], ..Tunnels::default() };
    assert_eq!(world.fleet.host().take(), [Effect::JoinClusters(none)], "net_t223");
}

#[tokio::test(start_paused = true)]
async fn the_host_is_restored_before_anything_else() {
    let world = World::start(managed(), Fleet::new(), &NODES);
    world.fleet.host().plan("restore", [exit(1), exit(0)]);
    sleep(seconds(0.1)).await;
    assert_eq!(world.fleet.host().take(), [Effect::Restore(State::default())]);
    assert_eq!(started(&world, Some(10), "default", &[]).await, Some(true));
    let [restore, start] = &world.fleet.host().take()[..] else { panic!("two orders") };
    assert_eq!((restore.name(), start.name()), ("restore", "start network"), "tried again until it works");
    assert_eq!(started(&world, Some(10), "default", &[]).await, Some(true));
    assert_eq!(world.fleet.host().take(), [Effect::StartNetwork(default_of_alice(&[]))], "and then no more");
}

/// A command that hangs ends its own operation, and no other waits for it longer than it may wait itself.
#[tokio::test(start_paused = true)]
async fn a_host_that_hangs_holds_up_nothing_for_long() {
    let world = managed_world().await;
    world.fleet.host().plan("map address", [Act::Hang, exit(0)]);
    let start = Instant::now();
    let cluster = world.cluster.clone();
    let hanging = tokio::spawn(async move {
        let request =
            cc::AssignAddress { source: "10.1.1.1".into(), dest: "192.168.1.2".into(), ..Default::default() };
        cluster.assign_address(request).await.unwrap().return_
    });
    sleep(seconds(1.0)).await;
    // What needs only the tables goes on.
    let placed = world.cluster.run_instances(run_managed(&["i-3F2506A1"], &[5])).await.unwrap();
    assert_eq!(placed.instances.len(), 1);
    assert_eq!(active(&world).await, Some(vec![2, 3, 4, 5]));
    assert_eq!(start.elapsed().as_secs(), 1);
    // What needs the host comes next.
    assert_eq!(assigned(&world, "10.1.1.2", "192.168.1.3").await, Some(true));
    assert_eq!(start.elapsed().as_secs(), 20);
    assert_eq!(hanging.await.unwrap(), Some(false));
    let orders: Vec<_> = world.fleet.host().take().iter().map(Effect::name).collect();
    let undone = ["add public address", "map address", "remove public address"];
    assert_eq!(orders[..3], undone);
    assert_eq!(orders[orders.len() - 2..], ["add public address", "map address"]);

    for order in ["add public address", "remove public address", "serve DHCP"] {
        world.fleet.host().plan(order, [Act::Hang]);
    }
    let start = Instant::now();
    let all: Vec<_> = (0..8)
        .map(|_| {
            let cluster = world.cluster.clone();
            tokio::spawn(async move {
                let request = cc::AssignAddress {
                    source: "10.1.1.1".into(),
                    dest: "192.168.1.2".into(),
                    ..Default::default()
                };
                (cluster.assign_address(request).await.unwrap().return_, start.elapsed())
            })
        })
        .collect();
    for one in all {
        let (success, after) = one.await.unwrap();
        assert!(success == Some(false) && after <= seconds(45.0), "{after:?}: P-15");
    }
}

/// The host is restored once, and nothing is given to anybody twice.
#[tokio::test(start_paused = true)]
async fn cc_t195_a_restart_finds_networks_rules_and_addresses() {
    let world = managed_world().await;
    assert_eq!(started(&world, Some(11), "web", &["10.0.0.2"]).await, Some(true));
    assert_eq!(configured(&world, vec![rule("default", 22, &["0.0.0.0/0"])]).await, Some(true));
    assert_eq!(assigned(&world, "10.1.1.1", "192.168.1.2").await, Some(true));
    assert_eq!(
        world.cluster.run_instances(run_managed(&["i-3F2506A1"], &[5])).await.unwrap().instances.len(),
        1
    );
    let networks = |world: &World| {
        let cluster = world.cluster.clone();
        async move { cluster.describe_networks(cc::DescribeNetworks::default()).await.unwrap() }
    };
    let before = (networks(&world).await, public_addresses(&world).await, public_ip(&world).await);
    sleep(seconds(1.0)).await;

    let (fleet, disk) = world.crash().await;
    fleet.host().take();
    let world = World::restart(managed(), fleet, &NODES, &disk);
    sleep(seconds(30.0)).await;
    assert_eq!((networks(&world).await, public_addresses(&world).await, public_ip(&world).await), before);
    assert_eq!(world.cluster.nameserver(), Some(ip("10.0.0.1")));
    let orders = world.fleet.host().take();
    let join = Tunnels { clusters: vec![ip("10.0.0.2")], own: Some(0), vlans: vec![10, 11] };
    let state = State {
        networks: vec![
            default_of_alice(&[permit("0.0.0.0/0", 22)]),
            Network {
                vlan: 11,
                subnet: "192.168.1.32/27".parse().unwrap(),
                group: ("alice", "web").into(),
                rules: vec![],
            },
        ],
        public: vec![(ip("10.1.1.1"), ip("192.168.1.2"))],
        tunnels: Some(join.clone()),
    };
    assert_eq!(orders[0], Effect::Restore(state));
    assert!(
        matches!(&orders[1], Effect::ServeDhcp(dhcp) if dhcp.subnets[0].hosts.len() == 4),
        "{:?}",
        orders[1]
    );
    assert!(orders.len() > 4 && orders[2..].iter().all(|order| *order == Effect::JoinClusters(join.clone())));
    for index in [2, 3, 4, 5] {
        let again = world.cluster.run_instances(run_managed(&["i-3F2506A2"], &[index])).await.unwrap();
        assert_eq!(again.instances.len(), 0, "{index} is in use");
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_made_durable_is_taken_back() {
    let world = managed_world().await;
    world.disk.plan([Some(Fault::Fails)]);
    assert_eq!(assigned(&world, "10.1.1.1", "192.168.1.2").await, Some(false));
    assert_eq!(world.fleet.host().take(), [ADD, MAP, UNMAP, REMOVE]);
    assert_eq!((public_addresses(&world).await, public_ip(&world).await), (pool(""), "0.0.0.0".into()));

    sleep(seconds(30.0)).await;
    assert_eq!(assigned(&world, "10.1.1.1", "192.168.1.2").await, Some(true));
    world.fleet.host().take();
    world.disk.plan([Some(Fault::Fails)]);
    assert_eq!(unassigned(&world, "10.1.1.1", "192.168.1.2").await, Some(false));
    assert_eq!(world.fleet.host().take(), [UNMAP, REMOVE, ADD, MAP]);
    assert_eq!(
        (public_addresses(&world).await, public_ip(&world).await),
        (pool("192.168.1.2"), "10.1.1.1".into())
    );

    sleep(seconds(30.0)).await;
    world.disk.plan([Some(Fault::Fails)]);
    let refused = world.cluster.run_instances(run_managed(&["i-3F2506A1"], &[5])).await.unwrap();
    assert_eq!(refused.return_, Some(false));
    assert_eq!(active(&world).await, Some(vec![2, 3, 4]));
}
