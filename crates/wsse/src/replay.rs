//! Which messages were there before (S8). A 2.0.1 message carries no time, so the only protection against its
//! being sent again is to remember it.
//!
//! Only messages that passed every other check get here, so only the holder of the peer's key can fill the
//! memory, and nobody can make a message that has not arrived yet look like a repetition.
//!
//! What is remembered: for each of the last [`ReplayWindow::messages`] messages that are not older than
//! [`ReplayWindow::age`], the signer with the MessageID and the signer with the signature's value. The second
//! one also catches a message without MessageID. When there are more messages than that within the age, the
//! oldest is forgotten and the log says so: refusing instead would let a busy but honest peer lock itself
//! out.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use openssl::sha::Sha256;

/// How much of the past replay protection covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReplayWindow {
    /// Messages remembered at most, about 120 bytes each.
    pub messages: usize,
    /// How long one is remembered.
    pub age: Duration,
}

impl Default for ReplayWindow {
    /// 65 536 messages, 15 minutes: 8 MiB at most, and 70 messages a second before the number decides.
    fn default() -> Self {
        Self { messages: 65_536, age: Duration::from_secs(900) }
    }
}

/// Half of a SHA-256: nobody finds two messages with one key.
type Key = [u8; 16];

#[derive(Debug)]
pub(crate) struct ReplayCache {
    window: ReplayWindow,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    keys: HashSet<Key>,
    /// Oldest first.
    messages: VecDeque<(Instant, [Option<Key>; 2])>,
    /// Last time the log was told that fresh messages are being forgotten.
    warned: Option<Instant>,
}

impl ReplayCache {
    pub fn new(window: ReplayWindow) -> Self {
        Self { window, seen: Mutex::default() }
    }

    /// Remembers a message; false if it was there before.
    pub fn admit(&self, signer: &[u8], message_id: Option<&str>, signature: &[u8], now: Instant) -> bool {
        let keys =
            [message_id.map(|id| key(b"id", signer, id.as_bytes())), Some(key(b"sv", signer, signature))];
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forget_aged(self.window, now);
        if keys.iter().flatten().any(|key| seen.keys.contains(key)) {
            return false;
        }
        if seen.messages.len() >= self.window.messages {
            seen.forget_fresh(self.window, now);
        }
        seen.keys.extend(keys.iter().flatten());
        seen.messages.push_back((now, keys));
        true
    }
}

impl Seen {
    fn forget_aged(&mut self, window: ReplayWindow, now: Instant) {
        while self.oldest_age(now).is_some_and(|age| age >= window.age) {
            self.forget_oldest();
        }
    }

    /// Makes room at the price of a gap in the protection, and says so once per window.
    fn forget_fresh(&mut self, window: ReplayWindow, now: Instant) {
        let age = self.oldest_age(now).unwrap_or_default();
        if self.warned.is_none_or(|at| now.saturating_duration_since(at) >= window.age) {
            self.warned = Some(now);
            tracing::warn!(
                messages = window.messages,
                age_seconds = age.as_secs(),
                "replay memory full: messages younger than the window are being forgotten"
            );
        }
        self.forget_oldest();
    }

    fn oldest_age(&self, now: Instant) -> Option<Duration> {
        self.messages.front().map(|(seen, _)| now.saturating_duration_since(*seen))
    }

    fn forget_oldest(&mut self) {
        for key in self.messages.pop_front().iter().flat_map(|(_, keys)| keys.iter().flatten()) {
            self.keys.remove(key);
        }
    }
}

fn key(kind: &[u8], signer: &[u8], value: &[u8]) -> Key {
    let mut hash = Sha256::new();
    hash.update(kind);
    // A certificate says how long it is itself, so signer and value cannot be cut differently.
    hash.update(signer);
    hash.update(value);
    let mut key = Key::default();
    key.copy_from_slice(&hash.finish()[..16]);
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(messages: usize) -> ReplayCache {
        ReplayCache::new(ReplayWindow { messages, age: Duration::from_secs(60) })
    }

    #[test]
    fn a_message_is_admitted_once_by_id_and_by_signature() {
        let (cache, now) = (cache(10), Instant::now());
        assert!(cache.admit(b"a", Some("1"), b"s1", now));
        assert!(!cache.admit(b"a", Some("1"), b"s2", now), "same id, signed again");
        assert!(!cache.admit(b"a", None, b"s1", now), "same signature, id lost");
        assert!(!cache.admit(b"a", Some("2"), b"s1", now), "same signature, another id");
        assert!(cache.admit(b"b", Some("1"), b"s1", now), "another signer");
        assert!(cache.admit(b"a", None, b"s3", now));
        assert!(!cache.admit(b"a", None, b"s3", now), "no id at all");
    }

    #[test]
    fn a_refused_message_does_not_extend_its_own_stay() {
        let (cache, now) = (cache(10), Instant::now());
        assert!(cache.admit(b"a", Some("1"), b"s1", now));
        assert!(!cache.admit(b"a", Some("1"), b"s1", now + Duration::from_secs(59)));
        assert!(cache.admit(b"a", Some("1"), b"s1", now + Duration::from_secs(60)));
    }

    #[test]
    fn the_oldest_is_forgotten_when_full_and_memory_stays_bounded() {
        let (cache, now) = (cache(100), Instant::now());
        for index in 0..1_000_u32 {
            assert!(cache.admit(b"a", Some(&index.to_string()), &index.to_be_bytes(), now));
        }
        assert!(!cache.admit(b"a", Some("999"), b"x", now));
        assert!(!cache.admit(b"a", Some("901"), b"x", now));
        assert!(cache.admit(b"a", Some("0"), &0_u32.to_be_bytes(), now));
        let seen = cache.seen.lock().unwrap();
        assert_eq!((seen.messages.len(), seen.keys.len()), (100, 200));
        assert!(seen.warned.is_some(), "forgetting fresh messages is not silent");
    }

    #[test]
    fn aged_messages_leave_without_a_warning() {
        let (cache, now) = (cache(10), Instant::now());
        for second in 0..100 {
            let id = second.to_string();
            assert!(cache.admit(b"a", Some(&id), id.as_bytes(), now + Duration::from_secs(second * 10)));
        }
        let seen = cache.seen.lock().unwrap();
        assert_eq!(seen.messages.len(), 6);
        assert!(seen.warned.is_none());
    }
}
