//! What `nc-daemon` needs around it: settings for a private libvirtd, and a place for its instances.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use euca_wire::nc;

use crate::home::Home;

/// Where what libvirtd finds out about QEMU is kept from run to run, beside the programs.
pub fn cache() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    let target = test.ancestors().find(|folder| folder.ends_with("target")).map(Path::to_owned);
    target.unwrap_or_else(std::env::temp_dir).join("libvirt-cache")
}

/// `INSTANCE_PATH` of a node.
pub fn instances(home: &Home) -> PathBuf {
    home.path().join("instances")
}

/// Writes a configuration for a node in STATIC mode that listens on `listen` and runs its guests by TCG, and makes
/// its `INSTANCE_PATH`.
///
/// # Errors
/// The file system's.
pub fn configure(home: &Home, listen: SocketAddr, libvirt_uri: &str, bridge: &str) -> Result<()> {
    home.configure(&conf(home, listen, libvirt_uri, bridge)?)
}

/// That configuration. Not SYSTEM mode, which is the same to guests but adds a rule to the firewall of this host.
///
/// # Errors
/// The file system's.
pub fn conf(home: &Home, listen: SocketAddr, libvirt_uri: &str, bridge: &str) -> Result<String> {
    let path = instances(home);
    std::fs::create_dir_all(&path)?;
    Ok(format!(
        "DAEMON_ADMIN_PORT=\"0\"\nDAEMON_LISTEN=\"{}\"\nNC_PORT=\"{}\"\nHYPERVISOR=\"qemu\"\nDAEMON_LIBVIRT_URI=\"{libvirt_uri}\"\n\
         INSTANCE_PATH=\"{}\"\nVNET_MODE=\"STATIC\"\nVNET_BRIDGE=\"{bridge}\"\nDAEMON_DISK_UNIT=\"gb\"\n\
         USE_VIRTIO_ROOT=\"1\"\nUSE_VIRTIO_NET=\"1\"\nUSE_VIRTIO_DISK=\"1\"\n",
        listen.ip(),
        listen.port(),
        path.display(),
    ))
}

/// Files below `INSTANCE_PATH` that belong to instances.
///
/// # Errors
/// The file system's.
pub fn instance_files(home: &Home) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![instances(home)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().contains("/i-") {
                found.push(path);
            }
        }
    }
    Ok(found)
}

/// ncRunInstance of one of [`crate::machine`]'s size that boots from its disk, with a MAC address of its own.
pub fn run_instance(id: &str, image_url: String, number: u32) -> nc::NcRunInstance {
    nc::NcRunInstance {
        user_id: Some("alice".to_owned()),
        image_id: "emi-12345678".to_owned(),
        image_url,
        reservation_id: "r-41D30C2E".to_owned(),
        instance_id: id.to_owned(),
        instance_type: nc::VirtualMachine {
            name: Some("m1.small".to_owned()),
            memory: Some(128),
            cores: Some(1),
            disk: Some(1),
            ..Default::default()
        },
        net_params: nc::NetConfig {
            private_mac_address: format!("d0:0d:00:00:{:02x}:{:02x}", number >> 8 & 0xff, number & 0xff),
            private_ip: "0.0.0.0".to_owned(),
            public_ip: "0.0.0.0".to_owned(),
            network_index: -1,
            ..Default::default()
        },
        ..Default::default()
    }
}

/// A free name for a bridge: at most 15 characters, and several clouds in one process.
pub fn bridge_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("et{}x{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}
