//! The body of a request: its encoding, its size, and the JSON object in it. Knows no field.

use std::borrow::Cow;
use std::error::Error;
use std::io::Read;

use axum::body::{Body, Bytes};
use flate2::read::MultiGzDecoder;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use tonic::Code;

use super::refusal::Refusal;
use crate::grpc::MAX_MESSAGE_BYTES;

/// Reads a body that may be JSON, unpacked.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
    check_content_type(headers)?;
    let packed = is_packed(headers)?;
    let body = match Limited::new(body, MAX_MESSAGE_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(too_large()),
        Err(error) if is_late(error.as_ref()) => {
            let late = StatusCode::GATEWAY_TIMEOUT;
            return Err(Refusal::new(
                late,
                "the deadline passed before the body was there",
            ));
        }
        Err(error) => {
            tracing::debug!(error, "a body broke off");
            return Err(Refusal::bad_request("the body broke off before its end"));
        }
    };
    if packed { unpack(&body) } else { Ok(body) }
}

/// The members of a JSON object, in their order; of values, the text.
pub(super) struct Members<'a>(pub(super) Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The error says why it is no JSON object.
    pub(super) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(text);
        let members = json.deserialize_map(MembersVisitor)?;
        json.end()?;
        Ok(Self(members))
    }
}

/// A body as text. The error is for the client.
pub(super) fn text(body: &[u8]) -> Result<&str, Refusal> {
    str::from_utf8(body).map_err(|_| no_json("it is no UTF-8 text"))
}

pub(super) fn no_json(why: impl std::fmt::Display) -> Refusal {
    Refusal::bad_request(format!("the body is no JSON object: {why}"))
}

/// What clearly is something else is refused; what a client says of itself by default is not.
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
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "JSON is taken: content-type application/json, or none",
        )),
    }
}

fn is_packed(headers: &HeaderMap) -> Result<bool, Refusal> {
    let mut encodings = headers.get_all(CONTENT_ENCODING).iter();
    let given = match (encodings.next(), encodings.next()) {
        (None, _) => return Ok(false),
        (Some(given), None) => given.to_str().unwrap_or("?").trim().to_ascii_lowercase(),
        (Some(_), Some(_)) => "?".to_owned(),
    };
    match given.as_str() {
        "" | "identity" => Ok(false),
        "gzip" | "x-gzip" => Ok(true),
        _ => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "content-encoding gzip is taken, or none",
        )),
    }
}

fn unpack(body: &[u8]) -> Result<Bytes, Refusal> {
    let mut unpacked = Vec::new();
    let limit = MAX_MESSAGE_BYTES as u64 + 1;
    let read = MultiGzDecoder::new(body)
        .take(limit)
        .read_to_end(&mut unpacked);
    match read {
        Ok(_) if unpacked.len() > MAX_MESSAGE_BYTES => Err(too_large()),
        Ok(_) => Ok(unpacked.into()),
        Err(_) => Err(Refusal::bad_request(
            "the body can't be unpacked: it is no gzip",
        )),
    }
}

/// Whether the server gave up waiting for the body.
fn is_late(error: &(dyn Error + 'static)) -> bool {
    let status = error.downcast_ref::<tonic::Status>();
    status.is_some_and(|status| status.code() == Code::DeadlineExceeded)
        || error.source().is_some_and(is_late)
}

fn too_large() -> Refusal {
    Refusal::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body is larger than {MAX_MESSAGE_BYTES} bytes"),
    )
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Vec<(Cow<'de, str>, &'de RawValue)>;

    fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            members.push((name, map.next_value()?));
        }
        Ok(members)
    }
}
