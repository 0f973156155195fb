//! What the node must be told. Plain values: reading eucalyptus.conf is the business of `euca-config`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use euca_hypervisor::{BridgeName, DomainKind, Virtio};
use euca_image::StageSettings;
use euca_vnet_host::Sightings;

use crate::bundle::Bundler;
use crate::error::Error;
use crate::hooks::Hooks;
use crate::instance::Thresholds;
use crate::network::Vlans;

/// Where the image cache is, below `INSTANCE_PATH`. The directory above it was the cache of 2.0.1.
const CACHE: &str = "eucalyptus/cache/v2";

/// Settings of a node. The names in the comments are those of eucalyptus.conf (node-controller.md §3.2).
#[derive(Debug, Clone)]
pub struct NodeSettings {
    /// `INSTANCE_PATH`: existing directory, absolute and not `/`, that holds the instances' files.
    pub instance_path: PathBuf,
    /// `var/run/eucalyptus`: existing directory for `nc-stats`.
    pub run_dir: PathBuf,
    /// Kind of the domains to create.
    pub kind: DomainKind,
    /// Emulator program for the domains; `None` lets libvirt choose. The original takes the first executable of
    /// `/usr/bin/kvm` and `/usr/bin/qemu-kvm`, which makes sense for [`DomainKind::Kvm`] only.
    pub emulator: Option<PathBuf>,
    /// `USE_VIRTIO_ROOT`, `USE_VIRTIO_NET`, `USE_VIRTIO_DISK`.
    pub virtio: Virtio,
    /// `MAX_MEM`, MB offered to instances; 0: all. Only lowers what the host has.
    pub max_memory: u64,
    /// `MAX_CORES`; 0: as many as the host has. Replaces what the host has, up or down.
    pub max_cores: u32,
    /// `MAX_DISK`, in [`disk_unit`](Self::disk_unit)s; 0: all. Only lowers what the file system has.
    pub max_disk: u64,
    /// Unit of the disk figures on the wire.
    pub disk_unit: DiskUnit,
    /// `MANUAL_INSTANCES_CLEANUP`: keep an instance's files when it is torn down, and at start.
    pub keep_files: bool,
    /// `DAEMON_CLEANUPS`: instances whose files are deleted at a time; at least 1.
    pub cleanups: usize,
    /// Programs of the site that are asked at certain steps; `None`: there are none.
    pub hooks: Option<Hooks>,
    /// `VNET_MODE` and `VNET_BRIDGE`.
    pub network: NetworkSettings,
    /// Who makes the bridges of VLANs; needed in [`NetworkMode::Managed`] only.
    pub vlans: Option<Arc<dyn Vlans>>,
    /// Socket of the privileged helper, which logs in to volumes and puts the host to sleep.
    pub helper: PathBuf,
    /// How volumes are attached.
    pub volumes: VolumeSettings,
    /// How images are cached and made into disks.
    pub stage: StageSettings,
    /// Who uploads bundles; `None`: nobody, and none is made.
    pub bundler: Option<Arc<dyn Bundler>>,
    /// `NC_WORK_SIZE`, MiB: the room for bundling.
    pub work_mib: u64,
    /// Pause between the monitor's passes.
    pub monitor_period: Duration,
    /// Time limits of an instance's states.
    pub thresholds: Thresholds,
    /// How often a domain is tried to be created before its instance is given up.
    pub create_attempts: u32,
    /// Pause between these attempts.
    pub create_pause: Duration,
    /// How long creating, and destroying for a reboot, go on trying while the hypervisor does not answer.
    pub create_patience: Duration,
    /// The kernel's neighbour table, `/proc/net/arp`.
    pub arp_table: PathBuf,
    /// What guests say themselves of their addresses, which goes before the table; `None`: nobody listens.
    pub sightings: Option<Arc<Sightings>>,
    /// `version:` line of `nc-stats`.
    pub release: String,
    /// `node:` line of `nc-stats`: this host's name.
    pub host_name: String,
    /// `hypervisor:` line of `nc-stats`: `HYPERVISOR` as configured.
    pub hypervisor_name: String,
}

impl NodeSettings {
    /// The original's defaults around what has none.
    pub fn new(instance_path: PathBuf, run_dir: PathBuf, kind: DomainKind, network: NetworkSettings) -> Self {
        let stage = StageSettings::new(instance_path.join(CACHE));
        Self {
            helper: run_dir.join("nc-helper.socket"),
            volumes: VolumeSettings::default(),
            instance_path,
            run_dir,
            kind,
            emulator: None,
            virtio: Virtio::default(),
            max_memory: 0,
            max_cores: 0,
            max_disk: 0,
            disk_unit: DiskUnit::default(),
            keep_files: false,
            cleanups: 30,
            hooks: None,
            network,
            vlans: None,
            stage,
            bundler: None,
            work_mib: 999_999,
            monitor_period: Duration::from_secs(5),
            thresholds: Thresholds::default(),
            create_attempts: 5,
            create_pause: Duration::from_secs(1),
            create_patience: Duration::from_secs(180),
            arp_table: "/proc/net/arp".into(),
            sightings: None,
            release: "eee-2.0.1".to_owned(),
            host_name: "localhost".to_owned(),
            hypervisor_name: kind.to_string(),
        }
    }

    /// Refuses what would only fail later, or destroy something.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |name, reason: String| Err(Error::Setting { name, reason });
        let path = &self.instance_path;
        if !path.is_absolute() || path.parent().is_none() {
            return refuse("INSTANCE_PATH", format!("{path:?} is not absolute, or is the root of all files"));
        }
        if !path.is_dir() {
            return refuse("INSTANCE_PATH", format!("{path:?} is not a directory"));
        }
        if self.network.mode == NetworkMode::Managed && self.vlans.is_none() {
            return refuse("VNET_PRIVINTERFACE", "network mode MANAGED needs an interface".to_owned());
        }
        if self.network.bridge.is_none() && self.network.mode != NetworkMode::Managed {
            return refuse(
                "VNET_BRIDGE",
                format!("network mode {} needs a bridge", self.network.mode.as_str()),
            );
        }
        Ok(())
    }
}

/// What the disk figures of ncDescribeResource mean.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DiskUnit {
    /// As in 2.0.1: the maximum in MiB, or `MAX_DISK` as it is; an instance costs its GiB plus 512.
    #[default]
    Legacy,
    /// GiB throughout, what the CC takes the figures for.
    Gib,
}

/// How guests are connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkSettings {
    /// `VNET_MODE`.
    pub mode: NetworkMode,
    /// `VNET_BRIDGE`: needed in all modes but [`NetworkMode::Managed`].
    pub bridge: Option<BridgeName>,
}

/// `VNET_MODE`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NetworkMode {
    /// Guests hang on the site's bridge and find their addresses themselves.
    System,
    /// As System, with addresses fixed by the CC.
    Static,
    /// A bridge per VLAN.
    Managed,
    /// Managed without VLANs: one bridge.
    ManagedNovlan,
}

impl NetworkMode {
    /// The value of `VNET_MODE`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "SYSTEM",
            Self::Static => "STATIC",
            Self::Managed => "MANAGED",
            Self::ManagedNovlan => "MANAGED-NOVLAN",
        }
    }
}

/// How volumes are attached and detached (node-controller.md §8, storage.md §8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeSettings {
    /// `node-pk.pem`: reads the passwords of iSCSI targets.
    pub key: PathBuf,
    /// Where udev shows iSCSI disks.
    pub by_path: PathBuf,
    /// Where the kernel shows AoE disks.
    pub aoe: PathBuf,
    /// How long a disk may take to appear after the login.
    pub device_wait: Duration,
    /// How long a guest may take to let go of a disk.
    pub unplug_wait: Duration,
    /// Pause before another attempt to get rid of a volume, its session above all.
    pub release_pause: Duration,
}

impl Default for VolumeSettings {
    fn default() -> Self {
        Self {
            key: "/var/lib/eucalyptus/keys/node-pk.pem".into(),
            by_path: "/dev/disk/by-path".into(),
            aoe: "/dev/etherd".into(),
            device_wait: Duration::from_secs(60),
            // A CC waits 20 s for an answer.
            unplug_wait: Duration::from_secs(15),
            release_pause: Duration::from_secs(30),
        }
    }
}
