//! The end of a stream that does not end by itself: at its deadline, at the end of the server, after a bug.
//! Knows nothing of what is streamed.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes};
use http::HeaderMap;
use http_body::Frame;
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{drain::Shutdown, rejection::Refusal, request_log::RequestId};

/// A stream's body, which always ends with a status.
pub(crate) struct StreamEnd {
    /// Nothing after the stream has ended: its resources are released at once.
    body: Option<Body>,
    deadline: Option<Pin<Box<Sleep>>>,
    cut: Pin<Box<WaitForCancellationFutureOwned>>,
    request_id: RequestId,
}

impl StreamEnd {
    pub(crate) fn new(
        body: Body,
        deadline: Option<Instant>,
        shutdown: Shutdown,
        request_id: RequestId,
    ) -> Self {
        StreamEnd {
            body: Some(body),
            deadline: deadline.map(|deadline| Box::pin(sleep_until(deadline))),
            cut: Box::pin(shutdown.streams_cut.cancelled_owned()),
            request_id,
        }
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Refusal> {
        if let Some(deadline) = &mut self.deadline
            && deadline.as_mut().poll(cx).is_ready()
        {
            return Poll::Ready(Refusal::deadline_exceeded());
        }
        self.cut
            .as_mut()
            .poll(cx)
            .map(|()| Refusal::shutting_down())
    }
}

impl http_body::Body for StreamEnd {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let refusal = match catch_unwind(AssertUnwindSafe(|| Pin::new(body).poll_frame(cx))) {
            Ok(Poll::Ready(frame)) => return Poll::Ready(frame),
            Ok(Poll::Pending) => std::task::ready!(self.poll_end(cx)),
            Err(_panic) => Refusal::internal(&self.request_id),
        };
        self.body = None;
        Poll::Ready(Some(trailers(refusal)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }
}

fn trailers(refusal: Refusal) -> Result<Frame<Bytes>, axum::Error> {
    let mut trailers = HeaderMap::new();
    refusal
        .status()
        .add_header(&mut trailers)
        .map_err(axum::Error::new)?;
    Ok(Frame::trailers(trailers))
}
