//! Networks of three clusters joined on a real kernel: what passes from one to another, and what does not
//! (network.md §11). The clusters' controllers are namespaces at one bridge, the caller's; guests are at the bridges of
//! their networks.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use euca_command::Programs;
use euca_vnet::{Effect, Effects as _, Group, ManagedSettings, Network, Plan, Pool, State, Tunnels};
use euca_vnet_host::links::{self, Device, Kind, Links, Step};
use euca_vnet_host::testing::lab::inside;
use euca_vnet_host::testing::{Peer, ip, isolated};
use euca_vnet_host::tunnels::WIREGUARD;
use euca_vnet_host::{Host, Site, Transport, TunnelSettings};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::runtime::Runtime;

/// How long a way may take to be open: bridges with the spanning tree protocol look around for four seconds.
const OPENING: Duration = Duration::from_secs(90);
/// How long is waited for what must not come.
const SILENCE: Duration = Duration::from_secs(1);
/// Bytes of a datagram that fill a frame.
const WHOLE: usize = 1472;

/// A cluster controller; its private interface is a bridge where there are no VLANs.
struct Cluster {
    place: u8,
    namespace: Peer,
    site: Site,
    settings: TunnelSettings,
    host: Host,
    runtime: Option<Runtime>,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The caller is in another runtime, where one must not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn address(place: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 168, 7, 2 + place)
}

fn plan() -> Plan {
    Plan::new("10.10.0.0/16".parse().unwrap(), 32).unwrap()
}

fn network(vlan: u16) -> Network {
    let (vlan, subnet) = plan().network(vlan.into()).unwrap();
    Network { vlan, subnet, group: Group::from(("admin", format!("group{vlan}").as_str())), rules: vec![] }
}

impl Cluster {
    /// With this network active, not joined.
    fn new(place: u8, vlans: bool, transport: Transport, secret: &Path) -> Self {
        let port = format!("cc{place}");
        let namespace = Peer::new(&port);
        ip(&["link", "set", &port, "master", "under"]);
        namespace.ip(&["address", "add", &format!("{}/24", address(place)), "dev", "eth0"]);
        match vlans {
            true => namespace.ip(&["link", "add", "eth1", "up", "type", "veth", "peer", "name", "trunk"]),
            false => namespace.ip(&["link", "add", "eth1", "up", "type", "bridge"]),
        };
        let managed = ManagedSettings {
            vlans,
            plan: plan(),
            dns: Ipv4Addr::new(10, 0, 0, 53),
            public: Pool::default(),
            local: vec![address(place)],
            tunnels: true,
        };
        let site = Site {
            managed,
            public_interface: "eth0".to_owned(),
            private_interface: "eth1".to_owned(),
            cloud: None,
        };
        let run = secret.parent().unwrap().join(format!("run{place}"));
        let settings = TunnelSettings { transport, secret: secret.to_owned(), run };
        let host = Host::new(site.clone(), Arc::new(Programs::default())).with_tunnels(settings.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let cluster = Self { place, namespace, site, settings, host, runtime: Some(runtime) };
        cluster.does(Effect::Restore(State::default()));
        cluster.does(Effect::StartNetwork(network(10)));
        cluster
    }

    fn run<T: Send>(&self, future: impl Future<Output = T> + Send) -> T {
        self.namespace.inside(|| self.runtime.as_ref().unwrap().block_on(future))
    }

    fn does(&self, effect: Effect) {
        self.run(async { self.host.carry_out(&effect).await.unwrap() });
    }

    /// Joins the clusters of these places.
    fn joins(&self, places: &[u8]) {
        self.does(Effect::JoinClusters(self.joined(places)));
    }

    fn joined(&self, places: &[u8]) -> Tunnels {
        let clusters: Vec<_> = places.iter().map(|place| address(*place)).collect();
        let own = places.iter().position(|place| *place == self.place);
        let clusters = if own.is_some() { clusters } else { vec![] };
        Tunnels { clusters, own, vlans: vec![10] }
    }

    /// Its daemon is another one, which knows what is active, and who was joined.
    fn restarts(&mut self, places: &[u8]) {
        let host = Host::new(self.site.clone(), Arc::new(Programs::default()));
        self.host = host.with_tunnels(self.settings.clone());
        let tunnels = Some(self.joined(places)).filter(|tunnels| tunnels.own.is_some());
        self.does(Effect::Restore(State { networks: vec![network(10)], tunnels, ..State::default() }));
    }

    fn is_mended(&self, what: &str) {
        let (found, left) =
            self.run(async { (self.host.repair().await.unwrap(), self.host.differences().await.unwrap()) });
        assert_ne!(found, Vec::<String>::new(), "{what}");
        assert_eq!(left, Vec::<String>::new(), "{what}");
    }

    /// Runs a program there, which has to succeed. Brings its output.
    fn program(&self, program: &str, arguments: &[&str]) -> String {
        let output = self.namespace.command(program).args(arguments).output().unwrap();
        assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Devices that are there for other clusters.
    fn tunnels(&self) -> Vec<String> {
        let links = self.namespace.ip(&["-oneline", "link"]);
        let names = links.lines().filter_map(|line| line.split([':', '@']).nth(1)).map(str::trim);
        let is_ours = |name: &&str| {
            let is_vxlan = name.starts_with("et") && !name.starts_with("eth");
            *name == WIREGUARD || is_vxlan || name.starts_with("tap-")
        };
        let mut ours: Vec<_> = names.filter(is_ours).map(str::to_owned).collect();
        ours.sort_unstable();
        ours
    }

    /// A guest of a network, with its gateway.
    fn guest(&self, bridge: &str, vlan: u16) -> Guest {
        guest(&self.namespace, self.place, bridge, vlan)
    }
}

fn guest(namespace: &Peer, place: u8, bridge: &str, vlan: u16) -> Guest {
    let subnet = network(vlan).subnet;
    let host = |index: u8| subnet.hosts().nth(usize::from(index) - 1).unwrap();
    let address = host(2 + place);
    // As the devices that nodes are behind are called; "et" is how names of tunnels begin.
    let tap = format!("eth{vlan}-{place}");
    let peer = Peer::new(&tap);
    ip(&["link", "set", &tap, "netns", namespace.namespace()]);
    namespace.ip(&["link", "set", &tap, "up", "master", bridge]);
    peer.ip(&["address", "add", &format!("{address}/27"), "broadcast", "+", "dev", "eth0"]);
    peer.ip(&["route", "add", "default", "via", &host(1).to_string()]);
    let bound = |port: u16| {
        peer.inside(|| {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap();
            socket.set_broadcast(true).unwrap();
            socket
        })
    };
    Guest { talk: bound(9999), dhcp: bound(67), address, broadcast: subnet.broadcast(), peer }
}

struct Guest {
    peer: Peer,
    address: Ipv4Addr,
    broadcast: Ipv4Addr,
    talk: UdpSocket,
    dhcp: UdpSocket,
}

impl Guest {
    /// Lengths of the datagrams that have come, and from whom, until nothing comes for a while.
    fn heard(socket: &UdpSocket) -> Vec<(usize, IpAddr)> {
        socket.set_read_timeout(Some(SILENCE)).unwrap();
        let mut heard = vec![];
        // A storm would have no end.
        while heard.len() < 100 {
            match socket.recv_from(&mut [0; 2000]) {
                Ok((length, from)) => heard.push((length, from.ip())),
                Err(error) => {
                    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");
                    break;
                }
            }
        }
        heard
    }

    /// Sends a frame for somebody's network to a controller as if it were another one, which it says it is, or which
    /// its own one does for it.
    fn injects(&self, pair: u32, to: &Guest, controller: Ipv4Addr, source: Option<Ipv4Addr>) {
        let forged = source.map(|source| format!("{source}/32"));
        forged.iter().for_each(|forged| drop(self.peer.ip(&["address", "add", forged, "dev", "lo"])));
        let from = (source.unwrap_or(Ipv4Addr::UNSPECIFIED), 0);
        let socket = self.peer.inside(|| UdpSocket::bind(from)).unwrap();
        socket.send_to(&encapsulated(pair, 0, to), (controller, 5001)).unwrap();
        forged.iter().for_each(|forged| drop(self.peer.ip(&["address", "delete", forged, "dev", "lo"])));
    }

    /// Says so many bytes to everybody in its network.
    fn says(&self, bytes: usize) {
        self.talk.send_to(&vec![7; bytes], (self.broadcast, 9999)).unwrap();
    }
}

/// Waits until what one guest sends, as much as fits into a frame, reaches another.
fn reaches(from: &Guest, to: &Guest, row: &str) {
    let start = Instant::now();
    loop {
        // Not to be taken apart on its way as the guest sees it: the kernel's default for UDP.
        let _ = from.talk.send_to(&[7; WHOLE], (to.address, 9999));
        if Guest::heard(&to.talk).contains(&(WHOLE, from.address.into())) {
            return;
        }
        assert!(start.elapsed() < OPENING, "{row}: {} does not reach {}", from.address, to.address);
    }
}

/// A bridge that everybody is at, and three clusters.
fn three(vlans: bool, transport: Transport, secret: &Path) -> [Cluster; 3] {
    ip(&["link", "add", "under", "up", "type", "bridge"]);
    ip(&["address", "add", "192.168.7.1/24", "dev", "under"]);
    [0, 1, 2].map(|place| Cluster::new(place, vlans, transport, secret))
}

fn secret(folder: &tempfile::TempDir) -> std::path::PathBuf {
    let file = folder.path().join("vtunpass");
    std::fs::write(&file, "secret\nrest\n").unwrap();
    file
}

/// What guests of one network in three clusters have of each other, with so many bytes in a frame.
fn are_joined(clusters: &[Cluster; 3], guests: &[Guest; 3], bytes: usize) {
    let [zero, one, two] = guests;
    for (from, to) in [(zero, one), (one, two), (two, zero)] {
        reaches(from, to, "joined");
    }
    zero.says(bytes);
    for guest in [one, two] {
        assert_eq!(Guest::heard(&guest.talk), [(bytes, zero.address.into())], "no loop");
    }
    assert_eq!(Guest::heard(&zero.talk).len(), 1, "its own, by itself");

    zero.dhcp.send_to(&[1; 300], (zero.broadcast, 67)).unwrap();
    assert_eq!(Guest::heard(&one.dhcp), [], "Q-30: DHCP");
    let gateway = network(10).subnet.hosts().next().unwrap().to_string();
    for (cluster, guest) in clusters.iter().zip(guests) {
        guest.peer.ip(&["neigh", "flush", "dev", "eth0"]);
        let _answer = cluster.namespace.answers(2222);
        assert_eq!(guest.peer.connects(&gateway, 2222), Some(guest.address.to_string()), "its own gateway");
    }
    let bridge = if clusters[0].namespace.ip(&["link"]).contains("eucabr10") { "eucabr10" } else { "eth1" };
    let _answer = clusters[1].namespace.answers(2223);
    let gateway_there = format!("{gateway}/27");
    clusters[0].namespace.ip(&["address", "delete", &gateway_there, "dev", bridge]);
    zero.peer.ip(&["neigh", "flush", "dev", "eth0"]);
    assert_eq!(zero.peer.connects(&gateway, 2223), None, "Q-30: another cluster's gateway");
    clusters[0].is_mended("gateway");
}

/// A frame for everybody that somebody who is in no cluster sends to a controller, as if it came through the tunnel.
fn inject(pair: u32, vlan: u32, to: &Guest, port: u16) {
    let socket = UdpSocket::bind("192.168.7.1:0").unwrap();
    socket.send_to(&encapsulated(pair, vlan, to), (address(0), port)).unwrap();
}

fn encapsulated(pair: u32, vlan: u32, to: &Guest) -> Vec<u8> {
    let id = pair << 12 | vlan;
    let mut frame = vec![8, 0, 0, 0];
    frame.extend((id << 8).to_be_bytes());
    frame.extend([255; 6]);
    frame.extend([2, 0, 0, 0, 0, 1, 8, 0]);
    let (source, broadcast) = (Ipv4Addr::new(10, 10, 1, 20), to.broadcast);
    let mut header = vec![0x45, 0, 0, 32, 0, 0, 0, 0, 64, 17, 0, 0];
    header.extend(source.octets());
    header.extend(broadcast.octets());
    let sum: u32 = header.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    let check = !((sum & 0xffff) + (sum >> 16)) as u16;
    header[10..12].copy_from_slice(&check.to_be_bytes());
    frame.extend(header);
    // UDP without a checksum.
    frame.extend([0x27, 0x0f, 0x27, 0x0f, 0, 12, 0, 0, 1, 2, 3, 4]);
    frame
}

#[test]
fn wireguard_joins_networks_of_three_clusters() {
    inside(async || {
        let folder = tempfile::tempdir().unwrap();
        let mut clusters = three(true, Transport::WireGuard, &secret(&folder));
        for cluster in &clusters {
            cluster.joins(&[0, 1, 2]);
            assert_eq!(cluster.tunnels().len(), 3);
        }
        let guests = clusters.each_ref().map(|cluster| cluster.guest("eucabr10", 10));
        are_joined(&clusters, &guests, WHOLE);
        let [zero, one, two] = &guests;

        clusters[1].does(Effect::StartNetwork(network(11)));
        let stranger = clusters[1].guest("eucabr11", 11);
        stranger.peer.ip(&["address", "add", "10.10.1.29/27", "dev", "eth0"]);
        zero.says(WHOLE);
        assert_eq!(Guest::heard(&stranger.talk), [], "another network");
        clusters[1].does(Effect::StopNetwork(network(11)));
        assert_eq!(clusters[1].tunnels().len(), 3, "as many as before");

        // Somebody who is in no cluster: 0 and 1 are the first pair.
        inject(1, 10, zero, 5001);
        assert_eq!(Guest::heard(&zero.talk).len(), 1, "only what it has said itself");
        clusters[0].program("iptables", &["-F", "EUCA-IN"]);
        inject(1, 10, zero, 5001);
        assert_eq!(Guest::heard(&zero.talk).len(), 1, "it is the rule that keeps it out");
        clusters[0].is_mended("rules");

        let first = clusters[0].tunnels().into_iter().find(|name| name != WIREGUARD).unwrap();
        for (program, arguments) in [
            ("ip", &["link", "delete", WIREGUARD][..]),
            ("ip", &["link", "delete", &first]),
            ("ip", &["link", "set", &first, "nomaster"]),
            ("ip", &["link", "set", &first, "type", "bridge_slave", "isolated", "off"]),
            ("wg", &["set", WIREGUARD, "listen-port", "6000"]),
            ("ebtables", &["-F", "EUCA-TUN"]),
            ("ebtables", &["-D", "FORWARD", "-i", "et1.+", "-j", "EUCA-TUN"]),
            ("iptables", &["-F", "EUCA-IN"]),
        ] {
            clusters[0].program(program, arguments);
            clusters[0].is_mended(&format!("{program} {arguments:?}"));
        }
        reaches(zero, one, "mended");

        let before = clusters[0].tunnels();
        clusters[0].restarts(&[0, 1, 2]);
        assert_eq!(clusters[0].tunnels(), before, "after a restart");
        reaches(zero, one, "after a restart");
        clusters[0].joins(&[0, 1, 2]);
        assert_eq!(clusters[0].tunnels(), before, "net_t222");
        clusters[2].joins(&[0, 1]);
        assert_eq!(clusters[2].tunnels(), Vec::<String>::new(), "net_t223, net_t232");
        assert!(!clusters[2].program("ebtables-save", &[]).contains("EUCA-TUN"), "net_t223");
        clusters[0].joins(&[0, 1]);
        clusters[1].joins(&[0, 1]);
        assert_eq!(clusters[0].tunnels().len(), 2);
        reaches(zero, one, "two of them");
        Guest::heard(&two.talk);
        zero.says(WHOLE);
        assert_eq!(Guest::heard(&two.talk), [], "it has left");

        clusters.iter().for_each(|cluster| cluster.joins(&[2, 1, 0]));
        reaches(zero, two, "net_t221: other places");

        std::fs::remove_file(folder.path().join("vtunpass")).unwrap();
        clusters[0].joins(&[2, 1, 0]);
        assert_eq!(clusters[0].tunnels(), Vec::<String>::new(), "net_t228");
        std::fs::write(folder.path().join("vtunpass"), "another\n").unwrap();
        clusters.iter().for_each(|cluster| cluster.joins(&[2, 1, 0]));
        reaches(one, zero, "a new secret");
    });
}

#[test]
fn vxlan_joins_a_shared_segment_on_any_kernel() {
    isolated(async || {
        let mut clusters = three(false, Transport::Vxlan, Path::new("/nonexistent"));
        clusters.iter().for_each(|cluster| cluster.joins(&[0, 1, 2]));
        assert_eq!(clusters[0].tunnels().len(), 2);
        let guests = clusters.each_ref().map(|cluster| cluster.guest("eth1", 10));
        // The way takes frames with 50 bytes less, which nobody tells who sends to everybody.
        are_joined(&clusters, &guests, WHOLE - 50);
        inject(1, 0, &guests[0], 5001);
        assert_eq!(Guest::heard(&guests[0].talk), [], "from somebody who is in no cluster");
        clusters[0].program("iptables", &["-F", "EUCA-IN"]);
        inject(1, 0, &guests[0], 5001);
        assert_eq!(Guest::heard(&guests[0].talk).len(), 1, "it is the rule that keeps it out");
        clusters[0].is_mended("rules");

        // Guests are no clusters: 0 and 1 are the first pair, 0 and 2 the second.
        let [zero, _, two] = &guests;
        let other = Ipv4Addr::new(192, 168, 7, 100);
        clusters[0].namespace.ip(&["address", "add", &format!("{other}/24"), "dev", "eth0"]);
        type Injection<'a> = (&'a str, &'a Guest, u32, Ipv4Addr, Option<Ipv4Addr>, usize, &'a [&'a str]);
        let rows: [Injection; 4] = [
            ("to another controller, as its own", two, 2, address(0), None, 2, &["-F", "EUCA-FWD"]),
            ("as a third", two, 1, address(0), Some(address(1)), 2, &["-F", "EUCA-FWD"]),
            ("to its other address", two, 2, other, None, 0, &["-F", "EUCA-IN"]),
            ("to its own as another", zero, 1, address(0), Some(address(1)), 0, &["-D", "EUCA-IN", "1"]),
        ];
        for (row, from, pair, to, source, place, without) in rows {
            from.injects(pair, zero, to, source);
            assert_eq!(Guest::heard(&zero.talk), [], "{row}");
            clusters[place].program("iptables", without);
            from.injects(pair, zero, to, source);
            assert_eq!(Guest::heard(&zero.talk).len(), 1, "{row}: it is the rule that keeps it out");
            clusters[place].is_mended(row);
        }
        clusters[0].namespace.ip(&["address", "delete", &format!("{other}/24"), "dev", "eth0"]);
        reaches(two, zero, "guests still reach each other");

        let numbered =
            |cluster: &Cluster| cluster.namespace.ip(&["-oneline", "link", "show", "type", "vxlan"]);
        let before = numbered(&clusters[0]);
        clusters[0].restarts(&[0, 1, 2]);
        assert_eq!(numbered(&clusters[0]), before, "kept over a restart");
        clusters[0].restarts(&[]);
        assert_eq!(clusters[0].tunnels(), [""; 0], "forgotten");

        // Taken away by a life that has not made them.
        assert!(clusters[1].program("ebtables-save", &[]).contains("EUCA-TUN"));
        let host = Host::new(clusters[1].site.clone(), Arc::new(Programs::default()));
        clusters[1].run(host.clear()).unwrap();
        assert_eq!(clusters[1].tunnels(), Vec::<String>::new(), "net_t260");
        assert!(!clusters[1].program("ebtables-save", &[]).contains("EUCA-TUN"), "net_t260");
    });
}

#[test]
fn a_segment_without_a_bridge_is_not_joined() {
    isolated(async || {
        ip(&["link", "add", "under", "up", "type", "bridge"]);
        let cluster = Cluster::new(0, false, Transport::Vxlan, Path::new("/nonexistent"));
        cluster.namespace.ip(&["link", "delete", "eth1"]);
        cluster.namespace.ip(&["link", "add", "eth1", "up", "type", "veth", "peer", "name", "trunk"]);
        cluster.is_mended("another eth1");
        cluster.joins(&[0, 1]);
        assert_eq!(cluster.tunnels(), Vec::<String>::new(), "net_t237");
    });
}

/// vtund in somebody's namespace, with all that it leaves behind.
struct Vtund(Child);

impl Vtund {
    fn new(namespace: &Peer, folder: &Path, arguments: &[&str]) -> Self {
        let openssl = folder.join("openssl.conf");
        let text = "openssl_conf = a\n[a]\nproviders = b\n[b]\ndefault = c\nlegacy = c\n[c]\nactivate = 1\n";
        std::fs::write(&openssl, text).unwrap();
        let mut command = namespace.command("vtund");
        command.args(arguments).env("OPENSSL_CONF", openssl).stderr(Stdio::null()).process_group(0);
        Self(command.spawn().unwrap())
    }
}

impl Drop for Vtund {
    fn drop(&mut self) {
        let _ = killpg(Pid::from_raw(self.0.id().try_into().unwrap()), Signal::SIGKILL);
        let _ = self.0.wait();
    }
}

/// The processes of vtun in a namespace.
fn vtunds(namespace: &Peer) -> Vec<i32> {
    let ids = ip(&["netns", "pids", namespace.namespace()]);
    let is_vtund = |id: &&str| {
        std::fs::read_to_string(format!("/proc/{id}/stat"))
            .is_ok_and(|stat| stat.contains(" (vtund) ") && !stat.contains(" (vtund) Z "))
    };
    ids.split_whitespace().filter(is_vtund).map(|id| id.parse().unwrap()).collect()
}

/// The original's side of a segment that is joined by vtun: `vtunall.conf` of its template, the other place's server and
/// client, and what it does with their devices when they come (network.md §11.2, §11.4, §11.6).
struct Original {
    namespace: Peer,
    _vtunds: [Vtund; 2],
}

impl Original {
    fn new(folder: &Path) -> Self {
        let mut text = "options {\n port 5000;\n syslog daemon;\n ifconfig /sbin/ifconfig;\n}\n\
            default {\n compress no;\n encrypt yes;\n speed 0;\n proto tcp;\n}\n"
            .to_owned();
        for way in ["0-1", "1-0"] {
            text += &format!(
                "tun-{way} {{\n passwd secret;\n type ether;\n keepalive yes;\n device tap-{way};\n \
                 up {{ ifconfig \"%% up\"; }};\n down {{ ifconfig \"%% down\"; }};\n}}\n"
            );
        }
        let file = folder.join("original.conf");
        std::fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap();
        let namespace = Peer::new("cc1");
        ip(&["link", "set", "cc1", "master", "under"]);
        namespace.ip(&["address", "add", &format!("{}/24", address(1)), "dev", "eth0"]);
        let timers = ["stp_state", "1", "forward_delay", "200", "hello_time", "200"];
        namespace.ip(&[&["link", "add", "br0", "up", "type", "bridge"][..], &timers].concat());
        let server = Vtund::new(&namespace, folder, &["-s", "-n", "-f", file]);
        let to = address(0).to_string();
        let client = Vtund::new(&namespace, folder, &["-n", "-f", file, "-p", "tun-1-0", &to]);
        Self { namespace, _vtunds: [server, client] }
    }

    /// Attaches the devices as they come, until this is true.
    fn attaches_until(&self, is_enough: impl Fn() -> bool, what: &str) {
        let start = Instant::now();
        while !is_enough() {
            assert!(start.elapsed() < OPENING, "{what}");
            for tap in ["tap-0-1", "tap-1-0"] {
                // It is there only as long as it is connected.
                let arguments =
                    ["-netns", self.namespace.namespace(), "link", "set", tap, "up", "master", "br0"];
                let _ = Command::new("ip").args(arguments).stderr(Stdio::null()).status();
            }
        }
    }
}

#[test]
fn vtun_joins_a_shared_segment_with_an_original() {
    isolated(async || {
        let folder = tempfile::tempdir().unwrap();
        ip(&["link", "add", "under", "up", "type", "bridge"]);
        let mut cluster = Cluster::new(0, false, Transport::Vtun, &secret(&folder));
        cluster.namespace.ip(&["link", "set", "eth1", "type", "bridge", "forward_delay", "200"]);

        let without = Host::new(cluster.site.clone(), Arc::new(Programs::default()));
        let host = std::mem::replace(&mut cluster.host, without);
        cluster.does(Effect::Restore(State { networks: vec![network(10)], ..State::default() }));
        cluster.joins(&[0, 1]);
        assert_eq!(cluster.tunnels(), [""; 0], "net_t236");
        assert_eq!(vtunds(&cluster.namespace), [0; 0], "net_t236");
        cluster.host = host;

        // Somebody of a former life is there, as its pid file says.
        let run = folder.path().join("run0");
        std::fs::create_dir(&run).unwrap();
        let file = folder.path().join("former.conf");
        std::fs::write(&file, "tun-0-1 {\n passwd other;\n type ether;\n device tap-0-1;\n}\n").unwrap();
        let arguments = ["-s", "-n", "-f", file.to_str().unwrap()];
        let mut former = Vtund::new(&cluster.namespace, folder.path(), &arguments);
        let forgotten = run.join("vtund-client-3-4.pid");
        std::fs::write(&forgotten, format!("{}\n", former.0.id())).unwrap();
        for _ in 0..100 {
            if !vtunds(&cluster.namespace).is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }

        cluster.restarts(&[]);
        assert!(former.0.try_wait().unwrap().is_some() && !forgotten.exists(), "of a former life");

        cluster.joins(&[0, 1]);
        assert_eq!(cluster.tunnels(), ["tap-0-1", "tap-1-0"]);
        let file = folder.path().join("vtunall.conf");
        let written = || {
            let facts = std::fs::metadata(&file).unwrap();
            (facts.ino(), facts.mtime_nsec(), facts.mode() & 0o777)
        };
        let (text, first) = (std::fs::read_to_string(&file).unwrap(), written());
        assert_eq!(text.matches("passwd secret;").count(), 56, "net_t229");
        assert_eq!((text.contains("rest"), first.2), (false, 0o600), "net_t229");

        let pid = |name: &str| -> i32 {
            std::fs::read_to_string(run.join(name)).unwrap_or_default().trim().parse().unwrap_or_default()
        };
        let pids = || [pid("vtund-client-0-1.pid"), pid("vtund-server.pid")];
        let run_now = || pids().iter().all(|pid| vtunds(&cluster.namespace).contains(pid));
        let wait_for = |condition: &dyn Fn() -> bool, what: &str| {
            let start = Instant::now();
            while !condition() {
                assert!(start.elapsed() < OPENING, "{what}");
                cluster.run(async { tokio::time::sleep(Duration::from_millis(100)).await });
            }
        };
        wait_for(&run_now, "net_t230");
        let running = pids();
        cluster.joins(&[0, 1]);
        assert_eq!(written(), first, "net_t229: not written again");
        assert_eq!((pids(), run_now()), (running, true), "net_t231");

        let original = Original::new(folder.path());
        let guests = [cluster.guest("eth1", 10), guest(&original.namespace, 1, "br0", 10)];
        let [ours, theirs] = &guests;
        let is_joined = || {
            let _ = ours.talk.send_to(&[7; WHOLE], (theirs.address, 9999));
            Guest::heard(&theirs.talk).contains(&(WHOLE, ours.address.into()))
        };
        original.attaches_until(is_joined, "joined");
        reaches(theirs, ours, "joined");
        Guest::heard(&theirs.talk);
        ours.says(WHOLE);
        assert_eq!(Guest::heard(&theirs.talk), [(WHOLE, ours.address.into())], "no loop");
        ours.dhcp.send_to(&[1; 300], (ours.broadcast, 67)).unwrap();
        assert_eq!(Guest::heard(&theirs.dhcp), [], "Q-30: DHCP");

        let server = address(1).to_string();
        assert_eq!(ours.peer.connects(&server, 5000), None, "guests are no clusters");
        cluster.program("iptables", &["-F", "EUCA-FWD"]);
        let greeting = ours.peer.connects(&server, 5000).unwrap_or_default();
        assert!(greeting.contains("VTUN"), "it is the rule that keeps them out: {greeting}");
        cluster.is_mended("rules");

        let is_attached = || {
            let ports = cluster.namespace.ip(&["-oneline", "link", "show", "master", "eth1"]);
            let bridge = cluster.namespace.ip(&["-details", "link", "show", "eth1"]);
            ["tap-0-1", "tap-1-0"].iter().all(|tap| ports.contains(tap)) && bridge.contains("stp_state 1")
        };
        assert!(is_attached(), "net_t234");
        for arguments in [
            &["link", "set", "eth1", "type", "bridge", "stp_state", "0"][..],
            &["link", "set", "tap-1-0", "nomaster"],
            &["link", "set", "tap-0-1", "down"],
            &["link", "delete", "tap-0-1"],
        ] {
            cluster.namespace.ip(arguments);
            cluster.is_mended(&format!("{arguments:?}"));
            assert!(is_attached(), "net_t234: {arguments:?}");
        }
        // Sessions outlive a server that is killed, and have the device.
        for pid in running {
            kill(Pid::from_raw(pid), Signal::SIGKILL).unwrap();
        }
        wait_for(&|| run_now() && pids().iter().all(|pid| !running.contains(pid)), "started again");
        original.attaches_until(is_joined, "started again");

        cluster.joins(&[1]);
        assert_eq!(cluster.tunnels(), [""; 0], "left");
        assert_eq!((vtunds(&cluster.namespace), pids()), (vec![], [0, 0]), "left");
        cluster.joins(&[0, 1]);
        wait_for(&run_now, "joined again");
        original.attaches_until(is_joined, "joined again");
        cluster.run(async { cluster.host.stop().await.unwrap() });
        assert_eq!((vtunds(&cluster.namespace), pids()), (vec![], [0, 0]), "stopped");
    });
}

#[test]
fn net_t235_there_is_no_tunnel_without_a_bridge() {
    isolated(async || {
        ip(&["tuntap", "add", "dev", "tap-0-1", "mode", "tap"]);
        let step = Step::Add("tap-0-1".to_owned(), Device::new(Kind::Tap).port_of("nobr"));
        let refused = Links::open().unwrap().take(&step).await;
        assert!(matches!(&refused, Err(links::Error::Missing(name)) if name == "nobr"), "{refused:?}");
    });
}

#[test]
fn a_tunnel_that_cannot_be_had_keeps_no_network_from_coming() {
    isolated(async || {
        let folder = tempfile::tempdir().unwrap();
        ip(&["link", "add", "under", "up", "type", "bridge"]);
        let cluster = Cluster::new(0, false, Transport::Vtun, &secret(&folder));
        // No bridge is a port of another.
        cluster.namespace.ip(&["link", "add", "tap-0-1", "type", "bridge"]);
        cluster.joins(&[0, 1]);
        assert!(cluster.namespace.ip(&["link", "show", "master", "eth1"]).contains("tap-1-0"));
        cluster.does(Effect::StartNetwork(network(11)));
        assert!(cluster.namespace.ip(&["address", "show", "eth1"]).contains("10.10.1.33/27"));
        let told = cluster.run(async { cluster.host.repair().await.unwrap() });
        assert_eq!(told, [""; 0], "it was not mended");
        cluster.namespace.ip(&["link", "delete", "tap-0-1"]);
        cluster.is_mended("tap-0-1");
        assert!(cluster.namespace.ip(&["link", "show", "master", "eth1"]).contains("tap-0-1"));
    });
}

#[test]
fn net_t233_vtun_joins_networks_with_vlans() {
    inside(async || {
        let folder = tempfile::tempdir().unwrap();
        ip(&["link", "add", "under", "up", "type", "bridge"]);
        let secret = secret(&folder);
        let clusters = [0, 1].map(|place| Cluster::new(place, true, Transport::Vtun, &secret));
        for cluster in &clusters {
            cluster.joins(&[0, 1]);
            assert_eq!(cluster.tunnels(), ["tap-0-1", "tap-0-1.10", "tap-1-0", "tap-1-0.10"]);
            let ports = cluster.namespace.ip(&["-oneline", "link", "show", "master", "eucabr10"]);
            assert!(["tap-0-1.10", "tap-1-0.10"].iter().all(|tap| ports.contains(tap)), "{ports}");
            cluster.namespace.ip(&["link", "set", "eucabr10", "type", "bridge", "stp_state", "0"]);
            cluster.is_mended("the spanning tree protocol");
            let start = Instant::now();
            while vtunds(&cluster.namespace).len() < 2 {
                assert!(start.elapsed() < OPENING, "vtund");
                cluster.run(async { tokio::time::sleep(Duration::from_millis(100)).await });
            }
        }
        let guests = clusters.each_ref().map(|cluster| cluster.guest("eucabr10", 10));
        let [zero, one] = &guests;
        reaches(zero, one, "joined");
        reaches(one, zero, "joined");
        Guest::heard(&one.talk);
        zero.says(WHOLE);
        assert_eq!(Guest::heard(&one.talk), [(WHOLE, zero.address.into())], "no loop");
        clusters[1].does(Effect::StartNetwork(network(11)));
        let stranger = clusters[1].guest("eucabr11", 11);
        stranger.peer.ip(&["address", "add", "10.10.1.29/27", "dev", "eth0"]);
        zero.says(WHOLE);
        assert_eq!(Guest::heard(&stranger.talk), [], "another network");
        drop(stranger);
        clusters[1].does(Effect::StopNetwork(network(11)));
        assert_eq!(clusters[1].tunnels().len(), 4, "detached");
        for cluster in &clusters {
            cluster.joins(&[]);
            assert_eq!((cluster.tunnels(), vtunds(&cluster.namespace)), (vec![], vec![]), "left");
        }
    });
}
