//! Fields of a body that are not known: they are ignored, and every answer lists them.

use http::Method;
use serde_json::{Value, json};

use crate::story::{CURL, Story};

fn ignored(field: &str, did_you_mean: Option<&str>) -> Value {
    json!({"field": field, "did_you_mean": did_you_mean})
}

#[tokio::test]
async fn the_answer_to_an_event_lists_them_with_what_was_meant() {
    let story = Story::begin().await;
    let event = json!({
        "product_name": "a", "version": "1", "status": "success", "environment_name": "dev",
        "check_name": "unit", "kind": "test", "sha": "abc1234", "scm_brnach": "main", "colour": 1,
    });
    for path in ["/version-events/", "/build-events/"] {
        let answer = story.submit(path, &event).await;
        let expected = [
            // Members arrive in the order of their names.
            ignored("check_name", None),
            ignored("colour", None),
            ignored("environment_name", None),
            ignored("kind", None),
            ignored("scm_brnach", Some("scm_branch")),
            ignored("sha", Some("scm_sha")),
        ];
        assert_eq!(answer["ignored_fields"], json!(expected), "{path}");
    }
    let build = &story.read("/builds/").await["builds"][0];
    assert_eq!(build["scm_sha"], Value::Null);
    let answer = story.submit("/check-events/", &event).await;
    assert_eq!(answer["ignored_fields"][0], ignored("colour", None));

    let exact = json!({
        "product_name": "a", "version": "1", "status": "success", "environment_name": "dev",
    });
    let answer = story.submit("/deployment-events/", &exact).await;
    assert_eq!(answer["ignored_fields"], json!([]));
    let validated = story
        .submit("/deployment-events/?validate_only=true", &event)
        .await;
    let fields = validated["ignored_fields"].as_array().unwrap();
    assert_eq!(fields.len(), 5);
}

#[tokio::test]
async fn an_error_lists_them_too() {
    let story = Story::begin().await;
    let event = json!({"product": "a", "version": "1", "status": "success"});
    let answer = story.post("/version-events/", event).await;
    assert_eq!(answer.faults(), ["body.product_name"]);
    let expected = [ignored("product", Some("product_name"))];
    assert_eq!(answer.json()["ignored_fields"], json!(expected));
    let answer = story.post("/version-events/", "{}").await;
    assert_eq!(answer.json().get("ignored_fields"), None);
}

#[tokio::test]
async fn each_event_of_many_has_its_own() {
    let story = Story::begin().await;
    let entry = |body: Value| json!({"type": "version_event", "body": body});
    let batch = json!([
        entry(json!({"product_name": "a", "version": "1", "status": "success", "repo": "r"})),
        entry(json!({"product_name": "a", "version": "2", "status": "success"})),
        entry(json!({"product_name": "a", "branch": "main", "status": "success"})),
        {"type": "version_event"},
    ]);
    let answer = story.submit("/events/", batch).await;
    let results = answer["results"].as_array().unwrap();
    let of = |i: usize| &results[i]["ignored_fields"];
    assert_eq!(*of(0), json!([ignored("repo", Some("scm_repository"))]));
    assert_eq!(results[0]["position"], 1);
    assert_eq!(*of(1), json!([]));
    assert_eq!(*of(2), json!([ignored("branch", Some("scm_branch"))]));
    assert_eq!(results[2]["error"]["code"], "INVALID_FIELD");
    assert_eq!(*of(3), json!([]));
}

#[tokio::test]
async fn a_change_lists_them_and_does_not_mind_a_whole_resource() {
    let story = Story::begin().await;
    let event = json!({"product_name": "a", "version": "1", "status": "success"});
    story.submit("/version-events/", event).await;
    let patch = async |body: Value| {
        story
            .send(Method::PATCH, "/products/a", &[CURL], body.to_string())
            .await
    };
    let changed = patch(json!({"desription": "x", "aliases": ["b"], "owner": "me"}));
    let changed = changed.await.ok();
    let expected = [
        ignored("desription", Some("description")),
        ignored("owner", None),
    ];
    assert_eq!(changed["ignored_fields"], json!(expected));
    assert_eq!(changed["aliases"], json!(["b"]));

    // The server alone sets the id and the times. They are known, so they are not listed.
    let mut whole = story.read("/products/a").await;
    whole
        .as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    let unchanged = patch(whole).await.ok();
    assert_eq!(unchanged["ignored_fields"], json!([]));
    let refused = patch(json!({"name": 5, "desription": "x"})).await;
    assert_eq!(refused.faults(), ["body.name"]);
    assert_eq!(refused.json()["detail"][0]["type"], "type_error");
    assert_eq!(refused.json()["ignored_fields"], json!(expected[..1]));
}
