//! The node over a real libvirtd with real guests, whose disks real programs build.
#![cfg(test)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use euca_command::Programs;
use euca_hypervisor::testing::{PrivateLibvirtd, TestBridge, TestGuest};
use euca_hypervisor::{
    BridgeName, DomainKind, DomainName, DomainState, Hypervisor, Libvirt, LibvirtSettings, Virtio,
};
use euca_image::{Error, ImageSource, Reply, What};
use euca_node::{NetworkMode, NetworkSettings, Node, NodeSettings};
use euca_wire::{NodeApi, nc};
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use tempfile::TempDir;

const OWNER: &str = "admin";

/// The guest's three files, by the last part of their URLs.
#[derive(Clone)]
struct Files(TestGuest);

impl ImageSource for Files {
    fn get<'a>(&'a self, url: &'a str, what: What) -> BoxFuture<'a, Result<Reply, Error>> {
        let file = match url.rsplit('/').next() {
            Some("kernel") => &self.0.kernel,
            Some("ramdisk") => &self.0.ramdisk,
            Some("root") => &self.0.root,
            path => panic!("{path:?} is not served"),
        };
        Box::pin(async move {
            let content = match what {
                What::Image => tokio::fs::read(file).await.unwrap(),
                What::Manifest => {
                    let size = tokio::fs::metadata(file).await.unwrap().len();
                    format!("<manifest><image><name>{url}</name><size>{size}</size></image></manifest>")
                        .into()
                }
            };
            let content = stream::iter([Ok(Bytes::from(content))]).boxed();
            Ok(Reply { length: None, compressed: false, content })
        })
    }
}

struct Bench {
    node: Node<Libvirt, Files>,
    settings: NodeSettings,
    guest: TestGuest,
    // In this order: domains end before their files and their bridge go.
    libvirtd: PrivateLibvirtd,
    root: TempDir,
    _bridge: TestBridge,
}

impl Bench {
    async fn new(bridge: &str) -> Self {
        let cache = |name: &str| Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let guest = TestGuest::build(&cache("guest")).unwrap();
        let libvirtd = PrivateLibvirtd::start(&cache("libvirt-cache")).await.unwrap();
        let bridge = TestBridge::create(bridge).unwrap();
        let root = tempfile::tempdir_in("/tmp").unwrap();
        for directory in ["instances", "run"] {
            std::fs::create_dir(root.path().join(directory)).unwrap();
        }
        let network = NetworkSettings {
            mode: NetworkMode::System,
            bridge: Some(BridgeName::new(bridge.name()).unwrap()),
        };
        let at = |name: &str| root.path().join(name);
        let mut settings = NodeSettings::new(at("instances"), at("run"), DomainKind::Qemu, network);
        // The kernel of the test guest has no driver for the SCSI controller that 2.0.1 guests see.
        settings.virtio = Virtio { root: true, net: true, disk: true };
        // What the VM type of these tests leaves for the ephemeral file system is made in no time.
        settings.stage.swap = 16;
        let node = start(&settings, &libvirtd, &guest).await;
        Self { node, settings, guest, libvirtd, root, _bridge: bridge }
    }

    async fn restart_node(&mut self) {
        self.node.shutdown().await;
        self.node = start(&self.settings, &self.libvirtd, &self.guest).await;
    }

    async fn run(&self, id: &str, memory: i32) {
        let url = |name: &str| format!("http://127.0.0.1:8773/{name}");
        let request = nc::NcRunInstance {
            user_id: Some(OWNER.to_owned()),
            image_id: "emi-1".to_owned(),
            kernel_id: Some("eki-1".to_owned()),
            ramdisk_id: Some("eri-1".to_owned()),
            image_url: url("root"),
            kernel_url: Some(url("kernel")),
            ramdisk_url: Some(url("ramdisk")),
            reservation_id: "r-1".to_owned(),
            instance_id: id.to_owned(),
            instance_type: nc::VirtualMachine {
                name: Some("m1.small".to_owned()),
                memory: Some(memory),
                cores: Some(1),
                disk: Some(1),
                device_mapping: Vec::new(),
            },
            net_params: nc::NetConfig {
                private_mac_address: format!("d0:0d:41:aa:00:{}", &id[id.len() - 2..]),
                private_ip: "0.0.0.0".to_owned(),
                public_ip: "0.0.0.0".to_owned(),
                vlan: 10,
                network_index: -1,
            },
            ..nc::NcRunInstance::default()
        };
        let response = self.node.nc_run_instance(request).await.unwrap();
        assert_eq!(response.return_, Some(true));
        assert_eq!(response.instance.unwrap().state_name, "Pending");
    }

    async fn state(&self, id: &str) -> String {
        let request = nc::NcDescribeInstances {
            user_id: Some("eucalyptus".to_owned()),
            instance_ids: vec![id.to_owned()],
            ..nc::NcDescribeInstances::default()
        };
        let response = self.node.nc_describe_instances(request).await.unwrap();
        response.instances.first().map_or_else(|| "-".to_owned(), |instance| instance.state_name.clone())
    }

    async fn console(&self, id: &str) -> String {
        let request = nc::NcGetConsoleOutput {
            user_id: Some(OWNER.to_owned()),
            instance_id: id.to_owned(),
            ..nc::NcGetConsoleOutput::default()
        };
        let response = self.node.nc_get_console_output(request).await.unwrap();
        assert_eq!(response.return_, Some(true));
        String::from_utf8_lossy(&STANDARD.decode(response.console_output).unwrap()).into_owned()
    }

    async fn reboot(&self, id: &str) {
        let request = nc::NcRebootInstance { instance_id: id.to_owned(), ..nc::NcRebootInstance::default() };
        let response = self.node.nc_reboot_instance(request).await.unwrap();
        assert_eq!((response.return_, response.status), (Some(true), false));
    }

    async fn terminate(&self, id: &str) {
        let request =
            nc::NcTerminateInstance { instance_id: id.to_owned(), ..nc::NcTerminateInstance::default() };
        let response = self.node.nc_terminate_instance(request).await.unwrap();
        assert_eq!(response.return_, Some(true));
    }

    async fn until_state(&self, id: &str, state: &str) {
        let started = Instant::now();
        while self.state(id).await != state {
            let waited = started.elapsed();
            assert!(waited < Duration::from_secs(180), "{id} is {}, not {state}", self.state(id).await);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn until_console(&self, id: &str, text: &str) {
        let started = Instant::now();
        while !self.console(id).await.contains(text) {
            let waited = started.elapsed();
            assert!(
                waited < Duration::from_secs(180),
                "no {text} on the console:\n{}",
                self.console(id).await
            );
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    fn directory(&self, id: &str) -> PathBuf {
        self.root.path().join("instances").join(OWNER).join(id)
    }
}

async fn start(
    settings: &NodeSettings,
    libvirtd: &PrivateLibvirtd,
    guest: &TestGuest,
) -> Node<Libvirt, Files> {
    let hypervisor = LibvirtSettings::new(libvirtd.uri(), settings.kind, settings.run_dir.clone());
    let hypervisor = Libvirt::new(hypervisor).unwrap();
    let programs = Arc::new(Programs::default());
    Node::start(settings.clone(), hypervisor, Files(guest.clone()), programs).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_guests_live_through_everything_that_happens_to_their_node() {
    let mut bench = Bench::new("eucatest1").await;
    let (one, two) = ("i-00000001", "i-00000002");
    bench.run(one, 128).await;
    bench.run(two, 128).await;
    bench.until_state(one, "Extant").await;
    bench.until_state(two, "Extant").await;
    bench.until_console(one, "EUCA-GUEST-BOOT 1").await;
    bench.until_console(two, "EUCA-GUEST-BOOT 1").await;
    assert!(bench.console(one).await.contains("EUCA-GUEST-DISK /dev/vda1"), "the image is partition 1");

    bench.reboot(one).await;
    bench.until_console(one, "EUCA-GUEST-BOOT 2").await;
    assert_eq!(bench.state(one).await, "Extant");
    assert!(!bench.console(two).await.contains("EUCA-GUEST-BOOT 2"), "the other guest was not touched");

    // libvirtd is killed: guests go on, answers go on, nothing is concluded.
    let pids = bench.libvirtd.domain_pids();
    bench.libvirtd.kill();
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!([bench.state(one).await, bench.state(two).await], ["Extant", "Extant"]);
    bench.libvirtd.restart().await.unwrap();

    // The node is stopped and started: it finds its guests.
    bench.restart_node().await;
    for id in [one, two] {
        bench.until_state(id, "Extant").await;
    }
    assert_eq!(bench.libvirtd.domain_pids().len(), 2);
    assert!(bench.libvirtd.domain_pids().iter().all(|pid| pids.contains(pid)), "the same processes");

    // libvirtd hangs: a reboot waits for it, answers do not.
    bench.libvirtd.suspend().unwrap();
    bench.reboot(two).await;
    let asked = Instant::now();
    assert_eq!(bench.state(two).await, "Extant");
    // Who asks libvirtd now waits five seconds.
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    tokio::time::sleep(Duration::from_secs(7)).await;
    bench.libvirtd.resume().unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    bench.reboot(two).await;
    bench.until_console(two, "EUCA-GUEST-BOOT 2").await;

    for id in [one, two] {
        bench.terminate(id).await;
    }
    for id in [one, two] {
        bench.until_state(id, "Teardown").await;
        assert!(!bench.directory(id).exists());
    }
    assert_eq!(bench.libvirtd.domain_pids(), [0; 0]);
    bench.node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nc_048_a_guest_without_memory_is_refused_five_times_and_torn_down() {
    let bench = Bench::new("eucatest2").await;
    let started = Instant::now();
    bench.run("i-00000003", 0).await;
    bench.until_state("i-00000003", "Teardown").await;
    assert!(started.elapsed() > Duration::from_secs(4), "four pauses between five attempts");
    assert!(!bench.directory("i-00000003").exists());
    bench.node.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_that_powers_off_is_torn_down() {
    let bench = Bench::new("eucatest3").await;
    let id = "i-00000004";
    bench.run(id, 128).await;
    bench.until_console(id, "EUCA-GUEST-BOOT 1").await;
    let settings = LibvirtSettings::new(bench.libvirtd.uri(), DomainKind::Qemu, bench.root.path());
    let hypervisor = Libvirt::new(settings).unwrap();
    // Its power button, which this guest obeys once it listens.
    let (name, started) = (DomainName::new(id).unwrap(), Instant::now());
    while hypervisor.state(&name).await.unwrap().is_some_and(DomainState::is_active) {
        assert!(started.elapsed() < Duration::from_secs(60), "the guest does not shut down");
        hypervisor.shutdown(&name).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    bench.until_state(id, "Teardown").await;
    assert!(!bench.directory(id).exists());
    assert_eq!(hypervisor.domains().await.unwrap(), []);
    bench.node.shutdown().await;
}
