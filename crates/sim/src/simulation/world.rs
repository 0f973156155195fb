//! Everything outside the cluster, and the judgement on it: the nodes with what is on its way to them, what the
//! CLC knows, and what the cluster has promised. It outlives the cluster, which may be killed at any instant.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use euca_cluster::NodeAddress;
use euca_cluster::schedule::Capacity;
use euca_store::testing::Disk;
use euca_vnet::testing::Recorder;
use euca_wire::{CallError, Fault};
use fastrand::Rng;
use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::cloud::Clc;
use super::ledger::{Ledger, Place, Told};
use super::line::Line;
use super::node::{Answer, Details, End, Order, SimulatedNode};
use super::plan::{Kind, Plan, Upset};
use super::promises::Promises;
use super::surroundings::Call;
use super::trace::{InstanceNumber, Trace};
use super::violation::Violation;
use super::{Sabotage, Time};

/// How long a node may be well, with an instance on it that the cluster does not tell: a poll that was lost (20 s),
/// the pause, and a poll.
const UNTOLD: Duration = Duration::from_secs(45);
/// For so long after it is over, what was wrong with the host may keep an operation from succeeding.
const UPSET: Duration = Duration::from_secs(60);
/// A node that sleeps and is needed is woken once in this time.
const UNWOKEN: Duration = Duration::from_secs(60);

/// The world of one run.
pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) sabotage: Option<Sabotage>,
    pub(super) clc: Clc,
    pub(super) ledger: Ledger,
    pub(super) promises: Promises,
    pub(super) trace: Trace,
    /// Cancelled at the first violation, and when the cluster is killed.
    pub(super) ended: CancellationToken,
    /// When the cluster was killed. From then on nothing it does has any effect.
    pub(super) killed: Option<Time>,
    pub(super) disk: Disk,
    /// Who carries out what the virtual network needs.
    pub(super) host: Recorder,
    /// Upsets of the host so far.
    pub(super) upsets: usize,
    /// A life of the cluster is over; what is left of it is dropped in no particular order.
    pub(super) over: bool,
    pub(super) violation: Option<Violation>,
    pub(super) rng: Rng,
    /// When this run of the cluster began: on the clock of the world, and on that of its runtime.
    pub(super) begun: (Time, Instant),
    pub(super) nodes: Vec<SimulatedNode>,
    pub(super) lines: Vec<Line>,
    /// How often each node was configured anew: calls on behalf of an earlier configuration stand in a line of
    /// their own.
    pub(super) generations: Vec<u32>,
    /// Since when each node is configured.
    configured: Vec<Option<Time>>,
    /// What will happen to the nodes, whoever waits for it.
    agenda: BTreeMap<(Time, u64), Happening>,
    answers: BTreeMap<u64, Option<Answer>>,
    counter: u64,
}

enum Happening {
    Execution {
        node: usize,
        call: u64,
        execution: usize,
        wanted: usize,
        order: Arc<Order>,
    },
    /// The machine loses what it runs.
    PowerLoss {
        node: usize,
    },
}

/// The world as the cluster reaches it. Clones are the same world.
#[derive(Clone)]
pub(super) struct Surroundings(pub(super) Arc<Mutex<World>>);

/// The address of node number `node`.
pub(super) fn address(node: usize) -> NodeAddress {
    NodeAddress::new(&format!("n{node}"), 8775, "axis2/services/EucalyptusNC")
}

/// The number of the node with this URL.
pub(super) fn node_number(url: &str) -> usize {
    let name = url.strip_prefix("http://n").and_then(|rest| rest.split(':').next());
    name.and_then(|name| name.parse().ok()).unwrap_or(usize::MAX)
}

/// The MAC address of node number `node`.
pub(super) fn mac(node: usize) -> String {
    format!("02:00:00:00:00:{node:02x}")
}

/// Its IP address.
pub(super) fn ip(node: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, u8::try_from(node + 1).unwrap_or_default())
}

/// The number of the instance with this id.
pub(super) fn instance_number(id: &str) -> Option<InstanceNumber> {
    InstanceNumber::from_str_radix(id.strip_prefix("i-")?, 16).ok()
}

impl World {
    pub(super) fn new(plan: Plan, sabotage: Option<Sabotage>, rng: Rng) -> Self {
        let nodes: Vec<_> = plan.nodes.iter().map(|it| SimulatedNode::new(it.clone())).collect();
        let mut agenda = BTreeMap::new();
        let mut counter = 0;
        for (node, it) in plan.nodes.iter().enumerate() {
            for trouble in it.troubles.iter().filter(|it| it.kind == Kind::Off) {
                counter += 1;
                agenda.insert((trouble.from, counter), Happening::PowerLoss { node });
            }
        }
        // Expired records are swept out once a period.
        let slack = plan.settings.polling_frequency + Duration::from_secs(1);
        Self {
            ledger: Ledger::new(plan.settings.instance_timeout, slack),
            promises: Promises::default(),
            sabotage,
            clc: Clc::default(),
            trace: Trace::default(),
            ended: CancellationToken::new(),
            killed: None,
            disk: Disk::default(),
            host: Recorder::default(),
            upsets: 0,
            over: false,
            violation: None,
            rng,
            begun: (Duration::ZERO, Instant::now()),
            lines: nodes.iter().map(|_| Line::default()).collect(),
            generations: vec![0; nodes.len()],
            configured: vec![None; nodes.len()],
            nodes,
            agenda,
            answers: BTreeMap::new(),
            counter,
            plan,
        }
    }

    /// Time since the run began.
    pub(super) fn now(&self) -> Time {
        self.killed.unwrap_or_else(|| self.begun.0 + self.begun.1.elapsed())
    }

    /// The cluster is killed if its time has come.
    fn kill(&mut self) {
        let now = self.now();
        let Some(kill) = self.plan.kills.first_mut().filter(|kill| now >= kill.from) else { return };
        match kill.events.checked_sub(1) {
            Some(left) => kill.events = left,
            None if self.killed.is_none() => {
                self.trace.note(now, "cluster", None, None, "killed");
                self.killed = Some(now);
                // What it still wants to write comes too late.
                drop(self.disk.open());
                self.ended.cancel();
            }
            None => {}
        }
    }

    /// The cluster is started again, if it was killed: its new life begins now, by the clock of its runtime.
    pub(super) fn revive(&mut self) {
        if let Some(killed) = self.killed.take() {
            let kill = self.plan.kills.remove(0);
            if self.sabotage == Some(Sabotage::LosesDisk) {
                self.disk = Disk::default();
            }
            self.begun = (killed + kill.down, Instant::now());
            self.ended = CancellationToken::new();
            self.over = false;
            let now = self.now();
            let (durable, configured) = (self.plan.durable_until(killed), self.node_list());
            self.ledger.restarted(now, durable, &configured);
            self.clc.cluster_is_gone(now);
            self.note("cluster", None, None, "started");
        }
    }

    /// The node list in force.
    pub(super) fn node_list(&self) -> Vec<usize> {
        let now = self.now();
        let lists = self.plan.lists.iter().take_while(|(at, _)| *at <= now);
        lists.last().map(|(_, list)| list.clone()).unwrap_or_default()
    }

    /// An instant of the world on the clock of the runtime.
    pub(super) fn instant(&self, at: Time) -> Instant {
        self.begun.1 + at.saturating_sub(self.begun.0)
    }

    pub(super) fn note(
        &mut self,
        what: &'static str,
        node: Option<usize>,
        instance: Option<InstanceNumber>,
        stage: &'static str,
    ) {
        let now = self.now();
        self.trace.note(now, what, node, instance, stage);
    }

    /// Keeps the first violation and ends the run.
    pub(super) fn judge(&mut self, verdict: Result<(), Violation>) {
        if let Err(violation) = verdict
            && self.violation.is_none()
        {
            self.violation = Some(violation);
            self.ended.cancel();
        }
    }

    /// The operator has written a node list.
    pub(super) fn configure(&mut self, list: &[usize]) -> Vec<NodeAddress> {
        let now = self.now();
        self.note("node list", None, None, "changes");
        for node in 0..self.nodes.len() {
            self.configured[node] = match self.configured[node] {
                since @ Some(_) if list.contains(&node) => since,
                None if list.contains(&node) => {
                    self.note("node list", Some(node), None, "added");
                    Some(now)
                }
                _ => None,
            };
        }
        list.iter().map(|&node| address(node)).collect()
    }

    /// Lets happen what is due.
    pub(super) fn catch_up(&mut self) {
        let now = self.now();
        while let Some(next) = self.agenda.first_entry().filter(|next| next.key().0 <= now) {
            let ((at, _), happening) = next.remove_entry();
            match happening {
                Happening::PowerLoss { node } => {
                    self.trace.note(at, "power", Some(node), None, "lost");
                    self.nodes[node].machines.clear();
                    self.nodes[node].surprising = true;
                }
                Happening::Execution { node, call, execution, wanted, order } => {
                    self.execute(at, node, call, execution == wanted, &order);
                }
            }
        }
    }

    fn execute(&mut self, at: Time, node: usize, call: u64, answers: bool, order: &Order) {
        let waiting = self.answers.contains_key(&call);
        let target = &mut self.nodes[node];
        if target.asleep.is_some() || at < target.up {
            // It was on its way when the node was put to sleep.
            return;
        }
        if order.operation == "ncPowerDown"
            && !target.surprising
            && let Some((&instance, _)) = target.machines.iter().find(|(_, machine)| machine.is_live(at))
        {
            self.judge(Err(Violation::SentToSleep { instance, node }));
            return;
        }
        if let Details::Run(request) = &order.details {
            let instance = order.instance.unwrap_or_default();
            let has_room = target.has_room(request, at);
            if !has_room && !target.surprising && !target.machines.contains_key(&instance) {
                self.judge(Err(Violation::Overcommitted { instance, node }));
                return;
            }
            target.surprising |= !waiting || !answers;
        } else if !waiting && order.instance.is_none() {
            // A question nobody waits for any more changes nothing.
            return;
        }
        let mut answer = match self.sabotage {
            Some(sabotage) if sabotage.ignores(order) => Answer::True,
            _ => self.nodes[node].execute(order, at, &mut self.rng),
        };
        if let Some(sabotage) = self.sabotage {
            sabotage.falsify(&mut answer);
        }
        let stage = if matches!(answer, Answer::False) { "refused" } else { "done" };
        if order.instance.is_some() {
            self.trace.note(at, order.operation, Some(node), order.instance, stage);
        }
        if answers && let Some(waiting) = self.answers.get_mut(&call) {
            *waiting = Some(answer);
        }
    }

    /// A call reaches the wire. Returns its number, and when and how it ends for the caller.
    pub(super) fn begin(&mut self, node: usize, generation: u32, order: Order) -> (u64, Option<(Time, End)>) {
        self.catch_up();
        self.kill();
        if self.killed.is_some() {
            return (0, None);
        }
        let now = self.now();
        self.counter += 1;
        let number = self.counter;
        self.trace.note(now, order.operation, Some(node), order.instance, "sent");
        if self.generations[node] == generation {
            let times = (now, self.plan.settings.polling_frequency);
            let verdict = self.lines[node].begin((node, number), order.operation, order.instance, times);
            self.judge(verdict);
        }
        if matches!(order.details, Details::Run(_)) {
            let verdict = self.ledger.launched(order.instance.unwrap_or_default(), node);
            self.judge(verdict);
        }
        let fate = self.nodes[node].fate(&order, now, &mut self.rng);
        let wanted = match fate.end {
            Some((_, End::Answered(wanted))) => wanted,
            _ => usize::MAX,
        };
        let order = Arc::new(order);
        for (execution, at) in fate.executed.into_iter().enumerate() {
            if let Some(at) = at {
                self.counter += 1;
                let happening =
                    Happening::Execution { node, call: number, execution, wanted, order: order.clone() };
                self.agenda.insert((at, self.counter), happening);
            }
        }
        self.answers.insert(number, None);
        (number, fate.end)
    }

    /// The caller gets its answer.
    pub(super) fn answer(&mut self, node: usize, number: u64, end: End) -> Result<Answer, CallError> {
        self.catch_up();
        self.kill();
        let now = self.now();
        let answer = match end {
            End::Refused => Answer::False,
            End::Fault => return Err(CallError::Fault(Fault::server("planned"))),
            End::Broken => return Err(CallError::Unreachable("connection reset".to_owned())),
            End::Answered(_) => match self.answers.get_mut(&number).and_then(Option::take) {
                Some(answer) => answer,
                None => return Err(CallError::Unreachable("connection reset".to_owned())),
            },
        };
        if let Answer::Instance(instance) = &answer
            && let Some(number) = instance_number(&instance.instance_id)
        {
            self.ledger.taken(number, now);
        }
        if let Answer::Instances(instances) = &answer {
            for it in instances {
                if let Some(number) = instance_number(&it.instance_id) {
                    self.ledger.reported(number, &it.state_name, node, now);
                }
            }
            self.ledger.denied(node, now);
        }
        Ok(answer)
    }

    /// The caller does not wait any more, answered or not.
    pub(super) fn end(&mut self, call: &Call) {
        let now = self.now();
        self.answers.remove(&call.number);
        if self.generations[call.node] == call.generation {
            self.lines[call.node].end(call.number, now);
        }
        let stage = if call.answered { "answered" } else { "given up" };
        if !self.over {
            self.trace.note(now, call.operation, Some(call.node), None, stage);
        }
        // An answer to ncRunInstance that nobody has heard is a surprise to come.
        if call.operation == "ncRunInstance" && !call.answered {
            self.nodes[call.node].surprising = true;
        }
    }

    /// An operation begins: the node that it will call alone, if that is certain, expects it.
    pub(super) fn want(&mut self, operation: &'static str, instance: InstanceNumber) {
        let now = self.now();
        if let Some((node, certain)) = self.ledger.host(instance, now) {
            self.lines[node].want(operation, instance, now, certain && self.configured[node].is_some());
        }
    }

    /// Judges what the cluster tells of its instances now, against its promises and against the nodes.
    pub(super) fn judge_told(&mut self, told: &[Told], alive_since: Time) {
        self.catch_up();
        let now = self.now();
        let mut verdict = self.ledger.judge(told, now);
        if self.plan.durable_until(now) == now {
            self.ledger.heard(told);
        }
        for (node, it) in self.nodes.iter().enumerate() {
            let Some(configured) = self.configured[node] else { continue };
            if let (Some(asleep), Some((instance, since))) = (it.asleep, self.ledger.awaited(node, now)) {
                let since = since.max(asleep).max(configured).max(alive_since).max(it.called);
                if now > since + UNWOKEN {
                    verdict = verdict.and(Err(Violation::LeftAsleep { instance, node }));
                }
            }
            let Some(well) = it.well_since(now) else { continue };
            let since = well.max(configured).max(alive_since);
            if now >= since.max(self.lines[node].polled()) + UNTOLD {
                verdict = verdict.and(Err(Violation::Unpolled { node }));
            }
            for (&instance, machine) in &it.machines {
                let overdue = machine.is_live(now) && now >= since.max(machine.since) + UNTOLD;
                if overdue && !told.iter().any(|it| it.instance == instance) {
                    verdict = verdict.and(Err(Violation::Untold { instance, node }));
                }
            }
        }
        self.judge(verdict);
    }

    /// The CLC is about to launch an instance.
    pub(super) fn want_launch(&mut self, place: Option<Place>) -> InstanceNumber {
        self.clc.launched += 1;
        let (number, now) = (self.clc.launched, self.now());
        self.ledger.wanted(number, place, now);
        number
    }

    /// Something new was promised, by an answer to what was asked at `asked`.
    pub(super) fn judge_promise(&mut self, operation: &'static str, asked: Time) {
        let now = self.now();
        let fails = self.plan.disk_fails(asked) && self.plan.disk_fails(now);
        if fails && self.plan.durable_until(now) < asked {
            self.judge(Err(Violation::Promised { operation }));
        }
    }

    /// An operation has failed that can only fail for what is wrong with the host, which was asked at `asked`.
    pub(super) fn judge_failure(&mut self, operation: &'static str, asked: Time) {
        let (now, before) = (self.now(), asked.saturating_sub(UPSET));
        let well = |at| self.plan.host_well_since(at).is_some_and(|since| since.is_zero() || since <= before);
        if self.killed.is_none() && well(asked) && well(now) {
            self.judge(Err(Violation::Failed { operation }));
        }
    }

    /// What befalls the host next is due.
    pub(super) fn upset(&mut self) {
        let Some((_, upset)) = self.plan.host.get(self.upsets).copied() else { return };
        self.upsets += 1;
        match upset {
            Upset::Disk(fails) => {
                self.note("disk", None, None, if fails { "fails" } else { "works again" });
                let fails = fails && self.sabotage != Some(Sabotage::PromisesMuch);
                // More than are made until it works again.
                self.disk.plan(std::iter::repeat_n(
                    Some(euca_store::testing::Fault::Fails),
                    if fails { 4000 } else { 0 },
                ));
            }
            Upset::Network(name, act) => {
                self.note("host", None, None, name);
                self.host.plan(name, [act]);
            }
        }
    }

    /// A wake-up call is sent. Returns whether it could be.
    pub(super) fn wake(&mut self, target: &str) -> bool {
        let Some(node) = (0..self.nodes.len())
            .find(|&node| [mac(node), ip(node).to_string()].contains(&target.to_owned()))
        else {
            return false;
        };
        self.catch_up();
        let now = self.now();
        let fails = |rng: &mut Rng, one_in: u8| one_in > 0 && rng.u8(..one_in) == 0;
        let unwoken = if now < self.plan.healed { self.plan.unwoken } else { 0 };
        self.nodes[node].called = now;
        if fails(&mut self.rng, unwoken) {
            self.note("powerwake", Some(node), None, "not sent");
            return false;
        }
        let lost = fails(&mut self.rng, unwoken);
        self.note("powerwake", Some(node), None, if lost { "not heard" } else { "sent" });
        if !lost {
            self.nodes[node].wake(now, &mut self.rng);
        }
        true
    }

    /// How many instances of this size the nodes have had room for in truth, at least and at most, since they
    /// must have been polled.
    pub(super) fn real_room(&self, size: Capacity) -> RangeInclusive<i64> {
        let now = self.now();
        let before = now.saturating_sub(self.plan.settings.polling_frequency + Duration::from_secs(1));
        let rooms = self.nodes.iter().map(|node| [before, now].map(|at| node.available(at).fits(size)));
        let sum = |choose: fn([i64; 2]) -> i64| rooms.clone().map(choose).sum();
        sum(|[one, other]| one.min(other))..=sum(|[one, other]| one.max(other))
    }

    /// Judges what is left when nothing bad has happened for a long time.
    pub(super) fn judge_end(&mut self) {
        let now = self.now();
        for (node, it) in self.nodes.iter().enumerate() {
            let survivor = it.machines.iter().find(|&(&instance, machine)| {
                machine.is_live(now) && self.clc.has_long_terminated(instance, now)
            });
            if let Some((&instance, _)) = survivor {
                return self.judge(Err(Violation::Survives { instance, node }));
            }
        }
    }
}
