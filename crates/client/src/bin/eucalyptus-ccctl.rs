//! `eucalyptus-ccctl`: the verbs of the original's init script `eucalyptus-cc`, its texts and its exit status
//! (deployment.md §6.1, §14.6), through systemd where it runs and with a pid file where it does not.
//!
//! Instances keep running whatever the verb. `stop`, `start` and `restart` keep what the cluster controller knows of
//! them; the verbs that begin with `clean` have it forgotten.
#![forbid(unsafe_code)]

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _, chown};
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::error::ErrorKind;
use clap::{Parser, ValueEnum};
use euca_config::{ControlSettings, Files, Home};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, User};

/// Unit of the cluster controller.
const UNIT: &str = "cc-daemon.service";

/// Unit that has its state forgotten.
const CLEAN_UNIT: &str = "eucalyptus-cc-clean.service";

/// The program, installed beside this one.
const PROGRAM: &str = "cc-daemon";

/// How long a start may take, as the unit's `TimeoutStartSec`.
const START: Duration = Duration::from_secs(90);

/// How often a process is looked at that has been told to end.
const LOOK: Duration = Duration::from_millis(50);

/// Starts and stops the cluster controller, with what it knows kept or forgotten.
#[derive(Debug, Parser)]
#[command(
    version,
    override_usage = "eucalyptus-ccctl [OPTIONS] {start|stop|restart|cleanstart|cleanstop|cleanrestart|status|config}",
    after_help = "Exit status: 0 done, or running; 1 not done; 3 not running, or wrong usage."
)]
struct Arguments {
    /// What to do.
    #[arg(hide_possible_values = true)]
    verb: Verb,
    /// Installation prefix; the environment variable EUCALYPTUS wins over it.
    #[arg(long, value_name = "DIR")]
    home: Option<PathBuf>,
    /// Who keeps the daemon; by default systemd where it runs.
    #[arg(long)]
    supervisor: Option<Supervisor>,
    /// Without a supervisor: kill a daemon that has not ended by itself after this time.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    patience: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Verb {
    /// Start.
    Start,
    /// Stop.
    Stop,
    /// Stop and start.
    Restart,
    /// Forget everything and start.
    Cleanstart,
    /// Stop and forget everything.
    Cleanstop,
    /// Stop, forget everything and start.
    Cleanrestart,
    /// Say whether it runs.
    Status,
    /// Print where the installation is.
    Config,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Supervisor {
    Systemd,
    None,
}

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            let _ = error.print();
            return ExitCode::from(if help { 0 } else { 3 });
        }
    };
    match run(&arguments) {
        Ok(status) => ExitCode::from(status),
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Carries out the verb; the exit status.
fn run(arguments: &Arguments) -> Result<u8> {
    let home = Home::resolve(std::env::var_os("EUCALYPTUS").as_deref(), arguments.home.as_deref())?;
    let say = |line: &str| writeln!(io::stdout(), "{line}");
    if arguments.verb == Verb::Config {
        // There is no Axis2 and no httpd any more; scripts that read the lines find them.
        say(&format!("EUCALYPTUS={}\nAXIS2C_HOME=\nHTTPD_HOME=\nHTTPD=", home.path().display()))?;
        return Ok(0);
    }
    let booted = || Path::new("/run/systemd/system").is_dir();
    let supervisor =
        arguments.supervisor.unwrap_or(if booted() { Supervisor::Systemd } else { Supervisor::None });
    let cluster: &dyn Control = match supervisor {
        Supervisor::Systemd => &Units,
        Supervisor::None => &Process::new(&home, Duration::from_secs(arguments.patience)),
    };
    let running = cluster.is_running()?;
    let start = || cluster.start().inspect_err(|_| drop(say("Failed to start the CC!")));
    match arguments.verb {
        Verb::Status if running => say("CC is running")?,
        Verb::Status => return Ok(3),
        Verb::Start | Verb::Cleanstart if running => {
            say("another CC is already running!")?;
            return Ok(1);
        }
        Verb::Start => start()?,
        Verb::Stop => cluster.stop()?,
        Verb::Restart => {
            cluster.stop()?;
            start()?;
        }
        Verb::Cleanstart => {
            cluster.clean()?;
            start()?;
        }
        Verb::Cleanstop => {
            cluster.stop()?;
            cluster.clean()?;
        }
        Verb::Cleanrestart => {
            cluster.stop()?;
            cluster.clean()?;
            start()?;
        }
        Verb::Config => {}
    }
    Ok(0)
}

/// What can be done with a cluster controller. Stopping one that does not run is done at once.
trait Control {
    fn is_running(&self) -> Result<bool>;
    fn start(&self) -> Result<()>;
    fn stop(&self) -> Result<()>;
    fn clean(&self) -> Result<()>;
}

/// Units of systemd.
struct Units;

impl Units {
    fn systemctl(arguments: &[&str]) -> Result<bool> {
        let status = Command::new("systemctl").args(arguments).status().context("starting systemctl")?;
        Ok(status.success())
    }

    fn job(verb: &str, unit: &str) -> Result<()> {
        ensure!(Self::systemctl(&[verb, unit])?, "systemctl {verb} {unit} failed");
        Ok(())
    }
}

impl Control for Units {
    fn is_running(&self) -> Result<bool> {
        Self::systemctl(&["--quiet", "is-active", UNIT])
    }

    fn start(&self) -> Result<()> {
        Self::job("start", UNIT)
    }

    fn stop(&self) -> Result<()> {
        Self::job("stop", UNIT)
    }

    fn clean(&self) -> Result<()> {
        Self::job("start", CLEAN_UNIT)
    }
}

/// A process of ours, found by its pid file.
struct Process<'a> {
    home: &'a Home,
    pid_file: PathBuf,
    patience: Duration,
}

impl<'a> Process<'a> {
    fn new(home: &'a Home, patience: Duration) -> Self {
        Self { home, pid_file: home.run().join("eucalyptus-cc.pid"), patience }
    }

    /// The process of the pid file, if it is a cluster controller that lives.
    fn pid(&self) -> Result<Option<Pid>> {
        let mut text = String::new();
        match File::open(&self.pid_file) {
            Ok(file) => file.take(32).read_to_string(&mut text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context(format!("reading {}", self.pid_file.display())),
        };
        let pid = text.trim().parse().ok().filter(|pid| *pid > 0).map(Pid::from_raw);
        Ok(pid.filter(|pid| lives(*pid)))
    }

    /// `cc-daemon` with the privileges it has under systemd.
    fn program(&self) -> Result<Command> {
        let program = std::env::current_exe().context("finding this program")?.with_file_name(PROGRAM);
        let mut command = match self.user()? {
            None => Command::new(program),
            Some((uid, gid)) => {
                let mut command = Command::new("setpriv");
                command.args([
                    format!("--reuid={uid}"),
                    format!("--regid={gid}"),
                    "--clear-groups".to_owned(),
                ]);
                let capabilities = "+net_admin,+net_raw";
                command
                    .args([format!("--inh-caps={capabilities}"), format!("--ambient-caps={capabilities}")]);
                command.arg(program);
                command
            }
        };
        command.env("EUCALYPTUS", self.home.path()).current_dir("/").stdin(Stdio::null());
        Ok(command)
    }

    /// `EUCA_USER`, unless that is who runs this.
    fn user(&self) -> Result<Option<(Uid, Gid)>> {
        if !Uid::effective().is_root() {
            return Ok(None);
        }
        let name = ControlSettings::from_files(&Files::read(self.home)?)?.user;
        let user =
            User::from_name(&name)?.with_context(|| format!("there is no user {name:?} (EUCA_USER)"))?;
        Ok((!user.uid.is_root()).then_some((user.uid, user.gid)))
    }

    /// Gives a file of root's to the user of the daemon.
    fn hand_over(&self, path: &Path) -> Result<()> {
        if let Some((uid, gid)) = self.user()? {
            chown(path, Some(uid.as_raw()), Some(gid.as_raw()))
                .with_context(|| format!("giving {} to user {uid}", path.display()))?;
        }
        Ok(())
    }

    /// Opens a file below a directory that belongs to the daemon's user, who must not choose what root writes to.
    fn open(path: &Path, options: &mut OpenOptions) -> Result<File> {
        let file = options.create(true).custom_flags(OFlag::O_NOFOLLOW.bits()).open(path);
        file.with_context(|| format!("opening {}", path.display()))
    }

    /// Starts the program and waits until it is ready.
    fn launch(&self, errors: &File) -> Result<Child> {
        let folder = tempfile::Builder::new().prefix("eucalyptus-cc").tempdir()?;
        fs::set_permissions(folder.path(), Permissions::from_mode(0o711))?;
        let socket = folder.path().join("notify");
        let notifications = UnixDatagram::bind(&socket)?;
        self.hand_over(&socket)?;
        notifications.set_read_timeout(Some(LOOK))?;
        let mut command = self.program()?;
        command.arg("--log-to-file").env("NOTIFY_SOCKET", &socket).process_group(0);
        let mut child = command.stdout(Stdio::null()).stderr(errors.try_clone()?).spawn()?;
        let started = Instant::now();
        let mut message = [0; 4096];
        while started.elapsed() < START {
            if let Ok(length) = notifications.recv(&mut message)
                && message.get(..length).is_some_and(|text| text.starts_with(b"READY=1"))
            {
                return Ok(child);
            }
            if let Some(status) = child.try_wait()? {
                bail!("{PROGRAM} ended: {status}");
            }
        }
        child.kill()?;
        child.wait()?;
        bail!("{PROGRAM} was not ready after {START:?} and was killed");
    }
}

impl Control for Process<'_> {
    fn is_running(&self) -> Result<bool> {
        Ok(self.pid()?.is_some())
    }

    fn start(&self) -> Result<()> {
        // What is below /var/run is often lost at a reboot.
        let run = self.home.run();
        fs::create_dir_all(&run).with_context(|| format!("making {}", run.display()))?;
        self.hand_over(&run)?;
        let mut pid_file = Self::open(&self.pid_file, OpenOptions::new().write(true).truncate(true))?;
        // Where Apache's errors went, which GetLogs returns: what is not for the log, because there is none yet.
        let errors = self.home.logs().join("httpd-cc_error_log");
        let mut errors = Self::open(&errors, OpenOptions::new().read(true).append(true))?;
        let before = errors.seek(SeekFrom::End(0))?;
        match self.launch(&errors).with_context(|| format!("starting {PROGRAM}")) {
            Ok(child) => Ok(writeln!(pid_file, "{}", child.id())?),
            Err(error) => {
                fs::remove_file(&self.pid_file)?;
                errors.seek(SeekFrom::Start(before))?;
                io::copy(&mut errors.take(1 << 16), &mut io::stderr())?;
                Err(error)
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "no runtime here, and nothing else to do")]
    fn stop(&self) -> Result<()> {
        if let Some(pid) = self.pid()? {
            for (signal, patience) in
                [(Signal::SIGTERM, self.patience), (Signal::SIGKILL, Duration::from_secs(5))]
            {
                match kill(pid, signal) {
                    Ok(()) | Err(Errno::ESRCH) => {}
                    Err(error) => bail!("sending {signal} to process {pid}: {error}"),
                }
                let told = Instant::now();
                while lives(pid) && told.elapsed() < patience {
                    std::thread::sleep(LOOK);
                }
                if !lives(pid) {
                    break;
                }
            }
            ensure!(!lives(pid), "process {pid} does not end");
        }
        match fs::remove_file(&self.pid_file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("removing {}", self.pid_file.display()))
            }
            _ => Ok(()),
        }
    }

    fn clean(&self) -> Result<()> {
        let status = self
            .program()?
            .args(["state", "clean"])
            .status()
            .with_context(|| format!("starting {PROGRAM}"))?;
        ensure!(status.success(), "{PROGRAM} state clean failed");
        Ok(())
    }
}

/// Whether a process is a cluster controller that has not ended: a pid file may be older than the last reboot. As long
/// as one thread is about, also of a zombie, it holds its port and its files.
fn lives(pid: Pid) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return false };
    let named = fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim_end() == PROGRAM);
    named
        && threads.flatten().any(|thread| {
            let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
        })
}
