//! Digests and RSA signatures. PKCS#1 v1.5 over a DigestInfo through OpenSSL's raw RSA functions: the bytes
//! are those of an EVP signature, and they also work where the distribution's policy forbids SHA-1 in EVP.

use openssl::error::ErrorStack;
use openssl::pkey::{Private, Public};
use openssl::rsa::{Padding, Rsa};
use openssl::sha::{Sha1, sha256};

/// A hash that signatures and references may use (wire.md §5.3, S1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    /// What every peer uses.
    Sha1,
    /// Only behind [`Options::accept_sha256`](crate::Options::accept_sha256).
    Sha256,
}

pub(crate) const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
pub(crate) const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";

/// DER of `DigestInfo` up to the digest itself (RFC 8017 §9.2).
const SHA1_INFO: &[u8] =
    &[0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];
const SHA256_INFO: &[u8] = &[
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

impl Hash {
    /// The hash of a SignatureMethod.
    pub fn of_signature_method(uri: &str) -> Option<Self> {
        match uri {
            RSA_SHA1 => Some(Self::Sha1),
            RSA_SHA256 => Some(Self::Sha256),
            _ => None,
        }
    }

    /// The hash of a DigestMethod.
    pub fn of_digest_method(uri: &str) -> Option<Self> {
        match uri {
            SHA1 => Some(Self::Sha1),
            SHA256 => Some(Self::Sha256),
            _ => None,
        }
    }

    /// The digest of `data`.
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => sha1(&[data]).to_vec(),
            Self::Sha256 => sha256(data).to_vec(),
        }
    }

    /// What is under the RSA operation.
    fn digest_info(self, data: &[u8]) -> Vec<u8> {
        let prefix = match self {
            Self::Sha1 => SHA1_INFO,
            Self::Sha256 => SHA256_INFO,
        };
        [prefix, &self.digest(data)].concat()
    }
}

/// SHA-1 of the parts as one.
pub(crate) fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part);
    }
    hash.finish()
}

/// The RSA-SHA1 signature of the parts as one.
pub(crate) fn sign(key: &Rsa<Private>, parts: &[&[u8]]) -> Result<Vec<u8>, ErrorStack> {
    let mut signature = vec![0; size(key.size())];
    let info = [SHA1_INFO, &sha1(parts)].concat();
    let length = key.private_encrypt(&info, &mut signature, Padding::PKCS1)?;
    signature.truncate(length);
    Ok(signature)
}

/// Whether `signature` is that of `data`. The decrypted block is compared as a whole, not parsed, and a
/// signature shorter than the modulus is none: for each message there is exactly one accepted value.
pub(crate) fn verify(key: &Rsa<Public>, hash: Hash, data: &[u8], signature: &[u8]) -> bool {
    let mut block = vec![0; size(key.size())];
    if signature.len() != block.len() {
        return false;
    }
    match key.public_decrypt(signature, &mut block, Padding::PKCS1) {
        Ok(length) => block.get(..length) == Some(hash.digest_info(data).as_slice()),
        Err(_) => false,
    }
}

fn size(bytes: u32) -> usize {
    usize::try_from(bytes).unwrap_or_default()
}
