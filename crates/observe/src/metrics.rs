//! Every metric, in one tree of structs: a struct for each layer, which counts in its own instance, and the daemon
//! registers the instances it has. A field's name is the metric's name behind the layer's prefix, its documentation
//! the help text; docs/metrics.md lists them all.
//!
//! Labels are names known at compile time. Text from outside never becomes one, so that no peer can make the tables
//! grow; and observing allocates nothing but the first time.

use prometheus_client::encoding::{EncodeLabelSet, EncodeMetric, MetricEncoder};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::{MetricType, TypedMetric, counter, gauge, histogram};
use prometheus_client::registry::Registry;

/// Something counted.
pub type Counter = counter::Counter;
/// Something that goes up and down.
pub type Gauge = gauge::Gauge;
/// A measure with fractions.
pub type Measure = gauge::Gauge<f64, std::sync::atomic::AtomicU64>;

/// A gauge raised by one, until this is dropped.
#[derive(Debug)]
pub struct Raised(Gauge);

impl Raised {
    /// Raises `gauge`.
    pub fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        self.0.dec();
    }
}

macro_rules! times {
    ($($(#[$doc:meta])* $name:ident: $bounds:expr;)+) => {
        $($(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(histogram::Histogram);

        impl Default for $name {
            fn default() -> Self {
                Self(histogram::Histogram::new($bounds))
            }
        }

        impl $name {
            /// Adds a time.
            pub fn observe(&self, time: std::time::Duration) {
                self.0.observe(time.as_secs_f64());
            }
        }

        impl EncodeMetric for $name {
            fn encode(&self, encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
                self.0.encode(encoder)
            }

            fn metric_type(&self) -> MetricType {
                Self::TYPE
            }
        }

        impl TypedMetric for $name {
            const TYPE: MetricType = MetricType::Histogram;
        })+
    };
}

times! {
    /// A distribution of times, from half a millisecond to the 45 s after which every operation is over.
    Seconds: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 45.0];
    /// A distribution of times of long works, from a tenth of a second to the two hours that staging may take.
    LongSeconds: [0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 2400.0, 7200.0];
}

/// A row of docs/metrics.md.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Name as scraped.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// Names of its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: String,
}

/// The metrics of a layer.
pub trait Group {
    /// Adds them to `registry`.
    fn register(&self, registry: &mut Registry);

    /// Their documentation.
    fn rows() -> Vec<Row>;
}

/// A type of metric, with the names of its labels.
trait Kind: TypedMetric {
    const LABELS: &'static [&'static str] = &[];
}

impl Kind for Counter {}
impl Kind for Gauge {}
impl Kind for Measure {}
impl Kind for Seconds {}
impl Kind for LongSeconds {}

impl<L: Labels + Clone + std::hash::Hash + Eq, M: Kind> Kind for Family<L, M> {
    const LABELS: &'static [&'static str] = L::NAMES;
}

fn row<K: Kind>(name: &str, help: &str) -> Row {
    let (kind, suffix) = match K::TYPE {
        MetricType::Counter => ("counter", "_total"),
        MetricType::Histogram => ("histogram", ""),
        _ => ("gauge", ""),
    };
    Row { name: format!("{name}{suffix}"), kind, labels: K::LABELS, help: help_text(help) }
}

/// The documentation as one sentence; the registry sets the full stop.
fn help_text(documentation: &str) -> String {
    let mut text = documentation.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    text.truncate(text.trim_end_matches('.').len());
    text
}

/// Names of the labels of a label set.
trait Labels {
    const NAMES: &'static [&'static str];
}

macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident { $($(#[$label_doc:meta])* $label:ident),+ })+) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
        pub struct $name {
            $($(#[$label_doc])* pub $label: &'static str,)+
        }

        impl Labels for $name {
            const NAMES: &'static [&'static str] = &[$(stringify!($label)),+];
        })+
    };
}

labels! {
    /// A call of an operation of a service, and how it ended.
    ServiceCall {
        /// Name of the service in the WSDL.
        service,
        /// Name of the operation in the WSDL.
        operation,
        /// `ok` or `fault`.
        outcome
    }
    /// An operation of a service.
    ServiceOperation {
        /// Name of the service in the WSDL.
        service,
        /// Name of the operation in the WSDL.
        operation
    }
    /// An operation of a node controller, and how a call of it ended.
    NodeCall {
        /// Name of the operation in the WSDL.
        operation,
        /// `ok`, `nc_fail`, `conn_fail`, `timed_out` or `lock_timeout` (cluster-controller.md §4.7, P-03).
        outcome
    }
    /// An operation.
    Operation {
        /// Name of the operation in the WSDL.
        operation
    }
    /// A call to the hypervisor, and how it ended.
    HypervisorCall {
        /// What was asked, as the log names it.
        call,
        /// `ok`, `failed` (refused), `unreachable`, `deadline` (given up) or `busy` (too many wait).
        outcome
    }
    /// What a hypervisor was asked.
    Call {
        /// As the log names it.
        call
    }
    /// A hook of an event, and how it ended.
    HookRun {
        /// Name of the event, as the hook is told.
        event,
        /// `ok`, `veto`, or `failed`, which forbids nothing.
        outcome
    }
    /// How something ended.
    Outcome {
        /// A word for it.
        outcome
    }
    /// A state of a node or an instance.
    State {
        /// Its name.
        state
    }
    /// What an instance uses and a node offers.
    Resource {
        /// `memory_mb`, `disk_gb`, `disk_mb` or `cores`.
        resource
    }
    /// Why something did not happen.
    Reason {
        /// A word for it.
        reason
    }
    /// Which program this is.
    Build {
        /// Name of the program.
        program,
        /// Its version.
        version
    }
}

macro_rules! group {
    ($(#[$doc:meta])* $group:ident as $prefix:literal {
        $($(#[doc = $help:literal])+ $field:ident: $kind:ty,)+
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default)]
        pub struct $group {
            $($(#[doc = $help])+ pub $field: $kind,)+
        }

        impl Group for $group {
            fn register(&self, registry: &mut Registry) {
                $(registry.register(
                    concat!($prefix, "_", stringify!($field)),
                    help_text(concat!($($help, " "),+)),
                    self.$field.clone(),
                );)+
            }

            fn rows() -> Vec<Row> {
                vec![$(row::<$kind>(
                    concat!($prefix, "_", stringify!($field)),
                    concat!($($help, " "),+),
                )),+]
            }
        }
    };
}

group! {
    /// An HTTP server: connections, and what is refused before an operation runs.
    Http as "euca_http" {
        /// Connections accepted.
        connections_accepted: Counter,
        /// Connections open now.
        connections: Gauge,
        /// Requests being received, executed or answered now.
        requests_in_flight: Gauge,
        /// Bytes of request bodies received.
        received_bytes: Counter,
        /// Bytes of reply bodies sent.
        sent_bytes: Counter,
        /// Connections and requests refused, by the reason that the log gives too: limits of the server, malformed
        /// HTTP or XML, unknown services and operations, signatures, replays.
        refusals: Family<Reason, Counter>,
    }
}

impl Http {
    /// Counts a refusal.
    pub fn refused(&self, reason: &'static str) {
        self.refusals.get_or_create(&Reason { reason }).inc();
    }
}

group! {
    /// The operations that a SOAP server carries out.
    Soap as "euca_soap" {
        /// Operations carried out, by whether they were answered (`ok`), answered `return=false` (`refused`) or ended with a
        /// `fault`.
        calls: Family<ServiceCall, Counter>,
        /// Time from the complete header section of the request to the signed reply.
        call_seconds: Family<ServiceOperation, Seconds>,
    }
}

impl Soap {
    /// Counts an operation carried out.
    pub fn called(
        &self,
        service: &'static str,
        operation: &'static str,
        outcome: &'static str,
        time: std::time::Duration,
    ) {
        self.calls.get_or_create(&ServiceCall { service, operation, outcome }).inc();
        self.call_seconds.get_or_create(&ServiceOperation { service, operation }).observe(time);
    }
}

group! {
    /// A cluster controller.
    Cluster as "euca_cc" {
        /// Calls to nodes, polls included, by the outcome reported at the caller's deadline at the latest.
        node_calls: Family<NodeCall, Counter>,
        /// Time from taking a place in the node's line to that outcome.
        node_call_seconds: Family<Operation, Seconds>,
        /// Time that calls and polls stood in the line of their node before they were sent.
        node_lock_wait_seconds: Seconds,
        /// Calls that went on after their deadline and have ended since.
        late_calls: Family<NodeCall, Counter>,
        /// Calls that go on after their deadline now: their nodes are busy.
        late_calls_running: Gauge,
        /// Calls dropped unsent, because a search had found what it looked for or their time was over.
        node_calls_dropped: Family<Operation, Counter>,
        /// Polls from which nothing was learnt: `gave_way` to a call, or timed out on a `busy` node.
        polls_skipped: Family<Reason, Counter>,
        /// Time since the last poll of the node whose last poll is the longest ago. Nodes that sleep do not count.
        oldest_poll_seconds: Measure,
        /// Configured nodes by state.
        nodes: Family<State, Gauge>,
        /// Instances known by state.
        instances: Family<State, Gauge>,
        /// What the nodes that are up have in all, by their own account.
        capacity: Family<Resource, Gauge>,
        /// What of it is free, launches under way deducted.
        capacity_available: Family<Resource, Gauge>,
        /// Launches under way: instances that their nodes have not accepted yet.
        launches_running: Gauge,
        /// Rounds of asking a node to run an instance.
        launch_rounds: Counter,
        /// Launches that have ended: `accepted` by the node, `called_off` because the instance was terminated or was
        /// reported by its node or the daemon stopped, or `given_up`.
        launches: Family<Outcome, Counter>,
        /// Length of the body of the last reply to DescribeInstances.
        describe_instances_bytes: Gauge,
        /// How much longer it could be before a CLC would discard it. Below zero, it does.
        describe_instances_headroom_bytes: Gauge,
        /// How many kinds of details that reply leaves out to be short enough; 0 is none.
        describe_instances_cuts: Gauge,
    }
}

impl Cluster {
    /// Counts a call to a node.
    pub fn node_called(&self, operation: &'static str, outcome: &'static str, time: std::time::Duration) {
        self.node_calls.get_or_create(&NodeCall { operation, outcome }).inc();
        self.node_call_seconds.get_or_create(&Operation { operation }).observe(time);
    }
}

group! {
    /// A node controller.
    Node as "euca_nc" {
        /// Instances by the state that the node itself has for them.
        instances: Family<State, Gauge>,
        /// Changes of state, by the state entered.
        transitions: Family<State, Counter>,
        /// What instances may use in all. Disk is in the unit of `DAEMON_DISK_UNIT`.
        capacity: Family<Resource, Gauge>,
        /// What of it no instance was promised.
        capacity_available: Family<Resource, Gauge>,
        /// Instances whose files are being fetched and put together, those that wait for their turn included.
        stagings_running: Gauge,
        /// Stagings that have ended: `ok`, `failed`, or `called_off` because the instance was terminated.
        stagings: Family<Outcome, Counter>,
        /// Time of the stagings that ended `ok`.
        staging_seconds: LongSeconds,
        /// Bytes of images, kernels and ramdisks that instances were given.
        staged_bytes: Counter,
        /// Time in which the monitor was told of all domains.
        monitor_pass_seconds: Seconds,
        /// Time since the monitor was last told of all domains, or since the start.
        monitor_pass_age_seconds: Measure,
        /// Whether the hypervisor answered the monitor the last time it was asked, 1 or 0.
        hypervisor_connected: Gauge,
        /// Hooks run: `ok`, `veto`, or `failed`, which forbids nothing.
        hooks: Family<HookRun, Counter>,
    }
}

impl Node {
    /// Counts a hook.
    pub fn hook_ran(&self, event: &'static str, outcome: &'static str) {
        self.hooks.get_or_create(&HookRun { event, outcome }).inc();
    }
}

group! {
    /// The image cache of a node.
    Cache as "euca_nc_cache" {
        /// Images that are kept.
        images: Gauge,
        /// Bytes that they take on the disk.
        bytes: Gauge,
        /// Bytes promised to images that are being fetched.
        reserved_bytes: Gauge,
        /// Times that an image was looked for, by whether it was there (`hit`) or had to be fetched (`miss`). Launches that
        /// wait for the same image look once.
        lookups: Family<Outcome, Counter>,
        /// Images that were deleted, because they were `evicted` for another or were `damaged`.
        removals: Family<Reason, Counter>,
    }
}

group! {
    /// Calls to the hypervisor.
    Hypervisor as "euca_hypervisor" {
        /// Calls, by how they ended for whoever made them.
        calls: Family<HypervisorCall, Counter>,
        /// Time to that end, the wait for a thread included.
        call_seconds: Family<Call, Seconds>,
        /// Calls that occupy a thread now.
        calls_running: Gauge,
        /// Calls that were given up and have not ended: the hypervisor hangs.
        calls_blocked: Gauge,
    }
}

impl Hypervisor {
    /// Counts a call.
    pub fn called(&self, call: &'static str, outcome: &'static str, time: std::time::Duration) {
        self.calls.get_or_create(&HypervisorCall { call, outcome }).inc();
        self.call_seconds.get_or_create(&Call { call }).observe(time);
    }
}

group! {
    /// Durable state.
    Store as "euca_store" {
        /// Transactions, by whether they made their changes durable (`ok`) or will be tried again (`failed`).
        commits: Family<Outcome, Counter>,
        /// Time of a transaction.
        commit_seconds: Seconds,
        /// Changes made durable.
        changes: Counter,
        /// Changes that wait for the next transaction.
        pending_changes: Gauge,
    }
}

group! {
    /// The daemon as a program.
    Daemon as "euca" {
        /// Always 1; the labels say which program this is.
        build_info: Family<Build, Gauge>,
        /// Lines of the log that were lost because they came faster than they could be written.
        log_lines_lost: Counter,
    }
}

group! {
    /// The process, by the names that Prometheus' own libraries use.
    Process as "process" {
        /// When it was started, in seconds since 1970.
        start_time_seconds: Measure,
    }
}

/// The documentation of every metric, as docs/metrics.md has it.
pub fn table() -> String {
    let groups = [
        Daemon::rows(),
        Process::rows(),
        Http::rows(),
        Soap::rows(),
        Cluster::rows(),
        Store::rows(),
        Node::rows(),
        Cache::rows(),
        Hypervisor::rows(),
    ];
    let mut table = "| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n".to_owned();
    for Row { name, kind, labels, help } in groups.into_iter().flatten() {
        let labels = labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        table.push_str(&format!("| `{name}` | {kind} | {labels} | {help} |\n"));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_lists_every_metric() {
        let documentation = include_str!("../../../docs/metrics.md");
        assert!(documentation.contains(&table()), "docs/metrics.md should contain:\n{}", table());
    }

    #[test]
    fn what_is_scraped_is_what_is_documented() {
        let mut registry = Registry::default();
        let (http, soap) = (Http::default(), Soap::default());
        http.register(&mut registry);
        soap.register(&mut registry);
        http.connections_accepted.inc();
        http.refusals.get_or_create(&Reason { reason: "unsigned" }).inc();
        let operation = ServiceOperation { service: "EucalyptusCC", operation: "RunInstances" };
        soap.call_seconds.get_or_create(&operation).observe(std::time::Duration::from_millis(3));
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        for line in [
            "euca_http_connections_accepted_total 1",
            "euca_http_refusals_total{reason=\"unsigned\"} 1",
            "# HELP euca_soap_call_seconds Time from the complete header section of the request to the signed reply.",
            "euca_soap_call_seconds_bucket{le=\"0.0025\",service=\"EucalyptusCC\",operation=\"RunInstances\"} 0",
            "euca_soap_call_seconds_bucket{le=\"0.005\",service=\"EucalyptusCC\",operation=\"RunInstances\"} 1",
        ] {
            assert!(text.lines().any(|there| there == line), "no {line:?} in\n{text}");
        }
    }
}
