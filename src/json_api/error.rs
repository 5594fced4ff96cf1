//! Why a request was not carried out, as JSON: the errors of the services and those of this face have one shape.

use std::time::Duration;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, Method, StatusCode,
    header::{ALLOW, RETRY_AFTER},
};
use serde_json::{Value, json};
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::{answer::json_response, location::FieldLocations};
use crate::{
    domain::violation::Violation,
    json_input::IgnoredFields,
    pb::{self, ErrorReason},
};

/// An error on its way to the client.
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// The stable reason.
    pub(super) code: String,
    pub(super) detail: Value,
    pub(super) retry_after: Option<Duration>,
    ignored_fields: IgnoredFields,
    allow: Option<Box<str>>,
}

/// The message of an error, for the log. It is among the extensions of the response.
#[derive(Debug, Clone)]
pub(crate) struct ErrorMessage(pub(crate) String);

impl Refusal {
    pub(super) fn new(reason: ErrorReason, detail: impl Into<String>) -> Self {
        Self {
            status: status_of(reason),
            code: name_of(reason).to_owned(),
            detail: Value::String(detail.into()),
            retry_after: None,
            ignored_fields: IgnoredFields::default(),
            allow: None,
        }
    }

    /// A body that is not JSON.
    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            ..Self::new(ErrorReason::InvalidField, detail)
        }
    }

    /// Fields that are wrong: each is an entry of `detail`.
    pub(super) fn invalid(entries: Vec<Value>) -> Self {
        Self {
            detail: Value::Array(entries),
            ..Self::new(ErrorReason::InvalidField, "")
        }
    }

    pub(super) fn no_such_path() -> Self {
        Self::new(
            ErrorReason::PathNotFound,
            "there is no such path; /docs lists all paths",
        )
    }

    /// `allowed` are all methods, for the header; `useful` those that an error suggests.
    pub(super) fn method_not_allowed(method: &Method, allowed: &str, useful: &[&str]) -> Self {
        let useful = match useful {
            [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
            other => other.concat(),
        };
        Self {
            allow: Some(allowed.into()),
            ..Self::new(
                ErrorReason::MethodNotAllowed,
                format!("method {method} is not allowed; use {useful}"),
            )
        }
    }

    /// The error that a service returned.
    pub(super) fn of(status: &Status, locations: &FieldLocations) -> Self {
        let details = status.get_error_details();
        let (reason, metadata) = details
            .error_info()
            .map(|info| (info.reason.clone(), json!(info.metadata)))
            .unwrap_or_else(|| (name_of(ErrorReason::Internal).to_owned(), json!({})));
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
            locations,
        )
    }

    /// Why one event of many was not recorded.
    pub(super) fn of_submission(error: pb::SubmissionError, locations: &FieldLocations) -> Self {
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
            name_of(error.reason()).to_owned(),
            &error.message,
            &violations,
            json!(error.metadata),
            retry_after,
            locations,
        )
    }

    /// Adds the fields of the body that were ignored: one of them may be the one that is missing.
    pub(super) fn ignoring(self, ignored_fields: &IgnoredFields) -> Self {
        Self {
            ignored_fields: ignored_fields.clone(),
            ..self
        }
    }

    fn made(
        code: Code,
        reason: String,
        message: &str,
        violations: &[Violation],
        metadata: Value,
        retry_after: Option<Duration>,
        locations: &FieldLocations,
    ) -> Self {
        let status = http_status(code, &reason);
        let detail = match status {
            StatusCode::UNPROCESSABLE_ENTITY if violations.is_empty() => json!([{
                "loc": [locations.rest],
                "msg": message,
                "type": reason.to_lowercase(),
            }]),
            StatusCode::UNPROCESSABLE_ENTITY => locations.entries(violations).into(),
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
            ignored_fields: IgnoredFields::default(),
            allow: None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let message = ErrorMessage(message(&self.detail));
        let mut body = json!({ "detail": self.detail, "code": self.code });
        if !self.ignored_fields.is_empty() {
            body["ignored_fields"] = json!(self.ignored_fields);
        }
        let mut response = json_response(self.status, Body::from(body.to_string()));
        response.extensions_mut().insert(message);
        let headers = response.headers_mut();
        if let Some(after) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(whole_seconds(after)));
        }
        if let Some(Ok(allow)) = self.allow.as_deref().map(HeaderValue::try_from) {
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

/// The reason as errors have it: the name of the enum's value without its prefix.
pub(super) fn name_of(reason: ErrorReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("ERROR_REASON_").unwrap_or(name)
}

/// The status of a reason. `OVERLOADED` is 429 or 503, by the code of the call.
pub(super) fn status_of(reason: ErrorReason) -> StatusCode {
    use ErrorReason as Reason;
    match reason {
        Reason::InvalidField | Reason::PositionBeyondEnd => StatusCode::UNPROCESSABLE_ENTITY,
        Reason::ProductNotFound
        | Reason::VersionNotFound
        | Reason::BuildNotFound
        | Reason::CheckNotFound
        | Reason::EnvironmentNotFound
        | Reason::DeploymentNotFound
        | Reason::OnlyPrereleases
        | Reason::ServiceNotFound
        | Reason::PathNotFound => StatusCode::NOT_FOUND,
        Reason::VersionCommitConflict
        | Reason::EventIdReused
        | Reason::ProductNameTaken
        | Reason::EnvironmentNameTaken
        | Reason::ProductInUse
        | Reason::EnvironmentInUse => StatusCode::CONFLICT,
        Reason::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Reason::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
        Reason::MessageTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Reason::Overloaded | Reason::WatcherTooSlow => StatusCode::TOO_MANY_REQUESTS,
        Reason::StoreUnavailable | Reason::ShuttingDown => StatusCode::SERVICE_UNAVAILABLE,
        Reason::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Reason::Unspecified | Reason::DataDamaged | Reason::Internal | Reason::Cancelled => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        Reason::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Reason::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
    }
}

fn http_status(code: Code, reason: &str) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::OutOfRange => StatusCode::UNPROCESSABLE_ENTITY,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::FailedPrecondition => StatusCode::CONFLICT,
        Code::Aborted => StatusCode::PRECONDITION_FAILED,
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

/// At least one, as Retry-After has no fractions.
pub(super) fn whole_seconds(after: Duration) -> u64 {
    let up = u64::from(after.subsec_nanos() > 0);
    after.as_secs().saturating_add(up).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_status() {
        for code in 0..=16 {
            let status = http_status(Code::from(code), "");
            assert_eq!(status == StatusCode::OK, code == 0, "{code}");
        }
        for (reason, status) in [
            (ErrorReason::StorageFull, 507),
            (ErrorReason::MessageTooLarge, 413),
            (ErrorReason::Overloaded, 429),
        ] {
            let by_code = http_status(Code::ResourceExhausted, name_of(reason));
            assert_eq!(by_code.as_u16(), status);
            assert_eq!(status_of(reason), by_code);
        }
        assert_eq!(whole_seconds(Duration::from_millis(1_001)), 2);
    }

    #[test]
    fn an_error_suggests_the_methods_of_the_path() {
        let message = |useful: &[&str]| {
            let refusal = Refusal::method_not_allowed(&Method::PUT, "", useful);
            refusal.detail.as_str().unwrap_or_default().to_owned()
        };
        assert_eq!(message(&["POST"]), "method PUT is not allowed; use POST");
        assert_eq!(
            message(&["GET", "PATCH", "DELETE"]),
            "method PUT is not allowed; use GET, PATCH or DELETE"
        );
    }
}
