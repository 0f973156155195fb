//! The command-line client of a cluster controller: the syntax, the output and the exit status of the original's
//! `CCclient_full` and `euca_killall` (deployment.md §11), without what a 2.0.1 reply does not carry.
//!
//! ```text
//! arguments ──▶ Command ──▶ request ──▶ Caller (euca-soap, signed as the cloud) ──▶ reply ──▶ lines or JSON
//! ```
//!
//! [`command`] is the syntax, [`session`] carries a command out,
//! [`explain`] is the one command that does not go over SOAP, [`text`] has the lines of each reply. Exit status
//! is 0 when the cluster controller did what was asked, and 1 otherwise, as scripts know it; why not is said on
//! standard error.
#![forbid(unsafe_code)]

pub mod command;
pub mod explain;
pub mod session;
pub mod text;

pub use command::{Arguments, Command};
pub use session::{Error, Session};
