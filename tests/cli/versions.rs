//! `versioner versions`.

use insta::assert_snapshot;
use versioner::pb;

use crate::{
    fake_server::FakeServer,
    fixtures::{condition, version},
    terminal::{command, run, versioner},
};

fn page(versions: impl Into<Vec<pb::Version>>, next: &str) -> pb::ListVersionsResponse {
    pb::ListVersionsResponse {
        versions: versions.into(),
        next_page_token: next.to_owned(),
        ..Default::default()
    }
}

async fn server() -> FakeServer {
    let server = FakeServer::start().await;
    let failed = pb::Version {
        status: Some(pb::BuildStatus::Failed.into()),
        scm_branch: "feature/colours".to_owned(),
        ..version("2.0.0-beta.1")
    };
    let stale = pb::Version {
        status: Some(pb::BuildStatus::Started.into()),
        stale: true,
        ..version("1.2.2")
    };
    let deployed_only = pb::Version {
        status: None,
        scm_sha: String::new(),
        scm_branch: String::new(),
        ..version("1.0.0")
    };
    let page = page([failed, version("1.2.3"), stale, deployed_only], "");
    server.state().versions.push_back(Ok(page));
    server
}

#[tokio::test]
async fn versions_are_a_table() {
    let server = server().await;
    let run = versioner(&server.url(), &["versions", "my-service"]).await;
    assert_snapshot!(run.shown(), @r"
    VERSION       STATUS       COMMIT        BRANCH           CREATED
    2.0.0-beta.1  ✗ failed     abc123def456  feature/colours  2025-10-01 10:04Z
    1.2.3         ✓ completed  abc123def456  main             2025-10-01 10:04Z
    1.2.2         ? stale      abc123def456  main             2025-10-01 10:04Z
    1.0.0         not built                                   2025-10-01 10:04Z
    ");
    let run = versioner(&server.url(), &["versions"]).await;
    assert_snapshot!(run.shown(), @r"
    PRODUCT     VERSION       STATUS       COMMIT        BRANCH           CREATED
    my-service  2.0.0-beta.1  ✗ failed     abc123def456  feature/colours  2025-10-01 10:04Z
    my-service  1.2.3         ✓ completed  abc123def456  main             2025-10-01 10:04Z
    my-service  1.2.2         ? stale      abc123def456  main             2025-10-01 10:04Z
    my-service  1.0.0         not built                                   2025-10-01 10:04Z
    ");
}

#[tokio::test]
async fn every_filter_is_asked_for() {
    let server = server().await;
    versioner(
        &server.url(),
        &[
            "versions",
            "my-service",
            "--branch=main",
            "--status=Success",
            "--sha=ABC1",
            "--environment=production",
            "--limit=7",
            "--order=highest",
            "--readiness",
            "--for=production",
        ],
    )
    .await
    .shown();
    let expected = pb::ListVersionsRequest {
        page_size: 7,
        product_name: "my-service".to_owned(),
        statuses: vec![pb::BuildStatus::Completed.into()],
        scm_branch: "main".to_owned(),
        scm_sha: "ABC1".to_owned(),
        environment_name: "production".to_owned(),
        order: pb::VersionOrder::HighestFirst.into(),
        include_readiness: true,
        readiness_environment_name: "production".to_owned(),
        ..Default::default()
    };
    assert_eq!(server.state().asked.versions, [expected]);
}

#[tokio::test]
async fn pages_are_asked_for_up_to_the_limit() {
    let server = FakeServer::start().await;
    let versions = |from: usize, to: usize| (from..to).map(|n| version(&n.to_string()));
    for (from, to, next) in [(0, 1_000, "a"), (1_000, 1_200, "b"), (1_200, 1_500, "c")] {
        let page = page(versions(from, to).collect::<Vec<_>>(), next);
        server.state().versions.push_back(Ok(page));
    }
    let run = versioner(&server.url(), &["versions", "my-service", "--limit=1500"]).await;
    let output = run.shown();
    assert_eq!(output.lines().count(), 1 + 1_500 + 1);
    assert!(output.ends_with("The first 1500; there are more (--limit).\n"));
    let asked: Vec<(i32, String)> = {
        let state = server.state();
        let asked = state.asked.versions.iter();
        asked
            .map(|page| (page.page_size, page.page_token.clone()))
            .collect()
    };
    let of = |size, token: &str| (size, token.to_owned());
    assert_eq!(asked, [of(1_000, ""), of(500, "a"), of(300, "b")]);
}

#[tokio::test]
async fn r17_readiness_is_shown_with_its_reasons() {
    let server = FakeServer::start().await;
    let not_ready = pb::Version {
        readiness: Some(pb::Readiness::NotReady.into()),
        unmet_conditions: vec![
            condition(
                pb::ConditionStatus::False,
                pb::ConditionReason::CheckFailed,
                "unit",
            ),
            condition(
                pb::ConditionStatus::Unknown,
                pb::ConditionReason::ScanAbsent,
                "",
            ),
        ],
        ..version("1.2.4")
    };
    let ready = pb::Version {
        readiness: Some(pb::Readiness::Ready.into()),
        ..version("1.2.3")
    };
    server
        .state()
        .versions
        .push_back(Ok(page([not_ready, ready], "")));
    let run = versioner(&server.url(), &["versions", "my-service", "--readiness"]).await;
    assert_snapshot!(run.shown(), @r"
    VERSION  STATUS       READINESS    COMMIT        BRANCH  CREATED            BECAUSE
    1.2.4    ✓ completed  ✗ not ready  abc123def456  main    2025-10-01 10:04Z  unit: check failed, scan absent
    1.2.3    ✓ completed  ✓ ready      abc123def456  main    2025-10-01 10:04Z
    ");
}

#[tokio::test]
async fn r14_an_ambiguous_sha_lists_its_commits() {
    let server = FakeServer::start().await;
    let page = pb::ListVersionsResponse {
        commits: vec!["abc123def456".to_owned(), "abc1ffffffff".to_owned()],
        ..page([version("1.2.3")], "")
    };
    server.state().versions.push_back(Ok(page));
    let run = versioner(&server.url(), &["versions", "--sha=abc1"]).await;
    assert_snapshot!(run.shown(), @r"
    PRODUCT     VERSION  STATUS       COMMIT        BRANCH  CREATED
    my-service  1.2.3    ✓ completed  abc123def456  main    2025-10-01 10:04Z
    Several commits match: abc123def456, abc1ffffffff
    ");
}

#[tokio::test]
async fn an_empty_list_of_an_existing_product_is_not_an_error() {
    let server = FakeServer::start().await;
    {
        let mut state = server.state();
        state.versions.push_back(Ok(page([], "")));
        let product = pb::GetProductResponse::default();
        state.product.push_back(Ok(product));
    }
    let run = versioner(&server.url(), &["versions", "my-service"]).await;
    assert_eq!(run.shown(), "No version matches.\n");
    let run = versioner(&server.url(), &["versions"]).await;
    assert_eq!(run.shown(), "No version matches.\n");
}

#[tokio::test]
async fn names_are_the_versions_alone() {
    let server = server().await;
    let run = versioner(&server.url(), &["versions", "-o", "name"]).await;
    assert_eq!(run.shown(), "2.0.0-beta.1\n1.2.3\n1.2.2\n1.0.0\n");
}

#[tokio::test]
async fn json_has_the_field_names_of_the_contract() {
    let server = server().await;
    let run = versioner(&server.url(), &["versions", "--output=json"]).await;
    let json = run.json();
    let version = &json["versions"][2];
    assert_eq!(version["product_name"], "my-service");
    assert_eq!(version["status"], "started");
    assert_eq!(version["stale"], true);
    assert_eq!(version["created_at"], "2025-10-01T10:04:05Z");
    assert!(run.output.starts_with("{\n") && run.output.ends_with("}\n"));
}

#[tokio::test]
async fn colour_is_for_terminals_and_on_request() {
    let server = server().await;
    let colours = async |color: &str, variables: &[(&str, &str)]| {
        let mut command = command(&server.url(), &["versions", color]);
        command.envs(variables.iter().copied()).env("TERM", "xterm");
        run(command).await.shown().contains('\u{1b}')
    };
    assert!(!colours("--color=auto", &[]).await);
    assert!(!colours("--color=never", &[("CLICOLOR_FORCE", "1")]).await);
    assert!(!colours("--color=auto", &[("NO_COLOR", "1")]).await);
    assert!(colours("--color=always", &[("NO_COLOR", "1")]).await);
}

#[tokio::test]
async fn a_text_of_somebody_else_cannot_steer_the_terminal() {
    let server = FakeServer::start().await;
    let nasty = pb::Version {
        scm_branch: "a\u{1b}[2J\nb".to_owned(),
        ..version("1.2.3")
    };
    server.state().versions.push_back(Ok(page([nasty], "")));
    let run = versioner(&server.url(), &["versions", "my-service", "--color=always"]).await;
    let output = run.shown();
    assert!(output.contains("a [2J b"), "{output:?}");
}
