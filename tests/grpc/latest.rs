//! R13: the latest version of a product, of those that fit, and what it is the latest by.

use tonic::Status as Refusal;
use versioner::pb::{self, BuildStatus, DeploymentStatus, LatestBasis};

use crate::{
    facts::{PRODUCT, at, build, deployment},
    refusal::refusal,
    story::Story,
};

/// The product's versions, in this order of time.
async fn tell(story: &Story, versions: &[&str]) {
    for (day, version) in versions.iter().enumerate() {
        let event = pb::VersionEvent {
            occurred_at: at(&format!("2026-01-{:02}T00:00:00Z", day + 1)),
            ..build(version, BuildStatus::Completed)
        };
        story.version_event(event).await.unwrap();
    }
}

async fn latest(
    story: &Story,
    request: pb::GetLatestVersionRequest,
) -> Result<(String, LatestBasis), Refusal> {
    let request = pb::GetLatestVersionRequest {
        product_name: PRODUCT.into(),
        ..request
    };
    let answer = story
        .versions()
        .get_latest_version(request)
        .await?
        .into_inner();
    let basis = answer.basis();
    Ok((answer.version.expect("a version").version, basis))
}

fn by_precedence(version: &str) -> (String, LatestBasis) {
    (version.to_owned(), LatestBasis::Precedence)
}

async fn r13_numbered_versions_go_by_precedence_and_prereleases_are_left_out(story: Story) {
    tell(&story, &["1.10.0", "v2.0.0-rc.1", "1.9.9", "release-1.2"]).await;
    let releases = latest(&story, Default::default()).await.unwrap();
    assert_eq!(releases, by_precedence("1.10.0"));
    let all = latest(
        &story,
        pb::GetLatestVersionRequest {
            include_prereleases: true,
            ..Default::default()
        },
    );
    assert_eq!(all.await.unwrap(), by_precedence("v2.0.0-rc.1"));
}

async fn r13_one_version_that_has_no_order_makes_all_go_by_time(story: Story) {
    tell(
        &story,
        &["1.10.0", "release-q4-2025", "1.9.9", "2.0.0-rc.1"],
    )
    .await;
    let by_time = latest(&story, Default::default()).await.unwrap();
    assert_eq!(by_time, ("1.9.9".to_owned(), LatestBasis::Time));
}

async fn r13_where_there_are_only_prereleases_the_answer_says_so(story: Story) {
    tell(&story, &["2.0.0-rc.1", "2.0.0b2"]).await;
    assert_told!(refusal(latest(&story, Default::default()).await), @"
    NotFound ONLY_PRERELEASES
    message: all versions of my-service that match are pre-releases; set include_prereleases to get one
    ");
}

async fn r13_the_latest_of_a_branch_a_status_or_an_environment(story: Story) {
    let version = |version: &str, scm_branch: &str, status| pb::VersionEvent {
        scm_branch: scm_branch.into(),
        ..build(version, status)
    };
    for event in [
        version("1.0.0", "main", BuildStatus::Completed),
        version("1.1.0", "main", BuildStatus::Completed),
        version("1.2.0", "main", BuildStatus::Failed),
        version("2.0.0", "next", BuildStatus::Started),
    ] {
        story.version_event(event).await.unwrap();
    }
    for (version, instance) in [("1.0.0", "eu"), ("1.1.0", "us"), ("1.0.0", "us")] {
        let event = pb::DeploymentEvent {
            instance: instance.into(),
            ..deployment(version, "prod", DeploymentStatus::Completed)
        };
        story.deployment_event(event).await.unwrap();
    }
    let all = pb::GetLatestVersionRequest::default;
    for (request, expected) in [
        (all(), "2.0.0"),
        (
            pb::GetLatestVersionRequest {
                scm_branch: "main".into(),
                ..all()
            },
            "1.2.0",
        ),
        (
            pb::GetLatestVersionRequest {
                statuses: vec![BuildStatus::Completed.into()],
                ..all()
            },
            "1.1.0",
        ),
        (
            pb::GetLatestVersionRequest {
                environment_name: "prod".into(),
                ..all()
            },
            "1.0.0",
        ),
    ] {
        assert_eq!(
            latest(&story, request).await.unwrap(),
            by_precedence(expected)
        );
    }
}

on_both_engines!(
    r13_numbered_versions_go_by_precedence_and_prereleases_are_left_out,
    r13_one_version_that_has_no_order_makes_all_go_by_time,
    r13_where_there_are_only_prereleases_the_answer_says_so,
    r13_the_latest_of_a_branch_a_status_or_an_environment,
);
