//! What is shown of a node beside SOAP: timelines, gauges, the monitor's pulse.

use std::time::Duration;

use euca_hypervisor::DomainState;
use euca_hypervisor::recording::Operation::{Create, Domains};
use euca_node::InstanceReport;
use euca_observe::metrics::{Outcome, Resource, State};
use euca_wire::nc;

use crate::bench::{Bench, IMAGE, request, seconds};

/// Every step as `from > to: reason`, and the states chained as they should be.
fn steps(report: &InstanceReport) -> Vec<String> {
    let timeline = report.timeline.as_ref().unwrap();
    for pair in timeline.windows(2) {
        assert_eq!(Some(pair[0].step.to), pair[1].step.from, "{timeline:?}");
        assert!(pair[0].step.at <= pair[1].step.at, "{timeline:?}");
    }
    let steps = timeline.iter().map(|report| {
        let step = &report.step;
        format!("{} > {}: {}", step.from.map_or("", |from| from.name()), step.to.name(), step.reason)
    });
    steps.collect()
}

#[tokio::test(start_paused = true)]
async fn a_life_is_told_from_its_beginning_to_after_its_end_across_a_restart() {
    let mut bench = Bench::new().await;
    bench.running("i-1").await;
    bench.hypervisor.set_state("i-1", DomainState::Paused);
    seconds(6).await;
    bench.restart().await;
    seconds(7).await;
    bench.hypervisor.set_state("i-1", DomainState::ShutOff);
    seconds(12).await;
    let report = bench.node.explain("i-1").unwrap();
    assert_eq!(
        (report.state, report.why.as_str()),
        (Some("Teardown"), "no domain is left; its files are dealt with")
    );
    let told = [
        " > staging: accepted",
        "staging > booting: the domain was created",
        "booting > running: the domain executes",
        "running > paused: the domain is paused",
        "paused > running: the node was started and found the domain",
        "running > paused: the domain is paused",
        "paused > shutoff: the domain has ended",
        "shutoff > teardown: no domain is left; its files are dealt with",
    ];
    assert_eq!(steps(&report), told);
    let listed = bench.node.instance_reports().pop().unwrap();
    assert_eq!((listed.instance, listed.why, listed.timeline), (report.instance, report.why, None));
    seconds(200).await;
    assert!(bench.node.instance_reports().is_empty());
    let report = bench.node.explain("i-1").unwrap();
    assert_eq!((report.state, steps(&report)), (None, told.map(str::to_owned).to_vec()), "forgotten");
    assert_eq!(bench.node.explain("i-2"), None);
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_told_with_its_cause() {
    let bench = Bench::new().await;
    let image_url = "http://127.0.0.1:8773/none".to_owned();
    bench.run_request(nc::NcRunInstance { image_url, ..request("i-1") }).await;
    bench.hypervisor.fail_next(Create, 5);
    bench.run("i-2").await;
    seconds(20).await;
    for (id, step) in [
        (
            "i-1",
            "staging > shutoff: staging failed: its files cannot be staged: http://127.0.0.1:8773/none does not exist",
        ),
        (
            "i-2",
            "staging > shutoff: the domain could not be created: the hypervisor did not help: create domain i-2 failed: by plan",
        ),
    ] {
        assert_eq!(steps(&bench.node.explain(id).unwrap())[1], step);
    }
    bench.running("i-3").await;
    assert!(bench.reboot("i-3").await);
    seconds(6).await;
    bench.hypervisor.fail_next(Create, 5);
    assert!(bench.reboot("i-3").await);
    seconds(20).await;
    let told = steps(&bench.node.explain("i-3").unwrap());
    assert_eq!(told[3], "running > running: rebooted");
    let lost = "running > shutoff: the domain was ended for a reboot and could not be created again: ";
    assert!(told[4].starts_with(lost), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn gauges_and_counters_are_what_there_is() {
    let bench = Bench::new().await;
    bench.running("i-1").await;
    bench.images.put(IMAGE, None);
    bench.run("i-2").await;
    bench.run("i-3").await;
    seconds(6).await;
    bench.terminate("i-3").await.unwrap();
    seconds(10).await;
    bench.node.refresh_metrics();
    let metrics = bench.node.metrics();
    for (state, count) in [("running", 1), ("staging", 1), ("teardown", 1), ("booting", 0)] {
        assert_eq!(metrics.instances.get_or_create(&State { state }).get(), count, "{state}");
    }
    for (resource, all, left) in [("memory_mb", 16128, 16128 - 2 * 512), ("cores", 4, 0)] {
        let resource = Resource { resource };
        assert_eq!(metrics.capacity.get_or_create(&resource).get(), all);
        assert_eq!(metrics.capacity_available.get_or_create(&resource).get(), left);
    }
    for (outcome, count) in [("ok", 1), ("failed", 0), ("called_off", 1)] {
        assert_eq!(metrics.stagings.get_or_create(&Outcome { outcome }).get(), count, "{outcome}");
    }
    assert_eq!(metrics.stagings_running.get(), 1);
    // Kernel, ramdisk and image of the one that got all of them.
    assert_eq!(metrics.staged_bytes.get(), 3 * IMAGE.len() as u64);
    assert_eq!(metrics.transitions.get_or_create(&State { state: "running" }).get(), 1);
    assert_eq!(metrics.hypervisor_connected.get(), 1);
    assert!(metrics.monitor_pass_age_seconds.get() <= 5.0);
}

/// A hypervisor that hangs is a problem of its own and not the loop's.
#[tokio::test(start_paused = true)]
async fn the_monitor_has_a_pulse_while_the_hypervisor_has_none() {
    let mut bench = Bench::new().await;
    let second = Duration::from_secs(1);
    assert!(bench.node.monitor_pulse().beats(second).await);
    assert_eq!(bench.node.hypervisor_answers(), Ok(()));
    bench.hypervisor.set_hanging(Domains, true);
    for _ in 0..20 {
        seconds(1).await;
        assert!(bench.node.monitor_pulse().beats(second).await);
    }
    let problem = bench.node.hypervisor_answers().unwrap_err();
    assert!(problem.contains("no answer within 5s"), "{problem}");
    bench.node.refresh_metrics();
    assert_eq!(bench.node.metrics().hypervisor_connected.get(), 0);
    assert!(bench.node.metrics().monitor_pass_age_seconds.get() > 15.0);

    // nc_020: at start too.
    bench.restart().await;
    seconds(20).await;
    assert!(bench.node.monitor_pulse().beats(second).await);
    assert_eq!(bench.node.instances_are_known(), Err("running domains are not adopted yet".to_owned()));
    bench.hypervisor.set_hanging(Domains, false);
    seconds(12).await;
    assert_eq!((bench.node.instances_are_known(), bench.node.hypervisor_answers()), (Ok(()), Ok(())));
}
