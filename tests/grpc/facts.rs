//! The events that stories tell, with what every one of them needs: a test adds the facts that matter to it.

use prost_types::{ListValue, Struct, Timestamp, Value, value::Kind};
use serde_json::Value as Json;
use versioner::pb::{self, BuildStatus, CheckKind, CheckStatus, DeploymentStatus, Object};

/// What the events are about, where a test does not say.
pub(crate) const PRODUCT: &str = "my-service";
pub(crate) const SHA: &str = "abc123def4567890abc123def4567890abc123de";

pub(crate) fn build(version: &str, status: BuildStatus) -> pb::VersionEvent {
    pb::VersionEvent {
        product_name: PRODUCT.into(),
        version: version.into(),
        status: status.into(),
        ..Default::default()
    }
}

pub(crate) fn deployment(
    version: &str,
    environment: &str,
    status: DeploymentStatus,
) -> pb::DeploymentEvent {
    pb::DeploymentEvent {
        product_name: PRODUCT.into(),
        version: version.into(),
        environment_name: environment.into(),
        status: status.into(),
        ..Default::default()
    }
}

pub(crate) fn check(version: &str, check_name: &str, status: CheckStatus) -> pb::CheckEvent {
    pb::CheckEvent {
        product_name: PRODUCT.into(),
        version: version.into(),
        check_name: check_name.into(),
        kind: CheckKind::Test.into(),
        status: status.into(),
        ..Default::default()
    }
}

/// An RFC 3339 time.
pub(crate) fn at(text: &str) -> Option<Timestamp> {
    Some(text.parse().expect("a time"))
}

/// So many seconds from now.
pub(crate) fn seconds_from_now(seconds: i64) -> Option<Timestamp> {
    let now = Timestamp::from(std::time::SystemTime::now());
    Some(Timestamp {
        seconds: now.seconds + seconds,
        ..now
    })
}

pub(crate) fn object(json: Json) -> Option<Object> {
    match value(json).kind {
        Some(Kind::StructValue(object)) => Some(object.into()),
        other => panic!("no object: {other:?}"),
    }
}

/// What a client reads of a Struct, with whole doubles as whole numbers.
pub(crate) fn json(object: Option<Object>) -> Json {
    fn read(value: Value) -> Json {
        match value.kind.expect("a kind") {
            Kind::NullValue(_) => Json::Null,
            Kind::BoolValue(value) => value.into(),
            Kind::StringValue(text) => text.into(),
            Kind::NumberValue(number) if number.fract() == 0.0 => (number as i64).into(),
            Kind::NumberValue(number) => number.into(),
            Kind::ListValue(list) => list.values.into_iter().map(read).collect(),
            Kind::StructValue(object) => json(Some(object.into())),
        }
    }
    let fields = Struct::from(object.unwrap_or_default()).fields.into_iter();
    Json::Object(fields.map(|(key, value)| (key, read(value))).collect())
}

fn value(json: Json) -> Value {
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(value) => Kind::BoolValue(value),
        Json::Number(number) => Kind::NumberValue(number.as_f64().expect("a double")),
        Json::String(text) => Kind::StringValue(text),
        Json::Array(values) => Kind::ListValue(ListValue {
            values: values.into_iter().map(value).collect(),
        }),
        Json::Object(object) => Kind::StructValue(Struct {
            fields: object.into_iter().map(|(k, v)| (k, value(v))).collect(),
        }),
    };
    Value { kind: Some(kind) }
}
