//! What the cluster controller is told: plain values. Where they come from is the daemon's business.

use std::path::PathBuf;
use std::time::Duration;

use crate::schedule::Policy;
use euca_gatherlog::HostFiles;

/// Shortest pause between two polls of a node (cluster-controller.md §10.1).
pub const MIN_POLLING_FREQUENCY: Duration = Duration::from_secs(6);
/// Shortest time before an unreported instance is forgotten.
pub const MIN_INSTANCE_TIMEOUT: Duration = Duration::from_secs(30);
/// Shortest time during which a node must be idle before it is put to sleep.
pub const MIN_IDLE_THRESHOLD: Duration = Duration::from_secs(300);
/// Shortest time during which a launch is retried.
pub const MIN_WAKE_THRESHOLD: Duration = Duration::from_secs(300);

/// Settings of a cluster, each with the variable of eucalyptus.conf it comes from.
#[derive(Debug, Clone)]
pub struct ClusterSettings {
    /// `SCHEDPOLICY`.
    pub policy: Policy,
    /// `VNET_MODE` with what it needs.
    pub network: euca_vnet::Settings,
    /// `NC_POLLING_FREQUENCY`: pause between two polls of a node, at least 6 s.
    pub polling_frequency: Duration,
    /// `INSTANCE_TIMEOUT`: an instance unreported for longer is forgotten; at least 30 s.
    pub instance_timeout: Duration,
    /// `POWER_IDLETHRESH`: how long a node is idle before it is put to sleep, under POWERSAVE; at least 300 s.
    pub idle_threshold: Duration,
    /// `POWER_WAKETHRESH`: how long a node that was woken is waited for; and how long a launch is retried, under
    /// every policy; at least 300 s.
    pub wake_threshold: Duration,
    /// `DAEMON_POWERWAKE`: the program that wakes a node, as a path or a name.
    pub powerwake: PathBuf,
    /// `VNET_PRIVINTERFACE`: where the nodes are, and are woken.
    pub private_interface: String,
    /// The program that makes the hosts around speak, so that the neighbour table fills (§5.4), if there is one.
    pub neighbour_program: Option<PathBuf>,
    /// `DAEMON_MAX_INSTANCES`: most instances known at a time; a new one beyond is refused.
    pub max_instances: usize,
    /// Whether attach, detach and bundle calls that a node has not answered in time count as success, as in
    /// 2.0.1. They go on in the background either way once they are sent.
    pub late_calls_succeed: bool,
    /// Whether GetKeys and GetLogs for a configured node are passed on to it.
    pub relay_logs: bool,
    /// Where certificates and logs lie that GetKeys and GetLogs hand out.
    pub files: HostFiles,
}

impl Default for ClusterSettings {
    fn default() -> Self {
        Self {
            policy: Policy::default(),
            network: euca_vnet::Settings::default(),
            polling_frequency: MIN_POLLING_FREQUENCY,
            instance_timeout: Duration::from_secs(300),
            idle_threshold: MIN_IDLE_THRESHOLD,
            wake_threshold: MIN_WAKE_THRESHOLD,
            powerwake: PathBuf::from("powerwake"),
            private_interface: "eth0".to_owned(),
            neighbour_program: None,
            max_instances: 2048,
            late_calls_succeed: true,
            relay_logs: true,
            files: HostFiles { keys: "/var/lib/eucalyptus/keys".into(), logs: "/var/log/eucalyptus".into() },
        }
    }
}

impl ClusterSettings {
    /// The same with every interval raised to its minimum.
    pub(crate) fn raised_to_minimums(mut self) -> Self {
        for (variable, value, minimum) in [
            ("NC_POLLING_FREQUENCY", &mut self.polling_frequency, MIN_POLLING_FREQUENCY),
            ("INSTANCE_TIMEOUT", &mut self.instance_timeout, MIN_INSTANCE_TIMEOUT),
            ("POWER_IDLETHRESH", &mut self.idle_threshold, MIN_IDLE_THRESHOLD),
            ("POWER_WAKETHRESH", &mut self.wake_threshold, MIN_WAKE_THRESHOLD),
        ] {
            if *value < minimum {
                tracing::warn!(variable, ?value, ?minimum, "value is too small, the minimum is used");
                *value = minimum;
            }
        }
        self
    }
}

/// Where a node controller is reached. A node is its URL (P-01).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NodeAddress {
    /// Host name as written in `NODES`.
    pub name: String,
    /// URL of its EucalyptusNC service.
    pub url: String,
}

impl NodeAddress {
    /// The node `name` at `http://<name>:<port>/<service>` (`NC_PORT`, `NC_SERVICE`).
    pub fn new(name: &str, port: u16, service: &str) -> Self {
        let service = service.trim_start_matches('/');
        Self { name: name.to_owned(), url: format!("http://{name}:{port}/{service}") }
    }

    /// What requests to the node carry as `nodeName`: the host part of the URL, the text after `://` up to
    /// `:` or `/` (wire.md §3.3).
    pub(crate) fn node_name(&self) -> &str {
        let rest = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        rest.split([':', '/']).next().unwrap_or(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cc_t167_cc_t194_intervals_below_their_minimum_are_raised() {
        let second = Duration::from_secs(1);
        let settings = ClusterSettings {
            polling_frequency: second,
            instance_timeout: 10 * second,
            idle_threshold: 10 * second,
            wake_threshold: 10 * second,
            ..Default::default()
        };
        let settings = settings.raised_to_minimums();
        assert_eq!(settings.polling_frequency, 6 * second);
        assert_eq!(settings.instance_timeout, 30 * second);
        assert_eq!(settings.idle_threshold, 300 * second);
        assert_eq!(settings.wake_threshold, 300 * second);
    }

    #[test]
    fn a_node_is_addressed_by_the_host_part_of_its_url() {
        let node = NodeAddress::new("node-7.example", 8775, "axis2/services/EucalyptusNC");
        assert_eq!(node.url, "http://node-7.example:8775/axis2/services/EucalyptusNC");
        assert_eq!(node.node_name(), "node-7.example");
        let slashed = NodeAddress::new("10.0.0.1", 8775, "/services/Other");
        assert_eq!(slashed.url, "http://10.0.0.1:8775/services/Other");
        assert_eq!(slashed.node_name(), "10.0.0.1");
    }
}
