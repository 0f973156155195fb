//! The cluster over scripted nodes, row by row of cluster-controller.md §13, under paused time.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, which clippy does not recognise as such"
)]

mod bundles;
mod console;
mod describes;
mod engine;
mod fixture;
#[path = "../fleet/mod.rs"]
mod fleet;
mod gatherlog;
mod inspect;
mod launches;
mod managed;
mod monitor;
mod networks;
mod power;
mod reboots;
mod recordings;
mod restarts;
mod terminations;
mod volumes;
