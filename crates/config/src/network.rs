//! The cluster controller's `VNET_*` variables (network.md §1). Required variables and the syntax of addresses
//! are judged here; whether devices and programs exist is judged by who uses them.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use crate::error::Error;
use crate::reading::{Found, Reading};
use crate::report::Origin;

/// Network settings of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CcNetwork {
    /// `VNET_MODE` with what the mode needs.
    pub mode: VnetMode,
    /// `VNET_PUBINTERFACE`, default `eth0`.
    pub public_interface: String,
    /// `VNET_PRIVINTERFACE`, default `eth0`: towards the nodes.
    pub private_interface: String,
}

/// `VNET_MODE`, default SYSTEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VnetMode {
    /// `SYSTEM`: the site's own DHCP serves the instances.
    System,
    /// `STATIC`: fixed pairs of MAC and IP address.
    Static(StaticNet),
    /// `MANAGED`: one VLAN per security group.
    Managed(ManagedNet),
    /// `MANAGED-NOVLAN`: security groups without VLANs.
    ManagedNovlan(ManagedNet),
}

/// What STATIC mode needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticNet {
    /// `VNET_SUBNET`
    pub subnet: Ipv4Addr,
    /// `VNET_NETMASK`
    pub netmask: Ipv4Addr,
    /// `VNET_BROADCAST`
    pub broadcast: Ipv4Addr,
    /// `VNET_ROUTER`
    pub router: Ipv4Addr,
    /// `VNET_DNS`: the first address.
    pub dns: Ipv4Addr,
    /// `VNET_MACMAP`: pairs in order.
    pub hosts: Vec<([u8; 6], Ipv4Addr)>,
    /// `VNET_DHCPDAEMON`: path of the DHCP server, default `/usr/sbin/dhcpd`.
    pub dhcp_daemon: PathBuf,
    /// `VNET_DHCPUSER`: group of the DHCP server's files, default `root`.
    pub dhcp_user: String,
}

/// What the managed modes need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManagedNet {
    /// `VNET_SUBNET`, aligned to the mask.
    pub subnet: Ipv4Addr,
    /// `VNET_NETMASK`
    pub netmask: Ipv4Addr,
    /// `VNET_DNS`: the first address.
    pub dns: Ipv4Addr,
    /// `VNET_ADDRSPERNET`: addresses per security group; a power of two, 4…2048.
    pub addrs_per_net: u32,
    /// `VNET_PUBLICIPS`: words in order; nothing when the variable is not set, which also suppresses the
    /// discovery of local addresses.
    pub public_ips: Option<Vec<PublicIps>>,
    /// `VNET_LOCALIP`: address or name of this CC as other CCs see it.
    pub local_ip: Option<String>,
    /// `VNET_CLOUDIP`: address or name of the CLC, when it is another host.
    pub cloud_ip: Option<String>,
    /// `DAEMON_TUNNELS`: what joins networks with those of other clusters; nothing with `none`, or with
    /// `DISABLE_TUNNELING=Y`.
    pub tunnels: Option<Tunnels>,
    /// `VNET_DHCPDAEMON`: path of the DHCP server, default `/usr/sbin/dhcpd`.
    pub dhcp_daemon: PathBuf,
    /// `VNET_DHCPUSER`: group of the DHCP server's files, default `root`.
    pub dhcp_user: String,
}

/// `DAEMON_TUNNELS`: what carries frames between clusters (network.md §11.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tunnels {
    /// `wireguard`, the default: VXLAN over WireGuard, with keys made of `vtunpass` in the folder of keys.
    WireGuard,
    /// `vxlan`: VXLAN alone, which everybody on the way can read and change.
    Vxlan,
    /// `vtun`: as the original's clusters are joined.
    Vtun,
}

/// One word of `VNET_PUBLICIPS` (network.md §1.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicIps {
    /// `a`
    One(Ipv4Addr),
    /// `a-b`, 1…256 addresses
    Range(Ipv4Addr, Ipv4Addr),
    /// `a/length`
    Block(Ipv4Addr, u8),
    /// `!a`: taken out again
    Without(Ipv4Addr),
}

/// Most addresses one range may stand for.
const RANGE_MAX: u32 = 256;
const ADDRSPERNET_MIN: u32 = 4;
const ADDRSPERNET_MAX: u32 = 2048;
/// Where distributions have ISC dhcpd.
const DHCPD: &str = "/usr/sbin/dhcpd";
/// What STATIC mode cannot do without.
const STATIC_NEEDS: [&str; 6] =
    ["VNET_SUBNET", "VNET_NETMASK", "VNET_BROADCAST", "VNET_ROUTER", "VNET_DNS", "VNET_MACMAP"];
/// What the managed modes cannot do without.
const MANAGED_NEEDS: [&str; 4] = ["VNET_SUBNET", "VNET_NETMASK", "VNET_DNS", "VNET_ADDRSPERNET"];

impl CcNetwork {
    pub(crate) fn read(reading: &mut Reading<'_>) -> Result<Self, Error> {
        let mode = match reading.find("VNET_MODE")? {
            None => {
                reading.warn(None, "VNET_MODE is not set, SYSTEM is used".into());
                reading.record("VNET_MODE", Some("SYSTEM".into()), "", Origin::Default);
                VnetMode::System
            }
            Some(found) => {
                reading.record_found("VNET_MODE", &found);
                let fixed = |reading: &mut _| StaticNet::read(reading).map_err(|it| it.beside(&STATIC_NEEDS));
                let managed =
                    |reading: &mut _| ManagedNet::read(reading).map_err(|it| it.beside(&MANAGED_NEEDS));
                match found.value.as_str() {
                    "SYSTEM" => VnetMode::System,
                    "STATIC" => VnetMode::Static(fixed(reading)?),
                    "MANAGED" => VnetMode::Managed(managed(reading)?),
                    "MANAGED-NOVLAN" => VnetMode::ManagedNovlan(managed(reading)?),
                    _ => return Err(found.not_one_of("VNET_MODE", &MODES)),
                }
            }
        };
        let (public_interface, private_interface) = interfaces(reading)?;
        Ok(Self { mode, public_interface, private_interface })
    }
}

pub(crate) const MODES: [(&str, ()); 4] =
    [("SYSTEM", ()), ("STATIC", ()), ("MANAGED", ()), ("MANAGED-NOVLAN", ())];

/// Public and private interface. The deprecated `VNET_INTERFACE` replaces both as soon as one is missing.
fn interfaces(reading: &mut Reading<'_>) -> Result<(String, String), Error> {
    let public = interface(reading, "VNET_PUBINTERFACE")?;
    let private = interface(reading, "VNET_PRIVINTERFACE")?;
    if (public.is_none() || private.is_none())
        && let Some(found) = interface(reading, "VNET_INTERFACE")?
    {
        let text = "VNET_INTERFACE is deprecated and stands for both interfaces here".into();
        reading.warn(Some(found.place.clone()), text);
        for key in ["VNET_PUBINTERFACE", "VNET_PRIVINTERFACE"] {
            reading.record(key, Some(found.value.clone()), "", Origin::File(found.place.clone()));
        }
        return Ok((found.value.clone(), found.value));
    }
    let mut chosen = |key, found: Option<Found>| match found {
        Some(found) => {
            reading.record_found(key, &found);
            found.value
        }
        None => {
            reading.warn(None, format!("{key} is not set, eth0 is used"));
            reading.record(key, Some("eth0".into()), "", Origin::Default);
            "eth0".into()
        }
    };
    Ok((chosen("VNET_PUBINTERFACE", public), chosen("VNET_PRIVINTERFACE", private)))
}

/// The name of a network device, as the kernel accepts it.
pub(crate) fn interface(reading: &mut Reading<'_>, key: &'static str) -> Result<Option<Found>, Error> {
    let found = reading.find(key)?.filter(|found| !found.value.is_empty());
    if let Some(found) = &found {
        let name = &found.value;
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'/';
        if name.len() > 15 || name == "." || name == ".." || !name.bytes().all(plain) {
            return Err(found.invalid(key, &format!("{name:?} is not the name of a network device")));
        }
    }
    Ok(found)
}

impl StaticNet {
    fn read(reading: &mut Reading<'_>) -> Result<Self, Error> {
        let (subnet, netmask) = subnet(reading)?;
        let found = reading.required("VNET_MACMAP")?;
        let mut hosts = Vec::new();
        for word in found.value.split_whitespace() {
            let pair = word.split_once('=').and_then(|(mac, ip)| Some((mac_address(mac)?, ip.parse().ok()?)));
            hosts.push(pair.ok_or_else(|| found.invalid("VNET_MACMAP", &format!("{word:?} is not MAC=IP")))?);
        }
        let (dhcp_daemon, dhcp_user) = dhcp(reading)?;
        Ok(Self {
            subnet,
            netmask,
            broadcast: address(reading, "VNET_BROADCAST")?,
            router: address(reading, "VNET_ROUTER")?,
            dns: dns(reading)?,
            hosts,
            dhcp_daemon,
            dhcp_user,
        })
    }
}

impl ManagedNet {
    fn read(reading: &mut Reading<'_>) -> Result<Self, Error> {
        let (subnet, netmask) = subnet(reading)?;
        let dns = dns(reading)?;
        let addrs_per_net = addrs_per_net(reading)?;
        let public_ips = public_ips(reading)?;
        let (dhcp_daemon, dhcp_user) = dhcp(reading)?;
        let local_ip = reading.optional("VNET_LOCALIP")?.map(|found| found.value);
        let cloud_ip = reading.optional("VNET_CLOUDIP")?.map(|found| found.value);
        let disabled = reading.text("DISABLE_TUNNELING", "N")?;
        let ways = [
            ("wireguard", Some(Tunnels::WireGuard)),
            ("vxlan", Some(Tunnels::Vxlan)),
            ("vtun", Some(Tunnels::Vtun)),
            ("none", None),
        ];
        let tunnels = reading.choice("DAEMON_TUNNELS", &ways, Some(Tunnels::WireGuard))?;
        Ok(Self {
            subnet,
            netmask,
            dns,
            addrs_per_net,
            public_ips,
            local_ip,
            cloud_ip,
            tunnels: tunnels.filter(|_| disabled != "Y"),
            dhcp_daemon,
            dhcp_user,
        })
    }
}

fn address(reading: &mut Reading<'_>, key: &'static str) -> Result<Ipv4Addr, Error> {
    reading.required(key)?.parse(key, "an IPv4 address")
}

fn subnet(reading: &mut Reading<'_>) -> Result<(Ipv4Addr, Ipv4Addr), Error> {
    let found = reading.required("VNET_SUBNET")?;
    let subnet: Ipv4Addr = found.parse("VNET_SUBNET", "an IPv4 address")?;
    let mask_found = reading.required("VNET_NETMASK")?;
    let mask: Ipv4Addr = mask_found.parse("VNET_NETMASK", "an IPv4 address")?;
    if mask.to_bits().leading_ones() + mask.to_bits().trailing_zeros() != 32 {
        return Err(mask_found.invalid("VNET_NETMASK", &format!("{mask} is not a netmask")));
    }
    let aligned = Ipv4Addr::from_bits(subnet.to_bits() & mask.to_bits());
    if aligned != subnet {
        let text = format!("VNET_SUBNET={subnet} is not the start of a network, {aligned} is used");
        reading.warn(Some(found.place), text);
    }
    Ok((aligned, mask))
}

fn dns(reading: &mut Reading<'_>) -> Result<Ipv4Addr, Error> {
    let found = reading.required("VNET_DNS")?;
    let mut words = found.value.split_whitespace();
    let first = words.next().unwrap_or_default();
    let address =
        first.parse().map_err(|_| found.invalid("VNET_DNS", &format!("{first:?} is not an IPv4 address")))?;
    if words.next().is_some() {
        reading
            .warn(Some(found.place.clone()), format!("VNET_DNS={} names more, {first} is used", found.value));
    }
    Ok(address)
}

fn dhcp(reading: &mut Reading<'_>) -> Result<(PathBuf, String), Error> {
    let daemon = reading.text("VNET_DHCPDAEMON", DHCPD)?;
    Ok((daemon.into(), reading.text("VNET_DHCPUSER", "root")?))
}

fn addrs_per_net(reading: &mut Reading<'_>) -> Result<u32, Error> {
    let key = "VNET_ADDRSPERNET";
    let found = reading.required(key)?;
    let value: u32 = found.parse(key, "a number")?;
    if value < ADDRSPERNET_MIN {
        return Err(found.invalid(key, &format!("{value} is less than {ADDRSPERNET_MIN}")));
    }
    let used = 1 << value.min(ADDRSPERNET_MAX).ilog2();
    if used != value {
        let text = format!("{key}={value} is not a power of two up to {ADDRSPERNET_MAX}, {used} is used");
        reading.warn(Some(found.place), text);
    }
    Ok(used)
}

fn public_ips(reading: &mut Reading<'_>) -> Result<Option<Vec<PublicIps>>, Error> {
    let key = "VNET_PUBLICIPS";
    let Some(found) = reading.find(key)? else {
        reading.record(key, None, "", Origin::Default);
        return Ok(None);
    };
    reading.record_found(key, &found);
    let words = found.value.split_whitespace().map(|word| {
        public_ips_word(word)
            .ok_or_else(|| found.invalid(key, &format!("{word:?} is not an address, a-b, a/length or !a")))
    });
    words.collect::<Result<_, _>>().map(Some)
}

fn public_ips_word(word: &str) -> Option<PublicIps> {
    if let Some(address) = word.strip_prefix('!') {
        return address.parse().ok().map(PublicIps::Without);
    }
    if let Some((first, last)) = word.split_once('-') {
        let (first, last): (Ipv4Addr, Ipv4Addr) = (first.parse().ok()?, last.parse().ok()?);
        let count = last.to_bits().checked_sub(first.to_bits())?.checked_add(1)?;
        let usable = count <= RANGE_MAX && !first.is_loopback() && !last.is_loopback();
        return usable.then_some(PublicIps::Range(first, last));
    }
    if let Some((address, length)) = word.split_once('/') {
        let length = length.parse().ok().filter(|length| *length <= 32)?;
        return Some(PublicIps::Block(address.parse().ok()?, length));
    }
    word.parse().ok().map(PublicIps::One)
}

fn mac_address(text: &str) -> Option<[u8; 6]> {
    let mut mac = [0; 6];
    let mut bytes = text.split(':');
    for byte in &mut mac {
        let digits = bytes.next().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        *byte = u8::from_str_radix(digits, 16).ok()?;
    }
    bytes.next().is_none().then_some(mac)
}
