//! What follows when public addresses have come, or stand for another guest (network.md §4.7, §8.5): neighbours learn
//! that they are here now, and the kernel forgets connections that go another way than new ones would, so that none
//! goes on to a former owner.
//!
//! No order waits for it or fails by it. However many orders come meanwhile, what is due is one set of addresses and one
//! translation, the latest. What fails stays due until the next look around.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::mem::take;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsRawFd as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use ipnet::Ipv4Net;
use netlink_packet_netfilter::conntrack::{ConntrackAttribute, ConntrackMessage, IPTuple, Tuple};
use netlink_packet_netfilter::{
    NetfilterHeader, NetfilterMessage, NetfilterMessageInner, NetfilterProtoFamily,
};
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockType, bind, send, setsockopt, socket, sockopt,
};
use nix::sys::time::TimeVal;
use rtnetlink::packet_core::{
    NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload, Nla as _,
};
use rtnetlink::proto::{ConnectionHandle, new_connection};
use rtnetlink::sys::{SocketAddr, protocols::NETLINK_NETFILTER};
use tokio::time::timeout;

use crate::links::{Address, Wanted};
use crate::plan::{Active, Site};

/// How long the kernel may take, for either of the two.
const PATIENCE: Duration = Duration::from_secs(15);
/// Ethernet, as devices and ARP number kinds of hardware.
const ETHERNET: u16 = 1;
/// Beside its addresses and ports, what tells a connection from another one: its number and its zone.
const IDENTITY: [u16; 2] = [12, 18];

/// What is due, and whose turn it is to do it.
#[derive(Default)]
pub(crate) struct Aftermath {
    due: Mutex<Due>,
    turn: tokio::sync::Mutex<Failing>,
}

#[derive(Default)]
struct Due {
    arrived: BTreeSet<Address>,
    /// Translates as this does.
    translation: Option<(Arc<Site>, Arc<Active>)>,
    /// What there is to be by the last order: nothing else is announced.
    wanted: Arc<Wanted>,
    /// Whether a task has been told to do it.
    is_told: bool,
}

/// What orders have changed that something follows from.
#[derive(Default)]
pub(crate) struct News {
    /// Public addresses that were not there before.
    pub arrived: BTreeSet<Address>,
    /// Whether addresses may be translated in another way.
    pub translates: bool,
}

/// What has failed when it was tried last: the log has it.
#[derive(Default)]
struct Failing {
    announce: bool,
    forget: bool,
}

impl Aftermath {
    /// Has neighbours learn of the addresses that have arrived, and connections forgotten that contradict a new
    /// translation; soon. What was to be announced and is not `wanted` any more is left out.
    pub fn follow(
        self: &Arc<Self>,
        news: News,
        site: &Arc<Site>,
        active: &Arc<Active>,
        wanted: &Arc<Wanted>,
    ) {
        let is_news = news.translates || !news.arrived.is_empty();
        let mut due = self.due();
        due.wanted = Arc::clone(wanted);
        due.announce(news.arrived);
        if news.translates {
            due.translation = Some((Arc::clone(site), Arc::clone(active)));
        }
        if is_news && !due.is_told {
            due.is_told = true;
            let this = Arc::clone(self);
            tokio::spawn(async move { this.finish().await });
        }
    }

    /// Does what is due, after whoever is at it.
    pub async fn finish(&self) {
        let mut failing = self.turn.lock().await;
        let (arrived, translation) = {
            let mut due = self.due();
            due.is_told = false;
            (Arc::new(take(&mut due.arrived)), due.translation.take())
        };
        if !arrived.is_empty() {
            let announced = Arc::clone(&arrived);
            let work = tokio::task::spawn_blocking(move || announce(&announced));
            let done = timeout(PATIENCE, work).await.map(|done| done.unwrap_or_else(|end| Err(end.into())));
            if !tell(&mut failing.announce, "neighbours do not learn of new public addresses", done) {
                self.due().announce(arrived.iter().cloned());
            }
        }
        if let Some((site, active)) = translation {
            let done = timeout(PATIENCE, forget(&Translation::new(&site, &active))).await;
            if !tell(&mut failing.forget, "connections may go on to former owners of public addresses", done)
            {
                self.due().translation.get_or_insert((site, active));
            }
        }
    }

    fn due(&self) -> MutexGuard<'_, Due> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Due {
    fn announce(&mut self, arrived: impl IntoIterator<Item = Address>) {
        self.arrived.extend(arrived);
        self.arrived.retain(|address| self.wanted.addresses.contains(address));
    }
}

/// Says what the consequence of a failure is, unless the last try has failed as well. Brings whether it is done.
fn tell(failing: &mut bool, consequence: &str, done: Result<io::Result<()>, impl Into<io::Error>>) -> bool {
    let done = done.unwrap_or_else(|late| Err(late.into()));
    if let Err(error) = &done
        && !*failing
    {
        tracing::warn!(%error, "{consequence}");
    }
    *failing = done.is_err();
    !*failing
}

/// Tells everybody on the devices of these addresses, once, that they are there (RFC 5227 §2.3). Blocks.
fn announce(arrived: &BTreeSet<Address>) -> io::Result<()> {
    let arrived: Vec<_> = arrived.iter().collect();
    for addresses in arrived.chunk_by(|one, other| one.device == other.device) {
        let device = &addresses[0].device;
        let mut found = getifaddrs()?.filter(|found| found.interface_name == *device);
        let own = found.find_map(|found| Some(*found.address?.as_link_addr()?));
        let own = own.ok_or_else(|| io::Error::other(format!("there is no device {device}")))?;
        // Others have no ARP.
        let Some(mac) = own.addr().filter(|_| own.hatype() == ETHERNET) else { continue };
        // Without a protocol, it hears nothing.
        let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None)?;
        setsockopt(&socket, sockopt::SendTimeout, &TimeVal::new(5, 0))?;
        bind(socket.as_raw_fd(), &own)?;
        for address in addresses {
            send(socket.as_raw_fd(), &announcement(mac, address.address), MsgFlags::empty())?;
        }
    }
    Ok(())
}

/// A question to everybody for the address, by the one who has it.
fn announcement(mac: [u8; 6], address: Ipv4Addr) -> Vec<u8> {
    let address = address.octets();
    let question = [&[0, 1, 8, 0, 6, 4, 0, 1][..], &mac, &address, &[0; 6], &address].concat();
    [&[0xff; 6][..], &mac, &[8, 6], &question].concat()
}

/// Who stands for whom, of ours.
struct Translation {
    /// Guests' own addresses.
    private: Ipv4Net,
    /// Addresses outside, in use or not.
    public: BTreeSet<Ipv4Addr>,
    mapped: BTreeMap<Ipv4Addr, Ipv4Addr>,
    /// Guests that an address outside stands for.
    guests: BTreeSet<Ipv4Addr>,
}

/// Where packets of one direction come from and go to.
#[derive(Debug, Clone, Copy)]
struct Way {
    from: Ipv4Addr,
    to: Ipv4Addr,
}

impl Translation {
    fn new(site: &Site, active: &Active) -> Self {
        Self {
            private: site.managed.plan.subnet(),
            public: site.managed.public.addresses().collect(),
            mapped: active.mapped.clone(),
            guests: active.mapped.values().copied().collect(),
        }
    }

    /// Whether a connection that begins now would go another way than this one, whose packets go so `there`, as its
    /// first one was sent, and so `back`, as answers are sent. It is of no interest unless an address of ours is
    /// translated, or is to be.
    fn contradicts(&self, there: Way, back: Way) -> bool {
        let is_former = match self.mapped.get(&there.to) {
            Some(guest) => back.from != *guest,
            None => self.public.contains(&there.to) && self.private.contains(&back.from),
        };
        let is_translated = self.private.contains(&there.from) && back.to != there.from;
        let was_other = || match self.mapped.get(&back.to) {
            Some(guest) => *guest != there.from,
            // By its host's address, where it has one of its own now.
            None => self.public.contains(&back.to) || self.guests.contains(&there.from),
        };
        is_former || (is_translated && was_other())
    }
}

/// Has the kernel forget the connections that contradict this: their next packets are first ones. One that it does not
/// forget is not in the way of the others.
async fn forget(translation: &Translation) -> io::Result<()> {
    // A connection in the network namespace of the calling thread, over when its handle is dropped.
    let (connection, kernel, _) = new_connection::<NetfilterMessage>(NETLINK_NETFILTER)?;
    tokio::spawn(connection);
    let mut former = Vec::new();
    ask(&kernel, ConntrackMessage::Get(Vec::new()), NLM_F_DUMP, |attributes| {
        former.extend(ways(&attributes).and_then(|(there, back)| {
            translation.contradicts(there, back).then(|| (there, identity(attributes)))
        }));
    })
    .await?;
    let mut done = Ok(());
    for (way, identity) in former {
        match ask(&kernel, ConntrackMessage::Delete(identity), NLM_F_ACK, drop).await {
            Err(error) if error.raw_os_error() != Some(nix::Error::ENOENT as i32) => {
                done = done.and(Err(error));
            }
            _ => tracing::debug!(?way, "connection forgotten"),
        }
    }
    done
}

/// Asks the kernel's connection tracking, and shows each connection in its answer.
async fn ask(
    kernel: &ConnectionHandle<NetfilterMessage>,
    question: ConntrackMessage,
    flags: u16,
    mut show: impl FnMut(Vec<ConntrackAttribute>),
) -> io::Result<()> {
    let mut header = NetlinkHeader::default();
    header.flags = NLM_F_REQUEST | flags;
    let message = NetfilterMessage::new(NetfilterHeader::new(NetfilterProtoFamily::IPv4, 0, 0), question);
    let message = NetlinkMessage::new(header, message.into());
    let mut answer = kernel.request(message, SocketAddr::new(0, 0)).map_err(io::Error::other)?;
    while let Some(message) = answer.next().await {
        match message.payload {
            NetlinkPayload::InnerMessage(NetfilterMessage {
                inner: NetfilterMessageInner::Conntrack(ConntrackMessage::New(attributes)),
                ..
            }) => show(attributes),
            NetlinkPayload::Error(error) if error.code.is_some() => return Err(error.to_io()),
            _ => {}
        }
    }
    Ok(())
}

fn ways(attributes: &[ConntrackAttribute]) -> Option<(Way, Way)> {
    let (mut there, mut back) = (None, None);
    for attribute in attributes {
        match attribute {
            ConntrackAttribute::CtaTupleOrig(tuples) => there = way(tuples),
            ConntrackAttribute::CtaTupleReply(tuples) => back = way(tuples),
            _ => {}
        }
    }
    Some((there?, back?))
}

fn way(tuples: &[Tuple]) -> Option<Way> {
    let (mut from, mut to) = (None, None);
    for tuple in tuples {
        let Tuple::Ip(ends) = tuple else { continue };
        for end in ends {
            match end {
                IPTuple::SourceAddress(IpAddr::V4(address)) => from = Some(*address),
                IPTuple::DestinationAddress(IpAddr::V4(address)) => to = Some(*address),
                _ => {}
            }
        }
    }
    Some(Way { from: from?, to: to? })
}

/// What of these names the connection.
fn identity(mut attributes: Vec<ConntrackAttribute>) -> Vec<ConntrackAttribute> {
    attributes.retain(|attribute| match attribute {
        ConntrackAttribute::CtaTupleOrig(_) => true,
        other => IDENTITY.contains(&other.kind()),
    });
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Ipv4Addr {
        text.parse().unwrap()
    }

    #[test]
    fn what_new_connections_would_not_do_contradicts() {
        let translation = Translation {
            private: "10.10.0.0/16".parse().unwrap(),
            public: ["192.0.2.5", "192.0.2.6"].map(address).into(),
            mapped: [(address("192.0.2.5"), address("10.10.1.2"))].into(),
            guests: [address("10.10.1.2")].into(),
        };
        // name; from, to; answers from, to; contradicts
        let rows = [
            ("to its guest", "198.51.100.1 192.0.2.5 10.10.1.2 198.51.100.1", false),
            ("to another", "198.51.100.1 192.0.2.5 10.10.1.3 198.51.100.1", true),
            ("to the host, as before", "198.51.100.1 192.0.2.5 192.0.2.5 198.51.100.1", true),
            ("free, to the host", "198.51.100.1 192.0.2.6 192.0.2.6 198.51.100.1", false),
            ("free, to a guest", "198.51.100.1 192.0.2.6 10.10.1.2 198.51.100.1", true),
            ("free, from a guest", "10.10.1.3 198.51.100.1 198.51.100.1 192.0.2.6", true),
            ("as its guest", "10.10.1.2 198.51.100.1 198.51.100.1 192.0.2.5", false),
            ("as another", "10.10.1.3 198.51.100.1 198.51.100.1 192.0.2.5", true),
            ("as the host, as before", "10.10.1.2 198.51.100.1 198.51.100.1 192.0.2.1", true),
            ("as the host, still", "10.10.1.3 198.51.100.1 198.51.100.1 192.0.2.1", false),
            ("between guests", "10.10.1.2 10.10.1.3 10.10.1.3 10.10.1.2", false),
            ("metadata", "10.10.1.2 169.254.169.254 192.0.2.9 10.10.1.2", false),
            ("of the host itself", "192.0.2.5 198.51.100.1 198.51.100.1 192.0.2.5", false),
            ("of others", "172.16.0.1 198.51.100.1 198.51.100.1 192.0.2.1", false),
            ("somebody's own port for a guest", "198.51.100.1 192.0.2.1 10.10.1.2 198.51.100.1", false),
        ];
        for (name, ends, expected) in rows {
            let ends: Vec<_> = ends.split(' ').map(address).collect();
            let (there, back) = (Way { from: ends[0], to: ends[1] }, Way { from: ends[2], to: ends[3] });
            assert_eq!(translation.contradicts(there, back), expected, "{name}");
        }
    }
}
