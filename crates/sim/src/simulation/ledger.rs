//! What the cluster must tell the CLC of its instances, and may: kept from what the cluster was told itself and
//! what it has promised, apart from the cluster's own memory.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Time;
use super::trace::InstanceNumber;
use super::violation::Violation;

/// Within this time what a node reports is durable, however slow the disk is.
const DURABLE: Duration = Duration::from_secs(2);

/// What DescribeInstances says of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) instance: InstanceNumber,
    pub(super) state: String,
    pub(super) node: usize,
    /// Private and public address; empty where there is none.
    pub(super) addresses: [String; 2],
}

#[derive(Debug)]
struct Entry {
    state: String,
    node: usize,
    /// It is told for at least its timeout from the first of these times on, and not much longer than that from
    /// the second.
    seen: [Time; 2],
    /// The cluster has answered that it launches the instance, or was told of it by a node.
    certain: bool,
    /// It need not be told before this time.
    told_from: Time,
    /// The CLC has heard of it: not even a crash makes the cluster forget it.
    heard: bool,
    /// The cluster was killed since: it may know an older state.
    stale: bool,
    /// The cluster has answered that it terminates the instance.
    terminated: bool,
    /// Where it was launched.
    launched: Option<usize>,
}

/// All instances there ever were.
#[derive(Debug)]
pub(super) struct Ledger {
    /// An instance is told for this long after it was last seen.
    timeout: Duration,
    /// How long forgetting may take after that.
    slack: Duration,
    entries: BTreeMap<InstanceNumber, Entry>,
}

impl Ledger {
    pub(super) fn new(timeout: Duration, slack: Duration) -> Self {
        Self { timeout, slack, entries: BTreeMap::new() }
    }

    /// The CLC has asked to launch it: from now on the cluster may tell it.
    pub(super) fn wanted(&mut self, instance: InstanceNumber, now: Time) {
        self.entries.insert(
            instance,
            Entry {
                state: String::new(),
                node: usize::MAX,
                seen: [now, now],
                certain: false,
                heard: false,
                told_from: Duration::ZERO,
                stale: false,
                terminated: false,
                launched: None,
            },
        );
    }

    /// The cluster has answered that it launches it there.
    pub(super) fn accepted(&mut self, instance: InstanceNumber, node: usize, now: Time) {
        if let Some(entry) = self.entries.get_mut(&instance) {
            (entry.certain, entry.heard) = (true, true);
            entry.seen[1] = entry.seen[1].max(now);
            // A node may have reported it before the cluster's answer came.
            if entry.state.is_empty() {
                "Pending".clone_into(&mut entry.state);
                entry.node = node;
            }
        }
    }

    /// The cluster has answered without launching it.
    pub(super) fn refused(&mut self, instance: InstanceNumber) {
        self.entries.remove(&instance);
    }

    /// The cluster has answered that it terminates it.
    pub(super) fn terminated(&mut self, instance: InstanceNumber) {
        if let Some(entry) = self.entries.get_mut(&instance) {
            entry.terminated = true;
        }
    }

    /// A node's report has reached the cluster.
    pub(super) fn reported(&mut self, instance: InstanceNumber, state: &str, node: usize, now: Time) {
        let Some(entry) = self.entries.get_mut(&instance) else { return };
        let moved = entry.node != node;
        if moved && state == "Teardown" && entry.certain && entry.state != "Teardown" {
            return;
        }
        state.clone_into(&mut entry.state);
        entry.node = node;
        // It may have been forgotten meanwhile. Then it is news, which is told once it is durable.
        if !entry.certain || now > entry.seen[0] + self.timeout {
            entry.heard = false;
            entry.told_from = now + DURABLE;
        }
        entry.seen = [now; 2];
        (entry.certain, entry.stale) = (true, false);
    }

    /// The CLC is told of these instances.
    pub(super) fn heard(&mut self, told: &[Told]) {
        for it in told {
            if let Some(entry) = self.entries.get_mut(&it.instance) {
                entry.heard = true;
            }
        }
    }

    /// The cluster begins a new life: what it knows of before counts as seen now.
    pub(super) fn restarted(&mut self, now: Time) {
        for entry in self.entries.values_mut() {
            entry.seen[1] = now;
            entry.certain &= entry.heard;
            entry.stale = true;
        }
    }

    /// The cluster asks a node to run it.
    pub(super) fn launched(&mut self, instance: InstanceNumber, node: usize) -> Result<(), Violation> {
        let Some(entry) = self.entries.get_mut(&instance) else {
            return Err(Violation::Unwanted { instance, node });
        };
        if entry.terminated {
            return Err(Violation::Resurrected { instance, node });
        }
        match *entry.launched.get_or_insert(node) {
            first if first == node => Ok(()),
            first => Err(Violation::LaunchedTwice { instance, nodes: [first, node] }),
        }
    }

    /// The node an instance is on as far as the cluster knows, and whether it certainly still knows it.
    pub(super) fn host(&self, instance: InstanceNumber, now: Time) -> Option<(usize, bool)> {
        let entry = self.entries.get(&instance).filter(|entry| !entry.state.is_empty())?;
        Some((entry.node, entry.certain && now <= entry.seen[0] + self.timeout))
    }

    /// Judges what the cluster tells now.
    pub(super) fn judge(&self, told: &[Told], now: Time) -> Result<(), Violation> {
        let mut by_number = BTreeMap::new();
        for it in told {
            if by_number.insert(it.instance, it).is_some() {
                return Err(Violation::ToldTwice { instance: it.instance });
            }
        }
        for (&instance, entry) in &self.entries {
            match by_number.remove(&instance) {
                None if entry.certain && now >= entry.told_from && now <= entry.seen[0] + self.timeout => {
                    return Err(Violation::Lost { instance, seen: entry.seen[0] });
                }
                None => {}
                Some(_) if now > entry.seen[1] + self.timeout + self.slack => {
                    return Err(Violation::Immortal { instance, seen: entry.seen[1] });
                }
                Some(it)
                    if entry.certain
                        && !entry.stale
                        && (it.state != entry.state || it.node != entry.node) =>
                {
                    let (told, known) = (it.state.clone(), entry.state.clone());
                    return Err(Violation::Untrue { instance, told, known });
                }
                Some(_) => {}
            }
        }
        if let Some(&instance) = by_number.keys().next() {
            return Err(Violation::Invented { instance });
        }
        self.judge_addresses(told)
    }

    fn judge_addresses(&self, told: &[Told]) -> Result<(), Violation> {
        // A terminated instance has lost its addresses, though it may be told for a while yet.
        let lives = |it: &&Told| {
            it.state != "Teardown" && !self.entries.get(&it.instance).is_some_and(|entry| entry.terminated)
        };
        let mut holders = BTreeMap::new();
        for it in told.iter().filter(lives) {
            // Without virtual networks both addresses are the same.
            let [private, public] = &it.addresses;
            let public = Some(public).filter(|public| *public != private);
            for address in std::iter::once(private).chain(public).filter(|address| !address.is_empty()) {
                if let Some(other) = holders.insert(address, it.instance) {
                    let address = address.clone();
                    return Err(Violation::AddressTwice { address, instances: [other, it.instance] });
                }
            }
        }
        Ok(())
    }
}
