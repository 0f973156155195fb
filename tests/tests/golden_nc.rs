//! Every request recorded for the NC, from the original CC, its command-line client and hand-written ones, sent byte
//! for byte to `nc-daemon` over a real libvirtd with the recorded keys. Each reply is judged by the strict reader of
//! the C CC, and against the recording's index. The images the requests name do not answer, so what they launch ends
//! in Teardown soon, where it stays listed longer than this takes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;

use euca_hypervisor::testing::{PrivateLibvirtd, TestBridge};
use euca_oracle::clc::Pipeline;
use euca_oracle::http::NODE_BODY_LIMIT;
use euca_sim::clc::{Reply, exchange};
use euca_tests::daemon::{Daemon, free_address};
use euca_tests::home::{Home, golden};
use euca_tests::node;
use roxmltree::{Document, Node};

/// Recordings of one node's life each; all others are for the CC.
const LIVES: &[(&str, usize)] = &[("cc2nc-", 46), ("nc-real-", 22), ("nc-", 40), ("gl2nc-", 4)];

const OK: &str = "200; return=true";
const REFUSED: &str = "200; return=false";
const NO_SECURITY: &str = "500; fault Security header missing or not acceptable";
const STRANGER: &str = "500; fault Signer is not the expected peer";
const HEALTHY: &str = "the recorded node was told to fail, this one is not";
const OTHER_LIFE: &str = "this node has run what was asked of both recorded nodes, and nothing else";
const NO_POLICY: &str = "the recorded stand-in took a bundle without S3Policy; node-controller.md §5.11";
const NO_BUCKET: &str = "bucket and prefix have at least 3 characters; node-controller.md §10.4";
const NO_PLACE: &str = "the recorded stand-in took any text for a volume's place; storage.md §8.1";

/// Where the port answers otherwise than the original did, and the rule that says so.
const DEVIATIONS: &[(&str, &str, &str)] = &[
    ("cc2nc-ncDescribeInstances-node2", "200; return=true, 5 instances", OTHER_LIFE),
    ("cc2nc-ncDescribeInstances-specials", "200; return=true, 9 instances", OTHER_LIFE),
    ("cc2nc-ncAttachVolume-ok", REFUSED, NO_PLACE),
    ("cc2nc-ncDetachVolume-ok", REFUSED, NO_PLACE),
    ("cc2nc-ncBundleInstance-ok", REFUSED, NO_POLICY),
    ("cc2nc-ncBundleInstance-nobase", REFUSED, NO_BUCKET),
    ("nc-client-attachVolume", REFUSED, NO_PLACE),
    ("nc-ncAttachVolume", REFUSED, NO_PLACE),
    ("nc-ncDetachVolume", REFUSED, NO_PLACE),
    ("nc-client-detachVolume", REFUSED, NO_PLACE),
    ("nc-ncBundleInstance", REFUSED, NO_BUCKET),
    ("cc2nc-ncGetConsoleOutput-ncfail", OK, HEALTHY),
    ("cc2nc-ncRebootInstance-ncfail", OK, HEALTHY),
    ("cc2nc-ncRunInstance-ncfail", OK, HEALTHY),
    ("cc2nc-ncDescribeResource-ncfail", OK, HEALTHY),
    ("nc-ncDescribeResource-fail", OK, HEALTHY),
    ("nc-ncDescribeInstances-fail", "200; return=true, 4 instances", HEALTHY),
    ("nc-ncPowerDown-fail", "200; return=true, statusMessage=0", HEALTHY),
    // The recorded stand-in ignored the ids; the complete original does not.
    ("nc-ncDescribeInstances-ids", "200; return=true, 1 instances", "node-controller.md §5.2"),
    ("nc-ncDescribeBundleTasks-0", REFUSED, "nc_133"),
    ("nc-real-ncGetConsoleOutput-unknown", REFUSED, "nc_091, Q-28"),
    ("nc-err-unsigned", NO_SECURITY, "wire.md §2.7: a text that says something"),
    ("nc-real-err-unsigned", NO_SECURITY, "wire.md §2.7"),
    ("nc-err-signed-by-cloud", STRANGER, "wire.md §2.7"),
    ("nc-real-err-signed-by-cloud", STRANGER, "wire.md §2.7"),
    ("nc-http-get-wsdl-nc", "200; the WSDL", "W26: served"),
];

/// nc_064, nc_076, nc_119, nc_130 and nc_133 are among the recordings.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_original_node_was_asked_is_answered_as_the_index_says() {
    let libvirtd = PrivateLibvirtd::start(&node::cache()).await.unwrap();
    let bridge = TestBridge::create(&node::bridge_name()).unwrap();
    let recordings = recordings();
    let mut complaints = Vec::new();
    for (life, count) in LIVES {
        let home = Home::with_recorded_keys().unwrap();
        let address = free_address([127, 9, 0, 1].into()).unwrap();
        node::configure(&home, address, &libvirtd.uri(), bridge.name()).unwrap();
        let daemon = Daemon::start("nc-daemon", &home).unwrap();
        let of_this_life: Vec<_> = recordings.iter().filter(|(name, _)| lived(name) == *life).collect();
        assert_eq!(of_this_life.len(), *count, "{life}");
        for (name, outcome) in of_this_life {
            let deviation = DEVIATIONS.iter().find(|(deviating, ..)| deviating == name);
            let expected = deviation.map_or(outcome.as_str(), |(_, said, _)| said);
            if deviation.is_some() && expected == outcome {
                complaints.push(format!("{name} is listed as a deviation and is none"));
            }
            complaints.extend(replay(address, name, expected).await);
        }
        assert!(daemon.stop().unwrap().success());
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert_eq!(recordings.len(), LIVES.iter().map(|(_, count)| count).sum::<usize>());
}

/// What is wrong with the reply to a recorded request.
async fn replay(address: SocketAddr, name: &str, expected: &str) -> Vec<String> {
    let request = std::fs::read(golden().join(format!("c-2.0.1/{name}.request.http"))).unwrap();
    let reply = match exchange(address, &request).await {
        Ok(reply) => reply,
        Err(error) => return vec![format!("{name}: no reply: {error:#}")],
    };
    let said = summary(&reply);
    let mut complaints = Vec::new();
    if said != expected {
        complaints.push(format!("{name}: {said}, expected {expected}"));
    }
    complaints.extend(judge(&request, &reply, &said).into_iter().map(|finding| format!("{name}: {finding}")));
    complaints.extend(changed(&request, &reply).into_iter().map(|finding| format!("{name}: {finding}")));
    complaints
}

/// The prefix in [`LIVES`] of a recording for the NC.
fn lived(name: &str) -> &'static str {
    LIVES.iter().map(|(life, _)| *life).find(|life| name.starts_with(life)).unwrap_or_default()
}

/// Name and outcome of every exchange with a node, in the order they took place.
fn recordings() -> Vec<(String, String)> {
    let manifest = std::fs::read(golden().join("c-2.0.1/manifest.json")).unwrap();
    let manifest: Vec<serde_json::Value> = serde_json::from_slice(&manifest).unwrap();
    let by_node = |entry: &&serde_json::Value| !matches!(entry["response_by"].as_str(), Some("CC" | "GL"));
    let text = |entry: &serde_json::Value, field: &str| entry[field].as_str().unwrap().replace('"', "");
    manifest.iter().filter(by_node).map(|entry| (text(entry, "name"), text(entry, "outcome"))).collect()
}

/// A reply in the words of the index.
fn summary(reply: &Reply) -> String {
    let text = reply.text();
    let mut said = reply.status().to_string();
    let wsdl = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wsdl/2.0.1/eucalyptus_nc.wsdl");
    if text == std::fs::read_to_string(wsdl).unwrap() {
        return said + "; the WSDL";
    }
    let Ok(document) = Document::parse(&text) else { return said + "; no XML" };
    let Some(element) = body_element(&document) else { return said + "; no body element" };
    if let Some(fault) = child(element, "faultstring") {
        _ = write!(said, "; fault {fault}");
    }
    for (field, separator) in [("return", "; "), ("statusMessage", ", ")] {
        if let Some(value) = child(element, field) {
            _ = write!(said, "{separator}{field}={value}");
        }
    }
    for list in ["instances", "bundleTasks"] {
        let count = element.children().filter(|node| node.has_tag_name((NAMESPACE, list))).count();
        if count > 0 {
            _ = write!(said, ", {count} {list}");
        }
    }
    said
}

/// What the C CC objects to. Of a fault it reads nothing, but its transport and its shape count.
fn judge(request: &[u8], reply: &Reply, said: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(request);
    let (_, sent) = text.split_once("\r\n\r\n").unwrap();
    let Ok(sent) = Document::parse(sent) else { return Vec::new() };
    if said.contains("; fault ") {
        return euca_oracle::http::check_reply(&reply.raw, NODE_BODY_LIMIT);
    }
    let operation = body_element(&sent).unwrap().tag_name().name();
    let read = match operation {
        // Handed on to the CLC as it is.
        "GetLogs" | "GetKeys" => euca_oracle::clc_reply(Pipeline::of(operation), operation, &reply.raw),
        _ => euca_oracle::cc_reply(operation, &reply.raw),
    };
    match read {
        Ok(success) if success == said.contains("return=true") => Vec::new(),
        Ok(success) => vec![format!("success for the C CC is {success}")],
        Err(findings) => findings,
    }
}

/// What was sent as text and has come back as another text. The refusals of a C NC echo nothing.
fn changed(request: &[u8], reply: &Reply) -> Vec<String> {
    let text = String::from_utf8_lossy(request);
    let (reply, sent) = (reply.text(), text.split_once("\r\n\r\n").unwrap().1);
    let (Ok(sent), Ok(came)) = (Document::parse(sent), Document::parse(&reply)) else { return Vec::new() };
    let (Some(sent), Some(came)) = (body_element(&sent), body_element(&came)) else { return Vec::new() };
    let instance = came.children().find(|node| node.has_tag_name((NAMESPACE, "instance")));
    let mut pairs = vec![(came, "correlationId"), (came, "userId")];
    for field in
        ["instanceId", "reservationId", "imageId", "keyName", "userData", "launchIndex", "platform", "userId"]
    {
        pairs.extend(instance.map(|instance| (instance, field)));
    }
    let compare = |(parent, field): (Node<'_, '_>, &str)| {
        // The request's reader here turns raw line ends into LF; the port keeps them, as the original did.
        let came = child(parent, field)?.replace("\r\n", "\n").replace('\r', "\n");
        let sent = child(sent, field)?;
        (sent != came).then(|| format!("{field} {sent:?} came back as {came:?}"))
    };
    pairs.into_iter().filter_map(compare).collect()
}

const NAMESPACE: &str = "http://eucalyptus.ucsb.edu/";

fn body_element<'a>(document: &'a Document<'_>) -> Option<Node<'a, 'a>> {
    let body = document.root_element().children().find(|node| node.tag_name().name() == "Body")?;
    body.children().find(Node::is_element)
}

/// All text of a child.
fn child(parent: Node<'_, '_>, name: &str) -> Option<String> {
    let found = parent.children().find(|node| node.tag_name().name() == name)?;
    Some(found.descendants().filter(Node::is_text).filter_map(|node| node.text()).collect())
}
