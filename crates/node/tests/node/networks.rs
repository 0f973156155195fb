//! Networks in MANAGED mode: a bridge per VLAN, as long as there are guests (node-controller.md §5.9, network.md §3.4).

use std::collections::BTreeSet;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use euca_hypervisor::recording::Operation::{Create, Domains};
use euca_node::{NetworkMode, Vlans};
use euca_vnet_host::links::Error;
use euca_wire::{NodeApi, nc};
use futures_util::future::BoxFuture;
use tokio::time::sleep;

use crate::bench::{Bench, request, seconds};

/// VLANs in the record only. Each takes a while, and never two at once.
#[derive(Debug, Default)]
struct Recorded {
    done: Mutex<Vec<String>>,
    /// The VLANs that have a bridge.
    present: Mutex<BTreeSet<u16>>,
    busy: AtomicBool,
    failing: AtomicBool,
}

impl Recorded {
    fn record(&self, what: &'static str, vlan: u16) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            assert!(!self.busy.swap(true, Ordering::SeqCst), "net_t263: one after the other");
            sleep(Duration::from_millis(100)).await;
            self.busy.store(false, Ordering::SeqCst);
            self.done.lock().unwrap().push(format!("{what} {vlan}"));
            if self.failing.load(Ordering::SeqCst) {
                return Err(Error::List(io::ErrorKind::PermissionDenied.into()));
            }
            let mut present = self.present.lock().unwrap();
            if what == "start" {
                present.insert(vlan)
            } else {
                present.remove(&vlan)
            };
            Ok(())
        })
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.done.lock().unwrap())
    }
}

impl Vlans for Recorded {
    fn start(&self, vlan: u16) -> BoxFuture<'_, Result<(), Error>> {
        self.record("start", vlan)
    }

    fn stop(&self, vlan: u16) -> BoxFuture<'_, Result<(), Error>> {
        self.record("stop", vlan)
    }

    fn present(&self) -> BoxFuture<'_, Result<Vec<u16>, Error>> {
        let present = self.present.lock().unwrap().iter().copied().collect();
        Box::pin(async { Ok(present) })
    }
}

async fn managed() -> (Bench, Arc<Recorded>) {
    let vlans = Arc::new(Recorded::default());
    let bench = Bench::with(|settings| {
        settings.network.mode = NetworkMode::Managed;
        settings.network.bridge = None;
        settings.vlans = Some(vlans.clone());
    })
    .await;
    (bench, vlans)
}

fn on_vlan(id: &str, vlan: i32) -> nc::NcRunInstance {
    let mut request = request(id);
    request.net_params.vlan = vlan;
    request
}

#[tokio::test(start_paused = true)]
async fn a_network_is_started_when_the_cluster_asks() {
    let (bench, vlans) = managed().await;
    // vlan, what is done, whether that fails, answer
    let rows = [
        (10, vec!["start 10"], false, (true, "SUCCESS", 0)), // nc_114
        (10, vec!["start 10"], false, (true, "SUCCESS", 0)), // nc_115
        (0, vec![], false, (true, "SUCCESS", 0)),            // net_t113
        (5000, vec![], false, (false, "FAIL", 2)),           // nc_116
        (-1, vec![], false, (false, "FAIL", 2)),             // nc_116, net_t113
        (11, vec!["start 11"], true, (false, "FAIL", 2)),    // nc_117
    ];
    for (vlan, done, failing, (accepted, status, message)) in rows {
        vlans.failing.store(failing, Ordering::SeqCst);
        let request = nc::NcStartNetwork { vlan: Some(vlan), ..nc::NcStartNetwork::default() };
        let response = bench.node.nc_start_network(request).await.unwrap();
        let told = (response.return_, response.network_status.as_deref(), response.status_message);
        assert_eq!(told, (Some(accepted), Some(status), Some(message)), "{vlan}");
        assert_eq!(vlans.take(), done, "{vlan}");
    }
}

#[tokio::test(start_paused = true)]
async fn nc_146_a_network_is_stopped_once_with_its_last_guest() {
    let (bench, vlans) = managed().await;
    for id in ["i-1", "i-2"] {
        bench.running(id).await;
    }
    assert_eq!(bench.run_request(on_vlan("i-3", 11)).await.return_, Some(true));
    seconds(20).await;
    assert_eq!(vlans.take(), ["start 10", "start 10", "start 11"]);
    let xml = bench.hypervisor.xml("i-1").unwrap();
    assert!(xml.contains("'eucabr10'") || xml.contains("\"eucabr10\""), "{xml}");

    // Both within one pass of the monitor, and apart.
    bench.terminate("i-1").await.unwrap();
    bench.terminate("i-2").await.unwrap();
    seconds(30).await;
    assert_eq!(bench.state("i-2").await.as_deref(), Some("Teardown"));
    assert_eq!(vlans.take(), ["stop 10"], "nc_146, net_t263");

    for id in ["i-4", "i-5"] {
        bench.running(id).await;
    }
    vlans.take();
    bench.terminate("i-4").await.unwrap();
    seconds(40).await;
    assert_eq!(vlans.take(), [""; 0], "i-5 is there");
    bench.terminate("i-5").await.unwrap();
    seconds(40).await;
    assert_eq!(vlans.take(), ["stop 10"], "net_t263: i-4 is listed still, and does not count");
    assert_eq!(bench.state("i-4").await.as_deref(), Some("Teardown"));
    seconds(400).await;
    assert_eq!(vlans.take(), [""; 0], "i-3 is on another");
}

#[tokio::test(start_paused = true)]
async fn a_guest_without_a_network_is_not_launched() {
    let (bench, vlans) = managed().await;
    for (id, vlan) in [("i-1", 5000), ("i-2", 0)] {
        assert_eq!(bench.run_request(on_vlan(id, vlan)).await.return_, Some(true));
        assert_eq!(bench.timeline(id, 300).await, "Pending Extant Teardown -", "nc_053 {id}");
        assert_eq!(bench.hypervisor.count(Create, id), 0, "nc_053 {id}");
        assert_eq!(vlans.take(), [""; 0], "nc_053 {id}");
    }
    vlans.failing.store(true, Ordering::SeqCst);
    bench.run("i-3").await;
    assert_eq!(bench.timeline("i-3", 300).await, "Pending Extant Teardown -");
    assert_eq!(vlans.take()[0], "start 10");
    vlans.failing.store(false, Ordering::SeqCst);

    bench.hypervisor.fail_next(Create, 99);
    bench.run("i-4").await;
    assert_eq!(bench.timeline("i-4", 300).await, "Pending Extant Teardown -", "nc_057");
    assert_eq!(vlans.take(), ["start 10", "stop 10"], "nc_057");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_started_again_stops_the_network_of_a_guest_it_has_adopted() {
    let (mut bench, vlans) = managed().await;
    bench.running("i-1").await;
    bench.restart().await;
    vlans.take();
    seconds(10).await;
    bench.terminate("i-1").await.unwrap();
    seconds(30).await;
    assert_eq!(vlans.take(), ["stop 10"]);
}

/// Not before it is certain who is gone.
#[tokio::test(start_paused = true)]
async fn a_node_that_is_started_again_stops_the_networks_of_guests_that_are_gone() {
    let (mut bench, vlans) = managed().await;
    bench.running("i-1").await;
    for (id, vlan) in [("i-2", 11), ("i-3", 12)] {
        assert_eq!(bench.run_request(on_vlan(id, vlan)).await.return_, Some(true));
    }
    seconds(20).await;
    vlans.take();
    bench.hypervisor.vanish("i-2");
    bench.hypervisor.vanish("i-3");
    bench.hypervisor.fail_next(Domains, 5);
    bench.restart().await;
    assert_eq!(vlans.take(), [""; 0], "the hypervisor has not answered");
    seconds(60).await;
    assert_eq!(vlans.take(), ["stop 11", "stop 12"]);
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Extant"));
}
