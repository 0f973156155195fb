//! An overlay on a cached disk, qcow2, and how it is written: exported as a plain file through FUSE for the moment, so
//! that everything that builds raw disks builds overlays too, again without root.
//!
//! ```text
//!   cached disk (raw, never written) ◄── overlay (qcow2) ◄── qemu-storage-daemon ── file like a raw disk
//! ```
//! The guest's QEMU opens the overlay itself later. An overlay names its base by path, so the base has to stay where
//! and as it is as long as the overlay is used.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use euca_command::{Command, CommandRunner, Output};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::{Error, blocking, ext};

/// How long an overlay may be exported, whatever happens to us: the export ends by itself then.
const EXPORTED: Duration = Duration::from_secs(300);
/// How long the export may take to appear, and to end.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two looks for the export.
const GLANCE: Duration = Duration::from_millis(5);
/// Exports at a time. Each takes one of the programs that run at a time, and is of use only if others find a turn.
static EXPORTS: Semaphore = Semaphore::const_new(8);
/// The file that an export hides as long as it lasts.
const FILE: &str = "disk";

/// Makes an overlay of `length` bytes on a raw disk, which may be shorter.
///
/// # Errors
/// When a path cannot be used, or `qemu-img` fails.
pub async fn create(
    runner: &dyn CommandRunner,
    base: &Path,
    overlay: &Path,
    length: u64,
) -> Result<(), Error> {
    let arguments = ["create", "-q", "-f", "qcow2", "-F", "raw", "-b"].map(OsString::from);
    let command = ext::confined("qemu-img", PATIENCE).arguments(arguments).arguments([
        plain(base)?,
        plain(overlay)?,
        length.to_string().into(),
    ]);
    ext::succeeded("qemu-img", runner.run(command).await?, &[0]).map(drop)
}

/// Bytes of the disk that an overlay is to its guest. Blocks.
///
/// # Errors
/// When the file cannot be read, or is no overlay.
pub fn virtual_size(overlay: &Path) -> Result<u64, Error> {
    let mut header = [0; 32];
    let read = File::open(overlay).and_then(|mut file| file.read_exact(&mut header));
    read.map_err(Error::file("read", overlay))?;
    match header.split_last_chunk() {
        // Big-endian, from byte 24 on.
        Some((rest, size)) if rest.starts_with(b"QFI\xfb") => Ok(u64::from_be_bytes(*size)),
        _ => Err(refuse(overlay, "it is no overlay")),
    }
}

/// Writes the disk that an overlay is to its guest to the new file `raw`, within so much time. Nobody may use the
/// overlay meanwhile. What is empty in it stays so. Dropping the future ends it.
///
/// # Errors
/// When a path cannot be used, or `qemu-img` fails: the file is of no use then.
pub async fn flatten(
    runner: &dyn CommandRunner,
    overlay: &Path,
    raw: &Path,
    limit: Duration,
) -> Result<(), Error> {
    // The format is told and not looked for: what a guest writes is no header.
    let arguments = ["convert", "-q", "-f", "qcow2", "-O", "raw"].map(OsString::from);
    let command = ext::confined("qemu-img", limit).arguments(arguments);
    let command = command.arguments([plain(overlay)?, plain(raw)?]);
    ext::succeeded("qemu-img", runner.run(command).await?, &[0]).map(drop)
}

/// An overlay that can be read and written as a raw disk, until [`Self::close`]. Dropped before, it ends a moment
/// later.
#[derive(Debug)]
pub struct Export {
    file: PathBuf,
    pid_file: PathBuf,
    daemon: JoinHandle<Result<Output, Error>>,
    _turn: SemaphorePermit<'static>,
}

impl Export {
    /// Exports an overlay of `length` bytes.
    ///
    /// # Errors
    /// When the export does not appear: no `qemu-storage-daemon`, no FUSE, or not for this user.
    pub async fn open(runner: &Arc<dyn CommandRunner>, overlay: &Path, length: u64) -> Result<Self, Error> {
        plain(overlay)?;
        let turn = EXPORTS.acquire().await.map_err(|_| Error::Cancelled)?;
        let folder = blocking(folder).await?;
        let (file, pid_file) = (folder.path().join(FILE), folder.path().join("pid"));
        plain(&file)?;
        let option = |before: &str, path: &Path, after: &str| {
            let mut option = OsString::from(before);
            option.push(path);
            option.push(after);
            option
        };
        // What e2fsprogs sync on their way reaches the overlay's file, which needs not be durable. The program that
        // runs the daemon ends it in time should we be gone.
        let command = Command::new("timeout", EXPORTED + PATIENCE)
            .arguments([EXPORTED.as_secs().to_string(), "qemu-storage-daemon".to_owned()])
            .arguments(["--pidfile".into(), pid_file.clone().into_os_string()])
            .arguments([
                "--blockdev".into(),
                option("driver=file,node-name=file,cache.no-flush=on,filename=", overlay, ""),
            ])
            .arguments([
                "--blockdev",
                "driver=qcow2,node-name=disk,file=file,discard=unmap,cache.no-flush=on",
            ])
            .arguments([
                "--export".into(),
                option("fuse,id=disk,node-name=disk,writable=on,mountpoint=", &file, ""),
            ]);
        let runner = Arc::clone(runner);
        let daemon = tokio::spawn(async move {
            let ended = runner.run(command).await;
            // Nothing is mounted there any more.
            blocking(move || folder.close().map_err(Error::file("remove", "the folder of an export")))
                .await?;
            Ok(ended?)
        });
        let mut export = Self { file, pid_file, daemon, _turn: turn };
        let end = Instant::now() + PATIENCE;
        while !export.is_there(length) {
            if export.daemon.is_finished() {
                export.ended().await?;
                return Err(refuse(overlay, "its export has ended at once"));
            }
            if Instant::now() > end {
                return Err(refuse(overlay, "its export does not appear"));
            }
            sleep(GLANCE).await;
        }
        Ok(export)
    }

    /// The file that is the disk.
    pub fn path(&self) -> &Path {
        &self.file
    }

    /// Writes what was written into the overlay, which is not made durable, and ends the export.
    ///
    /// # Errors
    /// When something could not be written, or the export does not end.
    pub async fn close(mut self) -> Result<(), Error> {
        let file = self.file.clone();
        blocking(move || {
            let written = std::fs::File::open(&file).and_then(|file| file.sync_all());
            written.map_err(Error::file("write", &file))
        })
        .await?;
        self.stop();
        match timeout(PATIENCE, self.ended()).await {
            Ok(ended) => ended,
            Err(_) => Err(refuse(&self.file, "the export does not end")),
        }
    }

    /// Waits for the end of the daemon, which takes the mount with it.
    async fn ended(&mut self) -> Result<(), Error> {
        let output = (&mut self.daemon).await.map_err(|_| Error::Cancelled)??;
        ext::succeeded("qemu-storage-daemon", output, &[0]).map(drop)
    }

    /// An export has the disk's length, the file that it hides has none.
    fn is_there(&self, length: u64) -> bool {
        self.pid_file.exists() && std::fs::metadata(&self.file).is_ok_and(|file| file.len() == length)
    }

    /// Asks the daemon to end. It writes what it holds, unmounts and removes its pid file.
    fn stop(&self) {
        let pid = std::fs::read_to_string(&self.pid_file).ok().and_then(|text| text.trim().parse().ok());
        if let Some(pid) = pid.filter(|pid| *pid > 1 && !self.daemon.is_finished()) {
            // It may have ended by itself.
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
    }
}

impl Drop for Export {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A folder for an export and its pid file, away from the instance's, which may be removed at any time.
fn folder() -> Result<TempDir, Error> {
    let folder = tempfile::Builder::new().prefix("euca-overlay-").tempdir();
    let folder = folder.map_err(Error::file("create a folder in", std::env::temp_dir()))?;
    let file = folder.path().join(FILE);
    File::create(&file).map_err(Error::file("create", &file))?;
    Ok(folder)
}

/// The path as a part of QEMU's options: a comma would begin the next one, a colon end a protocol's name.
fn plain(path: &Path) -> Result<OsString, Error> {
    ext::plain(path, ",:")
}

fn refuse(path: &Path, reason: &str) -> Error {
    Error::Unusable { what: path.display().to_string(), reason: reason.to_owned() }
}
