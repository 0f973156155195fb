use std::os::unix::fs::FileExt as _;
use std::process::{Command, Stdio};

use euca_command::Programs;
use tempfile::NamedTempFile;

use super::*;

const OFFSET: u64 = 32_256;
const LENGTH: u64 = 24 << 20;
const ROOT_EXTENT: Extent = Extent { offset: OFFSET, length: LENGTH };
const KEY: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 user@host";

/// A disk with a file system made by mke2fs at the place of partition 1.
struct Disk(NamedTempFile);

impl Disk {
    fn new(options: &[&str]) -> Self {
        let file = NamedTempFile::new().unwrap();
        file.as_file().set_len(OFFSET + LENGTH + (1 << 20)).unwrap();
        let disk = Self(file);
        let made = Command::new("mke2fs")
            .args(["-F", "-q", "-E", &format!("offset={OFFSET}")])
            .args(options)
            .arg(disk.0.path())
            .arg(format!("{}k", LENGTH / 1024))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        disk
    }

    /// ext3 with a folder /root.
    fn usual() -> Self {
        let disk = Self::new(&["-t", "ext3"]);
        disk.debugfs("mkdir /root\nmkdir /etc\n");
        disk
    }

    fn device(&self) -> String {
        format!("{}?offset={OFFSET}", self.0.path().display())
    }

    fn debugfs(&self, script: &str) -> String {
        let mut child = Command::new("debugfs")
            .args(["-w", "-f", "-", &self.device()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Puts a file of the guest at `/root/.ssh/authorized_keys`.
    fn with_file(self, content: &str) -> Self {
        let mut file = NamedTempFile::new().unwrap();
        file.write_all(content.as_bytes()).unwrap();
        let path = file.path().display();
        self.debugfs(&format!("mkdir /root/.ssh\ncd /root/.ssh\nwrite {path} authorized_keys\n"));
        self
    }

    fn file(&self) -> String {
        let output = Command::new("debugfs")
            .args(["-R", "cat /root/.ssh/authorized_keys", &self.device()])
            .output()
            .unwrap();
        // debugfs shows a file that lies within its inode with the rest of it.
        String::from_utf8(output.stdout).unwrap().trim_end_matches('\0').to_owned()
    }

    fn superblock(&self) -> String {
        let output = Command::new("tune2fs").args(["-l", &self.device()]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Everything of it.
    fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.0.path()).unwrap()
    }

    async fn inject(&self, key: &str) -> Result<Injected, Error> {
        let keys = Keys::parse(key).unwrap();
        let result =
            inject(&Programs::default(), self.0.path(), Some(ROOT_EXTENT), keys.as_ref(), true).await;
        let checked = Command::new("e2fsck").args(["-fn", &self.device()]).output().unwrap();
        assert!(checked.status.success() || result.is_err(), "{checked:?}");
        result
    }
}

#[tokio::test]
async fn st_t090_the_key_is_in_a_file_of_root_s() {
    let disk = Disk::usual();
    assert_eq!(disk.inject(KEY).await.unwrap(), Injected::Added);
    assert_eq!(disk.file(), format!("{KEY}\n"));
    let files = disk.debugfs("ls -l /root\nls -l /root/.ssh\n");
    let row = |name: &str| -> Vec<&str> {
        let line = files.lines().find(|line| line.ends_with(&format!(" {name}"))).unwrap();
        line.split_whitespace().skip(1).take(4).collect()
    };
    assert_eq!(row(".ssh"), ["40700", "(2)", "0", "0"]);
    assert_eq!(row(NAME), ["100600", "(1)", "0", "0"]);
    let left = files.lines().filter(|line| line.contains("euca-key")).count();
    assert_eq!(left, 0, "nothing beside it: {files}");
}

#[tokio::test]
async fn st_t091_a_key_is_there_once() {
    let disk = Disk::usual();
    assert_eq!(disk.inject(KEY).await.unwrap(), Injected::Added);
    assert_eq!(disk.inject(&format!("\n  {KEY}\r\n")).await.unwrap(), Injected::Present);
    assert_eq!(disk.file(), format!("{KEY}\n"));
    assert_eq!(disk.inject(&format!("{KEY}\nssh-rsa other\n")).await.unwrap(), Injected::Added);
    assert_eq!(disk.file(), format!("{KEY}\nssh-rsa other\n"));
}

#[tokio::test]
async fn st_t092_the_guest_s_own_keys_stay() {
    let disk = Disk::usual().with_file("# mine\nssh-dss own");
    assert_eq!(disk.inject(KEY).await.unwrap(), Injected::Added);
    assert_eq!(disk.file(), format!("# mine\nssh-dss own\n{KEY}\n"));
    // Another name of the old file keeps the old content.
    let disk = Disk::usual().with_file("old\n");
    disk.debugfs("cd /root/.ssh\nln authorized_keys copy\nsif authorized_keys links_count 2\n");
    assert_eq!(disk.inject(KEY).await.unwrap(), Injected::Added);
    assert!(disk.debugfs("cat /root/.ssh/copy\n").contains("old\n"));
}

#[tokio::test]
async fn st_t093_links_of_the_guest_are_not_followed() {
    let host = tempfile::tempdir().unwrap();
    let outside = host.path().display().to_string();
    let links = [
        "symlink /root/.ssh /etc".to_owned(),
        format!("symlink /root/.ssh {outside}"),
        format!("mkdir /root/.ssh\nsymlink /root/.ssh/authorized_keys {outside}/authorized_keys"),
        "mkdir /root/.ssh\nsymlink /root/.ssh/authorized_keys ../../etc/passwd".to_owned(),
        format!("rmdir /root\nsymlink /root {outside}"),
        "rmdir /root\nsymlink /root /etc".to_owned(),
    ];
    for link in links {
        let disk = Disk::usual();
        disk.debugfs(&format!("{link}\n"));
        let before = disk.debugfs("ls -l /etc\nls -l /root\n");
        let error = disk.inject(KEY).await.unwrap_err();
        assert!(matches!(error, Error::Unusable { .. }), "{link}: {error:?}");
        assert_eq!(disk.debugfs("ls -l /etc\nls -l /root\n"), before, "{link}");
        assert_eq!(std::fs::read_dir(host.path()).unwrap().count(), 0, "{link}");
    }
}

#[tokio::test]
async fn st_t094_later_file_systems_work() {
    for options in [
        &["-t", "ext2"][..],
        &["-t", "ext4", "-O", "64bit,extent,metadata_csum", "-b", "4096"],
        &["-t", "ext4", "-O", "inline_data,dir_index", "-I", "256"],
    ] {
        let disk = Disk::new(options);
        disk.debugfs("mkdir /root\n");
        assert_eq!(disk.inject(KEY).await.unwrap(), Injected::Added, "{options:?}");
        assert_eq!(disk.file(), format!("{KEY}\n"), "{options:?}");
        assert_eq!(disk.inject(&"x".repeat(2000)).await.unwrap(), Injected::Added, "{options:?}");
        assert_eq!(disk.file(), format!("{KEY}\n{}\n", "x".repeat(2000)), "{options:?}");
    }
}

#[tokio::test]
async fn st_t095_another_file_system_is_a_warning_unless_strict() {
    let file = NamedTempFile::new().unwrap();
    let length = 320 << 20;
    file.as_file().set_len(length).unwrap();
    let made = Command::new("mkfs.xfs").args(["-q", "-f"]).arg(file.path()).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    let before = std::fs::read(file.path()).unwrap();
    let keys = Keys::parse(KEY).unwrap();
    let root = Some(Extent { offset: 0, length });
    let runner = Programs::default();
    let lenient = inject(&runner, file.path(), root, keys.as_ref(), false).await.unwrap();
    assert_eq!(lenient, Injected::Failed);
    let error = inject(&runner, file.path(), root, keys.as_ref(), true).await.unwrap_err();
    assert!(matches!(error, Error::Unusable { .. }), "{error:?}");
    assert_eq!(inject(&runner, file.path(), root, None, true).await.unwrap(), Injected::NoKey);
    // A disk without a Linux partition, and one that ends before there could be a file system.
    assert!(inject(&runner, file.path(), None, keys.as_ref(), true).await.is_err());
    let beyond = Some(Extent { offset: 1 << 40, length: 1 });
    assert!(inject(&runner, file.path(), beyond, keys.as_ref(), true).await.is_err());
    assert!(std::fs::read(file.path()).unwrap() == before, "nothing is written");
}

#[tokio::test]
async fn st_t096_without_a_key_only_the_checks_are_ended() {
    let disk = Disk::usual();
    let tuned = Command::new("tune2fs").args(["-c", "20", "-i", "30d", &disk.device()]).output().unwrap();
    assert!(tuned.status.success(), "{tuned:?}");
    let files = disk.debugfs("ls -l /root\n");
    let before = disk.superblock();
    assert_eq!(disk.inject("").await.unwrap(), Injected::NoKey);
    let after = disk.superblock();
    let changed: Vec<String> = after
        .lines()
        .filter(|line| !line.starts_with("Last write time") && !before.lines().any(|old| old == *line))
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(changed, ["Maximum mount count: -1", "Check interval: 0 (<none>)"]);
    assert_eq!(disk.debugfs("ls -l /root\n"), files);
}

#[tokio::test]
async fn st_t097_a_journal_to_be_replayed_is_a_refusal() {
    let disk = Disk::usual();
    let mut block = NamedTempFile::new().unwrap();
    block.write_all(&[b'j'; 4096]).unwrap();
    disk.debugfs(&format!("jo\njw -b 4000 {}\njc\n", block.path().display()));
    assert!(disk.superblock().contains("needs_recovery"));
    let before = disk.bytes();
    let error = disk.inject(KEY).await.unwrap_err();
    assert!(matches!(error, Error::Unusable { .. }), "{error:?}");
    let keys = Keys::parse("").unwrap();
    let without = inject(&Programs::default(), disk.0.path(), Some(ROOT_EXTENT), keys.as_ref(), true).await;
    assert_eq!(without.unwrap(), Injected::NoKey);
    assert!(before == disk.bytes(), "nothing is written");
}

#[tokio::test]
async fn what_cannot_be_added_to_is_left_as_it_is() {
    let long = "x".repeat(MAX_FILE + 1);
    let rows = [
        ("no /root", Disk::new(&["-t", "ext3"])),
        ("a folder", {
            let disk = Disk::usual();
            disk.debugfs("mkdir /root/.ssh\nmkdir /root/.ssh/authorized_keys\n");
            disk
        }),
        ("too long", Disk::usual().with_file(&long)),
    ];
    for (row, disk) in rows {
        let before = disk.debugfs("ls -l /root\nls -l /root/.ssh\n");
        let error = disk.inject(KEY).await.unwrap_err();
        assert!(matches!(error, Error::Unusable { .. }), "{row}: {error:?}");
        assert_eq!(disk.debugfs("ls -l /root\nls -l /root/.ssh\n"), before, "{row}");
    }
    // No block is free for a new file: the old one stays.
    let disk = Disk::usual().with_file("old\n");
    let fill = NamedTempFile::new().unwrap();
    fill.as_file().write_all_at(&vec![1; LENGTH as usize], 0).unwrap();
    disk.debugfs(&format!("write {} filler\n", fill.path().display()));
    let error = disk.inject(KEY).await.unwrap_err();
    assert!(matches!(error, Error::Unusable { .. }), "{error:?}");
    assert_eq!(disk.file(), "old\n");
    let files = disk.debugfs("ls -l /root/.ssh\n");
    assert!(!files.contains("euca-key"), "{files}");
}

#[tokio::test]
async fn a_broken_file_system_harms_nobody() {
    let whole = Disk::usual().with_file("old\n").bytes();
    let end = (OFFSET + LENGTH) as usize;
    for seed in 0..12usize {
        let disk = Disk(NamedTempFile::new().unwrap());
        let mut bytes = whole.clone();
        for step in 0..200 {
            // Among the first blocks are the superblock, the group descriptors and the inodes.
            let at = OFFSET as usize + 1024 + (seed * 7919 + step * 104_729) % 700_000;
            bytes[at] ^= (seed * 31 + step) as u8 | 1;
        }
        bytes[OFFSET as usize + 1080..][..2].copy_from_slice(&[0x53, 0xef]);
        std::fs::write(disk.0.path(), &bytes).unwrap();
        let keys = Keys::parse(KEY).unwrap();
        let runner = Programs::default();
        let outcome = inject(&runner, disk.0.path(), Some(ROOT_EXTENT), keys.as_ref(), false).await.unwrap();
        let after = disk.bytes();
        assert_eq!(after.len(), bytes.len(), "seed {seed}: {outcome:?}");
        assert!(after[..OFFSET as usize] == bytes[..OFFSET as usize], "seed {seed}: before the partition");
        assert!(after[end..] == bytes[end..], "seed {seed}: after the partition");
    }
}

#[test]
fn keys_are_lines_of_text() {
    let lines = |text: &str| Keys::parse(text).unwrap().map(|keys| keys.0);
    assert_eq!(lines(""), None);
    assert_eq!(lines(" \r\n\n"), None);
    assert_eq!(lines("a b\r\n\n c\td "), Some(vec!["a b".to_owned(), "c\td".to_owned()]));
    assert_eq!(lines("quit\n\"'; rm /etc\n"), Some(vec!["quit".to_owned(), "\"'; rm /etc".to_owned()]));
    for bad in ["a\0b", "a\x1b[1m", "a\rb", &"x".repeat(2048)] {
        assert!(matches!(Keys::parse(bad), Err(Error::Unusable { .. })), "{bad:?}");
    }
}

#[tokio::test]
async fn key_text_is_never_a_command() {
    let disk = Disk::usual();
    let key = "rm /etc\n\" ; quit\n`reboot` $(reboot)";
    assert_eq!(disk.inject(key).await.unwrap(), Injected::Added);
    assert_eq!(disk.file(), format!("{key}\n"));
}
