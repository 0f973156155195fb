//! One node: where it is, what it last said of itself, and what is promised of it.
//!
//! ```text
//!             answers a poll                 idle, powered down (POWERSAVE)
//!   Down ───────────────────────► Up ─────────────────────────────────► Asleep   not polled
//!    ▲ ▲                         │ │ ▲                                     │
//!    │ └─── a poll fails ────────┘ │ │ answers a poll          an instance │ and it is woken,
//!    │                             │ │                         is placed   │ or it answers
//!    │        a poll fails,        ▼ │                                     ▼
//!    └──────────────────────────── Waking ◄────────────────────────────────┘
//!      wake threshold over: Down     ▲
//!      Down, a poll fails, and ──────┘
//!      it is woken (POWERSAVE)
//! ```
//! Every failing poll under POWERSAVE comes with a wake-up call; where that succeeds, the node is Waking and keeps its
//! numbers until the wake threshold is over. Down means: numbers := 0. A node that never answers alternates between
//! the two (Q-71). A change of state begins the idle time anew (cluster-controller.md §2.3).
//!
//! Fields are updated one by one, each by the task that learnt something (Q-31), under a lock that is held
//! for no longer than that.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use euca_wire::DateTime;
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Common;
use super::lock::NodeLock;
use super::request::Resources;
use crate::addresses::Neighbours;
use crate::durable;
use crate::observed::{Attempt, Observed};
use crate::schedule::{Capacity, NodeState, NodeView};
use crate::settings::NodeAddress;

/// A node controller.
pub(crate) struct Node<N> {
    pub(super) address: NodeAddress,
    pub(super) peer: N,
    pub(super) lock: NodeLock,
    pub(super) common: Common,
    known_since: Instant,
    last_poll: Mutex<Option<Attempt>>,
    /// When the last report of its instances that was taken over was asked for.
    reported: watch::Sender<Option<Instant>>,
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
    known: NodeRecord,
    /// Launches that the numbers of the last poll do not contain, by instance id.
    reservations: HashMap<String, Reservation>,
}

/// What is known of a node, and how it changes: plain values that may be kept and restored.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct NodeRecord {
    pub(crate) state: NodeState,
    /// When the state changed last, if ever.
    pub(crate) changed: Option<Instant>,
    /// Since when the node is known to run nothing.
    pub(crate) idle_since: Option<Instant>,
    /// The address of its name.
    pub(crate) ip: Option<Ipv4Addr>,
    /// From the neighbour table, in lower case.
    pub(crate) mac: Option<String>,
    /// The six numbers.
    pub(crate) said: Resources,
}

impl NodeRecord {
    fn change_to(&mut self, state: NodeState) {
        if self.state != state {
            self.state = state;
            self.changed = Some(Instant::now());
            self.idle_since = None;
        }
    }

    /// It has answered a poll.
    fn answered(&mut self, said: Resources) {
        self.said = said;
        self.change_to(NodeState::Up);
    }

    /// A poll has failed; `woken` says whether a wake-up call went out, `patience` how long that is reason to wait.
    fn failed(&mut self, woken: bool, patience: Duration) {
        if woken {
            self.change_to(NodeState::Waking);
        }
        let waking = self.state == NodeState::Waking;
        if waking && self.changed.is_some_and(|changed| changed.elapsed() < patience) {
            return;
        }
        self.said = Resources::default();
        self.change_to(NodeState::Down);
    }

    /// Whether it is idle for longer than `threshold`.
    fn rests(&mut self, idle: bool, threshold: Duration) -> bool {
        if !idle {
            self.idle_since = None;
            return false;
        }
        self.idle_since.get_or_insert_with(Instant::now).elapsed() > threshold
    }
}

impl Record {
    /// What was durable of it. Launches that go on reserve anew; the others were accepted before the next poll, but
    /// not by a node that sleeps, of which no poll would ever say so.
    fn restored(known: durable::Node, today: DateTime) -> Self {
        let now = Instant::now();
        let back_then = |then: DateTime| {
            let ago = today.unix().saturating_sub(then.unix()).max(0).unsigned_abs();
            now.checked_sub(Duration::from_secs(ago)).unwrap_or(now)
        };
        let settled = |(id, size)| (id, Reservation { size, settled: Some(now) });
        let accepted = known.reservations.into_iter().filter(|_| known.state != NodeState::Asleep);
        Self {
            known: NodeRecord {
                state: known.state,
                changed: known.changed.map(back_then),
                idle_since: known.idle_since.map(back_then),
                ip: None,
                mac: known.mac,
                said: Resources { maximum: known.maximum, available: known.available },
            },
            reservations: accepted.map(settled).collect(),
        }
    }

    fn at_rest(&self, today: DateTime) -> durable::Node {
        let by_date = |then: Instant| {
            let ago = i64::try_from(then.elapsed().as_secs()).unwrap_or(i64::MAX);
            DateTime::from_unix(today.unix().saturating_sub(ago))
        };
        durable::Node {
            state: self.known.state,
            changed: self.known.changed.map(by_date),
            idle_since: self.known.idle_since.map(by_date),
            mac: self.known.mac.clone(),
            maximum: self.known.said.maximum,
            available: self.known.said.available,
            reservations: self.reservations.iter().map(|(id, it)| (id.clone(), it.size)).collect(),
        }
    }

    fn wakes(&mut self) {
        if self.known.state == NodeState::Asleep {
            self.known.change_to(NodeState::Waking);
        }
    }
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
        known: durable::Node,
        awaited: bool,
        common: Common,
    ) -> Self {
        Self {
            address,
            peer,
            lock: NodeLock::default(),
            known_since: Instant::now(),
            last_poll: Mutex::default(),
            reported: watch::Sender::default(),
            late_calls: AtomicUsize::new(0),
            record: Mutex::new(Record::restored(known, common.clock.now())),
            common,
            awaited: AtomicBool::new(awaited),
            monitored: AtomicBool::new(false),
            retired: CancellationToken::new(),
        }
    }

    /// Its URL, which is what it is known by (P-01).
    pub(crate) fn url(&self) -> &str {
        &self.address.url
    }

    /// Its host as written in `NODES`, without the brackets of an IPv6 address.
    pub(crate) fn host(&self) -> &str {
        self.address.name.trim_matches(['[', ']'])
    }

    /// What the scheduler may know: numbers with the launches under way deducted, never below zero.
    pub(crate) fn view(&self) -> NodeView {
        let record = self.record.lock();
        let reserved = record.reservations.values().fold(Capacity::default(), |sum, it| sum + it.size);
        NodeView {
            state: record.known.state,
            maximum: record.known.said.maximum,
            available: (record.known.said.available - reserved).floored(),
        }
    }

    /// Where calls and launches are noted.
    pub(crate) fn observed(&self) -> &Arc<Observed> {
        &self.common.observed
    }

    /// A poll has ended.
    pub(super) fn note_poll(&self, poll: Attempt) {
        *self.last_poll.lock() = Some(poll);
    }

    /// What it has reported of its instances is taken over; it was asked for at `asked`.
    pub(crate) fn has_reported(&self, asked: Instant) {
        self.reported.send_replace(Some(asked));
    }

    /// Waits until a report that was asked for after `due` is taken over.
    pub(crate) async fn reported_after(&self, due: Instant) {
        let is_later = |asked: &Option<Instant>| asked.is_some_and(|asked| asked > due);
        // The sender lives as long as we do.
        let _ = self.reported.subscribe().wait_for(is_later).await;
    }

    /// How long ago it was polled last, or became known.
    pub(crate) fn unpolled(&self) -> Duration {
        self.last_poll.lock().as_ref().map_or(self.known_since, |poll| poll.ended).elapsed()
    }

    /// Its name as configured.
    pub(crate) fn name(&self) -> &str {
        &self.address.name
    }

    /// When its state changed last, if ever.
    pub(crate) fn changed(&self) -> Option<Instant> {
        self.record.lock().known.changed
    }

    /// How the last poll has ended.
    pub(crate) fn last_poll(&self) -> Option<Attempt> {
        self.last_poll.lock().clone()
    }

    /// Calls that go on after their deadline.
    pub(crate) fn late_calls(&self) -> usize {
        self.late_calls.load(Ordering::Relaxed)
    }

    /// Launches that the node's numbers do not contain: instance, size, whether the node has accepted it.
    pub(crate) fn reservations(&self) -> Vec<(String, Capacity, bool)> {
        let record = self.record.lock();
        let reservations = record.reservations.iter();
        reservations.map(|(id, it)| (id.clone(), it.size, it.settled.is_some())).collect()
    }

    /// Whether the record's lock can be had within `patience`.
    pub(crate) fn lock_is_free(&self, patience: Duration) -> bool {
        self.record.try_lock_for(patience).is_some()
    }

    /// Its state now.
    pub(crate) fn state(&self) -> NodeState {
        self.record.lock().known.state
    }

    /// The node has answered a poll that was begun at `asked`.
    pub(crate) fn is_up(&self, said: Resources, asked: Instant) {
        self.change("answers", |record| {
            record.known.answered(said);
            record.reservations.retain(|_, it| it.settled.is_none_or(|settled| settled >= asked));
        });
    }

    /// A poll of the node has failed. It is down, unless a wake-up call has gone out (`woken`), now or less than
    /// `patience` ago.
    pub(crate) fn has_failed(&self, woken: bool, patience: Duration, reason: &str) {
        self.change(reason, |record| record.known.failed(woken, patience));
    }

    /// Whether it is idle for longer than `threshold`. A launch under way keeps it from being idle.
    pub(crate) fn rests(&self, idle: bool, threshold: Duration) -> bool {
        self.change("runs nothing", |record| {
            let idle = idle && record.reservations.is_empty();
            record.known.rests(idle, threshold)
        })
    }

    /// The node powers down. An instance placed on it in that moment has it woken at the next poll.
    pub(crate) fn falls_asleep(&self) {
        self.change("idle", |record| {
            let wanted = !record.reservations.is_empty();
            record.known.change_to(if wanted { NodeState::Waking } else { NodeState::Asleep });
        });
    }

    /// A wake-up call has gone out to the node that sleeps.
    pub(crate) fn is_woken(&self) {
        self.change("needed", |record| record.wakes());
    }

    /// Whether its IPv4 address is still unknown.
    pub(crate) fn lacks_ip(&self) -> bool {
        self.record.lock().known.ip.is_none()
    }

    /// Its name has this address.
    pub(crate) fn learn_ip(&self, ip: Ipv4Addr) {
        self.change("is found", |record| record.known.ip = Some(ip));
    }

    /// Whether its MAC address is unknown and can be learnt.
    pub(crate) fn lacks_mac(&self) -> bool {
        let record = self.record.lock();
        record.known.mac.is_none() && record.known.ip.is_some()
    }

    /// Takes its MAC address from the neighbours if it is not known yet (§5.2).
    pub(crate) fn learn_mac(&self, neighbours: &Neighbours) {
        self.change("is found", |record| {
            if let (None, Some(ip)) = (&record.known.mac, record.known.ip) {
                record.known.mac = neighbours.mac(ip).map(str::to_owned);
            }
        });
    }

    /// What a wake-up call is addressed to: the MAC address if it is known, else the IP address (Q-69).
    pub(crate) fn wake_target(&self) -> Option<String> {
        let record = self.record.lock();
        let mac = record.known.mac.as_ref().filter(|mac| *mac != "00:00:00:00:00:00").cloned();
        mac.or_else(|| record.known.ip.filter(|ip| !ip.is_unspecified()).map(|ip| ip.to_string()))
    }

    /// Changes the record, in memory at once and at rest soon: nothing of it is a promise. Logs, when the lock is free
    /// again, if the state has changed.
    fn change<T>(&self, reason: &str, change: impl FnOnce(&mut Record) -> T) -> T {
        let (result, previous, state) = {
            let mut record = self.record.lock();
            let (known, reserved) = (record.known.clone(), record.reservations.len());
            let result = change(&mut record);
            if record.known != known || record.reservations.len() != reserved {
                let Common { journal, clock, .. } = &self.common;
                drop(journal.put(self.url(), record.at_rest(clock.now())));
            }
            (result, known.state, record.known.state)
        };
        match state {
            _ if state == previous => {}
            NodeState::Down => tracing::warn!(node = self.url(), ?previous, reason, "node is down"),
            _ => tracing::info!(node = self.url(), ?previous, ?state, reason, "node changes state"),
        }
        result
    }

    /// Sets capacity aside for a launch until it is settled or released.
    pub(crate) fn reserve(&self, instance: &str, size: Capacity) {
        self.change("is given an instance", |record| {
            record.reservations.insert(instance.to_owned(), Reservation { size, settled: None });
        });
    }

    /// The node has accepted the instance: its own numbers contain it from the next poll on. It cannot be asleep.
    pub(crate) fn settle(&self, instance: &str) {
        self.change("has accepted an instance", |record| {
            if let Some(reservation) = record.reservations.get_mut(instance) {
                reservation.settled.get_or_insert_with(Instant::now);
            }
            record.wakes();
        });
    }

    /// The launch has ended otherwise. A reservation that is settled stays until the next poll.
    pub(crate) fn release(&self, instance: &str) {
        self.change("is rid of an instance", |record| {
            if record.reservations.get(instance).is_some_and(|it| it.settled.is_none()) {
                record.reservations.remove(instance);
            }
        });
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
    use super::*;
    use NodeState::{Asleep, Down, Up, Waking};

    const NODE: Capacity = Capacity { memory: 4096, disk: 100, cores: 4 };
    const S: Capacity = Capacity { memory: 1024, disk: 10, cores: 1 };

    fn node() -> Node<()> {
        Node::new(NodeAddress::new("n", 8775, "nc"), (), durable::Node::default(), true, Common::alone())
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
        node.has_failed(false, Duration::ZERO, "test");
        assert_eq!(node.view(), NodeView::default());
        node.release("i-1");
        assert_eq!(node.view(), NodeView::default());
    }

    /// What happens to a node.
    #[derive(Debug, Clone, Copy)]
    enum Event {
        Answers,
        /// A poll fails; whether the node was woken.
        Fails(bool),
        PowersDown,
        Woken,
        /// So many seconds go by.
        Time(u64),
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_changes_state_as_the_specification_says() {
        use Event::{Answers, Fails, PowersDown, Time, Woken};
        let patience = Duration::from_secs(300);
        for (events, state, keeps_numbers) in [
            (&[Answers][..], Up, true),
            (&[Answers, Fails(false)], Down, false),
            (&[Answers, Fails(true)], Waking, true),
            (&[Fails(true)], Waking, false),
            (&[Fails(true), Answers], Up, true),
            // A wake-up call that fails does not end the patience with the one before.
            (&[Answers, Fails(true), Time(299), Fails(false)], Waking, true),
            // Calls in between do not begin it anew.
            (&[Answers, Fails(true), Time(150), Fails(true), Time(149), Fails(true)], Waking, true),
            (&[Answers, Fails(true), Time(150), Fails(true), Time(150), Fails(true)], Down, false),
            (&[Answers, Fails(true), Time(300), Fails(true), Time(6), Fails(true)], Waking, false),
            (&[Answers, PowersDown], Asleep, true),
            (&[Answers, PowersDown, Woken], Waking, true),
            (&[Answers, PowersDown, Woken, Time(299), Fails(false)], Waking, true),
            (&[Answers, PowersDown, Time(900), Woken, Time(300), Fails(false)], Down, false),
            (&[Answers, PowersDown, Woken, Answers], Up, true),
            // Waking is for who sleeps.
            (&[Answers, Woken], Up, true),
            (&[Answers, Fails(false), Woken], Down, false),
        ] {
            let node = node();
            for event in events {
                match event {
                    Answers => node.is_up(Resources { maximum: NODE, available: NODE }, Instant::now()),
                    Fails(woken) => node.has_failed(*woken, patience, "test"),
                    PowersDown => node.falls_asleep(),
                    Woken => node.is_woken(),
                    Time(seconds) => tokio::time::advance(Duration::from_secs(*seconds)).await,
                }
            }
            let numbers = if keeps_numbers { NODE } else { Capacity::default() };
            assert_eq!(node.view(), NodeView { state, maximum: numbers, available: numbers }, "{events:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_rests_when_it_was_idle_for_longer_than_the_threshold() {
        let threshold = Duration::from_secs(300);
        let node = node();
        let after = async |seconds, idle| {
            tokio::time::advance(Duration::from_secs(seconds)).await;
            node.rests(idle, threshold)
        };
        node.is_up(Resources::default(), Instant::now());
        assert!(!after(0, true).await);
        assert!(!after(300, true).await, "exactly the threshold");
        assert!(after(1, true).await);
        assert!(!after(0, false).await, "it runs something");
        assert!(!after(301, true).await, "counted anew");
        node.has_failed(false, threshold, "test");
        node.is_up(Resources::default(), Instant::now());
        assert!(!after(301, true).await, "a change of state counts anew as well");
        node.reserve("i-1", S);
        assert!(!after(301, true).await, "a launch is under way");
        node.release("i-1");
        assert!(!after(300, true).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_launch_that_ended_with_the_life_before_keeps_no_capacity_of_a_node_that_sleeps() {
        for (state, available) in [(Asleep, NODE), (Up, NODE - S)] {
            let reservations = [("i-1".to_owned(), S)].into();
            let known =
                durable::Node { state, maximum: NODE, available: NODE, reservations, ..Default::default() };
            let node = Node::new(NodeAddress::new("n", 8775, "nc"), (), known, true, Common::alone());
            assert_eq!(node.view().available, available, "{state:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_instance_placed_while_its_node_powers_down_keeps_it_from_being_left_asleep() {
        let node = node();
        node.is_up(Resources::default(), Instant::now());
        node.reserve("i-1", S);
        node.falls_asleep();
        assert_eq!(node.state(), Waking);

        let node = self::node();
        node.falls_asleep();
        node.reserve("i-1", S);
        assert_eq!(node.state(), Asleep);
        node.settle("i-1");
        assert_eq!(node.state(), Waking, "who accepts an instance does not sleep");
    }

    #[test]
    fn a_wake_up_call_goes_to_the_mac_address_or_else_to_the_ip_address() {
        let ip = Ipv4Addr::new(10, 0, 0, 7);
        let neighbours = |mac: &str, address| {
            let mut neighbours = Neighbours::default();
            neighbours.add(mac, address);
            neighbours
        };
        let node = node();
        assert_eq!(node.wake_target(), None);
        assert!(node.lacks_ip() && !node.lacks_mac());
        node.learn_ip(Ipv4Addr::UNSPECIFIED);
        assert_eq!(node.wake_target(), None);
        node.learn_ip(ip);
        assert!(!node.lacks_ip() && node.lacks_mac());
        node.learn_mac(&neighbours("02:00:00:00:00:01", Ipv4Addr::new(10, 0, 0, 70)));
        assert_eq!(node.wake_target().as_deref(), Some("10.0.0.7"), "Q-69, Q-70");
        node.learn_mac(&neighbours("02:00:00:00:00:AB", ip));
        assert_eq!(node.wake_target().as_deref(), Some("02:00:00:00:00:ab"));
        node.learn_mac(&neighbours("02:00:00:00:00:02", ip));
        assert_eq!(node.wake_target().as_deref(), Some("02:00:00:00:00:ab"), "learnt once");

        let node = self::node();
        node.learn_ip(ip);
        node.learn_mac(&neighbours("00:00:00:00:00:00", ip));
        assert_eq!(node.wake_target().as_deref(), Some("10.0.0.7"));
    }
}
