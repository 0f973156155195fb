//! The helper as a hostile or broken daemon finds it, and as the honest one does.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::pin::pin;
use std::time::{Duration, Instant};

use euca_helper::testing::{FakeIscsi, PASSWORD, TARGET, TestHelper};
use euca_helper::{Client, Error, Host, Reply, Secret, TargetName, protocol};
use nix::unistd::Uid;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::time::timeout;

fn target() -> TargetName {
    TargetName::new(TARGET).unwrap()
}

async fn login(client: &Client, password: &str) -> Result<IpAddr, Error> {
    client.login(target(), Host::new("127.0.0.5").unwrap(), Secret::new(password).unwrap()).await
}

/// What the helper says to these bytes; `None` when it says nothing.
async fn raw(helper: &TestHelper, bytes: &[u8]) -> Option<Reply> {
    let mut stream = UnixStream::connect(helper.socket()).await.unwrap();
    // The helper may have hung up already.
    let _ = stream.write_all(bytes).await;
    protocol::read(&mut stream).await.ok()
}

fn frame(text: &str) -> Vec<u8> {
    [&u32::try_from(text.len()).unwrap().to_be_bytes()[..], text.as_bytes()].concat()
}

#[tokio::test]
async fn st_t104_open_iscsi_is_used_in_this_order_and_never_told_the_password() {
    let iscsi = FakeIscsi::new().unwrap();
    let helper = TestHelper::start(&iscsi, |_| {}).unwrap();
    let client = Client::new(helper.socket());
    assert_eq!(login(&client, PASSWORD).await.unwrap(), IpAddr::from([127, 0, 0, 5]));
    let node = format!("-m node -T {TARGET} -p 127.0.0.5:3260");
    let expected = [
        "-m discovery -t sendtargets -p 127.0.0.5:3260 -o new".to_owned(),
        format!("{node} -o update -n node.session.auth.authmethod -v CHAP"),
        format!("{node} -o update -n node.session.auth.username -v eucalyptus"),
        format!("{node} -o update -n node.startup -v manual"),
        format!("{node} --login"),
    ];
    let trace = iscsi.trace();
    assert_eq!(trace, expected);
    assert!(!trace.iter().any(|line| line.contains(PASSWORD)));
    assert_eq!(iscsi.sessions(), [TARGET]);
    let record = iscsi.records().join(TARGET).join("127.0.0.5,3260,1/default");
    assert_eq!(std::fs::metadata(&record).unwrap().permissions().mode() & 0o077, 0, "nobody else reads it");
    assert_eq!(iscsi.nodes().len(), 2, "nothing of ours is left beside the records: {:?}", iscsi.nodes());

    login(&client, PASSWORD).await.unwrap();
    assert_eq!(iscsi.sessions(), [TARGET], "logging in again is a success");
    iscsi.trace();
    client.logout(target()).await.unwrap();
    assert_eq!(
        iscsi.trace(),
        [format!("-m node -T {TARGET} --logout"), format!("-m node -T {TARGET} -o delete")]
    );
    assert_eq!(iscsi.sessions(), [""; 0]);
    assert_eq!(iscsi.nodes(), [TARGET.replace("store7", "store8")], "the record is gone");
    client.logout(target()).await.unwrap();
}

#[tokio::test]
async fn what_open_iscsi_cannot_do_is_an_error_with_its_reason() {
    let iscsi = FakeIscsi::new().unwrap();
    let helper = TestHelper::start(&iscsi, |_| {}).unwrap();
    let client = Client::new(helper.socket());
    let wrong = login(&client, "not-the-password").await.unwrap_err().to_string();
    assert!(wrong.contains("login ended with exit status: 24"), "{wrong}");
    iscsi.put("exit-discovery", "8").unwrap();
    let portal = login(&client, PASSWORD).await.unwrap_err().to_string();
    assert!(portal.contains("discovery") && portal.contains("as planned"), "{portal}");
    iscsi.remove("exit-discovery");
    client.logout(target()).await.unwrap();
    iscsi.put("offered", "").unwrap();
    let absent = login(&client, PASSWORD).await.unwrap_err().to_string();
    assert!(absent.contains("does not offer the target"), "{absent}");
    iscsi.put("exit-logout", "9").unwrap();
    assert!(client.logout(target()).await.is_err(), "a session that stays is no success");
}

#[tokio::test]
async fn a_program_that_hangs_is_ended_in_time_and_holds_up_nobody_else() {
    let iscsi = FakeIscsi::new().unwrap();
    let helper = TestHelper::start(&iscsi, |_| {}).unwrap();
    let client = Client::new(helper.socket());
    iscsi.put("hang-login", "").unwrap();
    let other = TargetName::new(TARGET.replace("store7", "store8")).unwrap();
    let beside = async {
        while !iscsi.at_login() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        client.logout(other).await.unwrap();
    };
    let mut hung = pin!(login(&client, PASSWORD));
    tokio::select! {
        ended = &mut hung => panic!("the other one is not done by then: {ended:?}"),
        () = beside => {}
    }
    let ended = timeout(Duration::from_secs(30), hung).await.unwrap();
    assert!(ended.unwrap_err().to_string().contains("has not ended within"));
}

#[tokio::test]
async fn a_logout_that_comes_while_a_login_is_under_way_waits_for_its_turn() {
    let iscsi = FakeIscsi::new().unwrap();
    let helper = TestHelper::start(&iscsi, |_| {}).unwrap();
    let client = Client::new(helper.socket());
    let (in_, out) = tokio::join!(login(&client, PASSWORD), async {
        for _ in 0..1000 {
            if !iscsi.trace().is_empty() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        client.logout(target()).await
    });
    in_.unwrap();
    out.unwrap();
    assert_eq!(iscsi.sessions(), [""; 0]);
}

#[tokio::test]
async fn hostile_requests_run_nothing() {
    let iscsi = FakeIscsi::new().unwrap();
    let helper = TestHelper::start(&iscsi, |_| {}).unwrap();
    let login = |target: &str, host: &str, secret: &str| {
        frame(&format!(r#"{{"login": {{"target": {target:?}, "host": {host:?}, "secret": {secret:?}}}}}"#))
    };
    let rows: Vec<(&str, Vec<u8>)> = vec![
        ("unknown verb", frame(r#"{"exec": {"program": "/bin/true"}}"#)),
        ("unknown field", frame(r#"{"logout": {"target": "iqn.a", "force": true}}"#)),
        ("option as a target", login("--logout", "127.0.0.5", PASSWORD)),
        ("command in a target", login("iqn.a;reboot", "127.0.0.5", PASSWORD)),
        ("path in a target", login("iqn.a/../../etc", "127.0.0.5", PASSWORD)),
        ("blank in a target", login("iqn.a -u", "127.0.0.5", PASSWORD)),
        ("option as a host", login("iqn.a", "-I", PASSWORD)),
        ("port in a host", login("iqn.a", "127.0.0.5:22", PASSWORD)),
        ("line in a password", login("iqn.a", "127.0.0.5", "123456789012\nnode.startup = automatic")),
        ("oversized frame", [&u32::MAX.to_be_bytes()[..], &[b'['; 8192]].concat()),
        ("deep", frame(&"[".repeat(4000))),
        ("no text", frame("\u{0}\u{1}")),
        ("empty frame", frame("")),
    ];
    for (name, bytes) in rows {
        let reply = raw(&helper, &bytes).await;
        assert!(matches!(reply, Some(Reply::Failed { .. })), "{name}: {reply:?}");
    }
    assert_eq!(raw(&helper, b"\0\0\0\x20{").await.map(|_| ()), None, "cut short");
    assert_eq!(iscsi.trace(), [""; 0]);
    Client::new(helper.socket()).logout(target()).await.unwrap();
}

#[tokio::test]
async fn a_slow_peer_is_hung_up_on_and_a_crowd_of_them_delays_others_by_seconds_only() {
    let iscsi = FakeIscsi::new().unwrap();
    let helper = TestHelper::start(&iscsi, |_| {}).unwrap();
    let mut slow = Vec::new();
    for _ in 0..40 {
        let mut stream = UnixStream::connect(helper.socket()).await.unwrap();
        stream.write_all(b"\0\0\0\x20{").await.unwrap();
        slow.push(stream);
    }
    let started = Instant::now();
    Client::new(helper.socket()).logout(target()).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
    let mut rest = Vec::new();
    assert_eq!(slow[0].read_to_end(&mut rest).await.unwrap(), 0, "hung up without a word");
}

#[tokio::test]
async fn a_stranger_is_not_listened_to() {
    let iscsi = FakeIscsi::new().unwrap();
    let somebody = Uid::from_raw(Uid::current().as_raw() + 1);
    let helper = TestHelper::start(&iscsi, |settings| settings.user = somebody).unwrap();
    assert_eq!(raw(&helper, &frame(r#"{"power-down": {}}"#)).await, None);
    assert!(matches!(Client::new(helper.socket()).logout(target()).await, Err(Error::Nonsense(_))));
    assert_eq!(iscsi.trace(), [""; 0]);
    assert!(matches!(Client::new("/nonexistent").power_down().await, Err(Error::Unreachable { .. })));
}

#[tokio::test]
async fn the_host_is_put_to_sleep_by_the_program_that_root_has_named() {
    let iscsi = FakeIscsi::new().unwrap();
    let helper = TestHelper::start(&iscsi, |_| {}).unwrap();
    let client = Client::new(helper.socket());
    let missing = client.power_down().await.unwrap_err().to_string();
    assert!(missing.contains("cannot start"), "{missing}");
    let aside = helper.power_down().with_extension("new");
    std::fs::write(&aside, format!("#!/bin/sh\necho down >> {:?}\n", iscsi.at("trace"))).unwrap();
    std::fs::set_permissions(&aside, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::rename(aside, helper.power_down()).unwrap();
    client.power_down().await.unwrap();
    assert_eq!(iscsi.trace(), ["down"]);
}
