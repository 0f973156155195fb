//! What can be seen of a running cluster from beside it. Nothing here changes anything.

use std::sync::Arc;
use std::time::{Duration, Instant};

use euca_observe::Pulse;

use crate::cluster::Cluster;
use crate::nodes::Connector;

impl<C: Connector> Cluster<C> {
    /// The pulse of [`Cluster::run_monitor`]'s loop. The polls of the nodes run beside it: a node that hangs does
    /// not slow it.
    pub fn monitor_pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// Whether the locks of the state can each be had within `patience`: none is held while anything is waited
    /// for, so the error says that something has gone wrong for good.
    ///
    /// # Errors
    /// The name of a lock that cannot be had.
    pub async fn locks_are_free(self: Arc<Self>, patience: Duration) -> Result<(), String> {
        let probe = move || {
            let end = Instant::now() + patience;
            let left = || end.saturating_duration_since(Instant::now());
            let free = |name: &str, free: bool| {
                free.then_some(()).ok_or_else(|| format!("the lock of {name} is held for good"))
            };
            free("placement", self.placement.try_lock_for(left()).is_some())?;
            for node in self.nodes.list().all() {
                free(node.url(), node.lock_is_free(left()))?;
            }
            free("the instances", self.instances.lock_is_free(left()))
        };
        // Waits in vain where it matters, which must not cost the runtime a thread.
        tokio::task::spawn_blocking(probe).await.map_err(|error| error.to_string())?
    }

    /// Whether DescribeInstances is answered.
    ///
    /// # Errors
    /// Why not.
    pub fn instances_are_known(&self) -> Result<(), String> {
        self.require_all_instances().map_err(|error| error.to_string())
    }
}
