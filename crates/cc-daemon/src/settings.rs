//! From `eucalyptus.conf` to what the cluster and its connections take.

use std::sync::Arc;

use euca_cluster::schedule::Policy;
use euca_cluster::{ClusterSettings, Connector, HostFiles, NetworkMode, NodeAddress};
use euca_config::{CcSettings, Hot, NodeVerification, Profile, SchedPolicy, VnetMode};
use euca_soap::{Client, ClientOptions, ClientSecurity};
use euca_wire::Stub;
use euca_wsse::{Credentials, Options, Verifier};

/// What the cluster is told.
pub fn cluster(settings: &CcSettings) -> ClusterSettings {
    ClusterSettings {
        policy: match settings.sched_policy {
            SchedPolicy::Greedy => Policy::Greedy,
            SchedPolicy::RoundRobin => Policy::RoundRobin,
            SchedPolicy::PowerSave => Policy::PowerSave,
        },
        network_mode: match settings.network.mode {
            VnetMode::System => NetworkMode::System,
            VnetMode::Static(_) => NetworkMode::Static,
            VnetMode::Managed(_) => NetworkMode::Managed,
            VnetMode::ManagedNovlan(_) => NetworkMode::ManagedNoVlan,
        },
        polling_frequency: settings.hot.polling_frequency,
        instance_timeout: settings.instance_timeout,
        wake_threshold: settings.power_wake_threshold,
        late_calls_succeed: settings.timeout_is_success,
        relay_logs: settings.gl_relay,
        files: HostFiles { keys: settings.home.keys(), logs: settings.home.logs() },
        ..ClusterSettings::default()
    }
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
