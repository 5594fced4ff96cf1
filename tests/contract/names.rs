//! Products and environments change their names, and keep the old ones (R15).

use versioner::{
    domain::{
        environment::EnvironmentType,
        id::Kind,
        query::{EnvironmentQuery, ProductQuery, VersionQuery},
        resource::{Content, EntryType},
    },
    storage::{Conflict, EnvironmentChange, Error, ProductChange, Reference, Store},
};

use crate::{
    ask::{Ask, Told},
    report::{PRODUCT, build, deployment},
};

fn named(name: &str) -> Reference {
    Reference::Name(name.to_owned())
}

fn product_to(name: &str) -> ProductChange {
    ProductChange {
        name: Some(name.to_owned()),
        ..ProductChange::default()
    }
}

fn environment_to(name: &str) -> EnvironmentChange {
    EnvironmentChange {
        name: Some(name.to_owned()),
        ..EnvironmentChange::default()
    }
}

fn aliases(aliases: &[&str]) -> Option<Vec<String>> {
    Some(aliases.iter().map(|alias| (*alias).to_owned()).collect())
}

pub(crate) async fn r15_the_old_name_goes_on_finding_a_renamed_product(store: Store) {
    let first = store.accept(build("1.0")).await;
    let product = store
        .update_product(named(PRODUCT), product_to("store"))
        .await
        .unwrap();
    assert_eq!((product.id, product.name.as_str()), (1, "store"));
    assert_eq!(product.aliases, [PRODUCT]);

    for name in [PRODUCT, "store"] {
        assert_eq!(store.product(&named(name)).await.unwrap(), product);
        assert_eq!(store.product_id(name).await.unwrap(), product.id);
        let told = store.accept(build("1.0").of(name)).await;
        assert!(!told.receipt.created.product && !told.receipt.created.version);
        assert_eq!(told.version().id, first.version().id);
        assert_eq!(told.version().product_name, "store");
        assert_eq!(told.build().product_name, "store");
        let of_name = VersionQuery {
            product_name: Some(name.to_owned()),
            ..VersionQuery::default()
        };
        assert_eq!(store.all(&of_name).await.len(), 1);
    }
    // Renamed again, both old names find it; back again, its own is no alias.
    let product = store
        .update_product(named("store"), product_to("market"))
        .await
        .unwrap();
    assert_eq!(product.aliases, [PRODUCT, "store"]);
    let product = store
        .update_product(Reference::Id(1), product_to(PRODUCT))
        .await
        .unwrap();
    assert_eq!(product.aliases, ["market", "store"]);
    assert_eq!(store.product(&Reference::Id(1)).await.unwrap(), product);
}

pub(crate) async fn r15_the_old_name_goes_on_finding_a_renamed_environment(store: Store) {
    store.accept(deployment("1.0", "prod")).await;
    let renamed = store
        .update_environment(named("prod"), environment_to("live-eu"))
        .await;
    let environment = renamed.unwrap();
    assert_eq!((environment.name.as_str(), environment.id), ("live-eu", 1));
    assert_eq!(environment.aliases, ["prod"]);
    for name in ["prod", "live-eu"] {
        assert_eq!(store.environment(&named(name)).await.unwrap(), environment);
        assert_eq!(store.environment_id(name).await.unwrap(), 1);
        let told = store.accept(deployment("1.0", name)).await;
        assert!(!told.receipt.created.environment);
        assert_eq!(told.deployment().environment_name, "live-eu");
    }
    assert_eq!(store.all(&EnvironmentQuery::default()).await.len(), 1);
}

pub(crate) async fn r15_a_removed_alias_finds_nothing_and_is_free(store: Store) {
    store.accept(deployment("1.0", "dev")).await;
    store
        .update_product(named(PRODUCT), product_to("store"))
        .await
        .unwrap();
    let without = ProductChange {
        aliases: aliases(&[]),
        ..ProductChange::default()
    };
    let product = store.update_product(named(PRODUCT), without).await.unwrap();
    assert!(product.aliases.is_empty());
    let error = store.product(&named(PRODUCT)).await.unwrap_err();
    assert!(matches!(
        error,
        Error::NotFound {
            kind: Kind::Product,
            ..
        }
    ));
    let told = store.accept(build("1.0")).await;
    assert!(told.receipt.created.product);
    assert_ne!(told.build().product_id, product.id);

    store
        .update_environment(named("dev"), environment_to("development"))
        .await
        .unwrap();
    let without = EnvironmentChange {
        aliases: aliases(&[]),
        ..EnvironmentChange::default()
    };
    store
        .update_environment(named("dev"), without)
        .await
        .unwrap();
    assert!(store.environment_id("dev").await.is_err());
    assert!(
        store
            .accept(deployment("1.0", "dev"))
            .await
            .receipt
            .created
            .environment
    );
}

pub(crate) async fn r15_aliases_can_be_given(store: Store) {
    store.accept(build("1.0")).await;
    let with = ProductChange {
        aliases: aliases(&["b", "a", "a", PRODUCT]),
        ..ProductChange::default()
    };
    let product = store.update_product(named(PRODUCT), with).await.unwrap();
    assert_eq!(product.aliases, ["a", "b"]);
    assert!(
        !store
            .accept(build("1.0").of("a"))
            .await
            .receipt
            .created
            .product
    );
    // An alias can become the name, whose place it takes.
    let product = store
        .update_product(named("b"), product_to("a"))
        .await
        .unwrap();
    assert_eq!(product.aliases, ["b", PRODUCT]);
    assert_eq!(store.all(&ProductQuery::default()).await, [product]);
}

pub(crate) async fn r15_a_name_that_is_taken_is_refused_and_changes_nothing(store: Store) {
    store.accept(deployment("1.0", "dev")).await;
    store.accept(deployment("1.0", "qa").of("cart")).await;
    store
        .update_product(named("cart"), product_to("basket"))
        .await
        .unwrap();
    store
        .update_environment(named("qa"), environment_to("test"))
        .await
        .unwrap();
    let before = store.everything().await;
    let taken = |error: Error, kind: Kind, name: &str| {
        let expected = Conflict::Name {
            kind,
            name: name.to_owned(),
        };
        assert!(
            matches!(&error, Error::Conflict(c) if *c == expected),
            "{error}"
        );
    };
    for name in ["basket", "cart"] {
        let error = store
            .update_product(named(PRODUCT), product_to(name))
            .await
            .unwrap_err();
        taken(error, Kind::Product, name);
        let as_alias = ProductChange {
            description: Some("changed".into()),
            aliases: aliases(&["free", name]),
            ..ProductChange::default()
        };
        let error = store
            .update_product(named(PRODUCT), as_alias)
            .await
            .unwrap_err();
        taken(error, Kind::Product, name);
    }
    for name in ["test", "qa"] {
        let error = store
            .update_environment(named("dev"), environment_to(name))
            .await;
        taken(error.unwrap_err(), Kind::Environment, name);
    }
    assert_eq!(store.everything().await, before);
    assert!(store.product_id("free").await.is_err());
}

pub(crate) async fn r12_a_type_is_set_by_hand_and_not_inferred_again(store: Store) {
    store.accept(deployment("1.0", "prod")).await;
    let renamed = store
        .update_environment(named("prod"), environment_to("qa"))
        .await
        .unwrap();
    assert_eq!(renamed.kind, EnvironmentType::Production);
    let set = EnvironmentChange {
        kind: Some(EnvironmentType::Staging),
        ..EnvironmentChange::default()
    };
    let set = store.update_environment(named("qa"), set).await.unwrap();
    assert_eq!(set.kind, EnvironmentType::Staging);
    store.accept(deployment("1.0", "prod")).await;
    assert_eq!(store.environment(&named("qa")).await.unwrap(), set);
}

pub(crate) async fn r15_each_change_is_an_entry_of_the_log(store: Store) {
    store.accept(deployment("1.0", "dev")).await;
    let describe = ProductChange {
        description: Some("sells things".into()),
        ..ProductChange::default()
    };
    let product = store
        .update_product(named(PRODUCT), describe.clone())
        .await
        .unwrap();
    let renamed = store
        .update_environment(named("dev"), environment_to("dev-1"))
        .await;
    let environment = renamed.unwrap();
    // What changes nothing is no entry.
    let same = store
        .update_product(named(PRODUCT), describe)
        .await
        .unwrap();
    assert_eq!(same, product);
    assert_eq!(product.description, "sells things");

    let entries = store.entries().await;
    assert_eq!(entries.len(), 3);
    assert_eq!(store.last_position().await.unwrap(), 3);
    assert_eq!(entries[1].kind, EntryType::ProductUpdated);
    assert_eq!((entries[1].position, entries[1].product_id), (2, Some(1)));
    assert_eq!(entries[1].received_at_us, product.updated_at_us);
    assert_eq!(entries[1].content, Some(Content::Product(product)));
    assert_eq!(entries[2].kind, EntryType::EnvironmentUpdated);
    assert_eq!(
        (entries[2].position, entries[2].environment_id),
        (3, Some(1))
    );
    assert_eq!(entries[2].content, Some(Content::Environment(environment)));
    assert!(entries.is_sorted_by(|a, b| a.received_at_us < b.received_at_us));
}

pub(crate) async fn r15_what_is_unknown_cannot_be_changed(store: Store) {
    store.accept(deployment("1.0", "dev")).await;
    let before = store.everything().await;
    for which in [named("nothing"), Reference::Id(77)] {
        let error = store
            .update_product(which.clone(), product_to("x"))
            .await
            .unwrap_err();
        assert!(matches!(
            error,
            Error::NotFound {
                kind: Kind::Product,
                ..
            }
        ));
        let error = store.delete_product(which.clone(), true).await.unwrap_err();
        assert!(matches!(
            error,
            Error::NotFound {
                kind: Kind::Product,
                ..
            }
        ));
        let error = store
            .update_environment(which.clone(), environment_to("x"))
            .await;
        assert!(matches!(
            error,
            Err(Error::NotFound {
                kind: Kind::Environment,
                ..
            })
        ));
        let error = store.delete_environment(which, true).await.unwrap_err();
        assert!(matches!(
            error,
            Error::NotFound {
                kind: Kind::Environment,
                ..
            }
        ));
    }
    assert_eq!(store.everything().await, before);
}
