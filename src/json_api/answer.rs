//! Answers as JSON, with their headers.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, LINK},
};
use serde::Serialize;
use url::form_urlencoded::{Serializer, parse};

use super::error::Refusal;
use crate::{json_input::IgnoredFields, pb::ErrorReason};

pub(super) fn json_response(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// An answer of 200.
pub(super) fn ok(message: &impl Serialize) -> Response {
    match serde_json::to_vec(message) {
        Ok(body) => json_response(StatusCode::OK, Body::from(body)),
        Err(error) => {
            tracing::error!(%error, "cannot write an answer as JSON");
            let why = "internal error: the answer cannot be written as JSON";
            Refusal::new(ErrorReason::Internal, why).into_response()
        }
    }
}

/// An answer to a body, with the fields of the body that were ignored.
#[derive(Serialize)]
pub(super) struct WithIgnoredFields<'a, T> {
    #[serde(flatten)]
    pub(super) answer: &'a T,
    pub(super) ignored_fields: &'a IgnoredFields,
}

/// Adds the address of the next page: this one's, with its token.
pub(super) fn link_next(response: &mut Response, path: &str, query: &str, token: &str) {
    let mut next = Serializer::new(String::new());
    next.extend_pairs(parse(query.as_bytes()).filter(|(name, _)| name != "page_token"));
    next.append_pair("page_token", token);
    let link = format!("<{path}?{}>; rel=\"next\"", next.finish());
    if let Ok(link) = HeaderValue::try_from(link) {
        response.headers_mut().insert(LINK, link);
    }
}
