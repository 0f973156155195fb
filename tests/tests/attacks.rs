//! The catalogue of attacks over TCP: made from one request that the rightful peer has signed in the CLC's layout,
//! sent to the real daemons. Each is refused with a fault the caller can read and a log line that says why, nothing
//! is executed, and the request itself is still accepted afterwards, once. What each attack is about is said in
//! `crates/wsse/tests/attacks.rs`, which has many more of them and no daemon.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../crates/wsse/tests/support/text.rs"]
mod text;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use euca_hypervisor::testing::{PrivateLibvirtd, TestBridge};
use euca_oracle::clc::{Outcome, Pipeline, judge_connection};
use euca_sim::clc::{Clc, Reply, exchange};
use euca_sim::fleet::Fleet;
use euca_sim::keys::{Keys, Role};
use euca_sim::node::Capacity;
use euca_tests::daemon::{Daemon, free_address};
use euca_tests::home::Home;
use euca_tests::{node, run_instances};
use euca_wire::{Request, cc, nc};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sign::Signer;
use text::{part, swap};

const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// A daemon under attack.
struct Target {
    address: SocketAddr,
    daemon: Daemon,
    log: PathBuf,
    /// What it prints, panics among it.
    output: PathBuf,
    peer: Clc,
    stranger: Clc,
    /// The rightful peer's key, for attacks that need his signature under something odd.
    key: PKey<Private>,
}

impl Target {
    fn new(program: &str, home: &Home, address: SocketAddr, peer: Role) -> Self {
        let keys: Keys = home.keys();
        let log = program.replace("-daemon", ".log");
        Self {
            address,
            daemon: Daemon::start(program, home).unwrap(),
            log: home.path().join("var/log/eucalyptus").join(log),
            output: home.path().join(format!("{program}.output")),
            peer: Clc::new(&keys, peer, address).unwrap(),
            stranger: Clc::new(&keys, Role::Other, address).unwrap(),
            key: PKey::private_key_from_pem(&std::fs::read(keys.private_key(peer)).unwrap()).unwrap(),
        }
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned()
    }

    /// What the log has said since it was `from` bytes long, as soon as that has `text` in it.
    async fn logged(&self, from: usize, text: &str) -> Result<(), String> {
        let mut said = String::new();
        for _ in 0..3000 {
            said = self.log()[from..].to_owned();
            if said.contains(text) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(format!("log has no {text}: {said}"))
    }

    /// Sends an attack and says how it was not refused as it should be.
    async fn refuses(&self, request: &[u8], status: u16, reason: &str) -> Result<(), String> {
        let from = self.log().len();
        let reply = exchange(self.address, request).await.map_err(|error| format!("{error:#}"))?;
        if reply.status() != status {
            return Err(format!("status {}: {}", reply.status(), reply.text()));
        }
        readable(&reply)?;
        self.logged(from, &format!("reason=\"{reason}")).await
    }

    /// Sends every attack made from `request`, then the request, then it again.
    async fn withstands<Q: Request>(&self, request: &Q, other_operation: &str) -> (Reply, Vec<String>) {
        let good = self.peer.message(request).unwrap();
        let operation = Q::OPERATION;
        let path = format!("/axis2/services/{}", operation.action.split('#').next().unwrap());
        let post = |envelope: &[u8]| self.peer.http(&path, operation.action, envelope);
        let mut complaints = Vec::new();
        let envelope = entity(&good);
        let stranger = entity(&self.stranger.message(request).unwrap());
        let mut attacks = catalogue(&envelope, &stranger, &self.key, [operation.name, other_operation]);
        // What no peer signs. Verification has then seen the message, so each of these needs one of its own.
        let unsigned = |from: &str, to: &str| {
            entity(&self.peer.message(request).unwrap()).replace(from, to).into_bytes()
        };
        let other_body = unsigned(&format!("n:{}", operation.name), &format!("n:{other_operation}"));
        attacks.push(("body of another operation", "foreign-action", other_body));
        let block = "<x:h xmlns:x=\"urn:x\" soapenv:mustUnderstand=\"1\"/></soapenv:Header>";
        let unknown_block = unsigned("</soapenv:Header>", block);
        attacks.push(("header that must be understood", "must-understand", unknown_block));
        for (name, reason, attack) in attacks {
            if let Err(complaint) = self.refuses(&post(&attack), 500, reason).await {
                complaints.push(format!("{name}: {complaint}"));
            }
        }
        for (name, status, reason, attack) in http_catalogue(&path, &envelope) {
            if let Err(complaint) = self.refuses(&attack, status, reason).await {
                complaints.push(format!("{name}: {complaint}"));
            }
        }
        for (name, status, said, attack) in unreadable_catalogue(&path, &envelope) {
            let from = self.log().len();
            let reply = exchange(self.address, &attack).await.unwrap();
            if reply.status() != status {
                complaints.push(format!("{name}: {}", String::from_utf8_lossy(&reply.raw)));
            }
            complaints.extend(self.logged(from, said).await.err().map(|error| format!("{name}: {error}")));
        }
        let accepted = exchange(self.address, &good).await.unwrap();
        let altered = swap(&envelope, "i-0BADCAFE", "i-1BADCAFE");
        for (name, attack) in
            [("replay", good.clone()), ("replay with another body", post(altered.as_bytes()))]
        {
            if let Err(complaint) = self.refuses(&attack, 500, "replay").await {
                complaints.push(format!("{name}: {complaint}"));
            }
        }
        let printed = std::fs::read_to_string(&self.output).unwrap();
        if self.log().contains("crashed") || printed.contains("panicked") {
            complaints.push(format!("something crashed: {printed}"));
        }
        (accepted, complaints)
    }
}

/// The CLC turns the reply into a remote fault. Where hyper or a limit ends the exchange, the status is not 500; a
/// queued operation does not look at it.
fn readable(reply: &Reply) -> Result<(), String> {
    if reply.status() == 500 {
        return euca_oracle::clc_fault(Pipeline::Queue, &reply.raw).map(|_| ()).map_err(|all| all.join("; "));
    }
    match judge_connection(Pipeline::Queue, "", &reply.raw).outcome {
        Outcome::Rejected(text) if text.starts_with("EucalyptusRemoteFault: ") => Ok(()),
        outcome => Err(format!("the CLC reads no fault: {outcome:?}")),
    }
}

fn entity(message: &[u8]) -> String {
    String::from_utf8(message.to_vec()).unwrap().split_once("\r\n\r\n").unwrap().1.to_owned()
}

/// Signs SignedInfo as it stands.
fn resign(message: &str, key: &PKey<Private>) -> String {
    resign_with(message, key, MessageDigest::sha1())
}

fn resign_with(message: &str, key: &PKey<Private>, digest: MessageDigest) -> String {
    let mut signer = Signer::new(digest, key).unwrap();
    let canonical = canonical(part(message, "<ds:SignedInfo>", "</ds:SignedInfo>"));
    let value = STANDARD.encode(signer.sign_oneshot_to_vec(canonical.as_bytes()).unwrap());
    let old = part(message, "<ds:SignatureValue>", "</ds:SignatureValue>");
    swap(message, old, &format!("<ds:SignatureValue>{value}</ds:SignatureValue>"))
}

/// Exclusive C14N of a SignedInfo as written here: the namespace is declared, no element is written self-closed.
fn canonical(signed_info: &str) -> String {
    let declared = swap(signed_info, "<ds:SignedInfo>", &format!("<ds:SignedInfo xmlns:ds=\"{DS}\">"));
    let mut out = String::new();
    for tag in declared.split_inclusive('>') {
        match tag.strip_suffix("/>") {
            Some(open) => {
                let name = open.rsplit('<').next().unwrap().split(' ').next().unwrap();
                out += &format!("{open}></{name}>");
            }
            None => out += tag,
        }
    }
    out
}

type Attack = (&'static str, &'static str, Vec<u8>);

/// Name, start of the logged reason, envelope.
fn catalogue(good: &str, stranger: &str, key: &PKey<Private>, operations: [&str; 2]) -> Vec<Attack> {
    let [operation, other_operation] = operations;
    let resign = |message: String| resign(&message, key);
    let security = part(good, "<wsse:Security ", "</wsse:Security>");
    let security_open = part(good, "<wsse:Security ", ">");
    let signature = part(good, "<ds:Signature ", "</ds:Signature>");
    // With ids of its own.
    let second = |signature: &str| signature.replace("Id=\"", "Id=\"x");
    let strangers = second(part(stranger, "<ds:Signature ", "</ds:Signature>"));
    let token = part(good, "<wsse:BinarySecurityToken ", "</wsse:BinarySecurityToken>");
    let token_text = inner(token);
    let token_id = part(token, "wsu:Id=\"", "\">").trim_start_matches("wsu:Id=\"").trim_end_matches("\">");
    let value_text = inner(part(good, "<ds:SignatureValue>", "</ds:SignatureValue>"));
    let to = part(good, "<wsa:To ", "</wsa:To>");
    let action = part(good, "<wsa:Action ", "</wsa:Action>");
    let reference = part(good, "<ds:Reference ", "</ds:Reference>");
    let references = part(good, "<ds:Reference ", "</ds:SignedInfo>").replace("</ds:SignedInfo>", "");
    let transform = part(reference, "<ds:Transform ", "/>");
    let digest_text = inner(part(reference, "<ds:DigestValue>", "</ds:DigestValue>"));
    let header = part(good, "<soapenv:Header>", "</soapenv:Header>");
    let body_open = part(good, "<n:", ">");
    let plain_to =
        "<wsa:To xmlns:wsa=\"http://www.w3.org/2005/08/addressing\">http://evil.example.com/</wsa:To>";
    let foreign = |content: &str| format!("<x:Wrap xmlns:x=\"urn:x\">{content}</x:Wrap>");
    let in_body = |content: &str| format!("{body_open}{content}");
    let behind_to = |content: &str| swap(good, to, &format!("{to}{content}"));
    let reference_to = |uri: &str| resign(swap(good, "URI=\"#id-2\"", &format!("URI=\"{uri}\"")));
    let comment = |text: &str| format!("{}<!-- x -->{}", &text[..8], &text[8..]);
    let hmac = {
        let message = swap(good, "xmldsig#rsa-sha1", "xmldsig#hmac-sha1");
        resign_with(&message, &PKey::hmac(&key.public_key_to_der().unwrap()).unwrap(), MessageDigest::sha1())
    };
    let doctype = |dtd: &str| swap(good, "<soapenv:Envelope ", &format!("{dtd}<soapenv:Envelope "));
    let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c \"&b;&b;&b;&b;\">]>";
    let expired = format!(
        "<wsu:Timestamp xmlns:wsu=\"{WSU}\"><wsu:Created>2020-01-01T00:00:00Z</wsu:Created>\
         <wsu:Expires>2020-01-01T00:05:00Z</wsu:Expires></wsu:Timestamp>"
    );
    let rows = [
        // Unsigned, or signed by somebody else.
        ("Security removed", "unsigned", swap(good, security, "")),
        ("Header removed", "unsigned", swap(good, header, "")),
        ("Security hidden in another header", "unsigned", swap(good, security, &foreign(security))),
        ("Security in the Body", "unsigned", swap(&swap(good, security, ""), body_open, &in_body(security))),
        ("signature removed, token kept", "no-signature", swap(good, signature, "")),
        ("signed by a stranger", "stranger", stranger.to_owned()),
        (
            "stranger's signature under the expected certificate",
            "signature-mismatch",
            swap(stranger, inner(part(stranger, "<wsse:BinarySecurityToken ", "</wsse")), token_text),
        ),
        // Altered.
        ("To altered", "digest-mismatch", swap(good, inner(to), "http://evil.example.com/")),
        (
            "Action altered",
            "digest-mismatch",
            swap(good, inner(action), &inner(action).replace(operation, other_operation)),
        ),
        ("MessageID altered", "digest-mismatch", swap(good, ">urn:uuid:", ">urn:uuid:0")),
        ("digest altered", "signature-mismatch", swap(good, &digest_text[..4], "AAAA")),
        (
            "digest altered and signed",
            "digest-mismatch",
            resign(swap(good, digest_text, "AAAAAAAAAAAAAAAAAAAAAAAAAAA=")),
        ),
        ("signature altered", "signature-mismatch", swap(good, &value_text[1..5], "AAAA")),
        // Moved: signature wrapping.
        (
            "signed To moved into a foreign header",
            "reference-target",
            swap(good, to, &format!("{}{plain_to}", foreign(to))),
        ),
        (
            "signed To moved into the Body",
            "reference-target",
            swap(&swap(good, to, plain_to), body_open, &in_body(to)),
        ),
        (
            "signed To moved into Security",
            "unknown-security-child",
            swap(&swap(good, to, plain_to), token, &format!("{to}{token}")),
        ),
        (
            "signed To moved into the Signature",
            "malformed-signature",
            swap(
                &swap(good, to, plain_to),
                "</ds:Signature>",
                &format!("<ds:Object>{to}</ds:Object></ds:Signature>"),
            ),
        ),
        ("signed To removed", "reference-target", swap(good, to, "")),
        ("unsigned To beside the signed one", "duplicate-addressing", behind_to(plain_to)),
        ("unsigned ReplyTo", "header-not-covered", behind_to(&plain_to.replace("wsa:To", "wsa:ReplyTo"))),
        ("Action removed", "action-missing", swap(good, action, "")),
        // Ids.
        ("duplicate id", "duplicate-id", behind_to(&foreign(&to.replace("wsa:To", "x:To")))),
        ("duplicate id in the Body", "duplicate-id", swap(good, body_open, &in_body("<x Id=\"id-2\"/>"))),
        // Several of what there must be one of.
        (
            "two signatures",
            "several-signatures",
            swap(good, signature, &format!("{signature}{}", second(signature))),
        ),
        (
            "stranger's signature in front",
            "several-signatures",
            swap(good, signature, &format!("{strangers}{signature}")),
        ),
        (
            "foreign Signature in front",
            "foreign-signature",
            swap(good, signature, &format!("<x:Signature xmlns:x=\"urn:x\"/>{signature}")),
        ),
        (
            "stranger's signature in front, its namespace exchanged",
            "foreign-signature",
            swap(good, signature, &format!("{}{signature}", strangers.replace(DS, "urn:x"))),
        ),
        (
            "empty Security in front",
            "several-security-headers",
            swap(good, security_open, &format!("{security_open}</wsse:Security>{security_open}")),
        ),
        (
            "empty Security behind",
            "several-security-headers",
            swap(good, security, &format!("{security}{security_open}</wsse:Security>")),
        ),
        // References, signed by the peer.
        (
            "reference to a foreign header",
            "reference-target",
            resign(swap(&behind_to("<x:h xmlns:x=\"urn:x\" Id=\"h\"/>"), "URI=\"#id-2\"", "URI=\"#h\"")),
        ),
        ("reference to the token", "reference-target", reference_to(&format!("#{token_id}"))),
        ("reference to nothing", "reference-target", reference_to("#x")),
        ("reference to the whole document", "reference-target", reference_to("")),
        ("reference over the network", "reference-target", reference_to("http://127.0.0.1:1/#id-2")),
        ("empty reference list", "no-references", resign(swap(good, &references, ""))),
        (
            "too many references",
            "too-many-references",
            resign(swap(good, &references, &reference.repeat(17))),
        ),
        (
            "one element referenced twice",
            "repeated-reference",
            resign(swap(good, reference, &format!("{reference}{reference}"))),
        ),
        ("only To signed", "header-not-covered", resign(swap(good, &references, reference))),
        // Algorithms.
        (
            "unknown transform",
            "transform-algorithm",
            resign(swap(
                good,
                transform,
                &swap(transform, C14N, "http://www.w3.org/TR/1999/REC-xslt-19991116"),
            )),
        ),
        (
            "enveloped signature",
            "transform-algorithm",
            resign(swap(good, transform, &swap(transform, C14N, &format!("{DS}enveloped-signature")))),
        ),
        ("no transform", "transform-algorithm", resign(swap(good, transform, ""))),
        (
            "unknown signature algorithm",
            "signature-algorithm",
            resign(swap(good, &format!("{DS}rsa-sha1"), "http://www.w3.org/2001/04/xmldsig-more#rsa-md5")),
        ),
        ("HMAC with the public key", "signature-algorithm", hmac),
        (
            "unknown digest algorithm",
            "digest-algorithm",
            resign(swap(good, &format!("{DS}sha1"), "http://www.w3.org/2001/04/xmldsig-more#md5")),
        ),
        (
            "unknown canonicalisation",
            "canonicalization-algorithm",
            resign(swap(good, C14N, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315")),
        ),
        // Key information and encoded values.
        ("token removed", "token-missing", swap(good, token, "")),
        ("oversized token", "oversized-value", swap(good, token_text, &"A".repeat(20_000))),
        ("oversized signature", "oversized-value", swap(good, value_text, &"A".repeat(8_000))),
        ("oversized digest", "oversized-value", resign(swap(good, digest_text, &"A".repeat(400)))),
        ("token that is no base64", "malformed-base64", swap(good, token_text, "%%%%")),
        ("signature that is no base64", "malformed-base64", swap(good, &value_text[1..5], "A-_A")),
        ("digest that is no base64", "malformed-base64", resign(swap(good, &digest_text[..4], "===="))),
        ("expired Timestamp", "expired", swap(good, token, &format!("{expired}{token}"))),
        // Comments, processing instructions, entities.
        ("comment in the token", "malformed-base64", swap(good, token_text, &comment(token_text))),
        ("comment in the signature", "malformed-base64", swap(good, value_text, &comment(value_text))),
        ("comment in a digest", "malformed-base64", swap(good, digest_text, &comment(digest_text))),
        (
            "processing instruction in a signed header",
            "processing-instruction",
            swap(good, "</wsa:To>", "<?x?></wsa:To>"),
        ),
        (
            "processing instruction in SignedInfo",
            "processing-instruction",
            swap(good, "<ds:SignedInfo>", "<ds:SignedInfo><?x?>"),
        ),
        (
            "processing instruction in the Body",
            "processing-instruction",
            swap(good, body_open, &in_body("<?x?>")),
        ),
        ("entities", "doctype", doctype(laughs)),
        ("external DTD", "doctype", doctype("<!DOCTYPE x SYSTEM \"file:///etc/passwd\">")),
        ("entity in the Body", "malformed-xml", swap(good, body_open, &in_body("&xxe;"))),
        // Form.
        ("cut off", "truncated", good[..good.len() - 20].to_owned()),
        (
            "two Bodies",
            "envelope-structure",
            swap(good, "</soapenv:Envelope>", "<soapenv:Body/></soapenv:Envelope>"),
        ),
        ("two body elements", "envelope-structure", swap(good, "</soapenv:Body>", "<x/></soapenv:Body>")),
        (
            "deep nesting",
            "document-limit",
            swap(good, body_open, &in_body(&format!("{}{}", "<a>".repeat(100), "</a>".repeat(100)))),
        ),
        ("huge header", "document-limit", behind_to(&foreign(&"x".repeat(70_000)))),
        (
            "SOAP 1.2 as SOAP 1.1",
            "soap-version",
            good.replace(
                "http://schemas.xmlsoap.org/soap/envelope/",
                "http://www.w3.org/2003/05/soap-envelope",
            ),
        ),
        ("unknown operation", "unknown-operation", good.replace(&format!("n:{operation}"), "n:Format")),
    ];
    let bytes =
        |(name, reason, message): (&'static str, &'static str, String)| (name, reason, message.into_bytes());
    let mut rows: Vec<Attack> = rows.into_iter().map(bytes).collect();
    rows.push(("overlong UTF-8", "not-utf8", [good.as_bytes(), b"\xC0\xAF"].concat()));
    let wide: Vec<u8> = good.encode_utf16().flat_map(u16::to_le_bytes).collect();
    rows.push(("UTF-16", "not-utf8", [b"\xFF\xFE", wide.as_slice()].concat()));
    rows
}

/// Name, status, start of the logged reason, complete request: answered with a fault.
fn http_catalogue(path: &str, good: &str) -> Vec<(&'static str, u16, &'static str, Vec<u8>)> {
    let length = good.len();
    let post = |path: &str, headers: &str, body: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\n{headers}\r\n{body}")
            .into_bytes()
    };
    let chunked = "Transfer-Encoding: chunked\r\n";
    let hidden = String::from_utf8(post(path, &format!("Content-Length: {length}\r\n"), good)).unwrap();
    vec![
        (
            "announced body beyond the limit",
            413,
            "body-too-large",
            post(path, "Content-Length: 99999999\r\n", ""),
        ),
        (
            "chunked body beyond the limit",
            413,
            "body-too-large",
            post(path, chunked, &format!("{:x}\r\n{}\r\n0\r\n\r\n", 5 << 20, "x".repeat(5 << 20))),
        ),
        ("chunk size beyond 64 bits", 400, "broken-body", post(path, chunked, "fffffffffffffffff\r\n")),
        ("body that never comes", 408, "body-timeout", post(path, "Content-Length: 10\r\n", "<")),
        (
            "request behind a shorter chunked one",
            500,
            "not-soap",
            post(
                path,
                &format!("Content-Length: {}\r\n{chunked}", hidden.len() + 5),
                &format!("0\r\n\r\n{hidden}"),
            ),
        ),
        (
            "compressed body",
            500,
            "not-utf8",
            [
                post(path, "Content-Encoding: gzip\r\nContent-Length: 4\r\n", "").as_slice(),
                b"\x1f\x8b\x08\x00",
            ]
            .concat(),
        ),
        (
            "form",
            500,
            "content-type",
            format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n\
                 Content-Length: {length}\r\n\r\n{good}"
            )
            .into_bytes(),
        ),
        (
            "unsecured service",
            500,
            "unknown-",
            post("/axis2/services/EucalyptusGL", &format!("Content-Length: {length}\r\n"), good),
        ),
        (
            "path outside the services",
            500,
            "unknown-service",
            post(&format!("/{path}"), &format!("Content-Length: {length}\r\n"), good),
        ),
    ]
}

/// Name, status, what the log says, complete request: not HTTP enough for a fault.
fn unreadable_catalogue(path: &str, good: &str) -> [(&'static str, u16, &'static str, Vec<u8>); 6] {
    let length = good.len();
    let post = |headers: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\n{headers}\r\n{good}")
            .into_bytes()
    };
    let two_lengths = post(&format!("Content-Length: {length}\r\nContent-Length: 1\r\n"));
    let endless_line = format!("POST /{}", "x".repeat(70_000)).into_bytes();
    [
        ("two lengths", 400, "invalid content-length", two_lengths),
        ("negative length", 400, "invalid content-length", post("Content-Length: -1\r\n")),
        (
            "unknown coding",
            400,
            "invalid transfer-encoding",
            post("Transfer-Encoding: chunked, identity\r\n"),
        ),
        ("huge headers", 431, "message head is too large", post(&format!("X: {}\r\n", "x".repeat(70_000)))),
        ("endless request line", 431, "message head is too large", endless_line),
        ("TLS", 400, "invalid HTTP method", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03\r\n\r\n".to_vec()),
    ]
}

/// Text of an element that holds nothing else.
fn inner(element: &str) -> &str {
    element.split_once('>').unwrap().1.split('<').next().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_controller_refuses_every_attack_and_runs_nothing() {
    let home = Home::new().unwrap();
    let fleet = Fleet::start(&home.keys(), "127.10.0.1:0".parse().unwrap(), 1, Capacity::default()).unwrap();
    let (node, _) = &fleet.nodes()[0];
    let address = free_address([127, 10, 1, 1].into()).unwrap();
    let conf = Home::cluster_conf(address, &[*node]) + "DAEMON_BODY_TIMEOUT=\"1\"\n";
    home.configure(&conf).unwrap();
    let target = Target::new("cc-daemon", &home, address, Role::Cloud);
    let resources = cc::DescribeResources {
        instance_types: vec![cc::VirtualMachine {
            memory: Some(1),
            cores: Some(1),
            disk: Some(1),
            ..Default::default()
        }],
        ..Default::default()
    };
    let capacity = async || {
        let reply = euca_tests::ask(&target.peer, &resources).await?;
        Ok(!reply.text().contains("<n:availableInstances>0<"))
    };
    euca_tests::until("capacity", capacity).await.unwrap();
    let (accepted, complaints) = target.withstands(&run_instances("i-0BADCAFE"), "TerminateInstances").await;
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(accepted.text().contains("<n:instanceId>i-0BADCAFE<"), "{}", accepted.text());
    let calls = |operation: &str| fleet.nodes()[0].1.calls(operation);
    let launched = async || Ok(calls("ncRunInstance") > 0);
    euca_tests::until("launch", launched).await.unwrap();
    assert_eq!((calls("ncRunInstance"), calls("ncTerminateInstance")), (1, 0));
    let listed = euca_tests::ask(&target.peer, &cc::DescribeInstances::default()).await.unwrap();
    assert_eq!(listed.text().matches("<n:instances>").count(), 1, "{}", listed.text());
    assert!(target.daemon.stop().unwrap().success());
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_controller_refuses_every_attack_and_runs_nothing() {
    let libvirtd = PrivateLibvirtd::start(&node::cache()).await.unwrap();
    let bridge = TestBridge::create(&node::bridge_name()).unwrap();
    let home = Home::new().unwrap();
    let address = free_address([127, 10, 2, 1].into()).unwrap();
    node::configure(&home, address, &libvirtd.uri(), bridge.name()).unwrap();
    let conf = home.path().join("etc/eucalyptus/eucalyptus.conf");
    let conf = std::fs::read_to_string(conf).unwrap() + "DAEMON_BODY_TIMEOUT=\"1\"\n";
    home.configure(&conf).unwrap();
    let target = Target::new("nc-daemon", &home, address, Role::Cluster);
    let request = nc::NcRunInstance {
        user_id: Some("alice".to_owned()),
        image_id: "emi-1".to_owned(),
        image_url: "http://127.0.0.1:1/emi-1".to_owned(),
        reservation_id: "r-41D30C2E".to_owned(),
        instance_id: "i-0BADCAFE".to_owned(),
        instance_type: nc::VirtualMachine {
            memory: Some(128),
            cores: Some(1),
            disk: Some(2),
            ..Default::default()
        },
        ..Default::default()
    };
    let (accepted, complaints) = target.withstands(&request, "ncTerminateInstance").await;
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(accepted.text().contains("<n:stateName>Pending</n:stateName>"), "{}", accepted.text());
    let everything = nc::NcDescribeInstances { user_id: Some("eucalyptus".to_owned()), ..Default::default() };
    let listed = target.peer.send(&everything).await.unwrap();
    assert_eq!(listed.text().matches("<n:instances>").count(), 1, "{}", listed.text());
    let accepted = target.log().matches("] accepted instance=").count();
    assert_eq!(accepted, 1, "{}", target.log());
    assert!(target.daemon.stop().unwrap().success());
}
