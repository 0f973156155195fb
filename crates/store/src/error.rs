//! What can go wrong with durable state.

use std::path::PathBuf;
use std::sync::Arc;

/// Why state cannot be read or made durable.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what the fields are")]
pub enum Error {
    /// Another process has the state file open.
    #[error("state file {0} is in use by another process")]
    InUse(PathBuf),
    /// The state file, or the folder it lies in, cannot be reached: permissions, a full or a broken disk.
    #[error("state file {path} cannot be opened")]
    Open {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// What lies there is no state file, or a damaged one.
    #[error("state file {path} is damaged")]
    Damaged {
        path: PathBuf,
        #[source]
        source: Box<redb::Error>,
    },
    /// A later release has written the file in a form this one does not know.
    #[error("state file {path} was written by another release, which alone can read it")]
    Format {
        path: PathBuf,
        #[source]
        source: Box<redb::Error>,
    },
    /// A later release has written a table this one does not know.
    #[error("table {0} was written by a newer release, which alone can read it")]
    NewerTable(String),
    /// A later release has written a record in a form this one does not know.
    #[error(
        "record {key:?} of table {table} has version {found} and this release knows {known}: a newer release \
         has written it, which alone can read it"
    )]
    NewerRecord { table: String, key: String, found: u32, known: u32 },
    /// A record is not what its version says.
    #[error("record {key:?} of table {table} cannot be understood")]
    Record {
        table: String,
        key: String,
        #[source]
        source: serde_json::Error,
    },
    /// A record cannot be written down.
    #[error("record {key:?} of table {table} cannot be encoded")]
    Encode {
        table: String,
        key: String,
        #[source]
        source: serde_json::Error,
    },
    /// Reading the backend failed.
    #[error("state cannot be read")]
    Read(#[source] Box<redb::Error>),
    /// Writing failed; nothing of the transaction counts as durable.
    #[error("state cannot be written")]
    Write(#[source] Box<redb::Error>),
    /// The backend broke down for a reason of its own.
    #[error("state cannot be written: {0}")]
    Backend(&'static str),
    /// The commit that a ticket waited for has failed.
    #[error("change is not durable")]
    NotDurable(#[source] Arc<Error>),
    /// The journal has ended.
    #[error("the journal has ended")]
    Closed,
    /// A document to import is none, or of a version this release does not know.
    #[error("not a state document of version {known}")]
    Document {
        known: u32,
        #[source]
        source: Option<serde_json::Error>,
    },
    /// A document cannot be written out.
    #[error("state document cannot be written")]
    Export(#[source] serde_json::Error),
}

impl Error {
    /// Whether what lies there is of no use to any release, so that to set it aside loses nothing more.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::Record { .. } => true,
            Self::Read(error) => !matches!(**error, redb::Error::Io(_)),
            _ => false,
        }
    }
}
