//! SIGTERM under load, with peers that do not help.

use std::{
    net::TcpStream,
    sync::Arc,
    time::{Duration, Instant},
};

use tonic_types::StatusExt;

use crate::{
    PATIENCE,
    chance::Chance,
    database::Database,
    ledger::Ledger,
    scan::check_all,
    service::Service,
    support::postgres::PostgresCluster,
    trouble::Trouble,
    watching::Watch,
    within,
    writers::{OnError, Writers, settle},
};

#[tokio::test]
async fn r8_leaving_under_load_ends_in_time_and_keeps_what_was_acknowledged() {
    let mut chance = Chance::seeded("leaving");
    let database = Database::sqlite();
    let flags = ["--drain-delay=300ms", "--drain-timeout=10s"];
    let service = Service::start(&database.url(), &flags).await;
    let ledger = Arc::new(Ledger::new());
    let writers = Writers::start([service.channel()], &ledger, OnError::Stop, &mut chance);
    let silent = TcpStream::connect(service.address()).expect("a connection");
    let mut watch = Watch::open(&service.channel(), 0).await.expect("a watch");
    ledger.grows_by(100, PATIENCE).await;

    service.terminate();
    let mut seen = Vec::new();
    let end = within(PATIENCE, "the watch ends", async {
        loop {
            match watch.next().await {
                Ok(event) => seen.push(event),
                Err(status) => return status,
            }
        }
    })
    .await;
    let info = end.get_details_error_info().expect("it says why");
    assert_eq!(
        info.metadata.get("position"),
        Some(&watch.position().to_string())
    );
    let end = Trouble::from(end);
    assert!(end.is_shutting_down(), "{end:?}");
    assert_eq!(service.left(Duration::from_secs(10)).await, Some(0));
    drop(silent);
    writers.stop().await;

    let service = Service::start(&database.url(), &[]).await;
    let mut watch = Watch::open(&service.channel(), watch.position())
        .await
        .expect("a watch that goes on");
    settle(&service.channel(), &ledger, &mut chance).await;
    let log = check_all(&service.channel(), &ledger).await;
    let rest = watch.up_to(log.len() as i64);
    seen.extend(
        within(PATIENCE, "the rest comes", rest)
            .await
            .expect("a watch"),
    );
    assert_eq!(seen, log);
}

#[tokio::test]
async fn leaving_ends_in_time_while_postgres_stands_still() {
    let mut chance = Chance::seeded("leaving a database that stands still");
    let cluster = PostgresCluster::start(&[("fsync", "off")]).await;
    let flags = ["--drain-delay=100ms", "--drain-timeout=3s"];
    let service = Service::start(cluster.url(), &flags).await;
    let ledger = Arc::new(Ledger::new());
    let writers = Writers::start([service.channel()], &ledger, OnError::Stop, &mut chance);
    ledger.grows_by(100, PATIENCE).await;

    cluster.pause().await;
    let began = Instant::now();
    service.terminate();
    assert_eq!(service.left(PATIENCE).await, Some(0));
    let took = began.elapsed();
    assert!(took < Duration::from_secs(4), "{took:?}");
    cluster.resume().await;
    writers.stop().await;

    let service = Service::start(cluster.url(), &[]).await;
    settle(&service.channel(), &ledger, &mut chance).await;
    check_all(&service.channel(), &ledger).await;
}
