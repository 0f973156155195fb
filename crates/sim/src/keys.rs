//! Throw-away key pairs, named as a registered cluster has them (wire.md §6.1).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use euca_wsse::Credentials;
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::x509::extension::BasicConstraints;
use openssl::x509::{X509Builder, X509NameBuilder};

/// Whose key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Signs CLC→CC.
    Cloud,
    /// Signs CC→NC and CC's replies.
    Cluster,
    /// Signs NC's replies; shared by all nodes.
    Node,
    /// Nobody's peer.
    Other,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Cloud => "cloud",
            Self::Cluster => "cluster",
            Self::Node => "node",
            Self::Other => "other",
        }
    }
}

/// A folder with `<role>-cert.pem` and `<role>-pk.pem`.
#[derive(Debug, Clone)]
pub struct Keys {
    folder: PathBuf,
}

impl Keys {
    /// Keys that exist already, as in the recordings.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Fresh keys: RSA 2048, self-signed, SHA-512, five years, as the CLC makes them (wire.md §5.3).
    ///
    /// # Errors
    /// OpenSSL's, and the file system's.
    pub fn create(folder: impl Into<PathBuf>) -> Result<Self> {
        let keys = Self::in_folder(folder);
        std::fs::create_dir_all(&keys.folder)?;
        for role in [Role::Cloud, Role::Cluster, Role::Node, Role::Other] {
            let key = PKey::from_rsa(Rsa::generate(2048)?)?;
            let mut name = X509NameBuilder::new()?;
            name.append_entry_by_nid(Nid::COUNTRYNAME, "US")?;
            name.append_entry_by_nid(Nid::ORGANIZATIONNAME, "Cloud")?;
            name.append_entry_by_nid(Nid::ORGANIZATIONALUNITNAME, "Eucalyptus")?;
            name.append_entry_by_nid(Nid::COMMONNAME, role.name())?;
            let name = name.build();
            let mut certificate = X509Builder::new()?;
            certificate.set_version(2)?;
            let serial = BigNum::from_u32(1)?.to_asn1_integer()?;
            certificate.set_serial_number(&serial)?;
            certificate.set_subject_name(&name)?;
            certificate.set_issuer_name(&name)?;
            certificate.set_not_before(&*Asn1Time::days_from_now(0)?)?;
            certificate.set_not_after(&*Asn1Time::days_from_now(5 * 365)?)?;
            certificate.set_pubkey(&key)?;
            certificate.append_extension(BasicConstraints::new().critical().ca().build()?)?;
            certificate.sign(&key, MessageDigest::sha512())?;
            std::fs::write(keys.certificate(role), certificate.build().to_pem()?)?;
            let path = keys.private_key(role);
            std::fs::write(&path, key.rsa()?.private_key_to_pem()?)?;
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
                .with_context(|| format!("protecting {}", path.display()))?;
        }
        Ok(keys)
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// PEM file of a role's certificate.
    pub fn certificate(&self, role: Role) -> PathBuf {
        self.folder.join(format!("{}-cert.pem", role.name()))
    }

    /// PEM file of a role's private key.
    pub fn private_key(&self, role: Role) -> PathBuf {
        self.folder.join(format!("{}-pk.pem", role.name()))
    }

    /// What `own` needs to talk to `peer`.
    pub fn credentials(&self, own: Role, peer: Role) -> Arc<Credentials> {
        let (certificate, key) = (self.certificate(own), self.private_key(own));
        Arc::new(Credentials::new(&certificate, &key, &self.certificate(peer)))
    }
}
