//! Which node takes a new instance: pure functions over what is known of the nodes
//! (cluster-controller.md §6). Never contacts a node, never changes one.

use std::ops::{Add, Sub};

use euca_wire::cc::VirtualMachine;
use serde::{Deserialize, Serialize};

/// State of a node as the cluster sees it; drawn in `nodes/node.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum NodeState {
    /// Does not answer, or has never answered yet.
    #[default]
    Down,
    /// Answered its last poll.
    Up,
    /// Powered down on purpose; not polled.
    Asleep,
    /// Woken, not back yet.
    Waking,
}

/// Amounts of what an instance uses and a node offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Capacity {
    /// Memory in MB.
    pub memory: i64,
    /// Disk in GB.
    pub disk: i64,
    /// Processor cores.
    pub cores: i64,
}

impl Capacity {
    /// What an instance of this type needs; what is absent counts as 0.
    pub fn of(machine: &VirtualMachine) -> Self {
        let number = |value: Option<i32>| i64::from(value.unwrap_or_default());
        Self { memory: number(machine.memory), disk: number(machine.disk), cores: number(machine.cores) }
    }

    /// Whether `need` can be taken from it without anything going below zero.
    pub fn holds(self, need: Self) -> bool {
        let rest = self - need;
        rest.memory >= 0 && rest.disk >= 0 && rest.cores >= 0
    }

    /// How many times `need` can be taken; 0 for a need that is not positive throughout (§7.11).
    pub fn fits(self, need: Self) -> i64 {
        if need.memory <= 0 || need.disk <= 0 || need.cores <= 0 {
            return 0;
        }
        (self.memory / need.memory).min(self.disk / need.disk).min(self.cores / need.cores).max(0)
    }

    /// The same with everything below zero raised to zero.
    pub fn floored(self) -> Self {
        Self { memory: self.memory.max(0), disk: self.disk.max(0), cores: self.cores.max(0) }
    }
}

impl Add for Capacity {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            memory: self.memory.saturating_add(other.memory),
            disk: self.disk.saturating_add(other.disk),
            cores: self.cores.saturating_add(other.cores),
        }
    }
}

impl Sub for Capacity {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            memory: self.memory.saturating_sub(other.memory),
            disk: self.disk.saturating_sub(other.disk),
            cores: self.cores.saturating_sub(other.cores),
        }
    }
}

/// What the scheduler and DescribeResources need to know of one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NodeView {
    /// Its state.
    pub state: NodeState,
    /// What it has in all.
    pub maximum: Capacity,
    /// What is free, launches under way deducted.
    pub available: Capacity,
}

impl NodeView {
    fn takes(&self, awake: bool, need: Capacity) -> bool {
        let eligible = match self.state {
            NodeState::Up | NodeState::Waking => awake,
            NodeState::Asleep => !awake,
            NodeState::Down => false,
        };
        eligible && self.available.holds(need)
    }
}

/// `SCHEDPOLICY`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// The first node with room.
    #[default]
    Greedy,
    /// The next node with room after the one chosen last.
    RoundRobin,
    /// As greedy; idle nodes are put to sleep.
    PowerSave,
}

impl Policy {
    /// The policy of this name; any other name, as no name at all, means greedy (§10.1).
    pub fn named(name: &str) -> Self {
        match name {
            "ROUNDROBIN" => Self::RoundRobin,
            "POWERSAVE" => Self::PowerSave,
            _ => Self::Greedy,
        }
    }
}

/// The index of the node that takes an instance of size `need`, if any has room: among those awake, else
/// among those asleep, which then must be woken.
///
/// `cursor` is where ROUNDROBIN begins, and moves behind the chosen node; the other policies leave it.
pub fn choose(policy: Policy, cursor: &mut usize, nodes: &[NodeView], need: Capacity) -> Option<usize> {
    let start = match policy {
        Policy::RoundRobin if !nodes.is_empty() => *cursor % nodes.len(),
        _ => 0,
    };
    let one_turn = || (start..nodes.len()).chain(0..start);
    // ROUNDROBIN meets nodes asleep or waking only after a change of policy; it treats them as GREEDY.
    let chosen =
        [true, false].into_iter().find_map(|awake| one_turn().find(|&i| nodes[i].takes(awake, need)))?;
    if policy == Policy::RoundRobin {
        *cursor = (chosen + 1) % nodes.len();
    }
    Some(chosen)
}

/// Whether the node the caller named takes an instance of size `need`: it must be up or asleep, and have room.
/// `names` are the host names in the order of `nodes`; the first match counts.
pub fn explicit(target: &str, names: &[&str], nodes: &[NodeView], need: Capacity) -> Option<usize> {
    let index = names.iter().position(|&name| name == target)?;
    let node = nodes.get(index)?;
    (matches!(node.state, NodeState::Up | NodeState::Asleep) && node.available.holds(need)).then_some(index)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use NodeState::{Asleep, Down, Up, Waking};
    use Policy::{Greedy, PowerSave, RoundRobin};

    const S: Capacity = Capacity { memory: 1024, disk: 10, cores: 1 };
    const NODE: Capacity = Capacity { memory: 4096, disk: 100, cores: 4 };

    fn node(state: NodeState, cores: i64) -> NodeView {
        NodeView { state, maximum: NODE, available: Capacity { cores, ..NODE } }
    }

    #[test]
    fn each_policy_picks_the_node_of_the_specification() {
        let up = node(Up, 4);
        let full = node(Up, 0);
        for (case, policy, cursor, nodes, expected, cursor_after) in [
            ("greedy takes the first", Greedy, 0, vec![up, up], Some(0), 0),
            ("greedy skips the full", Greedy, 0, vec![full, up], Some(1), 0),
            ("greedy counts waking as awake", Greedy, 0, vec![node(Waking, 4), up], Some(0), 0),
            ("greedy never takes a node that is down", Greedy, 0, vec![node(Down, 4)], None, 0),
            ("as row 103: awake before asleep", PowerSave, 0, vec![node(Asleep, 4), up], Some(1), 0),
            ("asleep when nothing else has room", PowerSave, 0, vec![node(Asleep, 4), full], Some(0), 0),
            ("round robin starts at its cursor", RoundRobin, 1, vec![up, up, up], Some(1), 2),
            ("round robin wraps", RoundRobin, 2, vec![up, up, up], Some(2), 0),
            ("round robin skips the full", RoundRobin, 1, vec![up, full, full], Some(0), 1),
            ("round robin keeps its cursor on failure", RoundRobin, 2, vec![full, full, full], None, 2),
            ("round robin survives a shorter list", RoundRobin, 7, vec![up, up], Some(1), 0),
            ("round robin prefers awake (Q-72)", RoundRobin, 0, vec![node(Asleep, 4), up], Some(1), 0),
            ("no nodes", Greedy, 0, vec![], None, 0),
            ("no nodes, round robin", RoundRobin, 0, vec![], None, 0),
        ] {
            let mut at = cursor;
            assert_eq!(choose(policy, &mut at, &nodes, S), expected, "{case}");
            assert_eq!(at, cursor_after, "{case}: cursor");
        }
    }

    #[test]
    fn a_named_node_is_taken_only_when_it_fits() {
        let names = ["a", "b", "b"];
        let nodes = [node(Up, 4), node(Asleep, 4), node(Up, 4)];
        assert_eq!(explicit("a", &names, &nodes, S), Some(0));
        assert_eq!(explicit("b", &names, &nodes, S), Some(1), "the first of that name");
        assert_eq!(explicit("c", &names, &nodes, S), None);
        assert_eq!(explicit("a", &names, &[node(Up, 0); 3], S), None);
        assert_eq!(explicit("a", &names, &[node(Waking, 4); 3], S), None);
    }

    #[test]
    fn cc_t192_an_unknown_policy_name_means_greedy() {
        for (name, policy) in [
            ("GREEDY", Greedy),
            ("ROUNDROBIN", RoundRobin),
            ("POWERSAVE", PowerSave),
            ("foo", Greedy),
            ("", Greedy),
            ("roundrobin", Greedy),
        ] {
            assert_eq!(Policy::named(name), policy, "{name:?}");
        }
    }

    fn views() -> impl Strategy<Value = Vec<NodeView>> {
        let state = prop_oneof![Just(Down), Just(Up), Just(Asleep), Just(Waking)];
        let view = (state, 0..8192i64, 0..200i64, 0..9i64).prop_map(|(state, memory, disk, cores)| {
            NodeView { state, maximum: Capacity::default(), available: Capacity { memory, disk, cores } }
        });
        proptest::collection::vec(view, 0..12)
    }

    proptest! {
        #[test]
        fn no_sequence_of_placements_takes_capacity_below_zero(
            mut nodes in views(), policy in prop_oneof![Just(Greedy), Just(RoundRobin), Just(PowerSave)],
            needs in proptest::collection::vec((0..4096i64, 0..50i64, 0..4i64), 0..40),
        ) {
            let mut cursor = 0;
            for (memory, disk, cores) in needs {
                let need = Capacity { memory, disk, cores };
                match choose(policy, &mut cursor, &nodes, need) {
                    Some(index) => {
                        prop_assert_ne!(nodes[index].state, Down);
                        nodes[index].available = nodes[index].available - need;
                        prop_assert_eq!(nodes[index].available.floored(), nodes[index].available);
                    }
                    None => prop_assert!(nodes.iter().all(|n| n.state == Down || !n.available.holds(need))),
                }
            }
        }

        #[test]
        fn round_robin_gives_every_node_with_room_its_turn(count in 1usize..20, start in 0usize..40) {
            let nodes = vec![node(Up, 4); count];
            let mut cursor = start;
            let order: Vec<_> = (0..count).map(|_| choose(RoundRobin, &mut cursor, &nodes, S)).collect();
            let expected: Vec<_> = (0..count).map(|k| Some((start + k) % count)).collect();
            prop_assert_eq!(order, expected);
        }
    }
}
