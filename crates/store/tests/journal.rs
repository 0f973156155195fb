//! The journal over a disk that is slow, fails and crashes: what is durable is a state that memory had, and
//! holds everything that was acknowledged.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use euca_observe::metrics;
use euca_store::testing::{Disk, Fault};
use euca_store::{Error, Journal, Measured, Record, Tables, Ticket, read};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::time::sleep;

#[derive(Debug, Serialize, Deserialize)]
struct Number(u32);

impl Record for Number {
    const TABLE: &'static str = "numbers";
    const VERSION: u32 = 2;
}

type State = BTreeMap<String, u32>;

fn at_rest(disk: &Disk) -> State {
    read::<Number>(disk).unwrap().into_iter().map(|(key, Number(value))| (key, value)).collect()
}

fn start(disk: &Disk) -> Journal {
    let (journal, writer) = Journal::new(disk.open());
    tokio::spawn(writer);
    journal
}

#[tokio::test(start_paused = true)]
async fn a_ticket_is_told_when_its_change_is_durable_and_not_before() {
    let disk = Disk::default();
    disk.set_latency(Duration::from_secs(1));
    let journal = start(&disk);
    let ticket = journal.put("a", Number(1));
    sleep(Duration::from_millis(999)).await;
    assert_eq!(at_rest(&disk), State::new());
    ticket.durable().await.unwrap();
    assert_eq!(at_rest(&disk), State::from([("a".into(), 1)]));
    journal.delete::<Number>("a").durable().await.unwrap();
    assert_eq!(at_rest(&disk), State::new());
}

#[tokio::test(start_paused = true)]
async fn changes_made_during_a_commit_are_committed_together() {
    let disk = Disk::default();
    disk.set_latency(Duration::from_secs(1));
    let journal = start(&disk);
    let first = journal.put("first", Number(0));
    sleep(Duration::from_millis(500)).await;
    let tickets: Vec<Ticket> = (0..100).map(|n| journal.put(&format!("k{}", n % 10), Number(n))).collect();
    first.durable().await.unwrap();
    for ticket in tickets {
        ticket.durable().await.unwrap();
    }
    assert_eq!(disk.commits(), (2, 11), "one for the first, one for the rest, merged per key");
    assert_eq!(at_rest(&disk)["k3"], 93);
}

#[tokio::test(start_paused = true)]
async fn a_failed_commit_is_told_and_made_up_for_by_the_next() {
    let disk = Disk::default();
    disk.plan([Some(Fault::Fails)]);
    let journal = start(&disk);
    let (kept, undone) = (journal.put("kept", Number(1)), journal.put("undone", Number(2)));
    assert!(matches!(kept.durable().await, Err(Error::NotDurable(_))));
    assert!(matches!(undone.durable().await, Err(Error::NotDurable(_))));
    assert_eq!(at_rest(&disk), State::new());
    journal.delete::<Number>("undone").durable().await.unwrap();
    assert_eq!(at_rest(&disk), State::from([("kept".into(), 1)]), "taken back before it was tried again");
}

#[tokio::test(start_paused = true)]
async fn a_failed_commit_is_tried_again_without_anybody_asking() {
    let disk = Disk::default();
    disk.plan([Some(Fault::Fails), Some(Fault::Fails)]);
    let journal = start(&disk);
    drop(journal.put("a", Number(1)));
    sleep(Duration::from_secs(1)).await;
    assert_eq!(at_rest(&disk), State::from([("a".into(), 1)]));
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_for_everything_put_before_it() {
    let disk = Disk::default();
    disk.set_latency(Duration::from_secs(1));
    let journal = start(&disk);
    journal.flush().await.unwrap();
    assert_eq!(disk.commits(), (0, 0), "nothing to write, nothing written");
    drop(journal.put("a", Number(1)));
    sleep(Duration::from_millis(500)).await;
    journal.flush().await.unwrap();
    assert_eq!(at_rest(&disk), State::from([("a".into(), 1)]));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_journal_that_has_ended() {
    let disk = Disk::default();
    let (journal, writer) = Journal::new(disk.open());
    let before = journal.put("a", Number(1));
    drop(writer);
    let after = journal.put("a", Number(2));
    for ticket in [before, after] {
        assert!(ticket.durable().await.is_err());
    }
    assert!(journal.flush().await.is_err());

    let (journal, writer) = Journal::new(disk.open());
    let writer = tokio::spawn(writer);
    drop(journal);
    writer.await.unwrap();
}

#[test]
fn a_record_of_a_newer_version_is_refused_and_one_of_an_older_read() {
    let disk = Disk::default();
    disk.forge("numbers", "old", r#"{"version":1,"record":7}"#);
    disk.forge("numbers", "own", r#"{"version":2,"record":8,"more":null}"#);
    assert_eq!(at_rest(&disk), State::from([("old".into(), 7), ("own".into(), 8)]));

    disk.forge("numbers", "new", r#"{"version":3,"record":{"unheard":"of"}}"#);
    let error = read::<Number>(&disk).unwrap_err();
    assert!(matches!(error, Error::NewerRecord { found: 3, known: 2, .. }) && !error.is_damage());
    assert!(error.to_string().contains("\"new\" of table numbers has version 3"), "{error}");

    for garbage in [r#"{"version":2,"record":"nine"}"#, r#"{"version":2}"#, "", "\u{0}"] {
        disk.forge("numbers", "new", garbage);
        assert!(read::<Number>(&disk).unwrap_err().is_damage(), "{garbage:?}");
    }
    assert_eq!(disk.names().unwrap(), ["numbers"]);
}

#[derive(Debug, Clone)]
enum Step {
    Put(u8, u32),
    Delete(u8),
    Pass(u64),
    Flush,
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..6u8, any::<u32>()).prop_map(|(key, value)| Step::Put(key, value)),
        3 => (0..6u8).prop_map(Step::Delete),
        4 => (0..400u64).prop_map(Step::Pass),
        1 => Just(Step::Flush),
        1 => Just(Step::Restart),
    ];
    proptest::collection::vec(step, 0..60)
}

fn faults() -> impl Strategy<Value = Vec<Option<Fault>>> {
    let fault = prop_oneof![
        5 => Just(None),
        1 => Just(Some(Fault::Fails)),
        1 => Just(Some(Fault::CrashBefore)),
        1 => Just(Some(Fault::CrashAfter)),
    ];
    proptest::collection::vec(fault, 0..12)
}

/// Plays the steps; at every restart the disk must hold a state that memory had, no older than what was
/// acknowledged.
async fn play(steps: Vec<Step>, faults: Vec<Option<Fault>>, latency: u64) {
    let disk = Disk::default();
    disk.set_latency(Duration::from_millis(latency));
    disk.plan(faults);
    let mut journal = start(&disk);
    // What memory held after each change since the start, and the newest of these known to be durable.
    let mut history = vec![State::new()];
    let mut acknowledged = Arc::new(AtomicUsize::new(0));
    for step in steps.into_iter().chain([Step::Restart]) {
        let mut state = history.last().unwrap().clone();
        let ticket = match step {
            Step::Put(key, value) => {
                state.insert(key.to_string(), value);
                journal.put(&key.to_string(), Number(value))
            }
            Step::Delete(key) => {
                state.remove(&key.to_string());
                journal.delete::<Number>(&key.to_string())
            }
            Step::Pass(milliseconds) => {
                sleep(Duration::from_millis(milliseconds)).await;
                continue;
            }
            Step::Flush => {
                // A machine that is down never answers.
                if let Ok(Ok(())) = tokio::time::timeout(Duration::from_secs(5), journal.flush()).await {
                    assert_eq!(&at_rest(&disk), history.last().unwrap());
                }
                continue;
            }
            Step::Restart => {
                let found = disk.open();
                let (at_rest, least) = (at_rest(&disk), acknowledged.load(Ordering::Relaxed));
                let moment = history.iter().rposition(|state| *state == at_rest);
                let moment = moment.unwrap_or_else(|| panic!("{at_rest:?} never was in memory"));
                assert!(moment >= least, "{at_rest:?} is older than what was acknowledged");
                let (new, writer) = Journal::new(found);
                tokio::spawn(writer);
                (journal, history, acknowledged) = (new, vec![at_rest], Arc::default());
                continue;
            }
        };
        history.push(state);
        let (number, acknowledged) = (history.len() - 1, acknowledged.clone());
        tokio::spawn(async move {
            if ticket.durable().await.is_ok() {
                acknowledged.fetch_max(number, Ordering::Relaxed);
            }
        });
    }
}

proptest! {
    #[test]
    fn whatever_happens_what_is_durable_was_in_memory_and_holds_what_was_acknowledged(
        steps in steps(), faults in faults(), latency in 0..300u64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(play(steps, faults, latency));
    }
}

#[tokio::test(start_paused = true)]
async fn transactions_are_counted() {
    let (disk, counts) = (Disk::default(), metrics::Store::default());
    disk.set_latency(Duration::from_secs(1));
    disk.plan([None, Some(Fault::Fails)]);
    let (journal, writer) = Journal::new(Measured::new(disk.open(), counts.clone()));
    tokio::spawn(writer);
    let first = journal.put("a", Number(1));
    sleep(Duration::from_millis(500)).await;
    drop((journal.put("b", Number(2)), journal.put("c", Number(3))));
    assert_eq!(journal.pending(), 2);
    first.durable().await.unwrap();
    sleep(Duration::from_secs(5)).await;
    let commits = |outcome| counts.commits.get_or_create(&metrics::Outcome { outcome }).get();
    assert_eq!((commits("ok"), commits("failed"), counts.changes.get(), journal.pending()), (2, 1, 3, 0));
}
