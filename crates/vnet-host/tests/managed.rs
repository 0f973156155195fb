//! MANAGED mode on a real kernel with VLANs: devices, and what guests and outsiders reach (network.md §7, §16.6,
//! §16.13). The guests are behind a node at the other end of a cable with tagged frames.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use euca_command::{CommandRunner, Error, Output, Programs};
use euca_vnet::{Effect, Effects as _, Group, Network, Ports, PublicAddresses, Rule, State, Traffic};
use euca_vnet_host::plan::group_chain;
use euca_vnet_host::testing::lab::inside;
use euca_vnet_host::testing::{Answer, Peer, answers, connects, ip, site, succeed};
use euca_vnet_host::{Host, Site};
use futures_util::future::BoxFuture;

/// How long a way may take to be open: bridges with the spanning tree protocol look around for four seconds.
const OPENING: Duration = Duration::from_secs(90);

/// The cluster C1 of network.md §16.1: its controller, whose namespace is the caller's, and who is around it.
struct Cluster {
    site: Site,
    host: Host,
    /// On eth0: 192.168.7.1.
    clc: Peer,
    /// On eth1.
    node: Peer,
}

impl Cluster {
    /// Nothing is active yet.
    async fn new() -> Self {
        let clc = Peer::new("eth0");
        ip(&["address", "add", "192.168.7.2/24", "dev", "eth0"]);
        clc.ip(&["address", "add", "192.168.7.1/24", "dev", "eth0"]);
        clc.ip(&["route", "add", "10.10.0.0/16", "via", "192.168.7.2"]);
        let node = Peer::new("eth1");
        let mut site = site(true);
        let range = PublicAddresses::Range(address("192.168.7.50"), address("192.168.7.60"));
        site.managed.public.apply(range).unwrap();
        site.managed.local = vec![address("192.168.7.2")];
        let cluster = Self { host: host(&site), site, clc, node };
        cluster.does(Effect::Restore(State::default())).await;
        cluster
    }

    async fn does(&self, effect: Effect) {
        self.host.carry_out(&effect).await.unwrap();
    }

    fn network(&self, vlan: u16, user: &str, group: &str, rules: &[Rule]) -> Network {
        let (vlan, subnet) = self.site.managed.plan.network(vlan.into()).unwrap();
        Network { vlan, subnet, group: Group::from((user, group)), rules: rules.to_vec() }
    }

    /// A guest on the node.
    fn guest(&self, vlan: u16, address: &str, gateway: &str) -> Peer {
        let (node, bridge, tagged) = (&self.node, format!("eucabr{vlan}"), format!("eth0.{vlan}"));
        let tap = format!("tap-{}", address.replace('.', ""));
        let guest = Peer::new(&tap);
        ip(&["link", "set", &tap, "netns", node.namespace()]);
        if !node.ip(&["-brief", "link"]).contains(&tagged) {
            node.ip(&["link", "add", &bridge, "up", "type", "bridge"]);
            let id = vlan.to_string();
            node.ip(&["link", "add", "link", "eth0", "name", &tagged, "type", "vlan", "id", &id]);
            node.ip(&["link", "set", &tagged, "up", "master", &bridge]);
        }
        node.ip(&["link", "set", &tap, "up", "master", &bridge]);
        guest.ip(&["address", "add", &format!("{address}/27"), "dev", "eth0"]);
        guest.ip(&["route", "add", "default", "via", gateway]);
        guest
    }

    /// Everything there is, as the kernel says it.
    fn devices(&self) -> String {
        ip(&["-oneline", "link"]) + &ip(&["-oneline", "-4", "address"])
    }
}

fn host(site: &Site) -> Host {
    Host::new(site.clone(), Arc::new(Programs::default()))
}

fn address(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn tcp(source: &str, port: u16) -> Rule {
    Rule { source: source.parse().unwrap(), traffic: Traffic::Tcp(Some(Ports { first: port, last: port })) }
}

/// All rules, without the time they were asked for.
fn rules() -> String {
    let saved = succeed(&mut Command::new("iptables-save"));
    saved.lines().filter(|line| !line.starts_with('#')).map(|line| format!("{line}\n")).collect()
}

/// What somebody is told on a port, as soon as the way there is open.
fn soon(connect: impl Fn() -> Option<String>) -> Option<String> {
    let start = Instant::now();
    loop {
        let told = connect();
        if told.is_some() || start.elapsed() > OPENING {
            return told;
        }
        // Nobody may be there to refuse it.
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

#[test]
fn a_network_comes_with_its_devices_and_takes_them_along() {
    inside(async || {
        let cluster = Cluster::new().await;
        let (devices, empty) = (cluster.devices(), rules());
        let network = cluster.network(10, "admin", "default", &[]);
        cluster.does(Effect::StartNetwork(network.clone())).await;
        let bridge = ip(&["-details", "link", "show", "eucabr10"]);
        for words in ["forward_delay 200", "hello_time 200", "stp_state 1", "UP"] {
            assert!(bridge.contains(words), "net_t100: {words}: {bridge}");
        }
        let port = ip(&["-details", "link", "show", "eth1.10"]);
        for words in ["vlan protocol 802.1Q id 10", "master eucabr10", "UP"] {
            assert!(port.contains(words), "net_t100: {words}: {port}");
        }
        let gateway = ip(&["-4", "address", "show", "eucabr10"]);
        assert!(gateway.contains("inet 10.10.1.1/27 brd 10.10.1.31"), "net_t100: {gateway}");
        let chain = format!("EUCA-{}", group_chain(&network.group));
        assert!(
            rules().contains(&format!("-A {chain} -s 10.10.1.0/27 -d 10.10.1.0/27 -i eucabr10 -j ACCEPT")),
            "net_t100"
        );

        // Whatever the kernel is told to change, the monitor hears.
        let mut monitor = Command::new("ip")
            .args(["-4", "monitor", "link", "address"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let before = rules();
        cluster.does(Effect::StartNetwork(network.clone())).await;
        assert_eq!(cluster.host.repair().await.unwrap(), Vec::<String>::new(), "net_t101");
        monitor.kill().unwrap();
        let heard = monitor.wait_with_output().unwrap().stdout;
        // The spanning tree moves on by itself, and so do addresses of IPv6.
        let heard = String::from_utf8(heard).unwrap();
        let told: Vec<_> =
            heard.lines().filter(|line| line.contains("Deleted") || line.contains("inet ")).collect();
        assert_eq!((told, rules()), (vec![], before), "net_t101");

        cluster.does(Effect::StopNetwork(network.clone())).await;
        assert_eq!((cluster.devices(), rules()), (devices.clone(), empty.clone()), "net_t102, net_t278");

        cluster.does(Effect::StartNetwork(network.clone())).await;
        ip(&["link", "delete", "eucabr10"]);
        cluster.does(Effect::StopNetwork(network.clone())).await;
        assert_eq!((cluster.devices(), rules()), (devices.clone(), empty.clone()), "net_t119");

        ip(&["link", "add", "eucabr10", "up", "type", "bridge"]);
        ip(&["address", "add", "10.10.1.1/27", "broadcast", "10.10.1.31", "dev", "eucabr10"]);
        cluster.does(Effect::StartNetwork(network.clone())).await;
        assert_eq!(ip(&["-4", "address", "show", "eucabr10"]).matches("inet ").count(), 1, "net_t116");
        cluster.does(Effect::StopNetwork(network)).await;
        assert_eq!((cluster.devices(), rules()), (devices, empty));
    });
}

#[test]
fn a_network_that_fails_half_way_leaves_nothing() {
    inside(async || {
        let cluster = Cluster::new().await;
        // The kernel has one device for a tag, and it is somebody else's.
        ip(&["link", "add", "link", "eth1", "name", "other", "type", "vlan", "id", "10"]);
        let before = (cluster.devices(), rules());
        let network = cluster.network(10, "admin", "default", &[]);
        cluster.host.carry_out(&Effect::StartNetwork(network.clone())).await.unwrap_err();
        assert_eq!((cluster.devices(), rules()), before, "net_t115");
        ip(&["link", "delete", "other"]);
        cluster.does(Effect::StartNetwork(network)).await;
        assert!(cluster.devices().contains("10.10.1.1/27"), "net_t115: later");
    });
}

#[test]
fn a_network_that_cannot_be_had_is_in_no_others_way() {
    inside(async || {
        let cluster = Cluster::new().await;
        let [broken, whole, new] =
            [10, 15, 16].map(|vlan| cluster.network(vlan, "admin", &vlan.to_string(), &[]));
        // Somebody has a device of this name, which is no bridge.
        let taken = Peer::new("eucabr10");
        let networks = vec![broken.clone(), whole];
        let restore = Effect::Restore(State { networks, ..State::default() });
        cluster.host.carry_out(&restore).await.unwrap_err();
        assert!(cluster.devices().contains("10.10.1.161/27"), "the gateway of VLAN 15");
        cluster.does(Effect::StartNetwork(new.clone())).await;
        assert!(cluster.devices().contains("10.10.1.193/27"), "the gateway of VLAN 16");
        cluster.host.carry_out(&Effect::StartNetwork(broken)).await.unwrap_err();
        cluster.host.repair().await.unwrap_err();
        cluster.does(Effect::StopNetwork(new)).await;
        let devices = cluster.devices();
        assert!(devices.contains("10.10.1.161/27") && !devices.contains("10.10.1.193/27"), "{devices}");
        ip(&["link", "delete", "eucabr10"]);
        drop(taken);
        cluster.host.repair().await.unwrap();
        assert!(ip(&["-details", "link", "show", "eucabr10"]).contains("stp_state 1"));
        assert!(cluster.devices().contains("10.10.1.1/27"), "the gateway of VLAN 10");
        assert_eq!(cluster.host.differences().await.unwrap(), Vec::<String>::new());
    });
}

#[test]
fn each_group_has_its_own_chain_whatever_its_name() {
    inside(async || {
        let cluster = Cluster::new().await;
        let long = ("u".repeat(20), "g".repeat(12));
        for (vlan, user, group) in [
            (10, "a-b", "c"),
            (11, "a", "b-c"),
            (12, long.0.as_str(), long.1.as_str()),
            (13, "ü \"'", "-j; $(x)"),
        ] {
            let network = cluster.network(vlan, user, group, &[tcp("0.0.0.0/0", vlan)]);
            let chain = format!("EUCA-{}", group_chain(&network.group));
            let subnet = network.subnet;
            cluster.does(Effect::StartNetwork(network)).await;
            let (rules, row) = (rules(), if vlan == 12 { "net_t117" } else { "net_t120" });
            assert_eq!(rules.matches(&format!("-j {chain}\n")).count(), 1, "{row}: {rules}");
            let own = format!("-A {chain} -d {subnet} -p tcp -m tcp --dport {vlan} -j ACCEPT");
            assert!(rules.contains(&own), "{row}: {rules}");
        }
    });
}

/// Guests of the networks 10, of two groups of one user and of another user, some with elastic addresses; all answer
/// on port 22.
struct Guests {
    a: Peer,
    same: Peer,
    other: Peer,
    foreign: Peer,
    _answers: Vec<Answer>,
}

impl Guests {
    fn new(cluster: &Cluster) -> Self {
        let a = cluster.guest(10, "10.10.1.2", "10.10.1.1");
        let same = cluster.guest(10, "10.10.1.3", "10.10.1.1");
        let other = cluster.guest(15, "10.10.1.162", "10.10.1.161");
        let foreign = cluster.guest(16, "10.10.1.194", "10.10.1.193");
        let mut all: Vec<_> = [&a, &same, &other, &foreign].map(|guest| guest.answers(22)).into();
        all.extend([cluster.clc.answers(80), cluster.clc.answers(8773), answers(2222)]);
        Self { a, same, other, foreign, _answers: all }
    }

    /// The cells of network.md §7, with nothing allowed or after [`Self::ALLOWED`], with an elastic address for `a` or
    /// without.
    fn reach(&self, cluster: &Cluster, allowed: bool, elastic: bool, when: &str) {
        let Self { a, same, other, foreign, .. } = self;
        let from = |guest: &Peer, address: &str, port| soon(|| guest.connects(address, port));
        // The ways that are open come first: where one is closed, it is not because nothing works yet.
        for (row, from, address, port, told) in [
            ("same group", a, "10.10.1.3", 22, "10.10.1.2"),
            ("net_t270: metadata", same, "169.254.169.254", 80, "10.10.1.3"),
            (
                "metadata, elastic",
                a,
                "169.254.169.254",
                80,
                if elastic { "192.168.7.50" } else { "10.10.1.2" },
            ),
            ("metadata, other group", other, "169.254.169.254", 80, "10.10.1.162"),
            ("metadata, other user", foreign, "169.254.169.254", 80, "10.10.1.194"),
            ("gateway, host of the controller", a, "10.10.1.1", 2222, "10.10.1.2"),
            ("the controller's other address", a, "192.168.7.2", 2222, "10.10.1.2"),
            ("net_t281: outward without elastic address", same, "192.168.7.1", 80, "192.168.7.2"),
        ] {
            let found = soon(|| from.connects(address, port));
            assert_eq!(found.as_deref(), Some(told), "{row} {when}");
        }
        let source = if elastic { "192.168.7.50" } else { "192.168.7.2" };
        assert_eq!(from(a, "192.168.7.1", 80).as_deref(), Some(source), "net_t281 {when}");
        let if_allowed = |row: &str, from: &Peer, address, told: &str, open: bool| {
            let connect = || from.connects(address, 22);
            let found = if open { soon(connect) } else { connect() };
            assert_eq!(found.as_deref(), open.then_some(told), "{row} {when}");
        };
        let reached = allowed && elastic;
        let clc = &cluster.clc;
        if_allowed("net_t276: other group", other, "10.10.1.2", "10.10.1.162", allowed);
        if_allowed("other way round", a, "10.10.1.162", "10.10.1.2", false);
        if_allowed("other user", foreign, "10.10.1.2", "10.10.1.194", false);
        if_allowed("outside to private", clc, "10.10.1.162", "192.168.7.1", false);
        if_allowed("outside to private, as its chain says", clc, "10.10.1.2", "192.168.7.1", allowed);
        if_allowed("net_t271, net_t272: elastic from outside", clc, "192.168.7.50", "192.168.7.1", reached);
        if_allowed("net_t280: elastic, other group", other, "192.168.7.50", "10.10.1.162", reached);
        if_allowed("net_t274: own elastic", a, "192.168.7.50", "10.10.1.2", false);
        assert!(a.hears("10.10.1.2", same, "10.10.1.3"), "same group, datagrams {when}");
        for (who, from) in [("other group", other), ("other user", foreign), ("outside", clc)] {
            assert!(!a.hears("10.10.1.2", from, "10.10.1.4"), "{who}, as if of the same group {when}");
        }
        let host = if elastic { soon(|| connects("192.168.7.50", 22)) } else { connects("192.168.7.50", 22) };
        assert_eq!(host.is_some(), elastic, "net_t273 {when}");
    }

    fn allowed(network: Network) -> Network {
        let rules = vec![tcp("10.10.1.160/27", 22), tcp("192.168.7.1/32", 22)];
        Network { rules, ..network }
    }
}

#[test]
fn guests_reach_what_they_may() {
    inside(async || {
        let cluster = Cluster::new().await;
        let a = cluster.network(10, "admin", "default", &[]);
        let all =
            [a.clone(), cluster.network(15, "admin", "web", &[]), cluster.network(16, "bob", "default", &[])];
        for network in &all {
            cluster.does(Effect::StartNetwork(network.clone())).await;
        }
        let guests = Guests::new(&cluster);
        guests.reach(&cluster, false, false, "at first");
        let chain = format!("EUCA-{}", group_chain(&a.group));
        succeed(Command::new("iptables").args(["-I", &chain, "-s", "10.10.1.0/27", "-j", "ACCEPT"]));
        for from in [&guests.foreign, &cluster.clc] {
            assert!(guests.a.hears("10.10.1.2", from, "10.10.1.4"), "it is the rule that keeps it out");
        }
        assert_ne!(cluster.host.repair().await.unwrap(), Vec::<String>::new());
        let (public, private) = (address("192.168.7.50"), address("10.10.1.2"));
        cluster.does(Effect::AddPublicAddress(public)).await;
        cluster.does(Effect::MapAddress { public, private }).await;
        guests.reach(&cluster, false, true, "with an elastic address");
        cluster.does(Effect::SetRules(vec![Guests::allowed(a.clone())])).await;
        guests.reach(&cluster, true, true, "with rules");

        let state = State {
            networks: vec![Guests::allowed(a.clone()), all[1].clone(), all[2].clone()],
            public: vec![(public, private)],
            tunnels: None,
        };
        let before = (cluster.devices(), rules());
        let host = host(&cluster.site);
        host.carry_out(&Effect::Restore(state.clone())).await.unwrap();
        assert_eq!((cluster.devices(), rules()), before, "net_t256");
        guests.reach(&cluster, true, true, "after a restart");

        let run = |line: &str| {
            let mut words = line.split(' ');
            // Two kinds of damage together may leave nothing to the second.
            let _ = Command::new(words.next().unwrap()).args(words).stderr(Stdio::null()).status().unwrap();
        };
        let damage = [
            "ip link delete eucabr10",
            "ip link delete eth1.15",
            "ip link set eucabr10 down",
            "ip link set eth1.15 down",
            "ip link set eth1.10 nomaster",
            "ip address flush dev eucabr15",
            "ip address delete 192.168.7.50/32 dev eth0",
            "ip address delete 169.254.169.254/32 dev eth1",
            "ip address add 192.168.7.55/32 dev eth0",
            "iptables -F EUCA-FWD",
            "iptables -D FORWARD -j EUCA-FWD",
            "iptables -I EUCA-FWD -j ACCEPT",
            "iptables -t nat -F",
        ];
        for (index, one) in damage.iter().enumerate() {
            for other in damage[index..].iter().take(2) {
                run(one);
                run(other);
                assert_ne!(host.repair().await.unwrap(), Vec::<String>::new(), "{one}, {other}");
                assert_eq!(host.differences().await.unwrap(), Vec::<String>::new(), "{one}, {other}");
            }
        }
        assert_eq!(rules(), before.1, "repaired");
        guests.reach(&cluster, true, true, "after repairs");
        // A reboot: nothing of it is left.
        for device in ["eucabr10", "eth1.10", "eucabr15", "eth1.15", "eucabr16", "eth1.16"] {
            ip(&["link", "delete", device]);
        }
        for table in ["filter", "nat"] {
            for clear in ["-F", "-X"] {
                succeed(Command::new("iptables").args(["-t", table, clear]));
            }
        }
        ip(&["address", "delete", "192.168.7.50/32", "dev", "eth0"]);
        ip(&["address", "delete", "169.254.169.254/32", "dev", "eth1"]);
        let host = self::host(&cluster.site);
        host.carry_out(&Effect::Restore(state)).await.unwrap();
        assert_eq!(rules(), before.1, "net_t258");
        guests.reach(&cluster, true, true, "net_t258: after a reboot");

        host.carry_out(&Effect::StopNetwork(a)).await.unwrap();
        assert_eq!(guests.a.connects("10.10.1.1", 2222), None, "net_t278: the gateway is gone");
        assert!(!cluster.devices().contains("eucabr10"), "net_t278");
    });
}

#[test]
fn guests_on_one_bridge_talk_as_the_kernel_filters_bridges() {
    inside(async || {
        let cluster = Cluster::new().await;
        let network = cluster.network(10, "admin", "default", &[]);
        cluster.does(Effect::StartNetwork(network.clone())).await;
        let a = Peer::guest("tap1", "eucabr10", "10.10.1.2/27", "10.10.1.1");
        let b = Peer::guest("tap2", "eucabr10", "10.10.1.3/27", "10.10.1.1");
        let _answer = b.answers(22);
        let (public, private) = (address("192.168.7.50"), address("10.10.1.3"));
        cluster.does(Effect::AddPublicAddress(public)).await;
        cluster.does(Effect::MapAddress { public, private }).await;
        let chain = format!("EUCA-{}", group_chain(&network.group));
        for filtered in [true, false] {
            let value = if filtered { "1" } else { "0" };
            std::fs::write("/proc/sys/net/bridge/bridge-nf-call-iptables", value).unwrap();
            let direct = soon(|| a.connects("10.10.1.3", 22));
            assert_eq!(direct.as_deref(), Some("10.10.1.2"), "net_t279: {value}: direct");
            let elastic = a.connects("192.168.7.50", 22);
            assert_eq!(elastic.is_some(), filtered, "net_t279: {value}: elastic");
            // The first rule of a group is the one within it.
            succeed(Command::new("iptables").args(["-D", &chain, "1"]));
            assert_eq!(
                a.connects("10.10.1.3", 22).is_some(),
                !filtered,
                "net_t279: {value}: without the rule"
            );
            assert_ne!(cluster.host.repair().await.unwrap(), Vec::<String>::new());
        }
    });
}

/// The programs of this host, and what devices and addresses there were whenever the rules were changed.
#[derive(Default)]
struct Watching {
    programs: Programs,
    seen: Mutex<Vec<String>>,
}

impl CommandRunner for Watching {
    fn run(&self, command: euca_command::Command) -> BoxFuture<'_, Result<Output, Error>> {
        if command.program.ends_with("iptables-restore") {
            let there = ip(&["-oneline", "link"]) + &ip(&["-oneline", "-4", "address"]);
            self.seen.lock().unwrap().push(there);
        }
        self.programs.run(command)
    }
}

#[test]
fn nothing_is_there_without_the_rules_for_it() {
    inside(async || {
        let cluster = Cluster::new().await;
        let ours = ["eucabr10", "eth1.10", "10.10.1.1/27", "192.168.7.50/32"];
        let state = State {
            networks: vec![cluster.network(10, "admin", "default", &[])],
            public: vec![(address("192.168.7.50"), address("10.10.1.2"))],
            tunnels: None,
        };
        let there = |what: &str| ours.map(|one| what.contains(one));
        let watching = Arc::new(Watching::default());
        let host = Host::new(cluster.site.clone(), Arc::clone(&watching) as Arc<dyn CommandRunner>);
        // As at the start of the machine, and as a clean start.
        for (state, after) in [(state.clone(), [true; 4]), (State::default(), [false; 4])] {
            host.carry_out(&Effect::Restore(state)).await.unwrap();
            assert_eq!(there(&cluster.devices()), after);
        }
        host.carry_out(&Effect::Restore(state)).await.unwrap();
        host.clear().await.unwrap();
        let seen = watching.seen.lock().unwrap();
        assert_eq!(seen.iter().map(|what| there(what)).collect::<Vec<_>>(), [[false; 4]; 4]);
    });
}
