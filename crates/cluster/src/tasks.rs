//! What runs beside the operations - polls, launches, calls that outlive their caller - and how it ends.
//!
//! ```text
//!   running ──stop()──► stopping ──grace over──► abandoned
//!                          polls and retries end     everything still running is dropped
//!                          exchanges finish
//! ```

use std::future::Future;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

/// The background tasks of one cluster.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tasks {
    running: TaskTracker,
    stopping: CancellationToken,
    abandoned: CancellationToken,
}

impl Tasks {
    /// Runs `task` to its end, or until the tasks are abandoned. It keeps the span of its creator.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let abandoned = self.abandoned.clone();
        let task = async move {
            abandoned.run_until_cancelled(task).await;
        };
        self.running.spawn(task.in_current_span());
    }

    /// Cancelled when the tasks shall come to an end: whoever begins something new looks at it first.
    pub(crate) fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Lets exchanges under way finish for at most `grace`, then drops what is left. Returns how many tasks
    /// were dropped.
    pub(crate) async fn stop(&self, grace: Duration) -> usize {
        self.stopping.cancel();
        self.running.close();
        let finished = tokio::time::timeout(grace, self.running.wait()).await.is_ok();
        let left = if finished { 0 } else { self.running.len() };
        self.abandoned.cancel();
        self.running.wait().await;
        left
    }
}
