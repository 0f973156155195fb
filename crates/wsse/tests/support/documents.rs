//! Documents that exercise everything namespaces, escaping and normalisation can do.

use proptest::prelude::*;

const NAMESPACES: [&str; 4] = ["urn:a", "urn:b", "urn:c?d=e", "http://example.com/f#"];
const PREFIXES: [&str; 3] = ["p", "q", "r"];
const NAMES: [&str; 5] = ["a", "b", "élan", "x-1.2_3", "Id2"];
const TEXT: [&str; 21] = [
    "a",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "&lt;",
    "&gt;",
    "&amp;",
    "&quot;",
    "&apos;",
    "&#13;",
    "&#x9;",
    "&#10;",
    "&#x1F600;",
    "é",
    "中",
    "\u{1F600}",
    "x>",
    "]]x",
    "\u{85}\u{2028}",
];

/// Character data, as written; also good inside quotation marks.
fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&TEXT[..]), 0..6).prop_map(|pieces| pieces.concat())
}

/// Between the tags of an element: text, comments, CDATA sections, processing instructions.
fn leaf() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => text(),
        1 => Just("<!-- <&> - x -->".to_owned()),
        1 => Just("<!---->".to_owned()),
        1 => prop::sample::select(&["", "<&>\"'", "]]\r\n", "]"][..]).prop_map(|raw| format!("<![CDATA[{raw}]]>")),
        1 => prop::sample::select(&["<?t?>", "<?t  a <&> \r\n?>", "<?t a??>"][..]).prop_map(ToOwned::to_owned),
    ]
}

/// Namespace declarations and attributes of an element.
fn attributes() -> impl Strategy<Value = String> {
    let default = prop::option::of(prop::sample::select(&["", "urn:a", "urn:b"][..]));
    let declarations = prop::collection::btree_map(
        prop::sample::select(&PREFIXES[..]),
        prop::sample::select(&NAMESPACES[..]),
        0..3,
    );
    let attributes = prop::collection::btree_map(
        prop::sample::select(&NAMES[..]),
        (prop::sample::select(&["", "p:", "q:", "r:", "xml:"][..]), text(), any::<bool>()),
        0..4,
    );
    (default, declarations, attributes).prop_map(|(default, declarations, attributes)| {
        let mut tag = String::new();
        for (name, (prefix, value, apostrophes)) in attributes {
            let (quote, other) = if apostrophes { ('\'', '"') } else { ('"', '\'') };
            tag += &format!(" {prefix}{name} = {quote}{value}{other}{quote}");
        }
        if let Some(default) = default {
            tag += &format!("\n xmlns=\"{default}\"");
        }
        for (prefix, namespace) in declarations {
            tag += &format!(" xmlns:{prefix}='{namespace}'");
        }
        tag
    })
}

fn element(content: String, prefix: &str, name: &str, attributes: &str) -> String {
    if content.is_empty() && name == "a" {
        return format!("<{prefix}{name}{attributes}/>");
    }
    format!("<{prefix}{name}{attributes}>{content}</{prefix}{name} >")
}

/// A document without DTD and without anything around the root element.
pub fn document() -> impl Strategy<Value = String> {
    let nested = leaf().prop_recursive(5, 40, 5, |inner| {
        (
            prop::collection::vec(inner, 0..5),
            prop::sample::select(&["", "p:", "q:", "r:"][..]),
            prop::sample::select(&NAMES[..]),
            attributes(),
        )
            .prop_map(|(content, prefix, name, attributes)| {
                element(content.concat(), prefix, name, &attributes)
            })
    });
    prop::collection::vec(nested, 1..4).prop_map(|content| {
        let declarations = " xmlns:p=\"urn:a\" xmlns:q=\"urn:b\" xmlns:r=\"urn:a\"";
        element(content.concat(), "", "root", declarations)
    })
}
