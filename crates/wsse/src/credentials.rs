//! Key files that may be replaced while the daemon runs, as the original allows (wire.md §5.5): each use asks
//! the file system whether they are still those that were read. The three calls of `stat` cost less than a
//! hundredth of the signature that follows, and there is no interval in which a replaced certificate still
//! opens the door.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{SystemTime, UNIX_EPOCH};

use openssl::sha::sha256;

use crate::keys::{Certificate, KeyError, KeyPair, Stamp, read};

/// Who one is and whom one trusts: an own key pair, and the one certificate a peer must have (S4).
///
/// What the files hold decides at each use. A file that is gone or unreadable takes the identity away at
/// once, as with the original. Content that is no key or not the key of the certificate (a copy under way,
/// one of two files replaced) leaves what was in force before, with an error in the log.
#[derive(Debug)]
pub struct Credentials {
    own: Watched<KeyPair, 2>,
    peer: Watched<Certificate, 1>,
}

impl Credentials {
    /// Watches the files. None of them has to exist yet: a cluster controller may be started before it is
    /// registered, and answers GetKeys meanwhile (wire.md §6.4).
    pub fn new(certificate: &Path, key: &Path, peer_certificate: &Path) -> Self {
        Self {
            own: Watched::new([certificate.to_owned(), key.to_owned()], own_pair),
            peer: Watched::new([peer_certificate.to_owned()], pinned),
        }
    }

    /// The own key pair. Asked before an operation is executed, it is the proof that the answer can be signed
    /// (F16, W8).
    ///
    /// # Errors
    /// A file is missing or unreadable, or has never held a usable key.
    pub fn own(&self) -> Result<Arc<KeyPair>, Arc<KeyError>> {
        self.own.get()
    }

    /// The only certificate accepted from the peer.
    ///
    /// # Errors
    /// As [`own`](Self::own).
    pub fn peer(&self) -> Result<Arc<Certificate>, Arc<KeyError>> {
        self.peer.get()
    }
}

fn own_pair(
    [certificate, key]: &[PathBuf; 2],
    contents: &[Vec<u8>; 2],
    [_, key_stamp]: &[Option<Stamp>; 2],
) -> Result<KeyPair, KeyError> {
    let pair = KeyPair::parse([certificate, key], contents.each_ref().map(Vec::as_slice))?;
    warn_if_expired(certificate, pair.certificate());
    if key_stamp.is_some_and(|stamp| stamp.is_exposed()) {
        tracing::warn!(file = %key.display(), "private key is open to others than its owner");
    }
    Ok(pair)
}

fn pinned(
    [path]: &[PathBuf; 1],
    [content]: &[Vec<u8>; 1],
    _: &[Option<Stamp>; 1],
) -> Result<Certificate, KeyError> {
    let certificate = Certificate::parse(path, content)?;
    warn_if_expired(path, &certificate);
    Ok(certificate)
}

fn warn_if_expired(path: &Path, certificate: &Certificate) {
    if certificate.is_expired() {
        tracing::warn!(file = %path.display(), "certificate has expired; it is used nevertheless");
    }
}

type Parse<T, const N: usize> = fn(&[PathBuf; N], &[Vec<u8>; N], &[Option<Stamp>; N]) -> Result<T, KeyError>;

/// A value made of `N` files.
#[derive(Debug)]
struct Watched<T, const N: usize> {
    paths: [PathBuf; N],
    parse: Parse<T, N>,
    /// Held for a copy only, never across a look at the file system.
    state: RwLock<State<T, N>>,
}

#[derive(Debug)]
struct State<T, const N: usize> {
    /// `None` for a file that was not there.
    stamps: [Option<Stamp>; N],
    /// Whether equal stamps mean equal content. A file that had only just been written when it was read may
    /// have been written again within the same tick of the file system's clock.
    settled: bool,
    digest: Option<[u8; 32]>,
    value: Result<Arc<T>, Arc<KeyError>>,
}

impl<T, const N: usize> Clone for State<T, N> {
    fn clone(&self) -> Self {
        Self { stamps: self.stamps, settled: self.settled, digest: self.digest, value: self.value.clone() }
    }
}

impl<T, const N: usize> Watched<T, N> {
    fn new(paths: [PathBuf; N], parse: Parse<T, N>) -> Self {
        let unread = std::io::Error::new(std::io::ErrorKind::NotFound, "not read yet");
        let path = paths.first().cloned().unwrap_or_default();
        let state = State {
            stamps: [None; N],
            settled: false,
            digest: None,
            value: Err(Arc::new(KeyError::Read { path, source: unread })),
        };
        Self { paths, parse, state: RwLock::new(state) }
    }

    fn get(&self) -> Result<Arc<T>, Arc<KeyError>> {
        let stamps = self.paths.each_ref().map(|path| Stamp::of(path).ok());
        let known = self.state.read().unwrap_or_else(PoisonError::into_inner).clone();
        if known.settled && known.stamps == stamps {
            return known.value;
        }
        let fresh = self.load(stamps, known);
        let value = fresh.value.clone();
        // A slower thread may put an older state over a newer one; its stamps then differ from the files',
        // and the next use reads again.
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        value
    }

    /// The state after reading the files. The stamps are older than what is read, so that a change in between
    /// is seen the next time.
    fn load(&self, stamps: [Option<Stamp>; N], known: State<T, N>) -> State<T, N> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
        let now = i64::try_from(now).unwrap_or(i64::MAX);
        let young = |stamp: &Option<Stamp>| stamp.is_some_and(|s| (now - 1..=now).contains(&s.changed_at()));
        let settled = !stamps.iter().any(young);

        let mut contents = std::array::from_fn(|_| Vec::new());
        for (path, content) in self.paths.iter().zip(&mut contents) {
            match read(path) {
                Ok(bytes) => *content = bytes,
                Err(error) => {
                    if stamps != known.stamps || known.digest.is_some() {
                        tracing::error!(error = &error as &dyn Error, "key file lost");
                    }
                    return State { stamps, settled, digest: None, value: Err(Arc::new(error)) };
                }
            }
        }
        let digest = Some(sha256(&contents.concat()));
        if digest == known.digest {
            return State { stamps, settled, ..known };
        }
        let value = match (self.parse)(&self.paths, &contents, &stamps) {
            Ok(value) => {
                tracing::info!(files = ?self.paths, "keys read");
                Ok(Arc::new(value))
            }
            Err(error) => {
                tracing::error!(error = &error as &dyn Error, "key file not usable");
                known.value.or(Err(Arc::new(error)))
            }
        };
        State { stamps, settled, digest, value }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing::key_file;

    struct Files {
        dir: tempfile::TempDir,
    }

    impl Files {
        fn new() -> Self {
            Self { dir: tempfile::tempdir().unwrap() }
        }

        fn path(&self, name: &str) -> PathBuf {
            self.dir.path().join(name)
        }

        /// In place, as `cp` and `scp` do it.
        fn put(&self, name: &str, source: &str) {
            fs::write(self.path(name), fs::read(key_file(source)).unwrap()).unwrap();
        }

        fn credentials(&self) -> Credentials {
            Credentials::new(&self.path("cert"), &self.path("key"), &self.path("peer"))
        }
    }

    fn der(name: &str) -> Vec<u8> {
        Certificate::load(&key_file(name)).unwrap().der().to_vec()
    }

    #[test]
    fn a_replaced_file_counts_at_the_next_use() {
        let files = Files::new();
        let credentials = files.credentials();
        // Equal length, many times within one tick of the clock: only the content tells them apart.
        for round in 0..50 {
            let name = if round % 2 == 0 { "cloud-cert.pem" } else { "node-cert.pem" };
            files.put("peer", name);
            assert_eq!(credentials.peer().unwrap().der(), der(name), "round {round}");
        }
    }

    #[test]
    fn unchanged_files_are_not_read_again() {
        let files = Files::new();
        files.put("peer", "cloud-cert.pem");
        let old = fs::File::options().write(true).open(files.path("peer")).unwrap();
        old.set_modified(SystemTime::now() - std::time::Duration::from_secs(60)).unwrap();
        let credentials = files.credentials();
        let first = credentials.peer().unwrap();
        assert!(Arc::ptr_eq(&first, &credentials.peer().unwrap()));
    }

    #[test]
    fn files_may_appear_later_and_disappear_again() {
        let files = Files::new();
        let credentials = files.credentials();
        assert!(matches!(*credentials.own().unwrap_err(), KeyError::Read { .. }));
        files.put("cert", "cluster-cert.pem");
        assert!(matches!(*credentials.own().unwrap_err(), KeyError::Read { .. }));
        files.put("key", "cluster-pk.pem");
        assert_eq!(credentials.own().unwrap().certificate().der(), der("cluster-cert.pem"));
        fs::remove_file(files.path("key")).unwrap();
        assert!(matches!(*credentials.own().unwrap_err(), KeyError::Read { .. }));
    }

    #[test]
    fn a_half_replaced_pair_leaves_the_old_one_in_force() {
        let files = Files::new();
        let credentials = files.credentials();
        files.put("cert", "cluster-cert.pem");
        files.put("key", "cluster-pk.pem");
        credentials.own().unwrap();
        files.put("cert", "node-cert.pem");
        assert_eq!(credentials.own().unwrap().certificate().der(), der("cluster-cert.pem"));
        fs::write(files.path("key"), "-----BEGIN RSA PRIVATE KEY-----\nMIIE").unwrap();
        assert_eq!(credentials.own().unwrap().certificate().der(), der("cluster-cert.pem"));
        files.put("key", "node-pk.pem");
        assert_eq!(credentials.own().unwrap().certificate().der(), der("node-cert.pem"));
    }

    #[test]
    fn what_was_never_usable_is_an_error() {
        let files = Files::new();
        let credentials = files.credentials();
        files.put("peer", "cloud-pk.pem");
        assert!(matches!(*credentials.peer().unwrap_err(), KeyError::Content { .. }));
        files.put("cert", "cluster-cert.pem");
        files.put("key", "other-pk.pem");
        assert!(matches!(*credentials.own().unwrap_err(), KeyError::Mismatch { .. }));
    }

    #[test]
    fn symbolic_links_are_followed_and_other_files_refused() {
        let files = Files::new();
        std::os::unix::fs::symlink(key_file("cloud-cert.pem"), files.path("peer")).unwrap();
        assert_eq!(files.credentials().peer().unwrap().der(), der("cloud-cert.pem"));
        // A directory, a pipe without writer (which must not be waited for), a file of no sensible size.
        let credentials = files.credentials();
        fs::create_dir(files.path("cert")).unwrap();
        assert!(matches!(*credentials.own().unwrap_err(), KeyError::Read { .. }));
        let pipe = files.path("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert!(matches!(Certificate::load(&pipe), Err(KeyError::Read { .. })));
        fs::write(files.path("huge"), vec![b'-'; 70_000]).unwrap();
        assert!(matches!(Certificate::load(&files.path("huge")), Err(KeyError::Read { .. })));
    }

    #[test]
    fn an_encrypted_key_is_refused_without_asking_anybody() {
        let files = Files::new();
        let key = openssl::rsa::Rsa::generate(2048).unwrap();
        let cipher = openssl::symm::Cipher::aes_128_cbc();
        fs::write(files.path("key"), key.private_key_to_pem_passphrase(cipher, b"secret").unwrap()).unwrap();
        let loaded = KeyPair::load(&key_file("cloud-cert.pem"), &files.path("key"));
        assert!(matches!(loaded, Err(KeyError::Content { .. })));
    }

    #[test]
    fn no_text_form_shows_a_key() {
        let pair = KeyPair::load(&key_file("cloud-cert.pem"), &key_file("cloud-pk.pem")).unwrap();
        assert_eq!(format!("{pair:?}"), "KeyPair { certificate: Certificate { der_bytes: 883, .. }, .. }");
    }
}
