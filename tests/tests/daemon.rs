//! `cc-daemon` as a service manager and an operator see it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use euca_sim::clc::Clc;
use euca_sim::fleet::Fleet;
use euca_sim::keys::{Keys, Role};
use euca_sim::node::Capacity;
use euca_tests::admin::Admin;
use euca_tests::daemon::{Daemon, binary, free_address};
use euca_tests::home::Home;
use euca_wire::{Request, cc, gl};
use nix::sys::signal::Signal;

fn address() -> SocketAddr {
    free_address("127.7.1.1".parse().unwrap()).unwrap()
}

fn describe_resources() -> cc::DescribeResources {
    let instance_type =
        cc::VirtualMachine { memory: Some(1), cores: Some(1), disk: Some(1), ..Default::default() };
    cc::DescribeResources { instance_types: vec![instance_type], ..Default::default() }
}

async fn text<Q: Request>(clc: &Clc, request: &Q) -> String {
    euca_tests::ask(clc, request).await.unwrap().text()
}

async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    euca_tests::until(what, async || Ok(condition().await)).await.unwrap();
}

const MANAGED: &str = "VNET_MODE=MANAGED-NOVLAN\nVNET_SUBNET=10.9.0.0\nVNET_NETMASK=255.255.0.0\n\
                       VNET_DNS=10.9.0.1\nVNET_ADDRSPERNET=32";

#[test]
fn bad_configuration_ends_the_program_with_one_message_before_a_port_opens() {
    let address = address();
    let good = Home::cluster_conf(address, &[]);
    for (what, conf, complaint) in [
        ("nothing", String::new(), "ENABLE_WS_SECURITY"),
        ("cc_t193: no ENABLE_WS_SECURITY", good.replace("ENABLE_WS_SECURITY", "X"), "ENABLE_WS_SECURITY"),
        ("port out of range", good.replace("CC_PORT=\"", "CC_PORT=\"9"), "CC_PORT"),
        (
            "more public addresses than there is room for",
            good.replace("VNET_MODE=\"SYSTEM\"", MANAGED) + "VNET_PUBLICIPS=\"10.99.0.0/16\"\n",
            "VNET_PUBLICIPS",
        ),
        ("no number", good.clone() + "DAEMON_MAX_REQUESTS=many\n", "DAEMON_MAX_REQUESTS"),
    ] {
        let home = Home::new().unwrap();
        home.configure(&conf).unwrap();
        let output = Command::new(binary("cc-daemon").unwrap())
            .env("EUCALYPTUS", home.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{what}: {message}");
        assert!(message.contains(complaint) && message.lines().count() == 1, "{what}: {message}");
        assert!(message.contains("eucalyptus.conf"), "{what}: which file? {message}");
        assert!(TcpStream::connect(address).is_err(), "{what}: a port is open");
    }
}

/// Where the original would answer every operation with a failure, this one does not begin.
#[test]
fn a_node_without_a_usable_configuration_does_not_start() {
    let address = address();
    let home = Home::new().unwrap();
    let good = euca_tests::node::conf(&home, address, "test:///default", "br0").unwrap();
    for (what, conf, complaint) in [
        ("nc_001: no file", None, "eucalyptus.conf"),
        ("nc_002: no HYPERVISOR", Some(good.replace("HYPERVISOR=", "X=")), "HYPERVISOR"),
        ("nc_002: not_configured", Some(good.replace("\"qemu\"", "\"not_configured\"")), "HYPERVISOR"),
        ("nc_002: KVM", Some(good.replace("\"qemu\"", "\"KVM\"")), "HYPERVISOR"),
    ] {
        let home = Home::new().unwrap();
        if let Some(conf) = conf {
            home.configure(&conf).unwrap();
        }
        let output = Command::new(binary("nc-daemon").unwrap())
            .env("EUCALYPTUS", home.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(78), "{what}: {message}");
        assert!(message.contains(complaint) && message.lines().count() == 1, "{what}: {message}");
        assert!(TcpStream::connect(address).is_err(), "{what}: a port is open");
    }
}

#[test]
fn check_prints_every_setting_with_its_origin_and_opens_nothing() {
    let home = Home::new().unwrap();
    let address = address();
    home.configure(&Home::cluster_conf(address, &["127.7.0.1:8775".parse().unwrap()])).unwrap();
    let check =
        Command::new(binary("cc-daemon").unwrap()).arg("--home").arg(home.path()).arg("--check").output();
    let check = check.unwrap();
    let text = String::from_utf8(check.stdout).unwrap();
    assert!(check.status.success(), "{text}");
    let line = |key: &str| {
        text.lines().find(|line| line.starts_with(key)).unwrap_or_else(|| panic!("no {key}: {text}"))
    };
    assert!(line("NODES=\"127.7.0.1\"").contains("eucalyptus.conf:5"), "{text}");
    assert!(line("INSTANCE_TIMEOUT=\"300\"").contains("default"), "{text}");
    assert!(!text.contains("PRIVATE"), "{text}");
}

/// Whether the service manager is told this within ten seconds.
fn told(daemon: &Daemon, what: &str) -> bool {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(10) {
        if daemon.notification().is_some_and(|text| text.contains(what)) {
            return true;
        }
    }
    false
}

#[test]
fn the_service_manager_is_told_of_readiness_progress_and_the_end() {
    let home = Home::new().unwrap();
    home.configure(&Home::cluster_conf(address(), &[])).unwrap();
    let mut daemon = Daemon::start_with("cc-daemon", &home, |command| {
        command.env("WATCHDOG_USEC", "200000");
    })
    .unwrap();
    assert!(told(&daemon, "WATCHDOG=1") && told(&daemon, "WATCHDOG=1"), "the watchdog is not fed");
    daemon.signal(Signal::SIGTERM).unwrap();
    assert!(told(&daemon, "STOPPING=1"), "the end is not announced");
    assert!(daemon.wait().unwrap().success());
}

#[test]
fn the_journal_is_told_the_priority_of_every_line() {
    let home = Home::new().unwrap();
    home.configure(&format!("{}DAEMON_LOG=stderr\n", Home::cluster_conf(address(), &[]))).unwrap();
    let output = home.path().join("cc-daemon.output");
    let daemon = Daemon::start_with("cc-daemon", &home, |command| {
        let stat = std::fs::metadata(&output).unwrap();
        command.env("JOURNAL_STREAM", format!("{}:{}", stat.dev(), stat.ino()));
    });
    assert!(daemon.unwrap().stop().unwrap().success());
    let lines = std::fs::read_to_string(&output).unwrap();
    assert!(!lines.is_empty());
    assert!(
        lines.lines().all(|line| ["<4>", "<6>", "<7>"].iter().any(|priority| line.starts_with(priority))),
        "{lines}"
    );
}

#[tokio::test]
async fn an_inherited_socket_is_used_instead_of_the_configured_port() {
    let home = Home::new().unwrap();
    let inherited = address();
    home.configure(&Home::cluster_conf(address(), &[])).unwrap();
    let mut activator = Command::new("systemd-socket-activate")
        .args(["--listen", &inherited.to_string(), "--"])
        .arg(binary("cc-daemon").unwrap())
        .arg("--home")
        .arg(home.path())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let clc = Clc::new(&home.keys(), Role::Cloud, inherited).unwrap();
    // The first connection starts the daemon, which then answers it.
    until("listener", async || TcpListener::bind(inherited).is_err()).await;
    let reply = text(&clc, &describe_resources()).await;
    let pid = nix::unistd::Pid::from_raw(i32::try_from(activator.id()).unwrap());
    nix::sys::signal::kill(pid, Signal::SIGTERM).unwrap();
    assert!(activator.wait().unwrap().success());
    assert!(reply.contains("<n:return>true</n:return>"), "{reply}");
}

/// cc_t184 through a file and a signal: the new node is appended, the old ones keep what is known of them.
#[tokio::test]
async fn a_changed_node_list_is_followed_without_a_restart() {
    let home = Home::new().unwrap();
    let fleet = Fleet::start(&home.keys(), "127.7.2.1:0".parse().unwrap(), 3, Capacity::default()).unwrap();
    let nodes: Vec<_> = fleet.nodes().iter().map(|(address, _)| *address).collect();
    let address = address();
    home.configure(&Home::cluster_conf(address, &nodes[..2])).unwrap();
    let daemon = Daemon::start("cc-daemon", &home).unwrap();
    let clc = Clc::new(&home.keys(), Role::Cloud, address).unwrap();
    let tags = async || text(&clc, &describe_resources()).await.matches("<n:serviceTags>").count();
    assert_eq!(tags().await, 2);
    home.configure(&Home::cluster_conf(address, &nodes)).unwrap();
    daemon.signal(Signal::SIGHUP).unwrap();
    until("third node", async || tags().await == 3).await;
    // cc_t188: a list that cannot be used leaves the last good one in force.
    home.configure(&Home::cluster_conf(address, &nodes[..1]).replace("NC_PORT", "NO_PORT")).unwrap();
    daemon.signal(Signal::SIGHUP).unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(tags().await, 3);
    assert!(daemon.stop().unwrap().success());
    fleet.stop().await;
}

/// cc_t187, cc_t189, cc_t190 through a file: what is not a list of at most 1024 unique nodes becomes one.
#[tokio::test]
async fn odd_node_lists_are_followed_as_far_as_they_make_sense() {
    let home = Home::new().unwrap();
    let address = address();
    let plain = Home::cluster_conf(address, &["127.7.0.1:8775".parse().unwrap()]);
    home.configure(&plain).unwrap();
    let daemon = Daemon::start("cc-daemon", &home).unwrap();
    let clc = Clc::new(&home.keys(), Role::Cloud, address).unwrap();
    let tags = async || text(&clc, &describe_resources()).await.matches("<n:serviceTags>").count();
    let many: Vec<_> = (0..1100).map(|index| format!("127.7.{}.{}", index / 250, 1 + index % 250)).collect();
    for (list, expected) in [("127.7.0.1 127.7.0.1 127.7.0.2", 2), ("", 0), (&many.join(" "), 1024)] {
        home.configure(&plain.replace("NODES=\"127.7.0.1\"", &format!("NODES=\"{list}\""))).unwrap();
        daemon.signal(Signal::SIGHUP).unwrap();
        until("new list", async || tags().await == expected).await;
    }
    home.configure(&plain).unwrap();
    daemon.signal(Signal::SIGHUP).unwrap();
    until("old list", async || tags().await == 1).await;
    assert!(daemon.stop().unwrap().success());
}

/// Power management with real programs: the settings reach the cluster, and the wake-up call the program. cc_t183
#[tokio::test]
async fn a_node_that_does_not_answer_is_woken_by_the_configured_program() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = Home::new().unwrap();
    let (program, calls) = (home.path().join("wake"), home.path().join("calls"));
    std::fs::write(&program, format!("#!/bin/sh\necho \"$@\" >> {}\n", calls.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let settings = Home::cluster_conf(address(), &["127.7.0.1:8775".parse().unwrap()]);
    let power = format!(
        "SCHEDPOLICY=\"POWERSAVE\"\nVNET_PRIVINTERFACE=\"lo\"\nDAEMON_POWERWAKE=\"{}\"\n",
        program.display()
    );
    home.configure(&format!("{power}{settings}")).unwrap();
    let daemon = Daemon::start("cc-daemon", &home).unwrap();
    until("a wake-up call", async || {
        std::fs::read_to_string(&calls).is_ok_and(|calls| calls.contains("-b 127.255.255.255 127.7.0.1\n"))
    })
    .await;
    assert!(daemon.stop().unwrap().success());
}

/// Whoever asks twice does not want to wait for what is under way.
#[tokio::test]
async fn a_second_signal_ends_the_grace_period() {
    let home = Home::new().unwrap();
    let listen = address();
    let (admin, settings) = Admin::of_cluster(&Home::cluster_conf(listen, &[])).unwrap();
    home.configure(&format!("DAEMON_SHUTDOWN_GRACE=\"300\"\nDAEMON_BODY_TIMEOUT=\"300\"\n{settings}"))
        .unwrap();
    let mut daemon = Daemon::start("cc-daemon", &home).unwrap();
    // A request whose body never comes.
    let mut open = tokio::net::TcpStream::connect(listen).await.unwrap();
    let head = "POST /axis2/services/EucalyptusCC HTTP/1.1\r\nHost: cc\r\nContent-Length: 10\r\n\r\n";
    tokio::io::AsyncWriteExt::write_all(&mut open, head.as_bytes()).await.unwrap();
    until("the request", async || {
        admin.metrics().await.unwrap().value("euca_http_requests_in_flight") == 1.0
    })
    .await;
    daemon.signal(Signal::SIGTERM).unwrap();
    assert!(told(&daemon, "STOPPING=1"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(daemon.is_running(), "the request is under way");
    daemon.signal(Signal::SIGTERM).unwrap();
    assert!(daemon.wait().unwrap().success());
}

/// Key files are read again when they change (wire.md §5.5): no restart after a registration.
#[tokio::test]
async fn replaced_keys_take_effect_on_the_next_request() {
    let home = Home::new().unwrap();
    let address = address();
    home.configure(&Home::cluster_conf(address, &[])).unwrap();
    let daemon = Daemon::start("cc-daemon", &home).unwrap();
    let old = Clc::new(&home.keys(), Role::Cloud, address).unwrap();
    assert!(text(&old, &describe_resources()).await.contains("<n:return>true</n:return>"));
    Keys::create(home.keys_folder()).unwrap();
    assert!(text(&old, &describe_resources()).await.contains("Signer is not the expected peer"));
    let new = Clc::new(&home.keys(), Role::Cloud, address).unwrap();
    assert!(text(&new, &describe_resources()).await.contains("<n:return>true</n:return>"));
    assert!(daemon.stop().unwrap().success());
}

/// GetKeys must work before anything else, unauthenticated, even without keys (wire.md §6.4).
#[tokio::test]
async fn a_daemon_without_keys_waits_for_them_and_says_so() {
    let home = Home::new().unwrap();
    let address = address();
    home.configure(&Home::cluster_conf(address, &[])).unwrap();
    let keys = home.keys();
    let clc = Clc::new(&keys, Role::Cloud, address).unwrap();
    let saved = tempfile::tempdir().unwrap();
    for role in [Role::Cloud, Role::Cluster, Role::Node] {
        for path in [keys.certificate(role), keys.private_key(role)] {
            std::fs::rename(&path, saved.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    let daemon = Daemon::start("cc-daemon", &home).unwrap();
    let get_keys = gl::GetKeys { service_tag: Some("self".to_owned()), ..Default::default() };
    let reply = text(&clc, &get_keys).await;
    assert!(reply.contains("<n:return>true</n:return>") && !reply.contains("CCcert"), "{reply}");
    let refused = clc.send(&describe_resources()).await.unwrap();
    assert_eq!(refused.status(), 500, "{}", refused.text());
    for entry in std::fs::read_dir(saved.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::rename(entry.path(), home.keys_folder().join(entry.file_name())).unwrap();
    }
    assert!(text(&clc, &get_keys).await.contains("<n:CCcert>"));
    assert!(told(&daemon, "STATUS=serving"));
    assert!(text(&clc, &describe_resources()).await.contains("<n:return>true</n:return>"));
    assert!(daemon.stop().unwrap().success());
}

/// cc_t206, and the log in the original's line format (deployment.md §3.2).
#[tokio::test]
async fn the_log_is_handed_out_in_the_original_line_format() {
    let home = Home::new().unwrap();
    let address = address();
    home.configure(&Home::cluster_conf(address, &[])).unwrap();
    let daemon = Daemon::start("cc-daemon", &home).unwrap();
    let clc = Clc::new(&home.keys(), Role::Cloud, address).unwrap();
    let stranger = Clc::new(&home.keys(), Role::Other, address).unwrap();
    let _ = stranger.send(&describe_resources()).await.unwrap();
    let get_logs = gl::GetLogs { service_tag: Some("self".to_owned()), ..Default::default() };
    let mut log = String::new();
    until("log line", async || {
        let reply = text(&clc, &get_logs).await;
        let encoded = reply
            .split_once("<n:CCLog>")
            .and_then(|(_, rest)| rest.split_once('<'))
            .map_or("", |(log, _)| log);
        log = String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap();
        log.contains("request refused")
            && log.contains("reason=\"stranger\" detail=\"signed by somebody else\"")
    })
    .await;
    let pid = format!("][{:06}][EUCA", daemon.pid());
    assert!(log.lines().all(|line| line.starts_with('[') && line.contains(&pid)), "{log}");
    assert!(daemon.stop().unwrap().success());
}

#[test]
fn the_units_are_valid() {
    let units = [
        "cc-daemon.service",
        "nc-daemon.service",
        "eucalyptus-cc-clean.service",
        "nc-helper.service",
        "nc-helper.socket",
    ];
    // One refers to the other.
    let folder = tempfile::tempdir().unwrap();
    // The programs are not installed here; everything else is as shipped.
    let program = binary("cc-daemon").unwrap();
    for unit in units {
        let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../etc/systemd").join(unit);
        let text = std::fs::read_to_string(source).unwrap();
        let text = text
            .lines()
            .map(|line| match line.split_once('=') {
                Some((key @ ("ExecStart" | "ExecStartPre"), value)) => {
                    let rest = value.split_once(' ').map_or("", |(_, rest)| rest);
                    format!("{key}={} {rest}\n", program.display())
                }
                _ => format!("{line}\n"),
            })
            .collect::<String>();
        std::fs::write(folder.path().join(unit), text).unwrap();
    }
    for unit in units {
        let path = folder.path().join(unit);
        let verify =
            Command::new("systemd-analyze").arg("verify").arg("--man=no").arg(&path).output().unwrap();
        let message = String::from_utf8_lossy(&verify.stderr).into_owned();
        assert!(verify.status.success() && !message.contains(unit), "{unit}: {message}");
    }
}
