//! Reading the event log.

use super::filter::{Direction, Page, Select, beside};
use crate::{
    domain::{
        page::{Cursor, CursorPart},
        query::EntryQuery,
        resource::Entry,
    },
    storage::{
        Store,
        engine::{
            connection::Pool,
            error::Error,
            rows::{ENTRY_COLUMNS, EntryRow},
        },
    },
};

impl Store {
    /// The end of the log: the position of its last entry, 0 where it is empty.
    pub async fn last_position(&self) -> Result<i64, Error> {
        last_position(self.pool()).await
    }

    /// Entries that fit, by position, after the cursor and `query.after`.
    pub async fn list_entries(
        &self,
        query: &EntryQuery,
        page: Page<'_>,
    ) -> Result<Vec<Entry>, Error> {
        let leaves_few = query.version.is_some() || query.version_id.is_some();
        let sql = self
            .pool()
            .sql("select ")
            .push(ENTRY_COLUMNS)
            .push("\nfrom event_log e");
        let mut select = Select::new(sql)
            .and("e.position > ", Some(query.after))
            .and_product(
                &beside(leaves_few, "e.product_id"),
                query.product_name.as_deref(),
            )
            .and_version(
                "e.version_id",
                query.product_name.as_deref(),
                query.version.as_deref(),
            )
            .and("e.version_id = ", query.version_id)
            .and_environment(
                &beside(leaves_few, "e.environment_id"),
                query.environment_name.as_deref(),
            );
        if !query.types.is_empty() {
            let types: Vec<String> = query.types.iter().map(|t| t.code().to_string()).collect();
            select = select.holds(&format!("e.event_type in ({})", types.join(", ")));
        }
        let sql = select.page(&["e.position"], Direction::Ascending, page);
        let rows: Vec<EntryRow> = self.pool().fetch(sql).await?;
        rows.into_iter().map(Entry::try_from).collect()
    }

    /// Where a list goes on after this entry.
    pub fn entry_cursor(entry: &Entry) -> Cursor {
        Cursor(vec![CursorPart::Int(entry.position)])
    }

    /// Refuses a position beyond the end of the log; returns that end.
    pub async fn check_position(&self, position: i64) -> Result<i64, Error> {
        let last_position = self.last_position().await?;
        if position > last_position {
            return Err(Error::BeyondEnd {
                position,
                last_position,
            });
        }
        Ok(last_position)
    }
}

pub(crate) async fn last_position(pool: &Pool) -> Result<i64, Error> {
    let sql = pool.sql("select last_position from log_head where id = 1");
    let heads: Vec<(i64,)> = pool.fetch(sql).await?;
    heads
        .first()
        .map(|head| head.0)
        .ok_or_else(|| Error::fault("the log has no head"))
}

/// All entries of a stretch of the log: after one position, up to another.
pub(crate) async fn entries_between(
    pool: &Pool,
    after: i64,
    up_to: i64,
    limit: usize,
) -> Result<Vec<Entry>, Error> {
    let sql = pool
        .sql("select ")
        .push(ENTRY_COLUMNS)
        .push("\nfrom event_log e");
    let sql = Select::new(sql)
        .and("e.position > ", Some(after))
        .and("e.position <= ", Some(up_to))
        .page(
            &["e.position"],
            Direction::Ascending,
            Page { after: None, limit },
        );
    let rows: Vec<EntryRow> = pool.fetch(sql).await?;
    rows.into_iter().map(Entry::try_from).collect()
}
