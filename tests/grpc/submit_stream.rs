//! `SubmitEvents`: a stream of events, each answered in its turn.

use prost::Message;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Streaming};
use tonic_prost::ProstCodec;
use versioner::pb::{self, BuildStatus, event_submission::Event};

use crate::{
    facts::{SHA, build},
    refusal::{event_refusal, receipt, refusal},
    story::{Story, soon, until},
};

fn message(event: pb::VersionEvent) -> pb::SubmitEventsRequest {
    let event = Some(Event::VersionEvent(event));
    pb::SubmitEventsRequest {
        event: Some(pb::EventSubmission { event }),
    }
}

async fn open(
    story: &Story,
    messages: impl tokio_stream::Stream<Item = pb::SubmitEventsRequest> + Send + 'static,
) -> Streaming<pb::SubmitEventsResponse> {
    let answers = story.events().submit_events(messages).await;
    answers.expect("a stream").into_inner()
}

async fn next(
    answers: &mut Streaming<pb::SubmitEventsResponse>,
) -> Option<pb::SubmitEventsResponse> {
    soon(answers.message()).await.expect("no error")
}

async fn each_event_is_answered_in_its_turn_and_a_refused_one_does_not_end_the_stream(
    story: Story,
) {
    let event = |event_id: &str, scm_sha: &str| {
        message(pb::VersionEvent {
            event_id: event_id.into(),
            scm_sha: scm_sha.into(),
            ..build("1.0.0", BuildStatus::Started)
        })
    };
    let messages = vec![
        event("a", SHA),
        event("b", &"0".repeat(40)),
        message(pb::VersionEvent::default()),
        pb::SubmitEventsRequest::default(),
        pb::SubmitEventsRequest {
            event: Some(pb::EventSubmission::default()),
        },
        event("a", SHA),
        event("c", SHA),
    ];
    let mut answers = open(&story, tokio_stream::iter(messages)).await;
    let mut results = Vec::new();
    while let Some(answer) = next(&mut answers).await {
        assert_eq!(answer.index, i64::try_from(results.len()).unwrap());
        results.push(answer.result.unwrap());
    }
    assert_eq!(results.len(), 7);
    assert_eq!(receipt(&results[0]).position, 1);
    assert_eq!(receipt(&results[6]).position, 2);
    let repeat = receipt(&results[5]);
    assert_eq!((repeat.position, repeat.duplicate), (1, true));
    let refused: Vec<String> = (1..5)
        .map(|i| format!("{i}: {}", event_refusal(&results[i])))
        .collect();
    assert_told!(refused.join("\n"), @"
    1: AlreadyExists VERSION_COMMIT_CONFLICT
    message: version 1.0.0 of my-service was built from commit abc123def4567890abc123def4567890abc123de; the commit of a version is permanent; the event has 0000000000000000000000000000000000000000
    given_scm_sha: 0000000000000000000000000000000000000000
    product_name: my-service
    recorded_scm_sha: abc123def4567890abc123def4567890abc123de
    version: 1.0.0
    2: InvalidArgument INVALID_FIELD
    event.version_event.product_name is required
    event.version_event.version is required
    event.version_event.status is required: pending, started, completed, failed or aborted
    3: InvalidArgument INVALID_FIELD
    event is required
    4: InvalidArgument INVALID_FIELD
    event must have version_event, deployment_event or check_event
    ");
}

async fn r8_an_event_is_answered_while_the_stream_is_open_and_is_recorded_by_then(story: Story) {
    let (send, messages) = mpsc::channel(1);
    let mut answers = open(&story, ReceiverStream::new(messages)).await;
    for i in 0..5 {
        let event = build(&format!("1.0.{i}"), BuildStatus::Started);
        send.send(message(event)).await.unwrap();
        let answer = next(&mut answers).await.unwrap();
        assert_eq!(answer.index, i);
        let log = story.log().await;
        assert_eq!(log.last().unwrap().position, i + 1);
    }
    drop(send);
    assert_eq!(next(&mut answers).await, None);
}

async fn three_thousand_events_go_through_the_window_of_1024(story: Story) {
    let events = (0..3_000).map(|i| {
        message(pb::VersionEvent {
            event_id: format!("e-{i}"),
            ..build(&format!("1.{i}"), BuildStatus::Completed)
        })
    });
    let mut answers = open(&story, tokio_stream::iter(events)).await;
    // Nobody reads the answers yet, and so many are recorded.
    let recorded = async || story.store.last_position().await.unwrap();
    until(async || recorded().await >= 1_024).await;
    for i in 0..3_000 {
        let answer = next(&mut answers).await.unwrap();
        assert_eq!(answer.index, i);
        let result = answer.result.unwrap();
        let receipt = receipt(&result);
        assert_eq!((receipt.position, receipt.duplicate), (i + 1, false));
        assert_eq!(receipt.event_id, format!("e-{i}"));
    }
    assert_eq!(next(&mut answers).await, None);
    assert_eq!(recorded().await, 3_000);
}

/// A message of the stream whose event may be any bytes.
#[derive(Clone, PartialEq, Message)]
struct Bytes {
    #[prost(bytes = "vec", tag = "1")]
    event: Vec<u8>,
}

#[tokio::test]
async fn a_message_that_cannot_be_decoded_ends_the_stream_after_the_answers_before_it() {
    let story = Story::on_sqlite().await;
    let good = |version| {
        let event = Event::VersionEvent(build(version, BuildStatus::Started));
        let submission = pb::EventSubmission { event: Some(event) };
        Bytes {
            event: submission.encode_to_vec(),
        }
    };
    let garbled = Bytes {
        event: vec![0xff, 0xff],
    };
    let messages = tokio_stream::iter([good("1.0.0"), garbled, good("1.0.1")]);
    let mut client = tonic::client::Grpc::new(story.channel.clone());
    client.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/versioner.v1.EventService/SubmitEvents");
    let codec = ProstCodec::<Bytes, pb::SubmitEventsResponse>::default();
    let answers = client.streaming(Request::new(messages), path, codec).await;
    let mut answers = answers.unwrap().into_inner();

    let first = next(&mut answers).await.unwrap();
    assert_eq!(receipt(&first.result.unwrap()).position, 1);
    assert_told!(refusal(soon(answers.message()).await), @"
    InvalidArgument INVALID_FIELD
    message: failed to decode Protobuf message: SubmitEventsRequest.event: invalid varint
    request failed to decode Protobuf message: SubmitEventsRequest.event: invalid varint
    ");
    assert_eq!(story.log().await.len(), 1);
}

#[tokio::test]
async fn a_server_that_leaves_answers_what_it_has_and_ends_the_stream() {
    let story = Story::on_sqlite().await;
    let (send, messages) = mpsc::channel(10);
    let mut answers = open(&story, ReceiverStream::new(messages)).await;
    for version in ["1.0.0", "1.0.1"] {
        send.send(message(build(version, BuildStatus::Started)))
            .await
            .unwrap();
    }
    for position in 1..=2 {
        let answer = next(&mut answers).await.unwrap();
        assert_eq!(receipt(&answer.result.unwrap()).position, position);
    }
    story.drain();
    assert_told!(refusal(soon(answers.message()).await), @"
    Unavailable SHUTTING_DOWN
    message: this server is shutting down; open the stream again and send the events that were not acknowledged
    retry after: Some(1s)
    ");
}

on_both_engines!(
    each_event_is_answered_in_its_turn_and_a_refused_one_does_not_end_the_stream,
    r8_an_event_is_answered_while_the_stream_is_open_and_is_recorded_by_then,
    three_thousand_events_go_through_the_window_of_1024,
);
