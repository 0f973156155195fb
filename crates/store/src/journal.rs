//! The journal: changes are put from anywhere, one writer makes them durable.
//!
//! ```text
//!   idle ──put──► batch n: everything pending ──committed──► its tickets are told: durable
//!     ▲                          │
//!     └──────────────────────────┤ failed: its tickets are told why; what is not overwritten meanwhile
//!            pause               ▼ is pending again
//! ```
//! While a batch is being committed the next one gathers, so that the number of changes in a transaction
//! follows the load. A put merges into the pending change of the same key: what is durable is always the state
//! that memory had at one moment, and never less than what a ticket has promised.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::error::Error;
use crate::record::{Encode, Record};

/// How long the writer leaves a medium alone that has failed. Long enough that whoever was told can take back
/// what is not to be, before it is tried again.
const PAUSE: Duration = Duration::from_millis(200);

/// Where a journal keeps its tables.
pub trait Backend: Send + 'static {
    /// Makes all changes durable, or none. Called by one writer, one call after the other; after a failure it
    /// may be called again and shall then try in earnest. When the future is dropped, either may be the case.
    fn commit(&mut self, changes: Arc<[Change]>) -> impl Future<Output = Result<(), Error>> + Send;
}

/// The new value of one key.
#[derive(Clone)]
pub struct Change {
    table: &'static str,
    key: String,
    value: Option<Arc<dyn Encode>>,
}

impl Change {
    /// Name of the table.
    pub fn table(&self) -> &'static str {
        self.table
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What to store; nothing to delete the key.
    ///
    /// # Errors
    /// [`Error::Encode`].
    pub fn value(&self) -> Result<Option<Vec<u8>>, Error> {
        let failed = |source| Error::Encode { table: self.table.to_owned(), key: self.key.clone(), source };
        self.value.as_ref().map(|value| value.encode().map_err(failed)).transpose()
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.value.is_some() { "put" } else { "delete" };
        write!(f, "{verb} {}/{}", self.table, self.key)
    }
}

/// Changes that become durable together, or fail together. Who waits is told in the order of asking, so that a
/// simulated run can be repeated.
#[derive(Debug, Default)]
struct Batch {
    outcome: OnceLock<Result<(), Arc<Error>>>,
    over: Notify,
}

impl Batch {
    /// What became of it; the first word counts.
    fn settle(&self, outcome: Result<(), Arc<Error>>) {
        let _ = self.outcome.set(outcome);
        self.over.notify_waiters();
    }
}

/// Whether a change is durable, once that is known.
#[derive(Debug, Clone)]
#[must_use = "a change whose ticket nobody waits for is written behind; say so by dropping it"]
pub struct Ticket(Arc<Batch>);

impl Ticket {
    /// Whether it is known what became of the change.
    pub fn is_over(&self) -> bool {
        self.0.outcome.get().is_some()
    }

    /// Waits until the change, and every one put before it, is durable.
    ///
    /// # Errors
    /// The first attempt has failed, or the journal has ended. After a failure the change is still pending and
    /// is tried again: who has promised nothing yet takes it back by putting what is to be instead.
    pub async fn durable(self) -> Result<(), Error> {
        let mut over = pin!(self.0.over.notified());
        over.as_mut().enable();
        if self.0.outcome.get().is_none() {
            over.await;
        }
        match self.0.outcome.get() {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(Error::NotDurable(error.clone())),
            None => Err(Error::Closed),
        }
    }
}

/// Where changes are put. Clones are the same journal; when the last one is dropped, what is still pending is
/// forgotten as in a crash, see [`Journal::flush`].
#[derive(Clone)]
pub struct Journal(Arc<Shared>);

struct Shared {
    pending: Mutex<Pending>,
    wake: Arc<Notify>,
}

/// The next batch.
struct Pending {
    changes: BTreeMap<(&'static str, String), Option<Arc<dyn Encode>>>,
    batch: Arc<Batch>,
    /// The one before it.
    previous: Arc<Batch>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.wake.notify_one();
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Journal({} pending)", self.pending())
    }
}

impl Journal {
    /// A journal that writes to `backend`, and its writer, which ends with the journal's last clone.
    pub fn new(backend: impl Backend) -> (Self, impl Future<Output = ()> + Send) {
        let wake = Arc::new(Notify::new());
        let pending = Pending { changes: BTreeMap::new(), batch: Arc::default(), previous: Arc::default() };
        pending.previous.settle(Ok(()));
        let shared = Arc::new(Shared { pending: Mutex::new(pending), wake: wake.clone() });
        let writer = Writer { shared: Arc::downgrade(&shared), wake };
        (Self(shared), writer.run(backend))
    }

    /// How many changes wait for the next transaction.
    pub fn pending(&self) -> usize {
        self.0.pending.lock().changes.len()
    }

    /// Sets a record. Cheap and without waiting: to be called together with the change in memory it belongs to,
    /// under the same lock, so that both happen in one order.
    pub fn put<R: Record>(&self, key: &str, record: R) -> Ticket {
        self.change(R::TABLE, key, Some(Arc::new(record)))
    }

    /// Deletes a record, if there is one; as cheap as [`Journal::put`].
    pub fn delete<R: Record>(&self, key: &str) -> Ticket {
        self.change(R::TABLE, key, None)
    }

    /// A ticket for everything put so far.
    pub fn so_far(&self) -> Ticket {
        let pending = self.0.pending.lock();
        // With nothing pending the batch before has it all: a failed one would be pending again.
        let ended = pending.batch.outcome.get().is_some();
        let all_taken = pending.changes.is_empty() && !ended;
        Ticket(if all_taken { &pending.previous } else { &pending.batch }.clone())
    }

    /// Waits until everything put so far is durable.
    ///
    /// # Errors
    /// As [`Ticket::durable`].
    pub async fn flush(&self) -> Result<(), Error> {
        self.so_far().durable().await
    }

    fn change(&self, table: &'static str, key: &str, value: Option<Arc<dyn Encode>>) -> Ticket {
        let ticket = {
            let mut pending = self.0.pending.lock();
            pending.changes.insert((table, key.to_owned()), value);
            Ticket(pending.batch.clone())
        };
        self.0.wake.notify_one();
        ticket
    }
}

struct Writer {
    shared: Weak<Shared>,
    wake: Arc<Notify>,
}

impl Drop for Writer {
    /// Whoever waits, now or later, learns that nothing is written any more.
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            let pending = shared.pending.lock();
            for batch in [&pending.previous, &pending.batch] {
                batch.settle(Err(Arc::new(Error::Closed)));
            }
        }
    }
}

impl Writer {
    async fn run(self, mut backend: impl Backend) {
        let mut failing = false;
        loop {
            let woken = self.wake.notified();
            let Some(batch) = self.shared.upgrade().map(|shared| take(&shared)) else { return };
            let Some((changes, batch)) = batch else {
                woken.await;
                continue;
            };
            match backend.commit(changes.clone()).await {
                Ok(()) => {
                    if std::mem::take(&mut failing) {
                        tracing::info!(changes = changes.len(), "state is durable again");
                    }
                    batch.settle(Ok(()));
                }
                Err(error) => {
                    failing = true;
                    let error = Arc::new(error);
                    tracing::error!(
                        changes = changes.len(),
                        error = euca_observe::chain(&error),
                        "state is not durable"
                    );
                    if let Some(shared) = self.shared.upgrade() {
                        put_back(&shared, &changes);
                    }
                    batch.settle(Err(error));
                    sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Begins the next batch; hands out the present one if there is reason to write it.
fn take(shared: &Shared) -> Option<(Arc<[Change]>, Arc<Batch>)> {
    let mut pending = shared.pending.lock();
    if pending.changes.is_empty() {
        return None;
    }
    let batch = std::mem::take(&mut pending.batch);
    pending.previous = batch.clone();
    let changes = std::mem::take(&mut pending.changes);
    drop(pending);
    let changes = changes.into_iter().map(|((table, key), value)| Change { table, key, value });
    Some((changes.collect(), batch))
}

/// What a failed batch held is pending again, behind what was put since.
fn put_back(shared: &Shared, changes: &[Change]) {
    let mut pending = shared.pending.lock();
    for change in changes {
        pending.changes.entry((change.table, change.key.clone())).or_insert_with(|| change.value.clone());
    }
}
