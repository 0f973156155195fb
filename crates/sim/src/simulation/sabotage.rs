//! Things made wrong on purpose, between the cluster and its judges, to prove that each rule can be seen broken.

use std::time::Duration;

use euca_wire::cc;
use tokio::time::sleep;

use super::Time;
use super::ledger::Told;
use super::node::{Answer, Order};
use super::world::Surroundings;

/// What is made wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sabotage {
    /// An instance falls out of DescribeInstances.
    Forgets,
    /// An instance is told in a state it is not in.
    Lies,
    /// An instance is told twice.
    Repeats,
    /// An instance is told that nobody wanted.
    Invents,
    /// An instance of the beginning is told for ever.
    NeverForgets,
    /// All instances are told with one address.
    SharesAddress,
    /// Every operation is answered after more than 46 s.
    AnswersLate,
    /// DescribeInstances is never answered.
    Fails,
    /// Less than nothing is said to be available.
    NegativeCapacity,
    /// Less is said to be available at the end than is.
    KeepsReservations,
    /// Every launch reaches another node too.
    LaunchesTwice,
    /// Nodes are asked to run instances nobody wanted.
    LaunchesUnwanted,
    /// A terminated instance is launched again.
    Resurrects,
    /// Nodes say that they are empty.
    ClaimsRoom,
    /// Nodes do not report one of their instances.
    HidesInstance,
    /// Nodes answer that they terminate, and do not.
    IgnoresTerminate,
    /// Every call is made twice at the same time.
    CallsTwice,
    /// Some calls that operations want are not made.
    SkipsTurn,
    /// Every call is made late.
    Dawdles,
    /// Nodes are not polled any more.
    StopsPolling,
    /// After a kill the disk is empty.
    LosesDisk,
    /// A network that was started is told to be another group's.
    SwapsNetwork,
    /// An index in use is told to be free.
    DropsIndex,
    /// An index nobody has is told to be in use.
    KeepsIndex,
    /// No public address is told to stand for anything.
    ForgetsMapping,
    /// An instance is told with the address of another index.
    MovesIndex,
    /// The disk works when the cluster should not be able to promise anything.
    PromisesMuch,
    /// Nodes that sleep are not woken.
    NeverWakes,
    /// Nodes are put to sleep when they should be polled.
    SendsToSleep,
}

impl Sabotage {
    /// Distorts what the cluster tells.
    pub(super) fn distort(self, told: &mut Vec<Told>, now: Time) {
        let ghost = |instance| Told {
            instance,
            state: "Pending".to_owned(),
            node: 0,
            addresses: Default::default(),
            mac: String::new(),
            place: None,
        };
        match self {
            Self::Forgets if now > Duration::from_secs(60) => drop(told.pop()),
            Self::Lies => told.iter_mut().take(1).for_each(|it| "Unknown".clone_into(&mut it.state)),
            Self::Repeats => told.extend(told.first().cloned()),
            Self::Invents => told.push(ghost(0xFFFF)),
            // Once its node has had time to report it and to forget it.
            Self::NeverForgets
                if now > Duration::from_secs(500) && told.iter().all(|it| it.instance != 1) =>
            {
                told.push(ghost(1));
            }
            Self::MovesIndex => {
                let places = told.iter_mut().filter_map(|it| it.place.as_mut());
                places.take(1).for_each(|place| place.index += 1);
            }
            Self::SharesAddress => {
                told.iter_mut().for_each(|it| it.addresses = ["10.0.0.1".into(), String::new()]);
            }
            _ => {}
        }
    }

    /// Distorts what the cluster tells of its networks.
    pub(super) fn distort_networks(self, told: &mut [cc::Network]) {
        for network in told {
            match self {
                Self::SwapsNetwork => network.net_name.push('7'),
                Self::DropsIndex => network.active_addrs.truncate(2),
                Self::KeepsIndex => network.active_addrs.push(6),
                _ => {}
            }
        }
    }

    /// Meddles with a call before it reaches the wire. What it returns is the answer; the call is not made then.
    pub(super) async fn meddle(
        self,
        world: &Surroundings,
        node: usize,
        generation: u32,
        order: &mut Order,
    ) -> Option<Answer> {
        let run = order.operation == "ncRunInstance";
        let poll = order.operation.starts_with("ncDescribe");
        match self {
            Self::LaunchesTwice if run => {
                let mut world = world.0.lock();
                let other = (node + 1) % world.plan.nodes.len();
                if other != node {
                    world.begin(other, 0, order.clone());
                }
            }
            Self::LaunchesUnwanted if run => order.instance = order.instance.map(|it| it | 0x1000),
            Self::Resurrects if order.operation == "ncTerminateInstance" => {
                let again = Order { operation: "ncRunInstance", ..order.clone() };
                // The CLC has its answer by then.
                sleep(Duration::from_millis(1)).await;
                let mut world = world.0.lock();
                let verdict = world.ledger.launched(again.instance.unwrap_or_default(), node);
                world.judge(verdict);
            }
            Self::CallsTwice => drop(world.0.lock().begin(node, generation, order.clone())),
            Self::SkipsTurn if order.operation == "ncAttachVolume" => return Some(Answer::True),
            // Once they run something.
            Self::SendsToSleep if poll && world.0.lock().now() > Duration::from_secs(60) => {
                order.operation = "ncPowerDown";
            }
            Self::Dawdles => sleep(Duration::from_secs(3)).await,
            Self::StopsPolling if poll && world.0.lock().now() > Duration::from_secs(60) => {
                std::future::pending().await
            }
            _ => {}
        }
        None
    }

    /// Whether a node does not do what it says it does.
    pub(super) fn ignores(self, order: &Order) -> bool {
        self == Self::IgnoresTerminate && order.operation == "ncTerminateInstance"
    }

    /// Falsifies what a node answers.
    pub(super) fn falsify(self, answer: &mut Answer) {
        match (self, answer) {
            (Self::ClaimsRoom, Answer::Resources { maximum, available }) => *available = *maximum,
            (Self::HidesInstance, Answer::Instances(instances)) => drop(instances.pop()),
            _ => {}
        }
    }
}
