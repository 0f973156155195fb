//! XML: tokens, which both readers share, and a strict tree of XML 1.0 with namespaces.

use std::collections::HashSet;

/// Deeper documents are refused: no peer writes them, and dropping a tree is recursive.
const MAX_DEPTH: usize = 256;

/// A piece of markup, with names and text as they stand in the document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    Start { name: &'a str, attributes: Vec<(&'a str, &'a str)>, empty: bool },
    End(&'a str),
    Text(&'a str),
    CData(&'a str),
    Comment(&'a str),
    Instruction(&'a str),
    Doctype,
}

/// The tokens of a document. An error ends them.
pub(crate) struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    pub fn next(&mut self) -> Result<Option<Token<'a>>, String> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        if !self.rest.starts_with('<') {
            let end = self.rest.find('<').unwrap_or(self.rest.len());
            let (text, rest) = self.rest.split_at(end);
            self.rest = rest;
            return Ok(Some(Token::Text(text)));
        }
        if self.rest.starts_with("<!DOCTYPE") {
            return Ok(Some(Token::Doctype));
        }
        if let Some(text) = self.enclosed("<!--", "-->")? {
            return Ok(Some(Token::Comment(text)));
        }
        if let Some(text) = self.enclosed("<![CDATA[", "]]>")? {
            return Ok(Some(Token::CData(text)));
        }
        if let Some(text) = self.enclosed("<?", "?>")? {
            return Ok(Some(Token::Instruction(text)));
        }
        if let Some(name) = self.enclosed("</", ">")? {
            return Ok(Some(Token::End(name.trim_end_matches(is_space))));
        }
        self.start().map(Some)
    }

    fn enclosed(&mut self, open: &str, close: &str) -> Result<Option<&'a str>, String> {
        let Some(rest) = self.rest.strip_prefix(open) else { return Ok(None) };
        let (text, rest) = rest.split_once(close).ok_or_else(|| format!("{open} without {close}"))?;
        self.rest = rest;
        Ok(Some(text))
    }

    fn start(&mut self) -> Result<Token<'a>, String> {
        let mut rest = &self.rest[1..];
        let name = take_name(&mut rest);
        let mut attributes = Vec::new();
        loop {
            let trimmed = rest.trim_start_matches(is_space);
            let spaced = trimmed.len() < rest.len();
            rest = trimmed;
            let empty = rest.starts_with("/>");
            if let Some(after) = rest.strip_prefix(if empty { "/>" } else { ">" }) {
                self.rest = after;
                return Ok(Token::Start { name, attributes, empty });
            }
            let bad = || format!("malformed start tag <{name}");
            if !spaced {
                return Err(bad());
            }
            let attribute = take_name(&mut rest);
            rest = rest.trim_start_matches(is_space).strip_prefix('=').ok_or_else(bad)?;
            rest = rest.trim_start_matches(is_space);
            let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\'')).ok_or_else(bad)?;
            let (value, after) = rest[1..].split_once(quote).ok_or_else(bad)?;
            attributes.push((attribute, value));
            rest = after;
        }
    }
}

fn take_name<'a>(rest: &mut &'a str) -> &'a str {
    let stop = |character| is_space(character) || matches!(character, '=' | '/' | '>' | '<' | '"' | '\'');
    let (name, after) = rest.split_at(rest.find(stop).unwrap_or(rest.len()));
    *rest = after;
    name
}

/// White space of XML.
pub(crate) fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// An element with its resolved name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element {
    pub namespace: String,
    pub local: String,
    /// Namespace, local name, value; without namespace declarations.
    pub attributes: Vec<(String, String, String)>,
    pub children: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    Element(Element),
    Text(String),
    CData(String),
    Comment,
}

impl Element {
    pub fn is(&self, namespace: &str, local: &str) -> bool {
        self.namespace == namespace && self.local == local
    }

    pub fn elements(&self) -> impl Iterator<Item = &Element> {
        self.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            _ => None,
        })
    }

    /// The text directly inside, CDATA included.
    pub fn text(&self) -> String {
        let pieces = self.children.iter().filter_map(|node| match node {
            Node::Text(text) | Node::CData(text) => Some(text.as_str()),
            _ => None,
        });
        pieces.collect()
    }
}

/// Why a document is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    Doctype,
    Instruction,
    /// Malformed before the root element; the offending character, if it is one.
    Prolog(String),
    /// Malformed inside the root element.
    Malformed(String),
}

/// Namespace bindings in scope; the innermost binding of a prefix wins.
pub(crate) struct Scope {
    bindings: Vec<(String, String)>,
}

impl Scope {
    pub fn new() -> Self {
        let xml = "http://www.w3.org/XML/1998/namespace".to_owned();
        Self { bindings: vec![("xml".into(), xml), (String::new(), String::new())] }
    }

    pub fn mark(&self) -> usize {
        self.bindings.len()
    }

    pub fn back_to(&mut self, mark: usize) {
        self.bindings.truncate(mark);
    }

    pub fn declare(&mut self, prefix: &str, namespace: String) {
        self.bindings.push((prefix.into(), namespace));
    }

    pub fn resolve(&self, prefix: &str) -> Option<&str> {
        let bound = self.bindings.iter().rev().find(|(bound, _)| bound == prefix);
        bound.map(|(_, namespace)| namespace.as_str()).filter(|bound| prefix.is_empty() || !bound.is_empty())
    }
}

/// The prefix an attribute declares, if it declares one.
pub(crate) fn declared_prefix(attribute: &str) -> Option<&str> {
    if attribute == "xmlns" { Some("") } else { attribute.strip_prefix("xmlns:") }
}

/// Prefix and local part.
pub(crate) fn split_name(name: &str) -> (&str, &str) {
    name.split_once(':').unwrap_or(("", name))
}

/// Reads the root element; what follows it is not looked at.
pub(crate) fn parse(text: &str) -> Result<Element, Refusal> {
    let malformed = |text: &str| Refusal::Malformed(text.to_owned());
    let mut tokens = Tokens::new(text);
    let mut scope = Scope::new();
    // Open elements, innermost last: name in the document, bindings outside of it, content so far.
    let mut open: Vec<(&str, usize, Element)> = Vec::new();
    let mut first = true;
    loop {
        let outside = open.is_empty();
        let refuse = |text: String| if outside { Refusal::Prolog(text) } else { Refusal::Malformed(text) };
        let token =
            tokens.next().map_err(refuse)?.ok_or_else(|| refuse("the document ends too early".into()))?;
        let mut closed = None;
        match token {
            Token::Doctype => return Err(Refusal::Doctype),
            Token::Instruction(text)
                if first && text.strip_prefix("xml").is_some_and(|rest| rest.starts_with(is_space)) =>
            {
                check_declaration(text).map_err(Refusal::Prolog)?;
            }
            Token::Instruction(_) => return Err(Refusal::Instruction),
            Token::Text(text) => {
                check_characters(text).map_err(refuse)?;
                match open.last_mut() {
                    Some((_, _, parent)) => {
                        if text.contains("]]>") {
                            return Err(malformed("]]> in text"));
                        }
                        let text =
                            resolve(&text.replace("\r\n", "\n").replace('\r', "\n")).map_err(refuse)?;
                        parent.children.push(Node::Text(text));
                    }
                    None if text.chars().all(is_space) => {}
                    None => return Err(Refusal::Prolog("text before the root element".into())),
                }
            }
            Token::CData(text) => {
                check_characters(text).map_err(refuse)?;
                let Some((_, _, parent)) = open.last_mut() else {
                    return Err(Refusal::Prolog("CDATA before the root element".into()));
                };
                parent.children.push(Node::CData(text.replace("\r\n", "\n").replace('\r', "\n")));
            }
            Token::Comment(text) => {
                check_characters(text).map_err(refuse)?;
                if text.contains("--") || text.ends_with('-') {
                    return Err(refuse("-- in a comment".into()));
                }
                if let Some((_, _, parent)) = open.last_mut() {
                    parent.children.push(Node::Comment);
                }
            }
            Token::Start { name, attributes, empty } => {
                if open.len() == MAX_DEPTH {
                    return Err(malformed("elements are nested too deeply"));
                }
                let mark = scope.mark();
                let element = start(name, &attributes, &mut scope).map_err(refuse)?;
                if empty {
                    scope.back_to(mark);
                    closed = Some(element);
                } else {
                    open.push((name, mark, element));
                }
            }
            Token::End(name) => match open.pop() {
                Some((opened, mark, element)) if opened == name => {
                    scope.back_to(mark);
                    closed = Some(element);
                }
                _ => return Err(refuse(format!("</{name}> closes nothing"))),
            },
        }
        first = false;
        if let Some(element) = closed {
            match open.last_mut() {
                Some((_, _, parent)) => parent.children.push(Node::Element(element)),
                None => return Ok(element),
            }
        }
    }
}

fn start(name: &str, attributes: &[(&str, &str)], scope: &mut Scope) -> Result<Element, String> {
    let mut plain = Vec::new();
    for (attribute, value) in attributes {
        if value.contains('<') {
            return Err(format!("< in attribute {attribute}"));
        }
        check_characters(value)?;
        let value = resolve(&value.replace(['\t', '\n', '\r'], " "))?;
        match declared_prefix(attribute) {
            Some(prefix) => scope.declare(prefix, value),
            None => plain.push((*attribute, value)),
        }
    }
    let mut seen = HashSet::new();
    let mut element = Element::default();
    for (attribute, value) in plain {
        check_name(attribute)?;
        let (prefix, local) = split_name(attribute);
        // An attribute without prefix is in no namespace.
        let namespace = if prefix.is_empty() { Some("") } else { scope.resolve(prefix) };
        let namespace = namespace.ok_or_else(|| format!("prefix {prefix} is not declared"))?.to_owned();
        element.attributes.push((namespace, local.to_owned(), value));
    }
    for (namespace, local, _) in &element.attributes {
        if !seen.insert((namespace, local)) {
            return Err(format!("attribute {local} twice"));
        }
    }
    check_name(name)?;
    let (prefix, local) = split_name(name);
    element.namespace =
        scope.resolve(prefix).ok_or_else(|| format!("prefix {prefix} is not declared"))?.to_owned();
    element.local = local.to_owned();
    Ok(element)
}

/// `xml version="1.0"` or 1.1, then optionally encoding and standalone.
fn check_declaration(text: &str) -> Result<(), String> {
    let document = format!("<{text}/>");
    let Ok(Some(Token::Start { attributes, empty: true, .. })) = Tokens::new(&document).next() else {
        return Err("malformed XML declaration".into());
    };
    let mut order = ["version", "encoding", "standalone"].iter();
    let ordered = attributes.iter().all(|(name, _)| order.any(|expected| expected == name));
    match attributes.first() {
        Some(("version", "1.0" | "1.1")) if ordered => Ok(()),
        _ => Err("malformed XML declaration".into()),
    }
}

/// The encoding an XML declaration at the beginning of `text` names.
pub(crate) fn declared_encoding(text: &str) -> Option<String> {
    let declaration = text.strip_prefix("<?xml")?.split_once("?>")?.0;
    let document = format!("<xml{declaration}/>");
    let Ok(Some(Token::Start { attributes, .. })) = Tokens::new(&document).next() else { return None };
    attributes.iter().find(|(name, _)| *name == "encoding").map(|(_, value)| value.to_ascii_lowercase())
}

fn check_name(name: &str) -> Result<(), String> {
    let starts =
        |character: char| character.is_ascii_alphabetic() || character == '_' || !character.is_ascii();
    let goes_on =
        |character: char| starts(character) || character.is_ascii_digit() || "-.".contains(character);
    let valid = |part: &str| part.starts_with(starts) && part.chars().all(goes_on);
    let (prefix, local) = split_name(name);
    let valid = valid(local) && (prefix.is_empty() && !name.contains(':') || valid(prefix));
    if valid { Ok(()) } else { Err(format!("{name:?} is not a name")) }
}

fn check_characters(text: &str) -> Result<(), String> {
    match text.chars().find(|character| !is_xml_character(*character)) {
        Some(character) => Err(format!("character U+{:04X} is not allowed", u32::from(character))),
        None => Ok(()),
    }
}

fn is_xml_character(character: char) -> bool {
    !matches!(character, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}

/// Replaces references by what they stand for.
fn resolve(text: &str) -> Result<String, String> {
    let mut pieces = text.split('&');
    let mut resolved = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (name, rest) = piece.split_once(';').ok_or("& without ;")?;
        let character = match predefined_entity(name) {
            Some(character) => character,
            None => {
                let number =
                    name.strip_prefix('#').ok_or_else(|| format!("entity &{name}; is not declared"))?;
                let number = match number.strip_prefix('x') {
                    Some(digits) => u32::from_str_radix(digits, 16),
                    None => number.parse(),
                };
                let character =
                    number.ok().and_then(char::from_u32).filter(|character| is_xml_character(*character));
                character.ok_or_else(|| format!("reference &{name}; is not allowed"))?
            }
        };
        resolved.push(character);
        resolved.push_str(rest);
    }
    Ok(resolved)
}

/// The character an entity stands for without a declaration.
pub(crate) fn predefined_entity(name: &str) -> Option<char> {
    match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for text in [
            "",
            " ",
            "x",
            "<",
            "<a",
            "<a>",
            "<a></b>",
            "<a/",
            "</a>",
            "<a b></a>",
            "<a b=c/>",
            "<a b='1'c='2'/>",
            "<a b='1' b='2'/>",
            "<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>",
            "<p:a/>",
            "<a p:b='1'/>",
            "<a:/>",
            "<:a/>",
            "<a:b:c xmlns:a='u'/>",
            "<1/>",
            "<a>&b;</a>",
            "<a>&</a>",
            "<a>&#0;</a>",
            "<a>&#x1F;</a>",
            "<a>&#xD800;</a>",
            "<a>&#xFFFE;</a>",
            "<a>\u{1}</a>",
            "<a>]]></a>",
            "<a><!-- -- --></a>",
            "<a><!-- ---></a>",
            "<a b='<'/>",
            "<a><![CDATA[</a>",
            "<![CDATA[]]><a/>",
            "<!DOCTYPE a><a/>",
            "<?pi?><a/>",
            "<a><?pi?></a>",
            " <?xml version='1.0'?><a/>",
            "<?xml?><a/>",
            "<?xml version='2.0'?><a/>",
            "<?xml encoding='utf-8' version='1.0'?><a/>",
            "<xmlns:a/>",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse(&format!("{}{}", "<a>".repeat(257), "</a>".repeat(257))).is_err());
    }

    #[test]
    fn names_are_resolved_and_text_is_what_it_stands_for() {
        let text = "<?xml version=\"1.0\" encoding='utf-8'?><!-- c --><p:a xmlns:p='u'\n xmlns=\"d\" p:x='&lt;\n' y='2'>\
                    a&amp;<![CDATA[<&]]><!-- c -->&#65;&#x42;\r\nz<b/><c xmlns=''/></p:a > trailing <";
        let root = parse(text).unwrap();
        assert!(root.is("u", "a"));
        assert_eq!(root.text(), "a&<&AB\nz");
        let children: Vec<_> =
            root.elements().map(|child| (child.namespace.as_str(), child.local.as_str())).collect();
        assert_eq!(children, [("d", "b"), ("", "c")]);
        let attribute =
            |namespace: &str, local: &str, value: &str| (namespace.into(), local.into(), value.into());
        assert_eq!(root.attributes, [attribute("u", "x", "< "), attribute("", "y", "2")]);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "([<>/?!&;:='\" a-c\\[\\]-]|<a|</a>|<!--|-->|xmlns|CDATA|\\PC){0,60}") {
            let _ = parse(&text);
        }
    }
}
