//! A node, its hypervisor and its images, for tests to drive.

use std::collections::HashMap;
use std::future::ready;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use euca_command::testing::Recording as Programs;
use euca_hypervisor::recording::Recording;
use euca_hypervisor::{BridgeName, DomainKind};
use euca_image::{Error, ImageSource, Reply, What};
use euca_node::{NetworkMode, NetworkSettings, Node, NodeSettings};
use euca_wire::{NodeApi, nc};
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use tempfile::TempDir;
use tokio::time::sleep;

/// Images by URL. What is not there is answered 404; `None` never answers.
#[derive(Debug, Clone, Default)]
pub struct Images {
    known: Arc<Mutex<HashMap<String, Option<Vec<u8>>>>>,
    /// Nobody can be reached; how often somebody has tried.
    cut_off: Arc<Mutex<Option<u32>>>,
}

impl Images {
    pub fn put(&self, url: &str, content: Option<Vec<u8>>) {
        self.known.lock().unwrap().insert(url.to_owned(), content);
    }

    /// No connection comes about from now on.
    pub fn cut_off(&self) {
        *self.cut_off.lock().unwrap() = Some(0);
    }

    /// Connections come about again. Gives how many did not.
    pub fn reconnect(&self) -> u32 {
        self.cut_off.lock().unwrap().take().unwrap()
    }
}

impl ImageSource for Images {
    fn get<'a>(&'a self, url: &'a str, what: What) -> BoxFuture<'a, Result<Reply, Error>> {
        let content = self.known.lock().unwrap().get(url).cloned();
        if let Some(tried) = &mut *self.cut_off.lock().unwrap() {
            *tried += 1;
            let (what, reason) = (url.to_owned(), "no connection".to_owned());
            return Box::pin(ready(Err(Error::Transient { what, reason, source: None })));
        }
        Box::pin(async move {
            let content = match (content, what) {
                (None, _) => return Err(Error::NotFound { what: url.to_owned() }),
                (Some(None), _) => std::future::pending().await,
                (Some(Some(content)), What::Image) => content,
                (Some(Some(content)), What::Manifest) => {
                    let (name, size) = (url, content.len());
                    format!("<manifest><image><name>{name}</name><size>{size}</size></image></manifest>")
                        .into()
                }
            };
            let content = stream::iter([Ok(Bytes::from(content))]).boxed();
            Ok(Reply { length: None, compressed: false, content })
        })
    }
}

pub const IMAGE: &str = "http://127.0.0.1:8773/i";
pub const KERNEL: &str = "http://127.0.0.1:8773/k";
pub const RAMDISK: &str = "http://127.0.0.1:8773/r";

pub struct Bench {
    pub root: TempDir,
    pub hypervisor: Recording,
    pub images: Images,
    pub settings: NodeSettings,
    pub node: Node<Recording, Images>,
}

impl Bench {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut NodeSettings)) -> Self {
        let root = tempfile::tempdir().unwrap();
        for directory in ["instances", "run"] {
            std::fs::create_dir(root.path().join(directory)).unwrap();
        }
        let network =
            NetworkSettings { mode: NetworkMode::System, bridge: Some(BridgeName::new("br0").unwrap()) };
        let at = |name: &str| root.path().join(name);
        let mut settings = NodeSettings::new(at("instances"), at("run"), DomainKind::Qemu, network);
        settings.arp_table = at("arp");
        change(&mut settings);
        let (hypervisor, images) = (Recording::default(), Images::default());
        for url in [IMAGE, KERNEL, RAMDISK] {
            images.put(url, Some(url.as_bytes().to_vec()));
        }
        let node = start(&settings, &hypervisor, &images).await.unwrap();
        // Passes come at multiples of 5 s, tests act between them.
        sleep(Duration::from_millis(1100)).await;
        Self { root, hypervisor, images, settings, node }
    }

    /// Stops the node and starts it again, as after a restart of the daemon.
    pub async fn restart(&mut self) {
        self.node.shutdown().await;
        self.node = start(&self.settings, &self.hypervisor, &self.images).await.unwrap();
    }

    pub fn directory(&self, user: &str, id: &str) -> PathBuf {
        self.settings.instance_path.join(user).join(id)
    }

    /// Runs `id` for the user `admin`.
    pub async fn run(&self, id: &str) -> nc::NcRunInstanceResponse {
        self.run_request(request(id)).await
    }

    pub async fn run_request(&self, request: nc::NcRunInstance) -> nc::NcRunInstanceResponse {
        self.node.nc_run_instance(request).await.unwrap()
    }

    /// Runs `id` and waits until it is Extant.
    pub async fn running(&self, id: &str) {
        assert_eq!(self.run(id).await.return_, Some(true));
        for _ in 0..20 {
            if self.state(id).await.as_deref() == Some("Extant") {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
        panic!("{id} does not get Extant: {:?}", self.state(id).await);
    }

    pub async fn describe(&self, user: &str, ids: &[&str]) -> Vec<nc::Instance> {
        let request = nc::NcDescribeInstances {
            user_id: Some(user.to_owned()),
            instance_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
            ..nc::NcDescribeInstances::default()
        };
        let response = self.node.nc_describe_instances(request).await.unwrap();
        assert_eq!(response.return_, Some(true));
        response.instances
    }

    /// The state on the wire of an instance of `admin`; `None` when it is not listed.
    pub async fn state(&self, id: &str) -> Option<String> {
        self.describe("admin", &[id]).await.pop().map(|instance| instance.state_name)
    }

    /// State and bundling on the wire of an instance of `admin`; `-` when it is not listed.
    pub async fn bundling(&self, id: &str) -> String {
        let instance = self.describe("admin", &[id]).await.pop();
        instance.map_or_else(
            || "-".to_owned(),
            |instance| format!("{} {}", instance.state_name, instance.bundle_task_state_name.unwrap()),
        )
    }

    /// The states on the wire during the next seconds, each once; `-` when not listed.
    pub async fn timeline(&self, id: &str, seconds: u64) -> String {
        let mut states = Vec::new();
        for _ in 0..4 * seconds {
            let state = self.state(id).await.unwrap_or_else(|| "-".to_owned());
            if states.last() != Some(&state) {
                states.push(state);
            }
            sleep(Duration::from_millis(250)).await;
        }
        states.join(" ")
    }

    /// Terminates; the two states of the answer, or `None` for a refusal.
    pub async fn terminate(&self, id: &str) -> Option<(String, String)> {
        let request = nc::NcTerminateInstance { instance_id: id.to_owned(), ..admin() };
        let response = self.node.nc_terminate_instance(request).await.unwrap();
        let states = response.shutdown_state.zip(response.previous_state);
        assert_eq!(response.return_, Some(states.is_some()));
        states
    }

    /// Reboots; whether it was accepted.
    pub async fn reboot(&self, id: &str) -> bool {
        let request = nc::NcRebootInstance { instance_id: id.to_owned(), ..admin() };
        let response = self.node.nc_reboot_instance(request).await.unwrap();
        let accepted = response.return_ == Some(true);
        assert_eq!(response.status, !accepted, "a C CC looks at status alone, and takes false for success");
        accepted
    }

    pub async fn resource(&self) -> nc::NcDescribeResourceResponse {
        self.node.nc_describe_resource(nc::NcDescribeResource::default()).await.unwrap()
    }
}

/// Starts a node that runs no program: time stands still for those.
pub async fn start(
    settings: &NodeSettings,
    hypervisor: &Recording,
    images: &Images,
) -> Result<Node<Recording, Images>, euca_node::Error> {
    let programs = Arc::new(Programs::default());
    Node::start(settings.clone(), hypervisor.clone(), images.clone(), programs).await
}

pub async fn seconds(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

/// A request of the user `admin`.
pub fn admin<R: OfUser>() -> R {
    R::of("admin")
}

pub trait OfUser {
    fn of(user: &str) -> Self;
}

macro_rules! of_user {
    ($($request:ident)*) => {
        $(impl OfUser for nc::$request {
            fn of(user: &str) -> Self {
                Self { user_id: Some(user.to_owned()), ..Self::default() }
            }
        })*
    };
}

of_user!(NcRunInstance NcTerminateInstance NcRebootInstance NcGetConsoleOutput NcAttachVolume NcDetachVolume
    NcBundleInstance NcCancelBundleTask NcDescribeBundleTasks);

/// A complete request to run `id` for `admin`, with kernel and ramdisk.
pub fn request(id: &str) -> nc::NcRunInstance {
    nc::NcRunInstance {
        image_id: "emi-1".to_owned(),
        kernel_id: Some("eki-1".to_owned()),
        ramdisk_id: Some("eri-1".to_owned()),
        image_url: IMAGE.to_owned(),
        kernel_url: Some(KERNEL.to_owned()),
        ramdisk_url: Some(RAMDISK.to_owned()),
        reservation_id: "r-1".to_owned(),
        instance_id: id.to_owned(),
        instance_type: nc::VirtualMachine {
            name: Some("m1.small".to_owned()),
            memory: Some(512),
            cores: Some(2),
            disk: Some(2),
            device_mapping: Vec::new(),
        },
        key_name: "ssh-rsa AAAA".to_owned(),
        net_params: nc::NetConfig {
            private_mac_address: "d0:0d:41:AA:00:01".to_owned(),
            private_ip: "0.0.0.0".to_owned(),
            public_ip: "0.0.0.0".to_owned(),
            vlan: 10,
            network_index: -1,
        },
        ..admin()
    }
}
