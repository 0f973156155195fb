//! Many simulated nodes in one process, each on its own loopback address, all on one port, as a cluster has them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use euca_soap::{Endpoint, Limits, Security, Server};
use euca_wire::NodeService;
use euca_wsse::{Options, Profile, Verifier};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::keys::{Keys, Role};
use crate::node::{Capacity, SimNode};

/// Running nodes; dropping it stops them.
#[derive(Debug)]
pub struct Fleet {
    nodes: Vec<(SocketAddr, Arc<SimNode>)>,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl Fleet {
    /// Starts `count` nodes on successive addresses from `first` on, all in 127.0.0.0/8, and on one port; port 0
    /// takes a free one. They accept calls signed with the cluster key of `keys` and sign with its node key.
    ///
    /// # Errors
    /// An address cannot be bound.
    pub fn start(keys: &Keys, first: SocketAddr, count: u32, capacity: Capacity) -> Result<Self> {
        let credentials = keys.credentials(Role::Node, Role::Cluster);
        let mut fleet =
            Self { nodes: Vec::new(), shutdown: CancellationToken::new(), tasks: TaskTracker::new() };
        let SocketAddr::V4(first) = first else { anyhow::bail!("{first} is not IPv4") };
        let mut port = first.port();
        for index in 0..count {
            let ip = Ipv4Addr::from(u32::from(*first.ip()) + index);
            anyhow::ensure!(ip.is_loopback(), "{ip} is not a loopback address");
            let address = SocketAddr::from((ip, port));
            let listener = euca_soap::bind(address).with_context(|| format!("binding {address}"))?;
            let address = listener.local_addr()?;
            port = address.port();
            let node = Arc::new(SimNode::new(capacity));
            let security = Security {
                credentials: Arc::clone(&credentials),
                verifier: Verifier::new(Arc::clone(&credentials), Options::server(Profile::Legacy)),
                profile: Profile::Legacy,
            };
            let endpoint = Endpoint::new(NodeService(Arc::clone(&node)), Some(security));
            let server = Server::new(vec![endpoint], Limits::default());
            fleet.tasks.spawn(server.serve(listener, fleet.shutdown.clone(), Duration::ZERO));
            fleet.nodes.push((address, node));
        }
        Ok(fleet)
    }

    /// Addresses and nodes in order.
    pub fn nodes(&self) -> &[(SocketAddr, Arc<SimNode>)] {
        &self.nodes
    }

    /// URL of a node's service.
    pub fn url(address: SocketAddr) -> String {
        format!("http://{address}/axis2/services/EucalyptusNC")
    }

    /// Stops all nodes and waits until their ports are free.
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}
