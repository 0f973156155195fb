//! A libvirtd of one's own, a bridge and a guest: what tests and demonstrations need to run real domains.
//!
//! Needs root, and the programs of Debian's libvirt-daemon, libvirt-daemon-driver-qemu, qemu-system-x86,
//! busybox-static, iproute2 and util-linux. Nothing of the host is changed for longer than the test, but for empty
//! directories that serve as mount points: libvirtd's directories, and the user and groups it insists on, are bound
//! over the host's in a mount namespace.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::libvirt::PROBE;

/// `stdio_handler` and the rest keep libvirtd from needing virtlogd, cgroups, namespaces and other users.
const QEMU_CONF: &str = "stdio_handler = \"file\"\nsecurity_driver = \"none\"\nnamespaces = []\n\
                         cgroup_controllers = []\nuser = \"root\"\ngroup = \"root\"\nremember_owner = 0\n";

/// Where it is to be as on a host of Debian's: consoles by way of virtlogd, and QEMU as a user who may do nothing, to
/// whom files are given that it is to have.
const LIKE_DEBIAN: [&str; 2] = [
    "stdio_handler = \"logd\"\nsecurity_driver = \"none\"\nnamespaces = []\ncgroup_controllers = []\n\
     user = \"libvirt-qemu\"\ngroup = \"kvm\"\ndynamic_ownership = 1\nremember_owner = 0\n",
    "max_size = 0\n",
];

/// Binds the private directories over the host's, then becomes libvirtd. `$1` is the private root, `$2` the cache.
const ENTER: &str = r#"
set -e
for name in etc/libvirt run/libvirt var/lib/libvirt var/log/libvirt var/cache/libvirt; do mkdir -p "/$name"; done
mount --bind "$1/etc" /etc/libvirt
mount --bind "$1/run" /run/libvirt
mount --bind "$1/lib" /var/lib/libvirt
mount --bind "$1/log" /var/log/libvirt
mount --bind "$2" /var/cache/libvirt
mount --bind "$1/passwd" /etc/passwd
mount --bind "$1/group" /etc/group
if [ -e "$1/virtlogd.conf" ]; then
    virtlogd --config "$1/virtlogd.conf" --pid-file "$1/virtlogd.pid" &
fi
exec libvirtd --config "$1/libvirtd.conf" --pid-file "$1/pid"
"#;

/// A libvirtd with its own socket and state. It can be killed, stopped and restarted while its domains go on, as
/// the real one can. Dropping it ends its domains and removes everything it wrote.
#[derive(Debug)]
pub struct PrivateLibvirtd {
    root: TempDir,
    cache: PathBuf,
    daemon: Option<Child>,
}

impl PrivateLibvirtd {
    /// Starts a libvirtd and waits until it answers. `cache` is a directory, made when absent, that keeps what
    /// libvirtd finds out about QEMU: the first start with an empty one takes some ten seconds.
    ///
    /// # Errors
    /// When a program is missing, or libvirtd does not answer within five minutes.
    pub async fn start(cache: &Path) -> io::Result<Self> {
        Self::configured(cache, QEMU_CONF, None).await
    }

    /// The same with what Debian's packages set: virtlogd has consoles, and QEMU runs as `libvirt-qemu`, who must be
    /// able to reach what guests are made of.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_like_debian(cache: &Path) -> io::Result<Self> {
        let [qemu, virtlogd] = LIKE_DEBIAN;
        Self::configured(cache, qemu, Some(virtlogd)).await
    }

    async fn configured(cache: &Path, qemu: &str, virtlogd: Option<&str>) -> io::Result<Self> {
        fs::create_dir_all(cache)?;
        // Short, because the socket's path may not be longer than 107 bytes.
        let root = tempfile::Builder::new().prefix("euca-libvirt-").tempdir_in("/tmp")?;
        let at = |name: &str| root.path().join(name);
        for directory in ["etc", "run", "lib", "log", "sock"] {
            fs::create_dir(at(directory))?;
        }
        fs::write(at("etc/qemu.conf"), qemu)?;
        if let Some(virtlogd) = virtlogd {
            fs::write(at("virtlogd.conf"), virtlogd)?;
        }
        let socket_dir = at("sock");
        let conf = format!(
            "unix_sock_dir = {socket_dir:?}\nauth_unix_rw = \"none\"\nauth_unix_ro = \"none\"\n\
             log_outputs = \"2:file:{}\"\n",
            at("libvirtd.log").display()
        );
        fs::write(at("libvirtd.conf"), conf)?;
        let passwd = fs::read_to_string("/etc/passwd")?;
        fs::write(
            at("passwd"),
            with_entry(passwd, "libvirt-qemu", "x:64055:64055::/nonexistent:/bin/false"),
        )?;
        let group = with_entry(fs::read_to_string("/etc/group")?, "libvirt-qemu", "x:64055:");
        fs::write(at("group"), with_entry(group, "kvm", "x:64056:"))?;
        let mut libvirtd = Self { root, cache: cache.canonicalize()?, daemon: None };
        libvirtd.restart().await?;
        Ok(libvirtd)
    }

    /// Where to connect.
    pub fn uri(&self) -> String {
        format!("qemu+unix:///system?socket={}", self.root.path().join("sock/libvirt-sock").display())
    }

    /// Ends libvirtd with SIGKILL. Domains go on.
    pub fn kill(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            let killed = daemon.kill().and_then(|()| daemon.wait());
            if let Err(error) = killed {
                tracing::warn!(%error, "the private libvirtd could not be killed");
            }
        }
    }

    /// Ends libvirtd as a service manager does, with SIGTERM and, after half a minute, SIGKILL. Domains go on.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn stop(&mut self) -> io::Result<()> {
        self.signal(Signal::SIGTERM)?;
        let stopped = Instant::now();
        while let Some(daemon) = &mut self.daemon
            && daemon.try_wait()?.is_none()
            && stopped.elapsed() < Duration::from_secs(30)
        {
            sleep(Duration::from_millis(50)).await;
        }
        self.kill();
        Ok(())
    }

    /// Kills libvirtd if it still runs, starts it anew and waits until it answers. It finds its domains again.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn restart(&mut self) -> io::Result<()> {
        self.kill();
        let log = fs::File::create(self.root.path().join("stderr"))?;
        let daemon = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-c", ENTER, "libvirtd"])
            .args([self.root.path(), &self.cache])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // A signal from the terminal is for the test, which then ends libvirtd itself.
            .process_group(0)
            .spawn()?;
        let uri = self.uri();
        let daemon = self.daemon.insert(daemon);
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(300) {
            if let Some(status) = daemon.try_wait()? {
                let said = fs::read_to_string(self.root.path().join("stderr"))?;
                return Err(io::Error::other(format!("libvirtd ended with {status}: {said}")));
            }
            let answer = tokio::process::Command::new("virsh")
                .args(["--connect", &uri, "version"])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .status();
            if let Ok(status) = tokio::time::timeout(Duration::from_secs(30), answer).await
                && status?.success()
            {
                return Ok(());
            }
            sleep(Duration::from_millis(100)).await;
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "libvirtd does not answer"))
    }

    /// SIGSTOP: libvirtd keeps its connections and answers nothing.
    ///
    /// # Errors
    /// When it does not run.
    pub fn suspend(&self) -> io::Result<()> {
        self.signal(Signal::SIGSTOP)
    }

    /// SIGCONT: libvirtd goes on where it stopped.
    ///
    /// # Errors
    /// When it does not run.
    pub fn resume(&self) -> io::Result<()> {
        self.signal(Signal::SIGCONT)
    }

    /// Process ids of its domains, by the files that libvirtd keeps; not that of the one by which the driver tries out
    /// its hypervisor.
    pub fn domain_pids(&self) -> Vec<i32> {
        self.pids(&["driver.pid", &format!("{PROBE}.pid")])
    }

    /// What the files say but for these: `driver.pid` is libvirtd's own.
    fn pids(&self, without: &[&str]) -> Vec<i32> {
        let files = fs::read_dir(self.root.path().join("run/qemu")).into_iter().flatten().flatten();
        let pids = files.map(|file| file.path()).filter(|path| {
            path.extension().is_some_and(|extension| extension == "pid")
                && !without.iter().any(|name| path.ends_with(name))
        });
        pids.filter_map(|path| fs::read_to_string(path).ok()?.trim().parse().ok()).collect()
    }

    /// Process id of one of them.
    pub fn domain_pid(&self, name: &str) -> Option<Pid> {
        let file = self.root.path().join("run/qemu").join(name).with_extension("pid");
        fs::read_to_string(file).ok()?.trim().parse().ok().map(Pid::from_raw)
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        let daemon = self.daemon.as_ref().ok_or(io::ErrorKind::NotFound)?;
        let pid = i32::try_from(daemon.id()).map_err(io::Error::other)?;
        kill(Pid::from_raw(pid), signal).map_err(io::Error::from)
    }
}

impl Drop for PrivateLibvirtd {
    fn drop(&mut self) {
        self.kill();
        for pid in self.pids(&["driver.pid"]) {
            let command = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            if command.contains("qemu") && kill(Pid::from_raw(pid), Signal::SIGKILL).is_err() {
                tracing::warn!(pid, "a domain of the private libvirtd could not be killed");
            }
        }
        let virtlogd = fs::read_to_string(self.root.path().join("virtlogd.pid"));
        if let Some(pid) = virtlogd.ok().and_then(|pid| pid.trim().parse().ok())
            && kill(Pid::from_raw(pid), Signal::SIGKILL).is_err()
        {
            tracing::warn!(pid, "the private virtlogd could not be killed");
        }
    }
}

/// The lines of a user or group file, with an entry for `name` if there is none.
fn with_entry(mut lines: String, name: &str, entry: &str) -> String {
    if !lines.lines().any(|line| line.split(':').next() == Some(name)) {
        lines.push_str(&format!("{name}:{entry}\n"));
    }
    lines
}

/// A bridge on this host without ports or addresses. Dropping it removes it.
#[derive(Debug)]
pub struct TestBridge {
    name: String,
}

impl TestBridge {
    /// Makes a bridge and brings it up. `name` must be free.
    ///
    /// # Errors
    /// When `ip` is missing or refuses.
    pub fn create(name: &str) -> io::Result<Self> {
        ip(&["link", "add", "name", name, "type", "bridge"])?;
        let bridge = Self { name: name.to_owned() };
        ip(&["link", "set", "dev", name, "up"])?;
        Ok(bridge)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestBridge {
    fn drop(&mut self) {
        if let Err(error) = ip(&["link", "delete", "dev", &self.name]) {
            tracing::warn!(bridge = self.name, %error, "a test bridge could not be removed");
        }
    }
}

/// A file as a block device of this host. Dropping it takes the device away and leaves the file.
#[derive(Debug)]
pub struct LoopDevice {
    path: PathBuf,
}

impl LoopDevice {
    /// A device of as many bytes as the file has.
    ///
    /// # Errors
    /// When `losetup` is missing or refuses.
    pub fn create(file: &Path) -> io::Result<Self> {
        let path = run(Command::new("losetup").args(["--find", "--show"]).arg(file))?;
        Ok(Self { path: path.trim().into() })
    }

    /// Its path, `/dev/loop<n>`.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for LoopDevice {
    fn drop(&mut self) {
        if let Err(error) = run(Command::new("losetup").arg("--detach").arg(&self.path)) {
            tracing::warn!(device = ?self.path, %error, "a loop device could not be removed");
        }
    }
}

fn ip(arguments: &[&str]) -> io::Result<()> {
    run(Command::new("ip").args(arguments)).map(drop)
}

/// Runs a program to its end; gives what it says.
fn run(command: &mut Command) -> io::Result<String> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("{command:?} ended with {}: {said}", output.status)))
}

/// The guest that `tests/guest/build-guest.sh` builds. Its console says `EUCA-GUEST-BOOT <n>`, where `n` counts
/// the boots of its disk; the ACPI power button ends it.
#[derive(Debug, Clone)]
pub struct TestGuest {
    /// Kernel image.
    pub kernel: PathBuf,
    /// Initial ramdisk.
    pub ramdisk: PathBuf,
    /// Bare root image of 2 MiB, ext2, with the counter at 0. Boot a copy.
    pub root: PathBuf,
}

impl TestGuest {
    /// Builds the guest into `directory` if it is not there yet. The first build downloads a kernel package.
    ///
    /// # Errors
    /// When the script fails; its output is in the message.
    pub fn build(directory: &Path) -> io::Result<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/guest/build-guest.sh");
        run(Command::new(script).arg(directory))?;
        Ok(Self {
            kernel: directory.join("kernel"),
            ramdisk: directory.join("ramdisk"),
            root: directory.join("root.img"),
        })
    }
}
