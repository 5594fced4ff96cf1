//! Postgres that stands still: connections stay open, and nothing answers.

use std::{sync::Arc, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    PATIENCE,
    chance::Chance,
    health::{becomes_ready, is_alive},
    ledger::Ledger,
    outage::{read, serves_again},
    scan::check_all,
    service::Service,
    support::postgres::PostgresCluster,
    trouble::Trouble,
    writers::{Manner, OnError, Writers, send, settle},
};

/// Of every call, by the server's own setting: a client's would end the call at the client.
const DEADLINE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn r8_calls_end_in_time_while_postgres_stands_still_for_4_seconds() {
    stand_still(Duration::from_secs(4)).await;
}

/// Longer than a statement is waited for: whether what was being written is recorded is open then.
#[tokio::test]
async fn r8_nothing_is_doubled_where_postgres_stands_still_for_12_seconds() {
    stand_still(Duration::from_secs(12)).await;
}

async fn stand_still(pause: Duration) {
    let mut chance = Chance::seeded("Postgres stands still");
    let cluster = PostgresCluster::start(&[("fsync", "off")]).await;
    let service = Service::start(cluster.url(), &["--request-timeout=2s"]).await;
    let channel = service.channel();
    let ledger = Arc::new(Ledger::new());
    let writers = Writers::start([service.channel()], &ledger, OnError::Retry, &mut chance);
    ledger.grows_by(200, PATIENCE).await;

    cluster.pause().await;
    let resume = Instant::now() + pause;
    let mut calls = JoinSet::new();
    for _ in 0..40 {
        let (channel, ledger) = (channel.clone(), ledger.clone());
        let event = [ledger.draw(&mut chance)];
        let is_read = chance.below(2) == 0;
        calls.spawn(async move {
            let began = Instant::now();
            let result = match is_read {
                true => read(&channel).await,
                false => send(Manner::Single, &channel, &ledger, &event).await,
            };
            (result, began.elapsed())
        });
    }
    while let Some(ended) = calls.join_next().await {
        let (result, elapsed) = ended.expect("no call panics");
        let trouble = result.expect_err("there is no answer to be had");
        assert!(is_documented(&trouble), "{trouble:?}");
        assert!(elapsed < DEADLINE + Duration::from_secs(1), "{elapsed:?}");
    }
    becomes_ready(&channel, false, Duration::from_secs(5)).await;
    assert!(is_alive(&channel).await);
    assert!(Instant::now() < resume, "it was not paused for so long");
    sleep_until(resume).await;

    cluster.resume().await;
    serves_again(&channel, &ledger, &mut chance).await;
    for trouble in writers.stop().await {
        assert!(is_documented(&trouble), "{trouble:?}");
    }
    settle(&channel, &ledger, &mut chance).await;
    check_all(&channel, &ledger).await;
}

fn is_documented(trouble: &Trouble) -> bool {
    trouble.is_store_unavailable() || trouble.is_deadline_exceeded()
}
