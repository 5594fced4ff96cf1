//! How many calls and streams may be open at once. Knows nothing of what they do.

use std::sync::Arc;

use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http_body_util::BodyExt;
use tokio::sync::Semaphore;

use super::{
    contract::{Call, Kind},
    rejection::Refusal,
};

#[derive(Clone)]
pub(crate) struct Load {
    calls: Arc<Semaphore>,
    streams: Arc<Semaphore>,
}

impl Load {
    pub(crate) fn new(max_requests: usize, max_streams: usize) -> Load {
        Load {
            calls: Arc::new(Semaphore::new(max_requests)),
            streams: Arc::new(Semaphore::new(max_streams)),
        }
    }
}

/// Refuses at once what exceeds the limit: a queue would make every caller wait.
pub(crate) async fn limit(
    State(load): State<Load>,
    Extension(call): Extension<Call>,
    request: Request,
    next: Next,
) -> Response {
    match call.kind {
        Kind::Health => next.run(request).await,
        Kind::Unary => {
            let Ok(_permit) = load.calls.try_acquire() else {
                return Refusal::overloaded("calls").answer(call.face);
            };
            next.run(request).await
        }
        Kind::Stream => {
            let Ok(permit) = load.streams.try_acquire_owned() else {
                return Refusal::overloaded("streams").answer(call.face);
            };
            // The stream goes on in the body of its answer, and so does its permit.
            next.run(request).await.map(|body| {
                Body::new(body.map_frame(move |frame| {
                    let _held = &permit;
                    frame
                }))
            })
        }
    }
}
