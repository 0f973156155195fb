//! A node as its operator sees it: `nc-client` and the admin port of `nc-daemon`, over a real libvirtd with a guest.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use euca_hypervisor::testing::{PrivateLibvirtd, TestBridge, TestGuest};
use euca_tests::admin::Admin;
use euca_tests::client::NcClient;
use euca_tests::daemon::{Daemon, free_address};
use euca_tests::home::Home;
use euca_tests::images::ImageServer;
use euca_tests::node;
use nix::sys::signal::Signal;
use serde_json::Value;

async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    euca_tests::until(what, async || Ok(condition().await)).await.unwrap();
}

fn text(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn problem(health: &Value, name: &str) -> Option<String> {
    let checks = health["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name).unwrap();
    check["problem"].as_str().map(str::to_owned)
}

/// A whole life, with a node controller that is killed and a libvirtd that hangs in it.
#[tokio::test(flavor = "multi_thread")]
async fn an_operator_runs_reads_reboots_explains_and_terminates_an_instance() {
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest");
    TestGuest::build(&guest).unwrap();
    let libvirtd = PrivateLibvirtd::start(&node::cache()).await.unwrap();
    let bridge = TestBridge::create(&node::bridge_name()).unwrap();
    let images = ImageServer::start([127, 9, 3, 1].into(), guest).await.unwrap();
    let home = Home::new().unwrap();
    let address = free_address([127, 9, 3, 2].into()).unwrap();
    let conf = node::conf(&home, address, &libvirtd.uri(), bridge.name()).unwrap();
    let (admin, conf) = Admin::of_node(&conf).unwrap();
    home.configure(&(conf + "ENABLE_WS_SECURITY=\"Y\"\nDAEMON_LIBVIRT_TIMEOUT=\"3\"\n")).unwrap();
    let (hooks, heard) = (home.path().join("etc/eucalyptus/nc-hooks"), home.path().join("told"));
    std::fs::create_dir(&hooks).unwrap();
    let script = format!("#!/bin/sh\necho $1 ${{3##*/}} >> {}\n", heard.display());
    std::fs::write(hooks.join("10-tell"), script).unwrap();
    std::fs::set_permissions(hooks.join("10-tell"), PermissionsExt::from_mode(0o755)).unwrap();
    let mut daemon = Daemon::start("nc-daemon", &home).unwrap();
    let client = NcClient::new(&home, address);
    let walrus = images.address().to_string();
    let manifest = |id: &str, file: &str| format!("{id}:images/{file}.manifest.xml");
    let [image, kernel, ramdisk] = [("emi-1", "root.img"), ("eki-1", "kernel"), ("eri-1", "ramdisk")]
        .map(|(id, file)| manifest(id, file));
    let run = ["-w", &walrus, "-m", &image, "-k", &kernel, "-r", &ramdisk];
    let size = ["--memory", "128", "--cores", "1", "-G", "default:web", "-I", "0"];
    let run = |id: &'static str| [&run[..], &size[..], &["-i", id, "runInstance"]].concat();

    let resource = client.ask(&["describeResource"]).await.unwrap();
    assert!(
        resource.starts_with("node status=[OK] memory=") && resource.ends_with(" subnets=[none]\n"),
        "{resource}"
    );
    let ran = client.ask(&run("i-aaaaa")).await.unwrap();
    assert_eq!(ran, "instanceId=i-aaaaa stateCode=12 stateName=Pending deviceMappings=3\n");
    until("Extant", async || {
        client.ask(&["describeInstances"]).await.unwrap().starts_with("instanceId=i-aaaaa state=Extant time=")
    })
    .await;
    let console = async || client.ask(&["getConsoleOutput", "-i", "i-aaaaa"]).await.unwrap();
    until("the first boot", async || console().await.contains("EUCA-GUEST-BOOT 1")).await;
    assert_eq!(client.ask(&["rebootInstance", "-i", "i-aaaaa"]).await.unwrap(), "");
    until("the second boot", async || console().await.contains("EUCA-GUEST-BOOT 2")).await;
    let long = client.ask(&["-d", "describeInstances", "--user", "eucalyptus"]).await.unwrap();
    assert!(
        long.contains("\n    userData= launchIndex=0 groupNames=default:web\n    attached volumes: (none)\n"),
        "{long}"
    );
    assert_eq!(client.ask(&["startNetwork"]).await.unwrap(), "network status=[SUCCESS]\n");
    assert_eq!(
        client.ask(&["describeBundleTasks", "-i", "i-aaaaa"]).await.unwrap(),
        "BUNDLE 0: i-aaaaa none\n"
    );
    assert_eq!(client.ask(&["cancelBundleTask", "-i", "i-aaaaa"]).await.unwrap(), "");

    let health = admin.json("/health").await.unwrap();
    assert_eq!((health.0, &health.1["ready"]), (200, &true.into()), "{health:?}");
    let metrics = admin.metrics().await.unwrap();
    for (sample, least) in [
        ("euca_nc_instances{state=\"running\"}", 1.0),
        ("euca_nc_stagings_total{outcome=\"ok\"}", 1.0),
        ("euca_nc_staging_seconds_count", 1.0),
        ("euca_nc_staged_bytes_total", 1e6),
        ("euca_nc_cache_images", 3.0),
        ("euca_nc_cache_bytes", 1e6),
        ("euca_nc_cache_lookups_total{outcome=\"miss\"}", 3.0),
        ("euca_nc_hypervisor_connected", 1.0),
        ("euca_nc_monitor_pass_seconds_count", 2.0),
        ("euca_nc_capacity{resource=\"memory_mb\"}", 128.0),
        ("euca_nc_capacity{resource=\"disk_gb\"}", 1.0),
        ("euca_hypervisor_calls_total{call=\"create domain\",outcome=\"ok\"}", 2.0),
        ("euca_hypervisor_calls_total{call=\"list domains\",outcome=\"ok\"}", 2.0),
        ("euca_soap_calls_total{service=\"EucalyptusNC\",operation=\"ncRunInstance\",outcome=\"ok\"}", 1.0),
    ] {
        assert!(metrics.value(sample) >= least, "{sample} in\n{}", metrics.0);
    }

    // A killed node controller forgets nothing of it.
    daemon.signal(Signal::SIGKILL).unwrap();
    daemon.wait().unwrap();
    daemon = Daemon::start("nc-daemon", &home).unwrap();
    until("ready again", async || admin.json("/health").await.unwrap().0 == 200).await;
    let (_, life) = admin.json("/instances/i-aaaaa").await.unwrap();
    let told: Vec<_> =
        life["timeline"].as_array().unwrap().iter().map(|step| step["reason"].as_str().unwrap()).collect();
    assert_eq!(
        told[..5],
        [
            "accepted",
            "the domain was created",
            "the domain executes",
            "rebooted",
            "the node was started and found the domain"
        ],
        "{life}"
    );

    // libvirtd hangs: the daemon is alive, not ready, and says what is wrong.
    libvirtd.suspend().unwrap();
    until("not ready", async || admin.json("/health").await.unwrap().0 == 503).await;
    let (_, health) = admin.json("/health").await.unwrap();
    assert_eq!(health["alive"], true, "{health}");
    assert!(problem(&health, "hypervisor").unwrap().contains("list domains"), "{health}");
    assert_eq!((problem(&health, "monitor"), problem(&health, "instances")), (None, None), "{health}");
    let metrics = admin.metrics().await.unwrap();
    assert!(metrics.value("euca_hypervisor_calls_blocked") >= 1.0, "{}", metrics.0);
    assert!(metrics.value("euca_hypervisor_calls_total{call=\"list domains\",outcome=\"deadline\"}") >= 1.0);
    assert_eq!(metrics.value("euca_nc_hypervisor_connected"), 0.0);
    libvirtd.resume().unwrap();
    until("ready", async || admin.json("/health").await.unwrap().0 == 200).await;
    until("no call to hang", async || {
        admin.metrics().await.unwrap().value("euca_hypervisor_calls_blocked") == 0.0
    })
    .await;

    let terminated = client.ask(&["-i", "i-aaaaa", "terminateInstance"]).await.unwrap();
    assert_eq!(terminated, "shutdownState=13, previousState=13\n");
    let missing = ["-m", "emi-1:none", "-k", "eki-1:kernel", "-w", &walrus, "-i", "i-bbbbb", "runInstance"];
    client.ask(&missing).await.unwrap();
    for (id, reason) in [("i-aaaaa", "terminated on request"), ("i-bbbbb", "staging failed: ")] {
        let explain = async || client.ask(&["explain", id]).await.unwrap();
        until("Teardown", async || explain().await.starts_with(&format!("{id} is Teardown: teardown for ")))
            .await;
        assert!(explain().await.contains(&format!(" -> shutoff: {reason}")), "{}", explain().await);
    }
    let heard = std::fs::read_to_string(heard).unwrap();
    let steps =
        ["PRE_BOOT i-aaaaa", "ADOPTING i-aaaaa", "PRE_CLEAN i-aaaaa"].map(|step| format!("NC_EVENT_{step}"));
    let of_first: Vec<_> = heard.lines().filter(|line| line.ends_with("aaaaa")).collect();
    assert_eq!(of_first, steps, "{heard}");
    let (_, list) = admin.json("/instances").await.unwrap();
    let ids: Vec<_> = list.as_array().unwrap().iter().map(|it| it["instance"].as_str().unwrap()).collect();
    assert_eq!(ids, ["i-aaaaa", "i-bbbbb"], "{list}");
    assert_eq!(admin.get("/instances/i-ccccc").await.unwrap().status(), 404);
    assert!(libvirtd.domain_pids().is_empty());
    assert!(daemon.stop().unwrap().success());
}

/// As long as a node cannot sign, nothing that it is asked is done or answered; a key that comes is used at once.
#[tokio::test]
async fn nc_004_without_its_private_key_a_node_does_nothing() {
    let home = Home::new().unwrap();
    let address = free_address([127, 9, 3, 5].into()).unwrap();
    let conf =
        node::conf(&home, address, "qemu+unix:///system?socket=/nonexistent/libvirt-sock", "br0").unwrap();
    let (admin, conf) = Admin::of_node(&conf).unwrap();
    home.configure(&(conf + "ENABLE_WS_SECURITY=\"Y\"\n")).unwrap();
    let (key, aside) = (home.keys_folder().join("node-pk.pem"), home.path().join("node-pk.pem"));
    std::fs::rename(&key, &aside).unwrap();
    let daemon = Daemon::start("nc-daemon", &home).unwrap();
    let client = NcClient::new(&home, address);
    for command in ["describeResource", "describeInstances", "startNetwork", "terminateInstance -i i-1"] {
        let arguments: Vec<_> = command.split(' ').collect();
        let (code, stdout, stderr) = text(&client.run(&arguments).await.unwrap());
        assert!(code == Some(1) && stdout.contains("failed: error=1"), "{command}: {stdout}{stderr}");
    }
    let metrics = admin.metrics().await.unwrap();
    let calls: Vec<_> = metrics.0.lines().filter(|line| line.starts_with("euca_soap_calls_total{")).collect();
    assert_eq!(calls.len(), 4, "{calls:?}");
    assert!(calls.iter().all(|call| call.contains("outcome=\"fault\"")), "none was begun: {calls:?}");
    let (status, health) = admin.json("/health").await.unwrap();
    assert!(status == 503 && problem(&health, "keys").unwrap().contains("node-pk.pem"), "{health}");
    std::fs::rename(&aside, &key).unwrap();
    until("the key to be seen", async || client.ask(&["startNetwork"]).await.is_ok()).await;
    assert!(daemon.stop().unwrap().success());
}

/// A node whose libvirtd is not there answers all the same, that it cannot tell.
#[tokio::test]
async fn what_cannot_be_asked_ends_with_a_reason_and_the_original_s_status() {
    let home = Home::new().unwrap();
    let address = free_address([127, 9, 3, 3].into()).unwrap();
    let conf =
        node::conf(&home, address, "qemu+unix:///system?socket=/nonexistent/libvirt-sock", "br0").unwrap();
    let (admin, conf) = Admin::of_node(&conf).unwrap();
    let conf = conf + "ENABLE_WS_SECURITY=\"Y\"\n";
    home.configure(&conf).unwrap();
    let daemon = Daemon::start("nc-daemon", &home).unwrap();
    let other = |conf: &str| {
        let home = Home::new().unwrap();
        home.configure(conf).unwrap();
        home
    };
    let (stranger, no_key, no_setting) = (other(&conf), other(&conf), other(&conf.replace("ENABLE_WS", "X")));
    std::fs::remove_file(no_key.keys_folder().join("cluster-pk.pem")).unwrap();
    let failed = "ncDescribeResource() failed: error=1\n";
    for (what, home, peer, line, status, output, reason) in [
        (
            "a stranger's key",
            &stranger,
            address,
            "describeResource",
            1,
            failed,
            "Signer is not the expected peer",
        ),
        ("no key", &no_key, address, "describeResource", 2, "", "cluster-pk.pem"),
        ("nobody there", &home, "127.9.3.4:1".parse().unwrap(), "describeResource", 1, failed, "refused"),
        (
            "no setting",
            &no_setting,
            address,
            "describeResource",
            1,
            "",
            "ENABLE_WS_SECURITY is set neither in",
        ),
        ("no such command", &home, address, "reboot", 1, "", "reboot"),
        ("no command", &home, address, "-d", 1, "", "COMMAND"),
        (
            "no instance",
            &home,
            address,
            "terminateInstance",
            1,
            "",
            "ERROR: no instance id specified (try -h)",
        ),
        (
            "unknown",
            &home,
            address,
            "terminateInstance -i i-1",
            1,
            "ncTerminateInstance() failed: error=1\n",
            "refused",
        ),
        ("unknown", &home, address, "explain i-1", 1, "", "no instance \"i-1\" is known here"),
        ("nc_020", &home, address, "describeResource", 1, failed, "refused"),
        (
            "nc_020, and spare words",
            &home,
            address,
            "describeInstances i-1",
            1,
            "ncDescribeInstances() failed: error=1\n",
            "WARNING: \"i-1\" is ignored",
        ),
        ("no spare words", &home, address, "startNetwork", 0, "network status=[SUCCESS]\n", ""),
    ] {
        let arguments: Vec<_> = line.split(' ').collect();
        let (code, stdout, stderr) = text(&NcClient::new(home, peer).run(&arguments).await.unwrap());
        assert_eq!((code, stdout.as_str()), (Some(status), output), "{what}: {stderr}");
        assert!(stderr.contains(reason), "{what}: {stderr}");
    }
    let (status, health) = admin.json("/health").await.unwrap();
    assert_eq!((status, &health["alive"]), (503, &true.into()));
    assert!(problem(&health, "instances").unwrap().contains("not adopted yet"), "{health}");
    assert!(daemon.stop().unwrap().success());
}
