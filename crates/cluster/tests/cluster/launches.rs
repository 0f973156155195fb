//! RunInstances and the launches it starts, in SYSTEM mode. What differs with virtual networks is in `managed.rs`.

use euca_cluster::ClusterSettings;
use euca_cluster::schedule::Policy;
use euca_wire::{ClusterApi, cc, nc};
use tokio::time::{Instant, sleep};

use crate::fixture::{
    A, NODES, described, free_and_max, instance, round_robin, run, seconds, world, world_with,
};
use crate::fleet::{Act, Fleet, World, slow};

const RUN: &str = "ncRunInstance";
const START: &str = "ncStartNetwork";
const NEW: &str = "i-3F2506A1";

/// Runs, and gives the node names of the instances that were placed; `None` for `ERROR`. The answer never
/// waits for a node.
async fn placed(world: &World, request: cc::RunInstances) -> Option<Vec<String>> {
    let start = Instant::now();
    let answer = world.cluster.run_instances(request).await.unwrap();
    assert!(start.elapsed() < seconds(0.01));
    let success = answer.return_.unwrap();
    assert_eq!(answer.status_message.as_deref(), (!success).then_some("ERROR"));
    assert!(success || answer.instances.is_empty());
    let host = |told: &cc::CcInstance| {
        let url = told.service_tag.clone().unwrap();
        NODES.iter().find(|node| crate::fleet::url(node) == url).unwrap().to_string()
    };
    success.then(|| answer.instances.iter().map(|told| host(told)).collect())
}

#[tokio::test(start_paused = true)]
async fn cc_t085_an_instance_in_system_mode_gets_a_derived_mac_and_no_addresses() {
    let world = world().await;
    let answer = world.cluster.run_instances(run(&[NEW])).await.unwrap();
    let told = &answer.instances[0];
    let net = cc::NetConfig {
        private_mac_address: "d0:0d:3F:25:06:A1".into(), // not what macAddresses said: cc_t089
        private_ip: "0.0.0.0".into(),
        public_ip: "0.0.0.0".into(),
        vlan: -1,
        network_index: -1,
    };
    assert_eq!(told.net_params.as_ref(), Some(&net));
    assert_eq!(told.state_name.as_deref(), Some("Pending"));
    assert_eq!(told.owner_id.as_deref(), Some("alice"));
    assert_eq!(told.service_tag, Some(crate::fleet::url("n0")));
    assert_eq!((told.kernel_id.as_deref(), told.ramdisk_id.as_deref()), (Some(""), Some("")));
    // Q-40
    assert!(told.group_names.is_empty() && told.volumes.is_empty() && told.bundle_task_state_name.is_none());
    assert_eq!(described(&world, NEW).await.as_ref(), Some(&**told), "DescribeInstances lists it at once");
    assert_eq!(free_and_max(&world).await, (11, 12));

    sleep(seconds(0.1)).await;
    assert_eq!(world.fleet.foreground(), [("n0".to_owned(), START), ("n0".to_owned(), RUN)]);
    let network = nc::NcStartNetwork {
        user_id: Some("alice".into()),
        node_name: Some("n0".into()),
        remote_host_port: Some(0),
        vlan: Some(-1),
        ..Default::default()
    };
    assert_eq!(world.fleet.requests::<nc::NcStartNetwork>()[0].1, network);
    let order = nc::NcRunInstance {
        user_id: Some("alice".into()),
        node_name: Some("n0".into()),
        image_id: "emi-1".into(),
        image_url: "http://walrus:8773/services/Walrus/b/m.xml".into(),
        reservation_id: "r-00000001".into(),
        instance_id: NEW.into(),
        instance_type: nc::VirtualMachine {
            name: Some("m1.small".into()),
            memory: Some(1024),
            cores: Some(1),
            disk: Some(10),
            device_mapping: Vec::new(),
        },
        key_name: "ssh-rsa AAAA alice@eucalyptus".into(),
        net_params: nc::NetConfig {
            private_mac_address: "d0:0d:3F:25:06:A1".into(),
            private_ip: "0.0.0.0".into(),
            public_ip: "0.0.0.0".into(),
            vlan: -1,
            network_index: -1,
        },
        user_data: Some(String::new()),
        launch_index: Some("0".into()),
        platform: Some("linux".into()),
        group_names: vec!["default".into()],
        ..Default::default()
    };
    assert_eq!(world.fleet.requests::<nc::NcRunInstance>()[0].1, order);
}

#[tokio::test(start_paused = true)]
async fn instances_go_where_the_policy_says_and_capacity_lasts() {
    let ids: Vec<String> = (0..5).map(|i| format!("i-0000001{i}")).collect();
    for (row, policy, runs, expected) in [
        ("cc_t070", Policy::RoundRobin, 4, &["n0", "n1", "n2", "n0"][..]),
        ("cc_t071", Policy::Greedy, 5, &["n0", "n0", "n0", "n0", "n1"]),
    ] {
        let world = world_with(ClusterSettings { policy, ..round_robin() }).await;
        let mut hosts = Vec::new();
        for id in &ids[..runs] {
            hosts.extend(placed(&world, run(&[id])).await.unwrap());
        }
        assert_eq!(hosts, expected, "{row}");
        sleep(seconds(0.1)).await;
        assert_eq!(world.fleet.nodes_called(RUN).len(), runs, "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_left_out_of_a_successful_answer() {
    let world = world().await;
    let mut huge = run(&[NEW]);
    huge.instance_type.as_mut().unwrap().memory = Some(8192);
    assert_eq!(placed(&world, huge).await, Some(vec![]), "as row 72");
    assert!(described(&world, NEW).await.is_none());

    let ids: Vec<String> = (0..15).map(|i| format!("i-000000{i:02X}")).filter(|id| id != A).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let hosts = placed(&world, run(&ids)).await.unwrap();
    assert_eq!(hosts.len(), 12, "as row 73: as many as there is room for");
    assert_eq!(free_and_max(&world).await, (0, 12));
    world.poll().await;
    let (free, max) = free_and_max(&world).await;
    assert_eq!((free, max), (12, 12), "the nodes accepted all and still report everything free");
}

#[tokio::test(start_paused = true)]
async fn counts_that_make_no_sense_are_refused() {
    for (row, minimum, maximum, ids, expected) in [
        ("cc_t074", 0, 1, 1, None),
        ("cc_t075", 1, 0, 1, None),
        ("cc_t076", 1, 2, 1, None),
        ("cc_t077", 1, 1, 3, Some(1)),
        ("negative", -1, -1, 1, None),
        ("largest", 1, i32::MAX, 1, None),
        ("minimum above maximum", 5, 1, 1, Some(1)),
    ] {
        let world = world().await;
        let ids: Vec<String> = (0..ids).map(|i| format!("i-0000001{i}")).collect();
        let mut request = run(&ids.iter().map(String::as_str).collect::<Vec<_>>());
        (request.min_count, request.max_count) = (minimum, maximum);
        let hosts = placed(&world, request).await;
        assert_eq!(hosts.map(|hosts| hosts.len()), expected, "{row}");
        sleep(seconds(0.1)).await;
        let launched = world.fleet.requests::<nc::NcRunInstance>();
        let first: Vec<_> = ids.iter().take(expected.unwrap_or(0)).collect();
        assert_eq!(
            launched.iter().map(|(_, request)| &request.instance_id).collect::<Vec<_>>(),
            first,
            "{row}"
        );
        assert_eq!(free_and_max(&world).await.0, 12 - i32::try_from(first.len()).unwrap(), "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_instance_type_is_required_and_may_not_be_negative() {
    let world = world().await;
    let absent = cc::RunInstances { instance_type: None, ..run(&[NEW]) };
    assert_eq!(placed(&world, absent).await, None, "cc_t099");
    let mut negative = run(&[NEW]);
    negative.instance_type.as_mut().unwrap().disk = Some(-1);
    assert_eq!(placed(&world, negative).await, None);
    assert!(world.fleet.foreground().is_empty());
    assert_eq!(free_and_max(&world).await, (12, 12));
}

#[tokio::test(start_paused = true)]
async fn ids_that_cannot_be_launched_are_skipped() {
    let world = world().await;
    assert_eq!(placed(&world, run(&["i-123"])).await, Some(vec![]), "cc_t088");
    assert_eq!(placed(&world, run(&[A])).await, Some(vec![]), "cc_t090");
    assert_eq!(described(&world, A).await.unwrap().state_name.as_deref(), Some("Extant"));
    assert_eq!(placed(&world, run(&[NEW, NEW])).await, Some(vec!["n0".into()]), "cc_t091");
    sleep(seconds(0.1)).await;
    assert_eq!(world.fleet.nodes_called(RUN).len(), 1);
    assert_eq!(free_and_max(&world).await, (11, 12));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_launched_without_a_node_that_is_up() {
    let nowhere = World::start(round_robin(), Fleet::new(), &[]);
    assert_eq!(placed(&nowhere, run(&[NEW])).await, Some(vec![]), "as row 101");
    let world = world().await;
    for node in NODES {
        world.fleet.plan(node, "ncDescribeResource", [Act::Refuse]);
    }
    world.poll().await;
    assert_eq!(placed(&world, run(&[NEW])).await, Some(vec![]), "cc_t102");
    assert!(world.fleet.foreground().is_empty());
}

#[tokio::test(start_paused = true)]
async fn cc_t106_a_full_memory_refuses_new_instances_and_keeps_the_old() {
    let fleet = Fleet::new();
    fleet.script("n0", |script| {
        script.instances = (0..2048).map(|i| instance(&format!("i-{i:08X}"), "Extant")).collect();
    });
    let world = World::start(round_robin(), fleet, &NODES);
    sleep(seconds(0.1)).await;
    assert_eq!(placed(&world, run(&[NEW])).await, Some(vec![]));
    let all = world.cluster.describe_instances(cc::DescribeInstances::default()).await.unwrap();
    let ids: Vec<_> = all.instances.iter().map(|told| told.instance_id.clone().unwrap()).collect();
    assert_eq!(ids, (0..2048).map(|i| format!("i-{i:08X}")).collect::<Vec<_>>());
    assert!(world.fleet.foreground().is_empty());
}

#[tokio::test(start_paused = true)]
async fn optional_elements_are_forwarded_as_the_nodes_need_them() {
    let world = world().await;
    let request =
        cc::RunInstances { platform: None, key_name: None, image_id: None, image_url: None, ..run(&[NEW]) };
    let answer = world.cluster.run_instances(request).await.unwrap();
    assert_eq!(answer.instances[0].platform, None, "cc_t097");
    assert_eq!(answer.instances[0].user_data.as_deref(), Some(""), "cc_t098");
    sleep(seconds(0.1)).await;
    let sent = &world.fleet.requests::<nc::NcRunInstance>()[0].1;
    assert_eq!(sent.platform.as_deref(), Some(""), "cc_t097");
    assert_eq!(sent.user_data.as_deref(), Some(""), "cc_t098");
    assert_eq!((sent.key_name.as_str(), sent.image_id.as_str(), sent.image_url.as_str()), ("", "", ""));
}

#[tokio::test(start_paused = true)]
async fn cc_t100_groups_go_to_the_node_and_come_back_with_its_report() {
    let world = world().await;
    let many: Vec<String> = (0..70).map(|i| format!("g{i}")).collect();
    let names = vec!["default".to_owned(), "web".to_owned()];
    for (id, names, sent) in [(NEW, names.clone(), 2), ("i-3F2506A2", many, 64)] {
        world.fleet.forget_calls();
        let answer = world
            .cluster
            .run_instances(cc::RunInstances { net_names: names.clone(), ..run(&[id]) })
            .await
            .unwrap();
        assert!(answer.instances[0].group_names.is_empty());
        sleep(seconds(0.1)).await;
        assert_eq!(world.fleet.requests::<nc::NcRunInstance>()[0].1.group_names, names[..sent]);
    }
    world.fleet.script("n0", |script| {
        script.instances = vec![nc::Instance { group_names: names.clone(), ..instance(NEW, "Pending") }];
    });
    world.poll().await;
    assert_eq!(described(&world, NEW).await.unwrap().group_names, names);
}

#[tokio::test(start_paused = true)]
async fn mappings_without_a_name_do_not_reach_the_node() {
    let world = world().await;
    let mut request = run(&[NEW]);
    let named = cc::DeviceMapping { device_name: Some("sda1".into()), size: Some(7), ..Default::default() };
    request.instance_type.as_mut().unwrap().device_mapping = vec![cc::DeviceMapping::default(), named];
    placed(&world, request).await;
    sleep(seconds(0.1)).await;
    let sent = nc::DeviceMapping {
        device_name: Some("sda1".into()),
        virtual_name: Some(String::new()),
        size: Some(7),
        format: Some(String::new()),
    };
    assert_eq!(world.fleet.requests::<nc::NcRunInstance>()[0].1.instance_type.device_mapping, [sent]);
}

#[tokio::test(start_paused = true)]
async fn cc_t092_a_network_that_cannot_be_started_does_not_stop_the_launch() {
    let world = world().await;
    world.fleet.plan("n0", START, [Act::False]);
    placed(&world, run(&[NEW])).await;
    sleep(seconds(5.0)).await;
    assert_eq!(world.fleet.foreground(), [("n0".to_owned(), START), ("n0".to_owned(), RUN)]);
}

#[tokio::test(start_paused = true)]
async fn cc_t093_a_launch_is_retried_every_second_until_the_node_accepts() {
    let world = world().await;
    world.fleet.plan("n0", RUN, [Act::False, Act::Fault, Act::Refuse, Act::True]);
    let start = world.fleet.now();
    placed(&world, run(&[NEW])).await;
    sleep(seconds(30.0)).await;
    let at = |operation| world.fleet.calls(operation, |call| (call.at - start).as_secs());
    assert_eq!(at(START), [0, 1, 2, 3]);
    assert_eq!(at(RUN), [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn as_row_94_a_launch_that_never_succeeds_ends_and_its_instance_expires() {
    let world = world().await;
    let start = world.fleet.now();
    // Only what the launch needs: the node stays up and reports nothing.
    for operation in [RUN, START] {
        world.fleet.plan("n0", operation, [Act::Refuse]);
    }
    placed(&world, run(&[NEW])).await;
    sleep(seconds(290.0)).await;
    assert_eq!(free_and_max(&world).await, (11, 12), "its capacity is set aside as long as it is retried");
    assert!(described(&world, NEW).await.is_some());
    sleep(seconds(20.0)).await;
    assert!(described(&world, NEW).await.is_none());
    assert_eq!(free_and_max(&world).await, (12, 12));
    sleep(seconds(100.0)).await;
    let rounds = world.fleet.calls(RUN, |call| (call.at - start).as_secs());
    assert!((298..=301).contains(&rounds.len()), "{} rounds", rounds.len());
    assert!(rounds.last() < Some(&301));
}

#[tokio::test(start_paused = true)]
async fn a_launch_on_a_hung_node_is_tried_eight_times_and_does_not_keep_the_node_up() {
    let world = world().await;
    world.fleet.plan_all("n0", Act::Hang);
    let start = world.fleet.now();
    placed(&world, run(&[NEW])).await;
    // The launch's two calls are in front of the poll.
    sleep(seconds(62.0)).await;
    assert_eq!(free_and_max(&world).await, (8, 8), "a hung node goes down in spite of the launch");
    sleep(seconds(400.0)).await;
    let rounds = world.fleet.calls(START, |call| (call.at - start).as_secs());
    // The monitor's own calls stand in line too.
    assert!((5..=8).contains(&rounds.len()), "{rounds:?}");
}

#[tokio::test(start_paused = true)]
async fn cc_t095_a_launch_on_a_hung_node_does_not_delay_another_node() {
    let world = world().await;
    world.fleet.plan_all("n0", Act::Hang);
    placed(&world, run(&[NEW])).await;
    let start = Instant::now();
    let attach = cc::AttachVolume {
        volume_id: Some("vol-1".into()),
        instance_id: Some(A.into()),
        remote_dev: Some("r".into()),
        local_dev: Some("l".into()),
        ..Default::default()
    };
    let answer = world.cluster.attach_volume(attach).await.unwrap();
    assert_eq!(answer.return_, Some(true));
    assert!(start.elapsed() < seconds(0.01));
}

#[tokio::test(start_paused = true)]
async fn cc_t096_a_launch_the_node_has_done_late_stops_when_it_is_reported() {
    let world = world().await;
    // Executed, but answered after 21 s; repeated, the node refuses.
    world.fleet.plan("n0", RUN, [slow(21.0), Act::False]);
    let start = world.fleet.now();
    placed(&world, run(&[NEW])).await;
    assert_eq!(free_and_max(&world).await, (11, 12));
    world.fleet.script("n0", |script| {
        script.instances = vec![instance(NEW, "Pending")];
        script.resources[1] = (3072, 90, 3);
    });
    while described(&world, NEW).await.unwrap().group_names.is_empty() {
        sleep(seconds(0.1)).await;
    }
    assert_eq!(free_and_max(&world).await, (11, 12), "deducted once: the node's own numbers contain it");
    sleep(seconds(120.0)).await;
    let tries = world.fleet.calls(RUN, |call| (call.at - start).as_secs());
    assert!(tries.len() <= 3 && tries.last() < Some(&25), "{tries:?}");
    assert_eq!(described(&world, NEW).await.unwrap().platform.as_deref(), Some("linux"));
    assert_eq!(free_and_max(&world).await, (11, 12));
}

/// The record of an instance expires before its launch is given up when INSTANCE_TIMEOUT is the shorter.
#[tokio::test(start_paused = true)]
async fn a_launch_that_outlives_its_record_still_ends_when_reported_or_terminated() {
    for reported in [true, false] {
        let settings = ClusterSettings { instance_timeout: seconds(30.0), ..round_robin() };
        let world = world_with(settings).await;
        world.fleet.plan("n0", RUN, [Act::False]);
        placed(&world, run(&[NEW])).await;
        sleep(seconds(40.0)).await;
        assert!(described(&world, NEW).await.is_none(), "expired");
        assert_eq!(placed(&world, run(&[NEW])).await, Some(vec![]), "not launched twice");
        if reported {
            world.fleet.script("n0", |script| script.instances = vec![instance(NEW, "Pending")]);
        } else {
            let request = cc::TerminateInstances { instance_ids: vec![NEW.into()], ..Default::default() };
            world.cluster.terminate_instances(request).await.unwrap();
        }
        sleep(seconds(10.0)).await;
        world.fleet.forget_calls();
        sleep(seconds(60.0)).await;
        assert_eq!(world.fleet.nodes_called(RUN), [""; 0], "reported {reported}");
    }
}

#[tokio::test(start_paused = true)]
async fn cc_t107_capacity_of_a_pending_launch_does_not_come_back_with_a_poll() {
    let world = world().await;
    world.fleet.plan("n0", RUN, [Act::False]);
    placed(&world, run(&[NEW])).await;
    for _ in 0..3 {
        world.poll().await;
        assert_eq!(free_and_max(&world).await, (11, 12));
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_of_the_node_does_not_lose_a_launch() {
    let world = world().await;
    world.fleet.plan_all("n0", Act::Refuse);
    placed(&world, run(&[NEW])).await;
    sleep(seconds(60.0)).await;
    world.fleet.plan_all("n0", Act::True);
    sleep(seconds(2.0)).await;
    let accepted = world.fleet.calls(RUN, |call| call.end.is_some());
    assert!(accepted.len() > 50);
    let before = accepted.len();
    sleep(seconds(10.0)).await;
    assert_eq!(world.fleet.nodes_called(RUN).len(), before, "accepted once, then never again");
}
