//! The listening socket and its limits, from settings.

use std::io;
use std::net::SocketAddr;

use euca_config::{Listener, Profile, Security};
use euca_soap::Limits;
use euca_wsse::{Credentials, Options, ReplayWindow};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::net::TcpListener;
use tracing::warn;

/// Why there is no listening socket.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The port cannot be bound.
    #[error("cannot listen on {address}")]
    Bind {
        /// Address and port.
        address: SocketAddr,
        /// What the kernel says.
        #[source]
        source: io::Error,
    },
    /// A socket handed over by the service manager cannot be used.
    #[error("the inherited socket cannot be used")]
    Inherited(#[source] io::Error),
}

/// The socket the service manager hands over, or else one bound to the configured address. If the two disagree
/// the inherited one is used, with a warning (deployment.md §14.1). Also lets the process have as many open files as
/// it may: started by hand it would have 1024, fewer than the connections it is configured for.
///
/// # Errors
/// [`ListenError`].
pub fn listen(settings: &Listener) -> Result<TcpListener, ListenError> {
    let raised = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, most)| setrlimit(Resource::RLIMIT_NOFILE, most, most));
    if let Err(error) = raised {
        warn!(%error, "the number of open files stays limited");
    }
    let inherited = listenfd::ListenFd::from_env().take_tcp_listener(0).map_err(ListenError::Inherited)?;
    let Some(inherited) = inherited else {
        let address = settings.address;
        return euca_soap::bind(address).map_err(|source| ListenError::Bind { address, source });
    };
    inherited.set_nonblocking(true).map_err(ListenError::Inherited)?;
    let address = inherited.local_addr().map_err(ListenError::Inherited)?;
    if address.port() != settings.address.port() {
        warn!(%address, configured = %settings.address, "inherited socket has another port than configured");
    }
    TcpListener::from_std(inherited).map_err(ListenError::Inherited)
}

/// Limits of the SOAP server.
pub fn limits(settings: &Listener) -> Limits {
    let mut limits = Limits {
        header_bytes: settings.max_header_bytes,
        body_bytes: settings.max_body_bytes,
        bodies_bytes: settings.max_all_bodies_bytes,
        header_time: settings.header_timeout,
        body_time: settings.body_timeout,
        write_stall: settings.write_timeout,
        connections: settings.max_connections,
        connections_per_peer: settings.peer_connections,
        requests: settings.max_requests,
        ..Limits::default()
    };
    limits.xml.depth = settings.max_xml_depth;
    limits
}

/// How requests are verified.
pub fn verifier_options(settings: &Security, profile: Profile) -> Options {
    let window = ReplayWindow { messages: settings.replay_cache, age: settings.replay_window };
    Options {
        accept_sha256: settings.sha256,
        replay: (settings.replay_cache > 0).then_some(window),
        ..Options::server(match profile {
            Profile::Legacy => euca_wsse::Profile::Legacy,
            Profile::Strict => euca_wsse::Profile::Strict,
        })
    }
}

/// What the service manager shows of a daemon that is ready: whether it has its keys.
pub fn key_status(credentials: &Credentials) -> &'static str {
    if keys(credentials).is_ok() { "serving" } else { "waiting for keys" }
}

/// Why the daemon's key or its peer's certificate cannot be used.
pub(crate) fn keys(credentials: &Credentials) -> Result<(), String> {
    let usable = credentials.own().map(drop).and(credentials.peer().map(drop));
    usable.map_err(|error| euca_observe::chain(&error))
}
