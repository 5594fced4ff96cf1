//! The JSON face: turns an HTTP request into the same call that gRPC makes, and its answer into JSON. Knows the
//! contract and the functions of its services, not the store.

mod answer;
mod body;
mod contract;
mod cors;
mod docs;
mod error;
mod location;
mod openapi;
mod operation;
mod parameters;
mod receipt;
mod request;
mod routes;
mod submit;
mod value;

use std::{collections::BTreeMap, future::Future, sync::Arc};

use axum::{
    Router,
    body::Body,
    extract::{RawPathParams, Request, rejection::RawPathParamsRejection},
    response::{IntoResponse, Redirect, Response},
    routing::any,
};
use http::{HeaderValue, Method, StatusCode, header::ALLOW};
use serde_json::json;
use tower_http::compression::CompressionLayer;

pub(crate) use self::error::ErrorMessage;
use self::{
    error::Refusal,
    operation::{Incoming, Operation},
    routes::OPERATIONS,
};
use crate::grpc::Services;

/// Every path of the JSON face, without and with a slash at its end. Pages of `cors_origins` may call it from a
/// browser; `*` is any origin.
pub fn router(services: &Services, cors_origins: &[String]) -> Router {
    let mut paths: BTreeMap<&'static str, Vec<&'static Operation>> = BTreeMap::new();
    for operation in OPERATIONS.iter() {
        paths.entry(operation.path).or_default().push(operation);
    }
    let mut router = Router::new();
    for (path, operations) in paths {
        let services = services.clone();
        let operations: Arc<[&Operation]> = operations.into();
        router = at(router, path, move |id, request| {
            answer(operations.clone(), services.clone(), id, request)
        });
    }
    let router = at(router, "/health", async |_, request| {
        read_only(&request).unwrap_or_else(|| answer::ok(&json!({ "status": "ok" })))
    });
    let mut router = at(router, "/openapi.json", async |_, request| {
        read_only(&request).unwrap_or_else(|| {
            let document = Body::from(openapi::DOCUMENT.as_str());
            answer::json_response(StatusCode::OK, document)
        })
    });
    for asset in &docs::ASSETS {
        router = at(router, asset.path, async |_, request| {
            read_only(&request).unwrap_or_else(|| asset.answer())
        });
    }
    let router = router.route("/", any(to_docs));
    let router = router.layer(CompressionLayer::new());
    match cors::layer(cors_origins) {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

/// Every path, as a template such as `/products/{id}`.
pub(crate) fn paths() -> impl Iterator<Item = &'static str> {
    let operations = OPERATIONS.iter().map(|operation| operation.path);
    let assets = docs::ASSETS.iter().map(|asset| asset.path);
    operations.chain(["/health", "/openapi.json"]).chain(assets)
}

/// The segment that a path has for `{id}`.
type Id = Result<RawPathParams, RawPathParamsRejection>;

fn at<F, R>(router: Router, path: &str, handler: F) -> Router
where
    F: Fn(Id, Request) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Response> + Send + 'static,
{
    let with_slash = format!("{path}/");
    router
        .route(path, any(handler.clone()))
        .route(&with_slash, any(handler))
}

async fn answer(
    operations: Arc<[&'static Operation]>,
    services: Services,
    id: Id,
    request: Request,
) -> Response {
    let id = id.map(|id| id.iter().next().map(|(_, segment)| segment.to_owned()));
    let id = match id {
        Ok(Some(id)) if id.is_empty() => return no_such_path(),
        Ok(id) => id,
        Err(_) => return no_such_path(),
    };
    let (head, body) = request.into_parts();
    let wanted = match head.method {
        Method::HEAD => &Method::GET,
        ref method => method,
    };
    let operation = operations.iter().find(|o| o.method == *wanted);
    match operation {
        Some(operation) => {
            let incoming = Incoming { head, id, body };
            (operation.run)(operation, services, incoming).await
        }
        None => other_method(&head.method, operations.iter().map(|o| &o.method)),
    }
}

fn no_such_path() -> Response {
    Refusal::no_such_path().into_response()
}

/// Leads a browser from the root to the documentation.
async fn to_docs(request: Request) -> Response {
    read_only(&request).unwrap_or_else(|| Redirect::temporary("/docs").into_response())
}

/// The answer to a method that a page which can only be read does not have.
fn read_only(request: &Request) -> Option<Response> {
    let method = request.method();
    let is_read = matches!(*method, Method::GET | Method::HEAD);
    (!is_read).then(|| other_method(method, [&Method::GET].into_iter()))
}

/// Says which methods a path has: as an answer to OPTIONS, as an error to any other.
fn other_method<'a>(method: &Method, known: impl Iterator<Item = &'a Method>) -> Response {
    let mut methods: Vec<&str> = known.map(Method::as_str).collect();
    let useful = methods.clone();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    let allow = methods.join(", ");
    if *method != Method::OPTIONS {
        return Refusal::method_not_allowed(method, &allow, &useful).into_response();
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    if let Ok(allow) = HeaderValue::try_from(allow) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}
