//! kill -9 of the real daemon under load; `measure kill` does it more often.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

/// cc_t197
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_daemon_has_lost_nothing_it_has_promised_or_told() {
    let summary = euca_tests::kill::run(8, 1).await.unwrap();
    assert!(summary.launched > 8 && summary.terminated > 0 && summary.assigned > 0, "{summary}");
}
