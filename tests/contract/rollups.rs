//! Roll-ups by increments are those that the builds lead to from scratch (R16), whatever happened before. Knows
//! how they are kept, and no question that is asked of them.

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use versioner::{
    domain::{
        query::ProductQuery,
        statistics::{DurationStatistics, Grouping, MAX_EXACT_DURATIONS, StatisticsQuery},
        status::Status,
    },
    storage::{Answer, Reference},
};

use crate::{
    ask::Ask,
    database::Database,
    history::histories,
    report::{DAY_US, HOUR_US, MINUTE_US, PRODUCT, SECOND_US, T0_US, build, check},
    statistics::{of_product, whole},
};

const HISTORIES: usize = 100;
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

pub(crate) async fn r16_what_a_batch_added_that_failed_is_not_counted_on(database: Database) {
    let store = database.open().await;
    store.accept(build("1.0").branch("main").at(0)).await;
    let refusing = database.either(
        "create trigger refusing before insert on event_log when new.event_id = 'refused'
         begin select raise(abort, 'refused'); end",
        "create function refuse() returns trigger language plpgsql as
             $$ begin raise exception 'refused'; end $$;
         create trigger refusing before insert on event_log for each row
             when (new.event_id = 'refused') execute function refuse()",
    );
    database.execute(refusing).await;
    // Its roll-ups and its series were written, and taken back.
    let failing = build("1.1").branch("new").id("refused").at(MINUTE_US);
    store.refuse(failing).await;
    for (nth, branch) in (2..).zip(["other", "new", "main"]) {
        let report = build(&format!("1.{nth}"))
            .branch(branch)
            .at(nth * MINUTE_US);
        store.accept(report).await;
    }
    store.close().await;

    let kept = rollups(&database).await;
    database.execute(FORGET).await;
    database.open().await.close().await;
    assert_eq!(rollups(&database).await, kept);
}

pub(crate) async fn r16_rollups_are_made_again_for_a_store_that_asks_for_it(database: Database) {
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
    let before = whole(&store, &of_product(PRODUCT)).await;
    let kept = rollups(&database).await;
    store.close().await;

    database.execute(FORGET).await;
    database
        .execute("delete from build_rollups; delete from build_series")
        .await;
    let store = database.open().await;
    assert_eq!(rollups(&database).await, kept);
    assert_eq!(whole(&store, &of_product(PRODUCT)).await, before);
    assert_eq!(before.durations.percentiles_us, [Some(minutes(3)); 4]);
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

/// So many builds, past the store: one each 11 s, half of them on a branch of their own.
const MANY: i64 = MAX_EXACT_DURATIONS + 1;
const EACH_US: i64 = 11 * SECOND_US;

fn took_us(number: i64) -> i64 {
    number * 7_919 % 100_003 * 10_007
}

pub(crate) async fn r16_beyond_the_limit_percentiles_are_within_one_percent_and_all_else_is_exact(
    database: Database,
) {
    let store = database.open().await;
    store.accept(check("1.0", "unit")).await;
    store.close().await;
    let numbers = database.either(
        "with recursive n (i) as (select 1 union all select i + 1 from n where (i < ",
        "with n (i) as (select generate_series(1::bigint, ",
    );
    let insert = format!(
        "{numbers}{MANY})), t as (
             select i, {T0_US} + i * {EACH_US} as at_us, i * 7919 % 100003 * 10007 as took_us,
                    case when i % 2 = 0 then 'main' else 'dev' end as branch
             from n)
         insert into builds (id, product_id, version_id, status, scm_branch, started_at_us,
                             completed_at_us, first_at_us, first_rank, first_event_id, last_at_us,
                             last_rank, last_event_id, details)
         select i + 10, 1, 1, 3, branch, at_us - took_us, at_us, at_us - took_us, 1, 's' || i, at_us,
                2, 'f' || i,
                '{{\"finish\":{{\"occurred_at_us\":' || at_us || ',\"rank\":2,\"event_id\":\"f' || i
                || '\"}},\"started_event_us\":' || (at_us - took_us) || ',\"start_event_id\":\"s' || i
                || '\",\"details\":{{\"scm_branch\":\"' || branch || '\"}}}}'
         from t;
         {FORGET}"
    );
    database.execute(&insert).await;
    let store = database.open().await;
    let product_name = store
        .all(&ProductQuery::default())
        .await
        .pop()
        .unwrap()
        .name;

    let at = |number: i64| T0_US + number * EACH_US;
    let query = StatisticsQuery {
        grouping: Grouping::Branch,
        ..of_product(&product_name)
    };
    // Neither bound is one of a quarter of an hour.
    let bounds_us = [at(1), at(30_000), at(30_001), at(MANY) + 1];
    let told = store.build_statistics(&query, &bounds_us, 2).await.unwrap();
    let of = |first: i64, end: i64, step: usize| {
        DurationStatistics::exact(&mut (first..end).step_by(step).map(took_us).collect::<Vec<_>>())
    };
    let buckets = [(1, 30_000), (30_000, 30_001), (30_001, MANY + 1)];
    for ((first, end), told) in buckets.into_iter().zip(&told.all) {
        assert_close(&told.durations, &of(first, end, 1));
    }
    let is_approximate = told.all.iter().map(|s| s.durations.approximate);
    assert!(is_approximate.eq([true, false, true]));
    assert_eq!(told.groups[0].0, "dev");
    assert_close(&told.groups[0].1[0].durations, &of(1, 30_000, 2));
    assert_close(&told.groups[1].1[0].durations, &of(2, 30_000, 2));

    let all_but_one = [at(1), at(MANY)];
    let told = store
        .build_statistics(&query, &all_but_one, 2)
        .await
        .unwrap();
    assert_eq!(told.all[0].durations, of(1, MANY, 1));
    assert_eq!(told.groups[0].1[0].durations, of(1, MANY, 2));
    store.close().await;
}

fn assert_close(told: &DurationStatistics, exact: &DurationStatistics) {
    for (told, exact) in told.percentiles_us.iter().zip(exact.percentiles_us) {
        let (told, exact) = (told.unwrap(), exact.unwrap());
        assert!((told - exact).abs() <= exact / 100, "{told} is not {exact}");
    }
    let but_percentiles = DurationStatistics {
        percentiles_us: exact.percentiles_us,
        approximate: false,
        ..told.clone()
    };
    assert_eq!(&but_percentiles, exact);
}

/// The roll-ups are made anew when the store is opened next.
const FORGET: &str = "update log_head set builds_rolled_up = false;
     update builds set series_id = null, duration_us = null";

/// All that is kept, without the numbers that series were given.
async fn rollups(database: &Database) -> Vec<String> {
    let histogram = database.either("hex(r.histogram)", "upper(encode(r.histogram, 'hex'))");
    let mut kept = database
        .texts(&format!(
            "select r.product_id || ' ' || s.scm_branch || ' ' || s.source_system || ' ' || r.width
                    || ' ' || r.bucket || ' ' || r.status || ' ' || r.build_count || ' ' || r.duration_count
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
