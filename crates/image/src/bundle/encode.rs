//! A disk as the parts of a bundle: tar, gzip, AES-128-CBC, cut into files. Holes of the disk stay holes in the
//! archive, in GNU tar's form, which is the original's too.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use openssl::sha::Sha1;
use openssl::symm::{Cipher, Crypter, Mode};
use tokio_util::sync::CancellationToken;

use crate::error::Error;

/// Bytes of a part; the last one may be shorter.
pub(super) const PART: u64 = 10_485_760;
/// Bytes that are encrypted at a time.
const BLOCK: usize = 64 << 10;

/// A bundle, ready to be sent.
#[derive(Debug)]
pub(super) struct Encoded {
    pub parts: Vec<Part>,
    /// SHA-1 of the archive.
    pub digest: [u8; 20],
    /// Bytes of the disk.
    pub size: u64,
    /// Bytes of all parts.
    pub bundled: u64,
    pub key: [u8; 16],
    pub iv: [u8; 16],
}

/// One part, in a file of its own.
#[derive(Debug)]
pub(super) struct Part {
    pub path: PathBuf,
    pub bytes: u64,
    /// SHA-1 of the file.
    pub digest: [u8; 20],
}

/// Packs and encrypts `image` into files in `work`; its name in the archive is `name`. Blocks, until `abort` is
/// cancelled at the latest.
pub(super) fn encode(
    image: &Path,
    name: &str,
    work: &Path,
    abort: &CancellationToken,
) -> Result<Encoded, Error> {
    let (mut key, mut iv) = ([0; 16], [0; 16]);
    let random = openssl::rand::rand_bytes(&mut key).and_then(|()| openssl::rand::rand_bytes(&mut iv));
    random.map_err(|error| Error::Key { source: Box::new(error) })?;
    let pack = || -> io::Result<Encoded> {
        let mut disk = File::open(image)?;
        let size = disk.metadata()?.len();
        let sealed = Sealing::new(Parts::new(work), &key, &iv)?;
        let archive = Archive { to: GzEncoder::new(sealed, Compression::default()), sha: Sha1::new(), abort };
        let mut archive = tar::Builder::new(BufWriter::with_capacity(BLOCK, archive));
        archive.append_file(name, &mut disk)?;
        let archive = archive.into_inner()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        let (digest, sealed) = (archive.sha.finish(), archive.to.finish()?);
        let (parts, bundled) = sealed.finish()?.finish()?;
        Ok(Encoded { parts, digest, size, bundled, key, iv })
    };
    match pack() {
        Err(_) if abort.is_cancelled() => Err(Error::Cancelled),
        packed => packed.map_err(Error::file("bundle", image)),
    }
}

/// Where the archive passes: its digest is taken, and whether anybody still wants it is asked.
struct Archive<'a, W> {
    to: W,
    sha: Sha1,
    abort: &'a CancellationToken,
}

impl<W: Write> Write for Archive<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.abort.is_cancelled() {
            return Err(io::Error::other("given up"));
        }
        let written = self.to.write(bytes)?;
        self.sha.update(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Encrypts what it is given.
struct Sealing<W> {
    to: W,
    crypter: Crypter,
    sealed: Vec<u8>,
}

impl<W: Write> Sealing<W> {
    fn new(to: W, key: &[u8; 16], iv: &[u8; 16]) -> io::Result<Self> {
        let crypter = Crypter::new(Cipher::aes_128_cbc(), Mode::Encrypt, key, Some(iv))?;
        Ok(Self { to, crypter, sealed: vec![0; BLOCK + 16] })
    }

    /// Adds the padding.
    fn finish(mut self) -> io::Result<W> {
        let length = self.crypter.finalize(&mut self.sealed)?;
        self.to.write_all(self.sealed.get(..length).unwrap_or_default())?;
        Ok(self.to)
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let block = bytes.get(..BLOCK).unwrap_or(bytes);
        let length = self.crypter.update(block, &mut self.sealed)?;
        self.to.write_all(self.sealed.get(..length).unwrap_or_default())?;
        Ok(block.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Cuts what it is given into files.
struct Parts<'a> {
    work: &'a Path,
    done: Vec<Part>,
    open: Option<Open>,
    bytes: u64,
}

struct Open {
    path: PathBuf,
    file: File,
    sha: Sha1,
    bytes: u64,
}

impl<'a> Parts<'a> {
    fn new(work: &'a Path) -> Self {
        Self { work, done: Vec::new(), open: None, bytes: 0 }
    }

    fn begin(&self) -> io::Result<Open> {
        let path = self.work.join(format!("part.{}", self.done.len()));
        let file = File::create_new(&path)?;
        Ok(Open { path, file, sha: Sha1::new(), bytes: 0 })
    }

    fn close(&mut self, open: Open) {
        let Open { path, bytes, sha, .. } = open;
        self.done.push(Part { path, bytes, digest: sha.finish() });
    }

    fn finish(mut self) -> io::Result<(Vec<Part>, u64)> {
        if let Some(open) = self.open.take() {
            self.close(open);
        }
        Ok((self.done, self.bytes))
    }
}

impl Write for Parts<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.begin()?,
        };
        let room = usize::try_from(PART - open.bytes).unwrap_or(usize::MAX);
        let piece = bytes.get(..room).unwrap_or(bytes);
        open.file.write_all(piece)?;
        open.sha.update(piece);
        open.bytes += piece.len() as u64;
        self.bytes += piece.len() as u64;
        if open.bytes == PART {
            self.close(open)
        } else {
            self.open = Some(open)
        }
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
