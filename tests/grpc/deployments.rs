//! Deployments: what is current where (R11), and how they are listed.

use versioner::pb::{self, DeploymentStatus};

use crate::{
    facts::{PRODUCT, at, deployment},
    story::Story,
};

fn deployed(
    version: &str,
    environment: &str,
    status: DeploymentStatus,
    time: &str,
) -> pb::DeploymentEvent {
    pb::DeploymentEvent {
        occurred_at: at(&format!("2026-01-01T{time}Z")),
        ..deployment(version, environment, status)
    }
}

async fn list(story: &Story, request: pb::ListDeploymentsRequest) -> Vec<pb::Deployment> {
    let page = story.deployments().list_deployments(request).await;
    page.unwrap().into_inner().deployments
}

/// What runs in production, with its instances.
async fn current(story: &Story) -> Vec<(String, String)> {
    let request = pb::ListDeploymentsRequest {
        environment_name: "production".into(),
        current_only: true,
        ..Default::default()
    };
    let mut current: Vec<_> = list(story, request)
        .await
        .into_iter()
        .map(|d| (d.instance, d.version))
        .collect();
    current.sort();
    current
}

async fn r11_the_current_version_is_that_of_the_latest_completed_deployment(story: Story) {
    let expect = async |event: pb::DeploymentEvent, version: &str| {
        let answer = story.deployment_event(event).await.unwrap();
        let runs_there = current(&story).await;
        assert_eq!(runs_there, [(String::new(), version.to_owned())]);
        answer.deployment.unwrap()
    };
    let first = expect(
        deployed(
            "1.0.0",
            "production",
            DeploymentStatus::Completed,
            "12:00:00",
        ),
        "1.0.0",
    )
    .await;
    assert!(first.current);
    let failed = expect(
        deployed("1.1.0", "production", DeploymentStatus::Failed, "12:01:00"),
        "1.0.0",
    )
    .await;
    assert!(!failed.current);
    let in_progress = expect(
        deployed("1.2.0", "production", DeploymentStatus::Started, "12:02:00"),
        "1.0.0",
    )
    .await;
    assert_eq!(in_progress.status(), DeploymentStatus::Started);
    expect(
        deployed(
            "1.2.0",
            "production",
            DeploymentStatus::Completed,
            "12:03:00",
        ),
        "1.2.0",
    )
    .await;
    // It finished before the current one did, and is told of late.
    expect(
        deployed(
            "0.9.0",
            "production",
            DeploymentStatus::Completed,
            "12:02:30",
        ),
        "1.2.0",
    )
    .await;
    // It began earlier, and finished later.
    let long = pb::DeploymentEvent {
        started_at: at("2026-01-01T11:00:00Z"),
        completed_at: at("2026-01-01T12:04:00Z"),
        ..deployed(
            "1.3.0",
            "production",
            DeploymentStatus::Completed,
            "12:02:45",
        )
    };
    expect(long, "1.3.0").await;

    let request = pb::GetDeploymentRequest { id: first.id };
    let first = story.deployments().get_deployment(request).await.unwrap();
    let first = first.into_inner().deployment.unwrap();
    assert!(!first.current);
    assert_eq!(first.version, "1.0.0");
}

async fn r11_each_instance_of_an_environment_has_its_own_current_version(story: Story) {
    for (version, instance, status) in [
        ("1.0.0", "eu", DeploymentStatus::Completed),
        ("1.0.0", "us", DeploymentStatus::Completed),
        ("1.1.0", "eu", DeploymentStatus::Completed),
        ("1.1.0", "us", DeploymentStatus::Failed),
    ] {
        let event = pb::DeploymentEvent {
            instance: instance.into(),
            ..deployment(version, "production", status)
        };
        story.deployment_event(event).await.unwrap();
    }
    let eu_and_us = [("eu", "1.1.0"), ("us", "1.0.0")];
    assert_eq!(
        current(&story).await,
        eu_and_us.map(|(i, v)| (i.into(), v.into()))
    );
}

async fn r5_a_deployment_is_one_from_its_start_to_its_end(story: Story) {
    let of_run = |status, time| pb::DeploymentEvent {
        invoke_id: "deploy-7".into(),
        ..deployed("1.0.0", "production", status, time)
    };
    let started = story
        .deployment_event(of_run(DeploymentStatus::Started, "12:00:00"))
        .await;
    let started = started.unwrap().deployment.unwrap();
    let done = story
        .deployment_event(of_run(DeploymentStatus::Completed, "12:03:00"))
        .await;
    let done = done.unwrap().deployment.unwrap();
    assert_eq!(started.id, done.id);
    assert_eq!(done.started_at, at("2026-01-01T12:00:00Z"));
    assert_eq!(done.completed_at, at("2026-01-01T12:03:00Z"));
    assert_eq!((&done.invoke_id[..], done.invoke_attempt), ("deploy-7", 1));
    assert_eq!(list(&story, Default::default()).await, [done]);
}

async fn deployments_are_listed_latest_first_and_each_filter_tells_them_apart(story: Story) {
    for event in [
        pb::DeploymentEvent {
            invoke_id: "run-1".into(),
            deployed_by: "alice".into(),
            ..deployed("1.0.0", "dev", DeploymentStatus::Completed, "12:00:00")
        },
        pb::DeploymentEvent {
            instance: "eu".into(),
            ..deployed("1.0.1", "production", DeploymentStatus::Failed, "12:00:01")
        },
        pb::DeploymentEvent {
            product_name: "other".into(),
            ..deployed("2.0.0", "dev", DeploymentStatus::Completed, "12:00:02")
        },
        deployed("1.0.1", "dev", DeploymentStatus::Completed, "12:00:03"),
    ] {
        story.deployment_event(event).await.unwrap();
    }
    macro_rules! shows {
        ({ $($field:ident: $value:expr),* } $expected:expr) => {{
            let request = pb::ListDeploymentsRequest {
                $($field: $value.into(),)*
                ..Default::default()
            };
            let found = list(&story, request).await;
            let told: Vec<String> = found
                .iter()
                .map(|d| format!("{} in {}", d.version, d.environment_name))
                .collect();
            assert_eq!(told, $expected, "{:?}", stringify!($($field: $value)*));
            found
        }};
    }
    let all = [
        "1.0.1 in dev",
        "2.0.0 in dev",
        "1.0.1 in production",
        "1.0.0 in dev",
    ];
    let found = shows!({} all);
    shows!({ product_name: PRODUCT } [all[0], all[2], all[3]]);
    shows!({ product_name: PRODUCT, version: "1.0.1" } [all[0], all[2]]);
    shows!({ version_id: found[1].version_id.clone() } [all[1]]);
    shows!({ environment_name: "dev" } [all[0], all[1], all[3]]);
    shows!({ instance: "eu".to_owned() } [all[2]]);
    shows!({ statuses: [i32::from(DeploymentStatus::Failed)] } [all[2]]);
    shows!({ deployed_by: "alice" } [all[3]]);
    shows!({ invoke_id: "run-1" } [all[3]]);
    shows!({ created_from: at("2026-01-01T12:00:02Z").unwrap() } all[..2]);
    shows!({ created_to: at("2026-01-01T12:00:02Z").unwrap() } all[2..]);
    shows!({ deployment_classes: [i32::from(pb::DeploymentClass::First)] } [all[1], all[3]]);
    shows!({ deployment_classes: [i32::from(pb::DeploymentClass::Upgrade)], product_name: PRODUCT } [all[0]]);
    shows!({ current_only: true } all[..2]);
    shows!({ current_only: true, product_name: PRODUCT, environment_name: "dev" } all[..1]);
}

on_both_engines!(
    r11_the_current_version_is_that_of_the_latest_completed_deployment,
    r11_each_instance_of_an_environment_has_its_own_current_version,
    r5_a_deployment_is_one_from_its_start_to_its_end,
    deployments_are_listed_latest_first_and_each_filter_tells_them_apart,
);
