//! A bare HTTP/2 client: sends what a gRPC client would not, and keeps no deadline of its own.

use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::{
    body::Incoming,
    client::conn::http2::{self, SendRequest},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost::Message;
use tokio::net::TcpStream;
use tonic::{Code, Status};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_types::StatusExt;

use crate::{
    gate::{Words, words},
    soon,
};

/// One connection.
#[derive(Clone)]
pub(crate) struct Client(SendRequest<Body>);

/// An answer that has ended.
pub(crate) struct Answer {
    pub(crate) http: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) status: Status,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Client {
        Client::try_connect(address).await.expect("a connection")
    }

    pub(crate) async fn try_connect(
        address: SocketAddr,
    ) -> Result<Client, Box<dyn std::error::Error>> {
        let stream = TcpStream::connect(address).await?;
        let io = TokioIo::new(stream);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
        tokio::spawn(connection);
        Ok(Client(sender))
    }

    pub(crate) async fn send(
        &mut self,
        request: Request<Body>,
    ) -> hyper::Result<Response<Incoming>> {
        soon(self.0.ready()).await?;
        soon(self.0.send_request(request)).await
    }

    /// A whole gRPC call with a text.
    pub(crate) async fn call(&mut self, path: &str, text: &str) -> Answer {
        self.call_with(path, text, &[]).await
    }

    pub(crate) async fn call_with(
        &mut self,
        path: &str,
        text: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let request = grpc(path, headers, frame(&words(text)));
        let answer = self.send(request).await.expect("an answer");
        read(answer).await
    }

    /// The code of a health check of that name, or what it said.
    pub(crate) async fn health(&mut self, service: &str) -> Result<i32, Code> {
        let request = health_request("/grpc.health.v1.Health/Check", service);
        let answer = self.send(request).await.expect("an answer");
        let answer = read(answer).await;
        match answer.status.code() {
            Code::Ok => Ok(answer.message::<HealthCheckResponse>().status),
            code => Err(code),
        }
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        assert_eq!(self.status.code(), Code::Ok, "{:?}", self.status);
        self.message::<Words>().text
    }

    pub(crate) fn message<M: Message + Default>(&self) -> M {
        M::decode(&self.body[5..]).expect("a message")
    }

    pub(crate) fn reason(&self) -> String {
        let info = self.status.get_details_error_info().expect("an ErrorInfo");
        assert_eq!(info.domain, "versioner.dev");
        info.reason
    }
}

pub(crate) fn grpc(path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::post(format!("http://localhost{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).expect("a request")
}

pub(crate) fn health_request(path: &str, service: &str) -> Request<Body> {
    let service = service.to_owned();
    grpc(path, &[], frame(&HealthCheckRequest { service }))
}

/// A message with its flag and length before it.
pub(crate) fn frame(message: &impl Message) -> Vec<u8> {
    frame_bytes(0, &message.encode_to_vec())
}

pub(crate) fn frame_bytes(flag: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a message");
    [&[flag], length.to_be_bytes().as_slice(), message].concat()
}

/// Reads to the end.
pub(crate) async fn read(response: Response<Incoming>) -> Answer {
    let (head, body) = response.into_parts();
    let body = soon(body.collect()).await.expect("a whole answer");
    let mut headers = head.headers;
    headers.extend(body.trailers().cloned().unwrap_or_default());
    Answer {
        http: head.status,
        status: Status::from_header_map(&headers).unwrap_or_else(|| Status::ok("")),
        headers,
        body: body.to_bytes(),
    }
}

/// The next message of a stream, with its five bytes before it.
pub(crate) async fn next(response: &mut Response<Incoming>) -> Bytes {
    let frame = soon(response.body_mut().frame())
        .await
        .expect("a frame")
        .expect("no reset");
    frame.into_data().expect("a message")
}
