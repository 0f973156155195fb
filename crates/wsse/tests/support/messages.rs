//! Messages of our own, signed with the recordings' keys.

use euca_wsse::{Headers, KeyPair, Profile, Version, sign_envelope};

use crate::recordings::key_file;

/// Addressing of a request to a CC.
pub const HEADERS: Headers<'_> = Headers {
    action: "EucalyptusCC#RebootInstances",
    message_id: "urn:uuid:01234567-89ab-4cde-8f01-23456789abcd",
    to: Some("http://cc.example.com:8774/axis2/services/EucalyptusCC"),
    from: None,
    relates_to: None,
};

/// Its body element.
pub const BODY: &str = "<n:RebootInstances xmlns:n=\"http://eucalyptus.ucsb.edu/\">\
    <n:instanceIds>i-12345678</n:instanceIds></n:RebootInstances>";

/// Key and certificate of `cloud`, `cluster`, `node` or `other`.
pub fn pair(who: &str) -> KeyPair {
    KeyPair::load(&key_file(&format!("{who}-cert.pem")), &key_file(&format!("{who}-pk.pem"))).unwrap()
}

/// [`BODY`] under [`HEADERS`], signed.
pub fn signed_by(who: &str, profile: Profile) -> String {
    let message = sign_envelope(&pair(who), &HEADERS, Version::Soap11, profile, BODY.as_bytes());
    String::from_utf8(message.unwrap()).unwrap()
}
