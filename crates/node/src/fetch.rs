//! Images over HTTP, streamed to a file within limits of size and time.
//!
//! Plain GET of the URLs of ncRunInstance. Walrus's signed requests, manifests and compressed transfers come with
//! the image cache and will be another [`ImageSource`].

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncSeekExt, AsyncWriteExt, BufWriter};
use tokio::time::{sleep, timeout};

use crate::error::{Chain, Error};
use crate::settings::FetchSettings;

/// Longest URL that is fetched (storage.md §5.1).
const MAX_URL: usize = 4095;
/// Bytes collected before they are written.
const BUFFER: usize = 1 << 20;

/// Where images come from.
pub trait ImageSource: Send + Sync + 'static {
    /// Writes what is at `url` to the file `to`, which is created or emptied, beginning at byte `offset`; at most
    /// `limit` bytes. Returns their number. The content is durable then. Dropping the future gives up.
    ///
    /// # Errors
    /// When the content is not to be had, is larger than `limit`, or cannot be written.
    fn fetch(
        &self,
        url: &str,
        to: &Path,
        offset: u64,
        limit: u64,
    ) -> impl Future<Output = Result<u64, Error>> + Send;
}

/// [`ImageSource`] over HTTP/1.1. No redirects, no TLS, no proxy; each request has its own connection.
#[derive(Debug, Clone)]
pub struct HttpSource {
    client: Client<HttpConnector, Empty<Bytes>>,
    settings: FetchSettings,
}

/// Whether another attempt may help.
enum Failure {
    Passing(Error),
    Final(Error),
}

impl HttpSource {
    /// A source with these limits.
    pub fn new(settings: FetchSettings) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(settings.connect));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Self { client, settings }
    }

    async fn attempt(&self, uri: &Uri, to: &Path, offset: u64, limit: u64) -> Result<u64, Failure> {
        let url = || uri.to_string();
        let broken = |source| Failure::Passing(Error::Transfer { url: url(), source });
        let unwritten = |source| Failure::Final(Error::file("write", to)(source));
        let too_large = || Failure::Final(Error::TooLarge { url: url(), limit });

        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri.clone();
        let first_byte = self.settings.first_byte;
        let response = timeout(first_byte, self.client.request(request))
            .await
            .map_err(|_| Failure::Passing(Error::Stalled { url: url(), limit: first_byte }))?
            .map_err(|error| broken(error.into()))?;
        let status = response.status();
        if status != StatusCode::OK {
            let error = Error::Status { url: url(), status: status.as_u16() };
            return Err(if is_passing(status) { Failure::Passing(error) } else { Failure::Final(error) });
        }
        let mut body = response.into_body();
        if http_body::Body::size_hint(&body).lower() > limit {
            return Err(too_large());
        }

        let mut file = create(to, offset).await.map_err(unwritten)?;
        let mut received = 0;
        let stall = self.settings.stall;
        loop {
            let frame = timeout(stall, body.frame())
                .await
                .map_err(|_| Failure::Passing(Error::Stalled { url: url(), limit: stall }))?;
            let Some(frame) = frame else { break };
            let Ok(data) = frame.map_err(|error| broken(error.into()))?.into_data() else { continue };
            received += data.len() as u64;
            if received > limit {
                return Err(too_large());
            }
            file.write_all(&data).await.map_err(unwritten)?;
        }
        file.flush().await.map_err(unwritten)?;
        file.get_ref().sync_all().await.map_err(unwritten)?;
        Ok(received)
    }
}

impl ImageSource for HttpSource {
    async fn fetch(&self, url: &str, to: &Path, offset: u64, limit: u64) -> Result<u64, Error> {
        let uri = parse(url)?;
        let mut pause = self.settings.pause;
        for attempt in 1.. {
            match self.attempt(&uri, to, offset, limit).await {
                Ok(received) => return Ok(received),
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Passing(error)) if attempt >= self.settings.attempts => return Err(error),
                Err(Failure::Passing(error)) => {
                    tracing::warn!(url, attempt, error = %Chain(&error), "fetching failed, will try again");
                    sleep(jittered(pause)).await;
                    pause = (pause * 2).min(self.settings.max_pause);
                }
            }
        }
        Err(Error::Url { url: url.to_owned(), reason: "no attempt is allowed" })
    }
}

fn parse(url: &str) -> Result<Uri, Error> {
    let refuse = |reason| Error::Url { url: url.to_owned(), reason };
    if url.len() > MAX_URL {
        return Err(refuse("it is too long"));
    }
    let uri: Uri = url.parse().map_err(|_| refuse("it is not a URL"))?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(host)) if !host.is_empty() => Ok(uri),
        _ => Err(refuse("it does not begin with http:// and a host")),
    }
}

/// Statuses that another attempt may turn into success (storage.md §5.9).
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504)
}

async fn create(path: &Path, offset: u64) -> std::io::Result<BufWriter<File>> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path).await?;
    file.seek(std::io::SeekFrom::Start(offset)).await?;
    Ok(BufWriter::with_capacity(BUFFER, file))
}

/// Give or take a fifth, so that nodes whose server went away do not all come back at once.
fn jittered(pause: Duration) -> Duration {
    let chance = RandomState::new().hash_one(pause) % 401;
    pause * (800 + u32::try_from(chance).unwrap_or(200)) / 1000
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    /// Answers connection `n` with `answers[n]`, the last one for ever; `None` sends nothing and waits.
    async fn server(answers: Vec<Option<Vec<u8>>>) -> (String, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/image", listener.local_addr().unwrap());
        let count = Arc::new(AtomicUsize::new(0));
        let served = Arc::clone(&count);
        tokio::spawn(async move {
            loop {
                let (mut peer, _) = listener.accept().await.unwrap();
                let number = served.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
                let answer = answers[number].clone();
                tokio::spawn(async move {
                    let mut request = [0; 1024];
                    let length = peer.read(&mut request).await.unwrap();
                    assert!(request[..length].starts_with(b"GET /image HTTP/1.1\r\n"));
                    match answer {
                        Some(answer) => peer.write_all(&answer).await.unwrap(),
                        None => sleep(Duration::from_secs(60)).await,
                    }
                });
            }
        });
        (url, count)
    }

    fn answer(head: &str, body: &[u8]) -> Option<Vec<u8>> {
        Some([head.as_bytes(), b"\r\n\r\n", body].concat())
    }

    fn source(attempts: u32) -> HttpSource {
        HttpSource::new(FetchSettings {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(1),
            stall: Duration::from_secs(1),
            attempts,
            pause: Duration::from_millis(1),
            max_pause: Duration::from_millis(5),
        })
    }

    #[tokio::test]
    async fn content_arrives_at_its_offset_however_it_is_framed() {
        for head in [
            "HTTP/1.1 200 OK\r\nContent-Length: 5",
            "HTTP/1.1 200 OK\r\nConnection: close",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked",
        ] {
            let body: &[u8] =
                if head.contains("chunked") { b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n" } else { b"hello" };
            let (url, _) = server(vec![answer(head, body)]).await;
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), "what was there before").unwrap();
            assert_eq!(source(1).fetch(&url, file.path(), 3, 5).await.unwrap(), 5, "{head}");
            assert_eq!(std::fs::read(file.path()).unwrap(), b"\0\0\0hello", "{head}");
        }
    }

    #[tokio::test]
    async fn passing_failures_are_tried_again_and_final_ones_are_not() {
        let good = || answer("HTTP/1.1 200 OK\r\nContent-Length: 5", b"hello");
        let status = |number: u16| answer(&format!("HTTP/1.1 {number} X\r\nContent-Length: 0"), b"");
        // First answer, requests in all, whether the second answer saved it.
        let rows = [
            (status(503), 2, true),
            (status(500), 2, true),
            (status(408), 2, true),
            (None, 2, true),                                                   // silence
            (Some(Vec::new()), 2, true),                                       // closed at once
            (Some(b"garbage\r\n\r\n".to_vec()), 2, true),                      // not HTTP
            (answer("HTTP/1.1 200 OK\r\nContent-Length: 5", b"hel"), 2, true), // cut short
            (status(404), 1, false),
            (status(403), 1, false),
            (status(302), 1, false),
            (answer("HTTP/1.1 200 OK\r\nContent-Length: 6", b"hello!"), 1, false), // too large by its head
            (answer("HTTP/1.1 200 OK\r\nConnection: close", b"hello!"), 1, false), // too large in fact
        ];
        for (index, (first, requests, saved)) in rows.into_iter().enumerate() {
            let (url, count) = server(vec![first, good()]).await;
            let file = tempfile::NamedTempFile::new().unwrap();
            let result = source(3).fetch(&url, file.path(), 0, 5).await;
            assert_eq!(result.is_ok(), saved, "row {index}: {result:?}");
            assert_eq!(count.load(Ordering::SeqCst), requests, "row {index}");
            if saved {
                assert_eq!(
                    std::fs::read(file.path()).unwrap(),
                    b"hello",
                    "row {index}: no rest of the first try"
                );
            }
        }
    }

    #[tokio::test]
    async fn attempts_are_counted_and_the_last_failure_is_told() {
        let (url, count) = server(vec![None]).await;
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = source(3).fetch(&url, file.path(), 0, 5).await.unwrap_err();
        assert!(matches!(error, Error::Stalled { .. }), "{error:?}");
        assert_eq!(count.load(Ordering::SeqCst), 3);
        // nc_051: nobody listens there.
        let error = source(2).fetch("http://127.0.0.1:1/image", file.path(), 0, 5).await.unwrap_err();
        assert!(matches!(error, Error::Transfer { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_written_is_final() {
        let (url, count) = server(vec![answer("HTTP/1.1 200 OK\r\nContent-Length: 5", b"hello")]).await;
        let error = source(3).fetch(&url, Path::new("/nonexistent/file"), 0, 5).await.unwrap_err();
        assert!(matches!(error, Error::File { .. }), "{error:?}");
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn only_http_urls_with_a_host_are_fetched() {
        for good in ["http://127.0.0.1:8773/services/Walrus/b/k?x=1", "HTTP://host/i"] {
            assert!(parse(good).is_ok(), "{good}");
        }
        let long = format!("http://h/{}", "x".repeat(MAX_URL));
        for bad in
            ["", "/i", "http://", "https://h/i", "file:///etc/passwd", "h/i", "http://h/\r\nX: y", &long]
        {
            assert!(matches!(parse(bad), Err(Error::Url { .. })), "{bad}");
        }
    }

    #[test]
    fn pauses_differ_by_a_fifth_at_most() {
        for _ in 0..1000 {
            let pause = jittered(Duration::from_secs(1));
            assert!((800..=1200).contains(&pause.as_millis()), "{pause:?}");
        }
    }
}
