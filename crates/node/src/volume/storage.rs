//! From a volume's place to a block device of this host, and back (storage.md §8.5).

use std::net::IpAddr;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use euca_helper::{Client, Host, Secret, TargetName};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::remote::{Place, RemoteDev};
use super::secret;
use crate::error::Error;
use crate::instance::blocking;
use crate::settings::VolumeSettings;

/// Between two looks for a device.
const LOOK: Duration = Duration::from_millis(250);

/// What is needed to get at a volume.
pub(crate) enum Access {
    /// The block device is there.
    Device(PathBuf),
    /// A target to log in to.
    Login(Host, TargetName, Secret),
}

/// Finds out how to get at a volume. Runs nothing and changes nothing.
pub(crate) async fn prepare(settings: &VolumeSettings, remote_dev: &RemoteDev) -> Result<Access, Error> {
    match remote_dev.place() {
        Place::Aoe(name) => {
            let device = settings.aoe.join(name);
            if is_block_device(&device).await {
                Ok(Access::Device(device))
            } else {
                Err(Error::NoDevice(device))
            }
        }
        Place::Iscsi { host, target, secret } => {
            let (key, encrypted) = (settings.key.clone(), secret.clone());
            let secret = blocking(move || secret::decrypt(&key, &encrypted)).await?;
            Ok(Access::Login(host.clone(), target.clone(), secret))
        }
    }
}

/// Makes the volume's block device appear. What has failed may have left a session behind: [`release`].
pub(crate) async fn connect(
    settings: &VolumeSettings,
    helper: &Client,
    access: Access,
    abort: &CancellationToken,
) -> Result<PathBuf, Error> {
    let (host, target, secret) = match access {
        Access::Device(device) => return Ok(device),
        Access::Login(host, target, secret) => (host, target, secret),
    };
    let address = helper.login(target.clone(), host, secret).await?;
    let device = by_path(&settings.by_path, address, &target);
    match abort.run_until_cancelled(wait_for(&device, settings.device_wait)).await {
        Some(true) => Ok(device),
        Some(false) => Err(Error::NoDevice(device)),
        None => Err(Error::Canceled),
    }
}

/// Ends what [`connect`] began. No session is a success.
pub(crate) async fn release(helper: &Client, remote_dev: &RemoteDev) -> Result<(), Error> {
    match remote_dev.place() {
        Place::Aoe(_) => Ok(()),
        Place::Iscsi { target, .. } => Ok(helper.logout(target.clone()).await?),
    }
}

/// What udev calls the device: the same after every login, unlike `/dev/sdX`. The LUN is 1 (storage.md §8.1).
fn by_path(folder: &Path, address: IpAddr, target: &TargetName) -> PathBuf {
    folder.join(format!("ip-{address}:3260-iscsi-{target}-lun-1"))
}

async fn wait_for(device: &Path, limit: Duration) -> bool {
    let began = Instant::now();
    loop {
        if is_block_device(device).await {
            return true;
        }
        if began.elapsed() >= limit {
            return false;
        }
        sleep(LOOK).await;
    }
}

/// Whether there is a block device at this path or behind it.
pub(crate) async fn is_block_device(path: &Path) -> bool {
    tokio::fs::metadata(path).await.is_ok_and(|metadata| metadata.file_type().is_block_device())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn st_t105_a_device_is_waited_for_until_its_time_is_up() {
        let folder = tempfile::tempdir().unwrap();
        let (address, target) = (IpAddr::from([10, 0, 0, 5]), TargetName::new("iqn.a:b").unwrap());
        let device = by_path(folder.path(), address, &target);
        assert!(device.ends_with("ip-10.0.0.5:3260-iscsi-iqn.a:b-lun-1"), "{device:?}");
        let limit = VolumeSettings::default().device_wait;
        assert_eq!(limit, Duration::from_secs(60));
        let began = Instant::now();
        assert!(!wait_for(&device, limit).await);
        assert_eq!(began.elapsed(), Duration::from_secs(60));

        let (link, began) = (device.clone(), Instant::now());
        let udev = async move {
            // Something is there, but no block device.
            std::os::unix::fs::symlink("/dev/null", &link).unwrap();
            sleep(Duration::from_secs(20)).await;
            std::fs::remove_file(&link).unwrap();
            std::os::unix::fs::symlink("/dev/loop0", &link).unwrap();
        };
        let (found, ()) = tokio::join!(wait_for(&device, limit), udev);
        assert!(found && began.elapsed() <= Duration::from_millis(20_500), "{:?}", began.elapsed());
    }
}
