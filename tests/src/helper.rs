//! `nc-helper` as a process, with a stand-in for iscsiadm.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use euca_helper::testing::FakeIscsi;
use nix::unistd::{Uid, User};

use crate::daemon::binary;
use crate::home::Home;

/// A running helper. It ends with its handle.
#[derive(Debug)]
pub struct Helper(Child);

impl Helper {
    /// Starts the helper of an installation, for this process's user, and waits until it listens.
    ///
    /// # Errors
    /// It is not built, or does not start.
    pub async fn start(home: &Home, iscsi: &FakeIscsi) -> Result<Self> {
        let user = User::from_uid(Uid::current())?.context("this process's user has no name")?;
        let socket = home.path().join("var/run/eucalyptus/nc-helper.socket");
        let output = std::fs::File::create(home.path().join("nc-helper.output"))?;
        let child = Command::new(binary("nc-helper")?)
            .args(["--user", &user.name])
            .arg("--socket")
            .arg(&socket)
            .arg("--iscsiadm")
            .arg(iscsi.program())
            .arg("--records")
            .arg(iscsi.records())
            .args(["--power-down", "/bin/true"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output)
            .spawn()
            .context("starting nc-helper")?;
        let mut helper = Self(child);
        let started = Instant::now();
        while !socket.exists() {
            ensure!(helper.0.try_wait()?.is_none(), "nc-helper ended");
            ensure!(started.elapsed() < Duration::from_secs(10), "nc-helper does not listen");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(helper)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // It may have ended by itself, which a test notices by what it does not do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
