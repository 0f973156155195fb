//! What the unit tests share: the recordings' throw-away keys, and documents of all kinds.

#[path = "../tests/support/documents.rs"]
pub(crate) mod documents;

use std::path::{Path, PathBuf};

/// A key file of the recordings: `cloud`, `cluster`, `node` or `other`, `-cert.pem` or `-pk.pem`.
pub(crate) fn key_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/c-2.0.1/keys").join(name)
}
