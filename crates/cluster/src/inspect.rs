//! What can be seen of a running cluster from beside it. Nothing here changes anything.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use euca_observe::metrics::{Resource, State};
use euca_observe::{Pulse, metrics};
use serde::Serialize;

use crate::cluster::Cluster;
use crate::instances::{EXTANT, PENDING, TEARDOWN, UNKNOWN, host_of, state_of};
use crate::nodes::{Connector, Node};
use crate::observed::{Attempt, Course};
use crate::schedule::{Capacity, NodeState};

/// A node as it is seen from beside (docs/admin.md).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeReport {
    /// As written in `NODES`.
    pub name: String,
    /// What it is known by.
    pub url: String,
    /// `up`, `down`, `asleep` or `waking`.
    pub state: &'static str,
    /// Since its state changed last; `None` when it never did.
    pub seconds_in_state: Option<f64>,
    /// What it has in all, by its own account.
    pub capacity: Capacity,
    /// What of it is free for the scheduler.
    pub available: Capacity,
    /// Launches that its own account does not contain yet.
    pub reservations: Vec<ReservationView>,
    /// Calls that go on after their deadline: while there are any, the node is busy.
    pub late_calls: usize,
    /// Whether it was never polled since the start.
    pub awaited: bool,
    /// The last poll that has ended.
    pub last_poll: Option<AttemptView>,
}

/// Capacity set aside for a launch.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReservationView {
    /// Of which instance.
    pub instance: String,
    /// How much.
    pub size: Capacity,
    /// Whether the node has accepted the instance: its next report contains it.
    pub accepted: bool,
}

/// A call to a node that has ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttemptView {
    /// Name of the operation.
    pub operation: &'static str,
    /// `ok`, `nc_fail`, `conn_fail`, `timed_out` or `lock_timeout` (§4.7, P-03).
    pub outcome: &'static str,
    /// What the node or the network has said; cut when it is long.
    pub reason: String,
    /// How long it took.
    pub took_seconds: f64,
    /// When it ended.
    pub seconds_ago: f64,
}

/// Why an instance is in the state it is in (docs/admin.md).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Its id.
    pub instance: String,
    /// The reason in a sentence.
    pub why: String,
    /// What DescribeInstances says; `None` when it is not known any more.
    pub state: Option<String>,
    /// Since when no node has reported it, or since it was launched.
    pub unreported_seconds: Option<f64>,
    /// Its host node, if that is configured.
    pub node: Option<NodeReport>,
    /// How its launch goes or went, if there was one since the start of the cluster controller.
    pub launch: Option<LaunchView>,
}

/// How a launch goes or went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LaunchView {
    /// When it began.
    pub begun_seconds_ago: f64,
    /// After how many seconds from now no further round begins; below zero in the past.
    pub given_up_in_seconds: f64,
    /// How often the node was asked.
    pub rounds: u32,
    /// `accepted`, `called_off`, `given_up`; `None` while it goes on.
    pub end: Option<&'static str>,
    /// When it ended.
    pub ended_seconds_ago: Option<f64>,
    /// The last calls, oldest first.
    pub attempts: Vec<AttemptView>,
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        Self {
            operation: attempt.operation,
            outcome: attempt.outcome,
            reason: attempt.reason,
            took_seconds: attempt.took.as_secs_f64(),
            seconds_ago: attempt.ended.elapsed().as_secs_f64(),
        }
    }
}

impl From<&Course> for LaunchView {
    fn from(course: &Course) -> Self {
        let progress = course.progress();
        let begun = course.begun.elapsed().as_secs_f64();
        Self {
            begun_seconds_ago: begun,
            given_up_in_seconds: course.window.as_secs_f64() - begun,
            rounds: progress.rounds,
            end: progress.end.map(|(end, _)| end),
            ended_seconds_ago: progress.end.map(|(_, at)| at.elapsed().as_secs_f64()),
            attempts: progress.attempts.into_iter().map(AttemptView::from).collect(),
        }
    }
}

impl<N> From<&Node<N>> for NodeReport {
    fn from(node: &Node<N>) -> Self {
        let view = node.view();
        let reservations = node.reservations().into_iter();
        Self {
            name: node.name().to_owned(),
            url: node.url().to_owned(),
            state: state_name(view.state),
            seconds_in_state: node.changed().map(|at| at.elapsed().as_secs_f64()),
            capacity: view.maximum,
            available: view.available,
            reservations: reservations
                .map(|(instance, size, accepted)| ReservationView { instance, size, accepted })
                .collect(),
            late_calls: node.late_calls(),
            awaited: node.is_awaited(),
            last_poll: node.last_poll().map(AttemptView::from),
        }
    }
}

fn state_name(state: NodeState) -> &'static str {
    match state {
        NodeState::Down => "down",
        NodeState::Up => "up",
        NodeState::Asleep => "asleep",
        NodeState::Waking => "waking",
    }
}

/// A reason from what is known, in a sentence.
fn why(state: Option<&str>, node: Option<&NodeReport>, launch: Option<&LaunchView>) -> String {
    let said = |attempt: &AttemptView| {
        let AttemptView { operation, outcome, reason, seconds_ago, .. } = attempt;
        format!("{operation} ended {seconds_ago:.0} s ago as {outcome}: {reason}")
    };
    let Some(state) = state else {
        return "no node reports the instance any more".to_owned();
    };
    let Some(node) = node else {
        return format!("the node that runs the instance is not configured; it was {state} when seen last");
    };
    if let Some(launch) = launch
        && state == PENDING
    {
        let last = launch.attempts.last().map_or_else(|| "no call has ended yet".to_owned(), said);
        match launch.end {
            None => {
                return format!(
                    "the node has not accepted the instance in {} rounds, {:.0} s are left: {last}",
                    launch.rounds,
                    launch.given_up_in_seconds.max(0.0),
                );
            }
            Some("given_up") => {
                return format!("the launch was given up after {} rounds: {last}", launch.rounds);
            }
            Some("accepted") => {
                return "the node has accepted the instance and prepares it, or has not reported it yet"
                    .to_owned();
            }
            Some(_) => {}
        }
    }
    match &node.last_poll {
        Some(poll) if poll.outcome != "ok" => {
            format!("the node said {state} before its polls failed: {}", said(poll))
        }
        _ => format!("the node says {state}"),
    }
}

impl<C: Connector> Cluster<C> {
    /// The pulse of [`Cluster::run_monitor`]'s loop. The polls of the nodes run beside it: a node that hangs does
    /// not slow it.
    pub fn monitor_pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// Whether the locks of the state can each be had within `patience`: none is held while anything is waited
    /// for, so the error says that something has gone wrong for good.
    ///
    /// # Errors
    /// The name of a lock that cannot be had.
    pub async fn locks_are_free(self: Arc<Self>, patience: Duration) -> Result<(), String> {
        let probe = move || {
            let end = Instant::now() + patience;
            let left = || end.saturating_duration_since(Instant::now());
            let free = |name: &str, free: bool| {
                free.then_some(()).ok_or_else(|| format!("the lock of {name} is held for good"))
            };
            free("placement", self.placement.try_lock_for(left()).is_some())?;
            for node in self.nodes.list().all() {
                free(node.url(), node.lock_is_free(left()))?;
            }
            free("the launches", self.nodes.observed().lock_is_free(left()))?;
            free("the instances", self.instances.lock_is_free(left()))
        };
        // Waits in vain where it matters, which must not cost the runtime a thread.
        tokio::task::spawn_blocking(probe).await.map_err(|error| error.to_string())?
    }

    /// Whether DescribeInstances is answered.
    ///
    /// # Errors
    /// Why not.
    pub fn instances_are_known(&self) -> Result<(), String> {
        self.require_all_instances().map_err(|error| error.to_string())
    }

    /// What this cluster counts. Gauges are as [`Cluster::refresh_metrics`] has set them last.
    pub fn metrics(&self) -> metrics::Cluster {
        self.nodes.observed().metrics.clone()
    }

    /// Brings the gauges up to date.
    pub fn refresh_metrics(&self) {
        let metrics = &self.nodes.observed().metrics;
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        let mut states: BTreeMap<_, usize> = ["up", "down", "asleep", "waking"].map(|it| (it, 0)).into();
        let (mut late_calls, mut oldest) = (0, Duration::ZERO);
        let (mut capacity, mut available) = (Capacity::default(), Capacity::default());
        for node in self.nodes.list().all() {
            let view = node.view();
            *states.entry(state_name(view.state)).or_default() += 1;
            late_calls += node.late_calls();
            capacity = capacity + view.maximum;
            available = available + view.available;
            if view.state != NodeState::Asleep {
                oldest = oldest.max(node.unpolled());
            }
        }
        for (state, count) in states {
            metrics.nodes.get_or_create(&State { state }).set(number(count));
        }
        metrics.late_calls_running.set(number(late_calls));
        metrics.oldest_poll_seconds.set(oldest.as_secs_f64());
        for (gauge, amount) in [(&metrics.capacity, capacity), (&metrics.capacity_available, available)] {
            let Capacity { memory, disk, cores } = amount;
            for (resource, amount) in [("memory_mb", memory), ("disk_gb", disk), ("cores", cores)] {
                gauge.get_or_create(&Resource { resource }).set(amount);
            }
        }
        let mut states: BTreeMap<_, usize> =
            [PENDING, EXTANT, TEARDOWN, UNKNOWN, OTHER].map(|state| (state, 0)).into();
        self.instances.for_each_state(|state| {
            let known = states.keys().copied().find(|known| *known == state);
            *states.entry(known.unwrap_or(OTHER)).or_default() += 1;
        });
        for (state, count) in states {
            metrics.instances.get_or_create(&State { state }).set(number(count));
        }
    }

    /// Every configured node, in order.
    pub fn node_reports(&self) -> Vec<NodeReport> {
        self.nodes.list().all().iter().map(|node| NodeReport::from(&**node)).collect()
    }

    /// Why an instance is in the state it is in; `None` when neither it nor a launch of it is known.
    pub fn explain(&self, id: &str) -> Option<Explanation> {
        let told = self.instances.find(id);
        let launch = self.nodes.observed().course(id).map(|course| LaunchView::from(&*course));
        if told.is_none() && launch.is_none() {
            return None;
        }
        let state = told.as_deref().map(|told| state_of(told).to_owned());
        let list = self.nodes.list();
        let node = told.as_deref().and_then(|told| list.at(host_of(told)));
        let node = node.map(|(_, node)| NodeReport::from(&*node));
        Some(Explanation {
            instance: id.to_owned(),
            why: why(state.as_deref(), node.as_ref(), launch.as_ref()),
            state,
            unreported_seconds: self.instances.unreported(id).map(|time| time.as_secs_f64()),
            node,
            launch,
        })
    }
}

/// A state that no node controller is known to report.
const OTHER: &str = "other";
