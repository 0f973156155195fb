//! The SOAP server: its services and what they share.

mod connection;
mod exchange;
mod http;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::http::{Request, Response};
use bytes::Bytes;
use euca_observe::Pulse;
use euca_observe::metrics::{Http, Soap};
use euca_wire::{Fault, Service};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::Limits;
use exchange::Dispatch;

pub use exchange::Security;
pub use http::{Handler, bind, serve};

/// A service at its path, `/axis2/services/<name>`.
pub struct Endpoint {
    name: &'static str,
    wsdl: &'static str,
    security: Option<Security>,
    service: Box<dyn Dispatch>,
}

impl Endpoint {
    /// `service` behind WS-Security; without `security` anybody may call it, and a Security header is ignored.
    pub fn new<S>(service: S, security: Option<Security>) -> Self
    where
        S: Service,
        S::Error: Into<Fault>,
    {
        Self { name: S::NAME, wsdl: S::WSDL, security, service: Box::new(Arc::new(service)) }
    }
}

/// The services of one port.
pub struct Server {
    endpoints: Vec<Endpoint>,
    limits: Limits,
    requests: Semaphore,
    /// Bytes that large bodies may take together.
    body_budget: Semaphore,
    http: Http,
    soap: Soap,
    pulse: Pulse,
}

impl Server {
    /// A server of `endpoints` within `limits`.
    pub fn new(endpoints: Vec<Endpoint>, limits: Limits) -> Self {
        let requests = Semaphore::new(limits.requests.min(Semaphore::MAX_PERMITS));
        let body_budget =
            Semaphore::new(limits.bodies_bytes.max(limits.body_bytes).min(Semaphore::MAX_PERMITS));
        let (http, soap, pulse) = Default::default();
        Self { endpoints, limits, requests, body_budget, http, soap, pulse }
    }

    /// What this server counts of connections and requests, and of operations.
    pub fn metrics(&self) -> (Http, Soap) {
        (self.http.clone(), self.soap.clone())
    }

    /// The pulse of its accept loop.
    pub fn pulse(&self) -> Pulse {
        self.pulse.clone()
    }

    /// Serves as [`serve`] does.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken, grace: Duration) {
        let (http, pulse) = (self.http.clone(), self.pulse.clone());
        serve(self, listener, http, pulse, shutdown, grace).await;
    }
}

impl Handler for Server {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    async fn answer(&self, request: Request<Incoming>, peer: SocketAddr) -> Response<Full<Bytes>> {
        self.exchange(request, peer).await
    }
}
