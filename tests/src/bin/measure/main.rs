//! The product's promises, measured: each subcommand is a row of SPEC.md. Every ratio is taken in one run, and
//! the cost of the RSA operations alone, the floor of this protocol, is measured in that same run.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "figures are this program's output")]

mod baseline;
mod crowd;
mod launch;
mod networks;
mod original;
mod promises;
mod refresh;
mod stage;
mod staging;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(about = "Measures what SPEC.md promises")]
struct Arguments {
    #[command(subcommand)]
    measure: Measure,
}

#[derive(Subcommand)]
enum Measure {
    /// RebootInstances to 8 nodes: latency, rate, and CPU against the RSA operations alone.
    Reboot {
        /// Calls of each part.
        #[arg(long, default_value_t = 2000)]
        calls: usize,
    },
    /// 32 nodes, 8 of them hanging: latency towards the healthy ones, with and without.
    Hanging {
        /// Calls of each part.
        #[arg(long, default_value_t = 2000)]
        calls: usize,
    },
    /// Many clients, a tenth of them hostile: every answer right, memory flat.
    Mixed {
        /// Requests in all.
        #[arg(long, default_value_t = 100_000)]
        requests: usize,
    },
    /// Resident memory, idle: cc-daemon with 32 nodes, nc-daemon with 2 running guests.
    Idle {
        /// Folder that `tests/guest/build-guest.sh` has filled.
        #[arg(long, default_value = "target/guest")]
        guest: PathBuf,
    },
    /// kill -9 under load, restart, compare: nothing promised is lost, nothing is launched twice.
    Kill {
        #[arg(long, default_value_t = 200)]
        rounds: usize,
        /// Of what is asked and when the kill comes.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// A large virtual network on a real kernel, applied and changed. Takes root.
    Networks {
        #[arg(long, default_value_t = 2000)]
        networks: u16,
        #[arg(long, default_value_t = 4000)]
        addresses: u32,
    },
    /// From start to READY.
    Start,
    /// The tables of the original's baseline, each figure of the original beside the same of this daemon.
    Baseline {
        /// Fewer calls and shorter windows.
        #[arg(long)]
        quick: bool,
        /// Only this section: `3`, `6b`.
        #[arg(long)]
        section: Option<String>,
    },
    /// Many nodes with many instances: whether each is polled within a period, CPU and memory.
    Refresh {
        #[arg(long, default_value_t = 1000)]
        nodes: u32,
        /// On each node.
        #[arg(long, default_value_t = 20)]
        instances: u32,
        /// How long to look.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// A node with many guests, some of them hanging in the hypervisor: latency of ncDescribeInstances, memory.
    Crowd {
        /// Folder that `tests/guest/build-guest.sh` has filled.
        #[arg(long, default_value = "target/guest")]
        guest: PathBuf,
        /// Of them all.
        #[arg(long, default_value_t = 50)]
        guests: u32,
    },
    /// An image from Walrus to a disk, against a plain copy of the same bytes through the same pipe.
    Staging {
        /// Size of the image.
        #[arg(long, default_value_t = 1024)]
        mib: usize,
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// A second launch of a cached image: from ncRunInstance to its domain.
    Launch {
        /// Folder that `tests/guest/build-guest.sh` has filled.
        #[arg(long, default_value = "target/guest")]
        guest: PathBuf,
        /// Size of the image.
        #[arg(long, default_value_t = 1024)]
        mib: usize,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    match Arguments::parse().measure {
        Measure::Reboot { calls } => promises::reboot(calls).await,
        Measure::Hanging { calls } => promises::hanging(calls).await,
        Measure::Mixed { requests } => promises::mixed(requests).await,
        Measure::Idle { guest } => promises::idle(&guest).await,
        Measure::Kill { rounds, seed } => {
            println!("l  {}", euca_tests::kill::run(rounds, seed).await?);
            Ok(())
        }
        Measure::Networks { networks, addresses } => networks::run(networks, addresses),
        Measure::Start => promises::start().await,
        Measure::Baseline { quick, section } => baseline::run(quick, section.as_deref()).await,
        Measure::Crowd { guest, guests } => crowd::run(&guest, guests).await,
        Measure::Staging { mib, rounds } => staging::run(mib, rounds).await,
        Measure::Launch { guest, mib } => launch::run(&guest, mib).await,
        Measure::Refresh { nodes, instances, seconds } => refresh::run(nodes, instances, seconds).await,
    }
}
