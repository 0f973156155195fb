//! From a message to bytes. Exact: XSD order, `n:` prefixes as the C side writes them, start and end tags for
//! empty values, no white space, and only ASCII. Characters beyond ASCII and CR leave as numeric references:
//! a CLC with an ISO-8859-1 locale rejects raw ones and a C peer takes them for the end of the document
//! (wire.md §3.1, §3.7, W31, W35).
//!
//! A reply that would be too long for a CLC is spelled without prefixes, which a CLC reads just as well.

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

/// Longest body element a CLC takes in a reply, in bytes: it reads 1 MiB (clc.md §2.1), of which the envelope
/// and its signature need up to 6 KiB.
pub const CLC_BODY_LIMIT: usize = (1 << 20) - (8 << 10);

/// Appends elements to a buffer.
pub struct Encoder<'a> {
    out: &'a mut Vec<u8>,
    generation: Generation,
    prefixed: bool,
}

impl<'a> Encoder<'a> {
    /// An encoder that appends to `out`.
    pub fn new(out: &'a mut Vec<u8>, generation: Generation) -> Self {
        Self { out, generation, prefixed: true }
    }

    /// An encoder in the short spelling.
    pub(crate) fn short(out: &'a mut Vec<u8>) -> Self {
        Self { prefixed: false, ..Self::new(out, Generation::default()) }
    }

    /// Bytes that `value` takes in the short spelling, the element around it not counted.
    pub fn short_length(value: &impl Encode) -> usize {
        let mut out = Vec::with_capacity(1024);
        value.encode(&mut Encoder::short(&mut out));
        out.len()
    }

    /// For whom this is written.
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Writes a body element: `<n:NAME xmlns:n="…">content</n:NAME>`. Should that take more than `limit` bytes, it
    /// is written as `<NAME xmlns="…">content</NAME>`, with no prefix on what is in it.
    pub fn root(&mut self, name: &str, limit: usize, content: impl Fn(&mut Self)) {
        let start = self.out.len();
        self.declared(name, &content);
        if self.prefixed && self.out.len() - start > limit {
            self.out.truncate(start);
            self.prefixed = false;
            self.declared(name, &content);
            self.prefixed = true;
        }
    }

    /// Writes an element that declares the namespace.
    fn declared(&mut self, name: &str, content: impl Fn(&mut Self)) {
        let (prefix, declaration) = if self.prefixed { ("n:", " xmlns:n=\"") } else { ("", " xmlns=\"") };
        for part in ["<", prefix, name, declaration, NAMESPACE, "\">"] {
            self.raw(part);
        }
        content(self);
        for part in ["</", prefix, name, ">"] {
            self.raw(part);
        }
    }

    /// Writes an element with text; `open` and `close` are its complete tags.
    pub fn string(&mut self, open: &str, value: &str, close: &str) {
        self.tag(open);
        text(value, self.out);
        self.tag(close);
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
        self.tag(open);
        self.out.extend_from_slice(&digits[at..]);
        self.tag(close);
    }

    /// Writes an element with `true` or `false`.
    pub fn boolean(&mut self, open: &str, value: bool, close: &str) {
        self.tag(open);
        self.raw(if value { "true" } else { "false" });
        self.tag(close);
    }

    /// Writes an element with an instant.
    pub fn date_time(&mut self, open: &str, value: DateTime, close: &str) {
        use std::io::Write as _;
        self.tag(open);
        // Writing to a Vec cannot fail.
        let _ = write!(self.out, "{value}");
        self.tag(close);
    }

    /// Writes an element with the fields of `value`.
    pub fn nested(&mut self, open: &str, value: &impl Encode, close: &str) {
        self.tag(open);
        value.encode(self);
        self.tag(close);
    }

    /// Writes a tag given as `<n:name>` or `</n:name>`.
    fn tag(&mut self, tag: &str) {
        if self.prefixed {
            return self.raw(tag);
        }
        for bracket in ["<", "</"] {
            if let Some(name) = tag.strip_prefix(bracket).and_then(|rest| rest.strip_prefix("n:")) {
                self.raw(bracket);
                return self.raw(name);
            }
        }
        self.raw(tag);
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
