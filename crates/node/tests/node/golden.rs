//! Requests recorded from C programs, answered as the original node controller answered them.

use std::path::Path;

use euca_wire::{Element, Encoder, Generation, Message, NodeApi, nc};

use crate::bench::{Bench, Images};

fn body(name: &str, kind: &str) -> String {
    let file = format!("../../tests/golden/c-2.0.1/{name}.{kind}.http");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = String::from_utf8(std::fs::read(&path).unwrap()).unwrap();
    let start = text.find("<soapenv:Body").unwrap();
    let open = start + text[start..].find('>').unwrap() + 1;
    let end = text.rfind("</soapenv:Body>").unwrap();
    text[open..end].to_owned()
}

/// The answer's body element, with the moment of the launch taken out.
fn answer<M: Message>(message: &M) -> String {
    let mut out = Vec::new();
    message.write(&mut Encoder::new(&mut out, Generation::V2_0));
    without_launch_time(&String::from_utf8(out).unwrap())
}

fn without_launch_time(text: &str) -> String {
    let (open, close) = ("<n:launchTime>", "</n:launchTime>");
    match (text.find(open), text.find(close)) {
        (Some(from), Some(to)) => format!("{}{}", &text[..from + open.len()], &text[to..]),
        _ => text.to_owned(),
    }
}

fn read<M: Message>(name: &str) -> M {
    let xml = body(name, "request");
    M::read(&Element { xml: &xml, scope: &[] }).unwrap()
}

#[tokio::test(start_paused = true)]
async fn recorded_requests_are_answered_as_they_were() {
    let bench = Bench::with(|settings| {
        (settings.max_memory, settings.max_cores, settings.max_disk) = (2048, 4, 10);
    })
    .await;
    // As in the recording, the image never comes, and only `admin` has an instance.
    bench.images.put("http://127.0.0.1:8773/k", None);
    let node: &euca_node::Node<_, Images> = &bench.node;
    macro_rules! same {
        ($($name:literal $call:ident;)*) => {
            $(
                let name = concat!("nc-real-", $name);
                let response = node.$call(read(name)).await.unwrap();
                let recorded = without_launch_time(&body(name, "response"));
                assert_eq!(answer(&response), recorded, "{name}");
            )*
        };
    }
    same! {
        "client-describeResource" nc_describe_resource;
        "ncDescribeResource" nc_describe_resource;
        "ncDescribeInstances-0" nc_describe_instances;
        "ncStartNetwork" nc_start_network;
        "ncRunInstance" nc_run_instance;
        "ncDescribeInstances-owner" nc_describe_instances;
        "ncDescribeInstances-stranger" nc_describe_instances;
        "ncDescribeInstances-ids" nc_describe_instances;
        "ncDescribeResource-used" nc_describe_resource;
        "ncGetConsoleOutput" nc_get_console_output;
        "ncRebootInstance" nc_reboot_instance;
        "ncAttachVolume" nc_attach_volume;
        "ncAttachVolume-unknown" nc_attach_volume;
        "ncCancelBundleTask-unknown" nc_cancel_bundle_task;
        "ncDescribeBundleTasks" nc_describe_bundle_tasks;
        "ncRunInstance-toobig" nc_run_instance;
        "ncTerminateInstance" nc_terminate_instance;
    }
    // Refusals add the echo, and the fields that the schema requires, to what was recorded.
    let refused: nc::NcRunInstance = read("nc-real-ncRunInstance-again");
    assert_eq!(node.nc_run_instance(refused).await.unwrap().return_, Some(false));
    let unknown: nc::NcTerminateInstance = read("nc-real-ncTerminateInstance-unknown");
    assert_eq!(node.nc_terminate_instance(unknown).await.unwrap().return_, Some(false));
    // The original shows an empty console for an instance it does not know (Q-28, nc_091).
    let unknown: nc::NcGetConsoleOutput = read("nc-real-ncGetConsoleOutput-unknown");
    assert_eq!(node.nc_get_console_output(unknown).await.unwrap().return_, Some(false));
}
