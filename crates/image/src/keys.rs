//! The SSH key of a launch, put into the root file system of a disk (storage.md §7).
//!
//! ```text
//!   superblock ──► no check by count or time ──► /root, /root/.ssh, authorized_keys
//!                                                             │ real folders, a real file
//!          in place of the old file ◄── read back ◄── new file beside it
//! ```
//! Everything happens inside the image, by debugfs, which mounts nothing: no path is ever looked up on the host, and a
//! symbolic link on the way is a refusal. debugfs says little by its exit status, so what it wrote is read back before
//! the old file goes. A file system with a journal to be replayed is refused, as in 2.0.1: e2fsprogs replay none at an
//! offset (they open the file again without it), and to write without replaying could destroy both.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use euca_command::{CommandRunner, MAX_OUTPUT, Output};

use crate::layout::Extent;
use crate::{Error, blocking, ext};

/// Longest text of keys, bytes: what the wire and the records of 2.0.1 hold.
const MAX_KEYS: usize = 2047;
/// Longest file of keys that is added to, bytes: what can be read back with certainty.
const MAX_FILE: usize = MAX_OUTPUT - MAX_KEYS - 2;

const ROOT: &str = "/root";
const FOLDER: &str = "/root/.ssh";
const NAME: &str = "authorized_keys";

/// The lines of a launch's key text: public keys as `authorized_keys` holds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys(Vec<String>);

impl Keys {
    /// The keys of the field `keyName`; `None` for a launch without.
    ///
    /// # Errors
    /// [`Error::Unusable`] for text of more than 2047 bytes, or with control characters.
    pub fn parse(text: &str) -> Result<Option<Self>, Error> {
        let refuse = |reason: &str| Error::Unusable { what: "the key".to_owned(), reason: reason.to_owned() };
        if text.len() > MAX_KEYS {
            return Err(refuse("it is too long"));
        }
        let lines: Vec<String> =
            text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect();
        if lines.iter().any(|line| line.chars().any(|c| c.is_control() && c != '\t')) {
            return Err(refuse("it has control characters"));
        }
        Ok(Some(Self(lines)).filter(|keys| !keys.0.is_empty()))
    }

    /// `file` with each of the keys that it has not, on a line of its own; `None` if it has them all.
    fn added_to(&self, file: &[u8]) -> Option<Vec<u8>> {
        let known: Vec<&[u8]> = file.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).collect();
        let mut new = file.to_vec();
        for key in self.0.iter().filter(|key| !known.contains(&key.as_bytes())) {
            if new.last().is_some_and(|last| *last != b'\n') {
                new.push(b'\n');
            }
            new.extend_from_slice(key.as_bytes());
            new.push(b'\n');
        }
        (new.len() > file.len()).then_some(new)
    }
}

/// What has become of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Injected {
    /// It is in the file now.
    Added,
    /// It was there already.
    Present,
    /// There was none to put in.
    NoKey,
    /// It is not there; the log says why. The image may have a key of its own.
    Failed,
}

/// Puts `keys` into the file system at `root` of a disk that no guest uses, and ends its checks by count of mounts and
/// by time, as 2.0.1 did for every guest. Failure is a warning (Q38), unless `strict`.
///
/// # Errors
/// When `strict` and the keys could not be put in: no ext2, ext3 or ext4; a journal to be replayed; no `/root`;
/// symbolic links; no room.
pub async fn inject(
    runner: &dyn CommandRunner,
    disk: &Path,
    root: Option<Extent>,
    keys: Option<&Keys>,
    strict: bool,
) -> Result<Injected, Error> {
    match attempt(runner, disk, root, keys).await {
        Err(error) if !strict => {
            let error = euca_observe::chain(&error);
            tracing::warn!(disk = %disk.display(), error, "no key has been put into the disk");
            Ok(Injected::Failed)
        }
        result => result,
    }
}

async fn attempt(
    runner: &dyn CommandRunner,
    disk: &Path,
    root: Option<Extent>,
    keys: Option<&Keys>,
) -> Result<Injected, Error> {
    let found = match root {
        Some(root) => {
            let path = PathBuf::from(disk);
            blocking(move || ext::examine(&path, root.offset)).await?
        }
        None => ext::Found::Other,
    };
    let root = match (root, found, keys) {
        (Some(root), ext::Found::Sound, _) => root,
        (_, _, None) => return Ok(Injected::NoKey),
        (_, ext::Found::NeedsRecovery, _) => {
            return Err(unusable("its journal has to be replayed first: it was not unmounted"));
        }
        _ => return Err(unusable("it is not ext2, ext3 or ext4")),
    };
    let largest = root.offset.saturating_add(root.length);
    let system = FileSystem { runner, device: ext::device(disk, root.offset)?, largest };
    if let Err(error) = system.run("tune2fs", ["-c", "0", "-i", "0"], "", &[0]).await {
        let error = euca_observe::chain(&error);
        tracing::warn!(disk = %disk.display(), error, "the guest may check its root file system at its start");
    }
    match keys {
        Some(keys) => system.add(keys).await,
        None => Ok(Injected::NoKey),
    }
}

/// What debugfs says of a file.
#[derive(Debug, PartialEq, Eq)]
struct Inode {
    number: u32,
    kind: String,
    mode: String,
    owner: (String, String),
    size: usize,
}

/// The file system in a disk, as debugfs opens it.
struct FileSystem<'a> {
    runner: &'a dyn CommandRunner,
    device: OsString,
    /// No file may grow beyond this, whatever the file system says of itself.
    largest: u64,
}

impl FileSystem<'_> {
    async fn add(&self, keys: &Keys) -> Result<Injected, Error> {
        match self.stat(ROOT).await? {
            Some(root) if root.kind == "directory" => {}
            _ => return Err(unusable("it has no folder /root")),
        }
        let folder = match self.stat(FOLDER).await? {
            Some(folder) => Some(folder),
            None => {
                self.write(&format!("mkdir {FOLDER}\n{}", owned_by_root(FOLDER, "040700"))).await?;
                self.stat(FOLDER).await?
            }
        };
        let Some(Inode { number: folder, .. }) = folder.filter(|folder| folder.kind == "directory") else {
            return Err(unusable("/root/.ssh is not a folder, or cannot be made"));
        };
        let old = self.stat(&format!("{FOLDER}/{NAME}")).await?;
        let content = match &old {
            None => Vec::new(),
            Some(file) if file.kind == "regular" && file.size <= MAX_FILE => self.read(file).await?,
            Some(_) => return Err(unusable("authorized_keys is not a plain file of usual size")),
        };
        let Some(content) = keys.added_to(&content) else { return Ok(Injected::Present) };
        self.replace(folder, old.is_some(), content).await.map(|()| Injected::Added)
    }

    /// Puts a file with `content` in place of authorized_keys. It is written beside it first.
    async fn replace(&self, folder: u32, exists: bool, content: Vec<u8>) -> Result<(), Error> {
        let bytes = content.clone();
        let source = blocking(move || temporary(&bytes)).await?;
        let (Some(name), Some(path)) =
            (source.path().file_name().and_then(|name| name.to_str()), source.path().to_str())
        else {
            return Err(unusable("the folder of temporary files has no plain name"));
        };
        let folder = format!("cd <{folder}>\n");
        self.write(&format!("{folder}write {path} {name}\n{}", owned_by_root(name, "0100600"))).await?;
        let new = self.stat(&format!("{FOLDER}/{name}")).await?;
        let good = match &new {
            Some(new) if new.is_for_root() && new.size == content.len() => self.read(new).await,
            _ => Ok(Vec::new()),
        };
        if !good.is_ok_and(|found| found == content) {
            self.write(&format!("{folder}rm {name}\n")).await?;
            return Err(unusable("the key cannot be written; it may be full"));
        }
        // Neither ln nor unlink counts: the new file has one name before and after.
        let old = if exists { format!("rm {NAME}\n") } else { String::new() };
        self.write(&format!("{folder}{old}ln {name} {NAME}\nunlink {name}\n")).await?;
        if self.stat(&format!("{FOLDER}/{NAME}")).await? != new {
            return Err(unusable("the new authorized_keys cannot be put in place"));
        }
        Ok(())
    }

    /// What is at a path, whose last element is not followed if it is a link. `None` if nothing is.
    async fn stat(&self, path: &str) -> Result<Option<Inode>, Error> {
        let output = self.ask(&format!("stat {path}")).await?;
        match Inode::parse(&String::from_utf8_lossy(&output.stdout)) {
            Some(inode) => Ok(Some(inode)),
            None if String::from_utf8_lossy(&output.stderr).contains("File not found") => Ok(None),
            None => Err(corrupt(format!("{path} cannot be looked at"))),
        }
    }

    async fn read(&self, file: &Inode) -> Result<Vec<u8>, Error> {
        let mut output = self.ask(&format!("cat <{}>", file.number)).await?;
        if output.truncated || output.stdout.len() < file.size {
            return Err(corrupt(format!("inode {} cannot be read", file.number)));
        }
        // Files that lie within their inode are shown with the rest of it.
        output.stdout.truncate(file.size);
        Ok(output.stdout)
    }

    /// The answer to a question.
    async fn ask(&self, request: &str) -> Result<Output, Error> {
        self.run("debugfs", ["-R", request], "", &[0, 1]).await
    }

    /// Changes something. Whether that has worked has to be looked at afterwards.
    async fn write(&self, script: &str) -> Result<(), Error> {
        self.run("debugfs", ["-w", "-f", "-"], script, &[0, 1]).await.map(drop)
    }

    async fn run<const N: usize>(
        &self,
        program: &'static str,
        arguments: [&str; N],
        input: &str,
        good: &[i32],
    ) -> Result<Output, Error> {
        let arguments = arguments.map(OsString::from).into_iter().chain([self.device.clone()]);
        let output = ext::run(self.runner, program, arguments, input.into(), self.largest).await?;
        ext::succeeded(program, output, good)
    }
}

impl Inode {
    /// Reads the answer to `stat`.
    fn parse(answer: &str) -> Option<Self> {
        let mut words = answer.lines().take(3).flat_map(str::split_whitespace);
        let mut after = |label: &str| words.find(|word| *word == label).and_then(|_| words.next());
        Some(Self {
            number: after("Inode:")?.parse().ok()?,
            kind: after("Type:")?.to_owned(),
            mode: after("Mode:")?.to_owned(),
            owner: (after("User:")?.to_owned(), after("Group:")?.to_owned()),
            size: after("Size:")?.parse().ok()?,
        })
    }

    fn is_for_root(&self) -> bool {
        self.kind == "regular" && self.mode == "0600" && (&*self.owner.0, &*self.owner.1) == ("0", "0")
    }
}

/// The commands that give a file this mode and root as its owner.
fn owned_by_root(name: &str, mode: &str) -> String {
    format!("sif {name} mode {mode}\nsif {name} uid 0\nsif {name} gid 0\n")
}

/// A file of the host for debugfs to read. Its name and path must not mean anything to debugfs.
fn temporary(content: &[u8]) -> Result<tempfile::NamedTempFile, Error> {
    let folder = std::env::temp_dir();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
    if !folder.as_os_str().as_encoded_bytes().iter().all(plain) {
        return Err(unusable("the folder of temporary files has no plain name"));
    }
    let mut file = tempfile::Builder::new()
        .prefix("euca-key-")
        .tempfile_in(&folder)
        .map_err(Error::file("create a file in", &folder))?;
    file.write_all(content).map_err(Error::file("write", file.path()))?;
    Ok(file)
}

fn unusable(reason: &str) -> Error {
    Error::Unusable { what: "the root file system".to_owned(), reason: reason.to_owned() }
}

fn corrupt(reason: String) -> Error {
    Error::Corrupt { what: "the root file system".to_owned(), reason }
}

#[cfg(test)]
mod tests;
