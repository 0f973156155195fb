//! Where an image lands: a file that is already laid out as it will be used. Blocking, all of it.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use openssl::sha::Sha256;

use crate::error::Error;
use crate::layout::{Image, SECTOR};
use crate::sparse::is_zero;

/// Where holes may begin and end in a file, bytes.
const GRAIN: u64 = 64 << 10;

/// How a file is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As it comes: kernels and ramdisks.
    Plain,
    /// As a disk: what is a file system comes to this offset, where its partition will begin; what is a disk already
    /// comes to the beginning.
    Disk {
        /// Bytes before the root partition.
        offset: u64,
    },
}

/// What has landed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Landed {
    /// Where in the file the image begins, bytes.
    pub offset: u64,
    /// SHA-256 of the image.
    pub sha256: [u8; 32],
}

/// A file while an image comes into it.
pub(crate) struct Landing {
    what: String,
    path: PathBuf,
    file: File,
    size: u64,
    form: Form,
    /// The image's first sector, until it tells where the image belongs.
    first: Vec<u8>,
    /// Where the image begins.
    offset: Option<u64>,
    received: u64,
    hash: Sha256,
}

impl Landing {
    /// Creates the file, or empties it, for an image of `size` bytes from `what`.
    pub fn begin(what: &str, path: &Path, size: u64, form: Form) -> Result<Self, Error> {
        let open = || OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path);
        let file = open().map_err(Error::file("create", path))?;
        Ok(Self {
            what: what.to_owned(),
            path: path.to_owned(),
            file,
            size,
            form,
            first: Vec::new(),
            offset: (form == Form::Plain).then_some(0),
            received: 0,
            hash: Sha256::new(),
        })
    }

    /// Writes what came next. Zeros become holes.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.len() as u64 > self.size.saturating_sub(self.received + self.first.len() as u64) {
            return Err(self.mismatch(self.size.saturating_add(1)));
        }
        if self.offset.is_some() {
            return self.put(bytes);
        }
        // A piece that holds less than a sector is rare: usually nothing is copied here.
        let begun = std::mem::take(&mut self.first);
        let start = if begun.is_empty() { bytes } else { &[&begun, bytes].concat() };
        if (start.len() as u64) < SECTOR.min(self.size) {
            self.first = start.to_owned();
            return Ok(());
        }
        self.recognise(start)?;
        self.put(start)
    }

    /// Whether all bytes are there.
    pub fn is_full(&self) -> bool {
        self.received == self.size
    }

    /// Makes the image durable, if it is all there.
    pub fn finish(self) -> Result<Landed, Error> {
        if !self.is_full() {
            return Err(self.mismatch(self.received + self.first.len() as u64));
        }
        let offset = self.offset.unwrap_or_default();
        let durable = || {
            self.file.set_len(offset + self.size)?;
            self.file.sync_all()
        };
        durable().map_err(Error::file("write", &self.path))?;
        Ok(Landed { offset, sha256: self.hash.finish() })
    }

    fn mismatch(&self, found: u64) -> Error {
        Error::SizeMismatch { what: self.what.clone(), expected: self.size, found }
    }

    /// Decides by the first sector where the image belongs.
    fn recognise(&mut self, start: &[u8]) -> Result<(), Error> {
        let first = start.get(..SECTOR as usize).unwrap_or(start);
        self.offset = Some(match (self.form, Image::recognise(first, self.size)?) {
            (Form::Disk { offset }, Image::Partition) => offset,
            _ => 0,
        });
        Ok(())
    }

    /// Writes to where the image has come so far, runs of zeros left out.
    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hash.update(bytes);
        let begin = self.offset.unwrap_or_default() + self.received;
        self.received += bytes.len() as u64;
        // The run of bytes that must be written, and what lies behind it.
        let (mut at, mut run, mut rest) = (begin, 0, bytes);
        while let Some(grain) = rest.get(run..).filter(|rest| !rest.is_empty()) {
            let end = (at + run as u64 + 1).next_multiple_of(GRAIN) - (at + run as u64);
            let grain = grain.get(..usize::try_from(end).unwrap_or(usize::MAX)).unwrap_or(grain);
            if is_zero(grain) {
                self.write_at(rest.get(..run).unwrap_or_default(), at)?;
                let done = run + grain.len();
                (at, run, rest) = (at + done as u64, 0, rest.get(done..).unwrap_or_default());
            } else {
                run += grain.len();
            }
        }
        self.write_at(rest, at)
    }

    fn write_at(&self, bytes: &[u8], at: u64) -> Result<(), Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.file.write_all_at(bytes, at).map_err(Error::file("write", &self.path))
    }
}

/// SHA-256 of `size` bytes of a file from `offset` on.
pub(crate) fn digest(path: &Path, offset: u64, size: u64) -> Result<[u8; 32], Error> {
    let failed = || Error::file("read", path);
    let file = File::open(path).map_err(failed())?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut done = 0;
    while done < size {
        let part = usize::try_from(size - done).unwrap_or(usize::MAX).min(buffer.len());
        let part = buffer.get_mut(..part).unwrap_or_default();
        file.read_exact_at(part, offset + done).map_err(failed())?;
        hash.update(part);
        done += part.len() as u64;
    }
    Ok(hash.finish())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    /// The file that pieces of an image make.
    fn landed(form: Form, pieces: &[&[u8]]) -> (Vec<u8>, Landed, u64) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "what was there before").unwrap();
        let size = pieces.iter().map(|piece| piece.len() as u64).sum();
        let mut landing = Landing::begin("i", file.path(), size, form).unwrap();
        for piece in pieces {
            landing.write(piece).unwrap();
        }
        let landed = landing.finish().unwrap();
        assert_eq!(digest(file.path(), landed.offset, size).unwrap(), landed.sha256);
        (std::fs::read(file.path()).unwrap(), landed, file.path().metadata().unwrap().blocks() * 512)
    }

    /// A file of 4 MiB on a file system that takes everything, and has no room when it is to be durable.
    struct Forgetful(tempfile::TempDir, std::process::Child);

    impl Forgetful {
        async fn mount() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            File::create(at("backing")).unwrap().set_len(4 << 20).unwrap();
            File::create(at("file")).unwrap();
            let daemon = std::process::Command::new("qemu-storage-daemon")
                .args(["--blockdev", "driver=file,filename=backing,node-name=backing", "--blockdev"])
                .arg(
                    "driver=blkdebug,image=backing,node-name=disk,\
                     inject-error.0.event=none,inject-error.0.iotype=flush,inject-error.0.errno=28",
                )
                .args(["--export", "fuse,id=disk,node-name=disk,writable=on,growable=on,mountpoint=file"])
                .current_dir(&folder)
                .spawn();
            let mounted = Self(folder, daemon.unwrap());
            for _ in 0..1000 {
                if mounted.path().metadata().unwrap().len() > 0 {
                    return mounted;
                }
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
            panic!("nothing is mounted");
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("file")
        }
    }

    impl Drop for Forgetful {
        fn drop(&mut self) {
            let pid = i32::try_from(self.1.id()).unwrap();
            // It unmounts and ends.
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM)
                .unwrap();
            self.1.wait().unwrap();
        }
    }

    #[tokio::test]
    async fn st_t124_room_that_is_missing_at_the_very_end_is_missing() {
        let forgetful = Forgetful::mount().await;
        let image = noise(4 << 20);
        let mut landing = Landing::begin("i", &forgetful.path(), 4 << 20, Form::Plain).unwrap();
        landing.write(&image).unwrap();
        let landed = landing.finish();
        assert!(matches!(landed, Err(Error::NoSpace { .. })), "{landed:?}");
    }

    fn noise(length: usize) -> Vec<u8> {
        (0..length).map(|index| (index * 7 % 251 + 1) as u8).collect()
    }

    #[test]
    fn a_file_system_comes_to_where_its_partition_will_be_and_a_disk_to_the_beginning() {
        let form = Form::Disk { offset: 32_256 };
        let image = noise(3_000_000);
        for cut in [0, 1, 511, 512, 513, 1_000_000] {
            let (begin, end) = image.split_at(cut);
            let (file, landed, _) = landed(form, &[begin, &end[..100], &end[100..]]);
            assert_eq!(landed.offset, 32_256);
            assert_eq!(file.len(), 32_256 + image.len());
            assert!(file[..32_256].iter().all(|byte| *byte == 0) && file[32_256..] == image, "{cut}");
        }
        let mut disk = image.clone();
        disk[446..510].fill(0);
        disk[446..462].copy_from_slice(&[0x80, 1, 1, 0, 0x83, 1, 1, 1, 63, 0, 0, 0, 0, 8, 0, 0]);
        disk[510..512].copy_from_slice(&[0x55, 0xaa]);
        let (file, landed_disk, _) = landed(form, &[&disk[..7], &disk[7..]]);
        assert_eq!((landed_disk.offset, file), (0, disk.clone()));
        assert_eq!(landed(Form::Plain, &[&image]).0, image);
        for short in [&b"x"[..], &noise(511)] {
            assert_eq!(&landed(form, &[short]).0[32_256..], short, "shorter than a sector");
        }
    }

    #[test]
    fn zeros_become_holes_and_read_as_zeros() {
        let mut image = vec![0; 4 << 20];
        image[1 << 20..(1 << 20) + 10].copy_from_slice(&noise(10));
        image[(3 << 20) - 1] = 7;
        let pieces: Vec<&[u8]> = image.chunks(99_999).collect();
        let (file, _, allocated) = landed(Form::Disk { offset: 32_256 }, &pieces);
        assert!(file[32_256..] == image);
        assert!(allocated <= 4 * GRAIN, "{allocated} bytes allocated");
    }

    #[test]
    fn only_the_right_length_is_a_success() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let begin = || Landing::begin("i", file.path(), 600, Form::Disk { offset: 32_256 }).unwrap();
        for came in [0, 1, 511, 512, 599] {
            let mut landing = begin();
            landing.write(&noise(came)).unwrap();
            let error = landing.finish().unwrap_err();
            assert!(
                matches!(error, Error::SizeMismatch { expected: 600, found, .. } if found == came as u64),
                "{error:?}"
            );
        }
        // st_t021: one byte too many, whether in one piece or the last of several.
        assert!(matches!(begin().write(&noise(601)), Err(Error::SizeMismatch { found: 601, .. })));
        let mut landing = begin();
        landing.write(&noise(100)).unwrap();
        landing.write(&noise(500)).unwrap();
        assert!(matches!(landing.write(&[1]), Err(Error::SizeMismatch { found: 601, .. })));
    }
}
