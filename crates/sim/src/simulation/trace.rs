//! What has happened in a run, as values small enough to be kept always: a run that fails prints them, and two
//! runs are the same when their hashes are.

use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::Time;

/// Number of an instance; its id is `i-` and eight hexadecimal digits.
pub(super) type InstanceNumber = u32;

/// One thing that has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Event {
    /// When, in milliseconds since the start of the run.
    pub at: u32,
    /// What: an operation, or what befell a node or the cluster.
    pub what: &'static str,
    /// Number of the node concerned.
    pub node: Option<usize>,
    /// Number of the instance concerned.
    pub instance: Option<InstanceNumber>,
    /// How far it has got.
    pub stage: &'static str,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, rest) = (self.at / 1000, self.at % 1000);
        write!(f, "{seconds:>4}.{rest:03}  {:<24} {:<10}", self.what, self.stage)?;
        if let Some(node) = self.node {
            write!(f, " n{node}")?;
        }
        if let Some(instance) = self.instance {
            write!(f, " i-{instance:08X}")?;
        }
        Ok(())
    }
}

/// All that has happened so far.
#[derive(Debug, Default)]
pub(super) struct Trace {
    events: Vec<Event>,
}

impl Trace {
    pub(super) fn note(
        &mut self,
        at: Time,
        what: &'static str,
        node: Option<usize>,
        instance: Option<InstanceNumber>,
        stage: &'static str,
    ) {
        let at = u32::try_from(at.as_millis()).unwrap_or(u32::MAX);
        self.events.push(Event { at, what, node, instance, stage });
    }

    pub(super) fn hash(&self) -> u64 {
        // Without a key, unlike the hasher of a HashMap: the same in every process.
        let mut hasher = DefaultHasher::new();
        self.events.hash(&mut hasher);
        hasher.finish()
    }

    pub(super) fn into_events(self) -> Vec<Event> {
        self.events
    }
}
