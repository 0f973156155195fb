//! `nc-helper`: runs as root, beside a node controller that does not.
#![forbid(unsafe_code)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use clap::Parser;
use euca_command::Programs;
use euca_helper::{Server, Settings};
use nix::unistd::{Uid, User};
use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Does for the node controller what needs root: iSCSI logins and logouts, and putting this host to sleep.
#[derive(Debug, Parser)]
#[command(name = "nc-helper", version)]
struct Arguments {
    /// The user who may ask: the one the node controller runs as. Nobody else is listened to, not even root.
    #[arg(long, default_value = "eucalyptus")]
    user: String,
    /// Where to listen, unless the service manager hands a socket over. Only its owner and group may connect.
    #[arg(long)]
    socket: Option<PathBuf>,
    /// open-iscsi's program.
    #[arg(long, default_value = "/usr/sbin/iscsiadm")]
    iscsiadm: PathBuf,
    /// open-iscsi's folder of target records.
    #[arg(long, default_value = "/etc/iscsi/nodes")]
    records: PathBuf,
    /// The program that puts this host to sleep.
    #[arg(long, default_value = "/usr/sbin/powernap-now")]
    power_down: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<()> {
    let settings = Settings {
        user: user(&arguments.user)?,
        iscsiadm: arguments.iscsiadm,
        records: arguments.records,
        power_down: arguments.power_down,
        iscsi_limit: euca_helper::ISCSI_LIMIT,
    };
    // Little to do, and that little waits for other programs.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = listen(arguments.socket.as_deref())?;
        let stop = CancellationToken::new();
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let stopped = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            stopped.cancel();
        });
        tracing::info!(?settings, "helper listens");
        Server::new(settings, Arc::new(Programs::default())).serve(listener, stop).await;
        Ok(())
    })
}

fn user(name: &str) -> Result<Uid> {
    let user = User::from_name(name).with_context(|| format!("looking up user {name}"))?;
    Ok(user.with_context(|| format!("there is no user {name}"))?.uid)
}

/// The socket that was handed over, or one of our own.
fn listen(path: Option<&Path>) -> Result<UnixListener> {
    let inherited = listenfd::ListenFd::from_env().take_unix_listener(0).context("the inherited socket")?;
    if let Some(inherited) = inherited {
        inherited.set_nonblocking(true)?;
        return Ok(UnixListener::from_std(inherited)?);
    }
    let path = path.context("no socket was handed over, and --socket names none")?;
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("removing {path:?}"));
        }
        _ => {}
    }
    let listener = UnixListener::bind(path).with_context(|| format!("listening at {path:?}"))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
    Ok(listener)
}
