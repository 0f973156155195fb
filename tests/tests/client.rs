//! `cc-client` against `cc-daemon` and simulated nodes, signed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{SocketAddr, TcpListener};
use std::process::Output;

use euca_sim::fleet::Fleet;
use euca_sim::node::{Behaviour, Capacity, Plan};
use euca_tests::admin::Admin;
use euca_tests::client::CcClient;
use euca_tests::daemon::{Daemon, free_address};
use euca_tests::home::Home;
use euca_tests::until;

const RUN: &[&str] = &["runInstances", "emi-1", "http://127.0.0.1:1/i", "eki-1", "http://127.0.0.1:1/k"];

fn address() -> SocketAddr {
    free_address("127.9.1.1".parse().unwrap()).unwrap()
}

fn text(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn an_operator_runs_reads_reboots_and_kills_instances() {
    let home = Home::new().unwrap();
    let fleet = Fleet::start(&home.keys(), "127.9.0.1:0".parse().unwrap(), 2, Capacity::default()).unwrap();
    let nodes: Vec<_> = fleet.nodes().iter().map(|(address, _)| *address).collect();
    let address = address();
    home.configure(&Home::cluster_conf(address, &nodes)).unwrap();
    let daemon = Daemon::start("cc-daemon", &home).unwrap();
    let client = CcClient::new(&home, address);

    until("capacity", async || {
        let resources = client.ask(&["describeResources"]).await?;
        let tags: String = nodes.iter().map(|node| format!(":{}:", Fleet::url(*node))).collect();
        assert_eq!(resources.lines().next(), Some(tags.as_str()));
        assert_eq!(resources.matches("DescribeResources: ").count(), 3);
        // Until every node has told its instances, describing them is a fault.
        let described = client.run(&["describeInstances"]).await?.status.success();
        Ok(described && !resources.contains(" 0\n"))
    })
    .await
    .unwrap();

    let ran = client.ask(&[RUN, &["2", "10", "default", "--disk", "2"]].concat()).await.unwrap();
    let ids: Vec<&str> = ran.lines().filter_map(|line| line.split(' ').nth(3)).collect();
    assert!(ran.starts_with("Run: instance id: i-") && ids.len() == 2, "{ran}");
    until("Extant", async || {
        let described = client.ask(&["describeInstances"]).await?;
        assert!(ids.iter().all(|id| described.contains(&format!("Desc: instanceId={id} reservationId=r-"))));
        Ok(described.matches(" state=Extant ").count() == 2)
    })
    .await
    .unwrap();
    let json = client.ask(&["describeInstances", "--json"]).await.unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["instances"].as_array().map(Vec::len), Some(2));

    assert_eq!(client.ask(&["rebootInstances", ids[0]]).await.unwrap(), format!("1 {}\n", ids[0]));
    let boots: Vec<_> = fleet.nodes().iter().filter_map(|(_, node)| node.boots(ids[0])).collect();
    assert_eq!(boots, [2]);
    let console = client.ask(&["getConsoleOutput", ids[0]]).await.unwrap();
    assert!(console.starts_with(&format!("{}\nRAW CONSOLE OUTPUT: ", ids[0])), "{console}");
    let tasks = client.ask(&["describeBundleTasks", ids[0]]).await.unwrap();
    assert_eq!(tasks.matches("BUNDLE ").count(), 2, "{tasks}");
    let keys = client.ask(&["getKeys"]).await.unwrap();
    assert!(keys.contains("CCCERT\n-----BEGIN CERTIFICATE-----"), "{keys}");
    assert!(client.ask(&["getLogs"]).await.unwrap().contains("\nCLOG\n["));
    let (code, stdout, stderr) = text(&client.run(&["describePublicAddresses"]).await.unwrap());
    assert_eq!(
        (code, stdout.as_str()),
        (Some(1), "operation fault 'NOTSUPPORTED'\ncc_describePublicAddresses() failed\n")
    );
    assert!(stderr.contains("NOTSUPPORTED"), "{stderr}");

    // More than the 256 that the original's list held, at the cluster controller of the configuration.
    client.ask(&[RUN, &["300", "10", "default", "--disk", "2"]].concat()).await.unwrap();
    let (code, stdout, stderr) = text(&client.start("/usr/sbin/euca_killall", &["-9"]).await.unwrap());
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    assert!(stdout.starts_with("302 i-") && stdout.ends_with("Term: number: 302\n"), "{stdout}");
    until("their end", async || {
        let described = client.ask(&["describeInstances"]).await?;
        Ok(ids.iter().all(|id| !described.contains(id)) || described.matches(" state=Teardown ").count() >= 2)
    })
    .await
    .unwrap();
    assert!(daemon.stop().unwrap().success());
    fleet.stop().await;
}

#[tokio::test]
async fn an_operator_is_told_why_an_instance_is_pending() {
    let home = Home::new().unwrap();
    let fleet = Fleet::start(&home.keys(), "127.9.0.11:0".parse().unwrap(), 1, Capacity::default()).unwrap();
    let (node, refusing) = fleet.nodes().first().unwrap();
    let address = address();
    let (_, conf) = Admin::of_cluster(&Home::cluster_conf(address, &[*node])).unwrap();
    home.configure(&conf).unwrap();
    let daemon = Daemon::start("cc-daemon", &home).unwrap();
    let client = CcClient::new(&home, address);
    until("capacity", async || Ok(!client.ask(&["describeResources"]).await?.contains(" 0\n")))
        .await
        .unwrap();
    refusing.set_plan(Plan { behaviour: Behaviour::Refuse, ..Plan::default() });
    let ran = client.ask(&[RUN, &["1", "10", "default", "--disk", "2"]].concat()).await.unwrap();
    let id = ran.split(' ').nth(3).unwrap();
    let explain = async |more: &[&str]| {
        text(&client.start("cc-client", &[&["explain", id], more].concat()).await.unwrap())
    };
    until("an attempt", async || {
        let (code, stdout, stderr) = explain(&[]).await;
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        assert!(stdout.starts_with(&format!("{id} is Pending: ")), "{stdout}");
        Ok(stdout.contains(" ago: ncRunInstance nc_fail after ") && stdout.contains(", given up in "))
    })
    .await
    .unwrap();
    let json: serde_json::Value = serde_json::from_str(&explain(&["--json"]).await.1).unwrap();
    assert_eq!((&json["instance"], &json["state"]), (&id.into(), &"Pending".into()));
    let (code, stdout, stderr) = text(&client.start("cc-client", &["explain", "i-00000000"]).await.unwrap());
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("no instance \"i-00000000\" is known here"), "{stderr}");
    let (code, stdout, _) = text(&client.run(&["explain", id]).await.unwrap());
    assert_eq!((code, stdout.as_str()), (Some(1), "USAGE: CCclient <host:port> <command> <opts>\n"));
    assert!(daemon.stop().unwrap().success());
    fleet.stop().await;
}

#[tokio::test]
async fn what_cannot_be_asked_ends_with_1_and_a_reason() {
    let home = Home::new().unwrap();
    let address = address();
    let conf = Home::cluster_conf(address, &[]);
    home.configure(&conf).unwrap();
    let daemon = Daemon::start("cc-daemon", &home).unwrap();
    let other = |conf: &str| {
        let home = Home::new().unwrap();
        home.configure(conf).unwrap();
        home
    };
    let hung = TcpListener::bind("127.9.1.2:0").unwrap();
    let null = "ERROR: describeNetworks returned NULL\ncc_describeNetworks() failed\n";
    let describe: &[&str] = &["describeNetworks"];
    let stranger = other(&conf);
    let unsigned = other(&conf.replace("SECURITY=\"Y\"", "SECURITY=\"N\""));
    let no_key = other(&conf);
    std::fs::remove_file(no_key.keys_folder().join("cloud-pk.pem")).unwrap();
    for (what, home, peer, arguments, output, reason) in [
        ("a stranger's key", &stranger, address, describe, null, "Signer is not the expected peer"),
        ("no signature", &unsigned, address, describe, null, "Security"),
        ("no key", &no_key, address, describe, null, "cloud-pk.pem"),
        ("nobody there", &home, "127.9.1.3:1".parse().unwrap(), describe, null, "refused"),
        (
            "no answer",
            &home,
            hung.local_addr().unwrap(),
            &["describeNetworks", "--timeout", "1"],
            null,
            "no answer within 1s",
        ),
        (
            "no setting",
            &other(&conf.replace("ENABLE_WS", "X")),
            address,
            describe,
            "",
            "ENABLE_WS_SECURITY is set neither in",
        ),
        ("no such command", &home, address, &["reboot"], "unrecognized operation 'reboot'\n", "reboot"),
        (
            "too few arguments",
            &home,
            address,
            &["attachVolume", "vol-1"],
            "USAGE: CCclient <host:port> <command> <opts>\n",
            "<INSTANCE_ID>",
        ),
    ] {
        let (code, stdout, stderr) = text(&CcClient::new(home, peer).run(arguments).await.unwrap());
        assert_eq!((code, stdout.as_str()), (Some(1), output), "{what}: {stderr}");
        assert!(stderr.contains(reason), "{what}: {stderr}");
    }
    let client = CcClient::new(&home, address);
    for arguments in [&[] as &[&str], &["-9", "-9"], &["describeInstances"]] {
        let (code, stdout, _) = text(&client.start("euca_killall", arguments).await.unwrap());
        assert_eq!((code, stdout.as_str()), (Some(1), "only runnable from inside euca\n"), "{arguments:?}");
    }
    assert!(daemon.stop().unwrap().success());
}
