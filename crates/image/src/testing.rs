//! For tests and fuzzing: a bucket for bundles; an answer of Walrus, whatever its bytes, as it is received.

use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio::runtime::Runtime;
use tokio::time::Instant;

use crate::error::Error;
use crate::fetch;
use crate::landing::Form;
use crate::walrus::{Limits, exchange, reply};

mod bucket;

pub use bucket::{ACCESS_KEY, Bucket, Fault, policy};

/// Receives `answer` as an image of `size` bytes into the file `to`, gzip members if `compressed`. Gives where in the
/// file the image begins.
///
/// # Errors
/// As for a real server.
pub fn receive(
    runtime: &Runtime,
    answer: &[u8],
    compressed: bool,
    size: u64,
    to: &Path,
) -> Result<u64, Error> {
    let answer = answer.to_owned();
    runtime.block_on(async move {
        let (here, mut there) = duplex(64 << 10);
        tokio::spawn(async move {
            let mut request = [0; 1024];
            // A client may go away whenever it likes.
            let _ = there.read(&mut request).await;
            let _ = there.write_all(&answer).await;
        });
        let (began, limit) = (Instant::now(), Duration::from_secs(1));
        let (answer, connection) = exchange("fuzz", here, "GET".to_owned(), began, limit).await?;
        let reply = reply("fuzz", answer, connection, compressed, Limits::whole(began, limit))?;
        let landed = fetch::receive(reply, "fuzz", size, to, Form::Disk { offset: 32_256 }).await?;
        Ok(landed.offset)
    })
}
