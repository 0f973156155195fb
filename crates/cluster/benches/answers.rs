//! What the cluster itself costs: answers and node calls without wire, signature or network. The nodes answer
//! at once in the same process.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use criterion::{Criterion, criterion_group, criterion_main};
use euca_cluster::ClusterSettings;
use euca_wire::{ClusterApi, cc, nc};
use tokio::runtime::Runtime;

#[path = "../tests/fleet/mod.rs"]
#[expect(dead_code, clippy::panic, reason = "the tests use more of it")]
mod fleet;
use fleet::{Fleet, World};

fn instance(number: usize) -> nc::Instance {
    let id = format!("{number:08X}");
    nc::Instance {
        reservation_id: format!("r-{id}"),
        instance_id: format!("i-{id}"),
        image_id: "emi-39D3128A".into(),
        kernel_id: Some("eki-F26610D2".into()),
        ramdisk_id: Some("eri-0769113B".into()),
        user_id: "admin".into(),
        key_name: format!("ssh-rsa {} admin@eucalyptus", "A".repeat(360)),
        instance_type: nc::VirtualMachine {
            name: Some("m1.small".into()),
            memory: Some(128),
            cores: Some(1),
            disk: Some(2),
            device_mapping: Vec::new(),
        },
        net_params: Some(nc::NetConfig {
            private_mac_address: "d0:0d:00:00:00:01".into(),
            private_ip: "172.19.1.2".into(),
            public_ip: "10.1.1.1".into(),
            vlan: -1,
            network_index: -1,
        }),
        state_name: "Extant".into(),
        bundle_task_state_name: Some("none".into()),
        launch_time: Some(euca_wire::DateTime::from_unix(1_290_000_000)),
        user_data: Some(String::new()),
        launch_index: Some("0".into()),
        platform: Some("linux".into()),
        group_names: vec!["default".into()],
        ..Default::default()
    }
}

/// Eight nodes with `instances` instances each, all polled.
fn world(runtime: &Runtime, instances: usize) -> World {
    runtime.block_on(async {
        let fleet = Fleet::new();
        let names: Vec<String> = (0..8).map(|n| format!("n{n}")).collect();
        for (n, name) in names.iter().enumerate() {
            let first = n * instances;
            fleet
                .script(name, |script| script.instances = (first..first + instances).map(instance).collect());
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let settings = ClusterSettings { max_instances: 1 << 20, ..Default::default() };
        let world = World::start(settings, fleet, &names);
        while world.cluster.describe_instances(cc::DescribeInstances::default()).await.is_err() {
            tokio::task::yield_now().await;
        }
        world
    })
}

fn answers(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    for instances in [1000, 2000] {
        let world = world(&runtime, instances / 8);
        criterion.bench_function(&format!("DescribeInstances of {instances}"), |bencher| {
            bencher.iter(|| {
                let answer = world.cluster.describe_instances(cc::DescribeInstances::default());
                runtime.block_on(answer).unwrap()
            });
        });
    }
    let world = world(&runtime, 1);
    let mut calls = 0_u32;
    criterion.bench_function("RebootInstances of one known instance", |bencher| {
        bencher.iter(|| {
            let reboot =
                cc::RebootInstances { instance_ids: vec!["i-00000003".into()], ..Default::default() };
            runtime.block_on(world.cluster.reboot_instances(reboot)).unwrap();
            calls += 1;
            if calls.is_multiple_of(10_000) {
                world.fleet.forget_calls();
            }
        });
    });
}

criterion_group!(benches, answers);
criterion_main!(benches);
