//! Keeping up with many nodes: whether each is polled once a period, and what that costs.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use euca_wire::cc;

use crate::stage::{Stage, instances_in, rsa};

/// Pause of the monitor between two polls of a node.
const PAUSE: Duration = Duration::from_secs(6);
/// How much longer than the pause a period may be: the two calls of a poll, while all other nodes are polled too.
const POLL: Duration = Duration::from_secs(6);
/// CPU of the daemon over the RSA operations of its calls.
const CPU_RATIO: f64 = 1.3;
const MEMORY_MIB: f64 = 96.0;

/// Polls `nodes` nodes with `instances` each for `seconds`, after the burst of the start.
pub async fn run(nodes: u32, instances: u32, seconds: u64) -> Result<()> {
    let conf = format!("DAEMON_MAX_NODES=\"{nodes}\"\nDAEMON_MAX_INSTANCES=\"{}\"\n", nodes * instances);
    let mut stage = Stage::unawaited(nodes, instances, &conf)?;
    let started = Instant::now();
    // Two polls of every node: all instances are known, and memory is what it will be.
    while stage.nodes.arrivals("ncDescribeInstances")?.iter().any(|polls| polls.len() < 2) {
        ensure!(started.elapsed() < Duration::from_secs(120), "not every node was polled twice within 120 s");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!(
        "{nodes} nodes with {instances} instances each: all polled twice after {:.1?}",
        started.elapsed()
    );

    let calls = stage.nodes.calls()?;
    let (cpu, begin) = (stage.daemon.cpu_time()?, Instant::now());
    // The yardstick is taken meanwhile, under the same load.
    let (mut rsa_samples, mut resident) = (Vec::new(), 0);
    while begin.elapsed() < Duration::from_secs(seconds) {
        let (sign, verify) = rsa(&stage.home)?;
        rsa_samples.push(sign + verify);
        resident = resident.max(stage.daemon.resident_kib()?.0);
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
    let elapsed = begin.elapsed();
    let (cpu, calls) = (stage.daemon.cpu_time()? - cpu, stage.nodes.calls()? - calls);
    let rsa = rsa_samples.iter().sum::<Duration>() / u32::try_from(rsa_samples.len())?;
    let floor = rsa * u32::try_from(calls)?;
    let ratio = cpu.as_secs_f64() / floor.as_secs_f64();
    println!(
        "p  CPU of cc-daemon: {calls} calls in {elapsed:.1?}, {:.3} ms each, {:.1} % of a core; {ratio:.2} times the \
         RSA operations alone ({:.3} ms each); target {CPU_RATIO}",
        cpu.as_secs_f64() * 1000.0 / calls as f64,
        cpu.as_secs_f64() / elapsed.as_secs_f64() * 100.0,
        rsa.as_secs_f64() * 1000.0,
    );

    let polls = stage.nodes.arrivals("ncDescribeResource")?;
    let mut periods: Vec<Duration> =
        polls.iter().flat_map(|polls| polls.windows(2)).map(|pair| pair[1].saturating_sub(pair[0])).collect();
    periods.sort();
    let (median, longest) = (periods[periods.len() / 2], periods[periods.len() - 1]);
    println!(
        "p  {} polls, {median:.2?} apart in the median, {longest:.2?} at most (pause {PAUSE:?})",
        periods.len()
    );

    let (_, peak) = stage.daemon.resident_kib()?;
    let mib = |kib: u64| kib as f64 / 1024.0;
    println!(
        "p  resident {:.1} MiB, peak since the start {:.1} MiB; target {MEMORY_MIB}",
        mib(resident),
        mib(peak)
    );

    // Last, since the reply alone takes more memory than all the rest.
    let describe = cc::DescribeInstances { user_id: Some("eucalyptus".to_owned()), ..Default::default() };
    let known = instances_in(&stage.clc.send(&describe).await?.text());
    ensure!(known == (nodes * instances) as usize, "{known} instances are known");
    ensure!(longest < PAUSE + POLL, "a node was not polled for {longest:?}");
    ensure!(ratio <= CPU_RATIO, "CPU is {ratio:.2} times the RSA operations");
    ensure!(mib(peak) <= MEMORY_MIB, "resident memory is {:.1} MiB", mib(peak));
    Ok(())
}
