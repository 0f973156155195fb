//! What a peer may cost.

use std::time::Duration;

/// Bounds on connections and requests. Whoever exceeds one is refused with the reason, and costs nothing more.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of request line and headers, at least 8192 (hyper's minimum). Beyond: 431.
    pub header_bytes: usize,
    /// Bytes of a request body. Beyond: 413. The CLC's largest request recorded has 0.3 MB.
    pub body_bytes: usize,
    /// Bytes that all large bodies may take together; the first 64 KiB of each are free. Whoever finds none left
    /// waits within his `body_time`.
    pub bodies_bytes: usize,
    /// Time for a complete header section, also the longest a kept connection may stay idle.
    pub header_time: Duration,
    /// Time for a complete body after its headers.
    pub body_time: Duration,
    /// Longest pause of a peer in taking a reply.
    pub write_stall: Duration,
    /// Open connections in all. Beyond: reset at once, which a CLC takes as refused (clc.md §2.1).
    pub connections: usize,
    /// Open connections from one address.
    pub connections_per_peer: usize,
    /// Requests being executed. Beyond: a fault, without executing anything.
    pub requests: usize,
    /// Bounds on the XML of an envelope.
    pub xml: euca_wsse::envelope::Limits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes: 16 << 10,
            body_bytes: 8 << 20,
            bodies_bytes: 64 << 20,
            header_time: Duration::from_secs(10),
            body_time: Duration::from_secs(20),
            write_stall: Duration::from_secs(20),
            connections: 1024,
            connections_per_peer: 256,
            requests: 256,
            xml: euca_wsse::envelope::Limits::default(),
        }
    }
}
