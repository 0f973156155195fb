//! The product whole, with real libvirt and real guests.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use euca_hypervisor::testing::TestGuest;
use euca_tests::cloud::Cloud;
use euca_tests::machine;
use euca_wire::cc;

/// More than a poll period of the cluster controller, 6 s.
const POLLED: Duration = Duration::from_secs(12);

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
        cloud.reaches(id, Some("Extant")).await.unwrap();
    }
    assert_eq!(cloud.libvirtd.domain_pids().len(), 2);
    for id in [first, second] {
        cloud.booted(id, 1).await.unwrap();
        // st_t089: the emulator has written it, as another user of the group would.
        let mut files = cloud.instance_files().unwrap().into_iter();
        let console = files.find(|path| path.ends_with(format!("{id}/console.log"))).unwrap();
        let file = std::fs::metadata(console).unwrap();
        assert!(file.permissions().mode() & 0o777 == 0o660 && file.len() > 0, "{file:?}");
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
        cloud.reaches(id, Some("Teardown")).await.unwrap();
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
    cloud.reaches(id, Some("Extant")).await.unwrap();
    cloud.booted(id, 1).await.unwrap();
    let pids = cloud.libvirtd.domain_pids();
    assert_eq!(pids.len(), 1);

    cloud.libvirtd.suspend().unwrap();
    // Two polls of node and cluster: whoever cannot be asked has not said that the guest is gone.
    tokio::time::sleep(2 * POLLED).await;
    assert_eq!(cloud.state(id).await.unwrap().as_deref(), Some("Extant"), "while libvirtd hangs");
    assert!(cloud.console(id).await.unwrap().contains("EUCA-GUEST-BOOT 1"), "while libvirtd hangs");
    cloud.libvirtd.resume().unwrap();

    cloud.libvirtd.kill();
    tokio::time::sleep(POLLED).await;
    assert_eq!(cloud.state(id).await.unwrap().as_deref(), Some("Extant"), "while libvirtd is dead");
    cloud.libvirtd.restart().await.unwrap();

    cloud.restart_node_after_kill().unwrap();
    assert_eq!(cloud.libvirtd.domain_pids(), pids, "another guest than before");
    cloud.reaches(id, Some("Extant")).await.unwrap();
    cloud.reboot(id).await.unwrap();
    cloud.booted(id, 2).await.unwrap();
    cloud.terminate(id).await.unwrap();
    cloud.reaches(id, Some("Teardown")).await.unwrap();
    assert!(cloud.libvirtd.domain_pids().is_empty(), "a domain is left");
    assert_eq!(cloud.instance_files().unwrap(), Vec::<std::path::PathBuf>::new());
    cloud.stop().unwrap();
}

/// An image of 1 GiB, dense, from a Walrus that wants signatures, becomes a disk with key, ephemeral file system and
/// swap, and the guest finds them. The second launch of the image has it from the cache.
#[tokio::test(flavor = "multi_thread")]
async fn a_gib_of_image_becomes_a_disk_whose_guest_finds_its_key() {
    const KEY: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQ alice@example";
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest");
    TestGuest::build(&built).unwrap();
    let guest = tempfile::tempdir().unwrap();
    for file in ["kernel", "ramdisk", "root.img", ".version"] {
        std::fs::copy(built.join(file), guest.path().join(file)).unwrap();
    }
    fill(&guest.path().join("root.img"), 1 << 30);
    let cloud = Cloud::start(guest.path()).await.unwrap();
    for (id, downloads) in [("i-0000DDDD", 3), ("i-0000EEEE", 3)] {
        let request = cloud.request(id);
        let instance_type = Some(cc::VirtualMachine { disk: Some(3), ..machine() });
        let key_name = Some(KEY.to_owned());
        cloud.launch(&cc::RunInstances { instance_type, key_name, ..request }).await.unwrap();
        cloud.reaches(id, Some("Extant")).await.unwrap();
        cloud.booted(id, 1).await.unwrap();
        let console = cloud.console(id).await.unwrap();
        for line in [&format!("EUCA-GUEST-KEY {KEY}"), "EUCA-GUEST-EPHEMERAL ext3", "EUCA-GUEST-SWAP 5242"] {
            assert!(console.contains(line), "{line}: {console}");
        }
        assert_eq!(cloud.images.served().len(), downloads, "{:?}", cloud.images.served());
    }
    let disk = cloud.instance_files().unwrap().into_iter().find(|path| path.ends_with("i-0000DDDD/disk"));
    let disk = format!("{}?offset=32256", disk.unwrap().display());
    let keys = Command::new("/sbin/debugfs").args(["-R", "cat /root/.ssh/authorized_keys", &disk]).output();
    assert_eq!(String::from_utf8(keys.unwrap().stdout).unwrap(), format!("{KEY}\n"));
    cloud.stop().unwrap();
}

/// Makes the root image this long, with a file system of the same content that has no holes.
fn fill(image: &Path, length: u64) {
    let mut boot_sector = [0; 512];
    std::fs::File::open(image).unwrap().read_exact(&mut boot_sector).unwrap();
    let files = tempfile::tempdir().unwrap();
    std::fs::create_dir(files.path().join("root")).unwrap();
    let mut file = std::fs::File::create(image).unwrap();
    let noise: Vec<u8> = (0..1 << 20).map(|_| fastrand::u8(..)).collect();
    for _ in 0..length >> 20 {
        file.write_all(&noise).unwrap();
    }
    let made = Command::new("/sbin/mke2fs")
        .args(["-q", "-F", "-t", "ext2", "-E", "nodiscard,root_owner=0:0", "-d"])
        .args([files.path(), image])
        .status();
    assert!(made.unwrap().success());
    std::os::unix::fs::FileExt::write_all_at(&file, &boot_sector, 0).unwrap();
}
