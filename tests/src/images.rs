//! Serves image files over HTTP, as far as a node asks for them.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A server of the files in one folder; ends when dropped.
#[derive(Debug)]
pub struct ImageServer {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl ImageServer {
    /// Serves `folder` on a free port of `ip`.
    ///
    /// # Errors
    /// The kernel's.
    pub async fn start(ip: std::net::Ipv4Addr, folder: PathBuf) -> Result<Self> {
        let listener = TcpListener::bind((ip, 0)).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away is its own business.
                tokio::spawn(serve(stream, folder.clone()));
            }
        });
        Ok(Self { address, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// URL of a file.
    pub fn url(&self, file: &str) -> String {
        format!("http://{}/{file}", self.address)
    }
}

impl Drop for ImageServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, folder: PathBuf) -> Result<()> {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        if head.len() > 16_384 || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let name = head.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
    // Where a Walrus has them.
    let name = name.trim_start_matches("services/Walrus/");
    let content = if name.contains('/') { None } else { tokio::fs::read(folder.join(name)).await.ok() };
    let (status, content) = content.map_or(("404 Not Found", Vec::new()), |content| ("200 OK", content));
    let reply =
        format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", content.len());
    stream.write_all(reply.as_bytes()).await?;
    stream.write_all(&content).await?;
    stream.shutdown().await?;
    Ok(())
}
