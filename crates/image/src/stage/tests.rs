use std::collections::HashMap;
use std::os::unix::fs::FileExt as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use euca_command::testing::Recording;
use euca_command::{Command, Output};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::*;
use crate::MIB;
use crate::walrus::{Reply, What};

/// Images by URL, and what was asked for.
#[derive(Clone, Default)]
struct Shop(Arc<Mutex<Goods>>);

#[derive(Default)]
struct Goods {
    images: HashMap<String, Offer>,
    asked: Vec<(String, What)>,
}

#[derive(Clone)]
struct Offer {
    manifest: String,
    content: Vec<u8>,
    /// How the image is answered.
    image: Answer,
}

#[derive(Clone)]
enum Answer {
    Good,
    NotFound,
    /// Half of it, the rest when this becomes true.
    Half(watch::Receiver<bool>),
}

impl Shop {
    fn put(&self, url: &str, content: &[u8]) {
        self.answer(url, content, Answer::Good);
    }

    fn answer(&self, url: &str, content: &[u8], image: Answer) {
        let manifest =
            format!("<manifest><image><name>{url}</name><size>{}</size></image></manifest>", content.len());
        let offer = Offer { manifest, content: content.to_owned(), image };
        self.0.lock().unwrap().images.insert(url.to_owned(), offer);
    }

    fn change<T>(&self, url: &str, change: impl FnOnce(&mut Offer) -> T) -> T {
        change(self.0.lock().unwrap().images.get_mut(url).unwrap())
    }

    fn asked(&self, what: What) -> usize {
        self.0.lock().unwrap().asked.iter().filter(|(_, asked)| *asked == what).count()
    }
}

impl ImageSource for Shop {
    fn get<'a>(&'a self, url: &'a str, what: What) -> BoxFuture<'a, Result<Reply, Error>> {
        let offer = {
            let mut goods = self.0.lock().unwrap();
            goods.asked.push((url.to_owned(), what));
            goods.images.get(url).cloned()
        };
        let missing = || Error::NotFound { what: url.to_owned() };
        let bytes = |bytes: Vec<u8>| Reply {
            length: Some(bytes.len() as u64),
            compressed: false,
            content: stream::iter([Ok(Bytes::from(bytes))]).boxed(),
        };
        Box::pin(async move {
            let offer = offer.ok_or_else(missing)?;
            match (what, offer.image) {
                (What::Manifest, _) => Ok(bytes(offer.manifest.into_bytes())),
                (What::Image, Answer::Good) => Ok(bytes(offer.content)),
                (What::Image, Answer::NotFound) => Err(missing()),
                (What::Image, Answer::Half(mut go)) => {
                    let (length, half) = (Some(offer.content.len() as u64), offer.content.len() / 2);
                    let (first, second) = offer.content.split_at(half);
                    let (first, second) = (Bytes::copy_from_slice(first), Bytes::copy_from_slice(second));
                    let rest = stream::once(async move {
                        go.wait_for(|go| *go).await.unwrap();
                        Ok(second)
                    });
                    let content = stream::iter([Ok(first)]).chain(rest).boxed();
                    Ok(Reply { length, compressed: false, content })
                }
            }
        })
    }
}

struct Bench {
    root: TempDir,
    shop: Shop,
    images: Images<Shop>,
}

impl Bench {
    fn new() -> Self {
        Self::with(Arc::new(Recording::default()), |_| {})
    }

    fn with(runner: Arc<dyn CommandRunner>, change: impl FnOnce(&mut StageSettings)) -> Self {
        let root = tempfile::tempdir().unwrap();
        let mut settings = StageSettings::new(root.path().join("cache/v2"));
        (settings.floor, settings.swap) = (0, 1);
        change(&mut settings);
        let shop = Shop::default();
        let images = Images::open(settings, shop.clone(), runner);
        Self { root, shop, images }
    }

    fn restart(&mut self) {
        let settings = self.images.0.settings.clone();
        self.images = Images::open(settings, self.shop.clone(), Arc::new(Recording::default()));
    }

    /// Bytes that the cache takes or has promised, and images in it.
    fn held(&self) -> (i64, i64) {
        self.images.refresh_metrics();
        let metrics = self.images.metrics();
        (metrics.bytes.get() + metrics.reserved_bytes.get(), metrics.images.get())
    }

    /// Times that an image was there, and was not.
    fn looks(&self) -> [u64; 2] {
        let lookups = self.images.metrics().lookups;
        ["hit", "miss"].map(|outcome| lookups.get_or_create(&metrics::Outcome { outcome }).get())
    }

    fn disk(&self, name: &str) -> PathBuf {
        self.root.path().join(name).join(DISK)
    }

    /// The directory of an instance.
    fn directory(&self, name: &str) -> PathBuf {
        let directory = self.root.path().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        directory
    }

    /// A launch of the image `i`, whose directory has this name.
    fn order(&self, name: &str) -> Order {
        Order {
            directory: self.directory(name),
            image: source("i"),
            kernel: None,
            ramdisk: None,
            disk_gib: 1,
            platform: Platform::Linux,
            key: String::new(),
        }
    }

    async fn stage(&self, name: &str) -> Result<u64, Error> {
        self.images.stage(&self.order(name)).await
    }

    /// Begins a launch that goes on by itself.
    fn launch(&self, name: &str) -> tokio::task::JoinHandle<Result<u64, Error>> {
        let (images, order) = (self.images.clone(), self.order(name));
        tokio::spawn(async move { images.stage(&order).await })
    }

    /// Whether the root partition of a disk holds this image.
    #[track_caller]
    fn holds(&self, name: &str, image: &[u8]) {
        let mut found = vec![0; image.len()];
        std::fs::File::open(self.disk(name)).unwrap().read_exact_at(&mut found, 63 * 512).unwrap();
        assert!(found == image, "{name} holds another image");
    }

    /// What is in the folder of the cache.
    fn cached(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.root.path().join("cache/v2")).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn source(url: &str) -> Source {
    Source { id: format!("emi-{url}"), url: url.to_owned() }
}

/// Something without structure and without zeros.
fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 7 % 251 + 1) as u8).collect()
}

/// Waits for something that happens in the background.
async fn until(what: &str, mut done: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if done() {
            return;
        }
        sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} does not happen");
}

#[tokio::test(start_paused = true)]
async fn a_launch_gets_its_files_and_the_next_one_gets_them_from_the_cache() {
    let bench = Bench::new();
    let (kernel, ramdisk, image) = (noise(5000), noise(6000), noise(3_000_000));
    for (url, content) in [("k", &kernel), ("r", &ramdisk), ("i", &image)] {
        bench.shop.put(url, content);
    }
    for (name, manifests) in [("one", 3), ("two", 6)] {
        let (k, r) = (Some(source("k")), Some(source("r")));
        let order = Order { kernel: k, ramdisk: r, ..bench.order(name) };
        assert_eq!(bench.images.stage(&order).await.unwrap(), 3_011_000);
        assert_eq!(std::fs::read(order.directory.join("kernel")).unwrap(), kernel);
        assert_eq!(std::fs::read(order.directory.join("ramdisk")).unwrap(), ramdisk);
        bench.holds(name, &image);
        assert_eq!(std::fs::metadata(bench.disk(name)).unwrap().len(), 1 << 30);
        assert_eq!((bench.shop.asked(What::Manifest), bench.shop.asked(What::Image)), (manifests, 3));
    }
    assert_eq!((bench.held().1, bench.looks()), (3, [3, 3]));
}

#[tokio::test(start_paused = true)]
async fn a_disk_image_keeps_its_own_table() {
    let bench = Bench::new();
    let mut image = noise(2_500_096);
    image[446..510].fill(0);
    image[446..462].copy_from_slice(&[0x80, 1, 1, 0, 0x83, 1, 1, 1, 63, 0, 0, 0, 0, 8, 0, 0]);
    image[462..478].copy_from_slice(&[0, 1, 1, 0, 0x83, 1, 1, 1, 0, 16, 0, 0, 0, 2, 0, 0]);
    image[510..512].copy_from_slice(&[0x55, 0xaa]);
    bench.shop.put("i", &image);
    for name in ["one", "two"] {
        bench.stage(name).await.unwrap();
        assert!(std::fs::read(bench.disk(name)).unwrap() == image, "st_t082");
    }
}

#[tokio::test(start_paused = true)]
async fn limits_are_checked_before_anything_is_fetched_and_whether_it_is_cached_or_not() {
    let bench = Bench::with(Arc::new(Recording::default()), |settings| settings.swap = 512);
    let image = |gib: u64| format!("<manifest><image><size>{}</size></image></manifest>", gib << 30);
    bench.shop.put("i", b"x");
    bench.shop.change("i", |offer| offer.manifest = image(1));
    let error = bench.stage("one").await.unwrap_err();
    assert!(matches!(error, Error::LimitExceeded { needed: 1538, limit: 1024 }), "st_t078: {error:?}");
    assert_eq!(bench.shop.asked(What::Image), 0, "st_t078");

    let bench = Bench::with(Arc::new(Recording::default()), |settings| settings.swap = 0);
    bench.shop.put("i", &noise(1 << 20));
    bench.stage("one").await.unwrap();
    let none = Order { disk_gib: 0, ..bench.order("two") };
    assert!(matches!(bench.images.stage(&none).await, Err(Error::LimitExceeded { .. })), "st_t080");
    assert!(!bench.disk("two").exists(), "st_t080");
}

#[tokio::test(start_paused = true)]
async fn st_t012_st_t044_a_manifest_that_is_missing_leaves_nothing() {
    let bench = Bench::new();
    assert!(matches!(bench.stage("one").await, Err(Error::NotFound { .. })));
    assert_eq!((bench.shop.asked(What::Manifest), bench.shop.asked(What::Image)), (1, 0));
    assert!(!bench.disk("one").exists());
    // The image is missing and its manifest is not.
    bench.shop.answer("i", &noise(1000), Answer::NotFound);
    assert!(matches!(bench.stage("one").await, Err(Error::NotFound { .. })));
    until("clean-up", || bench.cached().is_empty()).await;
    assert_eq!(bench.held(), (0, 0), "st_t044");
}

#[tokio::test(start_paused = true)]
async fn st_t038_an_error_instead_of_the_manifest_costs_the_launch_and_not_the_cache() {
    let bench = Bench::new();
    bench.shop.put("i", &noise(1000));
    bench.stage("one").await.unwrap();
    let good = bench.shop.change("i", |offer| {
        std::mem::replace(&mut offer.manifest, "<Error><Code>InternalError</Code></Error>".to_owned())
    });
    assert!(matches!(bench.stage("two").await, Err(Error::Corrupt { .. })));
    assert_eq!(bench.held().1, 1);
    bench.shop.change("i", |offer| offer.manifest = good);
    bench.stage("three").await.unwrap();
    assert_eq!(bench.shop.asked(What::Image), 1);
}

#[tokio::test(start_paused = true)]
async fn st_t045_without_a_cache_launches_work() {
    for (bytes, budget) in [(1 << 20, 0), (1 << 19, 0), (2 << 20, 1 << 20)] {
        let bench = Bench::with(Arc::new(Recording::default()), |settings| settings.cache_bytes = budget);
        let image = noise(bytes);
        bench.shop.put("i", &image);
        for name in ["one", "two"] {
            bench.stage(name).await.unwrap();
            bench.holds(name, &image);
        }
        assert_eq!((bench.held(), bench.shop.asked(What::Image)), ((0, 0), 2));
    }
    // Where the cache cannot even be opened.
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("cache"), "a file").unwrap();
    let shop = Shop::default();
    shop.put("i", &noise(1000));
    let settings = StageSettings { swap: 0, ..StageSettings::new(root.path().join("cache/v2")) };
    let images = Images::open(settings, shop.clone(), Arc::new(Recording::default()));
    let bench = Bench { root, shop, images };
    bench.stage("one").await.unwrap();
    bench.holds("one", &noise(1000));
}

#[tokio::test(start_paused = true)]
async fn st_t046_an_entry_in_use_is_left_alone_and_the_other_image_staged_all_the_same() {
    let bench = Bench::with(Arc::new(Recording::default()), |settings| settings.cache_bytes = 1 << 20);
    bench.shop.put("i", &noise(600_000));
    bench.shop.put("j", &noise(700_000));
    bench.stage("one").await.unwrap();
    let cache = bench.images.0.cache.clone().unwrap();
    let pin = cache.find(&bench.cached()[0]).unwrap();
    let order = Order { image: source("j"), ..bench.order("two") };
    bench.images.stage(&order).await.unwrap();
    bench.holds("two", &noise(700_000));
    assert!(pin.content().exists());
    drop(pin);
    bench.images.stage(&Order { directory: bench.directory("three"), ..order }).await.unwrap();
    assert_eq!(bench.held().1, 1, "now there is room");
}

#[tokio::test(start_paused = true)]
async fn launches_of_one_image_share_one_download() {
    for (row, launches) in [("st_t048", 2), ("st_t049", 8)] {
        let bench = Bench::new();
        let image = noise(3_000_000);
        let (go, gate) = watch::channel(false);
        bench.shop.answer("i", &image, Answer::Half(gate));
        let names: Vec<String> = (0..launches).map(|number| format!("disk{number}")).collect();
        let tasks: Vec<_> = names.iter().map(|name| bench.launch(name)).collect();
        until("all manifests", || bench.shop.asked(What::Manifest) == launches).await;
        sleep(Duration::from_secs(1)).await;
        go.send_replace(true);
        for (task, name) in tasks.into_iter().zip(&names) {
            task.await.unwrap().unwrap();
            bench.holds(name, &image);
        }
        assert_eq!(bench.shop.asked(What::Image), 1, "{row}");
        assert_eq!(bench.shop.asked(What::Manifest), launches, "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn st_t050_a_stalled_image_holds_up_no_other() {
    let bench = Bench::new();
    let (_go, gate) = watch::channel(false);
    bench.shop.answer("i", &noise(3_000_000), Answer::Half(gate));
    bench.shop.put("j", &noise(1000));
    let stalled = bench.launch("one");
    until("the stalled download", || bench.shop.asked(What::Image) == 1).await;
    let other = Order { image: source("j"), ..bench.order("two") };
    timeout(Duration::from_secs(5), bench.images.stage(&other)).await.unwrap().unwrap();
    assert!(!stalled.is_finished());
    stalled.abort();
}

#[tokio::test(start_paused = true)]
async fn st_t051_who_waited_for_a_failure_tries_for_himself_and_does_not_wait_long() {
    let bench = Bench::new();
    bench.shop.answer("i", &noise(1000), Answer::NotFound);
    let began = tokio::time::Instant::now();
    let (one, two) = (bench.launch("one"), bench.launch("two"));
    for task in [one, two] {
        assert!(matches!(task.await.unwrap(), Err(Error::NotFound { .. } | Error::Shared(_))));
    }
    assert!(began.elapsed() < Duration::from_secs(5));
    assert!(bench.shop.asked(What::Image) <= 2);
}

#[tokio::test(start_paused = true)]
async fn st_t052_a_download_survives_the_launch_that_began_it() {
    let bench = Bench::new();
    let image = noise(3_000_000);
    let (go, gate) = watch::channel(false);
    bench.shop.answer("i", &image, Answer::Half(gate));
    let leader = bench.launch("one");
    until("the download", || bench.shop.asked(What::Image) == 1).await;
    let follower = bench.launch("two");
    until("the follower", || bench.shop.asked(What::Manifest) == 2).await;
    sleep(Duration::from_secs(1)).await;
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    sleep(Duration::from_secs(1)).await;
    go.send_replace(true);
    follower.await.unwrap().unwrap();
    bench.holds("two", &image);
    assert_eq!(bench.shop.asked(What::Image), 1);
}

#[tokio::test(start_paused = true)]
async fn st_t053_a_download_that_nobody_waits_for_ends_without_a_trace() {
    let bench = Bench::new();
    let (go, gate) = watch::channel(false);
    bench.shop.answer("i", &noise(3_000_000), Answer::Half(gate));
    let (one, two) = (bench.launch("one"), bench.launch("two"));
    until("both", || bench.shop.asked(What::Manifest) == 2).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!((bench.held(), bench.cached().len()), ((3_000_000, 0), 1));
    one.abort();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(bench.cached().len(), 1, "one still waits");
    two.abort();
    until("clean-up", || bench.cached().is_empty() && bench.held() == (0, 0)).await;
    assert_eq!(go.receiver_count(), 1, "the server's own: the connection is closed");
    assert!(!bench.disk("one").exists() && !bench.disk("two").exists());
}

#[tokio::test(start_paused = true)]
async fn st_t054_another_manifest_is_another_image() {
    let bench = Bench::new();
    bench.shop.put("i", &noise(1_000_000));
    bench.stage("one").await.unwrap();
    let before = bench.held();
    let changed: Vec<u8> = noise(1_000_000).into_iter().rev().collect();
    bench.shop.put("i", &changed);
    bench.shop.change("i", |offer| offer.manifest.push('\n'));
    bench.stage("two").await.unwrap();
    bench.holds("two", &changed);
    assert_eq!(bench.shop.asked(What::Image), 2);
    assert_eq!(bench.held(), (2 * before.0, 2));
}

#[tokio::test(start_paused = true)]
async fn st_t057_a_damaged_entry_is_fetched_again() {
    let mut bench = Bench::new();
    let image = noise(1_000_000);
    bench.shop.put("i", &image);
    bench.stage("one").await.unwrap();
    let content = bench.root.path().join("cache/v2").join(&bench.cached()[0]).join("content");
    let file = std::fs::OpenOptions::new().write(true).open(&content).unwrap();
    file.write_all_at(b"damage", 500_000).unwrap();
    bench.restart();
    bench.stage("two").await.unwrap();
    bench.holds("two", &image);
    assert_eq!((bench.shop.asked(What::Image), bench.held().1), (2, 1));
    let damaged = metrics::Reason { reason: "damaged" };
    assert_eq!(bench.images.metrics().removals.get_or_create(&damaged).get(), 1);

    // st_t129: one that cannot be read; a folder in its place gives an error as a bad sector does.
    std::fs::remove_file(&content).unwrap();
    std::fs::create_dir(&content).unwrap();
    bench.stage("three").await.unwrap();
    bench.holds("three", &image);
    assert_eq!((bench.shop.asked(What::Image), bench.held().1), (3, 1), "st_t129");
}

#[tokio::test(start_paused = true)]
async fn st_t130_who_is_dropped_writes_nothing_more() {
    let bench = Bench::with(Arc::new(Recording::default()), |settings| settings.cache_bytes = 0);
    let (go, gate) = watch::channel(false);
    bench.shop.answer("i", &noise(8_000_000), Answer::Half(gate));
    let launch = bench.launch("one");
    until("the disk", || bench.disk("one").exists()).await;
    launch.abort();
    assert!(launch.await.unwrap_err().is_cancelled());
    std::fs::remove_file(bench.disk("one")).unwrap();
    go.send_replace(true);
    sleep(Duration::from_secs(5)).await;
    assert!(!bench.disk("one").exists());
}

/// Counts how many programs run at a time, and takes its time for each.
#[derive(Default)]
struct Slow {
    running: AtomicUsize,
    most: AtomicUsize,
    all: AtomicUsize,
}

impl CommandRunner for Slow {
    fn run(&self, _: Command) -> BoxFuture<'_, Result<Output, euca_command::Error>> {
        Box::pin(async {
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(running, Ordering::SeqCst);
            self.all.fetch_add(1, Ordering::SeqCst);
            sleep(Duration::from_secs(1)).await;
            self.running.fetch_sub(1, Ordering::SeqCst);
            Ok(Output::exit(0))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn st_t132_disks_are_built_as_many_at_a_time_as_is_allowed_and_downloads_are_not_counted() {
    for (allowed, launches) in [(1, 4), (3, 4)] {
        let slow = Arc::new(Slow::default());
        let bench = Bench::with(Arc::clone(&slow) as _, |settings| settings.disk_operations = allowed);
        let (go, gate) = watch::channel(false);
        let tasks: Vec<_> = (0..launches)
            .map(|number| {
                let url = format!("i{number}");
                bench.shop.answer(&url, &noise(2_000_000 + number), Answer::Half(gate.clone()));
                let order = Order { image: source(&url), ..bench.order(&format!("disk{number}")) };
                let images = bench.images.clone();
                tokio::spawn(async move { images.stage(&order).await })
            })
            .collect();
        until("all downloads at a time", || bench.shop.asked(What::Image) == launches).await;
        go.send_replace(true);
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(slow.most.load(Ordering::SeqCst), allowed);
        assert_eq!(slow.all.load(Ordering::SeqCst), launches, "one ephemeral file system each");
    }
}

#[tokio::test(start_paused = true)]
async fn sizes_that_no_table_can_describe_are_refused() {
    let bench = Bench::new();
    bench.shop.put("i", b"x");
    let manifest = format!("<manifest><image><size>{}</size></image></manifest>", i64::MAX);
    bench.shop.change("i", |offer| offer.manifest = manifest);
    let order = Order { disk_gib: u64::MAX, ..bench.order("one") };
    assert!(matches!(bench.images.stage(&order).await, Err(Error::LimitExceeded { .. })));
    assert_eq!(bench.images.0.settings.swap * MIB, MIB);
}

#[tokio::test(start_paused = true)]
async fn an_overlay_that_cannot_be_made_leaves_nothing_that_would_be_taken_for_its_base() {
    let runner = Arc::new(Recording::default());
    runner.plan("setpriv", [1]);
    let bench = Bench::with(runner, |settings| settings.method = Method::Overlay);
    bench.shop.put("i", &noise(1_000_000));
    for attempt in ["first", "second"] {
        let failed = bench.stage("one").await;
        assert!(matches!(failed, Err(Error::Helper { program: "qemu-img", .. })), "{attempt}: {failed:?}");
        assert!(!bench.directory("one").join(BASE).exists(), "{attempt}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_image_that_the_file_system_has_no_room_for_is_not_asked_for() {
    let bench = Bench::with(Arc::new(Recording::default()), |settings| settings.floor = u64::MAX);
    bench.shop.put("i", &noise(1_000_000));
    assert!(matches!(bench.stage("one").await, Err(Error::NoSpace { .. })));
    assert_eq!(bench.shop.asked(What::Image), 0);
    assert!(!bench.disk("one").exists());
}
