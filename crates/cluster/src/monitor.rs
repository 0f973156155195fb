//! Keeping up with the nodes (cluster-controller.md §5). Every node is polled by a task of its own: what one
//! node does never delays another. What concerns all instances together - expiry, addresses - is swept once a
//! period.
//!
//! ```text
//!   ncDescribeResource ──fails──► node down ─┐
//!          │ ok: node up                     ├── pause ──► again
//!   ncDescribeInstances ──fails or ok────────┘
//!          └─ either broken off by a call: again at once, behind that call, and this time to the end (P-10)
//! ```

use std::sync::Arc;
use std::time::Duration;

use euca_wire::{CallError, NodeApi, nc};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::cluster::Cluster;
use crate::instances::Instances;
use crate::nodes::{Connector, Monitored, Node, Outcome, Skipped};
use crate::settings::NetworkMode;

/// Node controllers show all instances only to this user (§4.3).
const MONITOR_USER: &str = "eucalyptus";

impl<C: Connector> Cluster<C> {
    /// Polls every node, now and in future configured, until `shutdown` is cancelled or the cluster is shut
    /// down. To be run once.
    pub async fn run_monitor(&self, shutdown: CancellationToken) {
        let mut nodes = self.nodes.subscribe();
        let mut next_sweep = Instant::now();
        let ended = self.tasks.stopping().clone();
        loop {
            let list = nodes.borrow_and_update().clone();
            for node in list.all().iter().filter_map(Node::claim_monitoring) {
                self.monitor(node, shutdown.clone());
            }
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return,
                () = ended.cancelled() => return,
                () = self.pulse.answer() => {}
                changed = nodes.changed() => if changed.is_err() { return },
                () = sleep_until(next_sweep) => {
                    self.sweep().await;
                    next_sweep = Instant::now() + *self.period.borrow();
                }
            }
        }
    }

    fn monitor(&self, node: Monitored<C::Node>, shutdown: CancellationToken) {
        let (instances, period) = (self.instances.clone(), self.period.subscribe());
        let stopping = self.tasks.stopping().clone();
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => {}
                () = stopping.cancelled() => {}
                () = node.retired().cancelled() => {}
                () = keep_polling(&node, &instances, &period) => {}
            }
        });
    }

    /// Forgets expired instances and looks for addresses still unknown.
    async fn sweep(&self) {
        self.instances.expire(self.settings.instance_timeout);
        // Only without virtual networks is the address on the wire also the public one.
        let public = matches!(self.settings.network_mode, NetworkMode::System | NetworkMode::Static);
        if !self.instances.lack_addresses(public) {
            return;
        }
        match self.addresses.neighbours().await {
            Ok(neighbours) => self.instances.discover_addresses(&neighbours, public),
            Err(error) => tracing::warn!(%error, "neighbours cannot be read, no address discovered"),
        }
    }
}

async fn keep_polling<N>(node: &Arc<Node<N>>, instances: &Instances, period: &watch::Receiver<Duration>)
where
    N: NodeApi<Error = CallError>,
{
    let mut may_give_way = true;
    loop {
        let skipped = poll(node, instances, may_give_way).await.err();
        // A poll that gave way is repeated at once, behind the call it gave way to. Not twice in a row: under a
        // steady load it would never end, and the node's instances would expire.
        may_give_way = skipped != Some(Skipped::GaveWay);
        if may_give_way {
            node.was_polled();
            let pause = *period.borrow();
            sleep(pause).await;
        }
    }
}

/// One poll: what the node offers, then what it runs.
async fn poll<N>(node: &Arc<Node<N>>, instances: &Instances, may_give_way: bool) -> Result<(), Skipped>
where
    N: NodeApi<Error = CallError>,
{
    let user_id = || Some(MONITOR_USER.to_owned());
    let resources = nc::NcDescribeResource { user_id: user_id(), ..Default::default() };
    match node.poll(resources, may_give_way).await? {
        (asked, Outcome::Ok(resources)) => node.is_up(resources, asked),
        (_, failed) => {
            node.is_down(failed.reason());
            return Ok(());
        }
    }
    let all = nc::NcDescribeInstances { user_id: user_id(), ..Default::default() };
    // When this fails, the node stays up and its instances keep their data (§5.3).
    if let (_, Outcome::Ok(reported)) = node.poll(all, may_give_way).await? {
        instances.report(node.url(), reported);
    }
    Ok(())
}
