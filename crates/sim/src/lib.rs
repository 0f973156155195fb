//! A cloud without machines: simulated node controllers behind the real SOAP server with real signatures, and a
//! driver that puts on the wire what a CLC does; and whole clusters in simulated time. For tests, benchmarks and
//! demonstrations; nothing here is part of a daemon.
#![forbid(unsafe_code)]

pub mod clc;
pub mod fleet;
pub mod keys;
pub mod load;
pub mod node;
pub mod scale;
pub mod simulation;
pub mod yardstick;
