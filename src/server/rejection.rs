//! The errors that the transport returns by itself, over gRPC and HTTP. Knows no service.

use std::{borrow::Cow, time::Duration};

use axum::{body::Body, response::Response};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::{contract::Face, request_log::RequestId};
use crate::{grpc::ERROR_DOMAIN, json_api::ErrorMessage};

/// A whole second: HTTP's Retry-After has no smaller unit.
const RETRY_AFTER_SECONDS: u64 = 1;

/// Why a call did not get an answer from its service.
pub(crate) struct Refusal {
    code: Code,
    http: StatusCode,
    reason: &'static str,
    message: Cow<'static, str>,
    details: ErrorDetails,
}

impl Refusal {
    pub(crate) fn unknown_path() -> Refusal {
        Refusal::new(
            Code::Unimplemented,
            StatusCode::NOT_FOUND,
            "PATH_NOT_FOUND",
            "there is no such path; /docs lists all paths",
        )
    }

    pub(crate) fn overloaded(what: &str) -> Refusal {
        let mut refusal = Refusal::new(
            Code::ResourceExhausted,
            StatusCode::TOO_MANY_REQUESTS,
            "OVERLOADED",
            format!("too many {what} at the same time; try again in a second"),
        );
        refusal.set_retry();
        refusal
    }

    pub(crate) fn deadline_exceeded() -> Refusal {
        Refusal::new(
            Code::DeadlineExceeded,
            StatusCode::GATEWAY_TIMEOUT,
            "DEADLINE_EXCEEDED",
            "the deadline passed before the call ended; its changes may still have been made",
        )
    }

    pub(crate) fn malformed_timeout() -> Refusal {
        let problem = "must be 1 to 8 digits and a unit: H, M, S, m, u or n";
        let mut refusal = Refusal::new(
            Code::InvalidArgument,
            StatusCode::BAD_REQUEST,
            "INVALID_FIELD",
            format!("the header grpc-timeout {problem}"),
        );
        refusal
            .details
            .add_bad_request_violation("grpc-timeout", problem);
        refusal
    }

    pub(crate) fn shutting_down() -> Refusal {
        let mut refusal = Refusal::new(
            Code::Unavailable,
            StatusCode::SERVICE_UNAVAILABLE,
            "SHUTTING_DOWN",
            "the server is shutting down; open the stream again",
        );
        refusal.set_retry();
        refusal
    }

    /// For bugs. The log has the same id.
    pub(crate) fn internal(request_id: &RequestId) -> Refusal {
        Refusal::new(
            Code::Internal,
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            format!("internal error; quote request id {request_id} when you report it"),
        )
    }

    pub(crate) fn status(self) -> Status {
        let mut details = self.details;
        details.set_error_info(self.reason, ERROR_DOMAIN, []);
        Status::with_error_details(self.code, self.message, details)
    }

    pub(crate) fn answer(self, face: Face) -> Response {
        match face {
            Face::Grpc => self.status().into_http::<Body>(),
            Face::Http => self.json(),
        }
    }

    fn new(
        code: Code,
        http: StatusCode,
        reason: &'static str,
        message: impl Into<Cow<'static, str>>,
    ) -> Refusal {
        Refusal {
            code,
            http,
            reason,
            message: message.into(),
            details: ErrorDetails::new(),
        }
    }

    fn set_retry(&mut self) {
        let delay = Duration::from_secs(RETRY_AFTER_SECONDS);
        self.details.set_retry_info(Some(delay));
    }

    fn json(self) -> Response {
        let body = serde_json::json!({ "detail": self.message, "code": self.reason }).to_string();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.http;
        let message = ErrorMessage(self.message.into_owned());
        response.extensions_mut().insert(message);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if self.details.retry_info().is_some() {
            headers.insert(RETRY_AFTER, HeaderValue::from(RETRY_AFTER_SECONDS));
        }
        response
    }
}
