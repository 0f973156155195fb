//! The state file: modes, locks, damage, failures.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use euca_store::{Document, Error, Journal, Record, StateFile, Tables, read};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Text(String);

impl Record for Text {
    const TABLE: &'static str = "texts";
    const VERSION: u32 = 1;
}

fn texts(tables: &dyn Tables) -> Result<Vec<(String, Text)>, Error> {
    read(tables)
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("CC/state.redb")
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path().join("CC")).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

/// Writes one record through a journal and closes the file.
async fn write(path: &Path, key: &str, value: &str) {
    let (journal, writer) = Journal::new(StateFile::open(path).unwrap());
    let writer = tokio::spawn(writer);
    journal.put(key, Text(value.into())).durable().await.unwrap();
    drop(journal);
    writer.await.unwrap();
}

fn one(key: &str, value: &str) -> Vec<(String, Text)> {
    vec![(key.into(), Text(value.into()))]
}

#[tokio::test]
async fn what_is_acknowledged_is_there_after_a_restart_and_nobody_else_may_read_it() {
    let folder = Folder::new();
    write(&folder.file(), "a", "1").await;
    write(&folder.file(), "a", "2").await;
    assert_eq!(texts(&StateFile::open(&folder.file()).unwrap()).unwrap(), one("a", "2"));
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(&folder.file()), 0o600);
    assert_eq!(mode(folder.file().parent().unwrap()), 0o700);
}

#[tokio::test]
async fn a_file_in_use_is_refused_and_left_alone() {
    let folder = Folder::new();
    write(&folder.file(), "a", "1").await;
    let open = StateFile::open(&folder.file()).unwrap();
    assert!(matches!(StateFile::open(&folder.file()), Err(Error::InUse(_))));
    assert!(matches!(StateFile::open_or_set_aside(&folder.file(), texts), Err(Error::InUse(_))));
    drop(open);
    assert_eq!(texts(&StateFile::open(&folder.file()).unwrap()).unwrap(), one("a", "1"));
}

#[tokio::test]
async fn a_damaged_file_is_set_aside_and_an_empty_one_begun() {
    let folder = Folder::new();
    write(&folder.file(), "a", "1").await;
    let sound = std::fs::read(folder.file()).unwrap();
    let damages: [(&str, Vec<u8>); 4] = [
        ("no state file", b"not a database".repeat(1000)),
        ("cut off", sound[..sound.len() / 2].to_vec()),
        ("a folder's worth of zeros", vec![0; 65536]),
        ("a record that is none", {
            let at = sound.windows(9).position(|window| window == b"\"version\"").unwrap();
            let mut damaged = sound.clone();
            damaged[at] = b'!';
            damaged
        }),
    ];
    for (case, damaged) in damages {
        let folder = Folder::new();
        std::fs::create_dir(folder.file().parent().unwrap()).unwrap();
        std::fs::write(folder.file(), &damaged).unwrap();
        let (_, found) = StateFile::open_or_set_aside(&folder.file(), texts).unwrap();
        assert_eq!(found, [], "{case}");
        let names = folder.names();
        let kept = names.iter().find(|name| name.starts_with("state.damaged-")).unwrap();
        assert_eq!(names.len(), 2, "{case}: {names:?}");
        assert_eq!(
            std::fs::metadata(folder.file().with_file_name(kept)).unwrap().len(),
            damaged.len() as u64
        );
    }
}

#[tokio::test]
async fn no_flipped_byte_is_taken_for_a_record_or_ends_the_program() {
    let folder = Folder::new();
    for n in 0..20 {
        write(&folder.file(), &format!("k{n}"), &"x".repeat(300)).await;
    }
    let sound = std::fs::read(folder.file()).unwrap();
    let expected = texts(&StateFile::open(&folder.file()).unwrap()).unwrap();
    for at in (0..sound.len()).step_by(sound.len() / 97) {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x55;
        let folder = Folder::new();
        std::fs::create_dir(folder.file().parent().unwrap()).unwrap();
        std::fs::write(folder.file(), &damaged).unwrap();
        match StateFile::open_or_set_aside(&folder.file(), texts) {
            Ok((_, found)) => assert!(found.is_empty() || found == expected, "byte {at}"),
            Err(error) => assert!(matches!(error, Error::Format { .. }), "byte {at}: {error}"),
        }
    }
}

#[tokio::test]
async fn a_newer_record_is_no_damage() {
    let folder = Folder::new();
    let mut file = StateFile::open(&folder.file()).unwrap();
    let newer =
        r#"{"format":"eucalyptus state","version":1,"tables":{"texts":{"a":{"version":2,"record":1}}}}"#;
    file.replace(&Document::read(newer.as_bytes()).unwrap()).unwrap();
    drop(file);
    let refused = StateFile::open_or_set_aside(&folder.file(), texts).unwrap_err();
    assert!(matches!(refused, Error::NewerRecord { .. }), "{refused}");
    assert_eq!(folder.names(), ["state.redb"]);
}

#[tokio::test]
async fn a_file_that_cannot_be_reached_is_no_damage_either() {
    let folder = Folder::new();
    std::fs::write(folder.0.path().join("CC"), "in the way").unwrap();
    assert!(matches!(StateFile::open_or_set_aside(&folder.file(), texts), Err(Error::Open { .. })));
}

#[tokio::test]
async fn a_document_brings_everything_back() {
    let folder = Folder::new();
    write(&folder.file(), "a", "line\nbreak \u{1F600}").await;
    write(&folder.file(), "b", "2").await;
    let mut json = Vec::new();
    Document::of(&StateFile::open(&folder.file()).unwrap()).unwrap().write(&mut json).unwrap();

    let other = Folder::new();
    write(&other.file(), "z", "is replaced").await;
    let document = Document::read(json.as_slice()).unwrap();
    assert_eq!(texts(&document).unwrap().len(), 2);
    StateFile::open(&other.file()).unwrap().replace(&document).unwrap();
    let file = StateFile::open(&other.file()).unwrap();
    assert_eq!(texts(&file).unwrap(), texts(&document).unwrap());

    let of =
        |format: &str, version: u32| format!(r#"{{"format":"{format}","version":{version},"tables":{{}}}}"#);
    assert!(Document::read(of("eucalyptus state", 1).as_bytes()).is_ok());
    for refused in [of("eucalyptus state", 2), of("something else", 1), "{}".into(), "[".repeat(100_000)] {
        assert!(matches!(Document::read(refused.as_bytes()), Err(Error::Document { .. })));
    }
}
