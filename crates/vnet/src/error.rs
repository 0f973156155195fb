//! Why the tables refuse something.

use std::net::Ipv4Addr;

use ipnet::Ipv4Net;

/// Why the tables refuse something. They are unchanged then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// No MAC address can be derived from an instance id.
    #[error("instance id {0:?} is not i- and eight hexadecimal digits")]
    InstanceId(String),
    /// Text that is no MAC address.
    #[error("{0:?} is not a MAC address")]
    Mac(String),
    /// The private subnet has no room for a network of this size, or the size is none.
    #[error("{subnet} cannot be divided into networks of {addresses} addresses")]
    Plan {
        /// The private subnet.
        subnet: Ipv4Net,
        /// Addresses of a network.
        addresses: u32,
    },
    /// A VLAN no network can have.
    #[error("there is no network for VLAN {0}")]
    Vlan(i32),
    /// An index no guest can have.
    #[error("index {index} is not one of 2 to {last}")]
    Index {
        /// What was asked for.
        index: i32,
        /// Last index of a guest.
        last: u16,
    },
    /// The index belongs to another guest.
    #[error("index {index} of VLAN {vlan} is in use")]
    Taken {
        /// The VLAN.
        vlan: u16,
        /// The index.
        index: u16,
    },
    /// The guest has an address already.
    #[error("{mac} has an address in VLAN {vlan} already")]
    Known {
        /// The guest's MAC address.
        mac: crate::Mac,
        /// The VLAN.
        vlan: u16,
    },
    /// No address is free.
    #[error("no address of VLAN {0} is free")]
    Full(u16),
    /// A public address that is not this cluster's.
    #[error("{0} is not a public address of this cluster")]
    NotPublic(Ipv4Addr),
    /// What cannot be a public address.
    #[error("{0} cannot be a public address")]
    Unusable(Ipv4Addr),
    /// More public addresses than there may be.
    #[error("no more than {} public addresses are possible", crate::MAX_PUBLIC)]
    PoolFull,
    /// More cluster controllers than can be connected.
    #[error("{0} cluster controllers, no more than {max} are possible", max = crate::MAX_PEERS)]
    Peers(usize),
    /// A rule of a type that is not known.
    #[error("rule type {0:?} is not known")]
    RuleType(String),
    /// A rule for a group that has no active network.
    #[error("network {name:?} of {user:?} is not active")]
    Group {
        /// Owner of the group.
        user: String,
        /// Name of the group.
        name: String,
    },
    /// A rule for a protocol that is not known.
    #[error("protocol {0:?} is not known")]
    Protocol(String),
    /// A rule for ports, or an ICMP type and code, that cannot be.
    #[error("{protocol} {from} to {to} is not possible")]
    Ports {
        /// The protocol.
        protocol: &'static str,
        /// First port, or ICMP type.
        from: i32,
        /// Last port, or ICMP code.
        to: i32,
    },
    /// A rule for a source that is no network.
    #[error("{0:?} is not an IPv4 network")]
    Source(String),
    /// A stored record that these settings leave no place for.
    #[error("the settings leave no place for it")]
    Misplaced,
}
