//! Fields that are missing: each is named by its path, all of them at once, and nothing is recorded.

use versioner::pb;

use crate::facts::{at, object, seconds_from_now};
use crate::refusal::refusal;
use crate::story::Story;

#[tokio::test]
async fn an_event_that_is_left_out_is_required() {
    let story = Story::on_sqlite().await;
    let mut events = story.events();
    let missing = "InvalidArgument INVALID_FIELD\nevent is required";

    let answer = events.submit_version_event(pb::SubmitVersionEventRequest::default());
    assert_eq!(refusal(answer.await), missing);
    let answer = events.submit_deployment_event(pb::SubmitDeploymentEventRequest::default());
    assert_eq!(refusal(answer.await), missing);
    let answer = events.submit_check_event(pb::SubmitCheckEventRequest::default());
    assert_eq!(refusal(answer.await), missing);
}

#[tokio::test]
async fn each_required_field_of_a_version_event_is_named() {
    let story = Story::on_sqlite().await;
    let answer = story.version_event(pb::VersionEvent::default()).await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    event.product_name is required: 1 to 255 characters
    event.version is required: 1 to 255 characters
    event.status is required: pending, started, completed, failed or aborted
    ");
}

#[tokio::test]
async fn each_required_field_of_a_deployment_event_is_named() {
    let story = Story::on_sqlite().await;
    let answer = story.deployment_event(pb::DeploymentEvent::default()).await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    event.product_name is required: 1 to 255 characters
    event.version is required: 1 to 255 characters
    event.environment_name is required: 1 to 255 characters
    event.status is required: pending, started, completed, failed or aborted
    ");
}

#[tokio::test]
async fn each_required_field_of_a_check_event_is_named() {
    let story = Story::on_sqlite().await;
    let answer = story.check_event(pb::CheckEvent::default()).await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    event.product_name is required: 1 to 255 characters
    event.version or scm_sha is required: a check belongs to a version or to a commit
    event.check_name is required: 1 to 255 characters
    event.kind is required: test, security_scan, approval or custom
    event.status is required: queued, running, passed, failed or skipped
    ");
}

#[tokio::test]
async fn a_check_names_its_version_or_seven_characters_of_its_commit() {
    let story = Story::on_sqlite().await;
    let check = |scm_sha: &str| pb::CheckEvent {
        product_name: "my-service".into(),
        scm_sha: scm_sha.into(),
        check_name: "unit".into(),
        kind: pb::CheckKind::Test.into(),
        status: pb::CheckStatus::Passed.into(),
        ..Default::default()
    };
    assert_told!(refusal(story.check_event(check("abc123")).await), @"
    InvalidArgument INVALID_FIELD
    event.scm_sha is too short to name a commit: 7 or more characters are taken
    ");
    story.check_event(check("abc123d")).await.unwrap();
}

#[tokio::test]
async fn all_faults_of_a_request_are_told_at_once_and_nothing_is_recorded() {
    let story = Story::on_sqlite().await;
    let event = pb::VersionEvent {
        product_name: " ".into(),
        version: "v\u{7}".into(),
        status: 99,
        event_id: "e".repeat(129),
        occurred_at: seconds_from_now(3600),
        started_at: at("1969-12-31T23:59:59Z"),
        invoke_attempt: -1,
        scm_branch: "b".repeat(1_025),
        build_url: "u".repeat(2_049),
        built_by_email: "m".repeat(256),
        error_message: "w".repeat(4_097),
        extra_metadata: object(serde_json::json!({"a": "x".repeat(102_400)})),
        ..Default::default()
    };
    assert_told!(refusal(story.version_event(event).await), @"
    InvalidArgument INVALID_FIELD
    event.product_name is required: 1 to 255 characters
    event.version has control characters
    event.status is the unknown number 99: 1 (pending), 2 (started), 3 (completed), 4 (failed) or 5 (aborted) is taken
    event.event_id has 129 characters: at most 128 are taken
    event.occurred_at lies more than ten minutes in the future
    event.started_at lies outside the years 1970 to 9999
    event.invoke_attempt is no whole number from 1 to 2147483647
    event.build_url has 2049 characters: at most 2048 are taken
    event.built_by_email has 256 characters: at most 255 are taken
    event.scm_branch has 1025 characters: at most 1024 are taken
    event.error_message has 4097 characters: at most 4096 are taken
    event.extra_metadata has 102408 bytes as JSON: at most 102400 are taken
    ");
    assert_eq!(story.log().await, []);
}

#[tokio::test]
async fn all_faults_of_a_filter_are_told_at_once() {
    let story = Story::on_sqlite().await;
    let answer = story
        .versions()
        .list_versions(pb::ListVersionsRequest {
            page_size: -1,
            page_token: "x".into(),
            product_name: "a\nb".into(),
            statuses: vec![6],
            scm_sha: "abc".into(),
            created_from: Some(prost_types::Timestamp {
                seconds: 0,
                nanos: -1,
            }),
            environment_name: "e".repeat(256),
            order: 4,
            ..Default::default()
        })
        .await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    order is the unknown number 4: 0 to 3 are taken
    product_name has control characters
    status is the unknown number 6: 1 (pending), 2 (started), 3 (completed), 4 (failed) or 5 (aborted) is taken
    scm_sha is too short: 4 or more characters are taken
    created_from has nanos outside 0 to 999999999
    environment_name has 256 characters: at most 255 are taken
    page_size is -1: 1 to 1000 is taken, or 0 for 50
    page_token was altered, or is of another query: next_page_token of the page before is taken, with the same filters and order
    ");
}
