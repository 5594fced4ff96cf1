//! R17: whether a version may be deployed, by itself, in lists, and as the latest that is ready.

use std::collections::HashMap;

use tonic::Status as Refusal;
use versioner::pb::{
    self, BuildStatus, CheckKind, CheckStatus, ConditionReason, ConditionStatus, ConditionType,
    DeploymentStatus, Environment, Product, Readiness, SecurityLimits,
};

use crate::{
    facts::{PRODUCT, SHA, at, build, check, deployment, seconds_from_now},
    refusal::refusal,
    requirements::{requiring, update_environment, update_product},
    story::Story,
};

async fn ask(
    story: &Story,
    request: pb::CheckReadinessRequest,
) -> Result<pb::CheckReadinessResponse, Refusal> {
    let answer = story.versions().check_readiness(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn ready(story: &Story, version: &str, environment: &str) -> pb::CheckReadinessResponse {
    let request = pb::CheckReadinessRequest {
        product_name: PRODUCT.into(),
        version: version.into(),
        environment_name: environment.into(),
        ..Default::default()
    };
    ask(story, request).await.expect("an answer")
}

async fn completed(story: &Story, version: &str) -> pb::SubmitVersionEventResponse {
    let event = pb::VersionEvent {
        scm_sha: SHA.into(),
        build_url: format!("https://ci.example/{version}"),
        occurred_at: at("2026-01-01T12:00:00Z"),
        ..build(version, BuildStatus::Completed)
    };
    story.version_event(event).await.unwrap()
}

/// A line each: status, reason, message, evidence, remedy.
fn told(answer: &pb::CheckReadinessResponse) -> String {
    let line = |c: &pb::Condition| {
        let status = c
            .status()
            .as_str_name()
            .trim_start_matches("CONDITION_STATUS_");
        let kind = c
            .condition_type()
            .as_str_name()
            .trim_start_matches("CONDITION_TYPE_");
        let reason = c
            .reason()
            .as_str_name()
            .trim_start_matches("CONDITION_REASON_");
        let since = c.since.map(|at| format!(" since {at}")).unwrap_or_default();
        let url = &c.evidence_url;
        let remedy = &c.remedy;
        format!(
            "{status} {kind}: {reason}: {}{since} <{url}> [{remedy}]",
            c.message
        )
    };
    let mut lines = vec![answer.readiness().as_str_name().to_owned()];
    lines.extend(answer.conditions.iter().map(line));
    lines.join("\n")
}

async fn r17_a_version_is_ready_not_ready_or_unknown_with_every_condition(story: Story) {
    let built = completed(&story, "1.2.3").await;
    let answer = ready(&story, "1.2.3", "").await;
    assert_told!(told(&answer), @"
    READINESS_READY
    TRUE BUILD_COMPLETED: BUILD_COMPLETED: the latest finished build completed since 2026-01-01T12:00:00Z <https://ci.example/1.2.3> []
    TRUE NO_CHECK_FAILED: NO_CHECK_FAILED: no check is recorded, so none failed <> []
    ");
    assert_eq!(answer.conditions[0].evidence_id, built.build.unwrap().id);
    assert_eq!(answer.environment_name, "");
    let version = answer.version.unwrap();
    assert_eq!(version.readiness(), Readiness::Ready);
    assert_eq!(version.unmet_conditions, []);
    assert!(answer.evaluated_at.unwrap().seconds >= seconds_from_now(-60).unwrap().seconds);

    let product = Product {
        security_limits: Some(SecurityLimits {
            critical: Some(0),
            ..Default::default()
        }),
        ..requiring(&["approval", "e2e", "lint", "unit"])
    };
    update_product(&story, product, &[]).await.unwrap();
    let run = |name: &str, status| pb::CheckEvent {
        url: format!("https://checks.example/{name}"),
        occurred_at: at("2026-01-02T12:00:00Z"),
        ..check("1.2.3", name, status)
    };
    let by_commit = pb::CheckEvent {
        version: String::new(),
        scm_sha: SHA[..12].to_uppercase(),
        ..run("unit", CheckStatus::Passed)
    };
    let expired = pb::CheckEvent {
        expires_at: at("2026-02-01T00:00:00Z"),
        ..run("approval", CheckStatus::Passed)
    };
    let scan = pb::CheckEvent {
        kind: CheckKind::SecurityScan.into(),
        counts: HashMap::from([("critical".into(), 2)]),
        ..run("trivy", CheckStatus::Passed)
    };
    let running = run("e2e", CheckStatus::Running);
    for event in [by_commit, expired, scan, running] {
        story.check_event(event).await.unwrap();
    }
    let answer = ready(&story, "1.2.3", "").await;
    assert_told!(told(&answer), @"
    READINESS_NOT_READY
    FALSE SECURITY_WITHIN_LIMITS: LIMIT_EXCEEDED: security scan trivy found 2 critical (limit 0) since 2026-01-02T12:00:00Z <https://checks.example/trivy> [fix the findings and run the scan again, or deploy another version]
    UNKNOWN REQUIRED_CHECK_PASSED: CHECK_EXPIRED: check approval passed, but its result has expired since 2026-02-01T00:00:00Z <https://checks.example/approval> [run the check again]
    UNKNOWN REQUIRED_CHECK_PASSED: CHECK_RUNNING: check e2e is running since 2026-01-02T12:00:00Z <https://checks.example/e2e> [wait for the check to finish]
    UNKNOWN REQUIRED_CHECK_PASSED: CHECK_ABSENT: check lint is required but was not reported <> [run the check and report it for the version or its commit]
    TRUE BUILD_COMPLETED: BUILD_COMPLETED: the latest finished build completed since 2026-01-01T12:00:00Z <https://ci.example/1.2.3> []
    TRUE NO_CHECK_FAILED: NO_CHECK_FAILED: none of the 4 recorded checks failed <> []
    TRUE REQUIRED_CHECK_PASSED: CHECK_PASSED: check unit passed since 2026-01-02T12:00:00Z <https://checks.example/unit> []
    ");
    let version = answer.version.unwrap();
    assert_eq!(version.readiness(), Readiness::NotReady);
    assert_eq!(version.unmet_conditions, answer.conditions[..4]);
    let names = answer.conditions.iter().map(|c| &c.check_name[..]);
    let names: Vec<&str> = names.collect();
    assert_eq!(names, ["trivy", "approval", "e2e", "lint", "", "", "unit"]);
    let request = pb::GetCheckRequest {
        id: answer.conditions[0].evidence_id.clone(),
    };
    let shown = story.versions().get_check(request).await.unwrap();
    assert_eq!(shown.into_inner().check.unwrap().check_name, "trivy");
}

async fn r17_checks_before_the_version_count_once_it_is_known(story: Story) {
    let failed = pb::CheckEvent {
        version: String::new(),
        scm_sha: SHA.into(),
        ..check("", "unit", CheckStatus::Failed)
    };
    story.check_event(failed).await.unwrap();
    let passed = check("1.2.3", "own", CheckStatus::Passed);
    story.check_event(passed).await.unwrap();
    let answer = ready(&story, "1.2.3", "").await;
    assert_told!(told(&answer), @"
    READINESS_UNKNOWN
    UNKNOWN BUILD_COMPLETED: NO_BUILD: no build is known <> [build the version and report the build]
    TRUE NO_CHECK_FAILED: NO_CHECK_FAILED: the recorded check did not fail <> []
    ");
    completed(&story, "1.2.3").await;
    let answer = ready(&story, "1.2.3", "").await;
    assert_eq!(answer.readiness(), Readiness::NotReady);
    let first = &answer.conditions[0];
    assert_eq!(first.condition_type(), ConditionType::NoCheckFailed);
    assert_eq!(first.status(), ConditionStatus::False);
    assert_eq!(first.reason(), ConditionReason::CheckFailed);
}

async fn r17_an_environment_asks_for_more(story: Story) {
    completed(&story, "1.2.3").await;
    for environment in ["prod", "dev"] {
        let event = deployment("1.2.3", environment, DeploymentStatus::Completed);
        story.deployment_event(event).await.unwrap();
    }
    let prod = Environment {
        name: "production".into(),
        required_checks: vec!["approval".into()],
        ..Default::default()
    };
    update_environment(&story, "prod", prod, &[]).await.unwrap();
    let for_dev = pb::CheckEvent {
        environment_name: "dev".into(),
        ..check("1.2.3", "approval", CheckStatus::Failed)
    };
    story.check_event(for_dev).await.unwrap();
    let readiness = async |environment: &str| ready(&story, "1.2.3", environment).await.readiness();
    assert_eq!(readiness("").await, Readiness::Ready);
    assert_eq!(readiness("dev").await, Readiness::NotReady);
    for name in ["prod", "production"] {
        let answer = ready(&story, "1.2.3", name).await;
        assert_eq!(answer.environment_name, "production");
        assert_eq!(answer.readiness(), Readiness::Unknown);
        let reason = answer.conditions[0].reason();
        assert_eq!(reason, ConditionReason::CheckAbsent);
    }
    let approved = pb::CheckEvent {
        environment_name: "prod".into(),
        ..check("1.2.3", "approval", CheckStatus::Passed)
    };
    story.check_event(approved).await.unwrap();
    assert_eq!(readiness("prod").await, Readiness::Ready);
}

async fn r17_a_version_is_named_by_its_id_or_a_former_name_of_its_product(story: Story) {
    let id = completed(&story, "1.2.3").await.version.unwrap().id;
    let renamed = Product {
        name: "renamed".into(),
        ..Default::default()
    };
    update_product(&story, renamed, &[]).await.unwrap();
    let by_name = ready(&story, "1.2.3", "").await;
    let by_id = pb::CheckReadinessRequest {
        id,
        ..Default::default()
    };
    let by_id = ask(&story, by_id).await.unwrap();
    assert_eq!(by_id.version, by_name.version);
    assert_eq!(by_id.version.unwrap().product_name, "renamed");

    let request = |id: &str, product_name: &str, version: &str, environment: &str| {
        pb::CheckReadinessRequest {
            id: id.into(),
            product_name: product_name.into(),
            version: version.into(),
            environment_name: environment.into(),
        }
    };
    assert_told!(refusal(ask(&story, request("no-uuid", PRODUCT, "", "e\0")).await), @"
    InvalidArgument INVALID_FIELD
    id must be an id issued by this server
    id must not be set together with product_name or version
    environment_name must not have control characters
    ");
    assert_told!(refusal(ask(&story, request("", "nobody", "1.2.3", "")).await), @"
    NotFound PRODUCT_NOT_FOUND
    message: there is no product nobody
    resource: versioner.v1.Product nobody
    ");
    assert_told!(refusal(ask(&story, request("", PRODUCT, "9.9.9", "nowhere")).await), @"
    NotFound VERSION_NOT_FOUND
    message: there is no version 9.9.9 of my-service
    resource: versioner.v1.Version 9.9.9 of my-service
    ");
    assert_told!(refusal(ask(&story, request("", PRODUCT, "1.2.3", "nowhere")).await), @"
    NotFound ENVIRONMENT_NOT_FOUND
    message: there is no environment nowhere
    resource: versioner.v1.Environment nowhere
    ");
}

async fn list(
    story: &Story,
    request: pb::ListVersionsRequest,
) -> Result<pb::ListVersionsResponse, Refusal> {
    let page = story.versions().list_versions(request).await;
    page.map(tonic::Response::into_inner)
}

async fn r17_a_list_tells_the_readiness_of_each_version_when_asked(story: Story) {
    for version in ["1.0.0", "1.0.1", "1.0.2"] {
        completed(&story, version).await;
    }
    let failed = build("1.0.1", BuildStatus::Failed);
    story.version_event(failed).await.unwrap();
    let event = deployment("1.0.0", "prod", DeploymentStatus::Completed);
    story.deployment_event(event).await.unwrap();
    let prod = Environment {
        required_checks: vec!["approval".into()],
        ..Default::default()
    };
    update_environment(&story, "prod", prod, &[]).await.unwrap();
    let approved = check("1.0.0", "approval", CheckStatus::Passed);
    story.check_event(approved).await.unwrap();

    let plain = pb::ListVersionsRequest {
        page_size: 1,
        order: pb::VersionOrder::HighestFirst.into(),
        ..Default::default()
    };
    let asking = pb::ListVersionsRequest {
        include_readiness: true,
        ..plain.clone()
    };
    let for_prod = pb::ListVersionsRequest {
        readiness_environment_name: "prod".into(),
        ..asking.clone()
    };
    use Readiness::{NotReady, Ready, Unknown, Unspecified};
    for (request, environment, expected) in [
        (&plain, "", [Unspecified, Unspecified, Unspecified]),
        (&asking, "", [Ready, NotReady, Ready]),
        (&for_prod, "prod", [Unknown, NotReady, Ready]),
    ] {
        let pages = crate::pages::pages(async |page_token| {
            let request = pb::ListVersionsRequest {
                page_token,
                ..request.clone()
            };
            let page = list(&story, request).await.unwrap();
            (page.versions, page.next_page_token)
        });
        let versions = pages.await.concat();
        let told: Vec<Readiness> = versions.iter().map(pb::Version::readiness).collect();
        assert_eq!(told, expected, "{request:?}");
        for version in versions {
            let alone = ready(&story, &version.version, environment).await;
            let unmet = alone.version.unwrap().unmet_conditions;
            match version.readiness() {
                Unspecified => assert_eq!(version.unmet_conditions, []),
                _ => assert_eq!(version.unmet_conditions, unmet),
            }
        }
    }

    // A token of a list that was asked for other readiness is refused.
    let token = list(&story, asking.clone()).await.unwrap().next_page_token;
    for request in [plain, for_prod] {
        let request = pb::ListVersionsRequest {
            page_token: token.clone(),
            ..request
        };
        assert_told!(refusal(list(&story, request).await), @"
        InvalidArgument INVALID_FIELD
        page_token must be next_page_token of the previous page, and the rest of the request must be the same
        ");
    }
    let without = pb::ListVersionsRequest {
        readiness_environment_name: "prod".into(),
        ..Default::default()
    };
    assert_told!(refusal(list(&story, without).await), @"
    InvalidArgument INVALID_FIELD
    include_readiness is required if readiness_environment_name is set
    ");
    let nowhere = pb::ListVersionsRequest {
        readiness_environment_name: "nowhere".into(),
        ..asking
    };
    assert_told!(refusal(list(&story, nowhere).await), @"
    NotFound ENVIRONMENT_NOT_FOUND
    message: there is no environment nowhere
    resource: versioner.v1.Environment nowhere
    ");
}

async fn r17_the_latest_version_that_is_ready_for_an_environment_or_at_all(story: Story) {
    for version in ["1.0.0", "1.0.1", "1.0.2", "2.0.0-rc.1"] {
        completed(&story, version).await;
    }
    let failed = build("1.0.2", BuildStatus::Failed);
    story.version_event(failed).await.unwrap();
    let event = deployment("1.0.0", "prod", DeploymentStatus::Completed);
    story.deployment_event(event).await.unwrap();
    let prod = Environment {
        required_checks: vec!["approval".into()],
        ..Default::default()
    };
    update_environment(&story, "prod", prod, &[]).await.unwrap();
    let approved = check("1.0.0", "approval", CheckStatus::Passed);
    story.check_event(approved).await.unwrap();

    let latest = async |ready: bool, environment: &str, include_prereleases: bool| {
        let request = pb::GetLatestVersionRequest {
            product_name: PRODUCT.into(),
            ready,
            ready_for_environment_name: environment.into(),
            include_prereleases,
            ..Default::default()
        };
        let answer = story.versions().get_latest_version(request).await?;
        let version = answer.into_inner().version.expect("a version");
        Ok((version.version.clone(), version.readiness()))
    };
    let told = |version: &str, readiness| (version.to_owned(), readiness);
    for (ready, environment, prereleases, expected) in [
        (false, "", false, told("1.0.2", Readiness::Unspecified)),
        (true, "", false, told("1.0.1", Readiness::Ready)),
        (true, "", true, told("2.0.0-rc.1", Readiness::Ready)),
        (true, "prod", true, told("1.0.0", Readiness::Ready)),
        (false, "prod", false, told("1.0.0", Readiness::Ready)),
    ] {
        let found: Result<_, Refusal> = latest(ready, environment, prereleases).await;
        assert_eq!(found.unwrap(), expected);
    }
    assert_told!(refusal(latest(true, "nowhere", false).await), @"
    NotFound ENVIRONMENT_NOT_FOUND
    message: there is no environment nowhere
    resource: versioner.v1.Environment nowhere
    ");
    update_product(&story, requiring(&["e2e"]), &[])
        .await
        .unwrap();
    assert_told!(refusal(latest(true, "", true).await), @"
    NotFound VERSION_NOT_FOUND
    message: there is no version of my-service that matches and is ready
    resource: versioner.v1.Version of my-service that matches and is ready
    ");
    let tested = check("2.0.0-rc.1", "e2e", CheckStatus::Passed);
    story.check_event(tested).await.unwrap();
    assert_told!(refusal(latest(true, "", false).await), @"
    NotFound ONLY_PRERELEASES
    message: all versions of my-service that match are pre-releases; set include_prereleases to get one
    ");
}

on_both_engines!(
    r17_a_version_is_ready_not_ready_or_unknown_with_every_condition,
    r17_checks_before_the_version_count_once_it_is_known,
    r17_an_environment_asks_for_more,
    r17_a_version_is_named_by_its_id_or_a_former_name_of_its_product,
    r17_a_list_tells_the_readiness_of_each_version_when_asked,
    r17_the_latest_version_that_is_ready_for_an_environment_or_at_all,
);
