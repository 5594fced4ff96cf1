//! Which index SQLite walks for what is asked. It counts no rows, so its choice is the same for an
//! empty store and for a large one; a wrong one costs more with every event. Knows no rule.

use std::{
    fmt::Debug,
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    instrument::WithSubscriber,
};
use tracing_subscriber::{
    layer::{Context, Layer, SubscriberExt},
    registry::Registry,
};
use versioner::{
    domain::{
        deployment::DeploymentClass,
        query::{BuildQuery, DeploymentQuery, EntryQuery, LatestQuery, VersionOrder, VersionQuery},
        status::Status,
    },
    storage::{Error, List, Page, Store},
};

use crate::{
    ask::Ask,
    database::Database,
    report::{PRODUCT, build, deployment},
};

/// The first page of a list.
const FIRST: Page<'_> = Page {
    after: None,
    limit: 10,
};

/// What is asked besides the product, and the walk that it has to lead to.
type Filter<Q> = (fn(&mut Q), &'static str);

/// The texts of the statements that a store runs, out of its log.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        event.record(&mut self.clone());
    }
}

impl Visit for Statements {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "sql" {
            self.0.lock().unwrap().push(value.to_owned());
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}

/// A store with a build and a deployment, and the plans of what it is asked.
struct Plans {
    database: Database,
    store: Store,
}

impl Plans {
    async fn open() -> Self {
        let database = Database::sqlite();
        let store = database.open().await;
        store
            .accept_all([build("1.0"), deployment("1.0", "dev")])
            .await;
        Self { database, store }
    }

    /// A page of this list walks an index in this way; so does the page after a row.
    async fn list<Q: List + Debug>(&self, all: Q, query: Q, walk: &str) {
        let rows = all.rows(&self.store, FIRST).await.unwrap();
        let cursor = query.cursor(rows.first().expect("there is a row to go on from"));
        let next = Page {
            after: Some(&cursor),
            ..FIRST
        };
        for page in [FIRST, next] {
            let asked = async { query.rows(&self.store, page).await.map(drop) };
            self.expect(asked, walk, &format!("{query:?}")).await;
        }
    }

    async fn versions(&self, query: VersionQuery, walk: &str) {
        self.list(VersionQuery::default(), query, walk).await;
    }

    async fn builds(&self, query: BuildQuery, walk: &str) {
        self.list(BuildQuery::default(), query, walk).await;
    }

    async fn deployments(&self, query: DeploymentQuery, walk: &str) {
        self.list(DeploymentQuery::default(), query, walk).await;
    }

    async fn latest(&self, query: LatestQuery, walk: &str) {
        let asked = async {
            match self.store.latest_version(&query).await {
                Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(error),
            }
        };
        self.expect(asked, walk, &format!("{query:?}")).await;
    }

    /// Every statement with an order that answers this walks an index in this way.
    async fn expect(
        &self,
        asked: impl Future<Output = Result<(), Error>>,
        walk: &str,
        query: &str,
    ) {
        let statements = Statements::default();
        let subscriber = Registry::default().with(statements.clone());
        asked.with_subscriber(subscriber).await.unwrap();
        let texts = statements.0.lock().unwrap().clone();
        let ordered: Vec<_> = texts.iter().filter(|t| t.contains("order by")).collect();
        assert!(!ordered.is_empty(), "{query} runs no statement: {texts:?}");
        for text in ordered {
            let plan = self.database.sqlite_plan(text).await;
            assert!(
                plan.iter().any(|step| walks(step, walk)),
                "{query} walks no {walk}:\n{plan:#?}\n{text}"
            );
        }
    }
}

/// Where ids alone are read, an index may cover them.
fn walks(step: &str, walk: &str) -> bool {
    step.contains(walk) || step.replace("COVERING INDEX", "INDEX").contains(walk)
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn product() -> Option<String> {
    text(PRODUCT)
}

#[tokio::test]
async fn lists_of_versions_walk_the_index_of_their_filter() {
    let plans = Plans::open().await;
    let of_product = || VersionQuery {
        product_name: product(),
        ..VersionQuery::default()
    };
    plans
        .versions(of_product(), "v USING INDEX versions_product_time")
        .await;
    let cases: [Filter<VersionQuery>; 9] = [
        (
            |q| q.scm_branch = text("a"),
            "v USING INDEX versions_product_branch (product_id=? AND scm_branch=?",
        ),
        (
            |q| q.scm_repository = text("a"),
            "v USING INDEX versions_product_repository (product_id=? AND scm_repository=?",
        ),
        (
            |q| q.built_by = text("a"),
            "v USING INDEX versions_product_builder (product_id=? AND built_by=?",
        ),
        (
            |q| q.source_system = text("a"),
            "v USING INDEX versions_product_source (product_id=? AND source_system=?",
        ),
        (
            |q| q.status = Some(Status::Failed),
            "v USING INDEX versions_product_status (product_id=? AND status=?",
        ),
        (
            |q| q.version = text("a"),
            "v USING INDEX versions_identifier (product_id=? AND version=?",
        ),
        (
            |q| q.scm_sha = text("abcdef"),
            "c USING COVERING INDEX versions_sha (scm_sha>?",
        ),
        (|q| q.invoke_id = text("a"), "b USING INDEX builds_invoke"),
        (
            |q| q.environment_name = text("dev"),
            "d USING INDEX deployments_current (environment_id=? AND product_id=?",
        ),
    ];
    for (change, walk) in cases {
        let mut query = of_product();
        change(&mut query);
        plans.versions(query, walk).await;
    }
    let mut query = VersionQuery {
        environment_name: text("dev"),
        ..VersionQuery::default()
    };
    plans
        .versions(
            query.clone(),
            "d USING INDEX deployments_current (environment_id=?",
        )
        .await;
    query.status = Some(Status::Completed);
    plans
        .versions(query, "d USING INDEX deployments_current (environment_id=?")
        .await;
}

#[tokio::test]
async fn commits_of_a_product_are_found_by_their_beginning() {
    let plans = Plans::open().await;
    let asked = async {
        plans
            .store
            .matching_commits(Some(PRODUCT), "abcdef")
            .await
            .map(drop)
    };
    plans
        .expect(asked, "v USING INDEX versions_sha", "commits")
        .await;
}

#[tokio::test]
async fn the_highest_of_a_branch_or_a_status_come_by_an_index() {
    let plans = Plans::open().await;
    let mut query = VersionQuery {
        product_name: product(),
        scm_branch: text("a"),
        order: VersionOrder::HighestFirst,
        ..VersionQuery::default()
    };
    plans
        .versions(
            query.clone(),
            "versions_product_branch_precedence (product_id=? AND scm_branch=?",
        )
        .await;
    query.scm_branch = None;
    query.status = Some(Status::Failed);
    plans
        .versions(
            query.clone(),
            "versions_product_status_precedence (product_id=? AND status=?",
        )
        .await;
}

#[tokio::test]
async fn lists_of_builds_walk_the_index_of_their_filter() {
    let plans = Plans::open().await;
    let cases: [Filter<BuildQuery>; 7] = [
        (|_| (), "builds_product_time (product_id=?"),
        (
            |q| q.scm_branch = text("a"),
            "builds_product_branch (product_id=? AND scm_branch=?",
        ),
        (
            |q| q.source_system = text("a"),
            "builds_product_source (product_id=? AND source_system=?",
        ),
        (
            |q| q.status = Some(Status::Failed),
            "builds_product_status (product_id=? AND status=?",
        ),
        (|q| q.invoke_id = text("a"), "builds_invoke (invoke_id=?"),
        (|q| q.version = text("1.0"), "(version_id=?"),
        (|q| q.version_id = Some(1), "(version_id=?"),
    ];
    for (number, (change, walk)) in cases.into_iter().enumerate() {
        let mut query = BuildQuery {
            product_name: product(),
            ..BuildQuery::default()
        };
        change(&mut query);
        plans.builds(query.clone(), walk).await;
        // What leaves few rows leads, whatever else is asked.
        if number >= 4 {
            query.status = Some(Status::Failed);
            query.scm_branch = text("a");
            query.source_system = text("a");
            plans.builds(query, walk).await;
        }
    }
}

#[tokio::test]
async fn lists_of_deployments_walk_the_index_of_their_filter() {
    let plans = Plans::open().await;
    let cases: [Filter<DeploymentQuery>; 9] = [
        (|_| (), "deployments_product_time (product_id=?"),
        (
            |q| q.deployed_by = text("a"),
            "deployments_product_deployer (product_id=? AND deployed_by=?",
        ),
        (
            |q| q.instance = text("a"),
            "deployments_product_instance (product_id=? AND instance=?",
        ),
        (
            |q| q.status = Some(Status::Failed),
            "deployments_product_status (product_id=? AND status=?",
        ),
        (
            |q| q.class = Some(DeploymentClass::First),
            "deployments_product_class (product_id=? AND class=?",
        ),
        (
            |q| q.environment_name = text("dev"),
            "deployments_product_environment (product_id=? AND environment_id=?",
        ),
        (
            |q| q.invoke_id = text("a"),
            "deployments_invoke (invoke_id=?",
        ),
        (
            |q| q.version = text("1.0"),
            "deployments_first (version_id=?",
        ),
        (
            |q| q.version_id = Some(1),
            "deployments_first (version_id=?",
        ),
    ];
    for (number, (change, walk)) in cases.into_iter().enumerate() {
        let mut query = DeploymentQuery {
            product_name: product(),
            ..DeploymentQuery::default()
        };
        change(&mut query);
        plans.deployments(query.clone(), walk).await;
        // What leaves few rows leads, whatever else is asked.
        if number >= 6 {
            query.environment_name = text("dev");
            query.instance = text("a");
            query.status = Some(Status::Failed);
            query.class = Some(DeploymentClass::First);
            query.deployed_by = text("a");
            plans.deployments(query, walk).await;
        }
    }
}

#[tokio::test]
async fn what_is_current_is_found_without_what_was() {
    let plans = Plans::open().await;
    let anywhere = || DeploymentQuery {
        current_only: true,
        status: Some(Status::Completed),
        ..DeploymentQuery::default()
    };
    let of_product = || DeploymentQuery {
        product_name: product(),
        ..anywhere()
    };
    let in_environment = |query| DeploymentQuery {
        environment_name: text("dev"),
        ..query
    };
    plans
        .deployments(anywhere(), "d USING INDEX deployments_product_current")
        .await;
    plans
        .deployments(
            of_product(),
            "d USING INDEX deployments_product_current (product_id=?",
        )
        .await;
    plans
        .deployments(
            in_environment(anywhere()),
            "d USING INDEX deployments_current (environment_id=?",
        )
        .await;
    plans
        .deployments(
            in_environment(of_product()),
            "d USING INDEX deployments_current (environment_id=? AND product_id=?",
        )
        .await;
    let of_version = DeploymentQuery {
        version: text("1.0"),
        ..in_environment(of_product())
    };
    plans
        .deployments(of_version, "deployments_current_version (version_id=?")
        .await;
}

#[tokio::test]
async fn entries_of_a_version_are_found_without_those_of_its_product() {
    let plans = Plans::open().await;
    let query = EntryQuery {
        product_name: product(),
        version: text("1.0"),
        environment_name: text("dev"),
        ..EntryQuery::default()
    };
    plans
        .list(EntryQuery::default(), query, "events_version (version_id=?")
        .await;
}

#[tokio::test]
async fn the_latest_version_comes_by_an_index() {
    let plans = Plans::open().await;
    let cases: [Filter<LatestQuery>; 4] = [
        (|_| (), "versions_product_precedence (product_id=?"),
        (
            |q| q.scm_branch = text("a"),
            "versions_product_branch_precedence (product_id=? AND scm_branch=?",
        ),
        (
            |q| q.status = Some(Status::Failed),
            "versions_product_status_precedence (product_id=? AND status=?",
        ),
        (
            |q| q.environment_name = text("dev"),
            "deployments_product_current (product_id=? AND environment_id=?",
        ),
    ];
    for (number, (change, walk)) in cases.into_iter().enumerate() {
        let mut query = LatestQuery {
            product_name: PRODUCT.into(),
            include_prereleases: true,
            ..LatestQuery::default()
        };
        change(&mut query);
        plans.latest(query.clone(), walk).await;
        if number == 3 {
            query.scm_branch = text("a");
            query.status = Some(Status::Failed);
            plans.latest(query, walk).await;
        }
    }
}
