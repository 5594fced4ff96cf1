//! `versioner show`.

use std::collections::HashMap;

use insta::assert_snapshot;
use tonic::Code;
use tonic_types::{ErrorDetails, StatusExt};
use versioner::pb::{self, log_entry::Content};

use crate::{
    fake_server::FakeServer,
    fixtures::{at, version},
    terminal::versioner,
};

fn trace() -> pb::VersionTrace {
    let version = pb::Version {
        scm_repository: "github.com/mycompany/my-service".to_owned(),
        scheme: pb::VersionScheme::Semantic.into(),
        built_by: "github-actions".to_owned(),
        source_system: "github".to_owned(),
        ..version("1.2.3")
    };
    let again = pb::Build {
        status: pb::BuildStatus::Completed.into(),
        invoke_id: "1234567890".to_owned(),
        invoke_attempt: 2,
        started_at: at("2025-10-01T10:10:00Z"),
        completed_at: at("2025-10-01T10:13:20Z"),
        build_number: "456".to_owned(),
        build_url: "https://github.com/mycompany/my-service/actions/runs/1234567890/attempts/2"
            .to_owned(),
        scm_branch: "main".to_owned(),
        ..Default::default()
    };
    let first = pb::Build {
        status: pb::BuildStatus::Failed.into(),
        invoke_attempt: 1,
        started_at: at("2025-10-01T10:04:05Z"),
        completed_at: at("2025-10-01T10:05:00.500Z"),
        error_message: "2 tests\nfailed".to_owned(),
        error_code: "E1".to_owned(),
        build_url: "https://github.com/mycompany/my-service/actions/runs/1234567890".to_owned(),
        ..again.clone()
    };
    let check = pb::Check {
        check_name: "unit".to_owned(),
        kind: pb::CheckKind::Test.into(),
        status: pb::CheckStatus::Passed.into(),
        counts: [("passed".to_owned(), 120), ("failed".to_owned(), 0)].into(),
        created_at: at("2025-10-01T10:12:00Z"),
        url: "https://ci.example/unit".to_owned(),
        ..Default::default()
    };
    let deployment = pb::Deployment {
        environment_name: "production".to_owned(),
        instance: "eu".to_owned(),
        status: pb::BuildStatus::Completed.into(),
        current: true,
        deployment_class: Some(pb::DeploymentClass::Upgrade.into()),
        started_at: at("2025-10-02T08:00:00Z"),
        completed_at: at("2025-10-02T08:01:00Z"),
        deployed_by: "argo".to_owned(),
        ..Default::default()
    };
    pb::VersionTrace {
        version: Some(version),
        builds: vec![again, first],
        checks: vec![check],
        deployments: vec![deployment],
        events: (1..=12).map(event).collect(),
        ..Default::default()
    }
}

fn event(position: i64) -> pb::LogEntry {
    let (kind, content) = match position % 3 {
        0 => (
            pb::EventType::DeploymentEvent,
            Content::DeploymentEvent(pb::DeploymentEvent {
                status: pb::BuildStatus::Started.into(),
                environment_name: "production".to_owned(),
                ..Default::default()
            }),
        ),
        1 => (
            pb::EventType::VersionEvent,
            Content::VersionEvent(pb::VersionEvent {
                status: pb::BuildStatus::Completed.into(),
                invoke_id: "1234567890".to_owned(),
                ..Default::default()
            }),
        ),
        _ => (
            pb::EventType::CheckEvent,
            Content::CheckEvent(pb::CheckEvent {
                status: pb::CheckStatus::Passed.into(),
                check_name: "unit".to_owned(),
                ..Default::default()
            }),
        ),
    };
    pb::LogEntry {
        position,
        event_type: kind.into(),
        occurred_at: at("2025-10-01T10:12:00Z"),
        content: Some(content),
        ..Default::default()
    }
}

#[tokio::test]
async fn r14_a_version_is_shown_whole() {
    let server = FakeServer::start().await;
    let answer = pb::TraceVersionResponse {
        traces: vec![trace()],
        ..Default::default()
    };
    server.state().trace.push_back(Ok(answer));
    let run = versioner(&server.url(), &["show", "my-service", "1.2.3"]).await;
    assert_snapshot!(run.shown(), @r"
    my-service 1.2.3  ✓ completed
      repository   github.com/mycompany/my-service
      branch       main
      commit       abc123def4567890abc123def4567890abc123de
      created      2025-10-01 10:04:05Z
      built by     github-actions
      reported by  github
      scheme       semantic
      id           id-of-1.2.3

    Builds (2)
      STATUS       RUN            NUMBER  BEGAN                TOOK  BRANCH  BECAUSE
      ✓ completed  1234567890 #2     456  2025-10-01 10:10Z  3m 20s  main
        https://github.com/mycompany/my-service/actions/runs/1234567890/attempts/2
      ✗ failed     1234567890        456  2025-10-01 10:04Z   55.5s  main    E1: 2 tests failed
        https://github.com/mycompany/my-service/actions/runs/1234567890

    Checks (1)
      STATUS    CHECK  KIND  COUNTS                BEGAN
      ✓ passed  unit   test  failed 0, passed 120  2025-10-01 10:12Z
        https://ci.example/unit

    Deployments (1)
      STATUS       ENVIRONMENT  INSTANCE  NOW   CLASS    BEGAN              TOOK  BY
      ✓ completed  production   eu        runs  upgrade  2025-10-02 08:00Z    1m  argo

    Last events (10 of 12)
      POSITION  EVENT             STATUS       OCCURRED           ABOUT
             3  deployment event  → started    2025-10-01 10:12Z  production
             4  version event     ✓ completed  2025-10-01 10:12Z  1234567890
             5  check event       ✓ passed     2025-10-01 10:12Z  unit
             6  deployment event  → started    2025-10-01 10:12Z  production
             7  version event     ✓ completed  2025-10-01 10:12Z  1234567890
             8  check event       ✓ passed     2025-10-01 10:12Z  unit
             9  deployment event  → started    2025-10-01 10:12Z  production
            10  version event     ✓ completed  2025-10-01 10:12Z  1234567890
            11  check event       ✓ passed     2025-10-01 10:12Z  unit
            12  deployment event  → started    2025-10-01 10:12Z  production
    ");
    let json = versioner(
        &server.url(),
        &["show", "my-service", "1.2.3", "--output=json"],
    )
    .await;
    let json = json.json();
    assert_eq!(json["traces"][0]["builds"][0]["status"], "completed");
    assert_eq!(
        json["traces"][0]["deployments"][0]["deployment_class"],
        "upgrade"
    );
}

#[tokio::test]
async fn omissions_are_named() {
    let server = FakeServer::start().await;
    let trace = pb::VersionTrace {
        builds: vec![pb::Build::default()],
        builds_truncated: true,
        events: (1..=11).map(event).collect(),
        events_truncated: true,
        ..Default::default()
    };
    let answer = pb::TraceVersionResponse {
        traces: vec![trace],
        truncated: true,
        ..Default::default()
    };
    server.state().trace.push_back(Ok(answer));
    let output = versioner(&server.url(), &["show", "--sha=abc1"])
        .await
        .shown();
    for part in [
        "Builds (1; there are more)",
        "First events (10 of more than 11)",
        "More versions match than are shown.",
    ] {
        assert!(output.contains(part), "{part}: {output}");
    }
}

#[tokio::test]
async fn r14_an_ambiguous_sha_shows_candidates_and_exits_1() {
    let server = FakeServer::start().await;
    let answer = pb::TraceVersionResponse {
        commits: vec!["abc123def456".to_owned(), "abc1ffffffff".to_owned()],
        candidates: vec![version("1.2.3"), version("1.2.2")],
        ..Default::default()
    };
    server.state().trace.push_back(Ok(answer));
    let run = versioner(&server.url(), &["show", "--sha", "abc1"]).await;
    assert_eq!(run.code, 1);
    assert_snapshot!(run.output, @r"
    Several commits match:
      abc123def456
      abc1ffffffff

    Their versions:
      PRODUCT     VERSION  STATUS       COMMIT        BRANCH  CREATED
      my-service  1.2.3    ✓ completed  abc123def456  main    2025-10-01 10:04Z
      my-service  1.2.2    ✓ completed  abc123def456  main    2025-10-01 10:04Z
    ");
}

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

#[tokio::test]
async fn a_product_alone_is_not_enough() {
    let run = versioner("http://127.0.0.1:1", &["show", "my-service"]).await;
    assert_eq!(run.code, 2);
    assert_snapshot!(run.errors, @"versioner show: my-service is not a version id. Usage: versioner show PRODUCT VERSION");
}

fn not_found(reason: &str) -> tonic::Status {
    let details = ErrorDetails::with_error_info(reason, "versioner", HashMap::new());
    tonic::Status::with_error_details(Code::NotFound, "there is no such thing", details)
}

#[tokio::test]
async fn latest_is_the_latest_version_unless_one_is_named_so() {
    let server = FakeServer::start().await;
    let answer = pb::TraceVersionResponse {
        traces: vec![trace()],
        ..Default::default()
    };
    {
        let mut state = server.state();
        state.trace.push_back(Err(not_found("VERSION_NOT_FOUND")));
        state.trace.push_back(Ok(answer));
        let latest = pb::GetLatestVersionResponse {
            version: Some(pb::Version {
                id: ID.to_owned(),
                ..version("1.2.3")
            }),
            ..Default::default()
        };
        state.latest.push_back(Ok(latest));
    }
    let show = ["show", "my-service", "latest"];
    let output = versioner(&server.url(), &show).await.shown();
    assert!(output.starts_with("my-service 1.2.3  "), "{output}");
    assert_eq!(server.state().asked.trace[1].id, ID);
    assert_eq!(server.state().asked.latest[0].product_name, "my-service");

    // A version with that name is found without a further question.
    versioner(&server.url(), &show).await.shown();
    assert_eq!(server.state().asked.latest.len(), 1);
    // Another error is not a question for the latest version.
    server.state().trace = [Err(not_found("PRODUCT_NOT_FOUND"))].into();
    let run = versioner(&server.url(), &show).await;
    assert_eq!(run.code, 1);
    assert!(run.errors.contains("PRODUCT_NOT_FOUND"), "{}", run.errors);
    assert_eq!(server.state().asked.latest.len(), 1);
}

#[tokio::test]
async fn a_version_is_named_in_three_ways() {
    let server = FakeServer::start().await;
    server
        .state()
        .trace
        .push_back(Ok(pb::TraceVersionResponse::default()));
    for command_line in [
        &["show", ID] as &[&str],
        &["show", "my-service", "1.2.3"],
        &["show", "--sha=abc1"],
        &["show", "--sha=abc1", "my-service"],
    ] {
        versioner(&server.url(), command_line).await;
    }
    let request = |id: &str, product: &str, version: &str, sha: &str| pb::TraceVersionRequest {
        id: id.to_owned(),
        product_name: product.to_owned(),
        version: version.to_owned(),
        scm_sha: sha.to_owned(),
    };
    let expected = [
        request(ID, "", "", ""),
        request("", "my-service", "1.2.3", ""),
        request("", "", "", "abc1"),
        request("", "my-service", "", "abc1"),
    ];
    assert_eq!(server.state().asked.trace, expected);
    for command_line in [&["show"] as &[&str], &["show", "p", "1", "--sha=abc1"]] {
        assert_eq!(versioner(&server.url(), command_line).await.code, 2);
    }
}
