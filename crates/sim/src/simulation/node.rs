//! A node controller with its machine: what becomes of a call, and what its instances do. Values and functions of
//! time only; nothing here waits.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use euca_cluster::schedule::Capacity;
use euca_wire::nc;
use fastrand::Rng;

use super::Time;
use super::plan::{Kind, NodePlan, Trouble};
use super::trace::InstanceNumber;
use crate::node::instance;

/// How long a node reports what is left of an instance.
const TEARDOWN: Duration = Duration::from_secs(180);

/// A node with what runs there.
#[derive(Debug)]
pub(super) struct SimulatedNode {
    pub(super) plan: NodePlan,
    pub(super) machines: BTreeMap<InstanceNumber, Machine>,
    /// It has run an instance without the cluster learning of it at once, or lost what it had: its capacity is
    /// not what the cluster must think it is.
    pub(super) surprising: bool,
    /// Since when it sleeps.
    pub(super) asleep: Option<Time>,
    /// When it is up again after it was woken.
    pub(super) up: Time,
    /// When it was woken last, heard or not.
    pub(super) called: Time,
}

/// An instance on its node.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) since: Time,
    /// From here on it runs.
    runs: Time,
    /// From here on it is gone.
    pub(super) ends: Time,
    boots: u32,
    described: nc::Instance,
}

/// What a node is asked.
#[derive(Debug, Clone)]
pub(super) struct Order {
    pub(super) operation: &'static str,
    pub(super) instance: Option<InstanceNumber>,
    pub(super) details: Details,
}

#[derive(Debug, Clone)]
pub(super) enum Details {
    None,
    Run(Box<nc::NcRunInstance>),
    Volume(String),
}

/// What it answers.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    False,
    True,
    Resources { maximum: Capacity, available: Capacity },
    Instances(Vec<nc::Instance>),
    Instance(Box<nc::Instance>),
    Console(String),
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    /// When it is executed, whoever waits for it.
    pub(super) executed: [Option<Time>; 2],
    /// What the caller sees of it, and when.
    pub(super) end: Option<(Time, End)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The answer to this execution.
    Answered(usize),
    Refused,
    Fault,
    /// The connection is refused or reset.
    Broken,
}

impl Fate {
    fn unexecuted(end: Option<(Time, End)>) -> Self {
        Self { executed: [None; 2], end }
    }
}

impl NodePlan {
    fn trouble(&self, at: Time) -> Option<&Trouble> {
        self.troubles.iter().find(|trouble| trouble.from <= at && at < trouble.until)
    }

    /// Since when it has been well; `None` while it is not.
    pub(super) fn well_since(&self, at: Time) -> Option<Time> {
        if self.trouble(at).is_some() {
            return None;
        }
        Some(self.troubles.iter().map(|it| it.until).filter(|&until| until <= at).max().unwrap_or_default())
    }

    /// What becomes of a call that is sent now.
    pub(super) fn fate(&self, sent: Time, rng: &mut Rng) -> Fate {
        let trip = Duration::from_millis(rng.u64(1..5));
        let trouble = self.trouble(sent);
        let arrives = match trouble.map(|it| (it.kind, it.until)) {
            Some((Kind::Stopped, _)) => return Fate::unexecuted(Some((sent + trip, End::Broken))),
            Some((Kind::Off, _)) => return Fate::unexecuted(None),
            // Sent again at the end, if the connection lives on.
            Some((Kind::Cut { requests: true, .. }, until)) if rng.bool() => until + trip,
            Some((Kind::Cut { requests: true, .. }, _)) => return Fate::unexecuted(None),
            Some((Kind::Faults, _)) => return Fate::unexecuted(Some((sent + trip, End::Fault))),
            Some((Kind::Refuses, _)) => return Fate::unexecuted(Some((sent + trip, End::Refused))),
            _ => sent + trip,
        };
        let takes = match trouble.map(|it| it.kind) {
            Some(Kind::Slow(most)) => most.mul_f64(rng.f64()),
            _ => Duration::from_millis(rng.u64(1..40)),
        };
        // What it does may happen at the beginning of what it takes or at the end.
        let executes = self.awake(arrives + if rng.bool() { takes } else { trip });
        let mut answers = self.awake(executes.max(arrives + takes)) + trip;
        let again = executes + Duration::from_millis(rng.u64(1..200));
        let twice = trouble.is_some_and(|it| it.kind == Kind::Twice);
        let which = usize::from(twice && rng.bool());
        if which == 1 {
            answers = answers.max(again);
        }
        let mut fate = Fate {
            executed: [Some(executes), twice.then_some(again)],
            end: Some((answers, End::Answered(which))),
        };
        for trouble in &self.troubles {
            let down = matches!(trouble.kind, Kind::Stopped | Kind::Off);
            if down && arrives < trouble.from && trouble.from <= answers {
                for executed in &mut fate.executed {
                    *executed = executed.filter(|&at| at < trouble.from);
                }
                // A machine that is off sends no reset.
                fate.end = (trouble.kind == Kind::Stopped).then_some((trouble.from, End::Broken));
                break;
            }
            let cut = matches!(trouble.kind, Kind::Cut { answers: true, .. });
            if cut && trouble.from <= answers && answers < trouble.until {
                fate.end = rng.bool().then_some((trouble.until + trip, End::Answered(which)));
                break;
            }
        }
        fate
    }

    /// The first time from `at` on when the node is not hung.
    fn awake(&self, at: Time) -> Time {
        match self.trouble(at) {
            Some(trouble) if trouble.kind == Kind::Hung => trouble.until,
            _ => at,
        }
    }
}

impl Machine {
    fn state(&self, now: Time) -> &'static str {
        match now {
            now if now >= self.ends => "Teardown",
            now if now >= self.runs => "Extant",
            _ => "Pending",
        }
    }

    pub(super) fn is_live(&self, now: Time) -> bool {
        now < self.ends
    }

    fn is_reported(&self, now: Time) -> bool {
        now < self.ends.saturating_add(TEARDOWN)
    }

    fn size(&self) -> Capacity {
        size(&self.described.instance_type)
    }
}

fn size(machine: &nc::VirtualMachine) -> Capacity {
    let number = |value: Option<i32>| i64::from(value.unwrap_or_default());
    Capacity { memory: number(machine.memory), disk: number(machine.disk), cores: number(machine.cores) }
}

impl SimulatedNode {
    pub(super) fn new(plan: NodePlan) -> Self {
        let (asleep, up, called) = (None, Time::ZERO, Time::ZERO);
        Self { plan, machines: BTreeMap::new(), surprising: false, asleep, up, called }
    }

    /// What becomes of a call that is sent now.
    pub(super) fn fate(&self, order: &Order, sent: Time, rng: &mut Rng) -> Fate {
        if self.asleep.is_some() || sent < self.up {
            return Fate::unexecuted(None);
        }
        let mut fate = self.plan.fate(sent, rng);
        // It may be off before it has answered.
        if order.operation == "ncPowerDown" && rng.u8(..4) == 0 {
            fate.end = None;
        }
        fate
    }

    /// Since when it has been well and awake; `None` while it is not.
    pub(super) fn well_since(&self, at: Time) -> Option<Time> {
        let awake = self.asleep.is_none() && self.up <= at;
        self.plan.well_since(at).filter(|_| awake).map(|since| since.max(self.up))
    }

    /// A wake-up call reaches it.
    pub(super) fn wake(&mut self, now: Time, rng: &mut Rng) {
        if self.asleep.take().is_some() {
            self.up = now + Duration::from_millis(rng.u64(5_000..90_000));
        }
    }

    /// What is free on it in truth.
    pub(super) fn available(&self, now: Time) -> Capacity {
        let live = self.machines.values().filter(|machine| machine.since <= now && machine.is_live(now));
        live.fold(self.plan.capacity, |rest, machine| rest - machine.size())
    }

    /// Whether an instance would fit in.
    pub(super) fn has_room(&self, request: &nc::NcRunInstance, now: Time) -> bool {
        self.available(now).holds(size(&request.instance_type))
    }

    /// Does what it is asked.
    pub(super) fn execute(&mut self, order: &Order, now: Time, rng: &mut Rng) -> Answer {
        let live = |machine: &&mut Machine| machine.is_live(now);
        let machine = order.instance.and_then(|number| self.machines.get_mut(&number)).filter(live);
        match (order.operation, &order.details, machine) {
            ("ncDescribeResource", ..) => {
                Answer::Resources { maximum: self.plan.capacity, available: self.available(now) }
            }
            ("ncDescribeInstances", ..) => {
                self.machines.retain(|_, machine| machine.is_reported(now));
                let report = |machine: &Machine| {
                    let state_name = machine.state(now).to_owned();
                    nc::Instance { state_name, ..machine.described.clone() }
                };
                Answer::Instances(self.machines.values().map(report).collect())
            }
            ("ncStartNetwork", ..) => Answer::True,
            ("ncPowerDown", ..) => {
                self.machines.clear();
                self.asleep = Some(now);
                Answer::True
            }
            ("ncRunInstance", Details::Run(request), None) => self.run(order.instance, request, now, rng),
            ("ncTerminateInstance", _, Some(machine)) => {
                machine.ends = machine.ends.min(now + Duration::from_millis(rng.u64(100..8000)));
                Answer::True
            }
            ("ncRebootInstance", _, Some(machine)) => {
                machine.boots += 1;
                Answer::True
            }
            ("ncGetConsoleOutput", _, Some(machine)) => {
                Answer::Console(STANDARD.encode(format!("boot {}", machine.boots)))
            }
            ("ncAttachVolume", Details::Volume(volume), Some(machine)) => {
                let volumes = &mut machine.described.volumes;
                if volumes.iter().any(|it| it.volume_id.as_ref() == Some(volume)) {
                    return Answer::False;
                }
                volumes.push(nc::Volume { volume_id: Some(volume.clone()), ..Default::default() });
                Answer::True
            }
            ("ncDetachVolume", Details::Volume(volume), Some(machine)) => {
                let volumes = &mut machine.described.volumes;
                let before = volumes.len();
                volumes.retain(|it| it.volume_id.as_ref() != Some(volume));
                if volumes.len() < before { Answer::True } else { Answer::False }
            }
            ("ncBundleInstance" | "ncCancelBundleTask", _, Some(_)) => Answer::True,
            _ => Answer::False,
        }
    }

    fn run(
        &mut self,
        number: Option<InstanceNumber>,
        request: &nc::NcRunInstance,
        now: Time,
        rng: &mut Rng,
    ) -> Answer {
        // What is left of an instance keeps its id from being used again (cluster-controller.md §4.3).
        let has = |number: &InstanceNumber| self.machines.get(number).is_some_and(|it| it.is_reported(now));
        let number = number.filter(|number| self.has_room(request, now) && !has(number));
        let Some(number) = number else { return Answer::False };
        let runs = now + Duration::from_millis(rng.u64(500..40_000));
        let ends = match rng.u8(..10) {
            // Staging fails.
            0 => now + (runs - now).mul_f64(rng.f64()),
            // It shuts down by itself.
            1 => runs + Duration::from_millis(rng.u64(1000..300_000)),
            _ => Duration::MAX,
        };
        let mut described = instance(request);
        described.launch_time = None;
        self.machines
            .insert(number, Machine { since: now, runs, ends, boots: 1, described: described.clone() });
        described.state_name = "Pending".to_owned();
        Answer::Instance(Box::new(described))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(kind: Kind) -> NodePlan {
        let trouble = Trouble { from: Duration::from_secs(10), until: Duration::from_secs(60), kind };
        NodePlan { capacity: Capacity::default(), troubles: vec![trouble] }
    }

    #[test]
    fn a_node_in_trouble_treats_calls_as_its_trouble_says() {
        let mut rng = Rng::with_seed(1);
        let s = Duration::from_secs;
        let mut ends = |kind, sent| {
            let fates: Vec<_> = (0..50).map(|_| plan(kind).fate(sent, &mut rng)).collect();
            fates
        };
        let within = |fate: &Fate, least: Time, most: Time| matches!(fate.end, Some((at, End::Answered(_))) if least <= at && at < most);
        for kind in [Kind::Hung, Kind::Stopped, Kind::Off, Kind::Faults] {
            assert!(ends(kind, s(5)).iter().all(|fate| within(fate, s(5), s(6))), "{kind:?} before");
            assert!(ends(kind, s(60)).iter().all(|fate| within(fate, s(60), s(61))), "{kind:?} afterwards");
        }
        assert!(ends(Kind::Hung, s(20)).iter().all(|fate| within(fate, s(60), s(61))));
        let off = Fate::unexecuted(None);
        assert!(ends(Kind::Off, s(20)).iter().all(|fate| *fate == off));
        let broken = |fate: &Fate| fate.executed == [None; 2] && matches!(fate.end, Some((_, End::Broken)));
        assert!(ends(Kind::Stopped, s(20)).iter().all(broken));
        let one_way = Kind::Cut { requests: false, answers: true };
        let fates = ends(one_way, s(20));
        assert!(fates.iter().all(|fate| fate.executed[0].is_some_and(|at| at < s(21))));
        assert!(fates.iter().any(|fate| fate.end.is_none()), "lost");
        assert!(fates.iter().any(|fate| within(fate, s(60), s(61))), "late");
        let twice = ends(Kind::Twice, s(20));
        assert!(twice.iter().all(|fate| fate.executed[0] < fate.executed[1]));
    }
}
