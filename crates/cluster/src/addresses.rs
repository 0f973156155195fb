//! What this host knows of addresses: the kernel's neighbour table, its own interfaces, and the resolver
//! (cluster-controller.md §5.2, §5.4, §5.6). It observes; it makes no host speak.

use std::collections::HashMap;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs};
use std::path::PathBuf;

use futures_util::future::{BoxFuture, ready};

/// Largest neighbour table read, in bytes: about 13 000 entries.
const MAX_TABLE: u64 = 1 << 20;

/// Something that knows the hosts on the wire. What it may have to wait for comes as a future; nothing blocks.
pub trait AddressSource: Send + Sync + 'static {
    /// All neighbours known now, or why the source cannot be read.
    fn neighbours(&self) -> BoxFuture<'static, io::Result<Neighbours>>;

    /// The IPv4 address of the host `name`, which may be an address itself; or why there is none.
    fn resolve(&self, name: &str) -> BoxFuture<'static, io::Result<Ipv4Addr>> {
        let address = name.parse().map_err(|_| io::ErrorKind::NotFound.into());
        Box::pin(ready(address))
    }

    /// The broadcast address of each IPv4 address of an interface of this host, or why they cannot be read.
    fn broadcasts(&self, _interface: &str) -> BoxFuture<'static, io::Result<Vec<Ipv4Addr>>> {
        Box::pin(ready(Ok(Vec::new())))
    }
}

/// MAC addresses, in lower case, and IPv4 addresses of the neighbours. Where an address occurs twice, the first
/// entry counts.
#[derive(Debug, Clone, Default)]
pub struct Neighbours {
    by_mac: HashMap<String, Ipv4Addr>,
    by_address: HashMap<Ipv4Addr, String>,
}

impl Neighbours {
    /// Adds a neighbour.
    pub fn add(&mut self, mac: &str, address: Ipv4Addr) {
        let mac = mac.to_ascii_lowercase();
        self.by_address.entry(address).or_insert_with(|| mac.clone());
        self.by_mac.entry(mac).or_insert(address);
    }

    /// The IPv4 address of the neighbour with this MAC address, in whatever case.
    pub fn address(&self, mac: &str) -> Option<Ipv4Addr> {
        self.by_mac.get(&mac.to_ascii_lowercase()).copied()
    }

    /// The MAC address of the neighbour with exactly this IPv4 address.
    pub fn mac(&self, address: Ipv4Addr) -> Option<&str> {
        self.by_address.get(&address).map(String::as_str)
    }
}

/// This host.
#[derive(Debug, Clone)]
pub struct Host {
    /// `/proc/net/arp`, or a file of the same form.
    pub arp_table: PathBuf,
}

impl Default for Host {
    fn default() -> Self {
        Self { arp_table: PathBuf::from("/proc/net/arp") }
    }
}

impl AddressSource for Host {
    fn neighbours(&self) -> BoxFuture<'static, io::Result<Neighbours>> {
        let table = self.arp_table.clone();
        off_runtime(move || {
            let mut text = String::new();
            std::fs::File::open(table)?.take(MAX_TABLE).read_to_string(&mut text)?;
            Ok(parse(&text))
        })
    }

    fn resolve(&self, name: &str) -> BoxFuture<'static, io::Result<Ipv4Addr>> {
        let name = name.to_owned();
        off_runtime(move || {
            let addresses = (name.as_str(), 0).to_socket_addrs()?;
            let v4 = |address| if let IpAddr::V4(address) = address { Some(address) } else { None };
            addresses
                .map(|socket| socket.ip())
                .find_map(v4)
                .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no IPv4 address"))
        })
    }

    fn broadcasts(&self, interface: &str) -> BoxFuture<'static, io::Result<Vec<Ipv4Addr>>> {
        let interface = interface.to_owned();
        off_runtime(move || {
            let own = nix::ifaddrs::getifaddrs()?.filter(|entry| entry.interface_name == interface);
            let broadcast = |entry: nix::ifaddrs::InterfaceAddress| {
                let address = entry.address?.as_sockaddr_in()?.ip();
                let mask = entry.netmask?.as_sockaddr_in()?.ip();
                Some(address | !mask)
            };
            Ok(own.filter_map(broadcast).collect())
        })
    }
}

/// What blocks, on a thread for it.
fn off_runtime<T: Send + 'static>(
    read: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> BoxFuture<'static, io::Result<T>> {
    Box::pin(async move { tokio::task::spawn_blocking(read).await? })
}

/// Reads the columns `IP address`, `HW type`, `Flags`, `HW address`, `Mask`, `Device` below a heading. An entry
/// without flags is incomplete: its host has not answered.
fn parse(table: &str) -> Neighbours {
    let mut neighbours = Neighbours::default();
    for line in table.lines().skip(1) {
        let columns: Vec<_> = line.split_ascii_whitespace().take(4).collect();
        if let [address, _, flags, mac] = columns[..]
            && let Ok(address) = address.parse()
            && flags != "0x0"
        {
            neighbours.add(mac, address);
        }
    }
    neighbours
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_table_is_read_by_exact_address() {
        let table = "\
IP address       HW type     Flags       HW address            Mask     Device
172.16.0.9       0x1         0x2         D0:0D:00:00:00:0A     *        eth0
172.16.0.10      0x1         0x0         00:00:00:00:00:00     *        eth0
not an address   0x1         0x2         d0:0d:00:00:00:0b     *        eth0
172.16.0.11
172.16.0.12      0x1         0x6         d0:0d:00:00:00:0c     *        br0
172.16.0.13      0x1         0x2         d0:0d:00:00:00:0c     *        br0
172.16.0.9       0x1         0x2         d0:0d:00:00:00:0d     *        br0
";
        let found = parse(table);
        assert_eq!((found.by_mac.len(), found.by_address.len()), (3, 3));
        assert_eq!(found.address("D0:0d:00:00:00:0A"), Some(Ipv4Addr::new(172, 16, 0, 9)));
        assert_eq!(found.address("d0:0d:00:00:00:0c"), Some(Ipv4Addr::new(172, 16, 0, 12)), "the first");
        assert_eq!(found.mac(Ipv4Addr::new(172, 16, 0, 13)), Some("d0:0d:00:00:00:0c"));
        assert_eq!(found.mac(Ipv4Addr::new(172, 16, 0, 9)), Some("d0:0d:00:00:00:0a"), "the first");
        // neither part of an address nor an empty one is found.
        assert_eq!(found.mac(Ipv4Addr::new(172, 16, 0, 1)), None);
        assert_eq!(found.address(""), None);
        assert!(parse("").by_mac.is_empty());
    }

    #[test]
    fn neighbours_are_found_by_exact_fields() {
        let found = parse(
            "IP address  HW type  Flags  HW address         Mask  Device\n\
             10.77.0.2   0x1      0x2    aa:bb:cc:dd:ee:01  *     br0\n\
             10.77.0.22  0x1      0x2    aa:bb:cc:dd:ee:02  *     br0\n",
        );
        assert_eq!(found.address("AA:BB:CC:DD:EE:01"), Some(Ipv4Addr::new(10, 77, 0, 2)), "net_t250");
        assert_eq!(found.mac(Ipv4Addr::new(10, 77, 0, 2)), Some("aa:bb:cc:dd:ee:01"), "net_t251");
        assert_eq!(found.mac(Ipv4Addr::new(7, 0, 2, 0)), None, "net_t252: a part of an address is none");
        assert_eq!(found.address(""), None, "net_t253");
    }

    #[tokio::test]
    async fn the_table_of_this_machine_can_be_read() {
        if std::path::Path::new("/proc/net/arp").exists() {
            Host::default().neighbours().await.unwrap();
        }
        let missing = Host { arp_table: "/nonexistent/arp".into() };
        assert_eq!(missing.neighbours().await.unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[tokio::test]
    async fn a_host_is_known_by_its_ipv4_address() {
        let host = Host::default();
        assert_eq!(host.resolve("127.4.3.2").await.unwrap(), Ipv4Addr::new(127, 4, 3, 2));
        assert_eq!(host.resolve("localhost").await.unwrap(), Ipv4Addr::LOCALHOST);
        assert_eq!(host.resolve("::1").await.unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(host.resolve("no host name").await.is_err());
    }

    #[tokio::test]
    async fn a_broadcast_address_has_all_host_bits_set() {
        let host = Host::default();
        assert_eq!(host.broadcasts("lo").await.unwrap(), [Ipv4Addr::new(127, 255, 255, 255)]);
        assert!(host.broadcasts("no such interface").await.unwrap().is_empty());
    }
}
