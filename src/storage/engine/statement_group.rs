//! Statements that wait to be run together. None of them may need what another one
//! does, and no two write the same row: [`Writes::flush`] stands between those that do.

use std::collections::BTreeSet;

use super::{
    connection::Connection,
    deferred_indexing,
    error::Error,
    sql::{Column, Engine, Rows, Sql},
};

pub(crate) struct Writes {
    engine: Engine,
    waiting: Vec<Sql>,
}

impl Writes {
    pub(crate) fn new(engine: Engine) -> Self {
        Self {
            engine,
            waiting: Vec::new(),
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        self.engine
    }

    pub(crate) fn insert(&mut self, table: &str, rows: Rows, on_conflict: &str) {
        let rows = deferred_indexing::new_rows(self.engine, table, rows);
        for part in rows.parts(self.engine) {
            self.add(Sql::insert(self.engine, table, part, on_conflict));
        }
    }

    /// Sets columns of the rows that are found by the first one.
    pub(crate) fn update(&mut self, table: &str, rows: Rows) {
        for part in rows.parts(self.engine) {
            self.add(Sql::update(self.engine, table, part));
        }
    }

    pub(crate) fn delete(&mut self, table: &str, ids: BTreeSet<i64>) {
        for part in Rows::of(&[Column::Int("id")], ids).parts(self.engine) {
            let sql = Sql::with(self.engine, "k", part, "delete from ")
                .push(table)
                .push(" where id in (select id from k)");
            self.add(sql);
        }
    }

    pub(crate) fn add(&mut self, sql: Sql) {
        self.waiting.push(sql);
    }

    /// Runs what waits.
    pub(crate) async fn flush(&mut self, connection: &mut Connection) -> Result<(), Error> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        connection.execute_together(waiting, None).await
    }

    /// Runs what waits, and a `select` for what it does.
    pub(crate) async fn finish(
        self,
        connection: &mut Connection,
        last: Option<Sql>,
    ) -> Result<(), Error> {
        connection.execute_together(self.waiting, last).await
    }
}
