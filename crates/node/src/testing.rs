//! What this crate's tests share.

use std::path::Path;

use euca_hypervisor::{BridgeName, DomainKind};

use crate::settings::{NetworkMode, NetworkSettings, NodeSettings};

/// Settings of a node in SYSTEM mode whose files are all in one directory.
pub(crate) fn settings(root: &Path) -> NodeSettings {
    let network =
        NetworkSettings { mode: NetworkMode::System, bridge: Some(BridgeName::new("br0").unwrap()) };
    NodeSettings::new(root.to_owned(), root.to_owned(), DomainKind::Qemu, network)
}
