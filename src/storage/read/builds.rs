//! Reading builds.

use super::filter::{Direction, Page, Select, joined, upper_bound};
use crate::{
    domain::{
        page::{Cursor, CursorPart},
        query::BuildQuery,
        resource::Build,
    },
    storage::{
        Store,
        engine::{
            error::Error,
            rows::{BUILD_COLUMNS, BuildRow, RUN_COLUMNS},
        },
    },
};

impl Store {
    /// The build with this id.
    pub async fn build(&self, id: i64) -> Result<Option<Build>, Error> {
        let sql = self.select_builds().and("r.id = ", Some(id)).finish("");
        let rows: Vec<BuildRow> = self.pool().fetch(sql).await?;
        rows.into_iter().next().map(Build::try_from).transpose()
    }

    /// Builds, latest first, after the cursor.
    pub async fn list_builds(
        &self,
        query: &BuildQuery,
        page: Page<'_>,
    ) -> Result<Vec<Build>, Error> {
        let leaves_few =
            query.version.is_some() || query.version_id.is_some() || query.invoke_id.is_some();
        let mut select = self.select_builds();
        if !leaves_few {
            select = select.include_pending("r");
        }
        let sql = select
            .in_product(leaves_few, "r.product_id", query.product_name.as_deref())
            .and_version(
                "r.version_id",
                query.product_name.as_deref(),
                query.version.as_deref(),
            )
            .and("r.version_id = ", query.version_id)
            .and_status(leaves_few, "r.status", &query.statuses)
            .and("r.invoke_id = ", query.invoke_id.as_deref())
            .and("r.scm_branch = ", query.scm_branch.as_deref())
            .and("r.source_system = ", query.source_system.as_deref())
            .and("r.first_at_us >= ", query.created_from_us)
            .and("r.first_at_us < ", upper_bound(query.created_to_us, page))
            .page(&["r.first_at_us", "r.id"], Direction::Descending, page);
        let rows: Vec<BuildRow> = self.pool().fetch(sql).await?;
        rows.into_iter().map(Build::try_from).collect()
    }

    /// Where a list goes on after this build.
    pub fn build_cursor(build: &Build) -> Cursor {
        Cursor(vec![
            CursorPart::Int(build.run.created_at_us),
            CursorPart::Int(build.id),
        ])
    }

    /// Each has a version and a product; but inner joins with them keep SQLite off
    /// the indexes that hold only some builds.
    fn select_builds(&self) -> Select {
        const FROM: &str = "builds r";
        let engine = self.engine();
        Select::new(
            self.pool()
                .sql("select ")
                .push(BUILD_COLUMNS)
                .push(", ")
                .push(RUN_COLUMNS)
                .push("\nfrom ")
                .push(FROM)
                .push(&joined(engine, FROM, "versions", "v", "r.version_id"))
                .push(&joined(engine, FROM, "products", "p", "r.product_id")),
        )
    }
}
