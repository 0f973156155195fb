//! What can be seen of a running node from beside it. Nothing here changes anything.

use std::collections::HashMap;

use euca_hypervisor::Hypervisor;
use euca_observe::metrics::{Resource, State as StateLabel};
use euca_observe::{Pulse, metrics};
use serde::Serialize;

use crate::instance::{Past, Step};
use crate::resources::Amounts;
use crate::settings::DiskUnit;
use crate::{Node, State};

/// An instance as it is seen from beside (docs/admin.md).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InstanceReport {
    /// Its id.
    pub instance: String,
    /// Its owner.
    pub user: String,
    /// The reason for its state in a sentence.
    pub why: String,
    /// What ncDescribeInstances says; `None` when the instance is forgotten.
    pub state: Option<&'static str>,
    /// The state that the node itself has for it.
    pub phase: State,
    /// Since it is in that.
    pub seconds_in_phase: f64,
    /// When it was accepted, in seconds since 1970.
    pub launched: i64,
    /// What it went through, oldest first; left out in the list of all instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeline: Option<Vec<StepReport>>,
    /// How many older steps were dropped.
    pub steps_dropped: u64,
}

/// A change of state as it is seen from beside.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepReport {
    /// When and what.
    #[serde(flatten)]
    pub step: Step,
    /// When, from now.
    pub seconds_ago: f64,
}

impl InstanceReport {
    /// Of an instance in `state`, or of a forgotten one.
    fn of(past: &Past, state: Option<State>) -> Self {
        let last = past.timeline.steps().next_back();
        Self {
            instance: past.instance_id.to_string(),
            user: past.user_id.clone(),
            why: last.map_or_else(String::new, |step| step.reason.clone()),
            state: state.map(State::wire_name),
            phase: state.or(last.map(|step| step.to)).unwrap_or(State::Teardown),
            seconds_in_phase: last.map_or(0.0, Step::seconds_ago),
            launched: past.launch_time,
            timeline: None,
            steps_dropped: past.timeline.dropped(),
        }
    }
}

impl<H: Hypervisor, S> Node<H, S> {
    /// The pulse of the monitor's loop. A hypervisor that hangs does not slow it.
    pub fn monitor_pulse(&self) -> Pulse {
        self.0.context.pulse.clone()
    }

    /// Whether the hypervisor answered when it was asked last.
    ///
    /// # Errors
    /// Why not.
    pub fn hypervisor_answers(&self) -> Result<(), String> {
        self.0.context.sight.borrow().domains.as_ref().map(drop).map_err(Clone::clone)
    }

    /// Whether the domains that ran at the start are adopted: until then no instance is accepted, and none is described.
    ///
    /// # Errors
    /// That they are not.
    pub fn instances_are_known(&self) -> Result<(), String> {
        self.0.recovered().map_err(|error| error.to_string())
    }

    /// What this node counts. Gauges are as [`Node::refresh_metrics`] has set them last.
    pub fn metrics(&self) -> metrics::Node {
        self.0.context.metrics.clone()
    }

    /// What is counted of the image cache; the gauges as [`Node::refresh_metrics`] has set them last.
    pub fn cache_metrics(&self) -> metrics::Cache {
        self.0.context.images.metrics()
    }

    /// Brings the gauges up to date.
    pub fn refresh_metrics(&self) {
        let context = &self.0.context;
        context.images.refresh_metrics();
        let (metrics, records) = (&context.metrics, context.instances.records());
        let mut states: HashMap<State, i64> = State::ALL.map(|state| (state, 0)).into();
        for record in &records {
            *states.entry(record.state).or_default() += 1;
        }
        for (state, count) in states {
            metrics.instances.get_or_create(&StateLabel { state: state.name() }).set(count);
        }
        let unit = context.settings.disk_unit;
        let all = self.0.offered();
        let left = all.without(Amounts::used(records.iter().map(AsRef::as_ref), unit));
        let disk = if unit == DiskUnit::Gib { "disk_gb" } else { "disk_mb" };
        for (gauge, amounts) in [(&metrics.capacity, all), (&metrics.capacity_available, left)] {
            let Amounts { memory, disk: space, cores } = amounts;
            for (resource, amount) in [("memory_mb", memory), (disk, space), ("cores", cores)] {
                gauge.get_or_create(&Resource { resource }).set(i64::try_from(amount).unwrap_or(i64::MAX));
            }
        }
        let sight = context.sight.borrow();
        metrics.hypervisor_connected.set(sight.domains.is_ok().into());
        metrics.monitor_pass_age_seconds.set(sight.answered.elapsed().as_secs_f64());
    }

    /// Every instance, in the order in which they are listed, without its timeline.
    pub fn instance_reports(&self) -> Vec<InstanceReport> {
        let records = self.0.context.instances.records();
        records.iter().map(|record| InstanceReport::of(&Past::of(record), Some(record.state))).collect()
    }

    /// An instance with its timeline; a forgotten one too, as long as it is among the last.
    pub fn explain(&self, id: &str) -> Option<InstanceReport> {
        let instances = &self.0.context.instances;
        let (past, state) = match instances.get(id).map(|instance| instance.record()) {
            Ok(record) => (Past::of(&record), Some(record.state)),
            Err(_) => (instances.past(id)?, None),
        };
        let steps = past.timeline.steps();
        let steps = steps.map(|step| StepReport { step: step.clone(), seconds_ago: step.seconds_ago() });
        Some(InstanceReport { timeline: Some(steps.collect()), ..InstanceReport::of(&past, state) })
    }
}
