//! Hooks: programs of the site that are run at certain steps of an instance's life, and may forbid the step
//! (node-controller.md §16, docs/hooks.md).
//!
//! Every executable file of one directory is run, in the order of the names, without a shell, with the event, the
//! installation prefix and a path as its arguments. An exit status of 1 to 99 forbids the step. Everything else that
//! goes wrong with a hook is logged and forbids nothing, as does the time: all hooks of one event share a limit.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use euca_command::{Command, CommandRunner};
use euca_observe::{chain, metrics};
use tokio::time::Instant;

use crate::error::Error;
use crate::instance::blocking;

/// What hooks are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookEvent {
    /// A domain is about to be created. `libvirt.xml` in the instance's directory is read again afterwards.
    PreBoot,
    /// A domain that ran at the start is about to be adopted. Forbidden, it is left alone.
    Adopting,
    /// The files of an instance are about to be deleted. Forbidden, they stay.
    PreClean,
    /// A volume is about to be attached.
    PreAttach,
    /// A volume is not attached any more, or was not in the end. Nothing is left to forbid.
    PostDetach,
}

impl HookEvent {
    /// The first argument of a hook.
    pub fn name(self) -> &'static str {
        match self {
            Self::PreBoot => "NC_EVENT_PRE_BOOT",
            Self::Adopting => "NC_EVENT_ADOPTING",
            Self::PreClean => "NC_EVENT_PRE_CLEAN",
            Self::PreAttach => "NC_EVENT_PRE_ATTACH",
            Self::PostDetach => "NC_EVENT_POST_DETACH",
        }
    }
}

/// Where the hooks are and how they are run.
#[derive(Clone)]
pub struct Hooks {
    /// The directory; one that does not exist has no hooks.
    pub directory: PathBuf,
    /// The installation prefix, a hook's second argument.
    pub home: PathBuf,
    /// Time that all hooks of one event may take together.
    pub limit: Duration,
    /// What runs them.
    pub runner: Arc<dyn CommandRunner>,
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { directory, home, limit, runner: _ } = self;
        f.debug_struct("Hooks")
            .field("directory", directory)
            .field("home", home)
            .field("limit", limit)
            .finish_non_exhaustive()
    }
}

impl Hooks {
    /// Runs the hooks for `event`, about `path`. Whether there was any.
    ///
    /// # Errors
    /// [`Error::Vetoed`]; no further hook was run then.
    pub(crate) async fn run(
        &self,
        metrics: &metrics::Node,
        event: HookEvent,
        path: &Path,
    ) -> Result<bool, Error> {
        let directory = self.directory.clone();
        let hooks = match blocking(move || list(&directory)).await {
            Ok(hooks) => hooks,
            Err(error) => {
                tracing::warn!(error = %chain(&error), event = event.name(), "hooks not run");
                return Ok(false);
            }
        };
        let end = Instant::now() + self.limit;
        for hook in &hooks {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                tracing::warn!(
                    ?hook,
                    event = event.name(),
                    "hook not run: those before it took all the time"
                );
                metrics.hook_ran(event.name(), "failed");
                continue;
            }
            let arguments = [event.name().as_ref(), self.home.as_os_str(), path.as_os_str()];
            let outcome = match self.runner.run(Command::new(hook, left).arguments(arguments)).await {
                Ok(output) => match output.status.code() {
                    Some(0) => "ok",
                    Some(code @ 1..=99) => {
                        metrics.hook_ran(event.name(), "veto");
                        return Err(Error::Vetoed {
                            event,
                            hook: hook.clone(),
                            code,
                            said: output.complaint(),
                        });
                    }
                    _ => {
                        tracing::warn!(?hook, event = event.name(), status = %output.status, said = output.complaint(), "hook failed");
                        "failed"
                    }
                },
                Err(error) => {
                    tracing::warn!(?hook, event = event.name(), error = %chain(&error), "hook failed");
                    "failed"
                }
            };
            metrics.hook_ran(event.name(), outcome);
        }
        Ok(!hooks.is_empty())
    }
}

/// The hooks in `directory`, in order. What others than root and this user could have put there is no hook: it would
/// run with the rights of the daemon. Blocks.
fn list(directory: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = match fs::metadata(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        metadata => {
            let metadata = metadata.map_err(Error::file("look at", directory))?;
            if !trusted(&metadata) {
                return Err(Error::Untrusted(directory.to_owned()));
            }
            fs::read_dir(directory).map_err(Error::file("list", directory))?
        }
    };
    let mut hooks = Vec::new();
    for entry in entries {
        let path = entry.map_err(Error::file("list", directory))?.path();
        match fs::metadata(&path) {
            Ok(metadata) if !metadata.is_file() || metadata.mode() & 0o111 == 0 => {}
            Ok(metadata) if trusted(&metadata) => hooks.push(path),
            Ok(_) => tracing::warn!(error = %Error::Untrusted(path), "hook not run"),
            Err(error) => tracing::warn!(?path, %error, "hook not run"),
        }
    }
    hooks.sort();
    Ok(hooks)
}

fn trusted(metadata: &Metadata) -> bool {
    let ours = metadata.uid() == 0 || metadata.uid() == nix::unistd::geteuid().as_raw();
    ours && metadata.mode() & 0o022 == 0
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use euca_command::Programs;
    use euca_command::testing::Recording;

    use super::*;

    fn put(path: &Path, text: &str, mode: u32) {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn hooks(directory: &Path, runner: Arc<dyn CommandRunner>) -> Hooks {
        Hooks { directory: directory.to_owned(), home: "/opt".into(), limit: Duration::from_secs(20), runner }
    }

    const ABOUT: &str = "/i/admin/i-1";

    #[tokio::test]
    async fn executable_files_are_run_in_order_until_one_forbids_it() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, mode) in
            [("20-b", 0o755), ("10-a", 0o500), ("30-c", 0o711), ("readme", 0o644), ("05-open", 0o777)]
        {
            put(&at(name), "#!/bin/sh\n", mode);
        }
        fs::create_dir(at("00-folder")).unwrap();
        std::os::unix::fs::symlink("/nonexistent", at("01-link")).unwrap();
        let runner = Arc::new(Recording::default());
        let hooks = hooks(folder.path(), runner.clone());
        let metrics = metrics::Node::default();
        assert!(hooks.run(&metrics, HookEvent::PreBoot, Path::new(ABOUT)).await.unwrap());
        let ran = |names: &[&str], event: &str| -> Vec<String> {
            names.iter().map(|name| format!("{} {event} /opt {ABOUT}", at(name).display())).collect()
        };
        assert_eq!(runner.take(), ran(&["10-a", "20-b", "30-c"], "NC_EVENT_PRE_BOOT"));

        for (code, forbids) in [(0, false), (1, true), (99, true), (100, false), (255, false)] {
            runner.plan(at("20-b"), [code]);
            let result = hooks.run(&metrics, HookEvent::PreClean, Path::new(ABOUT)).await;
            match result {
                Err(Error::Vetoed { event: HookEvent::PreClean, hook, code: said, .. }) => {
                    assert_eq!((forbids, hook, said), (true, at("20-b"), i32::from(code)));
                    assert_eq!(runner.take(), ran(&["10-a", "20-b"], "NC_EVENT_PRE_CLEAN"));
                }
                result => {
                    assert!(result.unwrap() && !forbids, "{code}");
                    assert_eq!(runner.take(), ran(&["10-a", "20-b", "30-c"], "NC_EVENT_PRE_CLEAN"), "{code}");
                }
            }
        }
        for (outcome, count) in [("ok", 3 + 3 + 1 + 1 + 2 + 2), ("veto", 2), ("failed", 2)] {
            let ran: u64 = ["NC_EVENT_PRE_BOOT", "NC_EVENT_PRE_CLEAN"]
                .map(|event| metrics.hooks.get_or_create(&metrics::HookRun { event, outcome }).get())
                .iter()
                .sum();
            assert_eq!(ran, count, "{outcome}");
        }
    }

    #[tokio::test]
    async fn where_there_is_no_directory_or_anybody_could_write_there_are_no_hooks() {
        let folder = tempfile::tempdir().unwrap();
        put(&folder.path().join("hook"), "#!/bin/sh\n", 0o755);
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o775)).unwrap();
        let runner = Arc::new(Recording::default());
        for directory in [folder.path(), Path::new("/nonexistent"), Path::new("/etc/passwd")] {
            let hooks = hooks(directory, runner.clone());
            let ran = hooks.run(&metrics::Node::default(), HookEvent::Adopting, Path::new(ABOUT)).await;
            assert!(!ran.unwrap(), "{directory:?}");
        }
        assert!(runner.take().is_empty());
    }

    #[tokio::test]
    async fn real_programs_get_their_arguments_and_no_more_time_than_there_is() {
        let folder = tempfile::tempdir().unwrap();
        let (hook, said) = (folder.path().join("hook"), folder.path().join("said"));
        let script =
            format!("#!/bin/sh\nprintf '%s|' \"$@\" > {}\necho no room >&2\nexit 7\n", said.display());
        put(&hook, &script, 0o755);
        let mut hooks = hooks(folder.path(), Arc::new(Programs::default()));
        let metrics = metrics::Node::default();
        let odd = Path::new("/i/$(touch x)/'i 1");
        let error = hooks.run(&metrics, HookEvent::Adopting, odd).await.unwrap_err();
        assert!(
            error.to_string().ends_with("has forbidden NC_EVENT_ADOPTING with exit status 7: no room"),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&said).unwrap(), "NC_EVENT_ADOPTING|/opt|/i/$(touch x)/'i 1|");

        put(&hook, "#!/bin/sh\nsleep 60\nexit 1\n", 0o755);
        put(&folder.path().join("later"), "#!/bin/sh\nexit 1\n", 0o755);
        hooks.limit = Duration::from_millis(300);
        let begun = Instant::now();
        assert!(
            hooks.run(&metrics, HookEvent::PreClean, odd).await.unwrap(),
            "what is not answered is not forbidden"
        );
        assert!(begun.elapsed() < Duration::from_secs(20));
        let failed = metrics::HookRun { event: "NC_EVENT_PRE_CLEAN", outcome: "failed" };
        assert_eq!(metrics.hooks.get_or_create(&failed).get(), 2);
    }
}
