//! R14: one call traces a version or a commit whole, within the bounds of one answer.

use prost::Message;
use serde_json::json;
use tonic::Status as Refusal;
use versioner::pb::{self, BuildStatus, CheckStatus, DeploymentStatus, Product};

use crate::{
    facts::{PRODUCT, SHA, at, build, check, deployment, object},
    refusal::refusal,
    requirements::update_product,
    story::Story,
};

async fn trace(
    story: &Story,
    request: pb::TraceVersionRequest,
) -> Result<pb::TraceVersionResponse, Refusal> {
    let answer = story.versions().trace_version(request).await;
    answer.map(tonic::Response::into_inner)
}

fn by_name(product_name: &str, version: &str) -> pb::TraceVersionRequest {
    pb::TraceVersionRequest {
        product_name: product_name.into(),
        version: version.into(),
        ..Default::default()
    }
}

fn by_sha(product_name: &str, scm_sha: &str) -> pb::TraceVersionRequest {
    pb::TraceVersionRequest {
        product_name: product_name.into(),
        scm_sha: scm_sha.into(),
        ..Default::default()
    }
}

/// A build of a commit, at so many minutes past noon.
fn of_commit(version: &str, scm_sha: &str, minute: u32) -> pb::VersionEvent {
    pb::VersionEvent {
        scm_sha: scm_sha.into(),
        scm_repository: "github.com/mycompany/my-service".into(),
        scm_branch: "main".into(),
        invoke_id: format!("run-{minute}"),
        build_url: format!("https://ci.example/{minute}"),
        occurred_at: at(&format!("2026-01-01T12:{minute:02}:00Z")),
        ..build(version, BuildStatus::Completed)
    }
}

fn identifiers<'a>(versions: impl IntoIterator<Item = &'a pb::Version>) -> Vec<String> {
    let versions = versions.into_iter();
    versions
        .map(|v| format!("{} {}", v.product_name, v.version))
        .collect()
}

fn traced(answer: &pb::TraceVersionResponse) -> Vec<String> {
    identifiers(answer.traces.iter().map(|t| t.version.as_ref().unwrap()))
}

async fn r14_one_call_tells_everything_about_a_version(story: Story) {
    let failed = pb::VersionEvent {
        status: BuildStatus::Failed.into(),
        ..of_commit("1.2.3", SHA, 0)
    };
    let failed = story.version_event(failed).await.unwrap();
    let second = story.version_event(of_commit("1.2.3", SHA, 9)).await;
    let second = second.unwrap();
    let own = check("1.2.3", "unit", CheckStatus::Passed);
    let own = story.check_event(own).await.unwrap();
    let of_sha = pb::CheckEvent {
        version: String::new(),
        scm_sha: SHA.into(),
        ..check("", "scan", CheckStatus::Running)
    };
    let of_sha = story.check_event(of_sha).await.unwrap();
    let mut deployments = Vec::new();
    for environment in ["dev", "prod"] {
        let event = deployment("1.2.3", environment, DeploymentStatus::Completed);
        let answer = story.deployment_event(event).await.unwrap();
        deployments.insert(0, answer.deployment.unwrap());
    }
    story
        .version_event(build("1.2.4", BuildStatus::Started))
        .await
        .unwrap();

    let answer = trace(&story, by_name(PRODUCT, "1.2.3")).await.unwrap();
    let log = story.log().await;
    let events = [0, 1, 2, 4, 5].map(|place: usize| log[place].clone());
    let request = pb::GetVersionRequest {
        id: second.version.unwrap().id,
        ..Default::default()
    };
    let version = story.versions().get_version(request.clone()).await.unwrap();
    let expected = pb::VersionTrace {
        version: version.into_inner().version,
        builds: vec![second.build.unwrap(), failed.build.unwrap()],
        checks: vec![of_sha.check.unwrap(), own.check.unwrap()],
        deployments,
        events: events.to_vec(),
        ..Default::default()
    };
    assert_eq!(answer.traces, [expected]);
    assert_eq!((answer.commits.len(), answer.candidates.len()), (0, 0));
    assert!(!answer.truncated);

    let by_id = pb::TraceVersionRequest {
        id: request.id,
        ..Default::default()
    };
    assert_eq!(trace(&story, by_id).await.unwrap(), answer);
    let by_commit = trace(&story, by_sha("", &SHA[..4].to_uppercase())).await;
    let by_commit = by_commit.unwrap();
    assert_eq!(by_commit.commits, [SHA]);
    assert_eq!(by_commit.traces, answer.traces);

    // R15: a former name finds it as well.
    let renamed = Product {
        name: "renamed".into(),
        ..Default::default()
    };
    update_product(&story, renamed, &[]).await.unwrap();
    for name in [PRODUCT, "renamed"] {
        let answer = trace(&story, by_name(name, "1.2.3")).await.unwrap();
        assert_eq!(traced(&answer), ["renamed 1.2.3"]);
        let answer = trace(&story, by_sha(name, SHA)).await.unwrap();
        assert_eq!(traced(&answer), ["renamed 1.2.3"]);
    }
}

async fn r14_a_commit_is_traced_through_all_its_versions_newest_first(story: Story) {
    let other = pb::VersionEvent {
        product_name: "other".into(),
        ..of_commit("7", SHA, 2)
    };
    for event in [
        of_commit("1.2.3", &SHA[..9], 1),
        other,
        of_commit("1.2.4", SHA, 3),
        of_commit("1.2.5", "fff0000", 4),
    ] {
        story.version_event(event).await.unwrap();
    }
    let everywhere = trace(&story, by_sha("", SHA)).await.unwrap();
    assert_eq!(everywhere.commits, [SHA]);
    assert_eq!(
        traced(&everywhere),
        ["my-service 1.2.4", "other 7", "my-service 1.2.3"]
    );
    let urls = everywhere.traces.iter().map(|t| &t.builds[0].build_url[..]);
    let urls: Vec<&str> = urls.collect();
    assert_eq!(
        urls,
        [
            "https://ci.example/3",
            "https://ci.example/2",
            "https://ci.example/1"
        ]
    );
    let of_product = trace(&story, by_sha("other", &SHA[..7])).await.unwrap();
    assert_eq!(traced(&of_product), ["other 7"]);
}

async fn r14_an_ambiguous_beginning_is_answered_with_all_candidates(story: Story) {
    for event in [
        of_commit("1.0.0", "abcd1111", 1),
        of_commit("1.0.1", "abcd2222", 2),
        of_commit("1.0.2", "abcd2222ff", 3),
        of_commit("1.0.3", "abc", 4),
    ] {
        story.version_event(event).await.unwrap();
    }
    let answer = trace(&story, by_sha(PRODUCT, "ABCD")).await.unwrap();
    assert_eq!(answer.commits, ["abcd1111", "abcd2222ff"]);
    let expected = ["my-service 1.0.2", "my-service 1.0.1", "my-service 1.0.0"];
    assert_eq!(identifiers(&answer.candidates), expected);
    assert_eq!(answer.traces, []);
    assert!(!answer.truncated);
    let answer = trace(&story, by_sha(PRODUCT, "abcd2")).await.unwrap();
    assert_eq!(traced(&answer), expected[..2]);
    assert_eq!(answer.candidates, []);
}

async fn r14_a_trace_says_where_there_is_more(story: Story) {
    for n in 0..21 {
        let event = of_commit(&format!("1.0.{n}"), SHA, n);
        story.version_event(event).await.unwrap();
    }
    let answer = trace(&story, by_sha("", SHA)).await.unwrap();
    assert!(answer.truncated);
    assert_eq!(answer.traces.len(), 20);
    assert_eq!(traced(&answer)[0], "my-service 1.0.20");
    assert!(answer.traces.iter().all(|trace| trace.builds.len() == 1));

    let many = |count: usize| {
        (0..count).flat_map(|n| {
            let run = pb::VersionEvent {
                invoke_id: format!("many-{n}"),
                ..build("2.0.0", BuildStatus::Completed)
            };
            let check = check("2.0.0", &format!("check-{n}"), CheckStatus::Passed);
            let deployed = pb::DeploymentEvent {
                instance: format!("i-{n}"),
                ..deployment("2.0.0", "dev", DeploymentStatus::Completed)
            };
            use pb::event_submission::Event;
            [
                Event::VersionEvent(run),
                Event::CheckEvent(check),
                Event::DeploymentEvent(deployed),
            ]
        })
    };
    for (count, truncated) in [(100, false), (101, true)] {
        let submissions = many(count).map(|event| pb::EventSubmission { event: Some(event) });
        let request = pb::BatchSubmitEventsRequest {
            events: submissions.collect(),
            ..Default::default()
        };
        story.events().batch_submit_events(request).await.unwrap();
        let answer = trace(&story, by_name(PRODUCT, "2.0.0")).await.unwrap();
        assert!(!answer.truncated);
        let [trace] = &answer.traces[..] else {
            panic!("one trace: {answer:?}");
        };
        assert_eq!(
            (trace.builds.len(), trace.builds_truncated),
            (100, truncated)
        );
        assert_eq!(
            (trace.checks.len(), trace.checks_truncated),
            (100, truncated)
        );
        let deployments = (trace.deployments.len(), trace.deployments_truncated);
        assert_eq!(deployments, (100, truncated));
        assert_eq!((trace.events.len(), trace.events_truncated), (100, true));
        assert_eq!(trace.events[0].position, 22, "the first ones are told");
    }
}

async fn r14_a_trace_ends_before_it_would_pass_2_mib(story: Story) {
    for n in 0..24 {
        let event = pb::VersionEvent {
            extra_metadata: object(json!({"log": "x".repeat(99_000)})),
            ..of_commit("1.0.0", SHA, n)
        };
        story.version_event(event).await.unwrap();
    }
    let event = deployment("1.0.0", "dev", DeploymentStatus::Completed);
    story.deployment_event(event).await.unwrap();
    let second = of_commit("1.0.1", SHA, 30);
    story.version_event(second).await.unwrap();
    let answer = trace(&story, by_sha("", SHA)).await.unwrap();
    let bytes = answer.encoded_len();
    assert!((1_900_000..=2 * 1024 * 1024).contains(&bytes), "{bytes}");
    assert_eq!(traced(&answer), ["my-service 1.0.1", "my-service 1.0.0"]);
    let [newer, older] = &answer.traces[..] else {
        panic!("two traces");
    };
    assert_eq!((newer.builds.len(), newer.builds_truncated), (1, false));
    assert_eq!((older.builds.len(), older.builds_truncated), (21, true));
    assert_eq!(older.builds[0].build_url, "https://ci.example/23");
    assert_eq!((older.checks.len(), older.checks_truncated), (0, false));
    assert_eq!(
        (older.deployments.len(), older.deployments_truncated),
        (0, true)
    );
    assert_eq!((older.events.len(), older.events_truncated), (0, true));
}

async fn r14_what_cannot_be_traced_is_refused(story: Story) {
    story
        .version_event(of_commit("1.2.3", SHA, 0))
        .await
        .unwrap();
    let id = "00000000-0000-8000-8000-000000000001";
    assert_told!(refusal(trace(&story, by_name(PRODUCT, "")).await), @"
    InvalidArgument INVALID_FIELD
    version is required if product_name is set
    ");
    assert_told!(refusal(trace(&story, by_name(" ", "1.2.3")).await), @"
    InvalidArgument INVALID_FIELD
    product_name is required if version is set
    ");
    let all = pb::TraceVersionRequest {
        id: id.into(),
        scm_sha: SHA.into(),
        ..by_name("p\0", "1.2.3")
    };
    assert_told!(refusal(trace(&story, all).await), @"
    InvalidArgument INVALID_FIELD
    id must not be set together with scm_sha
    version must not be set together with scm_sha
    product_name must not have control characters
    ");
    assert_told!(refusal(trace(&story, by_sha("", "abc")).await), @"
    InvalidArgument INVALID_FIELD
    scm_sha must have at least 4 characters (has 3)
    ");
    assert_told!(refusal(trace(&story, by_sha("", "ffff")).await), @"
    NotFound VERSION_NOT_FOUND
    message: there is no version with commit ffff
    resource: versioner.v1.Version with commit ffff
    ");
    assert_told!(refusal(trace(&story, by_sha(PRODUCT, "ffff")).await), @"
    NotFound VERSION_NOT_FOUND
    message: there is no version of my-service with commit ffff
    resource: versioner.v1.Version of my-service with commit ffff
    ");
    assert_told!(refusal(trace(&story, by_sha("nobody", SHA)).await), @"
    NotFound PRODUCT_NOT_FOUND
    message: there is no product nobody
    resource: versioner.v1.Product nobody
    ");
    assert_told!(refusal(trace(&story, by_name(PRODUCT, "9.9.9")).await), @"
    NotFound VERSION_NOT_FOUND
    message: there is no version 9.9.9 of my-service
    resource: versioner.v1.Version 9.9.9 of my-service
    ");
}

on_both_engines!(
    r14_one_call_tells_everything_about_a_version,
    r14_a_commit_is_traced_through_all_its_versions_newest_first,
    r14_an_ambiguous_beginning_is_answered_with_all_candidates,
    r14_a_trace_says_where_there_is_more,
    r14_a_trace_ends_before_it_would_pass_2_mib,
    r14_what_cannot_be_traced_is_refused,
);
