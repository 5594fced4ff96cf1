//! `versioner report`: each event against the real service; retries against a fake server.

use std::{collections::HashMap, io::Write};

use insta::assert_snapshot;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use versioner::pb;

use crate::{
    fake_server::FakeServer,
    service::Service,
    terminal::{command, run, versioner},
};

const BUILD: [&str; 5] = ["report", "build", "my-service", "1.2.3", "--status=success"];

fn with<'a>(command_line: &[&'a str], flags: &[&'a str]) -> Vec<&'a str> {
    [command_line, flags].concat()
}

#[tokio::test]
async fn a_build_a_check_and_a_deployment_are_recorded() {
    let service = Service::start().await;
    let build = with(&BUILD, &["--event-id=e1", "--extra-metadata=coverage=85"]);
    let output = versioner(&service.url(), &build).await.shown();
    assert_snapshot!(output, @"✓ recorded  e1 at position 1; created: product, version");
    let check = [
        "report",
        "check",
        "my-service",
        "1.2.3",
        "--name=unit",
        "--kind=test",
        "--status=passed",
        "--count=passed=120",
        "--event-id=e2",
    ];
    let output = versioner(&service.url(), &check).await.shown();
    assert_snapshot!(output, @"✓ recorded  e2 at position 2");
    let deployment = [
        "report",
        "deployment",
        "my-service",
        "1.2.3",
        "--environment=production",
        "--status=deployed",
        "--event-id=e3",
    ];
    let output = versioner(&service.url(), &deployment).await.shown();
    assert_snapshot!(output, @"✓ recorded  e3 at position 3; created: environment");

    let show = ["show", "my-service", "1.2.3", "--output=json"];
    let json = versioner(&service.url(), &show).await.json();
    let trace = &json["traces"][0];
    assert_eq!(trace["builds"][0]["status"], "completed");
    assert_eq!(trace["builds"][0]["extra_metadata"]["coverage"], 85);
    assert_eq!(trace["checks"][0]["counts"]["passed"], 120);
    assert_eq!(trace["deployments"][0]["environment_name"], "production");
}

#[tokio::test]
async fn r7_the_same_event_id_is_a_duplicate_and_other_content_is_rejected() {
    let service = Service::start().await;
    let build = with(&BUILD, &["--event-id=e1"]);
    versioner(&service.url(), &build).await.shown();
    let output = versioner(&service.url(), &build).await.shown();
    assert_snapshot!(output, @"= recorded before  e1 at position 1; created: product, version");
    let other = with(&build, &["--branch=main"]);
    let run = versioner(&service.url(), &other).await;
    assert_eq!((run.code, run.output.as_str()), (1, ""));
    assert!(run.errors.contains("EVENT_ID_REUSED"), "{}", run.errors);
}

#[tokio::test]
async fn version_is_another_name_of_build_and_json_is_the_answer() {
    let service = Service::start().await;
    let build = [
        "report",
        "version",
        "p",
        "1",
        "--status=started",
        "-o",
        "json",
    ];
    let json = versioner(&service.url(), &build).await.json();
    assert_eq!(json["version"]["status"], "started");
    assert_eq!(json["receipt"]["position"], 1);
    let event_id = json["receipt"]["event_id"].as_str().unwrap();
    assert!(event_id.starts_with("report-"), "{event_id}");
}

#[tokio::test]
async fn a_dry_run_is_judged_and_not_recorded() {
    let service = Service::start().await;
    let dry = with(&BUILD, &["--dry-run", "--event-id=e1"]);
    let output = versioner(&service.url(), &dry).await.shown();
    assert_snapshot!(output, @"✓ valid, not recorded  e1; created: product, version");
    let run = versioner(&service.url(), &["versions", "my-service"]).await;
    assert_eq!(run.code, 1);
    let error = "versioner versions: there is no product my-service (PRODUCT_NOT_FOUND)\n";
    assert_eq!(run.errors, error);

    let invalid = with(&BUILD, &["--dry-run", "--occurred-at=2999-01-01"]);
    let run = versioner(&service.url(), &invalid).await;
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.errors.contains("occurred_at"), "{}", run.errors);
}

#[tokio::test]
async fn a_metadata_file_is_merged_with_flags() {
    let service = Service::start().await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(br#"{"tags": ["a"], "size": 1}"#).unwrap();
    let file_flag = format!("--metadata-file={}", file.path().display());
    let build = with(
        &BUILD,
        &[&file_flag, "--extra-metadata=size=2", "-o", "json"],
    );
    let json = versioner(&service.url(), &build).await.json();
    let metadata = &json["build"]["extra_metadata"];
    assert_eq!(metadata["tags"][0], "a");
    assert_eq!(metadata["size"], 2);
    let run = versioner(
        &service.url(),
        &with(&BUILD, &["--metadata-file=no-such-file"]),
    )
    .await;
    assert_eq!(run.code, 2);
    assert!(
        run.errors.contains("--metadata-file no-such-file"),
        "{}",
        run.errors
    );
}

#[tokio::test]
async fn the_variables_of_a_ci_system_fill_absent_fields_and_are_named() {
    let service = Service::start().await;
    let variables = [
        ("GITLAB_CI", "true"),
        ("CI_COMMIT_SHA", "abc123def456"),
        ("CI_COMMIT_BRANCH", "main"),
        ("CI_PIPELINE_ID", "77"),
    ];
    let reported = async |flags: &[&str]| {
        let mut command = command(&service.url(), &with(&BUILD, flags));
        command.envs(variables);
        run(command).await
    };
    let run = reported(&["-o", "json", "--branch=release"]).await;
    assert_eq!(run.code, 0, "{run:?}");
    assert_snapshot!(run.errors, @"versioner report: from GitLab CI: commit abc123def456 (CI_COMMIT_SHA), invoke id 77 (CI_PIPELINE_ID), source system gitlab (GITLAB_CI)");
    let json = run.json();
    assert_eq!(json["build"]["scm_sha"], "abc123def456");
    assert_eq!(json["build"]["scm_branch"], "release");
    assert_eq!(json["build"]["invoke_id"], "77");
    let run = reported(&["-o", "json", "--no-ci", "--dry-run"]).await;
    assert_eq!((run.code, run.errors.as_str()), (0, ""));
}

#[tokio::test]
async fn each_attempt_sends_the_same_event() {
    let server = FakeServer::start().await;
    {
        let mut state = server.state();
        let unavailable = Status::unavailable("the database is unavailable");
        state.receipts.push_back(Err(unavailable));
        let details = ErrorDetails::with_retry_info(Some(std::time::Duration::from_millis(1)));
        let overloaded = Status::with_error_details(Code::ResourceExhausted, "too busy", details);
        state.receipts.push_back(Err(overloaded));
        let receipt = pb::EventReceipt {
            event_id: "e1".to_owned(),
            position: 7,
            ..Default::default()
        };
        state.receipts.push_back(Ok(pb::SubmitVersionEventResponse {
            receipt: Some(receipt),
            ..Default::default()
        }));
    }
    let run = versioner(&server.url(), &BUILD).await;
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(run.output, "✓ recorded  e1 at position 7\n");
    let url = server.url();
    assert_eq!(
        run.errors,
        format!(
            "versioner report: no answer from {url}: the database is unavailable (Unavailable); trying again\n\
             versioner report: no answer from {url}: too busy (ResourceExhausted); trying again\n"
        )
    );
    let state = server.state();
    let [first, second, third] = state.asked.builds.as_slice() else {
        panic!("{} attempts", state.asked.builds.len());
    };
    assert_eq!((first, second), (second, third));
    let event = first.event.as_ref().unwrap();
    assert!(event.event_id.starts_with("report-"), "{}", event.event_id);
}

#[tokio::test]
async fn the_exit_code_tells_a_rejection_from_a_server_that_is_not_there() {
    let server = FakeServer::start().await;
    let details = ErrorDetails::with_error_info("INVALID_FIELD", "versioner", HashMap::new());
    let rejection =
        Status::with_error_details(Code::InvalidArgument, "version is required", details);
    server.state().receipts.push_back(Err(rejection));
    let run = versioner(&server.url(), &BUILD).await;
    assert_eq!((run.code, run.output.as_str()), (1, ""));
    assert_eq!(
        run.errors,
        "versioner report: version is required (INVALID_FIELD)\n"
    );

    let once = with(&BUILD, &["--retry-for=0s", "--event-id=e1"]);
    let run = versioner("http://127.0.0.1:1", &once).await;
    assert_eq!((run.code, run.output.as_str()), (3, ""));
    let begin = "versioner report: no answer from http://127.0.0.1:1: ";
    assert!(run.errors.starts_with(begin), "{}", run.errors);
    assert!(
        run.errors.ends_with("; the event id is e1\n"),
        "{}",
        run.errors
    );

    for command_line in [
        &["report"] as &[&str],
        &["report", "build", "p"],
        &["report", "build", "p", "1", "--status=green"],
        &[
            "report",
            "build",
            "p",
            "1",
            "--status=started",
            "--invoke-attempt=0",
        ],
        &["report", "build", "p", "", "--status=started"],
    ] {
        let run = versioner("http://127.0.0.1:1", command_line).await;
        assert_eq!(run.code, 2, "{run:?}");
    }
}

#[tokio::test]
async fn the_help_documents_exit_codes_and_ci_variables() {
    for event in ["build", "deployment", "check"] {
        let help = versioner("http://127.0.0.1:1", &["report", event, "--help"]).await;
        let help = help.shown();
        for part in ["Exit codes:", "GITHUB_SHA", "CI_PIPELINE_ID", "--no-ci"] {
            assert!(help.contains(part), "{event}: {part}");
        }
    }
}
