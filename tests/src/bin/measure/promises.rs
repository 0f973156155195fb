//! The rows of SPEC.md that need no comparison with the original's tables.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use euca_sim::clc::{Clc, exchange};
use euca_sim::fleet::Fleet;
use euca_sim::keys::Role;
use euca_sim::load;
use euca_sim::node::{Behaviour, Capacity, Plan, sample_instance};
use euca_tests::cloud::Cloud;
use euca_tests::daemon::{Daemon, free_address};
use euca_tests::home::Home;
use euca_wire::cc;

use crate::original::Original;
use crate::stage::{Stage, check, reboot_of, rsa, wait_for_instances};

pub async fn reboot(calls: usize) -> Result<()> {
    let stage = Stage::new(8, 2, "").await?;
    // Warms caches and code.
    stage.load(200, 4, |index| reboot_of(index % 16)).await?;
    let (sign, verify) = rsa(&stage.home)?;
    let one = stage.load(calls, 1, |index| reboot_of(index % 16)).await?;
    let eight = stage.load(calls, 8, |index| reboot_of(index % 16)).await?;

    let floor = 3 * (sign + verify);
    println!("RSA-2048 alone: sign {sign:.1?}, verify {verify:.1?}; one call has 3 of each: {floor:.1?}");
    for (clients, load) in [(8, &eight), (1, &one)] {
        let cpu = (load.cluster + load.nodes) / u32::try_from(calls)?;
        println!(
            "f  {clients} clients: CPU of both daemons per call {cpu:.1?}, {:.2} times the RSA operations alone",
            cpu.as_secs_f64() / floor.as_secs_f64()
        );
    }
    let original = Original::read()?;
    let original = |clients, column| original.figure("3", &["8", clients], column);
    let (p50, original_p50) = (one.outcome.percentile(0.5), original("1", "p50 ms")?);
    println!(
        "g  1 client: p50 {p50:.2?}, p99 {:.2?}, {:.0}/s; the original's p50 of {original_p50} ms is {:.1} times that",
        one.outcome.percentile(0.99),
        one.outcome.rate(),
        original_p50 / 1000.0 / p50.as_secs_f64(),
    );
    let cores = std::thread::available_parallelism()?.get();
    let original_rate = original("8", "req/s")?;
    println!(
        "g  8 clients: p50 {:.2?}, p99 {:.2?}, {:.0}/s: {:.1} times the original's {original_rate:.0}/s; \
         RSA alone would allow {:.0}/s on these {cores} cores",
        eight.outcome.percentile(0.5),
        eight.outcome.percentile(0.99),
        eight.outcome.rate(),
        eight.outcome.rate() / original_rate,
        cores as f64 / floor.as_secs_f64(),
    );
    Ok(())
}

pub async fn hanging(calls: usize) -> Result<()> {
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

pub async fn mixed(requests: usize) -> Result<()> {
    let stage = Stage::new(8, 2, "").await?;
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

pub async fn idle(guest: &Path) -> Result<()> {
    let stage = Stage::new(32, 2, "").await?;
    // Several poll periods of 6 s.
    tokio::time::sleep(Duration::from_secs(30)).await;
    tell_memory("cc-daemon with 32 nodes and 64 instances", &stage.daemon)?;
    drop(stage);
    let cloud = Cloud::start(guest).await?;
    for id in ["i-00000001", "i-00000002"] {
        cloud.run(id).await?;
        cloud.reaches(id, Some("Extant")).await?;
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

pub async fn start() -> Result<()> {
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
