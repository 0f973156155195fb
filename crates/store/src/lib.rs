//! Durable state: tables of keys and versioned records, journalled by one writer with group commit. Knows
//! nothing of what the records mean, and is no database: everything is read once, at the start, and memory is
//! the truth from then on (design: memory answers, the store is the journal).
//!
//! ```text
//!   owner of a record ──put/delete──► pending, merged per key ──one transaction──► backend
//!          ▲                                                                          │
//!          └────────────── ticket: durable, or not and why ◄───────────────────────────┘
//! ```
//! [`Journal`] is the writer, [`StateFile`] the backend of the daemons, [`Document`] what an operator exports
//! and imports, `testing::Disk` a backend that is slow, fails or crashes at will.
#![forbid(unsafe_code)]

mod document;
mod error;
mod file;
mod journal;
mod measured;
mod record;
#[cfg(feature = "testing")]
pub mod testing;

pub use document::Document;
pub use error::Error;
pub use file::StateFile;
pub use journal::{Backend, Change, Journal, Ticket};
pub use measured::Measured;
pub use record::{Record, Tables, Visit, read};
