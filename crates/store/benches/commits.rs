//! What durability costs: how long one change waits for its ticket, alone and among others. One commit is one
//! synchronised write; that the time per change falls with the number of those who wait is the group commit.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use euca_store::{Journal, Record, StateFile};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Bytes(String);

impl Record for Bytes {
    const TABLE: &'static str = "bytes";
    const VERSION: u32 = 1;
}

fn commits(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let folder = tempfile::tempdir_in(".").unwrap();
    let file = StateFile::open(&folder.path().join("state.redb")).unwrap();
    let (journal, writer) = Journal::new(file);
    runtime.spawn(writer);
    let mut group = criterion.benchmark_group("durable changes of 1 KB");
    for waiting in [1, 8, 64, 512] {
        group.throughput(Throughput::Elements(waiting));
        group.bench_with_input(BenchmarkId::from_parameter(waiting), &waiting, |bencher, &waiting| {
            bencher.to_async(&runtime).iter(|| {
                let tickets: Vec<_> = (0..waiting)
                    .map(|key| {
                        let ticket = journal.put(&key.to_string(), Bytes("x".repeat(1000)));
                        tokio::spawn(ticket.durable())
                    })
                    .collect();
                async move {
                    for ticket in tickets {
                        ticket.await.unwrap().unwrap();
                    }
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, commits);
criterion_main!(benches);
