//! Files in folders where others may write as well: links are not followed, and what is read has a bound.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use nix::fcntl::OFlag;

/// Bytes of a file that are read: the leases of ten thousands of guests, the beginning of a command line.
const MAX_FILE: u64 = 8 << 20;

/// The beginning of a file.
pub fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    options().read(true).open(path)?.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Has a file contain this, whole or not at all. One that does so already is not written.
pub fn replace(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    if read(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let aside = Path::new(&aside);
    remove(aside)?;
    let mut file = options().write(true).create_new(true).mode(mode).open(aside)?;
    file.write_all(text.as_bytes())?;
    fs::rename(aside, path)
}

/// Removes a file that may be gone already.
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// To open a file with.
pub fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
    options
}
