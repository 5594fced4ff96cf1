//! Why a request was not carried out, as JSON: the service's errors and those of this face, in one shape.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderValue, Method, StatusCode};
use serde_json::{Value, json};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::answer::json_response;
use crate::{domain::violation::Violation, pb};

/// An error on its way to the client.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The reason, stable; empty for what only HTTP knows.
    pub(super) code: String,
    pub(super) detail: Value,
    pub(super) retry_after: Option<Duration>,
    allow: Option<String>,
}

/// The message of an error, for the log. It is among the extensions of the response.
#[derive(Debug, Clone)]
pub(crate) struct ErrorMessage(pub(crate) String);

/// Where the fields stand that a service names.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    /// Where a field stands that is not named below: `query` or `body`.
    pub(super) rest: &'static str,
    /// The field that the path gives.
    pub(super) path: Option<&'a str>,
    /// A message of the request whose fields are the body's own.
    pub(super) below: Option<&'a str>,
    /// Whether the header `Idempotency-Key` gave the event's id.
    pub(super) id_by_header: bool,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            status,
            code: String::new(),
            detail: Value::String(detail.into()),
            retry_after: None,
            allow: None,
        }
    }

    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    /// Fields that are wrong, found by this face or by a service.
    pub(super) fn invalid(violations: &[Violation], places: Places) -> Self {
        let detail = violations.iter().map(|violation| places.entry(violation));
        Self {
            code: "INVALID_FIELD".to_owned(),
            detail: detail.collect(),
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, "")
        }
    }

    pub(super) fn method_not_allowed(method: &Method, allowed: &str) -> Self {
        Self {
            allow: Some(allowed.to_owned()),
            ..Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                format!("{method} is not taken here; {allowed} are"),
            )
        }
    }

    /// What a service answered.
    pub(super) fn of(status: &Status, places: Places) -> Self {
        let details = status.get_error_details();
        let (reason, metadata) = details
            .error_info()
            .map(|info| (info.reason.clone(), json!(info.metadata)))
            .unwrap_or_default();
        let violations = details.bad_request().map(|bad| &bad.field_violations[..]);
        let violations: Vec<Violation> = violations
            .unwrap_or_default()
            .iter()
            .map(|v| Violation {
                field: v.field.clone(),
                description: v.description.clone(),
            })
            .collect();
        let retry_after = details.retry_info().and_then(|info| info.retry_delay);
        Self::made(
            status.code(),
            reason,
            status.message(),
            &violations,
            metadata,
            retry_after,
            places,
        )
    }

    /// Why one event of many was not recorded.
    pub(super) fn of_submission(error: pb::SubmissionError, places: Places) -> Self {
        let reason = error.reason().as_str_name();
        let reason = reason.strip_prefix("ERROR_REASON_").unwrap_or(reason);
        let violations: Vec<Violation> = error
            .field_violations
            .iter()
            .map(|v| Violation {
                field: v.field.clone(),
                description: v.description.clone(),
            })
            .collect();
        let retry_after = error.retry_after.and_then(|after| after.try_into().ok());
        Self::made(
            Code::from(error.code),
            reason.to_owned(),
            &error.message,
            &violations,
            json!(error.metadata),
            retry_after,
            places,
        )
    }

    fn made(
        code: Code,
        reason: String,
        message: &str,
        violations: &[Violation],
        metadata: Value,
        retry_after: Option<Duration>,
        places: Places,
    ) -> Self {
        let status = http_status(code, &reason);
        let detail = match status {
            StatusCode::UNPROCESSABLE_ENTITY if violations.is_empty() => json!([{
                "loc": [places.rest],
                "msg": message,
                "type": reason.to_lowercase(),
            }]),
            StatusCode::UNPROCESSABLE_ENTITY => {
                violations.iter().map(|v| places.entry(v)).collect()
            }
            StatusCode::CONFLICT => json!({
                "error": "Conflict",
                "message": message,
                "code": reason,
                "details": metadata,
            }),
            _ => Value::String(message.to_owned()),
        };
        Self {
            status,
            code: reason,
            detail,
            retry_after,
            allow: None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let message = ErrorMessage(message(&self.detail));
        let body = json!({ "detail": self.detail }).to_string();
        let mut response = json_response(self.status, Body::from(body));
        response.extensions_mut().insert(message);
        let headers = response.headers_mut();
        if let Some(after) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
        }
        if let Some(Ok(allow)) = self.allow.map(HeaderValue::try_from) {
            headers.insert(ALLOW, allow);
        }
        response
    }
}

/// The text of a `detail`, in each of its forms.
fn message(detail: &Value) -> String {
    let entries: Vec<&str> = match detail {
        Value::Array(entries) => entries.iter().filter_map(|e| e["msg"].as_str()).collect(),
        Value::Object(fields) => fields
            .get("message")
            .and_then(Value::as_str)
            .into_iter()
            .collect(),
        detail => detail.as_str().into_iter().collect(),
    };
    entries.join("; ")
}

impl Places<'_> {
    /// Fields of a body that is the event itself.
    pub(super) const BODY: Self = Self {
        rest: "body",
        path: None,
        below: None,
        id_by_header: false,
    };

    /// One entry of `detail`.
    fn entry(&self, violation: &Violation) -> Value {
        let field = violation.field.as_str();
        let field = match self.below {
            Some(below) => field
                .strip_prefix(below)
                .and_then(|rest| rest.strip_prefix('.'))
                .unwrap_or(field),
            None => field,
        };
        let (mut loc, field) = if self.path == Some(field) {
            (vec![json!("path"), json!("id")], "id")
        } else if self.id_by_header && field == "event_id" {
            (
                vec![json!("header"), json!("Idempotency-Key")],
                "Idempotency-Key",
            )
        } else {
            (vec![json!(self.rest)], field)
        };
        if loc.len() == 1 {
            loc.extend(segments(field));
        }
        let name = if field.is_empty() { self.rest } else { field };
        json!({
            "loc": loc,
            "msg": format!("{name} {}", violation.description),
            "type": sort_of_fault(&violation.description),
        })
    }
}

/// A path of fields, taken apart: `aliases[2]` is `aliases`, 2.
fn segments(field: &str) -> impl Iterator<Item = Value> {
    let parts = field.split(['.', '[']).filter(|part| !part.is_empty());
    parts.map(|part| {
        let index = part
            .strip_suffix(']')
            .and_then(|index| index.parse::<u64>().ok());
        index.map_or_else(|| json!(part), |index| json!(index))
    })
}

/// A fault's `type`, for programs that tell faults apart.
fn sort_of_fault(description: &str) -> &'static str {
    const TYPES: [&str; 6] = [
        "null",
        "true or false",
        "a number",
        "a text",
        "a list",
        "an object",
    ];
    let given = description
        .strip_prefix("is ")
        .and_then(|rest| rest.split(": ").next());
    if description.contains("is required") {
        "missing"
    } else if given.is_some_and(|given| TYPES.contains(&given)) {
        "type_error"
    } else {
        "value_error"
    }
}

fn http_status(code: Code, reason: &str) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::OutOfRange => StatusCode::UNPROCESSABLE_ENTITY,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::FailedPrecondition | Code::Aborted => StatusCode::CONFLICT,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::ResourceExhausted => match reason {
            "STORAGE_FULL" => StatusCode::INSUFFICIENT_STORAGE,
            "MESSAGE_TOO_LARGE" => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::TOO_MANY_REQUESTS,
        },
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Cancelled | Code::Unknown | Code::Internal | Code::DataLoss => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

/// At least one, as Retry-After knows no fractions.
pub(super) fn whole_seconds(after: Duration) -> u64 {
    let up = u64::from(after.subsec_nanos() > 0);
    after.as_secs().saturating_add(up).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_told_by_where_it_stands() {
        let entry = |places: Places, field: &str, description: &str| {
            let violation = Violation {
                field: field.to_owned(),
                description: description.to_owned(),
            };
            places.entry(&violation).to_string()
        };
        let change = Places {
            below: Some("product"),
            path: Some("id"),
            ..Places::BODY
        };
        assert_eq!(
            entry(change, "product.aliases[2]", "is a number: a text is taken"),
            r#"{"loc":["body","aliases",2],"msg":"aliases[2] is a number: a text is taken","type":"type_error"}"#
        );
        assert_eq!(
            entry(change, "id", "is no id"),
            r#"{"loc":["path","id"],"msg":"id is no id","type":"value_error"}"#
        );
        assert_eq!(
            entry(Places::BODY, "version", "is required"),
            r#"{"loc":["body","version"],"msg":"version is required","type":"missing"}"#
        );
    }

    #[test]
    fn every_code_has_its_status() {
        for code in 0..=16 {
            let status = http_status(Code::from(code), "");
            assert_eq!(status == StatusCode::OK, code == 0, "{code}");
        }
        assert_eq!(
            http_status(Code::ResourceExhausted, "STORAGE_FULL").as_u16(),
            507
        );
        assert_eq!(
            http_status(Code::ResourceExhausted, "MESSAGE_TOO_LARGE").as_u16(),
            413
        );
        assert_eq!(
            http_status(Code::ResourceExhausted, "OVERLOADED").as_u16(),
            429
        );
        assert_eq!(whole_seconds(Duration::from_millis(1_001)), 2);
    }
}
