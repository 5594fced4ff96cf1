//! What HTTP itself asks for: methods, encodings, sizes, origins, and gRPC on the same port.

use std::io::{Read, Write};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use http::Method;
use serde_json::json;
use versioner::{
    pb::{self, event_service_client::EventServiceClient},
    server::Limits,
};

use crate::story::{CURL, Story, soon};

const EVENT: &str = r#"{"product_name":"my-service","version":"1","status":"started"}"#;

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test]
async fn bodies_and_answers_may_be_compressed() {
    let story = Story::begin().await;
    let gzip = [CURL, ("content-encoding", "gzip")];
    let accepted = story
        .send(
            Method::POST,
            "/version-events",
            &gzip,
            packed(EVENT.as_bytes()),
        )
        .await;
    assert_eq!(accepted.ok()["version"], "1");
    let broken = story
        .send(Method::POST, "/version-events", &gzip, EVENT)
        .await;
    assert_eq!(broken.status, 400, "{broken:?}");

    let accepting = [("accept-encoding", "gzip")];
    let answer = story.send(Method::GET, "/versions", &accepting, "").await;
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    let mut text = String::new();
    GzDecoder::new(&answer.body[..])
        .read_to_string(&mut text)
        .unwrap();
    assert!(text.contains(r#""version":"1""#), "{text}");
    assert_eq!(
        story.get("/versions").await.header("content-encoding"),
        None
    );
}

#[tokio::test]
async fn what_is_too_large_is_refused_compressed_or_not() {
    let story = Story::begin().await;
    let with = |bytes: usize| format!(r#"{{"padding":"{}",{}"#, "x".repeat(bytes), &EVENT[1..]);
    let limit = 4 * 1024 * 1024;
    story.submit("/version-events", with(limit - 200)).await;
    let large = with(limit);
    let gzip = [("content-encoding", "gzip")];
    let bomb = packed(large.as_bytes());
    assert!(bomb.len() < 10_000);
    for answer in [
        story.post("/version-events", &large).await,
        story
            .send(Method::POST, "/version-events", &gzip, bomb)
            .await,
    ] {
        assert_eq!(answer.status, 413, "{answer:?}");
        let expected = json!({
            "detail": "the body must have at most 4194304 bytes", "code": "MESSAGE_TOO_LARGE",
        });
        assert_eq!(answer.json(), expected);
    }
}

#[tokio::test]
async fn what_clearly_is_no_json_is_refused() {
    let story = Story::begin().await;
    for (header, given) in [
        (("content-type", "text/xml"), "text/xml"),
        (
            ("content-type", "multipart/form-data; boundary=x"),
            "multipart/form-data",
        ),
        (("content-encoding", "br"), "br"),
        (("content-encoding", "gzip, gzip"), "gzip, gzip"),
    ] {
        let answer = story
            .send(Method::POST, "/version-events/", &[header], EVENT)
            .await;
        assert_eq!(answer.status, 415, "{header:?}");
        let answer = answer.json();
        let detail = answer["detail"].as_str().unwrap();
        assert!(
            detail.ends_with(&format!(" or left out, not {given}")),
            "{detail}"
        );
        assert_eq!(answer["code"], "UNSUPPORTED_MEDIA_TYPE");
    }
}

#[tokio::test]
async fn head_and_options_are_answered_and_other_methods_refused() {
    let story = Story::begin().await;
    let get = story.get("/versions/").await;
    let head = story.send(Method::HEAD, "/versions/", &[], "").await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), get.header("content-length"));
    for (path, allow) in [
        ("/versions", "GET, HEAD, OPTIONS"),
        ("/version-events/", "POST, OPTIONS"),
        ("/events/", "POST, GET, HEAD, OPTIONS"),
        ("/products/7", "GET, PATCH, DELETE, HEAD, OPTIONS"),
        ("/health", "GET, HEAD, OPTIONS"),
        ("/docs/", "GET, HEAD, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
    ] {
        let options = story.send(Method::OPTIONS, path, &[], "").await;
        assert_eq!(options.status, 204);
        assert_eq!(options.header("allow"), Some(allow), "{path}");
        let put = story.send(Method::PUT, path, &[], "{}").await;
        assert_eq!(put.status, 405);
        assert_eq!(put.header("allow"), Some(allow), "{path}");
        let put = put.json();
        let detail = put["detail"].as_str().unwrap();
        assert!(
            detail.starts_with("method PUT is not allowed; use "),
            "{detail}"
        );
        assert_eq!(put["code"], "METHOD_NOT_ALLOWED");
    }
    let get = story.get("/version-events/").await.json();
    assert_eq!(get["detail"], "method GET is not allowed; use POST");
}

#[tokio::test]
async fn an_unknown_path_has_no_answer_on_either_face() {
    let story = Story::begin().await;
    for path in [
        "/version",
        "/versions//",
        "/versions/a/b",
        "/products/%ff",
        "/docs/x",
    ] {
        let answer = story.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        let expected = json!({
            "detail": "there is no such path; /docs lists all paths", "code": "PATH_NOT_FOUND",
        });
        assert_eq!(answer.json(), expected);
    }
    let grpc = [("content-type", "application/grpc")];
    let answer = story.send(Method::POST, "/versions", &grpc, "").await;
    assert_eq!(answer.header("grpc-status"), Some("12"));
}

#[tokio::test]
async fn the_root_leads_to_the_documentation() {
    let story = Story::begin().await;
    let answer = story.get("/").await;
    assert_eq!(answer.status, 307);
    assert_eq!(answer.header("location"), Some("/docs"));
}

#[tokio::test]
async fn health_is_json() {
    let story = Story::begin().await;
    assert_eq!(story.read("/health").await, json!({"status": "ok"}));
    assert_eq!(story.read("/health/").await, json!({"status": "ok"}));
}

#[tokio::test]
async fn pages_of_other_origins_are_let_in_only_where_that_is_set() {
    let origin = ("origin", "https://builds.example.com");
    let asks = ("access-control-request-method", "POST");
    let allowed = "access-control-allow-origin";
    let story = Story::begin().await;
    let answer = story.send(Method::GET, "/versions", &[origin], "").await;
    assert_eq!(answer.header(allowed), None);
    let preflight = story
        .send(Method::OPTIONS, "/version-events", &[origin, asks], "")
        .await;
    assert_eq!(preflight.header(allowed), None);

    let cors_origins = vec![origin.1.to_owned(), "https://other.example".to_owned()];
    let story = Story::with(Limits {
        cors_origins,
        ..Limits::default()
    })
    .await;
    let answer = story.send(Method::GET, "/versions", &[origin], "").await;
    assert_eq!(answer.header(allowed), Some(origin.1));
    assert!(
        answer
            .header("access-control-expose-headers")
            .unwrap()
            .contains("link")
    );
    let preflight = story
        .send(Method::OPTIONS, "/version-events", &[origin, asks], "")
        .await;
    assert_eq!(
        (preflight.status.as_u16(), preflight.header(allowed)),
        (200, Some(origin.1))
    );
    assert!(
        preflight
            .header("access-control-allow-methods")
            .unwrap()
            .contains("POST")
    );
    let evil = [("origin", "https://evil.example")];
    let answer = story.send(Method::GET, "/versions", &evil, "").await;
    assert_eq!(answer.header(allowed), None);
}

#[tokio::test]
async fn the_request_id_comes_back_and_credentials_are_not_looked_at() {
    let story = Story::begin().await;
    let headers = [
        CURL,
        ("x-request-id", "run-7"),
        ("authorization", "Bearer secret"),
    ];
    let answer = story
        .send(Method::POST, "/version-events/", &headers, EVENT)
        .await;
    answer.ok();
    assert_eq!(answer.header("x-request-id"), Some("run-7"));
    assert!(
        story
            .get("/versions")
            .await
            .header("x-request-id")
            .is_some()
    );
}

#[tokio::test]
async fn http2_without_tls_is_supported_too() {
    let story = Story::begin().await;
    story.submit("/version-events", EVENT).await;
    let answer = story.get_by_http2("/versions/?product=my-service").await;
    assert_eq!(answer.ok()["versions"][0]["version"], "1");
}

#[tokio::test]
async fn grpc_and_json_share_the_port_under_load() {
    const CALLS: usize = 50;
    let story = Story::begin().await;
    let channel = story.channel();
    let by_grpc = (0..CALLS).map(|i| {
        let mut events = EventServiceClient::new(channel.clone());
        async move {
            let request = pb::SubmitVersionEventRequest {
                event: Some(pb::VersionEvent {
                    product_name: "grpc".into(),
                    version: i.to_string(),
                    status: pb::BuildStatus::Started.into(),
                    ..Default::default()
                }),
                validate_only: false,
            };
            events.submit_version_event(request).await.unwrap();
        }
    });
    let story = std::sync::Arc::new(story);
    let by_json = (0..CALLS).map(|i| {
        let story = story.clone();
        async move {
            let event =
                json!({"product_name": "json", "version": i.to_string(), "status": "started"});
            story.submit("/version-events/", event).await;
        }
    });
    let mut tasks = tokio::task::JoinSet::new();
    for (grpc, json) in by_grpc.zip(by_json) {
        tasks.spawn(grpc);
        tasks.spawn(json);
    }
    soon(async {
        while let Some(ended) = tasks.join_next().await {
            ended.expect("no call fails");
        }
    })
    .await;
    let log = story.read("/events/?page_size=1000").await;
    assert_eq!(log["events"].as_array().unwrap().len(), 2 * CALLS);
}
