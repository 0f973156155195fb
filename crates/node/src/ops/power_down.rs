//! `ncPowerDown`: says yes, then runs the program that puts this host to sleep (node-controller.md §5.10, Q-32).

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use euca_wire::nc;
use tokio::process::Command;
use tokio::time::timeout;

use crate::Inner;

/// How long the program may take.
const LIMIT: Duration = Duration::from_secs(60);

pub(crate) fn run<H, S>(node: &Inner<H, S>, request: &nc::NcPowerDown) -> nc::NcPowerDownResponse {
    let (command, stop) = (node.context.settings.power_down.clone(), node.context.stop.clone());
    node.context.tasks.spawn(async move {
        // A program that is putting this host to sleep is left alone when the daemon is stopped meanwhile.
        match stop.run_until_cancelled(power_down(&command)).await {
            Some(Ok(outcome)) => tracing::info!(?command, outcome, "power down"),
            Some(Err(error)) => tracing::warn!(?command, %error, "power down"),
            None => tracing::info!(?command, "power down goes on without this daemon"),
        }
    });
    nc::NcPowerDownResponse { status_message: Some(0), ..request.answer(true) }
}

async fn power_down(command: &[OsString]) -> std::io::Result<String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(std::io::Error::new(std::io::ErrorKind::NotFound, "no program is configured"));
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    match timeout(LIMIT, child.wait()).await {
        Ok(status) => Ok(status?.to_string()),
        Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
    }
}
