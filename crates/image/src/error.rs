//! Why an image cannot be had, or a disk cannot be built.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Why an image cannot be had, or a disk cannot be built (storage.md §14.5).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server has no such object.
    #[error("{what} does not exist")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// The server refuses: no permission, or a request it does not accept. Another attempt would not help.
    #[error("{what} is refused with status {status}")]
    Denied {
        /// What was asked for.
        what: String,
        /// HTTP status of the answer.
        status: u16,
    },
    /// What another attempt may turn into success: a broken connection, silence, a server in trouble.
    #[error("{what} is not to be had at the moment: {reason}")]
    Transient {
        /// What was asked for.
        what: String,
        /// In short, what happened.
        reason: String,
        /// What the library says, where one does.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Not the length that it should have.
    #[error("{what} has {found} bytes and not {expected}")]
    SizeMismatch {
        /// What was measured.
        what: String,
        /// What it should have, bytes.
        expected: u64,
        /// What it has, bytes; one that was cut off counts as one byte more than it should have.
        found: u64,
    },
    /// The file system, or the quota, is full. Another attempt would not help.
    #[error("no space left for {path:?}")]
    NoSpace {
        /// What was written.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// More than the VM type grants, or than a partition table can describe.
    #[error("{needed} MiB of disk are needed and {limit} MiB are granted")]
    LimitExceeded {
        /// What the disk would take, MiB.
        needed: u64,
        /// What it may take, MiB.
        limit: u64,
    },
    /// Nobody waits for it any more.
    #[error("given up")]
    Cancelled,
    /// Content that is not what it should be.
    #[error("{what} is damaged: {reason}")]
    Corrupt {
        /// What was looked at.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Sound content of a kind that is not supported, or an argument that must not get any further.
    #[error("{what} cannot be used: {reason}")]
    Unusable {
        /// What was looked at.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The node's key pair, without which no request can be signed.
    #[error("no request can be signed")]
    Key {
        /// What is wrong with it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What several launches have waited for has failed for all of them.
    #[error("the image could not be fetched")]
    Shared(#[source] Arc<Self>),
    /// A program that has failed.
    #[error("{program} has failed with {status}: {stderr}")]
    Helper {
        /// The program.
        program: &'static str,
        /// Its exit status, or the signal that ended it.
        status: std::process::ExitStatus,
        /// The first line of its complaint.
        stderr: String,
    },
    /// A program that has not run to its end.
    #[error("no help from another program")]
    Command(#[from] euca_command::Error),
    /// A file that cannot be read or written.
    #[error("cannot {action} {path:?}")]
    File {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// For `map_err`: the failed action on a file. A full file system is told apart.
    pub fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace { path, source },
            _ => Self::File { action, path, source },
        }
    }

    /// A connection that was not made, or broke.
    pub(crate) fn broken(
        what: &str,
        reason: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Transient { what: what.to_owned(), reason: reason.to_owned(), source: Some(source.into()) }
    }

    /// A server that says nothing, or too little, within `limit`.
    pub(crate) fn silent(what: &str, limit: Duration) -> Self {
        Self::Transient {
            what: what.to_owned(),
            reason: format!("too little came within {limit:?}"),
            source: None,
        }
    }

    /// Whether another attempt may help.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Transient { .. })
    }
}
