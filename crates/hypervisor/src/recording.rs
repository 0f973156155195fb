//! A hypervisor in memory: domains are names with a state, calls are recorded, faults come by plan.
//!
//! Time is tokio's, so tests that pause the clock run through minutes of waiting at once. It keeps the promises of
//! [`Hypervisor`]: absence is told apart from not knowing, and hanging calls end at their limit.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::{AttachedDisk, BlockDisk, DomainName, DomainState, Error, HostResources, Hypervisor, name_in};

/// The calls of [`Hypervisor`], as plans and records name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// [`Hypervisor::domains`].
    Domains,
    /// [`Hypervisor::state`].
    State,
    /// [`Hypervisor::create`].
    Create,
    /// [`Hypervisor::destroy`].
    Destroy,
    /// [`Hypervisor::shutdown`].
    Shutdown,
    /// [`Hypervisor::disks`].
    Disks,
    /// [`Hypervisor::attach_disk`].
    AttachDisk,
    /// [`Hypervisor::detach_disk`].
    DetachDisk,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Domains => "list domains",
            Self::State => "state of domain",
            Self::Create => "create domain",
            Self::Destroy => "destroy domain",
            Self::Shutdown => "shut down domain",
            Self::Disks => "disks of domain",
            Self::AttachDisk => "attach disk to",
            Self::DetachDisk => "detach disk from",
        }
    }

    /// When a hanging call ends, as with the real driver.
    fn limit(self) -> Duration {
        Duration::from_secs(match self {
            Self::Create => 60,
            Self::Destroy => 30,
            Self::AttachDisk | Self::DetachDisk => 15,
            Self::Domains | Self::State | Self::Shutdown | Self::Disks => 5,
        })
    }
}

/// A domain as it was created.
#[derive(Debug, Clone)]
struct Domain {
    state: DomainState,
    xml: String,
    disks: Vec<AttachedDisk>,
}

#[derive(Debug)]
struct Inner {
    domains: BTreeMap<String, Domain>,
    calls: Vec<(Operation, String)>,
    latency: HashMap<Operation, Duration>,
    failures: HashMap<Operation, u32>,
    hanging: HashMap<Operation, bool>,
    reachable: bool,
    clinging: bool,
    host: HostResources,
}

/// The recording hypervisor. Clones share their domains and plans.
#[derive(Debug, Clone)]
pub struct Recording(Arc<Mutex<Inner>>);

impl Default for Recording {
    fn default() -> Self {
        Self::new(HostResources { memory_kib: 16_384_000, cores: 4 })
    }
}

impl Recording {
    /// A reachable hypervisor without domains on a host of this size.
    pub fn new(host: HostResources) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            domains: BTreeMap::new(),
            calls: Vec::new(),
            latency: HashMap::new(),
            failures: HashMap::new(),
            hanging: HashMap::new(),
            reachable: true,
            clinging: false,
            host,
        })))
    }

    /// From now on, calls of `operation` take this long.
    pub fn set_latency(&self, operation: Operation, latency: Duration) {
        self.inner().latency.insert(operation, latency);
    }

    /// The next `times` calls of `operation` are refused.
    pub fn fail_next(&self, operation: Operation, times: u32) {
        self.inner().failures.insert(operation, times);
    }

    /// Whether calls of `operation` hang until their limit.
    pub fn set_hanging(&self, operation: Operation, hanging: bool) {
        self.inner().hanging.insert(operation, hanging);
    }

    /// Whether the hypervisor can be asked at all.
    pub fn set_reachable(&self, reachable: bool) {
        self.inner().reachable = reachable;
    }

    /// Puts a domain into a state, creating it when there is none: what guests and other programs do.
    pub fn set_state(&self, name: &str, state: DomainState) {
        let mut inner = self.inner();
        let domain = inner.domains.entry(name.to_owned()).or_insert(Domain {
            state,
            xml: String::new(),
            disks: Vec::new(),
        });
        domain.state = state;
    }

    /// Whether guests keep the disks that they are asked to give back.
    pub fn set_clinging(&self, clinging: bool) {
        self.inner().clinging = clinging;
    }

    /// The disks plugged into a domain, without recording the question.
    pub fn plugged(&self, name: &str) -> Vec<AttachedDisk> {
        self.inner().domains.get(name).map(|domain| domain.disks.clone()).unwrap_or_default()
    }

    /// Removes a domain, as when its guest powers off.
    pub fn vanish(&self, name: &str) {
        self.inner().domains.remove(name);
    }

    /// The state of a domain, without recording the question.
    pub fn peek(&self, name: &str) -> Option<DomainState> {
        self.inner().domains.get(name).map(|domain| domain.state)
    }

    /// The document a domain was created from.
    pub fn xml(&self, name: &str) -> Option<String> {
        self.inner().domains.get(name).map(|domain| domain.xml.clone())
    }

    /// How often `operation` was called for `name`; the empty name is that of calls about the host.
    pub fn count(&self, operation: Operation, name: &str) -> usize {
        self.inner().calls.iter().filter(|(what, whom)| *what == operation && whom == name).count()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the call and lets it be late, hang or fail as planned.
    async fn enter(&self, operation: Operation, subject: &str) -> Result<(), Error> {
        let (call, subject, limit) = (operation.name(), subject.to_owned(), operation.limit());
        let latency = {
            let mut inner = self.inner();
            inner.calls.push((operation, subject.clone()));
            inner.latency.get(&operation).copied().unwrap_or_default()
        };
        tokio::time::sleep(latency.min(limit)).await;
        if latency > limit || self.inner().hanging.get(&operation) == Some(&true) {
            tokio::time::sleep(limit.saturating_sub(latency)).await;
            return Err(Error::Deadline { call, subject, limit });
        }
        let mut inner = self.inner();
        if !inner.reachable {
            return Err(Error::Unreachable { uri: "recording:///".to_owned(), source: "by plan".into() });
        }
        match inner.failures.get_mut(&operation).filter(|left| **left > 0) {
            Some(left) => {
                *left -= 1;
                Err(Error::Failed { call, subject, source: "by plan".into() })
            }
            None => Ok(()),
        }
    }
}

impl Hypervisor for Recording {
    fn host_resources(&self) -> Result<HostResources, Error> {
        Ok(self.inner().host)
    }

    async fn domains(&self) -> Result<Vec<(String, DomainState)>, Error> {
        self.enter(Operation::Domains, "").await?;
        let inner = self.inner();
        Ok(inner.domains.iter().map(|(name, domain)| (name.clone(), domain.state)).collect())
    }

    async fn state(&self, name: &DomainName) -> Result<Option<DomainState>, Error> {
        self.enter(Operation::State, name.as_str()).await?;
        Ok(self.peek(name.as_str()))
    }

    async fn create(&self, name: &DomainName, xml: &str) -> Result<(), Error> {
        let named = name_in(xml)?;
        if named != name.as_str() {
            return Err(Error::Document { name: name.to_string(), reason: format!("it names {named:?}") });
        }
        self.enter(Operation::Create, name.as_str()).await?;
        let mut inner = self.inner();
        if inner.domains.contains_key(name.as_str()) {
            return Err(Error::Exists(name.clone()));
        }
        let domain = Domain { state: DomainState::Running, xml: xml.to_owned(), disks: Vec::new() };
        inner.domains.insert(name.to_string(), domain);
        Ok(())
    }

    async fn destroy(&self, name: &DomainName) -> Result<(), Error> {
        self.enter(Operation::Destroy, name.as_str()).await?;
        self.inner().domains.remove(name.as_str());
        Ok(())
    }

    /// Only recorded: what the guest makes of it is up to the test.
    async fn shutdown(&self, name: &DomainName) -> Result<(), Error> {
        self.enter(Operation::Shutdown, name.as_str()).await
    }

    async fn disks(&self, name: &DomainName) -> Result<Option<Vec<AttachedDisk>>, Error> {
        self.enter(Operation::Disks, name.as_str()).await?;
        Ok(self.inner().domains.get(name.as_str()).map(|domain| domain.disks.clone()))
    }

    async fn attach_disk(&self, name: &DomainName, disk: &BlockDisk) -> Result<(), Error> {
        let _ = disk.to_xml()?;
        self.enter(Operation::AttachDisk, name.as_str()).await?;
        let target = disk.name().as_str().to_owned();
        self.change_disks(Operation::AttachDisk, name, |disks| {
            let free = disks.iter().all(|attached| attached.target != target);
            if free {
                disks.push(AttachedDisk { target, source: Some(disk.source.clone()) });
            }
            free
        })
    }

    async fn detach_disk(&self, name: &DomainName, disk: &BlockDisk) -> Result<(), Error> {
        let _ = disk.to_xml()?;
        self.enter(Operation::DetachDisk, name.as_str()).await?;
        let (target, clinging) = (disk.name(), self.inner().clinging);
        self.change_disks(Operation::DetachDisk, name, |disks| {
            let there = disks.iter().any(|attached| attached.target == target.as_str());
            disks.retain(|attached| clinging || attached.target != target.as_str());
            there
        })
    }
}

impl Recording {
    /// Changes the disks of a domain; without the domain, or when `change` says no, it is a refusal.
    fn change_disks(
        &self,
        operation: Operation,
        name: &DomainName,
        change: impl FnOnce(&mut Vec<AttachedDisk>) -> bool,
    ) -> Result<(), Error> {
        let changed =
            self.inner().domains.get_mut(name.as_str()).is_some_and(|domain| change(&mut domain.disks));
        let (call, subject) = (operation.name(), name.to_string());
        if changed {
            Ok(())
        } else {
            Err(Error::Failed { call, subject, source: "no such domain or disk".into() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name() -> DomainName {
        DomainName::new("i-1").unwrap()
    }

    const XML: &str = "<domain type='qemu'><name>i-1</name></domain>";

    #[tokio::test(start_paused = true)]
    async fn domains_live_as_they_would_under_libvirt() {
        let recording = Recording::default();
        assert_eq!(recording.state(&name()).await.unwrap(), None);
        recording.create(&name(), XML).await.unwrap();
        assert!(matches!(recording.create(&name(), XML).await, Err(Error::Exists(_))));
        assert_eq!(recording.domains().await.unwrap(), [("i-1".to_owned(), DomainState::Running)]);
        assert_eq!(recording.xml("i-1").as_deref(), Some(XML));
        recording.destroy(&name()).await.unwrap();
        recording.destroy(&name()).await.unwrap();
        assert_eq!(recording.peek("i-1"), None);
        assert_eq!(recording.count(Operation::Create, "i-1"), 2);
        let other = XML.replace("i-1", "i-2");
        assert!(matches!(recording.create(&name(), &other).await, Err(Error::Document { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn faults_come_as_planned() {
        let recording = Recording::default();
        recording.fail_next(Operation::Create, 1);
        assert!(matches!(recording.create(&name(), XML).await, Err(Error::Failed { .. })));
        recording.create(&name(), XML).await.unwrap();
        recording.set_reachable(false);
        assert!(matches!(recording.domains().await, Err(Error::Unreachable { .. })));
        recording.set_reachable(true);
        recording.set_hanging(Operation::State, true);
        let started = tokio::time::Instant::now();
        assert!(matches!(recording.state(&name()).await, Err(Error::Deadline { .. })));
        assert_eq!(started.elapsed(), Duration::from_secs(5));
        assert_eq!(recording.domains().await.unwrap().len(), 1, "one hanging call holds up no other");
    }
}
