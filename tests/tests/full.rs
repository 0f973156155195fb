//! A node whose file systems are full: what cannot be stored fails with its instance and leaves nothing, what can be
//! done without is done without.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::FileExt as _;
use std::path::Path;

use euca_image::StageSettings;
use euca_tests::cloud::Cloud;
use euca_tests::disk::SmallDisk;
use euca_tests::home::Home;
use euca_tests::images::{Ailment, ImageServer};
use euca_tests::node;
use euca_tests::stage::{images, order};
use euca_tests::until;
use euca_wire::cc;

/// The cache's file system gets full while an image comes into it: the instance has it all the same.
#[tokio::test(flavor = "multi_thread")]
async fn st_t125_an_image_for_which_the_cache_gets_too_small_is_staged_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let image: Vec<u8> = (0..8_u32 << 20).map(|index| (index % 251 + 1) as u8).collect();
    for name in ["images", "cache"] {
        std::fs::create_dir(at(name)).unwrap();
    }
    std::fs::write(at("images/image"), &image).unwrap();
    let server = ImageServer::start([127, 8, 0, 5].into(), at("images")).await.unwrap();
    let mut disk = SmallDisk::mount(&at("cache"), 16 << 20).unwrap();
    let home = Home::new().unwrap();
    let images = images(&home, StageSettings { floor: 0, ..StageSettings::new(at("cache/v2")) });
    let order = order(&at("i-1"), &server, "image", 1).unwrap();
    server.ail(Some(Ailment::Holding));
    let staging = async {
        let staged = images.stage(&order).await;
        staged.unwrap();
    };
    let filling = async {
        until("half of it", async || Ok(server.felt() > 0)).await.unwrap();
        disk.fill().unwrap();
        server.ail(None);
    };
    tokio::join!(staging, filling);
    assert_eq!(
        (server.felt(), server.served().len()),
        (1, 1),
        "half for the cache, then all for the instance"
    );
    let mut staged = vec![0; image.len()];
    std::fs::File::open(at("i-1/disk")).unwrap().read_exact_at(&mut staged, 32_256).unwrap();
    assert!(staged == image);
    until("nothing to be left in the cache", async || {
        images.refresh_metrics();
        let metrics = images.metrics();
        let entries = std::fs::read_dir(at("cache/v2"))?.count();
        Ok((entries, metrics.images.get(), metrics.reserved_bytes.get()) == (0, 0, 0))
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_ends_what_needs_it_and_nothing_else() {
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/guest");
    let cloud = Cloud::start_with(&guest, "DAEMON_CACHE_FLOOR=\"0\"\n").await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let image: Vec<u8> = (0..32_u32 << 20).map(|index| (index % 251 + 1) as u8).collect();
    std::fs::write(folder.path().join("large.img"), image).unwrap();
    let images = ImageServer::start([127, 8, 0, 4].into(), folder.path().to_owned()).await.unwrap();
    let launch = async |id: &str, user: &str| {
        let request = cc::RunInstances {
            user_id: Some(user.to_owned()),
            image_url: Some(images.url("large.img")),
            kernel_id: None,
            ramdisk_id: None,
            ..cloud.request(id)
        };
        cloud.launch(&request).await.unwrap();
    };

    // The cache has no room, and the instance does without it.
    let cache = node::instances(cloud.node_home()).join("eucalyptus/cache/v2");
    let small_cache = SmallDisk::mount(&cache, 16 << 20).unwrap();
    launch("i-00000001", "alice").await;
    cloud.reaches("i-00000001", Some("Extant")).await.unwrap();
    assert_eq!(std::fs::read_dir(&cache).unwrap().count(), 0, "nothing of it is left in the cache");

    // st_t123: the place of the instance gets full on the way. Other attempts would take minutes.
    let place = node::instances(cloud.node_home()).join("bob");
    std::fs::create_dir(&place).unwrap();
    let mut small = SmallDisk::mount(&place, 64 << 20).unwrap();
    let before = images.served().len();
    images.ail(Some(Ailment::Holding));
    launch("i-00000002", "bob").await;
    until("half of it", async || Ok(images.felt() > 0)).await.unwrap();
    small.fill().unwrap();
    images.ail(None);
    cloud.reaches("i-00000002", Some("Teardown")).await.unwrap();
    assert!(!place.join("i-00000002").exists(), "nothing of it is left");
    assert_eq!(images.served().len(), before, "it was not fetched to its end");
    drop(small);
    drop(small_cache);

    // Both have recovered, and the first guest never noticed.
    launch("i-00000003", "bob").await;
    cloud.reaches("i-00000003", Some("Extant")).await.unwrap();
    assert_eq!(images.served().len(), before + 1);
    assert!(std::fs::read_dir(&cache).unwrap().count() > 0, "it is in the cache");
    assert_eq!(cloud.state("i-00000001").await.unwrap().as_deref(), Some("Extant"));
    for id in ["i-00000001", "i-00000003"] {
        cloud.terminate(id).await.unwrap();
        cloud.reaches(id, Some("Teardown")).await.unwrap();
    }
    cloud.stop().unwrap();
}
