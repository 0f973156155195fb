//! Where the IP address of a MAC address is learnt: the kernel's neighbour table
//! (cluster-controller.md §5.4). It observes; it makes no host speak.

use std::collections::HashMap;
use std::io::Read;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use futures_util::future::BoxFuture;

/// IPv4 addresses by MAC address in lower case.
pub type Neighbours = HashMap<String, Ipv4Addr>;

/// Largest neighbour table read, in bytes: about 13 000 entries.
const MAX_TABLE: u64 = 1 << 20;

/// Something that knows the hosts on the wire.
pub trait AddressSource: Send + Sync + 'static {
    /// All neighbours known now, or why the source cannot be read. Must not block.
    fn neighbours(&self) -> BoxFuture<'static, std::io::Result<Neighbours>>;
}

/// The kernel's table as text.
#[derive(Debug, Clone)]
pub struct ArpTable {
    /// `/proc/net/arp`, or a file of the same form.
    pub path: PathBuf,
}

impl Default for ArpTable {
    fn default() -> Self {
        Self { path: PathBuf::from("/proc/net/arp") }
    }
}

impl AddressSource for ArpTable {
    fn neighbours(&self) -> BoxFuture<'static, std::io::Result<Neighbours>> {
        let path = self.path.clone();
        Box::pin(async move { tokio::task::spawn_blocking(move || read(&path)).await? })
    }
}

fn read(path: &Path) -> std::io::Result<Neighbours> {
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_TABLE).read_to_string(&mut text)?;
    Ok(parse(&text))
}

/// Reads the columns `IP address`, `HW type`, `Flags`, `HW address`, `Mask`, `Device` below a heading. An entry
/// without flags is incomplete: its host has not answered.
fn parse(table: &str) -> Neighbours {
    let entry = |line: &str| {
        let mut columns = line.split_ascii_whitespace();
        let address = columns.next()?.parse().ok()?;
        let flags = columns.nth(1)?;
        let mac = columns.next()?;
        (flags != "0x0").then(|| (mac.to_ascii_lowercase(), address))
    };
    table.lines().skip(1).filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_table_is_read_by_exact_mac_address() {
        let table = "\
IP address       HW type     Flags       HW address            Mask     Device
172.16.0.9       0x1         0x2         D0:0D:00:00:00:0A     *        eth0
172.16.0.10      0x1         0x0         00:00:00:00:00:00     *        eth0
not an address   0x1         0x2         d0:0d:00:00:00:0b     *        eth0
172.16.0.11
172.16.0.12      0x1         0x6         d0:0d:00:00:00:0c     *        br0
";
        let found = parse(table);
        assert_eq!(found.len(), 2);
        assert_eq!(found["d0:0d:00:00:00:0a"], Ipv4Addr::new(172, 16, 0, 9));
        assert_eq!(found["d0:0d:00:00:00:0c"], Ipv4Addr::new(172, 16, 0, 12));
        assert!(parse("").is_empty());
    }

    #[tokio::test]
    async fn the_table_of_this_machine_can_be_read() {
        if std::path::Path::new("/proc/net/arp").exists() {
            ArpTable::default().neighbours().await.unwrap();
        }
        let missing = ArpTable { path: "/nonexistent/arp".into() };
        assert_eq!(missing.neighbours().await.unwrap_err().kind(), std::io::ErrorKind::NotFound);
    }
}
