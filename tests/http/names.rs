//! Products and environments by name in a path; versions by name in a query.

use http::Method;
use serde_json::{Value, json};

use crate::story::{CURL, Story};

/// A text that has the form of an id.
const LIKE_AN_ID: &str = "0123456789abcdef0123456789abcdef";

async fn deploy(story: &Story, product: &str, environment: &str) -> Value {
    let event = json!({
        "product_name": product, "version": "1", "environment_name": environment, "status": "success",
    });
    story.submit("/deployment-events/", event).await
}

#[tokio::test]
async fn a_product_or_environment_is_read_changed_and_deleted_by_a_name() {
    let story = Story::begin().await;
    for (name, encoded) in [
        ("my-service", "my-service"),
        ("api/core ü", "api%2Fcore%20%C3%BC"),
        (LIKE_AN_ID, LIKE_AN_ID),
    ] {
        deploy(&story, name, name).await;
        for list in ["environments", "products"] {
            let path = format!("/{list}/{encoded}");
            for path in [path.clone(), format!("{path}/")] {
                assert_eq!(story.read(&path).await["name"], name, "{path}");
            }
            let change = r#"{"description": "text"}"#;
            let changed = story.send(Method::PATCH, &path, &[CURL], change).await.ok();
            assert_eq!(
                (&changed["name"], &changed["description"]),
                (&json!(name), &json!("text"))
            );
            let delete = format!("{path}?force=true");
            story.send(Method::DELETE, &delete, &[], "").await.ok();
            let gone = story.get(&path).await;
            assert_eq!(gone.status, 404, "{gone:?}");
        }
    }
}

#[tokio::test]
async fn r15_a_former_name_finds_it_too() {
    let story = Story::begin().await;
    deploy(&story, "a", "dev").await;
    let rename = r#"{"name": "b"}"#;
    story
        .send(Method::PATCH, "/products/a", &[CURL], rename)
        .await
        .ok();
    assert_eq!(story.read("/products/a").await["name"], "b");
    let refused = story
        .send(
            Method::PATCH,
            "/environments/dev",
            &[CURL],
            r#"{"name": ""}"#,
        )
        .await;
    assert_eq!(refused.faults(), ["body.name"]);
}

#[tokio::test]
async fn a_text_that_is_an_id_is_an_id_first() {
    let story = Story::begin().await;
    let first = deploy(&story, "first", "dev").await;
    let id = first["product_id"].as_str().unwrap();
    deploy(&story, id, "dev").await;
    assert_eq!(
        story.read(&format!("/products/{id}")).await["name"],
        "first"
    );
    let delete = format!("/products/{id}?force=true");
    story.send(Method::DELETE, &delete, &[], "").await.ok();
    assert_eq!(story.read(&format!("/products/{id}")).await["name"], id);
}

#[tokio::test]
async fn an_unknown_or_malformed_name_is_an_error_that_says_so() {
    let story = Story::begin().await;
    let missing = story.get("/products/nothing").await;
    assert_eq!(missing.status, 404);
    assert_eq!(missing.json()["code"], "PRODUCT_NOT_FOUND");
    let detail = missing.json()["detail"].to_string();
    assert!(detail.contains("nothing"), "{detail}");
    let missing = story.get(&format!("/environments/{LIKE_AN_ID}")).await;
    assert_eq!(missing.json()["code"], "ENVIRONMENT_NOT_FOUND");
    for name in ["%20", "a%00b", &"x".repeat(256)] {
        let answer = story.get(&format!("/products/{name}")).await;
        assert_eq!(answer.faults(), ["path.id"], "{name}");
    }
    let query = story.get("/products/a?name=b").await;
    assert_eq!(query.faults(), ["query.name"]);
}

#[tokio::test]
async fn a_version_has_only_its_id_in_a_path_and_the_error_says_how_to_name_it() {
    let story = Story::begin().await;
    for (path, by_name) in [
        ("/versions/1.2.3", "/versions/?product=…&version=…"),
        ("/versions/1.2.3/events", "/events/?product=…&version=…"),
        (
            "/versions/1.2.3/readiness",
            "/versions/readiness/?product=…&version=…",
        ),
        (
            "/versions/1.2.3/trace",
            "/versions/trace/?product=…&version=…",
        ),
    ] {
        let answer = story.get(path).await;
        assert_eq!(answer.faults(), ["path.id"], "{path}");
        let message = answer.json()["detail"][0]["msg"].to_string();
        assert!(message.contains(by_name), "{message}");
    }
}
