//! Bundling through the whole product: a CLC's request, a real guest that shuts down, and a bucket behind Walrus'
//! rules.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use euca_image::testing::{ACCESS_KEY, Bucket, Fault, policy};
use euca_tests::cloud::Cloud;
use euca_tests::until;
use euca_wire::cc;

/// BundleInstance as the CLC sends it, without a user (clc.md §7.2). Whether it was accepted.
async fn bundle(cloud: &Cloud, bucket: &Bucket, id: &str, prefix: &str) -> Result<bool> {
    let (policy, signature) = policy("bucket", prefix);
    let request = cc::BundleInstance {
        instance_id: Some(id.to_owned()),
        bucket_name: Some("bucket".to_owned()),
        file_prefix: Some(prefix.to_owned()),
        walrus_url: Some(bucket.url()),
        user_public_key: Some(ACCESS_KEY.to_owned()),
        s3_policy: Some(policy),
        s3_policy_sig: Some(signature),
        ..Default::default()
    };
    Ok(cloud.ask(&request).await?.text().contains("<n:return>true</n:return>"))
}

/// Waits until an instance's `bundleTaskStateName` is this.
async fn bundled(cloud: &Cloud, id: &str, state: &str) -> Result<()> {
    let what = format!("bundle of {id} to be {state}");
    until(&what, async || Ok(cloud.bundling(id).await?.as_deref() == Some(state))).await
}

/// A guest that runs and listens to its power button, which it does a moment after it says that it has booted.
async fn running(cloud: &Cloud, id: &str) -> Result<()> {
    cloud.run(id).await?;
    cloud.reaches(id, Some("Extant")).await?;
    cloud.booted(id, 1).await?;
    tokio::time::sleep(Duration::from_secs(5)).await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nc_120_a_guest_becomes_an_image_in_its_users_bucket_and_nothing_else_there_changes() {
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest");
    let mut cloud = Cloud::start(&guest).await.unwrap();
    let bucket = Bucket::start([127, 8, 0, 4].into(), &cloud.node_home().keys_folder().join("node-cert.pem"))
        .await
        .unwrap();
    bucket.keep("bucket/holiday.jpg");
    let id = "i-0000DDD1";
    running(&cloud, id).await.unwrap();
    assert_eq!(cloud.bundling(id).await.unwrap().as_deref(), Some("none"));
    assert!(bundle(&cloud, &bucket, id, "windows").await.unwrap());
    bundled(&cloud, id, "succeeded").await.unwrap();
    cloud.reaches(id, Some("Teardown")).await.unwrap();
    assert_eq!(
        cloud.bundling(id).await.unwrap().as_deref(),
        Some("succeeded"),
        "the text outlives the guest"
    );
    assert!(cloud.libvirtd.domain_pids().is_empty());
    assert_eq!(cloud.instance_files().unwrap(), Vec::<std::path::PathBuf>::new());

    // What the cloud makes of it is the guest's disk, with what the guest has written last.
    assert_eq!(bucket.refusals(), [""; 0]);
    let archive = bucket
        .archive("bucket/windows.manifest.xml", "ec2", &cloud.node_home().keys_folder().join("cloud-pk.pem"))
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("archive"), archive).unwrap();
    let unpacked =
        std::process::Command::new("tar").args(["xf", "archive"]).current_dir(folder.path()).status();
    assert!(unpacked.unwrap().success());
    let mut begin = [0; 22];
    let disk = std::fs::File::open(folder.path().join("windows")).unwrap();
    disk.read_exact_at(&mut begin, 63 * 512).unwrap();
    assert_eq!(std::str::from_utf8(&begin).unwrap(), "EUCA-GUEST-COUNTER 1\n\0");
    assert_eq!(bucket.objects()[0].0, "bucket/holiday.jpg");

    // nc_128: cancelled while it uploads. Nothing of it stays, and the guest is over.
    let id = "i-0000DDD2";
    running(&cloud, id).await.unwrap();
    bucket.fail("PUT bucket/second.part.0", Fault::Silence, 99);
    assert!(bundle(&cloud, &bucket, id, "second").await.unwrap());
    bucket.until("PUT bucket/second.part.0").await;
    let cancel = cc::CancelBundleTask { instance_id: Some(id.to_owned()), ..Default::default() };
    let asked = Instant::now();
    assert!(cloud.ask(&cancel).await.unwrap().text().contains("<n:return>true</n:return>"));
    bucket.until("DELETE bucket/second.manifest.xml").await;
    assert!(asked.elapsed() < Duration::from_secs(30), "{:?}", asked.elapsed());
    bundled(&cloud, id, "cancelled").await.unwrap();
    cloud.reaches(id, Some("Teardown")).await.unwrap();
    let names = |bucket: &Bucket| bucket.objects().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let whole =
        ["holiday.jpg", "windows.manifest.xml", "windows.part.0"].map(|name| format!("bucket/{name}"));
    assert_eq!(names(&bucket), whole);

    // The node is killed while it uploads: the bundle has failed, the guest's files go, and what was put stays,
    // because the next node does not know whose it is.
    let id = "i-0000DDD3";
    running(&cloud, id).await.unwrap();
    bucket.fail("PUT bucket/third.part.0", Fault::Silence, 99);
    assert!(bundle(&cloud, &bucket, id, "third").await.unwrap());
    bucket.until("PUT bucket/third.part.0").await;
    cloud.restart_node_after_kill().unwrap();
    bundled(&cloud, id, "failed").await.unwrap();
    cloud.reaches(id, Some("Teardown")).await.unwrap();
    assert_eq!(cloud.instance_files().unwrap(), Vec::<std::path::PathBuf>::new());
    assert_eq!(names(&bucket).len(), 4);
    assert!(bucket.requests().iter().all(|request| !request.contains("DELETE bucket/third")));
    cloud.stop().unwrap();
}
