//! The disk of an instance: a copy of a cached one or an overlay on it, made as the plan says, with the key in it.
//!
//! What is cached is the image at its place behind a table with partition 1 only ([`Rules::plan`] for
//! [`Platform::Windows`], which has no additions): it suits every limit. Ephemeral, swap and key are the instance's
//! own, and are written after copying, into the copy or, through an export, into the overlay. The plan of an instance is
//! that of the image it began with, not of the cached disk, which would be taken for an image of its own.
//!
//! [`Rules::plan`]: crate::layout::Rules::plan
//! [`Platform::Windows`]: crate::layout::Platform::Windows

use std::path::Path;
use std::sync::Arc;

use euca_command::CommandRunner;

use crate::keys::{self, Injected, Keys};
use crate::layout::Plan;
use crate::overlay::{self, Export};
use crate::{Error, build, copy};

pub use crate::overlay::{flatten, virtual_size};

/// How an instance gets its disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// Blocks shared with the cached disk where the file system can, a full copy otherwise.
    #[default]
    Share,
    /// A full copy, which owes nothing to the cache.
    Copy,
    /// An overlay, qcow2, that needs the cached disk as long as it lives. Needs FUSE and `qemu-storage-daemon`.
    Overlay,
}

/// What goes into a disk beside the image.
#[derive(Debug, Clone, Copy)]
pub struct Contents<'a> {
    /// Length, table, ephemeral file system and swap.
    pub plan: &'a Plan,
    /// The key of the launch.
    pub keys: Option<&'a Keys>,
    /// Whether a key that cannot be put in fails the launch.
    pub strict: bool,
}

/// Makes the file `disk` from the cached disk `base`, which is not written. Nothing is made durable. Dropping the
/// future ends it soon after.
///
/// # Errors
/// When it cannot be copied or built, or, if strict, the key cannot be put in. `disk` is of no use then.
pub async fn make(
    runner: &Arc<dyn CommandRunner>,
    method: Method,
    base: &Path,
    disk: &Path,
    contents: Contents<'_>,
) -> Result<Injected, Error> {
    let share = match method {
        Method::Share => true,
        Method::Copy => false,
        Method::Overlay => {
            let length = contents.plan.length;
            overlay::create(&**runner, base, disk, length).await?;
            let export = Export::open(runner, disk, length).await?;
            let injected = fill(&**runner, export.path(), contents).await?;
            export.close().await?;
            return Ok(injected);
        }
    };
    let how = copy::copy(base, disk, share).await?;
    tracing::debug!(disk = %disk.display(), ?how, "copied");
    fill(&**runner, disk, contents).await
}

/// Makes the disk in place what it shall be.
///
/// # Errors
/// As [`make`].
pub async fn fill(
    runner: &dyn CommandRunner,
    disk: &Path,
    Contents { plan, keys, strict }: Contents<'_>,
) -> Result<Injected, Error> {
    build(runner, disk, plan).await?;
    keys::inject(runner, disk, plan.root, keys, strict).await
}

#[cfg(test)]
mod tests;
