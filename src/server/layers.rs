//! The layers around the services, in their order. Knows only why each stands where it does.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use tokio_util::task::TaskTracker;
use tonic::service::Routes;
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower::{ServiceBuilder, service_fn};

use super::contract::{Contract, Face};
use super::drain::Shutdown;
use super::refusal::Refusal;
use super::{Limits, deadline, load, request_log, status};

/// Takes any request, and always answers.
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
        // sees every answer as it leaves, and gives all that is logged within a call its id
        .layer(from_fn_with_state(contract, request_log::record))
        // sees every error there is, whoever made it
        .layer(from_fn(status::complete))
        // from here on a call runs to its end, even when nobody waits for it any more
        .layer(from_fn_with_state(deadlines, deadline::limit))
        // counts a call until it has really ended, so it stands inside of what stops waiting for it
        .layer(from_fn_with_state(load, load::limit));
    BoxCloneSyncService::new(layers.service(faces(grpc, http)))
}

/// gRPC and all other HTTP share a port but no path: each has its own answer to an unknown one.
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
