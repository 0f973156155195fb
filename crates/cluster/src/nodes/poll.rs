//! A poll: calls to one node that follow each other at once (cluster-controller.md §5, P-09, P-10). They share the
//! turn in line and, because of that, a connection: an original node serves one connection at a time (W25).

use std::sync::Arc;
use std::time::Duration;

use euca_observe::metrics::Reason;
use euca_wire::{CallError, Caller as _, Link, News, NodeApi};
use tokio::time::{Instant, sleep, timeout};

use super::call::{Outcome, PER_NODE, outcome};
use super::lock::Turn;
use super::node::Node;
use super::request::NodeRequest;
use crate::observed::Attempt;

/// How old a poll's call must be before a call that waits behind it breaks it off (P-10). A healthy poll is over long
/// before; breaking it off would only cost another.
const GRACE: Duration = Duration::from_secs(1);

/// Why nothing is learnt from a poll (P-09).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Skipped {
    /// It was broken off for a call that waited behind it (P-10).
    GaveWay,
    /// It timed out beside a call that goes on in the background.
    Busy,
}

impl Skipped {
    fn label(self) -> &'static str {
        match self {
            Self::GaveWay => "gave_way",
            Self::Busy => "busy",
        }
    }
}

/// A poll under way. It keeps the node's turn from its first call until it is dropped.
pub(crate) struct Poll<'a, N> {
    node: &'a Arc<Node<N>>,
    may_give_way: bool,
    // Dropped in this order: the node hears of the next caller when it is free for him.
    link: Link,
    turn: Option<Turn>,
}

impl<'a, N: NodeApi<Error = CallError>> Poll<'a, N> {
    /// A poll of `node` that breaks off for a call, or does not.
    pub(crate) fn new(node: &'a Arc<Node<N>>, may_give_way: bool) -> Self {
        Self { node, may_give_way, link: None, turn: None }
    }

    /// Calls the node for at most 20 s, counted from when its turn comes: a node that is occupied is not judged, the
    /// poll waits until it is free. The answer comes with the instant at which it was asked for; one whose
    /// fingerprint `known` recognises is not looked into.
    pub(crate) async fn ask<R: NodeRequest>(
        &mut self,
        mut request: R,
        known: impl FnOnce(u64) -> bool + Send,
    ) -> Result<(Instant, Outcome<News<R::Answer>>), Skipped> {
        let node = self.node;
        request.address(node.address.node_name());
        self.take_turn().await;
        let was_busy = node.is_busy();
        let asked = Instant::now();
        let foreground = async {
            sleep(GRACE).await;
            node.lock.wanted().await;
        };
        let outcome = tokio::select! {
            biased;
            answer = timeout(PER_NODE, exchange(&node.peer, request, &mut self.link, known)) => {
                answer.unwrap_or(Outcome::TimedOut)
            }
            () = foreground, if self.may_give_way => {
                tracing::debug!(call = R::OPERATION.name, node = node.url(), "poll gives way to a call");
                return Err(node.skipped(Skipped::GaveWay));
            }
        };
        if matches!(outcome, Outcome::TimedOut) && (was_busy || node.is_busy()) {
            tracing::debug!(call = R::OPERATION.name, node = node.url(), "poll of a busy node skipped");
            return Err(node.skipped(Skipped::Busy));
        }
        node.note(R::OPERATION.name, asked, &outcome);
        node.note_poll(Attempt::new(R::OPERATION.name, asked, &outcome));
        Ok((asked, outcome))
    }

    /// Between two calls of the poll, whoever waits goes first.
    async fn take_turn(&mut self) {
        let node = self.node;
        if node.lock.is_wanted() {
            self.link = None;
            self.turn = None;
        }
        if self.turn.is_none() {
            let arrived = Instant::now();
            self.turn = Some(node.lock.enqueue().turn().await);
            node.observed().metrics.node_lock_wait_seconds.observe(arrived.elapsed());
        }
    }
}

impl<N> Node<N> {
    fn skipped(&self, skipped: Skipped) -> Skipped {
        self.observed().metrics.polls_skipped.get_or_create(&Reason { reason: skipped.label() }).inc();
        skipped
    }
}

/// Sends the request and judges what comes back, if it is anything new.
async fn exchange<R, N>(
    peer: &N,
    request: R,
    link: &mut Link,
    known: impl FnOnce(u64) -> bool + Send,
) -> Outcome<News<R::Answer>>
where
    R: NodeRequest,
    N: NodeApi<Error = CallError>,
{
    let response = match peer.caller() {
        Some(caller) => caller.poll(request, link, known).await,
        None => request.send(peer).await.map(|response| News::Told(response, None)),
    };
    outcome(response, |news| news.and_then(R::judge))
}
