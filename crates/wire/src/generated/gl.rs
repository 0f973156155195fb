// Generated from wsdl/2.0.1/eucalyptus_gl.wsdl by `cargo xtask codegen`. Do not edit.
//! Messages of EucalyptusGL, from `eucalyptus_gl.wsdl`.
// yaserde's derive makes `__return__value` of `return_`.
#![cfg_attr(feature = "yaserde", allow(non_snake_case))]

use std::future::Future;

use crate::decode::{self, Decode, DecodeError, Decoder, Element};
use crate::encode::{Encode, Encoder, Generation};
use crate::error::CallError;
use crate::service::{Caller, Message, Operation, Request, Service, Stub};

/// The `GetKeysResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "GetKeysResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct GetKeysResponse {
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
    /// `serviceTag`: URL of a node's service, or `self`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "serviceTag"))]
    #[cfg_attr(feature = "serde", serde(rename = "serviceTag", skip_serializing_if = "Option::is_none"))]
    pub service_tag: Option<String>,
    /// `CCcert`: base64 of the PEM text of the cluster certificate.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "CCcert"))]
    #[cfg_attr(feature = "serde", serde(rename = "CCcert", skip_serializing_if = "Option::is_none"))]
    pub cc_cert: Option<String>,
    /// `NCcert`: base64 of the PEM text of the node certificate.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "NCcert"))]
    #[cfg_attr(feature = "serde", serde(rename = "NCcert", skip_serializing_if = "Option::is_none"))]
    pub nc_cert: Option<String>,
}

impl Encode for GetKeysResponse {
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
        if let Some(value) = &self.service_tag {
            encoder.string("<n:serviceTag>", value, "</n:serviceTag>");
        }
        if let Some(value) = &self.cc_cert {
            encoder.string("<n:CCcert>", value, "</n:CCcert>");
        }
        if let Some(value) = &self.nc_cert {
            encoder.string("<n:NCcert>", value, "</n:NCcert>");
        }
    }
}

impl Decode for GetKeysResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut service_tag = None;
        let mut cc_cert = None;
        let mut nc_cert = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "serviceTag", "CCcert", "NCcert"],
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
                "serviceTag" => decode::once(&mut service_tag, decoder.string(&child)?, "serviceTag")?,
                "CCcert" => decode::once(&mut cc_cert, decoder.string(&child)?, "CCcert")?,
                "NCcert" => decode::once(&mut nc_cert, decoder.string(&child)?, "NCcert")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, service_tag, cc_cert, nc_cert })
    }
}

impl Message for GetKeysResponse {
    const NAME: &'static str = "GetKeysResponse";
}

/// The `GetKeys` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "GetKeys"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct GetKeys {
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
    /// `serviceTag`: URL of a node's service, or `self`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "serviceTag"))]
    #[cfg_attr(feature = "serde", serde(rename = "serviceTag", skip_serializing_if = "Option::is_none"))]
    pub service_tag: Option<String>,
}

impl Encode for GetKeys {
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
        if let Some(value) = &self.service_tag {
            encoder.string("<n:serviceTag>", value, "</n:serviceTag>");
        }
    }
}

impl Decode for GetKeys {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut service_tag = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "serviceTag"],
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
                "serviceTag" => decode::once(&mut service_tag, decoder.string(&child)?, "serviceTag")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, service_tag })
    }
}

impl Message for GetKeys {
    const NAME: &'static str = "GetKeys";
}

/// The `GetLogsResponse` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "GetLogsResponse"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct GetLogsResponse {
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
    /// `serviceTag`: URL of a node's service, or `self`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "serviceTag"))]
    #[cfg_attr(feature = "serde", serde(rename = "serviceTag", skip_serializing_if = "Option::is_none"))]
    pub service_tag: Option<String>,
    /// `CCLog`: base64 of the tail of the log.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "CCLog"))]
    #[cfg_attr(feature = "serde", serde(rename = "CCLog", skip_serializing_if = "Option::is_none"))]
    pub cc_log: Option<String>,
    /// `NCLog`: base64 of the tail of the log.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "NCLog"))]
    #[cfg_attr(feature = "serde", serde(rename = "NCLog", skip_serializing_if = "Option::is_none"))]
    pub nc_log: Option<String>,
    /// `httpdLog`: base64 of the tail of the log.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "httpdLog"))]
    #[cfg_attr(feature = "serde", serde(rename = "httpdLog", skip_serializing_if = "Option::is_none"))]
    pub httpd_log: Option<String>,
    /// `axis2Log`: base64 of the tail of the log.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "axis2Log"))]
    #[cfg_attr(feature = "serde", serde(rename = "axis2Log", skip_serializing_if = "Option::is_none"))]
    pub axis2_log: Option<String>,
}

impl Encode for GetLogsResponse {
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
        if let Some(value) = &self.service_tag {
            encoder.string("<n:serviceTag>", value, "</n:serviceTag>");
        }
        if let Some(value) = &self.cc_log {
            encoder.string("<n:CCLog>", value, "</n:CCLog>");
        }
        if let Some(value) = &self.nc_log {
            encoder.string("<n:NCLog>", value, "</n:NCLog>");
        }
        if let Some(value) = &self.httpd_log {
            encoder.string("<n:httpdLog>", value, "</n:httpdLog>");
        }
        if let Some(value) = &self.axis2_log {
            encoder.string("<n:axis2Log>", value, "</n:axis2Log>");
        }
    }
}

impl Decode for GetLogsResponse {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut service_tag = None;
        let mut cc_log = None;
        let mut nc_log = None;
        let mut httpd_log = None;
        let mut axis2_log = None;
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
                        "serviceTag",
                        "CCLog",
                        "NCLog",
                        "httpdLog",
                        "axis2Log",
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
                "serviceTag" => decode::once(&mut service_tag, decoder.string(&child)?, "serviceTag")?,
                "CCLog" => decode::once(&mut cc_log, decoder.string(&child)?, "CCLog")?,
                "NCLog" => decode::once(&mut nc_log, decoder.string(&child)?, "NCLog")?,
                "httpdLog" => decode::once(&mut httpd_log, decoder.string(&child)?, "httpdLog")?,
                "axis2Log" => decode::once(&mut axis2_log, decoder.string(&child)?, "axis2Log")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self {
            correlation_id,
            user_id,
            status_message,
            return_,
            service_tag,
            cc_log,
            nc_log,
            httpd_log,
            axis2_log,
        })
    }
}

impl Message for GetLogsResponse {
    const NAME: &'static str = "GetLogsResponse";
}

/// The `GetLogs` message.
#[derive(Debug, Clone, Default, PartialEq)]
#[cfg_attr(feature = "yaserde", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]
#[cfg_attr(feature = "yaserde", yaserde(prefix = "n", namespaces = { "n" = "http://eucalyptus.ucsb.edu/" }, rename = "GetLogs"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(default))]
pub struct GetLogs {
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
    /// `serviceTag`: URL of a node's service, or `self`.
    #[cfg_attr(feature = "yaserde", yaserde(prefix = "n", rename = "serviceTag"))]
    #[cfg_attr(feature = "serde", serde(rename = "serviceTag", skip_serializing_if = "Option::is_none"))]
    pub service_tag: Option<String>,
}

impl Encode for GetLogs {
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
        if let Some(value) = &self.service_tag {
            encoder.string("<n:serviceTag>", value, "</n:serviceTag>");
        }
    }
}

impl Decode for GetLogs {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut correlation_id = None;
        let mut user_id = None;
        let mut status_message = None;
        let mut return_ = None;
        let mut service_tag = None;
        while let Some(child) = decoder.child()? {
            if child.is_nil() {
                decoder.nil(
                    &child,
                    &["statusMessage"],
                    &["correlationId", "userId", "statusMessage", "return", "serviceTag"],
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
                "serviceTag" => decode::once(&mut service_tag, decoder.string(&child)?, "serviceTag")?,
                _ => decoder.skip()?,
            }
        }
        Ok(Self { correlation_id, user_id, status_message, return_, service_tag })
    }
}

impl Message for GetLogs {
    const NAME: &'static str = "GetLogs";
}

impl Request for GetKeys {
    type Response = GetKeysResponse;
    const OPERATION: &'static Operation = &Operation { name: "GetKeys", action: "EucalyptusGL#GetKeys" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl GetKeys {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> GetKeysResponse {
        GetKeysResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
            ..Default::default()
        }
    }
}

impl Request for GetLogs {
    type Response = GetLogsResponse;
    const OPERATION: &'static Operation = &Operation { name: "GetLogs", action: "EucalyptusGL#GetLogs" };

    fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    fn correlation_id(&self) -> Option<&str> {
        self.correlation_id.as_deref()
    }
}

impl GetLogs {
    /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).
    pub fn answer(&self, success: bool) -> GetLogsResponse {
        GetLogsResponse {
            correlation_id: self.correlation_id.clone(),
            user_id: self.user_id.clone(),
            return_: Some(success),
            status_message: (!success).then(|| "ERROR".to_owned()),
            ..Default::default()
        }
    }
}

/// The operations of EucalyptusGL.
pub trait LogApi: Send + Sync + 'static {
    /// What an operation fails with.
    type Error: Send;

    /// `EucalyptusGL#GetKeys`.
    fn get_keys(&self, request: GetKeys)
    -> impl Future<Output = Result<GetKeysResponse, Self::Error>> + Send;

    /// `EucalyptusGL#GetLogs`.
    fn get_logs(&self, request: GetLogs)
    -> impl Future<Output = Result<GetLogsResponse, Self::Error>> + Send;
}

impl<C: Caller> LogApi for Stub<C> {
    type Error = CallError;

    fn get_keys(&self, request: GetKeys) -> impl Future<Output = Result<GetKeysResponse, CallError>> + Send {
        self.0.call(request)
    }

    fn get_logs(&self, request: GetLogs) -> impl Future<Output = Result<GetLogsResponse, CallError>> + Send {
        self.0.call(request)
    }
}

/// Any request of EucalyptusGL.
#[derive(Debug)]
pub enum LogRequest {
    /// `GetKeys`.
    GetKeys(Box<GetKeys>),
    /// `GetLogs`.
    GetLogs(Box<GetLogs>),
}

/// EucalyptusGL behind an endpoint: dispatches to an implementation of [`LogApi`].
#[derive(Debug, Clone)]
pub struct LogService<S>(pub std::sync::Arc<S>);

impl<S: LogApi> Service for LogService<S> {
    const NAME: &'static str = "EucalyptusGL";
    const WSDL: &'static str = include_str!("../../../../wsdl/2.0.1/eucalyptus_gl.wsdl");
    type AnyRequest = LogRequest;
    type Error = S::Error;

    fn find(name: &str) -> Option<&'static Operation> {
        match name {
            "GetKeys" => Some(GetKeys::OPERATION),
            "GetLogs" => Some(GetLogs::OPERATION),
            _ => None,
        }
    }

    fn decode(operation: &'static Operation, body: &Element<'_>) -> Result<LogRequest, DecodeError> {
        match operation.name {
            "GetKeys" => GetKeys::read(body).map(|request| LogRequest::GetKeys(Box::new(request))),
            "GetLogs" => GetLogs::read(body).map(|request| LogRequest::GetLogs(Box::new(request))),
            name => Err(DecodeError::Root { expected: "a request", found: name.to_owned() }),
        }
    }

    fn identity(request: &LogRequest) -> (Option<&str>, Option<&str>) {
        match request {
            LogRequest::GetKeys(request) => (request.correlation_id(), request.user_id()),
            LogRequest::GetLogs(request) => (request.correlation_id(), request.user_id()),
        }
    }

    async fn run(&self, request: LogRequest, out: &mut Vec<u8>) -> Result<bool, S::Error> {
        let mut encoder = Encoder::new(out, Generation::V2_0);
        let success = match request {
            LogRequest::GetKeys(request) => {
                let response = self.0.get_keys(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
            LogRequest::GetLogs(request) => {
                let response = self.0.get_logs(*request).await?;
                response.write(&mut encoder);
                response.return_
            }
        };
        Ok(success != Some(false))
    }
}
