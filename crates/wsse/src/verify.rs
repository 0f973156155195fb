//! Who signed what: the rules S1 to S15 of wire.md §5.7.
//!
//! Each step works on the spans that [`envelope::scan`](crate::envelope::scan) found. What comes out are
//! values read from the very bytes that were digested.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use crate::algorithms::{self, Hash};
use crate::c14n;
use crate::credentials::Credentials;
use crate::envelope::{Addressing, Block, BodyElement, Envelope, cut};
use crate::keys::Certificate;
use crate::ns;
use crate::refusal::Refusal;
use crate::replay::{ReplayCache, ReplayWindow};
use crate::signature::{Reference, Signature};
use crate::xml::Binding;

/// What a message must have signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Every addressing header: all that 2.0.1 peers sign (S5, S6). The Body rests on the network's honesty.
    Legacy,
    /// The Body too: between ports (S12).
    Strict,
}

/// How strictly to verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// What must be signed.
    pub profile: Profile,
    /// Take rsa-sha256 signatures and sha256 digests beside the SHA-1 of 2.0.1 (S1).
    pub accept_sha256: bool,
    /// Tolerance between the clocks, for a Timestamp if there is one (S7).
    pub clock_skew: Duration,
    /// Replay protection (S8): for servers. `None` for clients, whose answers are matched by RelatesTo.
    pub replay: Option<ReplayWindow>,
}

impl Options {
    /// For one who answers requests.
    pub fn server(profile: Profile) -> Self {
        Self { replay: Some(ReplayWindow::default()), ..Self::client(profile) }
    }

    /// For one who reads answers.
    pub fn client(profile: Profile) -> Self {
        Self { profile, accept_sha256: false, clock_skew: Duration::from_secs(300), replay: None }
    }
}

/// Decides whether messages come from the one peer they may come from.
#[derive(Debug)]
pub struct Verifier {
    credentials: Arc<Credentials>,
    options: Options,
    replay: Option<ReplayCache>,
}

/// A message whose sender is known. In profile [`Legacy`](Profile::Legacy) the body is only the one that
/// travelled with the signed headers.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verified<'a> {
    /// Who signed it.
    pub peer: Arc<Certificate>,
    /// The addressing headers, all of them signed.
    pub addressing: Addressing<'a>,
    /// The element in Body; `None` when Body is empty.
    pub body: Option<BodyElement<'a>>,
    /// Whether the signature covers the Body.
    pub body_signed: bool,
}

/// Something a Reference may name.
struct Target<'e, 'a> {
    id: &'a str,
    name: &'a str,
    xml: &'a str,
    scope: &'e [Binding<'a>],
    covered: bool,
}

impl Verifier {
    /// Verifies against the peer certificate of `credentials`.
    pub fn new(credentials: Arc<Credentials>, options: Options) -> Self {
        Self { credentials, options, replay: options.replay.map(ReplayCache::new) }
    }

    /// Accepts a message of the peer, once. `now` is for the Timestamp.
    ///
    /// # Errors
    /// The first rule that the message breaks.
    pub fn verify<'a>(&self, envelope: &Envelope<'a>, now: SystemTime) -> Result<Verified<'a>, Refusal> {
        let addressing = envelope.addressing()?;
        let signature = Signature::parse(security(envelope)?.xml, envelope.header_scope())?;
        self.accept_hashes(&signature)?;
        if signature.references.is_empty() {
            return Err(Refusal::NoReferences);
        }

        // The pinned certificate is compared before anything is computed: no stranger's key is ever used, nor
        // his certificate parsed, and the identity is that of the very signature verified (S15).
        let peer = self.credentials.peer().map_err(|_| Refusal::NoPeerCertificate)?;
        if signature.token != peer.der() {
            return Err(Refusal::Stranger);
        }
        let mut canonical = Vec::with_capacity(4_096);
        canonicalize(signature.signed_info, &signature.scope, &signature.prefixes, &mut canonical)?;
        if !algorithms::verify(peer.key(), signature.hash, &canonical, &signature.value) {
            return Err(Refusal::SignatureMismatch);
        }

        let mut targets = targets(envelope, &signature);
        for reference in &signature.references {
            check(reference, &mut targets, &mut canonical)?;
        }
        if envelope.addressing_blocks().next().is_none() {
            return Err(Refusal::NoAddressing);
        }
        let covered = |block: &Block<'_>| {
            targets.iter().any(|target| target.covered && std::ptr::eq(target.xml, block.xml))
        };
        if let Some(block) = envelope.addressing_blocks().find(|block| !covered(block)) {
            return Err(Refusal::HeaderNotCovered(cut(block.local_name)));
        }
        let body_signed = covered(&envelope.body_block);
        if self.options.profile == Profile::Strict && !body_signed {
            return Err(Refusal::BodyNotCovered);
        }
        if let Some(timestamp) = &signature.timestamp {
            timestamp.check(now, self.options.clock_skew)?;
        }
        // Last: only what is accepted otherwise may take a place in the memory.
        if let Some(replay) = &self.replay {
            let message_id = addressing.message_id.as_deref();
            if !replay.admit(peer.der(), message_id, &signature.value, Instant::now()) {
                return Err(Refusal::Replay);
            }
        }
        Ok(Verified { peer, addressing, body: envelope.body().cloned(), body_signed })
    }

    fn accept_hashes(&self, signature: &Signature<'_>) -> Result<(), Refusal> {
        let accepted = |hash| hash == Hash::Sha1 || self.options.accept_sha256;
        if !accepted(signature.hash) {
            return Err(Refusal::SignatureAlgorithm);
        }
        if !signature.references.iter().all(|reference| accepted(reference.hash)) {
            return Err(Refusal::DigestAlgorithm);
        }
        Ok(())
    }
}

/// The one Security header (S15). A block of that name in another namespace is somebody else's header.
fn security<'e, 'a>(envelope: &'e Envelope<'a>) -> Result<&'e Block<'a>, Refusal> {
    let is_security = |block: &&Block<'_>| block.namespace == ns::WSSE && block.local_name == "Security";
    let mut found = envelope.header_blocks().iter().filter(is_security);
    match (found.next(), found.next()) {
        (None, _) => Err(Refusal::Unsigned),
        (Some(block), None) => Ok(block),
        (Some(_), Some(_)) => Err(Refusal::SeveralSecurityHeaders),
    }
}

/// The elements that may be signed, each in the place where it counts: addressing headers as children of
/// Header, the Body as child of Envelope, the Timestamp as child of Security (S5). An id that sits anywhere
/// else, or nowhere, is not found here, and as ids are unique in the document it cannot mean two things.
fn targets<'e, 'a>(envelope: &'e Envelope<'a>, signature: &'e Signature<'a>) -> Vec<Target<'e, 'a>> {
    let target = |block: &Block<'a>, scope| {
        let id = block.id?;
        Some(Target { id, name: block.local_name, xml: block.xml, scope, covered: false })
    };
    let headers = envelope.addressing_blocks().filter_map(|block| target(block, envelope.header_scope()));
    let mut targets: Vec<_> = headers.collect();
    targets.extend(target(&envelope.body_block, &envelope.outer_scope));
    targets.extend(signature.timestamp.as_ref().and_then(|timestamp| {
        let (id, xml, scope) = (timestamp.id?, timestamp.xml, timestamp.scope.as_slice());
        Some(Target { id, name: "Timestamp", xml, scope, covered: false })
    }));
    targets
}

fn check(
    reference: &Reference<'_>,
    targets: &mut [Target<'_, '_>],
    canonical: &mut Vec<u8>,
) -> Result<(), Refusal> {
    let target =
        targets.iter_mut().find(|target| target.id == reference.id).ok_or(Refusal::ReferenceTarget)?;
    if std::mem::replace(&mut target.covered, true) {
        return Err(Refusal::RepeatedReference);
    }
    canonical.clear();
    canonicalize(target.xml, target.scope, &reference.prefixes, canonical)?;
    if reference.hash.digest(canonical) != reference.digest {
        return Err(Refusal::DigestMismatch(cut(target.name)));
    }
    Ok(())
}

fn canonicalize(
    xml: &str,
    scope: &[Binding<'_>],
    prefixes: &[&str],
    out: &mut Vec<u8>,
) -> Result<(), Refusal> {
    // The scan has read the same bytes, so this cannot fail.
    c14n::exclusive(xml, scope, prefixes, out)
        .map_err(|_| Refusal::MalformedSignature("element that cannot be canonicalised"))
}
