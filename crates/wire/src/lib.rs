//! Vocabulary of the wire: what the CLC, the cluster controller (CC) and the node controllers (NC) say to each
//! other. Message types, codec and service traits are generated from `wsdl/2.0.1/` by `cargo xtask codegen`;
//! this crate adds the codec's two halves ([`decode`], [`encode`]), dates and errors.
//!
//! No I/O, no async runtime, no SOAP envelope and no security: those live in `euca-wsse` and `euca-soap`.
//!
//! Decoding is lenient where peers differ (any prefix, any order, unknown elements skipped, missing base
//! fields), encoding is exact: what the CLC's JiBX binding and the C parsers demand (wire.md §3).
#![forbid(unsafe_code)]

mod datetime;
pub mod decode;
pub mod encode;
mod error;
mod service;
mod shared;

/// EucalyptusCC: what a CLC asks of a cluster controller.
#[path = "generated/cc.rs"]
pub mod cc;
/// EucalyptusGL: certificates and logs, unauthenticated.
#[path = "generated/gl.rs"]
pub mod gl;
/// EucalyptusNC: what a cluster controller asks of a node controller.
#[path = "generated/nc.rs"]
pub mod nc;

pub use cc::{ClusterApi, ClusterService};
pub use datetime::DateTime;
pub use decode::{Decode, DecodeError, Decoder, Element};
pub use encode::{CLC_BODY_LIMIT, Encode, Encoder, Generation};
pub use error::{CallError, Fault, FaultCode};
pub use gl::{LogApi, LogService};
pub use nc::{NodeApi, NodeService};
pub use service::{Caller, Link, Message, News, Operation, Request, Service, Stub};
pub use shared::Shared;

/// The one target namespace of all three services.
pub const NAMESPACE: &str = "http://eucalyptus.ucsb.edu/";
