//! What holds when things go wrong: the real program as a child process, driven by real clients, killed,
//! cut off from its database, starved of disk, told to leave. Knows the contract, not the code.
//!
//! Every test prints its seed; `VERSIONER_TEST_FAULT_SEED` repeats one. The cycles are few enough for every
//! change; `VERSIONER_TEST_FAULT_FACTOR=34` multiplies them by 34 (510 crashes a database), for a run by hand.

mod cancelled;
mod chance;
mod crash;
mod database;
mod disk;
mod fold;
mod front;
mod health;
mod import;
mod leaving;
mod ledger;
mod migrations;
mod outage;
mod overload;
mod pause;
mod replicas;
mod rolling;
mod scan;
mod service;
mod stalled;
#[path = "../support/mod.rs"]
mod support;
mod trouble;
mod watching;
mod writers;

use std::{future::Future, time::Duration};

use tokio::time::{sleep, timeout};

/// Long enough for a busy machine; what takes as long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// How soon the service serves again once a fault is gone.
const RECOVERY: Duration = Duration::from_secs(5);

/// Waits for what should come to pass.
async fn within<T>(limit: Duration, what: &str, wait: impl Future<Output = T>) -> T {
    timeout(limit, wait)
        .await
        .unwrap_or_else(|_| panic!("not within {limit:?}: {what}"))
}

/// Asks again and again until the answer is yes.
async fn until(limit: Duration, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    within(limit, what, async {
        while !is_so().await {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}
