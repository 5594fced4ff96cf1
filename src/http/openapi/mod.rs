//! The description of the JSON face in OpenAPI 3.1, made of the table of paths and the contract's descriptors,
//! whose comments it quotes: it cannot tell of a path or a field that is not there.

mod example;
mod input;
mod schema;

use std::sync::LazyLock;

use http::Method;
use serde_json::{Map, Value, json};

use self::schema::Schemas;
use super::contract::{CONTRACT, Method as Rpc};
use super::operation::{Operation, Takes};
use super::parameters;
use super::routes::OPERATIONS;
use crate::domain::event::MAX_EVENT_ID;

/// The document as JSON text.
pub(super) static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_string());

fn document() -> Value {
    let mut schemas = Schemas::default();
    let mut paths: Map<String, Value> = Map::new();
    for operation in OPERATIONS.iter() {
        // Most of the paths are written with a slash at their end by those who call them; both are taken.
        let path = match operation.has_id() {
            true => operation.path.to_owned(),
            false => format!("{}/", operation.path),
        };
        let method = operation.method.as_str().to_ascii_lowercase();
        let described = describe(operation, &mut schemas);
        let item = paths.entry(path).or_insert_with(|| json!({}));
        item[method] = described;
    }
    paths.insert("/health".to_owned(), json!({ "get": health() }));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Versioner",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": ABOUT,
        },
        "servers": [{"url": "/"}],
        "tags": tags(),
        "paths": paths,
        "components": {
            "schemas": schemas.finish(),
            "responses": responses(),
            "headers": {
                "RequestId": {
                    "description": "What the call is known by in the server's log: the caller's own x-request-id where it sent one that is fit for a log line.",
                    "schema": {"type": "string"},
                },
            },
        },
    })
}

const ABOUT: &str = "The memory of a company's builds, over plain HTTP: the same calls as over gRPC, on the \
same port.\n\nEvery path is taken with and without a slash at its end. Bodies are JSON whatever their content \
type says, unless it clearly is something else. Fields that are not known are ignored in bodies, parameters \
that are not known are refused. White space around a text does not count, and an empty text counts as left \
out. An event that was answered with 200 is on disk; sent again with the same \
`event_id` (or the header `Idempotency-Key`) it is recorded once. Times are RFC 3339 in UTC with microseconds, \
statuses lower-case words, and what is not known is null. An `Authorization` header is taken and not looked at.";

/// The tag of what no service of the contract answers.
const HEALTH: &str = "Health";

fn tags() -> Value {
    let mut services: Vec<&str> = Vec::new();
    for operation in OPERATIONS.iter() {
        let service = tag(CONTRACT.method(operation.rpc));
        if !services.contains(&service) {
            services.push(service);
        }
    }
    services.push(HEALTH);
    services
        .into_iter()
        .map(|name| json!({ "name": name }))
        .collect()
}

fn tag(rpc: &Rpc) -> &str {
    rpc.service.trim_end_matches("Service")
}

fn describe(operation: &Operation, schemas: &mut Schemas) -> Value {
    let rpc = CONTRACT.method(operation.rpc);
    // What can fail is told by the answers.
    let comment = rpc.comment.split("\n\nErrors:").next().unwrap_or_default();
    let summary = comment.split_inclusive(". ").next().unwrap_or(comment);
    let mut described = json!({
        "operationId": operation_id(operation),
        "tags": [tag(rpc)],
        "summary": summary.trim().trim_end_matches('.'),
        "description": comment,
        "parameters": parameters(operation),
        "responses": answers(operation, rpc, schemas),
    });
    if let Some(body) = input::body(operation, schemas) {
        described["requestBody"] = body;
    }
    described
}

fn operation_id(operation: &Operation) -> String {
    let words = operation.path.split(['/', '-', '{', '}']);
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    format!(
        "{}_{}",
        operation.method.as_str().to_lowercase(),
        words.join("_")
    )
}

fn parameters(operation: &Operation) -> Value {
    let mut parameters = Vec::new();
    if operation.has_id() {
        parameters.push(json!({
            "name": "id",
            "in": "path",
            "required": true,
            "description": "An id that the server gave.",
            "schema": {"type": "string", "format": "uuid"},
        }));
    }
    let hidden = operation.not_in_query();
    for field in parameters::fields(operation.request(), &hidden) {
        let also = parameters::alias(field);
        let also = also.map_or_else(String::new, |name| format!(" Also taken as `{name}`."));
        parameters.push(json!({
            "name": field.name,
            "in": "query",
            "required": schema::is_required(field),
            "description": format!("{}{also}", field.comment),
            "schema": schema::parameter(field),
        }));
    }
    if let Takes::Event(_) = operation.takes {
        parameters.push(json!({
            "name": "Idempotency-Key",
            "in": "header",
            "required": false,
            "description": "The event's id, where the body has no `event_id`; an empty one counts as left out.",
            "schema": {"type": "string", "maxLength": MAX_EVENT_ID, "pattern": "^[ -~]*$"},
        }));
    }
    parameters.into()
}

fn answers(operation: &Operation, rpc: &Rpc, schemas: &mut Schemas) -> Value {
    let mut answers = json!({
        "200": success(operation, rpc, schemas),
        "405": reference("MethodNotAllowed"),
        "422": reference("Invalid"),
        "429": reference("Overloaded"),
        "500": reference("Fault"),
        "503": reference("Unavailable"),
        "504": reference("TooLate"),
    });
    let mut add = |status: &str, name: &str| answers[status] = reference(name);
    if rpc.comment.contains("NOT_FOUND") || operation.has_id() {
        add("404", "NotFound");
    }
    if operation.method != Method::GET {
        add("507", "StorageFull");
    }
    if rpc.comment.contains("ALREADY_EXISTS") || rpc.comment.contains("FAILED_PRECONDITION") {
        add("409", "Conflict");
    }
    if operation.takes != Takes::Nothing {
        add("400", "NoJson");
        add("413", "TooLarge");
        add("415", "WrongMediaType");
    }
    answers
}

fn success(operation: &Operation, rpc: &Rpc, schemas: &mut Schemas) -> Value {
    let schema = match operation.takes {
        Takes::Event(event) => schemas.event_answer(event),
        Takes::Events => schemas.batch_answer(),
        _ => schemas.answer(&rpc.output),
    };
    let message = CONTRACT.message(&rpc.output);
    let mut success = json!({
        "description": message.comment,
        "headers": {"x-request-id": {"$ref": "#/components/headers/RequestId"}},
        "content": {"application/json": {"schema": schema}},
    });
    if message.field("next_page_token").is_some() {
        success["headers"]["Link"] = json!({
            "description": "The address of the next page, with rel=\"next\"; not there on the last one.",
            "schema": {"type": "string"},
        });
    }
    if let Some(example) = example::answer(operation) {
        success["content"]["application/json"]["example"] = example;
    }
    success
}

fn health() -> Value {
    let schema = json!({
        "type": "object",
        "required": ["status"],
        "properties": {"status": {"const": "ok"}},
    });
    json!({
        "operationId": "get_health",
        "tags": [HEALTH],
        "summary": "Says that the process runs, however the database is",
        "responses": {
            "200": {
                "description": "It runs.",
                "content": {"application/json": {"schema": schema, "example": {"status": "ok"}}},
            },
            "405": reference("MethodNotAllowed"),
        },
    })
}

fn reference(response: &str) -> Value {
    json!({"$ref": format!("#/components/responses/{response}")})
}

fn responses() -> Value {
    let retry = json!({
        "Retry-After": {
            "description": "After how many seconds it is worth trying again.",
            "schema": {"type": "integer", "minimum": 1},
        },
    });
    let one = |name: &str, schema: &str, description: &str, headers: Value| {
        let mut headers = headers;
        headers["x-request-id"] = json!({"$ref": "#/components/headers/RequestId"});
        json!({
            "description": description,
            "headers": headers,
            "content": {"application/json": {
                "schema": {"$ref": format!("#/components/schemas/{schema}")},
                "example": example::error(name),
            }},
        })
    };
    let allow = json!({"Allow": {"description": "What is taken.", "schema": {"type": "string"}}});
    let mut responses = Map::new();
    for (name, schema, description, headers) in [
        (
            "NoJson",
            "Error",
            "The body is no JSON object, or broke off.",
            json!({}),
        ),
        ("NotFound", "Error", "There is no such thing.", json!({})),
        (
            "MethodNotAllowed",
            "Error",
            "The path does not take this method.",
            allow,
        ),
        (
            "Conflict",
            "ConflictError",
            "It contradicts what is recorded. `code` is the stable reason, `details` has what it is about.",
            json!({}),
        ),
        (
            "TooLarge",
            "Error",
            "The body is larger than 4 MiB.",
            json!({}),
        ),
        (
            "WrongMediaType",
            "Error",
            "The body is no JSON, or is packed in an unknown way.",
            json!({}),
        ),
        (
            "Invalid",
            "InvalidError",
            "Parameters or fields are missing or malformed: all of them.",
            json!({}),
        ),
        (
            "Overloaded",
            "Error",
            "Too much at once: try again.",
            retry.clone(),
        ),
        (
            "Fault",
            "Error",
            "A fault of the server, with an id to quote.",
            json!({}),
        ),
        (
            "Unavailable",
            "Error",
            "The database is away, or the server is ending: try again.",
            retry.clone(),
        ),
        (
            "TooLate",
            "Error",
            "The time for an answer is over. What was asked for may have been done: send it again with the same event_id.",
            json!({}),
        ),
        (
            "StorageFull",
            "Error",
            "The disk is full: reading goes on.",
            retry,
        ),
    ] {
        responses.insert(name.to_owned(), one(name, schema, description, headers));
    }
    Value::Object(responses)
}
