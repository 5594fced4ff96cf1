//! Roll-ups by increments are those that the builds lead to from scratch (R16), whatever happened before. Knows
//! how they are kept, and no question that is asked of them.

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use versioner::{
    domain::status::Status,
    storage::{Answer, Reference},
};

use crate::{
    ask::Ask,
    database::Database,
    history::histories,
    report::{DAY_US, HOUR_US, MINUTE_US, PRODUCT, SECOND_US, build},
    statistics::{of_product, whole},
};

const HISTORIES: usize = 40;
const MAX_EVENTS: usize = 24;

pub(crate) async fn r16_rollups_by_increments_equal_those_from_scratch(database: Database) {
    let store = database.open().await;
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[16; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), seed);
    for number in 0..HISTORIES {
        let history = histories(MAX_EVENTS)
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let product = format!("product {number}");
        for batch in history.arriving(&product, &format!("{number}-")) {
            let outcomes = store.submit(batch, Answer::Receipt).await;
            assert!(outcomes.iter().all(Result::is_ok));
        }
        if number % 5 == 0 {
            let deleted = store.delete_product(Reference::Name(product), true).await;
            deleted.unwrap();
        }
    }
    store.close().await;

    let kept = rollups(&database).await;
    assert!(kept.len() > 500, "{} roll-ups", kept.len());
    database.execute(FORGET).await;
    database.open().await.close().await;
    assert_eq!(rollups(&database).await, kept);
}

pub(crate) async fn r16_a_store_from_before_there_were_rollups_gets_them(database: Database) {
    let store = database.open().await;
    let minutes = |n: i64| n * MINUTE_US;
    store
        .accept_all([
            build("1.0").run("a").branch("main").started().at(0),
            build("1.0").run("a").branch("main").at(minutes(3)),
            build("1.1").run("b").failed().at(DAY_US),
            build("1.2").run("c").started().at(DAY_US),
        ])
        .await;
    let told = whole(&store, &of_product(PRODUCT)).await;
    let kept = rollups(&database).await;
    store.close().await;

    database.execute(UNDO_MIGRATION).await;
    let store = database.open().await;
    assert_eq!(rollups(&database).await, kept);
    assert_eq!(whole(&store, &of_product(PRODUCT)).await, told);
    assert_eq!(told.durations.percentiles_us, [Some(minutes(3)); 4]);
    store.close().await;
}

pub(crate) async fn r16_a_duration_that_is_taken_back_is_neither_shortest_nor_longest(
    database: Database,
) {
    let store = database.open().await;
    let of = |version: &str, branch: &str, seconds: i64| {
        let run = build(version).run(version).branch(branch);
        [
            run.clone().started().at(HOUR_US - seconds * SECOND_US),
            run.at(HOUR_US),
        ]
    };
    for (version, branch, seconds) in [("1", "main", 60), ("2", "main", 30), ("3", "dev", 90)] {
        store.accept_all(of(version, branch, seconds)).await;
    }
    let range = async || {
        let durations = whole(&store, &of_product(PRODUCT)).await.durations;
        (durations.min_us.unwrap(), durations.max_us.unwrap())
    };
    assert_eq!(range().await, (30 * SECOND_US, 90 * SECOND_US));
    // They turn out to have failed: the later finish counts.
    for (version, branch) in [("2", "main"), ("3", "dev")] {
        let failed = build(version)
            .run(version)
            .branch(branch)
            .status(Status::Failed);
        store.accept(failed.at(HOUR_US + 1)).await;
    }
    assert_eq!(range().await, (60 * SECOND_US, 60 * SECOND_US));
    store.close().await;
    let kept = rollups(&database).await;
    database.execute(FORGET).await;
    database.open().await.close().await;
    assert_eq!(rollups(&database).await, kept);
}

/// The roll-ups are made anew when the store is opened next.
const FORGET: &str = "update log_head set builds_rolled_up = false;
     update builds set series_id = null, duration_us = null";

const UNDO_MIGRATION: &str = "drop index builds_finished;
     drop index builds_unfinished;
     alter table builds drop column series_id;
     alter table builds drop column duration_us;
     alter table log_head drop column builds_rolled_up;
     drop table build_rollups;
     drop table build_series;
     delete from _sqlx_migrations where version = 2";

/// All that is kept, without the numbers that series were given.
async fn rollups(database: &Database) -> Vec<String> {
    let histogram = database.either("hex(r.histogram)", "upper(encode(r.histogram, 'hex'))");
    let mut kept = database
        .texts(&format!(
            "select r.product_id || ' ' || s.scm_branch || ' ' || s.source_system || ' ' || r.width
                    || ' ' || r.bucket || ' ' || r.status || ' ' || r.builds || ' ' || r.durations
                    || ' ' || r.sum_s || ' ' || r.sum_rest_us || ' ' || coalesce(r.min_us, -1)
                    || ' ' || coalesce(r.max_us, -1) || ' ' || {histogram}
             from build_rollups r
             join build_series s on s.id = r.series_id and s.product_id = r.product_id"
        ))
        .await;
    let builds = database
        .texts(
            "select b.id || ' ' || s.product_id || ' ' || s.scm_branch || ' ' || s.source_system
                    || ' ' || coalesce(b.duration_us, -1)
             from builds b
             join build_series s on s.id = b.series_id",
        )
        .await;
    kept.extend(builds);
    kept.sort();
    kept
}
