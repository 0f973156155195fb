//! What the CLC remembers, whatever becomes of the cluster: its instances, groups with their networks, and public
//! addresses (clc.md §3, §7.2, §10.6).

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::Time;
use super::clc::POLLING;
use super::ledger::{Place, Told};
use super::trace::InstanceNumber;

/// Security groups there are.
const GROUPS: usize = 3;
/// First VLAN of the CLC.
const FIRST_VLAN: u16 = 10;
/// How long a launch without an answer may still come to light.
const DOUBT: Duration = Duration::from_secs(150);
/// So many polls may show a public address in nobody's use before it is taken back.
const ORPHANED: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Clc {
    pub(super) instances: BTreeMap<InstanceNumber, Instance>,
    pub(super) launched: InstanceNumber,
    /// Work that was begun.
    pub(super) begun: usize,
    groups: [Group; GROUPS],
    /// Known from the cluster alone.
    addresses: BTreeMap<Ipv4Addr, Address>,
}

#[derive(Debug)]
pub(super) struct Instance {
    state: State,
    /// Since when it is in this state, or known.
    since: Time,
    /// Where it has its address, unless given back.
    place: Option<Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
}

#[derive(Debug, Default)]
struct Group {
    vlan: Option<u16>,
    /// Indices of its network in use.
    taken: BTreeSet<u16>,
    /// Launches in the course of which something is still asked of the cluster.
    launches: usize,
    /// Launches that were not answered.
    doubts: Vec<Time>,
    stopping: bool,
}

#[derive(Debug, Default)]
struct Address {
    /// What it stands for as far as is known.
    private: Option<Ipv4Addr>,
    /// Whether that is known.
    certain: bool,
    /// Something is asked of the cluster for it.
    busy: bool,
    orphaned: u32,
}

impl Instance {
    fn is_live(&self) -> bool {
        matches!(self.state, State::Pending | State::Running)
    }
}

impl Clc {
    /// The cluster has accepted the instance.
    pub(super) fn accepted(&mut self, instance: InstanceNumber, place: Option<Place>, now: Time) {
        let new = Instance { state: State::Pending, since: now, place };
        self.instances.entry(instance).or_insert(new);
    }

    /// It wants the instance to end.
    pub(super) fn terminates(&mut self, instance: InstanceNumber, now: Time) {
        if let Some(it) = self.instances.get_mut(&instance).filter(|it| it.is_live()) {
            (it.state, it.since) = (State::ShuttingDown, now);
        }
    }

    /// Whether it has wanted this instance terminated for so long that it must be gone.
    pub(super) fn has_long_terminated(&self, instance: InstanceNumber, now: Time) -> bool {
        let it = self.instances.get(&instance);
        it.is_some_and(|it| it.state == State::ShuttingDown && it.since + 6 * POLLING < now)
    }

    /// One of the instances it believes to be alive.
    pub(super) fn pick(&self, lot: usize) -> Option<InstanceNumber> {
        let live: Vec<_> = self.instances.iter().filter(|(_, it)| it.is_live()).collect();
        live.get(lot.checked_rem(live.len())?).map(|(instance, _)| **instance)
    }

    /// Takes over what the cluster tells. Returns what it wants terminated now.
    pub(super) fn learn(&mut self, told: &[Told], now: Time) -> Vec<InstanceNumber> {
        let mut unwanted = Vec::new();
        for it in told {
            let known = self.instances.get_mut(&it.instance);
            match (known.map(|known| (&mut known.state, &mut known.since)), it.state.as_str()) {
                (Some((state @ State::Pending, _)), "Extant") => *state = State::Running,
                (Some((state @ (State::Pending | State::Running), since)), "Teardown") => {
                    (*state, *since) = (State::ShuttingDown, now);
                    unwanted.push(it.instance);
                }
                (Some((State::ShuttingDown, _)), "Extant" | "Pending") => unwanted.push(it.instance),
                (Some((state @ State::ShuttingDown, _)), "Teardown") => *state = State::Terminated,
                (None, "Pending" | "Extant") => {
                    let group = self.groups.iter_mut().find(|group| group.vlan == it.place.map(|it| it.vlan));
                    if let (Some(group), Some(place)) = (group, it.place) {
                        group.taken.insert(place.index);
                    }
                    let restored = Instance { state: State::Running, since: now, place: it.place };
                    self.instances.insert(it.instance, restored);
                }
                _ => {}
            }
        }
        unwanted
    }

    /// The cluster was killed: what was asked of it comes to nothing.
    pub(super) fn cluster_is_gone(&mut self, now: Time) {
        for group in &mut self.groups {
            group.doubts.extend((group.launches > 0).then_some(now));
            (group.launches, group.stopping) = (0, false);
        }
        for address in self.addresses.values_mut().filter(|address| address.busy) {
            (address.busy, address.certain) = (false, false);
        }
    }

    /// A launch in a group begins. Returns the group, and the VLAN of its network: the lowest that is free,
    /// unless it has one.
    pub(super) fn begin_launch(&mut self, lot: usize) -> Option<(usize, u16)> {
        let number = lot % GROUPS;
        let taken = |vlan: &u16| self.groups.iter().any(|group| group.vlan == Some(*vlan));
        let vlan = self.groups[number].vlan.or_else(|| (FIRST_VLAN..).find(|vlan| !taken(vlan)))?;
        let group = &mut self.groups[number];
        if group.stopping {
            return None;
        }
        group.vlan = Some(vlan);
        group.launches += 1;
        Some((number, vlan))
    }

    pub(super) fn end_launch(&mut self, group: usize) {
        self.groups[group].launches -= 1;
    }

    /// Takes the lowest index that is free.
    pub(super) fn take_index(&mut self, group: usize, indices: RangeInclusive<u16>) -> Option<u16> {
        let taken = &mut self.groups[group].taken;
        let free = indices.into_iter().find(|index| !taken.contains(index))?;
        taken.insert(free);
        Some(free)
    }

    /// A launch has come to nothing.
    pub(super) fn give_back(&mut self, place: Place) {
        if let Some(group) = self.groups.iter_mut().find(|group| group.vlan == Some(place.vlan)) {
            group.taken.remove(&place.index);
        }
    }

    /// The same, as far as is known.
    pub(super) fn doubt(&mut self, group: usize, place: Place, now: Time) {
        self.give_back(place);
        self.groups[group].doubts.push(now);
    }

    /// It has asked for the instance to be terminated: what the instance had is free. Returns the public address
    /// that is to be taken back.
    pub(super) fn clean_up(&mut self, instance: InstanceNumber) -> Option<Ipv4Addr> {
        let place = self.instances.get_mut(&instance)?.place.take()?;
        self.give_back(place);
        let mut addresses = self.addresses.iter();
        addresses.find(|(_, it)| it.private == Some(place.private)).map(|(public, _)| *public)
    }

    /// A group without instances, with the VLAN of its network, which is to be stopped.
    pub(super) fn idle_group(&mut self, now: Time) -> Option<(usize, u16)> {
        let instances = &self.instances;
        for (number, group) in self.groups.iter_mut().enumerate() {
            let Some(vlan) = group.vlan.filter(|_| !group.stopping && group.launches == 0) else { continue };
            group.doubts.retain(|since| since.saturating_add(DOUBT) > now);
            let mut places = instances.values().filter_map(|it| it.place);
            if group.doubts.is_empty() && !places.any(|place| place.vlan == vlan) {
                group.stopping = true;
                return Some((number, vlan));
            }
        }
        None
    }

    /// The cluster was asked to stop the network of the group.
    pub(super) fn stopped(&mut self, group: usize) {
        self.groups[group] = Group::default();
    }

    /// A group with a network.
    pub(super) fn active_group(&self, lot: usize) -> Option<usize> {
        let number = lot % GROUPS;
        let group = &self.groups[number];
        (group.vlan.is_some() && !group.taken.is_empty()).then_some(number)
    }

    /// A public address that is free is to be given to the instance. Returns it, and what it shall stand for.
    pub(super) fn begin_assign(&mut self, instance: InstanceNumber) -> Option<(Ipv4Addr, Ipv4Addr)> {
        let private = self.instances.get(&instance).filter(|it| it.is_live())?.place?.private;
        if self.addresses.values().any(|it| it.private == Some(private)) {
            return None;
        }
        let is_free = |it: &Address| it.private.is_none() && it.certain && !it.busy;
        let (public, free) = self.addresses.iter_mut().find(|(_, it)| is_free(it))?;
        (free.busy, free.private) = (true, Some(private));
        Some((*public, private))
    }

    /// A public address is to be taken back. Returns what it stands for.
    pub(super) fn begin_unassign(&mut self, public: Ipv4Addr) -> Option<Ipv4Addr> {
        let address = self.addresses.get_mut(&public).filter(|it| !it.busy && it.certain)?;
        let private = address.private?;
        address.busy = true;
        Some(private)
    }

    /// What was asked of the cluster for the address is over. If it has failed, the next poll tells what is.
    pub(super) fn is_asked(&mut self, public: Ipv4Addr, now_for: Option<Ipv4Addr>, succeeded: bool) {
        if let Some(address) = self.addresses.get_mut(&public) {
            (address.busy, address.certain) = (false, succeeded);
            address.private = now_for;
        }
    }

    /// One of the public addresses in use.
    pub(super) fn pick_address(&self, lot: usize) -> Option<Ipv4Addr> {
        let used: Vec<_> = self.addresses.iter().filter(|(_, it)| it.private.is_some()).collect();
        used.get(lot.checked_rem(used.len())?).map(|(public, _)| **public)
    }

    /// Takes over what the cluster tells of public addresses. Returns those that are in nobody's use, to be
    /// taken back.
    pub(super) fn learn_addresses(&mut self, told: &BTreeMap<Ipv4Addr, Option<Ipv4Addr>>) -> Vec<Ipv4Addr> {
        let mut orphans = Vec::new();
        let live: BTreeSet<_> =
            self.instances.values().filter_map(|it| it.place).map(|it| it.private).collect();
        for (&public, &private) in told {
            let address = self.addresses.entry(public).or_default();
            if address.busy {
                continue;
            }
            (address.private, address.certain) = (private, true);
            let orphaned = private.is_some_and(|private| !live.contains(&private));
            address.orphaned = if orphaned { address.orphaned + 1 } else { 0 };
            orphans.extend((address.orphaned > ORPHANED).then_some(public));
        }
        orphans
    }
}
