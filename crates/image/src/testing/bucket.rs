//! One bucket of a user's, kept by a server with Walrus' rules (storage.md §5.5, §10): signatures, upload policies
//! and manifests are judged, faults come by plan.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read as _};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use flate2::read::GzDecoder;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::{Padding, Rsa};
use openssl::sha::sha1;
use openssl::sign::{Signer, Verifier};
use openssl::symm::{Cipher, decrypt};
use openssl::x509::X509;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use crate::cache::hexadecimal;

/// Access key id of the only user.
pub const ACCESS_KEY: &str = "WKy3rMzOWPouVOxK1p3Ar1C2uRBwa2FBXnCw";
/// What he signs policies with.
const SECRET: &[u8] = b"dwLB9VnAdXHwvtqQQVDrh0oc9NtPd0hFVjtg";
/// Below which buckets are.
const SERVICE: &str = "/services/Walrus/";

/// How a request fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// With this status.
    Status(u16),
    /// With an error document and status 200.
    ErrorDocument,
    /// The connection is closed.
    Cut,
    /// No answer comes.
    Silence,
    /// No answer comes before [`Bucket::heal`].
    Hold,
}

/// A policy that lets whoever has it put objects whose names begin with `prefix` into `bucket`, and its signature.
pub fn policy(bucket: &str, prefix: &str) -> (String, String) {
    let conditions = json!([{"acl": "ec2-bundle-read"}, {"bucket": bucket}, ["starts-with", "$key", prefix]]);
    let expiration = (Utc::now() + TimeDelta::hours(2)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let policy = STANDARD.encode(json!({"expiration": expiration, "conditions": conditions}).to_string());
    let signature = signed(&policy).unwrap_or_default();
    (policy, signature)
}

fn signed(policy: &str) -> Option<String> {
    let key = PKey::hmac(SECRET).ok()?;
    let mut signer = Signer::new(MessageDigest::sha1(), &key).ok()?;
    Some(STANDARD.encode(signer.sign_oneshot_to_vec(policy.as_bytes()).ok()?))
}

/// The server. Ends when dropped.
#[derive(Debug)]
pub struct Bucket {
    address: SocketAddr,
    store: Arc<Mutex<Store>>,
    _task: AbortOnDropHandle<()>,
}

#[derive(Debug, Default)]
struct Store {
    /// PEM of the only certificate that is trusted.
    node: Vec<u8>,
    /// `None`: there is no such bucket.
    objects: Option<BTreeMap<String, Vec<u8>>>,
    later: Vec<String>,
    requests: Vec<String>,
    refusals: Vec<String>,
    faults: HashMap<String, (Fault, u32)>,
}

impl Bucket {
    /// Serves an empty bucket `bucket` on a free port of `ip` to the node that has this certificate.
    ///
    /// # Errors
    /// The kernel's, or the file system's.
    pub async fn start(ip: IpAddr, node_certificate: &Path) -> io::Result<Self> {
        let node = std::fs::read(node_certificate)?;
        let store = Store { node, objects: Some(BTreeMap::new()), ..Store::default() };
        let store = Arc::new(Mutex::new(store));
        let listener = TcpListener::bind((ip, 0)).await?;
        let (address, served) = (listener.local_addr()?, Arc::clone(&store));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let store = Arc::clone(&served);
                let service = service_fn(move |request| answer(Arc::clone(&store), request));
                // A client that goes away is its own business.
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Ok(Self { address, store, _task: AbortOnDropHandle::new(task) })
    }

    /// `walrusURL`.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.address, SERVICE.trim_end_matches('/'))
    }

    /// Names and contents of all objects, by name.
    pub fn objects(&self) -> Vec<(String, Vec<u8>)> {
        self.store().objects.iter().flatten().map(|(name, content)| (name.clone(), content.clone())).collect()
    }

    /// The content of one object.
    pub fn object(&self, name: &str) -> Option<Vec<u8>> {
        self.store().objects.as_ref()?.get(name).cloned()
    }

    /// Puts an object of the user's own.
    pub fn keep(&self, name: &str) {
        self.store().objects.get_or_insert_default().insert(name.to_owned(), b"the user's".to_vec());
    }

    /// Puts an object of the user's own as soon as somebody else puts one.
    pub fn keep_later(&self, name: &str) {
        self.store().later.push(name.to_owned());
    }

    /// Removes the bucket.
    pub fn remove_bucket(&self) {
        self.store().objects = None;
    }

    /// Whether the bucket exists.
    pub fn has_bucket(&self) -> bool {
        self.store().objects.is_some()
    }

    /// The next `times` requests of this form fail: method, or operation, and name.
    pub fn fail(&self, request: &str, fault: Fault, times: u32) {
        self.store().faults.insert(request.to_owned(), (fault, times));
    }

    /// From now on nothing fails, and what is held is answered.
    pub fn heal(&self) {
        self.store().faults.clear();
    }

    /// All requests so far.
    pub fn requests(&self) -> Vec<String> {
        self.store().requests.clone()
    }

    /// Why requests were refused that were not meant to be.
    pub fn refusals(&self) -> Vec<String> {
        self.store().refusals.clone()
    }

    /// The archive that the image of this manifest is packed in, for whoever has this private key: the cloud (`ec2`) or
    /// the node (`user`). Parts are put together in the manifest's order, as Walrus does it.
    pub fn archive(&self, manifest: &str, owner: &str, key: &Path) -> Option<Vec<u8>> {
        let store = self.store();
        let objects = store.objects.as_ref()?;
        let text = std::str::from_utf8(objects.get(manifest)?).ok()?;
        let document = roxmltree::Document::parse(text).ok()?;
        let element = |name: &str| document.descendants().find(|node| node.has_tag_name(name))?.text();
        let key = Rsa::private_key_from_pem(&std::fs::read(key).ok()?).ok()?;
        let secret = |name: &str| {
            let mut secret = vec![0; usize::try_from(key.size()).ok()?];
            let sealed = unhex(element(&format!("{owner}_encrypted_{name}"))?)?;
            let length = key.private_decrypt(&sealed, &mut secret, Padding::PKCS1).ok()?;
            unhex(std::str::from_utf8(secret.get(..length)?).ok()?)
        };
        let (bucket, _) = manifest.split_once('/')?;
        let parts = document.descendants().filter(|node| node.has_tag_name("filename"));
        let parts = parts.map(|part| objects.get(&format!("{bucket}/{}", part.text()?)).map(Vec::as_slice));
        let sealed = parts.collect::<Option<Vec<_>>>()?.concat();
        let packed = decrypt(Cipher::aes_128_cbc(), &secret("key")?, Some(&secret("iv")?), &sealed).ok()?;
        let mut archive = Vec::new();
        GzDecoder::new(packed.as_slice()).read_to_end(&mut archive).ok()?;
        let digest = document.descendants().find(|node| node.has_tag_name("image"))?;
        let digest = digest.children().find(|node| node.has_tag_name("digest"))?.text()?;
        Some(archive).filter(|archive| hexadecimal(&sha1(archive)) == digest)
    }

    /// Waits for a request.
    pub async fn until(&self, request: &str) {
        while !self.store().requests.iter().any(|seen| seen == request) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }
}

fn lock(store: &Mutex<Store>) -> MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

type Answer = Result<Response<Full<Bytes>>, io::Error>;

async fn answer(store: Arc<Mutex<Store>>, request: Request<Incoming>) -> Answer {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let path = head.uri.path_and_query().map_or("", |path| path.as_str());
    let name = path.strip_prefix(SERVICE).unwrap_or_default().to_owned();
    let operation = value(&head.headers, "EucaOperation").unwrap_or(head.method.as_str());
    let request = format!("{operation} {name}");
    let fault = {
        let mut store = lock(&store);
        store.requests.push(request.clone());
        store.faults.get_mut(&request).filter(|(_, times)| *times > 0).map(|(fault, times)| {
            *times -= 1;
            *fault
        })
    };
    let reply = |status: StatusCode, text: String| {
        let mut response = Response::new(Full::new(text.into()));
        *response.status_mut() = status;
        Ok(response)
    };
    match fault {
        Some(Fault::Silence) => std::future::pending().await,
        Some(Fault::Hold) => {
            while lock(&store).faults.contains_key(&request) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        Some(Fault::Cut) => return Err(io::ErrorKind::ConnectionReset.into()),
        Some(Fault::ErrorDocument) => {
            return reply(StatusCode::OK, "<Error><Code>InternalError</Code></Error>".to_owned());
        }
        Some(Fault::Status(status)) => {
            return reply(StatusCode::from_u16(status).map_err(io::Error::other)?, String::new());
        }
        None => {}
    }
    let mut store = lock(&store);
    let judged = store
        .authenticate(&head.method, path, &head.headers)
        .and_then(|()| store.serve(operation, &name, &head.headers, body.to_vec()));
    match judged {
        Ok(()) => reply(StatusCode::OK, String::new()),
        Err((status, reason)) => {
            if status != StatusCode::NOT_FOUND && status != StatusCode::CONFLICT {
                store.refusals.push(format!("{request}: {reason}"));
            }
            reply(status, format!("<Error><Message>{reason}</Message></Error>"))
        }
    }
}

fn value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

type Judged = Result<(), (StatusCode, String)>;

fn refuse<T>(status: StatusCode, reason: impl Into<String>) -> Result<T, (StatusCode, String)> {
    Err((status, reason.into()))
}

impl Store {
    /// Whether the node has signed this, on behalf of the user.
    fn authenticate(&self, method: &http::Method, path: &str, headers: &HeaderMap) -> Judged {
        let forbidden = StatusCode::FORBIDDEN;
        let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        if bytes > 8192
            || path.len() > 4000
            || value(headers, "Host").is_none_or(|host| host.contains(".walrus"))
        {
            return refuse(StatusCode::BAD_REQUEST, "not a request that the server can read");
        }
        let field = |name: &str| value(headers, name).ok_or((forbidden, format!("{name} is missing")));
        let (date, signature) = (field("Date")?, field("EucaSignature")?);
        if STANDARD.decode(field("EucaCert")?).ok().as_ref() != Some(&self.node) {
            return refuse(forbidden, "the certificate is not the node's");
        }
        let verified = || {
            let key = X509::from_pem(&self.node).ok()?.public_key().ok()?;
            let mut verifier = Verifier::new(MessageDigest::sha1(), &key).ok()?;
            let text = format!("{method}\n{date}\n{path}\n");
            verifier.verify_oneshot(&STANDARD.decode(signature).ok()?, text.as_bytes()).ok()
        };
        if verified() != Some(true) {
            return refuse(forbidden, "the signature is not the node's");
        }
        match value(headers, "EucaEffectiveUserId") {
            Some(ACCESS_KEY) => Ok(()),
            other => refuse(forbidden, format!("{other:?} is no user")),
        }
    }

    fn serve(&mut self, operation: &str, name: &str, headers: &HeaderMap, body: Vec<u8>) -> Judged {
        let missing = || (StatusCode::NOT_FOUND, "no such bucket".to_owned());
        match (operation, name.split_once('/')) {
            ("PUT", None) => {
                self.objects.get_or_insert_default();
                Ok(())
            }
            ("DELETE", None) => match self.objects.as_ref().ok_or_else(missing)?.is_empty() {
                true => {
                    self.objects = None;
                    Ok(())
                }
                false => refuse(StatusCode::CONFLICT, "the bucket is not empty"),
            },
            ("PUT", Some((bucket, key))) => {
                let objects = self.objects.as_mut().ok_or_else(missing)?;
                permitted(bucket, key, headers)?;
                objects.insert(name.to_owned(), body);
                objects.extend(self.later.drain(..).map(|name| (name, b"the user's".to_vec())));
                Ok(())
            }
            ("DELETE", Some(_)) => match self.objects.as_mut().ok_or_else(missing)?.remove(name) {
                Some(_) => Ok(()),
                None => refuse(StatusCode::NOT_FOUND, "no such object"),
            },
            ("ValidateImage", Some((bucket, _))) => {
                self.validate(bucket, name).or_else(|reason| refuse(StatusCode::EXPECTATION_FAILED, reason))
            }
            _ => refuse(StatusCode::BAD_REQUEST, "no such operation"),
        }
    }

    /// Whether the image of this manifest is whole and the node's.
    fn validate(&self, bucket: &str, name: &str) -> Result<(), &'static str> {
        let objects = self.objects.as_ref().ok_or("no bucket")?;
        let manifest = objects.get(name).ok_or("no manifest")?;
        let manifest = std::str::from_utf8(manifest).map_err(|_| "the manifest is no text")?;
        let document = roxmltree::Document::parse(manifest).map_err(|_| "the manifest is no XML")?;
        let child = |node: roxmltree::Node<'_, '_>, name: &str| {
            node.children().find(|child| child.has_tag_name(name)).map(|child| child.range())
        };
        let root = document.root_element();
        let signed: Vec<_> = ["machine_configuration", "image"].map(|name| child(root, name)).into();
        let signed: Option<String> = signed
            .into_iter()
            .map(|range| manifest.get(range?))
            .collect::<Option<Vec<_>>>()
            .map(|texts| texts.concat());
        let signature =
            root.children().find(|child| child.has_tag_name("signature")).and_then(|child| child.text());
        let verified = || {
            let signature = unhex(signature?)?;
            let key = X509::from_pem(&self.node).ok()?.public_key().ok()?;
            let mut verifier = Verifier::new(MessageDigest::sha1(), &key).ok()?;
            verifier.verify_oneshot(&signature, signed?.as_bytes()).ok()
        };
        if verified() != Some(true) {
            return Err("the manifest's signature is wrong");
        }
        let parts = document.descendants().filter(|node| node.has_tag_name("part"));
        let mut count = 0;
        for part in parts {
            let text = |name: &str| part.children().find(|child| child.has_tag_name(name))?.text();
            let object = objects.get(&format!("{bucket}/{}", text("filename").unwrap_or_default()));
            if object.map(|object| hexadecimal(&sha1(object))).as_deref() != text("digest") {
                return Err("a part is missing or wrong");
            }
            count += 1;
        }
        let told = document.descendants().find(|node| node.has_tag_name("parts"));
        match told.and_then(|parts| parts.attribute("count")?.parse().ok()) == Some(count) {
            true => Ok(()),
            false => Err("the number of parts is wrong"),
        }
    }
}

/// Whether the user has signed that this object may be put there.
fn permitted(bucket: &str, key: &str, headers: &HeaderMap) -> Judged {
    let forbidden = StatusCode::FORBIDDEN;
    let field = |name: &str| value(headers, name).ok_or((forbidden, format!("{name} is missing")));
    let (policy, acl) = (field("S3UploadPolicy")?, field("x-amz-acl")?);
    if field("AWSAccessKeyId")? != ACCESS_KEY
        || signed(policy).as_deref() != Some(field("S3UploadPolicySignature")?)
    {
        return refuse(forbidden, "the user has not signed this policy");
    }
    let policy: Option<Value> =
        STANDARD.decode(policy).ok().and_then(|text| serde_json::from_slice(&text).ok());
    let Some(policy) = policy else { return refuse(forbidden, "the policy is none") };
    let expires = policy["expiration"].as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    if expires.is_none_or(|expires| expires < Utc::now()) {
        return refuse(forbidden, "the policy has expired");
    }
    let fields = [("acl", acl), ("bucket", bucket), ("key", key)];
    let actual = |name: &str| fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value);
    for condition in policy["conditions"].as_array().into_iter().flatten() {
        let satisfied = match condition {
            Value::Object(fields) => {
                fields.iter().all(|(name, value)| actual(name).is_some() && actual(name) == value.as_str())
            }
            Value::Array(condition) => match condition.as_slice() {
                [Value::String(how), Value::String(name), Value::String(value)] if how == "starts-with" => {
                    actual(name.trim_start_matches('$')).is_some_and(|actual| actual.starts_with(value))
                }
                _ => false,
            },
            _ => false,
        };
        if !satisfied {
            return refuse(forbidden, format!("{condition} is not so"));
        }
    }
    Ok(())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}
