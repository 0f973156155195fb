//! Writes the Rust of one service: types, codec, service trait, dispatch.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::wsdl::{Element, Field, Kind, Service, Type};

/// What the schema does not say of a field: unit, range, meaning.
const NOTES: &[(&str, &str)] = &[
    ("addrsPerNet", "addresses per network, 0 in SYSTEM mode"),
    ("availableInstances", "instances of this type that fit now"),
    ("axis2Log", "base64 of the tail of the log"),
    ("bundleTaskStateName", "`none`, `bundling`, `succeeded`, `failed` or `cancelled`"),
    ("CCcert", "base64 of the PEM text of the cluster certificate"),
    ("CCLog", "base64 of the tail of the log"),
    ("consoleOutput", "base64 of the console's tail"),
    ("cores", "number of virtual processors"),
    ("correlationId", "chosen by the caller, echoed"),
    ("dest", "private IPv4 address, dotted"),
    ("disk", "GiB"),
    ("diskSizeAvailable", "GiB"),
    ("diskSizeMax", "GiB"),
    ("groupNames", "security groups; at most 64 count"),
    ("httpdLog", "base64 of the tail of the log"),
    ("instanceId", "`i-` and 8 hexadecimal digits"),
    ("keyName", "the OpenSSH public key itself, empty without one"),
    ("launchIndex", "decimal, always 0 from a CLC"),
    ("launchTime", "when the controller accepted the instance"),
    ("localDev", "device name in the guest"),
    ("maxInstances", "instances of this type that fit an empty cluster"),
    ("memory", "MiB"),
    ("memorySizeAvailable", "MiB"),
    ("memorySizeMax", "MiB"),
    ("mode", "1 in MANAGED and MANAGED-NOVLAN, otherwise 0"),
    ("NCcert", "base64 of the PEM text of the node certificate"),
    ("NCLog", "base64 of the tail of the log"),
    ("networkIndex", "host index in the virtual network, -1 without one"),
    ("networkIndexList", "host indexes in the virtual network, one for each instance"),
    ("nodeName", "host part of the node's URL"),
    ("privateIp", "dotted IPv4, `0.0.0.0` while unknown"),
    ("publicIp", "dotted IPv4, `0.0.0.0` while unknown"),
    ("remoteDev", "AoE device path or iSCSI connection string"),
    ("return", "whether the operation succeeded; absent reads as failure"),
    ("serviceTag", "URL of a node's service, or `self`"),
    ("size", "KiB"),
    ("source", "public IPv4 address, dotted"),
    ("stateName", "`Pending`, `Extant` or `Teardown`"),
    ("status", "false on success (W22)"),
    ("userData", "decoded text, not base64"),
    ("userId", "on whose behalf; echoed"),
    ("vlan", "VLAN tag, -1 without managed networks"),
];

/// Types whose values are held by the controller and told in many replies: those share them.
const SHARED: &[&str] = &["ccInstanceType"];

pub fn module(service: &Service, file: &str, api: &str) -> String {
    let notes: HashMap<_, _> = NOTES.iter().copied().collect();
    let messages: HashMap<&str, &str> = service
        .operations
        .iter()
        .flat_map(|operation| [&operation.request, &operation.response])
        .map(|element| (element.type_name.as_str(), element.name.as_str()))
        .collect();
    let mut out = format!(
        "// Generated from wsdl/2.0.1/{file} by `cargo xtask codegen`. Do not edit.\n\
         //! Messages of {name}, from `{file}`.\n\
         // yaserde's derive makes `__return__value` of `return_`.\n\
         #![cfg_attr(feature = \"yaserde\", allow(non_snake_case))]\n\n\
         use std::future::Future;\n\n\
         use crate::decode::{{self, Decode, DecodeError, Decoder, Element}};\n\
         use crate::encode::{{Encode, Encoder, Generation}};\n\
         use crate::error::CallError;\n\
         use crate::service::{{Caller, Message, Operation, Request, Service, Stub}};\n",
        name = service.name,
    );
    let dated =
        service.types.iter().flat_map(|kind| &kind.fields).any(|field| matches!(field.kind, Kind::DateTime));
    if dated {
        out.push_str("use crate::DateTime;\n");
    }
    if service.types.iter().any(|kind| SHARED.contains(&kind.name.as_str())) {
        out.push_str("use crate::{CLC_BODY_LIMIT, Shared};\n");
    }
    for kind in &service.types {
        let element = messages.get(kind.name.as_str()).copied();
        // A message type without an element is none; ccTerminatedInstanceType is a type nothing refers to.
        if kind.message || referenced(service, &kind.name) {
            emit_type(&mut out, service, kind, element, &notes);
        }
    }
    for operation in &service.operations {
        emit_operation(
            &mut out,
            service,
            &operation.name,
            &operation.action,
            &operation.request,
            &operation.response,
        );
    }
    emit_service(&mut out, service, file, api);
    out
}

fn referenced(service: &Service, name: &str) -> bool {
    let mut fields = service.types.iter().flat_map(|kind| &kind.fields);
    fields.any(|field| matches!(&field.kind, Kind::Complex(kind) if kind == name))
}

fn emit_type(
    out: &mut String,
    service: &Service,
    kind: &Type,
    element: Option<&str>,
    notes: &HashMap<&str, &str>,
) {
    let name = element.map_or_else(|| type_name(&kind.name), pascal);
    let fields: Vec<&Field> = if kind.message {
        service.base.iter().chain(&kind.fields).collect()
    } else {
        kind.fields.iter().collect()
    };
    match element {
        Some(element) => _ = write!(out, "\n/// The `{element}` message.\n"),
        None => _ = write!(out, "\n/// `{}`, part of other messages.\n", kind.name),
    }
    _ = write!(
        out,
        "#[derive(Debug, Clone, Default, PartialEq)]\n\
         #[cfg_attr(feature = \"yaserde\", derive(yaserde::YaSerialize, yaserde::YaDeserialize))]\n\
         #[cfg_attr(feature = \"yaserde\", yaserde(prefix = \"n\", namespaces = {{ \"n\" = \"{}\" }}, rename = \"{}\"))]\n\
         #[cfg_attr(feature = \"serde\", derive(serde::Serialize, serde::Deserialize), serde(default))]\n\
         pub struct {name} {{\n",
        service.namespace,
        element.unwrap_or(&kind.name),
    );
    for field in &fields {
        let note = notes.get(field.name.as_str()).map(|note| format!(": {note}")).unwrap_or_default();
        let skip = match (field.min, field.max) {
            (0, Some(1)) => ", skip_serializing_if = \"Option::is_none\"",
            _ => "",
        };
        _ = write!(
            out,
            "/// `{tag}`{note}.\n\
             #[cfg_attr(feature = \"yaserde\", yaserde(prefix = \"n\", rename = \"{tag}\"))]\n\
             #[cfg_attr(feature = \"serde\", serde(rename = \"{tag}\"{skip}))]\n\
             pub {}: {},\n",
            snake(&field.name),
            rust_type(field),
            tag = field.name,
        );
    }
    out.push_str("}\n");

    _ = write!(out, "\nimpl Encode for {name} {{\nfn encode(&self, encoder: &mut Encoder<'_>) {{\n");
    for field in &fields {
        let (name, write) = (snake(&field.name), writer(&field.kind));
        let tags = |value: &str| {
            format!("encoder.{write}(\"<n:{tag}>\", {value}, \"</n:{tag}>\");\n", tag = field.name)
        };
        let by_value = matches!(field.kind, Kind::Int | Kind::Boolean | Kind::DateTime);
        if field.max != Some(1) {
            _ = write!(
                out,
                "for value in &self.{name} {{\n{}}}\n",
                tags(if by_value { "*value" } else { "value" })
            );
        } else if field.min == 0 {
            let borrow = if by_value { "" } else { "&" };
            _ = write!(out, "if let Some(value) = {borrow}self.{name} {{\n{}}}\n", tags("value"));
        } else {
            out.push_str(&tags(&format!("{}self.{name}", if by_value { "" } else { "&" })));
        }
    }
    out.push_str("}\n}\n");

    _ = write!(
        out,
        "\nimpl Decode for {name} {{\nfn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {{\n"
    );
    for field in &fields {
        let empty = if field.max == Some(1) { "None" } else { "Vec::new()" };
        _ = writeln!(out, "let mut {} = {empty};", snake(&field.name));
    }
    let nillable: Vec<&str> =
        fields.iter().filter(|field| field.nillable).map(|field| field.name.as_str()).collect();
    let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
    _ = write!(
        out,
        "while let Some(child) = decoder.child()? {{\n\
         if child.is_nil() {{\ndecoder.nil(&child, &{nillable:?}, &{known:?})?;\ncontinue;\n}}\n\
         match child.name() {{\n"
    );
    for field in &fields {
        let (slot, read) = (snake(&field.name), reader(&field.kind));
        _ = match field.max {
            Some(1) => writeln!(
                out,
                "\"{}\" => decode::once(&mut {slot}, {read}?, \"{}\")?,",
                field.name, field.name
            ),
            _ => writeln!(out, "\"{}\" => {slot}.push({read}?),", field.name),
        };
    }
    out.push_str("_ => decoder.skip()?,\n}\n}\nOk(Self {\n");
    for field in &fields {
        let slot = snake(&field.name);
        let check = match (field.min, field.max) {
            (0, _) => None,
            (_, Some(1)) => Some("required"),
            _ if field.max.is_none() => Some("at_least_one"),
            _ => None,
        };
        _ = match check {
            Some(check) => {
                writeln!(out, "{slot}: decode::{check}({slot}, \"{}\", \"{}\")?,", kind.name, field.name)
            }
            None => writeln!(out, "{slot},"),
        };
    }
    out.push_str("})\n}\n}\n");
    if let Some(element) = element {
        // Replies of a cluster controller are the only ones a CLC reads.
        let to_clc = service.name == "EucalyptusCC"
            && service.operations.iter().any(|operation| operation.response.name == element);
        let limit = if to_clc { "const LIMIT: usize = CLC_BODY_LIMIT;\n" } else { "" };
        _ = write!(
            out,
            "\nimpl Message for {name} {{\nconst NAME: &'static str = \"{element}\";\n{limit}}}\n"
        );
    }
}

fn emit_operation(
    out: &mut String,
    service: &Service,
    name: &str,
    action: &str,
    request: &Element,
    response: &Element,
) {
    let failure_text =
        service.base.iter().any(|field| field.name == "statusMessage" && matches!(field.kind, Kind::String));
    let status =
        if failure_text { "status_message: (!success).then(|| \"ERROR\".to_owned()),\n" } else { "" };
    // A CC or GL response without fields of its own is complete with the base fields set here.
    let own =
        service.types.iter().find(|kind| kind.name == response.type_name).map_or(0, |kind| kind.fields.len());
    let rest = if own > 0 || !failure_text { "..Default::default()\n" } else { "" };
    let (request, response) = (pascal(&request.name), pascal(&response.name));
    _ = write!(
        out,
        "\nimpl Request for {request} {{\n\
         type Response = {response};\n\
         const OPERATION: &'static Operation = &Operation {{ name: \"{name}\", action: \"{action}\" }};\n\n\
         fn user_id(&self) -> Option<&str> {{\nself.user_id.as_deref()\n}}\n\n\
         fn correlation_id(&self) -> Option<&str> {{\nself.correlation_id.as_deref()\n}}\n}}\n\n\
         impl {request} {{\n\
         /// The response that echoes this request's identity and says whether it succeeded (wire.md §3.3).\n\
         pub fn answer(&self, success: bool) -> {response} {{\n\
         {response} {{\n\
         correlation_id: self.correlation_id.clone(),\nuser_id: self.user_id.clone(),\n\
         return_: Some(success),\n{status}{rest}}}\n}}\n}}\n",
    );
}

fn emit_service(out: &mut String, service: &Service, file: &str, api: &str) {
    let name = &service.name;
    _ = write!(out, "\n/// The operations of {name}.\npub trait {api}Api: Send + Sync + 'static {{\n");
    out.push_str("/// What an operation fails with.\ntype Error: Send;\n");
    // Nodes alone are searched, one after another, and polled.
    let nodes = api == "Node";
    if nodes {
        out.push_str(
            "\n/// `operation` may be called soon: what does not depend on the request can be got ready. A hint.\n\
             fn prepare(&self, _operation: &'static Operation) {}\n\n\
             /// Who carries the calls to a service that is remote, and can poll it.\n\
             fn caller(&self) -> Option<&impl Caller> {\nNone::<&std::convert::Infallible>\n}\n",
        );
    }
    for operation in &service.operations {
        _ = write!(
            out,
            "\n/// `{}`.\nfn {}(&self, request: {}) -> impl Future<Output = Result<{}, Self::Error>> + Send;\n",
            operation.action,
            snake(&operation.name),
            pascal(&operation.request.name),
            pascal(&operation.response.name),
        );
    }
    out.push_str("}\n");

    _ = write!(out, "\nimpl<C: Caller> {api}Api for Stub<C> {{\ntype Error = CallError;\n");
    if nodes {
        out.push_str(
            "\nfn prepare(&self, operation: &'static Operation) {\nself.0.prepare(operation);\n}\n\n\
             fn caller(&self) -> Option<&impl Caller> {\nSome(&self.0)\n}\n",
        );
    }
    for operation in &service.operations {
        _ = write!(
            out,
            "\nfn {}(&self, request: {}) -> impl Future<Output = Result<{}, CallError>> + Send {{\n\
             self.0.call(request)\n}}\n",
            snake(&operation.name),
            pascal(&operation.request.name),
            pascal(&operation.response.name),
        );
    }
    out.push_str("}\n");

    _ = write!(out, "\n/// Any request of {name}.\n#[derive(Debug)]\npub enum {api}Request {{\n");
    for operation in &service.operations {
        let request = pascal(&operation.request.name);
        _ = write!(out, "/// `{}`.\n{request}(Box<{request}>),\n", operation.name);
    }
    out.push_str("}\n");

    _ = write!(
        out,
        "\n/// {name} behind an endpoint: dispatches to an implementation of [`{api}Api`].\n\
         #[derive(Debug, Clone)]\npub struct {api}Service<S>(pub std::sync::Arc<S>);\n\n\
         impl<S: {api}Api> Service for {api}Service<S> {{\n\
         const NAME: &'static str = \"{name}\";\n\
         const WSDL: &'static str = include_str!(\"../../../../wsdl/2.0.1/{file}\");\n\
         type AnyRequest = {api}Request;\ntype Error = S::Error;\n\n\
         fn find(name: &str) -> Option<&'static Operation> {{\nmatch name {{\n",
    );
    for operation in &service.operations {
        let request = pascal(&operation.request.name);
        _ = writeln!(out, "\"{}\" => Some({request}::OPERATION),", operation.request.name);
    }
    _ = write!(
        out,
        "_ => None,\n}}\n}}\n\n\
         fn decode(operation: &'static Operation, body: &Element<'_>) -> Result<{api}Request, DecodeError> {{\n\
         match operation.name {{\n",
    );
    for operation in &service.operations {
        let request = pascal(&operation.request.name);
        _ = writeln!(
            out,
            "\"{}\" => {request}::read(body).map(|request| {api}Request::{request}(Box::new(request))),",
            operation.request.name
        );
    }
    _ = write!(
        out,
        "name => Err(DecodeError::Root {{ expected: \"a request\", found: name.to_owned() }}),\n}}\n}}\n\n\
         fn identity(request: &{api}Request) -> (Option<&str>, Option<&str>) {{\nmatch request {{\n",
    );
    for operation in &service.operations {
        let request = pascal(&operation.request.name);
        _ = writeln!(
            out,
            "{api}Request::{request}(request) => (request.correlation_id(), request.user_id()),"
        );
    }
    _ = write!(
        out,
        "}}\n}}\n\n\
         async fn run(&self, request: {api}Request, out: &mut Vec<u8>) -> Result<bool, S::Error> {{\n\
         let mut encoder = Encoder::new(out, Generation::V2_0);\nlet success = match request {{\n",
    );
    for operation in &service.operations {
        let request = pascal(&operation.request.name);
        _ = writeln!(
            out,
            "{api}Request::{request}(request) => {{\nlet response = self.0.{}(*request).await?;\n\
             response.write(&mut encoder);\nresponse.return_\n}}",
            snake(&operation.name)
        );
    }
    out.push_str("};\nOk(success != Some(false))\n}\n}\n");
}

fn rust_type(field: &Field) -> String {
    let inner = match &field.kind {
        Kind::String => "String".to_owned(),
        Kind::Int => "i32".to_owned(),
        Kind::Boolean => "bool".to_owned(),
        Kind::DateTime => "DateTime".to_owned(),
        Kind::Complex(name) if SHARED.contains(&name.as_str()) => format!("Shared<{}>", type_name(name)),
        Kind::Complex(name) => type_name(name),
    };
    match (field.min, field.max) {
        (0, Some(1)) => format!("Option<{inner}>"),
        (_, Some(1)) => inner,
        _ => format!("Vec<{inner}>"),
    }
}

fn writer(kind: &Kind) -> &'static str {
    match kind {
        Kind::String => "string",
        Kind::Int => "int",
        Kind::Boolean => "boolean",
        Kind::DateTime => "date_time",
        Kind::Complex(_) => "nested",
    }
}

fn reader(kind: &Kind) -> String {
    match kind {
        Kind::String => "decoder.string(&child)".to_owned(),
        Kind::Int => "decoder.int(&child)".to_owned(),
        Kind::Boolean => "decoder.boolean(&child)".to_owned(),
        Kind::DateTime => "decoder.date_time(&child)".to_owned(),
        Kind::Complex(_) => "Decode::decode(decoder)".to_owned(),
    }
}

/// `ccInstanceType` → `CcInstance`, `networkRule` → `NetworkRule`.
fn type_name(name: &str) -> String {
    pascal(name.strip_suffix("Type").unwrap_or(name))
}

fn pascal(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(characters).collect()
}

/// `imageURL` → `image_url`, `S3PolicySig` → `s3_policy_sig`, `CCcert` → `cc_cert`, `return` → `return_`.
fn snake(name: &str) -> String {
    match name {
        "return" => return "return_".to_owned(),
        "type" => return "type_".to_owned(),
        "CCcert" => return "cc_cert".to_owned(),
        "NCcert" => return "nc_cert".to_owned(),
        _ => {}
    }
    let characters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, &character) in characters.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| characters[before]);
        let after = characters.get(at + 1);
        let starts_word = character.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && after.is_some_and(char::is_ascii_lowercase))
            });
        if starts_word {
            out.push('_');
        }
        out.push(character.to_ascii_lowercase());
    }
    out
}
