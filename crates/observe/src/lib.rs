//! What a running daemon shows of itself: [`metrics`] for Prometheus, and [`Pulse`]s of its loops for the watchdog
//! and for health. Nothing here knows an operation; who counts decides what.
#![forbid(unsafe_code)]

pub mod metrics;
mod pulse;

pub use pulse::Pulse;
