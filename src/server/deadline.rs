//! How long a caller waits for a call, and that the call runs to its end. Knows nothing of what it does.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use tokio::time::{Instant, Sleep, sleep_until, timeout_at};
use tokio_util::task::TaskTracker;
use tonic::Status;
use tracing::Instrument;

use super::{
    contract::{Call, Face, Kind},
    drain::Shutdown,
    rejection::Refusal,
    request_log::RequestId,
    stream_end::StreamEnd,
};

/// When the caller stops waiting. Among the extensions of each request that has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline(pub Instant);

#[derive(Clone)]
pub(crate) struct Deadlines {
    pub(crate) request_timeout: Duration,
    pub(crate) calls: TaskTracker,
    pub(crate) shutdown: Shutdown,
}

/// Answers by the deadline: the caller's, and for all but streams the server's own. The call itself is a task
/// that neither the deadline nor the caller can abort: a transaction that is dropped before its end may go back to
/// its pool open.
pub(crate) async fn limit(
    State(deadlines): State<Deadlines>,
    call: axum::Extension<Call>,
    request_id: axum::Extension<RequestId>,
    mut request: Request,
    next: Next,
) -> Response {
    let Call { face, kind, .. } = *call;
    let Ok(asked) = asked_timeout(face, request.headers()) else {
        return Refusal::malformed_timeout().answer(face);
    };
    let allowed = (kind != Kind::Stream).then_some(deadlines.request_timeout);
    // A time that is too far away to be represented is no deadline.
    let deadline = asked
        .into_iter()
        .chain(allowed)
        .min()
        .and_then(|timeout| Instant::now().checked_add(timeout));
    if asked.is_some_and(|asked| asked.is_zero()) {
        return Refusal::deadline_exceeded().answer(face);
    }
    if let Some(deadline) = deadline {
        request.extensions_mut().insert(Deadline(deadline));
        request = request.map(|body| Body::new(ReadUntil::new(body, deadline)));
    }

    let work = deadlines.calls.spawn(next.run(request).in_current_span());
    let answer = match deadline {
        Some(deadline) => timeout_at(deadline, work).await,
        None => Ok(work.await),
    };
    match answer {
        Ok(Ok(response)) if kind == Kind::Stream => response.map(|body| {
            Body::new(StreamEnd::new(
                body,
                deadline,
                deadlines.shutdown,
                request_id.0,
            ))
        }),
        Ok(Ok(response)) => response,
        Ok(Err(_panic)) => Refusal::internal(&request_id).answer(face),
        Err(_elapsed) => Refusal::deadline_exceeded().answer(face),
    }
}

struct Malformed;

/// As in gRPC's specification for HTTP/2: at most 8 digits, then a unit. A malformed timeout is refused and not
/// ignored: the caller expects it to have an effect.
fn asked_timeout(face: Face, headers: &HeaderMap) -> Result<Option<Duration>, Malformed> {
    match headers.get("grpc-timeout") {
        Some(text) if face == Face::Grpc => parse_timeout(text).map(Some),
        _ => Ok(None),
    }
}

fn parse_timeout(text: &HeaderValue) -> Result<Duration, Malformed> {
    let (unit, digits) = text.as_bytes().split_last().ok_or(Malformed)?;
    if !(1..=8).contains(&digits.len()) {
        return Err(Malformed);
    }
    let mut number = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(Malformed);
        }
        number = number * 10 + u64::from(digit - b'0');
    }
    match unit {
        b'H' => Ok(Duration::from_secs(number * 3600)),
        b'M' => Ok(Duration::from_secs(number * 60)),
        b'S' => Ok(Duration::from_secs(number)),
        b'm' => Ok(Duration::from_millis(number)),
        b'u' => Ok(Duration::from_micros(number)),
        b'n' => Ok(Duration::from_nanos(number)),
        _ => Err(Malformed),
    }
}

/// A request's body, which ends with an error at the deadline: a peer that sends it byte by byte keeps no task alive.
struct ReadUntil {
    body: Body,
    deadline: Pin<Box<Sleep>>,
}

impl ReadUntil {
    fn new(body: Body, deadline: Instant) -> Self {
        ReadUntil {
            body,
            deadline: Box::pin(sleep_until(deadline)),
        }
    }
}

impl http_body::Body for ReadUntil {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        self.deadline.as_mut().poll(cx).map(|()| {
            let passed =
                Status::deadline_exceeded("the deadline passed before the request was read");
            Some(Err(passed.into()))
        })
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &'static str) -> Option<Duration> {
        parse_timeout(&HeaderValue::from_static(text)).ok()
    }

    #[test]
    fn timeouts_are_read_as_the_specification_writes_them() {
        assert_eq!(parse("1H"), Some(Duration::from_secs(3600)));
        assert_eq!(parse("2M"), Some(Duration::from_secs(120)));
        assert_eq!(parse("3S"), Some(Duration::from_secs(3)));
        assert_eq!(parse("4m"), Some(Duration::from_millis(4)));
        assert_eq!(parse("5u"), Some(Duration::from_micros(5)));
        assert_eq!(parse("00000006n"), Some(Duration::from_nanos(6)));
        assert_eq!(parse("0S"), Some(Duration::ZERO));
        assert_eq!(
            parse("99999999H"),
            Some(Duration::from_secs(99_999_999 * 3600))
        );
    }

    #[test]
    fn other_timeouts_are_malformed() {
        for text in [
            "",
            "S",
            "5",
            "5s",
            "-5S",
            "+5S",
            " 5S",
            "5 S",
            "5.5S",
            "123456789S",
            "\u{7f}",
        ] {
            let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) else {
                continue;
            };
            assert!(parse_timeout(&value).is_err(), "{text:?}");
        }
    }
}
