//! `euca-sim`: simulated node controllers as a process of their own.
#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use euca_sim::fleet::Fleet;
use euca_sim::keys::Keys;
use euca_sim::node::{Capacity, sample_instance};
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
#[command(version, about = "Simulated node controllers")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make throw-away keys of a cloud, a cluster, a node and a stranger.
    Keys {
        /// Folder to put them into.
        folder: PathBuf,
    },
    /// Run nodes until SIGTERM, and print the URL of each.
    Fleet {
        /// Folder with the keys.
        #[arg(long)]
        keys: PathBuf,
        /// Address of the first node, in 127.0.0.0/8; the others follow it, on the same port.
        #[arg(long, default_value = "127.0.1.1:8775")]
        first: SocketAddr,
        /// Number of nodes.
        #[arg(long, default_value_t = 1)]
        count: u32,
        /// Instances running on each node from the start.
        #[arg(long, default_value_t = 0)]
        instances: u32,
    },
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this is the program's output")]
async fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Keys { folder } => {
            Keys::create(folder)?;
        }
        Command::Fleet { keys, first, count, instances } => {
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            let fleet = Fleet::start(&Keys::in_folder(keys), first, count, Capacity::default())?;
            for (node, (address, state)) in fleet.nodes().iter().enumerate() {
                for instance in 0..instances {
                    let number = u32::try_from(node).context("too many nodes")? * instances + instance;
                    state.adopt(sample_instance(number));
                }
                println!("{}", Fleet::url(*address));
            }
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            fleet.stop().await;
        }
    }
    Ok(())
}
