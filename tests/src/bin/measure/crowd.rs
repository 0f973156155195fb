//! A node with many guests while libvirt does not come back from some of them.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use euca_sim::clc::Clc;
use euca_sim::keys::Role;
use euca_sim::load;
use euca_tests::cloud::Cloud;
use euca_tests::{node, until};
use euca_wire::nc;
use nix::sys::signal::{Signal, kill};

/// Guests whose QEMU stands still when they are terminated: libvirt waits for ten seconds before it kills such a one.
const STUCK: u32 = 5;
const CALLS: usize = 500;

pub async fn run(guest: &Path, guests: u32) -> Result<()> {
    let cloud = Cloud::start(guest).await?;
    let cluster = Clc::new(&cloud.node_home().keys(), Role::Cluster, cloud.node_address)?;
    let id = |number: u32| format!("i-{number:08X}");
    for number in 0..guests {
        // Of the node itself: its cluster would ask no host of two cores for so many.
        let request = nc::NcRunInstance {
            kernel_id: Some("eki-12345678".to_owned()),
            kernel_url: Some(cloud.images.url("kernel")),
            ramdisk_id: Some("eri-12345678".to_owned()),
            ramdisk_url: Some(cloud.images.url("ramdisk")),
            ..node::run_instance(&id(number), cloud.images.url("root.img"), number)
        };
        let reply = cluster.send(&request).await?.text();
        ensure!(reply.contains("<n:return>true<"), "{reply}");
    }
    let describe = |call: usize| nc::NcDescribeInstances {
        correlation_id: Some(format!("describe-{call}")),
        user_id: Some("eucalyptus".to_owned()),
        ..Default::default()
    };
    // Afterwards they sleep; a guest that starts takes all it can get of the host.
    let users = node::instances(cloud.node_home()).join("alice");
    until("all guests to have started", Duration::from_secs(1800), async || {
        let console = |number| std::fs::read(users.join(id(number)).join("console.log")).unwrap_or_default();
        let booted = |number| String::from_utf8_lossy(&console(number)).contains("EUCA-GUEST-BOOT");
        Ok((0..guests).all(booted))
    })
    .await?;
    // Two passes of the monitor and two polls, in peace.
    tokio::time::sleep(Duration::from_secs(12)).await;
    let (resident, peak) = cloud.node.resident_kib()?;
    let mib = |kib: u64| kib as f64 / 1024.0;
    println!(
        "s  nc-daemon with {guests} guests: {:.1} MiB resident, peak {:.1} MiB",
        mib(resident),
        mib(peak)
    );

    let load = async |calls: std::ops::Range<usize>| {
        let messages = calls.map(|call| cluster.message(&describe(call))).collect::<Result<_>>()?;
        let outcome = load::run(cloud.node_address, messages, 1).await?;
        for reply in &outcome.replies {
            let text = reply.as_ref().map_err(|error| anyhow::anyhow!("no reply: {error:#}"))?.text();
            ensure!(text.matches("<n:instanceId>").count() == guests as usize, "not all instances: {text}");
        }
        Ok::<_, anyhow::Error>(outcome)
    };
    let free = load(0..CALLS).await?;
    for number in 0..STUCK {
        let pid = cloud.libvirtd.domain_pid(&id(number)).context("a guest without a process")?;
        kill(pid, Signal::SIGSTOP)?;
        let request = nc::NcTerminateInstance { instance_id: id(number), ..Default::default() };
        cluster.send(&request).await?;
    }
    // Until the calls have reached libvirt.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let stuck = load(CALLS..2 * CALLS).await?;
    let standing = (0..STUCK).filter(|number| cloud.libvirtd.domain_pid(&id(*number)).is_some()).count();
    ensure!(standing == STUCK as usize, "{standing} of {STUCK} guests were in a blocking call to the end");
    for (what, outcome) in [("none", free), ("5 guests", stuck)] {
        println!(
            "s  ncDescribeInstances of {guests} guests, {what} in blocking calls: median {:.1?}, p99 {:.1?}",
            outcome.percentile(0.5),
            outcome.percentile(0.99),
        );
    }
    cloud.stop()
}
