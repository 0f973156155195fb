//! What the cluster learns of addresses it was not told: those of instances, from the wire (cluster-controller.md
//! §5.4), and those of nodes, from the resolver and the wire (§5.2), which are only wanted for waking them.

use std::sync::Arc;
use std::time::Duration;

use euca_command::Command;
use futures_util::stream::{self, StreamExt as _};
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::nodes::{Connector, Node};

/// How long the program that fills the neighbour table may take.
const PROBE_TIME: Duration = Duration::from_secs(10);
/// Names looked up at a time: each keeps a thread until the resolver has given up.
const LOOK_UPS: usize = 8;
/// Pause before names that are not known yet are looked up again.
const NAME_PAUSE: Duration = Duration::from_secs(30);

impl<C: Connector> Cluster<C> {
    /// Looks at the wire once a polling period, if there is anything to learn from it.
    pub(crate) async fn watch_wire(&self) {
        // Only without virtual networks is the address on the wire also the public one.
        let public = !self.network.is_managed();
        loop {
            let instances = self.instances.lack_addresses(public);
            let nodes = self.power.saves() && self.nodes.list().all().iter().any(|node| node.lacks_mac());
            if instances && let Some(program) = &self.settings.neighbour_program {
                self.fill_neighbours(Command::new(program, PROBE_TIME)).await;
            }
            if instances || nodes {
                self.learn_from_neighbours(public).await;
            }
            let period = *self.period.borrow();
            sleep(period).await;
        }
    }

    /// Makes hosts speak, so that they appear in the neighbour table (network.md §4.10).
    async fn fill_neighbours(&self, command: Command) {
        match self.commands.run(command).await {
            Ok(output) if output.status.success() => {}
            Ok(output) => {
                tracing::warn!(status = %output.status, complaint = output.complaint(), "neighbours were not probed")
            }
            Err(error) => tracing::warn!(%error, "neighbours were not probed"),
        }
    }

    async fn learn_from_neighbours(&self, public: bool) {
        let neighbours = match self.addresses.neighbours().await {
            Ok(neighbours) => neighbours,
            Err(error) => {
                return tracing::warn!(%error, "neighbours cannot be read, no address discovered");
            }
        };
        self.instances.discover_addresses(&neighbours, public);
        for node in self.nodes.list().all() {
            node.learn_mac(&neighbours);
        }
    }

    /// Looks up the names of the nodes as long as some are not known. Beside everything else: a resolver that does
    /// not answer takes its time.
    pub(crate) async fn look_up_nodes(&self) {
        if !self.power.saves() {
            return;
        }
        let mut list = self.nodes.subscribe();
        loop {
            let nodes: Vec<_> =
                list.borrow_and_update().all().iter().filter(|node| node.lacks_ip()).cloned().collect();
            let unknown: Vec<_> = stream::iter(nodes)
                .map(|node| self.look_up(node))
                .buffer_unordered(LOOK_UPS)
                .filter_map(std::future::ready)
                .collect()
                .await;
            if let Some((node, error)) = unknown.first() {
                tracing::warn!(nodes = unknown.len(), first = node, %error, "addresses of nodes are not known");
            }
            tokio::select! {
                biased;
                _ = list.changed() => {}
                () = sleep(NAME_PAUSE), if !unknown.is_empty() => {}
            }
        }
    }

    /// The node's name and the reason, if its address is not known.
    async fn look_up(&self, node: Arc<Node<C::Node>>) -> Option<(String, std::io::Error)> {
        match self.addresses.resolve(node.host()).await {
            Ok(ip) => {
                node.learn_ip(ip);
                None
            }
            Err(error) => Some((node.host().to_owned(), error)),
        }
    }
}
