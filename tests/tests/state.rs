//! `cc-daemon state` on the state of a real daemon.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use euca_sim::clc::Clc;
use euca_sim::fleet::Fleet;
use euca_sim::keys::Role;
use euca_sim::node::Capacity;
use euca_tests::daemon::{Daemon, binary, free_address};
use euca_tests::disk::SmallDisk;
use euca_tests::home::Home;
use euca_wire::cc;

const ID: &str = "i-3F2506A1";

struct Output {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Runs `cc-daemon state …` on an installation, with something on its standard input.
fn state(home: &Home, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(binary("cc-daemon").unwrap())
        .arg("state")
        .args(arguments)
        .arg("--home")
        .arg(home.path())
        .env_remove("EUCALYPTUS")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that reads nothing has closed its end.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Output { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn succeeds(home: &Home, arguments: &[&str], input: &str) -> String {
    let output = state(home, arguments, input);
    assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    output.stdout
}

fn refused(home: &Home, arguments: &[&str], input: &str, complaint: &str) {
    let output = state(home, arguments, input);
    assert_eq!(output.status, Some(1), "{arguments:?}: {}", output.stdout);
    assert!(output.stderr.contains(complaint), "{arguments:?}: {}", output.stderr);
    assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
}

fn file(home: &Home) -> PathBuf {
    home.path().join("var/lib/eucalyptus/CC/state.redb")
}

/// A running daemon with one node that is up, and the daemon's address.
async fn cluster(home: &Home) -> (Fleet, Daemon, Clc, SocketAddr) {
    let fleet = Fleet::start(
        &home.keys(),
        free_address("127.7.9.1".parse().unwrap()).unwrap(),
        1,
        Capacity::default(),
    );
    let fleet = fleet.unwrap();
    let address = free_address("127.7.8.1".parse().unwrap()).unwrap();
    home.configure(&Home::cluster_conf(address, &[fleet.nodes()[0].0])).unwrap();
    let daemon = Daemon::start("cc-daemon", home).unwrap();
    let clc = Clc::new(&home.keys(), Role::Cloud, address).unwrap();
    euca_tests::until("a node to be up", async || {
        let types =
            cc::DescribeResources { instance_types: vec![euca_tests::machine()], ..Default::default() };
        Ok(!clc.send(&types).await?.text().contains("<n:availableInstances>0<"))
    })
    .await
    .unwrap();
    (fleet, daemon, clc, address)
}

/// The state of a daemon that had one node and one instance, and has stopped.
async fn used() -> (Home, SocketAddr) {
    let home = Home::new().unwrap();
    let (_fleet, daemon, clc, address) = cluster(&home).await;
    for arguments in [&["export"][..], &["check"], &["clean"], &["import", "--force"]] {
        let empty = r#"{"format":"eucalyptus state","version":1,"tables":{}}"#;
        refused(&home, arguments, empty, "is in use by another process");
    }
    let reply = euca_tests::ask(&clc, &euca_tests::run_instances(ID)).await.unwrap();
    assert!(reply.text().contains(ID), "{}", reply.text());
    assert!(daemon.stop().unwrap().success());
    (home, address)
}

#[tokio::test]
async fn the_state_can_be_exported_verified_carried_to_another_host_and_forgotten() {
    let (home, address) = used().await;
    let summary = succeeds(&home, &["check"], "");
    assert!(summary.contains("instances: 1 ") && summary.contains("nodes: 1"), "{summary}");
    let document = succeeds(&home, &["export"], "");
    let json: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!((&json["format"], &json["version"]), (&"eucalyptus state".into(), &1.into()));
    let record = &json["tables"]["instances"][ID];
    assert_eq!(record["version"], 1);
    assert_eq!(record["record"]["told"]["instanceId"], ID, "the names are those of the wire");
    let exported = home.path().join("exported.json");
    succeeds(&home, &["export", exported.to_str().unwrap()], "");
    assert_eq!(std::fs::read_to_string(&exported).unwrap(), document);
    assert_eq!(std::fs::metadata(&exported).unwrap().permissions().mode() & 0o777, 0o600);

    refused(&home, &["import"], &document, "--force replaces it");
    assert_eq!(succeeds(&home, &["import", "--force"], &document), summary);
    let other = Home::with_keys_of(&home).unwrap();
    refused(&other, &["check"], "", "there is no state in");
    refused(&other, &["export"], "", "there is no state in");
    assert!(!file(&other).exists(), "asking begins none");
    assert_eq!(succeeds(&other, &["import", exported.to_str().unwrap()], ""), summary);
    assert_eq!(succeeds(&other, &["export"], ""), document);

    // The other host tells the instance without having asked a node.
    other.configure(&Home::cluster_conf(address, &["127.7.9.1:1".parse().unwrap()])).unwrap();
    let daemon = Daemon::start("cc-daemon", &other).unwrap();
    let clc = Clc::new(&home.keys(), Role::Cloud, address).unwrap();
    let told = euca_tests::ask(&clc, &cc::DescribeInstances::default()).await.unwrap();
    assert!(told.text().contains(ID), "{}", told.text());
    assert!(daemon.stop().unwrap().success());

    std::fs::write(file(&other).with_file_name("eucalyptusCCInstanceCache"), "of the original").unwrap();
    assert_eq!(succeeds(&other, &["clean"], ""), "");
    assert_eq!(std::fs::read_dir(file(&other).parent().unwrap()).unwrap().count(), 0);
    assert_eq!(succeeds(&other, &["clean"], ""), "", "there is nothing left to forget");
}

#[test]
fn what_cannot_be_understood_is_refused_with_one_message_and_changes_nothing() {
    let home = Home::new().unwrap();
    for (document, complaint) in [
        ("", "not a state document of version 1"),
        (r#"{"format":"eucalyptus state","version":2,"tables":{}}"#, "not a state document of version 1"),
        (
            r#"{"format":"eucalyptus state","version":1,"tables":{"dreams":{}}}"#,
            "table dreams was written by a newer release",
        ),
        (
            r#"{"format":"eucalyptus state","version":1,"tables":{"nodes":{"n":{"version":9,"record":{}}}}}"#,
            "has version 9 and this release knows 1",
        ),
        (
            r#"{"format":"eucalyptus state","version":1,"tables":{"launches":{"i-1":{"version":1,"record":{}}}}}"#,
            "cannot be understood",
        ),
    ] {
        refused(&home, &["import"], document, complaint);
        assert!(!file(&home).exists());
    }
    std::fs::create_dir_all(file(&home).parent().unwrap()).unwrap();
    std::fs::write(file(&home), "no state").unwrap();
    refused(&home, &["check"], "", "is damaged");
    succeeds(&home, &["clean"], "");
    assert!(!file(&home).exists());
}

#[tokio::test]
async fn a_daemon_starts_on_a_damaged_state_and_not_on_a_newer_one() {
    let (home, address) = used().await;
    let newer = r#"{"format":"eucalyptus state","version":1,"tables":{"nodes":{}}}"#;
    succeeds(&home, &["import", "--force"], newer);
    std::fs::write(file(&home), "no state").unwrap();
    let daemon = Daemon::start("cc-daemon", &home).unwrap();
    let clc = Clc::new(&home.keys(), Role::Cloud, address).unwrap();
    euca_tests::until("an answer", async || {
        let told = euca_tests::ask(&clc, &cc::DescribeInstances::default()).await?.text();
        Ok(!told.contains("Fault") && !told.contains(ID))
    })
    .await
    .unwrap();
    assert!(daemon.stop().unwrap().success());
    let log = std::fs::read_to_string(home.path().join("var/log/eucalyptus/cc.log")).unwrap();
    assert!(log.contains("state cannot be read: it is set aside"), "{log}");
    let kept = std::fs::read_dir(file(&home).parent().unwrap()).unwrap();
    let kept = kept.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(kept.filter(|name| name.starts_with("state.damaged-")).count(), 1);
}

#[tokio::test]
async fn on_a_full_disk_nothing_is_promised_and_nothing_that_was_is_lost() {
    const REFUSED: &str = "i-3F2506A2";
    const LATER: &str = "i-3F2506A3";
    let home = Home::new().unwrap();
    let folder = file(&home).parent().unwrap().to_owned();
    std::fs::create_dir_all(&folder).unwrap();
    let mut disk = SmallDisk::mount(&folder, 8 << 20).unwrap();
    let (_fleet, daemon, clc, _) = cluster(&home).await;
    let ask = async |id: &str| euca_tests::ask(&clc, &euca_tests::run_instances(id)).await.unwrap().text();
    let told = async || euca_tests::ask(&clc, &cc::DescribeInstances::default()).await.unwrap().text();
    assert!(ask(ID).await.contains(ID));

    disk.fill().unwrap();
    // There may still be room inside the state's own file.
    let mut accepted = vec![ID.to_owned()];
    let refused = loop {
        let id = format!("i-00{:06X}", accepted.len());
        let reply = ask(&id).await;
        match reply.contains("<n:return>true<") {
            true => accepted.push(id),
            false => break reply,
        }
        assert!(accepted.len() < 2000, "the disk is not full");
    };
    assert!(refused.contains("<n:return>false<"), "{refused}");
    assert!(!ask(REFUSED).await.contains("<n:return>true<"));
    let known = told().await;
    assert!(accepted.iter().all(|id| known.contains(id.as_str())), "{known}");
    assert!(!known.contains(REFUSED));

    disk.empty().unwrap();
    euca_tests::until("room to be used", async || Ok(ask(LATER).await.contains("<n:return>true<")))
        .await
        .unwrap();
    assert!(daemon.stop().unwrap().success());
    let document = succeeds(&home, &["export"], "");
    accepted.push(LATER.to_owned());
    assert!(accepted.iter().all(|id| document.contains(id.as_str())), "{document}");
    assert!(!document.contains(REFUSED), "{document}");
}
