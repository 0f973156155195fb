//! Programs of e2fsprogs on a file system inside a file. They read what a guest may have forged, so they run under
//! limits, and what they are given to write is checked afterwards by reading it.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use euca_command::{Command, CommandRunner, Output};

use crate::Error;
use crate::layout::Extent;

/// How long a program may take: a file system of a TiB is made within seconds, but the host's disk may be busy.
const DEADLINE: Duration = Duration::from_secs(300);
/// Limits of a program: processor seconds, bytes of memory, no core dump.
const LIMITS: [&str; 3] = ["--cpu=60", "--as=1073741824", "--core=0"];

/// The path as an argument: absolute, as programs have a working folder of their own and a dash would begin an option,
/// and without the mark that begins the options of a device.
fn plain(path: &Path) -> Result<OsString, Error> {
    let text = path.as_os_str();
    if !path.is_absolute() || text.as_encoded_bytes().contains(&b'?') {
        let reason = "its path is not absolute, or has a question mark".to_owned();
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
        .arguments([format!("--fsize={largest}"), "--".to_owned(), program.to_owned()])
        .arguments(arguments)
        .input(input);
    Ok(runner.run(command).await?)
}

/// The output of a program whose exit code is one of `good`.
pub(crate) fn succeeded(program: &'static str, output: Output, good: &[i32]) -> Result<Output, Error> {
    match output.status.code() {
        Some(code) if good.contains(&code) => Ok(output),
        _ => Err(Error::Helper { program, status: output.status, stderr: output.complaint() }),
    }
}

/// Makes an ext3 file system without a label that fills `extent` of a file. The features are named, so that guests of
/// any age can use it whatever the host's own defaults are.
///
/// # Errors
/// When the path cannot be used, or `mke2fs` fails.
pub(crate) async fn make(runner: &dyn CommandRunner, path: &Path, extent: Extent) -> Result<(), Error> {
    const FEATURES: &str =
        "none,has_journal,sparse_super,large_file,filetype,resize_inode,dir_index,ext_attr";
    /// From this size on the journal would grow with the file system, for nothing but room on the host.
    const LARGE: u64 = 1 << 30;
    let mut arguments: Vec<OsString> = ["-t", "ext3", "-F", "-q", "-O", FEATURES].map(Into::into).into();
    if extent.length >= LARGE {
        arguments.extend(["-J", "size=16"].map(Into::into));
    }
    arguments.extend(["-E".into(), format!("offset={},nodiscard,root_owner=0:0", extent.offset).into()]);
    arguments.extend([plain(path)?, format!("{}k", extent.length / 1024).into()]);
    let largest = extent.offset.saturating_add(extent.length);
    let output = run(runner, "mke2fs", arguments, Vec::new(), largest).await?;
    succeeded("mke2fs", output, &[0]).map(drop)
}
