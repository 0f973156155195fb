//! The admin port of a daemon on this host (docs/admin.md), asked why an instance is in the state it is in.

use std::net::Ipv4Addr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// Longest explanation read, in bytes.
const MAX_BYTES: usize = 1 << 20;

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `DAEMON_ADMIN_PORT` is 0.
    #[error("there is no admin port (DAEMON_ADMIN_PORT is 0)")]
    NoPort,
    /// No answer came.
    #[error("port {port} of this host, the admin port, does not answer")]
    NoAnswer {
        /// `DAEMON_ADMIN_PORT`.
        port: u16,
        /// What became of the exchange.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The daemon has not heard of the instance, or forgotten it.
    #[error("no instance {0:?} is known here")]
    Unknown(String),
    /// Another answer than was asked for.
    #[error("port {port} of this host, the admin port, answers with status {status}")]
    Status {
        /// `DAEMON_ADMIN_PORT`.
        port: u16,
        /// HTTP status.
        status: StatusCode,
    },
}

/// The admin port of a daemon on this host.
#[derive(Debug, Clone, Copy)]
pub struct Admin {
    /// `DAEMON_ADMIN_PORT`; `None` when there is none.
    pub port: Option<u16>,
    /// How long an answer may take.
    pub limit: Duration,
}

impl Admin {
    /// What is known of an instance.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn explain(self, instance: &str) -> Result<Value, Error> {
        let port = self.port.ok_or(Error::NoPort)?;
        let answer = tokio::time::timeout(self.limit, get(port, instance));
        let answer =
            answer.await.unwrap_or_else(|_| Err(format!("no answer within {:?}", self.limit).into()));
        let failed = |source| Error::NoAnswer { port, source };
        match answer.map_err(failed)? {
            (StatusCode::OK, body) => serde_json::from_slice(&body).map_err(|error| failed(error.into())),
            (StatusCode::NOT_FOUND, _) => Err(Error::Unknown(instance.to_owned())),
            (status, _) => Err(Error::Status { port, status }),
        }
    }
}

async fn get(
    port: u16,
    instance: &str,
) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let request = Request::get(format!("/instances/{instance}"))
        .header("Host", "localhost")
        .body(Empty::<Bytes>::new())?;
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Ends with the peer, or with the program.
    tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await?.into_parts();
    Ok((head.status, Limited::new(body, MAX_BYTES).collect().await?.to_bytes()))
}
