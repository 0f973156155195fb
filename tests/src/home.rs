//! An installation below a temporary folder, as `EUCALYPTUS` names it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;
use euca_sim::keys::Keys;

/// An installation; its folder goes with it.
#[derive(Debug)]
pub struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    /// An installation with fresh keys.
    ///
    /// # Errors
    /// The file system's, and OpenSSL's.
    pub fn new() -> Result<Self> {
        let home = Self::empty()?;
        Keys::create(home.keys_folder())?;
        Ok(home)
    }

    /// An installation with the keys of the recordings.
    ///
    /// # Errors
    /// The file system's.
    pub fn with_recorded_keys() -> Result<Self> {
        Self::with_keys(&golden().join("c-2.0.1/keys"))
    }

    /// Another installation of the same cloud.
    ///
    /// # Errors
    /// The file system's.
    pub fn with_keys_of(other: &Self) -> Result<Self> {
        Self::with_keys(&other.keys_folder())
    }

    fn with_keys(folder: &Path) -> Result<Self> {
        let home = Self::empty()?;
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            std::fs::copy(entry.path(), home.keys_folder().join(entry.file_name()))?;
        }
        Ok(home)
    }

    fn empty() -> Result<Self> {
        let home = Self { folder: tempfile::Builder::new().prefix("euca").tempdir()? };
        for folder in
            ["etc/eucalyptus", "var/lib/eucalyptus/keys", "var/log/eucalyptus", "var/run/eucalyptus"]
        {
            std::fs::create_dir_all(home.path().join(folder))?;
        }
        Ok(home)
    }

    /// The prefix.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder with the key files.
    pub fn keys_folder(&self) -> PathBuf {
        self.path().join("var/lib/eucalyptus/keys")
    }

    /// The key files.
    pub fn keys(&self) -> Keys {
        Keys::in_folder(self.keys_folder())
    }

    /// Writes `eucalyptus.conf`.
    ///
    /// # Errors
    /// The file system's.
    pub fn configure(&self, text: &str) -> Result<()> {
        // Renamed into place, so that a daemon never reads half of it.
        let path = self.path().join("etc/eucalyptus/eucalyptus.conf");
        let fresh = path.with_extension("fresh");
        std::fs::write(&fresh, text)?;
        Ok(std::fs::rename(fresh, path)?)
    }

    /// A configuration for a cluster in SYSTEM mode that listens on `listen` and has `nodes` at one port.
    pub fn cluster_conf(listen: SocketAddr, nodes: &[SocketAddr]) -> String {
        let names: Vec<String> = nodes.iter().map(|node| node.ip().to_string()).collect();
        let port = nodes.first().map_or(8775, SocketAddr::port);
        format!(
            "DAEMON_LISTEN=\"{}\"\nCC_PORT=\"{}\"\nNC_PORT=\"{port}\"\nNC_SERVICE=\"axis2/services/EucalyptusNC\"\n\
             NODES=\"{}\"\nENABLE_WS_SECURITY=\"Y\"\nSCHEDPOLICY=\"ROUNDROBIN\"\nVNET_MODE=\"SYSTEM\"\nLOGLEVEL=\"DEBUG\"\n\
             DAEMON_ADMIN_PORT=\"0\"\n",
            listen.ip(),
            listen.port(),
            names.join(" "),
        )
    }
}

/// The recordings.
pub fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}
