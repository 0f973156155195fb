//! `nc-client`, also as `NCclient`.
#![forbid(unsafe_code)]

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::ErrorKind;
use euca_client::admin::Admin;
use euca_client::node::{Arguments, Command, Session};
use euca_client::output::Output;
use euca_client::program::{self, CLUSTER, failed, peer};
use euca_config::ClientSettings;
use http::uri::Authority;

/// The original's exit status when it cannot begin to talk to a node.
const NO_STUB: u8 = 2;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            let _ = error.print();
            return if asked { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        }
    };
    program::log(if arguments.debug { tracing::Level::DEBUG } else { tracing::Level::WARN });
    let known = usize::from(arguments.command == Command::Explain);
    for word in arguments.words.iter().skip(known) {
        let _ = writeln!(io::stderr(), "WARNING: {word:?} is ignored");
    }
    let settings = match program::settings(&arguments.options, ClientSettings::of_node) {
        Ok(settings) => settings,
        Err(error) => return failed(&error),
    };
    let endpoint = program::endpoint(arguments.node.clone(), &settings);
    let keys = settings.home.keys();
    let security = settings.sign.then(|| CLUSTER.security(&keys));
    if arguments.command != Command::Explain
        && let Some(security) = &security
        && let Err(error) = security.credentials.own()
    {
        failed(&error);
        return NO_STUB.into();
    }
    let limit = arguments.options.timeout;
    let name = endpoint.parse::<Authority>().map(|endpoint| endpoint.host().to_owned()).unwrap_or_default();
    let stdout = io::stdout();
    let terminal = stdout.is_terminal();
    let mut session = Session {
        node: peer(&endpoint, "EucalyptusNC", security, limit),
        name,
        admin: Admin { port: settings.admin_port, limit },
        out: Output::new(stdout.lock(), terminal),
    };
    program::run(session.run(&arguments))
}
