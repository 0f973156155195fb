//! Work that several tasks need and one does, a task of its own (storage.md §14.3): who asked for it first may go
//! away without harm to the others; when nobody waits any more, it ends.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::error::Error;

/// What a flight comes to, for all that wait.
type Outcome<T> = Result<T, Arc<Error>>;

/// Flights under way, by key.
#[derive(Debug)]
pub(crate) struct Flights<T>(Arc<Mutex<HashMap<String, Weak<Flight<T>>>>>);

/// Work under way, as those that wait for it hold it.
#[derive(Debug)]
struct Flight<T> {
    outcome: watch::Receiver<Option<Outcome<T>>>,
    _end: DropGuard,
}

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// What the work with this key comes to: the work that is under way, or `work`, which begins now. Whether it
    /// was `work` is told too.
    pub async fn join<F>(&self, key: &str, work: impl FnOnce() -> F) -> (bool, Outcome<T>)
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let (began, flight) = self.board(key, work);
        let mut outcome = flight.outcome.clone();
        let ended = outcome.wait_for(Option::is_some).await;
        let ended = ended.ok().and_then(|outcome| outcome.clone());
        (began, ended.unwrap_or_else(|| Err(Arc::new(Error::Cancelled))))
    }

    fn board<F>(&self, key: &str, work: impl FnOnce() -> F) -> (bool, Arc<Flight<T>>)
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let mut flights = lock(&self.0);
        if let Some(flight) = flights.get(key).and_then(Weak::upgrade) {
            return (false, flight);
        }
        let (landed, outcome) = watch::channel(None);
        let stop = CancellationToken::new();
        let flight = Arc::new(Flight { outcome, _end: stop.clone().drop_guard() });
        let me = Arc::downgrade(&flight);
        flights.insert(key.to_owned(), Weak::clone(&me));
        drop(flights);
        let (work, all, key) = (work(), Arc::clone(&self.0), key.to_owned());
        tokio::spawn(async move {
            let result = stop.run_until_cancelled_owned(work).await.unwrap_or(Err(Error::Cancelled));
            {
                // Who comes from now on begins anew; another may have done so already.
                let mut flights = lock(&all);
                if flights.get(&key).is_some_and(|flight| Weak::ptr_eq(flight, &me)) {
                    flights.remove(&key);
                }
            }
            landed.send_replace(Some(result.map_err(Arc::new)));
        });
        (true, flight)
    }
}

fn lock<T>(
    flights: &Mutex<HashMap<String, Weak<Flight<T>>>>,
) -> MutexGuard<'_, HashMap<String, Weak<Flight<T>>>> {
    flights.lock().unwrap_or_else(PoisonError::into_inner)
}
