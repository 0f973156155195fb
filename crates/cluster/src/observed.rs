//! What is noted of calls and launches for those who look from beside. It decides nothing.

use std::sync::Arc;
use std::time::Duration;

use euca_observe::metrics;
use euca_wire::CLC_BODY_LIMIT;
use indexmap::IndexMap;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::nodes::Outcome;

/// Launches kept after their end.
const ENDED_LAUNCHES: usize = 1000;
/// Attempts kept of a launch.
const ATTEMPTS: usize = 16;
/// Characters kept of what a node has given as a reason.
const REASON: usize = 300;

/// Counts and courses of one cluster.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    pub(crate) metrics: metrics::Cluster,
    launches: Mutex<IndexMap<String, Arc<Course>>>,
}

/// A call to a node that has ended.
#[derive(Debug, Clone)]
pub(crate) struct Attempt {
    pub(crate) operation: &'static str,
    pub(crate) outcome: &'static str,
    pub(crate) reason: String,
    pub(crate) took: Duration,
    pub(crate) ended: Instant,
}

impl Attempt {
    pub(crate) fn new<T>(operation: &'static str, begun: Instant, outcome: &Outcome<T>) -> Self {
        let ended = Instant::now();
        Self {
            operation,
            outcome: outcome.label(),
            reason: outcome.reason().chars().take(REASON).collect(),
            took: ended - begun,
            ended,
        }
    }
}

/// The course of one launch.
#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) begun: Instant,
    pub(crate) window: Duration,
    progress: Mutex<Progress>,
}

/// How far a launch has come.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    pub(crate) rounds: u32,
    /// The last ones, oldest first.
    pub(crate) attempts: std::collections::VecDeque<Attempt>,
    pub(crate) end: Option<(&'static str, Instant)>,
}

impl Observed {
    /// A launch begins.
    pub(crate) fn launch(&self, id: &str, window: Duration) -> Arc<Course> {
        let course = Course { begun: Instant::now(), window, progress: Mutex::default() };
        let course = Arc::new(course);
        let mut launches = self.launches.lock();
        let ended = |course: &Course| course.progress.lock().end.is_some();
        if launches.len() >= ENDED_LAUNCHES
            && let Some(oldest) = launches.values().position(|course| ended(course))
        {
            launches.shift_remove_index(oldest);
        }
        // At the end of the list also when the instance was launched before.
        launches.shift_remove(id);
        launches.insert(id.to_owned(), course.clone());
        self.metrics.launches_running.inc();
        course
    }

    /// How the last launch of an instance goes or went.
    pub(crate) fn course(&self, id: &str) -> Option<Arc<Course>> {
        self.launches.lock().get(id).cloned()
    }

    /// A launch has come to its end.
    pub(crate) fn launch_ended(&self, course: &Course, outcome: &'static str) {
        course.progress.lock().end = Some((outcome, Instant::now()));
        self.metrics.launches_running.dec();
        self.metrics.launches.get_or_create(&metrics::Outcome { outcome }).inc();
    }

    /// A reply to DescribeInstances has this length, and leaves out so many kinds of details.
    pub(crate) fn describes_instances(&self, bytes: usize, cuts: usize) {
        let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        self.metrics.describe_instances_bytes.set(number(bytes));
        self.metrics.describe_instances_headroom_bytes.set(number(CLC_BODY_LIMIT) - number(bytes));
        self.metrics.describe_instances_cuts.set(number(cuts));
    }

    /// Whether the lock can be had within `patience`.
    pub(crate) fn lock_is_free(&self, patience: Duration) -> bool {
        self.launches.try_lock_for(patience).is_some()
    }
}

impl Course {
    /// The next round begins.
    pub(crate) fn round(&self, metrics: &metrics::Cluster) -> u32 {
        metrics.launch_rounds.inc();
        let mut progress = self.progress.lock();
        progress.rounds += 1;
        progress.rounds
    }

    /// A call of the launch has ended.
    pub(crate) fn attempted(&self, attempt: Attempt) {
        let mut progress = self.progress.lock();
        if progress.attempts.len() >= ATTEMPTS {
            progress.attempts.pop_front();
        }
        progress.attempts.push_back(attempt);
    }

    /// How far it has come.
    pub(crate) fn progress(&self) -> Progress {
        self.progress.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_kept_of_launches_is_bounded_and_those_under_way_stay() {
        let observed = Observed::default();
        let first = observed.launch("i-first", Duration::from_secs(300));
        for number in 0..2 * ENDED_LAUNCHES {
            let course = observed.launch(&format!("i-{number}"), Duration::from_secs(300));
            observed.launch_ended(&course, "accepted");
        }
        assert!(observed.course("i-first").is_some() && observed.course("i-0").is_none());
        assert_eq!(observed.launches.lock().len(), ENDED_LAUNCHES);
        assert_eq!(observed.metrics.launches_running.get(), 1);
        for round in 1..=100 {
            assert_eq!(first.round(&observed.metrics), round);
            let outcome = Outcome::<()>::NcFail("x".repeat(100_000));
            first.attempted(Attempt::new("ncRunInstance", Instant::now(), &outcome));
        }
        let progress = first.progress();
        assert_eq!((progress.rounds, progress.attempts.len()), (100, ATTEMPTS));
        assert!(progress.attempts.iter().all(|attempt| attempt.reason.len() == REASON));
    }
}
