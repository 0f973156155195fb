use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use tempfile::{NamedTempFile, TempDir, tempdir};

use super::*;

/// 40 MiB with data in three places.
fn sparse_file(folder: &Path) -> (PathBuf, Vec<u8>) {
    let path = folder.join("from");
    let file = File::create(&path).unwrap();
    file.set_len((40 << 20) + 17).unwrap();
    for at in [0, 20 << 20, (40 << 20) - 100] {
        let noise: Vec<u8> = (0..100_000).map(|index| (index * 7 % 251) as u8 + 1).collect();
        let end = ((40 << 20) + 17 - at).min(noise.len() as u64) as usize;
        file.write_all_at(&noise[..end], at).unwrap();
    }
    let content = std::fs::read(&path).unwrap();
    (path, content)
}

fn allocated(path: &Path) -> u64 {
    std::fs::metadata(path).unwrap().blocks() * 512
}

#[tokio::test]
async fn copies_are_equal_and_have_the_holes() {
    let folder = tempdir().unwrap();
    let (from, content) = sparse_file(folder.path());
    let to = folder.path().join("to");
    std::fs::write(&to, [1; 5000]).unwrap();
    let how = copy(&from, &to, false).await.unwrap();
    assert_ne!(how, Copied::Shared);
    assert!(std::fs::read(&to).unwrap() == content);
    assert!(allocated(&to) < 1 << 20, "{}", allocated(&to));

    // What the kernel does not copy.
    let target = NamedTempFile::new().unwrap();
    let whole = Extent { offset: 0, length: content.len() as u64 };
    by_blocks(&File::open(&from).unwrap(), whole, target.as_file(), 0).unwrap();
    target.as_file().set_len(whole.length).unwrap();
    assert!(std::fs::read(target.path()).unwrap() == content);
    assert!(allocated(target.path()) <= 4 << 20);

    // Between file systems.
    if let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") {
        let to = elsewhere.path().join("to");
        copy(&from, &to, true).await.unwrap();
        assert!(std::fs::read(&to).unwrap() == content);
    }
}

/// A file system of its own in a file, mounted as long as this lives.
struct Mounted(TempDir);

impl Mounted {
    /// `None` where mounting is not allowed.
    fn xfs() -> Option<Self> {
        let folder = Self(tempdir().unwrap());
        let image = folder.0.path().join("image");
        File::create(&image).unwrap().set_len(320 << 20).unwrap();
        let made = Command::new("mkfs.xfs").arg("-q").arg(&image).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        let place = folder.place();
        std::fs::create_dir(&place).unwrap();
        let mounted = Command::new("mount").args(["-o", "loop"]).arg(image).arg(place).output().unwrap();
        mounted.status.success().then_some(folder)
    }

    fn place(&self) -> PathBuf {
        self.0.path().join("mounted")
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.place()).output();
    }
}

#[tokio::test]
async fn blocks_are_shared_where_that_can_be() {
    let Some(mounted) = Mounted::xfs() else {
        assert!(!nix::unistd::geteuid().is_root(), "root may mount");
        return;
    };
    let (from, content) = sparse_file(&mounted.place());
    let to = mounted.place().join("to");
    assert_eq!(copy(&from, &to, true).await.unwrap(), Copied::Shared);
    assert!(std::fs::read(&to).unwrap() == content);
    assert_ne!(copy(&from, &to, false).await.unwrap(), Copied::Shared);
    assert!(std::fs::read(&to).unwrap() == content);
    // A full file system is told apart from a broken one.
    let free = mounted.place().join("filler");
    let filler = File::create(&free).unwrap();
    while filler.write_all_at(&[1; 1 << 16], filler.metadata().unwrap().len()).is_ok() {}
    let (from, _) = sparse_file(mounted.0.path());
    let error = copy(&from, &to, false).await.unwrap_err();
    assert!(matches!(error, Error::NoSpace { .. }), "{error:?}");
}

#[tokio::test]
async fn a_copy_that_is_not_wanted_ends() {
    let folder = tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    let file = File::create(&from).unwrap();
    for at in 0..512 {
        file.write_all_at(&[at as u8; 1 << 20], at << 20).unwrap();
    }
    let wanted = std::time::Duration::from_millis(20);
    let cut = tokio::time::timeout(wanted, copy(&from, &to, false)).await;
    if cut.is_err() {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let then = allocated(&to);
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        assert_eq!(allocated(&to), then, "nothing more is written");
    }
}

#[tokio::test]
async fn what_cannot_be_read_or_written_is_named() {
    let folder = tempdir().unwrap();
    let (from, _) = sparse_file(folder.path());
    let error = copy(Path::new("/nonexistent"), &folder.path().join("to"), true).await.unwrap_err();
    assert!(matches!(error, Error::File { action: "read", .. }), "{error:?}");
    let error = copy(&from, &folder.path().join("no/to"), true).await.unwrap_err();
    assert!(matches!(error, Error::File { action: "write", .. }), "{error:?}");
}
