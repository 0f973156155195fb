//! `nc-client`: the same arguments make the request that NCclient made, and the recorded reply makes the lines of
//! deployment.md §12.

use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use euca_client::admin::Admin;
use euca_client::node::{Arguments, Session};
use euca_client::output::Output;
use euca_wire::{CallError, Element, Fault, Message as _, nc};

use crate::{Peer, recorded};

struct Outcome {
    /// Body elements sent.
    asked: Vec<String>,
    /// Standard output.
    text: String,
    error: Option<String>,
}

async fn run(line: &[&str], reply: Result<&str, CallError>) -> Outcome {
    let words = [&["nc-client", "-n", "127.0.1.1:8775"], line].concat();
    let arguments = Arguments::try_parse_from(words).unwrap_or_else(|error| panic!("{line:?}: {error}"));
    let peer = Peer { reply: reply.map(str::to_owned), asked: Arc::default() };
    let mut text = Vec::new();
    let mut session = Session {
        node: peer.clone(),
        name: arguments.node.as_ref().unwrap().host().to_owned(),
        admin: Admin { port: None, limit: Duration::ZERO },
        out: Output::new(&mut text, false),
    };
    let error = session.run(&arguments).await.err().map(|error| euca_observe::chain(&error));
    drop(session);
    let asked = peer.asked.lock().unwrap().clone();
    Outcome { asked, text: String::from_utf8(text).unwrap(), error }
}

fn words(line: &str) -> Vec<&str> {
    line.split(' ').collect()
}

/// The request without the correlation id, which the original sends with few operations.
fn anonymous(body: &str) -> String {
    let (head, rest) = body.split_once("<n:correlationId>").unwrap();
    let (id, tail) = rest.split_once("</n:correlationId>").unwrap();
    assert!(id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_lowercase()), "{id}");
    head.to_owned() + tail
}

/// deployment.md §15 row 10, as far as the original client was recorded. The recorded stand-in named states that no
/// node names: 4 and 1.
#[tokio::test]
async fn recorded_exchanges_of_the_original_client_are_repeated() {
    let volume = "-i i-41AA0001 -V vol-1 -R /dev/x -L /dev/sdb";
    let (attach, detach) = (format!("{volume} attachVolume"), format!("{volume} detachVolume"));
    for (name, line, expected) in [
        (
            "describeResource",
            "describeResource",
            "node status=[OK] memory=4096/4096 disk=100/100 cores=8/8 subnets=[none]\n",
        ),
        ("describeInstances-empty", "describeInstances", ""),
        ("attachVolume", attach.as_str(), ""),
        ("detachVolume", detach.as_str(), ""),
        ("terminateInstance", "-i i-41AA0002 terminateInstance", "shutdownState=4, previousState=1\n"),
    ] {
        let outcome = run(&words(line), Ok(&recorded(&format!("nc-client-{name}.response")))).await;
        let [asked] = outcome.asked.as_slice() else { panic!("{name}: {:?}", outcome.asked) };
        assert_eq!(anonymous(asked), recorded(&format!("nc-client-{name}.request")), "{name}");
        assert_eq!((outcome.text.as_str(), outcome.error), (expected, None), "{name}");
    }
}

const RUN: &[&str] = &["-m", "emi-1:store/i.manifest.xml", "-k", "eki-1:store/k.manifest.xml", "runInstance"];

#[tokio::test]
async fn what_is_launched_is_the_original_s_but_for_what_it_left_to_chance() {
    let given = ["-i", "i-aaaaa", "-e", "r-aaaaa", "-U", "user data", "-I", "0", "-G", "default:web"];
    let reply = recorded("nc-client-runInstance.response");
    let outcome = run(&[&given, RUN].concat(), Ok(&reply)).await;
    let [asked] = outcome.asked.as_slice() else { panic!("{:?}", outcome.asked) };
    let original = recorded("nc-client-runInstance.request")
        // Memory of the original's that nobody had set.
        .replace(">alrus/store/k.manifest.x10.0.0.202<", ">10.0.0.202<")
        .replace(">1815031610<", ">-1<");
    assert_eq!(anonymous(asked), original);
    let line = "instanceId=i-aaaaa stateCode=12 stateName=Pending deviceMappings=3\n";
    assert_eq!((outcome.text.as_str(), outcome.error), (line, None));

    let decode = |xml: &String| nc::NcRunInstance::read(&Element { xml, scope: &[] }).unwrap();
    let options = "-c 3 -i i-bbbbb -r eri-1:store/r -w walrus:80 -a d0:0d:00:00:00:01 --memory 128 --cores 2 \
                   --disk 3 --type c1.medium --key k --vlan 10 --user alice";
    let outcome = run(&[&words(options), RUN].concat(), Ok(&reply)).await;
    assert_eq!(outcome.text, line.repeat(3));
    let requests: Vec<_> = outcome.asked.iter().map(decode).collect();
    let ids: Vec<_> = requests.iter().map(|request| request.instance_id.as_str()).collect();
    let [first, second, "i-bbbbb"] = ids[..] else { panic!("{ids:?}") };
    for id in [first, second, &requests[0].reservation_id.replace("r-", "i-")] {
        let letters = id.strip_prefix("i-").unwrap();
        assert!(letters.len() == 5 && letters.bytes().all(|byte| byte.is_ascii_lowercase()), "{id}");
    }
    assert!(first != second && requests[0].reservation_id == requests[2].reservation_id);
    let request = &requests[0];
    let machine = &request.instance_type;
    assert_eq!((machine.memory, machine.cores, machine.disk), (Some(128), Some(2), Some(3)));
    assert_eq!(request.ramdisk_url.as_deref(), Some("http://walrus:80/services/Walrus/store/r"));
    assert_eq!((request.net_params.vlan, request.key_name.as_str()), (10, "k"));
    assert_eq!(request.user_id.as_deref(), Some("alice"));
}

#[tokio::test]
async fn instances_are_listed_in_one_line_and_with_d_in_three() {
    let reply = recorded("nc-client-describeInstances.response");
    let outcome = run(&["describeInstances"], Ok(&reply)).await;
    let lines: Vec<_> = outcome.text.lines().collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0], "instanceId=i-aaaaa state=Pending time=1795352872");
    let long = run(&["describeInstances", "-d"], Ok(&reply)).await.text;
    assert_eq!(long.lines().step_by(3).collect::<Vec<_>>(), lines);
    assert!(long.lines().skip(1).step_by(3).all(|line| line.starts_with("    userData=")), "{long}");
    assert!(long.contains("launchIndex=0 groupNames=default\n    attached volumes: (none)\n"), "{long}");
    let volumes = recorded("nc-ncDescribeInstances-volumes.response");
    let long = run(&["-d", "describeInstances"], Ok(&volumes)).await.text;
    assert!(long.contains("    attached volumes: vol-"), "{long}");
}

fn reply(name: &str, content: &str) -> String {
    let xmlns = euca_wire::NAMESPACE;
    format!("<n:{name} xmlns:n=\"{xmlns}\">{content}</n:{name}>")
}

/// What was not recorded, and what the original did not have: the request's own elements, and the lines.
#[tokio::test]
async fn every_other_command_asks_for_what_it_says() {
    let done = "<n:return>true</n:return>";
    for (line, name, content, asked, expected) in [
        ("-i i-1 rebootInstance", "ncRebootInstance", "<n:status>false</n:status>", "<n:instanceId>i-1<", ""),
        (
            "-i i-1 getConsoleOutput",
            "ncGetConsoleOutput",
            "<n:consoleOutput>bG9naW46IA==</n:consoleOutput>",
            "<n:instanceId>i-1<",
            "login: \n",
        ),
        ("-i i-1 cancelBundleTask", "ncCancelBundleTask", "", "<n:instanceId>i-1<", ""),
        (
            "-i i-1 bundleInstance",
            "ncBundleInstance",
            "",
            "<n:bucketName>bucket-foo</n:bucketName><n:filePrefix>prefix-foo</n:filePrefix>\
             <n:walrusURL>s3-url-foo</n:walrusURL><n:userPublicKey>user-key-foo</n:userPublicKey>\
             <n:S3Policy>s3policy-foo</n:S3Policy><n:S3PolicySig>s3policy-sig</n:S3PolicySig>",
            "ncBundleInstanceStub = 0\n",
        ),
        (
            "describeBundleTasks",
            "ncDescribeBundleTasks",
            "<n:bundleTasks><n:instanceId>i-12345675</n:instanceId><n:state>none</n:state></n:bundleTasks>",
            "<n:instanceIds>i-12345675</n:instanceIds><n:instanceIds>i-12345674</n:instanceIds>\
             <n:instanceIds>i-12345673</n:instanceIds><n:instanceIds>i-12345672</n:instanceIds>",
            "BUNDLE 0: i-12345675 none\n",
        ),
        (
            "describeBundleTasks -i i-1",
            "ncDescribeBundleTasks",
            "",
            "<n:instanceIds>i-1</n:instanceIds></n:nc",
            "",
        ),
        (
            "startNetwork --vlan -1",
            "ncStartNetwork",
            "<n:networkStatus>SUCCESS</n:networkStatus>",
            "<n:vlan>-1<",
            "network status=[SUCCESS]\n",
        ),
        ("startNetwork", "ncStartNetwork", "", "<n:vlan>3<", "network status=[]\n"),
        ("powerDown", "ncPowerDown", "", "<n:nodeName>127.0.1.1</n:nodeName></n:nc", ""),
        ("detachVolume -F -i i -V v -R r -L l", "ncDetachVolume", "", "<n:force>true<", ""),
    ] {
        let outcome =
            run(&words(line), Ok(&reply(&format!("{name}Response"), &format!("{done}{content}")))).await;
        let request = &outcome.asked[0];
        assert!(request.starts_with(&format!("<n:{name} ")) && request.contains(asked), "{line}: {request}");
        assert_eq!((outcome.text.as_str(), outcome.error), (expected, None), "{line}");
    }
}

#[tokio::test]
async fn failures_are_named_as_the_original_names_them() {
    let refused = |name: &str| reply(name, "<n:return>false</n:return><n:instanceId/>");
    for (line, name, expected) in [
        (
            "-i i-1 terminateInstance",
            "ncTerminateInstanceResponse",
            "ncTerminateInstance() failed: error=1\n",
        ),
        (
            "-i i-1 bundleInstance",
            "ncBundleInstanceResponse",
            "ncBundleInstanceStub = 1\nncBundleInstance() failed: error=1\n",
        ),
    ] {
        let outcome = run(&words(line), Ok(&refused(name))).await;
        assert_eq!(outcome.text, expected, "{line}");
        let error = outcome.error.unwrap();
        assert!(error.contains("was refused"), "{line}: {error}");
    }
    let refused = run(&[&["-i", "i-1"], RUN].concat(), Ok(&refused("ncRunInstanceResponse"))).await;
    assert_eq!(refused.text, "ncRunInstance() failed: instanceId=i-1 error=1\n");
    let outcome = run(&["powerDown"], Err(CallError::Fault(Fault::server("not yet")))).await;
    assert_eq!(outcome.text, "ncPowerDown() failed: error=1\n");
    assert!(outcome.error.unwrap().ends_with("not yet"));
    for (line, thing) in [
        ("runInstance -k k:m", "image"),
        ("runInstance -m m:m", "kernel"),
        ("terminateInstance", "instance id"),
        ("attachVolume -i i", "volume id"),
        ("attachVolume -i i -V v", "remote device"),
        ("detachVolume -i i -V v -R r", "local device"),
        ("explain", "instance id"),
    ] {
        let outcome = run(&words(line), Ok("")).await;
        assert_eq!((outcome.asked.len(), outcome.text.as_str()), (0, ""), "{line}");
        assert_eq!(outcome.error.unwrap(), format!("ERROR: no {thing} specified (try -h)"), "{line}");
    }
    for line in ["reboot", "-m emi-1 runInstance", "-c 0 runInstance", "-n here describeResource", ""] {
        assert!(
            Arguments::try_parse_from(["nc-client"].into_iter().chain(line.split(' '))).is_err(),
            "{line}"
        );
    }
}

#[tokio::test]
async fn json_is_the_reply_and_nothing_else() {
    let body = recorded("nc-client-describeResource.response");
    let json: serde_json::Value =
        serde_json::from_str(&run(&["describeResource", "--json"], Ok(&body)).await.text).unwrap();
    assert_eq!((&json["memorySizeMax"], &json["nodeStatus"]), (&4096.into(), &"OK".into()));
    let body = reply("ncStartNetworkResponse", "<n:return>false</n:return>");
    let outcome = run(&["startNetwork", "--json"], Ok(&body)).await;
    let json: serde_json::Value = serde_json::from_str(&outcome.text).unwrap();
    assert_eq!(json["return"], false);
    assert!(outcome.error.is_some());
}
