//! Why a client did not do what it was given for.

use std::io;

use euca_wire::CallError;
use openssl::error::ErrorStack;

use crate::admin;

/// Why a command did not do what it was given for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No usable answer came.
    #[error("{command} has no answer")]
    NoAnswer {
        /// The command.
        command: &'static str,
        /// What became of the call.
        #[source]
        source: CallError,
    },
    /// The cluster controller could not or would not.
    #[error("{command} was refused: {message:?}")]
    Refused {
        /// The command.
        command: &'static str,
        /// `statusMessage`.
        message: String,
    },
    /// The node could not or would not; a node never says why.
    #[error("{0} was refused; the node's log says why")]
    RefusedByNode(&'static str),
    /// An option that the command needs is not given.
    #[error("ERROR: no {0} specified (try -h)")]
    Missing(&'static str),
    /// There is no such command.
    #[error("there is no command {0:?}")]
    Unknown(String),
    /// The reply does not hold what it should, or the output cannot be written.
    #[error("cannot write the reply")]
    Output(#[from] io::Error),
    /// As [`Error::Output`], of JSON.
    #[error("cannot write the reply as JSON")]
    Json(#[from] serde_json::Error),
    /// There is no explanation.
    #[error("cannot explain the instance")]
    Explain(#[from] admin::Error),
    /// OpenSSL has no randomness.
    #[error("cannot make up an id")]
    Random(#[from] ErrorStack),
}
