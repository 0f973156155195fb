//! The libvirt driver against a real libvirtd and real guests.
#![cfg(test)]

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use euca_hypervisor::testing::{LoopDevice, PrivateLibvirtd, TestGuest};
use euca_hypervisor::{
    BlockDisk, Boot, DiskFormat, DomainKind, DomainName, DomainSpec, DomainState, Error, Hypervisor, Libvirt,
    LibvirtSettings, TargetDev, Virtio,
};
use tempfile::TempDir;
use tokio::task::JoinSet;

fn cache(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

fn guest() -> TestGuest {
    TestGuest::build(&cache("guest")).unwrap()
}

struct Bench {
    // Fields drop in this order: domains end before their files go.
    libvirtd: PrivateLibvirtd,
    files: TempDir,
    driver: Arc<Libvirt>,
    name: DomainName,
}

impl Bench {
    async fn new() -> Self {
        Self::on(PrivateLibvirtd::start(&cache("libvirt-cache")).await.unwrap(), Duration::from_secs(30))
    }

    /// With another user than root as QEMU's.
    async fn like_debian() -> Self {
        let libvirtd = PrivateLibvirtd::start_like_debian(&cache("libvirt-cache-debian")).await.unwrap();
        let bench = Self::on(libvirtd, Duration::from_secs(30));
        std::fs::set_permissions(bench.files.path(), Permissions::from_mode(0o755)).unwrap();
        bench
    }

    /// On a libvirtd that is to answer questions within this time.
    fn on(libvirtd: PrivateLibvirtd, query_limit: Duration) -> Self {
        let files = tempfile::tempdir_in("/tmp").unwrap();
        let mut settings = LibvirtSettings::new(libvirtd.uri(), DomainKind::Qemu, files.path());
        settings.query_limit = query_limit;
        settings.destroy_limit = Duration::from_secs(20);
        let driver = Arc::new(Libvirt::new(settings).unwrap());
        Self { libvirtd, files, driver, name: DomainName::new("i-00000001").unwrap() }
    }

    /// The test guest's document; its disk is a fresh copy.
    fn document(&self) -> String {
        self.document_of(DiskFormat::Raw)
    }

    fn document_of(&self, format: DiskFormat) -> String {
        let guest = guest();
        let disk = self.files.path().join("disk");
        match &format {
            DiskFormat::Raw => drop(std::fs::copy(&guest.root, &disk).unwrap()),
            DiskFormat::Qcow2 { base } => {
                std::fs::copy(&guest.root, base).unwrap();
                let mut create = std::process::Command::new("qemu-img");
                create.args(["create", "-q", "-f", "qcow2", "-F", "raw", "-b"]).args([base, &disk]);
                assert!(create.status().unwrap().success());
            }
        }
        let spec = DomainSpec {
            name: self.name.clone(),
            kind: DomainKind::Qemu,
            memory_mib: 128,
            cores: 1,
            boot: Boot::Kernel { kernel: Some(guest.kernel), ramdisk: Some(guest.ramdisk) },
            format,
            disk,
            console: self.console(),
            nic: None,
            virtio: Virtio { root: true, ..Virtio::default() },
            emulator: None,
        };
        spec.to_xml().unwrap()
    }

    fn console(&self) -> PathBuf {
        self.files.path().join("console.log")
    }

    async fn console_says(&self, text: &str) {
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(90) {
            let console = std::fs::read(self.console()).unwrap_or_default();
            if String::from_utf8_lossy(&console).contains(text) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let console = std::fs::read_to_string(self.console()).unwrap_or_default();
        panic!("no {text:?} on the console:\n{console}");
    }

    async fn state(&self) -> Result<Option<DomainState>, Error> {
        self.driver.state(&self.name).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_boots_shows_its_console_boots_again_and_ends() {
    let bench = Bench::new().await;
    let xml = bench.document();
    assert_eq!(bench.state().await.unwrap(), None);
    bench.driver.create(&bench.name, &xml).await.unwrap();
    bench.console_says("EUCA-GUEST-BOOT 1").await;
    assert_eq!(bench.state().await.unwrap(), Some(DomainState::Running));
    assert_eq!(bench.driver.domains().await.unwrap(), [(bench.name.to_string(), DomainState::Running)]);

    let again = bench.driver.create(&bench.name, &xml).await;
    assert!(matches!(again, Err(Error::Exists(_))), "{again:?}");
    let other = bench.driver.create(&DomainName::new("i-00000002").unwrap(), &xml).await;
    assert!(matches!(other, Err(Error::Document { .. })), "a document of another name is refused: {other:?}");

    bench.driver.destroy(&bench.name).await.unwrap();
    assert_eq!(bench.state().await.unwrap(), None);
    bench.driver.create(&bench.name, &xml).await.unwrap();
    bench.console_says("EUCA-GUEST-BOOT 2").await;

    // Its power button, which this guest obeys once it listens.
    let started = Instant::now();
    while bench.state().await.unwrap().is_some() {
        assert!(started.elapsed() < Duration::from_secs(60), "the guest does not shut down");
        bench.driver.shutdown(&bench.name).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    bench.driver.shutdown(&bench.name).await.unwrap();
    bench.driver.destroy(&bench.name).await.unwrap();
    assert_eq!(bench.driver.domains().await.unwrap(), []);
    assert_eq!(bench.libvirtd.domain_pids(), [0; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_survives_a_killed_libvirtd_and_is_found_again() {
    let mut bench = Bench::new().await;
    bench.driver.create(&bench.name, &bench.document()).await.unwrap();
    bench.console_says("EUCA-GUEST-BOOT 1").await;
    let pids = bench.libvirtd.domain_pids();

    bench.libvirtd.kill();
    for _ in 0..3 {
        let state = bench.state().await;
        assert!(matches!(state, Err(Error::Unreachable { .. })), "cannot ask is not gone: {state:?}");
    }
    assert!(bench.driver.domains().await.is_err());
    assert!(bench.driver.destroy(&bench.name).await.is_err());

    bench.libvirtd.restart().await.unwrap();
    assert_eq!(
        bench.state().await.unwrap(),
        Some(DomainState::Running),
        "the first call finds the new libvirtd"
    );
    assert_eq!(bench.libvirtd.domain_pids(), pids, "the guest is the same process");
    bench.driver.destroy(&bench.name).await.unwrap();
    assert_eq!(bench.state().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_libvirtd_costs_its_callers_their_limit_and_nobody_else_anything() {
    const LIMIT: Duration = Duration::from_secs(3);
    let libvirtd = PrivateLibvirtd::start(&cache("libvirt-cache")).await.unwrap();
    let bench = Bench::on(libvirtd, LIMIT);
    assert_eq!(bench.state().await.unwrap(), None);
    bench.libvirtd.suspend().unwrap();

    let started = Instant::now();
    let mut calls = JoinSet::new();
    for _ in 0..80 {
        let (driver, name) = (Arc::clone(&bench.driver), bench.name.clone());
        calls.spawn(async move { (driver.state(&name).await, started.elapsed()) });
    }
    // Many times the runtime gets to do something else before the first of them is over.
    let mut turns = 0;
    let mut over = None;
    while over.is_none() {
        tokio::time::sleep(Duration::from_millis(10)).await;
        turns += 1;
        over = calls.try_join_next();
    }
    assert!(turns > 10, "the runtime is held up: {turns} turns in {:?}", started.elapsed());
    while let Some(call) = over {
        let (answer, elapsed) = call.unwrap();
        over = calls.join_next().await;
        assert!(matches!(answer, Err(Error::Deadline { .. })), "{answer:?}");
        assert!(elapsed < 5 * LIMIT, "more calls than threads still end in time: {elapsed:?}");
    }

    bench.libvirtd.resume().unwrap();
    let started = Instant::now();
    while bench.state().await.is_err() {
        assert!(started.elapsed() < Duration::from_secs(20), "the threads come back");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_nobody_waits_for_any_more_is_not_made() {
    let bench = Bench::new().await;
    let mut settings = LibvirtSettings::new(bench.libvirtd.uri(), DomainKind::Qemu, bench.files.path());
    (settings.threads, settings.create_limit) = (3, Duration::from_millis(500));
    settings.query_limit = Duration::from_secs(2);
    let driver = Libvirt::new(settings).unwrap();
    let xml = bench.document();
    bench.libvirtd.suspend().unwrap();
    // Three threads leave one for changes: one creation waits for a connection, the other for the thread.
    let second = DomainName::new("i-00000002").unwrap();
    let second_xml = xml.replace(bench.name.as_str(), second.as_str());
    let (first, waiting) =
        tokio::join!(driver.create(&bench.name, &xml), driver.create(&second, &second_xml));
    assert!(matches!(first, Err(Error::Deadline { .. })), "{first:?}");
    assert!(matches!(waiting, Err(Error::Deadline { .. })), "{waiting:?}");
    bench.libvirtd.resume().unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(bench.driver.domains().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_probe_tells_hosts_where_guests_run_from_hosts_where_they_do_not() {
    let bench = Bench::new().await;
    let probe = bench.driver.probe().await.unwrap();
    assert_eq!(probe.kind, DomainKind::Qemu);
    assert!(probe.version.starts_with(|c: char| c.is_ascii_digit()), "{}", probe.version);
    assert_eq!(bench.driver.domains().await.unwrap(), [], "the test domain is gone");
    assert_eq!(std::fs::read_dir(bench.files.path()).unwrap().count(), 0, "and so are its files");

    // Whatever /dev/kvm is worth here, the probe must come to a verdict in time and leave nothing behind.
    let mut settings = LibvirtSettings::new(bench.libvirtd.uri(), DomainKind::Kvm, bench.files.path());
    settings.probe_limit = Duration::from_secs(10);
    let started = Instant::now();
    let verdict = Libvirt::new(settings).unwrap().probe().await;
    assert!(matches!(verdict, Ok(_) | Err(Error::Probe { .. })), "{verdict:?}");
    assert!(started.elapsed() < Duration::from_secs(60));
    assert_eq!(bench.driver.domains().await.unwrap(), []);
    assert_eq!(std::fs::read_dir(bench.files.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_is_plugged_into_a_running_guest_and_given_back() {
    let bench = Bench::new().await;
    let volume = bench.files.path().join("volume");
    let mut content = b"hello volume\n".to_vec();
    content.resize(1 << 20, 0);
    std::fs::write(&volume, content).unwrap();
    let device = LoopDevice::create(&volume).unwrap();
    let disk = BlockDisk {
        source: device.path().to_owned(),
        target: TargetDev::new("sdb").unwrap(),
        virtio: true,
        serial: Some("vol-00000001-dev-sdb".to_owned()),
    };
    let no_domain = bench.driver.attach_disk(&bench.name, &disk).await;
    assert!(matches!(no_domain, Err(Error::Failed { .. })), "{no_domain:?}");
    assert_eq!(bench.driver.disks(&bench.name).await.unwrap(), None);

    bench.driver.create(&bench.name, &bench.document()).await.unwrap();
    bench.console_says("EUCA-GUEST-DISKS vda").await;
    let targets = async || -> Vec<String> {
        let disks = bench.driver.disks(&bench.name).await.unwrap().unwrap();
        disks.into_iter().map(|disk| format!("{} {}", disk.target, disk.source.unwrap().display())).collect()
    };
    let root = format!("vda {}", bench.files.path().join("disk").display());
    assert_eq!(targets().await, std::slice::from_ref(&root));
    bench.driver.attach_disk(&bench.name, &disk).await.unwrap();
    assert_eq!(targets().await, [root.clone(), format!("vdb {}", device.path().display())]);
    bench.console_says("EUCA-GUEST-VOLUME vdb hello volume").await;
    let twice = bench.driver.attach_disk(&bench.name, &disk).await;
    assert!(matches!(twice, Err(Error::Failed { .. })), "{twice:?}");

    bench.driver.detach_disk(&bench.name, &disk).await.unwrap();
    let started = Instant::now();
    while targets().await.len() > 1 {
        assert!(started.elapsed() < Duration::from_secs(30), "the guest keeps the disk");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let absent = bench.driver.detach_disk(&bench.name, &disk).await;
    assert!(matches!(absent, Err(Error::Failed { .. })), "{absent:?}");
    bench.driver.destroy(&bench.name).await.unwrap();
}

/// As 2.0.1 has it: the bus is what libvirt takes from the name, which needs no driver in the guest to be given back.
#[tokio::test(flavor = "multi_thread")]
async fn a_scsi_disk_is_plugged_in_and_given_back_too() {
    let bench = Bench::new().await;
    let volume = bench.files.path().join("volume");
    std::fs::write(&volume, vec![0; 1 << 20]).unwrap();
    let device = LoopDevice::create(&volume).unwrap();
    let disk = BlockDisk {
        source: device.path().to_owned(),
        target: TargetDev::new("sdb").unwrap(),
        virtio: false,
        serial: None,
    };
    bench.driver.create(&bench.name, &bench.document()).await.unwrap();
    bench.console_says("EUCA-GUEST-DISKS vda").await;
    bench.driver.attach_disk(&bench.name, &disk).await.unwrap();
    let disks = bench.driver.disks(&bench.name).await.unwrap().unwrap();
    assert_eq!(disks.last().unwrap().target, "sdb");
    bench.driver.detach_disk(&bench.name, &disk).await.unwrap();
    let started = Instant::now();
    while bench.driver.disks(&bench.name).await.unwrap().unwrap().len() > 1 {
        assert!(started.elapsed() < Duration::from_secs(30), "the guest keeps the disk");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bench.driver.destroy(&bench.name).await.unwrap();
}

/// virtlogd puts a file of root's in the place of one that it is not told to append to.
#[tokio::test(flavor = "multi_thread")]
async fn as_debian_configures_libvirt_the_console_stays_the_file_that_we_can_read() {
    let bench = Bench::like_debian().await;
    let xml = bench.document();
    std::fs::write(bench.console(), "before\n").unwrap();
    std::fs::set_permissions(bench.console(), Permissions::from_mode(0o660)).unwrap();
    // Whoever the node controller is.
    std::os::unix::fs::chown(bench.console(), Some(65_534), Some(65_534)).unwrap();
    let file = |metadata: std::fs::Metadata| {
        (metadata.ino(), metadata.uid(), metadata.gid(), metadata.mode() & 0o7777)
    };
    let ours = file(std::fs::metadata(bench.console()).unwrap());

    bench.driver.create(&bench.name, &xml).await.unwrap();
    bench.console_says("EUCA-GUEST-BOOT 1").await;
    assert_eq!(file(std::fs::metadata(bench.console()).unwrap()), ours);
    assert!(std::fs::read(bench.console()).unwrap().starts_with(b"before\n"), "what was there stays");
    bench.driver.destroy(&bench.name).await.unwrap();
}

/// libvirt gives QEMU's user what a guest is made of, and back what it began with only.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_overlay_lies_over_is_given_to_no_guest() {
    let bench = Bench::like_debian().await;
    let base = bench.files.path().join("base");
    let xml = bench.document_of(DiskFormat::Qcow2 { base: base.clone() });
    std::os::unix::fs::chown(&base, Some(65_534), Some(65_534)).unwrap();
    let before = std::fs::read(&base).unwrap();
    let owner = |file: &Path| std::fs::metadata(file).unwrap().uid();

    bench.driver.create(&bench.name, &xml).await.unwrap();
    bench.console_says("EUCA-GUEST-BOOT 1").await;
    assert_eq!(owner(&base), 65_534);
    assert_ne!(owner(&bench.files.path().join("disk")), 0, "the overlay is QEMU's");
    bench.driver.destroy(&bench.name).await.unwrap();
    assert_eq!(owner(&base), 65_534);
    assert!(std::fs::read(&base).unwrap() == before, "it is not written");
}
