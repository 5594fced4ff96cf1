//! R10: a sender's own metadata, up to 100 KiB and 16 levels, merged key by key.

use prost_types::Struct;
use serde_json::{Value, json};
use versioner::pb::{self, BuildStatus};

use crate::{
    facts::{build, json as read, object},
    refusal::refusal,
    story::Story,
};

fn with(extra_metadata: Value) -> pb::VersionEvent {
    pb::VersionEvent {
        extra_metadata: object(extra_metadata),
        ..build("1.0.0", BuildStatus::Started)
    }
}

/// An object that is so large as JSON without white space.
fn sized(key: &str, bytes: usize) -> Value {
    let brackets = r#"{"":""}"#.len();
    json!({key: "x".repeat(bytes - brackets - key.len())})
}

fn nested(levels: usize) -> Value {
    (1..levels).fold(json!({}), |inside, _| json!({"a": inside}))
}

async fn r10_metadata_comes_back_as_it_was_sent(story: Story) {
    let sent = json!({
        "build_duration_seconds": 180,
        "ratio": 0.5,
        "largest": 9_007_199_254_740_991_i64,
        "test_coverage": "85%",
        "tags": ["security", "hotfix", null, true, {"z": 1, "a": [[]]}],
        "vi_gh_run_id": "17",
        "ключ": "🚀 \" \\ \u{7f} \n",
        "nul": "a\0b",
        "": {},
    });
    let answer = story.version_event(with(sent.clone())).await.unwrap();
    assert_eq!(read(answer.build.unwrap().extra_metadata), sent);
    let Some(pb::log_entry::Content::VersionEvent(event)) = story.log().await.remove(0).content
    else {
        panic!("no version event");
    };
    assert_eq!(read(event.extra_metadata), sent);
}

async fn r10_metadata_merges_key_by_key_and_the_later_event_wins(story: Story) {
    story
        .version_event(with(json!({"image": "a:1", "tags": ["x"], "n": 1})))
        .await
        .unwrap();
    let answer = story
        .version_event(with(json!({"tags": ["y"], "n": null, "m": 2})))
        .await
        .unwrap();
    assert_eq!(
        read(answer.build.unwrap().extra_metadata),
        json!({"image": "a:1", "tags": ["y"], "n": null, "m": 2})
    );
}

#[tokio::test]
async fn r10_metadata_has_at_most_16_levels() {
    let story = Story::on_sqlite().await;
    story.version_event(with(nested(16))).await.unwrap();
    assert_told!(refusal(story.version_event(with(nested(17))).await), @"
    InvalidArgument INVALID_FIELD
    event.extra_metadata must have at most 16 levels of nesting
    ");
    let list_too_deep =
        json!({"a": nested(14), "b": (0..16).fold(json!(1), |inside, _| json!([inside]))});
    assert_told!(refusal(story.version_event(with(list_too_deep)).await), @"
    InvalidArgument INVALID_FIELD
    event.extra_metadata must have at most 16 levels of nesting
    ");
}

#[tokio::test]
async fn r10_metadata_deeper_than_a_message_can_be_is_refused_as_well() {
    let story = Story::on_sqlite().await;
    let told = refusal(story.version_event(with(nested(40))).await);
    assert!(
        told.starts_with("InvalidArgument INVALID_FIELD\n"),
        "{told}"
    );
    assert!(told.ends_with("recursion limit reached"), "{told}");
}

#[tokio::test]
async fn r10_metadata_has_at_most_100_kib() {
    let story = Story::on_sqlite().await;
    let largest = sized("a", 102_400);
    assert_eq!(largest.to_string().len(), 102_400);
    story.version_event(with(largest)).await.unwrap();
    let answer = story.version_event(with(sized("a", 102_401))).await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    event.extra_metadata must have at most 102400 bytes as JSON (has 102401)
    ");
}

async fn r10_metadata_that_merging_makes_too_large_is_refused_and_nothing_changes(story: Story) {
    story.version_event(with(sized("a", 60_000))).await.unwrap();
    let answer = story.version_event(with(sized("b", 60_000))).await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    event.extra_metadata must have at most 102400 bytes as JSON when merged with the metadata of the other events (has 119999)
    ");
    assert_eq!(story.log().await.len(), 1);
    // It replaces what was there: there is room for it.
    story.version_event(with(sized("a", 60_000))).await.unwrap();
}

#[tokio::test]
async fn r10_numbers_that_json_does_not_have_are_refused() {
    let story = Story::on_sqlite().await;
    let number = |number| pb::VersionEvent {
        extra_metadata: Some(pb::Object::from(Struct {
            fields: [("n".into(), prost_types::Value::from(number))].into(),
        })),
        ..build("1.0.0", BuildStatus::Started)
    };
    assert_told!(refusal(story.version_event(number(f64::NAN)).await), @"
    InvalidArgument INVALID_FIELD
    event.extra_metadata must have numbers that JSON can express (has NaN)
    ");
    assert_told!(refusal(story.version_event(number(f64::NEG_INFINITY)).await), @"
    InvalidArgument INVALID_FIELD
    event.extra_metadata must have numbers that JSON can express (has -inf)
    ");
}

on_both_engines!(
    r10_metadata_comes_back_as_it_was_sent,
    r10_metadata_merges_key_by_key_and_the_later_event_wins,
    r10_metadata_that_merging_makes_too_large_is_refused_and_nothing_changes,
);
