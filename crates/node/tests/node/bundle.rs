//! Bundling (node-controller.md §18, Bundling; storage.md §15), by programs that are only recorded.

use std::collections::HashMap;
use std::future::pending;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::{Arc, Mutex};

use euca_command::{Command, CommandRunner, Error, Output};
use euca_hypervisor::DomainState;
use euca_hypervisor::recording::Operation::{Create, Destroy, Disks, Shutdown};
use euca_node::{BundlePrograms, ProgramBundler};
use euca_wire::{NodeApi, nc};
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::bench::{Bench, IMAGE, admin, request, seconds};

/// How a program ends: with a wait status, or never.
#[derive(Clone, Copy)]
enum Plan {
    Ends(i32),
    Hangs,
}

const SIGKILL: i32 = 9;

fn exits(code: i32) -> Plan {
    Plan::Ends(code << 8)
}

/// Records what is run, and what becomes of it.
#[derive(Clone, Default)]
struct Runner {
    notes: Arc<Mutex<Vec<String>>>,
    plans: Arc<Mutex<HashMap<PathBuf, Plan>>>,
}

impl Runner {
    fn plan(&self, program: &str, plan: Plan) {
        self.plans.lock().unwrap().insert(program.into(), plan);
    }

    fn note(&self, text: String) {
        self.notes.lock().unwrap().push(text);
    }

    /// What has happened since the last time this was asked.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.notes.lock().unwrap())
    }
}

/// A program that was started; killed unless it has ended.
struct Running {
    runner: Runner,
    command: Command,
    ended: bool,
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            let image = self.command.arguments.get(1).is_some_and(|image| Path::new(image).exists());
            self.runner.note(format!("killed {}, image there: {image}", self.command.program.display()));
        }
    }
}

impl CommandRunner for Runner {
    fn run(&self, command: Command) -> BoxFuture<'_, Result<Output, Error>> {
        self.note(command.to_string());
        let plan = self.plans.lock().unwrap().get(&command.program).copied().unwrap_or(exits(0));
        let running = Running { runner: self.clone(), command, ended: false };
        Box::pin(async move {
            let mut running = running;
            match plan {
                Plan::Hangs => pending().await,
                Plan::Ends(status) => {
                    running.ended = true;
                    Ok(Output { status: ExitStatus::from_raw(status), ..Output::exit(0) })
                }
            }
        })
    }
}

/// A bench whose instance i-1 runs, and what its programs do.
async fn bench(change: impl FnOnce(&mut euca_node::NodeSettings)) -> (Bench, Runner) {
    let runner = Runner::default();
    let program = |name: &str| PathBuf::from(name);
    let programs = BundlePrograms {
        upload: program("upload"),
        check: program("check"),
        delete: program("delete"),
        keys: "/keys".into(),
    };
    let bundler = ProgramBundler::new(programs, Arc::new(runner.clone()));
    let bench = Bench::with(|settings| {
        settings.bundler = Some(Arc::new(bundler));
        change(settings);
    })
    .await;
    bench.images.put(IMAGE, Some(vec![7; 1 << 20]));
    bench.running("i-1").await;
    (bench, runner)
}

fn bundle_request(id: &str) -> nc::NcBundleInstance {
    let text = |text: &str| Some(text.to_owned());
    nc::NcBundleInstance {
        correlation_id: text("c-1"),
        instance_id: text(id),
        bucket_name: text("bucket"),
        file_prefix: text("prefix"),
        walrus_url: text("http://127.0.0.1:8773/services/Walrus"),
        user_public_key: text("AKID"),
        s3_policy: text("e30="),
        s3_policy_sig: text("c2ln"),
        ..admin()
    }
}

impl Bench {
    /// Asks to bundle; whether it was accepted.
    async fn bundle(&self, request: nc::NcBundleInstance) -> bool {
        let response = self.node.nc_bundle_instance(request).await.unwrap();
        assert_eq!(response.user_id.as_deref(), Some("admin"));
        assert_eq!(response.correlation_id.as_deref(), Some("c-1"));
        response.return_ == Some(true)
    }

    /// Asks to cancel; whether that was accepted.
    async fn cancel(&self, id: &str) -> bool {
        let request = nc::NcCancelBundleTask { instance_id: Some(id.to_owned()), ..admin() };
        let response = self.node.nc_cancel_bundle_task(request).await.unwrap();
        assert_eq!(response.user_id.as_deref(), Some("admin"));
        response.return_ == Some(true)
    }

    /// Bundles i-1, whose guest goes when it is asked to; the upload has begun then, unless it is over.
    async fn uploading(&self) {
        assert!(self.bundle(bundle_request("i-1")).await);
        seconds(1).await;
        self.hypervisor.vanish("i-1");
        seconds(5).await;
    }

    /// State and bundling of i-1 during the next seconds, each once.
    async fn story(&self, time: u64) -> String {
        let mut states = Vec::new();
        for _ in 0..time {
            let state = self.bundling("i-1").await;
            if states.last() != Some(&state) {
                states.push(state);
            }
            seconds(1).await;
        }
        states.join(", ")
    }

    fn work(&self) -> PathBuf {
        self.settings.instance_path.join("eucalyptus/work/i-1")
    }

    fn files(&self) -> PathBuf {
        self.directory("admin", "i-1")
    }
}

const CHECK: &str = "check -b bucket --euca-auth";
const DELETE: &str = "delete -b bucket -p prefix --euca-auth";

fn upload(bench: &Bench) -> String {
    let (image, work) = (bench.files().join("prefix"), bench.work());
    let (image, work) = (image.display(), work.display());
    format!("upload -i {image} -d {work} -b bucket -c e30= --policysignature c2ln --euca-auth")
}

fn killed(image: bool) -> String {
    format!("killed upload, image there: {image}")
}

#[tokio::test(start_paused = true)]
async fn nc_120_a_guest_that_obeys_is_bundled_and_its_instance_ends() {
    let (bench, runner) = bench(|_| {}).await;
    assert_eq!(bench.bundling("i-1").await, "Extant none");
    assert!(bench.bundle(bundle_request("i-1")).await);
    assert_eq!(bench.bundling("i-1").await, "Extant bundling");
    seconds(30).await;
    assert_eq!(bench.hypervisor.count(Shutdown, "i-1"), 1);
    assert_eq!(bench.hypervisor.peek("i-1"), Some(DomainState::Running), "asked, not destroyed");
    bench.hypervisor.set_state("i-1", DomainState::ShuttingDown);
    seconds(100).await;
    assert_eq!(runner.take(), [""; 0], "nothing before the guest is gone");
    assert!(bench.files().join("disk").exists() && bench.work().is_dir());
    runner.plan("upload", Plan::Hangs);
    bench.hypervisor.vanish("i-1");
    seconds(6).await;
    assert_eq!(runner.take(), [CHECK.to_owned(), upload(&bench)]);
    assert!(!bench.files().join("disk").exists() && bench.files().join("prefix").exists(), "renamed");
    bench.node.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn nc_120_the_text_outlives_the_instance() {
    let (bench, _) = bench(|_| {}).await;
    assert!(bench.bundle(bundle_request("i-1")).await);
    seconds(1).await;
    bench.hypervisor.vanish("i-1");
    let story = "Extant bundling, Extant succeeded, Teardown succeeded, -";
    assert_eq!(bench.story(250).await, story);
    assert!(!bench.files().exists() && !bench.work().exists());
    assert_eq!((bench.hypervisor.count(Destroy, "i-1"), bench.hypervisor.count(Create, "i-1")), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_fulfilled_is_refused_before_anything_happens() {
    let (bench, runner) = bench(|_| {}).await;
    let missing = nc::NcBundleInstance { bucket_name: None, ..bundle_request("i-1") };
    assert!(!bench.bundle(missing).await, "nc_121");
    assert!(!bench.bundle(bundle_request("i-9")).await, "nc_122");
    // st_t122
    for prefix in
        ["../x", "", "a/b", "..", "disk", "kernel", "libvirt.xml", "instance.json", "instance.json.new"]
    {
        let request = nc::NcBundleInstance { file_prefix: Some(prefix.to_owned()), ..bundle_request("i-1") };
        assert!(!bench.bundle(request).await, "{prefix:?}");
    }
    seconds(10).await;
    assert_eq!((runner.take().len(), bench.hypervisor.count(Shutdown, "i-1")), (0, 0));
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Extant"));
    assert!(bench.files().join("disk").exists() && !bench.work().exists());
}

#[tokio::test(start_paused = true)]
async fn nc_123_without_a_disk_nothing_is_bundled_and_the_instance_runs_on() {
    let (bench, runner) = bench(|_| {}).await;
    std::fs::remove_file(bench.files().join("disk")).unwrap();
    assert!(!bench.bundle(bundle_request("i-1")).await);
    seconds(60).await;
    assert_eq!(bench.bundling("i-1").await, "Extant failed");
    assert_eq!((runner.take().len(), bench.hypervisor.count(Shutdown, "i-1")), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn nc_124_without_room_nothing_is_bundled_and_the_instance_runs_on() {
    // st_t119: no program is run. The disk has 2 GiB, so that 4 are needed, and a MiB must stay.
    let (bench, runner) = bench(|settings| settings.work_mib = 4096).await;
    let disk = std::fs::metadata(bench.files().join("disk")).unwrap().len();
    assert_eq!(disk, 2 << 30);
    assert!(!bench.bundle(bundle_request("i-1")).await);
    seconds(60).await;
    assert_eq!(bench.bundling("i-1").await, "Extant failed");
    assert_eq!((runner.take().len(), bench.hypervisor.count(Shutdown, "i-1")), (0, 0));
    // Another attempt may have room: the disk has shrunk.
    std::fs::OpenOptions::new()
        .write(true)
        .open(bench.files().join("disk"))
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    assert!(bench.bundle(bundle_request("i-1")).await);
    assert_eq!(bench.bundling("i-1").await, "Extant bundling");
}

#[tokio::test(start_paused = true)]
async fn nc_125_a_guest_that_does_not_obey_is_destroyed_after_an_hour() {
    let (bench, runner) = bench(|_| {}).await;
    assert!(bench.bundle(bundle_request("i-1")).await);
    assert_eq!(bench.story(3590).await, "Extant bundling");
    assert_eq!(bench.hypervisor.count(Destroy, "i-1"), 0);
    assert!(bench.files().join("disk").exists());
    assert_eq!(bench.story(250).await, "Extant bundling, Extant failed, Teardown failed, -");
    assert_eq!(bench.hypervisor.count(Destroy, "i-1"), 1, "destroyed, and then the files deleted");
    assert!(!bench.files().exists() && !bench.work().exists());
    assert_eq!(runner.take(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn remains_of_an_upload_are_deleted_by_their_prefix_and_nothing_else_is() {
    // Exit codes of check and upload, outcome, whether remains are deleted. A bucket that was absent before is not
    // cleared either, unlike the original's: neither exit status of the check proves that it was.
    let rows = [
        ("nc_126, st_t118", exits(1), exits(1), "failed", true),
        ("nc_127", exits(0), exits(1), "failed", true),
        ("st_t117: 0", exits(0), exits(0), "succeeded", false),
        ("st_t117: 7", exits(0), exits(7), "failed", true),
        ("st_t117: SIGKILL", exits(0), Plan::Ends(SIGKILL), "cancelled", true),
    ];
    for (name, check, end, outcome, deleted) in rows {
        let (bench, runner) = bench(|_| {}).await;
        runner.plan("check", check);
        runner.plan("upload", end);
        bench.uploading().await;
        let mut commands = vec![CHECK.to_owned(), upload(&bench)];
        commands.extend(deleted.then(|| DELETE.to_owned()));
        assert_eq!(runner.take(), commands, "{name}");
        let story = bench.story(20).await;
        assert!(story.ends_with(&format!("Teardown {outcome}")), "{name}: {story}");
        assert!(!bench.files().exists() && !bench.work().exists(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn nc_128_a_cancelled_upload_is_killed_and_its_remains_are_deleted() {
    let (bench, runner) = bench(|_| {}).await;
    runner.plan("upload", Plan::Hangs);
    bench.uploading().await;
    assert_eq!(runner.take().len(), 2);
    assert!(bench.cancel("i-1").await);
    assert_eq!(bench.bundling("i-1").await, "Extant cancelled");
    assert_eq!(runner.take(), [killed(true), DELETE.to_owned()]);
    assert_eq!(bench.story(250).await, "Extant cancelled, Teardown cancelled, -");
    assert!(!bench.files().exists() && !bench.work().exists());
    assert_eq!(runner.take(), [""; 0], "once");
}

#[tokio::test(start_paused = true)]
async fn a_bundle_that_is_cancelled_before_its_upload_uploads_and_deletes_nothing() {
    // nc_129, st_t121: while the guest shuts down. It is no longer waited for, and may go or stay.
    let (bench, runner) = bench(|_| {}).await;
    assert!(bench.bundle(bundle_request("i-1")).await);
    seconds(20).await;
    assert_eq!(bench.hypervisor.count(Shutdown, "i-1"), 1, "nc_129: it has been asked to");
    assert_eq!(bench.hypervisor.count(Destroy, "i-1"), 0, "nc_129: and has its time");
    assert_eq!(bench.bundling("i-1").await, "Extant bundling", "nc_129");
    assert!(bench.work().exists());
    assert!(bench.cancel("i-1").await, "nc_129");
    assert_eq!(bench.bundling("i-1").await, "Extant cancelled", "nc_129: at once");
    assert_eq!(bench.story(4000).await, "Extant cancelled");
    assert_eq!(runner.take(), [""; 0], "nc_129: nothing is looked up, uploaded or deleted");
    assert!(!bench.work().exists() && bench.files().join("disk").exists());
    assert_eq!(bench.hypervisor.peek("i-1"), Some(DomainState::Running), "a guest that stays is left alone");
    // Once more, with a guest that goes.
    assert!(bench.bundle(bundle_request("i-1")).await);
    assert!(bench.cancel("i-1").await);
    bench.hypervisor.vanish("i-1");
    assert_eq!(bench.story(250).await, "Extant cancelled, Teardown cancelled, -");
    assert_eq!(runner.take(), [""; 0]);

    // While the bucket is checked.
    let (bench, runner) = self::bench(|_| {}).await;
    runner.plan("check", Plan::Hangs);
    bench.uploading().await;
    assert!(bench.cancel("i-1").await);
    assert_eq!(bench.story(250).await, "Extant cancelled, Teardown cancelled, -");
    assert_eq!(runner.take(), [CHECK.to_owned(), "killed check, image there: false".to_owned()]);
}

#[tokio::test(start_paused = true)]
async fn nc_130_there_may_be_nothing_to_cancel() {
    let (bench, runner) = bench(|_| {}).await;
    assert!(bench.cancel("i-1").await);
    assert!(!bench.cancel("i-9").await, "not known");
    assert_eq!(bench.story(60).await, "Extant none");
    // And what was asked for before is not cancelled by it.
    bench.uploading().await;
    assert!(bench.cancel("i-1").await, "over");
    assert!(bench.story(250).await.ends_with("Teardown succeeded, -"));
    assert_eq!(runner.take(), [CHECK.to_owned(), upload(&bench)]);
}

#[tokio::test(start_paused = true)]
async fn nc_131_a_disk_that_cannot_be_renamed_fails_at_once() {
    let (bench, runner) = bench(|_| {}).await;
    assert!(bench.bundle(bundle_request("i-1")).await);
    std::fs::write(bench.files().join("prefix"), "somebody's").unwrap();
    bench.hypervisor.vanish("i-1");
    seconds(5).await;
    assert_eq!(std::fs::read(bench.files().join("prefix")).unwrap(), b"somebody's", "nothing is overwritten");
    assert_eq!(bench.bundling("i-1").await, "Extant failed");
    assert_eq!(bench.story(250).await, "Extant failed, Teardown failed, -");
    assert_eq!(runner.take(), [""; 0]);
    assert!(!bench.work().exists());
}

#[tokio::test(start_paused = true)]
async fn bundles_are_described_as_far_as_their_instances_are_known() {
    let (bench, runner) = bench(|_| {}).await;
    runner.plan("upload", Plan::Hangs);
    bench.uploading().await;
    let tasks = async |ids: &[&str]| {
        let instance_ids = ids.iter().map(|id| (*id).to_owned()).collect();
        let request = nc::NcDescribeBundleTasks { instance_ids, user_id: Some("B".to_owned()), ..admin() };
        bench.node.nc_describe_bundle_tasks(request).await.unwrap()
    };
    let answer = tasks(&["i-1", "i-9"]).await;
    assert_eq!(answer.return_, Some(true), "nc_132");
    let [task] = answer.bundle_tasks.as_slice() else { panic!("nc_132: {:?}", answer.bundle_tasks) };
    assert_eq!(
        (task.instance_id.as_deref(), task.state.as_deref()),
        (Some("i-1"), Some("bundling")),
        "nc_132"
    );
    assert_eq!(task.manifest, None);
    let answer = tasks(&[]).await;
    assert_eq!((answer.return_, answer.bundle_tasks.len()), (Some(false), 0), "nc_133");
}

#[tokio::test(start_paused = true)]
async fn nc_134_a_hypervisor_that_cannot_be_asked_has_not_said_that_the_guest_is_gone() {
    let (bench, runner) = bench(|_| {}).await;
    assert!(bench.bundle(bundle_request("i-1")).await);
    seconds(10).await;
    bench.hypervisor.set_reachable(false);
    assert_eq!(bench.story(600).await, "Extant bundling");
    assert_eq!(runner.take(), [""; 0]);
    bench.hypervisor.set_reachable(true);
    assert_eq!(bench.story(60).await, "Extant bundling");
    bench.hypervisor.vanish("i-1");
    assert!(bench.story(20).await.ends_with("Teardown succeeded"));
}

#[tokio::test(start_paused = true)]
async fn a_guest_is_asked_again_until_the_hypervisor_has_answered() {
    let (bench, _) = bench(|_| {}).await;
    bench.hypervisor.set_hanging(Shutdown, true);
    assert!(bench.bundle(bundle_request("i-1")).await);
    seconds(30).await;
    assert!(bench.hypervisor.count(Shutdown, "i-1") > 2);
    bench.hypervisor.set_hanging(Shutdown, false);
    seconds(10).await;
    let asked = bench.hypervisor.count(Shutdown, "i-1");
    seconds(100).await;
    assert_eq!(bench.hypervisor.count(Shutdown, "i-1"), asked);
    // A cancellation is heard all the time.
    assert!(bench.cancel("i-1").await);
    bench.hypervisor.set_hanging(Shutdown, true);
    assert!(bench.bundle(bundle_request("i-1")).await);
    seconds(30).await;
    assert!(bench.cancel("i-1").await);
    assert_eq!(bench.bundling("i-1").await, "Extant cancelled");
    seconds(10).await;
    let asked = bench.hypervisor.count(Shutdown, "i-1");
    seconds(100).await;
    assert_eq!(bench.hypervisor.count(Shutdown, "i-1"), asked);
}

#[tokio::test(start_paused = true)]
async fn st_t122a_an_upload_that_takes_too_long_is_stopped_before_files_are_touched() {
    let (bench, runner) = bench(|_| {}).await;
    runner.plan("upload", Plan::Hangs);
    bench.uploading().await;
    runner.take();
    assert_eq!(bench.story(3585).await, "Extant bundling");
    assert!(bench.files().join("prefix").exists() && bench.work().exists());
    assert_eq!(bench.story(250).await, "Extant bundling, Extant failed, Teardown failed, -");
    assert_eq!(runner.take(), [killed(true), DELETE.to_owned()], "the image was there to the end");
    assert!(!bench.files().exists() && !bench.work().exists());
}

#[tokio::test(start_paused = true)]
async fn termination_stops_an_upload_before_files_are_touched() {
    let (bench, runner) = bench(|_| {}).await;
    runner.plan("upload", Plan::Hangs);
    bench.uploading().await;
    runner.take();
    assert_eq!(bench.terminate("i-1").await, Some(("13".to_owned(), "13".to_owned())));
    assert_eq!(bench.story(250).await, "Extant failed, Teardown failed, -");
    assert_eq!(runner.take(), [killed(true), DELETE.to_owned()]);
    assert!(!bench.files().exists() && !bench.work().exists());

    let (bench, runner) = self::bench(|_| {}).await;
    assert!(bench.bundle(bundle_request("i-1")).await);
    assert!(bench.terminate("i-1").await.is_some());
    assert_eq!(bench.story(250).await, "Extant failed, Teardown failed, -", "while the guest shuts down");
    assert_eq!((runner.take().len(), bench.hypervisor.peek("i-1")), (0, None));
    assert!(!bench.files().exists() && !bench.work().exists());
}

#[tokio::test(start_paused = true)]
async fn an_instance_is_bundled_once_at_a_time_and_only_when_it_has_a_domain() {
    let (bench, runner) = bench(|_| {}).await;
    runner.plan("upload", Plan::Hangs);
    assert!(bench.bundle(bundle_request("i-1")).await);
    assert!(!bench.bundle(bundle_request("i-1")).await, "while the guest shuts down");
    assert!(bench.work().exists(), "the first one's");
    assert!(bench.reboot("i-1").await, "accepted, as always");
    seconds(1).await;
    assert_eq!((bench.hypervisor.count(Destroy, "i-1"), bench.hypervisor.count(Create, "i-1")), (0, 1));
    bench.hypervisor.vanish("i-1");
    seconds(5).await;
    assert_eq!(runner.take().len(), 2);

    bench.images.put(IMAGE, None);
    bench.run_request(request("i-2")).await;
    assert!(!bench.bundle(bundle_request("i-2")).await, "nothing to bundle while it is staged");
    assert_eq!(bench.bundling("i-2").await, "Pending none");
    assert!(bench.terminate("i-2").await.is_some());
    seconds(20).await;
    assert!(!bench.bundle(bundle_request("i-2")).await, "torn down");
}

#[tokio::test(start_paused = true)]
async fn a_node_without_a_bundler_says_so() {
    let (bench, _) = bench(|settings| settings.bundler = None).await;
    assert!(!bench.bundle(bundle_request("i-1")).await);
    assert_eq!(bench.bundling("i-1").await, "Extant failed");
}

#[tokio::test(start_paused = true)]
async fn a_bundle_that_a_restart_interrupts_has_failed() {
    // While the guest shuts down: it is found again, and stays if it likes.
    let (mut bench, runner) = bench(|_| {}).await;
    assert!(bench.bundle(bundle_request("i-1")).await);
    bench.restart().await;
    assert_eq!(bench.story(4000).await, "Extant failed");
    assert!(bench.files().join("disk").exists() && !bench.work().exists());
    assert!(bench.bundle(bundle_request("i-1")).await, "and can be bundled again");
    // The guest is gone when the node comes back.
    bench.node.shutdown().await;
    bench.hypervisor.vanish("i-1");
    bench.restart().await;
    assert_eq!(bench.story(250).await, "Extant failed, Teardown failed, -");
    assert!(!bench.files().exists() && !bench.work().exists());
    assert_eq!(
        runner.take(),
        [""; 0],
        "nothing is uploaded or deleted by a node that does not know what was"
    );

    // During the upload: killed with its node.
    let (mut bench, runner) = self::bench(|_| {}).await;
    runner.plan("upload", Plan::Hangs);
    bench.uploading().await;
    runner.take();
    bench.restart().await;
    assert_eq!(bench.story(250).await, "Extant failed, Teardown failed, -");
    assert!(!bench.files().exists() && !bench.work().exists());
    assert_eq!(runner.take(), [killed(true)]);
    bench.restart().await;
    assert_eq!(bench.bundling("i-1").await, "-");
}

#[tokio::test(start_paused = true)]
async fn how_a_bundle_ended_is_told_after_a_restart_too() {
    let (mut bench, _) = bench(|settings| settings.keep_files = true).await;
    assert!(bench.bundle(bundle_request("i-1")).await);
    bench.hypervisor.vanish("i-1");
    while bench.bundling("i-1").await != "Extant succeeded" {
        seconds(1).await;
    }
    bench.restart().await;
    assert_eq!(bench.story(250).await, "Extant succeeded, Teardown succeeded, -");
    assert!(bench.files().join("prefix").exists(), "for the operator who keeps files");
    bench.restart().await;
    assert_eq!(bench.bundling("i-1").await, "-", "told once");
}

#[tokio::test(start_paused = true)]
async fn orders_that_nobody_waits_for_any_more_are_not_carried_out() {
    let (bench, runner) = bench(|_| {}).await;
    // It is destroyed for a reboot, and nobody says whether it is: for three minutes and a half.
    bench.hypervisor.set_hanging(Destroy, true);
    assert!(bench.reboot("i-1").await);
    seconds(1).await;
    let volume = nc::NcAttachVolume {
        instance_id: Some("i-1".to_owned()),
        volume_id: Some("vol-1".to_owned()),
        remote_dev: Some("/dev/etherd/e0.1".to_owned()),
        local_dev: Some("/dev/sdb".to_owned()),
        ..admin()
    };
    let asked = Instant::now();
    let (bundled, attached) =
        tokio::join!(bench.bundle(bundle_request("i-1")), bench.node.nc_attach_volume(volume));
    assert_eq!((bundled, attached.unwrap().return_), (false, Some(false)));
    assert_eq!(asked.elapsed().as_secs(), 180);
    bench.hypervisor.set_hanging(Destroy, false);
    assert_eq!(bench.story(120).await, "Extant none");
    assert_eq!((bench.hypervisor.count(Shutdown, "i-1"), bench.hypervisor.count(Disks, "i-1")), (0, 0));
    assert_eq!(runner.take(), [""; 0]);
    // It listens again.
    assert!(bench.bundle(bundle_request("i-1")).await);
}
