//! Every filter of every list, alone and together with a product.

use versioner::{
    domain::{
        deployment::DeploymentClass,
        environment::EnvironmentType,
        query::{
            BuildQuery, CheckQuery, DeploymentQuery, EntryQuery, EnvironmentQuery, ProductQuery,
            VersionQuery,
        },
        resource::{Build, Check, Deployment, Entry, EntryType, Version},
        status::{CheckKind, Status},
    },
    storage::{List, ProductChange, Reference, Store},
};

use crate::{
    ask::Ask,
    report::{PRODUCT, Report, T0_US, build, check, commit_check, deployment},
};

/// Rows that each filter parts into some that fit and some that don't, in two products.
async fn fill(store: &Store) {
    let facts = |report: Report, at_us: i64, odd: bool| {
        let pick = |even: &str, when_odd: &str| (if odd { when_odd } else { even }).to_owned();
        let report = report.at(at_us).run(&pick("run-1", "run-2"));
        report.with(|raw| {
            raw.by = pick("ann", "bob");
            raw.scm_branch = pick("main", "fix/1");
            raw.scm_repository = pick("example.com/a", "example.com/b");
            raw.source_system = pick("github", "jenkins");
            raw.status = Some(Ok(if odd {
                Status::Failed
            } else {
                Status::Completed
            }));
        })
    };
    for product in [PRODUCT, "cart"] {
        for number in 0..6 {
            let odd = number % 2 == 1;
            let version = format!("{}.{number}", if number < 3 { 1 } else { 2 });
            let sha = format!("{number}abcdef0123");
            let environment = if number % 3 == 0 { "dev" } else { "qa" };
            let instance = if number < 4 { "" } else { "eu" };
            let kind = if number < 2 {
                CheckKind::SecurityScan
            } else {
                CheckKind::Test
            };
            let of_kind = |report: Report| report.with(|raw| raw.check_kind = Some(Ok(kind)));
            let at_us = number * 10;
            let reports = [
                build(&version).sha(&sha),
                deployment(&version, environment).instance(instance),
                of_kind(check(&version, if odd { "unit" } else { "scan" })),
                of_kind(commit_check(&sha, "of-commit").in_environment(environment)),
            ];
            store
                .accept_all(reports.map(|report| facts(report.of(product), at_us, odd)))
                .await;
        }
    }
    let renamed = ProductChange {
        name: Some("store".into()),
        ..ProductChange::default()
    };
    let which = Reference::Name(PRODUCT.into());
    store.update_product(which, renamed).await.unwrap();
}

/// Compares a list with its filter to the list without one, from which the same rows
/// are picked by hand.
async fn assert_fit<Q: List>(
    store: &Store,
    name: &str,
    query: &Q,
    unfiltered: &Q,
    fits: impl Fn(&Q::Row) -> bool,
) where
    Q::Row: std::fmt::Debug + PartialEq,
{
    let mut expected = store.all(unfiltered).await;
    let before = expected.len();
    expected.retain(fits);
    assert!(
        !expected.is_empty() && expected.len() < before,
        "{name} parts nothing"
    );
    assert_eq!(store.all(query).await, expected, "{name}");
}

/// Each filter alone and with the product, by one of whose names it is found.
macro_rules! assert_filters {
    ($store:ident, $query:ident, $row:ident, { $($field:ident: $value:expr => $fits:expr,)* }) => {{
        $({
            let fits: fn(&$row) -> bool = $fits;
            let alone = $query { $field: $value, ..$query::default() };
            let name = concat!(stringify!($query), ".", stringify!($field));
            assert_fit(&$store, name, &alone, &$query::default(), fits).await;
            for product in [PRODUCT, "store"] {
                let of_product = $query { product_name: Some(product.into()), ..$query::default() };
                let both = $query { $field: $value, ..of_product.clone() };
                assert_fit(&$store, name, &both, &of_product, fits).await;
            }
        })*
        let unknown = $query { product_name: Some("nothing".into()), ..$query::default() };
        assert!($store.all(&unknown).await.is_empty());
    }};
}

pub(crate) async fn lists_of_versions_keep_to_their_filters(store: Store) {
    fill(&store).await;
    let of_product = VersionQuery {
        product_name: Some(PRODUCT.into()),
        ..VersionQuery::default()
    };
    let versions = VersionQuery::default();
    assert_fit(&store, "product", &of_product, &versions, |v| {
        v.product_name == "store"
    })
    .await;
    assert_filters!(store, VersionQuery, Version, {
        version: Some("1.2".into()) => |v| v.version == "1.2",
        version_prefix: Some("2.".into()) => |v| v.version.starts_with("2."),
        statuses: vec![Status::Failed] => |v| v.status == Some(Status::Failed),
        scm_branch: Some("fix/1".into()) => |v| v.origin.scm_branch.as_deref() == Some("fix/1"),
        scm_repository: Some("example.com/a".into())
            => |v| v.origin.scm_repository.as_deref() == Some("example.com/a"),
        scm_sha: Some("3abcd".into()) => |v| v.scm_sha.as_deref() == Some("3abcdef0123"),
        built_by: Some("ann".into()) => |v| v.origin.built_by.as_deref() == Some("ann"),
        source_system: Some("jenkins".into())
            => |v| v.origin.source_system.as_deref() == Some("jenkins"),
        invoke_id: Some("run-2".into()) => |v| v.status == Some(Status::Failed),
        created_from_us: Some(T0_US + 20) => |v| v.created_at_us >= T0_US + 20,
        created_to_us: Some(T0_US + 20) => |v| v.created_at_us < T0_US + 20,
        // Of what completed: 0 in dev; 2 in qa, and 4 in its instance eu.
        environment_name: Some("qa".into()) => |v| ["1.2", "2.4"].contains(&v.version.as_str()),
    });
    let combined = VersionQuery {
        scm_sha: Some("4abcdef0123".into()),
        invoke_id: Some("run-1".into()),
        environment_name: Some("qa".into()),
        ..VersionQuery::default()
    };
    assert_fit(&store, "combined", &combined, &versions, |v| {
        v.version == "2.4"
    })
    .await;
    for contradiction in [
        VersionQuery {
            invoke_id: Some("run-2".into()),
            ..combined.clone()
        },
        VersionQuery {
            environment_name: Some("dev".into()),
            ..combined.clone()
        },
        VersionQuery {
            scm_sha: Some("5abc".into()),
            ..combined
        },
    ] {
        assert!(store.all(&contradiction).await.is_empty());
    }
}

pub(crate) async fn lists_of_builds_keep_to_their_filters(store: Store) {
    fill(&store).await;
    let id = store.version_by_name(PRODUCT, "1.2").await.unwrap().id;
    assert_filters!(store, BuildQuery, Build, {
        version: Some("1.2".into()) => |b| b.version == "1.2",
        statuses: vec![Status::Failed] => |b| b.run.status == Status::Failed,
        invoke_id: Some("run-2".into()) => |b| b.run.invoke_id.as_deref() == Some("run-2"),
        scm_branch: Some("main".into()) => |b| b.run.details.scm_branch.as_deref() == Some("main"),
        source_system: Some("github".into())
            => |b| b.run.details.source_system.as_deref() == Some("github"),
        created_from_us: Some(T0_US + 20) => |b| b.run.created_at_us >= T0_US + 20,
        created_to_us: Some(T0_US + 20) => |b| b.run.created_at_us < T0_US + 20,
    });
    let of_version = BuildQuery {
        version_id: Some(id),
        ..BuildQuery::default()
    };
    let fits = |b: &Build| b.version_id == id;
    assert_fit(
        &store,
        "version_id",
        &of_version,
        &BuildQuery::default(),
        fits,
    )
    .await;
}

pub(crate) async fn lists_of_deployments_keep_to_their_filters(store: Store) {
    fill(&store).await;
    let id = store.version_by_name(PRODUCT, "1.2").await.unwrap().id;
    assert_filters!(store, DeploymentQuery, Deployment, {
        version: Some("1.2".into()) => |d| d.version == "1.2",
        environment_name: Some("dev".into()) => |d| d.environment_name == "dev",
        instance: Some("eu".into()) => |d| d.instance == "eu",
        statuses: vec![Status::Completed] => |d| d.run.status == Status::Completed,
        deployed_by: Some("bob".into()) => |d| d.run.details.by.as_deref() == Some("bob"),
        invoke_id: Some("run-1".into()) => |d| d.run.invoke_id.as_deref() == Some("run-1"),
        created_from_us: Some(T0_US + 20) => |d| d.run.created_at_us >= T0_US + 20,
        created_to_us: Some(T0_US + 20) => |d| d.run.created_at_us < T0_US + 20,
        current_only: true => |d| d.current,
        deployment_classes: vec![DeploymentClass::First] => |d| d.class == Some(DeploymentClass::First),
    });
    let of_version = DeploymentQuery {
        version_id: Some(id),
        ..DeploymentQuery::default()
    };
    let fits = |d: &Deployment| d.version_id == id;
    assert_fit(
        &store,
        "version_id",
        &of_version,
        &DeploymentQuery::default(),
        fits,
    )
    .await;
}

pub(crate) async fn lists_of_checks_keep_to_their_filters(store: Store) {
    fill(&store).await;
    assert_filters!(store, CheckQuery, Check, {
        scm_sha: Some("3abcd".into()) => |c| {
            c.scm_sha.as_deref() == Some("3abcdef0123")
                || c.version.as_ref().is_some_and(|(_, version)| version == "2.3")
        },
        check_name: Some("unit".into()) => |c| c.check_name == "unit",
        kinds: vec![CheckKind::SecurityScan]
            => |c| c.run.details.check_kind == Some(CheckKind::SecurityScan),
        statuses: vec![Status::Failed] => |c| c.run.status == Status::Failed,
        environment_name: Some("dev".into())
            => |c| c.environment.as_ref().is_some_and(|(_, name)| name == "dev"),
    });
    let version = store.version_by_name(PRODUCT, "2.3").await.unwrap();
    let of_product = CheckQuery {
        product_name: Some(PRODUCT.into()),
        ..CheckQuery::default()
    };
    let by_name = CheckQuery {
        version: Some("2.3".into()),
        ..of_product.clone()
    };
    let by_id = CheckQuery {
        version_id: Some(version.id),
        ..CheckQuery::default()
    };
    for by_version in [by_name, by_id] {
        let fits = |c: &Check| {
            c.scm_sha == version.scm_sha || c.version.as_ref().is_some_and(|v| v.0 == version.id)
        };
        assert_fit(&store, "version", &by_version, &of_product, fits).await;
        let with_status = CheckQuery {
            check_name: Some("unit".into()),
            ..by_version.clone()
        };
        let fits = |c: &Check| c.check_name == "unit";
        assert_fit(&store, "version and name", &with_status, &by_version, fits).await;
        let with_commit = CheckQuery {
            scm_sha: Some("3abc".into()),
            ..by_version.clone()
        };
        assert_eq!(store.all(&with_commit).await, store.all(&by_version).await);
        let with_another = CheckQuery {
            scm_sha: Some("4abc".into()),
            ..by_version
        };
        assert!(store.all(&with_another).await.is_empty());
    }
}

pub(crate) async fn lists_of_entries_keep_to_their_filters(store: Store) {
    fill(&store).await;
    let version = store.version_by_name(PRODUCT, "1.2").await.unwrap();
    assert_filters!(store, EntryQuery, Entry, {
        after: 10 => |e| e.position > 10,
        types: vec![EntryType::DeploymentEvent, EntryType::CheckEvent]
            => |e| matches!(e.kind, EntryType::DeploymentEvent | EntryType::CheckEvent),
    });
    let of_product = EntryQuery {
        product_name: Some(PRODUCT.into()),
        ..EntryQuery::default()
    };
    let qa = store.environment_id("qa").await.unwrap();
    for everywhere in [EntryQuery::default(), of_product.clone()] {
        let there = EntryQuery {
            environment_name: Some("qa".into()),
            ..everywhere.clone()
        };
        let fits = |e: &Entry| e.environment_id == Some(qa);
        assert_fit(&store, "environment_name", &there, &everywhere, fits).await;
    }
    let by_name = EntryQuery {
        version: Some("1.2".into()),
        ..of_product.clone()
    };
    let by_id = EntryQuery {
        version_id: Some(version.id),
        ..EntryQuery::default()
    };
    for by_version in [by_name, by_id] {
        let fits = |e: &Entry| e.version_id == Some(version.id);
        assert_fit(&store, "version", &by_version, &of_product, fits).await;
    }
    let updates = EntryQuery {
        types: vec![EntryType::ProductUpdated],
        ..of_product
    };
    assert_eq!(store.all(&updates).await.len(), 1);
}

pub(crate) async fn lists_of_the_catalogue_keep_to_their_filters(store: Store) {
    fill(&store).await;
    store.accept(deployment("1.0", "qa-2").of("carton")).await;
    let products = ProductQuery::default();
    let by_prefix = ProductQuery {
        name_prefix: Some("cart".into()),
    };
    assert_fit(&store, "prefix", &by_prefix, &products, |p| {
        p.name.starts_with("cart")
    })
    .await;
    let environments = EnvironmentQuery::default();
    let by_prefix = EnvironmentQuery {
        name_prefix: Some("qa".into()),
        ..environments.clone()
    };
    assert_fit(&store, "prefix", &by_prefix, &environments, |e| {
        e.name.starts_with("qa")
    })
    .await;
    let by_kind = EnvironmentQuery {
        environment_types: vec![EnvironmentType::Dev],
        ..environments.clone()
    };
    assert_fit(&store, "kind", &by_kind, &environments, |e| e.name == "dev").await;
}
