//! Instances: one task each, which owns the record, takes orders one after the other and decides by [`machine`].
//!
//! The task itself never waits long. What takes long (staging, creating, rebooting, destroying, deleting) is one
//! future at a time that the task polls beside its queues, so that a termination is heard at any moment and the
//! monitor's passes are seen. Readers never ask the task: it publishes its record after every change.
//!
//! ```text
//!   ncTerminateInstance ──▶ terminations ─┐            ┌─▶ published record ──▶ ncDescribe…
//!   ncCancelBundleTask ───▶ cancellations ┤   task     │
//!   ncRebootInstance, ncBundleInstance,   │ (machine)  │
//!   nc(At|De)tachVolume ──▶ orders (16) ──┤            ├─▶ instance.json
//!   monitor ──────────────▶ snapshot ─────┤            └─▶ work: stage · create · reboot · destroy · bundle · clean
//!                           work's end ───┘                 · a step of a volume ([`volumes`]); one at a time
//! ```
//!
//! A snapshot counts only if it was taken after the last work ended: what the monitor saw while a domain was being
//! destroyed and created again says nothing about the instance.

mod bundling;
mod launch;
mod machine;
pub(crate) mod record;
mod registry;
pub(crate) mod timeline;
mod volumes;

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use euca_hypervisor::{DomainName, Hypervisor, Observation};
use euca_image::bundle::Destination;
use euca_image::{ImageSource, Images};
use euca_observe::metrics::{self, Outcome, Raised};
use euca_observe::{Pulse, chain};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::bundle::{Bundles, Job};
use crate::error::Error;
use crate::files::InstanceFiles;
use crate::hooks::HookEvent;
use crate::monitor::Snapshot;
use crate::network::Networks;
use crate::settings::NodeSettings;
use crate::volume::{Claims, Phase, Volume};
pub(crate) use launch::{release_in_the_end, release_volumes};
use machine::{Action, Event, Machine, Reboot};
pub use machine::{Bundling, State, Thresholds};
pub(crate) use record::{NO_ADDRESS, Record};
pub(crate) use registry::{Past, Registry};
pub use timeline::Step;
pub(crate) use timeline::Timeline;

/// Orders that may wait for an instance that is busy.
const QUEUE: usize = 16;

/// How long it is waited for what comes of an order, from the request on: a CC that has answered its own caller lets the
/// call go on for so long, and then gives it up (cluster-controller.md P-06). One that has not begun by then never will.
const PATIENCE: Duration = Duration::from_secs(180);

/// What all instances of a node share.
#[derive(Debug)]
pub(crate) struct Context<H, S> {
    pub settings: NodeSettings,
    pub hypervisor: H,
    pub images: Images<S>,
    pub helper: euca_helper::Client,
    /// Which storage the volumes use.
    pub claims: Claims,
    pub bundles: Bundles,
    pub networks: Networks,
    /// The node's start; the machines count time from here.
    pub started: Instant,
    /// What the monitor saw last.
    pub sight: watch::Receiver<Arc<Snapshot>>,
    pub instances: Registry,
    /// Whether the domains that ran at start are known by now.
    pub recovered: AtomicBool,
    /// Every task of the node ends when this is cancelled.
    pub stop: CancellationToken,
    pub tasks: TaskTracker,
    pub metrics: metrics::Node,
    /// Turns of those who delete files.
    pub cleanups: Semaphore,
    /// Of the monitor's loop.
    pub pulse: Pulse,
}

impl<H, S> Context<H, S> {
    /// Runs the hooks for `event`, about `path`. Whether there was any.
    ///
    /// # Errors
    /// [`Error::Vetoed`].
    pub async fn hook(&self, event: HookEvent, path: &Path) -> Result<bool, Error> {
        match &self.settings.hooks {
            Some(hooks) => hooks.run(&self.metrics, event, path).await,
            None => Ok(false),
        }
    }

    /// Whether no hook forbids it. One that does is logged.
    pub async fn allows(&self, event: HookEvent, path: &Path) -> bool {
        let asked = self.hook(event, path).await;
        asked.inspect_err(|error| tracing::warn!(?path, error = %chain(error), "not done")).is_ok()
    }
}

/// Something to be done to an instance when it has time.
#[derive(Debug)]
pub(crate) enum Order {
    Reboot,
    Attach(Volume, Reply),
    Detach(String, Reply),
    Bundle(Destination, Reply),
}

/// Who waits for what comes of an order.
pub(crate) type Reply = oneshot::Sender<Result<(), Error>>;

/// A handle to an instance's task.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    id: DomainName,
    record: watch::Receiver<Arc<Record>>,
    orders: mpsc::Sender<Order>,
    terminations: mpsc::Sender<oneshot::Sender<State>>,
    cancellations: mpsc::Sender<oneshot::Sender<()>>,
}

impl Instance {
    /// The record as last published.
    pub fn record(&self) -> Arc<Record> {
        Arc::clone(&self.record.borrow())
    }

    pub fn id(&self) -> &DomainName {
        &self.id
    }

    /// Queues an order behind those that wait already.
    pub fn order(&self, order: Order) -> Result<(), Error> {
        self.orders.try_send(order).map_err(|refused| self.refusal(&refused))
    }

    /// Terminates, whatever the instance is doing, and tells the state it is in then.
    pub async fn terminate(&self) -> Result<State, Error> {
        let (reply, state) = oneshot::channel();
        self.terminations.try_send(reply).map_err(|refused| self.refusal(&refused))?;
        state.await.map_err(|_| Error::Gone(self.id.clone()))
    }

    /// Attaches a volume; ends when the guest has it.
    pub async fn attach(&self, volume: Volume) -> Result<(), Error> {
        self.wait(|reply| Order::Attach(volume, reply)).await
    }

    /// Detaches a volume; ends when the guest has let go of it.
    pub async fn detach(&self, volume_id: String) -> Result<(), Error> {
        self.wait(|reply| Order::Detach(volume_id, reply)).await
    }

    /// As [`Self::ask`]; where there is no domain, it does not wait for one.
    async fn wait(&self, order: impl FnOnce(Reply) -> Order) -> Result<(), Error> {
        if !self.record().state.takes_volumes() {
            return Err(Error::NoDomain(self.id.clone()));
        }
        self.ask(order).await
    }

    /// Queues an order and waits for what comes of it, in [`PATIENCE`].
    async fn ask(&self, order: impl FnOnce(Reply) -> Order) -> Result<(), Error> {
        let (reply, answer) = oneshot::channel();
        self.order(order(reply))?;
        let answer = timeout(PATIENCE, answer).await.map_err(|_| Error::Late(self.id.clone(), PATIENCE))?;
        answer.map_err(|_| Error::Gone(self.id.clone()))?
    }

    fn refusal<T>(&self, refused: &mpsc::error::TrySendError<T>) -> Error {
        match refused {
            mpsc::error::TrySendError::Full(_) => Error::Busy(self.id.clone()),
            mpsc::error::TrySendError::Closed(_) => Error::Gone(self.id.clone()),
        }
    }

    /// Starts the task of an instance that was just accepted.
    pub fn launch<H: Hypervisor, S: ImageSource>(context: &Arc<Context<H, S>>, mut record: Record) -> Self {
        let machine = Machine::staging(context.started.elapsed());
        record.timeline.push(None, machine.state(), "accepted");
        Self::start(context, record, machine, Some(Action::Stage))
    }

    /// Starts the task of an instance whose domain runs already, or is to run again.
    pub fn adopt<H: Hypervisor, S: ImageSource>(context: &Arc<Context<H, S>>, mut record: Record) -> Self {
        let (before, machine) =
            (record.state, Machine::adopted(record.state, record.bundling, context.started.elapsed()));
        let resumed = record.awaits_domain().then_some(Action::Reboot);
        record.rebooting = resumed.is_some();
        let reason = match resumed {
            Some(_) => "the node was started and goes on with the reboot",
            None => "the node was started and found the domain",
        };
        record.timeline.push(Some(before), machine.state(), reason);
        for volume in &mut record.volumes {
            context.claims.claim(&volume.remote_dev);
            if volume.phase == Phase::Attaching {
                volume.phase = Phase::Releasing;
            }
        }
        Self::start(context, record, machine, resumed)
    }

    fn start<H: Hypervisor, S: ImageSource>(
        context: &Arc<Context<H, S>>,
        mut record: Record,
        machine: Machine,
        first: Option<Action>,
    ) -> Self {
        (record.state, record.bundling) = (machine.state(), machine.bundling());
        let (published, reader) = watch::channel(Arc::new(record.clone()));
        let (orders, orders_in) = mpsc::channel(QUEUE);
        let (terminations, terminations_in) = mpsc::channel(QUEUE);
        let (cancellations, cancellations_in) = mpsc::channel(QUEUE);
        let id = record.instance_id.clone();
        let task = Task {
            context: Arc::clone(context),
            files: InstanceFiles::of(&context.settings.instance_path, &record),
            durable: first != Some(Action::Stage),
            sight: context.sight.clone(),
            settled: Instant::now(),
            release_after: Instant::now(),
            work: None,
            job: None,
            record,
            machine,
            published,
        };
        let span = tracing::info_span!("instance", id = %id);
        let inboxes =
            Inboxes { orders: orders_in, terminations: terminations_in, cancellations: cancellations_in };
        context.tasks.spawn(task.run(first, inboxes).instrument(span));
        Self { id, record: reader, orders, terminations, cancellations }
    }
}

/// What an instance's task is told.
struct Inboxes {
    orders: mpsc::Receiver<Order>,
    terminations: mpsc::Receiver<oneshot::Sender<State>>,
    cancellations: mpsc::Receiver<oneshot::Sender<()>>,
}

/// Work under way.
struct Work {
    future: Pin<Box<dyn Future<Output = Ended> + Send>>,
    abort: CancellationToken,
}

/// What work has come to.
enum Ended {
    /// Something for the machine.
    Work {
        /// What it must know, if anything.
        event: Option<Event>,
        /// Why it failed, if it did.
        cause: Option<String>,
    },
    /// A reboot.
    Reboot(launch::Rebooted),
    /// A step of a volume.
    Volume(String, volumes::Step),
}

impl Ended {
    /// Work after which `event` happens, told whether it succeeded. A failure is logged with its reason.
    fn of(what: &str, result: Result<(), Error>, event: impl FnOnce(bool) -> Option<Event>) -> Self {
        let cause = result.err().map(|error| chain(&error));
        if let Some(error) = &cause {
            tracing::warn!(error, "{what} failed");
        }
        Self::Work { event: event(cause.is_none()), cause }
    }
}

struct Task<H, S> {
    context: Arc<Context<H, S>>,
    files: InstanceFiles,
    record: Record,
    machine: Machine,
    published: watch::Sender<Arc<Record>>,
    sight: watch::Receiver<Arc<Snapshot>>,
    work: Option<Work>,
    /// The bundle to be made when the guest is gone.
    job: Option<Job>,
    /// When the last work ended.
    settled: Instant,
    /// When a volume that could not be got rid of is tried again.
    release_after: Instant,
    /// Whether changes of the record are written: from the creation of the domain on, because only an instance
    /// with a domain is adopted, until its files are deleted.
    durable: bool,
}

impl<H: Hypervisor, S: ImageSource> Task<H, S> {
    async fn run(mut self, first: Option<Action>, mut inboxes: Inboxes) {
        let context = Arc::clone(&self.context);
        self.keep().await;
        if let Some(action) = first {
            self.act(action).await;
        }
        loop {
            let idle = self.work.is_none();
            let (event, cause) = tokio::select! {
                biased;
                () = context.stop.cancelled() => return,
                Some(reply) = inboxes.terminations.recv() => {
                    self.take(Event::Terminate, None).await;
                    // Nobody may be waiting for the answer any more.
                    let _ = reply.send(self.machine.state());
                    continue;
                }
                Some(reply) = inboxes.cancellations.recv() => {
                    self.take(Event::CancelBundle, None).await;
                    let _ = reply.send(());
                    continue;
                }
                result = ended(&mut self.work) => {
                    self.work = None;
                    self.settled = Instant::now();
                    match result {
                        Ended::Work { event: Some(event), cause } => (event, cause),
                        Ended::Work { event: None, .. } => continue,
                        Ended::Reboot(rebooted) => {
                            self.attached_again(rebooted.devices);
                            (Event::Rebooted(rebooted.how), rebooted.cause)
                        }
                        Ended::Volume(id, step) => {
                            self.stepped(id, step).await;
                            continue;
                        }
                    }
                }
                Some(order) = inboxes.orders.recv(), if idle => match order {
                    Order::Reboot => (Event::Reboot, None),
                    Order::Attach(volume, reply) => {
                        self.attach(volume, reply).await;
                        continue;
                    }
                    Order::Detach(volume_id, reply) => {
                        self.detach(&volume_id, reply).await;
                        continue;
                    }
                    Order::Bundle(to, reply) => {
                        self.bundle(to, reply).await;
                        continue;
                    }
                },
                Ok(()) = self.sight.changed() => (Event::Pass(self.look()), None),
            };
            if self.take(event, cause).await == Action::Forget {
                context.instances.forget(&self.record);
                return;
            }
            self.next_step();
        }
    }

    /// What the last snapshot says, if it says anything about the instance as it is now.
    fn look(&mut self) -> Observation {
        let snapshot = self.sight.borrow_and_update();
        if self.work.is_some() || snapshot.taken <= self.settled {
            return Observation::Unknown;
        }
        snapshot.of(&self.record.instance_id)
    }

    /// Lets the machine decide, makes the outcome known, then starts what is to be done. `cause` is why work failed
    /// whose end the event is.
    async fn take(&mut self, event: Event, cause: Option<String>) -> Action {
        let before = self.record.clone();
        let now = self.context.started.elapsed();
        let action = self.machine.handle(event, now, &self.context.settings.thresholds);
        (self.record.state, self.record.bundling) = (self.machine.state(), self.machine.bundling());
        if self.record.bundling != Bundling::InProgress {
            self.job = None;
        }
        if matches!(event, Event::Pass(_)) && self.record.state.is_up() {
            let snapshot = Arc::clone(&self.sight.borrow());
            self.context.settings.network.discover(&mut self.record, &snapshot.neighbours);
        }
        let (from, to) = (before.state, self.record.state);
        if let Some(reason) = timeline::reason(event, from, to, cause.as_deref()) {
            tracing::info!(?from, ?to, reason, "state");
            self.context.metrics.transitions.get_or_create(&metrics::State { state: to.name() }).inc();
            self.record.timeline.push(Some(from), to, &reason);
        }
        if before.bundling != self.record.bundling {
            tracing::info!(from = ?before.bundling, to = ?self.record.bundling, "bundling");
        }
        if matches!(event, Event::Rebooted(_)) {
            self.record.rebooting = false;
        }
        if event == Event::Cleaned {
            self.durable = false;
            self.record.volumes.clear();
        }
        if before != self.record {
            self.publish_or_warn().await;
        }
        if event == Event::Cleaned {
            self.leave_network();
        }
        self.act(action).await;
        action
    }

    /// Has the network stopped if this was its last guest. Not before that is known of this one.
    fn leave_network(&self) {
        let (context, vlan) = (Arc::clone(&self.context), self.record.net.vlan);
        let leave = async move { context.networks.release(vlan, || context.instances.records()).await };
        self.context.tasks.spawn(leave.in_current_span());
    }

    /// Starts what is to be done, or stops what is under way.
    async fn act(&mut self, action: Action) {
        if let Some(work) = &self.work {
            if matches!(action, Action::Abort | Action::Destroy | Action::Shutdown) {
                work.abort.cancel();
            }
            return;
        }
        let (context, record, files) = (Arc::clone(&self.context), self.record.clone(), self.files.clone());
        let abort = CancellationToken::new();
        let token = abort.clone();
        let future: Pin<Box<dyn Future<Output = Ended> + Send>> = match action {
            Action::None | Action::Abort | Action::Forget => return,
            Action::Stage => Box::pin(async move {
                let (_running, begun) = (Raised::new(&context.metrics.stagings_running), Instant::now());
                let staged = token.run_until_cancelled(launch::stage(&context, &record, &files)).await;
                let staged = staged.unwrap_or(Err(Error::Canceled));
                count(&context.metrics, &staged, begun.elapsed());
                Ended::of("staging", staged, |done| Some(Event::Staged(done)))
            }),
            Action::Create => {
                self.durable = true;
                // Without a record on disk, a killed node would not know its domain again.
                let saved = self.save().await;
                Box::pin(async move {
                    let created = match saved {
                        Ok(()) => launch::create(&context, &record, &files, &token).await,
                        Err(error) => Err(error),
                    };
                    Ended::of("creation", created, |done| Some(Event::Created(done)))
                })
            }
            Action::Reboot => {
                // Without that on disk, a killed node would take the time without a domain for the instance's end.
                self.record.rebooting = true;
                let saved = self.publish().await;
                Box::pin(async move {
                    let rebooted = match saved {
                        Ok(()) => launch::reboot(&context, &record, &files, &token).await,
                        Err(error) => launch::not_rebooted(&error, Reboot::Unchanged),
                    };
                    Ended::Reboot(rebooted)
                })
            }
            Action::Destroy => Box::pin(async move {
                Ended::of("destruction", launch::destroy(&context, &record).await, |_| None)
            }),
            Action::Shutdown => Box::pin(async move {
                let asked = launch::shutdown(&context, &record, &token).await;
                Ended::of("asking to shut down", asked, |_| None)
            }),
            Action::Bundle => {
                let job = self.job.take();
                Box::pin(bundling::bundle(job, token))
            }
            Action::Clean => Box::pin(async move {
                Ended::of("clean-up", launch::clean(&context, &record, files).await, |_| Some(Event::Cleaned))
            }),
        };
        self.work = Some(Work { future, abort });
    }

    /// Makes the record known as it is now, and durable, if there is something to find after a restart.
    async fn publish(&mut self) -> Result<(), Error> {
        self.published.send_replace(Arc::new(self.record.clone()));
        if self.durable { self.save().await } else { Ok(()) }
    }

    /// The same where nothing depends on it.
    async fn publish_or_warn(&mut self) {
        self.published.send_replace(Arc::new(self.record.clone()));
        self.keep().await;
    }

    /// Writes the record, if it is one to be written.
    async fn keep(&mut self) {
        if self.durable
            && let Err(error) = self.save().await
        {
            tracing::warn!(error = %chain(&error), "record not written");
        }
    }

    /// Writes the record as it is now.
    fn save(&self) -> impl Future<Output = Result<(), Error>> + Send + use<H, S> {
        let (files, record) = (self.files.clone(), self.record.clone());
        blocking(move || files.write_record(&record))
    }
}

/// The end of the work under way; never, if there is none.
async fn ended(work: &mut Option<Work>) -> Ended {
    match work {
        Some(work) => work.future.as_mut().await,
        None => std::future::pending().await,
    }
}

/// Counts a staging that has ended.
fn count(metrics: &metrics::Node, staged: &Result<(), Error>, time: Duration) {
    let outcome = match staged {
        Ok(()) => {
            metrics.staging_seconds.observe(time);
            "ok"
        }
        Err(Error::Canceled) => "called_off",
        Err(_) => "failed",
    };
    metrics.stagings.get_or_create(&Outcome { outcome }).inc();
}

/// Runs file operations where they may block.
pub(crate) async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    // A task that is not run is one of a runtime that shuts down.
    tokio::task::spawn_blocking(act).await.unwrap_or(Err(Error::Canceled))
}

/// Waits, unless the work is given up.
async fn pause(time: Duration, abort: &CancellationToken) -> Result<(), Error> {
    abort.run_until_cancelled(tokio::time::sleep(time)).await.ok_or(Error::Canceled)
}
