//! The product whole, with real libvirt and real guests.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use euca_tests::cloud::{Cloud, POLL_PERIOD};

/// Two instances run; one is rebooted and its console shows the second boot while the other's does not; both are
/// terminated, and nothing is left.
#[tokio::test(flavor = "multi_thread")]
async fn instances_run_reboot_one_by_one_and_end_without_a_trace() {
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest");
    let cloud = Cloud::start(&guest).await.unwrap();
    let (first, second) = ("i-0000AAAA", "i-0000BBBB");
    for id in [first, second] {
        cloud.run(id).await.unwrap();
        assert_eq!(cloud.state(id).await.unwrap().as_deref(), Some("Pending"));
    }
    for id in [first, second] {
        // Staging, creating the domain, and two polls, the node's and the cluster's.
        cloud.reaches(id, Some("Extant"), Duration::from_secs(60)).await.unwrap();
    }
    assert_eq!(cloud.libvirtd.domain_pids().len(), 2);
    for id in [first, second] {
        cloud.booted(id, 1).await.unwrap();
    }

    cloud.reboot(first).await.unwrap();
    cloud.booted(first, 2).await.unwrap();
    let other = cloud.console(second).await.unwrap();
    assert!(!other.contains("EUCA-GUEST-BOOT 2"), "the other instance was rebooted too: {other}");
    assert_eq!(cloud.state(first).await.unwrap().as_deref(), Some("Extant"));

    for id in [first, second] {
        cloud.terminate(id).await.unwrap();
    }
    for id in [first, second] {
        cloud.reaches(id, Some("Teardown"), 2 * POLL_PERIOD).await.unwrap();
    }
    assert!(cloud.libvirtd.domain_pids().is_empty(), "domains are left");
    assert_eq!(cloud.instance_files().unwrap(), Vec::<std::path::PathBuf>::new());
    cloud.stop().unwrap();
}

/// libvirtd hangs, then dies and comes back; `nc-daemon` is killed and comes back: the guest runs on through all of
/// it, is reported all the time, and can be rebooted and terminated afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn a_guest_survives_the_loss_of_libvirtd_and_of_its_node_controller() {
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest");
    let mut cloud = Cloud::start(&guest).await.unwrap();
    let id = "i-0000CCCC";
    cloud.run(id).await.unwrap();
    cloud.reaches(id, Some("Extant"), Duration::from_secs(60)).await.unwrap();
    cloud.booted(id, 1).await.unwrap();
    let pids = cloud.libvirtd.domain_pids();
    assert_eq!(pids.len(), 1);

    cloud.libvirtd.suspend().unwrap();
    // Two polls of node and cluster: whoever cannot be asked has not said that the guest is gone.
    tokio::time::sleep(2 * POLL_PERIOD).await;
    assert_eq!(cloud.state(id).await.unwrap().as_deref(), Some("Extant"), "while libvirtd hangs");
    assert!(cloud.console(id).await.unwrap().contains("EUCA-GUEST-BOOT 1"), "while libvirtd hangs");
    cloud.libvirtd.resume().unwrap();

    cloud.libvirtd.kill();
    tokio::time::sleep(POLL_PERIOD).await;
    assert_eq!(cloud.state(id).await.unwrap().as_deref(), Some("Extant"), "while libvirtd is dead");
    cloud.libvirtd.restart().await.unwrap();

    cloud.restart_node_after_kill().unwrap();
    assert_eq!(cloud.libvirtd.domain_pids(), pids, "another guest than before");
    cloud.reaches(id, Some("Extant"), 2 * POLL_PERIOD).await.unwrap();
    cloud.reboot(id).await.unwrap();
    cloud.booted(id, 2).await.unwrap();
    cloud.terminate(id).await.unwrap();
    cloud.reaches(id, Some("Teardown"), 2 * POLL_PERIOD).await.unwrap();
    assert!(cloud.libvirtd.domain_pids().is_empty(), "a domain is left");
    assert_eq!(cloud.instance_files().unwrap(), Vec::<std::path::PathBuf>::new());
    cloud.stop().unwrap();
}
