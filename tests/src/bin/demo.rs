//! `make demo`: the main job of the product, step by step, against a real guest.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "this is what the demonstration is for")]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use euca_tests::cloud::{Cloud, POLL_PERIOD};

#[tokio::main]
async fn main() -> Result<()> {
    let guest = PathBuf::from(std::env::args_os().nth(1).context("usage: demo GUEST-FOLDER")?);
    let started = Instant::now();
    let step = |text: &str| println!("[{:6.1} s] {text}", started.elapsed().as_secs_f32());
    let id = "i-3A4B5C6D";

    step("starting libvirtd, nc-daemon and cc-daemon on loopback addresses, with fresh keys");
    let cloud = Cloud::start(&guest).await?;
    step("both are READY, and the cluster sees the node's capacity");
    cloud.run(id).await?;
    step(&format!("RunInstances, signed as a CLC signs: {id} is Pending"));
    cloud.reaches(id, Some("Extant"), Duration::from_secs(60)).await?;
    step(&format!("{id} is Extant: QEMU runs, processes {:?}", cloud.libvirtd.domain_pids()));
    cloud.booted(id, 1).await?;
    step("its console shows the first boot");
    cloud.reboot(id).await?;
    step("RebootInstances through the cluster controller to the node");
    cloud.booted(id, 2).await?;
    step("GetConsoleOutput, the last lines:");
    let console = cloud.console(id).await?;
    let lines: Vec<&str> = console.lines().collect();
    for line in lines.iter().skip(lines.len().saturating_sub(8)) {
        println!("           | {}", line.trim_end());
    }
    cloud.terminate(id).await?;
    step("TerminateInstances");
    cloud.reaches(id, Some("Teardown"), 2 * POLL_PERIOD).await?;
    ensure!(cloud.libvirtd.domain_pids().is_empty(), "a domain is left");
    ensure!(cloud.instance_files()?.is_empty(), "files are left");
    step("it is in Teardown; no domain and no file of it is left");
    cloud.stop()?;
    step("both daemons ended on SIGTERM");
    Ok(())
}
