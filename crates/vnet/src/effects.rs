//! What the tables want of the host: plain orders, and the trait of who carries them out.
//!
//! An order names what is to be, not the way there: the host makes it so, changes nothing where it is so already,
//! and undoes its part when it fails half-way.

use std::fmt;
use std::net::Ipv4Addr;

use futures_util::future::{BoxFuture, ready};
use ipnet::Ipv4Net;

use crate::{Mac, Network};

/// An order to the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Everything there is to be, after a start: base rules, metadata address, networks, public addresses and tunnels
    /// (cluster-controller.md §3.3).
    Restore(State),
    /// The network exists: gateway address, forwarding, the rules of its group, its tunnels.
    StartNetwork(Network),
    /// The network is gone.
    StopNetwork(Network),
    /// The rules of these groups, all at once, in place of those they have.
    SetRules(Vec<Network>),
    /// The public interface has this address.
    AddPublicAddress(Ipv4Addr),
    /// The public interface does not have this address.
    RemovePublicAddress(Ipv4Addr),
    /// Traffic to and from the public address is the private one's.
    MapAddress {
        /// The address outside.
        public: Ipv4Addr,
        /// The guest's own.
        private: Ipv4Addr,
    },
    /// The mapping is gone.
    UnmapAddress {
        /// The address outside.
        public: Ipv4Addr,
        /// The guest's own.
        private: Ipv4Addr,
    },
    /// The DHCP server answers these guests, and nobody else.
    ServeDhcp(Dhcp),
    /// The networks are joined with those of the other clusters.
    JoinClusters(Tunnels),
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// The active networks with their rules, by VLAN.
    pub networks: Vec<Network>,
    /// Public addresses in use, and the private address each stands for.
    pub public: Vec<(Ipv4Addr, Ipv4Addr)>,
    /// The tunnels as they were before the start; nothing where this cluster was joined with none.
    pub tunnels: Option<Tunnels>,
}

/// What the DHCP server answers (network.md §9.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dhcp {
    /// The networks with guests, by VLAN.
    pub subnets: Vec<DhcpSubnet>,
}

/// A network as the DHCP server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DhcpSubnet {
    /// Its VLAN; 0 in STATIC mode.
    pub vlan: u16,
    /// Its addresses.
    pub subnet: Ipv4Net,
    /// Its broadcast address.
    pub broadcast: Ipv4Addr,
    /// The guests' gateway.
    pub router: Ipv4Addr,
    /// Name servers: the site's first, then the cloud's.
    pub dns: Vec<Ipv4Addr>,
    /// The guests.
    pub hosts: Vec<(Mac, Ipv4Addr)>,
}

impl Dhcp {
    /// Whether there is a guest to be answered.
    pub fn has_hosts(&self) -> bool {
        self.subnets.iter().any(|subnet| !subnet.hosts.is_empty())
    }
}

/// The tunnels between clusters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tunnels {
    /// The clusters by place, this one included.
    pub clusters: Vec<Ipv4Addr>,
    /// The place of this one; without it there are no tunnels.
    pub own: Option<usize>,
    /// VLANs of the networks that are joined.
    pub vlans: Vec<u16>,
}

impl Effect {
    /// What it is, in a word or two.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Restore(_) => "restore",
            Self::StartNetwork(_) => "start network",
            Self::StopNetwork(_) => "stop network",
            Self::SetRules(_) => "set rules",
            Self::AddPublicAddress(_) => "add public address",
            Self::RemovePublicAddress(_) => "remove public address",
            Self::MapAddress { .. } => "map address",
            Self::UnmapAddress { .. } => "unmap address",
            Self::ServeDhcp(_) => "serve DHCP",
            Self::JoinClusters(_) => "join clusters",
        }
    }

    /// Whether a program that carries it out and exits with `status` has done so: `ip addr add` exits with 2
    /// when the address is there already (cluster-controller.md §7.16).
    pub fn is_done(&self, status: i32) -> bool {
        status == 0 || (status == 2 && matches!(self, Self::AddPublicAddress(_)))
    }
}

/// For the log.
impl fmt::Display for Effect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())?;
        match self {
            Self::Restore(state) => {
                write!(out, " {} networks, {} public addresses", state.networks.len(), state.public.len())
            }
            Self::StartNetwork(network) | Self::StopNetwork(network) => write!(out, " {network}"),
            Self::SetRules(networks) => networks.iter().try_for_each(|network| write!(out, " {network}")),
            Self::AddPublicAddress(address) | Self::RemovePublicAddress(address) => write!(out, " {address}"),
            Self::MapAddress { public, private } | Self::UnmapAddress { public, private } => {
                write!(out, " {public} of {private}")
            }
            Self::ServeDhcp(dhcp) => {
                let hosts: usize = dhcp.subnets.iter().map(|subnet| subnet.hosts.len()).sum();
                write!(out, " {hosts} guests in {} networks", dhcp.subnets.len())
            }
            Self::JoinClusters(tunnels) => {
                write!(out, " {} clusters, {} networks", tunnels.clusters.len(), tunnels.vlans.len())
            }
        }
    }
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The program for it has ended with this exit status.
    #[error("exit status {0}")]
    Status(i32),
    /// It was not done in time.
    #[error("not done in time")]
    Late,
    /// This host cannot do it.
    #[error("{0}")]
    Unable(&'static str),
    /// Something else.
    #[error(transparent)]
    Other(#[from] Box<dyn std::error::Error + Send + Sync>),
}

/// The host of a cluster, which carries out orders. They come one at a time, in the order of the changes they
/// belong to.
pub trait Effects: Send + Sync + 'static {
    /// Carries out an order. When the future is dropped because its time is over, what it has started comes to
    /// an end.
    fn carry_out<'a>(&'a self, effect: &'a Effect) -> BoxFuture<'a, Result<(), Failure>>;
}

/// A host without virtual networks: it carries out nothing. For SYSTEM mode, which asks for nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unable;

impl Effects for Unable {
    fn carry_out<'a>(&'a self, _: &'a Effect) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(ready(Err(Failure::Unable("this host has no virtual networks"))))
    }
}
