//! `POST` of events, one or many: reads them, hands them to the service that gRPC's calls use, and answers.

use axum::response::Response;
use http::Method;
use prost::Message;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::answer::ok;
use super::body::{self, Members, no_json};
use super::event::{message_of, read_event, take_id};
use super::operation::{Incoming, Operation, Takes, respond};
use super::receipt::{CheckEventAnswer, DeploymentEventAnswer, VersionEventAnswer};
use super::refusal::{Places, Refusal, whole_seconds};
use crate::{
    domain::{
        event::{RawEvent, Subject},
        violation::Violation,
    },
    grpc::Services,
    pb::{self, submission_result},
};

/// The sorts of events, by the word that an entry of many has for its own.
pub(super) const SORTS: [(&str, Subject); 3] = [
    ("version_event", Subject::Version),
    ("deployment_event", Subject::Deployment),
    ("check_event", Subject::Check),
];

/// Takes one event of this sort.
pub(super) fn one(path: &'static str, rpc: &'static str, subject: Subject) -> Operation {
    let run = move |operation: &'static Operation, services: Services, incoming: Incoming| {
        respond(submit_one(operation, services, incoming, subject))
    };
    Operation {
        takes: Takes::Event(message_of(subject)),
        ..Operation::new(Method::POST, path, rpc, Box::new(run))
    }
}

/// Takes events of any sort: a JSON array, or a line for each.
pub(super) fn many(path: &'static str, rpc: &'static str) -> Operation {
    let run = |operation: &'static Operation, services: Services, incoming: Incoming| {
        respond(submit_many(operation, services, incoming))
    };
    Operation {
        takes: Takes::Events,
        ..Operation::new(Method::POST, path, rpc, Box::new(run))
    }
}

async fn submit_one(
    operation: &'static Operation,
    services: Services,
    incoming: Incoming,
    subject: Subject,
) -> Result<Response, Refusal> {
    let validate_only = is_only_validated(operation, &incoming)?;
    let headers = &incoming.head.headers;
    let body = body::read(headers, incoming.body).await?;
    let mut event = read_event(body::text(&body)?, subject).map_err(no_json)?;
    let places = Places {
        id_by_header: take_id(&mut event, headers),
        ..Places::BODY
    };
    let refused = |status| Refusal::of(&status, places);
    Ok(match subject {
        Subject::Version => {
            let answer = services.submit_version(event, "", validate_only).await;
            ok(&VersionEventAnswer::from(answer.map_err(refused)?))
        }
        Subject::Deployment => {
            let answer = services.submit_deployment(event, "", validate_only).await;
            ok(&DeploymentEventAnswer::from(answer.map_err(refused)?))
        }
        Subject::Check => {
            let answer = services.submit_check(event, "", validate_only).await;
            ok(&CheckEventAnswer::from(answer.map_err(refused)?))
        }
    })
}

async fn submit_many(
    operation: &'static Operation,
    services: Services,
    incoming: Incoming,
) -> Result<Response, Refusal> {
    let validate_only = is_only_validated(operation, &incoming)?;
    let body = body::read(&incoming.head.headers, incoming.body).await?;
    let entries = entries(body::text(&body)?)?;
    let entries = entries.into_iter().map(|entry| {
        let (subject, event) = read_entry(entry).map_err(|fault| vec![fault])?;
        Ok((subject, event, String::new()))
    });
    let answer = services.submit_batch(entries, validate_only).await;
    let answer = answer.map_err(|status| Refusal::of(&status, Places::BODY))?;
    let results: Vec<Value> = answer.results.into_iter().map(result).collect();
    Ok(ok(&json!({ "results": results })))
}

fn is_only_validated(operation: &'static Operation, incoming: &Incoming) -> Result<bool, Refusal> {
    let encoded = operation.read_parameters(incoming)?;
    // Every submitting request has it as its second field.
    let request = pb::SubmitVersionEventRequest::decode(&encoded[..]);
    Ok(request.is_ok_and(|request| request.validate_only))
}

/// The texts of the entries of an array, or of lines.
fn entries(body: &str) -> Result<Vec<&str>, Refusal> {
    let body = body.trim();
    if body.starts_with('[') {
        let entries: Vec<&RawValue> = serde_json::from_str(body)
            .map_err(|why| Refusal::bad_request(format!("the body is no JSON array: {why}")))?;
        return Ok(entries.into_iter().map(RawValue::get).collect());
    }
    if !body.is_empty() && !body.starts_with('{') {
        return Err(Refusal::bad_request(
            "the body is neither a JSON array nor a JSON object on each line",
        ));
    }
    let lines = body.lines().map(str::trim);
    Ok(lines.filter(|line| !line.is_empty()).collect())
}

/// Reads an entry: its sort under `type`, the event under `body`. Anything else in it is ignored.
fn read_entry(json: &str) -> Result<(Subject, RawEvent), Violation> {
    let fault = |field: &str, description: String| Violation {
        field: field.to_owned(),
        description,
    };
    let members = Members::parse(json)
        .map_err(|why| fault("", format!("is no JSON object on one line: {why}")))?;
    let member = |name: &str| {
        let mut found = members.0.iter().filter(|(given, _)| given == name);
        match (found.next(), found.next()) {
            (Some((_, raw)), None) => Ok(raw.get()),
            (None, _) => Err(fault(name, "is required".to_owned())),
            (Some(_), Some(_)) => Err(fault(name, "is given twice".to_owned())),
        }
    };
    let sort: String = serde_json::from_str(member("type")?).unwrap_or_default();
    let subject = SORTS.iter().find(|(word, _)| *word == sort);
    let (_, subject) = subject.ok_or_else(|| {
        let words = SORTS.map(|(word, _)| word).join(", ");
        fault("type", format!("is none of: {words}"))
    })?;
    let event = read_event(member("body")?, *subject)
        .map_err(|why| fault("body", format!("is no JSON object: {why}")))?;
    Ok((*subject, event))
}

/// A receipt; or why there is none, with what the call for that one event would have answered.
fn result(result: pb::SubmissionResult) -> Value {
    match result.result {
        Some(submission_result::Result::Receipt(receipt)) => json!(receipt),
        Some(submission_result::Result::Error(error)) => {
            let refusal = Refusal::of_submission(error, Places::BODY);
            json!({"error": {
                "status": refusal.status.as_u16(),
                "code": refusal.code,
                "detail": refusal.detail,
                "retry_after": refusal.retry_after.map(whole_seconds),
            }})
        }
        None => Value::Null,
    }
}
