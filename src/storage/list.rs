//! What all lists have in common: a query gives rows in an order, and each row
//! tells where the list goes on after it.

use super::{Store, error::Error, filter::Page};
use crate::domain::{
    page::Cursor,
    query::{
        BuildQuery, CheckQuery, DeploymentQuery, EntryQuery, EnvironmentQuery, ProductQuery,
        VersionQuery,
    },
    resource::{Build, Check, Deployment, Entry, Environment, Product, Version},
};

/// A query of a list.
pub trait List: serde::Serialize + Sync {
    type Row: Send;
    /// Tells this list from every other.
    const NAME: &'static str;

    /// The rows after the page's cursor, in order.
    fn rows(
        &self,
        store: &Store,
        page: Page<'_>,
    ) -> impl Future<Output = Result<Vec<Self::Row>, Error>> + Send;

    /// Where the list goes on after a row.
    fn cursor(&self, row: &Self::Row) -> Cursor;
}

macro_rules! list {
    ($query:ty, $row:ty, $name:literal, $rows:ident, |$this:ident, $it:ident| $cursor:expr) => {
        impl List for $query {
            type Row = $row;
            const NAME: &'static str = $name;

            async fn rows(&self, store: &Store, page: Page<'_>) -> Result<Vec<$row>, Error> {
                store.$rows(self, page).await
            }

            fn cursor(&self, $it: &$row) -> Cursor {
                let $this = self;
                $cursor
            }
        }
    };
}

list!(
    VersionQuery,
    Version,
    "versions",
    list_versions,
    |query, version| Store::version_cursor(version, query.order)
);
list!(BuildQuery, Build, "builds", list_builds, |_query, build| {
    Store::build_cursor(build)
});
list!(CheckQuery, Check, "checks", list_checks, |_query, check| {
    Store::check_cursor(check)
});
list!(
    DeploymentQuery,
    Deployment,
    "deployments",
    list_deployments,
    |_query, deployment| Store::deployment_cursor(deployment)
);
list!(
    ProductQuery,
    Product,
    "products",
    list_products,
    |_query, product| Store::name_cursor(&product.name)
);
list!(
    EnvironmentQuery,
    Environment,
    "environments",
    list_environments,
    |_query, environment| Store::name_cursor(&environment.name)
);
list!(
    EntryQuery,
    Entry,
    "events",
    list_entries,
    |_query, entry| Store::entry_cursor(entry)
);
