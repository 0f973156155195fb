//! Why a configuration cannot be used.

use std::io;
use std::path::PathBuf;

use crate::files::MAX_FILE_BYTES;
use crate::report::{Origin, Place};

/// A configuration that ends the daemon before a port opens (exit status 78, EX_CONFIG), or, while it runs, is
/// refused in favour of the last good one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The home prefix (from the environment or the command line) is unusable.
    #[error("home directory {path:?} ({origin}) is not an absolute path")]
    Home {
        /// The prefix as given.
        path: PathBuf,
        /// Where it was given.
        origin: Origin,
    },
    /// A configuration file cannot be opened or read.
    #[error("cannot read configuration file {path}", path = .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A configuration file is a directory, a device or a pipe.
    #[error("configuration file {path} is not a regular file", path = .0.display())]
    NotAFile(PathBuf),
    /// A configuration file is longer than [`MAX_FILE_BYTES`].
    #[error("configuration file {path} is longer than {MAX_FILE_BYTES} bytes", path = .0.display())]
    TooLong(PathBuf),
    /// A configuration file holds a NUL byte, as files cut off by a power failure do.
    #[error("{0}: the file holds a NUL byte")]
    Nul(Place),
    /// A variable without a usable default is in neither file.
    #[error("{key} is set neither in {local} nor in {main}{}", beside(.needed), local = .local.display(), main = .main.display())]
    Missing {
        /// The variable.
        key: &'static str,
        /// All that have to be set with it, itself included.
        needed: &'static [&'static str],
        /// The file looked at first.
        local: PathBuf,
        /// The file looked at last.
        main: PathBuf,
    },
    /// A variable has a value that cannot be used.
    #[error("{place}: {key}: {problem}")]
    Invalid {
        /// File and line.
        place: Place,
        /// The variable.
        key: &'static str,
        /// What is wrong with the value.
        problem: String,
    },
}

impl Error {
    /// The same, if a variable is missing, with all that are needed.
    pub(crate) fn beside(self, all: &'static [&'static str]) -> Self {
        match self {
            Self::Missing { key, local, main, .. } => Self::Missing { key, needed: all, local, main },
            other => other,
        }
    }
}

fn beside(needed: &[&str]) -> String {
    if needed.is_empty() { String::new() } else { format!(" (needed are {})", needed.join(", ")) }
}
