//! The listener: takes connections within [`Limits`], gives each to hyper, and ends gracefully.
//!
//! A request that was received always gets a complete reply or its connection a reset, never a FIN in between: a
//! CLC loses a worker for good on that (clc.md §2.1, C12).

mod connection;
mod exchange;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use euca_wire::{Fault, Service};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use crate::Limits;
use connection::{Connections, Guarded, Place, reset_on_close};
use exchange::Dispatch;

pub use exchange::Security;

/// Pause after `accept` fails for want of descriptors or memory; without it the loop would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
}

impl Server {
    /// A server of `endpoints` within `limits`.
    pub fn new(endpoints: Vec<Endpoint>, limits: Limits) -> Self {
        let requests = Semaphore::new(limits.requests.min(Semaphore::MAX_PERMITS));
        let body_budget =
            Semaphore::new(limits.bodies_bytes.max(limits.body_bytes).min(Semaphore::MAX_PERMITS));
        Self { endpoints, limits, requests, body_budget }
    }

    /// Serves `listener` until `shutdown`, then stops accepting, lets requests in flight finish for at most
    /// `grace`, and resets what is left.
    pub async fn serve(self, listener: TcpListener, shutdown: CancellationToken, grace: Duration) {
        let server = Arc::new(self);
        let connections = Arc::new(Connections::default());
        let tasks = TaskTracker::new();
        let abort = CancellationToken::new();
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let limits = &server.limits;
                    match connections.enter(peer.ip(), limits.connections, limits.connections_per_peer) {
                        Ok(place) => {
                            let server = Arc::clone(&server);
                            let (shutdown, abort) = (shutdown.clone(), abort.clone());
                            tasks.spawn(server.connection(stream, peer, place, shutdown, abort));
                        }
                        Err(reason) => {
                            warn!(%peer, reason, "connection refused");
                            reset_on_close(&stream);
                        }
                    }
                }
                Err(error) => {
                    warn!(%error, "accept failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        tasks.close();
        if tokio::time::timeout(grace, tasks.wait()).await.is_err() {
            warn!(connections = tasks.len(), "grace period over, resetting connections");
            abort.cancel();
            tasks.wait().await;
        }
        info!("server stopped");
    }

    async fn connection(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        _place: Place,
        shutdown: CancellationToken,
        abort: CancellationToken,
    ) {
        // Replies are one write; waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        let io = TokioIo::new(Guarded::new(stream, self.limits.write_stall, abort.clone()));
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_time)
            .max_buf_size(self.limits.header_bytes.max(8192))
            .half_close(true)
            .title_case_headers(true);
        let server = Arc::clone(&self);
        let service = service_fn(move |request| {
            let server = Arc::clone(&server);
            async move { Ok::<_, std::convert::Infallible>(server.exchange(request, peer).await) }
        });
        let mut connection = std::pin::pin!(http.serve_connection(io, service));
        let mut draining = false;
        let result = loop {
            tokio::select! {
                result = connection.as_mut() => break result,
                () = shutdown.cancelled(), if !draining => {
                    draining = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = abort.cancelled() => break Ok(()),
            }
        };
        if let Err(error) = result {
            debug!(%peer, error = %crate::chain(&error), "connection ended");
        }
    }
}

/// Binds `address` with a backlog that survives a CLC's burst of polls.
///
/// # Errors
/// What the kernel says, for instance that the port is taken.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}
