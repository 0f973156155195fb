//! Staging against a plain copy of the same bytes through the same pipe, and how soon a cached image is a disk again.

use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use euca_image::disk::Method;
use euca_image::{Images, StageSettings, Walrus};
use euca_tests::home::Home;
use euca_tests::images::ImageServer;
use euca_tests::stage::{images, order};
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;

/// Target of the ratio of staging to copying, percent, and of a launch from the cache.
const TARGET: f64 = 80.0;
const TARGET_CACHED: Duration = Duration::from_secs(1);

/// Stages an image of `mib` MiB in every way, `rounds` times, each time beside a plain copy.
pub async fn run(mib: usize, rounds: usize) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let image = folder.path().join("image");
    fill(&image, mib)?;
    let home = Home::new()?;
    let server = ImageServer::start([127, 8, 1, 1].into(), folder.path().to_owned()).await?;
    let rate = |time: Duration| mib as f64 / time.as_secs_f64();
    let ways = [
        ("uncached", 0, Method::Share),
        ("cached, overlay", u64::MAX, Method::Overlay),
        ("cached, shared or copied", u64::MAX, Method::Share),
    ];
    let mut ratios = vec![Vec::new(); ways.len()];
    for round in 0..rounds {
        for (index, (name, cache_bytes, method)) in ways.into_iter().enumerate() {
            let plain = plain_copy(&image, &folder.path().join("copy")).await?;
            let stage = Stage::new(&home, &server, folder.path().join("stage"), cache_bytes, method)?;
            let (first, second) = (stage.launch("one").await?, stage.launch("two").await?);
            let ratio = 100.0 * plain.as_secs_f64() / first.as_secs_f64();
            if let Some(ratios) = ratios.get_mut(index) {
                ratios.push(ratio);
            }
            println!(
                "   {round}: plain copy {:.0} MiB/s; {name}: {:.0} MiB/s, {ratio:.0} %; again {second:.2?}",
                rate(plain),
                rate(first)
            );
            drop(stage);
            if method == Method::Overlay {
                ensure!(second <= TARGET_CACHED, "a cached image took {second:?}, target {TARGET_CACHED:?}");
            }
        }
    }
    for ((name, ..), mut ratios) in ways.into_iter().zip(ratios) {
        ratios.sort_by(f64::total_cmp);
        let median = ratios.get(ratios.len() / 2).copied().unwrap_or_default();
        println!("r  staging, {name}: {median:.0} % of a plain copy, median of {rounds}");
        ensure!(name.ends_with("copied") || median >= TARGET, "below the target of {TARGET} %");
    }
    Ok(())
}

/// Writes a file of `mib` MiB without a hole.
pub fn fill(path: &Path, mib: usize) -> Result<()> {
    let mut file = std::fs::File::create(path)?;
    for _ in 0..mib {
        let noise: Vec<u8> = (0..1 << 17).flat_map(|_| fastrand::u64(..).to_le_bytes()).collect();
        file.write_all(&noise)?;
    }
    Ok(file.sync_all()?)
}

/// The time for the bytes of a file to be sent over loopback as the server of images sends them, and to be durable in
/// another.
async fn plain_copy(from: &Path, to: &Path) -> Result<Duration> {
    let listener = TcpListener::bind("127.8.1.1:0").await?;
    let address = listener.local_addr()?;
    let (from, to) = (from.to_owned(), to.to_owned());
    let began = Instant::now();
    let sender = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await?;
        tokio::io::copy(&mut tokio::fs::File::open(from).await?, &mut stream).await
    });
    let received = spawn_blocking(move || {
        let mut stream = TcpStream::connect(address)?;
        let mut file = std::fs::File::create(&to)?;
        // Reads and writes blocks of the size that staging has; in the kernel, it would be another pipe.
        let mut buffer = vec![0; 1 << 20];
        let mut received = 0;
        loop {
            let length = std::io::Read::read(&mut stream, &mut buffer)?;
            if length == 0 {
                break;
            }
            file.write_all(buffer.get(..length).unwrap_or_default())?;
            received += length as u64;
        }
        file.sync_all()?;
        std::fs::remove_file(&to)?;
        Ok::<u64, std::io::Error>(received)
    });
    let received = received.await??;
    let time = began.elapsed();
    ensure!(sender.await?? == received, "the copy is not whole");
    Ok(time)
}

/// A node's images, in a folder that goes with them.
struct Stage<'a> {
    images: Images<Walrus>,
    server: &'a ImageServer,
    folder: PathBuf,
}

impl<'a> Stage<'a> {
    fn new(
        home: &Home,
        server: &'a ImageServer,
        folder: PathBuf,
        cache_bytes: u64,
        method: Method,
    ) -> Result<Self> {
        let settings = StageSettings { cache_bytes, method, ..StageSettings::new(folder.join("cache")) };
        std::fs::create_dir_all(&folder)?;
        Ok(Self { images: images(home, settings), server, folder })
    }

    async fn launch(&self, name: &str) -> Result<Duration> {
        let order = order(&self.folder.join(name), self.server, "image", 4)?;
        let began = Instant::now();
        self.images.stage(&order).await.context("staging")?;
        let time = began.elapsed();
        ensure!(std::fs::metadata(order.directory.join(euca_image::DISK))?.blocks() > 0, "an empty disk");
        Ok(time)
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
