//! The nodes and the engine that calls them (cluster-controller.md §4). Knows what a call is and when it is
//! over; does not know what the operations mean.

mod call;
mod lock;
mod node;
mod poll;
mod request;
mod search;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use euca_store::Journal;
use euca_wire::{CallError, LogApi, NodeApi};
use tokio::sync::watch;

pub(crate) use call::{Outcome, PER_NODE};
pub(crate) use node::{Monitored, Node};
pub(crate) use poll::{Poll, Skipped};
pub(crate) use search::{Candidates, Until, search};

use crate::clock::Clock;
use crate::durable;
use crate::observed::Observed;
use crate::settings::NodeAddress;
use crate::tasks::Tasks;

/// Hands out connections to node controllers: the SOAP client in the daemon, simulated nodes in tests. No call
/// has a deadline of its own; the engine bounds every one and breaks it off by dropping it.
pub trait Connector: Send + Sync + 'static {
    /// A node controller's EucalyptusNC.
    type Node: NodeApi<Error = CallError>;
    /// A node controller's EucalyptusGL.
    type Log: LogApi<Error = CallError>;

    /// The EucalyptusNC service at `url`. Called once for each node; must not block.
    fn node(&self, url: &str) -> Self::Node;

    /// The EucalyptusGL service at `url`.
    fn log(&self, url: &str) -> Self::Log;
}

/// The configured nodes in their order. Never changed, only replaced.
pub(crate) struct NodeList<N> {
    nodes: Vec<Arc<Node<N>>>,
    by_url: HashMap<String, usize>,
}

impl<N> NodeList<N> {
    fn new(nodes: Vec<Arc<Node<N>>>) -> Self {
        let by_url = nodes.iter().enumerate().map(|(index, node)| (node.url().to_owned(), index)).collect();
        Self { nodes, by_url }
    }

    /// All nodes, in index order.
    pub(crate) fn all(&self) -> &[Arc<Node<N>>] {
        &self.nodes
    }

    /// The node with this URL and its index.
    pub(crate) fn at(&self, url: &str) -> Option<(usize, Arc<Node<N>>)> {
        let index = *self.by_url.get(url)?;
        Some((index, self.nodes.get(index)?.clone()))
    }
}

/// What all nodes have in common.
#[derive(Clone)]
pub(crate) struct Common {
    pub(crate) tasks: Tasks,
    pub(crate) journal: Journal,
    pub(crate) clock: Arc<dyn Clock>,
    /// Where calls and launches are noted.
    pub(crate) observed: Arc<Observed>,
    /// See [`ClusterSettings::late_calls_succeed`](crate::ClusterSettings::late_calls_succeed).
    pub(crate) late_calls_succeed: bool,
}

/// The configured nodes as they change over time.
pub(crate) struct Nodes<C: Connector> {
    connector: Arc<C>,
    common: Common,
    list: watch::Sender<Arc<NodeList<C::Node>>>,
}

impl<C: Connector> Nodes<C> {
    pub(crate) fn new(connector: Arc<C>, common: Common) -> Self {
        let list = watch::Sender::new(Arc::new(NodeList::new(Vec::new())));
        Self { connector, common, list }
    }

    /// Where calls to nodes and launches are noted.
    pub(crate) fn observed(&self) -> &Arc<Observed> {
        &self.common.observed
    }

    /// The list as it is now.
    pub(crate) fn list(&self) -> Arc<NodeList<C::Node>> {
        self.list.borrow().clone()
    }

    /// The list and its changes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<NodeList<C::Node>>> {
        self.list.subscribe()
    }

    /// The nodes at the start, with what was durable of them. With `awaited`, DescribeInstances waits until they
    /// were polled.
    pub(crate) fn begin(
        &self,
        addresses: Vec<NodeAddress>,
        mut known: HashMap<String, durable::Node>,
        awaited: bool,
    ) {
        self.replace(addresses, awaited, |url| known.remove(url).unwrap_or_default());
        // No longer configured, and nobody is left who would delete them.
        for url in known.keys() {
            drop(self.common.journal.delete::<durable::Node>(url));
        }
    }

    /// Makes `addresses` the node list: a node that stays keeps everything, one that is new starts
    /// down, one that is missing is polled no more. Duplicates are dropped.
    pub(crate) fn set(&self, addresses: Vec<NodeAddress>) {
        self.replace(addresses, false, |_| durable::Node::default());
    }

    fn replace(
        &self,
        addresses: Vec<NodeAddress>,
        awaited: bool,
        mut known: impl FnMut(&str) -> durable::Node,
    ) {
        let mut seen = HashSet::new();
        let wanted: Vec<_> = addresses
            .into_iter()
            .filter(|address| {
                let new = seen.insert(address.url.clone());
                if !new {
                    tracing::warn!(
                        node = address.url,
                        "node is configured twice, the second time is ignored"
                    );
                }
                new
            })
            .collect();
        // Logged when the list is free again.
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        self.list.send_modify(|list| {
            let node = |address: NodeAddress| match list.at(&address.url) {
                Some((_, node)) => node,
                None => {
                    let peer = self.connector.node(&address.url);
                    let known = known(&address.url);
                    let node = Arc::new(Node::new(address, peer, known, awaited, self.common.clone()));
                    added.push(node.clone());
                    node
                }
            };
            let new = NodeList::new(wanted.into_iter().map(node).collect());
            removed.extend(list.all().iter().filter(|node| !new.by_url.contains_key(node.url())).cloned());
            *list = Arc::new(new);
        });
        for node in added {
            tracing::info!(node = node.url(), "node added");
        }
        for node in removed {
            node.retired().cancel();
            drop(self.common.journal.delete::<durable::Node>(node.url()));
            tracing::info!(node = node.url(), "node removed");
        }
    }
}

#[cfg(test)]
impl Common {
    /// For a node without a cluster: nothing is durable.
    pub(crate) fn alone() -> Self {
        let (journal, _) = Journal::new(euca_store::testing::Disk::default().open());
        let clock = Arc::new(crate::SystemClock);
        Self { tasks: Tasks::default(), journal, clock, observed: Arc::default(), late_calls_succeed: true }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Capacity, NodeState};

    /// Connections that are never used.
    struct Nowhere;

    impl Connector for Nowhere {
        type Node = euca_wire::Stub<Never>;
        type Log = euca_wire::Stub<Never>;

        fn node(&self, _url: &str) -> Self::Node {
            euca_wire::Stub(Never)
        }

        fn log(&self, _url: &str) -> Self::Log {
            euca_wire::Stub(Never)
        }
    }

    struct Never;

    impl euca_wire::Caller for Never {
        async fn call<Q: euca_wire::Request>(&self, _request: Q) -> Result<Q::Response, CallError> {
            std::future::pending().await
        }
    }

    fn nodes() -> Nodes<Nowhere> {
        Nodes::new(Arc::new(Nowhere), Common::alone())
    }

    fn addresses(names: &[&str]) -> Vec<NodeAddress> {
        names.iter().map(|name| NodeAddress::new(name, 8775, "nc")).collect()
    }

    fn names(nodes: &Nodes<Nowhere>) -> Vec<String> {
        nodes.list().all().iter().map(|node| node.address.name.clone()).collect()
    }

    #[test]
    fn cc_t184_cc_t185_a_new_list_keeps_the_nodes_that_stay() {
        let nodes = nodes();
        nodes.begin(addresses(&["a", "b", "c"]), HashMap::new(), true);
        let before = nodes.list();
        let said = Capacity { memory: 1, disk: 1, cores: 1 };
        before.all()[1]
            .is_up(request::Resources { maximum: said, available: said }, tokio::time::Instant::now());
        before.all()[1].was_polled();

        nodes.set(addresses(&["a", "b", "c"]));
        assert!(before.all().iter().zip(nodes.list().all()).all(|(old, new)| Arc::ptr_eq(old, new)));

        nodes.set(addresses(&["c", "b", "d"]));
        let after = nodes.list();
        assert_eq!(names(&nodes), ["c", "b", "d"]);
        assert_eq!(after.all()[1].view().state, NodeState::Up);
        assert_eq!(after.all()[2].view().state, NodeState::Down);
        assert!(after.all()[0].is_awaited() && !after.all()[2].is_awaited());
        assert!(before.all()[0].retired().is_cancelled());
        assert!(!after.all().iter().any(|node| node.retired().is_cancelled()));
        assert_eq!(after.at(&before.all()[1].address.url).map(|(index, _)| index), Some(1));
        assert!(after.at(&before.all()[0].address.url).is_none());
    }

    #[test]
    fn cc_t189_a_node_named_twice_is_one_node() {
        let nodes = nodes();
        nodes.begin(addresses(&["a", "a", "b"]), HashMap::new(), true);
        assert_eq!(names(&nodes), ["a", "b"]);
    }
}
