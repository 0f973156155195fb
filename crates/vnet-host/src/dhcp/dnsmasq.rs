//! dnsmasq as a DHCP server: its guests are in a file of their own, which it reads again when told to.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;

use euca_vnet::{Dhcp, Mac};

use super::{LEASE, addresses};

/// Its configuration: no name service, no answer but to the guests of `hosts`. It gives the netmask, option 1, by
/// itself (network.md §9.4).
pub fn render<'a>(dhcp: &Dhcp, hosts: &Path, devices: impl Iterator<Item = &'a str>) -> String {
    let mut text = format!(
        "# eucalyptus guest networks\n\
         port=0\n\
         user=root\n\
         bind-dynamic\n\
         except-interface=lo\n\
         dhcp-hostsfile={}\n\
         dhcp-ignore=tag:!known\n",
        hosts.display()
    );
    for device in devices {
        let _ = writeln!(text, "interface={device}");
    }
    for subnet in &dhcp.subnets {
        let tag = subnet.vlan;
        let (network, mask) = (subnet.subnet.network(), subnet.subnet.netmask());
        let _ = write!(
            text,
            "dhcp-range=set:v{tag},{network},static,{mask},{broadcast},{LEASE}\n\
             dhcp-option=tag:v{tag},3,{router}\n\
             dhcp-option=tag:v{tag},6,{dns}\n\
             dhcp-option=tag:v{tag},28,{broadcast}\n",
            broadcast = subnet.broadcast,
            router = subnet.router,
            dns = addresses(&subnet.dns, ","),
        );
    }
    text
}

/// Its guests, one a line.
pub fn render_hosts(dhcp: &Dhcp) -> String {
    hosts(dhcp).map(|(mac, address)| format!("{mac},{address}\n")).collect()
}

/// What it takes to have `configuration` checked.
pub fn check(configuration: &Path) -> Vec<OsString> {
    vec!["--test".into(), option("--conf-file=", configuration)]
}

/// What it takes to serve, in the foreground.
pub fn serve(configuration: &Path, leases: &Path, pid: &Path) -> Vec<OsString> {
    vec![
        "--keep-in-foreground".into(),
        option("--conf-file=", configuration),
        option("--dhcp-leasefile=", leases),
        option("--pid-file=", pid),
    ]
}

/// The leases without those of addresses that are somebody else's now: as long as they last, dnsmasq would give their
/// addresses to nobody. Nothing where there is no such lease.
pub fn without_stale(leases: &str, dhcp: &Dhcp) -> Option<String> {
    let owners: BTreeMap<Ipv4Addr, Mac> = hosts(dhcp).map(|(mac, address)| (address, mac)).collect();
    let is_stale = |line: &&str| {
        // Expiry, MAC, address, name, client id.
        let mut words = line.split(' ').skip(1);
        let (mac, address) = (words.next().and_then(|mac| mac.parse::<Mac>().ok()), words.next());
        let owner = address.and_then(|address| owners.get(&address.parse().ok()?));
        owner.is_some_and(|owner| mac != Some(*owner))
    };
    leases.lines().any(|line| is_stale(&line)).then(|| {
        leases.lines().filter(|line| !is_stale(line)).flat_map(|line| [line, "\n"]).collect::<String>()
    })
}

fn hosts(dhcp: &Dhcp) -> impl Iterator<Item = (Mac, Ipv4Addr)> {
    dhcp.subnets.iter().flat_map(|subnet| subnet.hosts.iter().copied())
}

fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(path);
    option
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dhcp::tests::two_networks;

    #[test]
    fn networks_have_tags_and_guests_a_file() {
        let expected = "\
# eucalyptus guest networks
port=0
user=root
bind-dynamic
except-interface=lo
dhcp-hostsfile=/net/euca-dnsmasq.hosts
dhcp-ignore=tag:!known
interface=eucabr15
interface=eth1
dhcp-range=set:v10,10.10.1.0,static,255.255.255.224,10.10.1.31,1200
dhcp-option=tag:v10,3,10.10.1.1
dhcp-option=tag:v10,6,10.0.0.53,192.168.7.9
dhcp-option=tag:v10,28,10.10.1.31
dhcp-range=set:v15,10.10.1.160,static,255.255.255.224,10.10.1.191,1200
dhcp-option=tag:v15,3,10.10.1.161
dhcp-option=tag:v15,6,10.0.0.53,192.168.7.9
dhcp-option=tag:v15,28,10.10.1.191
";
        let hosts = Path::new("/net/euca-dnsmasq.hosts");
        let text = render(&two_networks(), hosts, ["eucabr15", "eth1"].into_iter());
        assert_eq!(text, expected);
        assert_eq!(
            render_hosts(&two_networks()),
            "D0:0D:3F:25:04:E0,10.10.1.2\nD0:0D:00:00:00:AA,10.10.1.163\n"
        );
    }

    #[test]
    fn leases_of_addresses_that_are_somebody_elses_go() {
        let own = "1700000000 d0:0d:3f:25:04:e0 10.10.1.2 * 01:d0\n";
        let gone = "1700000000 d0:0d:00:00:00:bb 10.10.1.9 guest *\n";
        let taken = "1700000000 d0:0d:00:00:00:bb 10.10.1.163 * *\n";
        let garbage = "duid\n\nx y z\n";
        let kept = [own, gone, garbage].concat();
        // leases, what is to become of them
        for (leases, expected) in [
            ("", None),
            (kept.as_str(), None),
            (&[own, taken, gone, garbage].concat(), Some(kept.as_str())),
            ("1 nonsense 10.10.1.2 * *\n", Some("")),
        ] {
            assert_eq!(without_stale(leases, &two_networks()).as_deref(), expected, "{leases}");
        }
    }
}
