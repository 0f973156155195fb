//! ISC dhcpd: everything is in its configuration, which it reads once.

use std::fmt::Write as _;
use std::path::Path;

use euca_vnet::Dhcp;

use super::{LEASE, addresses};

/// Its configuration, which it refuses where there is no subnet (network.md §9.1).
pub fn render(dhcp: &Dhcp) -> String {
    let mut text = format!(
        "# eucalyptus guest networks\n\
         default-lease-time {LEASE};\n\
         max-lease-time {LEASE};\n\
         ddns-update-style none;\n\
         \n\
         shared-network euca {{\n"
    );
    for (number, subnet) in dhcp.subnets.iter().enumerate() {
        let (network, mask) = (subnet.subnet.network(), subnet.subnet.netmask());
        let blank = if number == 0 { "" } else { "\n" };
        let _ = write!(
            text,
            "{blank}  subnet {network} netmask {mask} {{\n    \
             option subnet-mask {mask};\n    \
             option broadcast-address {};\n    \
             option domain-name-servers {};\n    \
             option routers {};\n",
            subnet.broadcast,
            addresses(&subnet.dns, ", "),
            subnet.router,
        );
        text.push_str("  }\n");
        for (mac, address) in &subnet.hosts {
            let _ = writeln!(
                text,
                "  host node-{address} {{ hardware ethernet {mac}; fixed-address {address}; }}"
            );
        }
    }
    text.push_str("}\n");
    text
}

/// What it takes to have `configuration` checked.
pub fn check(configuration: &Path, leases: &Path) -> Vec<std::ffi::OsString> {
    vec!["-t".into(), "-cf".into(), configuration.into(), "-lf".into(), leases.into()]
}

/// What it takes to serve on these devices, in the foreground. Not the trace file of the original, which grows by
/// every packet without end.
pub fn serve<'a>(
    configuration: &Path,
    leases: &Path,
    pid: &Path,
    devices: impl Iterator<Item = &'a str>,
) -> Vec<std::ffi::OsString> {
    let files = [("-cf", configuration), ("-lf", leases), ("-pf", pid)];
    let files = files.into_iter().flat_map(|(option, path)| [option.into(), path.into()]);
    ["-f".into(), "-d".into()].into_iter().chain(files).chain(devices.map(Into::into)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dhcp::tests::two_networks;

    #[test]
    fn net_t202_networks_follow_each_other_each_with_its_guests() {
        let expected = "\
# eucalyptus guest networks
default-lease-time 1200;
max-lease-time 1200;
ddns-update-style none;

shared-network euca {
  subnet 10.10.1.0 netmask 255.255.255.224 {
    option subnet-mask 255.255.255.224;
    option broadcast-address 10.10.1.31;
    option domain-name-servers 10.0.0.53, 192.168.7.9;
    option routers 10.10.1.1;
  }
  host node-10.10.1.2 { hardware ethernet D0:0D:3F:25:04:E0; fixed-address 10.10.1.2; }

  subnet 10.10.1.160 netmask 255.255.255.224 {
    option subnet-mask 255.255.255.224;
    option broadcast-address 10.10.1.191;
    option domain-name-servers 10.0.0.53, 192.168.7.9;
    option routers 10.10.1.161;
  }
  host node-10.10.1.163 { hardware ethernet D0:0D:00:00:00:AA; fixed-address 10.10.1.163; }
}
";
        assert_eq!(render(&two_networks()), expected, "net_t201, net_t202");
        let mut dhcp = two_networks();
        dhcp.subnets.truncate(1);
        dhcp.subnets[0].dns.truncate(1);
        let text = render(&dhcp);
        assert!(text.contains("option domain-name-servers 10.0.0.53;"), "net_t200 {text}");
        assert_eq!(
            (text.matches("subnet 10.").count(), text.matches("host ").count()),
            (1, 1),
            "net_t200 {text}"
        );
        dhcp.subnets[0].hosts.clear();
        let text = render(&dhcp);
        assert_eq!(
            (text.matches("subnet 10.").count(), text.matches("host ").count()),
            (1, 0),
            "net_t212 {text}"
        );
        assert!(render(&Dhcp::default()).ends_with("shared-network euca {\n}\n"), "net_t203");
    }
}
