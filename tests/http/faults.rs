//! Events that are refused: everything that is wrong is named at once, under the names that gRPC has for it.

use serde_json::{Value, json};
use tonic::Code;
use tonic_types::StatusExt;
use versioner::pb::{self, event_service_client::EventServiceClient};

use crate::story::Story;

#[tokio::test]
async fn everything_that_is_wrong_is_named_at_once_and_as_over_grpc() {
    let story = Story::begin().await;
    let far = "2999-01-01T00:00:00Z";
    let long = "x".repeat(256);
    let body = json!({
        "version": long, "status": "started", "event_id": "a\u{0}b", "occurred_at": far,
        "invoke_attempt": -1, "built_by": long, "scm_sha": long, "build_url": "u".repeat(2049),
        "error_message": "e".repeat(4097),
    });
    let by_http = story.post("/version-events/", body).await.faults();
    let event = pb::VersionEvent {
        version: long.clone(),
        status: pb::BuildStatus::Started.into(),
        event_id: "a\0b".into(),
        occurred_at: Some(far.parse().unwrap()),
        invoke_attempt: -1,
        built_by: long.clone(),
        scm_sha: long,
        build_url: "u".repeat(2049),
        error_message: "e".repeat(4097),
        ..Default::default()
    };
    let request = pb::SubmitVersionEventRequest {
        event: Some(event),
        validate_only: false,
    };
    let mut grpc = EventServiceClient::new(story.channel());
    let status = grpc.submit_version_event(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let by_grpc = status.get_details_bad_request().unwrap().field_violations;
    let by_grpc: Vec<String> = by_grpc
        .into_iter()
        .map(|fault| fault.field.replace("event.", "body."))
        .collect();
    assert_eq!(by_http, by_grpc);
    assert_eq!(by_http.len(), 9);
}

#[tokio::test]
async fn a_field_of_the_wrong_type_is_named_once_with_all_the_others() {
    let story = Story::begin().await;
    let body = json!({
        "version": 5, "status": true, "built_by": ["x"], "occurred_at": 1_700_000_000,
        "started_at": "yesterday", "invoke_attempt": "1", "extra_metadata": "none",
        "scm_sha": {"sha": "a"}, "event_id": 1.5,
    });
    let answer = story.post("/version-events/", body).await;
    let mut faults = answer.faults();
    faults.sort();
    assert_eq!(
        faults,
        [
            "body.built_by",
            "body.event_id",
            "body.extra_metadata",
            "body.invoke_attempt",
            "body.occurred_at",
            "body.product_name",
            "body.scm_sha",
            "body.started_at",
            "body.status",
            "body.version"
        ]
    );
    let version = json!({
        "loc": ["body", "version"], "msg": "version must be a string, not a number", "type": "type_error",
    });
    let detail = answer.json()["detail"].as_array().unwrap().clone();
    assert!(detail.contains(&version), "{detail:?}");
    let product = detail
        .iter()
        .find(|fault| fault["loc"] == json!(["body", "product_name"]))
        .unwrap();
    assert_eq!(product["type"], "missing");
    let started = detail
        .iter()
        .find(|fault| fault["loc"] == json!(["body", "started_at"]))
        .unwrap();
    assert_eq!(started["type"], "value_error");
    assert_eq!(answer.json()["code"], "INVALID_FIELD");

    let check = json!({
        "product_name": "p", "check_name": "c", "kind": 1, "status": "passed", "scm_sha": 7,
        "counts": {"a": 1, "b": "2"},
    });
    let faults = story.post("/check-events/", check).await.faults();
    assert_eq!(faults, ["body.scm_sha", "body.kind", "body.counts"]);
}

#[tokio::test]
async fn what_is_unknown_is_ignored_and_null_is_left_out() {
    let story = Story::begin().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let event = format!(
        r#"{{"product_name":"my-service","version":"1","status":"started","built_by":null,
            "invoke_attempt":1.0,"invoke_id":"7","environment_name":5,"kind":[],"colour":{deep}}}"#
    );
    let answer = story.submit("/version-events/", event).await;
    let ignored = ["environment_name", "kind", "colour"]
        .map(|field| json!({"field": field, "did_you_mean": null}));
    assert_eq!(answer["ignored_fields"], json!(ignored));
    let build = story
        .read(&format!("/builds/{}", answer["id"].as_str().unwrap()))
        .await;
    assert_eq!(build["built_by"], Value::Null);
    assert_eq!(build["invoke_attempt"], 1);
}

#[tokio::test]
async fn what_is_no_json_object_is_a_bad_request() {
    let story = Story::begin().await;
    const INVALID: &str = "the body is not valid JSON: ";
    for (body, expected) in [
        ("", "the body must be a JSON object (is empty)"),
        ("status=started", INVALID),
        ("[]", "the body must be a JSON object, not an array"),
        ("null", "the body must be a JSON object, not null"),
        ("7", "the body must be a JSON object, not a number"),
        (r#""text""#, "the body must be a JSON object, not a string"),
        ("{", INVALID),
        (r#"{"a":1} {"a":1}"#, INVALID),
        (r#"{"a":NaN}"#, INVALID),
        ("{'a':1}", INVALID),
    ] {
        let answer = story.post("/version-events/", body).await;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        let answer = answer.json();
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.starts_with(expected), "{detail}");
        assert_eq!(answer["code"], "INVALID_FIELD");
    }
    let raw = story
        .send(
            http::Method::POST,
            "/version-events/",
            &[],
            &b"{\"a\":\"\xff\"}"[..],
        )
        .await;
    assert_eq!(raw.status, 400, "{raw:?}");
}

#[tokio::test]
async fn a_field_that_is_given_twice_and_depth_are_refused_clearly() {
    let story = Story::begin().await;
    let twice =
        r#"{"product_name":"a","version":"1","version":"2","status":"started","x":1,"x":2}"#;
    let answer = story.post("/version-events/", twice).await;
    assert_eq!(answer.faults(), ["body.version"]);
    let fault = &answer.json()["detail"][0];
    assert_eq!(
        fault["msg"],
        "version must be given once (is given several times)"
    );
    assert_eq!(fault["type"], "value_error");
    for levels in [17, 200, 100_000] {
        let deep = format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        let event = format!(
            r#"{{"product_name":"a","version":"1","status":"started","extra_metadata":{deep}}}"#
        );
        let answer = story.post("/version-events/", event).await;
        assert_eq!(answer.faults(), ["body.extra_metadata"], "{levels}");
    }
}
