//! A node with many guests while libvirt does not come back from some of them.

use std::fs;
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
/// A guest small enough for fifty of them under emulation: says on its console that it has started, and halts.
const KERNEL: &str = "halting-kernel";

/// A Multiboot kernel as QEMU loads it: the header with the addresses of a flat image, then 32 bit code.
fn halting_kernel() -> Vec<u8> {
    const MAGIC: u32 = 0x1bad_b002;
    const ADDRESSES_GIVEN: u32 = 0x1_0000;
    const LOADED_AT: u32 = 0x10_0000;
    const CODE_AT: u32 = LOADED_AT + 32;
    let header = [
        MAGIC,
        ADDRESSES_GIVEN,
        0_u32.wrapping_sub(MAGIC + ADDRESSES_GIVEN),
        LOADED_AT,
        LOADED_AT,
        0, // loaded: the whole file
        0, // no bss
        CODE_AT,
    ];
    #[rustfmt::skip]
    let code = [
        0xbe, 0x35, 0x00, 0x10, 0x00, //    mov esi, the text below
        0x66, 0xba, 0xf8, 0x03, //          mov dx, the first serial port
        0xac, //                      next: lodsb
        0x84, 0xc0, //                      test al, al
        0x74, 0x03, //                      jz halt
        0xee, //                            out dx, al
        0xeb, 0xf8, //                      jmp next
        0xfa, //                      halt: cli
        0xf4, //                            hlt
        0xeb, 0xfc, //                      jmp halt
    ];
    [&header.map(u32::to_le_bytes).concat()[..], &code[..], b"EUCA-GUEST-BOOT 1\r\n\0"].concat()
}

pub async fn run(guest: &Path, guests: u32) -> Result<()> {
    let cloud = Cloud::start(guest).await?;
    fs::write(guest.join(KERNEL), halting_kernel())?;
    let cluster = Clc::new(&cloud.node_home().keys(), Role::Cluster, cloud.node_address)?;
    let id = |number: u32| format!("i-{number:08X}");
    for number in 0..guests {
        // Of the node itself: its cluster would ask no host of two cores for so many.
        let request = nc::NcRunInstance {
            kernel_id: Some("eki-12345678".to_owned()),
            kernel_url: Some(cloud.images.url(KERNEL)),
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
    // Afterwards they are halted; a guest that starts takes all it can get of the host.
    let users = node::instances(cloud.node_home()).join("alice");
    until("all guests to have started", async || {
        let console = |number| fs::read(users.join(id(number)).join("console.log")).unwrap_or_default();
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
