//! The operations that only answer: DescribeResource, DescribeInstances, console, network, power, bundles
//! (node-controller.md §18).

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use euca_helper::testing::{FakeIscsi, TestHelper};
use euca_hypervisor::recording::Operation;
use euca_wire::{NodeApi, nc};

use crate::bench::{Bench, admin, request, seconds};

#[tokio::test(start_paused = true)]
async fn resources_are_what_is_left_of_what_is_offered() {
    let bench = Bench::with(|settings| settings.max_disk = 10_000).await;
    let all = bench.resource().await;
    assert_eq!(
        (all.return_, all.node_status.as_str(), all.public_subnets.as_str()),
        (Some(true), "OK", "none")
    );
    assert_eq!((all.memory_size_max, all.memory_size_available), (16128, 16128), "nc_025");
    assert_eq!((all.number_of_cores_max, all.number_of_cores_available), (4, 4), "nc_025");
    assert_eq!(all.disk_size_available, all.disk_size_max, "nc_025");
    let mut five = request("i-1");
    five.instance_type.cores = Some(1);
    five.instance_type.disk = Some(5);
    bench.run_request(five).await;
    let left = bench.resource().await;
    assert_eq!(left.memory_size_available, all.memory_size_max - 512, "nc_026");
    assert_eq!(left.number_of_cores_available, 3, "nc_026");
    assert_eq!(left.disk_size_available, (all.disk_size_max - 517).max(0), "nc_026");
    bench.terminate("i-1").await.unwrap();
    seconds(20).await;
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Teardown"));
    assert_eq!(bench.resource().await.memory_size_available, all.memory_size_max, "nc_027");
}

#[tokio::test(start_paused = true)]
async fn instances_are_listed_to_their_owner_and_the_administrator() {
    let bench = Bench::new().await;
    assert!(bench.describe("eucalyptus", &[]).await.is_empty(), "nc_031");
    let stats = bench.root.path().join("run/nc-stats");
    seconds(1).await;
    assert!(std::fs::read_to_string(&stats).unwrap().starts_with("version: "), "nc_031");
    std::fs::remove_file(&stats).unwrap();

    for (id, user) in [("i-1", "A"), ("i-2", "B")] {
        let user_id = Some(user.to_owned());
        bench.run_request(nc::NcRunInstance { user_id, ..request(id) }).await;
    }
    let ids = |instances: Vec<nc::Instance>| -> Vec<String> {
        instances.into_iter().map(|instance| instance.instance_id).collect()
    };
    assert_eq!(ids(bench.describe("A", &[]).await), ["i-1"], "nc_033");
    seconds(1).await;
    assert!(!stats.exists(), "nc_033");
    assert_eq!(ids(bench.describe("eucalyptus", &[]).await), ["i-1", "i-2"], "nc_032");
    seconds(1).await;
    let text = std::fs::read_to_string(&stats).unwrap();
    assert!(text.contains("\nid: i-2 userId: B state: Pending mem: 512 "), "{text}");
    assert_eq!(ids(bench.describe("eucalyptus", &["i-2", "i-9"]).await), ["i-2"], "nc_034");
    assert_eq!(ids(bench.describe("C", &[]).await), [""; 0]);

    let nobody = bench.node.nc_describe_instances(nc::NcDescribeInstances::default()).await.unwrap();
    assert_eq!(nobody.return_, Some(false), "nc_039");
}

#[tokio::test(start_paused = true)]
async fn nc_038_a_list_needs_no_hypervisor() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    bench.hypervisor.set_reachable(false);
    seconds(600).await;
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Extant"));
    for operation in [Operation::Domains, Operation::State, Operation::Create, Operation::Destroy] {
        bench.hypervisor.set_hanging(operation, true);
    }
    bench.hypervisor.set_reachable(true);
    bench.run("i-2").await;
    bench.reboot("i-1").await;
    let asked = tokio::time::Instant::now();
    assert_eq!(bench.describe("eucalyptus", &[]).await.len(), 2);
    assert_eq!(bench.resource().await.return_, Some(true));
    assert_eq!(asked.elapsed(), Duration::ZERO, "answered at once while every call hangs");
}

#[tokio::test(start_paused = true)]
async fn nc_035_a_torn_down_instance_is_listed_as_such() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    bench.terminate("i-1").await.unwrap();
    seconds(10).await;
    let listed = bench.describe("admin", &[]).await;
    assert_eq!(listed[0].state_name, "Teardown");
}

async fn console(bench: &Bench, user: &str, id: &str) -> Option<String> {
    let request = nc::NcGetConsoleOutput {
        user_id: Some(user.to_owned()),
        instance_id: id.to_owned(),
        ..nc::NcGetConsoleOutput::default()
    };
    let response = bench.node.nc_get_console_output(request).await.unwrap();
    (response.return_ == Some(true)).then_some(response.console_output)
}

#[tokio::test(start_paused = true)]
async fn the_console_is_for_the_owner_and_the_administrator() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    let log = bench.directory("admin", "i-1").join("console.log");
    assert_eq!(std::fs::metadata(&log).unwrap().permissions().mode() & 0o777, 0o660);
    std::fs::remove_file(&log).unwrap();
    assert_eq!(console(&bench, "admin", "i-1").await.as_deref(), Some(""), "nc_088");
    std::fs::write(&log, "hello").unwrap();
    assert_eq!(console(&bench, "admin", "i-1").await.as_deref(), Some("aGVsbG8="), "nc_084");
    assert_eq!(console(&bench, "eucalyptus", "i-1").await.as_deref(), Some("aGVsbG8="), "nc_090");
    assert_eq!(console(&bench, "B", "i-1").await, None);
    assert_eq!(console(&bench, "admin", "i-9").await, None, "nc_091");
    assert_eq!(console(&bench, "admin", "../admin/i-1").await, None);
}

#[tokio::test(start_paused = true)]
async fn the_network_of_system_mode_is_always_ready() {
    let bench = Bench::new().await;
    for vlan in [Some(10), Some(-1), None] {
        let request = nc::NcStartNetwork { vlan, ..nc::NcStartNetwork::default() };
        let response = bench.node.nc_start_network(request).await.unwrap();
        assert_eq!(response.return_, Some(true), "nc_113");
        assert_eq!((response.status_message, response.network_status.as_deref()), (Some(0), Some("SUCCESS")));
    }
    let novlan = Bench::with(|settings| settings.network.mode = euca_node::NetworkMode::ManagedNovlan).await;
    let request = nc::NcStartNetwork {
        correlation_id: Some("c".to_owned()),
        user_id: Some("u".to_owned()),
        vlan: Some(5000),
        ..nc::NcStartNetwork::default()
    };
    let failure = novlan.node.nc_start_network(request).await.unwrap();
    let expected = nc::NcStartNetworkResponse {
        return_: Some(false),
        status_message: Some(2),
        network_status: Some("FAIL".to_owned()),
        ..nc::NcStartNetworkResponse::default()
    };
    assert_eq!(failure, expected, "a failure echoes nothing");
}

#[tokio::test]
async fn power_down_says_yes_and_runs_its_program_once() {
    let iscsi = FakeIscsi::new().unwrap();
    let helper = TestHelper::start(&iscsi, |_| {}).unwrap();
    let trace = iscsi.at("trace");
    let aside = helper.power_down().with_extension("new");
    std::fs::write(&aside, format!("#!/bin/sh\necho down >> {trace:?}\n")).unwrap();
    std::fs::set_permissions(&aside, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(aside, helper.power_down()).unwrap();
    let bench = Bench::with(|settings| settings.helper = helper.socket()).await;
    let response = bench.node.nc_power_down(nc::NcPowerDown::default()).await.unwrap();
    assert_eq!((response.return_, response.status_message), (Some(true), Some(0)), "nc_118");
    let started = Instant::now();
    while !trace.exists() && started.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    bench.node.shutdown().await;
    assert_eq!(iscsi.trace(), ["down"], "nc_118");

    for socket in [helper.socket(), "/nonexistent/socket".into()] {
        std::fs::remove_file(helper.power_down()).unwrap_or_default();
        let bench = Bench::with(|settings| settings.helper = socket).await;
        let response = bench.node.nc_power_down(nc::NcPowerDown::default()).await.unwrap();
        assert_eq!((response.return_, response.status_message), (Some(true), Some(0)), "nc_119");
        bench.node.shutdown().await;
    }
    assert_eq!(iscsi.trace(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn bundles_are_refused_as_the_wire_wants_it() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    let id = Some("i-1".to_owned());
    let describe = |ids: &[&str]| nc::NcDescribeBundleTasks {
        instance_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        ..admin()
    };
    let tasks = bench.node.nc_describe_bundle_tasks(describe(&["i-1", "i-9"])).await.unwrap();
    let task = nc::BundleTask { instance_id: id.clone(), state: Some("none".to_owned()), manifest: None };
    assert_eq!((tasks.return_, tasks.bundle_tasks), (Some(true), vec![task]));
    let tasks = bench.node.nc_describe_bundle_tasks(describe(&[])).await.unwrap();
    assert_eq!(tasks.return_, Some(false), "nc_133");

    let cancel = |instance_id| nc::NcCancelBundleTask { instance_id, ..admin() };
    let canceled = bench.node.nc_cancel_bundle_task(cancel(id.clone())).await.unwrap();
    assert_eq!(canceled.return_, Some(true), "nc_130");
    for unknown in [Some("i-9".to_owned()), None] {
        assert_eq!(bench.node.nc_cancel_bundle_task(cancel(unknown)).await.unwrap().return_, Some(false));
    }

    let refused = Some("admin".to_owned());
    let bundle = nc::NcBundleInstance { instance_id: id, ..admin() };
    let bundle = bench.node.nc_bundle_instance(bundle).await.unwrap();
    assert_eq!((bundle.return_, bundle.user_id), (Some(false), refused));
}
