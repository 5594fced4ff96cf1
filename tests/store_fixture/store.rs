//! The stores of the fixture, and copies of them to work with. Knows no question.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sqlx::{AssertSqlSafe, Connection, PgConnection, raw_sql};
use tempfile::TempDir;

use crate::support::postgres::{PostgresDatabase, fresh_postgres};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    Postgres,
}

/// A database that vanishes with its test.
pub(crate) enum Copy {
    Sqlite(TempDir),
    Postgres(PostgresDatabase),
}

/// The released versions that have a folder.
pub(crate) fn versions() -> Vec<String> {
    let entries = fs::read_dir(stores()).expect("the folder of the stores");
    let entries = entries.map(|entry| entry.expect("an entry of the folder"));
    let folders = entries.filter(|entry| entry.path().is_dir());
    let mut versions: Vec<String> = folders
        .map(|entry| entry.file_name().into_string().expect("a version"))
        .collect();
    versions.sort();
    assert!(versions.contains(&"0.1".to_owned()), "{versions:?}");
    versions
}

/// A file of a version's folder.
pub(crate) fn file(version: &str, name: &str) -> PathBuf {
    stores().join(version).join(name)
}

fn stores() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/stores")
}

impl Engine {
    pub(crate) fn store_file(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite.db",
            Self::Postgres => "postgres.sql",
        }
    }
}

impl Copy {
    /// An empty database.
    pub(crate) async fn empty(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => Self::Sqlite(tempfile::tempdir().expect("a folder for a database")),
            Engine::Postgres => Self::Postgres(fresh_postgres().await),
        }
    }

    /// A copy of a version's store.
    pub(crate) async fn of(engine: Engine, version: &str) -> Self {
        let copy = Self::empty(engine).await;
        let stored = file(version, engine.store_file());
        match &copy {
            Self::Sqlite(folder) => {
                fs::copy(stored, sqlite_file(folder)).expect("the store is there");
            }
            Self::Postgres(database) => {
                let dump = fs::read_to_string(stored).expect("the dump is there");
                let mut connection = PgConnection::connect(database.url()).await.unwrap();
                let loaded = raw_sql(AssertSqlSafe(dump)).execute(&mut connection).await;
                loaded.expect("the dump loads");
                connection.close().await.unwrap();
            }
        }
        copy
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite:{}", sqlite_file(folder).display()),
            Self::Postgres(database) => database.url().to_owned(),
        }
    }
}

pub(crate) fn sqlite_file(folder: &TempDir) -> PathBuf {
    folder.path().join("versioner.db")
}
