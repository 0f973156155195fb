//! What a restart finds, whatever ended the run before it: a clean stop, or a crash at any point of a promise
//! (cluster-controller.md §2.8, rows 195 to 197).

use std::time::Duration;

use euca_cluster::{ClusterSettings, State};
use euca_store::testing::{Disk, Fault};
use euca_wire::{ClusterApi, Fault as SoapFault, cc, nc};
use tokio::time::{sleep, timeout};

use crate::fixture::{
    A, B, C, NODES, described, free_and_max, instance, round_robin, run, seconds, small, world,
};
use crate::fleet::{Act, Fleet, World, url};

const NEW: &str = "i-3F2506A1";
const RUN: &str = "ncRunInstance";

/// Every node is up and runs nothing; nothing was placed yet.
async fn empty() -> World {
    let world = World::start(round_robin(), Fleet::new(), &NODES);
    world.poll().await;
    world
}

/// Crashes, lets `seconds` pass and starts again with the same nodes.
async fn restart(world: World, down: f64) -> World {
    let (fleet, disk) = world.crash().await;
    disk.plan([]);
    disk.set_latency(Duration::ZERO);
    sleep(seconds(down)).await;
    World::restart(round_robin(), fleet, &NODES, &disk)
}

/// The answer, if it comes.
async fn launch(world: &World, id: &str) -> Option<cc::RunInstancesResponse> {
    timeout(seconds(60.0), world.cluster.run_instances(run(&[id]))).await.ok().map(Result::unwrap)
}

async fn terminate(world: &World, id: &str) -> Option<cc::TerminateInstancesResponse> {
    let request = cc::TerminateInstances { instance_ids: vec![id.into()], ..Default::default() };
    timeout(seconds(60.0), world.cluster.terminate_instances(request)).await.ok().map(Result::unwrap)
}

async fn describe(world: &World) -> Result<Vec<cc::CcInstance>, SoapFault> {
    let answer = world.cluster.describe_instances(cc::DescribeInstances::default()).await?;
    Ok(answer.instances.iter().map(|instance| cc::CcInstance::clone(instance)).collect())
}

async fn ids(world: &World) -> Vec<String> {
    describe(world).await.unwrap().into_iter().filter_map(|instance| instance.instance_id).collect()
}

/// Seconds since `start` at which nodes were asked to run an instance.
fn rounds(world: &World, start: Duration) -> Vec<u64> {
    world.fleet.calls(RUN, |call| call.at.saturating_sub(start).as_secs())
}

#[tokio::test(start_paused = true)]
async fn cc_t195_the_replies_after_a_restart_are_those_before_it() {
    let world = world().await;
    let address =
        cc::AssignAddress { source: "10.1.1.1".into(), dest: "0.0.0.1".into(), ..Default::default() };
    world.fleet.script("n1", |script| {
        let net = script.instances[0].net_params.as_mut().unwrap();
        net.private_ip = "0.0.0.1".into();
        script.resources[1] = (3072, 90, 3);
    });
    world.poll().await;
    world.cluster.assign_address(address).await.unwrap();
    world.fleet.plan("n0", RUN, [Act::Refuse]);
    assert_eq!(launch(&world, NEW).await.unwrap().instances[0].service_tag, Some(url("n0")));
    sleep(seconds(1.0)).await;
    let resources = cc::DescribeResources { instance_types: vec![small()], ..Default::default() };
    let before = (
        describe(&world).await.unwrap(),
        world.cluster.describe_resources(resources.clone()).await.unwrap(),
        free_and_max(&world).await,
    );
    sleep(seconds(1.0)).await;
    assert_eq!(before.0.len(), 4);
    assert_eq!(before.2, (10, 12));

    // No node answers any more: only what was durable can be told.
    for node in NODES {
        world.fleet.plan_all(node, Act::Hang);
    }
    let world = restart(world, 5.0).await;
    let after = (
        describe(&world).await.unwrap(),
        world.cluster.describe_resources(resources).await.unwrap(),
        free_and_max(&world).await,
    );
    assert_eq!(after, before);
    let told = described(&world, A).await.unwrap();
    assert_eq!(told.net_params.unwrap().public_ip, "10.1.1.1");
    let next = launch(&world, "i-3F2506A2").await.unwrap();
    assert_eq!(next.instances[0].service_tag, Some(url("n1")), "the scheduler goes on behind n0");
}

#[tokio::test(start_paused = true)]
async fn cc_t196_after_a_clean_start_nothing_is_told_until_every_node_was_asked() {
    let world = world().await;
    let (fleet, _) = world.crash().await;
    fleet.plan_all("n2", Act::Hang);
    let world = World::restart(round_robin(), fleet, &NODES, &Disk::default());
    let refused = describe(&world).await.unwrap_err();
    assert!(refused.to_string().contains("not known yet"), "{refused}");
    assert_eq!(free_and_max(&world).await, (0, 0));
    sleep(seconds(1.0)).await;
    assert!(describe(&world).await.is_err(), "n2 was not asked to the end");
    sleep(seconds(25.0)).await;
    let mut told = ids(&world).await;
    told.sort();
    assert_eq!(told, [A, C], "what the nodes run is learnt again; nobody runs B");
}

#[tokio::test(start_paused = true)]
async fn until_the_list_was_complete_once_a_restart_waits_for_the_nodes_again() {
    let fleet = Fleet::new();
    fleet.script("n0", |script| script.instances = vec![instance(A, "Extant")]);
    fleet.plan_all("n1", Act::Hang);
    let world = World::start(round_robin(), fleet, &NODES);
    sleep(seconds(1.0)).await;
    let world = restart(world, 0.0).await;
    assert!(describe(&world).await.is_err(), "what n1 runs was never known");
    sleep(seconds(25.0)).await;
    assert_eq!(ids(&world).await, [A]);
    sleep(seconds(1.0)).await;
    let world = restart(world, 0.0).await;
    assert_eq!(ids(&world).await, [A], "now it is, and that outlives the restart");
}

#[tokio::test(start_paused = true)]
async fn an_instance_has_its_whole_timeout_before_it_after_a_restart() {
    let world = world().await;
    for node in NODES {
        world.fleet.plan_all(node, Act::Hang);
    }
    sleep(seconds(200.0)).await;
    let world = restart(world, 1000.0).await;
    sleep(seconds(299.0)).await;
    assert!(described(&world, A).await.is_some());
    sleep(seconds(10.0)).await;
    assert!(described(&world, A).await.is_none());
    let world = restart(world, 0.0).await;
    assert!(described(&world, A).await.is_none(), "forgotten for good");
}

#[tokio::test(start_paused = true)]
async fn an_instance_is_told_and_launched_when_it_is_durable_and_not_before() {
    let world = empty().await;
    sleep(seconds(1.0)).await;
    world.disk.set_latency(seconds(5.0));
    let start = world.fleet.now();
    let cluster = world.cluster.clone();
    let answer = tokio::spawn(async move { cluster.run_instances(run(&[NEW])).await });
    sleep(seconds(4.9)).await;
    assert!(!answer.is_finished());
    assert_eq!(ids(&world).await, [""; 0]);
    assert_eq!(world.fleet.foreground(), []);
    assert_eq!(free_and_max(&world).await, (11, 12), "nobody else gets its place meanwhile");
    sleep(seconds(0.2)).await;
    assert_eq!(answer.await.unwrap().unwrap().instances.len(), 1);
    assert_eq!(ids(&world).await, [NEW]);
    assert_eq!(rounds(&world, start), [5]);
}

#[tokio::test(start_paused = true)]
async fn an_instance_a_node_reports_is_told_when_it_is_durable_or_cannot_be_made_so() {
    let world = empty().await;
    sleep(seconds(1.0)).await;
    world.disk.set_latency(seconds(3.0));
    world.disk.plan([Some(Fault::Fails)]);
    world.fleet.script("n0", |script| script.instances = vec![instance(A, "Extant")]);
    sleep(seconds(7.0)).await;
    assert_eq!(ids(&world).await, [""; 0]);
    sleep(seconds(3.0)).await;
    assert_eq!(ids(&world).await, [A], "hidden for long, it would be terminated");
    sleep(seconds(10.0)).await;
    let world = restart(world, 0.0).await;
    assert_eq!(ids(&world).await, [A], "the commit was made up for");
}

#[tokio::test(start_paused = true)]
async fn a_launch_that_cannot_be_made_durable_never_was() {
    let world = empty().await;
    sleep(seconds(1.0)).await;
    world.disk.plan([Some(Fault::Fails)]);
    let refused = launch(&world, NEW).await.unwrap();
    assert_eq!((refused.return_, refused.status_message.as_deref()), (Some(false), Some("ERROR")));
    assert_eq!(refused.instances.len(), 0);
    assert_eq!(ids(&world).await, [""; 0]);
    assert_eq!(free_and_max(&world).await, (12, 12));
    sleep(seconds(10.0)).await;
    assert_eq!(world.fleet.foreground(), []);
    let world = restart(world, 0.0).await;
    sleep(seconds(10.0)).await;
    assert_eq!((ids(&world).await, world.fleet.foreground()), (vec![], vec![]));
    assert_eq!(launch(&world, NEW).await.unwrap().instances.len(), 1, "it may be tried again");
}

#[tokio::test(start_paused = true)]
async fn a_crash_before_the_commit_leaves_no_trace() {
    let world = empty().await;
    sleep(seconds(1.0)).await;
    world.disk.plan([Some(Fault::CrashBefore)]);
    assert!(launch(&world, NEW).await.is_none(), "no answer");
    let world = restart(world, 0.0).await;
    sleep(seconds(10.0)).await;
    assert_eq!(ids(&world).await, [""; 0]);
    assert_eq!(world.fleet.foreground(), []);
    assert_eq!(free_and_max(&world).await, (12, 12));
}

#[tokio::test(start_paused = true)]
async fn a_crash_between_commit_and_reply_leaves_an_instance_that_is_launched_once() {
    let world = empty().await;
    sleep(seconds(1.0)).await;
    world.disk.plan([Some(Fault::CrashAfter)]);
    assert!(launch(&world, NEW).await.is_none(), "no answer");
    assert_eq!(world.fleet.foreground(), []);
    let world = restart(world, 0.0).await;
    assert_eq!(ids(&world).await, [NEW]);
    sleep(seconds(10.0)).await;
    assert_eq!(rounds(&world, Duration::ZERO).len(), 1);
    let world = restart(world, 0.0).await;
    sleep(seconds(10.0)).await;
    assert_eq!(rounds(&world, Duration::ZERO).len(), 1, "and never again");
}

#[tokio::test(start_paused = true)]
async fn a_launch_goes_on_for_the_rest_of_its_time() {
    for (down, left) in [(50.0, 140), (150.0, 40)] {
        let world = empty().await;
        for node in NODES {
            world.fleet.plan(node, RUN, [Act::Refuse]);
        }
        let start = world.fleet.now();
        launch(&world, NEW).await.unwrap();
        sleep(seconds(100.0)).await;
        let world = restart(world, down).await;
        world.fleet.forget_calls();
        assert_eq!(free_and_max(&world).await, (11, 12), "its place is kept for it");
        sleep(seconds(400.0)).await;
        let rounds = rounds(&world, start);
        assert!(rounds.len() > left, "{} rounds after the restart", rounds.len());
        assert!((299..=301).contains(rounds.last().unwrap()), "{rounds:?}");
        assert_eq!(free_and_max(&world).await, (12, 12));
        let world = restart(world, 0.0).await;
        world.fleet.forget_calls();
        sleep(seconds(10.0)).await;
        assert_eq!(world.fleet.foreground(), [], "given up for good");
    }
}

#[tokio::test(start_paused = true)]
async fn a_launch_whose_time_is_over_is_given_up_and_its_instance_told_on() {
    let world = empty().await;
    world.fleet.plan("n0", RUN, [Act::Refuse]);
    launch(&world, NEW).await.unwrap();
    sleep(seconds(10.0)).await;
    let world = restart(world, 300.0).await;
    world.fleet.forget_calls();
    sleep(seconds(100.0)).await;
    assert_eq!(world.fleet.foreground(), []);
    assert_eq!(ids(&world).await, [NEW]);
    assert_eq!(free_and_max(&world).await, (12, 12));
}

#[tokio::test(start_paused = true)]
async fn a_launch_goes_on_after_a_clean_stop() {
    let world = empty().await;
    world.fleet.plan("n0", RUN, [Act::Refuse]);
    launch(&world, NEW).await.unwrap();
    sleep(seconds(10.0)).await;
    world.cluster.shut_down(seconds(5.0)).await;
    let world = restart(world, 0.0).await;
    world.fleet.forget_calls();
    sleep(seconds(5.0)).await;
    assert!(rounds(&world, Duration::ZERO).len() >= 4);
    assert_eq!(free_and_max(&world).await, (11, 12));
}

#[tokio::test(start_paused = true)]
async fn a_launch_to_a_node_no_longer_configured_is_given_up() {
    let world = empty().await;
    world.fleet.plan("n0", RUN, [Act::Refuse]);
    launch(&world, NEW).await.unwrap();
    let (fleet, disk) = world.crash().await;
    fleet.forget_calls();
    let world = World::restart(round_robin(), fleet, &["n1", "n2"], &disk);
    sleep(seconds(10.0)).await;
    assert_eq!(world.fleet.foreground(), []);
    assert_eq!(ids(&world).await, [NEW]);
    let world = restart(world, 0.0).await;
    world.fleet.forget_calls();
    sleep(seconds(10.0)).await;
    assert_eq!(world.fleet.foreground(), []);
}

#[tokio::test(start_paused = true)]
async fn a_crash_after_the_node_has_accepted_starts_nothing_twice() {
    let world = empty().await;
    sleep(seconds(1.0)).await;
    // The launch is durable after 10 s; that it has come to its end is not when the crash comes.
    world.disk.set_latency(seconds(10.0));
    world.fleet.plan("n0", RUN, [Act::True, Act::False]);
    launch(&world, NEW).await.unwrap();
    sleep(seconds(2.0)).await;
    assert_eq!(rounds(&world, Duration::ZERO).len(), 1);
    world.fleet.script("n0", |script| script.instances = vec![instance(NEW, "Pending")]);
    let world = restart(world, 0.0).await;
    sleep(seconds(20.0)).await;
    let again = rounds(&world, Duration::ZERO).len();
    assert!((1..=3).contains(&again), "asked again until the node reports it, and refused: {again}");
    let world = restart(world, 0.0).await;
    world.fleet.forget_calls();
    sleep(seconds(10.0)).await;
    assert_eq!(world.fleet.foreground(), []);
}

#[tokio::test(start_paused = true)]
async fn a_terminated_launch_does_not_come_back() {
    for fault in [None, Some(Fault::CrashAfter), Some(Fault::CrashBefore), Some(Fault::Fails)] {
        let world = empty().await;
        world.fleet.plan("n0", RUN, [Act::Refuse]);
        launch(&world, NEW).await.unwrap();
        sleep(seconds(10.0)).await;
        world.disk.plan([fault]);
        let answer = terminate(&world, NEW).await;
        let told = answer.map(|answer| answer.return_.unwrap());
        let expected = match fault {
            None => Some(true),
            Some(Fault::Fails) => Some(false),
            Some(Fault::CrashAfter | Fault::CrashBefore) => None,
        };
        assert_eq!(told, expected, "{fault:?}");
        let world = restart(world, 0.0).await;
        world.fleet.forget_calls();
        sleep(seconds(10.0)).await;
        let comes_back = !rounds(&world, Duration::ZERO).is_empty();
        assert_eq!(comes_back, matches!(fault, Some(Fault::CrashBefore | Fault::Fails)), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_that_cannot_be_made_durable_is_taken_back() {
    let world = world().await;
    let public = async |world: &World| described(world, A).await.unwrap().net_params.unwrap().public_ip;
    world.fleet.script("n1", |script| {
        script.instances[0].net_params.as_mut().unwrap().private_ip = "192.168.1.2".into();
    });
    world.poll().await;
    let (source, dest) = (|| "10.1.1.1".to_owned(), || "192.168.1.2".to_owned());
    let assign = || cc::AssignAddress { source: source(), dest: dest(), ..Default::default() };
    let unassign = || cc::UnassignAddress { source: source(), dest: dest(), ..Default::default() };
    let fails = || world.disk.plan([Some(Fault::Fails)]);
    fails();
    assert_eq!(world.cluster.assign_address(assign()).await.unwrap().return_, Some(false));
    assert_eq!(public(&world).await, "0.0.0.0");
    assert_eq!(world.cluster.assign_address(assign()).await.unwrap().return_, Some(true));
    fails();
    assert_eq!(world.cluster.unassign_address(unassign()).await.unwrap().return_, Some(false));
    assert_eq!(public(&world).await, "10.1.1.1");
    let world = restart(world, 0.0).await;
    assert_eq!(public(&world).await, "10.1.1.1");
    assert_eq!(world.cluster.unassign_address(unassign()).await.unwrap().return_, Some(true));
    let world = restart(world, 0.0).await;
    assert_eq!(public(&world).await, "0.0.0.0");
}

/// A crash at the n-th commit, before it or after it, for every n the run gets to.
#[tokio::test(start_paused = true)]
async fn cc_t197_whenever_the_crash_comes_nothing_told_or_promised_is_lost() {
    for fault in [Fault::CrashBefore, Fault::CrashAfter] {
        for commit in 0..16 {
            let world = World::start(ClusterSettings::default(), Fleet::new(), &NODES);
            world.fleet.script("n1", |script| script.instances = vec![instance(B, "Extant")]);
            world.disk.plan((0..commit).map(|_| None).chain([Some(fault)]));
            let (mut promised, mut told) = (Vec::new(), Vec::new());
            for number in 0..6 {
                sleep(seconds(1.0)).await;
                let id = format!("i-0000010{number}");
                let answer = timeout(seconds(1.0), world.cluster.run_instances(run(&[&id]))).await;
                if answer.is_ok_and(|answer| answer.unwrap().return_ == Some(true)) {
                    promised.push(id);
                }
                told.extend(describe(&world).await.unwrap_or_default());
            }
            let world = restart(world, 0.0).await;
            sleep(seconds(0.5)).await;
            let after = ids(&world).await;
            for id in promised.iter().chain(told.iter().filter_map(|told| told.instance_id.as_ref())) {
                assert!(after.contains(id), "{id} is lost by {fault:?} at commit {commit}");
            }
            sleep(seconds(20.0)).await;
            for id in &promised {
                let asked = world.fleet.requests::<nc::NcRunInstance>();
                let asked = asked.iter().filter(|(_, request)| request.instance_id == *id).count();
                assert!(asked >= 1, "{id} is never launched after {fault:?} at commit {commit}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_newer_release_has_written_is_refused() {
    let disk = Disk::default();
    disk.forge("nodes", "http://n0", r#"{"version":2,"record":{}}"#);
    let refused = State::read(&disk).unwrap_err().to_string();
    assert!(refused.contains("record \"http://n0\" of table nodes has version 2"), "{refused}");
    let disk = Disk::default();
    disk.forge("volumes", "vol-1", r#"{"version":1,"record":{}}"#);
    let refused = State::read(&disk).unwrap_err().to_string();
    assert!(refused.contains("table volumes was written by a newer release"), "{refused}");
}

/// A list that lacks what is just being written is a partial list (clc.md §3.3).
#[tokio::test(start_paused = true)]
async fn the_first_list_waits_until_what_the_nodes_have_told_is_durable() {
    let disk = Disk::default();
    disk.set_latency(seconds(2.0));
    let fleet = Fleet::new();
    fleet.script("n1", |script| script.instances = vec![instance(A, "Extant"), instance(B, "Extant")]);
    let world = World::restart(round_robin(), fleet, &NODES, &disk);
    sleep(seconds(0.5)).await;
    let refused = describe(&world).await.unwrap_err();
    assert!(refused.reason.contains("durable"), "{}", refused.reason);
    sleep(seconds(5.0)).await;
    assert_eq!(ids(&world).await, [A, B]);
}
