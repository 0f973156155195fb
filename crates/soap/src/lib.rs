//! SOAP over HTTP/1.1, for both daemons: a server that carries requests to a [`euca_wire::Service`], and a client
//! that is a [`euca_wire::Caller`]. Knows transport, envelopes, faults and limits; knows nothing of instances.
//!
//! ```text
//! TCP ─ limits ─ hyper ─┬ GET ?wsdl            → the WSDL, byte for byte
//!                       └ POST ─ body ─ scan ─ find operation ─ verify ─ decode ─┬ run ──┬ reply
//!                                                                                └ sign ─┘
//! ```
#![forbid(unsafe_code)]

mod client;
mod connection;
mod envelope;
mod fault;
mod limits;
mod server;

pub use client::{Client, ClientOptions, ClientSecurity};
pub use limits::Limits;
pub use server::{Endpoint, Handler, Security, Server, bind, serve};
