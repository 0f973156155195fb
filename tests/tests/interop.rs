//! A client that shares no line with this project, zeep with python-xmlsec, drives the daemon by its WSDL and
//! believes replies by its signature only. `tests/setup.sh` installs it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use euca_sim::fleet::Fleet;
use euca_sim::keys::{Keys, Role};
use euca_sim::node::Capacity;
use euca_tests::daemon::{Daemon, free_address};
use euca_tests::home::Home;
use serde_json::{Value, json};

/// A running `tests/interop/zeep/call.py`.
struct Zeep {
    child: Child,
    calls: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

impl Zeep {
    fn start(url: &str, keys: &Keys, own: Role, peer: Role) -> Self {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(tests.join("../target/interop-venv/bin/python"));
        command
            .arg(tests.join("interop/zeep/call.py"))
            .arg(url)
            .args([keys.private_key(own), keys.certificate(own), keys.certificate(peer)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}; tests/setup.sh installs it"));
        let calls = child.stdin.take();
        let replies = BufReader::new(child.stdout.take().unwrap());
        Self { child, calls, replies }
    }

    /// The reply to a call, or the traceback that ended the program.
    fn try_call(&mut self, operation: &str, arguments: &Value) -> Result<Value, String> {
        // A program that has ended breaks the pipe; what it said tells why.
        let _ = writeln!(self.calls.as_ref().unwrap(), "{}", json!([operation, arguments]));
        let mut line = String::new();
        if self.replies.read_line(&mut line).unwrap() > 0 {
            return Ok(serde_json::from_str(&line).unwrap());
        }
        let mut traceback = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut traceback).unwrap();
        Err(traceback)
    }

    fn call(&mut self, operation: &str, arguments: Value) -> Value {
        let reply = self.try_call(operation, &arguments);
        let reply = reply.unwrap_or_else(|traceback| panic!("{operation}: {traceback}"));
        assert_eq!(reply["return"], true, "{operation}: {reply}");
        reply
    }

    fn end(mut self) {
        drop(self.calls.take());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Zeep {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_knows_the_wsdl_and_the_certificates_only_works_with_the_cluster_controller() {
    let home = Home::new().unwrap();
    let keys = home.keys();
    let fleet = Fleet::start(&keys, "127.11.0.1:0".parse().unwrap(), 2, Capacity::default()).unwrap();
    let nodes: Vec<_> = fleet.nodes().iter().map(|(address, _)| *address).collect();
    let address = free_address([127, 11, 1, 1].into()).unwrap();
    home.configure(&Home::cluster_conf(address, &nodes)).unwrap();
    let daemon = Daemon::start("cc-daemon", &home).unwrap();
    let url = format!("http://{address}/axis2/services/EucalyptusCC");
    let mut zeep = Zeep::start(&url, &keys, Role::Cloud, Role::Cluster);

    let kind = json!({"name": "m1.small", "memory": 128, "cores": 1, "disk": 2});
    let capacity = async || {
        let reply = zeep.call("DescribeResources", json!({"instanceTypes": [kind]}));
        assert_eq!(reply["serviceTags"].as_array().unwrap().len(), 2, "{reply}");
        Ok(reply["resources"][0]["availableInstances"] != 0)
    };
    euca_tests::until("capacity", capacity).await.unwrap();

    let id = "i-3A4B5C6D";
    let user_data = "zwölf <&> \"'\u{1F600}";
    let reply = zeep.call(
        "RunInstances",
        json!({
            "correlationId": "run", "userId": "alice", "imageId": "emi-1", "imageURL": "http://walrus/emi-1",
            "instanceType": kind, "keyName": "", "maxCount": 1, "minCount": 1, "reservationId": "r-41D30C2E",
            "instanceIds": [id], "netNames": ["default"], "macAddresses": ["d0:0d:3a:4b:5c:6d"],
            "networkIndexList": [-1], "vlan": -1, "userData": user_data, "launchIndex": "0", "platform": "linux",
        }),
    );
    let instance = &reply["instances"][0];
    assert_eq!(
        (&reply["correlationId"], &instance["stateName"], &instance["userData"]),
        (&json!("run"), &json!("Pending"), &json!(user_data))
    );
    let extant = async || {
        let reply = zeep.call("DescribeInstances", json!({"userId": "eucalyptus"}));
        assert_eq!(
            (&reply["instances"][0]["instanceId"], &reply["instances"][0]["userData"]),
            (&json!(id), &json!(user_data))
        );
        Ok(reply["instances"][0]["stateName"] == "Extant")
    };
    euca_tests::until("Extant", extant).await.unwrap();

    zeep.call("RebootInstances", json!({"instanceIds": [id]}));
    let boots: Vec<_> = fleet.nodes().iter().filter_map(|(_, node)| node.boots(id)).collect();
    assert_eq!(boots, [2]);
    let reply = zeep.call("GetConsoleOutput", json!({"userId": "alice", "instanceId": id}));
    let console = STANDARD.decode(reply["consoleOutput"].as_str().unwrap()).unwrap();
    assert_eq!(String::from_utf8(console).unwrap(), format!("boot 1 of {id}\nboot 2 of {id}\n"));
    let reply = zeep.call("TerminateInstances", json!({"userId": "alice", "instanceIds": [id]}));
    assert_eq!(reply["isTerminated"], json!([true]));
    zeep.end();

    // It does not believe just anybody.
    let mut suspicious = Zeep::start(&url, &keys, Role::Cloud, Role::Node);
    let traceback = suspicious.try_call("DescribeResources", &json!({"instanceTypes": [kind]})).unwrap_err();
    assert!(traceback.contains("SignatureVerificationFailed"), "{traceback}");
    // And is not believed when it is somebody else.
    let mut stranger = Zeep::start(&url, &keys, Role::Other, Role::Cluster);
    let traceback = stranger.try_call("DescribeResources", &json!({"instanceTypes": [kind]})).unwrap_err();
    assert!(traceback.contains("Signer is not the expected peer"), "{traceback}");
    assert!(daemon.stop().unwrap().success());
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_knows_the_wsdl_and_the_certificates_only_works_with_a_node() {
    let home = Home::new().unwrap();
    let capacity = Capacity { memory: 2048, disk: 100, cores: 4 };
    let fleet = Fleet::start(&home.keys(), "127.11.2.1:0".parse().unwrap(), 1, capacity).unwrap();
    let url = Fleet::url(fleet.nodes()[0].0);
    let mut zeep = Zeep::start(&url, &home.keys(), Role::Cluster, Role::Node);
    let reply = zeep.call("ncDescribeResource", json!({"correlationId": "c", "userId": "eucalyptus"}));
    assert_eq!(
        (
            &reply["correlationId"],
            &reply["memorySizeMax"],
            &reply["diskSizeAvailable"],
            &reply["numberOfCoresMax"]
        ),
        (&json!("c"), &json!(2048), &json!(100), &json!(4))
    );
    zeep.end();
    fleet.stop().await;
}
