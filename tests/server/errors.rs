//! What the libraries answer by themselves, and bugs, as the contract wants them.

use std::io::{Read, Write};

use axum::body::Body;
use http::Request;
use tonic::Code;
use tonic_types::StatusExt;
use versioner::grpc::MAX_MESSAGE_BYTES;

use crate::{
    Story,
    client::{Answer, Client, frame_bytes, grpc, read},
    gate::{COLLECT, FAIL, IGNORE, PASS},
    limits,
};

async fn answer(
    client: &mut Client,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Answer {
    read(client.send(grpc(path, headers, body)).await.unwrap()).await
}

fn gzip(bytes: impl Read) -> Vec<u8> {
    let mut zipped = Vec::new();
    flate2::read::GzEncoder::new(bytes, flate2::Compression::fast())
        .read_to_end(&mut zipped)
        .unwrap();
    zipped
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_the_callers_fault() {
    let story = Story::begin(limits()).await;
    let mut client = story.client().await;
    let gzipped = [("grpc-encoding", "gzip")];
    for (what, headers, body) in [
        ("no field", &[][..], frame_bytes(0, &[0xff, 0xff])),
        ("bad UTF-8", &[], frame_bytes(0, &[0x0a, 1, 0xff])),
        ("cut field", &[], frame_bytes(0, &[0x0a, 9, b'x'])),
        ("invalid flag", &[], frame_bytes(7, b"")),
        ("compressed without an encoding", &[], frame_bytes(1, b"")),
        ("not gzip", &gzipped, frame_bytes(1, b"plain")),
        ("lying length", &[], [0, 0, 0, 0, 9, 1].to_vec()),
        ("half a length", &[], [0, 0].to_vec()),
        ("nothing", &[], Vec::new()),
    ] {
        // A stream of requests answers an empty one.
        let paths = if what == "nothing" {
            &[PASS][..]
        } else {
            &[PASS, COLLECT]
        };
        for path in paths {
            let answer = answer(&mut client, path, headers, body.clone()).await;
            assert_eq!(
                answer.status.code(),
                Code::InvalidArgument,
                "{what} {path}: {:?}",
                answer.status
            );
            assert_eq!(answer.reason(), "INVALID_FIELD", "{what}");
            let violations = answer
                .status
                .get_details_bad_request()
                .unwrap()
                .field_violations;
            assert_eq!(violations.len(), 1, "{what}");
        }
    }
}

#[tokio::test]
async fn a_message_that_is_too_large_exhausts_a_resource() {
    let story = Story::begin(limits()).await;
    let mut client = story.client().await;
    let large = vec![0; MAX_MESSAGE_BYTES + 1];
    let bomb = gzip(std::io::repeat(0).take(100 * 1024 * 1024));
    for (headers, body) in [
        (&[][..], frame_bytes(0, &large)),
        (&[("grpc-encoding", "gzip")], frame_bytes(1, &bomb)),
    ] {
        for path in [PASS, COLLECT] {
            let answer = answer(&mut client, path, headers, body.clone()).await;
            assert_eq!(
                answer.status.code(),
                Code::ResourceExhausted,
                "{:?}",
                answer.status
            );
            assert_eq!(answer.reason(), "MESSAGE_TOO_LARGE");
            assert!(answer.status.get_details_retry_info().is_none());
        }
    }
}

#[tokio::test]
async fn an_unknown_method_service_or_compression_is_unimplemented() {
    let story = Story::begin(limits()).await;
    let mut client = story.client().await;
    for (path, headers, message) in [
        (
            "/gate.v1.Gate/Climb",
            &[][..],
            "unknown method /gate.v1.Gate/Climb",
        ),
        (
            "/no.such.Service/Call",
            &[],
            "unknown method /no.such.Service/Call",
        ),
        (
            PASS,
            &[("grpc-encoding", "snappy")],
            "Content is compressed with `snappy` which isn't supported",
        ),
    ] {
        let answer = answer(&mut client, path, headers, frame_bytes(0, b"")).await;
        assert_eq!(answer.status.code(), Code::Unimplemented);
        assert_eq!(answer.status.message(), message);
        assert_eq!(answer.reason(), "UNIMPLEMENTED");
    }
}

#[tokio::test]
async fn an_error_without_details_gets_a_reason() {
    let story = Story::begin(limits()).await;
    let mut client = story.client().await;
    let answer = client.call(FAIL, "").await;
    assert_eq!(answer.status.code(), Code::NotFound);
    assert_eq!(answer.status.message(), "no such thing");
    assert_eq!(answer.reason(), "SERVICE_NOT_FOUND");
    assert_eq!(client.health("no.such.Service").await, Err(Code::NotFound));
}

#[tokio::test]
async fn i5_a_bug_is_internal_and_shows_nothing_but_an_id() {
    let story = Story::begin(limits()).await;
    let mut client = story.client().await;
    for (path, bug) in [
        (FAIL, "unknown"),
        (FAIL, "unknown with details"),
        (FAIL, "internal"),
        (FAIL, "panic"),
        (IGNORE, "panic"),
    ] {
        let answer = client
            .call_with(path, bug, &[("x-request-id", "run-42")])
            .await;
        assert_eq!(answer.status.code(), Code::Internal, "{bug}");
        assert_eq!(answer.reason(), "INTERNAL", "{bug}");
        assert_eq!(
            answer.status.message(),
            "internal error; quote request id run-42 when you report it"
        );
    }
    assert_eq!(client.call(PASS, "still there").await.text(), "still there");
}

const NO_SUCH_PATH: &str =
    r#"{"code":"PATH_NOT_FOUND","detail":"there is no such path; /docs lists all paths"}"#;

#[tokio::test]
async fn an_unknown_path_over_plain_http_is_a_404_as_json() {
    let story = Story::begin(limits()).await;
    let mut client = story.client().await;
    for (path, content_type) in [
        ("/", ""),
        ("/no/such/path", "application/json"),
        (PASS, "application/json"),
        (PASS, "application/grpc-web+proto"),
    ] {
        let request = Request::post(format!("http://localhost{path}"))
            .header("content-type", content_type)
            .body(Body::empty())
            .unwrap();
        let answer = read(client.send(request).await.unwrap()).await;
        assert_eq!(answer.http, 404, "{path}");
        assert_eq!(answer.headers["content-type"], "application/json");
        assert_eq!(answer.body, NO_SUCH_PATH);
    }

    let address = story.address;
    let http1 = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream
            .write_all(b"GET /no HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let http1 = http1.await.unwrap();
    assert!(http1.starts_with("HTTP/1.1 404 Not Found\r\n"), "{http1}");
    assert!(http1.contains("\r\nx-request-id: "), "{http1}");
    assert!(
        http1.ends_with(&format!("\r\n\r\n{NO_SUCH_PATH}")),
        "{http1}"
    );
}
