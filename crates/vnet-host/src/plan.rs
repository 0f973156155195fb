//! What the host is to look like: a function of the settings and of what is active.
//!
//! ```text
//!   FORWARD ─► EUCA-FWD ─► EUCA-NET-b ─► EUCA-SG-g     b: 64 VLANs, g: a group
//!   PREROUTING ─► EUCA-PRE ─┬─► EUCA-DN-p               p: 256 public addresses
//!   OUTPUT ─► EUCA-OUT ─────┘
//!   POSTROUTING ─► EUCA-POST ─► EUCA-SN-b
//! ```
//! The levels keep both short: the way of a packet, and the part of the rules that a change writes anew.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use euca_vnet::{Group, ManagedSettings, Network, Ports, Rule, Traffic, gateway};
use ipnet::Ipv4Net;
use openssl::sha::sha256;

use crate::firewall::{Ruleset, Table};
use crate::links::{Address, Device, Kind, Link, Present, Wanted};

/// Where guests ask for their metadata (network.md §10).
pub const METADATA: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 254);
/// The port of the CLC that answers.
const METADATA_PORT: u16 = 8773;
/// Networks of one chain of jumps, a power of two.
const NETWORKS_PER_CHAIN: u32 = 64;
/// First and last VLAN of a network.
const VLANS: std::ops::RangeInclusive<u16> = 2..=4095;

/// What the plan depends on beside what is active.
#[derive(Debug, Clone)]
pub struct Site {
    /// The address plan, the public addresses, whether there are VLANs.
    pub managed: ManagedSettings,
    /// Towards the world.
    pub public_interface: String,
    /// Towards the nodes.
    pub private_interface: String,
    /// The CLC, when it is another host.
    pub cloud: Option<Ipv4Addr>,
}

/// What is active.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Active {
    /// Networks by VLAN.
    pub networks: BTreeMap<u16, Network>,
    /// Public addresses this host answers to.
    pub public: BTreeSet<Ipv4Addr>,
    /// What public addresses stand for.
    pub mapped: BTreeMap<Ipv4Addr, Ipv4Addr>,
}

/// What the host is to look like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Devices and addresses.
    pub links: Wanted,
    /// Firewall.
    pub rules: Ruleset,
}

impl Site {
    /// What the host is to look like with this active.
    pub fn plan(&self, active: &Active) -> Plan {
        Plan { links: self.links(active), rules: self.rules(active) }
    }

    /// The device the guests of a network are behind.
    pub fn bridge(&self, vlan: u16) -> String {
        if self.managed.vlans { bridge_name(vlan) } else { self.private_interface.clone() }
    }

    fn links(&self, active: &Active) -> Wanted {
        let mut wanted = Wanted::default();
        for (&vlan, network) in &active.networks {
            let bridge = self.bridge(vlan);
            if self.managed.vlans {
                let tagged = Kind::Vlan { parent: self.private_interface.clone(), tag: vlan };
                let name = vlan_name(&self.private_interface, vlan);
                wanted.devices.insert(name, Device::new(tagged).port_of(&bridge));
                wanted.devices.insert(bridge.clone(), Device::new(Kind::Bridge { stp: true }));
            }
            wanted.addresses.insert(Address {
                device: bridge,
                address: gateway(network.subnet),
                prefix: network.subnet.prefix_len(),
                link_scope: false,
            });
        }
        let metadata = (&self.private_interface, METADATA, true);
        let public = active.public.iter().map(|address| (&self.public_interface, *address, false));
        wanted.addresses.extend(public.chain([metadata]).map(|(device, address, link_scope)| Address {
            device: device.clone(),
            address,
            prefix: 32,
            link_scope,
        }));
        wanted
    }

    fn rules(&self, active: &Active) -> Ruleset {
        let mut rules = Ruleset::default();
        let private = self.managed.plan.subnet();
        let networks = active.networks.values().map(|network| (network.subnet, network));
        let blocks = group_by(networks, |network: Ipv4Net| self.block(network.network()));

        let forward = rules.entrance(Table::Filter, "FORWARD", "FWD");
        forward.push(format!("-d {private} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"));
        forward.push(format!("-s {private} ! -d {private} -j ACCEPT"));
        forward.extend(blocks.keys().map(|block| format!("-d {block} -j EUCA-NET-{}", chain_of(*block))));
        // Whatever the host does with other traffic is its own business.
        forward.push(format!("-d {private} -j DROP"));
        for (block, networks) in blocks {
            let jumps = rules.chain(Table::Filter, &format!("NET-{}", chain_of(block)));
            jumps.extend(
                networks
                    .iter()
                    .map(|(subnet, network)| format!("-d {subnet} -j EUCA-{}", group_chain(&network.group))),
            );
            for (subnet, network) in networks {
                let chain = rules.chain(Table::Filter, &group_chain(&network.group));
                chain.push(format!("-s {subnet} -d {subnet} -j ACCEPT"));
                chain.extend(network.rules.iter().filter_map(|rule| permission(rule, subnet)));
            }
        }

        let outside = group_by(active.mapped.iter().map(|(public, private)| (*public, *private)), |public| {
            // Prefixes up to 32 are valid.
            Ipv4Net::new(public, 24).unwrap_or_default().trunc()
        });
        let to = self.cloud.unwrap_or(METADATA);
        let jumps: Vec<_> =
            outside.keys().map(|block| format!("-d {block} -j EUCA-DN-{}", chain_of(*block))).collect();
        let arriving = rules.entrance(Table::Nat, "PREROUTING", "PRE");
        arriving.push(format!(
            "-s {private} -d {METADATA}/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination {to}:{METADATA_PORT}"
        ));
        arriving.extend(jumps.iter().cloned());
        rules.entrance(Table::Nat, "OUTPUT", "OUT").extend(jumps);
        for (block, addresses) in outside {
            let chain = rules.chain(Table::Nat, &format!("DN-{}", chain_of(block)));
            let translated = |(public, private)| format!("-d {public}/32 -j DNAT --to-destination {private}");
            chain.extend(addresses.into_iter().map(translated));
        }

        let inside = group_by(active.mapped.iter().map(|(public, private)| (*private, *public)), |private| {
            self.block(private)
        });
        let leaving = rules.entrance(Table::Nat, "POSTROUTING", "POST");
        leaving.extend(inside.keys().map(|block| format!("-s {block} -j EUCA-SN-{}", chain_of(*block))));
        if let Some(cloud) = self.cloud {
            // The CLC knows guests by their own addresses (Q-38).
            leaving
                .push(format!("-s {private} -d {cloud}/32 -p tcp -m tcp --dport {METADATA_PORT} -j ACCEPT"));
        }
        leaving.push(format!("-s {private} ! -d {private} -j MASQUERADE"));
        for (block, addresses) in inside {
            let chain = rules.chain(Table::Nat, &format!("SN-{}", chain_of(block)));
            chain.extend(
                addresses.into_iter().map(|(guest, public)| {
                    format!("-s {guest}/32 ! -d {private} -j SNAT --to-source {public}")
                }),
            );
        }
        rules
    }

    /// The addresses of the 64 networks that `address` is in one of.
    fn block(&self, address: Ipv4Addr) -> Ipv4Net {
        let plan = &self.managed.plan;
        let bits = (plan.addresses() * NETWORKS_PER_CHAIN).ilog2();
        // At most 2^17 addresses.
        let prefix = (32 - bits as u8).max(plan.subnet().prefix_len());
        Ipv4Net::new(address, prefix).unwrap_or_default().trunc()
    }

    /// Whether a device that is not wanted is left over from us: a bridge of a network, unless something that is not
    /// ours hangs on it, as guests do where cluster and node controller share a host; and its VLAN device.
    pub fn is_ours(&self, present: &Present, name: &str, link: &Link) -> bool {
        let is_idle = |bridge: &str, vlan| {
            let own = vlan_name(&self.private_interface, vlan);
            present.is_bridge(bridge) && present.ports(bridge).all(|port| port == own)
        };
        if let Some(vlan) = number(name, "eucabr") {
            return is_idle(name, vlan);
        }
        let tagged = number(name, &format!("{}.", self.private_interface));
        let bridge = tagged.map(|vlan| (bridge_name(vlan), vlan));
        bridge.is_some_and(|(bridge, vlan)| {
            let master = present.links.get(&bridge).map(|bridge| bridge.index);
            master.is_some() && link.master == master && is_idle(&bridge, vlan)
        })
    }

    /// Whether an address that is not wanted is left over from us: the gateway of a network, a public address.
    pub fn is_our_address(&self, address: &Address) -> bool {
        let Address { device, address, prefix, .. } = address;
        let is_gateway = || {
            let network = self.managed.plan.network_of(*address);
            network.is_some_and(|network| gateway(network) == *address && network.prefix_len() == *prefix)
        };
        let is_public = || *prefix == 32 && self.managed.public.contains(*address);
        (*device == self.public_interface && is_public())
            || ((*device == self.private_interface || number(device, "eucabr").is_some()) && is_gateway())
    }
}

/// The chain of a group. A hash: names may be long and may contain anything (Q-11).
pub fn group_chain(group: &Group) -> String {
    let digest = sha256(&[group.user.as_bytes(), &[0], group.name.as_bytes()].concat());
    let first = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("SG-{first:016x}")
}

/// The bridge of a VLAN.
pub fn bridge_name(vlan: u16) -> String {
    format!("eucabr{vlan}")
}

/// The device of a VLAN's frames.
pub fn vlan_name(parent: &str, vlan: u16) -> String {
    format!("{parent}.{vlan}")
}

/// The VLAN that a device with this beginning is for.
fn number(device: &str, prefix: &str) -> Option<u16> {
    let digits = device.strip_prefix(prefix)?;
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|vlan| plain && VLANS.contains(vlan))
}

fn chain_of(block: Ipv4Net) -> String {
    format!("{:08x}", block.network().to_bits())
}

fn group_by<K: Copy, V>(
    values: impl Iterator<Item = (K, V)>,
    block: impl Fn(K) -> Ipv4Net,
) -> BTreeMap<Ipv4Net, Vec<(K, V)>> {
    let mut blocks: BTreeMap<Ipv4Net, Vec<_>> = BTreeMap::new();
    for (key, value) in values {
        blocks.entry(block(key)).or_default().push((key, value));
    }
    blocks
}

/// The rule as `iptables-save` writes it. ICMP type 255, which no message has, would mean any there.
fn permission(rule: &Rule, to: Ipv4Net) -> Option<String> {
    let from = match rule.source.prefix_len() {
        0 => String::new(),
        _ => format!("-s {} ", rule.source),
    };
    let ports = |name: &str, ports: Option<Ports>| match ports {
        None => format!("-p {name} "),
        Some(Ports { first, last }) if first == last => format!("-p {name} -m {name} --dport {first} "),
        Some(Ports { first, last }) => format!("-p {name} -m {name} --dport {first}:{last} "),
    };
    let traffic = match rule.traffic {
        Traffic::Any => String::new(),
        Traffic::Tcp(range) => ports("tcp", range),
        Traffic::Udp(range) => ports("udp", range),
        Traffic::Icmp(None) => "-p icmp ".to_owned(),
        Traffic::Icmp(Some((255, _))) => return None,
        Traffic::Icmp(Some((kind, None))) => format!("-p icmp -m icmp --icmp-type {kind} "),
        Traffic::Icmp(Some((kind, Some(code)))) => format!("-p icmp -m icmp --icmp-type {kind}/{code} "),
        Traffic::Protocol(number) => format!("-p {number} "),
    };
    Some(format!("{from}-d {to} {traffic}-j ACCEPT"))
}
