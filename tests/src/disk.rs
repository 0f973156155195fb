//! File systems that are filled, or lose what was not durable.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use euca_hypervisor::testing::LoopDevice;
use nix::mount::{MntFlags, MsFlags, mount, umount2};

/// A file system of a few megabytes in a folder; gone when the handle goes.
pub struct SmallDisk {
    folder: PathBuf,
    /// What was there when it was filled.
    held: Vec<File>,
}

impl SmallDisk {
    /// Mounts one of so many bytes.
    ///
    /// # Errors
    /// The kernel's; this is for root only.
    pub fn mount(folder: &Path, bytes: u64) -> Result<Self> {
        let options = format!("size={bytes}");
        mount(Some("tmpfs"), folder, Some("tmpfs"), MsFlags::empty(), Some(options.as_str())).with_context(
            || format!("a file system for {} (tests that mount run as root)", folder.display()),
        )?;
        Ok(Self { folder: folder.to_owned(), held: Vec::new() })
    }

    /// Fills all room that is left. What is deleted from now on gives none back: its bytes stay, in files held open.
    ///
    /// # Errors
    /// Anything but that there is no more room.
    pub fn fill(&mut self) -> Result<()> {
        hold(&self.folder, &mut self.held);
        let mut file = File::options().create(true).append(true).open(self.filler())?;
        for size in [1 << 16, 1] {
            let block = vec![0; size];
            loop {
                match file.write_all(&block) {
                    Ok(()) => {}
                    Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                    Err(error) => bail!(error),
                }
            }
        }
        Ok(())
    }

    /// Gives the room back.
    ///
    /// # Errors
    /// The file system's.
    pub fn empty(&mut self) -> Result<()> {
        self.held.clear();
        Ok(std::fs::remove_file(self.filler())?)
    }

    fn filler(&self) -> PathBuf {
        self.folder.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Detached: whoever still has a file open keeps it until then.
        let _ = umount2(&self.folder, MntFlags::MNT_DETACH);
    }
}

/// An ext4 in a folder that can lose its power: what was not synchronised is gone then, as far as the kernel has not
/// written it by chance.
pub struct FragileDisk {
    folder: PathBuf,
    device: LoopDevice,
    _file: tempfile::NamedTempFile,
}

impl FragileDisk {
    /// Makes and mounts one of so many bytes.
    ///
    /// # Errors
    /// The kernel's; this is for root only.
    pub fn mount(folder: &Path, bytes: u64) -> Result<Self> {
        let file = tempfile::NamedTempFile::new()?;
        file.as_file().set_len(bytes)?;
        run(Command::new("/sbin/mke2fs").args(["-q", "-F", "-t", "ext4"]).arg(file.path()))?;
        let device = LoopDevice::create(file.path())?;
        let disk = Self { folder: folder.to_owned(), device, _file: file };
        disk.power_on()?;
        Ok(disk)
    }

    fn power_on(&self) -> Result<()> {
        let flags = MsFlags::empty();
        mount(Some(self.device.path()), &self.folder, Some("ext4"), flags, None::<&str>)?;
        Ok(())
    }

    /// From now on, nothing reaches the disk.
    ///
    /// # Errors
    /// `xfs_io`'s.
    pub fn lose_power(&self) -> Result<()> {
        run(Command::new("xfs_io").args(["-x", "-c", "shutdown"]).arg(&self.folder))
    }

    /// Mounts it again, with what it has kept. Nobody may have a file of it open.
    ///
    /// # Errors
    /// The kernel's.
    pub async fn restart(&self) -> Result<()> {
        let began = Instant::now();
        while let Err(error) = umount2(&self.folder, MntFlags::empty()) {
            ensure!(began.elapsed() < Duration::from_secs(30), "it is still used: {error}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.power_on()
    }
}

impl Drop for FragileDisk {
    fn drop(&mut self) {
        let _ = umount2(&self.folder, MntFlags::MNT_DETACH);
    }
}

/// Opens all files of a folder that nobody deletes meanwhile.
fn hold(folder: &Path, held: &mut Vec<File>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => hold(&entry.path(), held),
            Ok(kind) if kind.is_file() => held.extend(File::open(entry.path())),
            _ => {}
        }
    }
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
