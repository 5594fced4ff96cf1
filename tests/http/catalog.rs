//! Single resources by their ids, and R15: changing and deleting products and environments.

use http::Method;
use serde_json::{Value, json};

use crate::story::{Answer, CURL, Story};

async fn deployed(story: &Story) -> Value {
    let event = json!({
        "product_name": "my-service", "version": "1", "environment_name": "dev", "status": "success",
    });
    story.submit("/version-events/", &event).await;
    story.submit("/deployment-events/", &event).await
}

async fn change(story: &Story, path: &str, body: Value) -> Answer {
    story
        .send(Method::PATCH, path, &[CURL], body.to_string())
        .await
}

fn id<'a>(answer: &'a Value, name: &str) -> &'a str {
    answer[name].as_str().expect("an id")
}

#[tokio::test]
async fn everything_is_found_by_its_id() {
    let story = Story::begin().await;
    let deployment = deployed(&story).await;
    let build = story.read("/builds/").await["builds"][0].clone();
    for (path, id_name) in [
        ("products", "product_id"),
        ("versions", "version_id"),
        ("environments", "environment_id"),
        ("deployments", "id"),
    ] {
        let id = id(&deployment, id_name);
        for slash in ["", "/"] {
            let thing = story.read(&format!("/{path}/{id}{slash}")).await;
            assert_eq!(thing["id"], id, "{path}");
        }
        let other = if path == "products" {
            "environment_id"
        } else {
            "product_id"
        };
        let other = deployment[other].as_str().unwrap();
        let missing = story.get(&format!("/{path}/{other}")).await;
        assert_eq!(missing.status, 404, "{path}: {missing:?}");
        assert!(
            missing.json()["detail"]
                .as_str()
                .unwrap()
                .starts_with("there is no ")
        );
        let malformed = story.get(&format!("/{path}/7")).await;
        match path {
            "products" | "environments" => assert_eq!(malformed.status, 404, "a name"),
            _ => assert_eq!(malformed.faults(), ["path.id"], "{path}"),
        }
    }
    assert_eq!(
        story.read(&format!("/builds/{}", id(&build, "id"))).await,
        build
    );
    let events = story
        .read(&format!("/versions/{}/events/", id(&build, "version_id")))
        .await;
    assert_eq!(events["events"].as_array().unwrap().len(), 2);
    assert_eq!(events["events"][0]["version_event"]["status"], "completed");
    let faults = story.get("/versions/7/events?after=-1").await.faults();
    assert_eq!(faults, ["path.id", "query.after"]);
}

#[tokio::test]
async fn the_latest_version_is_answered_with_its_basis() {
    let story = Story::begin().await;
    deployed(&story).await;
    for path in [
        "/versions/latest/?product=my-service",
        "/versions/latest?product_name=my-service",
    ] {
        let latest = story.read(path).await;
        assert_eq!(
            (&latest["version"], &latest["basis"]),
            (&json!("1"), &json!("precedence"))
        );
    }
    assert_eq!(
        story.get("/versions/latest/").await.faults(),
        ["query.product_name"]
    );
    assert_eq!(story.get("/versions/latest/?product=x").await.status, 404);
}

#[tokio::test]
async fn r15_only_what_the_body_gives_is_changed() {
    let story = Story::begin().await;
    let deployment = deployed(&story).await;
    let product = format!("/products/{}/", id(&deployment, "product_id"));
    let described = change(
        &story,
        &product,
        json!({"description": "Takes orders", "id": 7, "x": {}}),
    );
    let described = described.await.ok();
    assert_eq!(described["description"], "Takes orders");
    assert_eq!(described["name"], "my-service");
    let renamed = change(
        &story,
        &product,
        json!({"name": "orders", "description": ""}),
    )
    .await
    .ok();
    assert_eq!(renamed["aliases"], json!(["my-service"]));
    assert_eq!(renamed["description"], Value::Null);
    let unchanged = change(&story, &product, json!({})).await.ok();
    assert_eq!(unchanged, renamed);
    let environment = format!("/environments/{}", id(&deployment, "environment_id"));
    let typed = change(
        &story,
        &environment,
        json!({"environment_type": "Production"}),
    )
    .await
    .ok();
    assert_eq!(
        (&typed["environment_type"], &typed["name"]),
        (&json!("production"), &json!("dev"))
    );
}

#[tokio::test]
async fn r15_a_change_that_is_wrong_has_an_error_for_each_field() {
    let story = Story::begin().await;
    let deployment = deployed(&story).await;
    let product = format!("/products/{}", id(&deployment, "product_id"));
    let wrong = json!({"name": null, "description": 5, "aliases": ["a", 7]});
    let faults = change(&story, &product, wrong).await.faults();
    assert_eq!(faults, ["body.name", "body.description", "body.aliases.1"]);
    let faults = change(&story, &product, json!({"name": " ", "aliases": ["a", ""]}))
        .await
        .faults();
    assert_eq!(faults, ["body.name", "body.aliases.1"]);
    let environment = format!("/environments/{}", id(&deployment, "environment_id"));
    let faults = change(&story, &environment, json!({"environment_type": "moon"}))
        .await
        .faults();
    assert_eq!(faults, ["body.environment_type"]);
    assert_eq!(change(&story, &product, json!([])).await.status, 400);
    story
        .submit(
            "/version-events",
            json!({"product_name": "b", "version": "1", "status": "init"}),
        )
        .await;
    let conflict = change(&story, &product, json!({"name": "b"})).await;
    assert_eq!(conflict.status, 409);
    assert_eq!(conflict.json()["detail"]["code"], "PRODUCT_NAME_TAKEN");
}

#[tokio::test]
async fn r15_what_is_in_use_is_deleted_by_force_only() {
    let story = Story::begin().await;
    let deployment = deployed(&story).await;
    for (path, code) in [
        (
            format!("/environments/{}", id(&deployment, "environment_id")),
            "ENVIRONMENT_IN_USE",
        ),
        (
            format!("/products/{}", id(&deployment, "product_id")),
            "PRODUCT_IN_USE",
        ),
    ] {
        let delete = async |query: &str| {
            story
                .send(Method::DELETE, &format!("{path}{query}"), &[], "")
                .await
        };
        let refused = delete("").await;
        assert_eq!(refused.status, 409);
        assert_eq!(refused.json()["detail"]["code"], code);
        assert_eq!(delete("?force=perhaps").await.faults(), ["query.force"]);
        assert_eq!(
            delete("?force=true&force=true").await.faults(),
            ["query.force"]
        );
        let deleted = delete("/?force=true").await.ok();
        assert!(deleted["events"].is_u64(), "{deleted}");
        assert_eq!(delete("?force=true").await.status, 404);
    }
}

/// A misspelt limit must not take the limits away.
#[tokio::test]
async fn r17_limits_that_are_misspelt_are_refused_and_change_nothing() {
    let story = Story::begin().await;
    let event = r#"{"product_name":"a","version":"1","status":"success"}"#;
    let id = story.post("/version-events/", event).await.ok()["product_id"].clone();
    let path = format!("/products/{}", id.as_str().unwrap());
    let limits = r#"{"security_limits":{"critical":0},"required_checks":["unit"]}"#;
    let set = story.send(Method::PATCH, &path, &[CURL], limits).await.ok();
    assert_eq!(set["security_limits"]["critical"], 0);
    assert_eq!(set["required_checks"][0], "unit");

    let typo = r#"{"security_limits":{"critcal":1}}"#;
    let answer = story.send(Method::PATCH, &path, &[CURL], typo).await;
    assert_eq!(answer.status.as_u16(), 422, "{answer:?}");
    let fault = &answer.json()["detail"][0];
    assert_eq!(
        fault["loc"],
        serde_json::json!(["body", "security_limits", "critcal"])
    );
    let kept = story.read(&path).await;
    assert_eq!(kept["security_limits"]["critical"], 0);
}
