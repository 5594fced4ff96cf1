//! How things are named in requests: ids and names, malformed, both, neither, and of nothing that is there.

use tonic::Status;
use versioner::pb;

use crate::{
    facts::{build, deployment},
    refusal::refusal,
    story::Story,
};

/// Well-formed, and of no store.
const NOBODY: &str = "00000000-0000-8000-8000-000000000001";

/// The answers of every call that takes an id and nothing else.
#[expect(
    clippy::needless_update,
    reason = "some of these requests have more fields"
)]
async fn every_get(story: &Story, id: &str) -> Vec<(&'static str, Result<(), Status>)> {
    macro_rules! get {
        ($client:ident . $call:ident($request:ident $(with $resource:ident)?)) => {{
            let request = pb::$request {
                id: id.into(),
                $($resource: Some(Default::default()),)?
                ..Default::default()
            };
            let answer = story.$client().$call(request).await;
            (stringify!($call), answer.map(drop))
        }};
    }
    vec![
        get!(versions.get_version(GetVersionRequest)),
        get!(versions.trace_version(TraceVersionRequest)),
        get!(versions.check_readiness(CheckReadinessRequest)),
        get!(versions.get_build(GetBuildRequest)),
        get!(versions.get_check(GetCheckRequest)),
        get!(deployments.get_deployment(GetDeploymentRequest)),
        get!(catalog.get_product(GetProductRequest)),
        get!(catalog.update_product(UpdateProductRequest with product)),
        get!(catalog.delete_product(DeleteProductRequest)),
        get!(catalog.get_environment(GetEnvironmentRequest)),
        get!(catalog.update_environment(UpdateEnvironmentRequest with environment)),
        get!(catalog.delete_environment(DeleteEnvironmentRequest)),
    ]
}

fn told(answers: Vec<(&'static str, Result<(), Status>)>) -> String {
    let told = answers
        .into_iter()
        .map(|(call, answer)| format!("{call}: {}", refusal(answer)));
    told.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_malformed_id_is_refused_by_every_call() {
    let story = Story::on_sqlite().await;
    for (call, answer) in every_get(&story, "no-uuid").await {
        assert_eq!(
            refusal(answer),
            "InvalidArgument INVALID_FIELD\nid must be an id issued by this server",
            "{call}"
        );
    }
}

#[tokio::test]
async fn an_id_of_nothing_that_is_there_is_not_found_by_any_call() {
    let story = Story::on_sqlite().await;
    assert_told!(told(every_get(&story, NOBODY).await), @"
    get_version: NotFound VERSION_NOT_FOUND
    message: there is no version with id 00000000-0000-8000-8000-000000000001
    resource: versioner.v1.Version 00000000-0000-8000-8000-000000000001
    trace_version: NotFound VERSION_NOT_FOUND
    message: there is no version with id 00000000-0000-8000-8000-000000000001
    resource: versioner.v1.Version 00000000-0000-8000-8000-000000000001
    check_readiness: NotFound VERSION_NOT_FOUND
    message: there is no version with id 00000000-0000-8000-8000-000000000001
    resource: versioner.v1.Version 00000000-0000-8000-8000-000000000001
    get_build: NotFound BUILD_NOT_FOUND
    message: there is no build with id 00000000-0000-8000-8000-000000000001
    resource: versioner.v1.Build 00000000-0000-8000-8000-000000000001
    get_check: NotFound CHECK_NOT_FOUND
    message: there is no check with id 00000000-0000-8000-8000-000000000001
    resource: versioner.v1.Check 00000000-0000-8000-8000-000000000001
    get_deployment: NotFound DEPLOYMENT_NOT_FOUND
    message: there is no deployment with id 00000000-0000-8000-8000-000000000001
    resource: versioner.v1.Deployment 00000000-0000-8000-8000-000000000001
    get_product: NotFound PRODUCT_NOT_FOUND
    message: there is no product with id 00000000-0000-8000-8000-000000000001
    resource: versioner.v1.Product 00000000-0000-8000-8000-000000000001
    update_product: NotFound PRODUCT_NOT_FOUND
    message: there is no product with id 00000000-0000-8000-8000-000000000001
    resource: versioner.v1.Product 00000000-0000-8000-8000-000000000001
    delete_product: NotFound PRODUCT_NOT_FOUND
    message: there is no product with id 00000000-0000-8000-8000-000000000001
    resource: versioner.v1.Product 00000000-0000-8000-8000-000000000001
    get_environment: NotFound ENVIRONMENT_NOT_FOUND
    message: there is no environment with id 00000000-0000-8000-8000-000000000001
    resource: versioner.v1.Environment 00000000-0000-8000-8000-000000000001
    update_environment: NotFound ENVIRONMENT_NOT_FOUND
    message: there is no environment with id 00000000-0000-8000-8000-000000000001
    resource: versioner.v1.Environment 00000000-0000-8000-8000-000000000001
    delete_environment: NotFound ENVIRONMENT_NOT_FOUND
    message: there is no environment with id 00000000-0000-8000-8000-000000000001
    resource: versioner.v1.Environment 00000000-0000-8000-8000-000000000001
    ");
}

async fn an_id_of_another_kind_of_thing_is_not_found(story: Story) {
    let answer = story
        .version_event(build("1.0.0", pb::BuildStatus::Started))
        .await;
    let version = answer.unwrap().version.unwrap();
    for (call, answer) in every_get(&story, &version.id).await {
        if ["get_version", "trace_version", "check_readiness"].contains(&call) {
            answer.unwrap();
        } else {
            let code = answer.unwrap_err().code();
            assert_eq!(code, tonic::Code::NotFound, "{call}");
        }
    }
}

#[tokio::test]
async fn an_id_or_a_name_is_required() {
    let story = Story::on_sqlite().await;
    assert_told!(told(every_get(&story, " ").await), @"
    get_version: InvalidArgument INVALID_FIELD
    id is required unless product_name and version are set
    trace_version: InvalidArgument INVALID_FIELD
    id is required unless product_name and version, or scm_sha, are set
    check_readiness: InvalidArgument INVALID_FIELD
    id is required unless product_name and version are set
    get_build: InvalidArgument INVALID_FIELD
    id is required
    get_check: InvalidArgument INVALID_FIELD
    id is required
    get_deployment: InvalidArgument INVALID_FIELD
    id is required
    get_product: InvalidArgument INVALID_FIELD
    id is required unless name is set
    update_product: InvalidArgument INVALID_FIELD
    id is required unless name is set
    delete_product: InvalidArgument INVALID_FIELD
    id is required unless name is set
    get_environment: InvalidArgument INVALID_FIELD
    id is required unless name is set
    update_environment: InvalidArgument INVALID_FIELD
    id is required unless name is set
    delete_environment: InvalidArgument INVALID_FIELD
    id is required unless name is set
    ");
}

#[tokio::test]
#[expect(
    clippy::needless_update,
    reason = "some of these requests have more fields"
)]
async fn an_id_and_a_name_are_not_both_taken() {
    let story = Story::on_sqlite().await;
    let answer = story
        .versions()
        .get_version(pb::GetVersionRequest {
            id: NOBODY.into(),
            version: "1.0.0".into(),
            ..Default::default()
        })
        .await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    id must not be set together with product_name or version
    ");

    let both = "InvalidArgument INVALID_FIELD\nid must not be set together with name";
    macro_rules! refused {
        ($call:ident($request:ident $(with $resource:ident)?)) => {
            let answer = story
                .catalog()
                .$call(pb::$request {
                    id: NOBODY.into(),
                    name: "my-service".into(),
                    $($resource: Some(Default::default()),)?
                    ..Default::default()
                })
                .await;
            assert_eq!(refusal(answer), both);
        };
    }
    refused!(get_product(GetProductRequest));
    refused!(update_product(UpdateProductRequest with product));
    refused!(delete_product(DeleteProductRequest));
    refused!(get_environment(GetEnvironmentRequest));
    refused!(update_environment(UpdateEnvironmentRequest with environment));
    refused!(delete_environment(DeleteEnvironmentRequest));
}

#[tokio::test]
async fn a_version_is_named_with_its_product() {
    let story = Story::on_sqlite().await;
    let answer = story
        .versions()
        .get_version(pb::GetVersionRequest {
            version: "1.0.0".into(),
            ..Default::default()
        })
        .await;
    assert_told!(refusal(answer), @"
    InvalidArgument INVALID_FIELD
    product_name is required if version is set
    ");

    let needed = "InvalidArgument INVALID_FIELD\nproduct_name is required if version is set";
    macro_rules! refused {
        ($client:ident . $call:ident($request:ident)) => {
            let answer = story
                .$client()
                .$call(pb::$request {
                    version: "1.0.0".into(),
                    ..Default::default()
                })
                .await;
            assert_eq!(refusal(answer.map(drop)), needed);
        };
    }
    refused!(versions.list_builds(ListBuildsRequest));
    refused!(versions.list_checks(ListChecksRequest));
    refused!(deployments.list_deployments(ListDeploymentsRequest));
    refused!(events.list_events(ListEventsRequest));
    refused!(events.watch_events(WatchEventsRequest));
}

#[tokio::test]
async fn a_name_of_nothing_that_is_there_is_not_found() {
    let story = Story::on_sqlite().await;
    story
        .deployment_event(deployment("1.0.0", "dev", pb::DeploymentStatus::Completed))
        .await
        .unwrap();
    let version = |product_name: &str, version: &str| pb::GetVersionRequest {
        product_name: product_name.into(),
        version: version.into(),
        ..Default::default()
    };
    let latest = |product_name: &str, environment_name: &str| pb::GetLatestVersionRequest {
        product_name: product_name.into(),
        environment_name: environment_name.into(),
        scm_branch: "main".into(),
        ..Default::default()
    };
    let (mut versions, mut catalog) = (story.versions(), story.catalog());
    let answers = vec![
        (
            "version of an unknown product",
            versions
                .get_version(version("no-such", "1.0.0"))
                .await
                .map(drop),
        ),
        (
            "unknown version",
            versions
                .get_version(version("my-service", "1.0"))
                .await
                .map(drop),
        ),
        (
            "latest of an unknown product",
            versions
                .get_latest_version(latest("My-Service", ""))
                .await
                .map(drop),
        ),
        (
            "latest in an unknown environment",
            versions
                .get_latest_version(latest("my-service", "prod"))
                .await
                .map(drop),
        ),
        (
            "latest of none that fits",
            versions
                .get_latest_version(latest("my-service", "dev"))
                .await
                .map(drop),
        ),
        (
            "unknown product",
            catalog
                .get_product(pb::GetProductRequest {
                    name: "no-such".into(),
                    ..Default::default()
                })
                .await
                .map(drop),
        ),
        (
            "unknown environment",
            catalog
                .get_environment(pb::GetEnvironmentRequest {
                    name: "Dev".into(),
                    ..Default::default()
                })
                .await
                .map(drop),
        ),
    ];
    assert_told!(told(answers), @"
    version of an unknown product: NotFound PRODUCT_NOT_FOUND
    message: there is no product no-such
    resource: versioner.v1.Product no-such
    unknown version: NotFound VERSION_NOT_FOUND
    message: there is no version 1.0 of my-service
    resource: versioner.v1.Version 1.0 of my-service
    latest of an unknown product: NotFound PRODUCT_NOT_FOUND
    message: there is no product My-Service
    resource: versioner.v1.Product My-Service
    latest in an unknown environment: NotFound ENVIRONMENT_NOT_FOUND
    message: there is no environment prod
    resource: versioner.v1.Environment prod
    latest of none that fits: NotFound VERSION_NOT_FOUND
    message: there is no version of my-service that matches
    resource: versioner.v1.Version of my-service that matches
    unknown product: NotFound PRODUCT_NOT_FOUND
    message: there is no product no-such
    resource: versioner.v1.Product no-such
    unknown environment: NotFound ENVIRONMENT_NOT_FOUND
    message: there is no environment Dev
    resource: versioner.v1.Environment Dev
    ");
}

#[tokio::test]
async fn lists_of_what_is_not_there_are_empty() {
    let story = Story::on_sqlite().await;
    story
        .deployment_event(deployment("1.0.0", "dev", pb::DeploymentStatus::Completed))
        .await
        .unwrap();
    macro_rules! empty {
        ($client:ident . $call:ident($request:ident { $field:ident: $value:expr }).$rows:ident) => {
            let answer = story
                .$client()
                .$call(pb::$request {
                    $field: $value.into(),
                    ..Default::default()
                })
                .await;
            let page = answer.unwrap().into_inner();
            assert_eq!(page.$rows, [], stringify!($call));
            assert_eq!(page.next_page_token, "");
        };
    }
    empty!(
        catalog
            .list_products(ListProductsRequest { name_prefix: "no" })
            .products
    );
    empty!(
        catalog
            .list_environments(ListEnvironmentsRequest { name_prefix: "no" })
            .environments
    );
    empty!(
        versions
            .list_versions(ListVersionsRequest { product_name: "no" })
            .versions
    );
    empty!(
        versions
            .list_builds(ListBuildsRequest { product_name: "no" })
            .builds
    );
    empty!(
        versions
            .list_builds(ListBuildsRequest { version_id: NOBODY })
            .builds
    );
    empty!(
        versions
            .list_checks(ListChecksRequest { version_id: NOBODY })
            .checks
    );
    empty!(
        deployments
            .list_deployments(ListDeploymentsRequest {
                environment_name: "no"
            })
            .deployments
    );
    empty!(
        deployments
            .list_deployments(ListDeploymentsRequest { version_id: NOBODY })
            .deployments
    );
    empty!(
        events
            .list_events(ListEventsRequest { product_name: "no" })
            .events
    );
    empty!(
        events
            .list_events(ListEventsRequest { version_id: NOBODY })
            .events
    );
}

on_both_engines!(an_id_of_another_kind_of_thing_is_not_found);
