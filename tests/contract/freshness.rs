//! What was read lately may be kept in memory: whatever is written in between, a reader is
//! answered as the database would answer, and never with less than someone was told before.

use std::sync::atomic::{AtomicBool, Ordering};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio::{runtime::Handle, task::spawn_blocking};
use versioner::{
    domain::{
        query::{VersionOrder, VersionQuery},
        resource::Version,
    },
    storage::{Engine, List, Page, ProductChange, Reference, Store},
};

use crate::{
    ask::{Ask, Told},
    database::Database,
    report::{PRODUCT, SECOND_US, build},
};

const FIRST_PAGE: Page<'static> = Page {
    after: None,
    limit: 10,
};

fn named(name: &str) -> Reference {
    Reference::Name(name.to_owned())
}

fn of(product_name: &str) -> VersionQuery {
    VersionQuery {
        product_name: Some(product_name.to_owned()),
        ..VersionQuery::default()
    }
}

/// What one does to the versions of a few products, of which all are read after each.
#[derive(Clone, Debug)]
enum Step {
    Build {
        product: usize,
        version: u8,
        at_s: i64,
    },
    Rename {
        product: usize,
    },
    Delete {
        product: usize,
    },
}

const PRODUCTS: [&str; 2] = ["shop", "cart"];

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..2_usize, 0..4_u8, 0..1_000_i64)
            .prop_map(|(product, version, at_s)| Step::Build { product, version, at_s }),
        1 => (0..2_usize).prop_map(|product| Step::Rename { product }),
        1 => (0..2_usize).prop_map(|product| Step::Delete { product }),
    ]
}

pub(crate) async fn reads_are_what_the_database_has_whatever_is_written_between(
    database: Database,
) {
    let runtime = Handle::current();
    // The search for a failing sequence blocks its thread; the store lives on the runtime's.
    let searched = spawn_blocking(move || {
        let store = runtime.block_on(database.open());
        let config = Config {
            cases: match store.engine() {
                Engine::Sqlite => 20,
                Engine::Postgres => 4,
            },
            failure_persistence: None,
            max_shrink_iters: 100,
            ..Config::default()
        };
        let steps = prop::collection::vec(step(), 1..20);
        let found = TestRunner::new(config).run(&steps, |steps| {
            for step in steps {
                runtime.block_on(take(&store, &step));
                runtime.block_on(assert_reads_are_what_the_database_has(&database, &store));
            }
            Ok(())
        });
        runtime.block_on(store.close());
        found.map_err(|failure| failure.to_string())
    });
    if let Err(failure) = searched.await.expect("the search ends") {
        panic!("{failure}");
    }
}

async fn take(store: &Store, step: &Step) {
    match *step {
        Step::Build {
            product,
            version,
            at_s,
        } => {
            let version = format!("1.{version}");
            let report = build(&version).of(PRODUCTS[product]);
            store.accept(report.at(at_s * SECOND_US)).await;
        }
        // Its former name goes on finding it.
        Step::Rename { product } => {
            let name = PRODUCTS[product];
            let Ok(found) = store.product(&named(name)).await else {
                return;
            };
            let change = ProductChange {
                name: Some(format!("{name} {}", found.name.len())),
                ..ProductChange::default()
            };
            store.update_product(named(name), change).await.unwrap();
        }
        Step::Delete { product } => {
            // Where it is unknown there is nothing to delete.
            let _ = store.delete_product(named(PRODUCTS[product]), true).await;
        }
    }
}

/// Asks for everything twice: the second answer may come from memory.
async fn assert_reads_are_what_the_database_has(database: &Database, store: &Store) {
    let rows = database
        .texts(
            "select v.id || ' ' || p.name || ' ' || v.version || ' ' || v.created_at_us || ' ' ||
                    v.updated_at_us || ' ' || v.latest_build_id
             from versions v join products p on p.id = v.product_id
             order by v.created_at_us, v.id",
        )
        .await;
    let oldest_first = VersionQuery {
        order: VersionOrder::OldestFirst,
        ..VersionQuery::default()
    };
    for _ in 0..2 {
        let listed = oldest_first.rows(store, FIRST_PAGE).await.unwrap();
        assert_eq!(listed.iter().map(shown).collect::<Vec<_>>(), rows);
        for version in &listed {
            let by_id = store.version(version.id).await.unwrap();
            assert_eq!(by_id.as_ref(), Some(version));
        }
        for name in PRODUCTS {
            for number in 0..4 {
                let identifier = format!("1.{number}");
                let id = store.product_id(name).await.ok();
                let expected = listed
                    .iter()
                    .find(|v| Some(v.product_id) == id && v.version == identifier);
                let by_name = store.version_by_name(name, &identifier).await;
                assert_eq!(by_name.ok().as_ref(), expected);
            }
        }
    }
}

fn shown(v: &Version) -> String {
    let Version {
        id,
        product_name,
        version,
        created_at_us,
        updated_at_us,
        ..
    } = v;
    let build_id = v.latest_build_id.unwrap_or_default();
    format!("{id} {product_name} {version} {created_at_us} {updated_at_us} {build_id}")
}

pub(crate) async fn reads_are_never_older_than_what_was_told_before(store: Store) {
    const VERSIONS: usize = 3;
    const WRITES: usize = 150;
    let is_over = AtomicBool::new(false);
    let (is_over, store) = (&is_over, &store);
    store
        .accept_all((0..VERSIONS).map(|n| build(&n.to_string())))
        .await;

    // Who was answered reads what was written, or something later.
    let writes = async |version: &str| {
        for _ in 0..WRITES {
            let told = store.accept(build(version)).await.version().updated_at_us;
            let id = store.find(version).await.id;
            let by_id = store.version(id).await.unwrap().unwrap();
            assert!(by_id.updated_at_us >= told);
            assert!(store.find(version).await.updated_at_us >= told);
        }
    };
    // Whoever reads finds no state that is older than one that was found before.
    let reads = async || {
        let mut seen_us = [0; VERSIONS];
        while !is_over.load(Ordering::Relaxed) {
            let mut found = of(PRODUCT).rows(store, FIRST_PAGE).await.unwrap();
            for version in 0..VERSIONS {
                found.push(store.find(&version.to_string()).await);
            }
            for version in found {
                let seen_us = &mut seen_us[version.version.parse::<usize>().unwrap()];
                assert!(version.updated_at_us >= *seen_us);
                *seen_us = version.updated_at_us;
            }
        }
    };
    let writing = async {
        tokio::join!(writes("0"), writes("1"), writes("2"));
        is_over.store(true, Ordering::Relaxed);
    };
    tokio::join!(writing, reads(), reads());
}
