//! Why a request was refused, or an instance's work failed.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use euca_hypervisor::DomainName;

use crate::hooks::HookEvent;
use crate::instance::State;

/// A request that is answered `return=false`, a piece of work that failed, or a node that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting without which, or with which, the node cannot work.
    #[error("setting {name} is not usable: {reason}")]
    Setting {
        /// The variable of eucalyptus.conf.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A request without a field it needs.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A request with a value that must not get any further.
    #[error("{value:?} cannot be a {what}")]
    Invalid {
        /// What it should have been.
        what: &'static str,
        /// What it is.
        value: String,
    },
    /// No such instance on this node.
    #[error("instance {0} is not known")]
    UnknownInstance(String),
    /// An instance with this id is known, be it torn down.
    #[error("instance {0} exists already")]
    Duplicate(DomainName),
    /// A domain of this name runs and belongs to no instance of this node.
    #[error("a domain {0} that is not ours exists already")]
    ForeignDomain(DomainName),
    /// There is nothing to reboot, to attach to or to detach from.
    #[error("there is no domain {0}")]
    NoDomain(DomainName),
    /// The instance's queue of orders is full.
    #[error("instance {0} has too many orders waiting")]
    Busy(DomainName),
    /// The instance was busy with something else, or with this, for too long.
    #[error("instance {0} has not done it within {1:?}")]
    Late(DomainName, Duration),
    /// The instance has ended its task.
    #[error("instance {0} is being forgotten")]
    Gone(DomainName),
    /// Somebody else's instance.
    #[error("instance {instance} does not belong to {user}")]
    NotOwner {
        /// The instance.
        instance: DomainName,
        /// Who asked.
        user: String,
    },
    /// The domains that run on this host are not known yet.
    #[error("running domains are not adopted yet")]
    Recovering,
    /// An instance in a state in which it cannot be bundled.
    #[error("instance {instance} is {state:?}, and cannot be bundled")]
    NotBundleable {
        /// The instance.
        instance: DomainName,
        /// The state it is in.
        state: State,
    },
    /// Nobody uploads on this node.
    #[error("bundles are not configured")]
    NoBundler,
    /// A disk of less than half a MiB.
    #[error("instance {0} has nothing to bundle")]
    NothingToBundle(DomainName),
    /// Too little room to bundle in.
    #[error("bundling needs {needed_mib} MiB to work in, and {free_mib} MiB are free")]
    WorkSpace {
        /// Twice the size of the disk.
        needed_mib: u64,
        /// What `NC_WORK_SIZE` leaves.
        free_mib: u64,
    },
    /// A program that a setting names.
    #[error("there is no program {0:?}")]
    NoProgram(PathBuf),
    /// A program that has failed.
    #[error("{program:?} has ended with {status}: {said}")]
    Program {
        /// The program.
        program: PathBuf,
        /// Its exit status.
        status: ExitStatus,
        /// The first line of its complaint.
        said: String,
    },
    /// A program that has not run to its end.
    #[error("no help from another program")]
    Command(#[from] euca_command::Error),
    /// A figure that the wire cannot carry.
    #[error("{0} is above 2147483647")]
    Overflow(&'static str),
    /// A VLAN tag that no network can have, or that gives no bridge.
    #[error("vlan {0} has no network")]
    Vlan(i32),
    /// A network that cannot be started.
    #[error("no network")]
    Network(#[from] euca_vnet_host::links::Error),
    /// A hook does not want the step.
    #[error("{hook:?} has forbidden {} with exit status {code}: {said}", event.name())]
    Vetoed {
        /// The step.
        event: HookEvent,
        /// The hook.
        hook: PathBuf,
        /// Its exit status, 1 to 99.
        code: i32,
        /// The first line of its error output.
        said: String,
    },
    /// A domain document that a hook has given another name.
    #[error("the domain document of {instance} names {name:?}")]
    Renamed {
        /// The instance.
        instance: DomainName,
        /// What the document names.
        name: String,
    },
    /// A hook, or the directory of the hooks, that others than root and the daemon's user can write.
    #[error("{0:?} belongs to, or can be written by, others than root and the user of the daemon")]
    Untrusted(PathBuf),
    /// The work was given up because the instance is terminated.
    #[error("given up")]
    Canceled,
    /// The hypervisor refused, or could not be asked.
    #[error("the hypervisor did not help")]
    Hypervisor(#[from] euca_hypervisor::Error),
    /// A volume whose place is not one. What it says is not repeated, because it may be a secret.
    #[error("remoteDev is not the place of a volume: {0}")]
    RemoteDev(&'static str),
    /// A volume's password that was not encrypted for this node.
    #[error("the volume's password cannot be read with {0:?}")]
    Undecipherable(PathBuf),
    /// A volume without its block device.
    #[error("there is no block device {0:?}")]
    NoDevice(PathBuf),
    /// A volume that this node has already, or has not got rid of yet.
    #[error("volume {0} is in use on this node")]
    VolumeInUse(String),
    /// A volume that the instance has already, or has not got rid of yet.
    #[error("instance {instance} has volume {volume} already")]
    DuplicateVolume {
        /// The instance.
        instance: DomainName,
        /// The volume.
        volume: String,
    },
    /// A volume that is not attached.
    #[error("instance {instance} has no volume {volume}")]
    UnknownVolume {
        /// The instance.
        instance: DomainName,
        /// The volume.
        volume: String,
    },
    /// The 257th volume of an instance.
    #[error("instance {0} has 256 volumes already")]
    TooManyVolumes(DomainName),
    /// Another disk has the name.
    #[error("instance {instance} has a disk {device} already")]
    DeviceTaken {
        /// The instance.
        instance: DomainName,
        /// The disk's name.
        device: String,
    },
    /// The hypervisor has plugged a volume in, and it is not there.
    #[error("instance {0} does not show the volume")]
    NotPlugged(DomainName),
    /// A guest that does not let go of a volume.
    #[error("instance {instance} still has the volume after {limit:?}")]
    Clinging {
        /// The instance.
        instance: DomainName,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The privileged helper refused, or could not be asked.
    #[error("the privileged helper did not help")]
    Helper(#[from] euca_helper::Error),
    /// The instance's files are not to be had, or no disk can be made of them.
    #[error("its files cannot be staged")]
    Image(#[from] euca_image::Error),
    /// A file that could not be read or written.
    #[error("cannot {action} {path:?}")]
    File {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// A record that is not one of this node's.
    #[error("{path:?} is not a record of this instance: {reason}")]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    /// For `map_err`: the failed action on a file.
    pub(crate) fn file(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}
