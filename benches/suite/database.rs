//! Databases of which each load has one of its own, gone with their handle. Knows no table.

use std::{path::Path, str::FromStr, thread};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, postgres::PgConnectOptions};
use tempfile::TempDir;
use tokio::runtime::Builder;
use url::Url;
use uuid::Uuid;
use versioner::storage::Engine;

use crate::{
    Result,
    process::{program, run},
};

/// Where databases can be made.
pub(crate) struct Databases {
    postgres: Option<String>,
}

impl Databases {
    pub(crate) fn new(postgres: Option<String>) -> Databases {
        Databases { postgres }
    }

    /// Those to measure on.
    pub(crate) fn engines(&self) -> Vec<Engine> {
        match self.postgres {
            Some(_) => vec![Engine::Sqlite, Engine::Postgres],
            None => vec![Engine::Sqlite],
        }
    }

    /// An empty one.
    pub(crate) async fn fresh(&self, engine: Engine) -> Result<Database> {
        let folder = tempfile::tempdir()?;
        let (url, dropped) = match engine {
            Engine::Sqlite => (
                format!("sqlite:{}", folder.path().join("bench.db").display()),
                None,
            ),
            Engine::Postgres => {
                let admin_url = self.postgres.as_ref().ok_or("Postgres needs --postgres")?;
                let name = format!("bench_{}", Uuid::now_v7().simple());
                run_sql(admin_url, format!("create database {name}")).await?;
                let mut url = Url::parse(admin_url)?;
                url.set_path(&name);
                let drop = format!("drop database if exists {name} with (force)");
                (url.into(), Some((admin_url.clone(), drop)))
            }
        };
        Ok(Database {
            engine,
            folder,
            url,
            dropped,
        })
    }

    /// One with the tables of the service.
    pub(crate) async fn migrated(&self, engine: Engine) -> Result<Database> {
        let database = self.fresh(engine).await?;
        run(program(database.folder())
            .args(["migrate", "--log=warn"])
            .env("VERSIONER_DATABASE_URL", database.url()))
        .await?;
        Ok(database)
    }
}

pub(crate) struct Database {
    pub(crate) engine: Engine,
    folder: TempDir,
    url: String,
    /// Where it is dropped, and by which statement.
    dropped: Option<(String, String)>,
}

impl Database {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What Postgres does by itself sooner or later, done now, so that it does not fall into a round.
    pub(crate) async fn settle(&self) -> Result<()> {
        match self.engine {
            Engine::Sqlite => Ok(()),
            Engine::Postgres => run_sql(&self.url, "vacuum analyze".to_owned()).await,
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Some((admin_url, statement)) = self.dropped.take() else {
            return;
        };
        // On a thread with a runtime of its own: this one's cannot wait here.
        let dropping = thread::spawn(move || -> Result<()> {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(run_sql(&admin_url, statement))
        });
        match dropping.join() {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("a database was left behind: {error}"),
            Err(_) => eprintln!("a database was left behind"),
        }
    }
}

pub(crate) fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "Postgres",
    }
}

async fn run_sql(url: &str, statement: String) -> Result<()> {
    let options = PgConnectOptions::from_str(url)?;
    let mut connection = PgConnection::connect_with(&options).await?;
    connection.execute(AssertSqlSafe(statement)).await?;
    connection.close().await?;
    Ok(())
}
