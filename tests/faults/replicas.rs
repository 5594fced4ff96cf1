//! Three servers on one Postgres: one log, whichever of them is written to, watched or killed.

use std::sync::Arc;

use tokio::task::JoinSet;
use tonic::{Status, transport::Channel};
use versioner::pb::{self, event_service_client::EventServiceClient};

use crate::{
    PATIENCE,
    chance::Chance,
    database::Database,
    ledger::Ledger,
    scan::check_all,
    service::Service,
    watching::Watch,
    within,
    writers::{OnError, Writers, settle, submit},
};

async fn three_servers(database: &Database) -> [Service; 3] {
    let url = database.url();
    [
        Service::start(&url, &[]).await,
        Service::start(&url, &[]).await,
        Service::start(&url, &[]).await,
    ]
}

#[tokio::test]
async fn r8_replicas_go_on_where_one_is_killed_and_watchers_see_every_event_once() {
    let mut chance = Chance::seeded("replicas");
    let database = Database::postgres().await;
    let [first, second, third] = three_servers(&database).await;
    let ledger = Arc::new(Ledger::new());
    let spared = [second.channel(), third.channel()];
    let writers = Writers::start(spared, &ledger, OnError::Retry, &mut chance);
    let doomed = Writers::start([first.channel()], &ledger, OnError::Stop, &mut chance);

    // One that stays, one whose server is killed, and one that moves by itself.
    let mut staying = Watch::open(&second.channel(), 0).await.expect("a watch");
    let mut cut_off = Watch::open(&first.channel(), 0).await.expect("a watch");
    let mut moving = Watch::open(&second.channel(), 0).await.expect("a watch");
    let mut seen_cut_off = Vec::new();
    let mut seen_moving = watched(moving.up_to(100)).await;

    ledger.grows_by(300, PATIENCE).await;
    first.kill();
    doomed.stop().await;
    while let Ok(event) = within(PATIENCE, "the watch ends", cut_off.next()).await {
        seen_cut_off.push(event);
    }
    let mut cut_off = Watch::open(&third.channel(), cut_off.position())
        .await
        .expect("a watch that goes on");
    moving = Watch::open(&third.channel(), moving.position())
        .await
        .expect("a watch that goes on");

    ledger.grows_by(300, PATIENCE).await;
    let troubles = writers.stop().await;
    assert!(
        troubles.is_empty(),
        "nothing stops the others: {troubles:?}"
    );
    settle(&second.channel(), &ledger, &mut chance).await;

    let log = check_all(&third.channel(), &ledger).await;
    let end = log.len() as i64;
    assert_eq!(watched(staying.up_to(end)).await, log);
    seen_cut_off.extend(watched(cut_off.up_to(end)).await);
    assert_eq!(seen_cut_off, log);
    seen_moving.extend(watched(moving.up_to(end)).await);
    assert_eq!(seen_moving, log);
}

#[tokio::test]
async fn r7_one_event_sent_a_hundred_times_at_once_over_replicas_is_recorded_once() {
    let mut chance = Chance::seeded("one event");
    let database = Database::postgres().await;
    let servers = three_servers(&database).await;
    let channels: Vec<Channel> = servers.iter().map(Service::channel).collect();
    let ledger = Arc::new(Ledger::new());
    for round in 1..=5 {
        let event = ledger.draw(&mut chance);
        let mut calls = JoinSet::new();
        for call in 0..100 {
            let channel = channels[call % channels.len()].clone();
            let mut client = EventServiceClient::new(channel);
            let event = event.clone();
            calls.spawn(async move { submit(&mut client, event).await });
        }
        let mut first = 0;
        while let Some(ended) = calls.join_next().await {
            let receipt = ended.expect("no call panics").expect("a receipt");
            assert_eq!(receipt.position, round);
            first += usize::from(!receipt.duplicate);
            if !receipt.duplicate {
                ledger.acknowledge(&receipt);
            }
        }
        assert_eq!(first, 1);
    }
    check_all(&channels[0], &ledger).await;
}

async fn watched(
    watch: impl Future<Output = Result<Vec<pb::LogEntry>, Status>>,
) -> Vec<pb::LogEntry> {
    within(PATIENCE, "the events come", watch)
        .await
        .expect("the watch goes on")
}
