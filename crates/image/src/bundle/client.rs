//! Requests that change something: objects put and deleted, buckets made, an image validated (storage.md §5.4, §10).

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use chrono::Utc;
use euca_wsse::{Credentials, KeyPair};
use http_body_util::{BodyExt as _, Limited};
use memchr::memmem;
use tokio::time::{Instant, timeout_at};

use super::{Destination, UploadSettings};
use crate::blocking;
use crate::error::Error;
use crate::walrus::{Target, connect, exchange, head, judge};
use crate::wire::{Dial, Tcp};

/// Longest answer that is read.
const MAX_ANSWER: usize = 64 << 10;

/// What is sent with a request.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Memory(Bytes),
    /// A file and its length.
    File(PathBuf, u64),
}

impl Content {
    fn length(&self) -> usize {
        match self {
            Self::Memory(bytes) => bytes.len(),
            // A part: 10 MiB at most.
            Self::File(_, length) => usize::try_from(*length).unwrap_or(usize::MAX),
        }
    }

    /// The whole request. Blocks.
    fn after(&self, head: String) -> Result<Bytes, Error> {
        let mut request = head.into_bytes();
        request.reserve_exact(self.length());
        match self {
            Self::Memory(bytes) => request.extend_from_slice(bytes),
            Self::File(path, length) => {
                let found = File::open(path).and_then(|file| file.take(*length).read_to_end(&mut request));
                let found = found.map_err(Error::file("read", path))? as u64;
                if found != *length {
                    let reason = format!("it has {found} bytes and had {length}");
                    return Err(Error::Corrupt { what: path.display().to_string(), reason });
                }
            }
        }
        Ok(request.into())
    }
}

/// Makes requests on a user's account, signed by the node.
pub(super) struct Client {
    keys: Arc<Credentials>,
    settings: UploadSettings,
    dial: Box<dyn Dial>,
}

impl Client {
    pub fn new(keys: Arc<Credentials>, settings: UploadSettings) -> Self {
        Self { keys, settings, dial: Box::new(Tcp) }
    }

    pub fn settings(&self) -> &UploadSettings {
        &self.settings
    }

    pub fn keys(&self) -> Result<Arc<KeyPair>, Error> {
        self.keys.own().map_err(|error| Error::Key { source: Box::new(error) })
    }

    /// Whether objects of this name can be put.
    pub fn check(&self, to: &Destination, object: &str) -> Result<(), Error> {
        let values = [&to.access_key, &to.policy, &to.policy_signature];
        if !values.iter().all(|value| value.bytes().all(|byte| byte.is_ascii_graphic())) {
            let reason = "it holds a character that no header can carry".to_owned();
            return Err(Error::Unusable { what: "bundle request".to_owned(), reason });
        }
        let (url, fields) = (to.url(object), policy_fields(to, usize::MAX));
        head("PUT", &Target::parse(&url, false)?, &fields, Utc::now(), &*self.keys()?).map(drop)
    }

    pub async fn put(&self, to: &Destination, object: &str, content: &Content) -> Result<(), Error> {
        let fields = policy_fields(to, content.length());
        self.insist("PUT", &to.url(object), &fields, content).await
    }

    pub async fn make_bucket(&self, to: &Destination) -> Result<(), Error> {
        let fields = format!("{}Content-Length: 0\r\n", account(to));
        tracing::info!(bucket = to.bucket, "the bucket does not exist and is made");
        self.insist("PUT", &to.bucket_url(), &fields, &Content::Memory(Bytes::new())).await
    }

    /// Has Walrus look whether everything is there and add its own signature.
    pub async fn validate(&self, to: &Destination, manifest: &str) -> Result<(), Error> {
        let fields = format!("EucaOperation: ValidateImage\r\n{}", account(to));
        self.insist("GET", &to.url(manifest), &fields, &Content::Memory(Bytes::new())).await
    }

    /// One attempt to delete; what is not there is deleted.
    pub async fn delete(&self, to: &Destination, url: &str) -> Result<(), Error> {
        match self.send("DELETE", url, &account(to), &Content::Memory(Bytes::new())).await {
            Err(Error::NotFound { .. }) => Ok(()),
            answered => answered,
        }
    }

    /// As many attempts as it takes.
    async fn insist(&self, method: &str, url: &str, fields: &str, content: &Content) -> Result<(), Error> {
        let mut attempts = self.settings.retries.of(url);
        loop {
            match self.send(method, url, fields, content).await {
                Err(error) => attempts.again(error).await?,
                Ok(()) => return Ok(()),
            }
        }
    }

    async fn send(&self, method: &str, url: &str, fields: &str, content: &Content) -> Result<(), Error> {
        let (began, limit) = (Instant::now(), self.settings.request);
        let target = Target::parse(url, false)?;
        // Signed anew each time: the date is part of it.
        let head = head(method, &target, fields, Utc::now(), &*self.keys()?)?;
        let content = content.clone();
        let request = blocking(move || content.after(head)).await?;
        let stream = connect(&*self.dial, url, &target, self.settings.connect).await?;
        let (answer, _connection) = exchange(url, stream, request, began, limit).await?;
        let status = answer.status();
        let body = timeout_at(began + limit, Limited::new(answer.into_body(), MAX_ANSWER).collect());
        if !status.is_success() {
            return judge(url, status);
        }
        let body = body.await.map_err(|_| Error::silent(url, limit))?;
        // Failures of the service come with status 200, too (§5.6).
        let refused = body.is_ok_and(|body| memmem::find(&body.to_bytes(), b"<Error>").is_some());
        if refused {
            let reason = "an error document came with a status of success".to_owned();
            return Err(Error::Transient { what: url.to_owned(), reason, source: None });
        }
        Ok(())
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// On whose account.
fn account(to: &Destination) -> String {
    format!("EucaEffectiveUserId: {}\r\n", to.access_key)
}

/// The header fields of an object that is put.
fn policy_fields(to: &Destination, length: usize) -> String {
    format!(
        "{}AWSAccessKeyId: {}\r\nS3UploadPolicy: {}\r\nS3UploadPolicySignature: {}\r\n\
         x-amz-acl: ec2-bundle-read\r\nContent-Length: {length}\r\n",
        account(to),
        to.access_key,
        to.policy,
        to.policy_signature
    )
}
