//! What every command does where it can't ask, or where nobody reads its answer.

use std::{collections::HashMap, process::Stdio};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use versioner::pb;

use crate::{
    fake_server::FakeServer,
    fixtures::{verdict, version},
    terminal::{command, versioner},
};

const COMMANDS: [&[&str]; 5] = [
    &["versions"],
    &["show", "my-service", "1.2.3"],
    &["matrix"],
    &["readiness", "my-service", "1.2.3"],
    &["stats", "--trend=day"],
];

fn failure_code(command_line: &[&str]) -> i32 {
    if command_line[0] == "readiness" { 3 } else { 1 }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    for command_line in COMMANDS {
        // Port 1 is kept for a service that nobody runs.
        let run = versioner("http://127.0.0.1:1", command_line).await;
        assert_eq!(run.code, failure_code(command_line), "{run:?}");
        assert_eq!(run.output, "");
        let name = command_line[0];
        let begin = format!("versioner {name}: no server at http://127.0.0.1:1: ");
        assert!(run.errors.starts_with(&begin), "{}", run.errors);
        assert!(run.errors.contains("onnection refused"), "{}", run.errors);
        assert_eq!(run.errors.lines().count(), 1, "{}", run.errors);
    }
}

#[tokio::test]
async fn the_message_of_the_server_is_shown_with_its_reason_in_one_line() {
    let server = FakeServer::start().await;
    let details =
        ErrorDetails::with_error_info("PRODUCT_NOT_FOUND", "versioner.dev", HashMap::new());
    let refusal = Status::with_error_details(Code::NotFound, "no product\nis so called", details);
    {
        let mut state = server.state();
        state.versions.push_back(Err(refusal.clone()));
        state.trace.push_back(Err(refusal.clone()));
        state.matrix.push_back(Err(refusal.clone()));
        state.readiness.push_back(Err(refusal.clone()));
        state.statistics.push_back(Err(refusal));
    }
    for command_line in COMMANDS {
        let run = versioner(&server.url(), command_line).await;
        assert_eq!(run.code, failure_code(command_line), "{run:?}");
        assert_eq!(run.output, "");
        let name = command_line[0];
        assert_eq!(
            run.errors,
            format!("versioner {name}: no product is so called (PRODUCT_NOT_FOUND)\n")
        );
    }
}

#[tokio::test]
async fn a_reader_that_leaves_ends_it_quietly() {
    let server = FakeServer::start().await;
    // More than a pipe holds.
    let versions = (0..5_000).map(|n| version(&n.to_string())).collect();
    let page = pb::ListVersionsResponse {
        versions,
        ..Default::default()
    };
    server.state().versions.push_back(Ok(page));
    let mut command = command(&server.url(), &["versions", "--limit=5000"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut first).await.unwrap();
    drop(output);
    let mut errors = String::new();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_to_string(&mut errors).await.unwrap();
    let status = child.wait().await.unwrap();
    assert!(first.starts_with("PRODUCT"), "{first}");
    assert_eq!((status.code(), errors.as_str()), (Some(0), ""));
}

#[tokio::test]
async fn a_verdict_that_nobody_reads_is_still_the_exit_code() {
    let server = FakeServer::start().await;
    let answer = verdict(pb::Readiness::NotReady, []);
    server.state().readiness.push_back(Ok(answer));
    let mut command = command(&server.url(), &["readiness", "my-service", "1.2.3"]);
    // A pipe whose reader is gone before anything is written.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = command.stdout(writer).status().await.unwrap();
    assert_eq!(status.code(), Some(1));
}

#[tokio::test]
async fn an_answer_that_cannot_be_written_is_a_failure() {
    let server = FakeServer::start().await;
    let answer = verdict(pb::Readiness::Ready, []);
    server.state().readiness.push_back(Ok(answer));
    let mut command = command(&server.url(), &["readiness", "my-service", "1.2.3"]);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let status = command.stdout(full.unwrap()).stderr(Stdio::null()).status();
    assert_eq!(status.await.unwrap().code(), Some(3));
}

#[tokio::test]
async fn an_unknown_command_lists_the_commands() {
    let run = versioner("http://127.0.0.1:1", &["deploy"]).await;
    assert_eq!((run.code, run.output.as_str()), (2, ""));
    let begin = "error: unrecognized subcommand 'deploy'";
    assert!(run.errors.starts_with(begin), "{}", run.errors);
    for command in ["import", "versions", "readiness", "report", "builds"] {
        let line = format!("\n  {command} ");
        assert!(run.errors.contains(&line), "{command}: {}", run.errors);
    }
}

#[tokio::test]
async fn short_flags_are_accepted() {
    let run = versioner(
        "http://127.0.0.1:2",
        &["versions", "-s", "http://127.0.0.1:1", "-o", "json"],
    )
    .await;
    assert_eq!(run.code, 1);
    assert!(
        run.errors.contains("no server at http://127.0.0.1:1"),
        "{}",
        run.errors
    );
}

#[tokio::test]
async fn a_wrong_command_line_is_refused_by_the_flag() {
    for (command_line, flag) in [
        (&["versions", "--limit=0"] as &[&str], "--limit"),
        (&["versions", "--status=green"], "--status"),
        (&["versions", "--for=production"], "--readiness"),
        (&["matrix", "--as-of=yesterday"], "--as-of"),
        (&["stats", "--last=-1d"], "--last"),
        (&["stats", "--from=2026-01-01", "--last=1d"], "--last"),
        (&["stats", "--server=localhost"], "--server"),
        (&["stats", "--output=wide"], "--output"),
        (&["builds", "--since=yesterday"], "--since"),
        (&["checks", "--kind=smell"], "--kind"),
        (&["environments", "--type=prod"], "--type"),
        (&["events", "--follow", "--limit=1"], "--limit"),
    ] {
        let run = versioner("http://127.0.0.1:1", command_line).await;
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.errors.contains(flag), "{flag}: {}", run.errors);
    }
}
