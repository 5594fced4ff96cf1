//! Many events at once: an array, or a line for each.

use http::Method;
use serde_json::{Value, json};

use crate::story::{Story, locations};

fn entry(version: &str, more: Value) -> Value {
    let mut body = json!({"product_name": "a", "version": version, "status": "success"});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({"type": "version_event", "body": body})
}

#[tokio::test]
async fn each_of_an_array_has_its_result_whatever_the_others_are() {
    let story = Story::begin().await;
    let deployment =
        json!({"product_name": "a", "version": "1", "environment_name": "dev", "status": "done"});
    let batch = json!([
        entry("1", json!({"scm_sha": "abc1234", "event_id": "e-1"})),
        entry("1", json!({"scm_sha": "fffffff"})),
        entry("", json!({"status": 5})),
        {"type": "deployment_event", "body": deployment},
        {"type": "sneeze", "body": {}},
        {"type": "check_event"},
        7,
        entry("1", json!({"scm_sha": "abc1234", "event_id": "e-1"})),
        entry("2", json!({})),
    ]);
    let answer = story.submit("/events/", batch).await;
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), 9);
    assert_eq!(results[0]["event_id"], "e-1");
    assert_eq!(
        (&results[0]["position"], &results[0]["duplicate"]),
        (&json!(1), &json!(false))
    );
    assert_eq!(results[1]["error"]["status"], 409);
    assert_eq!(
        results[1]["error"]["detail"]["code"],
        "VERSION_COMMIT_CONFLICT"
    );
    let faults = |i: usize| {
        assert_eq!(results[i]["error"]["code"], "INVALID_FIELD");
        locations(&results[i]["error"]["detail"])
    };
    assert_eq!(faults(2), ["body.version", "body.status"]);
    assert_eq!(faults(3), ["body.status"]);
    assert_eq!(faults(4), ["body.type"]);
    assert_eq!(faults(5), ["body.body"]);
    assert_eq!(faults(6), ["body"]);
    assert_eq!(
        (&results[7]["position"], &results[7]["duplicate"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(results[8]["position"], 2);
}

#[tokio::test]
async fn lines_are_accepted_as_an_array_is() {
    let story = Story::begin().await;
    let lines = format!(
        "{}\r\n\n{{\"type\":\n{}\n",
        entry("1", json!({})),
        entry("2", json!({}))
    );
    let ndjson = [("content-type", "application/x-ndjson")];
    let answer = story
        .send(Method::POST, "/events", &ndjson, lines)
        .await
        .ok();
    let results = answer["results"].as_array().unwrap();
    assert_eq!(results.len(), 3);
    assert_eq!(results[0]["position"], 1);
    assert_eq!(locations(&results[1]["error"]["detail"]), ["body"]);
    assert_eq!(results[2]["position"], 2);
}

#[tokio::test]
async fn one_to_five_hundred_are_accepted() {
    let story = Story::begin().await;
    let many = |n: usize| {
        json!(
            (0..n)
                .map(|i| entry(&i.to_string(), json!({})))
                .collect::<Vec<_>>()
        )
    };
    for body in ["[]".to_owned(), String::new(), many(501).to_string()] {
        let answer = story.post("/events/", body).await;
        assert_eq!(answer.faults(), ["body.events"]);
    }
    let answer = story.submit("/events/?validate_only=1", many(500)).await;
    assert_eq!(answer["results"].as_array().unwrap().len(), 500);
    assert_eq!(story.read("/events/").await["events"], json!([]));
    for body in ["hello", "[1", "7"] {
        assert_eq!(story.post("/events/", body).await.status, 400, "{body}");
    }
}
