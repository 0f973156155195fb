//! Volumes through the whole product: a CLC's request, `cc-daemon`, `nc-daemon`, `nc-helper`, libvirt, QEMU, and a guest
//! that reads what is on them. The kernel of a build machine may have no iSCSI, so iscsiadm is a stand-in; the block
//! device behind it is real.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use euca_helper::testing::{FakeIscsi, PASSWORD};
use euca_tests::cloud::Cloud;
use euca_tests::helper::{Helper, Volume};
use euca_tests::until;
use euca_wire::cc;

/// A volume comes into a guest, survives the death of `nc-daemon` and a reboot of the guest, goes, comes again, and ends
/// with its instance. At no time is there a session too many, and never one too few.
#[tokio::test(flavor = "multi_thread")]
async fn a_guest_has_its_volume_as_long_as_it_should() {
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest");
    let mut cloud = Cloud::start(&guest).await.unwrap();
    let iscsi = FakeIscsi::new().unwrap();
    let volume = Volume::create(&iscsi, "store").unwrap();
    let _helper = Helper::start(cloud.node_home(), &iscsi).await.unwrap();
    let remote_dev = volume.remote_dev(cloud.node_home()).unwrap();

    let id = "i-0000DDDD";
    let attach = cc::AttachVolume {
        user_id: Some("alice".to_owned()),
        volume_id: Some("vol-00000001".to_owned()),
        instance_id: Some(id.to_owned()),
        remote_dev: Some(remote_dev.clone()),
        local_dev: Some("/dev/sdb".to_owned()),
        ..Default::default()
    };
    let detach = cc::DetachVolume {
        user_id: Some("alice".to_owned()),
        volume_id: Some("vol-00000001".to_owned()),
        instance_id: Some(id.to_owned()),
        remote_dev: Some(remote_dev),
        local_dev: Some("/dev/sdb".to_owned()),
        force: Some(false),
        ..Default::default()
    };
    cloud.run(id).await.unwrap();
    cloud.reaches(id, Some("Extant")).await.unwrap();
    cloud.booted(id, 1).await.unwrap();
    let says = async |cloud: &Cloud, text: &str, times: usize| {
        let mut console = String::new();
        let seen = until(text, async || {
            console = cloud.console(id).await?;
            Ok(console.matches(text).count() >= times)
        });
        let seen = seen.await;
        assert!(seen.is_ok(), "{seen:?}: {console}");
    };
    says(&cloud, "EUCA-GUEST-DISKS vda", 1).await;

    let reply = cloud.ask(&attach).await.unwrap().text();
    assert!(reply.contains("<n:return>true<"), "{reply}");
    says(&cloud, "EUCA-GUEST-VOLUME vdb hello volume", 1).await;
    assert_eq!(iscsi.sessions(), [volume.target()]);
    assert!(volume.link().exists());
    assert!(!iscsi.trace().join(" ").contains(PASSWORD));
    let twice = cloud.ask(&attach).await.unwrap().text();
    assert!(twice.contains("<n:return>false<"), "{twice}");

    cloud.restart_node_after_kill().unwrap();
    let listed = async || {
        let describe = cc::DescribeInstances { user_id: Some("eucalyptus".to_owned()), ..Default::default() };
        Ok(cloud.ask(&describe).await?.text().contains("<n:localDev>unknown,requested:/dev/sdb</n:localDev>"))
    };
    until("the volume to be listed", listed).await.unwrap();
    cloud.reboot(id).await.unwrap();
    cloud.booted(id, 2).await.unwrap();
    // The console is another since the reboot.
    says(&cloud, "EUCA-GUEST-VOLUME vdb hello volume", 1).await;
    assert_eq!(iscsi.sessions(), [volume.target()]);

    let reply = cloud.ask(&detach).await.unwrap().text();
    assert!(reply.contains("<n:return>true<"), "{reply}");
    assert_eq!(iscsi.sessions(), [""; 0]);
    assert!(!volume.link().exists());
    let again = cloud.ask(&detach).await.unwrap().text();
    assert!(again.contains("<n:return>false<"), "{again}");

    let reply = cloud.ask(&attach).await.unwrap().text();
    assert!(reply.contains("<n:return>true<"), "{reply}");
    says(&cloud, "EUCA-GUEST-VOLUME vdb hello volume", 2).await;
    cloud.terminate(id).await.unwrap();
    cloud.reaches(id, Some("Teardown")).await.unwrap();
    assert_eq!(iscsi.sessions(), [""; 0]);
    assert_eq!(iscsi.nodes(), [""; 0]);
    assert_eq!(cloud.instance_files().unwrap(), Vec::<PathBuf>::new());
    cloud.stop().unwrap();
}
