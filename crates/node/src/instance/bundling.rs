//! How an instance is told to bundle, and does it (node-controller.md §10).

use std::sync::Arc;

use euca_hypervisor::Hypervisor;
use euca_image::ImageSource;
use euca_image::bundle::Destination;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::machine::{Bundling, Event};
use super::{Ended, Instance, Order, Reply, Task};
use crate::bundle::Job;
use crate::error::Error;

impl Instance {
    /// Bundles, as soon as the instance has time. Tells when the guest is about to be asked to shut down.
    pub async fn bundle(&self, to: Destination) -> Result<(), Error> {
        // Not worth waiting for: staging may take hours.
        let state = self.record().state;
        if !state.can_be_bundled() {
            return Err(Error::NotBundleable { instance: self.id.clone(), state });
        }
        self.ask(|reply| Order::Bundle(to, reply)).await
    }

    /// Cancels bundling, if it is under way, whatever the instance is doing.
    pub async fn cancel_bundle(&self) {
        let (reply, done) = oneshot::channel();
        // A full queue has the same in it already, and an instance that is gone has nothing to cancel.
        if self.cancellations.try_send(reply).is_ok() {
            let _ = done.await;
        }
    }
}

impl<H: Hypervisor, S: ImageSource> Task<H, S> {
    /// Accepts a bundle, or tells why not. Nobody's guest is shut down for somebody who does not wait any more.
    pub(super) async fn bundle(&mut self, to: Destination, reply: Reply) {
        if reply.is_closed() {
            return;
        }
        let (context, state) = (Arc::clone(&self.context), self.machine.state());
        let prepared = if state.can_be_bundled() {
            context.bundles.prepare(&self.record, &self.files, to).await
        } else {
            Err(Error::NotBundleable { instance: self.record.instance_id.clone(), state })
        };
        let accepted = match prepared {
            Ok(job) => {
                self.job = Some(job);
                self.take(Event::Bundle, None).await;
                Ok(())
            }
            Err(error) => {
                self.take(Event::BundleRefused, None).await;
                Err(error)
            }
        };
        let _ = reply.send(accepted);
    }
}

/// Uploads the disk of a guest that is gone.
pub(super) async fn bundle(job: Option<Job>, abort: CancellationToken) -> Ended {
    let result = match job {
        Some(job) => job.run(&abort).await,
        None => Err(Error::Canceled),
    };
    let outcome = match &result {
        Ok(()) => Bundling::Succeeded,
        Err(Error::Canceled) => Bundling::Cancelled,
        Err(_) => Bundling::Failed,
    };
    Ended::of("bundling", result, |_| Some(Event::Bundled(outcome)))
}
