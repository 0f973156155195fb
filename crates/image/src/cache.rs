//! Images that launches have in common, kept for the next one (storage.md §14.3).
//!
//! An entry is named by the SHA-256 of the image's manifest and by how the file is laid out, so that an image that
//! changes becomes another entry. It is made aside and renamed into place when it is durable: what has its name is
//! whole. The list of entries is locked for memory operations only; the files follow.
//!
//! ```text
//!   cache/v2/<sha256 of the manifest>-<layout>/{content,manifest,meta.json}
//!   cache/v2/.tmp-…/                                an entry that is being made, or deleted
//!   cache/v2/.clean                                 the last process ended well: the entries that it knew to be sound
//! ```
//! An instance whose disk is an overlay holds a hard link to the content, which keeps it whatever becomes of the
//! entry; such an entry is not evicted, since that would free nothing.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use euca_observe::metrics::{self, Outcome, Reason};
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::error::Error;
use crate::landing::{self, Landed};

const CONTENT: &str = "content";
const MANIFEST: &str = "manifest";
const META: &str = "meta.json";
const CLEAN: &str = ".clean";
const ASIDE: &str = ".tmp-";
/// Version of the description's format.
const VERSION: u32 = 1;

/// The description of an entry, beside its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Meta {
    version: u32,
    /// The image's id, for people.
    pub id: String,
    /// Bytes of the image.
    pub size: u64,
    /// Where in the content the image begins, bytes.
    pub offset: u64,
    /// SHA-256 of the image, hexadecimal.
    pub sha256: String,
}

impl Meta {
    /// Of an image of `size` bytes that has landed.
    pub fn new(id: &str, size: u64, landed: &Landed) -> Self {
        let sha256 = hexadecimal(&landed.sha256);
        Self { version: VERSION, id: id.to_owned(), size, offset: landed.offset, sha256 }
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Images kept on disk, within a budget.
#[derive(Debug)]
pub(crate) struct Cache {
    root: PathBuf,
    /// Bytes that entries may take.
    budget: u64,
    /// Bytes of the file system that entries leave free.
    floor: u64,
    shelf: Mutex<Shelf>,
    metrics: metrics::Cache,
}

#[derive(Debug, Default)]
struct Shelf {
    entries: HashMap<String, Entry>,
    /// Bytes promised to entries that are being made.
    reserved: u64,
    /// Keys of entries that are being deleted.
    leaving: HashSet<String>,
    /// Number of the last entry made, to tell one from its successor with the same key.
    last: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    number: u64,
    meta: Arc<Meta>,
    /// Allocated bytes.
    bytes: u64,
    used: SystemTime,
    pins: usize,
    /// Whether the content is known to be what was written.
    sound: bool,
}

impl Shelf {
    fn taken(&self) -> u64 {
        self.entries.values().fold(self.reserved, |sum, entry| sum.saturating_add(entry.bytes))
    }

    /// Keys of what nobody uses, in the order in which it is to go: used longest ago, small before large.
    fn idle(&self) -> Vec<String> {
        let mut idle: Vec<_> = self.entries.iter().filter(|(_, entry)| entry.pins == 0).collect();
        idle.sort_by_key(|(key, entry)| (entry.used, entry.bytes, (*key).clone()));
        idle.into_iter().map(|(key, _)| key.clone()).collect()
    }
}

impl Cache {
    /// Opens the cache in the directory `root`, which is made if need be, and deletes from it what is no whole entry.
    /// Blocks.
    ///
    /// # Errors
    /// The directory cannot be made or read.
    pub fn open(root: &Path, budget: u64, floor: u64) -> Result<Arc<Self>, Error> {
        fs::create_dir_all(root).map_err(Error::file("create", root))?;
        let clean = fs::read_to_string(root.join(CLEAN)).ok();
        // Nor is it there after a loss of power: what follows may not be what it says.
        let clean = clean.filter(|_| fs::remove_file(root.join(CLEAN)).and_then(|()| sync(root)).is_ok());
        let sound: HashSet<&str> = clean.iter().flat_map(|keys| keys.lines()).collect();
        let mut shelf = Shelf::default();
        for entry in fs::read_dir(root).map_err(Error::file("list", root))?.flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            match read_entry(&path) {
                Ok(entry) if !name.starts_with(ASIDE) => {
                    let sound = sound.contains(&*name);
                    shelf.entries.insert(name, Entry { sound, ..entry });
                }
                read => {
                    let reason =
                        read.err().map_or_else(|| "unfinished".to_owned(), |error| error.to_string());
                    tracing::info!(?path, reason, "deleted from the image cache");
                    remove(&path);
                }
            }
        }
        let (entries, bytes) = (shelf.entries.len(), shelf.taken());
        tracing::info!(?root, entries, sound = sound.len(), bytes, budget, "image cache opened");
        let (shelf, metrics) = (Mutex::new(shelf), metrics::Cache::default());
        Ok(Arc::new(Self { root: root.to_owned(), budget, floor, shelf, metrics }))
    }

    /// Notes that the process ends well, and which entries are known to be sound, so that the next one need not look at
    /// every byte of these. Blocks.
    pub fn close(&self) {
        let keys: String = {
            let shelf = self.lock();
            let sound = shelf.entries.iter().filter(|(_, entry)| entry.sound);
            sound.map(|(key, _)| format!("{key}\n")).collect()
        };
        let clean = File::create(self.root.join(CLEAN)).and_then(|mut file| {
            file.write_all(keys.as_bytes())?;
            file.sync_all()
        });
        if let Err(error) = clean.and_then(|()| sync(&self.root)) {
            tracing::warn!(%error, "the image cache will be examined at the next start");
        }
    }

    /// The entry with this key, to use and not to be evicted meanwhile.
    pub fn find(self: &Arc<Self>, key: &str) -> Option<Pin> {
        let mut shelf = self.lock();
        let entry = shelf.entries.get_mut(key)?;
        entry.pins += 1;
        entry.used = SystemTime::now();
        Some(Pin {
            cache: Arc::clone(self),
            key: key.to_owned(),
            number: entry.number,
            meta: Arc::clone(&entry.meta),
        })
    }

    /// Room for a new entry of at most `bytes`, others deleted for it if need be. `None` when there is not enough
    /// that may be deleted; nothing is then. Blocks.
    pub fn reserve(self: &Arc<Self>, key: &str, bytes: u64) -> Option<Reservation> {
        if bytes > self.budget {
            return None;
        }
        let idle = self.lock().idle();
        let linked = |key: &String| fs::metadata(self.content(key)).is_ok_and(|content| content.nlink() > 1);
        let candidates: Vec<String> = idle.into_iter().filter(|key| !linked(key)).collect();
        let free = free(&self.root);

        let victims = {
            let mut shelf = self.lock();
            if shelf.entries.contains_key(key) || shelf.leaving.contains(key) {
                return None;
            }
            let over_budget = shelf.taken().saturating_add(bytes).saturating_sub(self.budget);
            // What is promised may be written already in part: rather too much is reckoned than too little.
            let wanted = bytes.saturating_add(shelf.reserved).saturating_add(self.floor);
            let short = wanted.saturating_sub(free);
            let missing = over_budget.max(short);
            let (mut victims, mut freed) = (Vec::new(), 0);
            for key in candidates {
                match shelf.entries.get(&key) {
                    Some(entry) if freed < missing && entry.pins == 0 => {
                        freed += entry.bytes;
                        victims.push(key);
                    }
                    _ => {}
                }
            }
            if freed < missing {
                return None;
            }
            for key in &victims {
                shelf.entries.remove(key);
                shelf.leaving.insert(key.clone());
            }
            shelf.reserved += bytes;
            victims
        };
        let reservation = Reservation { cache: Arc::clone(self), key: key.to_owned(), bytes };
        victims.iter().for_each(|key| self.delete(key, "evicted"));
        Some(reservation)
    }

    /// Bytes that are promised to entries that are being made.
    pub fn reserved(&self) -> u64 {
        self.lock().reserved
    }

    /// Looks at every byte of an entry, unless it is known to be sound; one that is not is deleted. Blocks.
    ///
    /// # Errors
    /// [`Error::Corrupt`], or the content cannot be read.
    pub fn examine(&self, pin: &Pin) -> Result<(), Error> {
        if self.lock().entries.get(&pin.key).is_some_and(|entry| entry.sound) {
            return Ok(());
        }
        let content = pin.content();
        let digest = landing::digest(&content, pin.meta.offset, pin.meta.size)?;
        if hexadecimal(&digest) != pin.meta.sha256 {
            let reason = "its content is not what was stored".to_owned();
            return Err(Error::Corrupt { what: format!("{content:?}"), reason });
        }
        if let Some(entry) = self.lock().entries.get_mut(&pin.key) {
            entry.sound = true;
        }
        Ok(())
    }

    /// Has an entry examined the next time, whatever is known of it.
    pub fn suspect(&self, pin: &Pin) {
        if let Some(entry) = self.lock().entries.get_mut(&pin.key) {
            entry.sound = false;
        }
    }

    /// Forgets an entry that turned out to be damaged, and deletes it. Who uses it has it open. Blocks.
    pub fn discard(&self, pin: &Pin) {
        {
            let mut shelf = self.lock();
            if shelf.entries.get(&pin.key).is_none_or(|entry| entry.number != pin.number) {
                return;
            }
            shelf.entries.remove(&pin.key);
            shelf.leaving.insert(pin.key.clone());
        }
        self.delete(&pin.key, "damaged");
    }

    /// Notes on disk that the entry is used now, for the order after a restart. Blocks.
    pub fn touch(&self, pin: &Pin) {
        let meta = self.root.join(&pin.key).join(META);
        let touched = File::open(meta).and_then(|file| file.set_modified(SystemTime::now()));
        if let Err(error) = touched {
            tracing::debug!(%error, "time of use not noted");
        }
    }

    /// Counts a look for an image.
    pub fn looked(&self, outcome: &'static str) {
        self.metrics.lookups.get_or_create(&Outcome { outcome }).inc();
    }

    /// What is counted; the gauges as [`Cache::refresh_metrics`] has set them last.
    pub fn metrics(&self) -> metrics::Cache {
        self.metrics.clone()
    }

    /// Brings the gauges up to date.
    pub fn refresh_metrics(&self) {
        let (taken, reserved, images) = {
            let shelf = self.lock();
            (shelf.taken(), shelf.reserved, shelf.entries.len())
        };
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.metrics.images.set(number(images as u64));
        self.metrics.bytes.set(number(taken.saturating_sub(reserved)));
        self.metrics.reserved_bytes.set(number(reserved));
    }

    /// Deletes what is no entry any more: first its name, so that no half of it is ever taken for a whole.
    fn delete(&self, key: &str, reason: &'static str) {
        self.metrics.removals.get_or_create(&Reason { reason }).inc();
        let path = self.root.join(key);
        match aside(&self.root) {
            Ok(folder) => {
                if let Err(error) = fs::rename(&path, folder.path().join(key)) {
                    tracing::warn!(?path, %error, "not deleted from the image cache");
                }
                drop(folder);
            }
            Err(_) => remove(&path),
        }
        self.lock().leaving.remove(key);
        tracing::info!(?path, "deleted from the image cache");
    }

    fn content(&self, key: &str) -> PathBuf {
        self.root.join(key).join(CONTENT)
    }

    fn lock(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An entry that is used, and stays as long.
#[derive(Debug)]
pub(crate) struct Pin {
    cache: Arc<Cache>,
    key: String,
    number: u64,
    meta: Arc<Meta>,
}

impl Pin {
    /// The file with the image.
    pub fn content(&self) -> PathBuf {
        self.cache.content(&self.key)
    }

    /// What it is.
    pub fn meta(&self) -> &Meta {
        &self.meta
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        if let Some(entry) = self.cache.lock().entries.get_mut(&self.key)
            && entry.number == self.number
        {
            entry.pins = entry.pins.saturating_sub(1);
        }
    }
}

/// Room for an entry, until it is made or given up.
#[derive(Debug)]
pub(crate) struct Reservation {
    cache: Arc<Cache>,
    key: String,
    bytes: u64,
}

impl Reservation {
    /// A directory to make the entry in. Blocks.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn begin(self) -> Result<Filling, Error> {
        let folder = aside(&self.cache.root).map_err(Error::file("create", &self.cache.root))?;
        Ok(Filling { reservation: self, folder })
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut shelf = self.cache.lock();
        shelf.reserved = shelf.reserved.saturating_sub(self.bytes);
    }
}

/// An entry that is being made. Dropped, its files are deleted.
#[derive(Debug)]
pub(crate) struct Filling {
    reservation: Reservation,
    folder: TempDir,
}

impl Filling {
    /// Where the content goes.
    pub fn content(&self) -> PathBuf {
        self.folder.path().join(CONTENT)
    }

    /// Makes it an entry: when this returns, it survives a loss of power. The content is durable already. Blocks.
    ///
    /// # Errors
    /// A file cannot be written, or the entry not be renamed into place.
    pub fn commit(self, manifest: &[u8], meta: Meta) -> Result<Pin, Error> {
        let Self { reservation, folder } = self;
        let cache = Arc::clone(&reservation.cache);
        let (key, path) = (reservation.key.clone(), cache.root.join(&reservation.key));
        let made = folder.path();
        write(&made.join(MANIFEST), manifest)?;
        let text = serde_json::to_vec_pretty(&meta).map_err(io::Error::from);
        write(&made.join(META), &text.map_err(Error::file("write", made.join(META)))?)?;
        sync(made).map_err(Error::file("write", made))?;
        // What another attempt for the same image may have left.
        remove(&path);
        fs::rename(made, &path).map_err(Error::file("rename", &path))?;
        // Nothing is left under the name that the guard would delete.
        let _ = folder.keep();
        sync(&cache.root).map_err(Error::file("write", &cache.root))?;
        let entry = read_entry(&path)?;
        let meta = Arc::clone(&entry.meta);
        let mut shelf = cache.lock();
        shelf.last += 1;
        let number = shelf.last;
        shelf.entries.insert(key.clone(), Entry { number, pins: 1, sound: true, ..entry });
        drop(shelf);
        // The room is the entry's from now on.
        drop(reservation);
        Ok(Pin { cache, key, number, meta })
    }
}

/// Bytes that we may still write to the file system of a directory; where that cannot be known, it is tried. Blocks.
pub(crate) fn free(directory: &Path) -> u64 {
    let system = rustix::fs::statvfs(directory);
    system.map_or(u64::MAX, |system| system.f_bavail.saturating_mul(system.f_frsize))
}

/// A directory beside the entries, deleted when dropped.
fn aside(root: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(ASIDE).tempdir_in(root)
}

/// Reads what is known of the entry in this directory; it is no entry unless all of it is there.
fn read_entry(path: &Path) -> Result<Entry, Error> {
    let corrupt = |reason: &str| Error::Corrupt { what: format!("{path:?}"), reason: reason.to_owned() };
    let file = |name: &str| {
        let path = path.join(name);
        let metadata = fs::symlink_metadata(&path).map_err(Error::file("find", &path))?;
        if !metadata.is_file() || metadata.len() == 0 {
            return Err(corrupt("a file is missing or empty"));
        }
        Ok(metadata)
    };
    if !fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_dir()) {
        return Err(corrupt("it is no directory"));
    }
    let (content, manifest, meta) = (file(CONTENT)?, file(MANIFEST)?, file(META)?);
    let used = meta.modified().map_err(Error::file("find", path))?;
    let text = fs::read(path.join(META)).map_err(Error::file("read", path))?;
    let bytes = [&content, &manifest, &meta].iter().map(|file| file.blocks() * 512).sum();
    let meta: Meta = serde_json::from_slice(&text).map_err(|_| corrupt("its description is none"))?;
    if meta.version != VERSION || meta.offset.checked_add(meta.size) != Some(content.len()) {
        return Err(corrupt("its description does not fit"));
    }
    Ok(Entry { number: 0, meta: Arc::new(meta), bytes, used, pins: 0, sound: false })
}

fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(content)?;
        file.sync_all()
    };
    write().map_err(Error::file("write", path))
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Deletes a file, or a directory with all it holds; symbolic links are not followed.
fn remove(path: &Path) {
    let removed = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = removed {
        tracing::warn!(?path, %error, "not deleted from the image cache");
    }
}

#[cfg(test)]
mod tests;
