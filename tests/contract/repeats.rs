//! Sent twice, recorded once (R7); acknowledged means durable (R8).

use std::collections::BTreeSet;

use versioner::{
    domain::status::Status,
    storage::{Answer, Conflict, Error, Outcome, Receipt, Store},
};

use crate::{
    ask::{Ask, Told},
    database::Database,
    report::{PRODUCT, build, check, deployment},
};

fn repeated(receipt: &Receipt) -> Receipt {
    Receipt {
        duplicate: true,
        ..receipt.clone()
    }
}

pub(crate) async fn r7_a_repeat_gets_the_same_receipt_and_the_state_as_it_is_now(store: Store) {
    let reports = || {
        [
            build("1.0").run("7").started().id("b"),
            deployment("1.0", "dev").run("7").started().id("d"),
            check("1.0", "unit").run("7").started().id("c"),
        ]
    };
    let first = store.accept_all(reports()).await;
    store
        .accept_all(reports().map(|r| r.status(Status::Completed).id("")))
        .await;
    let before = store.everything().await;

    let again = store.accept_all(reports()).await;
    for (first, again) in first.iter().zip(&again) {
        assert!(!first.receipt.duplicate);
        assert_eq!(again.receipt, repeated(&first.receipt));
    }
    assert_eq!(again[0].build().run.status, Status::Completed);
    assert_eq!(again[0].version().status, Some(Status::Completed));
    assert_eq!(again[1].deployment().run.status, Status::Completed);
    assert!(again[1].deployment().current);
    assert_eq!(again[2].check().run.status, Status::Completed);
    assert_eq!(store.everything().await, before);
}

pub(crate) async fn r7_a_repeat_follows_its_build_where_that_has_moved(store: Store) {
    const HOUR_US: i64 = crate::report::HOUR_US;
    store.accept(build("1.0").started().at(0)).await;
    store
        .accept(build("1.0").run("7").at(25 * HOUR_US).id("x"))
        .await;
    store.accept(build("1.0").started().at(12 * HOUR_US)).await;
    let again = store
        .accept(build("1.0").run("7").at(25 * HOUR_US).id("x"))
        .await;
    assert_eq!(again.build().id, 1);
}

pub(crate) async fn r7_the_same_id_with_other_content_is_refused(store: Store) {
    store.accept(build("1.0").id("x")).await;
    let before = store.everything().await;
    for other in [
        build("1.1").id("x"),
        build("1.0").failed().id("x"),
        build("1.0").metadata(r#"{"a":1}"#).id("x"),
        deployment("1.0", "dev").id("x"),
        // What the sender gave counts, before defaults.
        build("1.0").at(0).id("x"),
    ] {
        let error = store.refuse(other).await;
        let Error::Conflict(conflict) = error else {
            panic!("{error}");
        };
        let expected = Conflict::EventId {
            event_id: "x".to_owned(),
            position: 1,
        };
        assert_eq!(conflict, expected);
    }
    assert_eq!(store.everything().await, before);
    assert!(!store.accept(build("1.0").id("X")).await.receipt.duplicate);
}

pub(crate) async fn r7_within_a_batch_too(store: Store) {
    let outcomes = store
        .batch([
            build("1.0").id("x"),
            build("1.1").id("y"),
            build("1.0").id("x"),
            build("1.2").id("x"),
        ])
        .await;
    let receipt = |index: usize| &outcomes[index].as_ref().unwrap().receipt;
    assert_eq!(receipt(2), &repeated(receipt(0)));
    assert_eq!(receipt(1).position, 2);
    assert!(matches!(
        outcomes[3],
        Err(Error::Conflict(Conflict::EventId { position: 1, .. }))
    ));
    assert_eq!(store.builds().await.len(), 2);
}

pub(crate) async fn r7_the_id_of_a_refused_event_is_free(store: Store) {
    store.accept(build("1.0").sha("aaaaaaaa")).await;
    store.refuse(build("1.0").sha("bbbbbbbb").id("x")).await;
    let mended = store.accept(build("1.0").sha("aaaaaaaa").id("x")).await;
    assert!(!mended.receipt.duplicate);
}

pub(crate) async fn r7_without_an_id_each_event_is_new(store: Store) {
    let outcomes = store.accept_all(vec![build("1.0").run("7"); 3]).await;
    let ids: BTreeSet<String> = outcomes.into_iter().map(|o| o.receipt.event_id).collect();
    assert_eq!(ids.len(), 3);
    // The run keeps a sender that tries again from counting twice.
    assert_eq!(store.builds().await.len(), 1);
}

pub(crate) async fn r7_a_hundred_times_at_once_is_recorded_once(database: Database) {
    let stores = database.open_two().await;
    let senders: Vec<_> = (0..100)
        .map(|sender| {
            let store = stores[sender % stores.len()].clone();
            let event = deployment("1.0", "dev").id("x").event();
            tokio::spawn(async move { store.submit(vec![event], Answer::Receipt).await })
        })
        .collect();
    let mut receipts = Vec::new();
    for sender in senders {
        let outcome = sender.await.unwrap().remove(0).unwrap();
        receipts.push(outcome.receipt);
    }
    let (repeats, firsts): (Vec<_>, Vec<_>) = receipts.into_iter().partition(|r| r.duplicate);
    assert_eq!((firsts.len(), repeats.len()), (1, 99));
    assert!(repeats.iter().all(|r| *r == repeated(&firsts[0])));
    assert_eq!(stores[1].entries().await.len(), 1);
    assert_eq!(stores[0].deployments().await.len(), 1);
    for store in stores {
        store.close().await;
    }
}

pub(crate) async fn r8_what_was_acknowledged_outlasts_the_process(database: Database) {
    let first = database.open().await;
    let ids = first.ids();
    let outcome = first
        .accept(deployment("1.0", "dev").id("x").sha("abc1234"))
        .await;
    first
        .accept_all([check("1.0", "unit"), build("1.0").run("7").started()])
        .await;
    let before = first.everything().await;
    first.close().await;
    assert!(matches!(
        first.refuse(build("1.0")).await,
        Error::Unavailable(_)
    ));

    let second = database.open().await;
    assert_eq!(second.ids(), ids);
    assert_eq!(second.everything().await, before);
    let again = second
        .accept(deployment("1.0", "dev").id("x").sha("abc1234"))
        .await;
    assert_eq!(again.receipt, repeated(&outcome.receipt));
    let next = second.accept(build("1.0").run("7")).await;
    assert_eq!(next.receipt.position, 4);
    assert_eq!(next.build().id, 3);
    second.close().await;
}

pub(crate) async fn r8_another_process_sees_what_was_acknowledged_at_once(database: Database) {
    let [one, other] = database.open_two().await;
    for version in ["1.0", "1.1", "1.2"] {
        one.accept(build(version)).await;
        let found = other.version_by_name(PRODUCT, version).await;
        assert!(found.is_ok(), "{version}");
    }
    one.close().await;
    other.close().await;
}

pub(crate) async fn r8_an_event_is_recorded_though_its_sender_leaves(database: Database) {
    let store = database.open().await;
    for number in 0..20 {
        let event = build("1.0").id(&number.to_string()).event();
        drop(store.enqueue(vec![event], Answer::Receipt).await);
    }
    // What was taken is carried out before the store is closed.
    store.close().await;
    let store = database.open().await;
    let outcomes: Vec<Outcome> = store
        .accept_all((0..20).map(|number| build("1.0").id(&number.to_string())))
        .await;
    assert!(outcomes.iter().all(|o| o.receipt.duplicate));
    assert_eq!(store.entries().await.len(), 20);
    store.close().await;
}

pub(crate) async fn answers_come_in_the_order_of_the_events_over_several_transactions(
    store: Store,
) {
    let count = versioner::storage::MAX_BATCH + 10;
    let outcomes = store
        .accept_all((0..count).map(|number| build("1.0").id(&number.to_string())))
        .await;
    for (number, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.receipt.event_id, number.to_string());
        assert_eq!(outcome.receipt.position, number as i64 + 1);
    }
    assert!(store.submit(Vec::new(), Answer::Receipt).await.is_empty());
}
