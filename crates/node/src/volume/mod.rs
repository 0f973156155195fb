//! Volumes: block devices of the storage controller, plugged into a running guest (node-controller.md §8, storage.md
//! §8). Here is what is known of one; what is done with it is [`storage`] (log in, find the device, log out), [`plug`]
//! (into the guest and out of it), and the instance's task, which decides and writes down each step before it is made.

pub(crate) mod plug;
mod remote;
mod secret;
pub(crate) mod storage;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use euca_hypervisor::{BlockDisk, TargetDev, is_identifier};
use euca_wire::nc;
use serde::{Deserialize, Serialize};

pub(crate) use remote::RemoteDev;

use crate::error::Error;

/// Volumes of one instance (node-controller.md §2.9).
pub(crate) const MAX_VOLUMES: usize = 256;
/// What stands before the device that was asked for in `localDev` (storage.md Q48).
pub(crate) const REQUESTED: &str = "unknown,requested:";
/// The volumes of an instance that fit on the wire.
const MAX_ON_WIRE: usize = 64;

/// One volume of an instance (node-controller.md §2.4).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Volume {
    pub id: String,
    pub remote_dev: RemoteDev,
    /// The device as it was asked for: `/dev/sdb` or `sdb`.
    pub requested: String,
    /// Its name without `/dev/`.
    pub target: TargetDev,
    /// Whether it is a virtio disk.
    pub virtio: bool,
    pub phase: Phase,
    /// The block device of this host: from the login until the guest has let go of it. That of a volume which 2.0.1 has
    /// attached is not known.
    pub device: Option<PathBuf>,
}

/// How far a volume has got. The next step is taken when this is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Phase {
    /// On its way into the guest. Found after a restart, it goes back: whoever asked has heard of no success.
    Attaching,
    /// In the guest.
    Attached,
    /// On its way out of the guest.
    Detaching,
    /// Wanted no more: out of the guest, if it is in it, and logged out.
    Releasing,
}

impl Volume {
    /// The volume of a request. Nothing is checked that only the host can tell.
    pub fn requested(id: &str, remote_dev: &str, local_dev: &str, virtio: bool) -> Result<Self, Error> {
        if !is_identifier(id) {
            return Err(Error::Invalid { what: "volume id", value: id.to_owned() });
        }
        Ok(Self {
            id: id.to_owned(),
            target: local_device(local_dev)?,
            remote_dev: RemoteDev::parse(remote_dev)?,
            requested: local_dev.to_owned(),
            virtio,
            phase: Phase::Attaching,
            device: None,
        })
    }

    /// The name that the hypervisor knows it by.
    pub fn name(&self) -> TargetDev {
        if self.virtio { self.target.virtio() } else { self.target.clone() }
    }

    /// What the hypervisor has of it, once its device is known.
    pub fn disk(&self) -> Option<BlockDisk> {
        self.device.clone().map(|device| self.disk_at(device))
    }

    /// What the hypervisor has of it when this is its device.
    pub fn disk_at(&self, source: PathBuf) -> BlockDisk {
        BlockDisk {
            source,
            target: self.target.clone(),
            virtio: self.virtio,
            serial: Some(format!("{}-dev-{}", self.id, self.target.as_str())),
        }
    }

    /// The volumes that the CC sees: those that are in the guest, as far as it has heard.
    pub fn to_wire(volumes: &[Self]) -> Vec<nc::Volume> {
        let there =
            volumes.iter().filter(|volume| matches!(volume.phase, Phase::Attached | Phase::Detaching));
        let volume = |volume: &Self| nc::Volume {
            volume_id: Some(volume.id.clone()),
            remote_dev: Some(volume.remote_dev.as_str().to_owned()),
            // The CLC takes the prefix off and compares the rest.
            local_dev: Some(format!("{REQUESTED}{}", volume.requested)),
            state: Some("attached".to_owned()),
        };
        there.take(MAX_ON_WIRE).map(volume).collect()
    }
}

/// The name of a guest's disk from `/dev/<name>` or `<name>` (node-controller.md §8.1).
pub(crate) fn local_device(local_dev: &str) -> Result<TargetDev, Error> {
    let name = local_dev.strip_prefix("/dev/").unwrap_or(local_dev);
    TargetDev::new(name).map_err(|_| Error::Invalid { what: "local device", value: local_dev.to_owned() })
}

/// The storage that this node's volumes use, each once: two guests on one block device would ruin it, and the end of
/// one session would pull it from under both.
#[derive(Debug, Default)]
pub(crate) struct Claims(Mutex<HashSet<String>>);

impl Claims {
    /// Whether nobody had it.
    pub fn claim(&self, remote_dev: &RemoteDev) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(remote_dev.subject().to_owned())
    }

    /// Gives it up.
    pub fn release(&self, remote_dev: &RemoteDev) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(remote_dev.subject());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(id: &str, local_dev: &str) -> Result<Volume, Error> {
        Volume::requested(id, "/dev/etherd/e0.1", local_dev, false)
    }

    #[test]
    fn st_t108_nc_103_the_requested_device_is_kept_as_it_was_asked_for() {
        for (asked, name) in [("/dev/sdb", "sdb"), ("sdb", "sdb"), ("/dev/vdc", "vdc")] {
            let volume = Volume { phase: Phase::Attached, ..volume("vol-1", asked).unwrap() };
            assert_eq!(volume.target.as_str(), name);
            let wire = Volume::to_wire(&[volume]).pop().unwrap();
            assert_eq!(wire.local_dev.unwrap(), format!("unknown,requested:{asked}"));
            assert_eq!((wire.state.as_deref(), wire.volume_id.as_deref()), (Some("attached"), Some("vol-1")));
        }
    }

    #[test]
    fn nc_102_what_is_no_device_s_name_is_refused() {
        for bad in [
            "foo/bar",
            "/dev/",
            "",
            "/dev/sd/b",
            "/sdb",
            "dev/sdb",
            "/dev//sdb",
            "sdB",
            "sdb\0",
            &"s".repeat(32),
        ] {
            assert!(matches!(volume("vol-1", bad), Err(Error::Invalid { .. })), "{bad:?}");
        }
        for bad in ["", "../vol", "vol 1"] {
            assert!(volume(bad, "sdb").is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nc_037_sixty_four_volumes_fit_on_the_wire_and_only_those_in_the_guest_are_shown() {
        let phases = [Phase::Attaching, Phase::Releasing, Phase::Detaching];
        let volume =
            |number: usize, phase| Volume { phase, ..volume(&format!("vol-{number}"), "sdb").unwrap() };
        let mut volumes: Vec<_> = (0..3).map(|number| volume(number, phases[number])).collect();
        volumes.extend((3..73).map(|number| volume(number, Phase::Attached)));
        let wire = Volume::to_wire(&volumes);
        assert_eq!(wire.len(), 64);
        assert_eq!(
            (wire[0].volume_id.as_deref(), wire[63].volume_id.as_deref()),
            (Some("vol-2"), Some("vol-65"))
        );
    }
}
