//! The command line, the same for both daemons: everything else is in eucalyptus.conf.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use euca_config::{Home, LogTarget, Notice, Report};

/// Exit status for a configuration that cannot work (`sysexits.h`).
pub const EX_CONFIG: u8 = 78;

/// Command line of a daemon.
#[derive(Debug, Parser)]
#[command(version)]
pub struct Arguments {
    /// Installation prefix; the environment variable EUCALYPTUS wins over it.
    #[arg(long, value_name = "DIR", global = true)]
    home: Option<PathBuf>,
    /// Print every setting with its value and where it comes from, and exit: 0 when the daemon could start.
    #[arg(long)]
    pub check: bool,
    /// Write the log to its file only, whatever DAEMON_LOG says: for a starter that does not keep standard error.
    #[arg(long)]
    log_to_file: bool,
}

impl Arguments {
    /// The installation prefix of the environment, or else theirs (deployment.md §1.3).
    ///
    /// # Errors
    /// It is not one.
    pub fn home(&self) -> Result<Home, euca_config::Error> {
        Home::resolve(std::env::var_os("EUCALYPTUS").as_deref(), self.home.as_deref())
    }

    /// Where the log goes, if the configuration says `configured`.
    pub fn log_target(&self, configured: LogTarget) -> LogTarget {
        if self.log_to_file { LogTarget::File } else { configured }
    }

    /// Says on standard error why the daemon does not start: one message, causes included.
    #[expect(clippy::print_stderr, reason = "the log is not open yet, or is what failed")]
    pub fn refuse(error: &dyn std::error::Error, status: u8) -> ExitCode {
        eprintln!("{}", euca_observe::chain(error));
        ExitCode::from(status)
    }
}

/// What `--check` prints: each setting with its value and origin, then what the operator should hear.
#[expect(clippy::print_stdout, reason = "this is the program's output")]
pub fn print_check(report: &Report, notices: &[Notice]) -> ExitCode {
    print!("{report}");
    for notice in notices {
        println!("# {notice}");
    }
    ExitCode::SUCCESS
}
