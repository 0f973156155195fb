//! The cluster: its parts put together, and what all operations need of them.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use euca_command::CommandRunner;
use euca_observe::Pulse;
use euca_store::Journal;
use euca_vnet::{Effects, Tables};
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::addresses::AddressSource;
use crate::clock::Clock;
use crate::durable::{self, ONLY, State};
use crate::error::Error;
use crate::instances::{Instances, host_of};
use crate::launch::Launcher;
use crate::network::Network;
use crate::nodes::{Candidates, Common, Connector, Nodes};
use crate::power::Power;
use crate::reply_limit::Abridged;
use crate::settings::{ClusterSettings, MIN_POLLING_FREQUENCY, NodeAddress};
use crate::tasks::Tasks;

/// What a cluster reaches outside itself.
pub struct Environment<C> {
    /// Connections to the nodes.
    pub connector: C,
    /// Where addresses on the wire are observed.
    pub addresses: Arc<dyn AddressSource>,
    /// Programs of this host.
    pub commands: Arc<dyn CommandRunner>,
    /// Who carries out what the virtual network needs of this host; nothing is asked of it in SYSTEM mode.
    pub network: Arc<dyn Effects>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// What was durable at the start.
    pub state: State,
    /// Where what changes is made durable.
    pub journal: Journal,
}

/// A cluster controller. Implements [`euca_wire::ClusterApi`]; wants [`Cluster::run_monitor`] to be run beside.
///
/// Operations are answered from memory, or by calls to nodes; none waits for the monitor, and none holds a
/// lock while it waits.
pub struct Cluster<C: Connector> {
    pub(crate) settings: ClusterSettings,
    pub(crate) connector: Arc<C>,
    pub(crate) nodes: Nodes<C>,
    pub(crate) instances: Arc<Instances>,
    pub(crate) addresses: Arc<dyn AddressSource>,
    pub(crate) commands: Arc<dyn CommandRunner>,
    pub(crate) power: Arc<Power>,
    pub(crate) network: Arc<Network>,
    pub(crate) tasks: Tasks,
    pub(crate) launcher: Launcher,
    pub(crate) journal: Journal,
    /// Where ROUNDROBIN goes on. Held while an instance is placed, so that no two placements count on the
    /// same capacity. Lock order: placement, nodes, instances, network.
    pub(crate) placement: Mutex<usize>,
    /// Pause between two polls of a node, in force from the next pause on.
    pub(crate) period: watch::Sender<Duration>,
    /// Of the monitor.
    pub(crate) pulse: Pulse,
    /// How much of each instance DescribeInstances told last.
    pub(crate) abridged: Mutex<Abridged>,
    /// Every node was polled since the clean start, whatever came of it.
    complete: AtomicBool,
}

impl<C: Connector> Cluster<C> {
    /// A cluster of `nodes` that knows what was durable, and goes on with the launches that were under way.
    /// Intervals below their minimum are raised to it. To be called within a runtime.
    pub fn new(settings: ClusterSettings, nodes: Vec<NodeAddress>, environment: Environment<C>) -> Arc<Self> {
        let settings = settings.raised_to_minimums();
        let Environment { connector, addresses, commands, network, clock, state, journal } = environment;
        let power = Arc::new(Power::new(&settings, commands.clone(), addresses.clone()));
        let connector = Arc::new(connector);
        let tasks = Tasks::default();
        let complete = state.knowledge.complete;
        let common = Common {
            tasks: tasks.clone(),
            journal: journal.clone(),
            clock: clock.clone(),
            observed: Arc::default(),
            late_calls_succeed: settings.late_calls_succeed,
        };
        let list = Nodes::new(connector.clone(), common);
        list.begin(nodes, state.nodes, !complete);
        let instances = Arc::new(Instances::new(settings.max_instances, state.instances, journal.clone()));
        let names = addresses.clone();
        let network = Network::new(settings.network.clone(), state.network, journal.clone(), network, names);
        let network = Arc::new(network);
        let launcher = Launcher {
            tasks: tasks.clone(),
            instances: instances.clone(),
            network: network.clone(),
            power: power.clone(),
            clock,
            window: settings.wake_threshold,
        };
        let cluster = Arc::new(Self {
            connector,
            nodes: list,
            instances,
            addresses,
            commands,
            power,
            network,
            tasks,
            launcher,
            journal,
            placement: Mutex::new(state.scheduler.cursor),
            period: watch::Sender::new(settings.polling_frequency),
            pulse: Pulse::default(),
            abridged: Mutex::default(),
            complete: AtomicBool::new(complete),
            settings,
        });
        for (id, launch) in state.launches {
            cluster.go_on(&id, launch);
        }
        cluster
    }

    /// Goes on with a launch that was under way before the start.
    fn go_on(&self, id: &str, launch: durable::Launch) {
        let ended = self.launcher.end();
        self.instances.launch_goes_on(id, ended.clone());
        let Some((_, node)) = self.nodes.list().at(&launch.node) else {
            tracing::error!(instance = id, node = launch.node, "launch given up: its node is not configured");
            self.instances.launch_is_over(id);
            self.network.release_order(&launch.order);
            return;
        };
        tracing::info!(instance = id, node = node.url(), begun = %launch.begun, "launch goes on");
        node.reserve(id, launch.size);
        self.launcher.begin(node, launch, ended, true);
    }

    /// Waits until everything that happened so far is durable: before an answer that promises something.
    pub(crate) async fn durable(&self) -> Result<(), Error> {
        self.journal.flush().await.map_err(|_| Error::NotDurable)
    }

    /// Makes `nodes` the node list, in this order. Nodes that stay keep their state, numbers and calls; the
    /// daemon calls this with every list it could read, and keeps silent when it could not.
    pub fn set_nodes(&self, nodes: Vec<NodeAddress>) {
        self.nodes.set(nodes);
    }

    /// Changes the pause between two polls of a node, which cannot be shorter than 6 s; each node takes it over
    /// after its next poll (§12).
    pub fn set_polling_frequency(&self, period: Duration) {
        self.period.send_replace(period.max(MIN_POLLING_FREQUENCY));
    }

    /// The pause between two polls of a node, as it is now and as it changes.
    pub fn polling_frequency(&self) -> watch::Receiver<Duration> {
        self.period.subscribe()
    }

    /// URLs of the configured nodes, in order.
    pub fn node_urls(&self) -> Vec<String> {
        self.nodes.list().all().iter().map(|node| node.url().to_owned()).collect()
    }

    /// Ends the monitor and the launches, and lets calls under way finish for at most `grace`. Returns how many
    /// of them were broken off. What is known then is durable.
    pub async fn shut_down(&self, grace: Duration) -> usize {
        let broken_off = self.tasks.stop(grace).await;
        if broken_off > 0 {
            tracing::warn!(broken_off, ?grace, "calls to nodes did not end in time");
        }
        let mut kept = self.durable().await;
        // That the list is complete is noted once a period; a short life ends before.
        if kept.is_ok() && self.require_all_instances().is_ok() {
            kept = self.durable().await;
        }
        if let Err(error) = kept {
            tracing::error!(%error, "the next start may know less than this one");
        }
        broken_off
    }

    /// The nameserver the CLC has given last (§7.14).
    pub fn nameserver(&self) -> Option<Ipv4Addr> {
        self.network.read(Tables::nameserver)
    }

    /// The nodes to ask about an instance: its host node, whatever that node's state, or all nodes when the
    /// instance is not known (§7.0). An instance whose host node is no longer configured counts as unknown
    ///
    pub(crate) fn candidates(&self, instance: &str) -> Candidates<C::Node> {
        let list = self.nodes.list();
        let host = self.instances.find(instance).and_then(|it| list.at(host_of(&it)));
        host.map_or_else(|| list.all().iter().cloned().enumerate().collect(), |host| vec![host])
    }

    /// Refuses while some instances may be missing only because their node was not polled yet since the start: the
    /// CLC takes a list for the whole truth (clc.md §3.3).
    pub(crate) fn require_all_instances(&self) -> Result<(), Error> {
        if self.complete.load(Ordering::Acquire) {
            return Ok(());
        }
        let list = self.nodes.list();
        let waiting = list.all().iter().filter(|node| node.is_awaited()).count();
        if waiting > 0 {
            return Err(Error::InstancesUnknown { waiting, nodes: list.all().len() });
        }
        // What the nodes have told is not told on before it is durable.
        if self.instances.are_being_kept() {
            return Err(Error::InstancesNotDurable);
        }
        self.complete.store(true, Ordering::Release);
        drop(self.journal.put(ONLY, durable::Knowledge { complete: true }));
        Ok(())
    }
}
