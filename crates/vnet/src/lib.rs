//! The virtual network of a cluster (network.md): which addresses there are, who has them, which networks are
//! active and what may reach them; and the operations the cluster asks of its host for it.
//!
//! ```text
//!   operation ──► Tables ──► Change    what a journal keeps of it, by key
//!                   │
//!                   └──────► Effect    what the host is to do ──► impl Effects
//! ```
//! The tables are values: they do no input or output, know no clock and take memory for what is in use only.
//! Who carries out an effect, when, and what becomes of a failure is the caller's business.
#![forbid(unsafe_code)]

mod effects;
mod error;
mod mac;
mod peers;
mod plan;
mod pool;
mod records;
mod rules;
mod tables;
#[cfg(feature = "testing")]
pub mod testing;

pub use effects::{Dhcp, DhcpSubnet, Effect, Effects, Failure, State, Tunnels, Unable};
pub use error::Error;
pub use ipnet::Ipv4Net;
pub use mac::Mac;
pub use peers::MAX_PEERS;
pub use plan::{Plan, gateway};
pub use pool::{MAX_PUBLIC, Pool, PublicAddresses};
pub use records::{Change, Key, Record};
pub use rules::{Permission, Ports, Rule, RuleDraft, Source, Traffic};
pub use tables::{Group, ManagedSettings, Network, Parameters, Settings, StaticSettings, Tables};
