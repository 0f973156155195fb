//! Networks joined with those of other clusters (network.md §11.7): Ethernet frames over VXLAN, over WireGuard or
//! over a network that is trusted; or over vtun, which the original spoke.
//!
//! ```text
//!   eucabr10 ── et1.10-… ──┐                        ┌── et0.10-… ── eucabr10
//!            └─ et2.10-… ─┐└── euca-wg ═══ UDP ═══ euca-wg
//! ```
//! Each pair of clusters has a device of its own for each network: their ports are isolated from each other, so that
//! a full mesh has no loops; vtun has the spanning tree protocol for that. Every cluster has the same gateway addresses
//! (Q-30): neither they nor DHCP pass. Guests of one network reach each other, then; those of two networks only where
//! both guests are in one cluster.
//!
//! All keys come from the secret that the CLC gives to every cluster, so that each knows its peers' by itself.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use euca_command::CommandRunner;
use euca_vnet::{MAX_PEERS, Tunnels};
use ipnet::Ipv4Net;
use openssl::base64::encode_block;
use openssl::error::ErrorStack;
use openssl::md::Md;
use openssl::pkey::{Id, PKey};
use openssl::pkey_ctx::PkeyCtx;
use openssl::sha::sha256;
use rtnetlink::packet_route::link::InfoKind;
use tokio::io::AsyncReadExt as _;

use crate::firewall::Chains;
use crate::links::{Address, Device, Kind, Link, Step, Wanted};
use crate::plan::vlan_name;
use crate::program;
use crate::secret::Secret;
use crate::vtun::{self, Vtun, is_tap, tap};

/// The WireGuard device.
pub const WIREGUARD: &str = "euca-wg";
/// What names of the devices towards other clusters begin with.
const PREFIX: &str = "et";
/// UDP port of WireGuard.
const WIREGUARD_PORT: u16 = 5000;
/// UDP port of VXLAN, not the usual one: others may use that on this host.
const VXLAN_PORT: u16 = 5001;
/// Frames of guests pass as they are: over WireGuard, IP takes apart what does not fit on the way, unless that takes
/// packets of 1610 bytes. VXLAN alone, where the way does not take 1550, has the guest send smaller ones.
const FRAME_MTU: u32 = 1500;
const WIREGUARD_MTU: u32 = FRAME_MTU + 50;
/// Addresses within WireGuard, by place from .1 on: they are on no other network.
const INNER: Ipv4Net = Ipv4Net::new_assert(Ipv4Addr::new(169, 254, 77, 0), 24);
/// The chain of frames to and from other clusters.
const CHAIN: &str = "EUCA-TUN";
/// Bytes of the secret's file: it has 512 characters with usual keys.
const MAX_SECRET: u64 = 64 << 10;

/// What carries frames between clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// VXLAN over WireGuard.
    WireGuard,
    /// VXLAN that everybody on the way can read and change.
    Vxlan,
    /// vtun, as the original's clusters are joined.
    Vtun,
}

/// How this cluster is joined with others.
#[derive(Debug, Clone)]
pub struct TunnelSettings {
    /// By what.
    pub transport: Transport,
    /// The file whose first line all clusters have in common: `$KEYS/vtunpass`.
    pub secret: PathBuf,
    /// The folder of vtun's pid files: `$RUN`.
    pub run: PathBuf,
}

/// Why there are no tunnels, or not those there should be.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The secret cannot be read.
    #[error("cannot read {}", file.display())]
    Secret {
        /// Its file.
        file: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// There is nothing in the first line.
    #[error("{} has no secret in its first line", .0.display())]
    Empty(PathBuf),
    /// vtun cannot be told the secret.
    #[error("the secret in {} is not of letters, digits, '-', '_' and '.'", .0.display())]
    Unfit(PathBuf),
    /// Keys cannot be made of it.
    #[error("cannot make keys for tunnels")]
    Keys(#[from] ErrorStack),
    /// A program has not done what it should.
    #[error(transparent)]
    Program(#[from] program::Error),
}

/// The clusters that are joined, this one among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mesh {
    clusters: Vec<Ipv4Addr>,
    own: usize,
    carrier: Carrier,
    /// The devices by which guests' packets come, as the firewall calls them, and those of no cluster.
    guests: Option<String>,
}

/// What carries frames, with its configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Carrier {
    WireGuard(Secret),
    Vxlan,
    Vtun(Secret),
}

impl TunnelSettings {
    /// The mesh of these clusters; nothing where this one is not in it, or alone.
    ///
    /// # Errors
    /// When there is no secret.
    pub async fn mesh(&self, tunnels: &Tunnels) -> Result<Option<Mesh>, Error> {
        let clusters = tunnels.clusters.clone();
        let Some(own) = tunnels.own.filter(|own| clusters.len() > 1 && *own < clusters.len()) else {
            return Ok(None);
        };
        let carrier = match self.transport {
            Transport::WireGuard => {
                Carrier::WireGuard(configuration(&read(&self.secret).await?, &clusters, own)?)
            }
            Transport::Vxlan => Carrier::Vxlan,
            Transport::Vtun => {
                let configuration = vtun::configuration(&read(&self.secret).await?);
                Carrier::Vtun(configuration.ok_or_else(|| Error::Unfit(self.secret.clone()))?)
            }
        };
        Ok(Some(Mesh { clusters, own, carrier, guests: None }))
    }
}

impl Mesh {
    /// The same where guests' packets come by these devices, as the firewall calls them, and those of no cluster.
    #[must_use]
    pub fn apart_from(self, guests: impl Into<String>) -> Self {
        Self { guests: Some(guests.into()), ..self }
    }

    /// The address of this cluster.
    pub fn address(&self) -> Option<Ipv4Addr> {
        self.clusters.get(self.own).copied()
    }

    /// The configuration of WireGuard, where it is used.
    pub fn wireguard(&self) -> Option<&Secret> {
        match &self.carrier {
            Carrier::WireGuard(configuration) => Some(configuration),
            Carrier::Vxlan | Carrier::Vtun(_) => None,
        }
    }

    /// The processes of vtun, where it is used.
    pub fn vtun(&self) -> Option<Vtun> {
        let Carrier::Vtun(configuration) = &self.carrier else { return None };
        Some(Vtun { configuration: configuration.clone(), own: self.own, peers: self.peers().collect() })
    }

    fn peers(&self) -> impl Iterator<Item = (usize, Ipv4Addr)> {
        self.clusters.iter().copied().enumerate().filter(|(place, _)| *place != self.own)
    }

    /// Address for VXLAN of the cluster at this place.
    fn end(&self, place: usize, address: Ipv4Addr) -> Ipv4Addr {
        if self.wireguard().is_some() { inner(place) } else { address }
    }

    /// The devices of vtun.
    fn taps(&self) -> impl Iterator<Item = String> {
        let pairs = self.peers().flat_map(|(place, _)| [(self.own, place), (place, self.own)]);
        pairs.map(|(client, server)| tap(client, server))
    }

    /// Adds the devices and the address this takes beside the networks.
    pub fn add_base(&self, wanted: &mut Wanted) {
        if matches!(self.carrier, Carrier::Vtun(_)) {
            wanted.devices.extend(self.taps().map(|tap| (tap, Device::new(Kind::Tap))));
        }
        if self.wireguard().is_some() {
            let device = Device { mtu: Some(WIREGUARD_MTU), ..Device::new(Kind::WireGuard) };
            wanted.devices.insert(WIREGUARD.to_owned(), device);
            let address = inner(self.own);
            let device = WIREGUARD.to_owned();
            wanted.addresses.insert(Address {
                device,
                address,
                prefix: INNER.prefix_len(),
                link_scope: true,
            });
        }
    }

    /// Adds what may arrive from whom. Guests, of this `private` network, are no clusters, whatever they say they are,
    /// and what they send to one would come there as if it were ours.
    pub fn add_rules(&self, private: Ipv4Net, rules: &mut Chains) {
        let (here, own) = match (&self.carrier, self.address()) {
            (Carrier::Vtun(_), _) => (format!("-p tcp -m tcp --dport {}", vtun::PORT), String::new()),
            // There it is bound to all addresses; guests may know others of a peer.
            (_, own) => (
                format!("-p udp -m udp --dport {VXLAN_PORT}"),
                own.map(|own| format!("-d {own}/32 ")).unwrap_or_default(),
            ),
        };
        let arriving = rules.entrance("INPUT", "IN");
        if self.wireguard().is_some() {
            return arriving.push(format!("! -i {WIREGUARD} {here} -j DROP"));
        }
        arriving.extend(self.guests.iter().map(|guests| format!("-i {guests} {here} -j DROP")));
        arriving.extend(self.peers().map(|(_, peer)| format!("-s {peer}/32 {own}{here} -j RETURN")));
        arriving.push(format!("{here} -j DROP"));
        let leaving = self.peers().map(|(_, peer)| match &self.guests {
            Some(guests) => format!("-d {peer}/32 -i {guests} {here} -j DROP"),
            None => format!("-s {private} -d {peer}/32 {here} -j DROP"),
        });
        rules.entrance("FORWARD", "FWD").splice(..0, leaving);
    }

    /// Adds the devices that join a network, that of all guests where there are no VLANs, to those of the peers.
    pub fn join(&self, vlan: Option<u16>, bridge: &str, wanted: &mut Wanted) {
        if matches!(self.carrier, Carrier::Vtun(_)) {
            return self.join_by_vtun(vlan, bridge, wanted);
        }
        for (place, peer) in self.peers() {
            let (low, high) = (self.own.min(place), self.own.max(place));
            let tag = vlan.unwrap_or_default();
            // The kernel has one device for an identifier: pairs of up to eight clusters have one each.
            let pair = u32::try_from(low * MAX_PEERS + high).unwrap_or_default();
            let kind = Kind::Vxlan {
                id: pair << 12 | u32::from(tag),
                local: self.end(self.own, self.address().unwrap_or(peer)),
                remote: self.end(place, peer),
                port: VXLAN_PORT,
            };
            // Whatever is different about it, it has another name, and the old one goes.
            let digest = sha256(format!("{kind:?}").as_bytes());
            let hash: String = digest.iter().take(3).map(|byte| format!("{byte:02x}")).collect();
            let device = Device { isolated: true, mtu: Some(FRAME_MTU), ..Device::new(kind) };
            wanted.devices.insert(format!("{PREFIX}{place}.{tag}-{hash}"), device.port_of(bridge));
        }
    }

    fn join_by_vtun(&self, vlan: Option<u16>, bridge: &str, wanted: &mut Wanted) {
        if vlan.is_none() {
            wanted.devices.insert(bridge.to_owned(), Device::new(Kind::SiteBridge));
        }
        for tap in self.taps() {
            let (name, kind) = match vlan {
                Some(tag) => (vlan_name(&tap, tag), Kind::Vlan { parent: tap, tag }),
                None => (tap, Kind::Tap),
            };
            wanted.devices.insert(name, Device::new(kind).port_of(bridge));
        }
    }

    /// The rules for frames, as `ebtables-save` writes them: the gateways of all networks of this `plan`, DHCP and the
    /// spanning tree, unless it is needed, stay in their cluster.
    pub fn frame_rules(&self, plan: &euca_vnet::Plan) -> BTreeSet<String> {
        let is_vtun = matches!(self.carrier, Carrier::Vtun(_));
        // What these match is nothing but tunnels: nodes are behind eth0, guests behind devices of any name.
        let ports: Vec<_> = match is_vtun {
            true => self.taps().map(|tap| format!("{tap}+")).collect(),
            false => self.peers().map(|(place, _)| format!("{PREFIX}{place}.+")).collect(),
        };
        let subnet = plan.subnet();
        // The gateway is the first address of each network, of any.
        let within = plan.addresses() - 1;
        let gateway = Ipv4Addr::from_bits(subnet.network().to_bits() | 1);
        let mask = Ipv4Addr::from_bits(subnet.netmask().to_bits() | within);
        let ways = ["INPUT -i", "FORWARD -i", "FORWARD -o", "OUTPUT -o"];
        let jumps = ports.iter().flat_map(|port| ways.map(|way| format!("{way} {port} -j {CHAIN}")));
        let drops = [
            format!("-p 0x806 --arp-ip-dst {gateway}/{mask}"),
            format!("-p 0x806 --arp-ip-src {gateway}/{mask}"),
            "-p 0x800 --ip-proto udp --ip-dport 67:68".to_owned(),
        ];
        // A spanning tree would close what it takes for loops.
        let tree = (!is_vtun).then(|| "-d BGA".to_owned());
        jumps.chain(drops.into_iter().chain(tree).map(|what| format!("{CHAIN} {what} -j DROP"))).collect()
    }
}

/// Whether a device is of a mesh, of this one or of one that has been.
pub fn is_ours(name: &str, link: &Link) -> bool {
    (name == WIREGUARD && link.kind == Some(InfoKind::Wireguard)) || is_tunnel(name, link)
}

/// Whether a device goes to another cluster.
pub fn is_tunnel(name: &str, link: &Link) -> bool {
    match link.kind {
        Some(InfoKind::Tun) => return is_tap(name, false),
        Some(InfoKind::Vlan) => return is_tap(name, true),
        _ => {}
    }
    let parts = name.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_hash = |text: &str| text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    link.kind == Some(InfoKind::Vxlan)
        && parts.is_some_and(|(place, rest)| {
            is_number(place)
                && rest.split_once('-').is_some_and(|(tag, hash)| is_number(tag) && is_hash(hash))
        })
}

/// Whether a step makes or mends something that only tunnels need.
pub fn is_joining(step: &Step) -> bool {
    match step {
        Step::Add(name, device) | Step::Mend(name, device) => match device.kind {
            Kind::Vxlan { .. } | Kind::WireGuard | Kind::Tap | Kind::SiteBridge => true,
            Kind::Vlan { .. } => is_tap(name, true),
            Kind::Bridge { .. } => false,
        },
        Step::AddAddress(address) => is_our_address(address),
        Step::Remove(_) | Step::RemoveAddress(_) => false,
    }
}

/// Whether an address was given to us within WireGuard.
pub fn is_our_address(address: &Address) -> bool {
    address.device == WIREGUARD && INNER.contains(&address.address)
}

fn inner(place: usize) -> Ipv4Addr {
    Ipv4Addr::from_bits(INNER.network().to_bits() + 1 + u32::try_from(place).unwrap_or_default())
}

/// What of ours is in the output of `ebtables-save`, a line as often as it is there.
fn present_frame_rules(saved: &str) -> Vec<String> {
    let rules = saved.lines().filter_map(|line| line.trim_end().strip_prefix("-A "));
    let is_ours = |rule: &&str| rule.starts_with(CHAIN) || rule.ends_with(&format!("-j {CHAIN}"));
    // Hosts with and without /etc/ethertypes and /etc/protocols have their own names for numbers.
    let plain = |rule: &str| {
        let names =
            [("-p ARP ", "-p 0x806 "), ("-p IPv4 ", "-p 0x800 "), ("--ip-proto 17 ", "--ip-proto udp ")];
        names.iter().fold(rule.to_owned(), |rule, (name, number)| rule.replace(name, number))
    };
    rules.filter(is_ours).map(plain).collect()
}

/// The input of `ebtables-restore --noflush` that makes `wanted` of what is present.
fn frame_change(mut present: Vec<String>, wanted: &BTreeSet<String>) -> Option<String> {
    present.sort_unstable();
    if present.iter().eq(wanted) {
        return None;
    }
    let is_jump = |rule: &&String| !rule.starts_with(CHAIN);
    // A chain that is named is empty.
    let mut text = format!("*filter\n:{CHAIN} RETURN\n");
    for jump in present.iter().filter(is_jump) {
        let _ = writeln!(text, "-D {jump}");
    }
    for rule in wanted {
        let _ = writeln!(text, "-A {rule}");
    }
    if wanted.is_empty() {
        let _ = writeln!(text, "-X {CHAIN}");
    }
    Some(text)
}

/// The programs for what netlink does not do here.
#[derive(Clone)]
pub struct Tools(Arc<dyn CommandRunner>);

impl Tools {
    /// Programs of this host.
    pub fn new(runner: Arc<dyn CommandRunner>) -> Self {
        Self(runner)
    }

    /// What there is to do for the rules for frames to be these.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn frame_change(&self, wanted: &BTreeSet<String>) -> Result<Option<String>, Error> {
        let saved = program::run(&*self.0, "ebtables-save", &[], Vec::new()).await?;
        Ok(frame_change(present_frame_rules(&String::from_utf8_lossy(&saved)), wanted))
    }

    /// Changes the rules for frames.
    ///
    /// # Errors
    /// When that was refused; nothing has changed then.
    pub async fn restore_frames(&self, text: String) -> Result<(), Error> {
        program::run(&*self.0, "ebtables-restore", &["--noflush"], text.into_bytes()).await?;
        Ok(())
    }

    /// Makes a device for vtund.
    ///
    /// # Errors
    /// When that was refused.
    pub async fn add_tap(&self, name: &str) -> Result<(), Error> {
        program::run(&*self.0, "ip", &["tuntap", "add", "dev", name, "mode", "tap"], Vec::new()).await?;
        Ok(())
    }

    /// Whether WireGuard has this configuration. Where the peers are is left out: it follows them.
    ///
    /// # Errors
    /// When it does not say.
    pub async fn is_configured(&self, wanted: &Secret) -> Result<bool, Error> {
        let shown = program::run(&*self.0, "wg", &["showconf", WIREGUARD], Vec::new()).await?;
        Ok(sections(&String::from_utf8_lossy(&shown)) == sections(&wanted.0))
    }

    /// Gives WireGuard its configuration. Connections with peers that stay are kept.
    ///
    /// # Errors
    /// When it was refused.
    pub async fn configure(&self, wanted: &Secret) -> Result<(), Error> {
        let input = wanted.0.clone().into_bytes();
        program::run(&*self.0, "wg", &["syncconf", WIREGUARD, "/dev/stdin"], input).await?;
        Ok(())
    }
}

/// The sections of a configuration, whatever their order.
fn sections(text: &str) -> BTreeSet<BTreeSet<&str>> {
    let counts = |line: &&str| !line.is_empty() && !line.starts_with("Endpoint");
    text.split('[').map(|section| section.lines().map(str::trim).filter(counts).collect()).collect()
}

/// The first line of the file.
async fn read(file: &Path) -> Result<Secret, Error> {
    let failed = |source| Error::Secret { file: file.to_owned(), source };
    let opened = tokio::fs::File::open(file).await.map_err(failed)?;
    let mut text = Vec::new();
    opened.take(MAX_SECRET).read_to_end(&mut text).await.map_err(failed)?;
    let text = String::from_utf8_lossy(&text);
    match text.lines().next().map(str::trim_end).filter(|line| !line.is_empty()) {
        Some(line) => Ok(Secret(line.to_owned())),
        None => Err(Error::Empty(file.to_owned())),
    }
}

/// The configuration of WireGuard, as `wg showconf` writes it.
fn configuration(secret: &Secret, clusters: &[Ipv4Addr], own: usize) -> Result<Secret, ErrorStack> {
    let mut text = String::new();
    for (place, address) in clusters.iter().enumerate() {
        let key = private_key(secret, *address)?;
        if place == own {
            let private = encode_block(&key);
            let interface = format!("[Interface]\nListenPort = {WIREGUARD_PORT}\nPrivateKey = {private}\n");
            text.insert_str(0, &interface);
            continue;
        }
        let public = encode_block(&PKey::private_key_from_raw_bytes(&key, Id::X25519)?.raw_public_key()?);
        let mut pair = [Some(*address), clusters.get(own).copied()];
        pair.sort_unstable();
        let [first, second] = pair.map(|address| address.unwrap_or(Ipv4Addr::UNSPECIFIED));
        let shared = encode_block(&derive(secret, &format!("eucalyptus wireguard pair {first} {second}"))?);
        let inside = inner(place);
        let _ = writeln!(text, "\n[Peer]\nPublicKey = {public}\nPresharedKey = {shared}");
        let _ = writeln!(text, "AllowedIPs = {inside}/32\nEndpoint = {address}:{WIREGUARD_PORT}");
    }
    Ok(Secret(text))
}

/// The X25519 key of a cluster (RFC 7748 §5).
fn private_key(secret: &Secret, cluster: Ipv4Addr) -> Result<[u8; 32], ErrorStack> {
    let mut key = derive(secret, &format!("eucalyptus wireguard {cluster}"))?;
    key[0] &= 248;
    key[31] = key[31] & 127 | 64;
    Ok(key)
}

/// HKDF with SHA-256 (RFC 5869), without salt.
fn derive(secret: &Secret, info: &str) -> Result<[u8; 32], ErrorStack> {
    let mut context = PkeyCtx::new_id(Id::HKDF)?;
    context.derive_init()?;
    context.set_hkdf_md(Md::sha256())?;
    context.set_hkdf_key(secret.0.as_bytes())?;
    context.add_hkdf_info(info.as_bytes())?;
    let mut key = [0; 32];
    context.derive(Some(&mut key))?;
    Ok(key)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::firewall::Ruleset;

    fn cluster(last: u8) -> Ipv4Addr {
        Ipv4Addr::new(192, 168, 7, last)
    }

    fn secret(text: &str) -> Secret {
        Secret(text.to_owned())
    }

    fn value<'a>(configuration: &'a Secret, key: &str) -> Vec<&'a str> {
        let values = configuration.0.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
        values.collect()
    }

    #[test]
    fn every_cluster_finds_the_keys_of_its_peers_by_itself() {
        let clusters = [cluster(2), cluster(3), cluster(4)];
        let [zero, one, _] = [0, 1, 2].map(|own| configuration(&secret("secret"), &clusters, own).unwrap());
        let public_of = |configuration: &Secret| {
            let key = openssl::base64::decode_block(value(configuration, "PrivateKey")[0]).unwrap();
            encode_block(
                &PKey::private_key_from_raw_bytes(&key, Id::X25519).unwrap().raw_public_key().unwrap(),
            )
        };
        assert_eq!(value(&zero, "PublicKey")[0], public_of(&one));
        assert_eq!(value(&one, "PublicKey")[0], public_of(&zero));
        assert_eq!(value(&zero, "PresharedKey")[0], value(&one, "PresharedKey")[0]);
        assert_ne!(value(&zero, "PresharedKey")[0], value(&zero, "PresharedKey")[1]);
        assert_eq!(value(&zero, "Endpoint"), ["192.168.7.3:5000", "192.168.7.4:5000"]);
        assert_eq!(value(&one, "AllowedIPs"), ["169.254.77.1/32", "169.254.77.3/32"]);
        let other = configuration(&secret("other"), &clusters, 0).unwrap();
        assert_ne!(value(&other, "PrivateKey"), value(&zero, "PrivateKey"));
        assert_eq!(format!("{zero:?}"), "Secret");
    }

    #[test]
    fn keys_are_made_as_the_standard_says() {
        // HKDF-SHA256 without salt, by an independent implementation.
        let key = derive(&secret("secret"), "eucalyptus wireguard 192.168.7.2").unwrap();
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "90db04aba99485d624d5bd63b716182869cc649e0b5a438ebebcbe0448fac726");
    }

    #[tokio::test]
    async fn there_is_no_mesh_without_other_clusters_or_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("vtunpass");
        let settings = TunnelSettings {
            transport: Transport::WireGuard,
            secret: file.clone(),
            run: folder.path().to_owned(),
        };
        let of = |clusters: &[u8], own| Tunnels {
            clusters: clusters.iter().map(|last| cluster(*last)).collect(),
            own,
            vlans: vec![],
        };
        for alone in [of(&[], None), of(&[2], Some(0)), of(&[2, 3], None), of(&[2, 3], Some(2))] {
            assert_eq!(settings.mesh(&alone).await.unwrap(), None, "net_t232: {alone:?}");
        }
        let two = of(&[2, 3], Some(0));
        assert!(matches!(settings.mesh(&two).await, Err(Error::Secret { .. })), "net_t228");
        for empty in ["", "\nsecret\n"] {
            std::fs::write(&file, empty).unwrap();
            assert!(matches!(settings.mesh(&two).await, Err(Error::Empty(_))), "net_t228: {empty:?}");
        }
        let by_vtun = TunnelSettings { transport: Transport::Vtun, ..settings.clone() };
        std::fs::write(&file, "a secret;\n").unwrap();
        assert!(matches!(by_vtun.mesh(&two).await, Err(Error::Unfit(_))));
        std::fs::write(&file, "secret\nrest\n").unwrap();
        let vtun = by_vtun.mesh(&two).await.unwrap().unwrap().vtun().unwrap();
        assert!(!vtun.configuration.0.contains("rest"), "net_t229: only the first line counts");
        assert_eq!((vtun.own, vtun.peers), (0, vec![(1, cluster(3))]));
        let first = settings.mesh(&two).await.unwrap().unwrap();
        std::fs::write(&file, "secret\nanother rest\n").unwrap();
        assert_eq!(settings.mesh(&two).await.unwrap().unwrap(), first, "only the first line counts");
    }

    #[test]
    fn devices_have_names_that_fit_and_tell_them_apart() {
        let clusters: Vec<_> = (1..=8).map(cluster).collect();
        let mut all = BTreeSet::new();
        for own in 0..8 {
            let mesh = Mesh { clusters: clusters.clone(), own, carrier: Carrier::Vxlan, guests: None };
            let mut wanted = Wanted::default();
            for vlan in [2, 4094] {
                mesh.join(Some(vlan), &format!("eucabr{vlan}"), &mut wanted);
            }
            assert_eq!(wanted.devices.len(), 14);
            for (name, device) in &wanted.devices {
                assert!(name.len() <= 15, "{name}");
                let Kind::Vxlan { id, .. } = device.kind else { panic!("{device:?}") };
                assert!(id < 1 << 24, "{id}");
                all.insert(id);
                let kind = Some(InfoKind::Vxlan);
                let link =
                    Link { index: 1, kind, stp: false, master: None, up: true, isolated: true, mtu: 1500 };
                assert!(is_tunnel(name, &link), "{name}");
            }
        }
        assert_eq!(all.len(), 2 * 28, "one for each pair and network, the same at both ends");
        let link = Link {
            index: 1,
            kind: Some(InfoKind::Vxlan),
            stp: false,
            master: None,
            up: true,
            isolated: false,
            mtu: 0,
        };
        for foreign in
            ["eth0", "eth1.10", "et1", "et1.10", "et1.10-12345", "et1.10-12345g", "etx.10-123456", "vxlan0"]
        {
            assert!(!is_tunnel(foreign, &link), "{foreign}");
        }
    }

    #[test]
    fn net_t233_vtun_brings_each_way_into_the_bridge_of_the_network() {
        use crate::links::{Present, steps};

        let link = |index, kind| Link {
            index,
            kind: Some(kind),
            stp: false,
            master: None,
            up: true,
            isolated: false,
            mtu: 1500,
        };
        let carrier = Carrier::Vtun(secret("configuration"));
        let mesh = Mesh { clusters: vec![cluster(2), cluster(3)], own: 1, carrier, guests: None };
        let mut wanted = Wanted::default();
        mesh.add_base(&mut wanted);
        let devices: Vec<_> = wanted.devices.keys().cloned().collect();
        assert_eq!(devices, ["tap-0-1", "tap-1-0"], "before there is a network");
        let bridge = Device::new(Kind::Bridge { stp: true });
        wanted.devices.insert("eucabr10".to_owned(), bridge.clone());
        mesh.join(Some(10), "eucabr10", &mut wanted);
        let links = [
            ("eucabr10", link(1, InfoKind::Bridge)),
            ("tap-0-1", link(2, InfoKind::Tun)),
            ("tap-1-0", link(3, InfoKind::Tun)),
            ("tap-2-0.11", link(4, InfoKind::Vlan)),
            ("tap0", link(5, InfoKind::Tun)),
        ];
        let links = links.map(|(name, link)| (name.to_owned(), link)).into();
        let present = Present { links, ..Present::default() };
        let tagged = |name: &str| {
            let kind = Kind::Vlan { parent: name.to_owned(), tag: 10 };
            Step::Add(format!("{name}.10"), Device::new(kind).port_of("eucabr10"))
        };
        assert_eq!(
            steps(&wanted, &present, is_tunnel, |_| false),
            [
                Step::Remove("tap-2-0.11".to_owned()),
                Step::Mend("eucabr10".to_owned(), bridge),
                tagged("tap-0-1"),
                tagged("tap-1-0"),
            ]
        );
    }

    #[test]
    fn guests_are_no_clusters_whatever_they_say() {
        let rules = |carrier, guests: Option<&str>| {
            let guests = guests.map(str::to_owned);
            let mesh = Mesh { clusters: vec![cluster(2), cluster(3)], own: 0, carrier, guests };
            let mut filter = Chains::default();
            mesh.add_rules("10.10.0.0/16".parse().unwrap(), &mut filter);
            let text = Ruleset { filter: filter.into(), ..Ruleset::default() }.to_string();
            let rules = text.lines().filter_map(|line| line.strip_prefix("-A EUCA-"));
            rules.map(str::to_owned).collect::<Vec<_>>()
        };
        let vxlan = "-p udp -m udp --dport 5001";
        assert_eq!(
            rules(Carrier::Vxlan, Some("eucabr+")),
            [
                format!("FWD -d 192.168.7.3/32 -i eucabr+ {vxlan} -j DROP"),
                format!("IN -i eucabr+ {vxlan} -j DROP"),
                format!("IN -s 192.168.7.3/32 -d 192.168.7.2/32 {vxlan} -j RETURN"),
                format!("IN {vxlan} -j DROP"),
            ]
        );
        let vtun = "-p tcp -m tcp --dport 5000";
        assert_eq!(
            rules(Carrier::Vtun(secret("")), None),
            [
                format!("FWD -s 10.10.0.0/16 -d 192.168.7.3/32 {vtun} -j DROP"),
                format!("IN -s 192.168.7.3/32 {vtun} -j RETURN"),
                format!("IN {vtun} -j DROP"),
            ]
        );
        let wireguard = rules(Carrier::WireGuard(secret("")), Some("eucabr+"));
        assert_eq!(
            wireguard,
            [format!("IN ! -i euca-wg {vxlan} -j DROP")],
            "which peers alone have keys for"
        );
    }

    #[test]
    fn rules_for_frames_change_whatever_there_is_to_what_is_wanted() {
        let plan = euca_vnet::Plan::new("10.10.0.0/16".parse().unwrap(), 32).unwrap();
        let mesh = |carrier| Mesh { clusters: vec![cluster(2), cluster(3)], own: 0, carrier, guests: None };
        let wanted = mesh(Carrier::Vxlan).frame_rules(&plan);
        let by_vtun = mesh(Carrier::Vtun(secret(""))).frame_rules(&plan);
        for jump in ["FORWARD -i tap-0-1+ -j EUCA-TUN", "OUTPUT -o tap-1-0+ -j EUCA-TUN"] {
            assert!(by_vtun.contains(jump), "{by_vtun:?}");
        }
        assert!(!by_vtun.contains("EUCA-TUN -d BGA -j DROP"), "{by_vtun:?}");
        assert!(
            wanted.contains("EUCA-TUN -p 0x806 --arp-ip-dst 10.10.0.1/255.255.0.31 -j DROP"),
            "{wanted:?}"
        );
        let saved: String = wanted.iter().map(|rule| format!("-A {rule}\n")).collect();
        let foreign = "*filter\n:FORWARD ACCEPT\n-A FORWARD -i et0 -j DROP\n";
        assert_eq!(frame_change(present_frame_rules(&format!("{foreign}{saved}")), &wanted), None);
        let named = saved.replace("-p 0x806", "-p ARP").replace("-p 0x800", "-p IPv4");
        assert_eq!(frame_change(present_frame_rules(&named), &wanted), None);
        assert_eq!(frame_change(present_frame_rules(foreign), &BTreeSet::new()), None);
        let twice =
            frame_change(present_frame_rules(&format!("{saved}-A FORWARD -i et1.+ -j EUCA-TUN\n")), &wanted);
        assert_eq!(twice.unwrap().matches("-D FORWARD -i et1.+ -j EUCA-TUN\n").count(), 2);
        let gone = frame_change(present_frame_rules(&saved), &BTreeSet::new()).unwrap();
        assert!(gone.ends_with("-X EUCA-TUN\n") && !gone.contains("-A "), "{gone}");
    }
}
