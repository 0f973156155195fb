//! What the cluster must tell the CLC of its instances, and may: kept from what the cluster was told itself and
//! what it has promised, apart from the cluster's own memory.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::Time;
use super::trace::InstanceNumber;
use super::violation::Violation;

/// Within this time what a node reports is durable, however slow the disk is.
const DURABLE: Duration = Duration::from_secs(2);
/// Within this time the address of what is gone is free.
const FREE: Duration = Duration::from_secs(4);
/// From when to when a launch is given up, counted from when it was wanted: when its time is over, and when the
/// last calls for it are.
const GIVEN_UP: [Duration; 2] = [Duration::from_secs(295), Duration::from_secs(350)];

/// For so long after that a node that did not answer may still have it.
const STRAGGLERS: Duration = Duration::from_secs(70);

/// Where an instance has its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) vlan: u16,
    pub(super) index: u16,
    pub(super) private: Ipv4Addr,
}

/// What DescribeInstances says of one instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) instance: InstanceNumber,
    pub(super) state: String,
    pub(super) node: usize,
    /// Private and public address; empty where there is none.
    pub(super) addresses: [String; 2],
    pub(super) mac: String,
    /// Where there are networks.
    pub(super) place: Option<Place>,
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
    wanted: Time,
    /// The address it was launched with, where there are networks.
    home: Option<Place>,
    /// The same, unless its network was stopped since.
    place: Option<Place>,
    /// When a node has first reported it, or said that it runs it.
    reported: Option<Time>,
    /// It is to be terminated, or its network was to be stopped: others may have its address.
    released: bool,
    /// Since when its address is certainly free.
    free: Option<Time>,
    /// The public address it was given.
    public: Option<Ipv4Addr>,
}

impl Entry {
    /// Whether its launch may have been given up; it may still run when the node did not answer.
    fn is_given_up(&self, now: Time) -> bool {
        let over = self.wanted + GIVEN_UP[0];
        now > over && self.reported.is_none_or(|at| at > over)
    }
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
    pub(super) fn wanted(&mut self, instance: InstanceNumber, place: Option<Place>, now: Time) {
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
                wanted: now,
                home: place,
                place,
                reported: None,
                released: false,
                free: None,
                public: None,
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

    /// The CLC asks to terminate it.
    pub(super) fn released(&mut self, instance: InstanceNumber) {
        if let Some(entry) = self.entries.get_mut(&instance) {
            entry.released = true;
        }
    }

    /// The cluster has answered that it terminates it.
    pub(super) fn terminated(&mut self, instance: InstanceNumber, now: Time) {
        if let Some(entry) = self.entries.get_mut(&instance) {
            entry.terminated = true;
            entry.free.get_or_insert(now);
        }
    }

    /// The cluster has answered so, and may not have known it any more: only its address is certainly free, unless it
    /// was found since this was asked.
    pub(super) fn freed(&mut self, instance: InstanceNumber, (asked, now): (Time, Time)) {
        if let Some(entry) = self.entries.get_mut(&instance).filter(|entry| entry.seen[0] < asked) {
            entry.free.get_or_insert(now);
        }
    }

    /// The CLC asks to stop the network of a VLAN, or the cluster has answered that it is `over`: then nobody has
    /// an address there any more.
    pub(super) fn stopped(&mut self, vlan: u16, over: bool) {
        let there = |entry: &&mut Entry| entry.place.is_some_and(|place| place.vlan == vlan);
        for entry in self.entries.values_mut().filter(there) {
            entry.released = true;
            if over {
                entry.place = None;
            }
        }
    }

    /// The CLC asks for a public address to stand for nothing.
    pub(super) fn unassigned(&mut self, public: Ipv4Addr) {
        let with = self.entries.values_mut().filter(|entry| entry.public == Some(public));
        with.for_each(|entry| entry.public = None);
    }

    /// The cluster has answered that a public address stands for a private one, as it was asked at `asked`: the
    /// instances that it knew then have it.
    pub(super) fn assigned(&mut self, public: Ipv4Addr, private: Ipv4Addr, (asked, now): (Time, Time)) {
        for entry in self.entries.values_mut() {
            let has = entry.place.is_some_and(|place| place.private == private);
            let known = entry.certain && entry.told_from <= asked && now <= entry.seen[0] + self.timeout;
            if has && known && !entry.released {
                entry.public = Some(public);
            }
        }
    }

    /// A node's answer has reached the cluster that it runs the instance.
    pub(super) fn taken(&mut self, instance: InstanceNumber, now: Time) {
        if let Some(entry) = self.entries.get_mut(&instance) {
            entry.reported.get_or_insert(now);
        }
    }

    /// A node's report of its instances has reached the cluster, which did not show them before.
    pub(super) fn denied(&mut self, node: usize, now: Time) {
        for entry in self.entries.values_mut().filter(|entry| entry.node == node && entry.reported.is_none())
        {
            if now > entry.seen[1].max(entry.wanted + GIVEN_UP[1]) + STRAGGLERS {
                entry.free.get_or_insert(now);
            }
        }
    }

    /// A node's report of an instance has reached the cluster.
    pub(super) fn reported(&mut self, instance: InstanceNumber, state: &str, node: usize, now: Time) {
        let Some(entry) = self.entries.get_mut(&instance) else { return };
        let moved = entry.node != node;
        if moved && state == "Teardown" && entry.certain && entry.state != "Teardown" {
            return;
        }
        state.clone_into(&mut entry.state);
        entry.node = node;
        entry.reported.get_or_insert(now);
        if state == "Teardown" {
            entry.free.get_or_insert(now);
        }
        // It may have been forgotten meanwhile. Then it is news, which is told once it is durable.
        if !entry.certain || now > entry.seen[0] + self.timeout {
            entry.heard = false;
            entry.told_from = now + DURABLE;
            entry.public = None;
            // With the address that it has, unless another has that now.
            if state != "Teardown" {
                (entry.place, entry.free) = (entry.home, None);
            }
        }
        entry.seen = [now; 2];
        (entry.certain, entry.stale) = (true, false);
    }

    /// The CLC is told of these instances. What it is told of while the disk fails may still be forgotten.
    pub(super) fn heard(&mut self, told: &[Told]) {
        for it in told {
            if let Some(entry) = self.entries.get_mut(&it.instance) {
                entry.heard = true;
            }
        }
    }

    /// The cluster begins a new life: what it knows of before counts as seen now. What it has learnt from nodes
    /// since `durable` it may have forgotten.
    /// A launch that it does not know to be over is given up where its node is not `configured` any more.
    pub(super) fn restarted(&mut self, now: Time, durable: Time, configured: &[usize]) {
        for entry in self.entries.values_mut() {
            let under_way = entry.reported.is_none_or(|since| since + DURABLE > durable);
            entry.released |= under_way && !configured.contains(&entry.node);
            entry.seen[1] = now;
            entry.certain &= entry.heard;
            entry.stale = true;
            let recent = entry.free.is_some_and(|since| since + DURABLE > durable);
            let forgotten = !entry.terminated && (recent || entry.reported.is_none());
            if forgotten {
                entry.free = None;
            }
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
        self.judge_addresses(told, now)
    }

    fn judge_addresses(&self, told: &[Told], now: Time) -> Result<(), Violation> {
        // A terminated instance has lost its addresses, though it may be told for a while yet.
        let has_none = |entry: &Entry| entry.released || entry.free.is_some() || entry.is_given_up(now);
        let lives =
            |it: &&Told| it.state != "Teardown" && !self.entries.get(&it.instance).is_some_and(has_none);
        let mut holders = BTreeMap::new();
        for it in told.iter().filter(lives) {
            // Without virtual networks both addresses are the same.
            let [private, public] = &it.addresses;
            let public = Some(public).filter(|public| *public != private);
            for address in [private, &it.mac].into_iter().chain(public).filter(|address| !address.is_empty())
            {
                if let Some(other) = holders.insert(address, it.instance) {
                    let address = address.clone();
                    return Err(Violation::AddressTwice { address, instances: [other, it.instance] });
                }
            }
            let Some(entry) = self.entries.get(&it.instance) else { continue };
            let keeps = entry.certain && !entry.stale || entry.heard;
            let lost = entry.public.filter(|public| {
                keeps && now <= entry.seen[0] + self.timeout && it.addresses[1] != public.to_string()
            });
            if it.place != entry.place || lost.is_some() {
                let (told, due) = (it.addresses.clone(), (entry.place.map(|it| it.private), lost));
                return Err(Violation::Misaddressed { instance: it.instance, told, due });
            }
        }
        Ok(())
    }

    /// Judges which indices of the network of a VLAN are told to be in use, guests' ones alone.
    pub(super) fn judge_indices(
        &self,
        vlan: u16,
        used: &BTreeSet<u16>,
        indices: RangeInclusive<u16>,
        now: Time,
    ) -> Result<(), Violation> {
        let mut held = BTreeSet::new();
        for (&instance, entry) in &self.entries {
            let Some(place) = entry.place.filter(|place| place.vlan == vlan) else { continue };
            if entry.free.is_none_or(|since| now <= since + FREE) {
                held.insert(place.index);
            }
            let known = entry.certain && !entry.stale && now <= entry.seen[0] + self.timeout;
            let keeps = known && !entry.released && !entry.is_given_up(now) && entry.state != "Teardown";
            if keeps && !used.contains(&place.index) {
                return Err(Violation::IndexLost { instance, vlan, index: place.index });
            }
        }
        match used.iter().copied().find(|index| !indices.contains(index) || !held.contains(index)) {
            None => Ok(()),
            Some(index) => {
                let had = |(_, entry): &(&u32, &Entry)| {
                    entry.place.is_some_and(|place| (place.vlan, place.index) == (vlan, index))
                };
                let last = self.entries.iter().filter(had).map(|(instance, _)| *instance).next_back();
                Err(Violation::Leaked { last, vlan, index })
            }
        }
    }

    /// An instance that was accepted for this node, which has not reported it, and since when.
    pub(super) fn awaited(&self, node: usize, now: Time) -> Option<(InstanceNumber, Time)> {
        let awaited = self.entries.iter().find(|(_, entry)| {
            let accepted = entry.certain && entry.node == node && entry.reported.is_none() && !entry.released;
            accepted && now < entry.wanted + GIVEN_UP[0]
        });
        awaited.map(|(instance, entry)| (*instance, entry.seen[1]))
    }
}
