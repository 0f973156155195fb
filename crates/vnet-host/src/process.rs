//! A program that runs until it is told to end.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

/// How long one that is told to end may take to do so.
pub const GRACE: Duration = Duration::from_secs(2);
/// The first and the longest pause before one that has died is started again.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));
/// Bytes of what it has said last that go to the log with its end.
const LAST_WORDS: usize = 1024;

/// Why a program does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be started.
    #[error("cannot start {program}")]
    Start {
        /// Its path or name.
        program: String,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// It has ended.
    #[error("{program} has ended with {status}: {words}")]
    Ended {
        /// Its path or name.
        program: String,
        /// How.
        status: String,
        /// What it has said last.
        words: String,
    },
    /// The runtime is going away.
    #[error("programs are not looked after any more")]
    Over,
}

/// The leader of a process group of its own. Dropped, the group is killed.
pub struct Process {
    program: String,
    child: Child,
    said: JoinHandle<String>,
    started: Instant,
}

impl Process {
    /// Starts it, with nothing of our environment but these variables.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(
        program: &Path,
        arguments: Vec<OsString>,
        environment: &[(&str, &OsStr)],
    ) -> Result<Self, Error> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("LC_ALL", "C")
            .envs(environment.iter().copied())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        // Off the runtime: the whole process may have to be duplicated for it.
        let spawned = tokio::task::spawn_blocking(move || command.spawn()).await;
        let program = program.display().to_string();
        let mut child = match spawned {
            Ok(Ok(child)) => child,
            Ok(Err(source)) => return Err(Error::Start { program, source }),
            Err(_) => return Err(Error::Over),
        };
        let said = tokio::spawn(listen(child.stderr.take()));
        Ok(Self { program, child, said, started: Instant::now() })
    }

    /// Its id and its group's; nothing once it was waited for.
    pub fn id(&self) -> Option<i32> {
        self.child.id().and_then(|id| i32::try_from(id).ok())
    }

    /// How long it has lived.
    pub fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// Waits for its end. How it has ended is in its last words.
    pub async fn ended(&mut self) {
        let _ = self.child.wait().await;
    }

    /// The group's id is the leader's, and cannot be another's as long as the leader is not reaped.
    pub fn signal(&self, signal: Signal) {
        if let Some(id) = self.id() {
            // It may be gone already.
            let _ = killpg(Pid::from_raw(id), signal);
        }
    }

    /// Ends it.
    pub async fn end(mut self) {
        self.signal(Signal::SIGTERM);
        if timeout(GRACE, self.child.wait()).await.is_err() {
            self.signal(Signal::SIGKILL);
            let _ = timeout(GRACE, self.child.wait()).await;
        }
    }

    /// Waits for its end. Brings how it has ended, and what it said.
    pub async fn last_words(mut self) -> Error {
        let ended = self.child.wait().await;
        let status = ended.map_or_else(|error| error.to_string(), |status| status.to_string());
        // Something that it has started may keep the stream open.
        let words = timeout(GRACE, &mut self.said).await.ok().and_then(Result::ok).unwrap_or_default();
        Error::Ended { program: std::mem::take(&mut self.program), status, words }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

/// Reads what a program says; keeps the last of it.
async fn listen(stream: Option<ChildStderr>) -> String {
    let (mut last, mut buffer) = (Vec::new(), [0; 4096]);
    let Some(mut stream) = stream else { return String::new() };
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        tracing::trace!(said = %String::from_utf8_lossy(&buffer[..read]).trim_end(), "a program of ours");
        last.extend_from_slice(&buffer[..read]);
        last.drain(..last.len().saturating_sub(LAST_WORDS));
    }
    String::from_utf8_lossy(&last).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The pauses before a program that dies again and again is started again.
#[derive(Debug, Default)]
pub struct Pauses(u32);

impl Pauses {
    /// The next one.
    pub fn next(&mut self) -> Duration {
        let (first, longest) = PAUSES;
        let pause = first.saturating_mul(1 << self.0.min(16)).min(longest);
        self.0 += 1;
        pause
    }

    /// It has died at this age: one that has lived long is as if it had never died.
    pub fn lived(&mut self, age: Duration) {
        if age > PAUSES.1 {
            self.0 = 0;
        }
    }
}
