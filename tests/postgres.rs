//! Shows that what fault tests do to Postgres really happens to it.

mod support;

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use support::postgres::{PostgresCluster, StopMode, fresh_postgres};
use tokio::time::timeout;

async fn answer(url: &str) -> Result<i32, sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::query_scalar("select 1")
        .fetch_one(&mut connection)
        .await
}

#[tokio::test]
async fn a_database_is_empty_and_goes_with_its_test() {
    let one = fresh_postgres().await;
    let other = fresh_postgres().await;
    assert_ne!(one.url(), other.url());
    let url = one.url().to_owned();
    let mut held = PgConnection::connect(&url).await.unwrap();
    one.drop_database().await;
    assert!(held.ping().await.is_err());
    assert!(answer(&url).await.is_err());

    let url = other.url().to_owned();
    assert_eq!(answer(&url).await.unwrap(), 1);
    drop(other);
    assert!(answer(&url).await.is_err());
}

#[tokio::test]
async fn a_cluster_stops_freezes_dies_and_returns() {
    let cluster = PostgresCluster::start(&[("fsync", "off"), ("application_name", "it's")]).await;
    let url = cluster.url().to_owned();
    assert_eq!(answer(&url).await.unwrap(), 1);

    let mut held = PgConnection::connect(&url).await.unwrap();
    cluster.pause().await;
    assert!(timeout(Duration::from_secs(1), held.ping()).await.is_err());
    assert!(timeout(Duration::from_secs(1), answer(&url)).await.is_err());
    cluster.resume().await;
    assert_eq!(answer(&url).await.unwrap(), 1);

    for mode in [StopMode::Fast, StopMode::Immediate] {
        let pid = cluster.pid().await;
        cluster.stop(mode).await;
        assert!(answer(&url).await.is_err());
        cluster.restart(mode).await;
        assert_ne!(cluster.pid().await, pid);
        assert_eq!(answer(&url).await.unwrap(), 1);
        cluster.restart(mode).await;
        assert_eq!(answer(&url).await.unwrap(), 1);
    }
    drop(cluster);
    assert!(answer(&url).await.is_err());
}
