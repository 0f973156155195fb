//! The real runner.

use std::process::Stdio;
use std::time::Duration;

use futures_util::future::BoxFuture;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Child;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout, timeout_at};

use crate::{Command, CommandRunner, Error, Output};

/// Where programs without a folder in their name are looked for. The user's own settings do not count.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// How long output is waited for after the program has ended: what it has left running in the background may hold the
/// streams open for ever.
const AFTERMATH: Duration = Duration::from_millis(200);
/// How long a killed program is waited for. One that sleeps in the kernel ends later, and is reaped then.
const REAPING: Duration = Duration::from_secs(1);

/// Runs programs of this host, a bounded number at a time.
#[derive(Debug)]
pub struct Programs {
    turns: Semaphore,
}

impl Programs {
    /// At most `maximum` programs at a time, at least one.
    pub fn new(maximum: usize) -> Self {
        Self { turns: Semaphore::new(maximum.clamp(1, Semaphore::MAX_PERMITS)) }
    }
}

impl Default for Programs {
    /// Sixteen at a time: programs are short, and hundreds of nodes may want to be woken at once.
    fn default() -> Self {
        Self::new(16)
    }
}

impl CommandRunner for Programs {
    fn run(&self, command: Command) -> BoxFuture<'_, Result<Output, Error>> {
        Box::pin(async move {
            let end = Instant::now() + command.deadline;
            let timed_out =
                || Error::TimedOut { program: command.program.clone(), deadline: command.deadline };
            // The semaphore is never closed: the other error is the deadline's.
            let Ok(Ok(_turn)) = timeout_at(end, self.turns.acquire()).await else { return Err(timed_out()) };
            let mut group = start(&command).await?;
            match timeout_at(end, group.output(&command)).await {
                Ok(output) => output,
                Err(_) => {
                    group.kill().await;
                    Err(timed_out())
                }
            }
        })
    }
}

/// Starts the program as the leader of a process group of its own. Off the runtime: the whole process may have to be
/// duplicated for it.
async fn start(command: &Command) -> Result<Group, Error> {
    let failed = |source| Error::Start { program: command.program.clone(), source };
    let mut builder = tokio::process::Command::new(&command.program);
    builder
        .args(&command.arguments)
        .env_clear()
        .envs([("PATH", PATH), ("LC_ALL", "C"), ("HOME", "/")])
        .envs(command.environment.iter().map(|(name, value)| (name, value)))
        .current_dir("/")
        .stdin(if command.input.is_empty() { Stdio::null() } else { Stdio::piped() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    match tokio::task::spawn_blocking(move || builder.spawn().map(Group)).await {
        Ok(started) => started.map_err(failed),
        // Only a runtime that is going away starts no more.
        Err(error) => Err(failed(std::io::Error::other(error))),
    }
}

/// A program that runs, with all that it starts. Dropped before its end, everything in it is killed.
#[derive(Debug)]
struct Group(Child);

impl Group {
    /// Feeds the program, collects what it says, and waits for its end.
    async fn output(&mut self, command: &Command) -> Result<Output, Error> {
        let (input, stdout, stderr) = (self.0.stdin.take(), self.0.stdout.take(), self.0.stderr.take());
        let feed = async {
            if let Some(mut input) = input {
                // A program may end without having read everything.
                let _ = input.write_all(&command.input).await;
            }
        };
        let (mut said, mut complained) = (Stream::default(), Stream::default());
        let limit = command.output_limit;
        let streams =
            async { tokio::join!(feed, said.collect(stdout, limit), complained.collect(stderr, limit)) };
        let status = {
            let mut streams = std::pin::pin!(streams);
            let ended = tokio::select! {
                ended = self.0.wait() => {
                    let _ = timeout(AFTERMATH, streams).await;
                    ended
                }
                _ = &mut streams => self.0.wait().await,
            };
            ended.map_err(|source| Error::Wait { program: command.program.clone(), source })?
        };
        let truncated = said.more || complained.more;
        tracing::debug!(program = %command.program.display(), %status, truncated, "program has ended");
        Ok(Output { status, stdout: said.kept, stderr: complained.kept, truncated })
    }

    /// Kills everything that runs in it and reaps its leader.
    async fn kill(&mut self) {
        self.signal();
        let _ = timeout(REAPING, self.0.wait()).await;
    }

    /// The group's id is the leader's, and cannot be another's as long as the leader is not reaped.
    fn signal(&self) {
        if let Some(id) = self.0.id().and_then(|id| i32::try_from(id).ok()) {
            // It may be gone already, which is as good.
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal();
    }
}

/// The beginning of an output stream.
#[derive(Debug, Default)]
struct Stream {
    kept: Vec<u8>,
    more: bool,
}

impl Stream {
    /// Reads to the end, also what is not kept, so that the program never waits for us.
    async fn collect(&mut self, source: Option<impl AsyncRead + Unpin>, limit: usize) {
        let Some(mut source) = source else { return };
        let mut buffer = [0; 4096];
        while let Ok(read @ 1..) = source.read(&mut buffer).await {
            let room = limit - self.kept.len();
            self.kept.extend_from_slice(&buffer[..read.min(room)]);
            self.more |= read > room;
        }
    }
}
