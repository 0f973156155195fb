//! Certificates and key pairs, as values. Where they come from again when a file changes is
//! [`Credentials`](crate::Credentials)' business.

use std::fmt;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::asn1::Asn1Time;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private, Public};
use openssl::rsa::Rsa;
use openssl::x509::X509;

use crate::algorithms::sign;

/// Why a key file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file is missing or unreadable.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The file does not hold what it should.
    #[error("{} holds no usable {expected}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        expected: &'static str,
        /// What OpenSSL says.
        #[source]
        source: Option<ErrorStack>,
    },
    /// Private key and certificate are not a pair.
    #[error("{} is not the key of {}", key.display(), certificate.display())]
    Mismatch {
        /// File of the private key.
        key: PathBuf,
        /// File of the certificate.
        certificate: PathBuf,
    },
}

/// A certificate with an RSA key: somebody's identity. Two are the same when their DER is (S4); validity
/// period, chain and key usage are nobody's concern here (wire.md §5.3).
pub struct Certificate {
    der: Vec<u8>,
    key: Rsa<Public>,
    expired: bool,
}

impl Certificate {
    /// Reads the first certificate of a PEM file; symbolic links are followed (S4, W7).
    ///
    /// # Errors
    /// [`KeyError`] when the file is unreadable or holds no certificate with an RSA key.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        Self::parse(path, &read(path)?)
    }

    pub(crate) fn parse(path: &Path, pem: &[u8]) -> Result<Self, KeyError> {
        let content = |source| KeyError::Content {
            path: path.to_owned(),
            expected: "RSA certificate",
            source: Some(source),
        };
        let certificate = X509::from_pem(pem).map_err(content)?;
        let now = Asn1Time::days_from_now(0).map_err(content)?;
        Ok(Self {
            der: certificate.to_der().map_err(content)?,
            key: certificate.public_key().and_then(|key| key.rsa()).map_err(content)?,
            expired: certificate.not_after() < now,
        })
    }

    /// The certificate as DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whether its validity had ended when it was read. Worth a warning, never a refusal.
    pub fn is_expired(&self) -> bool {
        self.expired
    }

    pub(crate) fn key(&self) -> &Rsa<Public> {
        &self.key
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("der_bytes", &self.der.len()).finish_non_exhaustive()
    }
}

/// A certificate and its private key: what one signs with.
pub struct KeyPair {
    certificate: Certificate,
    key: Rsa<Private>,
    /// Base64 of the DER, as every signed message carries it.
    token: String,
    /// The certificate's file as it is.
    pem: Vec<u8>,
}

impl KeyPair {
    /// Reads a certificate and its private key, PEM both, the key traditional or PKCS#8.
    ///
    /// # Errors
    /// [`KeyError`] when a file is unreadable or unusable (an encrypted key is), or the two are not a pair.
    pub fn load(certificate: &Path, key: &Path) -> Result<Self, KeyError> {
        Self::parse([certificate, key], [&read(certificate)?, &read(key)?])
    }

    pub(crate) fn parse(paths: [&Path; 2], pem: [&[u8]; 2]) -> Result<Self, KeyError> {
        let certificate = Certificate::parse(paths[0], pem[0])?;
        // The callback keeps OpenSSL from asking the terminal for the passphrase of an encrypted key.
        let key = PKey::private_key_from_pem_callback(pem[1], |_| Ok(0)).and_then(|key| key.rsa());
        let key = key.map_err(|source| KeyError::Content {
            path: paths[1].to_owned(),
            expected: "unencrypted RSA private key",
            source: Some(source),
        })?;
        if key.n() != certificate.key.n() || key.e() != certificate.key.e() {
            return Err(KeyError::Mismatch { key: paths[1].to_owned(), certificate: paths[0].to_owned() });
        }
        let token = STANDARD.encode(&certificate.der);
        Ok(Self { certificate, key, token, pem: pem[0].to_owned() })
    }

    /// The public half.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The file of the certificate, byte for byte, as Walrus wants to see it (storage.md §5.2).
    pub fn certificate_file(&self) -> &[u8] {
        &self.pem
    }

    /// The RSA-SHA1 signature of `data`, PKCS#1 v1.5.
    ///
    /// # Errors
    /// OpenSSL's.
    pub fn sign(&self, data: &[u8]) -> Result<Vec<u8>, ErrorStack> {
        sign(&self.key, &[data])
    }

    pub(crate) fn key(&self) -> &Rsa<Private> {
        &self.key
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }
}

/// Never shows the key.
impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// Largest key file read, in bytes; a real one has about 1 700.
const FILE_LIMIT: u64 = 65_536;

/// What tells one state of a file from the next: identity, size, and both times, because a copy may keep the
/// modification time and a rename leaves the change time alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    mode: u32,
}

impl Stamp {
    /// The state of the regular file that `path` leads to.
    pub fn of(path: &Path) -> io::Result<Self> {
        Ok(Self::from(&regular(fs::metadata(path)?)?))
    }

    /// Seconds since the epoch of the last change of content or attributes.
    pub fn changed_at(&self) -> i64 {
        self.changed.0.max(self.modified.0)
    }

    /// Whether others than the owner may read or write the file.
    pub fn is_exposed(&self) -> bool {
        self.mode & 0o066 != 0
    }
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
            mode: metadata.permissions().mode(),
        }
    }
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, KeyError> {
    let read = || {
        // Asked before opening: opening a pipe would wait for its writer.
        let size = regular(fs::metadata(path)?)?.len();
        if size > FILE_LIMIT {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than any key"));
        }
        let mut content = Vec::new();
        File::open(path)?.take(FILE_LIMIT).read_to_end(&mut content)?;
        Ok(content)
    };
    read().map_err(|source| KeyError::Read { path: path.to_owned(), source })
}

fn regular(metadata: Metadata) -> io::Result<Metadata> {
    if metadata.is_file() {
        Ok(metadata)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"))
    }
}
