//! One operation carried to the nodes that may host its instance (cluster-controller.md §4.7, P-11, P-12).
//!
//! ```text
//!   one at a time, in index order ──a call outstanding for 2 s──► all others at once, at most 32 in flight
//!                    └────────────── first Ok, all ended, or 45 s since the start ──────────────┘
//! ```
//! While a node is asked the next one's request is being signed, which takes as long as the node's own signature.
//! The host node of a cached instance is a search with one candidate.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use euca_wire::{CallError, NodeApi};
use futures_util::future::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::call::Outcome;
use super::node::Node;
use super::request::NodeRequest;
use crate::budget::{self, budget};

/// How long one call may be outstanding before the others start.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most calls in flight once they have.
const WIDTH: usize = 32;
/// How long after its start an operation answers at the latest (P-15).
const OPERATION_LIMIT: Duration = Duration::from_secs(45);

/// When a search ends before every candidate was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// At the first success.
    FirstSuccess,
    /// Never: all are called (Q-18).
    AllCalled,
}

/// The nodes to call, each with its index in the node list, in index order.
pub(crate) type Candidates<N> = Vec<(usize, Arc<Node<N>>)>;

/// What a search has brought.
#[derive(Debug)]
pub(crate) struct Findings<T> {
    candidates: usize,
    /// With the index of the node, in any order; a call that was not over when the search ended is missing.
    outcomes: Vec<(usize, Outcome<T>)>,
    last_index: Option<usize>,
}

/// Calls `candidates` with copies of `request` on behalf of an operation that began at `start`.
///
/// The first call takes its place in line before this returns (P-14).
pub(crate) fn search<R, N>(
    candidates: Candidates<N>,
    request: R,
    start: Instant,
    until: Until,
) -> impl Future<Output = Findings<R::Answer>> + Send
where
    R: NodeRequest,
    N: NodeApi<Error = CallError>,
{
    let count = candidates.len();
    let mut findings = Findings {
        candidates: count,
        outcomes: Vec::new(),
        last_index: candidates.last().map(|(index, _)| *index),
    };
    let withdrawn = CancellationToken::new();
    let call = {
        let withdrawn = withdrawn.clone();
        move |(index, node): (usize, Arc<Node<N>>), rest: &[(usize, Arc<Node<N>>)]| {
            if let Some((_, next)) = rest.first() {
                next.announce::<R>();
            }
            let elapsed = i64::try_from(start.elapsed().as_secs()).unwrap_or(i64::MAX);
            let budget = budget(elapsed, budget::OPERATION, count, index);
            node.call(request.clone(), budget, &withdrawn).map(move |outcome| (index, outcome))
        }
    };
    let mut waiting = candidates.into_iter();
    let first = waiting.next().map(|candidate| call(candidate, waiting.as_slice()));
    let mut calls: FuturesUnordered<_> = first.into_iter().collect();

    async move {
        let mut width = 1;
        let end = sleep_until(start + OPERATION_LIMIT);
        let patience = sleep_until(Instant::now() + PATIENCE);
        tokio::pin!(end, patience);
        while !calls.is_empty() {
            tokio::select! {
                biased;
                Some((index, outcome)) = calls.next() => {
                    let found = matches!(outcome, Outcome::Ok(_));
                    findings.outcomes.push((index, outcome));
                    if found && until == Until::FirstSuccess {
                        break;
                    }
                }
                () = &mut patience, if width == 1 => width = WIDTH,
                () = &mut end => break,
            }
            while calls.len() < width
                && let Some(candidate) = waiting.next()
            {
                calls.push(call(candidate, waiting.as_slice()));
                patience.as_mut().reset(Instant::now() + PATIENCE);
            }
        }
        // Answers that came together with the one that ended the search count too.
        while let Some(Some(answer)) = calls.next().now_or_never() {
            findings.outcomes.push(answer);
        }
        if until == Until::FirstSuccess && findings.succeeded() {
            withdrawn.cancel();
        }
        findings
    }
}

impl<T> Findings<T> {
    fn succeeded(&self) -> bool {
        self.outcomes.iter().any(|(_, outcome)| matches!(outcome, Outcome::Ok(_)))
    }

    /// What the lowest node of those who succeeded has sent.
    pub(crate) fn payload(self) -> Option<T> {
        let answers =
            self.outcomes.into_iter().filter_map(|(index, outcome)| Some((index, outcome.payload()?)));
        answers.min_by_key(|(index, _)| *index).map(|(_, answer)| answer)
    }

    /// The result of a status operation: a node did it or, with `late_calls_succeed`, may still do it. Without
    /// any candidate there was nothing to fail (Q-93).
    pub(crate) fn status(&self, late_calls_succeed: bool) -> bool {
        let unended = self.outcomes.len() < self.candidates;
        let late = unended || self.outcomes.iter().any(|(_, outcome)| outcome.is_late());
        self.candidates == 0 || self.succeeded() || (late_calls_succeed && late)
    }

    /// The result of an operation that calls all: that of the node with the highest index (Q-18).
    pub(crate) fn last_status(&self, late_calls_succeed: bool) -> bool {
        match self.outcomes.iter().find(|(index, _)| Some(*index) == self.last_index) {
            Some((_, Outcome::Ok(_))) => true,
            Some((_, outcome)) => late_calls_succeed && outcome.is_late(),
            None => self.candidates == 0 || late_calls_succeed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(candidates: usize, outcomes: Vec<(usize, Outcome<&str>)>) -> Findings<&str> {
        Findings { candidates, outcomes, last_index: candidates.checked_sub(1) }
    }

    fn failed() -> Outcome<&'static str> {
        Outcome::NcFail("test".to_owned())
    }

    #[test]
    fn the_lowest_node_that_answered_gives_the_payload() {
        let outcomes = vec![(2, Outcome::Ok("two")), (0, failed()), (1, Outcome::Ok("one"))];
        assert_eq!(findings(3, outcomes).payload(), Some("one"));
        assert_eq!(findings(2, vec![(1, failed()), (0, Outcome::TimedOut)]).payload(), None);
        assert_eq!(findings(0, vec![]).payload(), None);
    }

    #[test]
    fn a_status_is_decided_by_any_success_or_by_what_may_still_come() {
        use Outcome::{ConnFail, LockTimeout, Ok, TimedOut};
        for (case, candidates, outcomes, lenient, strict) in [
            ("no candidates (Q-93)", 0, vec![], true, true),
            ("any success", 2, vec![(1, Ok("")), (0, TimedOut)], true, true),
            ("timed out", 2, vec![(1, failed()), (0, TimedOut)], true, false),
            ("not sent in time", 1, vec![(0, LockTimeout)], true, false),
            ("all failed", 2, vec![(1, failed()), (0, ConnFail(String::new()))], false, false),
            ("not over when the search ended", 2, vec![(0, failed())], true, false),
        ] {
            assert_eq!(findings(candidates, outcomes.clone()).status(true), lenient, "{case}");
            assert_eq!(findings(candidates, outcomes).status(false), strict, "{case}, strict");
        }
    }

    #[test]
    fn when_all_are_called_the_last_node_decides() {
        use Outcome::{Ok, TimedOut};
        for (case, candidates, outcomes, lenient, strict) in [
            ("no candidates (Q-93)", 0, vec![], true, true),
            ("the last succeeded first", 2, vec![(1, Ok("")), (0, failed())], true, true),
            ("the last failed", 2, vec![(1, failed()), (0, Ok(""))], false, false),
            ("the last is late", 2, vec![(0, failed()), (1, TimedOut)], true, false),
            ("the last is not over", 2, vec![(0, failed())], true, false),
        ] {
            assert_eq!(findings(candidates, outcomes.clone()).last_status(true), lenient, "{case}");
            assert_eq!(findings(candidates, outcomes).last_status(false), strict, "{case}, strict");
        }
    }
}
