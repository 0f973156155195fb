//! TerminateInstances.

use euca_wire::{ClusterApi, cc, nc};
use tokio::time::{Instant, sleep};

use crate::fixture::{A, B, C, X, described, instance, run, seconds, world};
use crate::fleet::{Act, World};

const TERMINATE: &str = "ncTerminateInstance";

/// Terminates, and checks what every answer has in common: a success, at once, with one `true` for each id.
async fn terminate(world: &World, ids: &[&str]) {
    let start = Instant::now();
    let request = cc::TerminateInstances {
        instance_ids: ids.iter().map(|&id| id.into()).collect(),
        ..Default::default()
    };
    let answer = world.cluster.terminate_instances(request).await.unwrap();
    assert_eq!((answer.return_, answer.status_message), (Some(true), None));
    assert_eq!(answer.is_terminated, vec![true; ids.len()]);
    assert!(start.elapsed() < seconds(0.01));
}

/// The §13 column "isTerminated" is the internal value; the wire always says true.
#[tokio::test(start_paused = true)]
async fn the_host_node_of_each_known_instance_is_told() {
    for (row, ids, called) in [
        ("known", &[A][..], &["n1"][..]),
        ("cc_t060", &[X], &[]),
        ("gone already", &[C], &[]),
        ("cc_t062", &[], &[]),
        ("cc_t063", &[A, A], &["n1", "n1"]),
        ("cc_t064", &[A, B, X, C], &["n1", "n2"]),
    ] {
        let world = world().await;
        terminate(&world, ids).await;
        sleep(seconds(0.1)).await;
        assert_eq!(world.fleet.nodes_called(TERMINATE), called, "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_record_stays_as_it_is_and_the_node_gets_the_id() {
    let world = world().await;
    let before = described(&world, A).await;
    terminate(&world, &[A]).await;
    sleep(seconds(0.1)).await;
    assert_eq!(described(&world, A).await, before);
    let expected = nc::NcTerminateInstance {
        user_id: None,
        node_name: Some("n1".into()),
        instance_id: A.into(),
        ..Default::default()
    };
    assert_eq!(world.fleet.requests::<nc::NcTerminateInstance>(), [("n1".to_owned(), expected)]);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_node_is_told_in_the_background_for_60_seconds() {
    let world = world().await;
    world.fleet.plan("n1", TERMINATE, [Act::Hang]);
    let start = world.fleet.now();
    terminate(&world, &[A]).await;
    sleep(seconds(25.0)).await;
    // Behind it, the node is free again (§4.5), and judged by its own answers.
    world.fleet.plan("n1", "ncDescribeResource", [Act::Refuse]);
    world.poll().await;
    assert_eq!(crate::fixture::free_and_max(&world).await, (8, 8));
    sleep(seconds(60.0)).await;
    let calls = world.fleet.calls(TERMINATE, |call| call.end.unwrap());
    assert_eq!(calls.len(), 1, "one attempt");
    assert_eq!((calls[0].0 - start).as_secs(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_not_up_is_not_told() {
    let world = world().await;
    world.fleet.plan("n1", "ncDescribeResource", [Act::Refuse]);
    world.poll().await;
    terminate(&world, &[A]).await;
    sleep(seconds(0.1)).await;
    assert!(world.fleet.nodes_called(TERMINATE).is_empty());
}

#[tokio::test(start_paused = true)]
async fn as_row_65_terminating_ends_a_launch_that_is_still_retried() {
    let world = world().await;
    for node in crate::fixture::NODES {
        world.fleet.plan(node, "ncRunInstance", [Act::False]);
    }
    let placed = world.cluster.run_instances(run(&["i-000000B2"])).await.unwrap();
    assert_eq!(placed.instances.len(), 1);
    sleep(seconds(3.5)).await;
    let tried = world.fleet.nodes_called("ncRunInstance");
    assert_eq!(tried, ["n0"; 4]);
    terminate(&world, &["i-000000B2"]).await;
    sleep(seconds(60.0)).await;
    assert_eq!(world.fleet.nodes_called("ncRunInstance"), tried, "no later ncRunInstance");
    assert_eq!(world.fleet.nodes_called(TERMINATE), ["n0"]);
    assert_eq!(crate::fixture::free_and_max(&world).await, (12, 12), "its capacity is free again");
}

#[tokio::test(start_paused = true)]
async fn a_launch_in_line_is_withdrawn_and_one_on_the_way_goes_first() {
    let world = world().await;
    // On the way: the node learns of the termination when it has answered.
    world.fleet.plan("n0", "ncRunInstance", [crate::fleet::slow(5.0)]);
    world.cluster.run_instances(run(&["i-000000B2"])).await.unwrap();
    sleep(seconds(1.0)).await;
    terminate(&world, &["i-000000B2"]).await;
    sleep(seconds(10.0)).await;
    let order: Vec<_> = world.fleet.foreground().into_iter().map(|(_, operation)| operation).collect();
    assert_eq!(order, ["ncStartNetwork", "ncRunInstance", TERMINATE]);

    // In line behind a console call: it never reaches the node.
    let world = crate::fixture::world().await;
    world.fleet.script("n0", |script| script.instances = vec![instance("i-000000A0", "Extant")]);
    world.poll().await;
    world.fleet.plan("n0", "ncGetConsoleOutput", [crate::fleet::slow(5.0)]);
    let cluster = world.cluster.clone();
    tokio::spawn(async move {
        let request = cc::GetConsoleOutput { instance_id: Some("i-000000A0".into()), ..Default::default() };
        cluster.get_console_output(request).await
    });
    sleep(seconds(1.0)).await;
    world.cluster.run_instances(run(&["i-000000B2"])).await.unwrap();
    sleep(seconds(1.0)).await;
    terminate(&world, &["i-000000B2"]).await;
    sleep(seconds(60.0)).await;
    let order: Vec<_> = world.fleet.foreground().into_iter().map(|(_, operation)| operation).collect();
    assert_eq!(order, ["ncGetConsoleOutput", TERMINATE]);
}

#[tokio::test(start_paused = true)]
async fn cc_t066_thousands_of_unknown_ids_are_all_answered() {
    let world = world().await;
    let ids: Vec<String> = (0..3000).map(|i| format!("i-F{i:07X}")).collect();
    terminate(&world, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert!(world.fleet.foreground().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_instance_in_state_unknown_can_be_terminated() {
    let world = world().await;
    world.fleet.script("n1", |script| script.instances = vec![instance(A, "Unknown")]);
    world.poll().await;
    terminate(&world, &[A]).await;
    sleep(seconds(0.1)).await;
    assert_eq!(world.fleet.nodes_called(TERMINATE), ["n1"]);
}
