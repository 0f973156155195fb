//! What a running daemon shows of itself: [`metrics`] for Prometheus, [`Pulse`]s of its loops for the watchdog and for
//! health, and errors in its log. Nothing here knows an operation; who counts decides what.
#![forbid(unsafe_code)]

pub mod metrics;
mod pulse;

pub use pulse::Pulse;

/// An error with its causes, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
