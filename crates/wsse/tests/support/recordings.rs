//! The recordings, their throw-away keys, and verifiers that trust them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use euca_wsse::{Credentials, Options, Verifier};

/// A file of `tests/golden`.
pub fn golden(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(path)
}

/// `cloud`, `cluster`, `node` or `other`, `-cert.pem` or `-pk.pem`.
pub fn key_file(name: &str) -> PathBuf {
    golden("c-2.0.1/keys").join(name)
}

/// Trusts `peer` and nobody else.
pub fn verifier(peer: &str, options: Options) -> Verifier {
    let credentials = Credentials::new(
        &key_file("cluster-cert.pem"),
        &key_file("cluster-pk.pem"),
        &key_file(&format!("{peer}-cert.pem")),
    );
    Verifier::new(Arc::new(credentials), options)
}
