//! The lists of builds, checks, deployments, products, environments and events, against the real service.

use std::{process::Stdio, time::Duration};

use insta::assert_snapshot;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout},
    time::timeout,
};
use tonic::Status;
use versioner::pb::{self, watch_events_response::Message};

use crate::{
    fake_server::FakeServer,
    service::Service,
    terminal::{command, on_terminal, versioner},
};

/// A service with the events of two products.
async fn service() -> Service {
    let service = Service::start().await;
    for command_line in [
        "build api 1.0 --status started --occurred-at 2025-10-01T10:00:00Z --invoke-id run-1 --event-id e1",
        "build api 1.0 --status failed --occurred-at 2025-10-01T10:05:00Z --invoke-id run-1 --event-id e2 \
         --error-message tests --build-url https://ci.example/runs/1 --branch main",
        "build api 1.0 --status success --occurred-at 2025-10-01T11:00:00Z --invoke-id run-2 --event-id e3 \
         --build-number 12",
        "build web 2.0 --status success --occurred-at 2025-10-02T10:00:00Z --invoke-id run-3 --event-id e4 \
         --source-system github --built-by alice",
        "check api 1.0 --name unit --kind test --status passed --occurred-at 2025-10-01T11:10:00Z \
         --count passed=120 --summary good --event-id e5",
        "check web 2.0 --name trivy --kind security_scan --status failed --occurred-at 2025-10-02T11:10:00Z \
         --count critical=1 --url https://ci.example/scan --event-id e6",
        "deployment api 1.0 --environment production --instance eu --status success \
         --occurred-at 2025-10-01T12:00:00Z --deployed-by argo --event-id e7",
        "deployment web 2.0 --environment staging --status failed --occurred-at 2025-10-02T12:00:00Z \
         --error-message timeout --event-id e8",
    ] {
        let words = command_line.split_whitespace();
        let command_line: Vec<&str> = ["report"].into_iter().chain(words).collect();
        versioner(&service.url(), &command_line).await.shown();
    }
    service
}

async fn shown(service: &Service, command_line: &str) -> String {
    let words: Vec<&str> = command_line.split_whitespace().collect();
    versioner(&service.url(), &words).await.shown()
}

#[tokio::test]
async fn builds_are_a_table() {
    let service = service().await;
    assert_snapshot!(shown(&service, "builds").await, @r"
    PRODUCT  VERSION  STATUS       RUN    NUMBER  BEGAN              TOOK  BRANCH  BECAUSE
    web      2.0      ✓ completed  run-3          2025-10-02 10:00Z
    api      1.0      ✓ completed  run-2      12  2025-10-01 11:00Z
    api      1.0      ✗ failed     run-1          2025-10-01 10:00Z    5m  main    tests
      https://ci.example/runs/1
    ");
    assert_snapshot!(shown(&service, "builds api 1.0 --status failed").await, @r"
    STATUS    RUN    BEGAN              TOOK  BRANCH  BECAUSE
    ✗ failed  run-1  2025-10-01 10:00Z    5m  main    tests
      https://ci.example/runs/1
    ");
    let wide = shown(&service, "builds web -o wide").await;
    for part in ["BY", "alice", "SYSTEM", "github", "ID"] {
        assert!(wide.contains(part), "{part}: {wide}");
    }
    let built = shown(&service, "builds --until 2025-10-02 --branch main").await;
    assert!(
        built.contains("run-1") && !built.contains("run-3"),
        "{built}"
    );
    assert_eq!(
        shown(&service, "builds --source-system gitlab").await,
        "No build matches.\n"
    );
}

#[tokio::test]
async fn checks_are_a_table() {
    let service = service().await;
    assert_snapshot!(shown(&service, "checks").await, @r"
    PRODUCT  VERSION  STATUS    CHECK  KIND           COUNTS      BEGAN              SUMMARY
    web      2.0      ✗ failed  trivy  security scan  critical 1  2025-10-02 11:10Z
      https://ci.example/scan
    api      1.0      ✓ passed  unit   test           passed 120  2025-10-01 11:10Z  good
    ");
    assert_snapshot!(shown(&service, "checks api 1.0 --kind test --name unit").await, @r"
    STATUS    CHECK  KIND  COUNTS      BEGAN              SUMMARY
    ✓ passed  unit   test  passed 120  2025-10-01 11:10Z  good
    ");
    assert_eq!(
        shown(&service, "checks --status running").await,
        "No check matches.\n"
    );
}

#[tokio::test]
async fn deployments_are_a_table() {
    let service = service().await;
    assert_snapshot!(shown(&service, "deployments").await, @r"
    PRODUCT  VERSION  STATUS       ENVIRONMENT  INSTANCE  NOW   CLASS  BEGAN              BY    BECAUSE
    web      2.0      ✗ failed     staging                             2025-10-02 12:00Z        timeout
    api      1.0      ✓ completed  production   eu        runs  first  2025-10-01 12:00Z  argo
    ");
    assert_snapshot!(shown(&service, "deployments --environment production --current").await, @r"
    PRODUCT  VERSION  STATUS       ENVIRONMENT  INSTANCE  NOW   CLASS  BEGAN              BY
    api      1.0      ✓ completed  production   eu        runs  first  2025-10-01 12:00Z  argo
    ");
    let deployed = shown(
        &service,
        "deployments --deployed-by argo --since 2025-10-01",
    )
    .await;
    assert_eq!(deployed.lines().count(), 2, "{deployed}");
}

#[tokio::test]
async fn products_and_environments_are_tables() {
    let service = service().await;
    let without_age = async |command_line| {
        let text = shown(&service, command_line).await;
        let lines = text.lines().map(|line| match line.rsplit_once("  ") {
            Some((rest, _age)) => format!("{}\n", rest.trim_end()),
            None => format!("{line}\n"),
        });
        lines.collect::<String>()
    };
    assert_snapshot!(without_age("products").await, @r"
    PRODUCT
    api
    web
    ");
    assert_snapshot!(without_age("environments --type production").await, @r"
    ENVIRONMENT  TYPE
    production   production
    ");
    assert_eq!(shown(&service, "products w -o name").await, "web\n");
    assert_eq!(
        shown(&service, "environments x").await,
        "No environment matches.\n"
    );
}

#[tokio::test]
async fn events_are_a_table_in_the_order_of_the_log() {
    let service = service().await;
    assert_snapshot!(shown(&service, "events --limit 3").await, @r"
    POSITION  EVENT          STATUS       OCCURRED           PRODUCT  VERSION  ABOUT
           1  version event  → started    2025-10-01 10:00Z  api      1.0      run-1
           2  version event  ✗ failed     2025-10-01 10:05Z  api      1.0      run-1
           3  version event  ✓ completed  2025-10-01 11:00Z  api      1.0      run-2
    The first 3; there are more (--limit).
    ");
    assert_snapshot!(shown(&service, "events api 1.0 --type check_event --type deployment-event").await, @r"
    POSITION  EVENT             STATUS       OCCURRED           ABOUT
           5  check event       ✓ passed     2025-10-01 11:10Z  unit
           7  deployment event  ✓ completed  2025-10-01 12:00Z  production eu
    ");
    assert_eq!(
        shown(&service, "events --after 6 -o name").await,
        "e7\ne8\n"
    );
}

#[tokio::test]
async fn json_has_the_field_names_of_the_contract_and_the_token_of_the_next_page() {
    let service = service().await;
    for (command_line, items, field) in [
        ("builds", "builds", "invoke_id"),
        ("checks", "checks", "check_name"),
        ("deployments", "deployments", "environment_name"),
        ("products", "products", "required_checks"),
        ("environments", "environments", "required_checks"),
        ("events", "events", "position"),
    ] {
        let words = [command_line, "--limit=1", "--output=json"];
        let json = versioner(&service.url(), &words).await.json();
        let items = json[items].as_array().expect("items");
        assert_eq!(items.len(), 1, "{command_line}");
        assert!(items[0].get(field).is_some(), "{command_line}: {json}");
        assert!(
            json["next_page_token"].is_string(),
            "{command_line}: {json}"
        );
    }
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_an_error() {
    let service = service().await;
    for (command_line, error) in [
        ("versions nosuch", "there is no product nosuch"),
        ("builds nosuch", "there is no product nosuch"),
        ("checks nosuch", "there is no product nosuch"),
        (
            "deployments api --environment nosuch",
            "there is no environment nosuch",
        ),
        (
            "versions --environment nosuch",
            "there is no environment nosuch",
        ),
        ("events nosuch", "there is no product nosuch"),
    ] {
        let words: Vec<&str> = command_line.split_whitespace().collect();
        let run = versioner(&service.url(), &words).await;
        assert_eq!((run.code, run.output.as_str()), (1, ""), "{command_line}");
        assert!(run.errors.contains(error), "{command_line}: {}", run.errors);
    }
}

#[tokio::test]
async fn latest_of_the_real_service() {
    let service = service().await;
    let output = shown(&service, "show api latest").await;
    assert!(output.starts_with("api 1.0  "), "{output}");
    let run = versioner(&service.url(), &["readiness", "web", "latest"]).await;
    assert_eq!(run.code, 1, "{run:?}");
    assert!(
        run.output.starts_with("✗ not ready  web 2.0"),
        "{}",
        run.output
    );
    let run = versioner(&service.url(), &["show", "nosuch", "latest"]).await;
    assert_eq!(run.code, 1, "{run:?}");
    let build = ["report", "build", "api", "latest", "--status=started"];
    versioner(&service.url(), &build).await.shown();
    let output = shown(&service, "show api latest").await;
    assert!(output.starts_with("api latest  "), "{output}");
}

#[tokio::test]
async fn lists_fit_every_terminal() {
    let service = service().await;
    for (command_line, rows) in [
        (
            "builds",
            &["run-3", "run-2", "run-1", "https://ci.example/runs/1"] as &[&str],
        ),
        ("builds -o wide", &["run-3", "alice", "run-2", "run-1"]),
        ("checks", &["trivy", "https://ci.example/scan", "unit"]),
        ("checks -o wide", &["trivy", "unit"]),
        ("deployments", &["staging", "timeout", "production"]),
        ("deployments -o wide", &["staging", "production"]),
        ("products -o wide", &["api", "web"]),
        ("environments -o wide", &["production", "staging"]),
        (
            "events -o wide",
            &[
                "run-1",
                "run-2",
                "run-3",
                "unit",
                "trivy",
                "production",
                "staging",
            ],
        ),
        ("matrix -o wide", &["api", "web"]),
    ] {
        let words: Vec<&str> = command_line.split_whitespace().collect();
        for width in [20, 40, 60, 80, 120, 200] {
            let text = on_terminal(&service.url(), &words, width).await;
            let joined: String = text.split_whitespace().collect();
            let mut rest = joined.as_str();
            for part in rows {
                let at = rest.find(part);
                let at = at.unwrap_or_else(|| panic!("{command_line} at {width}: {part}\n{text}"));
                rest = &rest[at + part.len()..];
            }
            for line in text.lines() {
                let fits = console::measure_text_width(line) <= usize::from(width);
                assert!(
                    fits || line.contains("://"),
                    "{command_line} at {width}: {line}"
                );
            }
        }
    }
}

/// A program that follows the log.
struct Follower {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Follower {
    fn start(server: &str, command_line: &[&str]) -> Self {
        let mut command = command(server, command_line);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("it runs");
        let output = child.stdout.take().expect("its output");
        let lines = BufReader::new(output).lines();
        Self { child, lines }
    }

    async fn line(&mut self) -> String {
        let line = timeout(Duration::from_secs(30), self.lines.next_line()).await;
        line.expect("a line in time")
            .expect("UTF-8")
            .expect("a line")
    }
}

#[tokio::test]
async fn follow_resumes_after_the_last_position_seen() {
    let server = FakeServer::start().await;
    let event = |position| {
        let event_id = format!("e{position}");
        Ok(Message::Event(pb::LogEntry {
            position,
            event_id,
            ..Default::default()
        }))
    };
    let heartbeat = Ok(Message::Heartbeat(pb::Heartbeat { position: 9 }));
    server.state().watches = [
        vec![event(5), Err(Status::unavailable("the server shuts down"))],
        vec![event(6), heartbeat],
        vec![event(10)],
        vec![Err(Status::out_of_range("the log ends at position 3"))],
    ]
    .into();
    let run = versioner(&server.url(), &["events", "--follow", "-o", "name"]).await;
    assert_eq!((run.code, run.output.as_str()), (1, "e5\ne6\ne10\n"));
    assert!(
        run.errors.contains("the log ends at position 3"),
        "{}",
        run.errors
    );
    let state = server.state();
    let after: Vec<Option<i64>> = state.asked.watch.iter().map(|watch| watch.after).collect();
    assert_eq!(after, [None, Some(5), Some(9), Some(10)]);
}

#[tokio::test]
async fn follow_writes_past_and_new_events() {
    let service = service().await;
    let follow = ["events", "--follow", "--after=7"];
    let mut follower = Follower::start(&service.url(), &follow);
    assert_snapshot!(follower.line().await, @"       8  deployment event  ✗ failed  2025-10-02 12:00:00Z  web 2.0  staging");
    let build = [
        "report",
        "build",
        "api",
        "1.1",
        "--status=started",
        "--event-id=e9",
    ];
    versioner(&service.url(), &build).await.shown();
    let line = follower.line().await;
    assert!(
        line.contains("→ started") && line.ends_with("api 1.1"),
        "{line}"
    );

    let follow = ["events", "web", "--follow", "--after=0", "-o", "json"];
    let mut json = Follower::start(&service.url(), &follow);
    let event: serde_json::Value = serde_json::from_str(&json.line().await).expect("JSON");
    assert_eq!(event["event_id"], "e4");
    assert!(follower.child.try_wait().expect("a child").is_none());
}
