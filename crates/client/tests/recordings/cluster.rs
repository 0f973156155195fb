//! What the original client sent, and what it was answered: the same arguments make the same request here, and the
//! recorded reply makes the lines of deployment.md §11.

use std::sync::Arc;
use std::time::Duration;

use clap::Parser as _;
use euca_client::admin::Admin;
use euca_client::output::Output;
use euca_client::{Arguments, Session};
use euca_wire::{CallError, Element, Fault, Message as _, cc};

use crate::{Peer, recorded};

struct Outcome {
    /// Body elements sent.
    asked: Vec<String>,
    /// Standard output.
    text: String,
    error: Option<String>,
}

/// Runs `cc-client 127.0.0.1:8774 LINE` against a peer that answers with `reply`.
async fn run(line: &str, reply: Result<&str, CallError>, terminal: bool) -> Outcome {
    let words = ["cc-client", "127.0.0.1:8774"].into_iter().chain(line.split(' '));
    let arguments = Arguments::try_parse_from(words).unwrap_or_else(|error| panic!("{line}: {error}"));
    let peer = Peer { reply: reply.map(str::to_owned), asked: Arc::default() };
    let mut text = Vec::new();
    let mut session = Session {
        cluster: peer.clone(),
        log: peer.clone(),
        admin: Admin { port: None, limit: Duration::ZERO },
        user: arguments.options.user,
        json: arguments.options.json,
        out: Output::new(&mut text, terminal),
    };
    let error = session.run(arguments.command).await.err().map(|error| euca_observe::chain(&error));
    drop(session);
    let asked = peer.asked.lock().unwrap().clone();
    Outcome { asked, text: String::from_utf8(text).unwrap(), error }
}

fn without_correlation_id(body: &str) -> String {
    let (head, rest) = body.split_once("<n:correlationId>").unwrap();
    let (id, tail) = rest.split_once('<').unwrap();
    assert!(id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_lowercase()), "{id}");
    format!("{head}<n:correlationId><{tail}")
}

/// deployment.md §15 row 10, as far as the original client was recorded.
#[tokio::test]
async fn recorded_exchanges_of_the_original_client_are_repeated() {
    let node = "http://127.0.1.2:8775/axis2/services/EucalyptusNC";
    let extant = format!(
        "Desc: instanceId=i-3A4B5C6D reservationId=r-41D30C2E ownerId=admin state=Extant \
         privMac=d0:0d:3A:4B:5C:6D privIp=0.0.0.0 pubIp=0.0.0.0 vlan=10 \
         keyName=ssh-rsa AAAAB3NzaC1yc2E= admin@eucalyptus vmTypeName=m1.small cores=1 mem=128 disk=2 \
         serviceTag={node} userData= launchIndex=0 groupName=default volId=vol-5FCC05E4 networkIndex=-1\n"
    );
    let console = "i-3A4B5C6D\n\
         RAW CONSOLE OUTPUT: TGludXggdmVyc2lvbiAyLjYuMjggKGJ1aWxkZEBleGFtcGxlKQpCb290aW5nIDxndWVzdD4gJiAiZnJpZW5kcyIKbG9naW46IA==\n\
         RAW CONSOLE OUTPUT: Linux version 2.6.28 (buildd@example)\nBooting <guest> & \"friends\"\nlogin: \n";
    let volume = "vol-5FCC05E4 i-3A4B5C6D iqn.2009-06.com.eucalyptus:store1 /dev/sdb";
    for (name, line, expected) in [
        ("DescribeInstances-empty", "describeInstances", ""),
        ("DescribeInstances-volume", "describeInstances", &extant),
        (
            "DescribeInstances-running",
            "describeInstances",
            "groupName=default,web,db volId= networkIndex=-1\n",
        ),
        (
            "DescribeNetworks",
            "describeNetworks 127.0.0.1",
            "adding 127.0.0.1\ndescribenetworks returned status 0\nmode: 0 addrspernet: 0\nfound 0 active nets\n",
        ),
        (
            "StartNetwork",
            "startNetwork 10 default 127.0.0.1",
            "adding 127.0.0.1\nstartnetwork returned status 0\n",
        ),
        ("StopNetwork", "stopNetwork 10 default", "stopnetwork returned status 0\n"),
        (
            "ConfigureNetwork",
            "configureNetwork 0.0.0.0/0 default tcp 22 22 firewall-open",
            "0.0.0.0/0 T: 48\nconfigurenetwork returned status 0\n",
        ),
        ("UnassignAddress", "unassignAddress 10.0.0.50 172.19.1.2", "unassignAddress returned status 0\n"),
        ("AttachVolume", &format!("attachVolume {volume}"), "attachVolume returned status 0\n"),
        ("DetachVolume", &format!("detachVolume {volume} 0"), "detachVolume returned status 0\n"),
        ("GetConsoleOutput", "getConsoleOutput i-3A4B5C6D", console),
        ("RebootInstances-1", "rebootInstances i-3A4B5C6D", "1 i-3A4B5C6D\n"),
        (
            "DescribeBundleTasks",
            "describeBundleTasks i-3A4B5C6D",
            "BUNDLE 0: i-rrlvpnvh \nBUNDLE 1: i-3A4B5C6D bundling\nBUNDLE 2: i-3A4B5C01 none\n",
        ),
        ("TerminateInstances-1", "terminateInstances i-3A4B5C01", "1 i-3A4B5C01\nTerm: number: 1\n"),
        (
            "TerminateInstances-3",
            "terminateInstances i-3A4B5C02 i-3A4B5C03 i-00000000",
            "3 i-3A4B5C02\nTerm: number: 3\n",
        ),
    ] {
        let outcome = run(line, Ok(&recorded(&format!("cc-{name}.response"))), false).await;
        let [asked] = outcome.asked.as_slice() else { panic!("{name}: {:?}", outcome.asked) };
        let mut request = recorded(&format!("cc-{name}.request"));
        if name == "GetConsoleOutput" {
            // Consoles are asked for as the administrator, who sees all of them.
            request = request.replace("<n:userId>admin<", "<n:userId>eucalyptus<");
        }
        assert_eq!(without_correlation_id(asked), without_correlation_id(&request), "{name}");
        assert_eq!(outcome.error, None, "{name}");
        match expected {
            "" => assert_eq!(outcome.text, "", "{name}"),
            _ => assert!(outcome.text.contains(expected), "{name}: {}", outcome.text),
        }
    }
}

#[tokio::test]
async fn what_is_launched_is_the_original_type_under_ids_of_a_clc() {
    let line = "runInstances emi-1 http://127.0.0.1:8773/i eki-1 http://127.0.0.1:8773/k 2 10 default eri-1 \
                http://127.0.0.1:8773/r";
    let outcome = run(line, Ok(&recorded("cc-RunInstances-3.response")), false).await;
    let decode = |xml: &str| cc::RunInstances::read(&Element { xml, scope: &[] }).unwrap();
    let [asked] = outcome.asked.as_slice() else { panic!("{:?}", outcome.asked) };
    let (ours, original) = (decode(asked), decode(&recorded("cc-RunInstances-client.request")));
    let given = |request: &cc::RunInstances| {
        let ids = [&request.image_id, &request.kernel_id, &request.ramdisk_id].map(Clone::clone);
        let urls = [&request.image_url, &request.kernel_url, &request.ramdisk_url].map(Clone::clone);
        (ids, urls, request.instance_type.clone(), request.vlan, request.user_id.clone())
    };
    assert_eq!(given(&ours), given(&original));
    assert_eq!((ours.min_count, ours.max_count, ours.mac_addresses.len()), (2, 2, 2));
    assert_eq!(ours.net_names, ["default"]);
    for (id, prefix) in ours.instance_ids.iter().map(|id| (id, "i-")).chain([(&ours.reservation_id, "r-")]) {
        let digits = id.strip_prefix(prefix).unwrap();
        assert!(digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    }
    let first = outcome.text.lines().next().unwrap();
    assert!(first.starts_with("Run: instance id: i-3A4B5C01 r-41D30C2E admin http://127.0.1."), "{first}");
    assert_eq!(outcome.text.lines().count(), 3);

    let sized = run(
        "runInstances emi-1 u eki-1 u 1 -1 default --memory 128 --cores 2 --disk 3 --type c1.medium --key k --user-data d --user alice",
        Ok(&recorded("cc-RunInstances-1.response")),
        false,
    )
    .await;
    let sized = decode(&sized.asked[0]);
    let machine = sized.instance_type.unwrap();
    assert_eq!((machine.memory, machine.cores, machine.disk), (Some(128), Some(2), Some(3)));
    assert_eq!(machine.name.as_deref(), Some("c1.medium"));
    assert_eq!((sized.user_id.as_deref(), sized.key_name.as_deref()), (Some("alice"), Some("k")));
    assert_eq!((sized.user_data.as_str(), sized.vlan, sized.ramdisk_id), ("d", -1, None));
}

fn reply(name: &str, content: &str) -> String {
    let xmlns = euca_wire::NAMESPACE;
    format!("<n:{name} xmlns:n=\"{xmlns}\"><n:return>true</n:return>{content}</n:{name}>")
}

#[tokio::test]
async fn replies_read_as_the_lines_that_scripts_know() {
    for (line, name, content, expected) in [
        (
            "describeResources",
            "DescribeResourcesResponse",
            "<n:resources><n:instanceType/><n:maxInstances>4</n:maxInstances><n:availableInstances>3</n:availableInstances></n:resources>\
             <n:serviceTags>http://a</n:serviceTags><n:serviceTags>http://b</n:serviceTags>",
            ":http://a::http://b:\nDescribeResources: 4 3\n",
        ),
        (
            "describePublicAddresses",
            "DescribePublicAddressesResponse",
            "<n:sourceAddresses>10.0.0.1</n:sourceAddresses><n:sourceAddresses>10.0.0.2</n:sourceAddresses>\
             <n:destAddresses>172.19.1.2</n:destAddresses><n:destAddresses/>",
            "IP: 10.0.0.1 ALLOC: 172.19.1.2\nIP: 10.0.0.2 ALLOC: \n",
        ),
        (
            "describeNetworks",
            "DescribeNetworksResponse",
            "<n:mode>1</n:mode><n:addrsPerNet>32</n:addrsPerNet><n:activeNetworks><n:vlan>10</n:vlan><n:netName>web</n:netName>\
             <n:userName>admin</n:userName><n:activeAddrs>0</n:activeAddrs><n:activeAddrs>1</n:activeAddrs><n:activeAddrs>31</n:activeAddrs>\
             </n:activeNetworks>",
            "describenetworks returned status 0\nmode: 1 addrspernet: 32\nfound 1 active nets\n\
             \tvlan: 10 netName: web userName: admin\n\tnumber of active addrs: 3 - 0 1 31\n",
        ),
        (
            "bundleInstance i-1 bucket prefix http://walrus key",
            "BundleInstanceResponse",
            "",
            "bundleInstance returned status 0\n",
        ),
        ("cancelBundleTask i-1", "CancelBundleTaskResponse", "", "cancelBundleTask returned status 0\n"),
        (
            "assignAddress 10.0.0.1 172.19.1.2",
            "AssignAddressResponse",
            "",
            "assignAddress returned status 0\n",
        ),
        (
            "configureNetwork other default icmp -1 -1 firewall-close",
            "ConfigureNetworkResponse",
            "",
            "other T: 111\nconfigurenetwork returned status 0\n",
        ),
        ("terminateInstances", "TerminateInstancesResponse", "", ""),
        ("killallInstances", "DescribeInstancesResponse", "", ""),
        (
            "getKeys",
            "GetKeysResponse",
            "<n:serviceTag>self</n:serviceTag><n:NCcert>Y2VydA==</n:NCcert>",
            "--------------------\nNCCERT\ncert\n--------------------\n",
        ),
        (
            "getLogs http://n/axis2/services/EucalyptusNC",
            "GetLogsResponse",
            "<n:serviceTag>self</n:serviceTag><n:CCLog>YQ==</n:CCLog><n:httpdLog>Yg==</n:httpdLog>",
            "--------------------\nCLOG\na\n--------------------\n--------------------\nHLOG\nb\n--------------------\n",
        ),
    ] {
        let outcome = run(line, Ok(&reply(name, content)), false).await;
        assert_eq!((outcome.text.as_str(), outcome.error), (expected, None), "{line}");
    }
}

#[tokio::test]
async fn failures_are_named_as_the_original_names_them() {
    let refused = |name: &str| {
        format!(
            "<n:{name} xmlns:n=\"{}\"><n:statusMessage>ERROR</n:statusMessage><n:return>false</n:return></n:{name}>",
            euca_wire::NAMESPACE
        )
    };
    for (line, name, expected) in [
        ("describeResources", "DescribeResourcesResponse", "cc_describeResources() failed\n"),
        (
            "startNetwork 10 default",
            "StartNetworkResponse",
            "startnetwork returned status 1\ncc_startNetwork() failed\n",
        ),
        (
            "assignAddress a b",
            "AssignAddressResponse",
            "assignAddress returned status 1\ncc_assignNetwork() failed\n",
        ),
        (
            "unassignAddress a b",
            "UnassignAddressResponse",
            "unassignAddress returned status 1\ncc_unassignNetwork() failed\n",
        ),
        (
            "detachVolume vol i-1 r l 1",
            "DetachVolumeResponse",
            "detachVolume returned status 1\ncc_unassignNetwork() failed\n",
        ),
        ("killallInstances", "DescribeInstancesResponse", "cc_killallInstances() failed\n"),
    ] {
        let outcome = run(line, Ok(&refused(name)), false).await;
        assert_eq!(outcome.text, format!("operation fault 'ERROR'\n{expected}"), "{line}");
        assert!(outcome.error.unwrap().contains("was refused: \"ERROR\""), "{line}");
    }
    let outcome = run("describeInstances", Err(CallError::Fault(Fault::server("not yet"))), false).await;
    assert_eq!(outcome.text, "ERROR: describeInstances returned NULL\ncc_describeInstances() failed\n");
    assert!(outcome.error.unwrap().ends_with("not yet"));
    let outcome = run("describeInstnaces", Ok(""), false).await;
    assert_eq!(
        (outcome.text.as_str(), outcome.asked.len()),
        ("unrecognized operation 'describeInstnaces'\n", 0)
    );
    assert!(outcome.error.is_some());
    let outcome = run(
        "getConsoleOutput i-1",
        Ok(&reply("GetConsoleOutputResponse", "<n:consoleOutput>%</n:consoleOutput>")),
        false,
    )
    .await;
    assert!(outcome.error.unwrap().starts_with("cannot write the reply"), "{}", outcome.text);
}

#[tokio::test]
async fn json_is_the_whole_reply_and_nothing_else() {
    let outcome =
        run("rebootInstances i-1 --json", Ok(&recorded("cc-RebootInstances-1.response")), false).await;
    let json: serde_json::Value = serde_json::from_str(&outcome.text).unwrap();
    assert_eq!((&json["return"], &json["userId"]), (&true.into(), &"eucalyptus".into()));
    let outcome =
        run("--json describeInstances", Ok(&recorded("cc-DescribeInstances-volume.response")), false).await;
    let json: serde_json::Value = serde_json::from_str(&outcome.text).unwrap();
    assert_eq!(json["instances"][1]["volumes"][0]["volumeId"], "vol-5FCC05E4");
    let refused = recorded("cc-DescribePublicAddresses.response");
    let outcome = run("--json describePublicAddresses", Ok(&refused), false).await;
    let json: serde_json::Value = serde_json::from_str(&outcome.text).unwrap();
    assert_eq!(json["statusMessage"], "NOTSUPPORTED");
    assert!(outcome.error.is_some());
}

#[tokio::test]
async fn a_guest_cannot_write_to_the_terminal_or_break_a_line() {
    // ESC ] 0 ; x BEL sets a terminal's title.
    let console =
        reply("GetConsoleOutputResponse", "<n:consoleOutput>G10wO3gHCmxvZ2luOg==</n:consoleOutput>");
    let line = "getConsoleOutput i-1";
    assert!(run(line, Ok(&console), false).await.text.ends_with(": \u{1b}]0;x\u{7}\nlogin:\n"));
    assert!(run(line, Ok(&console), true).await.text.ends_with(": \\u{1b}]0;x\\u{7}\nlogin:\n"));
    let tasks =
        "<n:bundleTasks><n:instanceId>a\nBUNDLE 1: b</n:instanceId><n:state>none</n:state></n:bundleTasks>";
    let tasks = run("describeBundleTasks i-1", Ok(&reply("DescribeBundleTasksResponse", tasks)), false).await;
    assert_eq!(tasks.text, "BUNDLE 0: a\\nBUNDLE 1: b none\n");
}
