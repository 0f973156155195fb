//! The tables: active networks with their rules, addresses in use, public addresses, name server, peer clusters.
//!
//! An address belongs to one instance at a time, and only that instance's end frees it: in STATIC mode, where
//! MAC addresses are used again, the late end of one guest does not take the address from the next.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::Ipv4Addr;

use indexmap::IndexMap;
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::effects::{Dhcp, DhcpSubnet, State, Tunnels};
use crate::peers::Peers;
use crate::plan::{FIRST_INDEX, Plan, gateway, host};
use crate::{Change, Error, Key, Mac, Pool, Record, Rule, RuleDraft};

/// The VLAN of the table of STATIC mode.
const STATIC_VLAN: u16 = 0;
/// Last VLAN number that a frame's tag can carry.
const LAST_TAG: u16 = 4094;
/// Most addresses of a network.
const MAX_ADDRESSES: u32 = 2048;

/// `VNET_MODE` with what it needs.
#[derive(Debug, Clone, Default)]
pub enum Settings {
    /// The site's own network; addresses are observed, not given.
    #[default]
    System,
    /// Addresses from a fixed table.
    Static(StaticSettings),
    /// Virtual networks in a subnet of their own, with or without VLANs.
    Managed(ManagedSettings),
}

/// What STATIC mode needs.
#[derive(Debug, Clone)]
pub struct StaticSettings {
    /// The guests' subnet.
    pub subnet: Ipv4Net,
    /// Its broadcast address.
    pub broadcast: Ipv4Addr,
    /// The guests' gateway.
    pub router: Ipv4Addr,
    /// The guests' name server.
    pub dns: Ipv4Addr,
    /// The addresses there are, in the order in which they are given. A MAC or IP address that comes again is
    /// not used again, and what the subnet has no room for is not used at all.
    pub hosts: Vec<(Mac, Ipv4Addr)>,
}

/// What MANAGED and MANAGED-NOVLAN need.
#[derive(Debug, Clone)]
pub struct ManagedSettings {
    /// Whether networks are kept apart by VLANs: MANAGED.
    pub vlans: bool,
    /// How the private subnet is divided.
    pub plan: Plan,
    /// The guests' name server.
    pub dns: Ipv4Addr,
    /// The public addresses.
    pub public: Pool,
    /// Addresses of this cluster's host. Those of 127.0.0.0/8 count without being named.
    pub local: Vec<Ipv4Addr>,
    /// Whether networks are joined with those of other clusters.
    pub tunnels: bool,
}

/// A security group.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Group {
    /// Its owner.
    pub user: String,
    /// Its name.
    pub name: String,
}

/// A network of the plan and the group it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Network {
    /// Its VLAN.
    pub vlan: u16,
    /// Its addresses.
    pub subnet: Ipv4Net,
    /// The group whose guests are in it.
    pub group: Group,
    /// What may reach them.
    pub rules: Vec<Rule>,
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} ({} of {:?})", self.vlan, self.group.name, self.group.user)
    }
}

/// The network parameters of a new instance; addresses are 0.0.0.0 when the tables give none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// MAC address.
    pub mac: String,
    /// Address in its network.
    pub private: Ipv4Addr,
    /// Address by which others reach it.
    pub public: Ipv4Addr,
}

/// The tables of one cluster.
#[derive(Debug)]
pub struct Tables {
    settings: Settings,
    /// Active networks.
    networks: BTreeMap<u16, Active>,
    /// By VLAN and index. In STATIC mode every entry of the settings is here, in use or not.
    hosts: BTreeMap<(u16, u16), Host>,
    /// The pool, and what each address stands for.
    public: IndexMap<Ipv4Addr, Option<Ipv4Addr>>,
    nameserver: Option<Ipv4Addr>,
    peers: Peers,
    /// What has changed since the changes were taken.
    changed: BTreeSet<Key>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Active {
    group: Group,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Host {
    mac: Mac,
    address: Ipv4Addr,
    /// The instance that has it.
    instance: Option<String>,
}

impl Tables {
    /// Tables in which nothing is in use.
    pub fn new(settings: Settings) -> Self {
        let mut tables = Self {
            networks: BTreeMap::new(),
            hosts: BTreeMap::new(),
            public: IndexMap::new(),
            nameserver: None,
            peers: Peers::default(),
            changed: BTreeSet::new(),
            settings,
        };
        match &tables.settings {
            Settings::System => {}
            Settings::Managed(managed) => {
                tables.public = managed.public.addresses().map(|address| (address, None)).collect();
            }
            Settings::Static(fixed) => {
                let (mut macs, mut addresses) = (BTreeSet::new(), BTreeSet::new());
                let last = tables.addresses_per_network().saturating_sub(2);
                let last = u16::try_from(last).unwrap_or(u16::MAX);
                let unique = fixed
                    .hosts
                    .iter()
                    .filter(|(mac, address)| macs.insert(*mac) && addresses.insert(*address));
                tables.hosts = (FIRST_INDEX..=last)
                    .zip(unique)
                    .map(|(index, &(mac, address))| {
                        ((STATIC_VLAN, index), Host { mac, address, instance: None })
                    })
                    .collect();
            }
        }
        tables
    }

    /// Tables that consist of these records, and the records the settings leave no place for: when the private
    /// subnet is divided in another way than before, those of every network and address.
    pub fn restore(settings: Settings, records: impl IntoIterator<Item = Record>) -> (Self, Vec<Record>) {
        let mut tables = Self::new(settings);
        let records: Vec<_> = records.into_iter().collect();
        let before = records.iter().find(|record| record.key() == Key::Plan).cloned();
        let now = tables.record(Key::Plan);
        let moved = before.is_some() && before != now;
        let mut misplaced = records;
        let mut rekeyed = BTreeSet::new();
        misplaced.retain(|record| {
            if moved && record.is_in_use() {
                return true;
            }
            let Ok(key) = tables.replace(record) else { return true };
            if key != record.key() {
                rekeyed.extend([key, record.key()]);
            }
            false
        });
        tables.changed = rekeyed;
        // As long as something has no place, the division of before is what it waits for.
        if before != now && !misplaced.iter().any(Record::is_in_use) {
            tables.changed.insert(Key::Plan);
        }
        (tables, misplaced)
    }

    /// Puts a stored record where it was. Brings the key it has now: in STATIC mode an entry may come at another
    /// place among the others than before.
    fn replace(&mut self, record: &Record) -> Result<Key, Error> {
        match record {
            Record::Plan { .. } => {}
            Record::Nameserver(address) => self.nameserver = Some(*address),
            Record::Peers(peers) => drop(self.set_peers(peers)?),
            Record::Public { address, private } => self.map_public(*address, *private)?,
            Record::Network { vlan, group, rules } => {
                let network = self.startable((*vlan).into(), group.clone())?;
                self.start(Network { rules: rules.clone(), ..network });
            }
            Record::Host { vlan, index, mac, address, instance } => {
                let place = (*vlan, *index);
                let host = Host { mac: *mac, address: *address, instance: Some(instance.clone()) };
                match &self.settings {
                    Settings::System => return Err(Error::Misplaced),
                    Settings::Static(_) => {
                        let known = |(_, it): &(_, &mut Host)| (it.mac, it.address) == (*mac, *address);
                        let (&(vlan, index), entry) =
                            self.hosts.iter_mut().find(known).ok_or(Error::Misplaced)?;
                        *entry = host;
                        return Ok(Key::Host { vlan, index });
                    }
                    Settings::Managed(managed) => {
                        let (_, network) = managed.plan.network((*vlan).into())?;
                        let planned = managed.plan.indices().contains(index)
                            && crate::plan::host(network, *index) == *address;
                        if !planned || mac.is_zero() || self.guest(*vlan, *mac).is_some() {
                            return Err(Error::Misplaced);
                        }
                        self.hosts.insert(place, host);
                    }
                }
            }
        }
        Ok(record.key())
    }

    /// What has changed since this was asked last: for each key touched, what is there now.
    pub fn take_changes(&mut self) -> Vec<Change> {
        let changed = std::mem::take(&mut self.changed);
        changed.into_iter().map(|key| self.record(key).map_or(Change::Delete(key), Change::Put)).collect()
    }

    fn record(&self, key: Key) -> Option<Record> {
        match key {
            Key::Plan => match &self.settings {
                Settings::Managed(ManagedSettings { plan, vlans, .. }) => {
                    Some(Record::Plan { subnet: plan.subnet(), addresses: plan.addresses(), vlans: *vlans })
                }
                Settings::System | Settings::Static(_) => None,
            },
            Key::Network(vlan) => {
                let Active { group, rules } = self.networks.get(&vlan)?.clone();
                Some(Record::Network { vlan, group, rules })
            }
            Key::Host { vlan, index } => {
                let Host { mac, address, instance } = self.hosts.get(&(vlan, index))?.clone();
                Some(Record::Host { vlan, index, mac, address, instance: instance? })
            }
            Key::Public(address) => {
                self.public.get(&address)?.map(|private| Record::Public { address, private })
            }
            Key::Nameserver => self.nameserver.map(Record::Nameserver),
            Key::Peers => (!self.peers.all.is_empty()).then(|| Record::Peers(self.peers.all.clone())),
        }
    }

    /// Whether there are networks to be started: MANAGED and MANAGED-NOVLAN.
    pub fn is_managed(&self) -> bool {
        matches!(self.settings, Settings::Managed(_))
    }

    /// Addresses of a network, as DescribeNetworks tells it.
    pub fn addresses_per_network(&self) -> u32 {
        match &self.settings {
            Settings::System => 0,
            Settings::Static(fixed) => u32::from(fixed.subnet.hostmask()).min(MAX_ADDRESSES),
            Settings::Managed(managed) => managed.plan.addresses(),
        }
    }

    /// Gives the new instance `id` its parameters; in the managed modes an address of the network of `vlan`,
    /// that of `index` or the first that is free (cluster-controller.md §8.3).
    ///
    /// # Errors
    /// When the id is malformed, the VLAN has no network, or the address cannot be had.
    pub fn allocate(&mut self, id: &str, vlan: i32, index: Option<i32>) -> Result<Parameters, Error> {
        match &self.settings {
            Settings::System => Ok(Parameters {
                mac: lenient_mac(id)?,
                private: Ipv4Addr::UNSPECIFIED,
                public: Ipv4Addr::UNSPECIFIED,
            }),
            Settings::Static(_) => {
                lenient_mac(id)?;
                let free = self.hosts.iter_mut().find(|(_, host)| host.instance.is_none());
                let (&(vlan, index), host) = free.ok_or(Error::Full(STATIC_VLAN))?;
                host.instance = Some(id.to_owned());
                self.changed.insert(Key::Host { vlan, index });
                Ok(Parameters { mac: host.mac.to_string(), private: host.address, public: host.address })
            }
            Settings::Managed(managed) => {
                let mac = Mac::of_instance(id)?;
                let (vlan, network) = managed.plan.network(vlan)?;
                let indices = managed.plan.indices();
                if self.guest(vlan, mac).is_some() {
                    return Err(Error::Known { mac, vlan });
                }
                let index = match index {
                    Some(index) => {
                        let asked = u16::try_from(index).ok().filter(|asked| indices.contains(asked));
                        let asked = asked.ok_or(Error::Index { index, last: *indices.end() })?;
                        if self.hosts.contains_key(&(vlan, asked)) {
                            return Err(Error::Taken { vlan, index: asked });
                        }
                        asked
                    }
                    None => {
                        let taken = self.hosts_of(vlan).map(|((_, taken), _)| *taken);
                        let free = first_gap(*indices.start(), taken);
                        Some(free).filter(|free| indices.contains(free)).ok_or(Error::Full(vlan))?
                    }
                };
                let address = host(network, index);
                self.hosts.insert((vlan, index), Host { mac, address, instance: Some(id.to_owned()) });
                self.changed.insert(Key::Host { vlan, index });
                Ok(Parameters { mac: mac.to_string(), private: address, public: Ipv4Addr::UNSPECIFIED })
            }
        }
    }

    /// Gives instance `id` the address that it has by what its node says, if that is one of the tables and nobody's
    /// (cluster-controller.md §12), whether or not its network is active yet. Brings whether something has changed.
    pub fn adopt(&mut self, id: &str, mac: &str, vlan: i32, address: Ipv4Addr) -> bool {
        let Ok(mac) = mac.parse() else { return false };
        let place = match &self.settings {
            Settings::System => None,
            Settings::Static(_) => {
                let known = self.hosts.iter().find(|(_, host)| (host.mac, host.address) == (mac, address));
                known.map(|(place, _)| *place)
            }
            Settings::Managed(managed) => managed.plan.network(vlan).ok().and_then(|(vlan, network)| {
                let index = address.to_bits().checked_sub(network.network().to_bits())?;
                Some((vlan, u16::try_from(index).ok()?))
            }),
        };
        let is_free = |place: &_| self.hosts.get(place).is_none_or(|host| host.instance.is_none());
        let Some((vlan, index)) = place.filter(is_free) else { return false };
        let instance = id.to_owned();
        let Ok(key) = self.replace(&Record::Host { vlan, index, mac, address, instance }) else {
            return false;
        };
        self.changed.insert(key);
        true
    }

    /// Takes back the address of instance `id`, if it has the one that belongs to this MAC address. Brings
    /// whether it had.
    pub fn release(&mut self, id: &str, mac: &str, vlan: i32) -> bool {
        let table = match &self.settings {
            Settings::System => return false,
            Settings::Static(_) => Some(STATIC_VLAN),
            Settings::Managed(_) => u16::try_from(vlan).ok(),
        };
        let (Some(vlan), Ok(mac)) = (table, mac.parse()) else { return false };
        let Some(index) = self.guest(vlan, mac) else { return false };
        let Some(host) = self.hosts.get(&(vlan, index)) else { return false };
        if host.instance.as_deref() != Some(id) {
            return false;
        }
        self.free([(vlan, index)]);
        true
    }

    /// Takes back whatever address instance `id` has. Brings whether it had one.
    pub fn release_instance(&mut self, id: &str) -> bool {
        let its_own = self.hosts.iter().filter(|(_, host)| host.instance.as_deref() == Some(id));
        let places: Vec<_> = its_own.map(|(place, _)| *place).collect();
        let had = !places.is_empty();
        self.free(places);
        had
    }

    fn free(&mut self, places: impl IntoIterator<Item = (u16, u16)>) {
        for place @ (vlan, index) in places {
            match self.hosts.get_mut(&place) {
                Some(host) if vlan == STATIC_VLAN => host.instance = None,
                _ => drop(self.hosts.remove(&place)),
            }
            self.changed.insert(Key::Host { vlan, index });
        }
    }

    /// The hosts of a network, by place.
    fn hosts_of(&self, vlan: u16) -> impl Iterator<Item = (&(u16, u16), &Host)> {
        self.hosts.range((vlan, 0)..=(vlan, u16::MAX))
    }

    /// Index of the host with this MAC address.
    fn guest(&self, vlan: u16, mac: Mac) -> Option<u16> {
        self.hosts_of(vlan).find(|(_, host)| host.mac == mac).map(|((_, index), _)| *index)
    }

    /// What a network for `group` on `vlan` would be; with the rules it has, if it is active already.
    ///
    /// # Errors
    /// When the mode has no networks, or none for this VLAN.
    pub fn startable(&self, vlan: i32, group: Group) -> Result<Network, Error> {
        let Settings::Managed(managed) = &self.settings else { return Err(Error::Vlan(vlan)) };
        let (number, subnet) = managed.plan.network(vlan)?;
        if managed.vlans && number > LAST_TAG {
            return Err(Error::Vlan(vlan));
        }
        let active = self.networks.get(&number).filter(|active| active.group == group);
        let rules = active.map(|active| active.rules.clone()).unwrap_or_default();
        Ok(Network { vlan: number, subnet, group, rules })
    }

    /// Makes the network active, in place of another group's on the same VLAN.
    pub fn start(&mut self, network: Network) {
        let Network { vlan, group, rules, .. } = network;
        if self.networks.get(&vlan).is_some_and(|active| active.group != group) {
            self.end(vlan);
        }
        self.networks.insert(vlan, Active { group, rules });
        self.changed.insert(Key::Network(vlan));
    }

    /// VLANs of other networks of the same group in which nobody has an address. The CLC gives a group one network at a
    /// time, but may have told another cluster only that it has stopped the one before.
    pub fn left_behind(&self, network: &Network) -> Vec<u16> {
        let others = self
            .networks
            .iter()
            .filter(|(vlan, active)| **vlan != network.vlan && active.group == network.group);
        others.map(|(vlan, _)| *vlan).filter(|vlan| self.hosts_of(*vlan).next().is_none()).collect()
    }

    /// Ends the network of `vlan`, whose guests keep their addresses. Brings what it was, and the networks that have
    /// admitted its guests, as they are from now on: the next ones to have these addresses may be another group's.
    pub fn end(&mut self, vlan: u16) -> Option<(Network, Vec<Network>)> {
        let network = self.network(vlan)?;
        self.networks.remove(&vlan);
        let mut closed = Vec::new();
        for (other, active) in &mut self.networks {
            let admitted = active.rules.len();
            active.rules.retain(|rule| rule.source != network.subnet);
            closed.extend((active.rules.len() < admitted).then_some(*other));
        }
        self.changed.extend(closed.iter().chain([&vlan]).map(|vlan| Key::Network(*vlan)));
        let closed = closed.into_iter().filter_map(|vlan| self.network(vlan)).collect();
        Some((network, closed))
    }

    /// The same, and its addresses are free then; also where it was not active, but guests were found in it.
    pub fn stop(&mut self, vlan: u16) -> Option<(Network, Vec<Network>)> {
        if !self.is_managed() {
            return None;
        }
        let ended = self.end(vlan);
        let places: Vec<_> = self.hosts_of(vlan).map(|(place, _)| *place).collect();
        self.free(places);
        ended
    }

    /// The active network of `vlan`.
    pub fn network(&self, vlan: u16) -> Option<Network> {
        let Active { group, rules } = self.networks.get(&vlan)?.clone();
        Some(Network { vlan, subnet: self.subnet(vlan)?, group, rules })
    }

    /// The addresses the plan has for `vlan`.
    pub(crate) fn subnet(&self, vlan: u16) -> Option<Ipv4Net> {
        let Settings::Managed(managed) = &self.settings else { return None };
        managed.plan.network(vlan.into()).ok().map(|(_, subnet)| subnet)
    }

    /// VLAN and group of every active network.
    pub(crate) fn groups(&self) -> impl Iterator<Item = (u16, &Group)> {
        self.networks.iter().map(|(vlan, active)| (*vlan, &active.group))
    }

    /// What may reach the guests of an active network.
    pub(crate) fn rules(&self, vlan: u16) -> &[Rule] {
        self.networks.get(&vlan).map_or(&[], |active| &active.rules)
    }

    /// VLAN, group and flagged indices of every active network: those in use, and those that are no guest's
    /// (cluster-controller.md §7.14).
    pub fn active(&self) -> impl Iterator<Item = (u16, &Group, Vec<u16>)> {
        let last = u16::try_from(self.addresses_per_network().saturating_sub(1)).unwrap_or(u16::MAX);
        self.networks.iter().map(move |(&vlan, active)| {
            let used = self.hosts_of(vlan).map(|((_, index), _)| *index);
            (vlan, &active.group, [0, 1].into_iter().chain(used).chain([last]).collect())
        })
    }

    /// Begins a change of rules.
    pub fn draft(&self) -> RuleDraft<'_> {
        RuleDraft::new(self)
    }

    /// Gives active networks the rules they come with here.
    pub fn set_rules(&mut self, networks: Vec<Network>) {
        for network in networks {
            if let Some(active) = self.networks.get_mut(&network.vlan)
                && active.group == network.group
            {
                active.rules = network.rules;
                self.changed.insert(Key::Network(network.vlan));
            }
        }
    }

    /// The public addresses in order, and what each stands for.
    pub fn public_addresses(&self) -> impl Iterator<Item = (Ipv4Addr, Option<Ipv4Addr>)> {
        self.public.iter().map(|(address, private)| (*address, *private))
    }

    /// What the public address stands for.
    ///
    /// # Errors
    /// When it is not in the pool.
    pub fn public_address(&self, address: Ipv4Addr) -> Result<Option<Ipv4Addr>, Error> {
        self.public.get(&address).copied().ok_or(Error::NotPublic(address))
    }

    /// Makes the public address stand for the private one.
    ///
    /// # Errors
    /// When it is not in the pool.
    pub fn map_public(&mut self, address: Ipv4Addr, private: Ipv4Addr) -> Result<(), Error> {
        *self.public.get_mut(&address).ok_or(Error::NotPublic(address))? = Some(private);
        self.changed.insert(Key::Public(address));
        Ok(())
    }

    /// Makes the public address stand for nothing.
    ///
    /// # Errors
    /// When it is not in the pool.
    pub fn unmap_public(&mut self, address: Ipv4Addr) -> Result<(), Error> {
        *self.public.get_mut(&address).ok_or(Error::NotPublic(address))? = None;
        self.changed.insert(Key::Public(address));
        Ok(())
    }

    /// The name server the CLC has given.
    pub fn nameserver(&self) -> Option<Ipv4Addr> {
        self.nameserver
    }

    /// Guests will be told this name server after the site's own. Brings whether something has changed.
    pub fn set_nameserver(&mut self, address: Ipv4Addr) -> bool {
        let changed = self.nameserver.replace(address) != Some(address);
        if changed {
            self.changed.insert(Key::Nameserver);
        }
        changed
    }

    /// Makes these the clusters whose networks are joined, by place. Without this cluster among them there are
    /// none; an empty list changes nothing. Brings whether something has changed.
    ///
    /// # Errors
    /// When there are too many.
    pub fn set_peers(&mut self, clusters: &[Ipv4Addr]) -> Result<bool, Error> {
        let Settings::Managed(managed) = &self.settings else { return Ok(false) };
        let is_local = |address: Ipv4Addr| address.is_loopback() || managed.local.contains(&address);
        let changed = self.peers.set(clusters, is_local)?;
        if changed {
            self.changed.insert(Key::Peers);
        }
        Ok(changed)
    }

    /// The tunnels there should be; nothing where there are never any.
    pub fn tunnels(&self) -> Option<Tunnels> {
        let Settings::Managed(ManagedSettings { tunnels: true, .. }) = &self.settings else { return None };
        let vlans = self.networks.keys().copied().collect();
        Some(Tunnels { clusters: self.peers.all.clone(), own: self.peers.own, vlans })
    }

    /// Networks, public addresses and tunnels as they should be on the host.
    pub fn state(&self) -> State {
        let used = |(address, private): (Ipv4Addr, Option<Ipv4Addr>)| Some((address, private?));
        State {
            networks: self.networks.keys().filter_map(|vlan| self.network(*vlan)).collect(),
            public: self.public_addresses().filter_map(used).collect(),
            tunnels: self.tunnels().filter(|tunnels| tunnels.own.is_some()),
        }
    }

    /// What the DHCP server should answer; nothing in SYSTEM mode, where it is the site's (network.md §9.1).
    pub fn dhcp(&self) -> Option<Dhcp> {
        let subnet = |vlan: u16| match &self.settings {
            Settings::System => None,
            Settings::Static(fixed) => Some((fixed.subnet, fixed.broadcast, fixed.router, fixed.dns)),
            Settings::Managed(managed) => {
                let (_, network) = managed.plan.network(vlan.into()).ok()?;
                Some((network, network.broadcast(), gateway(network), managed.dns))
            }
        };
        let mut subnets: Vec<DhcpSubnet> = Vec::new();
        for (&(vlan, _), host) in &self.hosts {
            if subnets.last().is_none_or(|last| last.vlan != vlan) {
                let (subnet, broadcast, router, dns) = subnet(vlan)?;
                let dns = [dns].into_iter().chain(self.nameserver).collect();
                subnets.push(DhcpSubnet { vlan, subnet, broadcast, router, dns, hosts: Vec::new() });
            }
            if let (Some(last), Some(_)) = (subnets.last_mut(), &host.instance) {
                last.hosts.push((host.mac, host.address));
            }
        }
        (!matches!(self.settings, Settings::System)).then_some(Dhcp { subnets })
    }
}

/// The first number from `start` on that is not among `taken`, which come in order.
fn first_gap(start: u16, taken: impl Iterator<Item = u16>) -> u16 {
    taken.fold(start, |free, taken| if taken == free { free.saturating_add(1) } else { free })
}

/// `d0:0d:` and the eight characters of the id as four pairs, letter case kept: in SYSTEM mode the address goes
/// to the node as it is. Clients have made ids of any letters; a file name on the node is made of the address,
/// so nothing but letters and digits passes.
fn lenient_mac(id: &str) -> Result<String, Error> {
    let digits = id.strip_prefix("i-").unwrap_or_default();
    if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Error::InstanceId(id.chars().take(64).collect()));
    }
    let pair = |at: usize| &digits[at..at + 2];
    Ok(format!("d0:0d:{}:{}:{}:{}", pair(0), pair(2), pair(4), pair(6)))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::PublicAddresses;

    fn address(text: &str) -> Ipv4Addr {
        text.parse().unwrap()
    }

    fn settings(subnet: &str, addresses: u32, vlans: bool) -> Settings {
        let mut public = Pool::default();
        public.apply(PublicAddresses::Range(address("192.0.2.5"), address("192.0.2.6"))).unwrap();
        Settings::Managed(ManagedSettings {
            vlans,
            plan: Plan::new(subnet.parse().unwrap(), addresses).unwrap(),
            dns: address("10.0.0.53"),
            public,
            local: vec![address("192.168.7.2")],
            tunnels: true,
        })
    }

    pub(crate) fn managed(subnet: &str, addresses: u32) -> Tables {
        Tables::new(settings(subnet, addresses, true))
    }

    /// Configuration C1.
    fn c1() -> Tables {
        managed("10.10.0.0/16", 32)
    }

    /// Configuration C3.
    fn c3(hosts: &[(&str, &str)]) -> Tables {
        Tables::new(fixed(hosts))
    }

    fn fixed(hosts: &[(&str, &str)]) -> Settings {
        Settings::Static(StaticSettings {
            subnet: "192.168.1.0/24".parse().unwrap(),
            broadcast: address("192.168.1.255"),
            router: address("192.168.1.1"),
            dns: address("192.168.1.1"),
            hosts: hosts.iter().map(|(mac, ip)| (mac.parse().unwrap(), address(ip))).collect(),
        })
    }

    const MACMAP: [(&str, &str); 2] =
        [("AA:DD:11:CE:FF:ED", "192.168.1.2"), ("AA:DD:11:CE:FF:EE", "192.168.1.3")];

    fn start(tables: &mut Tables, vlan: i32, user: &str, name: &str) {
        let network = tables.startable(vlan, (user, name).into()).unwrap();
        tables.start(network);
    }

    fn parameters(mac: &str, private: &str, public: &str) -> Result<Parameters, Error> {
        Ok(Parameters { mac: mac.to_owned(), private: address(private), public: address(public) })
    }

    #[test]
    fn a_managed_guest_gets_the_address_it_asks_for_or_the_first_that_is_free() {
        let mut tables = c1();
        start(&mut tables, 10, "admin", "default");
        let own = |mac: &str, private: &str| parameters(mac, private, "0.0.0.0");
        let taken = |index| Err(Error::Taken { vlan: 10, index });
        let outside = |index| Err(Error::Index { index, last: 30 });
        for (row, id, vlan, index, expected, hosts) in [
            ("net_t050", "i-3F2504E0", 10, None, own("D0:0D:3F:25:04:E0", "10.10.1.2"), 1),
            ("net_t051", "i-3F2504E1", 10, Some(5), own("D0:0D:3F:25:04:E1", "10.10.1.5"), 2),
            ("net_t052", "i-3F2504E2", 10, Some(5), taken(5), 2),
            ("net_t053", "i-3F2504E2", 10, Some(1), outside(1), 2),
            ("net_t053", "i-3F2504E2", 10, Some(31), outside(31), 2),
            ("net_t053", "i-3F2504E2", 10, Some(0), outside(0), 2),
            ("negative", "i-3F2504E2", 10, Some(-1), outside(-1), 2),
            ("net_t054", "i-3F2504E3", 10, Some(30), own("D0:0D:3F:25:04:E3", "10.10.1.30"), 3),
            ("net_t055", "i-3F2504E4", 10, None, own("D0:0D:3F:25:04:E4", "10.10.1.3"), 4),
            (
                "net_t056",
                "i-3F2504E0",
                10,
                None,
                Err(Error::Known { mac: "D0:0D:3F:25:04:E0".parse().unwrap(), vlan: 10 }),
                4,
            ),
            ("net_t059", "i-3F2504E5", 4096, None, Err(Error::Vlan(4096)), 4),
            ("net_t059", "i-3F2504E5", -1, None, Err(Error::Vlan(-1)), 4),
            ("net_t060", "i-3F2504E5", 2047, Some(2), Err(Error::Vlan(2047)), 4),
            ("malformed", "i-3F2504E", 10, None, Err(Error::InstanceId("i-3F2504E".into())), 4),
        ] {
            assert_eq!(tables.allocate(id, vlan, index), expected, "{row}");
            assert_eq!(tables.hosts.len(), hosts, "{row}");
        }
        assert!(tables.release("i-3F2504E0", "d0:0d:3f:25:04:e0", 10));
        let again = own("D0:0D:00:00:00:AA", "10.10.1.2");
        assert_eq!(tables.allocate("i-000000aa", 10, None), again, "net_t057");
    }

    #[test]
    fn net_t058_a_network_has_room_for_its_guests_only() {
        let mut tables = c1();
        let ids = (0..30).map(|number| format!("i-{number:08X}"));
        let given: Vec<_> = ids.map(|id| tables.allocate(&id, 11, None).map(|it| it.private)).collect();
        let expected: Vec<_> = (34..=62).map(|last| Ok(Ipv4Addr::new(10, 10, 1, last))).collect();
        assert_eq!(given[..29], expected);
        assert_eq!(given[29], Err(Error::Full(11)));
    }

    #[test]
    fn net_t071_the_largest_network_has_guests_up_to_its_last_but_one() {
        let mut tables = managed("10.0.0.0/8", 2048);
        let given = tables.allocate("i-00000001", 10, Some(2046)).unwrap();
        assert_eq!(given.private, address("10.0.71.254"));
        let outside = Err(Error::Index { index: 2047, last: 2046 });
        assert_eq!(tables.allocate("i-00000002", 10, Some(2047)), outside);
    }

    #[test]
    fn an_address_is_freed_by_the_end_of_its_instance_alone() {
        let mut tables = c1();
        let given = tables.allocate("i-3F2504E0", 10, None).unwrap();
        for (id, mac, vlan) in [
            ("i-3F2504E1", given.mac.as_str(), 10),
            ("i-3F2504E0", "D0:0D:00:00:00:00", 10),
            ("i-3F2504E0", "00:00:00:00:00:00", 10), // net_t073
            ("i-3F2504E0", "", 10),
            ("i-3F2504E0", given.mac.as_str(), 11),
            ("i-3F2504E0", given.mac.as_str(), -1),
        ] {
            assert!(!tables.release(id, mac, vlan), "{id} {mac} {vlan}");
        }
        assert_eq!(tables.hosts.len(), 1);
        assert!(tables.release("i-3F2504E0", &given.mac, 10), "net_t072");
        assert!(!tables.release("i-3F2504E0", &given.mac, 10), "net_t072: once more changes nothing");
        assert!(tables.hosts.is_empty());
        tables.allocate("i-3F2504E0", 10, None).unwrap();
        tables.allocate("i-3F2504E1", 10, None).unwrap();
        assert!(tables.release_instance("i-3F2504E0"), "whatever else is known of it");
        assert!(!tables.release_instance("i-3F2504E0"));
        assert!(tables.hosts.keys().eq(&[(10, 3)]));
    }

    #[test]
    fn a_guest_that_is_found_has_its_address_unless_somebody_else_has_it() {
        let mut tables = c1();
        tables.allocate("i-00000009", 10, Some(9)).unwrap();
        for (row, id, mac, vlan, ip, adopted) in [
            ("found", "i-0000000A", "d0:0d:00:00:00:0a", 10, "10.10.1.5", true),
            ("has it already", "i-0000000A", "D0:0D:00:00:00:0A", 10, "10.10.1.5", false),
            ("a second one", "i-0000000A", "D0:0D:00:00:00:0A", 10, "10.10.1.6", false),
            ("another's", "i-0000000B", "D0:0D:00:00:00:0B", 10, "10.10.1.9", false),
            ("of another VLAN", "i-0000000B", "D0:0D:00:00:00:0B", 10, "10.10.1.36", false),
            ("below it", "i-0000000B", "D0:0D:00:00:00:0B", 10, "10.10.0.255", false),
            ("no guest's", "i-0000000B", "D0:0D:00:00:00:0B", 10, "10.10.1.1", false),
            ("no guest's", "i-0000000B", "D0:0D:00:00:00:0B", 10, "10.10.1.31", false),
            ("none", "i-0000000B", "D0:0D:00:00:00:0B", 10, "0.0.0.0", false),
            ("no MAC address", "i-0000000B", "", 10, "10.10.1.7", false),
            ("no MAC address", "i-0000000B", "00:00:00:00:00:00", 10, "10.10.1.7", false),
            ("no VLAN", "i-0000000B", "D0:0D:00:00:00:0B", -1, "10.10.1.7", false),
        ] {
            assert_eq!(tables.adopt(id, mac, vlan, address(ip)), adopted, "{row}");
        }
        assert!(tables.hosts.keys().eq(&[(10, 5), (10, 9)]));
        assert_eq!(tables.allocate("i-0000000B", 10, Some(5)), Err(Error::Taken { vlan: 10, index: 5 }));
        assert!(tables.release("i-0000000A", "D0:0D:00:00:00:0A", 10));
        tables.take_changes();
        assert_eq!(tables.stop(10), None, "it was not active");
        assert_eq!(tables.take_changes(), [Change::Delete(Key::Host { vlan: 10, index: 9 })]);

        let mut tables = c3(&MACMAP);
        let [(first, ip), (second, _)] = MACMAP;
        assert!(!tables.adopt("i-0000000A", second, -1, address(ip)), "no entry of the table");
        assert!(tables.adopt("i-0000000A", first, -1, address(ip)));
        assert!(!tables.adopt("i-0000000B", first, -1, address(ip)), "another's");
        assert_eq!(tables.allocate("i-0000000B", -1, None).unwrap().mac, second);
        assert_eq!(tables.stop(0), None);
        assert_eq!(tables.allocate("i-0000000C", -1, None), Err(Error::Full(0)));
        assert!(!Tables::new(Settings::System).adopt("i-0000000A", first, -1, address(ip)));
    }

    #[test]
    fn static_addresses_are_given_in_order_and_used_again() {
        let mut tables = c3(&MACMAP);
        assert_eq!(tables.addresses_per_network(), 255, "net_t047");
        assert!(tables.hosts.keys().eq(&[(0, 2), (0, 3)]), "net_t083");
        assert!(tables.hosts.values().all(|host| host.instance.is_none()), "net_t083");
        let first = parameters("AA:DD:11:CE:FF:ED", "192.168.1.2", "192.168.1.2");
        let second = parameters("AA:DD:11:CE:FF:EE", "192.168.1.3", "192.168.1.3");
        assert_eq!(tables.allocate("i-3F2504E0", 77, None), first, "net_t063");
        assert_eq!(tables.allocate("i-3F2504E1", -1, Some(-1)), second, "net_t064");
        assert_eq!(tables.allocate("i-3F2504E2", 0, None), Err(Error::Full(0)), "net_t064");
        assert!(tables.release("i-3F2504E0", "AA:DD:11:CE:FF:ED", 77));
        assert_eq!(tables.allocate("i-3F2504E3", 0, None), first, "net_t065");
        assert!(!tables.release("i-3F2504E0", "AA:DD:11:CE:FF:ED", 77), "it is another's now");
        assert_eq!(tables.allocate("i-3F2504E4", 0, None), Err(Error::Full(0)));
        assert_eq!(tables.allocate("badid", 0, None), Err(Error::InstanceId("badid".into())));
        assert!(!tables.release_instance("i-3F2504E0"), "it is another's now");
        assert!(tables.release_instance("i-3F2504E3"));
        assert_eq!(tables.allocate("i-rrlvpnvh", 0, None), first, "no MAC address is made of it");
    }

    #[test]
    fn net_t067_a_static_address_that_comes_twice_counts_once() {
        let [first, second] = MACMAP;
        let tables =
            c3(&[first, second, ("aa:dd:11:ce:ff:ee", "192.168.1.4"), ("02:00:00:00:00:01", second.1)]);
        assert_eq!(tables, c3(&MACMAP));
        let many: Vec<_> = (0..300_u32)
            .map(|at| {
                (
                    format!("02:00:00:00:{:02X}:{:02X}", at >> 8, at & 255),
                    Ipv4Addr::from_bits(0xc0a8_0102 + at).to_string(),
                )
            })
            .collect();
        let many: Vec<_> = many.iter().map(|(mac, ip)| (mac.as_str(), ip.as_str())).collect();
        assert_eq!(c3(&many).hosts.len(), 252, "indices 2 to 253");
    }

    #[test]
    fn net_t048_a_static_table_is_no_larger_than_a_network() {
        let Settings::Static(fixed) = fixed(&MACMAP) else { panic!("not STATIC") };
        let wide = StaticSettings { subnet: "10.0.0.0/8".parse().unwrap(), ..fixed };
        assert_eq!(Tables::new(Settings::Static(wide)).addresses_per_network(), 2048);
    }

    #[test]
    fn in_system_mode_only_the_mac_address_is_given() {
        let mut tables = Tables::new(Settings::System);
        let given = |mac: &str| parameters(mac, "0.0.0.0", "0.0.0.0");
        assert_eq!(tables.allocate("i-3F2504E0", -1, Some(-1)), given("d0:0d:3F:25:04:E0"), "net_t068");
        assert_eq!(tables.allocate("i-rrlvpnvh", -1, None), given("d0:0d:rr:lv:pn:vh"));
        for id in ["i-123", "i-123456789", "3F2506A1", "", "i-../../..", "i-1234567é"] {
            assert_eq!(tables.allocate(id, -1, None), Err(Error::InstanceId(id.into())), "cc_t088");
        }
        assert!(!tables.release("i-3F2504E0", "d0:0d:3F:25:04:E0", -1));
        assert_eq!((tables.addresses_per_network(), tables.is_managed()), (0, false));
        assert_eq!((tables.dhcp(), tables.tunnels(), tables.take_changes()), (None, None, vec![]));
    }

    #[test]
    fn networks_are_started_and_stopped_where_the_plan_has_them() {
        let mut tables = c1();
        for vlan in [2047, 1, 2048, -1, 0] {
            let refused = tables.startable(vlan, ("admin", "default").into());
            assert_eq!(refused, Err(Error::Vlan(vlan)), "net_t104 net_t105 net_t106");
        }
        start(&mut tables, 10, "admin", "default");
        let active = |tables: &Tables| -> Vec<_> {
            let active = tables.active();
            active
                .map(|(vlan, group, indices)| (vlan, group.user.clone(), group.name.clone(), indices))
                .collect()
        };
        let told = |indices| vec![(10, "admin".to_owned(), "default".to_owned(), indices)];
        assert_eq!(active(&tables), told(vec![0, 1, 31]), "as T-061");
        tables.allocate("i-00000001", 10, Some(2)).unwrap();
        tables.allocate("i-00000002", 10, Some(5)).unwrap();
        assert_eq!(active(&tables), told(vec![0, 1, 2, 5, 31]), "as T-062");
        let (stopped, closed) = tables.stop(10).unwrap();
        assert_eq!(closed, []);
        assert_eq!((stopped.vlan, stopped.subnet), (10, "10.10.1.0/27".parse().unwrap()));
        assert_eq!(active(&tables), []);
        assert_eq!(tables.groups().count(), 0, "net_t103");
        assert!(tables.hosts.is_empty(), "Q-09");
        assert_eq!(tables.stop(10), None);
        assert_eq!(tables.stop(2048), None, "as T-107");

        let untagged = Tables::new(settings("10.0.0.0/8", 2048, false));
        assert!(untagged.startable(4095, ("a", "b").into()).is_ok(), "Q-59");
        assert!(managed("10.0.0.0/8", 2048).startable(4095, ("a", "b").into()).is_err(), "Q-59");
        assert!(c3(&MACMAP).startable(10, ("a", "b").into()).is_err());
    }

    #[test]
    fn a_network_keeps_its_rules_while_it_is_the_same_groups() {
        let mut tables = c1();
        start(&mut tables, 10, "admin", "default");
        let mut network = tables.network(10).unwrap();
        network.rules.push(Rule { source: "0.0.0.0/0".parse().unwrap(), traffic: crate::Traffic::Any });
        tables.set_rules(vec![network.clone()]);
        assert_eq!(tables.startable(10, network.group.clone()), Ok(network.clone()));
        let other = tables.startable(10, ("bob", "web").into()).unwrap();
        assert_eq!(other.rules, []);
        tables.start(other);
        tables.set_rules(vec![network]);
        assert_eq!(tables.network(10).unwrap().rules, [], "these were for the group before");
        assert_eq!(tables.groups().map(|(_, group)| group.name.as_str()).collect::<Vec<_>>(), ["web"]);
    }

    #[test]
    fn nobody_is_admitted_in_place_of_a_group_that_is_gone() {
        fn admit(tables: &mut Tables, name: &str, from: crate::Source<'_>) {
            let ports = crate::Permission {
                kind: "firewall-open",
                user: "alice",
                name,
                protocol: "tcp",
                from: 3306,
                to: 3306,
            };
            let mut draft = tables.draft();
            assert_eq!(draft.permit(&ports, from), Ok(true));
            let changed = draft.finish();
            tables.set_rules(changed);
        }
        let ends: [fn(&mut Tables) -> Vec<Network>; 2] = [
            |tables| tables.stop(15).unwrap().1,
            |tables| {
                start(tables, 15, "bob", "web");
                [10].into_iter().filter_map(|vlan| tables.network(vlan)).collect()
            },
        ];
        for end in ends {
            let mut tables = c1();
            for (vlan, name) in [(10, "db"), (11, "cache"), (15, "web")] {
                start(&mut tables, vlan, "alice", name);
            }
            let web = crate::Source::Group { user: "alice", name: "web" };
            admit(&mut tables, "db", web);
            admit(&mut tables, "db", crate::Source::Group { user: "alice", name: "cache" });
            admit(&mut tables, "db", crate::Source::Net("10.10.0.0/16"));
            admit(&mut tables, "cache", crate::Source::Net("0.0.0.0/0"));
            tables.take_changes();
            let closed = end(&mut tables);
            let sources: Vec<_> =
                closed.iter().flat_map(|it| &it.rules).map(|rule| rule.source.to_string()).collect();
            assert_eq!((closed.len(), sources), (1, vec!["10.10.1.32/27".into(), "10.10.0.0/16".into()]));
            assert_eq!(closed, [tables.network(10).unwrap()]);
            let changed: Vec<_> = tables.take_changes().iter().map(Change::key).collect();
            assert_eq!(changed, [Key::Network(10), Key::Network(15)], "and no other");
        }
    }

    #[test]
    fn public_addresses_stand_for_private_ones() {
        let mut tables = c1();
        let (public, private) = (address("192.0.2.5"), address("10.10.1.2"));
        assert_eq!(tables.public_address(public), Ok(None));
        tables.map_public(public, private).unwrap();
        assert_eq!(tables.public_address(public), Ok(Some(private)));
        let told: Vec<_> = tables.public_addresses().collect();
        assert_eq!(told, [(public, Some(private)), (address("192.0.2.6"), None)], "as T-189");
        tables.unmap_public(public).unwrap();
        assert_eq!(tables.public_address(public), Ok(None));
        for unknown in ["0.0.0.0", "8.8.8.8"] {
            let unknown = address(unknown);
            assert_eq!(tables.public_address(unknown), Err(Error::NotPublic(unknown)), "net_t175");
            assert_eq!(tables.map_public(unknown, private), Err(Error::NotPublic(unknown)), "net_t176");
            assert_eq!(tables.unmap_public(unknown), Err(Error::NotPublic(unknown)));
        }
    }

    #[test]
    fn the_dhcp_server_answers_the_guests() {
        let mut tables = c1();
        start(&mut tables, 10, "admin", "default");
        assert_eq!(tables.dhcp(), Some(Dhcp::default()), "as T-203");
        assert!(!tables.dhcp().unwrap().has_hosts());
        tables.allocate("i-3F2504E0", 10, None).unwrap();
        let guest = |mac: &str, ip: &str| (mac.parse::<Mac>().unwrap(), address(ip));
        let mut first = DhcpSubnet {
            vlan: 10,
            subnet: "10.10.1.0/27".parse().unwrap(),
            broadcast: address("10.10.1.31"),
            router: address("10.10.1.1"),
            dns: vec![address("10.0.0.53")],
            hosts: vec![guest("D0:0D:3F:25:04:E0", "10.10.1.2")],
        };
        assert_eq!(tables.dhcp().unwrap().subnets, [first.clone()], "as T-200");
        assert!(tables.set_nameserver(address("192.168.7.9")));
        assert!(!tables.set_nameserver(address("192.168.7.9")));
        first.dns.push(address("192.168.7.9"));
        assert_eq!(tables.dhcp().unwrap().subnets, [first.clone()], "as T-201");
        tables.allocate("i-000000AA", 15, Some(3)).unwrap();
        let second = DhcpSubnet {
            vlan: 15,
            subnet: "10.10.1.160/27".parse().unwrap(),
            broadcast: address("10.10.1.191"),
            router: address("10.10.1.161"),
            hosts: vec![guest("D0:0D:00:00:00:AA", "10.10.1.163")],
            ..first.clone()
        };
        assert_eq!(tables.dhcp().unwrap().subnets, [first, second], "as T-202");

        let mut tables = c3(&MACMAP);
        let empty = DhcpSubnet {
            vlan: 0,
            subnet: "192.168.1.0/24".parse().unwrap(),
            broadcast: address("192.168.1.255"),
            router: address("192.168.1.1"),
            dns: vec![address("192.168.1.1")],
            hosts: vec![],
        };
        assert_eq!(tables.dhcp().unwrap().subnets, std::slice::from_ref(&empty), "as T-204");
        let given = tables.allocate("i-00000001", 0, None).unwrap();
        tables.allocate("i-00000002", 0, None).unwrap();
        let hosts = tables.dhcp().unwrap().subnets.remove(0).hosts;
        assert_eq!(hosts, MACMAP.map(|(mac, ip)| guest(mac, ip)), "as T-205");
        tables.release("i-00000001", &given.mac, 0);
        let hosts = tables.dhcp().unwrap().subnets.remove(0).hosts;
        assert_eq!(hosts, [guest(MACMAP[1].0, MACMAP[1].1)], "as T-212");
    }

    #[test]
    fn tunnels_join_the_active_networks_with_those_of_the_peers() {
        let mut tables = c1();
        start(&mut tables, 10, "admin", "default");
        assert_eq!(tables.tunnels(), Some(Tunnels { clusters: vec![], own: None, vlans: vec![10] }));
        let clusters = vec![address("192.168.7.2"), address("192.168.7.3")];
        assert_eq!(tables.set_peers(&clusters), Ok(true));
        assert_eq!(tables.tunnels(), Some(Tunnels { clusters, own: Some(0), vlans: vec![10] }));
        assert_eq!(tables.set_peers(&[address("127.0.0.1")]), Ok(true));
        assert_eq!(tables.tunnels().unwrap().own, Some(0), "the loop is always at home");
        let Settings::Managed(managed) = settings("10.10.0.0/16", 32, true) else { panic!("not MANAGED") };
        let without = ManagedSettings { tunnels: false, ..managed };
        assert_eq!(Tables::new(Settings::Managed(without)).tunnels(), None, "as T-238");
    }

    impl PartialEq for Tables {
        fn eq(&self, other: &Self) -> bool {
            (&self.networks, &self.hosts, &self.public, self.nameserver, &self.peers)
                == (&other.networks, &other.hosts, &other.public, other.nameserver, &other.peers)
        }
    }

    #[test]
    fn records_that_have_no_place_any_more_are_handed_back() {
        let mut tables = c1();
        start(&mut tables, 10, "admin", "default");
        start(&mut tables, 2046, "admin", "web");
        tables.allocate("i-00000001", 10, Some(20)).unwrap();
        tables.allocate("i-00000002", 10, Some(2)).unwrap();
        tables.map_public(address("192.0.2.5"), address("10.10.1.2")).unwrap();
        let records: Vec<_> = tables
            .take_changes()
            .into_iter()
            .map(|change| match change {
                Change::Put(record) => record,
                Change::Delete(key) => panic!("{key}"),
            })
            .collect();
        let plan = tables.record(Key::Plan).unwrap();
        let (mut same, misplaced) = Tables::restore(settings("10.10.0.0/16", 32, true), records.clone());
        assert_eq!((&same, misplaced), (&tables, vec![]));
        assert_eq!(
            same.take_changes(),
            [Change::Put(plan.clone())],
            "a state of before there was such a record"
        );
        let misplaced = |settings| -> Vec<_> {
            let (_, misplaced) = Tables::restore(settings, records.clone());
            misplaced.iter().map(|record| record.key().to_string()).collect()
        };
        let all = ["network/0010", "network/2046", "host/0010/0002", "host/0010/0020", "public/192.0.2.5"];
        assert_eq!(misplaced(settings("10.10.0.0/17", 32, true)), ["network/2046"]);
        assert_eq!(misplaced(settings("10.10.0.0/16", 16, true)), ["host/0010/0002", "host/0010/0020"]);
        assert_eq!(misplaced(Settings::System), all);
        assert_eq!(misplaced(fixed(&MACMAP)), all);

        // Networks and addresses that would be somewhere else are in the tables of nobody, until they are back.
        let planned = || [plan.clone()].into_iter().chain(records.clone());
        for (row, settings) in [
            ("net_t262: VNET_ADDRSPERNET", settings("10.10.0.0/16", 64, true)),
            ("net_t262: VNET_SUBNET", settings("10.11.0.0/16", 32, true)),
            ("net_t262: VNET_NETMASK", settings("10.10.0.0/15", 32, true)),
            ("net_t262: VNET_MODE", settings("10.10.0.0/16", 32, false)),
        ] {
            let (mut other, misplaced) = Tables::restore(settings, planned());
            let misplaced: Vec<_> = misplaced.iter().map(|record| record.key().to_string()).collect();
            assert_eq!(misplaced, all[..4], "{row}");
            assert_eq!(other.take_changes(), [], "{row}");
            assert_eq!((other.networks.len(), other.hosts.len()), (0, 0), "{row}");
        }
        let (mut same, misplaced) = Tables::restore(settings("10.10.0.0/16", 32, true), planned());
        assert_eq!((&same, misplaced), (&tables, vec![]));
        assert_eq!(same.take_changes(), []);
        let (mut other, misplaced) = Tables::restore(settings("10.10.0.0/16", 64, true), [plan]);
        let changed = vec![Change::Put(other.record(Key::Plan).unwrap())];
        assert_eq!((misplaced, other.take_changes()), (vec![], changed), "nothing is in use");
    }

    #[test]
    fn an_entry_put_before_those_in_use_leaves_no_record_of_a_guest_that_is_gone() {
        let mut journal: BTreeMap<Key, Record> = BTreeMap::new();
        let mut commit = |tables: &mut Tables| -> Vec<Record> {
            for change in tables.take_changes() {
                match change {
                    Change::Put(record) => drop(journal.insert(record.key(), record)),
                    Change::Delete(key) => drop(journal.remove(&key)),
                }
            }
            journal.values().cloned().collect()
        };
        let keys = |records: &[Record]| -> Vec<_> {
            records.iter().map(|record| record.key().to_string()).collect()
        };
        let mut tables = Tables::new(fixed(&MACMAP));
        let given = tables.allocate("i-00000001", 0, None).unwrap();
        tables.allocate("i-00000002", 0, None).unwrap();
        let records = commit(&mut tables);
        assert_eq!(keys(&records), ["host/0000/0002", "host/0000/0003"]);

        let shifted = [("AA:DD:11:CE:FF:EC", "192.168.1.9"), MACMAP[0], MACMAP[1]];
        let (mut tables, misplaced) = Tables::restore(fixed(&shifted), records);
        assert_eq!(misplaced, []);
        let records = commit(&mut tables);
        assert_eq!(keys(&records), ["host/0000/0003", "host/0000/0004"], "in place of the former two");
        let (same, misplaced) = Tables::restore(fixed(&shifted), records);
        assert_eq!((&same, misplaced), (&tables, vec![]));

        assert!(tables.release("i-00000001", &given.mac, 0));
        let records = commit(&mut tables);
        assert_eq!(keys(&records), ["host/0000/0004"]);
        // The entry that was in use is not any more, and may go.
        let (mut tables, misplaced) = Tables::restore(fixed(&MACMAP[1..]), records);
        assert_eq!(misplaced, []);
        assert_eq!(keys(&commit(&mut tables)), ["host/0000/0002"]);
    }

    #[derive(Debug, Clone)]
    enum Step {
        Allocate(u8, i32, Option<i32>),
        /// With the last byte of the address it had before, or might have had.
        Adopt(u8, i32, u8),
        Release(u8),
        Start(i32, u8),
        Stop(u16),
        Map(u8, u8),
        Unmap(u8),
        /// From the group of the third number, if there is one, or from anywhere.
        Permit(u8, i32, u8),
        Nameserver(u8),
        Peers(Vec<u8>),
    }

    fn step() -> impl Strategy<Value = Step> {
        let vlan = prop_oneof![Just(0), Just(1), 2..5, Just(2046), Just(2047), any::<i32>()];
        let index = proptest::option::of(prop_oneof![-1..10, 28..33, any::<i32>()]);
        prop_oneof![
            6 => (0..40_u8, vlan.clone(), index).prop_map(|(id, vlan, index)| Step::Allocate(id, vlan, index)),
            4 => (0..40_u8).prop_map(Step::Release),
            2 => (0..40_u8, vlan.clone(), 0..70_u8).prop_map(|(id, vlan, last)| Step::Adopt(id, vlan, last)),
            1 => (vlan, 0..3_u8).prop_map(|(vlan, group)| Step::Start(vlan, group)),
            1 => (0..6_u16).prop_map(Step::Stop),
            1 => (0..4_u8, 0..4_u8).prop_map(|(public, private)| Step::Map(public, private)),
            1 => (0..4_u8).prop_map(Step::Unmap),
            2 => (0..3_u8, -1..70_000, 0..4_u8).prop_map(|(group, port, from)| Step::Permit(group, port, from)),
            1 => any::<u8>().prop_map(Step::Nameserver),
            1 => proptest::collection::vec(0..5_u8, 0..10).prop_map(Step::Peers),
        ]
    }

    /// Carries out the steps beside a simple account of who has which address.
    fn run(settings: Settings, steps: Vec<Step>) -> Result<(), TestCaseError> {
        let mut tables = Tables::new(settings.clone());
        let mut journal: HashMap<String, Record> = HashMap::new();
        let mut given: HashMap<u8, (Parameters, i32)> = HashMap::new();
        // By VLAN and source, whose guests a rule was meant for.
        let mut meant: HashMap<(u16, Ipv4Net), Group> = HashMap::new();
        let id = |number: u8| format!("i-000000{number:02x}");
        for step in steps {
            match step {
                Step::Allocate(number, vlan, index) => {
                    if given.contains_key(&number) {
                        continue;
                    }
                    let Ok(parameters) = tables.allocate(&id(number), vlan, index) else { continue };
                    let used = given
                        .values()
                        .any(|(other, _)| other.private == parameters.private || other.mac == parameters.mac);
                    prop_assert!(!used, "{parameters:?} was given already");
                    if let Settings::Managed(managed) = &settings {
                        let (_, network) = managed.plan.network(vlan).unwrap();
                        let place = parameters.private.to_bits() - network.network().to_bits();
                        prop_assert!((2..=30).contains(&place));
                        prop_assert!(index.is_none_or(|index| index as u32 == place));
                    }
                    given.insert(number, (parameters, vlan));
                }
                Step::Adopt(number, vlan, last) => {
                    if given.contains_key(&number) {
                        continue;
                    }
                    let (mac, private) = match (&settings, MACMAP.get(usize::from(last % 2))) {
                        (Settings::Static(_), Some((mac, ip))) => ((*mac).to_owned(), address(ip)),
                        _ => (
                            Mac::of_instance(&id(number)).unwrap().to_string(),
                            Ipv4Addr::new(10, 10, 0, last),
                        ),
                    };
                    let used = given.values().any(|(other, _)| other.private == private);
                    let adopted = tables.adopt(&id(number), &mac, vlan, private);
                    prop_assert!(!(used && adopted), "{private} was given already");
                    if adopted {
                        let public = Ipv4Addr::UNSPECIFIED;
                        given.insert(number, (Parameters { mac, private, public }, vlan));
                    }
                }
                Step::Release(number) => {
                    let Some((parameters, vlan)) = given.remove(&number) else { continue };
                    prop_assert!(tables.release(&id(number), &parameters.mac, vlan));
                    prop_assert!(!tables.release(&id(number), &parameters.mac, vlan));
                    if let Settings::Managed(_) = &settings {
                        let index = Some(parameters.private.to_bits() as i32 & 31);
                        let again = tables.allocate(&id(number), vlan, index);
                        prop_assert_eq!(again, Ok(parameters.clone()));
                        prop_assert!(tables.release(&id(number), &parameters.mac, vlan));
                    }
                }
                Step::Start(vlan, group) => {
                    if let Ok(network) = tables.startable(vlan, ("u", format!("g{group}").as_str()).into()) {
                        tables.start(network);
                    }
                }
                Step::Stop(vlan) => {
                    tables.stop(vlan);
                    given.retain(|_, (_, other)| !tables.is_managed() || *other != i32::from(vlan));
                }
                Step::Map(public, private) => {
                    let _ = tables
                        .map_public(Ipv4Addr::new(192, 0, 2, 4 + public), Ipv4Addr::new(10, 10, 0, private));
                }
                Step::Unmap(public) => drop(tables.unmap_public(Ipv4Addr::new(192, 0, 2, 4 + public))),
                Step::Permit(group, port, from) => {
                    let (name, from) = (format!("g{group}"), format!("g{from}"));
                    let permission = crate::Permission {
                        kind: "firewall-open",
                        user: "u",
                        name: &name,
                        protocol: "tcp",
                        from: port,
                        to: port,
                    };
                    let mut draft = tables.draft();
                    let source = match from.as_str() {
                        "g3" => crate::Source::Net("0.0.0.0/0"),
                        name => crate::Source::Group { user: "u", name },
                    };
                    let _ = draft.permit(&permission, source);
                    let changed = draft.finish();
                    for network in &changed {
                        let new =
                            network.rules.iter().filter(|rule| !tables.rules(network.vlan).contains(rule));
                        meant.extend(new.map(|it| ((network.vlan, it.source), ("u", from.as_str()).into())));
                    }
                    tables.set_rules(changed);
                }
                Step::Nameserver(last) => {
                    tables.set_nameserver(Ipv4Addr::new(10, 0, 0, last));
                }
                Step::Peers(last) => {
                    let list: Vec<_> = last.iter().map(|last| Ipv4Addr::new(192, 168, 7, *last)).collect();
                    let _ = tables.set_peers(&list);
                }
            }
            for (vlan, rule) in
                tables.networks.iter().flat_map(|(vlan, it)| it.rules.iter().map(|rule| (*vlan, rule)))
            {
                if rule.source.prefix_len() > 0 {
                    let mut there =
                        tables.groups().filter(|(vlan, _)| tables.subnet(*vlan) == Some(rule.source));
                    prop_assert_eq!(there.next().map(|(_, group)| group), meant.get(&(vlan, rule.source)));
                }
            }
            for change in tables.take_changes() {
                match change {
                    Change::Put(record) => {
                        let stored = serde_json::to_string(&record).unwrap();
                        let read = serde_json::from_str(&stored).unwrap();
                        prop_assert_eq!(&record, &read);
                        journal.insert(record.key().to_string(), read);
                    }
                    Change::Delete(key) => drop(journal.remove(&key.to_string())),
                }
            }
        }
        let in_use = tables.hosts.values().filter(|host| host.instance.is_some()).count();
        prop_assert_eq!(in_use, given.len());
        let (restored, misplaced) = Tables::restore(settings, journal.into_values());
        prop_assert_eq!(misplaced, vec![]);
        prop_assert_eq!(restored, tables);
        Ok(())
    }

    proptest! {
        #[test]
        fn no_address_is_given_twice_and_a_journal_rebuilds_the_tables(
            steps in proptest::collection::vec(step(), 0..120),
        ) {
            run(settings("10.10.0.0/16", 32, true), steps.clone())?;
            run(fixed(&MACMAP), steps.clone())?;
            run(fixed(&[]), steps)?;
        }
    }
}
