//! The measurements behind the original's baseline, repeated: the same nodes, load and windows, section by
//! section. RSA costs what the machine makes it cost, so each row also says how its CPU compares with the
//! RSA operations it contains, measured in this run.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::Result;
use euca_sim::clc::exchange;
use euca_wire::cc;

use crate::original::{Original, Row, rounded};
use crate::stage::{Load, Nodes, Stage, reboot_of, rsa};

/// Pause of the monitor between two polls of a node.
const PAUSE: Duration = Duration::from_secs(6);

/// How much is measured.
struct Extent {
    quick: bool,
}

impl Extent {
    fn calls(&self, calls: usize) -> usize {
        if self.quick { (calls / 10).max(5) } else { calls }
    }

    /// Long enough for some monitor cycles.
    fn window(&self, seconds: u64) -> Duration {
        Duration::from_secs(if self.quick { 15 } else { seconds })
    }
}

/// CPU time of the RSA operations of one message: its signature, and the verification at the other end.
struct Yardstick {
    rsa: Duration,
}

impl Yardstick {
    fn of(stage: &Stage) -> Result<Self> {
        let (sign, verify) = rsa(&stage.home)?;
        Ok(Self { rsa: sign + verify })
    }

    /// What the RSA operations alone cost the cluster controller in a call with so many exchanges.
    fn remark(&self, cluster: Duration, exchanges: u32) -> String {
        let floor = self.rsa * exchanges;
        format!(
            "CC CPU {:.2} times its RSA operations alone, {:.2} ms ({exchanges} signed, {exchanges} verified)",
            cluster.as_secs_f64() / floor.as_secs_f64(),
            milliseconds(floor),
        )
    }

    fn target(&self, what: &str, measured: f64, target: f64, unit: &str) -> String {
        let verdict = if measured <= target { "reached" } else { "not reached" };
        format!(
            "{what} at most {target} {unit}: {verdict}, with a message's RSA at {:.2} ms",
            milliseconds(self.rsa)
        )
    }
}

/// Measures `section`, or all.
pub async fn run(quick: bool, section: Option<&str>) -> Result<()> {
    let original = Original::read()?;
    let extent = Extent { quick };
    let wanted = |name: &str| section.is_none_or(|section| name == section);
    println!("Each figure: original → ours.\n");
    if wanted("3") {
        println!("3. RebootInstances of cached instances");
        original.print("3", 0, &cached(&extent).await?)?;
    }
    if wanted("4") {
        println!("4. RebootInstances of an unknown instance: every node is asked");
        original.print("4", 0, &unknown(&extent).await?)?;
    }
    if wanted("5") {
        println!("5. Hanging nodes, 8 nodes. Monitor cycle: of the healthy nodes");
        original.print("5", 0, &hanging(&extent).await?)?;
    }
    if wanted("6") {
        println!("6. Describe operations by number of instances, 4 nodes");
        let (rows, sizes) = describes(&extent).await?;
        original.print("6", 0, &rows)?;
        original.print("6", 1, &sizes)?;
    }
    if wanted("6b") {
        println!("6b. Other read operations");
        original.print("6b", 0, &reads(&extent).await?)?;
    }
    if wanted("7") {
        println!("7. Monitor cycle, when all nodes are polled at once after the start, and idle cost");
        original.print("7", 0, &monitor(&extent).await?)?;
    }
    Ok(())
}

async fn cached(extent: &Extent) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for nodes in [1, 8, 32, 128] {
        let stage = Stage::new(nodes, 2, "").await?;
        let yardstick = Yardstick::of(&stage)?;
        // On eight different nodes or, with one, two instances of it.
        let instance = |index| if nodes == 1 { index % 2 } else { index % 8 * 2 };
        stage.load(200, 4, |index| reboot_of(instance(index))).await?;
        for clients in [1, 8] {
            let request = |index| reboot_of(if clients == 1 { 0 } else { instance(index) });
            let load = stage.load(extent.calls(2000), clients, request).await?;
            rows.push(row([&nodes, &clients], &load, &yardstick, 2));
        }
    }
    Ok(rows)
}

async fn unknown(extent: &Extent) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (nodes, clients, calls) in
        [(1, 1, 500), (8, 1, 300), (8, 8, 300), (32, 1, 100), (32, 8, 100), (128, 1, 50)]
    {
        let stage = Stage::new(nodes, 2, "").await?;
        let yardstick = Yardstick::of(&stage)?;
        stage.load(5, 1, |_| reboot_of(1 << 20)).await?;
        let load = stage.load(extent.calls(calls), clients, |_| reboot_of(1 << 20)).await?;
        let mut row = row([&nodes, &clients], &load, &yardstick, nodes + 1);
        if nodes == 128 {
            let p50 = load.outcome.percentile(0.5).as_secs_f64();
            row.remarks.push(yardstick.target("p50", p50, 0.2, "s"));
        }
        rows.push(row);
    }
    Ok(rows)
}

async fn hanging(extent: &Extent) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (scenario, hung, clients) in [
        ("none hung", 0, 0),
        ("1 hung, monitor only", 1, 0),
        ("1 hung, 1 client on it", 1, 1),
        ("4 hung, monitor only", 4, 0),
        ("4 hung, 4 clients on them", 4, 4),
        ("1 hung, 8 clients on it", 1, 8),
    ] {
        let mut stage = Stage::new(8, 2, "").await?;
        stage.load(200, 4, |index| reboot_of(index % 8)).await?;
        let healthy = 8 - hung;
        for node in healthy..8 {
            stage.nodes.hang(node)?;
        }
        let before = stage.nodes.arrivals("ncDescribeResource")?;
        let window = tokio::time::Instant::now()
            + extent.window(50).max(Duration::from_secs(if clients > 0 { 22 } else { 0 }));
        let mut stuck = tokio::task::JoinSet::new();
        let (sender, times) = mpsc::channel();
        for client in 0..clients {
            let instance = (healthy + client % hung) * 2 + client / hung % 2;
            let messages = stage.messages(10, |_| reboot_of(instance))?;
            let (address, sender) = (stage.address, sender.clone());
            stuck.spawn(async move {
                for message in messages {
                    let started = Instant::now();
                    if exchange(address, &message).await.is_ok() {
                        let _ = sender.send(started.elapsed());
                    }
                }
            });
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        let reboot = stage.load(extent.calls(2000), 1, |_| reboot_of(0)).await?.outcome;
        let describe = stage.load(extent.calls(500), 1, |_| describe_resources()).await?.outcome;
        tokio::time::sleep_until(window).await;
        stuck.shutdown().await;
        let stuck: Vec<f64> = times.try_iter().map(|time| time.as_secs_f64()).collect();
        let after = stage.nodes.arrivals("ncDescribeResource")?;
        let polls = after.iter().zip(&before).take(healthy).map(|(after, before)| &after[before.len()..]);
        let cycles: Vec<f64> = polls
            .flat_map(|polls| polls.windows(2))
            .map(|pair| (pair[1] - pair[0]).as_secs_f64() - PAUSE.as_secs_f64())
            .collect();
        let stuck = match stuck.len() {
            0 => "–".to_owned(),
            calls => format!("{calls}, {:.1}", stuck.iter().sum::<f64>() / calls as f64),
        };
        let mut figures = latencies(["Healthy reboot p50 ms", "p99 ms", "max ms"], &reboot).to_vec();
        figures.extend([
            ("req/s", rounded(reboot.rate())),
            ("DescribeResources p50 ms", rounded(milliseconds(describe.percentile(0.5)))),
            ("max ms", rounded(milliseconds(describe.percentile(1.0)))),
            ("Clients on hung nodes: calls, mean s", stuck),
            ("Monitor cycle median s", rounded(median(&cycles))),
            ("max s", rounded(maximum(&cycles))),
        ]);
        rows.push(Row { key: vec![scenario.to_owned()], figures, remarks: Vec::new() });
    }
    Ok(rows)
}

async fn describes(extent: &Extent) -> Result<(Vec<Row>, Vec<Row>)> {
    let (mut rows, mut sizes) = (Vec::new(), Vec::new());
    for (instances, calls, target) in [(0, 1000, 0.5), (100, 500, 0.8), (1000, 200, 4.0), (2000, 100, 8.0)] {
        let stage = Stage::new(4, instances / 4, "").await?;
        let yardstick = Yardstick::of(&stage)?;
        let describe = |_| describe_instances();
        stage.load(20, 4, describe).await?;
        for clients in [1, 8] {
            let load = stage.load(extent.calls(calls), clients, describe).await?;
            let mut row = row([&"DescribeInstances", &instances, &clients], &load, &yardstick, 1);
            if clients == 1 {
                let p50 = milliseconds(load.outcome.percentile(0.5));
                row.remarks.push(yardstick.target("p50", p50, target, "ms"));
                sizes.push(size(instances, &load));
            }
            rows.push(row);
        }
        for clients in [1, 8] {
            let load = stage.load(extent.calls(1000), clients, |_| describe_resources()).await?;
            let mut row = row([&"DescribeResources", &instances, &clients], &load, &yardstick, 1);
            if clients == 8 {
                let cores = std::thread::available_parallelism()?.get() as f64;
                row.remarks.push(format!(
                    "at least 4500/s wanted; RSA alone would allow {:.0}/s on {cores} cores",
                    cores / yardstick.rsa.as_secs_f64()
                ));
            }
            rows.push(row);
        }
        if instances > 0 {
            let last = |_| reboot_of(instances as usize - 1);
            let load = stage.load(extent.calls(1000), 1, last).await?;
            rows.push(row([&"RebootInstances of the last cached", &instances, &1], &load, &yardstick, 2));
        }
    }
    let stage = Stage::new(4, 500, "NC_POLLING_FREQUENCY=\"86400\"\n").await?;
    let yardstick = Yardstick::of(&stage)?;
    for clients in [1, 8] {
        let load = stage.load(extent.calls(100), clients, |_| describe_instances()).await?;
        rows.push(row([&"DescribeInstances, monitor asleep", &2000, &clients], &load, &yardstick, 1));
    }
    let load = stage.load(extent.calls(1000), 1, |_| reboot_of(1999)).await?;
    rows.push(row([&"RebootInstances, monitor asleep", &2000, &1], &load, &yardstick, 2));
    Ok((rows, sizes))
}

/// The answer's size, which the CLC limits to 1 MiB.
fn size(instances: u32, load: &Load) -> Row {
    let sizes = load.outcome.replies.iter().flatten().map(|reply| reply.body().len());
    let size = sizes.max().unwrap_or_default();
    let verdict = if size <= 1 << 20 { "within" } else { "beyond" };
    Row {
        key: vec![instances.to_string()],
        figures: vec![("DescribeInstances answer, bytes", format!("{size}"))],
        remarks: vec![format!("{verdict} the CLC's limit of 1 MiB")],
    }
}

async fn reads(extent: &Extent) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for nodes in [1, 8, 32, 128] {
        let stage = Stage::new(nodes, 2, "").await?;
        let yardstick = Yardstick::of(&stage)?;
        stage.load(100, 4, |_| describe_resources()).await?;
        for clients in [1, 8] {
            let load = stage.load(extent.calls(1000), clients, |_| describe_resources()).await?;
            rows.push(row([&"DescribeResources (5 types)", &nodes, &clients], &load, &yardstick, 1));
            let load = stage.load(extent.calls(1000), clients, |_| describe_networks()).await?;
            rows.push(row([&"DescribeNetworks", &nodes, &clients], &load, &yardstick, 1));
        }
    }
    Ok(rows)
}

async fn monitor(extent: &Extent) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (nodes, instances) in [(1, 2), (8, 16), (32, 64), (128, 256), (4, 0), (4, 100), (4, 1000), (4, 2000)]
    {
        let mut stage = Stage::new(nodes, instances / nodes, "").await?;
        let mut cycles = vec![first_pass(&mut stage.nodes)?];
        for _ in 0..if extent.quick { 2 } else { 9 } {
            stage = Stage::new(nodes, instances / nodes, "").await?;
            cycles.push(first_pass(&mut stage.nodes)?);
        }
        let yardstick = Yardstick::of(&stage)?;
        let before = (stage.daemon.cpu_time()?, stage.nodes.cpu_time()?, stage.nodes.calls()?);
        let started = Instant::now();
        tokio::time::sleep(extent.window(45)).await;
        let (cluster, node) = (stage.daemon.cpu_time()? - before.0, stage.nodes.cpu_time()? - before.1);
        let calls = stage.nodes.calls()? - before.2;
        let share = |cpu: Duration| cpu.as_secs_f64() / started.elapsed().as_secs_f64() * 100.0;
        let floor = yardstick.rsa * u32::try_from(calls)?;
        let mut remarks = vec![format!(
            "{calls} calls; CC CPU {:.2} times their RSA operations alone, {:.2} % of a core",
            cluster.as_secs_f64() / floor.as_secs_f64(),
            share(floor),
        )];
        if nodes == 128 {
            remarks.push(yardstick.target("cycle", median(&cycles) / 1000.0, 0.3, "s"));
            remarks.push(yardstick.target("CC CPU", share(cluster), 3.0, "% of a core"));
        }
        rows.push(Row {
            key: vec!["signed, C nodes".to_owned(), nodes.to_string(), instances.to_string()],
            figures: vec![
                ("Cycle median ms", rounded(median(&cycles))),
                ("min", rounded(minimum(&cycles))),
                ("max", rounded(maximum(&cycles))),
                ("CC CPU %", rounded(share(cluster))),
                ("NC CPU %", rounded(share(node))),
                ("CC processes", "1".to_owned()),
                ("RSS sum MB", rounded(stage.daemon.resident_kib()?.0 as f64 / 1024.0)),
                ("PSS sum MB", rounded(stage.daemon.proportional_kib()? as f64 / 1024.0)),
            ],
            remarks,
        });
    }
    Ok(rows)
}

/// How long the monitor takes for all nodes when it polls them at once, as after the start: from the first node's
/// being asked for its resources to the last one's being asked for its instances. Later the polls are spread.
fn first_pass(nodes: &mut Nodes) -> Result<f64> {
    let first = |arrivals: Vec<Vec<Duration>>| -> Vec<Duration> {
        arrivals.iter().filter_map(|node| node.first().copied()).collect()
    };
    let begin = first(nodes.arrivals("ncDescribeResource")?).into_iter().min().unwrap_or_default();
    let end = first(nodes.arrivals("ncDescribeInstances")?).into_iter().max().unwrap_or_default();
    Ok(milliseconds(end.saturating_sub(begin)))
}

fn row<const N: usize>(key: [&dyn ToString; N], load: &Load, yardstick: &Yardstick, exchanges: u32) -> Row {
    let count = load.outcome.latencies.len() as f64;
    let cluster = load.cluster.div_f64(count.max(1.0));
    let mut figures = latencies(["p50 ms", "p99 ms", "max ms"], &load.outcome).to_vec();
    figures.extend([
        ("req/s", rounded(load.outcome.rate())),
        ("CC CPU ms/req", rounded(milliseconds(cluster))),
        ("NC CPU ms/req", rounded(milliseconds(load.nodes) / count)),
        ("CC CPU %", rounded(load.cluster.as_secs_f64() / load.outcome.elapsed.as_secs_f64() * 100.0)),
    ]);
    Row {
        key: key.iter().map(|cell| cell.to_string()).collect(),
        figures,
        remarks: vec![yardstick.remark(cluster, exchanges)],
    }
}

fn latencies(
    [p50, p99, max]: [&'static str; 3],
    outcome: &euca_sim::load::Outcome,
) -> [(&'static str, String); 3] {
    [(p50, 0.5), (p99, 0.99), (max, 1.0)]
        .map(|(name, share)| (name, rounded(milliseconds(outcome.percentile(share)))))
}

fn describe_instances() -> cc::DescribeInstances {
    cc::DescribeInstances { user_id: Some("eucalyptus".to_owned()), ..Default::default() }
}

/// With the five types a CLC asks about.
fn describe_resources() -> cc::DescribeResources {
    let types = [("m1.small", 128, 1, 2), ("c1.medium", 256, 1, 5), ("m1.large", 512, 2, 10)];
    let larger = [("m1.xlarge", 1024, 2, 20), ("c1.xlarge", 2048, 4, 20)];
    let machine = |(name, memory, cores, disk): (&str, i32, i32, i32)| cc::VirtualMachine {
        name: Some(name.to_owned()),
        memory: Some(memory),
        cores: Some(cores),
        disk: Some(disk),
        ..Default::default()
    };
    cc::DescribeResources {
        user_id: Some("eucalyptus".to_owned()),
        instance_types: types.into_iter().chain(larger).map(machine).collect(),
        ..Default::default()
    }
}

fn describe_networks() -> cc::DescribeNetworks {
    cc::DescribeNetworks { user_id: Some("eucalyptus".to_owned()), ..Default::default() }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn minimum(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NAN, f64::min)
}

fn maximum(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NAN, f64::max)
}
