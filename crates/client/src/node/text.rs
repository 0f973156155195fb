//! The lines of each reply, as scripts know them (deployment.md §12).

use std::io::{self, Write};

use euca_wire::nc;

use crate::output::{Output, Reply, decode, field, fields, optional};

/// The base fields of a reply, and its lines.
macro_rules! reply {
    ($type:ident, |$reply:ident, $out:ident| $lines:expr) => {
        impl Reply for nc::$type {
            fn done(&self) -> bool {
                self.return_ == Some(true)
            }

            fn lines(&self, $out: &mut Output<impl Write>) -> io::Result<()> {
                let $reply = self;
                $lines
            }
        }
    };
    ($($type:ident),+) => { $(reply!($type, |_reply, _out| Ok(()));)+ };
}

reply!(
    NcAttachVolumeResponse,
    NcDetachVolumeResponse,
    NcRebootInstanceResponse,
    NcCancelBundleTaskResponse,
    NcPowerDownResponse
);

reply!(NcRunInstanceResponse, |reply, out| {
    let instance = reply.instance.clone().unwrap_or_default();
    writeln!(
        out,
        "instanceId={} stateCode={} stateName={} deviceMappings={}",
        field(&instance.instance_id),
        code(&instance.state_name),
        field(&instance.state_name),
        instance.instance_type.device_mapping.len()
    )
});

reply!(NcTerminateInstanceResponse, |reply, out| writeln!(
    out,
    "shutdownState={}, previousState={}",
    optional(&reply.shutdown_state),
    optional(&reply.previous_state)
));

reply!(NcDescribeInstancesResponse, |reply, out| instances(reply, false, out));

reply!(NcDescribeResourceResponse, |reply, out| writeln!(
    out,
    "node status=[{}] memory={}/{} disk={}/{} cores={}/{} subnets=[{}]",
    field(&reply.node_status),
    reply.memory_size_max,
    reply.memory_size_available,
    reply.disk_size_max,
    reply.disk_size_available,
    reply.number_of_cores_max,
    reply.number_of_cores_available,
    field(&reply.public_subnets)
));

reply!(NcGetConsoleOutputResponse, |reply, out| {
    let console = decode(&reply.console_output)?;
    out.foreign(&console)
});

reply!(NcBundleInstanceResponse, |_reply, out| writeln!(out, "ncBundleInstanceStub = 0"));

reply!(NcDescribeBundleTasksResponse, |reply, out| {
    out.bundle_tasks(reply.bundle_tasks.iter().map(|task| [&task.instance_id, &task.state]))
});

reply!(NcStartNetworkResponse, |reply, out| writeln!(
    out,
    "network status=[{}]",
    optional(&reply.network_status)
));

/// The lines of every instance; with `details`, three of each.
pub(super) fn instances(
    reply: &nc::NcDescribeInstancesResponse,
    details: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    for instance in &reply.instances {
        let time = instance.launch_time.map_or(0, |time| time.unix());
        let (id, state) = (field(&instance.instance_id), field(&instance.state_name));
        writeln!(out, "instanceId={id} state={state} time={time}")?;
        if !details {
            continue;
        }
        writeln!(
            out,
            "    userData={} launchIndex={} groupNames={}",
            optional(&instance.user_data),
            optional(&instance.launch_index),
            fields(&instance.group_names, ":")
        )?;
        write!(out, "    attached volumes:")?;
        for volume in &instance.volumes {
            let [id, remote, local] =
                [&volume.volume_id, &volume.remote_dev, &volume.local_dev].map(optional);
            write!(out, " {id} {remote} {local}")?;
        }
        writeln!(out, "{}", if instance.volumes.is_empty() { " (none)" } else { "" })?;
    }
    Ok(())
}

/// `stateCode`, which does not travel.
fn code(state_name: &str) -> u8 {
    match state_name {
        "Pending" => 12,
        "Extant" => 13,
        "Teardown" => 14,
        _ => 0,
    }
}
