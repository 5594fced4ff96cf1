//! Makes the stores of a version: the real program records the version's history over HTTP. Knows no question.

use std::{fs, process::Command};

use http::Method;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection};

use crate::{
    program::Program,
    store::{Copy, Engine, file, sqlite_file},
};

/// The part of all ids that a store draws at random; fixed, so that they are the same whenever a store is made.
const ID_SPACE: i64 = 0x0053_544f_5245;
/// What `pg_dump` writes that an older `psql` does not know, or that is another each time.
const LEFT_OUT: [&str; 4] = [
    "\\restrict",
    "\\unrestrict",
    "-- Dumped ",
    "SET transaction_timeout",
];

/// The times of receipt, from the first position on: a second for each.
const RECEIVED_US: i64 = 1_746_057_600_000_000;
/// Some rows are pending, as in a store that was stopped in a hurry.
const DEFERRED: [&str; 2] = [
    "update versions set indexed = id % 2 = 0",
    "update builds set indexed = id % 2 = 0",
];

/// A call of a history: `METHOD PATH BODY`, one a line.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: String,
}

/// The calls that made a version's stores.
pub(crate) fn history(version: &str) -> Vec<Call> {
    let text = fs::read_to_string(file(version, "history.txt")).expect("the history");
    let lines = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let calls = lines.map(|line| {
        let mut parts = line.splitn(3, ' ');
        let mut part = || parts.next().unwrap_or_default().to_owned();
        Call {
            method: part().parse().expect("a method"),
            path: part(),
            body: part(),
        }
    });
    calls.collect()
}

pub(crate) async fn make(engine: Engine, version: &str) {
    let copy = Copy::empty(engine).await;
    Program::migrate(&copy.url()).await;
    let id_space = format!("update log_head set id_space = {ID_SPACE}");
    let database = Database::connect(&copy).await;
    database.run(&[id_space]).await.close().await;

    let program = Program::start(&copy.url()).await;
    for Call { method, path, body } in history(version) {
        let path = with_ids(&program, &path).await;
        let answer = program.call(method, &path, &body).await;
        let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
        let ignored = answer["ignored_fields"].as_array();
        assert!(ignored.is_none_or(Vec::is_empty), "{path} {body}: {answer}");
        assert_ne!(answer["duplicate"], true, "{path} {body}");
    }
    program.stop().await;

    let stored = file(version, engine.store_file());
    let mut database = Database::connect(&copy).await;
    database.fix_clock().await;
    match &copy {
        Copy::Sqlite(folder) => {
            let in_one_file = ["pragma wal_checkpoint(truncate)", "vacuum"];
            database
                .run(&DEFERRED)
                .await
                .run(&in_one_file)
                .await
                .close()
                .await;
            let file = sqlite_file(folder);
            assert!(!file.with_extension("db-wal").exists());
            fs::copy(file, stored).expect("the store can be kept");
        }
        Copy::Postgres(postgres) => {
            database.close().await;
            fs::write(stored, dump(postgres.url())).expect("the dump can be kept");
        }
    }
}

/// A path with ids in place of `{products:NAME}` and `{environments:NAME}`.
async fn with_ids(program: &Program, path: &str) -> String {
    let Some((before, rest)) = path.split_once('{') else {
        return path.to_owned();
    };
    let (named, after) = rest.split_once('}').expect("a closing brace");
    let (list, name) = named.split_once(':').expect("a list and a name");
    let page = program.read(&format!("/{list}/?name_prefix={name}")).await;
    let rows = page[list].as_array().expect("a list").iter();
    let mut rows = rows.filter(|row| row["name"] == name);
    let row = rows.next().expect("it is there");
    format!("{before}{}{after}", row["id"].as_str().expect("an id"))
}

/// Plain SQL that any client can run, as the owner of an empty database.
fn dump(database_url: &str) -> String {
    let dumped = Command::new("pg_dump")
        .args([
            "--no-owner",
            "--no-privileges",
            "--no-comments",
            "--column-inserts",
        ])
        .args(["--rows-per-insert=50", database_url])
        .output()
        .expect("pg_dump can be run");
    assert!(dumped.status.success(), "{dumped:?}");
    let text = String::from_utf8(dumped.stdout).expect("UTF-8");
    let lines = text.split_inclusive('\n');
    lines
        .filter(|line| !LEFT_OUT.iter().any(|begin| line.starts_with(begin)))
        .collect()
}

/// A database while no program is running.
enum Database {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Database {
    async fn connect(copy: &Copy) -> Self {
        match copy {
            Copy::Sqlite(_) => Self::Sqlite(SqliteConnection::connect(&copy.url()).await.unwrap()),
            Copy::Postgres(_) => Self::Postgres(PgConnection::connect(&copy.url()).await.unwrap()),
        }
    }

    async fn run(mut self, statements: &[impl ToString]) -> Self {
        self.execute(statements).await;
        self
    }

    async fn execute(&mut self, statements: &[impl ToString]) {
        for statement in statements {
            let sql = AssertSqlSafe(statement.to_string());
            match self {
                Self::Sqlite(connection) => connection.execute(sql).await.map(|_| ()),
                Self::Postgres(connection) => connection.execute(sql).await.map(|_| ()),
            }
            .expect("a statement runs");
        }
    }

    async fn numbers(&mut self, sql: &'static str) -> Vec<(i64, i64)> {
        match self {
            Self::Sqlite(connection) => {
                let rows = connection.fetch_all(sql).await.unwrap();
                rows.iter().map(|row| (row.get(0), row.get(1))).collect()
            }
            Self::Postgres(connection) => {
                let rows = connection.fetch_all(sql).await.unwrap();
                rows.iter().map(|row| (row.get(0), row.get(1))).collect()
            }
        }
    }

    /// Puts fixed values in place of what the clock gave, so that both stores have the same answers, and have them
    /// again when they are made again.
    async fn fix_clock(&mut self) {
        let entries = "select position, received_at_us from event_log order by position";
        for (position, was) in self.numbers(entries).await {
            let received = RECEIVED_US + position * 1_000_000;
            for column in ["created_at_us", "updated_at_us"] {
                for table in ["versions", "products", "environments"] {
                    let sql =
                        format!("update {table} set {column} = {received} where {column} = {was}");
                    self.execute(&[sql]).await;
                }
                let content = format!(
                    "update event_log set content = replace(content, '\"{column}\":{was}', '\"{column}\":{received}')
                     where event_type >= 4"
                );
                self.execute(&[content]).await;
            }
            self.execute(&[
                format!("update event_log set received_at_us = {received} where position = {position}"),
                format!(
                    "update event_log set event_id = 'change-{position}', occurred_at_us = {received}
                     where position = {position} and event_type >= 4"
                ),
                format!("update log_head set last_received_at_us = {received}"),
            ])
            .await;
        }
        let migrated = "update _sqlx_migrations set execution_time = 0, installed_on = '2025-05-01 00:00:00+00'";
        self.execute(&[migrated]).await;
    }

    async fn close(self) {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        }
        .expect("a connection closes");
    }
}
