//! Filters with several values, and filters for an empty text: each row that matches is on exactly one page, whatever
//! the size of the pages.

use std::fmt::Debug;

use versioner::{
    domain::{
        deployment::DeploymentClass,
        environment::EnvironmentType,
        query::{
            BuildQuery, CheckQuery, DeploymentQuery, EntryQuery, EnvironmentQuery, VersionOrder,
            VersionQuery,
        },
        resource::{Build, Check, Deployment, Entry, EntryType, Environment, Version},
        status::{CheckKind, Status},
    },
    storage::{List, Store},
};

use crate::{
    ask::Ask,
    report::{PRODUCT, Report, build, check, commit_check, deployment},
};

const STATUSES: [Status; 5] = [
    Status::Pending,
    Status::Started,
    Status::Completed,
    Status::Failed,
    Status::Aborted,
];
const KINDS: [CheckKind; 4] = [
    CheckKind::Test,
    CheckKind::SecurityScan,
    CheckKind::Approval,
    CheckKind::Custom,
];

/// Rows with each status, in two products; many have the same times.
async fn fill(store: &Store) {
    for product in [PRODUCT, "cart"] {
        for number in 0..20_usize {
            let version = format!("1.{number}");
            let status = STATUSES[number % 5];
            let instance = if number % 3 == 0 { "" } else { "eu" };
            let kind = KINDS[number % 4];
            let environment = if number < 10 { "" } else { "prod" };
            let of_kind = |report: Report| report.with(|raw| raw.check_kind = Some(Ok(kind)));
            let reports = [
                build(&version),
                deployment(&version, if number < 10 { "dev" } else { "qa" }).instance(instance),
                of_kind(check(&version, "unit").in_environment(environment)),
                of_kind(commit_check(&format!("{number:07x}"), "lint")),
            ];
            let at_us = (number / 4) as i64;
            let reports = reports.map(|report| report.of(product).status(status).at(at_us));
            store.accept_all(reports).await;
        }
    }
}

/// Compares the list with the rows of the unfiltered list that match.
async fn assert_lists<Q>(
    store: &Store,
    query: &Q,
    unfiltered: &Q,
    matches: impl Fn(&Q::Row) -> bool,
) where
    Q: List + Debug,
    Q::Row: Debug + PartialEq,
{
    let mut expected = store.all(unfiltered).await;
    let before = expected.len();
    expected.retain(matches);
    assert!(
        !expected.is_empty() && expected.len() < before,
        "{query:?} has {} of {before} rows",
        expected.len()
    );
    for size in [1, 3, 7, 1_000] {
        let found = store.in_pages(query, size).await;
        assert_eq!(found, expected, "{query:?} in pages of {size}");
    }
}

pub(crate) async fn lists_have_the_rows_of_several_statuses(store: Store) {
    fill(&store).await;
    let product_names = [None, Some(PRODUCT.to_owned())];
    for statuses in [
        vec![Status::Failed, Status::Aborted],
        vec![Status::Pending, Status::Started, Status::Failed],
        vec![
            Status::Pending,
            Status::Completed,
            Status::Failed,
            Status::Aborted,
        ],
    ] {
        for product_name in product_names.clone() {
            for order in [
                VersionOrder::NewestFirst,
                VersionOrder::OldestFirst,
                VersionOrder::HighestFirst,
            ] {
                let all = VersionQuery {
                    product_name: product_name.clone(),
                    order,
                    ..VersionQuery::default()
                };
                let query = VersionQuery {
                    statuses: statuses.clone(),
                    ..all.clone()
                };
                let matches = |v: &Version| v.status.is_some_and(|s| statuses.contains(&s));
                assert_lists(&store, &query, &all, matches).await;
            }
            let all = BuildQuery {
                product_name: product_name.clone(),
                ..BuildQuery::default()
            };
            let query = BuildQuery {
                statuses: statuses.clone(),
                ..all.clone()
            };
            let matches = |b: &Build| statuses.contains(&b.run.status);
            assert_lists(&store, &query, &all, matches).await;
            let all = DeploymentQuery {
                product_name: product_name.clone(),
                ..DeploymentQuery::default()
            };
            let query = DeploymentQuery {
                statuses: statuses.clone(),
                ..all.clone()
            };
            let matches = |d: &Deployment| statuses.contains(&d.run.status);
            assert_lists(&store, &query, &all, matches).await;
            let all = CheckQuery {
                product_name: product_name.clone(),
                ..CheckQuery::default()
            };
            let query = CheckQuery {
                statuses: statuses.clone(),
                ..all.clone()
            };
            let matches = |c: &Check| statuses.contains(&c.run.status);
            assert_lists(&store, &query, &all, matches).await;
        }
    }
}

pub(crate) async fn lists_have_the_rows_of_several_kinds_classes_and_types(store: Store) {
    fill(&store).await;
    let kinds = vec![CheckKind::SecurityScan, CheckKind::Custom];
    let query = CheckQuery {
        kinds: kinds.clone(),
        statuses: vec![Status::Failed, Status::Completed],
        ..CheckQuery::default()
    };
    let matches = |c: &Check| {
        c.run
            .details
            .check_kind
            .is_some_and(|kind| kinds.contains(&kind))
            && query.statuses.contains(&c.run.status)
    };
    assert_lists(&store, &query, &CheckQuery::default(), matches).await;

    let classes = vec![DeploymentClass::First, DeploymentClass::Upgrade];
    let query = DeploymentQuery {
        deployment_classes: classes.clone(),
        ..DeploymentQuery::default()
    };
    let matches = |d: &Deployment| d.class.is_some_and(|class| classes.contains(&class));
    assert_lists(&store, &query, &DeploymentQuery::default(), matches).await;

    let types = vec![EntryType::VersionEvent, EntryType::CheckEvent];
    let query = EntryQuery {
        types: types.clone(),
        ..EntryQuery::default()
    };
    let matches = |e: &Entry| types.contains(&e.kind);
    assert_lists(&store, &query, &EntryQuery::default(), matches).await;

    store.accept(deployment("1.0", "staging")).await;
    store.accept(deployment("1.0", "live")).await;
    let types = vec![EnvironmentType::Dev, EnvironmentType::Production];
    let query = EnvironmentQuery {
        environment_types: types.clone(),
        ..EnvironmentQuery::default()
    };
    let matches = |e: &Environment| types.contains(&e.kind);
    assert_lists(&store, &query, &EnvironmentQuery::default(), matches).await;
}

pub(crate) async fn an_empty_text_is_a_value_of_its_own(store: Store) {
    fill(&store).await;
    for product_name in [None, Some(PRODUCT.to_owned())] {
        for environment_name in [None, Some("dev".to_owned())] {
            let all = DeploymentQuery {
                product_name: product_name.clone(),
                environment_name,
                ..DeploymentQuery::default()
            };
            let query = DeploymentQuery {
                instance: Some(String::new()),
                ..all.clone()
            };
            let matches = |d: &Deployment| d.instance.is_empty();
            assert_lists(&store, &query, &all, matches).await;
        }
        let all = CheckQuery {
            product_name,
            ..CheckQuery::default()
        };
        let query = CheckQuery {
            environment_name: Some(String::new()),
            ..all.clone()
        };
        let matches = |c: &Check| c.environment.is_none();
        assert_lists(&store, &query, &all, matches).await;
    }
}
