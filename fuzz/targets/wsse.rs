//! Signed messages, altered: whatever is still accepted must say what the signer said. Nobody here has the
//! signer's key, so a message that verifies must carry the addressing headers of a message he really signed.
//!
//! The input is a complete message if it begins with `<`; otherwise its first byte chooses a recorded message and
//! the rest is a list of edits: cut, insert, and copy from one place to another, as signature wrapping needs.

#![no_main]

use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, UNIX_EPOCH};

use euca_wsse::{Credentials, Envelope, Limits, Options, Profile, Verifier, scan};
use libfuzzer_sys::fuzz_target;

/// To, Action and MessageID.
type Said = [Option<String>; 3];

struct Recorded {
    messages: Vec<Vec<u8>>,
    said: HashSet<Said>,
    legacy: Verifier,
    strict: Verifier,
}

static RECORDED: LazyLock<Recorded> = LazyLock::new(|| {
    let golden = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden"));
    let key = |name: &str| golden.join("c-2.0.1/keys").join(name);
    let verifier = |profile| {
        let credentials =
            Credentials::new(&key("cluster-cert.pem"), &key("cluster-pk.pem"), &key("cloud-cert.pem"));
        Verifier::new(Arc::new(credentials), Options { accept_sha256: true, ..Options::client(profile) })
    };
    let legacy = verifier(Profile::Legacy);
    let (mut messages, mut said) = (Vec::new(), HashSet::new());
    let mut directories: Vec<_> = ["clc-2.0.1", "c-2.0.1"].iter().map(|name| golden.join(name)).collect();
    while let Some(directory) = directories.pop() {
        let mut paths: Vec<_> =
            std::fs::read_dir(directory).expect("golden").flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths.iter().filter(|path| path.to_string_lossy().ends_with(".request.http")) {
            let request = std::fs::read(path).expect("readable");
            let Some(at) = request.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
            let body = &request[at + 4..];
            let Ok(envelope) = scan(body, &Limits::default()) else { continue };
            if let Some(words) = accepted(&legacy, &envelope) {
                said.insert(words);
                if body.len() < 8192 {
                    messages.push(body.to_vec());
                }
            }
        }
    }
    assert!(messages.len() > 50, "the recordings are missing");
    Recorded { messages, said, legacy, strict: verifier(Profile::Strict) }
});

fuzz_target!(|data: &[u8]| {
    let recorded = &*RECORDED;
    let message = if data.first() == Some(&b'<') { data.to_vec() } else { edited(&recorded.messages, data) };
    let Ok(envelope) = scan(&message, &Limits::default()) else { return };
    let legacy = accepted(&recorded.legacy, &envelope);
    if let Some(words) = &legacy {
        assert!(recorded.said.contains(words), "forged: {words:?}\n{}", String::from_utf8_lossy(&message));
    }
    if accepted(&recorded.strict, &envelope).is_some() {
        assert!(legacy.is_some(), "what the strict profile accepts, the legacy one does too");
    }
});

fn accepted(verifier: &Verifier, envelope: &Envelope<'_>) -> Option<Said> {
    match verifier.verify(envelope, UNIX_EPOCH + Duration::from_secs(1_300_000_000)) {
        Ok(verified) => {
            let addressing = verified.addressing;
            Some([addressing.to, addressing.action, addressing.message_id].map(|text| text.map(String::from)))
        }
        Err(refusal) => {
            let _ = refusal.to_string();
            None
        }
    }
}

fn edited(messages: &[Vec<u8>], data: &[u8]) -> Vec<u8> {
    let Some((choice, mut edits)) = data.split_first() else { return Vec::new() };
    let mut message = messages[usize::from(*choice) % messages.len()].clone();
    while let Some(([kind, a, b, c, d, length], rest)) = edits.split_first_chunk::<6>() {
        edits = rest;
        let place = |high: &u8, low: &u8| u16::from_be_bytes([*high, *low]) as usize % (message.len() + 1);
        let (from, to) = (place(a, b), place(c, d));
        let end = message.len().min(from + usize::from(*length) * if kind & 4 == 0 { 1 } else { 16 });
        match kind % 4 {
            0 => drop(message.drain(from..end)),
            1 => {
                let (text, rest) = edits.split_at(edits.len().min(usize::from(*length)));
                edits = rest;
                message.splice(from..from, text.iter().copied());
            }
            2 => {
                let copy = message[from..end].to_vec();
                message.splice(to..to, copy);
            }
            _ => {
                if let Some(byte) = message.get_mut(from) {
                    *byte = *length;
                }
            }
        }
        if message.len() > 65_536 {
            break;
        }
    }
    message
}
