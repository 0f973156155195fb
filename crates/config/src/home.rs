//! The installation prefix, and the paths below it (deployment.md §1.3, §2).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::report::Origin;

/// The installation prefix: `$EUCALYPTUS`, else the command line's `--home`, else `/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    path: PathBuf,
    origin: Origin,
}

impl Home {
    /// Chooses the prefix. An empty environment variable counts as unset, as it did in the original.
    ///
    /// # Errors
    /// [`Error::Home`] when the prefix is relative; `not_configured` is.
    pub fn resolve(environment: Option<&OsStr>, option: Option<&Path>) -> Result<Self, Error> {
        let (path, origin) = match (environment.filter(|value| !value.is_empty()), option) {
            (Some(value), _) => (PathBuf::from(value), Origin::Environment),
            (None, Some(value)) => (value.to_owned(), Origin::CommandLine),
            (None, None) => (PathBuf::from("/"), Origin::Default),
        };
        if path.is_absolute() { Ok(Self { path, origin }) } else { Err(Error::Home { path, origin }) }
    }

    /// The prefix itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the prefix came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The main configuration file; it must exist.
    pub fn main_conf(&self) -> PathBuf {
        self.path.join("etc/eucalyptus/eucalyptus.conf")
    }

    /// The optional file whose variables win over the main file's.
    pub fn local_conf(&self) -> PathBuf {
        self.path.join("etc/eucalyptus/eucalyptus.local.conf")
    }

    /// The node controller's hooks.
    pub fn hooks(&self) -> PathBuf {
        self.path.join("etc/eucalyptus/nc-hooks")
    }

    /// Certificates and private keys.
    pub fn keys(&self) -> PathBuf {
        self.path.join("var/lib/eucalyptus/keys")
    }

    /// Folder of the cluster controller's durable state.
    pub fn cc_state(&self) -> PathBuf {
        self.path.join("var/lib/eucalyptus/CC")
    }

    /// The file in it that the state is in.
    pub fn cc_state_file(&self) -> PathBuf {
        self.cc_state().join("state.redb")
    }

    /// Log files (`cc.log`, `nc.log`, and what GetLogs returns).
    pub fn logs(&self) -> PathBuf {
        self.path.join("var/log/eucalyptus")
    }

    /// Programs that come with Eucalyptus.
    pub fn programs(&self) -> PathBuf {
        self.path.join("usr/share/eucalyptus")
    }

    /// Runtime files.
    pub fn run(&self) -> PathBuf {
        self.path.join("var/run/eucalyptus")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_wins_over_the_option_and_the_option_over_the_root() {
        let option = Some(Path::new("/opt/option"));
        for (environment, option, expected, origin) in [
            (Some("/opt/env"), option, "/opt/env", Origin::Environment),
            (Some(""), option, "/opt/option", Origin::CommandLine),
            (None, option, "/opt/option", Origin::CommandLine),
            (Some(""), None, "/", Origin::Default),
            (None, None, "/", Origin::Default),
        ] {
            let home = Home::resolve(environment.map(OsStr::new), option).unwrap();
            assert_eq!((home.path(), home.origin()), (Path::new(expected), &origin));
        }
    }

    #[test]
    fn a_relative_home_is_refused_by_name() {
        for value in ["not_configured", "opt/eucalyptus", "."] {
            let error = Home::resolve(Some(OsStr::new(value)), None).unwrap_err().to_string();
            assert_eq!(error, format!("home directory \"{value}\" (environment) is not an absolute path"));
        }
    }
}
