//! Makes all roll-ups again from the builds, for a store that asks for it: a tool for repairs.

use sqlx::FromRow;

use super::Changes;
use crate::{
    domain::{run::Run, statistics::Finish},
    storage::{
        engine::{
            connection::Connection,
            error::Error,
            rows::{RUN_COLUMNS, RunRow},
            sql::{Column, Rows},
            statement_group::Writes,
        },
        write::{batch::lock_head, writer_cache::Memory},
    },
};

/// Builds that are read at once.
const CHUNK: i64 = 5_000;

#[derive(FromRow)]
struct BuildRow {
    product_id: i64,
    #[sqlx(flatten)]
    run: RunRow,
}

/// Makes the roll-ups again if `log_head.builds_rolled_up` is false, in one transaction.
pub(crate) async fn fill(connection: &mut Connection) -> Result<(), Error> {
    if are_there(connection).await? {
        return Ok(());
    }
    connection.begin().await?;
    lock_head(connection).await?;
    // Another replica may have done it meanwhile.
    if are_there(connection).await? {
        return connection.rollback().await;
    }
    for table in ["build_rollups", "build_series"] {
        let sql = connection.sql("delete from ").push(table);
        connection.execute(sql).await?;
    }
    let mut after = 0;
    let mut builds = 0;
    loop {
        let sql = connection
            .sql("select r.product_id, ")
            .push(RUN_COLUMNS)
            .push("\nfrom builds r\nwhere r.id > ")
            .bind(after)
            .push("\norder by r.id\nlimit ")
            .bind(CHUNK);
        let rows: Vec<BuildRow> = connection.fetch(sql).await?;
        builds += rows.len();
        let is_last = (rows.len() as i64) < CHUNK;
        if let Some(last) = roll_up(connection, rows).await? {
            after = last;
        }
        if is_last {
            break;
        }
    }
    let sql = connection.sql("update log_head set builds_rolled_up = true where id = 1");
    connection.execute(sql).await?;
    connection.commit().await?;
    if builds > 0 {
        tracing::info!(builds, "computed the statistics of the existing builds");
    }
    Ok(())
}

async fn are_there(connection: &mut Connection) -> Result<bool, Error> {
    let sql = connection.sql("select builds_rolled_up from log_head where id = 1");
    let rows: Vec<(bool,)> = connection.fetch(sql).await?;
    Ok(rows.first().is_some_and(|row| row.0))
}

/// Rolls builds up; returns the last one's id.
async fn roll_up(connection: &mut Connection, rows: Vec<BuildRow>) -> Result<Option<i64>, Error> {
    let mut memory = Memory::default();
    let mut changes = Changes::default();
    let mut last_id = None;
    let mut finished = Vec::new();
    for row in rows {
        let build = Run::try_from(row.run)?;
        last_id = Some(build.id);
        if let Some(finish) = Finish::of(&build) {
            changes.note(row.product_id, None, Some(&finish));
            finished.push((build.id, row.product_id, finish));
        }
    }
    let series = changes.series(connection, &mut memory).await?;
    let mut ids = Rows::new(&[
        Column::Int("id"),
        Column::Int("series_id"),
        Column::Int("duration_us"),
    ]);
    for (id, product_id, finish) in finished {
        ids.add([
            id.into(),
            series.of(product_id, &finish)?.into(),
            finish.duration_us.into(),
        ]);
    }
    let mut writes = Writes::new(connection.engine());
    writes.update("builds", ids);
    changes
        .write(connection, &mut writes, &series, &mut memory)
        .await?;
    writes.flush(connection).await?;
    Ok(last_id)
}
