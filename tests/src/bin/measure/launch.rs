//! How soon a cached image is a domain again: from ncRunInstance to QEMU.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use euca_sim::clc::Clc;
use euca_sim::keys::Role;
use euca_tests::cloud::Cloud;
use euca_tests::node;
use euca_wire::nc;

use crate::staging::fill;

/// Target, with overlays.
const TARGET: Duration = Duration::from_secs(1);
/// For a launch at all.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often one is repeated.
const LAUNCHES: u32 = 5;

pub async fn run(guest: &Path, mib: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    for file in ["kernel", "ramdisk", "root.img", ".version"] {
        std::fs::copy(guest.join(file), folder.path().join(file))?;
    }
    fill(&folder.path().join("large.img"), mib)?;
    for copy in ["overlay", "full"] {
        let cloud = Cloud::start_with(folder.path(), &format!("DAEMON_DISK_COPY=\"{copy}\"\n")).await?;
        let cluster = Clc::new(&cloud.node_home().keys(), Role::Cluster, cloud.node_address)?;
        let first = launch(&cloud, &cluster, 0).await?;
        let mut times = Vec::new();
        for number in 1..=LAUNCHES {
            times.push(launch(&cloud, &cluster, number).await?);
        }
        times.sort();
        let [fastest, .., slowest] = times[..] else { return Ok(()) };
        println!(
            "r  {mib} MiB from the cache, {copy}: ncRunInstance to domain {fastest:.2?} to {slowest:.2?}; not cached \
             {first:.2?}"
        );
        ensure!(copy != "overlay" || slowest <= TARGET, "above the target of {TARGET:?}");
        cloud.stop()?;
    }
    Ok(())
}

async fn launch(cloud: &Cloud, cluster: &Clc, number: u32) -> Result<Duration> {
    let id = format!("i-{number:08X}");
    let request = node::run_instance(&id, cloud.images.url("large.img"), number);
    let instance_type = nc::VirtualMachine { disk: Some(4), ..request.instance_type.clone() };
    let began = Instant::now();
    let reply = cluster.send(&nc::NcRunInstance { instance_type, ..request }).await?.text();
    ensure!(reply.contains("<n:return>true<"), "{reply}");
    while cloud.libvirtd.domain_pid(&id).is_none() {
        ensure!(began.elapsed() < PATIENCE, "no domain after {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Ok(began.elapsed())
}
