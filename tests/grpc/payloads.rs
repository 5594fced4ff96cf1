//! What CI systems really send, from the first report to the deployment, as events over gRPC.

use serde_json::json;
use versioner::pb::{self, BuildStatus};

use crate::{
    facts::{PRODUCT, json as read, object},
    story::Story,
};

async fn a_build_is_started_completed_and_deployed_to_dev(story: Story) {
    let started = pb::VersionEvent {
        product_name: PRODUCT.into(),
        version: "1.2.3".into(),
        status: BuildStatus::Started.into(),
        built_by: "github-actions".into(),
        ..Default::default()
    };
    let started = story.version_event(started).await.unwrap();
    let metadata = json!({
        "docker_image": "mycompany/my-service:1.2.3",
        "build_duration_seconds": 180,
        "test_coverage": "85%",
        "tags": ["hotfix", "security"],
    });
    let completed = pb::VersionEvent {
        product_name: PRODUCT.into(),
        version: "1.2.3".into(),
        status: BuildStatus::Completed.into(),
        built_by: "github-actions".into(),
        scm_repository: "github.com/mycompany/my-service".into(),
        scm_sha: "abc123def456".into(),
        scm_branch: "main".into(),
        source_system: "github".into(),
        build_number: "456".into(),
        invoke_id: "1234567890".into(),
        build_url: "https://github.com/mycompany/my-service/actions/runs/1234567890".into(),
        extra_metadata: object(metadata.clone()),
        ..Default::default()
    };
    let completed = story.version_event(completed).await.unwrap();
    let deployed = pb::DeploymentEvent {
        product_name: PRODUCT.into(),
        version: "1.2.3".into(),
        environment_name: "dev".into(),
        status: BuildStatus::Completed.into(),
        ..Default::default()
    };
    let deployed = story.deployment_event(deployed).await.unwrap();

    // R5: the bare `started` and the `completed` of a run are one build.
    let (first, build) = (started.build.unwrap(), completed.build.unwrap());
    assert_eq!(first.id, build.id);
    assert_eq!((&first.invoke_id[..], first.invoke_attempt), ("", 0));
    assert_eq!(
        (&build.invoke_id[..], build.invoke_attempt),
        ("1234567890", 1)
    );
    assert_eq!(build.status(), BuildStatus::Completed);
    assert_eq!(build.started_at, first.started_at);
    assert_eq!(build.completed_at, completed.receipt.unwrap().occurred_at);
    assert_eq!(build.build_number, "456");
    assert_eq!(
        build.build_url,
        "https://github.com/mycompany/my-service/actions/runs/1234567890"
    );
    assert_eq!(read(build.extra_metadata), metadata);

    let request = pb::GetVersionRequest {
        product_name: PRODUCT.into(),
        version: "1.2.3".into(),
        ..Default::default()
    };
    let version = story.versions().get_version(request).await.unwrap();
    let version = version.into_inner().version.unwrap();
    assert_eq!(version.status(), BuildStatus::Completed);
    assert_eq!(version.scm_sha, "abc123def456");
    assert_eq!(version.scm_branch, "main");
    assert_eq!(version.scm_repository, "github.com/mycompany/my-service");
    assert_eq!(version.built_by, "github-actions");
    assert_eq!(version.source_system, "github");
    assert_eq!(version.latest_build_id, build.id);

    let deployment = deployed.deployment.unwrap();
    assert!(deployment.current);
    assert_eq!(deployment.version_id, version.id);
    assert_eq!(deployment.environment_name, "dev");
    assert_eq!(deployed.version, Some(version));
}

on_both_engines!(a_build_is_started_completed_and_deployed_to_dev);
