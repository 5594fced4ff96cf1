//! What runs where (R11): by increments as from scratch, at a past moment as if nothing
//! had come after it.

use std::cell::Cell;

use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, TestRunner},
};
use tokio::{runtime::Handle, task::spawn_blocking};
use versioner::{
    domain::{event::Event, matrix::MatrixRow, query::MatrixQuery},
    storage::{Answer, Engine, Store},
};

use crate::{
    ask::Ask,
    database::Database,
    history::{History, deployment_histories},
    rebuild::assert_equals_the_fold_of_the_log,
    report::deployment,
};

const MAX_EVENTS: usize = 30;

pub(crate) async fn r6_r11_the_matrix_is_a_function_of_the_events_by_then(database: Database) {
    let runtime = Handle::current();
    // The search for a failing history blocks its thread; the stores live on the runtime's.
    let searched = spawn_blocking(move || {
        let store = runtime.block_on(database.open());
        // The columns are the same for all histories.
        let columns = ["dev", "qa"].map(|name| deployment("1.0", name));
        runtime.block_on(store.accept_all(columns));
        let config = Config {
            cases: match store.engine() {
                Engine::Sqlite => 120,
                Engine::Postgres => 25,
            },
            failure_persistence: None,
            max_shrink_iters: 400,
            ..Config::default()
        };
        let number = Cell::new(0);
        let searched = (deployment_histories(MAX_EVENTS), any::<Index>(), -1..=1_i64);
        let found = TestRunner::new(config).run(&searched, |(history, index, more_us)| {
            number.set(number.get() + 1);
            let number = number.get();
            let events = history.events("any", "");
            let at_us = index.get(&events).occurred_at_us.unwrap() + more_us;
            runtime.block_on(is_a_function(&database, &store, &history, at_us, number));
            Ok(())
        });
        runtime.block_on(store.close());
        found.map_err(|failure| failure.to_string())
    });
    if let Err(failure) = searched.await.expect("the search ends") {
        panic!("{failure}");
    }
}

async fn is_a_function(
    database: &Database,
    store: &Store,
    history: &History,
    at_us: i64,
    number: usize,
) {
    // A product each, so that all histories share a database.
    let [together, arriving, by_then] =
        ["together", "arriving", "by then"].map(|what| format!("{number} {what}"));
    submit(store, history.events(&together, &format!("{number}a-"))).await;
    for batch in history.arriving(&arriving, &format!("{number}b-")) {
        submit(store, batch).await;
    }
    assert_equals_the_fold_of_the_log(store, database, &arriving).await;
    let now = matrix(store, &together, None).await;
    assert_eq!(matrix(store, &arriving, None).await, now);

    let mut known = history.events(&by_then, &format!("{number}c-"));
    known.retain(|event| event.occurred_at_us.unwrap() <= at_us);
    let expected = if known.is_empty() {
        Vec::new()
    } else {
        submit(store, known).await;
        without_classes(matrix(store, &by_then, None).await)
    };
    let then = matrix(store, &arriving, Some(at_us)).await;
    assert_eq!(without_classes(then), expected, "as of {at_us}");
}

async fn submit(store: &Store, events: Vec<Event>) {
    for outcome in store.submit(events, Answer::Receipt).await {
        outcome.unwrap();
    }
}

/// The rows of a product, without ids and its name.
async fn matrix(store: &Store, product: &str, as_of_us: Option<i64>) -> Vec<MatrixRow> {
    let query = MatrixQuery {
        product_name: Some(product.to_owned()),
        as_of_us,
        baseline_environment_name: Some("qa".into()),
        ..MatrixQuery::default()
    };
    let matrix = store.matrix(&query).await.unwrap();
    let mut rows = store.in_pages(&matrix, 10).await;
    for row in &mut rows {
        (row.product_id, row.product_name) = (0, String::new());
        let instances = row.cells.iter_mut().flat_map(|cell| &mut cell.instances);
        for instance in instances {
            let shown = [
                &mut instance.current,
                &mut instance.under_way,
                &mut instance.last_failed,
            ];
            for summary in shown.into_iter().flatten() {
                (summary.id, summary.rank.version_id) = (0, 0);
            }
        }
    }
    rows
}

/// A class is shown as it is known now, also at a past moment.
fn without_classes(mut rows: Vec<MatrixRow>) -> Vec<MatrixRow> {
    let cells = rows.iter_mut().flat_map(|row| &mut row.cells);
    for instance in cells.flat_map(|cell| &mut cell.instances) {
        if let Some(current) = &mut instance.current {
            current.class = None;
        }
        for other in [&instance.under_way, &instance.last_failed] {
            assert!(other.as_ref().is_none_or(|s| s.class.is_none()));
        }
    }
    rows
}
