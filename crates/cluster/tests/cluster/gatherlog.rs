//! GetKeys and GetLogs.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use euca_cluster::{ClusterSettings, Gatherlog, HostFiles};
use euca_wire::{LogApi, gl};
use tokio::time::Instant;

use crate::fixture::{round_robin, seconds};
use crate::fleet::{Act, Fleet, World, url};

fn gatherlog(directory: &Path) -> (World, Gatherlog<Fleet>) {
    let files = HostFiles { keys: directory.to_owned(), logs: directory.to_owned() };
    let world = World::start(ClusterSettings { files, ..round_robin() }, Fleet::new(), &["n0", "n1"]);
    let gatherlog = Gatherlog::new(world.cluster.clone());
    (world, gatherlog)
}

fn keys(tag: Option<&str>) -> gl::GetKeys {
    gl::GetKeys { correlation_id: Some("c-1".into()), service_tag: tag.map(Into::into), ..Default::default() }
}

fn logs(tag: Option<&str>) -> gl::GetLogs {
    gl::GetLogs { correlation_id: Some("c-1".into()), service_tag: tag.map(Into::into), ..Default::default() }
}

fn text(base64: Option<String>) -> Option<Vec<u8>> {
    base64.map(|text| BASE64.decode(text).unwrap())
}

#[tokio::test(start_paused = true)]
async fn cc_t204_cc_t205_own_certificates_are_handed_out_as_they_lie_there() {
    let directory = tempfile::tempdir().unwrap();
    let (_world, gatherlog) = gatherlog(directory.path());
    std::fs::write(directory.path().join("cluster-cert.pem"), "CLUSTER\n").unwrap();
    std::fs::write(directory.path().join("node-cert.pem"), "NODE\0hidden").unwrap();
    let answer = gatherlog.get_keys(keys(Some("self"))).await.unwrap();
    let expected = gl::GetKeysResponse {
        correlation_id: Some("c-1".into()),
        user_id: None,
        status_message: None,
        return_: Some(true),
        service_tag: Some("self".into()),
        cc_cert: Some(BASE64.encode("CLUSTER\n")),
        nc_cert: Some(BASE64.encode("NODE")),
    };
    assert_eq!(answer, expected, "cc_t204");

    std::fs::remove_file(directory.path().join("node-cert.pem")).unwrap();
    let answer = gatherlog.get_keys(keys(Some("self"))).await.unwrap();
    assert_eq!(answer, gl::GetKeysResponse { nc_cert: None, ..expected }, "cc_t205");
    std::fs::write(directory.path().join("node-cert.pem"), "").unwrap();
    assert_eq!(gatherlog.get_keys(keys(Some("self"))).await.unwrap().nc_cert, None, "empty");
}

#[tokio::test(start_paused = true)]
async fn cc_t206_own_logs_are_handed_out_from_their_end() {
    let directory = tempfile::tempdir().unwrap();
    let (_world, gatherlog) = gatherlog(directory.path());
    let file = |name: &str| directory.path().join(name);
    let long: Vec<u8> = (0..200_000_u32).map(|i| b'a' + u8::try_from(i % 23).unwrap()).collect();
    std::fs::write(file("cc.log"), &long).unwrap();
    std::fs::write(file("axis2c.log"), "axis\n").unwrap();
    std::fs::write(file("httpd-cc_error_log"), "cc\n").unwrap();
    // What is not a file could keep a reader waiting for ever.
    std::fs::create_dir(file("nc.log")).unwrap();
    let answer = gatherlog.get_logs(logs(Some("self"))).await.unwrap();
    assert_eq!((answer.return_, answer.service_tag.as_deref()), (Some(true), Some("self")));
    assert_eq!(text(answer.cc_log).unwrap(), long[200_000 - 131_072..]);
    assert_eq!(text(answer.axis2_log).unwrap(), b"axis\n");
    assert_eq!(text(answer.httpd_log).unwrap(), b"cc\n");
    assert_eq!(answer.nc_log, None);
    std::fs::write(file("httpd-nc_error_log"), "nc\n").unwrap();
    let answer = gatherlog.get_logs(logs(Some("self"))).await.unwrap();
    assert_eq!(text(answer.httpd_log).unwrap(), b"nc\n", "the node's comes first");
}

#[tokio::test(start_paused = true)]
async fn without_a_service_tag_there_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let (_world, gatherlog) = gatherlog(directory.path());
    let answer = gatherlog.get_keys(keys(None)).await.unwrap();
    assert_eq!((answer.return_, answer.status_message.as_deref()), (Some(false), Some("ERROR")));
    let answer = gatherlog.get_logs(logs(None)).await.unwrap();
    assert_eq!((answer.return_, answer.status_message.as_deref()), (Some(false), Some("ERROR")));
}

#[tokio::test(start_paused = true)]
async fn a_configured_node_is_asked_at_its_own_gatherlog_with_a_fixed_identity() {
    let directory = tempfile::tempdir().unwrap();
    let (world, gatherlog) = gatherlog(directory.path());
    world.fleet.script("n1", |script| script.console = BASE64.encode("log of n1"));
    let gl_url = url("n1").replace("EucalyptusNC", "EucalyptusGL");
    for tag in [url("n1"), gl_url.clone()] {
        world.fleet.forget_calls();
        let answer = gatherlog.get_logs(logs(Some(&tag))).await.unwrap();
        assert_eq!((answer.return_, answer.service_tag.as_deref()), (Some(true), Some(tag.as_str())));
        assert_eq!(text(answer.nc_log).unwrap(), b"log of n1");
        assert_eq!((answer.cc_log, answer.httpd_log, answer.axis2_log), (None, None, None));
        let (node, request) = world.fleet.requests::<gl::GetLogs>().remove(0);
        let expected = gl::GetLogs {
            correlation_id: Some("12345678".into()),
            user_id: Some("eucalyptus".into()),
            service_tag: Some("self".into()),
            ..Default::default()
        };
        assert_eq!((node.as_str(), request), ("n1", expected));
        let answer = gatherlog.get_keys(keys(Some(&tag))).await.unwrap();
        assert_eq!((answer.cc_cert, answer.nc_cert.as_deref()), (None, Some("bmM=")));
        assert_eq!(answer.correlation_id.as_deref(), Some("c-1"));
    }
}

#[tokio::test(start_paused = true)]
async fn nobody_else_is_ever_asked() {
    let directory = tempfile::tempdir().unwrap();
    let (world, gatherlog) = gatherlog(directory.path());
    for tag in [
        "",
        "http://169.254.169.254/latest/meta-data",
        "http://n2:8775/axis2/services/EucalyptusNC",
        "http://n1:22/axis2/services/EucalyptusNC",
        "http://n1:8775/axis2/services/EucalyptusNC/../x",
        "http://n1@evil:8775/axis2/services/EucalyptusNC",
        "file:///etc/passwd",
        "SELF",
    ] {
        let answer = gatherlog.get_logs(logs(Some(tag))).await.unwrap();
        let expected = gl::GetLogsResponse {
            correlation_id: Some("c-1".into()),
            return_: Some(true),
            service_tag: Some(tag.into()),
            ..Default::default()
        };
        assert_eq!(answer, expected);
        let answer = gatherlog.get_keys(keys(Some(tag))).await.unwrap();
        assert_eq!((answer.return_, answer.cc_cert, answer.nc_cert), (Some(true), None, None));
    }
    assert!(world.fleet.foreground().is_empty());
}

#[tokio::test(start_paused = true)]
async fn no_node_is_asked_when_relaying_is_switched_off() {
    let settings = ClusterSettings { relay_logs: false, ..round_robin() };
    let world = World::start(settings, Fleet::new(), &["n0", "n1"]);
    let gatherlog = Gatherlog::new(world.cluster.clone());
    let answer = gatherlog.get_logs(logs(Some(&url("n1")))).await.unwrap();
    assert_eq!((answer.return_, answer.nc_log), (Some(true), None));
    assert!(world.fleet.foreground().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_does_not_answer_is_given_10_seconds() {
    let directory = tempfile::tempdir().unwrap();
    let (world, gatherlog) = gatherlog(directory.path());
    for (act, limit) in [(Act::Hang, 10.0), (Act::Fault, 0.0), (Act::Refuse, 0.0)] {
        world.fleet.plan("n1", "GetLogs", [act.clone()]);
        world.fleet.plan("n1", "GetKeys", [act]);
        let start = Instant::now();
        let answer = gatherlog.get_logs(logs(Some(&url("n1")))).await.unwrap();
        assert_eq!((answer.return_, answer.nc_log), (Some(true), None));
        assert!(start.elapsed() >= seconds(limit) && start.elapsed() < seconds(limit + 0.1));
        let answer = gatherlog.get_keys(keys(Some(&url("n1")))).await.unwrap();
        assert_eq!((answer.return_, answer.nc_cert), (Some(true), None));
    }
}

#[tokio::test(start_paused = true)]
async fn a_nodes_long_log_is_cut_so_that_it_can_still_be_decoded() {
    let directory = tempfile::tempdir().unwrap();
    let (world, gatherlog) = gatherlog(directory.path());
    let long: Vec<u8> = (0..131_072_u32).map(|i| b'a' + u8::try_from(i % 23).unwrap()).collect();
    world.fleet.script("n1", |script| script.console = BASE64.encode(&long));
    let answer = gatherlog.get_logs(logs(Some(&url("n1")))).await.unwrap();
    let relayed = answer.nc_log.unwrap();
    assert!(relayed.len() <= 131_071);
    let relayed = BASE64.decode(relayed).unwrap();
    assert!(relayed.len() > 98_000 && long.ends_with(&relayed));
    world.fleet.script("n1", |script| script.console = "!".repeat(140_000));
    assert_eq!(gatherlog.get_logs(logs(Some(&url("n1")))).await.unwrap().nc_log, None);
}
