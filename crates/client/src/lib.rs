//! The command-line clients of a cluster controller and of a node controller: the syntax, the output and the exit
//! status of the original's `CCclient_full`, `euca_killall` and `NCclient` (deployment.md §11, §12), without what a
//! 2.0.1 reply does not carry.
//!
//! ```text
//! arguments ──▶ command ──▶ request ──▶ Caller (euca-soap, signed) ──▶ reply ──▶ lines or JSON
//! ```
//!
//! [`command`] is the syntax of `cc-client`, [`session`] carries a command out, [`text`] has the lines of each reply,
//! [`explain`] is the one command that does not go over SOAP; [`node`] has the same of `nc-client`. [`program`] is what
//! both programs begin with. Exit status is 0 when the peer did what was asked, and not 0 otherwise, as scripts know
//! it; why not is said on standard error.
#![forbid(unsafe_code)]

pub mod admin;
pub mod command;
mod error;
pub mod explain;
pub mod node;
pub mod options;
pub mod output;
pub mod program;
pub mod session;
pub mod text;

pub use command::{Arguments, Command};
pub use error::Error;
pub use session::Session;

/// As many letters as the original makes up for a correlation id, or for what follows `i-` and `r-`.
fn letters(count: usize) -> Result<String, openssl::error::ErrorStack> {
    let mut bytes = vec![0; count];
    openssl::rand::rand_bytes(&mut bytes)?;
    Ok(bytes.iter().map(|byte| char::from(b'a' + byte % 26)).collect())
}
