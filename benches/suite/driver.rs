//! The same rows that the service wrote, written again by the driver alone: what the database can take from this
//! library. Learns tables and columns from the database, so it knows none of them.

use std::{
    collections::HashSet,
    ops::RangeInclusive,
    str::FromStr,
    time::{Duration, Instant},
};

use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous},
};
use versioner::storage::Engine;

use crate::{Result, database::Database};

/// Events of one transaction.
const BATCH: i64 = 1_000;
/// The values that a statement of SQLite's takes.
const MAX_SQLITE_VALUES: usize = 32_766;
/// What a row is known by: each of these holds a position of the log, that of the event that brought it into being.
const POSITIONS: [&str; 4] = ["position", "id", "product_id", "environment_id"];

/// A SQLite store of the service, to read from.
pub(crate) struct Source {
    connection: SqliteConnection,
    tables: Vec<Table>,
}

struct Table {
    name: String,
    columns: Vec<(String, Kind)>,
    position: String,
}

#[derive(Clone, Copy)]
enum Kind {
    Int,
    Text,
    Bytes,
    Bool,
}

enum Value {
    Int(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Bool(Option<bool>),
}

/// The rows of each table that a batch has.
type Batch = Vec<(usize, Vec<Vec<Value>>)>;

impl Source {
    pub(crate) async fn open(database: &Database) -> Result<Source> {
        let options = SqliteConnectOptions::from_str(database.url())?.read_only(true);
        let mut connection = SqliteConnection::connect_with(&options).await?;
        let names: Vec<(String,)> = sqlx::query_as(
            "select name from sqlite_master
             where type = 'table' and name not in ('log_head', '_sqlx_migrations')
               and name not like 'sqlite_%'
             order by name",
        )
        .fetch_all(&mut connection)
        .await?;
        let mut tables = Vec::new();
        for (name,) in names {
            let columns: Vec<(String, String)> =
                sqlx::query_as("select name, type from pragma_table_info($1) order by cid")
                    .bind(&name)
                    .fetch_all(&mut connection)
                    .await?;
            let columns: Vec<(String, Kind)> = columns
                .into_iter()
                .map(|(name, declared)| Ok((name, Kind::of(&declared)?)))
                .collect::<Result<_>>()?;
            let is_there = |name: &&&str| columns.iter().any(|(column, _)| column == *name);
            let position = POSITIONS.iter().find(is_there);
            let position = position
                .ok_or_else(|| format!("{name} has no position"))?
                .to_string();
            tables.push(Table {
                name,
                columns,
                position,
            });
        }
        Ok(Source { connection, tables })
    }

    pub(crate) async fn last_position(&mut self) -> Result<i64> {
        let last = sqlx::query_scalar("select last_position from log_head");
        Ok(last.fetch_one(&mut self.connection).await?)
    }

    async fn read(&mut self, positions: &RangeInclusive<i64>) -> Result<Batch> {
        let mut batch = Batch::new();
        for (at, table) in self.tables.iter().enumerate() {
            let columns = table.column_names();
            let Table { name, position, .. } = table;
            let text = format!("select {columns} from {name} where {position} between $1 and $2");
            let rows = sqlx::query(AssertSqlSafe(text))
                .bind(positions.start())
                .bind(positions.end())
                .fetch_all(&mut self.connection)
                .await?;
            if !rows.is_empty() {
                let rows = rows
                    .iter()
                    .map(|row| table.values(row))
                    .collect::<Result<_>>()?;
                batch.push((at, rows));
            }
        }
        Ok(batch)
    }
}

impl Table {
    fn column_names(&self) -> String {
        let names: Vec<String> = self
            .columns
            .iter()
            .map(|(name, _)| format!("\"{name}\""))
            .collect();
        names.join(", ")
    }

    fn values(&self, row: &SqliteRow) -> Result<Vec<Value>> {
        let columns = self.columns.iter().enumerate();
        columns
            .map(|(at, (_, kind))| {
                Ok(match kind {
                    Kind::Int => Value::Int(row.try_get(at)?),
                    Kind::Text => Value::Text(row.try_get(at)?),
                    Kind::Bytes => Value::Bytes(row.try_get(at)?),
                    Kind::Bool => Value::Bool(row.try_get(at)?),
                })
            })
            .collect()
    }
}

impl Kind {
    fn of(declared: &str) -> Result<Kind> {
        match declared.to_lowercase().as_str() {
            "integer" | "bigint" => Ok(Kind::Int),
            "text" => Ok(Kind::Text),
            "blob" => Ok(Kind::Bytes),
            "boolean" => Ok(Kind::Bool),
            other => Err(format!("a column of type {other}").into()),
        }
    }
}

/// A database with the tables of the service, to write to; durable as the service's own.
pub(crate) enum Target {
    Sqlite(SqliteConnection),
    /// With the tables' columns: it lacks what only SQLite needs.
    Postgres(PgConnection, HashSet<(String, String)>),
}

impl Target {
    pub(crate) async fn open(database: &Database) -> Result<Target> {
        Ok(match database.engine {
            Engine::Sqlite => {
                let options = SqliteConnectOptions::from_str(database.url())?
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .pragma("cache_size", "-32768")
                    .pragma("temp_store", "memory");
                Target::Sqlite(SqliteConnection::connect_with(&options).await?)
            }
            Engine::Postgres => {
                let options = PgConnectOptions::from_str(database.url())?;
                let mut connection = PgConnection::connect_with(&options).await?;
                let columns: Vec<(String, String)> = sqlx::query_as(
                    "select table_name::text, column_name::text from information_schema.columns
                     where table_schema = 'public'",
                )
                .fetch_all(&mut connection)
                .await?;
                Target::Postgres(connection, columns.into_iter().collect())
            }
        })
    }

    /// Writes what the source has for these positions; returns how long the writing alone took.
    pub(crate) async fn copy(
        &mut self,
        source: &mut Source,
        positions: RangeInclusive<i64>,
    ) -> Result<Duration> {
        let mut spent = Duration::ZERO;
        let mut from = *positions.start();
        while from <= *positions.end() {
            let to = (from + BATCH - 1).min(*positions.end());
            let batch = source.read(&(from..=to)).await?;
            let begun = Instant::now();
            match self {
                Target::Sqlite(connection) => {
                    write_sqlite(connection, &source.tables, batch, to).await?;
                }
                Target::Postgres(connection, columns) => {
                    write_postgres(connection, columns, &source.tables, batch, to).await?;
                }
            }
            spent += begun.elapsed();
            from = to + 1;
        }
        Ok(spent)
    }
}

/// A transaction, with a statement of many rows a table.
async fn write_sqlite(
    connection: &mut SqliteConnection,
    tables: &[Table],
    batch: Batch,
    last_position: i64,
) -> Result<()> {
    connection.execute("begin immediate").await?;
    for (at, rows) in batch {
        let table = &tables[at];
        let places = format!("({})", vec!["?"; table.columns.len()].join(","));
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            let part: Vec<Vec<Value>> = rows
                .by_ref()
                .take(MAX_SQLITE_VALUES / table.columns.len())
                .collect();
            let text = format!(
                "insert into {} ({}) values {}",
                table.name,
                table.column_names(),
                vec![places.as_str(); part.len()].join(",")
            );
            let mut query = sqlx::query(AssertSqlSafe(text));
            for value in part.into_iter().flatten() {
                query = match value {
                    Value::Int(value) => query.bind(value),
                    Value::Text(value) => query.bind(value),
                    Value::Bytes(value) => query.bind(value),
                    Value::Bool(value) => query.bind(value),
                };
            }
            query.execute(&mut *connection).await?;
        }
    }
    let head = sqlx::query("update log_head set last_position = $1").bind(last_position);
    head.execute(&mut *connection).await?;
    connection.execute("commit").await?;
    Ok(())
}

/// One statement, with an array a column.
async fn write_postgres(
    connection: &mut PgConnection,
    columns_there: &HashSet<(String, String)>,
    tables: &[Table],
    batch: Batch,
    last_position: i64,
) -> Result<()> {
    let mut inserts = Vec::new();
    let mut arrays = 1;
    let is_there = |table: &Table, column: &str| {
        columns_there.contains(&(table.name.clone(), column.to_owned()))
    };
    for (at, _) in &batch {
        let table = &tables[*at];
        let columns = table
            .columns
            .iter()
            .filter(|(name, _)| is_there(table, name));
        let (names, types): (Vec<String>, Vec<String>) = columns
            .map(|(name, kind)| {
                arrays += 1;
                (
                    format!("\"{name}\""),
                    format!("${arrays}::{}", kind.postgres_array()),
                )
            })
            .unzip();
        inserts.push(format!(
            "t{at} as (insert into {} ({}) select * from unnest({}))",
            table.name,
            names.join(", "),
            types.join(", ")
        ));
    }
    let text = format!(
        "{} {} update log_head set last_position = $1",
        if inserts.is_empty() { "" } else { "with" },
        inserts.join(", ")
    );
    let mut query = sqlx::query(AssertSqlSafe(text)).bind(last_position);
    for (at, rows) in batch {
        let mut columns: Vec<Vec<Value>> = tables[at].columns.iter().map(|_| Vec::new()).collect();
        for row in rows {
            for (column, value) in columns.iter_mut().zip(row) {
                column.push(value);
            }
        }
        for ((name, kind), column) in tables[at].columns.iter().zip(columns) {
            if !is_there(&tables[at], name) {
                continue;
            }
            macro_rules! bind_all {
                ($variant:ident, $type:ty) => {
                    query.bind(
                        column
                            .into_iter()
                            .map(|value| match value {
                                Value::$variant(value) => value,
                                _ => None,
                            })
                            .collect::<Vec<Option<$type>>>(),
                    )
                };
            }
            query = match kind {
                Kind::Int => bind_all!(Int, i64),
                Kind::Text => bind_all!(Text, String),
                Kind::Bytes => bind_all!(Bytes, Vec<u8>),
                Kind::Bool => bind_all!(Bool, bool),
            };
        }
    }
    query.execute(connection).await?;
    Ok(())
}

impl Kind {
    fn postgres_array(self) -> &'static str {
        match self {
            Kind::Int => "bigint[]",
            Kind::Text => "text[]",
            Kind::Bytes => "bytea[]",
            Kind::Bool => "boolean[]",
        }
    }
}
