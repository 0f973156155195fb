//! The fan-out engine under arbitrary load: whatever the nodes do, calls to one node stay in order, no node
//! waits for another, and every operation ends in time.

use std::collections::HashMap;
use std::future::Future;
use std::task::Poll;
use std::time::Duration;

use euca_wire::{ClusterApi, cc};
use proptest::prelude::*;
use tokio::time::{Instant, sleep};

use crate::fixture::{instance, round_robin, seconds};
use crate::fleet::{Act, Fleet, World, slow};

const REBOOT: &str = "ncRebootInstance";
const ATTACH: &str = "ncAttachVolume";

/// What a node does to a call.
fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::True),
        2 => Just(Act::False),
        1 => Just(Act::Fault),
        1 => Just(Act::Refuse),
        1 => Just(Act::Hang),
        3 => (1u32..40_000).prop_map(|ms| slow(f64::from(ms) / 1000.0)),
    ]
}

/// The instance that lives on node `n`.
fn id(n: usize) -> String {
    format!("i-{n:08X}")
}

fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(test);
}

async fn world(nodes: usize) -> World {
    let fleet = Fleet::new();
    let names: Vec<String> = (0..nodes).map(|n| format!("n{n}")).collect();
    for (n, name) in names.iter().enumerate() {
        fleet.script(name, |script| script.instances = vec![instance(&id(n), "Extant")]);
    }
    let world = World::start(round_robin(), fleet, &names.iter().map(String::as_str).collect::<Vec<_>>());
    sleep(seconds(1.0)).await;
    world.fleet.forget_calls();
    world
}

fn attach(id: String, volume: usize) -> cc::AttachVolume {
    cc::AttachVolume {
        volume_id: Some(format!("vol-{volume}")),
        instance_id: Some(id),
        remote_dev: Some("r".into()),
        local_dev: Some("l".into()),
        ..Default::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Attaches to instances on several nodes, begun at arbitrary times.
    #[test]
    fn calls_are_sent_in_order_and_answered_in_time(
        plans in proptest::collection::vec(proptest::collection::vec(act(), 1..6), 1..4),
        calls in proptest::collection::vec((0usize..4, 0u64..5_000), 1..25),
    ) {
        block_on(async move {
            let world = world(plans.len()).await;
            for (n, acts) in plans.iter().enumerate() {
                world.fleet.plan(&format!("n{n}"), ATTACH, acts.clone());
            }
            let mut begun: HashMap<String, Vec<String>> = HashMap::new();
            let mut running = Vec::new();
            for (volume, (n, pause)) in calls.into_iter().enumerate() {
                sleep(Duration::from_millis(pause)).await;
                let n = n % plans.len();
                begun.entry(format!("n{n}")).or_default().push(format!("vol-{volume}"));
                let cluster = world.cluster.clone();
                let mut call = Box::pin(async move {
                    let start = Instant::now();
                    cluster.attach_volume(attach(id(n), volume)).await.unwrap();
                    start.elapsed()
                });
                // Begun now, hence in this order; carried on by a task of its own.
                match futures_util::poll!(&mut call) {
                    Poll::Ready(elapsed) => assert_eq!(elapsed, Duration::ZERO),
                    Poll::Pending => running.push(tokio::spawn(call)),
                }
            }
            for call in running {
                let elapsed = call.await.unwrap();
                assert!(elapsed <= seconds(20.01), "{elapsed:?}");
            }
            sleep(seconds(400.0)).await;
            for (node, order) in begun {
                let sent = world.fleet.requests::<euca_wire::nc::NcAttachVolume>().into_iter();
                let sent: Vec<_> =
                    sent.filter(|(to, _)| *to == node).filter_map(|(_, request)| request.volume_id).collect();
                let expected: Vec<_> = order.into_iter().filter(|volume| sent.contains(volume)).collect();
                assert_eq!(sent, expected, "FIFO on {node}");
            }
            // At 180 s at the latest, nothing is left.
            assert!(world.fleet.calls(ATTACH, |call| call.end.is_some()).iter().all(|ended| *ended));
        });
    }

    /// Every operation ends within its deadline: 20 s with a host node, 45 s as a search.
    #[test]
    fn every_operation_ends_by_its_deadline(
        plans in proptest::collection::vec(proptest::collection::vec(act(), 1..6), 1..12),
        targets in proptest::collection::vec(0usize..16, 1..12),
    ) {
        block_on(async move {
            let world = world(plans.len()).await;
            for (n, acts) in plans.iter().enumerate() {
                for operation in [ATTACH, "ncGetConsoleOutput", REBOOT] {
                    world.fleet.plan(&format!("n{n}"), operation, acts.clone());
                }
            }
            let (world, plans, targets) = (&world, &plans, &targets);
            let operations = targets.iter().map(|&n| async move {
                let limit = if n < plans.len() { 20.01 } else { 45.01 };
                let start = Instant::now();
                world.cluster.attach_volume(attach(id(n), 0)).await.unwrap();
                assert!(start.elapsed() <= seconds(limit), "attach: {:?}", start.elapsed());
                let start = Instant::now();
                let console = cc::GetConsoleOutput { instance_id: Some(id(n)), ..Default::default() };
                world.cluster.get_console_output(console).await.unwrap();
                assert!(start.elapsed() <= seconds(limit), "console: {:?}", start.elapsed());
                let start = Instant::now();
                let instance_ids = targets.iter().map(|&n| id(n)).collect();
                let reboot = cc::RebootInstances { instance_ids, ..Default::default() };
                world.cluster.reboot_instances(reboot).await.unwrap();
                assert!(start.elapsed() <= seconds(45.01), "reboot: {:?}", start.elapsed());
            });
            futures_util::future::join_all(operations).await;
        });
    }

    /// A healthy node answers at once whatever happens to the others.
    #[test]
    fn no_call_to_one_node_waits_for_another(
        plans in proptest::collection::vec(act(), 1..8),
        load in proptest::collection::vec((0usize..9, 0u64..3_000), 0..30),
        pause in 0u64..30_000,
    ) {
        block_on(async move {
            let healthy = plans.len();
            let world = world(healthy + 1).await;
            for (n, act) in plans.iter().enumerate() {
                world.fleet.plan_all(&format!("n{n}"), act.clone());
            }
            for (n, pause) in load {
                sleep(Duration::from_millis(pause)).await;
                let (cluster, target) = (world.cluster.clone(), id(n % healthy));
                tokio::spawn(async move { cluster.attach_volume(attach(target, 0)).await });
            }
            sleep(Duration::from_millis(pause)).await;
            let start = Instant::now();
            let answer = world.cluster.attach_volume(attach(id(healthy), 0)).await.unwrap();
            assert_eq!(answer.return_, Some(true));
            assert!(start.elapsed() < seconds(0.001), "{:?}", start.elapsed());
        });
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_node_of_a_search_is_prepared_while_one_is_asked() {
    let world = world(4).await;
    for (acts, instance, expected) in [
        (["F", "F", "F", "F"], id(9), &["n1", "n2", "n3"][..]),
        (["F", "T", "F", "F"], id(9), &["n1", "n2"]),
        (["F", "F", "F", "F"], id(2), &[]),
    ] {
        for (n, act) in acts.into_iter().enumerate() {
            let act = if act == "T" { Act::True } else { Act::False };
            world.fleet.plan(&format!("n{n}"), REBOOT, [act]);
        }
        let reboot = cc::RebootInstances { instance_ids: vec![instance], ..Default::default() };
        world.cluster.reboot_instances(reboot).await.unwrap();
        assert_eq!(world.fleet.nodes_prepared(), expected);
    }
}

/// With real threads and real time: the lock is one, and nothing gets stuck.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_call_at_a_time_reaches_a_node_also_with_many_threads() {
    let world = world(3).await;
    for n in 0..3 {
        world.fleet.plan(
            &format!("n{n}"),
            REBOOT,
            [Act::True, Act::False, slow(0.001), Act::Refuse, Act::True],
        );
    }
    let clients: Vec<_> = (0..12)
        .map(|client: usize| {
            let cluster = world.cluster.clone();
            tokio::spawn(async move {
                for round in 0..200 {
                    let ids = vec![id(client % 3), id((client + round) % 4)];
                    let reboot = cc::RebootInstances { instance_ids: ids, ..Default::default() };
                    cluster.reboot_instances(reboot).await.unwrap();
                    if round % 50 == 0 {
                        let gone = cluster.get_console_output(cc::GetConsoleOutput {
                            instance_id: Some(id(round % 3)),
                            ..Default::default()
                        });
                        let _ = tokio::time::timeout(Duration::from_micros(10), gone).await;
                    }
                }
            })
        })
        .collect();
    for client in clients {
        tokio::time::timeout(seconds(60.0), client).await.expect("nothing is stuck").unwrap();
    }
    assert!(world.fleet.nodes_called(REBOOT).len() >= 12 * 200 * 2);
    let mut last: HashMap<String, Duration> = HashMap::new();
    for (node, at, end) in world.fleet.calls(REBOOT, |call| (call.node.clone(), call.at, call.end)) {
        let (end, _) = end.expect("it is over");
        let before = last.insert(node, end).unwrap_or_default();
        assert!(at >= before, "two calls at once");
    }
    assert_eq!(world.cluster.shut_down(seconds(5.0)).await, 0);
}
