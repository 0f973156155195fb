//! Every fault in every phase of an instance's life: six instances, each held in its phase, and one fault that strikes
//! them all. What must come of each is a row of [`CELLS`]; afterwards the node works as before and nothing is left.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use anyhow::Context as _;
use euca_image::testing::Fault as Ill;
use euca_tests::faults::{Phase, Seen, Site};
use euca_tests::images::Ailment;
use nix::unistd::Pid;
use openssl::sha::sha256;
use tokio::time::{Instant, sleep};

use Fault::*;
use Outcome::*;
use Phase::*;

/// How long the fault lasts at least: longer than a pass of the monitor and than the grace of a guest.
const OUTAGE: Duration = Duration::from_secs(8);

/// What strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// libvirtd is stopped and started again.
    LibvirtdStopped,
    /// libvirtd is killed and started again.
    LibvirtdKilled,
    /// libvirtd keeps its connections and answers nothing.
    LibvirtdHung,
    /// `kill -9`, and another start.
    NodeKilled,
    /// Not a byte is free where the instances are.
    DiskFull,
    /// Walrus knows nothing of anything.
    WalrusMissing,
    /// Walrus fails at everything.
    WalrusFailing,
    /// Walrus begins and does not go on.
    WalrusStalling,
    /// Walrus closes half way.
    WalrusTruncating,
    /// Walrus gives, and answers, something else than it should, with a status of success.
    WalrusCorrupting,
}

/// What comes of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It comes up.
    Runs,
    /// It is what it was, guest and all.
    Unharmed,
    /// It has its volume, and is otherwise unharmed.
    Attached,
    /// It does not have the volume, no session is left, and is otherwise unharmed.
    NotAttached,
    /// It is bundled, then over.
    Bundled,
    /// Its bundle is `failed`, and it is over.
    BundleFailed,
    /// Its bundle is `cancelled`, and it is over.
    BundleCancelled,
    /// It is over: no domain, no files.
    Ends,
    /// The node does not know it any more; no domain, no files.
    Vanishes,
}

type Cell = (Fault, Phase, Outcome, &'static str);

#[rustfmt::skip]
const CELLS: [Cell; 60] = [
    (LibvirtdStopped, Staging, Runs, "staging goes on, its domain is created when libvirtd is back"),
    (LibvirtdStopped, Booting, Runs, "creating goes on until libvirtd is back"),
    (LibvirtdStopped, Running, Unharmed, "whoever cannot be asked has not said that the guest is gone"),
    (LibvirtdStopped, Attaching, NotAttached, "answered false at once, logged out when libvirtd is back"),
    (LibvirtdStopped, Bundling, Bundled, "the upload needs no libvirtd, the clean-up waits for it"),
    (LibvirtdStopped, Terminating, Ends, "the guest is ended when libvirtd is back, then its files"),
    (LibvirtdKilled, Staging, Runs, "staging goes on, its domain is created when libvirtd is back"),
    (LibvirtdKilled, Booting, Runs, "creating goes on until libvirtd is back"),
    (LibvirtdKilled, Running, Unharmed, "whoever cannot be asked has not said that the guest is gone"),
    (LibvirtdKilled, Attaching, NotAttached, "answered false at once, logged out when libvirtd is back"),
    (LibvirtdKilled, Bundling, Bundled, "the upload needs no libvirtd, the clean-up waits for it"),
    (LibvirtdKilled, Terminating, Ends, "the guest is ended when libvirtd is back, then its files"),
    (LibvirtdHung, Staging, Runs, "staging goes on, its domain is created when libvirtd answers"),
    (LibvirtdHung, Booting, Runs, "creating waits until libvirtd answers"),
    (LibvirtdHung, Running, Unharmed, "whoever cannot be asked has not said that the guest is gone"),
    (LibvirtdHung, Attaching, Attached, "plugged in when libvirtd answers, which is within the call's time"),
    (LibvirtdHung, Bundling, Bundled, "the upload needs no libvirtd, the clean-up waits for it"),
    (LibvirtdHung, Terminating, Ends, "the guest is ended when libvirtd answers, then its files"),
    (NodeKilled, Staging, Vanishes, "no domain yet, so nothing to adopt: its files are deleted at the start"),
    (NodeKilled, Booting, Vanishes, "no domain yet, so nothing to adopt: its files are deleted at the start"),
    (NodeKilled, Running, Unharmed, "adopted"),
    (NodeKilled, Attaching, NotAttached, "adopted; the login is waited for and undone"),
    (NodeKilled, Bundling, BundleFailed, "adopted to tell so, then over"),
    (NodeKilled, Terminating, Ends, "adopted and ended: that was promised"),
    (DiskFull, Staging, Ends, "there is no room for the image"),
    (DiskFull, Booting, Runs, "what it needs was written before"),
    (DiskFull, Running, Unharmed, "the node needs no room to look at it"),
    (DiskFull, Attaching, NotAttached, "what cannot be written down is not plugged in, and is logged out"),
    (DiskFull, Bundling, BundleFailed, "there is no room to pack the disk"),
    (DiskFull, Terminating, Ends, "deleting needs no room"),
    (WalrusMissing, Staging, Ends, "404 is final"),
    (WalrusMissing, Booting, Runs, "no effect"),
    (WalrusMissing, Running, Unharmed, "no effect"),
    (WalrusMissing, Attaching, Attached, "no effect"),
    (WalrusMissing, Bundling, BundleFailed, "the bucket cannot be had, and nothing is left in it"),
    (WalrusMissing, Terminating, Ends, "no effect"),
    (WalrusFailing, Staging, Runs, "asked again until Walrus is well"),
    (WalrusFailing, Booting, Runs, "no effect"),
    (WalrusFailing, Running, Unharmed, "no effect"),
    (WalrusFailing, Attaching, Attached, "no effect"),
    (WalrusFailing, Bundling, Bundled, "asked again until Walrus is well"),
    (WalrusFailing, Terminating, Ends, "no effect"),
    (WalrusStalling, Staging, Runs, "given up after a minute of silence and asked again"),
    (WalrusStalling, Booting, Runs, "no effect"),
    (WalrusStalling, Running, Unharmed, "no effect"),
    (WalrusStalling, Attaching, Attached, "no effect"),
    (WalrusStalling, Bundling, BundleCancelled, "waits for the answer; cancelled, it ends at once"),
    (WalrusStalling, Terminating, Ends, "no effect"),
    (WalrusTruncating, Staging, Runs, "what is too short is asked for again"),
    (WalrusTruncating, Booting, Runs, "no effect"),
    (WalrusTruncating, Running, Unharmed, "no effect"),
    (WalrusTruncating, Attaching, Attached, "no effect"),
    (WalrusTruncating, Bundling, Bundled, "what was not answered is put again"),
    (WalrusTruncating, Terminating, Ends, "no effect"),
    (WalrusCorrupting, Staging, Runs, "right in length, so it cannot be told from the image (st_t024); its digest is kept"),
    (WalrusCorrupting, Booting, Runs, "no effect"),
    (WalrusCorrupting, Running, Unharmed, "no effect"),
    (WalrusCorrupting, Attaching, Attached, "no effect"),
    (WalrusCorrupting, Bundling, Bundled, "an error document is no success, and what it answers is put again"),
    (WalrusCorrupting, Terminating, Ends, "no effect"),
];

impl Fault {
    /// What is wrong with the Walrus of the images, and with that of the bundles. Where nothing is, they hold what the
    /// fault is to meet.
    fn illness(self) -> (Ailment, Ill) {
        match self {
            WalrusMissing => (Ailment::Missing, Ill::Status(404)),
            WalrusFailing => (Ailment::Failing, Ill::Status(500)),
            WalrusStalling => (Ailment::Stalling, Ill::Silence),
            WalrusTruncating => (Ailment::Truncating, Ill::Cut),
            WalrusCorrupting => (Ailment::Corrupting, Ill::ErrorDocument),
            _ => (Ailment::Holding, Ill::Hold),
        }
    }

    fn is_of_walrus(self) -> bool {
        self.illness().0 != Ailment::Holding
    }

    fn cells(self) -> impl Iterator<Item = Cell> {
        CELLS.into_iter().filter(move |(fault, ..)| *fault == self)
    }
}

#[test]
fn every_fault_meets_every_phase_once() {
    let faults: Vec<_> = CELLS.iter().step_by(6).map(|(fault, ..)| *fault).collect();
    assert_eq!(faults.len(), 10);
    for fault in faults {
        let phases: Vec<_> = fault.cells().map(|(_, phase, ..)| phase).collect();
        assert_eq!(phases, Phase::ALL, "{fault:?}");
    }
}

/// A fault, and what was before it.
struct Strike {
    fault: Fault,
    guests: Vec<(Phase, Pid)>,
    /// Whether the volume was attached, if that was answered.
    attached: Option<bool>,
}

impl Strike {
    fn same_guest(&self, site: &Site, phase: Phase) {
        let before = self.guests.iter().find(|(found, _)| *found == phase).map(|(_, pid)| *pid);
        let fault = self.fault;
        assert!(before.is_some() && site.guest(&phase.id()) == before, "{fault:?}, {phase:?}: another guest");
    }

    /// Judges the cells of these phases.
    async fn judge(&self, site: &Site, phases: &[Phase]) {
        for (fault, phase, outcome, words) in self.fault.cells().filter(|(_, it, ..)| phases.contains(it)) {
            let judged = site.reaches(&phase.id(), |seen| is(outcome, site, seen)).await;
            judged.with_context(|| format!("{fault:?}, {phase:?}: {outcome:?}, {words}")).unwrap();
            self.examine(site, phase, outcome);
        }
    }

    /// What the node does not tell.
    fn examine(&self, site: &Site, phase: Phase, outcome: Outcome) {
        let (fault, id) = (self.fault, phase.id());
        match outcome {
            Runs => assert!(site.guest(&id).is_some(), "{fault:?}, {phase:?}: no guest"),
            Unharmed => self.same_guest(site, phase),
            Attached | NotAttached => {
                self.same_guest(site, phase);
                assert_eq!(self.attached.unwrap_or(false), outcome == Attached, "{fault:?}: the answer");
            }
            Bundled | BundleFailed | BundleCancelled | Ends | Vanishes => {
                assert_eq!(site.guest(&id), None, "{fault:?}, {phase:?}: the guest lives");
                assert!(!site.directory(&id).exists(), "{fault:?}, {phase:?}: files are left");
            }
        }
        let objects = site.bundled(&id).unwrap().len();
        match outcome {
            Bundled => assert!(objects >= 2, "{fault:?}: {objects} objects are no bundle"),
            // Whoever was killed could not take back what he had put, and who comes after him does not know of it.
            _ if fault == NodeKilled => {}
            _ => assert_eq!(objects, 0, "{fault:?}, {phase:?}: objects are left"),
        }
    }
}

/// Whether the node tells of an instance what this outcome wants it to.
fn is(outcome: Outcome, site: &Site, seen: Option<&Seen>) -> bool {
    let Some(Seen { state, bundling, volumes }) = seen else { return outcome == Vanishes };
    let (up, over) = (state == "Extant", state == "Teardown");
    match outcome {
        Runs | Unharmed => up,
        // A session and a record.
        Attached => up && *volumes == 1 && site.sessions() == [site.target(); 2],
        NotAttached => up && *volumes == 0 && site.sessions().is_empty(),
        Bundled => over && bundling == "succeeded",
        BundleFailed => over && bundling == "failed",
        BundleCancelled => over && bundling == "cancelled",
        Ends => over,
        Vanishes => false,
    }
}

fn extant(seen: Option<&Seen>) -> bool {
    seen.is_some_and(|seen| seen.state == "Extant")
}

async fn strike(fault: Fault) {
    let mut site = Site::start(&format!("{fault:?}").to_lowercase()).await.unwrap();
    let id = Phase::id;
    // Six instances, each in its phase.
    site.hold_boot(&id(Booting)).unwrap();
    for phase in [Booting, Running, Attaching, Bundling, Terminating] {
        site.run(&id(phase), "root.img").await.unwrap();
    }
    for phase in [Running, Attaching, Bundling, Terminating] {
        site.reaches(&id(phase), extant).await.unwrap();
    }
    site.until_held("the hook", |site| site.boot_is_held(&id(Booting))).await.unwrap();
    let (images, bucket) = fault.illness();
    site.images.ail(Some(images));
    site.bucket.fail(&Site::first_put(&id(Bundling)), bucket, 99);
    site.run(&id(Staging), "other.img").await.unwrap();
    site.bundle(&id(Bundling)).await.unwrap();
    if fault != DiskFull {
        site.power_off(&id(Bundling)).unwrap();
        site.until_held("the upload", |site| site.puts(&id(Bundling)) > 0).await.unwrap();
    }
    site.until_held("the image", |site| site.images.felt() > 0).await.unwrap();
    site.iscsi.put("hold-login", "").unwrap();
    let attaching = site.attach(&id(Attaching)).unwrap();
    site.until_held("the login", |site| site.iscsi.at_login()).await.unwrap();
    let guests = [Running, Attaching, Terminating].map(|phase| (phase, site.guest(&id(phase)).unwrap()));
    let mut strike = Strike { fault, guests: guests.into(), attached: None };
    site.terminate(&id(Terminating)).await.unwrap();

    match fault {
        LibvirtdStopped => site.libvirtd.stop().await.unwrap(),
        LibvirtdKilled => site.libvirtd.kill(),
        LibvirtdHung => site.libvirtd.suspend().unwrap(),
        NodeKilled => {
            site.kill_node().unwrap();
            site.start_node().unwrap();
            // Until libvirtd has told who is there, the new one knows of nobody.
            for phase in [Running, Attaching] {
                site.reaches(&id(phase), extant).await.unwrap();
            }
        }
        DiskFull => site.disk.fill().unwrap(),
        _ => {}
    }
    // What was held meets the fault.
    site.release_boot(&id(Booting)).unwrap();
    if !fault.is_of_walrus() {
        site.images.ail(None);
        site.bucket.heal();
    }
    let struck = Instant::now();
    while struck.elapsed() < OUTAGE {
        // What hangs has to be met by a volume that can still wait for its end.
        if fault != LibvirtdHung || struck.elapsed() > OUTAGE / 3 {
            site.iscsi.remove("hold-login");
        }
        // After five attempts, it would be given up.
        if matches!(fault, WalrusFailing | WalrusTruncating | WalrusCorrupting)
            && site.puts(&id(Bundling)) > 1
        {
            site.bucket.heal();
        }
        let listed = site.describe().await.unwrap();
        for phase in [Running, Attaching] {
            assert_eq!(listed[&id(phase)].state, "Extant", "{fault:?}, {phase:?}: {listed:?}");
            strike.same_guest(&site, phase);
        }
        sleep(Duration::from_millis(500)).await;
    }
    match fault {
        LibvirtdStopped | LibvirtdKilled => site.libvirtd.restart().await.unwrap(),
        LibvirtdHung => site.libvirtd.resume().unwrap(),
        WalrusStalling => site.cancel_bundle(&id(Bundling)).await.unwrap(),
        _ => {}
    }
    strike.attached = attaching.await.unwrap();
    // What ends, or is not concerned, does so while the fault lasts.
    match fault {
        DiskFull => {
            strike.judge(&site, &[Staging, Booting, Running, Attaching, Terminating]).await;
            site.power_off(&id(Bundling)).unwrap();
            strike.judge(&site, &[Bundling]).await;
            site.disk.empty().unwrap();
        }
        _ if fault.is_of_walrus() => {
            site.bucket.heal();
            strike.judge(&site, &[Booting, Running, Attaching, Terminating]).await;
            site.images.ail(None);
        }
        _ => {}
    }
    // The node works as before.
    let fresh = "i-0000000f";
    site.run(fresh, "root.img").await.unwrap();
    strike.judge(&site, &Phase::ALL).await;
    site.reaches(fresh, extant).await.unwrap();
    if fault == WalrusCorrupting {
        let image = std::fs::read(site.image("other.img")).unwrap();
        let came: Vec<u8> = image.iter().map(|byte| !byte).collect();
        let digest: String = sha256(&came).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(site.cached_digests().unwrap().contains(&digest), "{digest}");
    }
    site.end().await.unwrap();
}

// Two at a time in each test: they mostly wait.

#[tokio::test(flavor = "multi_thread")]
async fn libvirtd_stops_or_is_killed() {
    tokio::join!(strike(LibvirtdStopped), strike(LibvirtdKilled));
}

#[tokio::test(flavor = "multi_thread")]
async fn libvirtd_hangs_or_the_node_controller_is_killed() {
    tokio::join!(strike(LibvirtdHung), strike(NodeKilled));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_disk_is_full_or_walrus_knows_nothing() {
    tokio::join!(strike(DiskFull), strike(WalrusMissing));
}

#[tokio::test(flavor = "multi_thread")]
async fn walrus_fails_or_gives_something_else() {
    tokio::join!(strike(WalrusFailing), strike(WalrusCorrupting));
}

#[tokio::test(flavor = "multi_thread")]
async fn walrus_stalls_or_stops_half_way() {
    tokio::join!(strike(WalrusStalling), strike(WalrusTruncating));
}
