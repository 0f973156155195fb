use std::fs::File;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use euca_command::Programs;
use tempfile::{TempDir, tempdir};

use super::*;
use crate::MIB;
use crate::layout::{Image, Layout, Platform, Rules};

const KEY: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 user@host";
const SIZE: u64 = 48 * MIB;

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn rules(platform: Platform) -> Rules {
    Rules { layout: Layout::Exact, swap: 16, platform, limit: 2000 }
}

/// A cached disk whose root file system has a folder /root.
async fn cached() -> (TempDir, PathBuf) {
    let folder = tempdir().unwrap();
    let base = folder.path().join("base");
    let file = File::create(&base).unwrap();
    file.set_len(32_256 + SIZE).unwrap();
    let device = format!("{}?offset=32256", base.display());
    output("mke2fs", &["-F", "-q", "-t", "ext3", "-E", "offset=32256", base.to_str().unwrap(), "49152k"]);
    output("debugfs", &["-w", "-R", "mkdir /root", &device]);
    let plan = rules(Platform::Windows).plan(&Image::Partition, SIZE).unwrap();
    build(&Programs::default(), &base, &plan).await.unwrap();
    assert_eq!(file.metadata().unwrap().len(), plan.length);
    (folder, base)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_method_makes_the_same_disk() {
    let (folder, base) = cached().await;
    let before = std::fs::read(&base).unwrap();
    let runner: Arc<dyn CommandRunner> = Arc::new(Programs::default());
    let plan = rules(Platform::Linux).plan(&Image::Partition, SIZE).unwrap();
    let keys = Keys::parse(KEY).unwrap();
    let contents = Contents { plan: &plan, keys: keys.as_ref(), strict: true };
    for method in [Method::Share, Method::Copy, Method::Overlay] {
        let disk = folder.path().join("disk");
        let begun = std::time::Instant::now();
        let injected = make(&runner, method, &base, &disk, contents).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(30), "{method:?}: {:?}", begun.elapsed());
        assert_eq!(injected, Injected::Added, "{method:?}");
        assert!(std::fs::read(&base).unwrap() == before, "{method:?}: the base is as it was");
        let path = disk.to_str().unwrap();
        let allocated = std::fs::metadata(&disk).unwrap().blocks() * 512;
        assert!(allocated < 40 * MIB, "{method:?}: {allocated}");
        let raw = folder.path().join("raw");
        match method {
            Method::Share | Method::Copy => drop(std::fs::rename(&disk, &raw)),
            Method::Overlay => {
                output("qemu-img", &["check", "-q", path]);
                assert_eq!(virtual_size(&disk).unwrap(), plan.length);
                flatten(&*runner, &disk, &raw, Duration::from_secs(60)).await.unwrap();
            }
        }
        let raw_path = raw.to_str().unwrap();
        assert_eq!(std::fs::metadata(&raw).unwrap().len(), plan.length, "{method:?}");
        let dump = output("sfdisk", &["--dump", raw_path]);
        assert_eq!(dump.lines().filter(|line| line.contains("type=")).count(), 3, "{method:?}: {dump}");
        for extent in [plan.root, plan.ephemeral].into_iter().flatten() {
            output("e2fsck", &["-fn", &format!("{raw_path}?offset={}", extent.offset)]);
        }
        let mut magic = [0; 10];
        File::open(&raw).unwrap().read_exact_at(&mut magic, plan.swap.unwrap().offset + 4086).unwrap();
        assert_eq!(&magic, b"SWAPSPACE2", "{method:?}");
        let device = format!("{raw_path}?offset=32256");
        let file = output("debugfs", &["-R", "cat /root/.ssh/authorized_keys", &device]);
        assert_eq!(file, format!("{KEY}\n"), "{method:?}");
        let _ = std::fs::remove_file(&disk);
        std::fs::remove_file(&raw).unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "{method:?}: nothing is left");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_ends_when_nobody_wants_it() {
    let (folder, base) = cached().await;
    let runner: Arc<dyn CommandRunner> = Arc::new(Programs::default());
    let overlay = folder.path().join("disk");
    overlay::create(&*runner, &base, &overlay, 100 * MIB).await.unwrap();
    let export = Export::open(&runner, &overlay, 100 * MIB).await.unwrap();
    let file = export.path().to_owned();
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 100 * MIB);
    drop(export);
    for _ in 0..200 {
        if !file.parent().unwrap().exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(!file.parent().unwrap().exists());
    output("qemu-img", &["check", "-q", overlay.to_str().unwrap()]);

    // What is no overlay cannot be exported, and that is told at once.
    let error = Export::open(&runner, &base, 100 * MIB).await.unwrap_err();
    assert!(matches!(error, Error::Helper { program: "qemu-storage-daemon", .. }), "{error:?}");
    for path in ["relative", "/a,b", "/a:b"] {
        let error = overlay::create(&*runner, Path::new(path), &overlay, MIB).await.unwrap_err();
        assert!(matches!(error, Error::Unusable { .. }), "{path}: {error:?}");
    }
    let missing = folder.path().join("missing");
    let error = overlay::create(&*runner, &missing, &overlay, MIB).await.unwrap_err();
    assert!(matches!(error, Error::Helper { program: "qemu-img", .. }), "{error:?}");
}
