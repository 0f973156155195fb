//! What a CLC puts on the socket: WSS4J's layout (wire.md §5.4), its headers in its order, one connection for one
//! request. Written from the recordings in `tests/golden/clc-2.0.1`, not from the product's own signer, which
//! writes another layout.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use euca_wire::{Encoder, Generation, Request};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sha::sha1;
use openssl::sign::Signer;
use openssl::x509::X509;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::keys::{Keys, Role};

const WSA: &str = "http://www.w3.org/2005/08/addressing";
const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const RSA_SHA1: &str = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
const SHA1: &str = "http://www.w3.org/2000/09/xmldsig#sha1";
const X509V3: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3";
const BASE64: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";

/// A cloud controller that knows one cluster.
pub struct Clc {
    cluster: SocketAddr,
    key: PKey<Private>,
    token: String,
}

/// A reply as it came from the socket.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Everything the peer sent until it closed, status line and headers included.
    pub raw: Vec<u8>,
}

impl Reply {
    /// HTTP status; 0 when there is none.
    pub fn status(&self) -> u16 {
        let line = self.raw.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        line.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }

    /// Everything behind the header section.
    pub fn body(&self) -> &[u8] {
        let end = self.raw.windows(4).position(|window| window == b"\r\n\r\n");
        end.and_then(|end| self.raw.get(end + 4..)).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.body()).into_owned()
    }
}

impl Clc {
    /// A CLC that signs as `role` of `keys`, normally [`Role::Cloud`], and sends to `cluster`.
    ///
    /// # Errors
    /// A key file cannot be used.
    pub fn new(keys: &Keys, role: Role, cluster: SocketAddr) -> Result<Self> {
        let pem = std::fs::read(keys.private_key(role)).context("reading the private key")?;
        let key = PKey::private_key_from_pem(&pem)?;
        let pem = std::fs::read(keys.certificate(role)).context("reading the certificate")?;
        let token = STANDARD.encode(X509::from_pem(&pem)?.to_der()?);
        Ok(Self { cluster, key, token })
    }

    /// The complete HTTP request of an operation, signed.
    ///
    /// # Errors
    /// OpenSSL's.
    pub fn message<Q: Request>(&self, request: &Q) -> Result<Vec<u8>> {
        let action = Q::OPERATION.action;
        let mut body = Vec::new();
        request.write(&mut Encoder::new(&mut body, Generation::V2_0));
        let service = action.split('#').next().unwrap_or_default();
        let path = format!("/axis2/services/{service}");
        let header = self.header(&format!("http://{}{path}", self.cluster), action)?;
        let mut envelope = b"<?xml version='1.0' encoding='utf-8'?><soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\">".to_vec();
        envelope.extend_from_slice(header.as_bytes());
        envelope.extend_from_slice(b"<soapenv:Body>");
        envelope.extend_from_slice(&body);
        envelope.extend_from_slice(b"</soapenv:Body></soapenv:Envelope>");
        Ok(self.http(&path, action, &envelope))
    }

    /// An HTTP request with the headers a CLC sends, in its order, around any entity.
    pub fn http(&self, path: &str, action: &str, entity: &[u8]) -> Vec<u8> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nContent-Length: {}\r\nContent-Type: text/xml; charset=UTF-8\r\nHost: {}\r\n\
             SOAPAction: {action}\r\n\r\n",
            entity.len(),
            self.cluster,
        );
        [head.as_bytes(), entity].concat()
    }

    fn header(&self, to: &str, action: &str) -> Result<String> {
        let mut random = [0; 16];
        openssl::rand::rand_bytes(&mut random)?;
        let hex: String = random.iter().map(|byte| format!("{byte:02X}")).collect();
        let block = |name: &str, id: &str, value: &str| {
            format!(
                "<wsa:{name} xmlns:wsa=\"{WSA}\" xmlns:wsu=\"{WSU}\" wsu:Id=\"{id}\">{value}</wsa:{name}>"
            )
        };
        // These blocks are in canonical form already.
        let to = block("To", "id-2", to);
        let message_id = block("MessageID", "id-3", &format!("urn:uuid:{hex}"));
        let action = block("Action", "id-4", action);
        let reference = |id: &str, block: &str, end: [&str; 3]| {
            let [c14n, transform, sha1_end] = end;
            format!(
                "<ds:Reference URI=\"#{id}\">\n<ds:Transforms>\n<ds:Transform Algorithm=\"{C14N}\"{c14n}\n\
                 </ds:Transforms>{transform}\n<ds:DigestMethod Algorithm=\"{SHA1}\"{sha1_end}\n\
                 <ds:DigestValue>{}</ds:DigestValue>\n</ds:Reference>\n",
                STANDARD.encode(sha1(block.as_bytes())),
            )
        };
        let signed_info = |namespace: &str, ends: [&str; 4]| {
            let [method, signature, transform, digest] = ends;
            let ends = [transform, "", digest];
            format!(
                "<ds:SignedInfo{namespace}>\n<ds:CanonicalizationMethod Algorithm=\"{C14N}\"{method}\n\
                 <ds:SignatureMethod Algorithm=\"{RSA_SHA1}\"{signature}\n{}{}{}</ds:SignedInfo>",
                reference("id-2", &to, ends),
                reference("id-3", &message_id, ends),
                reference("id-4", &action, ends),
            )
        };
        let canonical = signed_info(
            &format!(" xmlns:ds=\"{DS}\""),
            [
                "></ds:CanonicalizationMethod>",
                "></ds:SignatureMethod>",
                "></ds:Transform>",
                "></ds:DigestMethod>",
            ],
        );
        let mut signer = Signer::new(MessageDigest::sha1(), &self.key)?;
        let value = STANDARD.encode(signer.sign_oneshot_to_vec(canonical.as_bytes())?);
        let value: Vec<&str> =
            value.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap_or_default()).collect();
        Ok(format!(
            "<soapenv:Header><wsse:Security xmlns:wsse=\"{WSSE}\"><wsse:BinarySecurityToken xmlns:wsu=\"{WSU}\" \
             EncodingType=\"{BASE64}\" ValueType=\"{X509V3}\" wsu:Id=\"CertId-{hex}\">{token}</wsse:BinarySecurityToken>\
             <ds:Signature xmlns:ds=\"{DS}\" Id=\"Signature-1\">\n{written}\n<ds:SignatureValue>\n{value}\n\
             </ds:SignatureValue>\n<ds:KeyInfo Id=\"KeyId-{hex}\">\n<wsse:SecurityTokenReference xmlns:wsu=\"{WSU}\" \
             wsu:Id=\"STRId-{hex}\"><wsse:Reference URI=\"#CertId-{hex}\" ValueType=\"{X509V3}\"/>\
             </wsse:SecurityTokenReference>\n</ds:KeyInfo>\n</ds:Signature></wsse:Security>{to}{action}{message_id}\
             </soapenv:Header>",
            token = self.token,
            written = signed_info("", ["/>"; 4]),
            value = value.join("\n"),
        ))
    }

    /// Signs and sends a request.
    ///
    /// # Errors
    /// No complete reply came.
    pub async fn send<Q: Request>(&self, request: &Q) -> Result<Reply> {
        exchange(self.cluster, &self.message(request)?).await
    }
}

/// Sends a complete HTTP request on a connection of its own and reads the complete reply, for at most 70 s.
///
/// # Errors
/// Connecting or the exchange failed, or the connection ended before the reply was complete.
pub async fn exchange(peer: SocketAddr, request: &[u8]) -> Result<Reply> {
    let exchange = async {
        let mut stream = TcpStream::connect(peer).await.with_context(|| format!("connecting to {peer}"))?;
        stream.set_nodelay(true)?;
        stream.write_all(request).await?;
        let mut raw = Vec::with_capacity(8192);
        loop {
            if complete(&raw, request.starts_with(b"HEAD ")) {
                return Ok(Reply { raw });
            }
            if stream.read_buf(&mut raw).await? == 0 {
                bail!("connection closed after {} bytes of an incomplete reply", raw.len());
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(70), exchange).await.context("no reply within 70 s")?
}

/// Whether a reply with Content-Length is all there; one to HEAD ends with its headers.
fn complete(raw: &[u8], head_only: bool) -> bool {
    let Some(end) = raw.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    if head_only {
        return true;
    }
    let head = String::from_utf8_lossy(raw.get(..end).unwrap_or_default()).to_ascii_lowercase();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    length.is_some_and(|length| raw.len() >= end + 4 + length)
}
