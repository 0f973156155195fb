//! Real DHCP servers and real clients (network.md §9, §16.10, T-277).
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use euca_command::Programs;
use euca_vnet::{Dhcp, DhcpSubnet, Effect, Effects as _, Mac};
use euca_vnet_host::dhcp::Error;
use euca_vnet_host::testing::{Peer, ip, isolated, succeed};
use euca_vnet_host::{DhcpServer, DhcpSettings, Host};
use tempfile::TempDir;

const SERVERS: [&str; 2] = ["/usr/sbin/dhcpd", "/usr/sbin/dnsmasq"];
const KNOWN: &str = "D0:0D:3F:25:04:E0";
const OTHER: &str = "D0:0D:00:00:00:AA";
/// How long something may take that takes no time.
const SOON: Duration = Duration::from_secs(60);

fn guests(hosts: &[(&str, &str)]) -> Dhcp {
    let address = |text: &str| text.parse().unwrap();
    let hosts = hosts.iter().map(|(mac, host)| (mac.parse::<Mac>().unwrap(), address(host))).collect();
    Dhcp {
        subnets: vec![DhcpSubnet {
            vlan: 10,
            subnet: "10.10.1.0/27".parse().unwrap(),
            broadcast: address("10.10.1.31"),
            router: address("10.10.1.1"),
            dns: vec![address("10.0.0.53"), address("192.168.7.9")],
            hosts,
        }],
    }
}

/// A host with a bridge of guests and a private interface.
struct Site {
    directory: TempDir,
}

impl Site {
    fn new() -> Self {
        ip(&["link", "add", "priv", "up", "type", "bridge"]);
        let site = Self { directory: tempfile::tempdir().unwrap() };
        site.bridge();
        site
    }

    fn bridge(&self) {
        ip(&["link", "add", "eucabr10", "up", "type", "bridge"]);
        ip(&["address", "add", "10.10.1.1/27", "brd", "+", "dev", "eucabr10"]);
    }

    fn settings(&self, program: &str) -> DhcpSettings {
        DhcpSettings {
            program: program.into(),
            group: None,
            directory: self.net(),
            interface: "priv".to_owned(),
        }
    }

    fn server(&self, program: &str) -> DhcpServer {
        DhcpServer::new(self.settings(program), Arc::new(Programs::default()))
    }

    fn net(&self) -> PathBuf {
        self.directory.path().join("eucalyptus/net")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.net().join(name)
    }

    /// The process that the pid file names.
    fn pid(&self) -> Option<i32> {
        fs::read_to_string(self.file("euca-dhcp.pid")).ok()?.trim().parse().ok()
    }

    /// A guest on the bridge, without an address yet.
    fn guest(&self, name: &str, mac: &str) -> Guest {
        let peer = Peer::new(name);
        peer.ip(&["link", "set", "eth0", "address", mac]);
        ip(&["link", "set", name, "master", "eucabr10"]);
        Guest { peer, directory: tempfile::tempdir().unwrap() }
    }
}

struct Guest {
    peer: Peer,
    directory: TempDir,
}

impl Guest {
    /// What a DHCP client is told, as `name=value`; nothing when it gets no answer in three seconds.
    fn lease(&self) -> Option<Vec<String>> {
        let (script, told) = (self.directory.path().join("script"), self.directory.path().join("told"));
        fs::write(&script, format!("#!/bin/sh\n[ \"$1\" != bound ] || env > {}\n", told.display())).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let _ = fs::remove_file(&told);
        let mut client = self.peer.command("busybox");
        client
            .args(["udhcpc", "-f", "-n", "-q", "-t", "10", "-T", "1", "-A", "1", "-O", "mtu", "-s"])
            .arg(script);
        let bound = client.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success();
        bound.then(|| fs::read_to_string(told).unwrap().lines().map(str::to_owned).collect())
    }

    fn address(&self) -> Option<String> {
        self.lease()?.iter().find_map(|line| line.strip_prefix("ip=").map(str::to_owned))
    }
}

fn words(pid: i32) -> Vec<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = line.split(|byte| *byte == 0).map(|word| String::from_utf8_lossy(word).into_owned());
    words.filter(|word| !word.is_empty()).collect()
}

async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + SOON;
    while !is_so() {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn assert_told(lease: &[String], program: &str) {
    for told in [
        "ip=10.10.1.2",
        "subnet=255.255.255.224",
        "router=10.10.1.1",
        "dns=10.0.0.53 192.168.7.9",
        "lease=1200",
        "broadcast=10.10.1.31",
    ] {
        assert!(lease.iter().any(|line| line == told), "{program}: {told} in {lease:?}");
    }
}

#[test]
fn net_t277_a_guest_gets_its_address_and_nobody_else_gets_one() {
    for program in SERVERS {
        isolated(async move || {
            let site = Site::new();
            let (known, other) = (site.guest("tap1", KNOWN), site.guest("tap2", OTHER));
            let server = site.server(program);
            let bridges = || vec!["eucabr10".to_owned()];
            server.serve(&guests(&[(KNOWN, "10.10.1.2")]), bridges()).await.unwrap();
            let lease = known.lease().unwrap();
            assert_told(&lease, program);
            assert!(!lease.iter().any(|line| line.starts_with("mtu=")), "{program}: {lease:?}");
            assert_eq!(other.address(), None, "{program}");

            // A guest more, and the first one moves: its old address is the other's.
            let moved = guests(&[(KNOWN, "10.10.1.3"), (OTHER, "10.10.1.2")]);
            server.serve(&moved, bridges()).await.unwrap();
            assert_eq!(other.address().as_deref(), Some("10.10.1.2"), "{program}");
            assert_eq!(known.address().as_deref(), Some("10.10.1.3"), "{program}");
            server.serve(&guests(&[(OTHER, "10.10.1.2")]), bridges()).await.unwrap();
            assert_eq!(known.address(), None, "{program}: a guest that is gone");

            // T-259: a stop ends it.
            let pid = site.pid().unwrap();
            server.stop().await.unwrap();
            assert_eq!((words(pid), site.pid()), (vec![], None), "net_t259 {program}");
            assert_eq!(other.address(), None, "net_t259 {program}");
        });
    }
}

#[test]
fn a_server_that_is_killed_comes_back_and_one_that_is_changed_keeps_its_leases() {
    for program in SERVERS {
        isolated(async move || {
            let site = Site::new();
            let guest = site.guest("tap1", KNOWN);
            let server = site.server(program);
            let bridges = || vec!["eucabr10".to_owned()];
            let one = guests(&[(KNOWN, "10.10.1.2")]);
            server.serve(&one, bridges()).await.unwrap();
            assert_eq!(guest.address().as_deref(), Some("10.10.1.2"), "{program}");
            let first = site.pid().unwrap();

            // The same again changes nothing.
            server.serve(&one, bridges()).await.unwrap();
            assert_eq!(site.pid(), Some(first), "{program}");

            let name = if program.ends_with("dnsmasq") { "euca-dnsmasq.leases" } else { "euca-dhcp.leases" };
            let leases = || fs::read_to_string(site.file(name)).unwrap();
            let before = leases();
            let two = guests(&[(KNOWN, "10.10.1.2"), (OTHER, "10.10.1.3")]);
            server.serve(&two, bridges()).await.unwrap();
            let second = site.pid().unwrap();
            // dnsmasq takes a guest more without a new life; dhcpd does not.
            assert_eq!(second == first, program.ends_with("dnsmasq"), "net_t207 {program}");
            assert_eq!(words(first).is_empty(), second != first, "net_t207 {program}: the first has ended");

            succeed(Command::new("kill").args(["-9", &second.to_string()]));
            eventually("it comes back", || {
                site.pid().is_some_and(|pid| pid != second && !words(pid).is_empty())
            })
            .await;
            assert_eq!(guest.address().as_deref(), Some("10.10.1.2"), "{program}");
            if program.ends_with("dnsmasq") {
                let kept = |text: &str| text.contains(&format!("{} 10.10.1.2", KNOWN.to_lowercase()));
                assert!(kept(&before) && kept(&leases()), "{before} {}", leases());
            } else {
                assert!(!leases().is_empty());
            }

            // A bridge that is made anew is another one.
            let third = site.pid().unwrap();
            ip(&["link", "del", "eucabr10"]);
            site.bridge();
            ip(&["link", "set", "tap1", "master", "eucabr10"]);
            server.follow(bridges()).await.unwrap();
            assert_ne!(site.pid(), Some(third), "{program}");
            assert_eq!(guest.address().as_deref(), Some("10.10.1.2"), "{program}: on the new bridge");

            // Dropped, it goes.
            let last = site.pid().unwrap();
            drop(server);
            eventually("it ends", || words(last).is_empty()).await;
        });
    }
}

#[test]
fn net_t203_and_t204_without_guests_nothing_is_started() {
    for program in SERVERS {
        isolated(async move || {
            let site = Site::new();
            let server = site.server(program);
            let name = if program.ends_with("dnsmasq") { "euca-dnsmasq.conf" } else { "euca-dhcp.conf" };
            server.serve(&Dhcp::default(), vec![]).await.unwrap();
            let text = fs::read_to_string(site.file(name)).unwrap();
            assert!(text.starts_with("# eucalyptus guest networks\n"), "net_t203 {program}: {text}");
            assert!(!text.contains("10.10.1.0"), "net_t203 {program}: {text}");
            server.serve(&guests(&[]), vec![]).await.unwrap();
            let text = fs::read_to_string(site.file(name)).unwrap();
            assert!(text.contains("10.10.1.0"), "net_t204 {program}: {text}");
            assert_eq!(site.pid(), None, "{program}");
        });
    }
}

#[test]
fn the_server_ends_with_its_last_guest_and_comes_with_the_next() {
    for program in SERVERS {
        isolated(async move || {
            let site = Site::new();
            let (first, next) = (site.guest("tap1", KNOWN), site.guest("tap2", OTHER));
            let server = site.server(program);
            let bridges = || vec!["eucabr10".to_owned()];
            let one = guests(&[(KNOWN, "10.10.1.2")]);
            // Of STATIC mode, whose network stays, and of the others.
            for none in [guests(&[]), Dhcp::default()] {
                server.serve(&one, bridges()).await.unwrap();
                assert_eq!(first.address().as_deref(), Some("10.10.1.2"), "{program}");
                let pid = site.pid().unwrap();
                server.serve(&none, bridges()).await.unwrap();
                // As when the host is looked after.
                server.follow(bridges()).await.unwrap();
                let files = fs::read_dir(site.net()).unwrap().map(|file| file.unwrap().path());
                let named: Vec<_> = files
                    .filter(|file| !file.to_str().unwrap().contains(".leases"))
                    .filter(|file| fs::read_to_string(file).unwrap().to_uppercase().contains(KNOWN))
                    .collect();
                assert_eq!((words(pid), site.pid(), named), (vec![], None, vec![]), "{program}");
                assert_eq!(first.address(), None, "{program}: a guest that is gone");
                server.serve(&guests(&[(OTHER, "10.10.1.2")]), bridges()).await.unwrap();
                assert_eq!(next.address().as_deref(), Some("10.10.1.2"), "{program}");
                assert_eq!(first.address(), None, "{program}: a guest that is gone");
            }
        });
    }
}

#[test]
fn net_t206_dhcpd_is_started_with_its_files_and_devices() {
    isolated(async || {
        let site = Site::new();
        fs::create_dir_all(site.net()).unwrap();
        fs::write(site.file("euca-dhcp.trace"), "of the original").unwrap();
        let server = site.server(SERVERS[0]);
        let bridges = vec!["eucabr15".to_owned(), "eucabr10".to_owned()];
        // One that is not there does not keep the others from being served.
        server.serve(&guests(&[(KNOWN, "10.10.1.2")]), bridges.clone()).await.unwrap();
        let file = |name: &str| site.file(name).into_os_string().into_string().unwrap();
        let arguments = |devices: &[&str]| {
            let files = [
                ("-cf", file("euca-dhcp.conf")),
                ("-lf", file("euca-dhcp.leases")),
                ("-pf", file("euca-dhcp.pid")),
            ];
            let files = files.into_iter().flat_map(|(option, path)| [option.to_owned(), path]);
            let start = [SERVERS[0], "-f", "-d"].map(str::to_owned);
            start
                .into_iter()
                .chain(files)
                .chain(devices.iter().map(|name| (*name).to_owned()))
                .collect::<Vec<_>>()
        };
        assert_eq!(words(site.pid().unwrap()), arguments(&["eucabr10", "priv"]), "net_t206");
        assert!(
            site.file("euca-dhcp.leases").is_file() && !site.file("euca-dhcp.trace").exists(),
            "net_t206"
        );
        ip(&["link", "add", "eucabr15", "up", "type", "bridge"]);
        server.follow(bridges).await.unwrap();
        assert_eq!(words(site.pid().unwrap()), arguments(&["eucabr15", "eucabr10", "priv"]), "net_t118");
    });
}

#[test]
fn net_t208_only_a_server_of_ours_is_ended() {
    isolated(async || {
        let site = Site::new();
        let guest = guests(&[(KNOWN, "10.10.1.2")]);
        fs::create_dir_all(site.net()).unwrap();
        let mut stranger = Command::new("sleep").arg("600").spawn().unwrap();
        fs::write(site.file("euca-dhcp.pid"), stranger.id().to_string()).unwrap();
        let server = site.server(SERVERS[0]);
        let served = server.serve(&guest, vec!["eucabr10".to_owned()]).await;
        let alive = stranger.try_wait().unwrap().is_none();
        stranger.kill().unwrap();
        stranger.wait().unwrap();
        served.unwrap();
        assert!(alive, "net_t208");
        let ours = site.pid().unwrap();
        assert_ne!(ours, i32::try_from(stranger.id()).unwrap(), "net_t208");

        // Another life of the daemon, with the other server, finds what the first has left running.
        let line = words(ours);
        server.stop().await.unwrap();
        let mut left = Command::new(&line[0]).args(&line[1..]).stderr(Stdio::null()).spawn().unwrap();
        eventually("it runs", || site.pid().is_some_and(|pid| pid.to_string() == left.id().to_string()))
            .await;
        let next = site.server(SERVERS[1]);
        next.serve(&guest, vec!["eucabr10".to_owned()]).await.unwrap();
        left.wait().unwrap();
        assert!(words(site.pid().unwrap())[0].ends_with("dnsmasq"));
        next.stop().await.unwrap();
    });
}

#[test]
fn net_t209_the_group_gets_our_files_and_no_others() {
    isolated(async || {
        let site = Site::new();
        fs::create_dir_all(site.net()).unwrap();
        let outside = site.directory.path().join("outside");
        fs::write(&outside, "").unwrap();
        symlink(&outside, site.file("euca-dhcp.conf")).unwrap();
        fs::write(site.file("iptables-preload"), "").unwrap();
        let group = "daemon";
        let gid = nix::unistd::Group::from_name(group).unwrap().unwrap().gid.as_raw();
        let settings = DhcpSettings { group: Some(group.to_owned()), ..site.settings(SERVERS[0]) };
        let server = DhcpServer::new(settings.clone(), Arc::new(Programs::default()));
        let bridges = || vec!["eucabr10".to_owned()];
        server.serve(&guests(&[(KNOWN, "10.10.1.2")]), bridges()).await.unwrap();
        let of = |path: &Path| {
            let data = fs::symlink_metadata(path).unwrap();
            (data.gid(), data.mode() & 0o7777)
        };
        assert_eq!(of(&site.net()), (gid, 0o775), "net_t209");
        assert_eq!(of(&site.file("euca-dhcp.conf")), (gid, 0o775), "net_t209");
        assert!(site.file("euca-dhcp.conf").is_file() && fs::read_to_string(&outside).unwrap().is_empty());
        assert_eq!((of(&outside).0, of(&site.file("iptables-preload")).0), (0, 0), "not ours");
        server.stop().await.unwrap();

        // A link in the place of a file of ours is not followed.
        fs::remove_file(site.file("euca-dhcp.leases")).unwrap();
        symlink(&outside, site.file("euca-dhcp.leases")).unwrap();
        let refused = server.serve(&guests(&[(KNOWN, "10.10.1.2")]), bridges()).await;
        assert!(matches!(refused, Err(Error::Files(_))), "{refused:?}");
        assert_eq!(of(&outside).0, 0);
    });
}

#[test]
fn net_t211_what_fails_takes_nothing_down_and_may_be_tried_again() {
    for program in SERVERS {
        isolated(async move || {
            let site = Site::new();
            let guest = site.guest("tap1", KNOWN);
            let program_of_site = site.directory.path().join(program.rsplit('/').next().unwrap());
            let server = site.server(program_of_site.to_str().unwrap());
            let one = guests(&[(KNOWN, "10.10.1.2")]);
            let bridges = || vec!["eucabr10".to_owned()];
            for _ in 0..2 {
                let failed = server.serve(&one, bridges()).await;
                assert!(matches!(failed, Err(Error::Check(_))), "net_t211 {program}: {failed:?}");
            }
            symlink(program, &program_of_site).unwrap();
            server.serve(&one, bridges()).await.unwrap();
            let pid = site.pid().unwrap();

            // A name server too few makes no configuration of dhcpd.
            let mut bad = guests(&[(KNOWN, "10.10.1.2"), (OTHER, "10.10.1.3")]);
            bad.subnets[0].dns.clear();
            let refused = server.serve(&bad, bridges()).await;
            if program.ends_with("dhcpd") {
                assert!(matches!(&refused, Err(Error::Refused(why)) if why.contains("line")), "{refused:?}");
                assert_eq!(site.pid(), Some(pid), "{program}");
            }
            assert_eq!(guest.address().as_deref(), Some("10.10.1.2"), "{program}");
            let nowhere = site.server(program);
            ip(&["link", "del", "priv"]);
            let failed = nowhere.serve(&one, vec![]).await;
            assert!(matches!(failed, Err(Error::NoDevice)), "{program}: {failed:?}");
        });
    }
}

#[test]
fn net_t205_a_host_without_networks_of_its_own_serves_its_private_interface() {
    isolated(async || {
        let site = Site::new();
        ip(&["address", "add", "192.168.1.9/24", "dev", "priv"]);
        let runner = Arc::new(Programs::default());
        let host = Host::new(None, runner).with_dhcp(site.server(SERVERS[0]));
        let address = |text: &str| text.parse().unwrap();
        let hosts = [("AA:DD:11:CE:FF:ED", "192.168.1.2"), ("AA:DD:11:CE:FF:EE", "192.168.1.3")];
        let dhcp = Dhcp {
            subnets: vec![DhcpSubnet {
                vlan: 0,
                subnet: "192.168.1.0/24".parse().unwrap(),
                broadcast: address("192.168.1.255"),
                router: address("192.168.1.1"),
                dns: vec![address("192.168.1.1")],
                hosts: hosts.map(|(mac, host)| (mac.parse().unwrap(), address(host))).to_vec(),
            }],
        };
        host.carry_out(&Effect::ServeDhcp(dhcp)).await.unwrap();
        let text = fs::read_to_string(site.file("euca-dhcp.conf")).unwrap();
        for host in ["host node-192.168.1.2 ", "host node-192.168.1.3 "] {
            assert_eq!(text.matches(host).count(), 1, "net_t205 {text}");
        }
        assert_eq!(words(site.pid().unwrap()).last().unwrap(), "priv", "net_t205");
        let guest = Peer::new("tap1");
        guest.ip(&["link", "set", "eth0", "address", hosts[0].0]);
        ip(&["link", "set", "tap1", "master", "priv"]);
        let guest = Guest { peer: guest, directory: tempfile::tempdir().unwrap() };
        assert_eq!(guest.address().as_deref(), Some("192.168.1.2"), "net_t205");
        // It is made anew, by whoever it belongs to.
        ip(&["link", "delete", "priv"]);
        ip(&["link", "add", "priv", "up", "type", "bridge"]);
        ip(&["address", "add", "192.168.1.9/24", "dev", "priv"]);
        ip(&["link", "set", "tap1", "master", "priv"]);
        host.repair().await.unwrap();
        assert_eq!(guest.address().as_deref(), Some("192.168.1.2"), "another private interface");
        host.stop().await.unwrap();
        assert_eq!(site.pid(), None, "net_t259");
    });
}

/// Set for the part of a test that runs as another user: its directory.
const UNPRIVILEGED: &str = "EUCA_TEST_UNPRIVILEGED";

/// The daemon is not root: it has three capabilities, which its server inherits.
#[test]
fn three_capabilities_are_enough() {
    if let Some(directory) = std::env::var_os(UNPRIVILEGED) {
        return serve_until_told(Path::new(&directory));
    }
    for program in SERVERS {
        isolated(async move || {
            let site = Site::new();
            let guest = site.guest("tap1", KNOWN);
            // Where the user may go and write.
            let directory = site.directory.path();
            fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
            let (copy, own) = (directory.join("test"), directory.join("own"));
            fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
            fs::create_dir(&own).unwrap();
            chown(&own, Some(65534), Some(65534)).unwrap();
            symlink(program, own.join("program")).unwrap();
            let capabilities = "-all,+net_admin,+net_raw,+net_bind_service";
            let mut child = Command::new("setpriv")
                .args(["--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs"])
                .args(
                    ["--inh-caps=", "--ambient-caps=", "--bounding-set="]
                        .map(|set| format!("{set}{capabilities}")),
                )
                .arg(&copy)
                .args(["--exact", "three_capabilities_are_enough", "--nocapture"])
                .env(UNPRIVILEGED, &own)
                .env("TMPDIR", &own)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            let ready = own.join("ready");
            eventually("it serves", || ready.exists() || child.try_wait().unwrap().is_some()).await;
            let lease = guest.lease();
            drop(child.stdin.take());
            assert!(child.wait().unwrap().success(), "{program}");
            assert_told(&lease.unwrap(), program);
        });
    }
}

/// Serves as the user and in the namespace this process was started with, until its input ends.
fn serve_until_told(directory: &Path) {
    assert!(!nix::unistd::geteuid().is_root());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let program = fs::read_link(directory.join("program")).unwrap();
        let net = directory.join("net");
        let settings =
            DhcpSettings { program, group: None, directory: net.clone(), interface: "priv".to_owned() };
        let pid = || fs::read_to_string(net.join("euca-dhcp.pid")).ok();
        let bridges = || vec!["eucabr10".to_owned()];
        let served = guests(&[(KNOWN, "10.10.1.2")]);
        let server = DhcpServer::new(settings, Arc::new(Programs::default()));
        server.serve(&served, bridges()).await.unwrap();
        let line = words(pid().unwrap().trim().parse().unwrap());
        server.stop().await.unwrap();
        // One of a former life.
        let mut left = Command::new(&line[0]).args(&line[1..]).stderr(Stdio::null()).spawn().unwrap();
        eventually("it runs", || pid().is_some_and(|pid| pid.trim() == left.id().to_string())).await;
        server.serve(&served, bridges()).await.unwrap();
        left.wait().unwrap();
        assert_ne!(pid().unwrap().trim(), left.id().to_string());
        fs::write(directory.join("ready"), "").unwrap();
        std::io::read_to_string(std::io::stdin()).unwrap();
        server.stop().await.unwrap();
        assert_eq!(pid(), None);
    });
}
