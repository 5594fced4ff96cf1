//! The layers around the services, in their order. Knows only the reason of this order.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::Request,
    middleware::{from_fn, from_fn_with_state},
    response::Response,
};
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tower::{ServiceBuilder, ServiceExt, service_fn, util::BoxCloneSyncService};

use super::{
    Limits,
    contract::{Contract, Face},
    deadline,
    drain::Shutdown,
    error_details, load,
    rejection::Refusal,
    request_log,
};

/// Accepts any request, and always answers.
pub(crate) type Stack = BoxCloneSyncService<Request, Response, Infallible>;

/// The outermost layer comes first.
pub(crate) fn stack(
    grpc: Routes,
    http: axum::Router,
    contract: Arc<Contract>,
    limits: &Limits,
    shutdown: &Shutdown,
    calls: &TaskTracker,
) -> Stack {
    let deadlines = deadline::Deadlines {
        request_timeout: limits.request_timeout,
        calls: calls.clone(),
        shutdown: shutdown.clone(),
    };
    let load = load::Load::new(limits.max_requests, limits.max_streams);
    let layers = ServiceBuilder::new()
        // sees every answer as it is sent, and adds the request id to every log line of a call
        .layer(from_fn_with_state(contract, request_log::record))
        // sees every error, wherever it was made
        .layer(from_fn(error_details::complete))
        // from here on a call runs to its end, even when no caller waits for it any more
        .layer(from_fn_with_state(deadlines, deadline::limit))
        // counts a call until it has ended, so it is inside of the layer that stops waiting for it
        .layer(from_fn_with_state(load, load::limit));
    BoxCloneSyncService::new(layers.service(faces(grpc, http)))
}

/// gRPC and all other HTTP share a port, but not the answer to an unknown path.
fn faces(grpc: Routes, http: axum::Router) -> BoxCloneSyncService<Request, Response, Infallible> {
    let grpc = grpc.prepare().into_axum_router();
    let http = http
        .fallback(async || Refusal::unknown_path().answer(Face::Http))
        .with_state(());
    BoxCloneSyncService::new(service_fn(move |request: Request| {
        match Face::of(&request) {
            Face::Grpc => grpc.clone(),
            Face::Http => http.clone(),
        }
        .oneshot(request)
    }))
}
