//! The catalogue of attacks: one row each, made from a validly signed message, refused with its own reason.
//! Where
//! `resign` is used, the attacker is the peer itself or has got it to sign something odd; elsewhere he sits on the
//! wire and has no key.

#![cfg(test)]

#[path = "support/messages.rs"]
mod messages;
#[path = "support/recordings.rs"]
mod recordings;
#[path = "support/text.rs"]
mod text;

use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use euca_wsse::{
    Credentials, Headers, Limits, Options, Profile, Refusal, Verifier, Version, new_message_id, scan,
    sign_envelope,
};
use messages::{BODY, HEADERS, pair, signed_by};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use recordings::{golden, key_file, verifier};
use text::{part, swap};

const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

/// Why a message is refused: the label of a scan error, or the refusal itself.
#[derive(Debug, PartialEq)]
enum Outcome {
    Accepted,
    Scan(&'static str),
    Refused(Refusal),
}

use Outcome::{Accepted, Refused, Scan};

fn judge_with(verifier: &Verifier, message: &[u8]) -> Outcome {
    match scan(message, &Limits::default()) {
        Err(error) => Scan(error.reason()),
        Ok(envelope) => match verifier.verify(&envelope, SystemTime::now()) {
            Ok(_) => Accepted,
            Err(refusal) => Refused(refusal),
        },
    }
}

fn judge(message: &str, profile: Profile) -> Outcome {
    judge_with(&verifier("cloud", Options::server(profile)), message.as_bytes())
}

fn cut(message: &str, open: &str, close: &str) -> String {
    swap(message, part(message, open, close), "")
}

fn cloud_key() -> PKey<Private> {
    PKey::private_key_from_pem(&fs::read(key_file("cloud-pk.pem")).unwrap()).unwrap()
}

/// Signs SignedInfo as it stands; what it says about digests is not touched.
fn resign(message: &str) -> String {
    resign_with(message, MessageDigest::sha1())
}

fn resign_with(message: &str, digest: MessageDigest) -> String {
    let signed_info = part(message, "<ds:SignedInfo>", "</ds:SignedInfo>");
    let canonical = swap(signed_info, "<ds:SignedInfo>", &format!("<ds:SignedInfo xmlns:ds=\"{DS}\">"));
    let key = cloud_key();
    let mut signer = Signer::new(digest, &key).unwrap();
    let value = STANDARD.encode(signer.sign_oneshot_to_vec(canonical.as_bytes()).unwrap());
    let old = part(message, "<ds:SignatureValue>", "</ds:SignatureValue>");
    swap(message, old, &format!("<ds:SignatureValue>{value}</ds:SignatureValue>"))
}

fn reference_message() -> String {
    signed_by("cloud", Profile::Legacy)
}

fn strict_message() -> String {
    signed_by("cloud", Profile::Strict)
}

#[test]
fn the_message_that_the_attacks_start_from_is_accepted() {
    assert_eq!(judge(&reference_message(), Profile::Legacy), Accepted);
    assert_eq!(judge(&resign(&reference_message()), Profile::Legacy), Accepted);
    assert_eq!(judge(&strict_message(), Profile::Legacy), Accepted);
    assert_eq!(judge(&strict_message(), Profile::Strict), Accepted);
    assert_eq!(
        judge(&reference_message(), Profile::Strict),
        Refused(Refusal::BodyNotCovered),
        "Body unsigned under the strict profile"
    );
}

#[test]
fn every_attack_is_refused_with_its_reason() {
    let good = reference_message();
    let other = signed_by("other", Profile::Legacy);
    let refused = |what: &'static str| Refused(Refusal::MalformedSignature(what));
    let digest = |name: &str| Refused(Refusal::DigestMismatch(name.to_owned()));
    let uncovered = |name: &str| Refused(Refusal::HeaderNotCovered(name.to_owned()));
    let child = |name: &str| Refused(Refusal::UnknownSecurityChild(name.to_owned()));
    let twice = |header: &str| Refused(Refusal::DuplicateAddressing { header: header.to_owned() });

    let security = part(&good, "<wsse:Security ", "</wsse:Security>");
    let security_open = part(&good, "<wsse:Security ", ">");
    let signature = part(&good, "<ds:Signature ", "</ds:Signature>");
    let signed_info = part(&good, "<ds:SignedInfo>", "</ds:SignedInfo>");
    let value = part(&good, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let key_info = part(&good, "<ds:KeyInfo>", "</ds:KeyInfo>");
    let token = part(&good, "<wsse:BinarySecurityToken ", "</wsse:BinarySecurityToken>");
    let token_text = part(token, ">", "<").trim_matches(['<', '>']);
    let to = part(&good, "<wsa:To ", "</wsa:To>");
    let action = part(&good, "<wsa:Action ", "</wsa:Action>");
    let message_id = part(&good, "<wsa:MessageID ", "</wsa:MessageID>");
    let reference = part(&good, "<ds:Reference ", "</ds:Reference>");
    let references = part(&good, "<ds:Reference ", "</ds:SignedInfo>").replace("</ds:SignedInfo>", "");
    let transforms = part(reference, "<ds:Transforms>", "</ds:Transforms>");
    let transform = part(reference, "<ds:Transform ", "</ds:Transform>");
    let digest_value = part(reference, "<ds:DigestValue>", "</ds:DigestValue>");
    let digest_text = part(digest_value, ">", "<").trim_matches(['<', '>']);
    let value_text = part(value, ">", "<").trim_matches(['<', '>']);
    let header_open = part(&good, "<soapenv:Header ", ">");
    let plain_to = "<wsa:To>http://evil.example.com/</wsa:To>";
    let foreign = |content: &str| format!("<x:Wrap xmlns:x=\"urn:x\">{content}</x:Wrap>");
    let exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
    let other_certificate = part(&other, "<wsse:BinarySecurityToken ", "</wsse:BinarySecurityToken>");
    let token_outside = token.replace("<wsse:", "<x:").replace("</wsse:", "</x:");
    // The CDATA form of a text, its first character as a reference, and a comment inside it.
    let cdata = |text: &str| format!("<![CDATA[{text}]]>");
    let referenced = |text: &str| format!("&#{};{}", text.as_bytes()[0], &text[1..]);
    let commented = |text: &str| format!("{}<!-- x -->{}", &text[..4], &text[4..]);

    let hmac = {
        let message = swap(&good, "xmldsig#rsa-sha1", "xmldsig#hmac-sha1");
        let key = PKey::hmac(&cloud_key().public_key_to_der().unwrap()).unwrap();
        let canonical = swap(
            part(&message, "<ds:SignedInfo>", "</ds:SignedInfo>"),
            "<ds:SignedInfo>",
            &format!("<ds:SignedInfo xmlns:ds=\"{DS}\">"),
        );
        let mut signer = Signer::new(MessageDigest::sha1(), &key).unwrap();
        let mac = STANDARD.encode(signer.sign_oneshot_to_vec(canonical.as_bytes()).unwrap());
        swap(&message, value_text, &mac)
    };
    let many_references = {
        let mut many = String::new();
        for _ in 0..17 {
            many.push_str(reference);
        }
        resign(&swap(&good, &references, &many))
    };
    let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]>";
    let external = "<!DOCTYPE x SYSTEM \"file:///etc/passwd\">";
    let no_addressing = {
        // Signed by the peer: the Body alone, from a strict message whose addressing headers are gone.
        let strict = strict_message();
        let body_reference = part(&strict, "<ds:Reference URI=\"#SigID-Body\"", "</ds:Reference>");
        let all = part(&strict, "<ds:Reference ", "</ds:SignedInfo>").replace("</ds:SignedInfo>", "");
        let strict = resign(&swap(&strict, &all, body_reference));
        [to, action, message_id].iter().fold(strict, |message, header| swap(&message, header, ""))
    };
    let nested = format!("{}{}", "<a>".repeat(70), "</a>".repeat(70));
    let mut crowd = String::new();
    for index in 0..40 {
        write!(crowd, "<x:h{index} xmlns:x=\"urn:x\"/>").unwrap();
    }
    let mut attributes = String::from("<a");
    for index in 0..65 {
        write!(attributes, " b{index}=\"\"").unwrap();
    }
    attributes.push_str("/>");
    let mut bindings = String::new();
    for index in 0..70 {
        write!(bindings, "<a xmlns:p{index}=\"urn:x\">").unwrap();
    }

    let rows: Vec<(&str, String, Outcome)> = vec![
        // No signature, or somebody else's.
        ("Security removed", swap(&good, security, ""), Refused(Refusal::Unsigned)),
        ("Header removed", cut(&good, "<soapenv:Header ", "</soapenv:Header>"), Refused(Refusal::Unsigned)),
        (
            "Header empty",
            swap(&good, part(&good, "<wsa:To ", "</wsse:Security>"), ""),
            Refused(Refusal::Unsigned),
        ),
        (
            "Security of a foreign namespace",
            swap(&good, security, &security.replace("wssecurity-secext-1.0", "x")),
            Refused(Refusal::Unsigned),
        ),
        (
            "Security hidden in another header",
            swap(&good, security, &foreign(security)),
            Refused(Refusal::Unsigned),
        ),
        (
            "Security in the Body",
            swap(&swap(&good, security, ""), "<n:instanceIds>", &format!("{security}<n:instanceIds>")),
            Refused(Refusal::Unsigned),
        ),
        ("signature removed, token kept", swap(&good, signature, ""), Refused(Refusal::NoSignature)),
        ("signed by a stranger", other.clone(), Refused(Refusal::Stranger)),
        (
            "stranger's signature under the expected certificate",
            swap(&other, other_certificate, token),
            Refused(Refusal::SignatureMismatch),
        ),
        (
            "stranger's token beside the expected one, named by the signature",
            swap(
                &other,
                other_certificate,
                &format!("{other_certificate}{}", token.replace("CertID-1", "CertID-2")),
            ),
            Refused(Refusal::Stranger),
        ),
        (
            "certificate altered",
            swap(&good, &token_text[..8], &swap(&token_text[..8], "M", "N")),
            Refused(Refusal::Stranger),
        ),
        // Altered content.
        ("To altered", swap(&good, "cc.example.com", "evil.example.com"), digest("To")),
        (
            "Action altered",
            swap(&good, "EucalyptusCC#RebootInstances", "EucalyptusCC#TerminateInstances"),
            digest("Action"),
        ),
        ("MessageID altered", swap(&good, "urn:uuid:0", "urn:uuid:1"), digest("MessageID")),
        ("blank added to To", swap(&good, "\">http://cc", "\"> http://cc"), digest("To")),
        ("attribute added to a signed header", swap(&good, "<wsa:To ", "<wsa:To a=\"\" "), digest("To")),
        (
            "element added to a signed header",
            swap(&good, "</wsa:To>", "<x xmlns=\"\"/></wsa:To>"),
            Refused(Refusal::MalformedAddressing { header: "To".to_owned() }),
        ),
        (
            "namespace of the headers exchanged",
            swap(&good, header_open, &header_open.replace("2005/08/addressing", "2004/08/addressing")),
            Refused(Refusal::ReferenceTarget),
        ),
        ("digest altered", swap(&good, &digest_text[..4], "AAAA"), Refused(Refusal::SignatureMismatch)),
        (
            "digest altered and signed",
            resign(&swap(&good, digest_text, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
            digest("To"),
        ),
        ("signature altered", swap(&good, &value_text[..4], "AAAA"), Refused(Refusal::SignatureMismatch)),
        ("signature cut short", swap(&good, &value_text[..4], ""), Refused(Refusal::SignatureMismatch)),
        (
            "signature of zero",
            swap(&good, value_text, &STANDARD.encode([0; 256])),
            Refused(Refusal::SignatureMismatch),
        ),
        (
            "signature of one",
            swap(
                &good,
                value_text,
                &STANDARD.encode({
                    let mut one = [0; 256];
                    one[255] = 1;
                    one
                }),
            ),
            Refused(Refusal::SignatureMismatch),
        ),
        (
            "signature beyond the modulus",
            swap(&good, value_text, &STANDARD.encode([0xff; 256])),
            Refused(Refusal::SignatureMismatch),
        ),
        (
            "signature with a leading zero byte",
            swap(
                &good,
                value_text,
                &STANDARD.encode([&[0], STANDARD.decode(value_text).unwrap().as_slice()].concat()),
            ),
            Refused(Refusal::SignatureMismatch),
        ),
        (
            "signature with another hash than it names",
            resign_with(&good, MessageDigest::sha256()),
            Refused(Refusal::SignatureMismatch),
        ),
        (
            "line feed added to SignedInfo",
            swap(&good, "<ds:SignedInfo>", "<ds:SignedInfo>\n"),
            Refused(Refusal::SignatureMismatch),
        ),
        // Moved content: signature wrapping.
        (
            "signed To moved into a foreign header",
            swap(&good, to, &format!("{}{plain_to}", foreign(to))),
            Refused(Refusal::ReferenceTarget),
        ),
        (
            "signed To moved into the Body",
            swap(&swap(&good, to, plain_to), "<n:instanceIds>", &format!("{to}<n:instanceIds>")).replace(
                "<n:RebootInstances ",
                "<n:RebootInstances xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" ",
            ),
            Refused(Refusal::ReferenceTarget),
        ),
        (
            "signed To moved into Security",
            swap(
                &swap(&good, to, plain_to),
                "<wsse:BinarySecurityToken ",
                &format!("{to}<wsse:BinarySecurityToken "),
            ),
            child("To"),
        ),
        (
            "signed To moved into the Signature",
            swap(
                &swap(&good, to, plain_to),
                "</ds:Signature>",
                &format!("<ds:Object>{to}</ds:Object></ds:Signature>"),
            ),
            refused("Signature"),
        ),
        (
            "signed To inside another To",
            swap(&good, to, &format!("<wsa:To>{to}</wsa:To>")),
            Refused(Refusal::MalformedAddressing { header: "To".to_owned() }),
        ),
        (
            "signed To inside a ReplyTo",
            swap(&good, to, &format!("<wsa:ReplyTo>{to}</wsa:ReplyTo>{plain_to}")),
            Refused(Refusal::ReferenceTarget),
        ),
        ("To removed", swap(&good, to, ""), Refused(Refusal::ReferenceTarget)),
        ("unsigned To beside the signed one", swap(&good, to, &format!("{to}{plain_to}")), twice("To")),
        (
            "unsigned Action in front",
            swap(&good, to, &format!("<wsa:Action>EucalyptusCC#TerminateInstances</wsa:Action>{to}")),
            twice("Action"),
        ),
        (
            "two MessageIDs",
            swap(&good, to, &format!("<wsa:MessageID>urn:x</wsa:MessageID>{to}")),
            twice("MessageID"),
        ),
        (
            "unsigned ReplyTo",
            swap(
                &good,
                to,
                &format!(
                    "{to}<wsa:ReplyTo><wsa:Address>http://evil.example.com/</wsa:Address></wsa:ReplyTo>"
                ),
            ),
            uncovered("ReplyTo"),
        ),
        (
            "unsigned RelatesTo",
            swap(&good, to, &format!("{to}<wsa:RelatesTo>urn:x</wsa:RelatesTo>")),
            uncovered("RelatesTo"),
        ),
        ("Action removed", swap(&good, action, ""), Refused(Refusal::ActionMissing)),
        ("all addressing removed, Body signed", no_addressing, Refused(Refusal::NoAddressing)),
        // Ids.
        (
            "duplicate id",
            swap(&good, to, &format!("{to}{}", foreign(&to.replace("wsa:To", "x:To")))),
            Scan("duplicate-id"),
        ),
        (
            "duplicate id in the Body",
            swap(&good, "<n:instanceIds>", "<n:instanceIds Id=\"SigID-To\">"),
            Scan("duplicate-id"),
        ),
        (
            "duplicate id as xml:id",
            swap(&good, "<n:instanceIds>", "<n:instanceIds xml:id=\"SigID-To\">"),
            Scan("duplicate-id"),
        ),
        ("two ids on one element", swap(&good, "<wsa:To ", "<wsa:To Id=\"x\" "), Scan("duplicate-id")),
        (
            "id written with a reference",
            swap(&good, "wsu:Id=\"SigID-To\"", "wsu:Id=\"SigID&#45;To\""),
            Scan("malformed-xml"),
        ),
        (
            "id with a blank",
            swap(&good, "wsu:Id=\"SigID-To\"", "wsu:Id=\" SigID-To\""),
            Scan("malformed-xml"),
        ),
        // Several of what there must be one of (S15).
        (
            "two signatures",
            swap(&good, signature, &format!("{signature}{signature}")),
            Refused(Refusal::SeveralSignatures),
        ),
        (
            "stranger's signature in front of the expected one",
            swap(
                &other,
                part(&other, "<ds:Signature ", "</ds:Signature>"),
                &format!("{}{signature}", part(&other, "<ds:Signature ", "</ds:Signature>")),
            ),
            Refused(Refusal::SeveralSignatures),
        ),
        (
            "foreign Signature in front",
            swap(&good, signature, &format!("<x:Signature xmlns:x=\"urn:x\"/>{signature}")),
            Refused(Refusal::ForeignSignature),
        ),
        (
            "foreign Signature without namespace behind",
            swap(&good, signature, &format!("{signature}<Signature xmlns=\"\"/>")),
            Refused(Refusal::ForeignSignature),
        ),
        (
            "foreign Signature holding the stranger's, naming the expected certificate",
            swap(
                &good,
                signature,
                &format!(
                    "{}{signature}",
                    part(&other, "<ds:Signature ", "</ds:Signature>").replace(DS, "urn:x")
                ),
            ),
            Refused(Refusal::ForeignSignature),
        ),
        (
            "empty Security in front",
            swap(&good, security_open, &format!("{security_open}</wsse:Security>{security_open}")),
            Refused(Refusal::SeveralSecurityHeaders),
        ),
        (
            "empty Security behind",
            swap(&good, security, &format!("{security}{security_open}</wsse:Security>")),
            Refused(Refusal::SeveralSecurityHeaders),
        ),
        (
            "second Security for another actor",
            swap(
                &good,
                security,
                &format!(
                    "{security}{}</wsse:Security>",
                    security_open.replace("soapenv:mustUnderstand=\"1\"", "soapenv:actor=\"urn:x\"")
                ),
            ),
            Refused(Refusal::SeveralSecurityHeaders),
        ),
        (
            "unknown child of Security",
            swap(&good, signature, &format!("<x:Unknown xmlns:x=\"urn:x\"/>{signature}")),
            child("Unknown"),
        ),
        (
            "UsernameToken",
            swap(&good, signature, &format!("<wsse:UsernameToken/>{signature}")),
            child("UsernameToken"),
        ),
        (
            "EncryptedKey",
            swap(
                &good,
                signature,
                &format!("<e:EncryptedKey xmlns:e=\"http://www.w3.org/2001/04/xmlenc#\"/>{signature}"),
            ),
            child("EncryptedKey"),
        ),
        ("text in Security", swap(&good, signature, &format!("x{signature}")), child("text")),
        ("CDATA in Security", swap(&good, signature, &format!("<![CDATA[ ]]>{signature}")), child("text")),
        // References.
        ("no reference", resign(&swap(&good, &references, "")), Refused(Refusal::NoReferences)),
        ("too many references", many_references, Refused(Refusal::TooManyReferences)),
        (
            "one element referenced twice",
            resign(&swap(&good, reference, &format!("{reference}{reference}"))),
            Refused(Refusal::RepeatedReference),
        ),
        ("only To referenced", resign(&swap(&good, &references, reference)), uncovered("Action")),
        (
            "reference to a foreign header",
            resign(&swap(
                &swap(&good, to, &format!("{to}<x:h xmlns:x=\"urn:x\" Id=\"h\"/>")),
                "URI=\"#SigID-To\"",
                "URI=\"#h\"",
            )),
            Refused(Refusal::ReferenceTarget),
        ),
        (
            "reference to the body element",
            resign(&swap(
                &swap(&good, "<n:RebootInstances ", "<n:RebootInstances Id=\"x\" "),
                "URI=\"#SigID-To\"",
                "URI=\"#x\"",
            )),
            Refused(Refusal::ReferenceTarget),
        ),
        (
            "reference to the token",
            resign(&swap(&good, "URI=\"#SigID-To\"", "URI=\"#CertID-1\"")),
            Refused(Refusal::ReferenceTarget),
        ),
        (
            "reference to nothing",
            resign(&swap(&good, "URI=\"#SigID-To\"", "URI=\"#x\"")),
            Refused(Refusal::ReferenceTarget),
        ),
        (
            "reference to the whole document",
            resign(&swap(&good, "URI=\"#SigID-To\"", "URI=\"\"")),
            Refused(Refusal::ReferenceTarget),
        ),
        (
            "reference without URI",
            resign(&swap(&good, " URI=\"#SigID-To\"", "")),
            Refused(Refusal::ReferenceTarget),
        ),
        (
            "reference to an empty id",
            resign(&swap(&good, "URI=\"#SigID-To\"", "URI=\"#\"")),
            Refused(Refusal::ReferenceTarget),
        ),
        (
            "reference over the network",
            resign(&swap(&good, "URI=\"#SigID-To\"", "URI=\"http://evil.example.com/#SigID-To\"")),
            Refused(Refusal::ReferenceTarget),
        ),
        (
            "reference by XPointer",
            resign(&swap(&good, "URI=\"#SigID-To\"", "URI=\"#xpointer(id('SigID-To'))\"")),
            Refused(Refusal::ReferenceTarget),
        ),
        ("reference without digest", resign(&swap(&good, digest_value, "")), refused("DigestValue")),
        (
            "manifest in place of a reference",
            resign(&swap(&good, &references, "<ds:Manifest></ds:Manifest>")),
            refused("SignedInfo"),
        ),
        (
            "object in the signature",
            swap(&good, "</ds:Signature>", "<ds:Object/></ds:Signature>"),
            refused("Signature"),
        ),
        // Algorithms.
        ("HMAC with the public key", hmac, Refused(Refusal::SignatureAlgorithm)),
        (
            "HMACOutputLength",
            resign(&swap(&good, "rsa-sha1\">", "rsa-sha1\"><ds:HMACOutputLength>1</ds:HMACOutputLength>")),
            refused("parameters of SignatureMethod"),
        ),
        (
            "RSA-MD5",
            swap(
                &good,
                "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
                "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
            ),
            Refused(Refusal::SignatureAlgorithm),
        ),
        (
            "RSA-SHA256 without the switch",
            resign_with(
                &swap(
                    &good,
                    "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
                    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                ),
                MessageDigest::sha256(),
            ),
            Refused(Refusal::SignatureAlgorithm),
        ),
        (
            "no signature algorithm",
            swap(&good, " Algorithm=\"http://www.w3.org/2000/09/xmldsig#rsa-sha1\"", ""),
            Refused(Refusal::SignatureAlgorithm),
        ),
        (
            "digest by MD5",
            resign(&swap(
                &good,
                "http://www.w3.org/2000/09/xmldsig#sha1",
                "http://www.w3.org/2001/04/xmldsig-more#md5",
            )),
            Refused(Refusal::DigestAlgorithm),
        ),
        (
            "digest by SHA-256 without the switch",
            resign(&swap(
                &good,
                "http://www.w3.org/2000/09/xmldsig#sha1",
                "http://www.w3.org/2001/04/xmlenc#sha256",
            )),
            Refused(Refusal::DigestAlgorithm),
        ),
        (
            "canonicalisation with comments",
            resign(&swap(&good, exclusive, &format!("{exclusive}WithComments"))),
            Refused(Refusal::CanonicalizationAlgorithm),
        ),
        (
            "inclusive canonicalisation",
            resign(&swap(&good, exclusive, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")),
            Refused(Refusal::CanonicalizationAlgorithm),
        ),
        (
            "unknown transform",
            resign(&swap(
                &good,
                transform,
                &swap(transform, exclusive, "http://www.w3.org/TR/1999/REC-xslt-19991116"),
            )),
            Refused(Refusal::TransformAlgorithm),
        ),
        (
            "enveloped signature",
            resign(&swap(&good, transform, &swap(transform, exclusive, &format!("{DS}enveloped-signature")))),
            Refused(Refusal::TransformAlgorithm),
        ),
        (
            "XPath filter in front",
            resign(&swap(
                &good,
                transform,
                &format!(
                    "{}{transform}",
                    swap(transform, exclusive, "http://www.w3.org/TR/1999/REC-xpath-19991116")
                ),
            )),
            Refused(Refusal::TransformAlgorithm),
        ),
        (
            "two transforms",
            resign(&swap(&good, transform, &format!("{transform}{transform}"))),
            Refused(Refusal::TransformAlgorithm),
        ),
        ("empty transforms", resign(&swap(&good, transform, "")), Refused(Refusal::TransformAlgorithm)),
        ("no transforms", resign(&swap(&good, transforms, "")), Refused(Refusal::TransformAlgorithm)),
        // Key information.
        ("no KeyInfo", swap(&good, key_info, ""), refused("KeyInfo")),
        (
            "key by value",
            swap(
                &good,
                part(&good, "<wsse:SecurityTokenReference>", "</wsse:SecurityTokenReference>"),
                "<ds:KeyValue/>",
            ),
            refused("SecurityTokenReference"),
        ),
        (
            "two token references",
            swap(
                &good,
                "</wsse:SecurityTokenReference>",
                "</wsse:SecurityTokenReference><wsse:SecurityTokenReference/>",
            ),
            refused("KeyInfo"),
        ),
        ("token removed", swap(&good, token, ""), Refused(Refusal::TokenMissing)),
        (
            "token of another id",
            swap(&good, "wsu:Id=\"CertID-1\"", "wsu:Id=\"CertID-2\""),
            Refused(Refusal::TokenMissing),
        ),
        (
            "token outside Security",
            swap(
                &swap(&good, token, ""),
                security_open,
                &format!("{}{security_open}", foreign(&token_outside)),
            ),
            Refused(Refusal::TokenMissing),
        ),
        ("token of another type", swap(&good, "#X509v3", "#PKCS7"), Refused(Refusal::TokenMissing)),
        (
            "token over the network",
            swap(&good, "URI=\"#CertID-1\"", "URI=\"http://evil.example.com/\""),
            Refused(Refusal::TokenMissing),
        ),
        // Encoded values.
        (
            "oversized token",
            swap(&good, token_text, &"A".repeat(20_000)),
            Refused(Refusal::Oversized("BinarySecurityToken")),
        ),
        (
            "oversized signature",
            swap(&good, value_text, &"A".repeat(8_000)),
            Refused(Refusal::Oversized("SignatureValue")),
        ),
        (
            "oversized digest",
            resign(&swap(&good, digest_text, &"A".repeat(400))),
            Refused(Refusal::Oversized("DigestValue")),
        ),
        (
            "token that is no base64",
            swap(&good, token_text, "%%%%"),
            Refused(Refusal::Encoding("BinarySecurityToken")),
        ),
        (
            "token without padding",
            swap(&good, token_text, token_text.trim_end_matches('=')),
            Refused(Refusal::Encoding("BinarySecurityToken")),
        ),
        ("empty token", swap(&good, token_text, ""), Refused(Refusal::Stranger)),
        (
            "signature that is no base64",
            swap(&good, &value_text[..4], "A-_A"),
            Refused(Refusal::Encoding("SignatureValue")),
        ),
        ("empty signature", swap(&good, value_text, ""), Refused(Refusal::SignatureMismatch)),
        (
            "digest that is no base64",
            resign(&swap(&good, &digest_text[..4], "====")),
            Refused(Refusal::Encoding("DigestValue")),
        ),
        ("empty digest", resign(&swap(&good, digest_text, "")), digest("To")),
        // Comments, CDATA, references and processing instructions.
        (
            "comment in a digest",
            resign(&swap(&good, digest_text, &commented(digest_text))),
            Refused(Refusal::Encoding("DigestValue")),
        ),
        (
            "comment in the signature",
            swap(&good, value_text, &commented(value_text)),
            Refused(Refusal::Encoding("SignatureValue")),
        ),
        (
            "comment in the token",
            swap(&good, token_text, &commented(token_text)),
            Refused(Refusal::Encoding("BinarySecurityToken")),
        ),
        (
            "digest in a comment, another one behind",
            swap(&good, digest_value, &format!("<ds:DigestValue><!--{digest_text}-->AAAA</ds:DigestValue>")),
            Refused(Refusal::Encoding("DigestValue")),
        ),
        (
            "CDATA as digest",
            swap(&good, digest_text, &cdata(digest_text)),
            Refused(Refusal::Encoding("DigestValue")),
        ),
        (
            "CDATA as token",
            swap(&good, token_text, &cdata(token_text)),
            Refused(Refusal::Encoding("BinarySecurityToken")),
        ),
        (
            "reference in the signature",
            swap(&good, value_text, &referenced(value_text)),
            Refused(Refusal::Encoding("SignatureValue")),
        ),
        (
            "processing instruction in a signed header",
            swap(&good, "#RebootInstances<", "#<?x?>RebootInstances<"),
            Scan("processing-instruction"),
        ),
        (
            "processing instruction in SignedInfo",
            swap(&good, "<ds:SignedInfo>", "<ds:SignedInfo><?x?>"),
            Scan("processing-instruction"),
        ),
        (
            "processing instruction in the Body",
            swap(&good, "i-12345678", "i-<?x?>12345678"),
            Scan("processing-instruction"),
        ),
        ("processing instruction in front", format!("<?x?>{good}"), Scan("processing-instruction")),
        ("processing instruction behind", format!("{good}<?x?>"), Scan("processing-instruction")),
        (
            "comment that is none",
            swap(&good, security_open, &format!("{security_open}<!-- -- -->")),
            Scan("malformed-xml"),
        ),
        (
            "element in a comment-like CDATA",
            swap(&good, to, &format!("<![CDATA[{to}]]>")),
            Scan("envelope-structure"),
        ),
        // Entities and DTDs.
        ("entity expansion", format!("{laughs}{good}"), Scan("doctype")),
        ("external DTD", format!("{external}{good}"), Scan("doctype")),
        ("DTD behind the declaration", format!("<?xml version=\"1.0\"?>{external}{good}"), Scan("doctype")),
        ("lower-case doctype", format!("<!doctype x>{good}"), Scan("doctype")),
        ("DTD inside", swap(&good, to, &format!("<!DOCTYPE x>{to}")), Scan("doctype")),
        ("unknown entity", swap(&good, "i-12345678", "&xxe;"), Scan("malformed-xml")),
        ("reference to a forbidden character", swap(&good, "i-12345678", "&#0;"), Scan("malformed-xml")),
        ("reference to a surrogate", swap(&good, "i-12345678", "&#xD800;"), Scan("malformed-xml")),
        ("reference with a sign", swap(&good, "i-12345678", "&#+65;"), Scan("malformed-xml")),
        ("reference beyond Unicode", swap(&good, "i-12345678", "&#x110000;"), Scan("malformed-xml")),
        (
            "namespace name written with a reference",
            swap(&good, "xmlns:wsa=\"http:", "xmlns:wsa=\"http&#58;"),
            Scan("malformed-xml"),
        ),
        // Form.
        ("NUL", swap(&good, "i-12345678", "i-\0"), Scan("malformed-xml")),
        ("escape character", swap(&good, "i-12345678", "i-\u{1b}"), Scan("malformed-xml")),
        ("noncharacter", swap(&good, "i-12345678", "i-\u{FFFE}"), Scan("malformed-xml")),
        ("repeated attribute", swap(&good, "<wsa:To ", "<wsa:To a=\"1\" a=\"2\" "), Scan("malformed-xml")),
        (
            "repeated attribute under two prefixes",
            swap(&good, "<wsa:To ", "<wsa:To xmlns:p=\"urn:x\" xmlns:q=\"urn:x\" p:a=\"\" q:a=\"\" "),
            Scan("malformed-xml"),
        ),
        ("unbound prefix", swap(&good, "<wsa:To ", "<wsa:To p:a=\"\" "), Scan("malformed-xml")),
        (
            "prefix xmlns bound",
            swap(&good, "<wsa:To ", "<wsa:To xmlns:xmlns=\"urn:x\" "),
            Scan("malformed-xml"),
        ),
        (
            "prefix xml bound elsewhere",
            swap(&good, "<wsa:To ", "<wsa:To xmlns:xml=\"urn:x\" "),
            Scan("malformed-xml"),
        ),
        ("prefix unbound", swap(&good, "<wsa:To ", "<wsa:To xmlns:p=\"\" "), Scan("malformed-xml")),
        ("wrong end tag", swap(&good, "</wsa:To>", "</wsa:Action>"), Scan("malformed-xml")),
        ("cut off", good[..good.len() - 10].to_owned(), Scan("truncated")),
        ("second document behind", format!("{good}{good}"), Scan("malformed-xml")),
        ("text behind", format!("{good}x"), Scan("malformed-xml")),
        (
            "two Bodies",
            swap(&good, "</soapenv:Envelope>", "<soapenv:Body/></soapenv:Envelope>"),
            Scan("envelope-structure"),
        ),
        (
            "two Headers",
            swap(&good, "<soapenv:Body>", "<soapenv:Header/><soapenv:Body>"),
            Scan("envelope-structure"),
        ),
        (
            "two elements in Body",
            swap(&good, "</soapenv:Body>", "<x/></soapenv:Body>"),
            Scan("envelope-structure"),
        ),
        ("text in Body", swap(&good, "</soapenv:Body>", "x</soapenv:Body>"), Scan("envelope-structure")),
        (
            "text in Header",
            swap(&good, "</soapenv:Header>", "x</soapenv:Header>"),
            Scan("envelope-structure"),
        ),
        (
            "Body of another SOAP version",
            swap(
                &good,
                "<soapenv:Body>",
                "<soapenv:Body xmlns:soapenv=\"http://www.w3.org/2003/05/soap-envelope\">",
            ),
            Scan("envelope-structure"),
        ),
        ("no Body", cut(&good, "<soapenv:Body>", "</soapenv:Body>"), Scan("no-body")),
        (
            "unknown SOAP version",
            good.replace("http://schemas.xmlsoap.org/soap/envelope/", "urn:x"),
            Scan("soap-version"),
        ),
        // Size.
        ("deep nesting", swap(&good, "i-12345678", &nested), Scan("document-limit")),
        ("many header blocks", swap(&good, to, &format!("{to}{crowd}")), Scan("document-limit")),
        (
            "huge header",
            swap(&good, to, &format!("{to}<x:h xmlns:x=\"urn:x\">{}</x:h>", "x".repeat(70_000))),
            Scan("document-limit"),
        ),
        ("many attributes", swap(&good, "i-12345678", &attributes), Scan("document-limit")),
        ("many namespaces", swap(&good, "i-12345678", &bindings), Scan("document-limit")),
        ("many elements", swap(&good, "i-12345678", &"<a/>".repeat(300_000)), Scan("document-limit")),
    ];
    for (name, message, expected) in rows {
        assert_eq!(judge(&message, Profile::Legacy), expected, "{name}");
    }
    // Bytes that are no text.
    for bytes in [&b"\xFF\xFE<\0"[..], b"<a>\xC0\xAF</a>", b"<a>\xED\xA0\x80</a>"] {
        assert_eq!(judge_with(&verifier("cloud", Options::server(Profile::Legacy)), bytes), Scan("not-utf8"));
    }
    assert!(signed_info.contains(&references));
}

#[test]
fn every_attack_on_a_signed_body_is_refused() {
    let good = strict_message();
    let body = part(&good, "<soapenv:Body ", "</soapenv:Body>");
    let content = body.replacen(part(body, "<soapenv:Body ", ">"), "", 1).replace("</soapenv:Body>", "");
    let evil = content.replace("i-12345678", "i-87654321");
    let moved = format!("<x:Wrap xmlns:x=\"urn:x\">{body}</x:Wrap>");
    let reference = part(&good, "<ds:Reference URI=\"#SigID-Body\"", "</ds:Reference>");
    let rows = [
        (
            "altered",
            swap(&good, "i-12345678", "i-87654321"),
            Refused(Refusal::DigestMismatch("Body".to_owned())),
        ),
        (
            "element added",
            swap(&good, "</n:RebootInstances>", "<n:x/></n:RebootInstances>"),
            Refused(Refusal::DigestMismatch("Body".to_owned())),
        ),
        (
            "moved into a header, another one in its place",
            swap(
                &swap(&good, body, &format!("<soapenv:Body>{evil}</soapenv:Body>")),
                "</soapenv:Header>",
                &format!("{moved}</soapenv:Header>"),
            ),
            Refused(Refusal::ReferenceTarget),
        ),
        (
            "moved into the Body of another one",
            swap(&good, body, &format!("<soapenv:Body><x>{body}</x></soapenv:Body>")),
            Refused(Refusal::ReferenceTarget),
        ),
        (
            "id moved to the body element",
            swap(
                &good,
                body,
                &format!("<soapenv:Body>{}</soapenv:Body>", swap(&content, ">", " Id=\"SigID-Body\">")),
            ),
            Refused(Refusal::ReferenceTarget),
        ),
        ("reference removed", resign(&swap(&good, reference, "")), Refused(Refusal::BodyNotCovered)),
    ];
    for (name, message, expected) in rows {
        assert_eq!(judge(&message, Profile::Strict), expected, "{name}");
    }
}

#[test]
fn a_comment_in_a_signed_header_neither_breaks_the_signature_nor_shortens_the_value() {
    let message = swap(&reference_message(), "#RebootInstances<", "#<!-- x -->Reboot<!---->Instances<");
    let envelope = scan(message.as_bytes(), &Limits::default()).unwrap();
    let verifier = verifier("cloud", Options::server(Profile::Legacy));
    let verified = verifier.verify(&envelope, SystemTime::now()).unwrap();
    assert_eq!(verified.addressing.action.as_deref(), Some(HEADERS.action));
}

#[test]
fn what_is_harmless_is_tolerated() {
    // S2, S3, W4 and wire.md §3.1: none of it changes what was signed.
    let good = reference_message();
    let token = part(&good, "<wsse:BinarySecurityToken ", "</wsse:BinarySecurityToken>");
    let token_text = part(token, ">", "<").trim_matches(['<', '>']);
    let value = part(&good, "<ds:SignatureValue>", "</ds:SignatureValue>");
    let security = part(&good, "<wsse:Security ", "</wsse:Security>");
    let wrapped = token_text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap());
    let wrapped = wrapped.collect::<Vec<_>>().join(" \r\n\t");
    let list = "<ec:InclusiveNamespaces xmlns:ec=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"none\">\
        </ec:InclusiveNamespaces>";
    let rows = [
        ("declaration", format!("<?xml version='1.0' encoding='utf-8'?>\n{good}")),
        ("byte order mark", format!("\u{FEFF}{good}")),
        ("comments around", format!("<!-- a -->{good}<!-- b -->\n")),
        ("blanks in Security", swap(&good, "<wsse:BinarySecurityToken ", " \n<wsse:BinarySecurityToken ")),
        ("comment in Security", swap(&good, "<ds:Signature ", "<!-- a --><ds:Signature ")),
        ("comment in SignedInfo", swap(&good, "<ds:SignedInfo>", "<ds:SignedInfo><!-- a -->")),
        ("wrapped token", swap(&good, token_text, &wrapped)),
        ("wrapped signature", swap(&good, &value[19..40], &format!("\n{}\n", &value[19..40]))),
        (
            "token behind the signature",
            swap(&swap(&good, token, ""), "</wsse:Security>", &format!("{token}</wsse:Security>")),
        ),
        ("Security first", swap(&swap(&good, security, ""), "<wsa:To ", &format!("{security}<wsa:To "))),
        ("no mustUnderstand", swap(&good, " soapenv:mustUnderstand=\"1\"", "")),
        (
            "signature with referenced line ends",
            swap(&good, &value[19..40], &format!("&#13;\n{}&#xD;&#10;", &value[19..40])),
        ),
        ("foreign header", swap(&good, "<wsa:To ", "<x:h xmlns:x=\"urn:x\"/><wsa:To ")),
        ("unused declaration", swap(&good, "<wsa:To ", "<wsa:To xmlns:unused=\"urn:x\" ")),
        ("attributes quoted otherwise", swap(&good, "wsu:Id=\"SigID-To\"", "wsu:Id = 'SigID-To'")),
        ("character as reference", swap(&good, "#RebootInstances<", "#&#82;eboot&#x49;nstances<")),
        (
            "character data as CDATA",
            swap(&good, "EucalyptusCC#RebootInstances", "<![CDATA[EucalyptusCC]]>#RebootInstances"),
        ),
        ("Body in another encoding form", swap(&good, "i-12345678", "i-&#233;<![CDATA[<]]>&amp;")),
        (
            "id on the Body",
            swap(&good, "<soapenv:Body>", &format!("<soapenv:Body xmlns:w=\"{WSU}\" w:Id=\"b\">")),
        ),
        (
            "PrefixList of unbound prefixes",
            resign(&swap(&good, "</ds:Transform>", &format!("{list}</ds:Transform>"))),
        ),
        (
            "SOAP 1.2",
            good.replace(
                "http://schemas.xmlsoap.org/soap/envelope/",
                "http://www.w3.org/2003/05/soap-envelope",
            ),
        ),
    ];
    for (name, message) in rows {
        assert_eq!(judge(&message, Profile::Legacy), Accepted, "{name}");
    }
}

#[test]
fn sha256_is_taken_only_with_the_switch() {
    let message = swap(
        &reference_message(),
        "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    );
    let message = resign_with(&message, MessageDigest::sha256());
    let options = Options { accept_sha256: true, ..Options::server(Profile::Legacy) };
    assert_eq!(judge_with(&verifier("cloud", options), message.as_bytes()), Accepted);
    assert_eq!(judge(&message, Profile::Legacy), Refused(Refusal::SignatureAlgorithm));
}

#[test]
fn a_message_is_taken_once() {
    let verifier = verifier("cloud", Options::server(Profile::Legacy));
    let first = reference_message();
    assert_eq!(judge_with(&verifier, first.as_bytes()), Accepted);
    // Unchanged; with another body, which is what makes replays worth while; in another form.
    for again in [
        first.clone(),
        swap(&first, "i-12345678", "i-87654321"),
        swap(&first, "<ds:SignedInfo>", "<ds:SignedInfo><!-- -->"),
        format!("\u{FEFF}{first}"),
    ] {
        assert_eq!(judge_with(&verifier, again.as_bytes()), Refused(Refusal::Replay));
    }
    // Signed again under the same MessageID, and a message that does not have one.
    let sign = |headers: &Headers<'_>| {
        let key = pair("cloud");
        sign_envelope(&key, headers, Version::Soap11, Profile::Legacy, BODY.as_bytes()).unwrap()
    };
    let signed_again = sign(&Headers { to: Some("http://elsewhere/"), ..HEADERS });
    assert_eq!(judge_with(&verifier, &signed_again), Refused(Refusal::Replay));
    let id = new_message_id().unwrap();
    let fresh = String::from_utf8(sign(&Headers { message_id: &id, ..HEADERS })).unwrap();
    let reference = part(&fresh, "<ds:Reference URI=\"#SigID-MessageID\"", "</ds:Reference>");
    let nameless = resign(&swap(&cut(&fresh, "<wsa:MessageID ", "</wsa:MessageID>"), reference, ""));
    assert_eq!(judge_with(&verifier, nameless.as_bytes()), Accepted, "wire.md §4.2");
    assert_eq!(judge_with(&verifier, nameless.as_bytes()), Refused(Refusal::Replay));
}

#[test]
fn of_many_who_send_one_message_at_once_one_is_taken() {
    let verifier = verifier("cloud", Options::server(Profile::Legacy));
    let message = reference_message();
    let accepted = std::thread::scope(|scope| {
        let send = || scope.spawn(|| judge_with(&verifier, message.as_bytes()) == Accepted);
        let senders: Vec<_> = (0..16).map(|_| send()).collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).filter(|&taken| taken).count()
    });
    assert_eq!(accepted, 1);
}

#[test]
fn a_refused_message_takes_no_place_in_the_replay_memory() {
    let verifier = verifier("cloud", Options::server(Profile::Legacy));
    let good = reference_message();
    let forged = swap(&good, "cc.example.com", "evil.example.com");
    assert_eq!(judge_with(&verifier, forged.as_bytes()), Refused(Refusal::DigestMismatch("To".to_owned())));
    assert_eq!(judge_with(&verifier, good.as_bytes()), Accepted);
}

#[test]
fn without_the_peers_certificate_nobody_is_the_peer() {
    let missing = golden("c-2.0.1/keys/no-such-cert.pem");
    let credentials = Credentials::new(&key_file("cluster-cert.pem"), &key_file("cluster-pk.pem"), &missing);
    let verifier = Verifier::new(Arc::new(credentials), Options::server(Profile::Legacy));
    assert_eq!(judge_with(&verifier, reference_message().as_bytes()), Refused(Refusal::NoPeerCertificate));
}

#[test]
fn timestamps_are_checked_and_may_be_signed() {
    let good = reference_message();
    let stamp = |created: &str, expires: &str| {
        format!(
            "<wsu:Timestamp xmlns:wsu=\"{WSU}\" wsu:Id=\"TS\"><wsu:Created>{created}</wsu:Created>\
             <wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp>"
        )
    };
    let with = |stamp: &str| {
        swap(&good, "<wsse:BinarySecurityToken ", &format!("{stamp}<wsse:BinarySecurityToken "))
    };
    let valid = stamp("2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z");
    let reference = part(&good, "<ds:Reference ", "</ds:Reference>");
    let digest_text = part(reference, "<ds:DigestValue>", "</ds:DigestValue>");
    let digest = STANDARD.encode(openssl::sha::sha1(valid.as_bytes()));
    let signed = |digest: &str| {
        let stamp_reference = reference.replace("#SigID-To", "#TS");
        let stamp_reference =
            swap(&stamp_reference, digest_text, &format!("<ds:DigestValue>{digest}</ds:DigestValue>"));
        resign(&swap(&with(&valid), reference, &format!("{reference}{stamp_reference}")))
    };
    let rows = [
        ("valid", with(&valid), Accepted),
        ("signed", signed(&digest), Accepted),
        (
            "signed, wsu declared on Security",
            {
                let inherited =
                    signed(&digest).replace("<wsu:Timestamp xmlns:wsu=", "<wsu:Timestamp xmlns:none=");
                swap(&inherited, "<wsse:Security ", &format!("<wsse:Security xmlns:wsu=\"{WSU}\" "))
            },
            Accepted,
        ),
        (
            "signed and altered",
            signed(&digest).replace("2090", "2091"),
            Refused(Refusal::DigestMismatch("Timestamp".to_owned())),
        ),
        ("expired", with(&stamp("2020-01-01T00:00:00Z", "2020-01-01T00:05:00Z")), Refused(Refusal::Expired)),
        (
            "from the future",
            with(&stamp("2089-01-01T00:00:00Z", "2090-01-01T00:00:00Z")),
            Refused(Refusal::NotYetValid),
        ),
        ("unreadable", with(&stamp("today", "2090-01-01T00:00:00Z")), Refused(Refusal::MalformedTimestamp)),
        ("two", with(&format!("{valid}{}", valid.replace("TS", "TT"))), Refused(Refusal::MalformedTimestamp)),
        (
            "two expiries",
            with(&valid.replace("wsu:Created", "wsu:Expires")),
            Refused(Refusal::MalformedTimestamp),
        ),
        (
            "unknown content",
            with(&valid.replace("wsu:Created", "wsu:Nonce")),
            Refused(Refusal::MalformedTimestamp),
        ),
    ];
    for (name, message, expected) in rows {
        assert_eq!(judge(&message, Profile::Legacy), expected, "{name}");
    }
}

#[test]
fn every_refusal_has_a_reason_of_its_own() {
    let text = || "x".to_owned();
    let all = [
        Refusal::Unsigned,
        Refusal::SeveralSecurityHeaders,
        Refusal::UnknownSecurityChild(text()),
        Refusal::ForeignSignature,
        Refusal::NoSignature,
        Refusal::SeveralSignatures,
        Refusal::MalformedSignature("x"),
        Refusal::CanonicalizationAlgorithm,
        Refusal::SignatureAlgorithm,
        Refusal::DigestAlgorithm,
        Refusal::TransformAlgorithm,
        Refusal::NoReferences,
        Refusal::TooManyReferences,
        Refusal::ReferenceTarget,
        Refusal::RepeatedReference,
        Refusal::TokenMissing,
        Refusal::Oversized("x"),
        Refusal::Encoding("x"),
        Refusal::NoPeerCertificate,
        Refusal::Stranger,
        Refusal::SignatureMismatch,
        Refusal::DigestMismatch(text()),
        Refusal::HeaderNotCovered(text()),
        Refusal::BodyNotCovered,
        Refusal::NoAddressing,
        Refusal::ActionMissing,
        Refusal::DuplicateAddressing { header: text() },
        Refusal::MalformedAddressing { header: text() },
        Refusal::MalformedTimestamp,
        Refusal::Expired,
        Refusal::NotYetValid,
        Refusal::Replay,
    ];
    let reasons: std::collections::BTreeSet<_> = all.iter().map(Refusal::reason).collect();
    let texts: std::collections::BTreeSet<_> = all.iter().map(ToString::to_string).collect();
    assert_eq!((reasons.len(), texts.len()), (all.len(), all.len()));
}
