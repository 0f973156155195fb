//! Scripted nodes: a fleet in the process that behaves by plan and records every call with its time.
//!
//! By default a node answers every operation with success at once. A plan for an operation is a sequence of
//! [`Act`]s, of which the last one is repeated for ever.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use euca_cluster::addresses::{AddressSource, Neighbours};
use euca_cluster::{Clock, Cluster, ClusterSettings, Connector, Environment, NodeAddress, State};
use euca_command::testing::Recording;
use euca_store::Journal;
use euca_store::testing::Disk;
use euca_vnet::testing::Recorder;
use euca_wire::{
    CallError, Caller, DateTime, Element, Encoder, Fault, Generation, Link, LogApi, Message as _, News,
    NodeApi, NodeService, Operation, Request, Service as _, gl, nc,
};
use futures_util::future::{BoxFuture, ready};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How a node treats a call.
#[derive(Debug, Clone)]
pub enum Act {
    /// Does it and answers true.
    True,
    /// Answers `return=false`.
    False,
    /// Answers without a `return`.
    NoReturn,
    /// Answers with a SOAP fault.
    Fault,
    /// Refuses the connection.
    Refuse,
    /// Takes the request and never answers; or the packets are lost, which looks the same from here.
    Hang,
    /// Breaks: the connection's own code panics.
    Panic,
    /// Takes this long, then does the other.
    After(Duration, Box<Act>),
}

/// Takes `seconds`, then answers true.
pub fn slow(seconds: f64) -> Act {
    Act::After(Duration::from_secs_f64(seconds), Box::new(Act::True))
}

/// One call as a node saw it.
pub struct Call {
    /// Name of the node.
    pub node: String,
    /// Name of the operation.
    pub operation: &'static str,
    /// When it arrived, since the fleet began.
    pub at: Duration,
    /// When it was over, and whether the node has answered: otherwise the caller broke it off.
    pub end: Option<(Duration, bool)>,
    request: Box<dyn Any + Send>,
}

/// What one node is and does.
pub struct Script {
    /// What ncDescribeResource answers: memory, disk, cores; in all and available.
    pub resources: [(i32, i32, i32); 2],
    /// What ncDescribeInstances answers.
    pub instances: Vec<nc::Instance>,
    /// What ncGetConsoleOutput answers.
    pub console: String,
    plans: HashMap<&'static str, VecDeque<Act>>,
}

impl Default for Script {
    fn default() -> Self {
        let all = (4096, 100, 4);
        Self { resources: [all, all], instances: Vec::new(), console: String::new(), plans: HashMap::new() }
    }
}

struct Shared {
    start: Instant,
    scripts: Mutex<HashMap<String, Script>>,
    calls: Mutex<Vec<Call>>,
    /// Nodes that were told to expect a call.
    prepared: Mutex<Vec<String>>,
    known: AtomicUsize,
    neighbours: Mutex<Neighbours>,
    names: Mutex<HashMap<String, Ipv4Addr>>,
    broadcasts: Mutex<Vec<Ipv4Addr>>,
    commands: Arc<Recording>,
    host: Recorder,
}

/// The fleet. Clones are the same fleet.
#[derive(Clone)]
pub struct Fleet(Arc<Shared>);

/// The address of the scripted node `name`.
pub fn address(name: &str) -> NodeAddress {
    NodeAddress::new(name, 8775, "axis2/services/EucalyptusNC")
}

/// URL of the scripted node `name`.
pub fn url(name: &str) -> String {
    address(name).url
}

impl Fleet {
    pub fn new() -> Self {
        Self(Arc::new(Shared {
            start: Instant::now(),
            scripts: Mutex::default(),
            calls: Mutex::default(),
            prepared: Mutex::default(),
            known: AtomicUsize::new(0),
            neighbours: Mutex::default(),
            names: Mutex::default(),
            broadcasts: Mutex::default(),
            commands: Arc::default(),
            host: Recorder::default(),
        }))
    }

    /// Changes the script of a node.
    pub fn script(&self, node: &str, change: impl FnOnce(&mut Script)) {
        change(self.0.scripts.lock().unwrap().entry(node.to_owned()).or_default());
    }

    /// From now on the node does this, one act for each call of the operation, the last one for ever.
    pub fn plan(&self, node: &str, operation: &'static str, acts: impl IntoIterator<Item = Act>) {
        self.script(node, |script| drop(script.plans.insert(operation, acts.into_iter().collect())));
    }

    /// From now on the node does this whatever it is asked.
    pub fn plan_all(&self, node: &str, act: Act) {
        for operation in OPERATIONS {
            self.plan(node, operation, [act.clone()]);
        }
    }

    /// What is on the wire for the cluster's host to see.
    pub fn neighbour(&self, mac: &str, address: [u8; 4]) {
        self.0.neighbours.lock().unwrap().add(mac, address.into());
    }

    /// What the resolver says from now on.
    pub fn name(&self, host: &str, address: [u8; 4]) {
        self.0.names.lock().unwrap().insert(host.to_owned(), address.into());
    }

    /// The broadcast addresses of the private interface from now on.
    pub fn broadcasts(&self, addresses: &[[u8; 4]]) {
        *self.0.broadcasts.lock().unwrap() = addresses.iter().map(|&address| address.into()).collect();
    }

    /// The programs that were run on the cluster's host.
    pub fn commands(&self) -> &Recording {
        &self.0.commands
    }

    /// The cluster's host, which is asked for what the virtual network needs.
    pub fn host(&self) -> &Recorder {
        &self.0.host
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.0.calls.lock().unwrap().clear();
    }

    /// Names of the nodes that got calls of this operation, in order.
    pub fn nodes_called(&self, operation: &str) -> Vec<String> {
        self.calls(operation, |call| call.node.clone())
    }

    /// Names of the nodes that were told to expect a call, in order, since this was last asked.
    pub fn nodes_prepared(&self) -> Vec<String> {
        std::mem::take(&mut self.0.prepared.lock().unwrap())
    }

    /// How many answers were not looked into, because they were known.
    pub fn known(&self) -> usize {
        self.0.known.load(Ordering::Relaxed)
    }

    /// The calls of this operation, in order.
    pub fn calls<T>(&self, operation: &str, view: impl Fn(&Call) -> T) -> Vec<T> {
        self.0.calls.lock().unwrap().iter().filter(|call| call.operation == operation).map(view).collect()
    }

    /// How many calls are like this.
    pub fn count(&self, like: impl Fn(&Call) -> bool) -> usize {
        self.0.calls.lock().unwrap().iter().filter(|call| like(call)).count()
    }

    /// Every call except the monitor's polls, as (node, operation).
    pub fn foreground(&self) -> Vec<(String, &'static str)> {
        let calls = self.0.calls.lock().unwrap();
        let polls = ["ncDescribeResource", "ncDescribeInstances"];
        let foreground = calls.iter().filter(|call| !polls.contains(&call.operation));
        foreground.map(|call| (call.node.clone(), call.operation)).collect()
    }

    /// The requests of this type, in order, with the node that got each.
    pub fn requests<R: Request + Clone>(&self) -> Vec<(String, R)> {
        let calls = self.0.calls.lock().unwrap();
        let typed = |call: &Call| Some((call.node.clone(), call.request.downcast_ref::<R>()?.clone()));
        calls.iter().filter_map(typed).collect()
    }

    /// Time since the fleet began.
    pub fn now(&self) -> Duration {
        self.0.start.elapsed()
    }
}

const OPERATIONS: [&str; 13] = [
    "ncAttachVolume",
    "ncBundleInstance",
    "ncCancelBundleTask",
    "ncDescribeBundleTasks",
    "ncDescribeInstances",
    "ncDescribeResource",
    "ncDetachVolume",
    "ncGetConsoleOutput",
    "ncPowerDown",
    "ncRebootInstance",
    "ncRunInstance",
    "ncStartNetwork",
    "ncTerminateInstance",
];

impl Connector for Fleet {
    type Node = ScriptedNode;
    type Log = ScriptedNode;

    fn node(&self, url: &str) -> ScriptedNode {
        let name = url.trim_start_matches("http://").split(':').next().unwrap_or_default();
        ScriptedNode { name: name.to_owned(), url: url.to_owned(), fleet: self.clone() }
    }

    fn log(&self, url: &str) -> ScriptedNode {
        self.node(url)
    }
}

impl Clock for Fleet {
    fn now(&self) -> DateTime {
        DateTime::from_unix(1_290_000_000 + i64::try_from(self.now().as_secs()).unwrap())
    }
}

impl AddressSource for Fleet {
    fn neighbours(&self) -> BoxFuture<'static, std::io::Result<Neighbours>> {
        Box::pin(ready(Ok(self.0.neighbours.lock().unwrap().clone())))
    }

    fn resolve(&self, name: &str) -> BoxFuture<'static, std::io::Result<Ipv4Addr>> {
        let named = || self.0.names.lock().unwrap().get(name).copied();
        let address = name.parse().ok().or_else(named);
        Box::pin(ready(address.ok_or_else(|| std::io::ErrorKind::NotFound.into())))
    }

    fn broadcasts(&self, interface: &str) -> BoxFuture<'static, std::io::Result<Vec<Ipv4Addr>>> {
        assert_eq!(interface, "eth0");
        let addresses = self.0.broadcasts.lock().unwrap().clone();
        Box::pin(ready(Ok(addresses)))
    }
}

/// One node of the fleet as the cluster sees it.
#[derive(Clone)]
pub struct ScriptedNode {
    name: String,
    url: String,
    fleet: Fleet,
}

/// Writes down how a call ended, also when its future is dropped.
struct Record<'a> {
    fleet: &'a Fleet,
    index: usize,
    answered: bool,
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        let now = self.fleet.now();
        if let Some(call) = self.fleet.0.calls.lock().unwrap().get_mut(self.index) {
            call.end = Some((now, self.answered));
        }
    }
}

impl ScriptedNode {
    async fn play<R: Request + Clone>(
        &self,
        request: &R,
        answer: impl Fn(Option<bool>, &Script) -> R::Response,
    ) -> Result<R::Response, CallError> {
        let operation = R::OPERATION.name;
        let index = {
            let mut calls = self.fleet.0.calls.lock().unwrap();
            calls.push(Call {
                node: self.name.clone(),
                operation,
                at: self.fleet.now(),
                end: None,
                request: Box::new(request.clone()),
            });
            calls.len() - 1
        };
        let mut record = Record { fleet: &self.fleet, index, answered: false };
        let mut act = Act::True;
        self.fleet.script(&self.name, |script| {
            if let Some(plan) = script.plans.get_mut(operation) {
                act = if plan.len() > 1 { plan.pop_front() } else { plan.front().cloned() }
                    .unwrap_or(Act::True);
            }
        });
        let result = loop {
            let told = match act {
                Act::After(time, then) => {
                    sleep(time).await;
                    act = *then;
                    continue;
                }
                Act::Hang => std::future::pending().await,
                Act::Panic => panic!("scripted panic"),
                Act::Refuse => break Err(CallError::Unreachable("connection refused".into())),
                Act::Fault => break Err(CallError::Fault(Fault::server("scripted fault"))),
                Act::True => Some(true),
                Act::False => Some(false),
                Act::NoReturn => None,
            };
            let mut response = None;
            self.fleet.script(&self.name, |script| response = Some(answer(told, script)));
            break Ok(response.unwrap());
        };
        record.answered = true;
        result
    }
}

/// The operations: each answers with the identity it was given, and with what a success adds.
macro_rules! operations {
    ($($method:ident: $request:ident, |$response:ident, $script:ident, $asked:ident| $fill:block;)*) => {
        impl NodeApi for ScriptedNode {
            type Error = CallError;

            fn prepare(&self, _operation: &'static Operation) {
                self.fleet.0.prepared.lock().unwrap().push(self.name.clone());
            }

            fn caller(&self) -> Option<&impl Caller> {
                Some(self)
            }

            $(async fn $method(
                &self,
                request: nc::$request,
            ) -> Result<<nc::$request as Request>::Response, CallError> {
                self.play(&request, |told, $script| {
                    let mut response = request.answer(told.unwrap_or_default());
                    response.return_ = told;
                    if told == Some(true) {
                        let ($response, $asked) = (&mut response, &request);
                        $fill
                    }
                    response
                })
                .await
            })*
        }
    };
}

operations! {
    nc_attach_volume: NcAttachVolume, |_response, _script, _asked| {};
    nc_bundle_instance: NcBundleInstance, |_response, _script, _asked| {};
    nc_cancel_bundle_task: NcCancelBundleTask, |_response, _script, _asked| {};
    nc_describe_bundle_tasks: NcDescribeBundleTasks, |_response, _script, _asked| {};
    nc_describe_instances: NcDescribeInstances, |response, script, _asked| {
        response.instances = script.instances.clone();
    };
    nc_describe_resource: NcDescribeResource, |response, script, _asked| {
        let [maximum, available] = script.resources;
        response.node_status = "OK".into();
        (response.memory_size_max, response.disk_size_max, response.number_of_cores_max) = maximum;
        response.memory_size_available = available.0;
        response.disk_size_available = available.1;
        response.number_of_cores_available = available.2;
    };
    nc_detach_volume: NcDetachVolume, |_response, _script, _asked| {};
    nc_get_console_output: NcGetConsoleOutput, |response, script, _asked| {
        response.console_output = script.console.clone();
    };
    nc_power_down: NcPowerDown, |_response, _script, _asked| {};
    nc_reboot_instance: NcRebootInstance, |_response, _script, _asked| {};
    nc_run_instance: NcRunInstance, |response, _script, asked| {
        response.instance = Some(nc::Instance { instance_id: asked.instance_id.clone(), ..Default::default() });
    };
    nc_start_network: NcStartNetwork, |_response, _script, _asked| {};
    nc_terminate_instance: NcTerminateInstance, |_response, _script, _asked| {};
}

/// Polls as those of a remote node are, whose answers have fingerprints.
impl Caller for ScriptedNode {
    async fn call<Q: Request>(&self, request: Q) -> Result<Q::Response, CallError> {
        match self.poll(request, &mut None, |_| false).await? {
            News::Told(response, _) => Ok(response),
            News::Known => panic!("nothing is known"),
        }
    }

    async fn poll<Q: Request>(
        &self,
        request: Q,
        _link: &mut Link,
        known: impl FnOnce(u64) -> bool + Send,
    ) -> Result<News<Q::Response>, CallError> {
        let (mut asked, mut answer) = (Vec::new(), Vec::new());
        request.write(&mut Encoder::new(&mut asked, Generation::V2_0));
        let request = NodeService::<Self>::decode(Q::OPERATION, &element(&asked)).unwrap();
        NodeService(Arc::new(self.clone())).run(request, &mut answer).await?;
        let mut hasher = DefaultHasher::new();
        answer.hash(&mut hasher);
        if known(hasher.finish()) {
            self.fleet.0.known.fetch_add(1, Ordering::Relaxed);
            return Ok(News::Known);
        }
        Ok(News::Told(Q::Response::read(&element(&answer)).unwrap(), Some(hasher.finish())))
    }
}

fn element(xml: &[u8]) -> Element<'_> {
    Element { xml: std::str::from_utf8(xml).unwrap(), scope: &[] }
}

/// A node's gatherlog: its nc.log is the script's console text.
impl LogApi for ScriptedNode {
    type Error = CallError;

    async fn get_keys(&self, request: gl::GetKeys) -> Result<gl::GetKeysResponse, CallError> {
        self.play(&request, |told, _| gl::GetKeysResponse {
            service_tag: Some(self.url.clone()),
            cc_cert: None,
            nc_cert: Some("bmM=".into()),
            ..request.answer(told.unwrap_or_default())
        })
        .await
    }

    async fn get_logs(&self, request: gl::GetLogs) -> Result<gl::GetLogsResponse, CallError> {
        self.play(&request, |told, script| gl::GetLogsResponse {
            service_tag: Some(self.url.clone()),
            nc_log: Some(script.console.clone()),
            ..request.answer(told.unwrap_or_default())
        })
        .await
    }
}

/// A cluster over a fleet, with its monitor running.
pub struct World {
    pub fleet: Fleet,
    pub cluster: Arc<Cluster<Fleet>>,
    pub disk: Disk,
    monitor: CancellationToken,
}

impl Drop for World {
    fn drop(&mut self) {
        self.monitor.cancel();
    }
}

impl World {
    /// A cluster of these nodes; its monitor has not polled yet.
    pub fn start(settings: ClusterSettings, fleet: Fleet, nodes: &[&str]) -> Self {
        Self::restart(settings, fleet, nodes, &Disk::default())
    }

    /// A cluster that knows what is on the disk, and may go on where another one has ended.
    pub fn restart(settings: ClusterSettings, fleet: Fleet, nodes: &[&str], disk: &Disk) -> Self {
        let nodes = nodes.iter().map(|name| address(name)).collect();
        let (journal, writer) = Journal::new(disk.open());
        tokio::spawn(writer);
        let environment = Environment {
            connector: fleet.clone(),
            addresses: Arc::new(fleet.clone()),
            commands: fleet.0.commands.clone(),
            clock: Arc::new(fleet.clone()),
            state: State::read(disk).unwrap(),
            journal,
            network: Arc::new(fleet.host().clone()),
        };
        let cluster = Cluster::new(settings, nodes, environment);
        let monitor = CancellationToken::new();
        let (running, shutdown) = (cluster.clone(), monitor.clone());
        tokio::spawn(async move { running.run_monitor(shutdown).await });
        Self { fleet, cluster, disk: disk.clone(), monitor }
    }

    /// Ends it as kill -9 does: nothing more gets to the disk or to a node.
    pub async fn crash(self) -> (Fleet, Disk) {
        let disk = self.disk.clone();
        drop(disk.open());
        self.monitor.cancel();
        let ended = self.cluster.shut_down(Duration::ZERO);
        // It waits in vain for its journal.
        let _ = tokio::time::timeout(Duration::from_secs(1), ended).await;
        (self.fleet.clone(), disk)
    }

    /// Lets the monitor poll every node once more.
    pub async fn poll(&self) {
        sleep(Duration::from_secs(7)).await;
    }
}
