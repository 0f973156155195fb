//! The service manager's side of the story: readiness, stopping, watchdog (deployment.md §14.4). Without a service
//! manager all of it does nothing.

use std::sync::Arc;
use std::time::Duration;

use euca_wsse::Credentials;
use sd_notify::NotifyState;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::health::{Check, Health};
use crate::server::key_status;

/// How often the key files are looked at for the service manager's sake.
const KEY_PERIOD: Duration = Duration::from_secs(2);

/// The notification socket, if there is one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Systemd;

impl Systemd {
    /// Configuration read, socket listening: requests will be answered.
    pub fn ready(self, status: &str) {
        self.send(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// Tells whether the daemon has its keys, whenever that changes; `told` is what was said last.
    pub async fn follow_keys(self, credentials: Arc<Credentials>, mut told: &'static str) {
        loop {
            tokio::time::sleep(KEY_PERIOD).await;
            let credentials = Arc::clone(&credentials);
            let looked = tokio::task::spawn_blocking(move || key_status(&credentials)).await;
            if let Ok(status) = looked
                && status != told
            {
                info!(previous = told, status, "keys have changed");
                self.send(&[NotifyState::Status(status)]);
                told = status;
            }
        }
    }

    /// The daemon is on its way out.
    pub fn stopping(self) {
        self.send(&[NotifyState::Stopping]);
    }

    /// Pings the watchdog as [`feed`] does.
    pub async fn watchdog(self, health: Arc<Health>, shutdown: CancellationToken) {
        let Some(period) = sd_notify::watchdog_enabled() else { return };
        feed(&health, period, &shutdown, || self.send(&[NotifyState::Watchdog])).await;
    }

    fn send(self, states: &[NotifyState<'_>]) {
        if let Err(error) = sd_notify::notify(states) {
            warn!(%error, "service manager cannot be told");
        }
    }
}

/// Pings twice in `period` as long as everything vital goes on, and from `shutdown` on in any case: what is vital ends
/// then, and that may take longer than the period.
async fn feed(health: &Health, period: Duration, shutdown: &CancellationToken, ping: impl Fn()) {
    let mut ticks = tokio::time::interval(period / 2);
    loop {
        ticks.tick().await;
        let problems = health.vital_problems(period / 4).await;
        for Check { name, problem, .. } in &problems {
            error!(part = name, problem, "no ping for the watchdog");
        }
        if problems.is_empty() || shutdown.is_cancelled() {
            ping();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use euca_observe::Pulse;
    use tokio::time::{sleep, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_watchdog_is_fed_until_a_loop_hangs_and_again_while_the_daemon_ends() {
        const PERIOD: Duration = Duration::from_secs(60);
        let (pulse, shutdown, pings) = (Pulse::default(), CancellationToken::new(), AtomicU32::new(0));
        let health = Health::default()
            .with_loop("loop", pulse.clone())
            .with("keys", false, |_| async { Err("no keys".to_owned()) });
        let goes_round = tokio::spawn(async move {
            loop {
                pulse.answer().await;
            }
        });
        let fed = async || {
            let ping = || {
                pings.fetch_add(1, Ordering::Relaxed);
            };
            let _ = timeout(10 * PERIOD, feed(&health, PERIOD, &shutdown, ping)).await;
            pings.swap(0, Ordering::Relaxed)
        };
        assert_eq!(fed().await, 20);
        goes_round.abort();
        sleep(PERIOD).await;
        assert_eq!(fed().await, 0);
        shutdown.cancel();
        assert_eq!(fed().await, 20);
    }
}
