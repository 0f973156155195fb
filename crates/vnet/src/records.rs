//! What the tables consist of, as a journal keeps it: one record for each key.

use std::fmt;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::{Group, Mac, Rule};

/// One record of the tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// How the private subnet was divided when networks and addresses came into use; in the managed modes.
    Plan {
        /// The private subnet.
        subnet: Ipv4Net,
        /// Addresses of a network.
        addresses: u32,
        /// Whether networks are kept apart by VLANs.
        vlans: bool,
    },
    /// An active network.
    Network {
        /// Its VLAN.
        vlan: u16,
        /// Whose it is.
        group: Group,
        /// What may reach its guests.
        rules: Vec<Rule>,
    },
    /// An address in use.
    Host {
        /// VLAN of its network; 0 in STATIC mode.
        vlan: u16,
        /// Its place in the network.
        index: u16,
        /// MAC address of the guest.
        mac: Mac,
        /// The address.
        address: Ipv4Addr,
        /// Id of the instance that has it.
        instance: String,
    },
    /// A public address in use.
    Public {
        /// The address.
        address: Ipv4Addr,
        /// The private address it stands for.
        private: Ipv4Addr,
    },
    /// The name server the CLC has given.
    Nameserver(Ipv4Addr),
    /// The clusters joined with this one, by place.
    Peers(Vec<Ipv4Addr>),
}

/// What a record is kept under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    /// The division of the private subnet.
    Plan,
    /// The network of this VLAN.
    Network(u16),
    /// The address at this place of a network.
    Host {
        /// VLAN of the network.
        vlan: u16,
        /// Place in it.
        index: u16,
    },
    /// This public address.
    Public(Ipv4Addr),
    /// The name server.
    Nameserver,
    /// The clusters joined with this one.
    Peers,
}

/// A change of the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// This is the record of its key now.
    Put(Record),
    /// There is no record under this key any more.
    Delete(Key),
}

impl Record {
    /// What it is kept under.
    pub fn key(&self) -> Key {
        match *self {
            Self::Plan { .. } => Key::Plan,
            Self::Network { vlan, .. } => Key::Network(vlan),
            Self::Host { vlan, index, .. } => Key::Host { vlan, index },
            Self::Public { address, .. } => Key::Public(address),
            Self::Nameserver(_) => Key::Nameserver,
            Self::Peers(_) => Key::Peers,
        }
    }

    /// Whether guests depend on it: a network or an address.
    pub fn is_in_use(&self) -> bool {
        matches!(self, Self::Network { .. } | Self::Host { .. })
    }
}

impl Change {
    /// What it is kept under.
    pub fn key(&self) -> Key {
        match self {
            Self::Put(record) => record.key(),
            Self::Delete(key) => *key,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan => out.write_str("plan"),
            Self::Network(vlan) => write!(out, "network/{vlan:04}"),
            Self::Host { vlan, index } => write!(out, "host/{vlan:04}/{index:04}"),
            Self::Public(address) => write!(out, "public/{address}"),
            Self::Nameserver => out.write_str("nameserver"),
            Self::Peers => out.write_str("peers"),
        }
    }
}
