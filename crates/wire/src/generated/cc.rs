// Generated from wsdl/2.0.1/eucalyptus_cc.wsdl by `cargo xtask codegen`. Do not edit.
//! Messages of EucalyptusCC, from `eucalyptus_cc.wsdl`.
// yaserde's derive makes `__return__value` of `return_`.
#![cfg_attr(feature = "yaserde", allow(non_snake_case))]

use std::future::Future;

use crate::DateTime;
use crate::decode::{self, Decode, DecodeError, Decoder, Element};
use crate::encode::{Encode, Encoder, Generation};
use crate::error::CallError;
use crate::service::{Caller, Message, Operation, Request, Service, Stub};
use crate::{CLC_BODY_LIMIT, Shared};

/// The `AssignAddressResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "AssignAddressResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct AssignAddressResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
}

impl Encode for AssignAddressResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
    }
}

impl Decode for AssignAddressResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_ })
    }
}

impl Message for AssignAddressResponse {
    const NAME: &'static str = "AssignAddressResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `AssignAddress` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "AssignAddress"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct AssignAddress {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `source`: public IPv4 address, dotted.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "source"))]
    #[cfg_attr(feature = "serde", serde(rename = "source"))]
    pub source: String,
    /// `dest`: private IPv4 address, dotted.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "dest"))]
    #[cfg_attr(feature = "serde", serde(rename = "dest"))]
    pub dest: String,
}

impl Encode for AssignAddress {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        encoder.string("<n:source>", &self.source, "</n:source>");
        encoder.string("<n:dest>", &self.dest, "</n:dest>");
    }
}

impl Decode for AssignAddress {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut source = None;
        let mut dest = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "source", "dest"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "source" => decode::once(&mut source, decoder.string(&child)?, "source")?,
                "dest" => decode::once(&mut dest, decoder.string(&child)?, "dest")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            status_message,
            return_,
            source: decode::required(source, "assignAddressType", "source")?,
            dest: decode::required(dest, "assignAddressType", "dest")?,
        })
    }
}

impl Message for AssignAddress {
    const NAME: &'static str = "AssignAddress";
}

/// The `AttachVolumeResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "AttachVolumeResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct AttachVolumeResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
}

impl Encode for AttachVolumeResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
    }
}

impl Decode for AttachVolumeResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_ })
    }
}

impl Message for AttachVolumeResponse {
    const NAME: &'static str = "AttachVolumeResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `AttachVolume` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "AttachVolume"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct AttachVolume {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `volumeId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "volumeId"))]
    #[cfg_attr(feature = "serde", serde(rename = "volumeId", skip_serializing_if = "Option::is_none"))]
    pub volume_id: Option<String>,
    /// `instanceId`: `i-` and 8 hexadecimal digits.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceId"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceId", skip_serializing_if = "Option::is_none"))]
    pub instance_id: Option<String>,
    /// `remoteDev`: AoE device path or iSCSI connection string.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "remoteDev"))]
    #[cfg_attr(feature = "serde", serde(rename = "remoteDev", skip_serializing_if = "Option::is_none"))]
    pub remote_dev: Option<String>,
    /// `localDev`: device name in the guest.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "localDev"))]
    #[cfg_attr(feature = "serde", serde(rename = "localDev", skip_serializing_if = "Option::is_none"))]
    pub local_dev: Option<String>,
}

impl Encode for AttachVolume {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.volume_id {
            encoder.string("<n:volumeId>", value, "</n:volumeId>");
        }
        if let Some(value) = &self.instance_id {
            encoder.string("<n:instanceId>", value, "</n:instanceId>");
        }
        if let Some(value) = &self.remote_dev {
            encoder.string("<n:remoteDev>", value, "</n:remoteDev>");
        }
        if let Some(value) = &self.local_dev {
            encoder.string("<n:localDev>", value, "</n:localDev>");
        }
    }
}

impl Decode for AttachVolume {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut volume_id = None;
        let mut instance_id = None;
        let mut remote_dev = None;
        let mut local_dev = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &[
                        "correlationId",
                        "userId",
                        "statusMessage",
                        "return",
                        "volumeId",
                        "instanceId",
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
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "volumeId" => decode::once(&mut volume_id, decoder.string(&child)?, "volumeId")?,
                "instanceId" => decode::once(&mut instance_id, decoder.string(&child)?, "instanceId")?,
                "remoteDev" => decode::once(&mut remote_dev, decoder.string(&child)?, "remoteDev")?,
                "localDev" => decode::once(&mut local_dev, decoder.string(&child)?, "localDev")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            status_message,
            return_,
            volume_id,
            instance_id,
            remote_dev,
            local_dev,
        })
    }
}

impl Message for AttachVolume {
    const NAME: &'static str = "AttachVolume";
}

/// The `BundleInstanceResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "BundleInstanceResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct BundleInstanceResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
}

impl Encode for BundleInstanceResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
    }
}

impl Decode for BundleInstanceResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_ })
    }
}

impl Message for BundleInstanceResponse {
    const NAME: &'static str = "BundleInstanceResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `BundleInstance` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "BundleInstance"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct BundleInstance {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
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
    /// `S3Policy`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "S3Policy"))]
    #[cfg_attr(feature = "serde", serde(rename = "S3Policy", skip_serializing_if = "Option::is_none"))]
    pub s3_policy: Option<String>,
    /// `S3PolicySig`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "S3PolicySig"))]
    #[cfg_attr(feature = "serde", serde(rename = "S3PolicySig", skip_serializing_if = "Option::is_none"))]
    pub s3_policy_sig: Option<String>,
}

impl Encode for BundleInstance {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
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
        if let Some(value) = &self.s3_policy {
            encoder.string("<n:S3Policy>", value, "</n:S3Policy>");
        }
        if let Some(value) = &self.s3_policy_sig {
            encoder.string("<n:S3PolicySig>", value, "</n:S3PolicySig>");
        }
    }
}

impl Decode for BundleInstance {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut instance_id = None;
        let mut bucket_name = None;
        let mut file_prefix = None;
        let mut walrus_url = None;
        let mut user_public_key = None;
        let mut s3_policy = None;
        let mut s3_policy_sig = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &[
                        "correlationId",
                        "userId",
                        "statusMessage",
                        "return",
                        "instanceId",
                        "bucketName",
                        "filePrefix",
                        "walrusURL",
                        "userPublicKey",
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
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "instanceId" => decode::once(&mut instance_id, decoder.string(&child)?, "instanceId")?,
                "bucketName" => decode::once(&mut bucket_name, decoder.string(&child)?, "bucketName")?,
                "filePrefix" => decode::once(&mut file_prefix, decoder.string(&child)?, "filePrefix")?,
                "walrusURL" => decode::once(&mut walrus_url, decoder.string(&child)?, "walrusURL")?,
                "userPublicKey" => {
                    decode::once(&mut user_public_key, decoder.string(&child)?, "userPublicKey")?
                }
                "S3Policy" => decode::once(&mut s3_policy, decoder.string(&child)?, "S3Policy")?,
                "S3PolicySig" => decode::once(&mut s3_policy_sig, decoder.string(&child)?, "S3PolicySig")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            status_message,
            return_,
            instance_id,
            bucket_name,
            file_prefix,
            walrus_url,
            user_public_key,
            s3_policy,
            s3_policy_sig,
        })
    }
}

impl Message for BundleInstance {
    const NAME: &'static str = "BundleInstance";
}

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
}

impl Encode for BundleTask {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.instance_id {
            encoder.string("<n:instanceId>", value, "</n:instanceId>");
        }
        if let Some(value) = &self.state {
            encoder.string("<n:state>", value, "</n:state>");
        }
    }
}

impl Decode for BundleTask {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut instance_id = None;
        let mut state = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(&child, &[], &["instanceId", "state"])?;
                continue;
            }
            match child.name() {
                "instanceId" => decode::once(&mut instance_id, decoder.string(&child)?, "instanceId")?,
                "state" => decode::once(&mut state, decoder.string(&child)?, "state")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { instance_id, state })
    }
}

/// The `CancelBundleTaskResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "CancelBundleTaskResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct CancelBundleTaskResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
}

impl Encode for CancelBundleTaskResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
    }
}

impl Decode for CancelBundleTaskResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_ })
    }
}

impl Message for CancelBundleTaskResponse {
    const NAME: &'static str = "CancelBundleTaskResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `CancelBundleTask` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "CancelBundleTask"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct CancelBundleTask {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `instanceId`: `i-` and 8 hexadecimal digits.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceId"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceId", skip_serializing_if = "Option::is_none"))]
    pub instance_id: Option<String>,
}

impl Encode for CancelBundleTask {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.instance_id {
            encoder.string("<n:instanceId>", value, "</n:instanceId>");
        }
    }
}

impl Decode for CancelBundleTask {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut instance_id = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "instanceId"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "instanceId" => decode::once(&mut instance_id, decoder.string(&child)?, "instanceId")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, instance_id })
    }
}

impl Message for CancelBundleTask {
    const NAME: &'static str = "CancelBundleTask";
}

/// `ccInstanceType`, part of other messages.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ccInstanceType"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct CcInstance {
    /// `imageId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "imageId"))]
    #[cfg_attr(feature = "serde", serde(rename = "imageId", skip_serializing_if = "Option::is_none"))]
    pub image_id: Option<String>,
    /// `kernelId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "kernelId"))]
    #[cfg_attr(feature = "serde", serde(rename = "kernelId", skip_serializing_if = "Option::is_none"))]
    pub kernel_id: Option<String>,
    /// `ramdiskId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "ramdiskId"))]
    #[cfg_attr(feature = "serde", serde(rename = "ramdiskId", skip_serializing_if = "Option::is_none"))]
    pub ramdisk_id: Option<String>,
    /// `instanceId`: `i-` and 8 hexadecimal digits.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceId"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceId", skip_serializing_if = "Option::is_none"))]
    pub instance_id: Option<String>,
    /// `instanceType`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceType"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceType", skip_serializing_if = "Option::is_none"))]
    pub instance_type: Option<VirtualMachine>,
    /// `keyName`: the OpenSSH public key itself, empty without one.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "keyName"))]
    #[cfg_attr(feature = "serde", serde(rename = "keyName", skip_serializing_if = "Option::is_none"))]
    pub key_name: Option<String>,
    /// `launchTime`: when the controller accepted the instance.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "launchTime"))]
    #[cfg_attr(feature = "serde", serde(rename = "launchTime", skip_serializing_if = "Option::is_none"))]
    pub launch_time: Option<DateTime>,
    /// `stateName`: `Pending`, `Extant` or `Teardown`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "stateName"))]
    #[cfg_attr(feature = "serde", serde(rename = "stateName", skip_serializing_if = "Option::is_none"))]
    pub state_name: Option<String>,
    /// `netParams`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "netParams"))]
    #[cfg_attr(feature = "serde", serde(rename = "netParams", skip_serializing_if = "Option::is_none"))]
    pub net_params: Option<NetConfig>,
    /// `ownerId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "ownerId"))]
    #[cfg_attr(feature = "serde", serde(rename = "ownerId", skip_serializing_if = "Option::is_none"))]
    pub owner_id: Option<String>,
    /// `reservationId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "reservationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "reservationId", skip_serializing_if = "Option::is_none"))]
    pub reservation_id: Option<String>,
    /// `serviceTag`: URL of a node's service, or `self`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "serviceTag"))]
    #[cfg_attr(feature = "serde", serde(rename = "serviceTag", skip_serializing_if = "Option::is_none"))]
    pub service_tag: Option<String>,
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
    /// `bundleTaskStateName`: `none`, `bundling`, `succeeded`, `failed` or `cancelled`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "bundleTaskStateName"))]
    #[cfg_attr(
        feature = "serde",
        serde(rename = "bundleTaskStateName", skip_serializing_if = "Option::is_none")
    )]
    pub bundle_task_state_name: Option<String>,
    /// `groupNames`: security groups; at most 64 count.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "groupNames"))]
    #[cfg_attr(feature = "serde", serde(rename = "groupNames"))]
    pub group_names: Vec<String>,
    /// `volumes`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "volumes"))]
    #[cfg_attr(feature = "serde", serde(rename = "volumes"))]
    pub volumes: Vec<Volume>,
}

impl Encode for CcInstance {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.image_id {
            encoder.string("<n:imageId>", value, "</n:imageId>");
        }
        if let Some(value) = &self.kernel_id {
            encoder.string("<n:kernelId>", value, "</n:kernelId>");
        }
        if let Some(value) = &self.ramdisk_id {
            encoder.string("<n:ramdiskId>", value, "</n:ramdiskId>");
        }
        if let Some(value) = &self.instance_id {
            encoder.string("<n:instanceId>", value, "</n:instanceId>");
        }
        if let Some(value) = &self.instance_type {
            encoder.nested("<n:instanceType>", value, "</n:instanceType>");
        }
        if let Some(value) = &self.key_name {
            encoder.string("<n:keyName>", value, "</n:keyName>");
        }
        if let Some(value) = self.launch_time {
            encoder.date_time("<n:launchTime>", value, "</n:launchTime>");
        }
        if let Some(value) = &self.state_name {
            encoder.string("<n:stateName>", value, "</n:stateName>");
        }
        if let Some(value) = &self.net_params {
            encoder.nested("<n:netParams>", value, "</n:netParams>");
        }
        if let Some(value) = &self.owner_id {
            encoder.string("<n:ownerId>", value, "</n:ownerId>");
        }
        if let Some(value) = &self.reservation_id {
            encoder.string("<n:reservationId>", value, "</n:reservationId>");
        }
        if let Some(value) = &self.service_tag {
            encoder.string("<n:serviceTag>", value, "</n:serviceTag>");
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
        if let Some(value) = &self.bundle_task_state_name {
            encoder.string("<n:bundleTaskStateName>", value, "</n:bundleTaskStateName>");
        }
        for value in &self.group_names {
            encoder.string("<n:groupNames>", value, "</n:groupNames>");
        }
        for value in &self.volumes {
            encoder.nested("<n:volumes>", value, "</n:volumes>");
        }
    }
}

impl Decode for CcInstance {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut image_id = None;
        let mut kernel_id = None;
        let mut ramdisk_id = None;
        let mut instance_id = None;
        let mut instance_type = None;
        let mut key_name = None;
        let mut launch_time = None;
        let mut state_name = None;
        let mut net_params = None;
        let mut owner_id = None;
        let mut reservation_id = None;
        let mut service_tag = None;
        let mut user_data = None;
        let mut launch_index = None;
        let mut platform = None;
        let mut bundle_task_state_name = None;
        let mut group_names = Vec::new();
        let mut volumes = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &[],
                    &[
                        "imageId",
                        "kernelId",
                        "ramdiskId",
                        "instanceId",
                        "instanceType",
                        "keyName",
                        "launchTime",
                        "stateName",
                        "netParams",
                        "ownerId",
                        "reservationId",
                        "serviceTag",
                        "userData",
                        "launchIndex",
                        "platform",
                        "bundleTaskStateName",
                        "groupNames",
                        "volumes",
                    ],
                )?;
                continue;
            }
            match child.name() {
                "imageId" => decode::once(&mut image_id, decoder.string(&child)?, "imageId")?,
                "kernelId" => decode::once(&mut kernel_id, decoder.string(&child)?, "kernelId")?,
                "ramdiskId" => decode::once(&mut ramdisk_id, decoder.string(&child)?, "ramdiskId")?,
                "instanceId" => decode::once(&mut instance_id, decoder.string(&child)?, "instanceId")?,
                "instanceType" => decode::once(&mut instance_type, Decode::decode(decoder)?, "instanceType")?,
                "keyName" => decode::once(&mut key_name, decoder.string(&child)?, "keyName")?,
                "launchTime" => decode::once(&mut launch_time, decoder.date_time(&child)?, "launchTime")?,
                "stateName" => decode::once(&mut state_name, decoder.string(&child)?, "stateName")?,
                "netParams" => decode::once(&mut net_params, Decode::decode(decoder)?, "netParams")?,
                "ownerId" => decode::once(&mut owner_id, decoder.string(&child)?, "ownerId")?,
                "reservationId" => {
                    decode::once(&mut reservation_id, decoder.string(&child)?, "reservationId")?
                }
                "serviceTag" => decode::once(&mut service_tag, decoder.string(&child)?, "serviceTag")?,
                "userData" => decode::once(&mut user_data, decoder.string(&child)?, "userData")?,
                "launchIndex" => decode::once(&mut launch_index, decoder.string(&child)?, "launchIndex")?,
                "platform" => decode::once(&mut platform, decoder.string(&child)?, "platform")?,
                "bundleTaskStateName" => {
                    decode::once(&mut bundle_task_state_name, decoder.string(&child)?, "bundleTaskStateName")?
                }
                "groupNames" => group_names.push(decoder.string(&child)?),
                "volumes" => volumes.push(Decode::decode(decoder)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            image_id,
            kernel_id,
            ramdisk_id,
            instance_id,
            instance_type,
            key_name,
            launch_time,
            state_name,
            net_params,
            owner_id,
            reservation_id,
            service_tag,
            user_data,
            launch_index,
            platform,
            bundle_task_state_name,
            group_names,
            volumes,
        })
    }
}

/// `ccResourceType`, part of other messages.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ccResourceType"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct CcResource {
    /// `instanceType`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceType"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceType", skip_serializing_if = "Option::is_none"))]
    pub instance_type: Option<VirtualMachine>,
    /// `maxInstances`: instances of this type that fit an empty cluster.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "maxInstances"))]
    #[cfg_attr(feature = "serde", serde(rename = "maxInstances", skip_serializing_if = "Option::is_none"))]
    pub max_instances: Option<i32>,
    /// `availableInstances`: instances of this type that fit now.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "availableInstances"))]
    #[cfg_attr(
        feature = "serde",
        serde(rename = "availableInstances", skip_serializing_if = "Option::is_none")
    )]
    pub available_instances: Option<i32>,
}

impl Encode for CcResource {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.instance_type {
            encoder.nested("<n:instanceType>", value, "</n:instanceType>");
        }
        if let Some(value) = self.max_instances {
            encoder.int("<n:maxInstances>", value, "</n:maxInstances>");
        }
        if let Some(value) = self.available_instances {
            encoder.int("<n:availableInstances>", value, "</n:availableInstances>");
        }
    }
}

impl Decode for CcResource {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut instance_type = None;
        let mut max_instances = None;
        let mut available_instances = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(&child, &[], &["instanceType", "maxInstances", "availableInstances"])?;
                continue;
            }
            match child.name() {
                "instanceType" => decode::once(&mut instance_type, Decode::decode(decoder)?, "instanceType")?,
                "maxInstances" => decode::once(&mut max_instances, decoder.int(&child)?, "maxInstances")?,
                "availableInstances" => {
                    decode::once(&mut available_instances, decoder.int(&child)?, "availableInstances")?
                }
                _ => decoder.skip()?,
            }
        }
        Ok(Self { instance_type, max_instances, available_instances })
    }
}

/// The `ConfigureNetworkResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ConfigureNetworkResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct ConfigureNetworkResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
}

impl Encode for ConfigureNetworkResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
    }
}

impl Decode for ConfigureNetworkResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_ })
    }
}

impl Message for ConfigureNetworkResponse {
    const NAME: &'static str = "ConfigureNetworkResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `ConfigureNetwork` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "ConfigureNetwork"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct ConfigureNetwork {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `rules`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "rules"))]
    #[cfg_attr(feature = "serde", serde(rename = "rules"))]
    pub rules: Vec<NetworkRule>,
}

impl Encode for ConfigureNetwork {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        for value in &self.rules {
            encoder.nested("<n:rules>", value, "</n:rules>");
        }
    }
}

impl Decode for ConfigureNetwork {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut rules = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "rules"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "rules" => rules.push(Decode::decode(decoder)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, rules })
    }
}

impl Message for ConfigureNetwork {
    const NAME: &'static str = "ConfigureNetwork";
}

/// The `DescribeBundleTasksResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "DescribeBundleTasksResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct DescribeBundleTasksResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `bundleTasks`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "bundleTasks"))]
    #[cfg_attr(feature = "serde", serde(rename = "bundleTasks"))]
    pub bundle_tasks: Vec<BundleTask>,
}

impl Encode for DescribeBundleTasksResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        for value in &self.bundle_tasks {
            encoder.nested("<n:bundleTasks>", value, "</n:bundleTasks>");
        }
    }
}

impl Decode for DescribeBundleTasksResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut bundle_tasks = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "bundleTasks"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "bundleTasks" => bundle_tasks.push(Decode::decode(decoder)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, bundle_tasks })
    }
}

impl Message for DescribeBundleTasksResponse {
    const NAME: &'static str = "DescribeBundleTasksResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `DescribeBundleTasks` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "DescribeBundleTasks"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct DescribeBundleTasks {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `instanceIds`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceIds"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceIds"))]
    pub instance_ids: Vec<String>,
}

impl Encode for DescribeBundleTasks {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        for value in &self.instance_ids {
            encoder.string("<n:instanceIds>", value, "</n:instanceIds>");
        }
    }
}

impl Decode for DescribeBundleTasks {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut instance_ids = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "instanceIds"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "instanceIds" => instance_ids.push(decoder.string(&child)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, instance_ids })
    }
}

impl Message for DescribeBundleTasks {
    const NAME: &'static str = "DescribeBundleTasks";
}

/// The `DescribeInstancesResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "DescribeInstancesResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct DescribeInstancesResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `instances`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instances"))]
    #[cfg_attr(feature = "serde", serde(rename = "instances"))]
    pub instances: Vec<Shared<CcInstance>>,
}

impl Encode for DescribeInstancesResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        for value in &self.instances {
            encoder.nested("<n:instances>", value, "</n:instances>");
        }
    }
}

impl Decode for DescribeInstancesResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut instances = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "instances"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "instances" => instances.push(Decode::decode(decoder)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, instances })
    }
}

impl Message for DescribeInstancesResponse {
    const NAME: &'static str = "DescribeInstancesResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `DescribeInstances` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "DescribeInstances"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct DescribeInstances {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `instanceIds`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceIds"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceIds"))]
    pub instance_ids: Vec<String>,
}

impl Encode for DescribeInstances {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        for value in &self.instance_ids {
            encoder.string("<n:instanceIds>", value, "</n:instanceIds>");
        }
    }
}

impl Decode for DescribeInstances {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut instance_ids = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "instanceIds"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "instanceIds" => instance_ids.push(decoder.string(&child)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, instance_ids })
    }
}

impl Message for DescribeInstances {
    const NAME: &'static str = "DescribeInstances";
}

/// The `DescribeNetworksResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "DescribeNetworksResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct DescribeNetworksResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `mode`: 1 in MANAGED and MANAGED-NOVLAN, otherwise 0.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "mode"))]
    #[cfg_attr(feature = "serde", serde(rename = "mode", skip_serializing_if = "Option::is_none"))]
    pub mode: Option<i32>,
    /// `addrsPerNet`: addresses per network, 0 in SYSTEM mode.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "addrsPerNet"))]
    #[cfg_attr(feature = "serde", serde(rename = "addrsPerNet", skip_serializing_if = "Option::is_none"))]
    pub addrs_per_net: Option<i32>,
    /// `activeNetworks`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "activeNetworks"))]
    #[cfg_attr(feature = "serde", serde(rename = "activeNetworks"))]
    pub active_networks: Vec<Network>,
}

impl Encode for DescribeNetworksResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = self.mode {
            encoder.int("<n:mode>", value, "</n:mode>");
        }
        if let Some(value) = self.addrs_per_net {
            encoder.int("<n:addrsPerNet>", value, "</n:addrsPerNet>");
        }
        for value in &self.active_networks {
            encoder.nested("<n:activeNetworks>", value, "</n:activeNetworks>");
        }
    }
}

impl Decode for DescribeNetworksResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut mode = None;
        let mut addrs_per_net = None;
        let mut active_networks = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &[
                        "correlationId",
                        "userId",
                        "statusMessage",
                        "return",
                        "mode",
                        "addrsPerNet",
                        "activeNetworks",
                    ],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "mode" => decode::once(&mut mode, decoder.int(&child)?, "mode")?,
                "addrsPerNet" => decode::once(&mut addrs_per_net, decoder.int(&child)?, "addrsPerNet")?,
                "activeNetworks" => active_networks.push(Decode::decode(decoder)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, mode, addrs_per_net, active_networks })
    }
}

impl Message for DescribeNetworksResponse {
    const NAME: &'static str = "DescribeNetworksResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `DescribeNetworks` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "DescribeNetworks"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct DescribeNetworks {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `nameserver`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nameserver"))]
    #[cfg_attr(feature = "serde", serde(rename = "nameserver", skip_serializing_if = "Option::is_none"))]
    pub nameserver: Option<String>,
    /// `clusterControllers`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "clusterControllers"))]
    #[cfg_attr(feature = "serde", serde(rename = "clusterControllers"))]
    pub cluster_controllers: Vec<String>,
}

impl Encode for DescribeNetworks {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.nameserver {
            encoder.string("<n:nameserver>", value, "</n:nameserver>");
        }
        for value in &self.cluster_controllers {
            encoder.string("<n:clusterControllers>", value, "</n:clusterControllers>");
        }
    }
}

impl Decode for DescribeNetworks {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut nameserver = None;
        let mut cluster_controllers = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &[
                        "correlationId",
                        "userId",
                        "statusMessage",
                        "return",
                        "nameserver",
                        "clusterControllers",
                    ],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "nameserver" => decode::once(&mut nameserver, decoder.string(&child)?, "nameserver")?,
                "clusterControllers" => cluster_controllers.push(decoder.string(&child)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, nameserver, cluster_controllers })
    }
}

impl Message for DescribeNetworks {
    const NAME: &'static str = "DescribeNetworks";
}

/// The `DescribePublicAddressesResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "DescribePublicAddressesResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct DescribePublicAddressesResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `sourceAddresses`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "sourceAddresses"))]
    #[cfg_attr(feature = "serde", serde(rename = "sourceAddresses"))]
    pub source_addresses: Vec<String>,
    /// `destAddresses`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "destAddresses"))]
    #[cfg_attr(feature = "serde", serde(rename = "destAddresses"))]
    pub dest_addresses: Vec<String>,
}

impl Encode for DescribePublicAddressesResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        for value in &self.source_addresses {
            encoder.string("<n:sourceAddresses>", value, "</n:sourceAddresses>");
        }
        for value in &self.dest_addresses {
            encoder.string("<n:destAddresses>", value, "</n:destAddresses>");
        }
    }
}

impl Decode for DescribePublicAddressesResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut source_addresses = Vec::new();
        let mut dest_addresses = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &[
                        "correlationId",
                        "userId",
                        "statusMessage",
                        "return",
                        "sourceAddresses",
                        "destAddresses",
                    ],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "sourceAddresses" => source_addresses.push(decoder.string(&child)?),
                "destAddresses" => dest_addresses.push(decoder.string(&child)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, source_addresses, dest_addresses })
    }
}

impl Message for DescribePublicAddressesResponse {
    const NAME: &'static str = "DescribePublicAddressesResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `DescribePublicAddresses` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "DescribePublicAddresses"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct DescribePublicAddresses {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
}

impl Encode for DescribePublicAddresses {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
    }
}

impl Decode for DescribePublicAddresses {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_ })
    }
}

impl Message for DescribePublicAddresses {
    const NAME: &'static str = "DescribePublicAddresses";
}

/// The `DescribeResourcesResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "DescribeResourcesResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct DescribeResourcesResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `resources`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "resources"))]
    #[cfg_attr(feature = "serde", serde(rename = "resources"))]
    pub resources: Vec<CcResource>,
    /// `serviceTags`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "serviceTags"))]
    #[cfg_attr(feature = "serde", serde(rename = "serviceTags"))]
    pub service_tags: Vec<String>,
}

impl Encode for DescribeResourcesResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        for value in &self.resources {
            encoder.nested("<n:resources>", value, "</n:resources>");
        }
        for value in &self.service_tags {
            encoder.string("<n:serviceTags>", value, "</n:serviceTags>");
        }
    }
}

impl Decode for DescribeResourcesResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut resources = Vec::new();
        let mut service_tags = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "resources", "serviceTags"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "resources" => resources.push(Decode::decode(decoder)?),
                "serviceTags" => service_tags.push(decoder.string(&child)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, resources, service_tags })
    }
}

impl Message for DescribeResourcesResponse {
    const NAME: &'static str = "DescribeResourcesResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `DescribeResources` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "DescribeResources"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct DescribeResources {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `instanceTypes`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceTypes"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceTypes"))]
    pub instance_types: Vec<VirtualMachine>,
}

impl Encode for DescribeResources {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        for value in &self.instance_types {
            encoder.nested("<n:instanceTypes>", value, "</n:instanceTypes>");
        }
    }
}

impl Decode for DescribeResources {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut instance_types = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "instanceTypes"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "instanceTypes" => instance_types.push(Decode::decode(decoder)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            status_message,
            return_,
            instance_types: decode::at_least_one(instance_types, "describeResourcesType", "instanceTypes")?,
        })
    }
}

impl Message for DescribeResources {
    const NAME: &'static str = "DescribeResources";
}

/// The `DetachVolumeResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "DetachVolumeResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct DetachVolumeResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
}

impl Encode for DetachVolumeResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
    }
}

impl Decode for DetachVolumeResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_ })
    }
}

impl Message for DetachVolumeResponse {
    const NAME: &'static str = "DetachVolumeResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `DetachVolume` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "DetachVolume"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct DetachVolume {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
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

impl Encode for DetachVolume {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
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

impl Decode for DetachVolume {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut instance_id = None;
        let mut volume_id = None;
        let mut remote_dev = None;
        let mut local_dev = None;
        let mut force = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &[
                        "correlationId",
                        "userId",
                        "statusMessage",
                        "return",
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
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
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
            status_message,
            return_,
            instance_id,
            volume_id,
            remote_dev,
            local_dev,
            force,
        })
    }
}

impl Message for DetachVolume {
    const NAME: &'static str = "DetachVolume";
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

/// The `GetConsoleOutputResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "GetConsoleOutputResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct GetConsoleOutputResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `consoleOutput`: base64 of the console's tail.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "consoleOutput"))]
    #[cfg_attr(feature = "serde", serde(rename = "consoleOutput", skip_serializing_if = "Option::is_none"))]
    pub console_output: Option<String>,
}

impl Encode for GetConsoleOutputResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.console_output {
            encoder.string("<n:consoleOutput>", value, "</n:consoleOutput>");
        }
    }
}

impl Decode for GetConsoleOutputResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut console_output = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "consoleOutput"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "consoleOutput" => {
                    decode::once(&mut console_output, decoder.string(&child)?, "consoleOutput")?
                }
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, console_output })
    }
}

impl Message for GetConsoleOutputResponse {
    const NAME: &'static str = "GetConsoleOutputResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `GetConsoleOutput` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "GetConsoleOutput"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct GetConsoleOutput {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `instanceId`: `i-` and 8 hexadecimal digits.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceId"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceId", skip_serializing_if = "Option::is_none"))]
    pub instance_id: Option<String>,
}

impl Encode for GetConsoleOutput {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.instance_id {
            encoder.string("<n:instanceId>", value, "</n:instanceId>");
        }
    }
}

impl Decode for GetConsoleOutput {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut instance_id = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "instanceId"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "instanceId" => decode::once(&mut instance_id, decoder.string(&child)?, "instanceId")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, instance_id })
    }
}

impl Message for GetConsoleOutput {
    const NAME: &'static str = "GetConsoleOutput";
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

/// `networkRule`, part of other messages.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "networkRule"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct NetworkRule {
    /// `type`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "type"))]
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub type_: String,
    /// `sourceNames`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "sourceNames"))]
    #[cfg_attr(feature = "serde", serde(rename = "sourceNames"))]
    pub source_names: Vec<String>,
    /// `userNames`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userNames"))]
    #[cfg_attr(feature = "serde", serde(rename = "userNames"))]
    pub user_names: Vec<String>,
    /// `sourceNets`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "sourceNets"))]
    #[cfg_attr(feature = "serde", serde(rename = "sourceNets"))]
    pub source_nets: Vec<String>,
    /// `destUserName`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "destUserName"))]
    #[cfg_attr(feature = "serde", serde(rename = "destUserName", skip_serializing_if = "Option::is_none"))]
    pub dest_user_name: Option<String>,
    /// `destName`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "destName"))]
    #[cfg_attr(feature = "serde", serde(rename = "destName"))]
    pub dest_name: String,
    /// `protocol`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "protocol"))]
    #[cfg_attr(feature = "serde", serde(rename = "protocol"))]
    pub protocol: String,
    /// `portRangeMin`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "portRangeMin"))]
    #[cfg_attr(feature = "serde", serde(rename = "portRangeMin"))]
    pub port_range_min: i32,
    /// `portRangeMax`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "portRangeMax"))]
    #[cfg_attr(feature = "serde", serde(rename = "portRangeMax"))]
    pub port_range_max: i32,
}

impl Encode for NetworkRule {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.string("<n:type>", &self.type_, "</n:type>");
        for value in &self.source_names {
            encoder.string("<n:sourceNames>", value, "</n:sourceNames>");
        }
        for value in &self.user_names {
            encoder.string("<n:userNames>", value, "</n:userNames>");
        }
        for value in &self.source_nets {
            encoder.string("<n:sourceNets>", value, "</n:sourceNets>");
        }
        if let Some(value) = &self.dest_user_name {
            encoder.string("<n:destUserName>", value, "</n:destUserName>");
        }
        encoder.string("<n:destName>", &self.dest_name, "</n:destName>");
        encoder.string("<n:protocol>", &self.protocol, "</n:protocol>");
        encoder.int("<n:portRangeMin>", self.port_range_min, "</n:portRangeMin>");
        encoder.int("<n:portRangeMax>", self.port_range_max, "</n:portRangeMax>");
    }
}

impl Decode for NetworkRule {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut type_ = None;
        let mut source_names = Vec::new();
        let mut user_names = Vec::new();
        let mut source_nets = Vec::new();
        let mut dest_user_name = None;
        let mut dest_name = None;
        let mut protocol = None;
        let mut port_range_min = None;
        let mut port_range_max = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &[],
                    &[
                        "type",
                        "sourceNames",
                        "userNames",
                        "sourceNets",
                        "destUserName",
                        "destName",
                        "protocol",
                        "portRangeMin",
                        "portRangeMax",
                    ],
                )?;
                continue;
            }
            match child.name() {
                "type" => decode::once(&mut type_, decoder.string(&child)?, "type")?,
                "sourceNames" => source_names.push(decoder.string(&child)?),
                "userNames" => user_names.push(decoder.string(&child)?),
                "sourceNets" => source_nets.push(decoder.string(&child)?),
                "destUserName" => decode::once(&mut dest_user_name, decoder.string(&child)?, "destUserName")?,
                "destName" => decode::once(&mut dest_name, decoder.string(&child)?, "destName")?,
                "protocol" => decode::once(&mut protocol, decoder.string(&child)?, "protocol")?,
                "portRangeMin" => decode::once(&mut port_range_min, decoder.int(&child)?, "portRangeMin")?,
                "portRangeMax" => decode::once(&mut port_range_max, decoder.int(&child)?, "portRangeMax")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            type_: decode::required(type_, "networkRule", "type")?,
            source_names,
            user_names,
            source_nets,
            dest_user_name,
            dest_name: decode::required(dest_name, "networkRule", "destName")?,
            protocol: decode::required(protocol, "networkRule", "protocol")?,
            port_range_min: decode::required(port_range_min, "networkRule", "portRangeMin")?,
            port_range_max: decode::required(port_range_max, "networkRule", "portRangeMax")?,
        })
    }
}

/// `networkType`, part of other messages.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "networkType"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct Network {
    /// `vlan`: VLAN tag, -1 without managed networks.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "vlan"))]
    #[cfg_attr(feature = "serde", serde(rename = "vlan"))]
    pub vlan: i32,
    /// `netName`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "netName"))]
    #[cfg_attr(feature = "serde", serde(rename = "netName"))]
    pub net_name: String,
    /// `userName`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userName"))]
    #[cfg_attr(feature = "serde", serde(rename = "userName"))]
    pub user_name: String,
    /// `activeAddrs`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "activeAddrs"))]
    #[cfg_attr(feature = "serde", serde(rename = "activeAddrs"))]
    pub active_addrs: Vec<i32>,
}

impl Encode for Network {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        encoder.int("<n:vlan>", self.vlan, "</n:vlan>");
        encoder.string("<n:netName>", &self.net_name, "</n:netName>");
        encoder.string("<n:userName>", &self.user_name, "</n:userName>");
        for value in &self.active_addrs {
            encoder.int("<n:activeAddrs>", *value, "</n:activeAddrs>");
        }
    }
}

impl Decode for Network {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut vlan = None;
        let mut net_name = None;
        let mut user_name = None;
        let mut active_addrs = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(&child, &[], &["vlan", "netName", "userName", "activeAddrs"])?;
                continue;
            }
            match child.name() {
                "vlan" => decode::once(&mut vlan, decoder.int(&child)?, "vlan")?,
                "netName" => decode::once(&mut net_name, decoder.string(&child)?, "netName")?,
                "userName" => decode::once(&mut user_name, decoder.string(&child)?, "userName")?,
                "activeAddrs" => active_addrs.push(decoder.int(&child)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            vlan: decode::required(vlan, "networkType", "vlan")?,
            net_name: decode::required(net_name, "networkType", "netName")?,
            user_name: decode::required(user_name, "networkType", "userName")?,
            active_addrs,
        })
    }
}

/// The `RebootInstancesResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "RebootInstancesResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct RebootInstancesResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
}

impl Encode for RebootInstancesResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
    }
}

impl Decode for RebootInstancesResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_ })
    }
}

impl Message for RebootInstancesResponse {
    const NAME: &'static str = "RebootInstancesResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `RebootInstances` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "RebootInstances"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct RebootInstances {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `instanceIds`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceIds"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceIds"))]
    pub instance_ids: Vec<String>,
}

impl Encode for RebootInstances {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        for value in &self.instance_ids {
            encoder.string("<n:instanceIds>", value, "</n:instanceIds>");
        }
    }
}

impl Decode for RebootInstances {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut instance_ids = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "instanceIds"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "instanceIds" => instance_ids.push(decoder.string(&child)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, instance_ids })
    }
}

impl Message for RebootInstances {
    const NAME: &'static str = "RebootInstances";
}

/// The `RunInstancesResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "RunInstancesResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct RunInstancesResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `instances`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instances"))]
    #[cfg_attr(feature = "serde", serde(rename = "instances"))]
    pub instances: Vec<Shared<CcInstance>>,
}

impl Encode for RunInstancesResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        for value in &self.instances {
            encoder.nested("<n:instances>", value, "</n:instances>");
        }
    }
}

impl Decode for RunInstancesResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut instances = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "instances"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "instances" => instances.push(Decode::decode(decoder)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, instances })
    }
}

impl Message for RunInstancesResponse {
    const NAME: &'static str = "RunInstancesResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `RunInstances` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "RunInstances"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct RunInstances {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `imageId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "imageId"))]
    #[cfg_attr(feature = "serde", serde(rename = "imageId", skip_serializing_if = "Option::is_none"))]
    pub image_id: Option<String>,
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
    #[cfg_attr(feature = "serde", serde(rename = "imageURL", skip_serializing_if = "Option::is_none"))]
    pub image_url: Option<String>,
    /// `kernelURL`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "kernelURL"))]
    #[cfg_attr(feature = "serde", serde(rename = "kernelURL", skip_serializing_if = "Option::is_none"))]
    pub kernel_url: Option<String>,
    /// `ramdiskURL`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "ramdiskURL"))]
    #[cfg_attr(feature = "serde", serde(rename = "ramdiskURL", skip_serializing_if = "Option::is_none"))]
    pub ramdisk_url: Option<String>,
    /// `instanceType`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceType"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceType", skip_serializing_if = "Option::is_none"))]
    pub instance_type: Option<VirtualMachine>,
    /// `keyName`: the OpenSSH public key itself, empty without one.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "keyName"))]
    #[cfg_attr(feature = "serde", serde(rename = "keyName", skip_serializing_if = "Option::is_none"))]
    pub key_name: Option<String>,
    /// `maxCount`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "maxCount"))]
    #[cfg_attr(feature = "serde", serde(rename = "maxCount"))]
    pub max_count: i32,
    /// `minCount`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "minCount"))]
    #[cfg_attr(feature = "serde", serde(rename = "minCount"))]
    pub min_count: i32,
    /// `reservationId`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "reservationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "reservationId"))]
    pub reservation_id: String,
    /// `instanceIds`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceIds"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceIds"))]
    pub instance_ids: Vec<String>,
    /// `netNames`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "netNames"))]
    #[cfg_attr(feature = "serde", serde(rename = "netNames"))]
    pub net_names: Vec<String>,
    /// `macAddresses`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "macAddresses"))]
    #[cfg_attr(feature = "serde", serde(rename = "macAddresses"))]
    pub mac_addresses: Vec<String>,
    /// `networkIndexList`: host indexes in the virtual network, one for each instance.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "networkIndexList"))]
    #[cfg_attr(feature = "serde", serde(rename = "networkIndexList"))]
    pub network_index_list: Vec<i32>,
    /// `vlan`: VLAN tag, -1 without managed networks.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "vlan"))]
    #[cfg_attr(feature = "serde", serde(rename = "vlan"))]
    pub vlan: i32,
    /// `userData`: decoded text, not base64.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userData"))]
    #[cfg_attr(feature = "serde", serde(rename = "userData"))]
    pub user_data: String,
    /// `launchIndex`: decimal, always 0 from a CLC.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "launchIndex"))]
    #[cfg_attr(feature = "serde", serde(rename = "launchIndex"))]
    pub launch_index: String,
    /// `platform`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "platform"))]
    #[cfg_attr(feature = "serde", serde(rename = "platform", skip_serializing_if = "Option::is_none"))]
    pub platform: Option<String>,
}

impl Encode for RunInstances {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = &self.image_id {
            encoder.string("<n:imageId>", value, "</n:imageId>");
        }
        if let Some(value) = &self.kernel_id {
            encoder.string("<n:kernelId>", value, "</n:kernelId>");
        }
        if let Some(value) = &self.ramdisk_id {
            encoder.string("<n:ramdiskId>", value, "</n:ramdiskId>");
        }
        if let Some(value) = &self.image_url {
            encoder.string("<n:imageURL>", value, "</n:imageURL>");
        }
        if let Some(value) = &self.kernel_url {
            encoder.string("<n:kernelURL>", value, "</n:kernelURL>");
        }
        if let Some(value) = &self.ramdisk_url {
            encoder.string("<n:ramdiskURL>", value, "</n:ramdiskURL>");
        }
        if let Some(value) = &self.instance_type {
            encoder.nested("<n:instanceType>", value, "</n:instanceType>");
        }
        if let Some(value) = &self.key_name {
            encoder.string("<n:keyName>", value, "</n:keyName>");
        }
        encoder.int("<n:maxCount>", self.max_count, "</n:maxCount>");
        encoder.int("<n:minCount>", self.min_count, "</n:minCount>");
        encoder.string("<n:reservationId>", &self.reservation_id, "</n:reservationId>");
        for value in &self.instance_ids {
            encoder.string("<n:instanceIds>", value, "</n:instanceIds>");
        }
        for value in &self.net_names {
            encoder.string("<n:netNames>", value, "</n:netNames>");
        }
        for value in &self.mac_addresses {
            encoder.string("<n:macAddresses>", value, "</n:macAddresses>");
        }
        for value in &self.network_index_list {
            encoder.int("<n:networkIndexList>", *value, "</n:networkIndexList>");
        }
        encoder.int("<n:vlan>", self.vlan, "</n:vlan>");
        encoder.string("<n:userData>", &self.user_data, "</n:userData>");
        encoder.string("<n:launchIndex>", &self.launch_index, "</n:launchIndex>");
        if let Some(value) = &self.platform {
            encoder.string("<n:platform>", value, "</n:platform>");
        }
    }
}

impl Decode for RunInstances {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut image_id = None;
        let mut kernel_id = None;
        let mut ramdisk_id = None;
        let mut image_url = None;
        let mut kernel_url = None;
        let mut ramdisk_url = None;
        let mut instance_type = None;
        let mut key_name = None;
        let mut max_count = None;
        let mut min_count = None;
        let mut reservation_id = None;
        let mut instance_ids = Vec::new();
        let mut net_names = Vec::new();
        let mut mac_addresses = Vec::new();
        let mut network_index_list = Vec::new();
        let mut vlan = None;
        let mut user_data = None;
        let mut launch_index = None;
        let mut platform = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &[
                        "correlationId",
                        "userId",
                        "statusMessage",
                        "return",
                        "imageId",
                        "kernelId",
                        "ramdiskId",
                        "imageURL",
                        "kernelURL",
                        "ramdiskURL",
                        "instanceType",
                        "keyName",
                        "maxCount",
                        "minCount",
                        "reservationId",
                        "instanceIds",
                        "netNames",
                        "macAddresses",
                        "networkIndexList",
                        "vlan",
                        "userData",
                        "launchIndex",
                        "platform",
                    ],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "imageId" => decode::once(&mut image_id, decoder.string(&child)?, "imageId")?,
                "kernelId" => decode::once(&mut kernel_id, decoder.string(&child)?, "kernelId")?,
                "ramdiskId" => decode::once(&mut ramdisk_id, decoder.string(&child)?, "ramdiskId")?,
                "imageURL" => decode::once(&mut image_url, decoder.string(&child)?, "imageURL")?,
                "kernelURL" => decode::once(&mut kernel_url, decoder.string(&child)?, "kernelURL")?,
                "ramdiskURL" => decode::once(&mut ramdisk_url, decoder.string(&child)?, "ramdiskURL")?,
                "instanceType" => decode::once(&mut instance_type, Decode::decode(decoder)?, "instanceType")?,
                "keyName" => decode::once(&mut key_name, decoder.string(&child)?, "keyName")?,
                "maxCount" => decode::once(&mut max_count, decoder.int(&child)?, "maxCount")?,
                "minCount" => decode::once(&mut min_count, decoder.int(&child)?, "minCount")?,
                "reservationId" => {
                    decode::once(&mut reservation_id, decoder.string(&child)?, "reservationId")?
                }
                "instanceIds" => instance_ids.push(decoder.string(&child)?),
                "netNames" => net_names.push(decoder.string(&child)?),
                "macAddresses" => mac_addresses.push(decoder.string(&child)?),
                "networkIndexList" => network_index_list.push(decoder.int(&child)?),
                "vlan" => decode::once(&mut vlan, decoder.int(&child)?, "vlan")?,
                "userData" => decode::once(&mut user_data, decoder.string(&child)?, "userData")?,
                "launchIndex" => decode::once(&mut launch_index, decoder.string(&child)?, "launchIndex")?,
                "platform" => decode::once(&mut platform, decoder.string(&child)?, "platform")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            status_message,
            return_,
            image_id,
            kernel_id,
            ramdisk_id,
            image_url,
            kernel_url,
            ramdisk_url,
            instance_type,
            key_name,
            max_count: decode::required(max_count, "runInstancesType", "maxCount")?,
            min_count: decode::required(min_count, "runInstancesType", "minCount")?,
            reservation_id: decode::required(reservation_id, "runInstancesType", "reservationId")?,
            instance_ids: decode::at_least_one(instance_ids, "runInstancesType", "instanceIds")?,
            net_names: decode::at_least_one(net_names, "runInstancesType", "netNames")?,
            mac_addresses: decode::at_least_one(mac_addresses, "runInstancesType", "macAddresses")?,
            network_index_list,
            vlan: decode::required(vlan, "runInstancesType", "vlan")?,
            user_data: decode::required(user_data, "runInstancesType", "userData")?,
            launch_index: decode::required(launch_index, "runInstancesType", "launchIndex")?,
            platform,
        })
    }
}

impl Message for RunInstances {
    const NAME: &'static str = "RunInstances";
}

/// The `StartNetworkResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "StartNetworkResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct StartNetworkResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
}

impl Encode for StartNetworkResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
    }
}

impl Decode for StartNetworkResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_ })
    }
}

impl Message for StartNetworkResponse {
    const NAME: &'static str = "StartNetworkResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `StartNetwork` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "StartNetwork"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct StartNetwork {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `vlan`: VLAN tag, -1 without managed networks.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "vlan"))]
    #[cfg_attr(feature = "serde", serde(rename = "vlan", skip_serializing_if = "Option::is_none"))]
    pub vlan: Option<i32>,
    /// `netName`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "netName"))]
    #[cfg_attr(feature = "serde", serde(rename = "netName", skip_serializing_if = "Option::is_none"))]
    pub net_name: Option<String>,
    /// `nameserver`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "nameserver"))]
    #[cfg_attr(feature = "serde", serde(rename = "nameserver", skip_serializing_if = "Option::is_none"))]
    pub nameserver: Option<String>,
    /// `clusterControllers`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "clusterControllers"))]
    #[cfg_attr(feature = "serde", serde(rename = "clusterControllers"))]
    pub cluster_controllers: Vec<String>,
}

impl Encode for StartNetwork {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = self.vlan {
            encoder.int("<n:vlan>", value, "</n:vlan>");
        }
        if let Some(value) = &self.net_name {
            encoder.string("<n:netName>", value, "</n:netName>");
        }
        if let Some(value) = &self.nameserver {
            encoder.string("<n:nameserver>", value, "</n:nameserver>");
        }
        for value in &self.cluster_controllers {
            encoder.string("<n:clusterControllers>", value, "</n:clusterControllers>");
        }
    }
}

impl Decode for StartNetwork {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut vlan = None;
        let mut net_name = None;
        let mut nameserver = None;
        let mut cluster_controllers = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &[
                        "correlationId",
                        "userId",
                        "statusMessage",
                        "return",
                        "vlan",
                        "netName",
                        "nameserver",
                        "clusterControllers",
                    ],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "vlan" => decode::once(&mut vlan, decoder.int(&child)?, "vlan")?,
                "netName" => decode::once(&mut net_name, decoder.string(&child)?, "netName")?,
                "nameserver" => decode::once(&mut nameserver, decoder.string(&child)?, "nameserver")?,
                "clusterControllers" => cluster_controllers.push(decoder.string(&child)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            status_message,
            return_,
            vlan,
            net_name,
            nameserver,
            cluster_controllers,
        })
    }
}

impl Message for StartNetwork {
    const NAME: &'static str = "StartNetwork";
}

/// The `StopNetworkResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "StopNetworkResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct StopNetworkResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
}

impl Encode for StopNetworkResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
    }
}

impl Decode for StopNetworkResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_ })
    }
}

impl Message for StopNetworkResponse {
    const NAME: &'static str = "StopNetworkResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `StopNetwork` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "StopNetwork"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct StopNetwork {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `vlan`: VLAN tag, -1 without managed networks.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "vlan"))]
    #[cfg_attr(feature = "serde", serde(rename = "vlan", skip_serializing_if = "Option::is_none"))]
    pub vlan: Option<i32>,
    /// `netName`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "netName"))]
    #[cfg_attr(feature = "serde", serde(rename = "netName", skip_serializing_if = "Option::is_none"))]
    pub net_name: Option<String>,
}

impl Encode for StopNetwork {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        if let Some(value) = self.vlan {
            encoder.int("<n:vlan>", value, "</n:vlan>");
        }
        if let Some(value) = &self.net_name {
            encoder.string("<n:netName>", value, "</n:netName>");
        }
    }
}

impl Decode for StopNetwork {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut vlan = None;
        let mut net_name = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "vlan", "netName"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "vlan" => decode::once(&mut vlan, decoder.int(&child)?, "vlan")?,
                "netName" => decode::once(&mut net_name, decoder.string(&child)?, "netName")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, vlan, net_name })
    }
}

impl Message for StopNetwork {
    const NAME: &'static str = "StopNetwork";
}

/// The `TerminateInstancesResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "TerminateInstancesResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct TerminateInstancesResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `isTerminated`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "isTerminated"))]
    #[cfg_attr(feature = "serde", serde(rename = "isTerminated"))]
    pub is_terminated: Vec<bool>,
}

impl Encode for TerminateInstancesResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        for value in &self.is_terminated {
            encoder.boolean("<n:isTerminated>", *value, "</n:isTerminated>");
        }
    }
}

impl Decode for TerminateInstancesResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut is_terminated = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "isTerminated"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "isTerminated" => is_terminated.push(decoder.boolean(&child)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, is_terminated })
    }
}

impl Message for TerminateInstancesResponse {
    const NAME: &'static str = "TerminateInstancesResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `TerminateInstances` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "TerminateInstances"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct TerminateInstances {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `instanceIds`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "instanceIds"))]
    #[cfg_attr(feature = "serde", serde(rename = "instanceIds"))]
    pub instance_ids: Vec<String>,
}

impl Encode for TerminateInstances {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        for value in &self.instance_ids {
            encoder.string("<n:instanceIds>", value, "</n:instanceIds>");
        }
    }
}

impl Decode for TerminateInstances {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut instance_ids = Vec::new();
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage", "instanceIds"],
                    &["correlationId", "userId", "statusMessage", "return", "instanceIds"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "instanceIds" => instance_ids.push(decoder.string(&child)?),
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, instance_ids })
    }
}

impl Message for TerminateInstances {
    const NAME: &'static str = "TerminateInstances";
}

/// The `UnassignAddressResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "UnassignAddressResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct UnassignAddressResponse {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
}

impl Encode for UnassignAddressResponse {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
    }
}

impl Decode for UnassignAddressResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_ })
    }
}

impl Message for UnassignAddressResponse {
    const NAME: &'static str = "UnassignAddressResponse";
    const LIMIT: usize = CLC_BODY_LIMIT;
}

/// The `UnassignAddress` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "UnassignAddress"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct UnassignAddress {
    /// `correlationId`: chosen by the caller, echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "correlationId"))]
    #[cfg_attr(feature = "serde", serde(rename = "correlationId", skip_serializing_if = "Option::is_none"))]
    pub correlation_id: Option<String>,
    /// `userId`: on whose behalf; echoed.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "userId"))]
    #[cfg_attr(feature = "serde", serde(rename = "userId", skip_serializing_if = "Option::is_none"))]
    pub user_id: Option<String>,
    /// `statusMessage`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "statusMessage"))]
    #[cfg_attr(feature = "serde", serde(rename = "statusMessage", skip_serializing_if = "Option::is_none"))]
    pub status_message: Option<String>,
    /// `return`: whether the operation succeeded; absent reads as failure.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "return"))]
    #[cfg_attr(feature = "serde", serde(rename = "return", skip_serializing_if = "Option::is_none"))]
    pub return_: Option<bool>,
    /// `source`: public IPv4 address, dotted.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "source"))]
    #[cfg_attr(feature = "serde", serde(rename = "source"))]
    pub source: String,
    /// `dest`: private IPv4 address, dotted.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "dest"))]
    #[cfg_attr(feature = "serde", serde(rename = "dest"))]
    pub dest: String,
}

impl Encode for UnassignAddress {
    fn encode(&self, encoder: &mut Encoder<'_>) {
        if let Some(value) = &self.correlation_id {
            encoder.string("<n:correlationId>", value, "</n:correlationId>");
        }
        if let Some(value) = &self.user_id {
            encoder.string("<n:userId>", value, "</n:userId>");
        }
        if let Some(value) = &self.status_message {
            encoder.string("<n:statusMessage>", value, "</n:statusMessage>");
        }
        if let Some(value) = self.return_ {
            encoder.boolean("<n:return>", value, "</n:return>");
        }
        encoder.string("<n:source>", &self.source, "</n:source>");
        encoder.string("<n:dest>", &self.dest, "</n:dest>");
    }
}

impl Decode for UnassignAddress {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut source = None;
        let mut dest = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "source", "dest"],
                )?;
                continue;
            }
            match child.name() {
                "correlationId" => {
                    decode::once(&mut correlation_id, decoder.string(&child)?, "correlationId")?
                }
                "userId" => decode::once(&mut user_id, decoder.string(&child)?, "userId")?,
                "statusMessage" => {
                    decode::once(&mut status_message, decoder.string(&child)?, "statusMessage")?
                }
                "return" => decode::once(&mut return_, decoder.boolean(&child)?, "return")?,
                "source" => decode::once(&mut source, decoder.string(&child)?, "source")?,
                "dest" => decode::once(&mut dest, decoder.string(&child)?, "dest")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            status_message,
            return_,
            source: decode::required(source, "unassignAddressType", "source")?,
            dest: decode::required(dest, "unassignAddressType", "dest")?,
        })
    }
}

impl Message for UnassignAddress {
    const NAME: &'static str = "UnassignAddress";
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

impl Request for AssignAddress {
    type Response = AssignAddressResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "AssignAddress", action: "EucalyptusCC#AssignAddress" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl AssignAddress {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> AssignAddressResponse {
        AssignAddressResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
        }
    }
}

impl Request for AttachVolume {
    type Response = AttachVolumeResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "AttachVolume", action: "EucalyptusCC#AttachVolume" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl AttachVolume {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> AttachVolumeResponse {
        AttachVolumeResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
        }
    }
}

impl Request for BundleInstance {
    type Response = BundleInstanceResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "BundleInstance", action: "EucalyptusCC#BundleInstance" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl BundleInstance {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> BundleInstanceResponse {
        BundleInstanceResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
        }
    }
}

impl Request for CancelBundleTask {
    type Response = CancelBundleTaskResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "CancelBundleTask", action: "EucalyptusCC#CancelBundleTask" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl CancelBundleTask {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> CancelBundleTaskResponse {
        CancelBundleTaskResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
        }
    }
}

impl Request for ConfigureNetwork {
    type Response = ConfigureNetworkResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "ConfigureNetwork", action: "EucalyptusCC#ConfigureNetwork" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl ConfigureNetwork {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> ConfigureNetworkResponse {
        ConfigureNetworkResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
        }
    }
}

impl Request for DescribeBundleTasks {
    type Response = DescribeBundleTasksResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "DescribeBundleTasks", action: "EucalyptusCC#DescribeBundleTasks" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl DescribeBundleTasks {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> DescribeBundleTasksResponse {
        DescribeBundleTasksResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
            ..Default::default()
        }
    }
}

impl Request for DescribeInstances {
    type Response = DescribeInstancesResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "DescribeInstances", action: "EucalyptusCC#DescribeInstances" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl DescribeInstances {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> DescribeInstancesResponse {
        DescribeInstancesResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
            ..Default::default()
        }
    }
}

impl Request for DescribeNetworks {
    type Response = DescribeNetworksResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "DescribeNetworks", action: "EucalyptusCC#DescribeNetworks" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl DescribeNetworks {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> DescribeNetworksResponse {
        DescribeNetworksResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
            ..Default::default()
        }
    }
}

impl Request for DescribePublicAddresses {
    type Response = DescribePublicAddressesResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "DescribePublicAddresses", action: "EucalyptusCC#DescribePublicAddresses" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl DescribePublicAddresses {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> DescribePublicAddressesResponse {
        DescribePublicAddressesResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
            ..Default::default()
        }
    }
}

impl Request for DescribeResources {
    type Response = DescribeResourcesResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "DescribeResources", action: "EucalyptusCC#DescribeResources" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl DescribeResources {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> DescribeResourcesResponse {
        DescribeResourcesResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
            ..Default::default()
        }
    }
}

impl Request for DetachVolume {
    type Response = DetachVolumeResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "DetachVolume", action: "EucalyptusCC#DetachVolume" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl DetachVolume {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> DetachVolumeResponse {
        DetachVolumeResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
        }
    }
}

impl Request for GetConsoleOutput {
    type Response = GetConsoleOutputResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "GetConsoleOutput", action: "EucalyptusCC#GetConsoleOutput" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl GetConsoleOutput {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> GetConsoleOutputResponse {
        GetConsoleOutputResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
            ..Default::default()
        }
    }
}

impl Request for RebootInstances {
    type Response = RebootInstancesResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "RebootInstances", action: "EucalyptusCC#RebootInstances" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl RebootInstances {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> RebootInstancesResponse {
        RebootInstancesResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
        }
    }
}

impl Request for RunInstances {
    type Response = RunInstancesResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "RunInstances", action: "EucalyptusCC#RunInstances" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl RunInstances {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> RunInstancesResponse {
        RunInstancesResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
            ..Default::default()
        }
    }
}

impl Request for StartNetwork {
    type Response = StartNetworkResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "StartNetwork", action: "EucalyptusCC#StartNetwork" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl StartNetwork {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> StartNetworkResponse {
        StartNetworkResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
        }
    }
}

impl Request for StopNetwork {
    type Response = StopNetworkResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "StopNetwork", action: "EucalyptusCC#StopNetwork" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl StopNetwork {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> StopNetworkResponse {
        StopNetworkResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
        }
    }
}

impl Request for TerminateInstances {
    type Response = TerminateInstancesResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "TerminateInstances", action: "EucalyptusCC#TerminateInstances" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl TerminateInstances {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> TerminateInstancesResponse {
        TerminateInstancesResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
            ..Default::default()
        }
    }
}

impl Request for UnassignAddress {
    type Response = UnassignAddressResponse;
    const OPERATION: &'static Operation =
        &Operation { name: "UnassignAddress", action: "EucalyptusCC#UnassignAddress" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl UnassignAddress {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> UnassignAddressResponse {
        UnassignAddressResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
        }
    }
}

/// The operations of EucalyptusCC.
pub trait ClusterApi: Send + Sync + 'static {
    /// What an operation fails with.
    type Error: Send;

    /// `EucalyptusCC#AssignAddress`.
    fn assign_address(
        &self,
        request: AssignAddress,
    ) -> impl Future<Output = Result<AssignAddressResponse, Self::Error>> + Send;

    /// `EucalyptusCC#AttachVolume`.
    fn attach_volume(
        &self,
        request: AttachVolume,
    ) -> impl Future<Output = Result<AttachVolumeResponse, Self::Error>> + Send;

    /// `EucalyptusCC#BundleInstance`.
    fn bundle_instance(
        &self,
        request: BundleInstance,
    ) -> impl Future<Output = Result<BundleInstanceResponse, Self::Error>> + Send;

    /// `EucalyptusCC#CancelBundleTask`.
    fn cancel_bundle_task(
        &self,
        request: CancelBundleTask,
    ) -> impl Future<Output = Result<CancelBundleTaskResponse, Self::Error>> + Send;

    /// `EucalyptusCC#ConfigureNetwork`.
    fn configure_network(
        &self,
        request: ConfigureNetwork,
    ) -> impl Future<Output = Result<ConfigureNetworkResponse, Self::Error>> + Send;

    /// `EucalyptusCC#DescribeBundleTasks`.
    fn describe_bundle_tasks(
        &self,
        request: DescribeBundleTasks,
    ) -> impl Future<Output = Result<DescribeBundleTasksResponse, Self::Error>> + Send;

    /// `EucalyptusCC#DescribeInstances`.
    fn describe_instances(
        &self,
        request: DescribeInstances,
    ) -> impl Future<Output = Result<DescribeInstancesResponse, Self::Error>> + Send;

    /// `EucalyptusCC#DescribeNetworks`.
    fn describe_networks(
        &self,
        request: DescribeNetworks,
    ) -> impl Future<Output = Result<DescribeNetworksResponse, Self::Error>> + Send;

    /// `EucalyptusCC#DescribePublicAddresses`.
    fn describe_public_addresses(
        &self,
        request: DescribePublicAddresses,
    ) -> impl Future<Output = Result<DescribePublicAddressesResponse, Self::Error>> + Send;

    /// `EucalyptusCC#DescribeResources`.
    fn describe_resources(
        &self,
        request: DescribeResources,
    ) -> impl Future<Output = Result<DescribeResourcesResponse, Self::Error>> + Send;

    /// `EucalyptusCC#DetachVolume`.
    fn detach_volume(
        &self,
        request: DetachVolume,
    ) -> impl Future<Output = Result<DetachVolumeResponse, Self::Error>> + Send;

    /// `EucalyptusCC#GetConsoleOutput`.
    fn get_console_output(
        &self,
        request: GetConsoleOutput,
    ) -> impl Future<Output = Result<GetConsoleOutputResponse, Self::Error>> + Send;

    /// `EucalyptusCC#RebootInstances`.
    fn reboot_instances(
        &self,
        request: RebootInstances,
    ) -> impl Future<Output = Result<RebootInstancesResponse, Self::Error>> + Send;

    /// `EucalyptusCC#RunInstances`.
    fn run_instances(
        &self,
        request: RunInstances,
    ) -> impl Future<Output = Result<RunInstancesResponse, Self::Error>> + Send;

    /// `EucalyptusCC#StartNetwork`.
    fn start_network(
        &self,
        request: StartNetwork,
    ) -> impl Future<Output = Result<StartNetworkResponse, Self::Error>> + Send;

    /// `EucalyptusCC#StopNetwork`.
    fn stop_network(
        &self,
        request: StopNetwork,
    ) -> impl Future<Output = Result<StopNetworkResponse, Self::Error>> + Send;

    /// `EucalyptusCC#TerminateInstances`.
    fn terminate_instances(
        &self,
        request: TerminateInstances,
    ) -> impl Future<Output = Result<TerminateInstancesResponse, Self::Error>> + Send;

    /// `EucalyptusCC#UnassignAddress`.
    fn unassign_address(
        &self,
        request: UnassignAddress,
    ) -> impl Future<Output = Result<UnassignAddressResponse, Self::Error>> + Send;
}

impl<C: Caller> ClusterApi for Stub<C> {
    type Error = CallError;

    fn assign_address(
        &self,
        request: AssignAddress,
    ) -> impl Future<Output = Result<AssignAddressResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn attach_volume(
        &self,
        request: AttachVolume,
    ) -> impl Future<Output = Result<AttachVolumeResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn bundle_instance(
        &self,
        request: BundleInstance,
    ) -> impl Future<Output = Result<BundleInstanceResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn cancel_bundle_task(
        &self,
        request: CancelBundleTask,
    ) -> impl Future<Output = Result<CancelBundleTaskResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn configure_network(
        &self,
        request: ConfigureNetwork,
    ) -> impl Future<Output = Result<ConfigureNetworkResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn describe_bundle_tasks(
        &self,
        request: DescribeBundleTasks,
    ) -> impl Future<Output = Result<DescribeBundleTasksResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn describe_instances(
        &self,
        request: DescribeInstances,
    ) -> impl Future<Output = Result<DescribeInstancesResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn describe_networks(
        &self,
        request: DescribeNetworks,
    ) -> impl Future<Output = Result<DescribeNetworksResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn describe_public_addresses(
        &self,
        request: DescribePublicAddresses,
    ) -> impl Future<Output = Result<DescribePublicAddressesResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn describe_resources(
        &self,
        request: DescribeResources,
    ) -> impl Future<Output = Result<DescribeResourcesResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn detach_volume(
        &self,
        request: DetachVolume,
    ) -> impl Future<Output = Result<DetachVolumeResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn get_console_output(
        &self,
        request: GetConsoleOutput,
    ) -> impl Future<Output = Result<GetConsoleOutputResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn reboot_instances(
        &self,
        request: RebootInstances,
    ) -> impl Future<Output = Result<RebootInstancesResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn run_instances(
        &self,
        request: RunInstances,
    ) -> impl Future<Output = Result<RunInstancesResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn start_network(
        &self,
        request: StartNetwork,
    ) -> impl Future<Output = Result<StartNetworkResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn stop_network(
        &self,
        request: StopNetwork,
    ) -> impl Future<Output = Result<StopNetworkResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn terminate_instances(
        &self,
        request: TerminateInstances,
    ) -> impl Future<Output = Result<TerminateInstancesResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn unassign_address(
        &self,
        request: UnassignAddress,
    ) -> impl Future<Output = Result<UnassignAddressResponse, CallError>> + Send {
        self.0.call(request)
    }
}

/// Any request of EucalyptusCC.
#[derive(Debug)]
pub enum ClusterRequest {
    /// `AssignAddress`.
    AssignAddress(Box<AssignAddress>),
    /// `AttachVolume`.
    AttachVolume(Box<AttachVolume>),
    /// `BundleInstance`.
    BundleInstance(Box<BundleInstance>),
    /// `CancelBundleTask`.
    CancelBundleTask(Box<CancelBundleTask>),
    /// `ConfigureNetwork`.
    ConfigureNetwork(Box<ConfigureNetwork>),
    /// `DescribeBundleTasks`.
    DescribeBundleTasks(Box<DescribeBundleTasks>),
    /// `DescribeInstances`.
    DescribeInstances(Box<DescribeInstances>),
    /// `DescribeNetworks`.
    DescribeNetworks(Box<DescribeNetworks>),
    /// `DescribePublicAddresses`.
    DescribePublicAddresses(Box<DescribePublicAddresses>),
    /// `DescribeResources`.
    DescribeResources(Box<DescribeResources>),
    /// `DetachVolume`.
    DetachVolume(Box<DetachVolume>),
    /// `GetConsoleOutput`.
    GetConsoleOutput(Box<GetConsoleOutput>),
    /// `RebootInstances`.
    RebootInstances(Box<RebootInstances>),
    /// `RunInstances`.
    RunInstances(Box<RunInstances>),
    /// `StartNetwork`.
    StartNetwork(Box<StartNetwork>),
    /// `StopNetwork`.
    StopNetwork(Box<StopNetwork>),
    /// `TerminateInstances`.
    TerminateInstances(Box<TerminateInstances>),
    /// `UnassignAddress`.
    UnassignAddress(Box<UnassignAddress>),
}

/// EucalyptusCC behind an endpoint: dispatches to an implementation of [`ClusterApi`].
#[derive(Debug, Clone)]
pub struct ClusterService<S>(pub std::sync::Arc<S>);

impl<S: ClusterApi> Service for ClusterService<S> {
    const NAME: &'static str = "EucalyptusCC";
    const WSDL: &'static str = include_str!("../../../../wsdl/2.0.1/eucalyptus_cc.wsdl");
    type AnyRequest = ClusterRequest;
    type Error = S::Error;

    fn find(name: &str) -> Option<&'static Operation> {
        match name {
            "AssignAddress" => Some(AssignAddress::OPERATION),
            "AttachVolume" => Some(AttachVolume::OPERATION),
            "BundleInstance" => Some(BundleInstance::OPERATION),
            "CancelBundleTask" => Some(CancelBundleTask::OPERATION),
            "ConfigureNetwork" => Some(ConfigureNetwork::OPERATION),
            "DescribeBundleTasks" => Some(DescribeBundleTasks::OPERATION),
            "DescribeInstances" => Some(DescribeInstances::OPERATION),
            "DescribeNetworks" => Some(DescribeNetworks::OPERATION),
            "DescribePublicAddresses" => Some(DescribePublicAddresses::OPERATION),
            "DescribeResources" => Some(DescribeResources::OPERATION),
            "DetachVolume" => Some(DetachVolume::OPERATION),
            "GetConsoleOutput" => Some(GetConsoleOutput::OPERATION),
            "RebootInstances" => Some(RebootInstances::OPERATION),
            "RunInstances" => Some(RunInstances::OPERATION),
            "StartNetwork" => Some(StartNetwork::OPERATION),
            "StopNetwork" => Some(StopNetwork::OPERATION),
            "TerminateInstances" => Some(TerminateInstances::OPERATION),
            "UnassignAddress" => Some(UnassignAddress::OPERATION),
            _ => None,
        }
    }

    fn decode(operation: &'static Operation, body: &Element<'_>) -> Result<ClusterRequest, DecodeError> {
        match operation.name {
            "AssignAddress" => {
                AssignAddress::read(body).map(|request| ClusterRequest::AssignAddress(Box::new(request)))
            }
            "AttachVolume" => {
                AttachVolume::read(body).map(|request| ClusterRequest::AttachVolume(Box::new(request)))
            }
            "BundleInstance" => {
                BundleInstance::read(body).map(|request| ClusterRequest::BundleInstance(Box::new(request)))
            }
            "CancelBundleTask" => CancelBundleTask::read(body)
                .map(|request| ClusterRequest::CancelBundleTask(Box::new(request))),
            "ConfigureNetwork" => ConfigureNetwork::read(body)
                .map(|request| ClusterRequest::ConfigureNetwork(Box::new(request))),
            "DescribeBundleTasks" => DescribeBundleTasks::read(body)
                .map(|request| ClusterRequest::DescribeBundleTasks(Box::new(request))),
            "DescribeInstances" => DescribeInstances::read(body)
                .map(|request| ClusterRequest::DescribeInstances(Box::new(request))),
            "DescribeNetworks" => DescribeNetworks::read(body)
                .map(|request| ClusterRequest::DescribeNetworks(Box::new(request))),
            "DescribePublicAddresses" => DescribePublicAddresses::read(body)
                .map(|request| ClusterRequest::DescribePublicAddresses(Box::new(request))),
            "DescribeResources" => DescribeResources::read(body)
                .map(|request| ClusterRequest::DescribeResources(Box::new(request))),
            "DetachVolume" => {
                DetachVolume::read(body).map(|request| ClusterRequest::DetachVolume(Box::new(request)))
            }
            "GetConsoleOutput" => GetConsoleOutput::read(body)
                .map(|request| ClusterRequest::GetConsoleOutput(Box::new(request))),
            "RebootInstances" => {
                RebootInstances::read(body).map(|request| ClusterRequest::RebootInstances(Box::new(request)))
            }
            "RunInstances" => {
                RunInstances::read(body).map(|request| ClusterRequest::RunInstances(Box::new(request)))
            }
            "StartNetwork" => {
                StartNetwork::read(body).map(|request| ClusterRequest::StartNetwork(Box::new(request)))
            }
            "StopNetwork" => {
                StopNetwork::read(body).map(|request| ClusterRequest::StopNetwork(Box::new(request)))
            }
            "TerminateInstances" => TerminateInstances::read(body)
                .map(|request| ClusterRequest::TerminateInstances(Box::new(request))),
            "UnassignAddress" => {
                UnassignAddress::read(body).map(|request| ClusterRequest::UnassignAddress(Box::new(request)))
            }
            name => Err(DecodeError::Root { expected: "a request", found: name.to_owned() }),
        }
    }

    fn identity(request: &ClusterRequest) -> (Option<&str>, Option<&str>) {
        match request {
            ClusterRequest::AssignAddress(request) => (request.correlation_id(), request.user_id()),
            ClusterRequest::AttachVolume(request) => (request.correlation_id(), request.user_id()),
            ClusterRequest::BundleInstance(request) => (request.correlation_id(), request.user_id()),
            ClusterRequest::CancelBundleTask(request) => (request.correlation_id(), request.user_id()),
            ClusterRequest::ConfigureNetwork(request) => (request.correlation_id(), request.user_id()),
            ClusterRequest::DescribeBundleTasks(request) => (request.correlation_id(), request.user_id()),
            ClusterRequest::DescribeInstances(request) => (request.correlation_id(), request.user_id()),
            ClusterRequest::DescribeNetworks(request) => (request.correlation_id(), request.user_id()),
            ClusterRequest::DescribePublicAddresses(request) => (request.correlation_id(), request.user_id()),
            ClusterRequest::DescribeResources(request) => (request.correlation_id(), request.user_id()),
            ClusterRequest::DetachVolume(request) => (request.correlation_id(), request.user_id()),
            ClusterRequest::GetConsoleOutput(request) => (request.correlation_id(), request.user_id()),
            ClusterRequest::RebootInstances(request) => (request.correlation_id(), request.user_id()),
            ClusterRequest::RunInstances(request) => (request.correlation_id(), request.user_id()),
            ClusterRequest::StartNetwork(request) => (request.correlation_id(), request.user_id()),
            ClusterRequest::StopNetwork(request) => (request.correlation_id(), request.user_id()),
            ClusterRequest::TerminateInstances(request) => (request.correlation_id(), request.user_id()),
            ClusterRequest::UnassignAddress(request) => (request.correlation_id(), request.user_id()),
        }
    }

    async fn run(&self, request: ClusterRequest, out: &mut Vec<u8>) -> Result<bool, S::Error> {
        let mut encoder = Encoder::new(out, Generation::V2_0);
        let success = match request {
            ClusterRequest::AssignAddress(request) => {
                let response = self.0.assign_address(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            ClusterRequest::AttachVolume(request) => {
                let response = self.0.attach_volume(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            ClusterRequest::BundleInstance(request) => {
                let response = self.0.bundle_instance(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            ClusterRequest::CancelBundleTask(request) => {
                let response = self.0.cancel_bundle_task(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            ClusterRequest::ConfigureNetwork(request) => {
                let response = self.0.configure_network(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            ClusterRequest::DescribeBundleTasks(request) => {
                let response = self.0.describe_bundle_tasks(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            ClusterRequest::DescribeInstances(request) => {
                let response = self.0.describe_instances(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            ClusterRequest::DescribeNetworks(request) => {
                let response = self.0.describe_networks(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            ClusterRequest::DescribePublicAddresses(request) => {
                let response = self.0.describe_public_addresses(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            ClusterRequest::DescribeResources(request) => {
                let response = self.0.describe_resources(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            ClusterRequest::DetachVolume(request) => {
                let response = self.0.detach_volume(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            ClusterRequest::GetConsoleOutput(request) => {
                let response = self.0.get_console_output(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            ClusterRequest::RebootInstances(request) => {
                let response = self.0.reboot_instances(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            ClusterRequest::RunInstances(request) => {
                let response = self.0.run_instances(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            ClusterRequest::StartNetwork(request) => {
                let response = self.0.start_network(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            ClusterRequest::StopNetwork(request) => {
                let response = self.0.stop_network(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            ClusterRequest::TerminateInstances(request) => {
                let response = self.0.terminate_instances(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            ClusterRequest::UnassignAddress(request) => {
                let response = self.0.unassign_address(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
        };
        Ok(success != Some(false))
    }
}
