//! Settings of the node controller (node-controller.md §3.2).

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::Error;
use crate::files::Files;
use crate::home::Home;
use crate::network::{MODES, interface};
use crate::reading::{NOT_CONFIGURED, Number, Reading};
use crate::report::{Notice, Origin, Report};
use crate::service::{Listener, LogLevel, LogTarget, SWITCH, Security, seconds};

/// A megabyte count that is never reached.
const NO_LIMIT_MB: u64 = 999_999;

/// Everything the node controller is told at its start. Nothing of it changes while the NC runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NcSettings {
    /// The installation prefix.
    pub home: Home,
    /// The SOAP port (`NC_PORT`, default 8775) and its limits.
    pub listener: Listener,
    /// Message security.
    pub security: Security,
    /// `HYPERVISOR`: `kvm` or `qemu`. Required.
    pub hypervisor: HypervisorType,
    /// `DAEMON_LIBVIRT_URI`, default `qemu:///system`.
    pub libvirt_uri: String,
    /// `DAEMON_LIBVIRT_CALLS`: calls to libvirt at a time; 3…64, default 8. More than these never hang.
    pub libvirt_calls: usize,
    /// `DAEMON_LIBVIRT_TIMEOUT`: a libvirt call that takes longer counts as "cannot ask"; 1…600 s, default 30 s.
    pub libvirt_timeout: Duration,
    /// `INSTANCE_PATH`: where instances and the image cache live. Required, absolute, not `/`.
    pub instance_path: PathBuf,
    /// `MAX_MEM` in MB: only lowers what was discovered; 0, the default, is no limit.
    pub max_mem_mb: u64,
    /// `MAX_CORES`: replaces what was discovered, up or down; 0, the default, does not.
    pub max_cores: u64,
    /// `MAX_DISK`: only lowers what was discovered, in the unit of [`Self::disk_unit`]; 0, the default, is no
    /// limit.
    pub max_disk: u64,
    /// `DAEMON_DISK_UNIT`: how disk space is reported.
    pub disk_unit: DiskUnit,
    /// `SWAP_SIZE` in MB: swap of each instance, default 512.
    pub swap_mb: u64,
    /// `CONCURRENT_DISK_OPS`: heavy disk operations at a time; 1…64, default 1.
    pub concurrent_disk_ops: u64,
    /// `MANUAL_INSTANCES_CLEANUP` is not 0: files of ended instances stay.
    pub keep_instance_files: bool,
    /// `DAEMON_STAGING_LIMIT`: an instance whose files are not there after this time has failed; 60…86400 s, default
    /// 7200 s as in the original.
    pub staging_limit: Duration,
    /// `DAEMON_BOOTING_LIMIT`: so has one whose domain is not seen; 5…3600 s, default 60 s as in the original.
    pub booting_limit: Duration,
    /// `DAEMON_GUEST_GRACE`: how long a guest that shuts down is waited for; 1…3600 s, default 60 s.
    pub guest_grace: Duration,
    /// `DAEMON_BUNDLING_LIMIT`: how long bundling may take, the guest's shutdown included; 60…86400 s, default 3600 s
    /// as in the original.
    pub bundling_limit: Duration,
    /// `DAEMON_TEARDOWN_TIME`: how long an instance that is over is listed; 60…86400 s, default 180 s as in the
    /// original.
    pub teardown_time: Duration,
    /// `DAEMON_GRACEFUL_TERMINATE=Y`: a guest that is terminated is asked to shut down first. Default `N`.
    pub graceful_terminate: bool,
    /// `DAEMON_CLEANUPS`: instances whose files are deleted at a time; 1…1000, default 30.
    pub cleanups: usize,
    /// `DAEMON_HOOK_TIMEOUT`: time that the hooks of one event may take together; 1…600 s, default 10 s.
    pub hook_timeout: Duration,
    /// `USE_VIRTIO_ROOT` is not 0: the root disk is `vda`, and guests need a virtio driver. Default 0.
    pub virtio_root: bool,
    /// `USE_VIRTIO_NET` is not 0: the network interface is virtio's. Default 0.
    pub virtio_net: bool,
    /// `USE_VIRTIO_DISK` is not 0: volumes are virtio disks, `vdb` where `sdb` was asked for. Default 0.
    pub virtio_disk: bool,
    /// `NC_CACHE_SIZE` in MB: images kept for the next start; 0 keeps none, default 999999.
    pub cache_mb: u64,
    /// `DAEMON_CACHE_FLOOR` in MB: what images leave free on their file system; 0…1048576, default 1024.
    pub cache_floor_mb: u64,
    /// `DAEMON_DISK_LAYOUT`: where the partitions of a disk lie.
    pub disk_layout: DiskLayout,
    /// `DAEMON_DISK_COPY`: how an instance gets its disk from a cached image.
    pub disk_copy: DiskCopy,
    /// `DAEMON_STRICT_KEYS`: whether a launch fails when its key cannot be put into its disk. Default `N` (Q38).
    pub strict_keys: bool,
    /// `DAEMON_WALRUS_GZIP`: whether images are asked for in gzip members. Default `N` (Q14).
    pub walrus_gzip: bool,
    /// `NC_WORK_SIZE` in MB: space for bundling, default 999999. A bundle needs twice the size of its disk.
    pub work_mb: u64,
    /// `NC_BUNDLE_UPLOAD_PATH`: the program that uploads bundles. Default: none, the node uploads by itself.
    pub bundle_upload: Option<PathBuf>,
    /// `NC_CHECK_BUCKET_PATH`, default `/usr/local/bin/euca-check-bucket`; run only with a program that uploads.
    pub check_bucket: PathBuf,
    /// `NC_DELETE_BUNDLE_PATH`, default `/usr/local/bin/euca-delete-bundle`; the same.
    pub delete_bundle: PathBuf,
    /// `VNET_*`
    pub network: NcNetwork,
    /// `LOGLEVEL`
    pub log_level: LogLevel,
    /// `DAEMON_LOG`
    pub log_target: LogTarget,
    /// All settings with their origins.
    pub report: Report,
    /// What the operator should hear.
    pub notices: Vec<Notice>,
}

/// `HYPERVISOR`, case-sensitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HypervisorType {
    /// `kvm`: QEMU with hardware virtualisation.
    Kvm,
    /// `qemu`: QEMU without it, much slower, on any host.
    Qemu,
}

/// `DAEMON_DISK_UNIT`: the unit of the disk figures in ncDescribeResource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskUnit {
    /// `mb` (default): the space in MB, although an instance is subtracted in GB; as the original.
    Megabytes,
    /// `gb`: everything in GB.
    Gigabytes,
}

/// `DAEMON_DISK_LAYOUT`: where the partitions of a disk lie (storage.md §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskLayout {
    /// `exact` (default): root at sector 63, the others in MiB, the disk no larger than the VM type grants.
    Exact,
    /// `aligned`: every partition at a multiple of 1 MiB.
    Aligned,
    /// `legacy`: every number as in release 2.0.1, whose disks are larger than their limit.
    Legacy,
}

/// `DAEMON_DISK_COPY`: how an instance gets its disk from a cached image (storage.md §14.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskCopy {
    /// `share` (default): blocks shared with the cache where the file system can, a full copy otherwise.
    Share,
    /// `full`: a full copy.
    Full,
    /// `overlay`: qcow2 over the cached image. Needs FUSE and `qemu-storage-daemon`.
    Overlay,
}

/// Network settings of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NcNetwork {
    /// `VNET_MODE`. Required.
    pub mode: NcVnetMode,
    /// The interface that carries VLANs: `VNET_PRIVINTERFACE`, else `VNET_PUBINTERFACE`, else `VNET_INTERFACE`
    /// (network.md Q-42). Needed in MANAGED mode.
    pub interface: Option<String>,
    /// `VNET_BRIDGE`: the bridge guests are attached to, in all modes but MANAGED.
    pub bridge: Option<String>,
}

/// `VNET_MODE` as far as a node cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NcVnetMode {
    /// `SYSTEM`
    System,
    /// `STATIC`
    Static,
    /// `MANAGED`: the node makes a bridge for each VLAN.
    Managed,
    /// `MANAGED-NOVLAN`
    ManagedNovlan,
}

impl NcSettings {
    /// Reads the files under `home`. Blocks on the disk.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn load(home: &Home) -> Result<Self, Error> {
        Self::from_files(&Files::read(home)?)
    }

    /// The settings these files describe.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn from_files(files: &Files) -> Result<Self, Error> {
        let mut reading = Reading::start(files)?;
        let listener = Listener::read(&mut reading, "NC_PORT", 8775)?;
        let security = Security::read(&mut reading)?;
        let hypervisor = hypervisor(&mut reading)?;
        let libvirt_uri = reading.text("DAEMON_LIBVIRT_URI", "qemu:///system")?;
        let libvirt_calls = reading.strict(Number {
            key: "DAEMON_LIBVIRT_CALLS",
            unit: "calls",
            range: 3..=64,
            default: 8,
        })?;
        let libvirt_timeout = seconds(&mut reading, "DAEMON_LIBVIRT_TIMEOUT", 1..=600, 30)?;
        let instance_path = instance_path(&mut reading)?;
        let units = [("mb", DiskUnit::Megabytes), ("gb", DiskUnit::Gigabytes)];
        let disk_unit = reading.choice("DAEMON_DISK_UNIT", &units, DiskUnit::Megabytes)?;
        let disk = if disk_unit == DiskUnit::Megabytes { "MB" } else { "GB" };
        let cache_floor_mb = reading.strict(Number {
            key: "DAEMON_CACHE_FLOOR",
            unit: "MB",
            range: 0..=1 << 20,
            default: 1024,
        })?;
        let layouts =
            [("exact", DiskLayout::Exact), ("aligned", DiskLayout::Aligned), ("legacy", DiskLayout::Legacy)];
        let disk_layout = reading.choice("DAEMON_DISK_LAYOUT", &layouts, DiskLayout::Exact)?;
        let copies = [("share", DiskCopy::Share), ("full", DiskCopy::Full), ("overlay", DiskCopy::Overlay)];
        let disk_copy = reading.choice("DAEMON_DISK_COPY", &copies, DiskCopy::Share)?;
        let strict_keys = reading.choice("DAEMON_STRICT_KEYS", &SWITCH, false)?;
        let walrus_gzip = reading.choice("DAEMON_WALRUS_GZIP", &SWITCH, false)?;
        let mut number = |key, unit, range, default| reading.lenient(Number { key, unit, range, default });
        let max_mem_mb = number("MAX_MEM", "MB", 0..=u64::MAX, 0)?;
        let max_cores = number("MAX_CORES", "cores", 0..=u64::MAX, 0)?;
        let max_disk = number("MAX_DISK", disk, 0..=u64::MAX, 0)?;
        let swap_mb = number("SWAP_SIZE", "MB", 0..=NO_LIMIT_MB, 512)?;
        let concurrent_disk_ops = number("CONCURRENT_DISK_OPS", "operations", 1..=64, 1)?;
        let keep_instance_files = number("MANUAL_INSTANCES_CLEANUP", "", 0..=u64::MAX, 0)? != 0;
        let virtio_root = number("USE_VIRTIO_ROOT", "", 0..=u64::MAX, 0)? != 0;
        let virtio_net = number("USE_VIRTIO_NET", "", 0..=u64::MAX, 0)? != 0;
        let virtio_disk = number("USE_VIRTIO_DISK", "", 0..=u64::MAX, 0)? != 0;
        let cache_mb = number("NC_CACHE_SIZE", "MB", 0..=u64::MAX, NO_LIMIT_MB)?;
        let work_mb = number("NC_WORK_SIZE", "MB", 0..=u64::MAX, NO_LIMIT_MB)?;
        // The original's default is a program that most sites never had, and ours needs none.
        let bundle_upload = reading.text("NC_BUNDLE_UPLOAD_PATH", NOT_CONFIGURED)?;
        let bundle_upload = Some(bundle_upload).filter(|path| path != NOT_CONFIGURED).map(PathBuf::from);
        let check_bucket = reading.text("NC_CHECK_BUCKET_PATH", "/usr/local/bin/euca-check-bucket")?.into();
        let delete_bundle =
            reading.text("NC_DELETE_BUNDLE_PATH", "/usr/local/bin/euca-delete-bundle")?.into();
        let staging_limit = seconds(&mut reading, "DAEMON_STAGING_LIMIT", 60..=86400, 7200)?;
        let booting_limit = seconds(&mut reading, "DAEMON_BOOTING_LIMIT", 5..=3600, 60)?;
        let bundling_limit = seconds(&mut reading, "DAEMON_BUNDLING_LIMIT", 60..=86400, 3600)?;
        let guest_grace = seconds(&mut reading, "DAEMON_GUEST_GRACE", 1..=3600, 60)?;
        let teardown_time = seconds(&mut reading, "DAEMON_TEARDOWN_TIME", 60..=86400, 180)?;
        let graceful_terminate = reading.choice("DAEMON_GRACEFUL_TERMINATE", &SWITCH, false)?;
        let cleanups = Number { key: "DAEMON_CLEANUPS", unit: "instances", range: 1..=1000, default: 30 };
        let cleanups = reading.strict(cleanups)?;
        let hook_timeout = seconds(&mut reading, "DAEMON_HOOK_TIMEOUT", 1..=600, 10)?;
        let network = NcNetwork::read(&mut reading)?;
        let log_level = LogLevel::read(&mut reading)?;
        let log_target = LogTarget::read(&mut reading)?;
        Ok(Self {
            home: files.home().clone(),
            listener,
            security,
            hypervisor,
            libvirt_uri,
            libvirt_calls,
            libvirt_timeout,
            instance_path,
            max_mem_mb,
            max_cores,
            max_disk,
            disk_unit,
            swap_mb,
            concurrent_disk_ops,
            keep_instance_files,
            staging_limit,
            booting_limit,
            guest_grace,
            bundling_limit,
            teardown_time,
            graceful_terminate,
            cleanups,
            hook_timeout,
            virtio_root,
            virtio_net,
            virtio_disk,
            cache_mb,
            cache_floor_mb,
            disk_layout,
            disk_copy,
            strict_keys,
            walrus_gzip,
            work_mb,
            bundle_upload,
            check_bucket,
            delete_bundle,
            network,
            log_level,
            log_target,
            report: reading.report,
            notices: reading.notices,
        })
    }
}

fn hypervisor(reading: &mut Reading<'_>) -> Result<HypervisorType, Error> {
    let found = reading.required("HYPERVISOR")?;
    let words = [("kvm", HypervisorType::Kvm), ("qemu", HypervisorType::Qemu)];
    match words.iter().find(|(word, _)| *word == found.value) {
        Some((_, value)) => Ok(*value),
        None => Err(found.not_one_of("HYPERVISOR", &words)),
    }
}

fn instance_path(reading: &mut Reading<'_>) -> Result<PathBuf, Error> {
    let found = reading.required("INSTANCE_PATH")?;
    let path = Path::new(&found.value);
    // Whatever is not an instance is deleted below this directory.
    let safe =
        path.is_absolute() && path.file_name().is_some() && !found.value.split('/').any(|part| part == "..");
    if safe { Ok(path.into()) } else { Err(found.invalid("INSTANCE_PATH", "not an absolute path below /")) }
}

impl NcNetwork {
    fn read(reading: &mut Reading<'_>) -> Result<Self, Error> {
        let found = reading.required("VNET_MODE")?;
        let mode = match found.value.as_str() {
            "SYSTEM" => NcVnetMode::System,
            "STATIC" => NcVnetMode::Static,
            "MANAGED" => NcVnetMode::Managed,
            "MANAGED-NOVLAN" => NcVnetMode::ManagedNovlan,
            _ => return Err(found.not_one_of("VNET_MODE", &MODES)),
        };
        let private = interface(reading, "VNET_PRIVINTERFACE")?;
        let public = match interface(reading, "VNET_PUBINTERFACE")? {
            Some(found) => Some(found),
            None => interface(reading, "VNET_INTERFACE")?,
        };
        if let (NcVnetMode::Managed, Some(private), Some(public)) = (mode, &private, &public)
            && private.value != public.value
        {
            let (private, public) = (&private.value, &public.value);
            reading.warn(
                None,
                format!("VLANs are on {private}, of VNET_PRIVINTERFACE; the original had them on {public}"),
            );
        }
        let chosen = private.or(public);
        let origin = chosen.as_ref().map_or(Origin::Default, |found| Origin::File(found.place.clone()));
        let name = chosen.map(|found| found.value);
        reading.record("VNET_PRIVINTERFACE", name.clone(), "", origin);
        let bridge = match interface(reading, "VNET_BRIDGE")? {
            Some(found) => {
                reading.record_found("VNET_BRIDGE", &found);
                Some(found.value)
            }
            None => {
                if mode != NcVnetMode::Managed {
                    reading
                        .warn(None, "VNET_BRIDGE is not set, guests cannot be attached to a network".into());
                }
                reading.record("VNET_BRIDGE", None, "", Origin::Default);
                None
            }
        };
        Ok(Self { mode, interface: name, bridge })
    }
}
