//! Tables on terminals of any width: every row is there, each link below its own row, and no line is wider than the
//! terminal.

use std::collections::HashMap;

use console::measure_text_width;
use insta::assert_snapshot;
use versioner::pb;

use crate::{
    fake_server::FakeServer,
    fixtures::{at, condition, deployed, version},
    terminal::on_terminal,
};

const WIDTHS: [u16; 6] = [20, 40, 60, 80, 120, 200];

/// Of each kind of thing there are so many.
const ROWS: usize = 7;

/// What a row must show in order, without white space: its own parts.
type Row = Vec<String>;

async fn assert_rows_at_every_width(server: &FakeServer, command_line: &[&str], rows: &[Row]) {
    for width in WIDTHS {
        let text = on_terminal(&server.url(), command_line, width).await;
        for line in text.lines() {
            let fits = measure_text_width(line) <= usize::from(width) || line.contains("://");
            assert!(fits, "{command_line:?} at {width}: {line}\n{text}");
        }
        let joined: String = text.split_whitespace().collect();
        let mut from = 0;
        for (number, part) in rows.iter().flatten().enumerate() {
            let found = joined[from..].find(part.as_str());
            let found = found.unwrap_or_else(|| {
                panic!("{command_line:?} at {width}: part {number}, {part}, is not in its place\n{text}")
            });
            from += found + part.len();
        }
        for part in rows.iter().flatten().filter(|part| part.contains("://")) {
            assert_eq!(joined.matches(part.as_str()).count(), 1, "{text}");
        }
    }
}

fn named(number: usize) -> String {
    // At 20 columns a name is broken over lines.
    format!("1.2.{number}-a-long-version-name+of.a.branch")
}

fn versions() -> Vec<pb::Version> {
    (0..ROWS)
        .map(|number| pb::Version {
            product_name: "a-product-with-a-long-name".to_owned(),
            scm_branch: "feature/a-branch-with-a-long-name".to_owned(),
            readiness: Some(pb::Readiness::NotReady.into()),
            unmet_conditions: vec![condition(
                pb::ConditionStatus::False,
                pb::ConditionReason::CheckFailed,
                &format!("unit{number}"),
            )],
            ..version(&named(number))
        })
        .collect()
}

#[tokio::test]
async fn versions_at_every_width() {
    let server = FakeServer::start().await;
    let page = pb::ListVersionsResponse {
        versions: versions(),
        next_page_token: "more".to_owned(),
        ..Default::default()
    };
    server.state().versions.push_back(Ok(page));
    // The reason may be cut, its beginning not.
    let rows: Vec<Row> = (0..ROWS)
        .map(|number| vec![named(number), format!("unit{number}:")])
        .collect();
    let limit = format!("--limit={ROWS}");
    for command_line in [
        &["versions", "--readiness", &limit] as &[&str],
        &[
            "versions",
            "a-product-with-a-long-name",
            "--readiness",
            &limit,
        ],
    ] {
        assert_rows_at_every_width(&server, command_line, &rows).await;
    }
}

#[tokio::test]
async fn a_trace_at_every_width() {
    let server = FakeServer::start().await;
    let builds = (0..ROWS).map(|number| pb::Build {
        status: pb::BuildStatus::Failed.into(),
        invoke_id: format!("run{number}"),
        build_number: format!("45600{number}"),
        build_url: format!("https://ci.example/a/long/path/to/the/log/of/build/{number}"),
        created_at: at("2025-10-01T10:10:00Z"),
        scm_branch: "feature/a-branch-with-a-long-name".to_owned(),
        error_message: format!("error{number} in the tests of the part that was changed"),
        ..Default::default()
    });
    let checks = (0..ROWS).map(|number| pb::Check {
        status: pb::CheckStatus::Passed.into(),
        check_name: format!("check{number}"),
        counts: HashMap::from([("passed".to_owned(), 120), ("failed".to_owned(), 0)]),
        url: format!("https://ci.example/a/long/path/to/the/check/{number}"),
        summary: format!("summary{number} of what was checked"),
        created_at: at("2025-10-01T10:12:00Z"),
        ..Default::default()
    });
    let deployments = (0..ROWS).map(|number| pb::Deployment {
        status: pb::BuildStatus::Failed.into(),
        environment_name: format!("production-{number}"),
        instance: "eu-central-1/cluster/tenant".to_owned(),
        deploy_url: format!("https://cd.example/a/long/path/to/the/deployment/{number}"),
        deployed_by: "somebody@company.example".to_owned(),
        error_message: format!("failure{number} while it was deployed"),
        ..Default::default()
    });
    let answer = pb::TraceVersionResponse {
        traces: vec![pb::VersionTrace {
            version: Some(version("1.2.3")),
            builds: builds.collect(),
            checks: checks.collect(),
            deployments: deployments.collect(),
            ..Default::default()
        }],
        ..Default::default()
    };
    server.state().trace.push_back(Ok(answer));
    let row = |parts: &[String]| parts.to_vec();
    let builds = (0..ROWS).map(|n| {
        row(&[
            format!("run{n}"),
            format!("45600{n}"),
            format!("error{n}"),
            format!("https://ci.example/a/long/path/to/the/log/of/build/{n}"),
        ])
    });
    let checks = (0..ROWS).map(|n| {
        row(&[
            format!("check{n}"),
            format!("summary{n}"),
            format!("https://ci.example/a/long/path/to/the/check/{n}"),
        ])
    });
    let deployments = (0..ROWS).map(|n| {
        row(&[
            format!("production-{n}"),
            format!("failure{n}"),
            format!("https://cd.example/a/long/path/to/the/deployment/{n}"),
        ])
    });
    let rows: Vec<Row> = builds.chain(checks).chain(deployments).collect();
    assert_rows_at_every_width(&server, &["show", "my-service", "1.2.3"], &rows).await;
}

#[tokio::test]
async fn candidates_of_a_commit_at_every_width() {
    let server = FakeServer::start().await;
    let answer = pb::TraceVersionResponse {
        commits: vec!["abc123def4567890abc123def4567890abc123de".to_owned(); 2],
        candidates: versions(),
        ..Default::default()
    };
    server.state().trace.push_back(Ok(answer));
    let rows: Vec<Row> = (0..ROWS).map(|number| vec![named(number)]).collect();
    assert_rows_at_every_width(&server, &["show", "--sha=abc1"], &rows).await;
}

#[tokio::test]
async fn a_matrix_at_every_width() {
    let server = FakeServer::start().await;
    let names = [
        "development",
        "staging-europe",
        "production-europe",
        "production-us",
    ];
    let environment = |name: &&str| pb::MatrixEnvironment {
        id: format!("id-of-{name}"),
        name: (*name).to_owned(),
        ..Default::default()
    };
    let rows = (0..ROWS).map(|number| pb::MatrixRow {
        product_name: format!("product{number}-with-a-long-name"),
        cells: names
            .iter()
            .enumerate()
            .map(|(at, name)| pb::MatrixCell {
                environment_id: format!("id-of-{name}"),
                instances: ["eu", "us"]
                    .map(|instance| pb::MatrixInstance {
                        instance: instance.to_owned(),
                        current: Some(deployed(
                            &format!("{number}.{at}.{instance}-20251001.abcdef"),
                            pb::BuildStatus::Completed,
                            "2025-10-02T00:00:00Z",
                        )),
                        ..Default::default()
                    })
                    .to_vec(),
                ..Default::default()
            })
            .collect(),
        ..Default::default()
    });
    let answer = pb::GetEnvironmentMatrixResponse {
        environments: names.iter().map(environment).collect(),
        rows: rows.collect(),
        ..Default::default()
    };
    server.state().matrix.push_back(Ok(answer));
    let rows: Vec<Row> = (0..ROWS)
        .map(|number| {
            let versions = ["eu", "us"].into_iter().flat_map(|instance| {
                (0..names.len()).map(move |at| format!("{number}.{at}.{instance}-20251001.abcdef"))
            });
            // Enough of the product's name to tell it from the others.
            let name = format!("product{number}");
            [name].into_iter().chain(versions).collect()
        })
        .collect();
    assert_rows_at_every_width(&server, &["matrix"], &rows).await;
}

#[tokio::test]
async fn statistics_at_every_width() {
    let server = FakeServer::start().await;
    let statistics = |total| pb::BuildStatistics {
        total,
        completed: total,
        success_rate: Some(1.0),
        duration: Some(pb::DurationStatistics {
            count: total,
            p50_us: Some(200_000_000),
            p95_us: Some(3_840_000_000),
            max_us: Some(183_600_000_000),
            ..Default::default()
        }),
        ..Default::default()
    };
    let total = |number: usize| 70_000 + number as i64;
    let groups = (0..ROWS).map(|number| pb::BuildStatisticsGroup {
        name: format!("group{number}"),
        statistics: Some(statistics(total(number))),
    });
    let answer = pb::GetBuildStatisticsResponse {
        statistics: Some(statistics(490_021)),
        groups: groups.collect(),
        groups_truncated: true,
    };
    server.state().statistics.push_back(Ok(answer));
    let buckets: Vec<pb::BuildTrendBucket> = (0..ROWS)
        .map(|number| pb::BuildTrendBucket {
            start_at: at(&format!("2025-10-{:02}T00:00:00Z", number + 1)),
            end_at: at(&format!("2025-10-{:02}T00:00:00Z", number + 2)),
            statistics: Some(statistics(total(number))),
        })
        .collect();
    let groups = (0..ROWS).map(|number| pb::BuildTrendGroup {
        name: format!("trend{number}"),
        buckets: buckets.clone(),
    });
    let trend = pb::GetBuildTrendResponse {
        groups: groups.collect(),
        buckets: buckets.clone(),
        time_zone: "UTC".to_owned(),
        ..Default::default()
    };
    server.state().trend.push_back(Ok(trend));
    let groups = (0..ROWS).map(|n| vec![format!("group{n}"), format!("7000{n}")]);
    let days = (0..ROWS).map(|n| vec![format!("2025-10-{:02}", n + 1), format!("7000{n}")]);
    let trends = (0..ROWS).map(|n| vec![format!("trend{n}")]);
    let rows: Vec<Row> = groups.chain(days).chain(trends).collect();
    let command_line = [
        "stats",
        "--by=branch",
        "--trend=day",
        "--from=2025-10-01",
        "--to=2025-10-08",
    ];
    assert_rows_at_every_width(&server, &command_line, &rows).await;
}

#[tokio::test]
async fn a_verdict_at_every_width() {
    let server = FakeServer::start().await;
    let conditions = (0..ROWS).map(|number| pb::Condition {
        message: format!("condition{number} is not met, because of a reason that has many words"),
        evidence_url: format!("https://ci.example/a/long/path/to/the/check/{number}"),
        remedy: format!("remedy{number}: fix the findings and run the check again"),
        ..condition(
            pb::ConditionStatus::False,
            pb::ConditionReason::CheckFailed,
            "unit",
        )
    });
    let answer = pb::CheckReadinessResponse {
        version: Some(version("1.2.3")),
        readiness: pb::Readiness::Ready.into(),
        conditions: conditions.collect(),
        ..Default::default()
    };
    server.state().readiness.push_back(Ok(answer));
    let rows: Vec<Row> = (0..ROWS)
        .map(|n| {
            vec![
                format!("condition{n}"),
                format!("remedy{n}"),
                format!("https://ci.example/a/long/path/to/the/check/{n}"),
            ]
        })
        .collect();
    assert_rows_at_every_width(&server, &["readiness", "my-service", "1.2.3"], &rows).await;
}

#[tokio::test]
async fn on_80_columns_commits_and_times_are_short_and_reasons_are_whole() {
    let server = FakeServer::start().await;
    let not_ready = pb::Version {
        readiness: Some(pb::Readiness::NotReady.into()),
        unmet_conditions: vec![
            condition(
                pb::ConditionStatus::False,
                pb::ConditionReason::CheckFailed,
                "unit",
            ),
            condition(
                pb::ConditionStatus::Unknown,
                pb::ConditionReason::ScanAbsent,
                "",
            ),
        ],
        ..version("1.2.4")
    };
    let page = pb::ListVersionsResponse {
        versions: vec![not_ready, version("1.2.3")],
        ..Default::default()
    };
    server.state().versions.push_back(Ok(page));
    let command_line = ["versions", "my-service", "--readiness"];
    assert_snapshot!(on_terminal(&server.url(), &command_line, 100).await, @r"
    VERSION  STATUS       READINESS    COMMIT   BRANCH  CREATED     BECAUSE
    1.2.4    ✓ completed  ✗ not ready  abc123d  main    2025-10-01  unit: check failed, scan absent
    1.2.3    ✓ completed               abc123d  main    2025-10-01
    ");
    assert_snapshot!(on_terminal(&server.url(), &command_line, 80).await, @r"
    VERSION  STATUS       READINESS    COMMIT        BRANCH  CREATED
    1.2.4    ✓ completed  ✗ not ready  abc123def456  main    2025-10-01 10:04Z
      because: unit: check failed, scan absent
    1.2.3    ✓ completed               abc123def456  main    2025-10-01 10:04Z
    ");
}
