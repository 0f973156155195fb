//! The admin port: what a daemon shows of itself to those on its host. Metrics for Prometheus, health, and whatever
//! documents the daemon has, as JSON. It changes nothing, asks for no password, and is therefore bound to the
//! loopback interface and to nothing else (docs/admin.md).

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use euca_observe::Pulse;
use euca_observe::metrics::{self, Build, Group, Http};
use euca_soap::{Handler, Limits, Server};
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use prometheus_client::registry::Registry;
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{Health, Log};

/// How long a part may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a reply may take once the daemon ends.
const GRACE: Duration = Duration::from_millis(100);

type Document = Box<dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync>;

/// What is shown at the admin port.
pub struct Admin {
    registry: Registry,
    health: Arc<Health>,
    limits: Limits,
    refresh: Vec<Box<dyn Fn() + Send + Sync>>,
    document: Option<Document>,
}

impl Admin {
    /// The metrics of the process `program`, of its log and of its server, and `health`.
    pub fn new(program: &'static str, log: &Arc<Log>, server: &Server, health: Arc<Health>) -> Self {
        let limits = Limits {
            header_bytes: 8192,
            header_time: Duration::from_secs(5),
            write_stall: Duration::from_secs(5),
            connections: 32,
            connections_per_peer: 32,
            ..Limits::default()
        };
        let mut admin =
            Self { registry: Registry::default(), health, limits, refresh: Vec::new(), document: None };
        let (daemon, process) = (metrics::Daemon::default(), metrics::Process::default());
        let (http, soap) = server.metrics();
        admin.register(&daemon);
        admin.register(&process);
        admin.register(&http);
        admin.register(&soap);
        let build = Build { program, version: env!("CARGO_PKG_VERSION") };
        daemon.build_info.get_or_create(&build).set(1);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        process.start_time_seconds.set(now.as_secs_f64());
        let log = Arc::clone(log);
        admin.refreshed(move || {
            daemon.log_lines_lost.inner().store(log.lost_lines(), Ordering::Relaxed);
        })
    }

    /// Adds metrics of a layer.
    pub fn register(&mut self, group: &impl Group) {
        group.register(&mut self.registry);
    }

    /// With something to be done before metrics are shown: gauges are brought up to date then.
    #[must_use]
    pub fn refreshed(mut self, refresh: impl Fn() + Send + Sync + 'static) -> Self {
        self.refresh.push(Box::new(refresh));
        self
    }

    /// With JSON documents at paths other than `/metrics` and `/health`.
    #[must_use]
    pub fn with_documents(
        mut self,
        document: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static,
    ) -> Self {
        self.document = Some(Box::new(document));
        self
    }

    /// Serves `port` on 127.0.0.1 until `shutdown`. A port that cannot be had is logged and done without: a daemon
    /// that cannot be looked at is better than none.
    ///
    /// It is open when this returns: nobody who was told that the daemon is ready finds it closed.
    pub fn serve(self, port: u16, shutdown: CancellationToken) -> impl Future<Output = ()> + Send {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let bound = euca_soap::bind(address);
        async move {
            match bound {
                Ok(listener) => {
                    info!(%address, "admin port open");
                    euca_soap::serve(self, listener, Http::default(), Pulse::default(), shutdown, GRACE)
                        .await;
                }
                Err(error) => warn!(%address, %error, "no admin port"),
            }
        }
    }

    fn metrics(&self) -> Result<String, std::fmt::Error> {
        self.refresh.iter().for_each(|refresh| refresh());
        let mut text = String::with_capacity(16 << 10);
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Handler for Admin {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Full<Bytes>> {
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut reply = reply(StatusCode::METHOD_NOT_ALLOWED, TEXT, "method not allowed\n");
            reply.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return reply;
        }
        match request.uri().path() {
            "/metrics" => match self.metrics() {
                Ok(metrics) => reply(StatusCode::OK, OPEN_METRICS, metrics),
                Err(error) => {
                    error!(%peer, %error, "metrics cannot be shown");
                    reply(StatusCode::INTERNAL_SERVER_ERROR, TEXT, "metrics cannot be shown\n")
                }
            },
            "/health" => {
                let report = self.health.report(PATIENCE).await;
                let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
                reply(status, JSON, json(&report))
            }
            path => match self.document.as_ref().and_then(|document| document(path)) {
                Some(document) => reply(StatusCode::OK, JSON, document),
                None => reply(StatusCode::NOT_FOUND, TEXT, "not found\n"),
            },
        }
    }
}

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

/// A value as a JSON document for people and programs.
pub fn json(value: &impl Serialize) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_else(|error| {
        error!(%error, "no JSON");
        b"null".to_vec()
    });
    text.push(b'\n');
    text
}
