//! A server on a store of its own, and a plain HTTP/1.1 client to it.

use std::{future::Future, net::SocketAddr, time::Duration};

use axum::body::{Body, Bytes};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpStream, time::timeout};
use tonic::transport::{Channel, Endpoint};
use versioner::{
    server::{Limits, Server},
    storage::{Options, Store},
};

/// Long enough for a busy machine; a test that waits as long has failed.
const PATIENCE: Duration = Duration::from_secs(20);
const STALE_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// What `curl -d` says of a body.
pub(crate) const CURL: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

pub(crate) struct Story {
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Story {
    pub(crate) async fn begin() -> Story {
        Story::with(Limits::default()).await
    }

    pub(crate) async fn with(limits: Limits) -> Story {
        let folder = TempDir::new().expect("a folder");
        let options = Options {
            database_url: format!("sqlite:{}", folder.path().join("versioner.db").display()),
            connections: 4,
        };
        let store = Store::open(&options).await.expect("an empty store");
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        let server = Server::bind(any_port, limits).await.expect("a free port");
        let running = server.start_service(store, STALE_AFTER).await;
        Story {
            address: running.expect("a server").local_addr(),
            _folder: folder,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], "").await
    }

    /// As `curl -d` does.
    pub(crate) async fn post(&self, path: &str, body: impl ToString) -> Answer {
        let body = body.to_string();
        self.send(Method::POST, path, &[CURL], body).await
    }

    /// The JSON of an answer that has to be 200.
    pub(crate) async fn read(&self, path: &str) -> Value {
        self.get(path).await.ok()
    }

    /// Submits what has to be accepted.
    pub(crate) async fn submit(&self, path: &str, body: impl ToString) -> Value {
        self.post(path, body).await.ok()
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a request");
        soon(async {
            let stream = TcpStream::connect(self.address)
                .await
                .expect("a connection");
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
                .await
                .expect("HTTP/1");
            tokio::spawn(connection);
            read(sender.send_request(request).await.expect("an answer")).await
        })
        .await
    }

    /// A request on an HTTP/2 connection of its own.
    pub(crate) async fn get_by_http2(&self, path: &str) -> Answer {
        let request = Request::get(format!("http://localhost{path}"));
        let request = request.body(Body::empty()).expect("a request");
        soon(async {
            let stream = TcpStream::connect(self.address)
                .await
                .expect("a connection");
            let io = TokioIo::new(stream);
            let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io)
                .await
                .expect("HTTP/2");
            tokio::spawn(connection);
            read(sender.send_request(request).await.expect("an answer")).await
        })
        .await
    }

    pub(crate) fn channel(&self) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address));
        endpoint.expect("a URL").connect_lazy()
    }
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{self:?}");
        self.json()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("a text"))
    }

    /// Where the faults stand that an answer of 422 names, as `body.version`.
    pub(crate) fn faults(&self) -> Vec<String> {
        assert_eq!(self.status, StatusCode::UNPROCESSABLE_ENTITY, "{self:?}");
        locations(&self.json()["detail"])
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let body = String::from_utf8_lossy(&self.body);
        write!(f, "{} {body}", self.status)
    }
}

/// Where the faults of a list stand.
pub(crate) fn locations(faults: &Value) -> Vec<String> {
    let faults = faults.as_array().expect("a list of faults");
    let place = |fault: &Value| {
        let parts = fault["loc"].as_array().expect("a location").iter();
        let parts = parts.map(|part| {
            part.as_str()
                .map_or_else(|| part.to_string(), str::to_owned)
        });
        parts.collect::<Vec<_>>().join(".")
    };
    faults.iter().map(place).collect()
}

pub(crate) async fn soon<T>(wait: impl Future<Output = T>) -> T {
    timeout(PATIENCE, wait).await.expect("it comes to pass")
}

async fn read(response: Response<Incoming>) -> Answer {
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("a whole answer");
    Answer {
        status: head.status,
        headers: head.headers,
        body: body.to_bytes(),
    }
}
