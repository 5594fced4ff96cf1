//! The description of the JSON face in OpenAPI 3.1. It is made from the table of paths, the contract's descriptors and
//! their rules, so it has exactly the paths and fields that there are. Comments of the contract are quoted only.

mod example;
mod input;
mod responses;
mod schema;
mod text;

use std::sync::LazyLock;

use http::StatusCode;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use self::schema::Schemas;
use super::{
    contract::{CONTRACT, Field, Method as Rpc},
    error::status_of,
    operation::{BodyKind, Group, Operation},
    parameters,
    routes::OPERATIONS,
};
use crate::{
    domain::rules::{self, FieldRules},
    pb::ErrorReason,
};

/// The document as JSON text.
pub(super) static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
    // Texts, numbers, lists and objects under texts can always be written.
    serde_json::to_string(&document()).unwrap_or_default()
});

/// An object whose members keep their order: pages show paths in the order of the document.
#[derive(Default)]
struct Ordered<T>(Vec<(String, T)>);

impl<T: Default> Ordered<T> {
    fn entry(&mut self, name: String) -> &mut T {
        let at = self.0.iter().position(|(known, _)| *known == name);
        let at = at.unwrap_or_else(|| {
            self.0.push((name, T::default()));
            self.0.len() - 1
        });
        &mut self.0[at].1
    }
}

impl<T: Serialize> Serialize for Ordered<T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[derive(Serialize)]
struct Document {
    openapi: &'static str,
    info: Value,
    servers: Value,
    tags: Value,
    paths: Ordered<Ordered<Value>>,
    components: Value,
}

fn document() -> Document {
    let mut schemas = Schemas::default();
    let mut paths = Ordered::<Ordered<Value>>::default();
    for operation in OPERATIONS.iter() {
        // Clients write most paths with a slash at the end. Both forms are the same.
        let path = match operation.has_id() {
            true => operation.path.to_owned(),
            false => format!("{}/", operation.path),
        };
        let method = operation.method.as_str().to_ascii_lowercase();
        let described = describe(operation, &mut schemas);
        *paths.entry(path).entry(method) = described;
    }
    *paths.entry("/health".to_owned()).entry("get".to_owned()) = health();
    Document {
        openapi: "3.1.0",
        info: json!({
            "title": "Versioner",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": env!("CARGO_PKG_DESCRIPTION"),
            "description": ABOUT,
        }),
        servers: json!([{"url": "/"}]),
        tags: tags(),
        paths,
        components: json!({
            "schemas": schemas.finish(),
            "responses": responses::responses(),
            "headers": {
                "RequestId": {
                    "description": "The id of the call in the server's log: the caller's own `x-request-id` if it sent one that fits a log line.",
                    "schema": {"type": "string"},
                },
            },
        }),
    }
}

const ABOUT: &str = "Records what a company builds, tests and deploys, and answers questions about it. These are the \
same calls as over gRPC, on the same port: gRPC reflection lists them, for example for `grpcurl`. [/docs](/docs) shows \
this document with a form for each call; [/openapi.json](/openapi.json) is the document itself.\n\n\
**Requests.** A slash at the end of a path may be present or not. Bodies are JSON; the content types that HTTP \
clients send by default are accepted too, and so is gzip. White space around a text does not count, and an empty text \
counts as left out. Fields of a body that are not known are ignored: the answer lists them in `ignored_fields`, with \
the field that was probably meant. Parameters that are not known are rejected. A parameter that is a list is repeated, \
or separated by commas where its values are words or numbers. Times are RFC 3339; in a query also dates, which mean \
midnight in UTC. The `Authorization` header is ignored for now.\n\n\
**Answers.** Times are RFC 3339 in UTC with microseconds, enums are words in lower case, and values that are not known \
are null. The answer 200 to an event means that the event is durable. Sent again with the same `event_id` (or the \
header `Idempotency-Key`), it is recorded once.\n\n\
**Errors.** Every error has the reason as `code` and, as `detail`, what is wrong and what is allowed: a text, a list \
with the location of each wrong field (422), or an object (409).";

/// The tag of the path that no service of the contract answers.
const HEALTH: (&str, &str) = ("Health", "Does the process run?");

impl Group {
    const ALL: [Self; 6] = [
        Self::Events,
        Self::Versions,
        Self::BuildsAndChecks,
        Self::Catalog,
        Self::Deployments,
        Self::Statistics,
    ];

    /// The name of its tag, and what its paths are for.
    fn tag(self) -> (&'static str, &'static str) {
        match self {
            Self::Events => (
                "Report events",
                "Report builds, deployments and checks, one or many at a time, and read the event log.",
            ),
            Self::Versions => (
                "Versions",
                "Which versions exist, which one is the latest, which commit produced one, and may it be deployed?",
            ),
            Self::BuildsAndChecks => (
                "Builds and checks",
                "The CI runs of versions, and their tests, scans and approvals.",
            ),
            Self::Catalog => (
                "Catalog",
                "Products and environments: rename, describe, set requirements, delete.",
            ),
            Self::Deployments => (
                "Deployments",
                "What runs where, now or at a past moment, and what differs between environments.",
            ),
            Self::Statistics => (
                "Statistics",
                "Success rates and durations of builds, as a whole and over time.",
            ),
        }
    }
}

fn tags() -> Value {
    let tags = Group::ALL.map(Group::tag).into_iter().chain([HEALTH]);
    tags.map(|(name, description)| json!({"name": name, "description": description}))
        .collect()
}

fn describe(operation: &Operation, schemas: &mut Schemas) -> Value {
    let rpc = CONTRACT.method(operation.rpc);
    // The responses describe the errors.
    let comment = rpc.comment.split("\n\nErrors:").next().unwrap_or_default();
    let (first, rest) = comment.split_once(". ").unwrap_or((comment, ""));
    let mut described = json!({
        "operationId": operation_id(operation),
        "tags": [operation.group.tag().0],
        "summary": operation.summary.unwrap_or(first).trim_end_matches('.'),
        "parameters": parameters(operation),
        "responses": answers(operation, rpc, schemas),
    });
    if !rest.is_empty() {
        described["description"] = rest.trim().into();
    }
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
        let (description, schema) = match operation.name_field {
            Some(name) => {
                let field = operation.request().field(name);
                let rules = field.map_or(FieldRules::NONE, |field| field.rules);
                let description = "The id, or a current or former name (percent-encoded). A text that has the form of an id is looked up as an id first.";
                (description, text::required(&rules))
            }
            None => (
                "The id that the server gave it.",
                json!({"type": "string", "format": "uuid"}),
            ),
        };
        parameters.push(json!({
            "name": "id",
            "in": "path",
            "required": true,
            "description": description,
            "schema": schema,
        }));
    }
    let hidden = operation.not_in_query();
    for field in parameters::fields(operation.request(), &hidden) {
        parameters.push(json!({
            "name": field.name,
            "in": "query",
            "required": field.rules.required,
            "description": described(field, &hidden),
            "schema": schema::parameter(field),
        }));
    }
    if let BodyKind::Event(_) = operation.body {
        parameters.push(input::idempotency_key());
    }
    parameters.into()
}

/// The comment of a parameter, what its rules say about other parameters, and its other names.
fn described(field: &Field, hidden: &[&str]) -> String {
    let mut sentences = vec![field.comment.clone()];
    let quoted = |names: &[&str], between: &str| {
        let names = names.iter().map(|name| format!("`{name}`"));
        names.collect::<Vec<_>>().join(between)
    };
    let others: Vec<&str> = field.rules.required_unless.to_vec();
    if !others.is_empty() && !others.iter().any(|other| hidden.contains(other)) {
        sentences.push(format!(
            "Required unless {} is given.",
            quoted(&others, " or ")
        ));
    }
    if !field.rules.needs.is_empty() {
        sentences.push(format!("Needs {}.", quoted(field.rules.needs, " and ")));
    }
    let aliases = parameters::aliases(field);
    if !aliases.is_empty() {
        sentences.push(format!("Also accepted as {}.", quoted(&aliases, " or ")));
    }
    sentences.join(" ")
}

/// The responses: those of every call, of this one by the contract, and of the request's form.
fn answers(operation: &Operation, rpc: &Rpc, schemas: &mut Schemas) -> Value {
    let mut answers = json!({"200": success(operation, rpc, schemas)});
    let mut statuses = vec![
        StatusCode::METHOD_NOT_ALLOWED,
        StatusCode::INTERNAL_SERVER_ERROR,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    let reasons = rules::call_errors(operation.rpc).iter();
    let reasons = reasons.filter_map(|name| {
        let reason = ErrorReason::from_str_name(&format!("ERROR_REASON_{name}"))?;
        // Only a body can be too large.
        (reason != ErrorReason::MessageTooLarge).then_some(reason)
    });
    statuses.extend(reasons.map(status_of));
    if operation.has_id() {
        statuses.push(StatusCode::NOT_FOUND);
    }
    if operation.body != BodyKind::None {
        statuses.extend([
            StatusCode::BAD_REQUEST,
            StatusCode::PAYLOAD_TOO_LARGE,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ]);
    }
    for status in statuses {
        answers[status.as_str()] = responses::reference(status);
    }
    answers
}

fn success(operation: &Operation, rpc: &Rpc, schemas: &mut Schemas) -> Value {
    let schema = match operation.body {
        BodyKind::Event(event) => schemas.event_answer(event),
        BodyKind::Events => schemas.batch_answer(),
        BodyKind::Change(_) => schemas.change_answer(&rpc.output),
        BodyKind::None => schemas.answer(&rpc.output),
    };
    let message = CONTRACT.message(&rpc.output);
    let mut success = json!({
        "description": message.comment,
        "headers": {"x-request-id": {"$ref": "#/components/headers/RequestId"}},
        "content": {"application/json": {"schema": schema}},
    });
    if message.field("next_page_token").is_some() {
        success["headers"]["Link"] = json!({
            "description": "The address of the next page, with rel=\"next\". Absent on the last page.",
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
        "tags": [HEALTH.0],
        "summary": "Answers while the process runs, whatever the state of the database",
        "responses": {
            "200": {
                "description": "The process runs.",
                "content": {"application/json": {"schema": schema, "example": {"status": "ok"}}},
            },
            "405": responses::reference(StatusCode::METHOD_NOT_ALLOWED),
        },
    })
}
