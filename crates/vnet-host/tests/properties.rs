//! Whatever is active, and whatever somebody has done to the firewall, devices and addresses: the way from what there is
//! leads to the plan, and touches nothing that is not ours. The kernel is a model here that refuses what it would refuse.
//! `PROPTEST_CASES` says how many cases.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use euca_vnet::{Group, Ipv4Net, Network, Ports, PublicAddresses, Rule, Traffic};
use euca_vnet_host::firewall::{Protocols, Ruleset};
use euca_vnet_host::links::{Address, Kind, Link, Present, Step, additions, steps};
use euca_vnet_host::plan::Active;
use euca_vnet_host::{Site, testing};
use proptest::prelude::*;
use rtnetlink::packet_route::link::InfoKind;

/// Tables, chains and rules, as iptables has them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kernel(BTreeMap<String, BTreeMap<String, Vec<String>>>);

impl Kernel {
    fn new() -> Self {
        let chains = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
        let filter = ("filter".to_owned(), chains(&["INPUT", "FORWARD", "OUTPUT"]));
        let nat = ("nat".to_owned(), chains(&["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]));
        Self([filter, nat].into())
    }

    /// What `iptables-restore --noflush` does, or why it refuses.
    fn restore(&mut self, text: &str) -> Result<(), String> {
        let mut changed = self.clone();
        let mut table = None;
        for line in text.lines() {
            let refuse = |why: &str| Err(format!("{line}: {why}"));
            if let Some(name) = line.strip_prefix('*') {
                table = Some(changed.0.get_mut(name).ok_or("no such table")?);
                continue;
            }
            let Some(chains) = table.as_mut() else { return refuse("outside a table") };
            let words: Vec<_> = line.split(' ').collect();
            match words[..] {
                ["COMMIT"] => {}
                [chain, "-", "[0:0]"] if chain.starts_with(':') => {
                    chains.insert(chain[1..].to_owned(), Vec::new());
                }
                ["-A", chain, ..] => {
                    let rule = words[2..].join(" ");
                    let target = words.iter().position(|word| *word == "-j").map(|at| words[at + 1]);
                    if target.is_some_and(|name| name.starts_with("EUCA-") && !chains.contains_key(name)) {
                        return refuse("no such target");
                    }
                    chains.get_mut(chain).ok_or("no such chain")?.push(rule);
                }
                ["-I", chain, "1", "-j", target] => {
                    if !chains.contains_key(target) {
                        return refuse("no such target");
                    }
                    chains.get_mut(chain).ok_or("no such chain")?.insert(0, format!("-j {target}"));
                }
                ["-D", chain, "-j", target] => {
                    let rules = chains.get_mut(chain).ok_or("no such chain")?;
                    let rule = format!("-j {target}");
                    let at = rules.iter().position(|found| *found == rule).ok_or("no such rule")?;
                    rules.remove(at);
                }
                ["-F", chain] => chains.get_mut(chain).ok_or("no such chain")?.clear(),
                ["-X", chain] => {
                    let jump = format!("-j {chain}");
                    if chains.values().flatten().any(|rule| rule.ends_with(&jump)) {
                        return refuse("in use");
                    }
                    if !chains.remove(chain).ok_or("no such chain")?.is_empty() {
                        return refuse("not empty");
                    }
                }
                _ => return refuse("unknown"),
            }
        }
        *self = changed;
        Ok(())
    }

    /// What `iptables-save` writes.
    fn save(&self) -> String {
        let mut text = String::new();
        for (table, chains) in &self.0 {
            text += &format!("*{table}\n");
            for chain in chains.keys() {
                let policy = if chain.contains('-') { "-" } else { "ACCEPT" };
                text += &format!(":{chain} {policy} [0:0]\n");
            }
            for (chain, rules) in chains {
                rules.iter().for_each(|rule| text += &format!("-A {chain} {rule}\n"));
            }
            text += "COMMIT\n";
        }
        text
    }

    fn ours(&self) -> Ruleset {
        Ruleset::parse(&self.save(), &Protocols::default())
    }

    /// Without what is ours.
    fn foreign(&self) -> Self {
        let mut foreign = self.clone();
        for chains in foreign.0.values_mut() {
            chains.retain(|chain, _| !chain.starts_with("EUCA-"));
            chains.values_mut().for_each(|rules| rules.retain(|rule| !rule.contains("EUCA-")));
        }
        foreign
    }
}

fn site(vlans: bool) -> Site {
    let mut site = testing::site(vlans);
    site.managed.public.apply(PublicAddresses::Block("192.0.2.0/24".parse().unwrap())).unwrap();
    site
}

fn rule() -> impl Strategy<Value = Rule> {
    let ports = prop::option::of(
        (any::<u16>(), any::<u16>())
            .prop_map(|(one, other)| Ports { first: one.min(other), last: one.max(other) }),
    );
    let traffic = prop_oneof![
        Just(Traffic::Any),
        ports.clone().prop_map(Traffic::Tcp),
        ports.prop_map(Traffic::Udp),
        any::<Option<(u8, Option<u8>)>>().prop_map(Traffic::Icmp),
        any::<u8>().prop_map(Traffic::Protocol),
    ];
    let source = (any::<u32>(), 0..=32_u8)
        .prop_map(|(bits, prefix)| Ipv4Net::new(bits.into(), prefix).unwrap().trunc());
    (source, traffic).prop_map(|(source, traffic)| Rule { source, traffic })
}

fn active() -> impl Strategy<Value = Active> {
    let network = (2..2047_u16, any::<u8>(), prop::collection::vec(rule(), 0..3));
    let mapped = prop::collection::btree_map(1..255_u8, any::<[u8; 2]>(), 0..4);
    (prop::collection::vec(network, 0..4), mapped).prop_map(|(networks, mapped)| {
        let networks = networks.into_iter().map(|(vlan, group, rules)| {
            let (vlan, subnet) = site(true).managed.plan.network(vlan.into()).unwrap();
            let group = Group::from(("admin", group.to_string().as_str()));
            (vlan, Network { vlan, subnet, group, rules }.into())
        });
        let mapped: BTreeMap<_, _> = mapped
            .into_iter()
            .map(|(public, [high, low])| (Ipv4Addr::new(192, 0, 2, public), Ipv4Addr::new(10, 10, high, low)))
            .collect();
        Active { networks: networks.collect(), public: mapped.keys().copied().collect(), mapped, mesh: None }
    })
}

/// Something that somebody does to the firewall: which chain, which rule of it, what.
fn damage() -> impl Strategy<Value = Vec<(usize, usize, u8)>> {
    prop::collection::vec((any::<usize>(), any::<usize>(), 0..5_u8), 0..6)
}

fn break_firewall(kernel: &mut Kernel, damage: &[(usize, usize, u8)]) {
    for &(chain, rule, what) in damage {
        for chains in kernel.0.values_mut() {
            let name = chains.keys().nth(chain % chains.len()).unwrap().clone();
            let rules = chains.get_mut(&name).unwrap();
            let at = rule % (rules.len() + 1);
            match what {
                0 => rules.truncate(at),
                1 if at < rules.len() => drop(rules.remove(at)),
                2 => rules.insert(at, "-s 198.51.100.7/32 -j ACCEPT".to_owned()),
                3 => {
                    // A chain of ours from another life, and a jump to it.
                    let stale = format!("EUCA-SG-{rule:016x}");
                    rules.insert(at, format!("-j {stale}"));
                    chains.insert(stale, vec!["-j DROP".to_owned()]);
                }
                4 => {
                    if let Some(rule) = rules.get(at).cloned() {
                        rules.insert(at, rule);
                    }
                }
                _ => {}
            }
        }
    }
}

/// Takes a step as the kernel would.
fn take(present: &mut Present, step: &Step) {
    let index = |present: &Present, name: &str| present.links.get(name).map(|link| link.index);
    match step {
        Step::Add(name, device) | Step::Mend(name, device) => {
            let next = present.links.values().map(|link| link.index).max().unwrap_or_default() + 1;
            let master = device.master.as_ref().map(|master| index(present, master).unwrap());
            let kind = match &device.kind {
                Kind::Bridge { .. } => InfoKind::Bridge,
                Kind::Vlan { parent, .. } => {
                    assert!(present.links.contains_key(parent), "{step}");
                    InfoKind::Vlan
                }
                other => panic!("{other:?} in a plan without tunnels"),
            };
            let link = present.links.entry(name.clone()).or_insert(Link {
                index: next,
                kind: Some(kind),
                stp: false,
                master,
                up: true,
                isolated: device.isolated,
                mtu: 1500,
            });
            (link.up, link.isolated) = (true, device.isolated);
            link.stp |= device.kind == Kind::Bridge { stp: true };
            if master.is_some() {
                link.master = master;
            }
        }
        Step::Remove(name) => {
            let gone = present.links.remove(name).unwrap();
            present.links.values_mut().filter(|link| link.master == Some(gone.index)).for_each(|link| {
                link.master = None;
            });
            present.addresses.retain(|address| address.device != *name);
        }
        Step::AddAddress(address) => {
            assert!(present.links.contains_key(&address.device), "{step}");
            assert!(present.addresses.insert(address.clone()), "{step}");
        }
        Step::RemoveAddress(address) => assert!(present.addresses.remove(address), "{step}"),
    }
}

fn bare() -> Present {
    let link =
        |index| Link { index, kind: None, stp: false, master: None, up: true, isolated: false, mtu: 1500 };
    let site_own = Address {
        device: "eth1".to_owned(),
        address: Ipv4Addr::new(10, 10, 1, 1),
        prefix: 16,
        link_scope: false,
    };
    Present {
        links: [("eth0".to_owned(), link(1)), ("eth1".to_owned(), link(2))].into(),
        addresses: BTreeSet::from([site_own]),
    }
}

fn way(site: &Site, active: &Active, present: &Present) -> Vec<Step> {
    let is_ours = |name: &str, link: &Link| site.is_ours(present, name, link);
    steps(&site.plan(active).links, present, is_ours, |address| site.is_our_address(address))
}

fn go(site: &Site, active: &Active, present: &mut Present) {
    for step in way(site, active, present) {
        take(present, &step);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    /// What is rendered is read back as it was, and nothing is to be changed then.
    #[test]
    fn rendered_rules_are_read_as_they_are(active in active(), vlans: bool) {
        let plan = site(vlans).plan(&active).rules;
        let mut kernel = Kernel::new();
        kernel.restore(&plan.to_string()).unwrap();
        prop_assert_eq!(&kernel.ours(), &plan);
        prop_assert_eq!(plan.change_from(&kernel.ours()), None);
    }

    /// A change leads from plan to plan, and what it does not name stays.
    #[test]
    fn a_change_of_rules_leads_to_the_plan(before in active(), after in active(), vlans: bool) {
        let (before, after) = (site(vlans).plan(&before).rules, site(vlans).plan(&after).rules);
        let mut kernel = Kernel::new();
        kernel.restore("*filter\n:DOCKER - [0:0]\n-A FORWARD -j DOCKER\nCOMMIT\n").unwrap();
        let foreign = kernel.foreign();
        kernel.restore(&before.to_string()).unwrap();
        if let Some(change) = after.change_from(&before) {
            kernel.restore(&change).unwrap();
        }
        prop_assert_eq!(kernel.ours(), after);
        prop_assert_eq!(kernel.foreign(), foreign);
    }

    /// So does a repair, whatever was done to the rules.
    #[test]
    fn a_repair_of_rules_leads_to_the_plan(active in active(), damage in damage()) {
        let plan = site(true).plan(&active).rules;
        let mut kernel = Kernel::new();
        kernel.restore(&plan.to_string()).unwrap();
        break_firewall(&mut kernel, &damage);
        let foreign = kernel.foreign();
        if let Some(change) = plan.change_from(&kernel.ours()) {
            kernel.restore(&change).unwrap();
        }
        prop_assert_eq!(kernel.ours(), plan);
        prop_assert_eq!(kernel.foreign(), foreign);
    }

    /// Devices and addresses: from a bare host to one plan, to another, and back after damage. Nothing of the site's
    /// goes, and nothing of ours is left.
    #[test]
    fn devices_and_addresses_are_brought_to_the_plan(
        before in active(),
        mut after in active(),
        kept: [bool; 3],
        vlans: bool,
        damage in prop::collection::vec((any::<usize>(), 0..5_u8), 0..6),
    ) {
        let site = site(vlans);
        let [networks, public, mapped] = kept;
        networks.then(|| after.networks.clone_from(&before.networks));
        public.then(|| after.public.clone_from(&before.public));
        mapped.then(|| after.mapped.clone_from(&before.mapped));
        let mut present = bare();
        go(&site, &before, &mut present);
        prop_assert_eq!(way(&site, &before, &present), vec![]);
        // The quick way, where there is one, and the one that looks lead to the same.
        let mut quick = present.clone();
        let last = site.plan(&before);
        let plan = site.plan_after(&after, Some((&before, &last)));
        prop_assert_eq!(&plan, &site.plan(&after));
        let additions = additions(&last.links, &plan.links);
        go(&site, &after, &mut present);
        if let Some(steps) = additions {
            steps.iter().for_each(|step| take(&mut quick, step));
            prop_assert_eq!(way(&site, &after, &quick), vec![]);
        }
        for (which, what) in damage {
            let name = present.links.keys().nth(which % present.links.len()).unwrap().clone();
            match what {
                0 => drop(present.addresses.pop_last().filter(|address| address.prefix == 16).map(|own| {
                    present.addresses.insert(own)
                })),
                1 if !name.starts_with("eth0") && name != "eth1" => take(&mut present, &Step::Remove(name)),
                2 => present.links.values_mut().for_each(|link| link.up &= link.index % 2 == 0),
                3 => present.links.values_mut().for_each(|link| link.stp = false),
                _ => present.links.values_mut().for_each(|link| {
                    if which % 3 == 0 { link.master = None }
                }),
            }
        }
        go(&site, &after, &mut present);
        prop_assert_eq!(way(&site, &after, &present), vec![]);
        prop_assert!(bare().links.keys().all(|name| present.links.contains_key(name)));
        prop_assert!(present.addresses.is_superset(&bare().addresses));
        go(&site, &Active::default(), &mut present);
        let left: Vec<_> = present.addresses.iter().map(|address| address.address).collect();
        prop_assert_eq!(left.len(), 2, "the site's own and the metadata's: {:?}", left);
    }
}
