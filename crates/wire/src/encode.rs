//! From a message to bytes. Exact: XSD order, `n:` prefixes as the C side writes them, start and end tags for
//! empty values, no white space, and only ASCII. Characters beyond ASCII and CR leave as numeric references:
//! a CLC with an ISO-8859-1 locale rejects raw ones and a C peer takes them for the end of the document
//! (wire.md §3.1, §3.7, W31, W35).

use crate::{DateTime, NAMESPACE};

/// A release of the protocol. Peers of later releases reject unknown elements, so what is written depends on
/// who reads it; today there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Generation {
    /// Eucalyptus 2.0.
    #[default]
    V2_0,
}

/// Writes its fields, without the element around them.
pub trait Encode {
    /// Appends the fields in XSD order.
    fn encode(&self, encoder: &mut Encoder<'_>);
}

/// Appends elements to a buffer.
pub struct Encoder<'a> {
    out: &'a mut Vec<u8>,
    generation: Generation,
}

impl<'a> Encoder<'a> {
    /// An encoder that appends to `out`.
    pub fn new(out: &'a mut Vec<u8>, generation: Generation) -> Self {
        Self { out, generation }
    }

    /// For whom this is written.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Writes a body element: `<n:NAME xmlns:n="…">content</n:NAME>`.
    pub fn root(&mut self, name: &str, content: impl FnOnce(&mut Self)) {
        for part in ["<n:", name, " xmlns:n=\"", NAMESPACE, "\">"] {
            self.raw(part);
        }
        content(self);
        for part in ["</n:", name, ">"] {
            self.raw(part);
        }
    }

    /// Writes an element with text; `open` and `close` are its complete tags.
    pub fn string(&mut self, open: &str, value: &str, close: &str) {
        self.raw(open);
        text(value, self.out);
        self.raw(close);
    }

    /// Writes an element with a decimal integer.
    pub fn int(&mut self, open: &str, value: i32, close: &str) {
        let mut digits = [0; 11];
        let mut at = digits.len();
        let mut rest = value.unsigned_abs();
        loop {
            at -= 1;
            // A remainder of ten fits a byte.
            digits[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            at -= 1;
            digits[at] = b'-';
        }
        self.raw(open);
        self.out.extend_from_slice(&digits[at..]);
        self.raw(close);
    }

    /// Writes an element with `true` or `false`.
    pub fn boolean(&mut self, open: &str, value: bool, close: &str) {
        self.raw(open);
        self.raw(if value { "true" } else { "false" });
        self.raw(close);
    }

    /// Writes an element with an instant.
    pub fn date_time(&mut self, open: &str, value: DateTime, close: &str) {
        use std::io::Write as _;
        self.raw(open);
        // Writing to a Vec cannot fail.
        let _ = write!(self.out, "{value}");
        self.raw(close);
    }

    /// Writes an element with the fields of `value`.
    pub fn nested(&mut self, open: &str, value: &impl Encode, close: &str) {
        self.raw(open);
        value.encode(self);
        self.raw(close);
    }

    fn raw(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }
}

/// Appends `value` as character data. Characters that XML 1.0 cannot carry become U+FFFD.
pub fn text(value: &str, out: &mut Vec<u8>) {
    let bytes = value.as_bytes();
    out.reserve(bytes.len());
    let mut plain_from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if PLAIN[usize::from(byte)] {
            continue;
        }
        // Continuation bytes belong to the character already written at their lead byte.
        if byte & 0xC0 == 0x80 {
            plain_from = at + 1;
            continue;
        }
        out.extend_from_slice(&bytes[plain_from..at]);
        plain_from = at + 1;
        match byte {
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'\r' => out.extend_from_slice(b"&#xD;"),
            0..=0x1F => reference('\u{FFFD}', out),
            _ => match value[at..].chars().next() {
                Some('\u{FFFE}' | '\u{FFFF}') | None => reference('\u{FFFD}', out),
                Some(character) => reference(character, out),
            },
        }
    }
    out.extend_from_slice(&bytes[plain_from..]);
}

fn reference(character: char, out: &mut Vec<u8>) {
    use std::io::Write as _;
    // Writing to a Vec cannot fail.
    let _ = write!(out, "&#{};", u32::from(character));
}

/// ASCII that stands for itself in character data.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20;
    while byte < 0x80 {
        plain[byte] = true;
        byte += 1;
    }
    plain[b'\t' as usize] = true;
    plain[b'\n' as usize] = true;
    plain[b'<' as usize] = false;
    plain[b'>' as usize] = false;
    plain[b'&' as usize] = false;
    plain
};
