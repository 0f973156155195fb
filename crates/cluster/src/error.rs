//! Why an operation is refused. One place, `ops/mod.rs`, turns these into replies and faults.

use euca_wire::{Operation, cc};

use crate::schedule::Capacity;

/// Why an operation, or one instance of it, is refused. The CLC sees `return=false` and `ERROR`, or misses the
/// instance in the answer; the reason is for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Error {
    /// An element this operation cannot do without is absent.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// An address that may not be `0.0.0.0` is.
    #[error("{0} is 0.0.0.0")]
    NoAddress(&'static str),
    /// RunInstances: the counts make no sense (§8.2).
    #[error("minCount {minimum}, maxCount {maximum} with {ids} instance ids")]
    Counts { minimum: i32, maximum: i32, ids: usize },
    /// An instance type asks for an amount that is not possible.
    #[error("instance type {name:?} asks for {memory} MB of memory, {cores} cores and {disk} GB of disk")]
    Size { name: String, memory: i64, cores: i64, disk: i64 },
    /// An instance of this id is there already.
    #[error("instance is known already")]
    Known,
    /// As many instances are known as there may be.
    #[error("no more than {0} instances can be known")]
    Full(usize),
    /// No node that is up has room for an instance.
    #[error("no node has room for the instance")]
    NoRoom,
    /// Every node asked has failed, or none is there to be asked.
    #[error("no node has carried out {operation} for instance {instance}")]
    NoNode { operation: &'static str, instance: String },
    /// What the answer would promise is not durable; the log says why.
    #[error("state cannot be made durable")]
    NotDurable,
    /// The tables of the virtual network do not have it.
    #[error(transparent)]
    Network(#[from] euca_vnet::Error),
    /// What has to be an IPv4 address is something else.
    #[error("{0} {1:?} is not an IPv4 address")]
    Address(&'static str, String),
    /// RunInstances: the chosen indexes are too few, too many, or impossible (§8.2).
    #[error("networkIndexList {0:?} is not for this many instances or not within a network")]
    Indexes(Vec<i32>),
    /// RunInstances: the CLC has chosen indexes, but none for this instance.
    #[error("no index is chosen for the instance")]
    NoIndex,
    /// ConfigureNetwork: a named source group without its owner.
    #[error("source group {0:?} comes without its owner")]
    NoOwner(String),
    /// The host has failed to do its part for the virtual network.
    #[error("host has not carried out: {0}")]
    Host(&'static str),
    /// The host is busy with other orders for too long.
    #[error("host is busy with its network")]
    HostBusy,
    /// DescribeInstances soon after the start: an answer now would miss instances, and the CLC terminates
    /// what it misses for ten minutes (clc.md §3.3, W20). Answered with a fault.
    #[error("instances are not known yet: {waiting} of {nodes} nodes have not answered since the start")]
    InstancesUnknown { waiting: usize, nodes: usize },
    /// The same a moment later, while what the nodes have told is being made durable.
    #[error("instances are not known yet: they are being made durable")]
    InstancesNotDurable,
}

impl Error {
    pub(crate) fn size(machine: &cc::VirtualMachine) -> Self {
        let Capacity { memory, disk, cores } = Capacity::of(machine);
        Self::Size { name: machine.name.clone().unwrap_or_default(), memory, cores, disk }
    }

    pub(crate) fn no_node(operation: &Operation, instance: &str) -> Self {
        Self::NoNode { operation: operation.name, instance: instance.to_owned() }
    }
}
