//! A node that faults strike while it has an instance in each phase of an instance's life: over a private libvirtd with
//! real guests, with a Walrus, a bucket, an iscsiadm and a hook that hold what the test wants held.
//!
//! The guests have no kernel and nothing that boots: QEMU runs them for as long as they are let, at no cost, and they do
//! not hear their power button.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use euca_helper::testing::FakeIscsi;
use euca_hypervisor::testing::{PrivateLibvirtd, TestBridge, TestGuest};
use euca_image::testing::{ACCESS_KEY, Bucket, policy};
use euca_sim::clc::Clc;
use euca_sim::keys::Role;
use euca_wire::{Request, nc};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::task::JoinHandle;

use crate::admin::Admin;
use crate::daemon::{Daemon, free_address};
use crate::disk::SmallDisk;
use crate::helper::{Helper, Volume};
use crate::home::Home;
use crate::images::ImageServer;
use crate::{node, until};

/// The object of a user's own in the bucket.
const TREASURE: &str = "bucket/holiday.jpg";

/// Where an instance is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Half of its image has come.
    Staging,
    /// Its domain is about to be created.
    Booting,
    /// Its domain executes, and nothing is to change.
    Running,
    /// The login to its volume is under way.
    Attaching,
    /// Its guest is gone, and its disk is being uploaded.
    Bundling,
    /// Its guest was asked to shut down.
    Terminating,
}

impl Phase {
    /// All phases.
    pub const ALL: [Self; 6] =
        [Self::Staging, Self::Booting, Self::Running, Self::Attaching, Self::Bundling, Self::Terminating];

    /// Id of the instance that is held in it.
    pub fn id(self) -> String {
        format!("i-0000000{}", self as u8)
    }
}

/// An instance as ncDescribeInstances has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// `stateName`
    pub state: String,
    /// `bundleTaskStateName`
    pub bundling: String,
    /// How many volumes it has.
    pub volumes: usize,
}

/// A node with everything around it. Fields are dropped in this order: callers before the called.
pub struct Site {
    /// `nc-daemon`.
    pub node: Daemon,
    helper: Helper,
    /// Where the guests live.
    pub libvirtd: PrivateLibvirtd,
    /// The Walrus that has the images.
    pub images: ImageServer,
    /// The Walrus that takes the bundles.
    pub bucket: Bucket,
    /// The stand-in for iscsiadm.
    pub iscsi: FakeIscsi,
    /// The file system of the instances, of 256 MiB.
    pub disk: SmallDisk,
    admin: Admin,
    volume: Volume,
    address: SocketAddr,
    _bridge: TestBridge,
    pictures: tempfile::TempDir,
    home: Home,
    cluster: Clc,
}

impl Site {
    /// Starts everything.
    ///
    /// # Errors
    /// A part does not start.
    pub async fn start(name: &str) -> Result<Self> {
        let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest");
        TestGuest::build(&guest).context("building the guest")?;
        let folder = tempfile::tempdir()?;
        for image in ["root.img", "other.img"] {
            std::fs::copy(guest.join("root.img"), folder.path().join(image))?;
        }
        let home = Home::new()?;
        let bridge = TestBridge::create(&node::bridge_name())?;
        let address = free_address([127, 9, 4, 1].into())?;
        let instances = node::instances(&home);
        std::fs::create_dir(&instances)?;
        // Before libvirtd, whose view of the mounts is its own.
        let disk = SmallDisk::mount(&instances, 256 << 20)?;
        let libvirtd = PrivateLibvirtd::start(&node::cache()).await.context("starting libvirtd")?;
        let conf = node::conf(&home, address, &libvirtd.uri(), bridge.name())?;
        let (admin, conf) = Admin::of_node(&conf)?;
        home.configure(&format!(
            "{conf}DAEMON_LIBVIRT_TIMEOUT=\"3\"\nDAEMON_GRACEFUL_TERMINATE=\"Y\"\nDAEMON_GUEST_GRACE=\"5\"\n\
             DAEMON_HOOK_TIMEOUT=\"600\"\nDAEMON_CACHE_FLOOR=\"0\"\nDAEMON_TEARDOWN_TIME=\"3600\"\nSWAP_SIZE=\"1000\"\n"
        ))?;
        hook(&home)?;
        let images = ImageServer::start([127, 9, 4, 2].into(), folder.path().to_owned()).await?;
        let node_certificate = home.keys_folder().join("node-cert.pem");
        let bucket = Bucket::start([127, 9, 4, 3].into(), &node_certificate).await?;
        bucket.keep(TREASURE);
        let iscsi = FakeIscsi::new()?;
        let volume = Volume::create(&iscsi, name)?;
        let helper = Helper::start(&home, &iscsi).await?;
        let node = Daemon::start("nc-daemon", &home)?;
        let cluster = Clc::new(&home.keys(), Role::Cluster, address)?;
        Ok(Self {
            node,
            helper,
            libvirtd,
            images,
            bucket,
            iscsi,
            disk,
            admin,
            volume,
            address,
            _bridge: bridge,
            pictures: folder,
            home,
            cluster,
        })
    }

    /// Sends a request, and tells whether it was fulfilled.
    async fn ask<Q: Request>(&self, request: &Q) -> Result<bool> {
        Ok(self.cluster.send(request).await?.text().contains("<n:return>true</n:return>"))
    }

    /// Runs an instance of an image of the folder: `root.img`, or the same by another name.
    ///
    /// # Errors
    /// It is not accepted.
    pub async fn run(&self, id: &str, image: &str) -> Result<()> {
        let number = u32::from_str_radix(id.trim_start_matches("i-"), 16)?;
        let accepted = self.ask(&node::run_instance(id, self.images.url(image), number)).await?;
        ensure!(accepted, "{id} is not accepted");
        Ok(())
    }

    /// Terminates an instance.
    ///
    /// # Errors
    /// It is refused.
    pub async fn terminate(&self, id: &str) -> Result<()> {
        let accepted =
            self.ask(&nc::NcTerminateInstance { instance_id: id.to_owned(), ..Default::default() }).await?;
        ensure!(accepted, "termination of {id} is refused");
        Ok(())
    }

    /// Begins to attach the volume, and tells later whether that was done; nothing, if no answer came.
    ///
    /// # Errors
    /// The request cannot be made.
    pub fn attach(&self, id: &str) -> Result<JoinHandle<Option<bool>>> {
        let request = nc::NcAttachVolume {
            instance_id: Some(id.to_owned()),
            volume_id: Some("vol-00000001".to_owned()),
            remote_dev: Some(self.volume.remote_dev(&self.home)?),
            local_dev: Some("/dev/sdb".to_owned()),
            ..Default::default()
        };
        let (message, address) = (self.cluster.message(&request)?, self.address);
        Ok(tokio::spawn(async move {
            let reply = euca_sim::clc::exchange(address, &message).await.ok()?;
            Some(reply.text().contains("<n:return>true</n:return>"))
        }))
    }

    /// Asks for an instance to be bundled into the bucket, under its own name.
    ///
    /// # Errors
    /// It is refused.
    pub async fn bundle(&self, id: &str) -> Result<()> {
        let (policy, signature) = policy("bucket", id);
        let request = nc::NcBundleInstance {
            instance_id: Some(id.to_owned()),
            bucket_name: Some("bucket".to_owned()),
            file_prefix: Some(id.to_owned()),
            walrus_url: Some(self.bucket.url()),
            user_public_key: Some(ACCESS_KEY.to_owned()),
            s3_policy: Some(policy),
            s3_policy_sig: Some(signature),
            ..Default::default()
        };
        ensure!(self.ask(&request).await?, "bundling of {id} is refused");
        Ok(())
    }

    /// The first request that bundling an instance makes.
    pub fn first_put(id: &str) -> String {
        format!("PUT bucket/{id}.manifest.xml")
    }

    /// How often that was made.
    pub fn puts(&self, id: &str) -> usize {
        let first = Self::first_put(id);
        self.bucket.requests().iter().filter(|request| **request == first).count()
    }

    /// What the bucket has of an instance's bundle; the user's own object must be there at any time.
    ///
    /// # Errors
    /// It is not.
    pub fn bundled(&self, id: &str) -> Result<Vec<String>> {
        let (own, bundle): (Vec<_>, Vec<_>) =
            self.bucket.objects().into_iter().map(|(name, _)| name).partition(|name| name == TREASURE);
        ensure!(own.len() == 1, "the user's own object is gone");
        Ok(bundle.into_iter().filter(|name| name.starts_with(&format!("bucket/{id}."))).collect())
    }

    /// Cancels the bundling of an instance.
    ///
    /// # Errors
    /// It is refused.
    pub async fn cancel_bundle(&self, id: &str) -> Result<()> {
        let request = nc::NcCancelBundleTask { instance_id: Some(id.to_owned()), ..Default::default() };
        ensure!(self.ask(&request).await?, "cancellation of {id} is refused");
        Ok(())
    }

    /// Every instance that the node lists, by id.
    ///
    /// # Errors
    /// No answer.
    pub async fn describe(&self) -> Result<BTreeMap<String, Seen>> {
        let request =
            nc::NcDescribeInstances { user_id: Some("eucalyptus".to_owned()), ..Default::default() };
        let text = self.cluster.send(&request).await?.text();
        let document = roxmltree::Document::parse(&text)?;
        let named = |name: &'static str| move |node: &roxmltree::Node<'_, '_>| node.tag_name().name() == name;
        let instances = document.descendants().filter(named("instances")).map(|instance| {
            let text = |name| instance.children().find(named(name)).and_then(|node| node.text());
            let text = |name| text(name).unwrap_or_default().to_owned();
            let volumes = instance.children().filter(named("volumes")).count();
            let seen = Seen { state: text("stateName"), bundling: text("bundleTaskStateName"), volumes };
            (text("instanceId"), seen)
        });
        Ok(instances.collect())
    }

    /// Waits until an instance is as it should be; `None` for one that is not listed.
    ///
    /// # Errors
    /// It is not in time.
    pub async fn reaches(&self, id: &str, condition: impl Fn(Option<&Seen>) -> bool) -> Result<()> {
        let mut last = None;
        let waited = until(id, async || {
            last = self.describe().await?.remove(id);
            Ok(condition(last.as_ref()))
        });
        let waited = waited.await;
        waited.with_context(|| format!("last seen as {last:?}"))
    }

    /// Process of an instance's domain, if it lives.
    pub fn guest(&self, id: &str) -> Option<Pid> {
        let pid = self.libvirtd.domain_pid(id)?;
        let command = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        command.contains(id).then_some(pid)
    }

    /// Ends a guest as it does when it shuts down by itself.
    ///
    /// # Errors
    /// It has no process.
    pub fn power_off(&self, id: &str) -> Result<()> {
        Ok(kill(self.guest(id).context("the guest has no process")?, Signal::SIGTERM)?)
    }

    /// The directory of an instance.
    pub fn directory(&self, id: &str) -> PathBuf {
        node::instances(&self.home).join("alice").join(id)
    }

    /// The file of an image of the folder.
    pub fn image(&self, name: &str) -> PathBuf {
        self.pictures.path().join(name)
    }

    /// Digests of the images in the cache, as their descriptions have them.
    ///
    /// # Errors
    /// The file system's.
    pub fn cached_digests(&self) -> Result<Vec<String>> {
        let mut digests = Vec::new();
        for entry in std::fs::read_dir(self.cache())? {
            let Ok(meta) = std::fs::read(entry?.path().join("meta.json")) else { continue };
            let meta: serde_json::Value = serde_json::from_slice(&meta)?;
            digests.extend(meta["sha256"].as_str().map(str::to_owned));
        }
        Ok(digests)
    }

    fn cache(&self) -> PathBuf {
        node::instances(&self.home).join("eucalyptus/cache/v2")
    }

    /// Has the hook wait before the domain of this instance is created.
    ///
    /// # Errors
    /// The file system's.
    pub fn hold_boot(&self, id: &str) -> Result<()> {
        Ok(std::fs::write(self.home.path().join(format!("hold-{id}")), "")?)
    }

    /// Waits for something that is held.
    ///
    /// # Errors
    /// That does not happen in time.
    pub async fn until_held(&self, what: &str, held: impl Fn(&Self) -> bool) -> Result<()> {
        until(what, async || Ok(held(self))).await
    }

    /// Whether the hook waits.
    pub fn boot_is_held(&self, id: &str) -> bool {
        self.home.path().join(format!("held-{id}")).exists()
    }

    /// Lets the hook go on.
    ///
    /// # Errors
    /// The file system's.
    pub fn release_boot(&self, id: &str) -> Result<()> {
        Ok(std::fs::remove_file(self.home.path().join(format!("hold-{id}")))?)
    }

    /// Targets with a session, and targets with a record.
    pub fn sessions(&self) -> Vec<String> {
        let mut all = self.iscsi.sessions();
        all.extend(self.iscsi.nodes());
        all
    }

    /// The target of the volume.
    pub fn target(&self) -> &str {
        self.volume.target()
    }

    /// Kills `nc-daemon`.
    ///
    /// # Errors
    /// It cannot be killed.
    pub fn kill_node(&mut self) -> Result<()> {
        self.node.signal(Signal::SIGKILL)?;
        self.node.wait().map(drop)
    }

    /// Starts another `nc-daemon`.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_node(&mut self) -> Result<()> {
        self.node = Daemon::start("nc-daemon", &self.home)?;
        Ok(())
    }

    /// Terminates whatever is left, waits until all is over, and judges what should not be there any more: domains, files,
    /// sessions, reservations, calls, processes.
    ///
    /// # Errors
    /// What is still there after a while.
    pub async fn end(mut self) -> Result<()> {
        for (id, seen) in self.describe().await? {
            if seen.state != "Teardown" {
                self.terminate(&id).await?;
                // Nobody would hear the power button. Where the grace is over, there is no guest any more.
                let _ = self.power_off(&id);
            }
        }
        until("all instances to be over", async || {
            Ok(self.describe().await?.values().all(|seen| seen.state == "Teardown"))
        })
        .await?;
        let mut leaks = Vec::new();
        let clean = until("nothing to be left", async || {
            leaks = self.leaks().await?;
            Ok(leaks.is_empty())
        });
        let clean = clean.await;
        clean.with_context(|| format!("left: {leaks:?}"))?;
        self.node.signal(Signal::SIGTERM)?;
        ensure!(self.node.wait()?.success(), "nc-daemon ended badly");
        Ok(())
    }

    async fn leaks(&self) -> Result<Vec<String>> {
        let mut leaks: Vec<String> =
            self.sessions().iter().map(|target| format!("session {target}")).collect();
        leaks.extend(self.libvirtd.domain_pids().iter().map(|pid| format!("domain {pid}")));
        leaks.extend(node::instance_files(&self.home)?.iter().map(|path| format!("file {path:?}")));
        let unfinished = std::fs::read_dir(self.cache())?
            .flatten()
            .map(|entry| entry.file_name())
            .filter(|name| name.to_string_lossy().starts_with(".tmp-"));
        leaks.extend(unfinished.map(|name| format!("unfinished cache entry {name:?}")));
        let work = std::fs::read_dir(node::instances(&self.home).join("eucalyptus/work"));
        leaks.extend(work.into_iter().flatten().flatten().map(|entry| format!("work {:?}", entry.path())));
        let metrics = self.admin.metrics().await?;
        for gauge in
            ["euca_nc_cache_reserved_bytes", "euca_nc_stagings_running", "euca_hypervisor_calls_blocked"]
        {
            let value = metrics.value(gauge);
            if value != 0.0 {
                leaks.push(format!("{gauge} {value}"));
            }
        }
        leaks.extend(self.processes()?);
        Ok(leaks)
    }

    /// Processes that somebody has begun here, beside the daemons: children of theirs, and whatever was told of our
    /// folders.
    fn processes(&self) -> Result<Vec<String>> {
        let daemons = [self.node.pid(), self.helper.pid()];
        let folders = [self.home.path().to_owned(), self.iscsi.at("")];
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc")?.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
                continue;
            };
            // One that has just ended has neither.
            let command = std::fs::read_to_string(entry.path().join("cmdline")).unwrap_or_default();
            let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            let parent = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
            let ours = parent.is_some_and(|parent| daemons.contains(&Pid::from_raw(parent)))
                || folders.iter().any(|folder| command.contains(&*folder.to_string_lossy()));
            if ours && !daemons.contains(&Pid::from_raw(pid)) {
                found.push(format!("process {pid} {}", command.replace('\0', " ")));
            }
        }
        Ok(found)
    }
}

/// Installs the hook that waits while there is a file `hold-<instance>`, and says so by a file `held-<instance>`.
fn hook(home: &Home) -> Result<()> {
    let (hooks, here) = (home.path().join("etc/eucalyptus/nc-hooks"), home.path().display());
    std::fs::create_dir(&hooks)?;
    let script = format!(
        "#!/bin/sh\n[ $1 = NC_EVENT_PRE_BOOT ] || exit 0\nid=${{3##*/}}\n\
         while [ -e {here}/hold-$id ]; do : > {here}/held-$id; sleep 0.1; done\n"
    );
    std::fs::write(hooks.join("10-hold"), script)?;
    Ok(std::fs::set_permissions(hooks.join("10-hold"), PermissionsExt::from_mode(0o755))?)
}
