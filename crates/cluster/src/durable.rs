//! What the cluster keeps durable: its records at rest, and reading them at the start. Each record belongs to the
//! part of the cluster that has it in memory, which puts it into the journal when it changes; what is promised in
//! an answer is durable before the answer (`Cluster::durable`), what is learnt from nodes is written behind.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use euca_store::{Error, Record, Tables, read};
use euca_wire::{DateTime, Shared, cc, nc};
use serde::{Deserialize, Serialize};

use crate::schedule::{Capacity, NodeState};

/// An instance, by id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Instance {
    /// Its place in the order in which instances became known.
    pub(crate) number: u64,
    /// As it is told.
    pub(crate) told: Shared<cc::CcInstance>,
}

/// A launch under way, by instance id.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Launch {
    /// URL of the node that shall run the instance.
    pub(crate) node: String,
    /// When it was accepted: the time for it counts from then, whatever happens to the controller.
    pub(crate) begun: DateTime,
    /// What is set aside for it on the node.
    pub(crate) size: Capacity,
    /// What the node is asked.
    pub(crate) order: nc::NcRunInstance,
}

/// A node, by URL.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Node {
    pub(crate) state: NodeState,
    /// When the state changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) changed: Option<DateTime>,
    /// Since when it is known to run nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) idle_since: Option<DateTime>,
    /// A node that sleeps tells it nobody any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mac: Option<String>,
    pub(crate) maximum: Capacity,
    pub(crate) available: Capacity,
    /// Launches that the numbers do not contain, by instance id.
    pub(crate) reservations: BTreeMap<String, Capacity>,
}

/// A record of the virtual network, by its own key.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Network(pub(crate) euca_vnet::Record);

/// Where the scheduler goes on; one record.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Scheduler {
    pub(crate) cursor: usize,
}

/// Whether the instances are known; one record.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Knowledge {
    /// Every node was polled since the clean start: nothing that runs is missing among the instances.
    pub(crate) complete: bool,
}

/// Key of a record of which there is one.
pub(crate) const ONLY: &str = "only";

macro_rules! records {
    ($($record:ident: $table:literal, version $version:literal;)*) => {
        $(impl Record for $record {
            const TABLE: &'static str = $table;
            const VERSION: u32 = $version;
        })*

        const TABLES: &[&str] = &[$($table),*];
    };
}

records! {
    Instance: "instances", version 1;
    Launch: "launches", version 1;
    Node: "nodes", version 1;
    Network: "network", version 2;
    Scheduler: "scheduler", version 1;
    Knowledge: "knowledge", version 1;
}

/// What was durable when the cluster started; nothing after a clean start.
#[derive(Debug, Default)]
pub struct State {
    /// In the order in which they became known.
    pub(crate) instances: Vec<(String, Instance)>,
    pub(crate) launches: Vec<(String, Launch)>,
    pub(crate) nodes: HashMap<String, Node>,
    pub(crate) network: Vec<euca_vnet::Record>,
    pub(crate) scheduler: Scheduler,
    pub(crate) knowledge: Knowledge,
}

impl State {
    /// What there is of the virtual network.
    pub fn network(&self) -> &[euca_vnet::Record] {
        &self.network
    }

    /// Reads everything.
    ///
    /// # Errors
    /// The medium fails, a record is damaged, or a newer release has written it.
    pub fn read(tables: &dyn Tables) -> Result<Self, Error> {
        if let Some(unknown) = tables.names()?.into_iter().find(|name| !TABLES.contains(&name.as_str())) {
            return Err(Error::NewerTable(unknown));
        }
        let mut instances = read::<Instance>(tables)?;
        instances.sort_by_key(|(_, instance)| instance.number);
        Ok(Self {
            instances,
            launches: read(tables)?,
            nodes: read(tables)?.into_iter().collect(),
            network: read::<Network>(tables)?.into_iter().map(|(_, Network(record))| record).collect(),
            scheduler: only(tables)?,
            knowledge: only(tables)?,
        })
    }
}

fn only<R: Record + Default>(tables: &dyn Tables) -> Result<R, Error> {
    Ok(read(tables)?.into_iter().next().map(|(_, record)| record).unwrap_or_default())
}

/// For operators: what there is of each kind.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let complete = if self.knowledge.complete { "complete" } else { "not complete yet" };
        writeln!(f, "instances: {} ({complete})", self.instances.len())?;
        writeln!(f, "launches under way: {}", self.launches.len())?;
        writeln!(f, "nodes: {}", self.nodes.len())?;
        write!(f, "network records: {}", self.network.len())
    }
}
