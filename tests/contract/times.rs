//! The times of events (R9), and events that are only validated.

use versioner::storage::{Answer, Conflict, Error, Outcome, Store};

use crate::{
    ask::{Ask, Told},
    database::Database,
    report::{Report, SECOND_US, T0_US, build, deployment},
};

/// The year 2100: no clock is ahead of this.
const FUTURE_US: i64 = 4_102_444_800_000_000;

/// Makes the log's last entry one that another replica received at [`FUTURE_US`].
async fn receive_in_the_future(database: &Database) {
    let sql = format!("update log_head set last_received_at_us = {FUTURE_US}");
    database.execute(&sql).await;
}

pub(crate) async fn r9_the_time_of_receipt_strictly_rises(store: Store) {
    let mut received_at_us = Vec::new();
    for _ in 0..3 {
        let outcomes = store.accept_all(vec![build("1.0"); 5]).await;
        received_at_us.extend(outcomes.iter().map(|o| o.receipt.received_at_us));
    }
    assert!(
        received_at_us.is_sorted_by(|a, b| a < b),
        "{received_at_us:?}"
    );
}

pub(crate) async fn r9_what_is_not_dated_occurred_when_it_was_received(store: Store) {
    let outcome = store.accept(build("1.0")).await;
    let receipt = &outcome.receipt;
    assert_eq!(receipt.occurred_at_us, receipt.received_at_us);
    assert_eq!(outcome.build().run.created_at_us, receipt.received_at_us);

    let dated = store.accept(build("1.1").at(SECOND_US)).await;
    assert_eq!(dated.receipt.occurred_at_us, T0_US + SECOND_US);
    assert!(dated.receipt.received_at_us > dated.receipt.occurred_at_us);
    let entries = store.entries().await;
    let times: Vec<(i64, i64)> = entries
        .iter()
        .map(|entry| (entry.occurred_at_us, entry.received_at_us))
        .collect();
    let told = |o: &Outcome| (o.receipt.occurred_at_us, o.receipt.received_at_us);
    assert_eq!(times, [told(&outcome), told(&dated)]);
}

pub(crate) async fn r9_the_time_of_receipt_runs_backwards_over_no_replica(database: Database) {
    let [one, other] = database.open_two().await;
    one.accept(build("1.0")).await;
    receive_in_the_future(&database).await;
    for (store, ahead_us) in [(&other, 1), (&one, 2), (&other, 3)] {
        let outcome = store.accept(build("1.0")).await;
        assert_eq!(outcome.receipt.received_at_us, FUTURE_US + ahead_us);
    }
    let renamed = versioner::storage::ProductChange {
        description: Some("text".into()),
        ..Default::default()
    };
    let which = versioner::storage::Reference::Name(crate::report::PRODUCT.into());
    let product = one.update_product(which, renamed).await.unwrap();
    assert_eq!(product.updated_at_us, FUTURE_US + 4);
    one.close().await;
    other.close().await;
}

/// What has no time of its own in a batch lies a little behind its beginning; a dated
/// event may fall between.
pub(crate) async fn r9_a_dated_event_may_fall_among_undated_ones_of_its_batch(database: Database) {
    let store = database.open().await;
    store.accept(build("1.0").run("0").id("0")).await;
    receive_in_the_future(&database).await;
    let dated = build("1.0").run("3").with(|raw| {
        raw.occurred_at_us = Some(Ok(FUTURE_US + 2));
    });
    let outcomes = store
        .accept_all([
            build("1.0").run("1").started().id("a"),
            build("1.0").run("2").started().id("b"),
            build("1.0").run("2").started().id("c"),
            dated.pending().id("d"),
        ])
        .await;
    let times: Vec<i64> = outcomes
        .iter()
        .map(|o| o.receipt.occurred_at_us - FUTURE_US)
        .collect();
    assert_eq!(times, [1, 2, 3, 2]);
    let version = store.find("1.0").await;
    assert_eq!(version.latest_build_id, Some(outcomes[1].build().id));
    store.close().await;
}

async fn validate(store: &Store, reports: Vec<Report>) -> Vec<Result<Outcome, Error>> {
    let events = reports.into_iter().map(Report::event).collect();
    store.submit(events, Answer::ValidateOnly).await
}

pub(crate) async fn validating_records_nothing(store: Store) {
    let known = store.accept(build("1.0").sha("aaaaaaaa").id("x")).await;
    let before = store.everything().await;
    let outcomes = validate(
        &store,
        vec![
            deployment("2.0", "dev").id("y").at(0),
            deployment("2.0", "dev").id("y").at(0),
            build("1.0").sha("aaaaaaaa").id("x"),
        ],
    )
    .await;
    let receipts: Vec<_> = outcomes.into_iter().map(|o| o.unwrap().receipt).collect();
    assert_eq!(receipts[0].position, 0);
    assert!(receipts[0].created.version && receipts[0].created.environment);
    assert!(!receipts[0].created.product && !receipts[0].duplicate);
    assert_eq!(receipts[0].occurred_at_us, T0_US);
    assert_eq!((receipts[1].position, receipts[1].duplicate), (0, true));
    assert_eq!((receipts[2].position, receipts[2].duplicate), (1, true));
    assert_eq!(receipts[2].received_at_us, known.receipt.received_at_us);
    assert_eq!(store.everything().await, before);

    let recorded = store.accept(deployment("2.0", "dev").id("y")).await;
    assert_eq!(recorded.receipt.position, 2);
    assert!(recorded.receipt.created.environment);
}

pub(crate) async fn validating_answers_conflicts(store: Store) {
    store
        .accept(
            build("1.0")
                .sha("aaaaaaaa")
                .id("x")
                .metadata_of("a", 60_000),
        )
        .await;
    let outcomes = validate(
        &store,
        vec![
            build("1.0").sha("bbbbbbbb"),
            build("1.1").id("x"),
            build("2.0").sha("aaaaaaaa"),
            build("2.0").sha("bbbbbbbb"),
        ],
    )
    .await;
    assert!(matches!(
        outcomes[0],
        Err(Error::Conflict(Conflict::Commit { .. }))
    ));
    assert!(matches!(
        outcomes[1],
        Err(Error::Conflict(Conflict::EventId { .. }))
    ));
    assert!(outcomes[2].is_ok());
    assert!(matches!(
        outcomes[3],
        Err(Error::Conflict(Conflict::Commit { .. }))
    ));
}
