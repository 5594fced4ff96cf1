//! What a watch shows: of a product, a version, an environment, a type, of things that may come into being later.

use versioner::pb::{self, BuildStatus, DeploymentStatus, EventType};

use crate::{
    facts::{PRODUCT, build, deployment},
    story::Story,
    watch::{Watch, after},
};

fn of(product_name: &str, version: &str) -> pb::VersionEvent {
    pb::VersionEvent {
        product_name: product_name.into(),
        ..build(version, BuildStatus::Started)
    }
}

async fn a_product_or_version_that_does_not_exist_yet_can_be_watched(story: Story) {
    let request = pb::WatchEventsRequest {
        product_name: "to-come".into(),
        ..Default::default()
    };
    let mut product = Watch::start(&story, request.clone()).await.unwrap();
    let request = pb::WatchEventsRequest {
        version: "1.0.1".into(),
        ..request
    };
    let mut version = Watch::start(&story, request).await.unwrap();

    for event in [
        of("other", "1.0.1"),
        of("to-come", "1.0.0"),
        of("other", "1.0.1"),
        of("to-come", "1.0.1"),
        of("to-come", "1.0.0"),
        of("to-come", "1.0.1"),
    ] {
        story.version_event(event).await.unwrap();
    }
    let positions =
        |events: Vec<pb::LogEntry>| events.iter().map(|e| e.position).collect::<Vec<_>>();
    assert_eq!(positions(product.events(4).await), [2, 4, 5, 6]);
    assert_eq!(positions(version.events(2).await), [4, 6]);
}

async fn an_environment_that_does_not_exist_yet_can_be_watched(story: Story) {
    let request = pb::WatchEventsRequest {
        environment_name: "eu".into(),
        ..after(0)
    };
    let mut watch = Watch::start(&story, request).await.unwrap();
    for environment in ["us", "eu", "us", "eu"] {
        let event = deployment("1.0.0", environment, DeploymentStatus::Started);
        story.deployment_event(event).await.unwrap();
    }
    let events = watch.events(2).await;
    assert_eq!((events[0].position, events[1].position), (2, 4));
}

async fn r15_changes_of_the_catalogue_can_be_watched_by_type(story: Story) {
    let request = pb::WatchEventsRequest {
        event_types: vec![
            EventType::ProductUpdated.into(),
            EventType::EnvironmentDeleted.into(),
        ],
        ..after(0)
    };
    let mut watch = Watch::start(&story, request).await.unwrap();
    story
        .deployment_event(deployment("1.0.0", "dev", DeploymentStatus::Started))
        .await
        .unwrap();
    let request = pb::UpdateProductRequest {
        name: PRODUCT.into(),
        product: Some(pb::Product {
            name: "renamed".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    story.catalog().update_product(request).await.unwrap();
    let request = pb::DeleteEnvironmentRequest {
        name: "dev".into(),
        force: true,
        ..Default::default()
    };
    story.catalog().delete_environment(request).await.unwrap();

    let renamed = watch.event().await;
    assert_eq!(
        (renamed.position, renamed.event_type()),
        (2, EventType::ProductUpdated)
    );
    let Some(pb::log_entry::Content::Product(product)) = renamed.content else {
        panic!("no product: {renamed:?}");
    };
    assert_eq!(
        (&product.name[..], &product.aliases[..]),
        ("renamed", &[PRODUCT.to_owned()][..])
    );
    let deleted = watch.event().await;
    assert_eq!(deleted.position, 3);
    let Some(pb::log_entry::Content::Environment(environment)) = deleted.content else {
        panic!("no environment: {deleted:?}");
    };
    assert_eq!(environment.name, "dev");
}

async fn r15_a_watched_product_is_followed_over_its_renaming_deletion_and_return(story: Story) {
    let request = pb::WatchEventsRequest {
        product_name: PRODUCT.into(),
        ..Default::default()
    };
    let mut watch = Watch::start(&story, request).await.unwrap();
    story.version_event(of(PRODUCT, "1")).await.unwrap();
    assert_eq!(watch.event().await.position, 1);

    let request = pb::UpdateProductRequest {
        name: PRODUCT.into(),
        product: Some(pb::Product {
            name: "renamed".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    story.catalog().update_product(request).await.unwrap();
    story.version_event(of("renamed", "2")).await.unwrap();
    let request = pb::DeleteProductRequest {
        name: "renamed".into(),
        force: true,
        ..Default::default()
    };
    let events = watch.events(2).await;
    assert_eq!((events[0].position, events[1].position), (2, 3));

    story.catalog().delete_product(request).await.unwrap();
    let deleted = watch.event().await;
    assert_eq!(
        (deleted.position, deleted.event_type()),
        (4, EventType::ProductDeleted)
    );
    story.version_event(of("renamed", "3")).await.unwrap();
    story.version_event(of(PRODUCT, "4")).await.unwrap();
    let returned = watch.event().await;
    assert_eq!(returned.position, 6);
    assert_ne!(returned.product_id, deleted.product_id);
}

on_both_engines!(
    a_product_or_version_that_does_not_exist_yet_can_be_watched,
    an_environment_that_does_not_exist_yet_can_be_watched,
    r15_changes_of_the_catalogue_can_be_watched_by_type,
    r15_a_watched_product_is_followed_over_its_renaming_deletion_and_return,
);
