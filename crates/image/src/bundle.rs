//! Bundling: the disk of an instance is packed, encrypted and put into a bucket of its user's, as euca2ools do it
//! (storage.md §10).
//!
//! ```text
//!   disk ──► encode: tar ──► gzip ──► AES-128-CBC ──► files of 10 MiB in the work directory
//!                                                            │
//!   bucket ◄── PUT prefix.manifest.xml, then each prefix.part.N, then ValidateImage
//!      └─────► anything fails, or nobody wants it any more: DELETE what was put, and nothing else
//! ```
//! The manifest names the digest of every part, so that all parts are made before the first is sent. In memory is one
//! part at a time.
//!
//! What is put under the same name before is replaced, as with any PUT. An object of which nobody can tell whether it
//! was put is left: it might be an older one.

mod client;
mod encode;
mod manifest;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use euca_wsse::Credentials;
use openssl::x509::X509;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::blocking;
use crate::error::Error;
use crate::fetch::Retries;
use client::{Client, Content};
use encode::{Encoded, encode};

/// Limits of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadSettings {
    /// For a connection to stand.
    pub connect: Duration,
    /// For one request and its answer; it carries 10 MiB at most.
    pub request: Duration,
    /// How often a request is made.
    pub retries: Retries,
    /// For taking back what was put, all in all.
    pub take_back: Duration,
}

impl Default for UploadSettings {
    fn default() -> Self {
        let (pause, max_pause) = (Duration::from_secs(2), Duration::from_secs(30));
        Self {
            connect: Duration::from_secs(10),
            request: Duration::from_secs(300),
            retries: Retries { attempts: 5, pause, max_pause },
            take_back: Duration::from_secs(60),
        }
    }
}

/// Where a bundle goes, and on whose account.
#[derive(Clone, PartialEq, Eq)]
pub struct Destination {
    /// URL of Walrus, to which bucket and object are added.
    pub walrus_url: String,
    /// The bucket; made, if it does not exist.
    pub bucket: String,
    /// What the names of the objects begin with, and the name of the image.
    pub prefix: String,
    /// The user's access key id.
    pub access_key: String,
    /// The upload policy that the user has signed, base64.
    pub policy: String,
    /// The signature.
    pub policy_signature: String,
}

impl Destination {
    fn url(&self, object: &str) -> String {
        format!("{}/{}/{object}", self.walrus_url.trim_end_matches('/'), self.bucket)
    }

    fn bucket_url(&self) -> String {
        format!("{}/{}", self.walrus_url.trim_end_matches('/'), self.bucket)
    }

    fn manifest(&self) -> String {
        format!("{}.manifest.xml", self.prefix)
    }

    fn part(&self, number: usize) -> String {
        format!("{}.part.{number}", self.prefix)
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bucket, prefix) = (&self.bucket, &self.prefix);
        f.debug_struct("Destination").field("bucket", bucket).field("prefix", prefix).finish_non_exhaustive()
    }
}

/// What is bundled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Where it goes.
    pub to: Destination,
    /// The disk, raw. Nobody may write to it meanwhile.
    pub image: PathBuf,
    /// An existing directory for the parts; whoever gives it clears it away.
    pub work: PathBuf,
    /// Id of the kernel that goes with the image.
    pub kernel: Option<String>,
    /// Id of the ramdisk.
    pub ramdisk: Option<String>,
}

/// Puts bundles into buckets.
#[derive(Debug)]
pub struct Uploader {
    client: Arc<Client>,
    cloud_certificate: PathBuf,
}

impl Uploader {
    /// Signs with the node's own key pair of `keys`, and encrypts for the cloud, whose certificate is in this file.
    pub fn new(keys: Arc<Credentials>, cloud_certificate: PathBuf, settings: UploadSettings) -> Self {
        Self { client: Arc::new(Client::new(keys, settings)), cloud_certificate }
    }

    /// Whether requests to this destination can be made at all. Blocks: it looks for the keys.
    ///
    /// # Errors
    /// [`Error::Unusable`] for what no request can carry, [`Error::File`] or [`Error::Key`] for keys that are missing.
    pub fn check(&self, to: &Destination) -> Result<(), Error> {
        // Longer than the name of any part.
        self.client.check(to, &to.manifest())?;
        certificate(&self.cloud_certificate).map(drop)
    }

    /// Packs, encrypts and uploads; ends soon after `abort` is cancelled. Whatever was put is gone again unless it
    /// succeeds, or the server does not answer. Dropped, it stops at once and takes nothing back.
    ///
    /// # Errors
    /// [`Error::Cancelled`] when it was told to stop, else why it failed.
    pub async fn upload(&self, bundle: &Bundle, abort: &CancellationToken) -> Result<(), Error> {
        // Packing goes on in a thread of its own, and must end with us.
        let stop = abort.child_token();
        let _guard = stop.clone().drop_guard();
        let (client, cloud, packed) =
            (Arc::clone(&self.client), self.cloud_certificate.clone(), bundle.clone());
        let (encoded, manifest) = blocking(move || {
            let encoded = encode(&packed.image, &packed.to.prefix, &packed.work, &stop)?;
            let manifest = manifest::write(&packed, &encoded, &*client.keys()?, &certificate(&cloud)?)?;
            Ok((encoded, manifest))
        })
        .await?;
        let (parts, bytes) = (encoded.parts.len(), encoded.bundled);
        tracing::info!(bucket = bundle.to.bucket, prefix = bundle.to.prefix, parts, bytes, "bundle packed");

        let mut put = Put::default();
        let sending = self.put(&bundle.to, manifest.into(), &encoded, &mut put);
        let sent = abort.run_until_cancelled(sending).await.unwrap_or(Err(Error::Cancelled));
        if sent.is_err() {
            self.take_back(&bundle.to, put).await;
        }
        sent
    }

    /// Puts the manifest, then the parts, and has Walrus look at them.
    async fn put(
        &self,
        to: &Destination,
        manifest: Bytes,
        encoded: &Encoded,
        put: &mut Put,
    ) -> Result<(), Error> {
        let (object, content) = (to.manifest(), Content::Memory(manifest));
        match self.client.put(to, &object, &content).await {
            Err(Error::NotFound { .. }) => {
                self.client.make_bucket(to).await?;
                put.bucket = true;
                self.client.put(to, &object, &content).await?;
            }
            answered => answered?,
        }
        put.objects.push(object);
        for (number, part) in encoded.parts.iter().enumerate() {
            let object = to.part(number);
            self.client.put(to, &object, &Content::File(part.path.clone(), part.bytes)).await?;
            put.objects.push(object);
        }
        self.client.validate(to, &to.manifest()).await
    }

    /// Deletes what was put, the manifest first: without it the parts are nothing.
    async fn take_back(&self, to: &Destination, put: Put) {
        let (bucket, prefix, total) = (&to.bucket, &to.prefix, put.objects.len());
        let mut left = total;
        let deleting = async {
            for object in &put.objects {
                self.client.delete(to, &to.url(object)).await?;
                left -= 1;
            }
            if put.bucket {
                // Refused, if somebody has put something into it meanwhile.
                self.client.delete(to, &to.bucket_url()).await?;
            }
            Ok(())
        };
        let limit = self.client.settings().take_back;
        let taken: Result<(), Error> =
            timeout(limit, deleting).await.unwrap_or_else(|_| Err(Error::silent(&to.bucket_url(), limit)));
        match taken {
            Ok(()) => tracing::info!(bucket, prefix, total, "what was uploaded is deleted"),
            Err(error) => {
                let error = euca_observe::chain(&error);
                tracing::warn!(bucket, prefix, total, left, error, "not all that was uploaded is deleted");
            }
        }
    }
}

/// The certificate in a file. Blocks.
fn certificate(path: &Path) -> Result<X509, Error> {
    let pem = std::fs::read(path).map_err(Error::file("read", path))?;
    X509::from_pem(&pem).map_err(|error| Error::Key { source: Box::new(error) })
}

/// What this upload has put.
#[derive(Debug, Default)]
struct Put {
    bucket: bool,
    objects: Vec<String>,
}

#[cfg(test)]
mod tests;
