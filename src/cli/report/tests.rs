//! Each field of an event has a flag or an argument, and each of them fills its field.

use std::collections::BTreeSet;

use clap::{CommandFactory, Parser};
use prost::Message;
use prost_types::FileDescriptorSet;

use crate::cli::report::*;

#[derive(Parser)]
struct CommandLine {
    #[command(flatten)]
    report: ReportArgs,
}

/// The names of the fields of a message, as the contract has them.
fn fields(message: &str) -> BTreeSet<String> {
    let files = FileDescriptorSet::decode(pb::DESCRIPTORS).unwrap();
    let messages = files.file.into_iter().flat_map(|file| file.message_type);
    let message = messages.into_iter().find(|found| found.name() == message);
    let fields = message.expect("the message").field;
    fields.iter().map(|field| field.name().to_owned()).collect()
}

/// What a command calls its arguments: the names of positional ones, and the names and aliases of flags.
fn arguments(command: &str) -> BTreeSet<String> {
    let program = CommandLine::command();
    let command = program.find_subcommand(command).expect("the command");
    let mut names = BTreeSet::new();
    for argument in command.get_arguments() {
        let long = argument.get_long().map(str::to_owned);
        let aliases = argument.get_all_aliases().unwrap_or_default();
        let id = argument
            .is_positional()
            .then(|| argument.get_id().to_string());
        let aliases = aliases.into_iter().map(str::to_owned);
        names.extend(long.into_iter().chain(aliases).chain(id));
    }
    names
}

#[test]
fn each_field_has_a_flag() {
    for (message, command) in [
        ("VersionEvent", "build"),
        ("DeploymentEvent", "deployment"),
        ("CheckEvent", "check"),
    ] {
        let arguments = arguments(command);
        for field in fields(message) {
            let flag = match field.as_str() {
                "product_name" => "product".to_owned(),
                field => field.replace('_', "-"),
            };
            assert!(arguments.contains(&flag), "report {command}: no --{flag}");
        }
    }
}

fn submission(arguments: &[&str], ci: Option<&CiRun>) -> (Submission, Vec<String>) {
    let command_line = ["report"].iter().chain(arguments);
    let parsed =
        CommandLine::try_parse_from(command_line).unwrap_or_else(|error| panic!("{error}"));
    let mut filled = Vec::new();
    let submission = parsed.report.event.submission(ci, &mut filled).unwrap();
    (submission, filled)
}

fn github() -> CiRun {
    let variable = |name: &str| {
        let value = match name {
            "GITHUB_ACTIONS" => "true",
            "GITHUB_SHA" => "abc123def456",
            "GITHUB_REF_NAME" => "main",
            "GITHUB_REF_TYPE" => "branch",
            "GITHUB_SERVER_URL" => "https://github.com",
            "GITHUB_REPOSITORY" => "mycompany/my-service",
            "GITHUB_RUN_NUMBER" => "456",
            "GITHUB_RUN_ID" => "1234567890",
            "GITHUB_RUN_ATTEMPT" => "2",
            "GITHUB_ACTOR" => "alice",
            _ => return None,
        };
        Some(value.to_owned())
    };
    CiRun::detect(variable).unwrap()
}

const RUN_URL: &str = "https://github.com/mycompany/my-service/actions/runs/1234567890/attempts/2";

#[test]
fn a_build_is_filled_from_the_ci_run() {
    let arguments = [
        "build",
        "my-service",
        "1.2.3",
        "--status=Success",
        "--branch=release",
    ];
    let (submission, filled) = submission(&arguments, Some(&github()));
    let Submission::Build(request) = submission else {
        panic!("not a build");
    };
    let event = request.event.unwrap();
    assert!(event.event_id.starts_with("report-"), "{}", event.event_id);
    let expected = pb::VersionEvent {
        product_name: "my-service".to_owned(),
        version: "1.2.3".to_owned(),
        status: pb::BuildStatus::Completed.into(),
        event_id: event.event_id.clone(),
        invoke_id: "1234567890".to_owned(),
        invoke_attempt: 2,
        scm_sha: "abc123def456".to_owned(),
        scm_repository: "https://github.com/mycompany/my-service".to_owned(),
        // The flag has precedence.
        scm_branch: "release".to_owned(),
        build_number: "456".to_owned(),
        build_url: RUN_URL.to_owned(),
        source_system: "github".to_owned(),
        built_by: "alice".to_owned(),
        ..Default::default()
    };
    assert_eq!(event, expected);
    assert_eq!(filled.len(), 8, "{filled:?}");
    assert!(
        filled.contains(&"commit abc123def456 (GITHUB_SHA)".to_owned()),
        "{filled:?}"
    );
}

#[test]
fn a_deployment_has_no_commit_of_the_ci_run() {
    let arguments = [
        "deployment",
        "my-service",
        "1.2.3",
        "--environment=production",
        "--status=deploying",
    ];
    let (submission, _) = submission(&arguments, Some(&github()));
    let Submission::Deployment(request) = submission else {
        panic!("not a deployment");
    };
    let event = request.event.unwrap();
    let expected = pb::DeploymentEvent {
        product_name: "my-service".to_owned(),
        version: "1.2.3".to_owned(),
        status: pb::BuildStatus::Started.into(),
        event_id: event.event_id.clone(),
        invoke_id: "1234567890".to_owned(),
        invoke_attempt: 2,
        environment_name: "production".to_owned(),
        build_number: "456".to_owned(),
        deploy_url: RUN_URL.to_owned(),
        source_system: "github".to_owned(),
        deployed_by: "alice".to_owned(),
        ..Default::default()
    };
    assert_eq!(event, expected);
}

#[test]
fn a_check_has_the_commit_of_the_ci_run_only_without_a_version() {
    let sha = |arguments: &[&str]| {
        let flags = ["--name=unit", "--kind=test", "--status=passed"];
        let (submission, _) = submission(&[arguments, &flags].concat(), Some(&github()));
        let Submission::Check(request) = submission else {
            panic!("not a check");
        };
        request.event.unwrap().scm_sha
    };
    assert_eq!(sha(&["check", "my-service"]), "abc123def456");
    assert_eq!(sha(&["check", "my-service", "1.2.3"]), "");
    assert_eq!(sha(&["check", "my-service", "--sha=def"]), "def");
}

#[test]
fn an_attempt_belongs_to_its_own_run() {
    let arguments = ["build", "p", "1", "--status=started", "--invoke-id=mine"];
    let (submission, _) = submission(&arguments, Some(&github()));
    let Submission::Build(request) = submission else {
        panic!("not a build");
    };
    let event = request.event.unwrap();
    assert_eq!(
        (event.invoke_id.as_str(), event.invoke_attempt),
        ("mine", 0)
    );
}

#[test]
fn each_flag_fills_its_field() {
    let time = |text: &str| Some(text.parse::<prost_types::Timestamp>().unwrap());
    let (submission, filled) = submission(
        &[
            "check",
            "my-service",
            "1.2.3",
            "--commit=abc",
            "--check-name=trivy",
            "--kind=security-scan",
            "--status=ERROR",
            "--event-id=e1",
            "--occurred-at=2026-01-31T12:00:00Z",
            "--started-at=2026-01-31",
            "--completed-at=2026-01-31T13:00:00+01:00",
            "--invoke-id=run",
            "--invoke-attempt=3",
            "--environment=production",
            "--url=https://ci.example/1",
            "--summary=2 findings",
            "--count=critical=0",
            "--count=high=2",
            "--expires-at=2026-02-28",
            "--checked-by=trivy",
            "--checked-by-name=Trivy",
            "--checked-by-email=t@company.example",
            "--source-system=github",
            "--extra-metadata=layers=12",
            "--dry-run",
        ],
        None,
    );
    let Submission::Check(request) = submission else {
        panic!("not a check");
    };
    assert!(filled.is_empty() && request.validate_only);
    let expected = pb::CheckEvent {
        product_name: "my-service".to_owned(),
        version: "1.2.3".to_owned(),
        scm_sha: "abc".to_owned(),
        check_name: "trivy".to_owned(),
        kind: pb::CheckKind::SecurityScan.into(),
        status: pb::CheckStatus::Failed.into(),
        event_id: "e1".to_owned(),
        occurred_at: time("2026-01-31T12:00:00Z"),
        started_at: time("2026-01-31T00:00:00Z"),
        completed_at: time("2026-01-31T12:00:00Z"),
        invoke_id: "run".to_owned(),
        invoke_attempt: 3,
        environment_name: "production".to_owned(),
        url: "https://ci.example/1".to_owned(),
        summary: "2 findings".to_owned(),
        counts: [("critical".to_owned(), 0), ("high".to_owned(), 2)].into(),
        expires_at: time("2026-02-28T00:00:00Z"),
        checked_by: "trivy".to_owned(),
        checked_by_name: "Trivy".to_owned(),
        checked_by_email: "t@company.example".to_owned(),
        source_system: "github".to_owned(),
        extra_metadata: Some(pb::Object::from_json(r#"{"layers":12}"#).unwrap()),
    };
    assert_eq!(request.event, Some(expected));
}
