//! Everything else that is asked: one thing by its name, the log, the catalogue, what runs where, the
//! latest version, readiness, statistics. Knows no plan.

use versioner::{
    domain::{
        environment::EnvironmentType,
        query::{
            BuildQuery, ComparisonQuery, EntryQuery, EnvironmentQuery, LatestQuery, MatrixQuery,
            ProductQuery, ReadinessQuery, VersionQuery,
        },
        resource::EntryType,
        statistics::{Grouping, StatisticsQuery},
        status::Status,
    },
    storage::{Error, List, Page, ProductChange, Reference},
};

use super::{
    asking::{
        PAGE, Plans, Setting,
        Way::{Few, Walk},
    },
    fill::{self, LONG_LIVED, rare, usual},
    postgres::Budget,
    sqlite::Allowed,
};
use crate::report::{DAY_US, HOUR_US, PRODUCT};

/// What one thing may cost.
const ONE: Budget = Budget {
    rows: 12,
    blocks: 60,
};
/// What stands at the places of a page of products, and the versions that lie between.
const PLACES: u64 = 60 * PAGE as u64;

pub(super) async fn log(plans: &Plans) {
    let version = plans
        .store
        .version_by_name(PRODUCT, LONG_LIVED)
        .await
        .unwrap();
    let cases: [Setting<EntryQuery>; 6] = [
        (|_| (), "rowid>?"),
        (|q| q.after = 9_000, "rowid>?"),
        (|q| q.types = vec![EntryType::VersionEvent], "rowid>?"),
        (|q| q.product_name = text(PRODUCT), "product_id=?"),
        (
            |q| q.environment_name = text(usual::ENVIRONMENT),
            "environment_id=?",
        ),
        (
            |q| q.environment_name = text(rare::ENVIRONMENT),
            "environment_id=?",
        ),
    ];
    for (set, keys) in cases {
        let mut query = EntryQuery::default();
        set(&mut query);
        plans.list(&query, Walk(keys), "").await;
    }
    let of_version = EntryQuery {
        version_id: Some(version.id),
        ..EntryQuery::default()
    };
    plans.list(&of_version, Walk("version_id=?"), "").await;
    let by_name = EntryQuery {
        product_name: text(PRODUCT),
        version: text(LONG_LIVED),
        environment_name: text(usual::ENVIRONMENT),
        ..EntryQuery::default()
    };
    plans.list(&by_name, Few("version_id=?", 3 * 450), "").await;
}

pub(super) async fn catalogue(plans: &Plans) {
    let prefixed = ProductQuery {
        name_prefix: text("service-9"),
    };
    plans
        .list(&ProductQuery::default(), Walk(""), "name>?")
        .await;
    plans.list(&prefixed, Walk("name>?"), "").await;
    for (prefix, kind, keys) in [
        (None, None, ""),
        (Some("preview-9"), None, "name>?"),
        (None, Some(EnvironmentType::Other), "type=?"),
        (None, Some(EnvironmentType::Test), "type=?"),
    ] {
        let query = EnvironmentQuery {
            name_prefix: prefix.map(str::to_owned),
            environment_types: kind.into_iter().collect(),
        };
        plans.list(&query, Walk(keys), "name>?").await;
    }
}

pub(super) async fn places(plans: &Plans) {
    for as_of_us in [None, Some(fill::MIDDLE_US.1), Some(fill::END_US)] {
        for environment_names in [
            Vec::new(),
            vec![usual::ENVIRONMENT.to_owned(), rare::ENVIRONMENT.to_owned()],
        ] {
            let query = MatrixQuery {
                environment_names,
                as_of_us,
                baseline_environment_name: text(usual::ENVIRONMENT),
                ..MatrixQuery::default()
            };
            let matrix = plans.store.matrix(&query).await.unwrap();
            plans.list(&matrix, Few("", PLACES), "").await;
        }
        let query = ComparisonQuery {
            environment_name: rare::ENVIRONMENT.to_owned(),
            baseline_environment_name: usual::ENVIRONMENT.to_owned(),
            as_of_us,
            ..ComparisonQuery::default()
        };
        let matrix = plans.store.comparison(&query).await.unwrap();
        plans.list(&matrix, Few("", PLACES), "").await;
    }
}

pub(super) async fn things(plans: &Plans) {
    let store = &plans.store;
    // What was read before would be answered from memory; a change of the catalogue has all
    // of it forgotten.
    let product = Reference::Name(PRODUCT.to_owned());
    let described = ProductChange {
        description: Some("The large one".to_owned()),
        ..ProductChange::default()
    };
    store.update_product(product, described).await.unwrap();
    let of_product = BuildQuery {
        product_name: Some(PRODUCT.to_owned()),
        ..BuildQuery::default()
    };
    let far_down = Page {
        after: None,
        limit: 700,
    };
    let builds = store.list_builds(&of_product, far_down).await.unwrap();
    let [by_id, by_name] = [690, 695].map(|nth| &builds[nth]);
    one(
        plans,
        "a version by id",
        async { store.version(by_id.version_id).await.map(drop) },
        "rowid=?",
    )
    .await;
    let named = async {
        store
            .version_by_name(PRODUCT, &by_name.version)
            .await
            .map(drop)
    };
    one(plans, "a version by name", named, "product_id=? version=?").await;
    let version = store.version_by_name(PRODUCT, LONG_LIVED).await.unwrap();
    let build = version.latest_build_id.unwrap();
    one(
        plans,
        "a build",
        async { store.build(build).await.map(drop) },
        "rowid=?",
    )
    .await;
    one(
        plans,
        "a deployment",
        async { store.deployment(40).await.map(drop) },
        "rowid=?",
    )
    .await;
    one(
        plans,
        "a check",
        async { store.check(40).await.map(drop) },
        "check_id=?",
    )
    .await;
    one(
        plans,
        "the end of the log",
        async { store.check_position(1).await.map(drop) },
        "rowid=?",
    )
    .await;
    for product in [None, Some(PRODUCT)] {
        for length in [4, 7, 40] {
            let sha = fill::sha(31);
            let commits = async {
                store
                    .matching_commits(product, &sha[..length])
                    .await
                    .map(drop)
            };
            ask(plans, "commits", commits, "scm_sha>? scm_sha<?", true, ONE).await;
        }
    }
    let product = Reference::Name(fill::product(99));
    one(
        plans,
        "a product",
        async { store.product(&product).await.map(drop) },
        "name=?",
    )
    .await;
    let environment = Reference::Name("preview-9".to_owned());
    one(
        plans,
        "an environment",
        async { store.environment(&environment).await.map(drop) },
        "name=?",
    )
    .await;
}

pub(super) async fn latest(plans: &Plans) {
    let cases: [Setting<LatestQuery>; 9] = [
        (|_| (), "product_id=?"),
        (|q| q.include_prereleases = true, "product_id=?"),
        (
            |q| q.scm_branch = text(usual::BRANCH),
            "product_id=? scm_branch=?",
        ),
        (
            |q| q.scm_branch = text(rare::BRANCH),
            "product_id=? scm_branch=?",
        ),
        (
            |q| q.scm_branch = text("no such branch"),
            "product_id=? scm_branch=?",
        ),
        (|q| q.statuses = vec![Status::Completed], "product_id=?"),
        (
            |q| q.statuses = vec![Status::Aborted],
            "product_id=? status=?",
        ),
        (
            |q| q.statuses = vec![Status::Pending],
            "product_id=? status=?",
        ),
        (
            |q| q.environment_name = text(usual::ENVIRONMENT),
            "product_id=? environment_id=?",
        ),
    ];
    for (set, keys) in cases {
        for ready in [false, true] {
            let mut query = LatestQuery {
                product_name: fill::MIDDLING_PRODUCT.to_owned(),
                ready: ready.then(ReadinessQuery::default),
                ..LatestQuery::default()
            };
            set(&mut query);
            let asked = async { found(plans.store.latest_version(&query).await) };
            let budget = Budget {
                rows: 120,
                blocks: 600,
            };
            let sorts = query.environment_name.is_some();
            ask(plans, &format!("{query:?}"), asked, keys, sorts, budget).await;
        }
    }
}

pub(super) async fn readiness(plans: &Plans) {
    let page = Page {
        after: None,
        limit: PAGE,
    };
    let query = VersionQuery {
        product_name: text(PRODUCT),
        ..VersionQuery::default()
    };
    let versions = query.rows(&plans.store, page).await.unwrap();
    assert!(versions.iter().any(|v| v.version == LONG_LIVED));
    let asked = async { plans.store.assess(versions, None, 0).await.map(drop) };
    let budget = Budget {
        rows: 200,
        blocks: 900,
    };
    ask(plans, "readiness", asked, "version_id=?", false, budget).await;
}

pub(super) async fn statistics(plans: &Plans) {
    let from_us = fill::MIDDLE_US.0;
    let day: Vec<i64> = (0..=24).map(|hour| from_us + 1 + hour * HOUR_US).collect();
    for grouping in [
        Grouping::None,
        Grouping::Product,
        Grouping::Branch,
        Grouping::SourceSystem,
    ] {
        for branch in [None, Some(usual::BRANCH)] {
            for bounds in [&[from_us, from_us + DAY_US][..], &day] {
                let query = StatisticsQuery {
                    product_name: text(PRODUCT),
                    scm_branch: branch.map(str::to_owned),
                    source_system: None,
                    grouping,
                    duration_statuses: vec![Status::Completed],
                    stale_before_us: from_us,
                };
                let asked = async {
                    plans
                        .store
                        .build_statistics(&query, bounds, 10)
                        .await
                        .map(drop)
                };
                let budget = Budget {
                    rows: 6_000,
                    blocks: 3_000,
                };
                ask(
                    plans,
                    &format!("{query:?}"),
                    asked,
                    "product_id=?",
                    true,
                    budget,
                )
                .await;
            }
        }
    }
}

async fn one(
    plans: &Plans,
    what: &str,
    asked: impl Future<Output = Result<(), Error>>,
    keys: &str,
) {
    ask(plans, what, asked, keys, false, ONE).await;
}

pub(super) async fn ask(
    plans: &Plans,
    what: &str,
    asked: impl Future<Output = Result<(), Error>>,
    keys: &str,
    sorts: bool,
    budget: Budget,
) {
    let keys = keys.split(' ').filter(|key| !key.is_empty());
    let allowed = Allowed {
        keys: keys.map(str::to_owned).collect(),
        sorts,
        whole: false,
    };
    plans.ask(what, asked, allowed, budget).await;
}

/// Whether anything fits is not the question.
fn found<T>(result: Result<T, Error>) -> Result<(), Error> {
    match result {
        Ok(_) | Err(Error::NotFound { .. } | Error::OnlyPrereleases { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}
