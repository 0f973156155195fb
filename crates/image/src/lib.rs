//! Images and disks: everything between an accepted launch and a domain that can be created. Nothing here needs
//! root or a loop device, and nothing follows what a guest's image says about the host.
//!
//! ```text
//!   cached disk ──► copy: shared blocks, by the kernel, by blocks ──► build: table, ephemeral, swap ──► keys
//!        └────────► overlay, exported as a file ─────────────────────────────┘
//!
//!   layout: what an image is, and where partitions lie      disk: all of this in one call
//!   windows: password and floppy instead of a key
//! ```
//! Files are given by absolute path and belong to the caller, who removes them when something fails. Blocking
//! functions say so: they are for `spawn_blocking`.
#![forbid(unsafe_code)]

mod build;
pub mod copy;
pub mod disk;
mod error;
mod ext;
pub mod keys;
pub mod layout;
pub mod overlay;
mod sparse;
pub mod windows;

pub use build::build;
pub use error::Error;

/// Bytes of a MiB, the unit of the limit of a VM type, of swap and of the cache.
pub const MIB: u64 = 1 << 20;

/// Runs blocking work off the runtime.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    // A panic of the work is one of ours; a runtime that is going away waits for nothing any more.
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Cancelled))
}
