//! Ten thousand nodes: the cluster and its nodes in one process, every message encoded and decoded, signatures
//! counted and not made. What a node costs must not depend on how many there are.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use euca_cluster::addresses::{AddressSource, Neighbours};
use euca_cluster::{Cluster, ClusterSettings, Connector, Environment, NodeAddress};
use euca_command::testing::Recording;
use euca_sim::node::{Capacity, SimNode, sample_instance};
use euca_tests::home::Home;
use euca_wire::{
    CallError, Caller, Element, Encoder, Generation, Message as _, NodeService, Request, Service as _, Stub,
};
use nix::time::{ClockId, clock_gettime};
use tokio_util::sync::CancellationToken;

use crate::stage::rsa;

/// Nodes by URL, and what their side of the calls takes of the processor.
struct InProcess {
    nodes: HashMap<String, Arc<SimNode>>,
    spent: Arc<Spent>,
}

#[derive(Default)]
struct Spent {
    calls: AtomicU64,
    nanoseconds: AtomicU64,
}

impl Connector for InProcess {
    type Node = Stub<Wire>;
    type Log = Stub<Wire>;

    fn node(&self, url: &str) -> Self::Node {
        Stub(Wire { node: self.nodes.get(url).cloned().map(NodeService), spent: Arc::clone(&self.spent) })
    }

    fn log(&self, url: &str) -> Self::Log {
        self.node(url)
    }
}

/// No host is seen on the wire.
struct Silence;

impl AddressSource for Silence {
    fn neighbours(&self) -> Pin<Box<dyn Future<Output = std::io::Result<Neighbours>> + Send>> {
        Box::pin(std::future::ready(Ok(Neighbours::default())))
    }
}

/// A connection without a network.
struct Wire {
    node: Option<NodeService<SimNode>>,
    spent: Arc<Spent>,
}

impl Wire {
    async fn answer(&self, body: &[u8], operation: &str) -> Result<Vec<u8>> {
        let operation = NodeService::<SimNode>::find(operation).context("no such operation")?;
        let element = Element { xml: std::str::from_utf8(body)?, scope: &[] };
        let request = NodeService::<SimNode>::decode(operation, &element)?;
        let mut reply = Vec::with_capacity(1024);
        let node = self.node.as_ref().context("no such node")?;
        node.run(request, &mut reply).await.map_err(|fault| anyhow::anyhow!("{fault}"))?;
        Ok(reply)
    }
}

impl Caller for Wire {
    async fn call<Q: Request>(&self, request: Q) -> Result<Q::Response, CallError> {
        let undecodable = |error: &dyn std::fmt::Display| CallError::Undecodable(error.to_string());
        let mut body = Vec::with_capacity(1024);
        request.write(&mut Encoder::new(&mut body, Generation::V2_0));
        // A healthy node answers without ever waiting, hence on one thread.
        let started = cpu(ClockId::CLOCK_THREAD_CPUTIME_ID);
        let reply = self.answer(&body, Q::OPERATION.name).await;
        let spent = cpu(ClockId::CLOCK_THREAD_CPUTIME_ID).saturating_sub(started);
        let spent = u64::try_from(spent.as_nanos()).unwrap_or(u64::MAX);
        self.spent.nanoseconds.fetch_add(spent, Ordering::Relaxed);
        self.spent.calls.fetch_add(1, Ordering::Relaxed);
        let reply = reply.map_err(|error| undecodable(&error))?;
        let xml = std::str::from_utf8(&reply).map_err(|error| undecodable(&error))?;
        Q::Response::read(&Element { xml, scope: &[] }).map_err(|error| undecodable(&error))
    }
}

/// Processor time so far; the clocks asked for exist on every Linux.
fn cpu(clock: ClockId) -> Duration {
    clock_gettime(clock).map(Duration::from).unwrap_or_default()
}

/// Each number of nodes in a process of its own, so that memory can be compared.
pub fn run(instances: u32) -> Result<()> {
    for nodes in [1000, 2000, 5000, 10_000] {
        let arguments = ["growth", "--instances", &instances.to_string(), "--nodes", &nodes.to_string()];
        let status = Command::new(std::env::current_exe()?).args(arguments).status()?;
        ensure!(status.success(), "{nodes} nodes: {status}");
    }
    Ok(())
}

/// One number of nodes, for five periods.
pub async fn one(nodes: u32, instances: u32) -> Result<()> {
    const PAUSE: Duration = Duration::from_secs(6);
    let address = |node| {
        let name = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 8, 0, 0)) + node).to_string();
        NodeAddress::new(&name, 8775, "axis2/services/EucalyptusNC")
    };
    let addresses: Vec<_> = (0..nodes).map(address).collect();
    let mut fleet = HashMap::new();
    for (number, address) in (0..).zip(&addresses) {
        let node = SimNode::new(Capacity::default());
        (0..instances).for_each(|instance| node.adopt(sample_instance(number * instances + instance)));
        fleet.insert(address.url.clone(), Arc::new(node));
    }
    let sims: Vec<_> = fleet.values().cloned().collect();
    let resident = || -> Result<u64> {
        let statm = std::fs::read_to_string("/proc/self/statm")?;
        let pages: u64 = statm.split(' ').nth(1).context("short statm")?.parse()?;
        Ok(pages * 4096)
    };
    let empty = resident()?;

    let spent = Arc::new(Spent::default());
    let environment = Environment {
        connector: InProcess { nodes: fleet, spent: Arc::clone(&spent) },
        addresses: Arc::new(Silence),
        commands: Arc::new(Recording::default()),
    };
    let settings =
        ClusterSettings { max_instances: (nodes * instances) as usize, ..ClusterSettings::default() };
    let cluster = Cluster::new(settings, addresses, environment);
    let shutdown = CancellationToken::new();
    let monitor = tokio::spawn({
        let (cluster, shutdown) = (Arc::clone(&cluster), shutdown.clone());
        async move { cluster.run_monitor(shutdown).await }
    });
    // The first polls come all at once, the second ones spread them over the period.
    tokio::time::sleep(2 * PAUSE).await;
    let before = (
        cpu(ClockId::CLOCK_PROCESS_CPUTIME_ID),
        spent.nanoseconds.load(Ordering::Relaxed),
        spent.calls.load(Ordering::Relaxed),
    );
    let started = Instant::now();
    tokio::time::sleep(5 * PAUSE).await;
    let elapsed = started.elapsed();
    let total = cpu(ClockId::CLOCK_PROCESS_CPUTIME_ID) - before.0;
    let theirs = Duration::from_nanos(spent.nanoseconds.load(Ordering::Relaxed) - before.1);
    let calls = spent.calls.load(Ordering::Relaxed) - before.2;
    let memory = resident()?.saturating_sub(empty) / u64::from(nodes);
    shutdown.cancel();
    monitor.await?;

    let arrivals = sims.iter().map(|node| node.arrivals("ncDescribeResource"));
    let gaps = arrivals.flat_map(|node| node.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>());
    let longest = gaps.max().unwrap_or_default();
    let (sign, verify) = rsa(&Home::new()?)?;
    let ours = total.saturating_sub(theirs);
    let of_period = |time: Duration| {
        time.as_secs_f64() * 1e6 / f64::from(nodes) * PAUSE.as_secs_f64() / elapsed.as_secs_f64()
    };
    println!(
        "i  {nodes:5} nodes, {instances} instances each: {:.0} calls/s, a node polled every {longest:.2?} at most; of each node \
         in 6 s: {:.0} µs of CPU, beside {:.2} signatures and verifications ({:.0} µs of RSA here); {:.1} KiB of memory",
        calls as f64 / elapsed.as_secs_f64(),
        of_period(ours),
        calls as f64 / f64::from(nodes) * PAUSE.as_secs_f64() / elapsed.as_secs_f64(),
        of_period((sign + verify) * u32::try_from(calls)?),
        memory as f64 / 1024.0,
    );
    ensure!(longest < 2 * PAUSE, "a node was not polled for {longest:?}");
    Ok(())
}
