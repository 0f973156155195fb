//! Instances with addresses of the virtual network: what they are given, and when it is taken back.

use std::net::Ipv4Addr;

use euca_cluster::ClusterSettings;
use euca_cluster::schedule::Policy;
use euca_vnet::Effect;
use euca_vnet::testing::exit;
use euca_wire::{ClusterApi, cc, nc};
use tokio::time::sleep;

use crate::fixture::{
    A, B, C, NODES, X, active, described, fixed, free_and_max, guest, instance, managed, managed_world,
    managed_world_with, round_robin, run, run_managed, seconds, start_default,
};
use crate::fleet::{Act, Fleet, World, url};

const RUN: &str = "ncRunInstance";
const TERMINATE: &str = "ncTerminateInstance";
const NEW: &str = "i-3F2506A1";

/// Runs, and gives the network parameters of the instances that were placed; `None` for `ERROR`.
async fn placed(world: &World, request: cc::RunInstances) -> Option<Vec<cc::NetConfig>> {
    let answer = world.cluster.run_instances(request).await.unwrap();
    let success = answer.return_.unwrap();
    assert_eq!(answer.status_message.as_deref(), (!success).then_some("ERROR"));
    success.then(|| answer.instances.into_iter().map(|told| told.net_params.clone().unwrap()).collect())
}

async fn terminate(world: &World, ids: &[&str]) {
    let request = cc::TerminateInstances {
        instance_ids: ids.iter().map(|&id| id.into()).collect(),
        ..Default::default()
    };
    let answer = world.cluster.terminate_instances(request).await.unwrap();
    assert_eq!(answer.return_, Some(true));
    assert_eq!(answer.is_terminated, vec![true; ids.len()], "Q-09");
}

/// The orders to the host that concern DHCP, as the guests each of them names.
fn served(world: &World) -> Vec<Vec<Ipv4Addr>> {
    let orders = world.fleet.host().take();
    let guests = |order| match order {
        Effect::ServeDhcp(dhcp) => Some(
            dhcp.subnets.into_iter().flat_map(|subnet| subnet.hosts).map(|(_, address)| address).collect(),
        ),
        _ => None,
    };
    orders.into_iter().filter_map(guests).collect()
}

fn guests(last: &[u8]) -> Vec<Ipv4Addr> {
    last.iter().map(|last| Ipv4Addr::new(192, 168, 1, *last)).collect()
}

#[tokio::test(start_paused = true)]
async fn cc_t069_an_instance_gets_the_address_of_its_index() {
    let world = managed_world().await;
    let answer = world.cluster.run_instances(run_managed(&[NEW], &[5])).await.unwrap();
    let told = &answer.instances[0];
    let net = cc::NetConfig {
        private_mac_address: "D0:0D:3F:25:06:A1".into(),
        private_ip: "192.168.1.5".into(),
        public_ip: "0.0.0.0".into(),
        vlan: 10,
        network_index: 5,
    };
    assert_eq!(told.net_params.as_ref(), Some(&net));
    assert_eq!(told.state_name.as_deref(), Some("Pending"));
    assert_eq!(told.owner_id.as_deref(), Some("alice"));
    assert_eq!(told.service_tag, Some(url("n0")));
    assert_eq!(described(&world, NEW).await.as_ref(), Some(&**told), "DescribeInstances lists it at once");
    assert_eq!(free_and_max(&world).await, (11, 12));
    assert_eq!(active(&world).await, Some(vec![2, 3, 4, 5]));

    sleep(seconds(0.1)).await;
    assert_eq!(world.fleet.foreground(), [("n0".to_owned(), "ncStartNetwork"), ("n0".to_owned(), RUN)]);
    assert_eq!(world.fleet.requests::<nc::NcStartNetwork>()[0].1.vlan, Some(10));
    let sent = world.fleet.requests::<nc::NcRunInstance>()[0].1.net_params.clone();
    let expected = nc::NetConfig {
        private_mac_address: "D0:0D:3F:25:06:A1".into(),
        private_ip: "192.168.1.5".into(),
        public_ip: "0.0.0.0".into(),
        vlan: 10,
        network_index: 5,
    };
    assert_eq!(sent, expected);
    sleep(seconds(1.0)).await;
    assert_eq!(served(&world), [guests(&[2, 3, 4, 5])], "the DHCP server knows it within a second");
    world.fleet.script("n0", |script| script.instances.push(guest(NEW, "Extant", 5)));
    world.poll().await;
    assert_eq!(described(&world, NEW).await.unwrap().net_params, Some(net));
}

#[tokio::test(start_paused = true)]
async fn instances_go_where_the_policy_says() {
    for (row, policy, runs, expected) in [
        ("cc_t070", Policy::RoundRobin, 4, &["n0", "n1", "n2", "n0"][..]),
        ("cc_t071", Policy::Greedy, 5, &["n0", "n0", "n0", "n0", "n1"]),
    ] {
        let world = managed_world_with(ClusterSettings { policy, ..managed() }).await;
        for run in 0..runs {
            let request = run_managed(&[&format!("i-0000001{run}")], &[5 + run]);
            let net = placed(&world, request).await.unwrap().remove(0);
            assert_eq!(
                (net.private_ip, net.network_index),
                (format!("192.168.1.{}", 5 + run), 5 + run),
                "{row}"
            );
        }
        sleep(seconds(0.1)).await;
        assert_eq!(world.fleet.nodes_called(RUN), expected, "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_finds_no_room_leaves_no_address_behind() {
    let world = managed_world().await;
    let mut huge = run_managed(&[NEW], &[5]);
    huge.instance_type.as_mut().unwrap().memory = Some(8192);
    assert_eq!(placed(&world, huge).await, Some(vec![]), "cc_t072");
    assert_eq!(active(&world).await, Some(vec![2, 3, 4]), "cc_t072");

    for node in ["n1", "n2"] {
        world.fleet.script(node, |script| script.resources[1] = (0, 0, 0));
    }
    world.fleet.script("n0", |script| script.resources[1].2 = 2);
    world.poll().await;
    let ids = ["i-00000011", "i-00000012", "i-00000013"];
    let addresses: Vec<_> = placed(&world, run_managed(&ids, &[5, 6, 7]))
        .await
        .unwrap()
        .into_iter()
        .map(|net| net.private_ip)
        .collect();
    assert_eq!(addresses, ["192.168.1.5", "192.168.1.6"], "cc_t073");
    assert_eq!(active(&world).await, Some(vec![2, 3, 4, 5, 6]), "cc_t073");

    for node in NODES {
        world.fleet.plan(node, "ncDescribeResource", [Act::Refuse]);
    }
    world.poll().await;
    assert_eq!(placed(&world, run_managed(&[NEW], &[8])).await, Some(vec![]), "as row 102");
    world.cluster.set_nodes(vec![]);
    assert_eq!(placed(&world, run_managed(&[NEW], &[8])).await, Some(vec![]), "cc_t101");
    assert_eq!(active(&world).await, Some(vec![2, 3, 4, 5, 6]), "cc_t101");
    sleep(seconds(0.1)).await;
    assert_eq!(world.fleet.nodes_called(RUN).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn indexes_must_be_possible_and_free() {
    // Counts, indexes; addresses of the instances placed, or ERROR.
    for (row, minimum, ids, indices, expected) in [
        ("cc_t078", 2, &[NEW, X][..], &[5][..], None),
        ("cc_t079", 1, &[NEW], &[5, 6], None),
        ("cc_t080 net_t069", 1, &[NEW], &[32], None),
        ("cc_t081", 1, &[NEW], &[-1], None),
        ("cc_t082", 1, &[NEW], &[31], Some(&[][..])),
        ("Q-23", 1, &[NEW], &[0], Some(&[])),
        ("Q-23", 1, &[NEW], &[1], Some(&[])),
        ("cc_t083", 1, &[NEW], &[2], Some(&[])),
        ("cc_t084", 1, &[NEW], &[], Some(&[("192.168.1.5", -1)])),
        ("cc_t091", 2, &[NEW, NEW], &[5, 6], Some(&[("192.168.1.5", 5)])),
        ("cc_t105", 1, &[NEW, X], &[5], Some(&[("192.168.1.5", 5)])),
        ("cc_t088", 1, &["i-123"], &[5], Some(&[])),
        ("net_t005", 1, &["i-zzzzzzzz"], &[5], Some(&[])),
        ("cc_t090", 1, &[A], &[2], Some(&[])),
    ] {
        let world = managed_world().await;
        let request = cc::RunInstances { min_count: minimum, ..run_managed(ids, indices) };
        let given = placed(&world, request).await;
        let given = given
            .map(|nets| nets.into_iter().map(|net| (net.private_ip, net.network_index)).collect::<Vec<_>>());
        let expected = expected
            .map(|nets| nets.iter().map(|(ip, index)| ((*ip).to_owned(), *index)).collect::<Vec<_>>());
        assert_eq!(given, expected, "{row}");
        let launched = expected.unwrap_or_default().len();
        let all = [2, 3, 4, 5];
        assert_eq!(active(&world).await.as_deref(), Some(&all[..3 + launched]), "{row}");
        sleep(seconds(0.1)).await;
        assert_eq!(world.fleet.nodes_called(RUN).len(), launched, "{row}");
        assert_eq!(
            described(&world, A).await.unwrap().net_params.unwrap().private_ip,
            "192.168.1.2",
            "{row}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_network_that_is_not_planned_has_no_addresses() {
    for vlan in [-1, 0, 1, 2047, i32::MAX] {
        let world = managed_world().await;
        let request = cc::RunInstances { vlan, ..run_managed(&[NEW], &[5]) };
        assert_eq!(placed(&world, request).await, Some(vec![]), "{vlan}");
    }
}

#[tokio::test(start_paused = true)]
async fn static_addresses_are_given_while_there_are_any() {
    let world = World::start(fixed(&[("AA:DD:11:CE:FF:ED", "192.168.5.2")]), Fleet::new(), &NODES);
    sleep(seconds(0.1)).await;
    let orders = world.fleet.host().take();
    assert!(
        matches!(&orders[..], [Effect::ServeDhcp(dhcp)] if dhcp.subnets.len() == 1 && !dhcp.has_hosts()),
        "net_t083: {orders:?}"
    );
    let given = placed(&world, run(&[NEW])).await.unwrap();
    let net = cc::NetConfig {
        private_mac_address: "AA:DD:11:CE:FF:ED".into(),
        private_ip: "192.168.5.2".into(),
        public_ip: "192.168.5.2".into(),
        vlan: -1,
        network_index: -1,
    };
    assert_eq!(given, [net], "cc_t086");
    assert_eq!(placed(&world, run(&[X])).await, Some(vec![]), "cc_t087");
    sleep(seconds(1.0)).await;
    assert_eq!(world.fleet.nodes_called(RUN), ["n0"]);
    assert_eq!(served(&world), [[Ipv4Addr::new(192, 168, 5, 2)]]);
    terminate(&world, &[NEW]).await;
    assert_eq!(placed(&world, run(&[X])).await.unwrap().len(), 1, "free again");
    terminate(&world, &[NEW]).await;
    assert_eq!(placed(&world, run(&[B])).await, Some(vec![]), "the address is not NEW's any more");
}

#[tokio::test(start_paused = true)]
async fn the_dhcp_server_is_told_when_the_last_guest_has_gone() {
    let world = managed_world().await;
    terminate(&world, &[A, B, C]).await;
    sleep(seconds(10.0)).await;
    assert_eq!(active(&world).await, Some(vec![]));
    assert_eq!(served(&world), [guests(&[])], "once");
}

#[tokio::test(start_paused = true)]
async fn the_dhcp_server_is_told_of_a_network_that_is_stopped() {
    let world = managed_world().await;
    let stop = cc::StopNetwork { vlan: Some(10), ..Default::default() };
    assert_eq!(world.cluster.stop_network(stop).await.unwrap().return_, Some(true));
    sleep(seconds(10.0)).await;
    assert_eq!(served(&world), [guests(&[])], "Q-09");
}

#[tokio::test(start_paused = true)]
async fn net_t210_in_system_mode_the_host_hears_nothing_of_instances() {
    let world = World::start(round_robin(), Fleet::new(), &NODES);
    sleep(seconds(0.1)).await;
    assert_eq!(placed(&world, run(&[NEW])).await.unwrap().len(), 1);
    sleep(seconds(10.0)).await;
    assert_eq!(world.fleet.nodes_called(RUN), ["n0"], "which is when the DHCP server is told elsewhere");
    terminate(&world, &[NEW]).await;
    sleep(seconds(10.0)).await;
    assert_eq!(world.fleet.host().take(), []);
}

#[tokio::test(start_paused = true)]
async fn net_t214_a_name_server_that_is_none_is_told_no_guest() {
    let world = managed_world().await;
    let guests_ask = || {
        let orders = world.fleet.host().take();
        let of_dhcp = orders.into_iter().filter_map(|order| match order {
            Effect::ServeDhcp(dhcp) => Some(dhcp.subnets.into_iter().flat_map(|subnet| subnet.dns).collect()),
            _ => None,
        });
        of_dhcp.collect::<Vec<Vec<Ipv4Addr>>>()
    };
    let site = Ipv4Addr::new(10, 0, 0, 53);
    for (index, (nameserver, asked)) in
        [("none", vec![site]), ("10.0.0.9", vec![site, [10, 0, 0, 9].into()])].into_iter().enumerate()
    {
        let describe = cc::DescribeNetworks { nameserver: Some(nameserver.into()), ..Default::default() };
        assert_eq!(world.cluster.describe_networks(describe).await.unwrap().return_, Some(true));
        let request = run_managed(&[&format!("i-0000001{index}")], &[5 + i32::try_from(index).unwrap()]);
        assert_eq!(placed(&world, request).await.unwrap().len(), 1);
        sleep(seconds(1.0)).await;
        assert_eq!(guests_ask(), [asked], "net_t214 {nameserver}");
    }
    // Guests that ask already are told of another one too.
    for asked in [vec![vec![site, [10, 0, 0, 8].into()]], vec![]] {
        let describe = cc::DescribeNetworks { nameserver: Some("10.0.0.8".into()), ..Default::default() };
        world.cluster.describe_networks(describe).await.unwrap();
        sleep(seconds(1.0)).await;
        assert_eq!(guests_ask(), asked, "once");
    }
}

#[tokio::test(start_paused = true)]
async fn cc_t094_a_launch_that_is_given_up_frees_its_address() {
    let world = managed_world().await;
    for operation in [RUN, "ncStartNetwork"] {
        world.fleet.plan("n0", operation, [Act::Refuse]);
    }
    assert_eq!(placed(&world, run_managed(&[NEW], &[5])).await.unwrap().len(), 1);
    sleep(seconds(298.0)).await;
    assert_eq!(active(&world).await, Some(vec![2, 3, 4, 5]));
    assert!(described(&world, NEW).await.is_some());
    sleep(seconds(12.0)).await;
    // B has expired too, but its node had accepted it: it may be there.
    assert_eq!(active(&world).await, Some(vec![2, 3, 4]));
    assert_eq!(free_and_max(&world).await, (12, 12), "and its capacity");
    assert!(described(&world, NEW).await.is_none());
    sleep(seconds(60.0)).await;
    let rounds = world.fleet.calls(RUN, |call| call.at);
    assert!((298..=301).contains(&rounds.len()), "{} rounds", rounds.len());
}

/// What was not answered may have been done.
#[tokio::test(start_paused = true)]
async fn the_address_of_a_launch_that_was_not_answered_is_kept_until_the_node_denies_it() {
    for runs in [false, true] {
        let world = managed_world().await;
        world.fleet.plan_all("n0", Act::Hang);
        assert_eq!(placed(&world, run_managed(&[NEW], &[5])).await.unwrap().len(), 1);
        sleep(seconds(500.0)).await;
        assert_eq!(active(&world).await.unwrap().last(), Some(&5), "given up, in doubt");
        if runs {
            world.fleet.script("n0", |script| script.instances = vec![guest(NEW, "Extant", 5)]);
        }
        world.fleet.plan_all("n0", Act::True);
        sleep(seconds(100.0)).await;
        assert_eq!(active(&world).await.unwrap().contains(&5), runs);
        assert_eq!(described(&world, NEW).await.is_some(), runs);
    }
}

/// The column "isTerminated" of §13 is the internal value; the wire always says true.
#[tokio::test(start_paused = true)]
async fn terminating_frees_the_address_at_once() {
    for (row, ids, called, left) in [
        ("cc_t057", &[A][..], &["n1"][..], &[3, 4][..]),
        ("cc_t060", &[X], &[], &[2, 3, 4]),
        ("cc_t063", &[A, A], &["n1", "n1"], &[3, 4]),
        ("cc_t064", &[A, B, X, C], &["n0", "n1", "n2"], &[]),
    ] {
        let world = managed_world().await;
        let before = described(&world, A).await;
        let mut terminated = std::pin::pin!(terminate(&world, ids));
        // As far as it gets without waiting for anything.
        let waits = futures_util::poll!(&mut terminated).is_pending();
        assert!(world.fleet.foreground().is_empty(), "{row}: no node has heard of it");
        assert_eq!(active(&world).await.as_deref(), Some(left), "{row}");
        if waits {
            terminated.await;
        }
        sleep(seconds(0.1)).await;
        let mut nodes = world.fleet.nodes_called(TERMINATE);
        nodes.sort();
        assert_eq!(nodes, called, "{row}");
        assert_eq!(described(&world, A).await, before, "{row}: the record is unchanged");
    }
}

#[tokio::test(start_paused = true)]
async fn terminating_frees_the_address_whatever_the_node_does() {
    async fn terminated(row: &str, prepare: impl Fn(&World), called: &[&str]) {
        let world = managed_world().await;
        prepare(&world);
        world.poll().await;
        terminate(&world, &[A]).await;
        assert_eq!(active(&world).await, Some(vec![3, 4]), "{row}");
        sleep(seconds(0.1)).await;
        assert_eq!(world.fleet.nodes_called(TERMINATE), called, "{row}");
    }
    terminated("cc_t058", |world| world.fleet.plan("n1", TERMINATE, [Act::Hang]), &["n1"]).await;
    terminated("cc_t059", |world| world.fleet.plan("n1", "ncDescribeResource", [Act::Refuse]), &[]).await;
    let unknown = |script: &mut crate::fleet::Script| script.instances = vec![guest(A, "Unknown", 2)];
    terminated("cc_t067", |world| world.fleet.script("n1", unknown), &["n1"]).await;
}

#[tokio::test(start_paused = true)]
async fn cc_t065_terminating_ends_a_launch_and_frees_its_address() {
    let world = managed_world().await;
    world.fleet.plan("n0", RUN, [Act::False]);
    placed(&world, run_managed(&[NEW], &[5])).await;
    sleep(seconds(3.5)).await;
    let tried = world.fleet.nodes_called(RUN);
    assert_eq!(tried, ["n0"; 4]);
    terminate(&world, &[NEW]).await;
    assert_eq!(active(&world).await, Some(vec![2, 3, 4]));
    // The CLC uses the index again at once.
    assert_eq!(placed(&world, run_managed(&[X], &[5])).await.unwrap().len(), 1);
    sleep(seconds(60.0)).await;
    assert_eq!(world.fleet.nodes_called(TERMINATE), ["n0"]);
    let orders = world.fleet.requests::<nc::NcRunInstance>();
    assert_eq!(
        orders.iter().filter(|(_, order)| order.instance_id == NEW).count(),
        4,
        "no later ncRunInstance"
    );
    assert_eq!(active(&world).await, Some(vec![2, 3, 4, 5]), "the end of the launch does not take it away");
}

#[tokio::test(start_paused = true)]
async fn cc_t168_the_address_of_what_is_gone_is_freed_unless_its_mac_address_lives_on() {
    let world = managed_world().await;
    world.fleet.script("n0", |script| script.instances = vec![guest(C, "Teardown", 4)]);
    world.poll().await;
    assert_eq!(active(&world).await, Some(vec![2, 3]));
    // Only once: the index belongs to another now, which shall keep it.
    assert_eq!(placed(&world, run_managed(&[NEW], &[4])).await.unwrap().len(), 1);
    world.poll().await;
    assert_eq!(active(&world).await, Some(vec![2, 3, 4]));

    let world = managed_world().await;
    let twin = |state| {
        let mut twin = guest(X, state, 4);
        twin.net_params.as_mut().unwrap().private_mac_address = "D0:0D:00:00:00:0C".into();
        twin
    };
    world.fleet.script("n2", |script| script.instances = vec![twin("Extant")]);
    world.poll().await;
    world.fleet.script("n0", |script| script.instances = vec![guest(C, "Teardown", 4)]);
    world.poll().await;
    assert_eq!(active(&world).await, Some(vec![2, 3, 4]));
    terminate(&world, &[C]).await;
    assert_eq!(active(&world).await, Some(vec![2, 3]), "cc_t061: by force");
    assert!(world.fleet.nodes_called(TERMINATE).is_empty(), "cc_t061");
}

#[tokio::test(start_paused = true)]
async fn the_address_of_what_is_gone_is_freed_at_the_latest_when_it_is_forgotten() {
    let world = managed_world().await;
    let mut twin = guest(X, "Extant", 4);
    twin.net_params.as_mut().unwrap().private_mac_address = "D0:0D:00:00:00:0C".into();
    world.fleet.script("n2", |script| script.instances = vec![twin.clone()]);
    world.poll().await;
    world.fleet.script("n0", |script| script.instances = vec![guest(C, "Teardown", 4)]);
    world.poll().await;
    twin.state_name = "Teardown".into();
    world.fleet.script("n2", |script| script.instances = vec![twin]);
    world.fleet.script("n0", |script| script.instances = vec![]);
    world.poll().await;
    assert_eq!(active(&world).await, Some(vec![2, 3, 4]));
    sleep(seconds(310.0)).await;
    assert_eq!(active(&world).await, Some(vec![2, 3]), "B has expired, but may come back: Q-75");
}

/// The CLC, which has terminated it, hands out its index again.
#[tokio::test(start_paused = true)]
async fn terminating_frees_the_address_of_what_was_forgotten() {
    let world = managed_world().await;
    sleep(seconds(310.0)).await;
    assert!(described(&world, B).await.is_none());
    assert_eq!(active(&world).await, Some(vec![2, 3, 4]), "Q-75");
    world.fleet.forget_calls();
    terminate(&world, &[B]).await;
    assert_eq!(active(&world).await, Some(vec![2, 4]));
    sleep(seconds(1.0)).await;
    assert!(world.fleet.nodes_called(TERMINATE).is_empty(), "Q-11");
    assert_eq!(served(&world).last(), Some(&guests(&[2, 4])));
    assert_eq!(placed(&world, run_managed(&[NEW], &[3])).await.unwrap().len(), 1);
    terminate(&world, &[B]).await;
    assert_eq!(active(&world).await, Some(vec![2, 3, 4]), "it is another's now");

    let world = World::start(fixed(&[("AA:DD:11:CE:FF:ED", "192.168.5.2")]), Fleet::new(), &NODES);
    sleep(seconds(0.1)).await;
    assert_eq!(placed(&world, run(&[NEW])).await.unwrap().len(), 1);
    sleep(seconds(310.0)).await;
    assert_eq!(placed(&world, run(&[X])).await, Some(vec![]), "Q-75");
    terminate(&world, &[NEW]).await;
    assert_eq!(placed(&world, run(&[X])).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn instances_learnt_from_their_nodes_have_their_addresses_again() {
    let fleet = Fleet::new();
    fleet.script("n0", |script| script.instances = vec![guest(C, "Teardown", 4)]);
    fleet.script("n1", |script| script.instances = vec![guest(A, "Extant", 2), guest(X, "Extant", 2)]);
    fleet.script("n2", |script| script.instances = vec![guest(B, "Pending", 3)]);
    let world = World::start(managed(), fleet, &NODES);
    sleep(seconds(1.0)).await;
    assert_eq!(served(&world).last(), Some(&guests(&[2, 3])));
    start_default(&world).await;
    assert_eq!(active(&world).await, Some(vec![2, 3]));
    for (index, count) in [(2, 0), (3, 0), (4, 1)] {
        let request = run_managed(&[&format!("i-0000001{index}")], &[index]);
        assert_eq!(placed(&world, request).await.unwrap().len(), count, "{index}");
    }
    world.fleet.script("n1", |script| script.instances = vec![guest(A, "Teardown", 2)]);
    world.poll().await;
    assert_eq!(active(&world).await, Some(vec![3, 4]));

    let fleet = Fleet::new();
    fleet.script("n1", |script| {
        let mut a = instance(A, "Extant");
        let net = a.net_params.as_mut().unwrap();
        net.private_mac_address = "aa:dd:11:ce:ff:ed".into();
        net.private_ip = "192.168.5.2".into();
        script.instances = vec![a];
    });
    let map = [("AA:DD:11:CE:FF:ED", "192.168.5.2"), ("AA:DD:11:CE:FF:EE", "192.168.5.3")];
    let world = World::start(fixed(&map), fleet, &NODES);
    sleep(seconds(0.1)).await;
    let given = placed(&world, run(&[NEW])).await.unwrap();
    assert_eq!(given[0].private_ip, "192.168.5.3");
    assert_eq!(placed(&world, run(&[B])).await, Some(vec![]));
    terminate(&world, &[A]).await;
    assert_eq!(placed(&world, run(&[B])).await.unwrap()[0].private_ip, "192.168.5.2");
}

/// Its node was out of sight for so long that it was forgotten, and the CLC had given it up.
#[tokio::test(start_paused = true)]
async fn what_returns_has_its_address_again_unless_it_is_anothers() {
    for taken in [false, true] {
        let world = managed_world().await;
        world.fleet.plan("n1", "ncDescribeResource", [Act::Refuse]);
        sleep(seconds(310.0)).await;
        assert!(described(&world, A).await.is_none());
        terminate(&world, &[A]).await;
        if taken {
            assert_eq!(placed(&world, run_managed(&[NEW], &[2])).await.unwrap().len(), 1);
        }
        world.fleet.plan("n1", "ncDescribeResource", [Act::True]);
        world.poll().await;
        world.poll().await;
        assert!(described(&world, A).await.is_some());
        assert_eq!(active(&world).await, Some(vec![2, 3, 4]));
        terminate(&world, &[A]).await;
        assert_eq!(active(&world).await.unwrap().contains(&2), taken);
    }
}

#[tokio::test(start_paused = true)]
async fn cc_t175_the_dhcp_server_is_served_again_until_it_works() {
    let world = managed_world().await;
    world.fleet.host().plan("serve DHCP", [exit(1), exit(1), exit(0)]); // net_t211
    for (id, index) in [(NEW, 5), (X, 6)] {
        placed(&world, run_managed(&[id], &[index])).await;
    }
    sleep(seconds(1.0)).await;
    assert_eq!(served(&world), [guests(&[2, 3, 4, 5, 6])], "one order for both");
    sleep(seconds(5.0)).await;
    assert_eq!(served(&world).len(), 0, "a period passes before it is repeated");
    sleep(seconds(1.0)).await;
    assert_eq!(served(&world).len(), 1);
    // What is new does not wait for the period.
    placed(&world, run_managed(&["i-00000010"], &[7])).await;
    sleep(seconds(1.0)).await;
    assert_eq!(served(&world), [guests(&[2, 3, 4, 5, 6, 7])]);
    sleep(seconds(60.0)).await;
    assert_eq!(served(&world).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_instance_forgotten_during_its_launch_loses_its_address_with_the_launch() {
    let world = managed_world_with(ClusterSettings { instance_timeout: seconds(30.0), ..managed() }).await;
    world.fleet.plan("n0", RUN, [Act::False]);
    placed(&world, run_managed(&[NEW], &[5])).await;
    sleep(seconds(60.0)).await;
    assert!(described(&world, NEW).await.is_none());
    assert!(active(&world).await.unwrap().contains(&5), "its node is still asked to take it");
    terminate(&world, &[NEW]).await;
    sleep(seconds(2.0)).await;
    assert!(!active(&world).await.unwrap().contains(&5));
}
