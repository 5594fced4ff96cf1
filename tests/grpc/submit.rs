//! One event, one call: its receipt, the state that it led to, and what `validate_only` answers.

use versioner::pb::{self, BuildStatus, CheckStatus, DeploymentStatus, EnvironmentType};

use crate::{
    facts::{SHA, at, build, check, deployment},
    refusal::refusal,
    story::Story,
};

async fn r1_a_version_event_brings_product_and_version_into_being(story: Story) {
    let event = pb::VersionEvent {
        event_id: "run-1-start".into(),
        occurred_at: at("2026-01-01T12:00:00Z"),
        scm_sha: SHA.to_uppercase(),
        scm_branch: "main".into(),
        ..build("1.2.3", BuildStatus::Started)
    };
    let answer = story.version_event(event.clone()).await.unwrap();
    let receipt = answer.receipt.unwrap();
    let (version, build) = (answer.version.unwrap(), answer.build.unwrap());
    assert_eq!(
        (receipt.position, &receipt.event_id[..]),
        (1, "run-1-start")
    );
    assert_eq!(receipt.occurred_at, event.occurred_at);
    assert!(receipt.product_created && receipt.version_created);
    assert!(!receipt.duplicate && !receipt.environment_created);

    assert_eq!(version.status(), BuildStatus::Started);
    assert_eq!(version.scm_sha, SHA);
    assert_eq!(version.scm_branch, "main");
    assert_eq!(version.created_at, event.occurred_at);
    assert_eq!(version.latest_build_id, build.id);
    assert_eq!(version.scheme(), pb::VersionScheme::Semantic);
    assert_eq!(build.status(), BuildStatus::Started);
    assert_eq!(build.started_at, event.occurred_at);
    assert_eq!(build.completed_at, None);
    assert_eq!(build.version_id, version.id);
    assert_eq!(build.product_id, version.product_id);

    let answer = story
        .version_event(pb::VersionEvent {
            version: "1.2.4".into(),
            event_id: String::new(),
            ..event
        })
        .await;
    let receipt = answer.unwrap().receipt.unwrap();
    assert!(!receipt.product_created && receipt.version_created);
    assert_eq!(receipt.position, 2);
    assert_ne!(receipt.event_id, "");
}

async fn r1_a_deployment_event_brings_its_environment_into_being(story: Story) {
    let event = pb::DeploymentEvent {
        instance: "eu-1".into(),
        deployed_by: "alice".into(),
        build_url: "https://ci.example/7".into(),
        occurred_at: at("2026-01-01T12:00:00Z"),
        ..deployment("1.2.3", "production-eu", DeploymentStatus::Completed)
    };
    let answer = story.deployment_event(event.clone()).await.unwrap();
    let receipt = answer.receipt.unwrap();
    assert!(receipt.product_created && receipt.version_created && receipt.environment_created);
    let (deployed, version) = (answer.deployment.unwrap(), answer.version.unwrap());
    assert_eq!(deployed.status(), pb::DeploymentStatus::Completed);
    assert!(deployed.current);
    assert_eq!(deployed.environment_name, "production-eu");
    assert_eq!(deployed.instance, "eu-1");
    assert_eq!(deployed.deployed_by, "alice");
    assert_eq!(deployed.deploy_url, "https://ci.example/7");
    assert_eq!(deployed.completed_at, event.occurred_at);
    assert_eq!(deployed.version_id, version.id);
    // R5: known from a deployment only, which is not the same as pending.
    assert_eq!(version.status(), BuildStatus::Unspecified);
    assert_eq!(version.latest_build_id, "");

    let both_urls = pb::DeploymentEvent {
        deploy_url: "https://cd.example/8".into(),
        ..event
    };
    let answer = story.deployment_event(both_urls).await.unwrap();
    assert_eq!(
        answer.deployment.unwrap().deploy_url,
        "https://cd.example/8"
    );

    let request = pb::GetEnvironmentRequest {
        name: "production-eu".into(),
        ..Default::default()
    };
    let environment = story.catalog().get_environment(request).await.unwrap();
    let environment = environment.into_inner().environment.unwrap();
    assert_eq!(environment.environment_type(), EnvironmentType::Production);
}

async fn a_check_event_is_answered_with_the_checks_latest_state(story: Story) {
    let event = pb::CheckEvent {
        counts: [("passed".into(), 17), ("failed".into(), 1)].into(),
        summary: "1 of 18 failed".into(),
        url: "https://ci.example/tests/7".into(),
        checked_by: "pytest".into(),
        expires_at: at("2027-01-01T00:00:00Z"),
        environment_name: "staging".into(),
        ..check("1.2.3", "unit", CheckStatus::Failed)
    };
    let answer = story.check_event(event).await.unwrap();
    let receipt = answer.receipt.unwrap();
    assert!(receipt.product_created && receipt.version_created && receipt.environment_created);
    let failed = answer.check.unwrap();
    assert_eq!(failed.status(), CheckStatus::Failed);
    assert_eq!(failed.kind(), pb::CheckKind::Test);
    assert_eq!((failed.counts["passed"], failed.counts["failed"]), (17, 1));
    assert_eq!(failed.summary, "1 of 18 failed");
    assert_eq!(failed.url, "https://ci.example/tests/7");
    assert_eq!(failed.checked_by, "pytest");
    assert_eq!(failed.expires_at, at("2027-01-01T00:00:00Z"));
    assert_eq!(failed.environment_name, "staging");

    let again = pb::CheckEvent {
        environment_name: "staging".into(),
        ..check("1.2.3", "unit", CheckStatus::Passed)
    };
    let passed = story.check_event(again).await.unwrap().check.unwrap();
    assert_eq!(passed.status(), CheckStatus::Passed);
    assert_eq!(passed.id, failed.id);
    let everywhere = check("1.2.3", "unit", CheckStatus::Running);
    let everywhere = story.check_event(everywhere).await.unwrap().check.unwrap();
    assert_ne!(everywhere.id, failed.id);
}

async fn validate_only_answers_as_if_and_records_nothing(story: Story) {
    let validate = |event| {
        let mut events = story.events();
        async move {
            let request = pb::SubmitVersionEventRequest {
                event: Some(event),
                validate_only: true,
            };
            let answer = events.submit_version_event(request).await;
            answer.map(tonic::Response::into_inner)
        }
    };
    let event = pb::VersionEvent {
        event_id: "run-1".into(),
        scm_sha: SHA.into(),
        ..build("1.2.3", BuildStatus::Started)
    };
    let answer = validate(event.clone()).await.unwrap();
    assert_eq!((answer.version, answer.build), (None, None));
    let receipt = answer.receipt.unwrap();
    assert_eq!((receipt.position, &receipt.event_id[..]), (0, "run-1"));
    assert!(receipt.product_created && receipt.version_created);
    assert_eq!(story.log().await, []);

    let first = story.version_event(event.clone()).await.unwrap();
    let first = first.receipt.unwrap();
    let repeat = validate(event.clone()).await.unwrap().receipt.unwrap();
    assert_eq!(
        repeat,
        pb::EventReceipt {
            duplicate: true,
            ..first
        }
    );
    let conflict = pb::VersionEvent {
        event_id: String::new(),
        scm_sha: "0".repeat(40),
        ..event
    };
    assert_told!(refusal(validate(conflict).await), @"
    AlreadyExists VERSION_COMMIT_CONFLICT
    message: version 1.2.3 of my-service was built from commit abc123def4567890abc123def4567890abc123de; the commit of a version is permanent; the event has 0000000000000000000000000000000000000000
    given_scm_sha: 0000000000000000000000000000000000000000
    product_name: my-service
    recorded_scm_sha: abc123def4567890abc123def4567890abc123de
    version: 1.2.3
    ");

    let mut events = story.events();
    let request = pb::SubmitDeploymentEventRequest {
        event: Some(deployment("1.2.3", "dev", DeploymentStatus::Completed)),
        validate_only: true,
    };
    let answer = events.submit_deployment_event(request).await.unwrap();
    let answer = answer.into_inner();
    assert_eq!((answer.deployment, answer.version), (None, None));
    assert!(answer.receipt.unwrap().environment_created);
    let request = pb::SubmitCheckEventRequest {
        event: Some(check("1.2.3", "unit", CheckStatus::Passed)),
        validate_only: true,
    };
    let answer = events.submit_check_event(request).await.unwrap();
    assert_eq!(answer.into_inner().check, None);
    assert_eq!(story.log().await.len(), 1);
}

on_both_engines!(
    r1_a_version_event_brings_product_and_version_into_being,
    r1_a_deployment_event_brings_its_environment_into_being,
    a_check_event_is_answered_with_the_checks_latest_state,
    validate_only_answers_as_if_and_records_nothing,
);
