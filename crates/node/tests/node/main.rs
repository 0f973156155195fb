//! The node over a recording hypervisor: its operations, its monitor, its recovery. Time is paused, so that a test
//! of hours takes milliseconds.
#![cfg(test)]

mod bench;
mod bundle;
mod checkpoint;
mod describe;
mod golden;
mod hooks;
mod inspect;
mod lifecycle;
mod monitor;
mod networks;
mod recovery;
mod volumes;
