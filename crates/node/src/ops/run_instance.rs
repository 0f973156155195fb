//! `ncRunInstance`: accepts an instance and answers at once; all the work follows (node-controller.md §5.3).

use euca_hypervisor::{DomainName, Hypervisor, is_identifier};
use euca_image::ImageSource;
use euca_wire::nc;

use super::required;
use crate::error::Error;
use crate::instance::record::{MAX_GROUPS, NetParams, Source, VmType};
use crate::instance::{Bundling, Instance, NO_ADDRESS, Record, State, Timeline};
use crate::resources::Amounts;
use crate::{Inner, unix_time};

pub(crate) fn run<H: Hypervisor, S: ImageSource>(
    node: &Inner<H, S>,
    request: &nc::NcRunInstance,
) -> Result<nc::NcRunInstanceResponse, Error> {
    let record = accepted(request, unix_time())?;
    node.recovered()?;
    warn_of_overload(node, &record);
    let id = record.instance_id.clone();
    let instance = node.context.instances.insert(&id, || Instance::launch(&node.context, record))?;
    tracing::info!(instance = %id, "accepted");
    Ok(nc::NcRunInstanceResponse { instance: Some(instance.record().to_wire()), ..request.answer(true) })
}

/// The record of the requested instance. Ids become paths and names, so they are checked here; everything else is
/// kept as it came and fails, if it must, where it is used.
fn accepted(request: &nc::NcRunInstance, now: i64) -> Result<Record, Error> {
    let user_id = required(request.user_id.as_deref(), "userId")?;
    if !is_identifier(user_id) {
        return Err(Error::Invalid { what: "user id", value: user_id.to_owned() });
    }
    // The names of the image cache and the work space in the administrator's directory (storage.md §3).
    if matches!(request.instance_id.as_str(), "cache" | "work") {
        return Err(Error::Invalid { what: "instance id", value: request.instance_id.clone() });
    }
    let net = &request.net_params;
    let address = |text: &str| if text.is_empty() { NO_ADDRESS.to_owned() } else { text.to_owned() };
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    Ok(Record {
        instance_id: DomainName::new(&request.instance_id)?,
        user_id: user_id.to_owned(),
        reservation_id: request.reservation_id.clone(),
        image: Source { id: request.image_id.clone(), url: request.image_url.clone() },
        kernel: source(&request.kernel_id, &request.kernel_url),
        ramdisk: source(&request.ramdisk_id, &request.ramdisk_url),
        key_name: request.key_name.clone(),
        vm: VmType::from_wire(&request.instance_type),
        net: NetParams {
            mac: net.private_mac_address.clone(),
            private_ip: address(&net.private_ip),
            public_ip: address(&net.public_ip),
            vlan: net.vlan,
            index: net.network_index,
        },
        user_data: text(&request.user_data),
        launch_index: text(&request.launch_index),
        platform: text(&request.platform),
        group_names: request.group_names.iter().take(MAX_GROUPS).cloned().collect(),
        launch_time: now,
        state: State::Staging,
        rebooting: false,
        timeline: Timeline::default(),
        volumes: Vec::new(),
        bundling: Bundling::None,
    })
}

/// A kernel or ramdisk; an empty id means none.
fn source(id: &Option<String>, url: &Option<String>) -> Option<Source> {
    let id = id.clone().filter(|id| !id.is_empty())?;
    Some(Source { id, url: url.clone().unwrap_or_default() })
}

/// The CC schedules; a node takes what it is given and says what it thinks of it.
fn warn_of_overload<H, S>(node: &Inner<H, S>, record: &Record) {
    let records = node.context.instances.records();
    let used = Amounts::used(records.iter().map(AsRef::as_ref), node.context.settings.disk_unit);
    let (offered, wanted) = (node.offered(), used.with(record, 0));
    if wanted.memory > offered.memory || wanted.disk > offered.disk || wanted.cores > offered.cores {
        tracing::warn!(instance = %record.instance_id, ?offered, ?wanted, "more is promised than this host has");
    }
}
