//! Events that are accepted: what CI systems send, and the answers.

use http::Method;
use serde_json::{Value, json};

use crate::story::{CURL, Story};

const STARTED: &str = r#"{"product_name":"my-service","version":"1.2.3","status":"started","built_by":"github-actions"}"#;
const COMPLETED: &str = r#"{"product_name":"my-service","version":"1.2.3","status":"completed","built_by":"github-actions",
 "scm_repository":"github.com/mycompany/my-service","scm_sha":"abc123def456","scm_branch":"main",
 "source_system":"github","build_number":"456","invoke_id":"1234567890",
 "build_url":"https://github.com/mycompany/my-service/actions/runs/1234567890",
 "extra_metadata":{"docker_image":"mycompany/my-service:1.2.3","build_duration_seconds":180,
                   "test_coverage":"85%","tags":["hotfix","security"]}}"#;
const DEPLOYED: &str = r#"{"product_name":"my-service","version":"1.2.3","environment_name":"dev","status":"success"}"#;

fn names(object: &Value) -> Vec<&str> {
    let object = object.as_object().expect("an object");
    object.keys().map(String::as_str).collect()
}

/// An event with the least that it needs, and more.
fn build(more: Value) -> Value {
    let mut event = json!({"product_name": "my-service", "version": "1.2.3", "status": "started"});
    event
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    event
}

#[tokio::test]
async fn what_ci_systems_send_is_accepted_as_typed() {
    let story = Story::begin().await;
    let started = story.submit("/version-events/", STARTED).await;
    assert_eq!(started["status"], "started");
    let completed = story.submit("/version-events", COMPLETED).await;
    assert_eq!(completed["id"], started["id"]);
    assert_eq!(completed["status"], "completed");
    assert_eq!(completed["build_number"], "456");
    assert_eq!(completed["started_at"], started["started_at"]);
    assert_eq!(completed["duplicate"], false);
    assert_eq!(
        names(&completed),
        [
            "build_number",
            "build_url",
            "completed_at",
            "created_at",
            "duplicate",
            "event_id",
            "id",
            "ignored_fields",
            "product_id",
            "product_name",
            "started_at",
            "status",
            "version",
            "version_id"
        ]
    );
    let deployed = story.submit("/deployment-events/", DEPLOYED).await;
    assert_eq!(deployed["status"], "completed");
    assert_eq!(deployed["version_id"], completed["version_id"]);
    assert_eq!(
        names(&deployed),
        [
            "completed_at",
            "deploy_url",
            "deployed_at",
            "deployed_by",
            "deployed_by_email",
            "deployed_by_name",
            "duplicate",
            "environment_id",
            "environment_name",
            "event_id",
            "extra_metadata",
            "id",
            "ignored_fields",
            "product_id",
            "product_name",
            "source_system",
            "status",
            "version",
            "version_id"
        ]
    );
    let again = story.submit("/build-events/", STARTED).await;
    assert_ne!(again["id"], started["id"], "R5: the one before is finished");
}

#[tokio::test]
async fn any_content_type_that_may_be_json_is_accepted() {
    let story = Story::begin().await;
    let json = ("content-type", "application/json; charset=utf-8");
    let vendor = ("content-type", "application/vnd.ci+json");
    for headers in [
        &[][..],
        &[CURL],
        &[json],
        &[vendor],
        &[("content-type", "text/plain")],
    ] {
        for path in ["/version-events", "/version-events/"] {
            let answer = story.send(Method::POST, path, headers, STARTED).await;
            assert_eq!(answer.ok()["version"], "1.2.3", "{headers:?}");
        }
    }
}

#[tokio::test]
async fn r4_every_spelling_of_a_status_is_accepted_in_any_case() {
    let story = Story::begin().await;
    for (status, spellings) in [
        ("pending", "pending queued scheduled"),
        (
            "started",
            "started in_progress init running building deploying",
        ),
        (
            "completed",
            "completed success succeeded complete finished passed built deployed",
        ),
        ("failed", "failed fail failure error timed_out"),
        ("aborted", "aborted abort cancelled canceled cancel skipped"),
    ] {
        for (i, spelling) in spellings.split(' ').enumerate() {
            for spelling in [spelling.to_owned(), spelling.to_uppercase()] {
                let event = json!({
                    "product_name": "my-service", "version": format!("{spelling}-{i}"),
                    "environment_name": "dev", "status": spelling,
                });
                let build = story.submit("/version-events/", &event).await;
                assert_eq!(build["status"], status, "{spelling}");
                let deployment = story.submit("/deployment-events/", &event).await;
                assert_eq!(deployment["status"], status, "{spelling}");
                let found = story
                    .read(&format!(
                        "/versions/?status={spelling}&version={spelling}-{i}"
                    ))
                    .await;
                assert_eq!(found["versions"][0]["status"], status, "{spelling}");
            }
        }
    }
    let answer = story
        .post("/version-events/", build(json!({"status": "green"})))
        .await;
    assert_eq!(answer.faults(), ["body.status"]);
    let message = answer.json()["detail"][0]["msg"].to_string();
    for status in ["pending", "started", "completed", "failed", "aborted"] {
        assert!(message.contains(status), "{message}");
    }
}

#[tokio::test]
async fn a_check_is_answered_flat() {
    let story = Story::begin().await;
    let check = json!({
        "product_name": "my-service", "scm_sha": "ABC1234", "check_name": "unit", "kind": "Security-Scan",
        "status": "success", "counts": {"critical": 0, "high": 2}, "event_id": "c-1",
        "checked_by": "trivy", "expires_at": "2030-01-01T00:00:00+01:00",
    });
    let answer = story.submit("/check-events/", &check).await;
    assert_eq!(answer["event_id"], "c-1");
    assert_eq!(answer["duplicate"], false);
    assert_eq!(answer["status"], "passed");
    assert_eq!(answer["kind"], "security_scan");
    assert_eq!(answer["scm_sha"], "abc1234");
    assert_eq!(answer["version"], Value::Null);
    assert_eq!(answer["counts"], json!({"critical": 0, "high": 2}));
    assert_eq!(answer["expires_at"], "2029-12-31T23:00:00Z");
    assert!(answer["created_at"].is_string());
    let same = story
        .read(&format!("/checks/{}/", answer["id"].as_str().unwrap()))
        .await;
    assert_eq!(same["check_name"], "unit");
}

#[tokio::test]
async fn r7_an_event_sent_twice_is_answered_as_a_duplicate() {
    let story = Story::begin().await;
    let event = build(json!({"event_id": "e-1"}));
    let first = story.submit("/version-events/", &event).await;
    let mut second = story.submit("/version-events/", &event).await;
    assert_eq!(second["duplicate"], true);
    second["duplicate"] = false.into();
    assert_eq!(first, second);

    let other = build(json!({"event_id": "e-1", "status": "failed"}));
    let refused = story.post("/version-events/", other).await;
    assert_eq!(refused.status, 409);
    assert_eq!(refused.json()["detail"]["code"], "EVENT_ID_REUSED");
    assert_eq!(
        refused.json()["detail"]["details"],
        json!({"event_id": "e-1", "position": "1"})
    );
}

#[tokio::test]
async fn r7_the_header_gives_the_id_where_the_body_has_none() {
    let story = Story::begin().await;
    let key = |key| [CURL, ("Idempotency-Key", key)];
    let send = async |key: &[(&str, &str)], body: Value| {
        let body = body.to_string();
        story
            .send(Method::POST, "/version-events/", key, body)
            .await
    };
    let first = send(&key("k-1"), build(json!({}))).await.ok();
    assert_eq!(first["event_id"], "k-1");
    let second = send(&key("k-1"), build(json!({"event_id": null})))
        .await
        .ok();
    assert_eq!(second["duplicate"], true);
    let own = send(&key("k-1"), build(json!({"event_id": "mine"})))
        .await
        .ok();
    assert_eq!(own["event_id"], "mine");

    let long = "k".repeat(129);
    let refused = send(&key(&long), build(json!({"version": ""}))).await;
    assert_eq!(refused.faults(), ["body.version", "header.Idempotency-Key"]);
}

#[tokio::test]
async fn r3_another_commit_is_a_conflict_that_names_both() {
    let story = Story::begin().await;
    story.submit("/version-events/", COMPLETED).await;
    let refused = story
        .post("/version-events/", build(json!({"scm_sha": "fffffff"})))
        .await;
    assert_eq!(refused.status, 409);
    let detail = &refused.json()["detail"];
    assert_eq!(detail["code"], "VERSION_COMMIT_CONFLICT");
    assert_eq!(detail["error"], "Conflict");
    assert!(detail["message"].as_str().unwrap().contains("abc123def456"));
    assert_eq!(
        detail["details"],
        json!({
            "product_name": "my-service", "version": "1.2.3",
            "recorded_scm_sha": "abc123def456", "given_scm_sha": "fffffff",
        })
    );
}

#[tokio::test]
async fn a_deployment_takes_build_url_for_its_own() {
    let story = Story::begin().await;
    let event = |url: Value| {
        let mut event = build(url);
        event["environment_name"] = "dev".into();
        event
    };
    let by_build = event(json!({"build_url": "https://ci/1"}));
    let answer = story.submit("/deployment-events/", by_build).await;
    assert_eq!(answer["deploy_url"], "https://ci/1");
    let both = event(json!({"build_url": "https://ci/2", "deploy_url": "https://cd/2"}));
    let answer = story.submit("/deployment-events/", both).await;
    assert_eq!(answer["deploy_url"], "https://cd/2");
}

#[tokio::test]
async fn what_is_only_validated_is_not_recorded() {
    let story = Story::begin().await;
    let path = "/version-events/?validate_only=true";
    let answer = story.submit(path, build(json!({"event_id": "e"}))).await;
    assert_eq!(
        (&answer["event_id"], &answer["id"]),
        (&json!("e"), &Value::Null)
    );
    assert_eq!(story.post(path, "{}").await.faults().len(), 3);
    assert_eq!(story.read("/events/").await["events"], json!([]));
    let unknown = story.post("/version-events/?dry_run=1", "{}").await;
    assert_eq!(unknown.faults(), ["query.dry_run"]);
    assert_eq!(
        unknown.json()["detail"][0]["msg"],
        "unknown parameter dry_run. Allowed: validate_only"
    );
}
