//! Copies of files with holes, as cheap as the file system allows.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use tokio_util::sync::CancellationToken;

use crate::layout::Extent;
use crate::{Error, blocking, sparse};

/// Bytes copied between two looks at whether the copy is still wanted.
const STEP: u64 = 32 << 20;
/// Bytes of a block that is read and written where the kernel cannot copy.
const BLOCK: u64 = 1 << 20;

/// How a file was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copied {
    /// Not at all: both share their blocks until one is written.
    Shared,
    /// By the kernel, the areas with data only.
    Kernel,
    /// Block by block, those of zeros left out.
    Blocks,
}

/// Copies `from` to the file `to`, which is created or replaced, with its holes: shared blocks if `share` and the file
/// system can, a copy by the kernel if that can, and else by reading and writing. The copy is not made durable.
/// Dropping the future ends it soon after.
///
/// # Errors
/// When a file cannot be read or written; what is in `to` then is of no use.
pub async fn copy(from: &Path, to: &Path, share: bool) -> Result<Copied, Error> {
    let (from, to) = (PathBuf::from(from), PathBuf::from(to));
    let unwanted = CancellationToken::new();
    let _guard = unwanted.clone().drop_guard();
    blocking(move || {
        let source = File::open(&from).map_err(Error::file("read", &from))?;
        let failed = || Error::file("write", &to);
        let mut options = OpenOptions::new();
        let target = options.read(true).write(true).create(true).truncate(true).open(&to).map_err(failed())?;
        if share && rustix::fs::ioctl_ficlone(&target, &source).is_ok() {
            return Ok(Copied::Shared);
        }
        let length = source.metadata().map_err(Error::file("read", &from))?.len();
        target.set_len(length).map_err(failed())?;
        let mut how = Copied::Kernel;
        for area in sparse::data(&source, Extent { offset: 0, length }).map_err(Error::file("read", &from))? {
            let mut at = area.offset;
            let end = area.offset + area.length;
            while at < end {
                if unwanted.is_cancelled() {
                    return Err(Error::Cancelled);
                }
                let step = Extent { offset: at, length: STEP.min(end - at) };
                if how == Copied::Blocks {
                    by_blocks(&source, step, &target, step.offset).map_err(failed())?;
                    at += step.length;
                    continue;
                }
                match by_kernel(&source, &target, step) {
                    Ok(0) | Err(Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
                        how = Copied::Blocks;
                    }
                    Ok(copied) => at += copied,
                    Err(error) => return Err(failed()(error.into())),
                }
            }
        }
        Ok(how)
    })
    .await
}

/// Copies some of `step`, and returns how much.
fn by_kernel(source: &File, target: &File, step: Extent) -> Result<u64, Errno> {
    let (mut from, mut to) = (step.offset, step.offset);
    let length = usize::try_from(step.length).unwrap_or(usize::MAX);
    let copied = rustix::fs::copy_file_range(source, Some(&mut from), target, Some(&mut to), length)?;
    Ok(copied as u64)
}

/// Copies all of an area, which the source has, to place `to` of the target. Blocks of zeros become holes.
pub(crate) fn by_blocks(source: &File, area: Extent, target: &File, to: u64) -> io::Result<()> {
    let mut buffer = vec![0; area.length.min(BLOCK) as usize];
    let mut done = 0;
    while done < area.length {
        let block = &mut buffer[..(area.length - done).min(BLOCK) as usize];
        source.read_exact_at(block, area.offset + done)?;
        if !sparse::is_zero(block) {
            target.write_all_at(block, to + done)?;
        }
        done += block.len() as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
