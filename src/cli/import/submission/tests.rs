//! Lines of a file as events: every field, every fault.

use std::collections::HashMap;

use prost_types::{ListValue, Struct, Timestamp, Value, value::Kind};

use super::*;

fn version(body: &str) -> pb::VersionEvent {
    match read("version_event", body) {
        Event::VersionEvent(event) => event,
        other => panic!("not a version event: {other:?}"),
    }
}

fn deployment(body: &str) -> pb::DeploymentEvent {
    match read("deployment_event", body) {
        Event::DeploymentEvent(event) => event,
        other => panic!("not a deployment event: {other:?}"),
    }
}

fn check(body: &str) -> pb::CheckEvent {
    match read("check_event", body) {
        Event::CheckEvent(event) => event,
        other => panic!("not a check event: {other:?}"),
    }
}

fn read(kind: &str, body: &str) -> Event {
    submission(line(kind, body).as_bytes())
        .unwrap()
        .event
        .unwrap()
}

fn line(kind: &str, body: &str) -> String {
    format!(r#"{{"type":"{kind}","body":{body}}}"#)
}

/// What is wrong with the body of a check event, which has fields of every sort.
fn fault(body: &str) -> String {
    submission(line("check_event", body).as_bytes()).unwrap_err()
}

fn at(seconds: i64, nanos: i32) -> Option<Timestamp> {
    Some(Timestamp { seconds, nanos })
}

fn object<const N: usize>(fields: [(&str, Kind); N]) -> Struct {
    let fields = fields.map(|(name, kind)| (name.to_owned(), Value { kind: Some(kind) }));
    Struct {
        fields: fields.into(),
    }
}

fn word(text: &str) -> Kind {
    Kind::StringValue(text.to_owned())
}

fn list(kinds: Vec<Kind>) -> Kind {
    Kind::ListValue(ListValue {
        values: kinds
            .into_iter()
            .map(|kind| Value { kind: Some(kind) })
            .collect(),
    })
}

#[test]
fn a_real_build_is_taken_field_by_field() {
    let event = version(
        r#"{"event_id":"e-1","product_name":"my-service","version":"1.2.3","status":"completed","built_by":"github-actions",
        "scm_repository":"github.com/mycompany/my-service","scm_sha":"abc123def456","scm_branch":"main",
        "source_system":"github","build_number":"456","invoke_id":"1234567890",
        "build_url":"https://github.com/mycompany/my-service/actions/runs/1234567890",
        "extra_metadata":{"docker_image":"mycompany/my-service:1.2.3","build_duration_seconds":180,
                          "test_coverage":"85%","tags":["hotfix","security"]}}"#,
    );
    let expected = pb::VersionEvent {
        event_id: "e-1".to_owned(),
        product_name: "my-service".to_owned(),
        version: "1.2.3".to_owned(),
        status: pb::BuildStatus::Completed.into(),
        built_by: "github-actions".to_owned(),
        scm_repository: "github.com/mycompany/my-service".to_owned(),
        scm_sha: "abc123def456".to_owned(),
        scm_branch: "main".to_owned(),
        source_system: "github".to_owned(),
        build_number: "456".to_owned(),
        invoke_id: "1234567890".to_owned(),
        build_url: "https://github.com/mycompany/my-service/actions/runs/1234567890".to_owned(),
        extra_metadata: Some(
            object([
                ("docker_image", word("mycompany/my-service:1.2.3")),
                ("build_duration_seconds", Kind::NumberValue(180.0)),
                ("test_coverage", word("85%")),
                ("tags", list(vec![word("hotfix"), word("security")])),
            ])
            .into(),
        ),
        ..Default::default()
    };
    assert_eq!(event, expected);
}

#[test]
fn the_other_fields_of_a_build_are_taken() {
    let event = version(
        r#"{"event_id":"e","occurred_at":"2026-01-31T12:00:00Z","started_at":"2026-01-31T12:00:01Z",
        "completed_at":"2026-01-31T12:00:02Z","built_by_name":"n","built_by_email":"m",
        "invoke_attempt":3,"error_message":"a\nb","error_code":"c"}"#,
    );
    let noon = 1_769_860_800;
    let expected = pb::VersionEvent {
        event_id: "e".to_owned(),
        occurred_at: at(noon, 0),
        started_at: at(noon + 1, 0),
        completed_at: at(noon + 2, 0),
        built_by_name: "n".to_owned(),
        built_by_email: "m".to_owned(),
        invoke_attempt: 3,
        error_message: "a\nb".to_owned(),
        error_code: "c".to_owned(),
        ..Default::default()
    };
    assert_eq!(event, expected);
}

#[test]
fn a_deployment_is_taken_field_by_field() {
    let event = deployment(
        r#"{"event_id":"e","product_name":"my-service","version":"1.2.3","environment_name":"dev","status":"success",
        "instance":"eu-1","occurred_at":"2026-01-31T12:00:00Z","started_at":"2026-01-31T12:00:01Z",
        "completed_at":"2026-01-31T12:00:02Z","invoke_id":"7","invoke_attempt":"2","scm_sha":"a",
        "scm_repository":"b","scm_branch":"c","build_number":456,"deploy_url":"d","build_url":"f",
        "source_system":"g","deployed_by":"h","deployed_by_name":"i","deployed_by_email":"j",
        "error_message":"k","error_code":"l","extra_metadata":{}}"#,
    );
    let noon = 1_769_860_800;
    let expected = pb::DeploymentEvent {
        event_id: "e".to_owned(),
        product_name: "my-service".to_owned(),
        version: "1.2.3".to_owned(),
        environment_name: "dev".to_owned(),
        status: pb::BuildStatus::Completed.into(),
        instance: "eu-1".to_owned(),
        occurred_at: at(noon, 0),
        started_at: at(noon + 1, 0),
        completed_at: at(noon + 2, 0),
        invoke_id: "7".to_owned(),
        invoke_attempt: 2,
        scm_sha: "a".to_owned(),
        scm_repository: "b".to_owned(),
        scm_branch: "c".to_owned(),
        build_number: "456".to_owned(),
        deploy_url: "d".to_owned(),
        build_url: "f".to_owned(),
        source_system: "g".to_owned(),
        deployed_by: "h".to_owned(),
        deployed_by_name: "i".to_owned(),
        deployed_by_email: "j".to_owned(),
        error_message: "k".to_owned(),
        error_code: "l".to_owned(),
        extra_metadata: Some(pb::Object::default()),
    };
    assert_eq!(event, expected);
}

#[test]
fn a_check_is_taken_field_by_field() {
    let event = check(
        r#"{"event_id":"e","product_name":"my-service","version":"1.2.3","scm_sha":"a","check_name":"unit",
        "kind":"Security-Scan","status":"PASSED","occurred_at":"2026-01-31T12:00:00Z",
        "started_at":"2026-01-31T12:00:01Z","completed_at":"2026-01-31T12:00:02Z",
        "expires_at":"2026-01-31T12:00:03Z","invoke_id":"7","invoke_attempt":2,"environment_name":"dev",
        "url":"b","summary":"c","counts":{"critical":0,"high":9007199254740993},"checked_by":"d",
        "checked_by_name":"f","checked_by_email":"g","source_system":"h","extra_metadata":{"a":null}}"#,
    );
    let noon = 1_769_860_800;
    let expected = pb::CheckEvent {
        event_id: "e".to_owned(),
        product_name: "my-service".to_owned(),
        version: "1.2.3".to_owned(),
        scm_sha: "a".to_owned(),
        check_name: "unit".to_owned(),
        kind: pb::CheckKind::SecurityScan.into(),
        status: pb::CheckStatus::Passed.into(),
        occurred_at: at(noon, 0),
        started_at: at(noon + 1, 0),
        completed_at: at(noon + 2, 0),
        expires_at: at(noon + 3, 0),
        invoke_id: "7".to_owned(),
        invoke_attempt: 2,
        environment_name: "dev".to_owned(),
        url: "b".to_owned(),
        summary: "c".to_owned(),
        counts: HashMap::from([
            ("critical".to_owned(), 0),
            ("high".to_owned(), 9_007_199_254_740_993),
        ]),
        checked_by: "d".to_owned(),
        checked_by_name: "f".to_owned(),
        checked_by_email: "g".to_owned(),
        source_system: "h".to_owned(),
        extra_metadata: Some(object([("a", Kind::NullValue(0))]).into()),
    };
    assert_eq!(event, expected);
}

#[test]
fn r4_spellings_become_the_contracts_statuses() {
    use pb::{BuildStatus, CheckStatus};
    for (word, build, gate) in [
        ("queued", BuildStatus::Pending, CheckStatus::Queued),
        ("In_Progress", BuildStatus::Started, CheckStatus::Running),
        ("SUCCESS", BuildStatus::Completed, CheckStatus::Passed),
        (" timed_out ", BuildStatus::Failed, CheckStatus::Failed),
        ("Cancelled", BuildStatus::Aborted, CheckStatus::Skipped),
    ] {
        let body = format!(r#"{{"status":"{word}"}}"#);
        assert_eq!(version(&body).status(), build, "{word}");
        assert_eq!(
            i32::from(deployment(&body).status()),
            i32::from(build),
            "{word}"
        );
        assert_eq!(check(&body).status(), gate, "{word}");
    }
    for (word, kind) in [
        ("test", pb::CheckKind::Test),
        ("security_scan", pb::CheckKind::SecurityScan),
        ("Approval", pb::CheckKind::Approval),
        ("CUSTOM", pb::CheckKind::Custom),
    ] {
        assert_eq!(check(&format!(r#"{{"kind":"{word}"}}"#)).kind(), kind);
    }
}

#[test]
fn r9_times_have_any_offset_and_are_exact() {
    for (text, expected) in [
        ("2026-01-31T12:00:00Z", at(1_769_860_800, 0)),
        (
            "2026-01-31T14:00:00.5+02:00",
            at(1_769_860_800, 500_000_000),
        ),
        ("2026-01-31t06:30:00.000001-05:30", at(1_769_860_800, 1_000)),
        ("1969-12-31T23:59:59.25Z", at(-1, 250_000_000)),
        ("", None),
    ] {
        let body = format!(r#"{{"occurred_at":"{text}"}}"#);
        assert_eq!(version(&body).occurred_at, expected, "{text}");
    }
    for bad in [
        r#""2026-01-31""#,
        r#""2026-01-31T12:00:00""#,
        r#""yesterday""#,
        r#""2026-02-30T12:00:00Z""#,
        "1769860800",
    ] {
        let fault = fault(&format!(r#"{{"occurred_at":{bad}}}"#));
        assert!(
            fault.starts_with("body.occurred_at is no RFC 3339 time"),
            "{fault}"
        );
    }
}

#[test]
fn r2_a_number_that_stands_for_a_text_is_taken_as_it_is_written() {
    let event = version(
        r#"{"version":1.10,"build_number":456,"invoke_id":123456789012345678901234567890,"error_code":-1}"#,
    );
    assert_eq!(event.version, "1.10");
    assert_eq!(event.build_number, "456");
    assert_eq!(event.invoke_id, "123456789012345678901234567890");
    assert_eq!(event.error_code, "-1");
}

#[test]
fn r6_null_and_empty_texts_count_as_left_out_and_unknown_fields_are_passed_over() {
    let event = check(
        r#"{"event_id":"e","status":null,"kind":"","counts":null,"occurred_at":" ","invoke_attempt":null,
        "url":null,"extra_metadata":null,"colour":{"a":[1]}}"#,
    );
    let expected = pb::CheckEvent {
        event_id: "e".to_owned(),
        ..Default::default()
    };
    assert_eq!(event, expected);
}

#[test]
fn r10_metadata_keeps_every_sort_of_value() {
    let event = version(
        r#"{"extra_metadata":{"n":180,"f":1.5,"t":true,"z":null,"s":"ü\n","l":[1,[]],"o":{"a":{}}}}"#,
    );
    let nested = Kind::StructValue(object([("a", Kind::StructValue(Struct::default()))]));
    let expected = object([
        ("n", Kind::NumberValue(180.0)),
        ("f", Kind::NumberValue(1.5)),
        ("t", Kind::BoolValue(true)),
        ("z", Kind::NullValue(0)),
        ("s", word("ü\n")),
        ("l", list(vec![Kind::NumberValue(1.0), list(vec![])])),
        ("o", nested),
    ]);
    assert_eq!(event.extra_metadata, Some(expected.into()));
}

#[test]
fn r10_sixteen_levels_are_taken() {
    for (open, close, innermost) in [(r#"{"a":"#, "}", "{}"), ("[", "]", "[]")] {
        // The object of the first level holds the others.
        let nested = |levels: usize| {
            let (open, close) = (open.repeat(levels - 2), close.repeat(levels - 2));
            format!(r#"{{"event_id":"e","extra_metadata":{{"a":{open}{innermost}{close}}}}}"#)
        };
        check(&nested(16));
        assert_eq!(
            fault(&nested(17)),
            "body.extra_metadata is nested deeper than 16 levels"
        );
        let fault = fault(&nested(50_000));
        assert!(fault.contains("recursion limit"), "{fault}");
    }
}

#[test]
fn every_fault_of_a_line_is_named() {
    assert_eq!(
        fault(
            r#"{"product_name":true,"check_name":["a"],"kind":"smoke","status":"green","occurred_at":7,
            "invoke_attempt":0,"counts":{"passed":1.5},"extra_metadata":"x","url":{}}"#
        ),
        "body.product_name is neither a text nor a number; \
         body.check_name is neither a text nor a number; \
         body.kind is none of: test, security_scan, approval, custom; \
         body.status is none of: queued, running, passed, failed, skipped; \
         body.occurred_at is no RFC 3339 time such as 2026-01-31T12:00:00Z; \
         body.invoke_attempt is no whole number from 1 to 2147483647; \
         body.url is neither a text nor a number; \
         body.counts is no object of whole numbers; \
         body.extra_metadata is no JSON object: invalid type: string \"x\", expected a map at column 3"
    );
    for bad in ["-1", "1.0", "2147483648", r#""two""#, "true", "{}"] {
        let fault = fault(&format!(r#"{{"invoke_attempt":{bad}}}"#));
        assert!(fault.starts_with("body.invoke_attempt is "), "{fault}");
    }
    for bad in [
        "[]",
        "3",
        "{\"a\":\"3\"}",
        "{\"a\":null}",
        "{\"a\":9223372036854775808}",
    ] {
        let fault = fault(&format!(r#"{{"counts":{bad}}}"#));
        assert_eq!(fault, "body.counts is no object of whole numbers", "{bad}");
    }
    for bad in [r#"{"a":1e999}"#, "[]", r#"{"a":"\ud800"}"#] {
        let fault = fault(&format!(r#"{{"extra_metadata":{bad}}}"#));
        assert!(
            fault.contains("body.extra_metadata is no JSON object"),
            "{fault}"
        );
    }
}

#[test]
fn a_malformed_line_is_told_from_its_form() {
    let fault = |line: &[u8]| submission(line).unwrap_err();
    assert_eq!(fault(b"\xff"), "the line is no UTF-8 text");
    for (line, expected) in [
        (
            r#"{"type":"version_event","body":{}"#,
            "the line is no JSON object: EOF",
        ),
        (
            r#"["version_event",{}]"#,
            "the line is no JSON object: invalid type",
        ),
        (
            r#"{"type":"version_event","body":{}} x"#,
            "the line is no JSON object: trailing",
        ),
        (r#"{"type":"version_event"}"#, "body is required"),
        (
            r#"{"type":"version_event","body":null}"#,
            "body is required",
        ),
        (
            r#"{"type":"version_event","body":[]}"#,
            "body is no JSON object",
        ),
        (r#"{"body":{}}"#, "type is none of: version_event,"),
        (
            r#"{"type":"product_updated","body":{}}"#,
            "type is none of: version_event,",
        ),
        (
            r#"{"type":{},"body":{}}"#,
            "type is neither a text nor a number",
        ),
    ] {
        let fault = fault(line.as_bytes());
        assert!(fault.starts_with(expected), "{fault}");
        assert!(!fault.contains("line 1"), "{fault}");
    }
}

#[test]
fn r7_an_event_without_an_id_gets_one_from_its_content() {
    let derived = version(r#"{"product_name":"a","version":"1"}"#).event_id;
    assert!(
        derived.starts_with("import-") && derived.len() == 39,
        "{derived}"
    );
    let reordered = " { \"body\" : { \"version\" : \"1\", \"product_name\":\"a\" }, \"type\":\"version_event\", \"x\":1 } ";
    let Some(Event::VersionEvent(reordered)) = submission(reordered.as_bytes()).unwrap().event
    else {
        panic!("not a version event");
    };
    assert_eq!(reordered.event_id, derived);
    assert_ne!(
        version(r#"{"product_name":"a","version":"2"}"#).event_id,
        derived
    );
    assert_ne!(
        deployment(r#"{"product_name":"a","version":"1"}"#).event_id,
        derived
    );
    assert_eq!(version(r#"{"event_id":" mine "}"#).event_id, " mine ");
    assert_eq!(version(r#"{"event_id":7}"#).event_id, "7");
    assert!(
        version(r#"{"event_id":" "}"#)
            .event_id
            .starts_with("import-")
    );
}
