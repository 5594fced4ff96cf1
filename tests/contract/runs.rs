//! What events make of one build: a function of their set, in the order of time (R6).

use versioner::{domain::status::Status, storage::Store};

use crate::{
    ask::{Ask, Told},
    report::{HOUR_US, MINUTE_US, Report, T0_US, build, check, deployment},
};

fn of_run() -> Report {
    build("1.0").run("77")
}

pub(crate) async fn r6_late_started_event_does_not_reopen_a_build(store: Store) {
    store.accept(of_run().at(MINUTE_US)).await;
    let told = store.accept(of_run().started().at(0)).await;
    assert_eq!(told.build().run.status, Status::Completed);
    let told = store.accept(of_run().pending().at(2 * MINUTE_US)).await;
    assert_eq!(told.build().run.status, Status::Completed);
    assert_eq!(store.find("1.0").await.status, Some(Status::Completed));
}

pub(crate) async fn r6_of_one_moment_the_lifecycle_decides(store: Store) {
    // By their ids alone these would come the other way round.
    let events = || {
        [
            build("1.0").pending().at(0).id("c"),
            build("1.0").started().at(0).id("b"),
            build("1.0").at(0).id("a"),
        ]
    };
    store.accept_all(events()).await;
    for event in events().into_iter().rev() {
        let id = format!("{}2", event.clone().event().event_id.unwrap());
        store
            .accept(event.with(|raw| raw.version = "2.0".into()).id(&id))
            .await;
    }
    for version in ["1.0", "2.0"] {
        assert_eq!(store.find(version).await.status, Some(Status::Completed));
    }
    assert_eq!(store.builds().await.len(), 2);
}

pub(crate) async fn r6_of_one_moment_and_rank_the_event_id_decides(store: Store) {
    store.accept(of_run().failed().at(0).id("b")).await;
    let told = store.accept(of_run().at(0).id("a")).await;
    assert_eq!(told.build().run.status, Status::Failed);
    let told = store
        .accept(of_run().status(Status::Aborted).at(0).id("B"))
        .await;
    assert_eq!(told.build().run.status, Status::Failed);
    let told = store
        .accept(of_run().status(Status::Aborted).at(0).id("c"))
        .await;
    assert_eq!(told.build().run.status, Status::Aborted);
}

pub(crate) async fn r6_of_two_finishes_the_later_counts(store: Store) {
    store.accept(of_run().failed().at(5 * MINUTE_US)).await;
    let told = store.accept(of_run().at(MINUTE_US)).await;
    assert_eq!(told.build().run.status, Status::Failed);
    assert_eq!(
        told.build().run.completed_at_us,
        Some(T0_US + 5 * MINUTE_US)
    );
    let told = store.accept(of_run().at(6 * MINUTE_US)).await;
    assert_eq!(told.build().run.status, Status::Completed);
    assert_eq!(
        told.build().run.completed_at_us,
        Some(T0_US + 6 * MINUTE_US)
    );
}

pub(crate) async fn r6_started_at_is_the_earliest_given_else_the_first_start(store: Store) {
    let started_at = async |report| store.accept(report).await.build().run.started_at_us;
    let given =
        |report: Report, at_us| report.with(|raw| raw.started_at_us = Some(Ok(T0_US + at_us)));
    assert_eq!(started_at(of_run().pending().at(0)).await, None);
    assert_eq!(started_at(of_run().started().at(8)).await, Some(T0_US + 8));
    assert_eq!(started_at(of_run().started().at(7)).await, Some(T0_US + 7));
    assert_eq!(
        started_at(given(of_run().at(9), 20)).await,
        Some(T0_US + 20)
    );
    assert_eq!(
        started_at(given(of_run().pending().at(10), 15)).await,
        Some(T0_US + 15)
    );
    assert_eq!(
        started_at(given(of_run().pending().at(6), 16)).await,
        Some(T0_US + 15)
    );
}

pub(crate) async fn r6_completed_at_is_given_with_the_finish_else_its_time(store: Store) {
    let completed_at = async |report| store.accept(report).await.build().run.completed_at_us;
    let given =
        |report: Report, at_us| report.with(|raw| raw.completed_at_us = Some(Ok(T0_US + at_us)));
    assert_eq!(completed_at(given(of_run().started().at(1), 5)).await, None);
    assert_eq!(completed_at(of_run().at(10)).await, Some(T0_US + 10));
    assert_eq!(
        completed_at(given(of_run().at(20), 12)).await,
        Some(T0_US + 12)
    );
    // The finish that counts is the later event, not the later completion.
    assert_eq!(
        completed_at(given(of_run().at(15), 30)).await,
        Some(T0_US + 12)
    );
    assert_eq!(
        completed_at(given(of_run().started().at(40), 50)).await,
        Some(T0_US + 12)
    );
}

pub(crate) async fn r6_a_version_is_as_old_as_its_earliest_event(store: Store) {
    let created_at = async || store.find("1.0").await.created_at_us - T0_US;
    store.accept(build("1.0").at(10 * HOUR_US)).await;
    store.accept(build("1.0").at(11 * HOUR_US)).await;
    assert_eq!(created_at().await, 10 * HOUR_US);
    store.accept(deployment("1.0", "dev").at(9 * HOUR_US)).await;
    assert_eq!(created_at().await, 9 * HOUR_US);
    store.accept(check("1.0", "unit").at(8 * HOUR_US)).await;
    assert_eq!(created_at().await, 8 * HOUR_US);
    store
        .accept_all([build("1.0").at(7 * HOUR_US), build("1.0").at(6 * HOUR_US)])
        .await;
    assert_eq!(created_at().await, 6 * HOUR_US);
}

pub(crate) async fn r6_a_build_is_as_old_as_its_earliest_event(store: Store) {
    store.accept(of_run().at(10)).await;
    let told = store.accept(of_run().pending().at(5)).await;
    assert_eq!(told.build().run.created_at_us, T0_US + 5);
}

pub(crate) async fn r6_what_an_event_leaves_out_keeps_its_value(store: Store) {
    let full = of_run().started().at(10).branch("main").with(|raw| {
        raw.by = "ci".into();
        raw.build_url = "https://ci.example/77".into();
        raw.build_number = "456".into();
        raw.scm_repository = "example.com/shop".into();
        raw.source_system = "github".into();
    });
    store.accept(full).await;
    let sparse = of_run()
        .at(20)
        .branch("  ")
        .with(|raw| raw.by = "bot".into());
    store.accept(sparse).await;
    let late = of_run().pending().at(5).branch("old").with(|raw| {
        raw.error_message = "flaky".into();
    });
    let told = store.accept(late).await;

    let details = &told.build().run.details;
    assert_eq!(details.scm_branch.as_deref(), Some("main"));
    assert_eq!(details.by.as_deref(), Some("bot"));
    assert_eq!(details.url.as_deref(), Some("https://ci.example/77"));
    assert_eq!(details.build_number.as_deref(), Some("456"));
    assert_eq!(details.error_message.as_deref(), Some("flaky"));
    let origin = &store.find("1.0").await.origin;
    assert_eq!(origin.scm_branch.as_deref(), Some("main"));
    assert_eq!(origin.scm_repository.as_deref(), Some("example.com/shop"));
    assert_eq!(origin.built_by.as_deref(), Some("bot"));
    assert_eq!(origin.source_system.as_deref(), Some("github"));
}

pub(crate) async fn r6_metadata_merges_key_by_key_and_the_later_event_wins(store: Store) {
    store
        .accept(of_run().started().at(10).metadata(r#"{"a":1,"b":{"x":1}}"#))
        .await;
    store
        .accept(of_run().at(20).metadata(r#"{"b":{"y":2},"c":3}"#))
        .await;
    let late = of_run().pending().at(15).metadata(r#"{"a":4,"c":5,"d":6}"#);
    let told = store.accept(late).await;
    let merged = told.build().run.details.extra_metadata.clone().unwrap();
    assert_eq!(merged.as_json(), r#"{"a":4,"b":{"y":2},"c":3,"d":6}"#);
}

pub(crate) async fn r6_a_versions_origin_is_its_latest_events_also_where_its_build_stays_the_same(
    store: Store,
) {
    store.accept(of_run().started().at(0).branch("main")).await;
    store
        .accept(build("1.0").run("78").started().at(1).branch("fix"))
        .await;
    store.accept(of_run().at(3)).await;
    assert_eq!(
        store.find("1.0").await.origin.scm_branch.as_deref(),
        Some("fix")
    );
    let told = store.accept(of_run().started().at(2).branch("main")).await;
    assert_eq!(told.version().origin.scm_branch.as_deref(), Some("main"));
    assert_eq!(
        store.find("1.0").await.origin.scm_branch.as_deref(),
        Some("main")
    );
}
