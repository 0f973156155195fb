//! What all measures share: a daemon in front of simulated nodes, load with the CPU it costs, and the yardstick.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use euca_oracle::clc::Pipeline;
use euca_sim::clc::Clc;
use euca_sim::keys::Role;
use euca_sim::{load, yardstick};
use euca_tests::daemon::{Daemon, binary, cpu_time, free_address, pid_of};
use euca_tests::home::Home;
use euca_wire::{Request, cc};
use openssl::pkey::PKey;

/// A daemon in front of nodes that run in a process of their own, so that each side's CPU can be told.
pub struct Stage {
    pub home: Home,
    pub daemon: Daemon,
    pub nodes: Nodes,
    pub address: SocketAddr,
    pub clc: Clc,
}

/// What a load has brought and cost.
pub struct Load {
    pub outcome: load::Outcome,
    /// CPU of the cluster controller, and of all nodes.
    pub cluster: Duration,
    pub nodes: Duration,
}

impl Stage {
    /// `count` nodes with `instances` each, all of which the daemon knows already. `conf` is added to its
    /// configuration.
    pub async fn new(count: u32, instances: u32, conf: &str) -> Result<Self> {
        let stage = Self::unawaited(count, instances, conf)?;
        wait_for_instances(&stage.clc, (count * instances) as usize).await?;
        Ok(stage)
    }

    /// The same, when the daemon has just started.
    pub fn unawaited(count: u32, instances: u32, conf: &str) -> Result<Self> {
        let home = Home::new()?;
        let nodes = Nodes::start(&home, count, instances)?;
        let address = free_address([127, 4, 255, 1].into())?;
        let fixed = Home::cluster_conf(address, &nodes.addresses).replace("DEBUG", "WARN");
        // All clients share one address here, and a connection that its client has closed counts until the daemon
        // has noticed.
        home.configure(&format!("{fixed}DAEMON_PEER_CONNECTIONS=\"512\"\n{conf}"))?;
        let daemon = Daemon::start("cc-daemon", &home)?;
        let clc = Clc::new(&home.keys(), Role::Cloud, address)?;
        Ok(Self { home, daemon, nodes, address, clc })
    }

    pub fn messages<Q: Request>(&self, count: usize, request: impl Fn(usize) -> Q) -> Result<Vec<Vec<u8>>> {
        (0..count).map(|index| self.clc.message(&request(index))).collect()
    }

    /// Sends `count` requests, `clients` at a time, and checks the replies.
    pub async fn load<Q: Request>(
        &self,
        count: usize,
        clients: usize,
        request: impl Fn(usize) -> Q,
    ) -> Result<Load> {
        let messages = self.messages(count, request)?;
        let before = (self.daemon.cpu_time()?, self.nodes.cpu_time()?);
        let outcome = load::run(self.address, messages, clients).await?;
        let (cluster, nodes) = (self.daemon.cpu_time()? - before.0, self.nodes.cpu_time()? - before.1);
        check(&outcome, Q::OPERATION.name)?;
        Ok(Load { outcome, cluster, nodes })
    }
}

/// Simulated nodes in a process of their own.
pub struct Nodes {
    process: Child,
    orders: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
    addresses: Vec<SocketAddr>,
}

impl Nodes {
    fn start(home: &Home, count: u32, instances: u32) -> Result<Self> {
        let first = free_address([127, 4, 0, 1].into())?;
        let mut process = Command::new(binary("euca-sim")?)
            .args(["fleet", "--instances", &instances.to_string(), "--count", &count.to_string()])
            .args(["--first", &first.to_string(), "--keys"])
            .arg(home.keys_folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let orders = process.stdin.take().context("no input")?;
        let answers = BufReader::new(process.stdout.take().context("no output")?).lines();
        let mut nodes = Self { process, orders, answers, addresses: Vec::new() };
        for _ in 0..count {
            let url = nodes.answer()?;
            let address = url.trim_start_matches("http://").split('/').next().unwrap_or_default();
            nodes.addresses.push(address.parse()?);
        }
        Ok(nodes)
    }

    fn answer(&mut self) -> Result<String> {
        Ok(self.answers.next().context("the nodes have ended")??)
    }

    /// Lets a node hang from its next call on.
    pub fn hang(&mut self, node: usize) -> Result<()> {
        writeln!(self.orders, "hang {node}")?;
        ensure!(self.answer()? == "done", "node {node} does not hang");
        Ok(())
    }

    /// When calls of an operation arrived at each node, since the nodes' start.
    pub fn arrivals(&mut self, operation: &str) -> Result<Vec<Vec<Duration>>> {
        writeln!(self.orders, "arrivals {operation}")?;
        let mut arrivals = Vec::new();
        for _ in 0..self.addresses.len() {
            let line = self.answer()?;
            let times = line.split_whitespace().map(|time| Ok(Duration::from_micros(time.parse()?)));
            arrivals.push(times.collect::<Result<_>>()?);
        }
        Ok(arrivals)
    }

    /// Calls of the monitor that have arrived.
    pub fn calls(&mut self) -> Result<usize> {
        let operations = ["ncDescribeResource", "ncDescribeInstances"];
        operations
            .iter()
            .map(|operation| Ok(self.arrivals(operation)?.iter().map(Vec::len).sum::<usize>()))
            .sum()
    }

    pub fn cpu_time(&self) -> Result<Duration> {
        cpu_time(pid_of(&self.process))
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub async fn wait_for_instances(clc: &Clc, count: usize) -> Result<()> {
    let describe = cc::DescribeInstances { user_id: Some("eucalyptus".to_owned()), ..Default::default() };
    for _ in 0..300 {
        let text = clc.send(&describe).await?.text();
        if instances_in(&text) == count && is_true(&text) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("{count} instances are not seen within 30 s")
}

/// Instances of a reply to DescribeInstances. A long one is written without prefixes.
pub fn instances_in(reply: &str) -> usize {
    reply.matches("</n:instances>").count() + reply.matches("</instances>").count()
}

fn is_true(reply: &str) -> bool {
    reply.contains("<n:return>true</n:return>") || reply.contains("<return>true</return>")
}

pub fn reboot_of(instance: usize) -> cc::RebootInstances {
    cc::RebootInstances {
        correlation_id: Some(format!("reboot-{instance}")),
        user_id: Some("eucalyptus".to_owned()),
        instance_ids: vec![format!("i-{instance:08X}")],
        ..Default::default()
    }
}

/// CPU time of one signature with the cluster's key and one verification.
pub fn rsa(home: &Home) -> Result<(Duration, Duration)> {
    let pem = std::fs::read(home.keys().private_key(Role::Cluster))?;
    yardstick::rsa(&PKey::private_key_from_pem(&pem)?)
}

pub fn check(outcome: &load::Outcome, operation: &str) -> Result<()> {
    for (index, reply) in outcome.replies.iter().enumerate() {
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) => bail!("no reply: {error:#}"),
        };
        ensure!(is_true(&reply.text()), "wrong reply: {}", reply.text());
        // Large replies are alike; to judge them all would take longer than to measure.
        if index == 0 || reply.raw.len() < 16 << 10 {
            euca_oracle::clc_reply(Pipeline::of(operation), operation, &reply.raw)
                .map_err(|findings| anyhow::anyhow!("the CLC would object: {findings:?}"))?;
        }
    }
    Ok(())
}
