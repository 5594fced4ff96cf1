//! The one connection that writes, and the pool that reads: where the two
//! drivers meet. Knows no table.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use sqlx::{
    Connection as _, FromRow, PgConnection, PgPool, SqlSafeStr as _, SqliteConnection, SqlitePool,
    postgres::{PgConnectOptions, PgRow},
    sqlite::{SqliteConnectOptions, SqliteRow},
};
use tokio::time::{error::Elapsed, timeout};

use super::{
    error::{self, Cause, Error},
    sql::{Engine, Sql},
};

/// Postgres answers a statement within this, or counts as away. SQLite has no
/// network to wait for.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that was dead before it was asked tells so within this. One that dies
/// later may have died of the question, which is not asked again then.
const DEAD_WITHIN: Duration = Duration::from_millis(100);

/// A row that both drivers can read.
pub(crate) trait Record:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static
{
}

impl<T> Record for T where
    T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static
{
}

/// How to reach the database for writing.
pub(crate) enum WriterOptions {
    Sqlite(SqliteConnectOptions),
    Postgres(PgConnectOptions),
}

impl WriterOptions {
    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }
}

/// The connection that writes. Its owner never drops it in the middle of a
/// transaction that should go on: dropping it is how a transaction is thrown away.
pub(crate) enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Connection {
    pub(crate) async fn open(options: &WriterOptions) -> Result<Self, Error> {
        match options {
            WriterOptions::Sqlite(options) => SqliteConnection::connect_with(options)
                .await
                .map(Self::Sqlite)
                .map_err(Error::from_driver),
            WriterOptions::Postgres(options) => in_time(PgConnection::connect_with(options))
                .await
                .map(Self::Postgres),
        }
    }

    pub(crate) async fn close(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(connection) => connection.close().await.map_err(Error::from_driver),
            Self::Postgres(connection) => in_time(connection.close()).await,
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Sqlite(_) => Engine::Sqlite,
            Self::Postgres(_) => Engine::Postgres,
        }
    }

    pub(crate) fn sql(&self, text: &str) -> Sql {
        Sql::new(self.engine(), text)
    }

    /// Runs a statement; returns the rows it changed.
    pub(crate) async fn execute(&mut self, sql: Sql) -> Result<u64, Error> {
        tracing::trace!(sql = sql.text(), "execute");
        let persistent = sql.persistent();
        match self {
            Self::Sqlite(connection) => {
                let (text, arguments) = sql.into_sqlite()?;
                sqlx::query_with(text, arguments)
                    .persistent(persistent)
                    .execute(connection)
                    .await
                    .map(|done| done.rows_affected())
                    .map_err(Error::from_driver)
            }
            Self::Postgres(connection) => {
                let (text, arguments) = sql.into_postgres()?;
                in_time(sqlx::query_with(text, arguments).execute(connection))
                    .await
                    .map(|done| done.rows_affected())
            }
        }
    }

    /// Runs statements of which none needs what another does, and no row is written
    /// by two; with them a `select` for what it does. Postgres gets all of them at once.
    pub(crate) async fn execute_together(
        &mut self,
        mut statements: Vec<Sql>,
        last: Option<Sql>,
    ) -> Result<(), Error> {
        if self.engine() == Engine::Postgres && statements.len() + usize::from(last.is_some()) > 1 {
            return self
                .execute(Sql::together(statements, last))
                .await
                .map(|_| ());
        }
        statements.extend(last);
        for statement in statements {
            self.execute(statement).await?;
        }
        Ok(())
    }

    pub(crate) async fn fetch<T: Record>(&mut self, sql: Sql) -> Result<Vec<T>, Error> {
        tracing::trace!(sql = sql.text(), "fetch");
        let persistent = sql.persistent();
        match self {
            Self::Sqlite(connection) => {
                let (text, arguments) = sql.into_sqlite()?;
                sqlx::query_as_with(text, arguments)
                    .persistent(persistent)
                    .fetch_all(connection)
                    .await
                    .map_err(Error::from_driver)
            }
            Self::Postgres(connection) => {
                let (text, arguments) = sql.into_postgres()?;
                in_time(sqlx::query_as_with(text, arguments).fetch_all(connection)).await
            }
        }
    }

    /// Begins a transaction that holds the write lock from its beginning on
    /// SQLite, and that Postgres throws out where this process hangs in the middle:
    /// other replicas wait for their turn. Its statements join in the order in which
    /// they name, as those that read do.
    pub(crate) async fn begin(&mut self) -> Result<(), Error> {
        match self {
            Self::Sqlite(_) => self.execute(self.sql("begin immediate")).await.map(|_| ()),
            Self::Postgres(connection) => {
                let begin = sqlx::raw_sql(
                    "begin;
                     set local idle_in_transaction_session_timeout = '5s';
                     set local lock_timeout = '8s';
                     set local statement_timeout = '9s';
                     set local join_collapse_limit = 1",
                );
                in_time(begin.execute(connection)).await.map(|_| ())
            }
        }
    }

    pub(crate) async fn commit(&mut self) -> Result<(), Error> {
        self.execute(self.sql("commit")).await.map(|_| ())
    }

    pub(crate) async fn rollback(&mut self) -> Result<(), Error> {
        self.execute(self.sql("rollback")).await.map(|_| ())
    }
}

/// The connections that read.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    connections: Connections,
    /// When the database last answered on a connection that is kept for asking.
    answered: Arc<Mutex<Option<Instant>>>,
}

#[derive(Clone, Debug)]
pub(crate) enum Connections {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl From<Connections> for Pool {
    fn from(connections: Connections) -> Self {
        Self {
            connections,
            answered: Arc::default(),
        }
    }
}

impl Pool {
    pub(crate) fn engine(&self) -> Engine {
        match &self.connections {
            Connections::Sqlite(_) => Engine::Sqlite,
            Connections::Postgres(_) => Engine::Postgres,
        }
    }

    /// Notes that the database answered what was asked at this moment: that no
    /// connection is free is then no outage.
    pub(crate) fn set_answered(&self, asked: Instant) {
        *self.last_answer() = Some(asked);
    }

    pub(crate) fn sql(&self, text: &str) -> Sql {
        Sql::new(self.engine(), text)
    }

    pub(crate) async fn fetch<T: Record>(&self, sql: Sql) -> Result<Vec<T>, Error> {
        tracing::trace!(sql = sql.text(), "fetch");
        let persistent = sql.persistent();
        match &self.connections {
            Connections::Sqlite(pool) => {
                let (text, arguments) = sql.into_sqlite()?;
                let began = Instant::now();
                let connection = pool.acquire().await;
                let mut connection = connection.map_err(|e| self.no_connection(began, e))?;
                sqlx::query_as_with(text, arguments)
                    .persistent(persistent)
                    .fetch_all(&mut *connection)
                    .await
                    .map_err(Error::from_driver)
            }
            Connections::Postgres(pool) => {
                let (text, arguments) = sql.into_postgres()?;
                let text = text.into_sql_str();
                // Any of them may have died since it was last used, and says so at once. To read
                // again costs less than to ask each time whether it lives.
                let mut may_be_dead = pool.options().get_max_connections();
                loop {
                    let began = Instant::now();
                    let connection = pool.acquire().await;
                    let mut connection = connection.map_err(|e| self.no_connection(began, e))?;
                    let asked = Instant::now();
                    let query = sqlx::query_as_with(text.clone(), arguments.clone());
                    let answer = timeout(STATEMENT_TIMEOUT, query.fetch_all(&mut *connection));
                    let answer = answer.await;
                    let is_dead = matches!(&answer, Ok(Err(error)) if error::is_lost(error))
                        && asked.elapsed() < DEAD_WITHIN;
                    let rows = answered(answer, Error::from_reading);
                    if matches!(rows, Err(Error::Unavailable(_))) {
                        // It may hang, or lead to a server that only reads now: never again.
                        drop(connection.detach());
                    }
                    if !is_dead || may_be_dead == 0 {
                        return rows;
                    }
                    may_be_dead -= 1;
                }
            }
        }
    }

    pub(crate) async fn close(&self) {
        match &self.connections {
            Connections::Sqlite(pool) => pool.close().await,
            // A paused server would never say goodbye.
            Connections::Postgres(pool) => {
                drop(timeout(Duration::from_secs(1), pool.close()).await);
            }
        }
    }

    /// Why there was no connection since then: others have them all, or the
    /// database is away.
    fn no_connection(&self, began: Instant, error: sqlx::Error) -> Error {
        let (open, most) = match &self.connections {
            Connections::Sqlite(pool) => (pool.size(), pool.options().get_max_connections()),
            Connections::Postgres(pool) => (pool.size(), pool.options().get_max_connections()),
        };
        let answers = self.last_answer().is_some_and(|asked| asked > began);
        match error {
            sqlx::Error::PoolTimedOut if open >= most && answers => Error::Busy(Cause::new(error)),
            error => Error::from_driver(error),
        }
    }

    fn last_answer(&self) -> MutexGuard<'_, Option<Instant>> {
        self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn in_time<T>(query: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, Error> {
    answered(timeout(STATEMENT_TIMEOUT, query).await, Error::from_driver)
}

fn answered<T>(
    answer: Result<Result<T, sqlx::Error>, Elapsed>,
    meaning: fn(sqlx::Error) -> Error,
) -> Result<T, Error> {
    match answer {
        Ok(result) => result.map_err(meaning),
        Err(_) => Err(Error::unavailable(format!(
            "the database did not answer within {STATEMENT_TIMEOUT:?}"
        ))),
    }
}
