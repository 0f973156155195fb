//! Whole clusters in simulated time: as many seeds as fit into a test run, and proof that the judges see.

use euca_sim::simulation::{Sabotage, Violation, run, run_all};

/// As many as fit into a test run; `make simulate` runs ten thousand.
const SEEDS: u64 = 300;

#[test]
fn no_rule_is_broken_whatever_befalls_the_nodes() {
    let (count, failed) = run_all(1..1 + SEEDS).unwrap();
    if let Some(failed) = failed {
        panic!("{failed}");
    }
    assert_eq!(count, SEEDS);
}

#[test]
fn the_same_seed_is_the_same_run() {
    let mut kills = 0;
    for seed in 1..=40 {
        let (first, second) = (run(seed, None).unwrap(), run(seed, None).unwrap());
        let differs = first.events.iter().zip(&second.events).find(|(one, other)| one != other);
        assert!(differs.is_none(), "seed {seed}: {differs:?}");
        assert_eq!(first.hash, second.hash, "seed {seed}");
        assert!(first.events.len() > 500, "seed {seed}: something happens");
        kills += first.events.iter().filter(|it| it.what == "cluster" && it.stage == "killed").count();
    }
    assert!(kills > 10, "{kills} kills");
    assert_ne!(run(1, None).unwrap().hash, run(2, None).unwrap().hash);
}

/// Each rule is broken on purpose; a run that does not notice proves nothing when it is quiet.
#[test]
fn every_rule_is_seen_broken() {
    use Sabotage::*;
    use Violation as V;
    type Expected = fn(&Violation) -> bool;
    let cases: [(Sabotage, Expected); 29] = [
        (Forgets, |it| matches!(it, V::Lost { .. })),
        (Lies, |it| matches!(it, V::Untrue { .. })),
        (Repeats, |it| matches!(it, V::ToldTwice { .. })),
        (Invents, |it| matches!(it, V::Invented { .. })),
        (NeverForgets, |it| matches!(it, V::Immortal { .. })),
        (SharesAddress, |it| matches!(it, V::AddressTwice { .. })),
        (AnswersLate, |it| matches!(it, V::Late { .. })),
        (Fails, |it| matches!(it, V::Failed { .. })),
        (NegativeCapacity, |it| matches!(it, V::Capacity { .. })),
        (KeepsReservations, |it| matches!(it, V::Reserved { .. })),
        (LaunchesTwice, |it| matches!(it, V::LaunchedTwice { .. })),
        (LaunchesUnwanted, |it| matches!(it, V::Unwanted { .. })),
        (Resurrects, |it| matches!(it, V::Resurrected { .. })),
        (ClaimsRoom, |it| matches!(it, V::Overcommitted { .. })),
        (HidesInstance, |it| matches!(it, V::Untold { .. })),
        (IgnoresTerminate, |it| matches!(it, V::Survives { .. })),
        (CallsTwice, |it| matches!(it, V::TwoAtOnce { .. })),
        (SkipsTurn, |it| matches!(it, V::Overtaken { .. })),
        (Dawdles, |it| matches!(it, V::Waited { .. })),
        (StopsPolling, |it| matches!(it, V::Unpolled { .. })),
        (LosesDisk, |it| matches!(it, V::Lost { .. })),
        (SwapsNetwork, |it| matches!(it, V::NetworkLost { .. })),
        (DropsIndex, |it| matches!(it, V::IndexLost { .. })),
        (KeepsIndex, |it| matches!(it, V::Leaked { .. })),
        (ForgetsMapping, |it| matches!(it, V::AddressLost { .. })),
        (MovesIndex, |it| matches!(it, V::Misaddressed { .. })),
        (PromisesMuch, |it| matches!(it, V::Promised { .. })),
        (NeverWakes, |it| matches!(it, V::LeftAsleep { .. })),
        (SendsToSleep, |it| matches!(it, V::SentToSleep { .. })),
    ];
    for (sabotage, expected) in cases {
        let mut found = (1..=30).filter_map(|seed| run(seed, Some(sabotage)).unwrap().violation);
        assert!(
            found.any(|it| expected(&it)),
            "{sabotage:?}: {:?}",
            run(1, Some(sabotage)).unwrap().violation
        );
    }
}
