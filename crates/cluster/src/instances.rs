//! What is known of the instances: one record for each id, in the order in which they became known, each
//! ready to be told to the CLC (cluster-controller.md §2.4, §2.7).
//!
//! Readers take a snapshot of shared records and wait for nothing but the map's lock, which is never held
//! across anything that waits.

use std::collections::HashMap;
use std::time::Duration;

use euca_store::{Journal, Ticket};
use euca_wire::{Shared, cc, nc};
use indexmap::IndexMap;
use indexmap::map::Entry;
use parking_lot::{Mutex, RwLock};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::addresses::Neighbours;
use crate::durable;
use crate::error::Error;
use crate::network::NO_ADDRESS;
use crate::reply_limit::{Abridged, Lengths};
use crate::translation::described;

/// The instance is being started; also what the cluster itself says of it until a node reports it.
pub(crate) const PENDING: &str = "Pending";
/// The instance runs.
pub(crate) const EXTANT: &str = "Extant";
/// The instance is gone, its resources are released.
pub(crate) const TEARDOWN: &str = "Teardown";
/// In the nodes' table, but not known to be ever reported.
pub(crate) const UNKNOWN: &str = "Unknown";

/// The instances of a cluster.
#[derive(Debug)]
pub(crate) struct Instances {
    maximum: usize,
    /// Every change of a record is put under the lock of the records, so that both have one order.
    journal: Journal,
    records: RwLock<IndexMap<String, Record>>,
    /// Ends the launch of an instance. Apart from the records, because a launch may outlive its record.
    /// Locked after them.
    launches: Mutex<HashMap<String, CancellationToken>>,
}

#[derive(Debug)]
struct Record {
    /// Its place in the order in which instances became known.
    number: u64,
    /// While it is not known whether the record is durable: it is not told yet, as it might be forgotten.
    news: Option<Ticket>,
    /// As DescribeInstances tells it. `serviceTag` is the URL of the host node.
    told: Shared<cc::CcInstance>,
    /// What `told` takes in a reply.
    lengths: Lengths,
    /// `told` as it was abridged last: large replies are asked for again and again.
    brief: Mutex<Option<(Abridged, Shared<cc::CcInstance>)>>,
    last_seen: Instant,
}

/// What a node's report has led to.
#[derive(Debug)]
pub(crate) struct Report {
    /// The instances that are gone since then, whose addresses are free.
    pub(crate) gone: Vec<Shared<cc::CcInstance>>,
    /// The instances that were not known before, and are not gone.
    pub(crate) found: Vec<Shared<cc::CcInstance>>,
    /// All instances reported, as they are told now; `None` if some of them were not taken over.
    pub(crate) told: Option<Vec<Shared<cc::CcInstance>>>,
}

/// `stateName` of an instance.
pub(crate) fn state_of(instance: &cc::CcInstance) -> &str {
    instance.state_name.as_deref().unwrap_or_default()
}

/// URL of the node an instance was last seen on.
pub(crate) fn host_of(instance: &cc::CcInstance) -> &str {
    instance.service_tag.as_deref().unwrap_or_default()
}

fn is_gone(instance: &cc::CcInstance) -> bool {
    state_of(instance) == TEARDOWN
}

fn mac_of(instance: &cc::CcInstance) -> Option<&str> {
    instance.net_params.as_ref().map(|net| net.private_mac_address.as_str())
}

/// Whether an instance that is not gone has the same MAC address (§2.7).
fn is_shared(records: &IndexMap<String, Record>, gone: &cc::CcInstance) -> bool {
    let wanted = mac_of(gone);
    records.values().any(|record| !is_gone(&record.told) && mac_of(&record.told) == wanted)
}

impl Instances {
    /// The instances that were durable, each as if seen now, and never more than `maximum` in all.
    pub(crate) fn new(maximum: usize, known: Vec<(String, durable::Instance)>, journal: Journal) -> Self {
        let restored = |(id, known): (String, durable::Instance)| (id, Record::new(known.told, known.number));
        let records = RwLock::new(known.into_iter().map(restored).collect());
        Self { maximum, journal, records, launches: Mutex::default() }
    }

    /// Whether the lock can be had within `patience`.
    pub(crate) fn lock_is_free(&self, patience: Duration) -> bool {
        self.records.try_write_for(patience).is_some()
    }

    /// Shows the state of every instance to `count`.
    pub(crate) fn for_each_state(&self, mut count: impl FnMut(&str)) {
        self.records.read().values().for_each(|record| count(state_of(&record.told)));
    }

    /// How long no node has reported an instance.
    pub(crate) fn unreported(&self, id: &str) -> Option<Duration> {
        self.records.read().get(id).map(|record| record.last_seen.elapsed())
    }

    /// All instances that are durable, as they are now, abridged to fit into a reply that holds `rest` bytes
    /// besides; how much of each that is, and how long the reply is then.
    pub(crate) fn snapshot(&self, rest: usize) -> (Vec<Shared<cc::CcInstance>>, Abridged, usize) {
        let records = self.records.read();
        let told = || records.values().filter(|record| record.is_told());
        let (abridged, length) = Lengths::fit(told().map(|record| record.lengths), rest);
        (told().map(|record| record.abridged(abridged)).collect(), abridged, length)
    }

    /// Whether some instances are not told because it is not known yet whether they are durable.
    pub(crate) fn are_being_kept(&self) -> bool {
        !self.records.read().values().all(Record::is_told)
    }

    /// The instance with this id.
    pub(crate) fn find(&self, id: &str) -> Option<Shared<cc::CcInstance>> {
        self.records.read().get(id).map(|record| record.told.clone())
    }

    /// Adds an instance that was just placed, and its launch; cancelling `ended` ends the launch, of which
    /// [`Instances::launch_is_over`] is to be told. It is told when it is durable.
    pub(crate) fn add(
        &self,
        id: &str,
        told: Shared<cc::CcInstance>,
        launch: durable::Launch,
        ended: CancellationToken,
    ) -> Result<(), Error> {
        let mut records = self.records.write();
        let mut launches = self.launches.lock();
        let full = records.len() >= self.maximum;
        let number = next_number(&records);
        match records.entry(id.to_owned()) {
            Entry::Occupied(_) => Err(Error::Known),
            Entry::Vacant(_) if launches.contains_key(id) => Err(Error::Known),
            Entry::Vacant(_) if full => Err(Error::Full(self.maximum)),
            Entry::Vacant(vacant) => {
                drop(self.journal.put(id, launch));
                vacant.insert(Record::new(told, number).noted_in(&self.journal));
                launches.insert(id.to_owned(), ended);
                Ok(())
            }
        }
    }

    /// Takes an instance back that was added and of which nothing was promised.
    pub(crate) fn withdraw(&self, id: &str) {
        let mut records = self.records.write();
        records.shift_remove(id);
        drop(self.journal.delete::<durable::Instance>(id));
        drop(records);
        self.cancel_launch(id);
        self.launch_is_over(id);
    }

    /// Notes a launch that was under way before the start. Cancelling `ended` ends it.
    pub(crate) fn launch_goes_on(&self, id: &str, ended: CancellationToken) {
        self.launches.lock().insert(id.to_owned(), ended);
    }

    /// Ends the launch of an instance, if one is under way, whether or not the instance is still told. Once that
    /// is durable, the launch does not come back.
    pub(crate) fn cancel_launch(&self, id: &str) {
        if let Some(launch) = self.launches.lock().get(id) {
            launch.cancel();
            drop(self.journal.delete::<durable::Launch>(id));
        }
    }

    /// The launch of an instance has come to its end. One that was cancelled was forgotten then, or goes on after
    /// the next start.
    pub(crate) fn launch_is_over(&self, id: &str) {
        let mut launches = self.launches.lock();
        if launches.remove(id).is_some_and(|launch| !launch.is_cancelled()) {
            drop(self.journal.delete::<durable::Launch>(id));
        }
    }

    /// Takes over what a node reports of its instances (§5.3). Launches of what it reports come to an end
    ///
    pub(crate) fn report(&self, node_url: &str, instances: Vec<nc::Instance>) -> Report {
        let told: Vec<_> = instances.into_iter().map(|instance| described(instance, node_url)).collect();
        let now = Instant::now();
        let mut refused = 0_usize;
        // Logged when the lock is free again.
        let mut changes = Vec::new();
        let (mut gone, mut found) = (Vec::new(), Vec::new());
        let count = told.len();
        let mut taken_over = Vec::with_capacity(count);
        let mut records = self.records.write();
        for told in told {
            let id = told.instance_id.clone().unwrap_or_default();
            if id.is_empty() {
                tracing::warn!(node = node_url, "the node reports an instance without an id, ignored");
                continue;
            }
            let full = records.len() >= self.maximum;
            let number = next_number(&records);
            match records.entry(id) {
                // The remains on one node do not bury what lives on another.
                Entry::Occupied(record) if record.get().outlives(&told) => {}
                Entry::Occupied(mut record) => {
                    self.cancel_launch(record.key());
                    let record = record.get_mut();
                    if let Some(previous) = record.update(told, now) {
                        drop(record.keep(&self.journal));
                        changes.push((previous, record.told.clone()));
                    }
                    taken_over.push(record.told.clone());
                }
                Entry::Vacant(_) if full => refused += 1,
                Entry::Vacant(vacant) => {
                    self.cancel_launch(vacant.key());
                    let told = Shared::from(told);
                    if is_gone(&told) { &mut gone } else { &mut found }.push(told.clone());
                    taken_over.push(told.clone());
                    vacant.insert(Record::new(told, number).noted_in(&self.journal));
                }
            }
        }
        let ended = changes.iter().filter(|(previous, told)| is_gone(told) && !is_gone(previous));
        gone.extend(ended.map(|(_, told)| told.clone()));
        gone.retain(|told| !is_shared(&records, told));
        drop(records);
        for (previous, instance) in changes {
            let (previous, state) = (state_of(&previous), state_of(&instance));
            if previous != state {
                let id = instance.instance_id.as_deref();
                tracing::info!(instance = id, node = node_url, previous, state, "instance changes state");
            }
        }
        if refused > 0 {
            let error = Error::Full(self.maximum);
            tracing::error!(node = node_url, refused, %error, "instances the node reports are ignored");
        }
        Report { gone, found, told: (taken_over.len() == count).then_some(taken_over) }
    }

    /// A node reports again what has led to `told`. Takes that over, unless the instances were changed meanwhile.
    pub(crate) fn report_again(&self, told: &[Shared<cc::CcInstance>]) -> bool {
        let now = Instant::now();
        let mut records = self.records.write();
        told.iter().all(|told| {
            let record = records.get_mut(told.instance_id.as_deref().unwrap_or_default());
            let Some(record) = record.filter(|record| Shared::ptr_eq(&record.told, told)) else {
                return false;
            };
            self.cancel_launch(record.id());
            record.is_seen(now);
            true
        })
    }

    /// Forgets the instances unreported for longer than `timeout` (§5.5). Brings those of them that were gone
    /// already, in case another instance's MAC address has kept their addresses from being freed; what is only
    /// out of sight may come back.
    pub(crate) fn expire(&self, timeout: Duration) -> Vec<Shared<cc::CcInstance>> {
        let now = Instant::now();
        let mut expired = Vec::new();
        let mut records = self.records.write();
        records.retain(|id, record| {
            let keep = now - record.last_seen <= timeout;
            if !keep {
                drop(self.journal.delete::<durable::Instance>(id));
                expired.push(record.told.clone());
            }
            keep
        });
        let gone = |told: &&Shared<cc::CcInstance>| is_gone(told) && !is_shared(&records, told);
        let gone = expired.iter().filter(gone).cloned().collect();
        drop(records);
        for told in &expired {
            let (id, node, state) = (told.instance_id.as_deref(), host_of(told), state_of(told));
            tracing::info!(
                instance = id,
                node,
                state,
                ?timeout,
                "instance unreported for too long, forgotten"
            );
        }
        gone
    }

    /// Whether some instance waits for an address that can be discovered.
    pub(crate) fn lack_addresses(&self, public: bool) -> bool {
        self.records.read().values().any(|record| record.lacks_address(public))
    }

    /// Sets the addresses that are still unknown from the neighbours seen on the wire; the public one only
    /// when `public`, where it is the private one (§5.4).
    pub(crate) fn discover_addresses(&self, neighbours: &Neighbours, public: bool) {
        for record in self.records.write().values_mut().filter(|record| record.lacks_address(public)) {
            let Some(net) = &record.told.net_params else { continue };
            let Some(address) = neighbours.address(&net.private_mac_address) else { continue };
            let address = address.to_string();
            record.change_net(&self.journal, |net| {
                if public && net.public_ip == NO_ADDRESS {
                    net.public_ip.clone_from(&address);
                }
                if net.private_ip == NO_ADDRESS {
                    net.private_ip = address;
                }
            });
        }
    }

    /// Sets the public address of every instance whose network satisfies `matches` (§2.7 map). Brings what it was
    /// before, by instance.
    pub(crate) fn set_public_address(
        &self,
        address: &str,
        matches: impl Fn(&cc::NetConfig) -> bool,
    ) -> Vec<(String, String)> {
        let mut before = Vec::new();
        for (id, record) in self.records.write().iter_mut() {
            if record.told.net_params.as_ref().is_some_and(&matches) {
                record.change_net(&self.journal, |net| {
                    let previous = std::mem::replace(&mut net.public_ip, address.to_owned());
                    before.push((id.clone(), previous));
                });
            }
        }
        before
    }

    /// Takes back what [`Instances::set_public_address`] has set, where it still stands.
    pub(crate) fn reset_public_address(&self, address: &str, before: Vec<(String, String)>) {
        let mut records = self.records.write();
        for (id, previous) in before {
            let Some(record) = records.get_mut(&id) else { continue };
            if record.told.net_params.as_ref().is_some_and(|net| net.public_ip == address) {
                record.change_net(&self.journal, |net| net.public_ip = previous);
            }
        }
    }

    /// Ids and states of bundle tasks, of every instance (§7.5).
    pub(crate) fn bundle_tasks(&self) -> Vec<cc::BundleTask> {
        let task = |record: &Record| cc::BundleTask {
            instance_id: record.told.instance_id.clone(),
            state: Some(record.told.bundle_task_state_name.clone().unwrap_or_default()),
        };
        self.records.read().values().filter(|record| record.is_told()).map(task).collect()
    }
}

fn next_number(records: &IndexMap<String, Record>) -> u64 {
    records.last().map_or(0, |(_, newest)| newest.number + 1)
}

impl Record {
    fn new(told: Shared<cc::CcInstance>, number: u64) -> Self {
        Self {
            number,
            news: None,
            lengths: Lengths::of(&told),
            brief: Mutex::default(),
            told,
            last_seen: Instant::now(),
        }
    }

    /// What is told has changed.
    fn is_retold(&mut self) {
        self.lengths = Lengths::of(&self.told);
        *self.brief.get_mut() = None;
    }

    fn abridged(&self, abridged: Abridged) -> Shared<cc::CcInstance> {
        if abridged == Abridged::default() {
            return self.told.clone();
        }
        let mut brief = self.brief.lock();
        match &*brief {
            Some((before, told)) if *before == abridged => told.clone(),
            _ => brief.insert((abridged, abridged.apply(&self.told))).1.clone(),
        }
    }

    fn is_told(&self) -> bool {
        self.news.as_ref().is_none_or(Ticket::is_over)
    }

    fn id(&self) -> &str {
        self.told.instance_id.as_deref().unwrap_or_default()
    }

    /// Makes the record durable.
    fn keep(&self, journal: &Journal) -> Ticket {
        journal.put(self.id(), durable::Instance { number: self.number, told: self.told.clone() })
    }

    /// A record of an instance that was not known before.
    fn noted_in(mut self, journal: &Journal) -> Self {
        self.news = Some(self.keep(journal));
        self
    }

    fn is_seen(&mut self, now: Instant) {
        self.last_seen = now;
        if self.is_told() {
            self.news = None;
        }
    }

    /// Replaces what is told by what a node has said, except what the cluster knows better. Brings what was told
    /// before if that was something else.
    fn update(&mut self, mut told: cc::CcInstance, now: Instant) -> Option<Shared<cc::CcInstance>> {
        if let (Some(new), Some(old)) = (&mut told.net_params, &self.told.net_params) {
            // A node does not know the addresses that were assigned or discovered here.
            for (new, old) in [(&mut new.public_ip, &old.public_ip), (&mut new.private_ip, &old.private_ip)] {
                if new == NO_ADDRESS && !old.is_empty() {
                    new.clone_from(old);
                }
            }
        }
        told.launch_time = told.launch_time.or(self.told.launch_time);
        self.is_seen(now);
        if *self.told == told {
            return None;
        }
        let previous = std::mem::replace(&mut self.told, told.into());
        self.is_retold();
        Some(previous)
    }

    /// Whether what a node has said is about remains, while the instance lives on another node.
    fn outlives(&self, told: &cc::CcInstance) -> bool {
        let moved = host_of(told) != host_of(&self.told);
        moved && is_gone(told) && !is_gone(&self.told)
    }

    fn lacks_address(&self, public: bool) -> bool {
        self.told.net_params.as_ref().is_some_and(|net| {
            !net.private_mac_address.is_empty()
                && (net.private_ip == NO_ADDRESS || (public && net.public_ip == NO_ADDRESS))
        })
    }

    fn change_net(&mut self, journal: &Journal, change: impl FnOnce(&mut cc::NetConfig)) {
        // Copies the record only while a reader still holds it.
        if let Some(net) = &mut Shared::make_mut(&mut self.told).net_params {
            change(net);
        }
        self.is_retold();
        drop(self.keep(journal));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const N0: &str = "http://n0:8775/nc";
    const N1: &str = "http://n1:8775/nc";
    const SECOND: Duration = Duration::from_secs(1);

    fn empty(maximum: usize) -> Instances {
        let (journal, _) = Journal::new(euca_store::testing::Disk::default().open());
        Instances::new(maximum, Vec::new(), journal)
    }

    fn reported(id: &str, state: &str) -> nc::Instance {
        nc::Instance {
            instance_id: id.into(),
            state_name: state.into(),
            net_params: Some(nc::NetConfig {
                private_mac_address: "D0:0D:00:00:00:0A".into(),
                private_ip: NO_ADDRESS.into(),
                public_ip: NO_ADDRESS.into(),
                vlan: 10,
                network_index: 2,
            }),
            ..Default::default()
        }
    }

    fn with_addresses(mut instance: nc::Instance, private: &str, public: &str) -> nc::Instance {
        let net = instance.net_params.get_or_insert_default();
        net.private_ip = private.into();
        net.public_ip = public.into();
        instance
    }

    fn addresses(instances: &Instances, id: &str) -> (String, String) {
        let net = instances.find(id).unwrap().net_params.clone().unwrap();
        (net.private_ip, net.public_ip)
    }

    #[tokio::test(start_paused = true)]
    async fn a_report_replaces_everything_but_the_addresses_the_node_does_not_know() {
        let instances = empty(10);
        let told = |private: &str, public: &str| (private.to_owned(), public.to_owned());
        instances.report(N0, vec![with_addresses(reported("i-A", EXTANT), "192.168.1.2", "10.1.1.1")]);
        assert_eq!(addresses(&instances, "i-A"), told("192.168.1.2", "10.1.1.1"));
        // cc_t169
        instances.report(N0, vec![reported("i-A", EXTANT)]);
        assert_eq!(addresses(&instances, "i-A"), told("192.168.1.2", "10.1.1.1"));
        // cc_t170
        instances.report(N0, vec![with_addresses(reported("i-A", EXTANT), NO_ADDRESS, "10.1.1.2")]);
        assert_eq!(addresses(&instances, "i-A"), told("192.168.1.2", "10.1.1.2"));

        let groups = |names: &[&str]| nc::Instance {
            group_names: names.iter().map(|&name| name.into()).collect(),
            ..reported("i-A", EXTANT)
        };
        instances.report(N0, vec![groups(&["default", "web"])]);
        instances.report(N0, vec![groups(&["db"])]);
        assert_eq!(instances.find("i-A").unwrap().group_names, ["db"], "Q-39");
    }

    #[tokio::test(start_paused = true)]
    async fn cc_t177_states_are_copied_verbatim() {
        let instances = empty(10);
        for state in [PENDING, EXTANT, TEARDOWN, "Something else"] {
            instances.report(N0, vec![reported("i-A", state)]);
            assert_eq!(state_of(&instances.find("i-A").unwrap()), state);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn cc_t174_a_live_instance_beats_its_remains_on_another_node() {
        for order in [[N0, N1], [N1, N0]] {
            let instances = empty(10);
            for _ in 0..2 {
                for node in order {
                    let state = if node == N0 { TEARDOWN } else { EXTANT };
                    instances.report(node, vec![reported("i-A", state)]);
                }
            }
            let told = instances.find("i-A").unwrap();
            assert_eq!((state_of(&told), host_of(&told)), (EXTANT, N1));
        }
        let moved = empty(10);
        moved.report(N0, vec![reported("i-A", EXTANT)]);
        moved.report(N1, vec![reported("i-A", PENDING)]);
        assert_eq!(host_of(&moved.find("i-A").unwrap()), N1, "otherwise the last answer wins");
    }

    #[tokio::test(start_paused = true)]
    async fn cc_t165_cc_t166_an_instance_is_kept_for_exactly_its_timeout() {
        let instances = empty(10);
        instances.report(N0, vec![reported("i-A", EXTANT)]);
        tokio::time::advance(299 * SECOND).await;
        instances.expire(300 * SECOND);
        assert!(instances.find("i-A").is_some());
        tokio::time::advance(SECOND).await;
        instances.expire(300 * SECOND);
        assert!(instances.find("i-A").is_some(), "exactly 300 s");
        tokio::time::advance(SECOND).await;
        instances.expire(300 * SECOND);
        assert!(instances.find("i-A").is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn cc_t171_cc_t172_unknown_addresses_are_taken_from_the_wire() {
        let mut neighbours = Neighbours::default();
        neighbours.add("d0:0d:00:00:00:0a", std::net::Ipv4Addr::new(172, 16, 0, 9));
        for (public, expected) in [(true, "172.16.0.9"), (false, NO_ADDRESS)] {
            let instances = empty(10);
            instances.report(N0, vec![reported("i-A", EXTANT)]);
            assert!(instances.lack_addresses(public));
            instances.discover_addresses(&neighbours, public);
            assert_eq!(addresses(&instances, "i-A"), ("172.16.0.9".into(), expected.into()));
            assert!(!instances.lack_addresses(public));
        }
        let instances = empty(10);
        instances.report(N0, vec![with_addresses(reported("i-A", EXTANT), "192.168.1.2", "10.1.1.1")]);
        instances.discover_addresses(&neighbours, true);
        assert_eq!(addresses(&instances, "i-A"), ("192.168.1.2".into(), "10.1.1.1".into()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_node_reports_again_is_taken_over_as_long_as_nothing_else_has_changed_it() {
        type Change = fn(&Instances);
        let changes: [(&str, Change, bool); 6] = [
            ("nothing", |_| (), true),
            (
                "an address",
                |it| drop(it.set_public_address("1.2.3.4", |net| net.private_ip == "10.0.0.1")),
                false,
            ),
            ("forgotten", |it| it.withdraw("i-A"), false),
            ("on another node", |it| drop(it.report(N1, vec![reported("i-A", EXTANT)])), false),
            ("by the same node", |it| drop(it.report(N0, vec![reported("i-A", TEARDOWN)])), false),
            ("another instance", |it| drop(it.report(N1, vec![reported("i-C", EXTANT)])), true),
        ];
        for (name, change, taken_over) in changes {
            let instances = empty(10);
            let a = with_addresses(reported("i-A", EXTANT), "10.0.0.1", NO_ADDRESS);
            let report = instances.report(N0, vec![reported("i-B", EXTANT), a]);
            let told = report.told.unwrap();
            assert_eq!(told.len(), 2);
            tokio::time::advance(200 * SECOND).await;
            change(&instances);
            assert_eq!(instances.report_again(&told), taken_over, "{name}");
            tokio::time::advance(200 * SECOND).await;
            instances.expire(300 * SECOND);
            assert!(instances.find("i-B").is_some(), "{name}: seen meanwhile");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_report_not_taken_over_as_a_whole_is_looked_into_again() {
        let instances = empty(1);
        let two = || vec![reported("i-A", EXTANT), reported("i-B", EXTANT)];
        assert!(instances.report(N0, two()).told.is_none(), "no room for the second one");
        assert!(instances.report(N0, vec![reported("", EXTANT)]).told.is_none());
        assert!(instances.report(N1, vec![reported("i-A", TEARDOWN)]).told.is_none(), "remains");
        assert!(instances.report(N0, vec![]).told.is_some_and(|told| told.is_empty()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_instance_is_added_once_and_never_beyond_the_maximum() {
        let instances = empty(2);
        let add = |id: &str| {
            let (node, order) = (N0.to_owned(), nc::NcRunInstance::default());
            let launch = durable::Launch { node, begun: Default::default(), size: Default::default(), order };
            instances.add(id, Shared::default(), launch, CancellationToken::new())
        };
        assert_eq!(add("i-A"), Ok(()));
        assert_eq!(add("i-A"), Err(Error::Known));
        assert_eq!(add("i-B"), Ok(()));
        assert_eq!(add("i-C"), Err(Error::Full(2)));
        instances.report(N0, vec![reported("i-D", EXTANT), reported("i-A", EXTANT), reported("", EXTANT)]);
        assert!(instances.find("i-D").is_none() && instances.find("").is_none());
        assert_eq!(state_of(&instances.find("i-A").unwrap()), EXTANT, "a full cache is still refreshed");
        assert_eq!(instances.snapshot(0).0.len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_told_abridged_is_what_is_known_now() {
        let instances = empty(10);
        for state in [PENDING, EXTANT, TEARDOWN] {
            instances.report(N0, vec![reported("i-A", state)]);
            // More than a reply can hold: everything goes that can.
            for rest in [usize::MAX / 2, 0, usize::MAX / 2] {
                let (told, ..) = instances.snapshot(rest);
                let seen = told.first().map(|told| (state_of(told), told.service_tag.is_some()));
                assert_eq!(seen, Some((state, rest == 0)));
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn instances_are_told_in_the_order_in_which_they_became_known() {
        let instances = empty(10);
        let ids = |instances: &Instances| -> Vec<_> {
            instances.snapshot(0).0.iter().map(|told| told.instance_id.clone().unwrap()).collect()
        };
        instances.report(N0, vec![reported("i-C", EXTANT), reported("i-A", EXTANT)]);
        tokio::time::advance(200 * SECOND).await;
        instances.report(N1, vec![reported("i-B", EXTANT)]);
        instances.report(N0, vec![reported("i-A", EXTANT)]);
        assert_eq!(ids(&instances), ["i-C", "i-A", "i-B"]);
        tokio::time::advance(200 * SECOND).await;
        instances.expire(300 * SECOND);
        assert_eq!(ids(&instances), ["i-A", "i-B"]);
    }
}
