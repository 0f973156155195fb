use std::os::unix::fs::MetadataExt as _;
use std::process::Command;

use euca_command::Programs;
use tempfile::NamedTempFile;

use super::*;
use crate::MIB;
use crate::layout::{Image, Layout, Platform, Rules};

const R0: u64 = 1 << 30;

/// A sparse image of `size` bytes with something in it at its beginning, in its middle and at its end, copied to where
/// the plan wants it.
fn image_on(file: &File, size: u64, plan: &Plan) {
    for at in [0, size / 2, size.saturating_sub(300_000)] {
        let noise: Vec<u8> = (0..300_000.min(size)).map(|index| (index * 7 % 251) as u8 + 1).collect();
        file.write_all_at(&noise, plan.image.offset + at).unwrap();
    }
}

/// What tells whether anything of an area has changed: where it has data, and which.
fn digest(file: &File, extent: Extent) -> Vec<(Extent, [u8; 32])> {
    let data = sparse::data(file, extent).unwrap();
    let hashed = |area: Extent| {
        let mut bytes = vec![0; area.length as usize];
        file.read_exact_at(&mut bytes, area.offset).unwrap();
        (area, openssl::sha::sha256(&bytes))
    };
    data.into_iter().map(hashed).collect()
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

async fn built(layout: Layout, size: u64, swap: u64, limit: u64) -> (NamedTempFile, Plan) {
    let rules = Rules { layout, swap, platform: Platform::Linux, limit };
    let plan = rules.plan(&Image::Partition, size).unwrap();
    let file = NamedTempFile::new().unwrap();
    image_on(file.as_file(), size, &plan);
    let before = digest(file.as_file(), plan.image);
    build(&Programs::default(), file.path(), &plan).await.unwrap();
    assert_eq!(digest(file.as_file(), plan.image), before, "st_t073: the image is as it was");
    (file, plan)
}

#[tokio::test]
async fn case_a_is_the_disk_of_the_original() {
    let (file, plan) = built(Layout::Legacy, R0, 512, 10240).await;
    let path = file.path().to_str().unwrap();
    assert_eq!(file.as_file().metadata().unwrap().len(), 10_764_681_216, "st_t065");
    let bytes = |at, length: usize| {
        let mut bytes = vec![0; length];
        file.as_file().read_exact_at(&mut bytes, at).unwrap();
        bytes
    };
    let data: u64 = sparse::data(file.as_file(), plan.image).unwrap().iter().map(|data| data.length).sum();
    let allocated = file.as_file().metadata().unwrap().blocks() * 512 - data;
    assert!(allocated <= 64 * MIB, "st_t074: {allocated}");
    assert_eq!(bytes(1_073_775_672, 2), [0x53, 0xef], "st_t075");
    assert_eq!(bytes(9_961_075_190, 10), b"SWAPSPACE2", "st_t076");
    // Other programs see the same.
    let table = output("sfdisk", &["--dump", path]);
    for row in [
        "63, size=     2097153, type=83",
        "2097216, size=    17358001, type=83",
        "19455217, size=     1569551, type=82",
    ] {
        assert!(table.contains(row), "{table}");
    }
    let probe = |extent: Extent| {
        output("blkid", &["-p", "-O", &extent.offset.to_string(), "-S", &extent.length.to_string(), path])
    };
    let swap = probe(plan.swap.unwrap());
    assert!(
        swap.contains(r#"VERSION="1" TYPE="swap""#) && swap.contains(" UUID=") && !swap.contains("LABEL"),
        "{swap}"
    );
    let ephemeral = probe(plan.ephemeral.unwrap());
    assert!(ephemeral.contains(r#"TYPE="ext3""#) && !ephemeral.contains("LABEL"), "{ephemeral}");
    output("e2fsck", &["-fn", &format!("{path}?offset={}", plan.ephemeral.unwrap().offset)]);
}

#[tokio::test]
async fn st_t071_exact_disks_hold_the_same_within_their_limit() {
    for (layout, limit) in [(Layout::Exact, 200), (Layout::Aligned, 1500), (Layout::Exact, 68)] {
        let (file, plan) = built(layout, 50 * MIB + 1, 15, limit).await;
        let path = file.path().to_str().unwrap();
        assert_eq!(file.as_file().metadata().unwrap().len(), limit * MIB, "{layout:?}");
        let ephemeral = plan.ephemeral.unwrap();
        assert_eq!(ephemeral.length % MIB, 0);
        output("e2fsck", &["-fn", &format!("{path}?offset={}", ephemeral.offset)]);
        let owner = output("debugfs", &["-R", "stat /", &format!("{path}?offset={}", ephemeral.offset)]);
        assert!(owner.contains("User:     0   Group:     0"), "{owner}");
        output("blkid", &["-p", "-O", &plan.swap.unwrap().offset.to_string(), path]);
    }
}

#[tokio::test]
async fn st_t082_a_disk_of_its_own_layout_is_not_touched() {
    let mut image = vec![0x90; 3 << 20];
    image[446..510].fill(0);
    image[446..462].copy_from_slice(&[0x80, 1, 1, 0, 0x83, 1, 1, 1, 63, 0, 0, 0, 0, 8, 0, 0]);
    image[462..478].copy_from_slice(&[0, 1, 1, 0, 0x82, 1, 1, 1, 63, 8, 0, 0, 0, 8, 0, 0]);
    image[510..512].copy_from_slice(&[0x55, 0xaa]);
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &image).unwrap();
    let size = image.len() as u64;
    let rules = Rules { layout: Layout::Exact, swap: 512, platform: Platform::Linux, limit: 10240 };
    let plan = rules.plan(&Image::recognise(&image[..512], size).unwrap(), size).unwrap();
    build(&Programs::default(), file.path(), &plan).await.unwrap();
    assert_eq!(std::fs::read(file.path()).unwrap(), image);
}

#[tokio::test]
async fn what_fails_says_so() {
    let rules = Rules { layout: Layout::Exact, swap: 1, platform: Platform::Linux, limit: 10 };
    let plan = rules.plan(&Image::Partition, MIB).unwrap();
    let runner = euca_command::testing::Recording::default();
    let error = build(&runner, Path::new("/nonexistent/disk"), &plan).await.unwrap_err();
    assert!(matches!(error, Error::File { .. }), "{error:?}");
    let file = NamedTempFile::new().unwrap();
    runner.plan("prlimit", [1]);
    let error = build(&runner, file.path(), &plan).await.unwrap_err();
    assert!(matches!(error, Error::Helper { program: "mke2fs", .. }), "{error:?}");
}

#[tokio::test]
async fn st_t083_what_lies_behind_the_only_partition_does_not_spoil_the_next() {
    let size = 20 * MIB;
    let mut image = vec![0xa5; size as usize];
    image[446..510].fill(0);
    image[446..462].copy_from_slice(&[0x80, 1, 1, 0, 0x83, 1, 1, 1, 0, 8, 0, 0, 0, 8, 0, 0]);
    image[510..512].copy_from_slice(&[0x55, 0xaa]);
    let rules = Rules { layout: Layout::Exact, swap: 16, platform: Platform::Linux, limit: 200 };
    let plan = rules.plan(&Image::recognise(&image[..512], size).unwrap(), size).unwrap();
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &image).unwrap();
    build(&Programs::default(), file.path(), &plan).await.unwrap();
    let built = std::fs::read(file.path()).unwrap();
    let end = plan.ephemeral.unwrap().offset as usize;
    assert_eq!(end, 4096 * 512);
    assert!(built[..446] == image[..446] && built[510..end] == image[510..end], "the image stays");
    output("e2fsck", &["-fn", &format!("{}?offset={end}", file.path().display())]);
}
