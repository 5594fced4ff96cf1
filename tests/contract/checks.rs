//! Which events are one check, and what a check is (R5).

use versioner::{
    domain::{
        query::CheckQuery,
        resource::Check,
        status::{CheckKind, Status},
    },
    storage::Store,
};

use crate::{
    ask::{Ask, Told},
    report::{HOUR_US, MINUTE_US, build, check, commit_check},
};

const SHA: &str = "abc1234def";

pub(crate) async fn r5_checks_are_apart_by_subject_name_and_environment(store: Store) {
    let reports = || {
        [
            check("1.0", "unit"),
            check("1.1", "unit"),
            check("1.0", "e2e"),
            check("1.0", "unit").in_environment("qa"),
            check("1.0", "unit").in_environment("dev"),
            check("1.0", "unit").of("cart"),
            commit_check(SHA, "unit"),
            commit_check("abc9999", "unit"),
            commit_check(SHA, "unit").in_environment("qa"),
        ]
    };
    let ids = |outcomes: &[versioner::storage::Outcome]| -> Vec<i64> {
        outcomes.iter().map(|o| o.check().id).collect()
    };
    let first = store.accept_all(reports().map(|r| r.started().at(0))).await;
    assert_eq!(ids(&first), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    let again = store.accept_all(reports().map(|r| r.failed().at(1))).await;
    assert_eq!(ids(&again), ids(&first));
    let checks = store.checks().await;
    assert_eq!(checks.len(), 9);
    assert!(checks.iter().all(|c| c.run.status == Status::Failed));
}

pub(crate) async fn r5_a_check_tells_what_it_was_recorded_for(store: Store) {
    let of_version = store.accept(check("1.0", "unit").sha(SHA)).await;
    assert_eq!(of_version.check().version, Some((1, "1.0".to_owned())));
    assert_eq!(of_version.check().scm_sha, None);
    assert_eq!(of_version.check().environment, None);
    let of_commit = store
        .accept(commit_check(SHA, "unit").in_environment("qa"))
        .await;
    assert_eq!(of_commit.check().version, None);
    assert_eq!(of_commit.check().scm_sha.as_deref(), Some(SHA));
    assert_eq!(of_commit.check().environment, Some((2, "qa".to_owned())));
    for told in [of_version, of_commit] {
        let read = store.check(told.check().id).await.unwrap().unwrap();
        assert_eq!(&read, told.check());
    }
    assert_eq!(store.check(77).await.unwrap(), None);
}

pub(crate) async fn r5_a_check_is_its_latest_run(store: Store) {
    let queued = store
        .accept(check("1.0", "unit").run("1").pending().at(0))
        .await;
    let id = queued.check().id;
    let passed = store.accept(check("1.0", "unit").run("1").at(1)).await;
    assert_eq!(
        (passed.check().id, passed.check().run.status),
        (id, Status::Completed)
    );

    let again = check("1.0", "unit").run("2").started().at(HOUR_US);
    let again = store
        .accept(again.with(|raw| raw.summary = "second".into()))
        .await;
    assert_eq!(
        (again.check().id, again.check().run.status),
        (id, Status::Started)
    );
    assert_eq!(again.check().run.completed_at_us, None);

    // What is heard of the run before changes that run, not the check.
    let told = store
        .accept(check("1.0", "unit").run("1").failed().at(2))
        .await;
    assert_eq!(
        (told.check().id, told.check().run.status),
        (id, Status::Started)
    );
    let checks = store.checks().await;
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0].run.details.summary.as_deref(), Some("second"));
    let subjects: Vec<Option<i64>> = store.entries().await.iter().map(|e| e.subject_id).collect();
    assert_eq!(subjects, [Some(id); 4]);
}

pub(crate) async fn r5_the_latest_run_of_a_check_stays_that_whichever_was_accepted_first(
    store: Store,
) {
    let run = |invoke_id: &str| check("1.0", "unit").run(invoke_id).started();
    store.accept(run("latest").at(10)).await;
    store.accept(run("former").at(5)).await;
    let former = check("1.0", "unit").run("former").failed().at(20);
    let told = store.accept(former).await;
    assert_eq!(told.check().run.invoke_id.as_deref(), Some("latest"));
    let checks = store.checks().await;
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0].run.status, Status::Started);
}

pub(crate) async fn r5_a_late_event_joins_two_runs_of_a_check(store: Store) {
    store.accept(check("1.0", "unit").started().at(0)).await;
    store
        .accept(check("1.0", "unit").run("7").at(25 * HOUR_US))
        .await;
    let joined = store
        .accept(check("1.0", "unit").started().at(12 * HOUR_US))
        .await;
    assert_eq!(joined.check().id, 1);
    assert_eq!(joined.check().run.status, Status::Completed);
    assert_eq!(joined.check().run.created_at_us, crate::report::T0_US);
    assert_eq!(store.checks().await.len(), 1);
}

pub(crate) async fn r5_a_check_takes_the_kind_and_figures_of_its_run(store: Store) {
    let scan = check("1.0", "scan").started().at(0).with(|raw| {
        raw.check_kind = Some(Ok(CheckKind::SecurityScan));
        raw.expires_at_us = Some(Ok(5));
    });
    store.accept(scan).await;
    let counted = check("1.0", "scan").at(1).with(|raw| {
        raw.check_kind = Some(Ok(CheckKind::SecurityScan));
        raw.counts = Some(Ok(
            [("critical".to_owned(), 0), ("high".to_owned(), 3)].into()
        ));
        raw.url = "https://scan.example".into();
    });
    let told = store.accept(counted).await;
    let details = &told.check().run.details;
    assert_eq!(details.check_kind, Some(CheckKind::SecurityScan));
    assert_eq!(details.expires_at_us, Some(5));
    assert_eq!(details.counts.as_ref().unwrap()["high"], 3);
    assert_eq!(details.url.as_deref(), Some("https://scan.example"));
}

pub(crate) async fn r14_a_commits_checks_are_its_versions_too_whichever_came_first(store: Store) {
    store.accept(commit_check(SHA, "early").at(0)).await;
    store
        .accept(commit_check("abc1234", "shortened").at(MINUTE_US))
        .await;
    store
        .accept(commit_check("abc9999", "another").at(MINUTE_US))
        .await;
    store
        .accept(commit_check(SHA, "foreign").of("cart").at(MINUTE_US))
        .await;
    store.accept(build("1.0").sha(SHA).at(2 * MINUTE_US)).await;
    store.accept(check("1.0", "own").at(3 * MINUTE_US)).await;
    store.accept(build("1.1").sha(SHA).at(3 * MINUTE_US)).await;
    let names =
        |checks: Vec<Check>| -> Vec<String> { checks.into_iter().map(|c| c.check_name).collect() };
    let of_version = |version: &str| CheckQuery {
        product_name: Some("shop".into()),
        version: Some(version.into()),
        ..CheckQuery::default()
    };
    let found = names(store.all(&of_version("1.0")).await);
    assert_eq!(found, ["own", "shortened", "early"]);
    let found = names(store.all(&of_version("1.1")).await);
    assert_eq!(found, ["shortened", "early"]);
    assert!(store.all(&of_version("9.9")).await.is_empty());

    let by_id = CheckQuery {
        version_id: Some(store.find("1.0").await.id),
        ..CheckQuery::default()
    };
    assert_eq!(
        names(store.all(&by_id).await),
        ["own", "shortened", "early"]
    );
    let by_commit = CheckQuery {
        product_name: Some("shop".into()),
        scm_sha: Some(SHA.into()),
        ..CheckQuery::default()
    };
    assert_eq!(
        names(store.all(&by_commit).await),
        ["own", "shortened", "early"]
    );
}

pub(crate) async fn r14_what_only_begins_like_a_short_commit_is_another_one(store: Store) {
    let version = store.accept(build("1.0").sha("r12")).await;
    store.accept(commit_check("r123456", "unit")).await;
    let of_version = CheckQuery {
        version_id: Some(version.version().id),
        ..CheckQuery::default()
    };
    assert_eq!(store.all(&of_version).await, []);
}
