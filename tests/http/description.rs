//! The OpenAPI document, and the page that shows it.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use crate::{
    schema::{fits, gather},
    story::{Answer, CURL, Story},
};

/// Sends the examples of the description in the order in which they were made, and compares each answer's form
/// with its example's.
#[tokio::test]
async fn examples_are_what_the_server_really_answers() {
    let story = Story::begin().await;
    let document = story.read("/openapi.json").await;
    let body = |path: &str, method: &str| {
        let content =
            &document["paths"][path][method]["requestBody"]["content"]["application/json"];
        let examples = content["examples"].as_object().into_iter().flatten();
        let values = examples.map(|(_, example)| example["value"].clone());
        values
            .chain(content.get("example").cloned())
            .collect::<Vec<Value>>()
    };
    let compare = |path: &str, method: &str, answer: &Answer| {
        let described = &document["paths"][path][method]["responses"]["200"];
        let example = &described["content"]["application/json"]["example"];
        assert_eq!(form(&answer.ok()), form(example), "{method} {path}");
    };
    let mut last = Value::Null;
    // Names sort so that the build begins before it ends.
    for path in [
        "/version-events/",
        "/deployment-events/",
        "/check-events/",
        "/events/",
    ] {
        for event in body(path, "post") {
            let answer = story.post(path, event).await;
            last = answer.ok();
            if path == "/events/" || path == "/check-events/" {
                compare(path, "post", &answer);
            }
        }
    }
    assert_eq!(last["results"].as_array().unwrap().len(), 3);
    for path in [
        "/events/",
        "/versions/",
        "/builds/",
        "/checks/",
        "/deployments/",
        "/products/",
        "/environments/",
    ] {
        let name = path.trim_matches('/');
        let answer = story.get(path).await;
        let example = &document["paths"][path]["get"]["responses"]["200"]["content"];
        let example = &example["application/json"]["example"];
        assert_eq!(form(&answer.ok()), form(example), "{path}");
        if name == "events" {
            continue;
        }
        let id = answer.ok()[name][0]["id"].as_str().unwrap().to_owned();
        let thing = story.get(&format!("{path}{id}")).await;
        compare(&format!("{path}{{id}}"), "get", &thing);
        for change in body(&format!("{path}{{id}}"), "patch") {
            let change = change.to_string();
            let answer = story
                .send(Method::PATCH, &format!("{path}{id}"), &[CURL], change)
                .await;
            compare(&format!("{path}{{id}}"), "patch", &answer);
        }
    }
}

/// The same of the answers that people come for.
#[tokio::test]
async fn r11_r14_r16_r17_examples_are_what_questions_are_really_answered_with() {
    let story = Story::begin().await;
    let document = story.read("/openapi.json").await;
    let posted = |path: &str| {
        let content = &document["paths"][path]["post"]["requestBody"]["content"];
        let content = &content["application/json"];
        let examples = content["examples"].as_object().into_iter().flatten();
        let values = examples.map(|(_, example)| example["value"].clone());
        let one = content.get("example").cloned();
        values.chain(one).collect::<Vec<Value>>()
    };
    for path in [
        "/version-events/",
        "/deployment-events/",
        "/check-events/",
        "/events/",
    ] {
        for event in posted(path) {
            story.post(path, event).await.ok();
        }
    }
    let id = story.read("/versions/?version=1.2.3").await["versions"][0]["id"].clone();
    let id = id.as_str().unwrap();
    for (path, query) in [
        ("/versions/readiness/", "?product=my-service&version=1.2.3"),
        ("/versions/trace/", "?product=my-service&version=1.2.3"),
        ("/versions/{id}/readiness", "?environment=dev"),
        ("/versions/{id}/trace", ""),
        ("/environment-matrix/", "?baseline_environment_name=dev"),
        (
            "/environment-comparison/",
            "?environment=dev&baseline_environment_name=dev",
        ),
        ("/build-statistics/", "?product=my-service&group_by=branch"),
    ] {
        let answer = story
            .get(&format!("{}{query}", path.replace("{id}", id)))
            .await;
        let example = &document["paths"][path]["get"]["responses"]["200"]["content"];
        let example = &example["application/json"]["example"];
        assert_eq!(form(&answer.ok()), form(example), "{path}");
    }
}

#[tokio::test]
async fn paths_stand_in_a_useful_order_under_groups_that_are_described() {
    let story = Story::begin().await;
    let text = story.get("/openapi.json").await;
    let text = String::from_utf8(text.body.to_vec()).unwrap();
    let at = |path: &str| text.find(&format!("\"{path}\":{{")).expect(path);
    let order = [
        "/version-events/",
        "/deployment-events/",
        "/build-events/",
        "/versions/",
        "/versions/{id}",
        "/builds/",
        "/products/",
        "/deployments/",
        "/build-statistics/",
        "/health",
    ];
    assert!(order.is_sorted_by_key(|path| at(path)));

    let document: Value = serde_json::from_str(&text).unwrap();
    let tags = document["tags"].as_array().unwrap();
    assert!(tags.iter().all(|tag| tag["description"].is_string()));
    let names: Vec<&Value> = tags.iter().map(|tag| &tag["name"]).collect();
    let items = document["paths"].as_object().unwrap().values();
    for operation in items.flat_map(|item| item.as_object().unwrap().values()) {
        assert!(names.contains(&&operation["tags"][0]), "{operation}");
        let summary = operation["summary"].as_str().unwrap();
        let description = operation["description"].as_str().unwrap_or_default();
        assert!(
            !summary.is_empty() && !description.starts_with(summary),
            "{summary}"
        );
    }
}

/// Required, limits and errors come from the options of the contract.
#[tokio::test]
async fn the_rules_of_the_contract_are_described() {
    let story = Story::begin().await;
    let document = story.read("/openapi.json").await;
    let parameter = |path: &str, name: &str| {
        let parameters = &document["paths"][path]["get"]["parameters"];
        let mut parameters = parameters.as_array().unwrap().iter();
        parameters
            .find(|parameter| parameter["name"] == name)
            .unwrap()
    };
    let size = parameter("/versions/", "page_size");
    assert_eq!(
        size["schema"],
        serde_json::json!({"type": "integer", "minimum": 0})
    );
    assert_eq!(parameter("/versions/", "scm_sha")["schema"]["minLength"], 4);
    assert_eq!(parameter("/build-trend/", "start_at")["required"], true);
    assert_eq!(parameter("/build-trend/", "end_at")["required"], false);
    assert_eq!(
        parameter("/environment-matrix/", "environment_names")["schema"]["maxItems"],
        100
    );

    let schemas = &document["components"]["schemas"];
    let event = &schemas["VersionEventBody"];
    assert_eq!(
        event["required"],
        serde_json::json!(["product_name", "version", "status"])
    );
    assert_eq!(event["properties"]["event_id"]["maxLength"], 128);
    assert_eq!(event["properties"]["scm_branch"]["maxLength"], 1_024);
    assert_eq!(event["properties"]["invoke_attempt"]["minimum"], 1);
    let check = &schemas["CheckEventBody"];
    assert_eq!(check["anyOf"][1]["required"][0], "scm_sha");
    assert_eq!(check["properties"]["counts"]["maxProperties"], 100);

    let statuses = |path: &str, method: &str| -> Vec<String> {
        let responses = &document["paths"][path][method]["responses"];
        responses.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(
        statuses("/versions/latest/", "get"),
        ["200", "404", "405", "422", "429", "500", "503", "504"]
    );
    assert_eq!(
        statuses("/version-events/", "post"),
        [
            "200", "400", "405", "409", "413", "415", "422", "429", "500", "503", "504", "507"
        ]
    );
}

#[tokio::test]
async fn every_described_path_is_there_and_takes_what_it_says() {
    let story = Story::begin().await;
    let document = story.read("/openapi.json").await;
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() >= 20, "{}", paths.len());
    for (path, methods) in paths {
        let described: BTreeSet<String> = methods
            .as_object()
            .unwrap()
            .keys()
            .map(|method| method.to_uppercase())
            .collect();
        let options = story
            .send(Method::OPTIONS, &path.replace("{id}", "7"), &[], "")
            .await;
        let allow = options
            .header("allow")
            .unwrap_or_else(|| panic!("{path}: {options:?}"));
        let allowed: BTreeSet<String> = allow
            .split(", ")
            .filter(|method| !matches!(*method, "HEAD" | "OPTIONS"))
            .map(str::to_owned)
            .collect();
        assert_eq!(described, allowed, "{path}");
    }
}

/// Every example of the document, and the schema that stands beside it.
#[tokio::test]
async fn every_example_fits_its_schema() {
    let story = Story::begin().await;
    let document = story.read("/openapi.json").await;
    let mut contents = Vec::new();
    gather(&document, &mut contents);
    assert!(contents.len() > 40, "{}", contents.len());
    for content in contents {
        let several = content["examples"].as_object().into_iter().flatten();
        let several = several.map(|(_, example)| &example["value"]);
        let examples: Vec<&Value> = content.get("example").into_iter().chain(several).collect();
        assert!(!examples.is_empty(), "no example: {content}");
        for example in examples {
            if let Err(why) = fits(&document, &content["schema"], example) {
                panic!("{why}\nin {example}");
            }
        }
    }
}

#[tokio::test]
async fn answers_fit_their_schemas() {
    let story = Story::begin().await;
    let event = r#"{"product_name":"a","version":"1","environment_name":"e","status":"init","check_name":"c","kind":"test"}"#;
    let document = story.read("/openapi.json").await;
    let fit = |path: &str, method: &str, status: &str, answer: &Answer| {
        let mut response = &document["paths"][path][method]["responses"][status];
        if let Some(name) = response["$ref"].as_str() {
            response = document.pointer(&name[1..]).expect("a response");
        }
        assert_eq!(answer.status.as_str(), status, "{answer:?}");
        let schema = &response["content"]["application/json"]["schema"];
        if let Err(why) = fits(&document, schema, &answer.json()) {
            panic!("{method} {path}: {why}\nin {answer:?}");
        }
    };
    for path in ["/version-events/", "/deployment-events/", "/check-events/"] {
        fit(path, "post", "200", &story.post(path, event).await);
        let validated = story.post(&format!("{path}?validate_only=1"), event).await;
        fit(path, "post", "200", &validated);
        fit(path, "post", "422", &story.post(path, "{}").await);
        fit(path, "post", "400", &story.post(path, "").await);
    }
    for (path, item) in document["paths"].as_object().unwrap() {
        if item.get("get").is_some() && !path.contains("{id}") && path != "/health" {
            let query = needed(path);
            fit(
                path,
                "get",
                "200",
                &story.get(&format!("{path}{query}")).await,
            );
            fit(path, "get", "422", &story.get(&format!("{path}?x=1")).await);
        }
    }
    fit("/health", "get", "200", &story.get("/health").await);
    for path in [
        "/versions/latest/",
        "/versions/readiness/",
        "/versions/trace/",
    ] {
        let unknown = needed(path).replace("product=a", "product=b");
        let answer = story.get(&format!("{path}{unknown}")).await;
        fit(path, "get", "404", &answer);
    }
    let id = story.read("/versions/").await["versions"][0]["id"].clone();
    for path in ["/versions/{id}/readiness", "/versions/{id}/trace"] {
        let place = path.replace("{id}", id.as_str().unwrap());
        fit(path, "get", "200", &story.get(&place).await);
    }
}

/// The parameters without which a path answers nothing.
fn needed(path: &str) -> &'static str {
    match path {
        "/versions/latest/" => "?product=a",
        "/versions/readiness/" | "/versions/trace/" => "?product=a&version=1",
        "/environment-comparison/" => "?environment=e&baseline_environment_name=e",
        "/build-trend/" => "?start_at=2026-01-01T00:00:00Z&end_at=2026-01-03",
        _ => "",
    }
}

#[tokio::test]
async fn the_page_and_all_its_parts_are_served_by_the_program() {
    let story = Story::begin().await;
    let page = story.get("/docs").await;
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let page = String::from_utf8(page.body.to_vec()).unwrap();
    let parts: Vec<&str> = page
        .split(['"'])
        .filter(|part| part.starts_with('/') && part.len() > 2)
        .collect();
    assert!(parts.len() >= 4, "{parts:?}");
    for part in parts {
        let answer = story.get(part).await;
        assert_eq!(answer.status, 200, "{part}");
        assert!(!answer.body.is_empty());
    }
    assert!(!page.contains("://"), "nothing from elsewhere");
}

/// The names in a value, at every level; of lists, those of all their elements.
fn form(value: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect(value, "", &mut names);
    names
}

fn collect(value: &Value, path: &str, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let path = format!("{path}.{name}");
                // What a sort of event has, and what senders put in, differ from event to event.
                if !name.ends_with("_event")
                    && !["extra_metadata", "counts"].contains(&name.as_str())
                {
                    collect(value, &path, names);
                    names.insert(path);
                }
            }
        }
        Value::Array(values) => {
            for value in values {
                collect(value, &format!("{path}[]"), names);
            }
        }
        _ => {}
    }
}
