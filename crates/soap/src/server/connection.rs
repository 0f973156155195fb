//! What a connection holds: its place in the counts, and a stream that notices a peer that takes nothing.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::CancellationToken;

/// Counts open connections, in all and by address.
#[derive(Debug, Default)]
pub(super) struct Connections(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    by_peer: HashMap<IpAddr, usize>,
}

/// A connection's place in the counts, given back on drop.
#[derive(Debug)]
pub(super) struct Place {
    connections: Arc<Connections>,
    peer: IpAddr,
}

impl Connections {
    /// A place for one more connection of `peer`, unless the limit is reached: then says which.
    pub(super) fn enter(
        self: &Arc<Self>,
        peer: IpAddr,
        total: usize,
        per_peer: usize,
    ) -> Result<Place, &'static str> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.total >= total {
            return Err("connection-limit");
        }
        let count = counts.by_peer.entry(peer).or_default();
        if *count >= per_peer {
            return Err("peer-connection-limit");
        }
        *count += 1;
        counts.total += 1;
        Ok(Place { connections: Arc::clone(self), peer })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.connections.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.total -= 1;
        if let Some(count) = counts.by_peer.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                counts.by_peer.remove(&self.peer);
            }
        }
    }
}

/// Makes the kernel answer with a reset when `stream` is dropped. A CLC waits for ever on a connection that ends
/// with FIN before its reply is complete; a reset it takes as a failure (C12, W32).
pub(super) fn reset_on_close(stream: &TcpStream) {
    let _ = socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// A stream whose writes fail when the peer takes nothing for `stall`, and which ends with a reset once `abort`
/// is cancelled, or when it has carried no reply: the peer's request may be on its way. hyper owns it, so the
/// reset has to wait for its drop.
pub(super) struct Guarded {
    stream: TcpStream,
    stall: Duration,
    abort: CancellationToken,
    written: bool,
    /// Runs while a write is pending.
    deadline: Option<Pin<Box<Sleep>>>,
}

impl Guarded {
    pub(super) fn new(stream: TcpStream, stall: Duration, abort: CancellationToken) -> Self {
        Self { stream, stall, abort, written: false, deadline: None }
    }

    fn watch(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if result.is_ready() {
            self.written = true;
            self.deadline = None;
            return result;
        }
        let stall = self.stall;
        let deadline =
            self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + stall)));
        if deadline.as_mut().poll(context).is_ready() {
            reset_on_close(&self.stream);
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "peer takes no data")));
        }
        Poll::Pending
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if self.abort.is_cancelled() || !self.written {
            reset_on_close(&self.stream);
        }
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        data: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(context, data);
        self.watch(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.written {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
