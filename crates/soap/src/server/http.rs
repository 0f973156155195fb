//! The listener: takes connections within [`Limits`], gives each to hyper, and ends gracefully.
//!
//! A request that was received always gets a complete reply or its connection a reset, never a FIN in between: a
//! CLC loses a worker for good on that (clc.md §2.1, C12).

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use euca_observe::Pulse;
use euca_observe::metrics::{Http, Raised};
use http::{Request, Response};
use http_body::Body as _;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{debug, info, warn};

use super::connection::{Connections, Guarded, Place, reset_on_close};
use crate::Limits;

/// Pause after `accept` fails for want of descriptors or memory; without it the loop would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers HTTP requests. What carries them is [`serve`]'s business.
pub trait Handler: Send + Sync + 'static {
    /// What a peer may cost.
    fn limits(&self) -> &Limits;

    /// The reply to one request.
    fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
    ) -> impl Future<Output = Response<Full<Bytes>>> + Send;
}

/// Serves `listener` until `shutdown`, then stops accepting, lets requests in flight finish for at most `grace`, and
/// resets what is left. Counts in `metrics`; the accept loop has `pulse`.
pub async fn serve<H: Handler>(
    handler: H,
    listener: TcpListener,
    metrics: Http,
    pulse: Pulse,
    shutdown: CancellationToken,
    grace: Duration,
) {
    let carrier = Arc::new(Carrier { handler, metrics, shutdown, abort: CancellationToken::new() });
    let connections = Arc::new(Connections::default());
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = carrier.shutdown.cancelled() => break,
            () = pulse.answer() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let limits = carrier.handler.limits();
                match connections.enter(peer.ip(), limits.connections, limits.connections_per_peer) {
                    Ok(place) => {
                        tasks.spawn(Arc::clone(&carrier).connection(stream, peer, place));
                    }
                    Err(reason) => {
                        warn!(%peer, reason, "connection refused");
                        carrier.metrics.refused(reason);
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
        carrier.abort.cancel();
        tasks.wait().await;
    }
    info!("server stopped");
}

/// What all connections of a listener share.
struct Carrier<H> {
    handler: H,
    metrics: Http,
    shutdown: CancellationToken,
    abort: CancellationToken,
}

impl<H: Handler> Carrier<H> {
    async fn connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, _place: Place) {
        self.metrics.connections_accepted.inc();
        let _open = Raised::new(&self.metrics.connections);
        // Replies are one write; waiting for more would only delay them.
        let _ = stream.set_nodelay(true);
        let limits = self.handler.limits();
        let io = TokioIo::new(Guarded::new(stream, limits.write_stall, self.abort.clone()));
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(limits.header_time)
            .max_buf_size(limits.header_bytes.max(8192))
            .half_close(true)
            .title_case_headers(true);
        let service = service_fn(|request| async {
            let _in_flight = Raised::new(&self.metrics.requests_in_flight);
            let reply = self.handler.answer(request, peer).await;
            self.metrics.sent_bytes.inc_by(reply.body().size_hint().lower());
            Ok::<_, std::convert::Infallible>(reply)
        });
        let mut connection = std::pin::pin!(http.serve_connection(io, service));
        let mut draining = false;
        let result = loop {
            tokio::select! {
                result = connection.as_mut() => break result,
                () = self.shutdown.cancelled(), if !draining => {
                    draining = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = self.abort.cancelled() => break Ok(()),
            }
        };
        if let Err(error) = result {
            if let Some(reason) = refusal(&error) {
                self.metrics.refused(reason);
            }
            debug!(%peer, error = %euca_observe::chain(&error), "connection ended");
        }
    }
}

/// Why hyper has ended a connection, if that was the peer's fault. One that sends nothing any more is not refused
/// but over.
fn refusal(error: &hyper::Error) -> Option<&'static str> {
    let stalled = |error: &io::Error| error.kind() == io::ErrorKind::TimedOut;
    if error.is_parse_too_large() {
        Some("header-too-large")
    } else if error.is_parse() {
        Some("malformed-http")
    } else if source::<io::Error>(error).is_some_and(stalled) {
        Some("write-stalled")
    } else if error.is_timeout() {
        Some("header-timeout")
    } else {
        None
    }
}

fn source<E: std::error::Error + 'static>(error: &hyper::Error) -> Option<&E> {
    std::error::Error::source(error)?.downcast_ref()
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
