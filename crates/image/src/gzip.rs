//! A sequence of gzip members as it arrives: each block of 8192 bytes of an image is one (storage.md §5.8), and only
//! the image's size tells where they end.

use std::collections::VecDeque;
use std::io::{self, BufRead, ErrorKind, Read};

use bytes::{Buf as _, Bytes};
use flate2::bufread::MultiGzDecoder;

use crate::error::Error;
use crate::landing::Landing;

/// Decoder of members that arrive in pieces.
pub(crate) struct Members {
    what: String,
    decoder: MultiGzDecoder<Queue>,
    buffer: Vec<u8>,
}

impl Members {
    /// For what comes from `what`.
    pub fn new(what: &str) -> Self {
        let decoder = MultiGzDecoder::new(Queue::default());
        Self { what: what.to_owned(), decoder, buffer: vec![0; 64 << 10] }
    }

    /// Takes the next piece and writes what it holds.
    pub fn inflate(&mut self, piece: Bytes, landing: &mut Landing) -> Result<(), Error> {
        self.decoder.get_mut().pieces.push_back(piece);
        loop {
            match self.decoder.read(&mut self.buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => landing.write(self.buffer.get(..length).unwrap_or_default())?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(source) => {
                    // Another attempt may bring it whole.
                    return Err(Error::Transient {
                        what: self.what.clone(),
                        reason: "its compressed content is damaged".to_owned(),
                        source: Some(source.into()),
                    });
                }
            }
        }
    }

    /// Whether what has come so far ends with a member whose checksum is right.
    pub fn is_at_end(&mut self) -> bool {
        self.decoder.get_mut().ended = true;
        let at_end = matches!(self.decoder.read(&mut self.buffer), Ok(0));
        self.decoder.get_mut().ended = false;
        at_end
    }
}

/// Pieces that wait to be read. Empty, it would block, unless it has ended.
#[derive(Default)]
struct Queue {
    pieces: VecDeque<Bytes>,
    ended: bool,
}

impl BufRead for Queue {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.pieces.front().is_some_and(Bytes::is_empty) {
            self.pieces.pop_front();
        }
        match self.pieces.front() {
            Some(piece) => Ok(piece),
            None if self.ended => Ok(&[]),
            None => Err(ErrorKind::WouldBlock.into()),
        }
    }

    fn consume(&mut self, bytes: usize) {
        if let Some(piece) = self.pieces.front_mut() {
            piece.advance(bytes.min(piece.len()));
        }
    }
}

impl Read for Queue {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let waiting = self.fill_buf()?;
        let length = waiting.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(waiting) {
            *to = *from;
        }
        self.consume(length);
        Ok(length)
    }
}
