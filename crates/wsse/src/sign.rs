//! Signing, in the layout of the C side (wire.md §5.4, §7.2, §7.3): Security as last header block, one line,
//! every addressing header covered (S9).
//!
//! What is written is already in canonical form except for the namespace declarations that its elements
//! inherit, so a digest is one pass over those declarations and the bytes just written. The cost of signing
//! is RSA.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::error::ErrorStack;

use crate::algorithms::{RSA_SHA1, SHA1, sha1, sign};
use crate::c14n::{exclusive, put, text};
use crate::envelope::Version;
use crate::keys::KeyPair;
use crate::ns;
use crate::verify::Profile;
use crate::xml::is_xml_char;

/// Why a message cannot be signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// A header's text holds a character that XML cannot carry.
    #[error("text of wsa:{0} cannot be written as XML")]
    Text(&'static str),
    /// The body element is not well-formed.
    #[error("body element cannot be canonicalised")]
    Body(#[source] crate::envelope::ScanError),
    /// OpenSSL failed.
    #[error("signing failed")]
    OpenSsl(#[from] ErrorStack),
}

/// The addressing headers of a message (wire.md §4.1): To, Action and MessageID in a request; Action, From,
/// MessageID and RelatesTo in an answer.
#[derive(Debug, Clone, Copy)]
pub struct Headers<'a> {
    /// `<Service>#<operation>`, in an answer that of the request.
    pub action: &'a str,
    /// Fresh for every message: [`new_message_id`].
    pub message_id: &'a str,
    /// URL of the endpoint.
    pub to: Option<&'a str>,
    /// What the request named as To.
    pub from: Option<&'a str>,
    /// MessageID of the request.
    pub relates_to: Option<&'a str>,
}

/// `urn:uuid:` and a random UUID, lower case (wire.md §4.1).
///
/// # Errors
/// The system's random generator failed.
pub fn new_message_id() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let mut id = String::with_capacity(45);
    id.push_str("urn:uuid:");
    for (index, byte) in bytes.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            id.push('-');
        }
        for digit in [byte >> 4, byte & 0x0f] {
            id.extend(char::from_digit(u32::from(digit), 16));
        }
    }
    Ok(id)
}

/// The complete Header element of a message of profile [`Legacy`](Profile::Legacy), addressing and Security.
/// It does not depend on the body, so an answer's header can be signed while the operation is still running.
/// The element belongs into an envelope that binds `soapenv`: [`write_envelope`].
///
/// # Errors
/// [`SignError`].
pub fn sign_header(key: &KeyPair, headers: &Headers<'_>) -> Result<Vec<u8>, SignError> {
    header(key, headers, None)
}

/// A complete signed message around `body`, a well-formed element that declares the prefixes it uses.
///
/// # Errors
/// [`SignError`].
pub fn sign_envelope(
    key: &KeyPair,
    headers: &Headers<'_>,
    version: Version,
    profile: Profile,
    body: &[u8],
) -> Result<Vec<u8>, SignError> {
    let mut out = Vec::with_capacity(body.len() + key.token().len() + 4_096);
    match profile {
        Profile::Legacy => write_envelope(version, &sign_header(key, headers)?, body, &mut out),
        Profile::Strict => {
            let mut element = Vec::with_capacity(body.len() + 256);
            put(&mut element, &["<soapenv:Body xmlns:wsu=\"", ns::WSU, "\" wsu:Id=\"", BODY_ID, "\">"]);
            element.extend_from_slice(body);
            put(&mut element, &["</soapenv:Body>"]);
            // The body is ASCII with numeric references, as peers need it (W35), which is not canonical.
            let written = crate::xml::decode(&element).map_err(SignError::Body)?;
            let mut canonical = Vec::with_capacity(element.len() + 128);
            let scope = [("soapenv", version.namespace())];
            exclusive(written, &scope, &[], &mut canonical).map_err(SignError::Body)?;
            let header = header(key, headers, Some(sha1(&[&canonical])))?;
            envelope(version, &[&header, &element], &mut out);
        }
    }
    Ok(out)
}

/// Appends an envelope with this Header element (empty for none) and this body element.
pub fn write_envelope(version: Version, header: &[u8], body: &[u8], out: &mut Vec<u8>) {
    envelope(version, &[header, b"<soapenv:Body>", body, b"</soapenv:Body>"], out);
}

fn envelope(version: Version, content: &[&[u8]], out: &mut Vec<u8>) {
    put(out, &["<soapenv:Envelope xmlns:soapenv=\"", version.namespace(), "\">"]);
    for part in content {
        out.extend_from_slice(part);
    }
    put(out, &["</soapenv:Envelope>"]);
}

const BODY_ID: &str = "SigID-Body";
const TOKEN_ID: &str = "CertID-1";

/// The digest of one signed part, and the id it bears.
type Digest = (&'static str, [u8; 20]);

fn header(key: &KeyPair, headers: &Headers<'_>, body: Option<[u8; 20]>) -> Result<Vec<u8>, SignError> {
    let mut out = Vec::with_capacity(key.token().len() + 4_096);
    put(&mut out, &["<soapenv:Header xmlns:wsa=\"", ns::WSA, "\">"]);
    let mut digests: Vec<Digest> = Vec::with_capacity(6);
    let address = ("<wsa:Address>", "</wsa:Address>");
    for (name, id, value, (open, close)) in [
        ("To", "SigID-To", headers.to, ("", "")),
        ("Action", "SigID-Action", Some(headers.action), ("", "")),
        ("From", "SigID-From", headers.from, address),
        ("MessageID", "SigID-MessageID", Some(headers.message_id), ("", "")),
        ("RelatesTo", "SigID-RelatesTo", headers.relates_to, ("", "")),
    ] {
        if let Some(value) = value {
            digests.push((id, block(&mut out, name, id, open, value, close)?));
        }
    }
    digests.extend(body.map(|digest| (BODY_ID, digest)));

    put(&mut out, &["<wsse:Security xmlns:wsse=\"", ns::WSSE, "\" soapenv:mustUnderstand=\"1\">"]);
    put(&mut out, &["<wsse:BinarySecurityToken xmlns:wsu=\"", ns::WSU, "\" EncodingType=\"", ns::BASE64]);
    put(&mut out, &["\" ValueType=\"", ns::X509_V3, "\" wsu:Id=\"", TOKEN_ID, "\">", key.token()]);
    put(&mut out, &["</wsse:BinarySecurityToken><ds:Signature xmlns:ds=\"", ns::DS, "\"><ds:SignedInfo"]);
    let start = out.len();
    put(
        &mut out,
        &["><ds:CanonicalizationMethod Algorithm=\"", ns::EXC_C14N, "\"></ds:CanonicalizationMethod>"],
    );
    put(&mut out, &["<ds:SignatureMethod Algorithm=\"", RSA_SHA1, "\"></ds:SignatureMethod>"]);
    for (id, digest) in digests {
        put(
            &mut out,
            &["<ds:Reference URI=\"#", id, "\"><ds:Transforms><ds:Transform Algorithm=\"", ns::EXC_C14N],
        );
        put(&mut out, &["\"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=\"", SHA1]);
        put(&mut out, &["\"></ds:DigestMethod><ds:DigestValue>", &STANDARD.encode(digest)]);
        put(&mut out, &["</ds:DigestValue></ds:Reference>"]);
    }
    put(&mut out, &["</ds:SignedInfo>"]);
    let signed_info = out.get(start..).unwrap_or_default();
    let inherited = [" xmlns:ds=\"", ns::DS, "\""].map(str::as_bytes);
    let [a, b, c] = inherited;
    let value = sign(key.key(), &[b"<ds:SignedInfo", a, b, c, signed_info])?;
    put(&mut out, &["<ds:SignatureValue>", &STANDARD.encode(value), "</ds:SignatureValue><ds:KeyInfo>"]);
    put(&mut out, &["<wsse:SecurityTokenReference><wsse:Reference URI=\"#", TOKEN_ID, "\" ValueType=\""]);
    put(&mut out, &[ns::X509_V3, "\"></wsse:Reference></wsse:SecurityTokenReference></ds:KeyInfo>"]);
    put(&mut out, &["</ds:Signature></wsse:Security></soapenv:Header>"]);
    Ok(out)
}

/// Appends a signed addressing header; its digest.
fn block(
    out: &mut Vec<u8>,
    name: &'static str,
    id: &str,
    open: &str,
    value: &str,
    close: &str,
) -> Result<[u8; 20], SignError> {
    if !value.chars().all(is_xml_char) {
        return Err(SignError::Text(name));
    }
    let mut canonical = Vec::with_capacity(value.len());
    text(value, &mut canonical);

    let tag = ["<wsa:", name].concat();
    let inherited = [" xmlns:wsa=\"", ns::WSA, "\""].concat();
    // In canonical order: by namespace, then by name.
    let relation = if name == "RelatesTo" { [" wsa:RelationshipType=\"", ns::REPLY, "\""] } else { [""; 3] };
    let head = [" xmlns:wsu=\"", ns::WSU, "\" wsu:Id=\"", id, "\"", &relation.concat(), ">", open].concat();
    let tail = [close, "</wsa:", name, ">"].concat();

    put(out, &[&tag, &head]);
    out.extend_from_slice(&ascii(&canonical));
    put(out, &[&tail]);
    Ok(sha1(&[tag.as_bytes(), inherited.as_bytes(), head.as_bytes(), &canonical, tail.as_bytes()]))
}

/// Canonical text as peers can read it: characters beyond ASCII as numeric references (wire.md §3.1).
fn ascii(canonical: &[u8]) -> Cow<'_, [u8]> {
    if canonical.is_ascii() {
        return Cow::Borrowed(canonical);
    }
    let mut out = String::with_capacity(canonical.len() * 2);
    for character in String::from_utf8_lossy(canonical).chars() {
        if character.is_ascii() {
            out.push(character);
        } else {
            out.push_str("&#");
            out.push_str(&u32::from(character).to_string());
            out.push(';');
        }
    }
    Cow::Owned(out.into_bytes())
}
