//! RebootInstances.

use euca_wire::{ClusterApi, cc, nc};
use tokio::time::Instant;

use crate::fixture::{A, B, NODES, X, instance, seconds, world};
use crate::fleet::{Act, World, slow};

const REBOOT: &str = "ncRebootInstance";

/// Reboots and says after how many seconds the answer came; it is always a success.
async fn reboot(world: &World, ids: &[&str]) -> f64 {
    let start = Instant::now();
    let request = cc::RebootInstances {
        correlation_id: Some("c-1".into()),
        user_id: Some("eucalyptus".into()),
        instance_ids: ids.iter().map(|&id| id.into()).collect(),
        ..Default::default()
    };
    let answer = world.cluster.reboot_instances(request).await.unwrap();
    let expected = cc::RebootInstancesResponse {
        correlation_id: Some("c-1".into()),
        user_id: Some("eucalyptus".into()),
        return_: Some(true),
        ..Default::default()
    };
    assert_eq!(answer, expected);
    start.elapsed().as_secs_f64()
}

#[tokio::test(start_paused = true)]
async fn a_reboot_succeeds_whatever_the_nodes_do() {
    for (row, act, ids, called) in [
        ("cc_t052", Act::True, &[A][..], &["n1"][..]),
        ("cc_t053", Act::False, &[A], &["n1"]),
        ("cc_t054", Act::Refuse, &[X], &NODES),
        ("cc_t055", Act::True, &[], &[]),
        ("stops at the first success", Act::True, &[X], &["n0"]),
        ("order of ids", Act::True, &[B, A, X], &["n2", "n1", "n0"]),
    ] {
        let world = world().await;
        for node in NODES {
            world.fleet.plan(node, REBOOT, [act.clone()]);
        }
        assert!(reboot(&world, ids).await < 0.1, "{row}");
        assert_eq!(world.fleet.nodes_called(REBOOT), called, "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn cc_t052_a_node_is_asked_for_one_instance_by_its_id() {
    let world = world().await;
    reboot(&world, &[A]).await;
    let expected = nc::NcRebootInstance {
        user_id: Some("eucalyptus".into()),
        node_name: Some("n1".into()),
        instance_id: A.into(),
        ..Default::default()
    };
    assert_eq!(world.fleet.requests::<nc::NcRebootInstance>(), [("n1".to_owned(), expected)]);
}

#[tokio::test(start_paused = true)]
async fn cc_t056_one_hanging_node_does_not_delay_the_reboot_on_another() {
    let world = world().await;
    world.fleet.plan("n1", REBOOT, [Act::Hang]);
    let start = world.fleet.now();
    let took = reboot(&world, &[A, B]).await;
    assert!((20.0..45.0).contains(&took), "{took} s");
    let calls = world.fleet.calls(REBOOT, |call| (call.node.clone(), call.at - start < seconds(0.01)));
    assert_eq!(calls, [("n1".to_owned(), true), ("n2".to_owned(), true)]);
}

#[tokio::test(start_paused = true)]
async fn calls_to_one_node_are_sent_in_the_order_of_the_ids() {
    let world = world().await;
    let ids: Vec<String> = (0..300).map(|i| format!("i-{i:08X}")).collect();
    world.fleet.script("n1", |script| {
        script.instances = ids.iter().map(|id| instance(id, "Extant")).collect();
    });
    world.poll().await;
    world.fleet.forget_calls();
    world.fleet.plan("n1", REBOOT, [slow(0.001)]);
    reboot(&world, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let sent: Vec<_> =
        world.fleet.requests::<nc::NcRebootInstance>().into_iter().map(|(_, r)| r.instance_id).collect();
    assert_eq!(sent, ids);
}

#[tokio::test(start_paused = true)]
async fn many_reboots_on_silent_nodes_are_answered_within_45_seconds() {
    let world = world().await;
    for node in NODES {
        world.fleet.plan(node, REBOOT, [Act::Hang]);
    }
    let unknown: Vec<String> = (0..50).map(|i| format!("i-F{i:07X}")).collect();
    let took = reboot(&world, &unknown.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert!(took <= 45.0, "{took} s");
}
