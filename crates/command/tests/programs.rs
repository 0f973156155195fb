//! Real programs of this host.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests, which clippy does not recognise as such"
)]

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::time::Duration;

use euca_command::{Command, CommandRunner as _, Error, MAX_OUTPUT, Output, Programs};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::time::sleep;

/// Long enough for anything that is expected to end.
const PATIENCE: Duration = Duration::from_secs(60);
/// For what is expected never to end.
const SHORT: Duration = Duration::from_millis(300);

async fn run(program: &str, arguments: &[&str]) -> Result<Output, Error> {
    Programs::default().run(Command::new(program, PATIENCE).arguments(arguments)).await
}

/// What the program said, which must have succeeded.
async fn said(program: &str, arguments: &[&str]) -> String {
    let output = run(program, arguments).await.unwrap();
    assert!(output.status.success(), "{program}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A shell that starts a child, writes the ids of both into `folder`, and never ends.
fn endless(folder: &Path, deadline: Duration) -> Command {
    let script = "sleep 1000 & echo $! > $0/child; echo $$ > $0/leader; wait";
    Command::new("sh", deadline).arguments(["-c".as_ref(), script.as_ref(), folder.as_os_str()])
}

/// The process whose id is in the file, once it is there.
async fn process(file: &Path) -> i32 {
    for _ in 0..12_000 {
        if let Some(id) = std::fs::read_to_string(file).ok().and_then(|text| text.trim().parse().ok()) {
            return id;
        }
        sleep(Duration::from_millis(5)).await;
    }
    panic!("{} is not written", file.display());
}

/// Its state in the kernel's table; nothing when it is not there any more.
fn state(id: i32) -> Option<char> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    text.rsplit_once(") ")?.1.chars().next()
}

/// Waits until the leader is gone and reaped, and its child dead: who adopts that one reaps it, or not.
async fn both_gone(folder: &Path) {
    let (leader, child) = (process(&folder.join("leader")).await, process(&folder.join("child")).await);
    for _ in 0..1000 {
        if state(leader).is_none() && state(child).is_none_or(|state| state == 'Z') {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("leader {:?}, child {:?}", state(leader), state(child));
}

#[tokio::test]
async fn a_program_ends_with_its_status_and_what_it_said() {
    let output = run("sh", &["-c", "echo out; echo first >&2; echo second >&2; exit 3"]).await.unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!((output.stdout.as_slice(), output.complaint().as_str()), (&b"out\n"[..], "first"));
    assert!(!output.truncated);
    assert_eq!(run("false", &[]).await.unwrap(), Output::exit(1));
    let killed = run("sh", &["-c", "kill -9 $$"]).await.unwrap();
    assert_eq!(killed.status.signal(), Some(9));
}

#[tokio::test]
async fn arguments_are_no_shells_words() {
    let odd = ["$HOME", "a b", "; exit 1", "`true`", "", "*", "'\""];
    let arguments: Vec<_> = ["[%s]"].into_iter().chain(odd).collect();
    let expected: String = odd.iter().map(|word| format!("[{word}]")).collect();
    assert_eq!(said("printf", &arguments).await, expected);
    let command = Command::new("/bin/x", PATIENCE).arguments(["-b", "10.0.0.255", "", "a b"]);
    assert_eq!(command.to_string(), r#"/bin/x -b 10.0.0.255 "" "a b""#);
}

#[tokio::test]
async fn nothing_of_the_daemons_surroundings_reaches_a_program() {
    let mut environment: Vec<_> = said("env", &[]).await.lines().map(str::to_owned).collect();
    environment.sort();
    assert_eq!(environment.len(), 3, "{environment:?}");
    assert!(environment[0] == "HOME=/" && environment[1] == "LC_ALL=C");
    assert!(environment[2].starts_with("PATH=/usr/local/sbin:"));
    let command = Command::new("env", PATIENCE).environment([("S3_URL", "http://a b"), ("LC_ALL", "x")]);
    let output = Programs::default().run(command).await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 4, "{text}");
    assert!(
        text.contains("S3_URL=http://a b\n") && text.contains("LC_ALL=x\n"),
        "what its caller adds: {text}"
    );
    assert_eq!(said("pwd", &[]).await, "/\n");
    let open = tempfile::NamedTempFile::with_prefix("euca-not-for-programs").unwrap();
    assert!(!said("ls", &["-l", "/proc/self/fd"]).await.contains("euca-not-for-programs"));
    drop(open);
    assert_eq!(said("readlink", &["/proc/self/fd/0"]).await, "/dev/null\n");
}

#[tokio::test]
async fn input_is_fed_and_need_not_be_read() {
    let input = vec![b'x'; 300_000];
    let command = |program: &str| Command::new(program, PATIENCE).input(input.clone());
    let counted = Programs::default().run(command("wc").arguments(["-c"])).await.unwrap();
    assert_eq!(counted.stdout, b"300000\n");
    assert!(Programs::default().run(command("true")).await.unwrap().status.success());
}

#[tokio::test]
async fn output_is_kept_up_to_the_limit_and_read_to_its_end() {
    let output = run("sh", &["-c", "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2"]).await.unwrap();
    assert!(output.status.success() && output.truncated);
    assert_eq!((output.stdout.len(), output.stderr.len()), (MAX_OUTPUT, MAX_OUTPUT));
    let exact = run("head", &["-c", &MAX_OUTPUT.to_string(), "/dev/zero"]).await.unwrap();
    assert!(!exact.truncated && exact.stdout.len() == MAX_OUTPUT);
}

#[tokio::test]
async fn a_program_that_is_not_over_at_its_deadline_dies_with_all_it_has_started() {
    let folder = tempfile::tempdir().unwrap();
    // Long enough for it to have started its child.
    let deadline = Duration::from_secs(3);
    let error = Programs::default().run(endless(folder.path(), deadline)).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut { .. }));
    assert_eq!(error.to_string(), "sh has not ended within 3s");
    both_gone(folder.path()).await;
}

#[tokio::test]
async fn a_program_nobody_waits_for_any_more_dies_with_all_it_has_started() {
    let folder = tempfile::tempdir().unwrap();
    let command = endless(folder.path(), PATIENCE);
    let waiting = tokio::spawn(async move { Programs::default().run(command).await });
    process(&folder.path().join("leader")).await;
    waiting.abort();
    both_gone(folder.path()).await;
}

#[tokio::test]
async fn what_a_program_leaves_in_the_background_is_neither_waited_for_nor_killed() {
    let child: i32 = said("sh", &["-c", "sleep 1000 & echo $!"]).await.trim().parse().unwrap();
    assert!(state(child).is_some_and(|state| state != 'Z'));
    kill(Pid::from_raw(child), Signal::SIGKILL).unwrap();
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    for program in ["euca-no-such-program", "/nonexistent/program", "/etc/passwd"] {
        let error = run(program, &[]).await.unwrap_err();
        assert!(matches!(error, Error::Start { .. }));
        assert_eq!(error.to_string(), format!("cannot start {program}"));
    }
}

#[tokio::test]
async fn the_wait_for_a_turn_counts_against_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let programs = std::sync::Arc::new(Programs::new(1));
    let first = tokio::spawn({
        let (programs, command) = (programs.clone(), endless(folder.path(), PATIENCE));
        async move { programs.run(command).await }
    });
    process(&folder.path().join("leader")).await;
    let second = programs.run(Command::new("true", SHORT)).await;
    assert!(matches!(second, Err(Error::TimedOut { .. })));
    first.abort();
    both_gone(folder.path()).await;
    assert!(programs.run(Command::new("true", PATIENCE)).await.unwrap().status.success());
}
