//! Watchers see each entry of the log exactly once, in order, wherever they begin (I1, I3).

use std::{sync::Arc, time::Duration};

use tokio::{task::JoinSet, time::timeout};
use versioner::{
    domain::{
        query::EntryQuery,
        resource::{Entry, EntryType},
    },
    storage::{Answer, Error, ProductChange, Reference, Store, Watcher},
};

use crate::{
    ask::Ask,
    database::Database,
    report::{PRODUCT, build, check, deployment},
};

/// What is to be seen is seen within this, or never.
const PATIENCE: Duration = Duration::from_secs(20);

fn after(position: i64) -> EntryQuery {
    EntryQuery {
        after: position,
        ..EntryQuery::default()
    }
}

async fn watch(store: &Store, query: EntryQuery) -> Watcher {
    store.watch(query).await.expect("the log can be watched")
}

/// The entries that fit, up to this position of the log.
async fn seen(watcher: &mut Watcher, up_to: i64) -> Vec<Arc<Entry>> {
    let mut seen = Vec::new();
    while watcher.position() < up_to {
        let next = timeout(PATIENCE, watcher.next()).await;
        seen.extend(next.expect("there is something to look at").unwrap());
    }
    seen
}

async fn positions(watcher: &mut Watcher, up_to: i64) -> Vec<i64> {
    let seen = seen(watcher, up_to).await;
    seen.iter().map(|entry| entry.position).collect()
}

fn up_to(position: i64) -> Vec<i64> {
    (1..=position).collect()
}

pub(crate) async fn i3_a_watcher_sees_each_entry_once_in_order_whoever_writes(database: Database) {
    const WRITERS: i64 = 6;
    const BATCHES: i64 = 10;
    let stores = database.open_two().await;
    let mut tasks = JoinSet::new();
    for store in &stores {
        // One that sees the first entry come, and one that begins where that is past.
        let mut early = watch(store, after(0)).await;
        tasks.spawn(async move { positions(&mut early, WRITERS * BATCHES * 2).await });
    }
    for writer in 0..WRITERS {
        let store = stores[writer as usize % 2].clone();
        tasks.spawn(async move {
            for _ in 0..BATCHES {
                let events = vec![build("1.0").event(), deployment("1.0", "dev").event()];
                let outcomes = store.submit(events, Answer::Receipt).await;
                assert!(outcomes.iter().all(Result::is_ok));
            }
            up_to(WRITERS * BATCHES * 2)
        });
    }
    for seen in tasks.join_all().await {
        assert_eq!(seen, up_to(WRITERS * BATCHES * 2));
    }
    let mut late = watch(&stores[1], after(0)).await;
    let end = WRITERS * BATCHES * 2;
    assert_eq!(positions(&mut late, end).await, up_to(end));
    for store in stores {
        store.close().await;
    }
}

pub(crate) async fn i3_a_watcher_sees_what_the_log_holds(store: Store) {
    let mut watcher = watch(&store, after(0)).await;
    store.accept(build("1.0").id("a").at(0)).await;
    store.accept(check("1.0", "unit").id("b")).await;
    let change = ProductChange {
        description: Some("text".into()),
        ..ProductChange::default()
    };
    store
        .update_product(Reference::Name(PRODUCT.into()), change)
        .await
        .unwrap();
    let seen = seen(&mut watcher, 3).await;
    let seen: Vec<Entry> = seen.iter().map(|entry| Entry::clone(entry)).collect();
    assert_eq!(seen, store.entries().await);
    assert_eq!(seen[2].kind, EntryType::ProductUpdated);
}

pub(crate) async fn a_watcher_goes_on_where_another_has_ended(store: Store) {
    store.accept_all(vec![build("1.0"); 3]).await;
    let mut first = watch(&store, after(0)).await;
    assert_eq!(positions(&mut first, 3).await, [1, 2, 3]);
    let resume = first.position();
    drop(first);
    store.accept_all(vec![build("1.0"); 2]).await;
    let mut second = watch(&store, after(resume)).await;
    assert_eq!(positions(&mut second, 5).await, [4, 5]);
    let mut middle = watch(&store, after(2)).await;
    assert_eq!(positions(&mut middle, 5).await, [3, 4, 5]);

    // It waits at the end, may be dropped while it waits, and asked again.
    let nothing = timeout(Duration::from_millis(20), second.next()).await;
    assert!(nothing.is_err());
    store.accept(build("1.0")).await;
    assert_eq!(positions(&mut second, 6).await, [6]);

    let error = store.watch(after(7)).await.err().unwrap();
    assert!(
        matches!(
            error,
            Error::BeyondEnd {
                position: 7,
                last_position: 6
            }
        ),
        "{error}"
    );
}

pub(crate) async fn a_watcher_hears_of_other_processes_entries(database: Database) {
    let [mine, other] = database.open_two().await;
    let mut watcher = watch(&mine, after(0)).await;
    for position in 1..=3 {
        let waiting = tokio::spawn(async move {
            let seen = positions(&mut watcher, position).await;
            (watcher, seen)
        });
        other.accept(build("1.0")).await;
        let (back, seen) = waiting.await.unwrap();
        assert_eq!(seen, [position]);
        watcher = back;
    }
    mine.close().await;
    other.close().await;
}

pub(crate) async fn a_watcher_sees_only_what_fits_and_how_far_it_has_looked(store: Store) {
    let reports = [
        build("1.0"),
        deployment("1.0", "dev"),
        build("1.1"),
        deployment("1.1", "qa"),
        build("1.0").of("cart"),
        deployment("1.0", "dev").of("cart"),
    ];
    let of_shop = EntryQuery {
        product_name: Some(PRODUCT.into()),
        ..after(0)
    };
    let queries = [
        (after(0), vec![1, 2, 3, 4, 5, 6]),
        (after(3), vec![4, 5, 6]),
        (of_shop.clone(), vec![1, 2, 3, 4]),
        (
            EntryQuery {
                version: Some("1.0".into()),
                ..of_shop.clone()
            },
            vec![1, 2],
        ),
        (
            EntryQuery {
                version_id: Some(3),
                ..after(0)
            },
            vec![3, 4],
        ),
        (
            EntryQuery {
                environment_name: Some("dev".into()),
                ..after(0)
            },
            vec![2, 6],
        ),
        (
            EntryQuery {
                environment_name: Some("dev".into()),
                ..of_shop.clone()
            },
            vec![2],
        ),
        (
            EntryQuery {
                types: vec![EntryType::VersionEvent],
                ..after(0)
            },
            vec![1, 3, 5],
        ),
        (
            EntryQuery {
                types: vec![EntryType::VersionEvent],
                ..of_shop
            },
            vec![1, 3],
        ),
        (
            EntryQuery {
                product_name: Some("nothing".into()),
                ..after(0)
            },
            vec![],
        ),
    ];
    // Begun before any of the names exists, and after.
    let mut early = Vec::new();
    for (query, expected) in &queries {
        if query.after == 0 {
            early.push((watch(&store, query.clone()).await, expected));
        }
    }
    store.accept_all(reports).await;
    for (mut watcher, expected) in early {
        assert_eq!(&positions(&mut watcher, 6).await, expected);
    }
    for (query, expected) in &queries {
        let mut watcher = watch(&store, query.clone()).await;
        assert_eq!(&positions(&mut watcher, 6).await, expected, "{query:?}");
        assert_eq!(watcher.position(), 6);
        let listed: Vec<i64> = store.all(query).await.iter().map(|e| e.position).collect();
        assert_eq!(&listed, expected, "{query:?}");
    }
}

pub(crate) async fn a_watcher_of_a_name_sees_it_go_and_come_again(store: Store) {
    let by_names = [
        EntryQuery {
            product_name: Some(PRODUCT.into()),
            ..after(0)
        },
        EntryQuery {
            environment_name: Some("dev".into()),
            ..after(0)
        },
    ];
    let mut watchers = Vec::new();
    for query in by_names {
        watchers.push(watch(&store, query).await);
    }
    store.accept(deployment("1.0", "dev")).await;
    for watcher in &mut watchers {
        assert_eq!(positions(watcher, 1).await, [1]);
    }
    // They look again when all of this can be seen at once.
    let mut everything = watch(&store, after(1)).await;
    store
        .delete_product(Reference::Name(PRODUCT.into()), true)
        .await
        .unwrap();
    store
        .delete_environment(Reference::Name("dev".into()), true)
        .await
        .unwrap();
    store
        .accept_all([deployment("1.0", "dev"), deployment("1.1", "dev")])
        .await;
    assert_eq!(positions(&mut everything, 5).await, [2, 3, 4, 5]);
    assert_eq!(positions(&mut watchers[0], 5).await, [2, 4, 5]);
    assert_eq!(positions(&mut watchers[1], 5).await, [3, 4, 5]);
}

pub(crate) async fn a_watcher_of_a_name_follows_it_to_another_product(store: Store) {
    store.accept(build("1.0")).await;
    let query = EntryQuery {
        product_name: Some(PRODUCT.into()),
        ..after(0)
    };
    let mut watcher = watch(&store, query).await;
    assert_eq!(positions(&mut watcher, 1).await, [1]);
    let renamed = ProductChange {
        name: Some("store".into()),
        aliases: Some(Vec::new()),
        ..ProductChange::default()
    };
    store
        .update_product(Reference::Name(PRODUCT.into()), renamed)
        .await
        .unwrap();
    store
        .accept_all([build("1.0").of("store"), build("1.0")])
        .await;
    assert_eq!(positions(&mut watcher, 4).await, [2, 4]);
}

pub(crate) async fn a_watcher_far_behind_reads_the_log_at_its_own_pace(store: Store) {
    // More than are kept in memory for watchers.
    const ENTRIES: i64 = 4_700;
    let mut ahead = watch(&store, after(0)).await;
    let mut behind = watch(&store, after(0)).await;
    let events: Vec<_> = (0..ENTRIES)
        .map(|_| build("1.0").run("7").event())
        .collect();
    let outcomes = store.submit(events, Answer::Receipt).await;
    assert!(outcomes.iter().all(Result::is_ok));
    assert_eq!(positions(&mut ahead, ENTRIES).await, up_to(ENTRIES));
    assert_eq!(positions(&mut behind, ENTRIES).await, up_to(ENTRIES));
    store.accept(build("1.0")).await;
    assert_eq!(positions(&mut ahead, ENTRIES + 1).await, [ENTRIES + 1]);
    assert_eq!(positions(&mut behind, ENTRIES + 1).await, [ENTRIES + 1]);
}

pub(crate) async fn a_watcher_is_told_that_the_store_closes(store: Store) {
    store.accept(build("1.0")).await;
    let mut watcher = watch(&store, after(1)).await;
    let waiting = tokio::spawn(async move { watcher.next().await });
    store.close().await;
    let ended = timeout(PATIENCE, waiting).await.expect("it ends").unwrap();
    assert!(matches!(ended, Err(Error::Unavailable(_))));
}
