//! Deferred indexing on SQLite: new versions and builds are pending at first, and enter the
//! indexes for lists many at once. Knows which rows are pending; not when there is time to
//! index them.

use super::{
    connection::Connection,
    error::Error,
    sql::{Column, Engine, Rows, Sql},
};

/// The tables with deferred indexing.
const TABLES: [&str; 2] = ["versions", "builds"];
/// A table may have this many pending rows while events arrive. Lists go through them.
pub(crate) const MAX_PENDING: usize = 1_024;
/// Rows of a table that one transaction indexes; a batch of events waits for it.
const CHUNK: usize = 512;

/// New rows of a table as they are written: pending if the table has deferred indexing.
pub(crate) fn new_rows(engine: Engine, table: &str, rows: Rows) -> Rows {
    match engine {
        Engine::Sqlite if TABLES.contains(&table) => rows.with(Column::Bool("indexed"), false),
        Engine::Sqlite | Engine::Postgres => rows,
    }
}

/// The conditions that divide the rows of a table with deferred indexing: an index has
/// rows of one part only. A statement that uses an index for lists reads each part.
pub(crate) fn parts(engine: Engine, alias: &str) -> Vec<String> {
    match engine {
        Engine::Sqlite => vec![format!("{alias}.indexed"), format!("not {alias}.indexed")],
        Engine::Postgres => vec!["true".to_owned()],
    }
}

/// The same for any table; one without deferred indexing has one part.
pub(crate) fn parts_of(engine: Engine, table: &str, alias: &str) -> Vec<String> {
    match TABLES.contains(&table) {
        true => parts(engine, alias),
        false => vec!["true".to_owned()],
    }
}

/// Indexes a chunk of each table that has more pending rows than it may have. Returns how
/// many rows are still pending in the table that has most.
pub(crate) async fn index_beyond(
    connection: &mut Connection,
    max_pending: usize,
) -> Result<usize, Error> {
    let mut most = 0;
    for table in TABLES {
        let mut pending = count(connection, table).await?;
        if pending > max_pending {
            index_chunk(connection, table).await?;
            pending = pending.saturating_sub(CHUNK);
        }
        most = pending.max(most);
    }
    Ok(most)
}

async fn count(connection: &mut Connection, table: &str) -> Result<usize, Error> {
    let sql = connection.sql(&format!("select count(*) from {table} where not indexed"));
    let rows: Vec<(i64,)> = connection.fetch(sql).await?;
    let count = rows.first().map_or(0, |row| row.0);
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Indexes the oldest rows, which are next to each other in the table.
async fn index_chunk(connection: &mut Connection, table: &str) -> Result<(), Error> {
    let sql = Sql::new(
        connection.engine(),
        &format!(
            "update or fail {table} set indexed = true
             where id in (select w.id from {table} w where not w.indexed order by w.id limit "
        ),
    )
    .bind(CHUNK as i64)
    .push(")");
    connection.execute(sql).await.map(|_| ())
}
