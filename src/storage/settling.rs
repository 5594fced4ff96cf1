//! On SQLite new versions and builds wait for the indexes of lists, and enter them many
//! at once. Knows which rows wait; not when there is time for them.

use super::{
    connection::Connection,
    error::Error,
    sql::{Column, Engine, Rows, Sql},
};

/// The tables whose rows wait.
const TABLES: [&str; 2] = ["versions", "builds"];
/// More rows of a table than this do not wait. Lists look through those that do.
pub(super) const MAX_WAITING: usize = 1_024;
/// Rows of a table that are settled at once: what a batch is held up by.
const CHUNK: usize = 512;

/// New rows of a table as they are written: waiting, where they have to.
pub(super) fn new_rows(engine: Engine, table: &str, rows: Rows) -> Rows {
    match engine {
        Engine::Sqlite if TABLES.contains(&table) => rows.with(Column::Bool("settled"), false),
        Engine::Sqlite | Engine::Postgres => rows,
    }
}

/// The conditions that part the rows of a table that rows wait in: an index has those
/// of one only. What reads by an index reads each part, in one statement.
pub(super) fn parts(engine: Engine, alias: &str) -> Vec<String> {
    match engine {
        Engine::Sqlite => vec![format!("{alias}.settled"), format!("not {alias}.settled")],
        Engine::Postgres => vec!["true".to_owned()],
    }
}

/// The same of any table: of one in which no rows wait there is one part.
pub(super) fn parts_of(engine: Engine, table: &str, alias: &str) -> Vec<String> {
    match TABLES.contains(&table) {
        true => parts(engine, alias),
        false => vec!["true".to_owned()],
    }
}

/// Settles a chunk of each table in which more rows wait than may. Returns how many
/// wait yet, of the table that has most.
pub(super) async fn settle_beyond(
    connection: &mut Connection,
    may_wait: usize,
) -> Result<usize, Error> {
    let mut most = 0;
    for table in TABLES {
        let mut waiting = count(connection, table).await?;
        if waiting > may_wait {
            settle_chunk(connection, table).await?;
            waiting = waiting.saturating_sub(CHUNK);
        }
        most = waiting.max(most);
    }
    Ok(most)
}

async fn count(connection: &mut Connection, table: &str) -> Result<usize, Error> {
    let sql = connection.sql(&format!("select count(*) from {table} where not settled"));
    let rows: Vec<(i64,)> = connection.fetch(sql).await?;
    let count = rows.first().map_or(0, |row| row.0);
    Ok(usize::try_from(count).unwrap_or(usize::MAX))
}

/// Settles the oldest: they stand side by side in the table.
async fn settle_chunk(connection: &mut Connection, table: &str) -> Result<(), Error> {
    let sql = Sql::new(
        connection.engine(),
        &format!(
            "update or fail {table} set settled = true
             where id in (select w.id from {table} w where not w.settled order by w.id limit "
        ),
    )
    .bind(CHUNK as i64)
    .push(")");
    connection.execute(sql).await.map(|_| ())
}
