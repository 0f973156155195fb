//! `eucalyptus.conf`: the reader, the home prefix, and the typed settings of both daemons.
//!
//! The way from a file to a setting is short and has one direction:
//!
//! ```text
//! $EUCALYPTUS or --home ──▶ Home ──▶ Files ──▶ CcSettings | NcSettings   (what the daemon uses)
//!                                      │            ├─ notices            (what the operator should hear)
//!                                      ▼            └─ report             (--check: value and origin of each)
//!                                    Watch ──▶ Hot                        (what may change while running)
//! ```
//!
//! [`Files::read`] and [`Watch::check`] touch the disk and block; everything behind them is a pure function of
//! the bytes read. The grammar is the one of the original daemons (deployment.md §1.1), not the shell's: the
//! first matching line counts, and `eucalyptus.local.conf` wins over `eucalyptus.conf` variable by variable.
//!
//! The variables of Eucalyptus 2.0.1 keep their names, defaults and leniency. What is new here carries the prefix
//! `DAEMON_`, is the same for both daemons of a host, and is checked strictly. No variable holds a secret: keys
//! stay in files of their own. Values of variables this program does not know are never shown.
//!
//! Not here: key files, log files, the network devices named by `VNET_*`, the meaning of the node list. What can
//! be judged from the text alone is judged here, before a port opens; the rest is judged by who uses it.

#![forbid(unsafe_code)]

mod cc;
mod client;
mod error;
mod files;
mod grammar;
mod home;
mod names;
mod nc;
mod network;
mod reading;
mod report;
mod service;
mod watch;

pub use cc::{CcSettings, Hot, NodeAddress, NodeVerification, SchedPolicy};
pub use client::{ClientSettings, ControlSettings};
pub use error::Error;
pub use files::{Files, MAX_FILE_BYTES};
pub use home::Home;
pub use nc::{DiskCopy, DiskLayout, DiskUnit, HypervisorType, NcNetwork, NcSettings, NcVnetMode};
pub use network::{CcNetwork, ManagedNet, PublicIps, StaticNet, Tunnels, VnetMode};
pub use report::{Notice, Origin, Place, Report, Setting, Severity};
pub use service::{Listener, LogLevel, LogTarget, Profile, Security};
pub use watch::Watch;

#[cfg(test)]
mod tests;
