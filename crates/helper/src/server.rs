//! The helper's side.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use euca_command::{Command, CommandRunner};
use nix::unistd::Uid;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::iscsi::OpenIscsi;
use crate::protocol::{self, Reply, Request};

/// How long a login or a logout may take, its turn included. A CC waits 20 s for a volume (node-controller.md §4.4).
pub const ISCSI_LIMIT: Duration = Duration::from_secs(14);
/// How long putting the host to sleep may take.
pub const POWER_DOWN_LIMIT: Duration = Duration::from_secs(60);
/// How long a peer may take to say what it wants, and to hear the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections at a time; more wait in the socket's queue.
const CONNECTIONS: usize = 32;

/// What root has decided.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The only user who is listened to.
    pub user: Uid,
    /// open-iscsi's program.
    pub iscsiadm: PathBuf,
    /// open-iscsi's folder of target records.
    pub records: PathBuf,
    /// The program that puts the host to sleep.
    pub power_down: PathBuf,
    /// [`ISCSI_LIMIT`], unless a test is in a hurry.
    pub iscsi_limit: Duration,
}

/// The helper.
pub struct Server {
    settings: Settings,
    iscsi: OpenIscsi,
    runner: Arc<dyn CommandRunner>,
}

impl Server {
    /// A helper that runs its programs with `runner`.
    pub fn new(settings: Settings, runner: Arc<dyn CommandRunner>) -> Self {
        let (program, records) = (settings.iscsiadm.clone(), settings.records.clone());
        let iscsi = OpenIscsi::new(Arc::clone(&runner), program, records, settings.iscsi_limit);
        Self { settings, iscsi, runner }
    }

    /// Answers until it is stopped; what is under way then is finished.
    pub async fn serve(self, listener: UnixListener, stop: CancellationToken) {
        let server = Arc::new(self);
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let accept = async {
            // The semaphore is never closed.
            while let Ok(place) = Arc::clone(&places).acquire_owned().await {
                match listener.accept().await {
                    Ok((stream, _)) => {
                        let server = Arc::clone(&server);
                        tokio::spawn(async move {
                            server.answer(stream).await;
                            drop(place);
                        });
                    }
                    Err(error) => {
                        // Out of descriptors, say: no use asking again at once.
                        tracing::error!(%error, "cannot accept a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        };
        stop.run_until_cancelled(accept).await;
        let all = u32::try_from(CONNECTIONS).unwrap_or(u32::MAX);
        let _ = places.acquire_many(all).await;
    }

    /// One connection: one request, one reply. A peer that goes away meanwhile stops nothing: half a login helps nobody.
    async fn answer(&self, mut stream: UnixStream) {
        let peer = match stream.peer_cred() {
            Ok(peer) if peer.uid() == self.settings.user.as_raw() => peer,
            Ok(peer) => {
                tracing::warn!(uid = peer.uid(), pid = peer.pid(), "a stranger was refused");
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "a peer without identity was refused");
                return;
            }
        };
        let request = match timeout(PATIENCE, protocol::read::<Request>(&mut stream)).await {
            Ok(Ok(request)) => request,
            Ok(Err(error)) => {
                tracing::warn!(pid = peer.pid(), %error, "a request was refused");
                let reply = Reply::Failed { reason: error.to_string() };
                return self.reply(&mut stream, &reply).await;
            }
            Err(_) => return tracing::warn!(pid = peer.pid(), "a peer was too slow"),
        };
        let reply = match self.carry_out(&request).await {
            Ok(reply) => {
                tracing::info!(pid = peer.pid(), ?request, "done");
                reply
            }
            Err(reason) => {
                tracing::warn!(pid = peer.pid(), ?request, reason, "failed");
                Reply::Failed { reason: reason.chars().take(1000).collect() }
            }
        };
        self.reply(&mut stream, &reply).await;
    }

    async fn reply(&self, stream: &mut UnixStream, reply: &Reply) {
        match timeout(PATIENCE, protocol::write(stream, reply)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!(%error, "nobody heard the reply"),
            Err(_) => tracing::debug!("nobody took the reply"),
        }
    }

    async fn carry_out(&self, request: &Request) -> Result<Reply, String> {
        match request {
            Request::Login { target, host, secret } => {
                let address = self.iscsi.login(target, host, secret).await.map_err(told)?;
                Ok(Reply::LoggedIn { address })
            }
            Request::Logout { target } => {
                self.iscsi.logout(target).await.map_err(told)?;
                Ok(Reply::Done {})
            }
            Request::PowerDown {} => {
                let command = Command::new(&self.settings.power_down, POWER_DOWN_LIMIT);
                let output = self.runner.run(command).await.map_err(told)?;
                match output.status.success() {
                    true => Ok(Reply::Done {}),
                    false => Err(format!("it ended with {}: {}", output.status, output.complaint())),
                }
            }
        }
    }
}

/// An error with its causes, on one line.
fn told(error: impl Into<anyhow::Error>) -> String {
    format!("{:#}", error.into())
}
