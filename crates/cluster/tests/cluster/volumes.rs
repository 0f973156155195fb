//! AttachVolume and DetachVolume; with them, the rules of the fan-out engine.

use euca_cluster::ClusterSettings;
use euca_wire::{ClusterApi, cc, nc};
use tokio::time::{Instant, sleep};

use crate::fixture::{A, NODES, X, round_robin, seconds, world, world_with};
use crate::fleet::{Act, Fleet, World, slow};

const ATTACH: &str = "ncAttachVolume";
const DETACH: &str = "ncDetachVolume";

fn attach(id: &str) -> cc::AttachVolume {
    cc::AttachVolume {
        correlation_id: Some("c-1".into()),
        user_id: Some("alice".into()),
        volume_id: Some("vol-1".into()),
        instance_id: Some(id.into()),
        remote_dev: Some("/dev/etherd/e0.1".into()),
        local_dev: Some("/dev/sdb".into()),
        ..Default::default()
    }
}

fn detach(id: &str, force: Option<bool>) -> cc::DetachVolume {
    cc::DetachVolume {
        volume_id: Some("vol-1".into()),
        instance_id: Some(id.into()),
        remote_dev: Some("/dev/etherd/e0.1".into()),
        local_dev: Some("/dev/sdb".into()),
        force,
        ..Default::default()
    }
}

/// Sends the request and says whether it answered true, and after how many seconds.
async fn attached(world: &World, request: cc::AttachVolume) -> (bool, f64) {
    let start = Instant::now();
    let answer = world.cluster.attach_volume(request).await.unwrap();
    let took = start.elapsed().as_secs_f64();
    let success = answer.return_.unwrap();
    assert_eq!(answer.status_message.as_deref(), (!success).then_some("ERROR"));
    (success, took)
}

async fn detached(world: &World, request: cc::DetachVolume) -> bool {
    world.cluster.detach_volume(request).await.unwrap().return_.unwrap()
}

/// One row: what each node does, the instance, the nodes called in order, the reply and its time in seconds.
struct Row {
    row: &'static str,
    acts: [Act; 3],
    id: &'static str,
    called: &'static [&'static str],
    success: bool,
    after: std::ops::RangeInclusive<f64>,
}

#[tokio::test(start_paused = true)]
async fn attach_asks_the_host_node_or_searches_until_the_first_success() {
    use Act::{False, Fault, Hang, NoReturn, Refuse, True};
    let at_once = 0.0..=0.1;
    let rows = [
        Row {
            row: "cc_t013",
            acts: [False, True, False],
            id: A,
            called: &["n1"],
            success: true,
            after: at_once.clone(),
        },
        Row {
            row: "cc_t014",
            acts: [True, False, True],
            id: A,
            called: &["n1"],
            success: false,
            after: at_once.clone(),
        },
        Row {
            row: "cc_t015",
            acts: [True, Fault, True],
            id: A,
            called: &["n1"],
            success: false,
            after: at_once.clone(),
        },
        Row {
            row: "cc_t016",
            acts: [True, Refuse, True],
            id: A,
            called: &["n1"],
            success: false,
            after: at_once.clone(),
        },
        Row {
            row: "no return",
            acts: [True, NoReturn, True],
            id: A,
            called: &["n1"],
            success: false,
            after: at_once.clone(),
        },
        // A lost packet and a silent node look alike above the connection.
        Row {
            row: "cc_t017 cc_t018",
            acts: [False, Hang, False],
            id: A,
            called: &["n1"],
            success: true,
            after: 20.0..=20.1,
        },
        Row {
            row: "cc_t022",
            acts: [False, True, True],
            id: X,
            called: &["n0", "n1"],
            success: true,
            after: at_once.clone(),
        },
        Row {
            row: "cc_t023",
            acts: [False, False, False],
            id: X,
            called: &NODES,
            success: false,
            after: at_once.clone(),
        },
        Row {
            row: "cc_t025",
            acts: [Hang, False, slow(3.0)],
            id: X,
            called: &NODES,
            success: true,
            after: 5.0..=5.1,
        },
        Row {
            row: "cc_t026",
            acts: [Refuse, Refuse, Refuse],
            id: X,
            called: &NODES,
            success: false,
            after: at_once.clone(),
        },
        // Empty is not a free slot.
        Row {
            row: "cc_t030",
            acts: [False, False, True],
            id: "",
            called: &NODES,
            success: true,
            after: at_once.clone(),
        },
        Row {
            row: "cc_t030",
            acts: [False, False, False],
            id: "",
            called: &NODES,
            success: false,
            after: at_once,
        },
        // P-12: no success, but one that may still come; the others are asked meanwhile.
        Row {
            row: "P-12",
            acts: [False, Hang, False],
            id: X,
            called: &NODES,
            success: true,
            after: 20.0..=22.1,
        },
        Row {
            row: "P-12",
            acts: [slow(1.9), True, True],
            id: X,
            called: &["n0"],
            success: true,
            after: 1.9..=2.0,
        },
        Row {
            row: "P-12",
            acts: [slow(2.5), slow(9.0), False],
            id: X,
            called: &NODES,
            success: true,
            after: 2.5..=2.6,
        },
    ];
    for Row { row, acts, id, called, success, after } in rows {
        let world = world().await;
        for (node, act) in NODES.into_iter().zip(acts) {
            world.fleet.plan(node, ATTACH, [act]);
        }
        let (answered, took) = attached(&world, attach(id)).await;
        assert_eq!(answered, success, "{row}");
        assert_eq!(world.fleet.nodes_called(ATTACH), called, "{row}");
        assert!(after.contains(&took), "{row}: {took} s");
    }
}

#[tokio::test(start_paused = true)]
async fn attach_forwards_what_it_was_given() {
    let world = world().await;
    attached(&world, attach(A)).await;
    let (node, request) = world.fleet.requests::<nc::NcAttachVolume>().remove(0);
    assert_eq!(node, "n1");
    let expected = nc::NcAttachVolume {
        correlation_id: None,
        user_id: Some("alice".into()),
        node_name: Some("n1".into()),
        instance_id: Some(A.into()),
        volume_id: Some("vol-1".into()),
        remote_dev: Some("/dev/etherd/e0.1".into()),
        local_dev: Some("/dev/sdb".into()),
        ..Default::default()
    };
    assert_eq!(request, expected);
}

#[tokio::test(start_paused = true)]
async fn a_late_attach_goes_on_for_180_seconds() {
    for (needs, answered) in [(100.0, true), (179.0, true), (500.0, false)] {
        let world = world().await;
        world.fleet.plan("n1", ATTACH, [slow(needs)]);
        let sent = world.fleet.now();
        let (success, took) = attached(&world, attach(A)).await;
        assert!(success && (20.0..20.1).contains(&took), "cc_t017: {took} s");
        sleep(seconds(200.0)).await;
        let ends = world.fleet.calls(ATTACH, |call| call.end.expect("it has come to an end"));
        assert_eq!(ends.len(), 1, "one attempt");
        let (end, by_node) = ends[0];
        assert_eq!(by_node, answered);
        let lasted = (end - sent).as_secs_f64();
        assert!((lasted - needs.min(180.0)).abs() < 0.1, "{lasted} s");
    }
}

#[tokio::test(start_paused = true)]
async fn cc_t019_without_the_compatibility_switch_a_late_attach_is_a_failure() {
    let strict = ClusterSettings { late_calls_succeed: false, ..round_robin() };
    let world = world_with(strict.clone()).await;
    world.fleet.plan("n1", ATTACH, [Act::Hang]);
    let (success, took) = attached(&world, attach(A)).await;
    assert!(!success && (20.0..20.1).contains(&took), "{took} s");

    // One that could not be sent in time is dropped.
    let world = world_with(strict).await;
    world.fleet.plan("n1", ATTACH, [slow(19.0)]);
    let replies = futures_util::future::join_all((0..3).map(|_| attached(&world, attach(A)))).await;
    assert_eq!(replies.iter().map(|(success, _)| *success).collect::<Vec<_>>(), [true, false, false]);
    sleep(seconds(200.0)).await;
    assert_eq!(world.fleet.nodes_called(ATTACH).len(), 2, "the third was never sent");
}

#[tokio::test(start_paused = true)]
async fn cc_t020_cc_t021_attach_without_a_required_element_calls_nobody() {
    let world = world().await;
    for (element, request) in [
        ("localDev", cc::AttachVolume { local_dev: None, ..attach(A) }),
        ("volumeId", cc::AttachVolume { volume_id: None, ..attach(A) }),
        ("remoteDev", cc::AttachVolume { remote_dev: None, ..attach(A) }),
        ("instanceId", cc::AttachVolume { instance_id: None, ..attach(A) }),
    ] {
        assert!(!attached(&world, request).await.0, "{element}");
    }
    assert!(world.fleet.foreground().is_empty());
}

#[tokio::test(start_paused = true)]
async fn cc_t024_attach_without_any_node_is_a_success() {
    let world = World::start(round_robin(), Fleet::new(), &[]);
    assert!(attached(&world, attach(X)).await.0);
}

#[tokio::test(start_paused = true)]
async fn cc_t027_attach_asks_the_host_node_even_when_it_is_down() {
    let world = world().await;
    world.fleet.plan("n1", "ncDescribeResource", [Act::Refuse]);
    world.poll().await;
    assert_eq!(crate::fixture::free_and_max(&world).await, (8, 8));
    assert!(attached(&world, attach(A)).await.0);
    assert_eq!(world.fleet.nodes_called(ATTACH), ["n1"]);
}

#[tokio::test(start_paused = true)]
async fn cc_t028_attach_to_an_occupied_node_is_sent_when_its_turn_comes() {
    let world = world().await;
    // The one in front holds the lock until its deadline; the one behind it is answered when its own has come.
    world.fleet.plan("n1", ATTACH, [slow(70.0), slow(15.0), Act::True]);
    let start = world.fleet.now();
    let replies = futures_util::future::join_all((0..3).map(|_| attached(&world, attach(A)))).await;
    for (success, took) in replies {
        assert!(success && took < 20.1, "{took} s");
    }
    sleep(seconds(100.0)).await;
    let sent = world.fleet.calls(ATTACH, |call| (call.at - start).as_secs());
    assert_eq!(sent, [0, 20, 35], "each after the one in front of it has yielded");
}

#[tokio::test(start_paused = true)]
async fn an_unsent_attach_is_given_up_after_180_seconds() {
    let world = world().await;
    world.fleet.plan("n1", ATTACH, [Act::Hang]);
    let start = world.fleet.now();
    futures_util::future::join_all((0..12).map(|_| attached(&world, attach(A)))).await;
    sleep(seconds(400.0)).await;
    let sent = world.fleet.calls(ATTACH, |call| (call.at - start).as_secs());
    assert_eq!(sent, [0, 20, 40, 60, 80, 100, 120, 140, 160]);
}

#[tokio::test(start_paused = true)]
async fn cc_t029_stuck_calls_to_one_node_do_not_delay_another() {
    let world = world().await;
    let on_n0 = crate::fixture::instance("i-000000A0", "Extant");
    world.fleet.script("n0", |script| script.instances.push(on_n0));
    world.poll().await;
    world.fleet.plan("n0", ATTACH, [Act::Hang]);
    let stuck: Vec<_> = (0..4)
        .map(|_| {
            let cluster = world.cluster.clone();
            tokio::spawn(async move { cluster.attach_volume(attach("i-000000A0")).await })
        })
        .collect();
    sleep(seconds(1.0)).await;
    let (success, took) = attached(&world, attach(A)).await;
    assert!(success && took < 0.01, "{took} s");
    assert!(stuck.iter().all(|task| !task.is_finished()));
}

#[tokio::test(start_paused = true)]
async fn cc_t202_three_attaches_to_one_slow_node_all_succeed_within_20_seconds() {
    let world = world().await;
    world.fleet.plan("n1", ATTACH, [slow(15.0)]);
    let replies = futures_util::future::join_all((0..3).map(|_| attached(&world, attach(A)))).await;
    for (success, took) in replies {
        assert!(success && took < 20.1, "{took} s");
    }
    sleep(seconds(60.0)).await;
    let ends = world.fleet.calls(ATTACH, |call| call.end.unwrap().1);
    assert_eq!(ends, [true; 3], "the node has received and done all three");
}

#[tokio::test(start_paused = true)]
async fn cc_t203_a_search_over_1000_silent_nodes_ends_after_45_seconds() {
    let fleet = Fleet::new();
    let names: Vec<String> = (0..1000).map(|i| format!("n{i}")).collect();
    for name in &names {
        fleet.plan_all(name, Act::Hang);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let world = World::start(round_robin(), fleet, &names);
    sleep(seconds(60.0)).await;
    let (success, took) = attached(&world, attach(X)).await;
    assert!(success && took <= 45.0, "{took} s");
    let calls = world.fleet.calls(ATTACH, |call| (call.at, call.node.clone()));
    let first = calls[0].0;
    let soon = calls.iter().filter(|(at, _)| *at - first < seconds(2.1)).count();
    assert_eq!(soon, 32, "after 2 s there are 32 in flight");
    let order: Vec<_> = calls.iter().map(|(_, node)| node.as_str()).collect();
    assert_eq!(order, names[..order.len()], "begun in index order");
}

#[tokio::test(start_paused = true)]
async fn a_success_withdraws_what_is_still_in_line() {
    let world = world().await;
    // N1 is occupied by an attach for A; the search for X stands in line behind it.
    world.fleet.plan("n1", ATTACH, [slow(10.0), Act::True]);
    world.fleet.plan("n0", ATTACH, [slow(4.0)]);
    world.fleet.plan("n2", ATTACH, [Act::False]);
    let (_, searched) = tokio::join!(attached(&world, attach(A)), attached(&world, attach(X)));
    assert!(searched.0 && (4.0..4.1).contains(&searched.1));
    sleep(seconds(60.0)).await;
    assert_eq!(world.fleet.nodes_called(ATTACH), ["n1", "n0", "n2"], "N1 was not asked a second time");
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_goes_away_does_not_take_a_sent_attach_with_him() {
    let world = world().await;
    world.fleet.plan("n1", ATTACH, [slow(10.0)]);
    let gone = tokio::time::timeout(seconds(1.0), attached(&world, attach(A))).await;
    assert!(gone.is_err());
    sleep(seconds(20.0)).await;
    assert_eq!(world.fleet.calls(ATTACH, |call| call.end.unwrap().1), [true]);
}

#[tokio::test(start_paused = true)]
async fn detach_asks_every_candidate_and_the_last_one_decides() {
    use Act::{False, Hang, True};
    for (row, acts, id, called, success) in [
        ("cc_t033", [True, False, False], X, &NODES[..], false),
        ("cc_t034", [False, False, True], X, &NODES[..], true),
        ("all in time, the last too late", [True, False, Hang], X, &NODES[..], true),
        ("host node only", [False, True, False], A, &NODES[1..2], true),
        ("host node only", [True, False, True], A, &NODES[1..2], false),
    ] {
        let world = world().await;
        for (node, act) in NODES.into_iter().zip(acts) {
            world.fleet.plan(node, DETACH, [act]);
        }
        assert_eq!(detached(&world, detach(id, None)).await, success, "{row}");
        assert_eq!(world.fleet.nodes_called(DETACH), called, "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn cc_t031_cc_t032_detach_forwards_force_as_given() {
    for (given, sent) in [(Some(true), true), (Some(false), false), (None, false)] {
        let world = world().await;
        assert!(detached(&world, detach(A, given)).await);
        let requests = world.fleet.requests::<nc::NcDetachVolume>();
        assert_eq!(requests.len(), 1);
        assert_eq!((requests[0].0.as_str(), requests[0].1.force), ("n1", Some(sent)));
    }
}

#[tokio::test(start_paused = true)]
async fn cc_t035_detach_without_a_required_element_calls_nobody() {
    let world = world().await;
    let request = cc::DetachVolume { remote_dev: None, ..detach(A, None) };
    assert!(!detached(&world, request).await);
    assert!(world.fleet.foreground().is_empty());
}

#[tokio::test(start_paused = true)]
async fn cc_t186_an_instance_keeps_its_node_when_others_leave_the_list() {
    let world = world().await;
    world.cluster.set_nodes(vec![crate::fleet::address("n1"), crate::fleet::address("n2")]);
    assert!(attached(&world, attach(A)).await.0);
    assert_eq!(world.fleet.nodes_called(ATTACH), ["n1"]);
    // Without its own node, it counts as unknown.
    world.fleet.forget_calls();
    world.cluster.set_nodes(vec![crate::fleet::address("n2")]);
    assert!(attached(&world, attach(A)).await.0);
    assert_eq!(world.fleet.nodes_called(ATTACH), ["n2"]);
}
