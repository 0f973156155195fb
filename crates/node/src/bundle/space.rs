//! The room that bundles may work in: `NC_WORK_SIZE`, below `INSTANCE_PATH/eucalyptus/work`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use euca_hypervisor::DomainName;
use euca_image::MIB;
use euca_observe::chain;

use crate::error::Error;
use crate::files::remove_tree;

/// What is not reserved yet.
#[derive(Debug)]
pub(crate) struct WorkSpace {
    directory: PathBuf,
    free_mib: AtomicU64,
}

impl WorkSpace {
    /// Room for `mib` MiB below `instance_path`.
    pub fn new(instance_path: &Path, mib: u64) -> Self {
        Self { directory: instance_path.join("eucalyptus/work"), free_mib: mib.into() }
    }

    /// Reserves twice the size of a disk, and makes the directory for the instance. Some of the room must stay free,
    /// as with the original. Blocks.
    pub fn reserve(self: &Arc<Self>, instance: &DomainName, disk_bytes: u64) -> Result<Reservation, Error> {
        let mib = disk_bytes.saturating_mul(2) / MIB;
        if mib == 0 {
            return Err(Error::NothingToBundle(instance.clone()));
        }
        let take = |free: u64| free.checked_sub(mib).filter(|left| *left > 0);
        let taken = self.free_mib.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.map_err(|free_mib| Error::WorkSpace { needed_mib: mib, free_mib })?;
        let directory = self.directory.join(instance.as_str());
        // Given back by its end, also when there is no directory.
        let reservation = Reservation { space: Arc::clone(self), mib, directory };
        let directory = reservation.directory();
        fs::create_dir_all(directory).map_err(Error::file("create directory", directory))?;
        Ok(reservation)
    }
}

/// Room for one instance, until it is dropped; then its directory is deleted, which blocks.
#[derive(Debug)]
pub(crate) struct Reservation {
    space: Arc<WorkSpace>,
    mib: u64,
    directory: PathBuf,
}

impl Reservation {
    /// What it is room in.
    pub fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // What cannot be deleted is deleted by the next start, and the room is free all the same (storage.md Q56).
        if let Err(error) = remove_tree(&self.directory) {
            tracing::warn!(error = %chain(&error), "the work of a bundle is left");
        }
        self.space.free_mib.fetch_add(self.mib, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(id: &str) -> DomainName {
        DomainName::new(id).unwrap()
    }

    #[test]
    fn st_t116_a_disk_needs_twice_its_size_and_one_mib_must_stay() {
        let root = tempfile::tempdir().unwrap();
        // Case A of storage.md §6.4: 10,266 MiB.
        let disk = 10_266 * MIB;
        let space = Arc::new(WorkSpace::new(root.path(), 20_532));
        assert!(matches!(
            space.reserve(&id("i-1"), disk),
            Err(Error::WorkSpace { needed_mib: 20_532, free_mib: 20_532 })
        ));
        assert!(!root.path().join("eucalyptus").exists(), "nothing is made for what is refused");
        let space = Arc::new(WorkSpace::new(root.path(), 20_533));
        let reservation = space.reserve(&id("i-1"), disk).unwrap();
        assert_eq!(reservation.directory(), root.path().join("eucalyptus/work/i-1"));
        assert!(matches!(space.reserve(&id("i-2"), MIB), Err(Error::WorkSpace { free_mib: 1, .. })));
        fs::write(reservation.directory().join("part"), "x").unwrap();
        drop(reservation);
        assert!(!root.path().join("eucalyptus/work/i-1").exists());
        space.reserve(&id("i-2"), disk).unwrap();
    }

    #[test]
    fn a_reservation_cannot_leak() {
        let root = tempfile::tempdir().unwrap();
        let space = Arc::new(WorkSpace::new(root.path(), 5));
        fs::write(root.path().join("eucalyptus"), "a file where the directory should be").unwrap();
        for _ in 0..3 {
            assert!(matches!(space.reserve(&id("i-1"), 2 * MIB), Err(Error::File { .. })));
        }
        assert!(matches!(space.reserve(&id("i-1"), MIB / 2 - 1), Err(Error::NothingToBundle(_))));
        assert_eq!(space.free_mib.load(Ordering::Relaxed), 5);
        assert!(matches!(space.reserve(&id("i-1"), u64::MAX), Err(Error::WorkSpace { .. })));
    }
}
