//! R9: times are kept to the microsecond, from 1970 to ten minutes from now.

use prost_types::Timestamp;
use versioner::pb::{self, BuildStatus};

use crate::{
    facts::{at, build, seconds_from_now},
    refusal::refusal,
    story::Story,
};

#[tokio::test]
async fn r9_an_event_lies_at_most_ten_minutes_in_the_future() {
    let story = Story::on_sqlite().await;
    let event = |minutes: i64| pb::VersionEvent {
        occurred_at: seconds_from_now(minutes * 60),
        ..build("1.0.0", BuildStatus::Started)
    };
    story.version_event(event(9)).await.unwrap();
    assert_told!(refusal(story.version_event(event(11)).await), @"
    InvalidArgument INVALID_FIELD
    event.occurred_at must be at most 600 seconds in the future
    ");
}

#[tokio::test]
async fn r9_absurd_times_are_refused_by_name() {
    let story = Story::on_sqlite().await;
    let event = pb::VersionEvent {
        occurred_at: Some(Timestamp {
            seconds: -1,
            nanos: 0,
        }),
        started_at: Some(Timestamp {
            seconds: i64::MAX,
            nanos: 0,
        }),
        completed_at: Some(Timestamp {
            seconds: 0,
            nanos: 1_000_000_000,
        }),
        ..build("1.0.0", BuildStatus::Completed)
    };
    assert_told!(refusal(story.version_event(event).await), @"
    InvalidArgument INVALID_FIELD
    event.occurred_at must be in the years 1970 to 9999 (UTC)
    event.started_at must be in the years 1970 to 9999 (UTC)
    event.completed_at must have nanos from 0 to 999999999 (has 1000000000)
    ");
    let event = pb::VersionEvent {
        started_at: Some(Timestamp {
            seconds: 253_402_300_800, // the year 10000
            nanos: 0,
        }),
        completed_at: Some(Timestamp {
            seconds: 1,
            nanos: -1,
        }),
        ..build("1.0.0", BuildStatus::Completed)
    };
    assert_told!(refusal(story.version_event(event).await), @"
    InvalidArgument INVALID_FIELD
    event.started_at must be in the years 1970 to 9999 (UTC)
    event.completed_at must have nanos from 0 to 999999999 (has -1)
    ");
}

async fn r9_history_is_taken_and_kept_to_the_microsecond(story: Story) {
    let event = pb::VersionEvent {
        occurred_at: Some(Timestamp {
            seconds: 0,
            nanos: 999,
        }),
        started_at: at("1970-01-01T00:00:00.123456789Z"),
        completed_at: at("9999-12-31T23:59:59.999999999Z"),
        ..build("1.0.0", BuildStatus::Completed)
    };
    let answer = story.version_event(event).await.unwrap();
    let build = answer.build.unwrap();
    assert_eq!(build.created_at, at("1970-01-01T00:00:00Z"));
    assert_eq!(build.started_at, at("1970-01-01T00:00:00.123456Z"));
    assert_eq!(build.completed_at, at("9999-12-31T23:59:59.999999Z"));
}

async fn r9_what_is_not_dated_happened_when_it_was_received_which_never_runs_backwards(
    story: Story,
) {
    let mut before = seconds_from_now(-1);
    for _ in 0..20 {
        let answer = story
            .version_event(build("1.0.0", BuildStatus::Started))
            .await;
        let receipt = answer.unwrap().receipt.unwrap();
        assert_eq!(receipt.occurred_at, receipt.received_at);
        let nanos = |at: &Option<Timestamp>| {
            let at = at.as_ref().expect("a time");
            i128::from(at.seconds) * 1_000_000_000 + i128::from(at.nanos)
        };
        assert!(nanos(&receipt.received_at) > nanos(&before));
        before = receipt.received_at;
    }
}

on_both_engines!(
    r9_history_is_taken_and_kept_to_the_microsecond,
    r9_what_is_not_dated_happened_when_it_was_received_which_never_runs_backwards,
);
