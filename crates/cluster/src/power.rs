//! Putting idle nodes to sleep and waking them (cluster-controller.md §5.6). Decides nothing about the state of a
//! node: that is drawn in `nodes/node.rs`.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use euca_command::{Command, CommandRunner};
use euca_wire::{CallError, NodeApi, nc};
use tokio_util::sync::CancellationToken;

use crate::addresses::AddressSource;
use crate::monitor::MONITOR_USER;
use crate::nodes::{Node, Outcome, PER_NODE};
use crate::schedule::{NodeState, Policy};
use crate::settings::ClusterSettings;

/// How long one wake-up may take, the wait behind those of other nodes included.
const WAKE_TIME: Duration = Duration::from_secs(20);

/// The means to let nodes sleep. Only POWERSAVE uses them: under every other policy no node is put to sleep, none is
/// woken, and none is left alone because it sleeps.
pub(crate) struct Power {
    saves: bool,
    idle_threshold: Duration,
    wake_threshold: Duration,
    powerwake: PathBuf,
    interface: String,
    commands: Arc<dyn CommandRunner>,
    addresses: Arc<dyn AddressSource>,
}

impl Power {
    pub(crate) fn new(
        settings: &ClusterSettings,
        commands: Arc<dyn CommandRunner>,
        addresses: Arc<dyn AddressSource>,
    ) -> Self {
        Self {
            saves: settings.policy == Policy::PowerSave,
            idle_threshold: settings.idle_threshold,
            wake_threshold: settings.wake_threshold,
            powerwake: settings.powerwake.clone(),
            interface: settings.private_interface.clone(),
            commands,
            addresses,
        }
    }

    /// Whether nodes are put to sleep and woken at all.
    pub(crate) fn saves(&self) -> bool {
        self.saves
    }

    /// Whether the node sleeps and shall not be disturbed.
    pub(crate) fn lets_sleep<N>(&self, node: &Node<N>) -> bool {
        self.saves && node.state() == NodeState::Asleep
    }

    /// A poll of the node has failed: it is woken, and is down unless it may still be on its way.
    pub(crate) async fn poll_failed<N>(&self, node: &Node<N>, reason: &str) {
        let woken = self.saves && self.wake(node).await;
        node.has_failed(woken, self.wake_threshold, reason);
    }

    /// The node has told whether it runs anything. One that is idle for too long is asked to power down.
    pub(crate) async fn told<N>(&self, node: &Arc<Node<N>>, idle: bool)
    where
        N: NodeApi<Error = CallError>,
    {
        if !node.rests(self.saves && idle, self.idle_threshold) {
            return;
        }
        let request = nc::NcPowerDown { user_id: Some(MONITOR_USER.to_owned()), ..Default::default() };
        match node.call(request, PER_NODE, &CancellationToken::new()).await {
            // It may power off before it has answered.
            Outcome::Ok(()) | Outcome::TimedOut => node.falls_asleep(),
            failed => {
                tracing::warn!(node = node.url(), reason = failed.reason(), "idle node does not power down")
            }
        }
    }

    /// A node is needed for an instance, and sleeps or may do so. When it cannot be woken, the launch goes on trying
    /// to reach it.
    pub(crate) async fn rouse<N>(&self, node: &Node<N>) {
        if self.saves && self.wake(node).await {
            node.is_woken();
        }
    }

    /// Sends the wake-up call into each network of the private interface. The last one decides whether it counts as
    /// sent.
    async fn wake<N>(&self, node: &Node<N>) -> bool {
        let Some(target) = node.wake_target() else {
            tracing::warn!(node = node.url(), "node cannot be woken, no address of it is known");
            return false;
        };
        let mut woken = false;
        for broadcast in self.broadcasts().await {
            let command =
                Command::new(&self.powerwake, WAKE_TIME).arguments(["-b", &broadcast.to_string(), &target]);
            let line = command.to_string();
            woken = match self.commands.run(command).await {
                Ok(output) if output.status.success() => true,
                Ok(output) => {
                    let (status, complaint) = (output.status, output.complaint());
                    tracing::warn!(node = node.url(), command = line, %status, complaint, "node is not woken");
                    false
                }
                Err(error) => {
                    let error = euca_observe::chain(&error);
                    tracing::warn!(node = node.url(), error, "node is not woken");
                    false
                }
            };
        }
        woken
    }

    async fn broadcasts(&self) -> Vec<Ipv4Addr> {
        match self.addresses.broadcasts(&self.interface).await {
            Ok(found) if !found.is_empty() => found,
            _ => {
                tracing::debug!(interface = self.interface, "no IPv4 address, the wake-up goes everywhere");
                vec![Ipv4Addr::BROADCAST]
            }
        }
    }
}
