//! A store of an older version goes on: it recognises its own events, and accepts new and late ones. Knows the few
//! names of every history that are used here: each begins with that of 0.1.

use http::Method;
use serde_json::{Value, json};

use crate::{
    making::history,
    program::Program,
    store::{Copy, Engine},
};

pub(crate) async fn go_on(engine: Engine, version: &str) {
    let copy = Copy::of(engine, version).await;
    let program = Program::start(&copy.url()).await;
    let end = last_position(&program).await;

    // R7: what was accepted once is not accepted again, whatever became of it since.
    let calls = history(version).into_iter();
    let events = calls.filter(|call| call.method == Method::POST);
    for call in events {
        let answer = program.post(&call.path, &call.body).await;
        assert_eq!(answer["duplicate"], true, "{}: {answer}", call.body);
    }
    assert_eq!(last_position(&program).await, end);

    // A new build of an old version is its latest, and counts in the roll-ups.
    let before = completed(&program).await;
    let built = json!({
        "event_id": "new-build", "product_name": "shop", "version": "1.2.0", "status": "success",
        "occurred_at": "2025-03-20T09:07:00Z", "started_at": "2025-03-20T09:00:00Z",
        "completed_at": "2025-03-20T09:07:00Z", "invoke_id": "new",
    });
    let answer = program.post("/version-events/", &built).await;
    assert_eq!(answer["duplicate"], false, "{answer}");
    let shop = version_of(&program, "1.2.0").await;
    assert_eq!(
        (&shop["status"], &shop["latest_build_id"]),
        (&json!("completed"), &answer["id"])
    );
    assert_eq!(completed(&program).await, before + 1);
    let again = program.post("/version-events/", &built).await;
    assert_eq!(
        (&again["duplicate"], &again["id"]),
        (&json!(true), &answer["id"])
    );

    // R6: a late event goes to where it belongs by its time. Version 1.0.0 was created by it.
    let before = version_of(&program, "1.0.0").await;
    let late = json!({
        "event_id": "late-start", "product_name": "shop", "version": "1.0.0", "status": "pending",
        "occurred_at": "2025-03-03T08:59:00Z", "invoke_id": "100", "invoke_attempt": 1,
    });
    program.post("/version-events/", late).await;
    let after = version_of(&program, "1.0.0").await;
    assert_eq!(after["created_at"], "2025-03-03T08:59:00Z");
    for unchanged in ["status", "latest_build_id", "scm_sha", "id"] {
        assert_eq!(after[unchanged], before[unchanged], "{unchanged}");
    }

    // R11: a late deployment changes the classes of those after it, and a new one what runs.
    let deployed = |id: &str, version: &str, at: &str| {
        json!({
            "event_id": id, "product_name": "shop", "version": version, "status": "success",
            "environment_name": "production", "instance": "eu", "occurred_at": at,
        })
    };
    let path = "/deployment-events/";
    program
        .post(
            path,
            deployed("late-deployment", "0.9.0", "2025-03-03T12:00:00Z"),
        )
        .await;
    program
        .post(
            path,
            deployed("new-deployment", "1.2.0", "2025-03-20T10:00:00Z"),
        )
        .await;
    let path = "/deployments/?product=shop&environment=production&instance=eu";
    let list = program.read(path).await;
    let rows = list["deployments"].as_array().expect("deployments");
    let completed: Vec<(&str, &str)> = rows
        .iter()
        .filter(|row| row["status"] == "completed")
        .map(|row| (row["version"].as_str().unwrap_or_default(), class_of(row)))
        .collect();
    assert_eq!(
        completed,
        [
            ("1.2.0", "upgrade"),
            ("1.0.0", "rollback"),
            ("1.1.0", "upgrade"),
            ("1.0.0", "upgrade"),
            ("0.9.0", "first"),
        ]
    );
    let running = program.read(&format!("{path}&current_only=true")).await;
    assert_eq!(running["deployments"][0]["version"], "1.2.0");

    // A check, and a change of the catalog.
    let checked = json!({
        "event_id": "new-check", "product_name": "shop", "version": "1.1.0", "check_name": "unit-tests",
        "kind": "test", "status": "failed", "occurred_at": "2025-03-20T11:00:00Z",
    });
    program.post("/check-events/", checked).await;
    let readiness = "/versions/readiness/?product=shop&version=1.1.0";
    assert_eq!(program.read(readiness).await["readiness"], "not_ready");
    let products = program.read("/products/?name_prefix=shop").await;
    let id = products["products"][0]["id"].as_str().expect("an id");
    let path = format!("/products/{id}");
    program
        .call(Method::PATCH, &path, r#"{"description":"changed"}"#)
        .await;
    assert_eq!(program.read(&path).await["description"], "changed");
    assert_eq!(last_position(&program).await, end + 6);
    program.stop().await;
}

fn class_of(deployment: &Value) -> &str {
    deployment["deployment_class"].as_str().unwrap_or_default()
}

async fn last_position(program: &Program) -> i64 {
    let page = program.read("/events/?page_size=1000").await;
    let entries = page["events"].as_array().expect("the log");
    let last = entries.last().expect("an entry");
    last["position"].as_i64().expect("a position")
}

async fn version_of(program: &Program, version: &str) -> Value {
    let path = format!("/versions/?product=shop&version={version}");
    program.read(&path).await["versions"][0].take()
}

/// Completed builds of the product in the month of the history.
async fn completed(program: &Program) -> i64 {
    let path =
        "/build-statistics/?product=shop&start_at=2025-03-01T00:00:00Z&end_at=2025-04-01T00:00:00Z";
    let answer = program.read(path).await;
    answer["statistics"]["completed"].as_i64().expect("a count")
}
