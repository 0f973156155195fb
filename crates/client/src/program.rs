//! What both programs begin with: settings, keys, a runtime.

use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use euca_config::{ClientSettings, Files, Home};
use euca_soap::{Client, ClientOptions, ClientSecurity};
use euca_wire::{CallError, Caller, Request};
use euca_wsse::{Credentials, Profile, Verifier};
use http::uri::Authority;

use crate::Error;
use crate::options::Options;

/// Writes log lines to standard error.
pub fn log(level: tracing::Level) {
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_target(false)
        .without_time()
        .init();
}

/// Reads what a client is told of the configuration, as `read` does.
///
/// # Errors
/// It cannot be used.
pub fn settings(
    options: &Options,
    read: impl FnOnce(&Files) -> Result<ClientSettings, euca_config::Error>,
) -> Result<ClientSettings, euca_config::Error> {
    let home = Home::resolve(std::env::var_os("EUCALYPTUS").as_deref(), options.home.as_deref())?;
    read(&Files::read(&home)?)
}

/// Who asks, and who is asked: names of files in the folder of keys.
#[derive(Debug, Clone, Copy)]
pub struct Identity {
    /// Certificate of the one who asks.
    pub certificate: &'static str,
    /// Its private key.
    pub key: &'static str,
    /// Certificate of the one who is asked.
    pub peer: &'static str,
}

/// As the cloud asks a cluster controller.
pub const CLOUD: Identity =
    Identity { certificate: "cloud-cert.pem", key: "cloud-pk.pem", peer: "cluster-cert.pem" };

/// As a cluster controller asks a node.
pub const CLUSTER: Identity =
    Identity { certificate: "cluster-cert.pem", key: "cluster-pk.pem", peer: "node-cert.pem" };

impl Identity {
    /// Signs with the keys in `folder`. What the peer signs is looked at where its certificate is at hand, and used
    /// all the same, as in the original (wire.md §5.6).
    pub fn security(self, folder: &Path) -> ClientSecurity {
        let peer = folder.join(self.peer);
        let credentials =
            Arc::new(Credentials::new(&folder.join(self.certificate), &folder.join(self.key), &peer));
        let options = euca_wsse::Options::client(Profile::Legacy);
        let verifier = peer.exists().then(|| Arc::new(Verifier::new(Arc::clone(&credentials), options)));
        ClientSecurity { credentials, profile: Profile::Legacy, verifier, enforce: false }
    }
}

/// `HOST:PORT` of the daemon to ask: the one that is named, or the one of this host.
pub fn endpoint(named: Option<Authority>, settings: &ClientSettings) -> String {
    let here = settings.here;
    match named {
        Some(named) => named.to_string(),
        None if here.ip().is_unspecified() => format!("localhost:{}", here.port()),
        None => here.to_string(),
    }
}

/// A service at `endpoint`.
pub fn peer(endpoint: &str, service: &str, security: Option<ClientSecurity>, limit: Duration) -> Bounded {
    let url = format!("http://{endpoint}/axis2/services/{service}");
    let client = Client::new(&url, ClientOptions { security, ..ClientOptions::default() });
    Bounded { client, limit }
}

/// Runs one session to its end.
pub fn run(session: impl Future<Output = Result<(), Error>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let result = runtime.block_on(session);
    // A name that the system is still looking up must not hold the program.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        Err(error) => failed(&error),
    }
}

/// Says why on standard error.
pub fn failed(error: &dyn std::error::Error) -> ExitCode {
    let _ = writeln!(io::stderr(), "{}", euca_observe::chain(error));
    ExitCode::FAILURE
}

/// A client that does not wait for ever.
#[derive(Debug)]
pub struct Bounded {
    client: Client,
    limit: Duration,
}

impl Caller for Bounded {
    async fn call<Q: Request>(&self, request: Q) -> Result<Q::Response, CallError> {
        let answer = tokio::time::timeout(self.limit, self.client.call(request)).await;
        answer.unwrap_or_else(|_| Err(CallError::Unreachable(format!("no answer within {:?}", self.limit))))
    }
}
