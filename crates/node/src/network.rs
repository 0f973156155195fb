//! Which bridge a guest hangs on, and which address the host has seen it use (node-controller.md §5.9, §7.3).
//!
//! Managed mode, which makes bridges and VLAN devices, is not built yet.

use std::collections::HashMap;

use euca_hypervisor::BridgeName;

use crate::error::Error;
use crate::instance::{NO_ADDRESS, Record};
use crate::settings::{NetworkMode, NetworkSettings};

/// Highest tag that passes, one more than there are.
const MAX_VLAN: i32 = 4096;

impl NetworkSettings {
    /// Starts the network of a VLAN. Without VLAN devices there is nothing to start.
    pub(crate) fn start(&self, vlan: i32) -> Result<(), Error> {
        match self.mode {
            NetworkMode::System | NetworkMode::Static => Ok(()),
            NetworkMode::ManagedNovlan if (0..=MAX_VLAN).contains(&vlan) => Ok(()),
            NetworkMode::ManagedNovlan => Err(Error::Vlan(vlan)),
            NetworkMode::Managed => Err(Error::NotBuilt("network mode MANAGED")),
        }
    }

    /// The bridge of a VLAN whose network was started.
    pub(crate) fn bridge(&self, vlan: i32) -> Result<&BridgeName, Error> {
        self.start(vlan)?;
        if self.mode == NetworkMode::ManagedNovlan && vlan == 0 {
            return Err(Error::Vlan(vlan));
        }
        self.bridge.as_ref().ok_or(Error::Missing("VNET_BRIDGE"))
    }

    /// Fills in the addresses of a running instance that are not known yet. An address once found stays.
    pub(crate) fn discover(&self, record: &mut Record, neighbours: &Neighbours) {
        let Some(address) = neighbours.address(&record.net.mac) else { return };
        let public_too = matches!(self.mode, NetworkMode::System | NetworkMode::Static);
        if public_too && record.net.public_ip == NO_ADDRESS {
            record.net.public_ip = address.to_owned();
        }
        if record.net.private_ip == NO_ADDRESS {
            record.net.private_ip = address.to_owned();
        }
    }
}

/// The host's neighbour table: hardware address to IPv4 address.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Neighbours(HashMap<String, String>);

impl Neighbours {
    /// Reads the kernel's table: address, type, flags, hardware address, mask, device. Incomplete entries have a
    /// zero hardware address and count for nothing; the first line of an address wins (network.md §4.10).
    pub fn parse(table: &str) -> Self {
        let mut neighbours = HashMap::new();
        for line in table.lines().skip(1) {
            let mut columns = line.split_whitespace();
            let (Some(address), Some(mac)) = (columns.next(), columns.nth(2)) else { continue };
            if mac != "00:00:00:00:00:00" {
                neighbours.entry(mac.to_ascii_lowercase()).or_insert_with(|| address.to_owned());
            }
        }
        Self(neighbours)
    }

    fn address(&self, mac: &str) -> Option<&str> {
        self.0.get(&mac.to_ascii_lowercase()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::record::tests::record;

    fn network(mode: NetworkMode) -> NetworkSettings {
        NetworkSettings { mode, bridge: Some(BridgeName::new("br0").unwrap()) }
    }

    #[test]
    fn networks_start_where_the_specification_says() {
        use NetworkMode::*;
        // mode, vlan, starts, has a bridge
        let rows = [
            (System, 10, true, true), // nc_113
            (System, -1, true, true),
            (Static, 99_999, true, true),
            (ManagedNovlan, 10, true, true),
            (ManagedNovlan, 4096, true, true),
            (ManagedNovlan, 0, true, false),
            (ManagedNovlan, 4097, false, false),
            (ManagedNovlan, -1, false, false),
            (Managed, 10, false, false),
        ];
        for (mode, vlan, starts, bridge) in rows {
            let network = network(mode);
            assert_eq!(
                (network.start(vlan).is_ok(), network.bridge(vlan).is_ok()),
                (starts, bridge),
                "{mode:?} {vlan}"
            );
        }
    }

    const TABLE: &str = "IP address       HW type     Flags       HW address            Mask     Device\n\
                         10.0.0.9         0x1         0x0         00:00:00:00:00:00     *        br0\n\
                         10.0.0.7         0x1         0x2         D0:0d:41:aa:00:01     *        br0\n\
                         10.0.0.8         0x1         0x2         d0:0d:41:aa:00:01     *        br0\n\
                         broken\n";

    #[test]
    fn addresses_are_found_by_exact_hardware_address() {
        // name, mode, hardware address, public before, private and public after
        let rows = [
            ("nc_147", NetworkMode::System, "d0:0d:41:AA:00:01", NO_ADDRESS, ("10.0.0.7", "10.0.0.7")),
            ("nc_148", NetworkMode::ManagedNovlan, "d0:0d:41:AA:00:01", NO_ADDRESS, ("10.0.0.7", NO_ADDRESS)),
            ("nc_149", NetworkMode::System, "d0:0d:41:AA:00:02", NO_ADDRESS, (NO_ADDRESS, NO_ADDRESS)),
            ("kept", NetworkMode::System, "d0:0d:41:AA:00:01", "192.0.2.1", ("10.0.0.7", "192.0.2.1")),
            ("zero", NetworkMode::System, "00:00:00:00:00:00", NO_ADDRESS, (NO_ADDRESS, NO_ADDRESS)),
            ("empty", NetworkMode::System, "", NO_ADDRESS, (NO_ADDRESS, NO_ADDRESS)),
        ];
        for (name, mode, mac, public, (private_after, public_after)) in rows {
            let mut record = record("i-1", "A");
            record.net.mac = mac.to_owned();
            record.net.public_ip = public.to_owned();
            network(mode).discover(&mut record, &Neighbours::parse(TABLE));
            let found = (record.net.private_ip.as_str(), record.net.public_ip.as_str());
            assert_eq!(found, (private_after, public_after), "{name}");
        }
    }
}
