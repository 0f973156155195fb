//! The SOAP envelope: one pass over the bytes that finds the header blocks and the body element.
//!
//! Verification, addressing, dispatch and decoding all work on the spans found here and on nothing else: what
//! was verified and what is executed cannot be two different elements. The scan judges form only; who signed
//! what is [`Verifier`](crate::Verifier)'s business, and until it has spoken every text here is the sender's
//! claim.

use std::borrow::Cow;

use crate::ns;
use crate::refusal::{OriginalFault, Refusal};
use crate::xml::{self, Binding, Name, Tokens, is_space};

/// Bounds of a document. All are counts except `header_bytes`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Nested elements, the Envelope included.
    pub depth: usize,
    /// Elements in all. 1000 instances in one answer are about 27 000.
    pub elements: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes: usize,
    /// Namespace declarations in scope at one place.
    pub bindings: usize,
    /// Children of Header. The peers send 4 or 5.
    pub header_blocks: usize,
    /// Bytes of the Header element. The peers send about 4 500.
    pub header_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 64,
            elements: 262_144,
            attributes: 64,
            bindings: 64,
            header_blocks: 32,
            header_bytes: 65_536,
        }
    }
}

/// Why bytes are not an envelope. The peer made a mistake in all cases.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// No XML at all, or a root element that is no Envelope.
    #[error("no SOAP envelope")]
    NotSoap,
    /// An Envelope of a namespace that is neither SOAP 1.1 nor 1.2.
    #[error("envelope of an unknown SOAP version")]
    Version,
    /// Not UTF-8.
    #[error("not UTF-8 at byte {offset}")]
    Encoding {
        /// Offset of the first byte that is not.
        offset: usize,
    },
    /// Against the rules of XML or of namespaces.
    #[error("malformed XML at byte {offset}: {what}")]
    Malformed {
        /// Offset of the piece of markup in question, behind a byte order mark if there is one.
        offset: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// The document ends inside the Envelope.
    #[error("document is cut off")]
    Truncated,
    /// An Envelope without Body.
    #[error("envelope without Body")]
    NoBody,
    /// A document type declaration.
    #[error("document type declaration")]
    Doctype,
    /// SOAP 1.1 §3 forbids them, and the original takes one for the end of the document.
    #[error("processing instruction")]
    ProcessingInstruction,
    /// Two elements share an id, or one element has two.
    #[error("id {0:?} is not unique")]
    DuplicateId(String),
    /// Well-formed, but not the structure of an envelope.
    #[error("{what} at byte {offset}")]
    Structure {
        /// Offset of the piece of markup in question.
        offset: usize,
        /// What is out of place.
        what: &'static str,
    },
    /// A bound of [`Limits`] is exceeded.
    #[error("more than {limit} {what}")]
    Limit {
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
}

impl ScanError {
    /// A label for logs and metrics that never changes.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotSoap => "not-soap",
            Self::Version => "soap-version",
            Self::Encoding { .. } => "not-utf8",
            Self::Malformed { .. } => "malformed-xml",
            Self::Truncated => "truncated",
            Self::NoBody => "no-body",
            Self::Doctype => "doctype",
            Self::ProcessingInstruction => "processing-instruction",
            Self::DuplicateId(_) => "duplicate-id",
            Self::Structure { .. } => "envelope-structure",
            Self::Limit { .. } => "document-limit",
        }
    }

    /// The fault the original sends for such a document.
    pub fn fault(&self) -> OriginalFault {
        match self {
            Self::Version => OriginalFault::F2,
            Self::Truncated | Self::NoBody => OriginalFault::NoError,
            _ => OriginalFault::F1,
        }
    }
}

/// SOAP version of an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// SOAP 1.1: all that known peers send.
    Soap11,
    /// SOAP 1.2.
    Soap12,
}

impl Version {
    /// Namespace of the envelope.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::Soap11 => ns::SOAP11,
            Self::Soap12 => ns::SOAP12,
        }
    }
}

/// A child of Header.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    /// Namespace, empty for none.
    pub namespace: &'a str,
    /// Name without prefix.
    pub local_name: &'a str,
    /// The element, from `<` of its start tag to `>` of its end tag.
    pub xml: &'a str,
    /// The sender wants a fault unless the receiver knows this block, and means this receiver: no other actor
    /// (1.1) or role (1.2) is named.
    pub must_understand: bool,
    /// `wsu:Id`, `Id` or `xml:id`, unique in the document.
    pub(crate) id: Option<&'a str>,
}

impl Block<'_> {
    /// One this crate takes care of: addressing or security (wire.md §2.7 F15).
    pub fn is_understood(&self) -> bool {
        self.namespace == ns::WSA || (self.namespace == ns::WSSE && self.local_name == "Security")
    }
}

/// The element in Body, cut out of the document.
#[derive(Debug, Clone)]
pub struct BodyElement<'a> {
    /// Namespace, empty for none.
    pub namespace: &'a str,
    /// Name without prefix.
    pub local_name: &'a str,
    /// The element, from `<` of its start tag to `>` of its end tag.
    pub xml: &'a str,
    /// Prefix (empty for the default namespace) and namespace of the declarations that the element inherits,
    /// innermost last. Names are free of references and need no normalisation.
    pub scope: Vec<(&'a str, &'a str)>,
}

/// The addressing headers that matter here. Unverified, unless they come from
/// [`Verified`](crate::Verified). White space around a value is dropped: the type is `xs:anyURI`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Addressing<'a> {
    /// `wsa:To`. Nothing may depend on it: peers name one endpoint in several ways (W34).
    pub to: Option<Cow<'a, str>>,
    /// `wsa:Action`, `<Service>#<operation>`.
    pub action: Option<Cow<'a, str>>,
    /// `wsa:MessageID`.
    pub message_id: Option<Cow<'a, str>>,
    /// `wsa:RelatesTo`: the MessageID of the request that an answer answers.
    pub relates_to: Option<Cow<'a, str>>,
}

/// A scanned envelope. It borrows the document.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    version: Version,
    header: Option<Header<'a>>,
    /// The Body element itself, and what it inherits.
    pub(crate) body_block: Block<'a>,
    pub(crate) outer_scope: Vec<Binding<'a>>,
    body: Option<BodyElement<'a>>,
}

#[derive(Debug, Clone)]
struct Header<'a> {
    blocks: Vec<Block<'a>>,
    scope: Vec<Binding<'a>>,
}

/// Reads an envelope: well-formed UTF-8 XML without DOCTYPE, processing instructions and unknown entities,
/// ids unique, exactly `Envelope/(Header)?/Body` with at most one element in Body.
///
/// # Errors
/// [`ScanError`] says what is wrong; time and memory are bounded by the document's size and `limits`.
pub fn scan<'a>(xml: &'a [u8], limits: &Limits) -> Result<Envelope<'a>, ScanError> {
    let document = xml::decode(xml)?;
    if !document.trim_start().starts_with('<') {
        return Err(ScanError::NotSoap);
    }
    let mut tokens = Tokens::document(document, limits);
    let root = tokens.root()?;
    let version = match tokens.resolve(root.prefix) {
        _ if root.local != "Envelope" => return Err(ScanError::NotSoap),
        Some(ns::SOAP11) => Version::Soap11,
        Some(ns::SOAP12) => Version::Soap12,
        _ => return Err(ScanError::Version),
    };
    let outer_scope = tokens.scope().to_vec();
    let structure = |tokens: &Tokens<'_>, what| ScanError::Structure { offset: tokens.start(), what };

    let mut child = tokens.child()?.ok_or(ScanError::NoBody)?;
    let mut header = None;
    if tokens.is(child, version.namespace(), "Header") {
        header = Some(scan_header(&mut tokens, document, version, limits)?);
        child = tokens.child()?.ok_or(ScanError::NoBody)?;
    }
    if !tokens.is(child, version.namespace(), "Body") {
        return Err(structure(&tokens, "an element that is not Body"));
    }
    let start = tokens.start();
    let mut body_block = block(&tokens, child, version);
    let body = match tokens.child()? {
        None => None,
        Some(name) => {
            let start = tokens.start();
            let mut element = BodyElement {
                namespace: tokens.resolve(name.prefix).unwrap_or_default(),
                local_name: name.local,
                xml: "",
                scope: tokens.outer_scope().to_vec(),
            };
            tokens.skip()?;
            element.xml = span(document, start, &tokens);
            if tokens.child()?.is_some() {
                return Err(structure(&tokens, "a second element in Body"));
            }
            Some(element)
        }
    };
    body_block.xml = span(document, start, &tokens);
    if tokens.child()?.is_some() {
        return Err(structure(&tokens, "an element behind Body"));
    }
    tokens.finish()?;
    Ok(Envelope { version, header, body_block, outer_scope, body })
}

fn scan_header<'a>(
    tokens: &mut Tokens<'a>,
    document: &'a str,
    version: Version,
    limits: &Limits,
) -> Result<Header<'a>, ScanError> {
    let header_start = tokens.start();
    let scope = tokens.scope().to_vec();
    let mut blocks = Vec::with_capacity(5);
    while let Some(name) = tokens.child()? {
        if blocks.len() == limits.header_blocks {
            return Err(ScanError::Limit { what: "header blocks", limit: limits.header_blocks });
        }
        let start = tokens.start();
        let mut block = block(tokens, name, version);
        tokens.skip()?;
        block.xml = span(document, start, tokens);
        blocks.push(block);
    }
    if tokens.end() - header_start > limits.header_bytes {
        return Err(ScanError::Limit { what: "bytes of Header", limit: limits.header_bytes });
    }
    Ok(Header { blocks, scope })
}

/// The element that `tokens` has just entered; its span is known only when it has been left.
fn block<'a>(tokens: &Tokens<'a>, name: Name<'a>, version: Version) -> Block<'a> {
    let soap = version.namespace();
    let flag = |local| tokens.attribute(soap, local).is_some_and(|v| matches!(v.trim(), "1" | "true"));
    let ours = match version {
        Version::Soap11 => tokens
            .attribute(soap, "actor")
            .is_none_or(|actor| matches!(&*actor, "" | "http://schemas.xmlsoap.org/soap/actor/next")),
        Version::Soap12 => tokens.attribute(soap, "role").is_none_or(|role| {
            let role = role.strip_prefix("http://www.w3.org/2003/05/soap-envelope/role/");
            matches!(role, Some("next" | "ultimateReceiver"))
        }),
    };
    Block {
        namespace: tokens.resolve(name.prefix).unwrap_or_default(),
        local_name: name.local,
        xml: "",
        must_understand: ours && flag("mustUnderstand"),
        id: tokens.id(),
    }
}

/// From `start` to behind the last token.
fn span<'a>(document: &'a str, start: usize, tokens: &Tokens<'a>) -> &'a str {
    document.get(start..tokens.end()).unwrap_or_default()
}

impl<'a> Envelope<'a> {
    /// SOAP version.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Children of Header in document order; empty also when there is no Header.
    pub fn header_blocks(&self) -> &[Block<'a>] {
        self.header.as_ref().map_or(&[], |header| &header.blocks)
    }

    /// The element in Body; `None` when Body is empty.
    pub fn body(&self) -> Option<&BodyElement<'a>> {
        self.body.as_ref()
    }

    /// A mandatory header block that is neither addressing nor security: F15 (wire.md §2.7).
    pub fn not_understood(&self) -> Option<&Block<'a>> {
        self.header_blocks().iter().find(|block| block.must_understand && !block.is_understood())
    }

    /// The addressing headers as the sender wrote them. All are `None` when there are none.
    ///
    /// # Errors
    /// F14: one occurs twice, one holds elements, or Action is missing while others are there.
    pub fn addressing(&self) -> Result<Addressing<'a>, Refusal> {
        let mut addressing = Addressing::default();
        let mut seen: Vec<&str> = Vec::new();
        for block in self.addressing_blocks() {
            if seen.contains(&block.local_name) {
                return Err(Refusal::DuplicateAddressing { header: cut(block.local_name) });
            }
            seen.push(block.local_name);
            let value = match block.local_name {
                "To" => &mut addressing.to,
                "Action" => &mut addressing.action,
                "MessageID" => &mut addressing.message_id,
                "RelatesTo" => &mut addressing.relates_to,
                _ => continue,
            };
            *value = Some(self.text(block)?);
        }
        if !seen.is_empty() && addressing.action.is_none() {
            return Err(Refusal::ActionMissing);
        }
        Ok(addressing)
    }

    /// Header blocks of WS-Addressing 2005/08, the version that every known peer speaks.
    pub(crate) fn addressing_blocks(&self) -> impl Iterator<Item = &Block<'a>> {
        self.header_blocks().iter().filter(|block| block.namespace == ns::WSA)
    }

    /// What every header block inherits.
    pub(crate) fn header_scope(&self) -> &[Binding<'a>] {
        self.header.as_ref().map_or(&[], |header| &header.scope)
    }

    fn text(&self, block: &Block<'a>) -> Result<Cow<'a, str>, Refusal> {
        let mut tokens = Tokens::fragment(block.xml, self.header_scope());
        let text = tokens.root().and_then(|_| tokens.text());
        let text = text.map_err(|_| Refusal::MalformedAddressing { header: cut(block.local_name) })?;
        let space = |character: char| u8::try_from(character).is_ok_and(is_space);
        Ok(match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim_matches(space)),
            Cow::Owned(text) => Cow::Owned(text.trim_matches(space).to_owned()),
        })
    }
}

/// A name of the sender's choosing, short enough for a log line.
pub(crate) fn cut(name: &str) -> String {
    name.chars().take(64).collect()
}
