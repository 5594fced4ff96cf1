//! Pages of lists: their order, and that each row stands on exactly one, also where many
//! have the same sort key and where rows arrive meanwhile.

use versioner::{
    domain::{
        page::Cursor,
        query::{
            BuildQuery, CheckQuery, DeploymentQuery, EntryQuery, EnvironmentQuery, ProductQuery,
            VersionOrder, VersionQuery,
        },
    },
    storage::{List, Page, Store},
};

use crate::{
    ask::Ask,
    report::{Report, build, check, commit_check, deployment},
};

/// Numbered in several ways, equal, and not numbered at all.
const IDENTIFIERS: [&str; 12] = [
    "1.0",
    "v1.0",
    "1.0+x",
    "2.0-rc.1",
    "2.0",
    "456",
    "2025.10.28",
    "release-q4",
    "abcdef1",
    "custom",
    "0",
    "0.0",
];

/// Rows of which many have the same times.
fn reports(product: &str) -> Vec<Report> {
    let mut reports = Vec::new();
    for (number, version) in IDENTIFIERS.into_iter().enumerate() {
        let at_us = number as i64 / 5;
        let environment = format!("env-{}", number % 3);
        let sha = format!("{number:07x}");
        reports.extend(
            [
                build(version),
                build(version),
                deployment(version, &environment),
                check(version, "unit"),
                commit_check(&sha, "unit"),
            ]
            .map(|report| report.of(product).at(at_us)),
        );
    }
    reports
}

/// Reads a list in pages of each size, and once more with rows arriving between them.
async fn assert_pages<Q: List>(store: &Store, list: &str, query: &Q)
where
    Q::Row: std::fmt::Debug + PartialEq + Clone,
{
    let whole = store.in_pages(query, 1_000).await;
    assert!(whole.len() > 5, "{} has rows enough", list);
    for size in [1, 2, 5] {
        assert_eq!(
            store.in_pages(query, size).await,
            whole,
            "{} by {size}",
            list
        );
    }

    let mut seen: Vec<Q::Row> = Vec::new();
    let mut after: Option<Cursor> = None;
    for turn in 0.. {
        let page = Page {
            after: after.as_ref(),
            limit: 4,
        };
        let rows = query.rows(store, page).await.unwrap();
        let Some(last) = rows.last() else {
            break;
        };
        after = Some(query.cursor(last));
        seen.extend(rows);
        if turn < 3 {
            let arrives = reports(&format!("{}-{turn}", list)).into_iter();
            let versions =
                arrives.map(|r| r.with(|raw| raw.version = arriving(&raw.version, turn)));
            store.accept_all(versions.take(10)).await;
        }
    }
    for row in whole {
        let count = seen.iter().filter(|seen| **seen == row).count();
        assert_eq!(count, 1, "{} {row:?}", list);
    }
}

fn arriving(version: &str, turn: i32) -> String {
    match version.is_empty() {
        true => String::new(),
        false => format!("{version}{turn}"),
    }
}

pub(crate) async fn lists_of_versions_have_each_row_once(store: Store) {
    store.accept_all(reports("shop")).await;
    for order in [
        VersionOrder::NewestFirst,
        VersionOrder::OldestFirst,
        VersionOrder::HighestFirst,
    ] {
        let query = VersionQuery {
            order,
            ..VersionQuery::default()
        };
        assert_pages(&store, &format!("versions {order:?}"), &query).await;
    }
}

pub(crate) async fn lists_of_builds_deployments_and_checks_have_each_row_once(store: Store) {
    store.accept_all(reports("shop")).await;
    assert_pages(&store, "build", &BuildQuery::default()).await;
    assert_pages(&store, "deployment", &DeploymentQuery::default()).await;
    assert_pages(&store, "check", &CheckQuery::default()).await;
}

pub(crate) async fn lists_of_entries_have_each_row_once(store: Store) {
    store.accept_all(reports("shop")).await;
    assert_pages(&store, "entry", &EntryQuery::default()).await;
}

pub(crate) async fn lists_of_the_catalogue_have_each_row_once(store: Store) {
    for number in 0..9 {
        // Names in no order, of both cases: they are compared byte by byte.
        let name = ["b", "B", "a", "_", "é", "Z", "10", "9", "ab"][number];
        store.accept(deployment("1.0", name).of(name)).await;
    }
    let names: Vec<String> = store
        .all(&ProductQuery::default())
        .await
        .into_iter()
        .map(|p| p.name)
        .collect();
    assert_eq!(names, ["10", "9", "B", "Z", "_", "a", "ab", "b", "é"]);
    assert_pages(&store, "product", &ProductQuery::default()).await;
    assert_pages(&store, "environment", &EnvironmentQuery::default()).await;
}

pub(crate) async fn r13_highest_first_puts_what_is_not_numbered_last_newest_first(store: Store) {
    store.accept_all(reports("shop")).await;
    let query = VersionQuery {
        order: VersionOrder::HighestFirst,
        ..VersionQuery::default()
    };
    let order: Vec<String> = store
        .all(&query)
        .await
        .into_iter()
        .map(|v| v.version)
        .collect();
    let expected = [
        "2025.10.28",
        "456",
        "2.0",
        "2.0-rc.1",
        "1.0+x",
        "v1.0",
        "1.0",
        "0.0",
        "0",
        "custom",
        "abcdef1",
        "release-q4",
    ];
    assert_eq!(order, expected);
}

pub(crate) async fn lists_are_in_the_order_of_time(store: Store) {
    for (version, at_us) in [("b", 3), ("c", 1), ("a", 2), ("d", 3)] {
        store.accept(build(version).at(at_us)).await;
        store.accept(deployment(version, "dev").at(at_us)).await;
        store.accept(check(version, "unit").at(at_us)).await;
    }
    let newest_first = ["d", "b", "a", "c"];
    let builds: Vec<String> = store
        .builds()
        .await
        .into_iter()
        .map(|b| b.version)
        .collect();
    assert_eq!(builds, newest_first);
    let deployments = store.deployments().await.into_iter();
    assert_eq!(
        deployments.map(|d| d.version).collect::<Vec<_>>(),
        newest_first
    );
    let checks = store.checks().await.into_iter();
    let checks: Vec<String> = checks.filter_map(|c| Some(c.version?.1)).collect();
    assert_eq!(checks, newest_first);
    let oldest_first = VersionQuery {
        order: VersionOrder::OldestFirst,
        ..VersionQuery::default()
    };
    let versions = store.all(&oldest_first).await.into_iter();
    assert_eq!(
        versions.map(|v| v.version).collect::<Vec<_>>(),
        ["c", "a", "b", "d"]
    );
    let positions: Vec<i64> = store.entries().await.iter().map(|e| e.position).collect();
    assert_eq!(positions, (1..=12).collect::<Vec<_>>());
}
