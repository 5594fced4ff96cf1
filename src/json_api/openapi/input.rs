//! Schemas of bodies: events, lists of them, and new values of resources.

use serde_json::{Map, Value, json};

use super::{
    example,
    schema::{Schemas, accepted_words, nullable, plain},
    text,
};
use crate::{
    domain::rules::version_event,
    grpc::MAX_BATCH_EVENTS,
    json_api::{
        contract::{CONTRACT, Field, Kind, Many, Message},
        operation::{BodyKind, Operation},
    },
    json_input::{EVENT_TYPES, message_of},
};

/// The schema and examples of an operation's body, if it has one.
pub(super) fn body(operation: &Operation, schemas: &mut Schemas) -> Option<Value> {
    let json = match operation.body {
        BodyKind::None => return None,
        BodyKind::Event(name) => {
            json!({"schema": event(name, schemas), "examples": example::events(name)})
        }
        BodyKind::Change(resource) => {
            json!({"schema": change(operation), "example": example::change(resource)})
        }
        BodyKind::Events => {
            let entries = EVENT_TYPES.map(|(word, subject)| {
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

/// The header that gives the event's id if the body has none.
pub(super) fn idempotency_key() -> Value {
    let mut schema = text::optional(&version_event::EVENT_ID);
    schema["pattern"] = "^[ -~]*$".into();
    json!({
        "name": "Idempotency-Key",
        "in": "header",
        "required": false,
        "description": "The event's id, if the body has no `event_id`. An empty one counts as left out.",
        "schema": schema,
    })
}

fn event(name: &str, schemas: &mut Schemas) -> Value {
    let message = CONTRACT.message(name);
    let fields = message.fields.iter();
    let properties: Map<String, Value> = fields
        .clone()
        .map(|field| {
            let schema = match field.rules.required {
                true => value(field),
                // Null counts as left out.
                false => nullable(value(field)),
            };
            (field.name.clone(), described(field, schema))
        })
        .collect();
    let required: Vec<&str> = fields
        .filter(|field| field.rules.required)
        .map(|field| field.name.as_str())
        .collect();
    let mut schema = json!({
        "type": "object",
        "description": message.comment,
        "required": required,
        "properties": properties,
    });
    if let Some(one_of_several) = one_of_several(message) {
        schema["anyOf"] = one_of_several;
    }
    schemas.insert(&format!("{name}Body"), schema)
}

/// The fields of which a message needs one.
fn one_of_several(message: &Message) -> Option<Value> {
    let mut fields = message.fields.iter();
    let first = fields.find(|field| !field.rules.required_unless.is_empty())?;
    let others = first.rules.required_unless.iter();
    let names = std::iter::once(first.name.as_str()).chain(others.copied());
    let given = names.filter_map(|name| {
        let schema = text::required(&message.field(name)?.rules);
        Some(json!({"required": [name], "properties": {name: schema}}))
    });
    Some(given.collect())
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
    let rules = &field.rules;
    let one = match &field.kind {
        Kind::Text if rules.required => text::required(rules),
        Kind::Text => text::optional(rules),
        Kind::Enum(words) => json!({"type": "string", "enum": accepted_words(words)}),
        Kind::Whole(least, most) => text::whole(rules, Some(*least), Some(*most)),
        Kind::Time => {
            json!({"type": "string", "format": "date-time", "pattern": text::SINCE_1970})
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
        Many::List => text::array(rules, one),
        Many::Map => text::map(rules, one),
    }
}
