//! Power management: idle nodes are put to sleep, needed ones are woken.

use euca_cluster::ClusterSettings;
use euca_cluster::schedule::Policy;
use euca_wire::{ClusterApi, cc, nc};
use tokio::time::sleep;

use crate::fixture::{A, NODES, free_and_max, instance, round_robin, run, seconds};
use crate::fleet::{Act, Fleet, World, slow};

const RESOURCES: &str = "ncDescribeResource";
const POWER_DOWN: &str = "ncPowerDown";
const RUN: &str = "ncRunInstance";

fn saving() -> ClusterSettings {
    ClusterSettings { policy: Policy::PowerSave, ..Default::default() }
}

/// Three nodes with known addresses, `busy` ones with an instance each, polled once.
async fn world_with(settings: ClusterSettings, busy: &[&str]) -> World {
    let fleet = Fleet::new();
    for (i, name) in (1..).zip(NODES) {
        fleet.name(name, [10, 0, 0, i]);
        fleet.neighbour(&format!("02:00:00:00:00:0{i}"), [10, 0, 0, i]);
    }
    fleet.broadcasts(&[[10, 0, 0, 255]]);
    for (i, name) in busy.iter().enumerate() {
        let id = if i == 0 { A.to_owned() } else { format!("i-000000{i:02}") };
        fleet.script(name, |script| script.instances = vec![instance(&id, "Extant")]);
    }
    let world = World::start(settings, fleet, &NODES);
    sleep(seconds(0.1)).await;
    world
}

/// Two nodes busy, N2 asleep.
async fn n2_asleep() -> World {
    let world = world_with(saving(), &["n0", "n1"]).await;
    sleep(seconds(310.0)).await;
    assert_eq!(world.fleet.nodes_called(POWER_DOWN), ["n2"]);
    world.fleet.forget_calls();
    world
}

fn polls(world: &World, node: &str) -> usize {
    world.fleet.nodes_called(RESOURCES).iter().filter(|called| *called == node).count()
}

/// The nodes' room, all used or all free.
fn fill(world: &World, nodes: &[&str]) {
    for node in nodes {
        world.fleet.script(node, |script| script.resources[1] = (0, 0, 0));
    }
}

fn wake(node: u8) -> String {
    format!("powerwake -b 10.0.0.255 02:00:00:00:00:0{node}")
}

#[tokio::test(start_paused = true)]
async fn cc_t118_cc_t180_an_idle_node_is_put_to_sleep_and_left_alone_and_counts_as_before() {
    let world = world_with(saving(), &["n0", "n1"]).await;
    sleep(seconds(300.0)).await;
    assert!(world.fleet.nodes_called(POWER_DOWN).is_empty());
    sleep(seconds(6.0)).await;
    let expected = nc::NcPowerDown {
        user_id: Some("eucalyptus".into()),
        node_name: Some("n2".into()),
        ..Default::default()
    };
    assert_eq!(world.fleet.requests::<nc::NcPowerDown>(), [("n2".to_owned(), expected)]);
    world.fleet.forget_calls();
    sleep(seconds(600.0)).await;
    assert_eq!((polls(&world, "n2"), polls(&world, "n0")), (0, 100));
    assert!(world.fleet.nodes_called(POWER_DOWN).is_empty());
    assert_eq!(free_and_max(&world).await, (12, 12));
    assert!(world.fleet.commands().take().is_empty(), "nobody is woken");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_powers_off_before_it_has_answered_is_asleep() {
    let world = world_with(saving(), &["n0", "n1"]).await;
    world.fleet.plan("n2", POWER_DOWN, [Act::Hang]);
    sleep(seconds(310.0)).await;
    world.fleet.plan_all("n2", Act::Hang);
    sleep(seconds(20.0)).await;
    let ends = world.fleet.calls(POWER_DOWN, |call| (call.at, call.end.unwrap()));
    assert!(matches!(ends[..], [(at, (end, false))] if end - at == seconds(20.0)), "Q-90, T = 20: {ends:?}");
    world.fleet.forget_calls();
    sleep(seconds(60.0)).await;
    assert_eq!((polls(&world, "n2"), free_and_max(&world).await), (0, (12, 12)));
}

#[tokio::test(start_paused = true)]
async fn cc_t181_a_node_that_refuses_to_sleep_stays_up_and_is_asked_again_in_the_next_cycle() {
    for refusal in [Act::False, Act::Fault, Act::Refuse] {
        let world = world_with(saving(), &["n0", "n1"]).await;
        world.fleet.plan("n2", POWER_DOWN, [refusal.clone()]);
        sleep(seconds(325.0)).await;
        assert_eq!(world.fleet.nodes_called(POWER_DOWN), ["n2"; 4], "{refusal:?}");
        world.fleet.forget_calls();
        world.poll().await;
        assert_eq!((polls(&world, "n2"), free_and_max(&world).await), (1, (12, 12)));
    }
}

#[tokio::test(start_paused = true)]
async fn cc_t182_only_powersave_puts_nodes_to_sleep() {
    for policy in [Policy::RoundRobin, Policy::Greedy] {
        let world = world_with(ClusterSettings { policy, ..round_robin() }, &["n0", "n1"]).await;
        sleep(seconds(1000.0)).await;
        world.fleet.plan_all("n2", Act::Refuse);
        sleep(seconds(20.0)).await;
        assert!(world.fleet.nodes_called(POWER_DOWN).is_empty(), "{policy:?}");
        assert!(world.fleet.commands().take().is_empty(), "{policy:?}: nor is one woken");
        assert_eq!(free_and_max(&world).await, (8, 8), "{policy:?}: it is down");
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_in_teardown_or_on_its_way_keeps_a_node_awake() {
    let world = world_with(saving(), &["n0", "n1"]).await;
    world.fleet.script("n2", |script| script.instances = vec![instance("i-0000000C", "Teardown")]);
    world.fleet.plan("n0", RUN, [Act::False]);
    sleep(seconds(280.0)).await;
    world.fleet.script("n2", |script| script.instances.clear());
    sleep(seconds(290.0)).await;
    assert!(world.fleet.nodes_called(POWER_DOWN).is_empty(), "Q-87");

    // Its launch on N2 is refused for a while.
    fill(&world, &["n0", "n1"]);
    world.poll().await;
    world.fleet.plan("n2", RUN, [Act::False]);
    world.cluster.run_instances(run(&["i-00000020"])).await.unwrap();
    sleep(seconds(290.0)).await;
    assert!(world.fleet.nodes_called(POWER_DOWN).is_empty());
    sleep(seconds(330.0)).await;
    assert_eq!(world.fleet.nodes_called(POWER_DOWN), ["n2"], "the launch was given up");
}

#[tokio::test(start_paused = true)]
async fn cc_t183_a_node_that_stops_answering_is_woken_and_keeps_its_numbers_until_the_wake_threshold() {
    let world = world_with(saving(), &NODES).await;
    world.poll().await;
    world.fleet.plan_all("n2", Act::Refuse);
    world.fleet.forget_calls();
    world.poll().await;
    let first = world.fleet.calls(RESOURCES, |call| (call.node == "n2").then_some(call.at));
    let woken_at = first.into_iter().flatten().next().unwrap();
    assert_eq!(world.fleet.commands().take(), [wake(3)]);
    for _ in 0..47 {
        assert_eq!(free_and_max(&world).await, (12, 12));
        sleep(seconds(6.0)).await;
    }
    assert!(world.fleet.commands().take().len() >= 46, "called again at every poll");
    sleep(seconds(299.9) - (world.fleet.now() - woken_at)).await;
    assert_eq!(free_and_max(&world).await, (12, 12));
    sleep(seconds(6.2)).await;
    assert_eq!(free_and_max(&world).await, (8, 8), "the first poll after 300 s");
    // woken again and again, without numbers.
    world.fleet.commands().take();
    sleep(seconds(600.0)).await;
    assert_eq!((world.fleet.commands().take().len(), free_and_max(&world).await), (100, (8, 8)));

    world.fleet.plan_all("n2", Act::True);
    world.poll().await;
    assert_eq!(free_and_max(&world).await, (12, 12));
    world.fleet.commands().take();
    world.poll().await;
    assert!(world.fleet.commands().take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_cannot_be_woken_is_down() {
    let world = world_with(saving(), &NODES).await;
    world.poll().await;
    world.fleet.commands().plan("powerwake", [1]);
    world.fleet.plan_all("n2", Act::Refuse);
    world.poll().await;
    assert_eq!(world.fleet.commands().take().len(), 1);
    assert_eq!(free_and_max(&world).await, (8, 8));
}

#[tokio::test(start_paused = true)]
async fn the_wake_up_call_goes_into_every_network_of_the_interface_and_the_last_one_counts() {
    let world = world_with(saving(), &NODES).await;
    world.poll().await;
    world.fleet.plan_all("n0", Act::Refuse);
    world.fleet.broadcasts(&[[10, 0, 0, 255], [172, 31, 255, 255]]);
    world.fleet.commands().plan("powerwake", [1, 0]);
    world.poll().await;
    let call = |broadcast: &str| format!("powerwake -b {broadcast} 02:00:00:00:00:01");
    assert_eq!(world.fleet.commands().take(), [call("10.0.0.255"), call("172.31.255.255")]);
    assert_eq!(free_and_max(&world).await, (12, 12));

    world.fleet.broadcasts(&[]);
    world.poll().await;
    assert_eq!(world.fleet.commands().take(), [call("255.255.255.255")], "none can be read");

    world.fleet.plan_all("n1", Act::Refuse);
    world.fleet.broadcasts(&[[10, 0, 0, 255], [172, 31, 255, 255]]);
    world.fleet.commands().plan("powerwake", [0, 1, 0, 1]);
    world.poll().await;
    assert_eq!(free_and_max(&world).await, (8, 8), "N1's last one has failed");
}

#[tokio::test(start_paused = true)]
async fn a_node_without_a_known_mac_address_is_woken_by_its_ip_address() {
    let fleet = Fleet::new();
    fleet.name("n0", [10, 0, 0, 1]);
    fleet.neighbour("02:00:00:00:00:01", [10, 0, 0, 10]);
    fleet.neighbour("00:00:00:00:00:00", [10, 0, 0, 1]);
    let world = World::start(saving(), fleet, &NODES);
    sleep(seconds(0.1)).await;
    for node in ["n0", "n1"] {
        world.fleet.plan_all(node, Act::Refuse);
    }
    world.poll().await;
    assert_eq!(world.fleet.commands().take(), ["powerwake -b 255.255.255.255 10.0.0.1"], "Q-69, Q-70");
    assert_eq!(free_and_max(&world).await, (8, 8), "N1, of which no address is known, is down");
    // It becomes known.
    world.fleet.name("n1", [10, 0, 0, 2]);
    sleep(seconds(40.0)).await;
    let calls = world.fleet.commands().take();
    assert!(calls.contains(&"powerwake -b 255.255.255.255 10.0.0.2".to_owned()), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn cc_t103_a_node_asleep_is_not_woken_while_another_has_room() {
    let world = n2_asleep().await;
    fill(&world, &["n0"]);
    world.poll().await;
    let answer = world.cluster.run_instances(run(&["i-00000020"])).await.unwrap();
    assert_eq!(answer.instances.len(), 1);
    world.poll().await;
    assert_eq!(world.fleet.nodes_called(RUN), ["n1"]);
    assert_eq!(polls(&world, "n2"), 0);
    assert!(world.fleet.commands().take().is_empty());
}

#[tokio::test(start_paused = true)]
async fn cc_t104_a_node_asleep_is_woken_for_an_instance_that_fits_nowhere_else() {
    let world = n2_asleep().await;
    fill(&world, &["n0", "n1"]);
    world.poll().await;
    world.fleet.plan_all("n2", Act::Refuse);
    let answer = world.cluster.run_instances(run(&["i-00000020"])).await.unwrap();
    assert_eq!(answer.instances.len(), 1, "answered before the node is there");
    sleep(seconds(0.1)).await;
    assert_eq!(world.fleet.commands().take(), [wake(3)]);
    sleep(seconds(60.0)).await;
    assert_eq!(free_and_max(&world).await, (3, 12), "on its way, with the launch deducted");
    assert_eq!(polls(&world, "n2"), 10, "polled again");
    assert!(world.fleet.nodes_called(RUN).len() > 50, "and asked to run it");
    world.fleet.plan_all("n2", Act::True);
    world.fleet.forget_calls();
    world.poll().await;
    assert_eq!(world.fleet.nodes_called(RUN), ["n2"]);
    assert_eq!(world.fleet.requests::<nc::NcRunInstance>()[0].1.instance_id, "i-00000020");
}

#[tokio::test(start_paused = true)]
async fn a_launch_goes_on_where_the_wake_up_call_has_failed() {
    let world = n2_asleep().await;
    fill(&world, &["n0", "n1"]);
    world.poll().await;
    world.fleet.commands().plan("powerwake", [1]);
    world.fleet.plan("n2", RUN, [Act::Refuse, Act::Refuse, Act::True]);
    world.cluster.run_instances(run(&["i-00000020"])).await.unwrap();
    sleep(seconds(12.0)).await;
    assert_eq!(world.fleet.nodes_called(RUN), ["n2"; 3]);
    assert!(polls(&world, "n2") >= 1, "who accepts an instance is awake, and polled");
}

/// Its polls stand in line behind the launch, and may never get a turn to wake it.
#[tokio::test(start_paused = true)]
async fn a_node_that_was_not_woken_is_woken_again_while_it_is_needed() {
    let world = n2_asleep().await;
    fill(&world, &["n0", "n1"]);
    world.poll().await;
    world.fleet.commands().plan("powerwake", [1, 1, 0]);
    world.fleet.plan_all("n2", Act::Hang);
    world.cluster.run_instances(run(&["i-00000020"])).await.unwrap();
    sleep(seconds(50.0)).await;
    assert_eq!(world.fleet.commands().take(), [wake(3), wake(3)]);
    assert_eq!(polls(&world, "n2"), 0, "asleep as far as is known");
    sleep(seconds(60.0)).await;
    assert!(polls(&world, "n2") > 0, "on its way");
}

#[tokio::test(start_paused = true)]
async fn an_instance_placed_while_its_node_powers_down_has_it_woken() {
    let world = world_with(saving(), &["n0", "n1"]).await;
    fill(&world, &["n0", "n1"]);
    world.fleet.plan("n2", POWER_DOWN, [slow(5.0)]);
    sleep(seconds(306.5)).await;
    assert_eq!(world.fleet.nodes_called(POWER_DOWN), ["n2"]);
    world.cluster.run_instances(run(&["i-00000020"])).await.unwrap();
    for operation in [RESOURCES, RUN] {
        world.fleet.plan("n2", operation, [Act::Refuse]);
    }
    sleep(seconds(13.0)).await;
    assert!(world.fleet.commands().take().contains(&wake(3)));
    assert_eq!(free_and_max(&world).await, (3, 12));
}

#[tokio::test(start_paused = true)]
async fn cc_t068_a_node_asleep_is_not_told_to_terminate_an_instance() {
    let settings = ClusterSettings { instance_timeout: seconds(3600.0), ..saving() };
    let world = world_with(settings, &["n1"]).await;
    world.poll().await;
    // The node has lost it, and is put to sleep before the instance has expired.
    world.fleet.script("n1", |script| script.instances.clear());
    sleep(seconds(320.0)).await;
    assert!(world.fleet.nodes_called(POWER_DOWN).contains(&"n1".to_owned()));
    let request = cc::TerminateInstances { instance_ids: vec![A.into()], ..Default::default() };
    let answer = world.cluster.terminate_instances(request).await.unwrap();
    assert_eq!((answer.return_, answer.is_terminated), (Some(true), vec![true]), "Q-09, Q-10");
    sleep(seconds(60.0)).await;
    assert!(world.fleet.nodes_called("ncTerminateInstance").is_empty());
}
