//! The cluster controller: what it knows of its nodes and instances, and how it carries the CLC's operations
//! to the node controllers (cluster-controller.md).
//!
//! [`Cluster`] implements [`euca_wire::ClusterApi`], [`Gatherlog`] implements [`euca_wire::LogApi`]. Nodes are
//! reached through whatever a [`Connector`] hands out: the SOAP client in the daemon, simulated nodes in
//! tests. No HTTP, no XML, no security and no configuration file here.
//!
//! What happens is decided by what comes in and when: no chance, no order of a hash table, every `select!` is
//! `biased`. So a simulated run can be repeated exactly.
//!
//! ```text
//!   CLC ──ClusterApi──► ops/*  one file per operation: which nodes, which order, which budget
//!                         │
//!                         ├──► instances   what every node reported last; answers are built from it alone
//!                         ├──► schedule    pure: which node takes an instance
//!                         ├──► network     who has which address; the host follows, one order at a time
//!                         └──► nodes/*     fan-out engine: one FIFO lock and one deadline per call
//!                                │
//!   monitor ── polls ───────────►├──NodeApi──► node controllers
//!   launch ── retries ──────────►┘
//!   power ── wake-up calls ────────CommandRunner
//! ```
#![forbid(unsafe_code)]

pub mod addresses;
pub mod budget;
mod clock;
mod cluster;
mod discovery;
mod durable;
mod error;
mod gatherlog;
mod inspect;
mod instances;
mod launch;
mod monitor;
mod network;
mod nodes;
mod observed;
mod ops;
mod power;
mod reply_limit;
pub mod schedule;
mod settings;
mod tasks;
mod translation;

pub use clock::{Clock, SystemClock};
pub use cluster::{Cluster, Environment};
pub use durable::State;
pub use euca_gatherlog::HostFiles;
pub use gatherlog::Gatherlog;
pub use inspect::{AttemptView, Explanation, LaunchView, NodeReport, ReservationView};
pub use nodes::Connector;
pub use settings::{ClusterSettings, NodeAddress};
