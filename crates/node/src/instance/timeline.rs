//! What an instance went through: every change of its state with the reason, kept in its record, so that it can be
//! told after a restart too (docs/admin.md).

use std::collections::VecDeque;

use euca_hypervisor::{DomainState, Observation};
use serde::{Deserialize, Serialize};

use super::machine::{Event, Reboot, State};
use crate::unix_seconds;

/// Steps kept. A healthy instance makes four; one that is paused and resumed for ever loses the oldest.
const STEPS: usize = 64;
/// Characters of a reason kept.
const REASON: usize = 300;

/// The steps of an instance's life, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Timeline {
    steps: VecDeque<Step>,
    /// Older ones that were dropped.
    dropped: u64,
}

/// A change of state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// When, in seconds since 1970.
    pub at: f64,
    /// The state that was left; `None` for the first.
    pub from: Option<State>,
    /// The state that was entered; a reboot may enter the same again.
    pub to: State,
    /// Why, for people.
    pub reason: String,
}

impl Step {
    /// When it was taken, from now; 0 when the clock was set back since.
    pub fn seconds_ago(&self) -> f64 {
        (unix_seconds() - self.at).max(0.0)
    }
}

impl Timeline {
    /// Adds a step that is taken now.
    pub fn push(&mut self, from: Option<State>, to: State, reason: &str) {
        let reason = reason.chars().take(REASON).collect();
        if self.steps.len() >= STEPS {
            self.steps.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        self.steps.push_back(Step { at: unix_seconds(), from, to, reason });
    }

    /// The steps that are kept, oldest first.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = &Step> + ExactSizeIterator {
        self.steps.iter()
    }

    /// How many older ones there were.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }
}

/// Why `event` has led from one state to another; `cause` is what the work that has ended says. `None` when it has
/// led nowhere.
pub(super) fn reason(event: Event, from: State, to: State, cause: Option<&str>) -> Option<String> {
    use Observation::{Absent, Present, Unknown};
    if from == to && event != Event::Rebooted(Reboot::Done) {
        return None;
    }
    let text = match (event, from) {
        (Event::Terminate, _) => "terminated on request",
        (Event::Staged(_), State::Canceled) => "staging has stopped",
        (Event::Staged(_), _) => "staging failed",
        (Event::Created(true), State::Canceled) => "the domain was created meanwhile",
        (Event::Created(true), _) => "the domain was created",
        (Event::Created(false), _) => "the domain could not be created",
        (Event::Rebooted(Reboot::Done), _) => "rebooted",
        (Event::Rebooted(_), _) => "the domain was ended for a reboot and could not be created again",
        (Event::Bundle, _) => "to be bundled",
        (Event::CancelBundle, _) => "bundling was cancelled; the guest may stay",
        (Event::Bundled(_), _) => match cause {
            Some(_) => "not bundled",
            None => "bundled",
        },
        (Event::Pass(Absent), State::BundlingShutdown) if to == State::BundlingShutoff => {
            "the guest has shut down"
        }
        (Event::Pass(_), State::BundlingShutdown) => "bundling took too long",
        (Event::Cleaned, _) => "no domain is left; its files are dealt with",
        (Event::Pass(_), State::Staging | State::Canceled) => "staging took too long",
        (Event::Pass(Absent | Present(DomainState::NoState)), State::Booting) => {
            "the domain was not seen in time"
        }
        (Event::Pass(Absent), State::Shutdown) => "the guest has shut down",
        (Event::Pass(Absent), _) => "the domain has vanished",
        (Event::Pass(Present(_)), State::Shutoff) => {
            "a domain of this name exists that is not this instance's"
        }
        (Event::Pass(Present(DomainState::ShutOff)), _) => "the domain has ended",
        (Event::Pass(Present(DomainState::ShuttingDown)), State::Shutdown) => {
            "the guest did not shut down in time"
        }
        (Event::Pass(Present(DomainState::ShuttingDown)), _) => "the guest shuts down",
        (Event::Pass(Present(DomainState::Running)), _) => "the domain executes",
        (Event::Pass(Present(DomainState::Blocked)), _) => "the domain waits for a resource",
        (Event::Pass(Present(DomainState::Paused)), _) => "the domain is paused",
        (Event::Pass(Present(DomainState::Crashed)), _) => "the domain has crashed",
        (Event::Pass(Present(DomainState::NoState) | Unknown) | Event::Reboot | Event::BundleRefused, _) => {
            ""
        }
    };
    Some(match cause {
        Some(cause) => format!("{text}: {cause}"),
        None => text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_steps_and_long_reasons_are_cut() {
        let mut timeline = Timeline::default();
        timeline.push(None, State::Staging, "accepted");
        for _ in 0..STEPS {
            timeline.push(Some(State::Running), State::Paused, &"ü".repeat(REASON + 1));
        }
        assert_eq!((timeline.steps().len(), timeline.dropped()), (STEPS, 1));
        let first = timeline.steps().next().unwrap();
        assert_eq!((first.from, first.reason.chars().count()), (Some(State::Running), REASON));
    }

    #[test]
    fn a_step_has_a_reason_and_what_is_no_step_has_none() {
        use crate::instance::Bundling;
        use Observation::Present;
        use State::{Booting, BundlingShutdown, BundlingShutoff, Canceled, Running, Shutoff, Staging};
        let rows = [
            (Event::Terminate, Staging, Canceled, None, Some("terminated on request")),
            (Event::Staged(false), Staging, Shutoff, Some("no disk"), Some("staging failed: no disk")),
            (Event::Staged(true), Staging, Staging, None, None),
            (Event::Pass(Observation::Absent), Running, Running, None, None),
            (Event::Pass(Observation::Absent), Running, Shutoff, None, Some("the domain has vanished")),
            (Event::Pass(Present(DomainState::Running)), Booting, Running, None, Some("the domain executes")),
            (Event::Rebooted(Reboot::Done), Running, Running, None, Some("rebooted")),
            (
                Event::Bundled(Bundling::Failed),
                BundlingShutoff,
                Shutoff,
                Some("403"),
                Some("not bundled: 403"),
            ),
            (
                Event::Pass(Observation::Absent),
                BundlingShutdown,
                BundlingShutoff,
                None,
                Some("the guest has shut down"),
            ),
            (
                Event::Pass(Observation::Absent),
                BundlingShutdown,
                Shutoff,
                None,
                Some("bundling took too long"),
            ),
            (Event::Rebooted(Reboot::Unchanged), Running, Running, Some("no domain"), None),
        ];
        for (event, from, to, cause, expected) in rows {
            assert_eq!(reason(event, from, to, cause).as_deref(), expected, "{event:?}");
        }
    }
}
