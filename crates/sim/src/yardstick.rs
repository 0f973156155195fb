//! What everything is measured against: the cost of RSA on this machine, in the same run, as CPU time of the thread.

use std::time::Duration;

use anyhow::{Result, ensure};
use nix::time::{ClockId, clock_gettime};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::sign::{Signer, Verifier};

/// CPU time of one signature with SHA-1 and one verification.
///
/// # Errors
/// OpenSSL's.
pub fn rsa(key: &PKey<Private>) -> Result<(Duration, Duration)> {
    const ROUNDS: u32 = 500;
    const SIGNED: &[u8] = b"what is signed";
    let public = PKey::public_key_from_der(&key.public_key_to_der()?)?;
    let mut signature = Vec::new();
    let started = cpu();
    for _ in 0..ROUNDS {
        signature = Signer::new(MessageDigest::sha1(), key)?.sign_oneshot_to_vec(SIGNED)?;
    }
    let signed = cpu();
    for _ in 0..ROUNDS {
        ensure!(Verifier::new(MessageDigest::sha1(), &public)?.verify_oneshot(&signature, SIGNED)?);
    }
    Ok(((signed - started) / ROUNDS, (cpu() - signed) / ROUNDS))
}

/// CPU time of this thread; zero where the system has no such clock.
pub fn cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).unwrap_or_default()
}
