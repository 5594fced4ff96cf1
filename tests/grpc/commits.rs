//! R3: a version's commit is permanent.

use versioner::pb::{self, BuildStatus, DeploymentStatus};

use crate::{
    facts::{PRODUCT, SHA, build, deployment},
    refusal::refusal,
    story::Story,
};

fn of_commit(scm_sha: &str) -> pb::VersionEvent {
    pb::VersionEvent {
        scm_sha: scm_sha.into(),
        ..build("1.2.3", BuildStatus::Started)
    }
}

async fn recorded(story: &Story) -> String {
    let request = pb::GetVersionRequest {
        product_name: PRODUCT.into(),
        version: "1.2.3".into(),
        ..Default::default()
    };
    let version = story.versions().get_version(request).await.unwrap();
    version.into_inner().version.unwrap().scm_sha
}

async fn r3_another_commit_is_refused_with_both_and_changes_nothing(story: Story) {
    story.version_event(of_commit(SHA)).await.unwrap();
    let other = of_commit("0123456789abcdef0123456789abcdef01234567");
    let other = pb::VersionEvent {
        status: BuildStatus::Completed.into(),
        ..other
    };
    let refused = refusal(story.version_event(other).await);
    assert_told!(refused, @"
    AlreadyExists VERSION_COMMIT_CONFLICT
    message: version 1.2.3 of my-service was built from commit abc123def4567890abc123def4567890abc123de; the commit of a version is permanent; the event has 0123456789abcdef0123456789abcdef01234567
    given_scm_sha: 0123456789abcdef0123456789abcdef01234567
    product_name: my-service
    recorded_scm_sha: abc123def4567890abc123def4567890abc123de
    version: 1.2.3
    ");

    let deployed = pb::DeploymentEvent {
        scm_sha: "0123456789abcdef0123456789abcdef01234567".into(),
        ..deployment("1.2.3", "dev", DeploymentStatus::Completed)
    };
    assert_eq!(refusal(story.deployment_event(deployed).await), refused);
    let checked = pb::CheckEvent {
        scm_sha: "0123456789abcdef0123456789abcdef01234567".into(),
        ..crate::facts::check("1.2.3", "unit", pb::CheckStatus::Passed)
    };
    assert_eq!(refusal(story.check_event(checked).await), refused);

    assert_eq!(story.log().await.len(), 1);
    assert_eq!(recorded(&story).await, SHA);
    let environments = pb::ListEnvironmentsRequest::default();
    let environments = story.catalog().list_environments(environments).await;
    assert_eq!(environments.unwrap().into_inner().environments, []);
}

async fn r3_a_shortened_sha_is_the_same_commit_and_the_longer_one_is_kept(story: Story) {
    for (given, kept) in [
        ("", ""),
        (&SHA[..7], &SHA[..7]),
        (&SHA[..10].to_uppercase(), &SHA[..10]),
        (&SHA[..8], &SHA[..10]),
        (SHA, SHA),
        (&SHA[..7], SHA),
        ("", SHA),
    ] {
        story.version_event(of_commit(given)).await.unwrap();
        assert_eq!(recorded(&story).await, kept);
    }
    // Fewer than 7 digits name no commit.
    assert_told!(refusal(story.version_event(of_commit(&SHA[..6])).await), @"
    AlreadyExists VERSION_COMMIT_CONFLICT
    message: version 1.2.3 of my-service was built from commit abc123def4567890abc123def4567890abc123de; the commit of a version is permanent; the event has abc123
    given_scm_sha: abc123
    product_name: my-service
    recorded_scm_sha: abc123def4567890abc123def4567890abc123de
    version: 1.2.3
    ");
}

async fn r3_another_version_may_have_the_commit(story: Story) {
    story.version_event(of_commit(SHA)).await.unwrap();
    let other = pb::VersionEvent {
        version: "1.2.4".into(),
        ..of_commit(SHA)
    };
    let answer = story.version_event(other).await.unwrap();
    assert_eq!(answer.version.unwrap().scm_sha, SHA);
}

on_both_engines!(
    r3_another_commit_is_refused_with_both_and_changes_nothing,
    r3_a_shortened_sha_is_the_same_commit_and_the_longer_one_is_kept,
    r3_another_version_may_have_the_commit,
);
