//! Which events are one build (R5).

use versioner::{domain::status::Status, storage::Store};

use crate::{
    ask::{Ask, Told},
    report::{DAY_US, HOUR_US, MINUTE_US, build, deployment},
};

/// The builds, oldest first, as run and attempt, status.
async fn builds(store: &Store) -> Vec<(Option<String>, Status)> {
    let named = |build: versioner::domain::resource::Build| {
        let attempt = build.run.invoke_attempt;
        let run = build.run.invoke_id.zip(attempt);
        (
            run.map(|(id, attempt)| format!("{id}/{attempt}")),
            build.run.status,
        )
    };
    store.builds().await.into_iter().rev().map(named).collect()
}

fn named(run: &str) -> Option<String> {
    Some(run.to_owned())
}

pub(crate) async fn r5_a_bare_start_and_a_finish_with_an_id_are_one_build(store: Store) {
    let start = store.accept(build("1.0").started().at(0)).await;
    let finish = store.accept(build("1.0").run("77").at(MINUTE_US)).await;
    assert_eq!(finish.build().id, start.build().id);
    assert_eq!(builds(&store).await, [(named("77/1"), Status::Completed)]);
}

pub(crate) async fn r5_two_bare_successes_are_two_builds(store: Store) {
    let first = store.accept(build("1.0").at(0)).await;
    let second = store.accept(build("1.0").at(MINUTE_US)).await;
    assert_ne!(first.build().id, second.build().id);
    let bare = || (None, Status::Completed);
    assert_eq!(builds(&store).await, [bare(), bare()]);
}

pub(crate) async fn r5_each_attempt_of_a_run_is_a_build(store: Store) {
    store
        .accept(build("1.0").run("77").attempt(1).failed().at(0))
        .await;
    store
        .accept(build("1.0").run("77").attempt(2).started().at(MINUTE_US))
        .await;
    store
        .accept(
            build("1.0")
                .run("77")
                .attempt(1)
                .pending()
                .at(2 * MINUTE_US),
        )
        .await;
    let in_metadata = build("1.0")
        .run("77")
        .metadata(r#"{"vi_gh_run_attempt":"3"}"#);
    store.accept(in_metadata.at(3 * MINUTE_US)).await;
    let expected = [
        (named("77/1"), Status::Failed),
        (named("77/2"), Status::Started),
        (named("77/3"), Status::Completed),
    ];
    assert_eq!(builds(&store).await, expected);
}

pub(crate) async fn r5_without_an_attempt_an_event_belongs_to_the_latest_one(store: Store) {
    store
        .accept(build("1.0").run("77").attempt(2).started().at(0))
        .await;
    store
        .accept(build("1.0").run("77").attempt(1).started().at(MINUTE_US))
        .await;
    let told = store.accept(build("1.0").run("77").at(2 * MINUTE_US)).await;
    // The latest is the one whose first event is latest, whatever its number.
    assert_eq!(told.build().run.invoke_attempt, Some(1));
    let expected = [
        (named("77/2"), Status::Started),
        (named("77/1"), Status::Completed),
    ];
    assert_eq!(builds(&store).await, expected);
}

pub(crate) async fn r5_ten_minutes_after_a_finish_the_next_attempt_begins(store: Store) {
    store.accept(build("1.0").run("77").failed().at(0)).await;
    let within = store
        .accept(build("1.0").run("77").at(10 * MINUTE_US))
        .await;
    assert_eq!(within.build().run.invoke_attempt, Some(1));
    // That was a finish, too.
    let later = 20 * MINUTE_US;
    let within = store
        .accept(build("1.0").run("77").started().at(later))
        .await;
    assert_eq!(within.build().run.invoke_attempt, Some(1));
    let after = store
        .accept(build("1.0").run("77").started().at(later + 1))
        .await;
    assert_eq!(after.build().run.invoke_attempt, Some(2));
    // Unfinished, it goes on for as long as it takes.
    let days_later = store
        .accept(build("1.0").run("77").failed().at(3 * DAY_US))
        .await;
    assert_eq!(days_later.build().id, after.build().id);
}

pub(crate) async fn r5_the_next_attempt_has_a_number_that_no_other_has(store: Store) {
    store.accept(build("1.0").run("77").attempt(5).at(0)).await;
    store
        .accept(build("1.0").run("77").attempt(2).at(MINUTE_US))
        .await;
    let next = store.accept(build("1.0").run("77").at(HOUR_US)).await;
    assert_eq!(next.build().run.invoke_attempt, Some(6));
}

pub(crate) async fn r5_a_bare_event_joins_the_latest_build_if_that_is_unfinished(store: Store) {
    store.accept(build("1.0").run("77").started().at(0)).await;
    let joined = store.accept(build("1.0").at(MINUTE_US)).await;
    assert_eq!(joined.build().run.invoke_id.as_deref(), Some("77"));
    store.accept(build("1.0").at(2 * MINUTE_US)).await;
    let expected = [
        (named("77/1"), Status::Completed),
        (None, Status::Completed),
    ];
    assert_eq!(builds(&store).await, expected);
}

pub(crate) async fn r5_a_bare_event_joins_only_the_latest_build(store: Store) {
    store.accept(build("1.0").run("77").started().at(0)).await;
    store.accept(build("1.0").run("78").at(MINUTE_US)).await;
    store.accept(build("1.0").failed().at(2 * MINUTE_US)).await;
    let expected = [
        (named("77/1"), Status::Started),
        (named("78/1"), Status::Completed),
        (None, Status::Failed),
    ];
    assert_eq!(builds(&store).await, expected);
}

pub(crate) async fn r5_a_bare_event_joins_what_was_heard_of_within_a_day(store: Store) {
    store.accept(build("1.0").pending().at(0)).await;
    store.accept(build("1.0").started().at(DAY_US)).await;
    store.accept(build("1.0").started().at(2 * DAY_US)).await;
    assert_eq!(store.builds().await.len(), 1);
    store.accept(build("1.0").at(3 * DAY_US + 1)).await;
    let expected = [(None, Status::Started), (None, Status::Completed)];
    assert_eq!(builds(&store).await, expected);
}

pub(crate) async fn r5_a_new_run_takes_over_a_bare_build_that_is_recent_and_unfinished(
    store: Store,
) {
    store.accept(build("recent").pending().at(0)).await;
    let taken = store
        .accept(build("recent").run("77").started().at(DAY_US))
        .await;
    assert_eq!(taken.build().id, 1);

    store.accept(build("old").pending().at(0)).await;
    store
        .accept(build("old").run("77").started().at(DAY_US + 1))
        .await;
    store.accept(build("finished").at(0)).await;
    store
        .accept(build("finished").run("77").started().at(1))
        .await;
    store.accept(build("named").run("76").started().at(0)).await;
    store.accept(build("named").run("77").started().at(1)).await;
    store.accept(build("attempts").started().at(0)).await;
    store
        .accept(build("attempts").run("77").attempt(1).started().at(1))
        .await;
    store
        .accept(build("attempts").run("77").attempt(2).started().at(2))
        .await;
    for (version, expected) in [
        ("recent", 1),
        ("old", 2),
        ("finished", 2),
        ("named", 2),
        ("attempts", 2),
    ] {
        let builds = store.builds().await;
        let count = builds.iter().filter(|b| b.version == version).count();
        assert_eq!(count, expected, "{version}");
    }
}

pub(crate) async fn r5_builds_are_their_versions_own(store: Store) {
    let first = store.accept(build("1.0").run("77").started().at(0)).await;
    let second = store.accept(build("2.0").run("77").at(1)).await;
    let third = store.accept(build("1.0").of("cart").run("77").at(2)).await;
    assert_ne!(first.build().id, second.build().id);
    assert_ne!(second.build().id, third.build().id);
    assert_eq!(store.find("1.0").await.status, Some(Status::Started));
}

pub(crate) async fn r5_a_versions_status_is_its_latest_builds(store: Store) {
    store.accept(build("1.0").run("77").started().at(0)).await;
    let latest = store.accept(build("1.0").run("78").started().at(1)).await;
    store.accept(build("1.0").run("78").at(2)).await;
    let told = store.accept(build("1.0").run("77").failed().at(3)).await;
    assert_eq!(told.build().run.status, Status::Failed);
    assert_eq!(told.version().status, Some(Status::Completed));
    let version = store.find("1.0").await;
    assert_eq!(version.status, Some(Status::Completed));
    assert_eq!(version.latest_build_id, Some(latest.build().id));
    assert_eq!(
        version.latest_build_started_at_us,
        latest.build().run.started_at_us
    );

    // A late event can make another one the latest.
    store.accept(build("1.0").run("79").started().at(2)).await;
    assert_eq!(store.find("1.0").await.status, Some(Status::Started));
}

pub(crate) async fn r5_a_version_known_only_from_deployments_has_no_build_status(store: Store) {
    store.accept(deployment("1.0", "dev").at(0)).await;
    let version = store.find("1.0").await;
    assert_eq!((version.status, version.latest_build_id), (None, None));
    store.accept(build("1.0").pending().at(1)).await;
    assert_eq!(store.find("1.0").await.status, Some(Status::Pending));
}

/// A bare start, a finish of a run more than a day later, and between them, late, a
/// sign of life.
pub(crate) async fn r5_a_late_event_joins_two_builds_and_the_older_id_stays(store: Store) {
    let start = build("in order").started().at(0);
    let life = build("in order").started().at(12 * HOUR_US);
    let finish = build("in order").run("77").at(25 * HOUR_US);
    store.accept(start).await;
    let gone = store.accept(finish).await;
    assert_eq!(gone.build().id, 2);
    let joined = store.accept(life).await;
    assert_eq!(joined.build().id, 1);
    assert_eq!(joined.version().latest_build_id, Some(1));

    // The older id is that of the event that was accepted first, not of the earliest.
    store
        .accept(build("reversed").run("77").at(25 * HOUR_US))
        .await;
    store.accept(build("reversed").started().at(0)).await;
    let joined = store
        .accept(build("reversed").started().at(12 * HOUR_US))
        .await;
    assert_eq!(joined.build().id, 4);

    let subjects: Vec<Option<i64>> = store.entries().await.iter().map(|e| e.subject_id).collect();
    assert_eq!(subjects, [1, 1, 1, 4, 4, 4].map(Some));
    let expected = [
        (named("77/1"), Status::Completed),
        (named("77/1"), Status::Completed),
    ];
    assert_eq!(builds(&store).await, expected);
    assert_eq!(store.build(2).await.unwrap(), None);
    assert_eq!(
        store.build(1).await.unwrap().as_ref(),
        Some(&store.builds().await[1])
    );
}

pub(crate) async fn r5_a_late_finish_parts_a_build(store: Store) {
    store.accept(build("1.0").started().at(0)).await;
    store.accept(build("1.0").at(2 * MINUTE_US)).await;
    assert_eq!(store.builds().await.len(), 1);
    let late = store.accept(build("1.0").failed().at(MINUTE_US)).await;
    assert_eq!(late.build().id, 1);
    let expected = [(None, Status::Failed), (None, Status::Completed)];
    assert_eq!(builds(&store).await, expected);
    let subjects: Vec<Option<i64>> = store.entries().await.iter().map(|e| e.subject_id).collect();
    assert_eq!(subjects, [1, 2, 1].map(Some));
    assert_eq!(store.find("1.0").await.latest_build_id, Some(2));
}
