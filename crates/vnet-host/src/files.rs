//! Files in folders where others may write as well: links are not followed, and what is read has a bound.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
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

/// Has a file contain this, whole or not at all, for no more users than `mode` says. One that does so already is not
/// written.
pub fn replace(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let present = fs::symlink_metadata(path).map(|file| file.permissions().mode() & 0o7777);
    if present.is_ok_and(|bits| bits & !mode == 0) && read(path).is_ok_and(|present| present == text) {
        return Ok(());
    }
    write(path, text, mode, |_| ())
}

/// Writes a file, whole or not at all; `share` has it before anybody else can find it.
pub fn write(path: &Path, text: &str, mode: u32, share: impl FnOnce(&File)) -> io::Result<()> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".new");
    let aside = Path::new(&aside);
    remove(aside)?;
    let mut file = options().write(true).create_new(true).mode(mode).open(aside)?;
    file.write_all(text.as_bytes())?;
    share(&file);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_for_nobody_else_even_where_it_was_before() {
        let folder = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (folder.path().join("vtunall.conf"), folder.path().join("elsewhere"));
        let state = || {
            let file = fs::symlink_metadata(&path).unwrap();
            (
                file.file_type().is_file(),
                file.permissions().mode() & 0o7777,
                fs::read_to_string(&path).unwrap(),
            )
        };
        let wanted = (true, 0o600, "password\n".to_owned());
        for mode in [0o644, 0o640, 0o4600, 0o600] {
            fs::write(&path, "password\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            replace(&path, "password\n", 0o600).unwrap();
            assert_eq!(state(), wanted, "{mode:o}");
        }
        // What is as it should be is not written, also where others may read less than they might.
        let number = || std::os::unix::fs::MetadataExt::ino(&fs::metadata(&path).unwrap());
        let before = number();
        for mode in [0o600, 0o644] {
            replace(&path, "password\n", mode).unwrap();
            assert_eq!((number(), state()), (before, wanted.clone()), "{mode:o}");
        }
        fs::rename(&path, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        replace(&path, "password\n", 0o600).unwrap();
        assert_eq!(state(), wanted, "no link");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing is left aside");
    }
}
