//! Fetching a manifest or an image, with as many attempts as it takes (storage.md §5.9). An image passes once from
//! the connection to its file: while one block is hashed and written, the next one is received.

use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;

use crate::error::Error;
use crate::gzip::Members;
use crate::landing::{Form, Landed, Landing};
use crate::manifest::MAX_MANIFEST;
use crate::walrus::{ImageSource, Reply, What};

/// Bytes that are written at a time; twice as many may be in memory.
const BLOCK: usize = 1 << 20;

/// How often a request is made, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retries {
    /// Attempts in all.
    pub attempts: u32,
    /// Pause after the first failed attempt; doubles with each, give or take a fifth.
    pub pause: Duration,
    /// The longest pause.
    pub max_pause: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self { attempts: 9, pause: Duration::from_secs(2), max_pause: Duration::from_secs(300) }
    }
}

impl Retries {
    pub(crate) fn of<'a>(&'a self, what: &'a str) -> Attempts<'a> {
        Attempts { what, made: 0, pause: self.pause, limits: self }
    }
}

/// The attempts at one request.
pub(crate) struct Attempts<'a> {
    what: &'a str,
    made: u32,
    pause: Duration,
    limits: &'a Retries,
}

impl Attempts<'_> {
    /// Waits until it is time for another attempt.
    ///
    /// # Errors
    /// The given one, when there is to be none.
    pub(crate) async fn again(&mut self, error: Error) -> Result<(), Error> {
        self.made += 1;
        if !may_pass(&error) || self.made >= self.limits.attempts {
            return Err(error);
        }
        let (what, made, error) = (self.what, self.made, euca_observe::chain(&error));
        tracing::warn!(what, made, error, "request failed, will try again");
        sleep(jittered(self.pause)).await;
        self.pause = (self.pause * 2).min(self.limits.max_pause);
        Ok(())
    }
}

/// Whether another attempt may help. What is too short may be an error document that came with status 200 (Q13).
fn may_pass(error: &Error) -> bool {
    match error {
        Error::SizeMismatch { expected, found, .. } => found < expected,
        error => error.is_transient(),
    }
}

/// Give or take a fifth, so that nodes whose server went away do not all come back at once.
fn jittered(pause: Duration) -> Duration {
    let chance = RandomState::new().hash_one(pause) % 401;
    pause * (800 + u32::try_from(chance).unwrap_or(200)) / 1000
}

/// The manifest at `url`, byte for byte.
pub(crate) async fn manifest<S: ImageSource>(
    source: &S,
    retries: &Retries,
    url: &str,
) -> Result<Vec<u8>, Error> {
    let mut attempts = retries.of(url);
    loop {
        let attempt = async { collect(source.get(url, What::Manifest).await?, url).await };
        match attempt.await {
            Err(error) => attempts.again(error).await?,
            manifest => return manifest,
        }
    }
}

async fn collect(mut reply: Reply, url: &str) -> Result<Vec<u8>, Error> {
    let mut manifest = Vec::new();
    while let Some(piece) = reply.content.next().await {
        manifest.extend_from_slice(&piece?);
        if manifest.len() > MAX_MANIFEST {
            let reason = "it is too long for a manifest".to_owned();
            return Err(Error::Corrupt { what: url.to_owned(), reason });
        }
    }
    Ok(manifest)
}

/// Writes the image of `size` bytes that the manifest at `url` describes to the file `to`, in this form. It is
/// durable then.
pub(crate) async fn image<S: ImageSource>(
    source: &S,
    retries: &Retries,
    url: &str,
    size: u64,
    to: &Path,
    form: Form,
) -> Result<Landed, Error> {
    let mut attempts = retries.of(url);
    loop {
        let attempt = async { receive(source.get(url, What::Image).await?, url, size, to, form).await };
        match attempt.await {
            Err(error) => attempts.again(error).await?,
            landed => return landed,
        }
    }
}

/// What is received and not written yet.
#[derive(Default)]
struct Block {
    pieces: Vec<Bytes>,
    bytes: usize,
}

/// The writing side, which goes from one blocking job to the next.
struct Writer {
    landing: Landing,
    members: Option<Members>,
}

impl Writer {
    fn write(&mut self, block: Block) -> Result<(), Error> {
        for piece in block.pieces {
            match &mut self.members {
                Some(members) => members.inflate(piece, &mut self.landing)?,
                None => self.landing.write(&piece)?,
            }
        }
        Ok(())
    }

    /// Whether all has come, whatever the connection does: the end of gzip members is to be seen by nothing else.
    fn is_complete(&mut self) -> bool {
        let landing = &self.landing;
        self.members.as_mut().is_some_and(|members| landing.is_full() && members.is_at_end())
    }
}

/// Writes what a reply brings, if it is an image of `size` bytes.
pub(crate) async fn receive(
    mut reply: Reply,
    url: &str,
    size: u64,
    to: &Path,
    form: Form,
) -> Result<Landed, Error> {
    if let Some(found) = reply.length.filter(|length| !reply.compressed && *length != size) {
        return Err(Error::SizeMismatch { what: url.to_owned(), expected: size, found });
    }
    let (path, what) = (to.to_owned(), url.to_owned());
    let mut members = reply.compressed.then(|| Members::new(url));
    let begin =
        move || Ok(Writer { landing: Landing::begin(&what, &path, size, form)?, members: members.take() });
    let mut writing: JoinHandle<Result<Writer, Error>> = spawn_blocking(begin);
    let mut idle: Option<Writer> = None;
    let (mut block, mut ended) = (Block::default(), false);
    loop {
        tokio::select! {
            piece = reply.content.next(), if !ended && block.bytes < BLOCK => match piece {
                Some(piece) => {
                    let piece = piece?;
                    block.bytes += piece.len();
                    block.pieces.push(piece);
                }
                None => ended = true,
            },
            written = &mut writing, if idle.is_none() => {
                idle = Some(written.unwrap_or(Err(Error::Cancelled))?);
            }
        }
        let Some(mut writer) = idle.take() else { continue };
        if writer.is_complete() || ended && block.bytes == 0 {
            return spawn_blocking(move || writer.landing.finish()).await.unwrap_or(Err(Error::Cancelled));
        }
        if block.bytes >= BLOCK || ended || reply.compressed && block.bytes > 0 {
            let full = std::mem::take(&mut block);
            writing = spawn_blocking(move || writer.write(full).map(|()| writer));
        } else {
            idle = Some(writer);
        }
    }
}
