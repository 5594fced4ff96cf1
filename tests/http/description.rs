//! The description of the face, and the page that shows it.

use std::collections::BTreeSet;

use http::Method;
use serde_json::Value;

use crate::story::{Answer, CURL, Story};

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
        let taken: BTreeSet<String> = allow
            .split(", ")
            .filter(|method| !matches!(*method, "HEAD" | "OPTIONS"))
            .map(str::to_owned)
            .collect();
        assert_eq!(described, taken, "{path}");
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
