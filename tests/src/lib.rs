//! What tests with real daemons share: an installation in a temporary folder, and daemons that are told to stop,
//! by pid, when their handle goes, however the test ends.

pub mod admin;
pub mod client;
pub mod cloud;
pub mod daemon;
pub mod disk;
pub mod faults;
pub mod helper;
pub mod home;
pub mod images;
pub mod kill;
pub mod node;
pub mod stage;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use euca_oracle::clc::Pipeline;
use euca_sim::clc::{Clc, Reply};
use euca_wire::{Request, cc};

/// Sends a request as the CLC does and has the CLC's own parser judge what comes back: a reply that it can read
/// in full, or a fault that it can read.
///
/// # Errors
/// No reply, or one the CLC cannot read.
pub async fn ask<Q: Request>(clc: &Clc, request: &Q) -> Result<Reply> {
    let operation = Q::OPERATION.name;
    let pipeline = Pipeline::of(operation);
    let reply = clc.send(request).await?;
    let judged = match reply.text().contains("<soapenv:Fault>") {
        true => euca_oracle::clc_fault(pipeline, &reply.raw).map(|_| ()),
        false => euca_oracle::clc_reply(pipeline, operation, &reply.raw).map(|_| ()),
    };
    match judged {
        Ok(()) => Ok(reply),
        Err(findings) => bail!("{operation}: {findings:?}: {}", reply.text()),
    }
}

/// How long anything may take that hangs if it takes longer: nothing in a test is as slow as that on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Waits for a condition, looking five times a second.
///
/// # Errors
/// The condition's own, or that it is not fulfilled in [`PATIENCE`].
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if condition().await? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bail!("waited {PATIENCE:?} for {what}")
}

/// A request for one small instance as a CLC without managed networks sends it (clc.md §7.2); nobody serves its
/// image.
pub fn run_instances(id: &str) -> cc::RunInstances {
    cc::RunInstances {
        correlation_id: Some(format!("run-{id}")),
        user_id: Some("alice".to_owned()),
        image_id: Some("emi-12345678".to_owned()),
        image_url: Some("http://127.0.0.1:1/image".to_owned()),
        instance_type: Some(machine()),
        key_name: Some(String::new()),
        max_count: 1,
        min_count: 1,
        reservation_id: "r-41D30C2E".to_owned(),
        instance_ids: vec![id.to_owned()],
        net_names: vec!["default".to_owned()],
        mac_addresses: vec!["d0:0d:00:00:00:00".to_owned()],
        network_index_list: vec![-1],
        vlan: -1,
        launch_index: "0".to_owned(),
        platform: Some("linux".to_owned()),
        ..Default::default()
    }
}

/// A type that fits wherever the tests run: guests of 128 MiB.
pub fn machine() -> cc::VirtualMachine {
    cc::VirtualMachine {
        name: Some("m1.small".to_owned()),
        memory: Some(128),
        cores: Some(1),
        disk: Some(1),
        ..Default::default()
    }
}
