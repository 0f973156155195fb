//! The lines of each reply, as scripts know them (deployment.md §11). A field that a later release added to its
//! replies and therefore to its lines is left out with its label.

use std::io::{self, Write};

use euca_wire::{cc, gl};

use crate::output::{Output, Reply, decode, field, fields, optional};

/// The base fields of a reply, and its lines.
macro_rules! reply {
    ($type:ty, |$reply:ident, $out:ident| $lines:expr) => {
        impl Reply for $type {
            fn done(&self) -> bool {
                self.return_ == Some(true)
            }

            fn status_message(&self) -> Option<&str> {
                self.status_message.as_deref()
            }

            fn lines(&self, $out: &mut Output<impl Write>) -> io::Result<()> {
                let $reply = self;
                $lines
            }
        }
    };
    ($($type:ty),+) => { $(reply!($type, |_reply, _out| Ok(()));)+ };
}

reply!(
    cc::StartNetworkResponse,
    cc::StopNetworkResponse,
    cc::ConfigureNetworkResponse,
    cc::AssignAddressResponse,
    cc::UnassignAddressResponse,
    cc::AttachVolumeResponse,
    cc::DetachVolumeResponse,
    cc::BundleInstanceResponse,
    cc::CancelBundleTaskResponse,
    cc::RebootInstancesResponse
);

reply!(cc::TerminateInstancesResponse, |reply, out| writeln!(
    out,
    "Term: number: {}",
    reply.is_terminated.len()
));

reply!(cc::RunInstancesResponse, |reply, out| {
    reply.instances.iter().try_for_each(|instance| {
        writeln!(
            out,
            "Run: instance id: {} {} {} {}",
            optional(&instance.instance_id),
            optional(&instance.reservation_id),
            optional(&instance.owner_id),
            optional(&instance.service_tag)
        )
    })
});

reply!(cc::DescribeInstancesResponse, |reply, out| {
    reply.instances.iter().try_for_each(|instance| {
        let net = instance.net_params.clone().unwrap_or_default();
        let machine = instance.instance_type.clone().unwrap_or_default();
        let volumes: Vec<String> =
            instance.volumes.iter().filter_map(|volume| volume.volume_id.clone()).collect();
        writeln!(
            out,
            "Desc: instanceId={} reservationId={} ownerId={} state={} privMac={} privIp={} pubIp={} vlan={} \
             keyName={} vmTypeName={} cores={} mem={} disk={} serviceTag={} userData={} launchIndex={} \
             groupName={} volId={} networkIndex={}",
            optional(&instance.instance_id),
            optional(&instance.reservation_id),
            optional(&instance.owner_id),
            optional(&instance.state_name),
            field(&net.private_mac_address),
            field(&net.private_ip),
            field(&net.public_ip),
            net.vlan,
            optional(&instance.key_name),
            optional(&machine.name),
            machine.cores.unwrap_or_default(),
            machine.memory.unwrap_or_default(),
            machine.disk.unwrap_or_default(),
            optional(&instance.service_tag),
            optional(&instance.user_data),
            optional(&instance.launch_index),
            fields(&instance.group_names, ","),
            fields(&volumes, ","),
            net.network_index
        )
    })
});

reply!(cc::DescribeBundleTasksResponse, |reply, out| {
    out.bundle_tasks(reply.bundle_tasks.iter().map(|task| [&task.instance_id, &task.state]))
});

reply!(cc::GetConsoleOutputResponse, |reply, out| {
    let encoded = reply.console_output.as_deref().unwrap_or_default();
    writeln!(out, "RAW CONSOLE OUTPUT: {}", field(encoded))?;
    let console = decode(encoded)?;
    out.write_all(b"RAW CONSOLE OUTPUT: ")?;
    out.foreign(&console)
});

reply!(cc::DescribeResourcesResponse, |reply, out| {
    for tag in &reply.service_tags {
        write!(out, ":{}:", field(tag))?;
    }
    writeln!(out)?;
    reply.resources.iter().try_for_each(|resource| {
        let [most, available] = [resource.max_instances, resource.available_instances];
        writeln!(out, "DescribeResources: {} {}", most.unwrap_or_default(), available.unwrap_or_default())
    })
});

reply!(cc::DescribePublicAddressesResponse, |reply, out| {
    reply
        .source_addresses
        .iter()
        .zip(&reply.dest_addresses)
        .try_for_each(|(public, private)| writeln!(out, "IP: {} ALLOC: {}", field(public), field(private)))
});

reply!(cc::DescribeNetworksResponse, |reply, out| {
    let [mode, per_net] = [reply.mode, reply.addrs_per_net].map(Option::unwrap_or_default);
    writeln!(out, "mode: {mode} addrspernet: {per_net}")?;
    writeln!(out, "found {} active nets", reply.active_networks.len())?;
    reply.active_networks.iter().try_for_each(|network| {
        let (name, user) = (field(&network.net_name), field(&network.user_name));
        writeln!(out, "\tvlan: {} netName: {name} userName: {user}", network.vlan)?;
        write!(out, "\tnumber of active addrs: {} -", network.active_addrs.len())?;
        network.active_addrs.iter().try_for_each(|address| write!(out, " {address}"))?;
        writeln!(out)
    })
});

reply!(gl::GetLogsResponse, |reply, out| blocks(
    out,
    &[
        ("CLOG", &reply.cc_log),
        ("NLOG", &reply.nc_log),
        ("HLOG", &reply.httpd_log),
        ("ALOG", &reply.axis2_log),
    ]
));

reply!(gl::GetKeysResponse, |reply, out| blocks(
    out,
    &[("CCCERT", &reply.cc_cert), ("NCCERT", &reply.nc_cert)]
));

/// What GLclient printed (deployment.md §10): the parts that there are, decoded, each between dashed lines.
fn blocks(out: &mut Output<impl Write>, parts: &[(&str, &Option<String>)]) -> io::Result<()> {
    const DASHES: &str = "--------------------";
    for (head, part) in parts {
        let Some(part) = part else { continue };
        writeln!(out, "{DASHES}\n{head}")?;
        out.foreign(&decode(part)?)?;
        writeln!(out, "{DASHES}")?;
    }
    Ok(())
}
