//! The monitor and what instances conclude from it (node-controller.md §18, Monitoring).

use std::time::{Duration, Instant};

use euca_hypervisor::DomainState;
use euca_hypervisor::recording::Operation::{Destroy, Domains};

use crate::bench::{Bench, seconds};

#[tokio::test(start_paused = true)]
async fn nc_135_a_domain_that_vanishes_is_given_half_a_minute() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    bench.hypervisor.vanish("i-1");
    seconds(24).await;
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Extant"));
    assert!(bench.directory("admin", "i-1").exists());
    seconds(10).await;
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Teardown"));
    assert!(!bench.directory("admin", "i-1").exists());
}

#[tokio::test(start_paused = true)]
async fn nc_137_a_guest_that_shuts_down_keeps_its_files_until_it_is_off() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    bench.hypervisor.set_state("i-1", DomainState::ShuttingDown);
    seconds(40).await;
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Extant"));
    assert!(bench.directory("admin", "i-1").exists());
    bench.hypervisor.vanish("i-1");
    assert_eq!(bench.timeline("i-1", 250).await, "Extant Teardown -");
    assert_eq!(bench.hypervisor.count(Destroy, "i-1"), 0);
    assert!(!bench.directory("admin", "i-1").exists());
}

#[tokio::test(start_paused = true)]
async fn states_that_end_nothing_are_extant() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    // nc_138, nc_139, nc_140
    for state in [DomainState::Paused, DomainState::NoState, DomainState::Blocked, DomainState::Crashed] {
        bench.hypervisor.set_state("i-1", state);
        assert_eq!(bench.timeline("i-1", 300).await, "Extant", "{state:?}");
    }
    assert_eq!(bench.hypervisor.count(Destroy, "i-1"), 0);
}

#[tokio::test(start_paused = true)]
async fn nc_142_a_hypervisor_that_is_away_costs_no_instance_anything() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    bench.hypervisor.set_reachable(false);
    seconds(120).await;
    bench.hypervisor.set_reachable(true);
    bench.hypervisor.set_hanging(Domains, true);
    seconds(120).await;
    bench.hypervisor.set_hanging(Domains, false);
    assert_eq!(bench.timeline("i-1", 60).await, "Extant");
    assert!(bench.directory("admin", "i-1").join("disk").exists());
    // All five passes of grace are still there.
    bench.hypervisor.vanish("i-1");
    seconds(20).await;
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Extant"));
}

#[tokio::test(start_paused = true)]
async fn nc_143_a_domain_that_reappears_after_its_end_is_destroyed() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    bench.terminate("i-1").await.unwrap();
    seconds(1).await;
    bench.hypervisor.set_state("i-1", DomainState::Running);
    assert_eq!(bench.timeline("i-1", 20).await, "Extant Teardown");
    assert_eq!(bench.hypervisor.peek("i-1"), None);
    bench.hypervisor.set_state("i-1", DomainState::Running);
    seconds(10).await;
    assert_eq!(bench.hypervisor.peek("i-1"), None, "and again while it is torn down");
}

#[tokio::test(start_paused = true)]
async fn nc_144_a_torn_down_instance_is_forgotten_after_three_minutes() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    bench.terminate("i-1").await.unwrap();
    while bench.state("i-1").await.as_deref() != Some("Teardown") {
        seconds(1).await;
    }
    seconds(179).await;
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Teardown"));
    seconds(12).await;
    assert_eq!(bench.state("i-1").await, None);
    bench.running("i-1").await;
}

#[tokio::test(start_paused = true)]
async fn addresses_appear_when_the_host_has_seen_them() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    let addresses = |instance: &euca_wire::nc::Instance| {
        let net = instance.net_params.clone().unwrap();
        (net.private_ip, net.public_ip)
    };
    seconds(10).await;
    let unknown = ("0.0.0.0".to_owned(), "0.0.0.0".to_owned());
    assert_eq!(addresses(&bench.describe("admin", &[]).await[0]), unknown, "nc_149");
    let table = "IP address HW type Flags HW address Mask Device\n10.0.0.7 0x1 0x2 d0:0d:41:aa:00:01 * br0\n";
    std::fs::write(&bench.settings.arp_table, table).unwrap();
    seconds(6).await;
    let found = ("10.0.0.7".to_owned(), "10.0.0.7".to_owned());
    assert_eq!(addresses(&bench.describe("admin", &[]).await[0]), found, "nc_147");
    let record = std::fs::read_to_string(bench.directory("admin", "i-1").join("instance.json")).unwrap();
    assert!(record.contains("10.0.0.7"), "and they are kept: {record}");
}

#[tokio::test(start_paused = true)]
async fn nc_150_files_that_cannot_be_deleted_keep_nothing_from_ending() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    let directory = bench.directory("admin", "i-1");
    std::fs::remove_dir_all(&directory).unwrap();
    std::fs::write(&directory, "not a directory").unwrap();
    bench.terminate("i-1").await.unwrap();
    assert_eq!(bench.timeline("i-1", 250).await, "Extant Teardown -");
    assert!(directory.exists());
}

#[tokio::test]
async fn nc_151_a_long_clean_up_holds_up_nobody() {
    let bench = Bench::with(|settings| settings.monitor_period = Duration::from_millis(200)).await;
    bench.running("i-1").await;
    let directory = bench.directory("admin", "i-1");
    let file = |number: usize| directory.join(number.to_string());
    for number in 0..10_000 {
        std::fs::write(file(number), "").unwrap();
    }
    bench.terminate("i-1").await.unwrap();
    let (started, mut answered_meanwhile) = (Instant::now(), 0);
    while bench.state("i-1").await.as_deref() == Some("Extant") {
        bench.describe("eucalyptus", &[]).await;
        let left = (0..10_000).step_by(250).filter(|number| file(*number).exists()).count();
        answered_meanwhile += usize::from((1..40).contains(&left));
        assert!(started.elapsed() < Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(!directory.exists());
    // There is one thread for everything: what blocks it lets nobody see files go.
    assert!(answered_meanwhile > 0);
    bench.node.shutdown().await;
}
