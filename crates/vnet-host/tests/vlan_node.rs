//! VLANs of a node on a kernel that has them (8021q): network.md §16.6, node-controller.md §18.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use euca_vnet_host::links::{Links, Present};
use euca_vnet_host::node::Vlans;
use euca_vnet_host::testing::lab::inside;
use euca_vnet_host::testing::{Peer, ip, succeed};

async fn present() -> Present {
    Links::open().unwrap().present().await.unwrap()
}

/// Whether the bridge of VLAN 10 is there, up, with the tagged device as its one port, and without an address.
async fn is_started() -> bool {
    let present = present().await;
    let is_up = |name| present.links.get(name).is_some_and(|link| link.up);
    let ports: Vec<_> = present.ports("eucabr10").collect();
    let has_address = present.addresses.iter().any(|address| address.device == "eucabr10");
    present.is_bridge("eucabr10")
        && is_up("eucabr10")
        && is_up("eth1.10")
        && ports == ["eth1.10"]
        && !has_address
}

async fn is_stopped() -> bool {
    let present = present().await;
    !["eucabr10", "eth1.10"].iter().any(|name| present.links.contains_key(*name))
}

#[test]
fn a_vlan_starts_and_stops() {
    inside(async || {
        let wire = Peer::new("eth1");
        let vlans = Vlans::open("eth1").unwrap();
        assert!(is_stopped().await);
        vlans.start(10).await.unwrap();
        assert!(is_started().await, "net_t110, nc_114");
        vlans.start(10).await.unwrap();
        assert!(is_started().await, "nc_115");
        // As a cluster controller makes it.
        ip(&["link", "add", "eucabr11", "type", "bridge", "stp_state", "1"]);
        assert_eq!(vlans.present().await.unwrap(), [10]);

        // A guest reaches another node's guest of the same VLAN, and that one only.
        let guest = Peer::guest("tap1", "eucabr10", "10.10.1.2/27", "10.10.1.1");
        for (name, tag, address) in [("eth0.10", "10", "10.10.1.3/27"), ("eth0.11", "11", "10.10.1.4/27")] {
            wire.ip(&["link", "add", "link", "eth0", "name", name, "type", "vlan", "id", tag]);
            wire.ip(&["address", "add", address, "dev", name]);
            wire.ip(&["link", "set", name, "up"]);
        }
        // Each device answers for its own address only.
        succeed(wire.command("busybox").args(["sysctl", "-w", "net.ipv4.conf.all.arp_ignore=1"]));
        let _answer = wire.answers(22);
        assert_eq!(guest.connects("10.10.1.3", 22).as_deref(), Some("10.10.1.2"), "nc_114");
        assert_eq!(guest.connects("10.10.1.4", 22), None, "another VLAN");

        // What is somebody else's stays, and what they hang on.
        vlans.stop(10).await.unwrap();
        assert_eq!(guest.connects("10.10.1.3", 22).as_deref(), Some("10.10.1.2"));
        drop(guest);
        // The peer's end of the cable may be there for a moment.
        for _ in 0..100 {
            if !present().await.links.contains_key("tap1") {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        vlans.stop(10).await.unwrap();
        assert!(is_stopped().await, "net_t111");
        vlans.stop(10).await.unwrap();

        // A bridge that was taken down, and one without its port.
        vlans.start(10).await.unwrap();
        ip(&["link", "set", "eucabr10", "down"]);
        ip(&["link", "set", "eth1.10", "nomaster"]);
        vlans.start(10).await.unwrap();
        assert!(is_started().await);
    });
}

#[test]
fn nc_117_a_vlan_without_its_interface_leaves_nothing() {
    inside(async || {
        let vlans = Vlans::open("eth1").unwrap();
        vlans.start(10).await.unwrap_err();
        assert!(is_stopped().await, "nc_117");
    });
}
