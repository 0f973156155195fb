//! A cluster larger than the original could keep up with: signed nodes behind real sockets.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;

use euca_sim::clc::Clc;
use euca_sim::fleet::Fleet;
use euca_sim::keys::Role;
use euca_sim::node::{Behaviour, Capacity, Plan, sample_instance};
use euca_tests::daemon::{Daemon, free_address};
use euca_tests::home::Home;
use euca_tests::{ask, until};
use euca_wire::cc;

const NODES: u32 = 200;
const HUNG: usize = 20;

/// How often each node was polled is compared with how often the others were, not with the clock.
#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_nodes_are_polled_alike_whatever_some_of_them_do() {
    let home = Home::new().unwrap();
    let first = SocketAddr::from(([127, 9, 0, 1], 0));
    let fleet = Fleet::start(&home.keys(), first, NODES, Capacity::default()).unwrap();
    for (number, (_, node)) in (0..).zip(fleet.nodes()) {
        node.adopt(sample_instance(number));
    }
    let (hung, healthy) = fleet.nodes().split_at(HUNG);
    for (_, node) in hung {
        node.set_plan(Plan { behaviour: Behaviour::Hang, ..Plan::default() });
    }
    let addresses: Vec<_> = fleet.nodes().iter().map(|(address, _)| *address).collect();
    let address = free_address([127, 9, 255, 1].into()).unwrap();
    home.configure(&Home::cluster_conf(address, &addresses)).unwrap();
    let daemon = Daemon::start("cc-daemon", &home).unwrap();

    let polls = |operation: &'static str| healthy.iter().map(move |(_, node)| node.calls(operation));
    let polled = async || Ok(polls("ncDescribeInstances").all(|polls| polls >= 3));
    until("three polls of every healthy node", polled).await.unwrap();
    let (least, most) =
        (polls("ncDescribeResource").min().unwrap(), polls("ncDescribeResource").max().unwrap());
    assert!(most <= 2 * least, "some nodes were polled {most} times while others were {least} times");

    // A hung node is given up after 20 s; until then nothing is said of the instances.
    let clc = Clc::new(&home.keys(), Role::Cloud, address).unwrap();
    let describe = cc::DescribeInstances { user_id: Some("eucalyptus".to_owned()), ..Default::default() };
    let complete =
        async || Ok(ask(&clc, &describe).await?.text().matches("</n:instances>").count() == healthy.len());
    until("the healthy nodes' instances", complete).await.unwrap();
    assert!(daemon.stop().unwrap().success());
    fleet.stop().await;
}
