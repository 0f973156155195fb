//! The two configuration files: bounded reading, and which line of which file counts for a variable.

use std::collections::BTreeMap;
use std::fs::{Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Error;
use crate::grammar::assignments;
use crate::home::Home;
use crate::names;
use crate::report::{Notice, Place, Severity};

/// Longest configuration file read, in bytes.
pub const MAX_FILE_BYTES: u64 = 1 << 20;

/// Unknown variables named in a notice; the rest is counted.
const UNKNOWN_SHOWN: usize = 16;

/// What tells one version of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    inode: u64,
    bytes: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let modified = (metadata.mtime(), metadata.mtime_nsec());
        Self { inode: metadata.ino(), bytes: metadata.size(), modified }
    }

    /// Stamps of the local and the main file; nothing for one that cannot be asked.
    pub(crate) fn now(home: &Home) -> [Option<Self>; 2] {
        [home.local_conf(), home.main_conf()]
            .map(|path| std::fs::metadata(path).ok().map(|metadata| Self::of(&metadata)))
    }
}

/// The content of `eucalyptus.local.conf` (if there is one) and `eucalyptus.conf`.
#[derive(Debug, Clone)]
pub struct Files {
    home: Home,
    local: Option<File>,
    main: File,
}

#[derive(Debug, Clone)]
struct File {
    path: Arc<Path>,
    stamp: Option<Stamp>,
    /// The line that counts, for each known variable the file sets: its number, and the value unless the closing
    /// quote is missing.
    lines: BTreeMap<&'static str, (u32, Option<Vec<u8>>)>,
    notices: Vec<Notice>,
}

/// What the files say about one variable.
pub(crate) enum Lookup<'a> {
    Found {
        value: &'a [u8],
        place: Place,
    },
    Absent,
    /// The last line considered lacks its closing quote, and no other file has a usable one.
    Unterminated(Place),
}

impl Files {
    /// Reads both files. Blocks on the disk.
    ///
    /// # Errors
    /// The main file is missing, or one of the files is unreadable, not a regular file, longer than
    /// [`MAX_FILE_BYTES`], or holds a NUL byte.
    pub fn read(home: &Home) -> Result<Self, Error> {
        let local = match File::read(home.local_conf()) {
            Err(Error::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => None,
            file => Some(file?),
        };
        Ok(Self { home: home.clone(), local, main: File::read(home.main_conf())? })
    }

    /// The same from memory, for tests and tools; `None` stands for a local file that does not exist.
    ///
    /// # Errors
    /// A text is longer than [`MAX_FILE_BYTES`] or holds a NUL byte.
    pub fn from_text(home: &Home, local: Option<&[u8]>, main: &[u8]) -> Result<Self, Error> {
        let local = local.map(|text| File::parse(home.local_conf().into(), None, text)).transpose()?;
        Ok(Self { home: home.clone(), local, main: File::parse(home.main_conf().into(), None, main)? })
    }

    /// The prefix the files were found under.
    pub fn home(&self) -> &Home {
        &self.home
    }

    pub(crate) fn stamps(&self) -> [Option<Stamp>; 2] {
        [self.local.as_ref().and_then(|file| file.stamp), self.main.stamp]
    }

    /// What was noticed while reading: unknown variables, and lines that another line hides.
    pub(crate) fn notices(&self) -> impl Iterator<Item = &Notice> {
        self.in_order().flat_map(|file| &file.notices)
    }

    /// The first file in which the variable has a usable value wins (deployment.md §1.2).
    pub(crate) fn look_up(&self, key: &'static str) -> Lookup<'_> {
        let mut result = Lookup::Absent;
        for file in self.in_order() {
            if let Some((line, value)) = file.lines.get(key) {
                let place = file.place(*line);
                match value {
                    Some(value) => return Lookup::Found { value, place },
                    None => result = Lookup::Unterminated(place),
                }
            }
        }
        result
    }

    fn in_order(&self) -> impl Iterator<Item = &File> {
        self.local.iter().chain([&self.main])
    }
}

impl File {
    fn read(path: PathBuf) -> Result<Self, Error> {
        let failed = |source| Error::Read { path: path.clone(), source };
        // Without O_NONBLOCK, opening a named pipe waits for a writer for ever.
        let file =
            OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(Error::NotAFile(path));
        }
        let mut text = Vec::new();
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut text).map_err(failed)?;
        // The stamp is older than the text: a write in between shows as a change at the next look.
        Self::parse(path.into(), Some(Stamp::of(&metadata)), &text)
    }

    fn parse(path: Arc<Path>, stamp: Option<Stamp>, text: &[u8]) -> Result<Self, Error> {
        if text.len() as u64 > MAX_FILE_BYTES {
            return Err(Error::TooLong(path.to_path_buf()));
        }
        let mut file = Self { path, stamp, lines: BTreeMap::new(), notices: Vec::new() };
        if let Some((_, line)) =
            text.split(|byte| *byte == b'\n').zip(1..).find(|(line, _)| line.contains(&b'\0'))
        {
            return Err(Error::Nul(file.place(line)));
        }
        let mut hidden = BTreeMap::new();
        let mut unknown = Vec::new();
        let mut unknown_more = 0;
        for found in assignments(text) {
            let value = found.value.map(<[u8]>::to_vec);
            match names::known(found.name) {
                Some(key) => match file.lines.get(key) {
                    None => drop(file.lines.insert(key, (found.line, value))),
                    Some((line, first)) if *first != value => drop(hidden.insert(key, (found.line, *line))),
                    Some(_) => {}
                },
                None => match names::plausible(found.name) {
                    Some(name) if unknown.iter().any(|(seen, _)| *seen == name) => {}
                    Some(name) if unknown.len() < UNKNOWN_SHOWN => unknown.push((name, found.line)),
                    Some(_) => unknown_more += 1,
                    None => {}
                },
            }
        }
        for (key, (line, first)) in hidden {
            file.notice(Severity::Warning, line, format!("{key} is ignored, line {first} set it first"));
        }
        for (name, line) in unknown {
            file.notice(Severity::Info, line, format!("{name} is not a variable of this program, ignored"));
        }
        if unknown_more > 0 {
            let text = format!("{unknown_more} more lines set unknown variables, ignored");
            file.notices.push(Notice { severity: Severity::Info, place: None, text });
        }
        Ok(file)
    }

    fn place(&self, line: u32) -> Place {
        Place { path: self.path.clone(), line }
    }

    fn notice(&mut self, severity: Severity, line: u32, text: String) {
        let place = Some(self.place(line));
        self.notices.push(Notice { severity, place, text });
    }
}
