//! `eucalyptus-ccctl` with the real `cc-daemon`, without a supervisor, and its conversation with systemd.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use euca_sim::fleet::Fleet;
use euca_sim::node::{Behaviour, Capacity, Plan};
use euca_tests::client::CcClient;
use euca_tests::daemon::{binary, free_address};
use euca_tests::home::Home;
use euca_tests::until;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User};

struct Installation {
    home: Home,
    address: SocketAddr,
}

impl Installation {
    fn new() -> Self {
        let home = Home::new().unwrap();
        let address = free_address("127.9.2.1".parse().unwrap()).unwrap();
        let installation = Self { home, address };
        installation.configure(&[]);
        installation
    }

    fn configure(&self, nodes: &[SocketAddr]) {
        let user = User::from_uid(Uid::effective()).unwrap().unwrap().name;
        let conf = Home::cluster_conf(self.address, nodes);
        self.home.configure(&format!("{conf}EUCA_USER=\"{user}\"\n")).unwrap();
    }

    /// Exit status, standard output, standard error.
    fn control(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = Command::new(binary("eucalyptus-ccctl").unwrap());
        command.args(["--supervisor", "none"]).args(arguments);
        outcome(command.env("EUCALYPTUS", self.home.path()))
    }

    fn pid_file(&self) -> PathBuf {
        self.home.path().join("var/run/eucalyptus/eucalyptus-cc.pid")
    }

    fn pid(&self) -> Option<Pid> {
        let text = std::fs::read_to_string(self.pid_file()).ok()?;
        Some(Pid::from_raw(text.trim().parse().unwrap()))
    }

    fn answers(&self) -> bool {
        TcpStream::connect(self.address).is_ok()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        self.control(&["stop", "--patience", "1"]);
    }
}

fn outcome(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn done() -> (Option<i32>, String, String) {
    (Some(0), String::new(), String::new())
}

fn says(status: i32, line: &str) -> (Option<i32>, String, String) {
    (Some(status), line.to_owned(), String::new())
}

/// deployment.md §15 row 9.
#[test]
fn each_verb_says_and_does_what_the_init_script_did() {
    let cluster = Installation::new();
    assert_eq!(cluster.control(&["status"]), says(3, ""));
    assert_eq!(cluster.control(&["stop"]), done());
    assert_eq!(cluster.control(&["start"]), done());
    assert!(cluster.answers(), "it is not ready");
    assert_eq!(cluster.control(&["status"]), says(0, "CC is running\n"));
    let first = cluster.pid();
    for verb in ["start", "cleanstart"] {
        assert_eq!(cluster.control(&[verb]), says(1, "another CC is already running!\n"), "{verb}");
    }
    assert_eq!(cluster.control(&["restart"]), done());
    assert!(cluster.answers() && first.is_some() && cluster.pid() != first, "it is the same process");
    assert_eq!(cluster.control(&["stop"]), done());
    assert!(!cluster.answers() && cluster.pid().is_none(), "it still runs");
    assert_eq!(cluster.control(&["status"]), says(3, ""));
    let home = cluster.home.path().display();
    let config = format!("EUCALYPTUS={home}\nAXIS2C_HOME=\nHTTPD_HOME=\nHTTPD=\n");
    assert_eq!(cluster.control(&["config"]), says(0, &config));
    for wrong in [&[] as &[&str], &["begin"]] {
        let (status, _, stderr) = cluster.control(wrong);
        assert_eq!(status, Some(3), "{wrong:?}");
        let verbs = ["start", "stop", "restart", "cleanstart", "cleanstop", "cleanrestart"];
        assert!(verbs.iter().all(|verb| stderr.contains(verb)), "{stderr}");
    }
    let log = std::fs::read_to_string(cluster.home.path().join("var/log/eucalyptus/cc.log")).unwrap();
    assert!(log.contains("cluster controller stopped"), "it did not end by itself: {log}");
}

/// deployment.md §15 row 4. The node says nothing of its instances while it is asked what the cluster controller
/// knows by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_keeps_instances_and_a_clean_one_has_them_learnt_again() {
    let cluster = Installation::new();
    let keys = cluster.home.keys();
    let fleet = Fleet::start(&keys, "127.9.2.11:0".parse().unwrap(), 1, Capacity::default()).unwrap();
    let (node, sim) = fleet.nodes().first().unwrap();
    cluster.configure(&[*node]);
    assert_eq!(cluster.control(&["start"]), done());
    let client = CcClient::new(&cluster.home, cluster.address);
    let knows = async |id: &str, state: Option<&str>| {
        until(&format!("{id} to be {state:?}"), async || {
            let described = client.run(&["describeInstances"]).await?;
            let lines = String::from_utf8_lossy(&described.stdout).into_owned();
            let line = lines.lines().find(|line| line.contains(&format!(" instanceId={id} ")));
            let as_expected = match state {
                Some(state) => line.is_some_and(|line| line.contains(&format!(" state={state} "))),
                None => line.is_none(),
            };
            Ok(described.status.success() && as_expected)
        })
        .await
        .unwrap();
    };
    until("capacity", async || Ok(!client.ask(&["describeResources"]).await?.contains(" 0\n")))
        .await
        .unwrap();
    let run = [
        "runInstances",
        "emi-1",
        "http://127.0.0.1:1/i",
        "eki-1",
        "http://127.0.0.1:1/k",
        "1",
        "10",
        "default",
    ];
    let ran = client.ask(&run).await.unwrap();
    let id = ran.split(' ').nth(3).unwrap();
    knows(id, Some("Extant")).await;

    let silent = Plan { behaviour: Behaviour::Fault, ..Plan::default() };
    for (verbs, state) in [
        (&["restart"] as &[&str], Some("Extant")),
        (&["stop", "start"], Some("Extant")),
        (&["cleanrestart"], None),
        (&["stop", "cleanstart"], None),
        (&["cleanstop", "start"], None),
    ] {
        sim.set_plan(silent.clone());
        for verb in verbs {
            assert_eq!(cluster.control(&[verb]), done(), "{verbs:?}");
        }
        knows(id, state).await;
        let tags = client.ask(&["describeResources"]).await.unwrap();
        assert!(tags.starts_with(&format!(":{}:\n", Fleet::url(*node))), "{verbs:?}: {tags}");
        sim.set_plan(Plan::default());
        knows(id, Some("Extant")).await;
    }
    assert_eq!(cluster.control(&["stop"]), done());
    fleet.stop().await;
}

#[test]
fn a_start_that_fails_says_why_and_leaves_nothing_behind() {
    let cluster = Installation::new();
    let squatter = std::net::TcpListener::bind(cluster.address).unwrap();
    let (status, stdout, stderr) = cluster.control(&["start"]);
    assert_eq!((status, stdout.as_str()), (Some(1), "Failed to start the CC!\n"), "{stderr}");
    assert!(stderr.contains("cannot listen on") && stderr.contains("cc-daemon ended"), "{stderr}");
    assert_eq!(std::fs::read_dir(cluster.pid_file().parent().unwrap()).unwrap().count(), 0);
    drop(squatter);
}

#[test]
fn a_stale_pid_file_names_nobody() {
    let cluster = Installation::new();
    let mut stranger = Command::new("sleep").arg("60").spawn().unwrap();
    for content in [stranger.id().to_string(), "0".to_owned(), "-1".to_owned(), "x".to_owned(), String::new()]
    {
        std::fs::write(cluster.pid_file(), &content).unwrap();
        assert_eq!(cluster.control(&["status"]), says(3, ""), "{content:?}");
        assert_eq!(cluster.control(&["stop"]), done(), "{content:?}");
        assert!(!cluster.pid_file().exists(), "{content:?}");
    }
    assert!(stranger.try_wait().unwrap().is_none(), "a stranger was killed");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn a_daemon_that_does_not_end_is_killed() {
    let cluster = Installation::new();
    assert_eq!(cluster.control(&["start"]), done());
    kill(cluster.pid().unwrap(), Signal::SIGSTOP).unwrap();
    assert_eq!(cluster.control(&["stop", "--patience", "1"]), done());
    assert!(!cluster.answers());
}

/// What is asked of systemd, by a `systemctl` that writes it down.
#[test]
fn with_systemd_each_verb_is_a_sequence_of_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let (script, log) = (folder.path().join("systemctl"), folder.path().join("log"));
    let active = "--quiet is-active cc-daemon.service\n";
    let [start, stop] = ["start", "stop"].map(|verb| format!("{verb} cc-daemon.service\n"));
    let clean = "start eucalyptus-cc-clean.service\n";
    for (verb, runs, status, said, jobs) in [
        ("status", true, 0, "CC is running\n", String::new()),
        ("status", false, 3, "", String::new()),
        ("start", false, 0, "", start.clone()),
        ("start", true, 1, "another CC is already running!\n", String::new()),
        ("stop", true, 0, "", stop.clone()),
        ("restart", true, 0, "", format!("{stop}{start}")),
        ("cleanstart", false, 0, "", format!("{clean}{start}")),
        ("cleanstart", true, 1, "another CC is already running!\n", String::new()),
        ("cleanstop", true, 0, "", format!("{stop}{clean}")),
        ("cleanrestart", true, 0, "", format!("{stop}{clean}{start}")),
    ] {
        let text = format!(
            "#!/bin/sh\necho \"$@\" >> {}\n[ \"$2\" != is-active ] || exit {}\n",
            log.display(),
            i32::from(!runs) * 3
        );
        std::fs::write(&script, text).unwrap();
        std::fs::set_permissions(&script, PermissionsExt::from_mode(0o700)).unwrap();
        let _ = std::fs::remove_file(&log);
        let path = std::env::join_paths([folder.path(), "/usr/bin".as_ref(), "/bin".as_ref()]).unwrap();
        let mut command = Command::new(binary("eucalyptus-ccctl").unwrap());
        command.args(["--supervisor", "systemd", verb]).env("PATH", path).env_remove("EUCALYPTUS");
        assert_eq!(outcome(&mut command), says(status, said), "{verb}, running: {runs}");
        let asked = std::fs::read_to_string(&log).unwrap();
        assert_eq!(asked, format!("{active}{jobs}"), "{verb}, running: {runs}");
    }
}
