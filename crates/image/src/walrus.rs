//! Walrus, where images are: signed requests over HTTP/1.1, exactly as the original sends them (storage.md §5).
//!
//! The head of a request is ours to the byte, names of headers included; the answer is hyper's business. One
//! connection for one request, no redirects, no TLS, no proxy. A request is made once; [`fetch`](crate::fetch) makes
//! it again.
//!
//! What the server makes of the signature is weak: any key pair will do (Q1). Who can reach Walrus is a matter of the
//! network.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use euca_wsse::{Credentials, KeyPair};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use crate::error::Error;
use crate::wire::{Dial, Spoken, Stream, Tcp};

/// Longest URL (§5.1).
const MAX_URL: usize = 4095;
/// Longest request line and longest head that a server reads (§5.1).
const MAX_LINE: usize = 4096;
const MAX_HEAD: usize = 8192;
/// Header fields of an answer; its whole head is bounded by hyper's buffer.
const MAX_ANSWER_HEADERS: usize = 64;

/// What is asked for at a manifest's URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// The manifest itself.
    Manifest,
    /// The image that it describes, decrypted and unpacked.
    Image,
}

/// An answer that may be what was asked for.
pub struct Reply {
    /// Bytes that will come, if the server tells.
    pub length: Option<u64>,
    /// Whether the content is a sequence of gzip members (§5.8).
    pub compressed: bool,
    /// The content, piece by piece.
    pub content: BoxStream<'static, Result<Bytes, Error>>,
}

/// Where images come from.
pub trait ImageSource: Send + Sync + 'static {
    /// Asks once. Dropping the future, or the reply, gives up.
    ///
    /// # Errors
    /// [`Error::Transient`] for what another attempt may turn into success, [`Error::NotFound`] and
    /// [`Error::Denied`] for what it will not, [`Error::Unusable`] for a URL that nothing can be asked of.
    fn get<'a>(&'a self, url: &'a str, what: What) -> BoxFuture<'a, Result<Reply, Error>>;
}

/// Limits of one request (§5.9).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalrusSettings {
    /// For the connection to stand.
    pub connect: Duration,
    /// For a manifest, all in all.
    pub manifest: Duration,
    /// For the answer with an image to begin: Walrus is silent for up to 40 minutes while it decrypts.
    pub first_byte: Duration,
    /// For the next [`stall_bytes`](Self::stall_bytes) of an image that has begun to come.
    pub stall: Duration,
    /// Bytes that must come within each [`stall`](Self::stall).
    pub stall_bytes: u64,
    /// Whether images are asked for in gzip members; off, since a peer may not close them properly (Q14).
    pub compressed: bool,
}

impl Default for WalrusSettings {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            manifest: Duration::from_secs(60),
            first_byte: Duration::from_secs(45 * 60),
            stall: Duration::from_secs(60),
            stall_bytes: 60 << 10,
            compressed: false,
        }
    }
}

/// [`ImageSource`] that signs with the node's key.
pub struct Walrus {
    keys: Arc<Credentials>,
    settings: WalrusSettings,
    dial: Box<dyn Dial>,
}

impl Walrus {
    /// A client with the node's own key pair of `keys`.
    pub fn new(keys: Arc<Credentials>, settings: WalrusSettings) -> Self {
        Self { keys, settings, dial: Box::new(Tcp) }
    }

    /// The same over other connections than TCP's.
    #[cfg(test)]
    pub(crate) fn over(keys: Arc<Credentials>, settings: WalrusSettings, dial: impl Dial) -> Self {
        Self { keys, settings, dial: Box::new(dial) }
    }

    async fn request(&self, url: &str, what: What) -> Result<Reply, Error> {
        let began = Instant::now();
        let compressed = what == What::Image && self.settings.compressed;
        let target = Target::parse(url, compressed)?;
        let keys = self.keys.own().map_err(|error| Error::Key { source: Box::new(error) })?;
        let head = head("GET", &target, fields(what), Utc::now(), &keys)?;
        let stream = connect(&*self.dial, url, &target, self.settings.connect).await?;
        let WalrusSettings { manifest, first_byte, stall, stall_bytes, .. } = self.settings;
        let (begin, limits) = match what {
            What::Manifest => (manifest, Limits::whole(began, manifest)),
            What::Image => (first_byte, Limits::Flow(Flow::new(stall, stall_bytes))),
        };
        let (answer, connection) = exchange(url, stream, head, began, begin).await?;
        reply(url, answer, connection, compressed, limits)
    }
}

impl ImageSource for Walrus {
    fn get<'a>(&'a self, url: &'a str, what: What) -> BoxFuture<'a, Result<Reply, Error>> {
        Box::pin(self.request(url, what))
    }
}

/// The task that reads a connection; it ends when nobody reads the answer.
pub(crate) type Connection = AbortOnDropHandle<Result<(), hyper::Error>>;

/// A connection to where `target` is.
pub(crate) async fn connect(
    dial: &dyn Dial,
    url: &str,
    target: &Target<'_>,
    limit: Duration,
) -> Result<Box<dyn Stream>, Error> {
    let stream = timeout(limit, dial.dial(target.host, target.port)).await;
    let stream = stream.map_err(|_| Error::silent(url, limit))?;
    stream.map_err(|error| Error::broken(url, "no connection", error))
}

/// Says `request`, head and all, on a connection, and gives the answer if it begins within `limit`.
pub(crate) async fn exchange(
    url: &str,
    stream: impl Stream + 'static,
    request: impl Into<Bytes>,
    began: Instant,
    limit: Duration,
) -> Result<(Response<Incoming>, Connection), Error> {
    let answer = async {
        let stream = TokioIo::new(Spoken::new(stream, request));
        let (mut sender, connection) =
            http1::Builder::new().max_headers(MAX_ANSWER_HEADERS).handshake(stream).await?;
        let connection = AbortOnDropHandle::new(tokio::spawn(connection));
        Ok((sender.send_request(Request::new(Empty::<Bytes>::new())).await?, connection))
    };
    let answered = timeout_at(began + limit, answer).await.map_err(|_| Error::silent(url, limit))?;
    answered.map_err(|error: hyper::Error| Error::broken(url, "no answer", error))
}

/// What an answer brings.
pub(crate) fn reply(
    url: &str,
    answer: Response<Incoming>,
    connection: Connection,
    compressed: bool,
    limits: Limits,
) -> Result<Reply, Error> {
    judge(url, answer.status())?;
    let length = answer.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse().ok());
    let body = answer.into_body();
    let content = Content { url: url.to_owned(), body, limits, _connection: connection };
    Ok(Reply { length, compressed, content: content.into_stream() })
}

/// What a status means (§5.6).
pub(crate) fn judge(url: &str, status: StatusCode) -> Result<(), Error> {
    let what = url.to_owned();
    match status.as_u16() {
        200 => Ok(()),
        404 => Err(Error::NotFound { what }),
        408 | 425 | 429 | 500 | 502 | 503 | 504 => {
            Err(Error::Transient { what, reason: format!("status {}", status.as_u16()), source: None })
        }
        status => Err(Error::Denied { what, status }),
    }
}

/// The content of an answer while it comes.
struct Content {
    url: String,
    body: Incoming,
    limits: Limits,
    _connection: Connection,
}

pub(crate) enum Limits {
    /// All of it by then.
    Whole { deadline: Instant, limit: Duration },
    /// No slower than that.
    Flow(Flow),
}

impl Limits {
    pub fn whole(began: Instant, limit: Duration) -> Self {
        Self::Whole { deadline: began + limit, limit }
    }
}

impl Content {
    fn into_stream(self) -> BoxStream<'static, Result<Bytes, Error>> {
        Box::pin(stream::try_unfold(self, async |mut content| {
            Ok(content.next().await?.map(|piece| (piece, content)))
        }))
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let (deadline, limit) = match &self.limits {
                Limits::Whole { deadline, limit } => (*deadline, *limit),
                Limits::Flow(flow) => (flow.deadline, flow.stall),
            };
            let frame = timeout_at(deadline, self.body.frame()).await;
            let frame = frame.map_err(|_| Error::silent(&self.url, limit))?;
            let Some(frame) = frame else { return Ok(None) };
            let frame = frame.map_err(|error| Error::broken(&self.url, "the connection broke", error))?;
            let Ok(piece) = frame.into_data() else { continue };
            if let Limits::Flow(flow) = &mut self.limits {
                flow.came(piece.len());
            }
            return Ok(Some(piece));
        }
    }
}

/// The least speed of an image: so many bytes in each of the periods that follow one another.
pub(crate) struct Flow {
    stall: Duration,
    bytes: u64,
    missing: u64,
    deadline: Instant,
}

impl Flow {
    fn new(stall: Duration, bytes: u64) -> Self {
        Self { stall, bytes, missing: bytes, deadline: Instant::now() + stall }
    }

    fn came(&mut self, bytes: usize) {
        self.missing = self.missing.saturating_sub(bytes as u64);
        if self.missing == 0 {
            self.missing = self.bytes;
            self.deadline = Instant::now() + self.stall;
        }
    }
}

/// A URL, taken apart without a byte changed (T9).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// As the Host header has it.
    authority: &'a str,
    host: &'a str,
    port: u16,
    /// From the first slash after the host on, with the query.
    path: String,
}

impl<'a> Target<'a> {
    pub(crate) fn parse(url: &'a str, compressed: bool) -> Result<Self, Error> {
        let refuse =
            |reason: &str| Error::Unusable { what: format!("URL {url:?}"), reason: reason.to_owned() };
        let suffix = if compressed { "?IsCompressed=true" } else { "" };
        if url.len() + suffix.len() > MAX_URL {
            return Err(refuse("it is too long"));
        }
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) || url.contains('#') {
            return Err(refuse("it holds a character that no request can carry"));
        }
        let rest = url.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("http://"));
        let rest = rest.and(url.get(7..)).ok_or_else(|| refuse("it does not begin with http://"))?;
        let (authority, path) =
            rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or((rest, ""));
        if path.is_empty() {
            return Err(refuse("it has no path"));
        }
        if suffix.contains('?') && path.contains('?') {
            return Err(refuse("it has a query, and compression needs one"));
        }
        let parsed: http::uri::Authority = authority.parse().map_err(|_| refuse("its host is no host"))?;
        // A server would look for the bucket in such a name (§5.2).
        if authority.contains('@') || parsed.host().is_empty() || authority.contains(".walrus") {
            return Err(refuse("its host is not usable"));
        }
        if path.parse::<Uri>().is_err() {
            return Err(refuse("its path is no path"));
        }
        // A colon in brackets belongs to an IPv6 address.
        let (host, port) = match authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
            Some((host, port)) => (host, port.parse().map_err(|_| refuse("its port is no port"))?),
            None => (authority, 80),
        };
        let host = host.trim_matches(['[', ']']);
        Ok(Self { authority, host, port, path: format!("{path}{suffix}") })
    }
}

/// The header field that tells it.
fn fields(what: What) -> &'static str {
    match what {
        What::Manifest => "",
        What::Image => "EucaOperation: GetDecryptedImage\r\n",
    }
}

/// The head of a request with some `fields` of its own, and what is signed of it (§5.2, §5.3).
pub(crate) fn head(
    method: &str,
    target: &Target<'_>,
    fields: &str,
    now: DateTime<Utc>,
    keys: &KeyPair,
) -> Result<String, Error> {
    let date = date(now);
    let signature = keys.sign(signed(method, &date, &target.path).as_bytes());
    let signature = signature.map_err(|error| Error::Key { source: Box::new(error) })?;
    let mut head = format!("{method} {} HTTP/1.1\r\n", target.path);
    let line = head.len();
    let written = write!(
        head,
        "Host: {}\r\nAccept: */*\r\nAuthorization: Euca\r\n{fields}Date: {date}\r\nEucaCert: {}\r\n\
         EucaSignature: {}\r\n\r\n",
        target.authority,
        STANDARD.encode(keys.certificate_file()),
        STANDARD.encode(signature),
    );
    if written.is_err() || line > MAX_LINE || head.len() - line > MAX_HEAD {
        let what = format!("URL {:?}", target.path);
        return Err(Error::Unusable { what, reason: "its request is too long for any server".to_owned() });
    }
    Ok(head)
}

/// `asctime`'s form, in UTC: the server only compares it with what is signed (Q2).
fn date(now: DateTime<Utc>) -> String {
    now.format("%a %b %e %H:%M:%S %Y").to_string()
}

fn signed(method: &str, date: &str, path: &str) -> String {
    format!("{method}\n{date}\n{path}\n")
}

#[cfg(test)]
mod tests;
