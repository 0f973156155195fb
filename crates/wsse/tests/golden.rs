//! Every recorded exchange of the original programs and of the real CLC, judged as the recordings' index
//! says, or more strictly where wire.md §5.7 wants it.

#![cfg(test)]

#[path = "support/recordings.rs"]
mod recordings;

use std::collections::BTreeMap;
use std::fs;
use std::time::SystemTime;

use euca_wsse::{Limits, Options, OriginalFault, Profile, Refusal, ScanError, scan};
use recordings::{golden, verifier};

#[derive(Debug, Clone, PartialEq)]
enum Verdict {
    Accepted { signed_body: bool },
    NotEnvelope(ScanError),
    Refused(Refusal),
}

/// The entity body of a recorded request or response.
fn entity(recording: &[u8]) -> Vec<u8> {
    let head = recording.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let (head, body) = (String::from_utf8_lossy(&recording[..head]).to_lowercase(), &recording[head + 4..]);
    if !head.contains("transfer-encoding: chunked") {
        return body.to_vec();
    }
    let (mut rest, mut entity) = (body, Vec::new());
    loop {
        let line = rest.windows(2).position(|bytes| bytes == b"\r\n").unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&rest[..line]).unwrap().trim(), 16).unwrap();
        if length == 0 {
            return entity;
        }
        entity.extend_from_slice(&rest[line + 2..][..length]);
        rest = &rest[line + 2 + length + 2..];
    }
}

fn judge(message: &[u8], peer: &str, profile: Profile) -> Verdict {
    let envelope = match scan(message, &Limits::default()) {
        Ok(envelope) => envelope,
        Err(error) => return Verdict::NotEnvelope(error),
    };
    match verifier(peer, Options::server(profile)).verify(&envelope, SystemTime::now()) {
        Ok(verified) => Verdict::Accepted { signed_body: verified.body_signed },
        Err(refusal) => Verdict::Refused(refusal),
    }
}

/// Requests whose verdict is not the one their signature column implies, with the reason.
fn exceptions() -> BTreeMap<&'static str, Verdict> {
    let malformed = |offset, what| Verdict::NotEnvelope(ScanError::Malformed { offset, what });
    let digest = |name: &str| Verdict::Refused(Refusal::DigestMismatch(name.to_owned()));
    BTreeMap::from([
        // No envelope. The mismatched tag is one the original's parser does not see; §3.1 wants strict XML.
        ("err-not-xml", Verdict::NotEnvelope(ScanError::NotSoap)),
        ("err-empty-body", Verdict::NotEnvelope(ScanError::NotSoap)),
        ("err-truncated", Verdict::NotEnvelope(ScanError::Truncated)),
        ("err-no-body", Verdict::NotEnvelope(ScanError::NoBody)),
        ("err-doctype", Verdict::NotEnvelope(ScanError::Doctype)),
        ("err-mismatched-tag", malformed(4548, "end tag of another element")),
        // SOAP forbids them; the original takes them for the end of the document and refuses the message,
        // too.
        ("clc-RunInstances-comment", Verdict::NotEnvelope(ScanError::ProcessingInstruction)),
        ("clc-RunInstances-pi-only", Verdict::NotEnvelope(ScanError::ProcessingInstruction)),
        // Refused by the original.
        ("err-tampered-to", digest("To")),
        ("err-tampered-messageid", digest("MessageID")),
        ("err-tampered-digest", Verdict::Refused(Refusal::SignatureMismatch)),
        ("err-tampered-signature", Verdict::Refused(Refusal::SignatureMismatch)),
        ("err-no-bst", Verdict::Refused(Refusal::TokenMissing)),
        ("err-no-signature", Verdict::Refused(Refusal::NoSignature)),
        ("err-no-wsa-signed", Verdict::Refused(Refusal::NoReferences)),
        ("err-sha256-digest", Verdict::Refused(Refusal::DigestAlgorithm)),
        ("err-two-security", Verdict::Refused(Refusal::SeveralSecurityHeaders)),
        ("err-two-actions", Verdict::Refused(Refusal::DuplicateAddressing { header: "Action".to_owned() })),
        // Accepted by the original; S5.
        ("err-only-to-signed", Verdict::Refused(Refusal::HeaderNotCovered("Action".to_owned()))),
    ])
}

/// The recorded faultstring that belongs to a fault number.
fn faultstring(fault: OriginalFault) -> &'static str {
    match fault {
        OriginalFault::F1 => "SOAP message does not contain a SOAP envelope element",
        OriginalFault::F2 => "Transport identified SOAP version does not match with SOAP message version",
        OriginalFault::NoError | OriginalFault::F6 => "No Error",
        OriginalFault::F7 => "Signature Verification failed.",
        OriginalFault::F7a => "Processing Direct Reference Failed .",
        OriginalFault::F8 => "Digest created with Invalid algorithm",
        OriginalFault::F9 => "Signed with Invalid algorithm",
        OriginalFault::F10 => "Timestamp should not be in the message ",
        OriginalFault::F11 => "Signature is not expected",
        OriginalFault::F12 => "Could not find signature",
        OriginalFault::F13 => "Unknown Error :(",
        OriginalFault::F14 => {
            "A header representing a Message Addressing Property is not valid and the message cannot be processed"
        }
    }
}

/// The verdict that a signature column implies.
fn implied(column: &str) -> Option<(&str, Verdict)> {
    if column == "unsigned" {
        return Some(("cloud", Verdict::Refused(Refusal::Unsigned)));
    }
    let (signer, parts) = column.split_once(" ok ")?;
    Some((signer, Verdict::Accepted { signed_body: parts.contains("Body") }))
}

#[test]
fn every_recording_of_the_c_side_is_judged_as_indexed() {
    let index = fs::read(golden("c-2.0.1/manifest.json")).unwrap();
    let index: Vec<BTreeMap<String, Option<String>>> = serde_json::from_slice(&index).unwrap();
    let exceptions = exceptions();
    let (mut judged, mut used, mut accepted) = (0, 0, 0);
    for row in &index {
        let field = |name: &str| row.get(name).cloned().flatten().unwrap_or_default();
        let name = field("name");
        for (kind, column) in
            [("request", field("request_signature")), ("response", field("response_signature"))]
        {
            let file = golden(&format!("c-2.0.1/{name}.{kind}.http"));
            let Ok(recording) = fs::read(&file) else {
                assert!(column.is_empty(), "{name} {kind} is indexed as {column:?} but not there");
                continue;
            };
            let message = entity(&recording);
            let exception = exceptions.get(name.as_str()).filter(|_| kind == "request");
            let (signer, expected) = match (exception, implied(&column)) {
                (Some(exception), _) => ("cloud", exception.clone()),
                (None, Some(implied)) => implied,
                // HTTP without envelope: GET, OPTIONS, WSDL files, error pages.
                (None, None) => {
                    assert!(scan(&message, &Limits::default()).is_err(), "{name} {kind}");
                    continue;
                }
            };
            let verdict = judge(&message, signer, Profile::Legacy);
            if let (Verdict::NotEnvelope(_), Verdict::Refused(Refusal::Unsigned)) = (&verdict, &expected) {
                // "unsigned" is also said of WSDL files and error pages.
                assert!(name.contains("http-"), "{name} {kind}");
                continue;
            }
            assert_eq!(verdict, expected, "{name} {kind}");
            judged += 1;
            used += usize::from(exception.is_some());
            accepted += usize::from(matches!(verdict, Verdict::Accepted { .. }));

            if matches!(verdict, Verdict::Accepted { .. }) {
                // Nobody else's certificate will do, and a Body counts as signed only where it is.
                let stranger = if signer == "other" { "node" } else { "other" };
                assert_eq!(judge(&message, stranger, Profile::Legacy), Verdict::Refused(Refusal::Stranger));
                let strict = judge(&message, signer, Profile::Strict);
                match verdict {
                    Verdict::Accepted { signed_body: true } => assert_eq!(strict, verdict),
                    _ => assert_eq!(strict, Verdict::Refused(Refusal::BodyNotCovered)),
                }
            } else if kind == "request" && !field("outcome").starts_with("200") {
                // Refused by the original, too: with the fault that is named.
                let fault = match &verdict {
                    Verdict::NotEnvelope(error) => error.fault(),
                    Verdict::Refused(refusal) => refusal.fault(),
                    Verdict::Accepted { .. } => unreachable!(),
                };
                let response = fs::read(golden(&format!("c-2.0.1/{name}.response.http"))).unwrap();
                let response = String::from_utf8(response).unwrap();
                let expected = format!("<faultstring>{}</faultstring>", faultstring(fault));
                let cut = matches!(verdict, Verdict::NotEnvelope(ScanError::ProcessingInstruction));
                let unsigned_gl = name.starts_with("gl2nc-");
                assert!(cut || unsigned_gl || response.contains(&expected), "{name}: {fault:?}");
            }
        }
    }
    assert_eq!(used, exceptions.len(), "every exception is a recording");
    assert!(judged > 480 && accepted > 430, "judged {judged}, accepted {accepted}");
}

#[test]
fn every_request_of_the_real_clc_is_accepted() {
    let mut count = 0;
    for entry in fs::read_dir(golden("clc-2.0.1")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if !name.ends_with(".request.http") {
            continue;
        }
        count += 1;
        let message = entity(&fs::read(&path).unwrap());
        // The log pipeline does not sign (wire.md §5.1).
        let expected = if name.starts_with("GetLogs") {
            Verdict::Refused(Refusal::Unsigned)
        } else {
            Verdict::Accepted { signed_body: false }
        };
        assert_eq!(judge(&message, "cloud", Profile::Legacy), expected, "{name}");

        let envelope = scan(&message, &Limits::default()).unwrap();
        let operation = name.split(['.', '-']).next().unwrap();
        let body = envelope.body().unwrap();
        assert_eq!((body.namespace, body.local_name), ("http://eucalyptus.ucsb.edu/", operation));
        let action = envelope.addressing().unwrap().action.unwrap();
        assert_eq!(action.split_once('#').unwrap().1, operation);
    }
    assert_eq!(count, 55);
}

#[test]
fn recorded_headers_and_bodies_are_found() {
    for (recording, action, to, blocks) in [
        ("c-2.0.1/err-mustunderstand.request.http", "EucalyptusCC#DescribeNetworks", true, 5),
        ("c-2.0.1/http-soap12.request.http", "EucalyptusCC#DescribeNetworks", true, 4),
        ("c-2.0.1/cc-RebootInstances-1.response.http", "EucalyptusCC#RebootInstances", false, 5),
    ] {
        let message = entity(&fs::read(golden(recording)).unwrap());
        let envelope = scan(&message, &Limits::default()).unwrap();
        let addressing = envelope.addressing().unwrap();
        assert_eq!(addressing.action.as_deref(), Some(action), "{recording}");
        assert_eq!(addressing.to.is_some(), to, "{recording}");
        assert_eq!(addressing.relates_to.is_some(), !to, "{recording}");
        assert_eq!(envelope.header_blocks().len(), blocks, "{recording}");
        let expects = recording.contains("mustunderstand");
        assert_eq!(envelope.not_understood().is_some(), expects, "{recording}");
    }
}

#[test]
fn an_unsigned_timestamp_is_checked() {
    let message = entity(&fs::read(golden("c-2.0.1/err-timestamp.request.http")).unwrap());
    let text = String::from_utf8(message).unwrap();
    for (from, to, expected) in [
        ("", "", Verdict::Accepted { signed_body: false }),
        ("2036-11-22", "2020-11-22", Verdict::Refused(Refusal::Expired)),
        ("2026-11-22", "2035-11-22", Verdict::Refused(Refusal::NotYetValid)),
        ("2026-11-22T12", "yesterday", Verdict::Refused(Refusal::MalformedTimestamp)),
    ] {
        let text = text.replacen(from, to, 1);
        assert_eq!(judge(text.as_bytes(), "cloud", Profile::Legacy), expected, "{from} → {to}");
    }
}
