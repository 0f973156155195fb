//! The CLC's reader of CC and GL replies (clc.md §4.3, §5, §6; wire.md §8).

use crate::binding::{BASE, message};
use crate::http::{NoReply, is_qname, parse as parse_http, refusal_text};
use crate::lexical::{clc_boolean, clc_date_time, clc_int, clc_integer};
use crate::schema::{Field, Kind, Occurs};
use crate::xml::{Element, Refusal, declared_encoding, parse as parse_xml};
use crate::{EUCALYPTUS, SOAP11, SOAP12};

/// How the reason begins when the CLC could read a fault.
pub(crate) const REMOTE_FAULT: &str = "EucalyptusRemoteFault: ";

/// Which of the CLC's paths waits for the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pipeline {
    /// Periodic calls, and GetKeys: only status 200, and `return` is left to the handler.
    Poll,
    /// Commands: any status, and only `return=true` is a success.
    Queue,
    /// GetLogs: as commands, with a larger limit.
    Log,
}

impl Pipeline {
    /// The pipeline an operation's reply comes through.
    pub fn of(operation: &str) -> Self {
        match operation {
            "GetKeys"
            | "DescribeNetworks"
            | "DescribeResources"
            | "DescribeInstances"
            | "DescribePublicAddresses" => Self::Poll,
            "GetLogs" => Self::Log,
            _ => Self::Queue,
        }
    }

    /// Longest body, in bytes.
    pub fn body_limit(self) -> usize {
        match self {
            Self::Poll | Self::Queue => 1_048_576,
            Self::Log => 5_242_880,
        }
    }
}

/// What the CLC makes of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The outcome.
    pub outcome: Outcome,
    /// The element the reply was parsed from, if it was.
    pub root: Option<String>,
    /// The operation that was asked for.
    pub operation: String,
    /// `return`; false when absent.
    pub returned: bool,
}

/// How a reply ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Parsed and delivered to the handler.
    Accepted,
    /// Parsed, and a failure, because `return` is not true.
    ParsedFalse,
    /// Lost, for this reason.
    Rejected(String),
    /// The connection ended early: nothing ever happens, a worker is lost.
    NoCallback,
}

impl Verdict {
    /// Whether the caller of the operation has a success.
    ///
    /// # Errors
    /// The reply does not reach the caller, or as one of another operation.
    pub fn for_caller(&self) -> Result<bool, String> {
        match &self.outcome {
            Outcome::Rejected(reason) => Err(format!("the CLC rejects the reply: {reason}")),
            Outcome::NoCallback => Err("the CLC waits for ever: the reply is incomplete".into()),
            Outcome::Accepted | Outcome::ParsedFalse => {
                let expected = format!("{}Response", self.operation);
                match &self.root {
                    Some(root) if *root == expected => Ok(self.outcome == Outcome::Accepted && self.returned),
                    root => Err(format!("the CLC expects {expected}, got {root:?}")),
                }
            }
        }
    }
}

/// Judges everything that came over a connection until its end.
pub fn judge_connection(pipeline: Pipeline, operation: &str, connection: &[u8]) -> Verdict {
    let outcome = match parse_http(connection, pipeline.body_limit()) {
        Ok(reply) => return judge(pipeline, operation, reply.status, &reply.headers, &reply.body),
        Err(NoReply::Incomplete) => Outcome::NoCallback,
        Err(NoReply::Refused(reason)) => Outcome::Rejected(reason),
    };
    Verdict { outcome, root: None, operation: operation.into(), returned: false }
}

/// Judges a reply whose transport is over.
///
/// The CLC looks at no header. They are a parameter because their sheer size can lose the reply.
pub fn judge(
    pipeline: Pipeline,
    operation: &str,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> Verdict {
    let mut verdict =
        Verdict { outcome: Outcome::Accepted, root: None, operation: operation.into(), returned: false };
    match read(pipeline, status, headers, body) {
        Ok((root, returned)) => {
            verdict.returned = returned;
            // The class of this reply hides the parsed value behind a second field.
            let succeeds = returned && root != "RebootInstancesResponse";
            if pipeline != Pipeline::Poll && !succeeds {
                verdict.outcome = Outcome::ParsedFalse;
            }
            verdict.root = Some(root);
        }
        Err(reason) => verdict.outcome = Outcome::Rejected(reason),
    }
    verdict
}

/// The parsed element's name, and `return`.
fn read(
    pipeline: Pipeline,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> Result<(String, bool), String> {
    let header_bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    if header_bytes > crate::http::MAX_HEADERS {
        return Err("the header section is longer than 8192 bytes".into());
    }
    if body.len() > pipeline.body_limit() {
        return Err(format!("the body is longer than {} bytes", pipeline.body_limit()));
    }
    let envelope = parse_xml(&decode(body)?).map_err(|refusal| match refusal {
        Refusal::Malformed(text) => format!("Error parsing document: {text}"),
        refusal => refusal_text(refusal),
    })?;
    let root = body_element(&envelope)?;
    let message = message(&root.local).filter(|_| root.namespace == EUCALYPTUS);
    let message = message.ok_or_else(|| format!("no binding for {{{}}}{}", root.namespace, root.local))?;
    let base = if message.base { BASE } else { &[] };
    let fields: Vec<_> = base.iter().chain(message.fields).collect();
    let mut returned = false;
    read_struct(root, &fields, &mut |field, element| {
        if field.name == "return" {
            returned = clc_boolean(&element.text())?;
        }
        Ok(())
    })?;
    if pipeline == Pipeline::Poll && status != 200 {
        return Err(format!("status {status} is not 200"));
    }
    Ok((root.local.clone(), returned))
}

/// The CLC decodes the bytes as UTF-8 whatever they are, encodes them again (here: by a JVM whose default is
/// UTF-8), and lets the parser follow the declaration.
fn decode(body: &[u8]) -> Result<String, String> {
    let text = String::from_utf8_lossy(body);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    match declared_encoding(text).as_deref() {
        None | Some("utf-8" | "utf8") => Ok(text.into()),
        Some("iso-8859-1" | "latin1") => Ok(text.bytes().map(char::from).collect()),
        Some("us-ascii" | "ascii") if text.is_ascii() => Ok(text.into()),
        Some(other) => Err(format!("the declared encoding {other} is not the one of the bytes")),
    }
}

/// The first element of the Body, unless it is a fault.
fn body_element(envelope: &Element) -> Result<&Element, String> {
    if envelope.local != "Envelope" {
        return Err(format!(
            "First Element must contain the local name, Envelope , but found {}",
            envelope.local
        ));
    }
    if envelope.namespace != SOAP11 && envelope.namespace != SOAP12 {
        return Err(format!("invalid SOAP namespace URI {}", envelope.namespace));
    }
    let soap = envelope.namespace.as_str();
    let parts: Vec<_> = envelope.elements().collect();
    let at = parts.iter().position(|part| part.is(soap, "Body"));
    let at = at.filter(|at| *at <= 1).ok_or("the Body is neither first nor second child of the Envelope")?;
    if let Some(other) = parts.iter().find(|part| !part.is(soap, "Header") && !part.is(soap, "Body")) {
        return Err(format!("{} is not supported in the Envelope", other.local));
    }
    if parts.iter().filter(|part| part.is(soap, "Header")).count() > 1 {
        return Err("Multiple headers encountered!".into());
    }
    let header = parts[..at].first();
    let root = parts[at].elements().next().ok_or("NullPointerException: the Body holds no element")?;
    if root.is(soap, "Fault") { Err(fault(header, root)) } else { Ok(root) }
}

/// What the CLC says about a fault: the operation has failed in any case, but only a Header and a plain code let
/// the CLC see why.
fn fault(header: Option<&&Element>, fault: &Element) -> String {
    let Some(header) = header else {
        return "NullPointerException: a fault without a Header".into();
    };
    let block = |local: &str| {
        let found = header.elements().find(|block| block.local == local);
        found.map_or_else(|| local.to_owned(), Element::text)
    };
    let child = |local: &str| fault.elements().find(|child| child.local == local);
    let (code, message) = if fault.namespace == SOAP12 {
        let reason = child("Reason").and_then(|reason| reason.elements().next()).map(Element::text);
        (String::new(), reason.unwrap_or_default())
    } else {
        let Some(code) = child("faultcode").map(Element::text) else {
            return "NullPointerException: a fault without a code".into();
        };
        if !is_qname(&code) {
            return format!("PatternSyntaxException: the code {code:?} is used as a regular expression");
        }
        let parts = ["faultstring", "faultactor", "detail"].map(|local| child(local).map(Element::text));
        let message: String = parts.into_iter().flatten().collect();
        let message = message.replace(&code, "");
        (code, message)
    };
    let (action, relates) = (block("ProblemAction"), block("RelatesTo"));
    format!("{REMOTE_FAULT}Action:{action} Code:{code} Id:{relates} Error: {message}")
}

/// Walks the children in the order of the fields. Text and comments between them are dropped.
fn read_struct(
    parent: &Element,
    fields: &[&Field],
    seen: &mut dyn FnMut(&Field, &Element) -> Result<(), String>,
) -> Result<(), String> {
    let mut children = parent.elements().peekable();
    for field in fields {
        let mut count = 0;
        while let Some(element) = children.next_if(|element| element.is(EUCALYPTUS, field.name)) {
            read_value(element, field.kind)?;
            seen(field, element)?;
            count += 1;
            if !matches!(field.occurs, Occurs::List | Occurs::List64) {
                break;
            }
        }
        if count == 0 && field.occurs == Occurs::Required {
            return Err(match children.peek() {
                Some(next) => {
                    format!("Expected \"{}\" start tag, found \"{}\" start tag", field.name, next.local)
                }
                None => format!("Expected \"{}\" start tag, found \"{}\" end tag", field.name, parent.local),
            });
        }
    }
    match children.next() {
        Some(extra) => {
            Err(format!("Expected \"{}\" end tag, found \"{}\" start tag", parent.local, extra.local))
        }
        None => Ok(()),
    }
}

fn read_value(element: &Element, kind: Kind) -> Result<(), String> {
    if let Kind::Struct(fields) = kind {
        return read_struct(element, &fields.iter().collect::<Vec<_>>(), &mut |_, _| Ok(()));
    }
    if let Some(child) = element.elements().next() {
        return Err(format!("Expected \"{}\" end tag, found \"{}\" start tag", element.local, child.local));
    }
    let text = element.text();
    let result = match kind {
        Kind::Int => clc_int(&text),
        Kind::Integer => clc_integer(&text),
        Kind::Boolean => clc_boolean(&text).map(drop),
        Kind::DateTime => clc_date_time(&text),
        Kind::Text | Kind::NillableText | Kind::Struct(_) => Ok(()),
    };
    result.map_err(|problem| format!("{}: {problem}", element.local))
}
