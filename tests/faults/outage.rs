//! Postgres that goes and comes back under load, or ends the service's sessions.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use sqlx::{Connection, PgConnection};
use tokio::time::sleep;
use tonic::transport::Channel;
use versioner::pb::{self, event_service_client::EventServiceClient};

use crate::{
    PATIENCE, RECOVERY,
    chance::{Chance, times},
    database::Database,
    health::{becomes_ready, is_alive},
    ledger::Ledger,
    scan::check_all,
    service::Service,
    support::postgres::{PostgresCluster, StopMode},
    trouble::Trouble,
    within,
    writers::{Manner, OnError, Writers, send, settle},
};

#[tokio::test]
async fn r8_a_restart_of_postgres_loses_nothing_and_is_told_as_what_it_is() {
    let mut chance = Chance::seeded("Postgres restarts");
    let cluster = PostgresCluster::start(&[("fsync", "off")]).await;
    let service = Service::start(cluster.url(), &[]).await;
    let channel = service.channel();
    becomes_ready(&channel, true, PATIENCE).await;

    let ledger = Arc::new(Ledger::new());
    let connections = [service.channel(), service.channel()];
    let writers = Writers::start(connections, &ledger, OnError::Retry, &mut chance);
    for mode in [StopMode::Fast, StopMode::Immediate].repeat(times(1)) {
        ledger.grows_by(200, PATIENCE).await;
        cluster.stop(mode).await;

        let event = ledger.draw(&mut chance);
        for manner in [Manner::Single, Manner::Batch, Manner::Stream] {
            let refused = send(manner, &channel, &ledger, std::slice::from_ref(&event)).await;
            let trouble = refused.expect_err("there is no database");
            assert!(trouble.is_store_unavailable(), "{trouble:?}");
        }
        let trouble = read(&channel).await.expect_err("there is no database");
        assert!(trouble.is_store_unavailable(), "{trouble:?}");
        becomes_ready(&channel, false, RECOVERY).await;
        assert!(is_alive(&channel).await);

        cluster.restart(mode).await;
        serves_again(&channel, &ledger, &mut chance).await;
    }
    for trouble in writers.stop().await {
        assert!(trouble.is_store_unavailable(), "{trouble:?}");
    }
    settle(&channel, &ledger, &mut chance).await;
    check_all(&channel, &ledger).await;
}

#[tokio::test]
async fn r8_sessions_that_postgres_ends_lose_nothing() {
    let mut chance = Chance::seeded("sessions end");
    let database = Database::postgres().await;
    let service = Service::start(&database.url(), &[]).await;
    let ledger = Arc::new(Ledger::new());
    let connections = [service.channel(), service.channel()];
    let writers = Writers::start(connections, &ledger, OnError::Retry, &mut chance);
    let mut admin = PgConnection::connect(&database.url())
        .await
        .expect("Postgres is there");
    let mut all_ended = 0;
    for _ in 0..times(20) {
        ledger.grows_by(20, PATIENCE).await;
        sleep(chance.duration_below(Duration::from_millis(10))).await;
        all_ended += end_sessions(&mut admin).await;
    }
    assert!(all_ended > 20, "only {all_ended} sessions were ended");
    for trouble in writers.stop().await {
        assert!(trouble.is_store_unavailable(), "{trouble:?}");
    }
    settle(&service.channel(), &ledger, &mut chance).await;
    check_all(&service.channel(), &ledger).await;
}

#[tokio::test]
async fn reads_are_answered_though_their_sessions_have_ended() {
    let database = Database::postgres().await;
    let service = Service::start(&database.url(), &[]).await;
    let channel = service.channel();
    let mut admin = PgConnection::connect(&database.url())
        .await
        .expect("Postgres is there");
    for _ in 0..times(20) {
        // Each takes a connection of its own, as far as there are enough.
        let reads = tokio::join!(read(&channel), read(&channel), read(&channel));
        for answer in [reads.0, reads.1, reads.2] {
            answer.expect("a read finds another connection");
        }
        assert!(end_sessions(&mut admin).await > 0);
    }
}

/// Ends all that the service has, and says how many there were.
async fn end_sessions(admin: &mut PgConnection) -> i64 {
    sqlx::query_scalar(
        "select count(pg_terminate_backend(pid))
         from pg_stat_activity
         where datname = current_database() and application_name = 'versioner'",
    )
    .fetch_one(admin)
    .await
    .expect("a session can be ended")
}

/// Writes, reads, and says so, within the time that is allowed (I7).
pub(crate) async fn serves_again(channel: &Channel, ledger: &Ledger, chance: &mut Chance) {
    let began = Instant::now();
    let event = [ledger.draw(chance)];
    let recovery = async {
        while send(Manner::Single, channel, ledger, &event).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
        while read(channel).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    within(RECOVERY, "it serves again", recovery).await;
    let left = RECOVERY.saturating_sub(began.elapsed());
    becomes_ready(channel, true, left).await;
}

pub(crate) async fn read(channel: &Channel) -> Result<(), Trouble> {
    let mut client = EventServiceClient::new(channel.clone());
    client.list_events(pb::ListEventsRequest::default()).await?;
    Ok(())
}
