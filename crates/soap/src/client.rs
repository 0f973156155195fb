//! The calling side: one connection for one call, as the original's clients do. A kept connection would hold an
//! original NC's only worker for 30 s (W25), and a call that changes something must not run into a connection the
//! peer is just closing. No retry and no deadline here: both are the caller's decision, and dropping the future
//! closes the connection.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use euca_wire::{CallError, Caller, Encoder, Generation, Message as _, Operation, Request};
use euca_wsse::envelope::{self as scan, Version};
use euca_wsse::{Credentials, KeyPair, Profile, SignError, Verifier};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, USER_AGENT};
use http::uri::{Authority, Scheme};
use http::{Method, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tracing::warn;

use crate::envelope::{self, Addressing};
use crate::{chain, fault};

/// How calls are secured and bounded.
#[derive(Clone)]
pub struct ClientOptions {
    /// Own key pair and the peer's pinned certificate; `None` sends unsigned (GL, `ENABLE_WS_SECURITY=N`).
    pub security: Option<ClientSecurity>,
    /// Bytes of a reply's body.
    pub reply_bytes: usize,
    /// Bounds on a reply's XML.
    pub xml: scan::Limits,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self { security: None, reply_bytes: 16 << 20, xml: scan::Limits::default() }
    }
}

/// WS-Security of a client.
#[derive(Clone)]
pub struct ClientSecurity {
    /// Own key pair and pinned peer.
    pub credentials: Arc<Credentials>,
    /// What is signed.
    pub profile: Profile,
    /// Judges replies; `None` looks at no signature.
    pub verifier: Option<Arc<Verifier>>,
    /// Whether a reply that fails verification is refused; otherwise it is logged and used, as the original
    /// does (S11).
    pub enforce: bool,
}

/// A peer's service at a URL.
pub struct Client {
    url: String,
    /// `None` for a URL that cannot be called.
    target: Option<Target>,
    options: ClientOptions,
    prepared: Mutex<Option<Prepared>>,
}

struct Target {
    authority: Authority,
    path: String,
}

/// A header signed ahead of its request, which in profile Legacy it does not depend on. It carries no time, so it
/// does not age.
struct Prepared {
    action: &'static str,
    message_id: String,
    keys: Arc<KeyPair>,
    header: JoinHandle<Result<Vec<u8>, SignError>>,
}

impl Prepared {
    fn suits(&self, action: &str, keys: &Arc<KeyPair>) -> bool {
        self.action == action && Arc::ptr_eq(&self.keys, keys)
    }
}

impl Client {
    /// A client of the service at `url`, an absolute `http:` URL; with any other, every call fails. Nothing is
    /// contacted.
    pub fn new(url: &str, options: ClientOptions) -> Self {
        let target =
            url.parse::<Uri>().ok().filter(|uri| uri.scheme() == Some(&Scheme::HTTP)).and_then(|uri| {
                let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
                Some(Target { authority: uri.authority()?.clone(), path })
            });
        Self { url: url.to_owned(), target, options, prepared: Mutex::default() }
    }

    async fn exchange<Q: Request>(&self, request: &Q) -> Result<Q::Response, CallError> {
        let action = Q::OPERATION.action;
        let (message_id, message) = self.message(request).await?;
        let (status, reply) = self.post(action, message).await?;
        let undecodable = |reason: String| CallError::Undecodable(format!("{reason} (HTTP status {status})"));
        let envelope =
            scan::scan(&reply, &self.options.xml).map_err(|error| undecodable(error.to_string()))?;
        let body = envelope.body().ok_or_else(|| undecodable("empty Body".to_owned()))?;
        // Faults are never signed (wire.md §5.1).
        if let Some(fault) = fault::read(body) {
            return Err(CallError::Fault(fault));
        }
        if let Some(security) = &self.options.security
            && let Some(verifier) = &security.verifier
            && let Err(reason) = verify(verifier, &envelope, &message_id)
        {
            if security.enforce {
                return Err(undecodable(format!("reply's signature refused: {reason}")));
            }
            warn!(peer = self.url, action, reason, "reply's signature refused, reply used all the same");
        }
        // The status does not matter beside a proper body, as for the original's clients (N4 covers the rest).
        Q::Response::read(&envelope::element(body)).map_err(|error| undecodable(error.to_string()))
    }

    /// The complete message, and its id.
    async fn message<Q: Request>(&self, request: &Q) -> Result<(String, Vec<u8>), CallError> {
        let action = Q::OPERATION.action;
        let mut body = Vec::with_capacity(1024);
        request.write(&mut Encoder::new(&mut body, Generation::V2_0));
        let Some(ClientSecurity { credentials, profile, .. }) = &self.options.security else {
            let addressing = self.addressing(action)?;
            let message = addressing.unsigned(Version::Soap11, &body);
            return Ok((addressing.message_id, message));
        };
        let keys = credentials.own().map_err(|error| unsigned(&error))?;
        if let Some(prepared) = self.take_prepared(action, &keys)
            && let Ok(Ok(header)) = prepared.header.await
        {
            return Ok((prepared.message_id, envelope::assemble(Version::Soap11, &header, &body)));
        }
        let addressing = self.addressing(action)?;
        let message = addressing.sign(&keys, Version::Soap11, *profile, &body);
        Ok((addressing.message_id, message.map_err(|error| unsigned(&error))?))
    }

    fn addressing(&self, action: &'static str) -> Result<Addressing, CallError> {
        let message_id = euca_wsse::new_message_id().map_err(|error| unsigned(&error))?;
        Ok(Addressing { action, message_id, to: Some(self.url.clone()), from: None, relates_to: None })
    }

    /// The prepared header, if it is of this operation and made with these keys; it is used up either way.
    fn take_prepared(&self, action: &'static str, keys: &Arc<KeyPair>) -> Option<Prepared> {
        let mut slot = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        slot.take().filter(|prepared| prepared.suits(action, keys))
    }

    async fn post(&self, action: &str, message: Vec<u8>) -> Result<(StatusCode, Bytes), CallError> {
        let unreachable = |error: &dyn std::error::Error| CallError::Unreachable(chain(error));
        let Some(Target { authority, path }) = &self.target else {
            return Err(CallError::Unreachable(format!("{:?} is not an http URL with a host", self.url)));
        };
        let address = (authority.host().trim_matches(['[', ']']), authority.port_u16().unwrap_or(80));
        let stream = TcpStream::connect(address).await.map_err(|error| unreachable(&error))?;
        let _ = stream.set_nodelay(true);
        let handshake = http1::Builder::new().title_case_headers(true).handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.map_err(|error| unreachable(&error))?;
        let request = http::Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(USER_AGENT, concat!("euca/", env!("CARGO_PKG_VERSION")))
            .header("SOAPAction", format!("\"{action}\""))
            .header(CONTENT_LENGTH, message.len())
            .header(CONTENT_TYPE, "text/xml;charset=UTF-8")
            .header(HOST, authority.as_str())
            .header(CONNECTION, "close")
            .body(Full::new(Bytes::from(message)))
            .map_err(|error| unreachable(&error))?;
        let limit = self.options.reply_bytes;
        let exchange = async {
            let reply = sender.send_request(request).await.map_err(|error| unreachable(&error))?;
            let (parts, body) = reply.into_parts();
            let body = Limited::new(body, limit).collect().await.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    CallError::Undecodable(format!("reply is larger than {limit} bytes"))
                } else {
                    unreachable(&*error)
                }
            })?;
            Ok((parts.status, body.to_bytes()))
        };
        // The connection is driven here, not in a task of its own: dropping this future closes it.
        let mut connection = std::pin::pin!(connection);
        let mut exchange = std::pin::pin!(exchange);
        let mut ended = false;
        loop {
            tokio::select! {
                biased;
                result = exchange.as_mut() => return result,
                _ = connection.as_mut(), if !ended => ended = true,
            }
        }
    }
}

/// The reply is the peer's, and it answers this very request.
fn verify(verifier: &Verifier, envelope: &scan::Envelope<'_>, message_id: &str) -> Result<(), String> {
    let verified = verifier.verify(envelope, SystemTime::now()).map_err(|refusal| refusal.to_string())?;
    match verified.addressing.relates_to.as_deref() {
        Some(related) if related == message_id => Ok(()),
        related => Err(format!("it answers {}", related.unwrap_or("no request"))),
    }
}

fn unsigned(error: &dyn std::fmt::Display) -> CallError {
    CallError::Unreachable(format!("request cannot be signed: {error}"))
}

impl Caller for Client {
    /// Signs a header in the background.
    fn prepare(&self, operation: &'static Operation) {
        let Some(ClientSecurity { credentials, profile: Profile::Legacy, .. }) = &self.options.security
        else {
            return;
        };
        // What fails here fails again in the call, and is reported there.
        let (Ok(keys), Ok(addressing)) = (credentials.own(), self.addressing(operation.action)) else {
            return;
        };
        let mut slot = self.prepared.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.as_ref().is_some_and(|prepared| prepared.suits(operation.action, &keys)) {
            return;
        }
        let (action, message_id, signer) = (operation.action, addressing.message_id.clone(), keys.clone());
        let header = tokio::spawn(async move { addressing.sign_header(&signer) });
        *slot = Some(Prepared { action, message_id, keys, header });
    }

    async fn call<Q: Request>(&self, request: Q) -> Result<Q::Response, CallError> {
        self.exchange(&request).await
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("url", &self.url).finish_non_exhaustive()
    }
}
