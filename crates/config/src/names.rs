//! Every variable that may stand in the file without a remark (deployment.md §1.4).

/// Read by at least one of the two daemons.
pub(crate) const USED: &[&str] = &[
    "CC_PORT",
    "CONCURRENT_DISK_OPS",
    "DAEMON_ADMIN_PORT",
    "DAEMON_BODY_TIMEOUT",
    "DAEMON_BOOTING_LIMIT",
    "DAEMON_BUNDLING_LIMIT",
    "DAEMON_CACHE_FLOOR",
    "DAEMON_CLEANUPS",
    "DAEMON_DISK_COPY",
    "DAEMON_DISK_LAYOUT",
    "DAEMON_DISK_UNIT",
    "DAEMON_GL_RELAY",
    "DAEMON_GRACEFUL_TERMINATE",
    "DAEMON_GUEST_GRACE",
    "DAEMON_HEADER_TIMEOUT",
    "DAEMON_HOOK_TIMEOUT",
    "DAEMON_LIBVIRT_CALLS",
    "DAEMON_LIBVIRT_TIMEOUT",
    "DAEMON_LIBVIRT_URI",
    "DAEMON_LISTEN",
    "DAEMON_LOG",
    "DAEMON_MAX_ALL_BODIES_BYTES",
    "DAEMON_MAX_BODY_BYTES",
    "DAEMON_MAX_CONNECTIONS",
    "DAEMON_MAX_HEADER_BYTES",
    "DAEMON_MAX_INSTANCES",
    "DAEMON_MAX_NODES",
    "DAEMON_MAX_REPLY_BYTES",
    "DAEMON_MAX_REQUESTS",
    "DAEMON_MAX_XML_DEPTH",
    "DAEMON_PEER_CONNECTIONS",
    "DAEMON_POWERWAKE",
    "DAEMON_REPLAY_CACHE",
    "DAEMON_REPLAY_WINDOW",
    "DAEMON_SHUTDOWN_GRACE",
    "DAEMON_STAGING_LIMIT",
    "DAEMON_STRICT_KEYS",
    "DAEMON_TEARDOWN_TIME",
    "DAEMON_TIMEOUT_IS_SUCCESS",
    "DAEMON_TUNNELS",
    "DAEMON_VERIFY_NODES",
    "DAEMON_WALRUS_GZIP",
    "DAEMON_WRITE_TIMEOUT",
    "DAEMON_WSS_PROFILE",
    "DAEMON_WSS_SHA256",
    "DISABLE_TUNNELING",
    "ENABLE_WS_SECURITY",
    "EUCALYPTUS",
    "HYPERVISOR",
    "INSTANCE_PATH",
    "INSTANCE_TIMEOUT",
    "LOGLEVEL",
    "MANUAL_INSTANCES_CLEANUP",
    "MAX_CORES",
    "MAX_DISK",
    "MAX_MEM",
    "NC_BUNDLE_UPLOAD_PATH",
    "NC_CACHE_SIZE",
    "NC_CHECK_BUCKET_PATH",
    "NC_DELETE_BUNDLE_PATH",
    "NC_POLLING_FREQUENCY",
    "NC_PORT",
    "NC_SERVICE",
    "NC_WORK_SIZE",
    "NODES",
    "POWER_IDLETHRESH",
    "POWER_WAKETHRESH",
    "SCHEDPOLICY",
    "SWAP_SIZE",
    "USE_VIRTIO_DISK",
    "USE_VIRTIO_NET",
    "USE_VIRTIO_ROOT",
    "VNET_ADDRSPERNET",
    "VNET_BRIDGE",
    "VNET_BROADCAST",
    "VNET_CLOUDIP",
    "VNET_DHCPDAEMON",
    "VNET_DHCPUSER",
    "VNET_DNS",
    "VNET_INTERFACE",
    "VNET_LOCALIP",
    "VNET_MACMAP",
    "VNET_MODE",
    "VNET_NETMASK",
    "VNET_PRIVINTERFACE",
    "VNET_PUBINTERFACE",
    "VNET_PUBLICIPS",
    "VNET_ROUTER",
    "VNET_SUBNET",
];

/// Read by scripts and by the other components of a cloud, or by nobody any more.
const OTHERS: &[&str] = &[
    "CLOUD_OPTS",
    "DISABLE_DNS",
    "DISABLE_EBS",
    "DISABLE_ISCSI",
    "EUCA_USER",
    "REGISTERED_PATH",
    "VERBOSE",
    "VNET_PORT",
];

/// The listed name equal to `name`.
pub(crate) fn known(name: &[u8]) -> Option<&'static str> {
    USED.iter().chain(OTHERS).copied().find(|known| known.as_bytes() == name)
}

/// The name of a variable somebody may have meant to set: short, and made of letters, digits and underscores.
pub(crate) fn plausible(name: &[u8]) -> Option<&str> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if (1..=64).contains(&name.len()) && name.iter().all(plain) {
        std::str::from_utf8(name).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The operator's tool rewrites every line that begins with a variable's name (deployment.md §1.7): a name of
    // ours that begins with another name would be overwritten with it.
    #[test]
    fn no_name_of_ours_begins_with_another_name() {
        for ours in USED.iter().filter(|name| name.starts_with("DAEMON_")) {
            for other in USED.iter().chain(OTHERS).filter(|other| *other != ours) {
                assert!(!ours.starts_with(other), "{ours} begins with {other}");
            }
        }
    }
}
