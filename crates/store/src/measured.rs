//! A backend whose transactions are counted.

use std::sync::Arc;

use euca_observe::metrics;
use tokio::time::Instant;

use crate::error::Error;
use crate::journal::{Backend, Change};

/// Another backend, with counters.
#[derive(Debug)]
pub struct Measured<B> {
    backend: B,
    metrics: metrics::Store,
}

impl<B> Measured<B> {
    /// Counts what `backend` does in `metrics`.
    pub fn new(backend: B, metrics: metrics::Store) -> Self {
        Self { backend, metrics }
    }
}

impl<B: Backend> Backend for Measured<B> {
    async fn commit(&mut self, changes: Arc<[Change]>) -> Result<(), Error> {
        let begun = Instant::now();
        let count = changes.len();
        let result = self.backend.commit(changes).await;
        self.metrics.commit_seconds.observe(begun.elapsed());
        let outcome = if result.is_ok() { "ok" } else { "failed" };
        self.metrics.commits.get_or_create(&metrics::Outcome { outcome }).inc();
        if result.is_ok() {
            self.metrics.changes.inc_by(count as u64);
        }
        result
    }
}
