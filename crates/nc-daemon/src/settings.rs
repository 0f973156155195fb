//! From `eucalyptus.conf` to what the node and its hypervisor take.

use std::path::PathBuf;
use std::sync::Arc;

use euca_command::Programs;
use euca_config::{DiskCopy, DiskLayout, DiskUnit, HypervisorType, NcSettings, NcVnetMode};
use euca_hypervisor::{BridgeName, DomainKind, LibvirtSettings, Virtio};
use euca_image::bundle::{UploadSettings, Uploader};
use euca_image::disk::Method;
use euca_image::layout::Layout;
use euca_image::{MIB, StageSettings, WalrusSettings};
use euca_node::{
    BundlePrograms, Bundler, Hooks, NetworkMode, NetworkSettings, NodeSettings, ProgramBundler, Thresholds,
    VolumeSettings,
};
use euca_wsse::Credentials;

/// How libvirt is reached.
pub fn libvirt(settings: &NcSettings) -> LibvirtSettings {
    LibvirtSettings {
        threads: settings.libvirt_calls,
        query_limit: settings.libvirt_timeout,
        ..LibvirtSettings::new(&settings.libvirt_uri, kind(settings), &settings.instance_path)
    }
}

/// What the node is told.
///
/// # Errors
/// `VNET_BRIDGE` is not the name of an interface.
pub fn node(settings: &NcSettings) -> Result<NodeSettings, euca_hypervisor::Error> {
    let bridge = settings.network.bridge.as_deref().map(BridgeName::new).transpose()?;
    let mode = match settings.network.mode {
        NcVnetMode::System => NetworkMode::System,
        NcVnetMode::Static => NetworkMode::Static,
        NcVnetMode::Managed => NetworkMode::Managed,
        NcVnetMode::ManagedNovlan => NetworkMode::ManagedNovlan,
    };
    let host_name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    let (path, run) = (settings.instance_path.clone(), settings.home.run());
    let defaults = NodeSettings::new(path, run, kind(settings), NetworkSettings { mode, bridge });
    Ok(NodeSettings {
        // The original's choice; libvirt's own where neither is there.
        emulator: ["/usr/bin/kvm", "/usr/bin/qemu-kvm"]
            .map(PathBuf::from)
            .into_iter()
            .find(|program| kind(settings) == DomainKind::Kvm && program.is_file()),
        virtio: Virtio { root: settings.virtio_root, net: settings.virtio_net, disk: settings.virtio_disk },
        volumes: VolumeSettings {
            key: settings.home.keys().join("node-pk.pem"),
            ..VolumeSettings::default()
        },
        max_memory: settings.max_mem_mb,
        max_cores: u32::try_from(settings.max_cores).unwrap_or(u32::MAX),
        max_disk: settings.max_disk,
        disk_unit: match settings.disk_unit {
            DiskUnit::Megabytes => euca_node::DiskUnit::Legacy,
            DiskUnit::Gigabytes => euca_node::DiskUnit::Gib,
        },
        keep_files: settings.keep_instance_files,
        cleanups: settings.cleanups,
        hooks: Some(Hooks {
            directory: settings.home.hooks(),
            home: settings.home.path().to_owned(),
            limit: settings.hook_timeout,
            runner: Arc::new(Programs::default()),
        }),
        thresholds: Thresholds {
            staging: settings.staging_limit,
            booting: settings.booting_limit,
            shutdown: settings.guest_grace,
            bundling: settings.bundling_limit,
            teardown: settings.teardown_time,
            graceful: settings.graceful_terminate,
        },
        stage: stage(settings, defaults.stage),
        work_mib: settings.work_mb,
        host_name: host_name.unwrap_or(defaults.host_name),
        ..defaults
    })
}

/// How images are cached and made into disks.
fn stage(settings: &NcSettings, defaults: StageSettings) -> StageSettings {
    StageSettings {
        cache_bytes: settings.cache_mb.saturating_mul(MIB),
        floor: settings.cache_floor_mb * MIB,
        layout: match settings.disk_layout {
            DiskLayout::Exact => Layout::Exact,
            DiskLayout::Aligned => Layout::Aligned,
            DiskLayout::Legacy => Layout::Legacy,
        },
        method: match settings.disk_copy {
            DiskCopy::Share => Method::Share,
            DiskCopy::Full => Method::Copy,
            DiskCopy::Overlay => Method::Overlay,
        },
        swap: settings.swap_mb,
        disk_operations: usize::try_from(settings.concurrent_disk_ops).unwrap_or(1),
        floppy: settings.home.programs().join("floppy"),
        strict_keys: settings.strict_keys,
        ..defaults
    }
}

/// How Walrus is asked.
pub fn walrus(settings: &NcSettings) -> WalrusSettings {
    WalrusSettings { compressed: settings.walrus_gzip, ..WalrusSettings::default() }
}

/// Who uploads bundles: the programs that are configured, or our own client.
pub fn bundler(settings: &NcSettings, keys: &Arc<Credentials>) -> Arc<dyn Bundler> {
    let folder = settings.home.keys();
    match settings.bundle_upload.clone() {
        Some(upload) => {
            let check = settings.check_bucket.clone();
            let delete = settings.delete_bundle.clone();
            let programs = BundlePrograms { upload, check, delete, keys: folder };
            // Turns of their own: an upload takes as long as it takes.
            Arc::new(ProgramBundler::new(programs, Arc::new(Programs::default())))
        }
        None => {
            let cloud = folder.join("cloud-cert.pem");
            Arc::new(Uploader::new(Arc::clone(keys), cloud, UploadSettings::default()))
        }
    }
}

fn kind(settings: &NcSettings) -> DomainKind {
    match settings.hypervisor {
        HypervisorType::Kvm => DomainKind::Kvm,
        HypervisorType::Qemu => DomainKind::Qemu,
    }
}
