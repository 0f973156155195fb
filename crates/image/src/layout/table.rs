//! The table of partitions in the first sector of a disk (MBR).

use std::fmt;

use super::Extent;

/// Bytes of a sector.
pub const SECTOR: u64 = 512;
/// Where the table lies within the first sector.
pub const TABLE: std::ops::Range<usize> = 446..510;
const SIGNATURE: [u8; 2] = [0x55, 0xaa];

/// Four entries, each as its 16 bytes, so that what a foreign tool wrote is kept to the last bit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table([Entry; 4]);

impl Table {
    /// Reads the table of a first sector. `None` without the signature, or with code of a boot loader where the flags
    /// of the entries should be.
    pub fn parse(sector: &[u8; SECTOR as usize]) -> Option<Self> {
        if sector[TABLE.end..] != SIGNATURE {
            return None;
        }
        let mut table = Self::default();
        for (entry, bytes) in table.0.iter_mut().zip(sector[TABLE].chunks_exact(16)) {
            entry.0.copy_from_slice(bytes);
        }
        table.0.iter().all(|entry| entry.0[0] & 0x7f == 0).then_some(table)
    }

    /// Writes the table and the signature into a first sector; what stands before them stays.
    pub fn render(&self, sector: &mut [u8; SECTOR as usize]) {
        for (bytes, entry) in sector[TABLE].chunks_exact_mut(16).zip(&self.0) {
            bytes.copy_from_slice(&entry.0);
        }
        sector[TABLE.end..].copy_from_slice(&SIGNATURE);
    }

    /// The entries in use with their numbers, 1 to 4.
    pub fn partitions(&self) -> impl Iterator<Item = (usize, &Entry)> {
        (1..).zip(&self.0).filter(|(_, entry)| entry.kind() != 0)
    }

    /// Sets the entry of partition `number`, 1 to 4.
    pub(super) fn set(&mut self, number: usize, entry: Entry) {
        self.0[number - 1] = entry;
    }
}

/// One partition, or none if its kind is 0.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Entry([u8; 16]);

impl Entry {
    /// The kind of Linux file systems.
    pub const LINUX: u8 = 0x83;
    /// The kind of Linux swap.
    pub const SWAP: u8 = 0x82;

    /// A partition of `count` sectors from sector `first` on, which end below 2³².
    pub(super) fn new(kind: u8, first: u64, count: u64) -> Self {
        let number = |value: u64| u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes();
        let mut bytes = [0; 16];
        bytes[1..4].copy_from_slice(&cylinder_head_sector(first));
        bytes[4] = kind;
        bytes[5..8].copy_from_slice(&cylinder_head_sector(first + count - 1));
        bytes[8..12].copy_from_slice(&number(first));
        bytes[12..].copy_from_slice(&number(count));
        Self(bytes)
    }

    /// What the partition is for; 0 for no partition.
    pub fn kind(&self) -> u8 {
        self.0[4]
    }

    /// Its first sector.
    pub fn first(&self) -> u64 {
        self.number(8)
    }

    /// Its sectors.
    pub fn count(&self) -> u64 {
        self.number(12)
    }

    /// The first sector after it.
    pub fn end(&self) -> u64 {
        self.first() + self.count()
    }

    /// Where it lies.
    pub fn extent(&self) -> Extent {
        Extent { offset: self.first() * SECTOR, length: self.count() * SECTOR }
    }

    /// Whether it has sectors, all of them after the table and inside a disk of this many sectors.
    pub(super) fn lies_within(&self, sectors: u64) -> bool {
        self.first() > 0 && self.count() > 0 && self.end() <= sectors
    }

    /// Whether it stands for partitions that another table describes: an extended partition, or all of a GPT.
    pub(super) fn is_container(&self) -> bool {
        matches!(self.kind(), 0x05 | 0x0f | 0x85 | 0xee)
    }

    fn number(&self, at: usize) -> u64 {
        self.0[at..at + 4].iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte))
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#04x} {}+{}", self.kind(), self.first(), self.count())
    }
}

/// A sector's address in the geometry of 2.0.1's disks: 4 heads, 32 sectors, and for what lies behind cylinder 1023
/// the last address there is. Nothing later than DOS looks at it.
fn cylinder_head_sector(sector: u64) -> [u8; 3] {
    let (cylinder, head, sector) = match sector / 128 {
        cylinder @ 0..=1023 => (cylinder, sector / 32 % 4, sector % 32 + 1),
        _ => (1023, 3, 32),
    };
    [head as u8, (sector | cylinder >> 8 << 6) as u8, cylinder as u8]
}
