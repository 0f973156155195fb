//! Network devices and their IPv4 addresses: what there is, what there is to be, and the way there by netlink.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use rtnetlink::packet_core::ErrorMessage;
use rtnetlink::packet_route::AddressFamily;
use rtnetlink::packet_route::address::{AddressAttribute, AddressMessage, AddressScope};
use rtnetlink::packet_route::link::{
    BridgeStpState, InfoBridge, InfoBridgePort, InfoData, InfoKind, InfoPortData, LinkAttribute, LinkFlags,
    LinkInfo, LinkMessage,
};
use rtnetlink::{Handle, LinkBridge, LinkBridgePort, LinkUnspec, LinkVlan, LinkVxlan, LinkWireguard};

/// Time of a bridge in hundredths of a second: what `brctl setfd 2` and `brctl sethello 2` set (network.md §13.2).
const TWO_SECONDS: u32 = 200;

/// A device to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// What it is.
    pub kind: Kind,
    /// The bridge it is a port of.
    pub master: Option<String>,
    /// Whether, as a port, it passes nothing to other such ports: how tunnels form a mesh without loops.
    pub isolated: bool,
    /// Largest packet in bytes; the kernel's choice where nothing is said.
    pub mtu: Option<u32>,
}

/// Kinds of devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A bridge, with the spanning tree protocol or without.
    Bridge {
        /// Whether it speaks the protocol, with timers of two seconds.
        stp: bool,
    },
    /// The frames of another device that carry a tag.
    Vlan {
        /// The other device.
        parent: String,
        /// The tag, 1 to 4094.
        tag: u16,
    },
    /// A tunnel of Ethernet frames over UDP to one peer.
    Vxlan {
        /// Its network identifier, 24 bits.
        id: u32,
        /// Our address.
        local: Ipv4Addr,
        /// The peer's.
        remote: Ipv4Addr,
        /// UDP port at both ends.
        port: u16,
    },
    /// An encrypted tunnel of packets; its peers are set apart from it.
    WireGuard,
    /// A device whose other end a program takes; it is made apart from here, and stays when that ends.
    Tap,
    /// A bridge of the site's, which is there, and is to speak the spanning tree protocol.
    SiteBridge,
}

impl Kind {
    fn is_bridge(&self) -> bool {
        matches!(self, Self::Bridge { .. } | Self::SiteBridge)
    }

    fn has_stp(&self) -> bool {
        matches!(self, Self::Bridge { stp: true } | Self::SiteBridge)
    }
}

impl Device {
    /// A device of this kind that is no port.
    pub fn new(kind: Kind) -> Self {
        Self { kind, master: None, isolated: false, mtu: None }
    }

    /// The same as a port of this bridge.
    #[must_use]
    pub fn port_of(self, bridge: impl Into<String>) -> Self {
        Self { master: Some(bridge.into()), ..self }
    }
}

/// An address of a device.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The device.
    pub device: String,
    /// The address.
    pub address: Ipv4Addr,
    /// Length of its network's prefix.
    pub prefix: u8,
    /// Whether it is for neighbours only, not for the world.
    pub link_scope: bool,
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{} on {}", self.address, self.prefix, self.device)
    }
}

/// What there is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Our devices by name; all are up.
    pub devices: BTreeMap<String, Device>,
    /// Our addresses, on devices of ours and on the site's.
    pub addresses: BTreeSet<Address>,
}

/// A device that there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The kernel's number.
    pub index: u32,
    /// `bridge`, `vlan`, `vxlan`, …; nothing for hardware.
    pub kind: Option<InfoKind>,
    /// Whether it is a bridge that speaks the spanning tree protocol.
    pub stp: bool,
    /// The bridge it is a port of, by number.
    pub master: Option<u32>,
    /// Whether it is switched on.
    pub up: bool,
    /// Whether it passes nothing to other such ports.
    pub isolated: bool,
    /// Largest packet in bytes.
    pub mtu: u32,
}

/// What there is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Present {
    /// All devices by name.
    pub links: BTreeMap<String, Link>,
    /// All IPv4 addresses.
    pub addresses: BTreeSet<Address>,
}

impl Present {
    /// Whether there is a bridge of this name.
    pub fn is_bridge(&self, name: &str) -> bool {
        self.links.get(name).is_some_and(|link| link.kind == Some(InfoKind::Bridge))
    }

    /// Names of the ports of a bridge.
    pub fn ports<'a>(&'a self, bridge: &str) -> impl Iterator<Item = &'a str> {
        let index = self.links.get(bridge).map(|link| link.index);
        let is_port = move |link: &Link| index.is_some() && link.master == index;
        self.links.iter().filter(move |(_, link)| is_port(link)).map(|(name, _)| name.as_str())
    }
}

/// One step from what there is to what there is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A device comes into being, up, and a port if it is to be one.
    Add(String, Device),
    /// A device becomes what it should have been: port, isolated, up.
    Mend(String, Device),
    /// A device goes.
    Remove(String),
    /// An address is added.
    AddAddress(Address),
    /// An address goes.
    RemoveAddress(Address),
}

impl Step {
    /// Whether there is less after it than before.
    pub fn takes_away(&self) -> bool {
        matches!(self, Self::Remove(_) | Self::RemoveAddress(_))
    }

    /// Whether it leads to something else than this.
    pub fn makes_other(&self, than: &Wanted) -> bool {
        match self {
            Self::Add(name, device) | Self::Mend(name, device) => than.devices.get(name) != Some(device),
            Self::Remove(name) => than.devices.contains_key(name),
            Self::AddAddress(address) => !than.addresses.contains(address),
            Self::RemoveAddress(address) => than.addresses.contains(address),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add(name, _) => write!(out, "add device {name}"),
            Self::Mend(name, _) => write!(out, "mend device {name}"),
            Self::Remove(name) => write!(out, "remove device {name}"),
            Self::AddAddress(address) => write!(out, "add address {address}"),
            Self::RemoveAddress(address) => write!(out, "remove address {address}"),
        }
    }
}

/// The steps from what was `wanted` before, and is there, to what is `wanted` now; nothing where devices go, for which
/// one has to look what else hangs on them.
pub fn additions(before: &Arc<Wanted>, wanted: &Arc<Wanted>) -> Option<Vec<Step>> {
    if Arc::ptr_eq(before, wanted) {
        return Some(Vec::new());
    }
    if before.devices.keys().any(|name| !wanted.devices.contains_key(name)) {
        return None;
    }
    let changed = wanted.devices.iter().filter(|(name, device)| before.devices.get(*name) != Some(*device));
    let (bridges, others): (Vec<_>, Vec<_>) = changed.partition(|(_, device)| device.kind.is_bridge());
    let made =
        bridges.into_iter().chain(others).map(|(name, device)| Step::Add(name.clone(), device.clone()));
    let freed = before.addresses.difference(&wanted.addresses).cloned().map(Step::RemoveAddress);
    let given = wanted.addresses.difference(&before.addresses).cloned().map(Step::AddAddress);
    Some(freed.chain(made).chain(given).collect())
}

/// The steps from `present` to `wanted`, in their order. `is_ours` says of a device, `is_our_address` of an address that
/// is not wanted whether it is left over from us; what is somebody else's stays.
pub fn steps(
    wanted: &Wanted,
    present: &Present,
    is_ours: impl Fn(&str, &Link) -> bool,
    is_our_address: impl Fn(&Address) -> bool,
) -> Vec<Step> {
    let surplus =
        |(name, link): &(&String, &Link)| !wanted.devices.contains_key(*name) && is_ours(name, link);
    // Ports before their bridges, though the kernel would not mind.
    let (bridges, others): (Vec<_>, Vec<_>) =
        present.links.iter().filter(surplus).partition(|(_, link)| link.kind == Some(InfoKind::Bridge));
    let gone = others.into_iter().chain(bridges).map(|(name, _)| Step::Remove(name.clone()));
    let (bridges, others): (Vec<_>, Vec<_>) =
        wanted.devices.iter().partition(|(_, device)| device.kind.is_bridge());
    let made = bridges.into_iter().chain(others).filter_map(|(name, device)| {
        let step = match present.links.get(name) {
            None => Step::Add,
            Some(link) if !is_as_wanted(device, link, present) => Step::Mend,
            Some(_) => return None,
        };
        Some(step(name.clone(), device.clone()))
    });
    let freed = present
        .addresses
        .difference(&wanted.addresses)
        .filter(|address| is_our_address(address))
        .map(|address| Step::RemoveAddress(address.clone()));
    let given =
        wanted.addresses.difference(&present.addresses).map(|address| Step::AddAddress(address.clone()));
    freed.chain(gone).chain(made).chain(given).collect()
}

fn is_as_wanted(device: &Device, link: &Link, present: &Present) -> bool {
    let master = device.master.as_ref().map(|master| present.links.get(master).map(|master| master.index));
    link.up
        && master.is_none_or(|master| master == link.master && master.is_some())
        && link.isolated == device.isolated
        && device.mtu.is_none_or(|mtu| mtu == link.mtu)
        && (link.stp || !device.kind.has_stp())
}

/// What the kernel has refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A netlink socket cannot be had.
    #[error("cannot talk to the kernel")]
    Open(#[source] io::Error),
    /// Devices or addresses cannot be listed.
    #[error("cannot list devices and addresses")]
    List(#[source] io::Error),
    /// There is no device of this name.
    #[error("there is no device {0}")]
    Missing(String),
    /// A step was refused.
    #[error("cannot {step}")]
    Step {
        /// The step.
        step: Box<Step>,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// The kernel's devices and addresses.
#[derive(Debug, Clone)]
pub struct Links(Handle);

impl Links {
    /// A connection to the kernel, in the network namespace of the calling thread.
    ///
    /// # Errors
    /// When there is no socket to be had.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn open() -> Result<Self, Error> {
        let (connection, handle, _) = rtnetlink::new_connection().map_err(Error::Open)?;
        tokio::spawn(connection);
        Ok(Self(handle))
    }

    /// What there is.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub async fn present(&self) -> Result<Present, Error> {
        let list = |error| Error::List(reason(error));
        let mut messages = self.0.link().get().execute();
        let mut links = BTreeMap::new();
        while let Some(message) = messages.try_next().await.map_err(list)? {
            links.extend(link(message));
        }
        let names: BTreeMap<u32, &String> = links.iter().map(|(name, link)| (link.index, name)).collect();
        let mut messages = self.0.address().get().execute();
        let mut addresses = BTreeSet::new();
        while let Some(message) = messages.try_next().await.map_err(list)? {
            addresses.extend(address(&message, &names));
        }
        Ok(Present { links, addresses })
    }

    /// Takes a step. What is so already is no error: somebody may have been faster.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub async fn take(&self, step: &Step) -> Result<(), Error> {
        let refused = |error| Error::Step { step: Box::new(step.clone()), source: reason(error) };
        let tolerate = |result: Result<(), _>, errno: nix::Error| match result.map_err(reason) {
            Err(error) if error.raw_os_error() == Some(errno as i32) => Ok(()),
            Err(source) => Err(Error::Step { step: Box::new(step.clone()), source }),
            Ok(()) => Ok(()),
        };
        match step {
            Step::Add(name, device) => {
                if let Some(message) = self.message(name, device).await? {
                    tolerate(self.0.link().add(message).execute().await, nix::Error::EEXIST)?;
                }
                self.mend(name, device).await?.map_err(refused)
            }
            Step::Mend(name, device) => {
                if device.kind.has_stp() {
                    let stp = InfoBridge::StpState(BridgeStpState::KernelStp);
                    let message = LinkBridge::new(name).append_info_data(stp).build();
                    self.0.link().change(message).execute().await.map_err(refused)?;
                }
                self.mend(name, device).await?.map_err(refused)
            }
            Step::Remove(name) => match self.index(name).await {
                Ok(index) => tolerate(self.0.link().del(index).execute().await, nix::Error::ENODEV),
                Err(Error::Missing(_)) => Ok(()),
                Err(error) => Err(error),
            },
            Step::AddAddress(address) => {
                let message = self.address(address).await?;
                let mut request =
                    self.0.address().add(message.header.index, address.address.into(), address.prefix);
                *request.message_mut() = message;
                tolerate(request.execute().await, nix::Error::EEXIST)
            }
            Step::RemoveAddress(address) => match self.address(address).await {
                Ok(message) => {
                    tolerate(self.0.address().del(message).execute().await, nix::Error::EADDRNOTAVAIL)
                }
                Err(Error::Missing(_)) => Ok(()),
                Err(error) => Err(error),
            },
        }
    }

    /// The request that makes a device, if it is made here.
    async fn message(&self, name: &str, device: &Device) -> Result<Option<LinkMessage>, Error> {
        Ok(Some(match &device.kind {
            Kind::Bridge { stp } => {
                let bridge = LinkBridge::new(name)
                    .append_info_data(InfoBridge::ForwardDelay(TWO_SECONDS))
                    .append_info_data(InfoBridge::HelloTime(TWO_SECONDS));
                let state = if *stp { BridgeStpState::KernelStp } else { BridgeStpState::Disabled };
                bridge.append_info_data(InfoBridge::StpState(state)).build()
            }
            Kind::Vlan { parent, tag } => LinkVlan::new(name, self.index(parent).await?, *tag).build(),
            Kind::Vxlan { id, local, remote, port } => {
                LinkVxlan::new(name, *id).local(*local).remote(*remote).port(*port).learning(false).build()
            }
            Kind::WireGuard => LinkWireguard::new(name).build(),
            Kind::Tap | Kind::SiteBridge => return Ok(None),
        }))
    }

    /// Has a device be a port, isolated, of the right size and up.
    async fn mend(&self, name: &str, device: &Device) -> Result<Result<(), rtnetlink::Error>, Error> {
        let index = self.index(name).await?;
        let mut message = LinkUnspec::new_with_index(index).up();
        if let Some(master) = &device.master {
            message = message.controller(self.index(master).await?);
        }
        if let Some(mtu) = device.mtu {
            message = message.mtu(mtu);
        }
        let mended = self.0.link().set(message.build()).execute().await;
        if mended.is_err() || !device.isolated {
            return Ok(mended);
        }
        let port = LinkBridgePort::new(index).append_info_data(InfoBridgePort::Isolated(true)).build();
        Ok(self.0.link().set_port(port).execute().await)
    }

    async fn address(&self, address: &Address) -> Result<AddressMessage, Error> {
        let mut message = AddressMessage::default();
        message.header.family = AddressFamily::Inet;
        message.header.prefix_len = address.prefix;
        message.header.index = self.index(&address.device).await?;
        message.header.scope = if address.link_scope { AddressScope::Link } else { AddressScope::Universe };
        let ip = IpAddr::V4(address.address);
        message.attributes = vec![AddressAttribute::Local(ip), AddressAttribute::Address(ip)];
        if let Ok(net) = ipnet::Ipv4Net::new(address.address, address.prefix)
            && address.prefix < 31
        {
            message.attributes.push(AddressAttribute::Broadcast(net.broadcast()));
        }
        Ok(message)
    }

    /// The kernel's number of a device.
    async fn index(&self, name: &str) -> Result<u32, Error> {
        let mut found = self.0.link().get().match_name(name).execute();
        match found.try_next().await.map_err(reason) {
            Ok(Some(message)) => Ok(message.header.index),
            Ok(None) => Err(Error::Missing(name.to_owned())),
            Err(error) if error.raw_os_error() == Some(nix::Error::ENODEV as i32) => {
                Err(Error::Missing(name.to_owned()))
            }
            Err(error) => Err(Error::List(error)),
        }
    }
}

fn reason(error: rtnetlink::Error) -> io::Error {
    match error {
        rtnetlink::Error::NetlinkError(ErrorMessage { code: Some(code), .. }) => {
            io::Error::from_raw_os_error(code.get().saturating_abs())
        }
        other => io::Error::other(other),
    }
}

fn link(message: LinkMessage) -> Option<(String, Link)> {
    let mut link = Link {
        index: message.header.index,
        kind: None,
        stp: false,
        master: None,
        up: message.header.flags.contains(LinkFlags::Up),
        isolated: false,
        mtu: 0,
    };
    let mut name = None;
    for attribute in message.attributes {
        match attribute {
            LinkAttribute::IfName(text) => name = Some(text),
            LinkAttribute::Controller(index) => link.master = Some(index),
            LinkAttribute::Mtu(mtu) => link.mtu = mtu,
            LinkAttribute::LinkInfo(infos) => {
                for info in infos {
                    match info {
                        LinkInfo::Kind(kind) => link.kind = Some(kind),
                        LinkInfo::Data(InfoData::Bridge(facts)) => {
                            // Also where `/sbin/bridge-stp` has a program speak it instead of the kernel.
                            let off = BridgeStpState::Disabled;
                            link.stp = facts
                                .iter()
                                .any(|fact| matches!(fact, InfoBridge::StpState(state) if *state != off));
                        }
                        LinkInfo::PortData(InfoPortData::BridgePort(port)) => {
                            link.isolated = port.contains(&InfoBridgePort::Isolated(true));
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Some((name?, link))
}

fn address(message: &AddressMessage, names: &BTreeMap<u32, &String>) -> Option<Address> {
    let local = message.attributes.iter().find_map(|attribute| match attribute {
        AddressAttribute::Local(IpAddr::V4(address)) => Some(*address),
        _ => None,
    });
    Some(Address {
        device: (*names.get(&message.header.index)?).clone(),
        address: local?,
        prefix: message.header.prefix_len,
        link_scope: message.header.scope == AddressScope::Link,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_speaks_the_spanning_tree_protocol_whoever_does_it() {
        let bridge = Device::new(Kind::Bridge { stp: true });
        for (state, speaks) in [
            (BridgeStpState::Disabled, false),
            (BridgeStpState::KernelStp, true),
            (BridgeStpState::UserStp, true),
        ] {
            let facts = vec![InfoBridge::HelloTime(TWO_SECONDS), InfoBridge::StpState(state)];
            let infos = vec![LinkInfo::Kind(InfoKind::Bridge), LinkInfo::Data(InfoData::Bridge(facts))];
            let mut message = LinkMessage::default();
            message.header.flags = LinkFlags::Up;
            message.attributes =
                vec![LinkAttribute::IfName("eucabr10".to_owned()), LinkAttribute::LinkInfo(infos)];
            let (name, link) = link(message).unwrap();
            assert_eq!((name.as_str(), link.stp), ("eucabr10", speaks), "{state:?}");
            assert_eq!(
                is_as_wanted(&bridge, &link, &Present::default()),
                speaks,
                "mended, if not: {state:?}"
            );
        }
    }
}
