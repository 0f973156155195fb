//! From a body element to a message. Event-driven over quick-xml, one pass, no recursion deeper than the types:
//! namespace and local name decide, order is free, unknown elements are skipped, absent stays absent.
//!
//! What is refused: markup that is not well-formed, a required element that is missing, a scalar given twice,
//! a number or date that is none, an element inside text, nesting beyond [`MAX_DEPTH`]. DTDs, duplicate ids and
//! characters that XML forbids are the envelope scan's to refuse, before this code sees a byte.

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, name::PrefixDeclaration};

use crate::{DateTime, Message, NAMESPACE};

/// Deepest nesting followed below the body element. The deepest message needs 5.
pub const MAX_DEPTH: usize = 64;

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// Why a body element is not the message it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The markup is not well-formed.
    #[error("malformed XML at byte {offset}: {message}")]
    Malformed {
        /// Offset into the element.
        offset: u64,
        /// What the reader objects to, cut to 64 characters.
        message: String,
    },
    /// Another element than the message's.
    #[error("expected element {expected}, found {found}")]
    Root {
        /// The message's element.
        expected: &'static str,
        /// What is there, cut to 64 characters.
        found: String,
    },
    /// A required element is absent.
    #[error("required element {field} of {parent} is missing")]
    Missing {
        /// The schema type.
        parent: &'static str,
        /// The absent element.
        field: &'static str,
    },
    /// An element that may occur once occurs again: two answers to one question.
    #[error("element {0} occurs more than once")]
    Repeated(&'static str),
    /// Text that is not a value of the element's type.
    #[error("{value:?} in element {field} is not {expected}")]
    Value {
        /// The element.
        field: String,
        /// Its text, cut to 64 characters.
        value: String,
        /// The type.
        expected: &'static str,
    },
    /// `xsi:nil` on an element that is not nillable.
    #[error("element {0} must not be nil")]
    Nil(String),
    /// An element inside a simple value.
    #[error("element inside the text of {0}")]
    NotText(String),
    /// Nesting beyond [`MAX_DEPTH`].
    #[error("elements nested deeper than {MAX_DEPTH}")]
    Depth,
}

/// An element cut out of a document, with the namespace bindings it inherits.
#[derive(Debug, Clone, Copy)]
pub struct Element<'a> {
    /// From `<` of the start tag to `>` of the end tag.
    pub xml: &'a str,
    /// Prefix (empty for the default namespace) and namespace of each binding in scope around the element,
    /// innermost last.
    pub scope: &'a [(&'a str, &'a str)],
}

/// Reads itself from the children of the current element.
pub trait Decode: Sized {
    /// Consumes everything up to and including the current element's end tag.
    ///
    /// # Errors
    /// As [`DecodeError`] says.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError>;
}

/// Reads `element` as a message whose element is called `name`.
pub(crate) fn message<M: Message>(element: &Element<'_>, name: &'static str) -> Result<M, DecodeError> {
    let mut decoder = Decoder::new(element);
    match decoder.start()? {
        Some(child) if child.name() == name => M::decode(&mut decoder),
        Some(child) => Err(DecodeError::Root { expected: name, found: cut(child.name()) }),
        None => Err(DecodeError::Root { expected: name, found: String::new() }),
    }
}

/// A child element whose content has not been consumed yet.
pub struct Child<'a> {
    start: BytesStart<'a>,
    ours: bool,
    nil: bool,
}

impl Child<'_> {
    /// Local name; empty for an element of another namespace, which matches no field.
    pub fn name(&self) -> &str {
        if self.ours { self.start.local_name().into_inner() } else { "" }
    }

    /// Whether it carries `xsi:nil`.
    pub fn is_nil(&self) -> bool {
        self.nil
    }
}

/// A pull reader over one element.
pub struct Decoder<'a> {
    reader: Reader<&'a [u8]>,
    bindings: Vec<Binding<'a>>,
    depth: usize,
}

struct Binding<'a> {
    prefix: Cow<'a, str>,
    namespace: Namespace,
    /// Depth of the element that declares it.
    depth: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Namespace {
    Ours,
    Instance,
    Foreign,
}

impl Namespace {
    fn of(uri: &str) -> Self {
        match uri {
            NAMESPACE => Self::Ours,
            XSI => Self::Instance,
            _ => Self::Foreign,
        }
    }
}

impl<'a> Decoder<'a> {
    /// A decoder in front of `element`.
    pub fn new(element: &Element<'a>) -> Self {
        let mut reader = Reader::from_str(element.xml);
        reader.config_mut().expand_empty_elements = true;
        let bindings = element
            .scope
            .iter()
            .map(|&(prefix, uri)| Binding {
                prefix: Cow::Borrowed(prefix),
                namespace: Namespace::of(uri),
                depth: 0,
            })
            .collect();
        Self { reader, bindings, depth: 0 }
    }

    /// The root element's start tag.
    fn start(&mut self) -> Result<Option<Child<'a>>, DecodeError> {
        match self.event()? {
            Event::Start(start) => self.enter(start).map(Some),
            _ => Ok(None),
        }
    }

    /// The next child of the current element, or `None` once its end tag is consumed. Text between elements is
    /// passed over.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] and [`DecodeError::Depth`].
    pub fn child(&mut self) -> Result<Option<Child<'a>>, DecodeError> {
        loop {
            match self.event()? {
                Event::Start(start) => return self.enter(start).map(Some),
                Event::End(_) => {
                    self.leave();
                    return Ok(None);
                }
                Event::Eof => return Err(self.malformed("unexpected end")),
                _ => {}
            }
        }
    }

    /// Consumes a nil element, which counts as absent.
    ///
    /// # Errors
    /// [`DecodeError::Nil`] for one of the `known` elements that is not `nillable`, and as [`Decoder::skip`].
    pub fn nil(&mut self, child: &Child<'_>, nillable: &[&str], known: &[&str]) -> Result<(), DecodeError> {
        let name = child.name();
        if known.contains(&name) && !nillable.contains(&name) {
            return Err(DecodeError::Nil(name.to_owned()));
        }
        self.skip()
    }

    /// Consumes the rest of the current element.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] and [`DecodeError::Depth`].
    pub fn skip(&mut self) -> Result<(), DecodeError> {
        let outer = self.depth - 1;
        while self.depth > outer {
            match self.event()? {
                Event::Start(start) => {
                    self.enter(start)?;
                }
                Event::End(_) => self.leave(),
                Event::Eof => return Err(self.malformed("unexpected end")),
                _ => {}
            }
        }
        Ok(())
    }

    /// The text of the current element, kept as it is: no trimming, and line ends as sent (wire.md §3.1).
    ///
    /// # Errors
    /// [`DecodeError::NotText`] when it holds an element, [`DecodeError::Malformed`].
    pub fn string(&mut self, child: &Child<'_>) -> Result<String, DecodeError> {
        self.text(child).map(Cow::into_owned)
    }

    /// A decimal integer of 32 bits; sign, leading zeros and surrounding white space allowed.
    ///
    /// # Errors
    /// [`DecodeError::Value`] for anything else, and as [`Decoder::string`].
    pub fn int(&mut self, child: &Child<'_>) -> Result<i32, DecodeError> {
        self.value(child, "an integer of 32 bits", |text| text.parse().ok())
    }

    /// `true` or `1`, `false` or `0`, in any letter case (wire.md §3.4, W13).
    ///
    /// # Errors
    /// [`DecodeError::Value`] for anything else, and as [`Decoder::string`].
    pub fn boolean(&mut self, child: &Child<'_>) -> Result<bool, DecodeError> {
        self.value(child, "a boolean", |text| match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ if text.eq_ignore_ascii_case("true") => Some(true),
            _ if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        })
    }

    /// An instant, see [`DateTime::parse`].
    ///
    /// # Errors
    /// [`DecodeError::Value`] for anything else, and as [`Decoder::string`].
    pub fn date_time(&mut self, child: &Child<'_>) -> Result<DateTime, DecodeError> {
        self.value(child, "a date and time", DateTime::parse)
    }

    fn value<T>(
        &mut self,
        child: &Child<'_>,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, DecodeError> {
        let text = self.text(child)?;
        parse(text.trim_matches([' ', '\t', '\r', '\n'])).ok_or_else(|| DecodeError::Value {
            field: cut(child.name()),
            value: cut(&text),
            expected,
        })
    }

    fn text(&mut self, child: &Child<'_>) -> Result<Cow<'a, str>, DecodeError> {
        let mut text = Cow::Borrowed("");
        loop {
            match self.event()? {
                Event::Text(part) => append(&mut text, part.into_inner()),
                Event::CData(part) => append(&mut text, part.into_inner()),
                Event::GeneralRef(reference) => {
                    let resolved = match reference.resolve_char_ref() {
                        Ok(Some(character)) if is_xml_char(character) => character,
                        Ok(None) => match &*reference.into_inner() {
                            "lt" => '<',
                            "gt" => '>',
                            "amp" => '&',
                            "quot" => '"',
                            "apos" => '\'',
                            name => return Err(self.malformed(&format!("unknown entity &{};", cut(name)))),
                        },
                        _ => return Err(self.malformed("invalid character reference")),
                    };
                    text.to_mut().push(resolved);
                }
                Event::Start(_) => return Err(DecodeError::NotText(cut(child.name()))),
                Event::End(_) => {
                    self.leave();
                    return Ok(text);
                }
                Event::Eof => return Err(self.malformed("unexpected end")),
                _ => {}
            }
        }
    }

    fn event(&mut self) -> Result<Event<'a>, DecodeError> {
        self.reader.read_event().map_err(|error| self.malformed(&error.to_string()))
    }

    /// Takes the declarations of a start tag.
    fn enter(&mut self, start: BytesStart<'a>) -> Result<Child<'a>, DecodeError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(DecodeError::Depth);
        }
        let mut nil = false;
        if start.attributes_raw().contains('=') {
            nil = self.attributes(&start)?;
        }
        let prefix = start.name().prefix().map_or("", |prefix| prefix.into_inner());
        let ours = self.resolve(prefix) == Namespace::Ours;
        Ok(Child { start, ours, nil })
    }

    fn attributes(&mut self, start: &BytesStart<'a>) -> Result<bool, DecodeError> {
        let mut candidates = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| self.malformed(&error.to_string()))?;
            let prefix = match attribute.key.as_namespace_binding() {
                Some(PrefixDeclaration::Default) => "",
                Some(PrefixDeclaration::Named(prefix)) => prefix,
                None => {
                    let (local, prefix) = attribute.key.decompose();
                    if let (Some(prefix), "nil") = (prefix, local.into_inner()) {
                        let nil = matches!(attribute.value.trim(), "true" | "1");
                        candidates.push((prefix.into_inner().to_owned(), nil));
                    }
                    continue;
                }
            };
            let namespace = Namespace::of(&attribute.value);
            let prefix = Cow::Owned(prefix.to_owned());
            self.bindings.push(Binding { prefix, namespace, depth: self.depth });
        }
        Ok(candidates.iter().any(|(prefix, nil)| *nil && self.resolve(prefix) == Namespace::Instance))
    }

    fn leave(&mut self) {
        while self.bindings.last().is_some_and(|binding| binding.depth >= self.depth) {
            self.bindings.pop();
        }
        self.depth -= 1;
    }

    fn resolve(&self, prefix: &str) -> Namespace {
        let binding = self.bindings.iter().rev().find(|binding| binding.prefix == prefix);
        binding.map_or(Namespace::Foreign, |binding| binding.namespace)
    }

    fn malformed(&self, message: &str) -> DecodeError {
        DecodeError::Malformed { offset: self.reader.buffer_position(), message: cut(message) }
    }
}

/// Stores the value of an element that may occur once.
///
/// # Errors
/// [`DecodeError::Repeated`] when there is one already.
pub fn once<T>(slot: &mut Option<T>, value: T, field: &'static str) -> Result<(), DecodeError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(DecodeError::Repeated(field)),
    }
}

/// The value of a required element.
///
/// # Errors
/// [`DecodeError::Missing`] when there is none.
pub fn required<T>(slot: Option<T>, parent: &'static str, field: &'static str) -> Result<T, DecodeError> {
    slot.ok_or(DecodeError::Missing { parent, field })
}

/// The values of an element that must occur at least once.
///
/// # Errors
/// [`DecodeError::Missing`] when there is none.
pub fn at_least_one<T>(
    values: Vec<T>,
    parent: &'static str,
    field: &'static str,
) -> Result<Vec<T>, DecodeError> {
    if values.is_empty() { Err(DecodeError::Missing { parent, field }) } else { Ok(values) }
}

fn append<'a>(text: &mut Cow<'a, str>, part: Cow<'a, str>) {
    if text.is_empty() {
        *text = part;
    } else {
        text.to_mut().push_str(&part);
    }
}

fn is_xml_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}
