//! Every request recorded for the CC and its GL, from the original clients and from the real CLC, sent byte for
//! byte to `cc-daemon` with the recorded keys. What comes back is judged three times: against the recording's
//! index, by the strict reader of the peer that asked, and for text that must come back as it was sent.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use euca_oracle::clc::Pipeline;
use euca_sim::clc::{Reply, exchange};
use euca_sim::fleet::Fleet;
use euca_sim::node::Capacity;
use euca_tests::daemon::{Daemon, free_address};
use euca_tests::home::{Home, golden};

const OK: &str = "200; return=true";
const ERROR: &str = "200; return=false, statusMessage=ERROR";
const NO_SECURITY: &str = "500; fault Security header missing or not acceptable";
const NO_SOAP: &str = "500; fault SOAP message does not contain a SOAP envelope element";
const STRANGER: &str = "500; fault Signer is not the expected peer";
const NOT_SIGNED: &str = "500; fault Signature Verification failed.";

/// Where the port answers otherwise than the original did, and the rule that says so.
const DEVIATIONS: &[(&str, &str, &str)] = &[
    ("err-truncated", "500; fault document is cut off", "wire.md §2.7: a text that says something"),
    ("err-no-body", "500; fault envelope without Body", "wire.md §2.7"),
    ("err-unsigned", NO_SECURITY, "wire.md §2.7"),
    ("err-no-header", NO_SECURITY, "wire.md §2.7"),
    ("err-empty-header", NO_SECURITY, "wire.md §2.7"),
    ("err-signed-by-other", STRANGER, "wire.md §2.7"),
    ("err-signed-by-node", STRANGER, "wire.md §2.7"),
    ("err-space-in-security", OK, "S2, W4: tolerated"),
    ("err-comment-in-security", OK, "W4: tolerated"),
    ("err-timestamp", OK, "S7: accepted and checked"),
    ("err-only-to-signed", NOT_SIGNED, "S5: every addressing header must be signed"),
    ("err-mismatched-tag", NO_SOAP, "wire.md §3.1: strict XML"),
    ("clc-RunInstances-comment", NO_SOAP, "wire.md §3.1: a processing instruction is refused at once"),
    ("clc-RunInstances-pi-only", NO_SOAP, "wire.md §3.1"),
    ("clc-RunInstances-unicode", "200; return=true, 1 instances", "W35: UTF-8 is read fully"),
    ("clc-nonascii-optional-tail", "200; return=true", "SYSTEM mode, where the recording was MANAGED-NOVLAN"),
    ("cc-RunInstances-unknown-first", "200; return=true, 1 instances", "W14: unknown elements are skipped"),
    ("cc-RunInstances-min1max3", "200; return=true, 3 instances", "all fit on these nodes"),
    ("cc-RunInstances-nofit", "200; return=true, 1 instances", "it fits on these nodes"),
    ("cc-AttachVolume-ncfail", OK, "these nodes do not fail"),
    ("cc-BundleInstance-ncfail", OK, "these nodes do not fail"),
    ("cc-ConfigureNetwork-0", OK, "W16: a proper answer"),
    ("http-no-soapaction", OK, "W10: accepted"),
    (
        "http-content-type-none",
        "500; fault Content-Type is neither text/xml nor application/soap+xml",
        "wire.md §2.7",
    ),
    ("http-delete", "405", "wire.md §2.4"),
    ("http-options", "405", "wire.md §2.4"),
    ("http-get-wsdl-unknown", "404", "wire.md §2.4"),
];

/// Replies that a CLC cannot read and never asks for: the specification wants them as they are.
const NOT_FOR_A_CLC: &[&str] = &[
    "cc-GetConsoleOutput-absent",
    "cc-TerminateInstances-0",
    "cc-TerminateInstances-3",
    "TerminateInstances-0ids",
    "TerminateInstances-3ids",
    "GetConsoleOutput",
    "gl-GetLogs-no-tag",
    "http-1.0",
    "http-1.0-keepalive",
];

/// A cluster of two simulated nodes and the daemon in front of it.
struct Cluster {
    home: Home,
    fleet: Fleet,
    daemon: Daemon,
    address: SocketAddr,
}

async fn cluster(first: &str) -> Cluster {
    let home = Home::with_recorded_keys().unwrap();
    let fleet = Fleet::start(&home.keys(), first.parse().unwrap(), 2, Capacity::default()).unwrap();
    let nodes: Vec<_> = fleet.nodes().iter().map(|(address, _)| *address).collect();
    let address = free_address("127.3.1.1".parse().unwrap()).unwrap();
    // Many recordings are mutations of one signed message: the replay cache would admit only the first of them.
    let conf = Home::cluster_conf(address, &nodes) + "DAEMON_REPLAY_CACHE=\"0\"\n";
    home.configure(&conf).unwrap();
    let daemon = Daemon::start("cc-daemon", &home).unwrap();
    let cluster = Cluster { home, fleet, daemon, address };
    // Instances are described, and nodes take some, once every node has been polled.
    let probe = golden().join("clc-2.0.1/DescribeInstances.request.http");
    let probe = std::fs::read(probe).unwrap();
    let polled = async || Ok(exchange(address, &probe).await?.status() == 200);
    euca_tests::until("first poll", polled).await.unwrap();
    cluster
}

impl Cluster {
    /// What is wrong with the reply to a recorded request, if anything.
    async fn replay(&self, path: PathBuf, expected: &str) -> Vec<String> {
        let name = path.file_name().unwrap().to_str().unwrap().trim_end_matches(".request.http").to_owned();
        let request = std::fs::read(path).unwrap();
        let reply = match exchange(self.address, &request).await {
            Ok(reply) => reply,
            Err(error) => return vec![format!("{name}: no reply: {error:#}")],
        };
        let mut complaints = Vec::new();
        let said = summary(&reply);
        if said != expected {
            complaints.push(format!("{name}: {said}, expected {expected}"));
        }
        if !NOT_FOR_A_CLC.contains(&name.as_str())
            && let Err(findings) = judge(&reply)
        {
            complaints.push(format!("{name}: the CLC objects: {findings:?}"));
        }
        if let Some(complaint) = echo(&request, &reply) {
            complaints.push(format!("{name}: {complaint}"));
        }
        complaints
    }

    async fn end(self, complaints: Vec<String>) {
        assert!(self.daemon.stop().unwrap().success());
        self.fleet.stop().await;
        drop(self.home);
        assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    }
}

/// Among them cc_t110: DescribeInstances with the CLC's own element `instancesSet`.
#[tokio::test]
async fn what_the_original_daemons_were_asked_is_answered_as_the_index_says() {
    let cluster = cluster("127.3.0.1:0").await;
    let mut complaints = Vec::new();
    let mut replayed = 0;
    for (name, outcome) in recordings().into_iter().filter(|(name, _)| !name.contains("mgd-")) {
        let deviation = DEVIATIONS.iter().find(|(deviating, ..)| *deviating == name);
        let expected =
            deviation.map_or_else(|| expectation(&name, &outcome), |(_, said, _)| (*said).to_owned());
        let path = golden().join("c-2.0.1").join(format!("{name}.request.http"));
        complaints.extend(cluster.replay(path, &expected).await);
        replayed += 1;
    }
    assert_eq!(replayed, 151);
    cluster.end(complaints).await;
}

#[tokio::test]
async fn what_a_real_clc_sends_is_answered_as_it_can_read_it() {
    let cluster = cluster("127.3.3.1:0").await;
    let mut names: Vec<_> =
        std::fs::read_dir(golden().join("clc-2.0.1")).unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.to_str().unwrap().ends_with(".request.http"));
    names.sort();
    assert_eq!(names.len(), 55);
    let mut complaints = Vec::new();
    for path in names {
        let name = path.file_name().unwrap().to_str().unwrap().trim_end_matches(".request.http").to_owned();
        let expected = match name.split('-').next().unwrap() {
            "DescribePublicAddresses" => "200; return=false, statusMessage=NOTSUPPORTED",
            // No node has these instances.
            "AttachVolume" | "DetachVolume" | "BundleInstance" | "CancelBundleTask" | "GetConsoleOutput" => {
                ERROR
            }
            // cluster-controller.md §7.16 step 1.
            "AssignAddress" | "UnassignAddress" if name.ends_with("-dest-0") => ERROR,
            "DescribeResources" => "200; return=true, 5 resources, 2 serviceTags",
            "TerminateInstances" => match name.as_str() {
                "TerminateInstances-3ids" => "200; return=true, 3 isTerminated",
                "TerminateInstances-0ids" => OK,
                _ => "200; return=true, 1 isTerminated",
            },
            _ => OK,
        };
        if name.starts_with("RunInstances")
            || name.starts_with("DescribeInstances")
            || name.starts_with("DescribeBundle")
        {
            // How many there are is told by what is new to the cluster.
            let request = std::fs::read(&path).unwrap();
            let reply = exchange(cluster.address, &request).await.unwrap();
            if !summary(&reply).starts_with(OK) {
                complaints.push(format!("{name}: {}", summary(&reply)));
            }
            complaints.extend(
                judge(&reply).err().into_iter().flatten().map(|finding| format!("{name}: {finding}")),
            );
            complaints.extend(echo(&request, &reply).map(|complaint| format!("{name}: {complaint}")));
        } else {
            complaints.extend(cluster.replay(path, expected).await);
        }
    }
    cluster.end(complaints).await;
}

#[tokio::test]
async fn a_replayed_message_is_refused() {
    let home = Home::with_recorded_keys().unwrap();
    let address = free_address("127.3.4.1".parse().unwrap()).unwrap();
    home.configure(&Home::cluster_conf(address, &[])).unwrap();
    let daemon = Daemon::start("cc-daemon", &home).unwrap();
    let request = |name: &str| std::fs::read(golden().join(format!("c-2.0.1/{name}.request.http"))).unwrap();
    let first = exchange(address, &request("err-replay.1")).await.unwrap();
    let second = exchange(address, &request("err-replay.2")).await.unwrap();
    assert_eq!((summary(&first).as_str(), summary(&second).as_str()), (OK, NOT_SIGNED));
    assert!(daemon.stop().unwrap().success());
}

/// Name and outcome of every exchange with the original CC or GL, in the order they took place.
fn recordings() -> Vec<(String, String)> {
    let manifest = std::fs::read(golden().join("c-2.0.1/manifest.json")).unwrap();
    let manifest: Vec<serde_json::Value> = serde_json::from_slice(&manifest).unwrap();
    let field = |entry: &serde_json::Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    manifest
        .iter()
        .filter(|entry| matches!(entry["response_by"].as_str(), Some("CC" | "GL")))
        .map(|entry| (field(entry, "name"), field(entry, "outcome")))
        .collect()
}

/// The index's outcome in the words of [`summary`]. What a list of instances holds depends on what the recorded
/// cluster had done before; how many are launched, terminated or described as resources does not.
fn expectation(name: &str, outcome: &str) -> String {
    let outcome = outcome.replace('"', "");
    let mut parts: Vec<&str> = outcome.split(", ").collect();
    let depends = name.contains("DescribeInstances") || name.contains("DescribeBundleTasks");
    parts.retain(|part| !depends || !(part.ends_with("instances") || part.ends_with("bundleTasks")));
    let expected = parts.join(", ");
    match expected.split_once(' ') {
        Some((status, rest)) if !status.ends_with(';') && rest.contains("byte body") => status.to_owned(),
        _ => expected,
    }
}

fn summary(reply: &Reply) -> String {
    let text = reply.text();
    let between = |open: &str, close: &str| {
        let rest = text.split_once(open)?.1;
        Some(rest.split_once(close)?.0.to_owned())
    };
    let mut said = reply.status().to_string();
    let soap12 = between("<soapenv:Text xml:lang=\"en\">", "</soapenv:Text>");
    if let Some(fault) = between("<faultstring>", "</faultstring>").or(soap12) {
        _ = write!(said, "; fault {fault}");
    }
    if let Some(returned) = between("<n:return>", "</n:return>") {
        _ = write!(said, "; return={returned}");
    }
    if let Some(status) = between("<n:statusMessage>", "</n:statusMessage>") {
        _ = write!(said, ", statusMessage={status}");
    }
    let describes =
        text.contains("<n:DescribeInstancesResponse") || text.contains("<n:DescribeBundleTasksResponse");
    for list in ["resources", "serviceTags", "instances", "isTerminated"] {
        let count = text.matches(&format!("<n:{list}>")).count();
        if count > 0 && !describes {
            _ = write!(said, ", {count} {list}");
        }
    }
    said
}

/// The CLC's own parser on the reply.
fn judge(reply: &Reply) -> Result<(), Vec<String>> {
    let text = reply.text();
    if text.contains("<soapenv:Fault>") {
        return euca_oracle::clc_fault(Pipeline::Queue, &reply.raw).map(|_| ());
    }
    let root = text.split_once("<n:").and_then(|(_, rest)| rest.split_once("Response")).map(|(name, _)| name);
    let Some(operation) = root else { return Ok(()) };
    euca_oracle::clc_reply(Pipeline::of(operation), operation, &reply.raw).map(|_| ())
}

/// What was sent as text must come back as that text, read by a parser that is neither side's.
fn echo(request: &[u8], reply: &Reply) -> Option<String> {
    let request = String::from_utf8_lossy(request).into_owned();
    let request = request.split_once("\r\n\r\n")?.1.to_owned();
    let reply = reply.text();
    let (request, reply) =
        (roxmltree::Document::parse(&request).ok()?, roxmltree::Document::parse(&reply).ok()?);
    let value = |document: &roxmltree::Document<'_>, name: &str| {
        let body = document.descendants().find(|node| node.tag_name().name() == "Body")?;
        let element = body.descendants().find(|node| node.tag_name().name() == name)?;
        Some(
            element
                .children()
                .filter(|node| node.is_text())
                .filter_map(|node| node.text())
                .collect::<String>(),
        )
    };
    for name in ["correlationId", "userId", "userData", "keyName", "imageId", "reservationId", "launchIndex"]
    {
        let (sent, came) = (value(&request, name), value(&reply, name));
        if let (Some(sent), Some(came)) = (sent, came)
            && came.replace("\r\n", "\n").replace('\r', "\n")
                != sent.replace("\r\n", "\n").replace('\r', "\n")
        {
            return Some(format!("{name} {sent:?} came back as {came:?}"));
        }
    }
    None
}
