//! Exclusive XML Canonicalization 1.0 without comments, as a stream: <http://www.w3.org/TR/xml-exc-c14n/>.
//!
//! One pass over the element's tokens, no tree. What it keeps is the list of namespace declarations that the
//! output has in scope, which is what the algorithm is about: an element declares the prefixes it visibly
//! uses, and those of a PrefixList, unless an ancestor in the output has declared them equally.

use crate::envelope::{Limits, ScanError};
use crate::xml::{Binding, Token, Tokens, attribute_value, decode, normalize_line_ends};

/// The canonical form of a document's root element. `prefixes` is the PrefixList, `#default` in it for the
/// default namespace.
///
/// # Errors
/// The document is not well-formed, or exceeds the default [`Limits`].
pub fn canonicalize(document: &[u8], prefixes: &[&str]) -> Result<Vec<u8>, ScanError> {
    let mut out = Vec::with_capacity(document.len());
    write(Tokens::document(decode(document)?, &Limits::default()), prefixes, &mut out)?;
    Ok(out)
}

/// Appends the canonical form of `element`, which inherits `scope`, to `out`.
pub(crate) fn exclusive(
    element: &str,
    scope: &[Binding<'_>],
    prefixes: &[&str],
    out: &mut Vec<u8>,
) -> Result<(), ScanError> {
    write(Tokens::fragment(element, scope), prefixes, out)
}

fn write(mut tokens: Tokens<'_>, prefixes: &[&str], out: &mut Vec<u8>) -> Result<(), ScanError> {
    // Declarations of the open elements of the output, and how many there were around each of them.
    let mut rendered: Vec<Binding<'_>> = Vec::new();
    let mut open: Vec<(&str, usize)> = Vec::new();
    while let Some(token) = tokens.next()? {
        match token {
            Token::Start(name) => {
                let outer = rendered.len();
                open.push((name.qualified, outer));
                put(out, &["<", name.qualified]);
                render(&tokens, name.prefix, outer, &mut rendered);
                for index in 0..tokens.attributes().len() {
                    let prefix = tokens.attributes().get(index).map_or("", |a| a.name.prefix);
                    if !prefix.is_empty() {
                        render(&tokens, prefix, outer, &mut rendered);
                    }
                }
                for &prefix in prefixes {
                    render(&tokens, if prefix == "#default" { "" } else { prefix }, outer, &mut rendered);
                }
                let declared = rendered.get_mut(outer..).unwrap_or_default();
                declared.sort_unstable();
                for (prefix, uri) in declared {
                    put(out, &[" xmlns", if prefix.is_empty() { "" } else { ":" }, prefix, "=\""]);
                    attribute_text(uri, out);
                    out.push(b'"');
                }
                let attributes = tokens.attributes();
                attributes.sort_unstable_by_key(|a| (a.namespace, a.name.local));
                for attribute in attributes {
                    put(out, &[" ", attribute.name.qualified, "=\""]);
                    attribute_text(&attribute_value(attribute.raw), out);
                    out.push(b'"');
                }
                out.push(b'>');
            }
            Token::End => {
                if let Some((name, outer)) = open.pop() {
                    rendered.truncate(outer);
                    put(out, &["</", name, ">"]);
                }
            }
            Token::Text(raw) => text(&normalize_line_ends(raw), out),
            Token::CData(raw) => text(&normalize_line_ends(raw), out),
            Token::Reference(character) => text(character.encode_utf8(&mut [0; 4]), out),
            Token::Instruction { target, data } if !open.is_empty() => {
                let data = normalize_line_ends(data);
                put(out, &["<?", target, if data.is_empty() { "" } else { " " }, &data, "?>"]);
            }
            Token::Comment | Token::Instruction { .. } => {}
        }
    }
    Ok(())
}

/// Declares `prefix` on the current element, whose declarations begin at `outer`, unless the output already
/// says the same.
fn render<'a>(tokens: &Tokens<'a>, prefix: &str, outer: usize, rendered: &mut Vec<Binding<'a>>) {
    // What is in scope has a binding of its own to borrow the prefix from; the absent default namespace has
    // none.
    let bound = match tokens.scope().iter().rev().find(|binding| binding.0 == prefix) {
        Some(&bound) => bound,
        None if prefix.is_empty() => ("", ""),
        None => return,
    };
    // `xml` is declared everywhere by definition.
    if prefix == "xml" {
        return;
    }
    let known = rendered.iter().rposition(|binding| binding.0 == prefix);
    let says = known.and_then(|at| rendered.get(at)).map_or("", |binding| binding.1);
    let ours = known.is_some_and(|at| at >= outer);
    if !ours && says != bound.1 {
        rendered.push(bound);
    }
}

/// Appends character data in canonical form.
pub(crate) fn text(text: &str, out: &mut Vec<u8>) {
    escape(text, out, |byte| match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'>' => Some(b"&gt;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    });
}

/// Appends an attribute's value in canonical form.
fn attribute_text(value: &str, out: &mut Vec<u8>) {
    escape(value, out, |byte| match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'"' => Some(b"&quot;"),
        b'\t' => Some(b"&#x9;"),
        b'\n' => Some(b"&#xA;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    });
}

/// Copies what lies between the characters that have a replacement, in runs.
fn escape(text: &str, out: &mut Vec<u8>, replacement: impl Fn(u8) -> Option<&'static [u8]>) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if let Some(replacement) = replacement(byte) {
            out.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
            out.extend_from_slice(replacement);
            copied = at + 1;
        }
    }
    out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
}

pub(crate) fn put(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}
