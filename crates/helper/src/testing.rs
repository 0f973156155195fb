//! A stand-in for open-iscsi and its targets, and a helper that uses it: for tests, where the kernel has no iSCSI.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use euca_command::Programs;
use nix::unistd::Uid;
use tempfile::TempDir;
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;
use tokio_util::sync::DropGuard;

use crate::{ISCSI_LIMIT, Server, Settings};

const PROGRAM: &str = include_str!("testing/iscsiadm.sh");
/// The password of every target.
pub const PASSWORD: &str = "AbCdEfGhIjKlMnOpQrStUvWx_-8.";
/// A target that is offered.
pub const TARGET: &str = "iqn.2009-06.com.eucalyptus.c1:store7";

/// Everything that iscsiadm has and does, in a folder of its own.
#[derive(Debug)]
pub struct FakeIscsi(TempDir);

impl FakeIscsi {
    /// Offers [`TARGET`] and another, `…:store8`; their block device is `/dev/loop0`.
    ///
    /// # Errors
    /// The file system's.
    pub fn new() -> io::Result<Self> {
        let fake = Self(tempfile::tempdir()?);
        for folder in ["nodes", "sessions", "by-path"] {
            fs::create_dir(fake.at(folder))?;
        }
        fake.put("offered", &format!("{TARGET}\n{}\n", TARGET.replace("store7", "store8")))?;
        fake.put("password", &format!("{PASSWORD}\n"))?;
        symlink("/dev/loop0", fake.at("device"))?;
        // Not written in place: a program that is still open for writing somewhere cannot be run.
        let aside = fake.at("iscsiadm.new");
        fs::write(&aside, PROGRAM)?;
        fs::set_permissions(&aside, fs::Permissions::from_mode(0o755))?;
        fs::rename(aside, fake.program())?;
        Ok(fake)
    }

    /// The program.
    pub fn program(&self) -> PathBuf {
        self.at("iscsiadm")
    }

    /// Its records.
    pub fn records(&self) -> PathBuf {
        self.at("nodes")
    }

    /// What udev makes of sessions.
    pub fn by_path(&self) -> PathBuf {
        self.at("by-path")
    }

    /// A file of the folder, see the program.
    pub fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file of the folder, see the program.
    ///
    /// # Errors
    /// The file system's.
    pub fn put(&self, name: &str, text: &str) -> io::Result<()> {
        fs::write(self.at(name), text)
    }

    /// Removes a file of the folder, if it is there.
    pub fn remove(&self, name: &str) {
        let _ = fs::remove_file(self.at(name));
    }

    /// The arguments of each run since the last time this was asked.
    pub fn trace(&self) -> Vec<String> {
        let trace = fs::read_to_string(self.at("trace")).unwrap_or_default();
        self.remove("trace");
        trace.lines().map(str::to_owned).collect()
    }

    /// Whether a login was begun. Takes nothing from the trace: what is written meanwhile would be lost.
    pub fn at_login(&self) -> bool {
        fs::read_to_string(self.at("trace")).is_ok_and(|trace| trace.contains("--login\n"))
    }

    /// Names of the targets with a session.
    pub fn sessions(&self) -> Vec<String> {
        entries(&self.at("sessions"))
    }

    /// Names of the targets with a record.
    pub fn nodes(&self) -> Vec<String> {
        entries(&self.records())
    }
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// A helper in this process.
#[derive(Debug)]
pub struct TestHelper {
    folder: TempDir,
    _stop: DropGuard,
}

impl TestHelper {
    /// Listens to this process's user, and does with `iscsi` what it is asked. Its power-down program is
    /// [`TestHelper::power_down`]. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// The file system's.
    pub fn start(iscsi: &FakeIscsi, adjust: impl FnOnce(&mut Settings)) -> io::Result<Self> {
        let folder = tempfile::tempdir()?;
        let stop = CancellationToken::new();
        let helper = Self { folder, _stop: stop.clone().drop_guard() };
        let mut settings = Settings {
            user: Uid::current(),
            iscsiadm: iscsi.program(),
            records: iscsi.records(),
            power_down: helper.power_down(),
            iscsi_limit: ISCSI_LIMIT,
        };
        adjust(&mut settings);
        let listener = UnixListener::bind(helper.socket())?;
        tokio::spawn(Server::new(settings, Arc::new(Programs::default())).serve(listener, stop));
        Ok(helper)
    }

    /// Where it listens.
    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Where the program that puts the host to sleep is looked for.
    pub fn power_down(&self) -> PathBuf {
        self.folder.path().join("powernap-now")
    }
}
