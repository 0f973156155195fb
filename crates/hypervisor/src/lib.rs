//! Domains on this host: what the node controller asks of a hypervisor, and who answers.
//!
//! [`Hypervisor`] is the trait. [`Libvirt`] is the driver for KVM and QEMU and the only code that calls libvirt;
//! [`recording::Recording`] is the same behaviour in memory, with faults by plan, for tests. [`DomainSpec`] turns
//! into the domain XML of node-controller.md §6.4.
//!
//! Not here: instances, their states and their files. This crate knows domains by name and forgets them at once.
#![forbid(unsafe_code)]

mod disk;
mod domain;
mod error;
mod host;
mod libvirt;
mod name;
pub mod recording;
#[cfg(feature = "testing")]
pub mod testing;

use std::future::Future;
use std::time::Duration;

pub use disk::{AttachedDisk, BlockDisk, TargetDev, disks_in};
pub use domain::{Boot, DiskFormat, DomainKind, DomainSpec, MacAddress, Nic, Virtio, name_in};
pub use error::{Error, Problem};
pub use host::HostResources;
pub use libvirt::{Libvirt, LibvirtSettings};
pub use name::{BridgeName, DomainName, is_identifier, is_name};

/// A virtual machine monitor on this host.
///
/// Every call ends: with an answer, or with [`Error::Deadline`] after the limit that its implementation documents.
/// A call given up on may still take effect later; callers look before they repeat a change.
///
/// There is no reboot. On KVM a reboot is [`destroy`](Self::destroy) and [`create`](Self::create) from the saved
/// document with retries in between (node-controller.md §11.2), and the retries are the node's to decide.
pub trait Hypervisor: Send + Sync + 'static {
    /// Memory and processors of the host. Needs no connection: a node reports its size while libvirtd is down.
    ///
    /// # Errors
    /// [`Error::Host`] when the kernel does not tell.
    fn host_resources(&self) -> Result<HostResources, Error>;

    /// All active domains, in one call: absence from the list is proof of absence.
    ///
    /// # Errors
    /// When the hypervisor cannot be asked.
    fn domains(&self) -> impl Future<Output = Result<Vec<(String, DomainState)>, Error>> + Send;

    /// The state of one domain; `None` when there is no such domain.
    ///
    /// # Errors
    /// When the hypervisor cannot be asked.
    fn state(&self, name: &DomainName) -> impl Future<Output = Result<Option<DomainState>, Error>> + Send;

    /// Creates and starts a transient domain from its XML document, whose name must be `name`.
    ///
    /// # Errors
    /// [`Error::Exists`] when a domain of this name is active, [`Error::Document`] when the document is not fit to
    /// be handed over, else what the hypervisor says.
    fn create(&self, name: &DomainName, xml: &str) -> impl Future<Output = Result<(), Error>> + Send;

    /// Ends a domain the hard way. A domain that does not exist is a success.
    ///
    /// # Errors
    /// When the hypervisor refuses or cannot be asked.
    fn destroy(&self, name: &DomainName) -> impl Future<Output = Result<(), Error>> + Send;

    /// Asks a guest to shut itself down, as its power button does. Whether it does, and when, shows in its state. A
    /// domain that does not exist is a success.
    ///
    /// # Errors
    /// When the hypervisor refuses or cannot be asked.
    fn shutdown(&self, name: &DomainName) -> impl Future<Output = Result<(), Error>> + Send;

    /// The disks that a domain has at this moment; `None` when there is no such domain.
    ///
    /// # Errors
    /// When the hypervisor cannot be asked.
    fn disks(
        &self,
        name: &DomainName,
    ) -> impl Future<Output = Result<Option<Vec<AttachedDisk>>, Error>> + Send;

    /// Plugs a disk into a running domain.
    ///
    /// # Errors
    /// [`Error::Document`] for a disk that cannot be described, else what the hypervisor says; a domain that does not
    /// exist is a refusal.
    fn attach_disk(
        &self,
        name: &DomainName,
        disk: &BlockDisk,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Asks a running domain to give a disk back. The guest has a say in that: the disk is gone when
    /// [`disks`](Self::disks) does not list it any more, which may be later, or never.
    ///
    /// # Errors
    /// As [`attach_disk`](Self::attach_disk).
    fn detach_disk(
        &self,
        name: &DomainName,
        disk: &BlockDisk,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}

/// State of an active or just ended domain, as libvirt reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DomainState {
    /// The hypervisor knows the domain and nothing about its state.
    NoState,
    /// Executing.
    Running,
    /// Waiting for a resource.
    Blocked,
    /// Stopped and able to go on; also suspended to RAM, and every state that libvirt invents later.
    Paused,
    /// The guest is shutting down.
    ShuttingDown,
    /// Ended.
    ShutOff,
    /// Ended by a crash.
    Crashed,
}

impl DomainState {
    /// Whether a process executes the domain and holds its files.
    pub fn is_active(self) -> bool {
        !matches!(self, Self::ShutOff)
    }
}

/// What is known about a domain at some instant. "Cannot ask" is not "gone".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Observation {
    /// The hypervisor could not be asked.
    Unknown,
    /// There is no such domain.
    Absent,
    /// There is.
    Present(DomainState),
}

impl From<Option<DomainState>> for Observation {
    fn from(state: Option<DomainState>) -> Self {
        state.map_or(Self::Absent, Self::Present)
    }
}

/// What [`Libvirt::probe`] found out.
///
/// `/dev/kvm` that opens, and a capability list that names `kvm`, are no proof: there are hosts where the virtual
/// processor starts, creeps through the BIOS and gets nowhere after that. So the probe starts a domain of the
/// configured kind from a boot sector that enters 64-bit mode, executes 40 million instructions and writes one line to
/// its serial port, and waits for the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Kind of the domains that run.
    pub kind: DomainKind,
    /// Version of the hypervisor, e.g. `7.2.22`.
    pub version: String,
    /// Time from the request to create the test domain until its first output.
    pub first_output: Duration,
}
