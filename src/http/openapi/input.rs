//! Schemas of bodies: events, lists of them, and new values of things.

use serde_json::{Map, Value, json};

use super::example;
use super::schema::{Schemas, is_required, name, nullable, plain, sha, text, words_taken};
use crate::{
    domain::{
        commit::MIN_SHORTENED,
        event::{MAX_COUNT_NAME, MAX_COUNTS, MAX_NAME},
        resource::MAX_ALIASES,
    },
    grpc::MAX_BATCH_EVENTS,
    http::{
        contract::{CONTRACT, Field, Kind, Many},
        event::message_of,
        operation::{Operation, Takes},
        submit::SORTS,
    },
};

/// The years that times of events have.
const SINCE_1970: &str = "^(19[7-9][0-9]|[2-9][0-9]{3})-";

/// What an operation takes as its body, if anything.
pub(super) fn body(operation: &Operation, schemas: &mut Schemas) -> Option<Value> {
    let json = match operation.takes {
        Takes::Nothing => return None,
        Takes::Event(name) => {
            json!({"schema": event(name, schemas), "examples": example::events(name)})
        }
        Takes::Change(thing) => {
            json!({"schema": change(operation), "example": example::change(thing)})
        }
        Takes::Events => {
            let entries = SORTS.map(|(word, subject)| {
                json!({
                    "type": "object",
                    "required": ["type", "body"],
                    "properties": {
                        "type": {"const": word},
                        "body": event(message_of(subject), schemas),
                    },
                })
            });
            let entry = schemas.insert("EventSubmission", json!({"oneOf": entries}));
            let array = json!({
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_BATCH_EVENTS,
                "items": entry,
            });
            let lines = json!({
                "type": "string",
                "format": "ndjson",
                "description": "A JSON object on each line.",
            });
            return Some(json!({
                "required": true,
                "content": {
                    "application/json": {"schema": array, "example": example::batch()},
                    "application/x-ndjson": {"schema": lines, "example": example::lines()},
                },
            }));
        }
    };
    Some(json!({"required": true, "content": {"application/json": json}}))
}

fn event(sort: &str, schemas: &mut Schemas) -> Value {
    let message = CONTRACT.message(sort);
    let fields = message.fields.iter();
    let properties: Map<String, Value> = fields
        .clone()
        .map(|field| {
            let schema = match is_required(field) {
                true => value(field),
                // Null counts as left out.
                false => nullable(value(field)),
            };
            (field.name.clone(), described(field, schema))
        })
        .collect();
    let required: Vec<&str> = fields
        .filter(|field| is_required(field))
        .map(|field| field.name.as_str())
        .collect();
    let mut schema = json!({
        "type": "object",
        "description": message.comment,
        "required": required,
        "properties": properties,
    });
    if sort == "CheckEvent" {
        schema["anyOf"] = ["version", "scm_sha"]
            .map(|field| {
                let text = match field {
                    "scm_sha" => sha(MIN_SHORTENED),
                    _ => name(MAX_NAME),
                };
                json!({"required": [field], "properties": {field: text}})
            })
            .into();
    }
    schemas.insert(&format!("{sort}Body"), schema)
}

fn change(operation: &Operation) -> Value {
    let properties: Map<String, Value> = operation
        .changeable()
        .map(|field| (field.name.clone(), described(field, value(field))))
        .collect();
    json!({"type": "object", "properties": properties})
}

fn described(field: &Field, mut schema: Value) -> Value {
    schema["description"] = field.comment.as_str().into();
    schema
}

fn value(field: &Field) -> Value {
    let one = match &field.kind {
        Kind::Text if matches!(field.name.as_str(), "name" | "aliases" | "required_checks") => {
            name(MAX_NAME)
        }
        Kind::Text => text(&field.name, is_required(field)),
        Kind::Enum(words) => json!({"type": "string", "enum": words_taken(words)}),
        Kind::Whole(_, most) if field.name == "invoke_attempt" => {
            json!({"type": "integer", "minimum": 1, "maximum": most})
        }
        Kind::Whole(_, most) => json!({"type": "integer", "minimum": 0, "maximum": most}),
        Kind::Time => {
            json!({"type": "string", "format": "date-time", "pattern": SINCE_1970})
        }
        Kind::Message(message) => {
            let fields = CONTRACT.message(message).fields.iter();
            let properties: Map<String, Value> = fields
                .map(|field| (field.name.clone(), described(field, value(field))))
                .collect();
            json!({"type": "object", "properties": properties, "additionalProperties": false})
        }
        kind => plain(kind),
    };
    match field.many {
        Many::One => one,
        Many::List if matches!(field.name.as_str(), "aliases" | "required_checks") => {
            json!({"type": "array", "maxItems": MAX_ALIASES, "items": one})
        }
        Many::List => json!({"type": "array", "items": one}),
        Many::Map => json!({
            "type": "object",
            "maxProperties": MAX_COUNTS,
            "propertyNames": name(MAX_COUNT_NAME),
            "additionalProperties": one,
        }),
    }
}
