//! Deadlines, cancelled calls, too many calls, ids.

use std::time::{Duration, Instant};

use axum::body::Body;
use http::Request;
use tokio_stream::StreamExt;
use tonic::Code;
use tonic_types::StatusExt;
use versioner::server::Limits;

use crate::{
    Story,
    client::{frame, grpc, next, read},
    gate::{COLLECT, FOLLOW, HOLD, IGNORE, PASS, words},
    limits, soon, until,
};

fn impatient() -> Limits {
    Limits {
        request_timeout: Duration::from_millis(200),
        ..limits()
    }
}

#[tokio::test]
async fn i5_deadline_is_answered_in_time_and_the_work_goes_on_to_its_end() {
    let story = Story::begin(limits()).await;
    let began = Instant::now();
    let answer = story
        .client()
        .await
        .call_with(HOLD, "", &[("grpc-timeout", "200m")])
        .await;
    assert_eq!(answer.status.code(), Code::DeadlineExceeded);
    assert_eq!(answer.reason(), "DEADLINE_EXCEEDED");
    assert!(began.elapsed() >= Duration::from_millis(200));
    assert!(began.elapsed() < Duration::from_millis(1_200));

    story.gate.entered(1).await;
    assert_eq!(story.gate.calls_left(), 0);
    story.gate.open();
    story.gate.left(1).await;
}

#[tokio::test]
async fn i5_the_server_has_a_deadline_of_its_own_for_calls_but_not_for_streams() {
    let story = Story::begin(impatient()).await;
    let mut client = story.client().await;
    let mut stream = client
        .send(grpc(FOLLOW, &[], frame(&words(""))))
        .await
        .unwrap();
    next(&mut stream).await;
    for headers in [&[][..], &[("grpc-timeout", "99999999H")]] {
        let answer = client.call_with(HOLD, "", headers).await;
        assert_eq!(answer.status.code(), Code::DeadlineExceeded);
    }
    assert_eq!(
        client.call(PASS, "deadline").await.text(),
        "there is a deadline"
    );

    // The stream has been open for longer than a call may take; what ends it is the drain.
    story.shutdown.drain();
    assert_eq!(read(stream).await.status.message(), "go on from position 7");
}

#[tokio::test]
async fn i5_a_streams_deadline_is_its_callers() {
    let story = Story::begin(limits()).await;
    let mut client = story.client().await;
    let began = Instant::now();
    let answer = client
        .call_with(IGNORE, "", &[("grpc-timeout", "200m")])
        .await;
    assert_eq!(answer.status.code(), Code::DeadlineExceeded);
    assert!(!answer.body.is_empty());
    assert!(began.elapsed() < Duration::from_millis(1_200));
}

#[tokio::test]
async fn i5_a_deadline_that_has_passed_already_runs_nothing() {
    let story = Story::begin(limits()).await;
    let mut client = story.client().await;
    let answer = client
        .call_with(COLLECT, "", &[("grpc-timeout", "0S")])
        .await;
    assert_eq!(answer.status.code(), Code::DeadlineExceeded);
    // Had it begun, it would have done so before this one.
    assert_eq!(client.call(PASS, "on").await.text(), "on");
    assert_eq!(story.gate.calls_entered(), 0);
}

#[tokio::test]
async fn a_malformed_timeout_is_refused_and_named() {
    let story = Story::begin(limits()).await;
    let mut client = story.client().await;
    for timeout in ["123456789S", "5", "-1S", "5s", ""] {
        let answer = client
            .call_with(PASS, "", &[("grpc-timeout", timeout)])
            .await;
        assert_eq!(answer.status.code(), Code::InvalidArgument, "{timeout:?}");
        assert_eq!(answer.reason(), "INVALID_FIELD");
        let violations = answer
            .status
            .get_details_bad_request()
            .unwrap()
            .field_violations;
        assert_eq!(violations[0].field, "grpc-timeout");
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_keeps_no_call_alive() {
    let story = Story::begin(Limits {
        max_requests: 1,
        ..impatient()
    })
    .await;
    let mut client = story.client().await;
    let first_byte = tokio_stream::once(Ok::<_, std::io::Error>(vec![0]));
    let body = Body::from_stream(first_byte.chain(tokio_stream::pending()));
    let answer = client.send(grpc(PASS, &[], body)).await.unwrap();
    assert_eq!(read(answer).await.status.code(), Code::DeadlineExceeded);
    until(async || client.clone().call(PASS, "").await.status.code() == Code::Ok).await;
}

#[tokio::test]
async fn i2_a_caller_that_leaves_cuts_no_work_off() {
    let story = Story::begin(limits()).await;
    let mut leaving = story.client().await;
    let call = tokio::spawn(async move { leaving.call(HOLD, "").await });
    story.gate.entered(1).await;
    call.abort();
    assert!(call.await.is_err_and(|error| error.is_cancelled()));

    // The server has heard of it when it has answered a later call on another connection.
    assert_eq!(story.client().await.call(PASS, "on").await.text(), "on");
    assert_eq!(story.gate.calls_left(), 0);
    story.gate.open();
    story.gate.left(1).await;
}

#[tokio::test]
async fn one_call_too_many_is_refused_until_another_has_really_ended() {
    let story = Story::begin(Limits {
        max_requests: 1,
        ..limits()
    })
    .await;
    let mut client = story.client().await;
    let answer = client
        .call_with(HOLD, "", &[("grpc-timeout", "200m")])
        .await;
    assert_eq!(answer.status.code(), Code::DeadlineExceeded);

    let answer = client.call(PASS, "").await;
    assert_eq!(answer.status.code(), Code::ResourceExhausted);
    assert_eq!(answer.reason(), "OVERLOADED");
    let retry = answer.status.get_details_retry_info().unwrap();
    assert_eq!(retry.retry_delay, Some(Duration::from_secs(1)));

    let request = Request::post("http://localhost/hold")
        .body(Body::empty())
        .unwrap();
    let answer = read(client.send(request).await.unwrap()).await;
    assert_eq!(answer.http, 429);
    assert_eq!(answer.headers["retry-after"], "1");

    assert!(client.health("liveness").await.is_ok());
    let stream = client.send(grpc(FOLLOW, &[], frame(&words("")))).await;
    assert!(!stream.unwrap().headers().contains_key("grpc-status"));

    story.gate.open();
    until(async || client.clone().call(PASS, "").await.status.code() == Code::Ok).await;
}

#[tokio::test]
async fn streams_have_a_limit_of_their_own() {
    let story = Story::begin(Limits {
        max_streams: 1,
        ..limits()
    })
    .await;
    let mut client = story.client().await;
    let mut stream = client
        .send(grpc(FOLLOW, &[], frame(&words(""))))
        .await
        .unwrap();
    next(&mut stream).await;
    let answer = client.call(FOLLOW, "").await;
    assert_eq!(answer.status.code(), Code::ResourceExhausted);
    assert_eq!(answer.reason(), "OVERLOADED");
    assert_eq!(client.call(PASS, "on").await.text(), "on");

    drop(stream);
    until(async || {
        let stream = client
            .clone()
            .send(grpc(FOLLOW, &[], frame(&words(""))))
            .await;
        !stream.unwrap().headers().contains_key("grpc-status")
    })
    .await;
}

#[tokio::test]
async fn the_deadline_over_plain_http_is_a_504() {
    let story = Story::begin(impatient()).await;
    let request = Request::post("http://localhost/hold")
        .body(Body::empty())
        .unwrap();
    let answer = read(story.client().await.send(request).await.unwrap()).await;
    assert_eq!(answer.http, 504);
    assert_eq!(answer.headers["content-type"], "application/json");
    let json: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert!(
        json["detail"]
            .as_str()
            .unwrap()
            .starts_with("the deadline passed")
    );
    story.gate.open();
    story.gate.left(1).await;
}

#[tokio::test]
async fn a_request_id_is_returned_and_made_where_none_is_fit() {
    let story = Story::begin(limits()).await;
    let mut client = story.client().await;
    let mut id = async |sent: &str| {
        let answer = client.call_with(PASS, "", &[("x-request-id", sent)]).await;
        answer.headers["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(id("run-42.a:b_c").await, "run-42.a:b_c");
    let long = "x".repeat(129);
    for unfit in ["", "two words", "code=\"OK\"", &long] {
        let made: uuid::Uuid = id(unfit).await.parse().expect("a UUID");
        assert_eq!(made.get_version_num(), 7);
    }
}

#[tokio::test]
async fn reflection_lists_the_services_in_both_versions() {
    use tonic_reflection::pb::v1::{
        ServerReflectionRequest, ServerReflectionResponse,
        server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
    };
    let story = Story::begin(limits()).await;
    let mut client = story.client().await;
    let list = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    for version in ["v1", "v1alpha"] {
        let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
        let answer = client.send(grpc(&path, &[], frame(&list))).await.unwrap();
        let answer = soon(read(answer))
            .await
            .message::<ServerReflectionResponse>();
        let Some(MessageResponse::ListServicesResponse(services)) = answer.message_response else {
            panic!("{answer:?}");
        };
        let mut names: Vec<_> = services
            .service
            .into_iter()
            .map(|service| service.name)
            .collect();
        names.sort();
        assert_eq!(
            names,
            [
                "gate.v1.Gate",
                "grpc.health.v1.Health",
                "grpc.reflection.v1.ServerReflection",
                "grpc.reflection.v1alpha.ServerReflection"
            ]
        );
    }
}
