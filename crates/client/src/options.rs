//! Options that both clients have.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use http::uri::Authority;

/// Options of every command.
#[derive(Debug, Args)]
pub struct Options {
    /// Print the reply as JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// Installation prefix; the environment variable EUCALYPTUS wins over it.
    #[arg(long, global = true, value_name = "DIR")]
    pub home: Option<PathBuf>,
    /// Wait at most this long for each answer.
    #[arg(long, global = true, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    pub timeout: Duration,
    /// Ask on behalf of this user; by default eucalyptus, and for networks of a cluster controller admin.
    #[arg(long, global = true, value_name = "NAME")]
    pub user: Option<String>,
}

/// Reads `HOST:PORT`.
///
/// # Errors
/// It is something else.
pub fn endpoint(text: &str) -> Result<Authority, String> {
    let authority: Authority = text.parse().map_err(|_| "not HOST:PORT".to_owned())?;
    if authority.port_u16().is_none() || authority.as_str().contains('@') {
        return Err("not HOST:PORT".to_owned());
    }
    Ok(authority)
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds @ 1..=3600) => Ok(Duration::from_secs(seconds)),
        _ => Err("not 1 to 3600".to_owned()),
    }
}
