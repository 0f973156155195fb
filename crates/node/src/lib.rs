//! The node controller: runs the instances of one host (node-controller.md).
//!
//! [`Node`] implements [`NodeApi`] over a [`Hypervisor`] and an [`ImageSource`]. It starts by adopting the domains
//! that run (`recovery`), then a `monitor` looks at all domains every few seconds, and each `instance` has a
//! task that decides about it.
//!
//! ```text
//!   NodeApi ──▶ ops::* ──▶ instance task ──▶ Hypervisor
//!                              ▲    │
//!                 monitor ─────┘    └──▶ ImageSource, files
//! ```
//!
//! Not here: HTTP as a server, XML and signatures (`euca-soap`), configuration files (`euca-config`), libvirt
//! (`euca-hypervisor`), images and disks (`euca-image`), network devices
//! (`euca-vnet-host`).
#![forbid(unsafe_code)]

mod bundle;
mod checkpoint;
mod console;
mod error;
mod files;
mod hooks;
mod inspect;
mod instance;
mod monitor;
mod network;
mod ops;
mod recovery;
mod resources;
mod settings;
mod stats;
#[cfg(test)]
mod testing;
mod volume;

use std::collections::HashMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use euca_command::CommandRunner;
use euca_hypervisor::{DomainState, HostResources, Hypervisor};
use euca_image::{ImageSource, Images};
use euca_observe::{Pulse, chain, metrics};
use euca_wire::{Fault, NodeApi, Request, nc};
use futures_util::future::join_all;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use bundle::{BundlePrograms, Bundler, ProgramBundler};
pub use error::Error;
pub use hooks::{HookEvent, Hooks};
pub use inspect::{InstanceReport, StepReport};
pub use instance::{State, Thresholds};
pub use network::Vlans;
pub use settings::{DiskUnit, NetworkMode, NetworkSettings, NodeSettings, VolumeSettings};

use bundle::Bundles;
use instance::{Context, Instance, Record, Registry, blocking, release_in_the_end, release_volumes};
use monitor::Snapshot;
use network::Networks;
use resources::Amounts;
use volume::Claims;

/// The node controller. Clones are handles to the same node.
pub struct Node<H, S>(Arc<Inner<H, S>>);

/// What the operations work on.
pub(crate) struct Inner<H, S> {
    context: Arc<Context<H, S>>,
    host: HostResources,
    offered: RwLock<Amounts>,
    /// The latest text of `nc-stats`.
    stats: watch::Sender<String>,
}

impl<H: Hypervisor, S: ImageSource> Node<H, S> {
    /// Starts the node: adopts the domains that run and deletes what dead instances left. If the hypervisor cannot
    /// be asked, the node starts all the same, knows no instance, accepts none, describes nothing, and goes on asking.
    ///
    /// Must be called in a tokio runtime; the node's tasks run there until [`shutdown`](Self::shutdown).
    ///
    /// # Errors
    /// [`Error::Setting`] for settings it cannot work with, [`Error::Hypervisor`] when the host's size is unknown.
    pub async fn start(
        settings: NodeSettings,
        hypervisor: H,
        source: S,
        runner: Arc<dyn CommandRunner>,
    ) -> Result<Self, Error> {
        settings.check()?;
        let host = hypervisor.host_resources()?;
        let stage = settings.stage.clone();
        let bundles = Bundles::new(&settings, Arc::clone(&runner));
        let images = blocking(move || Ok(Images::open(stage, source, runner))).await?;
        let (sight, seen) = watch::channel(Arc::new(Snapshot::nothing()));
        let (stats, texts) = watch::channel(String::new());
        let cleanups = Semaphore::new(settings.cleanups.clamp(1, Semaphore::MAX_PERMITS));
        let context = Arc::new(Context {
            helper: euca_helper::Client::new(&settings.helper),
            claims: Claims::default(),
            bundles,
            networks: Networks::new(settings.network.clone(), settings.vlans.clone()),
            settings,
            hypervisor,
            images,
            started: Instant::now(),
            sight: seen,
            instances: Registry::default(),
            recovered: AtomicBool::new(false),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            metrics: metrics::Node::default(),
            cleanups,
            pulse: Pulse::default(),
        });
        let node = Self(Arc::new(Inner {
            context: Arc::clone(&context),
            host,
            offered: RwLock::new(Amounts::default()),
            stats,
        }));
        node.0.measure().await;
        let recovered = node.0.recover().await;
        let (inner, stop) = (Arc::clone(&node.0), context.stop.clone());
        context.tasks.spawn(async move {
            let life = async {
                if !recovered {
                    monitor::beating(&inner.context.pulse, inner.recover_in_the_end()).await;
                }
                monitor::run(Arc::clone(&inner.context), sight).await;
            };
            stop.run_until_cancelled(life).await;
        });
        let (stop, writer) = (context.stop.clone(), stats::write(context.settings.clone(), texts));
        context.tasks.spawn(async move { stop.run_until_cancelled(writer).await });
        Ok(node)
    }

    /// Stops all tasks and waits for them. Domains go on, and are adopted by the next start.
    pub async fn shutdown(&self) {
        self.0.context.stop.cancel();
        self.0.context.tasks.close();
        self.0.context.tasks.wait().await;
        let images = self.0.context.images.clone();
        // A runtime that is ending already leaves the cache to be examined at the next start.
        let _ = blocking(move || {
            images.close();
            Ok(())
        })
        .await;
    }
}

impl<H, S> Clone for Node<H, S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<H, S> fmt::Debug for Node<H, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node").field("settings", &self.0.context.settings).finish_non_exhaustive()
    }
}

impl<H, S> Inner<H, S> {
    /// What instances may use in all.
    fn offered(&self) -> Amounts {
        *self.offered.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Refuses while the domains that run are not known: a host that seems empty is one that may be put to sleep.
    fn recovered(&self) -> Result<(), Error> {
        if self.context.recovered.load(Ordering::Acquire) { Ok(()) } else { Err(Error::Recovering) }
    }
}

impl<H: Hypervisor, S: ImageSource> Inner<H, S> {
    /// Asks the hypervisor for its domains and, if it answers, adopts and cleans up: files, volumes, networks.
    async fn recover(&self) -> bool {
        let domains: HashMap<String, DomainState> = match self.context.hypervisor.domains().await {
            Ok(domains) => domains.into_iter().collect(),
            Err(error) => {
                tracing::warn!(error = %chain(&error), "running domains cannot be adopted yet");
                return false;
            }
        };
        let path = self.context.settings.instance_path.clone();
        let scan = blocking(move || {
            let dead = recovery::dead(&path, &domains);
            Ok((recovery::adoptable(&path, &domains), recovery::with_volumes(&dead), dead))
        });
        let (records, with_volumes, dead) = scan.await.unwrap_or_default();
        let path = &self.context.settings.instance_path;
        let allowed = records.into_iter().map(async |record| {
            let files = files::InstanceFiles::of(path, &record);
            self.context.allows(HookEvent::Adopting, files.directory()).await.then_some(record)
        });
        for record in join_all(allowed).await.into_iter().flatten() {
            let id = record.instance_id.clone();
            match self.context.instances.insert(&id, || Instance::adopt(&self.context, record)) {
                Ok(_) => tracing::info!(instance = %id, "adopted"),
                Err(error) => tracing::warn!(error = %chain(&error), "not adopted"),
            }
        }
        let released = with_volumes.into_iter().map(|record| self.release(record));
        let unreleased = join_all(released).await.into_iter().flatten().collect();
        self.purge(dead, unreleased).await;
        self.context.networks.release_unused(|| self.context.instances.records()).await;
        self.measure().await;
        self.context.recovered.store(true, Ordering::Release);
        true
    }

    /// Logs out of the volumes of an instance that is gone. Gives its directory when that did not succeed at once: the
    /// record in it is what the next start will know of them.
    async fn release(&self, mut record: Record) -> Option<PathBuf> {
        // What a living instance has is not the dead one's any more.
        record.volumes.retain(|volume| self.context.claims.claim(&volume.remote_dev));
        let files = files::InstanceFiles::of(&self.context.settings.instance_path, &record);
        record.volumes = release_volumes(&self.context, &record, &files).await;
        if record.volumes.is_empty() {
            return None;
        }
        let directory = files.directory().to_owned();
        release_in_the_end(&self.context, record, files);
        Some(directory)
    }

    /// Deletes the directories of the dead, but for those to `spare` and those that the operator or a hook wants to
    /// stay.
    async fn purge(&self, dead: Vec<PathBuf>, spare: Vec<PathBuf>) {
        let (path, keep) = (self.context.settings.instance_path.clone(), self.context.settings.keep_files);
        let asked = dead.into_iter().filter(|directory| !keep && !spare.contains(directory));
        let allowed = asked.map(async |directory| {
            self.context.allows(HookEvent::PreClean, &directory).await.then_some(directory)
        });
        let allowed: Vec<_> = join_all(allowed.collect::<Vec<_>>()).await.into_iter().flatten().collect();
        let purge = blocking(move || {
            recovery::purge(&path, &allowed);
            Ok(())
        });
        if let Err(error) = purge.await {
            tracing::warn!(error = %chain(&error), "files of dead instances are not deleted");
        }
    }

    async fn recover_in_the_end(&self) {
        while !self.recover().await {
            sleep(self.context.settings.monitor_period).await;
        }
    }

    /// Computes what is offered. Once, and again after adoption: what instances fill later was offered before.
    async fn measure(&self) {
        let (settings, host) = (self.context.settings.clone(), self.host);
        let records = self.context.instances.records();
        let measured =
            blocking(move || Ok(Amounts::offered(host, disk_bytes(&settings, &records), &settings)));
        if let Ok(amounts) = measured.await {
            *self.offered.write().unwrap_or_else(PoisonError::into_inner) = amounts;
        }
    }
}

/// Bytes that are free where the instances' files are, and those that instances and the image cache fill already.
fn disk_bytes(settings: &NodeSettings, records: &[Arc<Record>]) -> u64 {
    let path = &settings.instance_path;
    let free = nix::sys::statvfs::statvfs(path)
        .map(|system| system.blocks_available().saturating_mul(system.fragment_size()))
        .inspect_err(|error| tracing::warn!(?path, %error, "free space unknown"));
    let directories =
        records.iter().map(|record| files::InstanceFiles::of(path, record).directory().to_owned());
    let cache = path.join("eucalyptus/cache");
    let filled: u64 = directories.chain([cache]).map(|directory| files::bytes_below(&directory)).sum();
    free.unwrap_or(0).saturating_add(filled)
}

/// Reads a checkpoint of the original and forgets it: for the fuzz target.
#[doc(hidden)]
pub fn read_checkpoint(bytes: &[u8]) -> bool {
    checkpoint::read(bytes).is_ok()
}

/// Seconds since 1970.
fn unix_seconds() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

fn unix_time() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Says why a request is refused. The peer is told only that it is (node-controller.md §4.2).
fn refused<Q: Request>(request: &Q, error: &Error) {
    let (operation, user, correlation) = (Q::OPERATION.name, request.user_id(), request.correlation_id());
    tracing::warn!(operation, user, correlation, error = %chain(error), "refused");
}

/// Turns a refusal into the operation's answer `return=false`.
macro_rules! answer {
    ($request:expr, $result:expr) => {
        answer!($request, $result, $request.answer(false))
    };
    ($request:expr, $result:expr, $refusal:expr) => {
        Ok($result.unwrap_or_else(|error| {
            refused(&$request, &error);
            $refusal
        }))
    };
}

impl<H: Hypervisor, S: ImageSource> NodeApi for Node<H, S> {
    /// Never: a request that cannot be fulfilled is answered `return=false`.
    type Error = Fault;

    async fn nc_attach_volume(
        &self,
        request: nc::NcAttachVolume,
    ) -> Result<nc::NcAttachVolumeResponse, Fault> {
        answer!(request, ops::attach_volume::run(&self.0, &request).await)
    }

    async fn nc_bundle_instance(
        &self,
        request: nc::NcBundleInstance,
    ) -> Result<nc::NcBundleInstanceResponse, Fault> {
        answer!(request, ops::bundle_instance::run(&self.0, &request).await)
    }

    async fn nc_cancel_bundle_task(
        &self,
        request: nc::NcCancelBundleTask,
    ) -> Result<nc::NcCancelBundleTaskResponse, Fault> {
        answer!(request, ops::cancel_bundle_task::run(&self.0, &request).await)
    }

    async fn nc_describe_bundle_tasks(
        &self,
        request: nc::NcDescribeBundleTasks,
    ) -> Result<nc::NcDescribeBundleTasksResponse, Fault> {
        answer!(request, ops::describe_bundle_tasks::run(&self.0, &request))
    }

    async fn nc_describe_instances(
        &self,
        request: nc::NcDescribeInstances,
    ) -> Result<nc::NcDescribeInstancesResponse, Fault> {
        answer!(request, ops::describe_instances::run(&self.0, &request))
    }

    async fn nc_describe_resource(
        &self,
        request: nc::NcDescribeResource,
    ) -> Result<nc::NcDescribeResourceResponse, Fault> {
        answer!(request, ops::describe_resource::run(&self.0, &request))
    }

    async fn nc_detach_volume(
        &self,
        request: nc::NcDetachVolume,
    ) -> Result<nc::NcDetachVolumeResponse, Fault> {
        answer!(request, ops::detach_volume::run(&self.0, &request).await)
    }

    async fn nc_get_console_output(
        &self,
        request: nc::NcGetConsoleOutput,
    ) -> Result<nc::NcGetConsoleOutputResponse, Fault> {
        answer!(request, ops::get_console_output::run(&self.0, &request).await)
    }

    async fn nc_power_down(&self, request: nc::NcPowerDown) -> Result<nc::NcPowerDownResponse, Fault> {
        let refusal = || nc::NcPowerDownResponse { status_message: Some(2), ..request.answer(false) };
        answer!(request, ops::power_down::run(&self.0, &request), refusal())
    }

    async fn nc_reboot_instance(
        &self,
        request: nc::NcRebootInstance,
    ) -> Result<nc::NcRebootInstanceResponse, Fault> {
        // A C CC looks at `status` only, and takes false for success (Q-19).
        let refusal = || nc::NcRebootInstanceResponse { status: true, ..request.answer(false) };
        answer!(request, ops::reboot_instance::run(&self.0, &request), refusal())
    }

    async fn nc_run_instance(&self, request: nc::NcRunInstance) -> Result<nc::NcRunInstanceResponse, Fault> {
        answer!(request, ops::run_instance::run(&self.0, &request))
    }

    async fn nc_start_network(
        &self,
        request: nc::NcStartNetwork,
    ) -> Result<nc::NcStartNetworkResponse, Fault> {
        answer!(request, ops::start_network::run(&self.0, &request).await, ops::start_network::refusal())
    }

    async fn nc_terminate_instance(
        &self,
        request: nc::NcTerminateInstance,
    ) -> Result<nc::NcTerminateInstanceResponse, Fault> {
        answer!(request, ops::terminate_instance::run(&self.0, &request).await)
    }
}
