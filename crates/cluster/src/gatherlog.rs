//! EucalyptusGL on the cluster's host: hands out certificates and logs, its own or those of a configured node
//! (cluster-controller.md §14.1). The service is unauthenticated, so what it reads and whom it calls is fixed:
//! named files, bounded in size, and nodes of the node list.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use euca_gatherlog::SELF;
use euca_wire::{CallError, Fault, LogApi, gl};

use crate::cluster::Cluster;
use crate::nodes::Connector;

/// How many base64 characters of a node's log are handed on.
const RELAYED_CHARS: usize = 131_071;
/// How long a node's answer is waited for; the CLC gives up after 15 s.
const RELAY_LIMIT: Duration = Duration::from_secs(10);

/// How much of a service tag that is refused is logged.
const LOGGED_CHARS: usize = 200;
/// What a relayed request carries instead of the caller's identity.
const RELAY_ID: &str = "12345678";
const RELAY_USER: &str = "eucalyptus";
const NODE_SERVICE: &str = "EucalyptusNC";
const LOG_SERVICE: &str = "EucalyptusGL";

/// EucalyptusGL beside a cluster. Implements [`LogApi`].
pub struct Gatherlog<C: Connector>(Arc<Cluster<C>>);

impl<C: Connector> Gatherlog<C> {
    /// The service beside `cluster`, with its files and its nodes.
    pub fn new(cluster: Arc<Cluster<C>>) -> Self {
        Self(cluster)
    }

    /// The GL of the configured node that `tag` means: its URL as DescribeResources tells it, or the same with
    /// the GL's own name.
    fn relay(&self, tag: &str) -> Option<C::Log> {
        let url = swap_service(tag, NODE_SERVICE, LOG_SERVICE);
        let node = swap_service(tag, LOG_SERVICE, NODE_SERVICE);
        let list = self.0.nodes.list();
        if !self.0.settings.relay_logs {
            tracing::warn!(service_tag = tag, "relaying is switched off, nothing is relayed");
            return None;
        }
        if list.at(tag).is_none() && list.at(&node).is_none() {
            // Anybody may send anything; the log takes only so much of it.
            let tag: String = tag.chars().take(LOGGED_CHARS).collect();
            tracing::warn!(service_tag = tag, "not a configured node, nothing is relayed");
            return None;
        }
        Some(self.0.connector.log(&url))
    }
}

fn swap_service(url: &str, from: &str, to: &str) -> String {
    url.strip_suffix(from).map_or_else(|| url.to_owned(), |base| format!("{base}{to}"))
}

impl<C: Connector> LogApi for Gatherlog<C> {
    type Error = Fault;

    async fn get_keys(&self, request: gl::GetKeys) -> Result<gl::GetKeysResponse, Fault> {
        let Some(tag) = &request.service_tag else {
            tracing::warn!("GetKeys refused: serviceTag is missing");
            return Ok(request.answer(false));
        };
        let mut answer = gl::GetKeysResponse { service_tag: Some(tag.clone()), ..request.answer(true) };
        if tag == SELF {
            [answer.cc_cert, answer.nc_cert] = self.0.settings.files.keys().await;
        } else if let Some(node) = self.relay(tag) {
            let request = gl::GetKeys {
                correlation_id: Some(RELAY_ID.to_owned()),
                user_id: Some(RELAY_USER.to_owned()),
                service_tag: Some(SELF.to_owned()),
                ..Default::default()
            };
            let found = answered(tag, node.get_keys(request)).await.unwrap_or_default();
            let whole = |text: Option<String>| text.filter(|text| text.len() <= RELAYED_CHARS);
            (answer.cc_cert, answer.nc_cert) = (whole(found.cc_cert), whole(found.nc_cert));
        }
        Ok(answer)
    }

    async fn get_logs(&self, request: gl::GetLogs) -> Result<gl::GetLogsResponse, Fault> {
        let Some(tag) = &request.service_tag else {
            tracing::warn!("GetLogs refused: serviceTag is missing");
            return Ok(request.answer(false));
        };
        let mut answer = gl::GetLogsResponse { service_tag: Some(tag.clone()), ..request.answer(true) };
        if tag == SELF {
            [answer.cc_log, answer.nc_log, answer.httpd_log, answer.axis2_log] =
                self.0.settings.files.logs().await;
        } else if let Some(node) = self.relay(tag) {
            let request = gl::GetLogs {
                correlation_id: Some(RELAY_ID.to_owned()),
                user_id: Some(RELAY_USER.to_owned()),
                service_tag: Some(SELF.to_owned()),
                ..Default::default()
            };
            let found = answered(tag, node.get_logs(request)).await.unwrap_or_default();
            answer.cc_log = found.cc_log.and_then(shortened);
            answer.nc_log = found.nc_log.and_then(shortened);
            answer.httpd_log = found.httpd_log.and_then(shortened);
            answer.axis2_log = found.axis2_log.and_then(shortened);
        }
        Ok(answer)
    }
}

/// What the node has answered in time. The caller's reply is a success either way.
async fn answered<T>(node: &str, call: impl Future<Output = Result<T, CallError>>) -> Option<T> {
    let reason = match tokio::time::timeout(RELAY_LIMIT, call).await {
        Ok(Ok(answer)) => return Some(answer),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", RELAY_LIMIT.as_secs()),
    };
    tracing::warn!(node, reason, "node's gatherlog has not answered, nothing is relayed");
    None
}

/// A node's log that is too long is cut before encoding, so that what is left can be decoded (W24).
fn shortened(log: String) -> Option<String> {
    if log.len() <= RELAYED_CHARS {
        return Some(log);
    }
    let Ok(bytes) = BASE64.decode(&log) else {
        tracing::warn!(characters = log.len(), "node's log is too long and not base64, left out");
        return None;
    };
    let keep = RELAYED_CHARS / 4 * 3;
    Some(BASE64.encode(&bytes[bytes.len().saturating_sub(keep)..]))
}
