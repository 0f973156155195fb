//! The volumes of an instance: one step at a time, each written down before it is made, so that whenever this node is
//! killed, its next start knows what may be plugged in and which session may be open.
//!
//! ```text
//!   ncAttachVolume ──▶ Attaching ── log in ──▶ Attaching ── plug in ──▶ Attached ◀────────┐ refused
//!                          │ failed         (with device)  │ failed         │ ncDetachVolume │
//!                          ▼                               ▼                ▼                │
//!                      Releasing ◀───────────────────── unplug ────────── Detaching ─────────┘
//!                          │ unplug, if it is or may be plugged in; log out; again until it succeeds
//!                          ▼
//!                        gone
//! ```
//! When the instance ends, all its volumes are logged out of before its files are deleted, or over and over after that.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use euca_hypervisor::{DomainName, Hypervisor};
use euca_image::ImageSource;
use euca_observe::chain;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Context, Ended, Reply, State, Task, Work};
use crate::error::Error;
use crate::hooks::HookEvent;
use crate::volume::plug::{self, Unplugged};
use crate::volume::{MAX_VOLUMES, Phase, Volume, storage};

/// The end of a step.
pub(super) enum Step {
    /// Nothing has been done.
    Refused(Error, Reply),
    /// There is a block device.
    Connected(Result<PathBuf, Error>, Reply),
    /// The guest has it.
    Plugged(Result<(), Error>, Reply),
    /// The guest has it no more. Nobody waits when it is the rest of what an earlier start has begun.
    Unplugged(Result<Unplugged, Error>, Option<Reply>),
    /// Nothing is left of it. Whoever waits hears how it went before that.
    Released(Result<(), Error>, Option<(Reply, Result<(), Error>)>),
}

impl State {
    /// Whether there can be a domain that takes and gives volumes.
    pub(super) fn takes_volumes(self) -> bool {
        !matches!(self, Self::Staging | Self::Canceled | Self::Shutoff | Self::Teardown)
    }
}

impl<H: Hypervisor, S: ImageSource> Task<H, S> {
    /// Begins to attach a volume, or refuses to, before anything has happened.
    pub(super) async fn attach(&mut self, volume: Volume, reply: Reply) {
        // Nothing is done for somebody who does not wait any more.
        if reply.is_closed() {
            return;
        }
        if let Err(error) = self.accept(volume).await {
            answer(reply, Err(error));
            return;
        }
        let Some(volume) = self.record.volumes.last().cloned() else { return };
        let (context, id) = (Arc::clone(&self.context), self.record.instance_id.clone());
        let files = self.files.clone();
        self.step(volume.id.clone(), |abort| async move {
            let settings = &context.settings.volumes;
            let prepared = async {
                plug::check(&context.hypervisor, &id, volume.name().as_str()).await?;
                context.hook(HookEvent::PreAttach, files.directory()).await?;
                storage::prepare(settings, &volume.remote_dev).await
            };
            match prepared.await {
                Ok(access) => {
                    Step::Connected(storage::connect(settings, &context.helper, access, &abort).await, reply)
                }
                Err(error) => Step::Refused(error, reply),
            }
        });
    }

    /// Writes the volume into the record, unless there is a reason not to have it.
    async fn accept(&mut self, volume: Volume) -> Result<(), Error> {
        let instance = &self.record.instance_id;
        if !self.record.state.takes_volumes() {
            return Err(Error::NoDomain(instance.clone()));
        }
        if self.record.volumes.iter().any(|known| known.id == volume.id) {
            return Err(Error::DuplicateVolume { instance: instance.clone(), volume: volume.id });
        }
        if self.record.volumes.len() >= MAX_VOLUMES {
            return Err(Error::TooManyVolumes(instance.clone()));
        }
        if !self.context.claims.claim(&volume.remote_dev) {
            return Err(Error::VolumeInUse(volume.id));
        }
        self.record.volumes.push(volume);
        let saved = self.publish().await;
        if saved.is_err()
            && let Some(volume) = self.record.volumes.last().map(|volume| volume.id.clone())
        {
            self.forget(&volume).await;
        }
        saved
    }

    /// Begins to detach a volume.
    pub(super) async fn detach(&mut self, volume_id: &str, reply: Reply) {
        if reply.is_closed() {
            return;
        }
        let attached = |volume: &&mut Volume| volume.id == volume_id && volume.phase == Phase::Attached;
        let Some(volume) = self.record.volumes.iter_mut().find(attached) else {
            let (instance, volume) = (self.record.instance_id.clone(), volume_id.to_owned());
            return answer(reply, Err(Error::UnknownVolume { instance, volume }));
        };
        volume.phase = Phase::Detaching;
        let volume = volume.clone();
        if let Err(error) = self.publish().await {
            self.set_phase(&volume.id, Phase::Attached).await;
            return answer(reply, Err(error));
        }
        self.unplug(volume, Some(reply));
    }

    fn unplug(&mut self, volume: Volume, reply: Option<Reply>) {
        let (context, id) = (Arc::clone(&self.context), self.record.instance_id.clone());
        let others: Vec<_> = self.record.volumes.iter().filter_map(|volume| volume.device.clone()).collect();
        self.step(volume.id.clone(), |abort| async move {
            Step::Unplugged(take_out(&context, &id, volume, &others, &abort).await, reply)
        });
    }

    /// Notes the devices that volumes have after a reboot.
    pub(super) fn attached_again(&mut self, devices: Vec<(String, PathBuf)>) {
        for (id, device) in devices {
            if let Some(volume) = self.record.volumes.iter_mut().find(|volume| volume.id == id) {
                volume.device = Some(device);
            }
        }
    }

    /// Takes the volume out of the guest, if it is in it, and logs out. When the instance is ending, that is for its end.
    fn release(&mut self, volume: Volume, reply: Option<(Reply, Result<(), Error>)>) {
        if !self.record.state.takes_volumes() {
            if let Some((reply, verdict)) = reply {
                answer(reply, verdict);
            }
            return;
        }
        let (context, id) = (Arc::clone(&self.context), self.record.instance_id.clone());
        let files = self.files.clone();
        self.step(volume.id.clone(), |abort| async move {
            let released = match unplug(&context, &id, &volume, &abort).await {
                Ok(_) => storage::release(&context.helper, &volume.remote_dev).await,
                Err(error) => Err(error),
            };
            if released.is_ok() {
                context.allows(HookEvent::PostDetach, files.directory()).await;
            }
            Step::Released(released, reply)
        });
    }

    /// Draws the conclusion from the end of a step of volume `id`, and begins the next.
    pub(super) async fn stepped(&mut self, id: String, step: Step) {
        let Some(volume) = self.record.volumes.iter_mut().find(|volume| volume.id == id) else { return };
        match step {
            Step::Refused(error, reply) => {
                self.forget(&id).await;
                answer(reply, Err(error));
            }
            Step::Connected(Ok(device), reply) => {
                volume.device = Some(device);
                let volume = volume.clone();
                match self.publish().await {
                    Ok(()) => self.plug(volume, reply),
                    Err(error) => self.give_up(volume, reply, error).await,
                }
            }
            Step::Plugged(Ok(()), reply) => {
                volume.phase = Phase::Attached;
                let volume = volume.clone();
                match self.publish().await {
                    Ok(()) => {
                        tracing::info!(volume = id, device = ?volume.device, "attached");
                        answer(reply, Ok(()));
                    }
                    Err(error) => self.give_up(volume, reply, error).await,
                }
            }
            Step::Connected(Err(error), reply) | Step::Plugged(Err(error), reply) => {
                let volume = volume.clone();
                self.give_up(volume, reply, error).await;
            }
            Step::Unplugged(Ok(how), reply) => {
                let verdict = match how {
                    Unplugged::Free => Ok(()),
                    Unplugged::NoDomain => Err(Error::NoDomain(self.record.instance_id.clone())),
                };
                // Only its session is left of it, if anything.
                (volume.phase, volume.device) = (Phase::Releasing, None);
                let volume = volume.clone();
                self.publish_or_warn().await;
                self.release(volume, reply.map(|reply| (reply, verdict)));
            }
            Step::Unplugged(Err(error), reply) => {
                tracing::warn!(volume = id, error = %chain(&error), "not detached");
                self.set_phase(&id, Phase::Attached).await;
                if let Some(reply) = reply {
                    answer(reply, Err(error));
                }
            }
            Step::Released(result, reply) => {
                match result {
                    Ok(()) => {
                        tracing::info!(volume = id, "released");
                        self.forget(&id).await;
                    }
                    Err(error) => {
                        tracing::warn!(volume = id, error = %chain(&error), "not released, will try again");
                        self.release_after = Instant::now() + self.context.settings.volumes.release_pause;
                    }
                }
                if let Some((reply, verdict)) = reply {
                    answer(reply, verdict);
                }
            }
        }
    }

    fn plug(&mut self, volume: Volume, reply: Reply) {
        let (context, id) = (Arc::clone(&self.context), self.record.instance_id.clone());
        self.step(volume.id.clone(), |_| async move {
            let plugged = match volume.disk() {
                Some(disk) => plug::plug(&context.hypervisor, &id, &disk).await,
                None => Ok(()),
            };
            Step::Plugged(plugged, reply)
        });
    }

    /// Goes back. Whoever waits hears of it at once.
    async fn give_up(&mut self, volume: Volume, reply: Reply, error: Error) {
        tracing::warn!(volume = volume.id, error = %chain(&error), "not attached");
        answer(reply, Err(error));
        self.set_phase(&volume.id, Phase::Releasing).await;
        self.release(volume, None);
    }

    /// Begins what is left to do for a volume when nothing else is: what an earlier start has begun, or what did not
    /// succeed the last time.
    pub(super) fn next_step(&mut self) {
        if self.work.is_some() || !self.record.state.takes_volumes() {
            return;
        }
        let in_phase = |phase| self.record.volumes.iter().find(|volume| volume.phase == phase).cloned();
        if let Some(volume) = in_phase(Phase::Detaching) {
            self.unplug(volume, None);
        } else if Instant::now() >= self.release_after
            && let Some(volume) = in_phase(Phase::Releasing)
        {
            self.release(volume, None);
        }
    }

    /// Makes a step the work under way.
    fn step<F>(&mut self, volume: String, begin: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = Step> + Send + 'static,
    {
        let abort = CancellationToken::new();
        let step = begin(abort.clone());
        let future: Pin<Box<dyn Future<Output = Ended> + Send>> =
            Box::pin(async move { Ended::Volume(volume, step.await) });
        self.work = Some(Work { future, abort });
    }

    /// Strikes a volume off the record.
    async fn forget(&mut self, id: &str) {
        let claims = &self.context.claims;
        self.record
            .volumes
            .extract_if(.., |volume| volume.id == id)
            .for_each(|volume| claims.release(&volume.remote_dev));
        self.publish_or_warn().await;
    }

    async fn set_phase(&mut self, id: &str, phase: Phase) {
        if let Some(volume) = self.record.volumes.iter_mut().find(|volume| volume.id == id) {
            volume.phase = phase;
        }
        self.publish_or_warn().await;
    }
}

/// Takes an attached volume out of its guest. Where its device is not known, because 2.0.1 has attached it, that is what
/// the guest has under its name, unless it is one of the `others`.
async fn take_out<H: Hypervisor, S>(
    context: &Context<H, S>,
    id: &DomainName,
    mut volume: Volume,
    others: &[PathBuf],
    abort: &CancellationToken,
) -> Result<Unplugged, Error> {
    if volume.device.is_none() {
        let Some(disks) = context.hypervisor.disks(id).await? else { return Ok(Unplugged::NoDomain) };
        let named = disks.into_iter().find(|disk| disk.target == volume.name().as_str());
        volume.device = named.and_then(|disk| disk.source).filter(|source| !others.contains(source));
    }
    unplug(context, id, &volume, abort).await
}

/// Takes a volume out of its guest; one without a device is not in it.
async fn unplug<H: Hypervisor, S>(
    context: &Context<H, S>,
    id: &DomainName,
    volume: &Volume,
    abort: &CancellationToken,
) -> Result<Unplugged, Error> {
    match volume.disk() {
        Some(disk) => {
            let limit = context.settings.volumes.unplug_wait;
            plug::unplug(&context.hypervisor, id, &disk, limit, abort).await
        }
        None => Ok(Unplugged::Free),
    }
}

/// Nobody may be waiting any more.
fn answer(reply: Reply, result: Result<(), Error>) {
    let _ = reply.send(result);
}
