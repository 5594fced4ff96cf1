//! The ceilings, each a process of its own on the very server stack of the service, with other answers behind it.
//! Knows the contract only.

mod append;
mod naive;
mod noop;

use std::{convert::Infallible, future::Future, net::Ipv4Addr};

use axum::{
    Router,
    body::Body,
    extract::Request,
    routing::{MethodRouter, any},
};
use prost::Message;
use tokio::io::{AsyncReadExt, stdin};
use tonic::{Response, Status, server::Grpc, service::Routes};
use tonic_prost::ProstCodec;
use tower::service_fn;
use tracing_subscriber::EnvFilter;
use versioner::{
    config::{LogConfig, LogFormat},
    pb,
    server::{Contract, Limits, Server},
    telemetry,
};

use crate::{
    Result,
    arguments::{CeilingArguments, CeilingKind},
};

/// Files of a ceiling's folder: the messages that it answers with.
pub(crate) const SUBMITTED: &str = "submitted";
pub(crate) const VERSION: &str = "version";
pub(crate) const VERSIONS: &str = "versions";

/// Serves until its standard input ends, as it does with the suite that started it.
#[tokio::main]
pub(crate) async fn serve(arguments: &CeilingArguments) -> Result<()> {
    telemetry::init(&LogConfig {
        filter: EnvFilter::new("info"),
        format: LogFormat::Json,
    });
    let router = match arguments.kind {
        CeilingKind::Noop => noop::router(&arguments.folder)?,
        CeilingKind::Append => append::router(&arguments.folder)?,
        CeilingKind::Naive => naive::router(arguments).await?,
    };
    let server = Server::bind((Ipv4Addr::LOCALHOST, 0).into(), Limits::default()).await?;
    let contract = Contract::read(pb::DESCRIPTORS)?;
    let probe = || async { Ok::<(), Infallible>(()) };
    let running = server
        .start(contract, |_| Routes::from(router), Router::new(), probe)
        .await?;
    stdin().read_to_end(&mut Vec::new()).await?;
    running.shutdown().now();
    running.ended().await?;
    Ok(())
}

/// One call, as a generated service would route it.
fn call<Q, A, F>(answer: impl Fn(Q) -> F + Clone + Send + Sync + 'static) -> MethodRouter
where
    Q: Message + Default + 'static,
    A: Message + Default + 'static,
    F: Future<Output = std::result::Result<A, Status>> + Send + 'static,
{
    any(async move |request: Request<Body>| {
        let service = service_fn(move |request: tonic::Request<Q>| {
            let answered = answer(request.into_inner());
            async { answered.await.map(Response::new) }
        });
        Grpc::new(ProstCodec::<A, Q>::default())
            .unary(service, request)
            .await
    })
}
