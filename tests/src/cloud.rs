//! A whole cloud but for the CLC's Java: a private libvirtd with QEMU guests, `nc-daemon`, `cc-daemon`, images over
//! HTTP, and a driver that talks as a CLC does. Everything ends and vanishes with it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use euca_hypervisor::testing::{PrivateLibvirtd, TestBridge, TestGuest};
use euca_sim::clc::{Clc, Reply};
use euca_sim::keys::Role;
use euca_wire::{Request, cc};
use nix::sys::signal::Signal;

use crate::client::CcClient;
use crate::daemon::{Daemon, free_address};
use crate::home::Home;
use crate::images::ImageServer;
use crate::node;
use crate::{machine, run_instances, until};

/// A running cloud. Fields are dropped in this order: callers before the called.
pub struct Cloud {
    /// `cc-daemon`.
    pub cluster: Daemon,
    /// `nc-daemon`.
    pub node: Daemon,
    /// Where the guests live.
    pub libvirtd: PrivateLibvirtd,
    /// What an operator asks the cluster with.
    pub client: CcClient,
    /// The Walrus with the images `kernel`, `ramdisk` and `root.img`.
    pub images: ImageServer,
    /// Where `nc-daemon` listens.
    pub node_address: SocketAddr,
    _bridge: TestBridge,
    node_home: Home,
    _cluster_home: Home,
    clc: Clc,
}

impl Cloud {
    /// Starts everything. `guest` is the folder that `tests/guest/build-guest.sh` has filled or will fill.
    ///
    /// # Errors
    /// A part does not start.
    pub async fn start(guest: &Path) -> Result<Self> {
        Self::start_with(guest, "").await
    }

    /// The same with these lines in both daemons' configuration; `BRIDGE` stands for the node's bridge there.
    ///
    /// # Errors
    /// As [`Cloud::start`].
    pub async fn start_with(guest: &Path, lines: &str) -> Result<Self> {
        TestGuest::build(guest).context("building the guest")?;
        let libvirtd = PrivateLibvirtd::start(&node::cache()).await.context("starting libvirtd")?;
        let bridge = TestBridge::create(&node::bridge_name())?;
        let images = ImageServer::start([127, 8, 0, 1].into(), guest.to_owned()).await?;

        let node_address = free_address([127, 8, 0, 2].into())?;
        let node_home = Home::new()?;
        let cluster_home = Home::with_keys_of(&node_home)?;
        // The first line that sets a variable counts.
        let lines = lines.replace("BRIDGE", bridge.name());
        let conf = node::conf(&node_home, node_address, &libvirtd.uri(), bridge.name())?;
        node_home.configure(&(lines.clone() + &conf))?;
        let node = Daemon::start("nc-daemon", &node_home)?;

        let cluster_address = free_address([127, 8, 0, 3].into())?;
        cluster_home.configure(&(lines + &Home::cluster_conf(cluster_address, &[node_address])))?;
        let cluster = Daemon::start("cc-daemon", &cluster_home)?;
        let clc = Clc::new(&cluster_home.keys(), Role::Cloud, cluster_address)?;
        let client = CcClient::new(&cluster_home, cluster_address);
        let cloud = Self {
            cluster,
            node,
            libvirtd,
            client,
            images,
            node_address,
            _bridge: bridge,
            node_home,
            _cluster_home: cluster_home,
            clc,
        };
        until("capacity", async || {
            let request = cc::DescribeResources { instance_types: vec![machine()], ..Default::default() };
            let described = cloud.ask(&cc::DescribeInstances::default()).await?.status() == 200;
            let capacity = !cloud.ask(&request).await?.text().contains("<n:availableInstances>0<");
            // Until the node has told its instances too, describing them is a fault.
            Ok(described && capacity)
        })
        .await?;
        Ok(cloud)
    }

    /// As [`crate::ask`], of this cloud's cluster.
    ///
    /// # Errors
    /// As there.
    pub async fn ask<Q: Request>(&self, request: &Q) -> Result<Reply> {
        crate::ask(&self.clc, request).await
    }

    /// RunInstances of the test guest.
    pub fn request(&self, id: &str) -> cc::RunInstances {
        cc::RunInstances {
            kernel_id: Some("eki-12345678".to_owned()),
            ramdisk_id: Some("eri-12345678".to_owned()),
            image_url: Some(self.images.url("root.img")),
            kernel_url: Some(self.images.url("kernel")),
            ramdisk_url: Some(self.images.url("ramdisk")),
            ..run_instances(id)
        }
    }

    /// Runs the test guest.
    ///
    /// # Errors
    /// It is not accepted.
    pub async fn run(&self, id: &str) -> Result<()> {
        self.launch(&self.request(id)).await
    }

    /// Sends this request.
    ///
    /// # Errors
    /// It is not accepted.
    pub async fn launch(&self, request: &cc::RunInstances) -> Result<()> {
        let reply = self.ask(request).await?;
        ensure!(
            reply.text().contains("<n:stateName>Pending</n:stateName>"),
            "not launched: {}",
            reply.text()
        );
        Ok(())
    }

    /// `stateName` of an instance as DescribeInstances has it; `None` when it is not listed.
    ///
    /// # Errors
    /// As [`Cloud::ask`].
    pub async fn state(&self, id: &str) -> Result<Option<String>> {
        self.element(id, "stateName").await
    }

    /// `bundleTaskStateName` of an instance.
    ///
    /// # Errors
    /// As [`Cloud::ask`].
    pub async fn bundling(&self, id: &str) -> Result<Option<String>> {
        self.element(id, "bundleTaskStateName").await
    }

    /// An element of an instance as DescribeInstances has it.
    async fn element(&self, id: &str, name: &str) -> Result<Option<String>> {
        let describe = cc::DescribeInstances { user_id: Some("eucalyptus".to_owned()), ..Default::default() };
        let text = self.ask(&describe).await?.text();
        let instance =
            text.split("<n:instances>").find(|part| part.contains(&format!("<n:instanceId>{id}<")));
        let (open, close) = (format!("<n:{name}>"), format!("</n:{name}>"));
        Ok(instance.and_then(|part| between(part, &open, &close)))
    }

    /// RebootInstances.
    ///
    /// # Errors
    /// As [`Cloud::ask`].
    pub async fn reboot(&self, id: &str) -> Result<()> {
        let request = cc::RebootInstances { instance_ids: vec![id.to_owned()], ..Default::default() };
        self.ask(&request).await.map(|_| ())
    }

    /// TerminateInstances.
    ///
    /// # Errors
    /// As [`Cloud::ask`].
    pub async fn terminate(&self, id: &str) -> Result<()> {
        let request = cc::TerminateInstances { instance_ids: vec![id.to_owned()], ..Default::default() };
        self.ask(&request).await.map(|_| ())
    }

    /// What GetConsoleOutput says, decoded.
    ///
    /// # Errors
    /// As [`Cloud::ask`].
    pub async fn console(&self, id: &str) -> Result<String> {
        let request = cc::GetConsoleOutput {
            user_id: Some("alice".to_owned()),
            instance_id: Some(id.to_owned()),
            ..Default::default()
        };
        let text = self.ask(&request).await?.text();
        let encoded =
            between(&text, "<n:consoleOutput>", "</n:consoleOutput>").context("no console output")?;
        Ok(String::from_utf8_lossy(&STANDARD.decode(encoded)?).into_owned())
    }

    /// Waits until an instance's console shows that it has booted for the `boot`th time.
    ///
    /// # Errors
    /// It does not within three minutes; QEMU's translator takes some ten seconds for it.
    pub async fn booted(&self, id: &str, boot: u32) -> Result<()> {
        let banner = format!("EUCA-GUEST-BOOT {boot}");
        let mut console = String::new();
        let waited = until(&banner, async || {
            console = self.console(id).await?;
            Ok(console.contains(&banner))
        });
        let waited = waited.await;
        waited.with_context(|| format!("console of {id}: {console}"))
    }

    /// Waits until an instance is in a state, or gone for `None`.
    ///
    /// # Errors
    /// It is not in time.
    pub async fn reaches(&self, id: &str, state: Option<&str>) -> Result<()> {
        let what = format!("{id} to be {}", state.unwrap_or("gone"));
        until(&what, async || Ok(self.state(id).await?.as_deref() == state)).await
    }

    /// Kills `nc-daemon` and starts another in its place.
    ///
    /// # Errors
    /// It cannot be killed, or does not start.
    pub fn restart_node_after_kill(&mut self) -> Result<()> {
        self.node.signal(Signal::SIGKILL)?;
        self.node.wait()?;
        self.node = Daemon::start("nc-daemon", &self.node_home)?;
        Ok(())
    }

    /// The installation of `nc-daemon`.
    pub fn node_home(&self) -> &Home {
        &self.node_home
    }

    /// Files below `INSTANCE_PATH` that belong to instances.
    ///
    /// # Errors
    /// The file system's.
    pub fn instance_files(&self) -> Result<Vec<PathBuf>> {
        node::instance_files(&self.node_home)
    }

    /// Ends both daemons and says whether they ended well, and what is left of guests.
    ///
    /// # Errors
    /// A daemon does not end, or not well.
    pub fn stop(self) -> Result<()> {
        ensure!(self.cluster.stop()?.success(), "cc-daemon ended badly");
        ensure!(self.node.stop()?.success(), "nc-daemon ended badly");
        Ok(())
    }
}

fn between(text: &str, open: &str, close: &str) -> Option<String> {
    Some(text.split_once(open)?.1.split_once(close)?.0.to_owned())
}
