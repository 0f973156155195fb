//! `cc-client` and `nc-client` as an operator calls them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Result, ensure};
use tokio::process::Command;

use crate::daemon::binary;
use crate::home::Home;

/// The client of a cluster controller, with the keys of an installation.
#[derive(Debug, Clone)]
pub struct CcClient {
    home: PathBuf,
    cluster: SocketAddr,
}

impl CcClient {
    /// A client that signs with the cloud's key of `home` and asks `cluster`.
    pub fn new(home: &Home, cluster: SocketAddr) -> Self {
        Self { home: home.path().to_owned(), cluster }
    }

    /// What one would type.
    pub fn command_line(&self, arguments: &[&str]) -> String {
        format!("cc-client {} {}", self.cluster, arguments.join(" "))
    }

    /// `cc-client HOST:PORT ARGUMENTS`, whatever comes of it.
    ///
    /// # Errors
    /// It cannot be started.
    pub async fn run(&self, arguments: &[&str]) -> Result<Output> {
        let cluster = self.cluster.to_string();
        self.start("CCclient_full", &[&[cluster.as_str()], arguments].concat()).await
    }

    /// The program under another name, with these arguments only.
    ///
    /// # Errors
    /// It cannot be started.
    pub async fn start(&self, name: &str, arguments: &[&str]) -> Result<Output> {
        output("cc-client", name, &self.home, arguments).await
    }

    /// What it prints when it succeeds.
    ///
    /// # Errors
    /// It does not succeed.
    pub async fn ask(&self, arguments: &[&str]) -> Result<String> {
        printed(self.run(arguments).await?, arguments)
    }
}

/// The client of a node controller, with the keys of an installation.
#[derive(Debug, Clone)]
pub struct NcClient {
    home: PathBuf,
    node: SocketAddr,
}

impl NcClient {
    /// A client that signs with the cluster's key of `home` and asks `node`.
    pub fn new(home: &Home, node: SocketAddr) -> Self {
        Self { home: home.path().to_owned(), node }
    }

    /// `NCclient -n HOST:PORT ARGUMENTS`, whatever comes of it.
    ///
    /// # Errors
    /// It cannot be started.
    pub async fn run(&self, arguments: &[&str]) -> Result<Output> {
        let node = self.node.to_string();
        output("nc-client", "NCclient", &self.home, &[&["-n", node.as_str()], arguments].concat()).await
    }

    /// What it prints when it succeeds.
    ///
    /// # Errors
    /// It does not succeed.
    pub async fn ask(&self, arguments: &[&str]) -> Result<String> {
        printed(self.run(arguments).await?, arguments)
    }
}

async fn output(program: &str, name: &str, home: &Path, arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(binary(program)?);
    command.arg0(name).args(arguments).env("EUCALYPTUS", home).stdin(Stdio::null()).kill_on_drop(true);
    Ok(command.output().await?)
}

fn printed(output: Output, arguments: &[&str]) -> Result<String> {
    let Output { status, stdout, stderr } = output;
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    ensure!(status.success(), "{arguments:?}: {status}: {stdout}{stderr}");
    Ok(stdout.into_owned())
}
