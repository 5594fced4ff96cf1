//! Schemas of parameters and answers, by what the descriptors say of messages and fields.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{
    domain::{
        commit::MIN_SEARCH,
        event::{MAX_BRANCH, MAX_EVENT_ID, MAX_NAME, MAX_PROSE, MAX_URL},
        page,
        status::Status,
    },
    http::{
        contract::{CONTRACT, Field, Kind, Many, Message},
        receipt,
    },
};

/// The schemas of the document, each by its name, gathered as they are referred to.
#[derive(Default)]
pub(super) struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    /// What a call answers with.
    pub(super) fn answer(&mut self, output: &str) -> Value {
        let message = CONTRACT.message(output);
        match message.flat().and_then(Field::message) {
            Some(inner) if message.fields.len() == 1 => self.message(&inner.name),
            _ => self.message(output),
        }
    }

    /// What is answered to an event: fields of the state that it led to, and of its receipt.
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
                // The one field that neither has.
                None => json!({
                    "type": ["string", "null"],
                    "format": "date-time",
                    "description": "When it started, as far as that is known; else when its first event occurred.",
                }),
            };
            properties.insert((*name).to_owned(), schema);
        }
        let name = format!("{event}Answer");
        self.0.insert(
            name.clone(),
            json!({
                "type": "object",
                "description": "The state that the event led to, and its receipt. Where it was only validated, there is no state: null.",
                "required": properties.keys().collect::<Vec<_>>(),
                "properties": properties,
            }),
        );
        reference(&name)
    }

    pub(super) fn batch_answer(&mut self) -> Value {
        let receipt = self.message("EventReceipt");
        self.0.insert("SubmissionFailure".to_owned(), json!({
            "type": "object",
            "description": "Why an event was not recorded.",
            "required": ["error"],
            "properties": {"error": {
                "type": "object",
                "required": ["status", "code", "detail", "retry_after"],
                "properties": {
                    "status": {"type": "integer", "description": "The status that a call for this one event would have had."},
                    "code": {"type": "string", "description": "The stable reason."},
                    "detail": {"description": "What the answer to a call for this one event would have had as `detail`."},
                    "retry_after": {
                        "type": ["integer", "null"],
                        "description": "After how many seconds it is worth sending again; null where that won't help.",
                    },
                },
            }},
        }));
        json!({
            "type": "object",
            "required": ["results"],
            "properties": {"results": {
                "type": "array",
                "description": "A result for each event, in their order.",
                "items": {"oneOf": [receipt, reference("SubmissionFailure")]},
            }},
        })
    }

    /// A message as answers have it.
    pub(super) fn message(&mut self, name: &str) -> Value {
        if !self.0.contains_key(name) {
            // It may hold itself.
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
                    "description": "Where it stands: `path`, `query`, `header` or `body`, then the field.",
                    "items": {"type": ["string", "integer"]},
                },
                "msg": {"type": "string", "description": "What is wrong, and what is taken."},
                "type": {"type": "string", "description": "The sort of fault: `missing`, `type_error`, `value_error` …"},
            },
        });
        let conflict = json!({
            "type": "object",
            "required": ["error", "message", "code", "details"],
            "properties": {
                "error": {"type": "string"},
                "message": {"type": "string", "description": "What is wrong, for a person."},
                "code": {"type": "string", "description": "The stable reason."},
                "details": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        });
        for (name, detail) in [
            (
                "Error",
                json!({"type": "string", "description": "What is wrong, for a person."}),
            ),
            ("InvalidError", json!({"type": "array", "items": fault})),
            ("ConflictError", conflict),
        ] {
            let schema = json!({
                "type": "object",
                "required": ["detail"],
                "properties": {"detail": detail},
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
            (Many::One, Kind::Text) if is_id(&field.name) => nullable(text(&field.name, false)),
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
    let one = match (&field.kind, field.name.as_str()) {
        (Kind::Whole(..), "page_size") => {
            json!({"type": "integer", "minimum": 0, "maximum": page::MAX_SIZE})
        }
        (Kind::Whole(_, most), _) => json!({"type": "integer", "minimum": 0, "maximum": most}),
        (Kind::Text, "page_token") => json!({"type": "string"}),
        (Kind::Text, "scm_sha") => sha(MIN_SEARCH),
        (Kind::Text, name) => text(name, is_required(field)),
        (Kind::Enum(name), _) => json!({"type": "string", "enum": words_taken(name)}),
        (kind, _) => plain(kind),
    };
    match (field.many, &field.kind) {
        // None needs to be given twice.
        (Many::List, Kind::Enum(name)) => {
            json!({"type": "array", "maxItems": CONTRACT.words(name).words.len(), "items": one})
        }
        (Many::List, _) => json!({"type": "array", "items": one}),
        _ => one,
    }
}

/// Whether a request can't do without it: its comment says so.
pub(super) fn is_required(field: &Field) -> bool {
    field.comment.contains("Required.") || field.comment.contains("Required;")
}

/// The words that are taken for an enum; statuses in every spelling (R4).
pub(super) fn words_taken(name: &str) -> Vec<&str> {
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

/// A text with its limits. A required one has something besides white space.
pub(super) fn text(name: &str, required: bool) -> Value {
    if is_id(name) {
        return json!({"type": "string", "format": "uuid"});
    }
    let longest = match name {
        "event_id" => MAX_EVENT_ID,
        "build_url" | "deploy_url" | "url" | "scm_repository" => MAX_URL,
        "scm_branch" => MAX_BRANCH,
        "description" | "error_message" | "summary" => MAX_PROSE,
        _ => MAX_NAME,
    };
    let pattern = match (longest, required) {
        (MAX_PROSE, _) => format!("^{PROSE}*$"),
        (_, true) => solid(1),
        (_, false) => format!("^{TAKEN}*$"),
    };
    let mut schema = json!({"type": "string", "maxLength": longest, "pattern": pattern});
    if required {
        schema["minLength"] = 1.into();
    }
    schema
}

/// A name that something must have, up to this many characters.
pub(super) fn name(longest: usize) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": longest, "pattern": solid(1)})
}

/// A commit of which at least this many characters are given.
pub(super) fn sha(least: usize) -> Value {
    json!({"type": "string", "minLength": least, "maxLength": MAX_NAME, "pattern": solid(least)})
}

/// No control characters.
const TAKEN: &str = r"[^\u0000-\u001f\u007f-\u009f]";
/// Neither these nor white space.
const SOLID: &str = r"[^\s\u0000-\u001f\u007f-\u009f]";
/// No control characters but tabs and line breaks.
const PROSE: &str = r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]";

/// What has at least this many characters when white space around it is taken off.
fn solid(least: usize) -> String {
    match least {
        0 | 1 => format!("^{TAKEN}*{SOLID}{TAKEN}*$"),
        _ => format!("^{TAKEN}*{SOLID}{TAKEN}{{{},}}{SOLID}{TAKEN}*$", least - 2),
    }
}

/// Whether it is an id that the server gave. Those of events and of CI's runs are free texts.
fn is_id(name: &str) -> bool {
    let is_free = matches!(name, "event_id" | "invoke_id");
    !is_free && (name == "id" || name.ends_with("_id"))
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
