//! The CLC's binding (clc.md §6): every message it can parse, with its elements in order. Requests are in it too,
//! because the CLC parses whatever element the binding knows and notices the wrong type only afterwards.

use crate::schema::Kind::{Boolean, DateTime, Int, Integer, Struct, Text};
use crate::schema::{Field, list, optional, required};

/// The elements every message begins with, except those of the requests that have none.
pub(crate) const BASE: &[Field] = &[
    optional("correlationId", Text),
    optional("userId", Text),
    optional("statusMessage", Text),
    optional("return", Boolean),
];

const DEVICE_MAPPING: &[Field] = &[
    optional("deviceName", Text),
    optional("virtualName", Text),
    optional("size", Integer),
    optional("format", Text),
];

const VM_TYPE: &[Field] = &[
    required("name", Text),
    required("memory", Integer),
    required("cores", Integer),
    required("disk", Integer),
    list("deviceMapping", Struct(DEVICE_MAPPING)),
];

const NET_PARAMS: &[Field] = &[
    required("privateMacAddress", Text),
    required("privateIp", Text),
    required("publicIp", Text),
    required("vlan", Int),
    required("networkIndex", Integer),
];

const VOLUME: &[Field] = &[
    required("volumeId", Text),
    required("remoteDev", Text),
    required("localDev", Text),
    required("state", Text),
];

const INSTANCE: &[Field] = &[
    optional("imageId", Text),
    optional("kernelId", Text),
    optional("ramdiskId", Text),
    optional("instanceId", Text),
    optional("instanceType", Struct(VM_TYPE)),
    optional("keyName", Text),
    optional("launchTime", DateTime),
    optional("stateName", Text),
    required("netParams", Struct(NET_PARAMS)),
    required("ownerId", Text),
    required("reservationId", Text),
    optional("serviceTag", Text),
    optional("userData", Text),
    optional("launchIndex", Text),
    optional("platform", Text),
    optional("bundleTaskStateName", Text),
    list("groupNames", Text),
    list("volumes", Struct(VOLUME)),
];

const RULE: &[Field] = &[
    required("type", Text),
    list("sourceNames", Text),
    list("userNames", Text),
    list("sourceNets", Text),
    required("destUserName", Text),
    required("destName", Text),
    required("protocol", Text),
    required("portRangeMin", Integer),
    required("portRangeMax", Integer),
];

const RESOURCE: &[Field] = &[
    required("instanceType", Struct(VM_TYPE)),
    optional("maxInstances", Int),
    optional("availableInstances", Int),
];

const NETWORK: &[Field] = &[
    required("vlan", Integer),
    required("netName", Text),
    required("userName", Text),
    list("activeAddrs", Text),
];

const INSTANCES: &[Field] = &[list("instances", Struct(INSTANCE))];
const INSTANCE_IDS: &[Field] = &[list("instanceIds", Text)];
const ADDRESSES: &[Field] = &[required("source", Text), required("dest", Text)];
const SERVICE_TAG: &[Field] = &[required("serviceTag", Text)];
const BUNDLE_TASK: &[Field] = &[required("instanceId", Text), required("state", Text)];

/// Element names with the fields after the base.
const MESSAGES: &[(&[&str], &[Field])] = &[
    (&["RunInstancesResponse", "DescribeInstancesResponse"], INSTANCES),
    (&["TerminateInstancesResponse"], &[required("isTerminated", Boolean)]),
    (&["GetConsoleOutputResponse"], &[required("consoleOutput", Text)]),
    (&["DescribeBundleTasksResponse"], &[list("bundleTasks", Struct(BUNDLE_TASK))]),
    (
        &["DescribeNetworksResponse"],
        &[
            required("mode", Integer),
            required("addrsPerNet", Integer),
            list("activeNetworks", Struct(NETWORK)),
        ],
    ),
    (&["DescribePublicAddressesResponse"], &[list("sourceAddresses", Text), list("destAddresses", Text)]),
    (&["DescribeResourcesResponse"], &[list("resources", Struct(RESOURCE)), list("serviceTags", Text)]),
    (
        &["GetLogsResponse"],
        &[
            required("serviceTag", Text),
            optional("CCLog", Text),
            optional("NCLog", Text),
            optional("httpdLog", Text),
            optional("axis2Log", Text),
        ],
    ),
    (
        &["GetKeysResponse"],
        &[optional("serviceTag", Text), optional("CCcert", Text), optional("NCcert", Text)],
    ),
    (
        &[
            "RebootInstancesResponse",
            "BundleInstanceResponse",
            "CancelBundleTaskResponse",
            "AttachVolumeResponse",
            "DetachVolumeResponse",
            "StartNetworkResponse",
            "StopNetworkResponse",
            "AssignAddressResponse",
            "UnassignAddressResponse",
            "ConfigureNetworkResponse",
        ],
        &[],
    ),
    (
        &["RunInstances"],
        &[
            required("imageId", Text),
            optional("kernelId", Text),
            optional("ramdiskId", Text),
            required("imageURL", Text),
            optional("kernelURL", Text),
            optional("ramdiskURL", Text),
            required("instanceType", Struct(VM_TYPE)),
            required("keyName", Text),
            required("maxCount", Integer),
            required("minCount", Integer),
            required("reservationId", Text),
            list("instanceIds", Text),
            list("netNames", Text),
            list("macAddresses", Text),
            list("networkIndexList", Text),
            required("vlan", Integer),
            required("userData", Text),
            required("launchIndex", Text),
            required("platform", Text),
        ],
    ),
    (&["DescribeInstances"], &[list("instancesSet", Text)]),
    (&["TerminateInstances", "RebootInstances", "DescribeBundleTasks"], INSTANCE_IDS),
    (&["GetConsoleOutput", "CancelBundleTask"], &[required("instanceId", Text)]),
    (
        &["BundleInstance"],
        &[
            required("instanceId", Text),
            required("bucketName", Text),
            required("filePrefix", Text),
            required("walrusURL", Text),
            required("userPublicKey", Text),
            required("S3Policy", Text),
            required("S3PolicySig", Text),
        ],
    ),
    (
        &["AttachVolume"],
        &[
            required("volumeId", Text),
            required("instanceId", Text),
            required("remoteDev", Text),
            required("localDev", Text),
        ],
    ),
    (
        &["DetachVolume"],
        &[
            required("instanceId", Text),
            required("volumeId", Text),
            required("remoteDev", Text),
            required("localDev", Text),
            required("force", Boolean),
        ],
    ),
    (&["DescribeNetworks"], &[optional("nameserver", Text), list("clusterControllers", Text)]),
    (
        &["StartNetwork"],
        &[
            required("vlan", Integer),
            required("netName", Text),
            optional("nameserver", Text),
            list("clusterControllers", Text),
        ],
    ),
    (&["StopNetwork"], &[required("vlan", Integer), required("netName", Text)]),
    (&["AssignAddress", "UnassignAddress"], ADDRESSES),
    (&["DescribePublicAddresses"], &[]),
    (&["ConfigureNetwork"], &[list("rules", Struct(RULE))]),
    (&["DescribeResources"], &[list("instanceTypes", Struct(VM_TYPE))]),
    (&["GetLogs", "GetKeys"], SERVICE_TAG),
];

/// A message of the binding.
pub(crate) struct Message {
    pub base: bool,
    pub fields: &'static [Field],
}

/// The message with that element name.
pub(crate) fn message(name: &str) -> Option<Message> {
    let (_, fields) = MESSAGES.iter().find(|(names, _)| names.contains(&name))?;
    let base = !matches!(name, "BundleInstance" | "CancelBundleTask");
    Some(Message { base, fields })
}
