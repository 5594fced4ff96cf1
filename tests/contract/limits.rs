//! What is told of a statement that the database ended. Knows no rule.

use versioner::storage::Error;

use crate::{
    ask::Ask,
    database::Database,
    report::{PRODUCT, build},
};

/// Postgres ends a statement in the same way by its time limit and at somebody's request.
#[tokio::test]
async fn a_reading_that_postgres_ends_for_its_length_is_told_as_overload() {
    let database = Database::postgres().await;
    let store = database.open().await;
    store.accept(build("1.0")).await;
    let held = database
        .hold("lock table versions in access exclusive mode")
        .await;
    let cancelled = async {
        // Until the reading waits for the table.
        let waiting = "select pg_cancel_backend(pid)::text from pg_stat_activity
                       where datname = current_database() and wait_event_type = 'Lock'";
        while database.texts(waiting).await.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    let (read, ()) = tokio::join!(store.version_by_name(PRODUCT, "1.0"), cancelled);
    assert!(matches!(read, Err(Error::Busy(_))), "{read:?}");
    held.release().await;
    store.find("1.0").await;
    store.close().await;
}
