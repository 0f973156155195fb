//! The node operations as the cluster uses them: what goes out, what counts as success, and what happens to a
//! call whose caller has waited long enough (cluster-controller.md §0, §4.2).

use std::future::Future;

use euca_wire::{CallError, NodeApi, Request, nc};

use crate::schedule::Capacity;

/// An operation of a node controller.
pub(crate) trait NodeRequest: Request + Clone {
    /// What a success brings.
    type Answer: Send + 'static;

    /// What becomes of an exchange that is not over at the caller's deadline.
    const LATE: Late;

    /// Writes the node's name into the request.
    fn address(&mut self, node_name: &str);

    /// Sends the request.
    fn send<N>(self, node: &N) -> impl Future<Output = Result<Self::Response, CallError>> + Send
    where
        N: NodeApi<Error = CallError>;

    /// Judges the response; the error says why it is a failure.
    fn judge(response: Self::Response) -> Result<Self::Answer, &'static str>;
}

/// What becomes of an exchange that is not over at the caller's deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Late {
    /// It is broken off: its answer was wanted, and nobody wants it any more (P-05).
    BreakOff,
    /// It goes on in the background: the node may still do what it was asked (P-06).
    GoOn,
}

/// An absent `return` counts as failure.
fn accepted(return_: Option<bool>) -> Result<(), &'static str> {
    match return_ {
        Some(true) => Ok(()),
        Some(false) => Err("the node answered false"),
        None => Err("the answer has no return element"),
    }
}

macro_rules! node_request {
    ($request:ident by $method:ident, $late:ident, $address:expr, |$response:ident| -> $answer:ty $judge:block) => {
        impl NodeRequest for nc::$request {
            type Answer = $answer;
            const LATE: Late = Late::$late;

            fn address(&mut self, node_name: &str) {
                let address: fn(&mut Self, &str) = $address;
                address(self, node_name);
            }

            async fn send<N>(self, node: &N) -> Result<Self::Response, CallError>
            where
                N: NodeApi<Error = CallError>,
            {
                node.$method(self).await
            }

            fn judge($response: Self::Response) -> Result<Self::Answer, &'static str> {
                accepted($response.return_)?;
                $judge
            }
        }
    };
}

/// Every request names its node, except those about bundles (wire.md §3.3).
macro_rules! named {
    () => {
        |request, name| request.node_name = Some(name.to_owned())
    };
}

node_request!(NcDescribeResource by nc_describe_resource, BreakOff, named!(), |r| -> Resources {
    Ok(Resources {
        maximum: capacity(r.memory_size_max, r.disk_size_max, r.number_of_cores_max),
        available: capacity(r.memory_size_available, r.disk_size_available, r.number_of_cores_available),
    })
});
node_request!(NcDescribeInstances by nc_describe_instances, BreakOff, named!(), |r| -> Vec<nc::Instance> {
    Ok(r.instances)
});
node_request!(NcRunInstance by nc_run_instance, BreakOff, named!(), |r| -> () {
    r.instance.map(drop).ok_or("the answer has no instance")
});
// A status operation by §0, but the launch asks again every round: going on would leave one more exchange
// behind with each round, and flag a hung node busy, hence up and eligible, for as long as anything is launched
// on it (contrary to P-17 and T161).
node_request!(NcStartNetwork by nc_start_network, BreakOff, named!(), |_r| -> () { Ok(()) });
node_request!(NcGetConsoleOutput by nc_get_console_output, BreakOff, named!(), |r| -> String {
    Ok(r.console_output)
});
node_request!(NcTerminateInstance by nc_terminate_instance, BreakOff, named!(), |_r| -> () { Ok(()) });
// The original looks at `status` alone.
node_request!(NcRebootInstance by nc_reboot_instance, GoOn, named!(), |r| -> () {
    if r.status { Err("the node answered status true") } else { Ok(()) }
});
node_request!(NcAttachVolume by nc_attach_volume, GoOn, named!(), |_r| -> () { Ok(()) });
node_request!(NcDetachVolume by nc_detach_volume, GoOn, named!(), |_r| -> () { Ok(()) });
node_request!(NcBundleInstance by nc_bundle_instance, GoOn, |_, _| (), |_r| -> () { Ok(()) });
node_request!(NcCancelBundleTask by nc_cancel_bundle_task, GoOn, |_, _| (), |_r| -> () { Ok(()) });
// A status operation by §0, but one nobody waits for: unsent after 20 s, the node is not idle after all, and sent it
// need not be listened to.
node_request!(NcPowerDown by nc_power_down, BreakOff, named!(), |_r| -> () { Ok(()) });

/// The six numbers of ncDescribeResource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Resources {
    pub(crate) maximum: Capacity,
    pub(crate) available: Capacity,
}

fn capacity(memory: i32, disk: i32, cores: i32) -> Capacity {
    Capacity { memory: memory.into(), disk: disk.into(), cores: cores.into() }.floored()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reboot_counts_only_with_return_true_and_status_false() {
        for (return_, status, success) in [
            (Some(true), false, true),
            (Some(true), true, false),
            (Some(false), false, false),
            (None, false, false),
        ] {
            let response = nc::NcRebootInstanceResponse { return_, status, ..Default::default() };
            assert_eq!(nc::NcRebootInstance::judge(response).is_ok(), success, "{return_:?} {status}");
        }
    }

    #[test]
    fn a_run_counts_only_with_an_instance_in_the_answer() {
        let response =
            |instance| nc::NcRunInstanceResponse { return_: Some(true), instance, ..Default::default() };
        assert!(nc::NcRunInstance::judge(response(Some(nc::Instance::default()))).is_ok());
        assert!(nc::NcRunInstance::judge(response(None)).is_err());
    }

    #[test]
    fn numbers_below_zero_count_as_zero() {
        let response = nc::NcDescribeResourceResponse {
            return_: Some(true),
            memory_size_max: 4096,
            memory_size_available: -1,
            number_of_cores_available: i32::MIN,
            ..Default::default()
        };
        let said = nc::NcDescribeResource::judge(response).unwrap();
        assert_eq!(said.maximum, Capacity { memory: 4096, disk: 0, cores: 0 });
        assert_eq!(said.available, Capacity::default());
    }
}
