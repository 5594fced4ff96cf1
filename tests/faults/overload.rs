//! More readers than there are connections to the database, which itself is well.

use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;
use tonic::Code;
use tonic_types::StatusExt;
use versioner::pb::{
    self, catalog_service_client::CatalogServiceClient,
    version_service_client::VersionServiceClient,
};

use crate::{
    PATIENCE,
    database::Database,
    health::{becomes_ready, is_serving},
    service::Service,
    until, within,
};

/// Connections that read; so many slow readers leave none.
const READERS: usize = 2;

#[tokio::test]
async fn readers_that_take_all_connections_are_an_overload_and_no_outage() {
    let database = Database::postgres().await;
    let service = Service::start(&database.url(), &["--database-connections=2"]).await;
    let channel = service.channel();
    becomes_ready(&channel, true, PATIENCE).await;

    let mut admin = PgConnection::connect(&database.url())
        .await
        .expect("Postgres is there");
    let mut lock = admin.begin().await.expect("a transaction begins");
    sqlx::query("lock table builds in access exclusive mode")
        .execute(&mut *lock)
        .await
        .expect("nobody else has it");
    let mut slow = JoinSet::new();
    for _ in 0..READERS {
        let mut client = VersionServiceClient::new(channel.clone());
        slow.spawn(async move { client.list_builds(pb::ListBuildsRequest::default()).await });
    }
    until(PATIENCE, "the slow readers wait for the lock", async || {
        let waiting: i64 = sqlx::query_scalar(
            "select count(*) from pg_locks where not granted and relation = 'builds'::regclass",
        )
        .fetch_one(&mut *lock)
        .await
        .expect("Postgres tells its locks");
        waiting == READERS as i64
    })
    .await;

    let mut client = CatalogServiceClient::new(channel.clone());
    let refusal = client
        .list_products(pb::ListProductsRequest::default())
        .await
        .expect_err("no connection is free");
    assert_eq!(refusal.code(), Code::Unavailable, "{refusal:?}");
    let details = refusal.get_error_details();
    let reason = details.error_info().map(|info| info.reason.as_str());
    assert_eq!(reason, Some("OVERLOADED"), "{refusal:?}");
    assert!(details.retry_info().is_some(), "{refusal:?}");
    assert!(is_serving(&channel, "").await, "the database is well");

    lock.rollback().await.expect("the lock is let go");
    let answers = within(PATIENCE, "the slow readers are answered", slow.join_all()).await;
    for answer in answers {
        answer.expect("it only took long");
    }
    client
        .list_products(pb::ListProductsRequest::default())
        .await
        .expect("connections are free again");
}
