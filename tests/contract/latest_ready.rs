//! The latest version that is ready (R13, R17).

use versioner::{
    domain::{
        id::Kind,
        query::{LatestBasis, LatestQuery, ReadinessQuery},
        readiness::Readiness,
    },
    storage::{Error, Store},
};

use crate::{
    ask::Ask,
    readiness::{requires, set_environment, set_product},
    report::{HOUR_US, MINUTE_US, PRODUCT, T0_US, build, check, deployment},
};

fn ready_for(environment: &str) -> LatestQuery {
    LatestQuery {
        product_name: PRODUCT.into(),
        ready: Some(ReadinessQuery {
            environment_name: Some(environment.to_owned()).filter(|name| !name.is_empty()),
            now_us: T0_US + HOUR_US,
        }),
        ..LatestQuery::default()
    }
}

fn ready() -> LatestQuery {
    ready_for("")
}

async fn latest(store: &Store, query: LatestQuery) -> (String, LatestBasis) {
    let latest = store.latest_version(&query).await.unwrap();
    let told = latest.version.readiness.expect("its readiness is told");
    assert_eq!(told.readiness, Readiness::Ready);
    (latest.version.version, latest.basis)
}

fn by_precedence(version: &str) -> (String, LatestBasis) {
    (version.to_owned(), LatestBasis::Precedence)
}

pub(crate) async fn r17_the_latest_ready_version_may_lie_behind_many_others(store: Store) {
    const COUNT: i64 = 230;
    let builds = (0..COUNT).map(|n| build(&format!("1.{n}")).at(n));
    store.accept_all(builds).await;
    assert_eq!(latest(&store, ready()).await, by_precedence("1.229"));
    set_product(&store, requires(&["approval"])).await;
    let error = store.latest_version(&ready()).await.unwrap_err();
    let Error::NotFound { kind, wanted } = error else {
        panic!("{error}");
    };
    assert_eq!(
        (kind, &wanted[..]),
        (Kind::Version, "of shop that matches and is ready")
    );
    // At the last look, right at the limits of the looks before, and first.
    for version in ["1.0", "1.124", "1.125", "1.224", "1.225", "1.229"] {
        store.accept(check(version, "approval").at(0)).await;
        assert_eq!(latest(&store, ready()).await, by_precedence(version));
    }
    let newest = LatestQuery {
        ready: None,
        ..ready()
    };
    let newest = store.latest_version(&newest).await.unwrap().version;
    assert_eq!(newest.readiness, None, "it was not asked for");
}

pub(crate) async fn r17_what_is_not_ready_does_not_decide_what_latest_goes_by(store: Store) {
    store.accept(build("2.0").at(0)).await;
    store.accept(build("nightly").failed().at(MINUTE_US)).await;
    store.accept(build("1.0").at(2 * MINUTE_US)).await;
    assert_eq!(latest(&store, ready()).await, by_precedence("2.0"));
    store.accept(build("weekly").at(MINUTE_US)).await;
    let by_time = ("1.0".to_owned(), LatestBasis::Time);
    assert_eq!(latest(&store, ready()).await, by_time);
}

pub(crate) async fn r17_the_latest_ready_version_for_an_environment(store: Store) {
    store.accept(build("1.0").at(0)).await;
    store.accept(build("1.1").at(1)).await;
    store.accept(deployment("1.1", "dev").at(2)).await;
    store
        .accept(check("1.0", "approval").in_environment("prod").at(2))
        .await;
    set_environment(&store, "prod", requires(&["approval"])).await;
    assert_eq!(latest(&store, ready()).await, by_precedence("1.1"));
    assert_eq!(latest(&store, ready_for("dev")).await, by_precedence("1.1"));
    assert_eq!(
        latest(&store, ready_for("prod")).await,
        by_precedence("1.0")
    );
    let deployed = LatestQuery {
        environment_name: Some("dev".into()),
        ..ready_for("prod")
    };
    let error = store.latest_version(&deployed).await.unwrap_err();
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
    let error = store
        .latest_version(&ready_for("nowhere"))
        .await
        .unwrap_err();
    let kind = Kind::Environment;
    assert!(
        matches!(error, Error::NotFound { kind: k, .. } if k == kind),
        "{error}"
    );
}

pub(crate) async fn r13_only_prereleases_is_told_where_one_of_them_is_ready(store: Store) {
    store.accept(build("1.0").failed().at(0)).await;
    store.accept(build("2.0-rc.1").started().at(0)).await;
    let error = store.latest_version(&ready()).await.unwrap_err();
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
    store.accept(build("1.1-rc.1").at(0)).await;
    let error = store.latest_version(&ready()).await.unwrap_err();
    assert!(matches!(error, Error::OnlyPrereleases { .. }), "{error}");
    let with_prereleases = LatestQuery {
        include_prereleases: true,
        ..ready()
    };
    let found = latest(&store, with_prereleases).await;
    assert_eq!(found, by_precedence("1.1-rc.1"));
}
