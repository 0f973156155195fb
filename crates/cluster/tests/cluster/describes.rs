//! DescribeInstances and DescribeResources, and what all answers have in common.

use euca_wire::{ClusterApi, FaultCode, cc, nc};
use tokio::time::{Instant, sleep};

use crate::fixture::{A, B, C, NODES, described, free_and_max, instance, round_robin, seconds, small, world};
use crate::fleet::{Act, Fleet, World, slow, url};

fn resources(types: Vec<cc::VirtualMachine>) -> cc::DescribeResources {
    cc::DescribeResources { instance_types: types, ..Default::default() }
}

#[tokio::test(start_paused = true)]
async fn cc_t108_every_instance_is_described_whatever_was_asked_for() {
    let world = world().await;
    let request = cc::DescribeInstances { instance_ids: vec![A.into()], ..Default::default() };
    let answer = world.cluster.describe_instances(request).await.unwrap();
    let mut ids: Vec<_> = answer.instances.iter().filter_map(|told| told.instance_id.as_deref()).collect();
    ids.sort_unstable();
    assert_eq!(ids, [A, B, C]);
    assert_eq!(answer.return_, Some(true));
    assert!(world.fleet.foreground().is_empty());
}

#[tokio::test(start_paused = true)]
async fn cc_t109_no_instances_are_a_success() {
    let world = World::start(round_robin(), Fleet::new(), &NODES);
    sleep(seconds(0.1)).await;
    let answer = world.cluster.describe_instances(cc::DescribeInstances::default()).await.unwrap();
    assert_eq!((answer.return_, answer.instances.len()), (Some(true), 0));
}

#[tokio::test(start_paused = true)]
async fn cc_t111_an_instance_never_polled_has_nothing_only_a_node_can_say() {
    let told = described(&world().await, B).await.unwrap();
    assert_eq!((told.bundle_task_state_name, told.group_names.len(), told.volumes.len()), (None, 0, 0));
    assert!(told.instance_type.unwrap().device_mapping.is_empty());
    // The platform of B was given; without one there is none, which cc_t097 shows.
    assert_eq!(told.platform.as_deref(), Some("linux"));
}

#[tokio::test(start_paused = true)]
async fn what_a_node_reports_is_described_in_full() {
    let long_name = "node-with-a-name-of-forty-characters-000"; // cc_t112
    assert_eq!(long_name.len(), 40);
    let volume = |n: u8| nc::Volume {
        volume_id: Some(format!("vol-{n}")),
        remote_dev: Some("/dev/etherd/e0.1".into()),
        local_dev: Some("/dev/sdb".into()),
        state: Some("attached".into()),
    };
    let fleet = Fleet::new();
    fleet.script(long_name, |script| {
        script.instances = vec![nc::Instance {
            user_id: "a-user-of-twenty-chr".into(), // cc_t113
            volumes: vec![volume(1), volume(2)],    // cc_t114
            user_data: Some("x".repeat(10_000)),
            ..instance(A, "Extant")
        }];
    });
    let world = World::start(round_robin(), fleet, &[long_name]);
    sleep(seconds(0.1)).await;
    let told = described(&world, A).await.unwrap();
    let tags = world.cluster.describe_resources(resources(vec![small()])).await.unwrap().service_tags;
    assert_eq!(told.service_tag.as_deref(), Some(tags[0].as_str()), "cc_t112");
    assert_eq!(told.owner_id.as_deref(), Some("a-user-of-twenty-chr"), "cc_t113");
    let volumes: Vec<_> =
        told.volumes.iter().map(|it| (it.volume_id.as_deref(), it.state.as_deref())).collect();
    assert_eq!(volumes, [(Some("vol-1"), Some("attached")), (Some("vol-2"), Some("attached"))], "cc_t114");
    assert_eq!(told.group_names, ["default"], "cc_t114");
    assert_eq!(told.launch_time.map(euca_wire::DateTime::unix), Some(1_290_000_000), "cc_t115");
    assert_eq!(told.user_data.map(|text| text.len()), Some(10_000));
}

#[tokio::test(start_paused = true)]
async fn cc_t116_cc_t117_resources_are_summed_over_nodes_that_are_up() {
    let world = world().await;
    assert_eq!(free_and_max(&world).await, (12, 12));
    world.fleet.plan("n1", "ncDescribeResource", [Act::Refuse]);
    world.poll().await;
    let answer = world.cluster.describe_resources(resources(vec![small()])).await.unwrap();
    let expected =
        cc::CcResource { instance_type: Some(small()), max_instances: Some(8), available_instances: Some(8) };
    assert_eq!(answer.resources, [expected]);
    assert_eq!(answer.service_tags, NODES.map(url), "every configured node, whatever its state");
}

#[tokio::test(start_paused = true)]
async fn types_are_validated_counted_and_echoed() {
    let world = world().await;
    let sized = |memory, cores, disk| cc::VirtualMachine {
        memory: Some(memory),
        cores: Some(cores),
        disk: Some(disk),
        ..small()
    };
    let nothing_known = cc::VirtualMachine { name: Some("x".into()), ..Default::default() };
    for (row, types, expected) in [
        ("cc_t119", vec![sized(0, 1, 1)], None),
        ("cc_t120", vec![small(), sized(1024, -1, 10)], None),
        ("absent numbers are 0", vec![nothing_known], None),
        ("cc_t121", vec![sized(1024, 5, 10)], Some(vec![(0, 0)])),
        ("several", vec![small(), sized(4096, 1, 1), sized(1, 1, 60)], Some(vec![(12, 12), (3, 3), (3, 3)])),
    ] {
        let answer = world.cluster.describe_resources(resources(types)).await.unwrap();
        let counts: Vec<_> = answer
            .resources
            .iter()
            .map(|it| (it.available_instances.unwrap(), it.max_instances.unwrap()))
            .collect();
        assert_eq!(answer.return_, Some(expected.is_some()), "{row}");
        assert_eq!(counts, expected.clone().unwrap_or_default(), "{row}");
        assert_eq!(answer.service_tags.is_empty(), expected.is_none(), "{row}");
    }
    let mapping = cc::DeviceMapping {
        device_name: Some("sda1".into()),
        virtual_name: Some("root".into()),
        size: Some(100),
        format: Some("none".into()),
    };
    let mapped = cc::VirtualMachine { device_mapping: vec![mapping], ..small() };
    let answer = world.cluster.describe_resources(resources(vec![mapped.clone()])).await.unwrap();
    assert_eq!(answer.resources[0].instance_type, Some(mapped), "cc_t122");
}

#[tokio::test(start_paused = true)]
async fn cc_t123_before_the_first_poll_resources_are_zero_and_the_nodes_are_known() {
    let fleet = Fleet::new();
    fleet.plan_all("n0", Act::Hang);
    let world = World::start(round_robin(), fleet, &["n0"]);
    let answer = world.cluster.describe_resources(resources(vec![small()])).await.unwrap();
    assert_eq!(answer.return_, Some(true));
    assert_eq!(
        (answer.resources[0].available_instances, answer.resources[0].max_instances),
        (Some(0), Some(0))
    );
    assert_eq!(answer.service_tags, [url("n0")]);
}

#[tokio::test(start_paused = true)]
async fn instances_are_described_only_when_every_node_had_its_say_since_the_start() {
    let fleet = Fleet::new();
    fleet.script("n1", |script| script.instances = vec![instance(A, "Extant")]);
    fleet.plan("n0", "ncDescribeInstances", [slow(15.0)]);
    fleet.plan("n1", "ncDescribeResource", [slow(3.0)]);
    fleet.plan_all("n2", Act::Hang);
    let world = World::start(round_robin(), fleet, &NODES);
    let ask = async || {
        let start = Instant::now();
        let answer = world.cluster.describe_instances(cc::DescribeInstances::default()).await;
        assert!(start.elapsed() < seconds(0.01), "nobody waits");
        answer
    };
    for after in [0.0, 2.0, 5.0, 16.0, 19.9] {
        sleep(seconds(after) - world.fleet.now()).await;
        let fault = ask().await.expect_err("a list now would be partial");
        assert_eq!(fault.code, FaultCode::Server, "W20");
        assert!(fault.reason.contains("nodes have not answered"), "{fault}");
    }
    sleep(seconds(20.1) - world.fleet.now()).await;
    let answer = ask().await.expect("N2 has had its chance");
    assert_eq!((answer.return_, answer.instances.len()), (Some(true), 1));

    // Once complete, always answered: a node that falls silent or is new does not matter.
    world.fleet.plan_all("n1", Act::Hang);
    world.fleet.plan_all("n3", Act::Hang);
    world.cluster.set_nodes([&NODES[..], &["n3"]].concat().into_iter().map(crate::fleet::address).collect());
    sleep(seconds(30.0)).await;
    assert_eq!(ask().await.expect("complete").instances.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn cc_t124_describes_are_answered_from_memory_while_nodes_hang() {
    let world = world().await;
    world.fleet.plan_all("n0", Act::Hang);
    sleep(seconds(8.0)).await;
    let start = Instant::now();
    let instances = world.cluster.describe_instances(cc::DescribeInstances::default()).await.unwrap();
    let resources = world.cluster.describe_resources(resources(vec![small()])).await.unwrap();
    let networks = world.cluster.describe_networks(cc::DescribeNetworks::default()).await.unwrap();
    let addresses = world.cluster.describe_public_addresses(Default::default()).await.unwrap();
    let tasks = world.cluster.describe_bundle_tasks(Default::default()).await.unwrap();
    assert!(start.elapsed() < seconds(0.01));
    assert_eq!((instances.instances.len(), tasks.bundle_tasks.len()), (3, 3));
    assert_eq!(resources.resources[0].max_instances, Some(12));
    assert_eq!((networks.return_, addresses.return_), (Some(true), Some(false)));
}

/// Calls each operation with the same identity and nothing else.
macro_rules! every_operation {
    ($cluster:expr, $identity:expr, |$name:ident, $answer:ident| $check:expr, $($method:ident: $request:ident),* $(,)?) => {
        $({
            let request = cc::$request {
                correlation_id: $identity.clone(),
                user_id: $identity.clone(),
                ..Default::default()
            };
            let ($name, $answer) = (stringify!($request), $cluster.$method(request).await.unwrap());
            $check
        })*
    };
}

#[tokio::test(start_paused = true)]
async fn cc_t198_cc_t199_cc_t200_answers_echo_what_they_got_and_explain_only_failures() {
    let world = world().await;
    for identity in [None, Some("me".to_owned()), Some(String::new())] {
        let mut refused = Vec::new();
        every_operation!(world.cluster, identity, |name, answer| {
            assert_eq!(answer.correlation_id, identity, "{name}");
            assert_eq!(answer.user_id, identity, "{name}");
            match answer.return_.expect("return is always there") {
                true => assert_eq!(answer.status_message, None, "{name}"),
                false => refused.push((name, answer.status_message.unwrap())),
            }
        },
            assign_address: AssignAddress,
            attach_volume: AttachVolume,
            bundle_instance: BundleInstance,
            cancel_bundle_task: CancelBundleTask,
            configure_network: ConfigureNetwork,
            describe_bundle_tasks: DescribeBundleTasks,
            describe_instances: DescribeInstances,
            describe_networks: DescribeNetworks,
            describe_public_addresses: DescribePublicAddresses,
            describe_resources: DescribeResources,
            detach_volume: DetachVolume,
            get_console_output: GetConsoleOutput,
            reboot_instances: RebootInstances,
            run_instances: RunInstances,
            start_network: StartNetwork,
            stop_network: StopNetwork,
            terminate_instances: TerminateInstances,
            unassign_address: UnassignAddress,
        );
        let expected = [
            ("AttachVolume", "ERROR"),
            ("BundleInstance", "ERROR"),
            ("CancelBundleTask", "ERROR"),
            ("DescribePublicAddresses", "NOTSUPPORTED"),
            ("DetachVolume", "ERROR"),
            ("GetConsoleOutput", "ERROR"),
            ("RunInstances", "ERROR"),
        ];
        assert_eq!(refused, expected.map(|(name, message)| (name, message.to_owned())));
    }
}
