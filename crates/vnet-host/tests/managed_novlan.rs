//! MANAGED-NOVLAN on a real kernel: what guests and outsiders reach (network.md §7, §16.13).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use euca_command::Programs;
use euca_vnet::{
    Effect, Effects as _, Group, ManagedSettings, Network, Plan, Pool, Ports, PublicAddresses, Rule, Traffic,
};
use euca_vnet_host::testing::{Peer, ip, isolated};
use euca_vnet_host::{Host, Site};

fn site() -> Site {
    let mut public = Pool::default();
    let address = |text: &str| text.parse().unwrap();
    public.apply(PublicAddresses::Range(address("192.168.7.50"), address("192.168.7.60"))).unwrap();
    Site {
        managed: ManagedSettings {
            vlans: false,
            plan: Plan::new("10.10.0.0/16".parse().unwrap(), 32).unwrap(),
            dns: address("10.0.0.53"),
            public,
            local: vec![],
            tunnels: false,
        },
        public_interface: "out".to_owned(),
        private_interface: "br0".to_owned(),
        cloud: Some(address("192.168.7.1")),
    }
}

fn network(site: &Site, vlan: u16, group: &str, rules: Vec<Rule>) -> Network {
    let (vlan, subnet) = site.managed.plan.network(vlan.into()).unwrap();
    Network { vlan, subnet, group: Group::from(("admin", group)), rules }
}

fn tcp(source: &str, port: u16) -> Rule {
    Rule { source: source.parse().unwrap(), traffic: Traffic::Tcp(Some(Ports { first: port, last: port })) }
}

#[test]
fn guests_reach_what_they_may() {
    isolated(async || {
        let clc = Peer::new("out");
        ip(&["address", "add", "192.168.7.2/24", "dev", "out"]);
        clc.ip(&["address", "add", "192.168.7.1/24", "dev", "eth0"]);
        clc.ip(&["route", "add", "10.10.0.0/16", "via", "192.168.7.2"]);
        ip(&["link", "add", "br0", "up", "type", "bridge"]);
        let site = site();
        let host = Host::new(site.clone(), Arc::new(Programs::default()));
        let (default, web) = (network(&site, 10, "default", vec![]), network(&site, 15, "web", vec![]));
        for effect in [
            Effect::Restore(euca_vnet::State::default()),
            Effect::StartNetwork(default.clone()),
            Effect::StartNetwork(web.clone()),
        ] {
            host.carry_out(&effect).await.unwrap();
        }
        let a = Peer::guest("tap1", "br0", "10.10.1.2/27", "10.10.1.1");
        let b = Peer::guest("tap2", "br0", "10.10.1.162/27", "10.10.1.161");
        let _ssh = a.answers(22);
        assert_eq!(b.connects("10.10.1.2", 22), None, "net_t276 before the rule");
        let rules = vec![tcp("10.10.1.160/27", 22)];
        host.carry_out(&Effect::SetRules(vec![Network { rules, ..default }])).await.unwrap();
        assert_eq!(b.connects("10.10.1.2", 22).as_deref(), Some("10.10.1.162"), "net_t276 after it");
        let _metadata = clc.answers(8773);
        assert_eq!(a.connects("169.254.169.254", 80).as_deref(), Some("10.10.1.2"), "net_t270");
        assert_eq!(host.repair().await.unwrap(), Vec::<String>::new());
    });
}
