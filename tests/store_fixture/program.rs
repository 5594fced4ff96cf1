//! The program as a child process, and plain HTTP calls to it. It never outlives its test.

use std::{net::SocketAddr, process::Stdio, time::Duration};

use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
    process::{Child, Command},
    time::timeout,
};

/// Long enough for a busy machine; a test that waits as long has failed.
const PATIENCE: Duration = Duration::from_secs(60);
const LOG: &str = "--log=warn,versioner::server=info,versioner::server::request_log=warn";

pub(crate) struct Program {
    child: Child,
    address: SocketAddr,
}

impl Program {
    /// Starts it and waits until it can answer.
    pub(crate) async fn start(database_url: &str) -> Self {
        let mut child = command(database_url)
            .args([
                "--listen=127.0.0.1:0",
                "--drain-delay=0s",
                "--log-format=json",
                LOG,
            ])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be run");
        let mut log = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let ready = async {
            let mut address = None;
            let mut seen = String::new();
            while let Some(line) = log.next_line().await.expect("a line") {
                let parsed: Value = serde_json::from_str(&line).unwrap_or_default();
                if let Some(given) = parsed["address"].as_str() {
                    address = Some(given.parse().expect("an address"));
                }
                if parsed["message"] == "ready" {
                    return address.expect("it says first where it listens");
                }
                seen.push_str(&line);
                seen.push('\n');
            }
            panic!("the program ended:\n{seen}");
        };
        let address = timeout(PATIENCE, ready).await.expect("it becomes ready");
        // It never waits for somebody to read its log.
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        Self { child, address }
    }

    /// Runs `versioner migrate`.
    pub(crate) async fn migrate(database_url: &str) {
        let mut command = command(database_url);
        let migrated = timeout(PATIENCE, command.arg("migrate").output()).await;
        let migrated = migrated.expect("it ends").expect("the program can be run");
        assert!(migrated.status.success(), "{migrated:?}");
    }

    /// Ends it as an operator does.
    pub(crate) async fn stop(mut self) {
        let id = self.child.id().expect("it is running").to_string();
        let killed = Command::new("kill").args(["-TERM", &id]).status().await;
        assert!(killed.expect("kill can be run").success());
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let status = ended.expect("it ends").expect("it is our child");
        assert!(status.success(), "{status}");
    }

    /// The body of an answer that has to be 200.
    pub(crate) async fn get(&self, path: &str) -> String {
        self.call(Method::GET, path, "").await
    }

    pub(crate) async fn read(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).await).expect("JSON")
    }

    pub(crate) async fn post(&self, path: &str, body: impl ToString) -> Value {
        let body = self.call(Method::POST, path, &body.to_string()).await;
        serde_json::from_str(&body).expect("JSON")
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: &str) -> String {
        let request = Request::builder()
            .method(&method)
            .uri(path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Body::from(body.to_owned()))
            .expect("a request");
        let answered = async {
            let stream = TcpStream::connect(self.address)
                .await
                .expect("a connection");
            let io = TokioIo::new(stream);
            let (mut sender, connection) = http1::handshake(io).await.expect("HTTP/1");
            tokio::spawn(connection);
            let response = sender.send_request(request).await.expect("an answer");
            let status = response.status();
            let body = response
                .into_body()
                .collect()
                .await
                .expect("a whole answer");
            (status, body.to_bytes())
        };
        let (status, answer) = timeout(PATIENCE, answered).await.expect("an answer");
        let answer = String::from_utf8(answer.to_vec()).expect("UTF-8");
        assert_eq!(status, StatusCode::OK, "{method} {path} {body}: {answer}");
        answer
    }
}

fn command(database_url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_versioner"));
    command
        .env_clear()
        .env("VERSIONER_DATABASE_URL", database_url)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    command
}
