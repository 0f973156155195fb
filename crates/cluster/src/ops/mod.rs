//! The operations of EucalyptusCC, one file each, named after the operation. What they have in common is here:
//! every reply echoes the request's identity and has a `return`; a refused operation answers `ERROR`, and the
//! reason goes to the log (cluster-controller.md §7.0).

mod assign_address;
mod attach_volume;
mod bundle_instance;
mod cancel_bundle_task;
mod configure_network;
mod describe_bundle_tasks;
mod describe_instances;
mod describe_networks;
mod describe_public_addresses;
mod describe_resources;
mod detach_volume;
mod get_console_output;
mod reboot_instances;
mod run_instances;
mod start_network;
mod stop_network;
mod terminate_instances;
mod unassign_address;

use euca_wire::{ClusterApi, Fault, Request, cc};

use crate::cluster::Cluster;
use crate::error::Error;
use crate::nodes::Connector;

/// The only place where errors become replies and faults.
fn reply<Q: Request>(
    request: &Q,
    result: Result<Q::Response, Error>,
    refusal: fn(&Q, bool) -> Q::Response,
) -> Result<Q::Response, Fault> {
    let error = match result {
        Ok(response) => return Ok(response),
        Err(error) => error,
    };
    let operation = Q::OPERATION.name;
    if let Error::InstancesUnknown { .. } | Error::InstancesNotDurable = error {
        tracing::warn!(operation, %error, "operation answered with a fault");
        return Err(Fault::server(error.to_string()));
    }
    tracing::warn!(operation, %error, "operation refused");
    Ok(refusal(request, false))
}

/// An element the operation cannot do without.
fn required<'a>(element: &'static str, value: &'a Option<String>) -> Result<&'a str, Error> {
    value.as_deref().ok_or(Error::Missing(element))
}

impl<C: Connector> ClusterApi for Cluster<C> {
    type Error = Fault;

    async fn assign_address(&self, request: cc::AssignAddress) -> Result<cc::AssignAddressResponse, Fault> {
        reply(&request, assign_address::assign_address(self, &request).await, cc::AssignAddress::answer)
    }

    async fn attach_volume(&self, request: cc::AttachVolume) -> Result<cc::AttachVolumeResponse, Fault> {
        reply(&request, attach_volume::attach_volume(self, &request).await, cc::AttachVolume::answer)
    }

    async fn bundle_instance(
        &self,
        request: cc::BundleInstance,
    ) -> Result<cc::BundleInstanceResponse, Fault> {
        reply(&request, bundle_instance::bundle_instance(self, &request).await, cc::BundleInstance::answer)
    }

    async fn cancel_bundle_task(
        &self,
        request: cc::CancelBundleTask,
    ) -> Result<cc::CancelBundleTaskResponse, Fault> {
        let result = cancel_bundle_task::cancel_bundle_task(self, &request).await;
        reply(&request, result, cc::CancelBundleTask::answer)
    }

    async fn configure_network(
        &self,
        request: cc::ConfigureNetwork,
    ) -> Result<cc::ConfigureNetworkResponse, Fault> {
        reply(
            &request,
            configure_network::configure_network(self, &request).await,
            cc::ConfigureNetwork::answer,
        )
    }

    async fn describe_bundle_tasks(
        &self,
        request: cc::DescribeBundleTasks,
    ) -> Result<cc::DescribeBundleTasksResponse, Fault> {
        Ok(describe_bundle_tasks::describe_bundle_tasks(self, &request))
    }

    async fn describe_instances(
        &self,
        request: cc::DescribeInstances,
    ) -> Result<cc::DescribeInstancesResponse, Fault> {
        reply(&request, describe_instances::describe_instances(self, &request), cc::DescribeInstances::answer)
    }

    async fn describe_networks(
        &self,
        request: cc::DescribeNetworks,
    ) -> Result<cc::DescribeNetworksResponse, Fault> {
        reply(
            &request,
            describe_networks::describe_networks(self, &request).await,
            cc::DescribeNetworks::answer,
        )
    }

    async fn describe_public_addresses(
        &self,
        request: cc::DescribePublicAddresses,
    ) -> Result<cc::DescribePublicAddressesResponse, Fault> {
        Ok(describe_public_addresses::describe_public_addresses(self, &request))
    }

    async fn describe_resources(
        &self,
        request: cc::DescribeResources,
    ) -> Result<cc::DescribeResourcesResponse, Fault> {
        reply(&request, describe_resources::describe_resources(self, &request), cc::DescribeResources::answer)
    }

    async fn detach_volume(&self, request: cc::DetachVolume) -> Result<cc::DetachVolumeResponse, Fault> {
        reply(&request, detach_volume::detach_volume(self, &request).await, cc::DetachVolume::answer)
    }

    async fn get_console_output(
        &self,
        request: cc::GetConsoleOutput,
    ) -> Result<cc::GetConsoleOutputResponse, Fault> {
        let result = get_console_output::get_console_output(self, &request).await;
        reply(&request, result, cc::GetConsoleOutput::answer)
    }

    async fn reboot_instances(
        &self,
        request: cc::RebootInstances,
    ) -> Result<cc::RebootInstancesResponse, Fault> {
        Ok(reboot_instances::reboot_instances(self, &request).await)
    }

    async fn run_instances(&self, request: cc::RunInstances) -> Result<cc::RunInstancesResponse, Fault> {
        reply(&request, run_instances::run_instances(self, &request).await, cc::RunInstances::answer)
    }

    async fn start_network(&self, request: cc::StartNetwork) -> Result<cc::StartNetworkResponse, Fault> {
        reply(&request, start_network::start_network(self, &request).await, cc::StartNetwork::answer)
    }

    async fn stop_network(&self, request: cc::StopNetwork) -> Result<cc::StopNetworkResponse, Fault> {
        reply(&request, stop_network::stop_network(self, &request).await, cc::StopNetwork::answer)
    }

    async fn terminate_instances(
        &self,
        request: cc::TerminateInstances,
    ) -> Result<cc::TerminateInstancesResponse, Fault> {
        let result = terminate_instances::terminate_instances(self, &request).await;
        reply(&request, result, cc::TerminateInstances::answer)
    }

    async fn unassign_address(
        &self,
        request: cc::UnassignAddress,
    ) -> Result<cc::UnassignAddressResponse, Fault> {
        reply(&request, unassign_address::unassign_address(self, &request).await, cc::UnassignAddress::answer)
    }
}
