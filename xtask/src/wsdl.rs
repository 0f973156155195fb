//! Reads the part of WSDL 1.1 and XML Schema that the three service descriptions use. Anything else is an
//! error: a silent omission here would be a hole in the wire.

use anyhow::{Context as _, Result, bail, ensure};
use roxmltree::Node;

const WSDL: &str = "http://schemas.xmlsoap.org/wsdl/";
const SOAP: &str = "http://schemas.xmlsoap.org/wsdl/soap/";
const XS: &str = "http://www.w3.org/2001/XMLSchema";

/// One WSDL file.
pub struct Service {
    pub name: String,
    pub namespace: String,
    pub operations: Vec<Operation>,
    /// In document order; messages and nested types alike, the abstract base left out.
    pub types: Vec<Type>,
    /// The fields of the abstract base type that every message inherits.
    pub base: Vec<Field>,
}

pub struct Operation {
    pub name: String,
    pub action: String,
    pub request: Element,
    pub response: Element,
}

/// A global element and the name of its type.
#[derive(Clone)]
pub struct Element {
    pub name: String,
    pub type_name: String,
}

pub struct Type {
    pub name: String,
    /// Inherits the base fields, so it is a message.
    pub message: bool,
    pub fields: Vec<Field>,
}

#[derive(Clone)]
pub struct Field {
    pub name: String,
    pub kind: Kind,
    pub min: u32,
    /// `None` is unbounded.
    pub max: Option<u32>,
    pub nillable: bool,
}

#[derive(Clone)]
pub enum Kind {
    String,
    Int,
    Boolean,
    DateTime,
    Complex(String),
}

pub fn parse(text: &str) -> Result<Service> {
    let document = roxmltree::Document::parse(text)?;
    let root = document.root_element();
    let namespace = attribute(root, "targetNamespace")?;
    let schema = descendants(root, XS, "schema").next().context("no schema")?;
    ensure!(attribute(schema, "elementFormDefault")? == "qualified", "elements must be qualified");

    let mut base = Vec::new();
    let mut types = Vec::new();
    for node in children(schema, XS, "complexType") {
        let name = attribute(node, "name")?;
        if node.attribute("abstract") == Some("true") {
            base = fields(node)?;
            continue;
        }
        match descendants(node, XS, "extension").next() {
            Some(extension) => {
                ensure!(attribute(extension, "base")? == "tns:eucalyptusMessage", "unknown base of {name}");
                types.push(Type { fields: fields(extension)?, name, message: true });
            }
            None => types.push(Type { fields: fields(node)?, name, message: false }),
        }
    }
    let elements = children(schema, XS, "element")
        .map(|node| {
            let type_name = attribute(node, "type")?;
            let type_name = type_name.strip_prefix("tns:").context("foreign element type")?.to_owned();
            Ok(Element { name: attribute(node, "name")?, type_name })
        })
        .collect::<Result<Vec<_>>>()?;
    let binding = children(root, WSDL, "binding").next().context("no binding")?;
    let port_type = children(root, WSDL, "portType").next().context("no portType")?;
    let operations = children(binding, WSDL, "operation")
        .map(|node| operation(node, port_type, root, &elements))
        .collect::<Result<Vec<_>>>()?;
    Ok(Service { name: attribute(root, "name")?, namespace, operations, types, base })
}

fn operation(
    binding: Node<'_, '_>,
    port_type: Node<'_, '_>,
    root: Node<'_, '_>,
    elements: &[Element],
) -> Result<Operation> {
    let name = attribute(binding, "name")?;
    let soap = children(binding, SOAP, "operation").next().context("no soap:operation")?;
    let port = children(port_type, WSDL, "operation")
        .find(|node| node.attribute("name") == Some(&name))
        .with_context(|| format!("{name} is not in the portType"))?;
    let element = |direction: &'static str| -> Result<Element> {
        let message = children(port, WSDL, direction).next().context("operation without message")?;
        let message = attribute(message, "message")?;
        let message = message.strip_prefix("tns:").context("foreign message")?;
        let part = children(root, WSDL, "message")
            .find(|node| node.attribute("name") == Some(message))
            .and_then(|node| children(node, WSDL, "part").next())
            .with_context(|| format!("message {message} has no part"))?;
        let element = attribute(part, "element")?;
        let element = element.strip_prefix("tns:").context("foreign element")?;
        let found = elements.iter().find(|candidate| candidate.name == element);
        found.cloned().with_context(|| format!("element {element} is not declared"))
    };
    Ok(Operation {
        action: attribute(soap, "soapAction")?,
        request: element("input")?,
        response: element("output")?,
        name,
    })
}

fn fields(node: Node<'_, '_>) -> Result<Vec<Field>> {
    let sequence = children(node, XS, "sequence").next().context("type without sequence")?;
    children(sequence, XS, "element")
        .map(|node| {
            let kind = match attribute(node, "type")?.as_str() {
                "xs:string" => Kind::String,
                "xs:int" => Kind::Int,
                "xs:boolean" => Kind::Boolean,
                "xs:dateTime" => Kind::DateTime,
                other => match other.strip_prefix("tns:") {
                    Some(name) => Kind::Complex(name.to_owned()),
                    None => bail!("unsupported type {other}"),
                },
            };
            let min = node.attribute("minOccurs").unwrap_or("1").parse()?;
            let max = match node.attribute("maxOccurs").unwrap_or("1") {
                "unbounded" => None,
                number => Some(number.parse()?),
            };
            let nillable = node.attribute("nillable") == Some("true");
            Ok(Field { name: attribute(node, "name")?, kind, min, max, nillable })
        })
        .collect()
}

fn attribute(node: Node<'_, '_>, name: &str) -> Result<String> {
    let value = node.attribute(name);
    value.map(str::to_owned).with_context(|| format!("{} without {name}", node.tag_name().name()))
}

fn children<'a, 'i>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(move |child| child.has_tag_name((namespace, name)))
}

fn descendants<'a, 'i>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.descendants().filter(move |child| child.has_tag_name((namespace, name)))
}
