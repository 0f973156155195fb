//! The libvirt driver: the only code of the product that calls libvirt.
//!
//! libvirt's calls block, and block for ever while libvirtd hangs. They run on a few dedicated threads
//! ([`pool`]), each with its own connection, and every caller waits no longer than a limit. A hung libvirtd costs
//! these threads until it answers or dies, and nothing else; a restarted one is found by the next call.
//!
//! No domain events: the node looks at all domains every few seconds anyway, in one call, and an event could only
//! be a hint to look earlier. So there is no event loop and no unsafe code.

mod capabilities;
mod pool;
mod probe;

use std::path::PathBuf;
use std::time::Duration;

use euca_observe::metrics;
use virt::connect::Connect;
use virt::domain::Domain;
use virt::error::ErrorNumber;
use virt::sys;

use crate::{
    AttachedDisk, BlockDisk, DomainKind, DomainName, DomainState, Error, HostResources, Hypervisor, Probe,
    disks_in, name_in,
};
use pool::{Kind, Pool, Request};
#[cfg(feature = "testing")]
pub(crate) use probe::NAME as PROBE;

/// How to reach libvirt and how long to wait for it.
#[derive(Debug, Clone)]
pub struct LibvirtSettings {
    /// Connection URI; the original's is `qemu:///system`.
    pub uri: String,
    /// Kind of the domains that are created.
    pub kind: DomainKind,
    /// Existing directory that the hypervisor can read and write, for the files of the test domain.
    pub probe_dir: PathBuf,
    /// How long the test domain may take to its first output. QEMU's translator needs about a second.
    pub probe_limit: Duration,
    /// Threads, and so connections and calls at the same time; two of them are kept free of calls that change
    /// something. At least 3.
    pub threads: usize,
    /// Calls that may wait for a thread.
    pub queue: usize,
    /// Limit of a question.
    pub query_limit: Duration,
    /// Limit of creating a domain, including the wait for a thread.
    pub create_limit: Duration,
    /// Limit of destroying a domain: libvirt itself gives QEMU 15 s to end before it kills it.
    pub destroy_limit: Duration,
    /// Limit of plugging a disk in or out: libvirt itself gives the guest some 5 s to let go.
    pub disk_limit: Duration,
}

impl LibvirtSettings {
    /// The limits of node-controller.md §15: 5 s for a question, 60 s for a creation.
    pub fn new(uri: impl Into<String>, kind: DomainKind, probe_dir: impl Into<PathBuf>) -> Self {
        Self {
            uri: uri.into(),
            kind,
            probe_dir: probe_dir.into(),
            probe_limit: Duration::from_secs(20),
            threads: 8,
            queue: 256,
            query_limit: Duration::from_secs(5),
            create_limit: Duration::from_secs(60),
            destroy_limit: Duration::from_secs(30),
            disk_limit: Duration::from_secs(15),
        }
    }
}

/// [`Hypervisor`] over libvirt's QEMU driver.
///
/// Each call ends within its limit of [`LibvirtSettings`]; a creation that was refused takes another question's time
/// to find out why. Connections are opened by the first call that needs
/// them, so a driver can be made while libvirtd is down.
#[derive(Debug)]
pub struct Libvirt {
    settings: LibvirtSettings,
    pool: Pool,
}

impl Libvirt {
    /// Starts the threads.
    ///
    /// # Errors
    /// [`Error::Name`] when the URI holds a NUL, [`Error::Unreachable`] when the system gives no thread.
    pub fn new(settings: LibvirtSettings) -> Result<Self, Error> {
        if settings.uri.contains('\0') {
            return Err(Error::Name { what: "connection URI", name: settings.uri });
        }
        // libvirt prints every error to stderr unless told otherwise; they are all returned as well.
        virt::error::clear_error_callback();
        let pool = Pool::start(&settings.uri, settings.threads, settings.queue)?;
        Ok(Self { settings, pool })
    }

    /// Proves that guests run here, not only that they could be configured: see [`Probe`].
    ///
    /// # Errors
    /// [`Error::Probe`] when a guest cannot run; any other error when it could not be found out.
    pub async fn probe(&self) -> Result<Probe, Error> {
        probe::run(self).await
    }

    /// What is counted of the calls to libvirt.
    pub fn metrics(&self) -> metrics::Hypervisor {
        self.pool.metrics()
    }

    fn query(&self, call: &'static str, subject: impl Into<String>) -> Request {
        Request { call, subject: subject.into(), limit: self.settings.query_limit, kind: Kind::Query }
    }

    fn change(&self, call: &'static str, name: &DomainName, limit: Duration) -> Request {
        Request { call, subject: name.to_string(), limit, kind: Kind::Change }
    }
}

impl Hypervisor for Libvirt {
    fn host_resources(&self) -> Result<HostResources, Error> {
        HostResources::read()
    }

    async fn domains(&self) -> Result<Vec<(String, DomainState)>, Error> {
        let request = self.query("list domains", "");
        self.pool
            .call(request, |connect| {
                let domains = connect.list_all_domains(sys::VIR_CONNECT_LIST_DOMAINS_ACTIVE)?;
                let mut found = Vec::with_capacity(domains.len());
                for domain in domains {
                    let name = domain.get_name()?;
                    match domain.get_state() {
                        Ok((state, _)) => found.push((name, state_of(state))),
                        // Ended since the list was made.
                        Err(error) if error.code() == ErrorNumber::NoDomain => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(found)
            })
            .await
    }

    async fn state(&self, name: &DomainName) -> Result<Option<DomainState>, Error> {
        let domain = name.clone();
        self.pool
            .call(self.query("state of domain", name.as_str()), move |connect| {
                unless_gone(
                    Domain::lookup_by_name(connect, domain.as_str()).and_then(|domain| domain.get_state()),
                )
            })
            .await
            .map(|state| state.map(|(state, _)| state_of(state)))
    }

    async fn create(&self, name: &DomainName, xml: &str) -> Result<(), Error> {
        let named = name_in(xml)?;
        if named != name.as_str() {
            let reason = format!("it names the domain {named:?}");
            return Err(Error::Document { name: name.to_string(), reason });
        }
        let xml = xml.to_owned();
        let result = self
            .pool
            .call(self.change("create domain", name, self.settings.create_limit), move |connect| {
                // No flags: transient, started at once.
                Domain::create_xml(connect, &xml, 0).map(drop)
            })
            .await;
        match result {
            // Which of the two codes says "exists already" depends on what else is true of the domain, so ask.
            Err(Error::Failed { .. }) if self.is_active(name).await => Err(Error::Exists(name.clone())),
            result => result,
        }
    }

    async fn destroy(&self, name: &DomainName) -> Result<(), Error> {
        let domain = name.clone();
        self.pool
            .call(self.change("destroy domain", name, self.settings.destroy_limit), move |connect| {
                unless_gone(Domain::lookup_by_name(connect, domain.as_str()).and_then(|domain| {
                    match domain.destroy() {
                        // A persistent domain that is not running: nothing to end.
                        Err(error) if error.code() == ErrorNumber::OperationInvalid => Ok(()),
                        result => result,
                    }
                }))
            })
            .await
            .map(drop)
    }

    async fn shutdown(&self, name: &DomainName) -> Result<(), Error> {
        let domain = name.clone();
        self.pool
            .call(self.change("shut down domain", name, self.settings.query_limit), move |connect| {
                unless_gone(
                    Domain::lookup_by_name(connect, domain.as_str()).and_then(|domain| domain.shutdown()),
                )
            })
            .await
            .map(drop)
    }

    async fn disks(&self, name: &DomainName) -> Result<Option<Vec<AttachedDisk>>, Error> {
        let domain = name.clone();
        let xml = self
            .pool
            .call(self.query("disks of domain", name.as_str()), move |connect| {
                unless_gone(
                    Domain::lookup_by_name(connect, domain.as_str())
                        .and_then(|domain| domain.get_xml_desc(0)),
                )
            })
            .await?;
        xml.map(|xml| disks_in(&xml)).transpose()
    }

    async fn attach_disk(&self, name: &DomainName, disk: &BlockDisk) -> Result<(), Error> {
        self.plug("attach disk to", name, disk, |domain, xml| domain.attach_device_flags(xml, LIVE)).await
    }

    async fn detach_disk(&self, name: &DomainName, disk: &BlockDisk) -> Result<(), Error> {
        self.plug("detach disk from", name, disk, |domain, xml| domain.detach_device_flags(xml, LIVE)).await
    }
}

/// A transient domain has nothing else to be changed.
const LIVE: u32 = sys::VIR_DOMAIN_AFFECT_LIVE;

impl Libvirt {
    async fn plug(
        &self,
        call: &'static str,
        name: &DomainName,
        disk: &BlockDisk,
        change: fn(&Domain, &str) -> Result<u32, virt::error::Error>,
    ) -> Result<(), Error> {
        let (xml, domain) = (disk.to_xml()?, name.clone());
        self.pool
            .call(self.change(call, name, self.settings.disk_limit), move |connect| {
                Domain::lookup_by_name(connect, domain.as_str())
                    .and_then(|domain| change(&domain, &xml))
                    .map(drop)
            })
            .await
    }

    async fn is_active(&self, name: &DomainName) -> bool {
        matches!(self.state(name).await, Ok(Some(state)) if state.is_active())
    }
}

/// Separates "no such domain" from every other failure.
fn unless_gone<T>(result: Result<T, virt::error::Error>) -> Result<Option<T>, virt::error::Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.code() == ErrorNumber::NoDomain => Ok(None),
        Err(error) => Err(error),
    }
}

fn state_of(state: sys::virDomainState) -> DomainState {
    match state {
        sys::VIR_DOMAIN_NOSTATE => DomainState::NoState,
        sys::VIR_DOMAIN_RUNNING => DomainState::Running,
        sys::VIR_DOMAIN_BLOCKED => DomainState::Blocked,
        sys::VIR_DOMAIN_SHUTDOWN => DomainState::ShuttingDown,
        sys::VIR_DOMAIN_SHUTOFF => DomainState::ShutOff,
        sys::VIR_DOMAIN_CRASHED => DomainState::Crashed,
        // Paused, suspended to RAM (7), and whatever comes later.
        _ => DomainState::Paused,
    }
}

/// What a thread of the pool talks through. Closed when dropped: the library's own type leaks the connection.
#[derive(Debug)]
struct Connection(Connect);

impl Connection {
    fn open(uri: &str) -> Result<Self, virt::error::Error> {
        Connect::open(Some(uri)).map(Self)
    }

    /// One round trip. libvirt notices a dead peer only when it talks to it.
    fn answers(&self) -> bool {
        self.0.get_lib_version().is_ok()
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Err(error) = self.0.close() {
            tracing::debug!(%error, "closing a libvirt connection failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nc_141_states_that_libvirt_invented_later_are_paused() {
        let rows = [
            (0, DomainState::NoState),
            (1, DomainState::Running),
            (2, DomainState::Blocked),
            (3, DomainState::Paused),
            (4, DomainState::ShuttingDown),
            (5, DomainState::ShutOff),
            (6, DomainState::Crashed),
            (7, DomainState::Paused),
            (99, DomainState::Paused),
        ];
        for (number, state) in rows {
            assert_eq!(state_of(number), state, "{number}");
        }
    }
}
