//! `cc-client`, also as `CCclient_full` and `euca_killall`.
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use clap::error::ErrorKind;
use euca_client::admin::Admin;
use euca_client::options::Options;
use euca_client::output::Output;
use euca_client::program::{self, CLOUD, failed, peer};
use euca_client::{Arguments, Command, Session};
use euca_config::ClientSettings;
use http::uri::Authority;

/// What the original prints when it cannot make anything of its arguments.
const USAGE: &str = "USAGE: CCclient <host:port> <command> <opts>";

fn main() -> ExitCode {
    program::log(tracing::Level::WARN);
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
    let settings = match program::settings(&options, ClientSettings::of_cluster) {
        Ok(settings) => settings,
        Err(error) => return failed(&error),
    };
    let (endpoint, limit) = (program::endpoint(endpoint, &settings), options.timeout);
    let security = settings.sign.then(|| CLOUD.security(&settings.home.keys()));
    let stdout = io::stdout();
    let terminal = stdout.is_terminal();
    let mut session = Session {
        cluster: peer(&endpoint, "EucalyptusCC", security, limit),
        log: peer(&endpoint, "EucalyptusGL", None, limit),
        admin: Admin { port: settings.admin_port, limit },
        user: options.user,
        json: options.json,
        out: Output::new(stdout.lock(), terminal),
    };
    program::run(session.run(command))
}
