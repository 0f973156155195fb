//! Start-up, adoption and what is deleted (node-controller.md §18, Start-up and adoption).

use std::path::Path;
use std::time::Duration;

use euca_hypervisor::DomainState;
use euca_hypervisor::recording::Operation::{Create, Destroy, Domains};
use euca_hypervisor::recording::Recording;
use euca_node::Error;
use euca_wire::{DateTime, NodeApi, nc};

use crate::bench::{Bench, IMAGE, Images, seconds, start};
use crate::checkpoint::checkpoint;

#[tokio::test(start_paused = true)]
async fn nc_016_a_running_domain_is_adopted_with_all_that_was_known_of_it() {
    let mut bench = Bench::new().await;
    bench.running("i-1").await;
    let before = bench.describe("admin", &[]).await;
    bench.restart().await;
    assert_eq!(bench.describe("admin", &[]).await, before, "listed from the first answer on");
    assert!(bench.directory("admin", "i-1").join("disk").exists());
    assert_eq!(bench.timeline("i-1", 60).await, "Extant");
    assert_eq!((bench.hypervisor.count(Create, "i-1"), bench.hypervisor.count(Destroy, "i-1")), (1, 0));
    // nc_152
    bench.hypervisor.vanish("i-1");
    assert_eq!(bench.timeline("i-1", 250).await, "Extant Teardown -");
    assert!(!bench.directory("admin", "i-1").exists());
}

#[tokio::test(start_paused = true)]
async fn nc_022_what_the_original_left_running_is_adopted() {
    let mut bench = Bench::new().await;
    for id in ["i-1", "i-2", "i-3"] {
        bench.running(id).await;
    }
    let checkpoint = checkpoint("i-1", "admin");
    for (id, bytes) in [("i-1", &checkpoint[..]), ("i-2", &checkpoint[..]), ("i-3", &checkpoint[..715_735])] {
        let directory = bench.directory("admin", id);
        std::fs::remove_file(directory.join("instance.json")).unwrap();
        std::fs::write(directory.join("instance-checkpoint"), bytes).unwrap();
    }
    bench.restart().await;
    let listed = bench.describe("eucalyptus", &[]).await;
    let [instance] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!((instance.instance_id.as_str(), instance.user_id.as_str()), ("i-1", "admin"));
    assert_eq!((instance.state_name.as_str(), instance.image_id.as_str()), ("Extant", "emi-1"));
    assert_eq!(instance.kernel_id.as_deref(), Some("eki-1"));
    assert_eq!(instance.launch_time, Some(DateTime::from_unix(1_300_000_000)));
    assert_eq!(instance.net_params.as_ref().unwrap().public_ip, "192.168.1.7");
    assert_eq!(instance.group_names, ["default", "web"]);
    let [volume] = instance.volumes.as_slice() else { panic!("{:?}", instance.volumes) };
    assert_eq!(volume.volume_id.as_deref(), Some("vol-1"));
    assert_eq!(volume.remote_dev.as_deref(), Some("/dev/etherd/e0.1"));
    assert_eq!(volume.local_dev.as_deref(), Some("unknown,requested:/dev/sdb"));
    assert_eq!(volume.state.as_deref(), Some("attached"));
    // Another's, and st_t063: one that is cut short. Their domains and files are left alone.
    for id in ["i-2", "i-3"] {
        assert_eq!(bench.hypervisor.peek(id), Some(DomainState::Running), "{id}");
        assert!(bench.directory("admin", id).join("disk").exists(), "{id}");
    }
    bench.terminate("i-1").await.unwrap();
    assert_eq!(bench.timeline("i-1", 250).await, "Extant Teardown -");
    assert!(!bench.directory("admin", "i-1").exists());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_stops_between_creation_and_first_sight_finds_its_domain_again() {
    let mut bench = Bench::new().await;
    bench.run("i-1").await;
    seconds(1).await;
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Pending"));
    bench.restart().await;
    assert_eq!(bench.timeline("i-1", 60).await, "Extant");
}

#[tokio::test(start_paused = true)]
async fn what_has_a_live_domain_keeps_its_files_adopted_or_not() {
    let mut bench = Bench::new().await;
    for id in ["i-1", "i-2", "i-3"] {
        bench.running(id).await;
    }
    std::fs::write(bench.directory("admin", "i-1").join("instance.json"), "{ \"version\"").unwrap();
    std::fs::remove_dir_all(bench.directory("admin", "i-2")).unwrap();
    bench.hypervisor.set_state("i-3", DomainState::ShutOff);
    bench.restart().await;
    assert_eq!(bench.state("i-1").await, None, "nc_017");
    assert!(bench.directory("admin", "i-1").join("disk").exists(), "nc_017");
    assert_eq!(bench.state("i-2").await, None, "nc_018");
    assert_eq!(bench.state("i-3").await, None, "nc_019");
    assert!(!bench.directory("admin", "i-3").exists(), "nc_019");
    seconds(60).await;
    for id in ["i-1", "i-2"] {
        assert_eq!(bench.hypervisor.peek(id), Some(DomainState::Running), "{id}: nc_018");
    }
}

#[tokio::test(start_paused = true)]
async fn nc_020_a_hypervisor_that_is_away_at_start_delays_adoption_and_deletes_nothing() {
    let mut bench = Bench::new().await;
    bench.running("i-1").await;
    let dead = bench.directory("admin", "i-2");
    std::fs::create_dir_all(&dead).unwrap();
    bench.hypervisor.set_reachable(false);
    bench.restart().await;
    seconds(300).await;
    // A host that seemed empty would be put to sleep.
    let everybody = nc::NcDescribeInstances { user_id: Some("eucalyptus".to_owned()), ..Default::default() };
    let listed = bench.node.nc_describe_instances(everybody).await.unwrap();
    assert_eq!((listed.return_, listed.instances), (Some(false), vec![]));
    let left = bench.resource().await;
    assert_eq!((left.return_, left.node_status.as_str(), left.memory_size_available), (Some(false), "", 0));
    let asleep = bench.node.nc_power_down(nc::NcPowerDown::default()).await.unwrap();
    assert_eq!((asleep.return_, asleep.status_message), (Some(false), Some(2)));
    assert!(bench.directory("admin", "i-1").exists() && dead.exists());
    assert_eq!(bench.run("i-3").await.return_, Some(false), "no new instance before the old ones are known");
    bench.hypervisor.set_hanging(Domains, true);
    bench.hypervisor.set_reachable(true);
    seconds(300).await;
    assert!(dead.exists());
    bench.hypervisor.set_hanging(Domains, false);
    seconds(15).await;
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Extant"));
    assert!(!dead.exists());
    assert_eq!(bench.resource().await.memory_size_available, 16128 - 512);
    bench.running("i-3").await;
}

#[tokio::test(start_paused = true)]
async fn nc_021_an_instance_that_was_staging_is_forgotten_with_its_files() {
    let mut bench = Bench::new().await;
    bench.images.put(IMAGE, None);
    bench.run("i-1").await;
    seconds(5).await;
    assert!(bench.directory("admin", "i-1").exists());
    bench.restart().await;
    assert_eq!(bench.state("i-1").await, None);
    assert!(!bench.directory("admin", "i-1").exists());
}

#[tokio::test(start_paused = true)]
async fn a_promised_termination_is_kept_after_a_restart() {
    let mut bench = Bench::new().await;
    bench.running("i-1").await;
    bench.hypervisor.set_reachable(false);
    assert!(bench.terminate("i-1").await.is_some());
    bench.node.shutdown().await;
    bench.hypervisor.set_reachable(true);
    bench.restart().await;
    assert_eq!(bench.timeline("i-1", 250).await, "Extant Teardown -");
    assert_eq!(bench.hypervisor.peek("i-1"), None);
    assert!(!bench.directory("admin", "i-1").exists());
}

#[tokio::test(start_paused = true)]
async fn nc_077_a_reboot_that_a_restart_interrupts_goes_on_after_it() {
    let mut bench = Bench::new().await;
    bench.running("i-1").await;
    let disk = bench.directory("admin", "i-1").join("disk");
    let xml = bench.hypervisor.xml("i-1");
    bench.hypervisor.set_latency(Create, Duration::from_secs(50));
    assert!(bench.reboot("i-1").await);
    seconds(1).await;
    // A second restart interrupts the rest of it, too.
    for _ in 0..2 {
        assert_eq!(bench.hypervisor.peek("i-1"), None, "destroyed, and not created again yet");
        bench.restart().await;
        assert_eq!(bench.timeline("i-1", 35).await, "Extant");
        assert!(disk.exists());
    }
    assert_eq!(bench.timeline("i-1", 60).await, "Extant");
    assert_eq!(
        (bench.hypervisor.peek("i-1"), bench.hypervisor.xml("i-1")),
        (Some(DomainState::Running), xml)
    );
    assert_eq!(bench.hypervisor.count(Destroy, "i-1"), 1);

    // Once it is rebooted, a domain that is gone is gone.
    bench.node.shutdown().await;
    bench.hypervisor.vanish("i-1");
    bench.restart().await;
    assert_eq!((bench.state("i-1").await, disk.exists()), (None, false));
}

#[tokio::test(start_paused = true)]
async fn a_reboot_that_cannot_go_on_after_a_restart_ends_its_instance() {
    // Terminated before the restart; created by nobody; without its document.
    for case in ["terminated", "refused", "no document"] {
        let mut bench = Bench::new().await;
        bench.running("i-1").await;
        bench.hypervisor.set_latency(Create, Duration::from_secs(50));
        assert!(bench.reboot("i-1").await);
        seconds(1).await;
        match case {
            "terminated" => assert!(bench.terminate("i-1").await.is_some()),
            "refused" => bench.hypervisor.fail_next(Create, 99),
            _ => std::fs::remove_file(bench.directory("admin", "i-1").join("libvirt.xml")).unwrap(),
        }
        bench.restart().await;
        let life = bench.timeline("i-1", 600).await;
        assert_eq!(life, if case == "terminated" { "-" } else { "Extant Teardown -" }, "{case}");
        assert_eq!(bench.hypervisor.peek("i-1"), None, "{case}");
        assert!(!bench.directory("admin", "i-1").exists(), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn nc_016_a_guest_that_was_revived_from_the_files_that_stayed_is_adopted() {
    let mut bench = Bench::with(|settings| settings.keep_files = true).await;
    bench.running("i-1").await;
    assert!(bench.terminate("i-1").await.is_some());
    assert_eq!(bench.timeline("i-1", 250).await, "Extant Teardown -");
    bench.hypervisor.set_state("i-1", DomainState::Running);
    bench.restart().await;
    assert_eq!(bench.timeline("i-1", 60).await, "Extant");
    assert_eq!(bench.hypervisor.peek("i-1"), Some(DomainState::Running));
    // It can be terminated like any other.
    assert!(bench.terminate("i-1").await.is_some());
    assert_eq!(bench.timeline("i-1", 250).await, "Extant Teardown -");
    assert_eq!(bench.hypervisor.peek("i-1"), None);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_but_dead_instances() {
    let mut bench = Bench::new().await;
    let root = bench.settings.instance_path.clone();
    bench.running("i-41AA0000").await;
    let cached = || std::fs::read_dir(root.join("eucalyptus/cache/v2")).unwrap().count();
    let kept = ["admin/precious/file", "top", "admin/i-not-an-id/file", "admin/i-41AA0000/disk"];
    // The image in the cache is one of 2.0.1, which had no digest beside it.
    let gone = [
        "eucalyptus/work/i-1/part",
        "eucalyptus/cache/emi-1/disk",
        "admin/i-41AA0001/disk",
        "B/i-abcde/disk",
    ];
    for file in kept.iter().chain(&gone) {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "x").unwrap();
    }
    std::os::unix::fs::symlink(root.join("admin/precious"), root.join("admin/i-00000001")).unwrap();
    assert_eq!(cached(), 3);
    let exist = |files: &[&str]| files.iter().map(|file| root.join(file).exists()).collect::<Vec<_>>();

    bench.settings.keep_files = true;
    bench.restart().await;
    assert_eq!(exist(&gone[2..]), [true; 2], "an operator who keeps files keeps them here too (Q-40)");
    bench.settings.keep_files = false;
    std::fs::remove_file(root.join(".eucalyptus-instances")).unwrap();
    bench.restart().await;
    assert_eq!(
        exist(&gone[2..]),
        [true; 2],
        "st_t060: nothing is deleted where this program has not been before"
    );
    bench.restart().await;
    assert_eq!(exist(&gone), [false; 4], "nc_023 nc_024 st_t059 st_t061");
    assert_eq!(exist(&kept), [true; 4], "nc_023 st_t059");
    assert_eq!(cached(), 3, "nc_023: images stay");
}

#[tokio::test(start_paused = true)]
async fn settings_that_cannot_work_are_refused_before_anything_happens() {
    let bench = Bench::new().await;
    type Change = fn(&mut euca_node::NodeSettings);
    let rows: [(&str, Change); 6] = [
        ("nc_003 st_t060: no directory", |settings| settings.instance_path = "/nonexistent".into()),
        ("nc_003: a file", |settings| settings.instance_path = "/etc/passwd".into()),
        ("relative", |settings| settings.instance_path = "tmp".into()),
        ("st_t060: root", |settings| settings.instance_path = "/".into()),
        ("no bridge", |settings| settings.network.bridge = None),
        ("no interface", |settings| settings.network.mode = euca_node::NetworkMode::Managed),
    ];
    for (name, change) in rows {
        let mut settings = bench.settings.clone();
        change(&mut settings);
        let hypervisor = Recording::default();
        let node = start(&settings, &hypervisor, &Images::default()).await;
        assert!(matches!(node, Err(Error::Setting { .. })), "{name}");
        assert_eq!(hypervisor.count(Domains, ""), 0, "{name}");
    }
    assert!(!Path::new("tmp").exists());
}
