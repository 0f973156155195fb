//! Programs of the host that do what is asked of them, or say why not.

use std::time::Duration;

use euca_command::{Command, CommandRunner};

/// How long a program may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// Bytes of output that are read: the rules of tens of thousands of networks.
const MAX_OUTPUT: usize = 64 << 20;

/// Why a program has not done what was asked of it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It could not be run.
    #[error("{program} cannot be run")]
    Run {
        /// Which.
        program: &'static str,
        /// Why not.
        #[source]
        source: euca_command::Error,
    },
    /// It has refused.
    #[error("{program} has ended with {status}: {complaint}")]
    Refused {
        /// Which.
        program: &'static str,
        /// How.
        status: std::process::ExitStatus,
        /// Its words.
        complaint: String,
    },
    /// It has said more than is read.
    #[error("{0} has written more than {MAX_OUTPUT} bytes")]
    TooMuch(&'static str),
}

/// Runs a program to its end, which has to be a good one. Brings its output.
pub(crate) async fn run(
    runner: &dyn CommandRunner,
    program: &'static str,
    arguments: &[&str],
    input: Vec<u8>,
) -> Result<Vec<u8>, Error> {
    let command = Command::new(program, PATIENCE).arguments(arguments).input(input).output_limit(MAX_OUTPUT);
    let output = runner.run(command).await.map_err(|source| Error::Run { program, source })?;
    if !output.status.success() {
        let complaint = output.complaint();
        return Err(Error::Refused { program, status: output.status, complaint });
    }
    if output.truncated {
        return Err(Error::TooMuch(program));
    }
    Ok(output.stdout)
}
