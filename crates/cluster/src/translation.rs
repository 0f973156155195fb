//! Between the vocabulary of the CLC and that of the nodes. Both WSDLs describe machines, networks and volumes
//! with equal types of their own; what a C peer cannot do without is filled in here (wire.md §3.5, Q-80).

use euca_wire::{cc, nc};

use crate::network::NO_ADDRESS;

/// Most security groups and device mappings that count (§2.6).
pub(crate) const MAX_LIST: usize = 64;

/// What a node says of an instance, as the CLC is told (§7.10).
pub(crate) fn described(instance: nc::Instance, node_url: &str) -> cc::CcInstance {
    let text = |value: Option<String>| Some(value.unwrap_or_default());
    let mut group_names = instance.group_names;
    group_names.truncate(MAX_LIST);
    group_names.retain(|name| !name.is_empty());
    cc::CcInstance {
        image_id: Some(instance.image_id),
        kernel_id: text(instance.kernel_id),
        ramdisk_id: text(instance.ramdisk_id),
        instance_id: Some(instance.instance_id),
        instance_type: Some(machine_of_node(instance.instance_type)),
        key_name: Some(instance.key_name),
        launch_time: instance.launch_time,
        state_name: Some(instance.state_name),
        net_params: Some(instance.net_params.map_or_else(no_network, |net| cc::NetConfig {
            private_mac_address: net.private_mac_address,
            private_ip: net.private_ip,
            public_ip: net.public_ip,
            vlan: net.vlan,
            network_index: net.network_index,
        })),
        owner_id: Some(instance.user_id),
        reservation_id: Some(instance.reservation_id),
        service_tag: Some(node_url.to_owned()),
        user_data: text(instance.user_data),
        launch_index: text(instance.launch_index),
        platform: instance.platform.filter(|platform| !platform.is_empty()),
        bundle_task_state_name: match instance.bundle_task_state_name {
            None => Some("none".to_owned()),
            Some(state) => Some(state).filter(|state| !state.is_empty()),
        },
        group_names,
        volumes: instance.volumes.into_iter().map(volume_of_node).collect(),
    }
}

fn no_network() -> cc::NetConfig {
    cc::NetConfig {
        private_ip: NO_ADDRESS.to_owned(),
        public_ip: NO_ADDRESS.to_owned(),
        ..cc::NetConfig::default()
    }
}

fn machine_of_node(machine: nc::VirtualMachine) -> cc::VirtualMachine {
    let mapping = |it: nc::DeviceMapping| cc::DeviceMapping {
        device_name: it.device_name,
        virtual_name: it.virtual_name,
        size: it.size,
        format: it.format,
    };
    complete(cc::VirtualMachine {
        name: machine.name,
        memory: machine.memory,
        cores: machine.cores,
        disk: machine.disk,
        device_mapping: machine.device_mapping.into_iter().map(mapping).collect(),
    })
}

fn volume_of_node(volume: nc::Volume) -> cc::Volume {
    let text = |value: Option<String>| Some(value.unwrap_or_default());
    cc::Volume {
        volume_id: text(volume.volume_id),
        remote_dev: text(volume.remote_dev),
        local_dev: text(volume.local_dev),
        state: text(volume.state),
    }
}

/// A machine type with every field present: absent text becomes empty, absent numbers 0, and mappings without a
/// device name fall away.
pub(crate) fn complete(machine: cc::VirtualMachine) -> cc::VirtualMachine {
    let text = |value: Option<String>| Some(value.unwrap_or_default());
    let number = |value: Option<i32>| Some(value.unwrap_or_default());
    cc::VirtualMachine {
        name: text(machine.name),
        memory: number(machine.memory),
        cores: number(machine.cores),
        disk: number(machine.disk),
        device_mapping: machine
            .device_mapping
            .into_iter()
            .filter(|mapping| mapping.device_name.as_ref().is_some_and(|name| !name.is_empty()))
            .take(MAX_LIST)
            .map(|mapping| cc::DeviceMapping {
                device_name: mapping.device_name,
                virtual_name: text(mapping.virtual_name),
                size: number(mapping.size),
                format: text(mapping.format),
            })
            .collect(),
    }
}

/// A machine type for a node.
pub(crate) fn machine_for_node(machine: cc::VirtualMachine) -> nc::VirtualMachine {
    let mapping = |it: cc::DeviceMapping| nc::DeviceMapping {
        device_name: it.device_name,
        virtual_name: it.virtual_name,
        size: it.size,
        format: it.format,
    };
    let machine = complete(machine);
    nc::VirtualMachine {
        name: machine.name,
        memory: machine.memory,
        cores: machine.cores,
        disk: machine.disk,
        device_mapping: machine.device_mapping.into_iter().map(mapping).collect(),
    }
}

/// Network parameters for a node.
pub(crate) fn network_for_node(net: cc::NetConfig) -> nc::NetConfig {
    nc::NetConfig {
        private_mac_address: net.private_mac_address,
        private_ip: net.private_ip,
        public_ip: net.public_ip,
        vlan: net.vlan,
        network_index: net.network_index,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cc_t176_what_a_sparse_node_leaves_out_is_filled_in() {
        let sparse = nc::Instance { instance_id: "i-0000000D".into(), ..Default::default() };
        let told = described(sparse, "http://n/nc");
        assert_eq!(told.bundle_task_state_name.as_deref(), Some("none"));
        let net = told.net_params.unwrap();
        assert_eq!((net.private_ip.as_str(), net.public_ip.as_str()), ("0.0.0.0", "0.0.0.0"));
        assert_eq!((net.private_mac_address.as_str(), net.vlan, net.network_index), ("", 0, 0));
        let machine = told.instance_type.unwrap();
        assert_eq!((machine.name.as_deref(), machine.memory), (Some(""), Some(0)));
        for text in [told.kernel_id, told.ramdisk_id, told.user_data, told.launch_index, told.key_name] {
            assert_eq!(text.as_deref(), Some(""));
        }
        assert_eq!(told.platform, None);
    }

    #[test]
    fn empty_groups_and_states_and_unnamed_mappings_are_left_out() {
        let named = nc::DeviceMapping { device_name: Some("sda1".into()), ..Default::default() };
        let told = described(
            nc::Instance {
                platform: Some(String::new()),
                bundle_task_state_name: Some(String::new()),
                group_names: vec!["default".into(), String::new(), "web".into()],
                instance_type: nc::VirtualMachine {
                    device_mapping: vec![nc::DeviceMapping::default(), named],
                    ..Default::default()
                },
                volumes: vec![nc::Volume { volume_id: Some("vol-1".into()), ..Default::default() }],
                ..Default::default()
            },
            "http://n/nc",
        );
        assert_eq!((told.platform, told.bundle_task_state_name), (None, None));
        assert_eq!(told.group_names, ["default", "web"]);
        let mappings = told.instance_type.unwrap().device_mapping;
        assert_eq!(mappings.len(), 1);
        assert_eq!(mappings[0].format.as_deref(), Some(""));
        assert_eq!(told.volumes[0].state.as_deref(), Some(""));
    }
}
