//! The admin port of `cc-daemon` as a monitoring system and an operator use it (docs/admin.md, docs/metrics.md).
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use euca_sim::clc::{Clc, exchange};
use euca_sim::fleet::Fleet;
use euca_sim::keys::Role;
use euca_sim::node::{Behaviour, Capacity, Plan};
use euca_tests::admin::Admin;
use euca_tests::daemon::{Daemon, free_address};
use euca_tests::home::Home;
use euca_wire::{cc, gl};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// What a poll takes at most, and more for a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

struct Site {
    home: Home,
    daemon: Daemon,
    admin: Admin,
    clc: Clc,
    address: SocketAddr,
}

fn site(home: Home, nodes: &[SocketAddr]) -> Site {
    site_with(home, nodes, |conf| conf)
}

fn site_with(home: Home, nodes: &[SocketAddr], adjust: impl FnOnce(String) -> String) -> Site {
    let address = free_address("127.7.9.1".parse().unwrap()).unwrap();
    let (admin, conf) = Admin::of_cluster(&Home::cluster_conf(address, nodes)).unwrap();
    home.configure(&adjust(conf)).unwrap();
    let daemon = Daemon::start("cc-daemon", &home).unwrap();
    let clc = Clc::new(&home.keys(), Role::Cloud, address).unwrap();
    Site { home, daemon, admin, clc, address }
}

fn describe_resources() -> cc::DescribeResources {
    cc::DescribeResources { instance_types: vec![euca_tests::machine()], ..Default::default() }
}

async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    euca_tests::until(what, async || Ok(condition().await)).await.unwrap();
}

#[tokio::test]
async fn calls_and_refusals_are_counted_exactly() {
    let site = site(Home::new().unwrap(), &[]);
    let request = describe_resources();
    for _ in 0..3 {
        euca_tests::ask(&site.clc, &request).await.unwrap();
    }
    euca_tests::ask(&site.clc, &gl::GetKeys::default()).await.unwrap();
    let message = site.clc.message(&request).unwrap();
    for status in [200, 500, 500] {
        assert_eq!(exchange(site.address, &message).await.unwrap().status(), status);
    }
    let stranger = Clc::new(&site.home.keys(), Role::Other, site.address).unwrap();
    assert_eq!(stranger.send(&request).await.unwrap().status(), 500);
    let garbage = site.clc.http("/axis2/services/EucalyptusCC", "EucalyptusCC#RunInstances", b"<not-soap/>");
    assert_eq!(exchange(site.address, &garbage).await.unwrap().status(), 500);

    let calls = |operation: &str| {
        format!("euca_soap_calls_total{{service=\"EucalyptusCC\",operation=\"{operation}\",outcome=\"ok\"}}")
    };
    let refusals = |reason: &str| format!("euca_http_refusals_total{{reason=\"{reason}\"}}");
    until("the last connection is over", async || {
        site.admin.metrics().await.unwrap().value("euca_http_connections") == 0.0
    })
    .await;
    let metrics = site.admin.metrics().await.unwrap();
    for (sample, value) in [
        (calls("DescribeResources"), 4.0),
        // A question for keys without the keys' name is refused (return=false).
        (calls("GetKeys").replace("EucalyptusCC", "EucalyptusGL").replace("\"ok\"", "\"refused\""), 1.0),
        (refusals("replay"), 2.0),
        (refusals("stranger"), 1.0),
        (refusals("not-soap"), 1.0),
        ("euca_http_connections_accepted_total".to_owned(), 9.0),
        ("euca_http_requests_in_flight".to_owned(), 0.0),
        ("euca_log_lines_lost_total".to_owned(), 0.0),
        (
            "euca_soap_call_seconds_count{service=\"EucalyptusCC\",operation=\"DescribeResources\"}"
                .to_owned(),
            4.0,
        ),
        (format!("euca_build_info{{program=\"cc-daemon\",version=\"{}\"}}", env!("CARGO_PKG_VERSION")), 1.0),
    ] {
        assert_eq!(metrics.value(&sample), value, "{sample} in\n{}", metrics.0);
    }
    assert!(metrics.0.ends_with("# EOF\n"));
    assert!(site.daemon.stop().unwrap().success());
}

#[tokio::test]
async fn health_says_what_is_missing() {
    let home = Home::new().unwrap();
    let fleet = Fleet::start(&home.keys(), "127.7.9.101:0".parse().unwrap(), 1, Capacity::default()).unwrap();
    let (node, behaviour) = fleet.nodes().first().unwrap();
    behaviour.set_plan(Plan { behaviour: Behaviour::Hang, ..Plan::default() });
    let site = site(home, &[*node]);
    let problem = |health: &serde_json::Value, name: &str| {
        let checks = health["checks"].as_array().unwrap();
        let check = checks.iter().find(|check| check["name"] == name).unwrap();
        check["problem"].as_str().map(str::to_owned)
    };
    let (status, health) = site.admin.json("/health").await.unwrap();
    assert_eq!((status, &health["alive"], &health["ready"]), (503, &true.into(), &false.into()), "{health}");
    assert!(problem(&health, "instances").unwrap().contains("1 of 1 nodes"), "{health}");
    // The node hangs, which is nobody's fault here.
    for sound in ["accept loop", "monitor", "state", "store", "keys"] {
        assert_eq!(problem(&health, sound), None, "{health}");
    }
    behaviour.set_plan(Plan::default());
    until("health", async || site.admin.json("/health").await.unwrap().0 == 200).await;
    std::fs::remove_file(site.home.keys().certificate(Role::Cluster)).unwrap();
    let (status, health) = site.admin.json("/health").await.unwrap();
    assert_eq!(status, 503);
    assert!(problem(&health, "keys").unwrap().contains("cluster-cert.pem"), "{health}");
    assert!(site.daemon.stop().unwrap().success());
    fleet.stop().await;
}

#[tokio::test]
async fn the_admin_port_keeps_to_its_limits_and_to_the_loopback_interface() {
    let site = site(Home::new().unwrap(), &[]);
    let admin = site.admin.address();
    for (what, request, status) in [
        ("HEAD", "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 200),
        ("POST", "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".to_owned(), 405),
        ("DELETE", "DELETE /instances/i-1 HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 405),
        ("unknown path", "GET /etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 404),
        ("path upwards", "GET /../metrics HTTP/1.1\r\nHost: x\r\n\r\n".to_owned(), 404),
        ("long header", format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(20_000)), 431),
    ] {
        let reply = exchange(admin, request.as_bytes()).await.unwrap();
        assert_eq!(reply.status(), status, "{what}: {}", reply.text());
    }
    // One who says nothing is cut off; so is the 33rd.
    let mut silent = tokio::net::TcpStream::connect(admin).await.unwrap();
    let mut idle = Vec::new();
    for _ in 0..32 {
        idle.push(tokio::net::TcpStream::connect(admin).await.unwrap());
    }
    let mut last = idle.pop().unwrap();
    let _ = last.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(matches!(last.read(&mut [0]).await, Ok(0) | Err(_)), "33 connections at a time");
    let cut_off = tokio::time::timeout(PATIENCE, silent.read(&mut [0])).await;
    assert!(matches!(cut_off, Ok(Ok(0) | Err(_))), "a silent peer keeps its connection");
    // Another address of this host that is not 127.0.0.1: the port is not open there.
    assert!(TcpStream::connect(SocketAddr::from(([127, 0, 0, 2], admin.port()))).is_err());
    assert!(site.daemon.stop().unwrap().success());
}

#[tokio::test]
async fn a_taken_admin_port_is_done_without() {
    let home = Home::new().unwrap();
    let address = free_address("127.7.9.1".parse().unwrap()).unwrap();
    let (admin, conf) = Admin::of_cluster(&Home::cluster_conf(address, &[])).unwrap();
    let taken = std::net::TcpListener::bind(admin.address()).unwrap();
    home.configure(&conf).unwrap();
    let daemon = Daemon::start("cc-daemon", &home).unwrap();
    let clc = Clc::new(&home.keys(), Role::Cloud, address).unwrap();
    euca_tests::ask(&clc, &describe_resources()).await.unwrap();
    drop(taken);
    assert!(daemon.stop().unwrap().success());
}

/// deployment.md §14.4: a node that hangs, with calls waiting for it, keeps the watchdog from nothing.
#[tokio::test]
async fn a_hanging_node_does_not_starve_the_watchdog() {
    let home = Home::new().unwrap();
    let fleet = Fleet::start(&home.keys(), "127.7.9.111:0".parse().unwrap(), 2, Capacity::default()).unwrap();
    for (_, node) in fleet.nodes() {
        node.set_plan(Plan { behaviour: Behaviour::Hang, ..Plan::default() });
    }
    let nodes: Vec<_> = fleet.nodes().iter().map(|(address, _)| *address).collect();
    let address = free_address("127.7.9.1".parse().unwrap()).unwrap();
    home.configure(&Home::cluster_conf(address, &nodes)).unwrap();
    let daemon = Daemon::start_with("cc-daemon", &home, |command| {
        command.env("WATCHDOG_USEC", "400000");
    })
    .unwrap();
    let clc = Clc::new(&home.keys(), Role::Cloud, address).unwrap();
    let console = cc::GetConsoleOutput { instance_id: Some("i-12345678".to_owned()), ..Default::default() };
    let mut call = std::pin::pin!(clc.send(&console));
    let mut pings = 0;
    euca_tests::until("20 pings", async || {
        let answered = tokio::time::timeout(Duration::from_millis(1), call.as_mut()).await.is_ok();
        assert!(!answered || pings >= 20, "the call was to hang");
        while let Some(told) = daemon.notification() {
            pings += u32::from(told.contains("WATCHDOG=1"));
        }
        Ok(pings >= 20)
    })
    .await
    .unwrap();
    assert!(daemon.stop().unwrap().success());
    fleet.stop().await;
}

/// A launch that its node refuses, from the CLC's request to the last attempt: in the log under the CLC's correlation
/// id, whatever the log's level is, in the explanation and in the metrics.
#[tokio::test]
async fn a_launch_that_is_refused_can_be_followed_from_outside() {
    let home = Home::new().unwrap();
    let fleet = Fleet::start(&home.keys(), "127.7.9.121:0".parse().unwrap(), 1, Capacity::default()).unwrap();
    let (address, node) = fleet.nodes().first().unwrap();
    let site = site_with(home, &[*address], |conf| conf.replace("LOGLEVEL=\"DEBUG\"", "LOGLEVEL=\"WARN\""));
    until("the node is up", async || site.admin.json("/nodes").await.unwrap().1[0]["state"] == "up").await;
    assert_eq!(site.admin.get("/instances/i-3F2506A1").await.unwrap().status(), 404);
    node.set_plan(Plan { behaviour: Behaviour::Refuse, ..Plan::default() });
    let reply = euca_tests::ask(&site.clc, &euca_tests::run_instances("i-3F2506A1")).await.unwrap();
    assert!(reply.text().contains("Pending"), "{}", reply.text());
    let mut explanation = serde_json::Value::Null;
    until("three rounds", async || {
        explanation = site.admin.json("/instances/i-3F2506A1").await.unwrap().1;
        explanation["launch"]["rounds"].as_u64() >= Some(3)
    })
    .await;
    assert_eq!(explanation["state"], "Pending", "{explanation}");
    assert_eq!(explanation["node"]["reservations"][0]["instance"], "i-3F2506A1", "{explanation}");
    let last = explanation["launch"]["attempts"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["outcome"], &last["reason"]), (&"nc_fail".into(), &"the node answered false".into()));
    assert!(explanation["why"].as_str().unwrap().contains("the node answered false"), "{explanation}");

    let refused = "euca_cc_node_calls_total{operation=\"ncRunInstance\",outcome=\"nc_fail\"}";
    let metrics = site.admin.metrics().await.unwrap();
    assert!(metrics.value(refused) >= 2.0 && metrics.value("euca_cc_launch_rounds_total") >= 3.0);
    assert_eq!(metrics.value("euca_cc_launches_running"), 1.0);
    // The launch was durable before the reply left.
    assert!(metrics.value("euca_store_commits_total{outcome=\"ok\"}") >= 1.0, "{}", metrics.0);
    assert_eq!(metrics.value("euca_cc_instances{state=\"Pending\"}"), 1.0);
    let polls = metrics.value("euca_cc_node_calls_total{operation=\"ncDescribeResource\",outcome=\"ok\"}");
    assert!(polls >= 1.0, "{}", metrics.0);

    let log = site.home.path().join("var/log/eucalyptus/cc.log");
    let mut attempts = Vec::new();
    until("attempts in the log", async || {
        let log = std::fs::read_to_string(&log).unwrap();
        assert!(log.lines().all(in_original_format), "{log}");
        let lines = log.lines().filter(|line| line.contains("call=\"ncRunInstance\""));
        attempts = lines.map(str::to_owned).collect();
        attempts.len() >= 2
    })
    .await;
    for line in attempts {
        let of_request = "operation=\"RunInstances\"";
        let identity = "correlation=\"run-i-3F2506A1\" user=\"alice\"";
        assert!(line.contains(of_request) && line.contains(identity), "{line}");
    }
    assert!(site.daemon.stop().unwrap().success());
    fleet.stop().await;
}

/// deployment.md §15 item 7: `[ctime][pid][EUCALEVEL] `, the pid with 6 digits at least.
fn in_original_format(line: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fields = || {
        let (time, rest) = line.strip_prefix('[')?.split_once("][")?;
        let (pid, rest) = rest.split_once("][EUCA")?;
        let (level, _) = rest.split_once("] ")?;
        let words: Vec<_> = time.split_ascii_whitespace().collect();
        let [weekday, month, day, clock, year] = words[..] else { return None };
        let clock: Vec<_> = clock.split(':').collect();
        let level = level.trim_end_matches(' ').bytes().all(|byte| byte.is_ascii_alphanumeric());
        Some(
            time.len() == 24
                && weekday.len() == 3
                && month.len() == 3
                && clock.len() == 3
                && clock.iter().all(|part| part.len() == 2 && digits(part))
                && digits(day)
                && digits(year)
                && digits(pid)
                && pid.len() >= 6
                && level,
        )
    };
    fields() == Some(true)
}
