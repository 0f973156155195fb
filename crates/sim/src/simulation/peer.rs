//! A simulated node as the cluster calls it: between the messages and what the node understands.

use euca_wire::{CallError, LogApi, NodeApi, Request, gl, nc};

use super::node::{Answer, Details, Order};
use super::world::{Surroundings, instance_number};

/// A connection to one node, on behalf of one entry of the node list.
pub(super) struct Peer {
    pub(super) node: usize,
    pub(super) generation: u32,
    pub(super) world: Surroundings,
}

impl Peer {
    async fn ask<Q: Request>(
        &self,
        _request: &Q,
        id: Option<&str>,
        details: Details,
    ) -> Result<Answer, CallError> {
        let instance = id.map(|id| instance_number(id).unwrap_or(u32::MAX));
        let order = Order { operation: Q::OPERATION.name, instance, details };
        self.world.exchange(self.node, self.generation, order).await
    }
}

/// Operations whose answer is yes or no.
macro_rules! plain {
    ($($method:ident: $request:ident, |$asked:ident| $id:expr, $details:expr;)*) => {
        $(async fn $method(
            &self,
            $asked: nc::$request,
        ) -> Result<<nc::$request as Request>::Response, CallError> {
            let answer = self.ask(&$asked, $id, $details).await?;
            Ok($asked.answer(!matches!(answer, Answer::False)))
        })*
    };
}

fn number(value: i64) -> i32 {
    i32::try_from(value).unwrap_or_default()
}

fn volume(id: &Option<String>) -> Details {
    Details::Volume(id.clone().unwrap_or_default())
}

impl NodeApi for Peer {
    type Error = CallError;

    plain! {
        nc_attach_volume: NcAttachVolume, |it| it.instance_id.as_deref(), volume(&it.volume_id);
        nc_bundle_instance: NcBundleInstance, |it| it.instance_id.as_deref(), Details::None;
        nc_cancel_bundle_task: NcCancelBundleTask, |it| it.instance_id.as_deref(), Details::None;
        nc_describe_bundle_tasks: NcDescribeBundleTasks, |it| None, Details::None;
        nc_detach_volume: NcDetachVolume, |it| it.instance_id.as_deref(), volume(&it.volume_id);
        nc_power_down: NcPowerDown, |it| None, Details::None;
        nc_reboot_instance: NcRebootInstance, |it| Some(&it.instance_id), Details::None;
        nc_start_network: NcStartNetwork, |it| None, Details::None;
        nc_terminate_instance: NcTerminateInstance, |it| Some(&it.instance_id), Details::None;
    }

    async fn nc_describe_instances(
        &self,
        request: nc::NcDescribeInstances,
    ) -> Result<nc::NcDescribeInstancesResponse, CallError> {
        let Answer::Instances(instances) = self.ask(&request, None, Details::None).await? else {
            return Ok(request.answer(false));
        };
        Ok(nc::NcDescribeInstancesResponse { instances, ..request.answer(true) })
    }

    async fn nc_describe_resource(
        &self,
        request: nc::NcDescribeResource,
    ) -> Result<nc::NcDescribeResourceResponse, CallError> {
        let Answer::Resources { maximum, available } = self.ask(&request, None, Details::None).await? else {
            return Ok(request.answer(false));
        };
        Ok(nc::NcDescribeResourceResponse {
            node_status: "ok".to_owned(),
            memory_size_max: number(maximum.memory),
            memory_size_available: number(available.memory),
            disk_size_max: number(maximum.disk),
            disk_size_available: number(available.disk),
            number_of_cores_max: number(maximum.cores),
            number_of_cores_available: number(available.cores),
            ..request.answer(true)
        })
    }

    async fn nc_get_console_output(
        &self,
        request: nc::NcGetConsoleOutput,
    ) -> Result<nc::NcGetConsoleOutputResponse, CallError> {
        let Answer::Console(console_output) =
            self.ask(&request, Some(&request.instance_id), Details::None).await?
        else {
            return Ok(request.answer(false));
        };
        Ok(nc::NcGetConsoleOutputResponse { console_output, ..request.answer(true) })
    }

    async fn nc_run_instance(
        &self,
        request: nc::NcRunInstance,
    ) -> Result<nc::NcRunInstanceResponse, CallError> {
        let details = Details::Run(Box::new(request.clone()));
        let Answer::Instance(instance) = self.ask(&request, Some(&request.instance_id), details).await?
        else {
            return Ok(request.answer(false));
        };
        Ok(nc::NcRunInstanceResponse { instance: Some(*instance), ..request.answer(true) })
    }
}

/// Nobody asks a simulated node for its logs.
impl LogApi for Peer {
    type Error = CallError;

    async fn get_keys(&self, request: gl::GetKeys) -> Result<gl::GetKeysResponse, CallError> {
        Ok(request.answer(false))
    }

    async fn get_logs(&self, request: gl::GetLogs) -> Result<gl::GetLogsResponse, CallError> {
        Ok(request.answer(false))
    }
}
