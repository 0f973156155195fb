//! Which addresses guests use, by what they say themselves on the bridge of a node: where a site's DHCP server gives
//! them away, nobody else tells a node (network.md §4.10, node-controller.md §7.3).
//!
//! A guest speaks for its own hardware address only, the one its frames come from. It says which address it has when
//! it asks for somebody's hardware address, announces its own, or takes an address that a DHCP server has offered.
//! The kernel passes us nothing else, and what it passes is bounded: a guest that says more is heard less.

use std::collections::HashMap;
use std::io::{self, Read as _};
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nix::ifaddrs::getifaddrs;
use nix::sys::socket::bind;
use socket2::{Domain, Protocol, SockFilter, Socket, Type};
use tokio::time::sleep;

const ARP: u16 = 0x0806;
const IPV4: u16 = 0x0800;
/// Longest frame that is looked at; a DHCP message is rarely longer than 590 bytes.
const LONGEST: usize = 1514;
/// Frames of a kind that are looked at without a pause, about as many as the kernel keeps for us, and the pause.
const BURST: usize = 256;
const PAUSE: Duration = Duration::from_millis(200);
/// Between two attempts to listen on a bridge that is not there.
const RETRY: Duration = Duration::from_secs(10);

/// The addresses of guests that one looks out for, by hardware address in lower case.
#[derive(Debug, Default)]
pub struct Sightings(Mutex<HashMap<String, Option<Ipv4Addr>>>);

impl Sightings {
    /// Looks out for these from now on, and for nobody else. Tells what they have said by now, the latest.
    pub fn of(&self, guests: impl IntoIterator<Item = String>) -> Vec<(String, Ipv4Addr)> {
        let mut seen = self.seen();
        let mut known = std::mem::take(&mut *seen);
        let kept = |guest: String| (known.remove(&guest).flatten(), guest);
        seen.extend(guests.into_iter().map(kept).map(|(address, guest)| (guest, address)));
        seen.iter().filter_map(|(guest, address)| Some((guest.clone(), (*address)?))).collect()
    }

    /// Listens on a bridge for as long as the future is polled. While that cannot be done, it is tried again.
    pub async fn watch(&self, bridge: &str) {
        let mut is_told = false;
        loop {
            if let Err(error) = self.listen(bridge, &mut is_told).await
                && !is_told
            {
                tracing::warn!(bridge, %error, "addresses of guests are found when they talk to this host only");
                is_told = true;
            }
            sleep(RETRY).await;
        }
    }

    async fn listen(&self, bridge: &str, is_told: &mut bool) -> io::Result<()> {
        // Each hears one kind of frame: to hear all would cost every packet that this host sends.
        let sockets = [open(bridge, ARP)?, open(bridge, IPV4)?];
        tracing::info!(bridge, "guests are listened to, for their addresses");
        *is_told = false;
        let mut frame = [0; LONGEST];
        loop {
            for mut socket in &sockets {
                for _ in 0..BURST {
                    match socket.read(&mut frame) {
                        Ok(length) => self.hear(&frame[..length]),
                        Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                        Err(error) => return Err(error),
                    }
                }
            }
            sleep(PAUSE).await;
        }
    }

    fn hear(&self, frame: &[u8]) {
        let Some((source, address)) = claim(frame) else { return };
        if let Some(known) = self.seen().get_mut(&source.map(|byte| format!("{byte:02x}")).join(":")) {
            *known = Some(address);
        }
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<String, Option<Ipv4Addr>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A socket that hears the frames of one kind that come to a bridge, those of [`FILTER`].
fn open(bridge: &str, kind: u16) -> io::Result<Socket> {
    let mut found = getifaddrs()?.filter(|found| found.interface_name == bridge);
    let place = found.find_map(|found| Some(*found.address?.as_link_addr()?));
    let place = place.ok_or_else(|| io::Error::other("there is no such device"))?;
    let mut socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(i32::from(kind.to_be()))))?;
    socket.set_nonblocking(true)?;
    socket.attach_filter(&FILTER)?;
    bind(socket.as_raw_fd(), &place)?;
    // Until now it has heard all devices.
    while socket.read(&mut [0; LONGEST]).is_ok() {}
    Ok(socket)
}

/// For the kernel: ARP, and what comes to the port of DHCP servers, unless it is a later part of a packet.
const FILTER: [SockFilter; 12] = [
    SockFilter::new(LOAD_HALF, 0, 0, 12),
    SockFilter::new(EQUALS, 8, 0, ARP as u32),
    SockFilter::new(EQUALS, 0, 8, IPV4 as u32),
    SockFilter::new(LOAD_BYTE, 0, 0, 23),
    SockFilter::new(EQUALS, 0, 6, 17),
    SockFilter::new(LOAD_HALF, 0, 0, 20),
    SockFilter::new(HAS_BITS, 4, 0, 0x1fff),
    SockFilter::new(LOAD_HEADER_LENGTH, 0, 0, 14),
    SockFilter::new(LOAD_HALF_BEHIND, 0, 0, 16),
    SockFilter::new(EQUALS, 0, 1, 67),
    SockFilter::new(RETURN, 0, 0, LONGEST as u32),
    SockFilter::new(RETURN, 0, 0, 0),
];
// Of linux/bpf_common.h.
const LOAD_HALF: u16 = 0x28;
const LOAD_BYTE: u16 = 0x30;
const LOAD_HALF_BEHIND: u16 = 0x48;
const LOAD_HEADER_LENGTH: u16 = 0xb1;
const EQUALS: u16 = 0x15;
const HAS_BITS: u16 = 0x45;
const RETURN: u16 = 0x06;

/// Who says in this frame that it has which address.
fn claim(frame: &[u8]) -> Option<([u8; 6], Ipv4Addr)> {
    let source: [u8; 6] = field(frame, 6)?;
    let content = frame.get(14..)?;
    let address = match u16::from_be_bytes(field(frame, 12)?) {
        ARP => claim_of_arp(content, source)?,
        IPV4 => claim_of_dhcp(content, source)?,
        _ => return None,
    };
    let is_own = !address.is_unspecified()
        && !address.is_broadcast()
        && !address.is_multicast()
        && !address.is_loopback()
        && !address.is_link_local();
    is_own.then_some((source, address))
}

/// Of a question, or of an announcement of its own: other answers may be for somebody else.
fn claim_of_arp(arp: &[u8], source: [u8; 6]) -> Option<Ipv4Addr> {
    let (of, target): ([u8; 4], [u8; 4]) = (field(arp, 14)?, field(arp, 24)?);
    let is_ours = match field(arp, 0)? {
        [0, 1, 8, 0, 6, 4, 0, 1] => true,
        [0, 1, 8, 0, 6, 4, 0, 2] => of == target,
        _ => false,
    };
    (is_ours && field(arp, 8)? == source).then(|| of.into())
}

/// Of a request for an address that a server has offered, or that the guest has and wants to keep (RFC 2131 §4.3.2).
/// What it had before its boot, it may be refused.
fn claim_of_dhcp(packet: &[u8], source: [u8; 6]) -> Option<Ipv4Addr> {
    let header = usize::from(packet.first()? & 0xf) * 4;
    let length = usize::from(u16::from_be_bytes(field(packet, 2)?));
    let message = packet.get(..length)?.get(header + 8..)?;
    let is_from_it = field(message, 0)? == [1, 1, 6] && field(message, 28)? == source;
    if !is_from_it || field(message, 236)? != [0x63, 0x82, 0x53, 0x63] {
        return None;
    }
    let option = |wanted: u8| {
        let mut rest = message.get(240..)?;
        loop {
            match rest {
                [0, more @ ..] => rest = more,
                [255, ..] | [] | [_] => return None,
                [code, length, more @ ..] => {
                    let (value, behind) = more.split_at_checked(usize::from(*length))?;
                    if *code == wanted {
                        return Some(value);
                    }
                    rest = behind;
                }
            }
        }
    };
    if option(53)? != [3] {
        return None;
    }
    let address: [u8; 4] = match field(message, 12)? {
        [0, 0, 0, 0] => option(54).and_then(|_| option(50)?.try_into().ok())?,
        current => current,
    };
    Some(address.into())
}

fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUEST: [u8; 6] = [0xd0, 0x0d, 0x41, 0xaa, 0, 1];
    const OTHER: [u8; 6] = [0xd0, 0x0d, 0x41, 0xaa, 0, 2];

    fn frame(source: [u8; 6], kind: u16, content: &[u8]) -> Vec<u8> {
        [&[0xff; 6][..], &source, &kind.to_be_bytes(), content].concat()
    }

    fn arp(source: [u8; 6], operation: u8, sender: [u8; 6], of: [u8; 4], target: [u8; 4]) -> Vec<u8> {
        let content = [&[0, 1, 8, 0, 6, 4, 0, operation][..], &sender, &of, &[0; 6], &target].concat();
        frame(source, ARP, &content)
    }

    fn dhcp(source: [u8; 6], hardware: [u8; 6], current: [u8; 4], options: &[u8]) -> Vec<u8> {
        let mut message = vec![0; 236];
        message[..3].copy_from_slice(&[1, 1, 6]);
        message[12..16].copy_from_slice(&current);
        message[28..34].copy_from_slice(&hardware);
        message.extend([0x63, 0x82, 0x53, 0x63]);
        message.extend(options);
        let length = u16::try_from(28 + message.len()).unwrap();
        let mut packet = vec![0; 28];
        packet[0] = 0x45;
        packet[2..4].copy_from_slice(&length.to_be_bytes());
        packet.extend(message);
        frame(source, IPV4, &packet)
    }

    #[test]
    fn a_guest_speaks_for_itself_and_of_addresses_that_guests_can_have() {
        let (own, other, none) = ([10, 0, 0, 7], [10, 0, 0, 8], [0; 4]);
        const TAKEN: &[u8] = &[53, 1, 3, 0, 50, 4, 10, 0, 0, 7, 54, 4, 10, 0, 0, 1, 255];
        let rows = [
            ("a question", arp(GUEST, 1, GUEST, own, other), true),
            ("an announcement", arp(GUEST, 2, GUEST, own, own), true),
            ("an answer, perhaps for somebody else", arp(GUEST, 2, GUEST, own, other), false),
            ("a question whether it is free", arp(GUEST, 1, GUEST, none, own), false),
            ("for somebody else", arp(GUEST, 1, OTHER, own, other), false),
            ("as somebody else", arp(OTHER, 1, GUEST, own, other), false),
            ("link-local", arp(GUEST, 1, GUEST, [169, 254, 1, 1], other), false),
            ("multicast", arp(GUEST, 1, GUEST, [224, 0, 0, 1], other), false),
            ("takes an offer", dhcp(GUEST, GUEST, none, TAKEN), true),
            ("prolongs", dhcp(GUEST, GUEST, own, &[53, 1, 3, 255]), true),
            ("wants what it had", dhcp(GUEST, GUEST, none, &[53, 1, 3, 50, 4, 10, 0, 0, 7, 255]), false),
            ("asks for an offer", dhcp(GUEST, GUEST, none, &[53, 1, 1, 50, 4, 10, 0, 0, 7, 255]), false),
            ("takes for somebody else", dhcp(GUEST, OTHER, none, TAKEN), false),
            ("takes as somebody else", dhcp(OTHER, GUEST, none, TAKEN), false),
            ("an option cut short", dhcp(GUEST, GUEST, none, &TAKEN[..9]), false),
            ("another protocol", frame(GUEST, 0x86dd, &[0; 60]), false),
        ];
        for (name, frame, is_heard) in rows {
            let sightings = Sightings::default();
            let guest = "d0:0d:41:aa:00:01".to_owned();
            assert_eq!(sightings.of([guest.clone()]), []);
            sightings.hear(&frame);
            let expected = is_heard.then(|| (guest.clone(), own.into()));
            assert_eq!(sightings.of([guest]), Vec::from_iter(expected), "{name}");
            for end in 0..frame.len() {
                claim(&frame[..end]);
            }
        }
    }

    #[test]
    fn nobody_is_remembered_but_who_is_looked_for() {
        let (sightings, guest) = (Sightings::default(), "d0:0d:41:aa:00:01".to_owned());
        let said = arp(GUEST, 1, GUEST, [10, 0, 0, 7], [10, 0, 0, 8]);
        sightings.hear(&said);
        assert_eq!(sightings.of([guest.clone()]), []);
        sightings.hear(&said);
        sightings.hear(&arp(OTHER, 1, OTHER, [10, 0, 0, 9], [10, 0, 0, 8]));
        assert_eq!(sightings.seen().len(), 1);
        assert_eq!(sightings.of([]), []);
        assert_eq!(sightings.of([guest]), [], "forgotten");
    }

    proptest::proptest! {
        #[test]
        fn any_frame_is_survived(
            content in proptest::collection::vec(proptest::num::u8::ANY, 0..600),
            is_arp in proptest::bool::ANY,
        ) {
            claim(&frame(GUEST, if is_arp { ARP } else { IPV4 }, &content));
            claim(&content);
        }
    }
}
