//! The bytes of a connection on which one reply was expected, up to its end.
//!
//! [`parse`] reads them as leniently as the CLC's HTTP library does; [`check_reply`] then names everything a
//! reply of this project must not do: what breaks a peer (clc.md §4.3, wire.md §8, §9), and what is promised
//! beyond it.

use crate::xml::{Element, Node, Refusal, parse as parse_xml};
use crate::{SOAP11, SOAP12};

/// Longest status line the CLC reads, in bytes.
const MAX_STATUS_LINE: usize = 4096;
/// Longest header section the CLC reads, in bytes.
pub const MAX_HEADERS: usize = 8192;
/// Longest reply of a node this project sends, in bytes.
pub const NODE_BODY_LIMIT: usize = 16 << 20;

/// What ends the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// `Content-Length`
    Length,
    /// `Transfer-Encoding: chunked`
    Chunked,
    /// The end of the connection.
    Close,
}

/// A reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The first line.
    pub status_line: String,
    /// The status code.
    pub status: u16,
    /// Names as sent, values trimmed.
    pub headers: Vec<(String, String)>,
    /// What ends the body.
    pub framing: Framing,
    /// The body without its framing.
    pub body: Vec<u8>,
    /// Bytes after the reply.
    pub surplus: usize,
}

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoReply {
    /// The connection ended before the reply did: a worker of the CLC waits for ever (wire.md §8 C12).
    Incomplete,
    /// The reply is refused.
    Refused(String),
}

impl Reply {
    /// The value of a header, if it is there once or more.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(candidate, _)| candidate.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads a reply, leniently; a body longer than `limit` bytes is refused.
///
/// # Errors
/// There is no complete reply, or one that no peer reads.
pub fn parse(connection: &[u8], limit: usize) -> Result<Reply, NoReply> {
    let refused = |text: &str| NoReply::Refused(text.to_owned());
    let mut rest = connection;
    while let Some(after) = rest.strip_prefix(b"\r\n").or_else(|| rest.strip_prefix(b"\n")) {
        rest = after;
    }
    let status_line = take_line(&mut rest).ok_or(NoReply::Incomplete)?;
    if status_line.len() > MAX_STATUS_LINE {
        return Err(refused("the status line is longer than 4096 bytes"));
    }
    let mut words = status_line.split_ascii_whitespace();
    let version =
        words.next().filter(|version| version.starts_with("HTTP/1.")).ok_or_else(|| refused("not HTTP/1"))?;
    let http10 = version == "HTTP/1.0";
    let status = words.next().and_then(|code| code.parse().ok()).ok_or_else(|| refused("no status code"))?;

    let start = rest.len();
    let mut headers: Vec<(String, String)> = Vec::new();
    loop {
        let line = take_line(&mut rest).ok_or(NoReply::Incomplete)?;
        if start - rest.len() > MAX_HEADERS {
            return Err(refused("the header section is longer than 8192 bytes"));
        }
        if line.is_empty() {
            break;
        }
        match headers.last_mut() {
            Some((_, value)) if line.starts_with([' ', '\t']) => {
                value.push(' ');
                value.push_str(line.trim());
            }
            _ => {
                let (name, value) =
                    line.split_once(':').ok_or_else(|| refused("a header without a colon"))?;
                headers.push((name.trim().to_owned(), value.trim().to_owned()));
            }
        }
    }

    let mut reply =
        Reply { status_line, status, headers, framing: Framing::Length, body: Vec::new(), surplus: 0 };
    let too_long = || NoReply::Refused(format!("the body is longer than {limit} bytes"));
    if matches!(status, 100..=199 | 204 | 304) {
        reply.surplus = rest.len();
    } else if !http10
        && reply.header("Transfer-Encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
    {
        reply.framing = Framing::Chunked;
        reply.body = take_chunks(&mut rest, limit)?;
        reply.surplus = rest.len();
    } else if let Some(length) = reply.header("Content-Length") {
        let length: usize = length.parse().map_err(|_| refused("Content-Length is not a number"))?;
        if length > limit {
            return Err(too_long());
        }
        let (body, surplus) = rest.split_at_checked(length).ok_or(NoReply::Incomplete)?;
        reply.body = body.to_vec();
        reply.surplus = surplus.len();
    } else {
        reply.framing = Framing::Close;
        reply.body = rest.to_vec();
    }
    if reply.body.len() > limit { Err(too_long()) } else { Ok(reply) }
}

fn take_line(rest: &mut &[u8]) -> Option<String> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
    let line = String::from_utf8_lossy(line).into_owned();
    *rest = &rest[end + 1..];
    Some(line)
}

fn take_chunks(rest: &mut &[u8], limit: usize) -> Result<Vec<u8>, NoReply> {
    let mut body = Vec::new();
    loop {
        let line = take_line(rest).ok_or(NoReply::Incomplete)?;
        let size = line.split([';', ' ']).next().unwrap_or_default();
        let refused = |_| NoReply::Refused(format!("chunk size {size:?}"));
        let size = usize::from_str_radix(size, 16).map_err(refused)?;
        if size == 0 {
            while !take_line(rest).ok_or(NoReply::Incomplete)?.is_empty() {}
            return Ok(body);
        }
        if body.len().saturating_add(size) > limit {
            return Err(NoReply::Refused(format!("the body is longer than {limit} bytes")));
        }
        let (chunk, after) = rest.split_at_checked(size).ok_or(NoReply::Incomplete)?;
        body.extend_from_slice(chunk);
        *rest = after;
        match take_line(rest) {
            Some(line) if line.is_empty() => {}
            Some(_) => return Err(NoReply::Refused("a chunk is longer than its size".into())),
            None => return Err(NoReply::Incomplete),
        }
    }
}

/// Checks one SOAP reply as sent, from the first byte of the connection to its end: status, headers, framing,
/// bytes of the body, and the shape of the envelope. A reply of this project has no finding.
pub fn check_reply(connection: &[u8], limit: usize) -> Vec<String> {
    let mut findings = Vec::new();
    let reply = match parse(connection, limit) {
        Ok(reply) => reply,
        Err(NoReply::Incomplete) => return vec!["the connection ends before the reply is complete".into()],
        Err(NoReply::Refused(reason)) => return vec![reason],
    };
    let mut find = |wrong: bool, text: &str| {
        if wrong {
            findings.push(text.to_owned());
        }
    };

    // The head.
    let head_end = connection.windows(4).position(|window| window == b"\r\n\r\n");
    let head = &connection[..head_end.unwrap_or(connection.len())];
    let lines: Vec<_> = head.split(|byte| *byte == b'\n').collect();
    let (last, others) = lines.split_last().map_or((&[][..], &[][..]), |(last, others)| (*last, others));
    let broken =
        head_end.is_none() || last.contains(&b'\r') || others.iter().any(|line| !line.ends_with(b"\r"));
    find(broken, "a line of the head does not end with CR LF");
    find(
        !head.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\r' | b'\n')),
        "the head is not printable ASCII",
    );
    find(
        lines.iter().skip(1).any(|line| line.starts_with(b" ") || line.starts_with(b"\t")),
        "a header is folded",
    );
    find((100..200).contains(&reply.status), "an interim reply such as 100 Continue comes first");
    find(!matches!(reply.status, 200 | 500), "the status is neither 200 nor 500");
    let status_line = format!("HTTP/1.1 {} ", reply.status);
    find(
        !reply.status_line.starts_with(&status_line),
        "the status line is not HTTP/1.1 with a reason phrase",
    );
    for name in ["Content-Length", "Transfer-Encoding", "Content-Type"] {
        let count =
            reply.headers.iter().filter(|(candidate, _)| candidate.eq_ignore_ascii_case(name)).count();
        find(count > 1, &format!("{name} is sent more than once"));
    }
    find(reply.header("Content-Encoding").is_some(), "Content-Encoding: the CLC does not decode");
    let both = reply.header("Content-Length").is_some() && reply.header("Transfer-Encoding").is_some();
    find(both, "both Content-Length and Transfer-Encoding");
    find(reply.framing == Framing::Close, "the end of the connection is the end of the body");
    find(reply.surplus > 0, "bytes follow the reply");

    // The body.
    let content_type = reply.header("Content-Type");
    find(content_type.is_none(), "no Content-Type: the C CC refuses the reply");
    find(!reply.body.iter().all(u8::is_ascii), "the body holds a byte that is not ASCII");
    find(reply.body.contains(&b'\r'), "a CR stands in the body as it is: XML readers turn it into LF");
    let text = String::from_utf8_lossy(&reply.body);
    let envelope = match parse_xml(&text) {
        Ok(envelope) => envelope,
        Err(refusal) => {
            findings.push(format!("the body is not XML: {}", refusal_text(refusal)));
            return findings;
        }
    };
    find(!text.ends_with('>'), "text follows the envelope");
    let (namespace, expected_type) =
        if envelope.namespace == SOAP12 { (SOAP12, "application/soap+xml") } else { (SOAP11, "text/xml") };
    let media_type = content_type.map(|value| value.split(';').next().unwrap_or_default().trim());
    find(media_type.is_some_and(|found| found != expected_type), "the Content-Type is not the envelope's");
    find(!envelope.is(namespace, "Envelope"), "the root is not an Envelope of SOAP 1.1 or 1.2");
    let parts: Vec<_> = envelope.elements().collect();
    let (header, body) = match parts[..] {
        [header, body] if header.is(namespace, "Header") && body.is(namespace, "Body") => {
            (Some(header), body)
        }
        [body] if body.is(namespace, "Body") => (None, body),
        _ => {
            findings.push("the envelope is not an optional Header and a Body".into());
            return findings;
        }
    };
    find(has_loose_text(&envelope), "text or a comment between the parts of the envelope");
    find(has_loose_text(body), "text or a comment beside the body element");
    find(body.elements().count() != 1, "the Body does not hold exactly one element");
    if let Some(header) = header {
        find(has_loose_text(header), "text or a comment between header blocks");
        for security in header.elements().filter(|block| block.local == "Security") {
            find(has_loose_text(security), "text or a comment inside Security");
            let timestamp = security.elements().any(|child| child.local == "Timestamp");
            find(timestamp, "a Timestamp: the C CC refuses it");
        }
    }
    find(text.contains("<![CDATA["), "CDATA");
    find(text.contains("<!--"), "a comment");

    // Faults.
    let fault = body.elements().find(|element| element.is(namespace, "Fault"));
    find(fault.is_some() != (reply.status == 500), "faults have status 500, and nothing else has");
    if let Some(fault) = fault {
        find(header.is_none(), "a fault without a Header ends in a null pointer on the CLC");
        let child = |local: &str| fault.elements().find(|child| child.local == local);
        let (code, reason, detail) = if namespace == SOAP12 {
            let inner = |outer: &str, local: &str| {
                child(outer).and_then(|outer| outer.elements().find(|child| child.local == local))
            };
            (inner("Code", "Value"), inner("Reason", "Text"), child("Detail"))
        } else {
            (child("faultcode"), child("faultstring"), child("detail"))
        };
        find(!code.is_some_and(|code| is_qname(&code.text())), "the fault code is not a plain QName");
        find(reason.is_none_or(|reason| reason.text().trim().is_empty()), "the fault has no reason text");
        find(detail.is_none(), "a fault without detail breaks the CLC of release 4.4.6");
    }
    findings
}

/// Text or comments among the children: nothing but elements belongs there.
fn has_loose_text(element: &Element) -> bool {
    element.children.iter().any(|node| !matches!(node, Node::Element(_)))
}

/// Prefix and name without characters a regular expression would take for its own.
pub(crate) fn is_qname(text: &str) -> bool {
    let name = |part: &str| {
        part.starts_with(|character: char| character.is_ascii_alphabetic())
            && part.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
    };
    match text.split_once(':') {
        Some((prefix, local)) => name(prefix) && name(local),
        None => name(text),
    }
}

pub(crate) fn refusal_text(refusal: Refusal) -> String {
    match refusal {
        Refusal::Doctype => "a DOCTYPE".into(),
        Refusal::Instruction => "a processing instruction".into(),
        Refusal::Prolog(text) | Refusal::Malformed(text) => text,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BODY: &str = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header><w:Security \
        xmlns:w=\"urn:w\"><w:Token></w:Token></w:Security></s:Header><s:Body><n:XResponse \
        xmlns:n=\"http://eucalyptus.ucsb.edu/\"><n:x>a</n:x></n:XResponse></s:Body></s:Envelope>";
    const FAULT: &str = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header></s:Header><s:Body>\
        <s:Fault><faultcode>s:Server</faultcode><faultstring>busy</faultstring><detail><f>x</f></detail></s:Fault>\
        </s:Body></s:Envelope>";

    fn reply(body: &str) -> String {
        let status = if body.contains("Fault") { "500 Internal Server Error" } else { "200 OK" };
        let length = body.len();
        format!("HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nContent-Length: {length}\r\n\r\n{body}")
    }

    #[test]
    fn a_reply_as_it_should_be_has_no_finding() {
        let chunk = format!("{:x}\r\n{BODY}\r\n0\r\n\r\n", BODY.len());
        let chunked =
            format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}");
        let soap12 =
            reply(&BODY.replace(SOAP11, SOAP12)).replace("text/xml", "application/soap+xml; charset=utf-8");
        for connection in [reply(BODY), reply(FAULT), chunked, soap12] {
            assert_eq!(check_reply(connection.as_bytes(), 1 << 20), [""; 0], "{connection}");
        }
    }

    #[test]
    fn one_thing_wrong_is_one_finding() {
        let good = reply(BODY);
        let head = |from: &str, to: &str| good.replacen(from, to, 1);
        let body = |from: &str, to: &str| reply(&BODY.replacen(from, to, 1));
        let fault = |from: &str, to: &str| reply(&FAULT.replacen(from, to, 1));
        for (connection, finding) in [
            (String::new(), "the connection ends before"),
            (good[..good.len() - 1].to_owned(), "the connection ends before"),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n".into(),
                "the connection ends before",
            ),
            ("SSH-2.0\r\n".into(), "not HTTP/1"),
            (head("\r\nContent-Type", "\nContent-Type"), "does not end with CR LF"),
            (head("text/xml", "text/xml; x=\u{e9}"), "not printable ASCII"),
            (head("text/xml", "text/xml;\r\n x=y"), "folded"),
            (head("HTTP/1.1 200", "HTTP/1.1 404"), "neither 200 nor 500"),
            (head("HTTP/1.1", "HTTP/1.0"), "not HTTP/1.1"),
            (head("200 OK", "200"), "not HTTP/1.1 with a reason"),
            (
                head("Content-Type: text/xml", "Content-Type: text/xml\r\ncontent-type: text/xml"),
                "more than once",
            ),
            (head("Content-Type", "Content-Encoding: identity\r\nContent-Type"), "Content-Encoding"),
            (head("Content-Type: text/xml\r\n", ""), "no Content-Type"),
            (head("text/xml", "text/plain"), "is not the envelope's"),
            (head("text/xml", &format!("text/xml\r\nX: {}", "x".repeat(8192))), "longer than 8192"),
            (format!("{good}x"), "bytes follow"),
            (body(">a<", ">\u{e9}<"), "not ASCII"),
            (body(">a<", ">\r<"), "a CR stands"),
            (body(">a<", "><![CDATA[a]]><"), "CDATA"),
            (body(">a<", ">a<!-- --><"), "a comment"),
            (body("</s:Envelope>", "</s:Envelope>\n"), "text follows the envelope"),
            (body("<s:Body>", " <s:Body>"), "between the parts of the envelope"),
            (body("<s:Body>", "<s:Body>\n"), "beside the body element"),
            (body("<w:Security", " <w:Security"), "between header blocks"),
            (body("<w:Token>", "\n<w:Token>"), "inside Security"),
            (body("<w:Token></w:Token>", "<w:Timestamp></w:Timestamp>"), "a Timestamp"),
            (body("</n:x>", "</n:y>"), "is not XML"),
            (body("</n:XResponse>", "</n:XResponse><Y></Y>"), "exactly one element"),
            (body(SOAP11, "urn:other"), "the root is not an Envelope"),
            (fault("<s:Header></s:Header>", ""), "without a Header"),
            (fault("<detail><f>x</f></detail>", ""), "without detail"),
            (fault("s:Server", "a(b"), "not a plain QName"),
            (fault("busy", " "), "no reason text"),
            (reply(FAULT).replacen("500 Internal", "200 Internal", 1), "faults have status 500"),
            (head("200 OK", "500 OK"), "faults have status 500"),
        ] {
            let findings = check_reply(connection.as_bytes(), 1 << 20);
            assert!(
                findings.iter().any(|text| text.contains(finding)),
                "{finding}: {findings:?}\n{connection}"
            );
        }
        let limit = check_reply(good.as_bytes(), 100);
        assert!(limit[0].contains("longer than 100 bytes"), "{limit:?}");
        let continued = check_reply(format!("HTTP/1.1 100 Continue\r\n\r\n{good}").as_bytes(), 1 << 20);
        assert!(continued.iter().any(|text| text.contains("100 Continue")), "{continued:?}");
        let close = format!("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n{BODY}");
        assert_eq!(
            check_reply(close.as_bytes(), 1 << 20),
            ["the end of the connection is the end of the body"]
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_checks_panic(
            head in "(HTTP/1.1 (200|500|100) OK\r?\n)?(Content-Length: [0-9]{0,4}\r\n)?(Transfer-Encoding: chunked\r\n)?(\r\n)?",
            rest in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let connection = [head.into_bytes(), rest].concat();
            let _ = check_reply(&connection, 100);
            let _ = crate::clc::judge_connection(crate::clc::Pipeline::Queue, "X", &connection);
        }
    }
}
