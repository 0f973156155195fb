//! Bundling by programs that the site has configured: those of euca2ools, or others that understand their arguments
//! (node-controller.md §10.2).
//!
//! ```text
//!   check ──▶ upload ──▶ exit 0: succeeded
//!                  └───▶ anything else: delete -b BUCKET -p PREFIX ──▶ failed, or cancelled
//! ```
//! Each program has its account in its own environment (Q-31), and is killed with all it has started when bundling
//! stops. `delete` is never given `--clear`: it would empty the user's bucket, and whether the bucket is new can be
//! told neither by the check's exit status, which means opposite things in different releases, nor by anything else
//! (storage.md §10, Q53).

use std::ffi::OsString;
use std::fmt;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use euca_command::{Command, CommandRunner, Output};
use euca_image::bundle::{Bundle, Destination};
use euca_observe::chain;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::Bundler;
use crate::error::Error;

/// For a question, or a deletion.
const SHORT: Duration = Duration::from_secs(60);
/// For an upload. The limit of bundling stops it long before.
const LONG: Duration = Duration::from_secs(24 * 3600);

/// The programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundlePrograms {
    /// `NC_BUNDLE_UPLOAD_PATH`.
    pub upload: PathBuf,
    /// `NC_CHECK_BUCKET_PATH`.
    pub check: PathBuf,
    /// `NC_DELETE_BUNDLE_PATH`.
    pub delete: PathBuf,
    /// `var/lib/eucalyptus/keys`.
    pub keys: PathBuf,
}

/// Bundles by programs.
pub struct ProgramBundler {
    programs: BundlePrograms,
    runner: Arc<dyn CommandRunner>,
}

impl ProgramBundler {
    /// These programs, run by `runner`.
    pub fn new(programs: BundlePrograms, runner: Arc<dyn CommandRunner>) -> Self {
        Self { programs, runner }
    }

    /// `program` on the bucket of a to.
    fn command(&self, program: &Path, to: &Destination, deadline: Duration) -> Command {
        let key = |name: &str| self.programs.keys.join(name).into_os_string();
        let text = |text: &str| OsString::from(text);
        Command::new(program, deadline).environment([
            ("EC2_CERT", key("node-cert.pem")),
            ("EUCA_CERT", key("node-cert.pem")),
            ("EUCA_PRIVATE_KEY", key("node-pk.pem")),
            ("EUCALYPTUS_CERT", key("cloud-cert.pem")),
            ("EC2_SECRET_KEY", text("IGNORED")),
            ("EC2_ACCESS_KEY", text(&to.access_key)),
            // The account of whoever has none; it is in the manifest.
            ("EC2_USER_ID", text("123456789012")),
            ("S3_URL", text(&to.walrus_url)),
        ])
    }

    /// Whether the bucket exists. The answer is for the log alone.
    async fn check_bucket(&self, to: &Destination) {
        let command = self.command(&self.programs.check, to, SHORT);
        let checked = self.runner.run(command.arguments(["-b", &to.bucket, "--euca-auth"])).await;
        match checked {
            Ok(output) => tracing::info!(bucket = to.bucket, status = %output.status, "bucket checked"),
            Err(error) => tracing::warn!(error = %chain(&error), "bucket not checked"),
        }
    }

    async fn upload(&self, bundle: &Bundle) -> Result<Output, euca_command::Error> {
        let (to, program) = (&bundle.to, &self.programs.upload);
        let command = self.command(program, to, LONG).arguments([
            "-i".as_ref(),
            bundle.image.as_os_str(),
            "-d".as_ref(),
            bundle.work.as_os_str(),
            "-b".as_ref(),
            to.bucket.as_ref(),
            "-c".as_ref(),
            to.policy.as_ref(),
            "--policysignature".as_ref(),
            to.policy_signature.as_ref(),
            "--euca-auth".as_ref(),
        ]);
        self.runner.run(command).await
    }

    /// Deletes what may have been uploaded.
    async fn delete(&self, to: &Destination) {
        let arguments = ["-b", &to.bucket, "-p", &to.prefix, "--euca-auth"];
        let command = self.command(&self.programs.delete, to, SHORT).arguments(arguments);
        let (bucket, prefix) = (&to.bucket, &to.prefix);
        match self.runner.run(command).await {
            Ok(output) if output.status.success() => tracing::info!(bucket, prefix, "remains deleted"),
            Ok(output) => {
                tracing::warn!(bucket, prefix, status = %output.status, said = output.complaint(), "remains not deleted");
            }
            Err(error) => tracing::warn!(bucket, prefix, error = %chain(&error), "remains not deleted"),
        }
    }
}

impl Bundler for ProgramBundler {
    /// Whether the program is there; the rest is its own business.
    fn check(&self, _: &Destination) -> Result<(), Error> {
        let program = &self.programs.upload;
        if program.components().count() > 1 && !program.is_file() {
            return Err(Error::NoProgram(program.clone()));
        }
        Ok(())
    }

    fn bundle<'a>(
        &'a self,
        bundle: &'a Bundle,
        abort: &'a CancellationToken,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let to = &bundle.to;
            abort.run_until_cancelled(self.check_bucket(to)).await.ok_or(Error::Canceled)?;
            if abort.is_cancelled() {
                return Err(Error::Canceled);
            }
            // Dropped, the program is killed with its group.
            let error = match abort.run_until_cancelled(self.upload(bundle)).await {
                Some(Ok(output)) if output.status.success() => return Ok(()),
                // Nothing was uploaded.
                Some(Err(error @ euca_command::Error::Start { .. })) => return Err(error.into()),
                Some(Err(error)) => error.into(),
                Some(Ok(output)) => self.failure(output),
                None => Error::Canceled,
            };
            self.delete(to).await;
            Err(error)
        })
    }
}

impl ProgramBundler {
    /// What an upload that did not succeed means: killed by somebody, it counts as cancelled.
    fn failure(&self, output: Output) -> Error {
        if let Some(signal) = output.status.signal() {
            tracing::warn!(signal, "the upload was killed");
            return Error::Canceled;
        }
        let (status, said) = (output.status, output.complaint());
        Error::Program { program: self.programs.upload.clone(), status, said }
    }
}

impl fmt::Debug for ProgramBundler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProgramBundler").field("programs", &self.programs).finish_non_exhaustive()
    }
}
