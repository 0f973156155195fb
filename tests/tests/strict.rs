//! `DAEMON_WSS_PROFILE="strict"` between our own daemons: bodies are signed in both directions, and whoever signs as
//! release 2.0.1 does is refused.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use euca_hypervisor::testing::{PrivateLibvirtd, TestBridge};
use euca_sim::clc::Clc;
use euca_sim::fleet::Fleet;
use euca_sim::keys::Role;
use euca_sim::node::Capacity;
use euca_tests::daemon::{Daemon, free_address};
use euca_tests::home::Home;
use euca_tests::{ask, node, until};
use euca_wire::{cc, nc};

const STRICT: &str = "DAEMON_WSS_PROFILE=\"strict\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn strict_daemons_work_with_each_other_and_with_nobody_who_leaves_bodies_unsigned() {
    let libvirtd = PrivateLibvirtd::start(&node::cache()).await.unwrap();
    let bridge = TestBridge::create(&node::bridge_name()).unwrap();
    let node_home = Home::new().unwrap();
    let keys = node_home.keys();
    let strict = free_address([127, 11, 0, 1].into()).unwrap();
    node::configure(&node_home, strict, &libvirtd.uri(), bridge.name()).unwrap();
    let conf = node_home.path().join("etc/eucalyptus/eucalyptus.conf");
    let conf = std::fs::read_to_string(conf).unwrap() + "DAEMON_WSS_PROFILE=\"strict\"\n";
    node_home.configure(&conf).unwrap();
    let node = Daemon::start("nc-daemon", &node_home).unwrap();

    // Signed by the right cluster, in the way of 2.0.1.
    let legacy_cluster = Clc::new(&keys, Role::Cluster, strict).unwrap();
    let refused = legacy_cluster.send(&nc::NcDescribeResource::default()).await.unwrap();
    assert_eq!(refused.status(), 500, "{}", refused.text());
    assert!(refused.text().contains("<faultcode>wsse:InvalidSecurity</faultcode>"), "{}", refused.text());

    // A node of 2.0.1's kind takes signed bodies but sends none.
    let legacy_address = ([127, 11, 0, 2], strict.port()).into();
    let legacy = Fleet::start(&keys, legacy_address, 1, Capacity::default()).unwrap();
    let home = Home::with_keys_of(&node_home).unwrap();
    let address = free_address([127, 11, 1, 1].into()).unwrap();
    home.configure(&(Home::cluster_conf(address, &[strict, legacy_address]) + STRICT)).unwrap();
    let cluster = Daemon::start("cc-daemon", &home).unwrap();
    let clc = Clc::new(&keys, Role::Cloud, address).unwrap();
    let machine =
        cc::VirtualMachine { memory: Some(128), cores: Some(1), disk: Some(1), ..Default::default() };
    let resources = cc::DescribeResources { instance_types: vec![machine], ..Default::default() };
    let mut reply = String::new();
    let capacity = async || {
        reply = ask(&clc, &resources).await?.text();
        Ok(!reply.contains("<n:availableInstances>0<"))
    };
    until("capacity", capacity).await.unwrap();
    let polled = async || Ok(legacy.nodes()[0].1.calls("ncDescribeResource") > 0);
    until("poll of the other node", polled).await.unwrap();
    let log = home.path().join("var/log/eucalyptus/cc.log");
    let refusal = "reply's signature refused";
    let logged = async || Ok(std::fs::read_to_string(&log)?.contains(refusal));
    until(refusal, logged).await.unwrap();
    let most = "<n:maxInstances>4096</n:maxInstances>";
    assert!(!ask(&clc, &resources).await.unwrap().text().contains(most), "the legacy node counts: {reply}");

    assert!(cluster.stop().unwrap().success());
    assert!(node.stop().unwrap().success());
    legacy.stop().await;
}
