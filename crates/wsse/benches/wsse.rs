//! Cost of one signed call, beside the RSA operations alone, which no protocol of this kind can avoid.
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to measure")]

#[path = "../tests/support/messages.rs"]
mod messages;
#[path = "../tests/support/recordings.rs"]
mod recordings;

use std::hint::black_box;
use std::time::SystemTime;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use euca_wsse::{Credentials, Limits, Options, Profile, Version, c14n, scan, sign_envelope, sign_header};
use messages::{BODY, HEADERS, pair, signed_by};
use openssl::rsa::{Padding, Rsa};
use recordings::{golden, key_file, verifier};

fn rsa(c: &mut Criterion) {
    let key = Rsa::private_key_from_pem(&std::fs::read(key_file("cloud-pk.pem")).unwrap()).unwrap();
    let public =
        Rsa::from_public_components(key.n().to_owned().unwrap(), key.e().to_owned().unwrap()).unwrap();
    let mut signature = vec![0; 256];
    let mut group = c.benchmark_group("rsa-2048");
    group.bench_function("sign", |b| {
        b.iter(|| key.private_encrypt(black_box(&[1; 35]), &mut signature, Padding::PKCS1).unwrap());
    });
    let mut block = vec![0; 256];
    group.bench_function("verify", |b| {
        b.iter(|| public.public_decrypt(black_box(&signature), &mut block, Padding::PKCS1).unwrap());
    });
    group.finish();
}

fn sign(c: &mut Criterion) {
    let key = pair("cluster");
    let mut group = c.benchmark_group("sign");
    group.bench_function("header", |b| b.iter(|| sign_header(&key, black_box(&HEADERS)).unwrap()));
    for profile in [Profile::Legacy, Profile::Strict] {
        group.bench_function(format!("envelope {profile:?}"), |b| {
            b.iter(|| {
                sign_envelope(&key, &HEADERS, Version::Soap11, profile, black_box(BODY.as_bytes())).unwrap()
            });
        });
    }
    group.finish();
}

fn verify(c: &mut Criterion) {
    // The real CLC's layout, 4.7 KB, and our own with signed Body.
    let recording = std::fs::read(golden("clc-2.0.1/RebootInstances.request.http")).unwrap();
    let start = recording.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
    let strict = signed_by("cloud", Profile::Strict).into_bytes();
    let mut group = c.benchmark_group("verify");
    for (name, message, profile) in
        [("CLC request", &recording[start..], Profile::Legacy), ("strict", &strict[..], Profile::Strict)]
    {
        let verifier = verifier("cloud", Options::client(profile));
        group.throughput(Throughput::Bytes(message.len() as u64));
        group.bench_function(format!("{name}, scan"), |b| {
            b.iter(|| scan(black_box(message), &Limits::default()).unwrap());
        });
        group.bench_function(format!("{name}, scan and verify"), |b| {
            b.iter(|| {
                let envelope = scan(black_box(message), &Limits::default()).unwrap();
                verifier.verify(&envelope, SystemTime::UNIX_EPOCH).unwrap().body_signed
            });
        });
    }
    group.finish();
}

fn credentials(c: &mut Criterion) {
    let file = |name: &str| key_file(name);
    let credentials =
        Credentials::new(&file("cluster-cert.pem"), &file("cluster-pk.pem"), &file("cloud-cert.pem"));
    c.bench_function("credentials, own and peer", |b| {
        b.iter(|| (credentials.own().unwrap(), credentials.peer().unwrap()));
    });
}

fn large(c: &mut Criterion) {
    let recording = std::fs::read(golden("c-2.0.1/nc-ncDescribeInstances-n.response.http")).unwrap();
    let text = String::from_utf8_lossy(&recording);
    let start = text.find("<n:instances>").unwrap();
    let end = text.find("</n:instances>").unwrap() + "</n:instances>".len();
    let instance = &text[start..end];
    let body = format!(
        "<n:x xmlns:n=\"http://eucalyptus.ucsb.edu/\">{}</n:x>",
        instance.repeat(1_200_000 / instance.len())
    );
    let mut envelope = Vec::new();
    euca_wsse::write_envelope(Version::Soap11, b"", body.as_bytes(), &mut envelope);
    let limits = Limits::default();
    let mut group = c.benchmark_group("1.2 MB answer");
    group.throughput(Throughput::Bytes(envelope.len() as u64));
    group.bench_function("scan", |b| b.iter(|| scan(black_box(&envelope), &limits).unwrap().version()));
    group.bench_function("c14n", |b| b.iter(|| c14n::canonicalize(black_box(&envelope), &[]).unwrap()));
    group.finish();
}

criterion_group!(benches, rsa, sign, verify, credentials, large);
criterion_main!(benches);
