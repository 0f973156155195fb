//! What the host is to look like: a function of the settings and of what is active.
//!
//! ```text
//!   FORWARD ─► EUCA-FWD ─► EUCA-NET-b ─► EUCA-SG-g     b: 64 VLANs, g: a group
//!   PREROUTING ─► EUCA-PRE ─┬─► EUCA-DN-p               p: 64 public addresses
//!   OUTPUT ─► EUCA-OUT ─────┘
//!   POSTROUTING ─► EUCA-POST ─► EUCA-SN-b
//! ```
//! The levels keep both short: the way of a packet, and the part of the rules that a change writes anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv4Addr;
use std::sync::Arc;

use euca_vnet::{Group, ManagedSettings, Network, Ports, Rule, Traffic, gateway};
use ipnet::Ipv4Net;
use openssl::sha::sha256;

use crate::firewall::{Chains, Ruleset};
use crate::links::{Address, Device, Kind, Link, Present, Wanted};
use crate::secret::Secret;
use crate::tunnels::{self, Mesh};
use crate::vtun::Vtun;

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
    pub networks: BTreeMap<u16, Arc<Network>>,
    /// Public addresses this host answers to.
    pub public: BTreeSet<Ipv4Addr>,
    /// What public addresses stand for.
    pub mapped: BTreeMap<Ipv4Addr, Ipv4Addr>,
    /// The clusters this one is joined with.
    pub mesh: Option<Mesh>,
}

/// What the host is to look like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Devices and addresses.
    pub links: Arc<Wanted>,
    /// Firewall.
    pub rules: Ruleset,
    /// What does not pass between clusters.
    pub frames: BTreeSet<String>,
    /// The configuration of WireGuard.
    pub wireguard: Option<Secret>,
    /// The processes of vtun.
    pub vtun: Option<Vtun>,
}

/// Devices, addresses, the rules as `iptables-restore --noflush` reads them, and those for frames; no keys.
impl fmt::Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Wanted { devices, addresses } = &*self.links;
        devices.keys().try_for_each(|name| writeln!(out, "device {name}"))?;
        addresses.iter().try_for_each(|address| writeln!(out, "address {address}"))?;
        write!(out, "{}", self.rules)?;
        self.frames.iter().try_for_each(|rule| writeln!(out, "between clusters {rule}"))
    }
}

impl Site {
    /// What the host is to look like with this active.
    pub fn plan(&self, active: &Active) -> Plan {
        self.plan_after(active, None)
    }

    /// The same, what does not depend on what has changed since the `last` plan taken from that.
    pub fn plan_after(&self, active: &Active, last: Option<(&Active, &Plan)>) -> Plan {
        let same = |is_same: fn(&Active, &Active) -> bool| {
            last.filter(|(before, _)| is_same(before, active)).map(|(_, plan)| plan)
        };
        let guests = same(|one, other| one.networks == other.networks && one.mesh == other.mesh);
        let addresses = same(|one, other| one.mapped == other.mapped);
        let links = guests.filter(|_| last.is_some_and(|(before, _)| before.public == active.public));
        let links = links.map_or_else(|| self.links(active).into(), |plan| Arc::clone(&plan.links));
        let filter = guests.map_or_else(|| self.filter(active).into(), |plan| Arc::clone(&plan.rules.filter));
        let nat = addresses.map_or_else(|| self.nat(active).into(), |plan| Arc::clone(&plan.rules.nat));
        let mesh = active.mesh.as_ref();
        Plan {
            links,
            rules: Ruleset { filter, nat },
            frames: mesh.map(|mesh| mesh.frame_rules(&self.managed.plan)).unwrap_or_default(),
            wireguard: mesh.and_then(Mesh::wireguard).cloned(),
            vtun: mesh.and_then(Mesh::vtun),
        }
    }

    /// The device the guests of a network are behind.
    pub fn bridge(&self, vlan: u16) -> String {
        if self.managed.vlans { bridge_name(vlan) } else { self.private_interface.clone() }
    }

    fn links(&self, active: &Active) -> Wanted {
        let mut wanted = Wanted::default();
        for &vlan in active.networks.keys().filter(|_| self.managed.vlans) {
            let bridge = bridge_name(vlan);
            let tagged = Kind::Vlan { parent: self.private_interface.clone(), tag: vlan };
            let name = vlan_name(&self.private_interface, vlan);
            wanted.devices.insert(name, Device::new(tagged).port_of(&bridge));
            wanted.devices.insert(bridge, Device::new(Kind::Bridge { stp: true }));
        }
        let gateways = active.networks.values().map(|network| Address {
            device: self.bridge(network.vlan),
            address: gateway(network.subnet),
            prefix: network.subnet.prefix_len(),
            link_scope: false,
        });
        let metadata = (&self.private_interface, METADATA, true);
        let public = active.public.iter().map(|address| (&self.public_interface, *address, false));
        let others = public.chain([metadata]).map(|(device, address, link_scope)| Address {
            device: device.clone(),
            address,
            prefix: 32,
            link_scope,
        });
        // Collected at once, they need not find their places one by one.
        wanted.addresses = gateways.chain(others).collect();
        if let Some(mesh) = &active.mesh {
            mesh.add_base(&mut wanted);
            if self.managed.vlans {
                active
                    .networks
                    .keys()
                    .for_each(|vlan| mesh.join(Some(*vlan), &self.bridge(*vlan), &mut wanted));
            } else {
                mesh.join(None, &self.private_interface, &mut wanted);
            }
        }
        wanted
    }

    fn filter(&self, active: &Active) -> Chains {
        let mut rules = Chains::default();
        let private = self.managed.plan.subnet();
        let networks = active.networks.values().map(|network| (network.subnet, network));
        let blocks = group_by(networks, |network: Ipv4Net| self.block(network.network()));

        let forward = rules.entrance("FORWARD", "FWD");
        forward.push(format!("-d {private} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"));
        forward.push(format!("-s {private} ! -d {private} -j ACCEPT"));
        forward.extend(blocks.keys().map(|block| format!("-d {block} -j EUCA-NET-{}", chain_of(*block))));
        // Whatever the host does with other traffic is its own business.
        forward.push(format!("-d {private} -j DROP"));
        for (block, networks) in blocks {
            let jumps = rules.chain(&format!("NET-{}", chain_of(block)));
            jumps.extend(
                networks
                    .iter()
                    .map(|(subnet, network)| format!("-d {subnet} -j EUCA-{}", group_chain(&network.group))),
            );
            for (subnet, network) in networks {
                let chain = rules.chain(&group_chain(&network.group));
                // Who says it is of this network is not, unless it comes from there.
                let bridge = self.bridge(network.vlan);
                chain.push(format!("-s {subnet} -d {subnet} -i {bridge} -j ACCEPT"));
                chain.extend(network.rules.iter().filter_map(|rule| permission(rule, subnet)));
            }
        }
        if let Some(mesh) = &active.mesh {
            mesh.add_rules(private, &mut rules);
        }
        rules
    }

    fn nat(&self, active: &Active) -> Chains {
        let mut rules = Chains::default();
        let private = self.managed.plan.subnet();
        let outside = group_by(active.mapped.iter().map(|(public, private)| (*public, *private)), |public| {
            // Prefixes up to 32 are valid.
            Ipv4Net::new(public, 26).unwrap_or_default().trunc()
        });
        let to = self.cloud.unwrap_or(METADATA);
        let jumps: Vec<_> =
            outside.keys().map(|block| format!("-d {block} -j EUCA-DN-{}", chain_of(*block))).collect();
        let arriving = rules.entrance("PREROUTING", "PRE");
        arriving.push(format!(
            "-s {private} -d {METADATA}/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination {to}:{METADATA_PORT}"
        ));
        arriving.extend(jumps.iter().cloned());
        rules.entrance("OUTPUT", "OUT").extend(jumps);
        for (block, addresses) in outside {
            let chain = rules.chain(&format!("DN-{}", chain_of(block)));
            let translated = |(public, private)| format!("-d {public}/32 -j DNAT --to-destination {private}");
            chain.extend(addresses.into_iter().map(translated));
        }

        let inside = group_by(active.mapped.iter().map(|(public, private)| (*private, *public)), |private| {
            self.block(private)
        });
        let leaving = rules.entrance("POSTROUTING", "POST");
        leaving.extend(inside.keys().map(|block| format!("-s {block} -j EUCA-SN-{}", chain_of(*block))));
        if let Some(cloud) = self.cloud {
            // The CLC knows guests by their own addresses (Q-38).
            leaving
                .push(format!("-s {private} -d {cloud}/32 -p tcp -m tcp --dport {METADATA_PORT} -j ACCEPT"));
        }
        leaving.push(format!("-s {private} ! -d {private} -j MASQUERADE"));
        for (block, addresses) in inside {
            let chain = rules.chain(&format!("SN-{}", chain_of(block)));
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
            let is_tunnel =
                |port: &str| present.links.get(port).is_some_and(|link| tunnels::is_tunnel(port, link));
            present.is_bridge(bridge) && present.ports(bridge).all(|port| port == own || is_tunnel(port))
        };
        if tunnels::is_ours(name, link) {
            return true;
        }
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

    /// Whether an address that is not wanted is left over from us: the gateway of a network, a public address, that of
    /// the metadata service.
    pub fn is_our_address(&self, whole: &Address) -> bool {
        let Address { device, address, prefix, .. } = whole;
        let is_gateway = || {
            let network = self.managed.plan.network_of(*address);
            network.is_some_and(|network| gateway(network) == *address && network.prefix_len() == *prefix)
        };
        let is_public = || *prefix == 32 && self.managed.public.contains(*address);
        tunnels::is_our_address(whole)
            || (*device == self.public_interface && is_public())
            || (*device == self.private_interface && *address == METADATA && *prefix == 32)
            || ((*device == self.private_interface || number(device, "eucabr").is_some()) && is_gateway())
    }
}

/// The chain of a group. A hash: names may be long and may contain anything (Q-11).
pub fn group_chain(group: &Group) -> String {
    let digest = sha256(&[group.user.as_bytes(), &[0], group.name.as_bytes()].concat());
    let first = digest.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    format!("SG-{first:016x}")
}

/// All bridges of VLANs, as the firewall calls them.
pub const BRIDGES: &str = "eucabr+";

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

#[cfg(test)]
mod tests {
    use euca_vnet::{Plan as AddressPlan, Pool, PublicAddresses};

    use super::*;

    fn address(text: &str) -> Ipv4Addr {
        text.parse().unwrap()
    }

    /// Configurations C1 and C2 of network.md §16.1, with 192.0.2.5 as public address.
    fn site(vlans: bool) -> Site {
        let (subnet, addresses) = if vlans { ("10.10.0.0/16", 32) } else { ("172.16.0.0/12", 64) };
        let mut public = Pool::default();
        public.apply(PublicAddresses::One(address("192.0.2.5"))).unwrap();
        Site {
            managed: ManagedSettings {
                vlans,
                plan: AddressPlan::new(subnet.parse().unwrap(), addresses).unwrap(),
                dns: address("10.0.0.53"),
                public,
                local: Vec::new(),
                tunnels: false,
            },
            public_interface: "eth0".to_owned(),
            private_interface: "eth1".to_owned(),
            cloud: vlans.then(|| address("192.168.7.1")),
        }
    }

    fn network(site: &Site, vlan: i32, group: &str, rules: Vec<Rule>) -> Network {
        let (vlan, subnet) = site.managed.plan.network(vlan).unwrap();
        Network { vlan, subnet, group: Group::from(("admin", group)), rules }
    }

    fn active(networks: impl IntoIterator<Item = Network>, mapped: &[(&str, &str)]) -> Active {
        let mapped: BTreeMap<_, _> =
            mapped.iter().map(|(public, private)| (address(public), address(private))).collect();
        Active {
            networks: networks.into_iter().map(|network| (network.vlan, network.into())).collect(),
            public: mapped.keys().copied().collect(),
            mapped,
            mesh: None,
        }
    }

    /// The base rules of network.md §8.2, in chains of our own (net_t080, net_t081).
    #[test]
    fn the_base_rules_are_there_without_a_network() {
        assert_eq!(
            site(true).plan(&Active::default()).rules.to_string(),
            "*filter\n\
             :EUCA-FWD - [0:0]\n\
             -A EUCA-FWD -d 10.10.0.0/16 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n\
             -A EUCA-FWD -s 10.10.0.0/16 ! -d 10.10.0.0/16 -j ACCEPT\n\
             -A EUCA-FWD -d 10.10.0.0/16 -j DROP\n\
             -I FORWARD 1 -j EUCA-FWD\n\
             COMMIT\n\
             *nat\n\
             :EUCA-OUT - [0:0]\n\
             :EUCA-POST - [0:0]\n\
             :EUCA-PRE - [0:0]\n\
             -A EUCA-POST -s 10.10.0.0/16 -d 192.168.7.1/32 -p tcp -m tcp --dport 8773 -j ACCEPT\n\
             -A EUCA-POST -s 10.10.0.0/16 ! -d 10.10.0.0/16 -j MASQUERADE\n\
             -A EUCA-PRE -s 10.10.0.0/16 -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 192.168.7.1:8773\n\
             -I OUTPUT 1 -j EUCA-OUT\n\
             -I POSTROUTING 1 -j EUCA-POST\n\
             -I PREROUTING 1 -j EUCA-PRE\n\
             COMMIT\n"
        );
        let without_cloud = site(false).plan(&Active::default()).rules.to_string();
        assert!(without_cloud.contains("-s 172.16.0.0/12 -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 169.254.169.254:8773\n"), "{without_cloud}");
        assert!(!without_cloud.contains("8773 -j ACCEPT"), "the CLC is on this host: {without_cloud}");
    }

    #[test]
    fn rules_of_groups_are_what_the_specification_says() {
        use Traffic::*;
        let one = |port| Some(Ports { first: port, last: port });
        let rows = [
            ("net_t130", "0.0.0.0/0", Tcp(one(22)), "-d 10.10.1.0/27 -p tcp -m tcp --dport 22 -j ACCEPT"),
            ("net_t131", "0.0.0.0/0", Icmp(None), "-d 10.10.1.0/27 -p icmp -j ACCEPT"),
            ("net_t132", "0.0.0.0/0", Udp(None), "-d 10.10.1.0/27 -p udp -j ACCEPT"),
            (
                "net_t133",
                "0.0.0.0/0",
                Tcp(Some(Ports { first: 0, last: 1024 })),
                "-d 10.10.1.0/27 -p tcp -m tcp --dport 0:1024 -j ACCEPT",
            ),
            (
                "net_t134",
                "10.10.1.0/27",
                Tcp(Some(Ports { first: 1, last: 65535 })),
                "-s 10.10.1.0/27 -d 10.10.1.0/27 -p tcp -m tcp --dport 1:65535 -j ACCEPT",
            ),
            (
                "net_t135, the other way",
                "10.10.1.160/27",
                Tcp(one(80)),
                "-s 10.10.1.160/27 -d 10.10.1.0/27 -p tcp -m tcp --dport 80 -j ACCEPT",
            ),
            ("net_t140", "10.1.0.0/16", Any, "-s 10.1.0.0/16 -d 10.10.1.0/27 -j ACCEPT"),
            (
                "net_t141",
                "10.1.0.0/16",
                Udp(one(53)),
                "-s 10.1.0.0/16 -d 10.10.1.0/27 -p udp -m udp --dport 53 -j ACCEPT",
            ),
            ("net_t142", "0.0.0.0/0", Tcp(None), "-d 10.10.1.0/27 -p tcp -j ACCEPT"),
            (
                "a type",
                "0.0.0.0/0",
                Icmp(Some((8, None))),
                "-d 10.10.1.0/27 -p icmp -m icmp --icmp-type 8 -j ACCEPT",
            ),
            (
                "a type and a code",
                "0.0.0.0/0",
                Icmp(Some((3, Some(4)))),
                "-d 10.10.1.0/27 -p icmp -m icmp --icmp-type 3/4 -j ACCEPT",
            ),
            ("a protocol", "0.0.0.0/0", Protocol(47), "-d 10.10.1.0/27 -p 47 -j ACCEPT"),
        ];
        for (row, source, traffic, expected) in rows {
            let rule = Rule { source: source.parse().unwrap(), traffic };
            assert_eq!(
                permission(&rule, "10.10.1.0/27".parse().unwrap()).as_deref(),
                Some(expected),
                "{row}"
            );
        }
        let any_by_accident = Rule { source: Ipv4Net::default(), traffic: Icmp(Some((255, None))) };
        assert_eq!(permission(&any_by_accident, Ipv4Net::default()), None);
    }

    #[test]
    fn chains_of_groups_cannot_collide() {
        for (row, user, name, chain) in [
            ("net_t100", "admin", "default", "SG-33d3ab2d46577d02"),
            ("§8.3", "bob", "web", "SG-7e1f503b6fe0985b"),
            ("net_t120", "a-b", "c", "SG-695274f6b86e6e90"),
            ("net_t120", "a", "b-c", "SG-02654a5c0c95227c"),
        ] {
            assert_eq!(group_chain(&Group::from((user, name))), chain, "{row}");
        }
        let long = "u".repeat(20);
        assert_eq!(group_chain(&Group::from((long.as_str(), "a-long-group"))).len(), 19, "net_t117");
    }

    /// The example of network.md §8.6 in our chains: VLAN 10 with tcp 22 open, an elastic address; the SNAT comes
    /// before the MASQUERADE (net_t188), and excludes what is inside (net_t180, net_t191).
    #[test]
    fn a_network_with_an_elastic_address_is_as_in_the_example() {
        let site = site(true);
        let ssh =
            Rule { source: Ipv4Net::default(), traffic: Traffic::Tcp(Some(Ports { first: 22, last: 22 })) };
        let plan =
            site.plan(&active([network(&site, 10, "default", vec![ssh])], &[("192.0.2.5", "10.10.1.2")]));
        let rules = plan.rules.to_string();
        let positions = [
            "-A EUCA-FWD -s 10.10.0.0/16 ! -d 10.10.0.0/16 -j ACCEPT",
            "-A EUCA-FWD -d 10.10.0.0/21 -j EUCA-NET-0a0a0000",
            "-A EUCA-FWD -d 10.10.0.0/16 -j DROP",
            "-A EUCA-NET-0a0a0000 -d 10.10.1.0/27 -j EUCA-SG-33d3ab2d46577d02",
            "-A EUCA-SG-33d3ab2d46577d02 -s 10.10.1.0/27 -d 10.10.1.0/27 -i eucabr10 -j ACCEPT",
            "-A EUCA-SG-33d3ab2d46577d02 -d 10.10.1.0/27 -p tcp -m tcp --dport 22 -j ACCEPT",
            "-A EUCA-DN-c0000200 -d 192.0.2.5/32 -j DNAT --to-destination 10.10.1.2",
            "-A EUCA-OUT -d 192.0.2.0/26 -j EUCA-DN-c0000200",
            "-A EUCA-POST -s 10.10.0.0/21 -j EUCA-SN-0a0a0000",
            "-A EUCA-POST -s 10.10.0.0/16 ! -d 10.10.0.0/16 -j MASQUERADE",
            "-A EUCA-PRE -d 192.0.2.0/26 -j EUCA-DN-c0000200",
            "-A EUCA-SN-0a0a0000 -s 10.10.1.2/32 ! -d 10.10.0.0/16 -j SNAT --to-source 192.0.2.5",
        ]
        .map(|rule| rules.find(rule).unwrap_or_else(|| panic!("{rule} is not in {rules}")));
        assert!(positions.is_sorted(), "{rules}");
        let addresses: Vec<_> = plan.links.addresses.iter().map(ToString::to_string).collect();
        assert_eq!(
            addresses,
            ["192.0.2.5/32 on eth0", "169.254.169.254/32 on eth1", "10.10.1.1/27 on eucabr10"]
        );
        assert_eq!(plan.links.devices.keys().collect::<Vec<_>>(), ["eth1.10", "eucabr10"]);
        assert_eq!(plan.links.devices["eth1.10"].master.as_deref(), Some("eucabr10"));
        assert_eq!(plan.links.devices["eucabr10"].kind, Kind::Bridge { stp: true });

        let flat = self::site(false);
        let rules = flat.plan(&active([], &[("192.0.2.5", "172.16.2.2")])).rules.to_string();
        let excluded = "-s 172.16.2.2/32 ! -d 172.16.0.0/12 -j SNAT --to-source 192.0.2.5";
        assert!(rules.contains(excluded), "net_t191: {rules}");
    }

    /// net_t108: no device, the gateway is the private interface's.
    #[test]
    fn without_vlans_networks_share_the_private_interface() {
        let site = site(false);
        let web = Network { group: Group::from(("bob", "web")), ..network(&site, 10, "", vec![]) };
        let plan = site.plan(&active([web], &[]));
        assert!(plan.links.devices.is_empty());
        let addresses: Vec<_> = plan.links.addresses.iter().map(ToString::to_string).collect();
        assert_eq!(addresses, ["169.254.169.254/32 on eth1", "172.16.2.1/26 on eth1"]);
        let rules = plan.rules.to_string();
        for rule in [
            "-d 172.16.2.0/26 -j EUCA-SG-7e1f503b6fe0985b",
            "-A EUCA-SG-7e1f503b6fe0985b -s 172.16.2.0/26 -d 172.16.2.0/26 -i eth1 -j ACCEPT",
        ] {
            assert!(rules.contains(rule), "{rule} is not in {rules}");
        }
    }

    #[test]
    fn what_is_ours_is_known_by_its_name_and_what_hangs_on_it() {
        use rtnetlink::packet_route::link::InfoKind;
        let link = |index, kind: Option<InfoKind>, master| Link {
            index,
            kind,
            stp: false,
            master,
            up: true,
            isolated: false,
            mtu: 1500,
        };
        let links = [
            ("eth1", link(1, None, None)),
            ("eucabr10", link(2, Some(InfoKind::Bridge), None)),
            ("eth1.10", link(3, Some(InfoKind::Vlan), Some(2))),
            ("eucabr11", link(4, Some(InfoKind::Bridge), None)),
            ("eth1.11", link(5, Some(InfoKind::Vlan), Some(4))),
            ("vnet0", link(6, Some(InfoKind::Tun), Some(4))),
            ("eth1.12", link(7, Some(InfoKind::Vlan), None)),
            ("eucabr1", link(8, Some(InfoKind::Bridge), None)),
            ("eucabr4096", link(9, Some(InfoKind::Bridge), None)),
            ("eucabr13", link(10, Some(InfoKind::Tun), None)),
            ("br0", link(11, Some(InfoKind::Bridge), None)),
        ];
        let present = Present {
            links: links.into_iter().map(|(name, link)| (name.to_owned(), link)).collect(),
            ..Default::default()
        };
        let site = site(true);
        let ours: Vec<_> = present
            .links
            .iter()
            .filter(|(name, link)| site.is_ours(&present, name, link))
            .map(|(name, _)| name.as_str())
            .collect();
        // A guest hangs on eucabr11; eth1.12 is nobody's port.
        assert_eq!(ours, ["eth1.10", "eucabr10"]);
        for (device, text, prefix, ours) in [
            ("eucabr10", "10.10.1.1", 27, true),
            ("eth1", "10.10.1.1", 27, true),
            ("eth1", "10.10.1.1", 16, false),
            ("eth1", "10.10.1.2", 27, false),
            ("br0", "10.10.1.1", 27, false),
            ("eth0", "192.0.2.5", 32, true),
            ("eth0", "192.0.2.5", 24, false),
            ("eth0", "192.0.2.6", 32, false),
            ("eth1", "192.0.2.5", 32, false),
        ] {
            let given =
                Address { device: device.to_owned(), address: address(text), prefix, link_scope: false };
            assert_eq!(site.is_our_address(&given), ours, "{given}");
        }
    }
}
