//! Why a message is refused.

/// The fault that the original sends, by its number in wire.md §2.7.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OriginalFault {
    /// No SOAP envelope.
    F1,
    /// SOAP version mismatch.
    F2,
    /// `No Error` without Header element: document cut off, or no Body (wire.md §3.1).
    NoError,
    /// `No Error` with empty Header: no Security header, or one with foreign content.
    F6,
    /// Digest or signature mismatch, no references.
    F7,
    /// The token that the signature names is not there.
    F7a,
    /// Digest algorithm.
    F8,
    /// Signature algorithm.
    F9,
    /// Timestamp.
    F10,
    /// Signed, but nothing to be signed.
    F11,
    /// Something to be signed, but no signature.
    F12,
    /// Signed by another than the expected peer.
    F13,
    /// Addressing headers missing or repeated.
    F14,
}

/// Why a message is not taken for the peer's word. One variant per reason: what the log says. What the caller
/// is told should be the same for all of F6 to F13, lest it learn from the difference (wire.md §2.7).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// No wsse:Security in the Header, or no Header.
    #[error("no Security header")]
    Unsigned,
    /// More than one wsse:Security (S15).
    #[error("more than one Security header")]
    SeveralSecurityHeaders,
    /// A child of Security that is no token, signature or timestamp (S13), or text.
    #[error("unexpected content in the Security header: {0}")]
    UnknownSecurityChild(String),
    /// A child of Security that is named Signature in another namespace (S15, W29).
    #[error("a Signature of a foreign namespace in the Security header")]
    ForeignSignature,
    /// A Security header without signature.
    #[error("no signature in the Security header")]
    NoSignature,
    /// More than one signature in Security (S15).
    #[error("more than one signature")]
    SeveralSignatures,
    /// The signature's structure is not the one of wire.md §5.4.
    #[error("malformed signature: {0}")]
    MalformedSignature(&'static str),
    /// CanonicalizationMethod is not exclusive C14N without comments.
    #[error("canonicalisation algorithm not accepted")]
    CanonicalizationAlgorithm,
    /// SignatureMethod is not RSA with an accepted hash.
    #[error("signature algorithm not accepted")]
    SignatureAlgorithm,
    /// A DigestMethod is not an accepted hash.
    #[error("digest algorithm not accepted")]
    DigestAlgorithm,
    /// A Reference's transforms are not exactly exclusive C14N.
    #[error("transform not accepted")]
    TransformAlgorithm,
    /// SignedInfo holds no Reference.
    #[error("signature over nothing")]
    NoReferences,
    /// SignedInfo holds more References than there can be signed parts.
    #[error("too many references")]
    TooManyReferences,
    /// A Reference names no addressing header, Body or Timestamp in its place: a foreign element, a moved
    /// header, an external resource, or nothing.
    #[error("reference to something that is no addressing header, Body or Timestamp")]
    ReferenceTarget,
    /// Two References name one element.
    #[error("two references to one element")]
    RepeatedReference,
    /// The token that the signature names is not in Security.
    #[error("the signature's token is missing")]
    TokenMissing,
    /// An encoded value is longer than any that can be right.
    #[error("{0} is too long")]
    Oversized(&'static str),
    /// An encoded value is not base64, or holds markup.
    #[error("{0} is not base64")]
    Encoding(&'static str),
    /// The own copy of the peer's certificate cannot be read.
    #[error("no certificate to compare the signer with")]
    NoPeerCertificate,
    /// Signed with another certificate than the peer's.
    #[error("signed by somebody else")]
    Stranger,
    /// The signature is not that of SignedInfo.
    #[error("signature mismatch")]
    SignatureMismatch,
    /// A signed element is not what was signed.
    #[error("digest mismatch in {0}")]
    DigestMismatch(String),
    /// An addressing header is not covered by the signature (S5).
    #[error("{0} is not signed")]
    HeaderNotCovered(String),
    /// The profile demands a signed Body.
    #[error("Body is not signed")]
    BodyNotCovered,
    /// A valid signature, but no addressing header.
    #[error("no addressing headers")]
    NoAddressing,
    /// Addressing headers without wsa:Action.
    #[error("no wsa:Action")]
    ActionMissing,
    /// An addressing header occurs twice.
    #[error("more than one wsa:{header}")]
    DuplicateAddressing {
        /// Local name.
        header: String,
    },
    /// An addressing header holds elements where text should be.
    #[error("malformed wsa:{header}")]
    MalformedAddressing {
        /// Local name.
        header: String,
    },
    /// A Timestamp that cannot be read, or more than one.
    #[error("malformed Timestamp")]
    MalformedTimestamp,
    /// The Timestamp's time is over (S7).
    #[error("expired")]
    Expired,
    /// The Timestamp was created in the future (S7).
    #[error("created in the future")]
    NotYetValid,
    /// The message was there before (S8).
    #[error("replay")]
    Replay,
}

impl Refusal {
    /// A label for logs and metrics that never changes.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::SeveralSecurityHeaders => "several-security-headers",
            Self::UnknownSecurityChild(_) => "unknown-security-child",
            Self::ForeignSignature => "foreign-signature",
            Self::NoSignature => "no-signature",
            Self::SeveralSignatures => "several-signatures",
            Self::MalformedSignature(_) => "malformed-signature",
            Self::CanonicalizationAlgorithm => "canonicalization-algorithm",
            Self::SignatureAlgorithm => "signature-algorithm",
            Self::DigestAlgorithm => "digest-algorithm",
            Self::TransformAlgorithm => "transform-algorithm",
            Self::NoReferences => "no-references",
            Self::TooManyReferences => "too-many-references",
            Self::ReferenceTarget => "reference-target",
            Self::RepeatedReference => "repeated-reference",
            Self::TokenMissing => "token-missing",
            Self::Oversized(_) => "oversized-value",
            Self::Encoding(_) => "malformed-base64",
            Self::NoPeerCertificate => "no-peer-certificate",
            Self::Stranger => "stranger",
            Self::SignatureMismatch => "signature-mismatch",
            Self::DigestMismatch(_) => "digest-mismatch",
            Self::HeaderNotCovered(_) => "header-not-covered",
            Self::BodyNotCovered => "body-not-covered",
            Self::NoAddressing => "no-addressing",
            Self::ActionMissing => "action-missing",
            Self::DuplicateAddressing { .. } => "duplicate-addressing",
            Self::MalformedAddressing { .. } => "malformed-addressing",
            Self::MalformedTimestamp => "malformed-timestamp",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::Replay => "replay",
        }
    }

    /// The fault the original sends in this case, or, where it accepts what is refused here, in the nearest
    /// one.
    pub fn fault(&self) -> OriginalFault {
        match self {
            Self::Unsigned | Self::UnknownSecurityChild(_) => OriginalFault::F6,
            Self::NoSignature | Self::SeveralSecurityHeaders => OriginalFault::F12,
            Self::SignatureAlgorithm => OriginalFault::F9,
            Self::DigestAlgorithm => OriginalFault::F8,
            Self::TokenMissing => OriginalFault::F7a,
            Self::NoPeerCertificate | Self::Stranger => OriginalFault::F13,
            Self::NoAddressing => OriginalFault::F11,
            Self::ActionMissing | Self::DuplicateAddressing { .. } | Self::MalformedAddressing { .. } => {
                OriginalFault::F14
            }
            Self::MalformedTimestamp | Self::Expired | Self::NotYetValid => OriginalFault::F10,
            Self::ForeignSignature
            | Self::SeveralSignatures
            | Self::MalformedSignature(_)
            | Self::CanonicalizationAlgorithm
            | Self::TransformAlgorithm
            | Self::NoReferences
            | Self::TooManyReferences
            | Self::ReferenceTarget
            | Self::RepeatedReference
            | Self::Oversized(_)
            | Self::Encoding(_)
            | Self::SignatureMismatch
            | Self::DigestMismatch(_)
            | Self::HeaderNotCovered(_)
            | Self::BodyNotCovered
            | Self::Replay => OriginalFault::F7,
        }
    }
}
