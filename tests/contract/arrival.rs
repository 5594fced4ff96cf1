//! Whatever order events arrive in, in whatever batches, with whatever repeats: the state is the
//! same (R6), and it is the fold of the log (I4).

use std::cell::Cell;

use proptest::test_runner::{Config, TestRunner};
use tokio::{runtime::Handle, task::spawn_blocking};
use versioner::{
    domain::{
        event::Event,
        query::{BuildQuery, CheckQuery, DeploymentQuery, VersionQuery},
        resource::Version,
    },
    storage::{Answer, Engine, Store},
};

use crate::{
    ask::Ask,
    database::Database,
    history::{History, histories},
    rebuild::assert_equals_the_fold_of_the_log,
    verdict::assert_readiness_follows_from_the_log,
};

const MAX_EVENTS: usize = 24;

pub(crate) async fn r6_any_order_of_arrival_gives_the_same_state(database: Database) {
    let runtime = Handle::current();
    // The search for a failing history blocks its thread; the stores live on the runtime's.
    let searched = spawn_blocking(move || {
        let store = runtime.block_on(database.open());
        let config = Config {
            cases: match store.engine() {
                Engine::Sqlite => 60,
                Engine::Postgres => 12,
            },
            failure_persistence: None,
            max_shrink_iters: 400,
            ..Config::default()
        };
        let number = Cell::new(0);
        let found = TestRunner::new(config).run(&histories(MAX_EVENTS), |history| {
            number.set(number.get() + 1);
            runtime.block_on(assert_state_is_the_same(
                &database,
                &store,
                &history,
                number.get(),
            ));
            Ok(())
        });
        runtime.block_on(store.close());
        found.map_err(|failure| failure.to_string())
    });
    if let Err(failure) = searched.await.expect("the search ends") {
        panic!("{failure}");
    }
}

async fn assert_state_is_the_same(
    database: &Database,
    store: &Store,
    history: &History,
    number: usize,
) {
    // A product each, so that all histories share a database.
    let (together, arriving) = (format!("{number} together"), format!("{number} arriving"));
    let accepted = submit(store, history.events(&together, &format!("{number}a-"))).await;
    assert_eq!(accepted, history.set.len());
    let mut accepted = 0;
    for batch in history.arriving(&arriving, &format!("{number}b-")) {
        accepted += submit(store, batch).await;
    }
    assert_eq!(accepted, history.set.len(), "repeats are told");

    assert_eq!(state(store, &arriving).await, state(store, &together).await);
    let readiness = assert_readiness_follows_from_the_log(store, &arriving).await;
    let expected = assert_readiness_follows_from_the_log(store, &together).await;
    assert_eq!(readiness, expected, "R17");
    for product in [together, arriving] {
        assert_equals_the_fold_of_the_log(store, database, &product).await;
    }
}

/// How many were accepted for the first time; none may be refused.
async fn submit(store: &Store, events: Vec<Event>) -> usize {
    let outcomes = store.submit(events, Answer::WithState).await;
    let receipts = outcomes.into_iter().map(|o| o.unwrap().receipt);
    receipts.filter(|receipt| !receipt.duplicate).count()
}

/// All that is shown of a product, but ids and what hangs on the time of receipt.
async fn state(store: &Store, product: &str) -> String {
    let product_name = Some(product.to_owned());
    let versions = VersionQuery {
        product_name: product_name.clone(),
        ..VersionQuery::default()
    };
    let versions = store.in_pages(&versions, 100).await.into_iter().map(|v| {
        let without_ids = Version {
            id: 0,
            product_id: 0,
            product_name: String::new(),
            latest_build_id: None,
            updated_at_us: 0,
            ..v
        };
        format!("{without_ids:#?}")
    });
    let builds = BuildQuery {
        product_name: product_name.clone(),
        ..BuildQuery::default()
    };
    let builds = store.in_pages(&builds, 100).await.into_iter();
    let builds = builds.map(|b| format!("build of {} {:#?}", b.version, b.run));
    let deployments = DeploymentQuery {
        product_name: product_name.clone(),
        ..DeploymentQuery::default()
    };
    let deployments = store
        .in_pages(&deployments, 100)
        .await
        .into_iter()
        .map(|d| {
            format!(
                "deployment of {} to {}/{} current: {} {:?} {:#?}",
                d.version, d.environment_name, d.instance, d.current, d.class, d.run
            )
        });
    let checks = CheckQuery {
        product_name,
        ..CheckQuery::default()
    };
    let checks = store.in_pages(&checks, 100).await.into_iter().map(|c| {
        let version = c.version.map(|version| version.1);
        let environment = c.environment.map(|environment| environment.1);
        format!(
            "check {} of {version:?} {:?} for {environment:?} {:#?}",
            c.check_name, c.scm_sha, c.run
        )
    });
    let mut all: Vec<String> = versions
        .chain(builds)
        .chain(deployments)
        .chain(checks)
        .collect();
    all.sort();
    all.join("\n")
}
