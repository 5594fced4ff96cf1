//! A fresh database for each case, and the stores that are opened on it. Knows the engines, no rule.

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqliteConnection};
use tempfile::TempDir;
use versioner::storage::{Options, Store};

use crate::support::postgres::{PostgresDatabase, fresh_postgres};

/// Connections that read, of each store.
const CONNECTIONS: u32 = 3;

/// A database that no other case uses.
pub(crate) struct Database {
    url: String,
    home: Home,
}

/// What vanishes with the case.
enum Home {
    Folder(#[expect(dead_code, reason = "held until the case ends")] TempDir),
    Postgres(#[expect(dead_code, reason = "held until the case ends")] PostgresDatabase),
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made for temporary files");
        let file = folder.path().join("versioner.db");
        Self {
            url: format!("sqlite:{}", file.display()),
            home: Home::Folder(folder),
        }
    }

    pub(crate) async fn postgres() -> Self {
        let database = fresh_postgres().await;
        Self {
            url: database.url().to_owned(),
            home: Home::Postgres(database),
        }
    }

    pub(crate) async fn open(&self) -> Store {
        let options = Options {
            database_url: self.url.clone(),
            connections: CONNECTIONS,
        };
        Store::open(&options).await.expect("the store opens")
    }

    /// Two stores that work side by side, as two processes would. A SQLite file takes one
    /// process: there they are two handles on one store.
    pub(crate) async fn open_two(&self) -> [Store; 2] {
        let first = self.open().await;
        let second = match self.home {
            Home::Folder(_) => first.clone(),
            Home::Postgres(_) => self.open().await,
        };
        [first, second]
    }

    /// Runs statements past the stores.
    pub(crate) async fn execute(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self.home {
            Home::Folder(_) => {
                let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
                connection.execute(sql).await.unwrap();
                connection.close().await.unwrap();
            }
            Home::Postgres(_) => {
                let mut connection = PgConnection::connect(&self.url).await.unwrap();
                connection.execute(sql).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    /// Reads one column of text past the stores.
    pub(crate) async fn texts(&self, sql: &str) -> Vec<String> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self.home {
            Home::Folder(_) => {
                let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
                let rows = sql.fetch_all(&mut connection).await.unwrap();
                connection.close().await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
            Home::Postgres(_) => {
                let mut connection = PgConnection::connect(&self.url).await.unwrap();
                let rows = sql.fetch_all(&mut connection).await.unwrap();
                connection.close().await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// How SQLite goes about a statement, step by step.
    pub(crate) async fn sqlite_plan(&self, sql: &str) -> Vec<String> {
        let mut connection = SqliteConnection::connect(&self.url).await.unwrap();
        let sql = AssertSqlSafe(format!("explain query plan {sql}"));
        let rows = sqlx::raw_sql(sql).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        rows.iter().map(|row| row.get("detail")).collect()
    }

    /// Begins a transaction of Postgres' with this statement, and leaves it open.
    pub(crate) async fn hold(&self, sql: &str) -> Held {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        let sql = AssertSqlSafe(format!("begin; {sql}"));
        connection.execute(sqlx::raw_sql(sql)).await.unwrap();
        Held(connection)
    }

    /// Has Postgres tell each new session how it went about each of its statements, and what that
    /// came to.
    pub(crate) async fn explain_everything(&self) {
        const SETTINGS: [&str; 7] = [
            "session_preload_libraries = 'auto_explain'",
            "auto_explain.log_min_duration = 0",
            "auto_explain.log_analyze = on",
            "auto_explain.log_timing = off",
            "auto_explain.log_format = json",
            "auto_explain.log_level = notice",
            "auto_explain.log_buffers = on",
        ];
        let name = self.texts("select current_database()::text").await.concat();
        for setting in SETTINGS {
            self.execute(&format!("alter database {name} set {setting}"))
                .await;
        }
    }

    /// The statements for the engine that this is.
    pub(crate) fn either<'a>(&self, sqlite: &'a str, postgres: &'a str) -> &'a str {
        match self.home {
            Home::Folder(_) => sqlite,
            Home::Postgres(_) => postgres,
        }
    }
}

/// An open transaction of Postgres' that holds something.
pub(crate) struct Held(PgConnection);

impl Held {
    pub(crate) async fn release(self) {
        self.0.close().await.unwrap();
    }
}

/// A case of the contract: most need a store; some open their own.
pub(crate) trait Case<Given> {
    async fn run(self, database: Database);
}

impl<F: AsyncFnOnce(Store)> Case<Store> for F {
    async fn run(self, database: Database) {
        let store = database.open().await;
        self(store.clone()).await;
        store.close().await;
    }
}

impl<F: AsyncFnOnce(Database)> Case<Database> for F {
    async fn run(self, database: Database) {
        self(database).await;
    }
}
