//! Images and disks: everything between an accepted launch and a domain that can be created. Nothing here needs
//! root, a loop device or a mount, and nothing follows what a guest's image says about the host.
//!
//! ```text
//!   image ──► layout: what it is, where partitions lie ──► build: table, ephemeral, swap ──► disk of an instance
//!                                                                                              │
//!                 copy: reflink, copy_file_range, sparse copy, or an overlay ◄─────────────────┤
//!                 keys: SSH key into the root file system ◄────────────────────────────────────┤
//!                 windows: password and floppy ◄───────────────────────────────────────────────┘
//! ```
//! Files are given by path and belong to the caller; whatever fails leaves the caller to remove them. Blocking
//! functions say so: they are for `spawn_blocking`.
#![forbid(unsafe_code)]

mod build;
mod error;
mod ext;
pub mod keys;
pub mod layout;
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
