//! GetConsoleOutput.

use euca_wire::{ClusterApi, cc, nc};
use tokio::time::Instant;

use crate::fixture::{A, NODES, X, round_robin, world};
use crate::fleet::{Act, Fleet, World, slow};

const CONSOLE: &str = "ncGetConsoleOutput";

async fn console(world: &World, id: &str) -> cc::GetConsoleOutputResponse {
    let request = cc::GetConsoleOutput {
        user_id: Some("alice".into()),
        instance_id: Some(id.into()),
        ..Default::default()
    };
    world.cluster.get_console_output(request).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_console_comes_from_the_host_node_unchanged() {
    let big = "QUJD".repeat(22_500);
    for (row, text, act, expected, after) in [
        ("cc_t044", "Zm9v", Act::True, Some("Zm9v"), 0.0..=0.1),
        ("cc_t045", "Zm9v", slow(8.0), Some("Zm9v"), 8.0..=8.1),
        ("cc_t046", "Zm9v", Act::Hang, None, 20.0..=20.1),
        ("cc_t047", "Zm9v", Act::False, None, 0.0..=0.1),
        ("cc_t048", "", Act::True, Some(""), 0.0..=0.1),
        ("cc_t051", &big, Act::True, Some(big.as_str()), 0.0..=0.1),
    ] {
        let world = world().await;
        world.fleet.script("n1", |script| script.console = text.into());
        world.fleet.plan("n1", CONSOLE, [act]);
        let start = Instant::now();
        let answer = console(&world, A).await;
        let took = start.elapsed().as_secs_f64();
        assert!(after.contains(&took), "{row}: {took} s");
        assert_eq!(answer.console_output.as_deref(), expected, "{row}");
        assert_eq!(answer.return_, Some(expected.is_some()), "{row}");
        assert_eq!(answer.status_message.as_deref(), expected.is_none().then_some("ERROR"), "{row}");
        assert_eq!(world.fleet.nodes_called(CONSOLE), ["n1"], "{row}");
        let request = &world.fleet.requests::<nc::NcGetConsoleOutput>()[0].1;
        assert_eq!((request.user_id.as_deref(), request.node_name.as_deref()), (Some("alice"), Some("n1")));
    }
}

#[tokio::test(start_paused = true)]
async fn cc_t046_a_hanging_console_call_is_broken_off_and_leaves_the_node_free() {
    let world = world().await;
    world.fleet.plan("n1", CONSOLE, [Act::Hang, Act::True]);
    let start = world.fleet.now();
    assert_eq!(console(&world, A).await.return_, Some(false));
    let (end, answered) = world.fleet.calls(CONSOLE, |call| call.end)[0].expect("broken off");
    assert!(!answered && (end - start).as_secs() == 20);
    assert_eq!(console(&world, A).await.return_, Some(true));
}

#[tokio::test(start_paused = true)]
async fn cc_t049_the_search_for_a_console_ends_at_the_first_success() {
    let world = world().await;
    let answer = console(&world, X).await;
    assert_eq!((answer.return_, answer.console_output.as_deref()), (Some(true), Some("")));
    assert_eq!(world.fleet.nodes_called(CONSOLE), ["n0"]);
}

/// The answers are ready in the same instant; which of them is seen first depends on how each came about.
#[tokio::test(start_paused = true)]
async fn of_several_consoles_at_once_the_lowest_node_counts() {
    let after = |seconds: f64, then: Act| Act::After(crate::fixture::seconds(seconds), Box::new(then));
    for acts in [
        [slow(5.0), slow(3.0), slow(3.0)],
        [after(4.0, slow(1.0)), slow(3.0), slow(3.0)],
        [after(4.0, after(0.5, slow(0.5))), slow(3.0), slow(3.0)],
        [after(4.999, slow(0.001)), after(2.0, slow(1.0)), slow(3.0)],
    ] {
        let world = world().await;
        for ((node, text), act) in NODES.into_iter().zip(["MA==", "MQ==", "Mg=="]).zip(acts) {
            world.fleet.script(node, |script| script.console = text.into());
            world.fleet.plan(node, CONSOLE, [act]);
        }
        let start = Instant::now();
        assert_eq!(console(&world, X).await.console_output.as_deref(), Some("MA=="));
        assert_eq!(start.elapsed().as_secs(), 5);
    }
}

#[tokio::test(start_paused = true)]
async fn the_budget_of_a_call_counts_from_the_start_of_the_operation() {
    let fleet = Fleet::new();
    let names: Vec<String> = (0..10).map(|n| format!("n{n}")).collect();
    for (n, name) in names.iter().enumerate() {
        let late_refusal = Act::After(crate::fixture::seconds(1.9), Box::new(Act::False));
        fleet.plan(name, CONSOLE, [if n < 5 { late_refusal } else { Act::Hang }]);
    }
    let world = World::start(round_robin(), fleet, &names.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::time::sleep(crate::fixture::seconds(1.0)).await;
    assert_eq!(console(&world, X).await.return_, Some(false));
    let budgets = world.fleet.calls(CONSOLE, |call| (call.end.unwrap().0 - call.at).as_secs_f64().round());
    // f(9,60,10,5); then, 2 s later, the others together: f(11,60,10,6…9).
    assert_eq!(budgets[5..], [10.0, 12.0, 16.0, 20.0, 20.0]);
}

#[tokio::test(start_paused = true)]
async fn a_late_console_is_no_console() {
    let world = world().await;
    for node in NODES {
        world.fleet.plan(node, CONSOLE, [Act::Hang]);
    }
    assert_eq!(console(&world, X).await.return_, Some(false));
    assert_eq!(world.fleet.nodes_called(CONSOLE), NODES);
}

#[tokio::test(start_paused = true)]
async fn cc_t050_without_any_node_there_is_no_console() {
    let world = World::start(round_robin(), Fleet::new(), &[]);
    let answer = console(&world, X).await;
    assert_eq!((answer.return_, answer.console_output), (Some(false), None));
}

#[tokio::test(start_paused = true)]
async fn a_console_of_no_instance_is_refused() {
    let world = world().await;
    let answer = world.cluster.get_console_output(cc::GetConsoleOutput::default()).await.unwrap();
    assert_eq!(answer.return_, Some(false));
    assert!(world.fleet.foreground().is_empty());
}
