//! `versioner matrix`.

use insta::assert_snapshot;
use versioner::pb;

use crate::{
    fake_server::FakeServer,
    fixtures::{at, deployed},
    terminal::versioner,
};

fn runs(version: &str) -> pb::MatrixInstance {
    pb::MatrixInstance {
        current: Some(deployed(
            version,
            pb::BuildStatus::Completed,
            "2025-10-02T00:00:00Z",
        )),
        ..Default::default()
    }
}

fn cell(
    environment: &str,
    standing: pb::BaselineComparison,
    versions_between: i64,
    instances: impl Into<Vec<pb::MatrixInstance>>,
) -> pb::MatrixCell {
    pb::MatrixCell {
        environment_id: format!("id-of-{environment}"),
        environment_name: environment.to_owned(),
        instances: instances.into(),
        baseline_comparison: (standing != pb::BaselineComparison::Unspecified)
            .then(|| standing.into()),
        versions_between,
    }
}

fn row(product: &str, cells: impl Into<Vec<pb::MatrixCell>>) -> pb::MatrixRow {
    pb::MatrixRow {
        product_name: product.to_owned(),
        cells: cells.into(),
        ..Default::default()
    }
}

fn page(
    rows: impl Into<Vec<pb::MatrixRow>>,
    next: &str,
) -> Result<pb::GetEnvironmentMatrixResponse, tonic::Status> {
    let environment = |name: &str| pb::MatrixEnvironment {
        id: format!("id-of-{name}"),
        name: name.to_owned(),
        ..Default::default()
    };
    Ok(pb::GetEnvironmentMatrixResponse {
        environments: ["dev", "staging", "production"].map(environment).to_vec(),
        rows: rows.into(),
        next_page_token: next.to_owned(),
        as_of: None,
    })
}

async fn server() -> FakeServer {
    use pb::BaselineComparison::{Ahead, Behind, Mixed, Same, Unknown, Unspecified};
    let server = FakeServer::start().await;
    let in_progress = pb::MatrixInstance {
        in_progress: Some(deployed("1.2.5", pb::BuildStatus::Started, "")),
        ..runs("1.2.4")
    };
    let failed = |at| pb::MatrixInstance {
        last_failed: Some(deployed("1.2.9", pb::BuildStatus::Failed, at)),
        ..runs("1.2.3")
    };
    let instance = |name: &str, version: &str| pb::MatrixInstance {
        instance: name.to_owned(),
        ..runs(version)
    };
    let nothing_yet = pb::MatrixInstance {
        current: None,
        in_progress: Some(pb::DeploymentSummary {
            stale: true,
            ..deployed("0.1.0", pb::BuildStatus::Started, "")
        }),
        ..runs("")
    };
    let first = page(
        [
            row(
                "my-service",
                [
                    cell("dev", Ahead, 0, [in_progress]),
                    cell("staging", Same, 0, [failed("2025-10-03T00:00:00Z")]),
                    cell(
                        "production",
                        Unspecified,
                        0,
                        [failed("2025-10-01T00:00:00Z")],
                    ),
                ],
            ),
            row(
                "regional",
                [
                    cell("dev", Behind, 2, [runs("3.0")]),
                    cell(
                        "staging",
                        Mixed,
                        0,
                        [instance("eu", "3.3"), instance("us", "3.2")],
                    ),
                    cell("production", Unspecified, 0, [runs("3.3")]),
                ],
            ),
        ],
        "more",
    );
    let second = page(
        [row("web", [cell("staging", Unknown, 0, [nothing_yet])])],
        "",
    );
    server.state().matrix.extend([first, second]);
    server
}

#[tokio::test]
async fn r11_products_by_environments_with_marks_and_a_legend() {
    let server = server().await;
    let run = versioner(&server.url(), &["matrix", "--baseline=production"]).await;
    assert_snapshot!(run.shown(), @r"
    PRODUCT     dev               staging                    production
    my-service  1.2.4 ▲1 → 1.2.5  1.2.3 = ✗ 1.2.9            1.2.3
    regional    3.0 ▼3            eu: 3.3 ≠                  3.3
                                  us: 3.2
    web                           nothing ? → 0.1.0 (stale)

    → is being deployed
    ✗ deployment failed since
    against production: = same, ▲n ahead by n versions, ▼n behind, ≠ instances differ, ? unknown
    ");
    let tokens: Vec<String> = {
        let state = server.state();
        let asked = state.asked.matrix.iter();
        asked.map(|request| request.page_token.clone()).collect()
    };
    assert_eq!(tokens, ["", "more"]);
}

#[tokio::test]
async fn r11_a_past_moment_is_asked_for_on_every_page_and_shown() {
    let server = FakeServer::start().await;
    let as_of = at("2025-10-01T00:00:00Z");
    for next in ["more", ""] {
        let page = page(
            [row(
                "p",
                [cell(
                    "dev",
                    pb::BaselineComparison::Unspecified,
                    0,
                    [runs("1")],
                )],
            )],
            next,
        );
        let page = page.map(|page| pb::GetEnvironmentMatrixResponse { as_of, ..page });
        server.state().matrix.push_back(page);
    }
    let command_line = [
        "matrix",
        "p",
        "--environment=dev",
        "--environment=qa",
        "--as-of=2025-10-01",
    ];
    let run = versioner(&server.url(), &command_line).await;
    assert_snapshot!(run.shown(), @r"
    As of 2025-10-01 00:00:00Z

    PRODUCT  dev
    p        1
    p        1
    ");
    let request = |token: &str| pb::GetEnvironmentMatrixRequest {
        page_size: 1_000,
        page_token: token.to_owned(),
        product_name: "p".to_owned(),
        environment_names: vec!["dev".to_owned(), "qa".to_owned()],
        as_of,
        ..Default::default()
    };
    assert_eq!(server.state().asked.matrix, [request(""), request("more")]);
}

#[tokio::test]
async fn json_is_all_pages_as_one_answer() {
    let server = server().await;
    let run = versioner(&server.url(), &["matrix", "--output=json"]).await;
    let json = run.json();
    assert_eq!(json["rows"].as_array().unwrap().len(), 3);
    assert_eq!(json["rows"][0]["cells"][0]["baseline_comparison"], "ahead");
    assert_eq!(json["environments"][2]["name"], "production");
}

#[tokio::test]
async fn an_empty_matrix_is_a_sentence() {
    let server = FakeServer::start().await;
    server.state().matrix.push_back(page([], ""));
    let run = versioner(&server.url(), &["matrix"]).await;
    assert_eq!(run.shown(), "Nothing is deployed.\n");
}

#[tokio::test]
async fn wide_lists_each_instance_with_who_deployed_it_and_when() {
    let server = server().await;
    let run = versioner(
        &server.url(),
        &["matrix", "--baseline=production", "-o", "wide"],
    )
    .await;
    assert_snapshot!(run.shown(), @r"
    PRODUCT     ENVIRONMENT  INSTANCE  VERSION  BASELINE  SINCE              IN PROGRESS    FAILED SINCE
    my-service  dev                    1.2.4    ▲1        2025-10-02 00:00Z  1.2.5
    my-service  staging                1.2.3    =         2025-10-02 00:00Z                 1.2.9
    my-service  production             1.2.3              2025-10-02 00:00Z
    regional    dev                    3.0      ▼3        2025-10-02 00:00Z
    regional    staging      eu        3.3      ≠         2025-10-02 00:00Z
    regional    staging      us        3.2      ≠         2025-10-02 00:00Z
    regional    production             3.3                2025-10-02 00:00Z
    web         staging                nothing  ?                            0.1.0 (stale)
    ");
}
