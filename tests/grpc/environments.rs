//! R12 and R15: environments, their types, how they are renamed and deleted.

use prost_types::FieldMask;
use tonic::Status as Refusal;
use versioner::pb::{self, CheckStatus, DeploymentStatus, Environment, EnvironmentType, EventType};

use crate::{
    facts::{check, deployment},
    refusal::refusal,
    story::Story,
};

async fn deploy(story: &Story, environment: &str) -> pb::Deployment {
    let event = deployment("1.0.0", environment, DeploymentStatus::Completed);
    let answer = story.deployment_event(event).await.unwrap();
    answer.deployment.unwrap()
}

async fn get(story: &Story, name: &str) -> Result<Environment, Refusal> {
    let request = pb::GetEnvironmentRequest {
        name: name.into(),
        ..Default::default()
    };
    let answer = story.catalog().get_environment(request).await?;
    Ok(answer.into_inner().environment.expect("an environment"))
}

async fn update(
    story: &Story,
    name: &str,
    environment: Environment,
    mask: &[&str],
) -> Result<Environment, Refusal> {
    let request = pb::UpdateEnvironmentRequest {
        name: name.into(),
        environment: Some(environment),
        update_mask: Some(FieldMask {
            paths: mask.iter().map(|path| (*path).into()).collect(),
        }),
        ..Default::default()
    };
    let answer = story.catalog().update_environment(request).await?;
    Ok(answer.into_inner().environment.expect("an environment"))
}

async fn delete(
    story: &Story,
    name: &str,
    force: bool,
) -> Result<pb::DeleteEnvironmentResponse, Refusal> {
    let request = pb::DeleteEnvironmentRequest {
        name: name.into(),
        force,
        ..Default::default()
    };
    let answer = story.catalog().delete_environment(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn r12_the_type_is_inferred_from_the_words_of_the_name_and_can_be_set(story: Story) {
    for (name, expected) in [
        ("production-us-east", EnvironmentType::Production),
        ("qa-smoke", EnvironmentType::Test),
        ("dev-team-a", EnvironmentType::Dev),
        ("pre-prod", EnvironmentType::Staging),
        ("nonprod", EnvironmentType::Other),
        ("somewhere", EnvironmentType::Other),
    ] {
        deploy(&story, name).await;
        assert_eq!(
            get(&story, name).await.unwrap().environment_type(),
            expected,
            "{name}"
        );
    }
    let staging = Environment {
        environment_type: EnvironmentType::Staging.into(),
        ..Default::default()
    };
    let set = update(&story, "somewhere", staging, &[]).await.unwrap();
    assert_eq!(set.environment_type(), EnvironmentType::Staging);
    // Its name is not looked at again.
    let renamed = Environment {
        name: "production".into(),
        ..Default::default()
    };
    let renamed = update(&story, "somewhere", renamed, &[]).await.unwrap();
    assert_eq!(renamed.environment_type(), EnvironmentType::Staging);

    let of_type = async |kind: EnvironmentType| {
        let request = pb::ListEnvironmentsRequest {
            environment_types: match kind {
                EnvironmentType::Unspecified => vec![],
                kind => vec![kind.into()],
            },
            ..Default::default()
        };
        let page = story.catalog().list_environments(request).await.unwrap();
        let page = page.into_inner().environments;
        page.into_iter().map(|e| e.name).collect::<Vec<_>>()
    };
    assert_eq!(
        of_type(EnvironmentType::Staging).await,
        ["pre-prod", "production"]
    );
    assert_eq!(of_type(EnvironmentType::Other).await, ["nonprod"]);
    assert_eq!(of_type(EnvironmentType::Unspecified).await.len(), 6);
}

async fn r15_an_old_name_goes_on_finding_a_renamed_environment(story: Story) {
    let before = deploy(&story, "prod").await;
    let renamed = Environment {
        name: "production-eu".into(),
        ..Default::default()
    };
    let renamed = update(&story, "prod", renamed, &[]).await.unwrap();
    assert_eq!(renamed.aliases, ["prod"]);
    let posted = deploy(&story, "prod").await;
    assert_eq!(posted.environment_name, "production-eu");
    assert_eq!(posted.environment_id, before.environment_id);
    for name in ["prod", "production-eu"] {
        let request = pb::ListDeploymentsRequest {
            environment_name: name.into(),
            ..Default::default()
        };
        let page = story.deployments().list_deployments(request).await.unwrap();
        assert_eq!(page.into_inner().deployments.len(), 2, "{name}");
    }
    assert_eq!(get(&story, "prod").await.unwrap(), renamed);
}

#[tokio::test]
async fn what_is_wrong_with_an_update_is_told_at_once() {
    let story = Story::on_sqlite().await;
    deploy(&story, "dev").await;
    let environment = Environment {
        name: "\0".into(),
        environment_type: 6,
        description: "\u{7}".into(),
        aliases: vec!["a".repeat(256)],
        ..Default::default()
    };
    let answer = update(&story, "dev", environment, &["created_at"]).await;
    assert_told!(refusal(answer), @r#"
    InvalidArgument INVALID_FIELD
    update_mask must have only name, environment_type, description, aliases, required_checks, security_limits (has "created_at")
    "#);
    let environment = Environment {
        name: "\0".into(),
        environment_type: 6,
        description: "\u{7}".into(),
        aliases: vec!["a".repeat(256)],
        ..Default::default()
    };
    let answer = update(&story, "dev", environment, &[]).await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    environment.environment_type must be 1 (dev), 2 (test), 3 (staging), 4 (production) or 5 (other) (is 6)
    environment.name must not have control characters
    environment.description must not have control characters other than line breaks and tabs
    environment.aliases[0] must have at most 255 characters (has 256)
    ");
    let answer = update(&story, "dev", Environment::default(), &["environment_type"]).await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    environment.environment_type is required if update_mask has it: the type cannot be removed
    ");
}

async fn a_name_or_alias_belongs_to_one_environment(story: Story) {
    deploy(&story, "dev").await;
    deploy(&story, "prod").await;
    let taken = Environment {
        name: "prod".into(),
        ..Default::default()
    };
    assert_told!(refusal(update(&story, "dev", taken, &[]).await), @"
    AlreadyExists ENVIRONMENT_NAME_TAKEN
    message: prod is the name or an alias of another environment
    name: prod
    ");
}

async fn r15_an_environment_in_use_is_deleted_with_force_and_what_was_made_for_it(story: Story) {
    deploy(&story, "dev").await;
    let kept = deploy(&story, "prod").await;
    let event = pb::CheckEvent {
        environment_name: "dev".into(),
        ..check("1.0.0", "smoke", CheckStatus::Passed)
    };
    story.check_event(event).await.unwrap();
    story
        .check_event(check("1.0.0", "unit", CheckStatus::Passed))
        .await
        .unwrap();

    assert_told!(refusal(delete(&story, "dev", false).await), @"
    FailedPrecondition ENVIRONMENT_IN_USE
    message: environment dev has deployments; set force to delete it with them
    name: dev
    ");
    let deleted = delete(&story, "dev", true).await.unwrap();
    assert_eq!(
        deleted,
        pb::DeleteEnvironmentResponse {
            checks: 1,
            deployments: 1,
            events: 2,
        }
    );
    assert_told!(refusal(delete(&story, "dev", true).await), @"
    NotFound ENVIRONMENT_NOT_FOUND
    message: there is no environment dev
    resource: versioner.v1.Environment dev
    ");

    let request = pb::ListDeploymentsRequest::default();
    let page = story.deployments().list_deployments(request).await.unwrap();
    assert_eq!(page.into_inner().deployments, [kept]);
    let request = pb::ListChecksRequest::default();
    let page = story.versions().list_checks(request).await.unwrap();
    let checks = page.into_inner().checks;
    assert!(checks.iter().map(|c| &c.check_name[..]).eq(["unit"]));
    let log = story.log().await;
    let has_content = log.iter().map(|event| event.content.is_some());
    assert!(has_content.eq([false, true, false, true, true]));
    assert_eq!(log[4].event_type(), EventType::EnvironmentDeleted);
}

async fn an_environment_of_nothing_is_deleted_without_force(story: Story) {
    deploy(&story, "dev").await;
    let request = pb::DeleteProductRequest {
        name: crate::facts::PRODUCT.into(),
        force: true,
        ..Default::default()
    };
    story.catalog().delete_product(request).await.unwrap();
    let deleted = delete(&story, "dev", false).await.unwrap();
    assert_eq!(deleted, pb::DeleteEnvironmentResponse::default());
    assert_eq!(
        get(&story, "dev").await.unwrap_err().code(),
        tonic::Code::NotFound
    );
}

on_both_engines!(
    r12_the_type_is_inferred_from_the_words_of_the_name_and_can_be_set,
    r15_an_old_name_goes_on_finding_a_renamed_environment,
    a_name_or_alias_belongs_to_one_environment,
    r15_an_environment_in_use_is_deleted_with_force_and_what_was_made_for_it,
    an_environment_of_nothing_is_deleted_without_force,
);
