//! The client against peers that answer in every way that C daemons do, and in ways that nobody should.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use euca_soap::{Client, ClientOptions, ClientSecurity};
use euca_wire::{CallError, Caller as _, FaultCode, News, Operation, Request as _, gl};
use euca_wsse::{Credentials, Headers, KeyPair, Options, Profile, Verifier, Version, sign_envelope};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);
const REPLY_BYTES: usize = 100_000;

const GET_KEYS: &str = "<n:GetKeysResponse xmlns:n=\"http://eucalyptus.ucsb.edu/\"><n:return>true</n:return>\
    <n:serviceTag>self</n:serviceTag></n:GetKeysResponse>";

fn envelope(body: &str) -> String {
    format!(
        "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Header></e:Header>\
         <e:Body>{body}</e:Body></e:Envelope>"
    )
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// What a peer does after its reply.
enum Then {
    /// Ends the connection.
    Close,
    /// Waits for the client to end it.
    Wait,
    /// Goes on with this until the client ends the connection, for 64 MiB at most.
    Repeat(Vec<u8>),
}

/// What a peer has seen.
struct Seen {
    request: String,
    /// The client has ended the connection.
    ended: bool,
}

/// Takes one connection, reads a request and replies.
async fn serve(listener: TcpListener, reply: impl FnOnce(&str) -> Vec<u8>, then: Then) -> Seen {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut raw = Vec::new();
    let request = loop {
        stream.read_buf(&mut raw).await.unwrap();
        let text = String::from_utf8_lossy(&raw).into_owned();
        if text.ends_with("</soapenv:Envelope>") {
            break text;
        }
    };
    let mut ended = stream.write_all(&reply(&request)).await.is_err();
    match then {
        Then::Close => drop(stream),
        Then::Wait => ended = ends(&mut stream).await,
        Then::Repeat(piece) => {
            for _ in 0..(64 << 20) / piece.len() {
                ended = stream.write_all(&piece).await.is_err();
                if ended {
                    break;
                }
            }
        }
    }
    Seen { request, ended }
}

/// Whether the other side ends the connection soon.
async fn ends(stream: &mut TcpStream) -> bool {
    let mut buffer = [0; 64];
    matches!(timeout(PATIENCE, stream.read(&mut buffer)).await, Ok(Ok(0) | Err(_)))
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/axis2/services/EucalyptusGL", listener.local_addr().unwrap());
    (listener, url)
}

fn plain() -> ClientOptions {
    ClientOptions { reply_bytes: REPLY_BYTES, ..ClientOptions::default() }
}

/// One call of a peer that replies so.
async fn call(
    options: ClientOptions,
    reply: impl FnOnce(&str) -> Vec<u8> + Send + 'static,
    then: Then,
) -> (Result<gl::GetKeysResponse, CallError>, Seen) {
    let (listener, url) = listener().await;
    let peer = tokio::spawn(serve(listener, reply, then));
    let client = Client::new(&url, options);
    let request = gl::GetKeys { service_tag: Some("self".to_owned()), ..Default::default() };
    let result = timeout(PATIENCE, client.call(request)).await.unwrap();
    (result, timeout(PATIENCE, peer).await.unwrap().unwrap())
}

/// What a call comes to.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    Answered,
    Unreachable,
    /// With this in the message.
    Undecodable(&'static str),
}

use Outcome::{Answered, Undecodable, Unreachable};

impl Outcome {
    fn is(self, result: &Result<gl::GetKeysResponse, CallError>) -> bool {
        match (self, result) {
            (Answered, Ok(response)) => {
                response.return_ == Some(true) && response.service_tag.as_deref() == Some("self")
            }
            (Unreachable, Err(CallError::Unreachable(_))) => true,
            (Undecodable(text), Err(CallError::Undecodable(said))) => said.contains(text),
            _ => false,
        }
    }
}

#[tokio::test]
async fn every_reply_gets_the_outcome_it_deserves() {
    let good = envelope(GET_KEYS);
    let large = envelope(&GET_KEYS.replace("self", &"x".repeat(REPLY_BYTES)));
    let chunks = |body: &str| -> String {
        body.as_bytes()
            .chunks(100)
            .map(|chunk| format!("{:X};x=y\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)))
            .collect()
    };
    let chunked = |chunks: &str, end: &str| {
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}{end}").into_bytes()
    };
    let whole = answer("200 OK", "Content-Type: text/xml\r\n", &good);
    let soap12 = good.replace("schemas.xmlsoap.org/soap/envelope/", "www.w3.org/2003/05/soap-envelope");
    let xml = |body: &str| answer("200 OK", "", body);
    let deep = format!("{}{}", "<a>".repeat(100), "</a>".repeat(100));
    let rows: Vec<(&str, Vec<u8>, Outcome)> = vec![
        // wire.md §9 N2, and what C daemons are known to send.
        ("Content-Length", whole.clone(), Answered),
        ("chunked", chunked(&chunks(&good), "0\r\nX: trailer\r\n\r\n"), Answered),
        ("HTTP/1.0, ended by closing", format!("HTTP/1.0 200 OK\r\n\r\n{good}").into_bytes(), Answered),
        ("HTTP/1.1, ended by closing", format!("HTTP/1.1 200 OK\r\n\r\n{good}").into_bytes(), Answered),
        ("100 Continue first", [b"HTTP/1.1 100 Continue\r\n\r\n", whole.as_slice()].concat(), Answered),
        ("proper body with 500", answer("500 Oops", "", &good), Answered),
        ("no Header", xml(&good.replace("<e:Header></e:Header>", "")), Answered),
        ("SOAP 1.2", answer("200 OK", "Content-Type: application/soap+xml\r\n", &soap12), Answered),
        ("bytes behind the reply", [whole.as_slice(), b"HTTP/1.1 200 OK\r\n\r\n"].concat(), Answered),
        // No reply.
        ("closed at once", Vec::new(), Unreachable),
        ("garbage", b"\x00\x01\xffgarbage\r\n\r\n".to_vec(), Unreachable),
        ("another protocol", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), Unreachable),
        ("head cut off", whole[..30].to_vec(), Unreachable),
        ("body cut off", whole[..whole.len() - 1].to_vec(), Unreachable),
        ("chunks cut off", chunked(&chunks(&good), ""), Unreachable),
        ("chunk without size", chunked("x\r\n", ""), Unreachable),
        ("chunk size beyond 64 bits", chunked("fffffffffffffffff\r\n", ""), Unreachable),
        ("two lengths", answer("200 OK", "Content-Length: 1\r\n", &good), Unreachable),
        ("a thousand headers", answer("200 OK", &"X: y\r\n".repeat(1000), &good), Unreachable),
        // A reply, but not one to use.
        ("announced beyond the limit", answer("200 OK", "", &large), Undecodable("larger than 100000 bytes")),
        ("chunks beyond the limit", chunked(&chunks(&large), "0\r\n\r\n"), Undecodable("larger than 100000")),
        ("202", answer("202 Accepted", "", ""), Undecodable("HTTP status 202")),
        ("204", b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), Undecodable("HTTP status 204")),
        ("404", answer("404 Not Found", "", "<html></html>"), Undecodable("HTTP status 404")),
        ("text", xml("not found"), Undecodable("no SOAP envelope")),
        ("empty Body", xml(&envelope("")), Undecodable("empty Body")),
        ("cut off inside", xml(&good[..good.len() - 20]), Undecodable("cut off")),
        ("two body elements", xml(&envelope(&GET_KEYS.repeat(2))), Undecodable("second element")),
        (
            "the request come back",
            xml(&envelope("<GetKeys xmlns=\"http://eucalyptus.ucsb.edu/\"/>")),
            Undecodable(""),
        ),
        ("answer of another operation", xml(&good.replace("GetKeys", "GetLogs")), Undecodable("GetLogs")),
        (
            "answer of another namespace",
            xml(&good.replace("ucsb.edu", "example.com")),
            Undecodable("GetKeys"),
        ),
        ("wrong field", xml(&good.replace(">true<", ">perhaps<")), Undecodable("return")),
        ("DTD", xml(&format!("<!DOCTYPE x [<!ENTITY a \"a\">]>{good}")), Undecodable("document type")),
        ("deep nesting", xml(&envelope(&deep)), Undecodable("nested elements")),
        ("compressed", answer("200 OK", "Content-Encoding: gzip\r\n", "\x1f\u{b}"), Undecodable("")),
    ];
    for (name, reply, expected) in rows {
        let (result, _) = call(plain(), move |_| reply, Then::Close).await;
        assert!(expected.is(&result), "{name}: {result:?}, expected {expected:?}");
    }
}

#[tokio::test]
async fn a_reply_without_end_ends_with_the_call() {
    let head = |rest: &str| format!("HTTP/1.1 200 OK\r\n{rest}").into_bytes();
    let header = format!("X: {}\r\n", "x".repeat(4096)).into_bytes();
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(4096)).into_bytes();
    for (name, start, piece, expected) in [
        ("headers", head(""), header, Unreachable),
        ("one header", head("X: "), vec![b'x'; 4096], Unreachable),
        ("chunks", head("Transfer-Encoding: chunked\r\n\r\n"), chunk, Undecodable("larger than")),
        ("chunk extension", head("Transfer-Encoding: chunked\r\n\r\n1;"), vec![b'x'; 4096], Unreachable),
        ("body", head("\r\n"), vec![b'x'; 4096], Undecodable("larger than")),
    ] {
        let (result, seen) = call(plain(), move |_| start, Then::Repeat(piece)).await;
        assert!(expected.is(&result), "{name}: {result:?}");
        assert!(seen.ended, "{name}: the connection is open");
    }
}

#[tokio::test]
async fn a_fault_is_a_fault_with_any_status() {
    let fault = "<e:Fault><faultcode>soapenv:Server</faultcode><faultstring>no &lt;luck&gt;</faultstring>\
        <detail><x>why</x></detail></e:Fault>";
    let fault12 = "<e:Fault><e:Code><e:Value>soapenv:Sender</e:Value></e:Code>\
        <e:Reason><e:Text xml:lang=\"en\">no &lt;luck&gt;</e:Text></e:Reason></e:Fault>";
    let soap12 =
        envelope(fault12).replace("schemas.xmlsoap.org/soap/envelope/", "www.w3.org/2003/05/soap-envelope");
    for (name, reply, code) in [
        ("500", answer("500 Internal Server Error", "", &envelope(fault)), FaultCode::Server),
        ("200", answer("200 OK", "", &envelope(fault)), FaultCode::Server),
        ("SOAP 1.2", answer("500 Internal Server Error", "", &soap12), FaultCode::Sender),
    ] {
        let (result, _) = call(plain(), move |_| reply, Then::Close).await;
        let Err(CallError::Fault(fault)) = result else { panic!("{name}: {result:?}") };
        assert_eq!((fault.code, fault.reason.as_str()), (code, "no <luck>"), "{name}");
    }
    let long = envelope(&fault.replace("why", &"x".repeat(50_000)));
    let (result, _) = call(plain(), move |_| answer("500 Oops", "", &long), Then::Close).await;
    let Err(CallError::Fault(fault)) = result else { panic!("{result:?}") };
    assert_eq!(fault.detail.len(), 1024);
}

/// wire.md §2.3: each call on a connection of its own, which ends with the call even if the peer keeps it.
#[tokio::test]
async fn a_request_looks_as_that_of_a_c_client_and_its_connection_is_not_kept() {
    let reply = answer("200 OK", "Connection: keep-alive\r\n", &envelope(GET_KEYS));
    let (result, seen) = call(plain(), move |_| reply, Then::Wait).await;
    assert!(result.is_ok(), "{result:?}");
    assert!(seen.ended, "the connection is kept");
    let (head, body) = seen.request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /axis2/services/EucalyptusGL HTTP/1.1\r\n"), "{head}");
    for header in [
        "SOAPAction: \"EucalyptusGL#GetKeys\"",
        "Content-Type: text/xml;charset=UTF-8",
        &format!("Content-Length: {}", body.len()),
        "Connection: close",
    ] {
        let line = format!("\r\n{header}").to_lowercase();
        assert!(head.to_lowercase().contains(&line), "{header}: {head}");
    }
    assert!(body.is_ascii() && body.contains("<n:serviceTag>self</n:serviceTag>") && !body.contains("<?xml"));
}

/// Serves connection after connection, each with its answers; how many requests each one has brought until the client
/// ended it or the answers were used up.
async fn serve_connections(listener: TcpListener, connections: Vec<Vec<Vec<u8>>>) -> Vec<usize> {
    let (mut counts, mut seen) = (Vec::new(), HashSet::new());
    for answers in connections {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut raw, mut requests) = (Vec::new(), 0);
        for answer in answers {
            raw.clear();
            while !raw.ends_with(b"</soapenv:Envelope>") && stream.read_buf(&mut raw).await.unwrap_or(0) > 0 {
            }
            if raw.is_empty() {
                break;
            }
            let head = String::from_utf8_lossy(&raw).to_lowercase();
            assert!(!head.contains("connection: close"), "{head}");
            assert!(seen.insert(raw.clone()), "a message comes twice");
            requests += 1;
            stream.write_all(&answer).await.unwrap();
        }
        counts.push(requests);
    }
    counts
}

#[tokio::test]
async fn polls_share_a_connection_as_long_as_the_peer_keeps_it() {
    let kept = || answer("200 OK", "", &envelope(GET_KEYS));
    let closed = || answer("200 OK", "Connection: close\r\n", &envelope(GET_KEYS));
    let garbage = || b"garbage\r\n\r\n".to_vec();
    for (name, connections, succeed, counts) in [
        ("kept", vec![vec![kept(), kept(), kept(), kept()]], [true; 3], vec![3]),
        ("closed without a word", vec![vec![kept()], vec![kept()], vec![kept()]], [true; 3], vec![1, 1, 1]),
        ("closed", vec![vec![closed()], vec![kept(), closed()]], [true; 3], vec![1, 2]),
        // An answer that is none is not asked for again.
        ("garbage", vec![vec![kept(), garbage()], vec![kept()]], [true, false, true], vec![2, 1]),
        // Nor is a new connection replaced.
        ("no answer", vec![vec![kept()], vec![vec![]], vec![kept()]], [true, false, true], vec![1, 1, 1]),
    ] {
        let (listener, url) = listener().await;
        let peer = tokio::spawn(serve_connections(listener, connections));
        let client = Client::new(&url, plain());
        let mut link = None;
        for (index, succeeds) in succeed.into_iter().enumerate() {
            let poll = client.poll(gl::GetKeys::default(), &mut link, |_| false);
            let result = timeout(PATIENCE, poll).await.unwrap();
            assert_eq!(result.is_ok(), succeeds, "{name}, call {index}: {result:?}");
        }
        drop(link);
        assert_eq!(timeout(PATIENCE, peer).await.unwrap().unwrap(), counts, "{name}");
    }
}

#[tokio::test]
async fn an_answer_is_known_by_its_fingerprint_and_a_fault_is_none() {
    let fault = envelope("<e:Fault><faultcode>e:Server</faultcode><faultstring>no</faultstring></e:Fault>");
    let replies = [GET_KEYS.to_owned(), GET_KEYS.replace("self", "else"), GET_KEYS.to_owned()];
    let replies = replies.iter().map(|body| envelope(body)).chain([fault]);
    let replies = replies.map(|reply| answer("200 OK", "", &reply)).collect();
    let (listener, url) = listener().await;
    tokio::spawn(serve_connections(listener, vec![replies]));
    let client = Client::new(&url, plain());
    let mut link = None;
    let mut poll = async |known| {
        let poll = client.poll(gl::GetKeys::default(), &mut link, |fingerprint| Some(fingerprint) == known);
        timeout(PATIENCE, poll).await.unwrap()
    };
    let Ok(News::Told(_, Some(first))) = poll(None).await else { panic!("nothing told") };
    let Ok(News::Told(other, Some(_))) = poll(Some(first)).await else { panic!("nothing told") };
    assert_eq!(other.service_tag.as_deref(), Some("else"));
    assert_eq!(poll(Some(first)).await, Ok(News::Known));
    assert!(matches!(poll(Some(first)).await, Err(CallError::Fault(_))));
}

#[tokio::test]
async fn a_call_that_is_dropped_closes_its_connection() {
    let slow = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n<".to_vec();
    let interim = b"HTTP/1.1 100 Continue\r\n\r\n".to_vec();
    for (name, start, then) in [
        ("silence", Vec::new(), Then::Wait),
        ("a slow body", slow, Then::Wait),
        ("100 Continue without end", Vec::new(), Then::Repeat(interim)),
    ] {
        let (listener, url) = listener().await;
        let peer = tokio::spawn(serve(listener, move |_| start, then));
        let client = Client::new(&url, plain());
        let call = client.call(gl::GetKeys::default());
        assert!(timeout(Duration::from_secs(2), call).await.is_err(), "{name}: an answer came");
        assert!(timeout(PATIENCE, peer).await.unwrap().unwrap().ended, "{name}: the connection is open");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (elsewhere, target) = listener().await;
    for status in ["301 Moved Permanently", "302 Found", "307 Temporary Redirect"] {
        let reply = answer(status, &format!("Location: {target}\r\n"), "");
        let (result, _) = call(plain(), move |_| reply, Then::Close).await;
        assert!(Undecodable(&status[..3]).is(&result), "{status}: {result:?}");
    }
    let followed = timeout(Duration::from_millis(100), elsewhere.accept()).await;
    assert!(followed.is_err(), "somebody has followed it");
}

#[tokio::test]
async fn urls_are_taken_as_they_are_written_or_not_at_all() {
    let listener = TcpListener::bind("[::1]:0").await.unwrap();
    let authority = listener.local_addr().unwrap().to_string();
    assert!(authority.starts_with("[::1]:"));
    let reply = answer("200 OK", "", &envelope(GET_KEYS));
    let peer = tokio::spawn(serve(listener, move |_| reply, Then::Close));
    let client = Client::new(&format!("http://{authority}/a/b?c=d"), plain());
    let result = timeout(PATIENCE, client.call(gl::GetKeys::default())).await.unwrap();
    assert!(result.is_ok(), "{result:?}");
    let request = peer.await.unwrap().request;
    assert!(request.starts_with("POST /a/b?c=d HTTP/1.1\r\n"), "{request}");
    assert!(request.contains(&format!("\r\nHost: {authority}\r\n")), "{request}");

    let (watched, url) = self::listener().await;
    let address = url.split('/').nth(2).unwrap();
    for url in [
        format!("https://{address}/"),
        format!("ftp://{address}/"),
        format!("//{address}/"),
        format!("{address}/"),
        "/axis2/services/EucalyptusGL".to_owned(),
        "http://".to_owned(),
        "http:///path".to_owned(),
        format!("http://{address}/ x"),
        format!("http://{address}/\r\nX: y"),
        String::new(),
    ] {
        let client = Client::new(&url, plain());
        let result = timeout(PATIENCE, client.call(gl::GetKeys::default())).await.unwrap();
        assert!(Unreachable.is(&result), "{url:?}: {result:?}");
    }
    assert!(timeout(Duration::from_millis(100), watched.accept()).await.is_err(), "somebody was called");
}

fn key_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/c-2.0.1/keys").join(name)
}

/// A client with the cluster's key that expects the node's.
fn secured(enforce: bool) -> ClientOptions {
    let [certificate, key] = ["cluster-cert.pem", "cluster-pk.pem"].map(key_file);
    let credentials = Arc::new(Credentials::new(&certificate, &key, &key_file("node-cert.pem")));
    let verifier = Verifier::new(Arc::clone(&credentials), Options::client(Profile::Legacy));
    let security =
        ClientSecurity { credentials, profile: Profile::Legacy, verifier: Some(Arc::new(verifier)), enforce };
    ClientOptions { security: Some(security), ..plain() }
}

/// A reply signed by `who`, to the request with this MessageID.
fn signed_by(who: &str, relates_to: Option<&str>) -> String {
    let pair =
        KeyPair::load(&key_file(&format!("{who}-cert.pem")), &key_file(&format!("{who}-pk.pem"))).unwrap();
    let headers = Headers {
        action: "EucalyptusGL#GetKeys",
        message_id: "urn:uuid:01234567-89ab-4cde-8f01-23456789abcd",
        to: None,
        from: Some("http://127.0.0.1/"),
        relates_to,
    };
    let reply = sign_envelope(&pair, &headers, Version::Soap11, Profile::Legacy, GET_KEYS.as_bytes());
    String::from_utf8(reply.unwrap()).unwrap()
}

fn message_id(request: &str) -> &str {
    let (_, rest) = request.split_once("<wsa:MessageID").unwrap();
    rest.split_once('>').unwrap().1.split_once('<').unwrap().0
}

/// S11: whether a failed verification counts is a switch; the original only logs it.
#[tokio::test]
async fn a_reply_must_be_the_peers_answer_to_this_very_request_where_that_is_enforced() {
    type Make = fn(&str) -> String;
    let rows: [(&str, Make, Option<&str>); 6] = [
        ("the node's", |id| signed_by("node", Some(id)), None),
        ("unsigned", |_| envelope(GET_KEYS), Some("no Security header")),
        ("a stranger's", |id| signed_by("other", Some(id)), Some("signed by somebody else")),
        ("altered", |id| signed_by("node", Some(id)).replace("/127.0.0.1/", "/127.0.0.2/"), Some("digest")),
        ("to another request", |_| signed_by("node", Some("urn:uuid:x")), Some("it answers urn:uuid:x")),
        ("to no request", |_| signed_by("node", None), Some("it answers no request")),
    ];
    for (name, make, refusal) in rows {
        for enforce in [true, false] {
            let reply = move |request: &str| answer("200 OK", "", &make(message_id(request)));
            let (result, seen) = call(secured(enforce), reply, Then::Close).await;
            let expected = refusal.filter(|_| enforce).map_or(Answered, Undecodable);
            assert!(expected.is(&result), "{name}, enforced {enforce}: {result:?}");
            assert!(seen.request.contains("<ds:SignatureValue>"), "{name}: {}", seen.request);
        }
    }
}

/// wire.md §5.1: nobody signs faults.
#[tokio::test]
async fn a_fault_needs_no_signature() {
    let fault = envelope("<e:Fault><faultcode>e:Client</faultcode><faultstring>no</faultstring></e:Fault>");
    let (result, _) = call(secured(true), move |_| answer("500 Oops", "", &fault), Then::Close).await;
    assert!(matches!(result, Err(CallError::Fault(_))), "{result:?}");
}

#[tokio::test]
async fn a_client_that_cannot_sign_calls_nobody() {
    let (listener, url) = listener().await;
    let missing = key_file("no-such.pem");
    let credentials = Arc::new(Credentials::new(&missing, &missing, &key_file("node-cert.pem")));
    let security = ClientSecurity { credentials, profile: Profile::Legacy, verifier: None, enforce: false };
    let client = Client::new(&url, ClientOptions { security: Some(security), ..plain() });
    let result = timeout(PATIENCE, client.call(gl::GetKeys::default())).await.unwrap();
    let Err(CallError::Unreachable(reason)) = &result else { panic!("{result:?}") };
    assert!(reason.contains("cannot be signed"), "{reason}");
    assert!(timeout(Duration::from_millis(100), listener.accept()).await.is_err(), "the peer was called");
}

/// A header may be signed before its request is known; whatever happens in between, the request is sent under a
/// fresh id and with the keys of that moment.
#[tokio::test]
async fn what_was_prepared_is_used_once_and_only_where_it_fits() {
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key] = ["cert", "key"].map(|name| folder.path().join(name));
    let become_ = |who: &str| {
        std::fs::copy(key_file(&format!("{who}-cert.pem")), &certificate).unwrap();
        std::fs::copy(key_file(&format!("{who}-pk.pem")), &key).unwrap();
    };
    let credentials = Arc::new(Credentials::new(&certificate, &key, &key_file("node-cert.pem")));
    let security = ClientSecurity { credentials, profile: Profile::Legacy, verifier: None, enforce: false };
    let options = ClientOptions { security: Some(security), ..plain() };
    let (listener, url) = listener().await;
    let client = Client::new(&url, options);
    let mut ids = std::collections::HashSet::new();
    let steps: [(&str, &[&Operation]); 5] = [
        ("cluster", &[]),
        ("cluster", &[gl::GetKeys::OPERATION]),
        ("cluster", &[gl::GetKeys::OPERATION, gl::GetKeys::OPERATION]),
        ("cluster", &[gl::GetKeys::OPERATION, gl::GetLogs::OPERATION]),
        ("other", &[gl::GetKeys::OPERATION]),
    ];
    for (signer, prepared) in steps {
        become_("cluster");
        prepared.iter().for_each(|operation| client.prepare(operation));
        become_(signer);
        for _ in 0..2 {
            let (call, accepted) = tokio::join!(client.call(gl::GetKeys::default()), async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut raw = Vec::new();
                while !raw.ends_with(b"</soapenv:Envelope>") {
                    stream.read_buf(&mut raw).await.unwrap();
                }
                stream.write_all(&answer("200 OK", "", &envelope(GET_KEYS))).await.unwrap();
                String::from_utf8(raw).unwrap()
            });
            call.unwrap();
            let (_, message) = accepted.split_once("\r\n\r\n").unwrap();
            let peer = Credentials::new(&certificate, &key, &key_file(&format!("{signer}-cert.pem")));
            let verifier = Verifier::new(Arc::new(peer), Options::client(Profile::Legacy));
            let scanned = euca_wsse::envelope::scan(message.as_bytes(), &Default::default()).unwrap();
            let verified = verifier.verify(&scanned, std::time::SystemTime::now()).unwrap();
            assert_eq!(verified.addressing.action.as_deref(), Some("EucalyptusGL#GetKeys"));
            assert!(ids.insert(message_id(message).to_owned()), "an id was used twice");
        }
    }
}
