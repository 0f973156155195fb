//! The list of all instances, in the order in which they came: the order in which they are reported.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use euca_hypervisor::DomainName;

use super::{Instance, Record, Timeline};
use crate::error::Error;

/// All instances of a node, each id once. The lock is held for memory operations only.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    instances: Mutex<Vec<Instance>>,
    forgotten: Mutex<VecDeque<Past>>,
}

/// Forgotten instances whose past can be told still.
const PAST: usize = 128;

/// What an instance went through. Of a forgotten one this is remembered until the node stops.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    pub instance_id: DomainName,
    pub user_id: String,
    pub launch_time: i64,
    pub timeline: Timeline,
}

impl Past {
    pub fn of(record: &Record) -> Self {
        Self {
            instance_id: record.instance_id.clone(),
            user_id: record.user_id.clone(),
            launch_time: record.launch_time,
            timeline: record.timeline.clone(),
        }
    }
}

impl Registry {
    /// Adds the instance that `start` makes, unless one with this id is there, in whatever state.
    pub fn insert(&self, id: &DomainName, start: impl FnOnce() -> Instance) -> Result<Instance, Error> {
        let mut instances = self.lock();
        if instances.iter().any(|instance| instance.id() == id) {
            return Err(Error::Duplicate(id.clone()));
        }
        let instance = start();
        instances.push(instance.clone());
        Ok(instance)
    }

    /// The instance with this id.
    pub fn get(&self, id: &str) -> Result<Instance, Error> {
        let found = self.lock().iter().find(|instance| instance.id().as_str() == id).cloned();
        found.ok_or_else(|| Error::UnknownInstance(id.to_owned()))
    }

    /// Forgets an instance. It ends in its past.
    pub fn forget(&self, record: &Record) {
        self.lock().retain(|instance| *instance.id() != record.instance_id);
        let mut forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        if forgotten.len() >= PAST {
            forgotten.pop_front();
        }
        forgotten.push_back(Past::of(record));
    }

    /// The last forgotten instance of this id.
    pub fn past(&self, id: &str) -> Option<Past> {
        let forgotten = self.forgotten.lock().unwrap_or_else(PoisonError::into_inner);
        forgotten.iter().rev().find(|past| past.instance_id.as_str() == id).cloned()
    }

    /// The records of all instances as they are now.
    pub fn records(&self) -> Vec<Arc<Record>> {
        self.lock().iter().map(Instance::record).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.instances.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
