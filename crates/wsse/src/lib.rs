//! WS-Security for SOAP envelopes: exclusive C14N, RSA-SHA1 signing and verification, replay protection.
//!
//! One job: given bytes and an expectation, say who signed what (wire.md §5). [`envelope::scan`] finds the
//! parts of a message in one pass, [`Verifier`] decides whether they come from the pinned peer,
//! [`sign_envelope`] and [`sign_header`] sign. What a message means, and how it travels, is the business of
//! others.
//!
//! No I/O but reading key files again when they change, no async runtime, no unsafe code.
#![forbid(unsafe_code)]

mod algorithms;
pub mod c14n;
mod credentials;
pub mod envelope;
mod keys;
mod ns;
mod refusal;
mod replay;
mod sign;
mod signature;
#[cfg(test)]
mod testing;
mod timestamp;
mod verify;
mod xml;

pub use credentials::Credentials;
pub use envelope::{Addressing, Block, BodyElement, Envelope, Limits, ScanError, Version, scan};
pub use keys::{Certificate, KeyError, KeyPair};
pub use refusal::{OriginalFault, Refusal};
pub use replay::ReplayWindow;
pub use sign::{Headers, SignError, new_message_id, sign_envelope, sign_header, write_envelope};
pub use verify::{Options, Profile, Verified, Verifier};
