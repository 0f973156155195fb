//! The list of all instances, in the order in which they came: the order in which they are reported.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use euca_hypervisor::DomainName;

use super::{Instance, Record};
use crate::error::Error;

/// All instances of a node, each id once. The lock is held for memory operations only.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<Vec<Instance>>);

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

    /// Forgets an instance.
    pub fn remove(&self, id: &DomainName) {
        self.lock().retain(|instance| instance.id() != id);
    }

    /// The records of all instances as they are now.
    pub fn records(&self) -> Vec<Arc<Record>> {
        self.lock().iter().map(Instance::record).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
