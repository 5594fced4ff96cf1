//! Fields that are missing: each is named by its path, all of them at once, and nothing is recorded.

use versioner::pb;

use crate::{
    facts::{at, object, seconds_from_now},
    refusal::refusal,
    story::Story,
};

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
    event.product_name is required
    event.version is required
    event.status is required: pending, started, completed, failed or aborted
    ");
}

#[tokio::test]
async fn each_required_field_of_a_deployment_event_is_named() {
    let story = Story::on_sqlite().await;
    let answer = story.deployment_event(pb::DeploymentEvent::default()).await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    event.product_name is required
    event.version is required
    event.environment_name is required
    event.status is required: pending, started, completed, failed or aborted
    ");
}

#[tokio::test]
async fn each_required_field_of_a_check_event_is_named() {
    let story = Story::on_sqlite().await;
    let answer = story.check_event(pb::CheckEvent::default()).await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    event.product_name is required
    event.version is required unless scm_sha is set
    event.check_name is required
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
    event.scm_sha must have at least 7 characters unless version is set (has 6)
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
    event.product_name is required
    event.version must not have control characters
    event.status must be 1 (pending), 2 (started), 3 (completed), 4 (failed) or 5 (aborted) (is 99)
    event.event_id must have at most 128 characters (has 129)
    event.occurred_at must be at most 600 seconds in the future
    event.started_at must be in the years 1970 to 9999 (UTC)
    event.invoke_attempt must be from 1 to 2147483647 (is -1)
    event.build_url must have at most 2048 characters (has 2049)
    event.built_by_email must have at most 255 characters (has 256)
    event.scm_branch must have at most 1024 characters (has 1025)
    event.error_message must have at most 4096 characters (has 4097)
    event.extra_metadata must have at most 102400 bytes as JSON (has 102408)
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
    order must be 1 (newest first), 2 (oldest first) or 3 (highest first) (is 4)
    product_name must not have control characters
    statuses[0] must be 1 (pending), 2 (started), 3 (completed), 4 (failed) or 5 (aborted) (is 6)
    scm_sha must have at least 4 characters (has 3)
    created_from must have nanos from 0 to 999999999 (has -1)
    environment_name must have at most 255 characters (has 256)
    page_size must be at least 0 (is -1)
    page_token must be next_page_token of the previous page, and the rest of the request must be the same
    ");
}
