//! `euca-sim`: simulated node controllers as a process of their own.
#![forbid(unsafe_code)]

use std::io::BufRead as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Parser, Subcommand};
use euca_sim::fleet::Fleet;
use euca_sim::keys::Keys;
use euca_sim::node::{Behaviour, Capacity, Plan, sample_instance};
use euca_sim::{scale, simulation};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing_subscriber::EnvFilter;

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
    /// Run nodes until SIGTERM, and print the URL of each. Then obey, from standard input, one line at a time:
    /// `hang N` and `heal N`, answered with `done`, and `arrivals OPERATION`, answered with one line for each
    /// node: when such calls arrived, in microseconds since the start.
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
    /// Measure what a cluster of this many nodes costs, for each number of nodes in a process of its own.
    Scale {
        /// Numbers of nodes.
        #[arg(default_values_t = [1000, 3000, 10_000])]
        nodes: Vec<u32>,
        /// Instances on each node.
        #[arg(long, default_value_t = 20)]
        instances: u32,
    },
    /// Run whole clusters in simulated time under faults, and judge them.
    Simulate {
        /// Number of seeds.
        #[arg(long, default_value_t = 1000)]
        seeds: u64,
        /// First seed.
        #[arg(long, default_value_t = 1)]
        from: u64,
        /// Run this seed alone.
        #[arg(long, conflicts_with_all = ["seeds", "from"])]
        seed: Option<u64>,
        /// Print all that happens in it.
        #[arg(long, requires = "seed")]
        trace: bool,
    },
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this is the program's output")]
async fn main() -> Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(EnvFilter::from_default_env())
        .init();
    match Arguments::parse().command {
        Command::Keys { folder } => {
            Keys::create(folder)?;
        }
        Command::Fleet { keys, first, count, instances } => {
            let mut terminate = signal(SignalKind::terminate())?;
            let mut interrupt = signal(SignalKind::interrupt())?;
            let started = Instant::now();
            let fleet = Fleet::start(&Keys::in_folder(keys), first, count, Capacity::default())?;
            for (node, (address, state)) in fleet.nodes().iter().enumerate() {
                for instance in 0..instances {
                    let number = u32::try_from(node).context("too many nodes")? * instances + instance;
                    state.adopt(sample_instance(number));
                }
                println!("{}", Fleet::url(*address));
            }
            let mut orders = orders();
            loop {
                tokio::select! {
                    _ = terminate.recv() => break,
                    _ = interrupt.recv() => break,
                    Some(order) = orders.recv() => print!("{}", obey(&fleet, started, &order)?),
                }
            }
            fleet.stop().await;
        }
        Command::Scale { nodes, instances } if nodes.len() == 1 => {
            let nodes = nodes[0];
            let cost = tokio::task::spawn_blocking(move || scale::measure(nodes, instances)).await??;
            println!(
                "{nodes:>6} nodes, {instances} instances each: CPU {:.3} ms a node and period ({:.3} ms of it codec), \
                 {:.1} KiB a node; {:.2} signatures of {:.3} ms; {:.2} processors busy in all; \
                 longest time between two polls {:.2} s",
                cost.cpu.as_secs_f64() * 1e3,
                cost.codec.as_secs_f64() * 1e3,
                cost.memory as f64 / 1024.0,
                cost.signatures,
                cost.rsa.as_secs_f64() * 1e3,
                cost.processors(),
                cost.longest.as_secs_f64(),
            );
        }
        Command::Scale { nodes, instances } => {
            // Memory that one measurement has freed would make the next one look small.
            let program = std::env::current_exe()?;
            for nodes in nodes {
                let arguments = ["scale", &nodes.to_string(), "--instances", &instances.to_string()];
                let status = tokio::process::Command::new(&program).args(arguments).status().await?;
                ensure!(status.success(), "measuring {nodes} nodes: {status}");
            }
        }
        Command::Simulate { seed: Some(seed), trace, .. } => {
            let outcome = tokio::task::spawn_blocking(move || simulation::run(seed, None)).await??;
            if trace {
                outcome.events.iter().for_each(|event| println!("{event}"));
            }
            println!("seed {seed}: {} events, hash {:016x}", outcome.events.len(), outcome.hash);
            if outcome.violation.is_some() {
                println!("{outcome}");
                bail!("a rule was broken");
            }
        }
        Command::Simulate { seeds, from, .. } => {
            let begun = Instant::now();
            let all = move || simulation::run_all(from..from.saturating_add(seeds));
            let (count, failed) = tokio::task::spawn_blocking(all).await??;
            println!("{count} seeds in {:.1?}", begun.elapsed());
            if let Some(failed) = failed {
                println!("{failed}");
                bail!("a rule was broken");
            }
        }
    }
    Ok(())
}

/// The lines of standard input.
fn orders() -> mpsc::Receiver<String> {
    let (sender, orders) = mpsc::channel(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    orders
}

fn obey(fleet: &Fleet, started: Instant, order: &str) -> Result<String> {
    let (verb, object) = order.split_once(' ').with_context(|| format!("order {order:?}"))?;
    let behave = |behaviour| {
        let node = object.parse().ok().and_then(|index: usize| fleet.nodes().get(index));
        let (_, node) = node.with_context(|| format!("no node {object:?}"))?;
        node.set_plan(Plan { behaviour, ..Plan::default() });
        Ok("done\n".to_owned())
    };
    match verb {
        "hang" => behave(Behaviour::Hang),
        "heal" => behave(Behaviour::Healthy),
        "arrivals" => Ok(fleet.nodes().iter().fold(String::new(), |mut lines, (_, node)| {
            let arrivals = node.arrivals(object);
            let times = arrivals.iter().map(|at| (*at - started).as_micros().to_string());
            lines.push_str(&times.collect::<Vec<_>>().join(" "));
            lines.push('\n');
            lines
        })),
        _ => anyhow::bail!("unknown order {order:?}"),
    }
}
