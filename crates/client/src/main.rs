//! `cc-client`, also as `CCclient_full` and `euca_killall`.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use clap::error::ErrorKind;
use euca_client::command::Options;
use euca_client::explain::Admin;
use euca_client::text::Output;
use euca_client::{Arguments, Command, Error, Session};
use euca_config::{ClientSettings, Files, Home};
use euca_soap::{Client, ClientOptions, ClientSecurity};
use euca_wire::{CallError, Caller, Request};
use euca_wsse::{Credentials, Profile, Verifier};
use http::uri::Authority;

/// What the original prints when it cannot make anything of its arguments.
const USAGE: &str = "USAGE: CCclient <host:port> <command> <opts>";

fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_writer(io::stderr)
        .with_target(false)
        .without_time()
        .init();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let killall =
        Path::new(arguments.first().map_or("".as_ref(), OsString::as_os_str)).ends_with("euca_killall");
    let rest = arguments.get(1..).unwrap_or_default();
    if rest == ["-9"] {
        let options = Options { json: false, home: None, timeout: Duration::from_secs(60), user: None };
        return run(None, Command::KillallInstances, options);
    }
    if killall {
        return complain("only runnable from inside euca", None);
    }
    match Arguments::try_parse_from(arguments) {
        Ok(Arguments { endpoint, command, options }) => match (&endpoint, &command) {
            (Some(_), Command::Explain { .. }) => complain(USAGE, Some(&"explain goes without <HOST:PORT>")),
            (Some(_), _) | (None, Command::Explain { .. }) => run(endpoint, command, options),
            (None, _) => complain(USAGE, Some(&"no <HOST:PORT>")),
        },
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            let _ = error.print();
            ExitCode::SUCCESS
        }
        Err(error) => complain(USAGE, Some(&error)),
    }
}

/// The original's line on standard output, the reason on standard error.
fn complain(line: &str, reason: Option<&dyn std::fmt::Display>) -> ExitCode {
    let _ = writeln!(io::stdout(), "{line}");
    if let Some(reason) = reason {
        let _ = writeln!(io::stderr(), "{reason}");
    }
    ExitCode::FAILURE
}

/// Carries a command out at `endpoint`, or at the cluster controller of this host.
fn run(endpoint: Option<Authority>, command: Command, options: Options) -> ExitCode {
    let settings = Home::resolve(std::env::var_os("EUCALYPTUS").as_deref(), options.home.as_deref())
        .and_then(|home| Files::read(&home))
        .and_then(|files| ClientSettings::from_files(&files));
    let settings = match settings {
        Ok(settings) => settings,
        Err(error) => return failed(&error),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let here = settings.cluster;
    let endpoint = match endpoint {
        Some(endpoint) => endpoint.to_string(),
        None if here.ip().is_unspecified() => format!("localhost:{}", here.port()),
        None => here.to_string(),
    };
    let peer = |service: &str, security| {
        let url = format!("http://{endpoint}/axis2/services/{service}");
        let client = Client::new(&url, ClientOptions { security, ..ClientOptions::default() });
        Bounded { client, limit: options.timeout }
    };
    let stdout = io::stdout();
    let terminal = stdout.is_terminal();
    let mut session = Session {
        cluster: peer("EucalyptusCC", settings.sign.then(|| security(&settings.home.keys()))),
        log: peer("EucalyptusGL", None),
        admin: Admin { port: settings.admin_port, limit: options.timeout },
        user: options.user,
        json: options.json,
        out: Output::new(stdout.lock(), terminal),
    };
    let result = runtime.block_on(session.run(command));
    // A name that the system is still looking up must not hold the program.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
        Err(error) => failed(&error),
    }
}

fn failed(error: &dyn std::error::Error) -> ExitCode {
    let _ = writeln!(io::stderr(), "{}", euca_soap::chain(error));
    ExitCode::FAILURE
}

/// Signs as the cloud does. What the cluster controller signs is looked at where its certificate is at hand, and
/// used all the same, as in the original (wire.md §5.6).
fn security(keys: &Path) -> ClientSecurity {
    let cluster = keys.join("cluster-cert.pem");
    let credentials =
        Arc::new(Credentials::new(&keys.join("cloud-cert.pem"), &keys.join("cloud-pk.pem"), &cluster));
    let options = euca_wsse::Options::client(Profile::Legacy);
    let verifier = cluster.exists().then(|| Arc::new(Verifier::new(Arc::clone(&credentials), options)));
    ClientSecurity { credentials, profile: Profile::Legacy, verifier, enforce: false }
}

/// A client that does not wait for ever.
struct Bounded {
    client: Client,
    limit: Duration,
}

impl Caller for Bounded {
    async fn call<Q: Request>(&self, request: Q) -> Result<Q::Response, CallError> {
        let answer = tokio::time::timeout(self.limit, self.client.call(request)).await;
        answer.unwrap_or_else(|_| Err(CallError::Unreachable(format!("no answer within {:?}", self.limit))))
    }
}
