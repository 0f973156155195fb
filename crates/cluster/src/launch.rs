//! Bringing one placed instance to its node: asks the node until it accepts, in the background
//! (cluster-controller.md §8.5).
//!
//! ```text
//!   round: ncStartNetwork, ncRunInstance ──accepted───────────────► settled
//!      ▲          │ failed                ──reported by the node──► released   (Q-28)
//!      └── 1 s ───┘                       ──terminated─────────────► released  (Q-13)
//!                                         ──wake threshold over────► released  (Q-29)
//! ```
//! A launch that is given up has nothing to show for: its instance's address is free again (Q-29). Unless a call was
//! not answered: then the node may run the instance all the same, and has the address until it says that it does not.
//! Under POWERSAVE a node that takes long is woken again and again: its polls, which would do it, stand in line behind
//! the launch.
//! The instance's record is not touched: its state comes from polling, and it expires like any other.

use std::sync::Arc;
use std::time::Duration;

use euca_wire::{CallError, NodeApi, Request as _, nc};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::durable;
use crate::instances::Instances;
use crate::network::Network;
use crate::nodes::{Node, Outcome, PER_NODE};
use crate::observed::Attempt;
use crate::power::Power;
use crate::schedule::NodeState;
use crate::tasks::Tasks;

const PAUSE: Duration = Duration::from_secs(1);
/// How long a call that was not answered may still be carried out.
const STRAGGLERS: Duration = Duration::from_secs(60);

/// What all launches have in common.
#[derive(Clone)]
pub(crate) struct Launcher {
    pub(crate) tasks: Tasks,
    pub(crate) instances: Arc<Instances>,
    pub(crate) network: Arc<Network>,
    pub(crate) power: Arc<Power>,
    pub(crate) clock: Arc<dyn Clock>,
    /// How long a launch is retried, counted from when it was accepted.
    pub(crate) window: Duration,
}

impl Launcher {
    /// What ends a launch: a child of what ends everything.
    pub(crate) fn end(&self) -> CancellationToken {
        self.tasks.stopping().child_token()
    }

    /// Brings an instance to `node` in the background, in what is left of its time, and has the node woken if it
    /// sleeps. A launch that `goes_on` has asked the node before, nobody knows with what result.
    pub(crate) fn begin<N>(
        &self,
        node: Arc<Node<N>>,
        launch: durable::Launch,
        ended: CancellationToken,
        goes_on: bool,
    ) where
        N: NodeApi<Error = CallError>,
    {
        // A clock that was put back gives a launch more time, never less.
        let elapsed = self.clock.now().unix().saturating_sub(launch.begun.unix()).max(0).unsigned_abs();
        let left = self.window.saturating_sub(Duration::from_secs(elapsed));
        if node.state() == NodeState::Asleep {
            let (power, node) = (self.power.clone(), node.clone());
            self.tasks.spawn(async move { power.rouse(&node).await });
        }
        let Self { instances, network, power, .. } = self.clone();
        let stopping = self.tasks.stopping().clone();
        self.tasks.spawn(async move {
            let order = &launch.order;
            // By the end of an instance that is told no more, or by a report of it, or by a shutdown.
            let called_off = || instances.find(&order.instance_id).is_none() && !stopping.is_cancelled();
            let free = match self::launch(&node, &power, order.clone(), (left, goes_on), &ended).await {
                Ended::Accepted => false,
                Ended::GivenUp => true,
                Ended::CalledOff => called_off(),
                Ended::InDoubt => {
                    // A node that is not configured any more is not asked any more either.
                    let denied = node.retired().run_until_cancelled(denial(&node));
                    // The report that denies a launch may as well be the one that ends it.
                    tokio::select! {
                        biased;
                        () = ended.cancelled() => called_off(),
                        _ = denied => true,
                    }
                }
            };
            if free {
                network.release_order(order);
            }
            instances.launch_is_over(&order.instance_id);
        });
    }
}

/// Waits until `node` has reported its instances, asked so long after the last call of a launch that nothing of that
/// can be on its way any more. Had it reported the launched one, that had ended the launch.
async fn denial<N>(node: &Node<N>) {
    node.reported_after(Instant::now() + STRAGGLERS).await;
    tracing::info!(node = node.url(), "node does not have the instance");
}

/// How a launch has ended.
enum Ended {
    /// The node has the instance.
    Accepted,
    /// Somebody has ended it.
    CalledOff,
    /// The node has not accepted the instance in time.
    GivenUp,
    /// The same, as far as is known.
    InDoubt,
}

/// Asks `node` to run the instance until it does, until `ended` is cancelled, or until `window` is over. The
/// node never changes. Its reservation is settled or released at the end. `in_doubt` says whether the node may have
/// accepted it before.
async fn launch<N>(
    node: &Arc<Node<N>>,
    power: &Power,
    request: nc::NcRunInstance,
    (window, mut in_doubt): (Duration, bool),
    ended: &CancellationToken,
) -> Ended
where
    N: NodeApi<Error = CallError>,
{
    let id = request.instance_id.clone();
    let network = nc::NcStartNetwork {
        user_id: request.user_id.clone(),
        remote_host_port: Some(0),
        vlan: Some(request.net_params.vlan),
        ..Default::default()
    };
    let observed = node.observed().clone();
    let course = observed.launch(&id, window);
    let begun = Instant::now();
    let mut rounds = 0_u32;
    let mut woken = begun;
    while begun.elapsed() < window && !ended.is_cancelled() {
        rounds = course.round(&observed.metrics);
        // Its result decides nothing: a node that cannot start the network refuses the instance (§8.5 2a).
        let asked = Instant::now();
        let outcome = node.call(network.clone(), PER_NODE, ended).await;
        course.attempted(Attempt::new(nc::NcStartNetwork::OPERATION.name, asked, &outcome));
        if ended.is_cancelled() {
            break;
        }
        let asked = Instant::now();
        let outcome = node.call(request.clone(), PER_NODE, ended).await;
        course.attempted(Attempt::new(nc::NcRunInstance::OPERATION.name, asked, &outcome));
        if let Outcome::Ok(()) = outcome {
            node.settle(&id);
            observed.launch_ended(&course, "accepted");
            tracing::info!(instance = id, node = node.url(), rounds, "node has accepted the instance");
            return Ended::Accepted;
        }
        in_doubt |= matches!(outcome, Outcome::TimedOut);
        tracing::info!(
            instance = id,
            node = node.url(),
            rounds,
            reason = outcome.reason(),
            "launch is retried"
        );
        ended.run_until_cancelled(sleep(PAUSE)).await;
        // Whatever it counts as: that it sleeps may be unknown since a restart.
        if !ended.is_cancelled() && woken.elapsed() >= PER_NODE {
            woken = Instant::now();
            power.rouse(node).await;
        }
    }
    node.release(&id);
    let called_off = ended.is_cancelled();
    observed.launch_ended(&course, if called_off { "called_off" } else { "given_up" });
    if called_off {
        tracing::info!(
            instance = id,
            node = node.url(),
            rounds,
            "launch ended: reported, terminated or shut down"
        );
        Ended::CalledOff
    } else {
        tracing::error!(instance = id, node = node.url(), rounds, ?window, "launch given up");
        if in_doubt { Ended::InDoubt } else { Ended::GivenUp }
    }
}
