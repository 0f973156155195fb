//! MANAGED-NOVLAN on a real kernel: what guests and outsiders reach (network.md §7, §16.13), and what becomes of it when
//! the daemon starts again or the kernel is damaged.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::cell::Cell;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use euca_command::{CommandRunner, Error, Output, Programs};
use euca_vnet::{Effect, Effects as _, Group, Network, Ports, PublicAddresses, Rule, State, Traffic};
use euca_vnet_host::testing::{self, Answer, Peer, answers, connects, ip, isolated, succeed};
use euca_vnet_host::{Host, Site};
use futures_util::future::BoxFuture;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::sync::watch;

/// The guest of VLAN 10, its neighbour there, and that of VLAN 15.
const GUEST: &str = "10.10.1.2";
const NEIGHBOUR: &str = "10.10.1.3";
const OTHER: &str = "10.10.1.162";
const ELASTIC: &str = "192.168.7.50";

fn address(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn site(cloud: Option<&str>) -> Site {
    let mut site = Site {
        public_interface: "out".to_owned(),
        private_interface: "br0".to_owned(),
        cloud: cloud.map(address),
        ..testing::site(false)
    };
    let range = PublicAddresses::Range(address("192.168.7.50"), address("192.168.7.60"));
    site.managed.public.apply(range).unwrap();
    site
}

fn host(site: &Site) -> Host {
    Host::new(site.clone(), Arc::new(Programs::default()))
}

fn network(site: &Site, vlan: u16, group: &str, rules: Vec<Rule>) -> Network {
    let (vlan, subnet) = site.managed.plan.network(vlan.into()).unwrap();
    Network { vlan, subnet, group: Group::from(("admin", group)), rules }
}

fn tcp(source: &str, port: u16) -> Rule {
    Rule { source: source.parse().unwrap(), traffic: Traffic::Tcp(Some(Ports { first: port, last: port })) }
}

async fn order(host: &Host, effects: impl IntoIterator<Item = Effect>) {
    for effect in effects {
        host.carry_out(&effect).await.unwrap();
    }
}

fn map(public: &str, private: &str) -> [Effect; 2] {
    let (public, private) = (address(public), address(private));
    [Effect::AddPublicAddress(public), Effect::MapAddress { public, private }]
}

/// A host with a cable to the world outside and a bridge with three guests, two of them in one network.
struct World {
    clc: Peer,
    guest: Peer,
    neighbour: Peer,
    other: Peer,
    _answers: [Answer; 5],
}

impl World {
    fn new() -> Self {
        let clc = Peer::new("out");
        ip(&["address", "add", "192.168.7.2/24", "dev", "out"]);
        clc.ip(&["address", "add", "192.168.7.1/24", "dev", "eth0"]);
        clc.ip(&["route", "add", "10.10.0.0/16", "via", "192.168.7.2"]);
        ip(&["link", "add", "br0", "up", "type", "bridge"]);
        let guest = Peer::guest("tap1", "br0", "10.10.1.2/27", "10.10.1.1");
        let neighbour = Peer::guest("tap2", "br0", "10.10.1.3/27", "10.10.1.1");
        let other = Peer::guest("tap3", "br0", "10.10.1.162/27", "10.10.1.161");
        let ssh = |peer: &Peer| peer.answers(22);
        let _answers = [ssh(&guest), ssh(&neighbour), ssh(&other), clc.answers(8773), clc.answers(80)];
        Self { clc, guest, neighbour, other, _answers }
    }

    /// What the matrix of network.md §7 says of a network 10 whose port 22 is open for the world and for network 15, and
    /// whose guest has an elastic address.
    fn is_as_specified(&self, when: &str) {
        let Self { clc, guest, neighbour, other, .. } = self;
        let rows: [(&str, Option<String>, Option<&str>); 14] = [
            ("net_t281: out, elastic", guest.connects("192.168.7.1", 80), Some(ELASTIC)),
            ("net_t281: out, without", neighbour.connects("192.168.7.1", 80), Some("192.168.7.2")),
            ("net_t281: out, without", other.connects("192.168.7.1", 80), Some("192.168.7.2")),
            ("from outside to a private address, open", clc.connects(NEIGHBOUR, 22), Some("192.168.7.1")),
            ("from outside to a private address, default deny", clc.connects(OTHER, 22), None),
            ("net_t271: elastic address", clc.connects(ELASTIC, 22), Some("192.168.7.1")),
            ("net_t273: elastic address, from this host", connects(ELASTIC, 22), Some(ELASTIC)),
            ("net_t274: own elastic address", guest.connects(ELASTIC, 22), None),
            ("net_t280: of another group", other.connects(ELASTIC, 22), Some(OTHER)),
            ("same group", neighbour.connects(GUEST, 22), Some(NEIGHBOUR)),
            ("net_t276: allowed", other.connects(GUEST, 22), Some(OTHER)),
            ("net_t276: dropped", guest.connects(OTHER, 22), None),
            ("net_t270: metadata", neighbour.connects("169.254.169.254", 80), Some(NEIGHBOUR)),
            ("net_t270: metadata, elastic", guest.connects("169.254.169.254", 80), Some(ELASTIC)),
        ];
        for (row, found, expected) in rows {
            assert_eq!(found.as_deref(), expected, "{row}, {when}");
        }
    }
}

fn state(site: &Site) -> State {
    State {
        networks: vec![
            network(site, 10, "default", vec![tcp("192.168.7.0/24", 22), tcp("10.10.1.160/27", 22)]),
            network(site, 15, "web", vec![]),
        ],
        public: vec![(address(ELASTIC), address(GUEST))],
        tunnels: None,
    }
}

/// Rules of other software in every chain we jump from.
fn foreign_rules() {
    for rule in [
        "filter INPUT -p tcp --dport 1 -j ACCEPT",
        "filter FORWARD -s 198.51.100.1 -j ACCEPT",
        "nat PREROUTING -d 198.51.100.2 -j DNAT --to-destination 198.51.100.3",
        "nat POSTROUTING -s 198.51.100.4 -j MASQUERADE",
        "nat OUTPUT -d 198.51.100.5 -j ACCEPT",
    ] {
        let (table, rule) = rule.split_once(' ').unwrap();
        succeed(Command::new("iptables").args(["-t", table, "-A"]).args(rule.split(' ')));
    }
}

/// Everything in the firewall that is not ours.
fn foreign() -> Vec<String> {
    let saved = succeed(&mut Command::new("iptables-save"));
    let foreign = |line: &&str| !line.contains("EUCA-") && !line.starts_with('#');
    // Without the counters of the built-in chains.
    saved.lines().filter(foreign).map(|line| line.split('[').next().unwrap().to_owned()).collect()
}

#[test]
fn guests_reach_what_they_may_whatever_happens_to_the_host() {
    isolated(async || {
        let world = World::new();
        let site = site(Some("192.168.7.1"));
        foreign_rules();
        let before = foreign();
        let first = host(&site);
        order(&first, [Effect::Restore(State::default())]).await;
        let State { networks, .. } = state(&site);
        order(
            &first,
            networks
                .clone()
                .into_iter()
                .map(|network| Effect::StartNetwork(Network { rules: vec![], ..network })),
        )
        .await;
        assert_eq!(world.other.connects(GUEST, 22), None, "net_t276 before the rule");
        order(&first, map(ELASTIC, GUEST)).await;
        assert_eq!(world.clc.connects(ELASTIC, 22), None, "net_t272 before the rule");
        order(&first, [Effect::SetRules(networks)]).await;
        world.is_as_specified("begun");
        assert_eq!(foreign(), before, "net_t261 begun");
        drop(first);

        let second = host(&site);
        order(&second, [Effect::Restore(state(&site))]).await;
        world.is_as_specified("started again");
        assert_eq!(second.repair().await.unwrap(), [""; 0], "net_t087 net_t256");

        // Somebody damages everything.
        for command in [
            "ip address flush dev br0",
            "ip address del 192.168.7.50/32 dev out",
            "iptables -D FORWARD -j EUCA-FWD",
            "iptables -t nat -F EUCA-POST",
            "iptables -F EUCA-SG-33d3ab2d46577d02",
            "iptables -t nat -I EUCA-PRE -j RETURN",
            "iptables -N EUCA-SG-0000000000000000",
        ] {
            let mut words = command.split(' ');
            succeed(Command::new(words.next().unwrap()).args(words));
        }
        assert_eq!(world.other.connects(GUEST, 22), None, "damaged");
        let differences = second.differences().await.unwrap();
        assert!(differences.iter().any(|line| line.contains("10.10.1.1/27 on br0")), "{differences:?}");
        assert_eq!(second.repair().await.unwrap(), differences);
        world.is_as_specified("repaired");
        assert_eq!(second.differences().await.unwrap(), [""; 0]);
        assert_eq!(foreign(), before, "net_t261 repaired");

        // What a life before has left is gone after a clean start.
        let third = host(&site);
        order(&third, [Effect::Restore(State::default())]).await;
        assert_eq!(world.clc.connects(ELASTIC, 22), None, "net_t260");
        let addresses = ip(&["-o", "-4", "address"]);
        for gone in ["10.10.1.1/", "10.10.1.161/", ELASTIC] {
            assert!(!addresses.contains(gone), "net_t260: {gone} in {addresses}");
        }
        let saved = succeed(&mut Command::new("iptables-save"));
        for gone in ["EUCA-SG-", "EUCA-DN-", "EUCA-SN-", "EUCA-NET-"] {
            assert!(!saved.contains(gone), "net_t260: {gone} in {saved}");
        }
        assert_eq!(foreign(), before, "net_t261 clean");
    });
}

/// Without `VNET_CLOUDIP` the CLC is on this host.
#[test]
fn net_t275_a_clc_on_this_host_sees_the_guests_own_address() {
    isolated(async || {
        let world = World::new();
        let site = site(None);
        order(&host(&site), [Effect::Restore(state(&site))]).await;
        let _clc = answers(8773);
        for (guest, own) in [(&world.guest, GUEST), (&world.neighbour, NEIGHBOUR)] {
            assert_eq!(guest.connects("169.254.169.254", 80).as_deref(), Some(own));
        }
    });
}

/// Guests of one group on one bridge, which the kernel passes through the firewall or not.
#[test]
fn net_t279_guests_of_one_group_reach_each_other() {
    isolated(async || {
        let world = World::new();
        let site = site(Some("192.168.7.1"));
        let host = host(&site);
        order(&host, [Effect::Restore(state(&site))]).await;
        let filtered =
            |value: &str| std::fs::write("/proc/sys/net/bridge/bridge-nf-call-iptables", value).unwrap();
        for (value, elastic) in [("1", true), ("0", false)] {
            filtered(value);
            assert_eq!(world.neighbour.connects(GUEST, 22).as_deref(), Some(NEIGHBOUR), "with {value}");
            assert_eq!(world.neighbour.connects(ELASTIC, 22).is_some(), elastic, "with {value}");
        }
        succeed(Command::new("iptables").args(["-F", "EUCA-SG-33d3ab2d46577d02"]));
        for (value, passes) in [("1", false), ("0", true)] {
            filtered(value);
            assert_eq!(
                world.neighbour.connects(GUEST, 22).is_some(),
                passes,
                "without the rule, with {value}"
            );
        }
    });
}

#[test]
fn nobody_outside_is_of_a_group_by_saying_so() {
    isolated(async || {
        let World { clc, guest, neighbour, .. } = &World::new();
        let site = site(Some("192.168.7.1"));
        order(&host(&site), [Effect::Restore(state(&site))]).await;
        for filtered in ["1", "0"] {
            std::fs::write("/proc/sys/net/bridge/bridge-nf-call-iptables", filtered).unwrap();
            assert!(guest.hears(GUEST, neighbour, NEIGHBOUR), "of the group, with {filtered}");
            assert!(!guest.hears(GUEST, clc, "10.10.1.4"), "from outside, with {filtered}");
        }
        let chain = "EUCA-SG-33d3ab2d46577d02";
        succeed(Command::new("iptables").args(["-I", chain, "-s", "10.10.1.0/27", "-j", "ACCEPT"]));
        assert!(guest.hears(GUEST, clc, "10.10.1.4"), "it is the rule that keeps it out");
    });
}

/// Whoever only looks changes nothing; what takes everything away leaves to others what others may depend on.
#[test]
fn the_kernel_is_told_to_pass_packets_on_with_the_first_network() {
    isolated(async || {
        let _world = World::new();
        let forwarding = "/proc/sys/net/ipv4/ip_forward";
        let is_on = || std::fs::read_to_string(forwarding).unwrap().trim() == "1";
        std::fs::write(forwarding, "0").unwrap();
        let site = site(Some("192.168.7.1"));
        let host = host(&site);
        host.expect(state(&site)).await.unwrap();
        assert_ne!(host.differences().await.unwrap(), [""; 0]);
        assert!(!is_on(), "only looked at");
        host.clear().await.unwrap();
        assert!(!is_on(), "taken away");
        host.repair().await.unwrap();
        assert!(is_on(), "brought back");
        std::fs::write(forwarding, "0").unwrap();
        host.repair().await.unwrap();
        assert!(is_on(), "mended");
    });
}

/// Orders that come twice, for what is there, for what is not there (net_t182, net_t186, net_t187, net_t278).
#[test]
fn orders_for_what_is_so_already_succeed() {
    isolated(async || {
        let world = World::new();
        let site = site(Some("192.168.7.1"));
        let host = host(&site);
        order(&host, [Effect::Restore(State::default())]).await;
        let default = network(&site, 10, "default", vec![tcp("192.168.7.0/24", 22)]);
        let (public, private) = (address(ELASTIC), address(GUEST));
        ip(&["address", "add", "192.168.7.50/32", "dev", "out"]);
        ip(&["address", "add", "10.10.1.1/27", "broadcast", "10.10.1.31", "dev", "br0"]);
        for _ in 0..2 {
            order(&host, [Effect::StartNetwork(default.clone())]).await;
            order(&host, map(ELASTIC, GUEST)).await;
            assert_eq!(world.clc.connects(ELASTIC, 22).as_deref(), Some("192.168.7.1"), "net_t116 net_t182");
        }
        // Another guest, without an end in between (net_t184).
        order(&host, [Effect::MapAddress { public, private: address(NEIGHBOUR) }]).await;
        assert_eq!(world.clc.connects(ELASTIC, 22).as_deref(), Some("192.168.7.1"));
        assert_eq!(world.neighbour.connects("192.168.7.1", 80).as_deref(), Some(ELASTIC));
        assert_eq!(world.guest.connects("192.168.7.1", 80).as_deref(), Some("192.168.7.2"));
        // The rules are gone behind our back.
        succeed(Command::new("iptables").args(["-t", "nat", "-F"]));
        for _ in 0..2 {
            order(&host, [Effect::UnmapAddress { public, private }, Effect::RemovePublicAddress(public)])
                .await;
            assert_eq!(world.clc.connects(ELASTIC, 22), None, "net_t181 net_t186 net_t187");
            assert!(!ip(&["-o", "-4", "address"]).contains(ELASTIC));
        }
        for _ in 0..2 {
            order(&host, [Effect::StopNetwork(default.clone())]).await;
            assert_eq!(world.guest.connects("192.168.7.1", 80), None, "net_t278: no gateway");
            assert!(!ip(&["-o", "-4", "address"]).contains("10.10.1.1"), "net_t109");
            assert!(ip(&["-o", "link", "show", "br0"]).contains("UP"), "net_t109: not ours");
            assert!(!succeed(&mut Command::new("iptables-save")).contains("EUCA-SG-"), "net_t109");
        }
    });
}

/// net_t115: what is refused half-way is undone, and does not stand in the way of what comes next.
#[test]
fn an_order_that_fails_leaves_nothing() {
    isolated(async || {
        let world = World::new();
        let site = site(Some("192.168.7.1"));
        let host = host(&site);
        order(&host, [Effect::Restore(state(&site))]).await;
        ip(&["link", "set", "out", "name", "away"]);
        let public = address("192.168.7.51");
        assert!(host.carry_out(&Effect::AddPublicAddress(public)).await.is_err(), "there is no interface");
        // It is not the business of others.
        let network = network(&site, 20, "new", vec![]);
        order(&host, [Effect::StartNetwork(network.clone())]).await;
        assert!(ip(&["-o", "-4", "address"]).contains("10.10.2.65/27"), "its gateway");
        order(&host, [Effect::StopNetwork(network)]).await;
        assert!(!ip(&["-o", "-4", "address"]).contains("10.10.2.65/27"), "its gateway");
        assert!(host.repair().await.is_err(), "it is told");
        assert!(host.carry_out(&Effect::AddPublicAddress(public)).await.is_err(), "not forgotten");
        ip(&["link", "set", "away", "name", "out"]);
        host.repair().await.unwrap();
        assert_eq!(host.differences().await.unwrap(), [""; 0]);
        order(&host, [Effect::AddPublicAddress(public)]).await;
        assert!(ip(&["-o", "-4", "address"]).contains("192.168.7.51/32"));
        world.is_as_specified("after a failure");
    });
}

/// Whoever waits no longer for an order has not given it.
#[test]
fn an_order_that_nobody_waits_for_is_not_carried_out_later() {
    isolated(async || {
        let world = World::new();
        let site = site(Some("192.168.7.1"));
        let host = host(&site);
        order(&host, [Effect::Restore(state(&site))]).await;
        let late = Effect::StartNetwork(network(&site, 20, "late", vec![]));
        // Far less than it takes to start a program.
        let given = tokio::time::timeout(Duration::from_micros(100), host.carry_out(&late)).await;
        assert!(given.is_err(), "not in time");
        host.repair().await.unwrap();
        assert!(!ip(&["-o", "-4", "address"]).contains("10.10.2.65"), "the gateway of VLAN 20");
        assert_eq!(host.differences().await.unwrap(), [""; 0]);
        world.is_as_specified("after an order that nobody waited for");
    });
}

/// What follows an order that was answered comes soon: within 30 seconds on any machine.
async fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..300 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what}: not within 30 seconds");
}

/// What somebody outside believes about an elastic address.
struct Belief<'a>(&'a Peer, &'a str);

impl Belief<'_> {
    const WRONG: &'static str = "02:00:00:00:00:99";

    fn is_wrong(&self) -> bool {
        self.0.ip(&["neighbour", "show", self.1]).contains(Self::WRONG)
    }

    /// Somebody else had it. That is not asked again while it is not used.
    fn mislead(&self) {
        let entry = ["neighbour", "replace", self.1, "lladdr", Self::WRONG, "dev", "eth0"];
        self.0.ip(&[&entry[..], &["nud", "reachable"]].concat());
        assert!(self.is_wrong());
    }
}

/// network.md §4.7: an elastic address that comes to this host is announced; one that was there is not.
#[test]
fn neighbours_learn_at_once_where_an_elastic_address_is() {
    isolated(async || {
        let world = World::new();
        let site = site(Some("192.168.7.1"));
        let first = host(&site);
        order(&first, [Effect::Restore(State::default())]).await;
        let belief = Belief(&world.clc, ELASTIC);
        belief.mislead();
        order(&first, map(ELASTIC, GUEST)).await;
        soon("announced", || !belief.is_wrong()).await;
        let device = ip(&["-brief", "link", "show", "out"]);
        let mac = device.split_whitespace().nth(2).unwrap();
        assert!(world.clc.ip(&["neighbour", "show", ELASTIC]).contains(mac), "{device}");

        belief.mislead();
        order(&first, map(ELASTIC, NEIGHBOUR)).await;
        let second = host(&site);
        order(&second, [Effect::Restore(State { networks: vec![], ..state(&site) })]).await;
        assert_eq!(second.repair().await.unwrap(), [""; 0]);
        let another = Belief(&world.clc, "192.168.7.51");
        another.mislead();
        order(&second, map("192.168.7.51", OTHER)).await;
        soon("announced", || !another.is_wrong()).await;
        assert!(belief.is_wrong(), "frames come in their order: it was not announced again");
    });
}

/// network.md §8.5: connections that go on are those that would begin in the same way.
#[test]
fn connections_do_not_go_on_to_a_former_owner() {
    isolated(async || {
        let World { clc, guest, neighbour, other, .. } = &World::new();
        let site = site(Some("192.168.7.1"));
        let host = host(&site);
        let any = Rule { source: "192.168.7.0/24".parse().unwrap(), traffic: Traffic::Any };
        let networks =
            vec![network(&site, 10, "default", vec![any.clone()]), network(&site, 15, "web", vec![any])];
        order(&host, [Effect::Restore(State { networks, ..State::default() })]).await;
        let stayer = "192.168.7.51";
        order(&host, map(stayer, OTHER)).await;

        let udp = |peer: &Peer| {
            let socket = peer.inside(|| UdpSocket::bind("0.0.0.0:5000")).unwrap();
            socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
            socket
        };
        let (world, first, second) = (udp(clc), udp(guest), udp(neighbour));
        // Whom a packet from one comes from for another, if it comes. Earlier ones do not count.
        let number = Cell::new(0_u8);
        let comes = |from: &UdpSocket, to: &str, at: &UdpSocket| {
            number.set(number.get().wrapping_add(1));
            // It may be refused by the answer to an earlier one.
            let _ = from.send_to(&[number.get()], (address(to), 5000));
            let mut packet = [0];
            loop {
                let (_, sender) = at.recv_from(&mut packet).ok()?;
                if packet == [number.get()] {
                    return Some(sender.ip().to_string());
                }
            }
        };
        let tcp = |peer: &Peer, to: &str| {
            let listener = peer.inside(|| TcpListener::bind("0.0.0.0:7000")).unwrap();
            let outside = clc.inside(|| TcpStream::connect((address(to), 7000))).unwrap();
            outside.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
            (outside, listener.accept().unwrap().0)
        };
        let (mut kept, mut keeper) = tcp(other, stayer);
        let mut passes = || {
            kept.write_all(b"?").unwrap();
            keeper.read_exact(&mut [0]).unwrap();
            keeper.write_all(b"!").unwrap();
            kept.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            kept.read_exact(&mut [0]).unwrap();
        };
        passes();

        // The address is the host's own, then the guest's.
        order(&host, [Effect::AddPublicAddress(address(ELASTIC))]).await;
        assert_eq!(comes(&world, ELASTIC, &first), None);
        soon("out as the host", || comes(&first, "192.168.7.1", &world).as_deref() == Some("192.168.7.2"))
            .await;
        order(&host, map(ELASTIC, GUEST)).await;
        soon("in", || comes(&world, ELASTIC, &first).as_deref() == Some("192.168.7.1")).await;
        soon("out", || comes(&first, "192.168.7.1", &world).as_deref() == Some(ELASTIC)).await;
        let (mut outside, _inside) = tcp(guest, ELASTIC);
        passes();

        // The neighbour's.
        soon("out as the host", || comes(&second, "192.168.7.1", &world).as_deref() == Some("192.168.7.2"))
            .await;
        order(&host, map(ELASTIC, NEIGHBOUR)).await;
        soon("moved in", || comes(&world, ELASTIC, &second).is_some()).await;
        assert_eq!(comes(&world, ELASTIC, &first), None, "the former owner");
        soon("moved out", || comes(&second, "192.168.7.1", &world).as_deref() == Some(ELASTIC)).await;
        soon("former out", || comes(&first, "192.168.7.1", &world).as_deref() == Some("192.168.7.2")).await;
        soon("TCP is reset", || {
            let written = outside.write_all(b"?");
            written.and_then(|()| outside.read_exact(&mut [0])).is_err_and(|error| {
                matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
            })
        })
        .await;
        passes();

        // Nobody's.
        let (public, private) = (address(ELASTIC), address(NEIGHBOUR));
        order(&host, [Effect::UnmapAddress { public, private }, Effect::RemovePublicAddress(public)]).await;
        soon("free", || comes(&world, ELASTIC, &second).is_none()).await;
        soon("free out", || comes(&second, "192.168.7.1", &world).as_deref() == Some("192.168.7.2")).await;
        passes();
    });
}

/// A connection from outside to the elastic address of the guest, which the neighbour gets.
struct Former {
    outside: TcpStream,
    inside: TcpStream,
}

impl Former {
    async fn new(host: &Host, site: &Site, world: &World) -> Self {
        let any = Rule { source: "192.168.7.0/24".parse().unwrap(), traffic: Traffic::Any };
        let networks = vec![network(site, 10, "default", vec![any])];
        order(host, [Effect::Restore(State { networks, public: vec![], ..State::default() })]).await;
        order(host, map(ELASTIC, GUEST)).await;
        let listener = world.guest.inside(|| TcpListener::bind("0.0.0.0:7000")).unwrap();
        let outside = world.clc.inside(|| TcpStream::connect((address(ELASTIC), 7000))).unwrap();
        outside.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let (inside, _) = listener.accept().unwrap();
        inside.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self { outside, inside }
    }

    fn goes_on(&mut self) -> bool {
        self.outside.write_all(b"?").and_then(|()| self.inside.read_exact(&mut [0])).is_ok()
    }

    async fn is_reset(&mut self) {
        soon("TCP is reset", || {
            let written = self.outside.write_all(b"?");
            written.and_then(|()| self.outside.read_exact(&mut [0])).is_err_and(|error| {
                matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
            })
        })
        .await;
    }
}

/// Set in a process that runs one test.
const ALONE: &str = "EUCA_TEST_ALONE";

#[test]
fn what_could_not_be_forgotten_is_when_the_host_is_looked_after() {
    if std::env::var_os(ALONE).is_none() {
        let mut alone = Command::new(std::env::current_exe().unwrap());
        let test = "what_could_not_be_forgotten_is_when_the_host_is_looked_after";
        let told = succeed(alone.args(["--exact", test, "--nocapture"]).env(ALONE, "1"));
        assert!(told.contains("1 passed"), "{told}");
        return;
    }
    isolated(async || {
        let world = World::new();
        let site = site(None);
        let host = host(&site);
        let mut former = Former::new(&host, &site, &world).await;
        order(&host, map(ELASTIC, NEIGHBOUR)).await;
        // No file, so no socket, for what runs next.
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, 0, hard).unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
        setrlimit(Resource::RLIMIT_NOFILE, soft, hard).unwrap();
        assert!(former.goes_on(), "nothing is forgotten yet");
        assert_eq!(host.repair().await.unwrap(), [""; 0]);
        former.is_reset().await;
    });
}

/// The programs of this host, whose end is not noticed while it is deaf.
#[derive(Default)]
struct Deaf {
    programs: Programs,
    is_deaf: AtomicBool,
}

impl CommandRunner for Deaf {
    fn run(&self, command: euca_command::Command) -> BoxFuture<'_, Result<Output, Error>> {
        Box::pin(async move {
            let is_restore = command.program.ends_with("iptables-restore");
            let done = self.programs.run(command).await;
            if is_restore && self.is_deaf.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            done
        })
    }
}

#[test]
fn connections_are_forgotten_by_the_order_after_one_that_was_given_up() {
    isolated(async || {
        let world = World::new();
        let site = site(None);
        let runner = Arc::new(Deaf::default());
        let host = Host::new(site.clone(), Arc::clone(&runner) as Arc<dyn CommandRunner>);
        let mut former = Former::new(&host, &site, &world).await;
        let [_, moved] = map(ELASTIC, NEIGHBOUR);
        runner.is_deaf.store(true, Ordering::Relaxed);
        let given_up = tokio::time::timeout(Duration::from_secs(5), host.carry_out(&moved)).await;
        assert!(given_up.is_err());
        runner.is_deaf.store(false, Ordering::Relaxed);
        let saved = succeed(Command::new("iptables-save").args(["-t", "nat"]));
        assert!(saved.contains(&format!("--to-destination {NEIGHBOUR}")), "{saved}");
        assert!(former.goes_on(), "nothing is forgotten yet");
        order(&host, [moved]).await;
        former.is_reset().await;
    });
}

/// The programs of this host, but for `iptables-restore`, which fails while it is refused.
#[derive(Default)]
struct Refusing {
    programs: Programs,
    is_refused: AtomicBool,
}

impl CommandRunner for Refusing {
    fn run(&self, command: euca_command::Command) -> BoxFuture<'_, Result<Output, Error>> {
        let is_restore = command.program.ends_with("iptables-restore");
        if is_restore && self.is_refused.load(Ordering::Relaxed) {
            return Box::pin(std::future::ready(Ok(Output::exit(4))));
        }
        self.programs.run(command)
    }
}

/// What the daemon finds when it starts again is what guests depend on.
#[test]
fn a_host_that_cannot_be_restored_keeps_what_runs_until_it_can() {
    isolated(async || {
        let world = World::new();
        let site = site(Some("192.168.7.1"));
        order(&host(&site), [Effect::Restore(state(&site))]).await;
        let runner = Arc::new(Refusing::default());
        let host = Arc::new(Host::new(site.clone(), Arc::clone(&runner) as Arc<dyn CommandRunner>));
        let new = network(&site, 20, "new", vec![]);
        let early = host.carry_out(&Effect::StartNetwork(new.clone())).await;
        assert!(early.is_err_and(|error| error.to_string().contains("not known yet")));
        host.repair().await.unwrap_err();
        world.is_as_specified("before it is restored");

        // What has changed meanwhile cannot be done.
        let mut changed = state(&site);
        changed.networks.push(new.clone());
        runner.is_refused.store(true, Ordering::Relaxed);
        host.carry_out(&Effect::Restore(changed)).await.unwrap_err();
        world.is_as_specified("not restored");
        host.repair().await.unwrap_err();
        world.is_as_specified("not repaired");
        let later = Effect::StartNetwork(network(&site, 21, "later", vec![]));
        host.carry_out(&later).await.unwrap_err();
        world.is_as_specified("after another order");

        let (_period, periods) = watch::channel(Duration::from_millis(100));
        let keeper = Arc::clone(&host);
        let keeper = tokio::spawn(async move { keeper.keep(periods).await });
        soon("told", || host.is_kept().is_err()).await;
        runner.is_refused.store(false, Ordering::Relaxed);
        soon("mended", || host.is_kept().is_ok()).await;
        keeper.abort();
        assert_eq!(host.differences().await.unwrap(), [""; 0]);
        let addresses = ip(&["-o", "-4", "address"]);
        assert!(addresses.contains("10.10.2.65/27"), "the gateway of VLAN 20: {addresses}");
        assert!(!addresses.contains("10.10.2.97/27"), "the gateway of VLAN 21: {addresses}");
        world.is_as_specified("restored");
    });
}

#[test]
fn a_host_whose_restoration_nobody_has_waited_for_keeps_what_runs() {
    isolated(async || {
        let world = World::new();
        let site = site(Some("192.168.7.1"));
        order(&host(&site), [Effect::Restore(state(&site))]).await;
        let runner = Arc::new(Deaf::default());
        let host = Host::new(site.clone(), Arc::clone(&runner) as Arc<dyn CommandRunner>);
        let mut changed = state(&site);
        changed.networks.push(network(&site, 20, "new", vec![]));
        runner.is_deaf.store(true, Ordering::Relaxed);
        let restore = Effect::Restore(changed);
        let given_up = tokio::time::timeout(Duration::from_secs(5), host.carry_out(&restore)).await;
        assert!(given_up.is_err());
        runner.is_deaf.store(false, Ordering::Relaxed);
        world.is_as_specified("given up");
        host.repair().await.unwrap();
        world.is_as_specified("repaired");
        let addresses = ip(&["-o", "-4", "address"]);
        assert!(addresses.contains("10.10.2.65/27"), "the gateway of VLAN 20: {addresses}");
        assert_eq!(host.differences().await.unwrap(), [""; 0]);
    });
}

/// 300 elastic addresses after a restart and after a reboot (net_t257, net_t258).
#[test]
fn many_elastic_addresses_are_all_there_again() {
    isolated(async || {
        let world = World::new();
        let accept = |path| std::fs::write(path, "1").unwrap();
        world.clc.inside(|| accept("/proc/sys/net/ipv4/conf/eth0/arp_accept"));
        let mut site = site(Some("192.168.7.1"));
        site.managed.public.apply(PublicAddresses::Block("198.51.100.0/23".parse().unwrap())).unwrap();
        let public = site.managed.public.addresses().skip(11).take(300);
        let private = (2..).map(|n| Ipv4Addr::from_bits(address("10.10.8.0").to_bits() + n));
        let state = State { public: public.zip(private).collect(), ..state(&site) };
        for _ in 0..2 {
            let host = host(&site);
            order(&host, [Effect::Restore(state.clone())]).await;
            let saved = succeed(Command::new("iptables-save").args(["-t", "nat"]));
            assert_eq!(saved.matches("-j DNAT --to-destination 10.10.").count(), 300);
            assert_eq!(saved.matches("-j SNAT --to-source 198.51.10").count(), 300);
            assert_eq!(ip(&["-o", "-4", "address", "show", "dev", "out"]).matches("198.51.10").count(), 300);
            assert_eq!(host.differences().await.unwrap(), [""; 0]);
            soon("all are announced", || world.clc.ip(&["neighbour"]).matches("198.51.10").count() == 300)
                .await;
            world.clc.ip(&["neighbour", "flush", "all"]);
            // As after a reboot.
            for table in ["filter", "nat"] {
                succeed(Command::new("iptables").args(["-t", table, "-F"]));
                succeed(Command::new("iptables").args(["-t", table, "-X"]));
            }
            ip(&["address", "flush", "dev", "out"]);
        }
    });
}
