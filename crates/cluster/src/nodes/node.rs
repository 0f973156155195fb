//! One node: where it is, what it last said of itself, and what is promised of it.
//!
//! ```text
//!              answers a poll
//!        ┌──────────────────────┐
//!        │                      ▼
//!   Down (start)               Up
//!        ▲                      │
//!        └──────────────────────┘
//!          a poll has failed: numbers := 0
//! ```
//! Asleep and Waking exist for the scheduler; nothing puts a node to sleep yet (cluster-controller.md §2.3).
//! Fields are updated one by one, each by the task that learnt something (Q-31), under a lock that is held
//! for no longer than that.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::lock::NodeLock;
use super::request::Resources;
use crate::schedule::{Capacity, NodeState, NodeView};
use crate::settings::NodeAddress;
use crate::tasks::Tasks;

/// A node controller.
#[derive(Debug)]
pub(crate) struct Node<N> {
    pub(super) address: NodeAddress,
    pub(super) peer: N,
    pub(super) lock: NodeLock,
    pub(super) tasks: Tasks,
    /// See [`ClusterSettings::late_calls_succeed`](crate::ClusterSettings::late_calls_succeed).
    pub(super) late_calls_succeed: bool,
    /// Calls that go on after their caller was answered: while there are any, the node is busy.
    late_calls: AtomicUsize,
    record: Mutex<Record>,
    /// Whether DescribeInstances may not be answered before this node was polled.
    awaited: AtomicBool,
    monitored: AtomicBool,
    retired: CancellationToken,
}

#[derive(Debug, Default)]
struct Record {
    state: NodeState,
    said: Resources,
    /// Launches that the numbers of the last poll do not contain, by instance id.
    reservations: HashMap<String, Reservation>,
}

#[derive(Debug)]
struct Reservation {
    size: Capacity,
    /// When the node accepted the instance: what a later poll says contains it.
    settled: Option<Instant>,
}

impl<N> Node<N> {
    pub(super) fn new(
        address: NodeAddress,
        peer: N,
        awaited: bool,
        tasks: Tasks,
        late_calls_succeed: bool,
    ) -> Self {
        Self {
            address,
            peer,
            lock: NodeLock::default(),
            tasks,
            late_calls_succeed,
            late_calls: AtomicUsize::new(0),
            record: Mutex::default(),
            awaited: AtomicBool::new(awaited),
            monitored: AtomicBool::new(false),
            retired: CancellationToken::new(),
        }
    }

    /// Its URL, which is what it is known by (P-01).
    pub(crate) fn url(&self) -> &str {
        &self.address.url
    }

    /// What the scheduler may know: numbers with the launches under way deducted, never below zero.
    pub(crate) fn view(&self) -> NodeView {
        let record = self.record.lock();
        let reserved = record.reservations.values().fold(Capacity::default(), |sum, it| sum + it.size);
        NodeView {
            state: record.state,
            maximum: record.said.maximum,
            available: (record.said.available - reserved).floored(),
        }
    }

    /// Whether the record's lock can be had within `patience`.
    pub(crate) fn lock_is_free(&self, patience: Duration) -> bool {
        self.record.try_lock_for(patience).is_some()
    }

    /// Its state now.
    pub(crate) fn state(&self) -> NodeState {
        self.record.lock().state
    }

    /// The node has answered a poll that was begun at `asked`.
    pub(crate) fn is_up(&self, said: Resources, asked: Instant) {
        let previous = {
            let mut record = self.record.lock();
            record.said = said;
            record.reservations.retain(|_, it| it.settled.is_none_or(|settled| settled >= asked));
            std::mem::replace(&mut record.state, NodeState::Up)
        };
        if previous != NodeState::Up {
            tracing::info!(node = self.url(), ?previous, "node is up");
        }
    }

    /// A poll of the node has failed.
    pub(crate) fn is_down(&self, reason: &str) {
        let previous = {
            let mut record = self.record.lock();
            record.said = Resources::default();
            std::mem::replace(&mut record.state, NodeState::Down)
        };
        if previous != NodeState::Down {
            tracing::warn!(node = self.url(), ?previous, reason, "node is down");
        }
    }

    /// Sets capacity aside for a launch until it is settled or released.
    pub(crate) fn reserve(&self, instance: &str, size: Capacity) {
        self.record.lock().reservations.insert(instance.to_owned(), Reservation { size, settled: None });
    }

    /// The node has accepted the instance: its own numbers contain it from the next poll on.
    pub(crate) fn settle(&self, instance: &str) {
        if let Some(reservation) = self.record.lock().reservations.get_mut(instance) {
            reservation.settled.get_or_insert_with(Instant::now);
        }
    }

    /// The launch has ended otherwise. A reservation that is settled stays until the next poll.
    pub(crate) fn release(&self, instance: &str) {
        let mut record = self.record.lock();
        if record.reservations.get(instance).is_some_and(|it| it.settled.is_none()) {
            record.reservations.remove(instance);
        }
    }

    /// Marks a call as going on after its caller was answered, until the mark is dropped.
    pub(super) fn late_call(&self) -> LateCall<'_> {
        self.late_calls.fetch_add(1, Ordering::Relaxed);
        LateCall(&self.late_calls)
    }

    /// Whether calls go on in the background that may keep the node from answering a poll (P-06).
    pub(crate) fn is_busy(&self) -> bool {
        self.late_calls.load(Ordering::Relaxed) > 0
    }

    /// Whether what the node runs is still unknown since the start.
    pub(crate) fn is_awaited(&self) -> bool {
        self.awaited.load(Ordering::Relaxed)
    }

    /// The node was polled, with whatever result.
    pub(crate) fn was_polled(&self) {
        self.awaited.store(false, Ordering::Relaxed);
    }

    /// The right to poll the node, unless somebody has it.
    pub(crate) fn claim_monitoring(self: &Arc<Self>) -> Option<Monitored<N>> {
        let taken = self.monitored.swap(true, Ordering::Relaxed);
        (!taken).then(|| Monitored(self.clone()))
    }

    /// Cancelled when the node is no longer configured.
    pub(crate) fn retired(&self) -> &CancellationToken {
        &self.retired
    }
}

/// The right to poll a node. It returns to the node also when its holder panics, so that polling goes on.
#[derive(Debug)]
pub(crate) struct Monitored<N>(Arc<Node<N>>);

impl<N> Deref for Monitored<N> {
    type Target = Arc<Node<N>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<N> Drop for Monitored<N> {
    fn drop(&mut self) {
        self.0.monitored.store(false, Ordering::Relaxed);
    }
}

/// A call that goes on after its caller was answered.
#[derive(Debug)]
pub(super) struct LateCall<'a>(&'a AtomicUsize);

impl Drop for LateCall<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NODE: Capacity = Capacity { memory: 4096, disk: 100, cores: 4 };
    const S: Capacity = Capacity { memory: 1024, disk: 10, cores: 1 };

    fn node() -> Node<()> {
        Node::new(NodeAddress::new("n", 8775, "nc"), (), true, Tasks::default(), true)
    }

    #[tokio::test(start_paused = true)]
    async fn a_launch_is_deducted_until_the_nodes_own_numbers_contain_it() {
        let said = Resources { maximum: NODE, available: NODE };
        let one_taken = Resources { available: NODE - S, ..said };
        let node = node();
        let tick = || tokio::time::advance(Duration::from_secs(6));
        node.is_up(said, Instant::now());
        node.reserve("i-1", S);
        assert_eq!(node.view().available, NODE - S);

        tick().await;
        node.is_up(said, Instant::now());
        assert_eq!(node.view().available, NODE - S, "a poll does not bring it back (Q-31)");

        let asked = Instant::now();
        tick().await;
        node.settle("i-1");
        node.is_up(said, asked);
        assert_eq!(node.view().available, NODE - S, "this poll was asked before the node had it");
        node.release("i-1");
        assert_eq!(node.view().available, NODE - S, "a settled launch is not taken back");

        tick().await;
        node.is_up(one_taken, Instant::now());
        assert_eq!(node.view().available, NODE - S, "deducted once, by the node");

        node.reserve("i-2", S);
        assert_eq!(node.view().available, NODE - S - S);
        node.release("i-2");
        assert_eq!(node.view().available, NODE - S, "a launch that came to nothing is given back");
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_is_down_offers_nothing_and_never_less_than_nothing() {
        let node = node();
        node.is_up(Resources { maximum: NODE, available: S }, Instant::now());
        node.reserve("i-1", NODE);
        assert_eq!(node.view().available, Capacity::default());
        node.is_down("test");
        assert_eq!(node.view(), NodeView::default());
        node.release("i-1");
        assert_eq!(node.view(), NodeView::default());
    }
}
