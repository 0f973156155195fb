//! The power goes at any moment while images come into the cache: what is there afterwards is whole.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use euca_image::StageSettings;
use euca_tests::disk::FragileDisk;
use euca_tests::home::Home;
use euca_tests::images::ImageServer;
use euca_tests::stage::{images, order};
use openssl::sha::sha256;

/// Bytes of an image, and how many come into the cache in a round.
const BYTES: usize = 2 << 20;
const IMAGES: usize = 4;

/// How many entries there are. Each must be what its description says.
fn whole_entries(cache: &Path) -> usize {
    let mut entries = 0;
    for entry in std::fs::read_dir(cache).unwrap().flatten().filter(|entry| entry.path().is_dir()) {
        let read = |name: &str| std::fs::read(entry.path().join(name)).unwrap();
        let meta: serde_json::Value = serde_json::from_slice(&read("meta.json")).unwrap();
        let offset = usize::try_from(meta["offset"].as_u64().unwrap()).unwrap();
        let digest: String =
            sha256(&read("content")[offset..]).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(meta["sha256"], *digest, "{:?}", entry.path());
        entries += 1;
    }
    entries
}

#[tokio::test(flavor = "multi_thread")]
async fn st_t127_st_t128_what_survives_a_loss_of_power_is_whole_and_what_was_staged_survives() {
    let (folder, home) = (tempfile::tempdir().unwrap(), Home::new().unwrap());
    let at = |name: &str| folder.path().join(name);
    for name in ["images", "disk"] {
        std::fs::create_dir(at(name)).unwrap();
    }
    let server = ImageServer::start([127, 8, 0, 6].into(), at("images")).await.unwrap();
    let disk = FragileDisk::mount(&at("disk"), 192 << 20).unwrap();
    let cache = at("disk/cache");
    let open = || images(&home, StageSettings { floor: 0, ..StageSettings::new(cache.clone()) });
    let (mut kept, mut lost) = (0, 0);
    // What the first round takes with its power on says when the others lose it.
    let mut whole = None;
    for round in 0..=16 {
        // Each image is another one than before.
        let image = |number: usize| -> Vec<u8> {
            let mut noise = fastrand::Rng::with_seed(u64::from(round) * 100 + number as u64);
            (0..BYTES).map(|_| noise.u8(1..)).collect()
        };
        let name = |number: usize| format!("{round}-{number}");
        for number in 0..IMAGES {
            std::fs::write(at("images").join(name(number)), image(number)).unwrap();
        }
        let launches = open();
        let before = whole_entries(&cache);
        let dark = AtomicBool::new(false);
        let staging = async {
            let mut promised = 0;
            for number in 0..IMAGES {
                let order = order(&at(&name(number)), &server, &name(number), 1).unwrap();
                // In the dark, nothing can be written.
                let staged = launches.stage(&order).await;
                match dark.load(Ordering::SeqCst) {
                    true => return promised,
                    false => staged.unwrap(),
                };
                promised += 1;
            }
            promised
        };
        let began = Instant::now();
        let promised = match whole {
            None => {
                let promised = staging.await;
                whole = Some(began.elapsed());
                disk.lose_power().unwrap();
                promised
            }
            Some(whole) => {
                let losing = async {
                    tokio::time::sleep(whole / 16 * round).await;
                    dark.store(true, Ordering::SeqCst);
                    disk.lose_power().unwrap();
                };
                tokio::join!(staging, losing).0
            }
        };
        drop(launches);
        disk.restart().await.unwrap();
        let survivors = open();
        let there = whole_entries(&cache);
        drop(survivors);
        assert!(there - before >= promised, "round {round}: {promised} of {} were staged", there - before);
        kept += there - before;
        lost += IMAGES - (there - before);
    }
    assert!(kept > 0 && lost > 0, "{kept} kept, {lost} lost: the power always went at the same moment");
}
