//! What all lists have in common: a query gives rows in an order, and each row
//! tells where the list goes on after it.

use super::filter::Page;
use crate::{
    domain::{
        matrix::MatrixRow,
        page::Cursor,
        query::{
            BuildQuery, CheckQuery, ComparisonQuery, DeploymentQuery, EntryQuery, EnvironmentQuery,
            MatrixQuery, ProductQuery, VersionQuery,
        },
        resource::{Build, Check, Deployment, Entry, Environment, Product, Version},
    },
    storage::{Matrix, Store, engine::error::Error},
};

/// What a list is asked by: a page token belongs to its name and its content.
pub trait Query: serde::Serialize {
    /// Tells this list from every other.
    const NAME: &'static str;
}

/// Rows in an order.
pub trait List: Sync {
    type Row: Send;

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
        impl Query for $query {
            const NAME: &'static str = $name;
        }

        impl List for $query {
            type Row = $row;

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

impl Query for MatrixQuery {
    const NAME: &'static str = "matrix";
}

impl Query for ComparisonQuery {
    const NAME: &'static str = "comparison";
}

impl List for Matrix {
    type Row = MatrixRow;

    async fn rows(&self, store: &Store, page: Page<'_>) -> Result<Vec<MatrixRow>, Error> {
        store.list_matrix(self, page).await
    }

    fn cursor(&self, row: &MatrixRow) -> Cursor {
        Store::name_cursor(&row.product_name)
    }
}
