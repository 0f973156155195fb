//! The address plan of the managed modes (network.md §2.3): every VLAN has a network of its own in the private
//! subnet.
//!
//! ```text
//!   network(v) = subnet + (v − 2) · N      2 ≤ v < max_vlan
//!     +0 network   +1 gateway   +2 … +N−2 guests   +N−1 broadcast
//! ```

use std::net::Ipv4Addr;
use std::ops::RangeInclusive;

use ipnet::Ipv4Net;

use crate::Error;

/// First VLAN with a network.
const FIRST_VLAN: u32 = 2;
/// VLAN numbers have 12 bits.
const VLANS: u32 = 4096;
/// Addresses of a network, a power of two.
const SIZES: RangeInclusive<u32> = 4..=2048;
/// First index of a guest.
pub(crate) const FIRST_INDEX: u16 = 2;

/// How the private subnet is divided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    subnet: Ipv4Net,
    addresses: u32,
    max_vlan: u32,
}

impl Plan {
    /// Divides `subnet` into networks of `addresses` addresses.
    ///
    /// # Errors
    /// When `addresses` is not a power of two from 4 to 2048, or no network fits.
    pub fn new(subnet: Ipv4Net, addresses: u32) -> Result<Self, Error> {
        let subnet = subnet.trunc();
        let none = Error::Plan { subnet, addresses };
        if !SIZES.contains(&addresses) || !addresses.is_power_of_two() {
            return Err(none);
        }
        // As the original has it, the last network's worth of addresses stays unused.
        let max_vlan = (u32::from(subnet.hostmask()) / addresses).min(VLANS);
        if max_vlan <= FIRST_VLAN { Err(none) } else { Ok(Self { subnet, addresses, max_vlan }) }
    }

    /// The whole private subnet.
    pub fn subnet(&self) -> Ipv4Net {
        self.subnet
    }

    /// Addresses of a network, those that are no guest's included.
    pub fn addresses(&self) -> u32 {
        self.addresses
    }

    /// First VLAN number without a network.
    pub fn max_vlan(&self) -> u32 {
        self.max_vlan
    }

    /// Indices that guests can have in their network.
    pub fn indices(&self) -> RangeInclusive<u16> {
        // At most 2046.
        FIRST_INDEX..=(self.addresses - 2) as u16
    }

    /// VLAN number and network of `vlan`.
    ///
    /// # Errors
    /// When it has none.
    pub fn network(&self, vlan: i32) -> Result<(u16, Ipv4Net), Error> {
        let number = u16::try_from(vlan).map_err(|_| Error::Vlan(vlan))?;
        let place = u32::from(number);
        if !(FIRST_VLAN..self.max_vlan).contains(&place) {
            return Err(Error::Vlan(vlan));
        }
        let start = u32::from(self.subnet.network()) + (place - FIRST_VLAN) * self.addresses;
        let length = 32 - self.addresses.ilog2();
        let network = Ipv4Net::new(start.into(), length as u8).map_err(|_| Error::Vlan(vlan))?;
        Ok((number, network))
    }

    /// The network that an address is in, if there is one.
    pub fn network_of(&self, address: Ipv4Addr) -> Option<Ipv4Net> {
        let offset = address.to_bits().checked_sub(self.subnet.network().to_bits())?;
        let vlan = i32::try_from(offset / self.addresses + FIRST_VLAN).ok()?;
        self.network(vlan).ok().map(|(_, network)| network)
    }
}

/// The address the cluster's host has in a network: the guests' gateway.
pub fn gateway(network: Ipv4Net) -> Ipv4Addr {
    host(network, 1)
}

/// The address of index `index` of a network.
pub(crate) fn host(network: Ipv4Net, index: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(network.network().to_bits().saturating_add(index.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(subnet: &str, addresses: u32) -> Plan {
        Plan::new(subnet.parse().unwrap(), addresses).unwrap()
    }

    #[test]
    fn every_vlan_has_its_network() {
        const C1: &str = "10.10.0.0/16";
        const C2: &str = "172.16.0.0/12";
        // Subnet, N, max_vlan; VLAN, network, gateway, broadcast.
        for (row, subnet, addresses, max_vlan, vlan, network, gateway_, broadcast) in [
            ("net_t020 net_t021", C1, 32, 2047, 2, "10.10.0.0/27", "10.10.0.1", "10.10.0.31"),
            ("net_t022", C1, 32, 2047, 3, "10.10.0.32/27", "10.10.0.33", "10.10.0.63"),
            ("net_t023", C1, 32, 2047, 10, "10.10.1.0/27", "10.10.1.1", "10.10.1.31"),
            ("net_t024", C1, 32, 2047, 15, "10.10.1.160/27", "10.10.1.161", "10.10.1.191"),
            ("net_t025", C1, 32, 2047, 100, "10.10.12.64/27", "10.10.12.65", "10.10.12.95"),
            ("net_t026", C1, 32, 2047, 2046, "10.10.255.128/27", "10.10.255.129", "10.10.255.159"),
            ("net_t028", C2, 64, 4096, 2, "172.16.0.0/26", "172.16.0.1", "172.16.0.63"),
            ("net_t028", C2, 64, 4096, 3, "172.16.0.64/26", "172.16.0.65", "172.16.0.127"),
            ("net_t029", C2, 64, 4096, 10, "172.16.2.0/26", "172.16.2.1", "172.16.2.63"),
            ("net_t030", C2, 64, 4096, 4095, "172.19.255.64/26", "172.19.255.65", "172.19.255.127"),
            ("net_t031", C1, 4, 4096, 10, "10.10.0.32/30", "10.10.0.33", "10.10.0.35"),
            ("net_t032", C1, 8, 4096, 10, "10.10.0.64/29", "10.10.0.65", "10.10.0.71"),
            ("net_t032", C1, 8, 4096, 4095, "10.10.127.232/29", "10.10.127.233", "10.10.127.239"),
            ("net_t033", C1, 16, 4095, 10, "10.10.0.128/28", "10.10.0.129", "10.10.0.143"),
            ("net_t033", C1, 16, 4095, 4094, "10.10.255.192/28", "10.10.255.193", "10.10.255.207"),
            ("net_t034", C1, 64, 1023, 10, "10.10.2.0/26", "10.10.2.1", "10.10.2.63"),
            ("net_t034", C1, 64, 1023, 1022, "10.10.255.0/26", "10.10.255.1", "10.10.255.63"),
            ("net_t035", C1, 128, 511, 10, "10.10.4.0/25", "10.10.4.1", "10.10.4.127"),
            ("net_t036", C1, 256, 255, 10, "10.10.8.0/24", "10.10.8.1", "10.10.8.255"),
            ("net_t036", C1, 256, 255, 254, "10.10.252.0/24", "10.10.252.1", "10.10.252.255"),
            ("net_t037", C1, 512, 127, 10, "10.10.16.0/23", "10.10.16.1", "10.10.17.255"),
            ("net_t038", C1, 1024, 63, 10, "10.10.32.0/22", "10.10.32.1", "10.10.35.255"),
            ("net_t039", C1, 2048, 31, 10, "10.10.64.0/21", "10.10.64.1", "10.10.71.255"),
            ("net_t039", C1, 2048, 31, 30, "10.10.224.0/21", "10.10.224.1", "10.10.231.255"),
            ("net_t040", "10.0.0.0/8", 2048, 4096, 10, "10.0.64.0/21", "10.0.64.1", "10.0.71.255"),
            ("net_t040", "10.0.0.0/8", 2048, 4096, 4095, "10.127.232.0/21", "10.127.232.1", "10.127.239.255"),
        ] {
            let plan = plan(subnet, addresses);
            assert_eq!(plan.max_vlan(), max_vlan, "{row}");
            let (number, found) = plan.network(vlan).unwrap();
            assert_eq!((i32::from(number), found.to_string().as_str()), (vlan, network), "{row}");
            assert_eq!(gateway(found).to_string(), gateway_, "{row}");
            assert_eq!(found.broadcast().to_string(), broadcast, "{row}");
            assert_eq!(plan.indices(), 2..=u16::try_from(addresses - 2).unwrap(), "{row}");
            assert_eq!(host(found, 2).to_bits(), gateway(found).to_bits() + 1, "{row}");
        }
    }

    #[test]
    fn net_t027_a_vlan_outside_the_plan_has_no_network() {
        for vlan in [0, 1, 2047, 4095, 4096, -1, i32::MIN, i32::MAX] {
            assert_eq!(plan("10.10.0.0/16", 32).network(vlan), Err(Error::Vlan(vlan)));
        }
    }

    #[test]
    fn net_t041_a_narrow_subnet_has_fewer_networks_or_none() {
        for (prefix, max_vlan) in
            [(8, 4096), (12, 4096), (14, 4096), (15, 4095), (16, 2047), (17, 1023), (24, 7)]
        {
            assert_eq!(plan(&format!("10.0.0.0/{prefix}"), 32).max_vlan(), max_vlan, "/{prefix}");
        }
        for prefix in [26, 28, 31, 32] {
            let subnet = format!("10.0.0.0/{prefix}").parse().unwrap();
            assert_eq!(Plan::new(subnet, 32), Err(Error::Plan { subnet, addresses: 32 }));
        }
    }

    #[test]
    fn a_network_has_a_power_of_two_of_addresses() {
        let subnet: Ipv4Net = "10.0.0.0/8".parse().unwrap();
        for addresses in [0, 1, 2, 3, 20, 100, 4096, u32::MAX] {
            assert_eq!(Plan::new(subnet, addresses), Err(Error::Plan { subnet, addresses }));
        }
    }
}
