//! The part of the machine that bundles an instance: its disk is uploaded once the guest has shut down, and then the
//! instance ends (node-controller.md §10).
//!
//! ```text
//!    ncBundleInstance                     domain gone                        uploaded, or failed
//!   ─────────────────▶ BundlingShutdown ──────────────▶ BundlingShutoff ───────────────────────────▶ Shutoff
//!                       │           │                     │          ▲
//!                cancel │           │ terminate · 3600 s  │ cancel · terminate · 3600 s
//!                       ▼           ▼                     └──────────┘ the upload stops first, then Shutoff
//!                    Running     Shutoff
//! ```
//! `bundleTaskStateName` says how it ends: `succeeded` or `failed` with the upload, `cancelled` from the moment of the
//! cancellation on, `failed` whenever something else comes between. What was decided first stays.
//!
//! The limit counts from the request (Q-30). A guest that was asked to shut down and is no longer to be bundled is
//! left alone: it goes, or it runs on.

use std::time::Duration;

use euca_hypervisor::Observation;
use serde::{Deserialize, Serialize};

use super::{Action, Event, Machine, State, Thresholds};

/// How far the bundling of an instance is (node-controller.md §2.6).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bundling {
    /// Never asked for.
    #[default]
    None,
    /// Under way.
    InProgress,
    /// All is uploaded.
    Succeeded,
    /// It came to nothing.
    Failed,
    /// Cancelled.
    Cancelled,
}

impl Bundling {
    /// `bundleTaskStateName` on the wire.
    pub fn wire_name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::InProgress => "bundling",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// What it is once nobody works at it any more.
    pub(super) fn interrupted(self) -> Self {
        match self {
            Self::InProgress => Self::Failed,
            ended => ended,
        }
    }
}

impl State {
    /// Whether an instance can be bundled: whenever it has a domain, or may have one. The original does not look.
    pub fn can_be_bundled(self) -> bool {
        matches!(
            self,
            Self::Booting | Self::Running | Self::Blocked | Self::Paused | Self::Shutdown | Self::Crashed
        )
    }
}

impl Machine {
    /// The events of bundling.
    pub(super) fn bundle(&mut self, event: Event, now: Duration) -> Action {
        match event {
            Event::Bundle if self.state.can_be_bundled() => {
                self.bundling = Bundling::InProgress;
                self.enter(State::BundlingShutdown, now);
                return Action::Shutdown;
            }
            Event::BundleRefused if self.state.can_be_bundled() => self.bundling = Bundling::Failed,
            Event::CancelBundle if self.bundling == Bundling::InProgress => {
                self.bundling = Bundling::Cancelled;
                if self.state == State::BundlingShutdown {
                    self.enter(State::Running, now);
                }
                return Action::Abort;
            }
            Event::Bundled(outcome) => {
                if self.bundling == Bundling::InProgress {
                    self.bundling = outcome;
                }
                if self.state == State::BundlingShutoff {
                    self.enter(State::Shutoff, now);
                }
            }
            _ => {}
        }
        Action::None
    }

    /// One monitor pass over an instance that is being bundled.
    pub(super) fn bundling_pass(
        &mut self,
        seen: Observation,
        waited: Duration,
        now: Duration,
        limits: &Thresholds,
    ) -> Action {
        let late = waited >= limits.bundling;
        match (self.state, seen) {
            // Not looked for: its domain is gone, and what happens is up to the upload.
            (State::BundlingShutoff, _) if late && self.bundling == Bundling::InProgress => {
                self.bundling = Bundling::Failed;
                Action::Abort
            }
            (State::BundlingShutoff, _) | (_, Observation::Unknown) => Action::None,
            _ if late => self.condemn(seen, now),
            (_, Observation::Absent) => {
                // The limit goes on running.
                self.state = State::BundlingShutoff;
                Action::Bundle
            }
            _ => Action::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Bundling::{Cancelled, Failed, InProgress, Succeeded};
    use Event::{Bundle, BundleRefused, Bundled, CancelBundle, Pass, Terminate};
    use Observation::{Absent, Present, Unknown};
    use State::{BundlingShutdown, BundlingShutoff, Running, Shutoff, Staging, Teardown};
    use euca_hypervisor::DomainState;

    const RUNNING: Observation = Present(DomainState::Running);
    const GOING: Observation = Present(DomainState::ShuttingDown);
    const OFF: Observation = Present(DomainState::ShutOff);

    fn machine(state: State, bundling: Bundling) -> Machine {
        Machine { state, since: Duration::ZERO, grace: 5, ours: true, asked: false, bundling }
    }

    #[test]
    fn each_event_leads_where_the_tables_of_the_specification_say() {
        // From, event, second (all limits began at 0), action, to.
        let rows = [
            ((Running, Bundling::None), Bundle, 1, Action::Shutdown, (BundlingShutdown, InProgress)), // nc_120
            ((Running, Failed), Bundle, 1, Action::Shutdown, (BundlingShutdown, InProgress)),
            ((Running, Cancelled), Bundle, 1, Action::Shutdown, (BundlingShutdown, InProgress)),
            ((State::Booting, Bundling::None), Bundle, 1, Action::Shutdown, (BundlingShutdown, InProgress)),
            ((State::Crashed, Bundling::None), Bundle, 1, Action::Shutdown, (BundlingShutdown, InProgress)),
            ((State::Shutdown, Bundling::None), Bundle, 1, Action::Shutdown, (BundlingShutdown, InProgress)),
            ((Staging, Bundling::None), Bundle, 1, Action::None, (Staging, Bundling::None)),
            ((Shutoff, Bundling::None), Bundle, 1, Action::None, (Shutoff, Bundling::None)),
            ((BundlingShutdown, InProgress), Bundle, 1, Action::None, (BundlingShutdown, InProgress)),
            ((BundlingShutoff, InProgress), Bundle, 1, Action::None, (BundlingShutoff, InProgress)),
            ((Teardown, Succeeded), Bundle, 1, Action::None, (Teardown, Succeeded)),
            ((Running, Bundling::None), BundleRefused, 1, Action::None, (Running, Failed)), // nc_123, nc_124
            ((BundlingShutoff, InProgress), BundleRefused, 1, Action::None, (BundlingShutoff, InProgress)),
            // §7.2: only absence counts, and at once.
            ((BundlingShutdown, InProgress), Pass(RUNNING), 1, Action::None, (BundlingShutdown, InProgress)),
            ((BundlingShutdown, InProgress), Pass(GOING), 61, Action::None, (BundlingShutdown, InProgress)),
            ((BundlingShutdown, InProgress), Pass(OFF), 1, Action::None, (BundlingShutdown, InProgress)),
            ((BundlingShutdown, InProgress), Pass(Unknown), 1, Action::None, (BundlingShutdown, InProgress)), // nc_134
            (
                (BundlingShutdown, InProgress),
                Pass(Absent),
                3599,
                Action::Bundle,
                (BundlingShutoff, InProgress),
            ),
            ((BundlingShutoff, InProgress), Pass(Unknown), 1, Action::None, (BundlingShutoff, InProgress)),
            ((BundlingShutoff, InProgress), Pass(RUNNING), 1, Action::None, (BundlingShutoff, InProgress)),
            // §10.2, step 6: bundling ends the instance. What was decided first stays.
            ((BundlingShutoff, InProgress), Bundled(Succeeded), 1, Action::None, (Shutoff, Succeeded)),
            ((BundlingShutoff, InProgress), Bundled(Failed), 1, Action::None, (Shutoff, Failed)), // nc_131
            ((BundlingShutoff, InProgress), Bundled(Cancelled), 1, Action::None, (Shutoff, Cancelled)),
            ((BundlingShutoff, Cancelled), Bundled(Failed), 1, Action::None, (Shutoff, Cancelled)), // nc_128
            ((BundlingShutoff, Failed), Bundled(Cancelled), 1, Action::None, (Shutoff, Failed)),
            ((Shutoff, Failed), Bundled(Succeeded), 1, Action::None, (Shutoff, Failed)),
            ((Teardown, Failed), Bundled(Succeeded), 1, Action::None, (Teardown, Failed)), // Q-10
            // §10.3.
            ((BundlingShutdown, InProgress), CancelBundle, 1, Action::Abort, (Running, Cancelled)), // nc_129
            ((BundlingShutoff, InProgress), CancelBundle, 1, Action::Abort, (BundlingShutoff, Cancelled)), // nc_128
            ((BundlingShutoff, Cancelled), CancelBundle, 1, Action::None, (BundlingShutoff, Cancelled)),
            ((Running, Bundling::None), CancelBundle, 1, Action::None, (Running, Bundling::None)), // nc_130
            ((Running, Failed), CancelBundle, 1, Action::None, (Running, Failed)),                 // nc_130
            ((Shutoff, Succeeded), CancelBundle, 1, Action::None, (Shutoff, Succeeded)),
            // §10.4: the upload is stopped, and files are deleted only when it has stopped.
            (
                (BundlingShutdown, InProgress),
                Pass(RUNNING),
                3599,
                Action::None,
                (BundlingShutdown, InProgress),
            ),
            ((BundlingShutdown, InProgress), Pass(RUNNING), 3600, Action::Destroy, (Shutoff, Failed)), // nc_125
            ((BundlingShutdown, InProgress), Pass(Absent), 3600, Action::Clean, (Shutoff, Failed)),
            (
                (BundlingShutdown, InProgress),
                Pass(Unknown),
                9999,
                Action::None,
                (BundlingShutdown, InProgress),
            ),
            ((BundlingShutoff, InProgress), Pass(Unknown), 3599, Action::None, (BundlingShutoff, InProgress)),
            ((BundlingShutoff, InProgress), Pass(Unknown), 3600, Action::Abort, (BundlingShutoff, Failed)), // st_t122a
            ((BundlingShutoff, Failed), Pass(Absent), 3605, Action::None, (BundlingShutoff, Failed)), // st_t122a
            // §5.4.
            ((BundlingShutdown, InProgress), Terminate, 1, Action::Destroy, (Shutoff, Failed)),
            ((BundlingShutoff, InProgress), Terminate, 1, Action::Destroy, (Shutoff, Failed)),
            ((BundlingShutoff, Cancelled), Terminate, 1, Action::Destroy, (Shutoff, Cancelled)),
            // §7.5: the text outlives the instance.
            ((Shutoff, Succeeded), Event::Cleaned, 1, Action::None, (Teardown, Succeeded)),
            ((BundlingShutdown, InProgress), Event::Reboot, 1, Action::None, (BundlingShutdown, InProgress)),
            ((BundlingShutoff, InProgress), Event::Reboot, 1, Action::None, (BundlingShutoff, InProgress)),
        ];
        for ((state, bundling), event, second, action, to) in rows {
            let mut machine = machine(state, bundling);
            let taken = machine.handle(event, Duration::from_secs(second), &Thresholds::default());
            let left = (taken, (machine.state(), machine.bundling()));
            assert_eq!(left, (action, to), "{state:?} {bundling:?} at {second} s: {event:?}");
        }
    }

    #[test]
    fn the_limit_counts_from_the_request_through_both_states() {
        let limits = Thresholds::default();
        let mut machine = machine(Running, Bundling::None);
        let at = Duration::from_secs;
        machine.handle(Bundle, at(100), &limits);
        assert_eq!(machine.handle(Pass(Absent), at(3600), &limits), Action::Bundle);
        assert_eq!(machine.handle(Pass(Unknown), at(3699), &limits), Action::None);
        assert_eq!(machine.handle(Pass(Unknown), at(3700), &limits), Action::Abort);
    }

    #[test]
    fn a_restart_in_the_middle_fails_what_was_under_way_and_keeps_what_was_over() {
        let rows = [
            (Bundling::None, Bundling::None),
            (InProgress, Failed),
            (Succeeded, Succeeded),
            (Failed, Failed),
            (Cancelled, Cancelled),
        ];
        for (recorded, bundling) in rows {
            let machine = Machine::adopted(BundlingShutdown, recorded, Duration::ZERO);
            assert_eq!((machine.state(), machine.bundling()), (Running, bundling), "{recorded:?}");
        }
    }

    #[test]
    fn states_have_the_original_s_names() {
        let names = [Bundling::None, InProgress, Succeeded, Failed, Cancelled].map(Bundling::wire_name);
        assert_eq!(names, ["none", "bundling", "succeeded", "failed", "cancelled"]);
    }
}
