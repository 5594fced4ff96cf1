//! Lines of a file: the envelope, the id, and what is reported about a line.

use pb::event_submission::Event;

use crate::cli::import::submission::*;

fn event(line: &str) -> Event {
    submission(line.as_bytes()).event.unwrap().event.unwrap()
}

fn id(line: &str) -> String {
    match event(line) {
        Event::VersionEvent(event) => event.event_id,
        Event::DeploymentEvent(event) => event.event_id,
        Event::CheckEvent(event) => event.event_id,
    }
}

fn version(body: &str) -> String {
    format!(r#"{{"type":"version_event","body":{body}}}"#)
}

#[test]
fn a_malformed_line_is_described() {
    let fault = |line: &[u8]| submission(line).event.unwrap_err();
    assert_eq!(fault(b"\xff"), "the line must be UTF-8 text");
    for (line, expected) in [
        (
            r#"{"type":"version_event","body":{}"#,
            "the line is not valid JSON: EOF",
        ),
        (
            r#"["version_event",{}]"#,
            "the line must be a JSON object, not an array",
        ),
        (
            r#"{"type":"version_event","body":{}} x"#,
            "the line is not valid JSON: trailing",
        ),
        (
            r#"{"type":"version_event"}"#,
            "body is required: the event as an object",
        ),
        (
            r#"{"type":"version_event","body":null}"#,
            "body is required: the event as an object",
        ),
        (
            r#"{"type":"version_event","body":[]}"#,
            "body must be a JSON object, not an array",
        ),
        (
            r#"{"body":{}}"#,
            "type is required: version_event, deployment_event, check_event",
        ),
        (
            r#"{"type":"product_updated","body":{}}"#,
            "type must be one of version_event, deployment_event, check_event",
        ),
        (
            r#"{"type":{},"body":{}}"#,
            "type must be a string, not an object",
        ),
        (
            r#"{"type":"version_event","type":"check_event","body":{}}"#,
            "type must be given once",
        ),
        // Without the envelope.
        (
            r#"{"product_name":"a","version":"1","status":"started"}"#,
            "type is required: version_event, deployment_event, check_event; body is required",
        ),
    ] {
        let fault = fault(line.as_bytes());
        assert!(fault.starts_with(expected), "{fault}");
        assert!(!fault.contains("line 1"), "{fault}");
    }
}

#[test]
fn a_line_with_a_malformed_field_names_all_that_is_wrong() {
    let line = version(r#"{"version":2.1,"status":"started"}"#);
    let fault = submission(line.as_bytes()).event.unwrap_err();
    let faults: Vec<&str> = fault.split("; ").collect();
    assert_eq!(faults[0], "body.version must be a string, not a number");
    assert!(
        faults[1].starts_with("body.product_name is required"),
        "{fault}"
    );
    assert_eq!(faults.len(), 2);
}

/// The server decides what is required, and which times lie in the future.
#[test]
fn what_only_the_server_decides_is_sent() {
    let line = version(r#"{"occurred_at":"2999-01-01T00:00:00Z"}"#);
    assert!(submission(line.as_bytes()).event.is_ok());
}

#[test]
fn ignored_fields_are_kept_with_the_type_of_the_event() {
    let line = submission(version(r#"{"sha":"a","version":7}"#).as_bytes());
    assert!(line.event.is_err());
    let ignored = line.ignored_fields.iter().next().unwrap();
    assert_eq!(ignored.did_you_mean, Some("scm_sha"));
    assert_eq!(line.event_type, "version_event");
}

#[test]
fn r7_an_event_without_an_id_gets_one_from_its_content() {
    let derived = id(&version(r#"{"product_name":"a","version":"1"}"#));
    assert!(
        derived.starts_with("import-") && derived.len() == 39,
        "{derived}"
    );
    let reordered = " { \"body\" : { \"version\" : \"1\", \"product_name\":\"a\" }, \"type\":\"version_event\", \"x\":1 } ";
    assert_eq!(id(reordered), derived);
    assert_ne!(
        id(&version(r#"{"product_name":"a","version":"2"}"#)),
        derived
    );
    assert_ne!(
        id(r#"{"type":"deployment_event","body":{"product_name":"a","version":"1"}}"#),
        derived
    );
    assert_eq!(id(&version(r#"{"event_id":" mine "}"#)), " mine ");
    assert!(id(&version(r#"{"event_id":" "}"#)).starts_with("import-"));
}

/// The reader over HTTP accepts unknown fields of any depth, so does this one.
#[test]
fn unknown_fields_may_be_deep() {
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let line = version(&format!(r#"{{"x":{deep}}}"#));
    assert!(id(&line).starts_with("import-"));
}
