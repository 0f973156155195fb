//! Programs of e2fsprogs on a file system inside a file. They read what a guest may have forged, so they run under
//! limits and without our capabilities, and what they are given to write is checked afterwards by reading it.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use euca_command::{Command, CommandRunner, Output};

use crate::Error;

/// How long a program may take: milliseconds as a rule, but the host's disk may be busy.
const DEADLINE: Duration = Duration::from_secs(120);
/// Limits of a program: processor seconds, bytes of memory, no core dump.
const LIMITS: [&str; 3] = ["--cpu=60", "--as=1073741824", "--core=0"];
/// What runs a program that reads tenants' data: nothing that it is tricked into has what systemd grants us to change
/// the network, or gets more by a setuid program. Groups of ours it keeps, which to give up takes a privilege.
const CONFINED: [&str; 5] = ["setpriv", "--ambient-caps=-all", "--inh-caps=-all", "--no-new-privs", "--"];

/// Where the superblock lies within a file system, and what this module reads of it.
const SUPERBLOCK: u64 = 1024;
const SUPERBLOCK_LENGTH: usize = 104;

/// What there is at a place of a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// ext2, ext3 or ext4, fit to be written.
    Sound,
    /// The same with a journal that has to be replayed first.
    NeedsRecovery,
    /// Something else.
    Other,
}

/// Looks at the superblock of the file system at `offset`. Blocking.
pub(crate) fn examine(path: &Path, offset: u64) -> Result<Found, Error> {
    let file = File::open(path).map_err(Error::file("open", path))?;
    let mut superblock = [0; SUPERBLOCK_LENGTH];
    match file.read_exact_at(&mut superblock, offset.saturating_add(SUPERBLOCK)) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(Found::Other),
        Err(error) => return Err(Error::file("read", path)(error)),
    }
    let (recover, journal_device) = (0x04, 0x08);
    let incompatible = superblock[96];
    Ok(match superblock[56..58] {
        [0x53, 0xef] if incompatible & journal_device != 0 => Found::Other,
        [0x53, 0xef] if incompatible & recover != 0 => Found::NeedsRecovery,
        [0x53, 0xef] => Found::Sound,
        _ => Found::Other,
    })
}

/// How e2fsprogs name the file system at `offset` of a file.
///
/// # Errors
/// [`Error::Unusable`] for a path that would mean something else to them.
pub(crate) fn device(path: &Path, offset: u64) -> Result<OsString, Error> {
    let mut device = plain(path, "?")?;
    device.push(format!("?offset={offset}"));
    Ok(device)
}

/// The path as an argument: absolute, as programs have a working folder of their own and a dash would begin an option,
/// and without the `marks` that would mean something else to them. To e2fsprogs `?` begins the options of a device.
pub(crate) fn plain(path: &Path, marks: &str) -> Result<OsString, Error> {
    let text = path.as_os_str();
    if !path.is_absolute() || text.as_encoded_bytes().iter().any(|byte| marks.as_bytes().contains(byte)) {
        let reason = format!("its path is not absolute, or has one of {marks}");
        return Err(Error::Unusable { what: path.display().to_string(), reason });
    }
    Ok(text.to_owned())
}

/// Runs `program`, with `input` to read; it may not let any file grow beyond `largest` bytes.
///
/// # Errors
/// When it cannot be run. What its exit status means is up to the caller: see [`succeeded`].
pub(crate) async fn run(
    runner: &dyn CommandRunner,
    program: &'static str,
    arguments: impl IntoIterator<Item = OsString>,
    input: Vec<u8>,
    largest: u64,
) -> Result<Output, Error> {
    let command = Command::new("prlimit", DEADLINE)
        .arguments(LIMITS)
        .arguments([format!("--fsize={largest}"), "--".to_owned()])
        .arguments(CONFINED)
        .arguments([program])
        .arguments(arguments)
        .input(input);
    Ok(runner.run(command).await?)
}

/// `program` without our capabilities, but with no other limit than its time.
pub(crate) fn confined(program: &'static str, deadline: Duration) -> Command {
    let [setpriv, options @ ..] = CONFINED;
    Command::new(setpriv, deadline).arguments(options).arguments([program])
}

/// The output of a program whose exit code is one of `good`.
pub(crate) fn succeeded(program: &'static str, output: Output, good: &[i32]) -> Result<Output, Error> {
    match output.status.code() {
        Some(code) if good.contains(&code) => Ok(output),
        _ => Err(Error::Helper { program, status: output.status, stderr: output.complaint() }),
    }
}

/// Makes an ext3 file system without a label in a file of `length` bytes. The features are named, so that guests of any
/// age can use it whatever the host's own defaults are.
///
/// # Errors
/// When the path cannot be used, or `mke2fs` fails.
pub(crate) async fn make(runner: &dyn CommandRunner, path: &Path, length: u64) -> Result<(), Error> {
    const FEATURES: &str =
        "none,has_journal,sparse_super,large_file,filetype,resize_inode,dir_index,ext_attr";
    /// From this size on the journal would grow with the file system, for nothing but room on the host.
    const LARGE: u64 = 1 << 30;
    let mut arguments: Vec<OsString> = ["-t", "ext3", "-F", "-q", "-O", FEATURES].map(Into::into).into();
    if length >= LARGE {
        arguments.extend(["-J", "size=16"].map(Into::into));
    }
    arguments.extend(["-E".into(), "root_owner=0:0".into(), plain(path, "?")?]);
    let output = run(runner, "mke2fs", arguments, Vec::new(), length).await?;
    succeeded("mke2fs", output, &[0]).map(drop)
}

#[cfg(test)]
mod tests {
    use euca_command::{Error as CommandError, Programs};
    use futures_util::future::BoxFuture;

    use super::*;

    /// Runs programs as systemd runs us: with capabilities that are passed on.
    #[derive(Debug, Default)]
    struct Privileged(Programs);

    impl CommandRunner for Privileged {
        fn run(&self, command: Command) -> BoxFuture<'_, Result<Output, CommandError>> {
            let passed_on = ["--inh-caps=+net_raw,+net_admin", "--ambient-caps=+net_raw,+net_admin", "--"];
            let program = command.program.clone().into_os_string();
            let arguments =
                passed_on.map(OsString::from).into_iter().chain([program]).chain(command.arguments);
            self.0.run(Command { program: "setpriv".into(), arguments: arguments.collect(), ..command })
        }
    }

    #[tokio::test]
    async fn what_reads_tenants_data_inherits_no_capability_and_gets_none() {
        let status = |output: Output| String::from_utf8(output.stdout).unwrap();
        let runner = Privileged::default();
        let command = Command::new("cat", DEADLINE).arguments(["/proc/self/status"]);
        assert!(status(runner.run(command).await.unwrap()).contains("CapAmb:\t0000000000003000"));

        let file = || [OsString::from("/proc/self/status")];
        let limited = run(&runner, "cat", file(), Vec::new(), 0).await.unwrap();
        let plain = runner.run(confined("cat", DEADLINE).arguments(file())).await.unwrap();
        for status in [status(limited), status(plain)] {
            for line in ["CapInh:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1"] {
                assert!(status.lines().any(|found| found == line), "{line} in {status}");
            }
        }
    }
}
