//! The C CC's reader of NC replies (wire.md §3.1, §3.5, §3.6, §9): a parser that forgives almost everything, and
//! behind it a cursor over the schema that loses whatever stands out of order, without a word.

use crate::http::{NODE_BODY_LIMIT, NoReply, parse as parse_http};
use crate::lexical::{c_boolean, c_date_time, c_int};
use crate::schema::Kind::{Boolean, DateTime, Int, Integer, NillableText, Struct, Text};
use crate::schema::{Field, Kind, Occurs, guarded, list, list64, optional, required};
use crate::xml::{Element, Node, Scope, Token, Tokens, declared_prefix, predefined_entity, split_name};
use crate::{EUCALYPTUS, SOAP11, SOAP12};

const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

const BASE: &[Field] = &[
    optional("correlationId", NillableText),
    optional("userId", Text),
    optional("return", Boolean),
    optional("nodeName", NillableText),
    optional("statusMessage", Integer),
];

const DEVICE_MAPPING: &[Field] = &[
    guarded("deviceName", Text),
    guarded("virtualName", Text),
    optional("size", Int),
    guarded("format", Text),
];

const VM_TYPE: &[Field] = &[
    guarded("name", Text),
    optional("memory", Int),
    optional("cores", Int),
    optional("disk", Int),
    list("deviceMapping", Struct(DEVICE_MAPPING)),
];

const NET_PARAMS: &[Field] = &[
    required("privateMacAddress", Text),
    required("privateIp", Text),
    required("publicIp", Text),
    required("vlan", Int),
    required("networkIndex", Int),
];

const VOLUME: &[Field] = &[
    guarded("volumeId", Text),
    guarded("remoteDev", Text),
    guarded("localDev", Text),
    guarded("state", Text),
];

const INSTANCE: &[Field] = &[
    required("reservationId", Text),
    required("instanceId", Text),
    required("imageId", Text),
    optional("kernelId", Text),
    optional("ramdiskId", Text),
    required("userId", Text),
    required("keyName", Text),
    required("instanceType", Struct(VM_TYPE)),
    optional("netParams", Struct(NET_PARAMS)),
    required("stateName", Text),
    guarded("bundleTaskStateName", Text),
    optional("launchTime", DateTime),
    optional("userData", Text),
    optional("launchIndex", Text),
    optional("platform", Text),
    list64("groupNames", Text),
    list64("volumes", Struct(VOLUME)),
    optional("serviceTag", Text),
];

const BUNDLE_TASK: &[Field] =
    &[optional("instanceId", Text), optional("state", Text), optional("manifest", Text)];

/// The fields of each operation's reply, after the base.
const REPLIES: &[(&[&str], &[Field])] = &[
    (
        &["ncDescribeResource"],
        &[
            required("nodeStatus", Text),
            required("memorySizeMax", Int),
            required("memorySizeAvailable", Int),
            required("diskSizeMax", Int),
            required("diskSizeAvailable", Int),
            required("numberOfCoresMax", Int),
            required("numberOfCoresAvailable", Int),
            required("publicSubnets", Text),
        ],
    ),
    (&["ncDescribeInstances"], &[list("instances", Struct(INSTANCE))]),
    (&["ncRunInstance"], &[guarded("instance", Struct(INSTANCE))]),
    (&["ncRebootInstance"], &[required("status", Boolean)]),
    (&["ncGetConsoleOutput"], &[required("consoleOutput", Text)]),
    (
        &["ncTerminateInstance"],
        &[required("instanceId", Text), optional("shutdownState", Text), optional("previousState", Text)],
    ),
    (&["ncStartNetwork"], &[guarded("networkStatus", Text)]),
    (&["ncDescribeBundleTasks"], &[list("bundleTasks", Struct(BUNDLE_TASK))]),
    (&["ncAttachVolume", "ncDetachVolume", "ncBundleInstance", "ncCancelBundleTask", "ncPowerDown"], &[]),
];

/// What the C CC makes of a reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The outcome.
    pub outcome: Outcome,
    /// Elements of the reply that the parser passed over. The CC acts as if they were not there.
    pub unread: Vec<String>,
}

/// How a call ends for the CC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Done.
    Success,
    /// The node has answered that it failed.
    Refused,
    /// There is no usable answer, for this reason.
    Failed(String),
    /// The CC's child process dies, for this reason.
    Crash(String),
}

/// Judges everything that came over a connection until its end.
pub fn judge_connection(operation: &str, connection: &[u8]) -> Verdict {
    let mut rest = connection;
    loop {
        let reply = match parse_http(rest, NODE_BODY_LIMIT) {
            Ok(reply) => reply,
            Err(NoReply::Incomplete) => return failed("the connection ends before the reply is complete"),
            Err(NoReply::Refused(reason)) => return failed(&reason),
        };
        if reply.status != 100 {
            return judge(operation, reply.header("Content-Type"), reply.status, &reply.body);
        }
        rest = &rest[rest.len() - reply.surplus..];
    }
}

/// Judges a reply whose transport is over.
pub fn judge(operation: &str, content_type: Option<&str>, status: u16, body: &[u8]) -> Verdict {
    if content_type.is_none() {
        return failed("no Content-Type");
    }
    if !matches!(status, 200 | 500) {
        return failed(&format!("status {status}"));
    }
    let mut reader = Reader::default();
    let outcome = reader.read(operation, body).unwrap_or_else(Outcome::Failed);
    Verdict { outcome, unread: reader.unread }
}

fn failed(reason: &str) -> Verdict {
    Verdict { outcome: Outcome::Failed(reason.into()), unread: Vec::new() }
}

#[derive(Default)]
struct Reader {
    unread: Vec<String>,
    /// Elements the CC takes for granted and that are not there.
    missed: Vec<String>,
}

impl Reader {
    fn read(&mut self, operation: &str, body: &[u8]) -> Result<Outcome, String> {
        let fields = REPLIES.iter().find(|(names, _)| names.contains(&operation));
        let (_, fields) = fields.ok_or_else(|| format!("no operation {operation}"))?;
        let envelope = parse(body)?;
        let root = body_element(&envelope, operation)?;
        let fields: Vec<_> = BASE.iter().chain(*fields).collect();
        let (mut returned, mut status) = (false, None);
        self.read_struct(root, &root.local, &fields, &mut |field, text| match field {
            "return" => returned = c_boolean(text),
            "status" => status = Some(c_boolean(text)),
            _ => {}
        })?;
        // The reboot's result is overwritten with `status`, where false is success.
        if let Some(status) = status {
            return Ok(if status { Outcome::Refused } else { Outcome::Success });
        }
        if !returned {
            return Ok(Outcome::Refused);
        }
        Ok(match self.missed.first() {
            Some(path) => Outcome::Crash(format!("{path} is missing")),
            None => Outcome::Success,
        })
    }

    /// Moves a cursor over the children. What does not match stays where it is, and hides everything after it.
    fn read_struct(
        &mut self,
        parent: &Element,
        path: &str,
        fields: &[&Field],
        seen: &mut dyn FnMut(&str, &str),
    ) -> Result<(), String> {
        let mut children = parent.elements().peekable();
        for field in fields {
            let inner = format!("{path}/{}", field.name);
            let mut count = 0;
            while let Some(element) = children.next_if(|element| element.is(EUCALYPTUS, field.name)) {
                self.read_value(element, &inner, field.kind)?;
                seen(field.name, &element.text());
                count += 1;
                if !matches!(field.occurs, Occurs::List | Occurs::List64) {
                    break;
                }
            }
            match field.occurs {
                Occurs::Required if count == 0 => return Err(format!("{inner} is missing")),
                Occurs::Guarded if count == 0 => self.missed.push(inner),
                Occurs::List64 if count > 64 => {
                    return Err(format!("{inner}: {count} elements, at most 64 are read"));
                }
                _ => {}
            }
        }
        self.unread.extend(children.map(|element| format!("{path}/{}", element.local)));
        Ok(())
    }

    fn read_value(&mut self, element: &Element, path: &str, kind: Kind) -> Result<(), String> {
        if element
            .attributes
            .iter()
            .any(|(namespace, local, value)| namespace == XSI && local == "nil" && value == "1")
        {
            return match kind {
                Kind::NillableText | Kind::Integer => Ok(()),
                _ => Err(format!("{path} is nil")),
            };
        }
        if let Kind::Struct(fields) = kind {
            return self.read_struct(element, path, &fields.iter().collect::<Vec<_>>(), &mut |_, _| {});
        }
        self.unread.extend(element.elements().map(|child| format!("{path}/{}", child.local)));
        let text = element.text();
        let result = match kind {
            Kind::Int | Kind::Integer => c_int(&text),
            Kind::DateTime => c_date_time(&text),
            _ => Ok(()),
        };
        result.map_err(|problem| format!("{path}: {problem}"))
    }
}

fn body_element<'a>(envelope: &'a Element, operation: &str) -> Result<&'a Element, String> {
    let soap = [SOAP11, SOAP12].into_iter().find(|soap| envelope.is(soap, "Envelope"));
    let soap = soap.ok_or("the root is not an Envelope")?;
    let body = envelope.elements().find(|part| part.is(soap, "Body")).ok_or("no Body")?;
    let root = body.elements().next().ok_or("the Body is empty")?;
    if root.is(soap, "Fault") {
        let text = root.elements().find(|child| child.local == "faultstring").map(Element::text);
        return Err(format!("a fault: {}", text.unwrap_or_default()));
    }
    let expected = format!("{operation}Response");
    if root.is(EUCALYPTUS, &expected) {
        Ok(root)
    } else {
        Err(format!("{expected} expected, got {}", root.local))
    }
}

/// Builds a tree as the C side's parser does: an end tag closes whatever is open; the document ends at the first
/// byte beyond ASCII, at a processing instruction and at anything malformed, and the text it ends in is lost.
fn parse(body: &[u8]) -> Result<Element, String> {
    let ascii = body.iter().position(|byte| !byte.is_ascii()).unwrap_or(body.len());
    let text: String = body[..ascii].iter().copied().map(char::from).collect();
    let mut tokens = Tokens::new(&text);
    let mut scope = Scope::new();
    let mut open: Vec<(usize, Element)> = Vec::new();
    let mut first = true;
    let mut loose_text = None;
    while let Ok(Some(token)) = tokens.next() {
        if let (Some(text), Some((_, parent))) = (loose_text.take(), open.last_mut()) {
            parent.children.push(Node::Text(text));
        }
        match token {
            Token::Doctype => return Err("a DOCTYPE".into()),
            Token::Instruction(_) if first => {}
            Token::Instruction(_) => break,
            Token::Comment(_) => {}
            Token::CData(text) => loose_text = Some(text.to_owned()),
            // Kept back until something follows it.
            Token::Text(text) => loose_text = Some(resolve(text)),
            Token::Start { name, attributes, empty } => {
                let mark = scope.mark();
                open.push((mark, start(name, &attributes, &mut scope)));
                if empty && let Some(root) = close(&mut open, &mut scope) {
                    return Ok(root);
                }
            }
            Token::End(_) => {
                if let Some(root) = close(&mut open, &mut scope) {
                    return Ok(root);
                }
            }
        }
        first = false;
    }
    while !open.is_empty() {
        if let Some(root) = close(&mut open, &mut scope) {
            return Ok(root);
        }
    }
    Err("not XML".into())
}

/// Closes the innermost element; the root, if it was that.
fn close(open: &mut Vec<(usize, Element)>, scope: &mut Scope) -> Option<Element> {
    let (mark, element) = open.pop()?;
    scope.back_to(mark);
    match open.last_mut() {
        Some((_, parent)) => {
            parent.children.push(Node::Element(element));
            None
        }
        None => Some(element),
    }
}

fn start(name: &str, attributes: &[(&str, &str)], scope: &mut Scope) -> Element {
    for (attribute, value) in attributes {
        if let Some(prefix) = declared_prefix(attribute) {
            scope.declare(prefix, resolve(value));
        }
    }
    let namespace = |prefix: &str| scope.resolve(prefix).unwrap_or_default().to_owned();
    let (prefix, local) = split_name(name);
    let mut element = Element { namespace: namespace(prefix), local: local.to_owned(), ..Element::default() };
    for (attribute, value) in attributes.iter().filter(|(attribute, _)| declared_prefix(attribute).is_none())
    {
        let (prefix, local) = split_name(attribute);
        let namespace = if prefix.is_empty() { String::new() } else { namespace(prefix) };
        element.attributes.push((namespace, local.to_owned(), resolve(value)));
    }
    element
}

/// Only the predefined entities are known; all other references stay as they are.
fn resolve(text: &str) -> String {
    let mut pieces = text.split('&');
    let mut resolved = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once(';').and_then(|(name, rest)| Some((predefined_entity(name)?, rest))) {
            Some((character, rest)) => {
                resolved.push(character);
                resolved.push_str(rest);
            }
            None => {
                resolved.push('&');
                resolved.push_str(piece);
            }
        }
    }
    resolved
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn envelope(operation: &str, fields: &str) -> String {
        format!(
            "<s:Envelope xmlns:s='{SOAP11}'><s:Header/><s:Body><n:{operation}Response xmlns:n='{EUCALYPTUS}' \
             xmlns:xsi='{XSI}'>{fields}</n:{operation}Response></s:Body></s:Envelope>"
        )
    }

    fn judged(operation: &str, fields: &str) -> Verdict {
        judge(operation, Some("text/xml"), 200, envelope(operation, fields).as_bytes())
    }

    const RESOURCE: &str = "<n:return>true</n:return><n:nodeStatus>OK</n:nodeStatus><n:memorySizeMax>1</n:memorySizeMax>\
        <n:memorySizeAvailable>1</n:memorySizeAvailable><n:diskSizeMax>1</n:diskSizeMax>\
        <n:diskSizeAvailable>1</n:diskSizeAvailable><n:numberOfCoresMax>1</n:numberOfCoresMax>\
        <n:numberOfCoresAvailable>1</n:numberOfCoresAvailable><n:publicSubnets>none</n:publicSubnets>";

    const RUN: &str = "<n:return>true</n:return><n:instance><n:reservationId>r</n:reservationId>\
        <n:instanceId>i</n:instanceId><n:imageId>e</n:imageId><n:userId>u</n:userId><n:keyName></n:keyName>\
        <n:instanceType><n:name>m</n:name><n:deviceMapping><n:deviceName>d</n:deviceName>\
        <n:virtualName>v</n:virtualName><n:format>f</n:format></n:deviceMapping></n:instanceType>\
        <n:netParams><n:privateMacAddress/><n:privateIp/><n:publicIp/><n:vlan>0</n:vlan>\
        <n:networkIndex>0</n:networkIndex></n:netParams><n:stateName>Pending</n:stateName>\
        <n:bundleTaskStateName>none</n:bundleTaskStateName><n:launchTime>2011-01-06T10:11:12.000Z</n:launchTime>\
        <n:userData></n:userData><n:groupNames>g</n:groupNames><n:volumes><n:volumeId/><n:remoteDev/>\
        <n:localDev/><n:state/></n:volumes></n:instance>";

    #[derive(Debug)]
    enum Expect {
        Success,
        Refused,
        Failed,
        Crash,
    }

    fn is(verdict: &Verdict, expected: &Expect) -> bool {
        matches!(
            (&verdict.outcome, expected),
            (Outcome::Success, Expect::Success)
                | (Outcome::Refused, Expect::Refused)
                | (Outcome::Failed(_), Expect::Failed)
                | (Outcome::Crash(_), Expect::Crash)
        )
    }

    // wire.md §3.5: one change to a reply that works.
    #[test]
    fn each_rule_of_the_cursor_shows_when_one_thing_changes() {
        use Expect::{Crash, Failed, Refused, Success};
        let resource = "ncDescribeResource";
        let run = "ncRunInstance";
        for (operation, from, to, expected, unread) in [
            (resource, "", "", Success, 0),
            (run, "", "", Success, 0),
            // An element nobody knows hides what follows.
            (resource, "<n:publicSubnets>", "<n:new/><n:publicSubnets>", Failed, 0),
            (resource, "</n:publicSubnets>", "</n:publicSubnets><n:new/>", Success, 1),
            (run, "<n:stateName>", "<n:new/><n:stateName>", Failed, 0),
            (run, "<n:userData>", "<n:new/><n:userData>", Success, 4),
            (
                run,
                "<n:launchTime>2011-01-06T10:11:12.000Z</n:launchTime><n:userData></n:userData>",
                "<n:userData></n:userData><n:launchTime>2011-01-06T10:11:12.000Z</n:launchTime>",
                Success,
                3,
            ),
            // Namespaces count, prefixes do not.
            (resource, "n:publicSubnets>", "publicSubnets>", Failed, 0),
            (
                run,
                "<n:keyName></n:keyName>",
                "<x:keyName xmlns:x='http://eucalyptus.ucsb.edu/'/>",
                Success,
                0,
            ),
            (run, "<n:keyName></n:keyName>", "<keyName xmlns='http://eucalyptus.ucsb.edu'/>", Failed, 0),
            // Required, nil, numbers, times.
            (resource, "<n:memorySizeMax>1</n:memorySizeMax>", "", Failed, 0),
            (resource, "<n:memorySizeMax>1</n:memorySizeMax>", "<n:memorySizeMax/>", Failed, 0),
            (resource, "<n:memorySizeMax>1", "<n:memorySizeMax>many", Success, 0),
            (resource, "<n:nodeStatus>OK", "<n:nodeStatus xsi:nil='1'>OK", Failed, 0),
            (resource, "<n:nodeStatus>OK", "<n:nodeStatus xsi:nil='true'>OK", Success, 0),
            (resource, "<n:return>", "<n:correlationId xsi:nil='1'/><n:return>", Success, 0),
            (run, "2011-01-06T", "2011-02-29T", Failed, 0),
            (run, "2011-01-06T10:11:12.000Z", "", Failed, 0),
            (run, "<n:networkIndex>0</n:networkIndex>", "", Failed, 0),
            // return
            (resource, "<n:return>true</n:return>", "", Refused, 0),
            (resource, "<n:return>true", "<n:return>1", Refused, 0),
            (resource, "<n:return>true", "<n:return>TRUE", Success, 0),
            // Crashes.
            (run, "<n:bundleTaskStateName>none</n:bundleTaskStateName>", "", Crash, 0),
            (run, "<n:localDev/>", "", Crash, 0),
            (run, "<n:name>m</n:name>", "", Crash, 0),
            (run, "<n:format>f</n:format>", "", Crash, 0),
            // What the parser forgives.
            (resource, "</n:nodeStatus>", "</n:wrong>", Success, 0),
            (
                resource,
                "<n:nodeStatus>OK",
                "\n <!-- c -->\n<n:nodeStatus><![CDATA[O]]><!-- c -->K",
                Success,
                0,
            ),
            (resource, "</n:publicSubnets>", "</n:publicSubnets><broken", Success, 0),
            (resource, "none</n:publicSubnets>", "\u{e9}", Success, 0),
            (resource, "<n:publicSubnets>", "<?pi?><n:publicSubnets>", Failed, 0),
            (resource, "<n:nodeStatus>OK", "<n:nodeStatus>\u{e9}", Failed, 0),
            (run, "<n:userData>", "<n:userData>\u{e9}", Success, 0),
        ] {
            let works = if operation == run { RUN } else { RESOURCE };
            let changed =
                works.replacen(from, to, if from.len() > 2 && from.starts_with("n:") { 2 } else { 1 });
            assert!(from == to || changed != works, "{from}");
            let verdict = judged(operation, &changed);
            assert!(is(&verdict, &expected), "{from} → {to}: {expected:?} expected, got {verdict:?}");
            assert_eq!(verdict.unread.len(), unread, "{from} → {to}: {verdict:?}");
        }
    }

    #[test]
    fn long_lists_and_absent_payloads_are_told_apart() {
        let groups = |count: usize| {
            RUN.replace("<n:groupNames>g</n:groupNames>", &"<n:groupNames>g</n:groupNames>".repeat(count))
        };
        assert_eq!(judged("ncRunInstance", &groups(64)).outcome, Outcome::Success);
        assert!(matches!(judged("ncRunInstance", &groups(65)).outcome, Outcome::Failed(_)));
        assert!(matches!(judged("ncRunInstance", "<n:return>true</n:return>").outcome, Outcome::Crash(_)));
        assert_eq!(judged("ncRunInstance", "<n:return>false</n:return>").outcome, Outcome::Refused);
        assert!(matches!(judged("ncStartNetwork", "<n:return>true</n:return>").outcome, Outcome::Crash(_)));
    }

    // wire.md §3.9: status false is success, whatever return says.
    #[test]
    fn a_reboot_succeeds_by_its_status() {
        for (fields, expected) in [
            ("<n:return>true</n:return><n:status>false</n:status>", Some(Outcome::Success)),
            ("<n:return>false</n:return><n:status>false</n:status>", Some(Outcome::Success)),
            ("<n:return>true</n:return><n:status>true</n:status>", Some(Outcome::Refused)),
            ("<n:return>false</n:return>", None),
        ] {
            let outcome = judged("ncRebootInstance", fields).outcome;
            match expected {
                Some(expected) => assert_eq!(outcome, expected, "{fields}"),
                None => assert!(matches!(outcome, Outcome::Failed(_)), "{fields}"),
            }
        }
    }

    // wire.md §9 N1 to N4
    #[test]
    fn transport_and_envelope_decide_first() {
        let good = envelope("ncDescribeResource", RESOURCE);
        let outcome = |content_type, status, body: &str| {
            judge("ncDescribeResource", content_type, status, body.as_bytes()).outcome
        };
        assert_eq!(outcome(Some("application/soap+xml"), 200, &good), Outcome::Success);
        assert_eq!(outcome(Some("text/xml"), 200, &good.replace(SOAP11, SOAP12)), Outcome::Success);
        assert_eq!(
            outcome(Some("text/xml"), 200, &format!("<?xml version='1.0' encoding='iso-8859-1'?>{good}")),
            Outcome::Success
        );
        let fault = format!("<s:Envelope xmlns:s='{SOAP11}'><s:Body><s:Fault/></s:Body></s:Envelope>");
        let header_cut = good.split_once("</s:Header>").map_or(&good[..60], |(head, _)| head);
        for (content_type, status, body) in [
            (None, 200, good.as_str()),
            (Some("text/xml"), 404, &good),
            (Some("text/xml"), 202, &good),
            (Some("text/xml"), 500, &fault),
            (Some("text/xml"), 200, &fault),
            (Some("text/xml"), 200, ""),
            (Some("text/xml"), 200, "garbage"),
            (Some("text/xml"), 200, header_cut),
            (Some("text/xml"), 200, &good.replace("ncDescribeResource", "ncDescribeResources")),
            (Some("text/xml"), 200, &format!("<!DOCTYPE x>{good}")),
            (Some("text/xml"), 200, &good.replace(SOAP11, "urn:other")),
        ] {
            assert!(
                matches!(outcome(content_type, status, body), Outcome::Failed(_)),
                "{content_type:?} {status} {body}"
            );
        }
        let connection =
            format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n\r\n{good}");
        assert_eq!(judge_connection("ncDescribeResource", connection.as_bytes()).outcome, Outcome::Success);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = judge("ncDescribeInstances", Some(""), 200, &body);
            let _ = judge_connection("ncDescribeInstances", &body);
        }

        #[test]
        fn no_markup_makes_the_reader_panic(text in "([<>/?!&;:='\" a-c\\[\\]-]|<a|</a>|<!--|-->|xmlns|CDATA|é){0,60}") {
            let _ = judge("ncDescribeInstances", Some(""), 200, text.as_bytes());
        }
    }
}
