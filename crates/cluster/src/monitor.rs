//! Keeping up with the nodes (cluster-controller.md §5). Every node is polled by a task of its own: what one
//! node does never delays another. What concerns all instances together is swept once a period.
//!
//! ```text
//!   ncDescribeResource ──fails──► down, or woken ──┐
//!          │ ok: node up                           ├── pause ──► again, unless the node sleeps
//!   ncDescribeInstances ──fails or ok──────────────┘
//!          │ ok: nothing runs there, for long
//!          └─────────────────────► powered down
//!   either broken off by a call: again at once, behind that call, and this time to the end (P-10)
//! ```
//! At the start all nodes are polled at once, a bounded number at a time; from then on each has its own place in the
//! period, so that a thousand nodes are a steady load and no burst.

use std::sync::Arc;
use std::time::Duration;

use euca_wire::{CallError, News, NodeApi, Shared, cc, nc};
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::cluster::Cluster;
use crate::instances::Instances;
use crate::network::Network;
use crate::nodes::{Connector, Monitored, Node, Outcome, Poll, Skipped};
use crate::power::Power;

/// Node controllers show all instances only to this user (§4.3).
pub(crate) const MONITOR_USER: &str = "eucalyptus";

/// First polls under way at a time, and how long one of them counts: a node that takes longer keeps no other waiting
/// (P-08).
const FIRST_POLLS: usize = 64;
const FIRST_POLL_COUNTS: Duration = Duration::from_millis(250);
/// How far the polls of one node are from those of the node before, in milliseconds.
const SPREAD: u64 = 5;

impl<C: Connector> Cluster<C> {
    /// Polls every node, now and in future configured, and keeps the virtual network up, until `shutdown` is
    /// cancelled or the cluster is shut down. To be run once.
    pub async fn run_monitor(&self, shutdown: CancellationToken) {
        let work = async {
            tokio::join!(
                self.monitor_nodes(&shutdown),
                self.watch_wire(),
                self.look_up_nodes(),
                self.network.keep_up(self.period.subscribe()),
            );
        };
        tokio::select! {
            biased;
            () = shutdown.cancelled() => {}
            () = self.tasks.stopping().cancelled() => {}
            () = work => {}
        }
    }

    /// Gives every node its task, and forgets what has expired.
    async fn monitor_nodes(&self, shutdown: &CancellationToken) {
        let polls = Polls {
            instances: self.instances.clone(),
            network: self.network.clone(),
            power: self.power.clone(),
            period: self.period.subscribe(),
            first: Arc::new(Semaphore::new(FIRST_POLLS)),
        };
        let mut nodes = self.nodes.subscribe();
        let mut next_sweep = Instant::now();
        let mut place = 0;
        loop {
            let list = nodes.borrow_and_update().clone();
            for node in list.all().iter().filter_map(Node::claim_monitoring) {
                self.monitor(node, polls.clone(), place, shutdown.clone());
                place += 1;
            }
            tokio::select! {
                biased;
                () = self.pulse.answer() => {}
                changed = nodes.changed() => if changed.is_err() { return },
                () = sleep_until(next_sweep) => {
                    self.network.release_all(&self.instances.expire(self.settings.instance_timeout));
                    // Noted when it is so, not only when somebody asks: a restart goes by it.
                    let _ = self.require_all_instances();
                    next_sweep = Instant::now() + *self.period.borrow();
                }
            }
        }
    }

    fn monitor(&self, node: Monitored<C::Node>, polls: Polls, place: u64, shutdown: CancellationToken) {
        let stopping = self.tasks.stopping().clone();
        self.tasks.spawn(async move {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => {}
                () = stopping.cancelled() => {}
                () = node.retired().cancelled() => {}
                () = polls.keep_polling(&node, place) => {}
            }
        });
    }
}

/// What the polls of all nodes have in common.
#[derive(Clone)]
struct Polls {
    instances: Arc<Instances>,
    network: Arc<Network>,
    power: Arc<Power>,
    period: watch::Receiver<Duration>,
    first: Arc<Semaphore>,
}

impl Polls {
    /// Polls the node for ever, at the given place among all nodes.
    async fn keep_polling<N>(&self, node: &Arc<Node<N>>, place: u64)
    where
        N: NodeApi<Error = CallError>,
    {
        let mut known = None;
        let mut polled = self.first_poll(node, &mut known).await;
        let mut first = true;
        loop {
            // A poll that gave way is repeated at once, behind the call it gave way to. Not twice in a row: under a
            // steady load it would never end, and the node's instances would expire.
            let may_give_way = polled != Err(Skipped::GaveWay);
            if may_give_way {
                node.was_polled();
                let period = *self.period.borrow();
                // The second poll comes early by the node's place; from there on the distances stay.
                sleep(if first { period - offset(place, period) } else { period }).await;
                first = false;
            }
            // Boxed: most nodes are between two polls, where they need no room for one.
            polled = Box::pin(self.poll(node, &mut known, may_give_way)).await;
        }
    }

    /// As any poll, but not together with those of all other nodes.
    async fn first_poll<N>(&self, node: &Arc<Node<N>>, known: &mut Known) -> Result<(), Skipped>
    where
        N: NodeApi<Error = CallError>,
    {
        let turn = self.first.acquire().await;
        let mut poll = Box::pin(self.poll(node, known, true));
        let polled = timeout(FIRST_POLL_COUNTS, &mut poll).await;
        drop(turn);
        match polled {
            Ok(polled) => polled,
            Err(_) => poll.await,
        }
    }

    /// One poll: what the node offers, then what it runs, unless that is `known`.
    async fn poll<N>(&self, node: &Arc<Node<N>>, known: &mut Known, may_give_way: bool) -> Result<(), Skipped>
    where
        N: NodeApi<Error = CallError>,
    {
        if self.power.lets_sleep(node) {
            return Ok(());
        }
        let user_id = || Some(MONITOR_USER.to_owned());
        let resources = nc::NcDescribeResource { user_id: user_id(), ..Default::default() };
        let all = nc::NcDescribeInstances { user_id: user_id(), ..Default::default() };
        let mut poll = Poll::new(node, may_give_way);
        match poll.ask(resources, |_| false).await? {
            (asked, Outcome::Ok(News::Told(resources, _))) => node.is_up(resources, asked),
            (_, failed) => {
                drop(poll);
                self.power.poll_failed(node, failed.reason()).await;
                return Ok(());
            }
        }
        let is_known = |fingerprint| {
            let known = known.as_ref().filter(|known| known.0 == fingerprint);
            known.is_some_and(|(_, told)| self.instances.report_again(told))
        };
        let (asked, reported) = poll.ask(all, is_known).await?;
        drop(poll);
        // When this fails, the node stays up and its instances keep their data (§5.3).
        let Outcome::Ok(news) = reported else { return Ok(()) };
        let idle = match news {
            News::Known => known.as_ref().is_some_and(|(_, told)| told.is_empty()),
            News::Told(reported, fingerprint) => {
                let idle = reported.is_empty();
                let report = self.instances.report(node.url(), reported);
                self.network.release_all(&report.gone);
                self.network.adopt_all(&report.found);
                *known = fingerprint.zip(report.told);
                idle
            }
        };
        node.has_reported(asked);
        self.power.told(node, idle).await;
        Ok(())
    }
}

/// The last report of a node's instances: its fingerprint, and what is told since.
type Known = Option<(u64, Vec<Shared<cc::CcInstance>>)>;

/// Where in the period the node at this place is polled.
fn offset(place: u64, period: Duration) -> Duration {
    let period = u64::try_from(period.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(place.wrapping_mul(SPREAD) % period.max(1))
}
