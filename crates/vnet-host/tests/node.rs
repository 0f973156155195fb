//! What a node has of the network, on a real kernel (network.md §3.4).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;
use std::sync::Arc;

use euca_command::Programs;
use euca_vnet_host::node::log_dhcp_replies;
use euca_vnet_host::testing::{isolated, succeed};

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
