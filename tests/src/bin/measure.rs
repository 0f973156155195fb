//! The product's promises, measured: each subcommand is a row of SPEC.md. Every ratio is taken in one run, and
//! the cost of the RSA operations alone, the floor of this protocol, is measured in that same run.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "figures are this program's output")]

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Parser, Subcommand};
use euca_oracle::clc::Pipeline;
use euca_sim::clc::{Clc, exchange};
use euca_sim::fleet::Fleet;
use euca_sim::keys::Role;
use euca_sim::load;
use euca_sim::node::{Behaviour, Capacity, Plan, sample_instance};
use euca_tests::cloud::Cloud;
use euca_tests::daemon::{Daemon, binary, free_address};
use euca_tests::home::Home;
use euca_wire::{Request, cc};
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::{Signer, Verifier};
use openssl::x509::X509;

/// The original's RebootInstances of a cached instance on 8 nodes (its median at 1 client, and its rate at 8).
const ORIGINAL_P50: Duration = Duration::from_millis(55);
const ORIGINAL_RATE: f64 = 75.0;

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
    /// From start to READY.
    Start,
}

#[tokio::main]
async fn main() -> Result<()> {
    match Arguments::parse().measure {
        Measure::Reboot { calls } => reboot(calls).await,
        Measure::Hanging { calls } => hanging(calls).await,
        Measure::Mixed { requests } => mixed(requests).await,
        Measure::Idle { guest } => idle(&guest).await,
        Measure::Start => start().await,
    }
}

/// A daemon in front of nodes that run in a process of their own, so that each side's CPU can be told.
struct Stage {
    home: Home,
    daemon: Daemon,
    nodes: Child,
    address: SocketAddr,
    clc: Clc,
}

impl Stage {
    async fn new(count: u32) -> Result<Self> {
        let home = Home::new()?;
        let first = free_address([127, 4, 0, 1].into())?;
        let mut nodes = Command::new(binary("euca-sim")?)
            .args([
                "fleet",
                "--instances",
                "2",
                "--count",
                &count.to_string(),
                "--first",
                &first.to_string(),
                "--keys",
            ])
            .arg(home.keys_folder())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(nodes.stdout.take().context("no output")?).lines();
        let mut addresses = Vec::new();
        for _ in 0..count {
            let url = lines.next().context("a node did not start")??;
            addresses.push(url.trim_start_matches("http://").split('/').next().unwrap_or_default().parse()?);
        }
        let address = free_address([127, 4, 255, 1].into())?;
        // All clients share one address here, and a connection that its client has closed counts until the daemon
        // has noticed.
        let conf = Home::cluster_conf(address, &addresses).replace("DEBUG", "WARN");
        home.configure(&(conf + "DAEMON_PEER_CONNECTIONS=\"512\"\n"))?;
        let daemon = Daemon::start("cc-daemon", &home)?;
        let clc = Clc::new(&home.keys(), Role::Cloud, address)?;
        wait_for_instances(&clc, 2 * count as usize).await?;
        Ok(Self { home, daemon, nodes, address, clc })
    }

    fn messages<Q: Request>(&self, count: usize, request: impl Fn(usize) -> Q) -> Result<Vec<Vec<u8>>> {
        (0..count).map(|index| self.clc.message(&request(index))).collect()
    }

    /// CPU of the daemon and of the nodes so far.
    fn cpu(&self) -> Result<Duration> {
        let nodes = euca_tests::daemon::cpu_time(self.nodes.id())?;
        Ok(self.daemon.cpu_time()? + nodes)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.nodes.kill();
        let _ = self.nodes.wait();
    }
}

async fn wait_for_instances(clc: &Clc, count: usize) -> Result<()> {
    let describe = cc::DescribeInstances { user_id: Some("eucalyptus".to_owned()), ..Default::default() };
    for _ in 0..300 {
        if clc.send(&describe).await?.text().matches("<n:instances>").count() == count {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bail!("{count} instances are not seen within 30 s")
}

fn reboot_of(instance: usize) -> cc::RebootInstances {
    cc::RebootInstances {
        correlation_id: Some(format!("reboot-{instance}")),
        user_id: Some("eucalyptus".to_owned()),
        instance_ids: vec![format!("i-{instance:08X}")],
        ..Default::default()
    }
}

/// CPU time of one RSA-2048 signature and one verification with SHA-1.
fn rsa(home: &Home) -> Result<(Duration, Duration)> {
    let key = PKey::private_key_from_pem(&std::fs::read(home.keys().private_key(Role::Cluster))?)?;
    let certificate = X509::from_pem(&std::fs::read(home.keys().certificate(Role::Cluster))?)?;
    let public = certificate.public_key()?;
    let mut signature = Vec::new();
    let rounds = 1000;
    let started = thread_cpu()?;
    for _ in 0..rounds {
        signature = Signer::new(MessageDigest::sha1(), &key)?.sign_oneshot_to_vec(b"what is signed")?;
    }
    let signing = thread_cpu()?;
    for _ in 0..rounds {
        ensure!(
            Verifier::new(MessageDigest::sha1(), &public)?.verify_oneshot(&signature, b"what is signed")?
        );
    }
    let verifying = thread_cpu()?;
    Ok(((signing - started) / rounds, (verifying - signing) / rounds))
}

fn thread_cpu() -> Result<Duration> {
    Ok(Duration::from(nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID)?))
}

fn check(outcome: &load::Outcome, operation: &str) -> Result<()> {
    for reply in &outcome.replies {
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) => bail!("no reply: {error:#}"),
        };
        ensure!(reply.text().contains("<n:return>true</n:return>"), "wrong reply: {}", reply.text());
        euca_oracle::clc_reply(Pipeline::of(operation), operation, &reply.raw)
            .map_err(|findings| anyhow::anyhow!("the CLC would object: {findings:?}"))?;
    }
    Ok(())
}

async fn reboot(calls: usize) -> Result<()> {
    let stage = Stage::new(8).await?;
    // Warms caches and code.
    let warm = load::run(stage.address, stage.messages(200, |index| reboot_of(index % 16))?, 4).await?;
    check(&warm, "RebootInstances")?;
    let messages = stage.messages(calls, |index| reboot_of(index % 16))?;
    let (sign, verify) = rsa(&stage.home)?;
    let calls_u32 = u32::try_from(calls)?;
    let before = stage.cpu()?;
    let one = load::run(stage.address, messages, 1).await?;
    let cpu_of_one = (stage.cpu()? - before) / calls_u32;
    check(&one, "RebootInstances")?;
    let messages = stage.messages(calls, |index| reboot_of(index % 16))?;
    let before = stage.cpu()?;
    let eight = load::run(stage.address, messages, 8).await?;
    let cpu_of_eight = (stage.cpu()? - before) / calls_u32;
    check(&eight, "RebootInstances")?;

    let floor = 3 * (sign + verify);
    println!("RSA-2048 alone: sign {sign:.1?}, verify {verify:.1?}; one call has 3 of each: {floor:.1?}");
    for (clients, cpu) in [(8, cpu_of_eight), (1, cpu_of_one)] {
        println!(
            "f  {clients} clients: CPU of both daemons per call {cpu:.1?}, {:.2} times the RSA operations alone",
            cpu.as_secs_f64() / floor.as_secs_f64()
        );
    }
    let p50 = one.percentile(0.5);
    println!(
        "g  1 client: p50 {p50:.2?}, p99 {:.2?}, {:.0}/s; the original's p50 {ORIGINAL_P50:?} is {:.1} times that",
        one.percentile(0.99),
        one.rate(),
        ORIGINAL_P50.as_secs_f64() / p50.as_secs_f64(),
    );
    let cores = std::thread::available_parallelism()?.get();
    println!(
        "g  8 clients: p50 {:.2?}, p99 {:.2?}, {:.0}/s: {:.1} times the original's {ORIGINAL_RATE:.0}/s; \
         RSA alone would allow {:.0}/s on these {cores} cores",
        eight.percentile(0.5),
        eight.percentile(0.99),
        eight.rate(),
        eight.rate() / ORIGINAL_RATE,
        cores as f64 / floor.as_secs_f64(),
    );
    Ok(())
}

async fn hanging(calls: usize) -> Result<()> {
    let home = Home::new()?;
    let fleet = Fleet::start(&home.keys(), SocketAddr::from(([127, 5, 0, 1], 0)), 32, Capacity::default())?;
    for (index, (_, node)) in fleet.nodes().iter().enumerate() {
        node.adopt(sample_instance(u32::try_from(index)?));
    }
    let addresses: Vec<_> = fleet.nodes().iter().map(|(address, _)| *address).collect();
    let address = free_address([127, 5, 255, 1].into())?;
    home.configure(&Home::cluster_conf(address, &addresses).replace("DEBUG", "WARN"))?;
    let daemon = Daemon::start("cc-daemon", &home)?;
    let clc = Clc::new(&home.keys(), Role::Cloud, address)?;
    wait_for_instances(&clc, 32).await?;
    let messages =
        || -> Result<Vec<_>> { (0..calls).map(|index| clc.message(&reboot_of(index % 24))).collect() };
    check(&load::run(address, messages()?, 1).await?, "RebootInstances")?;
    let healthy = load::run(address, messages()?, 1).await?;
    check(&healthy, "RebootInstances")?;

    for (_, node) in &fleet.nodes()[24..] {
        node.set_plan(Plan { behaviour: Behaviour::Hang, ..Plan::default() });
    }
    // One client on each hanging node, all the while.
    let stuck: Vec<_> = (24..32).map(|index| clc.message(&reboot_of(index))).collect::<Result<_>>()?;
    let stuck: Vec<_> = stuck
        .into_iter()
        .map(|message| tokio::spawn(async move { exchange(address, &message).await }))
        .collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let troubled = load::run(address, messages()?, 1).await?;
    check(&troubled, "RebootInstances")?;
    for task in &stuck {
        task.abort();
    }
    for (name, outcome) in [("none hanging", &healthy), ("8 of 32 hanging", &troubled)] {
        println!("h  {name}: p50 {:.2?}, p99 {:.2?}", outcome.percentile(0.5), outcome.percentile(0.99));
    }
    println!(
        "h  ratio of p99: {:.2}",
        troubled.percentile(0.99).as_secs_f64() / healthy.percentile(0.99).as_secs_f64()
    );
    drop(daemon);
    fleet.stop().await;
    Ok(())
}

async fn mixed(requests: usize) -> Result<()> {
    let stage = Stage::new(8).await?;
    let describe = |_| cc::DescribeResources {
        user_id: Some("eucalyptus".to_owned()),
        instance_types: vec![cc::VirtualMachine {
            name: Some("m1.small".to_owned()),
            memory: Some(128),
            cores: Some(1),
            disk: Some(2),
            ..Default::default()
        }],
        ..Default::default()
    };
    let stranger = Clc::new(&stage.home.keys(), Role::Other, stage.address)?;
    let good = stage.clc.message(&describe(0))?;
    check(&load::run(stage.address, vec![good.clone()], 1).await?, "DescribeResources")?;
    let text = String::from_utf8_lossy(&good).into_owned();
    let entity = text.split_once("\r\n\r\n").map(|(_, entity)| entity.to_owned()).unwrap_or_default();
    let http = |entity: &str| stage.clc.http("/axis2/services/EucalyptusCC", "x", entity.as_bytes());
    let signature = entity.find("<ds:SignatureValue>").context("no signature")? + 30;
    let mut broken = entity.clone();
    broken.replace_range(
        signature..signature + 1,
        if entity.as_bytes()[signature] == b'A' { "B" } else { "A" },
    );
    let header_end = entity.find("<soapenv:Body>").context("no body")?;
    let hostile = [
        ("replayed", good.clone()),
        (
            "unsigned",
            http(&format!(
                "{}{}",
                &entity[..entity.find("<soapenv:Header>").context("no header")?],
                &entity[header_end..]
            )),
        ),
        ("by a stranger", stranger.message(&describe(0))?),
        ("broken signature", http(&broken)),
        ("not XML", http("GET me out of here")),
        (
            "doctype",
            http(&entity.replace("<soapenv:Envelope", "<!DOCTYPE x [<!ENTITY a 'aaaa'>]><soapenv:Envelope")),
        ),
        ("nested deeply", http(&format!("{}{}", "<a>".repeat(50_000), "</a>".repeat(50_000)))),
        ("unknown operation", http(&entity.replace("DescribeResources", "EatResources"))),
    ];
    let mut kinds = Vec::with_capacity(requests);
    let mut messages = Vec::with_capacity(requests);
    for index in 0..requests {
        if index % 10 == 9 {
            let (kind, message) = &hostile[index / 10 % hostile.len()];
            kinds.push(Some(*kind));
            // A replay is of a message that was answered a while ago; the very first one is long forgotten when
            // tens of thousands have come since.
            let again = (*kind == "replayed")
                .then(|| index.checked_sub(1000).and_then(|earlier| messages.get(earlier - earlier % 10)));
            messages.push(again.flatten().unwrap_or(message).clone());
        } else {
            kinds.push(None);
            messages.push(stage.clc.message(&describe(index))?);
        }
    }
    let ids: Vec<String> = messages.iter().map(|message| message_id(message)).collect();
    // By then the replay cache is full and grows no more.
    let rest = messages.split_off(requests / 4 * 3);
    let mut replies = load::run(stage.address, messages, 64).await?.replies;
    let (early, _) = stage.daemon.resident_kib()?;
    let outcome = load::run(stage.address, rest, 64).await?;
    let (late, peak) = stage.daemon.resident_kib()?;
    println!("i  {:.0} requests a second of 64 clients", outcome.rate());
    replies.extend(outcome.replies);
    let (mut answered, mut refused) = (0, 0);
    for ((reply, kind), id) in replies.iter().zip(&kinds).zip(&ids) {
        match (reply, kind) {
            (Ok(reply), None) => {
                let text = reply.text();
                ensure!(text.contains("<n:return>true</n:return>"), "wrong answer: {text}");
                ensure!(
                    text.contains(&format!(">{id}</wsa:RelatesTo>")),
                    "answer to another request: {text}"
                );
                answered += 1;
            }
            (Ok(reply), Some(kind)) => {
                ensure!(reply.status() != 200, "{kind}: answered as if it were right");
                ensure!(reply.text().contains("<faultstring>"), "{kind}: no fault: {}", reply.text());
                refused += 1;
            }
            (Err(error), kind) => bail!("{}: no reply: {error:#}", kind.unwrap_or("good")),
        }
    }
    println!("i  {answered} answered right, {refused} hostile ones refused with a fault, none wrong");
    println!("i  memory after three quarters {early} KiB, at the end {late} KiB (peak {peak} KiB)");
    ensure!(late < early + early / 4, "memory grows");
    Ok(())
}

fn message_id(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message);
    let id = text.split_once("</wsa:MessageID>").and_then(|(before, _)| before.rsplit('>').next());
    id.unwrap_or_default().to_owned()
}

async fn idle(guest: &Path) -> Result<()> {
    let stage = Stage::new(32).await?;
    // Several poll periods of 6 s.
    tokio::time::sleep(Duration::from_secs(30)).await;
    tell_memory("cc-daemon with 32 nodes and 64 instances", &stage.daemon)?;
    drop(stage);
    let cloud = Cloud::start(guest).await?;
    for id in ["i-00000001", "i-00000002"] {
        cloud.run(id).await?;
        cloud.reaches(id, Some("Extant"), Duration::from_secs(60)).await?;
    }
    tokio::time::sleep(Duration::from_secs(30)).await;
    tell_memory("nc-daemon with 2 guests", &cloud.node)
}

fn tell_memory(what: &str, daemon: &Daemon) -> Result<()> {
    let (resident, peak) = daemon.resident_kib()?;
    let mib = |kib: u64| kib as f64 / 1024.0;
    println!("j  {what}: {:.1} MiB resident, peak {:.1} MiB", mib(resident), mib(peak));
    Ok(())
}

async fn start() -> Result<()> {
    let home = Home::new()?;
    let address = free_address([127, 6, 0, 1].into())?;
    let nodes: Vec<_> = (1..=32).map(|node| SocketAddr::from(([127, 6, 1, node], 8775))).collect();
    home.configure(&Home::cluster_conf(address, &nodes))?;
    let mut times = Vec::new();
    for _ in 0..20 {
        let started = Instant::now();
        let daemon = Daemon::start("cc-daemon", &home)?;
        times.push(daemon.ready_after());
        ensure!(daemon.ready_after() <= started.elapsed());
        daemon.stop()?;
    }
    times.sort();
    println!("k  start to READY, 20 starts: median {:.1?}, longest {:.1?}", times[10], times[19]);
    Ok(())
}
