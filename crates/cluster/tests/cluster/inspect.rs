//! What can be seen of a cluster from beside: why an instance is pending, how the nodes are, what was counted.

use euca_cluster::Explanation;
use euca_observe::metrics::{NodeCall, Outcome, Reason, State};
use euca_wire::{ClusterApi, cc};
use tokio::time::sleep;

use crate::fixture::{A, B, C, NODES, X, instance, run, seconds, world};
use crate::fleet::{Act, World, slow};

const NEW: &str = "i-3F2506A1";
const RUN: &str = "ncRunInstance";

/// Launches NEW, which goes to N0, and looks after some seconds.
async fn launched(act: Act, after: f64) -> (World, Explanation) {
    let world = world().await;
    world.fleet.plan("n0", RUN, [act]);
    let placed = world.cluster.run_instances(run(&[NEW])).await.unwrap();
    assert_eq!(placed.instances[0].service_tag, Some(crate::fleet::url("n0")));
    sleep(seconds(after)).await;
    let explanation = world.cluster.explain(NEW).unwrap();
    (world, explanation)
}

#[tokio::test(start_paused = true)]
async fn a_launch_is_explained_by_what_its_node_does() {
    for (act, outcome, reason, rounds) in [
        (Act::False, "nc_fail", "the node answered false", 10),
        (Act::Fault, "nc_fail", "fault", 10),
        (Act::Refuse, "conn_fail", "", 10),
        (Act::Hang, "timed_out", "no answer in time", 1),
    ] {
        // Just before the eleventh round, or before the second with a node that hangs.
        let after = if matches!(act, Act::Hang) { 20.5 } else { 9.5 };
        let case = format!("{act:?}");
        let (_world, explanation) = launched(act, after).await;
        let launch = explanation.launch.as_ref().unwrap();
        assert_eq!(explanation.state.as_deref(), Some("Pending"), "{case}");
        assert_eq!((launch.rounds, launch.end), (rounds, None), "{case}");
        assert!(launch.attempts.len() <= 16, "{case}");
        let last = launch.attempts.last().unwrap();
        assert_eq!((last.operation, last.outcome), (RUN, outcome), "{case}");
        assert!(last.reason.contains(reason), "{case}: {}", last.reason);
        assert!((launch.given_up_in_seconds - (300.0 - after)).abs() < 0.1, "{case}: {launch:?}");
        let node = explanation.node.as_ref().unwrap();
        assert_eq!((node.name.as_str(), node.state, node.reservations.len()), ("n0", "up", 1), "{case}");
        assert!(!node.reservations[0].accepted && node.reservations[0].instance == NEW, "{case}");
        assert!(explanation.why.contains(&format!("in {rounds} rounds")), "{case}: {}", explanation.why);
        assert!(explanation.why.contains(outcome), "{case}: {}", explanation.why);
    }
}

#[tokio::test(start_paused = true)]
async fn a_launch_that_has_ended_is_explained_by_its_end() {
    let (world, given_up) = launched(Act::False, 301.0).await;
    let launch = given_up.launch.unwrap();
    assert_eq!((launch.end, launch.attempts.len()), (Some("given_up"), 16));
    assert!(launch.given_up_in_seconds < 0.0);
    assert_eq!(given_up.node.unwrap().reservations, []);
    assert!(given_up.why.starts_with("the launch was given up"), "{}", given_up.why);
    // The record expires, the launch is still remembered.
    sleep(seconds(20.0)).await;
    let expired = world.cluster.explain(NEW).unwrap();
    assert_eq!((expired.state, expired.node), (None, None));
    assert!(expired.why.starts_with("no node reports"), "{}", expired.why);

    let (world, accepted) = launched(Act::True, 1.0).await;
    assert_eq!(accepted.launch.unwrap().end, Some("accepted"));
    assert!(accepted.node.unwrap().reservations[0].accepted);
    assert!(accepted.why.starts_with("the node has accepted"), "{}", accepted.why);
    let metrics = world.cluster.metrics();
    let ended = |outcome| metrics.launches.get_or_create(&Outcome { outcome }).get();
    // B's launch is in the fixture.
    assert_eq!((ended("accepted"), ended("given_up"), metrics.launches_running.get()), (2, 0, 0));
    world.fleet.script("n0", |script| script.instances.push(instance(NEW, "Extant")));
    world.poll().await;
    let running = world.cluster.explain(NEW).unwrap();
    assert_eq!((running.state.as_deref(), running.why.as_str()), (Some("Extant"), "the node says Extant"));

    let (world, _) = launched(Act::False, 5.0).await;
    let ids = vec![NEW.to_owned()];
    let terminate = cc::TerminateInstances { instance_ids: ids, ..Default::default() };
    world.cluster.terminate_instances(terminate).await.unwrap();
    sleep(seconds(1.0)).await;
    assert_eq!(world.cluster.explain(NEW).unwrap().launch.unwrap().end, Some("called_off"));
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_was_not_launched_here_is_explained_and_an_unknown_one_is_not() {
    let world = world().await;
    assert_eq!(world.cluster.explain(X), None);
    let found = world.cluster.explain(A).unwrap();
    assert_eq!((found.launch, found.why.as_str()), (None, "the node says Extant"));
    world.fleet.plan_all("n1", Act::Refuse);
    world.poll().await;
    let silent = world.cluster.explain(A).unwrap();
    assert!(silent.why.starts_with("the node said Extant before its polls failed"), "{}", silent.why);
    assert!(silent.unreported_seconds.unwrap() > 6.0);
    assert_eq!(silent.node.unwrap().state, "down");
    world.cluster.set_nodes(vec![crate::fleet::address("n0")]);
    let orphan = world.cluster.explain(A).unwrap();
    assert!(orphan.why.contains("not configured") && orphan.node.is_none(), "{}", orphan.why);
    assert_eq!(world.cluster.explain(C).unwrap().state.as_deref(), Some("Teardown"));
}

#[tokio::test(start_paused = true)]
async fn nodes_show_their_polls_and_their_late_calls() {
    let world = world().await;
    let reports = world.cluster.node_reports();
    assert_eq!(reports.iter().map(|node| node.name.as_str()).collect::<Vec<_>>(), NODES);
    let poll = reports[0].last_poll.as_ref().unwrap();
    assert_eq!((poll.operation, poll.outcome), ("ncDescribeInstances", "ok"));
    assert!(reports.iter().all(|node| node.state == "up" && node.late_calls == 0 && !node.awaited));
    assert!(reports.iter().all(|node| (6.0..8.0).contains(&node.seconds_in_state.unwrap())), "{reports:?}");
    world.fleet.plan("n1", "ncAttachVolume", [slow(60.0)]);
    let attach = cc::AttachVolume {
        instance_id: Some(A.into()),
        volume_id: Some("vol-1".into()),
        remote_dev: Some("/dev/x".into()),
        local_dev: Some("/dev/sdb".into()),
        ..Default::default()
    };
    world.cluster.attach_volume(attach).await.unwrap();
    assert_eq!(world.cluster.node_reports()[1].late_calls, 1);
    world.cluster.refresh_metrics();
    let metrics = world.cluster.metrics();
    assert_eq!(metrics.late_calls_running.get(), 1);
    sleep(seconds(60.0)).await;
    world.cluster.refresh_metrics();
    assert_eq!(metrics.late_calls_running.get(), 0);
    let operation = "ncAttachVolume";
    let called = |outcome| NodeCall { operation, outcome };
    assert_eq!(metrics.node_calls.get_or_create(&called("timed_out")).get(), 1);
    assert_eq!(metrics.late_calls.get_or_create(&called("ok")).get(), 1);
}

#[tokio::test(start_paused = true)]
async fn calls_polls_states_and_capacity_are_counted() {
    let world = world().await;
    let metrics = world.cluster.metrics();
    let calls = |operation, outcome| metrics.node_calls.get_or_create(&NodeCall { operation, outcome }).get();
    // The fixture has polled twice, B went to N2.
    assert_eq!(calls("ncDescribeResource", "ok"), 6);
    assert_eq!(calls("ncDescribeInstances", "ok"), 6);
    assert_eq!((calls(RUN, "ok"), metrics.launch_rounds.get()), (1, 1));
    world.fleet.plan("n0", "ncDescribeResource", [Act::False]);
    world.fleet.plan("n1", "ncDescribeInstances", [Act::Refuse]);
    world.fleet.plan("n2", "ncDescribeResource", [Act::Hang]);
    sleep(seconds(27.0)).await;
    assert!(calls("ncDescribeResource", "nc_fail") > 0 && calls("ncDescribeInstances", "conn_fail") > 0);
    assert_eq!(calls("ncDescribeResource", "timed_out"), 1);

    world.cluster.refresh_metrics();
    let nodes = |state| metrics.nodes.get_or_create(&State { state }).get();
    assert_eq!((nodes("up"), nodes("down"), nodes("asleep")), (1, 2, 0));
    let instances = |state| metrics.instances.get_or_create(&State { state }).get();
    assert_eq!((instances("Extant"), instances("Pending"), instances("Teardown")), (1, 1, 1));
    let amount = |resource| euca_observe::metrics::Resource { resource };
    assert_eq!(metrics.capacity.get_or_create(&amount("cores")).get(), 4);
    assert_eq!(metrics.capacity_available.get_or_create(&amount("memory_mb")).get(), 4096);
    let oldest = metrics.oldest_poll_seconds.get();
    assert!((1.0..27.0).contains(&oldest), "{oldest}");

    // A poll that hangs gives way to a call.
    let console = cc::GetConsoleOutput { instance_id: Some(B.into()), ..Default::default() };
    sleep(seconds(7.0)).await;
    let _ = world.cluster.get_console_output(console).await.unwrap();
    let skipped = |reason| metrics.polls_skipped.get_or_create(&Reason { reason }).get();
    assert_eq!((skipped("gave_way"), skipped("busy")), (1, 0));

    world.cluster.describe_instances(cc::DescribeInstances::default()).await.unwrap();
    let bytes = metrics.describe_instances_bytes.get();
    let room = bytes + metrics.describe_instances_headroom_bytes.get();
    assert!(bytes > 1000 && usize::try_from(room).unwrap() == euca_wire::CLC_BODY_LIMIT, "{bytes} of {room}");
}
