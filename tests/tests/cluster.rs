//! A CLC, `cc-daemon` and simulated nodes, over TCP, signed in each direction.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use euca_sim::clc::Clc;
use euca_sim::fleet::Fleet;
use euca_sim::keys::Role;
use euca_sim::node::{Capacity, sample_instance};
use euca_tests::daemon::{Daemon, free_address};
use euca_tests::home::Home;
use euca_tests::{ask, run_instances, until};
use euca_wire::{Request, cc};

async fn text<Q: Request>(clc: &Clc, request: &Q) -> String {
    ask(clc, request).await.unwrap().text()
}

#[tokio::test]
async fn an_instance_is_run_rebooted_read_and_terminated() {
    let home = Home::new().unwrap();
    let keys = home.keys();
    let fleet = Fleet::start(&keys, "127.2.0.1:0".parse().unwrap(), 3, Capacity::default()).unwrap();
    let nodes: Vec<_> = fleet.nodes().iter().map(|(address, _)| *address).collect();
    let address = free_address("127.2.1.1".parse().unwrap()).unwrap();
    home.configure(&Home::cluster_conf(address, &nodes)).unwrap();
    let daemon = Daemon::start("cc-daemon", &home).unwrap();
    let clc = Clc::new(&keys, Role::Cloud, address).unwrap();

    let resources = cc::DescribeResources {
        instance_types: vec![cc::VirtualMachine {
            memory: Some(128),
            cores: Some(1),
            disk: Some(2),
            ..Default::default()
        }],
        ..Default::default()
    };
    until("capacity", async || Ok(!text(&clc, &resources).await.contains("<n:availableInstances>0<")))
        .await
        .unwrap();
    let reply = text(&clc, &run_instances("i-3A4B5C6D")).await;
    assert!(reply.contains("<n:stateName>Pending</n:stateName>"), "{reply}");
    let describe = cc::DescribeInstances { user_id: Some("eucalyptus".to_owned()), ..Default::default() };
    until("Extant", async || Ok(text(&clc, &describe).await.contains("<n:stateName>Extant</n:stateName>")))
        .await
        .unwrap();

    let reboot = cc::RebootInstances { instance_ids: vec!["i-3A4B5C6D".to_owned()], ..Default::default() };
    assert!(text(&clc, &reboot).await.contains("<n:return>true</n:return>"));
    let boots: Vec<_> = fleet.nodes().iter().filter_map(|(_, node)| node.boots("i-3A4B5C6D")).collect();
    assert_eq!(boots, [2]);
    assert!(daemon.stop().unwrap().success());
    fleet.stop().await;
}

#[tokio::test]
async fn two_thousand_instances_are_told_in_a_reply_that_a_clc_can_read() {
    let home = Home::new().unwrap();
    let keys = home.keys();
    let fleet = Fleet::start(&keys, "127.2.2.1:0".parse().unwrap(), 4, Capacity::default()).unwrap();
    let nodes: Vec<_> = fleet.nodes().iter().map(|(address, _)| *address).collect();
    for (number, (_, node)) in (0..2000).zip(fleet.nodes().iter().cycle()) {
        node.adopt(sample_instance(number));
    }
    let address = free_address("127.2.3.1".parse().unwrap()).unwrap();
    home.configure(&Home::cluster_conf(address, &nodes)).unwrap();
    let daemon = Daemon::start("cc-daemon", &home).unwrap();
    let clc = Clc::new(&keys, Role::Cloud, address).unwrap();

    let describe = cc::DescribeInstances { user_id: Some("eucalyptus".to_owned()), ..Default::default() };
    let mut reply = String::new();
    until("all instances", async || {
        reply = text(&clc, &describe).await;
        Ok(reply.matches("<stateName>Extant</stateName>").count() == 2000)
    })
    .await
    .unwrap();
    assert!(reply.len() < 1 << 20, "{} bytes", reply.len());
    for number in 0..2000 {
        assert!(reply.contains(&format!("<instanceId>i-{number:08X}</instanceId>")), "{number}");
    }
    let log = home.path().join("var/log/eucalyptus/cc.log");
    let mut lines = Vec::new();
    until("the log", async || {
        let log = std::fs::read_to_string(&log)?;
        let told = log.lines().filter(|line| line.contains("replies to DescribeInstances are abridged anew"));
        lines = told.map(str::to_owned).collect();
        Ok(!lines.is_empty())
    })
    .await
    .unwrap();
    assert!(lines[0].contains("service tags"), "{lines:?}");
    assert!(daemon.stop().unwrap().success());
    fleet.stop().await;
}
