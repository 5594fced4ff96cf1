//! `GetVersion` and `ListVersions`: each filter, each order, and the commits that a SHA fits (R14).

use versioner::pb::{self, BuildStatus, DeploymentStatus, VersionOrder};

use crate::{
    facts::{PRODUCT, at, build, deployment},
    story::Story,
};

const ONE: &str = "abcd1111111111111111111111111111111111aa";
const TWO: &str = "abcd2222222222222222222222222222222222bb";

/// Four versions of the product and one of another, each told from the others by more than one field.
async fn tell(story: &Story) {
    let events = [
        pb::VersionEvent {
            scm_sha: ONE.into(),
            scm_branch: "main".into(),
            scm_repository: "github.com/mycompany/my-service".into(),
            built_by: "github-actions".into(),
            source_system: "github".into(),
            invoke_id: "run-1".into(),
            occurred_at: at("2026-01-01T00:00:00Z"),
            ..build("1.9.0", BuildStatus::Completed)
        },
        pb::VersionEvent {
            scm_sha: TWO[..7].into(),
            scm_branch: "main".into(),
            built_by: "bob".into(),
            invoke_id: "run-2".into(),
            occurred_at: at("2026-01-02T00:00:00Z"),
            ..build("1.10.0", BuildStatus::Failed)
        },
        pb::VersionEvent {
            scm_branch: "feature/a_b".into(),
            occurred_at: at("2026-01-03T00:00:00Z"),
            ..build("1.10.0-rc.1", BuildStatus::Completed)
        },
        pb::VersionEvent {
            occurred_at: at("2026-01-04T00:00:00Z"),
            ..build("1_9%", BuildStatus::Started)
        },
        pb::VersionEvent {
            product_name: "other".into(),
            scm_sha: ONE.into(),
            occurred_at: at("2026-01-05T00:00:00Z"),
            ..build("1.9.0", BuildStatus::Completed)
        },
    ];
    for event in events {
        story.version_event(event).await.unwrap();
    }
    for (version, environment) in [("1.9.0", "dev"), ("1.10.0-rc.1", "dev"), ("1.9.0", "prod")] {
        let event = deployment(version, environment, DeploymentStatus::Completed);
        story.deployment_event(event).await.unwrap();
    }
}

async fn list(story: &Story, request: pb::ListVersionsRequest) -> pb::ListVersionsResponse {
    let page = story.versions().list_versions(request).await;
    page.expect("a page").into_inner()
}

fn identifiers(page: &pb::ListVersionsResponse) -> Vec<&str> {
    page.versions.iter().map(|v| &v.version[..]).collect()
}

async fn a_version_is_found_by_its_id_and_by_its_name(story: Story) {
    tell(&story).await;
    let by_name = pb::GetVersionRequest {
        product_name: "other".into(),
        version: "1.9.0".into(),
        ..Default::default()
    };
    let by_name = story.versions().get_version(by_name).await.unwrap();
    let version = by_name.into_inner().version.unwrap();
    assert_eq!(
        (&version.product_name[..], &version.scm_sha[..]),
        ("other", ONE)
    );
    let by_id = pb::GetVersionRequest {
        id: version.id.clone(),
        ..Default::default()
    };
    let by_id = story.versions().get_version(by_id).await.unwrap();
    assert_eq!(by_id.into_inner().version, Some(version));
}

async fn each_filter_alone_and_several_together(story: Story) {
    tell(&story).await;
    let newest_first = ["1.9.0", "1_9%", "1.10.0-rc.1", "1.10.0", "1.9.0"];
    let page = list(&story, pb::ListVersionsRequest::default()).await;
    assert_eq!(identifiers(&page), newest_first);

    macro_rules! shows {
        ({ $($field:ident: $value:expr),* } $expected:expr) => {
            let request = pb::ListVersionsRequest {
                $($field: $value.into(),)*
                ..Default::default()
            };
            let page = list(&story, request).await;
            assert_eq!(identifiers(&page), $expected, "{:?}", stringify!($($field: $value)*));
        };
    }
    const NONE: [&str; 0] = [];
    shows!({ product_name: PRODUCT } newest_first[1..]);
    shows!({ product_name: "My-Service" } NONE);
    shows!({ version: "1.9.0" } ["1.9.0", "1.9.0"]);
    shows!({ version_prefix: "1.1" } ["1.10.0-rc.1", "1.10.0"]);
    shows!({ version_prefix: "1_" } ["1_9%"]);
    shows!({ version_prefix: "1_9%" } ["1_9%"]);
    shows!({ version_prefix: "%" } NONE);
    shows!({ statuses: [i32::from(BuildStatus::Failed)] } ["1.10.0"]);
    shows!({ scm_branch: "main" } ["1.10.0", "1.9.0"]);
    shows!({ scm_branch: "feature/a_b" } ["1.10.0-rc.1"]);
    shows!({ scm_branch: "feature/axb" } NONE);
    shows!({ scm_repository: "github.com/mycompany/my-service" } ["1.9.0"]);
    shows!({ built_by: "bob" } ["1.10.0"]);
    shows!({ source_system: "github" } ["1.9.0"]);
    shows!({ invoke_id: "run-2" } ["1.10.0"]);
    shows!({ created_from: at("2026-01-03T00:00:00Z").unwrap() } newest_first[..3]);
    shows!({ created_to: at("2026-01-03T00:00:00Z").unwrap() } newest_first[3..]);
    shows!({ environment_name: "dev" } ["1.10.0-rc.1"]);
    shows!({ environment_name: "prod" } ["1.9.0"]);
    shows!({ environment_name: "no-such" } NONE);

    shows!({ product_name: PRODUCT, scm_branch: "main", statuses: [i32::from(BuildStatus::Completed)] } ["1.9.0"]);
    shows!({ product_name: PRODUCT, environment_name: "prod", version: "1.9.0" } ["1.9.0"]);
    shows!({ scm_sha: "abcd", environment_name: "prod" } ["1.9.0"]);
    shows!({ scm_sha: "abcd", invoke_id: "run-2" } ["1.10.0"]);
    shows!({ invoke_id: "run-1", environment_name: "prod" } ["1.9.0"]);
    shows!({ invoke_id: "run-1", environment_name: "dev" } NONE);
}

async fn r14_a_commit_is_found_by_its_beginning_in_any_case_and_by_its_full_sha(story: Story) {
    tell(&story).await;
    let by = async |product_name: &str, scm_sha: &str| {
        let request = pb::ListVersionsRequest {
            product_name: product_name.into(),
            scm_sha: scm_sha.into(),
            ..Default::default()
        };
        let page = list(&story, request).await;
        let versions: Vec<String> = identifiers(&page).iter().map(|v| (*v).to_owned()).collect();
        (versions, page.commits)
    };
    let (versions, commits) = by("", "ABCD").await;
    assert_eq!(versions, ["1.9.0", "1.10.0", "1.9.0"]);
    assert_eq!(commits, [ONE, &TWO[..7]]);
    let (versions, commits) = by(PRODUCT, "abcd1").await;
    assert_eq!(
        (versions, commits),
        (vec!["1.9.0".into()], vec![ONE.into()])
    );
    // Recorded with a shortened SHA, and found by the full one.
    let (versions, commits) = by("", TWO).await;
    assert_eq!(versions, ["1.10.0"]);
    assert_eq!(commits, [&TWO[..7]]);
    assert_eq!(by("", "ffff").await, (vec![], vec![]));
}

async fn r13_versions_are_listed_in_the_order_asked_for(story: Story) {
    tell(&story).await;
    let in_order = async |order: VersionOrder| {
        let request = pb::ListVersionsRequest {
            product_name: PRODUCT.into(),
            order: order.into(),
            ..Default::default()
        };
        let page = list(&story, request).await;
        identifiers(&page).join(" > ")
    };
    let newest_first = "1_9% > 1.10.0-rc.1 > 1.10.0 > 1.9.0";
    assert_eq!(in_order(VersionOrder::NewestFirst).await, newest_first);
    assert_eq!(in_order(VersionOrder::Unspecified).await, newest_first);
    assert_eq!(
        in_order(VersionOrder::OldestFirst).await,
        "1.9.0 > 1.10.0 > 1.10.0-rc.1 > 1_9%"
    );
    assert_eq!(
        in_order(VersionOrder::HighestFirst).await,
        "1.10.0 > 1.10.0-rc.1 > 1.9.0 > 1_9%"
    );
}

async fn each_order_goes_on_from_page_to_page(story: Story) {
    tell(&story).await;
    for order in [
        VersionOrder::NewestFirst,
        VersionOrder::OldestFirst,
        VersionOrder::HighestFirst,
    ] {
        let request = pb::ListVersionsRequest {
            order: order.into(),
            ..Default::default()
        };
        let whole = list(&story, request.clone()).await.versions;
        assert_eq!(whole.len(), 5);
        let pages = crate::pages::pages(async |page_token| {
            let request = pb::ListVersionsRequest {
                page_size: 2,
                page_token,
                ..request.clone()
            };
            let page = list(&story, request).await;
            (page.versions, page.next_page_token)
        });
        assert_eq!(pages.await.concat(), whole, "{order:?}");
    }
}

on_both_engines!(
    a_version_is_found_by_its_id_and_by_its_name,
    each_filter_alone_and_several_together,
    r14_a_commit_is_found_by_its_beginning_in_any_case_and_by_its_full_sha,
    r13_versions_are_listed_in_the_order_asked_for,
    each_order_goes_on_from_page_to_page,
);
