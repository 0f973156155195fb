//! The long works of an instance: stage, create, reboot, destroy (node-controller.md §6.1, §11.2).

use std::path::PathBuf;
use std::sync::Arc;

use euca_hypervisor::Error::{Busy, Deadline};
use euca_hypervisor::{
    Boot, DiskFormat, DomainName, DomainSpec, DomainState, Hypervisor, MacAddress, Nic, name_in,
};
use euca_image::layout::Platform;
use euca_image::{ImageSource, Order};
use euca_observe::chain;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::machine::{Reboot, State};
use super::record::Source;
use super::{Context, Record, blocking, pause};
use crate::error::Error;
use crate::files::InstanceFiles;
use crate::hooks::HookEvent;
use crate::settings::NodeSettings;
use crate::volume::{Phase, Volume, plug, storage};

/// Fetches the instance's files and puts its disk together. Touches nothing while a domain of its name exists, or
/// while nobody can tell.
pub(super) async fn stage<H: Hypervisor, S: ImageSource>(
    context: &Context<H, S>,
    record: &Record,
    files: &InstanceFiles,
) -> Result<(), Error> {
    if known_state(context, &record.instance_id).await?.is_some_and(|state| state.is_active()) {
        return Err(Error::ForeignDomain(record.instance_id.clone()));
    }
    context.networks.start(record.net.vlan).await?;
    let directory = files.clone();
    blocking(move || directory.prepare()).await?;
    let source = |source: &Source| euca_image::Source { id: source.id.clone(), url: source.url.clone() };
    let order = Order {
        directory: files.directory().to_owned(),
        image: source(&record.image),
        kernel: record.kernel.as_ref().map(source),
        ramdisk: record.ramdisk.as_ref().map(source),
        // Nobody promises that the number makes sense.
        disk_gib: u64::try_from(record.vm.disk_gib).unwrap_or(0),
        platform: if record.is_windows() { Platform::Windows } else { Platform::Linux },
        key: record.key_name.clone(),
    };
    let bytes = context.images.stage(&order).await?;
    context.metrics.staged_bytes.inc_by(bytes);
    tracing::info!(bytes, "staged");
    Ok(())
}

/// The state of a domain. A hypervisor that is there and does not answer is asked again, until the patience for a
/// creation is at its end; one that is not there is not waited for.
async fn known_state<H: Hypervisor, S>(
    context: &Context<H, S>,
    id: &DomainName,
) -> Result<Option<DomainState>, Error> {
    let began = Instant::now();
    loop {
        match context.hypervisor.state(id).await {
            Err(error)
                if matches!(error, Deadline { .. } | Busy { .. })
                    && began.elapsed() < context.settings.create_patience =>
            {
                tracing::warn!(error = %chain(&error), "not known whether there is a domain, will ask again");
                sleep(context.settings.create_pause).await;
            }
            state => return Ok(state?),
        }
    }
}

/// Writes the domain document, lets the hooks have a look at it, and creates the domain from what it is then.
pub(super) async fn create<H: Hypervisor, S>(
    context: &Context<H, S>,
    record: &Record,
    files: &InstanceFiles,
    abort: &CancellationToken,
) -> Result<(), Error> {
    let (settings, described, written) = (context.settings.clone(), record.clone(), files.clone());
    let written = blocking(move || {
        let xml = document(&settings, &described, &written)?;
        written.write_document(&xml)?;
        Ok(xml)
    });
    let mut xml = written.await?;
    if context.hook(HookEvent::PreBoot, files.directory()).await? {
        let edited = files.clone();
        xml = blocking(move || edited.read_document()).await?;
        // A mistake is not worth five attempts.
        let name = name_in(&xml)?;
        if name != record.instance_id.as_str() {
            return Err(Error::Renamed { instance: record.instance_id.clone(), name });
        }
    }
    create_domain(context, record, &xml, abort).await
}

/// The domain document of an instance (node-controller.md §6.3, §6.4). Looks at its files: blocks.
fn document(settings: &NodeSettings, record: &Record, files: &InstanceFiles) -> Result<String, Error> {
    let number = |what, value: i32| {
        u32::try_from(value).map_err(|_| Error::Invalid { what, value: value.to_string() })
    };
    let boot = if !record.is_windows() && (record.kernel.is_some() || record.ramdisk.is_some()) {
        Boot::Kernel {
            kernel: record.kernel.as_ref().map(|_| files.kernel()),
            ramdisk: record.ramdisk.as_ref().map(|_| files.ramdisk()),
        }
    } else {
        Boot::Disk { floppy: Some(files.floppy()).filter(|floppy| floppy.exists()) }
    };
    let spec = DomainSpec {
        name: record.instance_id.clone(),
        kind: settings.kind,
        memory_mib: number("memory size", record.vm.memory_mib)?,
        cores: number("number of cores", record.vm.cores)?,
        boot,
        disk: files.disk(),
        format: match files.base() {
            base if base.exists() => DiskFormat::Qcow2 { base },
            _ => DiskFormat::Raw,
        },
        console: files.console(),
        nic: Some(Nic {
            bridge: settings.network.bridge(record.net.vlan)?,
            mac: MacAddress::new(&record.net.mac)?,
        }),
        virtio: settings.virtio,
        emulator: settings.emulator.clone(),
    };
    Ok(spec.to_xml()?)
}

/// Creates the domain, with pauses between the attempts. A refusal uses up an attempt; silence, or a
/// hypervisor that is away, does so only when patience is at its end. Before every attempt but the first it looks
/// whether the one before succeeded after all.
async fn create_domain<H: Hypervisor, S>(
    context: &Context<H, S>,
    record: &Record,
    xml: &str,
    abort: &CancellationToken,
) -> Result<(), Error> {
    let (settings, id) = (&context.settings, &record.instance_id);
    let began = Instant::now();
    let mut refused = 0;
    loop {
        let error = match context.hypervisor.create(id, xml).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if error.is_unknown() {
            if began.elapsed() >= settings.create_patience {
                return Err(error.into());
            }
        } else {
            refused += 1;
            if refused >= settings.create_attempts {
                return Err(error.into());
            }
        }
        tracing::warn!(error = %chain(&error), refused, "domain not created, will try again");
        pause(settings.create_pause, abort).await?;
        if let Ok(Some(state)) = context.hypervisor.state(id).await
            && state.is_active()
        {
            return Ok(());
        }
    }
}

/// What a reboot has come to.
pub(super) struct Rebooted {
    pub how: Reboot,
    /// What failed.
    pub cause: Option<String>,
    /// Ids of the volumes that the guest was given again, with their block devices.
    pub devices: Vec<(String, PathBuf)>,
}

/// Destroys the domain and creates it again from the saved document, or goes on where an earlier start has left
/// off.
pub(super) async fn reboot<H: Hypervisor, S>(
    context: &Context<H, S>,
    record: &Record,
    files: &InstanceFiles,
    abort: &CancellationToken,
) -> Rebooted {
    let xml = match take_down(context, record, files, abort).await {
        Ok(xml) => xml,
        // Its domain was destroyed by an earlier start.
        Err(error) if record.rebooting => return not_rebooted(&error, Reboot::Lost),
        Err(error) => return not_rebooted(&error, Reboot::Unchanged),
    };
    let console = files.clone();
    if let Err(error) = blocking(move || console.empty_console()).await {
        tracing::warn!(error = %chain(&error), "the console will go on after what it has");
    }
    match create_domain(context, record, &xml, abort).await {
        Ok(()) => {
            tracing::info!("rebooted");
            Rebooted { how: Reboot::Done, cause: None, devices: attach_again(context, record, abort).await }
        }
        Err(error) => not_rebooted(&error, Reboot::Lost),
    }
}

/// A reboot that has come to nothing, or to worse.
pub(super) fn not_rebooted(error: &Error, how: Reboot) -> Rebooted {
    tracing::warn!(error = %chain(error), ?how, "not rebooted");
    Rebooted { how, cause: Some(chain(error)), devices: Vec::new() }
}

/// Gives a domain that was created again the volumes that it had, and tells which. One that cannot be had is missing in
/// the guest and stays listed.
async fn attach_again<H: Hypervisor, S>(
    context: &Context<H, S>,
    record: &Record,
    abort: &CancellationToken,
) -> Vec<(String, PathBuf)> {
    let (settings, id) = (&context.settings.volumes, &record.instance_id);
    let mut devices = Vec::new();
    for volume in record.volumes.iter().filter(|volume| volume.phase == Phase::Attached) {
        // A terminated guest needs none, and those that cannot be reached take long.
        if abort.is_cancelled() {
            break;
        }
        let attach = async {
            let known = match &volume.device {
                Some(device) if storage::is_block_device(device).await => Some(device.clone()),
                _ => None,
            };
            let device = match known {
                Some(device) => device,
                // The session is gone, as after a restart of the host; its device will have the same name.
                None => {
                    let access = storage::prepare(settings, &volume.remote_dev).await?;
                    storage::connect(settings, &context.helper, access, abort).await?
                }
            };
            plug::plug(&context.hypervisor, id, &volume.disk_at(device.clone())).await?;
            Ok::<_, Error>(device)
        };
        match attach.await {
            Ok(device) => devices.push((volume.id.clone(), device)),
            Err(error) => {
                tracing::warn!(volume = volume.id, error = %chain(&error), "not attached again");
            }
        }
    }
    devices
}

/// Destroys the domain, if there is one and its document is at hand, unless that was done already; gives the document.
/// An error means that the domain goes on. A destruction that was not answered may have happened, so it is repeated
/// until it is answered.
async fn take_down<H: Hypervisor, S>(
    context: &Context<H, S>,
    record: &Record,
    files: &InstanceFiles,
    abort: &CancellationToken,
) -> Result<String, Error> {
    let (settings, id, saved) = (&context.settings, &record.instance_id, files.clone());
    let xml = blocking(move || saved.read_document()).await?;
    if record.rebooting {
        return Ok(xml);
    }
    if context.hypervisor.state(id).await?.is_none() {
        return Err(Error::NoDomain(id.clone()));
    }
    let began = Instant::now();
    loop {
        match context.hypervisor.destroy(id).await {
            Ok(()) => return Ok(xml),
            Err(error) if error.is_unknown() && began.elapsed() < settings.create_patience => {
                tracing::warn!(error = %chain(&error), "destruction not answered, will try again");
                pause(settings.create_pause, abort).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Destroys the domain. The monitor's next pass shows whether it is gone.
pub(super) async fn destroy<H: Hypervisor, S>(context: &Context<H, S>, record: &Record) -> Result<(), Error> {
    Ok(context.hypervisor.destroy(&record.instance_id).await?)
}

/// Asks the guest to shut down, until the hypervisor has answered. A refusal is an answer: the guest has its time to
/// go, whatever it is told.
pub(super) async fn shutdown<H: Hypervisor, S>(
    context: &Context<H, S>,
    record: &Record,
    abort: &CancellationToken,
) -> Result<(), Error> {
    loop {
        match context.hypervisor.shutdown(&record.instance_id).await {
            Err(error) if error.is_unknown() => {
                tracing::warn!(error = %chain(&error), "the guest was not asked to shut down, will try again");
                pause(context.settings.create_pause, abort).await?;
            }
            answered => return Ok(answered?),
        }
    }
}

/// Logs out of the volumes of an instance that has no domain any more, then deletes its files, unless the operator or a
/// hook wants them to stay. Of one whose volumes cannot be released, the record stays, and that is tried again.
pub(super) async fn clean<H: Hypervisor, S: ImageSource>(
    context: &Arc<Context<H, S>>,
    record: &Record,
    files: InstanceFiles,
) -> Result<(), Error> {
    // Of files that stay, the record says that this is over: who revives the guest has it adopted, not ended.
    let mut record = Record { state: State::Teardown, ..record.clone() };
    record.volumes = release_volumes(context, &record, &files).await;
    let released = record.volumes.is_empty();
    if !released {
        release_in_the_end(context, record.clone(), files.clone());
    }
    // The semaphore is never closed.
    let _turn = context.cleanups.acquire().await.ok();
    // An instance that failed early has none.
    let there = tokio::fs::try_exists(files.directory()).await.unwrap_or(true);
    let keep =
        context.settings.keep_files || there && !context.allows(HookEvent::PreClean, files.directory()).await;
    let cleaned = blocking(move || match (keep, released) {
        (true, _) if files.record().exists() => files.write_record(&record),
        (true, _) => Ok(()),
        (false, true) => files.remove(),
        (false, false) => files.remove_but_record(),
    });
    cleaned.await
}

/// Logs out of the volumes in a record, and lets others have those where that succeeds; gives the rest. That remains in
/// the record on disk, and nothing else does: a later start must not take from others what this one has given back.
pub(crate) async fn release_volumes<H, S>(
    context: &Context<H, S>,
    record: &Record,
    files: &InstanceFiles,
) -> Vec<Volume> {
    let mut left = Vec::new();
    for volume in &record.volumes {
        match storage::release(&context.helper, &volume.remote_dev).await {
            Ok(()) => context.claims.release(&volume.remote_dev),
            Err(error) => {
                let id = &record.instance_id;
                tracing::warn!(instance = %id, volume = volume.id, error = %chain(&error), "volume not released");
                left.push(volume.clone());
            }
        }
    }
    if left.len() < record.volumes.len() {
        let (files, record) = (files.clone(), Record { volumes: left.clone(), ..record.clone() });
        if let Err(error) = blocking(move || files.write_record(&record)).await {
            tracing::warn!(error = %chain(&error), "record not written");
        }
    }
    left
}

/// Goes on trying to release the volumes in the record of an instance that is gone. Until that has succeeded, nobody else
/// can have them; then the record goes. What is not done when the node stops, its next start does.
pub(crate) fn release_in_the_end<H: Hypervisor, S: ImageSource>(
    context: &Arc<Context<H, S>>,
    mut record: Record,
    files: InstanceFiles,
) {
    let (node, stop) = (Arc::clone(context), context.stop.clone());
    let release = async move {
        while !record.volumes.is_empty() {
            sleep(node.settings.volumes.release_pause).await;
            // The files of another instance with its id are not ours.
            let known = node.instances.get(record.instance_id.as_str());
            if known.is_ok_and(|instance| instance.record().launch_time != record.launch_time) {
                return;
            }
            record.volumes = release_volumes(&node, &record, &files).await;
        }
        tracing::info!(instance = %record.instance_id, "volumes released");
        if !node.settings.keep_files
            && node.allows(HookEvent::PreClean, files.directory()).await
            && let Err(error) = blocking(move || files.remove()).await
        {
            tracing::warn!(error = %chain(&error), "files not deleted");
        }
    };
    context.tasks.spawn(async move { stop.run_until_cancelled(release).await });
}
