//! Properties that hold for all inputs, found by trying many.
#![cfg(test)]

#[path = "support/documents.rs"]
mod documents;
#[path = "support/messages.rs"]
mod messages;
#[path = "support/recordings.rs"]
mod recordings;
#[path = "support/text.rs"]
mod text;

use std::sync::LazyLock;
use std::time::SystemTime;

use documents::document;
use euca_wsse::{
    Headers, KeyPair, Limits, Options, Profile, SignError, Verifier, Version, c14n, new_message_id, scan,
    sign_envelope,
};
use messages::{BODY, HEADERS, pair, signed_by};
use proptest::prelude::*;
use recordings::verifier;
use text::{part, swap};

static KEY: LazyLock<KeyPair> = LazyLock::new(|| pair("cloud"));
static VERIFIER: LazyLock<Verifier> = LazyLock::new(|| verifier("cloud", Options::client(Profile::Legacy)));

/// Pieces of envelopes, in any order: closer to an envelope than arbitrary bytes get.
fn near_envelope() -> impl Strategy<Value = Vec<u8>> {
    let good = signed_by("cloud", Profile::Strict);
    let mut pieces: Vec<Vec<u8>> = good
        .split_inclusive('>')
        .flat_map(|piece| piece.split_inclusive(['"', ' ']))
        .map(|piece| piece.as_bytes().to_vec())
        .collect();
    for piece in [
        "<",
        ">",
        "&",
        "&amp;",
        "&#65;",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?",
        "?>",
        "<!DOCTYPE",
        "\0",
        "\u{FFFE}",
    ] {
        pieces.push(piece.as_bytes().to_vec());
    }
    pieces.push(vec![0xff]);
    prop_oneof![
        prop::collection::vec(prop::sample::select(pieces.clone()), 0..60).prop_map(|pieces| pieces.concat()),
        // A message with a few pieces put somewhere.
        prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(pieces)), 1..4).prop_map(
            move |inserted| {
                let mut message = good.clone().into_bytes();
                for (at, piece) in inserted {
                    let at = at.index(message.len());
                    message.splice(at..at, piece);
                }
                message
            }
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_the_scan_panic(bytes in any::<Vec<u8>>()) {
        let _ = scan(&bytes, &Limits::default());
        let _ = c14n::canonicalize(&bytes, &["#default", "a"]);
    }

    #[test]
    fn nothing_like_an_envelope_makes_verification_panic(bytes in near_envelope()) {
        let _ = c14n::canonicalize(&bytes, &[]);
        if let Ok(envelope) = scan(&bytes, &Limits::default()) {
            let _ = envelope.addressing();
            let _ = VERIFIER.verify(&envelope, SystemTime::now());
        }
    }

    #[test]
    fn canonical_form_is_its_own_canonical_form(document in document()) {
        let once = c14n::canonicalize(document.as_bytes(), &[]).unwrap();
        let twice = c14n::canonicalize(&once, &[]).unwrap();
        prop_assert_eq!(String::from_utf8(once).unwrap(), String::from_utf8(twice).unwrap());
    }

    #[test]
    fn whatever_a_header_says_arrives_as_it_was_signed(
        to in any::<String>(),
        action in "[ -~\r\n\té中\u{1F600}]{0,40}",
        relates_to in prop::option::of(".*"),
        strict in any::<bool>(),
    ) {
        let id = new_message_id().unwrap();
        let headers =
            Headers { action: &action, message_id: &id, to: Some(&to), from: None, relates_to: relates_to.as_deref() };
        let profile = if strict { Profile::Strict } else { Profile::Legacy };
        let message = match sign_envelope(&KEY, &headers, Version::Soap11, profile, BODY.as_bytes()) {
            Ok(message) => message,
            Err(SignError::Text(_)) => {
                let forbidden = |text: &str| text.contains(|c: char| (c < ' ' && !"\t\r\n".contains(c)) || "\u{FFFE}\u{FFFF}".contains(c));
                prop_assert!(forbidden(&to) || relates_to.as_deref().is_some_and(forbidden));
                return Ok(());
            }
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        prop_assert!(message.is_ascii(), "peers read nothing else");
        let envelope = scan(&message, &Limits::default()).unwrap();
        let verified = VERIFIER.verify(&envelope, SystemTime::now()).unwrap();
        let trim = |text: &str| text.trim_matches([' ', '\t', '\r', '\n']).to_owned();
        prop_assert_eq!(verified.addressing.to.unwrap().into_owned(), trim(&to));
        prop_assert_eq!(verified.addressing.action.unwrap().into_owned(), trim(&action));
        prop_assert_eq!(verified.addressing.message_id.unwrap().into_owned(), id);
        prop_assert_eq!(verified.addressing.relates_to.map(|text| text.into_owned()), relates_to.as_deref().map(trim));
        prop_assert_eq!(verified.body_signed, strict);
    }
}

#[test]
fn no_changed_byte_in_a_signed_part_is_accepted() {
    let verifier = verifier("cloud", Options::client(Profile::Strict));
    let message = signed_by("cloud", Profile::Strict);
    let accepted = |bytes: &[u8]| {
        scan(bytes, &Limits::default())
            .is_ok_and(|envelope| verifier.verify(&envelope, SystemTime::now()).is_ok())
    };
    assert!(accepted(message.as_bytes()));
    let parts = [
        part(&message, "<wsa:To ", "</wsa:To>"),
        part(&message, "<wsa:Action ", "</wsa:Action>"),
        part(&message, "<wsa:MessageID ", "</wsa:MessageID>"),
        part(&message, "\">MII", "</wsse:BinarySecurityToken>"),
        part(&message, "<ds:SignedInfo>", "</ds:SignatureValue>"),
        part(&message, "<soapenv:Body ", "</soapenv:Body>"),
    ];
    let mut tried = 0;
    for part in parts {
        let start = message.find(part).unwrap();
        for at in start..start + part.len() {
            for flip in [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff] {
                let mut bytes = message.clone().into_bytes();
                let old = bytes[at];
                bytes[at] ^= flip;
                let blank = |byte: u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
                // Between attributes one blank is as good as another; that is what canonical form is for.
                assert!(
                    !accepted(&bytes) || (blank(old) && blank(bytes[at])),
                    "{old:#x} at {at} ^ {flip:#x}"
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 30_000);
}

#[test]
fn message_ids_are_uuids_and_never_the_same() {
    let mut seen = std::collections::HashSet::new();
    for _ in 0..1_000 {
        let id = new_message_id().unwrap();
        let groups: Vec<&str> = id.strip_prefix("urn:uuid:").unwrap().split('-').collect();
        assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        assert!(groups.concat().bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{id}");
        assert!(groups[2].starts_with('4') && matches!(groups[3].as_bytes()[0], b'8' | b'9' | b'a' | b'b'));
        assert!(seen.insert(id));
    }
}

#[test]
fn time_grows_no_faster_than_the_document() {
    /// Nanoseconds that this thread has spent on a processor, in steps of some milliseconds.
    fn processor_time() -> u64 {
        let statistics = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        statistics.split(' ').next().unwrap().parse().unwrap()
    }
    // Each of these would be quadratic for a careless reader. The same bytes are read as 48 documents and as
    // 6 documents of eight times the size: equal time, or eight times.
    type Content = fn(usize) -> String;
    let cases: [(&str, Content); 6] = [
        ("text", |n| "x".repeat(n)),
        ("references", |n| "&#65;".repeat(n / 5)),
        ("elements", |n| "<a/>".repeat(n / 4)),
        ("comments", |n| "<!-- -->".repeat(n / 8)),
        ("attributes", |n| "<a b='' c='' d='' e='' f='' g='' h=''/>".repeat(n / 40)),
        ("ids", |n| (0..n / 20).map(|i| format!("<a Id='i{i}'></a>")).collect()),
    ];
    let limits = Limits { elements: usize::MAX, ..Limits::default() };
    for (name, content) in cases {
        let time = |size, documents| {
            let message = swap(&signed_by("cloud", Profile::Legacy), "i-12345678", &content(size));
            let start = processor_time();
            for _ in 0..documents {
                assert!(scan(message.as_bytes(), &limits).is_ok(), "{name}");
            }
            processor_time() - start
        };
        let (small, large) = (time(200_000, 48), time(1_600_000, 6));
        assert!(
            large < small * 4 + 20_000_000,
            "{name}: {small} ns in small documents, {large} ns in large ones"
        );
    }
}

#[test]
fn headers_of_requests_and_answers_stand_in_the_order_of_the_c_side() {
    let names = |headers: &Headers<'_>| {
        let message =
            sign_envelope(&KEY, headers, Version::Soap12, Profile::Legacy, BODY.as_bytes()).unwrap();
        let envelope = scan(&message, &Limits::default()).unwrap();
        assert_eq!(envelope.version(), Version::Soap12);
        assert!(envelope.not_understood().is_none());
        envelope.header_blocks().iter().map(|block| block.local_name.to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&HEADERS), ["To", "Action", "MessageID", "Security"]);
    let answer = Headers { to: None, from: Some("http://cc/"), relates_to: Some("urn:x"), ..HEADERS };
    assert_eq!(names(&answer), ["Action", "From", "MessageID", "RelatesTo", "Security"]);
}
