//! Hooks at work, and the options of node-controller.md §16.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use euca_command::{Command, CommandRunner, Error, Output};
use euca_hypervisor::DomainState;
use euca_hypervisor::recording::Operation::{Create, Destroy, Shutdown};
use euca_node::{HookEvent, Hooks, NodeSettings};
use futures_util::future::{BoxFuture, ready};

use crate::bench::{Bench, seconds};

/// Plays the one hook: keeps what it is told of, and does as planned.
#[derive(Default)]
pub struct Site {
    told: Mutex<Vec<String>>,
    forbids: Mutex<Option<HookEvent>>,
    /// What becomes of `libvirt.xml`: a text in it, and what is put in its place.
    edit: Mutex<Option<(&'static str, &'static str)>>,
}

impl CommandRunner for Site {
    fn run(&self, command: Command) -> BoxFuture<'_, Result<Output, Error>> {
        let [event, home, path] = command.arguments.try_into().unwrap();
        assert_eq!(home, "/");
        let (event, path) = (event.into_string().unwrap(), PathBuf::from(path));
        let id = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(path.join("instance.json").exists(), "{event}: the record of {id} is there");
        self.told.lock().unwrap().push(format!("{event} {id}"));
        if let Some((from, to)) = *self.edit.lock().unwrap()
            && event == "NC_EVENT_PRE_BOOT"
        {
            let xml = fs::read_to_string(path.join("libvirt.xml")).unwrap();
            assert!(xml.contains(from), "{xml}");
            fs::write(path.join("libvirt.xml"), xml.replace(from, to)).unwrap();
        }
        let forbidden = self.forbids.lock().unwrap().is_some_and(|forbidden| forbidden.name() == event);
        Box::pin(ready(Ok(Output::exit(if forbidden { 99 } else { 0 }))))
    }
}

impl Site {
    /// Gives a node this hook.
    pub fn install(settings: &mut NodeSettings) -> Arc<Self> {
        let (site, directory) = (Arc::new(Self::default()), settings.run_dir.join("hooks"));
        fs::create_dir(&directory).unwrap();
        fs::write(directory.join("hook"), "").unwrap();
        for path in [&directory, &directory.join("hook")] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let (limit, runner) = (Duration::from_secs(10), Arc::clone(&site));
        settings.hooks = Some(Hooks { directory, home: "/".into(), limit, runner });
        site
    }

    pub fn forbid(&self, event: Option<HookEvent>) {
        *self.forbids.lock().unwrap() = event;
    }

    /// What it was told since the last time.
    pub fn told(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap())
    }
}

async fn bench() -> (Bench, Arc<Site>) {
    let mut site = None;
    let bench = Bench::with(|settings| site = Some(Site::install(settings))).await;
    (bench, site.unwrap())
}

fn why(bench: &Bench, id: &str) -> Vec<String> {
    let steps = bench.node.explain(id).unwrap().timeline.unwrap();
    steps.into_iter().map(|report| report.step.reason).collect()
}

#[tokio::test(start_paused = true)]
async fn a_life_with_hooks_is_told_to_them_step_by_step() {
    let (mut bench, site) = bench().await;
    bench.running("i-1").await;
    assert_eq!(site.told(), ["NC_EVENT_PRE_BOOT i-1"]);
    bench.restart().await;
    assert_eq!(site.told(), ["NC_EVENT_ADOPTING i-1"]);
    bench.terminate("i-1").await.unwrap();
    seconds(20).await;
    assert_eq!(site.told(), ["NC_EVENT_PRE_CLEAN i-1"]);
    assert!(!bench.directory("admin", "i-1").exists());
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_forbids_a_boot_ends_the_instance_with_its_reason() {
    let (bench, site) = bench().await;
    site.forbid(Some(HookEvent::PreBoot));
    bench.run("i-1").await;
    assert_eq!(bench.timeline("i-1", 250).await, "Pending Extant Teardown -");
    assert_eq!(bench.hypervisor.count(Create, "i-1"), 0);
    let why = why(&bench, "i-1");
    assert!(why[1].contains("has forbidden NC_EVENT_PRE_BOOT with exit status 99"), "{why:?}");
    assert!(!bench.directory("admin", "i-1").exists());
}

#[tokio::test(start_paused = true)]
async fn a_hook_may_change_the_domain_but_not_its_name() {
    let (bench, site) = bench().await;
    *site.edit.lock().unwrap() = Some(("<vcpu>2</vcpu>", "<vcpu>7</vcpu>"));
    bench.running("i-1").await;
    assert!(bench.hypervisor.xml("i-1").unwrap().contains("<vcpu>7</vcpu>"));
    assert!(bench.reboot("i-1").await);
    seconds(10).await;
    assert_eq!(bench.hypervisor.count(Create, "i-1"), 2);
    assert!(bench.hypervisor.xml("i-1").unwrap().contains("<vcpu>7</vcpu>"), "after a reboot");

    for (id, edit, reason) in [
        ("i-2", ("<name>i-2</name>", "<name>i-1</name>"), "the domain document of i-2 names \"i-1\""),
        ("i-3", ("</domain>", ""), "domain document"),
        ("i-4", ("<name>i-4</name>", ""), "domain document"),
    ] {
        *site.edit.lock().unwrap() = Some(edit);
        bench.run(id).await;
        assert_eq!(bench.timeline(id, 20).await, "Pending Extant Teardown", "{id}");
        assert_eq!(bench.hypervisor.count(Create, id), 0, "{id}");
        let why = why(&bench, id);
        assert!(
            why[1].starts_with("the domain could not be created: ") && why[1].contains(reason),
            "{why:?}"
        );
    }
    assert_eq!(bench.state("i-1").await.as_deref(), Some("Extant"));
}

#[tokio::test(start_paused = true)]
async fn what_a_hook_does_not_want_adopted_or_deleted_stays_as_it_is() {
    let (mut bench, site) = bench().await;
    bench.running("i-1").await;
    bench.running("i-2").await;
    site.forbid(Some(HookEvent::Adopting));
    bench.restart().await;
    assert_eq!(bench.state("i-1").await, None);
    seconds(60).await;
    assert_eq!(bench.hypervisor.peek("i-1"), Some(DomainState::Running));
    assert!(bench.directory("admin", "i-1").join("disk").exists());

    site.forbid(Some(HookEvent::PreClean));
    bench.restart().await;
    bench.terminate("i-1").await.unwrap();
    assert_eq!(bench.timeline("i-1", 250).await, "Extant Teardown -");
    bench.hypervisor.vanish("i-2");
    bench.restart().await;
    for id in ["i-1", "i-2"] {
        assert!(bench.directory("admin", id).join("disk").exists(), "{id}");
    }
    site.told();
    site.forbid(None);
    bench.restart().await;
    let mut told = site.told();
    told.sort();
    assert_eq!(told, ["NC_EVENT_PRE_CLEAN i-1", "NC_EVENT_PRE_CLEAN i-2"]);
    for id in ["i-1", "i-2"] {
        assert!(!bench.directory("admin", id).exists(), "{id}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_graceful_end_asks_waits_and_then_does_not_ask() {
    let bench = Bench::with(|settings| settings.thresholds.graceful = true).await;
    for id in ["i-1", "i-2", "i-3"] {
        bench.running(id).await;
        assert_eq!(bench.terminate(id).await, Some(("13".to_owned(), "13".to_owned())));
    }
    seconds(10).await;
    // One guest obeys, one is deaf, one is terminated again.
    bench.hypervisor.vanish("i-1");
    bench.terminate("i-3").await.unwrap();
    seconds(15).await;
    for (id, state) in [("i-1", "Teardown"), ("i-2", "Extant"), ("i-3", "Teardown")] {
        assert_eq!(bench.state(id).await.as_deref(), Some(state), "{id}");
    }
    assert_eq!(bench.hypervisor.peek("i-2"), Some(DomainState::Running));
    seconds(60).await;
    assert_eq!(bench.state("i-2").await.as_deref(), Some("Teardown"));
    for (id, destroyed) in [("i-1", 0), ("i-2", 1), ("i-3", 1)] {
        let calls = (bench.hypervisor.count(Shutdown, id), bench.hypervisor.count(Destroy, id));
        assert_eq!(calls, (1, destroyed), "{id}");
        assert!(!bench.directory("admin", id).exists());
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_limits_are_settings() {
    let bench = Bench::with(|settings| {
        settings.thresholds.booting = Duration::from_secs(20);
        settings.thresholds.teardown = Duration::from_secs(60);
        settings.cleanups = 0;
    })
    .await;
    bench.run("i-1").await;
    seconds(1).await;
    bench.hypervisor.vanish("i-1");
    assert_eq!(bench.timeline("i-1", 18).await, "Pending");
    assert_eq!(
        bench.timeline("i-1", 15).await.split(' ').next_back(),
        Some("Teardown"),
        "one at a time, at least"
    );
    assert_eq!(bench.timeline("i-1", 70).await, "Teardown -");
}
