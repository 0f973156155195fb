//! SIGTERM and SIGINT stop the daemon, and a second one stops it at once; SIGHUP is for the daemon to make something of.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::Systemd;

/// The signals of this process.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    /// Starts to listen. From here on the signals no longer end the process by themselves.
    ///
    /// # Errors
    /// The system refuses a handler.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Calls `reload` at each SIGHUP. The first SIGTERM or SIGINT tells the service manager and cancels `shutdown`, the
    /// second one cancels `at_once`: whoever sends it does not want to wait any longer.
    pub async fn run(
        mut self,
        shutdown: CancellationToken,
        at_once: CancellationToken,
        mut reload: impl FnMut(),
    ) {
        loop {
            let name = tokio::select! {
                _ = self.terminate.recv() => "SIGTERM",
                _ = self.interrupt.recv() => "SIGINT",
                _ = self.hangup.recv() => {
                    reload();
                    continue;
                }
            };
            if shutdown.is_cancelled() {
                info!("{name}: stopping at once");
                return at_once.cancel();
            }
            info!("{name}: stopping");
            Systemd.stopping();
            shutdown.cancel();
        }
    }
}
