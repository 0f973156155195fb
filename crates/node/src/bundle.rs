//! Bundling: the disk of an instance becomes an image in a bucket of its user's (node-controller.md §10, storage.md
//! §10).
//!
//! ```text
//!   ncBundleInstance ──▶ request checked, disk measured, space reserved ──▶ guest asked to shut down ──▶ true
//!                                                                               │ domain gone
//!       succeeded, failed, cancelled ◀── work directory removed ◀── Bundler ◀── disk renamed
//! ```
//! An overlay is made a raw disk in the renaming.
//!
//! Nothing that costs the user his guest is done before everything that can be checked is checked. Who uploads is a
//! [`Bundler`]; `programs` runs those that a site has configured.

mod programs;
mod space;
mod walrus;

use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use euca_command::CommandRunner;
use euca_hypervisor::is_name;
use euca_image::bundle::{Bundle, Destination};
use euca_image::disk;
use euca_wire::nc;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::error::Error;
use crate::files::InstanceFiles;
use crate::instance::record::Source;
use crate::instance::{Record, blocking};
use crate::ops::required;
use crate::settings::NodeSettings;

pub use programs::{BundlePrograms, ProgramBundler};
use space::{Reservation, WorkSpace};

/// For making a raw disk of an overlay. The limit of bundling stops it before.
const FLATTENING: Duration = Duration::from_secs(24 * 3600);
/// Longest of the values that are passed on, bytes: they travel in headers and arguments.
const MAX_VALUE: usize = 4096;

/// Uploads a disk.
pub trait Bundler: fmt::Debug + Send + Sync + 'static {
    /// Refuses what could only fail later, when the guest is gone. Blocks.
    ///
    /// # Errors
    /// Why it cannot be fulfilled.
    fn check(&self, to: &Destination) -> Result<(), Error>;

    /// Uploads `bundle`, and ends soon after `abort` is cancelled. Whatever it has uploaded is gone again,
    /// or was tried to be removed, unless it succeeds; nothing else of the user's is touched. A future that is dropped
    /// leaves nothing running.
    ///
    /// # Errors
    /// [`Error::Canceled`] when it was stopped, else why it failed.
    fn bundle<'a>(
        &'a self,
        bundle: &'a Bundle,
        abort: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<(), Error>>;
}

/// Where `request` wants its bundle to go, checked: bucket and prefix have 3 to 255 letters, digits, `.`, `-` and `_`,
/// the first a letter or digit.
pub(crate) fn destination(request: &nc::NcBundleInstance) -> Result<Destination, Error> {
    let value = |field: &Option<String>, what: &'static str| {
        let value = required(field.as_deref(), what)?;
        if value.len() <= MAX_VALUE && value.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(value.to_owned())
        } else {
            // Not shown: the policy's signature is as good as a password.
            Err(Error::Invalid { what, value: format!("{} bytes", value.len()) })
        }
    };
    Ok(Destination {
        bucket: name(request.bucket_name.as_deref(), "bucketName")?,
        prefix: name(request.file_prefix.as_deref(), "filePrefix")?,
        walrus_url: value(&request.walrus_url, "walrusURL")?,
        access_key: value(&request.user_public_key, "userPublicKey")?,
        policy: value(&request.s3_policy, "S3Policy")?,
        policy_signature: value(&request.s3_policy_sig, "S3PolicySig")?,
    })
}

/// A name that is part of a path and of a URL.
fn name(field: Option<&str>, what: &'static str) -> Result<String, Error> {
    let name = required(field, what)?;
    if name.len() >= 3 && is_name(name, 255) {
        Ok(name.to_owned())
    } else {
        Err(Error::Invalid { what, value: name.chars().take(300).collect() })
    }
}

/// What bundles need of their node.
pub(crate) struct Bundles {
    bundler: Option<Arc<dyn Bundler>>,
    space: Arc<WorkSpace>,
    runner: Arc<dyn CommandRunner>,
}

impl Bundles {
    /// By the settings' bundler, in the settings' room; `runner` makes raw disks of overlays.
    pub fn new(settings: &NodeSettings, runner: Arc<dyn CommandRunner>) -> Self {
        let space = Arc::new(WorkSpace::new(&settings.instance_path, settings.work_mib));
        Self { bundler: settings.bundler.clone(), space, runner }
    }

    /// Prepares to bundle the instance of `record`: finds the disk and reserves twice its size to work in.
    pub async fn prepare(
        &self,
        record: &Record,
        files: &InstanceFiles,
        to: Destination,
    ) -> Result<Job, Error> {
        let bundler = Arc::clone(self.bundler.as_ref().ok_or(Error::NoBundler)?);
        let id = |source: &Option<Source>| source.as_ref().map(|source| source.id.clone());
        let (kernel, ramdisk) = (id(&record.kernel), id(&record.ramdisk));
        let (space, runner) = (Arc::clone(&self.space), Arc::clone(&self.runner));
        let (instance, files) = (record.instance_id.clone(), files.clone());
        blocking(move || {
            bundler.check(&to)?;
            let (disk, image) = (files.disk(), files.bundled(&to.prefix)?);
            let overlay = files.base().exists();
            let bytes = if overlay {
                disk::virtual_size(&disk)?
            } else {
                fs::metadata(&disk).map_err(Error::file("measure", &disk))?.len()
            };
            let space = space.reserve(&instance, bytes)?;
            let work = space.directory().to_owned();
            let bundle = Bundle { to, image, work, kernel, ramdisk };
            Ok(Job { bundler, runner, bundle, disk, overlay, space })
        })
        .await
    }
}

impl fmt::Debug for Bundles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bundles").field("space", &self.space).finish_non_exhaustive()
    }
}

/// A bundle that was accepted, with the space it may use. Dropped, the space is free again and the directory gone.
pub(crate) struct Job {
    bundler: Arc<dyn Bundler>,
    runner: Arc<dyn CommandRunner>,
    bundle: Bundle,
    disk: PathBuf,
    overlay: bool,
    space: Reservation,
}

impl Job {
    /// Bundles, and clears away what it has needed for that.
    ///
    /// # Errors
    /// [`Error::Canceled`] when it was stopped, else why it failed.
    pub async fn run(self, abort: &CancellationToken) -> Result<(), Error> {
        let result = self.upload(abort).await;
        let Self { space, bundle, .. } = self;
        // The directory may hold thousands of files. Only a runtime that is going away leaves them to the next start.
        let cleared = blocking(move || {
            drop(space);
            Ok(())
        });
        let _ = cleared.await;
        if result.is_ok() {
            tracing::info!(bucket = bundle.to.bucket, prefix = bundle.to.prefix, "bundled");
        }
        result
    }

    async fn upload(&self, abort: &CancellationToken) -> Result<(), Error> {
        let named = abort.run_until_cancelled(self.name_image()).await;
        named.unwrap_or(Err(Error::Canceled))?;
        self.bundler.bundle(&self.bundle, abort).await
    }

    /// Gives the disk, raw, the image's name. Nobody else works in the directory, and no other file is overwritten.
    async fn name_image(&self) -> Result<(), Error> {
        let (disk, image, overlay) = (self.disk.clone(), self.bundle.image.clone(), self.overlay);
        let rename = move || {
            let renamed = match fs::symlink_metadata(&image) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
                Err(_) if overlay => Ok(()),
                Err(_) => fs::rename(&disk, &image),
            };
            renamed.map_err(Error::file("rename", &disk))
        };
        blocking(rename).await?;
        if overlay {
            disk::flatten(&*self.runner, &self.disk, &self.bundle.image, FLATTENING).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> nc::NcBundleInstance {
        let text = |text: &str| Some(text.to_owned());
        nc::NcBundleInstance {
            instance_id: text("i-1"),
            bucket_name: text("bucket"),
            file_prefix: text("prefix"),
            walrus_url: text("http://127.0.0.1:8773/services/Walrus"),
            user_public_key: text("AKID"),
            s3_policy: text("e30="),
            s3_policy_sig: text("c2ln"),
            ..nc::NcBundleInstance::default()
        }
    }

    #[test]
    fn every_input_is_needed_and_checked() {
        assert!(destination(&request()).is_ok());
        type Field = fn(&mut nc::NcBundleInstance) -> &mut Option<String>;
        let fields: [(&str, Field); 6] = [
            ("bucketName", |request| &mut request.bucket_name), // nc_121
            ("filePrefix", |request| &mut request.file_prefix),
            ("walrusURL", |request| &mut request.walrus_url),
            ("userPublicKey", |request| &mut request.user_public_key),
            ("S3Policy", |request| &mut request.s3_policy),
            ("S3PolicySig", |request| &mut request.s3_policy_sig),
        ];
        for (name, field) in fields {
            for bad in [None, Some(""), Some("a\nb"), Some("a b"), Some("ä"), Some("a\0b")] {
                let mut request = request();
                *field(&mut request) = bad.map(str::to_owned);
                assert!(destination(&request).is_err(), "{name}: {bad:?}");
            }
            let mut request = request();
            *field(&mut request) = Some("a".repeat(MAX_VALUE + 1));
            assert!(destination(&request).is_err(), "{name}: too long");
        }
        let mut request = request();
        request.cloud_public_key = None;
        assert!(destination(&request).is_ok(), "the one that nobody uses");
    }

    /// Keeps what it is to upload.
    #[derive(Debug, Default)]
    struct Kept(std::sync::Mutex<Vec<u8>>);

    impl Bundler for Kept {
        fn check(&self, _: &Destination) -> Result<(), Error> {
            Ok(())
        }

        fn bundle<'a>(
            &'a self,
            bundle: &'a Bundle,
            _: &'a CancellationToken,
        ) -> BoxFuture<'a, Result<(), Error>> {
            Box::pin(async {
                *self.0.lock().unwrap() = fs::read(&bundle.image).unwrap();
                Ok(())
            })
        }
    }

    #[tokio::test]
    async fn an_overlay_is_bundled_as_the_disk_that_its_guest_sees() {
        let root = tempfile::tempdir().unwrap();
        let record = crate::instance::record::tests::record("i-1", "admin");
        let files = InstanceFiles::of(root.path(), &record);
        files.prepare().unwrap();
        let base = root.path().join("base");
        fs::write(&base, vec![7; 3 << 20]).unwrap();
        fs::write(files.base(), "").unwrap();
        let made = std::process::Command::new("qemu-img")
            .args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b"])
            .args([&base, &files.disk()])
            .arg("8M")
            .status();
        assert!(made.unwrap().success());

        let kept = Arc::new(Kept::default());
        let mut settings = crate::testing::settings(root.path());
        settings.bundler = Some(kept.clone());
        settings.work_mib = 16;
        let bundles = Bundles::new(&settings, Arc::new(euca_command::Programs::default()));
        let to = destination(&request()).unwrap();
        let refused = bundles.prepare(&record, &files, to.clone()).await;
        assert!(
            matches!(refused, Err(Error::WorkSpace { needed_mib: 16, .. })),
            "the size it is to its guest"
        );
        settings.work_mib = 17;
        let bundles = Bundles::new(&settings, Arc::new(euca_command::Programs::default()));
        let job = bundles.prepare(&record, &files, to).await.unwrap();
        job.run(&CancellationToken::new()).await.unwrap();
        let bundled = kept.0.lock().unwrap().clone();
        assert_eq!(bundled.len(), 8 << 20);
        assert!(bundled[..3 << 20] == vec![7; 3 << 20] && bundled[3 << 20..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn st_t122_names_of_buckets_and_objects_are_one_harmless_component() {
        for good in ["abc", "my.bucket-1_x", &"a".repeat(255)] {
            assert!(name(Some(good), "filePrefix").is_ok(), "{good:?}");
        }
        let long = format!("{}/b", "a".repeat(200));
        for bad in ["", "ab", "../x", "...", "a/b", "-rf", ".hidden", "a\0bc", "a b", &long, &"a".repeat(256)]
        {
            assert!(name(Some(bad), "filePrefix").is_err(), "{bad:?}");
        }
    }
}
