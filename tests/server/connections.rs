//! Connections that say nothing, too little, or are too many.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use versioner::server::Limits;

use crate::{Story, client::Client, gate::PASS, limits, soon, until};

fn hasty() -> Limits {
    Limits {
        first_bytes_timeout: Duration::from_millis(300),
        ..limits()
    }
}

#[tokio::test]
async fn a_connection_that_sends_no_request_in_time_is_closed() {
    let story = Story::begin(hasty()).await;
    for sent in [
        "",
        "PRI * HTTP/2.0\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\n",
        "\u{16}\u{3}\u{1}",
    ] {
        let began = Instant::now();
        let mut stream = TcpStream::connect(story.address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut received = Vec::new();
        // A reset is an end as well: what was sent may not have been read.
        let _ = soon(stream.read_to_end(&mut received)).await;
        assert!(received.is_empty(), "{sent:?}");
        assert!(began.elapsed() >= Duration::from_millis(300), "{sent:?}");
    }
}

#[tokio::test]
async fn a_request_may_come_in_pieces() {
    let story = Story::begin(limits()).await;
    let mut stream = TcpStream::connect(story.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    for piece in [
        "GET /no HT",
        "TP/1.1\r\nhost: x\r\nconnection: close\r",
        "\n\r\n",
    ] {
        stream.write_all(piece.as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut received = String::new();
    soon(stream.read_to_string(&mut received)).await.unwrap();
    assert!(received.starts_with("HTTP/1.1 404"), "{received}");
}

#[tokio::test]
async fn an_http2_connection_may_be_idle() {
    let story = Story::begin(hasty()).await;
    let mut client = story.client().await;
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(client.call(PASS, "awake").await.text(), "awake");
}

#[tokio::test]
async fn one_connection_too_many_is_closed_and_makes_way_later() {
    let story = Story::begin(Limits {
        max_connections: 1,
        // Not what closes the second one.
        first_bytes_timeout: Duration::from_secs(3600),
        ..limits()
    })
    .await;
    let mut first = story.client().await;
    assert_eq!(first.call(PASS, "first").await.text(), "first");

    let mut second = TcpStream::connect(story.address).await.unwrap();
    let end = soon(second.read(&mut [0; 1])).await;
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    assert_eq!(first.call(PASS, "still").await.text(), "still");

    drop(first);
    until(async || {
        let Ok(mut client) = Client::try_connect(story.address).await else {
            return false;
        };
        let request = crate::client::grpc(PASS, &[], vec![0; 5]);
        client.send(request).await.is_ok()
    })
    .await;
}
