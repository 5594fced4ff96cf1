//! `BatchSubmitEvents`: a result for each, and one bad event spoils no other.

use tonic::Status as Refusal;
use versioner::pb::{self, BuildStatus, CheckStatus, DeploymentStatus, event_submission::Event};

use crate::{
    facts::{SHA, build, check, deployment},
    refusal::{event_refusal, receipt, refusal},
    story::Story,
};

async fn submit(
    story: &Story,
    events: Vec<pb::EventSubmission>,
) -> Result<Vec<pb::SubmissionResult>, Refusal> {
    let request = pb::BatchSubmitEventsRequest {
        events,
        validate_only: false,
    };
    let answer = story.events().batch_submit_events(request).await;
    answer.map(|answer| answer.into_inner().results)
}

fn submission(event: Event) -> pb::EventSubmission {
    pb::EventSubmission { event: Some(event) }
}

async fn events_of_every_sort_go_together_and_are_recorded_in_their_order(story: Story) {
    let events = vec![
        submission(Event::VersionEvent(build("1.0.0", BuildStatus::Completed))),
        submission(Event::DeploymentEvent(deployment(
            "1.0.0",
            "dev",
            DeploymentStatus::Completed,
        ))),
        submission(Event::CheckEvent(check(
            "1.0.0",
            "unit",
            CheckStatus::Passed,
        ))),
    ];
    let results = submit(&story, events).await.unwrap();
    let positions = results.iter().map(|result| receipt(result).position);
    assert!(positions.eq(1..=3));
    assert!(receipt(&results[0]).product_created);
    assert!(!receipt(&results[1]).version_created);
    assert!(receipt(&results[1]).environment_created);
    let log = story.log().await;
    let types: Vec<pb::EventType> = log.iter().map(pb::LogEntry::event_type).collect();
    assert_eq!(
        types,
        [
            pb::EventType::VersionEvent,
            pb::EventType::DeploymentEvent,
            pb::EventType::CheckEvent
        ]
    );
}

async fn one_bad_event_spoils_no_other(story: Story) {
    let version = |version: &str, event_id: &str, scm_sha: &str| {
        submission(Event::VersionEvent(pb::VersionEvent {
            event_id: event_id.into(),
            scm_sha: scm_sha.into(),
            ..build(version, BuildStatus::Started)
        }))
    };
    let other_sha = "0".repeat(40);
    let events = vec![
        version("1.0.0", "a", SHA),
        version("", "b", SHA),
        version("1.0.0", "c", &other_sha),
        pb::EventSubmission { event: None },
        submission(Event::CheckEvent(pb::CheckEvent::default())),
        version("1.0.0", "a", SHA),
        version("1.0.1", "a", SHA),
        submission(Event::DeploymentEvent(deployment(
            "1.0.0",
            "",
            DeploymentStatus::Started,
        ))),
        version("1.0.2", "d", &other_sha),
    ];
    let results = submit(&story, events).await.unwrap();
    assert_eq!(receipt(&results[0]).position, 1);
    assert_eq!(receipt(&results[8]).position, 2);
    let repeat = receipt(&results[5]);
    assert_eq!((repeat.position, repeat.duplicate), (1, true));
    let refused: Vec<String> = [1, 2, 3, 4, 6, 7]
        .map(|i| format!("{i}: {}", event_refusal(&results[i])))
        .into();
    assert_told!(refused.join("\n"), @"
    1: InvalidArgument INVALID_FIELD
    events[1].version_event.version is required
    2: AlreadyExists VERSION_COMMIT_CONFLICT
    message: version 1.0.0 of my-service was built from commit abc123def4567890abc123def4567890abc123de; the commit of a version is permanent; the event has 0000000000000000000000000000000000000000
    given_scm_sha: 0000000000000000000000000000000000000000
    product_name: my-service
    recorded_scm_sha: abc123def4567890abc123def4567890abc123de
    version: 1.0.0
    3: InvalidArgument INVALID_FIELD
    events[3] must have version_event, deployment_event or check_event
    4: InvalidArgument INVALID_FIELD
    events[4].check_event.product_name is required
    events[4].check_event.version is required unless scm_sha is set
    events[4].check_event.check_name is required
    events[4].check_event.kind is required: test, security_scan, approval or custom
    events[4].check_event.status is required: queued, running, passed, failed or skipped
    6: AlreadyExists EVENT_ID_REUSED
    message: event_id a was accepted with other content, at position 1; another event must have another event_id
    event_id: a
    position: 1
    7: InvalidArgument INVALID_FIELD
    events[7].deployment_event.environment_name is required
    ");
    assert_eq!(story.log().await.len(), 2);
}

#[tokio::test]
async fn what_the_store_refuses_is_named_by_its_place_in_the_batch_too() {
    let story = Story::on_sqlite().await;
    let large = |key: &str| {
        submission(Event::VersionEvent(pb::VersionEvent {
            extra_metadata: crate::facts::object(serde_json::json!({key: "x".repeat(60_000)})),
            ..build("1.0.0", BuildStatus::Started)
        }))
    };
    let results = submit(&story, vec![large("a"), large("b")]).await.unwrap();
    assert_eq!(receipt(&results[0]).position, 1);
    assert_told!(event_refusal(&results[1]), @"
    InvalidArgument INVALID_FIELD
    events[1].version_event.extra_metadata must have at most 102400 bytes as JSON when merged with the metadata of the other events (has 120015)
    ");
}

async fn a_batch_has_1_to_500_events(story: Story) {
    let events = |count: usize| -> Vec<_> {
        (0..count)
            .map(|i| {
                submission(Event::VersionEvent(build(
                    &format!("1.0.{i}"),
                    BuildStatus::Completed,
                )))
            })
            .collect()
    };
    assert_told!(refusal(submit(&story, events(0)).await), @"
    InvalidArgument INVALID_FIELD
    events must have 1 to 500 elements (has 0)
    ");
    assert_told!(refusal(submit(&story, events(501)).await), @"
    InvalidArgument INVALID_FIELD
    events must have 1 to 500 elements (has 501)
    ");
    let results = submit(&story, events(500)).await.unwrap();
    assert!(results.iter().map(|r| receipt(r).position).eq(1..=500));
    assert_eq!(story.log().await.len(), 500);
}

#[tokio::test]
async fn validate_only_looks_at_the_events_as_one_after_the_other_and_records_nothing() {
    let story = Story::on_sqlite().await;
    let version = |scm_sha: &str| {
        submission(Event::VersionEvent(pb::VersionEvent {
            scm_sha: scm_sha.into(),
            ..build("1.0.0", BuildStatus::Started)
        }))
    };
    let request = pb::BatchSubmitEventsRequest {
        events: vec![version(SHA), version(&"0".repeat(40)), version(SHA)],
        validate_only: true,
    };
    let answer = story.events().batch_submit_events(request).await.unwrap();
    let results = answer.into_inner().results;
    assert!(receipt(&results[0]).version_created);
    assert_told!(event_refusal(&results[1]), @"
    AlreadyExists VERSION_COMMIT_CONFLICT
    message: version 1.0.0 of my-service was built from commit abc123def4567890abc123def4567890abc123de; the commit of a version is permanent; the event has 0000000000000000000000000000000000000000
    given_scm_sha: 0000000000000000000000000000000000000000
    product_name: my-service
    recorded_scm_sha: abc123def4567890abc123def4567890abc123de
    version: 1.0.0
    ");
    assert!(!receipt(&results[2]).version_created);
    assert_eq!(receipt(&results[2]).position, 0);
    assert_eq!(story.log().await, []);
}

on_both_engines!(
    events_of_every_sort_go_together_and_are_recorded_in_their_order,
    one_bad_event_spoils_no_other,
    a_batch_has_1_to_500_events,
);
