//! One call to one node (cluster-controller.md §4.7, P-02 to P-07).
//!
//! ```text
//!             turn in line          exchange
//!   start ───────┬───────────────────┬──────────────► Ok | NcFail | ConnFail
//!                │ deadline          │ deadline
//!                ▼                   ▼
//!           LockTimeout           TimedOut           the caller is answered, the lock is free
//!                ┊ (P-06)            ┊ (P-06)
//!                ▼                   ▼
//!           sent when the         goes on detached   the node is busy; 180 s after the start at most
//!           turn comes
//! ```
//! Lock wait, connecting, sending and receiving all count against the deadline. No lock of the cluster is held
//! here: the turn in line is the node's alone (P-08, P-13).

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use euca_observe::metrics;
use euca_wire::{CallError, NodeApi};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::lock::{Place, Turn};
use super::node::Node;
use super::request::{Late, NodeRequest};
use crate::budget;

/// How long after its start a detached call lives at most (P-06).
const DETACHED: Duration = Duration::from_secs(180);
/// How long a call nobody waits for may stand in line, and how long its exchange may take (P-07).
const UNAWAITED: Duration = Duration::from_secs(60);
/// How long one exchange may keep the other calls to its node waiting.
pub(crate) const PER_NODE: Duration = Duration::from_secs(budget::PER_NODE.unsigned_abs());

/// How a call ended (P-03).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome<T> {
    /// The node did it.
    Ok(T),
    /// The node answered false, a fault, or something that is no answer.
    NcFail(String),
    /// Refused, reset, unreachable, or the name is unknown.
    ConnFail(String),
    /// Sent, or connecting, with no complete answer at the deadline.
    TimedOut,
    /// Not sent by the deadline.
    LockTimeout,
}

impl<T> Outcome<T> {
    /// What the node sent: all that counts for an operation that wants an answer (P-04).
    pub(crate) fn payload(self) -> Option<T> {
        match self {
            Self::Ok(answer) => Some(answer),
            _ => None,
        }
    }

    /// Whether the call was not over at its deadline: success for a status operation (P-04, Q-01).
    pub(crate) fn is_late(&self) -> bool {
        matches!(self, Self::TimedOut | Self::LockTimeout)
    }

    /// For the log.
    pub(crate) fn reason(&self) -> &str {
        match self {
            Self::Ok(_) => "ok",
            Self::NcFail(reason) | Self::ConnFail(reason) => reason,
            Self::TimedOut => "no answer in time",
            Self::LockTimeout => "the node was occupied with other calls",
        }
    }

    /// A word for it.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Ok(_) => "ok",
            Self::NcFail(_) => "nc_fail",
            Self::ConnFail(_) => "conn_fail",
            Self::TimedOut => "timed_out",
            Self::LockTimeout => "lock_timeout",
        }
    }

    // The field is not called `operation`, which in the line is that of the CLC.
    fn log(&self, call: &str, node: &str, start: Instant) {
        let milliseconds = start.elapsed().as_millis();
        match self {
            Self::Ok(_) => tracing::debug!(call, node, milliseconds, "node call succeeded"),
            _ => tracing::warn!(call, node, milliseconds, reason = self.reason(), "node call failed"),
        }
    }
}

/// A call with its place in line.
struct Call<R, N> {
    node: Arc<Node<N>>,
    request: R,
    place: Place,
    start: Instant,
    budget: Duration,
    withdrawn: CancellationToken,
}

impl<N: NodeApi<Error = CallError>> Node<N> {
    /// Calls the node and waits for the outcome for `budget`, counted from now. The place in line is taken
    /// before this returns. While the call is unsent, cancelling `withdrawn` drops it.
    pub(crate) fn call<R: NodeRequest>(
        self: &Arc<Self>,
        request: R,
        budget: Duration,
        withdrawn: &CancellationToken,
    ) -> impl Future<Output = Outcome<R::Answer>> + Send + use<N, R> {
        let call = self.prepare(request, budget, withdrawn.clone());
        // A call that may outlive its caller is a task from the start: it also survives a caller who goes away.
        let call = match R::LATE {
            Late::BreakOff => Err(call),
            Late::GoOn => {
                let (report, outcome) = oneshot::channel();
                self.common.tasks.spawn(call.reporting(report));
                Ok(outcome)
            }
        };
        async move {
            match call {
                // Only a task that is dropped at shutdown reports nothing.
                Ok(outcome) => outcome.await.unwrap_or_else(|_| Outcome::NcFail("shutting down".to_owned())),
                Err(call) => call.until_deadline().await,
            }
        }
    }

    /// A call with such a request may follow: its signature can be made while the node before is asked.
    pub(crate) fn announce<R: NodeRequest>(&self) {
        self.peer.prepare(R::OPERATION);
    }

    /// Sends the request once, in the background; nobody learns the outcome but the log (P-07).
    pub(crate) fn forget<R: NodeRequest>(self: &Arc<Self>, request: R) {
        let call = self.prepare(request, UNAWAITED, CancellationToken::new());
        self.common.tasks.spawn(call.unawaited());
    }

    /// Logs and counts an outcome as it is reported.
    pub(super) fn note<T>(&self, operation: &'static str, start: Instant, outcome: &Outcome<T>) {
        outcome.log(operation, self.url(), start);
        self.observed().metrics.node_called(operation, outcome.label(), start.elapsed());
    }

    /// Logs and counts how a call has ended whose caller was answered before.
    fn note_late<T>(&self, operation: &'static str, start: Instant, outcome: &Outcome<T>) {
        outcome.log(operation, self.url(), start);
        let labels = metrics::NodeCall { operation, outcome: outcome.label() };
        self.observed().metrics.late_calls.get_or_create(&labels).inc();
    }

    fn prepare<R: NodeRequest>(
        self: &Arc<Self>,
        mut request: R,
        budget: Duration,
        withdrawn: CancellationToken,
    ) -> Call<R, N> {
        request.address(self.address.node_name());
        Call {
            node: self.clone(),
            request,
            place: self.lock.enqueue(),
            start: Instant::now(),
            budget,
            withdrawn,
        }
    }
}

impl<R: NodeRequest, N: NodeApi<Error = CallError>> Call<R, N> {
    /// Waits for the turn until `deadline`. A turn that comes with the deadline comes too late: the exchange
    /// would have no time.
    async fn turn(&mut self, deadline: Instant) -> Result<Turn, Unsent> {
        tokio::select! {
            biased;
            () = self.withdrawn.cancelled() => Err(Unsent::Withdrawn),
            () = sleep_until(deadline) => Err(Unsent::Late),
            turn = self.place.turn() => {
                self.node.observed().metrics.node_lock_wait_seconds.observe(self.start.elapsed());
                Ok(turn)
            }
        }
    }

    /// Within the caller's deadline or not at all.
    async fn until_deadline(mut self) -> Outcome<R::Answer> {
        let deadline = self.start + self.budget;
        let outcome = match self.turn(deadline).await {
            Ok(_turn) => timeout_at(deadline, exchange(&self.node.peer, self.request))
                .await
                .unwrap_or(Outcome::TimedOut),
            Err(_) => Outcome::LockTimeout,
        };
        self.node.note(R::OPERATION.name, self.start, &outcome);
        outcome
    }

    /// Reports at the caller's deadline at the latest and goes on from there.
    async fn reporting(mut self, report: oneshot::Sender<Outcome<R::Answer>>) {
        let (operation, start) = (R::OPERATION.name, self.start);
        let (deadline, end) = (start + self.budget, start + DETACHED);
        let mut report = Some(report);
        let node = self.node.clone();
        let mut tell = |outcome: Outcome<R::Answer>| match report.take() {
            Some(report) => {
                node.note(operation, start, &outcome);
                // A caller who is gone needs no report.
                let _ = report.send(outcome);
            }
            None => node.note_late(operation, start, &outcome),
        };
        let mut late = None;

        let mut turn = self.turn(deadline).await;
        if let Err(Unsent::Late) = turn {
            tell(Outcome::LockTimeout);
            if !node.common.late_calls_succeed {
                return;
            }
            late = Some(node.late_call());
            turn = self.turn(end).await;
        }
        let turn = match turn {
            Ok(turn) => turn,
            // Nobody waits for it: a late one was reported, one withdrawn belongs to a search that is over.
            Err(unsent) => {
                node.observed()
                    .metrics
                    .node_calls_dropped
                    .get_or_create(&metrics::Operation { operation })
                    .inc();
                return tracing::info!(
                    call = operation,
                    node = node.url(),
                    ?unsent,
                    "node call dropped unsent"
                );
            }
        };

        // Sent late, it may keep others waiting for as long as any call.
        let yield_at = if late.is_some() { Instant::now() + self.budget } else { deadline };
        let mut exchange = pin!(exchange(&node.peer, self.request));
        let mut outcome = timeout_at(yield_at.min(end), &mut exchange).await;
        drop(turn);
        if outcome.is_err() {
            tell(Outcome::TimedOut);
            late.get_or_insert_with(|| node.late_call());
            outcome = timeout_at(end, exchange).await;
        }
        tell(outcome.unwrap_or(Outcome::TimedOut));
    }

    /// Without a caller. The lock is free again after 20 s, as the original's was at once (§4.5).
    async fn unawaited(mut self) {
        let outcome = match self.turn(self.start + self.budget).await {
            Ok(turn) => {
                let mut exchange = pin!(exchange(&self.node.peer, self.request));
                let end = Instant::now() + UNAWAITED;
                let outcome = timeout(PER_NODE, &mut exchange).await;
                drop(turn);
                match outcome {
                    Ok(outcome) => outcome,
                    Err(_) => timeout_at(end, exchange).await.unwrap_or(Outcome::TimedOut),
                }
            }
            Err(_) => Outcome::LockTimeout,
        };
        self.node.note(R::OPERATION.name, self.start, &outcome);
    }
}

/// Why a call was not sent.
#[derive(Debug)]
enum Unsent {
    Late,
    Withdrawn,
}

/// Sends the request and judges what comes back.
async fn exchange<R, N>(peer: &N, request: R) -> Outcome<R::Answer>
where
    R: NodeRequest,
    N: NodeApi<Error = CallError>,
{
    outcome(request.send(peer).await, R::judge)
}

/// How a call ended that brought this.
pub(super) fn outcome<T, U>(
    response: Result<T, CallError>,
    judge: impl FnOnce(T) -> Result<U, &'static str>,
) -> Outcome<U> {
    match response {
        Ok(response) => match judge(response) {
            Ok(answer) => Outcome::Ok(answer),
            Err(reason) => Outcome::NcFail(reason.to_owned()),
        },
        Err(error @ CallError::Unreachable(_)) => Outcome::ConnFail(error.to_string()),
        Err(error @ (CallError::Fault(_) | CallError::Undecodable(_))) => Outcome::NcFail(error.to_string()),
    }
}
