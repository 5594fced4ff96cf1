//! Schemas of parameters and answers, by the descriptors of messages and fields.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::text;
use crate::{
    domain::status::Status,
    json_api::{
        contract::{CONTRACT, Field, Kind, Many, Message},
        receipt,
    },
};

/// The schemas of the document by name, collected as they are referred to.
#[derive(Default)]
pub(super) struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    /// The answer of a call.
    pub(super) fn answer(&mut self, output: &str) -> Value {
        let message = CONTRACT.message(output);
        match message.flat().and_then(Field::message) {
            Some(inner) if message.fields.len() == 1 => self.message(&inner.name),
            _ => self.message(output),
        }
    }

    /// The answer to an event: fields of the resulting state and of the receipt.
    pub(super) fn event_answer(&mut self, event: &str) -> Value {
        let (state, names): (&str, &[&str]) = match event {
            "VersionEvent" => ("Build", &receipt::VERSION_EVENT_ANSWER),
            "DeploymentEvent" => ("Deployment", &receipt::DEPLOYMENT_EVENT_ANSWER),
            _ => ("Check", &[]),
        };
        let state = CONTRACT.message(state);
        let receipt = CONTRACT.message("EventReceipt");
        let mut properties = Map::new();
        if names.is_empty() {
            for field in &state.fields {
                properties.insert(field.name.clone(), self.field(field));
            }
        }
        for name in names.iter().chain(&["event_id", "duplicate"]) {
            let field = receipt.field(name).or_else(|| state.field(name));
            let schema = match field {
                Some(field) => self.field(field),
                // The one field that both do not have.
                None => json!({
                    "type": ["string", "null"],
                    "format": "date-time",
                    "description": "When it started, if that is known; otherwise when its first event occurred.",
                }),
            };
            properties.insert((*name).to_owned(), schema);
        }
        properties.insert("ignored_fields".to_owned(), self.ignored_fields());
        let schema = json!({
            "type": "object",
            "description": "The resulting state and fields of the receipt. If the event was only validated, there is no state: its fields are null.",
            "required": properties.keys().collect::<Vec<_>>(),
            "properties": properties,
        });
        self.insert(&format!("{event}Answer"), schema)
    }

    /// The answer to a change: the resource after it.
    pub(super) fn change_answer(&mut self, output: &str) -> Value {
        let resource = self.answer(output);
        let name = resource["$ref"]
            .as_str()
            .and_then(|path| path.rsplit('/').next());
        let name = name.unwrap_or_default().to_owned();
        let mut schema = self.0.get(&name).cloned().unwrap_or_default();
        schema["properties"]["ignored_fields"] = self.ignored_fields();
        if let Some(required) = schema["required"].as_array_mut() {
            required.push("ignored_fields".into());
        }
        self.insert(&format!("Update{name}Answer"), schema)
    }

    /// The fields of a body that were ignored.
    fn ignored_fields(&mut self) -> Value {
        let ignored = self.insert(
            "IgnoredField",
            json!({
                "type": "object",
                "description": "A field of the body that the contract does not have.",
                "required": ["field", "did_you_mean"],
                "properties": {
                    "field": {"type": "string", "description": "The name in the body."},
                    "did_you_mean": {
                        "type": ["string", "null"],
                        "description": "The field that was probably meant.",
                    },
                },
            }),
        );
        json!({
            "type": "array",
            "description": "The fields of the body that are not known, the first 50. They were ignored.",
            "items": ignored,
        })
    }

    pub(super) fn batch_answer(&mut self) -> Value {
        let ignored_fields = self.ignored_fields();
        let mut receipt = self.object(CONTRACT.message("EventReceipt"));
        receipt["properties"]["ignored_fields"] = ignored_fields.clone();
        if let Some(required) = receipt["required"].as_array_mut() {
            required.push("ignored_fields".into());
        }
        let receipt = self.insert("SubmissionReceipt", receipt);
        let failure = self.insert("SubmissionFailure", json!({
            "type": "object",
            "description": "Why an event was not recorded.",
            "required": ["error", "ignored_fields"],
            "properties": {
                "error": {
                    "type": "object",
                    "required": ["status", "code", "detail", "retry_after"],
                    "properties": {
                        "status": {"type": "integer", "description": "The status that a call for this one event returns."},
                        "code": {"type": "string", "description": CODE},
                        "detail": {"description": "The `detail` that a call for this one event returns."},
                        "retry_after": {
                            "type": ["integer", "null"],
                            "description": "How many seconds to wait before sending the event again. Null: sending it again does not help.",
                        },
                    },
                },
                "ignored_fields": ignored_fields,
            },
        }));
        json!({
            "type": "object",
            "required": ["results"],
            "properties": {"results": {
                "type": "array",
                "description": "A result for each event, in the order of the events.",
                "items": {"oneOf": [receipt, failure]},
            }},
        })
    }

    /// A message as answers have it.
    pub(super) fn message(&mut self, name: &str) -> Value {
        if !self.0.contains_key(name) {
            // A message may contain itself.
            self.0.insert(name.to_owned(), Value::Null);
            let schema = self.object(CONTRACT.message(name));
            self.0.insert(name.to_owned(), schema);
        }
        reference(name)
    }

    pub(super) fn insert(&mut self, name: &str, schema: Value) -> Value {
        self.0.insert(name.to_owned(), schema);
        reference(name)
    }

    /// All of them, with those of errors.
    pub(super) fn finish(mut self) -> Value {
        let fault = json!({
            "type": "object",
            "required": ["loc", "msg", "type"],
            "properties": {
                "loc": {
                    "type": "array",
                    "description": "Where the field is: `path`, `query`, `header` or `body`, then its name.",
                    "items": {"type": ["string", "integer"]},
                },
                "msg": {"type": "string", "description": "What is wrong, and what is allowed."},
                "type": {
                    "type": "string",
                    "description": "`missing`, `type_error` (another JSON type), `value_error`, `unknown_parameter`; or the reason in lower case.",
                },
            },
        });
        let conflict = json!({
            "type": "object",
            "required": ["error", "message", "code", "details"],
            "properties": {
                "error": {"type": "string"},
                "message": {"type": "string", "description": "The error, for people."},
                "code": {"type": "string", "description": "The reason, as in `code` beside `detail`."},
                "details": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        });
        let mut ignored_fields = self.ignored_fields();
        ignored_fields["description"] =
            "The fields of the body that are not known. Present only if there are any.".into();
        for (name, detail) in [
            (
                "Error",
                json!({"type": "string", "description": "The error, for people."}),
            ),
            ("InvalidError", json!({"type": "array", "items": fault})),
            ("ConflictError", conflict),
        ] {
            let schema = json!({
                "type": "object",
                "required": ["detail", "code"],
                "properties": {
                    "detail": detail,
                    "code": {"type": "string", "description": format!("{CODE}\n\n{}", reasons())},
                    "ignored_fields": ignored_fields,
                },
            });
            self.0.insert(name.to_owned(), schema);
        }
        self.0.into_iter().collect()
    }

    fn object(&mut self, message: &Message) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        let flat = message.flat();
        for field in message
            .fields
            .iter()
            .filter(|field| field.kind != Kind::Hidden)
        {
            match field.message() {
                Some(inner) if flat.is_some_and(|flat| flat.name == field.name) => {
                    for field in &inner.fields {
                        properties.insert(field.name.clone(), self.field(field));
                        required.push(field.name.clone());
                    }
                }
                _ => {
                    properties.insert(field.name.clone(), self.field(field));
                    if !field.in_oneof {
                        required.push(field.name.clone());
                    }
                }
            }
        }
        json!({
            "type": "object",
            "description": message.comment,
            "required": required,
            "properties": properties,
        })
    }

    fn field(&mut self, field: &Field) -> Value {
        let mut schema = match (field.many, &field.kind) {
            (Many::One, Kind::Text) if field.rules.id_of.is_some() => {
                nullable(text::optional(&field.rules))
            }
            (Many::List, kind) => json!({"type": "array", "items": self.value(kind)}),
            (Many::Map, kind) => {
                json!({"type": "object", "additionalProperties": self.value(kind)})
            }
            (Many::One, kind) => {
                let value = self.value(kind);
                let is_always_there =
                    matches!(kind, Kind::Bool | Kind::Whole(..) | Kind::Number) && !field.optional;
                match is_always_there || field.in_oneof {
                    true => value,
                    false => nullable(value),
                }
            }
        };
        schema["description"] = match &field.kind {
            Kind::Enum(name) => format!("{}\n\n{}", field.comment, glossary(name)).into(),
            _ => field.comment.as_str().into(),
        };
        schema
    }

    fn value(&mut self, kind: &Kind) -> Value {
        match kind {
            Kind::Message(name) => self.message(name),
            Kind::Enum(name) => {
                let words = CONTRACT.words(name).words.iter();
                json!({"type": "string", "enum": words.map(|word| &word.word).collect::<Vec<_>>()})
            }
            Kind::Duration => json!({"type": "number", "description": "Seconds."}),
            kind => plain(kind),
        }
    }
}

const CODE: &str =
    "The reason. It never changes its meaning. Clients must expect reasons that they do not know.";

/// The meaning of each reason.
fn reasons() -> String {
    let reasons = CONTRACT.words("ErrorReason").words.iter();
    let lines: Vec<String> = reasons
        .map(|reason| format!("- `{}`: {}", reason.word.to_uppercase(), reason.comment))
        .collect();
    lines.join("\n")
}

/// What each word of an enum means.
fn glossary(name: &str) -> String {
    let words = CONTRACT.words(name).words.iter();
    let lines: Vec<String> = words
        .map(|word| format!("- `{}`: {}", word.word, word.comment))
        .collect();
    lines.join("\n")
}

/// The schema of a parameter.
pub(super) fn parameter(field: &Field) -> Value {
    let rules = &field.rules;
    let one = match &field.kind {
        // A number above the largest of its type counts as the largest.
        Kind::Whole(least, _) => text::whole(rules, Some(*least), None),
        Kind::Text if rules.required => text::required(rules),
        Kind::Text => text::optional(rules),
        Kind::Enum(name) => json!({"type": "string", "enum": accepted_words(name)}),
        Kind::Time => json!({
            "type": "string",
            "pattern": text::SINCE_1970,
            "anyOf": [{"format": "date-time"}, {"format": "date"}],
        }),
        kind => plain(kind),
    };
    match field.many {
        Many::List => text::array(rules, one),
        Many::One | Many::Map => one,
    }
}

/// The words that are accepted for an enum. Statuses have several spellings (R4).
pub(super) fn accepted_words(name: &str) -> Vec<&str> {
    let own = CONTRACT
        .words(name)
        .words
        .iter()
        .map(|word| word.word.as_str());
    match name {
        // A check's own words are among them.
        "BuildStatus" | "DeploymentStatus" | "CheckStatus" => Status::spellings().collect(),
        _ => own.collect(),
    }
}

pub(super) fn nullable(mut schema: Value) -> Value {
    if schema.get("$ref").is_some() {
        return json!({"oneOf": [schema, {"type": "null"}]});
    }
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.push(Value::Null);
    }
    schema["type"] = json!([schema["type"], "null"]);
    schema
}

pub(super) fn plain(kind: &Kind) -> Value {
    match kind {
        Kind::Bool => json!({"type": "boolean"}),
        Kind::Whole(least, most) => {
            json!({"type": "integer", "minimum": least, "maximum": most})
        }
        Kind::Number => json!({"type": "number"}),
        Kind::Time => json!({"type": "string", "format": "date-time"}),
        Kind::Object => json!({"type": "object", "additionalProperties": true}),
        _ => json!({"type": "string"}),
    }
}

pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}
