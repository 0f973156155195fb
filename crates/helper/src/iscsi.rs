//! open-iscsi: the sequence of storage.md §8.5 (REC), with what can go wrong.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use euca_command::{Command, CommandRunner, Output};
use tokio::net::lookup_host;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};

use crate::names::{Host, Secret, TargetName};

/// iSCSI's port.
const PORT: u16 = 3260;
/// The CHAP user of every volume (storage.md §8.1).
const USER: &str = "eucalyptus";
/// iscsiadm's exit code: there is a session already.
const SESSION_EXISTS: i32 = 15;
/// iscsiadm's exit code: no such record, no such session.
const NOTHING_THERE: i32 = 21;

/// Why it did not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0} has no address")]
    NoAddress(Host),
    #[error("the address of {0} cannot be found")]
    Lookup(Host, #[source] io::Error),
    #[error("{0} does not offer the target")]
    NotOffered(SocketAddr),
    #[error("{what} ended with {status}: {complaint}")]
    Exit { what: &'static str, status: std::process::ExitStatus, complaint: String },
    #[error(transparent)]
    Command(#[from] euca_command::Error),
    #[error("cannot write the target's record")]
    Record(#[source] io::Error),
    #[error("not done in time")]
    Late,
}

/// `iscsiadm` and its records.
pub(crate) struct OpenIscsi {
    runner: Arc<dyn CommandRunner>,
    program: PathBuf,
    /// Folder of the records: `<target>/<address>,<port>,<group>/default`, or without the group and `default`.
    records: PathBuf,
    limit: Duration,
    /// One at a time with each target: a logout that overtakes the login it is to undo undoes nothing.
    turns: Mutex<HashMap<TargetName, Weak<tokio::sync::Mutex<()>>>>,
}

impl OpenIscsi {
    pub fn new(runner: Arc<dyn CommandRunner>, program: PathBuf, records: PathBuf, limit: Duration) -> Self {
        Self { runner, program, records, limit, turns: Mutex::default() }
    }

    /// Discovers, writes user and password into the record, logs in. Gives the address of the session.
    pub async fn login(&self, target: &TargetName, host: &Host, secret: &Secret) -> Result<IpAddr, Error> {
        let end = Instant::now() + self.limit;
        let turn = self.turn(target);
        let _turn = timeout_at(end, turn.lock()).await.map_err(|_| Error::Late)?;
        let found = timeout_at(end, lookup_host((host.as_str(), PORT))).await.map_err(|_| Error::Late)?;
        let mut found = found.map_err(|error| Error::Lookup(host.clone(), error))?;
        let portal = found.next().ok_or_else(|| Error::NoAddress(host.clone()))?;
        let at = portal.to_string();
        // Only new records: those of sessions in use keep their passwords.
        self.run("discovery", &["-m", "discovery", "-t", "sendtargets", "-p", &at, "-o", "new"], end).await?;
        let node = ["-m", "node", "-T", target.as_str(), "-p", &at];
        let update = async |name, value| {
            let output =
                self.output(&[&node[..], &["-o", "update", "-n", name, "-v", value]].concat(), end).await?;
            match output.status.code() {
                Some(NOTHING_THERE) => Err(Error::NotOffered(portal)),
                _ => succeeded("update of the record", &output, None),
            }
        };
        // Without it open-iscsi does not use the password at all.
        update("node.session.auth.authmethod", "CHAP").await?;
        update("node.session.auth.username", USER).await?;
        let record = (self.records.clone(), target.clone(), secret.clone());
        let write = move || write_password(&record.0, &record.1, portal, &record.2);
        let written = spawn_blocking(write).await;
        written.unwrap_or_else(|_| Err(io::ErrorKind::Interrupted.into())).map_err(Error::Record)?;
        // The daemon knows which volumes are wanted; a boot of the host does not.
        update("node.startup", "manual").await?;
        let output = self.output(&[&node[..], &["--login"]].concat(), end).await?;
        succeeded("login", &output, Some(SESSION_EXISTS))?;
        Ok(portal.ip())
    }

    /// Ends all sessions with the target, and forgets it.
    pub async fn logout(&self, target: &TargetName) -> Result<(), Error> {
        let end = Instant::now() + self.limit;
        let turn = self.turn(target);
        let _turn = timeout_at(end, turn.lock()).await.map_err(|_| Error::Late)?;
        for (what, action) in
            [("logout", ["--logout"].as_slice()), ("deletion of the record", &["-o", "delete"])]
        {
            let node = ["-m", "node", "-T", target.as_str()];
            let output = self.output(&[&node[..], action].concat(), end).await?;
            succeeded(what, &output, Some(NOTHING_THERE))?;
        }
        Ok(())
    }

    fn turn(&self, target: &TargetName) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| turn.strong_count() > 0);
        if let Some(turn) = turns.get(target).and_then(Weak::upgrade) {
            return turn;
        }
        let turn = Arc::default();
        turns.insert(target.clone(), Arc::downgrade(&turn));
        turn
    }

    async fn run(&self, what: &'static str, arguments: &[&str], end: Instant) -> Result<(), Error> {
        succeeded(what, &self.output(arguments, end).await?, None)
    }

    async fn output(&self, arguments: &[&str], end: Instant) -> Result<Output, Error> {
        let left = end.saturating_duration_since(Instant::now());
        let command = Command::new(&self.program, left).arguments(arguments.iter().copied());
        tracing::debug!(%command, "runs");
        Ok(self.runner.run(command).await?)
    }
}

/// Puts the password into the records of the target at this portal. iscsiadm takes it only as an argument, which
/// everybody on the host can read. Blocks.
fn write_password(
    records: &Path,
    target: &TargetName,
    portal: SocketAddr,
    secret: &Secret,
) -> io::Result<()> {
    let portal = format!("{},{}", portal.ip(), portal.port());
    let mut written = 0;
    for entry in fs::read_dir(records.join(target.as_str()))? {
        let entry = entry?;
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(&portal));
        if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(',')) {
            continue;
        }
        let record = if entry.file_type()?.is_dir() { entry.path().join("default") } else { entry.path() };
        let text = with_password(&fs::read_to_string(&record)?, secret);
        // One login at a time with each target.
        replace(&record, &records.join(format!(".nc-helper-{target}")), &text)?;
        written += 1;
    }
    if written == 0 { Err(io::ErrorKind::NotFound.into()) } else { Ok(()) }
}

/// The record with this password. The line goes before the end mark, behind which nothing is read.
fn with_password(record: &str, secret: &Secret) -> String {
    const NAME: &str = "node.session.auth.password";
    let of_password = |line: &&str| line.split_once('=').is_some_and(|(name, _)| name.trim() == NAME);
    let mut text = String::new();
    for line in record.lines().filter(|line| !of_password(line) && !line.starts_with("# END RECORD")) {
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(&format!("{NAME} = {}\n# END RECORD\n", secret.reveal()));
    text
}

/// Replaces a file. Written aside and renamed, so that iscsiadm never reads half of it; for root's eyes only.
fn replace(path: &Path, aside: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(aside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(aside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(aside, path)
}

/// Whether a program did what it should; `also` is an exit code that is as good.
fn succeeded(what: &'static str, output: &Output, also: Option<i32>) -> Result<(), Error> {
    if output.status.success() || (also.is_some() && output.status.code() == also) {
        return Ok(());
    }
    Err(Error::Exit { what, status: output.status, complaint: output.complaint() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_replaces_another_and_touches_nothing_else() {
        let secret = Secret::new("AbCdEfGhIjKl=.").unwrap();
        let record = "# BEGIN RECORD 2.1.8\nnode.name = iqn.a\nnode.session.auth.password = old=\n\
                      node.session.auth.password_in = in\n# END RECORD\n";
        let expected = "# BEGIN RECORD 2.1.8\nnode.name = iqn.a\nnode.session.auth.password_in = in\n\
                        node.session.auth.password = AbCdEfGhIjKl=.\n# END RECORD\n";
        assert_eq!(with_password(record, &secret), expected);
        assert_eq!(with_password(expected, &secret), expected);
    }

    const PROGRAM: &str = "/usr/sbin/iscsiadm";

    /// A record of the real iscsiadm, in its real place. It goes with this.
    struct RealRecord(TargetName);

    impl RealRecord {
        fn iscsiadm(&self, arguments: &[&str]) -> std::process::Output {
            let node = ["-m", "node", "-T", self.0.as_str(), "-p", "127.0.0.5:3260"];
            std::process::Command::new(PROGRAM).args(node).args(arguments).output().unwrap()
        }
    }

    impl Drop for RealRecord {
        fn drop(&mut self) {
            self.iscsiadm(&["-o", "delete"]);
            let discovery = ["-m", "discovery", "-p", "127.0.0.5:3260", "-o", "delete"];
            let _ = std::process::Command::new(PROGRAM).args(discovery).output();
        }
    }

    /// As far as open-iscsi gets without a kernel that speaks iSCSI: the records are its own, the sessions are not.
    #[tokio::test]
    async fn the_real_iscsiadm_reads_what_is_written_and_says_what_is_expected() {
        let name = format!("iqn.2009-06.com.eucalyptus.test:nc-helper-{}", std::process::id());
        let record = RealRecord(TargetName::new(name).unwrap());
        let runner = Arc::new(euca_command::Programs::default());
        let limit = Duration::from_secs(10);
        let iscsi = OpenIscsi::new(runner, PROGRAM.into(), "/etc/iscsi/nodes".into(), limit);
        iscsi.logout(&record.0).await.unwrap();
        let secret = Secret::new("AbCdEfGhIjKlMnOpQrStUvWx_-8.").unwrap();
        let portal = "127.0.0.5:3260".parse().unwrap();
        assert!(
            write_password(&iscsi.records, &record.0, portal, &secret).is_err(),
            "there is no record yet"
        );
        let absent = record.iscsiadm(&["-o", "update", "-n", "node.startup", "-v", "manual"]);
        assert_eq!(absent.status.code(), Some(NOTHING_THERE));

        assert!(record.iscsiadm(&["-o", "new"]).status.success());
        for (name, value) in [
            ("node.session.auth.authmethod", "CHAP"),
            ("node.session.auth.username", USER),
            ("node.startup", "manual"),
        ] {
            assert!(record.iscsiadm(&["-o", "update", "-n", name, "-v", value]).status.success(), "{name}");
        }
        write_password(&iscsi.records, &record.0, portal, &secret).unwrap();
        let shown = String::from_utf8(record.iscsiadm(&["-S"]).stdout).unwrap();
        for line in [
            "node.startup = manual",
            "node.session.auth.authmethod = CHAP",
            "node.session.auth.username = eucalyptus",
            "node.session.auth.password = AbCdEfGhIjKlMnOpQrStUvWx_-8.",
        ] {
            assert!(shown.contains(&format!("{line}\n")), "{line} missing in {shown}");
        }
        iscsi.logout(&record.0).await.unwrap();
        assert!(!Path::new("/etc/iscsi/nodes").join(record.0.as_str()).exists());
        // Nobody listens there; and a kernel without iSCSI does not even ask.
        let refused = iscsi.login(&record.0, &Host::new("127.0.0.5").unwrap(), &secret).await;
        assert!(
            matches!(refused, Err(Error::Exit { what: "discovery", .. } | Error::Command(_))),
            "{refused:?}"
        );
    }
}
