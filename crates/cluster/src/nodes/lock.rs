//! One node's lock: a line in which calls wait for their turn, first come, first served (P-01).
//!
//! A place in line is taken synchronously, before anything is awaited: calls of one operation to one node are
//! sent in program order because they are made in program order (P-14), whatever task carries them on.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

/// The lock. Clones are the same lock.
#[derive(Debug, Clone, Default)]
pub(crate) struct NodeLock(Arc<Line>);

#[derive(Debug, Default)]
struct Line {
    queue: Mutex<Queue>,
    arrival: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    taken: bool,
    waiting: VecDeque<oneshot::Sender<Turn>>,
}

impl NodeLock {
    /// Takes the next place in line.
    pub(crate) fn enqueue(&self) -> Place {
        let (sender, receiver) = oneshot::channel();
        let mut queue = self.0.queue.lock();
        if queue.taken {
            queue.waiting.push_back(sender);
            drop(queue);
            self.0.arrival.notify_waiters();
        } else {
            queue.taken = true;
            drop(queue);
            pass(Some(sender), self.0.clone());
        }
        Place(receiver)
    }

    /// Returns when somebody waits behind the holder of the turn.
    pub(crate) async fn wanted(&self) {
        loop {
            let arrival = self.0.arrival.notified();
            if self.is_wanted() {
                return;
            }
            arrival.await;
        }
    }

    /// Whether somebody waits behind the holder of the turn.
    pub(crate) fn is_wanted(&self) -> bool {
        self.0.queue.lock().waiting.iter().any(|place| !place.is_closed())
    }
}

/// A place in line. Dropping it leaves the line.
#[derive(Debug)]
pub(crate) struct Place(oneshot::Receiver<Turn>);

impl Place {
    /// Waits for the turn. May be cancelled and called again, the place is kept; once granted, the place is
    /// used up.
    pub(crate) async fn turn(&mut self) -> Turn {
        match (&mut self.0).await {
            Ok(turn) => turn,
            // Only a line that is gone drops its senders, and a line lives as long as a turn or a place of it.
            Err(_) => std::future::pending().await,
        }
    }
}

/// The right to call the node; dropping it passes it to the next in line.
#[derive(Debug)]
pub(crate) struct Turn(Option<Arc<Line>>);

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(line) = self.0.take() {
            let next = next(&line);
            pass(next, line);
        }
    }
}

/// Takes the first of the line out of it; without one, the lock is free.
fn next(line: &Line) -> Option<oneshot::Sender<Turn>> {
    let mut queue = line.queue.lock();
    let first = queue.waiting.pop_front();
    queue.taken = first.is_some();
    first
}

/// Hands the turn to `place` or, when its owner has left, to the first behind it who has not. A loop and not a
/// chain of drops, which would recurse once for everyone who left.
fn pass(mut place: Option<oneshot::Sender<Turn>>, line: Arc<Line>) {
    let mut turn = Turn(Some(line));
    while let Some(sender) = place {
        match sender.send(turn) {
            Ok(()) => return,
            Err(refused) => turn = refused,
        }
        place = turn.0.as_deref().and_then(next);
    }
    turn.0 = None;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use tokio::time::timeout;

    use super::*;

    /// The turn, if it is there already.
    async fn now(place: &mut Place) -> Option<Turn> {
        timeout(Duration::ZERO, place.turn()).await.ok()
    }

    #[tokio::test(start_paused = true)]
    async fn turns_come_in_the_order_of_arrival() {
        let lock = NodeLock::default();
        let mut places: VecDeque<_> = (0..5).map(|_| lock.enqueue()).collect();
        while let Some(mut first) = places.pop_front() {
            let turn = now(&mut first).await.expect("the first in line has its turn");
            for place in &mut places {
                assert!(now(place).await.is_none(), "nobody else has one");
            }
            drop(turn);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_leaves_is_skipped_even_with_the_turn_in_hand() {
        let lock = NodeLock::default();
        let (first, second, mut third) = (lock.enqueue(), lock.enqueue(), lock.enqueue());
        drop(second);
        drop(first); // Had been granted the turn without ever asking for it.
        let turn = now(&mut third).await.expect("the third is next");
        drop((third, turn));
        assert!(now(&mut lock.enqueue()).await.is_some(), "the lock is free again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_thousand_who_left_do_not_overflow_the_stack() {
        let lock = NodeLock::default();
        let mut first = lock.enqueue();
        let turn = now(&mut first).await.unwrap();
        drop((0..100_000).map(|_| lock.enqueue()).collect::<Vec<_>>());
        drop(turn);
        assert!(now(&mut lock.enqueue()).await.is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn the_holder_learns_that_somebody_waits() {
        let lock = NodeLock::default();
        let turn = now(&mut lock.enqueue()).await;
        assert!(timeout(Duration::from_secs(1), lock.wanted()).await.is_err());
        let left = lock.enqueue();
        drop(left);
        assert!(timeout(Duration::from_secs(1), lock.wanted()).await.is_err(), "those who left do not count");
        let waiting = lock.clone();
        let arrives = async move {
            tokio::time::sleep(Duration::from_millis(10)).await;
            waiting.enqueue()
        };
        let (place, wanted) = tokio::join!(arrives, timeout(Duration::from_secs(1), lock.wanted()));
        wanted.expect("the arrival is noticed");
        drop((turn, place));
    }

    proptest! {
        /// Any mix of arrivals, departures and releases: at most one turn at a time, always to the longest
        /// waiting, and none is lost.
        #[test]
        fn the_line_is_fifo_whatever_happens(steps in proptest::collection::vec((0..3u8, 0..8usize), 1..200)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
            runtime.unwrap().block_on(async move {
                let lock = NodeLock::default();
                let mut line: VecDeque<Place> = VecDeque::new();
                let mut held: Option<Turn> = None;
                for (step, which) in steps {
                    match step {
                        0 => line.push_back(lock.enqueue()),
                        1 if which < line.len() => drop(line.remove(which)),
                        _ => held = None,
                    }
                    if held.is_none() && let Some(mut first) = line.pop_front() {
                        held = Some(now(&mut first).await.expect("the longest waiting has the turn"));
                    }
                    for place in &mut line {
                        assert!(now(place).await.is_none(), "one turn at a time");
                    }
                }
                drop((line, held));
                assert!(now(&mut lock.enqueue()).await.is_some(), "the lock is free at the end");
            });
        }
    }
}
