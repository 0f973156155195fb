//! Complete messages around a body element, signed or not.

use euca_wire::Element;
use euca_wire::encode::text;
use euca_wsse::envelope::{BodyElement, Version};
use euca_wsse::{Headers, KeyPair, Profile, sign_envelope, sign_header, write_envelope};

/// Addressing of a message, owned, so that signing can happen elsewhere.
#[derive(Debug, Clone)]
pub(crate) struct Addressing {
    pub action: &'static str,
    pub message_id: String,
    pub to: Option<String>,
    pub from: Option<String>,
    pub relates_to: Option<String>,
}

impl Addressing {
    fn headers(&self) -> Headers<'_> {
        Headers {
            action: self.action,
            message_id: &self.message_id,
            to: self.to.as_deref(),
            from: self.from.as_deref(),
            relates_to: self.relates_to.as_deref(),
        }
    }

    /// The signed Header element, which in profile Legacy does not depend on the body.
    pub fn sign_header(&self, keys: &KeyPair) -> Result<Vec<u8>, euca_wsse::SignError> {
        sign_header(keys, &self.headers())
    }

    /// The complete message, signed.
    pub fn sign(
        &self,
        keys: &KeyPair,
        version: Version,
        profile: Profile,
        body: &[u8],
    ) -> Result<Vec<u8>, euca_wsse::SignError> {
        sign_envelope(keys, &self.headers(), version, profile, body)
    }

    /// The complete message, unsigned.
    pub fn unsigned(&self, version: Version, body: &[u8]) -> Vec<u8> {
        let mut header = b"<soapenv:Header xmlns:wsa=\"http://www.w3.org/2005/08/addressing\">".to_vec();
        let mut block = |open: &str, value: Option<&str>, close: &str| {
            if let Some(value) = value {
                header.extend_from_slice(open.as_bytes());
                text(value, &mut header);
                header.extend_from_slice(close.as_bytes());
            }
        };
        block("<wsa:To>", self.to.as_deref(), "</wsa:To>");
        block("<wsa:Action>", Some(self.action), "</wsa:Action>");
        block("<wsa:From><wsa:Address>", self.from.as_deref(), "</wsa:Address></wsa:From>");
        block("<wsa:MessageID>", Some(&self.message_id), "</wsa:MessageID>");
        block("<wsa:RelatesTo>", self.relates_to.as_deref(), "</wsa:RelatesTo>");
        header.extend_from_slice(b"</soapenv:Header>");
        assemble(version, &header, body)
    }
}

/// A message of these parts.
pub(crate) fn assemble(version: Version, header: &[u8], body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(header.len() + body.len() + 256);
    write_envelope(version, header, body, &mut out);
    out
}

/// The body element as the codec takes it.
pub(crate) fn element<'a>(body: &'a BodyElement<'a>) -> Element<'a> {
    Element { xml: body.xml, scope: &body.scope }
}
