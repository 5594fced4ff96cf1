//! Large messages: refused beyond 4 MiB, and taken compressed.

use tonic::codec::CompressionEncoding;
use versioner::pb::{self, BuildStatus, event_submission::Event};

use crate::{
    facts::{build, object},
    refusal::{receipt, refusal},
    story::Story,
};

/// Events with about 100 kB each.
fn large_events(count: usize) -> pb::BatchSubmitEventsRequest {
    let events = (0..count).map(|i| pb::EventSubmission {
        event: Some(Event::VersionEvent(pb::VersionEvent {
            extra_metadata: object(serde_json::json!({"a": "x".repeat(100_000)})),
            ..build(&format!("1.{i}"), BuildStatus::Completed)
        })),
    });
    pb::BatchSubmitEventsRequest {
        events: events.collect(),
        validate_only: false,
    }
}

#[tokio::test]
async fn a_message_of_more_than_4_mib_exhausts_a_resource_compressed_or_not() {
    let story = Story::on_sqlite().await;
    let answer = story.events().batch_submit_events(large_events(42)).await;
    assert_told!(refusal(answer), @"
    ResourceExhausted MESSAGE_TOO_LARGE
    message: Error, decoded message length too large: found 4202006 bytes, the limit is: 4194304 bytes
    ");
    let mut compressing = story.events().send_compressed(CompressionEncoding::Gzip);
    let answer = compressing.batch_submit_events(large_events(42)).await;
    assert_told!(refusal(answer), @"
    ResourceExhausted MESSAGE_TOO_LARGE
    message: Error decompressing: size limit, of 4194304 bytes, exceeded while decompressing message
    ");
    let answer = story.events().batch_submit_events(large_events(41)).await;
    assert_eq!(answer.unwrap().into_inner().results.len(), 41);
}

#[tokio::test]
async fn compressed_requests_are_taken_and_answered_compressed_where_that_is_asked_for() {
    let story = Story::on_sqlite().await;
    let mut events = story
        .events()
        .send_compressed(CompressionEncoding::Gzip)
        .accept_compressed(CompressionEncoding::Gzip);
    let answer = events.batch_submit_events(large_events(3)).await.unwrap();
    let encoding = |metadata: &tonic::metadata::MetadataMap| {
        metadata.get("grpc-encoding").map(|e| e.as_bytes().to_vec())
    };
    assert_eq!(encoding(answer.metadata()), Some(b"gzip".to_vec()));
    let results = answer.into_inner().results;
    assert!(results.iter().map(|r| receipt(r).position).eq(1..=3));

    let stream = tokio_stream::iter([pb::SubmitEventsRequest {
        event: large_events(4).events.pop(),
    }]);
    let mut answers = events.submit_events(stream).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    assert_eq!(receipt(&answer.result.unwrap()).position, 4);

    let list = pb::ListEventsRequest::default;
    let compressed = events.list_events(list()).await.unwrap();
    let plain = story.events().list_events(list()).await.unwrap();
    assert_eq!(encoding(plain.metadata()), None);
    assert_eq!(plain.into_inner(), compressed.into_inner());
}
