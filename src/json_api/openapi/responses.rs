//! The responses of errors, one for each status.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::example;
use crate::grpc::MAX_MESSAGE_BYTES;

/// A reference to the response of a status.
pub(super) fn reference(status: StatusCode) -> Value {
    json!({"$ref": format!("#/components/responses/{}", name(status))})
}

/// `MethodNotAllowed` of 405 Method Not Allowed.
fn name(status: StatusCode) -> String {
    let words = status.canonical_reason().unwrap_or_default();
    words.split([' ', '-']).collect()
}

/// All of them by name.
pub(super) fn responses() -> Value {
    let retry = json!({
        "Retry-After": {
            "description": "How many seconds to wait before trying again.",
            "schema": {"type": "integer", "minimum": 1},
        },
    });
    let allow =
        json!({"Allow": {"description": "All methods of the path.", "schema": {"type": "string"}}});
    let none = json!({});
    let too_large = format!("The body has more than {MAX_MESSAGE_BYTES} bytes.");
    let mut responses = Map::new();
    for (status, schema, description, headers) in [
        (
            StatusCode::BAD_REQUEST,
            "Error",
            "The body is not JSON, or it ended early.",
            &none,
        ),
        (
            StatusCode::NOT_FOUND,
            "Error",
            "There is no such resource or path.",
            &none,
        ),
        (
            StatusCode::METHOD_NOT_ALLOWED,
            "Error",
            "The path does not have this method.",
            &allow,
        ),
        (
            StatusCode::CONFLICT,
            "ConflictError",
            "The request contradicts what is recorded. `details` has the values.",
            &none,
        ),
        (StatusCode::PAYLOAD_TOO_LARGE, "Error", &too_large, &none),
        (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "Error",
            "The content type is not JSON, or the content encoding is not gzip.",
            &none,
        ),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            "InvalidError",
            "Parameters or fields are missing or malformed. All of them are listed.",
            &none,
        ),
        (
            StatusCode::TOO_MANY_REQUESTS,
            "Error",
            "The server has too many calls. Try again.",
            &retry,
        ),
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Error",
            "A fault of the server. The message has an id that finds it in the log.",
            &none,
        ),
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "Error",
            "The database is unavailable, or the server is shutting down. Try again.",
            &retry,
        ),
        (
            StatusCode::GATEWAY_TIMEOUT,
            "Error",
            "The deadline passed. An event may have been recorded: send it again with the same `event_id`.",
            &none,
        ),
        (
            StatusCode::INSUFFICIENT_STORAGE,
            "Error",
            "The disk is full. Calls that read still work.",
            &retry,
        ),
    ] {
        let mut headers = headers.clone();
        headers["x-request-id"] = json!({"$ref": "#/components/headers/RequestId"});
        let name = name(status);
        let response = json!({
            "description": description,
            "headers": headers,
            "content": {"application/json": {
                "schema": {"$ref": format!("#/components/schemas/{schema}")},
                "example": example::error(&name),
            }},
        });
        responses.insert(name, response);
    }
    Value::Object(responses)
}
