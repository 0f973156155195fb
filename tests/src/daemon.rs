//! A daemon as a process: started as a service manager starts it, waited for until READY, stopped with SIGTERM.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{Signal, kill};
use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

use crate::home::Home;

/// How long a daemon may take to be ready, and to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    notifications: UnixDatagram,
    started: Instant,
    ready_after: Duration,
}

impl Daemon {
    /// Starts `cc-daemon` or `nc-daemon` on an installation and waits until it says READY.
    ///
    /// # Errors
    /// It ends or stays silent; the message has what it printed.
    pub fn start(program: &str, home: &Home) -> Result<Self> {
        Self::start_with(program, home, |_| {})
    }

    /// As [`Daemon::start`], with a say in the command.
    ///
    /// # Errors
    /// As [`Daemon::start`].
    pub fn start_with(program: &str, home: &Home, adjust: impl FnOnce(&mut Command)) -> Result<Self> {
        let socket = home.path().join(format!("notify-{program}"));
        let _ = std::fs::remove_file(&socket);
        let notifications = UnixDatagram::bind(&socket)?;
        notifications.set_read_timeout(Some(Duration::from_millis(20)))?;
        let output = std::fs::File::create(home.path().join(format!("{program}.output")))?;
        let mut command = Command::new(binary(program)?);
        command
            .arg("--home")
            .arg(home.path())
            .env("NOTIFY_SOCKET", &socket)
            .env_remove("EUCALYPTUS")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        adjust(&mut command);
        let started = Instant::now();
        let child = command.spawn().with_context(|| format!("starting {program}"))?;
        let mut daemon = Self { child, notifications, started, ready_after: Duration::ZERO };
        while started.elapsed() < PATIENCE {
            if daemon.notification().is_some_and(|text| text.contains("READY=1")) {
                daemon.ready_after = daemon.started.elapsed();
                return Ok(daemon);
            }
            if let Some(status) = daemon.child.try_wait()? {
                bail!("{program} ended with {status}: {}", output_of(program, home));
            }
        }
        bail!("{program} is not ready after {PATIENCE:?}: {}", output_of(program, home));
    }

    /// The next message to the service manager, waiting at most 20 ms.
    pub fn notification(&self) -> Option<String> {
        let mut buffer = [0; 4096];
        let length = self.notifications.recv(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(buffer.get(..length)?).into_owned())
    }

    /// From start to READY.
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// Process id.
    pub fn pid(&self) -> Pid {
        pid_of(&self.child)
    }

    /// Sends a signal.
    ///
    /// # Errors
    /// The kernel's.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill(self.pid(), signal)?)
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Resident memory in KiB, as the kernel counts it (`VmRSS`), and its peak (`VmHWM`).
    ///
    /// # Errors
    /// The process is gone.
    pub fn resident_kib(&self) -> Result<(u64, u64)> {
        Ok((self.kib("status", "VmRSS")?, self.kib("status", "VmHWM")?))
    }

    /// Resident memory in KiB, with each shared page divided among those who share it (`Pss`).
    ///
    /// # Errors
    /// The process is gone.
    pub fn proportional_kib(&self) -> Result<u64> {
        self.kib("smaps_rollup", "Pss")
    }

    /// A line `name: number kB` of a file that the kernel shows of the process.
    fn kib(&self, file: &str, name: &str) -> Result<u64> {
        let text = std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id()))?;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let number = value.and_then(|value| value.trim().split(' ').next()?.parse().ok());
        number.with_context(|| format!("no {name} in {file}"))
    }

    /// Processor time used so far, see [`cpu_time`].
    ///
    /// # Errors
    /// The process is gone.
    pub fn cpu_time(&self) -> Result<Duration> {
        cpu_time(self.pid())
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Errors
    /// It does not end in time; it is killed then.
    pub fn stop(mut self) -> Result<ExitStatus> {
        self.signal(Signal::SIGTERM)?;
        self.wait()
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// It does not end in time.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            // Waits on the socket, which wakes up as soon as the daemon says something.
            let _ = self.notification();
        }
        bail!("process {} does not end", self.child.id());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.is_running() {
            let _ = self.signal(Signal::SIGTERM);
            if self.wait().is_err() {
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
        }
    }
}

/// Process id of a child.
pub fn pid_of(child: &Child) -> Pid {
    // A process id is positive and below 2^22.
    Pid::from_raw(i32::try_from(child.id()).unwrap_or_default())
}

/// Processor time of a process so far, user and system, threads that have ended included.
///
/// # Errors
/// There is no such process.
pub fn cpu_time(pid: Pid) -> Result<Duration> {
    Ok(clock_gettime(clock_getcpuclockid(pid)?)?.into())
}

/// A program of this workspace, built beside the tests.
///
/// # Errors
/// It is not there.
pub fn binary(program: &str) -> Result<PathBuf> {
    let test = std::env::current_exe()?;
    let found =
        test.ancestors().skip(1).take(3).map(|folder| folder.join(program)).find(|path| path.is_file());
    found.with_context(|| format!("{program} is not built: run `cargo build --workspace` first"))
}

/// An address that nobody listens on at the moment, on a loopback address of one's own.
///
/// # Errors
/// The kernel's.
pub fn free_address(ip: Ipv4Addr) -> Result<SocketAddr> {
    Ok(TcpListener::bind((ip, 0))?.local_addr()?)
}

fn output_of(program: &str, home: &Home) -> String {
    std::fs::read_to_string(home.path().join(format!("{program}.output"))).unwrap_or_default()
}
