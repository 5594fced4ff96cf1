//! Leaving: in good order where the peers let it, and in time where they do not.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tonic::Code;
use tonic_health::ServingStatus;
use versioner::server::Limits;

use crate::{
    Story,
    client::{Client, frame, grpc, health_request, next, read},
    gate::{FOLLOW, HOLD, IGNORE, PASS, words},
    limits, soon, until,
};

const NOT_SERVING: i32 = ServingStatus::NotServing as i32;

#[tokio::test]
async fn a_drain_ends_in_time_whatever_the_peers_do() {
    let story = Story::begin(Limits {
        drain_timeout: Duration::from_secs(4),
        ..limits()
    })
    .await;

    let mut silent = TcpStream::connect(story.address).await.unwrap();
    // Speaks HTTP/2, and never again: not even to say that it heard of the end.
    let mut dead = TcpStream::connect(story.address).await.unwrap();
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    dead.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        .await
        .unwrap();
    dead.write_all(&settings).await.unwrap();
    dead.read_exact(&mut [0; 9]).await.unwrap();
    let mut client = story.client().await;
    let mut watch = client
        .send(health_request("/grpc.health.v1.Health/Watch", "liveness"))
        .await
        .unwrap();
    next(&mut watch).await;
    let mut following = client
        .send(grpc(FOLLOW, &[], frame(&words(""))))
        .await
        .unwrap();
    next(&mut following).await;
    let mut ignoring = client
        .send(grpc(IGNORE, &[], frame(&words(""))))
        .await
        .unwrap();
    next(&mut ignoring).await;

    let began = Instant::now();
    story.shutdown.drain();
    let following = read(following).await;
    assert_eq!(following.status.code(), Code::Unavailable);
    assert_eq!(following.status.message(), "go on from position 7");
    assert_eq!(following.reason(), "SHUTTING_DOWN");
    for stream in [watch, ignoring] {
        let stream = read(stream).await;
        assert_eq!(stream.status.code(), Code::Unavailable);
        assert_eq!(stream.reason(), "SHUTTING_DOWN");
    }
    let drained = story.ended().await;
    assert_eq!(drained.connections_cut, 1, "the dead peer's");
    assert!(!drained.finished());
    assert!(began.elapsed() >= Duration::from_secs(4));
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(soon(silent.read(&mut [0; 1])).await.unwrap(), 0);
}

#[tokio::test]
async fn a_drain_waits_for_calls_in_flight_and_no_longer() {
    let story = Story::begin(limits()).await;
    let client = story.client().await;
    let mut holding = client.clone();
    let call = tokio::spawn(async move { holding.call(HOLD, "").await });
    story.gate.entered(1).await;

    let began = Instant::now();
    story.shutdown.drain();
    until(async || Client::try_connect(story.address).await.is_err()).await;
    until(async || {
        let request = grpc(PASS, &[], frame(&words("")));
        client.clone().send(request).await.is_err()
    })
    .await;
    story.gate.open();
    assert_eq!(call.await.unwrap().text(), "held");
    assert!(story.ended().await.finished());
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn a_drain_waits_for_work_that_nobody_waits_for() {
    let story = Story::begin(limits()).await;
    let mut client = story.client().await;
    client
        .call_with(HOLD, "", &[("grpc-timeout", "100m")])
        .await;
    drop(client);
    let gate = story.gate.clone();
    story.shutdown.drain();
    until(async || Client::try_connect(story.address).await.is_err()).await;
    let ended = tokio::spawn(story.ended());
    assert_eq!(gate.calls_left(), 0);
    gate.open();
    assert!(ended.await.unwrap().finished());
    assert_eq!(gate.calls_left(), 1);
}

#[tokio::test]
async fn work_that_does_not_end_is_counted_when_the_time_is_up() {
    let story = Story::begin(Limits {
        drain_timeout: Duration::from_millis(300),
        ..limits()
    })
    .await;
    let mut client = story.client().await;
    client
        .call_with(HOLD, "", &[("grpc-timeout", "100m")])
        .await;
    story.shutdown.drain();
    assert_eq!(story.ended().await.calls_cut, 1);
}

#[tokio::test]
async fn calls_are_answered_during_the_drain_delay_while_health_says_not_serving() {
    let story = Story::begin(Limits {
        drain_delay: Duration::from_secs(3600),
        drain_timeout: Duration::from_secs(7200),
        ..limits()
    })
    .await;
    let mut client = story.client().await;
    let ready = Ok(ServingStatus::Serving as i32);
    until(async || client.clone().health("").await == ready).await;

    story.shutdown.drain();
    until(async || client.clone().health("").await == Ok(NOT_SERVING)).await;
    assert_eq!(client.health("gate.v1.Gate").await, Ok(NOT_SERVING));
    assert_eq!(client.health("liveness").await, ready);
    let mut late = story.client().await;
    assert_eq!(late.call(PASS, "late").await.text(), "late");

    // And a second order ends it at once, with calls in flight and streams open.
    let call = tokio::spawn(async move { client.call(HOLD, "").await });
    story.gate.entered(1).await;
    story.shutdown.now();
    let drained = story.ended().await;
    assert_eq!(drained.calls_cut, 1);
    assert_eq!(drained.connections_cut, 2);
    assert!(call.await.is_err(), "the connection was cut");
}
