//! From `eucalyptus.conf` to what the cluster and its connections take.

use std::path::PathBuf;
use std::sync::Arc;

use euca_cluster::schedule::Policy;
use euca_cluster::{ClusterSettings, Connector, HostFiles, NodeAddress};
use euca_config::{CcSettings, Hot, NodeVerification, Profile, SchedPolicy, VnetMode};
use euca_soap::{Client, ClientOptions, ClientSecurity};
use euca_wire::Stub;
use euca_wsse::{Credentials, Options, Verifier};

/// What the cluster is told.
pub fn cluster(settings: &CcSettings, network: euca_vnet::Settings) -> ClusterSettings {
    ClusterSettings {
        policy: match settings.sched_policy {
            SchedPolicy::Greedy => Policy::Greedy,
            SchedPolicy::RoundRobin => Policy::RoundRobin,
            SchedPolicy::PowerSave => Policy::PowerSave,
        },
        network,
        polling_frequency: settings.hot.polling_frequency,
        instance_timeout: settings.instance_timeout,
        idle_threshold: settings.power_idle_threshold,
        wake_threshold: settings.power_wake_threshold,
        powerwake: settings.powerwake.clone(),
        private_interface: settings.network.private_interface.clone(),
        neighbour_program: neighbour_program(settings),
        max_instances: settings.max_instances,
        late_calls_succeed: settings.timeout_is_success,
        relay_logs: settings.gl_relay,
        files: HostFiles { keys: settings.home.keys(), logs: settings.home.logs() },
    }
}

/// The program that fills the neighbour table, where it is installed. It does something in SYSTEM mode only, where it
/// follows the traces of the site's DHCP server (network.md §4.10).
fn neighbour_program(settings: &CcSettings) -> Option<PathBuf> {
    let program = settings.home.programs().join("populate_arp.pl");
    let installed = settings.network.mode == VnetMode::System && program.is_file();
    installed.then_some(program)
}

/// The node list.
pub fn nodes(hot: &Hot) -> Vec<NodeAddress> {
    hot.nodes.iter().map(|node| NodeAddress { name: node.name.clone(), url: node.url.clone() }).collect()
}

/// Reaches nodes over SOAP.
pub struct SoapConnector {
    node: ClientOptions,
    log: ClientOptions,
}

impl SoapConnector {
    /// Calls signed and answers judged as configured.
    pub fn new(settings: &CcSettings, credentials: Arc<Credentials>) -> Self {
        let profile = match settings.security.profile {
            Profile::Legacy => euca_wsse::Profile::Legacy,
            Profile::Strict => euca_wsse::Profile::Strict,
        };
        let options = Options { accept_sha256: settings.security.sha256, ..Options::client(profile) };
        let verifier = (settings.verify_nodes != NodeVerification::Off)
            .then(|| Arc::new(Verifier::new(Arc::clone(&credentials), options)));
        let security = settings.sign_node_calls.then(|| ClientSecurity {
            credentials,
            profile,
            verifier,
            enforce: settings.verify_nodes == NodeVerification::Enforce,
        });
        let log = ClientOptions { reply_bytes: settings.max_reply_bytes, ..ClientOptions::default() };
        Self { node: ClientOptions { security, ..log.clone() }, log }
    }
}

impl Connector for SoapConnector {
    type Node = Stub<Client>;
    type Log = Stub<Client>;

    fn node(&self, url: &str) -> Self::Node {
        Stub(Client::new(url, self.node.clone()))
    }

    fn log(&self, url: &str) -> Self::Log {
        Stub(Client::new(url, self.log.clone()))
    }
}
