//! The server seen from the socket: well-behaved peers of every kind, and hostile ones.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use euca_observe::metrics::{Http, Reason, ServiceCall, ServiceOperation, Soap};
use euca_soap::{Endpoint, Limits, Server};
use euca_wire::{Fault, LogApi, LogService, gl};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// What is not over after this will never be.
const FOREVER: Duration = Duration::from_secs(30);

/// Behaves as the service tag of a request says.
#[derive(Debug, Default)]
struct Puppet {
    begun: AtomicUsize,
    finished: AtomicUsize,
}

impl Puppet {
    /// Waits until so many requests have begun.
    async fn has_begun(&self, requests: usize) {
        until(&self.begun, requests).await;
    }

    /// Waits until so many requests have been answered.
    async fn has_finished(&self, requests: usize) {
        until(&self.finished, requests).await;
    }
}

async fn until(counter: &AtomicUsize, count: usize) {
    let reached = async {
        while counter.load(Ordering::SeqCst) < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within(FOREVER, reached).await.unwrap();
}

impl LogApi for Puppet {
    type Error = Fault;

    async fn get_keys(&self, request: gl::GetKeys) -> Result<gl::GetKeysResponse, Fault> {
        let tag = request.service_tag.clone().unwrap_or_default();
        self.begun.fetch_add(1, Ordering::SeqCst);
        match tag.as_str() {
            "slow" => tokio::time::sleep(Duration::from_secs(1)).await,
            "never" => std::future::pending().await,
            "crash" => panic!("planned crash"),
            "fault" => return Err(Fault::server("planned fault")),
            "refused" => return Ok(request.answer(false)),
            _ => {}
        }
        self.finished.fetch_add(1, Ordering::SeqCst);
        let cc_cert = (tag == "large").then(|| "A".repeat(8 << 20));
        Ok(gl::GetKeysResponse { cc_cert, service_tag: Some(tag), ..request.answer(true) })
    }

    async fn get_logs(&self, request: gl::GetLogs) -> Result<gl::GetLogsResponse, Fault> {
        Ok(request.answer(true))
    }
}

struct Running {
    address: SocketAddr,
    puppet: Arc<Puppet>,
    metrics: (Http, Soap),
    shutdown: CancellationToken,
    server: tokio::task::JoinHandle<()>,
}

fn start(limits: Limits) -> Running {
    start_with_grace(limits, Duration::from_secs(5))
}

fn start_with_grace(limits: Limits, grace: Duration) -> Running {
    let puppet = Arc::new(Puppet::default());
    let endpoint = Endpoint::new(LogService(Arc::clone(&puppet)), None);
    let listener = euca_soap::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let server = Server::new(vec![endpoint], limits);
    let metrics = server.metrics();
    let server = tokio::spawn(server.serve(listener, shutdown.clone(), grace));
    Running { address, puppet, metrics, shutdown, server }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shutdown.cancel();
        self.server.abort();
    }
}

const PATH: &str = "/axis2/services/EucalyptusGL";

fn envelope(tag: &str) -> String {
    format!(
        "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body>\
         <GetKeys xmlns='http://eucalyptus.ucsb.edu/'><serviceTag>{tag}</serviceTag></GetKeys></e:Body></e:Envelope>"
    )
}

fn post(target: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("POST {target} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

fn get_keys(tag: &str) -> Vec<u8> {
    post(PATH, "Content-Type: text/xml\r\n", &envelope(tag))
}

/// Sends and reads until the peer closes or nothing comes for a while. Nothing is what a reset connection gives.
async fn talk(address: SocketAddr, request: &[u8]) -> String {
    // A refused connection may be reset before connecting has returned, or while this is still writing.
    let Ok(mut stream) = TcpStream::connect(address).await else { return String::new() };
    let _ = stream.write_all(request).await;
    read_reply(&mut stream).await
}

async fn read_reply(stream: &mut TcpStream) -> String {
    let mut reply = Vec::new();
    while let Ok(Ok(length)) = within(Duration::from_secs(5), stream.read_buf(&mut reply)).await {
        if length == 0 || whole(&reply) {
            break;
        }
    }
    String::from_utf8(reply).unwrap()
}

fn whole(reply: &[u8]) -> bool {
    let text = String::from_utf8_lossy(reply);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")?.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

fn within<F: Future>(time: Duration, future: F) -> tokio::time::Timeout<F> {
    tokio::time::timeout(time, future)
}

/// True when the connection ends by reset or close within the time.
async fn ends(stream: &mut TcpStream, time: Duration) -> bool {
    let mut buffer = [0; 1024];
    within(time, async {
        loop {
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
    })
    .await
    .is_ok()
}

fn status(reply: &str) -> &str {
    reply.split(' ').nth(1).unwrap_or("nothing")
}

#[tokio::test]
async fn every_form_a_peer_may_use_is_answered() {
    let server = start(Limits::default());
    let body = envelope("self");
    let chunked = format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len(),
    );
    let old = format!(
        "POST {PATH} HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let soap12 = body.replace("schemas.xmlsoap.org/soap/envelope/", "www.w3.org/2003/05/soap-envelope");
    let declared = format!("<?xml version='1.0' encoding='utf-8'?>{body}");
    for (what, request) in [
        ("plain", get_keys("self")),
        ("absolute-form", post(&format!("http://cc:8774{PATH}"), "Content-Type: text/xml\r\n", &body)),
        ("trailing slash", post(&format!("{PATH}/"), "Content-Type: text/xml\r\n", &body)),
        ("charset", post(PATH, "Content-Type: text/xml; charset=UTF-8\r\n", &body)),
        ("media type in capitals", post(PATH, "Content-Type: TEXT/XML\r\n", &body)),
        ("SOAPAction of another operation", post(PATH, "SOAPAction: x\r\nContent-Type: text/xml\r\n", &body)),
        ("chunked", chunked.into_bytes()),
        ("HTTP/1.0", old.into_bytes()),
        ("SOAP 1.2", post(PATH, "Content-Type: application/soap+xml\r\n", &soap12)),
        ("XML declaration", post(PATH, "Content-Type: text/xml\r\n", &declared)),
    ] {
        let reply = talk(server.address, &request).await;
        assert_eq!(status(&reply), "200", "{what}: {reply}");
        assert!(
            reply.contains("<n:return>true</n:return><n:serviceTag>self</n:serviceTag>"),
            "{what}: {reply}"
        );
        let soap12 = what == "SOAP 1.2";
        assert_eq!(reply.contains("Content-Type: application/soap+xml"), soap12, "{what}: {reply}");
        assert!(!reply.contains("<?xml"), "{what}: {reply}");
    }
}

#[tokio::test]
async fn a_connection_carries_several_requests_also_in_one_write() {
    let server = start(Limits::default());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&get_keys("self").repeat(3)).await.unwrap();
    let mut reply = Vec::new();
    while String::from_utf8_lossy(&reply).matches("</soapenv:Envelope>").count() < 3 {
        assert_ne!(within(Duration::from_secs(5), stream.read_buf(&mut reply)).await.unwrap().unwrap(), 0);
    }
}

#[tokio::test]
async fn one_who_asks_whether_to_continue_is_told_so_and_nobody_else() {
    let server = start(Limits::default());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let body = envelope("self");
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut reply = [0; 25];
    within(Duration::from_secs(5), stream.read_exact(&mut reply)).await.unwrap().unwrap();
    assert_eq!(&reply, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).await.unwrap();
    assert_eq!(status(&read_reply(&mut stream).await), "200");
    assert!(talk(server.address, &get_keys("self")).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn the_wsdl_is_served_byte_for_byte_and_nothing_else() {
    let server = start(Limits::default());
    let wsdl = include_str!("../../../wsdl/2.0.1/eucalyptus_gl.wsdl");
    for target in [format!("{PATH}?wsdl"), format!("{PATH}?WSDL"), format!("http://cc{PATH}/?wsdl")] {
        let reply =
            talk(server.address, format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await;
        let (head, body) = reply.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK") && head.contains("Content-Type: text/xml"), "{head}");
        assert_eq!(body, wsdl);
    }
    for (method, target, expected) in [
        ("GET", PATH, "404"),
        ("GET", "/axis2/services/EucalyptusXX?wsdl", "404"),
        ("GET", "/", "404"),
        ("GET", "/axis2/services/", "404"),
        ("HEAD", PATH, "404"),
        ("PUT", PATH, "405"),
        ("DELETE", PATH, "405"),
        ("OPTIONS", "*", "405"),
    ] {
        let request = format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let reply = talk(server.address, request.as_bytes()).await;
        assert_eq!(status(&reply), expected, "{method} {target}: {reply}");
    }
}

/// Faults in their exact shapes (wire.md §2.7), each with Header and detail.
#[tokio::test]
async fn what_cannot_be_served_gets_the_fault_the_specification_names() {
    let server = start(Limits::default());
    let good = envelope("self");
    let soap12 = good.replace("schemas.xmlsoap.org/soap/envelope/", "www.w3.org/2003/05/soap-envelope");
    let deep = good.replace("<serviceTag>", &format!("{}<serviceTag>", "<a>".repeat(100)));
    let deep = deep.replace("</serviceTag>", &format!("</serviceTag>{}", "</a>".repeat(100)));
    let attributes: String = (0..2000).map(|index| format!(" a{index}='x'")).collect();
    let no_soap = "SOAP message does not contain a SOAP envelope element";
    let mismatch = "Transport identified SOAP version does not match with SOAP message version";
    let null = "Data element of the OM Node is NULL";
    let xml = "Content-Type: text/xml\r\n";
    for (what, request, code, reason, detail) in [
        ("F1 not XML", post(PATH, xml, "hello"), "soapenv:Client", no_soap, "<fault>"),
        ("F1 empty", post(PATH, xml, ""), "soapenv:Client", no_soap, "<fault>"),
        ("F1 not SOAP", post(PATH, xml, "<a/>"), "soapenv:Client", no_soap, "<fault>"),
        ("F1 doctype", post(PATH, xml, &format!("<!DOCTYPE x>{good}")), "soapenv:Client", no_soap, "<fault>"),
        ("F1 entity", post(PATH, xml, &good.replace("self", "&x;")), "soapenv:Client", no_soap, "<fault>"),
        ("too deep", post(PATH, xml, &deep), "soapenv:Client", "more than 64", "<fault>"),
        (
            "too many attributes",
            post(PATH, xml, &good.replace("<GetKeys", &format!("<GetKeys{attributes}"))),
            "soapenv:Client",
            "more than",
            "<fault>",
        ),
        (
            "no body",
            post(PATH, xml, "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'></e:Envelope>"),
            "soapenv:Client",
            "envelope without Body",
            "<fault>",
        ),
        ("F2 version", post(PATH, xml, &soap12), "soapenv:Client", mismatch, "<fault>"),
        (
            "F2 unknown version",
            post(PATH, xml, &good.replace("schemas.xmlsoap.org", "example.org")),
            "soapenv:Client",
            mismatch,
            "<fault>",
        ),
        (
            "F3 operation",
            post(PATH, xml, &good.replace("GetKeys", "NoSuchOp")),
            "soapenv:Server",
            "Operation Not Found",
            "<Exception>Operation Not Found, Endpoint referance address is http://x/axis2/services/EucalyptusGL and wsa actions is (null)</Exception>",
        ),
        (
            "F3 foreign namespace",
            post(PATH, xml, &good.replace("eucalyptus.ucsb.edu", "example.org")),
            "soapenv:Server",
            "Operation Not Found",
            "<Exception>",
        ),
        (
            "F4 service",
            post("/axis2/services/Nothing", xml, &good),
            "soapenv:Server",
            "Service Not Found",
            "<Exception>Service Not Found",
        ),
        (
            "F5 empty Body",
            post(
                PATH,
                xml,
                "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body/></e:Envelope>",
            ),
            "soapenv:Sender",
            null,
            "<fault>EucalyptusGL|http://eucalyptus.ucsb.edu/ failed</fault>",
        ),
        (
            "F5 field twice",
            post(PATH, xml, &good.replace("<serviceTag>", "<serviceTag>x</serviceTag><serviceTag>")),
            "soapenv:Sender",
            null,
            "<fault>EucalyptusGL|",
        ),
        (
            "F15",
            post(
                PATH,
                xml,
                &good.replace(
                    "<e:Body>",
                    "<e:Header><x xmlns='urn:x' e:mustUnderstand='1'/></e:Header><e:Body>",
                ),
            ),
            "soapenv:MustUnderstand",
            "Header not understood",
            "<fault>",
        ),
        (
            "operation's own fault",
            get_keys("fault"),
            "soapenv:Server",
            "planned fault",
            "<fault>planned fault</fault>",
        ),
        (
            "operation's crash",
            get_keys("crash"),
            "soapenv:Server",
            "internal error",
            "<fault>internal error</fault>",
        ),
    ] {
        let reply = talk(server.address, &request).await;
        assert_eq!(status(&reply), "500", "{what}: {reply}");
        assert!(
            reply.contains("Connection: close\r\n") && reply.contains("Content-Type: text/xml\r\n"),
            "{what}: {reply}"
        );
        let shape = format!(
            "<soapenv:Header></soapenv:Header><soapenv:Body><soapenv:Fault><faultcode>{code}</faultcode><faultstring>"
        );
        assert!(reply.contains(&shape), "{what}: {reply}");
        assert!(reply.contains(reason) && reply.contains(&format!("<detail>{detail}")), "{what}: {reply}");
    }
    let reply = talk(server.address, &post(PATH, "Content-Type: application/json\r\n", "{}")).await;
    assert!(status(&reply) == "500" && reply.contains("Content-Type: application/soap+xml"), "{reply}");
    assert!(
        reply.contains("<soapenv:Code><soapenv:Value>soapenv:Sender</soapenv:Value></soapenv:Code>"),
        "{reply}"
    );
    assert!(talk(server.address, &get_keys("self")).await.starts_with("HTTP/1.1 200"), "still serving");
}

#[tokio::test]
async fn an_oversized_header_section_is_refused() {
    let server = start(Limits { header_bytes: 8192, ..Limits::default() });
    let request = post(PATH, &format!("X-Long: {}\r\n", "a".repeat(20_000)), "");
    assert_eq!(status(&talk(server.address, &request).await), "431");
}

#[tokio::test]
async fn an_oversized_body_is_refused_announced_or_not() {
    let server = start(Limits { body_bytes: 100_000, ..Limits::default() });
    let announced = format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 100001\r\n\r\n"
    );
    let reply = talk(server.address, announced.as_bytes()).await;
    assert!(status(&reply) == "413" && reply.contains("request body is larger than 100000 bytes"), "{reply}");
    let mut chunked = format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    for _ in 0..11 {
        chunked.push_str(&format!("2710\r\n{}\r\n", "x".repeat(10_000)));
    }
    let reply = talk(server.address, chunked.as_bytes()).await;
    assert_eq!(status(&reply), "413", "{reply}");
    // In one chunk that fits the read buffer, and in the version of the request.
    let server = start(Limits { body_bytes: 1000, ..Limits::default() });
    let one_chunk = format!(
        "POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/soap+xml\r\nTransfer-Encoding: chunked\r\n\r\n\
         7d0\r\n{}\r\n0\r\n\r\n",
        "x".repeat(2000),
    );
    let reply = talk(server.address, one_chunk.as_bytes()).await;
    assert!(status(&reply) == "413" && reply.contains("Content-Type: application/soap+xml"), "{reply}");
}

#[tokio::test]
async fn slow_senders_lose_their_connection_and_no_one_else_waits() {
    let slow_ones = async |time: Duration| {
        let server = start(Limits { header_time: time, body_time: time, ..Limits::default() });
        let mut headers = TcpStream::connect(server.address).await.unwrap();
        headers.write_all(b"POST /axis2 HTTP/1.1\r\nHost: x\r\nX-Slow:").await.unwrap();
        let mut body = TcpStream::connect(server.address).await.unwrap();
        let head = format!(
            "POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nContent-Length: 500\r\n\r\n<e:"
        );
        body.write_all(head.as_bytes()).await.unwrap();
        (server, headers, body)
    };
    let (server, _headers, _body) = slow_ones(2 * FOREVER).await;
    let reply = within(FOREVER, talk(server.address, &get_keys("self"))).await;
    assert_eq!(status(&reply.expect("waits for the slow ones")), "200");

    let (server, mut headers, mut body) = slow_ones(Duration::from_millis(300)).await;
    assert!(ends(&mut headers, FOREVER).await, "half a header section is kept for ever");
    let reply = read_reply(&mut body).await;
    assert!(status(&reply) == "408" && reply.contains("did not arrive in time"), "{reply}");
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(&get_keys("self")).await.unwrap();
    assert_eq!(status(&read_reply(&mut idle).await), "200");
    assert!(ends(&mut idle, FOREVER).await, "an idle connection is kept for ever");
}

#[tokio::test]
async fn one_who_takes_no_reply_is_cut_off() {
    let limits = Limits { write_stall: Duration::from_millis(300), connections: 1, ..Limits::default() };
    let server = start(limits);
    let mut deaf = TcpStream::connect(server.address).await.unwrap();
    deaf.write_all(&get_keys("large")).await.unwrap();
    // The only connection place becomes free again, though the deaf peer never reads nor closes.
    for attempt in 0.. {
        if status(&talk(server.address, &get_keys("self")).await) == "200" {
            break;
        }
        assert!(attempt < 50, "the deaf peer keeps its place");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(deaf);
}

#[tokio::test]
async fn connections_beyond_the_limits_are_reset() {
    for limits in [
        Limits { connections: 4, ..Limits::default() },
        Limits { connections_per_peer: 4, ..Limits::default() },
    ] {
        let server = start(limits);
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(TcpStream::connect(server.address).await.unwrap());
        }
        // The first four have been accepted once one of them is answered.
        held[3].write_all(&get_keys("self")).await.unwrap();
        assert_eq!(status(&read_reply(&mut held[3]).await), "200");
        let fifth = async { TcpStream::connect(server.address).await?.read_u8().await };
        let error = within(Duration::from_secs(5), fifth).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        drop(held);
        for attempt in 0.. {
            if status(&talk(server.address, &get_keys("self")).await) == "200" {
                break;
            }
            assert!(attempt < 50, "closed connections keep their places");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn requests_beyond_the_limit_are_shed_with_a_fault() {
    let server = start(Limits { requests: 2, ..Limits::default() });
    let (a, b) = (get_keys("slow"), get_keys("slow"));
    let slow = async { tokio::join!(talk(server.address, &a), talk(server.address, &b)) };
    let third = async {
        server.puppet.has_begun(2).await;
        talk(server.address, &get_keys("self")).await
    };
    let ((a, b), third) = tokio::join!(slow, third);
    assert_eq!((status(&a), status(&b)), ("200", "200"));
    assert!(
        status(&third) == "503" && third.contains("<soapenv:Header>") && third.contains("too many requests"),
        "{third}"
    );
    assert_eq!(status(&talk(server.address, &get_keys("self")).await), "200");
}

#[tokio::test]
async fn a_peer_that_says_no_more_after_its_request_gets_its_reply() {
    let server = start(Limits::default());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&get_keys("slow")).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(status(&read_reply(&mut stream).await), "200");
    assert!(ends(&mut stream, Duration::from_secs(2)).await);
}

#[tokio::test]
async fn an_operation_ends_even_when_its_caller_has_gone() {
    let server = start(Limits::default());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&get_keys("slow")).await.unwrap();
    server.puppet.has_begun(1).await;
    drop(stream);
    server.puppet.has_finished(1).await;
}

#[tokio::test]
async fn shutting_down_finishes_what_is_in_flight_and_takes_nothing_new() {
    let server = start(Limits::default());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&get_keys("slow")).await.unwrap();
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    server.puppet.has_begun(1).await;
    server.shutdown.cancel();
    assert_eq!(status(&read_reply(&mut stream).await), "200");
    assert!(ends(&mut idle, Duration::from_secs(2)).await);
    assert!(TcpStream::connect(server.address).await.is_err(), "still listening");
}

/// A CLC waits for ever after a FIN without reply (C12): what cannot be finished must end with a reset.
#[tokio::test]
async fn what_does_not_finish_within_the_grace_period_is_reset() {
    let server = start_with_grace(Limits::default(), Duration::from_millis(200));
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&get_keys("never")).await.unwrap();
    server.puppet.has_begun(1).await;
    server.shutdown.cancel();
    let error = within(Duration::from_secs(5), stream.read_u8()).await.unwrap().unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

/// The request may be on its way when the server loses patience, or is told to stop (C12).
#[tokio::test]
async fn a_connection_that_carried_no_reply_ends_with_a_reset() {
    for said in ["", "POST /axis2 HTTP/1.1\r\nHost:"] {
        for stopped in [false, true] {
            let limits = Limits { header_time: Duration::from_millis(300), ..Limits::default() };
            let server = start(limits);
            let mut stream = TcpStream::connect(server.address).await.unwrap();
            stream.write_all(said.as_bytes()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
            if stopped {
                server.shutdown.cancel();
            }
            let error = within(Duration::from_secs(5), stream.read_u8()).await.unwrap().unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{said:?}, stopped: {stopped}");
        }
    }
}

#[tokio::test]
async fn at_shutdown_the_last_reply_says_so_and_what_was_sent_behind_is_not_begun() {
    let server = start(Limits::default());
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(&[get_keys("slow"), get_keys("self")].concat()).await.unwrap();
    server.puppet.has_begun(1).await;
    server.shutdown.cancel();
    let reply = read_reply(&mut stream).await;
    assert!(status(&reply) == "200" && reply.contains("Connection: close"), "{reply}");
    assert!(ends(&mut stream, Duration::from_secs(2)).await);
    assert_eq!(server.puppet.finished.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_is_carried_out_and_what_is_refused_is_counted() {
    let second = Duration::from_secs(1);
    let running = start(Limits {
        body_bytes: 1000,
        header_time: 5 * second,
        body_time: second,
        connections: 3,
        ..Limits::default()
    });
    let (http, soap) = &running.metrics;
    let service = "EucalyptusGL";
    let good = envelope("self");
    for _ in 0..3 {
        assert_eq!(status(&talk(running.address, &get_keys("self")).await), "200");
    }
    assert_eq!(status(&talk(running.address, &get_keys("fault")).await), "500");
    assert_eq!(status(&talk(running.address, &get_keys("refused")).await), "200");
    let calls = |outcome| {
        let labels = ServiceCall { service, operation: "GetKeys", outcome };
        soap.calls.get(&labels).map_or(0, |calls| calls.get())
    };
    assert_eq!((calls("ok"), calls("refused"), calls("fault")), (3, 1, 1));
    assert!(soap.call_seconds.get(&ServiceOperation { service, operation: "GetKeys" }).is_some());
    let received = 3 * good.len() + envelope("fault").len() + envelope("refused").len();
    assert_eq!(http.received_bytes.get(), received as u64);
    assert!(http.sent_bytes.get() > 600, "{}", http.sent_bytes.get());

    let text = |text: &str| text.as_bytes().to_vec();
    let counted = |reason| http.refusals.get(&Reason { reason }).map_or(0, |refusals| refusals.get());
    for (reason, request) in [
        ("header-too-large", text(&format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(100_000)))),
        ("malformed-http", text("\0\0\r\n\r\n")),
        ("header-timeout", text("POST / HT")),
        ("method", text("DELETE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")),
        ("not-found", text("GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")),
        ("body-too-large", post(PATH, "Content-Type: text/xml\r\n", &"x".repeat(1001))),
        ("body-timeout", text(&format!("POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"))),
        ("content-type", post(PATH, "Content-Type: text/html\r\n", &good)),
        ("malformed-xml", post(PATH, "Content-Type: text/xml\r\n", &good.replace("</serviceTag>", "</tag>"))),
        ("soap-version", post(PATH, "Content-Type: application/soap+xml\r\n", &good)),
        ("unknown-service", post("/elsewhere", "Content-Type: text/xml\r\n", &good)),
        ("unknown-operation", post(PATH, "Content-Type: text/xml\r\n", &good.replace("GetKeys", "Exec"))),
    ] {
        assert_eq!(counted(reason), 0, "{reason}");
        talk(running.address, &request).await;
        assert!(counts(|| counted(reason) == 1).await, "{reason} is not counted");
    }
    let mut open = Vec::new();
    for _ in 0..3 {
        open.push(TcpStream::connect(running.address).await.unwrap());
    }
    assert!(counts(|| http.connections.get() == 3).await);
    talk_to_nobody(running.address).await;
    assert!(counts(|| counted("connection-limit") == 1).await);
    drop(open);
    assert!(counts(|| http.connections.get() == 0 && http.requests_in_flight.get() == 0).await);
    assert_eq!(http.connections_accepted.get(), 20);
}

/// Connects and waits for the end.
async fn talk_to_nobody(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.read(&mut [0]).await;
}

/// Waits until a condition holds, for a peer learns the end of an exchange before it is counted.
async fn counts(condition: impl Fn() -> bool) -> bool {
    for _ in 0..500 {
        if condition() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}
