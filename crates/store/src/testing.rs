//! A disk in memory that does as a test says: slow, failing, crashing. It keeps time by tokio's clock, so it
//! works under paused time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::sleep;

use crate::error::Error;
use crate::journal::{Backend, Change};
use crate::record::{Tables, Visit};

/// How one commit goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails, and nothing of it is durable.
    Fails,
    /// The machine goes down before it: nothing of it is durable, and the call never returns.
    CrashBefore,
    /// The machine goes down after it: all of it is durable, and the call never returns.
    CrashAfter,
}

/// A medium that outlives the programs that use it. Clones are the same medium.
#[derive(Debug, Clone, Default)]
pub struct Disk(Arc<Mutex<Medium>>);

#[derive(Debug, Default)]
struct Medium {
    tables: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// Counts openings: who has opened it earlier is cut off.
    opened: u64,
    latency: Duration,
    faults: VecDeque<Option<Fault>>,
    commits: usize,
    changes: usize,
}

/// The disk as one program has opened it.
#[derive(Debug)]
pub struct OpenDisk {
    disk: Disk,
    opened: u64,
}

impl Disk {
    /// Opens the disk, as after a restart: who has it open now writes no more.
    pub fn open(&self) -> OpenDisk {
        let mut medium = self.0.lock();
        medium.opened += 1;
        OpenDisk { disk: self.clone(), opened: medium.opened }
    }

    /// From now on a commit takes this long.
    pub fn set_latency(&self, latency: Duration) {
        self.0.lock().latency = latency;
    }

    /// What becomes of the next commits, one after the other; then all is well again.
    pub fn plan(&self, faults: impl IntoIterator<Item = Option<Fault>>) {
        self.0.lock().faults = faults.into_iter().collect();
    }

    /// How many commits were made durable, and how many changes they had in all.
    pub fn commits(&self) -> (usize, usize) {
        let medium = self.0.lock();
        (medium.commits, medium.changes)
    }

    /// Puts a value as another release might have written it.
    pub fn forge(&self, table: &str, key: &str, value: &str) {
        let mut medium = self.0.lock();
        medium.tables.entry(table.to_owned()).or_default().insert(key.to_owned(), value.as_bytes().to_vec());
    }
}

impl Backend for OpenDisk {
    async fn commit(&mut self, changes: Arc<[Change]>) -> Result<(), Error> {
        let (latency, fault) = {
            let mut medium = self.disk.0.lock();
            (medium.latency, medium.faults.pop_front().flatten())
        };
        if !latency.is_zero() {
            sleep(latency).await;
        }
        if fault == Some(Fault::Fails) {
            return Err(Error::Backend("the test says so"));
        }
        let values: Vec<_> = changes.iter().map(Change::value).collect::<Result<_, _>>()?;
        let cut_off = {
            let mut medium = self.disk.0.lock();
            let cut_off = medium.opened != self.opened;
            if !cut_off && fault != Some(Fault::CrashBefore) {
                medium.commits += 1;
                medium.changes += changes.len();
                for (change, value) in changes.iter().zip(values) {
                    let table = medium.tables.entry(change.table().to_owned()).or_default();
                    match value {
                        Some(value) => drop(table.insert(change.key().to_owned(), value)),
                        None => drop(table.remove(change.key())),
                    }
                }
            }
            cut_off
        };
        if cut_off || fault.is_some() {
            std::future::pending().await
        }
        Ok(())
    }
}

impl Tables for Disk {
    fn names(&self) -> Result<Vec<String>, Error> {
        Ok(self.0.lock().tables.keys().cloned().collect())
    }

    fn visit(&self, table: &str, each: &mut Visit<'_>) -> Result<(), Error> {
        let records = self.0.lock().tables.get(table).cloned().unwrap_or_default();
        records.iter().try_for_each(|(key, value)| each(key, value))
    }
}
