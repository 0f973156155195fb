//! The instances' files below `INSTANCE_PATH` (storage.md §3), and how they are written so that a kill at any
//! instant leaves the old content or the new.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::checkpoint;
use crate::error::Error;
use crate::instance::Record;

/// The directory of one instance, `INSTANCE_PATH/<userId>/<instanceId>`.
#[derive(Debug, Clone)]
pub(crate) struct InstanceFiles {
    directory: PathBuf,
}

impl InstanceFiles {
    /// Of an instance whose ids are checked: both are single path components.
    pub fn of(instance_path: &Path, record: &Record) -> Self {
        Self { directory: instance_path.join(&record.user_id).join(record.instance_id.as_str()) }
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn disk(&self) -> PathBuf {
        self.directory.join(euca_image::DISK)
    }

    /// What the disk lies over, if it is an overlay.
    pub fn base(&self) -> PathBuf {
        self.directory.join(euca_image::BASE)
    }

    pub fn kernel(&self) -> PathBuf {
        self.directory.join(euca_image::KERNEL)
    }

    pub fn ramdisk(&self) -> PathBuf {
        self.directory.join(euca_image::RAMDISK)
    }

    /// Output of the guest's serial port.
    pub fn console(&self) -> PathBuf {
        self.directory.join("console.log")
    }

    /// Text that comes before the guest's output.
    pub fn console_prefix(&self) -> PathBuf {
        self.directory.join(euca_image::windows::CONSOLE_PREFIX)
    }

    pub fn floppy(&self) -> PathBuf {
        self.directory.join(euca_image::windows::FLOPPY)
    }

    /// The domain document as it was submitted; a reboot submits it again.
    pub fn document(&self) -> PathBuf {
        self.directory.join("libvirt.xml")
    }

    /// The disk once it is to be bundled: its name is that of the image. The name must not be another file's.
    pub fn bundled(&self, prefix: &str) -> Result<PathBuf, Error> {
        let path = self.directory.join(prefix);
        // The record is written while the image is there, and written aside.
        if prefix.starts_with("instance.json") || path.symlink_metadata().is_ok() {
            return Err(Error::Invalid { what: "filePrefix", value: prefix.to_owned() });
        }
        Ok(path)
    }

    /// The instance's record, from which it is adopted after a restart.
    pub fn record(&self) -> PathBuf {
        self.directory.join("instance.json")
    }

    /// Makes the directory and an empty console that the hypervisor may write.
    pub fn prepare(&self) -> Result<(), Error> {
        fs::create_dir_all(&self.directory).map_err(Error::file("create directory", &self.directory))?;
        let console = self.console();
        let create = || -> io::Result<()> {
            // Whatever the umask: QEMU runs as another user of our group.
            fs::File::create(&console)?.set_permissions(fs::Permissions::from_mode(0o660))
        };
        create().map_err(Error::file("create", &console))
    }

    /// Empties the console for another boot, as QEMU did in 2.0.1.
    pub fn empty_console(&self) -> Result<(), Error> {
        let console = self.console();
        // It may be QEMU's now, of a group that may write it.
        let emptied = fs::OpenOptions::new().write(true).truncate(true).open(&console);
        emptied.map(drop).map_err(Error::file("empty", &console))
    }

    pub fn write_record(&self, record: &Record) -> Result<(), Error> {
        let path = self.record();
        let text = serde_json::to_vec_pretty(&Saved { version: VERSION, instance: record.clone() })
            .map_err(io::Error::from)
            .map_err(Error::file("write", &path))?;
        write_whole(&path, &text, 0o600, Survives::PowerLoss)
    }

    /// The domain document as it is now; a hook may have written it.
    pub fn read_document(&self) -> Result<String, Error> {
        let path = self.document();
        let read = || {
            let mut text = String::new();
            let length = fs::File::open(&path)?.take(MAX_DOCUMENT + 1).read_to_string(&mut text)?;
            if length as u64 > MAX_DOCUMENT { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(text) }
        };
        read().map_err(Error::file("read", &path))
    }

    pub fn write_document(&self, xml: &str) -> Result<(), Error> {
        write_whole(&self.document(), xml.as_bytes(), 0o644, Survives::PowerLoss)
    }

    /// Deletes the directory with all it holds; one that does not exist is deleted already.
    pub fn remove(&self) -> Result<(), Error> {
        remove_tree(&self.directory)
    }

    /// Deletes all that the directory holds but the record.
    pub fn remove_but_record(&self) -> Result<(), Error> {
        let record = self.record();
        let entries = fs::read_dir(&self.directory).map_err(Error::file("list", &self.directory))?;
        for path in entries.flatten().map(|entry| entry.path()).filter(|path| *path != record) {
            // Nothing in it is a directory, unless a stranger made one.
            fs::remove_file(&path)
                .or_else(|_| fs::remove_dir_all(&path))
                .map_err(Error::file("delete", &path))?;
        }
        Ok(())
    }
}

/// Bytes of the largest domain document; libvirt takes no larger ones.
const MAX_DOCUMENT: u64 = 4 << 20;
/// Version of the record's format.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Saved {
    version: u32,
    instance: Record,
}

/// Reads the record in `directory`, which must be that of the instance it describes; where there is none, the
/// checkpoint that the original left.
pub(crate) fn read_record(directory: &Path) -> Result<Record, Error> {
    let mut path = directory.join("instance.json");
    let (bytes, of_original) = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            path = directory.join("instance-checkpoint");
            (read_at_most(&path, checkpoint::SIZE + 1), true)
        }
        read => (read, false),
    };
    let bytes = bytes.map_err(Error::file("read", &path))?;
    let refuse = |reason: String| Error::Record { path: path.clone(), reason };
    let record = match of_original {
        true => checkpoint::read(&bytes).map_err(|error| refuse(error.to_string()))?,
        false => {
            let saved: Saved = serde_json::from_slice(&bytes).map_err(|error| refuse(error.to_string()))?;
            if saved.version != VERSION {
                return Err(refuse(format!("version {} is unknown", saved.version)));
            }
            saved.instance
        }
    };
    let user = directory.parent().and_then(Path::file_name);
    let place = [user, directory.file_name()].map(|name| name.and_then(OsStr::to_str));
    if place != [Some(record.user_id.as_str()), Some(record.instance_id.as_str())] {
        return Err(refuse(format!("it describes {}/{}", record.user_id, record.instance_id)));
    }
    Ok(record)
}

fn read_at_most(path: &Path, bytes: usize) -> io::Result<Vec<u8>> {
    let mut read = Vec::new();
    fs::File::open(path)?.take(bytes as u64).read_to_end(&mut read)?;
    Ok(read)
}

/// What a file must survive once it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Survives {
    /// The end of this process.
    Exit,
    /// The end of the host.
    PowerLoss,
}

/// Replaces a file by one with this content: written aside, then renamed. Readers see the old one or the new one.
pub(crate) fn write_whole(path: &Path, content: &[u8], mode: u32, survives: Survives) -> Result<(), Error> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let write = || -> io::Result<()> {
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(mode).open(&aside)?;
        file.write_all(content)?;
        if survives == Survives::Exit {
            return fs::rename(&aside, path);
        }
        file.sync_all()?;
        fs::rename(&aside, path)?;
        path.parent().map_or(Ok(()), |directory| fs::File::open(directory)?.sync_all())
    };
    write().map_err(Error::file("write", path))
}

/// Deletes a directory with all it holds. Symbolic links are deleted, never followed.
pub(crate) fn remove_tree(directory: &Path) -> Result<(), Error> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result.map_err(Error::file("delete", directory)),
    }
}

/// Apparent bytes of the files below a directory, without following symbolic links.
pub(crate) fn bytes_below(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instance::record::tests::record;

    #[test]
    fn a_record_is_read_back_as_it_was_written_and_only_where_it_belongs() {
        let root = tempfile::tempdir().unwrap();
        let record = record("i-41AA0001", "admin");
        let files = InstanceFiles::of(root.path(), &record);
        files.prepare().unwrap();
        files.write_record(&record).unwrap();
        assert_eq!(read_record(files.directory()).unwrap(), record);
        assert!(!files.directory().join("instance.json.new").exists());

        let elsewhere = root.path().join("admin/i-41AA0002");
        fs::create_dir_all(&elsewhere).unwrap();
        fs::copy(files.record(), elsewhere.join("instance.json")).unwrap();
        assert!(matches!(read_record(&elsewhere), Err(Error::Record { .. })));
        // nc_017: cut short.
        let text = fs::read(files.record()).unwrap();
        for length in [0, 1, text.len() / 2, text.len() - 1] {
            fs::write(files.record(), &text[..length]).unwrap();
            assert!(matches!(read_record(files.directory()), Err(Error::Record { .. })), "{length}");
        }
    }

    #[test]
    fn st_t064_a_record_that_was_not_written_to_its_end_leaves_the_one_before() {
        let root = tempfile::tempdir().unwrap();
        let before = record("i-41AA0001", "admin");
        let files = InstanceFiles::of(root.path(), &before);
        files.prepare().unwrap();
        files.write_record(&before).unwrap();
        let after = Record { launch_time: before.launch_time + 1, ..before.clone() };
        let aside = files.directory().join("instance.json.new");
        // Killed before the rename, however much of it was written.
        for length in [0, 1, 100] {
            fs::write(&aside, vec![b'{'; length]).unwrap();
            assert_eq!(read_record(files.directory()).unwrap(), before, "{length}");
        }
        // What the killed process has left is in nobody's way.
        files.write_record(&after).unwrap();
        assert_eq!(read_record(files.directory()).unwrap(), after);
        assert!(!aside.exists());
    }

    #[test]
    fn deleting_follows_no_symbolic_link_and_forgives_absence() {
        let root = tempfile::tempdir().unwrap();
        let outside = root.path().join("precious");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("file"), "x").unwrap();
        let record = record("i-1", "admin");
        let files = InstanceFiles::of(&root.path().join("instances"), &record);
        files.prepare().unwrap();
        std::os::unix::fs::symlink(&outside, files.directory().join("link")).unwrap();
        files.remove().unwrap();
        files.remove().unwrap();
        assert!(!files.directory().exists());
        assert!(outside.join("file").exists());
    }

    #[test]
    fn sizes_are_apparent_sizes() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("a/b")).unwrap();
        fs::File::create(root.path().join("a/b/sparse")).unwrap().set_len(5_000_000_000).unwrap();
        fs::write(root.path().join("a/small"), [0; 10]).unwrap();
        assert_eq!(bytes_below(root.path()), 5_000_000_010);
    }
}
