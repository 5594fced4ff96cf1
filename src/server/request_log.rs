//! The id of a call, and the log line about its end. Knows nothing of what it did.

use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body::{Frame, SizeHint};
use tokio::time::Instant;
use tonic::{Code, Status, transport::server::TcpConnectInfo};
use tracing::{Instrument, Span, error_span};
use uuid::Uuid;

use super::{
    contract::{Contract, Face, Kind, UNKNOWN},
    error_details,
};
use crate::json_api::ErrorMessage;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The characters of an error's message that the log has at most: a request can cause many violations.
const MAX_ERROR_CHARACTERS: usize = 1_000;

/// The id of a call, in the log and for its caller. It is among the extensions of every request.
#[derive(Debug, Clone)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The caller's own id where it is safe in a log line, otherwise a new one.
    fn of(request: &Request) -> RequestId {
        let fit = |id: &&HeaderValue| {
            let is_fit = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
            (1..=128).contains(&id.len()) && id.as_bytes().iter().all(is_fit)
        };
        if let Some(id) = request.headers().get(HEADER).filter(fit) {
            return RequestId(id.clone());
        }
        let mut buffer = Uuid::encode_buffer();
        let id: &str = Uuid::now_v7().hyphenated().encode_lower(&mut buffer);
        match HeaderValue::from_str(id) {
            Ok(id) => RequestId(id),
            Err(_) => unreachable!("hexadecimal digits and hyphens"),
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}

/// Gives the call its id and its span, returns the id to the caller, and logs the end.
pub(crate) async fn record(
    State(contract): State<Arc<Contract>>,
    mut request: Request,
    next: Next,
) -> Response {
    let call = contract.call(&request);
    let id = RequestId::of(&request);
    let path = request.uri().path();
    let peer = request
        .extensions()
        .get::<TcpConnectInfo>()
        .and_then(|info| info.remote_addr);
    // The name of gRPC says it all; for HTTP, and for what is unknown, the path says which thing was meant.
    let is_named = call.face == Face::Grpc && &*call.name != UNKNOWN;
    let own_path = (!is_named).then_some(path);
    // Of the highest level, so that an error is never logged without it.
    let span = error_span!(
        "call",
        request_id = %id,
        method = &*call.name,
        path = own_path,
        peer = peer.map(tracing::field::display)
    );
    let mut end = End {
        span: span.clone(),
        began: Instant::now(),
        outcome: Outcome::Grpc(Code::Cancelled),
        error: None,
        is_routine: call.kind == Kind::Health || path.starts_with("/grpc."),
    };
    let face = call.face;
    request.extensions_mut().insert(call);
    request.extensions_mut().insert(id.clone());

    let mut response = next.run(request).instrument(span).await;
    match face {
        Face::Http => end.http(&response),
        Face::Grpc => end.grpc(response.headers()),
    }
    response.headers_mut().insert(HEADER, id.0);
    response.map(|body| Body::new(Recorded { body, end }))
}

/// The end of a call, logged when it is dropped: a call that is dropped before it has a code was cancelled.
struct End {
    span: Span,
    began: Instant,
    outcome: Outcome,
    /// The message of the error that its caller got.
    error: Option<String>,
    is_routine: bool,
}

#[derive(Clone, Copy)]
enum Outcome {
    Grpc(Code),
    Http(StatusCode),
}

impl End {
    fn http(&mut self, response: &Response) {
        self.outcome = Outcome::Http(response.status());
        let message = response.extensions().get::<ErrorMessage>();
        self.error = message.map(|ErrorMessage(message)| shortened(message));
    }

    fn grpc(&mut self, headers: &HeaderMap) {
        if let Some(code) = error_details::code(headers) {
            self.outcome = Outcome::Grpc(code);
            let status = Status::from_header_map(headers).filter(|_| code != Code::Ok);
            self.error = status.map(|status| shortened(status.message()));
        }
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let _entered = self.span.enter();
        let duration_ms = self.began.elapsed().as_micros() as f64 / 1_000.0;
        let (code, is_ok, is_fault) = match &self.outcome {
            Outcome::Grpc(code) => (
                error_details::reason(*code),
                *code == Code::Ok,
                matches!(code, Code::Internal | Code::Unknown | Code::DataLoss),
            ),
            Outcome::Http(status) => (
                status.as_str(),
                status.as_u16() < 400,
                *status == StatusCode::INTERNAL_SERVER_ERROR,
            ),
        };
        let error = self.error.as_deref();
        if is_fault {
            tracing::error!(code, error, duration_ms, "call failed");
        } else if is_ok || self.is_routine {
            // Not at info: at full load these lines would cost more than the calls.
            tracing::debug!(code, error, duration_ms, "call ended");
        } else {
            tracing::info!(code, error, duration_ms, "call ended");
        }
    }
}

fn shortened(message: &str) -> String {
    match message.char_indices().nth(MAX_ERROR_CHARACTERS) {
        Some((end, _)) => format!("{}…", &message[..end]),
        None => message.to_owned(),
    }
}

struct Recorded {
    body: Body,
    end: End,
}

impl http_body::Body for Recorded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Recorded { body, end } = self.get_mut();
        let polled = end.span.in_scope(|| Pin::new(body).poll_frame(cx));
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(trailers) = frame.trailers_ref()
        {
            end.grpc(trailers);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
