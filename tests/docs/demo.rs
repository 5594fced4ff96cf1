//! `versioner demo`: what the pages do not show of it.

use std::process::{Command, Output};

use versioner::pb::{self, event_service_client::EventServiceClient};

use crate::server::{PROGRAM, Server};

fn versioner(server: &Server, arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
        .env_clear()
        .env("VERSIONER_SERVER", format!("http://{}", server.address))
        .args(arguments)
        .output()
        .expect("the program can be run")
}

/// The last position of the event log.
async fn last_position(server: &Server) -> i64 {
    let url = format!("http://{}", server.address);
    let mut client = EventServiceClient::connect(url)
        .await
        .expect("a connection");
    let request = pb::ListEventsRequest {
        page_size: 1_000,
        ..Default::default()
    };
    let page = client.list_events(request).await.expect("a page");
    page.into_inner().position
}

#[tokio::test]
async fn a_second_demo_adds_nothing_to_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    assert!(versioner(&server, &["demo"]).status.success());
    let position = last_position(&server).await;
    assert_eq!(position, 202, "200 events and the settings of two");
    assert!(versioner(&server, &["demo"]).status.success());
    assert_eq!(last_position(&server).await, position);
}

#[tokio::test]
async fn a_demo_does_not_mix_with_data_of_others() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let events = folder.path().join("events.ndjson");
    let event = r#"{"type":"version_event","body":{"product_name":"web","version":"1","status":"started"}}"#;
    std::fs::write(&events, event).unwrap();
    assert!(
        versioner(&server, &["import", events.to_str().unwrap()])
            .status
            .success()
    );

    let output = versioner(&server, &["demo"]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        message,
        "versioner demo: the server already has a product web: use a server without data\n"
    );
    assert_eq!(last_position(&server).await, 1);
}
