//! A database for one test, on either engine, gone with it.

use tempfile::TempDir;

use crate::support::postgres::{PostgresDatabase, fresh_postgres};

pub(crate) enum Database {
    Sqlite(TempDir),
    Postgres(PostgresDatabase),
}

impl Database {
    pub(crate) fn sqlite() -> Self {
        Self::Sqlite(tempfile::tempdir().expect("a folder for a database"))
    }

    pub(crate) async fn postgres() -> Self {
        Self::Postgres(fresh_postgres().await)
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => {
                format!("sqlite:{}", folder.path().join("versioner.db").display())
            }
            Self::Postgres(database) => database.url().to_owned(),
        }
    }
}
