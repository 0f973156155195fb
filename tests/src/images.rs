//! A Walrus, as far as a node asks it: manifests and images of the files in one folder, for requests that are signed
//! as release 2.0.1 signs them (storage.md §5.5).

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::hash::MessageDigest;
use openssl::sign::Verifier;
use openssl::x509::X509;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Where objects are, below the server.
const BUCKET: &str = "/services/Walrus/images/";
/// What a manifest's name ends with.
const MANIFEST: &str = ".manifest.xml";

/// A server of the files in one folder; ends when dropped.
#[derive(Debug)]
pub struct ImageServer {
    address: SocketAddr,
    served: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

impl ImageServer {
    /// Serves `folder` on a free port of `ip`.
    ///
    /// # Errors
    /// The kernel's.
    pub async fn start(ip: Ipv4Addr, folder: PathBuf) -> Result<Self> {
        let listener = TcpListener::bind((ip, 0)).await?;
        let address = listener.local_addr()?;
        let served = Arc::new(Mutex::default());
        let log = Arc::clone(&served);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away is its own business.
                tokio::spawn(serve(stream, folder.clone(), Arc::clone(&log)));
            }
        });
        Ok(Self { address, served, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// URL of the manifest of an image, which is a file in the folder.
    pub fn url(&self, file: &str) -> String {
        format!("http://{}{BUCKET}{file}{MANIFEST}", self.address)
    }

    /// Names of the images that were sent whole, in this order; manifests do not count.
    pub fn served(&self) -> Vec<String> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ImageServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, folder: PathBuf, served: Arc<Mutex<Vec<String>>>) -> Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 16_384 || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let request = Request::parse(&String::from_utf8_lossy(&head));
    match request.context("not a request").and_then(|request| request.authenticated()) {
        Err(error) => refuse(&mut stream, "403 Forbidden", &format!("{error:#}")).await?,
        Ok(request) => match tokio::fs::File::open(folder.join(&request.name)).await {
            Err(_) => refuse(&mut stream, "404 Not Found", "NoSuchKey").await?,
            Ok(mut file) => {
                let length = file.metadata().await?.len();
                if request.wants_image {
                    answer(&mut stream, "200 OK", length).await?;
                    tokio::io::copy(&mut file, &mut stream).await?;
                    served.lock().unwrap_or_else(PoisonError::into_inner).push(request.name);
                } else {
                    let manifest = manifest(&request.name, length);
                    answer(&mut stream, "200 OK", manifest.len() as u64).await?;
                    stream.write_all(manifest.as_bytes()).await?;
                }
            }
        },
    }
    stream.shutdown().await?;
    Ok(())
}

async fn answer(stream: &mut TcpStream, status: &str, length: u64) -> Result<()> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n");
    Ok(stream.write_all(head.as_bytes()).await?)
}

async fn refuse(stream: &mut TcpStream, status: &str, code: &str) -> Result<()> {
    let body = format!("<Error><Code>{code}</Code></Error>");
    answer(stream, status, body.len() as u64).await?;
    Ok(stream.write_all(body.as_bytes()).await?)
}

/// As euca2ools write it, digest of nothing included (storage.md §4.7).
fn manifest(name: &str, size: u64) -> String {
    format!(
        "<?xml version=\"1.0\"?><manifest><version>2007-10-10</version><bundler><name>euca-tools</name>\
         <version>1.3</version><release>1</release></bundler><machine_configuration><architecture>x86_64\
         </architecture></machine_configuration><image><name>{name}</name><user>000000000001</user>\
         <type>machine</type><digest algorithm=\"SHA1\">da39a3ee5e6b4b0d3255bfef95601890afd80709</digest>\
         <size>{size}</size><bundled_size>7</bundled_size><parts count=\"1\"><part index=\"0\"><filename>\
         {name}.part.0</filename></part></parts></image><signature>ab</signature></manifest>"
    )
}

/// What a node asks for.
struct Request {
    name: String,
    wants_image: bool,
    target: String,
    date: String,
    certificate: String,
    signature: String,
}

impl Request {
    fn parse(head: &str) -> Option<Self> {
        let mut lines = head.lines();
        let target = lines.next()?.strip_prefix("GET ")?.strip_suffix(" HTTP/1.1")?.to_owned();
        let lines: Vec<&str> = lines.collect();
        // Names exactly as the original writes them.
        let value = |name: &str| {
            lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::to_owned)
        };
        if value("Authorization")? != "Euca" || value("Host").is_none() {
            return None;
        }
        let operation = value("EucaOperation");
        if !operation.iter().all(|operation| operation == "GetDecryptedImage") {
            return None;
        }
        let name = target.strip_prefix(BUCKET)?.strip_suffix(MANIFEST)?.to_owned();
        Some(Self {
            name: Some(name).filter(|name| !name.contains('/'))?,
            wants_image: operation.is_some(),
            target,
            date: value("Date")?,
            certificate: value("EucaCert")?,
            signature: value("EucaSignature")?,
        })
    }

    /// The request, if its signature is that of the certificate in it.
    fn authenticated(self) -> Result<Self> {
        let certificate = X509::from_pem(&STANDARD.decode(&self.certificate)?)?;
        let key = certificate.public_key()?;
        let mut verifier = Verifier::new(MessageDigest::sha1(), &key)?;
        let signed = format!("GET\n{}\n{}\n", self.date, self.target);
        let signature = STANDARD.decode(&self.signature)?;
        ensure!(verifier.verify_oneshot(&signature, signed.as_bytes())?, "SignatureDoesNotMatch");
        Ok(self)
    }
}
