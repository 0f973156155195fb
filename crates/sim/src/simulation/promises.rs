//! What the cluster has answered that it does for networks and public addresses, and what it tells of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use super::violation::Violation;

/// What is promised, by what it is promised of; what is not there is promised to be absent.
#[derive(Debug)]
pub(super) struct Promised<K, V> {
    is: BTreeMap<K, V>,
    /// Something was asked, or has failed, and may be either way.
    open: BTreeSet<K>,
}

impl<K, V> Default for Promised<K, V> {
    fn default() -> Self {
        Self { is: BTreeMap::new(), open: BTreeSet::new() }
    }
}

impl<K: Ord + Copy, V: PartialEq + Copy> Promised<K, V> {
    /// It is asked to be so. Returns whether that is certainly something new.
    pub(super) fn asked(&mut self, key: K, wanted: Option<V>) -> bool {
        self.open.insert(key) && self.is.get(&key).copied() != wanted
    }

    /// It is so.
    pub(super) fn answered(&mut self, key: K, wanted: Option<V>) {
        self.open.remove(&key);
        match wanted {
            Some(value) => drop(self.is.insert(key, value)),
            None => drop(self.is.remove(&key)),
        }
    }

    /// The first key of which something else is told than was promised.
    fn broken(&self, told: &BTreeMap<K, V>) -> Option<K> {
        let keys = self.is.keys().chain(told.keys()).filter(|key| !self.open.contains(key));
        keys.copied().find(|key| self.is.get(key) != told.get(key))
    }
}

/// All promises of this kind.
#[derive(Debug, Default)]
pub(super) struct Promises {
    /// The group of each VLAN with a network.
    pub(super) networks: Promised<u16, usize>,
    /// What each public address stands for.
    pub(super) addresses: Promised<Ipv4Addr, Ipv4Addr>,
}

impl Promises {
    pub(super) fn judge_networks(&self, told: &BTreeMap<u16, usize>) -> Result<(), Violation> {
        self.networks.broken(told).map_or(Ok(()), |vlan| Err(Violation::NetworkLost { vlan }))
    }

    pub(super) fn judge_addresses(
        &self,
        told: &BTreeMap<Ipv4Addr, Option<Ipv4Addr>>,
    ) -> Result<(), Violation> {
        let used = told.iter().filter_map(|(public, private)| Some((*public, (*private)?))).collect();
        self.addresses.broken(&used).map_or(Ok(()), |public| {
            let (promised, told) = (self.addresses.is.get(&public).copied(), used.get(&public).copied());
            Err(Violation::AddressLost { public, promised, told })
        })
    }
}
