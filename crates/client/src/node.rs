//! The client of a node controller: `NCclient` with its commands, options and lines (node-controller.md §13,
//! deployment.md §12), and what it lacked: reboot, console, network, cancelling of bundle tasks, [`explain`].

mod command;
mod explain;
mod session;
mod text;

pub use command::{Arguments, Command};
pub use session::Session;
