//! A node controller that keeps its instances in memory and misbehaves by plan.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use euca_wire::nc::{
    self, Instance, NcAttachVolume, NcAttachVolumeResponse, NcBundleInstance, NcBundleInstanceResponse,
    NcCancelBundleTask, NcCancelBundleTaskResponse, NcDescribeBundleTasks, NcDescribeBundleTasksResponse,
    NcDescribeInstances, NcDescribeInstancesResponse, NcDescribeResource, NcDescribeResourceResponse,
    NcDetachVolume, NcDetachVolumeResponse, NcGetConsoleOutput, NcGetConsoleOutputResponse, NcPowerDown,
    NcPowerDownResponse, NcRebootInstance, NcRebootInstanceResponse, NcRunInstance, NcRunInstanceResponse,
    NcStartNetwork, NcStartNetworkResponse, NcTerminateInstance, NcTerminateInstanceResponse,
};
use euca_wire::{DateTime, Fault, NodeApi};
use tokio::time::Instant;

/// How a node behaves towards every call.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Time each call takes.
    pub latency: Duration,
    /// What becomes of it.
    pub behaviour: Behaviour,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// It is answered.
    #[default]
    Healthy,
    /// It is accepted and never answered, like a stopped process.
    Hang,
    /// It is answered with `return=false`.
    Refuse,
    /// It is answered with a SOAP fault.
    Fault,
    /// Healthy for `up`, faulting for `down`, in turn.
    Flap {
        /// Length of a healthy phase.
        up: Duration,
        /// Length of a faulting phase.
        down: Duration,
    },
}

/// Capacity in all: MiB, GiB, processors.
#[derive(Debug, Clone, Copy)]
pub struct Capacity {
    /// MiB.
    pub memory: i32,
    /// GiB.
    pub disk: i32,
    /// Processors.
    pub cores: i32,
}

impl Default for Capacity {
    fn default() -> Self {
        Self { memory: 1 << 20, disk: 1 << 20, cores: 4096 }
    }
}

/// A simulated node controller.
#[derive(Debug)]
pub struct SimNode {
    capacity: Capacity,
    started: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    plan: Plan,
    instances: BTreeMap<String, Guest>,
    /// When calls of each operation arrived.
    arrivals: BTreeMap<&'static str, Vec<Instant>>,
}

#[derive(Debug)]
struct Guest {
    instance: Instance,
    boots: u32,
}

impl SimNode {
    /// A healthy node without instances.
    pub fn new(capacity: Capacity) -> Self {
        Self { capacity, started: Instant::now(), state: Mutex::default() }
    }

    /// Changes how it behaves from the next call on.
    pub fn set_plan(&self, plan: Plan) {
        self.state().plan = plan;
    }

    /// Puts a running instance there without being asked.
    pub fn adopt(&self, instance: Instance) {
        let id = instance.instance_id.clone();
        self.state().instances.insert(id, Guest { instance, boots: 1 });
    }

    /// How often an instance has booted: 1 after its start.
    pub fn boots(&self, instance_id: &str) -> Option<u32> {
        self.state().instances.get(instance_id).map(|guest| guest.boots)
    }

    /// Calls of an operation so far.
    pub fn calls(&self, operation: &str) -> usize {
        self.state().arrivals.get(operation).map_or(0, Vec::len)
    }

    /// When the calls of an operation arrived.
    pub fn arrivals(&self, operation: &str) -> Vec<Instant> {
        self.state().arrivals.get(operation).cloned().unwrap_or_default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a call happen as planned; `false` means it is to be refused.
    async fn arrive(&self, operation: &'static str) -> Result<bool, Fault> {
        let plan = {
            let mut state = self.state();
            state.arrivals.entry(operation).or_default().push(Instant::now());
            state.plan.clone()
        };
        if !plan.latency.is_zero() {
            tokio::time::sleep(plan.latency).await;
        }
        match plan.behaviour {
            Behaviour::Healthy => Ok(true),
            Behaviour::Hang => std::future::pending().await,
            Behaviour::Refuse => Ok(false),
            Behaviour::Fault => Err(Fault::server("planned fault")),
            Behaviour::Flap { up, down } => {
                let period = (up + down).as_nanos().max(1);
                let phase = self.started.elapsed().as_nanos() % period;
                if phase < up.as_nanos() { Ok(true) } else { Err(Fault::server("planned fault")) }
            }
        }
    }
}

/// A running instance like many others: number 1 is `i-00000001`.
pub fn sample_instance(number: u32) -> Instance {
    instance(&NcRunInstance {
        user_id: Some("admin".to_owned()),
        image_id: "emi-12345678".to_owned(),
        kernel_id: Some("eki-12345678".to_owned()),
        ramdisk_id: Some("eri-12345678".to_owned()),
        reservation_id: "r-41D30C2E".to_owned(),
        instance_id: format!("i-{number:08X}"),
        instance_type: nc::VirtualMachine {
            name: Some("m1.small".to_owned()),
            memory: Some(128),
            cores: Some(1),
            disk: Some(2),
            ..nc::VirtualMachine::default()
        },
        net_params: nc::NetConfig {
            private_mac_address: format!("d0:0d:{number:08X}"),
            private_ip: "0.0.0.0".to_owned(),
            public_ip: "0.0.0.0".to_owned(),
            vlan: -1,
            network_index: -1,
        },
        launch_index: Some("0".to_owned()),
        platform: Some("linux".to_owned()),
        group_names: vec!["default".to_owned()],
        ..NcRunInstance::default()
    })
}

/// An instance as ncRunInstance describes it, running since now.
pub fn instance(request: &NcRunInstance) -> Instance {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs());
    Instance {
        reservation_id: request.reservation_id.clone(),
        instance_id: request.instance_id.clone(),
        image_id: request.image_id.clone(),
        kernel_id: Some(request.kernel_id.clone().unwrap_or_default()),
        ramdisk_id: Some(request.ramdisk_id.clone().unwrap_or_default()),
        user_id: request.user_id.clone().unwrap_or_default(),
        key_name: request.key_name.clone(),
        instance_type: request.instance_type.clone(),
        net_params: Some(request.net_params.clone()),
        state_name: "Extant".to_owned(),
        bundle_task_state_name: Some("none".to_owned()),
        launch_time: Some(DateTime::from_unix(i64::try_from(now).unwrap_or_default())),
        user_data: Some(request.user_data.clone().unwrap_or_default()),
        launch_index: Some(request.launch_index.clone().unwrap_or_default()),
        platform: Some(request.platform.clone().unwrap_or_default()),
        group_names: request.group_names.clone(),
        ..Instance::default()
    }
}

impl NodeApi for SimNode {
    type Error = Fault;

    async fn nc_describe_resource(
        &self,
        request: NcDescribeResource,
    ) -> Result<NcDescribeResourceResponse, Fault> {
        if !self.arrive("ncDescribeResource").await? {
            return Ok(NcDescribeResourceResponse { return_: Some(false), ..Default::default() });
        }
        let state = self.state();
        let used = |read: fn(&nc::VirtualMachine) -> Option<i32>| -> i32 {
            state.instances.values().filter_map(|guest| read(&guest.instance.instance_type)).sum()
        };
        Ok(NcDescribeResourceResponse {
            node_status: "ok".to_owned(),
            memory_size_max: self.capacity.memory,
            memory_size_available: self.capacity.memory - used(|kind| kind.memory),
            disk_size_max: self.capacity.disk,
            disk_size_available: self.capacity.disk - used(|kind| kind.disk),
            number_of_cores_max: self.capacity.cores,
            number_of_cores_available: self.capacity.cores - used(|kind| kind.cores),
            public_subnets: "none".to_owned(),
            ..request.answer(true)
        })
    }

    async fn nc_describe_instances(
        &self,
        request: NcDescribeInstances,
    ) -> Result<NcDescribeInstancesResponse, Fault> {
        if !self.arrive("ncDescribeInstances").await? {
            return Ok(NcDescribeInstancesResponse { return_: Some(false), ..Default::default() });
        }
        let instances = self.state().instances.values().map(|guest| guest.instance.clone()).collect();
        Ok(NcDescribeInstancesResponse { instances, ..request.answer(true) })
    }

    async fn nc_run_instance(&self, request: NcRunInstance) -> Result<NcRunInstanceResponse, Fault> {
        let refused = NcRunInstanceResponse { return_: Some(false), ..Default::default() };
        if !self.arrive("ncRunInstance").await? || self.boots(&request.instance_id).is_some() {
            return Ok(refused);
        }
        let instance = instance(&request);
        self.adopt(instance.clone());
        Ok(NcRunInstanceResponse { instance: Some(instance), ..request.answer(true) })
    }

    async fn nc_reboot_instance(&self, request: NcRebootInstance) -> Result<NcRebootInstanceResponse, Fault> {
        let healthy = self.arrive("ncRebootInstance").await?;
        match self.state().instances.get_mut(&request.instance_id).filter(|_| healthy) {
            Some(guest) => {
                guest.boots += 1;
                Ok(NcRebootInstanceResponse { status: false, ..request.answer(true) })
            }
            None => Ok(NcRebootInstanceResponse { return_: Some(false), ..Default::default() }),
        }
    }

    async fn nc_terminate_instance(
        &self,
        request: NcTerminateInstance,
    ) -> Result<NcTerminateInstanceResponse, Fault> {
        let healthy = self.arrive("ncTerminateInstance").await?;
        match self.state().instances.get_mut(&request.instance_id).filter(|_| healthy) {
            Some(guest) => {
                guest.instance.state_name = "Teardown".to_owned();
                Ok(NcTerminateInstanceResponse {
                    instance_id: request.instance_id.clone(),
                    shutdown_state: Some("0".to_owned()),
                    previous_state: Some("0".to_owned()),
                    ..request.answer(true)
                })
            }
            None => Ok(NcTerminateInstanceResponse { return_: Some(false), ..Default::default() }),
        }
    }

    async fn nc_get_console_output(
        &self,
        request: NcGetConsoleOutput,
    ) -> Result<NcGetConsoleOutputResponse, Fault> {
        let healthy = self.arrive("ncGetConsoleOutput").await?;
        match self.boots(&request.instance_id).filter(|_| healthy) {
            Some(boots) => {
                let text: String =
                    (1..=boots).map(|boot| format!("boot {boot} of {}\n", request.instance_id)).collect();
                Ok(NcGetConsoleOutputResponse {
                    console_output: STANDARD.encode(text),
                    ..request.answer(true)
                })
            }
            None => Ok(NcGetConsoleOutputResponse { return_: Some(false), ..Default::default() }),
        }
    }

    async fn nc_start_network(&self, request: NcStartNetwork) -> Result<NcStartNetworkResponse, Fault> {
        let healthy = self.arrive("ncStartNetwork").await?;
        Ok(NcStartNetworkResponse {
            status_message: Some(if healthy { 0 } else { 2 }),
            network_status: Some(if healthy { "SUCCESS" } else { "FAIL" }.to_owned()),
            ..request.answer(healthy)
        })
    }

    async fn nc_power_down(&self, request: NcPowerDown) -> Result<NcPowerDownResponse, Fault> {
        let healthy = self.arrive("ncPowerDown").await?;
        Ok(NcPowerDownResponse {
            status_message: Some(if healthy { 0 } else { 2 }),
            ..request.answer(healthy)
        })
    }

    async fn nc_attach_volume(&self, request: NcAttachVolume) -> Result<NcAttachVolumeResponse, Fault> {
        let healthy = self.arrive("ncAttachVolume").await?;
        let id = request.instance_id.as_deref().unwrap_or_default();
        let mut state = self.state();
        let guest = state.instances.get_mut(id).filter(|_| healthy);
        if let Some(guest) = guest {
            guest.instance.volumes.push(nc::Volume {
                volume_id: request.volume_id.clone(),
                remote_dev: request.remote_dev.clone(),
                local_dev: request.local_dev.clone(),
                state: Some("attached".to_owned()),
            });
            return Ok(request.answer(true));
        }
        Ok(request.answer(false))
    }

    async fn nc_detach_volume(&self, request: NcDetachVolume) -> Result<NcDetachVolumeResponse, Fault> {
        let healthy = self.arrive("ncDetachVolume").await?;
        let id = request.instance_id.as_deref().unwrap_or_default();
        let mut state = self.state();
        let detached = state.instances.get_mut(id).filter(|_| healthy).is_some_and(|guest| {
            let before = guest.instance.volumes.len();
            guest.instance.volumes.retain(|volume| volume.volume_id != request.volume_id);
            guest.instance.volumes.len() < before
        });
        Ok(request.answer(detached))
    }

    async fn nc_bundle_instance(&self, request: NcBundleInstance) -> Result<NcBundleInstanceResponse, Fault> {
        let known = self.bundle("ncBundleInstance", request.instance_id.as_deref(), "bundling").await?;
        Ok(request.answer(known))
    }

    async fn nc_cancel_bundle_task(
        &self,
        request: NcCancelBundleTask,
    ) -> Result<NcCancelBundleTaskResponse, Fault> {
        let known = self.bundle("ncCancelBundleTask", request.instance_id.as_deref(), "cancelled").await?;
        Ok(request.answer(known))
    }

    async fn nc_describe_bundle_tasks(
        &self,
        request: NcDescribeBundleTasks,
    ) -> Result<NcDescribeBundleTasksResponse, Fault> {
        if !self.arrive("ncDescribeBundleTasks").await? {
            return Ok(NcDescribeBundleTasksResponse { return_: Some(false), ..Default::default() });
        }
        let state = self.state();
        let known = request.instance_ids.iter().filter_map(|id| state.instances.get(id));
        let bundle_tasks = known
            .map(|guest| nc::BundleTask {
                instance_id: Some(guest.instance.instance_id.clone()),
                state: guest.instance.bundle_task_state_name.clone(),
                manifest: None,
            })
            .collect();
        Ok(NcDescribeBundleTasksResponse { bundle_tasks, ..request.answer(true) })
    }
}

impl SimNode {
    async fn bundle(&self, operation: &'static str, id: Option<&str>, task: &str) -> Result<bool, Fault> {
        let healthy = self.arrive(operation).await?;
        let mut state = self.state();
        let guest = state.instances.get_mut(id.unwrap_or_default()).filter(|_| healthy);
        Ok(guest.map(|guest| guest.instance.bundle_task_state_name = Some(task.to_owned())).is_some())
    }
}
