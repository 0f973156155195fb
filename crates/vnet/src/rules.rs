//! What may reach the guests of a group (network.md §8.4). Whatever no rule permits is refused.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;

use indexmap::IndexSet;
use ipnet::Ipv4Net;
use serde::{Deserialize, Serialize};

use crate::{Error, Group, Network, Tables};

/// Traffic that may pass to a group's network.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rule {
    /// Where it comes from.
    pub source: Ipv4Net,
    /// What it is.
    pub traffic: Traffic,
}

/// A protocol, and what of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Traffic {
    /// Every protocol.
    Any,
    /// TCP to these ports, or to all.
    Tcp(Option<Ports>),
    /// UDP to these ports, or to all.
    Udp(Option<Ports>),
    /// ICMP of this type and code, or of all; a type without a code stands for all its codes.
    Icmp(Option<(u8, Option<u8>)>),
    /// An IP protocol by its number.
    Protocol(u8),
}

/// Ports from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Ports {
    /// The first.
    pub first: u16,
    /// The last, not below the first.
    pub last: u16,
}

impl Traffic {
    /// What a rule's protocol and its two numbers mean: ports, or ICMP type and code, -1 for any. A protocol
    /// may be a name or a number; without one every protocol is meant. A port 0 is a port.
    fn parse(protocol: &str, from: i32, to: i32) -> Result<Self, Error> {
        let name = protocol.trim().to_ascii_lowercase();
        match name.as_str() {
            "" | "all" | "0" => Ok(Self::Any),
            "tcp" | "6" => Ports::parse("tcp", from, to).map(Self::Tcp),
            "udp" | "17" => Ports::parse("udp", from, to).map(Self::Udp),
            "icmp" | "1" => icmp(from, to).map(Self::Icmp),
            number => number
                .parse()
                .map(Self::Protocol)
                .map_err(|_| Error::Protocol(protocol.chars().take(64).collect())),
        }
    }
}

impl Ports {
    fn parse(protocol: &'static str, from: i32, to: i32) -> Result<Option<Self>, Error> {
        if matches!((from, to), (-1, -1) | (0, 65535)) {
            return Ok(None);
        }
        let impossible = || Error::Ports { protocol, from, to };
        let first = u16::try_from(from).map_err(|_| impossible())?;
        let last = u16::try_from(to).map_err(|_| impossible())?;
        if first > last { Err(impossible()) } else { Ok(Some(Self { first, last })) }
    }
}

fn icmp(kind: i32, code: i32) -> Result<Option<(u8, Option<u8>)>, Error> {
    let impossible = || Error::Ports { protocol: "icmp", from: kind, to: code };
    let number = |value: i32| u8::try_from(value).map_err(|_| impossible());
    match (kind, code) {
        (-1, _) => Ok(None),
        (kind, -1) => Ok(Some((number(kind)?, None))),
        (kind, code) => Ok(Some((number(kind)?, Some(number(code)?)))),
    }
}

/// What one rule of a request says of its destination and traffic.
#[derive(Debug, Clone, Copy)]
pub struct Permission<'a> {
    /// `firewall-open` permits; `firewall-close` permits nothing, because the group was flushed before.
    pub kind: &'a str,
    /// Owner of the destination group.
    pub user: &'a str,
    /// Name of the destination group.
    pub name: &'a str,
    /// Name or number of the protocol.
    pub protocol: &'a str,
    /// First port, or ICMP type.
    pub from: i32,
    /// Last port, or ICMP code.
    pub to: i32,
}

/// Where permitted traffic may come from.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// The network of a group.
    Group {
        /// Its owner.
        user: &'a str,
        /// Its name.
        name: &'a str,
    },
    /// An address, or a network as `a.b.c.d/length`.
    Net(&'a str),
}

/// Rules as they will be when a request is carried out. Nothing changes until
/// [`Tables::set_rules`](crate::Tables::set_rules).
#[derive(Debug)]
pub struct RuleDraft<'a> {
    tables: &'a Tables,
    /// The active networks by user and name of their group. One that guests have not left yet may be among several.
    active: HashMap<(&'a str, &'a str), Vec<u16>>,
    changed: BTreeMap<u16, IndexSet<Rule>>,
}

impl<'a> RuleDraft<'a> {
    pub(crate) fn new(tables: &'a Tables) -> Self {
        let mut active: HashMap<_, Vec<_>> = HashMap::new();
        for (vlan, group) in tables.groups() {
            active.entry((group.user.as_str(), group.name.as_str())).or_default().push(vlan);
        }
        Self { tables, active, changed: BTreeMap::new() }
    }

    /// The VLANs of a group, one as a rule.
    ///
    /// # Errors
    /// When it is not active.
    pub fn active(&self, user: &str, name: &str) -> Result<Vec<u16>, Error> {
        let none = || Error::Group { user: user.to_owned(), name: name.to_owned() };
        self.active.get(&(user, name)).cloned().ok_or_else(none)
    }

    /// Takes all rules from a group. A group that is not active has none.
    pub fn flush(&mut self, user: &str, name: &str) {
        for vlan in self.active.get(&(user, name)).into_iter().flatten() {
            self.changed.insert(*vlan, IndexSet::new());
        }
    }

    /// Adds a rule to the destination group, once. Brings whether there was something to add: a source group
    /// that is not active has no guests.
    ///
    /// # Errors
    /// When the destination group is not active, or the rule makes no sense.
    pub fn permit(&mut self, permission: &Permission<'_>, source: Source<'_>) -> Result<bool, Error> {
        let &Permission { kind, user, name, protocol, from, to } = permission;
        let vlans = self.active(user, name)?;
        let traffic = Traffic::parse(protocol, from, to)?;
        let sources = match source {
            Source::Net(text) => vec![net(text)?],
            Source::Group { user, name } => {
                let vlans = self.active.get(&(user, name)).into_iter().flatten();
                vlans.filter_map(|vlan| self.tables.subnet(*vlan)).collect()
            }
        };
        match kind {
            "firewall-open" => {}
            "firewall-close" => return Ok(false),
            other => return Err(Error::RuleType(other.chars().take(64).collect())),
        }
        for vlan in vlans {
            let rules = self.changed.entry(vlan);
            let rules = rules.or_insert_with(|| self.tables.rules(vlan).iter().cloned().collect());
            rules.extend(sources.iter().map(|source| Rule { source: *source, traffic }));
        }
        Ok(!sources.is_empty())
    }

    /// The groups that were flushed or added to, each with all its rules.
    pub fn finish(self) -> Vec<Network> {
        let complete = |(vlan, rules): (u16, IndexSet<Rule>)| {
            Some(Network { rules: rules.into_iter().collect(), ..self.tables.network(vlan)? })
        };
        self.changed.into_iter().filter_map(complete).collect()
    }
}

fn net(text: &str) -> Result<Ipv4Net, Error> {
    let parsed = match text.parse::<Ipv4Addr>() {
        Ok(address) => Ok(Ipv4Net::from(address)),
        Err(_) => text.parse::<Ipv4Net>().map(|net| net.trunc()),
    };
    parsed.map_err(|_| Error::Source(text.chars().take(64).collect()))
}

impl From<(&str, &str)> for Group {
    fn from((user, name): (&str, &str)) -> Self {
        Self { user: user.to_owned(), name: name.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::tests::managed;

    const ANYWHERE: Source<'_> = Source::Net("0.0.0.0/0");

    fn group<'a>(user: &'a str, name: &'a str) -> Source<'a> {
        Source::Group { user, name }
    }

    /// Configuration C1 with vlan 10 = (admin, default) and vlan 15 = (admin, web).
    fn tables() -> Tables {
        let mut tables = managed("10.10.0.0/16", 32);
        for (vlan, name) in [(10, "default"), (15, "web")] {
            let network = tables.startable(vlan, ("admin", name).into()).unwrap();
            tables.start(network);
        }
        tables
    }

    fn open<'a>(name: &'a str, protocol: &'a str, from: i32, to: i32) -> Permission<'a> {
        Permission { kind: "firewall-open", user: "admin", name, protocol, from, to }
    }

    #[test]
    fn a_rule_permits_what_it_names() {
        let ports = |first, last| Some(Ports { first, last });
        for (row, permission, source, expected) in [
            (
                "as T-130",
                open("default", "tcp", 22, 22),
                ANYWHERE,
                ("0.0.0.0/0", Traffic::Tcp(ports(22, 22))),
            ),
            ("as T-131", open("default", "icmp", -1, -1), ANYWHERE, ("0.0.0.0/0", Traffic::Icmp(None))),
            ("as T-132", open("default", "udp", 0, 65535), ANYWHERE, ("0.0.0.0/0", Traffic::Udp(None))),
            (
                "as T-133",
                open("default", "tcp", 0, 1024),
                ANYWHERE,
                ("0.0.0.0/0", Traffic::Tcp(ports(0, 1024))),
            ),
            (
                "as T-134",
                open("default", "tcp", 1, 65535),
                group("admin", "default"),
                ("10.10.1.0/27", Traffic::Tcp(ports(1, 65535))),
            ),
            (
                "as T-135",
                open("web", "tcp", 80, 80),
                group("admin", "default"),
                ("10.10.1.0/27", Traffic::Tcp(ports(80, 80))),
            ),
            (
                "as T-140",
                open("default", "", 22, 22),
                Source::Net("10.1.0.0/16"),
                ("10.1.0.0/16", Traffic::Any),
            ),
            (
                "as T-141",
                open("default", "udp", 53, 53),
                Source::Net("10.1.2.3/16"),
                ("10.1.0.0/16", Traffic::Udp(ports(53, 53))),
            ),
            ("as T-142", open("default", "tcp", -1, -1), ANYWHERE, ("0.0.0.0/0", Traffic::Tcp(None))),
            ("net_t144", open("default", "6", 22, 22), ANYWHERE, ("0.0.0.0/0", Traffic::Tcp(ports(22, 22)))),
            ("case", open("default", "TCP", 22, 22), ANYWHERE, ("0.0.0.0/0", Traffic::Tcp(ports(22, 22)))),
            ("port 0", open("default", "udp", 0, 0), ANYWHERE, ("0.0.0.0/0", Traffic::Udp(ports(0, 0)))),
            ("type", open("default", "icmp", 8, -1), ANYWHERE, ("0.0.0.0/0", Traffic::Icmp(Some((8, None))))),
            ("code", open("default", "1", 3, 4), ANYWHERE, ("0.0.0.0/0", Traffic::Icmp(Some((3, Some(4)))))),
            ("gre", open("default", "47", 0, 0), ANYWHERE, ("0.0.0.0/0", Traffic::Protocol(47))),
            ("host", open("default", "all", 0, 0), Source::Net("10.1.2.3"), ("10.1.2.3/32", Traffic::Any)),
        ] {
            let tables = tables();
            let mut draft = RuleDraft::new(&tables);
            assert_eq!(draft.permit(&permission, source), Ok(true), "{row}");
            let changed = draft.finish();
            let (vlan, subnet) =
                if permission.name == "web" { (15, "10.10.1.160/27") } else { (10, "10.10.1.0/27") };
            assert_eq!(changed.len(), 1, "{row}");
            assert_eq!((changed[0].vlan, changed[0].subnet.to_string().as_str()), (vlan, subnet), "{row}");
            let (source, traffic) = expected;
            assert_eq!(changed[0].rules, [Rule { source: source.parse().unwrap(), traffic }], "{row}");
        }
    }

    #[test]
    fn a_rule_that_makes_no_sense_is_refused() {
        let bob = Permission { user: "bob", name: "x", ..open("", "tcp", 22, 22) };
        let other = Permission { kind: "firewall-ajar", ..open("default", "tcp", 22, 22) };
        for (row, permission, source) in [
            ("net_t137", bob, ANYWHERE),
            ("net_t143", open("default", "tcp", 80, 22), ANYWHERE),
            ("type", other, ANYWHERE),
            ("protocol", open("default", "tpc", 22, 22), ANYWHERE),
            ("port", open("default", "tcp", 22, 65536), ANYWHERE),
            ("icmp", open("default", "icmp", 256, -1), ANYWHERE),
            ("mask", open("default", "tcp", 22, 22), Source::Net("10.0.0.0/33")),
            ("text", open("default", "tcp", 22, 22), Source::Net("-j DROP")),
        ] {
            let tables = tables();
            let mut draft = RuleDraft::new(&tables);
            assert!(draft.permit(&permission, source).is_err(), "{row}");
            assert_eq!(draft.finish(), [], "{row}");
        }
    }

    #[test]
    fn rules_are_kept_until_their_group_is_flushed() {
        let mut tables = tables();
        let ssh = open("default", "tcp", 22, 22);
        let mut draft = RuleDraft::new(&tables);
        draft.flush("admin", "default");
        draft.flush("bob", "x"); // net_t149
        assert_eq!(draft.permit(&ssh, ANYWHERE), Ok(true));
        assert_eq!(draft.permit(&ssh, ANYWHERE), Ok(true), "net_t148");
        assert_eq!(draft.permit(&open("default", "tcp", 80, 80), ANYWHERE), Ok(true), "net_t145");
        assert_eq!(draft.permit(&ssh, group("bob", "x")), Ok(false), "net_t136");
        let close = Permission { kind: "firewall-close", ..ssh };
        assert_eq!(draft.permit(&close, ANYWHERE), Ok(false), "net_t138");
        let changed = draft.finish();
        assert_eq!(changed.iter().map(|it| (it.vlan, it.rules.len())).collect::<Vec<_>>(), [(10, 2)]);
        tables.set_rules(changed);

        let mut draft = RuleDraft::new(&tables);
        assert_eq!(draft.permit(&open("default", "udp", 53, 53), ANYWHERE), Ok(true));
        let changed = draft.finish();
        assert_eq!(changed[0].rules.len(), 3, "added to what is there");
        tables.set_rules(changed);

        let mut draft = RuleDraft::new(&tables);
        draft.flush("admin", "default");
        assert_eq!(draft.permit(&close, ANYWHERE), Ok(false));
        tables.set_rules(draft.finish());
        assert_eq!(tables.network(10).unwrap().rules, [], "the last rule is revoked");
    }

    #[test]
    fn net_t151_rules_of_a_group_that_has_moved_are_for_its_new_network() {
        let mut tables = tables();
        tables.stop(15);
        tables.stop(10);
        let network = tables.startable(15, ("admin", "default").into()).unwrap();
        tables.start(network);
        let mut draft = RuleDraft::new(&tables);
        assert_eq!(draft.permit(&open("default", "tcp", 22, 22), ANYWHERE), Ok(true));
        let changed = draft.finish();
        assert_eq!((changed[0].vlan, changed[0].subnet.to_string().as_str()), (15, "10.10.1.160/27"));
    }

    /// As guests that have not left their group's former network have it.
    #[test]
    fn a_group_on_two_vlans_has_its_rules_on_both_and_is_admitted_from_both() {
        let mut tables = tables();
        let network = tables.startable(12, ("admin", "web").into()).unwrap();
        tables.start(network);
        let mut draft = RuleDraft::new(&tables);
        draft.flush("admin", "web");
        assert_eq!(draft.permit(&open("web", "tcp", 80, 80), ANYWHERE), Ok(true));
        assert_eq!(draft.permit(&open("default", "tcp", 22, 22), group("admin", "web")), Ok(true));
        let changed = draft.finish();
        let sources = |it: &Network| -> Vec<_> { it.rules.iter().map(|it| it.source.to_string()).collect() };
        let told: Vec<_> = changed.iter().map(|it| (it.vlan, sources(it))).collect();
        let anywhere = || vec!["0.0.0.0/0".to_owned()];
        let both = ["10.10.1.64/27", "10.10.1.160/27"].map(str::to_owned).to_vec();
        assert_eq!(told, [(10, both), (12, anywhere()), (15, anywhere())]);
        tables.set_rules(changed);
        let mut draft = RuleDraft::new(&tables);
        draft.flush("admin", "web");
        assert!(draft.finish().iter().map(|it| (it.vlan, it.rules.len())).eq([(12, 0), (15, 0)]));
        let (_, closed) = tables.stop(12).unwrap();
        assert_eq!(closed.iter().map(sources).collect::<Vec<_>>(), [["10.10.1.160/27"]]);
    }
}
