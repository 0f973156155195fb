//! What a node controller needs root for, and nothing else (deployment.md §14.3).
//!
//! The daemon runs as an ordinary user. The program `nc-helper` runs as root, listens on a Unix socket, and knows three
//! verbs: log in to an iSCSI target, log out of it, put the host to sleep. [`Server`] is that program's inside,
//! [`Client`] is what the daemon talks to it with, [`protocol`] is what they say.
//!
//! ```text
//!   nc-daemon ── Client ──▶ socket ──▶ Server: peer's uid? frame short, in time, well-formed? ──▶ verb ──▶ iscsiadm
//! ```
//!
//! The helper trusts its peer with the verbs and with nothing more: a target's name, a host and a password are checked
//! where they come in, programs get argument vectors, and which programs there are is said by root, in the unit.
#![forbid(unsafe_code)]

mod client;
mod iscsi;
mod names;
pub mod protocol;
mod server;
#[cfg(feature = "testing")]
pub mod testing;

pub use client::{Client, Error};
pub use names::{Host, Secret, TargetName};
pub use protocol::{Reply, Request};
pub use server::{ISCSI_LIMIT, Server, Settings};
