//! Makes a disk of what an image was copied to: length, table, ephemeral file system and swap area. All of it is
//! written into the file, whose empty areas stay holes.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use euca_command::CommandRunner;
use tempfile::NamedTempFile;

use crate::layout::{Extent, Plan, SECTOR};
use crate::{Error, blocking, copy, ext, sparse};

/// Bytes of a page of swap.
const PAGE: u64 = 4096;

/// Turns the file into the planned disk. The image must be where the plan says, and nothing but holes after it. The
/// content is not made durable.
///
/// The ephemeral file system is made in a file of its own, of which only what was written is copied: making it wants
/// thousands of small writes, which an exported overlay takes slowly, and zeros that need not take room.
///
/// # Errors
/// When the file cannot be written, or the ephemeral file system cannot be made; the file is of no use then.
pub async fn build(runner: &dyn CommandRunner, disk: &Path, plan: &Plan) -> Result<(), Error> {
    let (path, planned) = (PathBuf::from(disk), plan.clone());
    blocking(move || prepare(&path, &planned)).await?;
    let Some(extent) = plan.ephemeral else { return Ok(()) };
    let scratch = blocking(move || scratch(extent.length)).await?;
    ext::make(runner, scratch.path(), extent.length).await?;
    let path = PathBuf::from(disk);
    let behind = (plan.image.offset + plan.image.length).saturating_sub(extent.offset).min(extent.length);
    blocking(move || {
        let disk = open(&path)?;
        clear(&disk, Extent { length: behind, ..extent })
            .and_then(|()| place(scratch.as_file(), &disk, extent))
            .map_err(Error::file("write", &path))
    })
    .await
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

/// An empty file of `length` bytes.
fn scratch(length: u64) -> Result<NamedTempFile, Error> {
    let file = NamedTempFile::new().and_then(|file| file.as_file().set_len(length).map(|()| file));
    file.map_err(Error::file("create a file in", std::env::temp_dir()))
}

/// Writes zeros over what an image has behind its only partition.
fn clear(disk: &File, area: Extent) -> io::Result<()> {
    let zeros = vec![0; area.length.min(1 << 20) as usize];
    let mut at = area.offset;
    let end = area.offset + area.length;
    while at < end {
        let part = (end - at).min(zeros.len() as u64);
        disk.write_all_at(&zeros[..part as usize], at)?;
        at += part;
    }
    Ok(())
}

/// Copies what was written of a file to its place in the disk, where there are only zeros.
fn place(file: &File, disk: &File, extent: Extent) -> io::Result<()> {
    for data in sparse::data(file, Extent { offset: 0, ..extent })? {
        copy::by_blocks(file, data, disk, extent.offset + data.offset)?;
    }
    Ok(())
}

fn open(disk: &Path) -> Result<File, Error> {
    OpenOptions::new().read(true).write(true).open(disk).map_err(Error::file("open", disk))
}

#[cfg(test)]
mod tests;
