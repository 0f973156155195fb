//! What must never happen, each with what is needed to find out why it has.

use std::net::Ipv4Addr;

use super::Time;
use super::trace::{Event, InstanceNumber};

/// A rule that was broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// No address is held by two live instances.
    #[error("address {address} is held by i-{:08X} and i-{:08X}", instances[0], instances[1])]
    AddressTwice {
        /// The address.
        address: String,
        /// Its holders.
        instances: [InstanceNumber; 2],
    },
    /// An instance that was accepted or told is told until it has been unreported for its timeout.
    #[error("i-{instance:08X}, seen at {seen:?}, is not told any more")]
    Lost {
        /// The instance.
        instance: InstanceNumber,
        /// When it was launched or reported last.
        seen: Time,
    },
    /// Every record comes to its end, a Pending one too.
    #[error("i-{instance:08X}, last seen at {seen:?}, is still told")]
    Immortal {
        /// The instance.
        instance: InstanceNumber,
        /// When it was launched or reported last.
        seen: Time,
    },
    /// What is told is what was reported last.
    #[error("i-{instance:08X} is told as {told}, but was last reported as {known}, or on another node")]
    Untrue {
        /// The instance.
        instance: InstanceNumber,
        /// State told.
        told: String,
        /// State reported last.
        known: String,
    },
    /// Nothing is told that nobody asked for.
    #[error("i-{instance:08X} is told, but nobody has launched it")]
    Invented {
        /// The instance.
        instance: InstanceNumber,
    },
    /// Nothing is told twice.
    #[error("i-{instance:08X} is told twice")]
    ToldTwice {
        /// The instance.
        instance: InstanceNumber,
    },
    /// Nothing is launched that nobody asked for.
    #[error("n{node} is asked to run i-{instance:08X}, but nobody has asked for it")]
    Unwanted {
        /// The instance.
        instance: InstanceNumber,
        /// The node.
        node: usize,
    },
    /// No instance is launched on two nodes.
    #[error("i-{instance:08X} is launched on n{} and on n{}", nodes[0], nodes[1])]
    LaunchedTwice {
        /// The instance.
        instance: InstanceNumber,
        /// The nodes.
        nodes: [usize; 2],
    },
    /// Nothing is launched after it was terminated.
    #[error("n{node} is asked to run i-{instance:08X} after the cluster has answered that it terminates it")]
    Resurrected {
        /// The instance.
        instance: InstanceNumber,
        /// The node.
        node: usize,
    },
    /// What runs on a node that is well is told.
    #[error("i-{instance:08X} runs on n{node}, which is well, and is not told")]
    Untold {
        /// The instance.
        instance: InstanceNumber,
        /// The node.
        node: usize,
    },
    /// A node that is well is polled.
    #[error("n{node}, which is well, is not polled")]
    Unpolled {
        /// The node.
        node: usize,
    },
    /// What the CLC wants terminated is gone in the end.
    #[error("i-{instance:08X} still runs on n{node} at the end, though the CLC has terminated it")]
    Survives {
        /// The instance.
        instance: InstanceNumber,
        /// The node.
        node: usize,
    },
    /// No node is given more than it has room for.
    #[error("n{node} is asked to run i-{instance:08X}, for which it has no room")]
    Overcommitted {
        /// The instance.
        instance: InstanceNumber,
        /// The node.
        node: usize,
    },
    /// Capacity told is between nothing and all.
    #[error("{available} of {maximum} instances are said to be available")]
    Capacity {
        /// Instances that would fit.
        available: i64,
        /// Instances that would fit into an empty cluster.
        maximum: i64,
    },
    /// When all is quiet, what is told to be available is what the nodes have.
    #[error("{told} instances are said to be available at the end, the nodes have room for {} to {}", real.0, real.1)]
    Reserved {
        /// Instances that would fit, as told.
        told: i64,
        /// Instances that would fit in truth, at least and at most.
        real: (i64, i64),
    },
    /// A node is called one call at a time, except for those that go on after their caller was answered.
    #[error("n{node} is called for {second} while {first} is not over")]
    TwoAtOnce {
        /// The node.
        node: usize,
        /// The call that is not over.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// Calls to a node are made in the order in which they were wanted.
    #[error("n{node} is called for {second} before {first} of i-{instance:08X}, wanted at {wanted:?}")]
    Overtaken {
        /// The node.
        node: usize,
        /// The call wanted first.
        first: &'static str,
        /// Its instance.
        instance: InstanceNumber,
        /// When it was wanted.
        wanted: Time,
        /// The call made first.
        second: &'static str,
    },
    /// A call waits for its node, and for nothing else.
    #[error("{operation} to n{node} could be made at {due:?}, and was not")]
    Waited {
        /// The node.
        node: usize,
        /// The call.
        operation: &'static str,
        /// When nothing stood in its way.
        due: Time,
    },
    /// Every operation is answered within 45 s.
    #[error("{operation} was answered after {took:?}")]
    Late {
        /// The operation.
        operation: &'static str,
        /// Time to the answer.
        took: Time,
    },
    /// What is told of the network of a VLAN is what was promised last.
    #[error("the network of VLAN {vlan} is told to be another's, or active or not, than was promised")]
    NetworkLost {
        /// The VLAN.
        vlan: u16,
    },
    /// A public address stands for what was promised last.
    #[error("{public} stands for {told:?}, but {promised:?} was promised")]
    AddressLost {
        /// The public address.
        public: Ipv4Addr,
        /// What it is promised to stand for.
        promised: Option<Ipv4Addr>,
        /// What it is told to stand for.
        told: Option<Ipv4Addr>,
    },
    /// An instance keeps the addresses it was given.
    #[error("i-{instance:08X} is told with {told:?}, but was given {due:?}")]
    Misaddressed {
        /// The instance.
        instance: InstanceNumber,
        /// Private and public address told.
        told: [String; 2],
        /// Private address given, and public one if it is missing.
        due: (Option<Ipv4Addr>, Option<Ipv4Addr>),
    },
    /// What an instance has is not free.
    #[error("index {index} of VLAN {vlan}, which i-{instance:08X} has, is not told to be in use")]
    IndexLost {
        /// The instance.
        instance: InstanceNumber,
        /// The VLAN.
        vlan: u16,
        /// The index.
        index: u16,
    },
    /// What nobody has any more is free, and nobody has what is no guest's.
    #[error("index {index} of VLAN {vlan} is told to be in use, but nobody has it; {last:08X?} had it last")]
    Leaked {
        /// The instance that had it last.
        last: Option<InstanceNumber>,
        /// The VLAN.
        vlan: u16,
        /// The index.
        index: u16,
    },
    /// Nothing is promised that cannot be made durable.
    #[error("{operation} has promised something while the disk fails")]
    Promised {
        /// The operation.
        operation: &'static str,
    },
    /// A node that sleeps is woken for what was placed on it.
    #[error("n{node} sleeps, and is not woken for i-{instance:08X}")]
    LeftAsleep {
        /// The instance.
        instance: InstanceNumber,
        /// The node.
        node: usize,
    },
    /// No node is put to sleep that runs something.
    #[error("n{node} is put to sleep, though i-{instance:08X} runs there")]
    SentToSleep {
        /// The instance.
        instance: InstanceNumber,
        /// The node.
        node: usize,
    },
    /// An operation that cannot fail has failed.
    #[error("{operation} has failed")]
    Failed {
        /// The operation.
        operation: &'static str,
    },
}

impl Violation {
    /// Whether an event may have to do with it.
    pub(super) fn concerns(&self, event: &Event) -> bool {
        let (instances, node): (Vec<InstanceNumber>, _) = match *self {
            Self::AddressTwice { instances, .. } => (instances.to_vec(), None),
            Self::Lost { instance, .. }
            | Self::Immortal { instance, .. }
            | Self::Untrue { instance, .. }
            | Self::Invented { instance }
            | Self::ToldTwice { instance }
            | Self::LaunchedTwice { instance, .. }
            | Self::Misaddressed { instance, .. }
            | Self::IndexLost { instance, .. }
            | Self::Resurrected { instance, .. } => (vec![instance], None),
            Self::Leaked { last, .. } => (last.into_iter().collect(), None),
            Self::Unwanted { instance, node }
            | Self::Untold { instance, node }
            | Self::LeftAsleep { instance, node }
            | Self::SentToSleep { instance, node }
            | Self::Survives { instance, node } => (vec![instance], Some(node)),
            Self::Overcommitted { node, .. }
            | Self::Unpolled { node }
            | Self::TwoAtOnce { node, .. }
            | Self::Overtaken { node, .. }
            | Self::Waited { node, .. } => (Vec::new(), Some(node)),
            Self::Capacity { .. }
            | Self::Reserved { .. }
            | Self::NetworkLost { .. }
            | Self::AddressLost { .. }
            | Self::Promised { .. }
            | Self::Late { .. }
            | Self::Failed { .. } => {
                return true;
            }
        };
        let polls = event.what.starts_with("ncDescribe");
        event.instance.is_some_and(|it| instances.contains(&it))
            || event.node.is_some_and(|it| Some(it) == node) && (instances.is_empty() || !polls)
            || event.instance.is_none() && event.node.is_none() && !event.what.starts_with("Describe")
    }
}
