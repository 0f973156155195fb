//! A connection to a peer.

use std::future::{Future as _, poll_fn};
use std::pin::pin;
use std::task::Poll;

use bytes::Bytes;
use euca_observe::chain;
use euca_wire::CallError;
use http::StatusCode;
use http::uri::Authority;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::unconstrained;

/// A connection for one exchange after another. Dropping it closes it.
pub(crate) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    driver: http1::Connection<TokioIo<TcpStream>, Full<Bytes>>,
}

/// Why an exchange has brought nothing.
pub(crate) struct Failure {
    pub error: CallError,
    /// Nothing of an answer has come; it may be that the peer had closed the connection before the request.
    pub unanswered: bool,
}

impl Connection {
    /// Connects to the peer, port 80 unless it names one.
    pub async fn open(peer: &Authority) -> Result<Self, CallError> {
        let address = (peer.host().trim_matches(['[', ']']), peer.port_u16().unwrap_or(80));
        let stream = TcpStream::connect(address).await.map_err(|error| unreachable(&error))?;
        let _ = stream.set_nodelay(true);
        let handshake = http1::Builder::new().title_case_headers(true).handshake(TokioIo::new(stream)).await;
        let (sender, driver) = handshake.map_err(|error| unreachable(&error))?;
        Ok(Self { sender, driver })
    }

    /// Sends a request and takes an answer of at most `limit` bytes. The connection is driven here, not in a task of
    /// its own: it is closed when it is dropped, and needs no orderly end then.
    pub async fn exchange(
        &mut self,
        request: http::Request<Full<Bytes>>,
        limit: usize,
    ) -> Result<(StatusCode, Bytes), Failure> {
        let Self { sender, driver } = self;
        let exchange = async {
            let head = async {
                sender.ready().await?;
                sender.send_request(request).await
            };
            let reply = head
                .await
                .map_err(|error| Failure { error: unreachable(&error), unanswered: !error.is_parse() })?;
            let (parts, body) = reply.into_parts();
            let body = Limited::new(body, limit).collect().await.map_err(|error| {
                let error = if error.is::<LengthLimitError>() {
                    CallError::Undecodable(format!("reply is larger than {limit} bytes"))
                } else {
                    unreachable(&*error)
                };
                Failure { error, unanswered: false }
            })?;
            Ok((parts.status, body.to_bytes()))
        };
        // Not constrained, so that it is pending only when there is nothing to be had.
        let mut exchange = pin!(unconstrained(exchange));
        tokio::select! {
            biased;
            result = exchange.as_mut() => return result,
            _ = poll_fn(|context| driver.poll_without_shutdown(context)) => {}
        }
        // What the connection has brought before its end is there, and more does not come.
        let ended = || CallError::Unreachable("connection ended".to_owned());
        poll_fn(|context| match exchange.as_mut().poll(context) {
            Poll::Pending => Poll::Ready(Err(Failure { error: ended(), unanswered: true })),
            ready => ready,
        })
        .await
    }
}

fn unreachable(error: &dyn std::error::Error) -> CallError {
    CallError::Unreachable(chain(error))
}
