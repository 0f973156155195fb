//! The calls in exchange with one node, as the node sees them: what the fan-out engine promises of them
//! (cluster-controller.md §4.7).

use std::collections::VecDeque;
use std::time::Duration;

use super::Time;
use super::trace::InstanceNumber;
use super::violation::Violation;

/// How long one call may keep the others waiting.
const PER_NODE: Duration = Duration::from_secs(20);
/// How long after its start a call may still be made.
const DETACHED: Duration = Duration::from_secs(180);
/// Timers go off within this time.
const TICK: Duration = Duration::from_millis(2);
const POLLS: [&str; 2] = ["ncDescribeResource", "ncDescribeInstances"];

/// The line in front of one node, from when the node was configured.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// How long a call that may go on stands in line.
    patience: Duration,
    exchanges: Vec<Exchange>,
    /// When the last exchange was over.
    freed: Time,
    /// When the node was polled last, or configured.
    polled: Time,
    /// It was put to sleep since, and may be left alone.
    asleep: bool,
    wanted: VecDeque<Wanted>,
}

#[derive(Debug)]
struct Exchange {
    number: u64,
    operation: &'static str,
    begun: Time,
    /// When its operation began, if that is known.
    wanted: Option<Time>,
}

/// A call that an operation makes to this node alone.
#[derive(Debug)]
struct Wanted {
    operation: &'static str,
    instance: InstanceNumber,
    at: Time,
    /// Otherwise the cluster may have forgotten where the instance is.
    certain: bool,
}

/// Whether the call goes on after its caller was answered (P-06).
fn goes_on(operation: &str) -> bool {
    ["ncRebootInstance", "ncAttachVolume", "ncDetachVolume", "ncBundleInstance", "ncCancelBundleTask"]
        .contains(&operation)
}

impl Exchange {
    /// Whether another call may be made beside it.
    fn is_detached(&self, now: Time) -> bool {
        let held = match self.wanted {
            // A call that got its turn late may keep others waiting as long as any.
            Some(wanted) if self.begun >= wanted + PER_NODE => now - self.begun,
            Some(wanted) => now - wanted,
            // How long it stood in line is not known: its budget is 5 s at least, none of it for sure here.
            None if goes_on(self.operation) => PER_NODE,
            None => now - self.begun,
        };
        let detachable = goes_on(self.operation) || self.operation == "ncTerminateInstance";
        detachable && held + TICK >= PER_NODE
    }
}

impl Line {
    /// The line of a node that is configured now. Unless late calls count as successes, they are not made.
    pub(super) fn new(now: Time, late_calls_succeed: bool) -> Self {
        let patience = if late_calls_succeed { DETACHED } else { PER_NODE };
        Self { freed: now, polled: now, patience, ..Self::default() }
    }

    /// When the node was polled last, or configured.
    pub(super) fn polled(&self) -> Time {
        self.polled
    }

    /// An operation begins that calls this node alone, or probably does.
    pub(super) fn want(
        &mut self,
        operation: &'static str,
        instance: InstanceNumber,
        at: Time,
        certain: bool,
    ) {
        self.wanted.push_back(Wanted { operation, instance, at, certain });
    }

    /// The node is called.
    pub(super) fn begin(
        &mut self,
        (node, number): (usize, u64),
        operation: &'static str,
        instance: Option<InstanceNumber>,
        (now, period): (Time, Duration),
    ) -> Result<(), Violation> {
        // Who is not called in time has left the line.
        self.wanted.retain(|it| {
            let patience = if goes_on(it.operation) { self.patience } else { PER_NODE };
            now < it.at + patience
        });
        let is_mine = |it: &Wanted| it.operation == operation && Some(it.instance) == instance;
        let mine = self.wanted.iter().position(is_mine);
        // One that is not certain may stand for a search that came here earlier.
        let ahead = mine.filter(|&at| self.wanted[at].certain).unwrap_or(0);
        let earlier = self.wanted.iter().take(ahead).find(|it| it.certain);
        if let Some(first) = earlier {
            let (first, instance, wanted) = (first.operation, first.instance, first.at);
            return Err(Violation::Overtaken { node, first, instance, wanted, second: operation });
        }
        let wanted = mine.and_then(|at| self.wanted.remove(at));
        if wanted.as_ref().is_some_and(|it| !it.certain) {
            // Which of several like it this was is not certain either.
            self.wanted.iter_mut().filter(|it| is_mine(it)).for_each(|it| it.certain = false);
        }
        let wanted = wanted.filter(|it| it.certain).map(|it| it.at);
        if let Some(other) = self.exchanges.iter().find(|it| !it.is_detached(now)) {
            return Err(Violation::TwoAtOnce { node, first: other.operation, second: operation });
        }
        let due = match operation == POLLS[0] {
            true => Some(self.polled + period).filter(|_| !self.asleep),
            false => wanted,
        };
        self.asleep = operation == "ncPowerDown" || self.asleep && operation != POLLS[0];
        if let Some(due) = due.map(|due| due.max(self.freed))
            && self.exchanges.is_empty()
            && now > due + TICK
        {
            return Err(Violation::Waited { node, operation, due });
        }
        self.exchanges.push(Exchange { number, operation, begun: now, wanted });
        Ok(())
    }

    /// A call is over, or nobody waits for it any more.
    pub(super) fn end(&mut self, number: u64, now: Time) {
        let Some(at) = self.exchanges.iter().position(|it| it.number == number) else { return };
        let exchange = self.exchanges.remove(at);
        self.freed = now;
        if POLLS.contains(&exchange.operation) {
            self.polled = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_secs(6);

    struct Node(Line, u64);

    impl Node {
        fn begin(
            &mut self,
            operation: &'static str,
            instance: InstanceNumber,
            at: u64,
        ) -> Result<u64, Violation> {
            self.1 += 1;
            let now = Duration::from_secs(at);
            self.0.begin((0, self.1), operation, Some(instance), (now, PERIOD)).map(|()| self.1)
        }

        fn want(&mut self, operation: &'static str, instance: InstanceNumber, at: u64) {
            self.0.want(operation, instance, Duration::from_secs(at), true);
        }

        fn end(&mut self, number: u64, at: u64) {
            self.0.end(number, Duration::from_secs(at));
        }
    }

    fn node() -> Node {
        Node(Line::new(Duration::ZERO, true), 0)
    }

    #[test]
    fn a_second_call_beside_one_that_is_not_detached_is_noticed() {
        for (first, wanted, second_at, allowed) in [
            ("ncRunInstance", false, 19, false),
            ("ncRunInstance", false, 100, false),
            ("ncTerminateInstance", false, 19, false),
            ("ncTerminateInstance", false, 20, true),
            ("ncAttachVolume", true, 19, false),
            ("ncAttachVolume", true, 20, true),
            ("ncAttachVolume", false, 1, true),
        ] {
            let mut node = node();
            if wanted {
                node.want(first, 1, 0);
            }
            node.begin(first, 1, 0).unwrap();
            let second = node.begin("ncStartNetwork", 2, second_at);
            assert_eq!(second.is_ok(), allowed, "{first} wanted {wanted}, then another after {second_at} s");
        }
    }

    #[test]
    fn an_overtaken_call_is_noticed_unless_it_has_left_the_line() {
        let mut node = node();
        node.want("ncGetConsoleOutput", 1, 0);
        node.want("ncRebootInstance", 2, 0);
        let overtaken = node.begin("ncRebootInstance", 2, 0);
        assert!(matches!(overtaken, Err(Violation::Overtaken { .. })), "{overtaken:?}");
        let mut node = self::node();
        node.want("ncGetConsoleOutput", 1, 0);
        node.want("ncRebootInstance", 2, 0);
        let run = node.begin("ncRunInstance", 3, 0).unwrap();
        node.end(run, 20);
        node.begin("ncRebootInstance", 2, 20).unwrap();
    }

    #[test]
    fn a_call_or_poll_that_waits_for_nothing_is_noticed() {
        let mut node = node();
        let poll = node.begin("ncDescribeResource", 0, 6).unwrap();
        node.end(poll, 10);
        assert!(matches!(node.begin("ncDescribeResource", 0, 17), Err(Violation::Waited { .. })));
        let mut node = self::node();
        let run = node.begin("ncRunInstance", 1, 1).unwrap();
        node.want("ncRebootInstance", 2, 2);
        node.end(run, 4);
        assert!(matches!(node.begin("ncRebootInstance", 2, 5), Err(Violation::Waited { .. })));
    }
}
