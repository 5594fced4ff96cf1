//! `versioner import` and a POST accept and reject the same bodies, for the same reasons.

use std::time::Duration;

use indicatif::ProgressBar;
use serde_json::Value;
use tempfile::TempDir;
use versioner::cli::import::{ImportArgs, import_into};

use crate::story::Story;

/// A check event with these fields besides the required ones, which stay if they are not given.
fn check(fields: &str) -> String {
    let required = [
        ("product_name", r#""p""#),
        ("version", r#""1""#),
        ("check_name", r#""unit""#),
        ("kind", r#""test""#),
        ("status", r#""passed""#),
    ];
    let others = required
        .iter()
        .filter(|(name, _)| !fields.contains(&format!("\"{name}\":")))
        .map(|(name, value)| format!("\"{name}\":{value}"));
    let mut members: Vec<String> = others.collect();
    members.extend((!fields.is_empty()).then(|| fields.to_owned()));
    format!("{{{}}}", members.join(","))
}

fn bodies() -> Vec<String> {
    let deep = |levels: usize| {
        format!(
            r#""extra_metadata":{}1{}"#,
            r#"{"a":"#.repeat(levels),
            "}".repeat(levels)
        )
    };
    let fields = [
        "",
        r#""version":2.1"#,
        r#""version":null"#,
        r#""version":null,"scm_sha":"abc1234""#,
        r#""version":"1","version":"1""#,
        r#""version":"  2 ""#,
        r#""product_name":"""#,
        r#""product_name":["p"]"#,
        r#""product_name":"a\u0000b""#,
        r#""status":"SUCCESS""#,
        r#""status":"green""#,
        r#""status":3"#,
        r#""kind":"Security-Scan""#,
        r#""kind":"smoke""#,
        r#""invoke_id":12"#,
        r#""invoke_id":"7","invoke_attempt":2"#,
        r#""invoke_id":"8","invoke_attempt":2.0"#,
        r#""invoke_attempt":"2""#,
        r#""invoke_attempt":0"#,
        r#""invoke_attempt":-1"#,
        r#""invoke_attempt":1.5"#,
        r#""invoke_attempt":4294967297"#,
        r#""occurred_at":"2026-01-31T12:00:00.5+01:00""#,
        r#""occurred_at":"2026-01-31""#,
        r#""occurred_at":"2026-01-31T12:00:00 01:00""#,
        r#""occurred_at":1769860800"#,
        r#""occurred_at":"1969-12-31T00:00:00Z""#,
        r#""occurred_at":"2999-01-01T00:00:00Z""#,
        r#""expires_at":"""#,
        r#""url":true"#,
        r#""url":"\ud800""#,
        r#""counts":{"passed":1,"failed":0.0}"#,
        r#""counts":{"passed":"1"}"#,
        r#""counts":{"passed":1,"passed":2}"#,
        r#""counts":{"passed":-1}"#,
        r#""counts":{"":1}"#,
        r#""counts":[]"#,
        r#""extra_metadata":{"n":180,"list":[1,{"a":null}]}"#,
        r#""extra_metadata":{"n":1e999}"#,
        r#""extra_metadata":{"s":"\ud800"}"#,
        r#""extra_metadata":"text""#,
        r#""summary":"two\nlines","sha":"abc","colour":{"a":"\ud800"}"#,
        r#""summary":7,"colour":1,"colour":2"#,
        r#""event_id":5"#,
        r#""event_id":"e-1""#,
        r#""event_id":"e-1","summary":"other""#,
    ];
    let mut bodies: Vec<String> = fields.iter().map(|fields| check(fields)).collect();
    bodies.push(check(&deep(16)));
    bodies.push(check(&deep(17)));
    bodies.push(check(&deep(50_000)));
    let nested = format!(r#""colour":{}{}"#, "[".repeat(50_000), "]".repeat(50_000));
    bodies.push(check(&nested));
    let large = |bytes: usize| {
        check(&format!(
            r#""extra_metadata":{{"a":"{}"}}"#,
            "x".repeat(bytes)
        ))
    };
    bodies.push(large(100 * 1024 - 8));
    bodies.push(large(100 * 1024));
    bodies.extend(["{}", "[]", "7"].map(str::to_owned));
    bodies
}

/// What is wrong: each as `field description`, sorted.
fn problems(answer: &Value) -> Vec<String> {
    let messages: Vec<String> = match &answer["detail"] {
        Value::Array(faults) => {
            let messages = faults.iter().map(|fault| fault["msg"].as_str().unwrap());
            messages.map(str::to_owned).collect()
        }
        Value::String(detail) => vec![detail.trim_start_matches("the ").to_owned()],
        conflict => vec![conflict["message"].as_str().unwrap().to_owned()],
    };
    // A file has one object a line.
    let text = messages
        .join("; ")
        .replace(" at line 1 column", " at column");
    let mut problems: Vec<String> = text.split("; ").map(str::to_owned).collect();
    problems.sort();
    problems
}

#[tokio::test]
async fn an_import_accepts_and_rejects_what_a_post_does() {
    let (by_http, by_import) = (Story::begin().await, Story::begin().await);
    let mut accepted = 0;
    let mut rejected = 0;
    for body in bodies() {
        let shown: String = body.chars().take(200).collect();
        let answer = by_http.post("/check-events/", &body).await;

        let folder = TempDir::new().unwrap();
        let file = folder.path().join("events.ndjson");
        std::fs::write(&file, format!(r#"{{"type":"check_event","body":{body}}}"#)).unwrap();
        let args = ImportArgs {
            file,
            server: format!("http://{}", by_import.address),
            retry_for: Duration::ZERO,
        };
        let (mut output, mut notices) = (Vec::new(), Vec::new());
        let counts = import_into(&args, &mut output, &mut notices, &ProgressBar::hidden()).await;
        let counts = counts.unwrap_or_else(|stopped| panic!("{shown}: {stopped}"));
        let output = String::from_utf8(output).unwrap();
        let notices = String::from_utf8(notices).unwrap();

        if answer.status == 200 {
            accepted += 1;
            assert_eq!(
                (counts.accepted, counts.refused),
                (1, 0),
                "{shown}: {output}"
            );
        } else {
            rejected += 1;
            assert_eq!(counts.refused, 1, "{shown}: {answer:?}");
            let line = output.lines().next().unwrap();
            let (_, why) = line
                .strip_prefix("line 1: ")
                .unwrap()
                .split_once(": ")
                .unwrap();
            let mut reported: Vec<String> = why
                .split("; ")
                .map(|problem| {
                    let problem = problem.trim_start_matches("event.check_event.");
                    problem.trim_start_matches("body.").to_owned()
                })
                .collect();
            reported.sort();
            assert_eq!(reported, problems(&answer.json()), "{shown}");
        }
        let ignored = answer.json()["ignored_fields"]
            .as_array()
            .map_or(0, Vec::len);
        assert_eq!(notices.lines().count(), ignored, "{shown}: {notices}");
    }
    assert!(accepted > 15 && rejected > 25, "{accepted} {rejected}");
}
