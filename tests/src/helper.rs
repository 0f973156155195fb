//! `nc-helper` as a process, with a stand-in for iscsiadm, and a volume behind that.

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use euca_helper::testing::{FakeIscsi, PASSWORD};
use euca_hypervisor::testing::LoopDevice;
use nix::unistd::{Pid, Uid, User};
use openssl::rsa::Padding;
use openssl::x509::X509;

use crate::daemon::{binary, pid_of};
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

impl Helper {
    /// Process id.
    pub fn pid(&self) -> Pid {
        pid_of(&self.0)
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        // It may have ended by itself, which a test notices by what it does not do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A block device that says `hello volume`, and the target that it is offered as. The link that udev would make is made
/// in the place where udev makes it: QEMU opens it, in its own view of the files.
#[derive(Debug)]
pub struct Volume {
    target: String,
    _device: LoopDevice,
    _file: tempfile::NamedTempFile,
}

impl Volume {
    /// The only volume that `iscsi` offers.
    ///
    /// # Errors
    /// The kernel's; this is for root only.
    pub fn create(iscsi: &FakeIscsi, name: &str) -> Result<Self> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), b"hello volume\n")?;
        file.as_file().set_len(1 << 20)?;
        let device = LoopDevice::create(file.path())?;
        let target = format!("iqn.2009-06.com.eucalyptus.test:{name}{}", std::process::id());
        std::fs::create_dir_all("/dev/disk/by-path")?;
        std::fs::remove_dir(iscsi.by_path())?;
        symlink("/dev/disk/by-path", iscsi.by_path())?;
        iscsi.remove("device");
        symlink(device.path(), iscsi.at("device"))?;
        iscsi.put("offered", &format!("{target}\n"))?;
        Ok(Self { target, _device: device, _file: file })
    }

    /// The target's name.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The link that is there as long as there is a session.
    pub fn link(&self) -> PathBuf {
        format!("/dev/disk/by-path/ip-127.0.0.5:3260-iscsi-{}-lun-1", self.target).into()
    }

    /// `remoteDev` as the storage controller makes it for the node of an installation: with the node's certificate.
    ///
    /// # Errors
    /// The file system's, or OpenSSL's.
    pub fn remote_dev(&self, home: &Home) -> Result<String> {
        let pem = std::fs::read(home.keys_folder().join("node-cert.pem"))?;
        let key = X509::from_pem(&pem)?.public_key()?.rsa()?;
        let mut secret = vec![0; key.size() as usize];
        key.public_encrypt(PASSWORD.as_bytes(), &mut secret, Padding::PKCS1)?;
        Ok(format!("/opt/eucalyptus,127.0.0.5,{},{}", self.target, STANDARD.encode(secret)))
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Usually the logout has removed it.
        let _ = std::fs::remove_file(self.link());
    }
}
