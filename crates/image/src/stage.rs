//! Staging: from the URLs of a launch to the files that its domain boots from (storage.md §4, §6.1, §14.2).
//!
//! ```text
//!   manifests ──► limits ──► cache: entry there? ── no ──► one download, whoever waits for it ──┐
//!                                │ yes                                                          │ entry
//!                                └──────────────────────────► copy into the instance ◄──────────┘
//!                                                                     │
//!                                   disk: table, ephemeral, swap ──► key, or Windows' password
//! ```
//! What the cache has no room for, or cannot hold, is downloaded straight into the instance, if the file system has
//! room: the cache makes launches faster and never makes one fail. Its answer is worth nothing without the manifest,
//! which every launch fetches: that the image may be had is for Walrus to say (Q5, Q21).

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use euca_command::CommandRunner;
use euca_observe::metrics;
use futures_util::future::try_join3;
use openssl::sha::sha256;
use tokio::sync::Semaphore;

use crate::cache::{self, Cache, Filling, Meta, Pin, hexadecimal};
use crate::disk::{self, Contents, Method};
use crate::error::Error;
use crate::fetch::{self, Retries};
use crate::flight::Flights;
use crate::keys::Keys;
use crate::landing::Form;
use crate::layout::{self, Image, Layout, Plan, Platform, Rules, SECTOR};
use crate::manifest::image_size;
use crate::walrus::ImageSource;
use crate::windows::{self, Template};
use crate::{MIB, blocking, copy};

/// How images are staged. The names in the comments are those of eucalyptus.conf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageSettings {
    /// Directory of the cache.
    pub cache: PathBuf,
    /// `NC_CACHE_SIZE`, bytes; 0: none is kept.
    pub cache_bytes: u64,
    /// Bytes of the file system that images leave free, in the cache or not.
    pub floor: u64,
    /// Where partitions lie.
    pub layout: Layout,
    /// `SWAP_SIZE`, MiB.
    pub swap: u64,
    /// How an instance gets its disk from a cached image.
    pub method: Method,
    /// `CONCURRENT_DISK_OPS`: copies, file systems and key injections at a time; at least one.
    pub disk_operations: usize,
    /// Template of the floppy of Windows guests; where it does not exist, there is one built in.
    pub floppy: PathBuf,
    /// Whether a launch fails when its key cannot be put into its disk.
    pub strict_keys: bool,
    /// How often a request to Walrus is made.
    pub retries: Retries,
}

impl StageSettings {
    /// The defaults around a directory for the cache.
    pub fn new(cache: PathBuf) -> Self {
        Self {
            cache,
            cache_bytes: 999_999 << 20,
            floor: 1 << 30,
            layout: Layout::default(),
            swap: 512,
            method: Method::default(),
            disk_operations: 1,
            floppy: "/usr/share/eucalyptus/floppy".into(),
            strict_keys: false,
            retries: Retries::default(),
        }
    }
}

/// An image, kernel or ramdisk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its id, for people.
    pub id: String,
    /// Where its manifest is.
    pub url: String,
}

/// Name of the file that a guest boots from, in the directory of its instance.
pub const DISK: &str = "disk";
/// Name of its kernel.
pub const KERNEL: &str = "kernel";
/// Name of its ramdisk.
pub const RAMDISK: &str = "ramdisk";

/// Name of another name of the cached image that [`DISK`] lies over, if it is an overlay, stored as qcow2: the image
/// stays as long as the instance, whatever becomes of the cache.
pub const BASE: &str = "base";

/// What a launch needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Existing directory for the files: [`DISK`], [`KERNEL`], [`RAMDISK`], and what Windows needs.
    pub directory: PathBuf,
    /// The root image.
    pub image: Source,
    /// The kernel, if the guest is not booted from its disk.
    pub kernel: Option<Source>,
    /// Its ramdisk.
    pub ramdisk: Option<Source>,
    /// What the VM type grants, GiB: for the disk, kernel and ramdisk together.
    pub disk_gib: u64,
    /// What the guest is.
    pub platform: Platform,
    /// Text of the SSH public key; may be empty.
    pub key: String,
}

/// Stages images. Clones are handles to the same cache.
pub struct Images<S>(Arc<Inner<S>>);

struct Inner<S> {
    source: S,
    settings: StageSettings,
    runner: Arc<dyn CommandRunner>,
    /// None where it cannot be opened.
    cache: Option<Arc<Cache>>,
    /// Entries that are being made, by key. What has no room in the cache comes to nothing.
    flights: Flights<Option<Arc<Pin>>>,
    turns: Arc<Semaphore>,
}

/// A file of an instance that is to be made.
#[derive(Clone, Copy)]
struct Goal<'a> {
    path: &'a Path,
    /// How its image is laid out in the cache.
    form: Form,
    /// For a disk: whose, and within which rules.
    disk: Option<(&'a Order, &'a Rules)>,
}

/// One of the files of a launch, with its manifest.
#[derive(Debug, Clone)]
struct Wanted {
    source: Source,
    manifest: Vec<u8>,
    size: u64,
}

impl Wanted {
    /// Name of its entry in the cache.
    fn key(&self, form: Form) -> String {
        let form = match form {
            Form::Plain => "raw".to_owned(),
            Form::Disk { offset } => format!("kvm{}", offset / SECTOR),
        };
        format!("{}-{form}", hexadecimal(&sha256(&self.manifest)))
    }
}

impl<S> Clone for Images<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> std::fmt::Debug for Images<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Images").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

impl<S> Images<S> {
    /// What is counted of the cache, nothing where there is none; the gauges as [`Images::refresh_metrics`] has set them
    /// last.
    pub fn metrics(&self) -> metrics::Cache {
        self.0.cache.as_ref().map(|cache| cache.metrics()).unwrap_or_default()
    }

    /// Brings the gauges up to date.
    pub fn refresh_metrics(&self) {
        if let Some(cache) = &self.0.cache {
            cache.refresh_metrics();
        }
    }
}

impl<S: ImageSource> Images<S> {
    /// Opens the cache and deletes what a killed process left of it. Without a cache, which is an error in the log,
    /// everything works all the same. Blocks.
    pub fn open(settings: StageSettings, source: S, runner: Arc<dyn CommandRunner>) -> Self {
        let cache = Cache::open(&settings.cache, settings.cache_bytes, settings.floor);
        let cache = cache.inspect_err(|error| {
            tracing::error!(error = euca_observe::chain(error), "no image cache");
        });
        let turns = Arc::new(Semaphore::new(settings.disk_operations.clamp(1, Semaphore::MAX_PERMITS)));
        let flights = Flights::default();
        Self(Arc::new(Inner { source, settings, runner, cache: cache.ok(), flights, turns }))
    }

    /// Notes that the cache is in order, so that the next start need not look at every byte. Blocks.
    pub fn close(&self) {
        if let Some(cache) = &self.0.cache {
            cache.close();
        }
    }

    /// Makes the files of a launch, in an existing directory; tells the bytes of its images. Dropping the future gives
    /// up; what there is of the files then, or after an error, is for the caller to delete.
    ///
    /// # Errors
    /// See [`Error`]; a key that cannot be put in is one only where the settings say so.
    pub async fn stage(&self, order: &Order) -> Result<u64, Error> {
        let this = &*self.0;
        let Order { directory, image, kernel, ramdisk, .. } = order;
        let (kernel, ramdisk, image) =
            try_join3(this.want_any(kernel), this.want_any(ramdisk), this.want(image)).await?;
        let beside: Vec<u64> = [&kernel, &ramdisk].into_iter().flatten().map(|part| part.size).collect();
        let limit = layout::limit(order.disk_gib, &beside)?;
        let (layout, swap) = (this.settings.layout, this.settings.swap);
        let rules = Rules { layout, swap, platform: order.platform, limit };
        rules.check(image.size)?;

        let form = Form::Disk { offset: layout.root_offset() };
        let (kernel_file, ramdisk_file) = (directory.join(KERNEL), directory.join(RAMDISK));
        let disk = Goal { path: &directory.join(DISK), form, disk: Some((order, &rules)) };
        try_join3(
            self.bring_any(kernel, &kernel_file),
            self.bring_any(ramdisk, &ramdisk_file),
            self.bring(&image, disk),
        )
        .await?;
        if order.platform == Platform::Windows {
            let (folder, key, template) =
                (directory.clone(), order.key.clone(), this.settings.floppy.clone());
            blocking(move || windows::furnish(&folder, &floppy(&template)?, &key)).await?;
        }
        Ok(beside.iter().sum::<u64>() + image.size)
    }

    /// Gets a kernel or ramdisk into an instance, if there is one.
    async fn bring_any(&self, wanted: Option<Wanted>, path: &Path) -> Result<(), Error> {
        match wanted {
            Some(wanted) => self.bring(&wanted, Goal { path, form: Form::Plain, disk: None }).await,
            None => Ok(()),
        }
    }

    /// Gets a file into an instance.
    async fn bring(&self, wanted: &Wanted, goal: Goal<'_>) -> Result<(), Error> {
        let this = &*self.0;
        let mut examined = false;
        while let Some(pin) = self.entry(wanted, goal.form).await? {
            match this.place(&pin, goal).await {
                // It may be the entry that cannot be read: it is fetched once more then.
                Err(error @ Error::File { .. }) if !examined => {
                    examined = true;
                    if this.is_sound(&pin).await {
                        return Err(error);
                    }
                    tracing::warn!(id = wanted.source.id, error = euca_observe::chain(&error), "not usable");
                    this.discard(pin).await;
                }
                made => return made,
            }
        }
        let Wanted { source: Source { id, url }, size, .. } = wanted;
        this.check_room(goal.path, *size).await?;
        let landed =
            fetch::image(&this.source, &this.settings.retries, url, *size, goal.path, goal.form).await?;
        tracing::info!(id, size, sha256 = hexadecimal(&landed.sha256), "fetched, not cached");
        let Some((order, rules)) = goal.disk else { return Ok(()) };
        let plan = plan(rules, goal.path, landed.offset, *size).await?;
        let keys = this.keys(order)?;
        let _turn = this.turns.acquire().await;
        disk::fill(&*this.runner, goal.path, this.contents(&plan, keys.as_ref())).await.map(drop)
    }

    /// The entry of a file, made if need be, by one of all those who want it. `None` if the cache does not take it.
    async fn entry(&self, wanted: &Wanted, form: Form) -> Result<Option<Arc<Pin>>, Error> {
        let key = wanted.key(form);
        loop {
            let work = || fill(Arc::clone(&self.0), wanted.clone(), key.clone(), form);
            match self.0.flights.join(&key, work).await {
                (_, Ok(entry)) => return Ok(entry),
                (_, Err(error)) if matches!(*error, Error::NoSpace { .. }) => {
                    tracing::warn!(id = wanted.source.id, error = euca_observe::chain(&*error), "not cached");
                    return Ok(None);
                }
                // Whoever only waited tries for itself (Q19).
                (false, Err(_)) => {}
                (true, Err(error)) => {
                    return Err(Arc::try_unwrap(error).unwrap_or_else(Error::Shared));
                }
            }
        }
    }
}

/// Finds or makes an entry.
async fn fill<S: ImageSource>(
    this: Arc<Inner<S>>,
    wanted: Wanted,
    key: String,
    form: Form,
) -> Result<Option<Arc<Pin>>, Error> {
    let Some(cache) = &this.cache else { return Ok(None) };
    let Wanted { source: Source { id, url }, manifest, size } = wanted;
    if let Some(pin) = cache.find(&key) {
        let (examiner, pin) = (Arc::clone(cache), Arc::new(pin));
        let examined = Arc::clone(&pin);
        let sound = blocking(move || {
            examiner.examine(&examined)?;
            examiner.touch(&examined);
            Ok(())
        });
        match sound.await {
            Ok(()) => {
                cache.looked("hit");
                return Ok(Some(pin));
            }
            Err(error) => {
                tracing::warn!(id, error = euca_observe::chain(&error), "cached image dropped");
                this.discard(pin).await;
            }
        }
    }
    cache.looked("miss");
    let (maker, name) = (Arc::clone(cache), key.clone());
    let filling = blocking(move || maker.reserve(&name, size).map(|room| room.begin()).transpose()).await;
    let (filling, content) = match filling {
        Ok(Some(filling)) => Aside::new(filling),
        Ok(None) => {
            tracing::info!(id, size, "not cached: no room");
            return Ok(None);
        }
        Err(error) => {
            tracing::warn!(id, error = euca_observe::chain(&error), "not cached");
            return Ok(None);
        }
    };
    let landed = fetch::image(&this.source, &this.settings.retries, &url, size, &content, form).await?;
    let meta = Meta::new(&id, size, &landed);
    let pin = blocking(move || filling.commit(&manifest, meta)).await?;
    tracing::info!(id, size, sha256 = pin.meta().sha256, "fetched and cached");
    Ok(Some(Arc::new(pin)))
}

impl<S: ImageSource> Inner<S> {
    async fn want_any(&self, source: &Option<Source>) -> Result<Option<Wanted>, Error> {
        match source {
            Some(source) => self.want(source).await.map(Some),
            None => Ok(None),
        }
    }

    async fn want(&self, source: &Source) -> Result<Wanted, Error> {
        let manifest = fetch::manifest(&self.source, &self.settings.retries, &source.url).await?;
        let size = image_size(&source.url, &manifest)?;
        Ok(Wanted { source: source.clone(), manifest, size })
    }

    /// Refuses a file that would leave less free than is to stay so, beside what is promised to the cache.
    async fn check_room(&self, path: &Path, size: u64) -> Result<(), Error> {
        let promised = self.cache.as_ref().map_or(0, |cache| cache.reserved());
        let needed = size.saturating_add(promised).saturating_add(self.settings.floor);
        let path = path.to_owned();
        blocking(move || match path.parent().map_or(u64::MAX, cache::free) {
            free if free >= needed => Ok(()),
            free => {
                let reason = format!("{} MiB are free and {} needed", free / MIB, needed.div_ceil(MIB));
                Err(Error::NoSpace { path, source: io::Error::new(io::ErrorKind::StorageFull, reason) })
            }
        })
        .await
    }

    /// Makes a file of an instance from an entry.
    async fn place(&self, pin: &Pin, Goal { path, disk, .. }: Goal<'_>) -> Result<(), Error> {
        let (content, method) = (pin.content(), self.settings.method);
        let Some((order, rules)) = disk else {
            let _turn = self.turns.acquire().await;
            return copy::copy(&content, path, method != Method::Copy).await.map(drop);
        };
        let plan = plan(rules, &content, pin.meta().offset, pin.meta().size).await?;
        let keys = self.keys(order)?;
        let contents = self.contents(&plan, keys.as_ref());
        let base = match method {
            Method::Overlay => link(content, order.directory.join(BASE)).await?,
            Method::Share | Method::Copy => content,
        };
        let _turn = self.turns.acquire().await;
        let made = disk::make(&self.runner, method, &base, path, contents).await.map(drop);
        if made.is_err() && method == Method::Overlay {
            // It would be in the way of another attempt, and make an overlay of what is none.
            blocking(move || std::fs::remove_file(&base).map_err(Error::file("delete", &base))).await?;
        }
        made
    }

    /// The keys of a launch; none instead of unusable ones, unless that matters.
    fn keys(&self, order: &Order) -> Result<Option<Keys>, Error> {
        if order.platform == Platform::Windows {
            return Ok(None);
        }
        Keys::parse(&order.key).or_else(|error| {
            let cause = euca_observe::chain(&error);
            tracing::warn!(directory = ?order.directory, error = cause, "no key has been put into the disk");
            if self.settings.strict_keys { Err(error) } else { Ok(None) }
        })
    }

    fn contents<'a>(&self, plan: &'a Plan, keys: Option<&'a Keys>) -> Contents<'a> {
        Contents { plan, keys, strict: self.settings.strict_keys }
    }

    /// Whether every byte of an entry is what was stored.
    async fn is_sound(&self, pin: &Arc<Pin>) -> bool {
        let (pin, cache) = (Arc::clone(pin), self.cache.clone());
        let examined = blocking(move || match cache {
            Some(cache) => {
                cache.suspect(&pin);
                cache.examine(&pin)
            }
            None => Ok(()),
        });
        examined.await.is_ok()
    }

    async fn discard(&self, pin: Arc<Pin>) {
        if let Some(cache) = self.cache.clone() {
            let discarded = blocking(move || {
                cache.discard(&pin);
                Ok(())
            });
            // Only a runtime that ends does not get to it.
            let _ = discarded.await;
        }
    }
}

/// The floppy of Windows guests: the site's own, where there is one.
fn floppy(template: &Path) -> Result<Template, Error> {
    if template.exists() { Template::read(template) } else { Template::built_in() }
}

/// The disk that an image of `size` bytes becomes, which begins at `offset` of a file.
async fn plan(rules: &Rules, path: &Path, offset: u64, size: u64) -> Result<Plan, Error> {
    let path = path.to_owned();
    let first = blocking(move || {
        let mut first = vec![0; usize::try_from(size.min(SECTOR)).unwrap_or_default()];
        let file = File::open(&path).map_err(Error::file("open", &path))?;
        file.read_exact_at(&mut first, offset).map_err(Error::file("read", &path))?;
        Ok(first)
    });
    rules.plan(&Image::recognise(&first.await?, size)?, size)
}

/// Gives a file another name.
async fn link(file: PathBuf, name: PathBuf) -> Result<PathBuf, Error> {
    blocking(move || {
        std::fs::hard_link(file, &name).map_err(Error::file("create", &name))?;
        Ok(name)
    })
    .await
}

/// An entry that is being made, whose files are deleted where it may block.
struct Aside(Option<Filling>);

impl Aside {
    fn new(filling: Filling) -> (Self, PathBuf) {
        let content = filling.content();
        (Self(Some(filling)), content)
    }

    /// Makes it an entry. Blocks.
    fn commit(mut self, manifest: &[u8], meta: Meta) -> Result<Pin, Error> {
        self.0.take().ok_or(Error::Cancelled)?.commit(manifest, meta)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if let (Some(filling), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn_blocking(move || drop(filling));
        }
    }
}

#[cfg(test)]
mod tests;
