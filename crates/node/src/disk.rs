//! The disk that a guest boots from: a root image as partition 1, or a disk image as it is (storage.md §6).
//!
//! Built on the plain file, without root and without loop devices. The image is fetched to where the partition will
//! begin, so the usual case needs no copy. Ephemeral and swap partitions, keys and the cache are not built yet.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

const SECTOR: u64 = 512;
/// First sector of partition 1: what 2.0.1 guests and tools expect (Q26).
const ROOT_SECTOR: u64 = 63;
/// Where partition 1 begins, bytes.
pub(crate) const ROOT_OFFSET: u64 = ROOT_SECTOR * SECTOR;
const MIB: u64 = 1 << 20;

/// Turns a file that holds an image of `size` bytes at [`ROOT_OFFSET`] into a disk.
pub(crate) fn assemble(path: &Path, size: u64) -> io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let mut first = [0; SECTOR as usize];
    if size >= SECTOR {
        file.read_exact_at(&mut first, ROOT_OFFSET)?;
    }
    if is_disk(&first, size) {
        move_to_front(&file, size)?;
    } else {
        let (table, length) = partitioned(size)?;
        file.write_all_at(&table, 0)?;
        file.set_len(length)?;
    }
    file.sync_all()
}

/// Whether an image that begins with this sector is a disk: the boot signature, and at least one partition, all of
/// them inside the image. A FAT or NTFS partition has the signature too.
fn is_disk(first: &[u8; SECTOR as usize], size: u64) -> bool {
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte));
    let (entries, signature) = first[446..].split_at(64);
    let mut partitions = 0;
    for entry in entries.chunks_exact(16) {
        let (kind, start, count) = (entry[4], number(&entry[8..12]), number(&entry[12..16]));
        if entry[0] & 0x7f != 0 {
            return false;
        }
        if kind == 0 {
            continue;
        }
        if start == 0 || count == 0 || start + count > size / SECTOR {
            return false;
        }
        partitions += 1;
    }
    signature == [0x55, 0xaa] && partitions > 0
}

/// The first sector of a disk with one Linux partition for an image of `size` bytes, and the disk's length.
///
/// The partition has one sector more than whole sectors of data (Q27); the length is the original's, in MiB, but
/// never so short that the partition would not fit.
fn partitioned(size: u64) -> io::Result<([u8; SECTOR as usize], u64)> {
    let sectors = size / SECTOR + 1;
    let count = u32::try_from(sectors).map_err(|_| {
        io::Error::new(io::ErrorKind::FileTooLarge, "a partition table cannot describe the image")
    })?;
    let mut table = [0; SECTOR as usize];
    let entry = &mut table[446..462];
    // No cylinders, heads and sectors: "see the other fields".
    entry[1..8].copy_from_slice(&[0xfe, 0xff, 0xff, 0x83, 0xfe, 0xff, 0xff]);
    entry[8..12].copy_from_slice(&(ROOT_SECTOR as u32).to_le_bytes());
    entry[12..16].copy_from_slice(&count.to_le_bytes());
    table[510..].copy_from_slice(&[0x55, 0xaa]);
    let original = (size / 1_024_000 + 1) * MIB;
    let needed = ((ROOT_SECTOR + sectors) * SECTOR).next_multiple_of(MIB);
    Ok((table, original.max(needed)))
}

/// Moves `size` bytes from [`ROOT_OFFSET`] to the beginning of the file, which then ends after them.
fn move_to_front(file: &File, size: u64) -> io::Result<()> {
    let mut buffer = vec![0; MIB as usize];
    let mut done = 0;
    while done < size {
        let part = usize::try_from(size - done).unwrap_or(usize::MAX).min(buffer.len());
        file.read_exact_at(&mut buffer[..part], ROOT_OFFSET + done)?;
        file.write_all_at(&buffer[..part], done)?;
        done += part as u64;
    }
    file.set_len(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assembled(image: &[u8]) -> Vec<u8> {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().write_all_at(image, ROOT_OFFSET).unwrap();
        assemble(file.path(), image.len() as u64).unwrap();
        std::fs::read(file.path()).unwrap()
    }

    /// Something without structure.
    fn noise(length: usize) -> Vec<u8> {
        (0..length).map(|index| (index * 7 % 251) as u8).collect()
    }

    #[test]
    fn a_bare_image_becomes_partition_1_at_sector_63() {
        let image = noise(3_000_000);
        let disk = assembled(&image);
        assert_eq!(
            disk[446..462],
            [0, 0xfe, 0xff, 0xff, 0x83, 0xfe, 0xff, 0xff, 63, 0, 0, 0, 0xe4, 0x16, 0, 0]
        );
        assert_eq!(disk[510..512], [0x55, 0xaa]);
        assert_eq!(disk[462..510], [0; 48]);
        assert_eq!(disk[32_256..32_256 + image.len()], image);
        assert_eq!(disk.len(), 3 << 20);
    }

    #[test]
    fn a_disk_image_stays_as_it_is() {
        let mut image = noise(2_500_000);
        image[446..510].fill(0);
        image[446..462].copy_from_slice(&[0x80, 1, 1, 0, 0x83, 1, 1, 1, 63, 0, 0, 0, 0, 8, 0, 0]);
        image[510..512].copy_from_slice(&[0x55, 0xaa]);
        assert_eq!(assembled(&image), image);
    }

    #[test]
    fn lengths_are_the_original_s_unless_the_partition_would_not_fit() {
        // Image bytes, MiB of the disk, sectors of the partition (storage.md §6.4 cases A and B, §6.5).
        let rows = [
            (1_073_741_824, 1049, 2_097_153),
            (536_870_912, 525, 1_048_577),
            (1_015_800, 1, 1983 + 1),
            (1_023_999, 2, 1999 + 1),
            (1, 1, 1),
            (0, 1, 1),
        ];
        for (size, mib, sectors) in rows {
            let (table, length) = partitioned(size).unwrap();
            assert_eq!(length, mib << 20, "{size}");
            assert_eq!(table[458..462], u32::to_le_bytes(sectors), "{size}");
        }
        assert!(partitioned(1 << 50).is_err());
    }

    #[test]
    fn only_a_plausible_partition_table_makes_a_disk() {
        let mut good = [0; 512];
        good[510..].copy_from_slice(&[0x55, 0xaa]);
        good[446..462].copy_from_slice(&[0, 0, 0, 0, 0x83, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0]);
        assert!(is_disk(&good, 10 * 512));
        type Spoil = fn(&mut [u8; 512]);
        let spoils: [(&str, Spoil); 6] = [
            ("no signature", |sector| sector[511] = 0),
            ("no partition", |sector| sector[450] = 0),
            ("beyond the end", |sector| sector[458] = 10),
            ("at sector 0", |sector| sector[454] = 0),
            ("empty", |sector| sector[458] = 0),
            ("boot code where a flag should be", |sector| sector[462] = 0x33),
        ];
        for (name, spoil) in spoils {
            let mut sector = good;
            spoil(&mut sector);
            assert!(!is_disk(&sector, 10 * 512), "{name}");
        }
    }
}
