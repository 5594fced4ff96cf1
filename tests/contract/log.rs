//! Positions in the event log: gapless and in commit order, whoever writes (I3), and batches that
//! fail as a whole.

use std::collections::BTreeSet;

use tokio::task::JoinSet;
use versioner::{
    domain::{
        query::EntryQuery,
        resource::{Entry, EntryType},
    },
    storage::{Answer, Error, List, Page, ProductChange, Reference, Store},
};

use crate::{
    ask::Ask,
    database::Database,
    report::{PRODUCT, build, deployment},
};

const WRITERS: usize = 8;
const BATCHES: usize = 6;
const EVENTS: usize = 5;

/// Writers on two stores; between their batches, changes of the catalogue.
fn start_writers(stores: &[Store; 2]) -> JoinSet<Vec<i64>> {
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let store = stores[writer % stores.len()].clone();
        writers.spawn(async move {
            let mut positions = Vec::new();
            for batch in 0..BATCHES {
                let events = (0..EVENTS).map(|event| {
                    let id = format!("{writer}-{batch}-{event}");
                    build(&format!("{}.{event}", writer % 3)).id(&id).event()
                });
                let outcomes = store.submit(events.collect(), Answer::Receipt).await;
                positions.extend(outcomes.into_iter().map(|o| o.unwrap().receipt.position));
                if writer < 2 {
                    let change = ProductChange {
                        description: Some(format!("{writer} {batch}")),
                        ..ProductChange::default()
                    };
                    let which = Reference::Name(PRODUCT.to_owned());
                    store.update_product(which, change).await.unwrap();
                }
            }
            positions
        });
    }
    writers
}

const ENTRIES: usize = WRITERS * BATCHES * EVENTS + 2 * BATCHES;

pub(crate) async fn i3_positions_are_gapless_and_of_one_event_each(database: Database) {
    let stores = database.open_two().await;
    let told: Vec<i64> = start_writers(&stores).join_all().await.concat();
    assert_eq!(told.len(), WRITERS * BATCHES * EVENTS);

    let entries = stores[0].in_pages(&EntryQuery::default(), 100).await;
    let positions: Vec<i64> = entries.iter().map(|e| e.position).collect();
    assert_eq!(positions, (1..=ENTRIES as i64).collect::<Vec<_>>());
    assert_eq!(stores[1].last_position().await.unwrap(), ENTRIES as i64);
    assert!(entries.is_sorted_by(|a, b| a.received_at_us < b.received_at_us));
    let of_events: BTreeSet<i64> = entries
        .iter()
        .filter(|e| e.kind == EntryType::VersionEvent)
        .map(|e| e.position)
        .collect();
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), of_events);
    for store in stores {
        store.close().await;
    }
}

/// Whoever has read up to a position never finds another entry before it.
pub(crate) async fn i3_a_reader_who_has_passed_a_position_misses_nothing(database: Database) {
    let stores = database.open_two().await;
    let mut writers = start_writers(&stores);
    let mut read: Vec<i64> = Vec::new();
    loop {
        while let Some(written) = writers.try_join_next() {
            written.unwrap();
        }
        let all_is_written = writers.is_empty();
        let after = EntryQuery {
            after: read.last().copied().unwrap_or(0),
            ..EntryQuery::default()
        };
        let page = Page {
            after: None,
            limit: 100,
        };
        let entries: Vec<Entry> = after.rows(&stores[1], page).await.unwrap();
        if entries.is_empty() && all_is_written {
            break;
        }
        read.extend(entries.iter().map(|e| e.position));
        tokio::task::yield_now().await;
    }
    assert_eq!(read, (1..=ENTRIES as i64).collect::<Vec<_>>());
    for store in stores {
        store.close().await;
    }
}

pub(crate) async fn a_batch_that_fails_as_a_whole_is_split_until_the_cause_stands_alone(
    database: Database,
) {
    let store = database.open().await;
    database
        .execute(database.either(
            "create trigger refuse_poison before insert on event_log
             when new.event_id like 'poison%'
             begin
                 select raise(abort, 'unstorable');
             end",
            "create function refuse_poison() returns trigger language plpgsql as $$
             begin
                 raise exception 'unstorable';
             end $$;
             create trigger refuse_poison before insert on event_log
             for each row when (new.event_id like 'poison%') execute function refuse_poison()",
        ))
        .await;
    let mut reports: Vec<_> = (0..13)
        .map(|number| build("1.0").id(&number.to_string()))
        .collect();
    reports[5] = deployment("2.0", "nowhere").id("poison-1");
    reports[12] = build("3.0").id("poison-2");
    let outcomes = store.batch(reports).await;
    for (index, outcome) in outcomes.iter().enumerate() {
        match outcome {
            Ok(outcome) => assert_eq!(outcome.receipt.event_id, index.to_string()),
            Err(Error::Fault(_)) => assert!([5, 12].contains(&index), "{index}"),
            Err(error) => panic!("{index}: {error}"),
        }
    }
    let ids: Vec<String> = store
        .entries()
        .await
        .into_iter()
        .map(|e| e.event_id)
        .collect();
    let expected = ["0", "1", "2", "3", "4", "6", "7", "8", "9", "10", "11"];
    assert_eq!(ids, expected);
    assert_eq!(store.last_position().await.unwrap(), 11);
    assert!(store.environment_id("nowhere").await.is_err());
    assert!(store.version_by_name(PRODUCT, "3.0").await.is_err());
    assert_eq!(store.accept(build("1.0")).await.receipt.position, 12);

    // What failed can be sent again once its cause is gone.
    let drop_trigger = database.either(
        "drop trigger refuse_poison",
        "drop trigger refuse_poison on event_log",
    );
    database.execute(drop_trigger).await;
    let mended = store.accept(build("3.0").id("poison-2")).await;
    assert_eq!(
        (mended.receipt.position, mended.receipt.duplicate),
        (13, false)
    );
    store.close().await;
}
