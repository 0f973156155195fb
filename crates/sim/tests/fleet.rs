//! The product's client against simulated nodes over TCP, signed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use euca_sim::fleet::Fleet;
use euca_sim::keys::{Keys, Role};
use euca_sim::node::{Behaviour, Capacity, Plan};
use euca_soap::{Client, ClientOptions, ClientSecurity};
use euca_wire::{CallError, NodeApi, Stub, nc};
use euca_wsse::{Options, Profile, Verifier};

fn stub(keys: &Keys, own: Role, peer: Role, url: &str) -> Stub<Client> {
    let credentials = keys.credentials(own, peer);
    let verifier = Some(Arc::new(Verifier::new(Arc::clone(&credentials), Options::client(Profile::Legacy))));
    let security = ClientSecurity { credentials, profile: Profile::Legacy, verifier, enforce: true };
    let options = ClientOptions { security: Some(security), ..ClientOptions::default() };
    Stub(Client::new(url, options))
}

fn run_instance(id: &str) -> nc::NcRunInstance {
    nc::NcRunInstance { instance_id: id.to_owned(), user_id: Some("alice".to_owned()), ..Default::default() }
}

#[tokio::test]
async fn a_signed_call_reaches_its_node_and_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::create(folder.path()).unwrap();
    let fleet =
        Fleet::start(&keys, "127.1.0.1:0".parse::<SocketAddr>().unwrap(), 3, Capacity::default()).unwrap();
    let (address, node) = &fleet.nodes()[2];
    let stub = stub(&keys, Role::Cluster, Role::Node, &Fleet::url(*address));

    let answer = stub.nc_run_instance(run_instance("i-1")).await.unwrap();
    assert_eq!(answer.return_, Some(true));
    assert_eq!(answer.user_id.as_deref(), Some("alice"));
    let reboot = nc::NcRebootInstance { instance_id: "i-1".to_owned(), ..Default::default() };
    assert_eq!(stub.nc_reboot_instance(reboot).await.unwrap().return_, Some(true));
    assert_eq!(node.boots("i-1"), Some(2));
    assert_eq!(fleet.nodes()[0].1.boots("i-1"), None);
    fleet.stop().await;
}

#[tokio::test]
async fn each_way_of_failing_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let keys = Keys::create(folder.path()).unwrap();
    let fleet =
        Fleet::start(&keys, "127.1.0.1:0".parse::<SocketAddr>().unwrap(), 1, Capacity::default()).unwrap();
    let (address, node) = &fleet.nodes()[0];
    let url = Fleet::url(*address);
    let describe = nc::NcDescribeResource::default;

    let stranger = stub(&keys, Role::Other, Role::Node, &url);
    let error = stranger.nc_describe_resource(describe()).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Fault(fault) if fault.reason == "Signer is not the expected peer"),
        "{error}"
    );

    let suspicious = stub(&keys, Role::Cluster, Role::Other, &url);
    let error = suspicious.nc_describe_resource(describe()).await.unwrap_err();
    assert!(
        matches!(&error, CallError::Undecodable(reason) if reason.contains("signed by somebody else")),
        "{error}"
    );

    let stub = stub(&keys, Role::Cluster, Role::Node, &url);
    node.set_plan(Plan { behaviour: Behaviour::Fault, ..Plan::default() });
    let error = stub.nc_describe_resource(describe()).await.unwrap_err();
    assert!(matches!(&error, CallError::Fault(fault) if fault.reason == "planned fault"), "{error}");

    node.set_plan(Plan { behaviour: Behaviour::Hang, ..Plan::default() });
    let call = tokio::time::timeout(Duration::from_millis(200), stub.nc_describe_resource(describe()));
    assert!(call.await.is_err(), "a hanging node must not answer");

    fleet.stop().await;
    let error = stub.nc_describe_resource(describe()).await.unwrap_err();
    assert!(matches!(error, CallError::Unreachable(_)), "{error}");
}
