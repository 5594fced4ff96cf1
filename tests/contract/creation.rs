//! What events bring into being by themselves (R1), under which names (R2), and of which type (R12).

use versioner::{
    domain::{
        environment::EnvironmentType,
        id::Kind,
        query::{BuildQuery, EnvironmentQuery},
        status::Status,
    },
    storage::{Conflict, Created, Error, Reference, Store},
};

use crate::{
    ask::{Ask, Told},
    report::{PRODUCT, build, check, deployment},
};

const ALL: Created = Created {
    product: true,
    version: true,
    environment: true,
};
const NOTHING: Created = Created {
    product: false,
    version: false,
    environment: false,
};

pub(crate) async fn r1_an_event_creates_what_it_names(store: Store) {
    let first = store.accept(deployment("1.0", "dev")).await;
    assert_eq!(first.receipt.created, ALL);
    assert_eq!(first.receipt.position, 1);

    let named = |name: &str| Reference::Name(name.to_owned());
    let product = store.product(&named(PRODUCT)).await.unwrap();
    let environment = store.environment(&named("dev")).await.unwrap();
    let version = store.find("1.0").await;
    assert_eq!(version.product_id, product.id);
    assert_eq!(first.deployment().environment_id, environment.id);
    assert_eq!(product.created_at_us, first.receipt.received_at_us);

    let known = store.accept(deployment("1.0", "dev")).await;
    assert_eq!(known.receipt.created, NOTHING);
    let version_only = Created {
        version: true,
        ..NOTHING
    };
    let next = store.accept(build("1.1")).await;
    assert_eq!(next.receipt.created, version_only);
    let environment_only = Created {
        environment: true,
        ..NOTHING
    };
    let staged = store.accept(check("1.1", "e2e").in_environment("qa")).await;
    assert_eq!(staged.receipt.created, environment_only);
}

pub(crate) async fn r1_within_a_batch_each_thing_is_created_once(store: Store) {
    let outcomes = store
        .accept_all([
            deployment("1.0", "dev"),
            deployment("1.0", "dev"),
            build("1.0"),
            deployment("1.0", "qa"),
        ])
        .await;
    let created: Vec<Created> = outcomes.iter().map(|o| o.receipt.created).collect();
    let environment_only = Created {
        environment: true,
        ..NOTHING
    };
    assert_eq!(created, [ALL, NOTHING, NOTHING, environment_only]);
    assert_eq!(store.all(&EnvironmentQuery::default()).await.len(), 2);
}

pub(crate) async fn r1_a_refused_event_creates_nothing(store: Store) {
    store.accept(build("1.0").sha("aaaaaaaa")).await;
    let before = store.everything().await;
    let refused = deployment("1.0", "brand-new").sha("bbbbbbbb");
    let error = store.refuse(refused).await;
    assert!(matches!(error, Error::Conflict(Conflict::Commit { .. })));
    assert_eq!(store.everything().await, before);

    let named = Reference::Name("brand-new".to_owned());
    let error = store.environment(&named).await.unwrap_err();
    assert!(matches!(
        error,
        Error::NotFound {
            kind: Kind::Environment,
            ..
        }
    ));
}

pub(crate) async fn r2_any_identifier_is_kept_exactly(store: Store) {
    const IDENTIFIERS: [&str; 10] = [
        "1.2.3",
        "2.0.0-beta.1",
        "456",
        "a1b2c3d4e5f6",
        "2025.10.28.1",
        "release-q4-2025",
        "api/v3.5.0",
        "Release",
        "release",
        "släpp 7'%_",
    ];
    store.accept_all(IDENTIFIERS.map(build)).await;
    for identifier in IDENTIFIERS {
        assert_eq!(store.find(identifier).await.version, identifier);
        let of_it = BuildQuery {
            version: Some(identifier.to_owned()),
            ..BuildQuery::default()
        };
        assert_eq!(store.all(&of_it).await.len(), 1, "{identifier}");
    }
    let error = store.version_by_name(PRODUCT, "RELEASE").await.unwrap_err();
    assert!(matches!(
        error,
        Error::NotFound {
            kind: Kind::Version,
            ..
        }
    ));
    // Whatever stands around it is no part of it.
    let trimmed = store.accept(build("  1.2.3 ")).await;
    assert!(!trimmed.receipt.created.version);
}

pub(crate) async fn r2_the_case_of_names_matters(store: Store) {
    let lower = store.accept(deployment("1", "dev").of("shop")).await;
    let upper = store.accept(deployment("1", "Dev").of("Shop")).await;
    assert_eq!(upper.receipt.created, ALL);
    assert_ne!(lower.deployment().product_id, upper.deployment().product_id);
    assert_ne!(
        lower.deployment().environment_id,
        upper.deployment().environment_id
    );
    let error = store.product_id("SHOP").await.unwrap_err();
    assert!(matches!(
        error,
        Error::NotFound {
            kind: Kind::Product,
            ..
        }
    ));
}

pub(crate) async fn r4_each_status_is_kept_for_builds_deployments_and_checks(store: Store) {
    for (number, word) in ["queued", "deploying", "built", "timed_out", "skipped"]
        .into_iter()
        .enumerate()
    {
        let status = Status::parse(word).unwrap();
        let version = number.to_string();
        let told = store.accept(build(&version).status(status)).await;
        assert_eq!(told.build().run.status, status);
        assert_eq!(store.find(&version).await.status, Some(status));
        let told = store
            .accept(deployment(&version, "dev").status(status))
            .await;
        assert_eq!(told.deployment().run.status, status);
        let told = store.accept(check(&version, "unit").status(status)).await;
        let read = store.check(told.check().id).await.unwrap().unwrap();
        assert_eq!(read.run.status, status);

        let of_it = BuildQuery {
            statuses: vec![status],
            ..BuildQuery::default()
        };
        let found: Vec<String> = store
            .all(&of_it)
            .await
            .into_iter()
            .map(|b| b.version)
            .collect();
        assert_eq!(found, [version]);
    }
}

pub(crate) async fn r12_an_environments_type_is_inferred_at_its_creation(store: Store) {
    for (name, expected) in [
        ("production-us-east", EnvironmentType::Production),
        ("pre-prod", EnvironmentType::Staging),
        ("qa-smoke", EnvironmentType::Test),
        ("dev-team-a", EnvironmentType::Dev),
        ("nonprod", EnvironmentType::Other),
    ] {
        store.accept(deployment("1.0", name)).await;
        let environment = store
            .environment(&Reference::Name(name.into()))
            .await
            .unwrap();
        assert_eq!(environment.kind, expected, "{name}");
    }
    store
        .accept(check("1.0", "smoke").in_environment("staging-2"))
        .await;
    let of_kind = EnvironmentQuery {
        environment_types: vec![EnvironmentType::Staging],
        ..EnvironmentQuery::default()
    };
    let found: Vec<String> = store
        .all(&of_kind)
        .await
        .into_iter()
        .map(|e| e.name)
        .collect();
    assert_eq!(found, ["pre-prod", "staging-2"]);
}
