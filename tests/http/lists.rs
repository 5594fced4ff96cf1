//! Lists: filters and pages by parameters, and parameters that are wrong.

use serde_json::{Value, json};

use crate::story::Story;

async fn history(story: &Story, versions: usize) {
    let entries = (0..versions).map(|i| {
        json!({"type": "version_event", "body": {
            "product_name": "my-service", "version": format!("1.0.{i}"), "status": "success",
            "scm_branch": if i % 2 == 0 { "main" } else { "new/ui & more" },
            "scm_sha": format!("abc{i:04}"),
            "occurred_at": format!("2026-01-01T00:{:02}:{:02}Z", i / 60, i % 60),
        }})
    });
    let batch: Value = entries.collect();
    story.submit("/events/", batch).await;
}

fn versions(page: &Value) -> Vec<&str> {
    let rows = page["versions"].as_array().expect("versions").iter();
    rows.map(|row| row["version"].as_str().expect("an identifier"))
        .collect()
}

#[tokio::test]
async fn every_filter_is_a_parameter() {
    let story = Story::begin().await;
    history(&story, 10).await;
    for (query, found) in [
        ("product=my-service&scm_sha=ABC0003", &["1.0.3"][..]),
        ("product_name=my-service&version=1.0.4", &["1.0.4"]),
        ("version_prefix=1.0.9", &["1.0.9"]),
        (
            "scm_branch=new/ui+%26%20more&page_size=2",
            &["1.0.9", "1.0.7"],
        ),
        ("status=SUCCESS&created_to=2026-01-01T00:00:01Z", &["1.0.0"]),
        // The + of an offset that was not encoded.
        (
            "created_from=2026-01-01T01:00:08+01:00&order=oldest_first",
            &["1.0.8", "1.0.9"],
        ),
        ("product=other", &[]),
        ("environment=dev", &[]),
        ("status=&scm_sha=abc0000", &["1.0.0"]),
    ] {
        let page = story.read(&format!("/versions/?{query}")).await;
        assert_eq!(versions(&page), found, "{query}");
    }
    let events = story
        .read("/events/?after=3&event_types=version_event,check_event&page_size=1")
        .await;
    assert_eq!(events["events"][0]["position"], 4);
    let events = story
        .read("/events?event_type=check_event&event_types=deployment_event")
        .await;
    assert_eq!(
        (&events["events"], &events["position"]),
        (&json!([]), &json!(10))
    );
}

#[tokio::test]
async fn the_link_leads_from_page_to_page_to_the_end() {
    let story = Story::begin().await;
    history(&story, 23).await;
    let mut path = "/versions?product=my-service&page_size=5&order=oldest_first".to_owned();
    let mut seen = Vec::new();
    let mut pages = 0;
    loop {
        let answer = story.get(&path).await;
        let page = answer.ok();
        seen.extend(versions(&page).into_iter().map(str::to_owned));
        pages += 1;
        let Some(link) = answer.header("link") else {
            assert_eq!(page["next_page_token"], Value::Null);
            break;
        };
        assert!(
            link.contains(page["next_page_token"].as_str().unwrap()),
            "{link}"
        );
        let (address, rest) = link[1..].split_once('>').unwrap();
        assert_eq!(rest, "; rel=\"next\"");
        path = address.to_owned();
    }
    assert_eq!(pages, 5);
    let all: Vec<String> = (0..23).map(|i| format!("1.0.{i}")).collect();
    assert_eq!(seen, all);

    let other = path.replace("my-service", "other");
    assert_eq!(story.get(&other).await.faults(), ["query.page_token"]);
}

#[tokio::test]
async fn all_wrong_parameters_are_named_at_once_with_those_that_are_allowed() {
    let story = Story::begin().await;
    let query = "prodct=a&page_size=many&status=green&created_from=today&order=random\
                 &version=1&version=2&product=a&product_name=b&scm_branch=%ff";
    let answer = story.get(&format!("/versions/?{query}")).await;
    assert_eq!(
        answer.faults(),
        [
            "query.prodct",
            "query.page_size",
            "query.status",
            "query.created_from",
            "query.order",
            "query.version",
            "query.product_name",
            "query.scm_branch"
        ]
    );
    assert_eq!(answer.json()["code"], "INVALID_FIELD");
    let unknown = &answer.json()["detail"][0];
    let message = unknown["msg"].as_str().unwrap();
    let start =
        "unknown parameter prodct; did you mean product_name? Allowed: page_size, page_token, ";
    assert!(message.starts_with(start), "{message}");
    assert!(message.contains("version_prefix"), "{message}");
    assert_eq!(unknown["type"], "unknown_parameter");
    // What only the service can tell.
    let faults = story
        .get("/versions/?scm_sha=abc&page_token=x")
        .await
        .faults();
    assert_eq!(faults, ["query.scm_sha", "query.page_token"]);
    let needed = story.get("/builds/?version=1").await;
    assert_eq!(needed.faults(), ["query.product_name"]);
    assert_eq!(needed.json()["detail"][0]["type"], "missing");
    let narrow = story.get("/build-trend/?start_at=2000-01-01").await;
    assert_eq!(narrow.faults(), ["query.bucket"]);
    assert_eq!(narrow.json()["detail"][0]["type"], "value_error");
    assert_eq!(
        story
            .get("/environments?environment_type=moon")
            .await
            .faults(),
        ["query.environment_type"]
    );
    assert_eq!(
        story.get("/deployments/?current_only=maybe").await.faults(),
        ["query.current_only"]
    );
    assert_eq!(
        story.get("/products/?product=x").await.faults(),
        ["query.product"]
    );
    let beyond = story.get("/events/?after=1").await;
    assert_eq!(beyond.faults(), ["query"]);
    assert_eq!(beyond.json()["detail"][0]["type"], "position_beyond_end");
}

#[tokio::test]
async fn every_list_is_there_and_empty_at_first() {
    let story = Story::begin().await;
    for name in [
        "versions",
        "builds",
        "checks",
        "deployments",
        "products",
        "environments",
        "events",
    ] {
        for slash in ["", "/"] {
            let page = story.read(&format!("/{name}{slash}")).await;
            assert_eq!(page[name], json!([]));
            assert_eq!(page["next_page_token"], Value::Null);
        }
    }
}

/// R2: a name is free text, and may have a comma in it.
#[tokio::test]
async fn r2_r11_a_name_with_a_comma_is_one_name_and_several_are_repeated() {
    let story = Story::begin().await;
    for environment in ["eu,west", "eu"] {
        let event = serde_json::json!({
            "product_name": "a", "version": "1", "environment_name": environment,
            "status": "success",
        });
        story.submit("/deployment-events/", &event).await;
    }
    let names = async |query: &str| {
        let answer = story.read(&format!("/environment-matrix/?{query}")).await;
        let environments = answer["environments"].as_array().unwrap().clone();
        let names = environments
            .iter()
            .map(|e| e["name"].as_str().unwrap().to_owned());
        names.collect::<Vec<String>>()
    };
    assert_eq!(names("environment_names=eu%2Cwest").await, ["eu,west"]);
    assert_eq!(
        names("environment_names=eu&environment_names=eu%2Cwest").await,
        ["eu", "eu,west"]
    );
}

#[tokio::test]
async fn a_time_may_be_a_date_and_the_size_of_a_page_any_number() {
    let story = Story::begin().await;
    history(&story, 3).await;
    for (query, count) in [
        ("created_from=2026-01-01", 3),
        ("created_to=2026-01-01", 0),
        ("created_from=2026-01-02", 0),
        ("created_from=2026-01-01T00:00:01Z&created_to=2026-01-02", 2),
        ("page_size=1001", 3),
        ("page_size=99999999999999999999", 3),
        ("page_size=0", 3),
    ] {
        let page = story.read(&format!("/versions/?{query}")).await;
        assert_eq!(versions(&page).len(), count, "{query}");
    }
    let answer = story
        .get("/versions/?created_from=2026-02-30&page_size=-1")
        .await;
    assert_eq!(answer.faults(), ["query.created_from", "query.page_size"]);
    assert_eq!(
        answer.json()["detail"][0]["msg"],
        "created_from must be an RFC 3339 time such as 2026-01-31T12:00:00Z or a date such as 2026-01-31"
    );
}

#[tokio::test]
async fn a_filter_by_status_is_repeated() {
    let story = Story::begin().await;
    for status in ["failed", "aborted", "completed"] {
        let event = json!({"product_name": "a", "version": status, "status": status});
        story.submit("/version-events/", &event).await;
    }
    for query in ["status=failed&status=cancelled", "statuses=failed,aborted"] {
        let page = story
            .read(&format!("/versions/?{query}&order=oldest_first"))
            .await;
        assert_eq!(versions(&page), ["failed", "aborted"], "{query}");
    }
    let many = "status=failed&".repeat(6);
    let answer = story.get(&format!("/versions/?{many}")).await;
    assert_eq!(answer.faults(), ["query.statuses"]);
}

/// An empty name is a value where it means "without one".
#[tokio::test]
async fn an_empty_instance_is_the_slot_without_one() {
    let story = Story::begin().await;
    for instance in ["", "eu"] {
        let event = json!({
            "product_name": "a", "version": "1", "environment_name": "dev", "status": "success",
            "instance": instance,
        });
        story.submit("/deployment-events/", &event).await;
    }
    for (query, count) in [("", 2), ("?instance=", 1), ("?instance=eu", 1)] {
        let page = story.read(&format!("/deployments/{query}")).await;
        let deployments = page["deployments"].as_array().unwrap();
        assert_eq!(deployments.len(), count, "{query}");
    }
}
