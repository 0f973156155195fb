//! Clusters joined by vtun, where some have the original's controller (network.md §11.1 to §11.6).
//!
//! ```text
//!   eucabr10 ─┬─ tap-0-1.10 ── tap-0-1 ── vtund -p tun-0-1 ═══ TCP ══► vtund -s ── tap-0-1 ── tap-0-1.10 ─┬─ eucabr10
//!             └─ tap-1-0.10 ── tap-1-0 ── vtund -s ◄══ TCP ═══ vtund -p tun-1-0 ── tap-1-0 ── tap-1-0.10 ─┘
//! ```
//! Each pair of clusters has two ways, each cluster is a bridge between others: the spanning tree protocol has to break
//! the loops. Devices are there before vtund takes their other ends, and stay when it dies.
//!
//! One task owns each process and starts it again when it dies, later each time. A server leaves a process behind for
//! each connection: they are of its group. vtund writes over its arguments, so that what a former life has left behind
//! is known by name, and by the group that the pid file says.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use euca_vnet::MAX_PEERS;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::{Mutex, oneshot};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{sleep, timeout};

use crate::files::{read, remove, replace};
use crate::process::{self, GRACE, Pauses, Process};
use crate::secret::Secret;

/// TCP port of every server.
pub const PORT: u16 = 5000;
const PROGRAM: &str = "vtund";
/// Where the program is looked for. The user's own settings do not count.
const PATH: &str = "/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The server's pid file, and what the names of the clients' begin with.
const SERVER: &str = "vtund-server";
const CLIENT: &str = "vtund-client-";
/// Bytes of a password: the CLC's have 512 with usual keys.
const MAX_PASSWORD: usize = 4096;
/// `encrypt yes` is Blowfish, which OpenSSL 3 has in its legacy provider only; vtund crashes without.
const OPENSSL: &str = "openssl_conf = vtun\n\
    [vtun]\n\
    providers = providers\n\
    [providers]\n\
    default = active\n\
    legacy = active\n\
    [active]\n\
    activate = 1\n";

/// The processes there are to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vtun {
    /// The text of `vtunall.conf`.
    pub configuration: Secret,
    /// The place of this cluster.
    pub own: usize,
    /// The places and addresses of the others.
    pub peers: Vec<(usize, Ipv4Addr)>,
}

impl Vtun {
    /// What `vtund` is called with, by the name of the pid file.
    fn calls(&self, file: &Path) -> BTreeMap<String, Vec<OsString>> {
        let call = |first: &[&str], then: &[&str]| {
            let before = first.iter().map(OsString::from).chain([file.into()]);
            before.chain(then.iter().map(OsString::from)).collect()
        };
        let own = self.own;
        let client = |(place, address): &(usize, Ipv4Addr)| {
            let then = ["-p", &format!("tun-{own}-{place}"), &address.to_string()];
            (format!("{CLIENT}{own}-{place}"), call(&["-n", "-f"], &then))
        };
        let server = (SERVER.to_owned(), call(&["-s", "-n", "-f"], &[]));
        self.peers.iter().map(client).chain([server]).collect()
    }
}

/// The text of `vtunall.conf` with this password, whoever it is for. Nothing for a password with something in it that
/// vtund would not take for a part of it.
pub fn configuration(password: &Secret) -> Option<Secret> {
    let Secret(password) = password;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if password.len() > MAX_PASSWORD || !password.bytes().all(is_plain) {
        return None;
    }
    // Nothing is to be done to devices: they are up already, and are to stay so.
    let mut text = format!(
        "options {{\n  port {PORT};\n  syslog daemon;\n}}\n\n\
         default {{\n  compress no;\n  encrypt yes;\n  speed 0;\n  proto tcp;\n}}\n"
    );
    for (client, server) in pairs() {
        let _ = write!(
            text,
            "\ntun-{client}-{server} {{\n  passwd {password};\n  type ether;\n  keepalive yes;\n  \
             device {};\n}}\n",
            tap(client, server)
        );
    }
    Some(Secret(text))
}

/// Places of client and server of all ways there may be.
fn pairs() -> impl Iterator<Item = (usize, usize)> {
    let places = (0..MAX_PEERS).flat_map(|client| (0..MAX_PEERS).map(move |server| (client, server)));
    places.filter(|(client, server)| client != server)
}

/// The device of a way, at both its ends.
pub fn tap(client: usize, server: usize) -> String {
    format!("tap-{client}-{server}")
}

/// Whether a device is that of a way, or with a dot that of a VLAN on it.
pub fn is_tap(name: &str, tagged: bool) -> bool {
    let (tap, tag) = name.split_once('.').map_or((name, None), |(tap, tag)| (tap, Some(tag)));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    tag.is_some() == tagged
        && tag.is_none_or(is_number)
        && pairs().any(|(client, server)| tap == self::tap(client, server))
}

/// Why vtund does not run as it should.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its files cannot be written.
    #[error("cannot write the files of vtun")]
    Files(#[source] io::Error),
    /// It does not run.
    #[error(transparent)]
    Process(#[from] process::Error),
}

/// The processes of vtun on this host. They are ended when this is dropped.
#[derive(Debug)]
pub struct Vtund {
    files: Files,
    kept: Mutex<Kept>,
}

#[derive(Debug, Clone)]
struct Files {
    configuration: PathBuf,
    openssl: PathBuf,
    /// Where the pid files are.
    run: PathBuf,
}

#[derive(Debug, Default)]
struct Kept {
    /// What is so; nothing as long as nobody knows.
    reached: Option<Option<Vtun>>,
    /// Whether those of a former life are ended.
    alone: bool,
    keepers: BTreeMap<String, Keeper>,
}

/// Who owns a process, until the sender is gone.
#[derive(Debug)]
struct Keeper {
    call: Vec<OsString>,
    end: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Vtund {
    /// None runs yet, except those of a former life. `keys` is the folder of `vtunall.conf`, `run` that of the pid
    /// files.
    pub fn new(keys: &Path, run: &Path) -> Self {
        let files = Files {
            configuration: keys.join("vtunall.conf"),
            openssl: run.join("vtund-openssl.conf"),
            run: run.to_owned(),
        };
        Self { files, kept: Mutex::default() }
    }

    /// Has these processes run, and no others. What runs already goes on.
    ///
    /// # Errors
    /// When files cannot be written; what was over has ended.
    pub async fn follow(&self, wanted: Option<&Vtun>) -> Result<(), Error> {
        let mut kept = self.kept.lock().await;
        if kept.reached.as_ref().is_some_and(|reached| reached.as_ref() == wanted) {
            return Ok(());
        }
        let before = kept.reached.take();
        let calls = wanted.map(|wanted| wanted.calls(&self.files.configuration)).unwrap_or_default();
        let before = before.flatten().map(|before| before.configuration);
        let same = before.as_ref() == wanted.map(|wanted| &wanted.configuration);
        for (name, keeper) in &mut kept.keepers {
            if !same || calls.get(name) != Some(&keeper.call) {
                keeper.end = None;
            }
        }
        // All of them end at once. One that nobody waits for to the end is waited for the next time.
        while let Some((name, keeper)) = kept.keepers.iter_mut().find(|(_, keeper)| keeper.end.is_none()) {
            let _ = (&mut keeper.task).await;
            let name = name.clone();
            kept.keepers.remove(&name);
        }
        if !kept.alone {
            self.end_former().await?;
            kept.alone = true;
        }
        if let Some(Vtun { configuration: Secret(text), .. }) = wanted {
            let text = text.clone();
            self.files.with(move |files| files.write(&text)).await?;
        }
        for (name, call) in calls {
            let files = self.files.clone();
            kept.keepers.entry(name).or_insert_with_key(|name| Keeper::new(name.clone(), call, files));
        }
        kept.reached = Some(wanted.cloned());
        Ok(())
    }

    /// Ends what pid files say that it is of a former life, ours or the original's.
    async fn end_former(&self) -> Result<(), Error> {
        for (file, group) in self.files.with(|files| Ok(files.former())).await? {
            if let Some(group) = group {
                end(group).await;
                // The original's may be root's.
                if kill(Pid::from_raw(group), None) == Err(nix::Error::EPERM) {
                    let file = file.display();
                    tracing::warn!(%file, group, "a process of another user: if it is vtund, end it by hand");
                }
            }
            self.files.with(move |_| remove(&file)).await?;
        }
        Ok(())
    }
}

impl Files {
    async fn with<T: Send + 'static>(
        &self,
        action: impl FnOnce(&Self) -> io::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let files = self.clone();
        match spawn_blocking(move || action(&files)).await {
            Ok(done) => done.map_err(Error::Files),
            Err(_) => Err(process::Error::Over.into()),
        }
    }

    fn write(&self, configuration: &str) -> io::Result<()> {
        std::fs::create_dir_all(&self.run)?;
        replace(&self.openssl, OPENSSL, 0o644)?;
        replace(&self.configuration, configuration, 0o600)
    }

    fn pid(&self, name: &str) -> PathBuf {
        self.run.join(format!("{name}.pid"))
    }

    /// All pid files of vtund, and the ids in them.
    fn former(&self) -> Vec<(PathBuf, Option<i32>)> {
        let names = pairs().map(|(client, server)| format!("{CLIENT}{client}-{server}"));
        let files = names.chain([SERVER.to_owned()]).map(|name| self.pid(&name));
        let present = files.filter(|file| file.symlink_metadata().is_ok());
        let id = |file: &Path| read(file).ok()?.trim().parse().ok().filter(|id| *id > 1);
        present
            .map(|file| {
                let id = id(&file);
                (file, id)
            })
            .collect()
    }
}

impl Keeper {
    fn new(name: String, call: Vec<OsString>, files: Files) -> Self {
        let (end, over) = oneshot::channel();
        let task = tokio::spawn(keep(name, call.clone(), files, over));
        Self { call, end: Some(end), task }
    }
}

/// Keeps a process running until `over`.
async fn keep(name: String, call: Vec<OsString>, files: Files, mut over: oneshot::Receiver<()>) {
    let mut pauses = Pauses::default();
    let pid = files.pid(&name);
    let environment = [("PATH", OsStr::new(PATH)), ("OPENSSL_CONF", files.openssl.as_os_str())];
    loop {
        let error = match Process::start(Path::new(PROGRAM), call.clone(), &environment).await {
            Ok(mut process) => {
                let id = process.id();
                if let Some(id) = id {
                    let pid = pid.clone();
                    if let Err(error) = files.with(move |_| replace(&pid, &format!("{id}\n"), 0o644)).await {
                        tracing::warn!(name, error = euca_observe::chain(&error), "vtund has no pid file");
                    }
                }
                tracing::info!(name, id, "vtund runs");
                let is_over = tokio::select! {
                    biased;
                    _ = &mut over => true,
                    () = process.ended() => false,
                };
                if let Some(id) = id {
                    end(id).await;
                }
                if is_over {
                    break;
                }
                pauses.lived(process.age());
                process.last_words().await
            }
            Err(error) => error,
        };
        tracing::warn!(name, error = euca_observe::chain(&error), "vtund does not run");
        if timeout(pauses.next(), &mut over).await.is_ok() {
            break;
        }
    }
    let _ = files.with(move |_| remove(&pid)).await;
}

/// Ends the processes of this group, whoever has started them.
async fn end(group: i32) {
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        for id in members(group).await.unwrap_or_default() {
            // Gone meanwhile is as good.
            let _ = kill(Pid::from_raw(id), signal);
        }
        let gone = async {
            while !members(group).await.is_ok_and(|members| members.is_empty()) {
                sleep(Duration::from_millis(20)).await;
            }
        };
        if timeout(GRACE, gone).await.is_ok() {
            return;
        }
    }
    tracing::error!(group, "vtund does not end");
}

/// The processes of vtund that are alive, of this group, or the process of this id and what it has started.
async fn members(group: i32) -> io::Result<Vec<i32>> {
    let found = spawn_blocking(move || -> io::Result<Vec<i32>> {
        let entries = std::fs::read_dir("/proc")?.flatten();
        let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let is_member = |id: &i32| {
            let stat = read(Path::new(&format!("/proc/{id}/stat"))).unwrap_or_default();
            is_member(&stat, *id, group)
        };
        Ok(ids.filter(is_member).collect())
    });
    found.await.map_err(io::Error::other)?
}

/// Whether that is the line of `/proc/<id>/stat` (proc(5)) of a vtund of this group.
fn is_member(stat: &str, id: i32, group: i32) -> bool {
    let Some((_, rest)) = stat.split_once(&format!(" ({PROGRAM}) ")) else { return false };
    let mut words = rest.split(' ');
    let is_alive = words.next().is_some_and(|state| !["Z", "X"].contains(&state));
    is_alive && (id == group || words.take(2).any(|word| word.parse() == Ok(group)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn vtun(own: usize, peers: &[(usize, [u8; 4])]) -> Vtun {
        let configuration = configuration(&Secret("secret".to_owned())).unwrap();
        Vtun {
            configuration,
            own,
            peers: peers.iter().map(|(place, peer)| (*place, (*peer).into())).collect(),
        }
    }

    #[test]
    fn net_t229_every_way_has_a_section_with_the_password() {
        let Secret(text) = vtun(0, &[]).configuration;
        assert!(text.starts_with(
            "options {\n  port 5000;\n  syslog daemon;\n}\n\n\
             default {\n  compress no;\n  encrypt yes;\n  speed 0;\n  proto tcp;\n}\n\n\
             tun-0-1 {\n  passwd secret;\n  type ether;\n  keepalive yes;\n  device tap-0-1;\n}\n\n\
             tun-0-2 {\n"
        ));
        assert_eq!(text.matches("\n  passwd secret;\n").count(), 56);
        for (client, server) in pairs() {
            let section = format!("\ntun-{client}-{server} {{\n");
            let (_, rest) = text.split_once(&section).unwrap();
            let device = format!("  device tap-{client}-{server};\n");
            assert!(rest.split_once('}').unwrap().0.contains(&device), "{section}");
        }
    }

    #[test]
    fn what_vtund_would_take_for_something_else_is_no_password() {
        let is_password = |text: &str| configuration(&Secret(text.to_owned())).is_some();
        assert!(is_password(&"0123456789abcdef".repeat(32)), "the CLC's");
        assert!(is_password("A-b_c.9"));
        for hostile in ["a b", "a;", "a}", "a{", "\"a\"", "a\nb", "a#b", "a\\b", "a:b", "é", "a\0", "%a"] {
            assert!(!is_password(hostile), "{hostile:?}");
        }
        assert!(!is_password(&"a".repeat(MAX_PASSWORD + 1)));
    }

    #[test]
    fn net_t230_one_server_and_a_client_for_each_peer() {
        let calls = |vtun: Vtun| -> Vec<(String, String)> {
            let calls = vtun.calls(Path::new("/keys/vtunall.conf")).into_iter();
            let words = |call: Vec<OsString>| call.join(std::ffi::OsStr::new(" ")).into_string().unwrap();
            calls.map(|(name, call)| (name, words(call))).collect()
        };
        let row = |name: &str, call: &str| (name.to_owned(), call.to_owned());
        assert_eq!(
            calls(vtun(0, &[(1, [192, 168, 7, 3])])),
            [
                row("vtund-client-0-1", "-n -f /keys/vtunall.conf -p tun-0-1 192.168.7.3"),
                row("vtund-server", "-s -n -f /keys/vtunall.conf"),
            ]
        );
        let three = calls(vtun(2, &[(0, [192, 168, 7, 1]), (1, [192, 168, 7, 2])]));
        assert_eq!(three.len(), 3);
        assert_eq!(three[1], row("vtund-client-2-1", "-n -f /keys/vtunall.conf -p tun-2-1 192.168.7.2"));
    }

    #[tokio::test]
    async fn what_nobody_has_waited_for_is_ended_the_next_time() {
        let folder = tempfile::tempdir().unwrap();
        let vtund = Vtund::new(folder.path(), folder.path());
        let (end, over) = oneshot::channel();
        let (go, gone) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let _ = over.await;
            let _ = gone.await;
        });
        let keeper = Keeper { call: vec![], end: Some(end), task };
        vtund.kept.lock().await.keepers.insert(SERVER.to_owned(), keeper);
        assert!(timeout(Duration::from_millis(50), vtund.follow(None)).await.is_err());
        assert!(vtund.kept.lock().await.keepers.contains_key(SERVER));
        go.send(()).unwrap();
        vtund.follow(None).await.unwrap();
        assert!(vtund.kept.lock().await.keepers.is_empty());
    }

    #[test]
    fn devices_are_known_by_their_names() {
        for (name, tagged, ours) in [
            ("tap-0-1", false, true),
            ("tap-7-6", false, true),
            ("tap-0-1.10", true, true),
            ("tap-0-1.10", false, false),
            ("tap-0-1", true, false),
            ("tap-0-0", false, false),
            ("tap-0-8", false, false),
            ("tap-0-1.", true, false),
            ("tap-0-1.x", true, false),
            ("tap0", false, false),
            ("tap-00-1", false, false),
        ] {
            assert_eq!(is_tap(name, tagged), ours, "{name}");
        }
    }

    #[test]
    fn processes_are_known_by_their_name_and_their_group() {
        for (stat, member) in [
            ("7 (vtund) S 1 5 5 0 -1", true),
            ("5 (vtund) S 1 5 5 0 -1", true),
            ("7 (vtund) S 5 1 1 0 -1", true),
            ("5 (vtund) R 1 9 9 0 -1", true),
            ("7 (vtund) S 1 55 5 0 -1", false),
            ("7 (vtund) Z 1 5 5 0 -1", false),
            ("7 (bash) S 1 5 5 0 -1", false),
            ("7 (a (vtund) b) S 1 5 5 0 -1", false),
            ("", false),
        ] {
            let id = stat.split(' ').next().unwrap().parse().unwrap_or_default();
            assert_eq!(is_member(stat, id, 5), member, "{stat}");
        }
    }
}
