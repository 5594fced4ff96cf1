//! What goes with a product or an environment that is deleted (R15).

use versioner::{
    domain::{
        id::Kind,
        query::{EntryQuery, EnvironmentQuery, ProductQuery, VersionQuery},
        resource::{Content, EntryType},
    },
    storage::{
        Conflict, DeletedEnvironment, DeletedProduct, Error, ProductChange, Reference, Store,
    },
};

use crate::{
    ask::{Ask, Told},
    report::{PRODUCT, build, check, commit_check, deployment},
};

fn named(name: &str) -> Reference {
    Reference::Name(name.to_owned())
}

fn in_use(error: &Error, kind: Kind, name: &str, uses: &str) {
    let expected = Conflict::InUse {
        kind,
        name: name.to_owned(),
        uses: uses.to_owned(),
    };
    assert!(
        matches!(error, Error::Conflict(c) if *c == expected),
        "{error}"
    );
}

pub(crate) async fn r15_what_is_in_use_is_deleted_only_with_force(store: Store) {
    store.accept(deployment("1.0", "dev")).await;
    store
        .accept(
            commit_check("abc1234", "unit")
                .of("cart")
                .in_environment("qa"),
        )
        .await;
    let before = store.everything().await;
    let error = store
        .delete_product(named(PRODUCT), false)
        .await
        .unwrap_err();
    in_use(&error, Kind::Product, PRODUCT, "versions");
    let error = store
        .delete_product(named("cart"), false)
        .await
        .unwrap_err();
    in_use(&error, Kind::Product, "cart", "checks");
    let error = store
        .delete_environment(named("dev"), false)
        .await
        .unwrap_err();
    in_use(&error, Kind::Environment, "dev", "deployments");
    let error = store
        .delete_environment(named("qa"), false)
        .await
        .unwrap_err();
    in_use(&error, Kind::Environment, "qa", "checks");
    assert_eq!(store.everything().await, before);

    // What has nothing any more needs no force.
    store.delete_environment(named("qa"), true).await.unwrap();
    store.delete_product(named("cart"), false).await.unwrap();
    store.delete_product(named(PRODUCT), true).await.unwrap();
    store.delete_environment(named("dev"), false).await.unwrap();
    assert!(store.all(&ProductQuery::default()).await.is_empty());
    assert!(store.all(&EnvironmentQuery::default()).await.is_empty());
}

pub(crate) async fn r15_a_deleted_product_takes_all_that_it_has_along(store: Store) {
    store
        .accept_all([
            build("1.0").run("1").started().at(0),
            build("1.0").run("2").at(1),
            build("1.1").at(2),
            deployment("1.0", "dev").at(3),
            check("1.0", "unit").run("1").failed().at(4),
            check("1.0", "unit").run("2").at(5),
            commit_check("abc1234", "unit").at(6),
        ])
        .await;
    let renamed = ProductChange {
        name: Some("store".into()),
        ..ProductChange::default()
    };
    store.update_product(named(PRODUCT), renamed).await.unwrap();
    store.accept(deployment("7.0", "dev").of("cart")).await;

    let deleted = store.delete_product(named(PRODUCT), true).await.unwrap();
    let expected = DeletedProduct {
        versions: 2,
        builds: 3,
        checks: 2,
        deployments: 1,
        events: 8,
    };
    assert_eq!(deleted, expected);
    for name in [PRODUCT, "store"] {
        assert!(store.product_id(name).await.is_err(), "{name}");
    }
    assert_eq!(store.version(1).await.unwrap(), None);
    assert_eq!(store.all(&VersionQuery::default()).await.len(), 1);
    assert!(store.builds().await.is_empty());
    assert!(store.checks().await.is_empty());
    assert_eq!(store.deployments().await.len(), 1);

    // Its events keep their places, without their content; the other's are whole.
    let entries = store.entries().await;
    let positions: Vec<i64> = entries.iter().map(|e| e.position).collect();
    assert_eq!(positions, (1..=10).collect::<Vec<_>>());
    let with_content: Vec<i64> = entries
        .iter()
        .filter(|e| e.content.is_some())
        .map(|e| e.position)
        .collect();
    assert_eq!(with_content, [9, 10]);
    let last = entries.last().unwrap();
    assert_eq!(
        (last.kind, last.product_id),
        (EntryType::ProductDeleted, Some(1))
    );
    assert!(matches!(&last.content, Some(Content::Product(p)) if p.name == "store"));
}

pub(crate) async fn r15_a_deleted_environment_takes_its_deployments_and_checks_along(store: Store) {
    store
        .accept_all([
            deployment("1.0", "dev").at(0),
            deployment("1.0", "dev").instance("eu").at(1),
            check("1.0", "unit")
                .in_environment("dev")
                .run("1")
                .failed()
                .at(2),
            check("1.0", "unit").in_environment("dev").run("2").at(3),
            check("1.0", "unit").at(4),
            deployment("1.0", "qa").at(5),
            build("1.0").at(6),
        ])
        .await;
    let deleted = store.delete_environment(named("dev"), true).await.unwrap();
    let expected = DeletedEnvironment {
        checks: 1,
        deployments: 2,
        events: 4,
    };
    assert_eq!(deleted, expected);
    assert!(store.environment_id("dev").await.is_err());
    let deployments = store.deployments().await;
    assert_eq!(deployments.len(), 1);
    assert_eq!(deployments[0].environment_name, "qa");
    let checks = store.checks().await;
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0].environment, None);
    assert_eq!(store.builds().await.len(), 1);
    assert_eq!(store.find("1.0").await.id, 1);

    let entries = store.entries().await;
    assert!(entries[..4].iter().all(|e| e.content.is_none()));
    assert!(entries[4..].iter().all(|e| e.content.is_some()));
    let last = entries.last().unwrap();
    assert_eq!(
        (last.position, last.kind),
        (8, EntryType::EnvironmentDeleted)
    );
    assert_eq!(last.environment_id, Some(1));
}

pub(crate) async fn r15_a_position_is_never_used_again(store: Store) {
    store.accept(deployment("1.0", "dev").id("x")).await;
    store.delete_product(named(PRODUCT), true).await.unwrap();
    store.delete_environment(named("dev"), true).await.unwrap();
    let anew = store.accept(deployment("1.0", "dev").id("y")).await;
    assert_eq!(anew.receipt.position, 4);
    assert!(anew.receipt.created.product && anew.receipt.created.environment);
    let deployment = anew.deployment();
    assert_eq!(
        (
            deployment.product_id,
            deployment.version_id,
            deployment.environment_id
        ),
        (4, 4, 4)
    );
    assert_eq!(deployment.id, 4);
    let of_name = EntryQuery {
        product_name: Some(PRODUCT.into()),
        ..EntryQuery::default()
    };
    let positions: Vec<i64> = store
        .all(&of_name)
        .await
        .iter()
        .map(|e| e.position)
        .collect();
    assert_eq!(positions, [4]);
}

pub(crate) async fn r15_an_event_of_what_was_deleted_stays_known(store: Store) {
    let reports = || {
        [
            build("1.0").id("b"),
            deployment("1.0", "dev").id("d"),
            check("1.0", "unit").id("c"),
        ]
    };
    let first = store.accept_all(reports()).await;
    store.delete_product(named(PRODUCT), true).await.unwrap();
    let again = store.accept_all(reports()).await;
    for (first, again) in first.iter().zip(&again) {
        assert!(again.receipt.duplicate);
        assert_eq!(again.receipt.position, first.receipt.position);
        assert!(again.state.is_none());
    }
    let error = store.refuse(build("2.0").id("b")).await;
    assert!(matches!(error, Error::Conflict(Conflict::EventId { .. })));
    assert!(store.all(&ProductQuery::default()).await.is_empty());
}

pub(crate) async fn r15_what_came_before_a_deletion_is_no_part_of_what_comes_anew(store: Store) {
    store
        .accept(deployment("1.0", "dev").started().at(10))
        .await;
    store.delete_environment(named("dev"), true).await.unwrap();
    // Late, so that the place's events are folded anew: those of the new place alone.
    store.accept(deployment("1.0", "dev").at(30)).await;
    let late = store
        .accept(deployment("1.0", "dev").started().at(20))
        .await;
    assert_eq!(late.deployment().id, 3);
    assert_eq!(
        late.deployment().run.started_at_us,
        Some(crate::report::T0_US + 20)
    );
    assert_eq!(store.deployments().await.len(), 1);
}
