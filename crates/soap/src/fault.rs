//! Faults on the wire: the shapes of wire.md §2.7, each with a Header and a detail element, because a 2.0.1 CLC
//! fails on a fault without the one and a 4.4.6 CLC on a fault without the other.

use euca_wire::encode::text;
use euca_wire::{Fault, FaultCode};
use euca_wsse::envelope::{BodyElement, ScanError, Version};
use euca_wsse::{OriginalFault, Refusal};
use http::StatusCode;
use quick_xml::events::Event;

use crate::envelope;

const WSA: &str = "http://www.w3.org/2005/08/addressing";
const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

const NO_SECURITY: &str = "Security header missing or not acceptable";
const STRANGER: &str = "Signer is not the expected peer";
const NOT_A_PROPERTY: &str =
    "A header representing a Message Addressing Property is not valid and the message cannot be processed";

/// A refusal of a request: what the sender gets, and the HTTP status around it.
#[derive(Debug)]
pub(crate) struct Refused {
    pub status: StatusCode,
    pub fault: Fault,
    detail: Detail,
    /// `Subcode` values in front of the faultcode; only F14 has some.
    subcodes: &'static [&'static str],
}

/// The element inside `detail` around the fault's detail text.
#[derive(Debug, Clone, Copy)]
enum Detail {
    Exception,
    Fault,
    ProblemSecurityHeader,
    ProblemHeaderQName,
}

impl Refused {
    fn new(code: FaultCode, reason: impl Into<String>, element: Detail, detail: impl Into<String>) -> Self {
        let fault = Fault { code, reason: reason.into(), detail: detail.into() };
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, fault, detail: element, subcodes: &[] }
    }

    /// A refusal whose detail repeats the reason.
    pub fn plain(status: StatusCode, code: FaultCode, reason: &str) -> Self {
        Self { status, ..Self::new(code, reason, Detail::Fault, reason) }
    }

    /// F1 and F2 by what the scan found; where the original says `No Error`, and for bounds it does not have, the
    /// error itself.
    pub fn scan(error: &ScanError, announced: Version) -> Self {
        let reason = match (error, error.fault()) {
            (_, OriginalFault::F2) => return Self::version_mismatch(announced),
            (ScanError::Limit { .. }, _) | (_, OriginalFault::NoError) => error.to_string(),
            _ => "SOAP message does not contain a SOAP envelope element".to_owned(),
        };
        Self::new(FaultCode::Client, reason, Detail::Fault, error.to_string())
    }

    /// F2.
    pub fn version_mismatch(announced: Version) -> Self {
        let code = match announced {
            Version::Soap11 => FaultCode::Client,
            Version::Soap12 => FaultCode::Sender,
        };
        let reason = "Transport identified SOAP version does not match with SOAP message version";
        Self::plain(StatusCode::INTERNAL_SERVER_ERROR, code, reason)
    }

    /// F3 and F4; `what` is `Operation` or `Service`.
    pub fn not_found(what: &str, url: &str, action: Option<&str>) -> Self {
        let reason = format!("{what} Not Found");
        // Spelling as the original has it.
        let detail = format!(
            "{reason}, Endpoint referance address is {url} and wsa actions is {}",
            action.unwrap_or("(null)")
        );
        Self::new(FaultCode::Server, reason, Detail::Exception, detail)
    }

    /// F5: the body is not what the operation needs.
    pub fn body(service: &str) -> Self {
        let detail = format!("{service}|{} failed", euca_wire::NAMESPACE);
        Self::new(FaultCode::Sender, "Data element of the OM Node is NULL", Detail::Fault, detail)
    }

    /// F15.
    pub fn not_understood() -> Self {
        Self::plain(StatusCode::INTERNAL_SERVER_ERROR, FaultCode::MustUnderstand, "Header not understood")
    }

    /// F6 to F14 by why verification refused. The texts are the original's, except where it says `No Error` and
    /// `Unknown Error :(`.
    pub fn security(refusal: &Refusal, service: &str) -> Self {
        let security = |code, reason, problem| {
            Self::new(FaultCode::Security(code), reason, Detail::ProblemSecurityHeader, problem)
        };
        match refusal.fault() {
            OriginalFault::F7a => {
                security("InvalidSecurity", "Processing Direct Reference Failed .", "ds:Signature")
            }
            OriginalFault::F8 => {
                security("InvalidSecurity", "Digest created with Invalid algorithm", "ds:Signature")
            }
            OriginalFault::F9 => security("InvalidSecurity", "Signed with Invalid algorithm", "ds:Signature"),
            OriginalFault::F10 => {
                security("InvalidSecurityToken", "Timestamp is not valid", "wsse:Timestamp")
            }
            OriginalFault::F11 => {
                security("FailedCheck", "Signature is not expected", "wsse:InvalidSecurity")
            }
            OriginalFault::F12 => security("FailedCheck", "Could not find signature", "wsse:InvalidSecurity"),
            OriginalFault::F13 => Self {
                fault: Fault { reason: STRANGER.to_owned(), ..Self::body(service).fault },
                ..Self::body(service)
            },
            OriginalFault::F14 => Self {
                subcodes: &["wsa:InvalidAddressingHeader", "wsa:InvalidCardinality"],
                ..Self::new(FaultCode::Sender, NOT_A_PROPERTY, Detail::ProblemHeaderQName, "wsa:Action")
            },
            OriginalFault::F1 | OriginalFault::F2 | OriginalFault::NoError | OriginalFault::F6 => {
                Self::plain(StatusCode::INTERNAL_SERVER_ERROR, FaultCode::Client, NO_SECURITY)
            }
            OriginalFault::F7 => {
                security("InvalidSecurity", "Signature Verification failed.", "ds:Signature")
            }
        }
    }

    /// More than the server takes at once. Nothing has been executed.
    pub fn busy() -> Self {
        Self::plain(StatusCode::SERVICE_UNAVAILABLE, FaultCode::Server, "too many requests in flight")
    }

    /// A Content-Type that is not SOAP's.
    pub fn content_type() -> Self {
        let reason = "Content-Type is neither text/xml nor application/soap+xml";
        Self::plain(StatusCode::INTERNAL_SERVER_ERROR, FaultCode::Sender, reason)
    }

    /// A body beyond the limit, in bytes.
    pub fn too_large(limit: usize) -> Self {
        let reason = format!("request body is larger than {limit} bytes");
        Self::plain(StatusCode::PAYLOAD_TOO_LARGE, FaultCode::Client, &reason)
    }

    /// A body that did not arrive in time.
    pub fn slow_body() -> Self {
        Self::plain(StatusCode::REQUEST_TIMEOUT, FaultCode::Client, "request body did not arrive in time")
    }

    /// A body that broke off or whose framing is wrong.
    pub fn broken_body(error: &str) -> Self {
        let reason = format!("request body is broken: {error}");
        Self::plain(StatusCode::BAD_REQUEST, FaultCode::Client, &reason)
    }

    /// The complete envelope.
    pub fn render(&self, version: Version) -> Vec<u8> {
        let mut body = b"<soapenv:Fault>".to_vec();
        match version {
            Version::Soap11 => self.render_11(&mut body),
            Version::Soap12 => self.render_12(&mut body),
        }
        body.extend_from_slice(b"</soapenv:Fault>");
        envelope::assemble(version, b"<soapenv:Header></soapenv:Header>", &body)
    }

    fn render_11(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"<faultcode>");
        for subcode in self.subcodes {
            out.extend_from_slice(b"<Subcode><Value>");
            text(subcode, out);
            out.extend_from_slice(b"</Value></Subcode>");
        }
        text(&self.fault.code.to_string(), out);
        out.extend_from_slice(b"</faultcode><faultstring>");
        text(&self.fault.reason, out);
        out.extend_from_slice(b"</faultstring><detail>");
        self.render_detail(out);
        out.extend_from_slice(b"</detail>");
    }

    fn render_12(&self, out: &mut Vec<u8>) {
        let code = match self.fault.code {
            FaultCode::Server => "soapenv:Receiver",
            FaultCode::MustUnderstand => "soapenv:MustUnderstand",
            _ => "soapenv:Sender",
        };
        out.extend_from_slice(b"<soapenv:Code><soapenv:Value>");
        text(code, out);
        out.extend_from_slice(
            b"</soapenv:Value></soapenv:Code><soapenv:Reason><soapenv:Text xml:lang=\"en\">",
        );
        text(&self.fault.reason, out);
        out.extend_from_slice(b"</soapenv:Text></soapenv:Reason><soapenv:Detail>");
        self.render_detail(out);
        out.extend_from_slice(b"</soapenv:Detail>");
    }

    fn render_detail(&self, out: &mut Vec<u8>) {
        let (name, namespace) = match self.detail {
            Detail::Exception => ("Exception", None),
            Detail::Fault => ("fault", None),
            Detail::ProblemSecurityHeader => ("wsse:ProblemSecurityHeader", Some(("wsse", WSSE))),
            Detail::ProblemHeaderQName => ("wsa:ProblemHeaderQName", Some(("wsa", WSA))),
        };
        out.push(b'<');
        out.extend_from_slice(name.as_bytes());
        if let Some((prefix, uri)) = namespace {
            for part in [" xmlns:", prefix, "=\"", uri, "\""] {
                out.extend_from_slice(part.as_bytes());
            }
        }
        out.push(b'>');
        text(&self.fault.detail, out);
        for part in ["</", name, ">"] {
            out.extend_from_slice(part.as_bytes());
        }
    }
}

impl From<Fault> for Refused {
    fn from(fault: Fault) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self { status, fault, detail: Detail::Fault, subcodes: &[] }
    }
}

/// The fault in a reply, if its body is one: SOAP 1.1 or 1.2. Texts are cut to 1024 characters.
pub(crate) fn read(body: &BodyElement<'_>) -> Option<Fault> {
    let soap = [Version::Soap11, Version::Soap12].iter().any(|version| body.namespace == version.namespace());
    if !soap || body.local_name != "Fault" {
        return None;
    }
    let mut reader = quick_xml::Reader::from_str(body.xml);
    let mut path: Vec<String> = Vec::new();
    let (mut code, mut reason, mut detail) = (String::new(), String::new(), String::new());
    // The scan has found the document well-formed; should the reader disagree, what it has read so far must do.
    while let Ok(event) = reader.read_event() {
        let text = match event {
            Event::Start(start) => {
                path.push(start.local_name().into_inner().to_owned());
                continue;
            }
            Event::End(_) => {
                path.pop();
                continue;
            }
            Event::Text(text) => text.into_inner(),
            Event::CData(text) => text.into_inner(),
            Event::GeneralRef(reference) => match reference.resolve_char_ref() {
                Ok(Some(character)) => character.to_string().into(),
                _ => match &*reference.into_inner() {
                    "lt" => "<".into(),
                    "gt" => ">".into(),
                    "amp" => "&".into(),
                    "apos" => "'".into(),
                    _ => "\"".into(),
                },
            },
            Event::Eof => break,
            _ => continue,
        };
        let target = match path.get(1).map(String::as_str) {
            Some("faultcode" | "Code")
                if path.last().is_some_and(|name| name == "faultcode" || path.len() == 3) =>
            {
                &mut code
            }
            Some("faultstring" | "Reason") => &mut reason,
            Some("detail" | "Detail") => &mut detail,
            _ => continue,
        };
        // A line feed from a peer would start a line of its own in the log.
        let text = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        target.extend(text.take(1024_usize.saturating_sub(target.len())));
    }
    let code = match code.trim() {
        "soapenv:Client" => FaultCode::Client,
        "soapenv:Server" => FaultCode::Server,
        "soapenv:Sender" => FaultCode::Sender,
        "soapenv:MustUnderstand" => FaultCode::MustUnderstand,
        other => FaultCode::Other(other.to_owned()),
    };
    Some(Fault { code, reason, detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_as_it_was_rendered_without_line_feeds() {
        for version in [Version::Soap11, Version::Soap12] {
            let refused = Refused::plain(StatusCode::OK, FaultCode::Server, "one\n[two] <&>");
            let message = refused.render(version);
            let envelope = euca_wsse::scan(&message, &euca_wsse::Limits::default()).unwrap();
            let fault = read(envelope.body().unwrap()).unwrap();
            assert_eq!((fault.reason.as_str(), fault.detail.as_str()), ("one [two] <&>", "one [two] <&>"));
        }
    }
}
