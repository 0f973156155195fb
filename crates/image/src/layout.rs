//! What an image is, and where the partitions of an instance's disk lie (storage.md §6). Arithmetic only: no file is
//! touched here.
//!
//! ```text
//!   image of one file system               image of a disk with one partition     any other disk
//!   ┌─────┬──────┬───────────┬──────┐      ┌─────┬──────┬───────────┬──────┐       ┌───────────────────┐
//!   │table│ root │ ephemeral │ swap │      │table│ image│ ephemeral │ swap │       │ the image as it is│
//!   └─────┴──────┴───────────┴──────┘      └─────┴──────┴───────────┴──────┘       └───────────────────┘
//!          1      2           3                   1      2           3
//! ```
//! The numbers are the contract with guests: a partition that is left out leaves its number free. A guest of Windows
//! gets no additions (Q32).

mod table;

pub use table::{Entry, SECTOR, TABLE, Table};

use crate::{Error, MIB};

/// MB of the original's partitions and file lengths: 2000 sectors.
const LEGACY_MB: u64 = 2000 * SECTOR;
/// Sectors of a MiB.
const MIB_SECTORS: u64 = MIB / SECTOR;
/// A disk that a partition table can describe ends here, MiB: sectors are counted in 32 bits.
const MAX_MIB: u64 = (1 << 32) / MIB_SECTORS;

/// Where partitions begin, and how their lengths are reckoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// Root at sector 63, as guests of 2.0.1 know it (Q26); ephemeral and swap in exact MiB, so that the disk does not
    /// outgrow its limit (Q28, Q29).
    #[default]
    Exact,
    /// The same with every partition at a multiple of 1 MiB.
    Aligned,
    /// Every number as in 2.0.1: MB of 2000 sectors, and a disk that is larger than its limit.
    Legacy,
}

impl Layout {
    /// Where the root partition of a new table begins, bytes. Disks of layouts with the same place have the same
    /// beginning, and may be made from the same cached content.
    pub fn root_offset(self) -> u64 {
        self.align(63) * SECTOR
    }

    /// The first sector from this one on where a partition may begin.
    fn align(self, sector: u64) -> u64 {
        match self {
            Self::Exact | Self::Legacy => sector,
            Self::Aligned => sector.next_multiple_of(MIB_SECTORS),
        }
    }
}

/// What guests of an image expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Ephemeral and swap partitions, and a key.
    Linux,
    /// Neither; a password.
    Windows,
}

/// What a file given as an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Image {
    /// One file system, to become partition 1.
    Partition,
    /// A disk with its own table.
    Disk(Table),
}

impl Image {
    /// Tells by the first sector, or what there is of it, of an image of `size` bytes. A disk has the boot signature
    /// and at least one partition inside the image; the boot sectors of FAT and NTFS have the signature too.
    ///
    /// # Errors
    /// [`Error::Unusable`] for a qcow2 image: taken for a partition it would not boot, taken for what it says it could
    /// name files of the host.
    pub fn recognise(first: &[u8], size: u64) -> Result<Self, Error> {
        if first.starts_with(b"QFI\xfb") {
            let reason = "it is a qcow2 image, and only raw images are supported".to_owned();
            return Err(Error::Unusable { what: "the image".to_owned(), reason });
        }
        let sectors = size / SECTOR;
        let disk = first
            .first_chunk()
            .filter(|sector| !is_boot_sector(sector))
            .and_then(Table::parse)
            .filter(|table| table.partitions().any(|(_, entry)| entry.lies_within(sectors)));
        Ok(disk.map_or(Self::Partition, Self::Disk))
    }
}

/// Whether it is the boot sector of a FAT or NTFS file system, by the name it carries.
fn is_boot_sector(sector: &[u8; SECTOR as usize]) -> bool {
    let name = |at: usize, name: &[u8]| sector[at..].starts_with(name);
    name(3, b"NTFS    ") || name(54, b"FAT1") || name(82, b"FAT32   ")
}

/// A run of bytes of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Its first byte.
    pub offset: u64,
    /// Its length in bytes.
    pub length: u64,
}

/// What a disk shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Its table of partitions.
    pub table: Table,
    /// Its length in bytes.
    pub length: u64,
    /// Where the image lies.
    pub image: Extent,
    /// Where the root file system lies, if there is one: the image itself, or the first Linux partition of a disk.
    pub root: Option<Extent>,
    /// Where the ephemeral file system is to be made.
    pub ephemeral: Option<Extent>,
    /// Where the swap area is to be made.
    pub swap: Option<Extent>,
}

/// What an image of `size` bytes may become within its limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Where partitions begin and how they are reckoned.
    pub layout: Layout,
    /// Swap of every Linux guest, MiB (`SWAP_SIZE`); 0 for none.
    pub swap: u64,
    /// What the guest expects.
    pub platform: Platform,
    /// What the disk may take, MiB: see [`limit`].
    pub limit: u64,
}

/// MiB left for a disk of a VM type of `disk` GiB beside files of these sizes in bytes: kernel and ramdisk, each
/// rounded down.
///
/// # Errors
/// [`Error::LimitExceeded`] when less than 1 MiB is left.
pub fn limit(disk: u64, beside: &[u64]) -> Result<u64, Error> {
    let granted = disk.saturating_mul(1024);
    let taken = beside.iter().fold(0, |taken: u64, size| taken.saturating_add(size / MIB));
    match granted.saturating_sub(taken) {
        0 => Err(Error::LimitExceeded { needed: taken.saturating_add(1), limit: granted }),
        left => Ok(left),
    }
}

impl Rules {
    /// Whether an image of `size` bytes may become a disk. To be asked before it is fetched, and again before a cached
    /// one is copied (Q31); [`Self::plan`] asks too.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`] when image, swap and 1 MiB for the table do not fit below the limit, or no table could
    /// describe them.
    pub fn check(&self, size: u64) -> Result<(), Error> {
        let needed = (size / MIB).saturating_add(self.swap()).saturating_add(2);
        let limit = self.limit.min(MAX_MIB);
        if needed > limit {
            return Err(Error::LimitExceeded { needed, limit });
        }
        Ok(())
    }

    /// The disk for an image of `size` bytes.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn plan(&self, image: &Image, size: u64) -> Result<Plan, Error> {
        self.check(size)?;
        match image {
            Image::Partition => Ok(self.partitioned(size)),
            Image::Disk(table) => Ok(self.extended(table, size)),
        }
    }

    /// A new table with the image as partition 1. It has one sector more than there are whole sectors of data (Q27).
    fn partitioned(&self, size: u64) -> Plan {
        let first = self.layout.align(63);
        let count = size / SECTOR + 1;
        let mut table = Table::default();
        table.set(1, Entry::new(Entry::LINUX, first, count));
        let root = Extent { offset: first * SECTOR, length: size };
        // The length that 2.0.1 gave a disk before it added to it; rarely too short for the partition.
        let needed = ((first + count) * SECTOR).next_multiple_of(MIB);
        let length = match self.layout {
            Layout::Exact | Layout::Aligned => needed,
            Layout::Legacy => needed.max((size / LEGACY_MB + 1) * MIB),
        };
        let plan = Plan { table, length, image: root, root: Some(root), ephemeral: None, swap: None };
        self.with_additions(plan, first + count)
    }

    /// The image's own table, with additions if partition 1 is its only one.
    fn extended(&self, table: &Table, size: u64) -> Plan {
        let sectors = size / SECTOR;
        let inside = || table.partitions().filter(|(_, entry)| entry.lies_within(sectors));
        let root = inside().find(|(_, entry)| entry.kind() == Entry::LINUX);
        let plan = Plan {
            table: table.clone(),
            length: size,
            image: Extent { offset: 0, length: size },
            root: root.map(|(_, entry)| entry.extent()),
            ephemeral: None,
            swap: None,
        };
        let mut all = table.partitions();
        match (all.next(), all.next()) {
            (Some((1, only)), None) if !only.is_container() => self.with_additions(plan, only.end()),
            _ => plan,
        }
    }

    /// The plan with ephemeral and swap from sector `next` on. Its length so far is what an image of its own would
    /// have taken.
    fn with_additions(&self, mut plan: Plan, next: u64) -> Plan {
        if self.platform == Platform::Windows {
            return plan;
        }
        let limit = self.limit.min(MAX_MIB);
        let swap = self.swap();
        match self.layout {
            Layout::Legacy => {
                let before = plan.length / MIB;
                let base = before * MIB / LEGACY_MB + 1;
                let ephemeral = limit.saturating_sub(swap + before).min(MAX_MIB.saturating_sub(base + swap));
                if ephemeral == 0 && swap == 0 {
                    return plan;
                }
                plan.length = plan.length.max((base + swap + ephemeral) * MIB);
                let mut next = next;
                // A dummy of two sectors gave swap its number, and left a hole.
                let count = if ephemeral == 0 { 2 } else { 2000 * ephemeral + 1 };
                if ephemeral > 0 {
                    plan.add_ephemeral(next, count);
                }
                next += count;
                if swap > 0 {
                    plan.add_swap(next, plan.length / SECTOR - next);
                }
            }
            Layout::Exact | Layout::Aligned => {
                let first = self.layout.align(next);
                let room = (limit * MIB_SECTORS).saturating_sub(swap * MIB_SECTORS + first);
                let ephemeral = room / MIB_SECTORS * MIB_SECTORS;
                if ephemeral > 0 {
                    plan.add_ephemeral(first, ephemeral);
                }
                if swap > 0 {
                    plan.add_swap(first + ephemeral, swap * MIB_SECTORS);
                }
                let end = first + ephemeral + swap * MIB_SECTORS;
                plan.length = plan.length.max((end * SECTOR).next_multiple_of(MIB));
            }
        }
        plan
    }

    /// MiB of swap of this guest.
    fn swap(&self) -> u64 {
        if self.platform == Platform::Windows { 0 } else { self.swap }
    }
}

impl Plan {
    fn add_ephemeral(&mut self, first: u64, count: u64) {
        let entry = Entry::new(Entry::LINUX, first, count);
        self.ephemeral = Some(entry.extent());
        self.table.set(2, entry);
    }

    fn add_swap(&mut self, first: u64, count: u64) {
        let entry = Entry::new(Entry::SWAP, first, count);
        self.swap = Some(entry.extent());
        self.table.set(3, entry);
    }
}

#[cfg(test)]
mod tests;
