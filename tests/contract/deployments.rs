//! Which events are one deployment (R5), and which version is current where (R11).

use versioner::{
    domain::{
        query::{DeploymentQuery, VersionQuery},
        status::Status,
    },
    storage::Store,
};

use crate::{
    ask::{Ask, Told},
    report::{HOUR_US, MINUTE_US, Report, T0_US, deployment},
};

/// The current versions, as `product environment/instance version`.
async fn current(store: &Store) -> Vec<String> {
    let query = DeploymentQuery {
        current_only: true,
        ..DeploymentQuery::default()
    };
    let mut current: Vec<String> = store
        .all(&query)
        .await
        .into_iter()
        .map(|d| {
            format!(
                "{} {}/{} {}",
                d.product_name, d.environment_name, d.instance, d.version
            )
        })
        .collect();
    current.sort();
    current
}

fn dev(version: &str) -> Report {
    deployment(version, "dev")
}

pub(crate) async fn r5_a_bare_start_and_a_finish_with_an_id_are_one_deployment(store: Store) {
    let start = store.accept(dev("1.0").started().at(0)).await;
    let finish = store.accept(dev("1.0").run("77").at(1)).await;
    assert_eq!(finish.deployment().id, start.deployment().id);
    let redone = store.accept(dev("1.0").at(2)).await;
    assert_ne!(redone.deployment().id, start.deployment().id);
    let next_attempt = store.accept(dev("1.0").run("77").at(HOUR_US)).await;
    assert_eq!(next_attempt.deployment().run.invoke_attempt, Some(2));
}

pub(crate) async fn r5_deployments_are_apart_by_version_environment_and_instance(store: Store) {
    let outcomes = store
        .accept_all([
            dev("1.0").run("77").started().at(0),
            dev("1.1").run("77").started().at(1),
            deployment("1.0", "qa").run("77").started().at(2),
            dev("1.0").instance("eu").run("77").started().at(3),
        ])
        .await;
    let ids: Vec<i64> = outcomes.iter().map(|o| o.deployment().id).collect();
    assert_eq!(ids, [1, 2, 3, 4]);
    // Each goes on by itself, also where another batch finishes it.
    let finished = store
        .accept(dev("1.0").instance("eu").run("77").at(4))
        .await;
    assert_eq!(finished.deployment().id, 4);
    let finished = store.accept(dev("1.0").at(5)).await;
    assert_eq!(finished.deployment().id, 1);
}

pub(crate) async fn r5_a_late_event_joins_two_deployments_and_the_older_id_stays(store: Store) {
    store.accept(dev("1.0").started().at(0)).await;
    let gone = store.accept(dev("1.0").run("77").at(25 * HOUR_US)).await;
    assert!(gone.deployment().current);
    let joined = store.accept(dev("1.0").started().at(12 * HOUR_US)).await;
    assert_eq!(joined.deployment().id, 1);
    assert!(joined.deployment().current);
    assert_eq!(store.deployments().await.len(), 1);
    assert_eq!(store.deployment(2).await.unwrap(), None);
    let subjects: Vec<Option<i64>> = store.entries().await.iter().map(|e| e.subject_id).collect();
    assert_eq!(subjects, [Some(1); 3]);
    assert_eq!(current(&store).await, ["shop dev/ 1.0"]);
}

pub(crate) async fn r11_newest_completion_is_current(store: Store) {
    assert!(store.accept(dev("1.0").at(0)).await.deployment().current);
    assert!(store.accept(dev("1.1").at(1)).await.deployment().current);
    assert_eq!(current(&store).await, ["shop dev/ 1.1"]);
    // Going back is a deployment like any other.
    store.accept(dev("1.0").at(2)).await;
    assert_eq!(current(&store).await, ["shop dev/ 1.0"]);

    let there = VersionQuery {
        environment_name: Some("dev".into()),
        ..VersionQuery::default()
    };
    let versions = store.all(&there).await;
    assert_eq!(versions.len(), 1);
    assert_eq!(versions[0].version, "1.0");
}

pub(crate) async fn r11_each_product_environment_and_instance_has_its_own_current_version(
    store: Store,
) {
    store
        .accept_all([
            dev("1.0").instance("eu").at(0),
            dev("1.1").instance("us").at(1),
            dev("1.2").at(2),
            deployment("1.3", "qa").at(3),
            dev("7.0").of("cart").at(4),
        ])
        .await;
    let expected = [
        "cart dev/ 7.0",
        "shop dev/ 1.2",
        "shop dev/eu 1.0",
        "shop dev/us 1.1",
        "shop qa/ 1.3",
    ];
    assert_eq!(current(&store).await, expected);
    store.accept(dev("1.4").instance("eu").at(5)).await;
    let changed = [
        "cart dev/ 7.0",
        "shop dev/ 1.2",
        "shop dev/eu 1.4",
        "shop dev/us 1.1",
        "shop qa/ 1.3",
    ];
    assert_eq!(current(&store).await, changed);
}

pub(crate) async fn r11_the_order_is_of_completion_not_of_arrival(store: Store) {
    store.accept(dev("1.1").at(HOUR_US)).await;
    let late = store.accept(dev("1.0").at(0)).await;
    assert!(!late.deployment().current);
    assert_eq!(current(&store).await, ["shop dev/ 1.1"]);

    // A completion may be given, apart from the time of the event.
    let given =
        |report: Report, at_us| report.with(|raw| raw.completed_at_us = Some(Ok(T0_US + at_us)));
    let told = store
        .accept(given(dev("1.2").at(2 * HOUR_US), MINUTE_US))
        .await;
    assert!(!told.deployment().current);
    let told = store
        .accept(given(dev("1.3").at(MINUTE_US), 3 * HOUR_US))
        .await;
    assert!(told.deployment().current);
    assert_eq!(current(&store).await, ["shop dev/ 1.3"]);
}

pub(crate) async fn r11_what_did_not_complete_changes_nothing(store: Store) {
    store.accept(dev("1.0").at(0)).await;
    for status in [
        Status::Pending,
        Status::Started,
        Status::Failed,
        Status::Aborted,
    ] {
        let told = store
            .accept(dev(status.as_str()).status(status).at(1))
            .await;
        assert!(!told.deployment().current, "{status:?}");
        assert_eq!(current(&store).await, ["shop dev/ 1.0"]);
    }
}

pub(crate) async fn r11_a_completion_that_turns_out_failed_falls_back_to_the_one_before(
    store: Store,
) {
    store.accept(dev("1.0").run("1").at(0)).await;
    store.accept(dev("1.1").run("2").at(MINUTE_US)).await;
    assert_eq!(current(&store).await, ["shop dev/ 1.1"]);
    let told = store
        .accept(dev("1.1").run("2").failed().at(2 * MINUTE_US))
        .await;
    assert!(!told.deployment().current);
    assert_eq!(current(&store).await, ["shop dev/ 1.0"]);

    store
        .accept(dev("1.0").run("1").failed().at(3 * MINUTE_US))
        .await;
    assert!(current(&store).await.is_empty());
    // And back: of two finishes the later counts.
    store.accept(dev("1.0").run("1").at(4 * MINUTE_US)).await;
    assert_eq!(current(&store).await, ["shop dev/ 1.0"]);
}

pub(crate) async fn r11_within_a_batch_one_is_current(store: Store) {
    let outcomes = store
        .accept_all([dev("1.0").at(2), dev("1.1").at(3), dev("1.2").at(1)])
        .await;
    let told: Vec<bool> = outcomes.iter().map(|o| o.deployment().current).collect();
    assert_eq!(told, [false, true, false]);
    assert_eq!(current(&store).await, ["shop dev/ 1.1"]);
}

pub(crate) async fn r11_a_late_event_that_changes_nothing_is_told_the_current_one(store: Store) {
    store.accept(dev("1.0").run("77").started().at(0)).await;
    store.accept(dev("1.0").run("77").at(2 * MINUTE_US)).await;
    let late = dev("1.0").run("77").started().at(MINUTE_US);
    let outcome = store.accept(late).await;
    assert_eq!(outcome.deployment().run.status, Status::Completed);
    assert!(outcome.deployment().current);
}
