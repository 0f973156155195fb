//! How a reply is written: lines of fields, or what somebody else wrote.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::Error;

/// A reply as the client sees it.
pub trait Reply: Serialize {
    /// `return`: whether the peer did what was asked.
    fn done(&self) -> bool;

    /// `statusMessage`, where it is a text: a node's is a number, and says no more than `return`.
    fn status_message(&self) -> Option<&str> {
        None
    }

    /// Writes what a successful reply says.
    ///
    /// # Errors
    /// The output's, and [`io::ErrorKind::InvalidData`] when what is encoded in base64 is not.
    fn lines(&self, out: &mut Output<impl Write>) -> io::Result<()>;
}

/// Where lines go.
#[derive(Debug)]
pub struct Output<W> {
    writer: W,
    /// Whether a person's terminal interprets what is written.
    terminal: bool,
}

impl<W: Write> Output<W> {
    /// Lines to `writer`; what an instance or a log says is made harmless for a `terminal`.
    pub fn new(writer: W, terminal: bool) -> Self {
        Self { writer, terminal }
    }

    /// A document as JSON, and a line feed.
    pub(crate) fn json(&mut self, document: &impl Serialize) -> Result<(), Error> {
        serde_json::to_writer_pretty(&mut self.writer, document)?;
        Ok(self.writer.write_all(b"\n")?)
    }

    /// The lines of bundle tasks, of which each is an instance and a state.
    pub(crate) fn bundle_tasks<'a>(
        &mut self,
        tasks: impl IntoIterator<Item = [&'a Option<String>; 2]>,
    ) -> io::Result<()> {
        tasks.into_iter().enumerate().try_for_each(|(number, task)| {
            let [instance, state] = task.map(optional);
            writeln!(self.writer, "BUNDLE {number}: {instance} {state}")
        })
    }

    /// Text of many lines that somebody else wrote, and a line feed.
    pub(crate) fn foreign(&mut self, text: &[u8]) -> io::Result<()> {
        if self.terminal {
            let text = String::from_utf8_lossy(text);
            self.writer
                .write_all(escaped(&text, |character| !matches!(character, '\n' | '\r' | '\t')).as_bytes())?;
        } else {
            self.writer.write_all(text)?;
        }
        self.writer.write_all(b"\n")
    }
}

impl<W: Write> Write for Output<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// One field of a line: a record stays one line, whatever its user data holds.
pub(crate) fn field(text: &str) -> String {
    escaped(text, |_| true)
}

/// A field that may be absent.
pub(crate) fn optional(text: &Option<String>) -> String {
    field(text.as_deref().unwrap_or_default())
}

fn escaped(text: &str, harmful: impl Fn(char) -> bool) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() && harmful(character) {
            true => safe.extend(character.escape_default()),
            false => safe.push(character),
        }
    }
    safe
}

/// Fields that are one, with this between them.
pub(crate) fn fields(texts: &[String], between: &str) -> String {
    texts.iter().map(|text| field(text)).collect::<Vec<_>>().join(between)
}

pub(crate) fn decode(text: &str) -> io::Result<Vec<u8>> {
    let text: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
