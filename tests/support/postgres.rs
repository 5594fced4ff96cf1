//! Postgres for tests: a database of one's own in the cluster that `scripts/test` started, or a whole
//! cluster of one's own where a test stops, kills or freezes it. Knows no table.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use url::Url;
use uuid::Uuid;

/// An empty database that no other test uses.
pub(crate) async fn fresh_postgres() -> PostgresDatabase {
    let admin_url = variable("VERSIONER_TEST_POSTGRES_URL");
    let name = format!("versioner_{}", Uuid::now_v7().simple());
    run_sql(&admin_url, format!("create database {name}"))
        .await
        .expect("the user of VERSIONER_TEST_POSTGRES_URL may create databases");

    let mut url = Url::parse(&admin_url).expect("VERSIONER_TEST_POSTGRES_URL is a URL");
    url.set_path(&name);
    PostgresDatabase {
        admin_url,
        name,
        url: url.into(),
        is_dropped: false,
    }
}

/// Dropped with its last connection at the end of the test, however that ends.
pub(crate) struct PostgresDatabase {
    admin_url: String,
    name: String,
    url: String,
    is_dropped: bool,
}

impl PostgresDatabase {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Drops the database under its clients, whose connections end.
    pub(crate) async fn drop_database(mut self) {
        self.is_dropped = true;
        run_sql(&self.admin_url, self.drop_statement())
            .await
            .expect("a database can be dropped while its clients are connected");
    }

    fn drop_statement(&self) -> String {
        format!("drop database if exists {} with (force)", self.name)
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        if self.is_dropped {
            return;
        }
        // On a thread with a runtime of its own: this one's runtime may be blocked, or ending.
        let admin_url = self.admin_url.clone();
        let statement = self.drop_statement();
        let dropped = thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime can be built")
                .block_on(run_sql(&admin_url, statement))
        })
        .join();
        // A second panic would hide the first; the cluster does not outlive the run anyhow.
        if !thread::panicking() {
            dropped
                .expect("the thread ends")
                .expect("the database can be dropped");
        }
    }
}

/// A cluster that one test owns: it may be stopped, killed and frozen. It syncs to disk, unless told
/// otherwise. Removed when dropped.
pub(crate) struct PostgresCluster {
    script: PathBuf,
    folder: PathBuf,
    url: String,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum StopMode {
    /// Ends every session, writes everything out.
    Fast,
    /// Ends every process at once; the next start recovers from the log.
    Immediate,
}

impl PostgresCluster {
    /// Starts it with these settings, each a name and a value as in `postgresql.conf`.
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        let name = format!("versioner-postgres-{}", Uuid::now_v7().simple());
        // Owned from here on, so that a start that fails half-way is cleared away too.
        let mut cluster = Self {
            script: variable("VERSIONER_TEST_POSTGRES_SCRIPT").into(),
            folder: env::temp_dir().join(name),
            url: String::new(),
        };
        let settings = settings
            .iter()
            .flat_map(|(name, value)| ["-c".to_owned(), format!("{name}={value}")]);
        let printed = cluster.script("start", settings).await;
        cluster.url = printed.trim_end().to_owned();
        cluster
    }

    /// Stays the same over restarts.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn stop(&self, mode: StopMode) {
        self.script("stop", [mode.argument().to_owned()]).await;
    }

    /// Starts a stopped or killed cluster as well; returns once it accepts connections.
    pub(crate) async fn restart(&self, mode: StopMode) {
        self.script("restart", [mode.argument().to_owned()]).await;
    }

    /// Process id of the postmaster.
    pub(crate) async fn pid(&self) -> u32 {
        let printed = self.script("pid", []).await;
        printed.trim_end().parse().expect("a pid is a number")
    }

    /// Freezes every process of the cluster: connections stay open and nothing answers.
    pub(crate) async fn pause(&self) {
        self.script("pause", []).await;
    }

    pub(crate) async fn resume(&self) {
        self.script("resume", []).await;
    }

    /// Off the runtime's threads, so that what a test does meanwhile goes on.
    async fn script(
        &self,
        command: &'static str,
        arguments: impl IntoIterator<Item = String>,
    ) -> String {
        let (script, folder) = (self.script.clone(), self.folder.clone());
        let arguments: Vec<_> = arguments.into_iter().collect();
        tokio::task::spawn_blocking(move || run_script(&script, command, &folder, arguments))
            .await
            .expect("the script was waited for")
            .unwrap_or_else(|error| panic!("{error}"))
    }
}

impl Drop for PostgresCluster {
    fn drop(&mut self) {
        let destroyed = run_script(&self.script, "destroy", &self.folder, Vec::new());
        if !thread::panicking() {
            destroyed.expect("the cluster can be removed");
        }
    }
}

impl StopMode {
    fn argument(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Immediate => "immediate",
        }
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run scripts/test, which starts Postgres and sets it")
    })
}

async fn run_sql(url: &str, statement: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    connection.execute(AssertSqlSafe(statement)).await?;
    connection.close().await
}

/// What the script printed, or why it failed.
fn run_script(
    script: &Path,
    command: &str,
    folder: &Path,
    arguments: Vec<String>,
) -> Result<String, String> {
    let output = Command::new(script)
        .arg(command)
        .arg(folder)
        .args(arguments)
        .output()
        .map_err(|error| format!("scripts/postgres cannot be run: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(format!("scripts/postgres {command}: {errors}"))
    }
}
