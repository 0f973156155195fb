//! What a cluster of thousands of nodes costs, in one process and in simulated time: every message is encoded and
//! decoded, on both sides; none is carried, and none is signed, but the signatures that would be are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use euca_cluster::addresses::{AddressSource, Neighbours};
use euca_cluster::{Cluster, ClusterSettings, Connector, Environment, NodeAddress, State, SystemClock};
use euca_command::Programs;
use euca_store::Journal;
use euca_store::testing::Disk;
use euca_wire::{
    CallError, Caller, ClusterApi, Element, Encoder, Generation, Message, NodeService, Request, Service, Stub,
};
use futures_util::future::{BoxFuture, ready};
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::node::{Capacity, SimNode, sample_instance};
use crate::yardstick::{cpu, rsa};

/// Time between two polls of a node, in the settings.
const PERIOD: Duration = Duration::from_secs(6);
/// Periods measured.
const PERIODS: u32 = 5;

/// What a cluster of this size costs.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Nodes.
    pub nodes: u32,
    /// Instances on each.
    pub instances: u32,
    /// CPU time of the cluster controller for one node and period, signatures not included.
    pub cpu: Duration,
    /// The part of it for encoding and decoding.
    pub codec: Duration,
    /// Signatures made, and as many verified, for one node and period.
    pub signatures: f64,
    /// CPU time of one signature made and one verified.
    pub rsa: Duration,
    /// Memory of the cluster controller for one node with its instances, in bytes.
    pub memory: u64,
    /// The longest time between two polls of any node, in simulated time.
    pub longest: Duration,
}

impl Cost {
    /// Processors that all polls of one period keep busy, RSA included.
    pub fn processors(&self) -> f64 {
        let one = self.cpu + self.rsa.mul_f64(self.signatures);
        f64::from(self.nodes) * one.as_secs_f64() / PERIOD.as_secs_f64()
    }
}

/// What is counted.
#[derive(Debug, Default)]
struct Counters {
    calls: AtomicU64,
    /// Nanoseconds of CPU.
    codec: AtomicU64,
    node: AtomicU64,
    polls: Mutex<Vec<Polled>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Polled {
    last: Option<Instant>,
    longest: Duration,
}

/// Nodes that are made anew for every call: they cost no memory of their own.
struct Nodes {
    instances: u32,
    counters: Arc<Counters>,
}

/// The connection to one of them.
pub struct Wire {
    number: u32,
    instances: u32,
    counters: Arc<Counters>,
}

impl Connector for Nodes {
    type Node = Stub<Wire>;
    type Log = Stub<Wire>;

    fn node(&self, url: &str) -> Stub<Wire> {
        let name = url.trim_start_matches("http://n").split(':').next().unwrap_or_default();
        let number = name.parse().unwrap_or_default();
        Stub(Wire { number, instances: self.instances, counters: self.counters.clone() })
    }

    fn log(&self, url: &str) -> Stub<Wire> {
        self.node(url)
    }
}

impl AddressSource for Nodes {
    fn neighbours(&self) -> BoxFuture<'static, std::io::Result<Neighbours>> {
        Box::pin(ready(Ok(Neighbours::default())))
    }
}

impl Wire {
    /// What the node does with a body element. Returns its answer's.
    async fn serve(&self, request: &[u8], name: &str) -> Result<Vec<u8>, CallError> {
        let node = SimNode::new(Capacity::default());
        for instance in 0..self.instances {
            node.adopt(sample_instance(self.number * self.instances + instance));
        }
        let service = NodeService(Arc::new(node));
        let operation = NodeService::<SimNode>::find(name).ok_or_else(|| undecodable(&name))?;
        let request = NodeService::<SimNode>::decode(operation, &element(request)?);
        let mut answer = Vec::new();
        let request = request.map_err(|error| undecodable(&error))?;
        service.run(request, &mut answer).await.map_err(CallError::Fault)?;
        Ok(answer)
    }

    fn note_poll(&self) {
        let mut polls = self.counters.polls.lock();
        if let Some(polled) = polls.get_mut(self.number as usize) {
            let now = Instant::now();
            if let Some(last) = polled.last.replace(now) {
                polled.longest = polled.longest.max(now - last);
            }
        }
    }
}

fn undecodable(error: &dyn std::fmt::Display) -> CallError {
    CallError::Undecodable(error.to_string())
}

fn element(xml: &[u8]) -> Result<Element<'_>, CallError> {
    let xml = std::str::from_utf8(xml).map_err(|error| undecodable(&error))?;
    Ok(Element { xml, scope: &[] })
}

impl Caller for Wire {
    async fn call<Q: Request>(&self, request: Q) -> Result<Q::Response, CallError> {
        let name = Q::OPERATION.name;
        if name == "ncDescribeResource" {
            self.note_poll();
        }
        let begun = cpu();
        let mut body = Vec::new();
        request.write(&mut Encoder::new(&mut body, Generation::V2_0));
        let encoded = cpu();
        let answer = self.serve(&body, name).await?;
        let served = cpu();
        let response = Q::Response::read(&element(&answer)?).map_err(|error| undecodable(&error));
        let codec = encoded - begun + (cpu() - served);
        self.counters.calls.fetch_add(1, Ordering::Relaxed);
        self.counters.codec.fetch_add(nanoseconds(codec), Ordering::Relaxed);
        self.counters.node.fetch_add(nanoseconds(served - encoded), Ordering::Relaxed);
        response
    }
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Memory of this process that is resident, in bytes.
fn resident() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").context("reading /proc/self/statm")?;
    let pages: u64 = text.split(' ').nth(1).context("/proc/self/statm")?.parse()?;
    Ok(pages * 4096)
}

/// Runs a cluster of so many nodes for a few periods.
///
/// # Errors
/// The measurement cannot be made, or not every node was polled.
pub fn measure(nodes: u32, instances: u32) -> Result<Cost> {
    let (sign, verify) = rsa(&PKey::from_rsa(Rsa::generate(2048)?)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let counters = Arc::new(Counters::default());
        *counters.polls.lock() = vec![Polled::default(); nodes as usize];
        let settings = ClusterSettings {
            max_instances: nodes as usize * instances as usize,
            polling_frequency: PERIOD,
            ..ClusterSettings::default()
        };
        let addresses =
            (0..nodes).map(|node| NodeAddress::new(&format!("n{node}"), 8775, "axis2/services/EucalyptusNC"));
        let before = resident()?;
        let connector = || Nodes { instances, counters: counters.clone() };
        let (journal, writer) = Journal::new(Disk::default().open());
        tokio::spawn(writer);
        let environment = Environment {
            connector: connector(),
            addresses: Arc::new(connector()),
            commands: Arc::new(Programs::default()),
            network: Arc::new(euca_vnet::Unable),
            clock: Arc::new(SystemClock),
            state: State::default(),
            journal,
        };
        let cluster = Cluster::new(settings, addresses.collect(), environment);
        let monitored = cluster.clone();
        tokio::spawn(async move { monitored.run_monitor(CancellationToken::new()).await });
        sleep(2 * PERIOD).await;
        let memory = resident()?.saturating_sub(before) / u64::from(nodes);

        let counted =
            || [&counters.calls, &counters.codec, &counters.node].map(|it| it.load(Ordering::Relaxed));
        let (begun, before) = (cpu(), counted());
        sleep(PERIODS * PERIOD).await;
        let (total, after) = (cpu() - begun, counted());
        let [calls, codec, node] = [0, 1, 2].map(|at| after[at] - before[at]);
        let polls = nodes * PERIODS;

        let told = cluster.describe_instances(Default::default()).await.context("DescribeInstances")?;
        let expected = nodes as usize * instances as usize;
        ensure!(told.instances.len() == expected, "{} of {expected} instances told", told.instances.len());
        let longest = counters.polls.lock().iter().map(|it| it.longest).max().unwrap_or_default();
        ensure!(calls >= u64::from(2 * polls - nodes), "{calls} calls for {polls} polls");
        Ok(Cost {
            nodes,
            instances,
            cpu: (total.saturating_sub(Duration::from_nanos(node))) / polls,
            codec: Duration::from_nanos(codec) / polls,
            #[expect(clippy::cast_precision_loss, reason = "a count of calls")]
            signatures: calls as f64 / f64::from(polls),
            rsa: sign + verify,
            memory,
            longest,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_node_of_many_is_polled_once_a_period_with_two_signed_exchanges() {
        let cost = measure(50, 20).unwrap();
        assert!((cost.signatures - 2.0).abs() < 0.1, "{cost:?}");
        assert!(cost.longest <= PERIOD + Duration::from_millis(2), "{cost:?}");
        assert!(cost.codec > Duration::ZERO && cost.codec < cost.cpu && cost.memory > 0, "{cost:?}");
    }
}
