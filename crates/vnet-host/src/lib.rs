//! The virtual network on a Linux host (network.md): the orders of `euca-vnet` carried out for real.
//!
//! [`plan`] says what the host is to look like, [`links`] and [`firewall`] what it looks like and how it gets there,
//! [`Host`] keeps the two together. Nothing that is not ours is changed; what is ours is known by its name.
#![forbid(unsafe_code)]

mod aftermath;
pub mod dhcp;
mod files;
pub mod firewall;
mod host;
pub mod links;
pub mod node;
pub mod plan;
mod process;
pub mod program;
pub mod secret;
mod sightings;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tunnels;
mod vtun;

pub use dhcp::{DhcpServer, DhcpSettings};
pub use host::{Differences, Error, Host};
pub use plan::Site;
pub use sightings::Sightings;
pub use tunnels::{Transport, TunnelSettings};
