//! `POST` of events, one or many: reads them, hands them to the service that gRPC's calls use, and answers.

use axum::response::Response;
use http::{HeaderMap, HeaderName, Method};
use prost::Message;
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    answer::{WithIgnoredFields, ok},
    body,
    error::{Refusal, whole_seconds},
    location::FieldLocations,
    operation::{BodyKind, Incoming, Operation, respond},
    receipt::{CheckEventAnswer, DeploymentEventAnswer, VersionEventAnswer},
};
use crate::{
    domain::{
        event::{RawEvent, Subject},
        violation::Violation,
    },
    grpc::Services,
    json_input::{IgnoredFields, Presence, message_of, read_entry, read_event, type_of},
    pb::{self, submission_result},
};

/// Gives the event's id if the body has none (R7).
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Accepts one event of this type.
pub(super) fn one(path: &'static str, rpc: &'static str, subject: Subject) -> Operation {
    let run = move |operation: &'static Operation, services: Services, incoming: Incoming| {
        respond(submit_one(operation, services, incoming, subject))
    };
    Operation {
        body: BodyKind::Event(message_of(subject)),
        ..Operation::new(Method::POST, path, rpc, Box::new(run))
    }
}

/// Accepts events of any type: a JSON array, or one event on each line.
pub(super) fn many(path: &'static str, rpc: &'static str) -> Operation {
    let run = |operation: &'static Operation, services: Services, incoming: Incoming| {
        respond(submit_many(operation, services, incoming))
    };
    Operation {
        body: BodyKind::Events,
        ..Operation::new(Method::POST, path, rpc, Box::new(run))
    }
}

async fn submit_one(
    operation: &'static Operation,
    services: Services,
    incoming: Incoming,
    subject: Subject,
) -> Result<Response, Refusal> {
    let validate_only = is_validate_only(operation, &incoming)?;
    let headers = &incoming.head.headers;
    let body = body::read(headers, incoming.body).await?;
    let body = read_event(body::text(&body)?, subject).map_err(body::not_an_object)?;
    let (mut event, ignored_fields) = (body.event, body.ignored_fields);
    let locations = FieldLocations {
        id_by_header: take_id(&mut event, headers),
        presence: Some(&body.presence),
        ..FieldLocations::BODY
    };
    let refused = |status| Refusal::of(&status, &locations).ignoring(&ignored_fields);
    Ok(match subject {
        Subject::Version => {
            let answer = services.submit_version(event, "", validate_only).await;
            let answer = VersionEventAnswer::from(answer.map_err(refused)?);
            accepted(&answer, &ignored_fields)
        }
        Subject::Deployment => {
            let answer = services.submit_deployment(event, "", validate_only).await;
            let answer = DeploymentEventAnswer::from(answer.map_err(refused)?);
            accepted(&answer, &ignored_fields)
        }
        Subject::Check => {
            let answer = services.submit_check(event, "", validate_only).await;
            let answer = CheckEventAnswer::from(answer.map_err(refused)?);
            accepted(&answer, &ignored_fields)
        }
    })
}

fn accepted(answer: &impl Serialize, ignored_fields: &IgnoredFields) -> Response {
    ok(&WithIgnoredFields {
        answer,
        ignored_fields,
    })
}

/// Takes the event's id from the header if the body has none. Returns whether it did.
fn take_id(event: &mut RawEvent, headers: &HeaderMap) -> bool {
    let is_given = !event.event_id.trim().is_empty()
        || event
            .malformed
            .iter()
            .any(|violation| violation.field == "event_id");
    let Some(key) = headers.get(IDEMPOTENCY_KEY).filter(|_| !is_given) else {
        return false;
    };
    match str::from_utf8(key.as_bytes()) {
        Ok(key) => key.clone_into(&mut event.event_id),
        Err(_) => event.malformed.push(Violation {
            field: "event_id".to_owned(),
            description: "must be UTF-8 text".to_owned(),
        }),
    }
    true
}

async fn submit_many(
    operation: &'static Operation,
    services: Services,
    incoming: Incoming,
) -> Result<Response, Refusal> {
    let validate_only = is_validate_only(operation, &incoming)?;
    let body = body::read(&incoming.head.headers, incoming.body).await?;
    let entries = entries(body::text(&body)?)?;
    let mut forms: Vec<(Option<Presence>, IgnoredFields)> = Vec::new();
    let entries = entries.into_iter().map(|json| match read_entry(json) {
        Ok(entry) => {
            forms.push((Some(entry.body.presence), entry.body.ignored_fields));
            Ok((entry.subject, entry.body.event, String::new()))
        }
        Err(violations) => {
            forms.push((None, IgnoredFields::default()));
            Err(violations)
        }
    });
    let answer = services.submit_batch(entries, validate_only).await;
    let answer = answer.map_err(|status| Refusal::of(&status, &FieldLocations::BODY))?;
    let results = answer.results.into_iter().zip(&forms);
    let results: Vec<Value> = results
        .map(|(result, (presence, ignored_fields))| {
            let locations = FieldLocations {
                presence: presence.as_ref(),
                ..FieldLocations::BODY
            };
            json!(WithIgnoredFields {
                answer: &shown(result, &locations),
                ignored_fields,
            })
        })
        .collect();
    Ok(ok(&json!({ "results": results })))
}

fn is_validate_only(operation: &'static Operation, incoming: &Incoming) -> Result<bool, Refusal> {
    let request = operation.read_query(incoming)?;
    // Every request that submits has it as its second field.
    let request = pb::SubmitVersionEventRequest::decode(&request.bytes[..]);
    Ok(request.is_ok_and(|request| request.validate_only))
}

/// The texts of the entries of an array, or of lines.
fn entries(body: &str) -> Result<Vec<&str>, Refusal> {
    let body = body.trim();
    if body.starts_with('[') {
        let entries: Vec<&RawValue> = serde_json::from_str(body)
            .map_err(|why| body::not_an_object(format!("is not valid JSON: {why}")))?;
        return Ok(entries.into_iter().map(RawValue::get).collect());
    }
    if !body.is_empty() && !body.starts_with('{') {
        let given = match serde_json::from_str::<&RawValue>(body) {
            Ok(value) => format!(", not {}", type_of(value)),
            Err(_) => String::new(),
        };
        let expected = "must be a JSON array, or a JSON object on each line";
        return Err(body::not_an_object(format!("{expected}{given}")));
    }
    let lines = body.lines().map(str::trim);
    Ok(lines.filter(|line| !line.is_empty()).collect())
}

/// A receipt; or the error of the event, as the call for this one event would answer it.
fn shown(result: pb::SubmissionResult, locations: &FieldLocations) -> Value {
    match result.result {
        Some(submission_result::Result::Receipt(receipt)) => json!(receipt),
        Some(submission_result::Result::Error(error)) => {
            let refusal = Refusal::of_submission(error, locations);
            json!({"error": {
                "status": refusal.status.as_u16(),
                "code": refusal.code,
                "detail": refusal.detail,
                "retry_after": refusal.retry_after.map(whole_seconds),
            }})
        }
        None => json!({}),
    }
}
