//! What cases ask a store, each in one word. Knows no rule.

use versioner::{
    domain::{
        page::Cursor,
        query::{
            BuildQuery, CheckQuery, DeploymentQuery, EntryQuery, EnvironmentQuery, ProductQuery,
            VersionQuery,
        },
        resource::{Build, Check, Deployment, Entry, Version},
    },
    storage::{Answer, Error, List, Outcome, Page, State, Store},
};

use crate::report::{PRODUCT, Report};

/// Small, so that every list is read in several pages.
const PAGE: usize = 3;

pub(crate) trait Ask {
    /// Records an event that has to be accepted.
    async fn accept(&self, report: Report) -> Outcome;

    /// Submits an event that has to be refused.
    async fn refuse(&self, report: Report) -> Error;

    /// Submits events as one batch.
    async fn batch(&self, reports: impl IntoIterator<Item = Report>)
    -> Vec<Result<Outcome, Error>>;

    /// Records events as one batch, all of which have to be accepted.
    async fn accept_all(&self, reports: impl IntoIterator<Item = Report>) -> Vec<Outcome>;

    /// All rows of a list.
    async fn all<Q: List>(&self, query: &Q) -> Vec<Q::Row>;

    /// All rows of a list, read in pages of this size.
    async fn in_pages<Q: List>(&self, query: &Q, size: usize) -> Vec<Q::Row>;

    /// Everything that can be read.
    async fn everything(&self) -> String;

    /// The version of [`PRODUCT`] with this identifier.
    async fn find(&self, version: &str) -> Version;

    async fn builds(&self) -> Vec<Build>;
    async fn deployments(&self) -> Vec<Deployment>;
    async fn checks(&self) -> Vec<Check>;
    async fn entries(&self) -> Vec<Entry>;
}

impl Ask for Store {
    async fn accept(&self, report: Report) -> Outcome {
        let mut outcomes = self.accept_all([report]).await;
        outcomes.pop().unwrap()
    }

    async fn refuse(&self, report: Report) -> Error {
        let mut outcomes = self.batch([report]).await;
        outcomes.pop().unwrap().expect_err("it is refused")
    }

    async fn batch(
        &self,
        reports: impl IntoIterator<Item = Report>,
    ) -> Vec<Result<Outcome, Error>> {
        let events: Vec<_> = reports.into_iter().map(Report::event).collect();
        let count = events.len();
        let outcomes = self.submit(events, Answer::WithState).await;
        assert_eq!(outcomes.len(), count, "every event is answered");
        outcomes
    }

    async fn accept_all(&self, reports: impl IntoIterator<Item = Report>) -> Vec<Outcome> {
        let outcomes = self.batch(reports).await;
        outcomes
            .into_iter()
            .map(|outcome| outcome.expect("it is accepted"))
            .collect()
    }

    async fn all<Q: List>(&self, query: &Q) -> Vec<Q::Row> {
        self.in_pages(query, PAGE).await
    }

    async fn in_pages<Q: List>(&self, query: &Q, size: usize) -> Vec<Q::Row> {
        let mut rows = Vec::new();
        let mut after: Option<Cursor> = None;
        loop {
            let page = Page {
                after: after.as_ref(),
                limit: size,
            };
            let page = query.rows(self, page).await.expect("a list can be read");
            assert!(page.len() <= size, "a page has no more rows than asked for");
            let is_last = page.len() < size;
            rows.extend(page);
            if is_last {
                return rows;
            }
            after = rows.last().map(|row| query.cursor(row));
        }
    }

    async fn everything(&self) -> String {
        let products = self.all(&ProductQuery::default()).await;
        let environments = self.all(&EnvironmentQuery::default()).await;
        let versions = self.all(&VersionQuery::default()).await;
        let builds = self.builds().await;
        let deployments = self.deployments().await;
        let checks = self.checks().await;
        let entries = self.entries().await;
        format!(
            "{products:#?}\n{environments:#?}\n{versions:#?}\n{builds:#?}\n{deployments:#?}\n\
             {checks:#?}\n{entries:#?}"
        )
    }

    async fn find(&self, version: &str) -> Version {
        let found = self.version_by_name(PRODUCT, version).await;
        found.expect("the version is known")
    }

    async fn builds(&self) -> Vec<Build> {
        self.all(&BuildQuery::default()).await
    }

    async fn deployments(&self) -> Vec<Deployment> {
        self.all(&DeploymentQuery::default()).await
    }

    async fn checks(&self) -> Vec<Check> {
        self.all(&CheckQuery::default()).await
    }

    async fn entries(&self) -> Vec<Entry> {
        self.all(&EntryQuery::default()).await
    }
}

/// The state that an outcome tells.
pub(crate) trait Told {
    fn version(&self) -> &Version;
    fn build(&self) -> &Build;
    fn deployment(&self) -> &Deployment;
    fn check(&self) -> &Check;
}

impl Told for Outcome {
    fn version(&self) -> &Version {
        match &self.state {
            Some(State::Build(version, _) | State::Deployment(version, _)) => version,
            other => panic!("no version is told: {other:?}"),
        }
    }

    fn build(&self) -> &Build {
        match &self.state {
            Some(State::Build(_, build)) => build,
            other => panic!("no build is told: {other:?}"),
        }
    }

    fn deployment(&self) -> &Deployment {
        match &self.state {
            Some(State::Deployment(_, deployment)) => deployment,
            other => panic!("no deployment is told: {other:?}"),
        }
    }

    fn check(&self) -> &Check {
        match &self.state {
            Some(State::Check(check)) => check,
            other => panic!("no check is told: {other:?}"),
        }
    }
}
