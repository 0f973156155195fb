//! How a daemon is: what the watchdog and the health page ask its parts.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use euca_observe::Pulse;
use euca_wsse::Credentials;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, join_all, ready};
use serde::Serialize;

use crate::server::keys;

/// Asks a part of the daemon, which may take as long as it is told; the error says what is wrong.
type Question = Box<dyn Fn(Duration) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// The parts of a daemon and how to ask them.
#[derive(Default)]
pub struct Health(Vec<Part>);

struct Part {
    name: &'static str,
    vital: bool,
    ask: Question,
}

/// How a daemon is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Everything vital goes on: the service manager leaves the daemon alone.
    pub alive: bool,
    /// Alive, and requests are answered with what they ask for.
    pub ready: bool,
    /// Each part.
    pub checks: Vec<Check>,
}

/// How a part of a daemon is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Its name.
    pub name: &'static str,
    /// Whether a problem here is cured by a restart only.
    pub vital: bool,
    /// What is wrong with it, if anything.
    pub problem: Option<String>,
}

impl Health {
    /// With a loop without which the daemon is dead.
    pub fn with_loop(self, name: &'static str, pulse: Pulse) -> Self {
        self.with(name, true, move |patience| {
            let pulse = pulse.clone();
            async move {
                let beats = pulse.beats(patience).await;
                beats.then_some(()).ok_or_else(|| format!("does not go round within {patience:?}"))
            }
        })
    }

    /// With the keys, without which nobody is understood.
    pub fn with_keys(self, credentials: Arc<Credentials>) -> Self {
        self.with("keys", false, move |_| ready(keys(&credentials)))
    }

    /// With another part. A problem of a `vital` one is cured by a restart only.
    pub fn with<F>(
        mut self,
        name: &'static str,
        vital: bool,
        ask: impl Fn(Duration) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.0.push(Part { name, vital, ask: Box::new(move |patience| ask(patience).boxed()) });
        self
    }

    /// Asks every part, all at once.
    pub async fn report(&self, patience: Duration) -> Report {
        let checks = self.ask(|_| true, patience).await;
        let sound = |check: &Check| check.problem.is_none();
        Report {
            alive: checks.iter().filter(|check| check.vital).all(sound),
            ready: checks.iter().all(sound),
            checks,
        }
    }

    /// Asks the vital parts; brings those with a problem.
    pub async fn vital_problems(&self, patience: Duration) -> Vec<Check> {
        let mut checks = self.ask(|part| part.vital, patience).await;
        checks.retain(|check| check.problem.is_some());
        checks
    }

    async fn ask(&self, which: impl Fn(&Part) -> bool, patience: Duration) -> Vec<Check> {
        let parts = self.0.iter().filter(|part| which(part));
        join_all(parts.map(|part| async {
            let problem = (part.ask)(patience).await.err();
            Check { name: part.name, vital: part.vital, problem }
        }))
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_daemon_is_alive_when_its_loops_are_and_ready_when_everything_is() {
        let problem = |what: &'static str| move |_| async move { Err(what.to_owned()) };
        let fine = |_| async { Ok(()) };
        for (parts, alive, ready) in [
            (Health::default().with("a", true, fine).with("b", false, fine), true, true),
            (Health::default().with("a", true, fine).with("b", false, problem("no disk")), true, false),
            (Health::default().with_loop("a", Pulse::default()).with("b", false, fine), false, false),
        ] {
            let report = parts.report(SECOND).await;
            assert_eq!((report.alive, report.ready), (alive, ready), "{report:?}");
            assert_eq!(parts.vital_problems(SECOND).await.is_empty(), alive);
        }
    }
}
