//! Running programs for the daemons: waking a node, filling the neighbour table, and whatever else the system does
//! better than we. A program is named with its arguments, never written as a shell's line; it gets an environment of
//! three variables and what its caller adds, no terminal and no open file of ours; its output is kept up to a limit,
//! and it is over at its deadline, with everything it has started.
//!
//! ```text
//!   Command ──► turn ──► started ──► ended ──► Output
//!                │          │
//!                └ deadline ┴──► process group killed, reaped ──► TimedOut
//! ```
//! Which programs, and what their exit status means, is known by who asks.
#![forbid(unsafe_code)]

mod programs;
#[cfg(feature = "testing")]
pub mod testing;

use std::ffi::OsString;
use std::fmt;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use futures_util::future::BoxFuture;

pub use programs::Programs;

/// Bytes kept of each of the two output streams unless more is asked for; the rest is read and dropped.
pub const MAX_OUTPUT: usize = 64 << 10;

/// A program to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// Its path, or a name to be found in the system's folders of programs.
    pub program: PathBuf,
    /// Its arguments, each as it is.
    pub arguments: Vec<OsString>,
    /// What its environment has beside the usual three variables; not shown in the log.
    pub environment: Vec<(&'static str, OsString)>,
    /// What it reads from its standard input.
    pub input: Vec<u8>,
    /// How long it may take, the wait for its turn included.
    pub deadline: Duration,
    /// Bytes kept of each of its two output streams.
    pub output_limit: usize,
}

impl Command {
    /// `program` without arguments and input.
    pub fn new(program: impl Into<PathBuf>, deadline: Duration) -> Self {
        let (arguments, environment, input) = (Vec::new(), Vec::new(), Vec::new());
        let output_limit = MAX_OUTPUT;
        Self { program: program.into(), arguments, environment, input, deadline, output_limit }
    }

    /// The same with these arguments added.
    #[must_use]
    pub fn arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// The same with these variables added to its environment.
    #[must_use]
    pub fn environment<V: Into<OsString>>(
        mut self,
        variables: impl IntoIterator<Item = (&'static str, V)>,
    ) -> Self {
        self.environment.extend(variables.into_iter().map(|(name, value)| (name, value.into())));
        self
    }

    /// The same with this to read from its standard input.
    #[must_use]
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// The same with so many bytes kept of its output.
    #[must_use]
    pub fn output_limit(self, output_limit: usize) -> Self {
        Self { output_limit, ..self }
    }
}

/// For the log: program and arguments, those that are not plain words quoted.
impl fmt::Display for Command {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.program.display())?;
        for argument in &self.arguments {
            let text = argument.to_string_lossy();
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"%+,-./:=@_".contains(&byte);
            if !text.is_empty() && text.bytes().all(plain) {
                write!(out, " {text}")?;
            } else {
                write!(out, " {text:?}")?;
            }
        }
        Ok(())
    }
}

/// How a program has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Exit status, or the signal that ended it.
    pub status: ExitStatus,
    /// The first bytes of its standard output, up to the command's limit.
    pub stdout: Vec<u8>,
    /// The first bytes of its error output, up to the command's limit.
    pub stderr: Vec<u8>,
    /// Whether there was more than that.
    pub truncated: bool,
}

impl Output {
    /// A program that has ended with this exit code and without a word.
    pub fn exit(code: u8) -> Self {
        // The wait status of a plain exit has the code in its second byte.
        let status = ExitStatus::from_raw(i32::from(code) << 8);
        Self { status, stdout: Vec::new(), stderr: Vec::new(), truncated: false }
    }

    /// The first line of its error output, for the log.
    pub fn complaint(&self) -> String {
        let line = self.stderr.split(|byte| *byte == b'\n').next().unwrap_or_default();
        String::from_utf8_lossy(line).chars().take(200).collect()
    }
}

/// Why there is no [`Output`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program is not there, may not be executed, or the system has no room for it.
    #[error("cannot start {}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// It was not over at its deadline, and was killed.
    #[error("{} has not ended within {deadline:?}", program.display())]
    TimedOut {
        /// The program.
        program: PathBuf,
        /// Its time.
        deadline: Duration,
    },
    /// Its end cannot be observed.
    #[error("cannot wait for {}", program.display())]
    Wait {
        /// The program.
        program: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

/// Runs programs: [`Programs`] for real, `testing::Recording` only in the record.
pub trait CommandRunner: Send + Sync + 'static {
    /// Runs the program to its end. Dropping the future kills it. A program that fails is no error: what its
    /// exit status means is up to the caller.
    ///
    /// # Errors
    /// See [`Error`].
    fn run(&self, command: Command) -> BoxFuture<'_, Result<Output, Error>>;
}
