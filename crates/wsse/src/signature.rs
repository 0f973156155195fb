//! The Security header, taken apart: what claims to be signed, how, and with which token. Structure and sizes
//! are judged here, truth in [`verify`](crate::verify).
//!
//! ```text
//! wsse:Security
//! ├─ wsu:Timestamp?                  Created?, Expires?
//! ├─ wsse:BinarySecurityToken*       base64 of a certificate
//! └─ ds:Signature                    exactly one (S15)
//!    ├─ ds:SignedInfo                CanonicalizationMethod, SignatureMethod, Reference+
//!    ├─ ds:SignatureValue
//!    └─ ds:KeyInfo                   SecurityTokenReference/Reference → one of the tokens
//! ```

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::algorithms::Hash;
use crate::envelope::{ScanError, cut};
use crate::ns;
use crate::refusal::Refusal;
use crate::timestamp::{self, Timestamp};
use crate::xml::{Binding, Name, Tokens};

/// References followed. Five addressing headers, Body and Timestamp are seven.
const MAX_REFERENCES: usize = 16;
/// Prefixes of one PrefixList.
const MAX_PREFIXES: usize = 32;
/// Characters of base64, white space aside: a certificate of 12 KiB, a signature of 16384 bits, a digest of
/// 512 bits.
const MAX_TOKEN: usize = 16_384;
const MAX_SIGNATURE: usize = 4_096;
const MAX_DIGEST: usize = 128;

/// A signature as its sender describes it.
#[derive(Debug)]
pub(crate) struct Signature<'a> {
    /// DER of the certificate that the signature's own KeyInfo names.
    pub token: Vec<u8>,
    pub signed_info: &'a str,
    /// What SignedInfo inherits.
    pub scope: Vec<Binding<'a>>,
    pub prefixes: Vec<&'a str>,
    pub hash: Hash,
    pub value: Vec<u8>,
    pub references: Vec<Reference<'a>>,
    pub timestamp: Option<Timestamp<'a>>,
}

/// One signed element, as its sender describes it.
#[derive(Debug)]
pub(crate) struct Reference<'a> {
    /// Id of the element.
    pub id: &'a str,
    pub prefixes: Vec<&'a str>,
    pub hash: Hash,
    pub digest: Vec<u8>,
}

/// A token not yet decoded.
struct Token<'a> {
    id: Option<&'a str>,
    base64: Vec<u8>,
    known_type: bool,
}

/// The parts of ds:Signature.
struct Parts<'a> {
    signed_info: &'a str,
    scope: Vec<Binding<'a>>,
    prefixes: Vec<&'a str>,
    hash: Hash,
    references: Vec<Reference<'a>>,
    value: Vec<u8>,
    token_id: &'a str,
}

impl<'a> Signature<'a> {
    /// Takes a Security header apart. White space and comments between children are tolerated (S2, W4).
    pub fn parse(security: &'a str, scope: &[Binding<'a>]) -> Result<Self, Refusal> {
        let mut tokens = Tokens::fragment(security, scope);
        let mut binary: Vec<Token<'_>> = Vec::new();
        let mut parts = None;
        let mut timestamp = None;
        tokens.root().map_err(stray)?;
        while let Some(child) = tokens.child().map_err(stray)? {
            match (tokens.resolve(child.prefix).unwrap_or_default(), child.local) {
                (ns::WSSE, "BinarySecurityToken") => binary.push(token(&mut tokens)?),
                (ns::DS, "Signature") if parts.is_some() => return Err(Refusal::SeveralSignatures),
                (ns::DS, "Signature") => parts = Some(signature(&mut tokens, security)?),
                (_, "Signature") => return Err(Refusal::ForeignSignature),
                (ns::WSU, "Timestamp") if timestamp.is_none() => {
                    timestamp = Some(timestamp::parse(&mut tokens, security)?);
                }
                (ns::WSU, "Timestamp") => return Err(Refusal::MalformedTimestamp),
                (_, name) => return Err(Refusal::UnknownSecurityChild(cut(name))),
            }
        }
        let parts = parts.ok_or(Refusal::NoSignature)?;
        let token = binary.into_iter().find(|token| token.id == Some(parts.token_id));
        let token = token.filter(|token| token.known_type).ok_or(Refusal::TokenMissing)?;
        Ok(Self {
            token: decode(&token.base64, MAX_TOKEN, "BinarySecurityToken")?,
            signed_info: parts.signed_info,
            scope: parts.scope,
            prefixes: parts.prefixes,
            hash: parts.hash,
            value: parts.value,
            references: parts.references,
            timestamp,
        })
    }
}

fn token<'a>(tokens: &mut Tokens<'a>) -> Result<Token<'a>, Refusal> {
    let is = |name, uri| tokens.attribute("", name).is_none_or(|value| value == uri);
    let known_type = is("ValueType", ns::X509_V3) && is("EncodingType", ns::BASE64);
    let id = tokens.id();
    let base64 = base64(tokens, "BinarySecurityToken")?;
    Ok(Token { id, base64, known_type })
}

fn signature<'a>(tokens: &mut Tokens<'a>, security: &'a str) -> Result<Parts<'a>, Refusal> {
    expect(tokens, ns::DS, "SignedInfo")?;
    let start = tokens.start();
    let scope = tokens.outer_scope().to_vec();

    expect(tokens, ns::DS, "CanonicalizationMethod")?;
    if algorithm(tokens).as_deref() != Some(ns::EXC_C14N) {
        return Err(Refusal::CanonicalizationAlgorithm);
    }
    let prefixes = prefixes(tokens)?;

    expect(tokens, ns::DS, "SignatureMethod")?;
    let hash = algorithm(tokens).as_deref().and_then(Hash::of_signature_method);
    let hash = hash.ok_or(Refusal::SignatureAlgorithm)?;
    // HMACOutputLength, the only child that is defined, makes HMACs forgeable.
    end(tokens, "parameters of SignatureMethod")?;

    let mut references = Vec::new();
    while let Some(name) = tokens.child().map_err(malformed)? {
        if !tokens.is(name, ns::DS, "Reference") {
            return Err(Refusal::MalformedSignature("SignedInfo"));
        }
        if references.len() == MAX_REFERENCES {
            return Err(Refusal::TooManyReferences);
        }
        references.push(reference(tokens)?);
    }
    let signed_info = security.get(start..tokens.end()).unwrap_or_default();

    expect(tokens, ns::DS, "SignatureValue")?;
    let value = decode(&base64(tokens, "SignatureValue")?, MAX_SIGNATURE, "SignatureValue")?;

    expect(tokens, ns::DS, "KeyInfo")?;
    expect(tokens, ns::WSSE, "SecurityTokenReference")?;
    expect(tokens, ns::WSSE, "Reference")?;
    if tokens.attribute("", "ValueType").is_some_and(|value| value != ns::X509_V3) {
        return Err(Refusal::TokenMissing);
    }
    let token_id = local_id(tokens).ok_or(Refusal::TokenMissing)?;
    for element in ["token Reference", "SecurityTokenReference", "KeyInfo", "Signature"] {
        end(tokens, element)?;
    }
    Ok(Parts { signed_info, scope, prefixes, hash, references, value, token_id })
}

fn reference<'a>(tokens: &mut Tokens<'a>) -> Result<Reference<'a>, Refusal> {
    let id = local_id(tokens).ok_or(Refusal::ReferenceTarget)?;

    // Without Transforms, inclusive canonicalisation would apply, which is none of S1's algorithms either.
    let first = tokens.child().map_err(malformed)?;
    if !first.is_some_and(|name| tokens.is(name, ns::DS, "Transforms")) {
        return Err(Refusal::TransformAlgorithm);
    }
    let only = tokens.child().map_err(malformed)?;
    if !only.is_some_and(|name| tokens.is(name, ns::DS, "Transform"))
        || algorithm(tokens).as_deref() != Some(ns::EXC_C14N)
    {
        return Err(Refusal::TransformAlgorithm);
    }
    let prefixes = prefixes(tokens)?;
    if tokens.child().map_err(malformed)?.is_some() {
        return Err(Refusal::TransformAlgorithm);
    }

    expect(tokens, ns::DS, "DigestMethod")?;
    let hash = algorithm(tokens).as_deref().and_then(Hash::of_digest_method);
    let hash = hash.ok_or(Refusal::DigestAlgorithm)?;
    end(tokens, "parameters of DigestMethod")?;

    expect(tokens, ns::DS, "DigestValue")?;
    let digest = decode(&base64(tokens, "DigestValue")?, MAX_DIGEST, "DigestValue")?;
    end(tokens, "Reference")?;
    Ok(Reference { id, prefixes, hash, digest })
}

/// Leaves a canonicalisation method or transform; what may stand in it is one InclusiveNamespaces (S3).
fn prefixes<'a>(tokens: &mut Tokens<'a>) -> Result<Vec<&'a str>, Refusal> {
    let refused = Refusal::MalformedSignature("InclusiveNamespaces");
    let Some(name) = tokens.child().map_err(malformed)? else { return Ok(Vec::new()) };
    if !tokens.is(name, ns::EXC_C14N, "InclusiveNamespaces") {
        return Err(refused);
    }
    let list = raw_attribute(tokens, "PrefixList").unwrap_or_default();
    let list: Vec<&str> = list.split([' ', '\t', '\r', '\n']).filter(|prefix| !prefix.is_empty()).collect();
    if list.len() > MAX_PREFIXES || list.iter().any(|prefix| prefix.contains('&')) {
        return Err(refused);
    }
    end(tokens, "InclusiveNamespaces")?;
    end(tokens, "canonicalisation method")?;
    Ok(list)
}

/// `URI="#id"` of the element just entered. Everything else a URI can be is no reference into this message.
fn local_id<'a>(tokens: &mut Tokens<'a>) -> Option<&'a str> {
    raw_attribute(tokens, "URI")?.strip_prefix('#').filter(|id| !id.is_empty() && !id.contains('&'))
}

fn raw_attribute<'a>(tokens: &mut Tokens<'a>, local: &str) -> Option<&'a str> {
    let attributes = tokens.attributes();
    attributes.iter().find(|a| a.name.local == local && a.namespace.is_empty()).map(|a| a.raw)
}

fn algorithm<'a>(tokens: &Tokens<'a>) -> Option<std::borrow::Cow<'a, str>> {
    tokens.attribute("", "Algorithm")
}

/// Enters the next child, which must be this one.
fn expect<'a>(tokens: &mut Tokens<'a>, namespace: &str, local: &'static str) -> Result<Name<'a>, Refusal> {
    let child = tokens.child().map_err(malformed)?;
    child.filter(|&name| tokens.is(name, namespace, local)).ok_or(Refusal::MalformedSignature(local))
}

/// Leaves the element, which must have no further children.
fn end(tokens: &mut Tokens<'_>, element: &'static str) -> Result<(), Refusal> {
    match tokens.child().map_err(malformed)? {
        None => Ok(()),
        Some(_) => Err(Refusal::MalformedSignature(element)),
    }
}

fn malformed(_: ScanError) -> Refusal {
    Refusal::MalformedSignature("text between elements")
}

fn stray(_: ScanError) -> Refusal {
    Refusal::UnknownSecurityChild("text".to_owned())
}

fn base64(tokens: &mut Tokens<'_>, what: &'static str) -> Result<Vec<u8>, Refusal> {
    tokens.base64().map_err(|_| Refusal::Encoding(what))
}

fn decode(text: &[u8], limit: usize, what: &'static str) -> Result<Vec<u8>, Refusal> {
    if text.len() > limit {
        return Err(Refusal::Oversized(what));
    }
    STANDARD.decode(text).map_err(|_| Refusal::Encoding(what))
}
