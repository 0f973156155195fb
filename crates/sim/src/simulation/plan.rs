//! What a seed stands for: the settings of the cluster, what its nodes are and what befalls them, what the CLC
//! wants and when. Drawn in advance, so that nothing the cluster does changes what befalls it.

use std::time::Duration;

use euca_cluster::ClusterSettings;
use euca_cluster::schedule::{Capacity, Policy};
use fastrand::Rng;

use super::Time;

/// Length of a run.
pub(super) const LENGTH: Time = Duration::from_secs(600);
/// From here on nothing bad happens any more; long enough before the end for every launch to be given up and
/// every record to expire.
pub(super) const HEALED: Time = Duration::from_secs(235);

/// A run, planned.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) settings: ClusterSettings,
    pub(super) nodes: Vec<NodePlan>,
    /// The node list from these times on, as numbers of nodes.
    pub(super) lists: Vec<(Time, Vec<usize>)>,
    /// What the CLC is asked to do, by time.
    pub(super) work: Vec<(Time, Work)>,
    /// When the cluster is killed, in order.
    pub(super) kills: Vec<Kill>,
    /// How long the disk takes for a commit.
    pub(super) commit: Duration,
}

/// The end of one life of the cluster: as kill -9, between any two things that it does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kill {
    /// Not before this time.
    pub(super) from: Time,
    /// After so many events from then on.
    pub(super) events: usize,
    /// How long it stays down.
    pub(super) down: Duration,
}

/// A node, planned.
#[derive(Debug, Clone)]
pub(super) struct NodePlan {
    pub(super) capacity: Capacity,
    /// Times of trouble, in order, none overlapping another.
    pub(super) troubles: Vec<Trouble>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Trouble {
    pub(super) from: Time,
    pub(super) until: Time,
    pub(super) kind: Kind,
}

/// What befalls a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Every call takes up to this long.
    Slow(Duration),
    /// Requests are accepted, and executed when it is over.
    Hung,
    /// The node controller is not running; its instances are.
    Stopped,
    /// The machine is off, its instances are lost.
    Off,
    /// Packets are lost towards the node, from it, or both ways; what is lost is sent again at the end if the
    /// connection lives on.
    Cut { requests: bool, answers: bool },
    /// Every call is answered with a fault.
    Faults,
    /// Every call is answered with false.
    Refuses,
    /// Every request reaches the node twice, and one of the answers comes back.
    Twice,
}

/// What the CLC is asked to do. `lot` picks the instance among those it knows then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    pub(super) task: Task,
    pub(super) lot: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    Run {
        count: usize,
        cores: i32,
    },
    Terminate,
    Reboot {
        count: usize,
    },
    Console,
    Attach,
    Detach,
    Bundle,
    CancelBundle,
    /// About an instance nobody knows.
    Stray,
}

impl Plan {
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let nodes: Vec<_> = (0..rng.usize(1..=6)).map(|_| node(rng)).collect();
        let settings = settings(rng);
        let (lists, work, kills) = (lists(rng, nodes.len()), work(rng), kills(rng));
        let commit = Duration::from_millis([0, 1, 20, 700][rng.usize(..4)]);
        Self { settings, lists, work, kills, commit, nodes }
    }
}

fn seconds(rng: &mut Rng, least: u64, most: u64) -> Duration {
    Duration::from_millis(rng.u64(least * 1000..most * 1000))
}

fn settings(rng: &mut Rng) -> ClusterSettings {
    let policies = [Policy::RoundRobin, Policy::Greedy];
    ClusterSettings {
        policy: policies[rng.usize(..policies.len())],
        instance_timeout: Duration::from_secs([30, 60, 120, 300, 300][rng.usize(..5)]),
        late_calls_succeed: rng.u8(..4) > 0,
        ..ClusterSettings::default()
    }
}

fn node(rng: &mut Rng) -> NodePlan {
    let cores = rng.i64(2..=8);
    let mut troubles = Vec::new();
    let mut at = seconds(rng, 0, 90);
    // One node in four stays well: what is wrong with the others must not reach it.
    while at < HEALED && troubles.len() < 4 && rng.u8(..4) > 0 {
        let kind = match rng.u8(..10) {
            0 | 1 => Kind::Slow(seconds(rng, 2, 30)),
            2 | 3 => Kind::Hung,
            4 => Kind::Stopped,
            5 => Kind::Off,
            6 => Kind::Cut { requests: true, answers: rng.bool() },
            7 => Kind::Cut { requests: false, answers: true },
            8 => [Kind::Faults, Kind::Refuses][rng.usize(..2)],
            _ => Kind::Twice,
        };
        let until = (at + seconds(rng, 1, 100)).min(HEALED);
        troubles.push(Trouble { from: at, until, kind });
        at = until + seconds(rng, 1, 60);
    }
    NodePlan { capacity: Capacity { memory: cores * 512, disk: cores * 10, cores }, troubles }
}

fn lists(rng: &mut Rng, nodes: usize) -> Vec<(Time, Vec<usize>)> {
    let all: Vec<usize> = (0..nodes).collect();
    let mut lists = vec![(Duration::ZERO, all.clone())];
    for _ in 0..rng.usize(..3) {
        let mut some: Vec<usize> = all.iter().copied().filter(|_| rng.u8(..3) > 0).collect();
        rng.shuffle(&mut some);
        lists.push((seconds(rng, 5, HEALED.as_secs()), some));
    }
    lists.push((HEALED, all));
    lists.sort_by_key(|(at, _)| *at);
    lists
}

fn kills(rng: &mut Rng) -> Vec<Kill> {
    let mut kills = Vec::new();
    let mut from = seconds(rng, 5, 200);
    while from < HEALED && kills.len() < 3 && rng.bool() {
        let down = [seconds(rng, 0, 3), seconds(rng, 0, 60)][rng.usize(..2)];
        kills.push(Kill { from, events: rng.usize(..60), down });
        from += down + seconds(rng, 1, 90);
    }
    kills
}

fn work(rng: &mut Rng) -> Vec<(Time, Work)> {
    let mut work = Vec::new();
    let pace = rng.u64(1..=8);
    let mut at = seconds(rng, 1, 12);
    while at < HEALED + Duration::from_secs(60) {
        let task = match rng.u8(..20) {
            0..=6 => {
                Task::Run { count: [1, 1, 1, 2, 3][rng.usize(..5)], cores: [1, 1, 2, 4][rng.usize(..4)] }
            }
            7..=10 => Task::Terminate,
            11 | 12 => Task::Reboot { count: rng.usize(1..4) },
            13 => Task::Console,
            14 | 15 => Task::Attach,
            16 => Task::Detach,
            17 => Task::Bundle,
            18 => Task::CancelBundle,
            _ => Task::Stray,
        };
        work.push((at, Work { task, lot: rng.usize(..) }));
        // Bursts: several wishes at once, then a pause.
        if rng.u8(..3) > 0 {
            at += seconds(rng, 0, 2 * pace);
        }
    }
    work
}
