//! One HTTP exchange, from headers to reply.
//!
//! The order is fixed: form before identity, identity before content. Finding the operation comes before the
//! signature (wire.md §2.6), so a sender learns that an operation does not exist, and nothing else, unsigned.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::{Bytes, BytesMut};
use euca_wire::{DecodeError, Element, Fault, Operation, Service};
use euca_wsse::envelope::{self as scan, Version};
use euca_wsse::{Credentials, Profile, Verifier};
use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use tokio::sync::SemaphorePermit;
use tracing::{Instrument as _, debug, error, error_span, warn};

use super::{Endpoint, Server};
use crate::envelope::{self, Addressing};
use crate::fault::Refused;

/// Path of a service, before its name.
const SERVICES: &str = "/axis2/services/";

/// A body's first bytes, which need no share of the budget; the rest of it does.
const FREE_BODY_BYTES: usize = 64 << 10;

/// WS-Security of an endpoint: whom it believes and as whom it answers.
pub struct Security {
    /// Own key pair and pinned peer.
    pub credentials: Arc<Credentials>,
    /// What a request must fulfil.
    pub verifier: Verifier,
    /// How replies are signed.
    pub profile: Profile,
}

/// An operation ready to run: everything the sender could have got wrong is settled.
pub(super) struct Call {
    correlation_id: Option<String>,
    user_id: Option<String>,
    run: Run,
}

/// An operation's answer to be: its body element, and whether it is no refusal.
type Run = Pin<Box<dyn Future<Output = Result<(Vec<u8>, bool), Fault>> + Send>>;

/// A [`Service`] behind a pointer.
pub(super) trait Dispatch: Send + Sync {
    fn find(&self, name: &str) -> Option<&'static Operation>;
    fn call(&self, operation: &'static Operation, body: &Element<'_>) -> Result<Call, DecodeError>;
}

impl<S> Dispatch for Arc<S>
where
    S: Service,
    S::Error: Into<Fault>,
{
    fn find(&self, name: &str) -> Option<&'static Operation> {
        S::find(name)
    }

    fn call(&self, operation: &'static Operation, body: &Element<'_>) -> Result<Call, DecodeError> {
        let request = S::decode(operation, body)?;
        let (correlation_id, user_id) = S::identity(&request);
        let (correlation_id, user_id) = (correlation_id.map(str::to_owned), user_id.map(str::to_owned));
        let service = Arc::clone(self);
        let run = Box::pin(async move {
            let mut out = Vec::with_capacity(1024);
            let success = service.run(request, &mut out).await.map_err(Into::into)?;
            Ok((out, success))
        });
        Ok(Call { correlation_id, user_id, run })
    }
}

type Reply = Response<Full<Bytes>>;

impl Server {
    pub(super) async fn exchange(&self, request: Request<Incoming>, peer: SocketAddr) -> Reply {
        let (parts, body) = request.into_parts();
        match parts.method {
            Method::POST => {}
            Method::GET | Method::HEAD => return self.wsdl(&parts),
            _ => {
                self.http.refused("method");
                let mut reply = text_reply(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
                reply.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
                return reply;
            }
        }
        let mut version = Version::Soap11;
        match self.post(&parts, body, peer, &mut version).await {
            Ok(reply) => xml_reply(StatusCode::OK, version, reply),
            Err(refused) => {
                let mut reply = xml_reply(refused.status, version, refused.render(version));
                reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                reply
            }
        }
    }

    /// `?wsdl` in any letter case; every other GET is 404 (wire.md §2.4).
    fn wsdl(&self, parts: &Parts) -> Reply {
        let asks = parts.uri.query().is_some_and(|query| query.to_ascii_lowercase().starts_with("wsdl"));
        match self.endpoint(parts.uri.path()) {
            Some(endpoint) if asks => {
                xml_reply(StatusCode::OK, Version::Soap11, Bytes::from_static(endpoint.wsdl.as_bytes()))
            }
            _ => {
                self.http.refused("not-found");
                text_reply(StatusCode::NOT_FOUND, "not found\n")
            }
        }
    }

    async fn post(
        &self,
        parts: &Parts,
        body: Incoming,
        peer: SocketAddr,
        version: &mut Version,
    ) -> Result<Vec<u8>, Refused> {
        let started = Instant::now();
        let refuse = |refused: Refused, reason: &'static str, detail: Option<&dyn std::fmt::Display>| {
            // As text, which the log quotes: a peer must not write lines of its own.
            let detail = detail.map(ToString::to_string);
            warn!(%peer, path = parts.uri.path(), reason, detail, fault = %refused.fault, "request refused");
            self.http.refused(reason);
            refused
        };
        let announced = announced_version(parts);
        *version = announced.unwrap_or(Version::Soap12);
        let received = self.receive(body).await;
        let (message, _share) = received.map_err(|(reason, refused)| refuse(refused, reason, None))?;
        self.http.received_bytes.inc_by(message.len() as u64);
        let Ok(_permit) = self.requests.try_acquire() else {
            return Err(refuse(Refused::busy(), "overload", None));
        };
        let Some(announced) = announced else {
            return Err(refuse(Refused::content_type(), "content-type", None));
        };
        let envelope = scan::scan(&message, &self.limits.xml)
            .map_err(|error| refuse(Refused::scan(&error, announced), error.reason(), Some(&error)))?;
        if envelope.version() != announced {
            return Err(refuse(Refused::version_mismatch(announced), "soap-version", None));
        }
        let claimed = envelope.addressing();
        let claimed_action = claimed.as_ref().ok().and_then(|addressing| addressing.action.as_deref());
        let Some(endpoint) = self.endpoint(parts.uri.path()) else {
            let refused = Refused::not_found("Service", &url(parts), claimed_action);
            return Err(refuse(refused, "unknown-service", None));
        };
        let found = envelope.body().map(|body| {
            let ours = body.namespace == euca_wire::NAMESPACE;
            endpoint.service.find(body.local_name).filter(|_| ours)
        });
        let operation = match found {
            None => return Err(refuse(Refused::body(endpoint.name), "empty-body", None)),
            Some(None) => {
                let refused = Refused::not_found("Operation", &url(parts), claimed_action);
                return Err(refuse(refused, "unknown-operation", None));
            }
            Some(Some(operation)) => operation,
        };
        let refuse_security = |refusal: euca_wsse::Refusal| {
            refuse(Refused::security(&refusal, endpoint.name), refusal.reason(), Some(&refusal))
        };
        // From here on, only what verification hands back is used.
        let (addressing, body) = match &endpoint.security {
            Some(security) => {
                let verified =
                    security.verifier.verify(&envelope, SystemTime::now()).map_err(refuse_security)?;
                (verified.addressing, verified.body)
            }
            None => (claimed.map_err(refuse_security)?, envelope.body().cloned()),
        };
        let Some(body) = body else {
            return Err(refuse(Refused::body(endpoint.name), "empty-body", None));
        };
        if let Some(block) = envelope.not_understood() {
            return Err(refuse(Refused::not_understood(), "must-understand", Some(&block.local_name)));
        }
        if addressing.action.as_deref().is_some_and(|action| action != operation.action) {
            return Err(refuse(Refused::body(endpoint.name), "foreign-action", None));
        }
        let call = endpoint
            .service
            .call(operation, &envelope::element(&body))
            .map_err(|error| refuse(Refused::body(endpoint.name), "undecodable", Some(&error)))?;

        // At the highest level, so that the lines written in it have its fields whatever LOGLEVEL is.
        let span = error_span!(
            "call",
            service = endpoint.name,
            operation = operation.name,
            %peer,
            correlation = call.correlation_id.as_deref(),
            user = call.user_id.as_deref(),
        );
        let addressing = Addressing {
            action: operation.action,
            message_id: euca_wsse::new_message_id().map_err(|error| unsignable(&error))?,
            to: None,
            from: Some(addressing.to.as_deref().map_or_else(|| url(parts), str::to_owned)),
            relates_to: addressing.message_id.as_deref().map(str::to_owned),
        };
        let reply = execute(endpoint, call.run, addressing, *version).instrument(span.clone()).await;
        let elapsed = started.elapsed();
        let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let outcome = match &reply {
            Ok((_, true)) => "ok",
            Ok((_, false)) => "refused",
            Err(_) => "fault",
        };
        self.soap.called(endpoint.name, operation.name, outcome, elapsed);
        span.in_scope(|| match &reply {
            Ok((reply, _)) => debug!(elapsed_us, bytes = reply.len(), outcome, "answered"),
            Err(refused) => warn!(elapsed_us, fault = %refused.fault, "failed"),
        });
        reply.map(|(reply, _)| reply)
    }

    fn endpoint(&self, path: &str) -> Option<&Endpoint> {
        let name = path.strip_prefix(SERVICES)?;
        let name = name.strip_suffix('/').unwrap_or(name);
        self.endpoints.iter().find(|endpoint| endpoint.name == name)
    }

    /// The request's body within its bounds of size and time, or a word for why not. The second value is its share
    /// of the memory all bodies may take together, to be held as long as the body.
    async fn receive(
        &self,
        body: Incoming,
    ) -> Result<(Bytes, Option<SemaphorePermit<'_>>), (&'static str, Refused)> {
        let limit = self.limits.body_bytes;
        let too_large = || ("body-too-large", Refused::too_large(limit));
        let broken =
            |error: hyper::Error| ("broken-body", Refused::broken_body(&euca_observe::chain(&error)));
        if body.size_hint().lower() > limit as u64 {
            return Err(too_large());
        }
        let collect = async {
            let mut body = body;
            let mut first = Bytes::new();
            let mut rest = BytesMut::new();
            let mut share: Option<SemaphorePermit<'_>> = None;
            while let Some(frame) = body.frame().await {
                let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
                let length = first.len().max(rest.len()) + data.len();
                if length > limit {
                    return Err(too_large());
                }
                if first.is_empty() {
                    first = data;
                    continue;
                }
                if length > FREE_BODY_BYTES {
                    let more = u32::try_from(data.len()).unwrap_or(u32::MAX);
                    let more = self.body_budget.acquire_many(more).await;
                    let more = more.map_err(|_| ("overload", Refused::busy()))?;
                    match &mut share {
                        Some(share) => share.merge(more),
                        None => share = Some(more),
                    }
                }
                if rest.is_empty() {
                    rest.extend_from_slice(&first);
                }
                rest.extend_from_slice(&data);
            }
            Ok((if rest.is_empty() { first } else { rest.freeze() }, share))
        };
        tokio::time::timeout(self.limits.body_time, collect)
            .await
            .unwrap_or_else(|_| Err(("body-timeout", Refused::slow_body())))
    }
}

/// Runs the operation to its end even when the caller goes away. Own keys are asked for before it starts, and in
/// profile Legacy the reply's headers are signed meanwhile, since they do not depend on its body (W8).
async fn execute(
    endpoint: &Endpoint,
    run: Run,
    addressing: Addressing,
    version: Version,
) -> Result<(Vec<u8>, bool), Refused> {
    let crashed = |error: tokio::task::JoinError| {
        error!(%error, "operation crashed");
        Refused::from(Fault::server("internal error"))
    };
    let Some(Security { credentials, profile, .. }) = &endpoint.security else {
        let (body, success) = tokio::spawn(run.in_current_span()).await.map_err(crashed)??;
        return Ok((addressing.unsigned(version, &body), success));
    };
    let keys = credentials.own().map_err(|error| unsignable(&error))?;
    let (reply, success) = match *profile {
        Profile::Legacy => {
            // The signature is spawned first: the runtime keeps the task spawned last for this thread, which goes
            // on with the operation at once, and lets an idle thread take the other.
            let header = tokio::spawn(async move { addressing.sign_header(&keys) });
            let run = tokio::spawn(run.in_current_span());
            let (body, success) = run.await.map_err(crashed)??;
            let header = header.await.map_err(crashed)?.map_err(|error| unsignable(&error))?;
            (envelope::assemble(version, &header, &body), success)
        }
        profile @ Profile::Strict => {
            let (body, success) = tokio::spawn(run.in_current_span()).await.map_err(crashed)??;
            (addressing.sign(&keys, version, profile, &body).map_err(|error| unsignable(&error))?, success)
        }
    };
    Ok((reply, success))
}

/// F16: the reply could not be signed.
fn unsignable(error: &dyn std::fmt::Display) -> Refused {
    error!(%error, "reply cannot be signed");
    Refused::from(Fault::server("reply cannot be signed"))
}

/// SOAP version the Content-Type stands for (wire.md §2.5).
fn announced_version(parts: &Parts) -> Option<Version> {
    let value = parts.headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let media_type = value.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case("text/xml") {
        Some(Version::Soap11)
    } else if media_type.eq_ignore_ascii_case("application/soap+xml") {
        Some(Version::Soap12)
    } else {
        None
    }
}

/// The URL as the sender wrote it, for faults and `wsa:From`.
fn url(parts: &Parts) -> String {
    let host = parts.uri.authority().map(http::uri::Authority::as_str);
    let host = host.or_else(|| parts.headers.get(HOST).and_then(|host| host.to_str().ok()));
    format!("http://{}{}", host.unwrap_or("localhost"), parts.uri.path())
}

fn xml_reply(status: StatusCode, version: Version, body: impl Into<Bytes>) -> Reply {
    let content_type = match version {
        Version::Soap11 => "text/xml",
        Version::Soap12 => "application/soap+xml",
    };
    reply(status, content_type, body)
}

fn text_reply(status: StatusCode, body: &'static str) -> Reply {
    reply(status, "text/plain", body)
}

fn reply(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(body.into()));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}
