//! What tests with real daemons share: an installation in a temporary folder, and daemons that are told to stop,
//! by pid, when their handle goes, however the test ends.

pub mod cloud;
pub mod daemon;
pub mod home;
pub mod images;
pub mod node;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use euca_oracle::clc::Pipeline;
use euca_sim::clc::{Clc, Reply};
use euca_wire::Request;

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

/// Waits for a condition, looking five times a second.
///
/// # Errors
/// The condition's own, or that it is not fulfilled in time.
pub async fn until(
    what: &str,
    limit: Duration,
    mut condition: impl AsyncFnMut() -> Result<bool>,
) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < limit {
        if condition().await? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bail!("waited {limit:?} for {what}")
}
