//! Images and disks: everything between an accepted launch and a domain that can be created. Nothing here needs
//! root or a loop device, and nothing follows what a guest's image says about the host.
//!
//! ```text
//!   stage: all of a launch
//!     │
//!     ├─ walrus: signed requests ──► fetch: attempts ──► gzip ──► landing: a file laid out as a disk
//!     │                               manifest: how long it is            │
//!     ├─ flight: one download for all that wait                           ▼
//!     ├─ cache: images kept ◄──────────────────────────────────────── an entry
//!     │     │
//!     └─ disk:  copy: shared blocks, by the kernel, by blocks ──► build: table, ephemeral, swap ──► keys
//!               overlay, exported as a file ───────────────────────┘
//!
//!   layout: what an image is, and where partitions lie
//!   windows: password and floppy instead of a key
//! ```
//! Files are given by absolute path and belong to the caller, who removes them when something fails. Blocking
//! functions say so: they are for `spawn_blocking`.
#![forbid(unsafe_code)]

mod build;
pub mod bundle;
mod cache;
pub mod copy;
pub mod disk;
mod error;
mod ext;
mod fetch;
mod flight;
mod gzip;
pub mod keys;
mod landing;
pub mod layout;
mod manifest;
pub mod overlay;
mod sparse;
mod stage;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod walrus;
pub mod windows;
mod wire;

pub use build::build;
pub use error::Error;
pub use fetch::Retries;
pub use manifest::{MAX_MANIFEST, image_size};
pub use stage::{BASE, DISK, Images, KERNEL, Order, RAMDISK, Source, StageSettings};
pub use walrus::{ImageSource, Reply, Walrus, WalrusSettings, What};

/// Bytes of a MiB, the unit of the limit of a VM type, of swap and of the cache.
pub const MIB: u64 = 1 << 20;

/// Runs blocking work off the runtime.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    // A panic of the work is one of ours; a runtime that is going away waits for nothing any more.
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::Cancelled))
}
