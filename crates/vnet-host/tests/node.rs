//! What a node has of the network, on a real kernel (network.md §3.4).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;
use std::sync::Arc;

use euca_command::Programs;
use euca_vnet_host::links::Links;
use euca_vnet_host::node::log_dhcp_replies;
use euca_vnet_host::testing::{ip, isolated, succeed};

fn forward() -> Vec<String> {
    let rules = succeed(Command::new("iptables-save").args(["-t", "filter"]));
    rules.lines().filter(|line| line.starts_with("-A ")).map(|line| line.trim_end().to_owned()).collect()
}

#[test]
fn net_t085_dhcp_replies_are_logged_once() {
    isolated(async || {
        succeed(Command::new("iptables").args(["-N", "EUCA-FWD"]));
        succeed(Command::new("iptables").args(["-A", "FORWARD", "-j", "EUCA-FWD"]));
        succeed(Command::new("iptables").args(["-A", "FORWARD", "-i", "foreign", "-j", "DROP"]));
        let expected = [
            "-A FORWARD -j EUCA-NC",
            "-A FORWARD -j EUCA-FWD",
            "-A FORWARD -i foreign -j DROP",
            "-A EUCA-NC -p udp -m udp --sport 67:68 --dport 67:68 -j LOG --log-level 6",
        ];
        for start in ["first", "second"] {
            log_dhcp_replies(Arc::new(Programs::default())).await.unwrap();
            assert_eq!(forward(), expected, "net_t085 {start} start");
        }
        // What is left by half is made whole, and nothing doubled.
        succeed(Command::new("iptables").args(["-F", "EUCA-NC"]));
        succeed(Command::new("iptables").args(["-A", "FORWARD", "-j", "EUCA-NC"]));
        log_dhcp_replies(Arc::new(Programs::default())).await.unwrap();
        let rules = forward();
        assert_eq!(rules.iter().filter(|rule| *rule == expected[0]).count(), 1, "{rules:?}");
        assert_eq!(rules.last().map(String::as_str), Some(expected[3]));
    });
}

#[test]
fn net_t254_a_device_is_up_unless_it_is_switched_off_or_not_there() {
    isolated(async || {
        for (name, peer) in [("up0", "up1"), ("half0", "half1"), ("off0", "off1")] {
            ip(&["link", "add", name, "type", "veth", "peer", "name", peer]);
        }
        for name in ["up0", "up1", "half0"] {
            ip(&["link", "set", name, "up"]);
        }
        let present = Links::open().unwrap().present().await.unwrap();
        for (name, state, is_up) in [
            ("lo", "unknown", true),
            ("up0", "up", true),
            ("half0", "lowerlayerdown", true),
            ("off0", "down", false),
        ] {
            let told = ip(&["-json", "link", "show", "dev", name]).to_lowercase();
            assert!(told.contains(&format!("\"operstate\":\"{state}\"")), "{name}: {told}");
            assert_eq!(present.links[name].up, is_up, "net_t254 {name}");
        }
        assert!(!present.links.contains_key("none0"), "net_t254: missing");
    });
}
