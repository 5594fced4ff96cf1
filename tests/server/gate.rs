//! A service whose calls wait at a gate, so that a test decides when they end.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use prost::Message;
use prost_types::{
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};
use tokio::sync::Semaphore;
use tokio_stream::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use tonic::{
    Code, Request, Response, Status, Streaming,
    body::Body,
    codec::CompressionEncoding,
    server::{Grpc, NamedService},
    service::Routes,
};
use tonic_prost::ProstCodec;
use tonic_types::{ErrorDetails, StatusExt};
use tower::service_fn;
use versioner::{grpc::MAX_MESSAGE_BYTES, server::Deadline};

use crate::until;

pub(crate) const PASS: &str = "/gate.v1.Gate/Pass";
pub(crate) const HOLD: &str = "/gate.v1.Gate/Hold";
pub(crate) const FAIL: &str = "/gate.v1.Gate/Fail";
pub(crate) const FOLLOW: &str = "/gate.v1.Gate/Follow";
pub(crate) const IGNORE: &str = "/gate.v1.Gate/Ignore";
pub(crate) const COLLECT: &str = "/gate.v1.Gate/Collect";

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Words {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
}

pub(crate) fn words(text: &str) -> Words {
    Words {
        text: text.to_owned(),
    }
}

/// The service, and what a test knows of its calls.
#[derive(Clone)]
pub(crate) struct Gate {
    open: Arc<Semaphore>,
    entered: Arc<AtomicUsize>,
    left: Arc<AtomicUsize>,
    streams_end: CancellationToken,
}

impl Default for Gate {
    fn default() -> Self {
        Gate {
            open: Arc::new(Semaphore::new(0)),
            entered: Arc::default(),
            left: Arc::default(),
            streams_end: CancellationToken::new(),
        }
    }
}

impl Gate {
    /// Lets every held call go on, those to come as well.
    pub(crate) fn open(&self) {
        self.open.close();
    }

    pub(crate) fn calls_entered(&self) -> usize {
        self.entered.load(Ordering::SeqCst)
    }

    pub(crate) fn calls_left(&self) -> usize {
        self.left.load(Ordering::SeqCst)
    }

    pub(crate) async fn entered(&self, calls: usize) {
        until(async || self.calls_entered() == calls).await;
    }

    pub(crate) async fn left(&self, calls: usize) {
        until(async || self.calls_left() == calls).await;
    }

    pub(crate) fn routes(&self, streams_end: CancellationToken) -> Routes {
        Routes::new(Gate {
            streams_end,
            ..self.clone()
        })
    }

    pub(crate) fn http(&self) -> axum::Router {
        let gate = self.clone();
        let hold = async move || gate.hold().await;
        axum::Router::new().route("/hold", axum::routing::post(hold))
    }

    async fn hold(&self) -> &'static str {
        self.entered.fetch_add(1, Ordering::SeqCst);
        // A closed semaphore is an open gate.
        let _closed = self.open.acquire().await;
        self.left.fetch_add(1, Ordering::SeqCst);
        "held"
    }

    async fn call(self, request: http::Request<Body>) -> http::Response<Body> {
        let mut grpc = Grpc::new(ProstCodec::<Words, Words>::default())
            .accept_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(MAX_MESSAGE_BYTES);
        match request.uri().path() {
            PASS => grpc.unary(service_fn(pass), request).await,
            HOLD => {
                let hold = service_fn(async |_: Request<Words>| {
                    Ok(Response::new(words(self.hold().await)))
                });
                grpc.unary(hold, request).await
            }
            FAIL => grpc.unary(service_fn(fail), request).await,
            FOLLOW => {
                let end = self.streams_end;
                let follow = service_fn(|_: Request<Words>| async {
                    Ok(Response::new(following(end.clone())))
                });
                grpc.server_streaming(follow, request).await
            }
            IGNORE => grpc.server_streaming(service_fn(ignore), request).await,
            COLLECT => {
                let collect = service_fn(|messages| {
                    self.entered.fetch_add(1, Ordering::SeqCst);
                    collect(messages)
                });
                grpc.client_streaming(collect, request).await
            }
            _ => Status::unimplemented("").into_http(),
        }
    }
}

async fn pass(request: Request<Words>) -> Result<Response<Words>, Status> {
    let deadline = request.extensions().get::<Deadline>();
    Ok(Response::new(match request.get_ref().text.as_str() {
        "deadline" if deadline.is_some() => words("there is a deadline"),
        _ => request.into_inner(),
    }))
}

async fn fail(request: Request<Words>) -> Result<Response<Words>, Status> {
    match request.get_ref().text.as_str() {
        "panic" => panic!("as it was told"),
        "unknown" => Err(Status::unknown("select secret from table")),
        "unknown with details" => Err(Status::with_error_details(
            Code::Unknown,
            "select secret from table",
            ErrorDetails::with_error_info("UNKNOWN", "versioner.dev", []),
        )),
        "internal" => Err(Status::internal("select secret from table")),
        _ => Err(Status::not_found("no such thing")),
    }
}

/// Ends as it is asked to.
fn following(end: CancellationToken) -> impl Stream<Item = Result<Words, Status>> {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        let told = sender.send(Ok(words("first"))).await;
        tokio::select! {
            () = end.cancelled() => {}
            () = sender.closed() => {}
        }
        told.and(
            sender
                .send(Err(Status::unavailable("go on from position 7")))
                .await,
        )
    });
    tokio_stream::wrappers::ReceiverStream::new(receiver)
}

/// Never ends by itself.
async fn ignore(
    request: Request<Words>,
) -> Result<Response<Pin<Box<dyn Stream<Item = Result<Words, Status>> + Send>>>, Status> {
    let then_panic = request.get_ref().text == "panic";
    let first = tokio_stream::once(Ok(words("first")));
    let rest = tokio_stream::pending().chain(tokio_stream::empty());
    let panicking = tokio_stream::iter([()])
        .map(move |()| panic!("as it was told"))
        .take(usize::from(then_panic));
    Ok(Response::new(Box::pin(first.chain(panicking).chain(rest))))
}

async fn collect(request: Request<Streaming<Words>>) -> Result<Response<Words>, Status> {
    let mut messages = request.into_inner();
    let mut texts = Vec::new();
    while let Some(message) = messages.message().await? {
        texts.push(message.text);
    }
    Ok(Response::new(words(&texts.join(" "))))
}

impl NamedService for Gate {
    const NAME: &'static str = "gate.v1.Gate";
}

impl tower::Service<http::Request<Body>> for Gate {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let gate = self.clone();
        Box::pin(async { Ok(gate.call(request).await) })
    }
}

/// What a compiler would write of this service. It lives as long as the tests, as a built-in one does.
pub(crate) fn descriptor_set() -> &'static [u8] {
    let method = |path: &str, server_streaming, client_streaming| MethodDescriptorProto {
        name: path.rsplit('/').next().map(str::to_owned),
        input_type: Some(".gate.v1.Words".to_owned()),
        output_type: Some(".gate.v1.Words".to_owned()),
        server_streaming: Some(server_streaming),
        client_streaming: Some(client_streaming),
        ..MethodDescriptorProto::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("Gate".to_owned()),
        method: vec![
            method(PASS, false, false),
            method(HOLD, false, false),
            method(FAIL, false, false),
            method(FOLLOW, true, false),
            method(IGNORE, true, false),
            method(COLLECT, false, true),
        ],
        ..ServiceDescriptorProto::default()
    };
    let file = FileDescriptorProto {
        name: Some("gate/v1/gate.proto".to_owned()),
        package: Some("gate.v1".to_owned()),
        service: vec![service],
        ..FileDescriptorProto::default()
    };
    let set = FileDescriptorSet { file: vec![file] };
    set.encode_to_vec().leak()
}
