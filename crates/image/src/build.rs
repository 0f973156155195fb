//! Makes a disk of what an image was copied to: length, table, ephemeral file system and swap area. All of it is
//! written into the file, whose empty areas stay holes.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use euca_command::CommandRunner;
use rustix::fs::FallocateFlags;

use crate::layout::{Extent, Plan, SECTOR};
use crate::{Error, blocking, ext, sparse};

/// Bytes of a page of swap.
const PAGE: u64 = 4096;

/// Turns the file into the planned disk. The image must be where the plan says, and nothing but holes after it. The
/// content is not made durable.
///
/// # Errors
/// When the file cannot be written, or the ephemeral file system cannot be made; the file is of no use then.
pub async fn build(runner: &dyn CommandRunner, disk: &Path, plan: &Plan) -> Result<(), Error> {
    let path = PathBuf::from(disk);
    let planned = plan.clone();
    blocking(move || prepare(&path, &planned)).await?;
    if let Some(extent) = plan.ephemeral {
        ext::make(runner, disk, extent).await?;
        let path = PathBuf::from(disk);
        blocking(move || release(&path, extent)).await?;
    }
    Ok(())
}

/// All but the ephemeral file system. Blocking.
fn prepare(disk: &Path, plan: &Plan) -> Result<(), Error> {
    let failed = || Error::file("write", disk);
    let file = open(disk)?;
    file.set_len(plan.length).map_err(failed())?;
    let mut first = [0; SECTOR as usize];
    if plan.length >= SECTOR {
        file.read_exact_at(&mut first, 0).map_err(failed())?;
        plan.table.render(&mut first);
        file.write_all_at(&first, 0).map_err(failed())?;
    }
    match plan.swap {
        Some(extent) => write_swap(&file, extent).map_err(failed()),
        None => Ok(()),
    }
}

/// Writes the header that makes an area swap space, version 1, without a label. The rest need not be written.
fn write_swap(file: &File, extent: Extent) -> io::Result<()> {
    let last = u32::try_from(extent.length / PAGE).unwrap_or(u32::MAX).saturating_sub(1);
    let mut identity = [0; 16];
    openssl::rand::rand_bytes(&mut identity)?;
    // A random UUID says that it is one.
    identity[6] = identity[6] & 0x0f | 0x40;
    identity[8] = identity[8] & 0x3f | 0x80;
    let mut page = [0; PAGE as usize];
    page[1024..1028].copy_from_slice(&1u32.to_le_bytes());
    page[1028..1032].copy_from_slice(&last.to_le_bytes());
    page[1036..1052].copy_from_slice(&identity);
    page[4086..].copy_from_slice(b"SWAPSPACE2");
    file.write_all_at(&page, extent.offset)
}

/// Gives back what making a file system has reserved and not used: inode tables and a journal of zeros. Blocking.
fn release(disk: &Path, extent: Extent) -> Result<(), Error> {
    let file = open(disk)?;
    for hole in sparse::holes(&file, extent).map_err(Error::file("read", disk))? {
        let mode = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        // It saves room only. Some file systems cannot do it.
        if rustix::fs::fallocate(&file, mode, hole.offset, hole.length).is_err() {
            break;
        }
    }
    Ok(())
}

fn open(disk: &Path) -> Result<File, Error> {
    OpenOptions::new().read(true).write(true).open(disk).map_err(Error::file("open", disk))
}

#[cfg(test)]
mod tests;
