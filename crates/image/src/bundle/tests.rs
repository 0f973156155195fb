//! Bundles into a bucket that is kept by a server with Walrus' rules.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use tempfile::TempDir;

use super::*;
use crate::MIB;
use crate::testing::{self, Bucket, Fault};

struct Bench {
    root: TempDir,
    walrus: Bucket,
    uploader: Uploader,
}

/// A key file of the recordings' cloud.
fn key(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/c-2.0.1/keys").join(name)
}

impl Bench {
    async fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("work")).unwrap();
        let credentials =
            Credentials::new(&key("node-cert.pem"), &key("node-pk.pem"), &key("cloud-cert.pem"));
        let settings = UploadSettings {
            connect: Duration::from_secs(2),
            request: Duration::from_secs(5),
            retries: Retries {
                attempts: 3,
                pause: Duration::from_millis(10),
                max_pause: Duration::from_millis(20),
            },
            take_back: Duration::from_secs(3),
        };
        let uploader = Uploader::new(Arc::new(credentials), key("cloud-cert.pem"), settings);
        let walrus = Bucket::start([127, 0, 0, 1].into(), &key("node-cert.pem")).await.unwrap();
        Self { root, walrus, uploader }
    }

    fn image(&self) -> PathBuf {
        self.root.path().join("disk")
    }

    fn bundle(&self) -> Bundle {
        let (policy, policy_signature) = testing::policy("bucket", "windows");
        Bundle {
            to: Destination {
                walrus_url: self.walrus.url(),
                bucket: "bucket".to_owned(),
                prefix: "windows".to_owned(),
                access_key: testing::ACCESS_KEY.to_owned(),
                policy,
                policy_signature,
            },
            image: self.image(),
            work: self.root.path().join("work"),
            kernel: None,
            ramdisk: None,
        }
    }

    async fn upload(&self) -> Result<(), Error> {
        self.uploader.upload(&self.bundle(), &CancellationToken::new()).await
    }

    fn work_is_empty(&self) {
        for entry in fs::read_dir(self.root.path().join("work")).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }
}

/// Bytes without structure: a part for every 10 MiB of them.
fn noise(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    openssl::rand::rand_bytes(&mut bytes).unwrap();
    bytes
}

/// The text of the element at a path below the manifest.
fn text<'a>(document: &'a roxmltree::Document<'_>, path: &[&str]) -> &'a str {
    let mut node = document.root_element();
    for name in path {
        node = node.children().find(|child| child.has_tag_name(*name)).unwrap();
    }
    node.text().unwrap()
}

/// The image as the cloud unpacks it.
fn reassembled(walrus: &Bucket, owner: &str, key: &Path) -> Vec<u8> {
    let archive = walrus.archive("bucket/windows.manifest.xml", owner, key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("archive"), archive).unwrap();
    let tar = |arguments: &[&str]| {
        let output = Command::new("tar").args(arguments).current_dir(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    assert_eq!(tar(&["tf", "archive"]), b"windows\n");
    tar(&["xfO", "archive"])
}

#[tokio::test]
async fn st_t117_an_image_comes_out_of_its_bucket_as_it_went_in() {
    let bench = Bench::new().await;
    let disk = noise(25 << 20);
    fs::write(bench.image(), &disk).unwrap();
    bench.upload().await.unwrap();
    assert_eq!(bench.walrus.refusals(), [""; 0]);
    let objects = bench.walrus.objects();
    let names = ["manifest.xml", "part.0", "part.1", "part.2"].map(|end| format!("bucket/windows.{end}"));
    assert_eq!(objects.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names);
    assert_eq!([objects[1].1.len(), objects[2].1.len()], [10_485_760; 2]);
    assert!(objects[3].1.len() < 10_485_760);
    assert!(reassembled(&bench.walrus, "ec2", &key("cloud-pk.pem")) == disk, "for the cloud");
    assert!(reassembled(&bench.walrus, "user", &key("node-pk.pem")) == disk, "for the node");

    let manifest = String::from_utf8(objects[0].1.clone()).unwrap();
    let document = roxmltree::Document::parse(&manifest).unwrap();
    let bundled: usize = objects[1..].iter().map(|(_, content)| content.len()).sum();
    for (path, expected) in [
        (&["version"][..], "2007-10-10"),
        (&["machine_configuration", "architecture"], std::env::consts::ARCH),
        (&["image", "name"], "windows"),
        (&["image", "user"], "123456789012"),
        (&["image", "type"], "machine"),
        (&["image", "size"], "26214400"),
        (&["image", "bundled_size"], &bundled.to_string()),
    ] {
        assert_eq!(text(&document, path), expected, "{path:?}");
    }
    assert_eq!(crate::image_size("m", manifest.as_bytes()).unwrap(), 25 * MIB, "our own reader agrees");
    // The order of the requests is the original's.
    let requests = bench.walrus.requests();
    let object = |method: &str, end: &str| format!("{method} bucket/windows.{end}");
    let expected = [
        object("PUT", "manifest.xml"),
        object("PUT", "part.0"),
        object("PUT", "part.1"),
        object("PUT", "part.2"),
        object("ValidateImage", "manifest.xml"),
    ];
    assert_eq!(requests, expected);
}

#[tokio::test]
async fn holes_of_a_disk_cost_nothing_and_come_back() {
    let bench = Bench::new().await;
    // Far more than would be packed in the time of a test: a table at the front, something in the middle, a hole.
    let file = fs::File::create(bench.image()).unwrap();
    file.set_len(8 << 30).unwrap();
    let (front, middle) = (noise(4096), noise(65_536));
    file.write_all_at(&front, 0).unwrap();
    file.write_all_at(&middle, 5 << 30).unwrap();
    let began = Instant::now();
    bench.upload().await.unwrap();
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    let size: usize = bench.walrus.objects().iter().map(|(_, content)| content.len()).sum();
    assert!(size < 200_000, "{size}");

    bench.work_is_empty();
    file.set_len(5 * MIB + 65_536).unwrap();
    file.write_all_at(&middle, 5 * MIB).unwrap();
    bench.upload().await.unwrap();
    let image = reassembled(&bench.walrus, "ec2", &key("cloud-pk.pem"));
    assert!(image == fs::read(bench.image()).unwrap());
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    for fault in [Fault::Status(500), Fault::Status(503), Fault::Cut, Fault::Silence, Fault::ErrorDocument] {
        let bench = Bench::new().await;
        fs::write(bench.image(), noise(MIB as usize)).unwrap();
        for request in ["PUT bucket/windows.manifest.xml", "PUT bucket/windows.part.0"] {
            bench.walrus.fail(request, fault, 1);
        }
        bench.walrus.fail("ValidateImage bucket/windows.manifest.xml", fault, 1);
        bench.upload().await.unwrap();
        assert_eq!(bench.walrus.objects().len(), 2, "{fault:?}");
        assert_eq!(bench.walrus.requests().len(), 6, "{fault:?}");
    }
}

#[tokio::test]
async fn what_was_put_is_taken_back_when_the_rest_fails_and_nothing_else_is() {
    let rows = [
        ("PUT bucket/windows.manifest.xml", Fault::Status(403), 99, &[][..]),
        ("PUT bucket/windows.part.1", Fault::Status(403), 99, &["windows.manifest.xml", "windows.part.0"]),
        ("PUT bucket/windows.part.1", Fault::Status(500), 99, &["windows.manifest.xml", "windows.part.0"]),
        (
            "ValidateImage bucket/windows.manifest.xml",
            Fault::Status(417),
            99,
            &["windows.manifest.xml", "windows.part.0", "windows.part.1"],
        ),
    ];
    for (request, fault, times, put) in rows {
        let bench = Bench::new().await;
        fs::write(bench.image(), noise(11 << 20)).unwrap();
        // The user's: other names, and names that our own begin.
        let theirs =
            ["bucket/holiday.jpg", "bucket/windows", "bucket/windows.part.10", "bucket/windows.part.1"];
        let theirs = if put.len() == 3 { &theirs[..3] } else { &theirs[..] };
        for name in theirs {
            bench.walrus.keep(name);
        }
        bench.walrus.fail(request, fault, times);
        let failed = bench.upload().await.unwrap_err();
        assert!(matches!(failed, Error::Denied { .. } | Error::Transient { .. }), "{request}: {failed}");
        let mut left: Vec<_> = bench.walrus.objects().into_iter().map(|(name, _)| name).collect();
        let mut expected: Vec<_> = theirs.iter().map(|name| (*name).to_owned()).collect();
        left.sort();
        expected.sort();
        assert_eq!(left, expected, "{request} {fault:?}");
        let deleted: Vec<_> =
            bench.walrus.requests().into_iter().filter(|request| request.starts_with("DELETE")).collect();
        let expected: Vec<_> = put.iter().map(|name| format!("DELETE bucket/{name}")).collect();
        assert_eq!(deleted, expected, "{request} {fault:?}");
    }
}

#[tokio::test]
async fn st_t121_a_cancelled_upload_ends_at_once_wherever_it_is() {
    // While it packs: 64 MiB of noise take seconds.
    let bench = Bench::new().await;
    let file = fs::File::create(bench.image()).unwrap();
    let block = noise(8 << 20);
    for at in 0..8 {
        file.write_all_at(&block, at << 23).unwrap();
    }
    for (when, requests) in
        [(None, 0), (Some("PUT bucket/windows.manifest.xml"), 1), (Some("PUT bucket/windows.part.0"), 3)]
    {
        let bench = if when.is_none() { &bench } else { &Bench::new().await };
        if let Some(request) = when {
            fs::write(bench.image(), noise(MIB as usize)).unwrap();
            bench.walrus.fail(request, Fault::Silence, 99);
        }
        let (abort, bundle) = (CancellationToken::new(), bench.bundle());
        let uploading = bench.uploader.upload(&bundle, &abort);
        let cancel = async {
            match when {
                None => {
                    while !bundle.work.join("part.0").exists() {
                        tokio::time::sleep(Duration::from_millis(5)).await
                    }
                }
                Some(request) => bench.walrus.until(request).await,
            }
            abort.cancel();
            Instant::now()
        };
        let (ended, cancelled) = tokio::join!(uploading, cancel);
        assert!(matches!(ended, Err(Error::Cancelled)), "{when:?}: {ended:?}");
        assert!(cancelled.elapsed() < Duration::from_secs(5), "{when:?}: {:?}", cancelled.elapsed());
        assert_eq!(bench.walrus.objects(), [], "{when:?}");
        assert_eq!(bench.walrus.requests().len(), requests, "{when:?}: {:?}", bench.walrus.requests());
    }
}

#[tokio::test]
async fn a_bucket_that_is_missing_is_made_and_goes_with_what_was_put() {
    let bench = Bench::new().await;
    fs::write(bench.image(), noise(MIB as usize)).unwrap();
    bench.walrus.remove_bucket();
    bench.upload().await.unwrap();
    assert_eq!(bench.walrus.objects().len(), 2);
    assert_eq!(bench.walrus.requests()[1], "PUT bucket");

    // nc_127: what failed leaves neither objects nor the bucket.
    for (somebody_else, left) in [(false, false), (true, true)] {
        let bench = Bench::new().await;
        fs::write(bench.image(), noise(MIB as usize)).unwrap();
        bench.walrus.remove_bucket();
        bench.walrus.fail("ValidateImage bucket/windows.manifest.xml", Fault::Status(417), 1);
        if somebody_else {
            bench.walrus.keep_later("bucket/holiday.jpg");
        }
        assert!(bench.upload().await.is_err());
        assert_eq!(bench.walrus.has_bucket(), left);
        let names: Vec<_> = bench.walrus.objects().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, if somebody_else { vec!["bucket/holiday.jpg"] } else { vec![] });
    }
    // nc_126: and a bucket that was there stays.
    let bench = Bench::new().await;
    fs::write(bench.image(), noise(MIB as usize)).unwrap();
    bench.walrus.fail("ValidateImage bucket/windows.manifest.xml", Fault::Status(417), 1);
    assert!(bench.upload().await.is_err());
    assert!(bench.walrus.has_bucket() && bench.walrus.objects().is_empty());
}

#[tokio::test]
async fn a_server_that_is_gone_holds_up_nobody() {
    let bench = Bench::new().await;
    fs::write(bench.image(), noise(MIB as usize)).unwrap();
    bench.walrus.fail("PUT bucket/windows.part.0", Fault::Status(403), 1);
    bench.walrus.fail("DELETE bucket/windows.manifest.xml", Fault::Silence, 99);
    let began = Instant::now();
    assert!(matches!(bench.upload().await, Err(Error::Denied { .. })));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_no_request_can_carry_is_refused_before_anything_happens() {
    let bench = Bench::new().await;
    let good = bench.bundle().to;
    bench.uploader.check(&good).unwrap();
    type Change = fn(&mut Destination);
    let rows: [(&str, Change); 7] = [
        ("no URL", |to| to.walrus_url = "s3-url-foo".to_owned()),
        ("TLS", |to| to.walrus_url = "https://127.0.0.1/services/Walrus".to_owned()),
        ("a line of its own", |to| to.policy = "a\r\nb".to_owned()),
        ("a line of its own", |to| to.policy_signature = "a\nb".to_owned()),
        ("not ASCII", |to| to.access_key = "ä".to_owned()),
        ("too long", |to| to.policy = "a".repeat(8192)),
        ("too long a name", |to| to.prefix = "a".repeat(4096)),
    ];
    for (name, change) in rows {
        let mut to = good.clone();
        change(&mut to);
        assert!(matches!(bench.uploader.check(&to), Err(Error::Unusable { .. })), "{name}");
    }
    let keyless = Uploader { cloud_certificate: "/nonexistent".into(), ..bench.uploader };
    assert!(matches!(keyless.check(&good), Err(Error::File { .. })));
    assert!(bench.walrus.requests().is_empty());
    let shown = format!("{good:?}");
    assert!(!shown.contains(&good.policy_signature) && !shown.contains(&good.policy), "{shown}");
}

#[tokio::test]
async fn a_full_disk_is_told_as_such_and_leaves_no_object() {
    let bench = Bench::new().await;
    fs::write(bench.image(), noise(MIB as usize)).unwrap();
    let bundle = Bundle { work: "/dev/full".into(), ..bench.bundle() };
    let failed = bench.uploader.upload(&bundle, &CancellationToken::new()).await;
    assert!(matches!(failed, Err(Error::File { .. })), "a work directory that is none: {failed:?}");
    assert!(bench.walrus.requests().is_empty());
}
