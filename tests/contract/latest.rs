//! The order of versions, and which is the latest (R13).

use versioner::{
    domain::{
        id::Kind,
        query::{LatestBasis, LatestQuery, VersionOrder, VersionQuery},
    },
    storage::{Error, Latest, Store},
};

use crate::{
    ask::Ask,
    report::{MINUTE_US, PRODUCT, build, deployment},
};

fn of_product() -> LatestQuery {
    LatestQuery {
        product_name: PRODUCT.into(),
        ..LatestQuery::default()
    }
}

async fn latest(store: &Store, query: LatestQuery) -> (String, LatestBasis) {
    let Latest { version, basis } = store.latest_version(&query).await.unwrap();
    (version.version, basis)
}

fn by_precedence(version: &str) -> (String, LatestBasis) {
    (version.to_owned(), LatestBasis::Precedence)
}

fn by_time(version: &str) -> (String, LatestBasis) {
    (version.to_owned(), LatestBasis::Time)
}

pub(crate) async fn r13_the_latest_version_is_the_highest_while_all_are_numbered(store: Store) {
    for (minutes, version) in ["1.10.0", "1.9.0", "v1.2", "2.0.0-rc.1", "456-beta"]
        .into_iter()
        .enumerate()
    {
        store
            .accept(build(version).at(minutes as i64 * MINUTE_US))
            .await;
    }
    store.accept(build("custom").of("cart").at(MINUTE_US)).await;
    assert_eq!(latest(&store, of_product()).await, by_precedence("1.10.0"));
    let with_prereleases = LatestQuery {
        include_prereleases: true,
        ..of_product()
    };
    assert_eq!(
        latest(&store, with_prereleases).await,
        by_precedence("456-beta")
    );
}

pub(crate) async fn r13_the_latest_version_is_the_newest_where_one_is_not_numbered(store: Store) {
    store.accept(build("2.0.0").at(0)).await;
    store.accept(build("release-q4-2025").at(MINUTE_US)).await;
    store.accept(build("1.0.0").at(2 * MINUTE_US)).await;
    store.accept(build("3.0.0-rc.1").at(3 * MINUTE_US)).await;
    assert_eq!(latest(&store, of_product()).await, by_time("1.0.0"));
    let with_prereleases = LatestQuery {
        include_prereleases: true,
        ..of_product()
    };
    assert_eq!(
        latest(&store, with_prereleases).await,
        by_time("3.0.0-rc.1")
    );
}

pub(crate) async fn r13_prerelease_sorts_before_its_release_and_equals_by_time(store: Store) {
    for (minutes, version) in ["1.0", "1.0.0", "1.0-rc.1", "v1", "0.9"]
        .into_iter()
        .enumerate()
    {
        store
            .accept(build(version).at(minutes as i64 * MINUTE_US))
            .await;
    }
    assert_eq!(latest(&store, of_product()).await, by_precedence("v1"));
    let highest_first = VersionQuery {
        order: VersionOrder::HighestFirst,
        ..VersionQuery::default()
    };
    let versions = store.all(&highest_first).await;
    let order: Vec<&str> = versions.iter().map(|v| v.version.as_str()).collect();
    assert_eq!(order, ["v1", "1.0.0", "1.0", "1.0-rc.1", "0.9"]);
}

pub(crate) async fn r13_only_prereleases_are_told_apart_from_nothing_at_all(store: Store) {
    store.accept(build("1.0.0-rc.1").branch("main")).await;
    let error = store.latest_version(&of_product()).await.unwrap_err();
    assert!(
        matches!(&error, Error::OnlyPrereleases { product_name } if product_name == PRODUCT),
        "{error}"
    );
    let elsewhere = LatestQuery {
        scm_branch: Some("fix".into()),
        ..of_product()
    };
    let error = store.latest_version(&elsewhere).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotFound {
                kind: Kind::Version,
                ..
            }
        ),
        "{error}"
    );
    let unknown = LatestQuery {
        product_name: "nothing".into(),
        ..of_product()
    };
    let error = store.latest_version(&unknown).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotFound {
                kind: Kind::Product,
                ..
            }
        ),
        "{error}"
    );
    let nowhere = LatestQuery {
        environment_name: Some("nowhere".into()),
        ..of_product()
    };
    let error = store.latest_version(&nowhere).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::NotFound {
                kind: Kind::Environment,
                ..
            }
        ),
        "{error}"
    );
}

pub(crate) async fn r13_the_latest_of_a_branch_a_status_or_an_environment(store: Store) {
    use versioner::domain::status::Status;

    store.accept(build("1.0").branch("main").at(0)).await;
    store
        .accept(build("1.1").branch("main").failed().at(1))
        .await;
    store.accept(build("1.2").branch("fix").at(2)).await;
    store
        .accept(build("1.3").branch("fix").failed().at(3))
        .await;
    store
        .accept(deployment("1.0", "dev").instance("eu").at(4))
        .await;
    store.accept(deployment("1.1", "dev").at(4)).await;
    store.accept(deployment("1.3", "dev").failed().at(5)).await;
    store.accept(deployment("1.2", "qa").at(4)).await;
    let of_branch = LatestQuery {
        scm_branch: Some("main".into()),
        ..of_product()
    };
    assert_eq!(
        latest(&store, of_branch.clone()).await,
        by_precedence("1.1")
    );
    let completed = LatestQuery {
        statuses: vec![Status::Completed],
        ..of_product()
    };
    assert_eq!(latest(&store, completed).await, by_precedence("1.2"));
    let completed_of_branch = LatestQuery {
        statuses: vec![Status::Completed],
        ..of_branch
    };
    assert_eq!(
        latest(&store, completed_of_branch).await,
        by_precedence("1.0")
    );
    let there = LatestQuery {
        environment_name: Some("dev".into()),
        ..of_product()
    };
    assert_eq!(latest(&store, there).await, by_precedence("1.1"));

    // The basis is that of the candidates alone.
    store.accept(build("nightly").branch("night").at(9)).await;
    let of_branch = LatestQuery {
        scm_branch: Some("main".into()),
        ..of_product()
    };
    assert_eq!(latest(&store, of_branch).await, by_precedence("1.1"));
    assert_eq!(latest(&store, of_product()).await, by_time("nightly"));
}
