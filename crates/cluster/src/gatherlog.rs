//! EucalyptusGL on the cluster's host: hands out certificates and logs, its own or those of a configured node
//! (cluster-controller.md §14.1). The service is unauthenticated, so what it reads and whom it calls is fixed:
//! named files, bounded in size, and nodes of the node list.

use std::fs::File;
use std::future::Future;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use euca_wire::{CallError, Fault, LogApi, gl};

use crate::cluster::Cluster;
use crate::nodes::Connector;

/// How much of a log is handed out: its last 128 KiB.
const LOG_BYTES: u64 = 131_072;
/// How much of a certificate file is read.
const KEY_BYTES: u64 = 1_024_000;
/// How many base64 characters of a node's log are handed on.
const RELAYED_CHARS: usize = 131_071;
/// How long a node's answer is waited for; the CLC gives up after 15 s.
const RELAY_LIMIT: Duration = Duration::from_secs(10);

/// How much of a service tag that is refused is logged.
const LOGGED_CHARS: usize = 200;
/// What a relayed request carries instead of the caller's identity.
const RELAY_ID: &str = "12345678";
const RELAY_USER: &str = "eucalyptus";
const SELF: &str = "self";
const NODE_SERVICE: &str = "EucalyptusNC";
const LOG_SERVICE: &str = "EucalyptusGL";

/// Where the files lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostFiles {
    /// Directory of `cluster-cert.pem` and `node-cert.pem`.
    pub keys: PathBuf,
    /// Directory of `cc.log`, `nc.log`, `httpd-nc_error_log` or `httpd-cc_error_log`, and `axis2c.log`.
    pub logs: PathBuf,
}

impl Default for HostFiles {
    fn default() -> Self {
        Self { keys: "/var/lib/eucalyptus/keys".into(), logs: "/var/log/eucalyptus".into() }
    }
}

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
            let keys = self.0.settings.files.keys.clone();
            let read =
                move || ["cluster-cert.pem", "node-cert.pem"].map(|name| tail(&keys.join(name), KEY_BYTES));
            [answer.cc_cert, answer.nc_cert] = off_the_runtime(read).await;
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
            let logs = self.0.settings.files.logs.clone();
            let read = move || {
                let log = |name: &str| tail(&logs.join(name), LOG_BYTES);
                let httpd = log("httpd-nc_error_log").or_else(|| log("httpd-cc_error_log"));
                [log("cc.log"), log("nc.log"), httpd, log("axis2c.log")]
            };
            [answer.cc_log, answer.nc_log, answer.httpd_log, answer.axis2_log] = off_the_runtime(read).await;
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

/// Reads files where that may block. Nothing comes of it when the runtime is shutting down.
async fn off_the_runtime<T: Default + Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(read).await.unwrap_or_default()
}

/// The last `limit` bytes of a file up to the first NUL, in base64; `None` when there is nothing.
fn tail(path: &Path, limit: u64) -> Option<String> {
    let mut bytes = read_tail(path, limit)
        .inspect_err(|error| tracing::debug!(file = %path.display(), %error, "file is not handed out"))
        .ok()?;
    if let Some(end) = bytes.iter().position(|&byte| byte == 0) {
        bytes.truncate(end);
    }
    (!bytes.is_empty()).then(|| BASE64.encode(bytes))
}

fn read_tail(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    // Opening anything else, a pipe for example, may never return.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("not a regular file"));
    }
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(limit)))?;
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}
