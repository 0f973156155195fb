// Generated from wsdl/2.0.1/eucalyptus_nc.wsdl by `cargo xtask codegen`. Do not edit.
//! Messages of EucalyptusNC, from `eucalyptus_nc.wsdl`.
// yaserde's derive makes `__return__value` of `return_`.
#![cfg_attr(feature = "yaserde", allow(non_snake_case))]

use std::future::Future;

use crate::DateTime;
use crate::decode::{self, Decode, DecodeError, Decoder, Element};
use crate::encode::{Encode, Encoder, Generation};
use crate::error::CallError;
use crate::service::{Caller, Message, Operation, Request, Service, Stub};

/// `bundleTaskType`, part of other messages.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "bundleTaskType"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct BundleTask {
    /// `instanceId`: `i-` and 8 hexadecimal digits.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceId"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceId", skip_serializing_if = "Option::is_none"))]
    pub instance_id: Option<String>,
    /// `state`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "state"))]
    #[cfg_attr(feature = "serde", serde(rename = "state", skip_serializing_if = "Option::is_none"))]
    pub state: Option<String>,
    /// `manifest`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "manifest"))]
    #[cfg_attr(feature = "serde", serde(rename = "manifest", skip_serializing_if = "Option::is_none"))]
    pub manifest: Option<String>,
}

impl Encode for BundleTask {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.instance_id {
            encoder.string("<n:instanceId>", value, "</n:instanceId>");
        }
        if let Some(value) = &self.state {
            encoder.string("<n:state>", value, "</n:state>");
        }
        if let Some(value) = &self.manifest {
            encoder.string("<n:manifest>", value, "</n:manifest>");
        }
    }
}

impl Decode for BundleTask {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut instance_id = None;
        let mut state = None;
        let mut manifest = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(&child, &[], &["instanceId", "state", "manifest"])?;
                continue;
            }
            match child.name() {
                "instanceId" => decode::once(&mut instance_id, decoder.string(&child)?, "instanceId")?,
                "state" => decode::once(&mut state, decoder.string(&child)?, "state")?,
                "manifest" => decode::once(&mut manifest, decoder.string(&child)?, "manifest")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { instance_id, state, manifest })
    }
}

/// `deviceMappingType`, part of other messages.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "deviceMappingType"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct DeviceMapping {
    /// `deviceName`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "deviceName"))]
    #[cfg_attr(feature = "serde", serde(rename = "deviceName", skip_serializing_if = "Option::is_none"))]
    pub device_name: Option<String>,
    /// `virtualName`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "virtualName"))]
    #[cfg_attr(feature = "serde", serde(rename = "virtualName", skip_serializing_if = "Option::is_none"))]
    pub virtual_name: Option<String>,
    /// `size`: KiB.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "size"))]
    #[cfg_attr(feature = "serde", serde(rename = "size", skip_serializing_if = "Option::is_none"))]
    pub size: Option<i32>,
    /// `format`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "format"))]
    #[cfg_attr(feature = "serde", serde(rename = "format", skip_serializing_if = "Option::is_none"))]
    pub format: Option<String>,
}

impl Encode for DeviceMapping {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.device_name {
            encoder.string("<n:deviceName>", value, "</n:deviceName>");
        }
        if let Some(value) = &self.virtual_name {
            encoder.string("<n:virtualName>", value, "</n:virtualName>");
        }
        if let Some(value) = self.size {
            encoder.int("<n:size>", value, "</n:size>");
        }
        if let Some(value) = &self.format {
            encoder.string("<n:format>", value, "</n:format>");
        }
    }
}

impl Decode for DeviceMapping {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut device_name = None;
        let mut virtual_name = None;
        let mut size = None;
        let mut format = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(&child, &[], &["deviceName", "virtualName", "size", "format"])?;
                continue;
            }
            match child.name() {
                "deviceName" => decode::once(&mut device_name, decoder.string(&child)?, "deviceName")?,
                "virtualName" => decode::once(&mut virtual_name, decoder.string(&child)?, "virtualName")?,
                "size" => decode::once(&mut size, decoder.int(&child)?, "size")?,
                "format" => decode::once(&mut format, decoder.string(&child)?, "format")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { device_name, virtual_name, size, format })
    }
}

/// `instanceType`, part of other messages.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "instanceType"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Instance {
    /// `reservationId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "reservationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "reservationId"))]
    pub reservation_id: String,
    /// `instanceId`: `i-` and 8 hexadecimal digits.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceId"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceId"))]
    pub instance_id: String,
    /// `imageId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "imageId"))]
    #[cfg_attr(feature = "serde", serde(rename = "imageId"))]
    pub image_id: String,
    /// `kernelId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "kernelId"))]
    #[cfg_attr(feature = "serde", serde(rename = "kernelId", skip_serializing_if = "Option::is_none"))]
    pub kernel_id: Option<String>,
    /// `ramdiskId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "ramdiskId"))]
    #[cfg_attr(feature = "serde", serde(rename = "ramdiskId", skip_serializing_if = "Option::is_none"))]
    pub ramdisk_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId"))]
    pub user_id: String,
    /// `keyName`: the OpenSSH public key itself, empty without one.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "keyName"))]
    #[cfg_attr(feature = "serde", serde(rename = "keyName"))]
    pub key_name: String,
    /// `instanceType`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceType"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceType"))]
    pub instance_type: VirtualMachine,
    /// `netParams`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "netParams"))]
    #[cfg_attr(feature = "serde", serde(rename = "netParams", skip_serializing_if = "Option::is_none"))]
    pub net_params: Option<NetConfig>,
    /// `stateName`: `Pending`, `Extant` or `Teardown`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "stateName"))]
    #[cfg_attr(feature = "serde", serde(rename = "stateName"))]
    pub state_name: String,
    /// `bundleTaskStateName`: `none`, `bundling`, `succeeded`, `failed` or `cancelled`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "bundleTaskStateName"))]
    #[cfg_attr(
        feature = "serde",
        serde(rename = "bundleTaskStateName", skip_serializing_if = "Option::is_none")
    )]
    pub bundle_task_state_name: Option<String>,
    /// `launchTime`: when the controller accepted the instance.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "launchTime"))]
    #[cfg_attr(feature = "serde", serde(rename = "launchTime", skip_serializing_if = "Option::is_none"))]
    pub launch_time: Option<DateTime>,
    /// `userData`: decoded text, not base64.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userData"))]
    #[cfg_attr(feature = "serde", serde(rename = "userData", skip_serializing_if = "Option::is_none"))]
    pub user_data: Option<String>,
    /// `launchIndex`: decimal, always 0 from a CLC.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "launchIndex"))]
    #[cfg_attr(feature = "serde", serde(rename = "launchIndex", skip_serializing_if = "Option::is_none"))]
    pub launch_index: Option<String>,
    /// `platform`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "platform"))]
    #[cfg_attr(feature = "serde", serde(rename = "platform", skip_serializing_if = "Option::is_none"))]
    pub platform: Option<String>,
    /// `groupNames`: security groups; at most 64 count.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "groupNames"))]
    #[cfg_attr(feature = "serde", serde(rename = "groupNames"))]
    pub group_names: Vec<String>,
    /// `volumes`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "volumes"))]
    #[cfg_attr(feature = "serde", serde(rename = "volumes"))]
    pub volumes: Vec<Volume>,
    /// `serviceTag`: URL of a node's service, or `self`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "serviceTag"))]
    #[cfg_attr(feature = "serde", serde(rename = "serviceTag", skip_serializing_if = "Option::is_none"))]
    pub service_tag: Option<String>,
}

impl Encode for Instance {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.string("<n:reservationId>", &self.reservation_id, "</n:reservationId>");
        encoder.string("<n:instanceId>", &self.instance_id, "</n:instanceId>");
        encoder.string("<n:imageId>", &self.image_id, "</n:imageId>");
        if let Some(value) = &self.kernel_id {
            encoder.string("<n:kernelId>", value, "</n:kernelId>");
        }
        if let Some(value) = &self.ramdisk_id {
            encoder.string("<n:ramdiskId>", value, "</n:ramdiskId>");
        }
        encoder.string("<n:userId>", &self.user_id, "</n:userId>");
        encoder.string("<n:keyName>", &self.key_name, "</n:keyName>");
        encoder.nested("<n:instanceType>", &self.instance_type, "</n:instanceType>");
        if let Some(value) = &self.net_params {
            encoder.nested("<n:netParams>", value, "</n:netParams>");
        }
        encoder.string("<n:stateName>", &self.state_name, "</n:stateName>");
        if let Some(value) = &self.bundle_task_state_name {
            encoder.string("<n:bundleTaskStateName>", value, "</n:bundleTaskStateName>");
        }
        if let Some(value) = self.launch_time {
            encoder.date_time("<n:launchTime>", value, "</n:launchTime>");
        }
        if let Some(value) = &self.user_data {
            encoder.string("<n:userData>", value, "</n:userData>");
        }
        if let Some(value) = &self.launch_index {
            encoder.string("<n:launchIndex>", value, "</n:launchIndex>");
        }
        if let Some(value) = &self.platform {
            encoder.string("<n:platform>", value, "</n:platform>");
        }
        for value in &self.group_names {
            encoder.string("<n:groupNames>", value, "</n:groupNames>");
        }
        for value in &self.volumes {
            encoder.nested("<n:volumes>", value, "</n:volumes>");
        }
        if let Some(value) = &self.service_tag {
            encoder.string("<n:serviceTag>", value, "</n:serviceTag>");
        }
    }
}

impl Decode for Instance {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut reservation_id = None;
        let mut instance_id = None;
        let mut image_id = None;
        let mut kernel_id = None;
        let mut ramdisk_id = None;
        let mut user_id = None;
        let mut key_name = None;
        let mut instance_type = None;
        let mut net_params = None;
        let mut state_name = None;
        let mut bundle_task_state_name = None;
        let mut launch_time = None;
        let mut user_data = None;
        let mut launch_index = None;
        let mut platform = None;
        let mut group_names = Vec::new();
        let mut volumes = Vec::new();
        let mut service_tag = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &[],
                    &[
                        "reservationId",
                        "instanceId",
                        "imageId",
                        "kernelId",
                        "ramdiskId",
                        "userId",
                        "keyName",
                        "instanceType",
                        "netParams",
                        "stateName",
                        "bundleTaskStateName",
                        "launchTime",
                        "userData",
                        "launchIndex",
                        "platform",
                        "groupNames",
                        "volumes",
                        "serviceTag",
                    ],
                )?;
                continue;
            }
            match child.name() {
                "reservationId" => {
                    decode::once(&mut reservation_id, decoder.string(&child)?, "reservationId")?
                }
                "instanceId" => decode::once(&mut instance_id, decoder.string(&child)?, "instanceId")?,
                "imageId" => decode::once(&mut image_id, decoder.string(&child)?, "imageId")?,
                "kernelId" => decode::once(&mut kernel_id, decoder.string(&child)?, "kernelId")?,
                "ramdiskId" => decode::once(&mut ramdisk_id, decoder.string(&child)?, "ramdiskId")?,
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "keyName" => decode::once(&mut key_name, decoder.string(&child)?, "keyName")?,
                "instanceType" => decode::once(&mut instance_type, Decode::decode(decoder)?, "instanceType")?,
                "netParams" => decode::once(&mut net_params, Decode::decode(decoder)?, "netParams")?,
                "stateName" => decode::once(&mut state_name, decoder.string(&child)?, "stateName")?,
                "bundleTaskStateName" => {
                    decode::once(&mut bundle_task_state_name, decoder.string(&child)?, "bundleTaskStateName")?
                }
                "launchTime" => decode::once(&mut launch_time, decoder.date_time(&child)?, "launchTime")?,
                "userData" => decode::once(&mut user_data, decoder.string(&child)?, "userData")?,
                "launchIndex" => decode::once(&mut launch_index, decoder.string(&child)?, "launchIndex")?,
                "platform" => decode::once(&mut platform, decoder.string(&child)?, "platform")?,
                "groupNames" => group_names.push(decoder.string(&child)?),
                "volumes" => volumes.push(Decode::decode(decoder)?),
                "serviceTag" => decode::once(&mut service_tag, decoder.string(&child)?, "serviceTag")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            reservation_id: decode::required(reservation_id, "instanceType", "reservationId")?,
            instance_id: decode::required(instance_id, "instanceType", "instanceId")?,
            image_id: decode::required(image_id, "instanceType", "imageId")?,
            kernel_id,
            ramdisk_id,
            user_id: decode::required(user_id, "instanceType", "userId")?,
            key_name: decode::required(key_name, "instanceType", "keyName")?,
            instance_type: decode::required(instance_type, "instanceType", "instanceType")?,
            net_params,
            state_name: decode::required(state_name, "instanceType", "stateName")?,
            bundle_task_state_name,
            launch_time,
            user_data,
            launch_index,
            platform,
            group_names,
            volumes,
            service_tag,
        })
    }
}

/// The `ncAttachVolumeResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncAttachVolumeResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcAttachVolumeResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
}

impl Encode for NcAttachVolumeResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
    }
}

impl Decode for NcAttachVolumeResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, return_, node_name, status_message })
    }
}

impl Message for NcAttachVolumeResponse {
    const NAME: &'static str = "ncAttachVolumeResponse";
}

/// The `ncAttachVolume` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncAttachVolume"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcAttachVolume {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `instanceId`: `i-` and 8 hexadecimal digits.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceId"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceId", skip_serializing_if = "Option::is_none"))]
    pub instance_id: Option<String>,
    /// `volumeId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "volumeId"))]
    #[cfg_attr(feature = "serde", serde(rename = "volumeId", skip_serializing_if = "Option::is_none"))]
    pub volume_id: Option<String>,
    /// `remoteDev`: AoE device path or iSCSI connection string.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "remoteDev"))]
    #[cfg_attr(feature = "serde", serde(rename = "remoteDev", skip_serializing_if = "Option::is_none"))]
    pub remote_dev: Option<String>,
    /// `localDev`: device name in the guest.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "localDev"))]
    #[cfg_attr(feature = "serde", serde(rename = "localDev", skip_serializing_if = "Option::is_none"))]
    pub local_dev: Option<String>,
}

impl Encode for NcAttachVolume {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = &self.instance_id {
            encoder.string("<n:instanceId>", value, "</n:instanceId>");
        }
        if let Some(value) = &self.volume_id {
            encoder.string("<n:volumeId>", value, "</n:volumeId>");
        }
        if let Some(value) = &self.remote_dev {
            encoder.string("<n:remoteDev>", value, "</n:remoteDev>");
        }
        if let Some(value) = &self.local_dev {
            encoder.string("<n:localDev>", value, "</n:localDev>");
        }
    }
}

impl Decode for NcAttachVolume {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut instance_id = None;
        let mut volume_id = None;
        let mut remote_dev = None;
        let mut local_dev = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &[
                        "correlationId",
                        "userId",
                        "return",
                        "nodeName",
                        "statusMessage",
                        "instanceId",
                        "volumeId",
                        "remoteDev",
                        "localDev",
                    ],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "instanceId" => decode::once(&mut instance_id, decoder.string(&child)?, "instanceId")?,
                "volumeId" => decode::once(&mut volume_id, decoder.string(&child)?, "volumeId")?,
                "remoteDev" => decode::once(&mut remote_dev, decoder.string(&child)?, "remoteDev")?,
                "localDev" => decode::once(&mut local_dev, decoder.string(&child)?, "localDev")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            return_,
            node_name,
            status_message,
            instance_id,
            volume_id,
            remote_dev,
            local_dev,
        })
    }
}

impl Message for NcAttachVolume {
    const NAME: &'static str = "ncAttachVolume";
}

/// The `ncBundleInstanceResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncBundleInstanceResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcBundleInstanceResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
}

impl Encode for NcBundleInstanceResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
    }
}

impl Decode for NcBundleInstanceResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, return_, node_name, status_message })
    }
}

impl Message for NcBundleInstanceResponse {
    const NAME: &'static str = "ncBundleInstanceResponse";
}

/// The `ncBundleInstance` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncBundleInstance"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcBundleInstance {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `instanceId`: `i-` and 8 hexadecimal digits.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceId"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceId", skip_serializing_if = "Option::is_none"))]
    pub instance_id: Option<String>,
    /// `bucketName`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "bucketName"))]
    #[cfg_attr(feature = "serde", serde(rename = "bucketName", skip_serializing_if = "Option::is_none"))]
    pub bucket_name: Option<String>,
    /// `filePrefix`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "filePrefix"))]
    #[cfg_attr(feature = "serde", serde(rename = "filePrefix", skip_serializing_if = "Option::is_none"))]
    pub file_prefix: Option<String>,
    /// `walrusURL`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "walrusURL"))]
    #[cfg_attr(feature = "serde", serde(rename = "walrusURL", skip_serializing_if = "Option::is_none"))]
    pub walrus_url: Option<String>,
    /// `userPublicKey`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userPublicKey"))]
    #[cfg_attr(feature = "serde", serde(rename = "userPublicKey", skip_serializing_if = "Option::is_none"))]
    pub user_public_key: Option<String>,
    /// `cloudPublicKey`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "cloudPublicKey"))]
    #[cfg_attr(feature = "serde", serde(rename = "cloudPublicKey", skip_serializing_if = "Option::is_none"))]
    pub cloud_public_key: Option<String>,
    /// `S3Policy`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "S3Policy"))]
    #[cfg_attr(feature = "serde", serde(rename = "S3Policy", skip_serializing_if = "Option::is_none"))]
    pub s3_policy: Option<String>,
    /// `S3PolicySig`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "S3PolicySig"))]
    #[cfg_attr(feature = "serde", serde(rename = "S3PolicySig", skip_serializing_if = "Option::is_none"))]
    pub s3_policy_sig: Option<String>,
}

impl Encode for NcBundleInstance {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = &self.instance_id {
            encoder.string("<n:instanceId>", value, "</n:instanceId>");
        }
        if let Some(value) = &self.bucket_name {
            encoder.string("<n:bucketName>", value, "</n:bucketName>");
        }
        if let Some(value) = &self.file_prefix {
            encoder.string("<n:filePrefix>", value, "</n:filePrefix>");
        }
        if let Some(value) = &self.walrus_url {
            encoder.string("<n:walrusURL>", value, "</n:walrusURL>");
        }
        if let Some(value) = &self.user_public_key {
            encoder.string("<n:userPublicKey>", value, "</n:userPublicKey>");
        }
        if let Some(value) = &self.cloud_public_key {
            encoder.string("<n:cloudPublicKey>", value, "</n:cloudPublicKey>");
        }
        if let Some(value) = &self.s3_policy {
            encoder.string("<n:S3Policy>", value, "</n:S3Policy>");
        }
        if let Some(value) = &self.s3_policy_sig {
            encoder.string("<n:S3PolicySig>", value, "</n:S3PolicySig>");
        }
    }
}

impl Decode for NcBundleInstance {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut instance_id = None;
        let mut bucket_name = None;
        let mut file_prefix = None;
        let mut walrus_url = None;
        let mut user_public_key = None;
        let mut cloud_public_key = None;
        let mut s3_policy = None;
        let mut s3_policy_sig = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &[
                        "correlationId",
                        "userId",
                        "return",
                        "nodeName",
                        "statusMessage",
                        "instanceId",
                        "bucketName",
                        "filePrefix",
                        "walrusURL",
                        "userPublicKey",
                        "cloudPublicKey",
                        "S3Policy",
                        "S3PolicySig",
                    ],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "instanceId" => decode::once(&mut instance_id, decoder.string(&child)?, "instanceId")?,
                "bucketName" => decode::once(&mut bucket_name, decoder.string(&child)?, "bucketName")?,
                "filePrefix" => decode::once(&mut file_prefix, decoder.string(&child)?, "filePrefix")?,
                "walrusURL" => decode::once(&mut walrus_url, decoder.string(&child)?, "walrusURL")?,
                "userPublicKey" => {
                    decode::once(&mut user_public_key, decoder.string(&child)?, "userPublicKey")?
                }
                "cloudPublicKey" => {
                    decode::once(&mut cloud_public_key, decoder.string(&child)?, "cloudPublicKey")?
                }
                "S3Policy" => decode::once(&mut s3_policy, decoder.string(&child)?, "S3Policy")?,
                "S3PolicySig" => decode::once(&mut s3_policy_sig, decoder.string(&child)?, "S3PolicySig")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            return_,
            node_name,
            status_message,
            instance_id,
            bucket_name,
            file_prefix,
            walrus_url,
            user_public_key,
            cloud_public_key,
            s3_policy,
            s3_policy_sig,
        })
    }
}

impl Message for NcBundleInstance {
    const NAME: &'static str = "ncBundleInstance";
}

/// The `ncCancelBundleTaskResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncCancelBundleTaskResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcCancelBundleTaskResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
}

impl Encode for NcCancelBundleTaskResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
    }
}

impl Decode for NcCancelBundleTaskResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, return_, node_name, status_message })
    }
}

impl Message for NcCancelBundleTaskResponse {
    const NAME: &'static str = "ncCancelBundleTaskResponse";
}

/// The `ncCancelBundleTask` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncCancelBundleTask"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcCancelBundleTask {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `instanceId`: `i-` and 8 hexadecimal digits.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceId"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceId", skip_serializing_if = "Option::is_none"))]
    pub instance_id: Option<String>,
}

impl Encode for NcCancelBundleTask {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = &self.instance_id {
            encoder.string("<n:instanceId>", value, "</n:instanceId>");
        }
    }
}

impl Decode for NcCancelBundleTask {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut instance_id = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage", "instanceId"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "instanceId" => decode::once(&mut instance_id, decoder.string(&child)?, "instanceId")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, return_, node_name, status_message, instance_id })
    }
}

impl Message for NcCancelBundleTask {
    const NAME: &'static str = "ncCancelBundleTask";
}

/// The `ncDescribeBundleTasksResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncDescribeBundleTasksResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcDescribeBundleTasksResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `bundleTasks`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "bundleTasks"))]
    #[cfg_attr(feature = "serde", serde(rename = "bundleTasks"))]
    pub bundle_tasks: Vec<BundleTask>,
}

impl Encode for NcDescribeBundleTasksResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        for value in &self.bundle_tasks {
            encoder.nested("<n:bundleTasks>", value, "</n:bundleTasks>");
        }
    }
}

impl Decode for NcDescribeBundleTasksResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut bundle_tasks = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage", "bundleTasks"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "bundleTasks" => bundle_tasks.push(Decode::decode(decoder)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, return_, node_name, status_message, bundle_tasks })
    }
}

impl Message for NcDescribeBundleTasksResponse {
    const NAME: &'static str = "ncDescribeBundleTasksResponse";
}

/// The `ncDescribeBundleTasks` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncDescribeBundleTasks"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcDescribeBundleTasks {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `instanceIds`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceIds"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceIds"))]
    pub instance_ids: Vec<String>,
}

impl Encode for NcDescribeBundleTasks {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        for value in &self.instance_ids {
            encoder.string("<n:instanceIds>", value, "</n:instanceIds>");
        }
    }
}

impl Decode for NcDescribeBundleTasks {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut instance_ids = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage", "instanceIds"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "instanceIds" => instance_ids.push(decoder.string(&child)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, return_, node_name, status_message, instance_ids })
    }
}

impl Message for NcDescribeBundleTasks {
    const NAME: &'static str = "ncDescribeBundleTasks";
}

/// The `ncDescribeInstancesResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncDescribeInstancesResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcDescribeInstancesResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `instances`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instances"))]
    #[cfg_attr(feature = "serde", serde(rename = "instances"))]
    pub instances: Vec<Instance>,
}

impl Encode for NcDescribeInstancesResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        for value in &self.instances {
            encoder.nested("<n:instances>", value, "</n:instances>");
        }
    }
}

impl Decode for NcDescribeInstancesResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut instances = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage", "instances"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "instances" => instances.push(Decode::decode(decoder)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, return_, node_name, status_message, instances })
    }
}

impl Message for NcDescribeInstancesResponse {
    const NAME: &'static str = "ncDescribeInstancesResponse";
}

/// The `ncDescribeInstances` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncDescribeInstances"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcDescribeInstances {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `instanceIds`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceIds"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceIds"))]
    pub instance_ids: Vec<String>,
}

impl Encode for NcDescribeInstances {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        for value in &self.instance_ids {
            encoder.string("<n:instanceIds>", value, "</n:instanceIds>");
        }
    }
}

impl Decode for NcDescribeInstances {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut instance_ids = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage", "instanceIds"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "instanceIds" => instance_ids.push(decoder.string(&child)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, return_, node_name, status_message, instance_ids })
    }
}

impl Message for NcDescribeInstances {
    const NAME: &'static str = "ncDescribeInstances";
}

/// The `ncDescribeResourceResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncDescribeResourceResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcDescribeResourceResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `nodeStatus`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeStatus"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeStatus"))]
    pub node_status: String,
    /// `memorySizeMax`: MiB.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "memorySizeMax"))]
    #[cfg_attr(feature = "serde", serde(rename = "memorySizeMax"))]
    pub memory_size_max: i32,
    /// `memorySizeAvailable`: MiB.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "memorySizeAvailable"))]
    #[cfg_attr(feature = "serde", serde(rename = "memorySizeAvailable"))]
    pub memory_size_available: i32,
    /// `diskSizeMax`: GiB.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "diskSizeMax"))]
    #[cfg_attr(feature = "serde", serde(rename = "diskSizeMax"))]
    pub disk_size_max: i32,
    /// `diskSizeAvailable`: GiB.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "diskSizeAvailable"))]
    #[cfg_attr(feature = "serde", serde(rename = "diskSizeAvailable"))]
    pub disk_size_available: i32,
    /// `numberOfCoresMax`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "numberOfCoresMax"))]
    #[cfg_attr(feature = "serde", serde(rename = "numberOfCoresMax"))]
    pub number_of_cores_max: i32,
    /// `numberOfCoresAvailable`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "numberOfCoresAvailable"))]
    #[cfg_attr(feature = "serde", serde(rename = "numberOfCoresAvailable"))]
    pub number_of_cores_available: i32,
    /// `publicSubnets`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "publicSubnets"))]
    #[cfg_attr(feature = "serde", serde(rename = "publicSubnets"))]
    pub public_subnets: String,
}

impl Encode for NcDescribeResourceResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        encoder.string("<n:nodeStatus>", &self.node_status, "</n:nodeStatus>");
        encoder.int("<n:memorySizeMax>", self.memory_size_max, "</n:memorySizeMax>");
        encoder.int("<n:memorySizeAvailable>", self.memory_size_available, "</n:memorySizeAvailable>");
        encoder.int("<n:diskSizeMax>", self.disk_size_max, "</n:diskSizeMax>");
        encoder.int("<n:diskSizeAvailable>", self.disk_size_available, "</n:diskSizeAvailable>");
        encoder.int("<n:numberOfCoresMax>", self.number_of_cores_max, "</n:numberOfCoresMax>");
        encoder.int(
            "<n:numberOfCoresAvailable>",
            self.number_of_cores_available,
            "</n:numberOfCoresAvailable>",
        );
        encoder.string("<n:publicSubnets>", &self.public_subnets, "</n:publicSubnets>");
    }
}

impl Decode for NcDescribeResourceResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut node_status = None;
        let mut memory_size_max = None;
        let mut memory_size_available = None;
        let mut disk_size_max = None;
        let mut disk_size_available = None;
        let mut number_of_cores_max = None;
        let mut number_of_cores_available = None;
        let mut public_subnets = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &[
                        "correlationId",
                        "userId",
                        "return",
                        "nodeName",
                        "statusMessage",
                        "nodeStatus",
                        "memorySizeMax",
                        "memorySizeAvailable",
                        "diskSizeMax",
                        "diskSizeAvailable",
                        "numberOfCoresMax",
                        "numberOfCoresAvailable",
                        "publicSubnets",
                    ],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "nodeStatus" => decode::once(&mut node_status, decoder.string(&child)?, "nodeStatus")?,
                "memorySizeMax" => decode::once(&mut memory_size_max, decoder.int(&child)?, "memorySizeMax")?,
                "memorySizeAvailable" => {
                    decode::once(&mut memory_size_available, decoder.int(&child)?, "memorySizeAvailable")?
                }
                "diskSizeMax" => decode::once(&mut disk_size_max, decoder.int(&child)?, "diskSizeMax")?,
                "diskSizeAvailable" => {
                    decode::once(&mut disk_size_available, decoder.int(&child)?, "diskSizeAvailable")?
                }
                "numberOfCoresMax" => {
                    decode::once(&mut number_of_cores_max, decoder.int(&child)?, "numberOfCoresMax")?
                }
                "numberOfCoresAvailable" => decode::once(
                    &mut number_of_cores_available,
                    decoder.int(&child)?,
                    "numberOfCoresAvailable",
                )?,
                "publicSubnets" => {
                    decode::once(&mut public_subnets, decoder.string(&child)?, "publicSubnets")?
                }
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            return_,
            node_name,
            status_message,
            node_status: decode::required(node_status, "ncDescribeResourceResponseType", "nodeStatus")?,
            memory_size_max: decode::required(
                memory_size_max,
                "ncDescribeResourceResponseType",
                "memorySizeMax",
            )?,
            memory_size_available: decode::required(
                memory_size_available,
                "ncDescribeResourceResponseType",
                "memorySizeAvailable",
            )?,
            disk_size_max: decode::required(disk_size_max, "ncDescribeResourceResponseType", "diskSizeMax")?,
            disk_size_available: decode::required(
                disk_size_available,
                "ncDescribeResourceResponseType",
                "diskSizeAvailable",
            )?,
            number_of_cores_max: decode::required(
                number_of_cores_max,
                "ncDescribeResourceResponseType",
                "numberOfCoresMax",
            )?,
            number_of_cores_available: decode::required(
                number_of_cores_available,
                "ncDescribeResourceResponseType",
                "numberOfCoresAvailable",
            )?,
            public_subnets: decode::required(
                public_subnets,
                "ncDescribeResourceResponseType",
                "publicSubnets",
            )?,
        })
    }
}

impl Message for NcDescribeResourceResponse {
    const NAME: &'static str = "ncDescribeResourceResponse";
}

/// The `ncDescribeResource` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncDescribeResource"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcDescribeResource {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `resourceType`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "resourceType"))]
    #[cfg_attr(feature = "serde", serde(rename = "resourceType", skip_serializing_if = "Option::is_none"))]
    pub resource_type: Option<String>,
}

impl Encode for NcDescribeResource {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = &self.resource_type {
            encoder.string("<n:resourceType>", value, "</n:resourceType>");
        }
    }
}

impl Decode for NcDescribeResource {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut resource_type = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage", "resourceType"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "resourceType" => decode::once(&mut resource_type, decoder.string(&child)?, "resourceType")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, return_, node_name, status_message, resource_type })
    }
}

impl Message for NcDescribeResource {
    const NAME: &'static str = "ncDescribeResource";
}

/// The `ncDetachVolumeResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncDetachVolumeResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcDetachVolumeResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
}

impl Encode for NcDetachVolumeResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
    }
}

impl Decode for NcDetachVolumeResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, return_, node_name, status_message })
    }
}

impl Message for NcDetachVolumeResponse {
    const NAME: &'static str = "ncDetachVolumeResponse";
}

/// The `ncDetachVolume` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncDetachVolume"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcDetachVolume {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `instanceId`: `i-` and 8 hexadecimal digits.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceId"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceId", skip_serializing_if = "Option::is_none"))]
    pub instance_id: Option<String>,
    /// `volumeId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "volumeId"))]
    #[cfg_attr(feature = "serde", serde(rename = "volumeId", skip_serializing_if = "Option::is_none"))]
    pub volume_id: Option<String>,
    /// `remoteDev`: AoE device path or iSCSI connection string.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "remoteDev"))]
    #[cfg_attr(feature = "serde", serde(rename = "remoteDev", skip_serializing_if = "Option::is_none"))]
    pub remote_dev: Option<String>,
    /// `localDev`: device name in the guest.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "localDev"))]
    #[cfg_attr(feature = "serde", serde(rename = "localDev", skip_serializing_if = "Option::is_none"))]
    pub local_dev: Option<String>,
    /// `force`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "force"))]
    #[cfg_attr(feature = "serde", serde(rename = "force", skip_serializing_if = "Option::is_none"))]
    pub force: Option<bool>,
}

impl Encode for NcDetachVolume {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = &self.instance_id {
            encoder.string("<n:instanceId>", value, "</n:instanceId>");
        }
        if let Some(value) = &self.volume_id {
            encoder.string("<n:volumeId>", value, "</n:volumeId>");
        }
        if let Some(value) = &self.remote_dev {
            encoder.string("<n:remoteDev>", value, "</n:remoteDev>");
        }
        if let Some(value) = &self.local_dev {
            encoder.string("<n:localDev>", value, "</n:localDev>");
        }
        if let Some(value) = self.force {
            encoder.boolean("<n:force>", value, "</n:force>");
        }
    }
}

impl Decode for NcDetachVolume {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut instance_id = None;
        let mut volume_id = None;
        let mut remote_dev = None;
        let mut local_dev = None;
        let mut force = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &[
                        "correlationId",
                        "userId",
                        "return",
                        "nodeName",
                        "statusMessage",
                        "instanceId",
                        "volumeId",
                        "remoteDev",
                        "localDev",
                        "force",
                    ],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "instanceId" => decode::once(&mut instance_id, decoder.string(&child)?, "instanceId")?,
                "volumeId" => decode::once(&mut volume_id, decoder.string(&child)?, "volumeId")?,
                "remoteDev" => decode::once(&mut remote_dev, decoder.string(&child)?, "remoteDev")?,
                "localDev" => decode::once(&mut local_dev, decoder.string(&child)?, "localDev")?,
                "force" => decode::once(&mut force, decoder.boolean(&child)?, "force")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            return_,
            node_name,
            status_message,
            instance_id,
            volume_id,
            remote_dev,
            local_dev,
            force,
        })
    }
}

impl Message for NcDetachVolume {
    const NAME: &'static str = "ncDetachVolume";
}

/// The `ncGetConsoleOutputResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncGetConsoleOutputResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcGetConsoleOutputResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `consoleOutput`: base64 of the console's tail.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "consoleOutput"))]
    #[cfg_attr(feature = "serde", serde(rename = "consoleOutput"))]
    pub console_output: String,
}

impl Encode for NcGetConsoleOutputResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        encoder.string("<n:consoleOutput>", &self.console_output, "</n:consoleOutput>");
    }
}

impl Decode for NcGetConsoleOutputResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut console_output = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage", "consoleOutput"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "consoleOutput" => {
                    decode::once(&mut console_output, decoder.string(&child)?, "consoleOutput")?
                }
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            return_,
            node_name,
            status_message,
            console_output: decode::required(
                console_output,
                "ncGetConsoleOutputResponseType",
                "consoleOutput",
            )?,
        })
    }
}

impl Message for NcGetConsoleOutputResponse {
    const NAME: &'static str = "ncGetConsoleOutputResponse";
}

/// The `ncGetConsoleOutput` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncGetConsoleOutput"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcGetConsoleOutput {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `instanceId`: `i-` and 8 hexadecimal digits.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceId"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceId"))]
    pub instance_id: String,
}

impl Encode for NcGetConsoleOutput {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        encoder.string("<n:instanceId>", &self.instance_id, "</n:instanceId>");
    }
}

impl Decode for NcGetConsoleOutput {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut instance_id = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage", "instanceId"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "instanceId" => decode::once(&mut instance_id, decoder.string(&child)?, "instanceId")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            return_,
            node_name,
            status_message,
            instance_id: decode::required(instance_id, "ncGetConsoleOutputType", "instanceId")?,
        })
    }
}

impl Message for NcGetConsoleOutput {
    const NAME: &'static str = "ncGetConsoleOutput";
}

/// The `ncPowerDownResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncPowerDownResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcPowerDownResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
}

impl Encode for NcPowerDownResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
    }
}

impl Decode for NcPowerDownResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, return_, node_name, status_message })
    }
}

impl Message for NcPowerDownResponse {
    const NAME: &'static str = "ncPowerDownResponse";
}

/// The `ncPowerDown` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncPowerDown"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcPowerDown {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
}

impl Encode for NcPowerDown {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
    }
}

impl Decode for NcPowerDown {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, return_, node_name, status_message })
    }
}

impl Message for NcPowerDown {
    const NAME: &'static str = "ncPowerDown";
}

/// The `ncRebootInstanceResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncRebootInstanceResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcRebootInstanceResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `status`: false on success (W22).
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "status"))]
    #[cfg_attr(feature = "serde", serde(rename = "status"))]
    pub status: bool,
}

impl Encode for NcRebootInstanceResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        encoder.boolean("<n:status>", self.status, "</n:status>");
    }
}

impl Decode for NcRebootInstanceResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut status = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage", "status"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "status" => decode::once(&mut status, decoder.boolean(&child)?, "status")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            return_,
            node_name,
            status_message,
            status: decode::required(status, "ncRebootInstanceResponseType", "status")?,
        })
    }
}

impl Message for NcRebootInstanceResponse {
    const NAME: &'static str = "ncRebootInstanceResponse";
}

/// The `ncRebootInstance` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncRebootInstance"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcRebootInstance {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `instanceId`: `i-` and 8 hexadecimal digits.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceId"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceId"))]
    pub instance_id: String,
}

impl Encode for NcRebootInstance {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        encoder.string("<n:instanceId>", &self.instance_id, "</n:instanceId>");
    }
}

impl Decode for NcRebootInstance {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut instance_id = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage", "instanceId"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "instanceId" => decode::once(&mut instance_id, decoder.string(&child)?, "instanceId")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            return_,
            node_name,
            status_message,
            instance_id: decode::required(instance_id, "ncRebootInstanceType", "instanceId")?,
        })
    }
}

impl Message for NcRebootInstance {
    const NAME: &'static str = "ncRebootInstance";
}

/// The `ncRunInstanceResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncRunInstanceResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcRunInstanceResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `instance`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instance"))]
    #[cfg_attr(feature = "serde", serde(rename = "instance", skip_serializing_if = "Option::is_none"))]
    pub instance: Option<Instance>,
}

impl Encode for NcRunInstanceResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = &self.instance {
            encoder.nested("<n:instance>", value, "</n:instance>");
        }
    }
}

impl Decode for NcRunInstanceResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut instance = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage", "instance"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "instance" => decode::once(&mut instance, Decode::decode(decoder)?, "instance")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, return_, node_name, status_message, instance })
    }
}

impl Message for NcRunInstanceResponse {
    const NAME: &'static str = "ncRunInstanceResponse";
}

/// The `ncRunInstance` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncRunInstance"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcRunInstance {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `imageId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "imageId"))]
    #[cfg_attr(feature = "serde", serde(rename = "imageId"))]
    pub image_id: String,
    /// `kernelId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "kernelId"))]
    #[cfg_attr(feature = "serde", serde(rename = "kernelId", skip_serializing_if = "Option::is_none"))]
    pub kernel_id: Option<String>,
    /// `ramdiskId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "ramdiskId"))]
    #[cfg_attr(feature = "serde", serde(rename = "ramdiskId", skip_serializing_if = "Option::is_none"))]
    pub ramdisk_id: Option<String>,
    /// `imageURL`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "imageURL"))]
    #[cfg_attr(feature = "serde", serde(rename = "imageURL"))]
    pub image_url: String,
    /// `kernelURL`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "kernelURL"))]
    #[cfg_attr(feature = "serde", serde(rename = "kernelURL", skip_serializing_if = "Option::is_none"))]
    pub kernel_url: Option<String>,
    /// `ramdiskURL`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "ramdiskURL"))]
    #[cfg_attr(feature = "serde", serde(rename = "ramdiskURL", skip_serializing_if = "Option::is_none"))]
    pub ramdisk_url: Option<String>,
    /// `reservationId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "reservationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "reservationId"))]
    pub reservation_id: String,
    /// `instanceId`: `i-` and 8 hexadecimal digits.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceId"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceId"))]
    pub instance_id: String,
    /// `instanceType`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceType"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceType"))]
    pub instance_type: VirtualMachine,
    /// `keyName`: the OpenSSH public key itself, empty without one.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "keyName"))]
    #[cfg_attr(feature = "serde", serde(rename = "keyName"))]
    pub key_name: String,
    /// `netParams`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "netParams"))]
    #[cfg_attr(feature = "serde", serde(rename = "netParams"))]
    pub net_params: NetConfig,
    /// `userData`: decoded text, not base64.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userData"))]
    #[cfg_attr(feature = "serde", serde(rename = "userData", skip_serializing_if = "Option::is_none"))]
    pub user_data: Option<String>,
    /// `launchIndex`: decimal, always 0 from a CLC.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "launchIndex"))]
    #[cfg_attr(feature = "serde", serde(rename = "launchIndex", skip_serializing_if = "Option::is_none"))]
    pub launch_index: Option<String>,
    /// `platform`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "platform"))]
    #[cfg_attr(feature = "serde", serde(rename = "platform", skip_serializing_if = "Option::is_none"))]
    pub platform: Option<String>,
    /// `groupNames`: security groups; at most 64 count.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "groupNames"))]
    #[cfg_attr(feature = "serde", serde(rename = "groupNames"))]
    pub group_names: Vec<String>,
}

impl Encode for NcRunInstance {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        encoder.string("<n:imageId>", &self.image_id, "</n:imageId>");
        if let Some(value) = &self.kernel_id {
            encoder.string("<n:kernelId>", value, "</n:kernelId>");
        }
        if let Some(value) = &self.ramdisk_id {
            encoder.string("<n:ramdiskId>", value, "</n:ramdiskId>");
        }
        encoder.string("<n:imageURL>", &self.image_url, "</n:imageURL>");
        if let Some(value) = &self.kernel_url {
            encoder.string("<n:kernelURL>", value, "</n:kernelURL>");
        }
        if let Some(value) = &self.ramdisk_url {
            encoder.string("<n:ramdiskURL>", value, "</n:ramdiskURL>");
        }
        encoder.string("<n:reservationId>", &self.reservation_id, "</n:reservationId>");
        encoder.string("<n:instanceId>", &self.instance_id, "</n:instanceId>");
        encoder.nested("<n:instanceType>", &self.instance_type, "</n:instanceType>");
        encoder.string("<n:keyName>", &self.key_name, "</n:keyName>");
        encoder.nested("<n:netParams>", &self.net_params, "</n:netParams>");
        if let Some(value) = &self.user_data {
            encoder.string("<n:userData>", value, "</n:userData>");
        }
        if let Some(value) = &self.launch_index {
            encoder.string("<n:launchIndex>", value, "</n:launchIndex>");
        }
        if let Some(value) = &self.platform {
            encoder.string("<n:platform>", value, "</n:platform>");
        }
        for value in &self.group_names {
            encoder.string("<n:groupNames>", value, "</n:groupNames>");
        }
    }
}

impl Decode for NcRunInstance {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut image_id = None;
        let mut kernel_id = None;
        let mut ramdisk_id = None;
        let mut image_url = None;
        let mut kernel_url = None;
        let mut ramdisk_url = None;
        let mut reservation_id = None;
        let mut instance_id = None;
        let mut instance_type = None;
        let mut key_name = None;
        let mut net_params = None;
        let mut user_data = None;
        let mut launch_index = None;
        let mut platform = None;
        let mut group_names = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &[
                        "correlationId",
                        "userId",
                        "return",
                        "nodeName",
                        "statusMessage",
                        "imageId",
                        "kernelId",
                        "ramdiskId",
                        "imageURL",
                        "kernelURL",
                        "ramdiskURL",
                        "reservationId",
                        "instanceId",
                        "instanceType",
                        "keyName",
                        "netParams",
                        "userData",
                        "launchIndex",
                        "platform",
                        "groupNames",
                    ],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "imageId" => decode::once(&mut image_id, decoder.string(&child)?, "imageId")?,
                "kernelId" => decode::once(&mut kernel_id, decoder.string(&child)?, "kernelId")?,
                "ramdiskId" => decode::once(&mut ramdisk_id, decoder.string(&child)?, "ramdiskId")?,
                "imageURL" => decode::once(&mut image_url, decoder.string(&child)?, "imageURL")?,
                "kernelURL" => decode::once(&mut kernel_url, decoder.string(&child)?, "kernelURL")?,
                "ramdiskURL" => decode::once(&mut ramdisk_url, decoder.string(&child)?, "ramdiskURL")?,
                "reservationId" => {
                    decode::once(&mut reservation_id, decoder.string(&child)?, "reservationId")?
                }
                "instanceId" => decode::once(&mut instance_id, decoder.string(&child)?, "instanceId")?,
                "instanceType" => decode::once(&mut instance_type, Decode::decode(decoder)?, "instanceType")?,
                "keyName" => decode::once(&mut key_name, decoder.string(&child)?, "keyName")?,
                "netParams" => decode::once(&mut net_params, Decode::decode(decoder)?, "netParams")?,
                "userData" => decode::once(&mut user_data, decoder.string(&child)?, "userData")?,
                "launchIndex" => decode::once(&mut launch_index, decoder.string(&child)?, "launchIndex")?,
                "platform" => decode::once(&mut platform, decoder.string(&child)?, "platform")?,
                "groupNames" => group_names.push(decoder.string(&child)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            return_,
            node_name,
            status_message,
            image_id: decode::required(image_id, "ncRunInstanceType", "imageId")?,
            kernel_id,
            ramdisk_id,
            image_url: decode::required(image_url, "ncRunInstanceType", "imageURL")?,
            kernel_url,
            ramdisk_url,
            reservation_id: decode::required(reservation_id, "ncRunInstanceType", "reservationId")?,
            instance_id: decode::required(instance_id, "ncRunInstanceType", "instanceId")?,
            instance_type: decode::required(instance_type, "ncRunInstanceType", "instanceType")?,
            key_name: decode::required(key_name, "ncRunInstanceType", "keyName")?,
            net_params: decode::required(net_params, "ncRunInstanceType", "netParams")?,
            user_data,
            launch_index,
            platform,
            group_names,
        })
    }
}

impl Message for NcRunInstance {
    const NAME: &'static str = "ncRunInstance";
}

/// The `ncStartNetworkResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncStartNetworkResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcStartNetworkResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `networkStatus`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "networkStatus"))]
    #[cfg_attr(feature = "serde", serde(rename = "networkStatus", skip_serializing_if = "Option::is_none"))]
    pub network_status: Option<String>,
}

impl Encode for NcStartNetworkResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = &self.network_status {
            encoder.string("<n:networkStatus>", value, "</n:networkStatus>");
        }
    }
}

impl Decode for NcStartNetworkResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut network_status = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage", "networkStatus"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "networkStatus" => {
                    decode::once(&mut network_status, decoder.string(&child)?, "networkStatus")?
                }
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, return_, node_name, status_message, network_status })
    }
}

impl Message for NcStartNetworkResponse {
    const NAME: &'static str = "ncStartNetworkResponse";
}

/// The `ncStartNetwork` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncStartNetwork"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcStartNetwork {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `remoteHosts`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "remoteHosts"))]
    #[cfg_attr(feature = "serde", serde(rename = "remoteHosts"))]
    pub remote_hosts: Vec<String>,
    /// `remoteHostPort`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "remoteHostPort"))]
    #[cfg_attr(feature = "serde", serde(rename = "remoteHostPort", skip_serializing_if = "Option::is_none"))]
    pub remote_host_port: Option<i32>,
    /// `vlan`: VLAN tag, -1 without managed networks.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "vlan"))]
    #[cfg_attr(feature = "serde", serde(rename = "vlan", skip_serializing_if = "Option::is_none"))]
    pub vlan: Option<i32>,
}

impl Encode for NcStartNetwork {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        for value in &self.remote_hosts {
            encoder.string("<n:remoteHosts>", value, "</n:remoteHosts>");
        }
        if let Some(value) = self.remote_host_port {
            encoder.int("<n:remoteHostPort>", value, "</n:remoteHostPort>");
        }
        if let Some(value) = self.vlan {
            encoder.int("<n:vlan>", value, "</n:vlan>");
        }
    }
}

impl Decode for NcStartNetwork {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut remote_hosts = Vec::new();
        let mut remote_host_port = None;
        let mut vlan = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &[
                        "correlationId",
                        "userId",
                        "return",
                        "nodeName",
                        "statusMessage",
                        "remoteHosts",
                        "remoteHostPort",
                        "vlan",
                    ],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "remoteHosts" => remote_hosts.push(decoder.string(&child)?),
                "remoteHostPort" => {
                    decode::once(&mut remote_host_port, decoder.int(&child)?, "remoteHostPort")?
                }
                "vlan" => decode::once(&mut vlan, decoder.int(&child)?, "vlan")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            return_,
            node_name,
            status_message,
            remote_hosts,
            remote_host_port,
            vlan,
        })
    }
}

impl Message for NcStartNetwork {
    const NAME: &'static str = "ncStartNetwork";
}

/// The `ncTerminateInstanceResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncTerminateInstanceResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcTerminateInstanceResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `instanceId`: `i-` and 8 hexadecimal digits.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceId"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceId"))]
    pub instance_id: String,
    /// `shutdownState`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "shutdownState"))]
    #[cfg_attr(feature = "serde", serde(rename = "shutdownState", skip_serializing_if = "Option::is_none"))]
    pub shutdown_state: Option<String>,
    /// `previousState`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "previousState"))]
    #[cfg_attr(feature = "serde", serde(rename = "previousState", skip_serializing_if = "Option::is_none"))]
    pub previous_state: Option<String>,
}

impl Encode for NcTerminateInstanceResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        encoder.string("<n:instanceId>", &self.instance_id, "</n:instanceId>");
        if let Some(value) = &self.shutdown_state {
            encoder.string("<n:shutdownState>", value, "</n:shutdownState>");
        }
        if let Some(value) = &self.previous_state {
            encoder.string("<n:previousState>", value, "</n:previousState>");
        }
    }
}

impl Decode for NcTerminateInstanceResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut instance_id = None;
        let mut shutdown_state = None;
        let mut previous_state = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &[
                        "correlationId",
                        "userId",
                        "return",
                        "nodeName",
                        "statusMessage",
                        "instanceId",
                        "shutdownState",
                        "previousState",
                    ],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "instanceId" => decode::once(&mut instance_id, decoder.string(&child)?, "instanceId")?,
                "shutdownState" => {
                    decode::once(&mut shutdown_state, decoder.string(&child)?, "shutdownState")?
                }
                "previousState" => {
                    decode::once(&mut previous_state, decoder.string(&child)?, "previousState")?
                }
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            return_,
            node_name,
            status_message,
            instance_id: decode::required(instance_id, "ncTerminateInstanceResponseType", "instanceId")?,
            shutdown_state,
            previous_state,
        })
    }
}

impl Message for NcTerminateInstanceResponse {
    const NAME: &'static str = "ncTerminateInstanceResponse";
}

/// The `ncTerminateInstance` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ncTerminateInstance"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NcTerminateInstance {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nodeName`: host part of the node's URL.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nodeName"))]
    #[cfg_attr(feature = "serde", serde(rename = "nodeName", skip_serializing_if = "Option::is_none"))]
    pub node_name: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<i32>,
    /// `instanceId`: `i-` and 8 hexadecimal digits.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceId"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceId"))]
    pub instance_id: String,
}

impl Encode for NcTerminateInstance {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.node_name {
            encoder.string("<n:nodeName>", value, "</n:nodeName>");
        }
        if let Some(value) = self.status_message {
            encoder.int("<n:statusMessage>", value, "</n:statusMessage>");
        }
        encoder.string("<n:instanceId>", &self.instance_id, "</n:instanceId>");
    }
}

impl Decode for NcTerminateInstance {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut return_ = None;
        let mut node_name = None;
        let mut status_message = None;
        let mut instance_id = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["correlationId", "nodeName", "statusMessage"],
                    &["correlationId", "userId", "return", "nodeName", "statusMessage", "instanceId"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nodeName" => decode::once(&mut node_name, decoder.string(&child)?, "nodeName")?,
                "statusMessage" => decode::once(&mut status_message, decoder.int(&child)?, "statusMessage")?,
                "instanceId" => decode::once(&mut instance_id, decoder.string(&child)?, "instanceId")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            return_,
            node_name,
            status_message,
            instance_id: decode::required(instance_id, "ncTerminateInstanceType", "instanceId")?,
        })
    }
}

impl Message for NcTerminateInstance {
    const NAME: &'static str = "ncTerminateInstance";
}

/// `netConfigType`, part of other messages.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "netConfigType"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NetConfig {
    /// `privateMacAddress`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "privateMacAddress"))]
    #[cfg_attr(feature = "serde", serde(rename = "privateMacAddress"))]
    pub private_mac_address: String,
    /// `privateIp`: dotted IPv4, `0.0.0.0` while unknown.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "privateIp"))]
    #[cfg_attr(feature = "serde", serde(rename = "privateIp"))]
    pub private_ip: String,
    /// `publicIp`: dotted IPv4, `0.0.0.0` while unknown.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "publicIp"))]
    #[cfg_attr(feature = "serde", serde(rename = "publicIp"))]
    pub public_ip: String,
    /// `vlan`: VLAN tag, -1 without managed networks.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "vlan"))]
    #[cfg_attr(feature = "serde", serde(rename = "vlan"))]
    pub vlan: i32,
    /// `networkIndex`: host index in the virtual network, -1 without one.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "networkIndex"))]
    #[cfg_attr(feature = "serde", serde(rename = "networkIndex"))]
    pub network_index: i32,
}

impl Encode for NetConfig {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.string("<n:privateMacAddress>", &self.private_mac_address, "</n:privateMacAddress>");
        encoder.string("<n:privateIp>", &self.private_ip, "</n:privateIp>");
        encoder.string("<n:publicIp>", &self.public_ip, "</n:publicIp>");
        encoder.int("<n:vlan>", self.vlan, "</n:vlan>");
        encoder.int("<n:networkIndex>", self.network_index, "</n:networkIndex>");
    }
}

impl Decode for NetConfig {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut private_mac_address = None;
        let mut private_ip = None;
        let mut public_ip = None;
        let mut vlan = None;
        let mut network_index = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &[],
                    &["privateMacAddress", "privateIp", "publicIp", "vlan", "networkIndex"],
                )?;
                continue;
            }
            match child.name() {
                "privateMacAddress" => {
                    decode::once(&mut private_mac_address, decoder.string(&child)?, "privateMacAddress")?
                }
                "privateIp" => decode::once(&mut private_ip, decoder.string(&child)?, "privateIp")?,
                "publicIp" => decode::once(&mut public_ip, decoder.string(&child)?, "publicIp")?,
                "vlan" => decode::once(&mut vlan, decoder.int(&child)?, "vlan")?,
                "networkIndex" => decode::once(&mut network_index, decoder.int(&child)?, "networkIndex")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            private_mac_address: decode::required(private_mac_address, "netConfigType", "privateMacAddress")?,
            private_ip: decode::required(private_ip, "netConfigType", "privateIp")?,
            public_ip: decode::required(public_ip, "netConfigType", "publicIp")?,
            vlan: decode::required(vlan, "netConfigType", "vlan")?,
            network_index: decode::required(network_index, "netConfigType", "networkIndex")?,
        })
    }
}

/// `virtualMachineType`, part of other messages.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "virtualMachineType"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct VirtualMachine {
    /// `name`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "name"))]
    #[cfg_attr(feature = "serde", serde(rename = "name", skip_serializing_if = "Option::is_none"))]
    pub name: Option<String>,
    /// `memory`: MiB.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "memory"))]
    #[cfg_attr(feature = "serde", serde(rename = "memory", skip_serializing_if = "Option::is_none"))]
    pub memory: Option<i32>,
    /// `cores`: number of virtual processors.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "cores"))]
    #[cfg_attr(feature = "serde", serde(rename = "cores", skip_serializing_if = "Option::is_none"))]
    pub cores: Option<i32>,
    /// `disk`: GiB.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "disk"))]
    #[cfg_attr(feature = "serde", serde(rename = "disk", skip_serializing_if = "Option::is_none"))]
    pub disk: Option<i32>,
    /// `deviceMapping`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "deviceMapping"))]
    #[cfg_attr(feature = "serde", serde(rename = "deviceMapping"))]
    pub device_mapping: Vec<DeviceMapping>,
}

impl Encode for VirtualMachine {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.name {
            encoder.string("<n:name>", value, "</n:name>");
        }
        if let Some(value) = self.memory {
            encoder.int("<n:memory>", value, "</n:memory>");
        }
        if let Some(value) = self.cores {
            encoder.int("<n:cores>", value, "</n:cores>");
        }
        if let Some(value) = self.disk {
            encoder.int("<n:disk>", value, "</n:disk>");
        }
        for value in &self.device_mapping {
            encoder.nested("<n:deviceMapping>", value, "</n:deviceMapping>");
        }
    }
}

impl Decode for VirtualMachine {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut name = None;
        let mut memory = None;
        let mut cores = None;
        let mut disk = None;
        let mut device_mapping = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(&child, &[], &["name", "memory", "cores", "disk", "deviceMapping"])?;
                continue;
            }
            match child.name() {
                "name" => decode::once(&mut name, decoder.string(&child)?, "name")?,
                "memory" => decode::once(&mut memory, decoder.int(&child)?, "memory")?,
                "cores" => decode::once(&mut cores, decoder.int(&child)?, "cores")?,
                "disk" => decode::once(&mut disk, decoder.int(&child)?, "disk")?,
                "deviceMapping" => device_mapping.push(Decode::decode(decoder)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { name, memory, cores, disk, device_mapping })
    }
}

/// `volumeType`, part of other messages.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "volumeType"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Volume {
    /// `volumeId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "volumeId"))]
    #[cfg_attr(feature = "serde", serde(rename = "volumeId", skip_serializing_if = "Option::is_none"))]
    pub volume_id: Option<String>,
    /// `remoteDev`: AoE device path or iSCSI connection string.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "remoteDev"))]
    #[cfg_attr(feature = "serde", serde(rename = "remoteDev", skip_serializing_if = "Option::is_none"))]
    pub remote_dev: Option<String>,
    /// `localDev`: device name in the guest.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "localDev"))]
    #[cfg_attr(feature = "serde", serde(rename = "localDev", skip_serializing_if = "Option::is_none"))]
    pub local_dev: Option<String>,
    /// `state`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "state"))]
    #[cfg_attr(feature = "serde", serde(rename = "state", skip_serializing_if = "Option::is_none"))]
    pub state: Option<String>,
}

impl Encode for Volume {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.volume_id {
            encoder.string("<n:volumeId>", value, "</n:volumeId>");
        }
        if let Some(value) = &self.remote_dev {
            encoder.string("<n:remoteDev>", value, "</n:remoteDev>");
        }
        if let Some(value) = &self.local_dev {
            encoder.string("<n:localDev>", value, "</n:localDev>");
        }
        if let Some(value) = &self.state {
            encoder.string("<n:state>", value, "</n:state>");
        }
    }
}

impl Decode for Volume {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut volume_id = None;
        let mut remote_dev = None;
        let mut local_dev = None;
        let mut state = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(&child, &[], &["volumeId", "remoteDev", "localDev", "state"])?;
                continue;
            }
            match child.name() {
                "volumeId" => decode::once(&mut volume_id, decoder.string(&child)?, "volumeId")?,
                "remoteDev" => decode::once(&mut remote_dev, decoder.string(&child)?, "remoteDev")?,
                "localDev" => decode::once(&mut local_dev, decoder.string(&child)?, "localDev")?,
                "state" => decode::once(&mut state, decoder.string(&child)?, "state")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { volume_id, remote_dev, local_dev, state })
    }
}

impl Request for NcAttachVolume {
    type Response = NcAttachVolumeResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "ncAttachVolume", action: "EucalyptusNC#ncAttachVolume" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl NcAttachVolume {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> NcAttachVolumeResponse {
        NcAttachVolumeResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            ..Default::default()
        }
    }
}

impl Request for NcBundleInstance {
    type Response = NcBundleInstanceResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "ncBundleInstance", action: "EucalyptusNC#ncBundleInstance" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl NcBundleInstance {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> NcBundleInstanceResponse {
        NcBundleInstanceResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            ..Default::default()
        }
    }
}

impl Request for NcCancelBundleTask {
    type Response = NcCancelBundleTaskResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "ncCancelBundleTask", action: "EucalyptusNC#ncCancelBundleTask" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl NcCancelBundleTask {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> NcCancelBundleTaskResponse {
        NcCancelBundleTaskResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            ..Default::default()
        }
    }
}

impl Request for NcDescribeBundleTasks {
    type Response = NcDescribeBundleTasksResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "ncDescribeBundleTasks", action: "EucalyptusNC#ncDescribeBundleTasks" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl NcDescribeBundleTasks {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> NcDescribeBundleTasksResponse {
        NcDescribeBundleTasksResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            ..Default::default()
        }
    }
}

impl Request for NcDescribeInstances {
    type Response = NcDescribeInstancesResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "ncDescribeInstances", action: "EucalyptusNC#ncDescribeInstances" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl NcDescribeInstances {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> NcDescribeInstancesResponse {
        NcDescribeInstancesResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            ..Default::default()
        }
    }
}

impl Request for NcDescribeResource {
    type Response = NcDescribeResourceResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "ncDescribeResource", action: "EucalyptusNC#ncDescribeResource" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl NcDescribeResource {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> NcDescribeResourceResponse {
        NcDescribeResourceResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            ..Default::default()
        }
    }
}

impl Request for NcDetachVolume {
    type Response = NcDetachVolumeResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "ncDetachVolume", action: "EucalyptusNC#ncDetachVolume" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl NcDetachVolume {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> NcDetachVolumeResponse {
        NcDetachVolumeResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            ..Default::default()
        }
    }
}

impl Request for NcGetConsoleOutput {
    type Response = NcGetConsoleOutputResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "ncGetConsoleOutput", action: "EucalyptusNC#ncGetConsoleOutput" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl NcGetConsoleOutput {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> NcGetConsoleOutputResponse {
        NcGetConsoleOutputResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            ..Default::default()
        }
    }
}

impl Request for NcPowerDown {
    type Response = NcPowerDownResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "ncPowerDown", action: "EucalyptusNC#ncPowerDown" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl NcPowerDown {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> NcPowerDownResponse {
        NcPowerDownResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            ..Default::default()
        }
    }
}

impl Request for NcRebootInstance {
    type Response = NcRebootInstanceResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "ncRebootInstance", action: "EucalyptusNC#ncRebootInstance" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl NcRebootInstance {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> NcRebootInstanceResponse {
        NcRebootInstanceResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            ..Default::default()
        }
    }
}

impl Request for NcRunInstance {
    type Response = NcRunInstanceResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "ncRunInstance", action: "EucalyptusNC#ncRunInstance" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl NcRunInstance {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> NcRunInstanceResponse {
        NcRunInstanceResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            ..Default::default()
        }
    }
}

impl Request for NcStartNetwork {
    type Response = NcStartNetworkResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "ncStartNetwork", action: "EucalyptusNC#ncStartNetwork" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl NcStartNetwork {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> NcStartNetworkResponse {
        NcStartNetworkResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            ..Default::default()
        }
    }
}

impl Request for NcTerminateInstance {
    type Response = NcTerminateInstanceResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "ncTerminateInstance", action: "EucalyptusNC#ncTerminateInstance" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl NcTerminateInstance {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> NcTerminateInstanceResponse {
        NcTerminateInstanceResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            ..Default::default()
        }
    }
}

/// The operations of EucalyptusNC.
pub trait NodeApi: Send + Sync + 'static {
    /// What an operation fails with.
    type Error: Send;

    /// `operation` may be called soon: what does not depend on the request can be got ready. A hint.
    fn prepare(&self, _operation: &'static Operation) {}

    /// Who carries the calls to a service that is remote, and can poll it.
    fn caller(&self) -> Option<&impl Caller> {
        None::<&std::convert::Infallible>
    }

    /// `EucalyptusNC#ncAttachVolume`.
    fn nc_attach_volume(
        &self,
        request: NcAttachVolume,
    ) -> impl Future<Output = Result<NcAttachVolumeResponse, Self::Error>> + Send;

    /// `EucalyptusNC#ncBundleInstance`.
    fn nc_bundle_instance(
        &self,
        request: NcBundleInstance,
    ) -> impl Future<Output = Result<NcBundleInstanceResponse, Self::Error>> + Send;

    /// `EucalyptusNC#ncCancelBundleTask`.
    fn nc_cancel_bundle_task(
        &self,
        request: NcCancelBundleTask,
    ) -> impl Future<Output = Result<NcCancelBundleTaskResponse, Self::Error>> + Send;

    /// `EucalyptusNC#ncDescribeBundleTasks`.
    fn nc_describe_bundle_tasks(
        &self,
        request: NcDescribeBundleTasks,
    ) -> impl Future<Output = Result<NcDescribeBundleTasksResponse, Self::Error>> + Send;

    /// `EucalyptusNC#ncDescribeInstances`.
    fn nc_describe_instances(
        &self,
        request: NcDescribeInstances,
    ) -> impl Future<Output = Result<NcDescribeInstancesResponse, Self::Error>> + Send;

    /// `EucalyptusNC#ncDescribeResource`.
    fn nc_describe_resource(
        &self,
        request: NcDescribeResource,
    ) -> impl Future<Output = Result<NcDescribeResourceResponse, Self::Error>> + Send;

    /// `EucalyptusNC#ncDetachVolume`.
    fn nc_detach_volume(
        &self,
        request: NcDetachVolume,
    ) -> impl Future<Output = Result<NcDetachVolumeResponse, Self::Error>> + Send;

    /// `EucalyptusNC#ncGetConsoleOutput`.
    fn nc_get_console_output(
        &self,
        request: NcGetConsoleOutput,
    ) -> impl Future<Output = Result<NcGetConsoleOutputResponse, Self::Error>> + Send;

    /// `EucalyptusNC#ncPowerDown`.
    fn nc_power_down(
        &self,
        request: NcPowerDown,
    ) -> impl Future<Output = Result<NcPowerDownResponse, Self::Error>> + Send;

    /// `EucalyptusNC#ncRebootInstance`.
    fn nc_reboot_instance(
        &self,
        request: NcRebootInstance,
    ) -> impl Future<Output = Result<NcRebootInstanceResponse, Self::Error>> + Send;

    /// `EucalyptusNC#ncRunInstance`.
    fn nc_run_instance(
        &self,
        request: NcRunInstance,
    ) -> impl Future<Output = Result<NcRunInstanceResponse, Self::Error>> + Send;

    /// `EucalyptusNC#ncStartNetwork`.
    fn nc_start_network(
        &self,
        request: NcStartNetwork,
    ) -> impl Future<Output = Result<NcStartNetworkResponse, Self::Error>> + Send;

    /// `EucalyptusNC#ncTerminateInstance`.
    fn nc_terminate_instance(
        &self,
        request: NcTerminateInstance,
    ) -> impl Future<Output = Result<NcTerminateInstanceResponse, Self::Error>> + Send;
}

impl<C: Caller> NodeApi for Stub<C> {
    type Error = CallError;

    fn prepare(&self, operation: &'static Operation) {
        self.0.prepare(operation);
    }

    fn caller(&self) -> Option<&impl Caller> {
        Some(&self.0)
    }

    fn nc_attach_volume(
        &self,
        request: NcAttachVolume,
    ) -> impl Future<Output = Result<NcAttachVolumeResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn nc_bundle_instance(
        &self,
        request: NcBundleInstance,
    ) -> impl Future<Output = Result<NcBundleInstanceResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn nc_cancel_bundle_task(
        &self,
        request: NcCancelBundleTask,
    ) -> impl Future<Output = Result<NcCancelBundleTaskResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn nc_describe_bundle_tasks(
        &self,
        request: NcDescribeBundleTasks,
    ) -> impl Future<Output = Result<NcDescribeBundleTasksResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn nc_describe_instances(
        &self,
        request: NcDescribeInstances,
    ) -> impl Future<Output = Result<NcDescribeInstancesResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn nc_describe_resource(
        &self,
        request: NcDescribeResource,
    ) -> impl Future<Output = Result<NcDescribeResourceResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn nc_detach_volume(
        &self,
        request: NcDetachVolume,
    ) -> impl Future<Output = Result<NcDetachVolumeResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn nc_get_console_output(
        &self,
        request: NcGetConsoleOutput,
    ) -> impl Future<Output = Result<NcGetConsoleOutputResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn nc_power_down(
        &self,
        request: NcPowerDown,
    ) -> impl Future<Output = Result<NcPowerDownResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn nc_reboot_instance(
        &self,
        request: NcRebootInstance,
    ) -> impl Future<Output = Result<NcRebootInstanceResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn nc_run_instance(
        &self,
        request: NcRunInstance,
    ) -> impl Future<Output = Result<NcRunInstanceResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn nc_start_network(
        &self,
        request: NcStartNetwork,
    ) -> impl Future<Output = Result<NcStartNetworkResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn nc_terminate_instance(
        &self,
        request: NcTerminateInstance,
    ) -> impl Future<Output = Result<NcTerminateInstanceResponse, CallError>> + Send {
        self.0.call(request)
    }
}

/// Any request of EucalyptusNC.
#[derive(Debug)]
pub enum NodeRequest {
    /// `ncAttachVolume`.
    NcAttachVolume(Box<NcAttachVolume>),
    /// `ncBundleInstance`.
    NcBundleInstance(Box<NcBundleInstance>),
    /// `ncCancelBundleTask`.
    NcCancelBundleTask(Box<NcCancelBundleTask>),
    /// `ncDescribeBundleTasks`.
    NcDescribeBundleTasks(Box<NcDescribeBundleTasks>),
    /// `ncDescribeInstances`.
    NcDescribeInstances(Box<NcDescribeInstances>),
    /// `ncDescribeResource`.
    NcDescribeResource(Box<NcDescribeResource>),
    /// `ncDetachVolume`.
    NcDetachVolume(Box<NcDetachVolume>),
    /// `ncGetConsoleOutput`.
    NcGetConsoleOutput(Box<NcGetConsoleOutput>),
    /// `ncPowerDown`.
    NcPowerDown(Box<NcPowerDown>),
    /// `ncRebootInstance`.
    NcRebootInstance(Box<NcRebootInstance>),
    /// `ncRunInstance`.
    NcRunInstance(Box<NcRunInstance>),
    /// `ncStartNetwork`.
    NcStartNetwork(Box<NcStartNetwork>),
    /// `ncTerminateInstance`.
    NcTerminateInstance(Box<NcTerminateInstance>),
}

/// EucalyptusNC behind an endpoint: dispatches to an implementation of [`NodeApi`].
#[derive(Debug, Clone)]
pub struct NodeService<S>(pub std::sync::Arc<S>);

impl<S: NodeApi> Service for NodeService<S> {
    const NAME: &'static str = "EucalyptusNC";
    const WSDL: &'static str = include_str!("../../../../wsdl/2.0.1/eucalyptus_nc.wsdl");
    type AnyRequest = NodeRequest;
    type Error = S::Error;

    fn find(name: &str) -> Option<&'static Operation> {
        match name {
            "ncAttachVolume" => Some(NcAttachVolume::OPERATION),
            "ncBundleInstance" => Some(NcBundleInstance::OPERATION),
            "ncCancelBundleTask" => Some(NcCancelBundleTask::OPERATION),
            "ncDescribeBundleTasks" => Some(NcDescribeBundleTasks::OPERATION),
            "ncDescribeInstances" => Some(NcDescribeInstances::OPERATION),
            "ncDescribeResource" => Some(NcDescribeResource::OPERATION),
            "ncDetachVolume" => Some(NcDetachVolume::OPERATION),
            "ncGetConsoleOutput" => Some(NcGetConsoleOutput::OPERATION),
            "ncPowerDown" => Some(NcPowerDown::OPERATION),
            "ncRebootInstance" => Some(NcRebootInstance::OPERATION),
            "ncRunInstance" => Some(NcRunInstance::OPERATION),
            "ncStartNetwork" => Some(NcStartNetwork::OPERATION),
            "ncTerminateInstance" => Some(NcTerminateInstance::OPERATION),
            _ => None,
        }
    }

    fn decode(operation: &'static Operation, body: &Element<'_>) -> Result<NodeRequest, DecodeError> {
        match operation.name {
            "ncAttachVolume" => {
                NcAttachVolume::read(body).map(|request| NodeRequest::NcAttachVolume(Box::new(request)))
            }
            "ncBundleInstance" => {
                NcBundleInstance::read(body).map(|request| NodeRequest::NcBundleInstance(Box::new(request)))
            }
            "ncCancelBundleTask" => NcCancelBundleTask::read(body)
                .map(|request| NodeRequest::NcCancelBundleTask(Box::new(request))),
            "ncDescribeBundleTasks" => NcDescribeBundleTasks::read(body)
                .map(|request| NodeRequest::NcDescribeBundleTasks(Box::new(request))),
            "ncDescribeInstances" => NcDescribeInstances::read(body)
                .map(|request| NodeRequest::NcDescribeInstances(Box::new(request))),
            "ncDescribeResource" => NcDescribeResource::read(body)
                .map(|request| NodeRequest::NcDescribeResource(Box::new(request))),
            "ncDetachVolume" => {
                NcDetachVolume::read(body).map(|request| NodeRequest::NcDetachVolume(Box::new(request)))
            }
            "ncGetConsoleOutput" => NcGetConsoleOutput::read(body)
                .map(|request| NodeRequest::NcGetConsoleOutput(Box::new(request))),
            "ncPowerDown" => {
                NcPowerDown::read(body).map(|request| NodeRequest::NcPowerDown(Box::new(request)))
            }
            "ncRebootInstance" => {
                NcRebootInstance::read(body).map(|request| NodeRequest::NcRebootInstance(Box::new(request)))
            }
            "ncRunInstance" => {
                NcRunInstance::read(body).map(|request| NodeRequest::NcRunInstance(Box::new(request)))
            }
            "ncStartNetwork" => {
                NcStartNetwork::read(body).map(|request| NodeRequest::NcStartNetwork(Box::new(request)))
            }
            "ncTerminateInstance" => NcTerminateInstance::read(body)
                .map(|request| NodeRequest::NcTerminateInstance(Box::new(request))),
            name => Err(DecodeError::Root { expected: "a request", found: name.to_owned() }),
        }
    }

    fn identity(request: &NodeRequest) -> (Option<&str>, Option<&str>) {
        match request {
            NodeRequest::NcAttachVolume(request) => (request.correlation_id(), request.user_id()),
            NodeRequest::NcBundleInstance(request) => (request.correlation_id(), request.user_id()),
            NodeRequest::NcCancelBundleTask(request) => (request.correlation_id(), request.user_id()),
            NodeRequest::NcDescribeBundleTasks(request) => (request.correlation_id(), request.user_id()),
            NodeRequest::NcDescribeInstances(request) => (request.correlation_id(), request.user_id()),
            NodeRequest::NcDescribeResource(request) => (request.correlation_id(), request.user_id()),
            NodeRequest::NcDetachVolume(request) => (request.correlation_id(), request.user_id()),
            NodeRequest::NcGetConsoleOutput(request) => (request.correlation_id(), request.user_id()),
            NodeRequest::NcPowerDown(request) => (request.correlation_id(), request.user_id()),
            NodeRequest::NcRebootInstance(request) => (request.correlation_id(), request.user_id()),
            NodeRequest::NcRunInstance(request) => (request.correlation_id(), request.user_id()),
            NodeRequest::NcStartNetwork(request) => (request.correlation_id(), request.user_id()),
            NodeRequest::NcTerminateInstance(request) => (request.correlation_id(), request.user_id()),
        }
    }

    async fn run(&self, request: NodeRequest, out: &mut Vec<u8>) -> Result<bool, S::Error> {
        let mut encoder = Encoder::new(out, Generation::V2_0);
        let success = match request {
            NodeRequest::NcAttachVolume(request) => {
                let response = self.0.nc_attach_volume(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            NodeRequest::NcBundleInstance(request) => {
                let response = self.0.nc_bundle_instance(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            NodeRequest::NcCancelBundleTask(request) => {
                let response = self.0.nc_cancel_bundle_task(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            NodeRequest::NcDescribeBundleTasks(request) => {
                let response = self.0.nc_describe_bundle_tasks(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            NodeRequest::NcDescribeInstances(request) => {
                let response = self.0.nc_describe_instances(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            NodeRequest::NcDescribeResource(request) => {
                let response = self.0.nc_describe_resource(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            NodeRequest::NcDetachVolume(request) => {
                let response = self.0.nc_detach_volume(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            NodeRequest::NcGetConsoleOutput(request) => {
                let response = self.0.nc_get_console_output(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            NodeRequest::NcPowerDown(request) => {
                let response = self.0.nc_power_down(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            NodeRequest::NcRebootInstance(request) => {
                let response = self.0.nc_reboot_instance(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            NodeRequest::NcRunInstance(request) => {
                let response = self.0.nc_run_instance(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            NodeRequest::NcStartNetwork(request) => {
                let response = self.0.nc_start_network(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            NodeRequest::NcTerminateInstance(request) => {
                let response = self.0.nc_terminate_instance(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
        };
        Ok(success != Some(false))
    }
}
