//! The readers against everything that was recorded from the peers they stand for.

use std::fs;
use std::path::PathBuf;

use crate::cc::{self, Outcome as NodeOutcome};
use crate::clc::{self, Outcome, Pipeline, Verdict};

fn golden(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../golden")).join(path)
}

fn rows(path: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(golden(path)).unwrap();
    text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn pipeline(name: &str) -> Pipeline {
    match name {
        "gl" | "poll" => Pipeline::Poll,
        "queue" => Pipeline::Queue,
        "log" => Pipeline::Log,
        other => panic!("pipeline {other}"),
    }
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "ACCEPTED",
        Outcome::ParsedFalse => "PARSED-FALSE",
        Outcome::Rejected(_) => "REJECTED",
        Outcome::NoCallback => "NO-CALLBACK",
    }
}

/// The reason, where the CLC's own text follows from a rule and not from the implementation of a library.
fn comparable(result: &str) -> Option<&str> {
    let result = result.strip_prefix("WebServicesException: ").unwrap_or(result);
    let known = ["Expected ", "EucalyptusRemoteFault: ", "Multiple headers", "First Element must"];
    known.iter().any(|start| result.starts_with(start)).then_some(result)
}

fn disagreement(verdict: &Verdict, expected: &str, result: &str) -> Option<String> {
    let found = name(&verdict.outcome);
    if found != expected {
        return Some(format!("{expected} expected, got {:?}", verdict.outcome));
    }
    match (&verdict.outcome, comparable(result)) {
        // The table cuts long texts.
        (Outcome::Rejected(reason), Some(text)) if !reason.starts_with(text.trim_end_matches('…')) => {
            Some(format!("reason {text:?} expected, got {reason:?}"))
        }
        _ => None,
    }
}

/// The samples that were too long to keep, made again from their description and size.
fn long_sample(id: &str, bytes: usize) -> (Vec<u8>, bool) {
    let (file, piece) = if id.starts_with("log.") {
        ("replies-accepted/GetLogs.full.xml", "QUFB".to_owned())
    } else {
        let text =
            fs::read_to_string(golden("clc-2.0.1/replies-accepted/DescribeInstances.full.xml")).unwrap();
        let start = text.find("<n:instances>").unwrap();
        let end = text.find("</n:instances>").unwrap() + "</n:instances>".len();
        ("replies-accepted/DescribeInstances.full.xml", text[start..end].to_owned())
    };
    let text = fs::read_to_string(golden("clc-2.0.1").join(file)).unwrap();
    let at = if id.starts_with("log.") {
        text.find("</n:CCLog>").unwrap()
    } else {
        text.find("<n:instances>").unwrap()
    };
    let count = (bytes - text.len()) / piece.len();
    let body = format!("{}{}{}", &text[..at], piece.repeat(count), &text[at..]).into_bytes();
    let chunked = id.contains("chunked");
    if !chunked {
        return (body, false);
    }
    let mut connection =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.chunks(8000) {
        connection.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        connection.extend_from_slice(chunk);
        connection.extend_from_slice(b"\r\n");
    }
    connection.extend_from_slice(b"0\r\n\r\n");
    (connection, true)
}

#[test]
fn the_clc_reader_agrees_with_every_verdict_of_the_clc() {
    let rows = rows("clc-2.0.1/verdicts.tsv");
    assert_eq!(rows.len(), 1118);
    let mut failures = Vec::new();
    for row in &rows {
        let [id, pipeline_name, expected, file, candidate, result] = &row[..] else { panic!("{row:?}") };
        let pipeline = pipeline(pipeline_name);
        let operation = id.split('.').next().unwrap();
        let (bytes, raw) = match file.strip_prefix("(not stored, ") {
            Some(size) => long_sample(id, size.split(' ').next().unwrap().parse().unwrap()),
            None => (fs::read(golden("clc-2.0.1").join(file)).unwrap(), file.ends_with(".http")),
        };
        let verdict = if raw {
            clc::judge_connection(pipeline, operation, &bytes)
        } else {
            let status = if candidate.ends_with(", 500") { 500 } else { 200 };
            clc::judge(pipeline, operation, status, &[], &bytes)
        };
        failures.extend(disagreement(&verdict, expected, result).map(|text| format!("{id}: {text}")));
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), rows.len(), failures.join("\n"));
}

#[test]
fn the_clc_reader_agrees_with_the_verdicts_on_the_original_cc() {
    let rows = rows("clc-2.0.1/verdicts-original-cc.tsv");
    assert_eq!(rows.len(), 191);
    let (mut failures, mut judged) = (Vec::new(), 0);
    for row in &rows {
        let [recording, pipeline_name, expected, result] = &row[..] else { panic!("{row:?}") };
        let Ok(connection) = fs::read(golden(&format!("c-2.0.1/{recording}.response.http"))) else {
            continue;
        };
        judged += 1;
        let verdict = clc::judge_connection(pipeline(pipeline_name), "", &connection);
        failures.extend(disagreement(&verdict, expected, result).map(|text| format!("{recording}: {text}")));
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), rows.len(), failures.join("\n"));
    // Twenty of the rows are about recordings that were never published.
    assert_eq!(judged, 171);
}

/// Operations whose failure reply lacks what the C CC's parser requires (wire.md §3.5).
const UNUSABLE_FAILURES: [&str; 4] =
    ["ncDescribeResource", "ncGetConsoleOutput", "ncRebootInstance", "ncTerminateInstance"];

#[test]
fn the_cc_reader_agrees_with_every_recorded_reply_of_a_node() {
    let manifest = fs::read_to_string(golden("c-2.0.1/manifest.json")).unwrap();
    let manifest: Vec<serde_json::Value> = serde_json::from_str(&manifest).unwrap();
    let mut failures = Vec::new();
    let (mut successes, mut others) = (0, 0);
    for row in &manifest {
        let text = |key: &str| row[key].as_str().unwrap();
        let name = text("name");
        let request = fs::read(golden(&format!("c-2.0.1/{name}.request.http"))).unwrap();
        let head = String::from_utf8_lossy(&request);
        let action = head.lines().find_map(|line| line.strip_prefix("SOAPAction: "));
        let Some(operation) =
            action.and_then(|action| action.trim_matches('"').strip_prefix("EucalyptusNC#"))
        else {
            continue;
        };
        let response = fs::read(golden(&format!("c-2.0.1/{name}.response.http"))).unwrap();
        let verdict = cc::judge_connection(operation, &response);
        let outcome = text("outcome");
        let agrees = match &verdict.outcome {
            NodeOutcome::Success => outcome.starts_with("200; return=true"),
            NodeOutcome::Refused => {
                outcome.starts_with("200; return=false") && !UNUSABLE_FAILURES.contains(&operation)
            }
            NodeOutcome::Failed(_) => {
                outcome.starts_with("500; fault")
                    || outcome.starts_with("200; return=false") && UNUSABLE_FAILURES.contains(&operation)
            }
            NodeOutcome::Crash(_) => false,
        };
        if !agrees || !verdict.unread.is_empty() {
            failures.push(format!("{name} ({outcome}): {verdict:?}"));
        }
        if verdict.outcome == NodeOutcome::Success { successes += 1 } else { others += 1 }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(successes > 60 && others > 20, "{successes} successes, {others} others: recordings are missing");
}

#[test]
fn replies_of_the_original_daemons_that_succeed_pass_the_transport_check() {
    let manifest = fs::read_to_string(golden("c-2.0.1/manifest.json")).unwrap();
    let manifest: Vec<serde_json::Value> = serde_json::from_str(&manifest).unwrap();
    let mut failures = Vec::new();
    let mut checked = 0;
    for row in &manifest {
        let name = row["name"].as_str().unwrap();
        if row["outcome"].as_str().unwrap().starts_with("200; return=") {
            let connection = fs::read(golden(&format!("c-2.0.1/{name}.response.http"))).unwrap();
            let mut findings = crate::http::check_reply(&connection, 1 << 20);
            // The original writes CR as it is.
            findings.retain(|finding| !finding.starts_with("a CR "));
            checked += 1;
            if !findings.is_empty() {
                failures.push(format!("{name}: {findings:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {checked}:\n{}", failures.len(), failures.join("\n"));
    assert!(checked > 150, "{checked}");
}

#[test]
fn a_complete_judgement_says_success_failure_or_what_is_wrong() {
    let recorded = |name: &str| fs::read(golden(&format!("c-2.0.1/{name}.response.http"))).unwrap();
    let clc = |operation, name| crate::clc_reply(Pipeline::of(operation), operation, &recorded(name));
    assert_eq!(clc("TerminateInstances", "cc-TerminateInstances-1"), Ok(true));
    assert_eq!(clc("DescribeInstances", "cc-DescribeInstances-many"), Ok(true));
    assert_eq!(clc("DescribePublicAddresses", "cc-DescribePublicAddresses"), Ok(false));
    // clc.md §7.3: never a success
    assert_eq!(clc("RebootInstances", "cc-RebootInstances-1"), Ok(false));
    let wrong = clc("DescribeNetworks", "cc-DescribeInstances-empty").unwrap_err();
    assert!(wrong[0].contains("expects DescribeNetworksResponse"), "{wrong:?}");
    let readable = crate::clc_fault(Pipeline::Queue, &recorded("cc-RunInstances-no-ids")).unwrap();
    assert!(
        readable.ends_with("Code:soapenv:Sender Id:RelatesTo Error: Data element of the OM Node is NULL")
    );
    assert!(crate::clc_fault(Pipeline::Queue, &recorded("err-unknown-op")).is_err(), "no Header");
    let fault = clc("DescribeResources", "cc-DescribeResources-no-types").unwrap_err();
    assert!(fault[0].contains("Data element of the OM Node is NULL"), "{fault:?}");

    let node = |operation, name| crate::cc_reply(operation, &recorded(name));
    assert_eq!(node("ncDescribeInstances", "cc2nc-ncDescribeInstances-node2"), Ok(true));
    assert_eq!(node("ncAttachVolume", "cc2nc-ncAttachVolume-ncfail"), Ok(false));
    assert!(node("ncRebootInstance", "cc2nc-ncRebootInstance-ncfail").is_err());
}
