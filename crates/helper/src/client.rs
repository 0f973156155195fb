//! The daemon's side.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::names::{Host, Secret, TargetName};
use crate::protocol::{self, FrameError, Reply, Request};
use crate::server::{ISCSI_LIMIT, POWER_DOWN_LIMIT};

/// What the helper's own limits do not cover: connecting, reading, writing.
const MARGIN: Duration = Duration::from_secs(3);

/// Why the helper did not do it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody listens, or not to us.
    #[error("cannot reach the privileged helper at {socket:?}")]
    Unreachable {
        /// Its socket.
        socket: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// It says nothing. What was asked may still happen.
    #[error("the privileged helper does not answer within {0:?}")]
    Silent(Duration),
    /// It says something that is no answer.
    #[error("the privileged helper's answer makes no sense")]
    Nonsense(#[source] FrameError),
    /// It says no.
    #[error("the privileged helper failed: {0}")]
    Failed(String),
}

/// Talks to the helper, one connection for each request.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

impl Client {
    /// Of the helper that listens at `socket`. Nothing happens before the first request.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self { socket: socket.into() }
    }

    /// Logs in to a target; gives the address that it is served at. Takes [`ISCSI_LIMIT`] and 3 s at most.
    ///
    /// # Errors
    /// [`Error`]. The login may have happened all the same: log out.
    pub async fn login(&self, target: TargetName, host: Host, secret: Secret) -> Result<IpAddr, Error> {
        match self.ask(&Request::Login { target, host, secret }, ISCSI_LIMIT).await? {
            Reply::LoggedIn { address } => Ok(address),
            other => Err(unfit(other)),
        }
    }

    /// Logs out of a target, if there is a session, and forgets it. Takes as long as a login at most.
    ///
    /// # Errors
    /// [`Error`]. The session may be there still.
    pub async fn logout(&self, target: TargetName) -> Result<(), Error> {
        self.done(&Request::Logout { target }, ISCSI_LIMIT).await
    }

    /// Has the host put to sleep. Takes 63 s at most.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn power_down(&self) -> Result<(), Error> {
        self.done(&Request::PowerDown {}, POWER_DOWN_LIMIT).await
    }

    async fn done(&self, request: &Request, limit: Duration) -> Result<(), Error> {
        match self.ask(request, limit).await? {
            Reply::Done {} => Ok(()),
            other => Err(unfit(other)),
        }
    }

    async fn ask(&self, request: &Request, limit: Duration) -> Result<Reply, Error> {
        let limit = limit + MARGIN;
        let exchange = async {
            let mut stream = UnixStream::connect(&self.socket)
                .await
                .map_err(|source| Error::Unreachable { socket: self.socket.clone(), source })?;
            protocol::write(&mut stream, request).await.map_err(Error::Nonsense)?;
            protocol::read(&mut stream).await.map_err(Error::Nonsense)
        };
        timeout(limit, exchange).await.unwrap_or(Err(Error::Silent(limit)))
    }
}

fn unfit(reply: Reply) -> Error {
    match reply {
        Reply::Failed { reason } => Error::Failed(reason),
        _ => Error::Nonsense(FrameError::Content("the reply to another request".to_owned())),
    }
}
