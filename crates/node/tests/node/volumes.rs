//! Volumes (node-controller.md §18, storage.md §15), with a stand-in for iscsiadm behind the real helper, over a
//! recording hypervisor. The clock runs, because programs do not know of another one.

use std::os::unix::fs::symlink;
use std::pin::pin;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use euca_helper::testing::{FakeIscsi, PASSWORD, TARGET, TestHelper};
use euca_hypervisor::recording::Operation::{AttachDisk, DetachDisk};
use euca_hypervisor::{BlockDisk, DomainName, Hypervisor as _, TargetDev};
use euca_node::{HookEvent, NodeSettings};
use euca_wire::{NodeApi, nc};
use openssl::pkey::Private;
use openssl::rsa::{Padding, Rsa};
use tokio::time::sleep;

use crate::bench::{Bench, IMAGE, admin};
use crate::checkpoint::{checkpoint, poke};
use crate::hooks::Site;

fn key() -> &'static Rsa<Private> {
    static KEY: OnceLock<Rsa<Private>> = OnceLock::new();
    KEY.get_or_init(|| Rsa::generate(2048).unwrap())
}

/// `remoteDev` of a target, as the storage controller writes it.
fn remote_dev(target: &str) -> String {
    let mut encrypted = vec![0; key().size() as usize];
    key().public_encrypt(PASSWORD.as_bytes(), &mut encrypted, Padding::PKCS1).unwrap();
    format!("/opt/euca,127.0.0.5,{target},{}", STANDARD.encode(encrypted))
}

const AOE: &str = "/dev/etherd/e0.1";
const ID: &str = "i-1";
const NONE: [&str; 0] = [];

struct Volumes {
    bench: Bench,
    iscsi: FakeIscsi,
    _helper: TestHelper,
}

impl Volumes {
    /// A node with one running instance.
    async fn new() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut NodeSettings)) -> Self {
        let iscsi = FakeIscsi::new().unwrap();
        let helper = TestHelper::start(&iscsi, |_| {}).unwrap();
        let bench = Bench::with(|settings| {
            let key_file = settings.run_dir.join("node-pk.pem");
            std::fs::write(&key_file, key().private_key_to_pem().unwrap()).unwrap();
            let aoe = settings.run_dir.join("etherd");
            std::fs::create_dir(&aoe).unwrap();
            for number in 0..300 {
                symlink("/dev/loop0", aoe.join(format!("e{}.{}", number / 16, number % 16))).unwrap();
            }
            settings.helper = helper.socket();
            settings.volumes.key = key_file;
            settings.volumes.aoe = aoe;
            settings.volumes.by_path = iscsi.by_path();
            settings.volumes.unplug_wait = Duration::from_secs(1);
            settings.volumes.device_wait = Duration::from_secs(1);
            settings.volumes.release_pause = Duration::from_millis(100);
            settings.monitor_period = Duration::from_millis(500);
            settings.create_pause = Duration::from_millis(50);
            change(settings);
        })
        .await;
        bench.running(ID).await;
        Self { bench, iscsi, _helper: helper }
    }

    async fn attach(&self, volume: &str, remote_dev: &str, local_dev: &str) -> bool {
        self.attach_to(ID, volume, remote_dev, local_dev).await
    }

    async fn attach_to(&self, id: &str, volume: &str, remote_dev: &str, local_dev: &str) -> bool {
        let request = nc::NcAttachVolume {
            correlation_id: Some("c-1".to_owned()),
            instance_id: Some(id.to_owned()),
            volume_id: Some(volume.to_owned()),
            remote_dev: Some(remote_dev.to_owned()),
            local_dev: Some(local_dev.to_owned()),
            ..admin()
        };
        let response = self.bench.node.nc_attach_volume(request).await.unwrap();
        let echoed = (response.correlation_id.as_deref(), response.user_id.as_deref());
        assert_eq!(echoed, (Some("c-1"), Some("admin")), "a refusal says whose it is, too");
        response.return_.unwrap()
    }

    async fn detach(&self, volume: &str) -> bool {
        self.detach_by(volume, "/dev/sdb", false).await
    }

    async fn detach_by(&self, volume: &str, local_dev: &str, force: bool) -> bool {
        let request = nc::NcDetachVolume {
            correlation_id: Some("c-1".to_owned()),
            instance_id: Some(ID.to_owned()),
            volume_id: Some(volume.to_owned()),
            remote_dev: Some("not looked at".to_owned()),
            local_dev: Some(local_dev.to_owned()),
            force: Some(force),
            ..admin()
        };
        let response = self.bench.node.nc_detach_volume(request).await.unwrap();
        let echoed = (response.correlation_id.as_deref(), response.user_id.as_deref());
        assert_eq!(echoed, (Some("c-1"), Some("admin")));
        response.return_.unwrap()
    }

    /// The ids of the volumes that ncDescribeInstances lists.
    async fn listed(&self) -> Vec<String> {
        let volumes = self.bench.describe("admin", &[ID]).await.pop().unwrap().volumes;
        volumes.into_iter().map(|volume| volume.volume_id.unwrap()).collect()
    }

    /// Name and device of the disks that the hypervisor has plugged in.
    fn plugged(&self) -> Vec<String> {
        let disks = self.bench.hypervisor.plugged(ID).into_iter();
        disks.map(|disk| format!("{} {}", disk.target, disk.source.unwrap().display())).collect()
    }

    fn by_path(&self, target: &str) -> String {
        self.iscsi.by_path().join(format!("ip-127.0.0.5:3260-iscsi-{target}-lun-1")).display().to_string()
    }

    fn record(&self) -> String {
        std::fs::read_to_string(self.bench.directory("admin", ID).join("instance.json")).unwrap_or_default()
    }

    /// Changes the record while the node is stopped, as if it had been killed at that moment.
    async fn killed_with(&mut self, from: &str, to: &str) {
        self.bench.node.shutdown().await;
        let (path, record) = (self.bench.directory("admin", ID).join("instance.json"), self.record());
        assert!(record.contains(from), "{record}");
        std::fs::write(path, record.replace(from, to)).unwrap();
        self.bench.restart().await;
    }

    async fn until(&self, what: &str, condition: impl AsyncFn() -> bool) {
        let started = Instant::now();
        while !condition().await {
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "{what}: {:?} {}",
                self.plugged(),
                self.record()
            );
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn until_nothing_is_left(&self) {
        self.until("nothing to be left", async || {
            self.plugged().is_empty() && self.iscsi.sessions().is_empty() && !self.record().contains("vol-")
        })
        .await;
        assert!(!self.iscsi.nodes().contains(&TARGET.to_owned()));
    }
}

#[tokio::test]
async fn an_aoe_volume_is_plugged_in_and_taken_out() {
    let volumes = Volumes::new().await;
    assert!(volumes.attach("vol-1", AOE, "/dev/sdb").await, "nc_093");
    let device = volumes.bench.settings.volumes.aoe.join("e0.1");
    assert_eq!(volumes.plugged(), [format!("sdb {}", device.display())], "nc_093");
    let listed = volumes.bench.describe("admin", &[ID]).await.pop().unwrap().volumes.pop().unwrap();
    let expected = ["vol-1", AOE, "unknown,requested:/dev/sdb", "attached"].map(|text| Some(text.to_owned()));
    assert_eq!([listed.volume_id, listed.remote_dev, listed.local_dev, listed.state], expected, "nc_093");
    assert_eq!(volumes.bench.hypervisor.count(AttachDisk, ID), 1, "nc_093");
    assert!(volumes.record().contains("\"attached\""));

    assert!(volumes.attach("vol-2", "/dev/etherd/e0.2", "sdc").await, "nc_103");
    assert!(volumes.attach("vol-3", "/dev/etherd/e0.3", "sdd").await);
    assert!(!volumes.detach("vol-9").await, "nc_106");
    assert_eq!(volumes.bench.hypervisor.count(DetachDisk, ID), 0, "nc_106");
    assert!(!volumes.detach_by("vol-2", "foo/bar", false).await);
    assert!(volumes.detach_by("vol-2", "/dev/sdc", true).await);
    assert_eq!(volumes.listed().await, ["vol-1", "vol-3"], "nc_110");
    assert_eq!(volumes.plugged().len(), 2);
    assert!(!volumes.record().contains("vol-2"), "nc_105: the record is written");
    assert_eq!(volumes.iscsi.trace(), NONE);
}

#[tokio::test]
async fn an_iscsi_volume_is_logged_in_to_and_out_of() {
    let mut volumes = Volumes::new().await;
    let remote_dev = remote_dev(TARGET);
    assert!(volumes.attach("vol-1", &remote_dev, "/dev/sdb").await, "nc_095");
    assert_eq!(
        volumes.plugged(),
        [format!("sdb {}", volumes.by_path(TARGET))],
        "nc_095: the device's lasting name"
    );
    let listed = volumes.bench.describe("admin", &[ID]).await.pop().unwrap().volumes.pop().unwrap();
    assert_eq!(listed.remote_dev.unwrap(), remote_dev, "nc_095: as it came");
    let trace = volumes.iscsi.trace();
    assert_eq!(trace.len(), 5);
    assert!(!trace.join(" ").contains(PASSWORD), "st_t104");
    assert_eq!(volumes.iscsi.sessions(), [TARGET]);

    volumes.bench.restart().await;
    assert_eq!(volumes.listed().await, ["vol-1"], "nc_111");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(volumes.iscsi.trace(), NONE, "nc_111: an adopted volume is left in peace");
    assert!(volumes.detach("vol-1").await, "nc_105");
    assert_eq!(volumes.listed().await, NONE, "nc_105");
    assert_eq!(volumes.bench.hypervisor.count(DetachDisk, ID), 1, "nc_105");
    volumes.until_nothing_is_left().await;
}

#[tokio::test]
async fn an_attachment_that_fails_leaves_nothing_behind() {
    let volumes = Volumes::new().await;
    let (hypervisor, iscsi, good) = (&volumes.bench.hypervisor, &volumes.iscsi, remote_dev(TARGET));
    // What is refused before anything is run.
    let other_key = {
        let mut encrypted = vec![0; 256];
        Rsa::generate(2048)
            .unwrap()
            .public_encrypt(PASSWORD.as_bytes(), &mut encrypted, Padding::PKCS1)
            .unwrap();
        format!("/opt/euca,127.0.0.5,{TARGET},{}", STANDARD.encode(encrypted))
    };
    let rows = [
        ("nc_094, st_t100: no such device", "/dev/etherd/e99.1", "sdb"),
        ("no AoE device", "/dev/loop0", "sdb"),
        ("st_t101", "invalid", "sdb"),
        ("st_t102", "/opt/euca,127.0.0.5,iqn.a;reboot,QUJD", "sdb"),
        ("st_t103", &other_key, "sdb"),
        ("nc_102", &good, "foo/bar"),
        ("empty device", &good, ""),
    ];
    for (name, remote_dev, local_dev) in rows {
        assert!(!volumes.attach("vol-1", remote_dev, local_dev).await, "{name}");
    }
    assert!(!volumes.attach_to("i-9", "vol-1", &good, "sdb").await, "nc_099");
    volumes.until_nothing_is_left().await;
    // Getting rid of the one with the unreadable password took a logout, to be sure; nothing was logged in to.
    assert!(
        !iscsi.trace().iter().any(|line| line.contains("--login") || line.contains("discovery")),
        "st_t103"
    );
    assert_eq!(hypervisor.count(AttachDisk, ID), 0, "nc_094, nc_099, nc_102");

    iscsi.put("exit-login", "24").unwrap();
    assert!(!volumes.attach("vol-1", &good, "sdb").await, "nc_096");
    iscsi.remove("exit-login");
    iscsi.remove("device");
    let asked = Instant::now();
    assert!(!volumes.attach("vol-1", &good, "sdb").await, "st_t105: no device");
    assert!(asked.elapsed() > Duration::from_secs(1), "st_t105");
    volumes.until_nothing_is_left().await;
    assert_eq!(hypervisor.count(AttachDisk, ID), 0, "nc_096, st_t105");

    symlink("/dev/loop0", iscsi.at("device")).unwrap();
    iscsi.trace();
    hypervisor.fail_next(AttachDisk, 1);
    assert!(!volumes.attach("vol-1", &good, "sdb").await, "nc_097, st_t106");
    assert_eq!(volumes.listed().await, NONE, "nc_097, st_t106");
    volumes.until_nothing_is_left().await;
    assert!(iscsi.trace().iter().any(|line| line.ends_with("--logout")), "nc_097, st_t106");

    hypervisor.set_reachable(false);
    assert!(!volumes.attach("vol-1", &good, "sdb").await, "nc_101");
    hypervisor.set_reachable(true);
    volumes.until_nothing_is_left().await;
    assert_eq!(iscsi.trace(), NONE, "nc_101");

    // Another disk has the name: nothing is tried, and that disk is not touched.
    assert!(volumes.attach("vol-2", AOE, "sdb").await);
    assert!(!volumes.attach("vol-1", &good, "/dev/sdb").await);
    volumes.until("vol-1 to be gone", async || !volumes.record().contains("vol-1")).await;
    assert_eq!((volumes.plugged().len(), volumes.listed().await), (1, vec!["vol-2".to_owned()]));

    volumes.bench.images.put(IMAGE, None);
    volumes.bench.run("i-2").await;
    assert!(!volumes.attach_to("i-2", "vol-3", &good, "sdb").await, "nc_100");
    assert_eq!(iscsi.sessions(), NONE);
}

#[tokio::test]
async fn what_is_there_twice_or_too_often_is_refused_before_anything_is_done() {
    let volumes = Volumes::new().await;
    let good = remote_dev(TARGET);
    assert!(volumes.attach("vol-1", &good, "sdb").await);
    volumes.iscsi.trace();
    let other = remote_dev(&TARGET.replace("store7", "store8"));
    assert!(!volumes.attach("vol-1", &other, "sdc").await, "nc_098, st_t109");
    assert!(!volumes.attach("vol-2", &good, "sdc").await, "two volumes in one place");
    volumes.bench.running("i-2").await;
    assert!(!volumes.attach_to("i-2", "vol-2", &good, "sdc").await, "one place in two guests");
    assert_eq!(volumes.bench.hypervisor.count(AttachDisk, ID), 1, "nc_098");
    for number in 1..256 {
        let place = format!("/dev/etherd/e{}.{}", number / 16, number % 16);
        let attached = volumes.attach(&format!("vol-x{number}"), &place, &format!("sd{number}")).await;
        assert!(attached, "{number}");
    }
    assert!(!volumes.attach("vol-y", &other, "sdc").await, "nc_104, st_t109");
    assert_eq!(volumes.bench.hypervisor.count(AttachDisk, ID), 256, "nc_104");
    assert_eq!(volumes.iscsi.trace(), NONE, "nc_098, nc_104, st_t109");
    assert_eq!(volumes.listed().await.len(), 64, "nc_037");
    assert!(volumes.detach("vol-x200").await, "what is not on the wire is there nonetheless");
    assert!(volumes.attach("vol-y", &other, "sdc").await);
}

#[tokio::test]
async fn a_volume_that_the_guest_has_still_is_not_logged_out_of() {
    let volumes = Volumes::new().await;
    assert!(volumes.attach("vol-1", &remote_dev(TARGET), "sdb").await);
    volumes.iscsi.trace();
    for (name, force) in [("nc_108, st_t107", false), ("nc_109", true)] {
        volumes.bench.hypervisor.fail_next(DetachDisk, 1);
        assert!(!volumes.detach_by("vol-1", "sdb", force).await, "{name}");
        assert_eq!(volumes.listed().await, ["vol-1"], "{name}");
    }
    volumes.bench.hypervisor.set_clinging(true);
    assert!(!volumes.detach("vol-1").await, "the guest does not let go");
    assert_eq!(volumes.listed().await, ["vol-1"]);
    volumes.bench.hypervisor.set_reachable(false);
    assert!(!volumes.detach("vol-1").await, "nobody can tell");
    volumes.bench.hypervisor.set_reachable(true);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(volumes.iscsi.trace(), NONE, "nc_108, nc_109, st_t107");
    assert_eq!((volumes.plugged().len(), volumes.iscsi.sessions().len()), (1, 1));
    volumes.bench.hypervisor.set_clinging(false);
    assert!(volumes.detach("vol-1").await);
    volumes.until_nothing_is_left().await;
}

/// On paused time, which nothing outside of this process knows of: there is no session.
#[tokio::test(start_paused = true)]
async fn a_volume_is_not_forgotten_while_the_hypervisor_may_plug_it_in_yet() {
    let volumes = Volumes::new().await;
    let hypervisor = &volumes.bench.hypervisor;
    for operation in [AttachDisk, DetachDisk] {
        hypervisor.set_hanging(operation, true);
    }
    assert!(!volumes.attach("vol-1", AOE, "sdb").await, "not answered");
    sleep(Duration::from_secs(60)).await;
    assert_eq!(volumes.listed().await, NONE);
    assert!(volumes.record().contains("vol-1"), "nobody has said that it does not come");
    assert!(!volumes.attach("vol-2", AOE, "sdc").await, "its storage is in use");
    // Here it comes.
    hypervisor.set_hanging(AttachDisk, false);
    let disk = BlockDisk {
        source: volumes.bench.settings.volumes.aoe.join("e0.1"),
        target: TargetDev::new("sdb").unwrap(),
        virtio: false,
        serial: None,
    };
    hypervisor.attach_disk(&DomainName::new(ID).unwrap(), &disk).await.unwrap();
    sleep(Duration::from_secs(60)).await;
    assert!(volumes.record().contains("vol-1"));
    hypervisor.set_hanging(DetachDisk, false);
    sleep(Duration::from_secs(20)).await;
    assert_eq!(volumes.plugged(), NONE);
    assert!(!volumes.record().contains("vol-1"));

    // It does not come, and the next one has its place: that one stays.
    for operation in [AttachDisk, DetachDisk] {
        hypervisor.set_hanging(operation, true);
    }
    assert!(!volumes.attach("vol-1", AOE, "sdb").await);
    hypervisor.set_hanging(AttachDisk, false);
    assert!(volumes.attach("vol-2", "/dev/etherd/e0.2", "sdb").await);
    hypervisor.set_hanging(DetachDisk, false);
    sleep(Duration::from_secs(60)).await;
    assert_eq!((volumes.plugged().len(), volumes.listed().await), (1, vec!["vol-2".to_owned()]));
    assert!(!volumes.record().contains("vol-1"));
    assert!(volumes.attach("vol-1", AOE, "sdc").await, "it is free again");
}

#[tokio::test]
async fn nc_107_without_its_guest_a_volume_is_logged_out_of_and_the_answer_is_no() {
    let volumes = Volumes::with(|settings| settings.monitor_period = Duration::from_secs(3)).await;
    assert!(volumes.attach("vol-1", &remote_dev(TARGET), "sdb").await);
    volumes.bench.hypervisor.vanish(ID);
    assert!(!volumes.detach("vol-1").await);
    assert_eq!(volumes.listed().await, NONE);
    volumes.until_nothing_is_left().await;
}

#[tokio::test]
async fn nc_112_a_helper_that_hangs_costs_its_caller_seconds_and_nobody_else_anything() {
    let volumes = Volumes::new().await;
    volumes.iscsi.put("hang-login", "").unwrap();
    let (asked, good) = (Instant::now(), remote_dev(TARGET));
    let beside = async {
        while !volumes.iscsi.at_login() {
            sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(volumes.listed().await, NONE);
        assert_eq!(volumes.bench.run("i-2").await.return_, Some(true));
    };
    let mut attaching = pin!(volumes.attach("vol-1", &good, "sdb"));
    tokio::select! {
        _ = &mut attaching => panic!("the others have waited for it"),
        () = beside => {}
    }
    assert!(!attaching.await);
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    volumes.iscsi.remove("hang-login");
    volumes.until_nothing_is_left().await;
    assert!(volumes.attach("vol-1", &good, "sdb").await, "and the next time it works");
}

#[tokio::test]
async fn a_session_that_does_not_end_is_tried_again_until_it_does() {
    let volumes = Volumes::new().await;
    volumes.iscsi.put("exit-logout", "9").unwrap();
    assert!(volumes.attach("vol-1", &remote_dev(TARGET), "sdb").await);
    assert!(volumes.detach("vol-1").await, "the guest has it no more");
    assert_eq!(volumes.listed().await, NONE);
    assert!(!volumes.attach("vol-1", &remote_dev(TARGET), "sdb").await, "not before it is over");
    sleep(Duration::from_secs(1)).await;
    assert_eq!(volumes.iscsi.sessions(), [TARGET]);
    volumes.iscsi.remove("exit-logout");
    volumes.until_nothing_is_left().await;
    assert!(volumes.attach("vol-1", &remote_dev(TARGET), "sdb").await);
}

#[tokio::test]
async fn nc_078_st_t110_a_rebooted_guest_has_its_volumes_again() {
    let volumes = Volumes::new().await;
    assert!(volumes.attach("vol-1", &remote_dev(TARGET), "sdb").await);
    assert!(volumes.attach("vol-2", AOE, "sdc").await);
    let before = volumes.plugged();
    for lost in [false, true] {
        if lost {
            // The session is gone, and with it the device.
            for file in ["sessions", "by-path"] {
                std::fs::remove_dir_all(volumes.iscsi.at(file)).unwrap();
                std::fs::create_dir(volumes.iscsi.at(file)).unwrap();
            }
        }
        let attached = volumes.bench.hypervisor.count(AttachDisk, ID);
        assert!(volumes.bench.reboot(ID).await);
        volumes
            .until("the volumes to be back", async || {
                volumes.bench.hypervisor.count(AttachDisk, ID) == attached + 2 && volumes.plugged() == before
            })
            .await;
        assert_eq!(volumes.listed().await, ["vol-1", "vol-2"]);
        assert_eq!(volumes.iscsi.sessions(), [TARGET]);
    }
    let attached = volumes.bench.hypervisor.count(AttachDisk, ID);
    volumes.bench.hypervisor.fail_next(AttachDisk, 2);
    assert!(volumes.bench.reboot(ID).await);
    let failed = async || volumes.bench.hypervisor.count(AttachDisk, ID) == attached + 2;
    volumes.until("both to fail", failed).await;
    assert_eq!((volumes.plugged(), volumes.listed().await.len()), (vec![], 2), "Q-26: listed though absent");
    assert!(volumes.detach("vol-1").await, "and can be detached");
    assert_eq!(volumes.iscsi.sessions(), NONE);
}

#[tokio::test]
async fn a_termination_waits_for_no_volume_of_a_guest_that_was_being_rebooted() {
    let volumes = Volumes::new().await;
    assert!(volumes.attach("vol-1", &remote_dev(TARGET), "sdb").await);
    assert!(volumes.attach("vol-2", AOE, "sdc").await);
    for file in ["sessions", "by-path"] {
        std::fs::remove_dir_all(volumes.iscsi.at(file)).unwrap();
        std::fs::create_dir(volumes.iscsi.at(file)).unwrap();
    }
    volumes.iscsi.put("hang-login", "").unwrap();
    volumes.iscsi.trace();
    assert!(volumes.bench.reboot(ID).await);
    volumes.until("the login to the first", async || volumes.iscsi.at_login()).await;
    assert!(volumes.bench.terminate(ID).await.is_some());
    volumes.until("teardown", async || volumes.bench.state(ID).await.as_deref() == Some("Teardown")).await;
    assert_eq!(volumes.bench.hypervisor.count(AttachDisk, ID), 2, "not one of them again");
    assert_eq!(volumes.iscsi.sessions(), NONE);
}

#[tokio::test]
async fn a_volume_that_the_original_has_attached_is_taken_out_before_it_is_logged_out_of() {
    let mut volumes = Volumes::new().await;
    let good = remote_dev(TARGET);
    assert!(volumes.attach("vol-1", &good, "sdb").await);
    let mut image = checkpoint(ID, "admin");
    poke(&mut image, 60_372 + 512, &good);
    volumes.bench.node.shutdown().await;
    let directory = volumes.bench.directory("admin", ID);
    std::fs::remove_file(directory.join("instance.json")).unwrap();
    std::fs::write(directory.join("instance-checkpoint"), image).unwrap();
    volumes.bench.restart().await;
    assert_eq!(volumes.listed().await, ["vol-1"], "nc_022");
    let device = volumes.by_path(TARGET);
    assert!(!volumes.record().contains(&device), "the original kept no device");

    volumes.bench.hypervisor.fail_next(DetachDisk, 1);
    assert!(!volumes.detach("vol-1").await, "nc_108");
    volumes.bench.hypervisor.set_reachable(false);
    assert!(!volumes.detach("vol-1").await, "nobody can tell what the guest has");
    volumes.bench.hypervisor.set_reachable(true);
    assert_eq!((volumes.plugged().len(), volumes.listed().await.len()), (1, 1), "nc_108, st_t107");
    assert_eq!(volumes.iscsi.sessions(), [TARGET], "nc_108, st_t107");

    // It is not in the guest after this reboot, and its place is another's.
    volumes.bench.hypervisor.fail_next(AttachDisk, 1);
    assert!(volumes.bench.reboot(ID).await);
    volumes.until("the reboot", async || volumes.record().contains("\"rebooted\"")).await;
    assert!(volumes.attach("vol-2", AOE, "sdb").await);
    assert!(volumes.detach("vol-1").await);
    assert_eq!((volumes.plugged().len(), volumes.listed().await), (1, vec!["vol-2".to_owned()]));
    assert_eq!(volumes.iscsi.sessions(), NONE);
}

#[tokio::test]
async fn nc_078_a_reboot_finds_the_device_of_a_volume_that_the_original_has_attached() {
    let mut volumes = Volumes::new().await;
    assert!(volumes.attach("vol-1", &remote_dev(TARGET), "sdb").await);
    let device = format!("\"device\": {:?}", volumes.by_path(TARGET));
    volumes.killed_with(&device, "\"device\": null").await;
    assert!(volumes.bench.reboot(ID).await);
    volumes.until("its device", async || volumes.record().contains(&device)).await;
    assert!(volumes.detach("vol-1").await, "nc_105");
    assert_eq!(volumes.bench.hypervisor.count(DetachDisk, ID), 1, "nc_105");
    volumes.until_nothing_is_left().await;

    assert!(volumes.attach("vol-1", &remote_dev(TARGET), "sdb").await);
    volumes.killed_with(&device, "\"device\": null").await;
    volumes.bench.hypervisor.vanish(ID);
    assert!(!volumes.detach("vol-1").await, "nc_107");
    volumes.until_nothing_is_left().await;
}

#[tokio::test]
async fn nc_074_the_volumes_of_an_instance_end_with_it() {
    let volumes = Volumes::new().await;
    assert!(volumes.attach("vol-1", &remote_dev(TARGET), "sdb").await);
    assert!(volumes.bench.terminate(ID).await.is_some());
    volumes.until("teardown", async || volumes.bench.state(ID).await.as_deref() == Some("Teardown")).await;
    assert_eq!((volumes.iscsi.sessions(), volumes.listed().await), (vec![], vec![]));
    assert!(!volumes.bench.directory("admin", ID).exists());
    assert!(!volumes.detach("vol-1").await);

    // In the middle of an attachment: nobody waits for the device any more.
    volumes.bench.running("i-2").await;
    volumes.iscsi.remove("device");
    let good = remote_dev(TARGET);
    let terminate = async {
        sleep(Duration::from_millis(500)).await;
        volumes.bench.terminate("i-2").await
    };
    let (attached, terminated) = tokio::join!(volumes.attach_to("i-2", "vol-2", &good, "sdb"), terminate);
    assert!(!attached && terminated.is_some());
    volumes.until("teardown", async || volumes.bench.state("i-2").await.as_deref() == Some("Teardown")).await;
    assert_eq!(volumes.iscsi.sessions(), NONE);
    assert!(!volumes.bench.directory("admin", "i-2").exists());
}

#[tokio::test]
async fn whenever_the_node_is_killed_its_next_start_knows_what_is_to_be_done() {
    let mut volumes = Volumes::new().await;
    let good = remote_dev(TARGET);
    let attached = "\"phase\": \"attached\"";
    let phase = |phase: &str| format!("\"phase\": {phase:?}");
    for (name, killed_in) in
        [("an attachment", "attaching"), ("a detachment", "detaching"), ("a release", "releasing")]
    {
        assert!(volumes.attach("vol-1", &good, "sdb").await, "{name}");
        volumes.killed_with(attached, &phase(killed_in)).await;
        volumes.until_nothing_is_left().await;
        assert_eq!(volumes.listed().await, NONE, "{name}");
    }
    // Before the login came to its end, no device is known.
    assert!(volumes.attach("vol-1", &good, "sdb").await);
    volumes.bench.hypervisor.set_reachable(false);
    volumes.killed_with(attached, &phase("detaching")).await;
    assert_eq!(volumes.iscsi.sessions(), [TARGET], "nobody can tell whether the guest has it");
    volumes.bench.hypervisor.set_reachable(true);
    volumes.until_nothing_is_left().await;
}

#[tokio::test]
async fn the_sessions_of_instances_that_died_with_the_node_are_ended_by_its_next_start() {
    let mut volumes = Volumes::new().await;
    let good = remote_dev(TARGET);
    assert!(volumes.attach("vol-1", &good, "sdb").await);
    volumes.bench.node.shutdown().await;
    volumes.bench.hypervisor.vanish(ID);
    volumes.iscsi.put("exit-logout", "9").unwrap();
    volumes.bench.restart().await;
    volumes.bench.restart().await;
    assert!(volumes.record().contains("vol-1"), "the record stays while there is something to know");
    volumes.iscsi.remove("exit-logout");
    volumes.bench.restart().await;
    assert_eq!(volumes.iscsi.sessions(), NONE);
    assert!(!volumes.bench.directory("admin", ID).exists());

    // The same when the instance ends while the helper cannot log out.
    volumes.bench.running(ID).await;
    assert!(volumes.attach("vol-1", &good, "sdb").await);
    volumes.iscsi.put("exit-logout", "9").unwrap();
    assert!(volumes.bench.terminate(ID).await.is_some());
    volumes.until("teardown", async || volumes.bench.state(ID).await.as_deref() == Some("Teardown")).await;
    let files = std::fs::read_dir(volumes.bench.directory("admin", ID)).unwrap();
    let files: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["instance.json"]);
    volumes.iscsi.remove("exit-logout");
    // Another instance has the volume by then: it keeps it.
    volumes.bench.running("i-2").await;
    assert!(volumes.attach_to("i-2", "vol-1", &good, "sdb").await);
    volumes.bench.restart().await;
    assert_eq!(volumes.iscsi.sessions(), [TARGET]);
    assert!(!volumes.bench.directory("admin", ID).exists());
}

#[tokio::test]
async fn nc_074_a_session_that_outlives_its_instance_is_ended_as_soon_as_that_can_be() {
    let mut volumes = Volumes::new().await;
    let good = remote_dev(TARGET);
    for (killed, id, next) in [(false, "i-2", "i-3"), (true, "i-4", "i-5")] {
        volumes.bench.running(id).await;
        volumes.bench.running(next).await;
        assert!(volumes.attach_to(id, "vol-1", &good, "sdb").await);
        volumes.iscsi.put("exit-logout", "9").unwrap();
        if killed {
            volumes.bench.node.shutdown().await;
            volumes.bench.hypervisor.vanish(id);
            volumes.bench.restart().await;
        } else {
            assert!(volumes.bench.terminate(id).await.is_some());
            let torn_down = async || volumes.bench.state(id).await.as_deref() == Some("Teardown");
            volumes.until("teardown", torn_down).await;
        }
        assert!(!volumes.attach_to(next, "vol-1", &good, "sdb").await, "it is not free yet");
        assert_eq!(volumes.iscsi.sessions(), [TARGET]);
        volumes.iscsi.remove("exit-logout");
        let files = volumes.bench.directory("admin", id);
        let over = async || volumes.iscsi.sessions().is_empty() && !files.exists();
        volumes.until("the end of the session", over).await;
        assert!(volumes.attach_to(next, "vol-1", &good, "sdb").await);
        assert!(volumes.bench.terminate(next).await.is_some());
        volumes.until("the end of the next", async || volumes.iscsi.sessions().is_empty()).await;
    }
}

#[tokio::test]
async fn where_files_are_kept_the_record_of_a_dead_instance_claims_no_volume() {
    let volumes = Volumes::with(|settings| settings.keep_files = true).await;
    assert!(volumes.attach("vol-1", &remote_dev(TARGET), "sdb").await);
    assert!(volumes.bench.terminate(ID).await.is_some());
    volumes.until("teardown", async || volumes.bench.state(ID).await.as_deref() == Some("Teardown")).await;
    assert!(volumes.record().contains(ID) && !volumes.record().contains("vol-1"));
    assert!(volumes.bench.directory("admin", ID).join("disk").exists());
    assert_eq!(volumes.iscsi.sessions(), NONE);
}

#[tokio::test]
async fn with_virtio_a_volume_is_a_virtio_disk() {
    let mut volumes = Volumes::with(|settings| settings.virtio.disk = true).await;
    assert!(volumes.attach("vol-1", AOE, "/dev/sdb").await);
    assert!(volumes.plugged()[0].starts_with("vdb "), "{:?}", volumes.plugged());
    volumes.bench.settings.virtio.disk = false;
    volumes.bench.restart().await;
    assert!(volumes.detach("vol-1").await, "as it was attached, whatever is set now");
    assert_eq!(volumes.plugged(), NONE);
}

#[tokio::test]
async fn hooks_are_told_of_volumes_and_may_forbid_to_attach_them() {
    let mut site = None;
    let volumes = Volumes::with(|settings| site = Some(Site::install(settings))).await;
    let site = site.unwrap();
    site.told();
    assert!(volumes.attach("vol-1", AOE, "/dev/sdb").await);
    assert_eq!(site.told(), ["NC_EVENT_PRE_ATTACH i-1"]);
    site.forbid(Some(HookEvent::PostDetach));
    assert!(volumes.detach("vol-1").await, "it is too late to forbid that");
    assert_eq!(site.told(), ["NC_EVENT_POST_DETACH i-1"]);
    site.forbid(Some(HookEvent::PreAttach));
    assert!(!volumes.attach("vol-1", AOE, "/dev/sdb").await);
    assert_eq!(site.told(), ["NC_EVENT_PRE_ATTACH i-1"]);
    assert_eq!(volumes.listed().await, NONE);
    assert_eq!(volumes.bench.hypervisor.count(AttachDisk, ID), 1);
}
