//! The body of a request: its type, its encoding and its size. Knows no field.

use std::{error::Error, io::Read};

use axum::body::{Body, Bytes};
use flate2::read::MultiGzDecoder;
use http::{
    HeaderMap,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tonic::Code;

use super::error::Refusal;
use crate::{grpc::MAX_MESSAGE_BYTES, pb::ErrorReason};

/// Reads a body that may be JSON, and decompresses it.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    check_content_type(headers)?;
    let compressed = is_compressed(headers)?;
    let body = match Limited::new(body, MAX_MESSAGE_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_large()),
        Err(error) if is_late(error.as_ref()) => {
            return Err(Refusal::new(
                ErrorReason::DeadlineExceeded,
                "the deadline passed before the whole body arrived",
            ));
        }
        Err(error) => {
            tracing::debug!(error, "the connection ended within a body");
            return Err(Refusal::bad_request("the body ended early"));
        }
    };
    if compressed {
        decompress(&body)
    } else {
        Ok(body)
    }
}

/// A body as text. The error is for the client.
pub(super) fn text(body: &[u8]) -> Result<&str, Refusal> {
    str::from_utf8(body).map_err(|_| not_an_object("must be UTF-8 text"))
}

/// The error for a body that is not a JSON object. `why` completes a sentence about the body.
pub(super) fn not_an_object(why: impl std::fmt::Display) -> Refusal {
    Refusal::bad_request(format!("the body {why}"))
}

/// Rejects what is clearly not JSON; accepts the default content types of HTTP clients.
fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(given) = headers.get(CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = given.to_str().unwrap_or_default();
    let essence = essence.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    let is_json = matches!(
        essence.as_str(),
        "" | "application/json"
            | "text/json"
            | "text/plain"
            | "application/x-www-form-urlencoded"
            | "application/octet-stream"
            | "application/x-ndjson"
            | "application/ndjson"
            | "application/jsonl"
            | "application/jsonlines"
            | "*/*"
    ) || essence.ends_with("+json");
    match is_json {
        true => Ok(()),
        false => Err(Refusal::new(
            ErrorReason::UnsupportedMediaType,
            format!(
                "the content type must be application/json or left out, not {}",
                shown(&essence)
            ),
        )),
    }
}

fn is_compressed(headers: &HeaderMap) -> Result<bool, Refusal> {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    let given = match (encodings.next(), encodings.next()) {
        (None, _) => return Ok(false),
        (Some(given), None) => given.to_str().unwrap_or("?").trim().to_ascii_lowercase(),
        (Some(_), Some(_)) => "several".to_owned(),
    };
    match given.as_str() {
        "" | "identity" => Ok(false),
        "gzip" | "x-gzip" => Ok(true),
        other => Err(Refusal::new(
            ErrorReason::UnsupportedMediaType,
            format!(
                "the content encoding must be gzip or left out, not {}",
                shown(other)
            ),
        )),
    }
}

fn decompress(body: &[u8]) -> Result<Bytes, Refusal> {
    let mut decompressed = Vec::new();
    let limit = MAX_MESSAGE_BYTES as u64 + 1;
    let read = MultiGzDecoder::new(body)
        .take(limit)
        .read_to_end(&mut decompressed);
    match read {
        Ok(_) if decompressed.len() > MAX_MESSAGE_BYTES => Err(too_large()),
        Ok(_) => Ok(decompressed.into()),
        Err(_) => Err(Refusal::bad_request(
            "the body cannot be decompressed: it is not valid gzip",
        )),
    }
}

/// Whether the server stopped waiting for the body.
fn is_late(error: &(dyn Error + 'static)) -> bool {
    let status = error.downcast_ref::<tonic::Status>();
    status.is_some_and(|status| status.code() == Code::DeadlineExceeded)
        || error.source().is_some_and(is_late)
}

fn too_large() -> Refusal {
    Refusal::new(
        ErrorReason::MessageTooLarge,
        format!("the body must have at most {MAX_MESSAGE_BYTES} bytes"),
    )
}

/// A header may be as long as a request's head.
fn shown(header: &str) -> String {
    const LONGEST: usize = 64;
    header.chars().take(LONGEST).collect()
}
