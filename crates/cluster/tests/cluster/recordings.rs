//! What the original answered in MANAGED-NOVLAN mode, element by element.

use std::path::Path;

use euca_cluster::ClusterSettings;
use euca_vnet::Effect;
use euca_wire::{ClusterApi, ClusterService, DecodeError, Element, Service, cc, nc};
use tokio::time::sleep;

use crate::fixture::{instance, managed_in, seconds};
use crate::fleet::{Fleet, World};

const NODES: [&str; 2] = ["127.0.1.1", "127.0.1.2"];

/// As the recordings' index and list of commands describe the original's configuration.
fn novlan() -> ClusterSettings {
    managed_in("172.19.0.0/16", [[10, 0, 0, 50], [10, 0, 0, 53]], false)
}

/// The body element of a recording, without the time of a launch.
fn recorded(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/c-2.0.1");
    let text = std::fs::read_to_string(folder.join(format!("{name}.http"))).unwrap();
    let body = text.split_once("<soapenv:Body>").unwrap().1.split_once("</soapenv:Body>").unwrap().0;
    without_time(body)
}

fn without_time(body: &str) -> String {
    let mut parts = body.split("<n:launchTime>");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        text.push_str(part.split_once("</n:launchTime>").unwrap().1);
    }
    text
}

/// Answers a recorded request, and finds the recorded response.
async fn replay(world: &World, name: &str) {
    let service = ClusterService(world.cluster.clone());
    let xml = recorded(&format!("{name}.request"));
    let element = xml[1..].split([' ', '>']).next().unwrap();
    let operation =
        ClusterService::<euca_cluster::Cluster<Fleet>>::find(element.trim_start_matches("n:")).unwrap();
    let request =
        ClusterService::<euca_cluster::Cluster<Fleet>>::decode(operation, &Element { xml: &xml, scope: &[] })
            .unwrap();
    let mut out = Vec::new();
    service.run(request, &mut out).await.unwrap();
    assert_eq!(
        without_time(&String::from_utf8(out).unwrap()),
        recorded(&format!("{name}.response")),
        "{name}"
    );
}

/// What the nodes were asked to run, they report as being started.
async fn reported(world: &World) {
    sleep(seconds(0.1)).await;
    for node in NODES {
        let orders =
            world.fleet.requests::<nc::NcRunInstance>().into_iter().filter(|(asked, _)| asked == node);
        let instances = orders.map(|(_, order)| nc::Instance {
            reservation_id: order.reservation_id,
            image_id: order.image_id,
            kernel_id: order.kernel_id,
            ramdisk_id: order.ramdisk_id,
            user_id: "admin".into(),
            key_name: order.key_name,
            instance_type: order.instance_type,
            net_params: Some(order.net_params),
            group_names: order.group_names,
            ..instance(&order.instance_id, "Pending")
        });
        let instances = instances.collect();
        world.fleet.script(node, |script| script.instances = instances);
    }
    world.poll().await;
}

#[tokio::test(start_paused = true)]
async fn a_managed_cluster_answers_as_the_original_did() {
    let world = World::start(novlan(), Fleet::new(), &NODES);
    replay(&world, "mgd-DescribeResources").await;
    sleep(seconds(0.1)).await;
    replay(&world, "mgd-DescribeNetworks-none").await;
    replay(&world, "mgd-StartNetwork").await;
    let web = cc::StartNetwork {
        user_id: Some("bob".into()),
        vlan: Some(11),
        net_name: Some("web".into()),
        ..Default::default()
    };
    world.cluster.start_network(web).await.unwrap();
    replay(&world, "mgd-StartNetwork-again").await;
    replay(&world, "mgd-ConfigureNetwork").await;
    replay(&world, "mgd-ConfigureNetwork-group").await;
    replay(&world, "mgd-ConfigureNetwork-unknown").await;
    // Like the next, with two ids: not among the recordings.
    let xml = recorded("mgd-RunInstances-badindex.request");
    let bad: cc::RunInstances = euca_wire::Message::read(&Element { xml: &xml, scope: &[] }).unwrap();
    let two = cc::RunInstances {
        max_count: 2,
        min_count: 2,
        instance_ids: vec!["i-3BAA0001".into(), "i-3BAA0002".into()],
        network_index_list: vec![2, 3],
        ..bad
    };
    assert_eq!(world.cluster.run_instances(two).await.unwrap().instances.len(), 2);
    replay(&world, "mgd-RunInstances-badindex").await;
    replay(&world, "mgd-RunInstances-noindex").await;
    replay(&world, "mgd-DescribeNetworks-2").await;
    reported(&world).await;
    replay(&world, "mgd-AssignAddress").await;
    replay(&world, "cc-mgd-DescribeInstances").await;
    replay(&world, "mgd-AssignAddress-2").await;
    replay(&world, "mgd-DescribePublicAddresses-1used").await;
    replay(&world, "cc-mgd-DescribeInstances-public").await;
    replay(&world, "mgd-UnassignAddress").await;
    replay(&world, "mgd-UnassignAddress-again").await;
    replay(&world, "mgd-AssignAddress-unknown").await;
    replay(&world, "mgd-StopNetwork").await;
    replay(&world, "cc-mgd-TerminateInstances").await;

    let orders: Vec<_> = world.fleet.host().take().iter().map(Effect::to_string).collect();
    let expected = [
        "restore 0 networks, 0 public addresses",
        "start network 10 (default of \"admin\")",
        "start network 11 (web of \"bob\")",
        "start network 10 (default of \"admin\")",
        "set rules 10 (default of \"admin\")",
        "set rules 10 (default of \"admin\")",
        "serve DHCP 3 guests in 2 networks",
        "add public address 10.0.0.50",
        "map address 10.0.0.50 of 172.19.1.66",
        "add public address 10.0.0.51",
        "map address 10.0.0.51 of 172.19.1.2",
        "unmap address 10.0.0.51 of 172.19.1.2",
        "remove public address 10.0.0.51",
        "remove public address 10.0.0.51",
        "set rules 10 (default of \"admin\")", // It has admitted bob's.
        "stop network 11 (web of \"bob\")",
    ];
    assert_eq!(orders, expected);
}

/// The row has `ERROR`, the recording a fault; the recording counts, and a peer takes both for a failure.
#[test]
fn cc_t130_a_request_without_a_dest_is_no_request() {
    // The only recording whose body is in the default namespace.
    let xml = recorded("err-AssignAddress-no-dest.request");
    let read: Result<cc::AssignAddress, _> = euca_wire::Message::read(&Element { xml: &xml, scope: &[] });
    let missing = DecodeError::Missing { parent: "assignAddressType", field: "dest" };
    assert_eq!(read.unwrap_err(), missing);
    assert!(recorded("err-AssignAddress-no-dest.response").contains("<soapenv:Fault>"));
}
