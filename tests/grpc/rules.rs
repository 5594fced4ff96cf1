//! The rules of the contract's fields: for each rule, a request that breaks it is rejected with the field's path and
//! what is allowed.

use std::collections::BTreeMap;

use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor,
    MethodDescriptor, Value,
};
use prost_types::{Duration, Struct, Timestamp};
use tonic::transport::Channel;
use tonic_types::StatusExt;
use versioner::domain::rules::FieldRules;

use crate::{facts::seconds_from_now, raw::Raw, story::Story};

const PACKAGE: &str = "versioner.v1";

/// Fields that the server ignores in a request, as their comments say.
const IGNORED: [&str; 6] = [
    "Product.id",
    "Product.created_at",
    "Product.updated_at",
    "Environment.id",
    "Environment.created_at",
    "Environment.updated_at",
];

/// Messages whose violations are in the results of the events, not in the call's error. They have the events of the
/// calls for one event, whose rules are tested here.
const WITH_RESULTS: [&str; 2] = ["EventSubmission", "SubmitEventsRequest"];

/// A request that breaks a rule.
struct Case {
    /// The fields that may be reported: several if one of them must be set.
    paths: Vec<String>,
    /// The beginning of the description.
    expected: String,
    request: DynamicMessage,
}

#[tokio::test]
async fn every_rule_of_a_field_is_enforced() {
    let story = Story::on_sqlite().await;
    let pool = DescriptorPool::decode(versioner::pb::DESCRIPTORS).unwrap();
    let services = pool.services().filter(|s| s.package_name() == PACKAGE);
    let mut failures = Vec::new();
    let mut tested = 0;
    for method in services.flat_map(|service| service.methods().collect::<Vec<_>>()) {
        for case in cases_of_request(&method.input()) {
            let found = violations(&story.channel, &method, &case.request).await;
            let is_expected = |(path, description): (&String, &Vec<String>)| {
                case.paths.contains(path)
                    && description.iter().any(|d| d.starts_with(&case.expected))
            };
            tested += 1;
            if !found.iter().any(is_expected) {
                let (name, paths) = (method.full_name(), case.paths.join(" or "));
                failures.push(format!("{name}: {paths} {}: {found:?}", case.expected));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(tested > 400, "only {tested} cases");
}

fn cases_of_request(request: &MessageDescriptor) -> Vec<Case> {
    let mut cases = Vec::new();
    if !WITH_RESULTS.contains(&request.name()) {
        add_cases(request, "", &|message| message, &mut cases);
    }
    cases
}

/// Adds the cases of a message that is part of a request; `wrap` makes the request.
fn add_cases(
    message: &MessageDescriptor,
    path: &str,
    wrap: &dyn Fn(DynamicMessage) -> DynamicMessage,
    cases: &mut Vec<Case>,
) {
    for field in message.fields() {
        let name = format!("{}.{}", message.name(), field.name());
        if IGNORED.contains(&name.as_str()) {
            continue;
        }
        let rules = FieldRules::of(message.name(), field.name()).expect("rules for each field");
        let with = |value: Value| {
            let mut message = DynamicMessage::new(message.clone());
            message.set_field(&field, value);
            wrap(message)
        };
        let at = |field: &str| format!("{path}{field}");
        for (paths, expected) in absences(rules) {
            cases.push(Case {
                paths: paths.into_iter().map(at).collect(),
                expected,
                request: wrap(DynamicMessage::new(message.clone())),
            });
        }
        for needed in rules.needs {
            cases.push(Case {
                paths: vec![at(needed)],
                expected: format!("is required if {} is set", field.name()),
                request: with(sample(rules)),
            });
        }
        for (value, expected) in bad_values(&field, rules) {
            let is_element = field.is_list() && matches!(&value, Value::List(v) if v.len() == 1);
            let element = if is_element { "[0]" } else { "" };
            cases.push(Case {
                paths: vec![at(&format!("{}{element}", field.name()))],
                expected,
                request: with(value),
            });
        }
        if let Kind::Message(inner) = field.kind()
            && inner.package_name() == PACKAGE
            && !field.is_list()
            && !field.is_map()
        {
            let wrap = |message| with(Value::Message(message));
            add_cases(&inner, &at(&format!("{}.", field.name())), &wrap, cases);
        }
    }
}

/// What is wrong with an empty message: the fields that may be reported, and the description.
fn absences(rules: &FieldRules) -> Vec<(Vec<&'static str>, String)> {
    let mut absences = Vec::new();
    if rules.required {
        absences.push((vec![rules.name], "is required".to_owned()));
    }
    if !rules.required_unless.is_empty() {
        let paths = [&[rules.name], rules.required_unless].concat();
        absences.push((paths, "is required unless".to_owned()));
    }
    if let Some(min) = rules.min_items {
        absences.push((vec![rules.name], format!("must have {min} to ")));
    }
    absences
}

/// A value of a text that breaks no rule.
fn sample(rules: &FieldRules) -> Value {
    assert!(rules.min_characters.is_none() && rules.id_of.is_none());
    Value::String("x".to_owned())
}

/// Values of a field that break its rules, each with the description that is expected.
fn bad_values(field: &FieldDescriptor, rules: &FieldRules) -> Vec<(Value, String)> {
    let mut bad = Vec::new();
    if field.is_map() {
        let map = |entries: Vec<(String, i64)>| {
            let entries = entries.into_iter();
            let entries = entries.map(|(key, value)| (MapKey::String(key), Value::I64(value)));
            Value::Map(entries.collect())
        };
        let one = |key: String, value| map(vec![(key, value)]);
        if let Some(max) = rules.max_items {
            let entries = (0..=max).map(|n| (n.to_string(), 1)).collect();
            bad.push((map(entries), most(max, "entries", max + 1)));
        }
        if let Some(max) = rules.max_characters {
            let expected = format!("has a key that {}", most(max, "characters", max + 1));
            bad.push((one("x".repeat(max + 1), 1), expected));
        }
        if let Some(min) = rules.minimum {
            let expected = format!("has a value for \"x\" that must be at least {min}");
            bad.push((one("x".to_owned(), min - 1), expected));
        }
        return bad;
    }
    if let Some(max) = rules.max_items {
        let elements = (0..=max).map(|n| element(&field.kind(), n)).collect();
        let expected = match rules.min_items {
            Some(min) => format!("must have {min} to {max} elements (has {})", max + 1),
            None => most(max, "elements", max + 1),
        };
        bad.push((Value::List(elements), expected));
    }
    for (value, expected) in bad_elements(field, rules) {
        match field.is_list() {
            true => bad.push((Value::List(vec![value]), expected)),
            false => bad.push((value, expected)),
        }
    }
    bad
}

/// An element that breaks no rule.
fn element(kind: &Kind, number: usize) -> Value {
    match kind {
        Kind::String => Value::String(format!("x{number}")),
        Kind::Enum(_) => Value::EnumNumber(1),
        Kind::Message(message) => Value::Message(DynamicMessage::new(message.clone())),
        other => panic!("{other:?} has no sample"),
    }
}

fn bad_elements(field: &FieldDescriptor, rules: &FieldRules) -> Vec<(Value, String)> {
    match field.kind() {
        Kind::String => bad_texts(field, rules),
        Kind::Enum(_) => vec![(Value::EnumNumber(99), "must be ".to_owned())],
        Kind::Int32 | Kind::Int64 => bad_numbers(&field.kind(), rules),
        Kind::Message(message) => match message.full_name() {
            "google.protobuf.Timestamp" => bad_times(&message, rules),
            "google.protobuf.Duration" => bad_durations(&message, rules),
            "google.protobuf.Struct" => bad_objects(&message, rules),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn bad_texts(field: &FieldDescriptor, rules: &FieldRules) -> Vec<(Value, String)> {
    let mut bad = Vec::new();
    let mut add = |text: String, expected: String| bad.push((Value::String(text), expected));
    if rules.id_of.is_some() {
        add(
            "x".to_owned(),
            "must be an id issued by this server".to_owned(),
        );
        return bad;
    }
    // The token of a page has no rules: it is the server's own.
    let Some(max) = rules.max_characters else {
        assert_eq!(field.name(), "page_token");
        return bad;
    };
    add("x".repeat(max + 1), most(max, "characters", max + 1));
    match rules.min_characters {
        Some(min) if min > 1 => add(
            "x".repeat(min - 1),
            format!("must have at least {min} characters (has {})", min - 1),
        ),
        _ if field.is_list() => add(String::new(), "must not be empty".to_owned()),
        _ => {}
    }
    if let Some(max) = rules.max_bytes {
        const THREE_BYTES: &str = "枝";
        let text = THREE_BYTES.repeat(max / 3 + 1);
        let bytes = text.len();
        add(text, most(max, "bytes", bytes));
    }
    let control = "must not have control characters";
    match rules.multiline {
        true => add("a\u{7}b".to_owned(), format!("{control} other than")),
        false => add("a\nb".to_owned(), control.to_owned()),
    }
    bad
}

fn bad_numbers(kind: &Kind, rules: &FieldRules) -> Vec<(Value, String)> {
    let value = |number: i64| match kind {
        Kind::Int32 => i32::try_from(number).ok().map(Value::I32),
        _ => Some(Value::I64(number)),
    };
    let mut bad = Vec::new();
    if let Some(min) = rules.minimum {
        // 0 is not set.
        let number = if min == 1 { -1 } else { min - 1 };
        bad.extend(value(number).map(|value| (value, format!("(is {number})"))));
    }
    if let Some(number) = rules.maximum.and_then(|max| max.checked_add(1)) {
        bad.extend(value(number).map(|value| (value, format!("(is {number})"))));
    }
    for (_, expected) in &mut bad {
        let bounds = match (rules.minimum, rules.maximum) {
            (Some(min), Some(max)) => format!("must be from {min} to {max}"),
            (Some(min), None) => format!("must be at least {min}"),
            (_, max) => format!("must be at most {}", max.unwrap_or_default()),
        };
        *expected = format!("{bounds} {expected}");
    }
    bad
}

fn bad_times(message: &MessageDescriptor, rules: &FieldRules) -> Vec<(Value, String)> {
    let years = "must be in the years 1970 to 9999";
    let mut bad: Vec<(Timestamp, String)> = [-1, 253_402_300_800]
        .map(|seconds| (Timestamp { seconds, nanos: 0 }, years.to_owned()))
        .into();
    let broken = Timestamp {
        seconds: 0,
        nanos: -1,
    };
    bad.push((broken, "must have nanos from 0 to 999999999".to_owned()));
    if let Some(max) = rules.max_future_seconds {
        let at = seconds_from_now(max + 60).expect("a time");
        bad.push((at, format!("must be at most {max} seconds in the future")));
    }
    let bad = bad.into_iter();
    bad.map(|(at, expected)| (dynamic(message, &at), expected))
        .collect()
}

fn bad_durations(message: &MessageDescriptor, rules: &FieldRules) -> Vec<(Value, String)> {
    let (min, max) = (rules.min_seconds.unwrap(), rules.max_seconds.unwrap());
    let expected = format!("must be from {min} to {max} seconds");
    let max = i64::try_from(max).unwrap();
    [(0, 999_999_999), (max, 1), (-1, 0)]
        .map(|(seconds, nanos)| {
            let duration = Duration { seconds, nanos };
            (dynamic(message, &duration), expected.clone())
        })
        .into()
}

fn bad_objects(message: &MessageDescriptor, rules: &FieldRules) -> Vec<(Value, String)> {
    let (bytes, levels) = (rules.max_bytes.unwrap(), rules.max_levels.unwrap());
    let object = |value: prost_types::Value| Struct {
        fields: [("a".to_owned(), value)].into(),
    };
    let large = object("x".repeat(bytes).into());
    let mut deep = object(1.0.into());
    for _ in 0..levels {
        let kind = prost_types::value::Kind::StructValue(deep);
        deep = object(prost_types::Value { kind: Some(kind) });
    }
    vec![
        (
            dynamic(message, &large),
            format!("must have at most {bytes} bytes as JSON"),
        ),
        (
            dynamic(message, &deep),
            format!("must have at most {levels} levels of nesting"),
        ),
    ]
}

fn dynamic(descriptor: &MessageDescriptor, message: &impl prost::Message) -> Value {
    let mut value = DynamicMessage::new(descriptor.clone());
    value.transcode_from(message).expect("the same message");
    Value::Message(value)
}

fn most(max: usize, what: &str, has: usize) -> String {
    format!("must have at most {max} {what} (has {has})")
}

/// The violations with which a call is rejected: the descriptions, by path.
async fn violations(
    channel: &Channel,
    method: &MethodDescriptor,
    request: &DynamicMessage,
) -> BTreeMap<String, Vec<String>> {
    let mut violations: BTreeMap<String, Vec<String>> = BTreeMap::new();
    if let Err(status) = Raw::call(channel, method, request).await {
        let details = status.get_error_details();
        for violation in details
            .bad_request()
            .iter()
            .flat_map(|bad| &bad.field_violations)
        {
            let descriptions = violations.entry(violation.field.clone()).or_default();
            descriptions.push(violation.description.clone());
        }
    }
    violations
}
