//! Bodies of events as messages of the contract: every field, every error.

use std::collections::HashMap;

use prost_types::{ListValue, Struct, Timestamp, Value, value::Kind};

use crate::{
    json_input::*,
    pb::{self, event_submission::Event},
};

fn message(subject: Subject, body: &str) -> Event {
    let body = read_event(body, subject).unwrap();
    to_message(subject, &body.event).unwrap()
}

fn version(body: &str) -> pb::VersionEvent {
    match message(Subject::Version, body) {
        Event::VersionEvent(event) => event,
        other => panic!("not a version event: {other:?}"),
    }
}

fn deployment(body: &str) -> pb::DeploymentEvent {
    match message(Subject::Deployment, body) {
        Event::DeploymentEvent(event) => event,
        other => panic!("not a deployment event: {other:?}"),
    }
}

fn check(body: &str) -> pb::CheckEvent {
    match message(Subject::Check, body) {
        Event::CheckEvent(event) => event,
        other => panic!("not a check event: {other:?}"),
    }
}

/// What is wrong with the body of a check event, besides fields that are missing.
fn faults(body: &str) -> Vec<String> {
    let body = read_event(body, Subject::Check).unwrap();
    assert!(to_message(Subject::Check, &body.event).is_none());
    let violations = body.event.parse(Subject::Check, "", i64::MAX).unwrap_err();
    violations
        .iter()
        .map(ToString::to_string)
        .filter(|fault| !fault.contains("is required"))
        .collect()
}

fn fault(body: &str) -> String {
    faults(body).join("; ")
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
fn a_real_build_is_accepted_field_by_field() {
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
fn the_other_fields_of_a_build_are_read() {
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
fn a_deployment_is_accepted_field_by_field() {
    let event = deployment(
        r#"{"event_id":"e","product_name":"my-service","version":"1.2.3","environment_name":"dev","status":"success",
        "instance":"eu-1","occurred_at":"2026-01-31T12:00:00Z","started_at":"2026-01-31T12:00:01Z",
        "completed_at":"2026-01-31T12:00:02Z","invoke_id":"7","invoke_attempt":2,"scm_sha":"a",
        "scm_repository":"b","scm_branch":"c","build_number":"456","deploy_url":"d","build_url":"f",
        "source_system":"g","deployed_by":"h","deployed_by_name":"i","deployed_by_email":"j",
        "error_message":"k","error_code":"l","extra_metadata":{}}"#,
    );
    let noon = 1_769_860_800;
    let expected = pb::DeploymentEvent {
        event_id: "e".to_owned(),
        product_name: "my-service".to_owned(),
        version: "1.2.3".to_owned(),
        environment_name: "dev".to_owned(),
        status: pb::DeploymentStatus::Completed.into(),
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
fn a_check_is_accepted_field_by_field() {
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
fn r4_spellings_become_the_statuses_of_the_contract() {
    use pb::{BuildStatus, CheckStatus, DeploymentStatus};
    for (word, build, deployed, gate) in [
        (
            "queued",
            BuildStatus::Pending,
            DeploymentStatus::Pending,
            CheckStatus::Queued,
        ),
        (
            "In_Progress",
            BuildStatus::Started,
            DeploymentStatus::Started,
            CheckStatus::Running,
        ),
        (
            " SUCCESS ",
            BuildStatus::Completed,
            DeploymentStatus::Completed,
            CheckStatus::Passed,
        ),
    ] {
        let body = format!(r#"{{"status":"{word}"}}"#);
        assert_eq!(version(&body).status(), build, "{word}");
        assert_eq!(deployment(&body).status(), deployed, "{word}");
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
fn r6_null_and_empty_texts_count_as_left_out_and_unknown_fields_are_ignored() {
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
fn r10_sixteen_levels_are_accepted() {
    for (open, close, innermost) in [(r#"{"a":"#, "}", "{}"), ("[", "]", "[]")] {
        // The object of the first level holds the others.
        let nested = |levels: usize| {
            let (open, close) = (open.repeat(levels - 2), close.repeat(levels - 2));
            format!(r#"{{"extra_metadata":{{"a":{open}{innermost}{close}}}}}"#)
        };
        check(&nested(16));
        for levels in [17, 50_000] {
            let fault = fault(&nested(levels));
            assert!(fault.starts_with("extra_metadata "), "{fault}");
            assert!(fault.contains("16 levels"), "{fault}");
        }
    }
}

#[test]
fn every_field_that_is_wrong_is_named() {
    let mut all = faults(
        r#"{"product_name":true,"check_name":["a"],"occurred_at":7,"invoke_attempt":"1",
        "counts":{"passed":"1"},"extra_metadata":"x","url":{},"version":2.1,"event_id":7}"#,
    );
    all.sort();
    assert_eq!(
        all,
        [
            "check_name must be a string, not an array",
            r#"counts must have whole numbers of at most 64 bits ("passed" is a string)"#,
            "event_id must be a string, not a number",
            "extra_metadata must be an object, not a string",
            "invoke_attempt must be a whole number, not a string",
            "occurred_at must be a string, not a number",
            "product_name must be a string, not a boolean",
            "url must be a string, not an object",
            "version must be a string, not a number",
        ]
    );
    for bad in [
        r#"{"kind":"smoke"}"#,
        r#"{"status":"green"}"#,
        r#"{"occurred_at":"yesterday"}"#,
        r#"{"invoke_attempt":0}"#,
        r#"{"invoke_attempt":-1}"#,
        r#"{"invoke_attempt":1.5}"#,
        r#"{"invoke_attempt":2147483648}"#,
        r#"{"counts":[]}"#,
        r#"{"counts":{"a":null}}"#,
        r#"{"counts":{"a":9223372036854775808}}"#,
        r#"{"counts":{"a":1,"a":2}}"#,
        r#"{"extra_metadata":{"a":1e999}}"#,
        r#"{"extra_metadata":{"a":"\ud800"}}"#,
        r#"{"url":"\ud800"}"#,
    ] {
        let field = bad.split('"').nth(1).unwrap();
        let faults = faults(bad);
        assert_eq!(faults.len(), 1, "{bad}: {faults:?}");
        assert!(faults[0].starts_with(&format!("{field} ")), "{faults:?}");
    }
}

#[test]
fn a_repeated_field_is_an_error_unless_it_is_unknown() {
    assert_eq!(
        fault(r#"{"url":"a","url":"b","url":"c","x":1,"x":2}"#),
        "url must be given once (is given several times)"
    );
    // A message cannot say that a field is repeated, so it is an error here, even if the values are equal.
    assert!(fault(r#"{"version":"1","version":"1"}"#).starts_with("version "));
}

#[test]
fn unknown_fields_are_listed_with_what_was_meant() {
    let body = r#"{"sha":"a","scm_brnach":"main","colour":1,"sha":2,"environment_name":null}"#;
    let body = read_event(body, Subject::Version).unwrap();
    let ignored: Vec<_> = body
        .ignored_fields
        .iter()
        .map(|ignored| (ignored.field.as_str(), ignored.did_you_mean))
        .collect();
    assert_eq!(
        ignored,
        [
            ("sha", Some("scm_sha")),
            ("scm_brnach", Some("scm_branch")),
            ("colour", None),
            ("environment_name", None),
        ]
    );
}

#[test]
fn it_is_known_which_fields_are_given_and_of_the_wrong_type() {
    let body = r#"{"version":5,"status":" ","scm_sha":null,"build_url":"u","invoke_attempt":1.5}"#;
    let presence = read_event(body, Subject::Version).unwrap().presence;
    assert_eq!(presence.given, ["version", "build_url", "invoke_attempt"]);
    assert_eq!(presence.wrong_type, ["version"]);
}
