//! The service manager's side of the story: readiness, stopping, watchdog (deployment.md §14.4). Without a service
//! manager all of it does nothing.

use sd_notify::NotifyState;
use tracing::warn;

/// The notification socket, if there is one.
#[derive(Debug, Clone, Copy, Default)]
pub struct Systemd;

impl Systemd {
    /// Configuration read, socket listening: requests will be answered.
    pub fn ready(self, status: &str) {
        self.send(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// The daemon is on its way out.
    pub fn stopping(self) {
        self.send(&[NotifyState::Stopping]);
    }

    /// Pings the watchdog twice in its period, also while the daemon stops, which may take longer than that. A
    /// runtime that no longer runs this task runs no other either.
    pub async fn watchdog(self) {
        let Some(period) = sd_notify::watchdog_enabled() else { return };
        let mut ticks = tokio::time::interval(period / 2);
        loop {
            ticks.tick().await;
            self.send(&[NotifyState::Watchdog]);
        }
    }

    fn send(self, states: &[NotifyState<'_>]) {
        if let Err(error) = sd_notify::notify(states) {
            warn!(%error, "service manager cannot be told");
        }
    }
}
