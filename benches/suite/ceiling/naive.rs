//! The design that comes to mind first: a transaction a call, a statement a row. What group commit is held against.

use std::str::FromStr;

use axum::Router;
use sqlx::{
    PgPool, SqlitePool,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tonic::Status;
use versioner::pb::{SubmitVersionEventRequest, SubmitVersionEventResponse};

use super::{SUBMITTED, call, noop};
use crate::{Result, arguments::CeilingArguments, event::SUBMIT};

/// Postgres takes transactions side by side; SQLite one at a time.
const POSTGRES_CONNECTIONS: u32 = 16;

const TABLES: [&str; 3] = [
    "create table products (name text primary key, updated bigint not null)",
    "create table versions (product text not null, version text not null, status bigint not null,
                            scm_sha text not null, primary key (product, version))",
    "create table events (event_id text primary key, product text not null, version text not null,
                          status bigint not null, content text not null)",
];

#[derive(Clone)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Records the event of a request in a transaction of either driver's.
macro_rules! record {
    ($transaction:ident, $request:ident) => {{
        let event = $request
            .event
            .as_ref()
            .ok_or_else(|| Status::invalid_argument("no event"))?;
        let content = format!("{event:?}");
        let sent: Option<(String,)> =
            sqlx::query_as("select event_id from events where event_id = $1")
                .bind(&event.event_id)
                .fetch_optional(&mut *$transaction)
                .await
                .map_err(failed)?;
        if sent.is_some() {
            return Err(Status::already_exists("sent twice"));
        }
        sqlx::query(
            "insert into products (name, updated) values ($1, 1)
             on conflict (name) do nothing",
        )
        .bind(&event.product_name)
        .execute(&mut *$transaction)
        .await
        .map_err(failed)?;
        sqlx::query(
            "insert into versions (product, version, status, scm_sha) values ($1, $2, $3, $4)
             on conflict (product, version) do update set status = excluded.status",
        )
        .bind(&event.product_name)
        .bind(&event.version)
        .bind(i64::from(event.status))
        .bind(&event.scm_sha)
        .execute(&mut *$transaction)
        .await
        .map_err(failed)?;
        sqlx::query(
            "insert into events (event_id, product, version, status, content)
             values ($1, $2, $3, $4, $5)",
        )
        .bind(&event.event_id)
        .bind(&event.product_name)
        .bind(&event.version)
        .bind(i64::from(event.status))
        .bind(content)
        .execute(&mut *$transaction)
        .await
        .map_err(failed)?;
        $transaction.commit().await.map_err(failed)?;
    }};
}

pub(crate) async fn router(arguments: &CeilingArguments) -> Result<Router> {
    let submitted: SubmitVersionEventResponse = noop::read(&arguments.folder, SUBMITTED)?;
    let url = arguments
        .database_url
        .as_deref()
        .ok_or("it needs --database-url")?;
    let pool = open(url).await?;
    let submit = move |request: SubmitVersionEventRequest| {
        let (pool, submitted) = (pool.clone(), submitted.clone());
        async move {
            match pool {
                Pool::Sqlite(pool) => {
                    let begin = pool.begin_with("begin immediate");
                    let mut transaction = begin.await.map_err(failed)?;
                    record!(transaction, request);
                }
                Pool::Postgres(pool) => {
                    let mut transaction = pool.begin().await.map_err(failed)?;
                    record!(transaction, request);
                }
            }
            Ok(submitted)
        }
    };
    Ok(Router::new().route(SUBMIT, call(submit)))
}

async fn open(url: &str) -> Result<Pool> {
    if url.starts_with("sqlite:") {
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false)
            .connect_with(options)
            .await?;
        for table in TABLES {
            sqlx::query(table).execute(&pool).await?;
        }
        Ok(Pool::Sqlite(pool))
    } else {
        let pool = PgPoolOptions::new()
            .max_connections(POSTGRES_CONNECTIONS)
            .test_before_acquire(false)
            .connect(url)
            .await?;
        for table in TABLES {
            sqlx::query(table).execute(&pool).await?;
        }
        Ok(Pool::Postgres(pool))
    }
}

fn failed(error: sqlx::Error) -> Status {
    Status::internal(error.to_string())
}
