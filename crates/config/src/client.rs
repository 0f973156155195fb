//! What the command-line programs need of the configuration. The rest of it is not looked at: they are what an
//! operator takes when something is wrong.

use std::net::SocketAddr;

use crate::error::Error;
use crate::files::Files;
use crate::home::Home;
use crate::reading::Reading;
use crate::service::Listener;

/// What a client of a daemon is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSettings {
    /// The installation prefix.
    pub home: Home,
    /// Where that daemon of this host listens (`DAEMON_LISTEN` with `CC_PORT` or `NC_PORT`).
    pub here: SocketAddr,
    /// Its admin port (`DAEMON_ADMIN_PORT`), if it has one.
    pub admin_port: Option<u16>,
    /// `ENABLE_WS_SECURITY` is `Y`: calls are signed. Required, as in the original.
    pub sign: bool,
}

impl ClientSettings {
    /// For a client of the cluster controller.
    ///
    /// # Errors
    /// One of the variables cannot be used, or `ENABLE_WS_SECURITY` is missing.
    pub fn of_cluster(files: &Files) -> Result<Self, Error> {
        Self::read(files, "CC_PORT", 8774)
    }

    /// For a client of a node controller.
    ///
    /// # Errors
    /// As [`of_cluster`](Self::of_cluster).
    pub fn of_node(files: &Files) -> Result<Self, Error> {
        Self::read(files, "NC_PORT", 8775)
    }

    fn read(files: &Files, port: &'static str, default: u16) -> Result<Self, Error> {
        let mut reading = Reading::start(files)?;
        let key = "ENABLE_WS_SECURITY";
        let sign = reading.find(key)?.ok_or_else(|| reading.missing(key))?.value == "Y";
        let Listener { address, admin_port, .. } = Listener::read(&mut reading, port, default)?;
        Ok(Self { home: files.home().clone(), here: address, admin_port, sign })
    }
}

/// What starting a daemon without a service manager needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlSettings {
    /// `EUCA_USER`, default `eucalyptus`: whom the daemon runs as; the empty string means `root`, as it did in the
    /// original's scripts.
    pub user: String,
}

impl ControlSettings {
    /// # Errors
    /// The variable cannot be used.
    pub fn from_files(files: &Files) -> Result<Self, Error> {
        let found = Reading::start(files)?.find("EUCA_USER")?;
        let user = found.map_or_else(|| "eucalyptus".to_owned(), |found| found.value);
        Ok(Self { user: if user.is_empty() { "root".to_owned() } else { user } })
    }
}
