//! Managed networks through the whole product: the CLC's calls, both daemons, the kernel, and guests that get their
//! addresses by DHCP and try to reach each other.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use anyhow::{Context as _, Result, ensure};
use euca_sim::clc::{Clc, Reply};
use euca_sim::keys::Role;
use euca_tests::admin::Admin;
use euca_tests::cloud::Cloud;
use euca_tests::daemon::{Daemon, binary, free_address};
use euca_tests::home::Home;
use euca_tests::{ask, until};
use euca_vnet_host::testing::{Peer, ip, isolated, succeed};
use euca_wire::cc;
use nix::sys::signal::Signal;

/// How a site sets its networks; the CLC is another host.
const SITE: &str = r#"
VNET_MODE="MANAGED-NOVLAN"
VNET_PUBINTERFACE="out"
VNET_PRIVINTERFACE="BRIDGE"
VNET_SUBNET="10.10.0.0"
VNET_NETMASK="255.255.0.0"
VNET_ADDRSPERNET="32"
VNET_DNS="10.0.0.53"
VNET_PUBLICIPS="192.168.7.50-192.168.7.60"
VNET_CLOUDIP="192.168.7.1"
VNET_DHCPDAEMON="/usr/sbin/dnsmasq"
"#;
/// Fixture C3 (network.md §16.1).
const STATIC_SITE: &str = r#"
VNET_MODE="STATIC"
VNET_SUBNET="192.168.1.0"
VNET_NETMASK="255.255.255.0"
VNET_BROADCAST="192.168.1.255"
VNET_ROUTER="192.168.1.1"
VNET_DNS="192.168.1.1"
VNET_MACMAP="AA:DD:11:CE:FF:ED=192.168.1.2 AA:DD:11:CE:FF:EE=192.168.1.3"
"#;
const USER: &str = "alice";
const WEB: &str = "i-0000AAAA";
const DATABASE: &str = "i-0000BBBB";

/// Two guests in two groups get their addresses from us, ask for their metadata, reach each other once a rule permits
/// it, and one answers at its elastic address.
#[test]
fn guests_of_two_groups_reach_each_other_when_a_rule_permits_it() {
    isolated(async || {
        // The world outside, where the CLC is.
        let world = Peer::new("out");
        ip(&["address", "add", "192.168.7.2/24", "dev", "out"]);
        world.ip(&["address", "add", "192.168.7.1/24", "dev", "eth0"]);
        world.ip(&["route", "add", "10.10.0.0/16", "via", "192.168.7.2"]);
        let tasks = Arc::new(Mutex::new(String::new()));
        let told = Arc::clone(&tasks);
        let _metadata = world.serves(8773, move || told.lock().unwrap().clone());

        let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest");
        let cloud = Cloud::start_with(&guest, SITE).await.unwrap();
        for (vlan, group) in [(10, "web"), (15, "database")] {
            granted(cloud.ask(&start(vlan, group)).await).unwrap();
        }
        for (id, vlan, group) in [(WEB, 10, "web"), (DATABASE, 15, "database")] {
            let request = cc::RunInstances {
                vlan,
                net_names: vec![group.to_owned()],
                network_index_list: vec![2],
                ..cloud.request(id)
            };
            cloud.launch(&request).await.unwrap();
        }
        for (id, line) in [
            (WEB, "EUCA-GUEST-ADDRESS 10.10.1.2/27 10.10.1.1"),
            (DATABASE, "EUCA-GUEST-ADDRESS 10.10.1.162/27 10.10.1.161"),
        ] {
            cloud.reaches(id, Some("Extant")).await.unwrap();
            says(&cloud, id, line).await;
        }

        "reach 10.10.1.162\n".clone_into(&mut tasks.lock().unwrap());
        says(&cloud, WEB, "EUCA-GUEST-REACH 10.10.1.162 nothing").await;
        let rule = cc::NetworkRule {
            type_: "firewall-open".to_owned(),
            source_names: vec!["web".to_owned()],
            user_names: vec![USER.to_owned()],
            dest_name: "database".to_owned(),
            protocol: "tcp".to_owned(),
            port_range_min: 80,
            port_range_max: 80,
            ..Default::default()
        };
        granted(cloud.ask(&configure(vec![rule])).await).unwrap();
        says(&cloud, WEB, "EUCA-GUEST-REACH 10.10.1.162 10.10.1.162").await;

        granted(cloud.ask(&assign("10.10.1.2")).await).unwrap();
        assert_eq!(world.connects("192.168.7.50", 80), None, "no rule lets the world in");
        let rule = cc::NetworkRule {
            type_: "firewall-open".to_owned(),
            source_nets: vec!["192.168.7.0/24".to_owned()],
            dest_name: "web".to_owned(),
            protocol: "tcp".to_owned(),
            port_range_min: 80,
            port_range_max: 80,
            ..Default::default()
        };
        granted(cloud.ask(&configure(vec![rule])).await).unwrap();
        assert_eq!(world.gets("192.168.7.50", 80).as_deref(), Some("10.10.1.2"), "at its elastic address");

        for id in [WEB, DATABASE] {
            cloud.terminate(id).await.unwrap();
            cloud.reaches(id, Some("Teardown")).await.unwrap();
        }
        cloud.stop().unwrap();
    });
}

/// Killed, with its host rebooted, stopped, and in the hands of an operator: the host is what the state says (net_t255,
/// net_t258, net_t259, net_t260).
#[test]
fn the_host_of_a_cluster_is_what_its_state_says() {
    isolated(async || {
        let world = Peer::new("out");
        world.ip(&["address", "add", "192.168.7.1/24", "dev", "eth0"]);
        ip(&["address", "add", "192.168.7.2/24", "dev", "out"]);
        ip(&["link", "add", "br0", "up", "type", "bridge"]);
        let before = kernel();
        let home = Home::new().unwrap();
        let address = free_address([127, 0, 0, 1].into()).unwrap();
        home.configure(&(SITE.replace("BRIDGE", "br0") + &Home::cluster_conf(address, &[]))).unwrap();
        let clc = Clc::new(&home.keys(), Role::Cloud, address).unwrap();
        let mut daemon = Daemon::start("cc-daemon", &home).unwrap();
        granted(ask(&clc, &start(10, "web")).await).unwrap();
        granted(ask(&clc, &assign("10.10.1.2")).await).unwrap();
        let active = kernel();
        for wanted in ["10.10.1.1/27", "192.168.7.50/32", "169.254.169.254/32", "--to-source 192.168.7.50"] {
            assert!(active.contains(wanted), "{wanted} is not in {active}");
        }

        daemon.signal(Signal::SIGKILL).unwrap();
        daemon.wait().unwrap();
        // As after a reboot.
        for device in ["br0", "out"] {
            ip(&["address", "flush", "dev", device]);
        }
        ip(&["address", "add", "192.168.7.2/24", "dev", "out"]);
        for arguments in [["-F"], ["-X"]] {
            for table in ["filter", "nat"] {
                succeed(Command::new("iptables").args(["-t", table]).args(arguments));
            }
        }
        let daemon = Daemon::start("cc-daemon", &home).unwrap();
        until("the networks", async || Ok(kernel() == active)).await.unwrap();
        assert!(daemon.stop().unwrap().success());
        assert_eq!(kernel(), active, "a plain stop leaves networks as they are");

        let operator = |verb: &str| {
            let mut command = Command::new(binary("cc-daemon").unwrap());
            succeed(command.env("EUCALYPTUS", home.path()).args(["network", verb]))
        };
        assert!(operator("plan").contains("address 10.10.1.1/27 on br0\n"));
        assert_eq!(operator("diff"), "");
        ip(&["address", "del", "10.10.1.1/27", "dev", "br0"]);
        assert_eq!(operator("diff"), "add address 10.10.1.1/27 on br0\n");
        assert_eq!(operator("repair"), "add address 10.10.1.1/27 on br0\n");
        assert_eq!(operator("diff"), "");
        operator("clear");
        assert_eq!(kernel(), before, "cleared");
    });
}

/// What an operator breaks is told for as long as it is broken, and is well again by itself when that is mended.
#[test]
fn a_host_that_cannot_be_as_it_should_is_told_until_it_can() {
    isolated(async || {
        let _world = Peer::new("out");
        ip(&["link", "add", "br0", "up", "type", "bridge"]);
        let before = kernel();
        let home = Home::new().unwrap();
        let address = free_address([127, 0, 0, 1].into()).unwrap();
        let (admin, conf) =
            Admin::of_cluster(&(SITE.replace("BRIDGE", "br0") + &Home::cluster_conf(address, &[]))).unwrap();
        home.configure(&conf).unwrap();
        let daemon = Daemon::start("cc-daemon", &home).unwrap();
        let is_well = async || Ok(problem(admin, "network").await?.is_null());
        // Rules come last.
        until("the rules", async || Ok(kernel().contains("-A EUCA-POST"))).await.unwrap();
        assert!(is_well().await.unwrap());
        let active = kernel();
        ip(&["link", "delete", "br0"]);
        until("a problem", async || Ok(!is_well().await?)).await.unwrap();
        let told = problem(admin, "network").await.unwrap();
        assert!(told.as_str().unwrap().contains("br0"), "{told}");
        ip(&["link", "add", "br0", "up", "type", "bridge"]);
        until("no problem", is_well).await.unwrap();
        assert_eq!(kernel(), active);
        assert!(daemon.stop().unwrap().success());
        assert_ne!(kernel(), before);
    });
}

/// What networks in use were made with cannot be changed under them; nothing is changed on the host then.
#[test]
fn net_t262_settings_that_move_networks_in_use_are_refused() {
    isolated(async || {
        let _world = Peer::new("out");
        ip(&["link", "add", "br0", "up", "type", "bridge"]);
        let home = Home::new().unwrap();
        let address = free_address([127, 0, 0, 1].into()).unwrap();
        let conf = SITE.replace("BRIDGE", "br0") + &Home::cluster_conf(address, &[]);
        let clc = Clc::new(&home.keys(), Role::Cloud, address).unwrap();
        home.configure(&conf).unwrap();
        let daemon = Daemon::start("cc-daemon", &home).unwrap();
        granted(ask(&clc, &start(10, "web")).await).unwrap();
        assert!(daemon.stop().unwrap().success());
        let active = kernel();
        assert!(active.contains("10.10.1.1/27"), "{active}");
        let changes = [
            ("VNET_ADDRSPERNET=\"32\"", "VNET_ADDRSPERNET=\"64\""),
            ("VNET_NETMASK=\"255.255.0.0\"", "VNET_NETMASK=\"255.254.0.0\""),
            ("VNET_SUBNET=\"10.10.0.0\"", "VNET_SUBNET=\"10.12.0.0\""),
            ("VNET_MODE=\"MANAGED-NOVLAN\"", "VNET_MODE=\"MANAGED\""),
            ("VNET_MODE=\"MANAGED-NOVLAN\"", "VNET_MODE=\"SYSTEM\""),
        ];
        for (before, after) in changes {
            assert!(conf.contains(before));
            home.configure(&conf.replace(before, after)).unwrap();
            let refused = Daemon::start("cc-daemon", &home).unwrap_err().to_string();
            for told in ["network/0010", "VNET_ADDRSPERNET (MANAGED-NOVLAN, 10.10.0.0, 255.255.0.0, 32)"] {
                assert!(refused.contains(told), "{after}: {refused}");
            }
            assert_eq!(kernel(), active, "{after}");
        }
        // Other variables are nobody's address; and when nothing is in use any more, all may be changed.
        home.configure(&conf.replace("10.0.0.53", "10.0.0.54").replace(".50-", ".40-")).unwrap();
        let daemon = Daemon::start("cc-daemon", &home).unwrap();
        let stop = cc::StopNetwork {
            user_id: Some(USER.to_owned()),
            vlan: Some(10),
            net_name: Some("web".to_owned()),
            ..Default::default()
        };
        granted(ask(&clc, &stop).await).unwrap();
        assert!(daemon.stop().unwrap().success());
        let (before, after) = changes[0];
        home.configure(&conf.replace(before, after)).unwrap();
        let daemon = Daemon::start("cc-daemon", &home).unwrap();
        granted(ask(&clc, &start(10, "web")).await).unwrap();
        assert!(kernel().contains("10.10.2.1/26"), "{}", kernel());
        assert!(daemon.stop().unwrap().success());
    });
}

/// The modes that make no networks leave the host of a cluster as it is, whatever it is asked (net_t084); in
/// STATIC mode there is a file more, and no process (net_t083).
#[test]
fn modes_without_networks_change_nothing_on_the_host_of_a_cluster() {
    isolated(async || {
        let _world = Peer::new("out");
        foreign();
        let before = whole();
        let home = Home::new().unwrap();
        let address = free_address([127, 0, 0, 1].into()).unwrap();
        let system =
            "VNET_PUBINTERFACE=out\nVNET_PRIVINTERFACE=br0\n".to_owned() + &Home::cluster_conf(address, &[]);
        let fixed = STATIC_SITE.to_owned() + &system;
        let clc = Clc::new(&home.keys(), Role::Cloud, address).unwrap();
        let net = home.path().join("var/run/eucalyptus/net");
        for (row, conf) in [("net_t084", system), ("net_t083", fixed)] {
            home.configure(&conf).unwrap();
            let daemon = Daemon::start("cc-daemon", &home).unwrap();
            let open = configure(vec![cc::NetworkRule {
                type_: "firewall-open".to_owned(),
                source_nets: vec!["0.0.0.0/0".to_owned()],
                dest_name: "web".to_owned(),
                ..Default::default()
            }]);
            let assigned = ask(&clc, &assign("192.168.1.2")).await;
            for reply in [ask(&clc, &start(10, "web")).await, assigned, ask(&clc, &open).await] {
                granted(reply).context(row).unwrap();
            }
            if row == "net_t083" {
                let configuration = net.join("euca-dhcp.conf");
                until("the file", async || Ok(configuration.is_file())).await.unwrap();
                let text = std::fs::read_to_string(configuration).unwrap();
                assert!(text.contains("subnet 192.168.1.0 netmask 255.255.255.0 {"), "{row}: {text}");
                assert!(!text.contains("host "), "{row}: {text}");
                assert!(!net.join("euca-dhcp.pid").exists(), "{row}");
            }
            assert_eq!(whole(), before, "{row}: while it runs");
            assert!(daemon.stop().unwrap().success());
            assert_eq!(whole(), before, "{row}");
            assert_eq!(net.exists(), row == "net_t083", "{row}");
        }
    });
}

/// A node that starts changes nothing on its host; but for the log of DHCP replies in SYSTEM mode, which shows that a
/// change would be seen (net_t085).
#[test]
fn net_t086_a_node_that_starts_leaves_its_host_as_it_is() {
    isolated(async || {
        let _world = Peer::new("out");
        foreign();
        let before = whole();
        for mode in ["MANAGED", "MANAGED-NOVLAN", "STATIC", "SYSTEM"] {
            let home = Home::new().unwrap();
            let address = free_address([127, 0, 0, 1].into()).unwrap();
            let conf = euca_tests::node::conf(&home, address, "test:///default", "br0").unwrap();
            let (admin, conf) = Admin::of_node(&conf).unwrap();
            home.configure(&format!("VNET_MODE={mode}\nVNET_PUBINTERFACE=out\n{conf}")).unwrap();
            let daemon = Daemon::start("nc-daemon", &home).unwrap();
            // Then it has stopped the networks that nobody uses.
            let adopted =
                async || Ok(problem(admin, "instances").await.is_ok_and(|problem| problem.is_null()));
            until("adopted", adopted).await.unwrap();
            if mode == "SYSTEM" {
                let log = "-A EUCA-NC -p udp -m udp --sport 67:68 --dport 67:68 -j LOG --log-level 6";
                until(log, async || Ok(whole().contains(log))).await.unwrap();
            } else {
                assert_eq!(whole(), before, "net_t086 {mode}: while it runs");
            }
            assert!(daemon.stop().unwrap().success(), "{mode}");
            assert_eq!(whole() == before, mode != "SYSTEM", "net_t086 {mode}");
        }
    });
}

/// What a daemon says is wrong with a part of it.
async fn problem(admin: Admin, part: &str) -> Result<serde_json::Value> {
    let (_, health) = admin.json("/health").await?;
    let checks = health["checks"].as_array().context("no checks")?;
    let check = checks.iter().find(|check| check["name"] == part).context("no such check")?;
    Ok(check["problem"].clone())
}

/// What somebody else has set up: a bridge with an address, and rules.
fn foreign() {
    ip(&["link", "add", "br0", "up", "type", "bridge"]);
    ip(&["address", "add", "192.168.1.1/24", "dev", "br0"]);
    for table in ["filter", "nat"] {
        succeed(Command::new("iptables").args([
            "-t",
            table,
            "-A",
            "OUTPUT",
            "-d",
            "192.0.2.1",
            "-j",
            "ACCEPT",
        ]));
    }
}

/// Devices, addresses, routes, rules and policies, and whether packets are passed on.
fn whole() -> String {
    let rules = succeed(&mut Command::new("iptables-save"));
    let rules = rules.lines().filter(|line| !line.starts_with('#'));
    let rules: Vec<_> = rules.map(|line| line.split(" [").next().unwrap_or_default()).collect();
    let forward = std::fs::read_to_string("/proc/sys/net/ipv4/ip_forward").unwrap();
    let parts = [
        &ip(&["-brief", "link"]),
        &ip(&["-4", "-brief", "address"]),
        &ip(&["-4", "route", "show", "table", "all"]),
        &rules.join("\n"),
        &forward,
    ];
    parts.map(String::as_str).join("\n")
}

/// Addresses and rules, without what counts packets and time.
fn kernel() -> String {
    let rules = succeed(&mut Command::new("iptables-save"));
    let rules = rules.lines().filter(|line| line.starts_with("-A"));
    let addresses = ip(&["-4", "-brief", "address"]);
    let mut lines: Vec<_> = addresses.lines().chain(rules).collect();
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

fn configure(rules: Vec<cc::NetworkRule>) -> cc::ConfigureNetwork {
    cc::ConfigureNetwork { user_id: Some(USER.to_owned()), rules, ..Default::default() }
}

fn start(vlan: i32, group: &str) -> cc::StartNetwork {
    cc::StartNetwork {
        user_id: Some(USER.to_owned()),
        vlan: Some(vlan),
        net_name: Some(group.to_owned()),
        ..Default::default()
    }
}

fn assign(dest: &str) -> cc::AssignAddress {
    cc::AssignAddress {
        user_id: Some(USER.to_owned()),
        source: "192.168.7.50".to_owned(),
        dest: dest.to_owned(),
        ..Default::default()
    }
}

/// That the cluster has done what it was asked for.
fn granted(reply: Result<Reply>) -> Result<()> {
    let reply = reply?;
    ensure!(reply.text().contains("<n:return>true</n:return>"), "refused: {}", reply.text());
    Ok(())
}

/// Waits for a line on an instance's console.
async fn says(cloud: &Cloud, id: &str, line: &str) {
    let mut console = String::new();
    let waited = until(line, async || {
        console = cloud.console(id).await?;
        Ok(console.lines().any(|said| said.trim_end() == line))
    });
    let waited = waited.await;
    assert!(waited.is_ok(), "{id}: {waited:?}: {console}");
}
