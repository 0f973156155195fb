//! Whether a loop still goes round. A loop that waits for events says nothing by being silent, so it is asked.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};

/// The pulse of one loop. Clones are the same pulse: one is in the loop, the others are with those who feel it.
#[derive(Debug, Clone)]
pub struct Pulse(Arc<(Notify, watch::Sender<u64>)>);

impl Default for Pulse {
    fn default() -> Self {
        Self(Arc::new((Notify::new(), watch::Sender::new(0))))
    }
}

impl Pulse {
    /// For the loop, as one of the events it waits for: answers everybody who has asked since the last time.
    /// Dropping the future loses no question.
    pub async fn answer(&self) {
        let (asked, answers) = &*self.0;
        asked.notified().await;
        answers.send_modify(|answers| *answers = answers.wrapping_add(1));
    }

    /// Whether the loop answers within `patience`.
    pub async fn beats(&self, patience: Duration) -> bool {
        let (asked, answers) = &*self.0;
        let mut answered = answers.subscribe();
        asked.notify_one();
        tokio::time::timeout(patience, answered.changed()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_goes_round_has_a_pulse_and_one_that_hangs_has_none() {
        const SECOND: Duration = Duration::from_secs(1);
        let pulse = Pulse::default();
        assert!(!pulse.beats(SECOND).await, "nobody answers");
        let of_loop = pulse.clone();
        let task = tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = of_loop.answer() => {}
                    () = tokio::time::sleep(3600 * SECOND) => std::future::pending().await,
                }
            }
        });
        let (first, second) = tokio::join!(pulse.beats(SECOND), pulse.beats(SECOND));
        assert!(first && second && pulse.beats(SECOND).await);
        tokio::time::sleep(7200 * SECOND).await;
        assert!(!pulse.beats(SECOND).await, "the loop hangs");
        task.abort();
    }
}
