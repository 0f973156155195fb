//! What is known about one instance: kept in memory, written to its directory, sent to the CC.

use euca_hypervisor::DomainName;
use euca_wire::{DateTime, nc};
use serde::{Deserialize, Serialize};

use super::machine::{Bundling, State};
use super::timeline::Timeline;
use crate::volume::Volume;

/// An address that is not known yet.
pub(crate) const NO_ADDRESS: &str = "0.0.0.0";

/// At most so many security groups are kept (node-controller.md §2.9).
pub(crate) const MAX_GROUPS: usize = 64;

/// One instance (node-controller.md §2.1). Texts are kept as the CC sent them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    pub instance_id: DomainName,
    pub user_id: String,
    pub reservation_id: String,
    pub image: Source,
    pub kernel: Option<Source>,
    pub ramdisk: Option<Source>,
    /// The complete SSH public key, not a name.
    pub key_name: String,
    pub vm: VmType,
    pub net: NetParams,
    pub user_data: String,
    pub launch_index: String,
    pub platform: String,
    pub group_names: Vec<String>,
    /// Seconds since the Unix epoch at which the instance was accepted.
    pub launch_time: i64,
    pub state: State,
    /// Whether its domain is being destroyed to be created again. Not to be had is then no sign of its end.
    #[serde(default)]
    pub rebooting: bool,
    #[serde(default)]
    pub timeline: Timeline,
    /// In the order in which they were attached.
    #[serde(default)]
    pub volumes: Vec<Volume>,
    #[serde(default)]
    pub bundling: Bundling,
}

/// An image, kernel or ramdisk: its id, and where to fetch it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Source {
    pub id: String,
    pub url: String,
}

/// The instance's type. The numbers are as they came; nobody promises that they make sense.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct VmType {
    pub name: String,
    pub memory_mib: i32,
    pub cores: i32,
    pub disk_gib: i32,
    pub device_mappings: Vec<DeviceMapping>,
}

/// Echoed, never acted upon (node-controller.md §2.2).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct DeviceMapping {
    pub device_name: String,
    pub virtual_name: String,
    pub size: i32,
    pub format: String,
}

/// The instance's place in the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct NetParams {
    pub mac: String,
    pub private_ip: String,
    pub public_ip: String,
    pub vlan: i32,
    pub index: i32,
}

impl Record {
    /// The instance as the CC sees it. Elements that a C peer cannot live without are always there, empty if need
    /// be (wire.md §3.5, node-controller.md §4.3).
    pub fn to_wire(&self) -> nc::Instance {
        let id = |source: &Option<Source>| {
            Some(source.as_ref().map_or_else(String::new, |source| source.id.clone()))
        };
        nc::Instance {
            reservation_id: self.reservation_id.clone(),
            instance_id: self.instance_id.to_string(),
            image_id: self.image.id.clone(),
            kernel_id: id(&self.kernel),
            ramdisk_id: id(&self.ramdisk),
            user_id: self.user_id.clone(),
            key_name: self.key_name.clone(),
            instance_type: self.vm.to_wire(),
            net_params: Some(nc::NetConfig {
                private_mac_address: self.net.mac.clone(),
                private_ip: self.net.private_ip.clone(),
                public_ip: self.net.public_ip.clone(),
                vlan: self.net.vlan,
                network_index: self.net.index,
            }),
            state_name: self.state.wire_name().to_owned(),
            bundle_task_state_name: Some(self.bundling.wire_name().to_owned()),
            launch_time: Some(DateTime::from_unix(self.launch_time)),
            user_data: Some(self.user_data.clone()),
            launch_index: Some(self.launch_index.clone()),
            platform: Some(self.platform.clone()),
            group_names: self.group_names.clone(),
            volumes: Volume::to_wire(&self.volumes),
            ..nc::Instance::default()
        }
    }

    /// Whether it is to have a domain, be there one or not.
    pub fn awaits_domain(&self) -> bool {
        self.rebooting && self.state.takes_volumes()
    }

    /// Whether the guest is Windows: any platform that says so (node-controller.md §6.3).
    pub fn is_windows(&self) -> bool {
        self.platform.contains("windows")
    }
}

impl VmType {
    /// From the wire: absent numbers are 0, mappings without a device name are dropped (§4.5).
    pub fn from_wire(vm: &nc::VirtualMachine) -> Self {
        let mappings = vm.device_mapping.iter().filter_map(|mapping| {
            let device_name = mapping.device_name.clone().filter(|name| !name.is_empty())?;
            Some(DeviceMapping {
                device_name,
                virtual_name: mapping.virtual_name.clone().unwrap_or_default(),
                size: mapping.size.unwrap_or_default(),
                format: mapping.format.clone().unwrap_or_default(),
            })
        });
        Self {
            name: vm.name.clone().unwrap_or_default(),
            memory_mib: vm.memory.unwrap_or_default(),
            cores: vm.cores.unwrap_or_default(),
            disk_gib: vm.disk.unwrap_or_default(),
            device_mappings: mappings.collect(),
        }
    }

    fn to_wire(&self) -> nc::VirtualMachine {
        let mappings = self.device_mappings.iter().map(|mapping| nc::DeviceMapping {
            device_name: Some(mapping.device_name.clone()),
            virtual_name: Some(mapping.virtual_name.clone()),
            size: Some(mapping.size),
            format: Some(mapping.format.clone()),
        });
        nc::VirtualMachine {
            name: Some(self.name.clone()),
            memory: Some(self.memory_mib),
            cores: Some(self.cores),
            disk: Some(self.disk_gib),
            device_mapping: mappings.collect(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn record(id: &str, user: &str) -> Record {
        Record {
            instance_id: DomainName::new(id).unwrap(),
            user_id: user.to_owned(),
            reservation_id: "r-1".to_owned(),
            image: Source { id: "emi-1".to_owned(), url: "http://127.0.0.1:8773/i".to_owned() },
            kernel: None,
            ramdisk: None,
            key_name: String::new(),
            vm: VmType {
                name: "m1.small".to_owned(),
                memory_mib: 512,
                cores: 1,
                disk_gib: 5,
                device_mappings: Vec::new(),
            },
            net: NetParams {
                mac: "d0:0d:41:AA:00:01".to_owned(),
                private_ip: NO_ADDRESS.to_owned(),
                public_ip: NO_ADDRESS.to_owned(),
                vlan: 10,
                index: -1,
            },
            user_data: String::new(),
            launch_index: String::new(),
            platform: String::new(),
            group_names: Vec::new(),
            launch_time: 1_794_350_000,
            state: State::Running,
            rebooting: false,
            timeline: Timeline::default(),
            volumes: Vec::new(),
            bundling: Bundling::None,
        }
    }

    #[test]
    fn nc_036_a_minimal_instance_has_every_element_a_c_peer_needs() {
        let wire = record("i-1", "A").to_wire();
        assert_eq!(wire.bundle_task_state_name.as_deref(), Some("none"));
        assert_eq!(wire.instance_type.name.as_deref(), Some("m1.small"));
        let empty = Some(String::new());
        assert_eq!([&wire.kernel_id, &wire.ramdisk_id, &wire.user_data], [&empty; 3]);
        assert_eq!([&wire.launch_index, &wire.platform], [&empty; 2]);
        let net = wire.net_params.unwrap();
        assert_eq!((net.private_ip.as_str(), net.public_ip.as_str(), net.vlan), ("0.0.0.0", "0.0.0.0", 10));
        assert_eq!(wire.service_tag, None);
    }

    #[test]
    fn device_mappings_without_a_device_are_dropped_and_the_rest_is_complete() {
        let mapping = |device: Option<&str>| nc::DeviceMapping {
            device_name: device.map(str::to_owned),
            ..nc::DeviceMapping::default()
        };
        let vm = nc::VirtualMachine {
            device_mapping: vec![mapping(None), mapping(Some("")), mapping(Some("sda2"))],
            ..nc::VirtualMachine::default()
        };
        let wire = VmType::from_wire(&vm).to_wire();
        assert_eq!(wire.name.as_deref(), Some(""));
        assert_eq!(wire.device_mapping.len(), 1);
        assert_eq!(wire.device_mapping[0].virtual_name.as_deref(), Some(""));
        assert_eq!(wire.device_mapping[0].format.as_deref(), Some(""));
    }
}
