//! Numbers of enumerations that the contract does not know, in events and in filters.

use versioner::pb::{self, BuildStatus, CheckStatus, DeploymentStatus};

use crate::{
    facts::{build, check, deployment},
    refusal::refusal,
    story::Story,
};

#[tokio::test]
async fn r4_an_event_with_an_unknown_status_is_refused_with_what_is_taken() {
    let story = Story::on_sqlite().await;
    let event = pb::VersionEvent {
        status: 6,
        ..build("1.0.0", BuildStatus::Started)
    };
    assert_told!(refusal(story.version_event(event).await), @"
    InvalidArgument INVALID_FIELD
    event.status must be 1 (pending), 2 (started), 3 (completed), 4 (failed) or 5 (aborted) (is 6)
    ");
    let event = pb::DeploymentEvent {
        status: -1,
        ..deployment("1.0.0", "dev", DeploymentStatus::Started)
    };
    assert_told!(refusal(story.deployment_event(event).await), @"
    InvalidArgument INVALID_FIELD
    event.status must be 1 (pending), 2 (started), 3 (completed), 4 (failed) or 5 (aborted) (is -1)
    ");
    let event = pb::CheckEvent {
        status: 99,
        kind: 5,
        ..check("1.0.0", "unit", CheckStatus::Passed)
    };
    assert_told!(refusal(story.check_event(event).await), @"
    InvalidArgument INVALID_FIELD
    event.kind must be 1 (test), 2 (security scan), 3 (approval) or 4 (custom) (is 5)
    event.status must be 1 (queued), 2 (running), 3 (passed), 4 (failed) or 5 (skipped) (is 99)
    ");
}

#[tokio::test]
async fn a_filter_of_versions_or_builds_with_an_unknown_number_is_refused() {
    let story = Story::on_sqlite().await;
    let mut versions = story.versions();
    let status = "InvalidArgument INVALID_FIELD\n\
        statuses[0] must be 1 (pending), 2 (started), 3 (completed), 4 (failed) or 5 (aborted) (is 6)";

    let answer = versions
        .list_versions(pb::ListVersionsRequest {
            statuses: vec![6],
            ..Default::default()
        })
        .await;
    assert_eq!(refusal(answer), status);
    let answer = versions
        .list_versions(pb::ListVersionsRequest {
            order: 4,
            ..Default::default()
        })
        .await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    order must be 1 (newest first), 2 (oldest first) or 3 (highest first) (is 4)
    ");
    let answer = versions
        .get_latest_version(pb::GetLatestVersionRequest {
            product_name: "my-service".into(),
            statuses: vec![6],
            ..Default::default()
        })
        .await;
    assert_eq!(refusal(answer), status);
    let answer = versions
        .list_builds(pb::ListBuildsRequest {
            statuses: vec![6],
            ..Default::default()
        })
        .await;
    assert_eq!(refusal(answer), status);
    let answer = story
        .deployments()
        .list_deployments(pb::ListDeploymentsRequest {
            statuses: vec![6],
            ..Default::default()
        })
        .await;
    assert_eq!(refusal(answer), status);
}

#[tokio::test]
async fn a_filter_of_checks_with_an_unknown_number_is_refused() {
    let story = Story::on_sqlite().await;
    let answer = story
        .versions()
        .list_checks(pb::ListChecksRequest {
            kinds: vec![5],
            statuses: vec![6],
            ..Default::default()
        })
        .await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    kinds[0] must be 1 (test), 2 (security scan), 3 (approval) or 4 (custom) (is 5)
    statuses[0] must be 1 (queued), 2 (running), 3 (passed), 4 (failed) or 5 (skipped) (is 6)
    ");
}

#[tokio::test]
async fn a_filter_of_environments_with_an_unknown_type_is_refused() {
    let story = Story::on_sqlite().await;
    let answer = story
        .catalog()
        .list_environments(pb::ListEnvironmentsRequest {
            environment_types: vec![6],
            ..Default::default()
        })
        .await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    environment_types[0] must be 1 (dev), 2 (test), 3 (staging), 4 (production) or 5 (other) (is 6)
    ");
}

#[tokio::test]
async fn a_filter_of_events_takes_no_type_that_is_unknown_or_unspecified() {
    let story = Story::on_sqlite().await;
    let types = vec![1, 0, 8];
    let answer = story
        .events()
        .list_events(pb::ListEventsRequest {
            event_types: types.clone(),
            ..Default::default()
        })
        .await;
    let listed = refusal(answer);
    assert_told!(listed, @"
    InvalidArgument INVALID_FIELD
    event_types[1] must not be 0 (unspecified)
    event_types[2] must be 1 (version event), 2 (deployment event), 3 (check event), 4 (product updated), 5 (product deleted), 6 (environment updated) or 7 (environment deleted) (is 8)
    ");
    let answer = story
        .events()
        .watch_events(pb::WatchEventsRequest {
            event_types: types,
            ..Default::default()
        })
        .await;
    assert_eq!(refusal(answer), listed);
}
