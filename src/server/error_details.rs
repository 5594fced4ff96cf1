//! Makes every gRPC error that leaves the server one of the contract: with a code that shows whose mistake it is,
//! and with details. Knows the errors that the libraries make by themselves.

use axum::{Extension, body::Body, extract::Request, middleware::Next, response::Response};
use http::{HeaderMap, Uri};
use http_body_util::BodyExt;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

use super::{
    contract::{Call, Face},
    rejection::Refusal,
    request_log::RequestId,
};
use crate::grpc::ERROR_DOMAIN;

/// How tonic 0.14 begins the messages of its INTERNAL errors about a request that cannot be read. Only the text
/// distinguishes them; a test sends a request for each.
const UNREADABLE: [&str; 5] = [
    "failed to decode Protobuf message",
    "protocol error: received message with",
    "Error decompressing: ",
    "Unexpected EOF decoding stream.",
    "Missing request message.",
];

/// Completes the error of an answer, in its headers or in the trailers of a stream.
pub(crate) async fn complete(
    Extension(call): Extension<Call>,
    Extension(request_id): Extension<RequestId>,
    request: Request,
    next: Next,
) -> Response {
    if call.face == Face::Http {
        return next.run(request).await;
    }
    let uri = request.uri().clone();
    let mut response = next.run(request).await;
    complete_status(response.headers_mut(), &uri, &request_id);
    response.map(|body| {
        Body::new(body.map_frame(move |mut frame| {
            if let Some(trailers) = frame.trailers_mut() {
                complete_status(trailers, &uri, &request_id);
            }
            frame
        }))
    })
}

fn complete_status(headers: &mut HeaderMap, uri: &Uri, request_id: &RequestId) {
    let Some(code) = code(headers) else { return };
    let is_complete = headers.contains_key(Status::GRPC_STATUS_DETAILS) && code != Code::Unknown;
    if code == Code::Ok || is_complete {
        return;
    }
    // There is a code, so there is a status.
    let message = Status::from_header_map(headers).map(|status| status.message().to_owned());
    let complete = completed(code, message.unwrap_or_default(), uri, request_id);
    if let Err(error) = complete.add_header(headers) {
        tracing::error!(%error, "cannot write a status");
    }
}

/// The code in the headers or trailers of an answer.
pub(crate) fn code(headers: &HeaderMap) -> Option<Code> {
    let code = headers.get(Status::GRPC_STATUS)?;
    Some(Code::from_bytes(code.as_bytes()))
}

fn completed(code: Code, message: String, uri: &Uri, request_id: &RequestId) -> Status {
    let mut details = ErrorDetails::new();
    let (code, reason, message) = match code {
        Code::OutOfRange if message.contains("message length too large") => {
            (Code::ResourceExhausted, "MESSAGE_TOO_LARGE", message)
        }
        Code::ResourceExhausted if message.starts_with("Error decompressing: ") => {
            (Code::ResourceExhausted, "MESSAGE_TOO_LARGE", message)
        }
        Code::Internal if UNREADABLE.iter().any(|start| message.starts_with(start)) => {
            details.add_bad_request_violation("request", message.as_str());
            (Code::InvalidArgument, "INVALID_FIELD", message)
        }
        // The message of a library or a bug is for the log, not for the caller.
        Code::Internal | Code::Unknown => {
            tracing::error!(?code, error = message, "internal error without details");
            return Refusal::internal(request_id).status();
        }
        Code::Unimplemented if message.is_empty() => (
            code,
            "UNIMPLEMENTED",
            format!("unknown method {}", uri.path()),
        ),
        code => (code, library_reason(code), message),
    };
    details.set_error_info(reason, ERROR_DOMAIN, []);
    Status::with_error_details(code, message, details)
}

/// The reason of an error that a library made by itself: a value of the contract's `ErrorReason`.
fn library_reason(code: Code) -> &'static str {
    match code {
        Code::InvalidArgument | Code::OutOfRange | Code::FailedPrecondition => "INVALID_FIELD",
        Code::NotFound => "SERVICE_NOT_FOUND",
        Code::Cancelled => "CANCELLED",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::ResourceExhausted => "OVERLOADED",
        Code::Unavailable => "SHUTTING_DOWN",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::DataLoss => "DATA_DAMAGED",
        Code::Ok
        | Code::Unknown
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::Aborted
        | Code::Internal
        | Code::Unauthenticated => "INTERNAL",
    }
}

/// The code's name, as the specification writes it.
pub(crate) fn reason(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
