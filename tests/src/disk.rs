//! A file system that can be filled.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use nix::mount::{MntFlags, MsFlags, mount, umount2};

/// A file system of a few megabytes in a folder; gone when the handle goes.
pub struct SmallDisk(PathBuf);

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
        Ok(Self(folder.to_owned()))
    }

    /// Fills all room that is left, or has become free since.
    ///
    /// # Errors
    /// Anything but that there is no more room.
    pub fn fill(&self) -> Result<()> {
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
    pub fn empty(&self) -> Result<()> {
        Ok(std::fs::remove_file(self.filler())?)
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Detached: whoever still has a file open keeps it until then.
        let _ = umount2(&self.0, MntFlags::MNT_DETACH);
    }
}
