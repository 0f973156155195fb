use std::sync::Mutex;

use chrono::TimeZone as _;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::sha::sha1;
use openssl::sign::Signer;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::time::sleep;

use super::*;
use crate::cache::hexadecimal;
use crate::fetch::{self, Retries};
use crate::landing::{Form, Landed};
use crate::wire::Stream;

const URL: &str = "http://127.0.0.1:8773/services/Walrus/images/ubuntu.img.manifest.xml";
const PATH: &str = "/services/Walrus/images/ubuntu.img.manifest.xml";

/// What a server does on one connection after it has read a request.
#[derive(Clone)]
enum Step {
    Send(Vec<u8>),
    Wait(u64),
    /// Neither says anything nor closes.
    Hang,
}
use Step::{Hang, Send, Wait};

/// One connection: refused, or these steps and then closed.
type Connection = Option<Vec<Step>>;

/// A server by script: connection `n` follows `script[n]`, the last one for ever.
#[derive(Clone, Default)]
struct Server {
    script: Arc<Vec<Connection>>,
    requests: Arc<Mutex<Vec<String>>>,
    dialled: Arc<Mutex<usize>>,
}

impl Server {
    fn new(script: Vec<Connection>) -> Self {
        Self { script: Arc::new(script), ..Self::default() }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    fn dialled(&self) -> usize {
        *self.dialled.lock().unwrap()
    }
}

impl Dial for Server {
    fn dial<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, std::io::Result<Box<dyn Stream>>> {
        assert_eq!((host, port), ("127.0.0.1", 8773));
        let number = {
            let mut dialled = self.dialled.lock().unwrap();
            *dialled += 1;
            (*dialled - 1).min(self.script.len() - 1)
        };
        let Some(steps) = self.script[number].clone() else {
            return Box::pin(async { Err(std::io::ErrorKind::ConnectionRefused.into()) });
        };
        let (here, mut there) = duplex(64 << 10);
        let requests = Arc::clone(&self.requests);
        tokio::spawn(async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(there.read_u8().await.unwrap());
            }
            requests.lock().unwrap().push(String::from_utf8(head).unwrap());
            for step in steps {
                match step {
                    // A client may go away whenever it likes.
                    Send(bytes) => drop(there.write_all(&bytes).await),
                    Wait(seconds) => sleep(Duration::from_secs(seconds)).await,
                    Hang => std::future::pending().await,
                }
            }
        });
        Box::pin(async { Ok(Box::new(here) as Box<dyn Stream>) })
    }
}

fn reply(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body].concat()
}

fn ok(body: &[u8]) -> Vec<u8> {
    reply(&format!("200 OK\r\nContent-Length: {}", body.len()), body)
}

fn status(number: u16) -> Connection {
    Some(vec![Send(reply(&format!("{number} X\r\nContent-Length: 0"), b""))])
}

/// Something without structure and without zeros.
fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 7 % 251 + 1) as u8).collect()
}

/// The keys of the recordings' node.
fn credentials() -> Arc<Credentials> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/c-2.0.1/keys");
    let key = |name: &str| folder.join(name);
    Arc::new(Credentials::new(&key("node-cert.pem"), &key("node-pk.pem"), &key("cluster-cert.pem")))
}

/// A client of a server, and the virtual time that it has taken.
struct Bench {
    walrus: Walrus,
    server: Server,
    began: Instant,
    folder: TempDir,
}

impl Bench {
    fn new(script: Vec<Connection>) -> Self {
        Self::with(script, WalrusSettings::default())
    }

    fn with(script: Vec<Connection>, settings: WalrusSettings) -> Self {
        let server = Server::new(script);
        Self {
            walrus: Walrus::over(credentials(), settings, server.clone()),
            server,
            began: Instant::now(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    async fn manifest(&self, url: &str) -> Result<Vec<u8>, Error> {
        fetch::manifest(&self.walrus, &Retries::default(), url).await
    }

    async fn image(&self, size: u64) -> Result<Landed, Error> {
        let to = self.folder.path().join("file");
        fetch::image(&self.walrus, &Retries::default(), URL, size, &to, Form::Plain).await
    }

    fn file(&self) -> Vec<u8> {
        std::fs::read(self.folder.path().join("file")).unwrap()
    }

    /// Whether this much virtual time has passed, give or take the fifth that pauses differ by.
    #[track_caller]
    fn took(&self, seconds: f64) {
        let took = self.began.elapsed().as_secs_f64();
        assert!((0.79 * seconds..=1.21 * seconds + 0.5).contains(&took), "{took} s and not {seconds} s");
    }
}

fn keys() -> Arc<KeyPair> {
    credentials().own().unwrap()
}

fn moment() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2010, 7, 8, 12, 34, 56).unwrap()
}

fn head_of(url: &str, what: What, compressed: bool) -> String {
    head("GET", &Target::parse(url, compressed).unwrap(), fields(what), moment(), &keys()).unwrap()
}

fn value<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

#[test]
fn st_t001_st_t002_three_lines_are_signed() {
    let rows = [
        (false, 77, "5e4b162c787eb5059a3affca836938b3a842881a"),
        (true, 95, "818906fd55137c2bfdd773ae60021a8b630bfbb1"),
    ];
    for (compressed, length, digest) in rows {
        let text = signed("GET", &date(moment()), &Target::parse(URL, compressed).unwrap().path);
        assert_eq!((text.len(), hexadecimal(&sha1(text.as_bytes()))), (length, digest.to_owned()));
    }
}

#[test]
fn st_t003_st_t010_the_signature_is_openssl_s_whatever_the_key_s_header() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let text = signed("GET", &date(moment()), PATH);
    let rsa = Rsa::generate(2048).unwrap();
    let key = PKey::from_rsa(rsa.clone()).unwrap();
    let mut certificate = openssl::x509::X509::builder().unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate.set_not_before(&openssl::asn1::Asn1Time::days_from_now(0).unwrap()).unwrap();
    certificate.set_not_after(&openssl::asn1::Asn1Time::days_from_now(1).unwrap()).unwrap();
    certificate.sign(&key, MessageDigest::sha256()).unwrap();
    std::fs::write(file("cert"), certificate.build().to_pem().unwrap()).unwrap();
    let mut signatures = Vec::new();
    for pem in [rsa.private_key_to_pem().unwrap(), key.private_key_to_pem_pkcs8().unwrap()] {
        std::fs::write(file("key"), pem).unwrap();
        let pair = KeyPair::load(&file("cert"), &file("key")).unwrap();
        signatures.push(STANDARD.encode(pair.sign(text.as_bytes()).unwrap()));
    }
    let mut signer = Signer::new(MessageDigest::sha1(), &key).unwrap();
    let expected = STANDARD.encode(signer.sign_oneshot_to_vec(text.as_bytes()).unwrap());
    assert_eq!(signatures, [expected.clone(), expected]);
    assert!(signatures[0].len() == 344 && !signatures[0].contains(['\n', '\r']));
}

#[test]
fn st_t004_the_whole_certificate_file_is_sent() {
    let head = head_of(URL, What::Manifest, false);
    let sent = value(&head, "EucaCert").unwrap();
    assert_eq!(STANDARD.decode(sent).unwrap(), keys().certificate_file());
    assert_eq!(STANDARD.encode([b'x'; 1285]).len(), 1716);
    let length = keys().certificate_file().len();
    assert_eq!(sent.len(), length.div_ceil(3) * 4);
}

#[tokio::test(start_paused = true)]
async fn st_t005_st_t006_st_t007_requests_have_these_headers_and_no_others() {
    let bench = Bench::new(vec![Some(vec![Send(ok(b"m"))]), Some(vec![Send(ok(b"i"))])]);
    bench.manifest(URL).await.unwrap();
    bench.image(1).await.unwrap();
    let requests = bench.server.requests();
    let names = |request: &str| -> Vec<String> {
        request.trim_end().lines().skip(1).map(|line| line.split(": ").next().unwrap().to_owned()).collect()
    };
    let line = format!("GET {PATH} HTTP/1.1");
    let common = ["Host", "Accept", "Authorization", "Date", "EucaCert", "EucaSignature"];
    assert_eq!(requests[0].lines().next(), Some(line.as_str()));
    assert_eq!(names(&requests[0]), common);
    assert_eq!(requests[1].lines().next(), Some(line.as_str()));
    assert_eq!(names(&requests[1]), [&common[..3], &["EucaOperation"], &common[3..]].concat());
    assert_eq!(value(&requests[1], "EucaOperation"), Some("GetDecryptedImage"));
    for request in &requests {
        assert_eq!(value(request, "Host"), Some("127.0.0.1:8773"));
        assert_eq!(value(request, "Authorization"), Some("Euca"));
        // The date as sent is the date as signed: the server has nothing else to go by.
        let text = signed("GET", value(request, "Date").unwrap(), PATH);
        let signature = STANDARD.encode(keys().sign(text.as_bytes()).unwrap());
        assert_eq!(value(request, "EucaSignature"), Some(signature.as_str()));
    }
    assert_eq!(date(moment()), "Thu Jul  8 12:34:56 2010");
    assert_eq!(value(&head_of(URL, What::Image, false), "Date"), Some("Thu Jul  8 12:34:56 2010"));
}

#[tokio::test(start_paused = true)]
async fn st_t008_only_http_urls_with_host_and_path_are_asked() {
    let bench = Bench::new(vec![None]);
    let long = format!("http://h/{}", "x".repeat(MAX_URL));
    for bad in [
        "ftp://h/x",
        "http://h:8773",
        "",
        "/i",
        "http://",
        "https://h/i",
        "file:///etc/passwd",
        "h/i",
        "http://h/\r\nX: y",
        "http://h/a b",
        "http://h/x#f",
        "http:///x",
        "http://a@h/x",
        "http://h:/x",
        "http://h:99999/x",
        "http://b.walrus:8773/x",
        "http://\u{e9}/x",
        "htt\u{e9}://x",
        &long,
    ] {
        let error = bench.manifest(bad).await.unwrap_err();
        assert!(matches!(error, Error::Unusable { .. }), "{bad}: {error:?}");
    }
    assert_eq!(bench.server.dialled(), 0);
    for (good, host, port) in
        [("HTTP://host/i", "host", 80), ("http://[::1]:8773/i", "::1", 8773), ("http://h:1/i?x=1", "h", 1)]
    {
        let target = Target::parse(good, false).unwrap();
        assert_eq!((target.host, target.port), (host, port), "{good}");
    }
}

#[test]
fn st_t009_what_is_sent_is_what_is_signed() {
    for path in ["/services/Walrus/b/a%20b.manifest.xml", "/services/Walrus/b//a/../%2e?q=%41&&x"] {
        let head = head_of(&format!("http://h:8773{path}"), What::Image, false);
        assert!(head.starts_with(&format!("GET {path} HTTP/1.1\r\n")), "{head}");
        let text = signed("GET", "Thu Jul  8 12:34:56 2010", path);
        let signature = STANDARD.encode(keys().sign(text.as_bytes()).unwrap());
        assert_eq!(value(&head, "EucaSignature"), Some(signature.as_str()));
    }
    let head = head_of(URL, What::Image, true);
    assert!(head.starts_with(&format!("GET {PATH}?IsCompressed=true HTTP/1.1\r\n")), "{head}");
}

#[test]
fn st_t011_heads_fit_the_server_s_limits() {
    let head = head_of(&format!("http://h:8773/{}", "x".repeat(299)), What::Image, false);
    let (line, rest) = head.split_once("\r\n").unwrap();
    assert!(line.len() <= 4096 && rest.len() <= 8192);
    let long = Target::parse(&format!("http://h/{}", "x".repeat(4085)), false).map(|target| target.path);
    let target = Target { authority: "h", host: "h", port: 80, path: long.unwrap() };
    assert!(matches!(head_result(&target), Err(Error::Unusable { .. })));
}

fn head_result(target: &Target<'_>) -> Result<String, Error> {
    head("GET", target, "", moment(), &keys())
}

#[tokio::test(start_paused = true)]
async fn statuses_that_are_final_are_asked_for_once() {
    for (row, number) in
        [("st_t012", 404), ("st_t013", 403), ("st_t013", 401), ("st_t013", 417), ("400", 400)]
    {
        let bench = Bench::new(vec![status(number)]);
        let error = bench.manifest(URL).await.unwrap_err();
        match (number, error) {
            (404, Error::NotFound { .. }) => {}
            (_, Error::Denied { status, .. }) if status == number => {}
            (_, error) => panic!("{row}: {error:?}"),
        }
        assert!(bench.image(1).await.is_err(), "{row}");
        assert_eq!(bench.server.dialled(), 2, "{row}");
        bench.took(0.0);
    }
    let redirect = Some(vec![Send(reply("302 Found\r\nLocation: http://other/\r\nContent-Length: 0", b""))]);
    let bench = Bench::new(vec![redirect]);
    assert!(matches!(bench.manifest(URL).await, Err(Error::Denied { status: 302, .. })), "st_t017");
    assert_eq!(bench.server.dialled(), 1, "st_t017");
}

#[tokio::test(start_paused = true)]
async fn statuses_that_pass_are_asked_for_again() {
    let good = || Some(vec![Send(ok(b"m"))]);
    let bench = Bench::new(vec![status(500), status(500), good()]);
    assert_eq!(bench.manifest(URL).await.unwrap(), b"m", "st_t014");
    assert_eq!(bench.server.dialled(), 3, "st_t014");

    let bench = Bench::new(vec![status(408), status(408), status(408), good()]);
    assert_eq!(bench.manifest(URL).await.unwrap(), b"m", "st_t015");
    assert_eq!(bench.server.dialled(), 4, "st_t015");
    bench.took(14.0);

    let bench = Bench::new(vec![None]);
    assert!(bench.manifest(URL).await.unwrap_err().is_transient(), "st_t016");
    assert_eq!(bench.server.dialled(), 9, "st_t016");
    bench.took(510.0);

    for number in [425, 429, 502, 503, 504] {
        let bench = Bench::new(vec![status(number), good()]);
        assert_eq!(bench.manifest(URL).await.unwrap(), b"m", "{number}");
    }
    for (row, first) in [
        ("closed at once", vec![]),
        ("not HTTP", vec![Send(b"garbage\r\n\r\n".to_vec())]),
        ("endless head", vec![Send(reply(&format!("200 OK\r\nX: {}", "x".repeat(600_000)), b""))]),
        ("many headers", vec![Send(reply(&format!("200 OK{}", "\r\nX: y".repeat(200)), b""))]),
    ] {
        let bench = Bench::new(vec![Some(first), good()]);
        assert_eq!(bench.manifest(URL).await.unwrap(), b"m", "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn st_t018_a_broken_transfer_begins_anew() {
    let image = noise(10_485_760);
    let mut cut = ok(&image);
    cut.truncate(1_000_000);
    let bench = Bench::new(vec![Some(vec![Send(cut)]), Some(vec![Send(ok(&image))])]);
    let landed = bench.image(image.len() as u64).await.unwrap();
    assert!(bench.file() == image);
    assert_eq!(landed.sha256, openssl::sha::sha256(&image));
}

#[tokio::test(start_paused = true)]
async fn st_t019_nothing_of_an_error_s_body_is_left() {
    let first = reply("408 X\r\nContent-Length: 5000", &noise(5000));
    let bench = Bench::new(vec![Some(vec![Send(first)]), Some(vec![Send(ok(&noise(1024)))])]);
    bench.image(1024).await.unwrap();
    assert_eq!(bench.file(), noise(1024));
    // The same when the first attempt got as far as the file.
    let mut cut = reply("200 OK\r\nConnection: close", &noise(1_500_000));
    cut.truncate(1_400_000);
    let bench = Bench::new(vec![Some(vec![Send(cut)]), Some(vec![Send(ok(&vec![0; 1_500_000]))])]);
    bench.image(1_500_000).await.unwrap();
    assert!(bench.file() == vec![0; 1_500_000]);
}

#[tokio::test(start_paused = true)]
async fn wrong_lengths_are_refused() {
    let endless = |body: &[u8]| Some(vec![Send(reply("200 OK\r\nConnection: close", body))]);
    let mismatch = |error: Error, expected: u64, found: u64| match error {
        Error::SizeMismatch { expected: e, found: f, .. } => assert_eq!((e, f), (expected, found)),
        error => panic!("{error:?}"),
    };
    let head = reply("200 OK\r\nContent-Length: 10485760", b"");
    let bench = Bench::new(vec![Some(vec![Send(head), Hang])]);
    mismatch(bench.image(10_485_761).await.unwrap_err(), 10_485_761, 10_485_760); // st_t020
    assert_eq!(bench.server.dialled(), 9, "st_t020: what is too short may be an error document");

    let bench = Bench::new(vec![endless(&noise(4097))]);
    mismatch(bench.image(4096).await.unwrap_err(), 4096, 4097); // st_t021
    assert_eq!(bench.server.dialled(), 1, "st_t021: what is too long stays so");

    let bench = Bench::new(vec![endless(&noise(4_194_303))]);
    mismatch(bench.image(4_194_304).await.unwrap_err(), 4_194_304, 4_194_303); // st_t022

    let document = reply("200 OK\r\nContent-Type: application/xml\r\nConnection: close", &noise(412));
    let bench = Bench::new(vec![Some(vec![Send(document)]), Some(vec![Send(ok(&noise(4_194_304)))])]);
    bench.image(4_194_304).await.unwrap(); // st_t023
    assert_eq!(bench.server.dialled(), 2, "st_t023");

    let mut flipped = noise(4096);
    flipped[1000] ^= 1;
    let bench = Bench::new(vec![endless(&flipped)]);
    let landed = bench.image(4096).await.unwrap();
    assert_eq!(landed.sha256, openssl::sha::sha256(&flipped), "st_t024");
}

#[tokio::test(start_paused = true)]
async fn silence_has_its_limits() {
    let bench = Bench::new(vec![Some(vec![Wait(2400), Send(ok(&noise(4096)))])]);
    bench.image(4096).await.unwrap(); // st_t025
    bench.took(2400.0);

    let bench = Bench::new(vec![Some(vec![Wait(2701), Send(ok(&noise(4096)))])]);
    let error = once(&bench, 4096).await;
    assert!(error.is_transient(), "st_t026: {error:?}");
    assert!((bench.began.elapsed().as_secs_f64() - 2700.0).abs() < 1.0, "st_t026");

    let image = noise(2 << 20);
    let mut begun = ok(&image);
    begun.truncate(1 << 20);
    let bench = Bench::new(vec![Some(vec![Send(begun), Hang]), Some(vec![Send(ok(&image))])]);
    bench.image(image.len() as u64).await.unwrap(); // st_t027
    bench.took(62.0);
    assert!(bench.file() == image);

    let mut slow = vec![Send(reply("200 OK\r\nContent-Length: 1048576", b""))];
    slow.extend([Send(noise(512)), Wait(1)].into_iter().cycle().take(4096));
    let bench = Bench::new(vec![Some(slow)]);
    let error = once(&bench, 1 << 20).await;
    assert!(error.is_transient(), "st_t028: {error:?}");
    assert!((bench.began.elapsed().as_secs_f64() - 60.0).abs() < 1.5, "st_t028");

    let bench = Bench::new(vec![Some(vec![Hang]), Some(vec![Send(ok(b"m"))])]);
    assert_eq!(bench.manifest(URL).await.unwrap(), b"m");
    bench.took(62.0); // st_t029
}

/// The error of a single attempt.
async fn once(bench: &Bench, size: u64) -> Error {
    let retries = Retries { attempts: 1, ..Retries::default() };
    let to = bench.folder.path().join("file");
    fetch::image(&bench.walrus, &retries, URL, size, &to, Form::Plain).await.unwrap_err()
}

/// An image as gzip members of 8192 bytes each, as the server sends it.
fn members(image: &[u8]) -> Vec<Vec<u8>> {
    let member = |block: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, block).unwrap();
        encoder.finish().unwrap()
    };
    image.chunks(8192).map(member).collect()
}

#[tokio::test(start_paused = true)]
async fn gzip_members_are_one_image() {
    let image = noise(32_768);
    let all = members(&image);
    let head = || reply("200 OK", b"");
    let compressed = || WalrusSettings { compressed: true, ..WalrusSettings::default() };
    let bench = |steps: Vec<Step>| Bench::with(vec![Some(steps)], compressed());

    let whole = bench(vec![Send(head()), Send(all.concat())]);
    whole.image(32_768).await.unwrap(); // st_t030
    assert!(whole.file() == image, "st_t030");
    assert!(whole.server.requests()[0].starts_with(&format!("GET {PATH}?IsCompressed=true HTTP/1.1\r\n")));

    // st_t031: a decoder that stops after the first member yields a fourth of it, which is noticed.
    let mut yielded = Vec::new();
    let sent = all.concat();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*sent), &mut yielded).unwrap();
    assert!(yielded == image[..8192], "st_t031");
    let plain = Bench::with(vec![Some(vec![Send(head()), Send(yielded)])], WalrusSettings::default());
    assert!(matches!(once(&plain, 32_768).await, Error::SizeMismatch { found: 8192, .. }), "st_t031");
    let first = bench(vec![Send(head()), Send(all[0].clone())]);
    assert!(matches!(once(&first, 32_768).await, Error::SizeMismatch { found: 8192, .. }), "st_t031");

    let mut cut = all[..2].concat();
    cut.extend_from_slice(&all[2][..all[2].len() / 2]);
    let error = once(&bench(vec![Send(head()), Send(cut)]), 32_768).await;
    assert!(matches!(error, Error::SizeMismatch { .. }), "st_t032: {error:?}");

    let mut wrong = all.clone();
    let at = wrong[1].len() - 8;
    wrong[1][at] ^= 1;
    let error = once(&bench(vec![Send(head()), Send(wrong.concat())]), 32_768).await;
    assert!(error.is_transient(), "st_t033: {error:?}");

    let open = bench(vec![Send(head()), Send(all.concat()), Hang]);
    open.image(32_768).await.unwrap(); // st_t034
    open.took(0.0);
    // The same byte by byte: nothing depends on how it is cut.
    let mut steps = vec![Send(head())];
    steps.extend(all.concat().into_iter().map(|byte| Send(vec![byte])));
    steps.push(Hang);
    let slow = bench(steps);
    slow.image(32_768).await.unwrap();
    assert!(slow.file() == image);
    // More than the image is refused, however little of it came.
    let bomb = bench(vec![Send(head()), Send(members(&vec![0; 1 << 20]).concat()), Hang]);
    assert!(matches!(once(&bomb, 32_768).await, Error::SizeMismatch { found: 32_769, .. }));
}

#[tokio::test(start_paused = true)]
async fn a_manifest_without_end_is_refused() {
    let head = Send(reply("200 OK", b""));
    let endless = std::iter::once(head).chain(vec![Send(noise(1 << 20)); 8]).collect();
    let bench = Bench::new(vec![Some(endless)]);
    let error = bench.manifest(URL).await.unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn the_same_works_over_tcp() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/services/Walrus/b/k", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(peer.read_u8().await.unwrap());
        }
        assert!(head.windows(12).any(|part| part == b"\r\nEucaCert: "));
        peer.write_all(&ok(b"m")).await.unwrap();
    });
    let walrus = Walrus::new(credentials(), WalrusSettings::default());
    assert_eq!(fetch::manifest(&walrus, &Retries::default(), &url).await.unwrap(), b"m");
}

#[tokio::test(start_paused = true)]
async fn without_a_key_nothing_is_asked() {
    let nowhere = std::path::Path::new("/nonexistent");
    let keys = Arc::new(Credentials::new(nowhere, nowhere, nowhere));
    let server = Server::new(vec![None]);
    let walrus = Walrus::over(keys, WalrusSettings::default(), server.clone());
    let error = fetch::manifest(&walrus, &Retries::default(), URL).await.unwrap_err();
    assert!(matches!(error, Error::Key { .. }), "{error:?}");
    assert_eq!(server.dialled(), 0);
}
