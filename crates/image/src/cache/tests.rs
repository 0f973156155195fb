use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use openssl::sha::sha256;

use super::*;

const MIB: u64 = 1 << 20;

struct Bench {
    folder: TempDir,
    cache: Arc<Cache>,
}

impl Bench {
    fn new(budget: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(&folder.path().join("v2"), budget, 0).unwrap();
        Self { folder, cache }
    }

    /// Opens the cache again, as a new process does.
    fn restart(&mut self) {
        self.cache = Cache::open(&self.root(), self.cache.budget, 0).unwrap();
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("v2")
    }

    fn fill(&self, key: &str, content: &[u8]) -> Filling {
        let filling = self.cache.reserve(key, content.len() as u64).unwrap().begin().unwrap();
        fs::write(filling.content(), content).unwrap();
        filling
    }

    fn put(&self, key: &str, content: &[u8]) -> Pin {
        let landed = Landed { offset: 0, sha256: sha256(content) };
        let meta = Meta::new("emi-1", content.len() as u64, &landed);
        self.fill(key, content).commit(b"<manifest/>", meta).unwrap()
    }

    /// An entry that is reckoned at exactly `bytes` and was used at a given second.
    fn entry(&self, key: &str, bytes: u64, used: u64) {
        drop(self.put(key, b"content"));
        let mut shelf = self.cache.lock();
        let entry = shelf.entries.get_mut(key).unwrap();
        (entry.bytes, entry.used) = (bytes, SystemTime::UNIX_EPOCH + Duration::from_secs(used));
    }

    /// What there is, on disk and in memory.
    fn keys(&self) -> Vec<String> {
        let mut keys: Vec<String> = self.cache.lock().entries.keys().cloned().collect();
        keys.sort();
        let mut names: Vec<String> = fs::read_dir(self.root())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != CLEAN)
            .collect();
        names.sort();
        assert_eq!(names, keys, "on disk and in memory");
        keys
    }

    fn free(&self) -> u64 {
        self.cache.budget - self.cache.lock().taken()
    }
}

#[test]
fn st_t039_what_is_larger_than_the_budget_evicts_nothing() {
    let bench = Bench::new(10 * MIB);
    bench.entry("a", 3 * MIB, 1);
    bench.entry("b", 3 * MIB, 2);
    assert!(bench.cache.reserve("c", 11 * MIB).is_none());
    assert_eq!(bench.keys(), ["a", "b"]);
}

#[test]
fn st_t040_st_t043_as_many_go_as_are_needed_with_all_they_have() {
    let bench = Bench::new(10 * MIB);
    bench.entry("a", 3 * MIB, 1);
    bench.entry("b", 3 * MIB, 2);
    let room = bench.cache.reserve("c", 7 * MIB).unwrap();
    assert_eq!((bench.keys(), bench.free()), (vec!["b".to_owned()], 0));
    let evicted = bench.cache.metrics().removals.get_or_create(&Reason { reason: "evicted" }).get();
    assert_eq!(evicted, 1);
    drop(room);
    assert_eq!(bench.free(), 7 * MIB);
}

#[test]
fn st_t041_of_two_used_at_the_same_time_the_smaller_goes() {
    let bench = Bench::new(8 * MIB);
    bench.entry("five", 5 * MIB, 1);
    bench.entry("three", 3 * MIB, 1);
    let _room = bench.cache.reserve("c", MIB).unwrap();
    assert_eq!(bench.keys(), ["five"]);
}

#[test]
fn st_t042_what_was_used_last_stays() {
    let mut bench = Bench::new(8 * MIB);
    bench.entry("a", 4 * MIB, 1);
    bench.entry("b", 4 * MIB, 2);
    drop(bench.cache.find("a").unwrap());
    drop(bench.cache.reserve("c", MIB).unwrap());
    assert_eq!(bench.keys(), ["a"]);

    // The same after a restart: the time of use is on disk.
    drop(bench.put("b", b"content"));
    let touch = |key: &str, second| {
        let meta = File::open(bench.root().join(key).join(META)).unwrap();
        meta.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(second)).unwrap();
    };
    touch("a", 1);
    touch("b", 2);
    bench.cache.touch(&bench.cache.find("a").unwrap());
    bench.restart();
    let taken = bench.cache.lock().taken();
    bench.cache = Cache::open(&bench.root(), taken, 0).unwrap();
    drop(bench.cache.reserve("c", 1).unwrap());
    assert_eq!(bench.keys(), ["a"]);
}

#[test]
fn st_t044_room_for_what_was_not_made_is_given_back() {
    let bench = Bench::new(100 * MIB);
    let filling = bench.cache.reserve("a", 100 * MIB).unwrap().begin().unwrap();
    fs::write(filling.content(), "half of it").unwrap();
    assert_eq!(bench.free(), 0);
    assert!(bench.cache.reserve("b", 1).is_none());
    drop(filling);
    assert_eq!((bench.free(), bench.keys().len()), (100 * MIB, 0));
    drop(bench.cache.reserve("b", 100 * MIB).unwrap());
}

#[test]
fn st_t045_without_a_budget_nothing_is_taken() {
    let bench = Bench::new(0);
    for bytes in [MIB, MIB / 2, 1] {
        assert!(bench.cache.reserve("a", bytes).is_none());
    }
}

#[test]
fn st_t046_st_t047_what_is_used_is_not_evicted() {
    let bench = Bench::new(4 * MIB);
    bench.entry("a", 4 * MIB, 1);
    let pin = bench.cache.find("a").unwrap();
    let another = bench.cache.find("a").unwrap();
    assert!(bench.cache.reserve("b", MIB).is_none());
    drop(another);
    assert!(bench.cache.reserve("b", MIB).is_none());
    assert_eq!(fs::read(pin.content()).unwrap(), b"content");
    drop(pin);
    // What an instance's disk lies over: deleting one of its names would free nothing.
    let link = bench.folder.path().join("link");
    fs::hard_link(bench.cache.content("a"), &link).unwrap();
    assert!(bench.cache.reserve("b", MIB).is_none());
    fs::remove_file(link).unwrap();
    drop(bench.cache.reserve("b", MIB).unwrap());
    assert_eq!(bench.keys(), [""; 0]);
}

#[test]
fn an_entry_is_reckoned_at_what_it_takes_on_disk() {
    let bench = Bench::new(10 * MIB);
    let filling = bench.cache.reserve("a", 8 * MIB).unwrap().begin().unwrap();
    let content = File::create(filling.content()).unwrap();
    content.write_all_at(b"x", 8 * MIB - 1).unwrap();
    assert_eq!(bench.free(), 2 * MIB);
    let meta = Meta::new("emi-1", 8 * MIB, &Landed { offset: 0, sha256: [0; 32] });
    drop(filling.commit(b"<manifest/>", meta).unwrap());
    assert!(bench.free() > 9 * MIB, "{}", bench.free());
}

#[test]
fn the_file_system_is_not_filled_to_the_last_byte() {
    let bench = Bench::new(u64::MAX);
    bench.entry("a", MIB, 1);
    let full = Cache::open(&bench.root(), u64::MAX, u64::MAX).unwrap();
    assert!(full.reserve("b", 1).is_none());

    // What is promised is not there for others, though nobody has written it yet.
    let much = free(&bench.root()) / 10 * 6;
    let first = bench.cache.reserve("b", much).unwrap();
    assert!(bench.cache.reserve("c", much).is_none());
    drop(first);
    drop(bench.cache.reserve("c", much).unwrap());
}

#[test]
fn st_t055_sizes_beyond_32_bits_are_reckoned_right() {
    const SIZE: u64 = 2_684_354_560;
    let mut bench = Bench::new(u64::MAX);
    let filling = bench.cache.reserve("a", SIZE).unwrap().begin().unwrap();
    let content = File::create(filling.content()).unwrap();
    rustix::fs::fallocate(&content, rustix::fs::FallocateFlags::empty(), 0, SIZE).unwrap();
    let meta = Meta::new("emi-1", SIZE, &Landed { offset: 0, sha256: [0; 32] });
    drop(filling.commit(b"<manifest/>", meta).unwrap());
    bench.restart();
    let taken = bench.cache.lock().taken();
    // Its manifest, its description, and the file system's own bookkeeping are there too.
    assert!((SIZE..SIZE + MIB).contains(&taken), "{taken}");
}

#[test]
fn st_t056_only_whole_entries_survive_a_restart() {
    let mut bench = Bench::new(100 * MIB);
    for key in
        ["whole", "no-content", "no-manifest", "no-meta", "empty-content", "bad-meta", "short", "version"]
    {
        drop(bench.put(key, b"content"));
    }
    let file = |key: &str, name: &str| bench.root().join(key).join(name);
    fs::remove_file(file("no-content", CONTENT)).unwrap();
    fs::remove_file(file("no-manifest", MANIFEST)).unwrap();
    fs::remove_file(file("no-meta", META)).unwrap();
    fs::write(file("empty-content", CONTENT), "").unwrap();
    fs::write(file("bad-meta", META), "{").unwrap();
    fs::write(file("short", CONTENT), "conten").unwrap();
    let text = fs::read_to_string(file("version", META)).unwrap();
    fs::write(file("version", META), text.replace("\"version\": 1", "\"version\": 2")).unwrap();
    fs::create_dir(bench.root().join("empty")).unwrap();
    fs::write(bench.root().join("a-file"), "x").unwrap();
    std::os::unix::fs::symlink(bench.root().join("whole"), bench.root().join("a-link")).unwrap();
    bench.restart();
    assert_eq!(bench.keys(), ["whole"]);
}

#[test]
fn st_t057_what_is_damaged_after_an_unclean_end_is_found() {
    let mut bench = Bench::new(100 * MIB);
    drop(bench.put("a", b"content"));
    let damage = |bench: &Bench| fs::write(bench.root().join("a").join(CONTENT), "CONTENT").unwrap();
    bench.restart();
    let pin = bench.cache.find("a").unwrap();
    bench.cache.examine(&pin).unwrap();
    drop(pin);

    damage(&bench);
    bench.restart();
    let pin = bench.cache.find("a").unwrap();
    assert!(matches!(bench.cache.examine(&pin), Err(Error::Corrupt { .. })));
    bench.cache.discard(&pin);
    assert_eq!(bench.keys(), [""; 0]);
    // A successor with the same key is another entry, whoever still holds the old one.
    let successor = bench.put("a", b"content");
    bench.cache.discard(&pin);
    drop(pin);
    assert_eq!(bench.cache.lock().entries["a"].pins, 1);
    drop(successor);

    // After a clean end nobody looks, once.
    bench.cache.close();
    damage(&bench);
    bench.restart();
    bench.cache.examine(&bench.cache.find("a").unwrap()).unwrap();
    drop(bench.put("b", b"another"));
    bench.restart();
    assert!(bench.cache.examine(&bench.cache.find("a").unwrap()).is_err());
    bench.cache.examine(&bench.cache.find("b").unwrap()).unwrap();

    // What nobody has looked at since is not sound by a clean end either; what somebody has is.
    bench.cache.close();
    fs::write(bench.root().join("b").join(CONTENT), "ANOTHER").unwrap();
    bench.restart();
    assert!(bench.cache.examine(&bench.cache.find("a").unwrap()).is_err());
    bench.cache.examine(&bench.cache.find("b").unwrap()).unwrap();
}

#[test]
fn st_t058_what_comes_from_the_future_can_be_evicted() {
    let bench = Bench::new(MIB);
    bench.entry("a", MIB, 1);
    bench.cache.lock().entries.get_mut("a").unwrap().used = SystemTime::now() + Duration::from_secs(86_400);
    drop(bench.cache.reserve("b", MIB).unwrap());
    assert_eq!(bench.keys(), [""; 0]);
}

#[test]
fn st_t126_st_t127_what_a_killed_process_was_making_is_gone() {
    let mut bench = Bench::new(100 * MIB);
    for (key, last) in [("a", CONTENT), ("b", MANIFEST), ("c", META)] {
        let filling = bench.fill(key, b"content");
        let folder = filling.folder.path().to_owned();
        for name in [MANIFEST, META].iter().take_while(|name| last != CONTENT && **name <= last) {
            fs::write(folder.join(name), "x").unwrap();
        }
        // A killed process cleans nothing up.
        std::mem::forget(filling);
    }
    bench.restart();
    assert_eq!((bench.keys(), bench.free()), (vec![], 100 * MIB));
}

#[test]
fn st_t128_an_entry_has_its_name_only_when_all_of_it_is_durable() {
    // What a loss of power may take is what was not synchronised; an entry that lacks any of it is found out, by its
    // missing parts or by its bytes.
    let spoils: [fn(&Path); 4] = [
        |entry| fs::write(entry.join(CONTENT), [0; 7]).unwrap(),
        |entry| fs::write(entry.join(CONTENT), "").unwrap(),
        |entry| fs::write(entry.join(META), "").unwrap(),
        |entry| fs::write(entry.join(MANIFEST), "").unwrap(),
    ];
    for spoil in spoils {
        let mut bench = Bench::new(100 * MIB);
        drop(bench.put("a", b"content"));
        spoil(&bench.root().join("a"));
        bench.restart();
        let sound = bench.cache.find("a").is_some_and(|pin| bench.cache.examine(&pin).is_ok());
        assert!(!sound);
    }
}

#[test]
fn two_that_made_the_same_entry_leave_one() {
    let bench = Bench::new(100 * MIB);
    let (one, two) = (bench.fill("a", b"content"), bench.fill("a", b"content"));
    let meta = || Meta::new("emi-1", 7, &Landed { offset: 0, sha256: sha256(b"content") });
    let first = one.commit(b"m", meta()).unwrap();
    let second = two.commit(b"m", meta()).unwrap();
    assert_eq!(bench.keys(), ["a"]);
    drop((first, second));
    assert!(bench.cache.reserve("a", 7).is_none(), "it is there");
    assert!(bench.free() < 100 * MIB && bench.free() > 99 * MIB);
}
