//! Closed-loop load: a number of clients, each with one request at a time, messages signed beforehand, so that
//! the client costs little of the machine it shares with what it measures.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::clc::{Reply, exchange};

/// What a run gave.
#[derive(Debug)]
pub struct Outcome {
    /// Latency of each exchange, ascending.
    pub latencies: Vec<Duration>,
    /// From the first request to the last reply.
    pub elapsed: Duration,
    /// Replies in the order of the messages; an error where there was none.
    pub replies: Vec<Result<Reply>>,
}

impl Outcome {
    /// The latency that `share` of the exchanges stayed within: 0.5 is the median.
    pub fn percentile(&self, share: f64) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        // Positions of an in-memory list are exact in a double.
        let index = (share * last as f64).round() as usize;
        self.latencies.get(index).copied().unwrap_or_default()
    }

    /// Exchanges a second.
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.elapsed.as_secs_f64()
    }
}

/// Sends each of `messages` once, `clients` at a time.
///
/// # Errors
/// A client task failed; what happens to single exchanges is in the outcome.
pub async fn run(peer: SocketAddr, messages: Vec<Vec<u8>>, clients: usize) -> Result<Outcome> {
    let messages = Arc::new(messages);
    let next = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (messages, next) = (Arc::clone(&messages), Arc::clone(&next));
        tasks.spawn(async move {
            let mut done = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(message) = messages.get(index) else { return done };
                let started = Instant::now();
                let reply = exchange(peer, message).await;
                done.push((index, started.elapsed(), reply));
            }
        });
    }
    let mut done = Vec::with_capacity(messages.len());
    while let Some(result) = tasks.join_next().await {
        done.extend(result?);
    }
    let elapsed = started.elapsed();
    done.sort_by_key(|(index, ..)| *index);
    let mut latencies: Vec<Duration> = done.iter().map(|(_, latency, _)| *latency).collect();
    latencies.sort();
    Ok(Outcome { latencies, elapsed, replies: done.into_iter().map(|(.., reply)| reply).collect() })
}
