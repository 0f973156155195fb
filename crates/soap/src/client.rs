//! The calling side: one connection for one call, as the original's clients do. A kept connection would hold an
//! original NC's only worker for 30 s (W25), and a call that changes something must not run into a connection the
//! peer is just closing; only polls, which follow each other at once and change nothing, share one. No retry and no
//! deadline here: both are the caller's decision, and dropping the future closes the connection.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use euca_observe::chain;
use euca_wire::{
    CallError, Caller, DecodeError, Element, Encoder, Generation, Link, Message as _, News, Operation,
    Request,
};
use euca_wsse::envelope::{self as scan, Version};
use euca_wsse::{Credentials, KeyPair, Profile, SignError, Verifier};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, USER_AGENT};
use http::uri::{Authority, Scheme};
use http::{Method, StatusCode, Uri};
use http_body_util::Full;
use tokio::task::JoinHandle;
use tracing::warn;

use crate::connection::{Connection, Failure};
use crate::envelope::{self, Addressing};
use crate::fault;

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
    /// Makes fingerprints that nobody can aim at.
    fingerprints: RandomState,
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
        Self {
            url: url.to_owned(),
            target,
            options,
            prepared: Mutex::default(),
            fingerprints: RandomState::new(),
        }
    }

    /// One call, whose answer `read` takes apart.
    async fn exchange<Q: Request, T>(
        &self,
        request: &Q,
        link: Option<&mut Link>,
        read: impl FnOnce(&Element<'_>) -> Result<T, DecodeError>,
    ) -> Result<T, CallError> {
        let action = Q::OPERATION.action;
        let (message_id, status, reply) = self.send(request, link).await?;
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
        read(&envelope::element(body)).map_err(|error| undecodable(error.to_string()))
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

    /// Sends the request over a connection of its own or, with a `link`, over the one kept there, which stays. One
    /// that the peer has closed meanwhile is replaced, once, and the message with it: the peer takes none twice. Brings
    /// the message's id and what came back.
    async fn send<Q: Request>(
        &self,
        request: &Q,
        mut link: Option<&mut Link>,
    ) -> Result<(String, StatusCode, Bytes), CallError> {
        let Some(target) = &self.target else {
            return Err(CallError::Unreachable(format!("{:?} is not an http URL with a host", self.url)));
        };
        let (action, limit, keep) = (Q::OPERATION.action, self.options.reply_bytes, link.is_some());
        let kept = link.as_deref_mut().and_then(Option::take);
        let mut kept = kept.and_then(|kept| kept.downcast::<Connection>().ok());
        loop {
            let (id, message) = self.message(request).await?;
            let message = target.request(action, message, keep)?;
            let (mut connection, reused) = match kept.take() {
                Some(kept) => (kept, true),
                None => (Box::new(Connection::open(&target.authority).await?), false),
            };
            match connection.exchange(message, limit).await {
                Err(Failure { unanswered: true, .. }) if reused => {}
                Err(failure) => return Err(failure.error),
                Ok((status, reply)) => {
                    if let Some(link) = link {
                        *link = Some(connection);
                    }
                    return Ok((id, status, reply));
                }
            }
        }
    }
}

impl Target {
    /// `kept` leaves the connection open for another request.
    fn request(
        &self,
        action: &str,
        message: Vec<u8>,
        kept: bool,
    ) -> Result<http::Request<Full<Bytes>>, CallError> {
        let mut request = http::Request::builder()
            .method(Method::POST)
            .uri(&self.path)
            .header(USER_AGENT, concat!("euca/", env!("CARGO_PKG_VERSION")))
            .header("SOAPAction", format!("\"{action}\""))
            .header(CONTENT_LENGTH, message.len())
            .header(CONTENT_TYPE, "text/xml;charset=UTF-8")
            .header(HOST, self.authority.as_str());
        if !kept {
            request = request.header(CONNECTION, "close");
        }
        request.body(Full::new(Bytes::from(message))).map_err(|error| CallError::Unreachable(chain(&error)))
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
        self.exchange(&request, None, Q::Response::read).await
    }

    async fn poll<Q: Request>(
        &self,
        request: Q,
        link: &mut Link,
        known: impl FnOnce(u64) -> bool + Send,
    ) -> Result<News<Q::Response>, CallError> {
        let fingerprints = &self.fingerprints;
        let read = move |element: &Element<'_>| {
            let fingerprint = fingerprints.hash_one((element.xml, element.scope));
            if known(fingerprint) {
                return Ok(News::Known);
            }
            Q::Response::read(element).map(|response| News::Told(response, Some(fingerprint)))
        };
        self.exchange(&request, Some(link), read).await
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("url", &self.url).finish_non_exhaustive()
    }
}
