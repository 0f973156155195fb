//! The monitor: polling, node states, expiry, address discovery, changes of the node list, and shutdown.

use std::collections::HashMap;

use euca_cluster::ClusterSettings;
use euca_wire::{ClusterApi, cc, nc};
use tokio::time::sleep;

use crate::fixture::{A, B, NODES, described, free_and_max, instance, round_robin, seconds, world};
use crate::fleet::{Act, Call, Fleet, World, address, slow};

const RESOURCES: &str = "ncDescribeResource";
const INSTANCES: &str = "ncDescribeInstances";

fn attach(id: &str) -> cc::AttachVolume {
    cc::AttachVolume {
        volume_id: Some("vol-1".into()),
        instance_id: Some(id.into()),
        remote_dev: Some("r".into()),
        local_dev: Some("l".into()),
        ..Default::default()
    }
}

async fn state(world: &World, id: &str) -> Option<String> {
    described(world, id).await.and_then(|told| told.state_name)
}

#[tokio::test(start_paused = true)]
async fn the_monitor_polls_as_eucalyptus() {
    let world = world().await;
    world.poll().await;
    let who = Some("eucalyptus".to_owned());
    let resources = world.fleet.requests::<nc::NcDescribeResource>();
    let instances = world.fleet.requests::<nc::NcDescribeInstances>();
    assert_eq!((resources.len(), instances.len()), (3, 3));
    for (node, request) in resources {
        let expected =
            nc::NcDescribeResource { user_id: who.clone(), node_name: Some(node), ..Default::default() };
        assert_eq!(request, expected);
    }
    for (node, request) in instances {
        let expected =
            nc::NcDescribeInstances { user_id: who.clone(), node_name: Some(node), ..Default::default() };
        assert_eq!(request, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_node_says_again_counts_without_being_looked_into() {
    let world = world().await;
    let known = world.fleet.known();
    // Longer than an instance is kept unreported.
    sleep(seconds(600.0)).await;
    let polls = world.fleet.nodes_called(INSTANCES).len();
    assert_eq!(world.fleet.known() - known, polls);
    assert_eq!(state(&world, A).await.as_deref(), Some("Extant"));

    world.fleet.script("n1", |script| script.instances = vec![instance(A, "Teardown")]);
    world.poll().await;
    assert_eq!(state(&world, A).await.as_deref(), Some("Teardown"));
}

#[tokio::test(start_paused = true)]
async fn the_pause_between_polls_can_be_changed_down_to_its_minimum() {
    let world = world().await;
    let polls_in = async |time: f64| {
        world.fleet.forget_calls();
        sleep(seconds(time)).await;
        world.fleet.nodes_called(RESOURCES).iter().filter(|node| *node == "n0").count()
    };
    assert_eq!(polls_in(60.0).await, 10);
    world.cluster.set_polling_frequency(seconds(30.0));
    sleep(seconds(6.0)).await;
    assert_eq!(polls_in(60.0).await, 2);
    world.cluster.set_polling_frequency(seconds(0.001));
    sleep(seconds(30.0)).await;
    assert_eq!(polls_in(60.0).await, 10);
}

#[tokio::test(start_paused = true)]
async fn cc_t160_cc_t163_a_node_that_refuses_goes_down_and_comes_back() {
    let world = world().await;
    for failure in [Act::Refuse, Act::False, Act::Fault, Act::NoReturn] {
        world.fleet.plan("n1", RESOURCES, [failure.clone()]);
        world.fleet.forget_calls();
        world.poll().await;
        assert_eq!(free_and_max(&world).await, (8, 8), "{failure:?}");
        let asked = world.fleet.nodes_called(INSTANCES);
        let expected = |node: &str| asked.contains(&node.to_owned());
        assert!(expected("n0") && !expected("n1") && expected("n2"), "{failure:?}: {asked:?}");
        world.fleet.plan("n1", RESOURCES, [Act::True]);
        world.poll().await;
        assert_eq!(free_and_max(&world).await, (12, 12), "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn cc_t161_a_hanging_node_goes_down_after_20_seconds_and_delays_no_other() {
    let world = world().await;
    world.fleet.plan("n1", RESOURCES, [Act::Hang]);
    while world.fleet.calls(RESOURCES, |call| call.end.is_none()).iter().all(|open| !open) {
        sleep(seconds(0.05)).await;
    }
    world.fleet.forget_calls();
    sleep(seconds(19.9)).await;
    assert_eq!(free_and_max(&world).await, (12, 12));
    let polls = world.fleet.nodes_called(RESOURCES);
    for other in ["n0", "n2"] {
        assert!(polls.iter().filter(|node| *node == other).count() >= 3, "{other} is polled in its own time");
    }
    sleep(seconds(0.2)).await;
    assert_eq!(free_and_max(&world).await, (8, 8));
}

#[tokio::test(start_paused = true)]
async fn cc_t162_a_node_busy_with_a_long_call_is_not_judged() {
    let world = world().await;
    // An original node does one thing at a time: while it attaches, it answers nothing.
    world.fleet.plan("n1", "ncAttachVolume", [slow(60.0)]);
    world.fleet.plan("n1", RESOURCES, [Act::Hang]);
    let answer = world.cluster.attach_volume(attach(A)).await.unwrap();
    assert_eq!(answer.return_, Some(true));
    for _ in 0..4 {
        sleep(seconds(10.0)).await;
        assert_eq!(free_and_max(&world).await, (12, 12));
    }
    // When the attach is over and the node still silent, it is judged.
    sleep(seconds(60.0)).await;
    assert_eq!(free_and_max(&world).await, (8, 8));
}

#[tokio::test(start_paused = true)]
async fn cc_t164_a_node_whose_instances_cannot_be_read_stays_up_with_its_instances() {
    let world = world().await;
    for failure in [Act::Fault, Act::False, Act::Hang] {
        world.fleet.plan("n1", INSTANCES, [failure.clone()]);
        sleep(seconds(50.0)).await;
        assert_eq!(free_and_max(&world).await, (12, 12), "{failure:?}");
        assert_eq!(state(&world, A).await.as_deref(), Some("Extant"), "{failure:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn instances_of_a_node_that_is_down_stay_for_the_instance_timeout() {
    let world = world().await;
    world.fleet.plan("n1", RESOURCES, [Act::Refuse]);
    let last_report = world.fleet.now();
    sleep(seconds(290.0)).await;
    assert_eq!(state(&world, A).await.as_deref(), Some("Extant"), "Q-74");
    // The fixture's last poll was up to 7 s ago, the sweep runs every 6 s.
    sleep(seconds(320.0) - (world.fleet.now() - last_report)).await;
    assert_eq!(state(&world, A).await, None);
    assert_eq!(state(&world, B).await, None, "B was never reported at all");
}

#[tokio::test(start_paused = true)]
async fn cc_t171_addresses_seen_on_the_wire_are_told() {
    let world = world().await;
    world.fleet.neighbour("d0:0d:00:00:00:0a", [172, 16, 0, 9]);
    world.poll().await;
    let net = described(&world, A).await.unwrap().net_params.unwrap();
    assert_eq!((net.private_ip.as_str(), net.public_ip.as_str()), ("172.16.0.9", "172.16.0.9"));
    world.poll().await;
    let net = described(&world, A).await.unwrap().net_params.unwrap();
    assert_eq!(net.private_ip, "172.16.0.9", "the next poll does not undo it");
}

#[tokio::test(start_paused = true)]
async fn the_neighbour_table_is_filled_once_a_cycle_and_only_while_an_address_is_missing() {
    let program = "/usr/share/eucalyptus/populate_arp.pl";
    let settings = ClusterSettings { neighbour_program: Some(program.into()), ..round_robin() };
    let fleet = Fleet::new();
    let ids = ["i-0000000A", "i-0000000B", "i-0000000C"];
    fleet.script("n0", |script| script.instances = ids.map(|id| instance(id, "Extant")).to_vec());
    let world = World::start(settings, fleet, &NODES);
    sleep(seconds(0.1)).await;
    world.fleet.commands().take();
    // It fails at first, which is no reason not to look at the table, nor not to run it again.
    world.fleet.commands().plan(program, [1, 0]);
    world.fleet.neighbour("d0:0d:00:00:00:0a", [172, 16, 0, 9]);
    sleep(seconds(18.0)).await;
    assert_eq!(world.fleet.commands().take(), [program; 3]);
    let net = described(&world, A).await.unwrap().net_params.unwrap();
    assert_eq!(net.private_ip, "172.16.0.9");
    for (mac, host) in [("d0:0d:00:00:00:0b", 10), ("d0:0d:00:00:00:0c", 11)] {
        world.fleet.neighbour(mac, [172, 16, 0, host]);
    }
    sleep(seconds(6.0)).await;
    assert_eq!(world.fleet.commands().take(), [program]);
    sleep(seconds(60.0)).await;
    assert!(world.fleet.commands().take().is_empty(), "nothing is missing any more");
}

#[tokio::test(start_paused = true)]
async fn cc_t173_an_instance_nobody_knew_is_adopted_from_its_node() {
    let world = world().await;
    world.fleet.script("n2", |script| script.instances = vec![instance("i-0000000D", "Extant")]);
    world.poll().await;
    let told = described(&world, "i-0000000D").await.unwrap();
    assert_eq!(told.service_tag, Some(crate::fleet::url("n2")));
    assert_eq!(told.owner_id.as_deref(), Some("alice"));
}

#[tokio::test(start_paused = true)]
async fn cc_t178_many_dead_nodes_let_no_healthy_instance_expire() {
    let fleet = Fleet::new();
    let names: Vec<String> = (0..100).map(|i| format!("n{i}")).collect();
    for (i, name) in names.iter().enumerate() {
        if i % 5 < 3 {
            fleet.plan_all(name, Act::Hang);
        } else {
            let id = format!("i-{i:08X}");
            fleet.script(name, |script| script.instances = vec![instance(&id, "Extant")]);
        }
    }
    let world = World::start(round_robin(), fleet, &names.iter().map(String::as_str).collect::<Vec<_>>());
    sleep(seconds(46.0)).await;
    for _ in 0..30 {
        let all = world.cluster.describe_instances(cc::DescribeInstances::default()).await.unwrap();
        assert_eq!(all.instances.len(), 40);
        assert_eq!(free_and_max(&world).await, (160, 160));
        sleep(seconds(20.0)).await;
    }
    let mut polls: HashMap<String, usize> = HashMap::new();
    for node in world.fleet.nodes_called(RESOURCES) {
        *polls.entry(node).or_default() += 1;
    }
    assert!(names.iter().enumerate().all(|(i, name)| polls[name] > if i % 5 < 3 { 20 } else { 90 }));
}

#[tokio::test(start_paused = true)]
async fn cc_t179_slow_nodes_are_up() {
    let fleet = Fleet::new();
    let names: Vec<String> = (0..20).map(|i| format!("n{i}")).collect();
    for name in &names {
        fleet.plan_all(name, slow(8.0));
    }
    let world = World::start(round_robin(), fleet, &names.iter().map(String::as_str).collect::<Vec<_>>());
    sleep(seconds(20.0)).await;
    for _ in 0..20 {
        assert_eq!(free_and_max(&world).await, (80, 80));
        sleep(seconds(5.0)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn cc_t184_cc_t185_a_new_node_is_polled_and_the_others_are_not_disturbed() {
    let world = world().await;
    world.fleet.plan("n0", RESOURCES, [Act::Hang]);
    world.cluster.set_nodes(NODES.map(address).to_vec());
    assert_eq!(free_and_max(&world).await, (12, 12), "touched without a change: nothing is reset");
    world.cluster.set_nodes(["n0", "n1", "n2", "n3"].map(address).to_vec());
    assert_eq!(free_and_max(&world).await, (12, 12), "no dip");
    assert_eq!(world.cluster.node_urls().len(), 4);
    sleep(seconds(0.1)).await;
    assert_eq!(free_and_max(&world).await, (16, 16), "the new one is polled at once");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_left_the_list_is_polled_no_more() {
    let world = world().await;
    world.cluster.set_nodes(vec![address("n0")]);
    world.fleet.forget_calls();
    sleep(seconds(30.0)).await;
    assert!(world.fleet.nodes_called(RESOURCES).iter().all(|node| node == "n0"));
    // Back again, it starts afresh.
    world.cluster.set_nodes(NODES.map(address).to_vec());
    assert_eq!(free_and_max(&world).await, (4, 4));
    sleep(seconds(0.1)).await;
    assert_eq!(free_and_max(&world).await, (12, 12));
}

#[tokio::test(start_paused = true)]
async fn cc_t187_no_nodes_are_no_failure() {
    let world = world().await;
    world.cluster.set_nodes(Vec::new());
    let request =
        cc::DescribeResources { instance_types: vec![crate::fixture::small()], ..Default::default() };
    let answer = world.cluster.describe_resources(request).await.unwrap();
    assert_eq!((answer.return_, answer.service_tags.len()), (Some(true), 0));
    assert_eq!(answer.resources[0].max_instances, Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_panics_is_not_the_last() {
    let world = world().await;
    world.fleet.plan("n1", RESOURCES, [Act::Panic, Act::True]);
    sleep(seconds(20.0)).await;
    let polls = world
        .fleet
        .calls(RESOURCES, |call| call.node == "n1" && call.end.is_some_and(|(_, answered)| answered));
    assert!(polls.iter().any(|answered| *answered));
    assert_eq!(free_and_max(&world).await, (12, 12));
}

#[tokio::test(start_paused = true)]
async fn a_call_does_not_wait_for_a_hanging_poll() {
    let world = world().await;
    world.fleet.plan("n1", RESOURCES, [Act::Hang]);
    sleep(seconds(7.0)).await;
    let start = tokio::time::Instant::now();
    let answer = world.cluster.attach_volume(attach(A)).await.unwrap();
    assert_eq!(answer.return_, Some(true));
    assert!(start.elapsed() <= seconds(1.1), "P-10: {:?}", start.elapsed());
    // The poll that gave way is repeated, and this time to its end.
    sleep(seconds(21.0)).await;
    assert_eq!(free_and_max(&world).await, (8, 8));
}

#[tokio::test(start_paused = true)]
async fn a_node_under_steady_load_is_still_polled() {
    let world = world().await;
    for operation in [RESOURCES, INSTANCES] {
        world.fleet.plan("n1", operation, [slow(1.5)]);
    }
    world.fleet.plan("n1", "ncRebootInstance", [slow(0.5)]);
    let load: Vec<_> = (0..4)
        .map(|_| {
            let cluster = world.cluster.clone();
            tokio::spawn(async move {
                loop {
                    let request = cc::RebootInstances { instance_ids: vec![A.into()], ..Default::default() };
                    cluster.reboot_instances(request).await.unwrap();
                }
            })
        })
        .collect();
    for _ in 0..10 {
        sleep(seconds(60.0)).await;
        assert_eq!(state(&world, A).await.as_deref(), Some("Extant"), "its instances do not expire");
        assert_eq!(free_and_max(&world).await, (12, 12));
    }
    load.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(start_paused = true)]
async fn cc_t201_eight_operations_on_one_node_are_not_delayed_by_others_in_trouble() {
    let world = world().await;
    for node in ["n0", "n2"] {
        world.fleet.plan_all(node, Act::Hang);
    }
    world.cluster.run_instances(crate::fixture::run(&["i-00000020"])).await.unwrap();
    sleep(seconds(7.0)).await;
    world.fleet.plan("n1", "ncAttachVolume", [slow(0.2)]);
    let start = tokio::time::Instant::now();
    let calls = (0..8).map(|_| world.cluster.attach_volume(attach(A)));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.unwrap().return_, Some(true));
    }
    assert!(start.elapsed() < seconds(1.7), "8 × 0.2 s on N1, nothing else: {:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn shutting_down_lets_calls_finish_and_ends_everything_else() {
    let world = world().await;
    world.fleet.plan("n1", "ncAttachVolume", [slow(25.0)]);
    world.fleet.plan("n0", "ncRunInstance", [Act::False]);
    world.cluster.run_instances(crate::fixture::run(&["i-00000020"])).await.unwrap();
    let answer = world.cluster.attach_volume(attach(A)).await.unwrap();
    assert_eq!(answer.return_, Some(true), "late, and going on");
    world.fleet.forget_calls();
    let before = world.fleet.now();
    assert_eq!(world.cluster.shut_down(seconds(10.0)).await, 0);
    let took = (world.fleet.now() - before).as_secs_f64();
    assert!((4.9..5.1).contains(&took), "{took} s: until the attach was over");
    sleep(seconds(60.0)).await;
    assert!(world.fleet.calls(RESOURCES, |call| call.at).iter().all(|at| *at <= before));
    assert!(world.fleet.calls("ncRunInstance", |call| call.at).iter().all(|at| *at <= before));

    let stuck = crate::fixture::world().await;
    stuck.fleet.plan("n1", "ncTerminateInstance", [Act::Hang]);
    let request = cc::TerminateInstances { instance_ids: vec![A.into()], ..Default::default() };
    stuck.cluster.terminate_instances(request).await.unwrap();
    sleep(seconds(1.0)).await;
    let before = stuck.fleet.now();
    assert_eq!(stuck.cluster.shut_down(seconds(10.0)).await, 1, "broken off");
    assert_eq!((stuck.fleet.now() - before).as_secs(), 10);
}

/// Times of the polls of each node, by its number.
fn polls_of(world: &World, nodes: usize) -> Vec<Vec<f64>> {
    let mut polls = vec![Vec::new(); nodes];
    for (node, at) in world.fleet.calls(RESOURCES, |call| (call.node.clone(), call.at)) {
        polls[node[1..].parse::<usize>().unwrap()].push(at.as_secs_f64());
    }
    polls
}

#[tokio::test(start_paused = true)]
async fn a_thousand_nodes_are_polled_at_the_start_and_then_evenly_over_the_period() {
    const COUNT: usize = 1000;
    let fleet = Fleet::new();
    let names: Vec<String> = (0..COUNT).map(|i| format!("n{i}")).collect();
    for name in &names {
        fleet.plan_all(name, slow(0.01));
    }
    let world = World::start(round_robin(), fleet, &names.iter().map(String::as_str).collect::<Vec<_>>());
    sleep(seconds(61.0)).await;
    let polls = polls_of(&world, COUNT);
    let mut load = [0; 61];
    for times in &polls {
        assert!(times[0] < 0.4, "64 at a time, 20 ms each: {}", times[0]);
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] <= 6.03), "within one period: {times:?}");
        assert!(
            times[1..].windows(2).all(|pair| pair[1] - pair[0] >= 6.0),
            "its period is unchanged: {times:?}"
        );
        for at in times {
            load[*at as usize] += 1;
        }
    }
    assert!(load[7..60].iter().all(|polls| *polls <= 230), "a fifth each second, and no burst: {load:?}");
}

#[tokio::test(start_paused = true)]
async fn nodes_in_trouble_do_not_hold_up_the_first_polls_of_the_others() {
    const COUNT: usize = 1000;
    let fleet = Fleet::new();
    let names: Vec<String> = (0..COUNT).map(|i| format!("n{i}")).collect();
    for name in &names[..990] {
        fleet.plan_all(name, Act::Hang);
    }
    let world = World::start(round_robin(), fleet, &names.iter().map(String::as_str).collect::<Vec<_>>());
    sleep(seconds(6.0)).await;
    assert_eq!(free_and_max(&world).await, (40, 40), "the last ten are up within a period");
    sleep(seconds(80.0)).await;
    for (i, times) in polls_of(&world, COUNT).iter().enumerate() {
        assert!(times.windows(2).all(|pair| pair[1] - pair[0] <= 26.1), "{i}: {times:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_node_in_trouble_has_a_bounded_number_of_connections() {
    let world = world().await;
    world.fleet.plan_all("n1", Act::Hang);
    let callers: Vec<_> = (0..40)
        .map(|_| {
            let cluster = world.cluster.clone();
            tokio::spawn(async move {
                loop {
                    cluster.attach_volume(attach(A)).await.unwrap();
                }
            })
        })
        .collect();
    let mut most = 0;
    // Before the instance expires.
    for _ in 0..250 {
        sleep(seconds(1.0)).await;
        let open = |call: &Call| call.node == "n1" && call.end.is_none();
        most = most.max(world.fleet.count(open));
    }
    callers.iter().for_each(tokio::task::JoinHandle::abort);
    // One at a time for at most 20 s each, and none for longer than 180 s.
    assert!((5..=10).contains(&most), "P-08: {most}");
}
