//! What a seed stands for: the settings of the cluster, what its nodes are and what befalls them, what the CLC
//! wants and when. Drawn in advance, so that nothing the cluster does changes what befalls it.

use std::net::Ipv4Addr;
use std::time::Duration;

use euca_cluster::ClusterSettings;
use euca_cluster::schedule::{Capacity, Policy};
use euca_vnet::testing::{Act, exit};
use euca_vnet::{ManagedSettings, Pool, PublicAddresses, Settings, StaticSettings};
use fastrand::Rng;

use super::Time;

/// Length of a run.
const LENGTH: Time = Duration::from_secs(600);
/// From here on nothing bad happens any more; long enough before the end for every launch to be given up and
/// every record to expire.
const HEALED: Time = Duration::from_secs(235);
/// So long may a node take longer than others to be well again, for it must be found asleep and woken before.
const WAKING: Duration = Duration::from_secs(120);
/// So long after the disk works again everything is durable.
pub(super) const SETTLED: Duration = Duration::from_secs(2);
/// Under POWERSAVE, which puts a node to sleep after five idle minutes at the soonest, time stands still here
/// for as long as that takes: what follows finds nodes asleep.
const LULL: (Time, Duration) = (Duration::from_secs(60), Duration::from_secs(310));

/// A run, planned.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) settings: ClusterSettings,
    /// Length of the run.
    pub(super) length: Time,
    /// From here on nothing bad happens any more.
    pub(super) healed: Time,
    pub(super) nodes: Vec<NodePlan>,
    /// The node list from these times on, as numbers of nodes.
    pub(super) lists: Vec<(Time, Vec<usize>)>,
    /// What the CLC is asked to do, by time.
    pub(super) work: Vec<(Time, Work)>,
    /// When the cluster is killed, in order.
    pub(super) kills: Vec<Kill>,
    /// How long the disk takes for a commit.
    pub(super) commit: Duration,
    /// What befalls the cluster's own host, by time.
    pub(super) host: Vec<(Time, Upset)>,
    /// One wake-up call in so many is not sent, and one in so many is not heard; 0 for none.
    pub(super) unwoken: u8,
}

/// A change for the worse, or back, on the host of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upset {
    /// From now on commits fail, or work again.
    Disk(bool),
    /// From now on orders of this name are treated so.
    Network(&'static str, Act),
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
    /// Give it a public address.
    Assign,
    /// Take a public address back.
    Unassign,
    /// Change the rules of a group.
    Rules,
}

impl Plan {
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let nodes: Vec<_> = (0..rng.usize(1..=6)).map(|_| node(rng)).collect();
        let settings = settings(rng);
        let (lists, work, kills) = (lists(rng, nodes.len()), work(rng), kills(rng));
        let commit = Duration::from_millis([0, 1, 20, 700][rng.usize(..4)]);
        let (host, unwoken) = (host(rng), [0, 0, 3, 6][rng.usize(..4)]);
        let mut plan = Self {
            settings,
            length: LENGTH,
            healed: HEALED,
            lists,
            work,
            kills,
            commit,
            nodes,
            host,
            unwoken,
        };
        if plan.settings.policy == Policy::PowerSave {
            plan.wait_for_sleep();
        }
        plan
    }

    /// Puts the lull in.
    fn wait_for_sleep(&mut self) {
        let (from, lull) = LULL;
        let troubles = self.nodes.iter_mut().flat_map(|node| &mut node.troubles);
        let ends = troubles.flat_map(|trouble| [&mut trouble.from, &mut trouble.until]);
        let times = ends
            .chain(self.lists.iter_mut().map(|(at, _)| at))
            .chain(self.work.iter_mut().map(|(at, _)| at))
            .chain(self.host.iter_mut().map(|(at, _)| at))
            .chain(self.kills.iter_mut().map(|kill| &mut kill.from))
            .chain([&mut self.length, &mut self.healed]);
        for time in times.filter(|time| **time > from) {
            *time += lull;
        }
        self.length += WAKING;
    }

    /// Whether commits fail.
    pub(super) fn disk_fails(&self, at: Time) -> bool {
        let mut disk = self.host.iter().filter(|(from, _)| *from <= at).map(|(_, upset)| *upset);
        disk.rfind(|upset| matches!(upset, Upset::Disk(_))) == Some(Upset::Disk(true))
    }

    /// What was learnt before this time is durable when the cluster is killed at `at`.
    pub(super) fn durable_until(&self, at: Time) -> Time {
        let well = !self.disk_fails(at);
        let past = |(from, upset): &&(Time, Upset)| *from <= at && *upset == Upset::Disk(true);
        match self.host.iter().rfind(past) {
            Some((from, _)) if !well || self.disk_fails(at.saturating_sub(SETTLED)) => *from,
            _ => at,
        }
    }

    /// Since when nothing is wrong with the host of the cluster; `None` while something is.
    pub(super) fn host_well_since(&self, at: Time) -> Option<Time> {
        let past = || self.host.iter().rev().skip_while(|(from, _)| *from > at);
        let (since, last) = past().next().copied().unwrap_or((Duration::ZERO, Upset::Disk(false)));
        let mends =
            |upset| matches!(upset, Upset::Disk(false) | Upset::Network(_, Act::Exit(0, Duration::ZERO)));
        // One thing goes wrong at a time.
        mends(last).then_some(since)
    }

    /// What the managed modes need.
    pub(super) fn managed(&self) -> Option<&ManagedSettings> {
        match &self.settings.network {
            Settings::Managed(managed) => Some(managed),
            _ => None,
        }
    }

    /// The address of this index in the network of this VLAN.
    pub(super) fn guest(&self, vlan: u16, index: u16) -> Option<Ipv4Addr> {
        let (_, network) = self.managed()?.plan.network(vlan.into()).ok()?;
        Some(Ipv4Addr::from_bits(network.network().to_bits() + u32::from(index)))
    }
}

fn seconds(rng: &mut Rng, least: u64, most: u64) -> Duration {
    Duration::from_millis(rng.u64(least * 1000..most * 1000))
}

fn settings(rng: &mut Rng) -> ClusterSettings {
    let policies = [Policy::RoundRobin, Policy::RoundRobin, Policy::Greedy, Policy::PowerSave];
    ClusterSettings {
        network: network(rng),
        policy: policies[rng.usize(..policies.len())],
        instance_timeout: Duration::from_secs([30, 60, 120, 300, 300][rng.usize(..5)]),
        late_calls_succeed: rng.u8(..4) > 0,
        ..ClusterSettings::default()
    }
}

/// Small ones: what is scarce is used again soon.
fn network(rng: &mut Rng) -> Settings {
    let vlans = match rng.u8(..8) {
        0..=2 => return Settings::System,
        3 => return fixed(),
        mode => mode < 7,
    };
    let size = [8, 16][rng.usize(..2)];
    let mut public = Pool::default();
    // Neither can be refused: the pool holds more, and the subnet is divided as it should be.
    let filled = public.apply(PublicAddresses::Range([192, 0, 2, 1].into(), [192, 0, 2, 4].into()));
    let plan = "10.10.0.0/16".parse().ok().zip(filled.ok());
    let plan = plan.and_then(|(subnet, ())| euca_vnet::Plan::new(subnet, size).ok());
    let Some(plan) = plan else { return Settings::System };
    let (dns, local) = ([10, 0, 0, 53].into(), vec![[10, 0, 0, 254].into()]);
    Settings::Managed(ManagedSettings { vlans, plan, dns, public, local, tunnels: vlans })
}

fn fixed() -> Settings {
    let Ok(subnet) = "172.16.9.0/24".parse() else { return Settings::System };
    let mac = |last: u8| format!("02:00:00:00:01:{last:02x}").parse().ok();
    let hosts = (2..14).filter_map(|last| Some((mac(last)?, [172, 16, 9, last].into())));
    Settings::Static(StaticSettings {
        subnet,
        broadcast: [172, 16, 9, 255].into(),
        router: [172, 16, 9, 1].into(),
        dns: [172, 16, 9, 1].into(),
        hosts: hosts.collect(),
    })
}

/// One thing after the other.
fn host(rng: &mut Rng) -> Vec<(Time, Upset)> {
    let mut upsets = Vec::new();
    let mut at = seconds(rng, 5, 150);
    while at < HEALED && rng.bool() {
        let until = (at + seconds(rng, 1, 60)).min(HEALED);
        let (worse, better) = if rng.bool() {
            (Upset::Disk(true), Upset::Disk(false))
        } else {
            let orders =
                ["restore", "start network", "set rules", "map address", "serve DHCP", "join clusters"];
            let (name, slow) = (orders[rng.usize(..orders.len())], Act::Exit(0, seconds(rng, 1, 19)));
            let act = [exit(1), Act::Hang, slow][rng.usize(..3)];
            (Upset::Network(name, act), Upset::Network(name, exit(0)))
        };
        upsets.extend([(at, worse), (until, better)]);
        at = until + seconds(rng, 1, 60);
    }
    upsets
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
        let task = match rng.u8(..24) {
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
            19 => Task::Stray,
            20 | 21 => Task::Assign,
            22 => Task::Unassign,
            _ => Task::Rules,
        };
        work.push((at, Work { task, lot: rng.usize(..) }));
        // Bursts: several wishes at once, then a pause.
        if rng.u8(..3) > 0 {
            at += seconds(rng, 0, 2 * pace);
        }
    }
    work
}
