//! Independent implementations as judges: WSS4J (the CLC's own library), zeep with python-xmlsec, and
//! libxml2's canonicalisation. `tests/setup.sh` installs them; without them these tests fail.
//! A developer may set `EUCA_SKIP_INTEROP=1` by hand.
#![cfg(test)]

#[path = "support/documents.rs"]
mod documents;
#[path = "support/messages.rs"]
mod messages;
#[path = "support/recordings.rs"]
mod recordings;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use documents::document;
use euca_wsse::{
    Headers, Limits, Options, Profile, Refusal, Version, c14n, scan, sign_envelope, write_envelope,
};
use messages::{BODY, HEADERS, pair, signed_by};
use openssl::pkcs12::Pkcs12;
use openssl::pkey::PKey;
use openssl::x509::X509;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use recordings::{key_file, verifier};

fn skipped() -> bool {
    std::env::var_os("EUCA_SKIP_INTEROP").is_some_and(|value| value == "1")
}

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn run(command: &mut Command, input: &[u8]) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        piped.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}; see tests/interop/wsse"));
    let mut stdin = child.stdin.take().unwrap();
    // The programs read everything before they write. One that ends early breaks the pipe; its status tells.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// Standard output of a program that must succeed.
fn output(command: &mut Command, input: &[u8]) -> Vec<u8> {
    let output = run(command, input);
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn python(script: &str) -> Command {
    let mut python = Command::new(root("target/interop-venv/bin/python"));
    python.arg(root("tests/interop/wsse").join(script));
    python
}

/// WSS4J with a key store that holds the key pair of `who`.
fn wss4j(command: &str, who: &str, store: &Path) -> Command {
    let read = |name: String| std::fs::read(key_file(&name)).unwrap();
    let certificate = X509::from_pem(&read(format!("{who}-cert.pem"))).unwrap();
    let key = PKey::private_key_from_pem(&read(format!("{who}-pk.pem"))).unwrap();
    let pkcs12 = Pkcs12::builder().name(who).pkey(&key).cert(&certificate).build2("password").unwrap();
    std::fs::write(store, pkcs12.to_der().unwrap()).unwrap();
    let jars = ["wss4j", "xmlsec", "commons-logging", "slf4j-api", "slf4j-nop"];
    let mut java = Command::new("java");
    java.arg("-cp").arg(jars.map(|jar| format!("/usr/share/java/{jar}.jar")).join(":"));
    java.arg(root("tests/interop/wsse/Wss4j.java")).arg(command).arg(store);
    java
}

fn verify(message: &[u8], profile: Profile) -> Result<(), Refusal> {
    let envelope = scan(message, &Limits::default()).unwrap();
    verifier("cloud", Options::server(profile)).verify(&envelope, SystemTime::now()).map(|_| ())
}

/// Messages of our own with everything that can be in them, and the names of their signed elements.
fn own_messages() -> Vec<(Vec<u8>, &'static str)> {
    let key = pair("cloud");
    let answer = Headers { to: None, from: Some("http://cc/"), relates_to: Some("urn:uuid:1"), ..HEADERS };
    let odd = Headers { to: Some("http://cc/?a=b&c=<d>'\"é\u{1F600}\r\n"), ..HEADERS };
    let odd_body =
        "<n:x xmlns:n=\"http://eucalyptus.ucsb.edu/\" b='2' a=\"1\">&#233;&#13;&gt;\"<![CDATA[<]]></n:x>";
    let sign = |headers: &Headers<'_>, profile, body: &str| {
        sign_envelope(&key, headers, Version::Soap11, profile, body.as_bytes()).unwrap()
    };
    vec![
        (sign(&HEADERS, Profile::Legacy, BODY), "Action MessageID To"),
        (sign(&HEADERS, Profile::Strict, BODY), "Action Body MessageID To"),
        (sign(&answer, Profile::Legacy, BODY), "Action From MessageID RelatesTo"),
        (sign(&odd, Profile::Strict, odd_body), "Action Body MessageID To"),
    ]
}

#[test]
fn wss4j_verifies_what_is_signed_here() {
    if skipped() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    for (message, parts) in own_messages() {
        let seen = output(&mut wss4j("verify", "cloud", &dir.path().join("store")), &message);
        let expected = format!("CN=eucalyptus, OU=Eucalyptus, O=Cloud, C=US {parts}\n");
        assert_eq!(String::from_utf8(seen).unwrap(), expected);
    }
    let altered = signed_by("cloud", Profile::Legacy).replace("cc.example.com", "cd.example.com");
    assert!(
        !run(&mut wss4j("verify", "cloud", &dir.path().join("store")), altered.as_bytes()).status.success()
    );
}

#[test]
fn what_wss4j_signs_is_verified_here() {
    if skipped() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut unsigned = Vec::new();
    let header = "<soapenv:Header>\
        <wsa:To xmlns:wsa=\"http://www.w3.org/2005/08/addressing\">http://cc/?a&amp;b é&#13;</wsa:To>\
        <a:Action xmlns:a=\"http://www.w3.org/2005/08/addressing\">EucalyptusCC#RebootInstances</a:Action>\
        <MessageID xmlns=\"http://www.w3.org/2005/08/addressing\">urn:uuid:1</MessageID></soapenv:Header>";
    let body = "<RebootInstances xmlns=\"http://eucalyptus.ucsb.edu/\"><x xmlns=\"\" b=\"&quot;&#9;\" a=\"\"/>é&gt;<!-- c -->\
        </RebootInstances>";
    write_envelope(Version::Soap11, header.as_bytes(), body.as_bytes(), &mut unsigned);
    for (parts, strict) in
        [("headers", Err(Refusal::BodyNotCovered)), ("body", Ok(())), ("timestamp", Ok(()))]
    {
        let mut command = wss4j("sign", "cloud", &dir.path().join("store"));
        let signed = output(command.args(["cloud", parts]), &unsigned);
        let text = String::from_utf8_lossy(&signed);
        assert_eq!(verify(&signed, Profile::Legacy), Ok(()), "{text}");
        assert_eq!(verify(&signed, Profile::Strict), strict, "{text}");
        let altered = text.replace("urn:uuid:1", "urn:uuid:2");
        let mismatch = Refusal::DigestMismatch("MessageID".to_owned());
        assert_eq!(verify(altered.as_bytes(), Profile::Legacy), Err(mismatch));
    }
    let stranger =
        output(wss4j("sign", "other", &dir.path().join("store")).args(["other", "headers"]), &unsigned);
    assert_eq!(verify(&stranger, Profile::Legacy), Err(Refusal::Stranger));
}

#[test]
fn zeep_verifies_what_is_signed_here() {
    if skipped() {
        return;
    }
    let certificate = key_file("cloud-cert.pem");
    for (message, parts) in own_messages() {
        let seen = output(python("zeep_peer.py").arg("verify").arg(&certificate), &message);
        assert_eq!(String::from_utf8(seen).unwrap().trim(), parts);
    }
    let stranger = signed_by("other", Profile::Legacy);
    assert!(
        !run(python("zeep_peer.py").arg("verify").arg(&certificate), stranger.as_bytes()).status.success()
    );
}

#[test]
fn what_zeep_signs_is_verified_here() {
    if skipped() {
        return;
    }
    let mut zeep = python("zeep_peer.py");
    zeep.arg("sign").arg(root("wsdl/2.0.1/eucalyptus_cc.wsdl"));
    zeep.arg(key_file("cloud-pk.pem")).arg(key_file("cloud-cert.pem"));
    let signed = output(&mut zeep, b"");
    assert_eq!(verify(&signed, Profile::Strict), Ok(()), "{}", String::from_utf8_lossy(&signed));
    let envelope = scan(&signed, &Limits::default()).unwrap();
    assert_eq!(envelope.addressing().unwrap().action.as_deref(), Some("EucalyptusCC#RebootInstances"));
    let altered = String::from_utf8(signed).unwrap().replace("i-3F5D07A4", "i-3F5D07A5");
    let mismatch = Refusal::DigestMismatch("Body".to_owned());
    assert_eq!(verify(altered.as_bytes(), Profile::Strict), Err(mismatch));
}

/// What libxml2 makes of each document: its canonical form, `-` when it is malformed, `?` when its namespace
/// names are relative, which libxml2 does not canonicalise.
fn libxml2(cases: &[(&String, &[&str])]) -> Vec<String> {
    let input = serde_json::to_vec(cases).unwrap();
    let lines = String::from_utf8(output(&mut python("c14n.py"), &input)).unwrap();
    let form = |line: &str| match line {
        "-" | "?" => line.to_owned(),
        canonical => String::from_utf8(STANDARD.decode(canonical).unwrap()).unwrap(),
    };
    let forms: Vec<_> = lines.lines().map(form).collect();
    assert_eq!(forms.len(), cases.len());
    forms
}

#[test]
fn libxml2_canonicalises_every_document_the_same_way() {
    if skipped() {
        return;
    }
    let mut documents: Vec<String> = [
        "<a/>",
        "<a xmlns=\"urn:a\"><b xmlns=\"\"><c xmlns=\"urn:a\"/></b></a>",
        "<a xmlns:p=\"urn:a\" xmlns:q=\"urn:b\"><p:b/><b q:x='' p:x='' x=''/></a>",
        "<p:a xmlns:p=\"urn:a\"><p:b xmlns:p=\"urn:b\"><p:c xmlns:p=\"urn:a\"/></p:b></p:a>",
        "<a xml:lang=\"en\" xml:space='preserve'> \r\n\t<?p  q ?> </a>",
    ]
    .map(ToOwned::to_owned)
    .to_vec();
    let mut runner = TestRunner::deterministic();
    documents.extend((0..2_000).map(|_| document().new_tree(&mut runner).unwrap().current()));

    // lxml drops `#default` before libxml2 sees it; xmlsec1.rs covers that.
    let lists: [&[&str]; 3] = [&[], &["p"], &["none", "r", "q"]];
    let cases: Vec<_> = documents.iter().zip(lists.into_iter().cycle()).collect();
    for ((document, prefixes), expected) in cases.iter().zip(libxml2(&cases)) {
        let canonical = c14n::canonicalize(document.as_bytes(), prefixes).unwrap();
        assert_eq!(String::from_utf8(canonical).unwrap(), expected, "{prefixes:?} {document}");
    }
}

#[test]
fn libxml2_finds_malformed_what_is_refused_here_and_nothing_else() {
    if skipped() {
        return;
    }
    const PIECES: [&str; 32] = [
        "<",
        ">",
        "/",
        "=",
        "\"",
        "'",
        "&",
        ";",
        "#",
        " ",
        ":",
        "-",
        "--",
        "]]>",
        "<a>",
        "</a>",
        "<a/>",
        "xmlns=''",
        " b=''",
        " xmlns:p=''",
        "<!--",
        "-->",
        "<![CDATA[",
        "<?",
        "?>",
        "<?xml version='1.0'?>",
        "&#0;",
        "&lt",
        "é",
        "1",
        "xml",
        "",
    ];
    let mutated =
        (document(), prop::collection::vec((any::<Index>(), 0..3_usize, select(&PIECES[..])), 1..3));
    let mut runner = TestRunner::deterministic();
    let mutate = |_| {
        let (document, changes) = mutated.new_tree(&mut runner).unwrap().current();
        let mut characters: Vec<char> = document.chars().collect();
        for (at, removed, inserted) in changes {
            let at = at.index(characters.len());
            characters.splice(at..(at + removed).min(characters.len()), inserted.chars());
        }
        String::from_iter(characters)
    };
    let documents: Vec<String> = (0..10_000).map(mutate).collect();
    let cases: Vec<(&String, &[&str])> = documents.iter().map(|document| (document, &[][..])).collect();
    let mut read = 0;
    for ((document, _), expected) in cases.iter().zip(libxml2(&cases)) {
        let canonical = c14n::canonicalize(document.as_bytes(), &[]);
        let canonical = canonical.map_or_else(|_| "-".to_owned(), |form| String::from_utf8(form).unwrap());
        assert!(expected == "?" || canonical == expected, "{document}\n{canonical}\n{expected}");
        read += usize::from(canonical != "-");
    }
    assert!((1_000..9_000).contains(&read), "{read} of 10000 are still well-formed");
}
