//! Filters with several values: the same values in any order, or given twice, are the same filter, and so its page
//! tokens are the same.

use versioner::pb::{
    self, BuildStatus, CheckKind, CheckStatus, DeploymentClass, DeploymentStatus, EnvironmentType,
    EventType,
};

use crate::{
    facts::{build, check, deployment},
    pages::pages,
    refusal::refusal,
    story::Story,
};

/// The same values in another order, and one of them twice.
fn shuffled(values: &[i32]) -> Vec<i32> {
    let mut shuffled: Vec<i32> = values.iter().rev().copied().collect();
    shuffled.push(values[0]);
    shuffled
}

/// Reads a list, and turns each page with the same values in another order.
macro_rules! assert_same_tokens {
    ($story:ident, $client:ident . $call:ident($request:ident { $($field:ident: $values:expr),* }).$rows:ident = $count:expr) => {{
        let request = pb::$request {
            page_size: 1,
            $($field: $values.to_vec(),)*
            ..Default::default()
        };
        let reordered = pb::$request {
            $($field: shuffled(&$values),)*
            ..request.clone()
        };
        let mut turn = 0;
        let pages = pages(async |page_token: String| {
            turn += 1;
            let request = if turn % 2 == 0 { &reordered } else { &request };
            let request = pb::$request { page_token, ..request.clone() };
            let page = $story.$client().$call(request).await.unwrap().into_inner();
            (page.$rows, page.next_page_token)
        })
        .await;
        assert_eq!(pages.concat().len(), $count, stringify!($call));
        let first = async |request: &pb::$request| {
            let page = $story.$client().$call(request.clone()).await.unwrap();
            page.into_inner().next_page_token
        };
        assert_eq!(first(&request).await, first(&reordered).await);
    }};
}

async fn the_order_of_the_values_does_not_matter(story: Story) {
    let statuses = [
        BuildStatus::Started,
        BuildStatus::Completed,
        BuildStatus::Failed,
    ];
    for (i, status) in statuses.into_iter().enumerate() {
        let version = format!("1.{i}");
        story.version_event(build(&version, status)).await.unwrap();
        let event = pb::CheckEvent {
            kind: (i as i32) + 1,
            ..check(&version, "unit", CheckStatus::Passed)
        };
        story.check_event(event).await.unwrap();
        let event = deployment(&version, "dev", DeploymentStatus::Completed);
        story.deployment_event(event).await.unwrap();
        let event = deployment(&version, "staging", DeploymentStatus::Failed);
        story.deployment_event(event).await.unwrap();
    }
    let statuses = [BuildStatus::Completed as i32, BuildStatus::Failed as i32];
    let kinds = [CheckKind::Test as i32, CheckKind::SecurityScan as i32];
    let of_deployments = [
        DeploymentStatus::Completed as i32,
        DeploymentStatus::Failed as i32,
    ];
    let classes = [
        DeploymentClass::First as i32,
        DeploymentClass::Upgrade as i32,
    ];
    let types = [EnvironmentType::Dev as i32, EnvironmentType::Staging as i32];
    let events = [EventType::VersionEvent as i32, EventType::CheckEvent as i32];
    assert_same_tokens!(
        story,
        versions
            .list_versions(ListVersionsRequest { statuses: statuses })
            .versions = 2
    );
    assert_same_tokens!(
        story,
        versions
            .list_builds(ListBuildsRequest { statuses: statuses })
            .builds = 2
    );
    assert_same_tokens!(
        story,
        versions
            .list_checks(ListChecksRequest { kinds: kinds })
            .checks = 2
    );
    assert_same_tokens!(
        story,
        deployments
            .list_deployments(ListDeploymentsRequest {
                statuses: of_deployments
            })
            .deployments = 6
    );
    assert_same_tokens!(
        story,
        deployments
            .list_deployments(ListDeploymentsRequest {
                deployment_classes: classes
            })
            .deployments = 3
    );
    assert_same_tokens!(
        story,
        catalog
            .list_environments(ListEnvironmentsRequest {
                environment_types: types
            })
            .environments = 2
    );
    assert_same_tokens!(
        story,
        events
            .list_events(ListEventsRequest {
                event_types: events
            })
            .events = 6
    );
}

#[tokio::test]
async fn a_value_must_be_known_and_is_named_by_its_index() {
    let story = Story::on_sqlite().await;
    let request = pb::ListDeploymentsRequest {
        statuses: vec![3, 0, 9],
        deployment_classes: vec![6],
        ..Default::default()
    };
    let answer = story.deployments().list_deployments(request).await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    statuses[1] must not be 0 (unspecified)
    statuses[2] must be 1 (pending), 2 (started), 3 (completed), 4 (failed) or 5 (aborted) (is 9)
    deployment_classes[0] must be 1 (first), 2 (upgrade), 3 (downgrade), 4 (redeploy) or 5 (rollback) (is 6)
    ");
    let request = pb::ListEventsRequest {
        event_types: vec![8; 8],
        ..Default::default()
    };
    let answer = story.events().list_events(request).await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    event_types must have at most 7 elements (has 8)
    ");
}

async fn an_empty_instance_or_environment_is_a_value(story: Story) {
    for (version, instance) in [("1.0", ""), ("1.1", "eu"), ("1.2", "")] {
        let event = pb::DeploymentEvent {
            instance: instance.into(),
            ..deployment(version, "prod", DeploymentStatus::Completed)
        };
        story.deployment_event(event).await.unwrap();
        let event = pb::CheckEvent {
            environment_name: if instance.is_empty() { "prod" } else { "" }.into(),
            ..check(version, "unit", CheckStatus::Passed)
        };
        story.check_event(event).await.unwrap();
    }
    let deployments = async |instance: Option<&str>| {
        let request = pb::ListDeploymentsRequest {
            instance: instance.map(Into::into),
            ..Default::default()
        };
        let page = story.deployments().list_deployments(request).await.unwrap();
        let rows = page.into_inner().deployments.into_iter();
        rows.map(|row| row.version).collect::<Vec<_>>()
    };
    assert_eq!(deployments(None).await, ["1.2", "1.1", "1.0"]);
    assert_eq!(deployments(Some("")).await, ["1.2", "1.0"]);
    assert_eq!(deployments(Some(" ")).await, ["1.2", "1.0"]);
    assert_eq!(deployments(Some("eu")).await, ["1.1"]);
    let checks = async |environment_name: Option<&str>| {
        let request = pb::ListChecksRequest {
            environment_name: environment_name.map(Into::into),
            ..Default::default()
        };
        let page = story.versions().list_checks(request).await.unwrap();
        let rows = page.into_inner().checks.into_iter();
        rows.map(|row| row.version).collect::<Vec<_>>()
    };
    assert_eq!(checks(None).await, ["1.2", "1.1", "1.0"]);
    assert_eq!(checks(Some("")).await, ["1.1"]);
    assert_eq!(checks(Some("prod")).await, ["1.2", "1.0"]);
}

on_both_engines!(
    the_order_of_the_values_does_not_matter,
    an_empty_instance_or_environment_is_a_value,
);
