//! The state machine of one instance. Pure: events in, one action out, time as a number.
//!
//! ```text
//!   ncRunInstance                                            guest, or whoever else
//!        │                                                        stops it
//!        ▼          staged, created        seen                      │
//!    ┌─────────┐ ─────────────▶ ┌─────────┐ ────▶ ┌──────────────────▼──────────────┐
//!    │ Staging │                │ Booting │       │ Running · Blocked · Paused      │◀─┐ reboot keeps it
//!    └────┬────┘                └────┬────┘       │ Crashed (until terminated)      │──┘ here
//!         │ terminate                │ 60 s       │ Shutdown (guest is going, 60 s) │
//!         ▼                          │ unseen     └────────────────┬────────────────┘
//!    ┌──────────┐                    │                             │ terminate · vanished for 6 passes ·
//!    │ Canceled │                    │                             │ shut off · reboot failed
//!    └────┬─────┘                    ▼                             ▼
//!         │ staging has ended   ┌──────────────────────────────────────┐  no domain is left: files deleted
//!         └────────────────────▶│ Shutoff: destroy, look, then clean   │ ──────────────▶ ┌──────────┐
//!    failed · 2 h of staging ──▶└──────────────────────────────────────┘                 │ Teardown │── 180 s ─▶ forgotten
//!                                                                                        └──────────┘
//!    on the wire:  Staging, Canceled, Booting = Pending (12)    Teardown = Teardown (14)    all others = Extant (13)
//! ```
//! Bundling, of an instance that has a domain or may have one, is drawn in [`bundling`].
//!
//! The rules are node-controller.md §2.5, §5.4, §6.1, §7.2, §7.4 and §11.2 with the port's corrections: files are
//! deleted only when the hypervisor has said that no domain holds them (Q-03), not knowing changes nothing, a
//! domain that this node did not create is left alone, and nothing leaves Teardown (Q-10).

mod bundling;

use std::time::Duration;

use euca_hypervisor::{DomainState, Observation};
use serde::{Deserialize, Serialize};

pub use bundling::Bundling;

/// Internal state of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Files are fetched and put together, then the domain is created.
    Staging,
    /// Terminated while staging; waits for staging to end.
    Canceled,
    /// The domain was created and not seen yet.
    Booting,
    /// Seen executing.
    Running,
    /// Seen waiting for a resource.
    Blocked,
    /// Seen paused.
    Paused,
    /// Seen shutting down.
    Shutdown,
    /// Over: the domain is to end, if there is one, and then the files.
    Shutoff,
    /// Seen crashed; stays Extant until it is terminated (Q-07).
    Crashed,
    /// To be bundled: the guest was asked to shut down.
    BundlingShutdown,
    /// The guest is off and its disk is bundled.
    BundlingShutoff,
    /// Domain and files are gone; remembered for a while so that the CC can see it.
    Teardown,
}

impl State {
    /// `stateCode`: 12, 13 or 14.
    pub fn code(self) -> u8 {
        match self {
            Self::Staging | Self::Canceled | Self::Booting => 12,
            Self::Teardown => 14,
            _ => 13,
        }
    }

    /// `stateName` on the wire.
    pub fn wire_name(self) -> &'static str {
        match self.code() {
            12 => "Pending",
            13 => "Extant",
            _ => "Teardown",
        }
    }

    /// Its name, as it is in records and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Canceled => "canceled",
            Self::Booting => "booting",
            Self::Running => "running",
            Self::Blocked => "blocked",
            Self::Paused => "paused",
            Self::Shutdown => "shutdown",
            Self::Shutoff => "shutoff",
            Self::Crashed => "crashed",
            Self::BundlingShutdown => "bundling-shutdown",
            Self::BundlingShutoff => "bundling-shutoff",
            Self::Teardown => "teardown",
        }
    }

    /// All states.
    pub const ALL: [Self; 12] = [
        Self::Staging,
        Self::Canceled,
        Self::Booting,
        Self::Running,
        Self::Blocked,
        Self::Paused,
        Self::Shutdown,
        Self::Shutoff,
        Self::Crashed,
        Self::BundlingShutdown,
        Self::BundlingShutoff,
        Self::Teardown,
    ];

    /// Whether the guest executes or could at any moment, so that it can have an address.
    pub fn is_up(self) -> bool {
        matches!(self, Self::Running | Self::Blocked | Self::Paused)
    }
}

/// Something that happened to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// ncTerminateInstance.
    Terminate,
    /// ncRebootInstance.
    Reboot,
    /// Staging ended; `true`: the files are there.
    Staged(bool),
    /// Creation ended; `true`: the domain is there.
    Created(bool),
    /// A reboot ended.
    Rebooted(Reboot),
    /// ncBundleInstance.
    Bundle,
    /// ncBundleInstance that cannot be fulfilled: no disk, or no room to work in.
    BundleRefused,
    /// ncCancelBundleTask.
    CancelBundle,
    /// Bundling ended, in this way unless that was decided before.
    Bundled(Bundling),
    /// The files are deleted, or deleting them failed, which only warns.
    Cleaned,
    /// The monitor looked.
    Pass(Observation),
}

/// How a reboot ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reboot {
    /// The domain was destroyed and created again.
    Done,
    /// Nothing was done: no saved document, no domain, or nobody to ask.
    Unchanged,
    /// The domain was destroyed and could not be created again.
    Lost,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    None,
    /// Fetch the files and put them together: what an accepted instance begins with.
    Stage,
    /// Stop what is under way.
    Abort,
    /// Create the domain.
    Create,
    /// Destroy the domain and create it again.
    Reboot,
    /// Ask the guest to shut itself down.
    Shutdown,
    /// Destroy the domain.
    Destroy,
    /// Bundle the disk.
    Bundle,
    /// Delete the files.
    Clean,
    /// Forget the instance.
    Forget,
}

/// Time limits, as the original has them (node-controller.md §19).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thresholds {
    /// Staging, and waiting for a cancelled staging to end.
    pub staging: Duration,
    /// From creation to the first sight.
    pub booting: Duration,
    /// A guest that is shutting down (Q-04).
    pub shutdown: Duration,
    /// Bundling: from the request, through the guest's shutdown, to the last byte (Q-30).
    pub bundling: Duration,
    /// How long a Teardown instance is remembered.
    pub teardown: Duration,
    /// Whether a guest that is terminated is asked to shut down first, and has the limit of `shutdown` for it.
    pub graceful: bool,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            staging: Duration::from_secs(7200),
            booting: Duration::from_secs(60),
            shutdown: Duration::from_secs(60),
            bundling: Duration::from_secs(3600),
            teardown: Duration::from_secs(180),
            graceful: false,
        }
    }
}

/// Passes that a vanished domain is given to come back.
const GRACE_PASSES: u8 = 5;

/// An instance's state with what its rules need to remember. Times count from any fixed instant.
#[derive(Debug, Clone)]
pub struct Machine {
    state: State,
    /// When the state's time limit began to run.
    since: Duration,
    /// Passes left before a vanished domain counts as gone.
    grace: u8,
    /// Whether this node may have created the domain of this name. Another's is neither ended nor deprived of files.
    ours: bool,
    /// Whether the guest was asked to shut down, and is not ended before its time.
    asked: bool,
    bundling: Bundling,
}

impl Machine {
    /// An instance that was accepted at `now`.
    pub fn staging(now: Duration) -> Self {
        let (state, bundling) = (State::Staging, Bundling::None);
        Self { state, since: now, grace: GRACE_PASSES, ours: false, asked: false, bundling }
    }

    /// An instance whose domain was found at start. `recorded` is the state it was last known in: one that was on
    /// its way out stays there, because its termination was promised. That of one which was over is kept: whoever has
    /// revived it from the files that stayed wants it to live. Bundling that was under way has failed.
    pub fn adopted(recorded: State, bundling: Bundling, now: Duration) -> Self {
        let state = match recorded {
            State::Canceled | State::Shutoff => State::Shutoff,
            _ => State::Running,
        };
        let bundling = bundling.interrupted();
        Self { state, since: now, grace: GRACE_PASSES, ours: true, asked: false, bundling }
    }

    /// The state it is in.
    pub fn state(&self) -> State {
        self.state
    }

    /// How far bundling is.
    pub fn bundling(&self) -> Bundling {
        self.bundling
    }

    /// Takes an event at `now` and says what to do about it.
    pub fn handle(&mut self, event: Event, now: Duration, limits: &Thresholds) -> Action {
        match event {
            Event::Terminate => self.terminate(now, limits),
            Event::Reboot => match self.state {
                State::Booting | State::Running | State::Blocked | State::Paused | State::Crashed => {
                    Action::Reboot
                }
                _ => Action::None,
            },
            Event::Staged(done) => match (self.state, done) {
                (State::Staging, true) => {
                    self.ours = true;
                    Action::Create
                }
                (State::Staging, false) | (State::Canceled, _) => self.enter(State::Shutoff, now),
                _ => Action::None,
            },
            Event::Created(done) => {
                match (self.state, done) {
                    (State::Staging, true) => return self.enter(State::Booting, now),
                    (State::Staging, false) | (State::Canceled, _) => self.state = State::Shutoff,
                    _ => {}
                }
                if done { Action::Destroy } else { Action::None }
            }
            Event::Rebooted(how) => match (self.state, how) {
                (State::Shutoff | State::Teardown, Reboot::Done) => Action::Destroy,
                (State::Shutoff | State::Teardown, _) | (_, Reboot::Unchanged) => Action::None,
                (State::Booting, Reboot::Done) => self.enter(State::Booting, now),
                (_, Reboot::Done) => self.enter(State::Running, now),
                (_, Reboot::Lost) => self.enter(State::Shutoff, now),
            },
            Event::Bundle | Event::BundleRefused | Event::CancelBundle | Event::Bundled(_) => {
                self.bundle(event, now)
            }
            Event::Cleaned => match self.state {
                State::Shutoff => self.enter(State::Teardown, now),
                _ => Action::None,
            },
            Event::Pass(seen) => self.pass(seen, now, limits),
        }
    }

    fn terminate(&mut self, now: Duration, limits: &Thresholds) -> Action {
        match self.state {
            State::Teardown | State::Canceled => Action::None,
            State::Staging => {
                // The limit of staging goes on running.
                self.state = State::Canceled;
                Action::Abort
            }
            state => {
                self.enter(State::Shutoff, now);
                // A guest that does not run cannot be asked, and nobody asks twice.
                let listens =
                    matches!(state, State::Booting | State::Running | State::Blocked | State::Shutdown);
                self.asked = limits.graceful && listens;
                match (self.ours, self.asked) {
                    (false, _) => Action::None,
                    (true, true) => Action::Shutdown,
                    (true, false) => Action::Destroy,
                }
            }
        }
    }

    /// Refresh, then clean-up decision, of one monitor pass (§7.2, §7.4).
    fn pass(&mut self, seen: Observation, now: Duration, limits: &Thresholds) -> Action {
        use Observation::{Absent, Present, Unknown};
        let waited = now.saturating_sub(self.since);
        match (self.state, seen) {
            (State::Staging | State::Canceled, _) => {
                if waited < limits.staging {
                    return Action::None;
                }
                self.enter(State::Shutoff, now);
                Action::Abort
            }
            (State::BundlingShutdown | State::BundlingShutoff, _) => {
                self.bundling_pass(seen, waited, now, limits)
            }
            (State::Teardown, Present(domain)) if self.ours && domain.is_active() => Action::Destroy,
            (State::Teardown, _) if waited > limits.teardown => Action::Forget,
            (State::Teardown, _) | (_, Unknown) => Action::None,

            (State::Shutoff, Absent | Present(DomainState::ShutOff)) => Action::Clean,
            (State::Shutoff, Present(_)) if self.ours && self.asked && waited < limits.shutdown => {
                Action::None
            }
            (State::Shutoff, Present(_)) if self.ours => Action::Destroy,
            (State::Shutoff, Present(_)) => self.enter(State::Teardown, now),

            (State::Booting, Absent | Present(DomainState::NoState)) if waited < limits.booting => {
                Action::None
            }
            (State::Booting, Absent | Present(DomainState::NoState)) => self.condemn(seen, now),

            (State::Crashed, Absent) | (_, Present(DomainState::NoState)) => Action::None,
            (State::Shutdown, Absent) => self.condemn(seen, now),
            (_, Absent) => match self.grace.checked_sub(1) {
                Some(left) => {
                    self.grace = left;
                    Action::None
                }
                None => self.condemn(seen, now),
            },

            // Condemned and alive: a "prodigal".
            (State::Shutdown | State::Crashed, Present(state)) if up(state).is_some() => Action::Destroy,
            (_, Present(DomainState::ShutOff)) => self.condemn(seen, now),
            (State::Shutdown, Present(DomainState::ShuttingDown)) if waited < limits.shutdown => Action::None,
            (State::Shutdown, Present(DomainState::ShuttingDown)) => self.condemn(seen, now),
            (_, Present(DomainState::ShuttingDown)) => self.enter(State::Shutdown, now),
            (State::Crashed, Present(_)) => Action::None,
            (_, Present(state)) => self.enter(up(state).unwrap_or(State::Crashed), now),
        }
    }

    /// Ends the instance; what is left of its domain decides the first step.
    fn condemn(&mut self, seen: Observation, now: Duration) -> Action {
        self.enter(State::Shutoff, now);
        match seen {
            Observation::Present(domain) if domain.is_active() => Action::Destroy,
            _ => Action::Clean,
        }
    }

    /// Moves to `state`. Every sight of a living domain renews the grace of a vanished one.
    fn enter(&mut self, state: State, now: Duration) -> Action {
        if state != State::BundlingShutdown {
            // Whatever ends bundling before its time.
            self.bundling = self.bundling.interrupted();
        }
        self.state = state;
        self.since = now;
        self.grace = GRACE_PASSES;
        Action::None
    }
}

/// The state of an instance whose domain lives.
fn up(domain: DomainState) -> Option<State> {
    match domain {
        DomainState::Running => Some(State::Running),
        DomainState::Blocked => Some(State::Blocked),
        DomainState::Paused => Some(State::Paused),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Observation::{Absent, Present, Unknown};
    use State::*;

    fn machine(state: State) -> Machine {
        let bundling = Bundling::None;
        Machine { state, since: Duration::ZERO, grace: GRACE_PASSES, ours: true, asked: false, bundling }
    }

    fn at(machine: &mut Machine, event: Event, second: u64) -> (Action, State) {
        let action = machine.handle(event, Duration::from_secs(second), &Thresholds::default());
        (action, machine.state())
    }

    const RUNNING: Observation = Present(DomainState::Running);
    const GOING: Observation = Present(DomainState::ShuttingDown);
    const OFF: Observation = Present(DomainState::ShutOff);
    const DEAD: Observation = Present(DomainState::Crashed);
    const PAUSED: Observation = Present(DomainState::Paused);
    const BLOCKED: Observation = Present(DomainState::Blocked);
    const NONE: Observation = Present(DomainState::NoState);

    #[test]
    fn each_event_leads_where_the_tables_of_the_specification_say() {
        // From, event, second (all limits began at 0), action, to.
        let rows = [
            // §5.4 and the terminate rows of §18.
            (Running, Event::Terminate, 1, Action::Destroy, Shutoff), // nc_065
            (Staging, Event::Terminate, 1, Action::Abort, Canceled),  // nc_066
            (Canceled, Event::Terminate, 1, Action::None, Canceled),  // nc_067
            (Booting, Event::Terminate, 1, Action::Destroy, Shutoff), // nc_069
            (Teardown, Event::Terminate, 1, Action::None, Teardown),  // nc_070
            (Crashed, Event::Terminate, 1, Action::Destroy, Shutoff), // nc_073
            (Shutoff, Event::Terminate, 1, Action::Destroy, Shutoff),
            (Shutdown, Event::Terminate, 1, Action::Destroy, Shutoff),
            // §6.1.
            (Staging, Event::Staged(true), 1, Action::Create, Staging),
            (Staging, Event::Staged(false), 1, Action::None, Shutoff),
            (Canceled, Event::Staged(true), 1, Action::None, Shutoff), // nc_066: no create
            (Canceled, Event::Staged(false), 1, Action::None, Shutoff),
            (Shutoff, Event::Staged(true), 1, Action::None, Shutoff), // nc_059: late completion creates nothing
            (Teardown, Event::Staged(true), 1, Action::None, Teardown),
            (Staging, Event::Created(true), 1, Action::None, Booting),
            (Staging, Event::Created(false), 1, Action::None, Shutoff),
            (Canceled, Event::Created(true), 1, Action::Destroy, Shutoff), // nc_068
            (Canceled, Event::Created(false), 1, Action::None, Shutoff),
            (Teardown, Event::Created(true), 1, Action::Destroy, Teardown),
            // §6.5.
            (Staging, Event::Pass(Absent), 7199, Action::None, Staging),
            (Staging, Event::Pass(Unknown), 7200, Action::Abort, Shutoff), // nc_059
            (Canceled, Event::Pass(Absent), 7199, Action::None, Canceled),
            (Canceled, Event::Pass(Absent), 7200, Action::Abort, Shutoff),
            (Booting, Event::Pass(Absent), 59, Action::None, Booting),
            (Booting, Event::Pass(NONE), 59, Action::None, Booting),
            (Booting, Event::Pass(Absent), 60, Action::Clean, Shutoff), // nc_063
            (Booting, Event::Pass(NONE), 60, Action::Destroy, Shutoff), // nc_063: destroyed before files go
            (Booting, Event::Pass(Unknown), 600, Action::None, Booting),
            // §7.2.
            (Booting, Event::Pass(RUNNING), 1, Action::None, Running), // nc_040
            (Booting, Event::Pass(BLOCKED), 1, Action::None, Blocked),
            (Booting, Event::Pass(GOING), 1, Action::None, Shutdown),
            (Booting, Event::Pass(OFF), 1, Action::Clean, Shutoff),
            (Booting, Event::Pass(DEAD), 1, Action::None, Crashed),
            (Running, Event::Pass(PAUSED), 1, Action::None, Paused), // nc_139
            (Paused, Event::Pass(RUNNING), 1, Action::None, Running),
            (Running, Event::Pass(Absent), 1, Action::None, Running),
            (Running, Event::Pass(NONE), 1, Action::None, Running), // nc_140
            (Running, Event::Pass(Unknown), 9999, Action::None, Running), // nc_142
            (Running, Event::Pass(GOING), 1, Action::None, Shutdown), // nc_137
            (Running, Event::Pass(OFF), 1, Action::Clean, Shutoff),
            (Running, Event::Pass(DEAD), 1, Action::None, Crashed), // nc_138
            (Shutdown, Event::Pass(GOING), 59, Action::None, Shutdown), // nc_137: files stay
            (Shutdown, Event::Pass(GOING), 60, Action::Destroy, Shutoff),
            (Shutdown, Event::Pass(OFF), 1, Action::Clean, Shutoff), // nc_137: until it is off
            (Shutdown, Event::Pass(Absent), 1, Action::Clean, Shutoff),
            (Shutdown, Event::Pass(RUNNING), 1, Action::Destroy, Shutdown),
            (Shutdown, Event::Pass(DEAD), 1, Action::None, Crashed),
            (Shutdown, Event::Pass(Unknown), 9999, Action::None, Shutdown),
            (Crashed, Event::Pass(DEAD), 99999, Action::None, Crashed), // nc_138
            (Crashed, Event::Pass(Absent), 99999, Action::None, Crashed),
            (Crashed, Event::Pass(RUNNING), 1, Action::Destroy, Crashed),
            (Crashed, Event::Pass(OFF), 1, Action::Clean, Shutoff),
            (Crashed, Event::Pass(GOING), 1, Action::None, Shutdown),
            (Shutoff, Event::Pass(RUNNING), 1, Action::Destroy, Shutoff), // nc_072, nc_143
            (Shutoff, Event::Pass(DEAD), 1, Action::Destroy, Shutoff),
            (Shutoff, Event::Pass(Absent), 1, Action::Clean, Shutoff),
            (Shutoff, Event::Pass(OFF), 1, Action::Clean, Shutoff),
            (Shutoff, Event::Pass(Unknown), 99999, Action::None, Shutoff), // nc_071
            // §7.4.
            (Shutoff, Event::Cleaned, 1, Action::None, Teardown),
            (Teardown, Event::Pass(Absent), 180, Action::None, Teardown), // nc_145
            (Teardown, Event::Pass(Absent), 181, Action::Forget, Teardown), // nc_144
            (Teardown, Event::Pass(Unknown), 181, Action::Forget, Teardown),
            (Teardown, Event::Pass(RUNNING), 181, Action::Destroy, Teardown),
            // §11.2.
            (Running, Event::Reboot, 1, Action::Reboot, Running), // nc_077
            (Booting, Event::Reboot, 1, Action::Reboot, Booting),
            (Crashed, Event::Reboot, 1, Action::Reboot, Crashed),
            (Staging, Event::Reboot, 1, Action::None, Staging), // nc_081
            (Canceled, Event::Reboot, 1, Action::None, Canceled),
            (Shutdown, Event::Reboot, 1, Action::None, Shutdown),
            (Shutoff, Event::Reboot, 1, Action::None, Shutoff),
            (Teardown, Event::Reboot, 1, Action::None, Teardown),
            (Running, Event::Rebooted(Reboot::Done), 1, Action::None, Running),
            (Crashed, Event::Rebooted(Reboot::Done), 1, Action::None, Running),
            (Booting, Event::Rebooted(Reboot::Done), 1, Action::None, Booting),
            (Running, Event::Rebooted(Reboot::Unchanged), 1, Action::None, Running), // nc_080, nc_082
            (Running, Event::Rebooted(Reboot::Lost), 1, Action::None, Shutoff),      // nc_079
            (Shutoff, Event::Rebooted(Reboot::Done), 1, Action::Destroy, Shutoff),
            (Shutoff, Event::Rebooted(Reboot::Lost), 1, Action::None, Shutoff),
            (Teardown, Event::Rebooted(Reboot::Lost), 1, Action::None, Teardown),
        ];
        for (from, event, second, action, to) in rows {
            let mut machine = machine(from);
            assert_eq!(at(&mut machine, event, second), (action, to), "{from:?} at {second} s: {event:?}");
        }
    }

    #[test]
    fn a_guest_that_may_shut_down_first_has_its_time_and_no_more() {
        let limits = Thresholds { graceful: true, ..Thresholds::default() };
        // From; what the first and a second order do; what a pass does while the guest runs on, and at its limit.
        let rows = [
            (Running, Action::Shutdown, Action::None, Action::Destroy),
            (Blocked, Action::Shutdown, Action::None, Action::Destroy),
            (Booting, Action::Shutdown, Action::None, Action::Destroy),
            (Shutdown, Action::Shutdown, Action::None, Action::Destroy),
            (Paused, Action::Destroy, Action::Destroy, Action::Destroy),
            (Crashed, Action::Destroy, Action::Destroy, Action::Destroy),
        ];
        for (state, first, before, after) in rows {
            let mut machine = machine(state);
            let mut at = |event, second| machine.handle(event, Duration::from_secs(second), &limits);
            assert_eq!(at(Event::Terminate, 100), first, "{state:?}");
            for seen in [RUNNING, GOING, PAUSED] {
                assert_eq!(at(Event::Pass(seen), 159), before, "{state:?}: {seen:?}");
                assert_eq!(at(Event::Pass(seen), 160), after, "{state:?}: {seen:?}");
            }
            assert_eq!(at(Event::Pass(Absent), 110), Action::Clean, "{state:?}");
            assert_eq!(at(Event::Terminate, 120), Action::Destroy, "{state:?}: who orders twice, means it");
            assert_eq!(at(Event::Pass(RUNNING), 125), Action::Destroy, "{state:?}");
        }
    }

    #[test]
    fn nothing_ever_leaves_teardown() {
        let events = [
            Event::Terminate,
            Event::Reboot,
            Event::Staged(true),
            Event::Staged(false),
            Event::Created(true),
            Event::Created(false),
            Event::Rebooted(Reboot::Done),
            Event::Rebooted(Reboot::Unchanged),
            Event::Rebooted(Reboot::Lost),
            Event::Bundle,
            Event::BundleRefused,
            Event::CancelBundle,
            Event::Bundled(Bundling::Succeeded),
            Event::Cleaned,
        ];
        let passes = [Unknown, Absent, RUNNING, PAUSED, GOING, OFF, DEAD, NONE].map(Event::Pass);
        for event in events.into_iter().chain(passes) {
            let mut machine = machine(Teardown);
            assert_eq!(at(&mut machine, event, 500).1, Teardown, "{event:?}");
        }
    }

    #[test]
    fn not_knowing_neither_destroys_nor_deletes_anything() {
        for state in [Booting, Running, Blocked, Paused, Shutdown, Shutoff, Crashed] {
            let mut machine = machine(state);
            for second in (0..100_000).step_by(5000) {
                assert_eq!(at(&mut machine, Event::Pass(Unknown), second), (Action::None, state));
            }
        }
    }

    #[test]
    fn nc_135_a_vanished_domain_is_given_five_passes_and_the_sixth_ends_it() {
        let mut machine = machine(Running);
        for pass in 1..=5 {
            assert_eq!(at(&mut machine, Event::Pass(Absent), pass), (Action::None, Running), "pass {pass}");
        }
        assert_eq!(at(&mut machine, Event::Pass(Absent), 6), (Action::Clean, Shutoff));
    }

    #[test]
    fn nc_136_a_domain_that_comes_back_has_its_five_passes_again() {
        let mut machine = machine(Running);
        for _ in 0..3 {
            at(&mut machine, Event::Pass(Absent), 1);
        }
        assert_eq!(at(&mut machine, Event::Pass(RUNNING), 2), (Action::None, Running));
        for _ in 0..5 {
            assert_eq!(at(&mut machine, Event::Pass(Absent), 3), (Action::None, Running));
        }
        // nc_142: passes without an answer take nothing from it.
        for _ in 0..50 {
            assert_eq!(at(&mut machine, Event::Pass(Unknown), 4), (Action::None, Running));
        }
        assert_eq!(at(&mut machine, Event::Pass(RUNNING), 5), (Action::None, Running));
    }

    #[test]
    fn a_domain_that_this_node_did_not_create_keeps_its_life_and_its_files() {
        let mut machine = Machine::staging(Duration::ZERO);
        assert_eq!(at(&mut machine, Event::Staged(false), 1), (Action::None, Shutoff));
        assert_eq!(at(&mut machine, Event::Terminate, 1), (Action::None, Shutoff));
        assert_eq!(at(&mut machine, Event::Pass(RUNNING), 2), (Action::None, Teardown));
        assert_eq!(at(&mut machine, Event::Pass(RUNNING), 100), (Action::None, Teardown));
        assert_eq!(at(&mut machine, Event::Pass(RUNNING), 183), (Action::Forget, Teardown));
    }

    #[test]
    fn an_adopted_instance_lives_unless_its_end_was_promised() {
        for (recorded, state) in [
            (Staging, Running),
            (Booting, Running),
            (Running, Running),
            (Crashed, Running),
            (Canceled, Shutoff),
            (Shutoff, Shutoff),
            (Teardown, Running),
        ] {
            let machine = Machine::adopted(recorded, Bundling::None, Duration::ZERO);
            assert_eq!(machine.state(), state, "{recorded:?}");
        }
    }

    #[test]
    fn states_have_the_original_s_codes_and_names() {
        for (state, code, name) in [
            (Staging, 12, "Pending"),
            (Booting, 12, "Pending"),
            (Canceled, 12, "Pending"),
            (Running, 13, "Extant"),
            (Blocked, 13, "Extant"),
            (Paused, 13, "Extant"),
            (Shutdown, 13, "Extant"),
            (Shutoff, 13, "Extant"),
            (Crashed, 13, "Extant"),
            (BundlingShutdown, 13, "Extant"),
            (BundlingShutoff, 13, "Extant"),
            (Teardown, 14, "Teardown"),
        ] {
            assert_eq!((state.code(), state.wire_name()), (code, name), "{state:?}");
        }
    }
}
