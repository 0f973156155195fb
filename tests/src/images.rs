//! A Walrus, as far as a node asks it: manifests and images of the files in one folder, for requests that are signed
//! as release 2.0.1 signs them (storage.md §5.5).

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::hash::MessageDigest;
use openssl::sign::Verifier;
use openssl::x509::X509;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Where objects are, below the server.
const BUCKET: &str = "/services/Walrus/images/";
/// What a manifest's name ends with.
const MANIFEST: &str = ".manifest.xml";

/// What is wrong with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ailment {
    /// It knows nothing of anything: 404.
    Missing,
    /// It fails at everything: 500.
    Failing,
    /// Of an image, half comes, and then nothing.
    Stalling,
    /// Of an image, half comes, and then the end.
    Truncating,
    /// No bit of an image is as it should be.
    Corrupting,
    /// Of an image, half comes, and the rest when it is well again.
    Holding,
}

/// A server of the files in one folder; ends when dropped.
#[derive(Debug)]
pub struct ImageServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    folder: PathBuf,
    served: Mutex<Vec<String>>,
    ailment: watch::Sender<Option<Ailment>>,
    /// Requests that have felt it.
    felt: AtomicUsize,
}

impl ImageServer {
    /// Serves `folder` on a free port of `ip`.
    ///
    /// # Errors
    /// The kernel's.
    pub async fn start(ip: Ipv4Addr, folder: PathBuf) -> Result<Self> {
        let listener = TcpListener::bind((ip, 0)).await?;
        let address = listener.local_addr()?;
        let (served, felt) = (Mutex::default(), AtomicUsize::new(0));
        let shared = Arc::new(Shared { folder, served, ailment: watch::Sender::new(None), felt });
        let server = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away is its own business.
                tokio::spawn(serve(stream, Arc::clone(&server)));
            }
        });
        Ok(Self { address, shared, task })
    }

    /// From now on it is ill, or well.
    pub fn ail(&self, ailment: Option<Ailment>) {
        self.shared.ailment.send_replace(ailment);
    }

    /// How many requests have felt its ailments.
    pub fn felt(&self) -> usize {
        self.shared.felt.load(Ordering::Relaxed)
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
        self.shared.served.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for ImageServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) -> Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 16_384 || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let request = Request::parse(&String::from_utf8_lossy(&head));
    let request = match request.context("not a request").and_then(|request| request.authenticated()) {
        Err(error) => return refuse(&mut stream, "403 Forbidden", &format!("{error:#}")).await,
        Ok(request) => request,
    };
    let ailment = *shared.ailment.borrow();
    let everything = matches!(ailment, Some(Ailment::Missing | Ailment::Failing));
    if ailment.is_some() && (everything || request.wants_image) {
        shared.felt.fetch_add(1, Ordering::Relaxed);
    }
    if ailment == Some(Ailment::Failing) {
        return refuse(&mut stream, "500 Internal Server Error", "InternalError").await;
    }
    let file = tokio::fs::File::open(shared.folder.join(&request.name)).await;
    let Some(mut file) = file.ok().filter(|_| ailment != Some(Ailment::Missing)) else {
        return refuse(&mut stream, "404 Not Found", "NoSuchKey").await;
    };
    let length = file.metadata().await?.len();
    if request.wants_image {
        answer(&mut stream, "200 OK", length).await?;
        match ailment {
            None => {}
            Some(Ailment::Corrupting) => {
                let mut image = Vec::new();
                file.read_to_end(&mut image).await?;
                image.iter_mut().for_each(|byte| *byte = !*byte);
                stream.write_all(&image).await?;
            }
            Some(ailment) => {
                tokio::io::copy(&mut (&mut file).take(length / 2), &mut stream).await?;
                let mut seen = shared.ailment.subscribe();
                match ailment {
                    Ailment::Stalling => std::future::pending().await,
                    Ailment::Holding => drop(seen.wait_for(Option::is_none).await?),
                    _ => return Ok(stream.shutdown().await?),
                }
            }
        }
        tokio::io::copy(&mut file, &mut stream).await?;
        shared.served.lock().unwrap_or_else(PoisonError::into_inner).push(request.name);
    } else {
        let manifest = manifest(&request.name, length);
        answer(&mut stream, "200 OK", manifest.len() as u64).await?;
        stream.write_all(manifest.as_bytes()).await?;
    }
    Ok(stream.shutdown().await?)
}

async fn answer(stream: &mut TcpStream, status: &str, length: u64) -> Result<()> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n");
    Ok(stream.write_all(head.as_bytes()).await?)
}

async fn refuse(stream: &mut TcpStream, status: &str, code: &str) -> Result<()> {
    let body = format!("<Error><Code>{code}</Code></Error>");
    answer(stream, status, body.len() as u64).await?;
    stream.write_all(body.as_bytes()).await?;
    Ok(stream.shutdown().await?)
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
